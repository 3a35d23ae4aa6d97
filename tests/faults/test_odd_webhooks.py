"""Signed webhooks with fields that are missing, empty, repeated, too long, or nothing that Twilio documents.

Each field of each webhook, with each odd value: the reply still speaks or goes on, nothing is logged as a fault of
ours, no phone rings twice, and nothing is done twice.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest
import structlog
from werkzeug.datastructures import MultiDict

from ivr.callbacks import callback
from ivr.store import Store, TextState
from tests.desk import ask
from tests.line import CALLER, Call, Line
from tests.test_twiml import assert_valid

OURS = "+441164960000"
FIELDS = [
    "CallSid", "From", "To", "Caller", "Called", "ForwardedFrom", "CallStatus", "Digits", "FinishedOnKey",
    "DialCallStatus", "DialCallSid", "DialCallDuration", "DialBridged", "RecordingUrl", "RecordingSid",
    "RecordingStatus", "RecordingDuration", "MessageStatus", "SmsStatus", "MessageSid", "ErrorCode",
]  # fmt: skip
ABSENT, TWICE = object(), object()
VALUES: list[object] = [
    ABSENT, TWICE, "", " ", "-1", "3.7", "abc", "9" * 5000, "x" * 20_000, "\u2603\u202e\u0663\uff11", "\x00\x1b[2J",
    "<Dial>&amp;'\"", "sip:line@example.org", "null",
]  # fmt: skip

sids = count(1)


def _odd_forms(usual: dict[str, str]) -> Iterator[tuple[str, MultiDict[str, str]]]:
    """The usual form with each field odd in each way, and what is odd about it."""
    for field in FIELDS:
        for value in VALUES:
            form = MultiDict(usual)
            if value is ABSENT:
                form.pop(field, None)
            elif value is TWICE:
                form.setlist(field, [usual.get(field, "1"), "abc"])
            else:
                assert isinstance(value, str)
                form[field] = value
            yield f"{field}={value!r:.30}", form


@contextmanager
def _without_trouble(what: str) -> Iterator[None]:
    with structlog.testing.capture_logs() as logs:
        yield
    told = [entry for entry in logs if entry["log_level"] in ("error", "critical") and entry["event"] != "fallback"]
    assert not told, f"{what}: {told[0]}"


def _answered(line: Line, path: str, form: MultiDict[str, str], what: str) -> ET.Element:
    with _without_trouble(what):
        reply = line.post(path, form)  # type: ignore[arg-type]
    assert reply.status_code == 200, what
    return assert_valid(reply.text)


def _goes_on(document: ET.Element) -> bool:
    """Whether the caller hears something, or the call goes on to something else. A bare hang-up is neither."""
    return any(document.find(f".//{verb}") is not None for verb in ("Say", "Play", "Gather", "Dial", "Redirect"))


# --- turns of a caller ------------------------------------------------------------------------


def _menu(call: Call) -> Call:
    return call.press("2")


def _number(call: Call) -> Call:
    return call.press("0").put_in(DialCallStatus="busy").press("1").press("2")


def _transfer(call: Call) -> Call:
    return call.press("0")


def _recording(call: Call) -> Call:
    for _ in range(8):
        if call.has("Record"):
            return call
        call.put_in(25, **({"DialCallStatus": "no-answer"} if call.has("Dial") else {}))
    pytest.fail("no message could be left")


PLACES: dict[str, Callable[[Call], Call]] = {
    "menu": _menu, "number": _number, "transfer": _transfer, "recording": _recording,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_turn_goes_on_whatever_its_form_holds(line: Line, place: str) -> None:
    """Where the session is known, and where it is gone and only the place in the address tells."""
    there = PLACES[place](line.call(sid="CA-usual"))
    for what, form in _odd_forms({"From": CALLER, "To": OURS, "CallStatus": "in-progress", "CallSid": "CA-usual"}):
        document = _answered(line, there.action, form, what)
        assert _goes_on(document), what


def test_a_call_begins_whatever_its_form_holds(line: Line) -> None:
    for what, form in _odd_forms({"From": CALLER, "To": OURS, "CallStatus": "ringing"}):
        if not what.startswith("CallSid"):
            form["CallSid"] = f"CA-begins-{next(sids)}"
        document = _answered(line, "/voice", form, what)
        assert document.find("Gather") is not None, what


ENDS = [
    {}, {"DialCallStatus": ""}, {"DialCallStatus": "odd"}, {"DialCallStatus": "\u2603"}, {"DialCallDuration": "-1"},
    {"DialCallStatus": "completed", "DialCallDuration": "abc"}, {"RecordingDuration": "3"}, {"CallStatus": "odd"},
    {"DialCallStatus": "completed", "DialCallDuration": "-1"}, {"DialBridged": "maybe"}, {"Digits": "A"},
]  # fmt: skip


@pytest.mark.parametrize("form", ENDS, ids=str)
def test_a_transfer_that_ends_in_an_odd_way_leads_on_and_rings_nobody_again(line: Line, form: dict[str, str]) -> None:
    call = line.call().press("0")
    rang = call.action

    call.put_in(**form)

    assert call.place == "person_away"
    assert call.words.startswith(("Sorry, that call did not go through.", "I have stopped calling."))
    for _ in range(6):
        assert "<Dial" not in line.post(rang, {**call.form, **form}).text, "the same word again"
        call.put_in(**form)
        assert not call.has("Dial")


def test_a_talk_that_ends_without_a_status_is_a_talk(line: Line) -> None:
    """The adviser pressed 1, so the caller is not told that the call did not go through."""
    call = line.call().press("0")
    whisper = assert_valid(line.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32}).text)
    line.post(next(e.attrib["action"] for e in whisper.iter("Gather")), {"CallSid": "CA" + "2" * 32, "Digits": "1"})

    call.put_in()

    assert call.words.startswith("That call has ended.")


@pytest.mark.parametrize(
    ("length", "is_kept"),
    [("-1", False), ("0", False), ("3.7", True), ("abc", True), ("", True), ("9" * 5000, True), ("4", True)],
)
def test_a_message_of_odd_length_is_kept_once_or_not_at_all(line: Line, length: str, is_kept: bool) -> None:
    call = _recording(line.call())
    form = {"RecordingUrl": "https://api.example.org/RE1", "RecordingDuration": length}
    action = call.action

    for _ in range(3):  # and it is told three times
        line.post(action, {**call.form, **form})

    assert len(line.store.requests.waiting()) == is_kept
    assert ("We have your message" in line.post(action, {**call.form, **form}).text) == is_kept
    assert ("I did not hear a message" in line.post(action, {**call.form, **form}).text) != is_kept


def test_two_calls_without_an_id_are_two_calls(line: Line) -> None:
    """Nothing of one caller reaches the other, and each goes on where they are."""
    both = [Call(line, caller, "") for caller in (CALLER, "+447700900124")]
    for call in both:
        call.form.pop("CallSid")
    one, other = both
    one.press("2")
    other.press("3")

    assert (one.place, other.place) == ("school_menu", "council_menu")
    one.press("0").put_in(DialCallStatus="busy").press("1")
    assert one.press("11").place == "ring_out"
    (wish,) = line.store.requests.waiting()
    assert wish.number == CALLER


@pytest.mark.parametrize(
    ("header", "value", "says"),
    [
        ("Content-Encoding", "gzip", "a body that is packed (gzip)"),
        ("Content-Type", "multipart/form-data; boundary=B", "a body of another kind (multipart/form-data;"),
        ("Content-Type", "application/json", "a body of another kind (application/json)"),
    ],
)
def test_a_body_that_something_on_the_way_changed_is_refused_as_that(
    line: Line, header: str, value: str, says: str
) -> None:
    """The token is right, so nobody is sent to look for it."""
    answer = line.client.post("/voice", data=b"\x1f\x8b", headers={"X-Twilio-Signature": "x", header: value})

    assert answer.status_code == 415
    assert says in answer.text
    assert "TWILIO_AUTH_TOKEN" not in answer.text


# --- whose number is shown ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "to", [OURS, f"sip:{OURS}@line.sip.example", "client:line", "", "+442079460999", "\u2603", "x" * 20_000]
)
def test_a_transfer_shows_our_own_number_whatever_was_rung(line: Line, to: str) -> None:
    call = line.call()
    call.form["To"] = to

    assert call.press("0").verb("Dial").attrib["callerId"] == OURS


# --- calls that we made ------------------------------------------------------------------------


def _taken(line: Line, store: Store) -> str:
    saved = ask(store)
    store.requests.change(saved.id, lambda r: callback.claim(r, "asha", line.now.timestamp()))
    return f"?request={saved.id}&adviser=asha"


@pytest.mark.parametrize("path", ["whisper", "accept", "ring", "join", "rang", "fallback"])
def test_what_an_adviser_hears_goes_on_or_ends_whatever_the_form_holds(line: Line, store: Store, path: str) -> None:
    about = _taken(line, store) if path in ("ring", "join", "rang") else "?call=CA1&turn=2"
    usual = {"CallSid": "CA" + "9" * 32, "From": OURS, "To": "+441164960777", "CallStatus": "in-progress"}
    for what, form in _odd_forms(usual):
        document = _answered(line, f"/voice/{path}{about}", form, what)
        assert _goes_on(document) or [verb.tag for verb in document] == ["Hangup"], what
        for dial in document.iter("Dial"):
            assert dial.attrib["callerId"] == OURS, what


@pytest.mark.parametrize("pressed", ["", "2", "11", "abc", "1" * 5000])
def test_nobody_is_rung_or_joined_for_another_key_than_one(line: Line, store: Store, pressed: str) -> None:
    about = _taken(line, store)
    form = {"CallSid": "CA" + "9" * 32, "From": OURS, "Digits": pressed}

    for path in (f"/voice/join{about}", "/voice/accept?call=CA1&turn=2"):
        assert [verb.tag for verb in assert_valid(line.post(path, form).text)] == ["Hangup"]
    assert not line.store.sessions.accepted("CA1", 2)


# --- news that no caller waits for ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["rung", "recording", "text", "status"])
def test_news_is_taken_whatever_its_form_holds(line: Line, store: Store, path: str) -> None:
    about = _taken(line, store)
    store.texts.add(TextState("CA1.7", CALLER, "text_us", "Hello.", line.now.timestamp(), fate="sending"))
    usual = {"CallSid": "CA" + "9" * 32, "RecordingSid": "RE" + "1" * 32, "MessageStatus": "sent"}
    for what, form in _odd_forms(usual):
        with _without_trouble(what):
            reply = line.post(f"/voice/{path}{about}&id=CA1.7", form)  # type: ignore[arg-type]
        assert (reply.status_code, reply.text) == (204, ""), what
    kept = store.texts.get("CA1.7")
    assert kept
    assert kept.fate in ("sending", "sent")
    assert len(_jobs(store)) <= 2, "the recording, and the same named by another id"


def _jobs(store: Store) -> list[bytes]:
    return store.redis.do(lambda client: [key for key in client.scan_iter("rq:job:*") if b"recording" in key])
