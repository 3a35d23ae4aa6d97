"""What a caller hears, as one sound: some words, or a whole call with its keys and tones.

Everything is in telephone quality: 8,000 samples a second, telephone bandwidth, µ-law. Existing sound files are used,
and missing sounds are made here. Two things are left out: the short gap that Twilio leaves between two sounds, and most
of the silence while the line waits for a key.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import soundfile

from ivr.audio import engines, telephone
from ivr.audio.clips import RENDERED, Clip, clip
from ivr.audio.engines import Engine, EngineMissing, VoiceChoice
from ivr.audio.recordings import Recordings
from ivr.audio.telephone import TELEPHONE_RATE, Samples
from ivr.script import Script
from ivr.script.session import HangUp, Input, Key, NoInput, Record, Recorded, Transfer, TransferEnded, Turn
from ivr.spoken import Speech, as_said

#: Seconds of silence that represent any wait for a key, and seconds before each key press.
WAITED, THINKING = 2.0, 0.7
#: Length of a key's tone and the gap between two keys, in seconds, and the amplitude of every tone.
KEY_SECONDS, KEY_GAP, TONE = 0.12, 0.1, 0.12
#: The rows and columns of a keypad, in Hz (ITU-T Q.23).
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)
_KEYS = "123456789*0#"
#: British ringing tone: its two frequencies in Hz, and its seconds of sound and silence.
_RINGING, _RINGS = (400, 450), (0.4, 0.2, 0.4, 1.0)
#: The tone before a message is recorded: Hz and seconds.
_BEEP, _BEEP_SECONDS = 1000, 0.4


class Ear:
    """Renders speech or a call as a caller's phone plays it. Raises EngineMissing if no voice can speak."""

    def __init__(self, script: Script, folder: Path, voice: str | None = None):
        """`voice`: one voice for everything. By default, what callers hear: recordings, then the best voice."""
        self._script, self._folder = script, folder
        speech = script.line.speech
        self._choices = [engines.choice_of(voice, speech)] if voice else engines.choices(speech)
        self._recorded = {} if voice else Recordings(folder, script).names()
        self._clip = cache(self._made)

    @cached_property
    def _speaker(self) -> tuple[VoiceChoice, Engine]:
        """The best voice that is ready."""
        reasons = []
        for choice in self._choices:
            try:
                return choice, choice.ready()
            except EngineMissing as reason:
                reasons.append(str(reason))
        raise EngineMissing("\n".join(reasons))

    @property
    def voice(self) -> str:
        """The name of the voice, for messages."""
        return str(self._speaker[0])

    def speech(self, said: Speech, *, slow: bool = False) -> Samples:
        """Words and pauses, as they are played one after another."""
        stretch = self._script.line.pace.slow_pauses if slow else 1.0
        pieces = [
            self._clip(clip(self._script, piece, slow)) if isinstance(piece, str) else _silence(float(piece) * stretch)  # type: ignore[arg-type]
            for piece in said
        ]
        return _joined(pieces)

    def call(self, happened: Iterable[Input | Turn]) -> Samples:
        """A call: what the line says, with the caller's key presses and waits as tones and short silences between."""
        pieces: list[Samples] = []
        for each in happened:
            pieces += [*self._turn(each)] if isinstance(each, Turn) else [_sound_of(each)]
        return _joined(pieces)

    def _turn(self, turn: Turn) -> Iterable[Samples]:
        yield self.speech(turn.says, slow=turn.session.slow)
        match turn.then:
            case Transfer():
                ring, gap, again, pause = _RINGS
                yield from (_tone(_RINGING, ring), _silence(gap), _tone(_RINGING, again), _silence(pause))
            case Record():
                yield _tone((_BEEP,), _BEEP_SECONDS)
            case HangUp():
                yield _silence(THINKING)

    def _made(self, clip: Clip) -> Samples:
        """The sound of a clip, from the file that callers hear. A missing one is rendered, and not written to disk."""
        choice, engine = self._speaker
        name = self._recorded.get(clip) or clip.name(choice.identity, self._script.respelt)
        path = self._folder / RENDERED / name
        if path.is_file():
            return telephone.read(path)[0]
        words = as_said(clip.words, self._script.respelt)
        try:
            sound, rate = engines.say(engine, words, self._script.line.pace, slow=clip.slow)
            narrow = telephone.telephone(sound, rate)[0]
        except Exception as error:  # onnxruntime can raise anything
            raise EngineMissing(f"{choice} could not say: '{clip.words}'") from error
        if not narrow.any():
            raise EngineMissing(f"{choice} says nothing for: '{clip.words}'")
        return narrow


def as_file(samples: Samples) -> bytes:
    """A 16-bit WAV that every player can play, with the quality loss of µ-law."""
    narrow, wide = io.BytesIO(), io.BytesIO()
    soundfile.write(narrow, samples, TELEPHONE_RATE, format="WAV", subtype="ULAW")
    narrow.seek(0)
    heard, rate = soundfile.read(narrow, dtype="int16")
    soundfile.write(wide, heard, rate, format="WAV", subtype="PCM_16")
    return wide.getvalue()


def _sound_of(event: Input) -> Samples:
    """The sound of what a caller did."""
    match event:
        case Key(keys):
            tones = [piece for key in keys for piece in (_key(key), _silence(KEY_GAP))]
            return _joined([_silence(THINKING), *tones])
        case NoInput():
            return _silence(WAITED)
        case Recorded(seconds=seconds):
            return _silence(min(float(seconds), WAITED))
        case TransferEnded():
            return _silence(THINKING)
        case _:
            return _silence(0)


def _key(key: str) -> Samples:
    row, column = divmod(_KEYS.index(key), len(_COLUMNS))
    return _tone((_ROWS[row], _COLUMNS[column]), KEY_SECONDS)


def _tone(hertz: tuple[int, ...], seconds: float) -> Samples:
    at = np.arange(int(seconds * TELEPHONE_RATE)) / TELEPHONE_RATE
    waves = sum(np.sin(2 * np.pi * each * at) for each in hertz)
    return np.asarray(TONE * waves / len(hertz), np.float32)


def _silence(seconds: float) -> Samples:
    return telephone.silence(seconds, TELEPHONE_RATE)


def _joined(pieces: list[Samples]) -> Samples:
    return np.concatenate(pieces) if pieces else _silence(0)
