"""Nobody can turn the line on strangers: what one call, one phone and one day may ask for, and what is never rung."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from ivr import dialling
from ivr.authoring import drafts
from ivr.authoring.limitsfile import RequestLimits
from ivr.callbacks import limits
from ivr.callbacks.diary import Window
from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.places.entry import RingNumber
from ivr.places.texting import TextLimit
from ivr.places.wish import RingLimit
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.lines import Line as Words
from ivr.script.session import Done, Failed, HoldWindow, SaveRequest, SendText
from ivr.spoken import text_of
from ivr.store import Published, Spool, Store
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes
from ivr.web.effects import LiveHandler
from tests import small
from tests.desk import request
from tests.line import OPEN, Call, Line
from tests.sealed import KEYS
from tests.talk import Talk

NEXT_DAY = OPEN + dt.timedelta(days=1)


@pytest.fixture
def handler(store: Store, settings: Settings) -> LiveHandler:
    return LiveHandler(store, Jobs(settings, store), Spool(settings.spool_dir, settings.keys), PhonedTakes(settings))


def _number(nth: int) -> str:
    """The number of a stranger, as it is keyed: one of those that belong to nobody."""
    return f"07700900{nth:03}"


# --- one call -----------------------------------------------------------------------------------


#: The key at each question: yes, it is urgent, any time, no, nothing else, go on.
ANSWERS = {"ring_check": "1", "ring_who": "1", "ring_out": "1", "ring_when": "3", "ring_message": "2", "ring_safe": "2",
           "ring_needs": "1", "ring_done": "2", "text_check": "1"}  # fmt: skip


def _asks(call: Call, key: str, digits: str) -> None:
    """From the end menu to the end menu, for this number."""
    call.press(key)
    if call.place in ("ring_check", "text_check"):  # the number that was keyed before is offered
        call.press("2")
    if call.has("Hangup"):
        return
    call.enter(digits)
    while not call.has("Hangup") and call.place in ANSWERS:
        call.press(ANSWERS[call.place])


def _at_end_menu(line: Line, sid: str) -> Call:
    """A hidden caller who has talked to a person, and stays on the line."""
    call = line.call("anonymous", sid).press("0")
    line.store.sessions.accept(call.sid, str(call.turn))
    return call.put_in(DialCallStatus="completed", DialCallDuration="9")


@pytest.mark.parametrize(("key", "words"), [("2", RingLimit.call), ("1", TextLimit.call)])
def test_a_hidden_caller_cannot_have_strangers_rung_and_texted(
    settings: Settings, store: Store, files: dict[str, str], shipped: Script, key: str, words: Words
) -> None:
    """The line says why it stops, a person can be reached, and whoever goes on for ever is told goodbye."""
    one = re.sub(r" a_call: \d+", " a_call: 1", files["line.yaml"])
    changed = {**files, "line.yaml": one}
    store.revisions.publish(Published(drafts.revision_of(changed), 0.0, "tests", "for the tests"), changed)
    store.texts.sender_is("")
    with Line(settings, store) as line:
        call = _at_end_menu(line, "CA" + "2" * 32)
        for nth in range(2):
            _asks(call, key, _number(nth))

        assert text_of(shipped.speech(words)).split(".")[0] in call.words
        assert "press zero" in call.words

        for nth in range(2, 25):
            if call.has("Hangup"):
                break
            _asks(call, key, _number(nth))
        assert len(store.requests.waiting()) + len(store.texts.underway()) == 1
        assert _at_end_menu(line, "CA" + "3" * 32).press("0").has("Dial")


def test_one_number_may_be_asked_for_again_in_a_call(shipped: Script) -> None:
    """A caller who changes their mind about the time asks again for the same phone."""
    talk = Talk(shipped, caller="anonymous").press("0").transfer("answered")

    for _ in range(2):
        talk.press("2")
        if talk.at == "ring_number":
            talk.enter(_number(1))
        while talk.at in ANSWERS:
            talk.press(ANSWERS[talk.at])

    assert talk.at == "end_menu"
    assert len(talk.session.phones_asked) == 1


def test_the_phone_that_rings_does_not_count_among_the_phones_of_its_call(shipped: Script) -> None:
    talk = Talk(shipped).press("0").transfer("answered").press("2").press("1")

    assert talk.session.phones_asked == ()


# --- one day ------------------------------------------------------------------------------------


def _wish(nth: int, **facts: object) -> SaveRequest:
    return SaveRequest(request(nth, window=None, **facts))


def _text(nth: int, to: str = "+447700900001", *, keyed: bool = False) -> SendText:
    return SendText(f"CA{nth}.1", to, "text_us", "Words.", keyed)


def _script(**most: dict[str, int]) -> Script:
    return small.script(limits=most)


def test_one_phone_is_asked_for_so_often_in_a_day(handler: LiveHandler) -> None:
    script = _script(requests={"a_phone": 2}, texts={"a_phone": 2})
    wishes = [_wish(1, id=f"CA{nth}-1") for nth in range(4)]

    asked = [handler.run(script, wish, OPEN) for wish in wishes]
    texted = [handler.run(script, _text(nth), OPEN) for nth in range(4)]

    assert [isinstance(done, Done) for done in asked] == [True, True, False, False]
    assert asked[-1] == texted[-1] == Failed("phone")
    assert isinstance(handler.run(script, wishes[0], OPEN), Done), "what was taken is saved with every answer"


@pytest.mark.parametrize("midnight", [dt.datetime(2026, 11, 26), dt.datetime(2026, 10, 25), dt.datetime(2027, 3, 28)])
def test_a_call_past_midnight_meets_no_limit_with_what_it_asked_for_before(
    handler: LiveHandler, midnight: dt.datetime
) -> None:
    """Also in the nights in which clocks change."""
    script, midnight = _script(requests={"a_phone": 1}), midnight.replace(tzinfo=LONDON)
    at = [midnight + dt.timedelta(seconds=seconds) for seconds in (-30, 20, 40)]

    first, again = (handler.run(script, _wish(1), now) for now in at[:2])
    other = handler.run(script, _wish(1, id="CA9-1"), at[2])

    assert isinstance(first, Done)
    assert isinstance(again, Done), "the caller was told that we have it"
    assert other == Failed("phone")


def test_a_phone_may_be_asked_for_again_on_another_day(handler: LiveHandler, store: Store) -> None:
    """Its day begins with the first time, so it is Redis that ends it."""
    script = _script(requests={"a_phone": 1})
    handler.run(script, _wish(1), OPEN)
    key = f"ivr:calls_to:{KEYS.name('+447700900001')}"

    assert 86_000 < store.redis.do(lambda client: client.ttl(key)) <= 86_400
    store.redis.do(lambda client: client.delete(key))
    assert isinstance(handler.run(script, _wish(1, id="CA9-1"), OPEN), Done)


def test_keyed_numbers_have_a_limit_of_their_own_and_phones_that_rang_do_not_meet_it(handler: LiveHandler) -> None:
    script = _script(requests={"keyed_a_day": 2}, texts={"keyed_a_day": 2})

    keyed = [handler.run(script, _wish(nth, keyed=True), OPEN) for nth in range(3)]
    texts = [handler.run(script, _text(nth, f"+4477009000{nth:02}", keyed=True), OPEN) for nth in range(3)]

    assert keyed[-1] == texts[-1] == Failed("all")
    assert isinstance(handler.run(script, _wish(50), OPEN), Done)
    assert isinstance(handler.run(script, _wish(51, keyed=True), NEXT_DAY), Done), "the next day begins anew"


def test_a_message_after_the_tone_is_taken_whatever_was_keyed(handler: LiveHandler) -> None:
    script = _script(requests={"keyed_a_day": 0, "a_phone": 1})

    for nth in range(3):
        message = _wish(nth, number="", message_only=True, keyed=True)
        assert isinstance(handler.run(script, message, OPEN), Done)


def test_many_true_callers_on_one_day_are_all_taken_down(handler: LiveHandler, store: Store) -> None:
    """Schools are closed by snow: far more families ring than on any other day."""
    script = small.script()

    taken = [handler.run(script, _wish(nth, number=f"+4477009{nth:05}"), OPEN) for nth in range(300)]

    assert all(isinstance(done, Done) for done in taken)
    assert len(store.requests.waiting()) == 300


def test_what_a_limit_says_names_a_person_the_number_and_the_hours(shipped: Script) -> None:
    for words in (RingLimit, TextLimit):
        for line in words.lines():
            said = text_of(shipped.speech(line))
            assert "press zero" in said
            assert "Monday to Friday" in said
            assert "zero one one six" in said


# --- places -------------------------------------------------------------------------------------


def _hold(handler: LiveHandler, script: Script, nth: int, now: dt.datetime, *, keyed: bool) -> Window | None:
    """The place of one caller for whom any time is right, who then is on the list."""
    windows = script.diary.windows(now)
    done = handler.run(script, HoldWindow(f"CA{nth:03}", windows, overbook=False, keyed=keyed), now)
    assert isinstance(done, Done)
    if done.window:
        asked = request(nth, number=f"+4477009{nth:05}", window=done.window, keyed=keyed)
        assert isinstance(handler.run(script, SaveRequest(asked), now), Done)
    return done.window


def test_two_hundred_and_eighty_forged_callers_leave_places_for_those_who_ring_next_day(
    handler: LiveHandler, shipped: Script
) -> None:
    """Each shows another number, and takes the first place there is."""
    forged = [_hold(handler, shipped, nth, OPEN, keyed=False) for nth in range(280)]
    assert forged.count(None) > 0

    found = [_hold(handler, shipped, 900 + nth, NEXT_DAY, keyed=False) for nth in range(6)]

    assert all(found)
    assert {window.day for window in found if window} == {(OPEN + dt.timedelta(days=2)).date()}


def test_keyed_numbers_cannot_fill_a_part_of_a_day(handler: LiveHandler, shipped: Script) -> None:
    script, keyed = shipped, [_hold(handler, shipped, nth, OPEN, keyed=True) for nth in range(60)]

    today = [window for window in script.diary.windows(OPEN) if window.day == OPEN.date()]

    for window in today:
        places = getattr(script.line.ring_back, window.part).places
        assert keyed.count(window) == places // 2
    assert _hold(handler, script, 900, OPEN, keyed=False) == today[0]


def test_a_caller_with_a_keyed_number_who_finds_no_place_is_on_the_list_all_the_same() -> None:
    """They are promised a day and no part of it, and are not asked to choose again and again."""
    one_place = PracticeHandler(slots=1)
    talk = Talk(small.script(), caller="anonymous", handler=one_place).press("0").transfer("answered").press("2")

    talk.enter(_number(1))
    while talk.at != "ring_message":
        talk.press(ANSWERS[talk.at])

    (asked,) = talk.handler.requests.values()
    assert (asked.window, asked.due > 0) == (None, True)


@pytest.mark.parametrize(
    ("places", "is_near", "keyed", "open_to"),
    [(12, True, False, 12), (12, True, True, 6), (12, False, False, 9), (12, False, True, 6), (1, True, True, 0),
     (1, False, False, 1), (0, True, False, 0)],
)  # fmt: skip
def test_how_many_places_are_open_to_whom(places: int, is_near: bool, keyed: bool, open_to: int) -> None:
    window = Window(OPEN.date(), "morning")
    near = {OPEN.date()} if is_near else set()

    assert limits.slots([window], lambda window: places, RequestLimits(), near, keyed) == [open_to]


# --- numbers that are never rung ------------------------------------------------------------------

NEVER = ["0116 496 0999"]
#: Emergency numbers in every spelling, our own number, a helpline's, one that costs a lot, one on staff's list.
FORBIDDEN = ["999", "112", "911", "01164960001", "08001111", "08088020008", "03001233393", "443001233393",
             "09011234567", "01164960999",
             "00441164960999", "441164960999", "4960999"]  # fmt: skip


@pytest.mark.parametrize("digits", FORBIDDEN)
def test_a_number_that_is_never_rung_is_refused_however_it_is_keyed(digits: str) -> None:
    talk = Talk(small.script(never_ring=NEVER), caller="anonymous").press("0").transfer("answered").press("2")

    talk.enter(digits)

    assert talk.at == "ring_number"
    assert talk.handler.requests == {}


@pytest.mark.parametrize("shown", ["+441164960999", "01164960999", "+441164960001", "+448001111", "999"])
def test_a_caller_who_shows_a_number_that_is_never_rung_counts_as_hidden(shown: str) -> None:
    talk = Talk(small.script(never_ring=NEVER), caller=shown).press("0").transfer("answered").press("2")

    assert talk.at == "ring_number"


def test_a_number_on_the_list_is_told_in_words_that_ask_for_the_own_phone() -> None:
    script = small.script(never_ring=NEVER)
    talk = Talk(script, caller="anonymous").press("0").transfer("answered").press("2").enter("01164960999")

    assert text_of(script.speech(RingNumber.never)) in talk.words


def test_freephone_numbers_are_helplines_and_not_rung() -> None:
    assert dialling.judge("0800 1111").verdict == dialling.judge("0808 802 0008").verdict == "freephone"
