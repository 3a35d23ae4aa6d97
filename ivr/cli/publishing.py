"""From the draft on disk to the live line: the gate, and the one step through it."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass
from pathlib import Path

from ivr import config, schemas, script
from ivr.check import check
from ivr.cli.common import Stop, who
from ivr.config import Settings
from ivr.hours import LONDON
from ivr.reading import ConfigError, Problem
from ivr.script import Draft, Script
from ivr.store import Conflict, Published, Store


@dataclass(frozen=True)
class Passed:
    """A draft that may go live: its files, the script they make, and what was only warned of."""

    files: dict[str, str]
    script: Script
    warnings: tuple[Problem, ...]


def look(settings: Settings) -> tuple[list[Problem], Draft, Script]:
    """Everything wrong with the draft on disk. Raises ConfigError if it makes no script at all."""
    return _look(settings, config.script_files(settings.config_dir))


def _look(settings: Settings, files: dict[str, str]) -> tuple[list[Problem], Draft, Script]:
    draft = script.read_draft(files)
    made = script.build(draft, script.revision_of(files), config.bank_holidays())
    today = dt.datetime.now(LONDON).date()
    return check(draft, made, today, config.story_files(settings.config_dir)), draft, made


def gate(settings: Settings) -> Passed:
    """The draft on disk, if it may go live. Raises ConfigError with every error in it."""
    return gate_files(settings, config.script_files(settings.config_dir))


def gate_files(settings: Settings, files: dict[str, str]) -> Passed:
    """These files, if they may go live. Raises ConfigError with every error in them."""
    problems, _, made = _look(settings, files)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ConfigError(errors)
    return Passed(files, made, tuple(problems))


def put_live(store: Store, passed: Passed, why: str, before: str) -> bool:
    """Make what passed live, in one step. False if it is live already; Stop if somebody was quicker."""
    if passed.script.revision == before:
        return False
    put_files_live(store, passed.files, why, before)
    return True


def put_files_live(store: Store, files: dict[str, str], why: str, before: str) -> None:
    """One step, refused if somebody else has published since `before` was live."""
    try:
        store.revisions.publish(Published(script.revision_of(files), time.time(), who(), why, before), files)
    except Conflict as conflict:
        by = conflict.by
        told = f"{by.who} published at {dt.datetime.fromtimestamp(by.at, LONDON):%H:%M}: {by.why}. " if by else ""
        raise Stop(f"{told}Nothing of yours is live. Look at it with `ivr diff`, then publish again.") from conflict


def write_schemas(settings: Settings, draft: Draft) -> list[Path]:
    """Write the schemas that editors use, where they have changed."""
    folder = settings.config_dir / "schemas"
    folder.mkdir(exist_ok=True)
    written = []
    for name, made in schemas.schemas(draft).items():
        path, text = folder / name, json.dumps(made, indent=1) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
