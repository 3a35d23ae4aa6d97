"""Recording what the line says from a test phone: signed webhooks, real speech as Twilio keeps it, a real worker."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.audio import Recordings, take_of, telephone, units
from ivr.audio.clips import MASTERS, RENDERED
from ivr.audio.telephone import Samples
from ivr.authoring import drafts, recorded
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.places.taking import LOOK_SECONDS, MOST_LOOKS, MOST_SECONDS, take_id
from ivr.practice.effects import PracticeHandler
from ivr.processes import worker
from ivr.processes.tools import Tools
from ivr.script import ConfirmedTake, Script
from ivr.script.session import Done, Failed, FindPrompt, Judged, KeepTake, Record
from ivr.store import Published, Store
from ivr.usecases.phoned import KEEP_SECONDS, PhonedTakes
from tests.desk import Browser, hire
from tests.line import CALLER, Call, Line
from tests.microphone import RATE, spoken
from tests.rest import Twilio, work
from tests.talk import Talk

TEST_PHONE = "+447700900777"
_WITH = 'test_phones: ["07700 900777"]'


@pytest.fixture(scope="module")
def tested(files: dict[str, str]) -> dict[str, str]:
    return {**files, drafts.LINE: files[drafts.LINE].replace("test_phones: []", _WITH)}


@pytest.fixture(scope="module")
def script(tested: dict[str, str]) -> Script:
    return building.load(tested, config.bank_holidays())


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, tested: dict[str, str]) -> Settings:
    """With a copy of config/ that has a test phone."""
    folder = Path(shutil.copytree(config.ROOT / "config", tmp_path / "config"))
    (folder / drafts.LINE).write_text(tested[drafts.LINE], encoding="utf-8")
    return dataclasses.replace(settings, config_dir=folder)


@pytest.fixture
def line(settings: Settings, store: Store, tested: dict[str, str]) -> Iterator[Line]:
    store.revisions.publish(Published(drafts.revision_of(tested), 0.0, "tests", ""), tested)
    with Line(settings, store) as line:
        yield line


@pytest.fixture(scope="module")
def said(script: Script) -> Samples:
    """The first prompt, as a person says it into a telephone."""
    import soxr

    samples: Samples = soxr.resample(spoken(script, next(units(script)).words), RATE, telephone.TELEPHONE_RATE)
    return samples


def _wav(samples: Samples) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, telephone.TELEPHONE_RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


class _Reader:
    """Somebody on a test phone who reads out what the line asks for."""

    def __init__(self, line: Line, tools: Tools, twilio: Twilio):
        self.call, self._line, self._tools, self._twilio = line.call(TEST_PHONE), line, tools, twilio
        self._takes = 0

    def begin(self) -> Call:
        return self.call.press("96")

    def say(self, sound: bytes, seconds: int = 4) -> Call:
        """Says something after the tone, and waits until Twilio has handed it over."""
        came = self.call.verb("Record").attrib["recordingStatusCallback"]
        self._takes += 1
        sid = f"RE{self._takes:032x}"
        self.call.put_in(RecordingUrl=f"https://api.example.org/{sid}", RecordingDuration=str(seconds), Digits="#")
        self._twilio.answers += [(200, sound), (204, b"")]
        status = {"RecordingStatus": "completed", "RecordingSid": sid, "RecordingDuration": str(seconds)}
        assert self._line.post(came, {**self.call.form, **status}).status_code == 204
        work(self._tools)
        return self.call.wait()


@pytest.fixture
def reader(line: Line, tools: Tools, twilio: Twilio) -> _Reader:
    return _Reader(line, tools, twilio)


def _file(settings: Settings, name: str) -> Path:
    return settings.audio_dir / "recordings" / "en" / f"{name}.wav"


def test_a_prompt_is_said_heard_judged_and_kept_for_somebody_to_confirm(
    reader: _Reader, settings: Settings, script: Script, said: Samples, twilio: Twilio, line: Line
) -> None:
    first, second, *_ = units(script)

    call = reader.begin()
    assert call.place == "record_prompt"
    assert "A computer records better" in call.words
    assert call.words.endswith(first.words)
    assert int(call.verb("Record").attrib["maxLength"]) == MOST_SECONDS

    reader.say(_wav(said))
    assert call.place == "record_good"
    heard = call.verb("Play").text or ""
    reply = line.client.get(heard.removeprefix(settings.public_url))
    samples, rate = soundfile.read(io.BytesIO(reply.data))
    reply.close()
    assert rate == telephone.TELEPHONE_RATE
    assert telephone.loudness(samples.astype(np.float32), rate) == pytest.approx(telephone.LOUDNESS, abs=2)
    assert [method for method, _, _ in twilio.seen] == ["GET", "DELETE"], "nothing of it stays at Twilio"

    call.press("1")
    assert "It is kept." in call.words
    assert call.words.endswith(second.words)
    assert "computer records better" not in call.words, "said once"
    assert _file(settings, first.name).read_bytes() == _wav(said)
    assert not (settings.config_dir / recorded.FILE).exists()
    assert Recordings(settings.audio_dir, script).names() == {}, "no caller hears it yet"


def test_whoever_listens_to_it_in_a_browser_confirms_it(
    reader: _Reader, settings: Settings, script: Script, said: Samples, line: Line, store: Store
) -> None:
    first = next(units(script))
    reader.begin()
    reader.say(_wav(said)).press("1")
    hire(store, "edda", role="editor")
    browser = Browser(line)
    browser.sign_in("edda")

    browser.get(f"/studio/record/en/{first.name}")
    assert "it came by telephone" in browser.page
    assert "recorded at 8000 samples a second, as by a telephone" in browser.page
    of, take, after = (_hidden(browser.page, name) for name in ("of", "take", "after"))
    browser.send(f"/studio/record/en/{first.name}/confirm", of=of, take=take, after=after)

    assert "Confirmed." in browser.page
    confirmed = building.load(configfiles.script_files(settings.config_dir), config.bank_holidays())
    assert confirmed.recorded[first.name].by == "edda"
    assert {clip.words for clip in Recordings(settings.audio_dir, confirmed).names()} == {first.words}


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_hash_plays_the_take_again(reader: _Reader, said: Samples) -> None:
    reader.begin()
    call = reader.say(_wav(said))
    once = call.verb("Play").text

    assert call.press("#").verb("Play").text == once
    assert "To hear that again" in call.words


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (lambda said: said * 0.0005, "That was too quiet. Hold the phone closer."),
        (lambda said: np.clip(said * 60, -1, 1), "That was too loud. Hold the phone further away."),
        (lambda said: said[4500:6000], "That was too short for these words."),
        (lambda said: np.tile(said, 6), "That was too long for these words."),
    ],
)
def test_a_take_that_cannot_be_used_is_told_in_words_and_said_once_more(
    reader: _Reader, settings: Settings, script: Script, said: Samples, how: object, told: str
) -> None:
    reader.begin()

    call = reader.say(_wav(how(said)))  # type: ignore[operator]
    assert call.place == "record_bad"
    assert told in call.words

    assert call.press("1").place == "record_prompt"
    assert call.words.endswith(next(units(script)).words), "the same words"
    assert reader.say(_wav(said)).place == "record_good"
    assert not _file(settings, next(units(script)).name).exists()


def test_what_is_no_sound_at_all_is_told(reader: _Reader) -> None:
    reader.begin()

    assert "I cannot use what you said." in reader.say(b"no sound").words


def test_a_cut_word_is_told_and_whoever_speaks_decides(reader: _Reader, said: Samples) -> None:
    reader.begin()
    loud = np.flatnonzero(np.abs(said) > 0.2)

    call = reader.say(_wav(said[loud[0] + 100 :]))

    assert call.place == "record_good"
    assert "The first word may not be whole." in call.words
    assert "That is good." not in call.words


def test_words_can_be_passed_over_and_recording_finished(reader: _Reader, script: Script, said: Samples) -> None:
    first, second, *_ = units(script)
    reader.begin()
    call = reader.say(_wav(said)).press("3")

    assert call.words.endswith(second.words)
    assert first.words not in call.words
    assert reader.say(_wav(said[:100])).press("3").place == "end_menu"


def test_what_is_recorded_already_is_not_asked_for(reader: _Reader, settings: Settings, script: Script) -> None:
    first, second, *_ = units(script)
    _file(settings, first.name).parent.mkdir(parents=True)
    _file(settings, first.name).write_bytes(b"a take that waits for somebody to confirm it")

    assert reader.begin().words.endswith(second.words)


def test_a_recording_of_somebody_who_was_quicker_is_never_replaced(
    reader: _Reader, settings: Settings, script: Script, said: Samples
) -> None:
    first = next(units(script))
    reader.begin()
    call = reader.say(_wav(said))
    _file(settings, first.name).parent.mkdir(parents=True, exist_ok=True)
    _file(settings, first.name).write_bytes(b"a colleague's")

    call.press("1")

    assert "it was not kept" in call.words
    assert _file(settings, first.name).read_bytes() == b"a colleague's"


def _confirmed_for_earlier_words(settings: Settings, script: Script, name: str) -> Script:
    """The script in which somebody stands for the file of this prompt, which says what the line said before."""
    path = _file(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"what the line said before")
    note = ConfirmedTake(recorded.print_of("Earlier words."), take_of(path), "edda", dt.date(2026, 5, 3))
    return dataclasses.replace(script, recorded={name: note})


def test_a_recording_whose_words_were_changed_is_neither_asked_for_nor_replaced(
    settings: Settings, script: Script, said: Samples
) -> None:
    first, second, *_ = units(script)
    takes, take = PhonedTakes(settings), take_id("CA1", 1)
    takes.run(script, FindPrompt("CA1", ()))
    takes.came(take, _wav(said))
    changed = _confirmed_for_earlier_words(settings, script, first.name)

    assert takes.run(changed, KeepTake(take, first.name)) == Failed()
    assert _file(settings, first.name).read_bytes() == b"what the line said before"
    asked = takes.run(changed, FindPrompt("CA2", ()))
    assert isinstance(asked, Done)
    assert asked.prompt
    assert asked.prompt.name == second.name


def test_a_take_of_words_that_were_changed_during_the_call_is_not_kept(
    settings: Settings, script: Script, tested: dict[str, str], said: Samples
) -> None:
    takes, take, first = PhonedTakes(settings), take_id("CA1", 1), next(units(script))
    takes.run(script, FindPrompt("CA1", ()))
    takes.came(take, _wav(said))
    (name,) = (name for name, text in tested.items() if first.words in text)
    other = {**tested, name: tested[name].replace(first.words, f"{first.words} And welcome.")}
    changed = building.load(other, config.bank_holidays())
    assert next(units(changed)).name == first.name

    assert takes.run(changed, KeepTake(take, first.name)) == Failed()
    assert not _file(settings, first.name).exists()
    assert takes.run(script, KeepTake(take, first.name)) == Done(), "with the words that were said"


def test_a_disk_that_takes_nothing_is_told(reader: _Reader, settings: Settings, said: Samples) -> None:
    reader.begin()
    call = reader.say(_wav(said))
    shutil.rmtree(settings.audio_dir / "recordings", ignore_errors=True)
    (settings.audio_dir / "recordings").write_text("a file where the folder should be")

    assert "it was not kept" in call.press("1").words


def test_a_take_that_does_not_come_is_told_after_half_a_minute(reader: _Reader) -> None:
    call = reader.begin()
    call.put_in(RecordingUrl="https://api.example.org/RE1", RecordingDuration="4", Digits="#")
    for _ in range(MOST_LOOKS):
        assert call.place == "record_wait"
        assert int(call.verb("Gather").attrib["timeout"]) == LOOK_SECONDS
        call.wait()

    assert "what you said did not come" in call.words
    assert call.place == "record_bad"


def test_a_second_key_after_a_take_is_no_mistake(reader: _Reader, said: Samples) -> None:
    call = reader.begin()
    call.put_in(RecordingUrl="https://api.example.org/RE1", RecordingDuration="4", Digits="#")
    once = call.words

    for key in "#5":
        call.press(key)

        assert call.place == "record_wait"
        assert call.words in ("", once)


def test_silence_after_the_tone_is_told(reader: _Reader) -> None:
    call = reader.begin()

    call.put_in(RecordingDuration="0")

    assert "I did not hear you." in call.words
    assert call.press("1").place == "record_prompt"


def test_a_webhook_that_comes_twice_keeps_one_take(reader: _Reader, line: Line, said: Samples) -> None:
    reader.begin()
    call = reader.say(_wav(said))
    action = call.action
    line.now += dt.timedelta(seconds=5)

    once, again = (line.post(action, {**call.form, "Digits": "1"}).text for _ in range(2))

    assert "It is kept." in once
    assert once == again


@pytest.mark.parametrize("caller", [CALLER, "anonymous", "+44770090077"])
def test_no_other_phone_is_offered_it_or_gets_there(line: Line, caller: str) -> None:
    call = line.call(caller).press("9")
    assert "To record these words" not in call.words

    assert call.press("6").place == "help_settings"


def test_a_machine_without_the_libraries_for_sound_says_that_it_cannot(
    reader: _Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.machine.equipment.only_serves", lambda: True)

    assert "you cannot record by phone right now" in reader.begin().words


def test_takes_of_calls_that_are_over_are_deleted_after_a_day(
    reader: _Reader, settings: Settings, tools: Tools, said: Samples, store: Store
) -> None:
    reader.begin()
    reader.say(_wav(said))
    there = [*(settings.data_dir / "takes").iterdir()]
    assert there
    assert all(path.stat().st_mode & 0o077 == 0 for path in there), "for nobody else on the machine to read"

    worker.tidy(tools, time.time() + KEEP_SECONDS - 60)
    assert all(path.exists() for path in there)
    for path in there:
        os.utime(path, (0, 0))
    worker.tidy(tools, time.time())

    assert not any(path.exists() for path in there)


def test_the_sound_of_a_take_that_nobody_kept_is_deleted_with_it(
    reader: _Reader, settings: Settings, tools: Tools, said: Samples
) -> None:
    reader.begin()
    before = _sounds(settings)
    call = reader.say(_wav(said))
    assert len(_sounds(settings) - before) == 2
    call.press("2")

    for path in (settings.data_dir / "takes").iterdir():
        os.utime(path, (0, 0))
    worker.tidy(tools, time.time())

    assert _sounds(settings) == before


def _sounds(settings: Settings) -> set[Path]:
    return {path for folder in (RENDERED, MASTERS) for path in (settings.audio_dir / folder).glob("*")}


def test_a_take_of_which_no_news_came_is_fetched_and_deleted_at_twilio(
    reader: _Reader, tools: Tools, twilio: Twilio, said: Samples
) -> None:
    call = reader.begin()
    left = {"sid": "RE" + "0" * 32, "call_sid": call.sid, "status": "completed", "duration": "4"}
    twilio.answers = [(200, {"recordings": [left], "next_page_uri": None}), (200, _wav(said)), (204, b"")]

    worker.fetch_forgotten(tools)
    work(tools)

    assert [method for method, _, _ in twilio.seen] == ["GET", "GET", "DELETE"]


def test_the_practice_desk_records_prompt_after_prompt(script: Script) -> None:
    first, second, *_ = units(script)
    talk = Talk(script, caller=TEST_PHONE).press("96")
    assert isinstance(talk.turn.then, Record)

    talk.recorded().wait()
    assert "That is good." in talk.words
    talk.press("1")
    assert talk.words.endswith(second.words)
    assert talk.handler.recorded == [first.name]
    assert talk.noted == [f"recording of {first.name} kept, for somebody to confirm"]


def test_star_leads_back_to_help_from_every_prompt(script: Script) -> None:
    talk = Talk(script, caller=TEST_PHONE).press("96").recorded().wait().press("1").recorded().wait()

    assert talk.press("*").at == "help_settings"


def test_when_everything_is_recorded_the_line_says_so(script: Script) -> None:
    handler = PracticeHandler()
    handler.recorded = [unit.name for unit in units(script)]

    talk = Talk(script, caller=TEST_PHONE, handler=handler).press("96")

    assert "All the words are recorded." in talk.words
    assert talk.at == "end_menu"


def test_a_take_for_an_unknown_fault_is_told_as_one_that_cannot_be_used(script: Script) -> None:
    handler = PracticeHandler()
    handler.judges = Judged(faults=("recording-of-another-kind",))

    assert (
        "I cannot use what you said."
        in Talk(script, caller=TEST_PHONE, handler=handler).press("96").recorded().wait().words
    )


def test_a_test_phone_need_not_be_set_for_the_line_to_work(files: dict[str, str]) -> None:
    assert configfiles.script_files(config.ROOT / "config") == files
    talk = Talk(building.load(files, config.bank_holidays()), caller=TEST_PHONE).press("9")

    assert "To record" not in talk.words
