"""How long the line takes to say things: measured from rendered sounds, otherwise computed from the pace.

Every time that the check prints consists of the speech, its pauses, and one gap per turn for the webhook and its
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ivr.check import english
from ivr.script import Script
from ivr.script.session import Turn
from ivr.spoken import Speech

#: Seconds between a key, or the end of a wait, and the first word of the answer: a webhook to the line and back, and
#: the first sound fetched from a cache. This is an estimate, because no number is live yet. By Twilio's own figures a
#: cached sound takes some ten milliseconds, so later sounds have no gap.
TURN_GAP = 0.5
#: The share of the speech that must be measured for a figure to count as measured.
MOSTLY = 0.9

#: The seconds of each sound, by its words and whether they are said slowly.
SoundSeconds = Mapping[tuple[str, bool], float]


class Timing:
    """Computes the seconds that parts of one script take to say."""

    def __init__(self, script: Script, measured: SoundSeconds | None = None):
        self._script, self._measured = script, measured or {}
        self._speech, self._names = cache(self._add_up), cache(self._when_named)
        self._key_of = {words: key for table in (script.press, script.press_where) for key, words in table.items()}

    @property
    def is_measured(self) -> bool:
        """Whether nearly every prompt has a measured sound."""
        prompts = self._script.every_prompt()
        return sum((words, False) in self._measured for words in prompts) >= MOSTLY * len(prompts)

    def speech(self, said: Speech, *, slow: bool = False) -> float:
        """The seconds of a Speech with its pauses, at the normal or the slow pace."""
        return self._speech(said, slow)

    def reply(self, turn: Turn) -> float:
        """The seconds of a reply, at the pace of the call."""
        return self._speech(turn.says, turn.session.slow)

    def until(self, turn: Turn, key: str) -> float | None:
        """The second of a reply by which a key has been named; None if the reply does not name it."""
        return self._names(turn.says, turn.session.slow).get(key)

    def _when_named(self, said: Speech, slow: bool) -> dict[str, float]:
        """The second by which each key has first been named."""
        found: dict[str, float] = {}
        for i, piece in enumerate(said, 1):
            if (key := self.key_named(piece)) and key not in found:
                found[key] = self._speech(said[:i], slow)
        return found

    def key_named(self, piece: object) -> str | None:
        """The key that a phrase names: 'press 1.' names 1."""
        return self._key_of.get(piece) if isinstance(piece, str) else None

    def first(self, turn: Turn, pieces: int) -> float:
        """The seconds of the first `pieces` pieces of a reply."""
        return self._speech(turn.says[:pieces], turn.session.slow)

    def _add_up(self, said: Speech, slow: bool) -> float:
        pace = self._script.line.pace
        words_a_minute, stretch = (pace.slow_words_a_minute, pace.slow_pauses) if slow else (pace.words_a_minute, 1.0)
        total = 0.0
        for piece in said:
            if isinstance(piece, float):
                total += piece * stretch
            elif isinstance(piece, str):
                known = self._measured.get((piece, slow))
                total += english.piece_seconds(piece, words_a_minute) if known is None else known
        return total
