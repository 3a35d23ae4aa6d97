"""The `ivr` command: everything that people do to the line from a terminal.

Commands raise exceptions. Only `main` turns them into plain lines and an exit status: 1 for something that the user can
correct, 2 for wrong usage.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ivr import config
from ivr.cli.backing_up import backup, restore
from ivr.cli.checking import check, explain, schema
from ivr.cli.common import Stop, in_plain_lines
from ivr.cli.confirming import confirm
from ivr.cli.demonstration import demo
from ivr.cli.hearing import say, voices_group
from ivr.cli.keeping import store
from ivr.cli.keyed import keys_group
from ivr.cli.naming import rename, where
from ivr.cli.notices import notice
from ivr.cli.people import adviser, callbacks
from ivr.cli.persons import person_group
from ivr.cli.printing import print_line
from ivr.cli.publishing import approve, catch_up, diff, history, publish, undo
from ivr.cli.running import connect, doctor, fallback, probe, start, web_alone, worker
from ivr.cli.sound import record, render
from ivr.cli.spooled import spool
from ivr.cli.stories import stories
from ivr.cli.topics import new_group, remove
from ivr.cli.translating import translate
from ivr.cli.upgrading import upgrade
from ivr.cli.words import call, line_map


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """A phone line that reads guidance aloud and puts people through to help."""


for command in (
    start, demo, call, check, explain, line_map, print_line, where, rename, new_group, remove, stories, publish,
    catch_up, approve, history, diff, undo, notice, confirm, schema,
    say, voices_group, render, record, callbacks, adviser, connect, doctor, probe, fallback, web_alone, worker, store,
    spool, person_group, keys_group, backup, restore, translate, upgrade,
):  # fmt: skip
    commands.add_command(command)


def main() -> None:
    """Run a command, and print in plain lines what stopped it."""
    in_plain_lines(_run)


def _run() -> None:
    _must_be_at_home(Path(sys.prefix))
    commands.main(prog_name="ivr", standalone_mode=False)


def _must_be_at_home(venv: Path) -> None:
    """Raises Stop in a copied folder, whose .venv would use and publish the original's files."""
    venv = venv.resolve()
    is_another = venv.name == ".venv" and venv != (config.ROOT / ".venv").resolve()
    if is_another and (venv.parent / "ivr").is_dir():
        raise Stop(f"This .venv belongs to {config.ROOT}. Run ./scripts/start here to make one for this folder.")
