"""The line's log: one line of JSON for each event, on standard output.

On a terminal, where somebody started the line by hand, JSON would hide the words that the start prints. So there the
log shows only warnings and errors, as plain lines. A pipe or a file gets all of it.

How lines are collected and written, and why a log that nobody reads blocks no call, is in `hot/writer.py`.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

import structlog

from ivr import border
from ivr.hot.writer import LogWriter, as_line


def as_json(*libraries: str) -> Callable[[], None]:
    """Log in this format from now on, in this process, including the messages of these libraries.

    Returns a function that writes the last lines, for a process that ends without Python's exit handlers. Call it again
    in a forked process: the writing thread does not survive a fork.
    """
    writer = LogWriter(sys.stdout.buffer, _in_words if sys.stdout.isatty() else _in_json)
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


def _in_json(at: float, event: dict[str, Any]) -> bytes:
    """An event as a line of JSON that commands no terminal on which somebody reads the log."""
    line = as_line(at, event)
    return line if line.isascii() and b"\x7f" not in line else border.json_line(line.decode()).encode()


def _in_words(at: float, event: dict[str, Any]) -> bytes:
    """A warning or an error as a plain line; nothing for other events."""
    told = dict(event)
    if (level := str(told.pop("level", "info"))) == "info":
        return b""
    name, why = told.pop("event", ""), told.pop("why", "")
    rest = ", ".join(f"{key} {value}" for key, value in told.items() if key != "exception")
    words = f"{dt.datetime.fromtimestamp(at):%H:%M:%S}  {level} ({name}): {why}{' ' * bool(why and rest)}{rest}"
    words = "\n".join(filter(None, [words, str(told.get("exception", ""))]))
    return border.printable(words).encode(errors="replace") + b"\n"
