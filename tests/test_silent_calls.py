"""Somebody who presses nothing, from the first ring to being rung: signed webhooks, the worker, and the desk."""

from __future__ import annotations

import dataclasses
import datetime as dt
import xml.etree.ElementTree as ET

import pytest

from ivr.callbacks.request import CallbackRequest
from ivr.processes.tools import Tools
from ivr.store import Store
from ivr.usecases.jobs import read_recording
from tests.desk import Browser
from tests.line import CALLER, OPEN, Call, Line, said
from tests.rest import Twilio, work
from tests.test_messages import SILENCE, _again
from tests.test_messages import speech as speech  # a fixture
from tests.test_rest import RECORDING

NIGHT = OPEN.replace(hour=22, minute=30) - dt.timedelta(days=1)
MORNING = OPEN.replace(hour=9, minute=5)
SID = "CA" + "1" * 32


def _silent(line: Line, caller: str, until: str = "Record") -> Call:
    """Ring, and press nothing until the line does this, or ends the call."""
    call = line.call(caller, SID)
    for _ in range(10):
        if call.has(until) or call.has("Hangup"):
            return call
        call.wait()
    raise AssertionError(f"there is still no {until}")


def _hang_up_after_speaking(call: Call, seconds: int = 4) -> None:
    call.put_in(Digits="hangup", RecordingDuration=str(seconds), RecordingUrl="https://api.example.org/RE1")


def _tell_of_recording(line: Line, record: ET.Element) -> None:
    """Twilio's word that the recording is there to be fetched. It has no number."""
    form = {"CallSid": SID, "RecordingSid": RECORDING, "RecordingStatus": "completed", "RecordingDuration": "4"}
    assert line.post(record.attrib["recordingStatusCallback"], form).status_code == 204


def _leave_message(line: Line, caller: str, *, told_first: bool) -> None:
    call = _silent(line, caller)
    record = call.verb("Record")
    if told_first:
        _tell_of_recording(line, record)
    _hang_up_after_speaking(call)
    if not told_first:
        _tell_of_recording(line, record)
    line.post("/voice/status", {**call.form, "CallStatus": "completed"})


def _only(store: Store) -> CallbackRequest:
    (found,) = store.requests.waiting()
    return found


@pytest.fixture(autouse=True)
def _one_folder(line: Line, tools: Tools) -> None:
    tools.settings = dataclasses.replace(tools.settings, data_dir=line.settings.data_dir)


@pytest.mark.parametrize("told_first", [False, True], ids=["told of after the turn", "told of before the turn"])
def test_a_hidden_caller_who_presses_nothing_at_night_is_heard_and_rung(
    line: Line, store: Store, asha: Browser, tools: Tools, twilio: Twilio, speech: bytes, told_first: bool
) -> None:
    line.now = NIGHT
    _leave_message(line, "anonymous", told_first=told_first)
    twilio.answers = [(200, speech), (204, b"")]
    work(tools)
    _again(tools, store)
    found = _only(store)
    assert (found.number, found.urgency, found.pressed_nothing, found.message_only) == ("", "urgent", True, True)
    assert (found.may_leave_message(), found.may_say_who()) == (False, False)

    line.now = MORNING
    asha.sign_in()
    assert "1 message to listen to</a>, the first by 10:00." in asha.get("/").text
    page = asha.get("/messages").text
    assert "number hidden" in page
    assert "Pressed no key" in page
    assert asha.get(f"/request/{found.id}/message/0").status_code == 403
    asha.get(f"/request/{found.id}")
    asha.send(f"/request/{found.id}/claim")
    assert asha.get(f"/request/{found.id}/message/0").data == speech
    asha.get(f"/request/{found.id}")
    asha.send(f"/request/{found.id}/message/0/listened")
    asha.send(f"/request/{found.id}/number", number="07700 900 123")
    asha.send(f"/request/{found.id}/number/confirm", number=CALLER)
    assert "Your phone will ring in a moment." in asha.send(f"/request/{found.id}/ring").text

    asked = f"request={found.id}&adviser=asha"
    line.post(f"/voice/ring?{asked}", {"CallSid": "CA2"})
    joined = line.post(f"/voice/join?{asked}", {"CallSid": "CA2", "Digits": "1", "From": "+441164960000"})
    assert ET.fromstring(joined.text).findtext(".//Dial") == CALLER
    log = [(entry.who, entry.what) for entry in store.audit.entries()]
    assert {("asha", "played the message"), ("asha", "listened to the message"), ("asha", "rang")} <= set(log)


def test_a_pocket_that_rings_at_night_is_put_aside_with_its_sound(
    line: Line, store: Store, asha: Browser, tools: Tools, twilio: Twilio
) -> None:
    line.now = NIGHT
    _leave_message(line, CALLER, told_first=False)
    twilio.answers = [(200, SILENCE), (204, b"")]
    work(tools)

    assert store.requests.waiting() == []
    assert "Put aside: no sound like speech" in asha.get("/messages").text
    assert read_recording(line.settings, RECORDING) == SILENCE


def test_two_nights_of_one_phone_are_one_request_and_both_messages_are_heard(
    line: Line, store: Store, tools: Tools, twilio: Twilio, speech: bytes
) -> None:
    line.now = NIGHT
    _leave_message(line, CALLER, told_first=False)
    first = _only(store).id
    other = Call(line, CALLER, "CA" + "2" * 32)
    while not other.has("Record"):
        other.wait()
    record = other.verb("Record")
    _hang_up_after_speaking(other)
    form = {"CallSid": other.sid, "RecordingSid": "RE" + "2" * 32, "RecordingDuration": "4"}
    line.post(record.attrib["recordingStatusCallback"], form)
    twilio.answers = [(200, speech), (204, b""), (200, speech), (204, b"")]

    work(tools)

    found = _only(store)
    assert (found.id, found.times_asked, len(found.messages)) == (first, 2, 2)


def test_a_blocked_phone_gets_nothing_unasked_and_all_that_it_asks_for(line: Line, store: Store) -> None:
    """A number can be forged, and phones change hands: nobody who presses a key is shut out."""
    store.blocked.add(CALLER, "asha", line.now.timestamp(), "a pocket")
    call = _silent(line, CALLER, until="Dial")
    assert not call.has("Dial")
    helpline = said(call.reply)
    assert "I did not call a person. To talk to one, call again and press zero." in helpline
    assert "You can call us" in helpline
    assert "Our number is" in helpline

    assert line.call(CALLER, "CA3").press("0").has("Dial")

    line.now = NIGHT
    call = _silent(line, CALLER)
    assert not call.has("Record")
    assert said(call.reply).startswith("Sorry, no one can talk right now. We open again")
    assert "Our number is" in said(call.reply)
    assert store.requests.waiting() == []
