"""The draft in a real browser: rung, kept, sent and looked at; and what a call that goes wrong says."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ivr.audio.clips import RENDERED
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import Store
from tests.browser import DESKTOP, PHONE, axe, enter, on_a_port, page_of, press, ring, sideways
from tests.desk import PASSWORD, hire
from tests.line import Line


def _sign_in(page: Page, name: str) -> None:
    """As an editor, who needs no second factor."""
    page.goto("/console/signin")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="Ring the line")).to_be_visible()


# --- the draft, heard before callers hear it ------------------------------------------------------


@pytest.fixture
def drafted(settings: Settings, store: Store, published: str, tmp_path: Path) -> Iterator[Line]:
    """A line with a draft of its own, and sounds in pyttsx3's voice."""
    folder = Path(shutil.copytree(config.ROOT / "config", tmp_path / "config"))
    line_yaml = folder / "line.yaml"
    line_yaml.write_text(re.sub(r"engines: \[.*?\]", "engines: [pyttsx3]", line_yaml.read_text()))
    welcome = folder / "menus" / "welcome.yaml"
    welcome.write_text(welcome.read_text().replace("This is the automated voice", "This is the new voice"))
    yield from on_a_port(dataclasses.replace(settings, config_dir=folder, speech="audio"), store)


def _reply(twiml: str, words: dict[str, str] | None = None) -> dict[str, object]:
    """A reply as the page gets it."""
    nothing: dict[str, object] = {"noted": [], "got": [], "did": [], "whisper": ""}
    return {**nothing, "revision": "x", "twiml": twiml, "words": words or {}, "place": "greeting"}


def _answer(page: Page, reply: dict[str, object]) -> None:
    """Let the line answer with this."""
    page.route("**/call/reply", lambda route: route.fulfill(json=reply))


def _listen_fast(page: Page) -> None:
    """Let sounds play at the highest speed that browsers have. Each is still fetched, decoded and played to its end."""
    page.add_init_script(
        "const play = HTMLMediaElement.prototype.play;"
        "HTMLMediaElement.prototype.play = function () { this.playbackRate = 16; return play.call(this); };"
    )


def _ring_the_draft(page: Page) -> None:
    page.get_by_label("When you ring").fill("2026-11-25T10:30")
    page.get_by_role("button", name="Ring", exact=True).click()
    expect(page.get_by_role("log")).to_contain_text("DRAFT This is a draft.")
    expect(page.get_by_role("log")).to_contain_text("This is the new voice", timeout=60_000)


def test_the_draft_is_heard_kept_as_a_story_and_sent_to_somebody_on_a_telephone(
    chromium: Browser, drafted: Line, store: Store, tmp_path: Path
) -> None:
    """By an editor, with sounds that are made for it; and by whoever approves, without a sign-in."""
    hire(store, "ren", "editor")
    for tab in page_of(chromium, drafted, DESKTOP):
        _listen_fast(tab)
        _sign_in(tab, "ren")
        tab.get_by_role("link", name="Ring the draft").first.click()
        axe(tab)
        with (
            tab.expect_response(re.compile("/announced.wav"), timeout=60_000) as announced,
            tab.expect_response(re.compile("/audio/[0-9a-f]{32}.wav"), timeout=60_000) as played,
        ):
            _ring_the_draft(tab)
        assert announced.value.headers["content-type"] == "audio/wav"
        assert played.value.ok
        assert (tmp_path / "audio" / RENDERED / played.value.url.rsplit("/", 1)[1]).read_bytes() == played.value.body()
        tab.keyboard.press("0")
        tab.get_by_role("button", name="They answer").click()
        tab.get_by_role("button", name="Hang up").click()
        expect(tab.get_by_role("log")).to_contain_text("GOT a person")
        axe(tab)

        tab.get_by_label("Name of the story").fill("new_voice")
        enter(tab, "Who rings, and why", "Somebody who wants a person at once")
        expect(tab.get_by_role("status").first).to_contain_text("config/stories/new_voice.call")
        assert (tmp_path / "config" / "stories" / "new_voice.call").is_file()

        _ring_the_draft(tab)
        tab.keyboard.press("0")
        tab.get_by_role("button", name="They are busy").click()
        tab.get_by_role("button", name="Hang up").click()
        expect(tab.get_by_role("log")).to_contain_text("(hangs up)")
        enter(tab, "What they are to listen for", "Is the new voice kind?")
        address = tab.get_by_label("Address").input_value()
        axe(tab)

    for phone in page_of(chromium, drafted, PHONE):
        _listen_fast(phone)
        phone.goto(address)
        expect(phone.get_by_text("This is a draft.").first).to_be_visible()
        assert sideways(phone) <= 0
        axe(phone)
        phone.get_by_role("button", name="Play the call as ren made it").click()
        expect(phone.get_by_role("log")).to_contain_text("ADVISER (busy)", timeout=90_000)
        expect(phone.get_by_role("status")).to_have_text("The call is over.", timeout=60_000)


def test_a_link_that_has_ended_says_so(chromium: Browser, served: Line) -> None:
    for tab in page_of(chromium, served, PHONE, "404"):
        tab.goto("/studio/link/none")

        expect(tab.get_by_text("This link has ended, or it is not complete.")).to_be_visible()
        axe(tab)


@pytest.mark.parametrize(
    ("twiml", "told"),
    [
        ("<Response><Enqueue>support</Enqueue></Response>", "The line sent <Enqueue>, which this page cannot play."),
        ("<Response><Gather numDigits='1' timeout='5'><Fax/></Gather></Response>", "sent <Fax>"),
        ("<Response><Say>", "The line sent a reply that cannot be read."),
    ],
)
def test_a_reply_that_the_page_cannot_play_ends_the_call_with_a_clear_line(
    chromium: Browser, served: Line, twiml: str, told: str
) -> None:
    for tab in page_of(chromium, served, DESKTOP, "inline style"):  # Chromium's own note on XML that it cannot read
        _answer(tab, _reply(twiml))
        tab.goto("/studio/call")
        tab.get_by_role("button", name="Ring", exact=True).click()

        expect(tab.get_by_role("status")).to_contain_text("The call is over: ")
        expect(tab.get_by_role("status")).to_contain_text(told)
        expect(tab.get_by_role("button", name="Ring", exact=True)).to_be_enabled()
        expect(tab.get_by_role("button", name="Hang up")).to_be_disabled()


def test_a_missing_sound_is_noted_and_its_words_are_shown(
    chromium: Browser, settings: Settings, store: Store, published: str, served: Line
) -> None:
    for tab in page_of(chromium, served, DESKTOP, "404"):
        address, words = "https://line.example.org/audio/none.wav", "These words have no sound."
        reply = _reply(f"<Response><Play>{address}</Play><Hangup/></Response>", {address: words})
        _answer(tab, reply)
        tab.goto("/studio/call")
        tab.get_by_role("button", name="Ring", exact=True).click()

        expect(tab.get_by_role("log")).to_contain_text("NOTE A sound is missing: /audio/none.wav")
        expect(tab.get_by_role("log")).to_contain_text("These words have no sound.")
        expect(tab.get_by_role("status")).to_have_text("The call is over.")


def test_two_windows_ring_two_calls(page: Page, served: Line) -> None:
    other = page.context.new_page()
    for window in (page, other):
        ring(window)
    page.keyboard.press("2")
    expect(page.get_by_role("log")).to_contain_text("School, nursery or college.")
    other.get_by_role("button", name="0", exact=True).click()

    expect(other.get_by_role("group", name="A person is being rung")).to_be_visible()
    expect(page.get_by_role("group", name="A person is being rung")).to_be_hidden()


def test_the_map_of_the_draft_tells_what_changed_and_what_the_check_finds(chromium: Browser, drafted: Line) -> None:
    for tab in page_of(chromium, drafted, DESKTOP):
        tab.set_default_timeout(90_000)
        tab.goto("/studio/map?of=draft")
        expect(tab.get_by_text("1 place differs from what is live")).to_be_visible()
        expect(tab.locator("#box-greeting")).to_contain_text("changed")
        tab.get_by_label("What the check finds").check()
        press(tab, "Show")

        expect(tab.get_by_role("status").filter(has_text="The check finds something at")).to_be_visible()
        axe(tab)
        with tab.expect_response(re.compile("/studio/draft/place/greeting.wav")) as played:
            tab.get_by_role("button", name="Play the start: greeting").click()
        assert played.value.headers["content-type"] == "audio/wav"
