"""Calls that show a number that is not the caller's own: diverted to us, or shown in an odd way."""

from __future__ import annotations

import pytest

from ivr.authoring import drafts
from ivr.store import Published
from tests.line import CALLER, Call, Line

HELPLINE, OURS = "+441162575027", "+441164960000"
#: How a diverted call comes in, by what the network shows of it.
DIVERTED = {
    "the helpline's number": {"From": HELPLINE, "ForwardedFrom": HELPLINE},
    "the helpline's number, and nothing more": {"From": HELPLINE},
    "our number": {"From": OURS},
    "our number in an address": {"From": f"sip:{OURS}@carrier.example"},
    "the number that was rung, which is none of the settings": {"From": "+441164960001", "To": "+441164960001"},
    "the number that it was diverted from": {"From": "+441164960002", "ForwardedFrom": "0116 496 0002"},
    "a caller only": {"From": "", "Caller": HELPLINE},
}


def _ring(line: Line, shown: dict[str, str], sid: str) -> Call:
    return line.call(sid=sid, **shown)


def _asked_for_a_number(call: Call) -> Call:
    """Asks to be rung back, where nobody could talk."""
    return call.press("0").put_in(DialCallStatus="busy").press("1")


@pytest.mark.parametrize("shown", DIVERTED.values(), ids=DIVERTED)
def test_a_diverted_caller_is_asked_for_their_number(line: Line, shown: dict[str, str]) -> None:
    call = _asked_for_a_number(_ring(line, shown, "CA1"))

    assert call.place == "ring_number"
    assert "We cannot see your number." in call.words


def test_two_diverted_strangers_are_two_requests(line: Line) -> None:
    for sid, number in (("CA1", "07700900301"), ("CA2", "07700900302")):
        _asked_for_a_number(_ring(line, DIVERTED["the helpline's number"], sid)).enter(number).press("1")

    assert sorted(wish.number for wish in line.store.requests.waiting()) == ["+447700900301", "+447700900302"]


def test_two_diverted_strangers_leave_two_messages(line: Line) -> None:
    for sid in ("CA1", "CA2"):
        call = _ring(line, DIVERTED["our number"], sid)
        for _ in range(8):
            if call.has("Record"):
                break
            call.put_in(25, **({"DialCallStatus": "no-answer"} if call.has("Dial") else {}))
        call.put_in(RecordingUrl="https://api.example.org/RE1", RecordingDuration="4")

    waiting = line.store.requests.waiting()
    assert [wish.number for wish in waiting] == ["", ""]


def test_a_diverted_stranger_finds_nobodys_request(line: Line) -> None:
    """Its number is all that would guard it, as everybody who was diverted shows the same phone."""
    call = _ring(line, DIVERTED["the helpline's number"], "CA1").press("0").put_in(DialCallStatus="busy")

    assert "To change a call you asked for" not in call.press("1").words


def test_a_diverted_caller_is_asked_which_phone_a_text_goes_to(line: Line) -> None:
    call = _ring(line, DIVERTED["our number"], "CA1").press("0").put_in(DialCallStatus="busy").press("2")

    assert call.place == "text_number"


def test_a_block_of_our_own_number_blocks_nobody_who_was_diverted(line: Line) -> None:
    line.store.blocked.add(HELPLINE, "asha", line.now.timestamp(), "rings and says nothing")

    call = _ring(line, DIVERTED["the helpline's number"], "CA1")

    assert not line.store.sessions.get(call.sid).blocked  # type: ignore[union-attr]


def test_a_diverted_caller_never_hears_the_draft(line: Line, files: dict[str, str]) -> None:
    """Even if somebody has named the helpline as a test phone."""
    tested = {**files, "line.yaml": files["line.yaml"].replace("test_phones: []", 'test_phones: ["0116 257 5027"]')}
    live = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(drafts.revision_of(tested), 1.0, "tests", "", live), tested)
    line.app._live.look()

    call = _ring(line, DIVERTED["the helpline's number"], "CA1")

    assert line.store.sessions.get(call.sid).revision == drafts.revision_of(tested)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("+449098790001", "That number costs a lot to call, so we cannot call it."),
        ("+33142685300", "We can only use numbers in this country."),
        ("999", "That is a number for emergencies."),
        ("anonymous", "We cannot see your number."),
        ("+44123", "We cannot see your number."),
        ("\u2603", "We cannot see your number."),
        ("client:somebody", "We cannot see your number."),
        (f"sip:{CALLER}@carrier.example", ""),
        ("+447700900123", ""),
    ],
)
def test_a_number_that_is_shown_is_judged_as_one_that_is_keyed(line: Line, shown: str, told: str) -> None:
    call = _asked_for_a_number(_ring(line, {"From": shown}, "CA1"))

    assert told in call.words
    assert call.place == ("ring_number" if told else "ring_back")


@pytest.mark.parametrize("number", ["01162575027", "01164960000", "00441164960000"])
def test_a_number_of_ours_that_is_keyed_is_asked_for_again(line: Line, number: str) -> None:
    call = _asked_for_a_number(_ring(line, {"From": "anonymous"}, "CA1"))

    assert "That is not your own number." in call.enter(number).words
