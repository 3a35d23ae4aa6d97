"""What Twilio's forms mean: as it documents them, and with fields that are missing, empty or odd."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import dialling
from ivr.script.session import Key, NoInput, Recorded, TransferEnded
from ivr.twilio import webhook
from ivr.twilio.webhook import CallMade, RecordingReady, TextNews

RECORDING = "RE" + "1" * 32
CALL = "CA" + "1" * 32


def _happened(awaited: type[TransferEnded | Recorded] | None = None, **form: str) -> object:
    return webhook.happened(form, awaited, lambda: True)


# --- a turn ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "event"),
    [
        # "Digits: the finish key is never included." "FinishedOnKey is present and empty when numDigits ended it."
        ({"Digits": "3", "FinishedOnKey": ""}, Key("3")),
        ({"Digits": "*"}, Key("*")),
        ({"Digits": "#"}, Key("#")),
        ({"Digits": "07700900123", "FinishedOnKey": "#"}, Key("07700900123#")),
        ({"Digits": "07700", "FinishedOnKey": ""}, Key("07700")),
        # "actionOnEmptyResult: Digits may be absent or empty."
        ({}, NoInput()),
        ({"Digits": "", "FinishedOnKey": ""}, NoInput()),
        # A finish key before any digit.
        ({"Digits": "", "FinishedOnKey": "#"}, Key("#")),
        # A to D are DTMF too, and no key of a telephone.
        ({"Digits": "A"}, NoInput()),
        # Digits of other scripts are no keys either.
        ({"Digits": "\u0663\uff11"}, NoInput()),
        # "Record: Digits=hangup when the caller hung up."
        ({"RecordingUrl": "https://x", "RecordingDuration": "3", "Digits": "hangup"}, Recorded("", 3)),
    ],
)
def test_a_form_is_what_the_caller_did(form: dict[str, str], event: object) -> None:
    assert _happened(**form) == event


def test_more_keys_than_any_number_has_are_not_read() -> None:
    event = _happened(Digits="1" * 60_000)

    assert event == Key("1" * webhook.MOST_KEYS)


@pytest.mark.parametrize(
    ("length", "seconds"),
    [
        ("7", 7), ("0", 0), (" 7 ", 7), ("3.7", 3), ("3,7", 3), ("+3", 3), ("-1", 0), ("-3.7", 0), ("abc", 1), ("", 1),
        ("1e3", 1), ("NaN", 1), ("\u0663", 1), ("9" * 5000, 1), ("0x10", 1),
    ],
)  # fmt: skip
def test_a_recording_without_a_length_that_can_be_read_may_hold_a_message(length: str, seconds: int) -> None:
    assert _happened(Recorded, RecordingUrl="https://x", RecordingDuration=length) == Recorded("", seconds)


def test_a_recording_that_is_not_there_holds_nothing() -> None:
    assert _happened(Recorded, RecordingUrl="", RecordingDuration="") == Recorded("", 0)
    assert _happened(Recorded, RecordingUrl="https://x", Digits="0") == Recorded("0", 1)


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("busy", "busy"), ("no-answer", "no_answer"), ("no_answer", "no_answer"), ("canceled", "stopped"),
        ("failed", "failed"), (" Busy ", "busy"), ("NO-ANSWER", "no_answer"),
    ],
)  # fmt: skip
def test_a_transfer_that_was_not_picked_up_ends_in_one_of_four_ways(status: str, how: str) -> None:
    assert _happened(DialCallStatus=status) == TransferEnded(how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("accepted", "form", "how"),
    [
        (True, {"DialCallDuration": "3"}, "answered"),
        (False, {"DialCallDuration": "3"}, "no_answer"),
        (False, {"DialCallDuration": "300", "DialBridged": "true"}, "answered"),
        (None, {"DialBridged": "true"}, "answered"),
        (None, {"DialBridged": "false", "DialCallDuration": "9"}, "no_answer"),
        # "hangupOnStar: Twilio submits completed as the DialCallStatus."
        (False, {"DialBridged": "false", "DialCallDuration": "0"}, "stopped"),
        (False, {}, "stopped"),
        (False, {"DialCallDuration": "-1"}, "stopped"),
        (None, {"DialCallDuration": "0"}, "stopped"),
        (None, {"DialCallDuration": "4"}, "no_answer"),
        (None, {"DialCallDuration": "400"}, "answered"),
        (None, {"DialCallDuration": "400.5"}, "answered"),
        (True, {"DialCallDuration": "abc"}, "answered"),
    ],
)
def test_a_call_nobody_accepted_was_not_answered(accepted: bool | None, form: dict[str, str], how: str) -> None:
    """Voicemail picks up too. Only pressing 1 is an answer; None is when that cannot be known."""
    event = webhook.happened({"DialCallStatus": "completed", **form}, TransferEnded, lambda: accepted)

    assert event == TransferEnded(how)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", [{}, {"DialCallStatus": ""}, {"DialCallStatus": "odd"}, {"RecordingDuration": "9"}])
@pytest.mark.parametrize(("accepted", "how"), [(True, "answered"), (False, "failed"), (None, "failed")])
def test_a_transfer_without_a_status_ends_as_everything_else_tells(
    form: dict[str, str], accepted: bool | None, how: str
) -> None:
    event = webhook.happened(form, TransferEnded, lambda: accepted)

    assert event == TransferEnded(how)  # type: ignore[arg-type]


def test_a_key_before_it_rings_is_a_key() -> None:
    assert _happened(TransferEnded, Digits="*") == Key("*")
    assert _happened(Recorded, Digits="9") == Key("9")


# --- who rings ------------------------------------------------------------------------------

ARRIVED = {"From": "+447700900123", "To": "+441164960000"}


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, "+447700900123"),
        ({"From": "", "Caller": "+447700900124"}, "+447700900124"),
        ({"From": "anonymous"}, "anonymous"),
        ({"From": ""}, ""),
        ({"From": "1" * 60_000}, ""),
        ({"ForwardedFrom": "+447700900123"}, ""),
        ({"ForwardedFrom": "07700 900123"}, ""),
        ({"CalledVia": "+447700900123"}, ""),
        ({"From": "+441164960000"}, ""),
        ({"From": "sip:+441164960000@line.example.org", "To": "+441164960000"}, ""),
        ({"ForwardedFrom": "+441162575027"}, "+447700900123"),
        ({"ForwardedFrom": "x" * 60_000, "To": "client:line"}, "+447700900123"),
    ],
)
def test_a_caller_id_that_the_call_only_passed_by_is_not_the_callers(changed: dict[str, str], shown: str) -> None:
    assert webhook.caller({**ARRIVED, **changed}) == shown


@pytest.mark.parametrize("scheme", ["sip:", "sips:", "tel:", "SIP:"])
def test_a_number_in_an_address_is_judged_as_one_that_was_keyed(scheme: str) -> None:
    assert dialling.judge(f"{scheme}+447700900123@carrier.example;user=phone").e164 == "+447700900123"
    assert dialling.judge(f"{scheme}+449098790001@carrier.example").verdict == "premium"
    assert dialling.judge(f"{scheme}999").verdict == "emergency"
    assert dialling.judge(f"{scheme}+33142685300").verdict == "foreign"


@pytest.mark.parametrize(
    "to", ["sip:+441164960000@line.sip.example", "client:line", "", "01164960000", "+44116496000x", "+" + "4" * 90]
)
def test_only_a_whole_number_can_be_shown_as_a_callers(to: str) -> None:
    assert webhook.number_shown({"To": to}, "To") == ""
    assert webhook.number_shown({"To": "+441164960000"}, "To") == "+441164960000"


def test_a_call_id_is_safe_wherever_it_is_written() -> None:
    assert webhook.call_sid({"CallSid": CALL}) == CALL
    assert webhook.call_sid({}) == webhook.call_sid({"CallSid": " "}) == ""
    odd = [webhook.call_sid({"CallSid": sid}) for sid in ("CA1&a=b", "CA1 2", "\u2603", "x" * 60_000, "../../a")]
    assert len(set(odd)) == 5
    assert all(sid.startswith("odd-") and len(sid) == 44 for sid in odd)
    assert odd[0] == webhook.call_sid({"CallSid": "CA1&a=b"})


# --- calls that we made -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "made"),
    [
        ({"DialCallStatus": "completed", "DialCallSid": CALL}, CallMade(CALL, "picked up")),
        ({"DialCallStatus": "no-answer", "CallSid": CALL}, CallMade(CALL, "no answer")),
        ({"DialCallStatus": "failed"}, CallMade("", "failed")),
        ({"DialCallStatus": "canceled"}, CallMade("", "stopped")),
        ({"DialCallStatus": "odd"}, CallMade("", "not known")),
        ({}, CallMade("", "not known")),
    ],
)
def test_the_call_to_a_caller_ended_as_its_form_says(form: dict[str, str], made: CallMade) -> None:
    assert webhook.caller_called(form) == made


def test_the_call_to_an_adviser_is_over_only_when_its_form_says_so() -> None:
    assert webhook.adviser_called({"CallStatus": "busy", "CallSid": CALL}) == CallMade(CALL, "busy")
    for form in ({}, {"CallStatus": ""}, {"CallStatus": "ringing"}, {"CallStatus": "odd"}):
        assert webhook.adviser_called(form) is None
        assert webhook.call_over(form) == ""


# --- news ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "ready"),
    [
        ({"RecordingSid": RECORDING, "RecordingDuration": "7"}, RecordingReady(RECORDING, 7)),
        ({"RecordingSid": RECORDING, "RecordingDuration": "5.4"}, RecordingReady(RECORDING, 5)),
        ({"RecordingSid": RECORDING, "RecordingDuration": "abc"}, RecordingReady(RECORDING, 0)),
        ({"RecordingSid": RECORDING, "RecordingStatus": "Completed"}, RecordingReady(RECORDING, 0)),
        ({"RecordingUrl": f"https://api.example.org/2010/Recordings/{RECORDING}"}, RecordingReady(RECORDING, 0)),
        ({"RecordingSid": RECORDING, "RecordingStatus": "absent"}, None),
        ({"RecordingSid": RECORDING, "RecordingStatus": "failed"}, None),
        ({"RecordingSid": "../../secret"}, None),
        ({"RecordingSid": "RE" + "1" * 6000}, None),
        ({}, None),
    ],
)
def test_a_recording_is_fetched_if_it_is_known_which(form: dict[str, str], ready: RecordingReady | None) -> None:
    assert webhook.recording(form) == ready


@pytest.mark.parametrize(
    ("form", "news"),
    [
        ({"MessageStatus": "sent"}, TextNews("sent", "")),
        ({"SmsStatus": "delivered"}, TextNews("delivered", "")),
        ({"MessageStatus": "read"}, TextNews("delivered", "")),
        ({"MessageStatus": "undelivered", "ErrorCode": "30006"}, TextNews("failed", "30006")),
        ({"MessageStatus": "failed", "ErrorCode": "<b>"}, TextNews("failed", "")),
        ({"MessageStatus": "sent", "ErrorCode": "30006"}, TextNews("sent", "")),
        ({"MessageStatus": "queued"}, None),
        ({"MessageStatus": "odd"}, None),
        ({}, None),
    ],
)
def test_how_far_a_text_got_is_read(form: dict[str, str], news: TextNews | None) -> None:
    assert webhook.text_news(form) == news


NAMES = st.sampled_from(
    [
        "CallSid", "From", "To", "Caller", "Called", "ForwardedFrom", "CalledVia", "Digits", "FinishedOnKey",
        "DialCallStatus", "DialCallDuration", "DialCallSid", "DialBridged", "RecordingUrl", "RecordingDuration",
        "RecordingSid", "RecordingStatus", "CallStatus", "MessageStatus", "SmsStatus", "ErrorCode",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    form=st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=20)),
    awaited=st.sampled_from([None, TransferEnded, Recorded]),
    accepted=st.sampled_from([True, False, None]),
)
def test_no_form_is_an_error(
    form: dict[str, str], awaited: type[TransferEnded | Recorded] | None, accepted: bool | None
) -> None:
    event = webhook.happened(form, awaited, lambda: accepted)
    assert not (awaited is TransferEnded and isinstance(event, NoInput)), "what was waited for has ended"
    for read in (
        webhook.caller, webhook.call_sid, webhook.caller_called, webhook.adviser_called, webhook.recording,
        webhook.text_news, webhook.call_over, webhook.error_code, webhook.pressed_one,
    ):  # fmt: skip
        read(form)
