"""The page Record in a real Chromium, with a microphone that hears real speech."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, Route, expect, sync_playwright

from ivr.audio import Recordings, units
from ivr.authoring import recorded
from ivr.compiling import building
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.script import Script
from ivr.store import Store
from tests.browser import DESKTOP, axe, on_a_port, page_of, sideways
from tests.desk import PASSWORD, SPARE, hire
from tests.line import Line
from tests.microphone import as_file, at_a_microphone, spoken

#: Whoever is asked for the microphone gives it.
ALLOWED = "--use-fake-ui-for-media-stream"
#: Milliseconds in which the draft is checked, compared and made live, also on a busy machine.
_PATIENCE = 90_000
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
    yield from on_a_port(settings, store)


@pytest.fixture(scope="module")
def first(shipped: Script) -> str:
    """The words of the first prompt."""
    return next(iter(units(shipped))).words


@pytest.fixture(scope="module")
def chromium(shipped: Script, first: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Its microphone hears the first prompt."""
    file = tmp_path_factory.mktemp("said") / "said.wav"
    soundfile.write(file, spoken(shipped, first), 48000)
    with sync_playwright() as playwright, at_a_microphone(playwright.chromium, file, ALLOWED) as browser:
        yield browser


def _sign_in(page: Page, name: str = "edda") -> None:
    page.goto("/console/signin")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/studio/**")


def _button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def _told(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("status")).to_contain_text(words, timeout=60_000)


def test_a_prompt_is_recorded_by_keys_judged_and_kept_for_callers(
    chromium: Chromium, served: Line, first: str, shipped: Script
) -> None:
    for page in page_of(chromium, served, DESKTOP):
        _sign_in(page)
        page.get_by_role("link", name="Record", exact=True).click()
        axe(page)
        page.get_by_role("link", name="Record what is missing").click()
        page.wait_for_load_state()  # the recorder is a script
        expect(page.locator("#words")).to_have_text(first)
        expect(_button(page, "Record")).to_be_focused()

        page.keyboard.press("Space")
        expect(_button(page, "Stop")).to_be_visible()
        page.wait_for_timeout(1000 * len(spoken(shipped, first)) // 48000)
        page.keyboard.press("Space")

        _told(page, re.compile("This sounds right|Listen"))
        axe(page)
        page.keyboard.press("l")
        page.keyboard.press("k")
        _told(page, "Kept. This is the next.")
        expect(page.locator("#words")).not_to_have_text(first)
        expect(_button(page, "Record")).to_be_focused()

        page.goto("/studio/record")
        expect(page.get_by_text("recorded by edda").first).to_be_attached()

    name = next(iter(units(shipped))).name
    kept = (served.settings.config_dir / recorded.FILE).read_text()
    assert f'  {name}: {{by: "edda", ' in kept
    assert soundfile.info(served.settings.audio_dir / "recordings" / "en" / f"{name}.wav").samplerate >= 44100


def _hand_in(page: Page, content: bytes) -> None:
    page.get_by_label("Or a file").set_input_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": content})


@pytest.fixture(scope="module")
def said(shipped: Script, first: str) -> bytes:
    return as_file(spoken(shipped, first))


#: What a browser writes into its console while the line cannot be reached, or says no.
HARD_TIMES = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|40[0-9]|422"


def test_without_a_connection_and_after_a_sign_in_that_ended_the_take_is_still_here(
    chromium: Chromium, served: Line, first: str, said: bytes
) -> None:
    for page in page_of(chromium, served, DESKTOP, HARD_TIMES):
        _sign_in(page)
        page.goto("/studio/record")
        page.get_by_role("link", name="Record what is missing").click()
        page.wait_for_load_state()  # the recorder is a script
        page.context.set_offline(True)
        _hand_in(page, said)
        _told(page, "The line cannot be reached. Your recording is still here.")
        expect(_button(page, "Keep")).to_be_disabled()
        page.context.set_offline(False)
        _button(page, "Listen again").click()
        _told(page, "This sounds right")

        page.context.clear_cookies()
        _button(page, "Keep").click()
        _told(page, "Your sign-in has ended.")
        axe(page)
        tab = page.context.new_page()
        _sign_in(tab)
        tab.close()
        _button(page, "Keep").click()
        _told(page, "Kept.")
        expect(page.locator("#words")).not_to_have_text(first)


def test_a_take_is_kept_once_after_it_was_judged_and_nothing_takes_its_place_meanwhile(
    chromium: Chromium, served: Line, first: str, said: bytes
) -> None:
    waiting: list[Route] = []
    for page in page_of(chromium, served, DESKTOP):
        _sign_in(page)
        page.goto("/studio/record")
        page.get_by_role("link", name="Record what is missing").click()
        page.wait_for_load_state()  # the recorder is a script
        page.route(re.compile("/(judge|keep)"), lambda route: waiting.append(route))
        _hand_in(page, said)
        _told(page, "It is being listened to.")
        page.wait_for_timeout(500)
        expect(_button(page, "Keep")).to_be_disabled()
        waiting.pop().continue_()
        _told(page, "This sounds right")

        _button(page, "Keep").dblclick()
        _told(page, "It is being kept.")
        expect(_button(page, "Keep")).to_be_disabled()
        expect(page.get_by_label("Or a file")).to_be_disabled()
        _button(page, "Record").click()
        page.get_by_role("link", name="Next").click()
        page.wait_for_timeout(500)
        _told(page, "It is being kept.")
        expect(page.locator("#words")).to_have_text(first)
        assert len(waiting) == 1
        waiting.pop().continue_()
        _told(page, "Kept. This is the next.")
        expect(page.get_by_label("Or a file")).to_be_enabled()
        assert waiting == []


def test_what_is_not_kept_is_not_left_by_one_slip(chromium: Chromium, served: Line, first: str, said: bytes) -> None:
    for page in page_of(chromium, served, DESKTOP):
        _sign_in(page)
        page.goto("/studio/record")
        page.get_by_role("link", name="Record what is missing").click()
        page.wait_for_load_state()  # the recorder is a script
        _hand_in(page, said)
        _told(page, "This sounds right")

        page.get_by_role("link", name="Next").click()
        _told(page, "This recording is not kept.")
        expect(page.locator("#words")).to_have_text(first)
        page.get_by_role("link", name="Next").click()
        expect(page.locator("#words")).not_to_have_text(first)


def test_two_people_with_the_same_prompt_open_hear_of_each_other(chromium: Chromium, served: Line, said: bytes) -> None:
    for one in page_of(chromium, served, DESKTOP):
        for other in page_of(chromium, served, DESKTOP):
            for page, name in ((one, "edda"), (other, "omar")):
                _sign_in(page, name)
                page.goto("/studio/record")
                page.get_by_role("link", name="Record what is missing").click()
                page.wait_for_load_state()  # the recorder is a script
                _hand_in(page, said)
                _told(page, "This sounds right")
            _button(one, "Keep").click()
            _told(one, "Kept.")

            _button(other, "Keep").click()
            _told(other, "edda has recorded this meanwhile.")
            expect(other.get_by_label("What is recorded")).to_be_visible()
            axe(other)
            _button(other, "Keep").click()
            _told(other, "Kept.")
    assert 'by: "omar"' in (served.settings.config_dir / recorded.FILE).read_text()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no sound at all", "This is no sound file that can be read. Save it as WAV, FLAC or MP3."),
        (as_file(np.zeros(48000, np.float32)), "This has almost no sound. Record it again, nearer to the microphone."),
    ],
    ids=["no sound file", "silence"],
)
def test_what_cannot_be_kept_is_told_in_one_sentence(
    chromium: Chromium, served: Line, content: bytes, told: str
) -> None:
    for page in page_of(chromium, served, DESKTOP, HARD_TIMES):
        _sign_in(page)
        page.goto("/studio/record/en/greeting.1")
        _hand_in(page, content)
        _told(page, told)


def test_a_file_that_is_too_big_is_told_before_it_is_sent(chromium: Chromium, served: Line) -> None:
    for page in page_of(chromium, served, DESKTOP):
        _sign_in(page)
        page.goto("/studio/record/en/greeting.1")
        page.evaluate("""() => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(32_000_001)], "long.wav"));
            const input = document.getElementById("file");
            input.files = files.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
        }""")
        _told(page, "This is too big: 32 MB are the most.")
        expect(_button(page, "Keep")).to_be_disabled()


def test_a_microphone_that_is_refused_or_not_there_is_told(chromium: Chromium, served: Line, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    silence.write_bytes(as_file(np.zeros(48000, np.float32)))
    for hears, more, told in (
        (silence, [], "This browser does not let this page use the microphone."),
        (None, [ALLOWED], "No microphone was found."),
    ):
        with at_a_microphone(chromium.browser_type, hears, *more) as browser:
            for page in page_of(browser, served, DESKTOP):
                _sign_in(page)
                page.goto("/studio/record/en/greeting.1")
                _button(page, "Record").click()
                _told(page, told)
                expect(page.get_by_label("Or a file")).to_be_enabled()


def test_a_file_is_taken_at_the_width_of_a_telephone(
    chromium: Chromium, served: Line, shipped: Script, first: str
) -> None:
    for page in page_of(chromium, served, TELEPHONE):
        page.emulate_media(color_scheme="dark")
        _sign_in(page)
        page.goto("/studio/record/en/greeting.1")
        content = as_file(spoken(shipped, first), "MP3")
        page.get_by_label("Or a file").set_input_files(
            {"name": "any name.mp3", "mimeType": "audio/mpeg", "buffer": content}
        )

        _told(page, "This sounds right")
        assert sideways(page) <= 0
        axe(page)
        _button(page, "Keep").click()
        _told(page, "Kept.")


@pytest.mark.timeout(300)
def test_callers_hear_a_recording_once_it_is_published_and_no_longer_once_that_is_taken_back(
    chromium: Chromium, served: Line, store: Store, shipped: Script, first: str, said: bytes
) -> None:
    hire(store, "ada", role="approver")
    name = next(iter(units(shipped))).name

    def heard() -> set[str]:
        live = building.load(store.revisions.files(store.revisions.live() or "") or {}, config.bank_holidays())
        return {clip.words for clip in Recordings(served.settings.audio_dir, live).names()}

    for page in page_of(chromium, served, TELEPHONE, HARD_TIMES):
        page.goto("/console/signin")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        _button(page, "Sign in").click()
        page.get_by_label("Code from your app").fill(SPARE[0])
        _button(page, "Go on").click()
        page.goto(f"/studio/record/en/{name}")
        _hand_in(page, said)
        _told(page, "This sounds right")
        _button(page, "Keep").click()
        _told(page, "Kept.")
        assert heard() == set()

        page.goto("/studio/publish")
        expect(page.get_by_text("a recording that ada stands for").first).to_be_visible(timeout=_PATIENCE)
        page.get_by_label("Why, in a few words").fill("my voice")
        _button(page, "Make it live").click()
        expect(page.get_by_text("It is live: new calls use it.")).to_be_visible(timeout=_PATIENCE)
        assert heard() == {first}

        page.get_by_text("Take the last publication back").click()
        _button(page, "Take back: my voice").click()
        expect(page.get_by_text("This took back what ada published (my voice).")).to_be_visible(timeout=_PATIENCE)
        assert heard() == set()


def test_a_take_that_came_by_telephone_is_listened_to_and_confirmed(
    chromium: Chromium, served: Line, first: str, shipped: Script
) -> None:
    """On a small screen. It is told as what it is, and nothing is confirmed by opening the page."""
    import soxr

    name = next(iter(units(shipped))).name
    file = served.settings.audio_dir / "recordings" / "en" / f"{name}.wav"
    file.parent.mkdir(parents=True)
    file.write_bytes(as_file(soxr.resample(spoken(shipped, first), 48000, 8000), rate=8000))
    for page in page_of(chromium, served, TELEPHONE):
        _sign_in(page)
        page.goto(f"/studio/record/en/{name}")
        page.wait_for_load_state()
        expect(page.get_by_text("There is a recording that nobody has confirmed")).to_be_visible()
        expect(page.get_by_text("as by a telephone")).to_be_visible()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not (served.settings.config_dir / recorded.FILE).exists()

        _button(page, "Confirm: it says these words").click()

        expect(page.get_by_text("Confirmed. Callers hear it once it is published.")).to_be_visible(timeout=60_000)
        expect(page.locator("#words")).not_to_have_text(first)
    assert f"  {name}:" in (served.settings.config_dir / recorded.FILE).read_text()
