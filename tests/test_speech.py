"""Whether a recording may have speech in it, on rendered voices at telephone quality and on all that is none.

What is measured here is where the figures in `ivr/audio/speech.py` come from. `pytest -s -k measured` prints them.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy import linalg, signal

from ivr.audio import engines, speech, telephone
from ivr.audio.speech import Measurements, may_hold_speech
from ivr.audio.voices import WITH_THE_PACKAGE
from ivr.script import Script

RATE = telephone.TELEPHONE_RATE
Wave = NDArray[np.float64]

#: Mostly short words, which are the hardest to detect.
SAID = [
    "Help.",
    "Yes.",
    "Please ring me.",
    "She is seven.",
    "My number is oh seven seven double oh, nine hundred, one two three.",
]

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def voices(shipped: Script) -> dict[str, Wave]:
    """Each of the words in both of the voices that come with the packages."""
    choices = [engines.choice_of(voice, shipped.line.speech) for voice in (WITH_THE_PACKAGE, "pyttsx3")]
    found = {}
    for choice in choices:
        engine = choice.ready()
        for words in SAID:
            narrow, _ = telephone.telephone(*engines.say(engine, words, shipped.line.pace, slow=False))
            found[f"{choice.engine}: {words[:16]}"] = narrow.astype(np.float64)
    return found


# --- what there is besides speech -------------------------------------------------------------


def _noise(seconds: float) -> Wave:
    return np.random.default_rng(7).standard_normal(int(seconds * RATE))


def _pink(seconds: float) -> Wave:
    spectrum = np.fft.rfft(_noise(seconds))
    each = np.maximum(np.fft.rfftfreq(int(seconds * RATE), 1 / RATE), 20)
    return np.fft.irfft(spectrum / np.sqrt(each), int(seconds * RATE))


def _on_a_line(wave: Wave) -> Wave:
    sections = signal.butter(4, telephone.BAND, "bandpass", fs=RATE, output="sos")
    return np.asarray(signal.sosfilt(sections, wave))


def _time(seconds: float) -> Wave:
    return np.arange(int(seconds * RATE)) / RATE


def _street(seconds: float) -> Wave:
    """Noise that swells and falls, as of cars that go by."""
    return _on_a_line(_pink(seconds)) * (1 + 0.5 * np.sin(2 * np.pi * 0.3 * _time(seconds)))


def _at(wave: Wave, level: float) -> Wave:
    """At this level, in dB below full scale."""
    return wave / np.sqrt((wave**2).mean()) * 10 ** (level / 20)


def _tones(*pitches: float, seconds: float) -> Wave:
    return sum((np.sin(2 * np.pi * pitch * _time(seconds)) for pitch in pitches), np.zeros(int(seconds * RATE)))


def _keys() -> Wave:
    """Keys that somebody presses."""
    pairs = [(697, 1209), (941, 1336), (697, 1336), (770, 1336), (697, 1477), (852, 1477)]
    return np.concatenate([np.r_[_at(_tones(*pair, seconds=0.2), -12), np.zeros(2400)] for pair in pairs])


def _hum(seconds: float) -> Wave:
    return sum((np.sin(2 * np.pi * 50 * k * _time(seconds)) / k for k in range(1, 20)), np.zeros(int(seconds * RATE)))


def _click() -> Wave:
    wave = np.zeros(10 * RATE)
    wave[20000:20040] = _noise(1)[:40] / 2
    return wave


def _every(seconds: float, lasts: float, wave: Wave) -> Wave:
    return wave * (_time(len(wave) / RATE) % seconds < lasts)


def _music() -> Wave:
    notes = [
        sum((_tones(pitch * k, seconds=0.5) / k for k in range(1, 5)), np.zeros(RATE // 2)) for pitch in (262, 330, 392)
    ]
    return np.tile(np.concatenate(notes), 6)


NOTHING: dict[str, Callable[[], Wave]] = {
    "silence": lambda: np.zeros(10 * RATE),
    "shorter than anything": lambda: np.zeros(100),
    "a line's own noise": lambda: _at(_noise(10), -65),
    "steady noise": lambda: _at(_noise(10), -35),
    "a minute of steady noise": lambda: _at(_noise(60), -30),
    "steady low noise": lambda: _at(_pink(10), -20),
    "a street": lambda: _at(_street(10), -25),
    "a minute of a street": lambda: _at(_street(60), -25),
    "breath": lambda: _at(_on_a_line(_pink(10)) * np.maximum(0, np.sin(2 * np.pi * 0.3 * _time(10))) ** 2, -35),
    "hum": lambda: _at(_hum(10), -20),
    "one tone": lambda: _at(_tones(440, seconds=10), -20),
    "keys": lambda: np.r_[np.zeros(RATE), _keys(), np.zeros(RATE)],
    "an engaged tone": lambda: _at(_every(0.75, 0.375, _tones(400, seconds=10)), -20),
    "an engaged tone on a noisy line": lambda: (
        _at(_every(0.75, 0.375, _tones(400, seconds=10)), -20) + _at(_noise(10), -45)
    ),
    "a phone that rings": lambda: _at(_every(3, 0.4, _tones(400, 450, seconds=10)), -20),
    "a fax": lambda: _at(_every(3, 0.5, _tones(1100, seconds=10)), -20),
    "a click": _click,
    "a click on a noisy line": lambda: _click() + _at(_noise(10), -50),
}

#: Not speech either, and kept: it is too much like it, or like a whisper.
IN_DOUBT: dict[str, Callable[[], Wave]] = {
    "music": lambda: _at(_music(), -20),
    "cloth on the microphone": lambda: _at(
        _on_a_line(_noise(10)) * np.repeat(np.random.default_rng(3).random(100) ** 3, 800), -25
    ),
}


# --- what is done to speech -------------------------------------------------------------------


def _among(wave: Wave, other: Callable[[float], Wave], below: float) -> Wave:
    """Half a second in, within ten seconds of something else that is so many dB quieter."""
    level = 10 * np.log10((wave**2).mean())
    behind = _at(other(max(10.0, len(wave) / RATE + 1)), level - below)
    behind[4000 : 4000 + len(wave)] += wave
    return behind


def _whispered(wave: Wave) -> Wave:
    """The same mouth with breath in place of a voice: its resonances, found by linear prediction, driven by noise."""
    size, order, random = 240, 12, np.random.default_rng(5)
    out = np.zeros(len(wave))
    for start in range(0, len(wave) - size, size // 2):
        frame = wave[start : start + size] * np.hanning(size)
        likeness = np.correlate(frame, frame, "full")[size - 1 : size + order]
        if likeness[0] < 1e-7:
            continue
        column = likeness[:-1] * np.r_[1.001, np.ones(order - 1)]
        ahead = linalg.solve_toeplitz(column, likeness[1:])
        breath = np.sqrt(max(likeness[0] - ahead @ likeness[1:], 1e-12) / size) * random.standard_normal(size)
        out[start : start + size] += signal.lfilter([1], np.r_[1, -ahead], breath) * np.hanning(size)
    return out


def _behind(first: Wave, wave: Wave) -> Wave:
    return np.concatenate([first, np.zeros(RATE), wave, np.zeros(RATE)])


SPOKEN: dict[str, Callable[[Wave], Wave]] = {
    "by itself": lambda wave: wave,
    "in silence": lambda wave: np.r_[np.zeros(4000), wave, np.zeros(4 * RATE)],
    "far from the phone, 36 dB quieter": lambda wave: np.r_[np.zeros(4000), wave, np.zeros(4000)] * 10 ** (-36 / 20),
    "in noise 10 dB below": lambda wave: _among(wave, _noise, 10),
    "in noise as loud": lambda wave: _among(wave, _noise, 0),
    "in a street 5 dB below": lambda wave: _among(wave, _street, 5),
    "in a street as loud": lambda wave: _among(wave, _street, 0),
    "in hum as loud": lambda wave: _among(wave, _hum, 0),
    "whispered": lambda wave: np.r_[np.zeros(4000), _whispered(wave), np.zeros(4000)],
    "whispered far from the phone": lambda wave: np.r_[np.zeros(4000), _whispered(wave), np.zeros(4000)] / 10,
    "whispered in a street 10 dB below": lambda wave: _among(_whispered(wave), _street, 10),
    "quiet, behind a loud beep": lambda wave: _behind(_at(_tones(1000, seconds=0.5), -10), wave / 30),
    "quiet, behind keys": lambda wave: _behind(_keys(), wave / 30),
    "quiet, behind a click": lambda wave: _behind(_click()[19000:21000], wave / 30),
}


def _recorded(wave: Wave) -> bytes:
    """As Twilio keeps it: what a telephone's eight bits leave, in a WAV file of sixteen."""
    narrow, wide = io.BytesIO(), io.BytesIO()
    soundfile.write(narrow, wave, RATE, format="WAV", subtype="ULAW")
    narrow.seek(0)
    soundfile.write(wide, soundfile.read(narrow)[0], RATE, format="WAV", subtype="PCM_16")
    return wide.getvalue()


def _measured(wave: Wave) -> Measurements:
    samples, _ = soundfile.read(io.BytesIO(_recorded(wave)), dtype="float32")
    return speech.measured(samples)


@pytest.mark.parametrize("how", SPOKEN)
def test_whoever_speaks_is_kept(voices: dict[str, Wave], how: str) -> None:
    lost = [said for said, wave in voices.items() if not may_hold_speech(_recorded(SPOKEN[how](wave)))]

    assert lost == []


@pytest.mark.parametrize("what", NOTHING)
def test_what_is_certainly_no_speech_is_put_aside(what: str) -> None:
    assert not may_hold_speech(_recorded(NOTHING[what]()))


@pytest.mark.parametrize("what", IN_DOUBT)
def test_what_may_be_speech_is_kept(what: str) -> None:
    assert may_hold_speech(_recorded(IN_DOUBT[what]()))


@pytest.mark.parametrize("content", [b"", b"RIFF sound", b"ID3 no WAV file at all"])
def test_a_recording_that_cannot_be_read_counts_as_speech(content: bytes) -> None:
    """That it could not be looked at does not mean that there is nothing in it."""
    assert may_hold_speech(content)


def test_a_recording_at_another_rate_and_in_two_channels_is_judged_alike(voices: dict[str, Wave]) -> None:
    twice = signal.resample_poly(voices["pyttsx3: Help."], 2, 1)
    for wave, is_speech in ((twice, True), (np.zeros(RATE), False)):
        out = io.BytesIO()
        soundfile.write(out, np.stack([wave, wave], axis=1), 2 * RATE, format="WAV", subtype="PCM_16")

        assert may_hold_speech(out.getvalue()) == is_speech


def test_what_was_measured_lies_well_apart(voices: dict[str, Wave]) -> None:
    """The figures that decide, for the quietest and shortest speech and for the most speech-like of the rest."""
    spoken = {how: [_measured(change(wave)) for wave in voices.values()] for how, change in SPOKEN.items()}
    other = {what: _measured(made()) for what, made in NOTHING.items()}
    for name, rows in [*spoken.items(), *((name, [one]) for name, one in other.items())]:
        print(  # noqa: T201
            f"{name:36} peak {min(m.peak for m in rows):6.1f}  stands out {min(m.seconds for m in rows):5.2f} s"
            f"  tones {max(m.tones for m in rows):4.2f}  besides {min(m.besides for m in rows):5.2f} s"
            f"  vowels {min(m.vowels for m in rows):5.2f} s  colour {min(m.colour for m in rows):5.2f} dB"
        )
    every = [m for rows in spoken.values() for m in rows]
    no_voice = [m for m in other.values() if m.seconds >= speech.LEAST_SECONDS and m.tones <= speech.MOSTLY_TONES]

    assert min(m.peak for m in every) > speech.SILENT + 6
    assert min(m.seconds for m in every) > speech.LEAST_SECONDS * 1.25
    assert min(m.besides for m in every if m.tones > speech.MOSTLY_TONES) > speech.LEAST_SECONDS * 1.25
    assert min(m.colour for m in every if not m.vowels) > speech.COLOUR > max(m.colour for m in no_voice)
    assert not any(m.vowels for m in no_voice)
