"""What earlier versions of the line kept is read, and goes on as if this one had kept it.

tests/data/kept-*.json is everything that Redis held after the same seven calls to the versions 1.0, 1.1 and 1.2.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import structlog

from ivr.callbacks import asking, callback
from ivr.callbacks.callback import Refused
from ivr.callbacks.capacity import Lowered
from ivr.callbacks.diary import Promise, Window
from ivr.callbacks.request import CallbackRequest
from ivr.script.session import At, CancelRequest, FindRequest, MoveRequest, SaveRequest, Session, Wishes
from ivr.store import Store, codec, requests
from ivr.store.codec import REQUESTS, SESSIONS, Codec, Unreadable
from tests.desk import DIARY, NOW, ask, request
from tests.line import OPEN
from tests.sealed import KEYS

VERSIONS = ("1.0", "1.1", "1.2")
SHARED, HALF, CANCELLED, DONE, TRIED, CLAIMED = (
    "+447700900101", "+447700900102", "+441164960103", "+447700900104", "+447700900105", "+447700900106",
)  # fmt: skip


@pytest.fixture(params=VERSIONS)
def kept(request: pytest.FixtureRequest, store: Store) -> Store:
    """Redis as that version left it."""
    everything = json.loads((Path(__file__).parent / "data" / f"kept-{request.param}.json").read_text())
    for key, value in everything.items():
        match value:
            case str():
                store.redis.do(lambda client, key=key, value=value: client.set(key, value))
            case list():
                store.redis.do(lambda client, key=key, value=value: client.sadd(key, *value))
            case dict():
                store.redis.do(lambda client, key=key, value=value: client.zadd(key, value))
    assert store.sealing.renew() > 0, "as each start does"
    return store


def _all(store: Store) -> dict[str, CallbackRequest]:
    return {found.number: found for found in (*store.requests.waiting(), *store.requests.ended())}


# --- data of earlier versions ---------------------------------------------------------------


def test_every_request_is_there_with_its_state(kept: Store) -> None:
    """A half-said one counted from 1.2 on, once its number and its urgency were known."""
    states = {number: found.state for number, found in _all(kept).items()}

    assert states.pop(HALF) in ("unfinished", "waiting")
    assert states == {SHARED: "waiting", CANCELLED: "cancelled", DONE: "done", TRIED: "waiting", CLAIMED: "claimed"}


def test_two_callers_of_one_phone_keep_their_numbers_and_the_more_careful_answers(kept: Store) -> None:
    shared = _all(kept)[SHARED]

    assert (shared.times_asked, len({asker.reference for asker in shared.askers})) == (2, 2)
    assert (shared.message_ok, shared.say_who, shared.urgent, shared.needs) == (False, False, True, ("slow",))
    assert shared.window == Window(OPEN.date().replace(day=26), "morning")
    assert shared.due == min(asker.promise.due for asker in shared.askers) > shared.asked_at
    for asker in shared.askers:
        assert kept.requests.find(FindRequest(SHARED, asker.reference)).request == shared


def test_what_was_half_said_is_as_far_as_it_was(kept: Store) -> None:
    half = _all(kept)[HALF]

    assert (half.finished, half.message_ok) == (half.state == "waiting", None)
    assert (half.when, half.urgent) == ("afternoon", True)
    (message,) = half.messages
    assert (message.wish, message.at, message.seconds) == (half.id, half.asked_at, 9)
    assert callback.claimable(half, half.last_heard + callback.UNFINISHED_WAIT)


def test_what_its_caller_cancelled_still_tells_what_they_had_asked_for(kept: Store) -> None:
    """And is not put back into the list."""
    cancelled = _all(kept)[CANCELLED]

    assert (cancelled.askers, cancelled.times_asked, cancelled.needs) == ((), 1, ("slow",))
    assert (cancelled.may_leave_message(), cancelled.when, cancelled.asked_at > 0) == (False, "afternoon", True)
    with pytest.raises(Refused, match="was told that we will not ring"):
        kept.requests.reopen(cancelled.id, "asha", NOW, DIARY)


def test_a_try_its_note_and_a_claim_are_kept(kept: Store) -> None:
    found = _all(kept)

    assert (found[TRIED].tries, [event.note for event in found[TRIED].events][-1]) == (1, "Rang at noon too.")
    assert found[TRIED].due > found[TRIED].asked_at
    assert (found[CLAIMED].claimed_by, found[CLAIMED].claim_ends > found[CLAIMED].claimed_at) == ("asha", True)
    assert found[DONE].end is not None
    assert found[DONE].end.what == "spoke"


def test_a_caller_goes_on_with_what_they_were_given_then(kept: Store) -> None:
    """They ask again, move their call and take it back; and a place that was theirs is free."""
    before = _all(kept)[TRIED]
    reference, to = before.askers[0].reference, Window(OPEN.date().replace(day=27), "morning")

    joined = kept.requests.save(SaveRequest(request(9, number=TRIED))).request
    assert joined is not None
    assert (joined.id, joined.times_asked) == (before.id, 2)

    promise = Promise("morning", to, *DIARY.times(to))
    kept.requests.move(MoveRequest(before.id, reference, "CA9", promise), NOW)
    assert kept.requests.get(before.id).caller(reference).promise == promise  # type: ignore[union-attr]
    left = kept.requests.cancel(CancelRequest(before.id, reference), NOW).request
    assert left is not None
    assert [asker.id for asker in left.askers] == ["CA009-1"]


def test_what_was_read_is_kept_in_the_present_shape_as_soon_as_it_changes(kept: Store) -> None:
    half = _all(kept)[HALF]

    changed = kept.requests.change(half.id, lambda found: callback.note(found, "asha", "Read.", NOW))

    raw = KEYS.open(kept.redis.do(lambda client: client.get(f"ivr:request:{half.id}")), requests.KIND)
    assert raw.startswith(b'{"v":%d,' % REQUESTS.version)
    assert kept.requests.get(half.id) == changed


def test_advisers_texts_and_calls_under_way_are_read(kept: Store) -> None:
    adviser = kept.accounts.get("asha")
    assert adviser is not None
    assert (adviser.role, adviser.phone, adviser.factor) == ("administrator", "+441164960777", None)
    assert [text.to for text in kept.texts.underway()] == [HALF]
    session = kept.sessions.get("CA" + "3" * 32)
    assert session is not None
    assert (session.place.node, session.wishes.window) == ("ring_message", _all(kept)[HALF].window)


# --- what each version wrote otherwise ------------------------------------------------------


def test_a_request_of_1_2_whose_last_caller_said_no_and_left_stays_careful() -> None:
    """Who had gone was dropped then. That one asked, and said no, was kept with the request."""
    kept = {
        "id": "CA1-1", "number": "+447700900123", "asked_at": NOW, "state": "waiting", "due": NOW + 60,
        "message_ok": False, "say_who": True, "times_asked": 3, "heard": ["kept_out"], "heard_from": NOW + 30,
        "askers": [{"id": "CA2-1", "reference": "4271", "asked_at": NOW + 30, "finished": True,
                    "promise": {"due": NOW + 60}, "message_ok": True, "say_who": True}],
    }  # fmt: skip

    read = REQUESTS.decode(msgspec.json.encode(kept))

    assert (read.message_ok, read.say_who, read.times_asked, read.heard) == (False, True, 3, ("kept_out",))
    assert (read.asked_at, read.last_heard) == (NOW, NOW + 30)
    again = asking.saved(read, request(id="CA1-1", message_ok=True), "5555")
    assert (again.message_ok, again.times_asked) == (False, 4)


def test_a_session_of_1_2_keeps_the_window_that_is_held() -> None:
    kept = {
        "call": "CA1", "revision": "r1", "place": {"node": "ring_message"},
        "wishes": {"slot": {"day": "2026-11-25", "part": "morning"}, "onward": "ring_when"},
    }  # fmt: skip

    assert SESSIONS.decode(msgspec.json.encode(kept)).wishes.window == Window(OPEN.date(), "morning")


def test_a_session_of_1_4_keeps_what_its_caller_was_told_already() -> None:
    """It had `part` 1 for what was said already, `led` for a person rung unasked, `entered` of a number."""
    kept = {
        "v": 2, "call": "CA1", "revision": "r1", "led": True, "entered": 7.5,
        "place": {"node": "ring_check", "part": 1},
        "trail": [{"node": "out_first", "part": 1}, {"node": "person_away"}],
    }  # fmt: skip

    read = SESSIONS.decode(msgspec.json.encode(kept))

    assert (read.rung_unasked, read.number_ended_at) == (True, 7.5)
    assert read.place == At("ring_check", repeated=True)
    assert read.trail == (At("out_first", part=1), At("person_away"))


# --- the codec ------------------------------------------------------------------------------


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str = ""


def test_slots_are_stored_under_the_name_that_earlier_versions_read() -> None:
    """In code a place is where a caller is in a call. What is stored has no reason to change for that."""
    session = Session("CA1", "r", At("ring_done"), wishes=Wishes(no_slot=True))
    lowered = Lowered(Window(OPEN.date(), "morning"), 3, "asha", NOW, "training")

    assert b'"no_place":true' in SESSIONS.encode(session)
    assert b'"places":3' in Codec(Lowered).encode(lowered)
    assert SESSIONS.decode(SESSIONS.encode(session)) == session


def test_each_upgrade_is_done_once_from_the_version_that_was_kept() -> None:
    def longer(by: str) -> object:
        return lambda old: {**old, "name": old.get("name", "") + by}

    third = Codec(Shape, longer("a"), longer("b"))  # type: ignore[arg-type]

    kept = (b'{"name":"x"}', b'{"v":2,"name":"x"}', b'{"v":3,"name":"x"}', b'{"v":3}')
    assert [third.decode(each).name for each in kept] == ["xab", "xb", "x", ""]
    assert third.decode(third.encode(Shape())) == Shape()


def test_what_a_later_version_wrote_is_not_guessed_at() -> None:
    with pytest.raises(Unreadable, match="It has version 2, and this version of the line knows only up to 1"):
        Codec(Shape).decode(b'{"v":2,"name":"x"}')


@pytest.mark.parametrize("damage", [b"", b"[]", b"null", b'{"v":1}', b'{"v":"x"}', b"\xff", b'{"id":1}', b"{"])
def test_a_damaged_value_is_unreadable_and_hides_no_other(store: Store, damage: bytes) -> None:
    codec._told.clear()
    whole = ask(store, 1)
    ask(store, 2)
    store.redis.do(lambda client: client.set("ivr:request:CA002-1", damage or b" "))

    with structlog.testing.capture_logs() as logs:
        assert store.requests.waiting() == [whole]

    assert [entry["key"] for entry in logs if entry["event"] == "unreadable"] == ["ivr:request:CA002-1"]
