"""Judges a recording: what makes it unusable, and what somebody should listen for.

Callers never hear a recording with a fault. A doubt is only reported, and whoever listens decides: a breath before the
first word can look like a cut, and a fan is louder in some sentences than in others.

That a recording came over a telephone is a doubt, not a fault. Callers hear everything at 8,000 samples a second, so
they lose nothing by that rate. But such a take is sent over a telephone twice. The second time blurs it a little more,
most of all from a mobile phone, and s and f suffer first. A person's voice is still easier to understand than a
synthetic one, most of all for people who hear badly. So somebody listens to it as callers would hear it, and decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.problems import Kind, Problem, kind

if TYPE_CHECKING:  # a machine that only serves calls has no libraries for sound
    from ivr.audio.telephone import Samples

#: Limits for a usable recording: least loudness (LUFS), largest share of clipped samples, lowest sample rate.
LEAST_LOUD, MOST_CLIPPED, LEAST_RATE = -40.0, 0.002, 8000
#: The lowest sample rate of a recording that has certainly not come over a telephone.
WIDE_RATE = 16000
#: Seconds per word, from and to. A shorter recording is cut off; a longer one is music or has a long silence.
SECONDS_A_WORD = (0.12, 1.2)
#: If the quietest moment of a recording is less than this many decibels below its loud ones, there is noise under the
#: words. A quiet room with a headset has more than 40.
LEAST_ABOVE_NOISE = 25.0
#: A recording whose first or last moment is less than this many decibels below its loud ones begins or ends in a word.
CUT_BELOW = 20.0
#: The length of a moment in seconds: shorter than the silence inside a p, and long enough to measure a level.
MOMENT = 0.03
#: The sound library's names for WAV.
_WAV = ("WAV", "WAVEX")


def _recording(code: str, words: str, remedy: str) -> Kind:
    return kind(f"recording-{code}", words, remedy, severity="warning")


_NO_SOUND_FILE = _recording("unreadable", "This sound file cannot be read.", "Save it as WAV, 16 bits, one channel.")
_NOT_WAV = _recording(
    "not-wav", "This is {format} and not WAV, although its name says so.", "Save it as WAV, 16 bits, one channel."
)
_LOW_RATE = _recording("low-rate", "This was recorded at {rate} samples a second.", "Record at {least} or more.")
_TELEPHONE = _recording(
    "telephone", "This was recorded at {rate} samples a second, as by a telephone.",
    "Listen whether s and f are clear. Recorded in a browser it would be clearer.",
)  # fmt: skip
_SILENT = _recording("silent", "This has almost no sound.", "Record it again, nearer to the microphone.")
_DISTORTED = _recording(
    "distorted", "This is distorted: it was recorded too loud.", "Record it again, with the level turned down."
)
_TOO_SHORT = _recording(
    "too-short", "This lasts {seconds:.1f} seconds, too short for its {words} words.", "Listen whether it is cut off."
)
_TOO_LONG = _recording(
    "too-long", "This lasts {seconds:.1f} seconds, too long for its {words} words.",
    "Listen whether it is the right file.",
)  # fmt: skip
_NOISY = _recording(
    "noisy", "There is noise under the words.", "Listen. If you hear it, close the window or move away from the fan."
)
_CUT_START = _recording(
    "cut-start", "The sound is there from the first moment on.", "Listen whether the first word is whole."
)
_CUT_END = _recording("cut-end", "The sound goes on to the last moment.", "Listen whether the last word is whole.")


def faults_of(path: Path, words: str) -> list[Problem]:
    """What is wrong with a recording that speaks these words, such as no sound; empty if callers can hear it."""
    import soundfile

    from ivr.audio import telephone

    try:
        form = soundfile.info(path).format
        samples, rate = telephone.read(path)
    except (soundfile.LibsndfileError, OSError):
        return [_NO_SOUND_FILE()]
    return [*([] if form in _WAV else [_NOT_WAV(format=form)]), *faults(samples, rate, words)]


def doubts_of(path: Path) -> list[Problem]:
    """What somebody should listen for in a recording that can be read."""
    from ivr.audio import telephone

    return list(doubts(*telephone.read(path)))


def faults(samples: Samples, rate: int, words: str) -> Iterator[Problem]:
    """What makes a sound unusable as a recording of these words."""
    from ivr.audio import telephone

    if rate < LEAST_RATE:
        yield _LOW_RATE(rate=rate, least=WIDE_RATE)
    measured = telephone.measure(samples, rate)
    if not len(samples) or measured.loudness < LEAST_LOUD:
        yield _SILENT()
        return
    clipped = float((abs(samples) >= 0.999).mean())
    if clipped > MOST_CLIPPED:
        yield _DISTORTED()
    count = len(words.split())
    least, most = (seconds * count for seconds in SECONDS_A_WORD)
    if measured.seconds < least:
        yield _TOO_SHORT(seconds=measured.seconds, words=count)
    if measured.seconds > most + 2:
        yield _TOO_LONG(seconds=measured.seconds, words=count)


def doubts(samples: Samples, rate: int) -> Iterator[Problem]:
    """What somebody should listen for: noise, words that are cut off, and a telephone."""
    if rate < WIDE_RATE:
        yield _TELEPHONE(rate=rate)
    levels = _levels(samples, rate)
    if len(levels) < 3:
        return
    loud = sorted(levels)[int(len(levels) * 0.95)]
    if loud - min(levels[i] for i in range(1, len(levels) - 1)) < LEAST_ABOVE_NOISE:
        yield _NOISY()
        return
    if loud - levels[0] < CUT_BELOW:
        yield _CUT_START()
    if loud - levels[-1] < CUT_BELOW:
        yield _CUT_END()


def _levels(samples: Samples, rate: int) -> list[float]:
    """The level of each moment in decibels. The last moment ends with the sound."""
    import numpy as np

    size = max(1, int(rate * MOMENT))
    count = len(samples) // size
    framed = samples[len(samples) - count * size :].reshape(count, size)
    power = (framed.astype(np.float64) ** 2).mean(axis=1)
    return [float(level) for level in 10 * np.log10(np.maximum(power, 1e-12))]
