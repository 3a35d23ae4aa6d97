"""From the draft on disk to the live line: the gate, and the step through it."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from ivr import check, config, script
from ivr.cli.common import Stop, who
from ivr.config import Settings
from ivr.hours import LONDON
from ivr.reading import ConfigError, Problem
from ivr.script import Script
from ivr.store import Conflict, Published, Store


@dataclass(frozen=True)
class Passed:
    """A draft that may go live: its files, the script they make, and what was only warned of."""

    files: dict[str, str]
    script: Script
    warnings: tuple[Problem, ...]


def gate(settings: Settings) -> Passed:
    """The draft, if it may go live. Raises ConfigError with every error in it."""
    files = config.script_files(settings.config_dir)
    draft = script.read_draft(files)
    made = script.build(draft, script.revision_of(files), config.bank_holidays())
    found = check.check(draft, made, dt.datetime.now(LONDON).date(), config.story_files(settings.config_dir))
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        raise ConfigError(errors)
    return Passed(files, made, tuple(found))


def publish(settings: Settings, store: Store, why: str, passed: Passed | None = None) -> bool:
    """Make the draft live. False if it is live already. Raises ConfigError, or Stop if someone was quicker."""
    live = store.revisions.live() or ""
    passed = passed or gate(settings)
    revision = passed.script.revision
    if revision == live:
        return False
    put_live(store, Published(revision, time.time(), who(), why, live), passed.files)
    return True


def put_live(store: Store, published: Published, files: dict[str, str]) -> None:
    """One step; refused if somebody else has published since `published.before` was live."""
    try:
        store.revisions.publish(published, files)
    except Conflict as conflict:
        by = conflict.by
        told = f"{by.who} published at {time.strftime('%H:%M', time.localtime(by.at))}: {by.why}. " if by else ""
        raise Stop(f"{told}Nothing of yours is live. Look at it with `ivr diff`, then publish again.") from conflict
