"""The page on which the draft is published: by one person, by two, and by two at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from ivr.authoring import drafts
from ivr.machine.config import Settings
from ivr.store import Published, Store
from ivr.usecases import publishing
from tests.browser import PHONE, axe, on_a_port, page_of
from tests.desk import PASSWORD, SPARE, hire
from tests.edited import folder
from tests.line import Line
from tests.short import short_files, short_settings

__all__ = ["folder", "short_files", "short_settings"]
#: Milliseconds in which the draft is checked, compared and made live, also on a busy machine.
_PATIENCE = 90_000
TALK = "menus/first_steps.yaml"


@pytest.fixture
def served(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    for name in ("ada", "bea"):
        hire(store, name, role="approver")
    hire(store, "edda", role="editor")
    yield from on_a_port(settings, store)


def _as(chromium: Chromium, line: Line, name: str, size: dict[str, int] = PHONE) -> Iterator[Page]:
    for page in page_of(chromium, line, size, "401|403|409|422|503"):
        page.goto("/console/signin")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        if page.url.endswith("/signin/code"):
            page.get_by_label("Code from your app").fill(SPARE[0])
            page.get_by_role("button", name="Go on").click()
        page.goto("/studio/publish")
        page.set_default_timeout(_PATIENCE)
        yield page


@pytest.fixture
def ada(chromium: Chromium, served: Line) -> Iterator[Page]:
    yield from _as(chromium, served, "ada")


@pytest.fixture
def bea(chromium: Chromium, served: Line) -> Iterator[Page]:
    yield from _as(chromium, served, "bea")


def _change(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def _new_closing(folder: Path) -> None:
    _change(folder, TALK, "That is all about getting ready.", "It was good to ask.")


def _elsewhere(store: Store, files: dict[str, str], file: str, before: str, after: str) -> None:
    """Somebody else publishes, from another folder."""
    changed = {**files, file: files[file].replace(before, after, 1)}
    assert changed != files
    live = store.revisions.live() or ""
    store.revisions.publish(Published(drafts.revision_of(changed), 1.0, "cleo", "elsewhere", live), changed)


@pytest.mark.timeout(300)
def test_an_approver_publishes_on_a_telephone_and_takes_it_back(ada: Page, store: Store, folder: Path) -> None:
    first = store.revisions.live()
    _new_closing(folder)
    ada.reload()
    expect(ada.get_by_text("It was good to ask.").first).to_be_visible(timeout=_PATIENCE)
    axe(ada)
    assert ada.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ada.get_by_label("Why, in a few words").fill("kinder words")
    ada.get_by_role("button", name="Make it live").click()

    expect(ada.get_by_text("It is live: new calls use it.")).to_be_visible(timeout=_PATIENCE)
    row = store.revisions.history()[0]
    assert (row.who, row.why, row.before) == ("ada", "kinder words", first)

    ada.get_by_text("Take the last publication back").click()
    ada.get_by_role("button", name="Take back: kinder words").click()
    expect(ada.get_by_text("This took back what ada published (kinder words).")).to_be_visible(timeout=_PATIENCE)
    assert store.revisions.live() == first
    assert "It was good to ask." in (folder / TALK).read_text(encoding="utf-8")


@pytest.mark.timeout(300)
def test_a_second_person_agrees_on_a_telephone(
    ada: Page, bea: Page, store: Store, folder: Path, files: dict[str, str]
) -> None:
    asks = {**files, drafts.LINE: files[drafts.LINE] + "needs_approval: true\n"}
    store.revisions.publish(
        Published(drafts.revision_of(asks), 1.0, "ada", "two people", store.revisions.live() or ""), asks
    )
    (folder / drafts.LINE).write_text(asks[drafts.LINE], encoding="utf-8")
    _new_closing(folder)
    ada.reload()
    ada.get_by_label("Why, in a few words").fill("kinder words")
    ada.get_by_role("button", name="Ask a second person").click()
    expect(ada.get_by_text("It waits for a second person now")).to_be_visible(timeout=_PATIENCE)
    expect(ada.get_by_text("somebody else has to agree")).to_be_visible(timeout=_PATIENCE)
    expect(ada.get_by_role("button", name="Agree, and make it live")).to_have_count(0)
    assert store.revisions.live() == drafts.revision_of(asks)

    bea.reload()
    expect(bea.get_by_text("It was good to ask.").first).to_be_visible(timeout=_PATIENCE)
    axe(bea)
    bea.get_by_role("button", name="Agree, and make it live").click()
    expect(bea.get_by_text("It is live: new calls use it.")).to_be_visible(timeout=_PATIENCE)
    row = store.revisions.history()[0]
    assert (row.who, row.approved) == ("ada", "bea")
    assert store.revisions.proposed() is None


@pytest.mark.timeout(300)
def test_what_somebody_else_published_is_taken_over_place_by_place(
    ada: Page, store: Store, folder: Path, files: dict[str, str]
) -> None:
    _new_closing(folder)
    _elsewhere(store, files, TALK, "That is all about getting ready.", "Well asked.")
    ada.reload()
    expect(ada.get_by_text("Take over first what others published.")).to_be_visible(timeout=_PATIENCE)
    expect(ada.get_by_role("button", name="Make it live")).to_have_count(0)
    axe(ada)
    ada.get_by_label("This draft:").check()
    ada.get_by_role("button", name="Take it over into the draft").click()
    expect(ada.get_by_text("Your draft has it now.")).to_be_visible(timeout=_PATIENCE)
    ada.get_by_label("Why, in a few words").fill("mine is kinder")
    ada.get_by_role("button", name="Make it live").click()
    expect(ada.get_by_text("It is live: new calls use it.")).to_be_visible(timeout=_PATIENCE)
    assert [row.who for row in store.revisions.history()[:2]] == ["ada", "cleo"]


@pytest.mark.timeout(300)
def test_whoever_looked_before_somebody_else_published_publishes_nothing(
    ada: Page, store: Store, folder: Path, files: dict[str, str]
) -> None:
    _new_closing(folder)
    ada.reload()
    ada.get_by_label("Why, in a few words").fill("kinder words")
    _elsewhere(store, files, drafts.LINE, "ring_seconds: 25", "ring_seconds: 30")
    live = store.revisions.live()
    ada.get_by_role("button", name="Make it live").click()

    expect(ada.get_by_role("alert")).to_contain_text(
        "Nothing was published: others have published since.", timeout=_PATIENCE
    )
    assert store.revisions.live() == live


@pytest.mark.timeout(300)
def test_whoever_publishes_another_number_is_told_what_to_do_outside(ada: Page, store: Store, folder: Path) -> None:
    _change(folder, drafts.LINE, "0116 257 5027", "0116 257 5028")
    ada.reload()
    ada.get_by_label("Why, in a few words").fill("a new number")
    ada.get_by_role("button", name="Make it live").click()

    expect(ada.get_by_text("To do outside:")).to_be_visible(timeout=_PATIENCE)
    expect(ada.get_by_text("ivr connect --fallback-at-twilio")).to_be_visible()
    assert "0116 257 5028" in (store.revisions.files(store.revisions.live() or "") or {})[drafts.LINE]


@pytest.mark.timeout(300)
def test_a_draft_with_an_error_says_what_to_put_right(ada: Page, folder: Path) -> None:
    _change(folder, drafts.LINE, "monday: 09:00 to 17:00", "monday: 17:00 to 09:00")
    ada.reload()

    expect(ada.get_by_text("It cannot be published yet")).to_be_visible(timeout=_PATIENCE)
    expect(ada.get_by_text("ends before it begins")).to_be_visible(timeout=_PATIENCE)
    expect(ada.get_by_role("button", name="Make it live")).to_have_count(0)


@pytest.mark.timeout(300)
def test_an_editor_sees_what_would_change_and_publishes_nothing(
    chromium: Chromium, served: Line, store: Store, folder: Path
) -> None:
    _new_closing(folder)
    for page in _as(chromium, served, "edda"):
        expect(page.get_by_text("It was good to ask.").first).to_be_visible(timeout=_PATIENCE)
        expect(page.get_by_role("button", name="Make it live")).to_have_count(0)
    assert publishing.published(store) is not None
