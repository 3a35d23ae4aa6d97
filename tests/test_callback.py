"""The life of a callback request."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from msgspec.structs import replace

from ivr.callbacks import asking, callback
from ivr.callbacks.callback import CLAIM_SECONDS, UNFINISHED_WAIT, Outcome, Refused
from ivr.callbacks.diary import Promise, When, Window
from ivr.callbacks.request import Asker, CallbackRequest, Event, SpokenMessage
from ivr.hours import CLOSED, LONDON, Hours
from tests.desk import DIARY, HOUR, HOURS, NOW, request
from tests.line import OPEN

TODAY, TOMORROW = OPEN.date(), OPEN.date() + dt.timedelta(days=1)


def _claimed(who: str = "asha", **facts: object) -> CallbackRequest:
    return callback.claim(request(**facts), who, NOW)


# --- claiming -------------------------------------------------------------------------------


def test_a_waiting_request_is_claimed_and_given_back() -> None:
    claimed = _claimed()
    assert (claimed.state, claimed.claimed_by, claimed.claim_ends) == ("claimed", "asha", NOW + CLAIM_SECONDS)

    released = callback.release(claimed, "asha", NOW + 60)
    assert (released.state, released.claimed_by) == ("waiting", "")
    assert [event.what for event in released.events] == ["asked to be rung back", "claimed", "released"]


def test_what_one_adviser_holds_another_cannot_take() -> None:
    with pytest.raises(Refused, match="asha has taken this one"):
        callback.claim(_claimed(), "bilal", NOW + 60)


def test_a_claim_that_ran_out_can_be_taken_by_another() -> None:
    """A closed browser must not lose a caller."""
    taken = callback.claim(_claimed(), "bilal", NOW + CLAIM_SECONDS)

    assert taken.claimed_by == "bilal"


def test_claiming_again_makes_the_claim_longer() -> None:
    assert callback.claim(_claimed(), "asha", NOW + 60).claim_ends == NOW + 60 + CLAIM_SECONDS


def test_only_who_holds_a_request_can_say_what_came_of_it() -> None:
    for change in (
        lambda r: callback.record(r, "bilal", "spoke", "", NOW, DIARY),
        lambda r: callback.release(r, "bilal", NOW),
    ):
        with pytest.raises(Refused, match="asha has this request now"):
            change(_claimed())
        with pytest.raises(Refused, match="You no longer hold this request"):
            change(callback.release(_claimed(), "asha", NOW))


def test_an_unfinished_request_is_left_to_its_caller_for_five_minutes() -> None:
    unfinished = request(state="unfinished", asked_at=NOW)

    assert not callback.claimable(unfinished, NOW + UNFINISHED_WAIT - 1)
    assert callback.claimable(unfinished, NOW + UNFINISHED_WAIT)


# --- outcomes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("spoke", "done"),
        ("done", "done"),
        ("wrong number", "done"),
        ("cancelled", "cancelled"),
        ("no answer", "waiting"),
        ("message left", "waiting"),
    ],
)
def test_an_outcome_ends_a_request_or_lets_it_wait(outcome: Outcome, state: str) -> None:
    recorded = callback.record(_claimed(), "asha", outcome, "a note", NOW + 60, DIARY)

    assert (recorded.state, recorded.claimed_by, recorded.tries) == (state, "", 1)
    assert (recorded.events[-1].what, recorded.events[-1].note) == (outcome, "a note")


def test_three_tries_without_an_answer_close_it() -> None:
    request_ = request()
    for hour in (10, 12, 14):
        request_ = _unanswered(request_, OPEN.replace(hour=hour))

    assert (request_.state, request_.tries, request_.open) == ("gave up", 3, False)
    with pytest.raises(Refused, match="has ended"):
        callback.claim(request_, "asha", NOW)


@pytest.mark.parametrize("outcome", ["no answer", "message left"])
def test_three_tries_in_a_minute_are_one(outcome: Outcome) -> None:
    """A caller who is away for ten minutes does not lose their call back."""
    request_ = request()
    for second in range(3):
        request_ = callback.claim(request_, "asha", NOW + 20 * second)
        request_ = callback.record(request_, "asha", outcome, "", NOW + 20 * second, DIARY)

    assert (request_.state, request_.tries) == ("waiting", 1)
    assert [event.what for event in request_.events].count(outcome) == 3


def test_tries_are_two_opening_hours_apart_and_hours_in_which_we_are_closed_do_not_count() -> None:
    tried = _unanswered(request(), OPEN.replace(hour=16))

    too_soon = _unanswered(tried, OPEN.replace(hour=19))
    in_time = _unanswered(tried, (OPEN + dt.timedelta(days=1)).replace(hour=10, minute=30))

    assert (too_soon.tries, in_time.tries) == (1, 2)


def test_a_talk_counts_as_a_try_however_soon_it_comes() -> None:
    tried = _unanswered(request(), OPEN)

    spoke = callback.record(callback.claim(tried, "asha", NOW), "asha", "spoke", "", NOW + 60, DIARY)

    assert (spoke.state, spoke.tries) == ("done", 2)


def _asked(when: When, window: Window, **facts: object) -> CallbackRequest:
    """A request that was saved, with its window's own times."""
    opens, due = DIARY.times(window)
    return asking.saved(None, request(when=when, window=window, opens=opens, due=due, **facts), "4271")


def _wish(when: When, window: Window, **facts: object) -> CallbackRequest:
    """What a caller says, before it is written down."""
    opens, due = DIARY.times(window)
    return request(when=when, window=window, opens=opens, due=due, **facts)


def _unanswered(request_: CallbackRequest, at: dt.datetime) -> CallbackRequest:
    claimed = callback.claim(request_, "asha", at.timestamp() - 60)
    return callback.record(claimed, "asha", "no answer", "", at.timestamp(), DIARY)


def _between(request_: CallbackRequest) -> tuple[str, str]:
    """From when, and by when, as a clock says it."""
    opens, due = (dt.datetime.fromtimestamp(at, LONDON) for at in (request_.opens, request_.due))
    return f"{opens:%d %H:%M}", f"{due:%d %H:%M}"


@pytest.mark.parametrize(("when", "again"), [("morning", ("26 09:00", "26 12:00")), ("any", ("25 12:30", "25 17:00"))])
def test_the_next_try_is_in_the_part_of_the_day_that_the_caller_chose(when: When, again: tuple[str, str]) -> None:
    """A morning may be the only time at which it is safe to ring. No try comes before two opening hours are over."""
    tried = _unanswered(_asked(when, Window(TODAY, "morning")), OPEN)

    assert _between(tried) == again
    assert tried.window == Window(TODAY if when == "any" else TOMORROW, "afternoon" if when == "any" else "morning")


def test_where_nobody_can_be_rung_any_more_the_next_try_waits_for_no_window() -> None:
    """The line has closed for good, and an adviser still works the list off."""
    claimed = callback.claim(_asked("morning", Window(TODAY, "morning")), "asha", NOW - 60)
    closed = dataclasses.replace(DIARY, hours=Hours((CLOSED,) * 7))

    tried = callback.record(claimed, "asha", "no answer", "", NOW, closed)

    assert (tried.state, tried.opens == tried.due) == ("waiting", True)
    assert tried.opens > NOW


def test_after_a_move_the_next_try_is_in_the_part_of_the_day_it_was_moved_to() -> None:
    moved = _moved(_asked("morning", Window(TODAY, "morning")), "afternoon", Window(TODAY, "afternoon"))

    tried = _unanswered(moved, OPEN.replace(hour=15))

    assert (_between(tried), tried.when) == (("26 12:00", "26 17:00"), "afternoon")


def test_a_call_moved_while_an_adviser_has_it_is_not_tried_before_the_time_it_was_moved_to() -> None:
    claimed = callback.claim(_asked("any", Window(TODAY, "morning")), "asha", NOW)
    moved = _moved(claimed, "morning", Window(TOMORROW, "morning"))

    tried = callback.record(moved, "asha", "no answer", "", NOW + 60, DIARY)

    assert _between(tried) == ("26 09:00", "26 12:00")


def test_what_the_caller_is_told_later_is_the_time_of_the_next_try() -> None:
    tried = _unanswered(_asked("morning", Window(TODAY, "morning")), OPEN)

    assert tried.caller("4271").promise == tried.promise  # type: ignore[union-attr]
    assert tried.promise.window == Window(TOMORROW, "morning")


def test_whoever_asks_again_or_moves_their_call_is_tried_three_times_again() -> None:
    tried = _unanswered(_asked("morning", Window(TODAY, "morning")), OPEN)

    assert tried.tries == 1
    assert asking.saved(tried, request(id="CA9-1"), "5555").tries == 0
    assert _moved(tried, "afternoon", Window(TODAY, "afternoon")).tries == 0


def test_what_is_put_back_into_the_list_keeps_the_time_that_the_caller_chose() -> None:
    ended = callback.record(
        callback.claim(_asked("afternoon", Window(TODAY, "afternoon")), "asha", NOW), "asha", "done", "", NOW, DIARY
    )

    assert _between(callback.reopen(ended, "asha", NOW + 60, DIARY)) == ("25 12:00", "25 17:00")
    assert _between(callback.reopen(ended, "asha", NOW + 8 * HOUR, DIARY)) == ("26 12:00", "26 17:00")


def test_what_its_caller_cancelled_is_not_put_back_into_the_list() -> None:
    """They were told that we will not ring."""
    cancelled = callback.cancel(_asked("afternoon", Window(TODAY, "afternoon")), "4271", NOW)

    assert callback.ended_by_caller(cancelled)
    with pytest.raises(Refused, match="was told that we will not ring"):
        callback.reopen(cancelled, "asha", NOW, DIARY)


def _moved(request_: CallbackRequest, when: When, window: Window) -> CallbackRequest:
    return callback.move(request_, "4271", Promise(when, window, *DIARY.times(window)), NOW)


# --- two wishes from one phone --------------------------------------------------------------


def test_a_first_wish_gets_a_reference() -> None:
    saved = asking.saved(None, request(), "4271")

    assert saved.reference_of("CA001-1") == "4271"
    assert saved.caller("4271").promise == saved.promise  # type: ignore[union-attr]


def test_the_same_wish_saved_again_keeps_its_reference_and_its_history() -> None:
    begun = asking.saved(None, request(state="unfinished", asked_at=NOW - 60), "4271")
    finished = asking.saved(begun, request(asked_at=NOW, needs=("relay",)), "9999")

    assert finished.reference_of("CA001-1") == "4271"
    assert (finished.state, finished.needs, finished.asked_at, finished.times_asked) == (
        "waiting", ("relay",), NOW - 60, 1,
    )  # fmt: skip


def test_a_second_wish_joins_the_first_with_the_more_careful_answers() -> None:
    """A second wish may make the call sooner and more careful, but never allow more to be said."""
    first = asking.saved(None, request(message_ok=True, say_who=False, due=NOW + 9 * HOUR), "4271")
    second = request(id="CA9-1", message_ok=False, say_who=True, urgent=True, due=NOW + HOUR, needs=("interpreter",))

    joined = asking.saved(first, second, "5555")

    assert joined.id == first.id
    assert (joined.may_leave_message(), joined.may_say_who()) == (False, False)
    assert (joined.urgent, joined.due, joined.needs, joined.times_asked) == (True, NOW + HOUR, ("interpreter",), 2)
    assert (joined.reference_of("CA001-1"), joined.reference_of("CA9-1")) == ("4271", "5555")


def test_a_no_counts_whoever_said_it_and_whether_or_not_they_said_all() -> None:
    """One hung up at the last question, and the other said yes to everything; either way round."""
    no: dict[str, object] = {"state": "unfinished", "message_ok": False, "say_who": False}
    for one, other in ((no, {"say_who": True}), ({"say_who": True}, no)):
        first = asking.saved(None, request(**one), "4271")
        both = asking.saved(first, request(**{**other, "id": "CA9-1"}), "5555")

        assert (both.may_leave_message(), both.may_say_who()) == (False, False)


def test_a_yes_goes_with_the_caller_who_said_it_and_a_no_stays() -> None:
    """Only a caller who was never asked is left, so nothing may be said to another person who picks up."""
    asked = asking.saved(None, request(say_who=True, urgent=True), "4271")
    claimed = callback.claim(asked, "asha", NOW)
    both = asking.saved(claimed, _half_said(), "5555")

    left = callback.record(both, "asha", "spoke", "", NOW + 120, DIARY)
    assert (left.may_leave_message(), left.may_say_who(), left.urgent) == (False, False, False)

    refused = asking.saved(asking.saved(None, request(), "4271"), request(id="CA9-1", message_ok=False), "5555")
    assert not callback.cancel(refused, "5555", NOW).may_leave_message()


def test_the_most_urgent_of_the_callers_counts_and_goes_with_them() -> None:
    """A caller who must be rung today is also urgent, whether or not they said so."""
    first = asking.saved(None, request(urgent=True), "4271")
    assert first.urgency == "urgent"

    both = asking.saved(first, request(id="CA9-1", today=True, due=NOW + HOUR), "5555")

    assert (both.urgency, both.urgent, [asker.today for asker in both.askers]) == ("today", True, [False, True])
    assert callback.cancel(both, "5555", NOW).urgency == "urgent"


def test_one_caller_who_pressed_nothing_is_told_of_and_a_wish_that_was_keyed_is_more_than_a_message() -> None:
    spoken: dict[str, object] = {"pressed_nothing": True, "message_only": True, "message_ok": False, "say_who": False}
    alone = asking.saved(None, request(**spoken), "4271")
    assert (alone.pressed_nothing, alone.message_only) == (True, True)

    both = asking.saved(alone, request(id="CA9-1"), "5555")

    assert (both.pressed_nothing, both.message_only, both.may_leave_message()) == (True, False, False)
    assert not callback.cancel(both, "4271", NOW).pressed_nothing


def _half_said() -> CallbackRequest:
    return request(id="CA9-1", state="unfinished", message_ok=None, say_who=None, asked_at=NOW + 60)


def test_a_caller_who_is_still_answering_is_left_to_answer() -> None:
    """Slow hands may need more than five minutes for all of it."""
    begun = asking.saved(None, request(state="unfinished", asked_at=NOW), "4271")
    answered = asking.saved(begun, request(state="unfinished", asked_at=NOW + 240), "4271")

    assert callback.claimable(begun, NOW + UNFINISHED_WAIT)
    assert not callback.claimable(answered, NOW + UNFINISHED_WAIT)
    assert callback.claimable(answered, NOW + 240 + UNFINISHED_WAIT)


def test_whoever_finishes_after_an_adviser_ended_it_is_rung_and_nothing_of_it_is_lost() -> None:
    ended = callback.record(_claimed(state="unfinished"), "asha", "wrong number", "", NOW, DIARY)
    ended = replace(ended, askers=(Asker("CA001-1", "4271", NOW),))

    finished = asking.saved(ended, request(asked_at=NOW + 60), "9999")

    assert (finished.state, finished.end, finished.reference_of("CA001-1")) == ("waiting", None, "4271")
    assert [event.what for event in finished.events] == ["asked to be rung back", "claimed", "wrong number"]


def test_a_second_wish_cannot_make_the_call_later() -> None:
    first = asking.saved(None, request(due=NOW + HOUR), "4271")

    assert asking.saved(first, request(id="CA9-1", due=NOW + 9 * HOUR), "5").due == NOW + HOUR


def test_a_second_wish_that_was_not_finished_only_adds_that_the_caller_rang() -> None:
    first = asking.saved(None, request(message_ok=True, say_who=True), "4271")

    joined = asking.saved(first, request(id="CA9-1", state="unfinished", message_ok=None, say_who=None), "5555")

    assert (joined.message_ok, joined.say_who, joined.state) == (True, True, "waiting")
    assert joined.events[-1].what == "rang again"


def test_a_wish_joined_step_by_step_counts_once() -> None:
    """It is saved when its number is known, and again when it is finished."""
    joined = asking.saved(None, request(), "4271")
    for state in ("unfinished", "waiting", "waiting"):
        joined = asking.saved(joined, request(id="CA9-1", state=state), "5555")

    assert (joined.times_asked, [a.reference for a in joined.askers]) == (2, ["4271", "5555"])


def test_finishing_a_wish_does_not_take_it_from_the_adviser_who_has_it() -> None:
    begun = asking.saved(None, request(state="unfinished", asked_at=NOW - 600), "4271")
    claimed = callback.claim(begun, "asha", NOW)

    finished = asking.saved(claimed, request(), "x")

    assert (finished.state, finished.claimed_by, finished.message_ok) == ("claimed", "asha", True)


def test_two_callers_of_one_phone_are_never_given_one_number() -> None:
    """Otherwise one of them could hear, move and cancel the other's call."""
    both = asking.saved(asking.saved(None, request(), "9999"), request(id="CA9-1"), "9999")

    assert [asker.reference for asker in both.askers] == ["9999", "1000"]


def test_each_caller_cancels_only_their_own_wish() -> None:
    """One of two people who share a phone cannot cancel what the other asked for."""
    joined = asking.saved(asking.saved(None, request(), "4271"), request(id="CA9-1"), "5555")

    one_left = callback.cancel(joined, "5555", NOW)
    assert [asker.reference for asker in one_left.askers] == ["4271"]
    assert one_left.open
    assert callback.cancel(one_left, "4271", NOW).state == "cancelled"


def test_a_request_that_ended_cannot_be_moved() -> None:
    ended = replace(asking.saved(None, request(), "4271"), state="done")

    with pytest.raises(Refused, match="has ended"):
        _moved(ended, "morning", Window(TOMORROW, "morning"))


def test_each_caller_of_one_phone_keeps_a_time_of_their_own() -> None:
    """The phone is rung when the soonest was promised; if they take it back, the other's time is as it was."""
    both = asking.saved(
        _asked("afternoon", Window(TODAY, "afternoon")),
        _wish("morning", Window(TODAY, "morning"), id="CA9-1"),
        "5555",
    )

    assert (_between(both), both.window) == (("25 09:00", "25 12:00"), Window(TODAY, "morning"))
    assert both.caller("4271").promise.window == Window(TODAY, "afternoon")  # type: ignore[union-attr]
    left = callback.cancel(both, "5555", NOW)
    assert (_between(left), left.when) == (("25 12:00", "25 17:00"), "afternoon")


def test_whoever_asked_while_another_was_being_rung_is_rung_at_their_own_time() -> None:
    claimed = callback.claim(_asked("morning", Window(TODAY, "morning")), "asha", NOW)
    second = _wish("afternoon", Window(TODAY, "afternoon"), id="CA9-1", asked_at=NOW + 60)

    spoken_to = callback.record(asking.saved(claimed, second, "5555"), "asha", "spoke", "", NOW + 120, DIARY)

    assert [asker.reference for asker in spoken_to.askers] == ["5555"]
    assert _between(spoken_to) == ("25 12:00", "25 17:00")


def test_after_a_talk_whoever_was_promised_a_later_time_is_rung_then() -> None:
    """Unless the adviser says that all of it is done."""
    both = asking.saved(
        _asked("morning", Window(TODAY, "morning")),
        _wish("afternoon", Window(TODAY, "afternoon"), id="CA9-1"),
        "5555",
    )

    for outcome, left in (("spoke", ["5555"]), ("done", ["4271", "5555"])):
        ended = callback.record(callback.claim(both, "asha", NOW), "asha", outcome, "", NOW + 60, DIARY)  # type: ignore[arg-type]
        assert ([asker.reference for asker in ended.askers], ended.open) == (left, outcome == "spoke")


def test_three_tries_for_one_caller_do_not_end_what_another_was_promised() -> None:
    friday = Window(TODAY + dt.timedelta(days=2), "afternoon")
    both = asking.saved(_asked("any", Window(TODAY, "morning")), _wish("afternoon", friday, id="CA9-1"), "5555")
    for hour in (11, 13, 16):
        both = _unanswered(both, OPEN.replace(hour=hour))

    assert (both.open, both.window, both.tries) == (True, friday, 0)


def test_three_tries_before_their_time_end_a_request_too() -> None:
    tried = _asked("afternoon", Window(TODAY + dt.timedelta(days=2), "afternoon"))
    for hour in (9, 11, 13):
        tried = _unanswered(tried, OPEN.replace(hour=hour))

    assert tried.state == "gave up"


def test_whoever_asks_while_an_adviser_tries_keeps_the_time_they_were_just_given() -> None:
    """It may be why the phone was engaged."""
    claimed = callback.claim(_asked("morning", Window(TODAY, "morning")), "asha", NOW)
    both = asking.saved(claimed, _wish("morning", Window(TODAY, "morning"), id="CA9-1", asked_at=NOW + 60), "5555")

    tried = callback.record(both, "asha", "no answer", "", NOW + 120, DIARY)

    assert tried.caller("5555").promise.window == Window(TODAY, "morning")  # type: ignore[union-attr]
    assert tried.caller("4271").promise.window == Window(TOMORROW, "morning")  # type: ignore[union-attr]


def test_what_was_half_said_goes_with_the_last_word_from_that_phone() -> None:
    """A call was cut off; the caller rang again, said all, and then cancelled it: they are not rung."""
    half = asking.saved(None, request(state="unfinished"), "4271")

    whole = asking.saved(half, _wish("afternoon", Window(TODAY, "afternoon"), id="CA9-1"), "5555")

    assert [asker.reference for asker in whole.askers] == ["5555"]
    assert not callback.cancel(whole, "5555", NOW).open
    again = asking.saved(half, request(id="CA9-1", state="unfinished"), "5555")
    assert not callback.cancel(again, "5555", NOW).open


def test_two_who_are_asked_at_once_are_two_however_their_answers_come() -> None:
    """One finishes, which takes the other's half-said wish for theirs; and then the other finishes too."""
    both = asking.saved(None, request(state="unfinished"), "4271")
    for wish, state in (("CA9-1", "unfinished"), ("CA9-1", "waiting"), ("CA001-1", "waiting")):
        both = asking.saved(both, request(id=wish, state=state, message_ok=wish != "CA9-1"), "5555")

    assert ([asker.id for asker in both.askers], both.gone, both.times_asked) == (["CA9-1", "CA001-1"], (), 2)
    assert both.message_ok is False


def test_a_wish_whose_place_another_took_is_written_down_anew() -> None:
    """An adviser ended it for its caller, and kept it for another, while the caller was still being asked."""
    other = replace(_asked("morning", Window(TODAY, "morning")), askers=(Asker("CA9-1", "5555", NOW, finished=True),))

    both = asking.saved(other, _wish("afternoon", Window(TODAY, "afternoon")), "4271")

    assert [asker.reference for asker in both.askers] == ["5555", "4271"]


def test_whoever_is_still_being_asked_is_not_shown_as_one_who_hung_up() -> None:
    """Another caller of the phone was talked to meanwhile."""
    claimed = callback.claim(_asked("morning", Window(TODAY, "morning")), "asha", NOW)
    both = asking.saved(claimed, request(id="CA9-1", state="unfinished", asked_at=NOW + 60), "5555")

    for outcome in ("spoke", "wrong number"):
        left = callback.record(both, "asha", outcome, "", NOW + 120, DIARY)  # type: ignore[arg-type]
        assert ([asker.reference for asker in left.askers], left.state) == (["5555"], "unfinished")
        assert not callback.claimable(left, NOW + 120)


def test_a_caller_to_whom_no_time_was_told_has_none_after_a_try() -> None:
    hung_up = asking.saved(None, request(state="unfinished", window=None, asked_at=NOW - 600), "4271")

    assert _unanswered(hung_up, OPEN).window is None


def test_a_wish_is_taken_back_once() -> None:
    both = asking.saved(asking.saved(None, request(), "4271"), request(id="CA9-1"), "5555")

    with pytest.raises(Refused, match="This caller has cancelled"):
        callback.cancel(callback.cancel(both, "4271", NOW), "4271", NOW)


def test_two_unfinished_wishes_of_one_phone_leave_one_trace_each() -> None:
    """Every answer is saved, but only the first and the last of a wish are shown as events."""
    first = asking.saved(None, request(1), "4271")
    for state in ("unfinished", "unfinished", "waiting", "waiting"):
        first = asking.saved(first, request(1, id="CA9-1", state=state, events=()), "1111")

    assert [event.what for event in first.events[1:]] == ["rang again", "asked again"]
    assert first.times_asked == 2


def test_what_was_finished_is_never_made_unfinished_again() -> None:
    finished = asking.saved(None, request(1), "4271")

    assert asking.saved(finished, request(1, state="unfinished", message_ok=None), "1") == finished


def test_a_wish_that_others_joined_keeps_what_they_asked_for() -> None:
    begun = asking.saved(None, request(1, state="unfinished"), "4271")
    joined = asking.saved(begun, request(1, id="CA9-1", needs=("relay",), message_ok=False), "1111")

    finished = asking.saved(joined, request(1, message_ok=True), "4271")

    assert (finished.needs, finished.message_ok, len(finished.askers)) == (("relay",), False, 2)


def test_what_has_ended_cannot_be_cancelled() -> None:
    with pytest.raises(Refused, match="has ended"):
        callback.cancel(callback.record(_claimed(), "asha", "spoke", "", NOW, DIARY), "4271", NOW)


def test_a_note_does_not_change_how_a_request_ended() -> None:
    ended = callback.record(_claimed(), "asha", "spoke", "", NOW, DIARY)

    noted = callback.note(ended, "bilal", "A mistake.", NOW + HOUR)

    assert noted.end == ended.end == Event(NOW, "asha", "spoke")


def test_careful_answers_hold_where_nobody_was_asked() -> None:
    unasked = request(message_ok=None, say_who=None)

    assert not unasked.may_leave_message()
    assert not unasked.may_say_who()


# --- half-made requests, and those that stay --------------------------------------------------


def test_a_half_made_request_ends_after_a_day_in_which_advisers_saw_it() -> None:
    """On a Friday afternoon, that is on Monday."""
    friday = OPEN.replace(day=27, hour=16).timestamp()
    half = request(state="unfinished", asked_at=friday, due=friday)
    before, after = (OPEN.replace(day=30, hour=hour, minute=30).timestamp() for hour in (15, 16))

    assert not callback.is_half_made(half, friday + 40 * HOUR, HOURS), "it is Sunday"
    assert not callback.is_half_made(half, before, HOURS)
    with pytest.raises(Refused, match="not half-made"):
        callback.lapse(half, before, HOURS)
    ended = callback.lapse(half, after, HOURS)

    assert (ended.state, ended.open) == ("lapsed", False)
    assert ended.end is not None
    assert (ended.end.who, ended.end.what) == ("the line", "ended, as its caller hung up half-way")


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "waiting"},
        {"state": "claimed", "claimed_by": "asha", "claimed_at": NOW, "claim_ends": NOW},
        {"state": "unfinished", "tries": 1},
        {"state": "unfinished", "claimed_at": NOW},
        {"state": "unfinished", "messages": (SpokenMessage("RE1", 9),)},
    ],
)
def test_every_other_open_request_stays_however_late_it_is(facts: dict[str, object]) -> None:
    assert not callback.is_half_made(request(**facts), NOW + 90 * 24 * HOUR, HOURS)
