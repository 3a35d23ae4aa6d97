"""Sounds: what is rendered, what it measures, what a call plays, and what happens when there is none."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec import structs
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from ivr import audio, script, spoken
from ivr.audio import engines, rendering, telephone, voices
from ivr.audio.clips import MASTERS, RENDERED, Clip, clip, clips
from ivr.authoring import drafts, recorded
from ivr.compiling import building
from ivr.language import digit_gap
from ivr.language.english import DIGITS, ENGLISH
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.places.passages import MOST_SOUNDS, passages
from ivr.places.phrases import Phrases
from ivr.practice import playing, transcript
from ivr.script import Script
from ivr.spoken import as_said
from ivr.store import Published, Store
from tests.hum import humming_voice
from tests.line import Line, play_over_http
from tests.redis_server import soon

CALLS = sorted((config.ROOT / "tests" / "calls").glob("*.call"))
SPEECH = "  engines: [natural, pyttsx3]"

#: One process renders the line once, and all that needs it is tested there. Beside other work that takes minutes.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="session")
def plain(files: dict[str, str]) -> dict[str, str]:
    """The shipped config/, in the voice that is always available."""
    assert SPEECH in files["line.yaml"]
    return {**files, "line.yaml": files["line.yaml"].replace(SPEECH, "  engines: [pyttsx3]")}


@pytest.fixture(scope="session")
def spoken_by_pyttsx3(plain: dict[str, str]) -> Script:
    return building.load(plain, config.bank_holidays())


@pytest.fixture(scope="session")
def rendered(spoken_by_pyttsx3: Script, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sounds of the whole shipped line."""
    folder = tmp_path_factory.mktemp("audio")
    result = rendering.render(spoken_by_pyttsx3, folder)
    assert not result.warnings
    assert not result.unsaid
    return folder


@pytest.fixture
def line(settings: Settings, store: Store, plain: dict[str, str], rendered: Path) -> Iterator[Line]:
    """The line with its sounds, to be rung."""
    store.revisions.publish(Published(drafts.revision_of(plain), 0.0, "tests", "for the tests"), plain)
    store.texts.sender_is("")
    with Line(dataclasses.replace(settings, speech="audio", audio_dir=rendered), store) as line:
        yield line


def _copy_some(rendered: Path, to: Path) -> Path:
    """A folder of sounds that a test may change."""
    shutil.copytree(rendered / RENDERED, to / RENDERED, copy_function=lambda a, b: Path(b).hardlink_to(a))
    shutil.copytree(rendered / MASTERS, to / MASTERS, copy_function=lambda a, b: Path(b).hardlink_to(a))
    return to


# --- what is rendered ----------------------------------------------------------------------


def test_numbers_are_said_at_one_digit_a_second(rendered: Path, spoken_by_pyttsx3: Script) -> None:
    """With the sounds as they are, and the pauses between them: from the start of one digit to that of the next."""
    (choice,) = engines.choices(spoken_by_pyttsx3.line.speech)
    gap = digit_gap(spoken_by_pyttsx3.line.pace.each_digit)
    for digit in DIGITS:
        name = clip(spoken_by_pyttsx3, digit, slow=False).name(choice.identity, spoken_by_pyttsx3.respelt)
        samples, rate = telephone.read(rendered / RENDERED / name)
        assert len(samples) / rate + gap == pytest.approx(1.0, abs=0.05), digit


def test_every_prompt_has_telephone_sound_at_both_paces(rendered: Path, spoken_by_pyttsx3: Script) -> None:
    """8 kHz, one channel, µ-law; evenly loud; not clipped; with a master at 16 kHz."""
    identity = engines.choices(spoken_by_pyttsx3.line.speech)[0].identity
    loudness = {}
    for each in clips(spoken_by_pyttsx3):
        path = rendered / RENDERED / each.name(identity, spoken_by_pyttsx3.respelt)
        facts = soundfile.info(path)
        assert (facts.samplerate, facts.channels, facts.subtype) == (8000, 1, "ULAW"), each
        samples, rate = telephone.read(path)
        assert telephone.measure(samples, rate).peak < 0.95, each
        is_digit = each.words.rstrip(",.") in DIGITS  # which has silence behind it
        loudness[each] = telephone.loudness(telephone.trim(samples, rate) if is_digit else samples, rate)
        assert soundfile.info((rendered / MASTERS / path.name).with_suffix(".flac")).samplerate == 16000
    assert {each: found for each, found in loudness.items() if abs(found - telephone.LOUDNESS) > 1.0} == {}


def test_telephone_sound_has_only_what_a_telephone_carries() -> None:
    rate = 24000
    seconds = np.arange(rate) / rate
    for hertz, is_kept in ((60, False), (120, False), (500, True), (1000, True), (3000, True), (5000, False)):
        tone = (0.3 * np.sin(2 * np.pi * hertz * seconds)).astype(np.float32)
        both = (tone + 0.3 * np.sin(2 * np.pi * 1000 * seconds)).astype(np.float32) if hertz != 1000 else tone
        narrow = telephone.telephone(both, rate)[0]
        spectrum = np.abs(np.fft.rfft(narrow[:7000]))
        at = min(int(hertz * 7000 / 8000), len(spectrum) - 1)
        share = spectrum[max(0, at - 3) : at + 4].max() / spectrum.max()
        assert (share > 0.5) == is_kept, hertz


@pytest.mark.parametrize("sentences", ["one", "several"])
@pytest.mark.parametrize("engine", ["natural", "pyttsx3"])
def test_speech_is_as_fast_as_it_should_be(engine: str, sentences: str, shipped: Script) -> None:
    """Measured on a third of the sounds, pauses and all: 130 to 150 words a minute, and about 110 in slow speech."""
    choice = [c for c in engines.choices(shipped.line.speech) if c.engine == engine][-1]
    voice = choice.ready()
    long_enough = [words for words in sorted(shipped.every_prompt()) if len(words.split()) >= 6]
    prompts = [words for words in long_enough if (". " in words) == (sentences == "several")][::3]
    for slow, least, most in ((False, 130, 150), (True, 100, 120)):
        seconds = 0.0
        for words in prompts:
            sound = engines.say(voice, as_said(words, shipped.respelt), shipped.line.pace, slow=slow)
            narrow, _ = telephone.telephone(*sound)
            seconds += len(narrow) / telephone.TELEPHONE_RATE
        assert least <= sum(len(words.split()) for words in prompts) / seconds * 60 <= most


def test_a_changed_word_makes_new_sounds_of_that_prompt_and_nothing_else(
    rendered: Path, plain: dict[str, str], tmp_path: Path
) -> None:
    folder = _copy_some(rendered, tmp_path)
    before = {path.name for path in (folder / RENDERED).iterdir()}
    files = {**plain, "line.yaml": plain["line.yaml"].replace("Special Education Service", "Special Education Office")}
    changed = building.load(files, config.bank_holidays())
    prompts = changed.every_prompt() - building.load(plain, config.bank_holidays()).every_prompt()
    assert prompts

    result = rendering.render(changed, folder)

    new = {path.name for path in (folder / RENDERED).iterdir()} - before
    with_it = [passage for passage in passages(changed) if prompts & set(spoken.words_of(passage))]
    assert result.made == 2 * len(prompts)
    assert len(new) == 2 * (len(prompts) + len(with_it))
    old = rendering.stale([changed], folder)
    assert {path.parent.name for path in old} == {RENDERED, MASTERS}
    assert len(old) == 4 * len(prompts) + 2 * len(with_it)
    assert rendering.stale([changed, building.load(plain, config.bank_holidays())], folder) == []


def test_a_respelling_of_a_voice_is_heard_and_makes_other_sounds(
    shipped: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "You can ask for an EHC plan."
    (with_it,) = [choice for choice in engines.choices(shipped.line.speech) if choice.engine == "pyttsx3"]
    heard, _ = engines.say(with_it.ready(), as_said(said, shipped.respelt), shipped.line.pace, slow=False)

    monkeypatch.setattr("ivr.audio.respelling.BY_ENGINE", {})
    (without,) = [choice for choice in engines.choices(shipped.line.speech) if choice.engine == "pyttsx3"]
    plainly, _ = engines.say(without.ready(), as_said(said, shipped.respelt), shipped.line.pace, slow=False)

    assert with_it.identity != without.identity
    assert not np.array_equal(heard, plainly)


def test_rendering_goes_on_where_it_stopped(rendered: Path, spoken_by_pyttsx3: Script, tmp_path: Path) -> None:
    folder = _copy_some(rendered, tmp_path)
    lost = sorted((folder / RENDERED).iterdir())[:5]
    for path in lost:
        path.unlink()
    times = {path: path.stat().st_mtime_ns for path in (folder / RENDERED).iterdir()}

    rendering.render(spoken_by_pyttsx3, folder)

    assert all(path.exists() for path in lost)
    assert all(path.stat().st_mtime_ns == then for path, then in times.items())


def test_what_a_killed_process_left_half_written_is_stale(
    rendered: Path, spoken_by_pyttsx3: Script, tmp_path: Path
) -> None:
    """Two processes may make the same sound, so each writes to a name of its own."""
    folder = _copy_some(rendered, tmp_path)
    half = next((folder / RENDERED).iterdir()).with_suffix(".4711.part")
    half.write_bytes(b"RIFF")

    assert rendering.stale([spoken_by_pyttsx3], folder) == [half]


def test_the_same_words_sound_the_same_in_length_each_time() -> None:
    """pyttsx3's own loop now and then gives an empty sound; ours does not."""
    voice = engines.Pyttsx3()
    lengths = {len(voice.say(words, 140, 0.3)[0]) for words in ["Press 1.", "To go back, press hash."] * 30}
    assert len(lengths) == 2
    assert min(lengths) > 4000


def test_each_change_of_what_makes_a_sound_changes_its_name() -> None:
    clip = Clip("The EHC plan.", slow=False)
    names = {
        clip.name("a voice", {}),
        clip.name("another voice", {}),
        clip.name("a voice", {"EHC": "E H C"}),
        Clip("The EHC plan.", slow=True).name("a voice", {}),
        Clip("The EHC plan", slow=False).name("a voice", {}),
    }
    assert len(names) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}\.wav", name) for name in names)


# --- voices that cannot be had -------------------------------------------------------------


@pytest.fixture
def few(shipped: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    """A script with only a few prompts: a menu, and no numbers, days or times."""
    monkeypatch.setattr("ivr.language.english.English.vocabulary", lambda self, hours, windows: frozenset())
    nodes = {"main_menu": shipped.nodes["main_menu"]}
    says = {name: shipped.says[name] for name in (*script.WINDOW_PHRASES, Phrases.press_or_wait.id)}
    press = {option.key: shipped.press[option.key] for option in shipped.nodes["main_menu"].options}
    return dataclasses.replace(shipped, nodes=nodes, steps={}, says=says, titles={}, press=press, press_where={})


def _with_voices(few: Script, **speech: object) -> Script:
    line = structs.replace(few.line, speech=structs.replace(few.line.speech, **speech))
    return dataclasses.replace(few, line=line)


def test_a_voice_that_is_not_there_is_told_and_the_next_one_speaks(few: Script, tmp_path: Path) -> None:
    made = _with_voices(few, engines=["piper", "natural"], natural_voice="nobody", piper_voice="no/such/voice.onnx")

    result = rendering.render(made, tmp_path)

    assert result.voices == ["natural (heart)"]
    assert "There is no Piper voice file no/such/voice.onnx." in result.warnings[0]
    assert "There is no natural voice 'nobody'. Set natural_voice to one of:" in result.warnings[1]
    assert not result.unsaid


@pytest.mark.parametrize("samples_a_sound", [900, 1800])
def test_a_piper_voice_speaks_at_the_pace_asked_for(few: Script, tmp_path: Path, samples_a_sound: int) -> None:
    """Whatever its own pace is. The library is real and uses eSpeak's phonemes; the voice only hums."""
    voice = humming_voice(tmp_path / "hum.onnx", samples_a_sound)

    result = rendering.render(_with_voices(few, engines=["piper"], piper_voice=str(voice)), tmp_path)

    assert result.voices == ["piper (hum)"]
    assert not result.unsaid
    engine = engines.Piper(str(voice))
    words = "You can ask for a meeting. Someone who does not take sides will be there."
    for slow, wanted in ((False, few.line.pace.words_a_minute), (True, few.line.pace.slow_words_a_minute)):
        samples, rate = engines.say(engine, words, few.line.pace, slow=slow)
        assert len(words.split()) * 60 * rate / len(samples) == pytest.approx(wanted, rel=0.15)


def test_pyttsx3_and_piper_speak_in_one_process(tmp_path: Path) -> None:
    """Each has its own eSpeak. This runs in a separate process, because one calling into the other would crash."""
    voice = humming_voice(tmp_path / "hum.onnx", 900)
    speak = f"""
from ivr.audio import engines
pyttsx3, piper = engines.Pyttsx3(), engines.Piper({str(voice)!r})
for engine in (pyttsx3, piper, pyttsx3):
    samples, rate = engine.say("You can ask for a meeting.", 140, 0.3)
    print(len(samples) > rate)
"""
    spoken = subprocess.run([sys.executable, "-c", speak], cwd=config.ROOT, capture_output=True, text=True)

    assert (spoken.returncode, spoken.stdout) == (0, "True\n" * 3)


def test_a_file_that_is_no_voice_is_told_and_the_next_one_speaks(few: Script, tmp_path: Path) -> None:
    broken = tmp_path / "voice.onnx"
    broken.write_bytes(b"not a voice")

    result = rendering.render(_with_voices(few, engines=["piper", "pyttsx3"], piper_voice=str(broken)), tmp_path)

    assert result.voices == ["pyttsx3 (gmw/en-us+edward)"]
    assert "Piper" in result.warnings[0]


@pytest.mark.timeout(60)
def test_no_voice_is_fetched_unasked(few: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither at the first rendering nor later: nobody waits for a network, and what is missing is said."""
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    monkeypatch.setattr(socket, "create_connection", _no_network)
    made = _with_voices(few, engines=["natural", "pyttsx3"], natural_voice="emma")
    told = ["The natural voice 'emma' is not on this machine. Fetch it: .venv/bin/ivr voices fetch emma"]
    first = rendering.render(made, tmp_path)
    assert (first.voices, first.warnings) == (["natural (heart)"], told)

    result = rendering.render(dataclasses.replace(made, titles={"main_menu": "Something new"}), tmp_path)

    assert (result.made, result.voices, result.warnings) == (2, ["natural (heart)"], told)
    assert not (tmp_path / "voices").exists()


def _no_network(*_: object, **__: object) -> socket.socket:
    raise AssertionError("somebody asked the network")


def test_the_line_as_it_is_shipped_speaks_without_a_complaint(few: Script, tmp_path: Path) -> None:
    result = rendering.render(few, tmp_path)

    assert (result.voices, result.warnings, result.unsaid) == (["natural (heart)"], [], [])


def test_a_voice_whose_file_is_damaged_is_told_and_the_next_one_speaks(
    few: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its hash, before it is run: a voice file is a program."""
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    file = tmp_path / "voices" / "bf_emma.int8.onnx"
    file.parent.mkdir()
    file.write_bytes(Path(voices.file_of("heart") or "").read_bytes())

    result = rendering.render(_with_voices(few, engines=["natural"], natural_voice="emma"), tmp_path)

    assert result.voices == ["natural (heart)"]
    assert result.warnings == [
        "The file of the natural voice 'emma' is damaged. Fetch it: .venv/bin/ivr voices fetch emma",
    ]


def test_a_voice_that_is_not_installed_is_told_once(
    few: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)

    result = rendering.render(_with_voices(few, engines=["natural", "pyttsx3"], natural_voice="emma"), tmp_path)

    assert result.voices == ["pyttsx3 (gmw/en-us+edward)"]
    assert result.warnings == [
        "The natural voice is not installed. Install it: .venv/bin/python -m pip install hibari-tts",
    ]


class Failing:
    """A voice that fails at some words as its libraries would."""

    def __init__(self, voice: engines.Engine):
        self._voice = voice

    def say(self, words: str, words_a_minute: float, pause: float) -> tuple[telephone.Samples, int]:
        if words.startswith("For school"):
            raise Fail("no room for the tensor")
        if words.startswith("To find"):
            return telephone.silence(1.0, 8000), 8000
        return self._voice.say(words, words_a_minute, pause)


def _failing() -> engines.Engine:
    return Failing(engines.Pyttsx3())


def test_what_a_voice_fails_to_say_is_said_by_the_next_one(
    few: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyttsx3 = engines.choices(few.line.speech)[-1]
    failing = engines.VoiceChoice("natural", "failing", "failing", _failing)
    monkeypatch.setattr(engines, "choices", lambda speech: [failing, pyttsx3])
    failed = [clip for clip in clips(few) if clip.words.startswith(("For school", "To find"))]
    assert failed

    result = rendering.render(few, tmp_path)

    assert result.voices == ["natural (failing)", str(pyttsx3)]
    assert result.warnings == [f"natural (failing) could not say {len(failed)} of {len(clips(few))} prompts."]
    assert not result.unsaid


def _dies_beside_others() -> engines.Engine:
    if multiprocessing.parent_process():
        os._exit(1)
    return engines.Pyttsx3()


def test_a_voice_that_takes_its_process_down_leaves_the_prompts_to_the_next_one(
    few: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyttsx3 = engines.choices(few.line.speech)[-1]
    dying = engines.VoiceChoice("natural", "dying", "dying", _dies_beside_others)
    monkeypatch.setattr(engines, "choices", lambda speech: [dying, pyttsx3])
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})

    result = rendering.render(few, tmp_path)

    assert result.warnings == [f"natural (dying) could not say {len(clips(few))} of {len(clips(few))} prompts."]
    assert result.voices[-1] == str(pyttsx3)
    assert not result.unsaid


def test_with_no_voice_at_all_the_prompts_are_left_to_twilio(few: Script, tmp_path: Path) -> None:
    result = rendering.render(_with_voices(few, engines=["piper"], piper_voice=None), tmp_path)

    assert "Name it as piper_voice under speech in config/line.yaml." in result.warnings[0]
    assert len(result.unsaid) == len(clips(few))


def test_one_voice_speaks_throughout_even_if_a_better_one_has_begun(few: Script, tmp_path: Path) -> None:
    """A caller must not hear two voices in turn because a rendering was stopped."""
    rendering.render(_with_voices(few, engines=["pyttsx3"]), tmp_path)
    both = _with_voices(few, engines=["natural", "pyttsx3"], natural_voice="heart")
    natural, pyttsx3 = (choice.identity for choice in engines.choices(both.line.speech))
    some = clips(both)[0]
    path = tmp_path / RENDERED / some.name(natural, both.respelt)
    telephone.write_telephone(path, telephone.silence(0.2, 8000))

    sounds = audio.Sounds(tmp_path, both, "")

    assert sounds.url(some.words, some.slow) == "/audio/" + some.name(pyttsx3, both.respelt)


# --- during calls ----------------------------------------------------------------------------


def _words_of_sounds(script: Script, folder: Path) -> dict[str, str]:
    """What each sound file says, by its name."""
    identity = engines.choices(script.line.speech)[0].identity
    found = {clip.name(identity, script.respelt): clip.words for clip in clips(script)}
    sounds = audio.Sounds(folder, script, "")
    for said, slow in itertools.product(passages(script), (False, True)):
        ((whole, url),) = sounds.play(said, slow)
        found[str(url).rsplit("/", 1)[1]] = spoken.text_of(whole)
    return found


def _samples(line: Line, url: str | None) -> NDArray[np.float32]:
    """A sound, as it is fetched."""
    reply = line.client.get(str(url).removeprefix(line.settings.public_url))
    assert (reply.status_code, reply.mimetype) == (200, "audio/wav")
    found: NDArray[np.float32] = soundfile.read(io.BytesIO(reply.data), dtype="float32")[0]
    reply.close()
    return found


#: The longest that only a call knows: a number that is said twice.
NUMBER = ENGLISH.phone("07700 900123", 1.0, 0.7)


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("what", ["menu", "number"])
def test_a_longer_sound_is_its_pieces_one_after_another(
    what: str, slow: bool, line: Line, spoken_by_pyttsx3: Script
) -> None:
    script = spoken_by_pyttsx3
    said = NUMBER if what == "number" else max(passages(script), key=len)
    sounds = audio.Sounds(line.settings.audio_dir, script, line.settings.public_url)

    ((_, url),) = sounds.play(said, slow)

    pace = script.line.pace.slow_pauses if slow else 1.0
    alone = [sounds.url(p, slow) if isinstance(p, str) else sounds.silence(round(float(p) * pace, 2)) for p in said]
    assert len(alone) > 12
    pieces = [_samples(line, each) for each in alone]
    assert np.array_equal(_samples(line, url), np.concatenate(pieces))


def test_a_number_of_a_caller_is_put_together_when_it_is_fetched_and_kept_nowhere(line: Line) -> None:
    before = sorted(line.settings.audio_dir.rglob("*"))
    sounds = audio.Sounds(line.settings.audio_dir, line.app._live.now.script, "")
    ((_, url),) = sounds.play(NUMBER, False)

    reply = line.client.get(str(url))

    assert (reply.status_code, reply.headers["Cache-Control"]) == (200, "no-store")
    assert sorted(line.settings.audio_dir.rglob("*")) == before
    gone = "-".join(["0" * 32, *str(url).removeprefix("/audio/").split("-")[1:]])
    assert line.client.get(f"/audio/{gone}").status_code == 404


def test_a_passage_that_is_missing_is_played_in_pieces(
    rendered: Path, spoken_by_pyttsx3: Script, tmp_path: Path
) -> None:
    folder = _copy_some(rendered, tmp_path)
    menu = max(passages(spoken_by_pyttsx3), key=len)
    sounds = audio.Sounds(folder, spoken_by_pyttsx3, "")
    ((_, url),) = sounds.play(menu, False)

    (folder / RENDERED / str(url).rsplit("/", 1)[1]).unlink()
    sounds.look()

    played = sounds.play(menu, False)
    assert len(played) > 1
    assert all(address for _, address in played)
    assert tuple(piece for pieces, _ in played for piece in pieces) == menu


def test_a_passage_that_goes_after_a_reply_has_named_it_is_still_heard(
    settings: Settings, store: Store, plain: dict[str, str], rendered: Path, tmp_path: Path
) -> None:
    folder = _copy_some(rendered, tmp_path / "sounds")
    store.revisions.publish(Published(drafts.revision_of(plain), 0.0, "tests", "for the tests"), plain)
    with Line(dataclasses.replace(settings, speech="audio", audio_dir=folder), store) as line:
        sounds = line.app._live.now.sounds
        ((_, url),) = sounds.play(max(passages(line.app._live.now.script), key=len), False)
        whole = _samples(line, url)

        (folder / RENDERED / str(url).rsplit("/", 1)[1]).unlink()
        line.app._live.look()

        assert np.array_equal(_samples(line, url), whole)


def test_a_new_recording_is_heard_in_its_passages(rendered: Path, spoken_by_pyttsx3: Script, tmp_path: Path) -> None:
    studio = Studio(_copy_some(rendered, tmp_path), spoken_by_pyttsx3)
    passage = next(said for said in passages(spoken_by_pyttsx3) if studio.unit.words in said)
    before = audio.Sounds(studio.folder, spoken_by_pyttsx3, "").play(passage, False)
    studio.record(seconds=len(studio.unit.words.split()) / 2)
    assert studio.confirm() == [studio.unit.name]

    rendering.render(studio.script, studio.folder)

    ((_, url),) = audio.Sounds(studio.folder, studio.script, "").play(passage, False)
    assert before != [(passage, url)]


def test_a_line_that_sends_no_texts_has_its_passages_too(plain: dict[str, str], rendered: Path, tmp_path: Path) -> None:
    folder = _copy_some(rendered, tmp_path)
    whole, less = (building.load(plain, config.bank_holidays(), offers_texts=offers) for offers in (True, False))

    rendering.render(whole, folder, also=[less])

    sounds = audio.Sounds(folder, less, "")
    assert all(len(sounds.play(said, slow)) == 1 for said in passages(less) for slow in (False, True))
    assert rendering.stale([whole, less], folder) == []


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_in_sounds_says_what_the_golden_call_says(
    path: Path, line: Line, spoken_by_pyttsx3: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Play is an existing file, and the files say what the call says. No Say is needed."""
    played = playing.play(spoken_by_pyttsx3, transcript.read(path.read_text(encoding="utf-8"), path.name))
    wanted = dataclasses.replace(played, entries=tuple(e for e in played.entries if e.who not in ("NOTED", "GOT")))
    words = _words_of_sounds(spoken_by_pyttsx3, line.settings.audio_dir)

    def heard(document: ET.Element) -> str:
        assert not any(document.iter("Say"))
        played = [(play.text or "").rsplit("/", 1)[1] for play in document.iter("Play")]
        assert len(played) <= MOST_SOUNDS
        names = [f"{name.removesuffix('.wav')}.wav" for run in played for name in run.split("-")]
        assert all((line.settings.audio_dir / RENDERED / name).is_file() for name in names)
        return " ".join(words[name] for name in names if name in words)

    monkeypatch.setattr("tests.line.said", heard)

    assert transcript.write(play_over_http(line, wanted)) == transcript.write(wanted)


def test_a_sound_is_served_whole_for_a_year_and_by_its_tag(line: Line) -> None:
    url = (line.call().verb("Play").text or "").removeprefix(line.settings.public_url)

    reply = line.client.get(url)
    again = line.client.get(url, headers={"If-None-Match": reply.headers["ETag"]})
    head = line.client.head(url)

    assert (reply.status_code, reply.mimetype) == (200, "audio/wav")
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert int(reply.headers["Content-Length"]) == len(reply.data)
    assert again.status_code == 304
    assert head.headers["Content-Length"] == reply.headers["Content-Length"]
    for each in (reply, again, head):
        each.close()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../../app.py",
        "..%2f..%2fapp.py",
        "%2e%2e/%2e%2e/app.py",
        "0" * 32 + ".wav",
        "words.json",
        "0" * 32 + ".mp3",
    ],
)
def test_nothing_outside_the_folder_is_served(line: Line, name: str) -> None:
    reply = line.client.get(f"/audio/{name}")

    assert reply.status_code == 404
    assert "immutable" not in reply.headers.get("Cache-Control", "")


def test_a_sound_that_is_missing_is_said_by_twilio_and_counted(
    settings: Settings, store: Store, plain: dict[str, str], rendered: Path, tmp_path: Path
) -> None:
    folder = _copy_some(rendered, tmp_path / "sounds")
    store.revisions.publish(Published(drafts.revision_of(plain), 0.0, "tests", "for the tests"), plain)
    with Line(dataclasses.replace(settings, speech="audio", audio_dir=folder), store) as line:
        whole = line.call(sid="CA" + "1" * 32)
        assert not whole.has("Say")
        name = _first_words(line)
        (folder / RENDERED / name).unlink()
        line.app._live.look()
        before = _counted(line)

        holed = line.call(sid="CA" + "2" * 32)

        assert len(list(holed.reply.iter("Say"))) == 1
        assert name not in "".join(play.text or "" for play in holed.reply.iter("Play"))
        assert len(list(holed.reply.iter("Play"))) >= 1
        assert _counted(line) == before + 1
        line.call(sid="CA" + "3" * 32)
        assert _counted(line) == before + 2
        holed.press("1")


def test_a_sound_that_came_or_went_is_taken_up_beside_the_calls(
    settings: Settings, store: Store, plain: dict[str, str], rendered: Path, tmp_path: Path
) -> None:
    folder = _copy_some(rendered, tmp_path / "sounds")
    store.revisions.publish(Published(drafts.revision_of(plain), 0.0, "tests", "for the tests"), plain)
    with Line(dataclasses.replace(settings, speech="audio", audio_dir=folder), store) as line:
        (folder / RENDERED / _first_words(line)).unlink()

        calls = itertools.count()
        assert soon(lambda: line.call(sid=f"CA{next(calls)}").has("Say"))

        assert line.call(sid="CAlast").has("Play")


def _first_words(line: Line) -> str:
    """The name of the sound of the first words of a call."""
    script = line.app._live.now.script
    words = next(spoken.words_of(script.nodes["greeting"].parts[0]))
    return str(audio.Sounds(line.settings.audio_dir, script, "").url(words, False)).rsplit("/", 1)[1]


def _counted(line: Line) -> float:
    text = line.client.get("/metrics").text
    found = re.search(r"^ivr_prompts_without_sound_total ([\d.]+)", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


# --- people's own recordings -----------------------------------------------------------------


@pytest.fixture
def studio(tmp_path: Path, few: Script) -> Studio:
    return Studio(tmp_path, few)


class Studio:
    """A folder to record into."""

    def __init__(self, folder: Path, few: Script):
        self.folder, self.script = folder, few
        self.unit = next(unit for unit in audio.units(few) if len(unit.words.split()) >= 4)

    def record(self, name: str = "", level: float = 0.3, seconds: float = 2.0, rate: int = 44100) -> Path:
        self.recordings.folder.mkdir(parents=True, exist_ok=True)
        path = self.recordings.folder / f"{name or self.unit.name}.wav"
        tone = level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
        soundfile.write(path, np.clip(tone, -1, 1), rate)
        return path

    @property
    def recordings(self) -> audio.Recordings:
        return audio.Recordings(self.folder, self.script)

    def confirm(self, *names: str) -> list[str]:
        """Somebody listens and stands for it, and it is published."""
        noted = self.recordings.to_confirm(names)
        new = self.recordings.confirmed_by(noted, "Ann", dt.date(2026, 5, 3))
        self.script = dataclasses.replace(self.script, recorded={**self.script.recorded, **new})
        return noted

    def change_words(self) -> None:
        """What was confirmed was confirmed for other words than today's."""
        take = dataclasses.replace(self.script.recorded[self.unit.name], of=recorded.print_of("What it used to say."))
        self.script = dataclasses.replace(self.script, recorded={self.unit.name: take})

    def told(self) -> str:
        return "\n".join(map(str, self.recordings.problems()))


def test_a_confirmed_recording_wins_over_every_voice_at_both_paces(studio: Studio) -> None:
    studio.record()
    assert studio.confirm() == [studio.unit.name]

    result = rendering.render(_with_voices(studio.script, engines=["pyttsx3"]), studio.folder)

    sounds = audio.Sounds(studio.folder, _with_voices(studio.script, engines=["pyttsx3"]), "")
    at_each_pace = {sounds.url(studio.unit.words, slow) for slow in (False, True)}
    assert len(at_each_pace) == 1
    assert result.made == 1 + len(clips(studio.script)) - 2
    played = studio.folder / RENDERED / str(at_each_pace.pop()).rsplit("/", 1)[1]
    assert soundfile.info(played).subtype == "ULAW"
    assert studio.told() == ""


def test_a_recording_is_refused_when_its_words_have_changed(studio: Studio) -> None:
    studio.record()
    studio.confirm()
    studio.recordings.prepare()
    studio.change_words()

    assert studio.recordings.names() == {}
    assert f"The words have changed to: '{studio.unit.words}'" in studio.told()

    studio.confirm(studio.unit.name)
    assert studio.told() == ""
    assert {clip.words for clip in studio.recordings.names()} == {studio.unit.words}


def test_confirming_all_leaves_out_a_take_from_before_its_words_changed(studio: Studio) -> None:
    """Confirming today's recordings must not confirm outdated ones as well."""
    studio.record()
    studio.confirm()
    studio.change_words()

    assert studio.confirm() == []
    assert "The words have changed" in studio.told()
    assert not studio.recordings.is_good(studio.unit)

    studio.record(seconds=2.5)
    assert studio.confirm() == [studio.unit.name]
    assert studio.told() == ""
    assert studio.recordings.is_good(studio.unit)


def test_a_new_take_does_not_take_the_old_one_from_callers_before_somebody_stands_for_it(studio: Studio) -> None:
    studio.record()
    studio.confirm()
    studio.recordings.prepare()
    heard = studio.recordings.names()
    studio.record(seconds=2.5)

    studio.recordings.prepare()

    assert studio.recordings.names() == heard != {}
    assert "Nobody has confirmed yet that it says" in studio.told()

    studio.confirm()
    studio.recordings.prepare()
    assert studio.recordings.names().keys() == heard.keys()
    assert studio.recordings.names() != heard


def test_what_somebody_stands_for_and_what_is_not_on_this_machine_is_told(studio: Studio) -> None:
    path = studio.record()
    studio.confirm()
    path.unlink()

    assert studio.recordings.names() == {}
    assert f"The recording '{studio.unit.name}' is not on this machine." in studio.told()


def test_a_line_that_has_only_the_telephone_sounds_plays_them(studio: Studio) -> None:
    """As on a machine that only serves calls."""
    path = studio.record()
    studio.confirm()
    studio.recordings.prepare()
    path.unlink()

    assert {clip.words for clip in studio.recordings.names()} == {studio.unit.words}
    assert studio.told() == ""


def test_what_versions_up_to_1_4_confirmed_is_played_until_a_new_take_is_published(studio: Studio) -> None:
    path = studio.record()
    take = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    note = {studio.unit.name: {"words": studio.unit.words, "take": take}}
    (studio.recordings.folder / "words.json").write_text(json.dumps(note))
    studio.recordings.prepare()
    heard, live = studio.recordings.names(), studio.script
    assert studio.told() == ""
    assert {clip.words for clip in heard} == {studio.unit.words}

    studio.record(seconds=2.5)
    studio.confirm()
    studio.recordings.prepare()

    assert audio.Recordings(studio.folder, live).names() == heard
    assert studio.recordings.names() != heard
    path.unlink()
    assert audio.Recordings(studio.folder, live).names() == {}, "taken back by removing its file, as it was then"


def test_a_recording_confirmed_in_version_1_0_is_still_played(studio: Studio) -> None:
    studio.record()
    (studio.recordings.folder / "words.json").write_text(json.dumps({studio.unit.name: studio.unit.words}))

    studio.recordings.prepare()

    assert {clip.words for clip in studio.recordings.names()} == {studio.unit.words}
    assert studio.told() == ""


@pytest.mark.parametrize("suffix", [".WAV", ".mp3", ".txt"])
def test_a_file_that_would_be_passed_over_for_its_name_is_told(studio: Studio, suffix: str) -> None:
    path = studio.record()
    path.rename(path.with_suffix(suffix))

    assert studio.confirm() == []
    assert f"{studio.unit.name}{suffix}  Only files whose names end in .wav are used." in studio.told()


def test_an_mp3_by_the_name_of_wav_is_told_and_not_played(studio: Studio) -> None:
    path = studio.record()
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples, rate, format="MP3")

    assert studio.confirm(studio.unit.name) == []
    assert "This is MP3 and not WAV" in studio.told()
    assert studio.recordings.prepare() == 0


def test_what_sounds_wrong_stays_on_the_list_of_what_to_record(studio: Studio) -> None:
    studio.record(level=0.0)

    assert studio.confirm(studio.unit.name) == []
    assert not studio.recordings.is_good(studio.unit)


def test_a_recording_nobody_has_confirmed_is_not_played(studio: Studio) -> None:
    studio.record()

    assert studio.recordings.names() == {}
    assert "Nobody has confirmed yet that it says" in studio.told()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"level": 0.0}, "almost no sound"),
        ({"level": 3.0}, "recorded too loud"),
        ({"seconds": 0.1}, "too short"),
        ({"seconds": 60.0}, "too long"),
        ({"rate": 4000}, "recorded at 4000 samples a second"),
        ({"name": "no_such_node"}, "No prompt has this name"),
    ],
)
def test_a_recording_that_is_no_good_is_told_in_words(studio: Studio, how: dict[str, float], told: str) -> None:
    studio.record(**how)  # type: ignore[arg-type]
    studio.confirm()

    assert told in studio.told()


def test_a_file_that_is_no_sound_is_told_in_words(studio: Studio) -> None:
    studio.record().write_bytes(b"RIFF, but nothing more")
    studio.confirm()

    assert "This sound file cannot be read" in studio.told()
    assert studio.recordings.prepare() == 0
