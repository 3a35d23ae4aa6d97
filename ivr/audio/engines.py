"""The voices, behind one small interface, and which voice replaces one that is missing.

Slow speech is made by longer pauses and by a slower pace of the voice itself, never by stretching a sound. A pace in
words per minute includes the pauses in a prompt, because that is how long a caller listens.

The libraries for sound are imported where a voice speaks: during a call, only the names of sounds are needed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ivr.audio import voices
from ivr.audio.clips import write_sound
from ivr.audio.respelling import fingerprint, for_engine
from ivr.line_settings import Pace, Voices
from ivr.machine import config
from ivr.script import Script

if TYPE_CHECKING:
    from ivr.audio.telephone import Samples

#: The command to install a package, as docs/operators.md writes it.
PIP = ".venv/bin/python -m pip install"
#: The command to fetch a voice.
FETCH = ".venv/bin/ivr voices fetch"
#: eSpeak's voice. espeak.py explains the choice.
ESPEAK_VARIANT = "gmw/en-us+edward"
#: Seconds between two sentences, at the normal pace and in slow speech.
SENTENCE_PAUSE = {False: 0.35, True: 0.7}
#: Extra seconds at the end of a sentence, besides its pause: the voice draws out the last word.
SENTENCE_END = 0.1
#: In the folder of rendered sounds: the identity of each voice that made them, for machines that do not have it.
MADE_BY = "voices.json"
#: To make up for the pauses, a voice speaks at most this many times faster.
MOST_MADE_UP = 1.25

_BETWEEN_SENTENCES = re.compile(r"(?<=[.?!])\s+")


class EngineMissing(Exception):
    """Raised when a voice is not available here. The message says why and what to do."""


class Engine(Protocol):
    """A voice that is ready to speak."""

    def say(self, words: str, words_a_minute: float, pause: float) -> tuple[Samples, int]:
        """Speak some sentences at about this pace. Returns the samples and the sample rate.

        `pause`: seconds between two sentences, for voices in which it can be chosen.
        """


@dataclass(frozen=True)
class VoiceChoice:
    """A voice that may be used: its engine, the identity that goes into the names of its sounds, and how to load it."""

    engine: str
    voice: str
    identity: str
    ready: Callable[[], Engine]

    #: The package that speaks it; empty if it needs none.
    package: str = ""

    def __str__(self) -> str:
        return f"{self.engine} ({self.voice})"

    @property
    def is_here(self) -> bool:
        """Whether its package is installed, so that its identity is known."""
        return not self.package or _version(self.package) != _NOT_HERE


def choices(speech: Voices) -> list[VoiceChoice]:
    """The voices of config/line.yaml, best first. `heart` is the fallback for every other natural voice."""
    found: list[VoiceChoice] = []
    for engine in speech.engines:
        if engine == "natural":
            found += [_natural(voice) for voice in dict.fromkeys((speech.natural_voice, voices.WITH_THE_PACKAGE))]
        elif engine == "piper":
            found.append(_piper(speech.piper_voice or ""))
        else:
            found.append(_pyttsx3())
    return found


def identities(script: Script, rendered: Path) -> list[str]:
    """The identity of each voice of a script, which is part of the names of its sounds; the best voice first.

    A machine that only serves calls has no voices. It reads their identities from the file MADE_BY, which is copied to
    it with the sounds.
    """
    made_by: Mapping[str, str] | None = None
    found = []
    for choice in choices_for(script):
        identity = choice.identity
        if not choice.is_here:
            made_by = _made_by(rendered) if made_by is None else made_by
            identity = made_by.get(str(choice), identity)
        found.append(identity)
    return found


def note_who_speaks(script: Script, rendered: Path) -> None:
    """Record the identities of the voices that are installed here, beside the sounds that they make."""
    before = _made_by(rendered)
    known = {**before, **{str(each): each.identity for each in choices_for(script) if each.is_here}}
    if known != before:
        write_sound(rendered / MADE_BY, json.dumps(known, indent=1, sort_keys=True).encode())


def _made_by(rendered: Path) -> Mapping[str, str]:
    try:
        found = json.loads((rendered / MADE_BY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(identity) for name, identity in found.items()} if isinstance(found, dict) else {}


def choices_for(script: Script) -> list[VoiceChoice]:
    """The voices that can speak a script: those of line.yaml for English, and eSpeak for drafts in another language."""
    if not script.sounds:
        return choices(script.line.speech)
    return [_pyttsx3(script.draft_voice)] if script.draft_voice else []


def choice_of(voice: str, speech: Voices) -> VoiceChoice:
    """A voice by its name, even if config/line.yaml does not use it. Raises EngineMissing if there is none."""
    known = voices.known(voice)
    if known is None:
        names = ", ".join(each.name for each in voices.VOICES)
        raise EngineMissing(f"There is no voice '{voice}'. These are the voices: {names}.")
    if known.engine == "natural":
        return _natural(voice)
    return _piper(speech.piper_voice or "") if known.engine == "piper" else _pyttsx3()


def say(engine: Engine, words: str, pace: Pace, *, slow: bool) -> tuple[Samples, int]:
    """Speak some words as one sound, at the normal or the slow pace. Returns samples and sample rate."""
    return engine.say(words, pace.slow_words_a_minute if slow else pace.words_a_minute, SENTENCE_PAUSE[slow])


def _by_sentence(
    say: Callable[[str, float], tuple[Samples, int]], words: str, words_a_minute: float, pause: float
) -> tuple[Samples, int]:
    """Speak sentence by sentence with our own pauses. The voice speaks faster to make up for their length."""
    import numpy as np

    from ivr.audio import telephone

    sentences = _BETWEEN_SENTENCES.split(words)
    seconds = len(words.split()) / words_a_minute * 60
    pauses = (pause + SENTENCE_END) * (len(sentences) - 1)
    speaking = max(seconds - pauses, seconds / MOST_MADE_UP)
    said = [say(sentence, words_a_minute * seconds / speaking) for sentence in sentences]
    rate = said[0][1]
    pieces = [piece for samples, _ in said for piece in (telephone.silence(pause, rate), telephone.trim(samples, rate))]
    return np.concatenate(pieces[1:]), rate


# --- natural: hibari-tts --------------------------------------------------------------------


def _natural(voice: str) -> VoiceChoice:
    identity = f"natural {voice} {_version('hibari-tts')}"
    return VoiceChoice("natural", voice, identity, partial(Natural, voice), "hibari-tts")


class Natural:
    """A voice of hibari-tts, which renders many times faster than real time on one core."""

    #: Words per minute of ordinary sentences at the voice's default speed.
    OWN_PACE = 230

    def __init__(self, voice: str):
        try:
            from hibari import Hibari
            from hibari.voices import VOICES
        except ImportError as error:
            raise EngineMissing(f"The natural voice is not installed. Install it: {PIP} hibari-tts") from error
        if voice not in VOICES:
            known = ", ".join(sorted(VOICES))
            raise EngineMissing(f"There is no natural voice '{voice}'. Set natural_voice to one of: {known}.")
        again = f"Fetch it: {FETCH} {voice}"
        if voice == voices.WITH_THE_PACKAGE:
            again = f"Install it again: {PIP} --force-reinstall --no-deps hibari-tts"
        if not voices.is_here(voice):  # the library would fetch it without being asked
            raise EngineMissing(f"The natural voice '{voice}' is not on this machine. {again}")
        if not voices.is_whole(voice):
            raise EngineMissing(f"The file of the natural voice '{voice}' is damaged. {again}")
        try:
            self._voice = Hibari(voice)
        except Exception as error:  # onnxruntime can raise anything
            raise EngineMissing(f"The natural voice '{voice}' could not be used. {again}") from error

    def say(self, words: str, words_a_minute: float, pause: float) -> tuple[Samples, int]:
        return _by_sentence(self._sentence, words, words_a_minute, pause)

    def _sentence(self, sentence: str, words_a_minute: float) -> tuple[Samples, int]:
        import numpy as np
        from hibari import SAMPLE_RATE

        samples = self._voice(sentence, speed=words_a_minute / self.OWN_PACE, seed=0)
        return np.asarray(samples, np.float32), SAMPLE_RATE


# --- piper ----------------------------------------------------------------------------------


def _piper(path: str) -> VoiceChoice:
    file = config.ROOT / path if path else None
    voice = Path(path).stem or "none"
    identity = f"piper {voice} {_digest(file)} {_version('piper-tts')}"
    return VoiceChoice("piper", voice, identity, partial(Piper, path), "piper-tts")


def _digest(file: Path | None) -> str:
    """The hash of a voice file: a different file may have the same name and even the same size."""
    if file is None or not file.is_file():
        return ""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:12]


class Piper:
    """A Piper voice file, which the operator provides. Its default pace is measured, because each voice differs."""

    _SAMPLE = "You can ask the council for a meeting about your child, and we can help you to get ready for it."

    def __init__(self, path: str):
        if not path:
            raise EngineMissing("Piper needs a voice file. Name it as piper_voice under speech in config/line.yaml.")
        file = config.ROOT / path
        if not file.is_file():
            raise EngineMissing(f"There is no Piper voice file {path}. Put it there, or change piper_voice.")
        try:
            from piper import PiperVoice, SynthesisConfig
        except ImportError as error:
            raise EngineMissing(f"Piper is not installed. Install it: {PIP} piper-tts") from error
        try:
            self._voice, self._config = PiperVoice.load(file), SynthesisConfig
            samples, rate = self._spoken(self._SAMPLE, 1.0)
        except Exception as error:  # onnxruntime can raise anything
            raise EngineMissing(f"The Piper voice file {path} could not be used: {error}") from error
        from ivr.audio import telephone

        self._own_pace = len(self._SAMPLE.split()) * 60 * rate / len(telephone.trim(samples, rate))

    def say(self, words: str, words_a_minute: float, pause: float) -> tuple[Samples, int]:
        return _by_sentence(self._sentence, words, words_a_minute, pause)

    def _sentence(self, sentence: str, words_a_minute: float) -> tuple[Samples, int]:
        return self._spoken(sentence, self._own_pace / words_a_minute)

    def _spoken(self, sentence: str, times_as_long: float) -> tuple[Samples, int]:
        import numpy as np

        chunks = list(self._voice.synthesize(sentence, self._config(length_scale=times_as_long)))
        return np.concatenate([chunk.audio_float_array for chunk in chunks]), chunks[0].sample_rate


# --- pyttsx3 --------------------------------------------------------------------------------


def _pyttsx3(variant: str = ESPEAK_VARIANT) -> VoiceChoice:
    made_by = f"{_version('espeakng-loader')} {_version('pyttsx3')}{fingerprint('pyttsx3')}"
    identity = f"pyttsx3 {variant} {made_by}"
    return VoiceChoice("pyttsx3", variant, identity, partial(Pyttsx3, variant), "espeakng-loader")


class Pyttsx3:
    """eSpeak through pyttsx3, which is always available. Its own pauses between sentences are clearer than ours."""

    #: eSpeak's rate setting for each word per minute that is actually spoken.
    RATE = 1.24
    #: The length of its pause between two sentences, in words.
    PAUSE_IN_WORDS = 0.9

    def __init__(self, variant: str = ESPEAK_VARIANT) -> None:
        from ivr.audio.espeak import ESpeak

        try:
            self._espeak = ESpeak(variant)
        except (ImportError, OSError, RuntimeError) as error:
            raise EngineMissing(
                f"pyttsx3 could not start eSpeak ({error}). Install it again: {PIP} pyttsx3 espeakng-loader"
            ) from error

    def say(self, words: str, words_a_minute: float, pause: float) -> tuple[Samples, int]:
        pauses = len(_BETWEEN_SENTENCES.findall(words)) * self.PAUSE_IN_WORDS
        faster = min(1 + pauses / len(words.split()), MOST_MADE_UP)
        return self._espeak.say(for_engine("pyttsx3", words), round(words_a_minute * self.RATE * faster))


#: The version of a package that is not installed.
_NOT_HERE = "none"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _NOT_HERE
