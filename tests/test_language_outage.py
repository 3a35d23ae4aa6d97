"""A talk in the caller's own language while something is broken: no English is heard, and nothing is promised that is
not kept.
"""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.audio.clips import RENDERED
from ivr.authoring import drafts
from ivr.machine.config import Settings
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.spoken import text_of
from ivr.store import Published, Store
from tests import pseudo
from tests.line import CALLER, OPEN, Call, Line, said
from tests.redis_server import RedisServer, soon
from tests.sealed import KEYS
from tests.talk import Talk
from tests.test_twiml import assert_valid

TAG = "ar-XB"


@dataclass
class Away:
    """A line with both pseudo-languages, and a Redis of its own, which can stop."""

    line: Line
    redis: RedisServer


@pytest.fixture
def away(settings: Settings, tmp_path: Path) -> Iterator[Away]:
    files = pseudo.files(pseudo.language("en-XA", key="5"), pseudo.language(TAG, key="6"))
    with RedisServer(tmp_path / "own") as server:
        store = Store(server.url, KEYS)
        store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", "for the tests"), files)
        with Line(dataclasses.replace(settings, redis_url=server.url), store) as line:
            yield Away(line, server)
        store.close()


@pytest.fixture(scope="module")
def words() -> Script:
    """The script of the language."""
    found = pseudo.both().tongue(TAG)
    assert found
    return found.script


def _is_in_the_language(words: str) -> bool:
    return bool(words) and not re.search("[a-z]", words.split("<languages.to_english>")[0])


def test_the_whole_talk_goes_on_in_its_language_while_redis_is_away(away: Away, words: Script) -> None:
    call = away.line.call().press("6")
    with away.redis.stopped():
        for key in "1121":
            assert _is_in_the_language(call.press(key).words)
        call.put_in(RecordingDuration="0")

    assert text_of(words.says["language.saved"]) in call.words
    assert text_of(words.says["language.ring_back"]) in call.words


def test_the_adviser_hears_the_language_first_while_redis_is_away(away: Away) -> None:
    call = away.line.call().press("6")
    with away.redis.stopped():
        call.press("0")
        assert "They" not in call.words
        whisper = away.line.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32}).text

    assert f"Pseudo {TAG}" in whisper


def test_the_adviser_hears_the_language_first_if_redis_fails_after_the_key(away: Away) -> None:
    """Nothing of the call is on this machine then."""
    call = away.line.call().press("6").press("0")
    with away.redis.stopped():
        whisper = away.line.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32}).text

    assert f"Pseudo {TAG}" in whisper


def _fail(*_: object) -> None:
    raise RuntimeError("the fault itself")


def _in_trouble(call: Call, path: str, **form: str) -> ET.Element:
    return assert_valid(call.line.post(path, {**call.form, **form}).text)


def test_a_fault_of_ours_is_told_in_the_language_of_the_call(
    away: Away, words: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = away.line.call().press("6").press("1")
    monkeypatch.setattr("ivr.engine.call.answer", _fail)

    for root in (
        _in_trouble(call, call.action, Digits="1"),
        _in_trouble(call, "/voice/fallback", ErrorCode="11200", ErrorUrl=f"https://line.example.org{call.action}"),
    ):
        assert text_of(words.says["language.through"]) in said(root)
        assert text_of(words.says["language.goodbye"]) in said(root)
        assert _is_in_the_language(said(root))
        assert root.find("Dial") is not None


def test_a_fault_before_a_language_was_chosen_is_told_in_english(away: Away) -> None:
    call = away.line.call()

    root = _in_trouble(call, "/voice/fallback", ErrorCode="11200", ErrorUrl="no address")

    assert not _is_in_the_language(said(root))


def test_a_fault_is_told_in_a_language_only_while_its_sounds_are_there(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may arrive after the start, and go again."""
    lacking = {TAG}
    monkeypatch.setattr("ivr.web.edition.lacking_languages", lambda *_: frozenset(lacking))
    files = pseudo.files(pseudo.language("en-XA", key="5"), pseudo.language(TAG, key="6"))
    store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", "for the tests"), files)
    with Line(dataclasses.replace(settings, speech="audio"), store) as line:
        live, folder = line.app._live, settings.audio_dir / RENDERED
        assert live.trouble_in(TAG) == live.trouble

        lacking.clear()
        folder.mkdir(parents=True)
        assert soon(lambda: _is_in_the_language(said(ET.fromstring(live.trouble_in(TAG)))), 10)

        lacking.add(TAG)
        (folder / "other").touch()
        assert soon(lambda: live.trouble_in(TAG) == live.trouble, 10)

        lacking.clear()
        store.texts.sender_is("no" if live._offers_texts else "")  # the editions are made again for that too
        assert soon(lambda: live.trouble_in(TAG) != live.trouble, 10)


# --- what cannot be kept is not promised ----------------------------------------------------------------


@pytest.mark.parametrize("keys", ["0", "1120", "..", "77", "3"])
def test_nobody_is_promised_a_call_that_could_not_be_kept(keys: str, words: Script) -> None:
    talk = Talk(pseudo.both(), OPEN.replace(hour=20), CALLER, PracticeHandler(works=False)).press("6")
    heard = [talk.to(key).words for key in keys]

    promises = {text_of(words.says[name]) for name in ("language.ring_back", "language.saved")}
    assert not any(promise in each for promise in promises for each in heard)
