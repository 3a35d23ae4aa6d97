"""Spoken messages: which request a message belongs to, who listened, and the phone number heard in it.

A message counts as unheard until an adviser says that they listened to it, because playing it may be interrupted. If a
request consists only of a message without any sound like speech, it does not appear in the list. It stays under "Ended"
with its sound, and can be put back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from msgspec.structs import replace

from ivr.callbacks import callback
from ivr.callbacks.callback import Refused
from ivr.callbacks.diary import Promise
from ivr.callbacks.request import Asker, CallbackRequest, Event, SpokenMessage
from ivr.hours import LONDON, Hours
from ivr.script.session import SaveRequest

#: Seconds to wait until a message is fetched, before alerts are sent about a request that consists only of it.
AWAITED_SECONDS = 15 * 60
#: Opening hours within which somebody must listen. For messages left at night: an hour after opening.
LISTEN_HOURS = 1
#: Entries in a request's history about messages.
LEFT, WITHOUT_SPEECH, PLAYED, LISTENED = (
    "left a message", "a message without sound like speech", "played the message", "listened to the message",
)  # fmt: skip


def added(request: CallbackRequest, message: SpokenMessage, now: float) -> CallbackRequest:
    """Add a spoken message to a request. Adding the same message twice changes nothing.

    If it contains no speech, the wish that consists of it is removed, unless an adviser is working on the request; if
    no other caller waits, the request is put aside.
    """
    if any(known.name == message.name for known in request.messages):
        return request
    asker = request.asker(message.wish)
    request = replace(request, messages=(*request.messages, message))
    if message.speech:
        return request
    is_nothing_else = asker is not None and asker.message_only and _was_silent(request, asker.id)
    if not is_nothing_else or request.state != "waiting":
        return callback.changed(request, now, callback.LINE, WITHOUT_SPEECH)
    left = tuple(other for other in request.askers if other.id != message.wish)
    if left:
        return callback.changed(callback.waits_for(request, left), now, callback.LINE, WITHOUT_SPEECH)
    return callback.changed(request, now, callback.LINE, WITHOUT_SPEECH, state="put aside")


def _was_silent(request: CallbackRequest, wish: str) -> bool:
    return not any(message.speech for message in request.messages if message.wish == wish)


def is_awaited(request: CallbackRequest, now: float) -> bool:
    """Whether the request consists only of a message that has not been fetched yet, so that no alert is due."""
    return request.message_only and not request.messages and now < request.asked_at + AWAITED_SECONDS


def unheard(request: CallbackRequest) -> tuple[SpokenMessage, ...]:
    """The messages with speech that nobody has marked as listened to."""
    return tuple(message for message in request.messages if message.speech and not message.heard_by)


def may_play(request: CallbackRequest, who: str, now: float) -> bool:
    """Whether an adviser may hear the messages of a request: if they have it, or it ended and they had taken it.

    Whoever can hear a message can keep a copy, so only those who look after its caller hear it.
    """
    if request.open:
        return callback.held_by(request, who, now)
    return any(event.who == who and event.what == "claimed" for event in request.events)


def played(request: CallbackRequest, name: str, who: str, now: float) -> CallbackRequest:
    """Record that an adviser played a message, once for each adviser."""
    message = _message(request, name)
    if who in message.played_by:
        return request
    return callback.changed(_with(request, replace(message, played_by=(*message.played_by, who))), now, who, PLAYED)


def listened(request: CallbackRequest, name: str, who: str, now: float) -> CallbackRequest:
    """Record that an adviser listened to a message. Only the first who did is stored."""
    message = _message(request, name)
    if message.heard_by:
        return request
    return callback.changed(_with(request, replace(message, heard_by=who, heard_at=now)), now, who, LISTENED)


def _message(request: CallbackRequest, name: str) -> SpokenMessage:
    found = next((message for message in request.messages if message.name == name), None)
    if found is None:
        raise Refused("That message is no longer here.")
    return found


def _with(request: CallbackRequest, message: SpokenMessage) -> CallbackRequest:
    messages = (message if known.name == message.name else known for known in request.messages)
    return replace(request, messages=tuple(messages))


def without_its_call(wish: str, now: float) -> SaveRequest:
    """A request for a message with speech, if the call ended before a request was saved.

    Nothing is known about its caller. It is due at once, so that somebody listens.
    """
    event = Event(now, callback.LINE, LEFT, "The call ended before its number was saved.")
    asker = Asker(
        wish,
        asked_at=now,
        finished=True,
        promise=Promise(opens=now, due=now),
        urgent=True,
        message_only=True,
        message_ok=False,
        say_who=False,
    )
    return SaveRequest(CallbackRequest(wish, "", state="waiting", askers=(asker,), events=(event,)))


# --- the number as heard ----------------------------------------------------------------------


def may_type_number(request: CallbackRequest) -> bool:
    """Whether an adviser may type the number as heard: it is not known yet, or was typed as heard before."""
    return request.open and (not request.number or (bool(request.number_by) and not request.before))


def typed_number(request: CallbackRequest, who: str, number: str, now: float) -> CallbackRequest:
    """Store a number that an adviser heard (E.164), to be confirmed.

    Raises Refused if the caller's own number is known.
    """
    callback.must_hold(request, who, now)
    if not may_type_number(request):
        raise Refused("The caller's own number is known, so it cannot be changed by hand.")
    return callback.changed(replace(request, number_typed=number), now, who, "typed the number as heard")


def confirmed_number(request: CallbackRequest, who: str, number: str, now: float) -> CallbackRequest:
    """Confirm the typed number. `number` is the one that was read back. Raises Refused if it has changed since."""
    callback.must_hold(request, who, now)
    if not request.number_typed or number != request.number_typed:
        raise Refused("The number was changed meanwhile. Look at it again.")
    what = "corrected the number" if request.number else "confirmed the number"
    return callback.changed(
        replace(request, number=request.number_typed, number_typed="", number_by=who), now, who, what
    )


@dataclass(frozen=True)
class Unheard:
    """A message that nobody has listened to: its index in the request, when it was left, and by when somebody should
    listen. Times are POSIX seconds.
    """

    request: CallbackRequest
    nth: int
    message: SpokenMessage
    at: float
    listen_by: float
    #: Whether the line was closed when it was left.
    is_closed: bool


def to_listen_to(requests: list[CallbackRequest], hours: Hours, *, with_speech: bool = True) -> list[Unheard]:
    """Messages that nobody has listened to: "today" first, then those left while the line was closed."""
    found = []
    for request in requests:
        for nth, message in enumerate(request.messages):
            at = message.at
            if not message.heard_by and message.speech == with_speech:
                left = dt.datetime.fromtimestamp(at, LONDON)
                by = hours.add(left, LISTEN_HOURS).timestamp()
                found.append(Unheard(request, nth, message, at, by, not hours.is_open(left)))
    return sorted(found, key=lambda each: (not each.request.today, not each.is_closed, each.at))
