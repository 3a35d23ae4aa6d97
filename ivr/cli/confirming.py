"""The command that records what the service has confirmed."""

from __future__ import annotations

import datetime as dt

import click

from ivr.authoring import drafts, editing
from ivr.authoring.drafts import Draft
from ivr.cli import common
from ivr.cli.common import Day, Stop, out, store_of
from ivr.cli.scripts import draft_script
from ivr.compiling import building
from ivr.hours import LONDON
from ivr.machine import config, disk
from ivr.machine.config import Settings
from ivr.overview import confirmation
from ivr.usecases import publishing

#: The name by which all the words are confirmed.
WORDS = "words"


@click.command()
@click.argument("name")
@click.option("--by", "who", required=True, help="Who at the service confirmed it.")
@click.option("--on", "day", type=Day(), help="When they confirmed it: 2026-12-01. Left out: today.")
def confirm(name: str, who: str, day: dt.date | None) -> None:
    """Record who at the service confirmed the setting NAME. For whoever has read all the words, NAME is words.

    Writes to config/line.yaml, with the value that it has now. If the live line has the same value, it is updated
    too, and `ivr history` shows it.
    """
    who, today = " ".join(who.split()), dt.datetime.now(LONDON).date()
    day = day or today
    if not who:
        raise Stop("Say who confirmed it: ivr confirm NAME --by 'A. Name, the service'")
    if day > today:
        raise Stop(f"{day} is in the future. Give the day on which they confirmed it.")
    settings = config.settings()
    draft, made = draft_script(settings)
    value = _value(draft, name)
    if value is None:
        known = ", ".join([*confirmation.names(draft.line), WORDS])
        raise Stop(f"'{name}' cannot be confirmed. Name one of: {known}.")
    was_live = _into_live(settings, name, value, who, day)
    file = settings.config_dir / drafts.LINE
    text = file.read_bytes().decode("utf-8-sig")
    disk.write_whole(file, _written(text, draft, name, who, day))
    what = "The words are" if name == WORDS else f"{name} is"
    out(f"{what} confirmed by {who} on {day:%-d %B %Y}. It is written in {file}.")
    if not was_live:
        out("The live version does not have it yet: `ivr publish` makes it live.")
    left = [one.name for one in confirmation.unconfirmed(draft, made) if one.name != name]
    out(f"Not confirmed yet: {', '.join(left)}." if left else "Every number, address and hour is confirmed.")


def _value(draft: Draft, name: str) -> str | None:
    """What there is to confirm under this name; None if there is no such thing."""
    if name == WORDS:
        return confirmation.fingerprint(draft)
    setting = draft.line.to_confirm().get(confirmation.names(draft.line).get(name, ()))
    return setting.value if setting else None


def _written(line_yaml: str, draft: Draft, name: str, who: str, day: dt.date) -> str:
    """`line.yaml` with what was confirmed of this draft."""
    value = _value(draft, name)
    assert value is not None
    if name == WORDS:
        return editing.with_words_checked(line_yaml, who, day, value)
    return editing.with_confirmation(line_yaml, confirmation.names(draft.line)[name], who, day, value)


def _into_live(settings: Settings, name: str, value: str, who: str, day: dt.date) -> bool:
    """Update the live revision if it has the same value. Returns whether it did."""
    with store_of(settings) as store:
        before = store.revisions.live() or ""
        files = store.revisions.files(before)
        if files is None or publishing.published(store) is None:
            return False
        live = drafts.read_draft(files)
        if _value(live, name) != value:
            return False
        changed = {**files, drafts.LINE: _written(files[drafts.LINE], live, name, who, day)}
        # Callers hear no difference, so the gate is not run.
        passed = publishing.Passed(changed, building.published(changed, config.bank_holidays())[0], ())
        publishing.put_live(store, passed, common.who(), f"confirmed by {who} on {day}: {name}", before)
        return True
