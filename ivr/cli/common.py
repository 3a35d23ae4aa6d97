"""Code that several commands share.

`ivr start` and `ivr worker` load it, and stay in memory as long as the line runs. So it imports nothing that checks or
speaks words. Code that does is in `scripts.py`.
"""

from __future__ import annotations

import datetime as dt
import difflib
import errno
import getpass
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from ivr import border
from ivr.advising.adviser import AT_TERMINAL
from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.machine.disk import is_full
from ivr.problems import ConfigError, Problem, Stopped, causes
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Store, StoreDown
from ivr.store.codec import Unreadable


class Stop(Stopped):
    """Raised to end a command with a message for the user."""


def out(words: str = "", *, err: bool = False) -> None:
    """Print a line, on standard error with `err`. Does not fail if it cannot be written, as with a full disk."""
    try:
        click.echo(border.printable(words), err=err)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise


def who() -> str:
    """The user's name, for the history and the log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def at_terminal() -> str:
    """Who runs this command, for the log of the advisers' page."""
    return f"{who()}{AT_TERMINAL}"


def in_plain_lines(run: Callable[[], object]) -> None:
    """Run something. What stops it is printed in plain lines, and ends this process with a status."""
    try:
        run()
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ConfigError as error:
        click.echo(border.printable(shown(error.problems, sys.stderr)), err=True)
        sys.exit(1)
    except Stopped as error:
        click.echo(border.printable(str(error)), err=True)
        sys.exit(1)
    except Unreadable as error:
        click.echo(f"Something that is stored cannot be read: {error}. Nothing was changed.", err=True)
        sys.exit(1)
    except StoreDown:
        click.echo("Redis does not answer, so nothing was changed. Start the line, or check REDIS_URL.", err=True)
        sys.exit(1)
    except OSError as error:
        if not is_full(error) and not error.filename:
            raise
        click.echo(border.printable(_in_words(error)), err=True)
        sys.exit(1)


def _in_words(error: OSError) -> str:
    """A disk error in words, with the name of the file if it is known."""
    named = f" ({error.filename})" if error.filename else ""
    if is_full(error):
        return f"The disk is full{named}. Make room and try again; the live line is unchanged."
    return f"{error.filename} cannot be used: {error.strerror}. Correct that and try again."


@contextmanager
def store_of(settings: Settings) -> Iterator[Store]:
    """The line's Redis. An embedded one that does not run is started, and stopped again at the end."""
    with server.redis(settings):
        store = Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
        try:
            yield store
        finally:
            store.close()


def shown(problems: Iterable[Problem], to: IO[str] | None = None) -> str:
    """Problems as they are printed: in a terminal with the lines that they are about, else one on each line."""
    if (to or sys.stdout).isatty():
        return "\n".join(cause.shown() for cause in causes(problems))
    return "\n".join(map(str, causes(problems)))


@contextmanager
def refusing(so: str) -> Iterator[None]:
    """If Problems stop a command, print them, and after them the consequence `so`."""
    try:
        yield
    except ConfigError as error:
        raise Stop(f"{shown(error.problems, sys.stderr)}\n\n{so}") from error


def one_line(words: str) -> str:
    """The words with single spaces, on one line."""
    return " ".join(words.split())


def show_difference(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Print each line that is different, as it is now and as it will be."""
    for file in sorted(before.keys() | after.keys()):
        old, new = before.get(file, "").splitlines(), after.get(file, "").splitlines()
        for op, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if op != "equal":
                out(f"config/{file}:{a + 1}")
                for line in old[a:b]:
                    out(f"    now   {line.strip()}")
                for line in new[c:d]:
                    out(f"    then  {line.strip()}")


_MOMENT = "%Y-%m-%d %H:%M"


class Moment(click.ParamType[dt.datetime]):
    """A day and time in UK time: '2026-12-25 10:00'."""

    name = "moment"

    def convert(self, value: object, param: object, ctx: object) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        try:
            return dt.datetime.strptime(str(value), _MOMENT).replace(tzinfo=LONDON)
        except ValueError:
            self.fail(f"'{value}' is not a time. Write it like '2026-12-25 10:00'.")


class Day(click.ParamType[dt.date]):
    """A day: '2026-12-24'."""

    name = "day"

    def convert(self, value: object, param: object, ctx: object) -> dt.date:
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is not a day. Write it like 2026-12-24.")


class DayOrMoment(click.ParamType[dt.date | str]):
    """A day, '2026-12-24', or a time on one, '2026-12-24 12:00', as it is written in line.yaml."""

    name = "day or time"

    def convert(self, value: object, param: object, ctx: object) -> dt.date | str:
        if isinstance(value, dt.date):
            return value
        text = str(value)
        try:
            return (
                dt.date.fromisoformat(text) if " " not in text else f"{dt.datetime.strptime(text, _MOMENT):{_MOMENT}}"
            )
        except ValueError:
            self.fail(f"'{value}' is not a day or a time. Write it like 2026-12-24, or '2026-12-24 12:00'.")


def is_terminal() -> bool:
    """Whether output goes to a terminal, so that a progress bar makes sense."""
    return sys.stdout.isatty()


def may_write_sound(path: Path) -> None:
    """Raises Stop if a sound cannot be written there, or if another file is there. Call it before rendering."""
    if path.suffix.lower() != ".wav":
        raise Stop(f"The name of a sound file must end in .wav. Write: {path}.wav")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Stop(f"{path} cannot be written. Name a file in an existing folder.")
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(4) != b"RIFF":
                raise Stop(f"{path} already exists and is not a sound. Choose another name.")
