"""Talks between advisers and callers: a request stays with whoever talks, and nobody rings a caller who was helped."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from ivr.advising import briefing, ranking
from ivr.callbacks import another_phone, callback, handing, talks
from ivr.callbacks.another_phone import Phone
from ivr.callbacks.callback import CLAIM_SECONDS, HANDED_SECONDS, Refused
from ivr.callbacks.request import LONGEST_BY_HAND, LONGEST_TALK, CallbackRequest, Talk
from ivr.store import Store
from ivr.store.codec import REQUESTS
from tests.desk import DIARY, HOUR, NOW, Browser, ask, hire, request
from tests.line import CALLER, Call, Line

ADVISER = "+441164960777"


def _ringing() -> CallbackRequest:
    return talks.began(callback.claim(request(), "asha", NOW), Talk("CA9", "asha", "one click", NOW + 60))


@pytest.mark.parametrize("minutes", [31, 170])
def test_a_talk_keeps_the_request_however_long_the_page_is_not_touched(minutes: int) -> None:
    now = NOW + minutes * 60

    assert callback.held_by(_ringing(), "asha", now)
    with pytest.raises(Refused, match="asha is talking to this caller"):
        callback.claim(_ringing(), "bilal", now)


def test_after_a_talk_there_is_time_to_save_what_came_of_it() -> None:
    end = NOW + 2 * HOUR
    over = talks.over(_ringing(), "CA9", end)

    assert callback.held_by(over, "asha", end + CLAIM_SECONDS - 1)
    assert callback.claimable(over, end + CLAIM_SECONDS)
    assert talks.over(over, "CA9", end + 60) == over, "the same news again changes nothing"
    assert talks.over(_ringing(), "CA8", end) == _ringing(), "another call has ended"


def test_a_talk_whose_end_nobody_told_is_over_after_three_hours() -> None:
    assert callback.claimable(_ringing(), NOW + 60 + LONGEST_TALK)


def test_whoever_rings_by_hand_keeps_the_request_for_an_hour() -> None:
    ringing = talks.by_hand(callback.claim(request(), "asha", NOW), "asha", NOW + 60)

    assert callback.held_by(ringing, "asha", NOW + 60 + LONGEST_BY_HAND - 1)
    assert not callback.held_by(ringing, "asha", NOW + 60 + LONGEST_BY_HAND)
    assert callback.record(ringing, "asha", "no answer", "", NOW + 120, DIARY).talk is None
    assert callback.release(ringing, "asha", NOW + 120).talk is None
    with pytest.raises(Refused, match="already"):
        talks.by_hand(ringing, "asha", NOW + 90)


def test_a_caller_who_was_put_through_is_asked_about_and_not_just_rung_again() -> None:
    put_through = talks.began(request(due=NOW - HOUR), Talk("CA9", "bilal", "put through", NOW))
    assert ranking.row(put_through, NOW).talk == "bilal is talking since 10:30"
    over = talks.over(put_through, "CA9", NOW + 900)

    row = ranking.row(over, NOW + 1000)
    assert row.talk == "Put through to bilal at 10:30 for 15 minutes: ask before ringing"
    assert [event.note for event in over.events[-2:]] == ["to bilal", "They talked for 15 minutes."]
    unanswered = callback.record(callback.claim(over, "asha", NOW + 1000), "asha", "no answer", "", NOW + 1100, DIARY)
    assert talks.put_through(unanswered), "nobody has said yet what came of it"
    done = callback.record(callback.claim(unanswered, "bilal", NOW + 1200), "bilal", "spoke", "", NOW + 1200, DIARY)
    assert (done.state, done.talk) == ("done", None)


# --- given away while it is talked about ----------------------------------------------------


def _handed() -> CallbackRequest:
    return handing.hand_over(_ringing(), "asha", "ben", "Goes on.", NOW + 5 * 60)


def test_what_is_handed_over_in_a_talk_is_the_colleagues_once_the_talk_is_over() -> None:
    long, end = NOW + 50 * 60, NOW + HOUR

    assert ranking.row(_handed(), long).talk == "asha is talking since 10:31, then ben has it"
    assert briefing.bar_in_words(_handed(), "ben", long) == (
        "asha is still talking to this caller, since 10:31. It stays yours, to begin after that."
    ), "the script of the card knows by these words that no time is running out"
    assert briefing.bar_in_words(_handed(), "asha", long) == (
        "You are on the phone with them since 10:31. ben has the request: nobody rings them before you have hung up."
    )
    assert handing.handed_to(_handed(), "ben", long)
    for who in ("asha", "carol"):
        with pytest.raises(Refused, match="asha is talking to this caller"):
            callback.claim(_handed(), who, long)

    over = talks.over(_handed(), "CA9", end)
    assert (over.holder(end), over.talk) == ("ben", None)
    assert handing.handed_to(over, "ben", end + 60)
    assert over.holder(end + HANDED_SECONDS - 1) == "ben"
    assert callback.claimable(over, end + HANDED_SECONDS)
    assert callback.keep(over, "ben", end + 60).holder(end + HANDED_SECONDS + 60) == "ben"


def test_nobody_rings_or_ends_a_request_while_whoever_handed_it_over_still_talks() -> None:
    now = NOW + 6 * 60
    tries = (
        lambda: talks.by_hand(_handed(), "ben", now),
        lambda: callback.record(_handed(), "ben", "no answer", "", now, DIARY),
        lambda: callback.agree(_handed(), "ben", request().promise, "ben", "", now),
    )
    for one in tries:
        with pytest.raises(Refused, match="asha is still talking to this caller"):
            one()
    assert callback.record(talks.over(_handed(), "CA9", now), "ben", "done", "", now, DIARY).state == "done"


@pytest.mark.parametrize("how", ["given back", "handed on and given back", "its adviser left"])
def test_what_is_nobodys_in_a_talk_is_taken_by_nobody_else_before_it_is_over(how: str) -> None:
    now = NOW + 6 * 60
    free = {
        "given back": lambda: callback.release(_ringing(), "asha", now),
        "handed on and given back": lambda: callback.release(_handed(), "ben", now),
        "its adviser left": lambda: handing.without(_ringing(), "asha", "una", now),
    }[how]()

    assert ranking.row(free, now).talk == "asha is talking since 10:31"
    with pytest.raises(Refused, match="asha is talking to this caller"):
        callback.claim(free, "carol", now)
    assert callback.claim(free, "asha", now).holder(now + HOUR) == "asha", "whoever talks may have it again"
    over = talks.over(free, "CA9", now + 60)
    assert (over.state, over.talk) == ("waiting", None)
    assert briefing.bar_in_words(callback.claim(over, "carol", now + 90), "carol", now + 90).startswith("Yours until")


def test_a_request_is_not_taken_back_from_whoever_waits_for_the_end_of_a_talk() -> None:
    with pytest.raises(Refused, match="asha is talking to this caller"):
        handing.take_back(_handed(), "una", "ben", NOW + HOUR)


def test_whoever_rings_by_hand_says_by_giving_it_away_that_they_hung_up() -> None:
    """Nobody else could tell, and the colleague would wait for an hour."""
    ringing = talks.by_hand(callback.claim(request(), "asha", NOW), "asha", NOW)

    assert handing.hand_over(ringing, "asha", "ben", "", NOW + 60).talk is None
    assert callback.claimable(callback.release(ringing, "asha", NOW + 60), NOW + 60)
    left = handing.without(ringing, "asha", "una", NOW + 60)
    assert not callback.claimable(left, NOW + 60, "carol"), "somebody else shut them out, and cannot know"


def test_the_try_of_a_colleague_begins_when_they_ring(store: Store) -> None:
    outlived = callback.claim(_handed(), "ben", NOW + LONGEST_TALK + HOUR)

    assert callback.try_began(outlived, NOW + 5 * HOUR) == NOW + 5 * HOUR


# --- over the telephone ---------------------------------------------------------------------


def _put_through(line: Line, to: str = ADVISER) -> Call:
    call = line.call(sid="CA" + "7" * 32).press("0")
    whisper = line.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32, "To": to})
    action = next(part.split('"')[0] for part in whisper.text.split('action="')[1:]).replace("&amp;", "&")
    line.post(action, {"CallSid": "CA" + "2" * 32, "To": to, "Digits": "1"})
    return call


@pytest.mark.parametrize(("to", "who"), [(ADVISER, "bilal"), ("+441164960000", "")])
def test_whoever_was_put_through_to_a_caller_finds_their_card(line: Line, store: Store, to: str, who: str) -> None:
    hire(store, phone="")
    hire(store, "bilal", phone=ADVISER)
    ask(store, 1, number=CALLER, due=NOW - HOUR)
    bilal = Browser(line)
    bilal.sign_in("bilal")

    call = _put_through(line, to)
    (talking,) = store.requests.waiting()
    assert talking.talk
    assert (talking.talk.who, talking.talk.ended) == (who, 0.0)
    call.put_in(900, DialCallStatus="completed", DialBridged="true", DialCallDuration="900")

    page = bilal.get("/").text
    assert f"Just put through to {'you' if who else 'an adviser'}" in page
    assert f"Put through to {who or 'an adviser'} at 10:30 for 15 minutes" in page
    bilal.get("/request/CA001-1")
    bilal.send("/request/CA001-1/claim")
    bilal.send("/request/CA001-1/outcome", outcome="spoke")
    assert not store.requests.waiting()
    assert "Just put through" not in bilal.get("/").text


def test_a_caller_who_hangs_up_while_put_through_is_not_talking_any_more(line: Line, store: Store) -> None:
    ask(store, 1, number=CALLER)
    call = _put_through(line)
    line.now += dt.timedelta(minutes=5)

    line.post("/voice/status", {**call.form, "CallStatus": "completed"})

    (waiting,) = store.requests.waiting()
    assert waiting.talk
    assert waiting.talk.ended == line.now.timestamp()


def test_a_call_by_one_click_keeps_the_request_from_the_key_until_the_end(
    line: Line, store: Store, asha: Browser
) -> None:
    ask(store, 1)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    about, own = "request=CA001-1&adviser=asha", {"CallSid": "CA" + "5" * 32, "From": "+441164960000"}

    line.post(f"/voice/join?{about}", {**own, "Digits": "1"})
    line.now += dt.timedelta(minutes=50)
    assert "asha is talking since 10:30" in asha.get("/request/CA001-1").text
    hire(store, "bilal")
    bilal = Browser(line)
    bilal.sign_in("bilal")
    card = bilal.get("/request/CA001-1").text
    assert "asha is talking since 10:30" in card
    assert "Take this request" not in card
    assert "asha is talking to this caller" in bilal.send("/request/CA001-1/claim").text

    line.post(f"/voice/rang?{about}", {**own, "DialCallStatus": "completed", "DialCallSid": "CA" + "6" * 32})
    line.now += dt.timedelta(minutes=29)
    assert "Spoke" in asha.get("/request/CA001-1").text
    asha.send("/request/CA001-1/outcome", outcome="spoke")
    assert store.requests.get("CA001-1").state == "done"  # type: ignore[union-attr]


def test_a_caller_is_handed_over_in_a_talk_and_the_colleague_rings_after_it(
    line: Line, store: Store, asha: Browser
) -> None:
    hire(store, "una", role="supervisor")
    hire(store, "ben", phone="+441164960778")
    ben, una = Browser(line), Browser(line)
    ben.sign_in("ben")
    una.sign_in("una")
    ask(store, 1, message_only=False)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    about, own = "request=CA001-1&adviser=asha", {"CallSid": "CA" + "5" * 32, "From": "+441164960000"}
    line.post(f"/voice/join?{about}", {**own, "Digits": "1"})

    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/hand-over", to="ben", note="Speaks slowly.")
    asha.send("/signout")
    line.now += dt.timedelta(minutes=20)

    assert "handed you a caller</strong>, 10:30, and is still talking to them" in ben.get("/").text
    card = ben.get("/request/CA001-1").text
    assert "Not to ring yet" in card
    assert "I am ringing by hand" not in card
    refused = ben.send("/request/CA001-1/outcome", outcome="spoke", note="Not yet").text
    assert "asha is still talking to this caller. Wait until they have finished. What you wrote is kept" in refused
    assert "From <bdi>asha</bdi>, who is still talking to them" in una.get("/team").text
    assert "talking, 20 minutes" in una.page
    line.post(f"/voice/rang?{about}", {**own, "DialCallStatus": "completed", "DialCallSid": "CA" + "6" * 32})

    assert "to begin by 11:05" in una.get("/team").text
    assert "I am ringing by hand" in ben.get("/request/CA001-1").text
    ben.send("/request/CA001-1/by-hand")
    ben.send("/request/CA001-1/outcome", outcome="spoke")
    assert _stored(store, "CA001-1").state == "done"


def test_who_signs_out_in_a_talk_has_half_an_hour_after_it_to_sign_in_and_save(
    line: Line, store: Store, asha: Browser
) -> None:
    ask(store, 1)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    about, own = "request=CA001-1&adviser=asha", {"CallSid": "CA" + "5" * 32, "From": "+441164960000"}
    line.post(f"/voice/join?{about}", {**own, "Digits": "1"})

    asha.get("/request/CA001-1")
    asha.send("/signout")
    line.now += dt.timedelta(minutes=50)
    line.post(f"/voice/rang?{about}", {**own, "DialCallStatus": "completed", "DialCallSid": "CA" + "6" * 32})
    line.now += dt.timedelta(minutes=29)

    asha.sign_in()
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/outcome", outcome="spoke")
    assert _stored(store, "CA001-1").state == "done"


def test_the_time_of_an_adviser_runs_on_while_the_caller_is_put_through_to_another(
    line: Line, store: Store, asha: Browser
) -> None:
    ask(store, 1, number=CALLER)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    _put_through(line, "+441164960000")

    card = asha.get("/request/CA001-1").text

    assert "is talking to this caller since 10:30." in card
    left = re.search(r'data-left="(\d+)"', card)
    assert left
    assert CLAIM_SECONDS - 60 <= int(left[1]) <= CLAIM_SECONDS, "else the card says that the time is over"


# --- a number that changes in a talk ---------------------------------------------------------


def _gives_another_number(store: Store, wish: str) -> None:
    """The caller with this wish is rung on another phone from now on, and asha has their request."""
    other = Phone("+447700900456", None, None)
    if not callback.held_by(_stored(store, "CA001-1"), "asha", NOW):
        store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
    store.requests.change_phone("CA001-1", lambda r: another_phone.changed(r, "asha", wish, other, NOW + 60))


def _stored(store: Store, request_id: str) -> CallbackRequest:
    found = store.requests.get(request_id)
    assert found
    return found


def test_a_talk_ends_on_the_card_of_whoever_gave_another_number_in_it(line: Line, store: Store) -> None:
    ask(store, 1, number=CALLER)
    ask(store, 2, number=CALLER)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
    about, own = "request=CA001-1&adviser=asha", {"CallSid": "CA" + "5" * 32, "From": "+441164960000"}
    line.post(f"/voice/join?{about}", {**own, "Digits": "1"})

    _gives_another_number(store, "CA002-1")
    line.now += dt.timedelta(minutes=20)
    line.post(f"/voice/rang?{about}", {**own, "DialCallStatus": "completed", "DialCallSid": "CA" + "6" * 32})

    theirs, others = _stored(store, "CA002-1"), _stored(store, "CA001-1")
    assert theirs.talk
    assert theirs.talk.ended == line.now.timestamp()
    assert theirs.events[-1].note == "By one click: somebody picked up."
    assert others.talk is None
    assert not any(event.note.startswith("By one click") for event in others.events)


@pytest.mark.parametrize("wish", ["CA001-1", "CA002-1"], ids=["alone", "one of two"])
def test_who_was_put_through_and_gave_another_number_is_not_talking_after_they_hang_up(
    line: Line, store: Store, wish: str
) -> None:
    for nth in range(1, int(wish[4]) + 1):
        ask(store, nth, number=CALLER)
    hire(store, phone=ADVISER)
    call = _put_through(line)

    _gives_another_number(store, wish)
    line.now += dt.timedelta(minutes=5)
    line.post("/voice/status", {**call.form, "CallStatus": "completed"})

    theirs = _stored(store, wish)
    assert theirs.talk
    assert theirs.talk.ended == line.now.timestamp()


# --- what was promised, and why not yet ------------------------------------------------------


def test_a_wait_that_is_ours_is_not_called_the_callers_choice() -> None:
    tried = callback.record(callback.claim(request(when="any"), "asha", NOW), "asha", "no answer", "", NOW, DIARY)

    assert briefing.why_not_yet(tried, NOW + 60, DIARY) == (
        "Not before 12:30: 2 opening hours after the last try. Any time is right for them."
    )
    chosen = request(when="afternoon", opens=NOW + HOUR)
    assert "It may be the only time that is safe." in briefing.why_not_yet(chosen, NOW, DIARY)
    told = request(when="any", opens=NOW + HOUR)
    assert briefing.why_not_yet(told, NOW, DIARY).endswith("they were told that time. Any time is right for them.")
    at_night = request(when="", window=None, opens=NOW + HOUR)
    assert briefing.why_not_yet(at_night, NOW, DIARY) == "Not before 11:30: we are closed until then."
    assert not briefing.why_not_yet(chosen, NOW + HOUR, DIARY)


def test_what_was_promised_is_in_the_words_that_the_caller_heard(line: Line, store: Store) -> None:
    """Urgent, and any time is right: they hear the day alone, whatever place is held for them."""
    call = line.call().press("0")
    while call.has("Dial"):
        call.put_in(DialCallStatus="no-answer")
    heard = []
    for key in "1" * 8:
        call.press(key)
        heard.append(call.words)

    (asked,) = store.requests.waiting()
    (promised,) = briefing.promised_in_words(asked, line.now.timestamp())
    told = asked.promise.told
    assert told
    assert any(told in words for words in heard), (told, heard)
    assert f"“{told}”" in promised


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"due": NOW + HOUR}, {"due": NOW + 2 * HOUR, "urgent": True}),
        ({"due": NOW + 600}, {"due": NOW + 2 * HOUR, "today": True}),
        ({"due": NOW + 2 * HOUR, "today": True}, {"due": NOW - HOUR}),
        ({"due": NOW - 2 * HOUR}, {"due": NOW - HOUR, "urgent": True}),
        ({"due": NOW - HOUR}, {"due": NOW + HOUR, "urgent": True}),
        ({"due": NOW + 600}, {"due": NOW - HOUR}),
        ({"due": NOW + HOUR, "urgent": True}, {"due": NOW + HOUR}),
        ({"due": NOW + 9 * HOUR}, {"opens": NOW + HOUR, "due": NOW + 2 * HOUR, "today": True}),
    ],
)  # fmt: skip
def test_what_is_due_sooner_stands_first_and_urgent_breaks_no_promise(
    first: dict[str, object], second: dict[str, object]
) -> None:
    one, other = request(1, **first), request(2, **second)

    assert ranking.ordered([other, one], NOW) == [one, other]
    assert [row.id for row in ranking.rows([other, one], NOW)] == [one.id, other.id]


def test_a_request_stored_before_talks_were_kept_is_read() -> None:
    stored = REQUESTS.encode(request())

    assert b'"talk"' not in stored
    assert b'"told"' not in stored
    assert REQUESTS.decode(stored) == request()
