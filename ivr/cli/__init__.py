"""The `ivr` command: everything that people do to the line from a terminal.

Commands raise exceptions. Only `main` turns them into plain lines and an exit status: 1 for something that the user can
correct, 2 for wrong usage.

MODULES says where each command is. Beside them:

    common.py           what commands share
    scripts.py          the same for commands that compile the draft or a publication
    preparing.py        what a start does before the line answers
    taking_in.py        what a translator's sheet changes
    made_up_callers.py  the callers of `ivr demo`
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from ivr.cli.common import Stop, in_plain_lines
from ivr.machine import config

#: The module of each command.
MODULES = {
    "adviser": "accounts",
    "approve": "publishing",
    "backup": "backing_up",
    "call": "words",
    "callbacks": "callbacks",
    "catch-up": "publishing",
    "check": "checking",
    "confirm": "confirming",
    "connect": "connecting",
    "demo": "demo",
    "diff": "publishing",
    "doctor": "connecting",
    "explain": "checking",
    "fallback": "connecting",
    "history": "publishing",
    "keys": "encryption_keys",
    "map": "words",
    "new": "topics",
    "notice": "notices",
    "person": "personal_data",
    "print": "printing",
    "probe": "connecting",
    "publish": "publishing",
    "record": "sound",
    "remove": "topics",
    "rename": "naming",
    "render": "sound",
    "restore": "backing_up",
    "say": "voices",
    "schema": "checking",
    "spool": "spooled",
    "start": "running",
    "store": "embedded_redis",
    "stories": "stories",
    "translate": "translating",
    "undo": "publishing",
    "upgrade": "upgrading",
    "voices": "voices",
    "web": "running",
    "where": "naming",
    "worker": "running",
}


class Commands(click.Group):
    """The commands, each imported when it is asked for.

    `ivr start` and `ivr worker` stay in memory as long as the line runs, and the imports of the others take 24 MB.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        module = import_module(f"ivr.cli.{MODULES[cmd_name]}")
        return next(it for it in vars(module).values() if isinstance(it, click.Command) and it.name == cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """A phone line that reads guidance aloud and puts people through to help."""


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
