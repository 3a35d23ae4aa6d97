"""Confirms that somebody has listened to a line of another language: what is written for it, and what prevents it.

Whoever listens confirms exactly these words and these takes. A sound that is recorded again must be listened to again.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from ivr.audio.judging import faults_of
from ivr.audio.recordings import take_of
from ivr.authoring.editing import flow
from ivr.compiling import translation
from ivr.compiling.translation import TranslationRow


class NotHeard(Exception):
    """Raised where nobody can have heard a line as callers will, with the reason in words."""


def must_be_ready(row: TranslationRow) -> None:
    """Raises NotHeard for a line that is not translated and checked."""
    if row.state not in ("checked", "heard"):
        raise NotHeard(f"{row.id} is {row.state}: {translation.NEXT[row.state]}.")


def takes(folder: Path, row: TranslationRow) -> dict[str, str]:
    """The fingerprint of each recording of a line. Raises NotHeard if one is missing or cannot be used."""
    there = folder / "recordings" / row.tag
    lacking = [unit for unit in row.sounds if not (there / f"{unit}.wav").is_file()]
    if lacking:
        raise NotHeard(f"{row.id} has no recording {lacking[0]}.wav in audio/recordings/{row.tag}.")
    for unit, words in row.sounds.items():
        for fault in faults_of(there / f"{unit}.wav", words):
            raise NotHeard(f"{unit}.wav cannot be used: {fault.says}")
    return {unit: take_of(there / f"{unit}.wav") for unit in row.sounds}


def heard(row: TranslationRow, who: str, on: dt.date, new: dict[str, str]) -> dict[str, str | None]:
    """The field that is written beside a line: who listened to these takes, when, and for which words (today's)."""
    return {"heard": flow(by=who, on=on, of=row.fingerprint, takes=new)}
