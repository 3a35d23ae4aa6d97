"""A topic is written, renamed and taken out in a real Chromium: by keyboard, and on a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from ivr.machine import configfiles
from ivr.machine.config import Settings
from ivr.store import Store
from tests.browser import DESKTOP, PHONE, axe, on_a_port, page_of, press, tab_to
from tests.desk import PASSWORD, hire
from tests.edited import folder
from tests.line import Line
from tests.short import short_files, short_settings

__all__ = ["folder", "short_files", "short_settings"]
#: Milliseconds in which the whole draft is checked, also on a busy machine.
_PATIENCE = 90_000
#: What is typed, by the names of the fields as they are read out.
TYPED = {
    "A name for it in the files": "bus_pass",
    "What leads to it": "support_menu",
    "The words of the choice, without its key": "To ask about a bus pass",
    "What callers hear first": "A bus pass can help your child to get to school. Ask the council for one.",
    "The last sentence": "That is all about a bus pass.",
    "The text message about it": "{service_name}: Bus pass? Ask the council. Help: {helpline_phone}",
}


@pytest.fixture
def served(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    hire(store, "edda", role="editor")
    yield from on_a_port(settings, store)


def _signed_in(chromium: Chromium, served: Line, size: dict[str, int]) -> Iterator[Page]:
    for page in page_of(chromium, served, size, "401|409|422"):
        page.goto("/console/signin")
        page.get_by_label("Name").fill("edda")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/studio/**")
        page.set_default_timeout(_PATIENCE)
        yield page


@pytest.fixture
def page(chromium: Chromium, served: Line) -> Iterator[Page]:
    yield from _signed_in(chromium, served, DESKTOP)


@pytest.fixture
def phone(chromium: Chromium, served: Line) -> Iterator[Page]:
    yield from _signed_in(chromium, served, PHONE)


def _is_for_everybody(page: Page) -> None:
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _by_key(page: Page, name: str | re.Pattern[str]) -> None:
    tab_to(page, name)
    with page.expect_navigation(timeout=_PATIENCE):
        page.keyboard.press("Enter")


@pytest.mark.timeout(300)
def test_a_topic_is_written_renamed_and_taken_out_by_keyboard_alone(page: Page, folder: Path) -> None:
    before = configfiles.script_files(folder)
    page.goto("/studio/new")
    for name, words in TYPED.items():
        tab_to(page, name)
        page.keyboard.type(words)
    _by_key(page, "See what would be written")
    expect(page.get_by_text("The check has nothing against it.")).to_be_visible()
    assert configfiles.script_files(folder) == before
    _by_key(page, "Write this")
    expect(page.get_by_text("'bus_pass' is written.")).to_be_visible()
    assert "  bus_pass:" in "".join(configfiles.script_files(folder).values())

    tab_to(page, "Another name")
    page.keyboard.type("travel_pass")
    _by_key(page, "See what would change")
    _by_key(page, "Write this")
    expect(page.get_by_text("'bus_pass' is 'travel_pass' now.")).to_be_visible()

    _by_key(page, "See what would go")
    expect(page.locator("del", has_text="travel_pass:")).to_be_visible()
    _by_key(page, "Write this")
    expect(page.get_by_text("'travel_pass' is removed.")).to_be_visible()
    assert configfiles.script_files(folder) == before


@pytest.mark.timeout(300)
def test_a_topic_is_written_on_a_telephone_and_what_was_refused_is_still_there(phone: Page, folder: Path) -> None:
    before = configfiles.script_files(folder)
    phone.goto("/studio/new")
    _is_for_everybody(phone)
    for name, words in TYPED.items():
        phone.get_by_label(name, exact=True).fill(words)
    phone.get_by_label("What leads to it").fill("greeting")
    phone.get_by_role("button", name="See what would be written").click()
    expect(phone.get_by_role("alert")).to_contain_text("Nothing was written.")
    _is_for_everybody(phone)
    expect(phone.get_by_label("The text message about it")).to_have_value(TYPED["The text message about it"])

    phone.get_by_label("What leads to it").fill("support_menu")
    phone.get_by_label("What callers hear first").fill("The LA must make arrangements to facilitate provision.")
    phone.get_by_role("button", name="See what would be written").click()
    expect(phone.get_by_text("The check has this against it, so it is not written:")).to_be_visible()
    expect(phone.get_by_role("button", name="Write this")).to_have_count(0)
    phone.get_by_role("button", name="Change what I wrote").click()
    expect(phone.get_by_label("The words of the choice, without its key")).to_have_value("To ask about a bus pass")
    assert configfiles.script_files(folder) == before

    phone.get_by_label("What callers hear first").fill(TYPED["What callers hear first"])
    phone.get_by_role("button", name="See what would be written").click()
    _is_for_everybody(phone)
    phone.get_by_role("button", name="Write this").click()
    expect(phone.get_by_text("'bus_pass' is written.")).to_be_visible()
    _is_for_everybody(phone)


@pytest.mark.timeout(300)
def test_what_goes_says_which_stories_no_longer_come_true_and_leads_to_them(phone: Page, folder: Path) -> None:
    phone.goto("/studio/where?name=school_talk")
    phone.get_by_label("Take it out.").fill("meeting_help")
    phone.get_by_role("button", name="See what would go").click()
    expect(phone.get_by_text("not come true any more with this.")).to_be_visible()
    _is_for_everybody(phone)
    phone.get_by_role("button", name="Write this").click()

    expect(phone.get_by_role("heading", name="Stories", exact=True)).to_be_visible()
    expect(phone.get_by_text("Put that right before you publish.")).to_be_visible()
    expect(phone.get_by_role("region", name="Who to ask")).to_be_visible()


def _typed(page: Page) -> None:
    for name, words in TYPED.items():
        page.get_by_label(name, exact=True).fill(words)


@pytest.mark.timeout(300)
def test_a_topic_that_is_typed_survives_a_lost_connection_and_a_reload(page: Page, folder: Path) -> None:
    page.goto("/studio/new")
    page.wait_for_load_state()
    _typed(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="See what would be written").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no connection, so nothing was sent.")
    expect(page.get_by_label("The text message about it")).to_have_value(TYPED["The text message about it"])
    page.context.set_offline(False)

    page.goto("/studio/new")
    expect(page.get_by_role("alert")).to_contain_text("What you typed before stands here again.")
    for name, words in TYPED.items():
        expect(page.get_by_label(name, exact=True)).to_have_value(words)
    _is_for_everybody(page)
    page.get_by_role("button", name="See what would be written").click()
    page.wait_for_load_state()
    page.context.set_offline(True)
    page.get_by_role("button", name="Write this").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no connection, so nothing was sent.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Write this").click()
    expect(page.get_by_text("'bus_pass' is written.")).to_be_visible()
    assert "  bus_pass:" in "".join(configfiles.script_files(folder).values())

    page.goto("/studio/new")
    page.wait_for_load_state()
    expect(page.get_by_label("The last sentence")).to_have_value("")


@pytest.mark.timeout(300)
def test_a_topic_that_is_typed_survives_a_sign_in_that_ended(page: Page, store: Store) -> None:
    page.goto("/studio/new")
    page.wait_for_load_state()
    _typed(page)
    for each in store.sign_ins.all_of("edda"):
        store.sign_ins.end(each)
    page.get_by_role("button", name="See what would be written").click()
    page.get_by_label("Name", exact=True).fill("edda")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    press(page, "Go on with what you began")
    expect(page.get_by_role("button", name="Write this")).to_be_visible()

    page.goto("/studio/new")

    expect(page.get_by_role("alert")).to_contain_text("What you typed before stands here again.")
    expect(page.get_by_label("The words of the choice, without its key")).to_have_value("To ask about a bus pass")


@pytest.mark.timeout(300)
def test_a_new_topic_beside_a_file_that_changed_on_the_disk_is_shown_again_and_then_written(
    page: Page, folder: Path
) -> None:
    page.goto("/studio/new")
    page.wait_for_load_state()
    _typed(page)
    page.get_by_role("button", name="See what would be written").click()
    page.wait_for_load_state()
    path = folder / "texts.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# A colleague was here.\n", encoding="utf-8")

    page.get_by_role("button", name="Write this").click()
    expect(page.get_by_role("alert")).to_contain_text("The draft has changed since you looked, so nothing was written.")
    page.get_by_role("button", name="Write this").click()
    expect(page.get_by_text("'bus_pass' is written.")).to_be_visible()

    assert "# A colleague was here." in path.read_text(encoding="utf-8")
    assert "  text_bus_pass:" in path.read_text(encoding="utf-8")


@pytest.mark.timeout(300)
def test_what_was_taken_away_meanwhile_is_told(page: Page, folder: Path) -> None:
    page.goto("/studio/where?name=text_school_talk")
    page.get_by_label("Another name").fill("text_at_school")
    for path in [folder / "texts.yaml", *(folder / "menus").glob("*.yaml")]:
        path.write_text(path.read_text(encoding="utf-8").replace("text_school_talk", "text_talk"), encoding="utf-8")

    page.get_by_role("button", name="See what would change").click()

    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed.")
