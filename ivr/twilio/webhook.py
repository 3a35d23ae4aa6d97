"""Parses the form of each webhook into a value.

Any field of a form can be absent, empty, repeated, far too long, or different from what Twilio documents: a length of
-1, 3.7 or "abc". Nothing here raises an error for that. Each function returns the value that does the least harm: a
transfer that ended without a status has ended, a recording of unknown length may contain a message, and an invalid
number is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha1
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ivr import dialling
from ivr.hot.signature import MOST_FIELDS
from ivr.script.session import Ended, Input, Key, NoInput, Recorded, TransferEnded

WebhookForm = Mapping[str, str]
#: The header with the signature, as WSGI names it.
SIGNATURE = "HTTP_X_TWILIO_SIGNATURE"

#: A call of at most this many seconds that nobody accepted was not a conversation.
SHORT_CALL_SECONDS = 20
#: The most keys to read from one webhook. We never ask for more than fifteen.
MOST_KEYS = 32
#: The most characters of a caller ID. A longer one is not a number.
LONGEST_CALLER_ID = 64
#: The most characters of a text. A longer one cannot be sent.
LONGEST_TEXT = 1600

_NO_KEY = re.compile("[^0-9*#]")
_SID = re.compile("[A-Za-z0-9_-]{1,64}")
#: A length in seconds, in ASCII digits. Six are enough for eleven days; Twilio ends a call after four hours.
_WHOLE = re.compile(r"\s*\+?([0-9]{1,6})(?:[.,][0-9]*)?\s*")


# --- fields -----------------------------------------------------------------------------------


def call_sid(form: WebhookForm) -> str:
    """The id of the call, safe for URLs, Redis keys and the log; empty if there is none."""
    return safe_id(form.get("CallSid", ""))


def safe_id(raw: str) -> str:
    """The id unchanged; or its fingerprint, if it has unsafe characters or is very long, so that equal ids
    stay equal.
    """
    raw = raw.strip()
    if not raw or _SID.fullmatch(raw):
        return raw
    return f"odd-{sha1(raw.encode(errors='replace'), usedforsecurity=False).hexdigest()}"


def _seconds(form: WebhookForm, name: str) -> int | None:
    """A length in whole seconds, at least 0. None if it is absent or not a number."""
    raw = form.get(name, "")
    if found := _WHOLE.fullmatch(raw):
        return int(found[1])
    return 0 if raw.strip().startswith("-") else None


def _status(form: WebhookForm, *names: str) -> str:
    """The first of these fields that is not empty, in the spelling that Twilio documents."""
    found = next((raw for name in names if (raw := form.get(name, "").strip())), "")
    return found.lower().replace("_", "-")


def _keys(form: WebhookForm) -> str:
    return _NO_KEY.sub("", form.get("Digits", "")[: 4 * MOST_KEYS])[:MOST_KEYS]


def error_code(form: WebhookForm) -> str:
    """Twilio's error code; empty if there is none."""
    code = form.get("ErrorCode", "").strip()
    return code if re.fullmatch("[1-9][0-9]{3,5}", code) else ""


def query_that_failed(form: WebhookForm) -> dict[str, str]:
    """The query of the webhook that failed before Twilio asked for the fallback; empty if the form does not say."""
    try:
        return dict(parse_qsl(urlsplit(form.get("ErrorUrl", "")).query, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def number_shown(form: WebhookForm, name: str) -> str:
    """The phone number in a field, in E.164; empty for anything that is not a number, such as `sip:` or `client:`."""
    raw = form.get(name, "").strip()
    return raw if re.fullmatch(r"\+[1-9][0-9]{6,14}", raw) else ""


# --- a caller and a turn ----------------------------------------------------------------------


def caller(form: WebhookForm) -> str:
    """The caller ID; empty if it is not the caller's own.

    A diverted call may show the number that diverted it, or the one that was rung. Every call diverted there shows that
    number, so it does not identify the caller.
    """
    shown = (form.get("From", "").strip() or form.get("Caller", "").strip())[: LONGEST_CALLER_ID + 1]
    if len(shown) > LONGEST_CALLER_ID:
        return ""
    on_the_way = [form.get(name, "")[:LONGEST_CALLER_ID] for name in ("ForwardedFrom", "CalledVia", "To", "Called")]
    return "" if dialling.same(shown, filter(None, on_the_way)) else shown


def number_rung(form: WebhookForm) -> str:
    """The line's number that was rung, in E.164; empty if the form does not say."""
    return number_shown(form, "To") or number_shown(form, "Called")


def happened(form: WebhookForm, awaited: type[Input] | None, accepted: Callable[[], bool | None]) -> Input:
    """What the caller, or the phone network, did.

    `awaited` is what the previous reply waited for besides keys: the end of a transfer or of a recording, or None.
    Twilio calls no action until that has ended, so the next webhook reports its end, with or without a status.
    `accepted` returns whether an adviser pressed 1; it is called only after a transfer.
    """
    keys = _keys(form)
    if "DialCallStatus" in form and awaited is not Recorded:
        return TransferEnded(_ended(form, accepted))
    if awaited is TransferEnded:
        return Key(keys) if keys else TransferEnded(_ended(form, accepted))
    if "RecordingUrl" in form or "RecordingDuration" in form:
        return Recorded(keys, _length(form))
    keys += "#" * (form.get("FinishedOnKey") == "#" and not keys.endswith("#"))  # Twilio omits the final key
    return Key(keys) if keys else NoInput()


def _length(form: WebhookForm) -> int:
    """The seconds of a recording. If unknown, it counts as not empty: the worker looks for speech in it."""
    seconds = _seconds(form, "RecordingDuration")
    return seconds if seconds is not None else int(bool(form.get("RecordingUrl", "").strip()))


#: How an unanswered transfer ended, by Twilio's status.
_UNANSWERED: dict[str, Ended] = {
    "busy": "busy", "no-answer": "no_answer", "canceled": "stopped", "failed": "failed",
}  # fmt: skip


def _ended(form: WebhookForm, accepted: Callable[[], bool | None]) -> Ended:
    """How a transfer ended. A call that was picked up but not accepted by key was a voicemail, or nobody.

    `DialBridged` is then false, because the adviser was disconnected before being bridged. If neither is known, a call
    that lasted longer than SHORT_CALL_SECONDS counts as answered. After star (`hangupOnStar`), Twilio also reports
    `completed`: a completed call that nobody picked up was stopped by the caller. The same goes for a cancelled call,
    because we cancel none. An unknown status counts as failed, unless somebody accepted.
    """
    status = _status(form, "DialCallStatus")
    if status in _UNANSWERED:
        return _UNANSWERED[status]
    is_known = status in ("completed", "answered")
    taken, joined = accepted(), form.get("DialBridged", "").strip().lower()
    seconds = _seconds(form, "DialCallDuration") or 0
    if is_known and not taken and joined != "true" and not seconds:
        return "stopped"
    if taken is None and joined != "false":
        taken = seconds > SHORT_CALL_SECONDS
    if taken or joined == "true":
        return "answered"
    return "no_answer" if is_known else "failed"


# --- the call to an adviser, and from there to a caller ------------------------------------------

#: How an outgoing call ended.
Rung = Literal["picked up", "busy", "no answer", "failed", "stopped", "not known"]
_RUNG: dict[str, Rung] = {
    "completed": "picked up", "answered": "picked up", "busy": "busy", "no-answer": "no answer",
    "failed": "failed", "canceled": "stopped",
}  # fmt: skip


class CallMade(NamedTuple):
    """The end of an outgoing call: its id, and how it ended."""

    call: str
    how: Rung


def follows_transfer(form: WebhookForm) -> bool:
    """Whether this follows a transfer, however it ended."""
    return "DialCallStatus" in form


def pressed_one(form: WebhookForm) -> bool:
    """Whether an adviser pressed exactly 1."""
    return _keys(form) == "1"


def adviser_called(form: WebhookForm) -> CallMade | None:
    """How the call to an adviser ended; None if it continues, or the form does not say."""
    status = _status(form, "CallStatus")
    return CallMade(call_sid(form), _RUNG[status]) if status in _RUNG else None


def caller_called(form: WebhookForm) -> CallMade:
    """How the call from an adviser to a caller ended. It certainly has ended, whatever the form says."""
    sid = safe_id(form.get("DialCallSid", "")) or call_sid(form)
    return CallMade(sid, _RUNG.get(_status(form, "DialCallStatus"), "not known"))


# --- reports that no caller waits for ---------------------------------------------------------------


class RecordingReady(NamedTuple):
    """A recording that can be fetched: its id, and its seconds (0 if unknown)."""

    sid: str
    seconds: int


def recording(form: WebhookForm) -> RecordingReady | None:
    """The recording that is ready; None if there is none, or its id is missing.

    The worker asks Twilio for missing ones every ten minutes, so none is lost.
    """
    if _status(form, "RecordingStatus") not in ("", "completed"):
        return None
    in_address = re.search(r"/Recordings/(RE[0-9a-fA-F]{32})\b", form.get("RecordingUrl", ""))
    sid = form.get("RecordingSid", "").strip() or (in_address[1] if in_address else "")
    if not re.fullmatch("RE[A-Za-z0-9]{1,64}", sid):
        return None
    return RecordingReady(sid, _seconds(form, "RecordingDuration") or 0)


def call_over(form: WebhookForm) -> str:
    """Twilio's status of a call that ended; empty if it continues, or the form does not say."""
    status = _status(form, "CallStatus")
    return status if status in _RUNG else ""


def call_seconds(form: WebhookForm) -> int:
    """The length of a call that ended, as it is billed; 0 if the form does not say."""
    return _seconds(form, "CallDuration") or 0


def dialled_seconds(form: WebhookForm) -> int:
    """The length of a call that the line made within another; 0 if the form does not say."""
    return _seconds(form, "DialCallDuration") or 0


class TextNews(NamedTuple):
    """The state of a text, and Twilio's error code."""

    fate: Literal["sent", "delivered", "failed"]
    code: str


_FATES: dict[str, Literal["sent", "delivered", "failed"]] = {
    "sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed",
}  # fmt: skip


def text_news(form: WebhookForm) -> TextNews | None:
    """The reported state of a text; None for states that we do not store: queued, or being sent."""
    fate = _FATES.get(_status(form, "MessageStatus", "SmsStatus"))
    return TextNews(fate, error_code(form) if fate == "failed" else "") if fate else None


# --- an incoming text ---------------------------------------------------------------


class TextCame(NamedTuple):
    """An incoming text: its id, its sender (E.164), what it says, and whether it is only meant for Twilio.

    Without an id from Twilio, its id is made from the sender and the words, so that a repetition is recognised.
    """

    id: str
    sender: str
    body: str
    for_twilio: bool


#: Twilio acts on these keywords, even with punctuation. "yes" is not listed: people also answer a question with it. Nor
#: is "help": whoever needs help is answered by us too.
_FOR_TWILIO = frozenset(
    ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "start", "unstop")
)


def text_came(form: WebhookForm) -> TextCame:
    """Parse an incoming text. The sender is empty if it cannot be answered: a short code, a name, or a service."""
    words = re.sub(r"[^a-z]+", " ", form.get("Body", "")[:100].lower()).strip()
    for_twilio = form.get("OptOutType", "").strip().upper() not in ("", "HELP") or words in _FOR_TWILIO
    shown, body = number_shown(form, "From"), form.get("Body", "")[:LONGEST_TEXT]
    text_id = safe_id(form.get("MessageSid", "") or form.get("SmsSid", "")) or safe_id(f"{shown} {body}")
    return TextCame(text_id, "" if shown == number_shown(form, "To") else shown, body, for_twilio)


# --- a call of our own ---------------------------------------------------------------


def trial_call(call: str, account: str, to: str) -> dict[str, str]:
    """The form of a call with a hidden number, as Twilio sends it, for ringing the line to try it."""
    return {
        "CallSid": call, "AccountSid": account, "From": "", "Caller": "", "To": to, "Called": to,
        "CallStatus": "ringing", "Direction": "inbound", "ApiVersion": "2010-04-01",
    }  # fmt: skip
