"""Everything that can be said, at both paces, and the name of each sound file.

Nothing here needs the libraries for sound: a machine that only serves calls does not have them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr import spoken
from ivr.language import DIGIT_SECONDS, digit_gap
from ivr.script import Script
from ivr.spoken import Blank, Speech, as_said

#: Increase this when rendering changes, so that every sound is made again.
MAKING = "2"
#: The most characters to say at once: about two minutes of speech, far more than callers should hear.
MOST_CHARACTERS = 2000
#: Folders inside the one for sound files: sounds for telephones, and sounds for browsers.
RENDERED, MASTERS = "rendered", "masters"


@dataclass(frozen=True, order=True)
class Clip:
    """Some words at one pace."""

    words: str
    slow: bool
    #: The minimum length in seconds: a shorter digit is padded with silence, for an even pace.
    least_seconds: float = 0.0
    language: str = "en"

    def name(self, identity: str, respelt: Mapping[str, str]) -> str:
        """The file name of this clip in one voice: 32 hexadecimal digits, which cannot be guessed."""
        facts = (MAKING, identity, as_said(self.words, respelt), "slow" if self.slow else "normal", *self._more())
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32] + ".wav"

    def _more(self) -> tuple[str, ...]:
        """The facts that only some clips have: a minimum length, and a language other than English."""
        language = (self.language,) if self.language != "en" else ()
        return (*((str(self.least_seconds),) if self.least_seconds else ()), *language)


class CannotSay(Exception):
    """Raised for words that callers could not hear, with the reason in words."""


def to_say(script: Script, words: str) -> Speech:
    """Words as staff write them, with {names} from line.yaml, as they are said. Raises CannotSay."""
    words = " ".join(words.split())
    if not any(letter.isalnum() for letter in words):
        raise CannotSay("There are no words to say.")
    if len(words) > MOST_CHARACTERS:
        raise CannotSay(f"That is {len(words)} characters. Say at most {MOST_CHARACTERS} at once.")
    said = spoken.speech(words, script.values)
    if unknown := [piece.name for piece in said if isinstance(piece, Blank)]:
        raise CannotSay(f"There is no spoken setting {{{unknown[0]}}}. See config/line.yaml for the names.")
    return said


def clip(script: Script, words: str, slow: bool) -> Clip:
    """The clip of some words of a script."""
    return Clip(words, slow, DIGIT_SECONDS if script.grammar.is_digit(words) else 0.0, script.language)


def clips(script: Script) -> list[Clip]:
    """Every clip of a script: each prompt at the normal pace and at the slow one."""
    return [clip(script, words, slow) for words in sorted(script.every_prompt()) for slow in (False, True)]


def silences(script: Script) -> Iterator[float]:
    """The pauses, in seconds, that a call can make between sounds."""
    pace = script.line.pace
    normal = {
        pace.before_key, pace.between_choices, pace.after_key_press, pace.between_groups, 2 * pace.between_groups,
        digit_gap(pace.each_digit),
    }  # fmt: skip
    for seconds in normal:
        yield from (round(seconds, 2), round(seconds * pace.slow_pauses, 2))


def silence_name(seconds: float) -> str:
    """The file name of a silence of this length."""
    return hashlib.sha256(f"{MAKING}\0silence\0{seconds:.2f}".encode()).hexdigest()[:32] + ".wav"


def write_sound(path: Path, content: bytes) -> None:
    """Write a file completely or not at all. Does not wait for the disk, because a lost sound is made again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")  # another process may be making the same sound
    partial.write_bytes(content)
    partial.replace(path)
