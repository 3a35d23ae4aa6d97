"""The command for notices: words that every caller hears first, on some days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import click

from ivr.authoring import drafts, editing
from ivr.authoring.datesfile import Notice
from ivr.authoring.linefile import LineFile
from ivr.cli import sound
from ivr.cli.common import DayOrMoment, Stop, one_line, out, store_of, who
from ivr.cli.scripts import published_script
from ivr.hours import LONDON
from ivr.machine import config, disk
from ivr.machine.config import Settings
from ivr.problems import ConfigError
from ivr.script import Script
from ivr.usecases import publishing


@click.command()
@click.argument("words", required=False)
@click.option("--from", "begins", type=DayOrMoment(), help="The first day: 2026-12-24. Or a time: '2026-12-24 12:00'.")
@click.option("--until", "ends", type=DayOrMoment(), help="The last day, or a time. Default: the first day only.")
@click.option("--clear", is_flag=True, help="Remove the notice.")
def notice(words: str | None, begins: dt.date | str | None, ends: dt.date | str | None, clear: bool) -> None:
    """Say WORDS first to every caller, today or on the given days.

    The notice ends by itself. Only the notice goes live, not the rest of the draft; it is written into the draft too.
    """
    words = one_line(words or "")
    if bool(words) == clear:
        raise Stop("Give the words of the notice, or --clear.")
    if clear and (begins or ends):
        raise Stop("--clear removes the notice at once. Leave out --from and --until.")
    now = dt.datetime.now(LONDON)
    begins = begins or now.date()
    ends = ends or (dt.date.fromisoformat(begins[:10]) if isinstance(begins, str) else begins)
    said = Notice(words=words or "-", begins=begins, ends=ends)
    _days_make_sense(said, now)

    def edit(text: str) -> str:
        return editing.without_notices(text) if clear else editing.with_notice(text, words, begins, ends)

    settings = config.settings()
    before, script, changed = _into_live(settings, edit, f"notice: {words}" if words else "notice removed")
    told = _heard_when(said, now) if words else "The notice is removed."
    out(told if changed else "The live version already has this.")
    for tongue in script.tongues if words else ():
        if tongue.is_live and tongue.numbers:
            out(f"It is in English, so whoever rings a number of {tongue.in_english}'s own does not hear it.")
    for old in before.notices:
        if words and old.words != words and old.last >= now:
            out(f"It replaces the notice until {_in_words(old.ends)}: {old.words}")
    _into_draft(settings, edit)


def _days_make_sense(said: Notice, now: dt.datetime) -> None:
    if said.last < said.first:
        raise Stop(f"The last {_unit(said.ends)}, {said.ends}, is before the first, {said.begins}.")
    if said.last < now:
        raise Stop(f"The last {_unit(said.ends)}, {said.ends}, is in the past, so nobody would hear it.")


def _unit(when: dt.date | str) -> str:
    return "day" if isinstance(when, dt.date) else "time"


def _heard_when(said: Notice, now: dt.datetime) -> str:
    first = "now" if said.first <= now else _in_words(said.begins)
    ends = "The last day is" if isinstance(said.ends, dt.date) else "It ends on"
    return f"Callers hear it from {first} on. {ends} {_in_words(said.ends)}."


def _in_words(when: dt.date | str) -> str:
    """A day, or a time on a day."""
    if isinstance(when, dt.date):
        return f"{when:%A %d %B %Y}"
    return f"{dt.datetime.fromisoformat(when):%A %d %B %Y, %H:%M}"


def _into_live(settings: Settings, edit: Callable[[str], str], why: str) -> tuple[LineFile, Script, bool]:
    """Change only line.yaml in the live version. Returns what was in it, what is live now, and whether that is new."""
    with store_of(settings) as store:
        live = store.revisions.live() or ""
        files = store.revisions.files(live)
        if files is None:
            raise Stop("Nothing is published yet. Start the line, or use `ivr publish`.")
        published_script(live, files)  # one that this version cannot use is not changed
        before = drafts.read_draft(files).line
        passed = publishing.gate_change(settings, files, {**files, drafts.LINE: edit(files[drafts.LINE])})
        sound.prepare(settings, passed.files)
        return before, passed.script, publishing.put_live(store, passed, who(), why, live)


def _into_draft(settings: Settings, edit: Callable[[str], str]) -> None:
    """Make the same change in the draft, so that the next publication keeps it."""
    path = settings.config_dir / drafts.LINE
    try:
        text = path.read_bytes().decode("utf-8-sig")
        drafts.must_have_settings(text)
        disk.write_whole(path, edit(text))
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise Stop(
            f"That is live, but {path} was not changed: {_why_not(error)}\n"
            "Make the same change there, or the next publication will undo it."
        ) from error


def _why_not(error: Exception) -> str:
    if isinstance(error, OSError):
        return "the disk is full." if disk.is_full(error) else f"{error.strerror}."
    if isinstance(error, UnicodeDecodeError):
        return "it is not a text file."
    return str(error)
