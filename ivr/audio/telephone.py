"""Converts a voice's sound to telephone sound, and measures sounds.

A telephone carries 300 to 3400 Hz, with 8,000 samples a second of 8 bits each in µ-law. The files made here already
have that format, so a phone plays exactly what was measured. A master at 16 kHz is kept beside each, for listening in a
browser.

Needs the libraries for sound. A machine that only serves calls handles file names, and never imports this. The largest
libraries take a second to import, so the functions that need them import them.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ivr.audio.clips import write_sound

Samples = NDArray[np.float32]

TELEPHONE_RATE, MASTER_RATE = 8000, 16000
#: Loudness of every sound, in LUFS.
LOUDNESS = -20.0
#: The largest sample allowed. µ-law clips above it, and is coarse just below it.
PEAK = 0.89
BAND = (300.0, 3400.0)
#: Silence longer than this is a pause, and does not count as speaking.
PAUSE_SECONDS = 0.25
#: Silence is sound this much quieter than the loudest sample, or below this absolute level.
QUIET, FAINT = 10 ** (-45 / 20), 10 ** (-70 / 20)


@dataclass(frozen=True)
class Measured:
    """Measurements of a sound: seconds, loudness in LUFS, its largest sample, and seconds of speech without pauses."""

    seconds: float
    loudness: float
    peak: float
    speaking: float


def telephone(samples: Samples, rate: int) -> tuple[Samples, Samples]:
    """A voice's sound as telephone sound at 8 kHz, and as a master at 16 kHz. Both are trimmed and equally loud."""
    import soxr

    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    trimmed = trim(np.asarray(mono, np.float32), rate)
    narrow = _band(soxr.resample(trimmed, rate, TELEPHONE_RATE, quality="VHQ"), TELEPHONE_RATE)
    wide = soxr.resample(trimmed, rate, MASTER_RATE, quality="VHQ")
    return _even(narrow, TELEPHONE_RATE), _even(wide, MASTER_RATE)


def _band(samples: Samples, rate: int) -> Samples:
    """Limit a sound to telephone bandwidth, so that nothing is lost on the way."""
    from scipy import signal

    sections = signal.butter(4, BAND, btype="bandpass", fs=rate, output="sos")
    padded = np.concatenate([samples, np.zeros(rate // 20, samples.dtype)])
    return np.asarray(signal.sosfilt(sections, padded), np.float32)


def _even(samples: Samples, rate: int) -> Samples:
    """Bring a sound to the common loudness. The few highest peaks are limited smoothly, not clipped."""
    found = loudness(samples, rate)
    if not np.isfinite(found):
        return samples
    louder = samples * np.float32(10 ** ((LOUDNESS - found) / 20))
    return _limited(louder)


def _limited(samples: Samples) -> Samples:
    knee = PEAK * 0.7
    loud = np.abs(samples) > knee
    if loud.any():
        over = np.abs(samples[loud]) - knee
        samples = samples.copy()
        samples[loud] = np.sign(samples[loud]) * (knee + (PEAK - knee) * np.tanh(over / (PEAK - knee)))
    return samples


def loudness(samples: Samples, rate: int) -> float:
    """Loudness in LUFS. A sound shorter than the meter's block is repeated until it is long enough."""
    import pyloudnorm

    least = rate
    if len(samples) and len(samples) < least:
        samples = np.tile(samples, -(-least // len(samples)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (
            float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64))) if len(samples) else -np.inf
        )


def trim(samples: Samples, rate: int, keep: float = 0.04) -> Samples:
    """Remove the silence at both ends, except for `keep` seconds. A soft f or th does not count as silence."""
    peak = np.abs(samples).max() if len(samples) else 0.0
    loud = np.flatnonzero(np.abs(samples) > max(peak * QUIET, FAINT))
    if not len(loud):
        return samples[:0]
    margin = int(rate * keep)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def silence(seconds: float, rate: int) -> Samples:
    return np.zeros(int(seconds * rate), np.float32)


def lasting(samples: Samples, rate: int, seconds: float) -> Samples:
    """The sound, padded with silence at its end if it is shorter than this many seconds."""
    return np.concatenate([samples, silence(max(0.0, seconds - len(samples) / rate), rate)])


def measure(samples: Samples, rate: int) -> Measured:
    peak = float(np.abs(samples).max()) if len(samples) else 0.0
    return Measured(len(samples) / rate, loudness(samples, rate), peak, _speaking(samples, rate))


def _speaking(samples: Samples, rate: int) -> float:
    """The length of a sound in seconds, without its pauses."""
    window = max(1, rate // 100)
    frames = len(samples) // window
    if not frames:
        return 0.0
    level = np.sqrt((samples[: frames * window].reshape(frames, window) ** 2).mean(axis=1))
    quiet, total, run = level < level.max() * QUIET, frames, 0
    for is_quiet in [*quiet, False]:
        if is_quiet:
            run += 1
            continue
        if run * 0.01 > PAUSE_SECONDS:
            total -= run
        run = 0
    return total * 0.01


# --- files ----------------------------------------------------------------------------------


def write_telephone(path: Path, samples: Samples) -> None:
    """Write an 8 kHz µ-law WAV, completely or not at all."""
    out = io.BytesIO()
    soundfile.write(out, samples, TELEPHONE_RATE, format="WAV", subtype="ULAW")
    write_sound(path, out.getvalue())


def write_master(path: Path, samples: Samples) -> None:
    """Write a 16 kHz FLAC, completely or not at all."""
    out = io.BytesIO()
    soundfile.write(out, samples, MASTER_RATE, format="FLAC", subtype="PCM_16")
    write_sound(path, out.getvalue())


def read(path: Path) -> tuple[Samples, int]:
    """A sound file as mono samples and their rate."""
    samples, rate = soundfile.read(path, dtype="float32")
    return (samples if samples.ndim == 1 else samples.mean(axis=1)), rate
