"""pyttsx3 with eSpeak NG, made as clear on a telephone as it can be.

eSpeak comes with the `espeakng-loader` package, so no system package is needed. As it
comes, a third of its words are lost on a telephone. What helped, each tried against a
speech recogniser on telephone sound, in the order of how much it helped:

- the variant `edward` on the American accent, which is clearer than the British one;
- a short pause between words, with the words themselves spoken faster to make up for it;
- a lower voice: played a little slower than it was made, so that more of its consonants
  fall inside the band that a telephone carries;
- the hiss of s, f, t and th lies above that band and is lost, so noise as loud as that hiss
  is put at the top of the band, where it can be heard.

What did not: other pitches and pitch ranges, compression, a lift of the high tones, stressed
words made longer or louder, and more words between two pauses.
"""

from __future__ import annotations

import ctypes
from typing import Any

import espeakng_loader
import numpy as np
from scipy import signal

from ivr.audio.telephone import Samples

#: eSpeak's own unit: ten thousandths of a second at its normal speed.
WORD_GAP = 8
#: Played at this part of the speed it was made at.
LOWERED = 0.85
#: eSpeak's number for the pause between words; pyttsx3 does not name it.
_WORD_GAP_PARAMETER = 7
#: The hiss above LOST (Hz) is brought into HEARD, this many times as loud.
LOST, HEARD, BROUGHT = 3600.0, (2400.0, 3500.0), 2.0


class ESpeak:
    """One eSpeak. There can be only one in a process, and it says one thing at a time.

    Of pyttsx3, its way to eSpeak is used and not its loop: that asks for sound from a thread of
    eSpeak's own, and takes the end of one sentence for the end of the next about once in fifty
    times, which is then empty. Asked to wait, eSpeak says the same words the same way each time.
    """

    def __init__(self, variant: str) -> None:
        # Loaded first, so that pyttsx3, which asks for it by name, gets this eSpeak and not the system's.
        # Not for all to see (RTLD_GLOBAL): Piper has an eSpeak within, and would call into this one and crash.
        ctypes.CDLL(espeakng_loader.get_library_path())
        from pyttsx3.drivers import _espeak as espeak

        self._taken = bytearray()
        self._made_at = espeak.Initialize(
            espeak.AUDIO_OUTPUT_SYNCHRONOUS, 1000, espeakng_loader.get_data_path().encode()
        )
        if self._made_at <= 0 or espeak.SetVoiceByName(variant.encode()):
            raise OSError("it does not start")
        espeak.SetParameter(_WORD_GAP_PARAMETER, WORD_GAP, 0)
        espeak.SetSynthCallback(self._take)
        self._espeak = espeak

    def say(self, words: str, rate: int) -> tuple[Samples, int]:
        """Some words at a rate in eSpeak's words a minute, as samples and how many there are in a second."""
        self._taken.clear()
        self._espeak.SetParameter(self._espeak.RATE, rate, 0)
        self._espeak.Synth(words.encode(), flags=self._espeak.CHARS_UTF8)
        if not self._taken:
            raise OSError(f"eSpeak says nothing for: {words}")
        played_at = round(self._made_at * LOWERED)
        samples = np.frombuffer(bytes(self._taken), "<i2").astype(np.float32) / np.float32(32768)
        return _with_hiss(samples, played_at), played_at

    def _take(self, sound: Any, samples: int, events: object) -> int:
        """Called by eSpeak with each stretch of sound."""
        if samples:
            self._taken += ctypes.string_at(sound, samples * 2)
        return 0


def _with_hiss(samples: Samples, rate: int) -> Samples:
    """The sound, with the hiss that a telephone would lose brought to where it can be heard."""
    lost = signal.sosfiltfilt(signal.butter(4, LOST, "highpass", fs=rate, output="sos"), samples)
    window = np.hanning(int(rate * 0.008) + 2)[1:-1]
    power = signal.fftconvolve(lost**2, window / window.sum(), mode="same")
    noise = np.random.default_rng(0).standard_normal(len(samples))  # always the same, so files are too
    heard = signal.sosfiltfilt(signal.butter(4, HEARD, "bandpass", fs=rate, output="sos"), noise)
    hiss = np.sqrt(np.maximum(power, 0)) * heard / np.sqrt((heard**2).mean())
    return np.asarray(samples + BROUGHT * hiss, np.float32)
