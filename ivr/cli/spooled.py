"""Commands about the spool: what callers asked for while Redis was down, also on a machine that died."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from ivr.cli.common import Stop, out, store_of
from ivr.hours import LONDON
from ivr.machine import config
from ivr.store import Spool
from ivr.store.spool import SpoolEntry
from ivr.usecases import spooling
from ivr.usecases.jobs import Jobs

_FOLDER = click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group()
def spool() -> None:
    """What callers asked for while Redis was away, kept on this machine's disk.

    A running line hands it in by itself. FOLDER is another machine's spool: copy its IVR_DATA/spool here first.
    """


@spool.command("list")
@_FOLDER
def spool_list(folder: Path | None) -> None:
    """Say what waits, and name files that cannot be read. Nothing is changed."""
    found = _spool(folder).content()
    for waiting in found.waiting:
        out(_in_words(waiting.entry))
    for name in found.damaged:
        out(f"{name} cannot be read. It stays where it is.")
    out(f"{_many(len(found.waiting))} in {_spool(folder).folder}.")


@spool.command("hand-in")
@_FOLDER
def spool_hand_in(folder: Path | None) -> None:
    """Put what waits into Redis. What was handed in before changes nothing."""
    settings, kept = config.settings(), _spool(folder)
    with store_of(settings) as store:
        handed = spooling.hand_in(kept, store, Jobs(settings, store))
    out(f"{_many(handed)} handed in.")
    left = kept.content()
    if left.waiting or left.damaged:
        names = ", ".join([*(waiting.name for waiting in left.waiting), *left.damaged])
        raise Stop(f"Left in {kept.folder}, as it cannot be read or used: {names}. The log says why.")


def _spool(folder: Path | None) -> Spool:
    settings = config.settings()
    return Spool(folder or settings.spool_dir, settings.keys)


def _in_words(entry: SpoolEntry) -> str:
    """What a caller asked for, without a phone number: operators do not need to see any."""
    at = dt.datetime.fromtimestamp(entry.at, LONDON)
    if request := entry.request:
        (asker,) = request.askers
        rank = {"today": ", for today", "urgent": ", urgent", "": ""}[request.urgency]
        what = f"asks to be rung{rank}, with the number {asker.reference} for their call"
    elif entry.cancel:
        what = f"takes back the call with the number {entry.cancel.reference}"
    else:
        what = "left a spoken message, which is at Twilio"
    return f"{at:%d %b %H:%M:%S}  A caller {what}."


def _many(count: int) -> str:
    return f"{count} thing{'s' * (count != 1)} that callers asked for"
