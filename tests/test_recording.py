"""What is recorded on the page Record: judged, kept as `ivr record` keeps it, and heard once it is published."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.audio import Recordings, judging, taking, units
from ivr.audio.telephone import Samples
from ivr.authoring import recorded
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.overview import changes
from ivr.problems import ConfigError
from ivr.script import ConfirmedTake, Script
from ivr.store import Store
from ivr.web.studio import asked
from ivr.web.studio.asked import Prompt
from ivr.web.studio.drafting import Drafting
from tests.desk import Browser, hire
from tests.line import Line
from tests.microphone import RATE, as_file, spoken
from tests.staff import Staff

_DAY = dt.date(2026, 5, 3)
NOISE = np.random.default_rng(1)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    folder = Path(shutil.copytree(config.ROOT / "config", tmp_path / "draft"))
    return dataclasses.replace(settings, config_dir=folder, audio_dir=tmp_path / "audio")


@pytest.fixture
def drafting(settings: Settings) -> Drafting:
    return Drafting(settings)


@pytest.fixture(scope="module")
def said(shipped: Script) -> Samples:
    """The words of the first prompt, spoken."""
    return spoken(shipped, next(unit.words for unit in units(shipped) if len(unit.words.split()) > 4))


def _first(drafting: Drafting, language: str = "en") -> Prompt:
    """The first prompt that is a whole sentence."""
    found = drafting.answer(asked.Recordable(language))
    assert isinstance(found, asked.Prompts)
    return next(prompt for prompt in found.prompts if len(prompt.words.split()) > 4)


def _keep(drafting: Drafting, content: bytes, by: str = "edda", **other: str) -> asked.Answer:
    prompt = _first(drafting, other.get("language", "en"))
    asks = {"language": "en", "of": prompt.of, "was": prompt.take, **other}
    return drafting.answer(asked.KeepTake(name=prompt.name, content=content, by=by, **asks))


def _script(settings: Settings) -> Script:
    return building.load(configfiles.script_files(settings.config_dir), config.bank_holidays())


# --- judged ------------------------------------------------------------------------------------


def _codes(samples: Samples, rate: int = RATE) -> list[str]:
    return [problem.code.removeprefix("recording-") for problem in judging.doubts(samples, rate)]


def test_speech_in_a_quiet_room_raises_no_doubt(said: Samples) -> None:
    quiet = said + NOISE.normal(0, 0.001, len(said)).astype(np.float32)

    assert _codes(quiet) == []


def test_noise_under_the_words_is_told(said: Samples) -> None:
    assert _codes(said + NOISE.normal(0, 0.02, len(said)).astype(np.float32)) == ["noisy"]


def test_words_that_are_cut_off_are_told_at_the_end_where_they_are(said: Samples) -> None:
    loud = np.flatnonzero(np.abs(said) > 0.3)
    first, last = loud[0], loud[-1]

    assert _codes(said[:last]) == ["cut-end"]
    assert _codes(said[first:]) == ["cut-start"]


@pytest.mark.parametrize("form", ["WAV", "FLAC", "MP3"])
def test_a_file_of_each_kind_is_taken(drafting: Drafting, settings: Settings, said: Samples, form: str) -> None:
    kept = _keep(drafting, as_file(said, form))

    assert isinstance(kept, asked.Kept)
    assert (kept.why, kept.prompt.state, kept.prompt.by) == ("", "kept", "edda")
    path = settings.audio_dir / "recordings" / "en" / f"{kept.prompt.name}.wav"
    assert soundfile.info(path).format == "WAV"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"RIFF, but nothing more", "This is no sound file that can be read. Save it as WAV, FLAC or MP3."),
        (b"", "This is no sound file"),
        (b"0" * (taking.MOST_BYTES + 1), "This file is too big: 32 MB are the most."),
        (as_file(np.zeros(200 * 16000, np.float32), "FLAC", 16000), "This lasts 3 minutes."),
        (as_file(np.zeros(RATE, np.float32)), "This has almost no sound."),
        (
            as_file(np.sin(np.arange(RATE)).astype(np.float32), "WAV", 6000),
            "This was recorded at 6000 samples a second.",
        ),
    ],
    ids=["no sound", "nothing", "huge", "long", "silent", "too few samples"],
)
def test_what_cannot_be_a_take_is_told_and_nothing_is_kept(
    drafting: Drafting, settings: Settings, content: bytes, told: str
) -> None:
    refused = _keep(drafting, content)

    assert isinstance(refused, asked.Refused)
    assert told in refused.why
    assert not list(settings.audio_dir.rglob("*.wav"))
    assert not (settings.config_dir / recorded.FILE).exists()


def test_a_small_file_that_would_fill_the_memory_is_refused(
    drafting: Drafting, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taking.MOST_NUMBERS < 100_000_000
    monkeypatch.setattr(taking, "MOST_NUMBERS", 7 * 96000)

    refused = _keep(drafting, as_file(np.zeros((96000, 8), np.float32), "FLAC", 96000))

    assert isinstance(refused, asked.Refused)
    assert "This has 8 channels at 96000 samples a second, which is too much. Save it in one channel" in refused.why


# --- kept --------------------------------------------------------------------------------------


def test_what_is_kept_is_heard_once_its_files_are_live_and_not_before(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    live = _script(settings)

    kept = _keep(drafting, as_file(said))

    assert isinstance(kept, asked.Kept)
    assert Recordings(settings.audio_dir, live).names() == {}
    heard = Recordings(settings.audio_dir, _script(settings))
    assert {clip.words for clip in heard.names()} == {kept.prompt.words}
    assert heard.problems() == []


def test_of_two_people_the_second_is_told_whose_take_is_there_and_can_have_their_own(
    drafting: Drafting, said: Samples
) -> None:
    opened = _first(drafting)
    _keep(drafting, as_file(said), by="omar")

    kept = _keep(drafting, as_file(said * 0.8), by="edda", was=opened.take)

    assert isinstance(kept, asked.Kept)
    assert kept.why.startswith("omar has recorded this meanwhile.")
    assert kept.prompt.by == "omar"
    again = _keep(drafting, as_file(said * 0.8), by="edda", was=kept.prompt.take)
    assert isinstance(again, asked.Kept)
    assert (again.why, again.prompt.by) == ("", "edda")


def test_a_take_of_words_that_were_changed_meanwhile_is_not_kept_for_the_new_ones(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    opened = _first(drafting)
    file = next(
        path for path in (settings.config_dir / "menus").glob("*.yaml") if opened.words[:30] in path.read_text()
    )
    file.write_text(file.read_text().replace(opened.words[:30], opened.words[:30].replace(" ", " really ", 1), 1))

    kept = _keep(drafting, as_file(said), of=opened.of)

    assert isinstance(kept, asked.Kept)
    assert kept.why.startswith("The words were changed meanwhile.")
    assert "really" in kept.prompt.words
    assert not (settings.config_dir / recorded.FILE).exists()


def test_words_that_change_later_put_the_prompt_back_on_the_list(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    _keep(drafting, as_file(said))
    path = settings.config_dir / recorded.FILE
    path.write_text(path.read_text().replace(_first(drafting).of, "00000000"))

    assert _first(drafting).state == "other"


def test_people_who_record_at_the_same_time_lose_nothing_of_each_other(settings: Settings) -> None:
    """Each with a process of their own, as each web process has one."""

    def write(nth: int) -> None:
        with taking.locked(settings.audio_dir):
            taking.write_down(settings.config_dir, {f"prompt_{nth}": ConfirmedTake("0" * 8, "1" * 8, "a", _DAY)})

    threads = [threading.Thread(target=write, args=(nth,)) for nth in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    text = (settings.config_dir / recorded.FILE).read_text()
    assert sorted(line.split(":")[0].strip() for line in text.splitlines() if line.startswith("  ")) == sorted(
        f"prompt_{nth}" for nth in range(12)
    )


def test_a_take_in_another_language_waits_for_its_listener(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    before = _first(drafting, "ur")

    kept = _keep(drafting, as_file(said), language="ur")

    assert isinstance(kept, asked.Kept)
    assert (before.state, kept.prompt.state) == ("none", "file")
    assert before.unchecked, "whoever records is told that the words may still change"
    assert (settings.audio_dir / "recordings" / "ur" / f"{before.name}.wav").is_file()
    assert not (settings.config_dir / recorded.FILE).exists()


def test_a_recording_is_taken_out_and_its_file_stays(drafting: Drafting, settings: Settings, said: Samples) -> None:
    name = _first(drafting).name
    _keep(drafting, as_file(said))

    out = drafting.answer(asked.TakeOut(name))

    assert isinstance(out, asked.Kept)
    assert out.prompt.state == "file"
    assert not (settings.config_dir / recorded.FILE).exists()
    again = drafting.answer(asked.TakeOut(name))
    assert isinstance(again, asked.Refused)
    assert again.why == "Nothing is recorded there any more."
    assert (settings.audio_dir / "recordings" / "en" / f"{name}.wav").is_file(), "nor after a second click"


def _handed_in(drafting: Drafting, settings: Settings, content: bytes) -> Prompt:
    """The first prompt, with a file in its place that nobody has confirmed."""
    prompt = _first(drafting)
    path = settings.audio_dir / "recordings" / "en" / f"{prompt.name}.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return _first(drafting)


def test_a_take_that_came_otherwise_is_confirmed_by_whoever_listened_to_it(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    prompt = _handed_in(drafting, settings, as_file(said))
    assert (prompt.state, Recordings(settings.audio_dir, _script(settings)).names()) == ("file", {})

    kept = drafting.answer(asked.Confirm(prompt.name, prompt.of, prompt.take, "edda"))

    assert isinstance(kept, asked.Kept)
    assert (kept.prompt.state, kept.prompt.by) == ("kept", "edda")
    assert {clip.words for clip in Recordings(settings.audio_dir, _script(settings)).names()} == {prompt.words}


@pytest.mark.parametrize("changed", [{"of": "0" * 8}, {"take": "0" * 8}])
def test_a_take_that_is_another_since_is_not_confirmed(
    drafting: Drafting, settings: Settings, said: Samples, changed: dict[str, str]
) -> None:
    prompt = _handed_in(drafting, settings, as_file(said))

    refused = drafting.answer(
        asked.Confirm(prompt.name, **{"of": prompt.of, "take": prompt.take, **changed}, by="edda")
    )

    assert isinstance(refused, asked.Refused)
    assert "changed meanwhile, so nothing was confirmed" in refused.why
    assert not (settings.config_dir / recorded.FILE).exists()


def test_a_faulty_take_that_came_otherwise_is_not_confirmed(drafting: Drafting, settings: Settings) -> None:
    prompt = _handed_in(drafting, settings, as_file(np.zeros(RATE, np.float32)))

    refused = drafting.answer(asked.Confirm(prompt.name, prompt.of, prompt.take, "edda"))

    assert isinstance(refused, asked.Refused)
    assert "almost no sound" in refused.why


def test_a_take_by_telephone_is_told_as_what_it_is(said: Samples) -> None:
    import soxr

    assert _codes(soxr.resample(said, RATE, 8000), 8000) == ["telephone"]
    assert [problem.code for problem in judging.faults(soxr.resample(said, RATE, 6000), 6000, "a b c")][:1] == [
        "recording-low-rate"
    ]


def _confirmed_by_version_1_4(drafting: Drafting, settings: Settings, said: Samples) -> Prompt:
    """The first prompt, with a take that only words.json confirms."""
    prompt = _first(drafting)
    folder = settings.audio_dir / "recordings" / "en"
    folder.mkdir(parents=True)
    (folder / f"{prompt.name}.wav").write_bytes(as_file(said))
    (folder / "words.json").write_text(json.dumps({prompt.name: prompt.words, "main_menu": "Something else."}))
    return _first(drafting)


def test_a_recording_that_version_1_4_confirmed_is_taken_out_as_well(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    prompt = _confirmed_by_version_1_4(drafting, settings, said)
    _keep(drafting, as_file(said))
    assert Recordings(settings.audio_dir, _script(settings)).names()

    out = drafting.answer(asked.TakeOut(prompt.name))

    assert isinstance(out, asked.Kept)
    assert out.prompt.state == "file"
    assert Recordings(settings.audio_dir, _script(settings)).names() == {}
    assert "main_menu" in (settings.audio_dir / "recordings" / "en" / "words.json").read_text()


def test_a_recording_that_only_version_1_4_confirmed_is_taken_out(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    prompt = _confirmed_by_version_1_4(drafting, settings, said)
    assert (prompt.state, prompt.by) == ("kept", "")

    out = drafting.answer(asked.TakeOut(prompt.name))

    assert isinstance(out, asked.Kept)
    assert out.prompt.state == "file"
    assert isinstance(drafting.answer(asked.TakeOut(prompt.name)), asked.Refused)


def test_a_full_disk_is_told(drafting: Drafting, settings: Settings, said: Samples) -> None:
    (settings.audio_dir / "recordings").mkdir(parents=True)
    (settings.audio_dir / "recordings" / "en").write_text("a file where the folder should be")

    refused = _keep(drafting, as_file(said))

    assert isinstance(refused, asked.Refused)
    assert "could not be written" in refused.why


def test_a_disk_that_takes_nothing_is_told_of_what_was_wanted(
    drafting: Drafting, settings: Settings, said: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(drafting, as_file(said))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(taking, "take_out", full)
    refused = drafting.answer(asked.TakeOut(_first(drafting).name))

    assert isinstance(refused, asked.Refused)
    assert refused.why == (
        "The recording could not be taken out: the disk is full. Take it out again when that is mended."
    )


# --- at a terminal ------------------------------------------------------------------------------


def test_what_ivr_record_confirms_is_written_into_the_draft_with_who_stands_for_it(staff: Staff) -> None:
    sounds = staff.folder.parent / "audio" / "recordings" / "en"
    sounds.mkdir(parents=True)
    script = building.load(configfiles.script_files(staff.folder), config.bank_holidays())
    unit = next(unit for unit in units(script) if len(unit.words.split()) > 4)
    said = spoken(script, unit.words)
    (sounds / f"{unit.name}.wav").write_bytes(as_file(said[: np.flatnonzero(np.abs(said) > 0.3)[-1]]))

    told = staff("record", "confirm", "--by", "Ann")

    assert f"{unit.name}.wav: The sound goes on to the last moment. Listen whether the last word is whole." in told.out
    assert "1 recording confirmed. Callers hear it once it is published: ivr publish" in told.out
    assert f'  {unit.name}: {{by: "Ann", on: ' in staff.read(recorded.FILE)
    assert "nobody" not in staff("record", "list").out.lower()


def test_a_publication_tells_which_recordings_are_new_and_which_are_gone(shipped: Script) -> None:
    take = ConfirmedTake("0" * 8, "1" * 8, "Ann", _DAY)
    before = dataclasses.replace(shipped, recorded={"greeting.1": take, "main_menu": take})
    after = dataclasses.replace(shipped, recorded={"greeting.1": dataclasses.replace(take, take="2" * 8)})

    told = "\n".join(line for change in changes.between(before, after) for line in change.lines())

    assert "greeting.1:\n    new      a recording that Ann stands for" in told
    assert "main_menu:\n    now      a recording\n    then     a voice of the line" in told


def test_a_publication_tells_which_recordings_were_confirmed_for_new_words(shipped: Script) -> None:
    take = ConfirmedTake("0" * 8, "1" * 8, "Ann", _DAY)
    before = dataclasses.replace(shipped, recorded={"greeting.1": take, "main_menu": take})
    again = dataclasses.replace(take, of="2" * 8, by="Bea")

    (change,) = changes.between(before, dataclasses.replace(before, recorded={"greeting.1": again, "main_menu": take}))

    assert (change.after, change.places) == ("a recording that Bea stands for", ("greeting.1",))


@pytest.mark.parametrize(
    "text",
    [
        "recordings:\n  greeting.1: {by: Ann}\n",
        "recordings:\n  greeting.1: {by: Ann, on: yesterday, of: '00000000', take: '11111111'}\n",
        "recordings:\n  Greeting 1: {by: Ann, on: 2026-05-03, of: '00000000', take: '11111111'}\n",
    ],
    ids=["left out", "no day", "no name"],
)
def test_a_slip_in_the_file_is_told_where_it_is(settings: Settings, text: str) -> None:
    (settings.config_dir / recorded.FILE).write_text(text)

    with pytest.raises(ConfigError) as told:
        _script(settings)

    assert "config/recordings.yaml:2" in str(told.value)


def test_comments_and_the_other_lines_of_the_file_stay(settings: Settings) -> None:
    take = ConfirmedTake("0" * 8, "1" * 8, 'Ann "Bee"', _DAY)
    text = recorded.with_takes("", {"a": take, "b.key1": take}) + "  # Carla records the rest in May.\n"

    after = recorded.with_takes(text, {"c": take, "a": dataclasses.replace(take, take="2" * 8)})

    assert after.count("Carla records the rest in May.") == 1
    assert [line.split(":")[0].strip() for line in after.splitlines() if "by:" in line] == ["a", "b.key1", "c"]
    assert recorded.without_takes(after, ["b.key1"]).count("by:") == 2


_COMMENT = "# Carla records the rest in May.\n"


@pytest.mark.parametrize(
    "form", [f"recordings:\n  {_COMMENT}  a: @\n  {_COMMENT}", f"recordings: {{a: @}}  {_COMMENT}"]
)
def test_the_last_recording_goes_and_a_comment_stays(settings: Settings, form: str) -> None:
    text = form.replace("@", "{by: Ann, on: 2026-05-03, of: '00000000', take: '11111111'}")

    left = recorded.without_takes(text, ["a"])
    (settings.config_dir / recorded.FILE).write_text(left)

    assert _COMMENT in left
    assert _script(settings).recorded == {}


def test_with_the_last_recording_a_file_without_comments_goes(settings: Settings) -> None:
    text = recorded.with_takes("", {"a": ConfirmedTake("0" * 8, "1" * 8, "Ann", _DAY)})

    assert recorded.without_takes(text, ["a"]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "recordings: {}\n", f"recordings: {{}}  {_COMMENT}", "recordings:", f"recordings:  {_COMMENT}",
        f"recordings:\n  {_COMMENT}", f"{_COMMENT}recordings: {{}}\n{_COMMENT}", _COMMENT, _COMMENT.strip(),
    ],
)  # fmt: skip
def test_a_file_without_recordings_takes_the_first_and_loses_no_comment(settings: Settings, text: str) -> None:
    take = ConfirmedTake("0" * 8, "1" * 8, "Ann", _DAY)

    after = recorded.with_takes(text, {"a": take, "b.key1": take})
    (settings.config_dir / recorded.FILE).write_text(after)

    assert after.count(_COMMENT.strip()) == text.count(_COMMENT.strip())
    assert _script(settings).recorded == {"a": take, "b.key1": take}


# --- over HTTP ----------------------------------------------------------------------------------


def test_only_whoever_may_change_words_records(settings: Settings, store: Store, published: str) -> None:
    with Line(settings, store) as line:
        for name, role, status in (("sam", "supervisor", 403), ("edda", "editor", 200)):
            hire(store, name, role=role)  # type: ignore[arg-type]
            browser = Browser(line)
            browser.sign_in(name)
            assert browser.client.get("/studio/record", base_url=settings.public_url).status_code == status


def test_what_version_1_4_confirmed_has_its_button_on_the_page(
    settings: Settings, store: Store, published: str, drafting: Drafting, said: Samples
) -> None:
    prompt = _confirmed_by_version_1_4(drafting, settings, said)
    with Line(settings, store) as line:
        hire(store, "edda", role="editor")
        browser = Browser(line)
        browser.sign_in("edda")
        there = "Let a voice say this again"

        assert there in browser.get(f"/studio/record/en/{prompt.name}").text
        assert "A voice speaks here again, from now on." in browser.send(f"/studio/record/en/{prompt.name}/out").text
        assert there not in browser.get(f"/studio/record/en/{prompt.name}").text
        _noted(store, f"took out the recording {prompt.name}")


def _noted(store: Store, what: str) -> None:
    """The last entry of the log. It is about no request."""
    entry = next(store.audit.entries())
    assert (entry.what, entry.about) == (what, "")


def test_a_file_that_nobody_has_confirmed_is_deleted_on_the_page(
    settings: Settings, store: Store, published: str, drafting: Drafting, said: Samples
) -> None:
    prompt = _handed_in(drafting, settings, as_file(said))
    file = settings.audio_dir / "recordings" / "en" / f"{prompt.name}.wav"
    with Line(settings, store) as line:
        hire(store, "edda", role="editor")
        browser = Browser(line)
        browser.sign_in("edda")
        there = "Delete it, so that it is recorded anew"

        page = browser.get(f"/studio/record/en/{prompt.name}").text
        assert "There is a recording that nobody has confirmed" in page
        assert there in page
        assert f'<input type="hidden" name="take" value="{prompt.take}">' in page

        told = browser.send(f"/studio/record/en/{prompt.name}/out", take=prompt.take).text
        assert "It is deleted. Record it anew." in told
        assert not file.exists()
        _noted(store, f"deleted the recording {prompt.name}")
        assert there not in browser.get(f"/studio/record/en/{prompt.name}").text
        told = browser.send(f"/studio/record/en/{prompt.name}/out", take=prompt.take).text
        assert "Nothing is recorded there any more." in told
        assert "It is deleted" not in told


def test_a_file_that_is_another_or_was_confirmed_meanwhile_is_not_deleted(
    drafting: Drafting, settings: Settings, said: Samples
) -> None:
    prompt = _handed_in(drafting, settings, as_file(said))
    file = settings.audio_dir / "recordings" / "en" / f"{prompt.name}.wav"

    another = drafting.answer(asked.TakeOut(prompt.name, "0" * 8))
    drafting.answer(asked.Confirm(prompt.name, prompt.of, prompt.take, "edda"))
    confirmed = drafting.answer(asked.TakeOut(prompt.name, prompt.take))

    for refused in (another, confirmed):
        assert isinstance(refused, asked.Refused)
        assert refused.why == "It was changed meanwhile, so nothing was deleted. Listen again."
    assert file.read_bytes() == as_file(said)


def test_whoever_keeps_a_take_is_in_the_log(
    settings: Settings, store: Store, published: str, drafting: Drafting, said: Samples
) -> None:
    prompt = _first(drafting)
    with Line(settings, store) as line:
        hire(store, "edda", role="editor")
        browser = Browser(line)
        browser.sign_in("edda")
        token = browser.page.split('name="csrf_token" value="')[1].split('"')[0]

        answer = browser.client.post(
            f"/studio/record/en/{prompt.name}/keep?of={prompt.of}&was=", base_url=settings.public_url,
            data=as_file(said), headers={"X-CSRFToken": token, "Content-Type": "application/octet-stream"},
        )  # fmt: skip

    assert answer.status_code == 200
    _noted(store, f"recorded en/{prompt.name}")


def test_a_take_may_be_as_big_as_a_take_can_be_and_no_bigger(settings: Settings, store: Store, published: str) -> None:
    with Line(settings, store) as line:
        hire(store, "edda", role="editor")
        browser = Browser(line)
        browser.sign_in("edda")
        token = browser.page.split('name="csrf_token" value="')[1].split('"')[0]

        for size, status in ((32_000_000, 422), (32_000_001, 413)):
            answer = browser.client.post(
                "/studio/record/en/greeting.1/judge", base_url=settings.public_url, data=b"0" * size,
                headers={"X-CSRFToken": token, "Content-Type": "application/octet-stream"},
            )  # fmt: skip
            assert answer.status_code == status
