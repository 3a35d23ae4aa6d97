"""The words that matter most, and how many of ten each voice got across when that was last accepted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.ear.hearing import Score

WORDS = Path(__file__).parent / "words.txt"
#: The voices, in the order of the columns, with how many of ten each should get across.
GOALS = {"heart": 9.0, "pyttsx3": 7.0}
#: So much less of ten than before is chance. Of a word that is said rarely, one that is missed is chance too.
WORSE = 1.0


def read() -> dict[str, dict[str, float]]:
    """The words that matter, each with how many of ten each voice got across when that was last accepted."""
    lines = [line.split("\t") for line in WORDS.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")]
    return {word: dict(zip(GOALS, map(float, figures), strict=False)) for word, *figures in lines}


def lost(before: Mapping[str, float], voice: str, found: Score) -> bool:
    """Whether a word got worse than it was, or than it should be."""
    if not found.said:
        return False
    return found.of_ten < min(before.get(voice, GOALS[voice]), GOALS[voice]) - max(WORSE, 10 / found.said)
