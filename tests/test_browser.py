"""The advisers' page in a real Chromium: a whole day of work, by keyboard, on a phone, and for a screen reader."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from ivr import printing
from ivr.audio import engines
from ivr.audio.clips import RENDERED, clip
from ivr.audio.hearing import Ear, as_file
from ivr.authoring import drafts
from ivr.callbacks import callback
from ivr.callbacks.callback import LINE
from ivr.callbacks.request import Asker, Event, SpokenMessage
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.overview import booklet
from ivr.script import Script
from ivr.spoken import text_of
from ivr.store import Published, Store
from ivr.usecases.jobs import recording_path
from ivr.web import front
from tests.browser import (
    DESKTOP,
    HALF,
    PHONE,
    QUARTER,
    SPARE_CODES,
    axe,
    enter,
    follow,
    looks,
    on_a_port,
    page_of,
    press,
    ring,
    sideways,
    sign_in,
    sign_in_by_keyboard,
    tab_to,
)
from tests.desk import HOUR, NOW, PASSWORD, ask, hire
from tests.line import OPEN, Line
from tests.rest import show_alive
from tests.test_read import confirmed, put_live


def _busy(store: Store, line: Line) -> None:
    """A queue with one of everything."""
    hire(store, admin=True)
    ask(
        store,
        1,
        urgent=True,
        needs=("relay", "interpreter"),
        slow=True,
        stuck=("main_menu",),
        gone=(Asker("CA0-1", asked_at=NOW - HOUR),),
    )
    ask(store, 2, due=NOW - 1200, messages=(SpokenMessage("RE1", 4),))
    ask(store, 3, due=NOW + 9 * HOUR, opens=NOW + 6 * HOUR)
    ask(store, 4, state="unfinished", asked_at=NOW - HOUR)
    ask(store, 5, today=True, due=NOW + 2 * HOUR)
    _night(store, 6, "RE2", number="", due=NOW + 6 * HOUR)
    _night(store, 7, "RE3", state="put aside", end=Event(NOW, LINE, "a message without sound like speech"))
    store.blocked.add("+447700900008", "asha", NOW, "A pocket, every night")
    for name in ("RE1", "RE2", "RE3"):
        path = recording_path(line.settings, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, [0.0] * 8000, 8000, subtype="ULAW")


def _night(store: Store, nth: int, name: str, **facts: object) -> None:
    """A message of the night, by somebody who pressed no key."""
    at, is_open = NOW - 12 * HOUR, facts.get("state") is None
    message = SpokenMessage(name, 21, at=at, wish=f"CA{nth:03}-1", speech=is_open)
    ask(
        store, nth, urgent=True, pressed_nothing=True, message_only=True, message_ok=False, window=None,
        messages=(message,), **facts,
    )  # fmt: skip


# --- forms ------------------------------------------------------------------------------------


def test_what_fits_into_the_field_for_a_note_is_kept_whole(page: Page, served: Line, store: Store) -> None:
    """The browser counts a line break once, and sends it as two characters."""
    _busy(store, served)
    sign_in(page)
    page.goto("/console/request/CA001-1")
    field = page.locator("#note")
    words = ("ab\n" * 700)[: int(field.get_attribute("maxlength") or 0) - 1] + "z"

    field.fill(words)
    assert field.evaluate("field => field.checkValidity()")
    with page.expect_navigation():
        field.evaluate("field => field.form.requestSubmit()")

    notes = [event.note for event in store.requests.get("CA001-1").events if event.what == "note"]  # type: ignore[union-attr]
    assert notes == [words]


# --- accessibility --------------------------------------------------------------------------


PAGES = [
    "/console/",
    "/console/request/CA001-1",
    "/console/request/CA002-1",
    "/console/request/CA006-1",
    "/console/request/CA007-1",
    "/console/messages",
    "/console/blocked",
    "/console/floods",
    "/console/ended",
    "/console/log",
    "/console/texts",
    "/console/search",
    "/console/new",
    "/console/team",
    "/console/report",
]


@pytest.mark.parametrize("size", ["page", "phone"])
def test_no_page_has_a_fault_that_axe_can_find(
    request: pytest.FixtureRequest, served: Line, store: Store, size: str
) -> None:
    page: Page = request.getfixturevalue(size)
    _busy(store, served)
    page.goto("/console/signin")
    axe(page)
    sign_in(page)
    for path in PAGES:
        page.goto(path)
        axe(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")
    axe(page)
    page.goto("/console/request/CA006-1")
    press(page, "Take this request")
    axe(page)
    page.get_by_label("Number as heard in the message").fill("07700 900 123")
    press(page, "Check this number")
    axe(page)


FRONT = ["/", "/nothing", *(f"/handbooks/{name}.md" for name in front.books())]


def test_no_rule_of_the_styles_depends_on_a_width_and_on_a_colour_scheme() -> None:
    styles = [each for kind in ("css", "html") for each in (config.ROOT / "ivr").rglob(f"*.{kind}")]
    queries = [query for each in styles for query in re.findall(r"@media([^{]+)\{", each.read_text(encoding="utf-8"))]

    assert any("width" in query for query in queries)
    assert [query for query in queries if "width" in query and "color-scheme" in query] == []


@looks(desktop=DESKTOP, quarter=QUARTER)
def test_the_front_page_and_the_handbooks_are_for_everybody(
    chromium: Browser, served: Line, size: dict[str, int], scheme: str
) -> None:
    """No fault that axe can find, and nothing that scrolls sideways."""
    for page in page_of(chromium, served, size, unheeded="404"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in FRONT:
            page.goto(path)
            axe(page)
            assert sideways(page) <= 0, f"{path} is too wide by {sideways(page)} pixels"


#: Headings of one word that are broken over two lines.
_BROKEN = """[...document.querySelectorAll("th")].filter(th => {
  const range = document.createRange();
  range.selectNodeContents(th);
  return !/\\s/.test(th.textContent.trim()) && new Set([...range.getClientRects()].map(each => each.top)).size > 1;
}).map(th => th.textContent)"""


def test_no_heading_of_a_table_is_broken_within_a_word(page: Page) -> None:
    broken = {}
    for path in set(FRONT) - {"/nothing"}:
        page.goto(path)
        if found := page.evaluate(_BROKEN):
            broken[path] = found

    assert broken == {}


def test_the_front_page_leads_on_by_keyboard(page: Page, store: Store) -> None:
    show_alive(store)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("SENDIASS Leicester: the phone line")
    expect(page.get_by_text("Yes.")).to_be_visible()

    follow(page, "Staff")
    expect(page.get_by_role("heading", name="For staff")).to_be_visible()
    expect(page.get_by_role("table").first).to_be_visible()
    follow(page, "Back to the front page")
    follow(page, "Callers to ring back")
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("size", [HALF, QUARTER, PHONE], ids=["200%", "400%", "phone"])
def test_nothing_is_cut_off_when_the_page_is_enlarged(
    chromium: Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    """Half a window is what 200% leaves, a quarter what 400% leaves; no page scrolls sideways."""
    _busy(store, served)
    for page in page_of(chromium, served, size):
        sign_in(page)
        for path in PAGES:
            page.goto(path)
            assert sideways(page) <= 0, f"{path} is too wide by {sideways(page)} pixels"


def test_everything_has_a_name_for_a_screen_reader(page: Page, served: Line, store: Store) -> None:
    _busy(store, served)
    sign_in(page)

    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Asked 10:20"))).to_have_count(4)
    page.goto("/console/request/CA002-1")
    press(page, "Take this request")
    expect(page.get_by_role("region", name="What to know")).to_be_visible()
    expect(page.locator("audio")).to_have_attribute("aria-label", "The caller's spoken message, left at 10:20")


# --- the phone -------------------------------------------------------------------------------


def test_the_line_is_rung_by_mouse_until_a_person_answers(page: Page, served: Line) -> None:
    ring(page)
    page.get_by_role("button", name="2", exact=True).click()
    expect(page.get_by_text("School, nursery or college.")).to_be_visible()
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.get_by_role("group", name="A person is being rung")).to_contain_text("A caller from the phone line.")
    axe(page)

    page.get_by_role("button", name="They answer").click()
    page.get_by_role("button", name="Hang up").click()

    expect(page.get_by_role("status")).to_have_text("The call is over.")
    expect(page.get_by_role("log")).to_contain_text("GOT a person")
    expect(page.get_by_role("button", name="Ring", exact=True)).to_be_focused()


def test_the_line_is_rung_by_keyboard_on_a_small_screen(phone: Page, served: Line) -> None:
    ring(phone)
    axe(phone)
    phone.keyboard.press("2")
    expect(phone.get_by_role("log")).to_contain_text("School, nursery or college.")
    phone.keyboard.press("*")
    expect(phone.get_by_role("log")).to_contain_text("CALLER *")
    wide = sideways(phone) > 0
    assert not wide, "nothing scrolls sideways"

    tab_to(phone, "Hang up")
    phone.keyboard.press("Enter")

    expect(phone.get_by_role("log")).to_contain_text("GOT nothing")


def test_whoever_says_nothing_at_night_leaves_a_message_on_the_page_too(page: Page, served: Line) -> None:
    ring(page, when="2026-11-25T22:30")
    message = page.get_by_role("group", name="The line records after the tone")
    for _ in range(8):
        page.get_by_role("button", name="Say nothing").click()
        page.wait_for_timeout(300)
        if message.is_visible():
            break
    page.get_by_role("button", name="I have said something").click()

    expect(page.get_by_role("log")).to_contain_text("NOTED callback request")


def test_the_phone_plays_the_sounds_that_callers_hear(
    chromium: Browser, settings: Settings, store: Store, published: str, shipped: Script, tmp_path: Path
) -> None:
    """The greeting has a sound, which is played. What follows has none here, so the browser says or shows it."""
    greeting = clip(shipped, text_of(shipped.nodes["greeting"].parts[0]), slow=False)
    choice = engines.choice_of("pyttsx3", shipped.line.speech)
    sound = tmp_path / RENDERED / greeting.name(choice.identity, shipped.respelt)
    sound.parent.mkdir()
    sound.write_bytes(as_file(Ear(shipped, tmp_path, "pyttsx3").speech((greeting.words,))))
    sounding = dataclasses.replace(settings, speech="audio", audio_dir=tmp_path)

    for line in on_a_port(sounding, store):
        for page in page_of(chromium, line, DESKTOP):
            with page.expect_response(re.compile("/audio/")) as played:
                ring(page)
            expect(page.get_by_role("log")).to_contain_text("To talk to a person, press zero, bottom middle.")
            assert played.value.url.endswith(sound.name)
            assert played.value.body() == sound.read_bytes()


def test_a_line_that_is_gone_in_the_middle_of_a_call_is_told_and_the_call_ends(page: Page, served: Line) -> None:
    ring(page)
    page.route("**/call/reply", lambda route: route.abort())
    page.keyboard.press("1")

    expect(page.get_by_role("status")).to_have_text("The call is over: the line does not answer.")
    expect(page.get_by_role("button", name="Ring", exact=True)).to_be_enabled()


# --- the day --------------------------------------------------------------------------------


def test_a_request_is_dealt_with_by_keyboard_alone(page: Page, served: Line, store: Store) -> None:
    """From signing in to the outcome, with Tab, Space and Enter; the focus can always be seen."""
    hire(store)
    ask(store)
    sign_in_by_keyboard(page)
    tab_to(page, re.compile("Asked 10:20"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Take it")).to_be_visible()
    enter(page, "Take this request")
    expect(page.get_by_role("link", name="07700 900001")).to_be_visible()
    expect(page.locator("#ring-h")).to_be_focused()
    enter(page, "What came of it", moves=False)
    tab_to(page, "Spoke")
    page.keyboard.press("Space")
    tab_to(page, "Save")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Saved: spoke.")).to_be_visible()
    assert store.requests.get("CA001-1").state == "done"  # type: ignore[union-attr]


def test_a_message_of_the_night_is_heard_and_its_caller_rung_by_keyboard_alone(
    page: Page, served: Line, store: Store
) -> None:
    """From the list to one click: play, say that it was heard, type the number, read it, ring."""
    _busy(store, served)
    sign_in(page)
    tab_to(page, "2 messages to listen to")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Messages to listen to")).to_be_visible()
    enter(page, "Take it and listen to the message left yesterday 22:30")
    _tab_to_player(page)
    with page.expect_response(re.compile("/message/0$")):
        page.keyboard.press("Space")
    enter(page, "I have listened to it: the message left yesterday 22:30")
    expect(page.get_by_text("The message is marked as listened to.")).to_be_visible()
    expect(page.get_by_text("asha listened to it, 10:30.")).to_be_visible()
    enter(page, "Number as heard in the message", "07700900123")
    expect(page.get_by_text("07700 900 123")).to_be_visible()
    enter(page, "It is the number in the message")
    enter(page, "Ring by one click")

    expect(page.get_by_text("Your phone will ring in a moment.")).to_be_visible()
    assert store.requests.get("CA006-1").number == "+447700900123"  # type: ignore[union-attr]


def _tab_to_player(page: Page) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "AUDIO":
            return
    pytest.fail("the player cannot be come to with Tab")


def test_urgency_is_told_by_words_and_by_signs_of_their_own(page: Page, served: Line, store: Store) -> None:
    _busy(store, served)
    sign_in(page)

    rows = page.locator("#list > li")
    expect(rows.nth(0)).to_contain_text("!! Today")
    expect(page.get_by_text("! Urgent", exact=True)).to_have_count(2)


def test_new_requests_appear_without_reloading_and_are_announced(page: Page, served: Line, store: Store) -> None:
    hire(store)
    sign_in(page)
    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()
    news = page.locator("#news")
    assert news.get_attribute("aria-live") == "polite"

    ask(store, 1, urgent=True)

    expect(news).to_have_text(re.compile("^One new request, urgent, at "))
    expect(page.get_by_text("1 waiting.")).to_be_visible()
    expect(page.get_by_text("! Urgent", exact=True)).to_be_visible()
    first = news.text_content()

    ask(store, 2)

    expect(news).not_to_have_text(first or "")
    expect(news).to_have_text(re.compile("^One new request at "))


def test_a_list_in_use_keeps_its_order_and_renews_its_words(page: Page, served: Line, store: Store) -> None:
    """Nothing moves under a finger or takes the keyboard's place; and what is true of a row is said at once."""
    hire(store)
    ask(store, 1)
    sign_in(page)
    page.locator("#list a").focus()

    ask(store, 2, due=NOW - HOUR)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "ben", NOW))

    expect(page.locator("#news")).to_have_text(re.compile("^One new request at "))
    expect(page.locator("#list")).to_contain_text("ben has it")
    expect(page.locator("#list a")).to_have_count(1)
    assert page.evaluate("document.activeElement.parentElement.parentElement.id") == "list"
    expect(page).to_have_title(re.compile(r"^\(1 late\) Waiting"))
    page.get_by_role("button", name="Show: one change in the list").click()
    expect(page.locator("#list a")).to_have_count(2)
    expect(page.locator("#list a").first).to_be_focused()
    expect(page.locator("#list a").first).to_contain_text("Late by 1 hour")


@pytest.mark.parametrize("minutes", [31, -31])
def test_a_wrong_clock_of_the_computer_ends_nothing(page: Page, served: Line, store: Store, minutes: int) -> None:
    hire(store)
    ask(store, 1)
    page.clock.install(time=dt.datetime.now(tz=dt.UTC) + dt.timedelta(minutes=minutes))
    sign_in(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")

    page.clock.run_for("00:30")

    expect(page.locator("#warning")).to_have_text("")
    expect(page.locator("#state")).to_contain_text("Yours until")


def test_the_number_is_in_sight_on_a_small_screen_and_at_200_percent(
    chromium: Browser, served: Line, store: Store
) -> None:
    hire(store)
    ask(store, 1)
    for size in (PHONE, {"width": 640, "height": 400}, DESKTOP):
        for page in page_of(chromium, served, size):
            sign_in(page)
            page.goto("/console/request/CA001-1")
            if page.get_by_role("button", name="Take this request").count():
                press(page, "Take this request")
            page.goto("/console/request/CA001-1")
            box = page.get_by_role("link", name="07700 900001").first.bounding_box()
            assert box
            assert box["y"] + box["height"] <= size["height"], f"{box} of {size}"


def test_what_is_typed_survives_a_reload_and_goes_when_it_is_saved(page: Page, served: Line, store: Store) -> None:
    hire(store)
    ask(store, 1)
    sign_in(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")
    page.get_by_label("Note (optional)").fill("They have till Friday")

    page.reload()
    expect(page.get_by_label("Note (optional)")).to_have_value("They have till Friday")
    page.get_by_label("Spoke").check()
    press(page, "Save")

    assert page.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('draft'))") == []


def test_a_request_stays_while_somebody_works_on_it_and_says_when_it_goes(
    page: Page, served: Line, store: Store
) -> None:
    hire(store)
    ask(store, 1)
    page.clock.install()
    sign_in(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")
    ends = store.requests.get("CA001-1").claim_ends  # type: ignore[union-attr]
    served.now += dt.timedelta(minutes=10)

    page.get_by_label("Note (optional)").fill("They have till")
    with page.expect_response(re.compile("/keep$")):
        page.clock.run_for("05:00")

    assert store.requests.get("CA001-1").claim_ends == ends + 600  # type: ignore[union-attr]
    assert page.get_by_label("Note (optional)").input_value() == "They have till"


def test_a_request_that_could_not_be_kept_just_then_is_kept_at_the_next_look(
    chromium: Browser, served: Line, store: Store
) -> None:
    hire(store)
    ask(store, 1)
    for page in page_of(chromium, served, DESKTOP, unheeded="503"):
        page.clock.install()
        sign_in(page)
        page.goto("/console/request/CA001-1")
        press(page, "Take this request")
        ends = store.requests.get("CA001-1").claim_ends  # type: ignore[union-attr]
        served.now += dt.timedelta(minutes=10)
        page.route("**/keep", lambda route: route.fulfill(status=503))
        page.get_by_label("Note (optional)").fill("They have till")
        with page.expect_response(lambda answer: answer.status == 503):
            page.clock.run_for("04:30")
        assert store.requests.get("CA001-1").claim_ends == ends  # type: ignore[union-attr]

        with page.expect_response(lambda answer: answer.url.endswith("/keep") and answer.ok):
            page.route("**/keep", lambda route: route.continue_())
            page.clock.run_for("00:30")

        assert store.requests.get("CA001-1").claim_ends == ends + 600  # type: ignore[union-attr]


def test_a_list_that_cannot_be_renewed_says_so(page: Page, served: Line, store: Store) -> None:
    hire(store)
    sign_in(page)

    hire(store, disabled=True, stamp="2")

    expect(page.locator("#news")).to_have_text(re.compile("Your sign-in has ended"))


def test_a_whole_day_of_two_advisers(chromium: Browser, served: Line, store: Store) -> None:
    """Take, no answer, take again, give back, the other takes it, three tries close it; then the log tells all."""
    hire(store, admin=True)
    hire(store, "bilal")
    ask(store, 1, urgent=True)
    ask(store, 2, due=NOW - 1200)
    for asha in page_of(chromium, served, DESKTOP):
        for bilal in page_of(chromium, served, PHONE):
            sign_in(asha)
            sign_in(bilal, "bilal")

            asha.locator("#list a").first.click()
            expect(asha.locator("#card").get_by_text("Late by 20 minutes")).to_be_visible()
            _try(asha, "No answer – the next try is after at least 2 opening hours")
            expect(asha.get_by_text("2 waiting")).to_be_visible()

            bilal.goto("/console/request/CA002-1")
            press(bilal, "Take this request")
            asha.goto("/console/request/CA002-1")
            expect(asha.locator("#state")).to_contain_text("bilal has it until")
            press(bilal, "Give it back")

            for day in (1, 2):
                served.now = OPEN + dt.timedelta(days=day)
                asha.context.clear_cookies()
                sign_in(asha)
                asha.goto("/console/request/CA002-1")
                _try(asha, re.compile("^No answer"))
            asha.get_by_role("link", name="Ended").click()
            expect(asha.get_by_role("cell", name=re.compile("^Not reached after 3 tries: "))).to_be_visible()

            _more(asha, "Log")
            for what in ("signed in", "looked at", "took", "gave back", "saved: no answer"):
                expect(asha.get_by_role("cell", name=what, exact=True).first).to_be_visible()
            bilal.goto("/console/")
            expect(bilal.get_by_role("heading", name="Sign in")).to_be_visible()


def _more(page: Page, name: str) -> None:
    """Follow a link that stands under "More"."""
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name=name, exact=True).click()


def _try(page: Page, outcome: str | re.Pattern[str]) -> None:
    press(page, "Take this request")
    page.get_by_label(outcome).check()
    press(page, "Save")


def test_ringing_by_one_click_and_the_words_for_a_machine(page: Page, served: Line, store: Store) -> None:
    hire(store)
    ask(store, 1, message_ok=False)
    sign_in(page)
    page.goto("/console/request/CA001-1")
    press(page, "Take this request")

    expect(page.get_by_text("If a machine answers: hang up. Leave NO message.")).to_be_visible()
    press(page, "Ring by one click")
    expect(page.get_by_text("Your phone will ring in a moment.")).to_be_visible()


# --- the map ----------------------------------------------------------------------------------


def test_the_map_is_searched_read_and_rung_from(page: Page, served: Line) -> None:
    page.goto("/studio/map")
    axe(page)
    page.get_by_label("Words that callers hear").fill("mediation certificate")
    press(page, "Show")

    expect(page.get_by_role("status").first).to_contain_text("is heard at")
    assert page.locator("svg .found").count() == page.locator("section.place").count() > 0
    axe(page)
    page.get_by_role("link", name="Ring from here").first.click()
    page.get_by_role("button", name="Ring", exact=True).click()

    begun = page.get_by_text("The call begins at").get_by_role("link").first.text_content()
    expect(page.get_by_role("log")).to_have_attribute("data-place", begun or "no place")


def test_the_map_grows_and_shrinks_and_leads_from_a_box_to_its_place(page: Page, served: Line) -> None:
    page.goto("/studio/map")
    picture = page.locator("#map svg")
    width = picture.bounding_box()["width"]  # type: ignore[index]
    page.get_by_role("button", name="Larger").click()
    assert picture.bounding_box()["width"] > width  # type: ignore[index]
    page.get_by_role("button", name="All of it").click()
    fits = "document.getElementById('map').scrollWidth <= document.getElementById('map').clientWidth"
    assert page.evaluate(fits)

    page.locator("#box-mediation_menu a").first.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#place-mediation_menu")).to_be_in_viewport()


def test_the_map_on_a_small_screen_scrolls_only_inside(phone: Page, served: Line) -> None:
    phone.goto("/studio/map")
    axe(phone)
    assert sideways(phone) <= 0


# --- everything to read -----------------------------------------------------------------------

READ = (
    "/read", "/read/which_letter", "/read/q_letter_draft", "/read/letter_final", "/read/council_team",
    "/read/out_first", "/read/all-topics", "/read/what-words-mean",
)  # fmt: skip


@pytest.fixture
def readable(settings: Settings, store: Store, files: dict[str, str]) -> Iterator[Line]:
    """A line whose service has confirmed everything but one number, and switched the pages on. A notice is said."""
    notice = 'notices: [{words: "We are closed on Friday.", begins: 2026-11-25, ends: 2026-11-27}]'
    agreed = confirmed(files, without=("council_phone",))
    put_live(store, {**agreed, "line.yaml": agreed["line.yaml"].replace("notices: []", notice)})
    store.texts.sender_is("")
    yield from on_a_port(settings, store)


@looks(desktop=DESKTOP, quarter=QUARTER)
def test_the_pages_to_read_are_for_everybody(
    chromium: Browser, readable: Line, size: dict[str, int], scheme: str
) -> None:
    """No fault that axe can find, and nothing that scrolls sideways."""
    for page in page_of(chromium, readable, size):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in READ:
            page.goto(path)
            axe(page)
            assert sideways(page) <= 0, f"{path} is too wide by {sideways(page)} pixels"


def test_guidance_is_found_by_keyboard_alone(chromium: Browser, readable: Line) -> None:
    for page in page_of(chromium, readable, DESKTOP):
        page.goto("/read")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the text")).to_be_focused()
        for link, heading in (
            ("A letter from the council", "A letter from the council"),
            ("Go on", "A letter from the council"),
            ("Yes", "A letter from the council"),
        ):
            follow(page, link)
            expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text("Does it say draft")).to_be_visible()
        expect(page.get_by_text("Then it may be a draft plan.")).to_be_visible()
        expect(page.get_by_role("main").get_by_text("We are closed on Friday.")).to_be_visible()


def test_the_print_as_a_web_page_has_no_fault_that_axe_can_find(page: Page, files: dict[str, str]) -> None:
    draft = drafts.read_draft(files)
    made = booklet.of(draft, booklet.script_to_read(draft, config.bank_holidays()))
    page.set_content(printing.html(made, OPEN.date()))

    axe(page)
    assert page.get_by_role("link", name="Who to ask first").count() > 1, "in the contents, and where keys lead"


# --- the people at the desk -------------------------------------------------------------------

NEW_PASSWORD = "purple kettle river moss"
LONG, ARABIC = "Wilhelmina Christabel Featherstonehaugh-Cholmondeley-Marjoribanks", "أسماء بنت عبد الله"


def _code(line: Line, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(line.now.timestamp()))


def _in_again(page: Page, line: Line, name: str, password: str, secret: str) -> None:
    """Sign in by keyboard, with the next code of the app, pasted with a space."""
    line.now += dt.timedelta(minutes=1)
    page.goto("/console/signin")
    _enter_fields(page, Name=name, Password=password)
    code = _code(line, secret)
    enter(page, "Code from your app", f"{code[:3]} {code[3:]}")


def _enter_fields(page: Page, **fields: str) -> None:
    """Fill fields by keyboard, in their order, and press Enter in the last."""
    *first, last = fields.items()
    for label, typed in first:
        tab_to(page, label.replace("_", " "))
        page.keyboard.press("Control+A")
        page.keyboard.type(typed)
    enter(page, last[0].replace("_", " "), last[1])


def test_somebody_is_invited_comes_in_works_is_renamed_and_leaves_by_keyboard_alone(
    chromium: Browser, served: Line, store: Store
) -> None:
    """The whole way: invitation, password, second factor, signed in, signed in again, renamed, gone."""
    hire(store, "Zoë", "administrator")
    ask(store, 1)
    for boss in page_of(chromium, served, DESKTOP, "401|403|422"):
        sign_in(boss, "Zoë")
        boss.goto("/console/people")
        tab_to(boss, "Name")
        boss.keyboard.type(ARABIC)
        tab_to(boss, "Adviser")
        boss.keyboard.press("ArrowDown")  # supervisor
        enter(boss, "Invite")
        address = boss.get_by_label("Address").input_value()
        for guest in page_of(chromium, served, PHONE, "401|403|410"):
            guest.goto(address)
            expect(guest.get_by_text("Zoë invited you")).to_be_visible()
            _enter_fields(guest, New_password=NEW_PASSWORD, The_new_password_again=NEW_PASSWORD)
            expect(guest.get_by_role("heading", name="Set up your second factor")).to_be_visible()
            secret = guest.locator(".key").inner_text().replace(" ", "")
            expect(guest.locator("svg.qr")).to_be_visible()
            _enter_fields(guest, Code=_code(served, secret), Your_password_now=NEW_PASSWORD)
            expect(guest.get_by_text("They are shown only now.")).to_be_visible()
            spare = guest.locator(".spare li").first.inner_text()
            follow(guest, "I have kept them")
            enter(guest, "Sign out")

            _in_again(guest, served, ARABIC, NEW_PASSWORD, secret)
            expect(guest.get_by_text(f"Signed in as {ARABIC}")).to_be_visible()
            guest.goto("/console/request/CA001-1")
            enter(guest, "Take this request")
            expect(guest.get_by_role("link", name="07700 900001").first).to_be_visible()

            boss.goto("/console/people")
            follow(boss, ARABIC)
            tab_to(boss, "New name")
            boss.keyboard.press("Control+A")
            _type_and_enter(boss, LONG)
            expect(boss.get_by_text("They sign in by their new name")).to_be_visible()
            boss.goto("/console/request/CA001-1")
            expect(boss.locator("#state")).to_contain_text(f"{LONG} has it until")

            guest.goto("/console/")
            expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()
            guest.get_by_label("Name").fill(LONG)
            guest.get_by_label("Password").fill(NEW_PASSWORD)
            press(guest, "Sign in")
            enter(guest, "Code from your app", spare)
            expect(guest.get_by_text("You used a code of last resort. 7 are left.")).to_be_visible()

            boss.goto("/console/people")
            follow(boss, LONG)
            tab_to(boss, re.compile("^They leave"))
            boss.keyboard.press("Space")
            enter(boss, "Let them go")
            expect(boss.get_by_text("What they had is everybody's now: 1 request.")).to_be_visible()
            guest.goto("/console/")
            expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()


def _type_and_enter(page: Page, typed: str) -> None:
    page.keyboard.type(typed)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_everything_about_people_works_without_scripts(chromium: Browser, served: Line, store: Store) -> None:
    hire(store, "Zoë", "administrator")
    hire(store)
    context = chromium.new_context(base_url=served.settings.public_url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "Zoë")
    _more(page, "People")
    page.get_by_label("Name").fill("Carol")
    press(page, "Invite")
    address = page.get_by_label("Address").input_value()
    page.get_by_role("link", name="To the people").click()
    page.get_by_role("link", name="asha").click()
    page.get_by_label("Supervisor").check()
    press(page, "Change the role")
    expect(page.get_by_text("The role is changed.")).to_be_visible()
    press(page, "Sign out")

    page.goto(address)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("The new password again").fill(NEW_PASSWORD)
    press(page, "Set the password and sign in")
    _more(page, "Account")
    page.get_by_role("link", name="Set it up").click()
    secret = page.locator(".key").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(_code(served, secret))
    page.get_by_label("Your password now").fill(NEW_PASSWORD)
    press(page, "Confirm")
    expect(page.locator(".spare li")).to_have_count(8)
    context.close()


@looks(desktop=DESKTOP, phone=PHONE, quarter=QUARTER)
def test_the_pages_about_people_are_for_everybody(
    chromium: Browser, served: Line, store: Store, size: dict[str, int], scheme: str
) -> None:
    """No fault that axe can find, and nothing scrolls sideways, with long names and Arabic ones."""
    hire(store, "Zoë", "administrator")
    ask(store, 1)
    for name in (LONG, ARABIC, "n" * 100):
        hire(store, name)
    for page in page_of(chromium, served, size, "401|403|410|422"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]

        def look(at: Page = page) -> None:
            axe(at)
            assert sideways(at) <= 0, f"{at.url} is too wide by {sideways(at)} pixels"

        page.goto("/console/signin")
        page.get_by_label("Name").fill("Zoë")
        page.get_by_label("Password").fill(PASSWORD)
        press(page, "Sign in")
        look()
        page.get_by_label("Code from your app").fill(next(SPARE_CODES))
        press(page, "Go on")
        for path in (
            "/console/account",
            "/console/account/factor",
            "/console/again",
            "/console/signins",
            "/console/people",
            "/console/phone",
        ):
            page.goto(path)
            look()
        page.get_by_label("Phone number, or the number of a call").fill("07700 900001")
        press(page, "Find")
        look()
        page.goto("/console/people")
        for name in (LONG, ARABIC, "n" * 100):
            page.get_by_role("link", name=name).click()
            look()
            page.go_back()
        page.get_by_label("Name").fill("Carol")
        press(page, "Invite")
        look()
        address = page.get_by_label("Address").input_value()
        page.context.clear_cookies()
        page.goto(address)
        look()
        page.get_by_label("New password", exact=True).fill("carol carol carol")
        page.get_by_label("The new password again").fill("carol carol carol")
        press(page, "Set the password and sign in")
        expect(page.get_by_role("alert")).to_contain_text("among the first")
        look()
        page.goto("/console/welcome/unknown")
        look()


# --- words from right to left ---------------------------------------------------------------------

#: Where words in Arabic letters would turn the English around them: neither apart from it, nor in a field that turns.
_MIXED = """() => {
  const found = [], rtl = /[\\u0590-\\u08ff]/;
  const note = element => found.push(element.outerHTML.slice(0, 120));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (rtl.test(texts.currentNode.data) && !element.closest("bdi, [dir], script, style, option"))
      note(element);
  }
  for (const field of document.querySelectorAll("input, textarea"))
    if (rtl.test(field.value) && field.checkVisibility() && field.dir !== "auto") note(field);
  return found;
}"""
_NAME, _WORDS = "آشا پٹیل", "بچے کا خط: 07700 900123 (SENDIASS)"


def test_words_in_arabic_letters_turn_no_english_around_them(page: Page, served: Line, store: Store) -> None:
    """A name, notes, reasons and texts in Urdu, on every page that shows them."""
    _busy(store, served)
    hire(store, _NAME, admin=True)

    ask(store, 8, urgent=True, language="Urdu", wrote=_WORDS)
    store.blocked.add("+447700900009", _NAME, NOW, _WORDS)
    sign_in(page, _NAME)
    page.goto("/console/request/CA008-1")
    press(page, "Take this request")
    page.locator("#note").fill(_WORDS)
    with page.expect_navigation():
        page.locator("#note").evaluate("field => field.form.requestSubmit()")
    seen, mixed = 0, {}
    live = store.revisions.live() or ""
    files = store.revisions.files(live) or {}
    store.revisions.publish(Published("another", NOW, _NAME, _WORDS, live), files)
    more = ["/console/request/CA008-1", "/console/people", "/console/account", "/console/signins", "/studio/publish"]
    for path in [*PAGES, *more]:
        page.goto(path)
        seen += _NAME in page.content()
        if found := page.evaluate(_MIXED):
            mixed[path] = found

    assert mixed == {}
    assert seen > 8
