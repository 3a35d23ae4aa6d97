"""Commands that make a backup and restore it."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import click

from ivr.cli.common import Stop, out, store_of
from ivr.hours import LONDON
from ivr.machine import config
from ivr.problems import counted
from ivr.processes import server
from ivr.usecases import backup as backups

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@_FILE
def backup(file: Path) -> None:
    """Write everything into FILE, also while the line runs. The keys are not in it."""
    settings = config.settings()
    if file.exists():
        raise Stop(f"{file} is there already. Name a file that is new.")
    with store_of(settings) as store:
        size = backups.make(settings, store, file, time.time())
    out(f"{file} is a complete backup ({size:,} bytes). Without the keys it cannot be read: keep them elsewhere.")


@click.command()
@_FILE
def restore(file: Path) -> None:
    """Put the backup in FILE into a line that is stopped and empty."""
    settings = config.settings()
    if server.still_runs(settings):
        raise Stop("The line is running. Stop it first.")
    with store_of(settings) as store:
        try:
            done = backups.restore(settings, store, file, time.time())
        except backups.CannotRestore as error:
            raise Stop(f"Nothing was restored. {error}") from error
    at = dt.datetime.fromtimestamp(done.at, LONDON)
    out(f"Restored from {at:%H:%M on %A %-d %B %Y}: {counted(done.waiting, 'open request')}, {done.ended} that ended,")
    out(f"and {counted(done.messages, 'spoken message')}. {done.erased} erased since are erased again.")
    out("Not known: what callers were promised, and what advisers did, after that. Each open card says so.")
    out("If the disk of the lost machine can be read, hand in what waited in its spool: ivr spool --help.")
    out(f"Twilio's logs of calls and texts to the line since {at:%H:%M on %-d %B} tell who rang. Compare them with")
    out("the list, and ring whoever is missing.")
    out(f"The draft of then is in {done.config}. Compare it with {settings.config_dir}. Then: ./scripts/start --live")
