"""Hearing the line without a phone: what is written is measured, and what cannot be written is told."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from ivr.audio import hearing, telephone
from ivr.audio.clips import RENDERED, clip
from ivr.audio.engines import choice_of
from ivr.audio.hearing import Ear
from ivr.cli import commands
from ivr.cli.common import Stop
from ivr.machine import config
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.practice.transcript import TranscriptEntry
from ivr.script import Script
from ivr.script.session import Key, NoInput
from tests.line import OPEN

pytestmark = pytest.mark.timeout(240)
IVR = Path(sys.executable).parent / "ivr"
WORDS = "You can ask the council for a meeting about your child. We can help you to get ready for it."
RATE = telephone.TELEPHONE_RATE


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("IVR_AUDIO", str(tmp_path / "audio"))
    monkeypatch.chdir(tmp_path)


def _ivr(*arguments: str, keys: str = "") -> Result:
    result = CliRunner().invoke(commands, arguments, input=keys)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def _heard(path: Path) -> telephone.Samples:
    facts = soundfile.info(path)
    assert (facts.format, facts.samplerate, facts.channels, facts.subtype) == ("WAV", 8000, 1, "PCM_16")
    return telephone.read(path)[0]


# --- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("voice", ["heart", "pyttsx3"])
def test_words_sound_as_a_telephone_carries_them_in_either_voice_and_pace(voice: str, tmp_path: Path) -> None:
    """At the pace that was set, evenly loud, not clipped, and nothing outside the band of a telephone."""
    seconds = {}
    for pace, least, most in (("normal", 115, 175), ("slow", 85, 145)):
        file = tmp_path / f"{pace}.wav"
        _ivr("say", WORDS, "-o", str(file), "--voice", voice, *(["--slow"] if pace == "slow" else []))
        heard = _heard(file)
        measured = telephone.measure(heard, RATE)
        assert abs(measured.loudness - telephone.LOUDNESS) < 1.5
        assert measured.peak < 0.95
        assert measured.speaking > 0.6 * measured.seconds
        assert least < len(WORDS.split()) / measured.seconds * 60 < most
        power = np.abs(np.fft.rfft(heard)) ** 2
        hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
        assert power[(hertz > 200) & (hertz < 3600)].sum() > 0.9 * power.sum()
        seconds[pace] = measured.seconds
    assert seconds["slow"] > 1.1 * seconds["normal"]


def test_the_two_voices_differ_and_the_same_words_sound_the_same(tmp_path: Path) -> None:
    for name, voice in (("a", "heart"), ("b", "heart"), ("c", "pyttsx3")):
        _ivr("say", WORDS, "-o", str(tmp_path / f"{name}.wav"), "--voice", voice)
    a, b, c = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")

    assert a == b
    assert a != c


def test_names_in_braces_are_said_as_in_a_menu(tmp_path: Path, shipped: Script) -> None:
    """A phone number is said digit by digit, twice, with its pauses."""
    _ivr("say", "Our number is {helpline_phone}.", "-o", "number.wav", "--voice", "pyttsx3")

    number = shipped.values["helpline_phone"]
    pauses = sum(piece for piece in number if isinstance(piece, float))
    assert len(_heard(tmp_path / "number.wav")) / RATE > pauses + 22 * 0.2


def test_what_is_heard_is_the_very_file_that_callers_get(shipped: Script, tmp_path: Path) -> None:
    choice = choice_of("pyttsx3", shipped.line.speech)
    path = tmp_path / "audio" / RENDERED / clip(shipped, "Press 1.", False).name(choice.identity, shipped.respelt)
    tone = 0.2 * np.sin(np.arange(RATE) / 3).astype(np.float32)
    telephone.write_telephone(path, tone)

    heard = Ear(shipped, tmp_path / "audio", "pyttsx3").speech(("Press 1.", 0.5, "Press 1."))

    assert len(heard) == 2 * RATE + RATE // 2
    assert np.array_equal(heard[:RATE], telephone.read(path)[0])


def test_pauses_are_longer_in_slow_speech(shipped: Script, tmp_path: Path) -> None:
    ear = Ear(shipped, tmp_path / "audio", "pyttsx3")

    assert len(ear.speech((1.0,))) == RATE
    assert len(ear.speech((1.0,), slow=True)) == RATE * shipped.line.pace.slow_pauses


def test_without_a_file_name_it_is_written_here(tmp_path: Path) -> None:
    told = _ivr("say", "Hello.", "--voice", "pyttsx3").output

    assert len(_heard(tmp_path / "said.wav")) > 0.2 * RATE
    assert "said.wav: " in told
    assert "spoken by pyttsx3" in told


# --- a call ---------------------------------------------------------------------------------


def test_a_whole_call_is_written_with_its_keys(tmp_path: Path, shipped: Script) -> None:
    told = _ivr("call", "--hear", "mine.wav", "--at", "2026-11-25 10:30", keys="2\n0\nb\nh\n").output

    heard = _heard(tmp_path / "mine.wav")
    phone = _call(["2", "0", "(busy)", "(hangs up)"], shipped)
    assert abs(len(heard) - len(Ear(shipped, tmp_path / "audio").call(phone.happened))) <= 1
    assert "mine.wav: " in told
    assert telephone.measure(heard, RATE).speaking > 20


def _call(does: list[str], script: Script) -> Caller:
    phone = Caller(script, PracticeHandler())
    phone.ring(OPEN, "07700 900123")
    for each in does:
        phone.do(TranscriptEntry("ADVISER" if each in ("(busy)", "(talks)") else "CALLER", each))
    return phone


def test_keys_sound_as_the_telephone_network_knows_them(shipped: Script, tmp_path: Path) -> None:
    """Two tones for each key, the row's and the column's."""
    ear = Ear(shipped, tmp_path / "audio", "pyttsx3")
    for nth, key in enumerate("123456789*0#"):
        sound = ear.call([Key(key)])
        power = np.abs(np.fft.rfft(sound, n=8 * RATE))
        hertz = np.fft.rfftfreq(8 * RATE, 1 / RATE)
        low, high = (power * (hertz < 1075)).argmax(), (power * (hertz >= 1075)).argmax()
        row, column = (697, 770, 852, 941)[nth // 3], (1209, 1336, 1477)[nth % 3]
        assert abs(hertz[low] - row) < 0.018 * row, key
        assert abs(hertz[high] - column) < 0.018 * column, key


def test_waits_are_cut_short_and_said_to_be(shipped: Script, tmp_path: Path) -> None:
    ear = Ear(shipped, tmp_path / "audio", "pyttsx3")

    assert len(ear.call([NoInput()])) == hearing.WAITED * RATE
    assert "two seconds of silence" in (config.ROOT / "docs" / "voices.md").read_text(encoding="utf-8")


def test_a_call_in_slow_speech_is_heard_slowly(shipped: Script, tmp_path: Path) -> None:
    ear = Ear(shipped, tmp_path / "audio", "pyttsx3")
    turn = _call(["9", "1"], shipped).turn
    assert turn
    assert turn.session.slow

    slowly = ear.call([turn])

    assert len(slowly) > 1.1 * len(ear.speech(turn.says, slow=False))


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["say", ""], "There are no words to say."),
        (["say", "  ...  "], "There are no words to say."),
        (["say", "word " * 500], "Say at most 2000 at once."),
        (["say", "Ring {helpline_fone}."], "There is no spoken setting {helpline_fone}."),
        (["say", "See {service_web}."], "There is no spoken setting {service_web}."),
        (["say", "Hello.", "-o", "hello.mp3"], "The name of a sound file must end in .wav. Write: hello.mp3.wav"),
        (["say", "Hello.", "-o", "none/hello.wav"], "Name a file in an existing folder."),
        (["say", "Hello.", "-o", "letter.wav"], "already exists and is not a sound."),
        (["say", "Hello.", "--voice", "nobody"], "There is no voice 'nobody'. These are the voices: heart, emma,"),
        (["say", "Hello.", "--voice", "piper"], "Piper needs a voice file."),
        (["call", "--hear", "call.txt"], "The name of a sound file must end in .wav."),
        (["call", "--hear", "none/call.wav"], "Name a file in an existing folder."),
        (["voices", "try", "emma", "-o", "emma.wav"], "Fetch it: .venv/bin/ivr voices fetch emma"),
    ],
)
def test_what_cannot_be_said_or_written_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    (tmp_path / "letter.wav").write_text("Dear council")

    with pytest.raises(Stop) as refused:
        _ivr(*arguments, keys="h\n")

    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.glob("*.*")] == ["letter.wav"]
    assert (tmp_path / "letter.wav").read_text() == "Dear council"


def test_a_sound_is_written_over_a_sound(tmp_path: Path) -> None:
    _ivr("say", WORDS, "-o", "a.wav", "--voice", "pyttsx3")
    long = len(_heard(tmp_path / "a.wav"))

    _ivr("say", "Hello.", "-o", "a.wav", "--voice", "pyttsx3")

    assert len(_heard(tmp_path / "a.wav")) < long


def test_a_disk_without_room_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    """A real limit on how long a file may grow, in a process of its own."""
    _ivr("say", "Hello.", "-o", "a.wav", "--voice", "pyttsx3")
    before = (tmp_path / "a.wav").read_bytes()

    full = subprocess.run(
        [IVR, "say", WORDS, "-o", str(tmp_path / "a.wav"), "--voice", "pyttsx3"],
        env=dict(os.environ), cwd=tmp_path, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )  # fmt: skip

    assert full.returncode == 1
    assert "The disk is full" in full.stderr
    assert (tmp_path / "a.wav").read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.*")] == ["a.wav"]


def test_no_voice_tells_its_maker_that_it_is_used(tmp_path: Path) -> None:
    """onnxruntime would leave a session file and an identifier, and send what it counts."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(temporary)}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        environment.pop(name, None)

    subprocess.run(
        [IVR, "say", "Hello.", "-o", str(tmp_path / "a.wav"), "--voice", "heart"],
        env=environment, cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip

    assert [*home.rglob("*"), *temporary.rglob("*")] == []


def test_where_twilios_voice_speaks_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_SPEECH", "say")

    assert "Callers hear Twilio's voice instead" in _ivr("say", "Hello.").output
