"""The command that rewrites an older `config/` in the shape that this version needs."""

from __future__ import annotations

import click

from ivr.authoring import upgrading
from ivr.cli.common import out, show_difference
from ivr.cli.naming import faults_of, folder_of, may_write
from ivr.machine import config
from ivr.problems import counted


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def upgrade(yes: bool) -> None:
    """Rewrite config/ of an older version where its shape must change. Shows first what changes.

    Comments stay, and so do your words. What a person must decide is left to them: `ivr check` lists it.
    """
    settings = config.settings()
    before = folder_of(settings)
    after = upgrading.upgraded(before)
    show_difference(before, after)
    if changed := sum(before[file] != text for file, text in after.items()):
        may_write(settings, before, after, yes)
        out(f"{counted(changed, 'file')} changed.")
    else:
        out("config/ has the shape of this version. Nothing was changed.")
    if faults := faults_of(after):
        out(f"{counted(len(faults), 'thing')} left to correct. The first: {faults[0]}")
    out("Now run: ivr check")
