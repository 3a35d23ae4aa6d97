"""The shipped drafts of other languages, as a test phone hears them: read by eSpeak, after a warning.

Nobody else hears a sound of them, whatever they press.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile

from ivr.audio import rendering
from ivr.authoring import drafts
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.script import Script
from ivr.store import Published, Store
from tests.line import CALLER, Line

TEST_PHONE = "+447700900999"
#: Twilio has no voice for Urdu, so what is heard of it here can only be ours.
TAG, KEY = "ur", "7"


@pytest.fixture(scope="module")
def folder(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with the shipped files, a test phone in them, and the sounds of one draft."""
    place = tmp_path_factory.mktemp("drafts")
    tried = {**files, "line.yaml": files["line.yaml"].replace("test_phones: []", f'test_phones: ["{TEST_PHONE}"]')}
    for name, text in tried.items():
        (place / "config" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "config" / name).write_text(text, encoding="utf-8")
    spoken = _spoken(tried)
    rendering.render_words(spoken, place / "audio", spoken.every_prompt(), slow=False)
    return place


def _spoken(files: dict[str, str]) -> Script:
    return building.load(files, config.bank_holidays()).in_language(TAG, drafts=True)


@pytest.fixture
def ringing(folder: Path, settings: Settings, store: Store) -> Iterator[Line]:
    """The real app in mode 'audio', with these files published."""
    files = configfiles.script_files(folder / "config")
    store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
    ours = dataclasses.replace(settings, speech="audio", config_dir=folder / "config", audio_dir=folder / "audio")
    with Line(ours, store) as line:
        yield line


def _said(reply: ET.Element) -> list[ET.Element]:
    return [each for each in reply.iter() if each.tag in ("Say", "Play")]


def _loud_seconds(line: Line, play: ET.Element) -> float:
    """The seconds of a sound in which something is heard."""
    address = str(play.text).removeprefix(line.settings.public_url)
    with line.client.get(address) as answer:
        samples, rate = soundfile.read(io.BytesIO(answer.data))
    return float((np.abs(samples) > 0.02).sum() / rate)


def test_a_test_phone_hears_a_draft_in_its_own_sounds_after_a_warning_in_english(ringing: Line) -> None:
    call = ringing.call(TEST_PHONE).press(KEY)

    warning, *after = _said(call.reply)
    assert warning.tag == "Say"
    assert "draft" in "".join(warning.itertext()).lower()
    plays = [each for each in after if each.tag == "Play" and _loud_seconds(ringing, each) > 0.1]
    assert len(plays) >= 5, "what this is, the question, and its choices"
    assert sum(_loud_seconds(ringing, each) for each in plays) > 8


def test_the_whole_talk_is_heard_in_sounds_and_no_voice_of_twilios_reads_a_word_of_it(ringing: Line) -> None:
    call = ringing.call(TEST_PHONE).press(KEY)
    for key in "1211":
        call.press(key)
        said = "".join(word for each in call.reply.iter("Say") for word in each.itertext())
        assert said.isascii(), "only the key back to English is read"
        assert any(_loud_seconds(ringing, each) > 0.1 for each in call.reply.iter("Play"))


def test_another_phone_is_offered_no_draft_and_hears_none(ringing: Line) -> None:
    call = ringing.call(CALLER)
    for key in ("", KEY, "8", KEY):
        call.press(key)
        assert "".join(word for each in call.reply.iter("Say") for word in each.itertext()).isascii()
        heard = [_loud_seconds(ringing, each) for each in call.reply.iter("Play")]
        assert not any(heard), "there are no sounds here but pauses and those of the draft"
