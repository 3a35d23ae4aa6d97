"""pyttsx3 with eSpeak NG, tuned to be as clear as possible on a telephone.

eSpeak comes with the `espeakng-loader` package, so no system package is needed. Without
changes, a third of its words are lost on a telephone. Each of these helped, judged by a speech
recogniser on telephone sound. The most helpful comes first:

- the variant `edward` with the American accent, which is clearer than the British one;
- a short pause between words, with the words spoken faster to make up for it;
- a lower voice: it is played a little slower than it was made, so that more of its consonants
  are inside the band that a telephone carries;
- the hiss of s, f, t and th is above that band and would be lost, so noise of the same loudness
  is added at the top of the band, where it can be heard.

These did not help: other pitches and pitch ranges, compression, a boost of high frequencies,
stressed words made longer or louder, and more words between two pauses.
"""

from __future__ import annotations

import ctypes
from typing import Any

import espeakng_loader
import numpy as np
from scipy import signal

from ivr.audio.telephone import Samples

#: In eSpeak's unit: hundredths of a second at its normal speed.
WORD_GAP = 8
#: Sounds are played at this fraction of the speed at which they were made.
LOWERED = 0.85
#: eSpeak's number for the setting "pause between words", which pyttsx3 has no name for.
_WORD_GAP_PARAMETER = 7
#: The hiss above LOST (Hz) is replaced by noise in HEARD, this many times as loud.
LOST, HEARD, BROUGHT = 3600.0, (2400.0, 3500.0), 2.0


class ESpeak:
    """One eSpeak. A process can have only one, and it says one thing at a time.

    We use pyttsx3's bindings to eSpeak, but not its event loop. The loop gets sound from a thread of
    eSpeak's, and about once in fifty times mistakes the end of one sentence for the end of the next,
    which then comes out empty. In synchronous mode, eSpeak says the same words the same way each time.
    """

    def __init__(self, variant: str) -> None:
        # Load this first: pyttsx3 looks eSpeak up by name, and then finds this library and not the system's.
        # Not with RTLD_GLOBAL: Piper contains an eSpeak of its own, and would call into this one and crash.
        ctypes.CDLL(espeakng_loader.get_library_path())
        from pyttsx3.drivers import _espeak as espeak

        self._taken, self._variant = bytearray(), variant.encode()
        self._made_at = espeak.Initialize(
            espeak.AUDIO_OUTPUT_SYNCHRONOUS, 1000, espeakng_loader.get_data_path().encode()
        )
        if self._made_at <= 0 or espeak.SetVoiceByName(variant.encode()):
            raise OSError("it does not start")
        espeak.SetParameter(_WORD_GAP_PARAMETER, WORD_GAP, 0)
        espeak.SetSynthCallback(self._take)
        self._espeak = espeak

    def say(self, words: str, rate: int) -> tuple[Samples, int]:
        """Speak words at a rate in eSpeak's own words per minute. Returns samples and sample rate.

        What stands in double square brackets is in eSpeak's own phonemes.
        """
        self._taken.clear()
        self._espeak.SetVoiceByName(self._variant)  # another voice of this process may have spoken since
        self._espeak.SetParameter(self._espeak.RATE, rate, 0)
        self._espeak.Synth(words.encode(), flags=self._espeak.CHARS_UTF8 | self._espeak.PHONEMES)
        if not self._taken:
            raise OSError(f"eSpeak says nothing for: {words}")
        played_at = round(self._made_at * LOWERED)
        samples = np.frombuffer(bytes(self._taken), "<i2").astype(np.float32) / np.float32(32768)
        return _with_hiss(samples, played_at), played_at

    def _take(self, sound: Any, samples: int, events: object) -> int:
        """eSpeak calls this with each piece of sound."""
        if samples:
            self._taken += ctypes.string_at(sound, samples * 2)
        return 0


def _with_hiss(samples: Samples, rate: int) -> Samples:
    """The sound, with the hiss that a telephone would lose moved into the band that it carries."""
    lost = signal.sosfiltfilt(signal.butter(4, LOST, "highpass", fs=rate, output="sos"), samples)
    window = np.hanning(int(rate * 0.008) + 2)[1:-1]
    power = signal.fftconvolve(lost**2, window / window.sum(), mode="same")
    noise = np.random.default_rng(0).standard_normal(len(samples))  # a fixed seed makes identical files
    heard = signal.sosfiltfilt(signal.butter(4, HEARD, "bandpass", fs=rate, output="sos"), noise)
    hiss = np.sqrt(np.maximum(power, 0)) * heard / np.sqrt((heard**2).mean())
    return np.asarray(samples + BROUGHT * hiss, np.float32)
