"""docs/privacy.md says what the code keeps: every key, every folder, and the times that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ivr.store
from ivr.callbacks import callback
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import audit, blocked, erasing, once, requests, sessions, signins, texts, windows
from ivr.usecases import renewing
from ivr.usecases.jobs import recording_path

PAGE = (config.ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
DAY, HOURS = 24 * 60 * 60, 60 * 60


def _row(name: str) -> list[str]:
    return next(row for row in ROWS if f"`{name}`" in row[1])


def test_every_key_is_on_the_page_and_no_other() -> None:
    lines = (ivr.store.__doc__ or "").splitlines()
    kept = {line.split()[0].split("<")[0] for line in lines if line.startswith("    ivr:")}

    assert set(re.findall(r"`(ivr:[^`]+)`", PAGE)) == kept


@pytest.mark.parametrize(
    ("name", "how_long"),
    [
        ("ivr:session:", f"{sessions.KEEP_SECONDS // HOURS} hours at most"),
        ("ivr:accepted:", f"{sessions.ACCEPTED_SECONDS // HOURS} hours"),
        ("ivr:request:", f"then {requests.ENDED_SECONDS // DAY} days"),
        ("ivr:slot:", f"{windows.WINDOW_DAYS} days"),
        ("ivr:alerted:", f"{once.ALERT_SECONDS // HOURS} hours"),
        ("ivr:blocked", f"{blocked.BLOCKED_SECONDS // DAY} days"),
        ("ivr:text:", f"{texts.KEEP_SECONDS // DAY} days"),
        ("ivr:erased", f"{erasing.ERASED_SECONDS // DAY} days"),
        ("before-encryption-", f"{renewing.COPY_DAYS} days"),
        ("ivr:request:", f"after {callback.HALF_MADE_HOURS} opening hours"),
        ("ivr:handed_in", f"{requests.ENDED_SECONDS // DAY} days"),
        ("ivr:audit", f"{audit.MOST_AUDIT:,} entries"),
        ("ivr:audit:", f"last {audit.MOST_OF_REQUEST} entries, for {audit.OF_REQUEST_SECONDS // DAY} days"),
        ("appendonlydir", f"expired data {erasing.DAILY_SECONDS // HOURS} hours"),
        ("spool", f"at most {sessions.KEEP_SECONDS // HOURS} hours"),
    ],
)
def test_the_page_gives_the_times_that_the_code_has(name: str, how_long: str) -> None:
    assert how_long in _row(name)[3]


def test_the_folders_are_those_of_the_code(settings: Settings) -> None:
    for path in (settings.spool_dir, recording_path(settings, "x").parent):
        assert _row(Path(path).relative_to(settings.data_dir).as_posix())
    assert signins.COUNTED_SECONDS <= HOURS


def test_what_is_beside_the_data_is_named(settings: Settings) -> None:
    """A backup of the folder contains neither."""
    for path in (settings.key_file, settings.erased_file):
        assert path.parent == settings.data_dir.parent
        assert f"`IVR_DATA{path.suffix}`" in PAGE
