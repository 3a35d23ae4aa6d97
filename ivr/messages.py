"""Spoken messages: which request one belongs to, who listened, and the number that is heard in it.

A message is somebody's only words to us until an adviser has listened. So it counts as unheard until one of them says
that they did: playing it may be broken off. A wish that is nothing but a message, in which there is no sound like
speech, is not put into the list; what it was stays under "Ended" with its sound, and can be put back.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr import callback
from ivr.callback import Refused
from ivr.diary import Promise
from ivr.request import Asker, CallbackRequest, Event, SpokenMessage
from ivr.session import SaveRequest

#: Seconds that a new message is waited for before a request that is nothing else counts all the same.
AWAITED_SECONDS = 15 * 60
#: Opening hours within which somebody listens: an hour after opening, for what was left in the night.
LISTEN_HOURS = 1
#: What is written down of a message, by the line and by advisers.
LEFT, WITHOUT_SPEECH, PLAYED, LISTENED = (
    "left a message", "a message without sound like speech", "played the message", "listened to the message",
)  # fmt: skip


def added(request: CallbackRequest, message: SpokenMessage, now: float) -> CallbackRequest:
    """The request with one more spoken message. The same one twice changes nothing.

    If there is no speech in it, the wish that it was is taken out, unless an adviser is at work on the request; and if
    nobody else waits, the request is put aside.
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
    """Whether the request is nothing but a message that is still on its way, so that nobody need be told of it yet."""
    return request.message_only and not request.messages and now < request.asked_at + AWAITED_SECONDS


def unheard(request: CallbackRequest) -> tuple[SpokenMessage, ...]:
    """The messages with speech in them that nobody says they listened to."""
    return tuple(message for message in request.messages if message.speech and not message.heard_by)


def played(request: CallbackRequest, name: str, who: str, now: float) -> CallbackRequest:
    """Noted once for each adviser."""
    message = _message(request, name)
    if who in message.played_by:
        return request
    return callback.changed(_with(request, replace(message, played_by=(*message.played_by, who))), now, who, PLAYED)


def listened(request: CallbackRequest, name: str, who: str, now: float) -> CallbackRequest:
    """An adviser has heard it out. The first who says so is kept with the message."""
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
    """A request for a message with speech in it whose call ended before the request was written down.

    Nothing is known of its caller. It is due at once, for somebody to listen.
    """
    event = Event(now, callback.LINE, LEFT, "The call ended before its number was written down.")
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
    """Whether its number is what an adviser heard in a message, or is not known yet."""
    return request.open and (not request.number or bool(request.number_by))


def typed_number(request: CallbackRequest, who: str, number: str, now: float) -> CallbackRequest:
    """A number as an adviser heard it, E.164, to be confirmed. Raises Refused if the caller's own is known."""
    callback.must_hold(request, who)
    if not may_type_number(request):
        raise Refused("The caller's own number is known. It is not changed by hand.")
    return callback.changed(replace(request, number_typed=number), now, who, "typed the number as heard")


def confirmed_number(request: CallbackRequest, who: str, number: str, now: float) -> CallbackRequest:
    """The number that was typed, read once more and found right. `number` is the one that was read."""
    callback.must_hold(request, who)
    if not request.number_typed or number != request.number_typed:
        raise Refused("The number was changed meanwhile. Look at it again.")
    what = "corrected the number" if request.number else "confirmed the number"
    return callback.changed(
        replace(request, number=request.number_typed, number_typed="", number_by=who), now, who, what
    )
