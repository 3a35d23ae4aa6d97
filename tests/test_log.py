"""The log: lines of JSON on standard output, which no turn waits for."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import threading
import time

import structlog

from ivr.hot.writer import LogWriter

LOGS = """
import structlog
from ivr.machine import log
log.as_json()
out = structlog.get_logger()
for number in range(3):
    out.info("turn", number=number)
try:
    1 / 0
except ZeroDivisionError:
    out.exception("trouble", call="CA1")
{end}
"""


def _logged(end: str) -> list[dict[str, object]]:
    done = subprocess.run([sys.executable, "-c", LOGS.format(end=end)], capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_event_is_a_line_in_the_order_they_came() -> None:
    lines = _logged("")

    assert [(line["event"], line["level"], line.get("number")) for line in lines] == [
        ("turn", "info", 0), ("turn", "info", 1), ("turn", "info", 2), ("trouble", "error", None),
    ]  # fmt: skip
    assert all(str(line["timestamp"]).endswith("+00:00") for line in lines)
    assert "ZeroDivisionError" in str(lines[-1]["exception"])


def test_a_terminal_shows_warnings_and_errors_as_plain_lines_and_nothing_else() -> None:
    """The start prints words for the person who types it, and JSON among them would hide these."""
    ours, terminal = pty.openpty()
    code = LOGS.format(end="out.warning('texts', why='The sender is gone.', code=21606)")
    subprocess.run([sys.executable, "-c", code], stdout=terminal, check=False)
    os.close(terminal)
    with os.fdopen(ours, "rb") as shown:
        first, *_, last = shown.read1(10_000).decode().splitlines()

    assert first.endswith("  error (trouble): call CA1")
    assert last.endswith("  warning (texts): The sender is gone. code 21606")


def test_a_fault_and_what_led_to_it_are_written_before_the_process_can_die() -> None:
    assert [line["event"] for line in _logged("import os; os._exit(9)")] == ["turn", "turn", "turn", "trouble"]


def test_what_is_still_kept_is_written_at_the_end() -> None:
    assert _logged("out.info('last')")[-1]["event"] == "last"


def test_lines_are_written_soon_without_being_asked_for() -> None:
    lines = _logged("out.info('soon'); import os, time; time.sleep(1); os._exit(9)")

    assert lines[-1]["event"] == "soon"


def test_a_log_nobody_can_write_to_stops_nothing() -> None:
    out = io.BytesIO()
    out.close()
    writer = LogWriter(out)
    writer.watch()

    writer.error(event="trouble")


def test_a_log_nobody_reads_stops_nothing_and_is_whole_once_somebody_does() -> None:
    reads, writes = os.pipe()
    with os.fdopen(writes, "wb") as out, os.fdopen(reads, "rb") as reader:
        writer = LogWriter(out)
        writer.watch()
        began = time.monotonic()
        for number in range(2000):
            writer.warning(event="no sound", number=number, words="x" * 100)

        assert time.monotonic() - began < 5
        numbers = [json.loads(reader.readline())["number"] for _ in range(2000)]
        assert numbers == list(range(2000))
        writer.error(event="trouble")
        assert json.loads(reader.readline())["event"] == "trouble"


def test_structlogs_own_writer_waits_for_a_reader_and_ours_does_not() -> None:
    """Which is why we keep one of our own: a log that stands still would silence the line."""
    reads, writes = os.pipe()
    with os.fdopen(writes, "w") as out, os.fdopen(reads, "rb") as reader:
        theirs = threading.Thread(target=structlog.PrintLogger(out).info, args=("x" * 200_000,))
        theirs.start()
        theirs.join(0.5)
        assert theirs.is_alive()
        ours = LogWriter(out.buffer)
        ours.watch()
        for _ in range(100):
            ours.info(event="turn")
        reader.read(200_001)
        theirs.join()


def test_a_process_that_ends_waits_for_whoever_reads_slowly() -> None:
    """Its last lines matter most."""
    code = "import structlog\nfrom ivr.machine import log\nlog.as_json()\nfor n in range(300): structlog.get_logger()"
    code += ".warning('trouble', words='x' * 1000)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    time.sleep(1.5)

    out, _ = process.communicate()

    assert len(out.splitlines()) == 300


class _Broken:
    def __str__(self) -> str:
        raise RuntimeError("no words for this")


def test_an_event_that_cannot_be_written_takes_no_other_with_it() -> None:
    """Half a character, a list inside itself, an object without text: each is reported, and the log continues."""
    endless: list[object] = []
    endless.append(endless)
    out = io.BytesIO()
    writer = LogWriter(out)
    for number, what in enumerate(("\ud83d", endless, _Broken())):
        writer.info(event="before", number=number)
        writer.info(event="draft", what=what)
    writer.info(event="after")

    writer.write()

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["before", "unwritable"] * 3 + ["after"]
    assert {line["was"] for line in lines if line["event"] == "unwritable"} == {"'draft'"}
