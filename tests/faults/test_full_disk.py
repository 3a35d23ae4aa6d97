"""A disk that is really full: only counting and keeping suffer, and calls go on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ivr.callbacks import callback
from ivr.cli import sound
from ivr.machine import metrics
from ivr.machine.config import Settings
from ivr.script.session import SendText
from ivr.usecases.jobs import MESSAGES, WORKER_PROCESSES, recording_path
from tests.crew import children, crew, half, seconds_until
from tests.desk import ask, hire
from tests.redis_server import RedisServer, soon
from tests.rest import at_once
from tests.test_rest import RECORDING
from tests.test_start import Started, an_environment

FORM = {"From": "+447700900123", "To": "+441164960000"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=4k", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def _fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def _fill_with_files(disk: Path) -> None:
    """There is room, and no file can be made."""
    with contextlib.suppress(OSError):
        for number in range(10_000):
            (disk / f"filling-{number}").touch()


def _empty(disk: Path) -> None:
    for path in disk.glob("filling*"):
        path.unlink()


def _children(pid: int, words: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", words], capture_output=True, text=True).stdout.split()
    return [int(one) for one in found if _ancestor(int(one), pid)]


def _ancestor(pid: int, of: int) -> bool:
    while pid > 1:
        if pid == of:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False


def _is_answered(line: Started) -> bool:
    """Whether a call is answered; not one that the killed worker had accepted and never read."""
    try:
        return "<Gather" in line.post("/voice", CallSid=f"CA-after-{time.monotonic()}", **FORM)
    except OSError:
        return False


@pytest.mark.timeout(240)
def test_calls_are_answered_on_a_full_disk_and_by_workers_that_start_on_it(small_disk: Path, tmp_path: Path) -> None:
    line = Started({**an_environment(tmp_path), "IVR_DATA": str(small_disk / "var")})
    try:
        line.post("/voice", CallSid="CA-before", **FORM)
        _fill(small_disk)

        for number in range(10):
            assert "<Gather" in line.post("/voice", CallSid=f"CA-full-{number}", **FORM)

        workers = [pid for pid in _children(line.process.pid, "ivr.processes.web_server") if pid]
        os.kill(max(workers), 9)
        assert soon(lambda: _is_answered(line))
    finally:
        line.stop()


def test_what_is_counted_on_a_full_disk_is_told_once_there_is_room_again(small_disk: Path) -> None:
    totals = small_disk / "1.prom"
    _fill(small_disk)

    assert not metrics._written(totals, b"x" * 8192)
    assert list(small_disk.glob("*.p*")) == []

    (small_disk / "filling").unlink()
    assert metrics._written(totals, b"x" * 8192)


def test_the_counts_of_all_processes_are_added_up(tmp_path: Path) -> None:
    """Each process writes its own; what no process wrote, or wrote by halves, hides nothing else."""
    one = "# HELP ivr_refused_total R\n# TYPE ivr_refused_total counter\nivr_refused_total {}\n"
    (tmp_path / "1.prom").write_text(one.format("2.0"))
    (tmp_path / "2.prom").write_text(one.format("3.0"))
    (tmp_path / "3.prom").write_bytes(b"\xff\xfe half")
    (tmp_path / "4.prom").write_text("ivr_refused_total")
    before = metrics.exposition(tmp_path / "none")

    lines = metrics.exposition(tmp_path).decode().splitlines()

    own = next((float(line.split()[1]) for line in before.decode().splitlines() if line.startswith("ivr_refused")), 0.0)
    assert f"ivr_refused_total {own + 5.0}" in lines


def test_a_started_line_tells_the_sum_of_its_workers(tmp_path: Path) -> None:
    line = Started(an_environment(tmp_path))
    try:
        for number in range(20):
            line.post("/voice", CallSid=f"CA-{number}", **FORM)

        def told() -> bool:
            with urllib.request.urlopen(f"{line.base}/metrics", timeout=5) as answer:
                return 'ivr_turn_seconds_count{kind="start"} 20.0' in answer.read().decode().splitlines()

        assert soon(told)
    finally:
        line.stop()


# --- the worker, sounds, and logs --------------------------------------------------------------


@pytest.mark.parametrize("fill", [_fill, _fill_with_files], ids=["no room", "no inodes"])
@pytest.mark.timeout(240)
def test_a_full_disk_holds_up_no_text_no_click_and_no_alert_and_a_message_is_fetched_once_there_is_room(
    small_disk: Path, tmp_path: Path, files: dict[str, str], fill: Callable[[Path], None]
) -> None:
    """Redis is elsewhere. What cannot be kept stays at Twilio, and /readyz says why."""
    with RedisServer(tmp_path / "redis") as redis, half() as rest:
        base = f"http://127.0.0.1:{rest.server_port}"
        live = {
            **files,
            "line.yaml": files["line.yaml"].replace("email_to: []", f'email_to: []\n  webhook: "{base}/hook"'),
        }
        told = {"REDIS_URL": redis.url, "IVR_DATA": str(small_disk / "var"), "TWILIO_API_URL": base}
        with crew(tmp_path, live, **told) as running:
            hire(running.store)
            saved = ask(running.store, 1, urgent=True)
            running.store.requests.change(saved.id, lambda r: callback.claim(r, "asha", time.time()))
            fill(small_disk)

            running.jobs.send_text(SendText("CA1.1", "+447700900101", "text_us", "Hello."), time.time())
            running.jobs.ring(saved.id, "asha", time.time())
            running.jobs.alert(saved.id, "urgent")
            running.jobs.fetch_recording(saved.id, RECORDING, 9)

            seconds_until(lambda: {"Messages.json", "Calls.json", "hook", f"{RECORDING}.wav"} <= set(rest.asked))
            condition = partial(running.store.health.condition, WORKER_PROCESSES, [])
            seconds_until(lambda: (found := condition().figures) and found.unwritable == "No space left on device")
            assert f"{RECORDING}.json" not in rest.asked, "it was not deleted at Twilio"

            _empty(small_disk)
            at_once(running.store, MESSAGES)
            seconds_until(lambda: f"{RECORDING}.json" in rest.asked)
            assert recording_path(running.settings, RECORDING).read_bytes()
            seconds_until(lambda: (found := condition().figures) and not found.unwritable)


def test_sounds_that_cannot_be_written_keep_no_line_from_starting(
    small_disk: Path, settings: Settings, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(small_disk)

    sound.prepare(replace(settings, audio_dir=small_disk / "audio", speech="audio"), files)

    assert "sounds cannot be written into" in capsys.readouterr().out


@pytest.mark.timeout(240)
def test_a_line_whose_log_goes_to_a_full_disk_starts_and_answers_and_keeps_its_processes_alive(
    small_disk: Path, tmp_path: Path
) -> None:
    place = an_environment(tmp_path)
    Started(place).stop()
    _fill(small_disk)
    with (small_disk / "filling").open("ab") as full:
        line = Started({**place}, "--live", log=full)
        try:
            seconds_until(lambda: _is_answered(line))
            os.kill(next(pid for pid in children(line.process.pid) if "worker" in _command(pid)), 9)
            seconds_until(lambda: sum("worker" in _command(pid) for pid in children(line.process.pid)))
            assert "<Gather" in line.post("/voice", CallSid="CA-later", **FORM)
        finally:
            line.process.terminate()
            line.process.wait(30)


@pytest.mark.timeout(240)
def test_a_disk_that_can_only_be_read_stops_neither_calls_nor_what_starts_on_it(
    small_disk: Path, tmp_path: Path
) -> None:
    """As the kernel does with a disk that fails. Redis is elsewhere."""
    with RedisServer(tmp_path / "redis") as redis:
        place = {**an_environment(tmp_path), "IVR_DATA": str(small_disk / "var"), "REDIS_URL": redis.url}
        line = Started(place)
        try:
            subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
            for pid in [pid for parent in children(line.process.pid) for pid in (parent, *children(parent))]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            seconds_until(lambda: _is_answered(line))
            seconds_until(lambda: "nothing can be written into IVR_DATA: Read-only file system" in _ready(line))
        finally:
            line.stop()

        again = Started(place, "--live")
        try:
            seconds_until(lambda: _is_answered(again))
        finally:
            again.stop()


def _ready(line: Started) -> str:
    try:
        return str(urllib.request.urlopen(f"{line.base}/readyz", timeout=5).read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
