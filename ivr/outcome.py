"""What a call leaves behind: the help that was got, which is more than the help that was offered.

A call ends with one or more of: a person who answered, a request to be rung, a text the caller
asked for, or being told why nobody can help now, when somebody can, and how. A call that ends with
none of these has failed its caller, whatever it said on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr import dialling
from ivr.callback import CallbackRequest
from ivr.script import Script
from ivr.session import HangUp, Turn

#: What a GOT line of a call begins with.
PERSON, REQUEST, TEXT, TOLD, NOTHING = "a person", "a request", "a text", "told", "nothing"
KINDS = (PERSON, REQUEST, TEXT, TOLD, NOTHING)


def got(*, answered: bool, requests: Iterable[CallbackRequest], texts: Iterable[str], told: bool) -> Iterator[str]:
    """Everything a call ended with, in words: at least one line.

    `answered`: an adviser took the call. `requests`: those written down in it; one that was taken back counts
    for nothing. `texts`: the names of the messages that were asked for. `told`: the line itself ended the call,
    after it had said why, until when, and what else there is.
    """
    found = [PERSON] * answered
    found += [f"{REQUEST}: {'; '.join(facts(request))}" for request in requests if request.open]
    found += [f"{TEXT}: {name}" for name in texts]
    found += [TOLD] * told
    yield from found or [NOTHING]


def is_told(script: Script, turn: Turn) -> bool:
    """Whether the line ends the call here with its hours and its number, which no key can cut short."""
    words = script.says["person_away.number"]
    starts = range(len(turn.says) - len(words) + 1)
    return isinstance(turn.then, HangUp) and any(turn.says[i : i + len(words)] == words for i in starts)


def facts(request: CallbackRequest) -> Iterator[str]:
    """What is known of a request, in words. What was not asked yet is not told."""
    yield dialling.national(request.number)
    if request.window:
        yield f"{request.window.day:%A %-d %B}, {request.window.part}"
    if request.urgent:
        yield "urgent"
    if request.message_ok is not None:
        yield "may leave a message" if request.may_leave_message() else "leave no message"
    if request.say_who is not None:
        yield "may say who rings" if request.may_say_who() else "do not say who rings"
    yield from (f"needs {need}" for need in request.needs)
    if request.slow:
        yield "speak slowly"
