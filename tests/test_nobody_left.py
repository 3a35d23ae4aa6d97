"""Silent and wrong-key callers over signed webhooks: black-box, at every hour, they come away with something."""

from __future__ import annotations

import datetime as dt
import os
import signal
import xml.etree.ElementTree as ET

import pytest
from prometheus_client import REGISTRY

from ivr.machine.config import Settings
from ivr.store import Store
from tests.line import CALLER, OPEN, Call, Line, said
from tests.test_voice import own_redis

__all__ = ["own_redis"]

NIGHT = OPEN.replace(hour=21)
#: How many webhooks a stubborn caller sends before the call counts as going on for ever.
MOST = 60
TOLD = "This call ends now. Goodbye."


def _ring(line: Line, at: dt.datetime, caller: str = CALLER, sid: str = "CA" + "1" * 32) -> Call:
    line.now = at
    return line.call(caller, sid)


def _to_the_tone(call: Call) -> Call:
    """Silent until a message can be left. Nobody picks up before that."""
    for _ in range(MOST):
        if call.has("Record"):
            return call
        _silent(call)
    pytest.fail(f"no message could be left: {call.words}")


def _silent(call: Call) -> Call:
    """What Twilio sends for somebody who says and presses nothing."""
    return call.put_in(25, DialCallStatus="no-answer") if call.has("Dial") else call.put_in(15)


def _speak(call: Call, seconds: int = 4, digits: str = "") -> Call:
    """Something is said after the tone, until silence, a key, or the end of the call."""
    form = {"RecordingUrl": "https://api.example.org/RE1", "RecordingDuration": str(seconds), "RecordingSid": "RE1"}
    return call.put_in(seconds, **form, **({"Digits": digits} if digits else {}))


def _recording_is_ready(call: Call, at: str) -> None:
    """Twilio's word of the recording, which comes when it likes."""
    form = {"CallSid": call.sid, "RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingDuration": "4"}
    assert call.line.post(at, form).status_code == 204


# --- silence ----------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [OPEN, NIGHT], ids=["open", "closed"])
def test_a_silent_caller_hears_why_and_when_and_which_number_and_then_goodbye(line: Line, at: dt.datetime) -> None:
    """In words outside every Gather, so that they are heard whole; and nothing is left behind."""
    call = _silent(_to_the_tone(_ring(line, at)))

    assert call.words.startswith("I did not hear a message. Sorry,")
    assert "Our number is zero one one six" in call.words
    assert call.words.endswith(TOLD)
    assert [element.tag for element in call.reply if element.tag != "Say"] == ["Hangup"]
    assert line.store.requests.waiting() == []


def test_a_silent_caller_is_rung_a_person_within_five_replies_and_once(line: Line) -> None:
    call = _ring(line, OPEN)
    dials = 0
    for _ in range(MOST):
        dials += call.has("Dial")
        if call.has("Hangup"):
            break
        _silent(call)

    assert (dials, len(call.replies)) == (1, 6)


@pytest.mark.parametrize("caller", [CALLER, "+441164960123"])
@pytest.mark.parametrize("at", [OPEN, NIGHT], ids=["open", "closed"])
def test_whoever_speaks_after_the_tone_leaves_a_request(line: Line, at: dt.datetime, caller: str) -> None:
    call = _speak(_to_the_tone(_ring(line, at, caller)))

    (request,) = line.store.requests.waiting()
    assert (request.number, request.state, request.urgent) == (caller, "waiting", True)
    assert (request.message_ok, request.say_who, request.pressed_nothing) == (False, False, True)
    assert not request.slow, "the line did not hear them ask for that"
    assert "Thank you. We have your message. We will call you" in call.words


def test_whoever_hangs_up_after_speaking_leaves_a_request_too(line: Line) -> None:
    """'Digits=hangup', and nobody hears the reply."""
    _speak(_to_the_tone(_ring(line, NIGHT)), digits="hangup")

    assert [request.state for request in line.store.requests.waiting()] == ["waiting"]


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "", "+441162575027", "+441164960000"])
def test_a_caller_whose_number_is_not_known_is_asked_for_it_in_the_message(line: Line, caller: str) -> None:
    """Hidden, or diverted: then our own number stands in the caller's place."""
    call = _to_the_tone(_ring(line, NIGHT, caller))
    assert "say your name and phone number" in call.words

    _speak(call)

    (request,) = line.store.requests.waiting()
    assert (request.number, request.urgent) == ("", True)


@pytest.mark.parametrize("first", ["recording", "turn"])
def test_the_recording_may_be_told_of_before_or_after_the_turn(line: Line, first: str) -> None:
    """Its request is known before the tone, so that Twilio can tell of it in any order."""
    call = _to_the_tone(_ring(line, NIGHT))
    at = call.verb("Record").attrib["recordingStatusCallback"]

    if first == "recording":
        _recording_is_ready(call, at)
    _speak(call)
    if first == "turn":
        _recording_is_ready(call, at)

    (request,) = line.store.requests.waiting()
    assert at.endswith(f"request={request.id}")


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["7", "0", "*", "#", "9", "1*", "#9", "0*"])
@pytest.mark.parametrize("at", [OPEN, NIGHT], ids=["open", "closed"])
def test_a_caller_who_presses_the_same_for_ever_comes_away_with_something(
    line: Line, at: dt.datetime, keys: str
) -> None:
    call = _ring(line, at)
    for number in range(3 * MOST):
        if call.has("Hangup"):
            break
        _press(call, keys[number % len(keys)])

    assert call.has("Hangup")
    assert call.place_told or line.store.requests.waiting()


def _press(call: Call, key: str) -> None:
    """A key as early as Twilio takes one: in the words, or once it rings or records."""
    if call.has("Gather"):
        call.put_in(4, Digits=key, FinishedOnKey="")
    elif call.has("Dial"):
        stopped = {"DialCallStatus": "completed", "DialCallDuration": "0", "DialBridged": "false"}
        call.put_in(4, **(stopped if key == "*" else {"DialCallStatus": "no-answer"}))
    else:
        call.put_in(4, RecordingUrl="https://api.example.org/RE1", RecordingDuration="0", Digits=key)


def test_star_while_it_rings_leads_to_being_rung_back(line: Line) -> None:
    call = _ring(line, OPEN).press("0")
    assert call.verb("Dial").attrib["hangupOnStar"] == "true"
    assert "Calling. To stop, press star." in said(call.verb("Gather"))

    call.put_in(5, DialCallStatus="completed", DialCallDuration="0")

    assert call.words.startswith("I have stopped calling. To ask us to call you, press 1.")
    assert call.press("1111").place == "ring_when"


def test_after_zero_only_a_few_words_come_before_it_rings_and_keys_work_in_them(line: Line) -> None:
    """Without a pause or a confirmation first: a caller who presses 0 at the end of a menu has waited enough."""
    for call in (_ring(line, OPEN).press("0"), _ring(line, OPEN, sid="CA2").press("94").press("3")):
        gather, dial = call.reply
        assert (gather.tag, gather.attrib["timeout"], dial.tag) == ("Gather", "1", "Dial")
        assert said(gather) == "Calling. To stop, press star."
        assert call.press("9").place == "help_settings"


def test_the_pause_after_a_key_is_outside_what_twilio_listens_to(line: Line) -> None:
    """So a key during the pause, meant for the previous words, is ignored, and the new words do not start again."""
    call = _ring(line, OPEN)
    assert [element.tag for element in call.reply] == ["Gather", "Redirect"]

    assert [element.tag for element in call.press("2").reply] == ["Pause", "Gather", "Redirect"]
    assert [element.tag for element in call.wait().reply] == ["Gather", "Redirect"]


# --- Redis is away ----------------------------------------------------------------------------


@pytest.mark.parametrize("at", [OPEN, NIGHT], ids=["open", "closed"])
@pytest.mark.parametrize("does", ["silent", "speaks", "7", "1*", "0"])
def test_without_redis_nobody_is_left_in_a_circle_either(
    own_redis: tuple[Settings, int], at: dt.datetime, does: str
) -> None:
    """A message after the tone is still kept, and the line says so."""
    settings, redis_pid = own_redis
    with Line(settings, Store(settings.redis_url, settings.keys)) as line:
        call = _ring(line, at)
        os.kill(redis_pid, signal.SIGKILL)
        for number in range(3 * MOST):
            if call.has("Hangup"):
                break
            if does in ("silent", "speaks"):
                _speak(call) if does == "speaks" and call.has("Record") else _silent(call)
            else:
                _press(call, does[number % len(does)])

        assert call.has("Hangup")
        assert call.place_told or does == "speaks"
        assert any("We have your message." in said(reply) for reply in call.replies) == (does == "speaks")
        assert len(line.spool.content().waiting) == (does == "speaks")


# --- callers who hang up -------------------------------------------------------------------------


def test_whoever_hangs_up_is_counted_by_where_they_were(line: Line) -> None:
    """Without their number. Callers to whom the line said goodbye are not counted."""

    def left(place: str) -> float:
        return REGISTRY.get_sample_value("ivr_callers_left_total", {"place": place}) or 0.0

    before = left("school_menu"), left("told")
    call = _ring(line, OPEN).press("2")
    line.post("/voice/status", {**call.form, "CallStatus": "completed"})
    silent = _silent(_to_the_tone(_ring(line, NIGHT)))
    line.post("/voice/status", {**silent.form, "CallStatus": "completed"})

    assert (left("school_menu"), left("told")) == (before[0] + 1, before[1])


def test_what_was_confirmed_is_kept_when_the_caller_hangs_up(line: Line) -> None:
    call = _ring(line, NIGHT).press("0").press("1111")
    line.post("/voice/status", {**call.form, "CallStatus": "completed"})

    (request,) = line.store.requests.waiting()
    assert (request.number, request.state, request.urgent) == (CALLER, "waiting", True)


def test_documents_with_and_without_keys_are_ones_that_twilio_knows(line: Line) -> None:
    """The words before ringing and before the tone, inside a Gather; and outside, where keys cut them short before."""
    inside = _to_the_tone(_ring(line, NIGHT)).reply
    again = _ring(line, OPEN, sid="CA2")
    for _ in range(2):
        again.press("0")

    assert [element.tag for element in inside] == ["Gather", "Record", "Redirect"]
    assert [element.tag for element in again.reply] == ["Dial"]
    assert isinstance(again.reply, ET.Element)


@pytest.mark.parametrize("does", ["silent", "7"])
def test_at_every_hour_of_two_days_whoever_does_the_same_for_ever_is_told(line: Line, does: str) -> None:
    """A Friday and a Saturday, at seventeen minutes past; from a phone that shows its number, and one that hides it."""
    friday = OPEN.replace(hour=0, minute=17) + dt.timedelta(days=(4 - OPEN.weekday()) % 7)
    for hour in range(48):
        for caller in (CALLER, "anonymous"):
            call = _ring(line, friday + dt.timedelta(hours=hour), caller, f"CA{hour}{caller}")
            while not call.has("Hangup") and len(call.replies) < MOST:
                _silent(call) if does == "silent" else _press(call, does)

            assert call.place_told, (hour, caller, call.words)
