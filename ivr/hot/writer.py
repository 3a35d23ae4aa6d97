"""Collects the lines of a log, and writes them together.

A turn does not wait for its log line to be written. Each write lets another thread run, and waiting to run again takes
time, so lines are collected for a tenth of a second. Warnings and errors are written at once, with everything before
them, and the caller of the log waits for that. But a log that cannot be written, or that nobody reads, holds
up a call for FLUSH_SECONDS at most. That is why this module exists: structlog's own writer does block, as
`tests/test_log.py` shows.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

#: Seconds for which lines are collected. A killed process loses that much of its log.
WAIT_SECONDS = 0.1
#: The longest wait, in seconds, for a warning or an error to be written.
FLUSH_SECONDS = 0.25
#: The longest wait, in seconds, for the last lines when a process ends.
END_SECONDS = 2.0
#: The most lines to keep while nobody reads them; older ones are dropped.
MOST_LINES = 100_000


class LogWriter:
    """Collects events, and writes them as lines in its own thread."""

    def __init__(self, out: BinaryIO, line: Callable[[float, dict[str, Any]], bytes] | None = None):
        """`line` writes one event, with its time in seconds since the epoch; by default as JSON."""
        self._out, self._line = out, line or as_line
        #: Events with their times, and flags that are set once everything before them is written.
        self._kept: deque[tuple[float, dict[str, Any]] | threading.Event] = deque(maxlen=MOST_LINES)
        self._wake = threading.Event()
        #: True if the reader of the log has stopped reading. Then nobody waits for a write.
        self._stuck = False

    def info(self, **event: Any) -> None:
        self._kept.append((time.time(), event))

    def warning(self, **event: Any) -> None:
        self.info(**event)
        self.flush()

    error = critical = warning

    def flush(self) -> None:
        """Write everything now, and wait at most FLUSH_SECONDS for it."""
        self._stuck = not self._ask_to_write().wait(0 if self._stuck else FLUSH_SECONDS)

    def end(self) -> None:
        """Write the last lines, and wait at most END_SECONDS, because the process is about to end."""
        self._ask_to_write().wait(END_SECONDS)

    def _ask_to_write(self) -> threading.Event:
        written = threading.Event()
        self._kept.append(written)
        self._wake.set()
        return written

    def write(self) -> None:
        """Write everything collected so far, however long it takes."""
        lines, marks = [], []
        while self._kept:
            kept = self._kept.popleft()
            if isinstance(kept, threading.Event):
                marks.append(kept)
            else:
                lines.append(self._line(*kept))
        if lines:
            with contextlib.suppress(OSError, ValueError):  # ValueError: standard output was closed
                self._out.write(b"".join(lines))
                self._out.flush()
            self._stuck = False
        for mark in marks:
            mark.set()

    def watch(self) -> None:
        """Write every WAIT_SECONDS, in a separate thread."""
        threading.Thread(target=self._watch, name="log", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self._wake.wait(WAIT_SECONDS)
            self._wake.clear()
            self.write()


def as_line(at: float, event: dict[str, Any]) -> bytes:
    """An event as a line of JSON. An event that cannot be encoded becomes a line that says so."""
    stamp = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
    try:
        return msgspec.json.encode({"timestamp": stamp, **event}, enc_hook=str) + b"\n"
    except Exception as error:
        told = {"event": "unwritable", "level": "error", "why": type(error).__name__, "was": ascii(event.get("event"))}
        return msgspec.json.encode({"timestamp": stamp, **told}) + b"\n"
