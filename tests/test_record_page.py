"""The page Record in a real Chromium, with a microphone that hears real speech."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from ivr import config, recorded
from ivr.audio import units
from ivr.config import Settings
from ivr.script import Script
from ivr.store import Store
from tests.desk import PASSWORD, hire
from tests.line import Line
from tests.microphone import as_file, at_a_microphone, spoken
from tests.test_browser import DESKTOP, _axe, _on_a_port, _page

TELEPHONE = {"width": 390, "height": 844}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a copy of config/ to record for."""
    folder = Path(shutil.copytree(config.ROOT / "config", tmp_path / "config"))
    return dataclasses.replace(settings, config_dir=folder, audio_dir=tmp_path / "audio")


@pytest.fixture
def served(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    for name in ("edda", "omar"):
        hire(store, name, role="editor")
    yield from _on_a_port(settings, store)


@pytest.fixture(scope="module")
def first(shipped: Script) -> str:
    """The words of the first prompt."""
    return next(iter(units(shipped))).words


@pytest.fixture(scope="module")
def chromium(shipped: Script, first: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Its microphone hears the first prompt."""
    file = tmp_path_factory.mktemp("said") / "said.wav"
    soundfile.write(file, spoken(shipped, first), 48000)
    with at_a_microphone(file, "--use-fake-ui-for-media-stream") as browser:
        yield browser


def _sign_in(page: Page, name: str = "edda") -> None:
    page.goto("/console/signin")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/studio/**")


def _button(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("button", name=name)


def _told(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("status")).to_contain_text(words, timeout=60_000)


def test_a_prompt_is_recorded_by_keys_judged_and_kept_for_callers(
    chromium: Chromium, served: Line, first: str, shipped: Script
) -> None:
    for page in _page(chromium, served, DESKTOP):
        _sign_in(page)
        page.get_by_role("link", name="Record", exact=True).click()
        _axe(page)
        page.get_by_role("link", name="Record what is missing").click()
        expect(page.locator("#words")).to_have_text(first)
        expect(_button(page, "Record")).to_be_focused()

        page.keyboard.press("Space")
        expect(_button(page, "Stop")).to_be_visible()
        page.wait_for_timeout(1000 * len(spoken(shipped, first)) // 48000)
        page.keyboard.press("Space")

        _told(page, re.compile("This sounds right|Listen"))
        _axe(page)
        page.keyboard.press("l")
        page.keyboard.press("k")
        _told(page, "Kept. This is the next.")
        expect(page.locator("#words")).not_to_have_text(first)
        expect(_button(page, "Record")).to_be_focused()

        page.keyboard.press("p")
        page.goto("/studio/record")
        expect(page.get_by_text("recorded by edda").first).to_be_attached()

    name = next(iter(units(shipped))).name
    kept = (served.settings.config_dir / recorded.FILE).read_text()
    assert f'  {name}: {{by: "edda", ' in kept
    assert soundfile.info(served.settings.audio_dir / "recordings" / "en" / f"{name}.wav").samplerate >= 44100


def test_a_file_is_taken_at_the_width_of_a_telephone(
    chromium: Chromium, served: Line, shipped: Script, first: str
) -> None:
    for page in _page(chromium, served, TELEPHONE):
        _sign_in(page)
        page.goto("/studio/record/en/greeting.1")
        content = as_file(spoken(shipped, first), "MP3")
        page.get_by_label("Or a file").set_input_files(
            {"name": "any name.mp3", "mimeType": "audio/mpeg", "buffer": content}
        )

        _told(page, "This sounds right")
        assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        _axe(page)
        _button(page, "Keep").click()
        _told(page, "Kept.")
