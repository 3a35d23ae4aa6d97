"""What a caller has at the end of a call: help that was received, not help that was offered.

That is one or more of: a conversation with an adviser, a callback request, a text the caller asked for, or
the reason why nobody is available, with the opening hours and the number. A call that ends with none of
these has failed its caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr import dialling
from ivr.callbacks.request import CallbackRequest
from ivr.places.person import PersonAway
from ivr.script import Script
from ivr.script.session import HangUp, Turn
from ivr.spoken import text_of, words_of

#: How a GOT line begins.
PERSON, REQUEST, TEXT, TOLD, NOTHING = "a person", "a request", "a text", "told", "nothing"
KINDS = (PERSON, REQUEST, TEXT, TOLD, NOTHING)
#: Why nobody can talk.
REASONS = (
    PersonAway.closed, PersonAway.busy, PersonAway.no_answer, PersonAway.failed, PersonAway.stopped,
    PersonAway.not_asked,
)  # fmt: skip


def got(*, answered: bool, requests: Iterable[CallbackRequest], texts: Iterable[str], told: bool) -> Iterator[str]:
    """The GOT lines of a call, at least one.

    `answered`: an adviser took the call. `requests`: callback requests saved in this call; withdrawn ones do not
    count. `texts`: names of the texts the caller asked for. `told`: see `is_told`.
    """
    found = [PERSON] * answered
    found += [f"{REQUEST}: {'; '.join(facts(request))}" for request in requests if request.open]
    found += [f"{TEXT}: {name}" for name in texts]
    found += [TOLD] * told
    yield from found or [NOTHING]


def is_told(script: Script, turn: Turn) -> bool:
    """Whether the line hangs up after saying why nobody is available, its hours and its number.

    The last words of a call cannot be interrupted by a key. The hours and the number are looked for separately, because
    staff may have removed either from the sentence.
    """
    if not isinstance(turn.then, HangUp):
        return False
    pieces, words, values = set(words_of(turn.says)), text_of(turn.says), script.values
    has_reason = any(pieces >= set(words_of(script.speech(why))) for why in REASONS)
    has_hours = str(values["opening_hours"]) in words
    return has_reason and has_hours and any(text_of(values[name]) in words for name in script.line.phones)


def about(request: CallbackRequest) -> Iterator[str]:
    """Whom it is about, if that is not the caller's own child, and whose phone is rung."""
    for asker in request.askers:
        if asker.about == "me":
            yield "about themselves"
        if asker.about == "other":
            yield f"about somebody else, who {'agrees' if asker.agreed else 'has not agreed'}"
        if asker.theirs:
            yield "their own phone"


def facts(request: CallbackRequest) -> Iterator[str]:
    """What is known about a request. What was not asked yet is left out."""
    yield dialling.national(request.number) if request.number else "number not known"
    if request.window:
        yield f"{request.window.day:%A %-d %B}, {request.window.part}"
    yield from about(request)
    if request.urgency:
        yield {"today": "urgent, for today", "urgent": "urgent"}[request.urgency]
    if request.message_ok is not None:
        yield "may leave a message" if request.may_leave_message() else "leave no message"
    if request.say_who is not None:
        yield "may say who rings" if request.may_say_who() else "do not say who rings"
    yield from (f"speaks {language}" for language in request.languages)
    yield from (f"needs {need}" for need in request.needs)
    yield from (f"{place.replace('_', ' ')}: {text}" for place, text in request.entries)
    if request.slow:
        yield "speak slowly"
