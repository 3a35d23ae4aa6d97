"""The life of a callback request."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from msgspec.structs import replace

from ivr import callback
from ivr.callback import CLAIM_SECONDS, UNFINISHED_WAIT, CallbackRequest, Outcome, Refused, Window
from ivr.hours import LONDON, Hours, Span
from tests.desk import HOUR, NOW, request
from tests.line import OPEN

NINE_TO_FIVE = Span(dt.time(9), dt.time(17))
HOURS = Hours((NINE_TO_FIVE,) * 5 + (None, None))
PARTS: dict[callback.Part, Span] = {
    "morning": Span(dt.time(9), dt.time(12)),
    "afternoon": Span(dt.time(12), dt.time(17)),
}


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
    with pytest.raises(Refused, match="asha has this one now"):
        callback.claim(_claimed(), "bilal", NOW + 60)


def test_a_claim_that_ran_out_can_be_taken_by_another() -> None:
    """A closed browser must not lose a caller."""
    taken = callback.claim(_claimed(), "bilal", NOW + CLAIM_SECONDS)

    assert taken.claimed_by == "bilal"


def test_claiming_again_makes_the_claim_longer() -> None:
    assert callback.claim(_claimed(), "asha", NOW + 60).claim_ends == NOW + 60 + CLAIM_SECONDS


def test_only_who_holds_a_request_can_say_what_came_of_it() -> None:
    for change in (
        lambda r: callback.record(r, "bilal", "spoke", "", NOW, (NOW, NOW)),
        lambda r: callback.release(r, "bilal", NOW),
    ):
        with pytest.raises(Refused, match="You no longer hold this request"):
            change(_claimed())


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
    recorded = callback.record(_claimed(), "asha", outcome, "a note", NOW + 60, (NOW + 2 * HOUR, NOW + 4 * HOUR))

    assert (recorded.state, recorded.claimed_by, recorded.tries) == (state, "", 1)
    assert (recorded.events[-1].what, recorded.events[-1].note) == (outcome, "a note")
    if state == "waiting":
        assert (recorded.opens, recorded.due) == (NOW + 2 * HOUR, NOW + 4 * HOUR)


def test_three_tries_without_an_answer_close_it() -> None:
    request_ = request()
    for _ in range(3):
        request_ = callback.record(
            callback.claim(request_, "asha", NOW), "asha", "no answer", "", NOW, (NOW + HOUR, NOW + 2 * HOUR)
        )

    assert (request_.state, request_.tries, request_.open) == ("gave up", 3, False)
    with pytest.raises(Refused, match="has ended"):
        callback.claim(request_, "asha", NOW)


def test_the_next_try_is_in_the_part_of_the_day_that_the_caller_chose() -> None:
    """A morning may be the only time at which it is safe to ring."""
    after = OPEN.replace(hour=11, minute=30)
    morning = callback.next_try(request(when="morning"), PARTS, HOURS, after, 10)  # type: ignore[arg-type]
    any_time = callback.next_try(request(when="any"), PARTS, HOURS, after, 10)  # type: ignore[arg-type]

    assert [dt.datetime.fromtimestamp(at, LONDON).strftime("%d %H:%M") for at in morning] == ["26 09:00", "26 12:00"]
    assert [dt.datetime.fromtimestamp(at, LONDON).strftime("%d %H:%M") for at in any_time] == ["25 12:00", "25 17:00"]


# --- two wishes from one phone --------------------------------------------------------------


def test_a_first_wish_gets_a_reference() -> None:
    saved = callback.saved(None, request(), "4271")

    assert saved.reference_of("CA001-1") == "4271"
    assert saved.goes_by("4271")


def test_the_same_wish_saved_again_keeps_its_reference_and_its_history() -> None:
    begun = callback.saved(None, request(state="unfinished", asked_at=NOW - 60), "4271")
    finished = callback.saved(begun, request(asked_at=NOW, needs=("relay",)), "9999")

    assert finished.reference_of("CA001-1") == "4271"
    assert (finished.state, finished.needs, finished.asked_at, finished.times_asked) == (
        "waiting", ("relay",), NOW - 60, 1,
    )  # fmt: skip


def test_a_second_wish_joins_the_first_with_the_more_careful_answers() -> None:
    """Whoever asked second may make the call sooner and gentler, and never freer with what is said."""
    first = callback.saved(None, request(message_ok=True, say_who=False, due=NOW + 9 * HOUR), "4271")
    second = request(id="CA9-1", message_ok=False, say_who=True, urgent=True, due=NOW + HOUR, needs=("interpreter",))

    joined = callback.saved(first, second, "5555")

    assert joined.id == first.id
    assert (joined.may_leave_message(), joined.may_say_who()) == (False, False)
    assert (joined.urgent, joined.due, joined.needs, joined.times_asked) == (True, NOW + HOUR, ("interpreter",), 2)
    assert (joined.reference_of("CA001-1"), joined.reference_of("CA9-1")) == ("4271", "5555")


def test_a_second_wish_cannot_make_the_call_later() -> None:
    first = callback.saved(None, request(due=NOW + HOUR), "4271")

    assert callback.saved(first, request(id="CA9-1", due=NOW + 9 * HOUR), "5").due == NOW + HOUR


def test_a_second_wish_that_was_not_finished_only_adds_that_the_caller_rang() -> None:
    first = callback.saved(None, request(message_ok=True, say_who=True), "4271")

    joined = callback.saved(first, request(id="CA9-1", state="unfinished", message_ok=None, say_who=None), "5555")

    assert (joined.message_ok, joined.say_who, joined.state) == (True, True, "waiting")
    assert joined.events[-1].what == "rang again"


def test_a_wish_joined_step_by_step_counts_once() -> None:
    """It is saved when its number is known, and again when it is finished."""
    joined = callback.saved(None, request(), "4271")
    for state in ("unfinished", "waiting", "waiting"):
        joined = callback.saved(joined, request(id="CA9-1", state=state), "5555")

    assert (joined.times_asked, [a.reference for a in joined.askers]) == (2, ["4271", "5555"])


def test_finishing_a_wish_does_not_take_it_from_the_adviser_who_has_it() -> None:
    begun = callback.saved(None, request(state="unfinished", asked_at=NOW - 600), "4271")
    claimed = callback.claim(begun, "asha", NOW)

    finished = callback.saved(claimed, request(), "x")

    assert (finished.state, finished.claimed_by, finished.message_ok) == ("claimed", "asha", True)


def test_each_caller_cancels_only_their_own_wish() -> None:
    """Who shares a phone cannot cancel what the other asked for."""
    joined = callback.saved(callback.saved(None, request(), "4271"), request(id="CA9-1"), "5555")

    one_left = callback.cancel(joined, "5555", NOW)
    assert (one_left.open, one_left.goes_by("4271"), one_left.goes_by("5555")) == (True, True, False)
    assert callback.cancel(one_left, "4271", NOW).state == "cancelled"


def test_a_request_that_ended_cannot_be_moved() -> None:
    with pytest.raises(Refused):
        callback.move(request(state="done"), Window(OPEN.date(), "morning"), NOW, NOW, NOW)


# --- windows --------------------------------------------------------------------------------


def test_a_request_kept_by_the_first_version_still_has_its_promise() -> None:
    """What is kept names the window as it did then."""
    promised = request(window=Window(OPEN.date(), "afternoon"))

    kept = msgspec.json.encode(promised)

    assert f'"slot":{{"day":"{OPEN.date()}","part":"afternoon"}}'.encode() in kept
    assert msgspec.json.decode(kept, type=CallbackRequest) == promised


def test_slots_are_the_parts_of_open_days_that_are_still_to_come() -> None:
    friday_noon = dt.datetime(2026, 11, 27, 13, 0, tzinfo=OPEN.tzinfo)

    windows = callback.windows(PARTS, HOURS, friday_noon, days_ahead=4)

    assert [(window.day.isoformat(), window.part) for window in windows] == [
        ("2026-11-27", "afternoon"),
        ("2026-11-30", "morning"),
        ("2026-11-30", "afternoon"),
        ("2026-12-01", "morning"),
        ("2026-12-01", "afternoon"),
    ]


def test_an_urgent_request_may_be_rung_before_its_window_only_if_any_time_is_right() -> None:
    opens, due = callback.times(Window(OPEN.date() + dt.timedelta(days=1), "afternoon"), PARTS, HOURS)

    assert callback.sooner(opens, due, NOW, NOW + 4 * HOUR, at_once=True) == (NOW, NOW + 4 * HOUR)
    assert callback.sooner(opens, due, NOW, NOW + 4 * HOUR, at_once=False) == (opens, due)
    assert callback.sooner(opens, due, NOW, opens + HOUR, at_once=False) == (opens, opens + HOUR)


def test_a_promise_ends_when_the_office_closes() -> None:
    """A Friday on which everybody goes home at four."""
    early = Hours((*HOURS.week[:4], Span(dt.time(9), dt.time(16)), None, None))
    friday = dt.date(2026, 11, 27)

    _, due = callback.times(Window(friday, "afternoon"), PARTS, early)

    assert dt.datetime.fromtimestamp(due, LONDON).time() == dt.time(16)


def test_what_is_nearly_over_is_promised_to_nobody() -> None:
    for minute, first in ((0, "morning"), (1, "afternoon")):
        eleven = OPEN.replace(hour=11, minute=minute)
        assert callback.windows(PARTS, HOURS, eleven, 3)[0] == Window(OPEN.date(), first)  # type: ignore[arg-type]


def test_two_unfinished_wishes_of_one_phone_leave_one_trace_each() -> None:
    """Each answer is saved, and only the first and the last of a wish are worth telling."""
    first = callback.saved(None, request(1), "4271")
    for state in ("unfinished", "unfinished", "waiting", "waiting"):
        first = callback.saved(first, replace(request(1), id="CA9-1", state=state, events=()), "1111")

    assert [event.what for event in first.events[1:]] == ["rang again", "asked again"]
    assert first.times_asked == 2


def test_what_was_finished_is_never_made_unfinished_again() -> None:
    finished = callback.saved(None, request(1), "4271")

    assert callback.saved(finished, replace(request(1), state="unfinished", message_ok=None), "1") == finished


def test_a_wish_that_others_joined_keeps_what_they_asked_for() -> None:
    begun = callback.saved(None, replace(request(1), state="unfinished"), "4271")
    joined = callback.saved(begun, replace(request(1), id="CA9-1", needs=("relay",), message_ok=False), "1111")

    finished = callback.saved(joined, replace(request(1), message_ok=True), "4271")

    assert (finished.needs, finished.message_ok, len(finished.askers)) == (("relay",), False, 2)


def test_what_has_ended_cannot_be_cancelled() -> None:
    with pytest.raises(Refused, match="has ended"):
        callback.cancel(callback.record(_claimed(), "asha", "spoke", "", NOW, (NOW, NOW)), "4271", NOW)


def test_a_note_does_not_change_how_a_request_ended() -> None:
    ended = callback.record(_claimed(), "asha", "spoke", "", NOW, (NOW, NOW))

    noted = callback.note(ended, "bilal", "A mistake.", NOW + HOUR)

    assert noted.end == ended.end == callback.Event(NOW, "asha", "spoke")


def test_careful_answers_hold_where_nobody_was_asked() -> None:
    unasked = replace(request(), message_ok=None, say_who=None)

    assert not unasked.may_leave_message()
    assert not unasked.may_say_who()
