"""Code that several commands share."""

from __future__ import annotations

import datetime as dt
import errno
import getpass
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from ivr import border, building, config, drafts, publishing, server
from ivr.config import Settings
from ivr.drafts import Draft
from ivr.hours import LONDON
from ivr.problems import ConfigError, Problem
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Store


class Stop(Exception):
    """Raised to end a command with a message for the user."""


def out(words: str = "") -> None:
    """Print a line. Does not fail if standard output cannot be written, as with a full disk."""
    try:
        click.echo(border.printable(words))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise


def who() -> str:
    """The user's name, for the history and the log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


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
        return "\n".join(problem.shown() for problem in problems)
    return "\n".join(map(str, problems))


@contextmanager
def refusing(so: str) -> Iterator[None]:
    """After the Problems that stopped a command, print the consequence `so`."""
    try:
        yield
    except ConfigError as error:
        raise Stop(f"{shown(error.problems, sys.stderr)}\n\n{so}") from error


def draft_script(settings: Settings) -> tuple[dict[str, str], Draft, Script]:
    """The draft on disk: its files, as staff wrote them, and compiled. Raises ConfigError with every Problem."""
    draft = drafts.read_draft(config.script_files(settings.config_dir))
    return (
        draft.files,
        draft,
        building.build(draft, drafts.revision_of(draft.files), config.bank_holidays(), settings.our_numbers),
    )


def tell_of_broken_promises(store: Store, script: Script) -> None:
    """Print how many callers were promised a time at which the line is now closed."""
    if count := publishing.broken_promises(store, script):
        were = "was" if count == 1 else "were"
        out(f"Of the waiting callers, {count} {were} promised a time when the line is now closed. Their cards say so.")


def published_script(revision: str, files: dict[str, str]) -> Script:
    """An earlier publication, compiled.

    Its problems are not reported as the draft's, because nobody could correct them.
    """
    try:
        return building.load(files, config.bank_holidays())
    except ConfigError as error:
        raise Stop(
            f"{revision} was published by an older version of the line, and this version cannot use it."
        ) from error


def one_line(words: str) -> str:
    """The words with single spaces, on one line."""
    return " ".join(words.split())


class Moment(click.ParamType[dt.datetime]):
    """A day and time in UK time: '2026-12-25 10:00'."""

    name = "moment"

    def convert(self, value: object, param: object, ctx: object) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        try:
            return dt.datetime.strptime(str(value), "%Y-%m-%d %H:%M").replace(tzinfo=LONDON)
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
