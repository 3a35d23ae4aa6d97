"""The pages that change config/, in a real Chromium: nothing typed is lost, and nothing else is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from ivr.authoring import drafts
from ivr.machine.config import Settings
from ivr.store import Store
from ivr.web.studio.edit import OFFERED
from tests.browser import DESKTOP, PHONE, axe, on_a_port, page_of, press, tab_to
from tests.desk import PASSWORD, Browser, hire
from tests.edited import settings
from tests.line import Line

__all__ = ["settings"]


@pytest.fixture
def file(settings: Settings) -> Path:
    return settings.config_dir / drafts.LINE


@pytest.fixture
def served(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    hire(store, "edda", role="editor")
    yield from on_a_port(settings, store)


@pytest.fixture
def page(chromium: Chromium, served: Line) -> Iterator[Page]:
    yield from page_of(chromium, served, DESKTOP, "401|409|422|503|ERR_")


@pytest.fixture
def phone(chromium: Chromium, served: Line) -> Iterator[Page]:
    yield from page_of(chromium, served, PHONE, "401|409|422|503|ERR_")


def _sign_in(page: Page) -> None:
    page.goto("/console/signin")
    page.get_by_label("Name").fill("edda")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/studio/**")


def _open(page: Page, form: str) -> None:
    page.goto(f"/studio/edit/{form}")


# --- a whole change -------------------------------------------------------------------------------


def test_a_day_gets_a_break_by_mouse_and_only_its_line_changes(page: Page, file: Path) -> None:
    before = file.read_text(encoding="utf-8")
    _sign_in(page)
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_role("link", name="Opening hours").click()
    page.get_by_label("Monday, part 1, to").fill("12:00")
    page.get_by_label("Monday, part 2, from").fill("13:00")
    page.get_by_label("Monday, part 2, to").fill("16:30")
    press(page, "Save in the draft")

    expect(page.get_by_text("Saved in the draft.")).to_be_visible()
    expect(page.get_by_text(re.compile("The check (found something|finds nothing)"))).to_be_visible()
    expect(page.get_by_label("Monday, part 2, to")).to_have_value("16:30")
    assert file.read_text(encoding="utf-8") == before.replace(
        "monday: 09:00 to 17:00", "monday: 09:00 to 12:00 and 13:00 to 16:30", 1
    )


def test_a_training_morning_is_said_by_keyboard_alone(page: Page, file: Path) -> None:
    _sign_in(page)
    _open(page, "days")
    tab_to(page, "Day, new")
    page.keyboard.type("04122026")
    tab_to(page, "from")
    page.keyboard.type("1200PM" if page.evaluate("navigator.language") == "en-US" else "1200")
    tab_to(page, "to")
    page.keyboard.type("0500PM" if page.evaluate("navigator.language") == "en-US" else "1700")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Saved in the draft.")).to_be_visible()
    assert "hours: 12:00 to 17:00" in file.read_text(encoding="utf-8")


def test_a_number_and_who_confirmed_it_on_a_small_screen(phone: Page, file: Path) -> None:
    _sign_in(phone)
    _open(phone, "phones")
    phone.get_by_label("Number, council phone").fill("0116 454 2051")
    entry = phone.get_by_role("group", name="Council phone")
    entry.get_by_text("Nobody has confirmed it yet.").click()
    entry.get_by_label(re.compile("Who at the service")).fill("A. Person")
    press(phone, "Save in the draft")

    expect(phone.get_by_text("Saved in the draft.")).to_be_visible()
    expect(phone.get_by_text("Confirmed by A. Person")).to_be_visible()
    assert 'confirmed_as: "0116 454 2051"' in file.read_text(encoding="utf-8")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- what is not right ----------------------------------------------------------------------------


def test_what_is_not_right_stands_beside_its_field_and_is_kept(page: Page, file: Path) -> None:
    before = file.read_bytes()
    _sign_in(page)
    _open(page, "hours")
    page.get_by_label("Tuesday, part 1, to").fill("08:00")
    press(page, "Save in the draft")

    expect(page.get_by_role("group", name="Tuesday")).to_contain_text("ends before it begins")
    assert file.read_bytes() == before
    _open(page, "hours")
    expect(page.get_by_label("Tuesday, part 1, to")).to_have_value("08:00")
    press(page, "Drop what I typed")
    expect(page.get_by_label("Tuesday, part 1, to")).to_have_value("17:00")


def test_words_from_a_word_processor_are_tidied_and_it_is_told(page: Page, served: Line) -> None:
    _sign_in(page)
    _open(page, "words-kept_out")
    page.get_by_label("At the end").fill("• “It is\u00a0not the\u00adsame.”")
    press(page, "Save in the draft")

    expect(page.get_by_text("This was tidied: curly quotes")).to_be_visible()
    words = (served.settings.config_dir / "menus" / "exclusion.yaml").read_text(encoding="utf-8")
    assert r'closing: "\"It is not thesame.\""' in words


# --- heard ----------------------------------------------------------------------------------------


@pytest.mark.timeout(200)
def test_words_that_are_only_typed_are_heard_and_nothing_is_written(page: Page, file: Path) -> None:
    """By the button beside them, in pyttsx3's voice; and what cannot be said is told in words."""
    _sign_in(page)
    file.write_text(re.sub(r"engines: \[.*?\]", "engines: [pyttsx3]", file.read_text("utf-8")), encoding="utf-8")
    before = file.read_bytes()
    page.set_default_timeout(60_000)
    lengths = []
    for words in ("We move.", "We move to the other side of the street on the first Monday in December."):
        _open(page, "notices?version=file")
        page.get_by_label("Words, new").fill(words)
        with page.expect_response(re.compile("/notices/hear")) as heard:
            page.get_by_role("button", name="Hear it").first.click()
        expect(page.locator("#kept")).to_have_text("Playing.")
        assert heard.value.headers["content-type"] == "audio/wav"
        lengths.append(int(heard.value.headers["content-length"]))
    assert 5_000 < lengths[0] < lengths[1]

    page.get_by_label("Words, new").fill("We move to {no_such_street}.")
    page.get_by_role("button", name="Hear it").first.click()
    expect(page.locator("#kept")).to_contain_text("no_such_street")
    assert file.read_bytes() == before


def test_the_other_groups_of_settings_are_changed_on_a_small_screen(phone: Page, file: Path) -> None:
    before = file.read_text(encoding="utf-8")
    _sign_in(phone)
    _open(phone, "switches")
    phone.get_by_label("Show after complaint").select_option("on")
    press(phone, "Save in the draft")
    expect(phone.get_by_text("Saved in the draft.")).to_be_visible()
    _open(phone, "names")
    phone.get_by_label("City name").fill("Leicester\u00a0City")
    press(phone, "Save in the draft")
    expect(phone.get_by_text("special spaces were made plain")).to_be_visible()
    _open(phone, "emails")
    phone.get_by_label("Address, council email").fill("mailto:send@leicester.gov.uk")
    press(phone, "Save in the draft")
    expect(phone.get_by_role("group", name="Council email")).to_contain_text("To put right")
    phone.get_by_label("Address, council email").fill("send@leicester.gov.uk")
    press(phone, "Save in the draft")
    expect(phone.get_by_text("Saved in the draft.")).to_be_visible()

    assert file.read_text(encoding="utf-8") == before.replace(
        "show_after_complaint: off", "show_after_complaint: on"
    ).replace('city_name: "Leicester"', 'city_name: "Leicester City"').replace(
        "address: ses@leicester.gov.uk", 'address: "send@leicester.gov.uk"'
    )


# --- nothing is lost ------------------------------------------------------------------------------


def test_a_file_that_changed_meanwhile_is_told_and_both_are_shown(page: Page, file: Path) -> None:
    _sign_in(page)
    _open(page, "hours")
    file.write_text(
        file.read_text(encoding="utf-8").replace("friday: 09:00 to 17:00", "friday: 09:00 to 12:00"), encoding="utf-8"
    )
    page.get_by_label("Friday, part 1, to").fill("16:00")
    press(page, "Save in the draft")

    expect(page.get_by_role("alert")).to_contain_text("Somebody changed the same")
    expect(page.get_by_role("group", name="Friday")).to_contain_text("09:00 to 12:00")
    assert "friday: 09:00 to 12:00" in file.read_text(encoding="utf-8")
    press(page, "Save in the draft")
    expect(page.get_by_text("Saved in the draft.")).to_be_visible()
    assert "friday: 09:00 to 16:00" in file.read_text(encoding="utf-8")


def test_two_tabs_change_different_days_and_both_count(page: Page, file: Path) -> None:
    _sign_in(page)
    other = page.context.new_page()
    for tab in (page, other):
        _open(tab, "hours")
    for tab, day in ((page, "Monday"), (other, "Tuesday")):
        tab.get_by_label(f"{day}, part 1, to").fill("15:00")
        press(tab, "Save in the draft")
        expect(tab.get_by_text("Saved in the draft.")).to_be_visible()

    text = file.read_text(encoding="utf-8")
    assert "monday: 09:00 to 15:00" in text
    assert "tuesday: 09:00 to 15:00" in text


def test_what_is_typed_survives_a_lost_connection_and_a_closed_window(page: Page) -> None:
    _sign_in(page)
    _open(page, "words-kept_out")
    page.context.set_offline(True)
    page.get_by_label("At the end").fill("Typed in a tunnel.")
    expect(page.get_by_text("kept in this browser")).to_be_visible()
    page.context.set_offline(False)
    _open(page, "words-kept_out")
    expect(page.get_by_label("At the end")).to_have_value("Typed in a tunnel.")
    expect(page.get_by_text("What you typed is kept, and not saved")).to_be_visible()
    page.close()


def test_the_forms_work_without_scripts(chromium: Chromium, served: Line, file: Path) -> None:
    context = chromium.new_context(java_script_enabled=False, base_url=served.settings.public_url)
    page = context.new_page()
    _sign_in(page)
    _open(page, "notices")
    page.get_by_label("Words, new").fill("We move on Friday.")
    page.get_by_role("button", name="One more").click()
    expect(page.get_by_label("Words, new").first).to_have_value("We move on Friday.")
    page.get_by_label("From, new").first.fill("2026-12-01")
    page.get_by_label("Until, new").first.fill("2026-12-05")
    page.get_by_role("button", name="Save in the draft").first.click()
    expect(page.get_by_text("Saved in the draft.")).to_be_visible()
    context.close()

    assert 'words: "We move on Friday."\n    begins: 2026-12-01\n    ends: 2026-12-05\n' in file.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("size", ["page", "phone"])
def test_the_forms_are_for_everybody(request: pytest.FixtureRequest, served: Line, size: str) -> None:
    page: Page = request.getfixturevalue(size)
    _sign_in(page)
    for form in ("", *(f"/{name}" for name, _, _ in OFFERED), "/words-kept_out", "/text-text_us"):
        page.goto(f"/studio/edit{form}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), form
    _open(page, "hours")
    page.get_by_label("Tuesday, part 1, to").fill("08:00")
    press(page, "Save in the draft")
    axe(page)


# --- what is live is damaged ----------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_a_form_is_checked_though_the_stored_files_of_what_is_live_are_damaged(browser: Browser, store: Store) -> None:
    hire(store, "edda", role="editor")
    browser.sign_in("edda")
    store.redis.do(lambda client: client.set(f"ivr:revision:{store.revisions.live()}", "damaged"))

    checked = browser.client.get("/studio/edit/hours?check=1", base_url=browser.line.settings.public_url)

    assert (checked.status_code, "The check find" in checked.text) == (200, True)


# --- who may --------------------------------------------------------------------------------------


def test_whoever_looks_after_callers_changes_no_words(browser: Browser, store: Store) -> None:
    hire(store, "asha")
    browser.sign_in("asha")

    assert browser.client.get("/studio/edit/hours", base_url=browser.line.settings.public_url).status_code == 403
