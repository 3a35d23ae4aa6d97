"""The command for notices: words that every caller hears first, on some days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import click

from ivr import config, disk, drafts, editing, publishing, reading
from ivr.cli import sound
from ivr.cli.common import Day, Stop, one_line, out, published_script, store_of, who
from ivr.config import Settings
from ivr.hours import LONDON
from ivr.linefile import LineFile
from ivr.problems import ConfigError, kind


@click.command()
@click.argument("words", required=False)
@click.option("--from", "begins", type=Day(), help="The first day: 2026-12-24. Default: today.")
@click.option("--until", "ends", type=Day(), help="The last day. Default: the first day only.")
@click.option("--clear", is_flag=True, help="Remove the notice.")
def notice(words: str | None, begins: dt.date | None, ends: dt.date | None, clear: bool) -> None:
    """Say WORDS first to every caller, today or on the given days.

    The notice ends by itself. Only the notice goes live, not the rest of the draft; it is written into the draft too.
    """
    words = one_line(words or "")
    if bool(words) == clear:
        raise Stop("Give the words of the notice, or --clear.")
    if clear and (begins or ends):
        raise Stop("--clear removes the notice at once. Leave out --from and --until.")
    today = dt.datetime.now(LONDON).date()
    begins = begins or today
    ends = ends or begins
    _days_make_sense(begins, ends, today)

    def edit(text: str) -> str:
        return editing.without_notices(text) if clear else editing.with_notice(text, words, begins, ends)

    settings = config.settings()
    before, changed = _into_live(settings, edit, f"notice: {words}" if words else "notice removed")
    told = _heard_when(begins, ends, today) if words else "The notice is removed."
    out(told if changed else "The live version already has this.")
    for old in before.notices:
        if words and old.words != words and old.ends >= today:
            out(f"It replaces the notice until {old.ends:%A %d %B %Y}: {old.words}")
    _into_draft(settings, edit)


def _days_make_sense(begins: dt.date, ends: dt.date, today: dt.date) -> None:
    if ends < begins:
        raise Stop(f"The last day, {ends}, is before the first, {begins}.")
    if ends < today:
        raise Stop(f"The last day, {ends}, is in the past, so nobody would hear it.")


def _heard_when(begins: dt.date, ends: dt.date, today: dt.date) -> str:
    first = "now" if begins <= today else f"{begins:%A %d %B %Y}"
    return f"Callers hear it from {first} on. The last day is {ends:%A %d %B %Y}."


def _into_live(settings: Settings, edit: Callable[[str], str], why: str) -> tuple[LineFile, bool]:
    """Change only line.yaml in the live version. Returns what was in it, and whether anything changed."""
    with store_of(settings) as store:
        live = store.revisions.live() or ""
        files = store.revisions.files(live)
        if files is None:
            raise Stop("Nothing is published yet. Start the line, or use `ivr publish`.")
        published_script(live, files)  # one that this version cannot use is not changed
        before = drafts.read_draft(files).line
        passed = publishing.gate_change(settings, files, {**files, drafts.LINE: edit(files[drafts.LINE])})
        sound.prepare(settings, passed.files)
        return before, publishing.put_live(store, passed, who(), why, live)


_NO_SETTINGS = kind("no-settings", "This file contains no settings.", "Put it back, or write it.")


def _into_draft(settings: Settings, edit: Callable[[str], str]) -> None:
    """Make the same change in the draft, so that the next publication keeps it."""
    path = settings.config_dir / drafts.LINE
    try:
        text = path.read_bytes().decode("utf-8-sig")
        draft = reading.read(text, f"config/{drafts.LINE}")
        if draft.problems or not isinstance(draft.data, dict):
            raise ConfigError(draft.problems or [_NO_SETTINGS().at(draft.where(()))])
        disk.write_whole(path, edit(text))
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise Stop(
            f"That is live, but {path} was not changed: {_why_not(error)}\n"
            "Make the same change there, or the next publication will undo it."
        ) from error


def _why_not(error: Exception) -> str:
    if isinstance(error, OSError):
        return "the disk is full." if publishing.is_full(error) else f"{error.strerror}."
    if isinstance(error, UnicodeDecodeError):
        return "it is not a text file."
    return str(error)
