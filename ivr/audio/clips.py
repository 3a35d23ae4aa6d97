"""What there is to say, at both paces, and the name each sound has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr import spoken
from ivr.script import Script
from ivr.spoken import as_said

#: Changed when the way from words to telephone sound changes, so that every sound is made anew.
MAKING = "2"
#: Where sounds are, below the folder for sound files: as telephones play them, and as browsers do.
RENDERED, MASTERS = "rendered", "masters"


@dataclass(frozen=True, order=True)
class Clip:
    """Some words at one pace."""

    words: str
    slow: bool

    def name(self, identity: str, said: Mapping[str, str]) -> str:
        """The file name of this clip as one voice says it. Thirty-two hexadecimal digits cannot be guessed."""
        facts = (MAKING, identity, as_said(self.words, said), "slow" if self.slow else "normal", *self._lasts())
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32] + ".wav"

    def _lasts(self) -> tuple[str, ...]:
        return (str(self.least_seconds),) if self.least_seconds else ()

    @property
    def least_seconds(self) -> float:
        """How long it lasts at least, with silence behind it: digits are heard at an even pace."""
        return spoken.DIGIT_SECONDS if spoken.is_digit(self.words) else 0.0


def clips(script: Script) -> list[Clip]:
    """Every clip of a script: each prompt at the normal and at the slow pace."""
    return [Clip(words, slow) for words in sorted(script.every_prompt()) for slow in (False, True)]


def silences(script: Script) -> Iterator[float]:
    """The pauses, in seconds, that a call can put between sounds."""
    pace = script.line.pace
    normal = {
        pace.before_key, pace.between_choices, pace.after_key_press, pace.between_groups, 2 * pace.between_groups,
        spoken.digit_gap(pace.each_digit),
    }  # fmt: skip
    for seconds in normal:
        yield from (round(seconds, 2), round(seconds * pace.slow_pauses, 2))


def silence_name(seconds: float) -> str:
    """The file name of some silence."""
    return hashlib.sha256(f"{MAKING}\0silence\0{seconds:.2f}".encode()).hexdigest()[:32] + ".wav"
