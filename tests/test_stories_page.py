"""The page of the stories that do not come true, in a real Chromium and over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import Store
from tests.browser import PHONE, axe, on_a_port, page_of, tab_to
from tests.desk import PASSWORD, Browser, hire
from tests.edited import editor, folder, settings
from tests.line import Line

__all__ = ["editor", "folder", "settings"]
#: A story whose words are changed, and one whose way is.
CHRISTMAS, KEPT_OUT = "stories/closed_on_christmas_day.call", "stories/kept_out_this_morning.call"


@pytest.fixture
def served(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    hire(store, "edda", role="editor")
    yield from on_a_port(settings, store)


@pytest.fixture
def phone(chromium: Chromium, served: Line) -> Iterator[Page]:
    """A telephone on which somebody who changes the words is signed in."""
    for page in page_of(chromium, served, PHONE, "401|409|422"):
        page.goto("/console/signin")
        page.get_by_label("Name").fill("edda")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/studio/**")
        yield page


def _replace(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def _other_words(folder: Path) -> None:
    """The line says something else than a story hears."""
    _replace(folder, "menus/exclusion.yaml", "Do not sign anything yet.", "Do not sign a thing yet.")


def _another_label(folder: Path) -> None:
    """A choice that stories make is called something else, so they cannot go on."""
    _replace(folder, "menus/welcome.yaml", "If sent home, or kept out", "If sent away, or kept out")


# --- by hand --------------------------------------------------------------------------------------


def test_what_the_line_says_now_is_taken_into_one_story_at_a_time_on_a_telephone(phone: Page, folder: Path) -> None:
    _other_words(folder)
    was = {path.name: path.read_text(encoding="utf-8") for path in (folder / "stories").iterdir()}
    phone.goto("/studio/edit")
    phone.get_by_role("link", name="Stories", exact=True).click()
    untrue, stories = phone.locator("section.entry").count(), len([*(folder / "stories").glob("*.call")])
    expect(phone.get_by_text(f"{untrue} of {stories} do not come true.")).to_be_visible()
    story = phone.get_by_role("region", name="Kept out this morning")
    expect(story).to_contain_text("The line says")
    expect(story.locator("del")).to_contain_text("Do not sign anything yet.")
    expect(story.locator("ins").first).to_contain_text("Do not sign a thing yet.")
    axe(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    story.get_by_role("button", name="Take it into the story").click()

    expect(phone.get_by_text("What the line says now is in config/stories/kept_out_this_morning.call.")).to_be_visible()
    expect(phone.get_by_role("region", name="Kept out this morning")).to_have_count(0)
    changed = {path.name for path in (folder / "stories").iterdir() if path.read_text("utf-8") != was[path.name]}
    assert changed == {"kept_out_this_morning.call"}
    assert "Do not sign a thing yet." in (folder / KEPT_OUT).read_text(encoding="utf-8")


def test_a_story_is_accepted_by_keyboard_alone(phone: Page, folder: Path) -> None:
    _other_words(folder)
    phone.goto("/studio/stories")
    tab_to(phone, "Take it into the story: kept out this morning")
    phone.keyboard.press("Enter")

    expect(phone.get_by_text("is in config/stories/kept_out_this_morning.call.")).to_be_visible()


def test_a_story_whose_way_is_gone_is_written_by_hand(phone: Page, folder: Path) -> None:
    _another_label(folder)
    phone.goto("/studio/stories")
    story = phone.get_by_role("region", name="Kept out this morning")
    expect(story).to_contain_text("No choice here is called")
    expect(story.get_by_role("button", name="Take it into the story")).to_have_count(0)
    text = story.get_by_role("textbox").input_value()
    story.get_by_role("textbox").fill(text.replace("If sent home", "If sent far away"))
    story.get_by_role("button", name="Write it").click()
    expect(phone.get_by_role("alert")).to_contain_text("what you typed is kept below")
    story = phone.get_by_role("region", name="Kept out this morning")
    expect(story.get_by_role("textbox")).to_have_value(re.compile("If sent far away"))

    story.get_by_role("textbox").fill(text.replace("If sent home", "If sent away").replace("\n", "\r\n"))
    story.get_by_role("button", name="Write it").click()
    expect(phone.get_by_text("config/stories/kept_out_this_morning.call is written.")).to_be_visible()
    assert "\r" not in (folder / KEPT_OUT).read_bytes().decode()


def _opened(phone: Page, title: str) -> Locator:
    """The field of a story that comes true."""
    phone.goto("/studio/stories")
    phone.wait_for_load_state()
    story = phone.locator("details", has=phone.get_by_text(title, exact=True)).first
    if story.get_attribute("open") is None:
        story.locator("summary").click()
    return story.get_by_label(re.compile("The story"))


def test_a_story_that_is_typed_survives_a_lost_connection_and_a_reload(phone: Page, folder: Path) -> None:
    field = _opened(phone, "Closed on christmas day")
    was = field.input_value()
    field.fill(was.replace("# Nobody", "# Really nobody"))
    phone.context.set_offline(True)
    _form(field).get_by_role("button", name="Write it").click()
    expect(phone.get_by_role("alert")).to_contain_text("There is no connection, so nothing was sent.")
    phone.context.set_offline(False)

    field = _opened(phone, "Closed on christmas day")
    expect(phone.get_by_role("alert")).to_contain_text("What you typed before stands here again.")
    expect(field).to_have_value(was.replace("# Nobody", "# Really nobody"))
    _form(field).get_by_role("button", name="Write it").click()
    expect(phone.get_by_text(f"config/{CHRISTMAS} is written.")).to_be_visible(timeout=60_000)
    assert "# Really nobody" in (folder / CHRISTMAS).read_text(encoding="utf-8")

    _opened(phone, "Closed on christmas day")
    expect(phone.get_by_role("alert")).to_have_count(0)


def test_a_story_that_changed_on_the_disk_is_shown_beside_what_was_typed(phone: Page, folder: Path) -> None:
    field = _opened(phone, "Closed on christmas day")
    field.fill(field.input_value().replace("# Nobody", "# Really nobody"))
    _replace(folder, CHRISTMAS, "# Nobody", "# A colleague: nobody")

    field = _opened(phone, "Closed on christmas day")
    expect(phone.get_by_role("alert")).to_contain_text("Somebody changed this file after you had typed.")
    expect(field).to_have_value(re.compile("# A colleague: nobody"))
    expect(phone.get_by_label("What you had typed")).to_have_value(re.compile("# Really nobody"))
    axe(phone)
    assert "# A colleague: nobody" in (folder / CHRISTMAS).read_text(encoding="utf-8")


def test_of_two_tabs_with_one_story_the_second_is_told_and_keeps_its_words(phone: Page, folder: Path) -> None:
    field = _opened(phone, "Closed on christmas day")
    field.fill(field.input_value().replace("# Nobody", "# Really nobody"))
    _replace(folder, CHRISTMAS, "# Nobody", "# The other tab: nobody")

    _form(field).get_by_role("button", name="Write it").click()

    expect(phone.get_by_text("somebody changed this story since you looked")).to_be_visible(timeout=60_000)
    kept = phone.locator("details[open]").get_by_label(re.compile("The story"))
    expect(kept).to_have_value(re.compile("# Really nobody"))
    assert "# The other tab: nobody" in (folder / CHRISTMAS).read_text(encoding="utf-8")


def _form(field: Locator) -> Locator:
    return field.locator("xpath=ancestor::form")


def test_a_story_that_is_not_wanted_any_more_is_put_aside_and_kept(phone: Page, folder: Path) -> None:
    _another_label(folder)
    was = (folder / KEPT_OUT).read_text(encoding="utf-8")
    phone.goto("/studio/stories")
    story = phone.get_by_role("region", name="Kept out this morning")
    story.get_by_role("button", name="Put it aside").click()

    expect(phone.get_by_text("It is kept as config/stories/kept_out_this_morning.call.old.")).to_be_visible()
    assert not (folder / KEPT_OUT).exists()
    assert (folder / f"{KEPT_OUT}.old").read_text(encoding="utf-8") == was


# --- over HTTP ------------------------------------------------------------------------------------


def _look(editor: Browser) -> str:
    return editor.get("/studio/stories").text


def _fields(page: str, name: str) -> dict[str, str]:
    """The hidden fields of the form that concerns a story."""
    seen = re.search(rf'name="name" value="{re.escape(name)}"><input type="hidden" name="seen" value="(\w+)"', page)
    draft = re.search(r'name="draft" value="(\w+)"', page)
    assert seen
    return {"name": name, "seen": seen[1], "draft": draft[1] if draft else ""}


def test_stories_that_come_true_are_said_to(editor: Browser) -> None:
    assert "They all come true." in _look(editor)


def test_a_story_that_somebody_changed_meanwhile_is_not_written_over(editor: Browser, folder: Path) -> None:
    _other_words(folder)
    fields = _fields(_look(editor), KEPT_OUT)
    _replace(folder, KEPT_OUT, "From    ", "# A colleague was here.\nFrom    ")
    was = (folder / KEPT_OUT).read_text(encoding="utf-8")

    assert editor.send("/studio/stories/accept", **fields).status_code == 409
    assert editor.send("/studio/stories/aside", **fields).status_code == 409
    assert editor.send("/studio/stories/write", **fields, text="My words of an hour.").status_code == 409
    assert "My words of an hour." in editor.page
    assert (folder / KEPT_OUT).read_text(encoding="utf-8") == was


def test_words_that_changed_since_the_look_are_not_taken_in(editor: Browser, folder: Path) -> None:
    _other_words(folder)
    fields = _fields(_look(editor), KEPT_OUT)
    _replace(folder, "menus/exclusion.yaml", "Do not sign a thing yet.", "Sign it all.")

    assert editor.send("/studio/stories/accept", **fields).status_code == 409
    assert "Sign it all." not in (folder / KEPT_OUT).read_text(encoding="utf-8")


def test_what_must_never_be_heard_is_not_accepted(editor: Browser, folder: Path) -> None:
    _other_words(folder)
    _replace(folder, KEPT_OUT, "From    ", "NEVER   sign a thing\nFrom    ")
    fields = _fields(_look(editor), KEPT_OUT)

    assert editor.send("/studio/stories/accept", **fields).status_code == 422
    assert "must never be heard" in editor.page


def test_stories_of_a_draft_with_errors_are_not_said_to_come_true(editor: Browser, folder: Path) -> None:
    _replace(folder, "line.yaml", "monday: 09:00 to 17:00", "monday: 17:00 to 09:00")
    page = _look(editor)

    assert "The stories were not played, because the draft has errors." in page
    assert "come true" not in page.replace("All stories", "")


def test_no_name_reaches_a_file_that_is_not_a_story(editor: Browser, folder: Path) -> None:
    _look(editor)
    for name in ("line.yaml", "stories/../line.yaml", "stories/none.call", ""):
        for do in ("accept", "write", "aside"):
            assert editor.send(f"/studio/stories/{do}", name=name, seen="", draft="", text="x").status_code == 409
    assert (folder / "line.yaml").read_bytes() == (config.ROOT / "config/line.yaml").read_bytes()


def test_a_story_in_which_nothing_is_readable_says_so_and_is_kept(editor: Browser, folder: Path) -> None:
    fields = _fields(_look(editor), CHRISTMAS)
    for text in ("", "\u200b", "\ufeff\U0001f642", "CALLER  1", "<<<<<<< mine\n=======\n>>>>>>> theirs", "x" * 9000):
        response = editor.send("/studio/stories/write", **fields, text=text)
        assert response.status_code == 422, text
        assert "Nothing was written" in editor.page
    assert (folder / CHRISTMAS).read_bytes() == (config.ROOT / "config" / CHRISTMAS).read_bytes()
