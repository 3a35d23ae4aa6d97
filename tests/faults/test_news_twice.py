"""News from Twilio that comes twice, late, or in another order than it happened."""

from __future__ import annotations

import itertools

import pytest

from ivr.callbacks import callback
from ivr.store import Store, TextState
from tests.desk import ask
from tests.line import CALLER, Line, said
from tests.test_twiml import assert_valid

TO_ADVISER = {"CallSid": "CA" + "9" * 32, "From": "+441164960000", "To": "+441164960777"}
DIALLED = {"DialCallSid": "CA" + "8" * 32}


def _taken(line: Line, store: Store) -> str:
    saved = ask(store)
    return store.requests.change(saved.id, lambda r: callback.claim(r, "asha", line.now.timestamp())).id


def _notes(store: Store, request_id: str) -> list[str]:
    request = store.requests.get(request_id)
    assert request
    return [event.note for event in request.events if event.who == callback.LINE]


@pytest.mark.parametrize("sid", [DIALLED, {}, {"DialCallSid": ""}], ids=["known", "absent", "empty"])
def test_how_a_call_to_a_caller_ended_is_noted_once(line: Line, store: Store, sid: dict[str, str]) -> None:
    wish = _taken(line, store)
    path = f"/voice/rang?request={wish}&adviser=asha"

    for _ in range(3):
        line.post(path, {**TO_ADVISER, **sid, "DialCallStatus": "no-answer"})

    assert _notes(store, wish) == ["By one click: nobody picked up."]


def test_the_next_call_to_the_same_caller_is_noted_again(line: Line, store: Store) -> None:
    wish = _taken(line, store)
    path = f"/voice/rang?request={wish}&adviser=asha"

    for sid in ("CA1", "CA2", "CA1"):
        line.post(path, {**TO_ADVISER, "DialCallSid": sid, "DialCallStatus": "no-answer"})

    assert _notes(store, wish) == ["By one click: nobody picked up."] * 2


@pytest.mark.parametrize(
    ("status", "noted", "told"),
    [
        ("completed", "somebody picked up", ""),
        ("busy", "the phone was busy", "Their phone is busy."),
        ("no-answer", "nobody picked up", "The caller did not pick up."),
        ("failed", "the call could not be placed, so the caller's phone did not ring", "That call did not go through."),
        ("canceled", "it was stopped before anybody picked up", ""),
        ("odd", "how it ended is not known", ""),
        ("", "how it ended is not known", ""),
    ],
)
def test_an_adviser_is_told_what_really_happened(line: Line, store: Store, status: str, noted: str, told: str) -> None:
    """Only a caller who was rung can fail to pick up: a number that cannot be rung does not count as a try."""
    wish = _taken(line, store)

    reply = line.post(f"/voice/rang?request={wish}&adviser=asha", {**TO_ADVISER, **DIALLED, "DialCallStatus": status})

    assert _notes(store, wish) == [f"By one click: {noted}."]
    document = assert_valid(reply.text)
    assert said(document).startswith(told)
    assert bool(said(document)) == bool(told)
    assert document[-1].tag == "Hangup"


@pytest.mark.parametrize(
    ("status", "noted"),
    [
        ("busy", ["asha was rung and was busy."]),
        ("no-answer", ["asha was rung and did not pick up."]),
        ("failed", ["asha could not be rung: the call could not be placed."]),
        ("canceled", ["asha was not rung: the call was stopped."]),
        ("completed", []), ("ringing", []), ("odd", []),
    ],
)  # fmt: skip
def test_how_a_call_to_an_adviser_ended_is_noted_once(line: Line, store: Store, status: str, noted: list[str]) -> None:
    wish = _taken(line, store)

    for _ in range(3):
        line.post(f"/voice/rung?request={wish}&adviser=asha", {**TO_ADVISER, "CallStatus": status})

    assert _notes(store, wish) == noted


def test_a_message_that_is_told_of_many_times_is_fetched_once(line: Line, store: Store) -> None:
    wish = _taken(line, store)
    news = {"RecordingSid": "RE" + "1" * 32, "RecordingStatus": "completed"}

    for length in ("7", "7", "-1", "3.7", ""):
        line.post(f"/voice/recording?request={wish}", {**news, "RecordingDuration": length})
    for status in ("in-progress", "absent", "failed"):
        line.post(f"/voice/recording?request={wish}", {**news, "RecordingStatus": status})

    jobs = store.redis.do(lambda client: [key for key in client.scan_iter("rq:job:*") if b"recording" in key])
    assert len(jobs) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "undelivered", "undelivered"])))
def test_a_text_that_failed_has_failed_in_whatever_order_that_is_told(
    line: Line, store: Store, order: tuple[str, ...]
) -> None:
    store.texts.add(TextState("CA1.7", CALLER, "text_us", "Hello.", line.now.timestamp(), fate="sending"))

    for status in order:
        code = {"ErrorCode": "30006"} if status == "undelivered" else {}
        line.post("/voice/text?id=CA1.7", {"MessageSid": "SM1", "MessageStatus": status, **code})

    kept = store.texts.get("CA1.7")
    assert kept
    assert (kept.fate, kept.code) == ("failed", "30006")


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "undelivered", "queued"])))
def test_a_text_that_arrived_has_arrived_whatever_else_is_told(
    line: Line, store: Store, order: tuple[str, ...]
) -> None:
    store.texts.add(TextState("CA1.7", CALLER, "text_us", "Hello.", line.now.timestamp(), fate="sending"))

    for status in order:
        line.post("/voice/text?id=CA1.7", {"MessageSid": "SM1", "MessageStatus": status})

    assert store.texts.get("CA1.7").fate == "delivered"  # type: ignore[union-attr]


def test_the_reason_of_a_failure_stays_when_it_is_told_again_without_one(line: Line, store: Store) -> None:
    store.texts.add(TextState("CA1.7", CALLER, "text_us", "Hello.", line.now.timestamp(), fate="sending"))

    for code in ({"ErrorCode": "30003"}, {}, {"ErrorCode": ""}, {"ErrorCode": "abc"}):
        line.post("/voice/text?id=CA1.7", {"MessageStatus": "failed", **code})

    assert store.texts.get("CA1.7").code == "30003"  # type: ignore[union-attr]


def test_a_call_that_ends_many_times_ends_once(line: Line) -> None:
    call = line.call().press("2")

    for status in ("ringing", "completed", "completed", "failed"):
        assert line.post("/voice/status", {**call.form, "CallStatus": status}).status_code == 204

    assert line.store.sessions.get(call.sid) is None
