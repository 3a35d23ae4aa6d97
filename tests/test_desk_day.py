"""A day at the desk in a real Chromium: by keyboard alone, without scripts, told by title and sound, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ivr.callbacks import callback
from ivr.cli import made_up_callers as demo
from ivr.store import Store
from tests.browser import (
    DESKTOP,
    HALF,
    PHONE,
    axe,
    looks,
    page_of,
    press,
    sideways,
    sign_in,
    sign_in_by_keyboard,
    tab_to,
)
from tests.desk import HOUR, NOW, PASSWORD, ask, hire, spare_code
from tests.line import Line


def _key(page: Page, name: str | re.Pattern[str], key: str = "Enter") -> None:
    """Go there with Tab, and press a key that leads to another page."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_whole_day_by_keyboard_alone(page: Page, served: Line, store: Store) -> None:
    """From signing in to the last outcome: take the next, ring, save, agree a call, lower places, type in paper."""
    hire(store)
    for nth in (1, 2, 3):
        ask(store, nth, due=NOW + nth * 600)
    sign_in_by_keyboard(page)

    _key(page, "Take the next one")
    expect(page.locator("#ring-h")).to_be_focused()
    _key(page, "I am ringing by hand")
    tab_to(page, "What came of it")
    page.keyboard.press("Enter")
    tab_to(page, re.compile("^Spoke"))
    page.keyboard.press("2")
    expect(page.get_by_label(re.compile("^No answer"))).to_be_checked()
    expect(page.get_by_label("Topic")).to_be_hidden()
    page.keyboard.press("1")
    expect(page.get_by_label("Spoke")).to_be_checked()
    tab_to(page, re.compile("^Topic"))
    page.keyboard.type("App")
    tab_to(page, "Note (optional)")
    page.keyboard.type("1 letter to send")
    _key(page, "Save, and take the next one")

    expect(page.locator("#ring-h")).to_be_focused()
    first = store.requests.get("CA001-1")
    assert first
    assert (first.state, dict(first.came).get("topic")) == ("done", "appeal")
    tab_to(page, re.compile("^Spoke"))
    page.keyboard.press("1")
    tab_to(page, re.compile("^Ring again"))
    page.keyboard.press("ArrowDown")
    _key(page, "Save")
    expect(page.get_by_text(re.compile("^Say: we ring you on "))).to_be_visible()

    page.goto("/console/paper/back")
    expect(page.get_by_label("Call, row 1", exact=True)).to_be_focused()
    page.keyboard.type("4271 003")
    page.keyboard.press("Tab")
    page.keyboard.type("1029")
    page.keyboard.press("Tab")
    page.keyboard.type("W")
    page.keyboard.press("Tab")
    page.keyboard.type("A shop")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("1 saved.")).to_be_visible()
    assert store.requests.get("CA003-1").end.what == "wrong number"  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_supervisors_day_by_keyboard_alone(
    chromium: Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    """Find a caller, hand them over, take them back, write a request down, lower places, read the report, sign out."""
    person = hire(store, role="supervisor")
    hire(store, "ben")
    ask(store, 1)
    for tab in page_of(chromium, served, size):
        tab.goto("/console/signin")
        tab_to(tab, "Name")
        tab.keyboard.type("asha")
        tab.keyboard.press("Tab")
        tab.keyboard.type(PASSWORD)
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
        tab_to(tab, "Code from your app")
        tab.keyboard.type(spare_code(person))
        with tab.expect_navigation():
            tab.keyboard.press("Enter")

        _go_by_menu(tab, "Search")
        tab_to(tab, "Phone number")
        tab.keyboard.type("07700 900001")
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
        _key(tab, re.compile("^Asked "))
        _key(tab, "Take this request")
        tab_to(tab, "Hand it over")
        tab.keyboard.press("Enter")
        tab_to(tab, re.compile("^ben"))
        tab.keyboard.press("Space")
        tab_to(tab, "What they should know")
        tab.keyboard.type("She has a letter")
        _key(tab, "Hand over")
        assert store.requests.get("CA001-1").holder(NOW) == "ben"  # type: ignore[union-attr]

        tab.goto("/console/request/CA001-1")
        _key(tab, "Take it back for the list")
        assert not store.requests.get("CA001-1").holder(NOW)  # type: ignore[union-attr]

        _go_by_menu(tab, "Write down a request")
        tab_to(tab, "Phone number to ring")
        tab.keyboard.type("07700 900009")
        _key(tab, "Write it down")
        assert [each.number for each in store.requests.waiting() if each.id != "CA001-1"] == ["+447700900009"]

        _go_by_menu(tab, "Week")
        tab_to(tab, "Places in each part")
        tab.keyboard.type("3")
        tab.keyboard.press("Tab")
        tab.keyboard.type("Training")
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
        expect(tab.get_by_text("Lowered to 3 by asha").first).to_be_visible()

        _go_by_menu(tab, "Report")
        tab_to(tab, re.compile("^Time"))
        tab.keyboard.type("School year 2026")
        _key(tab, "Show")
        expect(tab.get_by_role("heading", name="Report: School year 2026-27")).to_be_visible()
        _key(tab, "Sign out")
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()


def _go_by_menu(page: Page, name: str) -> None:
    """Open a page by its link in the bar, behind the menu if it stands there."""
    menu = page.get_by_text("Menu", exact=True)
    if menu.is_visible():
        tab_to(page, "Menu")
        page.keyboard.press("Enter")
    elif not page.get_by_role("link", name=name, exact=True).count():
        tab_to(page, "More")
        page.keyboard.press("Enter")
    _key(page, name)


@looks(desktop=DESKTOP, phone=PHONE, tablet={"width": 768, "height": 1024})
def test_the_plots_of_the_report_are_for_everybody(
    chromium: Browser, served: Line, store: Store, size: dict[str, int], scheme: str
) -> None:
    """No fault that axe can find, nothing scrolls sideways, and each figure of the plot stands in the table as well."""
    hire(store, admin=True)
    for answers, times in demo.COUNTED:
        store.counts.add(NOW, answers, times)
    for tab in page_of(chromium, served, size):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        sign_in(tab)
        tab.goto("/console/report?period=quarter-2026-09")
        axe(tab)
        assert sideways(tab) <= 0
        plot = tab.get_by_role("img", name="Calls by hour of the week")
        expect(plot).to_be_visible()
        shown = plot.locator(".cell-of").all_text_contents()
        tab.get_by_text("The same as a table").click()
        axe(tab)
        cells = tab.get_by_role("table", name="Calls by hour of the week").get_by_role("cell").all_inner_texts()
        assert [each.replace("fewer than ", "<") for each in cells] == shown
        assert not {"1", "2", "3", "4"} & set(shown)
        if size != DESKTOP:
            bar = tab.locator("header").bounding_box()
            assert bar
            assert bar["height"] < 50, "the menu takes one row"


def test_figures_choose_an_outcome_only_among_the_outcomes(page: Page, served: Line, store: Store) -> None:
    """A figure in a note is a figure in a note."""
    hire(store)
    ask(store)
    sign_in(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")

    page.get_by_label("Note (optional)").focus()
    page.keyboard.type("2")

    expect(page.get_by_label("Note (optional)")).to_have_value("2")
    expect(page.locator("#outcomes input:checked")).to_have_count(0)


@pytest.fixture
def plain(chromium: Browser, served: Line) -> Iterator[Page]:
    """A browser in which no script runs."""
    context = chromium.new_context(viewport=DESKTOP, base_url=served.settings.public_url, java_script_enabled=False)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_the_day_works_without_scripts(plain: Page, store: Store) -> None:
    """Take, save, search, hand over, lower places, and the paper's way back are forms."""
    hire(store, "ben")
    hire(store)
    for nth in (1, 2):
        ask(store, nth)
    plain.goto("/console/signin")
    plain.get_by_label("Name").fill("asha")
    plain.get_by_label("Password").fill(PASSWORD)
    plain.get_by_role("button", name="Sign in").click()
    plain.get_by_role("button", name="Take the next one").click()
    plain.get_by_label("Wrong number").check()
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_text("Saved: wrong number.")).to_be_visible()
    plain.get_by_role("link", name="Search").click()
    plain.get_by_label("Phone number").fill("07700 900002")
    plain.get_by_role("button", name="Search", exact=True).click()
    expect(plain.get_by_text("1 found")).to_be_visible()
    plain.get_by_role("link", name=re.compile("^Asked ")).click()
    plain.get_by_role("button", name="Take this request").click()
    plain.get_by_text("Hand it over").click()
    plain.get_by_label(re.compile("^ben")).check()
    plain.get_by_role("button", name="Hand over", exact=True).click()
    assert store.requests.get("CA002-1").claimed_by == "ben"  # type: ignore[union-attr]
    plain.get_by_role("link", name="Week").click()
    expect(plain.get_by_role("table", name="Places of the coming days")).to_be_visible()


# --- told -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/console/", "/console/request/CA009-1"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_who_is_new_is_told_in_words_and_in_the_title_on_the_list_and_on_a_card(
    chromium: Browser, served: Line, store: Store, where: str, size: dict[str, int]
) -> None:
    hire(store)
    ask(store, 9, due=NOW - HOUR)
    for tab in page_of(chromium, served, size):
        sign_in(tab)
        tab.goto(where)
        tab.evaluate("document.hasFocus = () => false")
        asked = ask(store, 1, today=True, due=NOW + HOUR)

        news = tab.locator("#news")
        expect(news).to_be_visible()
        number = asked.askers[0].reference
        expect(news).to_have_text(
            re.compile(rf"^One new request, for today, at .*: call {number}, ring now, by 11:30\.$")
        )
        expect(tab).to_have_title(re.compile(r"^\(new, for today\) \(1 late\) "))
        tab.keyboard.press("Shift")
        expect(tab).to_have_title(re.compile(r"^\(1 late\) "))
        axe(tab)


_COUNTED = """() => {
  window.tones = 0;
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this); };
}"""


def _sounded(page: Page, times: int) -> None:
    """Wait until so many tones were made. The page lets nothing be evaluated in it again and again."""
    for _ in range(300):
        if page.evaluate("tones") == times:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{page.evaluate('tones')} tones instead of {times}")


def test_a_sound_is_as_wished_in_this_browser_and_waits_for_a_key_as_browsers_ask(
    page: Page, served: Line, store: Store
) -> None:
    hire(store)
    ask(store, 9)
    sign_in(page)
    hint = page.locator("#sound-hint")
    expect(hint).to_be_hidden()
    page.locator("#sound").check()
    expect(hint).to_be_hidden()
    page.reload()
    expect(page.locator("#sound")).to_be_checked()
    page.evaluate(_COUNTED)
    page.keyboard.press("a")
    expect(hint).to_be_hidden()

    ask(store, 1, urgent=True)
    expect(page.locator("#news")).to_have_text(re.compile("urgent"))
    _sounded(page, 1)
    ask(store, 2, today=True)
    _sounded(page, 4)
    ask(store, 3)
    expect(page.locator("#news")).to_have_text(re.compile("^One new request at"))
    assert page.evaluate("tones") == 4, "what is not urgent makes no sound"


# --- nothing lost ---------------------------------------------------------------------------


def test_a_note_that_could_not_be_sent_is_still_there(chromium: Browser, served: Line, store: Store) -> None:
    """The connection is lost as it is saved; and somebody else has taken it meanwhile."""
    hire(store)
    ask(store)
    for tab in page_of(chromium, served, DESKTOP, unheeded="401|ERR_|503"):
        sign_in(tab)
        tab.goto("/console/request/CA001-1")
        press(tab, "Take this request")
        tab.get_by_label("Note (optional)").fill("They have till Friday")
        tab.get_by_label("Add a note").fill("Another")
        tab.get_by_label("Spoke").check()
        tab.route("**/outcome", lambda route: route.abort())
        tab.get_by_role("button", name="Save", exact=True).click()
        tab.unroute("**/outcome")

        tab.goto("/console/request/CA001-1")
        expect(tab.get_by_label("Note (optional)")).to_have_value("They have till Friday")
        store.requests.change("CA001-1", lambda r: callback.claim(callback.release(r, "asha", NOW), "ben", NOW))
        tab.get_by_label("Spoke").check()
        press(tab, "Save")
        expect(tab.get_by_text(re.compile("What you wrote is kept as a note"))).to_be_visible()
        expect(tab.get_by_text("spoke. Level: Advice. They have till Friday")).to_be_visible()
        expect(tab.get_by_label("Add a note")).to_have_value("Another")
        drafts = tab.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('draft '))")
        assert drafts == ["draft asha CA001-1 note"]


def test_a_form_that_is_sent_twice_is_saved_once(page: Page, served: Line, store: Store) -> None:
    hire(store)
    ask(store)
    sign_in(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")
    form = page.evaluate(
        """async () => {
            const form = new FormData(document.querySelector('form[action$="/outcome"]'));
            form.set("outcome", "no answer");
            form.set("note", "Rang twice");
            const to = document.querySelector('form[action$="/outcome"]').action;
            const send = () => fetch(to, {method: "POST", body: form});
            return (await Promise.all([send(), send()])).map(answer => answer.status);
        }"""
    )

    assert form == [200, 200]
    kept = store.requests.get("CA001-1")
    assert kept
    assert [event.what for event in kept.events if "Rang twice" in event.note] == ["no answer"]
    assert store.counts.of("2026-11")["outcome:no answer"] == 1


@looks(desktop=DESKTOP, phone=PHONE, half=HALF)
def test_the_week_the_report_and_paper_are_for_everybody(
    chromium: Browser, served: Line, store: Store, size: dict[str, int], scheme: str
) -> None:
    """No fault that axe can find, and nothing that scrolls sideways, also where something was refused."""
    hire(store)
    asked = ask(store)
    store.requests.change(asked.id, lambda r: callback.claim(r, "asha", NOW))
    for tab in page_of(chromium, served, size, unheeded="401|403"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        sign_in(tab)
        for path in ("week", "paper", "paper/back"):
            tab.goto(f"/console/{path}")
            axe(tab)
            assert sideways(tab) <= 0, path
        tab.get_by_label("Call, row 1", exact=True).fill("12")
        press(tab, "Save all rows")
        expect(tab.get_by_text("Type the four digits of the call.")).to_be_visible()
        axe(tab)
        tab.goto("/console/paper")
        press(tab, "Show the sheet")
        expect(tab.get_by_text("07700 900001")).to_be_visible()
        axe(tab)
        tab.goto(f"/console/request/{asked.id}")
        tab.get_by_text("Send a text").click()
        axe(tab)
