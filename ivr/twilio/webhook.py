"""What Twilio tells us: the form of each webhook as a value.

A form can have any field absent, empty, repeated, far too long, or holding something else than Twilio documents: a
length of -1, of 3.7 or of "abc". Nothing here raises an error for that. Each function returns the value that does the
least harm: a transfer that ended without a status has ended, a recording of unknown length may hold a message, and a
number that is no number is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha1
from typing import Literal, NamedTuple

from ivr import dialling
from ivr.session import Ended, Input, Key, NoInput, Recorded, TransferEnded

Form = Mapping[str, str]
#: The header with the signature, as WSGI names it.
SIGNATURE = "HTTP_X_TWILIO_SIGNATURE"

#: A call picked up for no longer than this, with nobody accepting it, was no talk at all.
SHORT_CALL_SECONDS = 20
#: Keys that are read of one webhook. We never ask for more than fifteen.
MOST_KEYS = 32
#: Characters of a caller ID. A longer one is nobody's number.
LONGEST_CALLER_ID = 64

_NO_KEY = re.compile("[^0-9*#]")
_SID = re.compile("[A-Za-z0-9_-]{1,64}")
#: Lengths have up to four hours of seconds. Digits are only the ten that everybody writes.
_WHOLE = re.compile(r"\s*\+?([0-9]{1,6})(?:[.,][0-9]*)?\s*")


# --- fields -----------------------------------------------------------------------------------


def call_sid(form: Form) -> str:
    """The id of the call, safe in an address, a key of Redis and a log; empty if there is none."""
    return safe_id(form.get("CallSid", ""))


def safe_id(raw: str) -> str:
    """An id as it came. One with other characters, or a very long one, becomes a fingerprint, so equals stay equal."""
    raw = raw.strip()
    if not raw or _SID.fullmatch(raw):
        return raw
    return f"odd-{sha1(raw.encode(errors='replace'), usedforsecurity=False).hexdigest()}"


def _seconds(form: Form, name: str) -> int | None:
    """A length in whole seconds, never below 0. None: it is absent, or no number."""
    raw = form.get(name, "")
    if found := _WHOLE.fullmatch(raw):
        return int(found[1])
    return 0 if raw.strip().startswith("-") else None


def _status(form: Form, *names: str) -> str:
    """The first of these fields that is not empty, spelt as Twilio documents it."""
    found = next((raw for name in names if (raw := form.get(name, "").strip())), "")
    return found.lower().replace("_", "-")


def _keys(form: Form) -> str:
    return _NO_KEY.sub("", form.get("Digits", "")[: 4 * MOST_KEYS])[:MOST_KEYS]


def error_code(form: Form) -> str:
    """Twilio's number for what went wrong; empty if it gives none."""
    code = form.get("ErrorCode", "").strip()
    return code if re.fullmatch("[1-9][0-9]{3,5}", code) else ""


def number_shown(form: Form, name: str) -> str:
    """The phone number in a field, E.164; empty if it has none that can be shown as a caller's: `sip:`, `client:`."""
    raw = form.get(name, "").strip()
    return raw if re.fullmatch(r"\+[1-9][0-9]{6,14}", raw) else ""


# --- a caller and a turn ----------------------------------------------------------------------


def caller(form: Form) -> str:
    """The caller ID as it came; empty if it is not the caller's own.

    A call that was diverted may show the number that diverted it, or the one that was rung. Everybody who was diverted
    there shows that number, so it says nothing of who rings.
    """
    shown = (form.get("From", "").strip() or form.get("Caller", "").strip())[: LONGEST_CALLER_ID + 1]
    if len(shown) > LONGEST_CALLER_ID:
        return ""
    on_the_way = [form.get(name, "")[:LONGEST_CALLER_ID] for name in ("ForwardedFrom", "CalledVia", "To", "Called")]
    return "" if dialling.same(shown, filter(None, on_the_way)) else shown


def happened(form: Form, awaited: type[Input] | None, accepted: Callable[[], bool | None]) -> Input:
    """What the caller, or the phone network, did.

    `awaited` is what the reply before waited for besides keys: the end of a transfer or of a recording, or neither.
    Twilio asks for no action until that has ended, so whatever it sends then tells of it, with or without a status.
    `accepted` tells whether an adviser pressed 1; it is asked only where a transfer ended.
    """
    keys = _keys(form)
    if "DialCallStatus" in form and awaited is not Recorded:
        return TransferEnded(_ended(form, accepted))
    if awaited is TransferEnded:
        return Key(keys) if keys else TransferEnded(_ended(form, accepted))
    if "RecordingUrl" in form or "RecordingDuration" in form:
        return Recorded(keys, _length(form))
    keys += "#" * (form.get("FinishedOnKey") == "#" and not keys.endswith("#"))  # Twilio leaves the last key out
    return Key(keys) if keys else NoInput()


def _length(form: Form) -> int:
    """Seconds of a recording. One of unknown length is taken to hold something: the worker listens for speech in it."""
    seconds = _seconds(form, "RecordingDuration")
    return seconds if seconds is not None else int(bool(form.get("RecordingUrl", "").strip()))


#: How a transfer ended to which nobody talked, by Twilio's word for it.
_UNANSWERED: dict[str, Ended] = {
    "busy": "busy", "no-answer": "no_answer", "canceled": "stopped", "failed": "failed",
}  # fmt: skip


def _ended(form: Form, accepted: Callable[[], bool | None]) -> Ended:
    """How a transfer ended. A call that was picked up and not accepted by key was voicemail, or nobody.

    `DialBridged` says the same: an adviser who declines is disconnected first. Where nothing tells, a call long enough
    to have been a talk counts as one. After star, which `hangupOnStar` takes, Twilio reports `completed` as well: a
    call that was completed, and that nobody picked up, was stopped by its caller. So was one that was cancelled, since
    we cancel none. Without a status that we know, only what else is known counts.
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

#: How a call that we made ended.
Rung = Literal["picked up", "busy", "no answer", "failed", "stopped", "not known"]
_RUNG: dict[str, Rung] = {
    "completed": "picked up", "answered": "picked up", "busy": "busy", "no-answer": "no answer",
    "failed": "failed", "canceled": "stopped",
}  # fmt: skip


class CallMade(NamedTuple):
    """News of a call that we made: which call it was, and how it ended."""

    call: str
    how: Rung


def pressed_one(form: Form) -> bool:
    """Whether an adviser pressed 1, and nothing else."""
    return _keys(form) == "1"


def adviser_called(form: Form) -> CallMade | None:
    """How the call to an adviser ended; None if it goes on, or nothing is said of it."""
    status = _status(form, "CallStatus")
    return CallMade(call_sid(form), _RUNG[status]) if status in _RUNG else None


def caller_called(form: Form) -> CallMade:
    """How the call from an adviser to a caller ended. It has ended, whatever the form says."""
    sid = safe_id(form.get("DialCallSid", "")) or call_sid(form)
    return CallMade(sid, _RUNG.get(_status(form, "DialCallStatus"), "not known"))


# --- news that no caller waits for ---------------------------------------------------------------


class RecordingReady(NamedTuple):
    """A recording that can be fetched, and how many seconds it lasts: 0 if that is not known."""

    sid: str
    seconds: int


def recording(form: Form) -> RecordingReady | None:
    """The recording that is ready; None if there is none, or nothing says which one it is.

    The worker asks Twilio for those every ten minutes, so none is lost.
    """
    if _status(form, "RecordingStatus") not in ("", "completed"):
        return None
    in_address = re.search(r"/Recordings/(RE[0-9a-fA-F]{32})\b", form.get("RecordingUrl", ""))
    sid = form.get("RecordingSid", "").strip() or (in_address[1] if in_address else "")
    if not re.fullmatch("RE[A-Za-z0-9]{1,64}", sid):
        return None
    return RecordingReady(sid, _seconds(form, "RecordingDuration") or 0)


def call_over(form: Form) -> str:
    """How a call ended, in Twilio's word for it; empty if it goes on, or nothing is said of it."""
    status = _status(form, "CallStatus")
    return status if status in _RUNG else ""


class TextNews(NamedTuple):
    """How far a text got, and Twilio's code for what went wrong."""

    fate: Literal["sent", "delivered", "failed"]
    code: str


_FATES: dict[str, Literal["sent", "delivered", "failed"]] = {
    "sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed",
}  # fmt: skip


def text_news(form: Form) -> TextNews | None:
    """How far a text got; None for what we do not keep: that it is queued, or being sent."""
    fate = _FATES.get(_status(form, "MessageStatus", "SmsStatus"))
    return TextNews(fate, error_code(form) if fate == "failed" else "") if fate else None


# --- a text that somebody sent to us ---------------------------------------------------------------


class TextCame(NamedTuple):
    """Who sent us a text, E.164, and whether it is a word that Twilio itself answers."""

    sender: str
    for_twilio: bool


#: Twilio answers these, whatever signs stand beside them. "yes" is not here: people also answer a question with it.
_FOR_TWILIO = frozenset(
    ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "start", "unstop", "help", "info")
)


def text_came(form: Form) -> TextCame:
    """Read a text that came in. Its sender is empty where nobody could be answered: a short code, a name, a service."""
    words = re.sub(r"[^a-z]+", " ", form.get("Body", "")[:100].lower()).strip()
    for_twilio = bool(form.get("OptOutType", "").strip()) or words in _FOR_TWILIO
    shown = number_shown(form, "From")
    return TextCame("" if shown == number_shown(form, "To") else shown, for_twilio)
