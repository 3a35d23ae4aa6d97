"""The command that records what the service has confirmed."""

from __future__ import annotations

import datetime as dt

import click

from ivr import building, config, confirmation, editing
from ivr.authored import LineFile
from ivr.cli import publishing
from ivr.cli.common import Day, Stop, draft_script, out, store_of
from ivr.config import Settings
from ivr.hours import LONDON
from ivr.reading import Path


@click.command()
@click.argument("name")
@click.option("--by", "who", required=True, help="Who at the service confirmed it.")
@click.option("--on", "day", type=Day(), help="When they confirmed it: 2026-12-01. Left out: today.")
def confirm(name: str, who: str, day: dt.date | None) -> None:
    """Record who at the service confirmed the setting NAME.

    Writes to config/line.yaml. If the live line has the same value, it is updated too, and `ivr history` shows it.
    """
    who, today = " ".join(who.split()), dt.datetime.now(LONDON).date()
    day = day or today
    if not who:
        raise Stop("Say who confirmed it: ivr confirm NAME --by 'A. Name, SENDIASS'")
    if day > today:
        raise Stop(f"{day} is still to come. Give the day on which they said so.")
    settings = config.settings()
    _, draft, made = draft_script(settings)
    path = _path(draft.line, name)
    was_live = _into_live(settings, draft.line, path, who, day)
    file = settings.config_dir / building.LINE
    text = file.read_bytes().decode("utf-8-sig")
    config.write_whole(file, editing.with_confirmation(text, path, who, day))
    out(f"{name} is confirmed by {who} on {day:%-d %B %Y}. That stands in {file}.")
    if not was_live:
        out("What is live does not have it yet: `ivr publish` makes it live.")
    left = [one.name for one in confirmation.unconfirmed(draft, made) if one.name != name]
    out(f"Not confirmed yet: {', '.join(left)}." if left else "Everything is confirmed.")


def _path(line: LineFile, name: str) -> Path:
    """The path of this setting. Raises Stop with the names that can be confirmed."""
    known = confirmation.names(line)
    if name not in known:
        raise Stop(f"'{name}' is nothing that is confirmed. Name one of: {', '.join(known)}.")
    return known[name]


def _into_live(settings: Settings, draft: LineFile, path: Path, who: str, day: dt.date) -> bool:
    """Update the live revision if it has the same value. Returns whether it did."""
    with store_of(settings) as store:
        before = store.revisions.live() or ""
        live, files = publishing.published(store), store.revisions.files(before)
        if live is None or files is None or not confirmation.same(live.line, draft, path):
            return False
        changed = {**files, building.LINE: editing.with_confirmation(files[building.LINE], path, who, day)}
        # Nothing that callers hear changes, so the gate is not run.
        passed = publishing.Passed(changed, building.load(changed, config.bank_holidays()), ())
        publishing.put_live(store, passed, f"confirmed by {who} on {day}: {path[-1]}", before)
        return True
