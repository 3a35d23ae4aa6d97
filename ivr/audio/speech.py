"""Detects whether a recording may contain speech. Nobody needs to listen to a pocket call without any.

A message that is wrongly put aside is a caller who is not rung; one that is wrongly kept costs an adviser ten seconds.
So a recording counts as speech unless it certainly has none. There are five ways to be certain:

- silence: nothing in it is louder than a line's own noise;
- nothing stands out: steady noise or hum has no syllables;
- what stands out is short: a click, or a knock;
- what stands out is tones: keys that were pressed, a beep, an engaged tone. Nearly all of its sound is at one or two
  frequencies. Music has more, and is kept;
- what stands out is noise of one colour, with no voice in it: a street, wind, breath. A whisper has no voice either,
  but each of its sounds has another colour, so it is kept. So is cloth that rubs on the microphone: it sounds too
  much like one.

The figures below lie between what was measured of speech and of everything else: `tests/test_speech.py` has the table.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from ivr.audio.telephone import BAND, TELEPHONE_RATE, Samples

Frames = NDArray[np.float64]

#: Samples per frame, and from one frame to the next: 32 and 16 ms.
FRAME, STEP = 256, 128
#: Frequency bands in which a sound is measured.
BANDS = 10
#: A frame below this level (dB of full scale) is silence. Speech far from a phone is five times as loud.
SILENT = -66.0
#: A frame stands out if at least STANDS_OUT_BANDS bands are this many dB above their usual level.
STANDS_OUT, STANDS_OUT_BANDS = 6.0, 2
#: Seconds that must stand out. A short word in equally loud noise stands out half as long again.
LEAST_SECONDS = 0.12
#: The share of a frame's energy at its two strongest frequencies that makes it a tone; the share of all energy that
#: makes a recording mostly tones; and how many frames beside a tone still contain some of it.
TONE, MOSTLY_TONES, BESIDE_TONES = 0.9, 0.8, 3
#: The autocorrelation at the pitch period above which a frame is voiced; and how many voiced frames in a row make a
#: vowel.
VOICED, VOWEL_FRAMES = 0.6, 3
#: Pitches of voices, in Hz.
PITCH = (70.0, 400.0)
#: The colour of a sound is how its energy is spread over COLOUR_BANDS bands, smoothed over a syllable of COLOUR_FRAMES
#: frames. In speech, the colour changes by at least COLOUR dB.
COLOUR_BANDS, COLOUR_FRAMES, COLOUR = 6, 7, 1.1
#: Seconds for which the colour must differ by that much: the length of a short word.
COLOUR_SECONDS = 0.18


@dataclass(frozen=True)
class Measurements:
    """Measurements of a recording.

    `peak`: its loudest frame, in dB of full scale. `seconds`: how long something stands out. `tones`: the share of that
    energy which is tones, and `besides` the seconds which are not. `vowels`: seconds of voice. `colour`: by how many dB
    its colour changes.
    """

    peak: float
    seconds: float = 0.0
    tones: float = 0.0
    besides: float = 0.0
    vowels: float = 0.0
    colour: float = 0.0

    @property
    def may_be_speech(self) -> bool:
        """False only if it is certain that there is no speech."""
        if self.peak < SILENT or self.seconds < LEAST_SECONDS:
            return False
        if self.tones > MOSTLY_TONES and self.besides < LEAST_SECONDS:
            return False
        return self.vowels > 0 or self.colour > COLOUR


def may_hold_speech(wav: bytes) -> bool:
    """Whether somebody should listen to a recording. A recording that cannot be read counts as speech."""
    try:
        samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    except soundfile.SoundFileError:
        return True
    return measured(samples.mean(axis=1), rate).may_be_speech


def measured(samples: Samples, rate: int = TELEPHONE_RATE) -> Measurements:
    """Measure a recording of any sample rate."""
    if rate != TELEPHONE_RATE:
        import soxr

        samples = soxr.resample(samples, rate, TELEPHONE_RATE)
    if len(samples) < FRAME:
        return Measurements(peak=-np.inf)
    waves = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), FRAME)[::STEP]
    power = np.abs(np.fft.rfft(waves * np.hanning(FRAME), axis=1)) ** 2
    bands = _in_bands(power, BANDS, 3)
    level = 10 * np.log10((waves**2).mean(axis=1) + 1e-12)
    peak = float(level.max())
    out = ((bands - np.percentile(bands, 10, axis=0)) > STANDS_OUT).sum(axis=1) >= STANDS_OUT_BANDS
    out &= level > SILENT
    if not out.any():
        return Measurements(peak)
    energy, is_tone = power.sum(axis=1), (_share_of_two(power) > TONE) & out
    near_tone = np.convolve(is_tone, np.ones(2 * BESIDE_TONES + 1), mode="same") > 0
    second = TELEPHONE_RATE / STEP
    return Measurements(
        peak,
        seconds=float(out.sum() / second),
        tones=float(energy[is_tone].sum() / energy[out].sum()),
        besides=float((out & ~near_tone).sum() / second),
        vowels=_vowels(waves, out) / second,
        colour=_colour(power[level > SILENT]),
    )


def _in_bands(power: Frames, bands: int, evened: int) -> Frames:
    """The energy of each frame in dB per band (wider towards the top), smoothed over `evened` frames."""
    edges = np.linspace(BAND[0] ** 0.7, BAND[1] ** 0.7, bands + 1) ** (1 / 0.7) * FRAME / TELEPHONE_RATE
    starts = np.round(edges).astype(int)
    energy = np.add.reduceat(power[:, : starts[-1]], starts[:-1], axis=1)
    window = np.ones(evened) / evened
    smooth = np.apply_along_axis(lambda band: np.convolve(band, window, mode="same"), 0, energy)
    return np.asarray(10 * np.log10(smooth + 1e-7))


def _share_of_two(power: Frames) -> Frames:
    """The share of each frame's energy at its two strongest frequencies."""
    left, share = power.copy(), np.zeros(len(power))
    total = power.sum(axis=1) + 1e-12
    rows = np.arange(len(power))[:, None]
    for _ in range(2):
        around = np.clip(left.argmax(axis=1)[:, None] + np.arange(-2, 3), 0, power.shape[1] - 1)
        share += left[rows, around].sum(axis=1) / total
        left[rows, around] = 0.0
    return share


def _vowels(waves: Frames, out: NDArray[np.bool_]) -> int:
    """How many of the frames that stand out are voiced, counting only runs as long as a vowel."""
    centred = waves - waves.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * FRAME, axis=1)
    likeness = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :FRAME]
    # with a longer pitch period, less of the frame can be compared
    likeness /= (likeness[:, :1] + 1e-9) * (1 - np.arange(FRAME) / FRAME)
    shortest, longest = (int(TELEPHONE_RATE / pitch) for pitch in reversed(PITCH))
    voiced = (likeness[:, shortest:longest].max(axis=1) > VOICED) & out
    total = run = 0
    for is_voiced in [*voiced, False]:
        run = run + 1 if is_voiced else 0
        total += VOWEL_FRAMES if run == VOWEL_FRAMES else run > VOWEL_FRAMES
    return total


def _colour(power: Frames) -> float:
    """By how many dB the spread of energy over the bands differs from usual, in the frames where it differs most (as
    many as a short word has). It is smoothed over a syllable, so that noise differs little from itself.
    """
    bands = _in_bands(power, COLOUR_BANDS, COLOUR_FRAMES)
    spread = bands - bands.mean(axis=1, keepdims=True)
    differs = np.sort(np.sqrt(((spread - np.median(spread, axis=0)) ** 2).mean(axis=1)))
    return float(differs[-min(len(differs), round(COLOUR_SECONDS * TELEPHONE_RATE / STEP))])
