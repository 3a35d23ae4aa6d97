"""The line's log: one line of JSON for each thing that happens, on standard output.

A turn does not wait for whoever reads the log. A write lets another thread in, and coming
back from it cost a sixth of a turn; so lines are kept for a tenth of a second and written
together. What is worse than ordinary is written at once, with all that came before it, and
waited for; but a log that nobody can write to, or reads, stops no call.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import logging
import sys
import threading
import time
from collections import deque
from typing import Any, BinaryIO

import msgspec
import structlog

#: Seconds that a line waits for others. A worker that is killed takes so much of its log with it.
WAIT_SECONDS = 0.1
#: Seconds that whoever has worse to tell waits for it to be written.
FLUSH_SECONDS = 0.25
#: Seconds that a process which ends waits for its last lines to be written.
END_SECONDS = 2.0
#: Lines kept while nobody reads them; older ones are dropped.
MOST_LINES = 100_000


def as_json() -> None:
    """Log so from now on, in this process."""
    writer = _Writer(sys.stdout.buffer)
    writer.watch()
    atexit.register(writer.end)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )


class _Writer:
    """Keeps events, and writes them as lines in a thread of its own."""

    def __init__(self, out: BinaryIO):
        self._out = out
        #: Events with their moment, and marks to be set once all before them is written.
        self._kept: deque[tuple[float, dict[str, Any]] | threading.Event] = deque(maxlen=MOST_LINES)
        self._wake = threading.Event()
        #: Nobody reads what is written: then nobody waits for it either.
        self._stuck = False

    def info(self, **event: Any) -> None:
        self._kept.append((time.time(), event))

    def warning(self, **event: Any) -> None:
        self.info(**event)
        self.flush()

    error = critical = warning

    def flush(self) -> None:
        """Have all that is kept written now, and wait a moment for that."""
        self._stuck = not self._ask_to_write().wait(0 if self._stuck else FLUSH_SECONDS)

    def end(self) -> None:
        """Nothing is written any more once the process is gone, so this is waited for longer."""
        self._ask_to_write().wait(END_SECONDS)

    def _ask_to_write(self) -> threading.Event:
        written = threading.Event()
        self._kept.append(written)
        self._wake.set()
        return written

    def write(self) -> None:
        """Write all that is kept, however long that takes."""
        lines, marks = [], []
        while self._kept:
            kept = self._kept.popleft()
            if isinstance(kept, threading.Event):
                marks.append(kept)
            else:
                lines.append(_line(*kept))
        if lines:
            with contextlib.suppress(OSError, ValueError):  # ValueError: standard output was closed
                self._out.write(b"".join(lines))
                self._out.flush()
            self._stuck = False
        for mark in marks:
            mark.set()

    def watch(self) -> None:
        """Write from time to time, in a thread of its own."""
        threading.Thread(target=self._watch, name="log", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self._wake.wait(WAIT_SECONDS)
            self._wake.clear()
            self.write()


def _line(at: float, event: dict[str, Any]) -> bytes:
    """An event as it is written. One that cannot be written takes no other with it."""
    stamp = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
    try:
        return msgspec.json.encode({"timestamp": stamp, **event}, enc_hook=str) + b"\n"
    except Exception as error:
        told = {"event": "unwritable", "level": "error", "why": type(error).__name__, "was": ascii(event.get("event"))}
        return msgspec.json.encode({"timestamp": stamp, **told}) + b"\n"
