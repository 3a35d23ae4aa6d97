"""Compiles scripts for commands: of the draft on disk, or of an earlier publication."""

from __future__ import annotations

from ivr.authoring import drafts
from ivr.authoring.drafts import Draft
from ivr.cli.common import Stop, out
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.problems import ConfigError
from ivr.script import Script
from ivr.store import Store
from ivr.usecases import publishing


def draft_script(settings: Settings) -> tuple[Draft, Script]:
    """The draft on disk, with its files as staff wrote them, and compiled. Raises ConfigError with every Problem."""
    draft = drafts.read_draft(configfiles.script_files(settings.config_dir))
    revision = drafts.revision_of(draft.files)
    return draft, building.build(draft, revision, config.bank_holidays(), settings.our_numbers)


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
        return building.published(files, config.bank_holidays())[0]
    except ConfigError as error:
        raise Stop(
            f"{revision} was published by an older version of the line, and this version cannot use it."
        ) from error
