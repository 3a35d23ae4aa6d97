"""The tasks of a day at the desk in a real Chromium, with callers who ring by signed webhooks."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from ivr.callbacks import callback
from ivr.callbacks.request import CallbackRequest
from ivr.store import Store
from tests.browser import DESKTOP, HALF, PHONE, QUARTER, SIZES, axe, looks, page_of, press, sideways, sign_in
from tests.desk import DIARY, HOUR, NOW, PASSWORD, ask, hire
from tests.line import CALLER, OPEN, Line

ADVISER = "+441164960777"


def _asks(line: Line, caller: str = CALLER, sid: str = "CA" + "1" * 32) -> CallbackRequest:
    """Somebody rings, gets nobody, and asks to be rung: any time is right, and they may be told who rings."""
    call = line.call(caller, sid).press("0")
    while call.has("Dial"):
        call.put_in(DialCallStatus="no-answer")
    call.press("1" * 8)
    line.now = OPEN + dt.timedelta(minutes=5)
    (asked,) = [each for each in line.store.requests.waiting() if each.number == caller]
    return asked


def _news(line: Line, path: str, **form: str) -> None:
    """A webhook of a call by one click."""
    line.post(path, {"CallSid": "CA" + "5" * 32, "From": "+441164960000", **form})


def _puts_through(line: Line, seconds: int) -> None:
    """Somebody rings, and an adviser takes the call and talks to them."""
    call = line.call(sid="CA" + "7" * 32).press("0")
    whisper = line.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32, "To": ADVISER})
    action = next(part.split('"')[0] for part in whisper.text.split('action="')[1:]).replace("&amp;", "&")
    line.post(action, {"CallSid": "CA" + "2" * 32, "To": ADVISER, "Digits": "1"})
    call.put_in(seconds, DialCallStatus="completed", DialBridged="true", DialCallDuration=str(seconds))


def _stored(store: Store, request_id: str) -> CallbackRequest:
    found = store.requests.get(request_id)
    assert found
    return found


# --- ringing --------------------------------------------------------------------------------


@SIZES
def test_a_caller_who_rang_is_rung_by_one_click_and_stays_the_advisers_however_long_they_talk(
    chromium: Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    """The card says what they heard, the bar says what the call does, and a colleague sees who talks."""
    hire(store)
    hire(store, "ben")
    asked = _asks(served)
    told = asked.promise.told
    assert told
    about = f"request={asked.id}&adviser=asha"
    for tab in page_of(chromium, served, size):
        sign_in(tab)
        tab.get_by_role("link", name=re.compile("Ring now")).first.click()
        expect(tab.get_by_text(f"“{told}”")).to_be_visible()
        press(tab, "Take this request")
        number = tab.locator("#ring").get_by_role("link", name="07700 900123")
        expect(number).to_have_attribute("href", f"tel:{CALLER}")
        press(tab, "Ring by one click")
        expect(tab.get_by_text("Your phone will ring in a moment.")).to_be_visible()

        _news(served, f"/voice/join?{about}", Digits="1")
        expect(tab.locator("#state")).to_contain_text("You are on the phone with them since 10:35")
        served.now += dt.timedelta(minutes=50)
        for other in page_of(chromium, served, PHONE):
            sign_in(other, "ben")
            other.goto(f"/console/request/{asked.id}")
            expect(other.locator("#state")).to_have_text("asha is talking to this caller since 10:35.")
            expect(other.get_by_role("button", name="Take this request")).to_have_count(0)
            assert "900123" not in other.content()
        _news(served, f"/voice/rang?{about}", DialCallStatus="completed", DialCallSid="CA" + "6" * 32)
        tab.goto(f"/console/request/{asked.id}")
        expect(tab.locator("#state")).to_have_text("The call is over: 50 minutes. What came of it?")
        axe(tab)
        assert sideways(tab) <= 0

        tab.get_by_label("Spoke").check()
        tab.get_by_label("Topic").select_option(label="Appeal")
        press(tab, "Save")
        expect(tab.get_by_text("Nobody is waiting.")).to_be_visible()
        done = _stored(store, asked.id)
        assert (done.state, dict(done.came)["topic"]) == ("done", "appeal")


@pytest.mark.parametrize(
    ("status", "says"),
    [("no-answer", "Nobody picked up"), ("busy", "busy"), ("failed", "could not be placed")],
)
def test_a_call_by_one_click_that_nobody_took_is_told_and_counts_nothing_by_itself(
    page: Page, served: Line, store: Store, status: str, says: str
) -> None:
    hire(store)
    asked = ask(store)
    sign_in(page)
    page.goto(f"/console/request/{asked.id}")
    press(page, "Take this request")
    press(page, "Ring by one click")
    about = f"request={asked.id}&adviser=asha"

    _news(served, f"/voice/join?{about}", Digits="1")
    _news(served, f"/voice/rang?{about}", DialCallStatus=status, DialCallSid="CA" + "6" * 32)

    page.goto(f"/console/request/{asked.id}")
    expect(page.locator(".events li").filter(has_text=re.compile(says, re.IGNORECASE))).to_have_count(1)
    assert _stored(store, asked.id).tries == 0


def test_whoever_was_put_through_is_asked_about_and_not_rung_again(page: Page, served: Line, store: Store) -> None:
    """They had asked to be rung, and are late. Whoever spoke to them finds the card, and the list says so to all."""
    hire(store, phone="")
    hire(store, "bilal", phone=ADVISER)
    asked = ask(store, number=CALLER, due=NOW - HOUR)
    _puts_through(served, 900)
    sign_in(page)
    expect(page.get_by_text("Put through to bilal at 10:30 for 15 minutes: ask before ringing")).to_be_visible()
    press(page, "Take the next one")
    expect(page.get_by_text("Nobody in this list can be rung now.")).to_be_visible()
    press(page, "Sign out")

    sign_in(page, "bilal")
    page.get_by_role("link", name=re.compile("^find their card")).click()
    press(page, "Take this request")
    page.get_by_label("Spoke").check()
    press(page, "Save")

    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()
    assert _stored(store, asked.id).state == "done"


def test_three_clicks_in_a_minute_are_one_try(page: Page, served: Line, store: Store) -> None:
    hire(store)
    asked = ask(store)
    sign_in(page)
    for nth in (1, 2, 3):
        page.goto(f"/console/request/{asked.id}")
        press(page, "Take this request")
        label = "No answer – the next try" if nth == 1 else "No answer – this is still try 1"
        page.get_by_label(re.compile(f"^{label}")).check()
        press(page, "Save")
        served.now += dt.timedelta(seconds=31)

    expect(page.get_by_text("1 waiting")).to_be_visible()
    assert (_stored(store, asked.id).state, _stored(store, asked.id).tries) == ("waiting", 1)
    page.goto(f"/console/request/{asked.id}")
    press(page, "Take this request")
    expect(page.get_by_text("2 opening hours after the last try.")).to_be_visible()
    expect(page.get_by_text("It may be the only time that is safe")).to_have_count(0)
    expect(page.get_by_role("button", name="Ring by one click")).to_have_count(0)


# --- the next call, and each other ----------------------------------------------------------


@SIZES
def test_the_next_call_is_agreed_and_is_everybodys_while_its_adviser_is_away(
    chromium: Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    hire(store)
    hire(store, "ben")
    asked = _asks(served)
    for tab in page_of(chromium, served, size):
        sign_in(tab)
        press(tab, "Take the next one")
        tab.get_by_label("Spoke").check()
        tab.get_by_label("Ring again").select_option(label="Thursday 26 November, in the morning: 12 left")
        tab.get_by_label("By", exact=True).select_option("me")
        press(tab, "Save")
        expect(tab.get_by_text("Say: we ring you on Thursday 26 November, in the morning.")).to_be_visible()
        tab.get_by_label("Mine").check()
        press(tab, "Filter")
        expect(tab.locator("#list li")).to_have_count(1)
        expect(tab.locator("#list")).to_contain_text("Appointment with asha")
        assert _stored(store, asked.id).askers[0].reference == asked.askers[0].reference

        served.now = OPEN + dt.timedelta(days=1)
        for other in page_of(chromium, served, PHONE):
            sign_in(other, "ben")
            other.goto(f"/console/request/{asked.id}")
            expect(other.get_by_text("asha is not here: whoever is here may take it.")).to_be_visible()
            other.goto("/console/")
            press(other, "Take the next one")
            expect(other.locator("#ring")).to_contain_text("07700 900123")


def test_a_next_call_in_a_time_that_is_over_meanwhile_ends_nothing_and_loses_nothing(
    chromium: Browser, served: Line, store: Store
) -> None:
    """The page was opened when there was still time today, and the claim ran out as well."""
    hire(store)
    asked = ask(store)
    served.now = OPEN.replace(hour=16, minute=10)
    for tab in page_of(chromium, served, DESKTOP, "401|422"):
        sign_in(tab)
        tab.goto(f"/console/request/{asked.id}")
        press(tab, "Take this request")
        tab.get_by_label("Spoke").check()
        tab.get_by_label("Topic").select_option(label="Appeal")
        tab.get_by_label("Ring again").select_option(index=1)
        tab.get_by_label("By", exact=True).select_option("me")
        tab.get_by_label("Note (optional)").fill("Send the form first")
        served.now = OPEN.replace(hour=16, minute=50)

        press(tab, "Save")

        expect(tab.get_by_role("alert")).to_contain_text("That time for the next call is over. Choose another.")
        assert _stored(store, asked.id).state == "claimed"
        expect(tab.get_by_label("Spoke")).to_be_checked()
        expect(tab.get_by_label("Topic")).to_have_value("appeal")
        expect(tab.get_by_label("By", exact=True)).to_have_value("me")
        expect(tab.get_by_label("Note (optional)")).to_have_value("Send the form first")


def test_what_was_agreed_is_not_lost_if_a_colleague_has_it_by_then(page: Page, served: Line, store: Store) -> None:
    hire(store)
    asked = ask(store)
    sign_in(page)
    page.goto(f"/console/request/{asked.id}")
    press(page, "Take this request")
    page.get_by_label("Spoke").check()
    page.get_by_label("Topic").select_option(label="Appeal")
    page.get_by_label("Ring again").select_option(label="Thursday 26 November, in the morning: 12 left")
    page.get_by_label("Note (optional)").fill("Send the form first")
    store.requests.change(asked.id, lambda r: callback.claim(callback.release(r, "asha", NOW), "ben", NOW))

    press(page, "Save")

    expect(page.get_by_text("ben has this request now. Talk to them first. What you wrote is kept")).to_be_visible()
    note = _stored(store, asked.id).events[-1].note
    assert "Topic: Appeal" in note
    assert note.endswith("agreed the next call on Thursday 26 November, in the morning. Send the form first")


def test_of_two_at_one_moment_one_has_it_and_neither_loses_a_word(
    chromium: Browser, served: Line, store: Store
) -> None:
    """Both take it, hand it over, and save: each time one is first, and the other is told."""
    hire(store)
    hire(store, "ben")
    hire(store, "carol")
    asked = ask(store)
    sends = """async ([path, fields]) => {
        const form = new URLSearchParams({...fields, csrf_token: document.querySelector("[name=csrf_token]").value});
        const answer = await fetch(path, {method: "POST", body: form});
        return [answer.status, new DOMParser().parseFromString(await answer.text(), "text/html").body.textContent];
    }"""
    path = f"/console/request/{asked.id}"
    for one in page_of(chromium, served, DESKTOP):
        for two in page_of(chromium, served, PHONE):
            sign_in(one)
            sign_in(two, "ben")
            answers = _at_once(one, two, sends, (f"{path}/claim", {}))
            assert sorted("This request is yours." in words for _, words in answers) == [False, True]
            assert sum("has taken this one. Take another." in words for _, words in answers) == 1

            notes = ({"outcome": "spoke", "note": "From asha"}, {"outcome": "no answer", "note": "From ben"})
            saved = _at_once(one, two, sends, (f"{path}/outcome", notes[0]), (f"{path}/outcome", notes[1]))
            assert {status for status, _ in saved} == {200}
            history = " ".join(event.note for event in _stored(store, asked.id).events)
            assert "From asha" in history
            assert "From ben" in history


def _at_once(one: Page, two: Page, sends: str, first: tuple[str, object], second: tuple[str, object] | None = None):  # type: ignore[no-untyped-def]
    """Two browsers send a form at one moment: the first answer is awaited only after the second was sent."""
    for tab, (path, fields) in ((one, first), (two, second or first)):
        tab.evaluate("([code, what]) => { window.answer = eval(code)(what); }", [sends, [path, fields]])
    return [tab.evaluate("window.answer") for tab in (one, two)]


# --- finding, the team, the log -------------------------------------------------------------


@SIZES
def test_a_parent_who_rings_the_office_is_found_with_what_is_known_of_their_phone(
    chromium: Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    hire(store)
    asked = _asks(served)
    at = served.now.timestamp()
    store.requests.change(
        asked.id, lambda r: callback.record(callback.claim(r, "ben", at), "ben", "done", "", at, DIARY)
    )
    again = _asks(served, sid="CA" + "8" * 32)
    for tab in page_of(chromium, served, size, "401|ERR_FAILED|422"):
        sign_in(tab)
        tab.goto("/console/search")
        tab.get_by_label("Phone number").fill("0770")
        press(tab, "Search")
        expect(tab.get_by_role("alert")).to_contain_text("That is not a complete UK phone number.")
        axe(tab)
        tab.get_by_label("Phone number").fill("07700 900 123")
        press(tab, "Search")
        expect(tab.get_by_role("heading", name="2 found")).to_be_visible()
        axe(tab)
        assert sideways(tab) <= 0
        assert "900123" not in tab.url
        tab.locator(".found a").first.click()
        expect(tab.get_by_role("heading", name="This phone before")).to_have_count(0)
        press(tab, "Take this request")
        expect(tab.get_by_role("heading", name="This phone before")).to_be_visible()
        tab.locator(".found a").first.click()
        expect(tab.get_by_role("heading", level=1)).to_contain_text("Call 4271")
        assert _stored(store, again.id).claimed_by == "asha"


def test_a_supervisor_sees_who_has_what_and_takes_back_what_lies(page: Page, served: Line, store: Store) -> None:
    hire(store, role="supervisor")
    hire(store, "ben")
    late = ask(store, 1, due=NOW - HOUR)
    ask(store, 2, urgent=True)
    store.requests.change(late.id, lambda r: callback.claim(r, "ben", NOW))
    sign_in(page)

    page.goto("/console/team")
    expect(page.get_by_role("row", name=re.compile("^ben not here call 4271"))).to_be_visible()
    expect(page.get_by_role("link", name="1 urgent, and nobody has them")).to_be_visible()
    page.get_by_role("link", name="1 late").click()
    expect(page.locator("#list li")).to_have_count(1)
    page.locator("#list a").click()
    assert "900001" not in page.content()
    press(page, "Take it back for the list")

    assert not _stored(store, late.id).holder(NOW)
    expect(page.locator(".events")).to_contain_text("asha: took it back for the list – from ben")


def test_an_administrator_sees_who_opened_a_card_filters_the_log_and_saves_it(
    page: Page, served: Line, store: Store
) -> None:
    hire(store, admin=True)
    asked = ask(store)
    for nth in range(60):
        store.audit.note(NOW - nth, "ben", "searched by number, 1 found")
    store.audit.note(NOW, "carol", "looked at", asked.id)
    sign_in(page)

    page.goto(f"/console/request/{asked.id}")
    page.get_by_text("Who opened this card").click()
    expect(page.get_by_text("carol: looked at")).to_be_visible()
    page.goto("/console/log")
    page.get_by_label("Who").fill("ben")
    press(page, "Filter")
    expect(page.get_by_text("50 entries, the latest first")).to_be_visible()
    axe(page)
    page.get_by_role("link", name=re.compile("^Before ")).click()
    expect(page.get_by_text("10 entries, the latest first")).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("button", name="As a file (CSV)").click()
    rows = file.value.path().read_text(encoding="utf-8").splitlines()
    assert len(rows) == 61
    assert "900001" not in "".join(rows)


# --- paper, sign-ins, and what people type --------------------------------------------------


def test_the_morning_is_printed_and_its_outcomes_come_back_once(page: Page, served: Line, store: Store) -> None:
    """Somebody else saved one of them meanwhile: that row stays, with the reason."""
    hire(store)
    numbers = iter(("4271", "5382"))
    store.requests.new_reference = lambda: next(numbers)
    for nth in (1, 2):
        asked = ask(store, nth)
        store.requests.change(asked.id, lambda r: callback.claim(r, "asha", NOW))
    sign_in(page)
    page.goto("/console/paper")
    press(page, "Show the sheet")
    expect(page.get_by_role("row", name=re.compile("07700 900001.*Leave NO message|07700 900001"))).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("header.bar")).to_be_hidden()
    expect(page.get_by_text("07700 900002")).to_be_visible()
    page.emulate_media(media="screen")
    served.now += dt.timedelta(minutes=30)
    later = served.now.timestamp()
    store.requests.change("CA002-1", lambda r: callback.record(r, "asha", "done", "", later, DIARY))

    page.goto("/console/paper/back")
    for row, call in (("1", "4271"), ("2", "5382")):
        page.get_by_label(f"Call, row {row}", exact=True).fill(call)
        page.get_by_label(f"Rung at, row {row}", exact=True).fill("1045")
        page.get_by_label(f"What came of it, row {row}", exact=True).select_option("spoke")
        page.get_by_label(f"Note, row {row}", exact=True).fill(f"Row {row}")
    press(page, "Save all rows")

    expect(page.get_by_text("1 saved.")).to_be_visible()
    expect(page.get_by_text("asha has saved “done” for 11:00 already. Nothing was changed.")).to_be_visible()
    expect(page.get_by_label("Note, row 1", exact=True)).to_have_value("Row 2")
    assert _stored(store, "CA001-1").state == "done"


def test_an_adviser_sees_and_ends_a_sign_in_elsewhere_and_nothing_typed_there_is_lost(
    chromium: Browser, served: Line, store: Store
) -> None:
    hire(store)
    asked = ask(store)
    for here in page_of(chromium, served, DESKTOP):
        for there in page_of(chromium, served, PHONE):
            sign_in(there)
            there.goto(f"/console/request/{asked.id}")
            there.get_by_label("Add a note").fill("They have till Friday")
            sign_in(here)
            here.goto("/console/account")
            here.get_by_role("link", name="See sign-ins").click()
            expect(here.get_by_text("This browser")).to_be_visible()
            here.get_by_role("button", name=re.compile("^End it")).click()
            expect(here.get_by_role("button", name=re.compile("^End it"))).to_have_count(0)

            press(there, "Add")
            expect(there.get_by_label(re.compile("^This was not saved."))).to_have_value("They have till Friday")
            there.get_by_label("Name").fill("asha")
            there.get_by_label("Password").fill(PASSWORD)
            press(there, "Sign in")
            expect(there.get_by_text("They have till Friday")).to_be_visible()
            press(there, "Go on with what you began")
            expect(there.get_by_text("The note is on the card.")).to_be_visible()
            assert [each.note for each in _stored(store, asked.id).events if each.what == "note"] == [
                "They have till Friday"
            ]


@looks(desktop=DESKTOP, phone=PHONE, half=HALF)
def test_names_in_any_script_and_a_pasted_essay_stay_whole_and_break_no_page(
    chromium: Browser, served: Line, store: Store, size: dict[str, int], scheme: str
) -> None:
    name = "علي بن أحمد"
    essay = "Ω" * 300 + "\n\n" + "👩‍👧 e\u0301 שלום. " * 60
    hire(store, name)
    hire(store, "n" * 100)
    asked = ask(store)
    for tab in page_of(chromium, served, size, "401|ERR_FAILED|413"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        sign_in(tab, name)
        tab.goto(f"/console/request/{asked.id}")
        press(tab, "Take this request")
        tab.get_by_label("Note (optional)").fill(essay)
        tab.get_by_label(re.compile("^Message left")).check()
        press(tab, "Save")
        expect(tab.get_by_text("1 waiting")).to_be_visible()
        tab.goto(f"/console/request/{asked.id}")
        axe(tab)
        assert sideways(tab) <= 0
        note = _stored(store, asked.id).events[-1].note
        assert (note[:300], note.count("שלום")) == ("Ω" * 300, 60)
        assert "\n\n" in note


# --- every state ----------------------------------------------------------------------------


@looks(desktop=DESKTOP, phone=PHONE, quarter=QUARTER)
def test_every_state_is_for_everybody_and_says_what_to_do(
    chromium: Browser, served: Line, store: Store, size: dict[str, int], scheme: str
) -> None:
    """Empty, another's, talking, put through, refused, too old, an outage: no fault, nothing sideways, one sentence."""
    hire(store, phone="")
    hire(store, "bilal", phone=ADVISER)
    for tab in page_of(chromium, served, size, "401|400|422|503|404"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]

        def look(says: str, at: Page = tab) -> None:
            expect(at.get_by_text(says).first).to_be_visible()
            axe(at)
            assert sideways(at) <= 0, says

        sign_in(tab)
        look("Nobody is waiting. New requests appear here by themselves.")
        asked = ask(store, number=CALLER, due=NOW - HOUR)
        card = f"/console/request/{asked.id}"
        tab.goto("/console/?whose=mine")
        look("Nobody fits this filter. 1 waiting in all.")
        tab.goto(card)
        store.requests.change(asked.id, lambda r: callback.claim(r, "bilal", NOW))
        press(tab, "Take this request")
        look("bilal has taken this one. Take another.")
        tab.goto(card)
        look("bilal has it until 11:00.")
        store.requests.change(asked.id, lambda r: callback.release(r, "bilal", NOW))
        _puts_through(served, 900)
        tab.goto(card)
        look("Put through to bilal at 10:30 for 15 minutes: ask before ringing.")
        press(tab, "Take this request")
        look("They may have been helped already.")

        tab.get_by_label("Note (optional)").fill("They have till Friday")
        tab.evaluate("for (const each of document.querySelectorAll('#outcomes input')) each.required = false")
        press(tab, "Save")
        look("Choose what came of it. Nothing was saved.")
        expect(tab.get_by_label("Note (optional)")).to_have_value("They have till Friday")
        tab.get_by_label("Spoke").check()
        tab.evaluate("for (const each of document.querySelectorAll('[name=csrf_token]')) each.value = 'old'")
        press(tab, "Save")
        look("Nothing was changed yet. What you had filled in is kept.")
        expect(tab.get_by_role("link", name="Leave it")).to_have_attribute("href", card)
        press(tab, "Go on with what you began")
        expect(tab.get_by_text("Saved: spoke.")).to_be_visible()
        tab.goto("/console/request/CA404-1")
        look("This page or request does not exist. It may have been deleted.")
        served.store.redis._shut_until = time.monotonic() + 60
        tab.goto(card)
        look("The list cannot be read at the moment. Nothing is lost. Try again in a minute, or use the printed list.")
        served.store.redis._shut_until = 0.0
        tab.get_by_role("link", name="Try again").click()
        expect(tab.get_by_role("heading", level=1)).to_contain_text("Call 4271")


def test_whoever_lost_their_phone_comes_in_again_by_a_colleague_who_resets_it(
    chromium: Browser, served: Line, store: Store
) -> None:
    """And an address that ended says whom to ask."""
    hire(store, admin=True)
    hire(store, "sam", role="supervisor")
    for boss in page_of(chromium, served, DESKTOP, "401|410|ERR_FAILED"):
        sign_in(boss)
        boss.goto("/console/people")
        boss.get_by_role("link", name="sam").click()
        press(boss, "Reset the second factor")
        for sam in page_of(chromium, served, PHONE):
            sam.goto("/console/signin")
            sam.get_by_label("Name").fill("sam")
            sam.get_by_label("Password").fill(PASSWORD)
            press(sam, "Sign in")
            expect(sam.get_by_role("heading", name="Set up your second factor")).to_be_visible()
            sam.goto("/console/")
            expect(sam.get_by_role("heading", name="Set up your second factor")).to_be_visible()

        boss.goto("/console/people")
        boss.get_by_label("Name").fill("Carol")
        press(boss, "Invite")
        address = boss.get_by_label("Address").input_value()
        served.now += dt.timedelta(days=8)
        boss.goto(address)
        expect(boss.get_by_text(re.compile("asha"))).to_be_visible()
        axe(boss)
