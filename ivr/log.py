"""The line's log: one line of JSON for each event, on standard output.

On a terminal, where somebody started the line by hand, JSON would hide the words that the start prints. So there the
log shows only warnings and errors, as plain lines. A pipe or a file gets all of it.

A turn does not wait for its log line to be written. Each write lets another thread run, and waiting to run again takes
8 to 15% of a turn (`scripts/bench speed --parts`), so lines are collected for a tenth of a second and written together.
Warnings and errors are written at once, with everything before them, and the caller of the log waits for that. But a
log that cannot be written, or that nobody reads, never blocks a call.
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
from collections.abc import Callable
from typing import Any, BinaryIO, TextIO, cast

import msgspec
import structlog

#: Seconds for which lines are collected. A killed process loses that much of its log.
WAIT_SECONDS = 0.1
#: The longest wait, in seconds, for a warning or an error to be written.
FLUSH_SECONDS = 0.25
#: The longest wait, in seconds, for the last lines when a process ends.
END_SECONDS = 2.0
#: The most lines to keep while nobody reads them; older ones are dropped.
MOST_LINES = 100_000


def as_json(*libraries: str) -> Callable[[], None]:
    """Log in this format from now on, in this process, including the messages of these libraries.

    Returns a function that writes the last lines, for a process that ends without Python's exit handlers. Call it again
    in a forked process: the writing thread does not survive a fork.
    """
    writer = _Writer(sys.stdout.buffer, _in_words if sys.stdout.isatty() else _line)
    writer.watch()
    atexit.register(writer.end)
    for library in libraries:
        logging.getLogger(library).handlers = [_FromLibrary()]
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    return writer.end


def outlive_full_disks() -> None:
    """Make writes to standard output and standard error never fail in this process.

    Python flushes both before each fork, so output that a full disk did not accept would prevent a restart of a
    process.
    """
    sys.stdout, sys.stderr = cast(TextIO, _Unfailing(sys.stdout)), cast(TextIO, _Unfailing(sys.stderr))


class _Unfailing:
    """A stream that drops output that cannot be written."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _FromLibrary(logging.Handler):
    """Receives a library's messages from Python's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        told: dict[str, Any] = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger().log(record.levelno, record.name, why=record.getMessage(), **told)


class _Writer:
    """Collects events, and writes them as lines in its own thread."""

    def __init__(self, out: BinaryIO, line: Callable[[float, dict[str, Any]], bytes] | None = None):
        """`line` formats one event; by default as JSON."""
        self._out, self._line = out, line or _line
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


def _in_words(at: float, event: dict[str, Any]) -> bytes:
    """A warning or an error as a plain line; nothing for other events."""
    told = dict(event)
    if (level := str(told.pop("level", "info"))) == "info":
        return b""
    name, why = told.pop("event", ""), told.pop("why", "")
    rest = ", ".join(f"{key} {value}" for key, value in told.items() if key != "exception")
    words = f"{dt.datetime.fromtimestamp(at):%H:%M:%S}  {level} ({name}): {why}{' ' * bool(why and rest)}{rest}"
    return "\n".join(filter(None, [words, str(told.get("exception", ""))])).encode(errors="replace") + b"\n"


def _line(at: float, event: dict[str, Any]) -> bytes:
    """An event as a line of JSON. An event that cannot be encoded becomes a line that says so."""
    stamp = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
    try:
        return msgspec.json.encode({"timestamp": stamp, **event}, enc_hook=str) + b"\n"
    except Exception as error:
        told = {"event": "unwritable", "level": "error", "why": type(error).__name__, "was": ascii(event.get("event"))}
        return msgspec.json.encode({"timestamp": stamp, **told}) + b"\n"
