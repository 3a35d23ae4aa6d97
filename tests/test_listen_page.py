"""The page on which somebody listens to the sounds of a language, and stands for them."""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from ivr.machine import disk
from ivr.machine.config import Settings
from ivr.store import Store
from ivr.web.studio import asked
from ivr.web.studio.drafting import Drafting
from tests.browser import DESKTOP, axe, on_a_port, page_of, sideways
from tests.desk import Browser, hire
from tests.line import Line
from tests.test_record_page import TELEPHONE, _sign_in
from tests.test_translate import Translator, _record, draft

__all__ = ["draft"]


@pytest.fixture
def settings(settings: Settings, draft: Translator, tmp_path: Path) -> Settings:
    """Of a line with one language, in which one line is checked and recorded."""
    draft("checked", "en-XA", "ask", "yes", "--by", "Someone Else")
    _record(draft.recordings / "ask.wav")
    return dataclasses.replace(settings, config_dir=draft.folder, audio_dir=tmp_path / "audio")


@pytest.fixture
def browser(settings: Settings, store: Store, published: str) -> Iterator[Browser]:
    hire(store, "edda", role="editor")
    with Line(settings, store) as line:
        browser = Browser(line)
        browser.sign_in("edda")
        yield browser


def _fields(page: str) -> dict[str, str]:
    """The hidden fields of the form on the page."""
    names = ("line", "of", "take")
    return {name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in names}


def test_what_is_not_ready_says_why(browser: Browser) -> None:
    page = browser.get("/studio/listen/en-XA").text

    assert "0 of " in page
    assert "1 to listen to" in page
    assert "yes has no recording" in page
    assert "no is draft: to be checked." in page


def test_whoever_listened_is_written_down_for_these_words_and_this_take(
    browser: Browser, draft: Translator, store: Store
) -> None:
    fields = _fields(browser.get("/studio/listen/en-XA").text)

    told = browser.send("/studio/listen/en-XA", by="Lee Moss", **fields)

    assert "Lee Moss stands for it now." in told.text
    entry = next(store.audit.entries())
    assert (entry.what, entry.about) == ("wrote down who listened to en-XA/ask", "")
    heard = draft.line("ask")["heard"]
    assert isinstance(heard, dict)
    assert (heard["by"], heard["of"]) == ("Lee Moss", fields["of"])
    assert f"ask={heard['takes']['ask']}" == fields["take"]
    assert " heard " in next(line for line in draft("status", "en-XA").output.splitlines() if " ask " in line)


def test_a_sound_that_was_recorded_again_meanwhile_is_listened_to_once_more(
    browser: Browser, draft: Translator
) -> None:
    fields = _fields(browser.get("/studio/listen/en-XA").text)
    _record(draft.recordings / "ask.wav", pitch=300)

    told = browser.send("/studio/listen/en-XA", by="Lee Moss", **fields)

    assert "Its words or recordings have changed. Listen again." in told.text
    assert "heard" not in draft.line("ask")


def test_a_disk_that_does_not_take_the_name_is_told(
    browser: Browser, settings: Settings, draft: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = _fields(browser.get("/studio/listen/en-XA").text)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write_whole", full)
    asks = asked.Listened("en-XA", fields["line"], fields["of"], dict([fields["take"].split("=")]), "Lee Moss")
    refused = Drafting(settings).answer(asks)

    assert isinstance(refused, asked.Refused)
    assert refused.why == (
        "The name could not be written: the disk is full. Confirm the line again when that is mended."
    )


@pytest.mark.parametrize(("by", "told"), [("", "Write the name"), ("machine", "is no person&#39;s name")])
def test_nobody_and_a_machine_stand_for_nothing(browser: Browser, draft: Translator, by: str, told: str) -> None:
    fields = _fields(browser.get("/studio/listen/en-XA").text)

    assert told in browser.send("/studio/listen/en-XA", by=by, **fields).text
    assert "heard" not in draft.line("ask")


def test_a_language_that_is_not_there_is_told(browser: Browser) -> None:
    answer = browser.get("/studio/listen/xx")

    assert answer.status_code == 404
    assert "There is no such language." in answer.text


def test_the_sounds_are_played_and_confirmed_in_a_browser(
    chromium: Chromium, settings: Settings, store: Store, published: str, draft: Translator
) -> None:
    hire(store, "edda", role="editor")
    for line in on_a_port(settings, store):
        for size, scheme in ((DESKTOP, "light"), (TELEPHONE, "dark")):
            for page in page_of(chromium, line, size):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                _sign_in(page)
                page.goto("/studio/listen/en-XA")
                assert sideways(page) <= 0
                axe(page)
                if size == TELEPHONE:
                    page.locator("#ask audio").evaluate("sound => sound.play()")
                    page.get_by_label("Who listened").fill("Lee Moss")
                    page.get_by_role("button", name="Every sound says").click()
                    expect(page.get_by_text("Lee Moss stands for it now.")).to_be_visible()
    assert draft.line("ask")["heard"]
