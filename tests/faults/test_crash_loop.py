"""A process that keeps ending does not affect others, is restarted with a growing delay, and is reported."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

from ivr.machine.backoff import CRASH_LOOP, FIRST_SECONDS, LONGEST_SECONDS, STEADY_SECONDS, Backoff
from tests.crew import children
from tests.redis_server import soon
from tests.test_start import Started, _processes, an_environment

FORM = {"From": "+447700900123", "To": "+441164960000"}


def test_a_process_that_ran_for_a_while_is_started_again_at_once() -> None:
    backoff = Backoff()
    assert backoff.may_start(0.0)
    backoff.started(0.0)

    assert backoff.may_start(STEADY_SECONDS)
    assert not backoff.is_crash_loop


def test_one_that_ends_at_once_is_started_later_and_later_and_is_a_crash_loop() -> None:
    backoff, now, waits = Backoff(), 0.0, []
    for _ in range(10):
        backoff.started(now)
        ended = now
        while not backoff.may_start(now):
            now += 0.25
        waits.append(now - ended)

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_SECONDS, LONGEST_SECONDS)
    assert backoff.is_crash_loop


def test_one_that_runs_well_again_begins_anew() -> None:
    backoff = Backoff()
    for now in range(CRASH_LOOP):
        backoff.started(float(now))
        backoff.may_start(float(now))
    backoff.started(100.0)

    assert backoff.may_start(100.0 + STEADY_SECONDS)
    assert backoff.early_ends == 0


def _told(line: Started, page: str) -> str:
    try:
        with urllib.request.urlopen(f"{line.base}{page}", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:  # it came to the one that was killed
        return ""


def test_a_web_process_that_dies_at_once_each_time_ends_neither_its_sister_nor_the_line(tmp_path: Path) -> None:
    line = Started({**an_environment(tmp_path), "IVR_WEB_PROCESSES": "2"})
    try:
        server = next(
            pid
            for pid, command in _processes(str(tmp_path / "var")).items()
            if "web_server" in command and pid in children(line.process.pid)
        )
        sister, first = children(server)
        deaths, answered = 0, 0
        os.kill(first, signal.SIGKILL)
        ends = time.monotonic() + 60
        while deaths < CRASH_LOOP and time.monotonic() < ends:
            for pid in [pid for pid in children(server) if pid != sister]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    deaths += 1
            with contextlib.suppress(OSError):
                reply = line.post("/voice", CallSid=f"CA-{time.monotonic()}", **FORM)
                answered += "<Gather" in reply
            time.sleep(0.1)

        assert sister in children(server), "it answers as before"
        assert server in children(line.process.pid)
        assert answered > 10
        assert soon(lambda: "a process of the web server keeps ending" in _told(line, "/readyz"))
        assert soon(lambda: len(children(server)) == 2), "and the other is back"
    finally:
        line.stop()


def test_a_worker_that_dies_at_once_each_time_leaves_the_line_answering_and_is_named(tmp_path: Path) -> None:
    line = Started({**an_environment(tmp_path), "IVR_WEB_PROCESSES": "2"})

    def worker() -> list[int]:
        commands = _processes(str(tmp_path / "var"))
        return [pid for pid in children(line.process.pid) if "ivr worker" in commands.get(pid, "")]

    try:
        for _ in range(CRASH_LOOP + 1):
            assert soon(worker)
            os.kill(worker()[0], signal.SIGKILL)
            assert "<Gather" in line.post("/voice", CallSid=f"CA-{time.monotonic()}", **FORM)

        assert soon(lambda: "the worker keeps ending" in _told(line, "/readyz"))
        assert soon(lambda: "no process of the worker does this" not in _told(line, "/readyz")), "and it is back"
    finally:
        line.stop()
