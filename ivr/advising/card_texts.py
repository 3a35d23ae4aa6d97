"""Texts that an adviser sends from a card: we tried to reach you, your next call, and where to read on.

Other people may see the phone. So a text is sent only where the caller said that we may leave a message, and it names
us only where they said that we may say who we are to others. A text about guidance tells what it is about, and so needs
both. The words are fixed. The same text goes to a phone at most once a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from ivr import dialling
from ivr.advising import briefing
from ivr.callbacks.request import CallbackRequest
from ivr.hours import LONDON
from ivr.script import TEXT_ABOUT_US, TEXT_NOT_KEPT, TEXT_REPLY, TEXT_REPLY_CALL, TEXT_REPLY_CLOSED, Script

#: Texts of the line itself, which answer what somebody texted.
_ANSWERS = (TEXT_REPLY, TEXT_REPLY_CLOSED, TEXT_REPLY_CALL, TEXT_NOT_KEPT)


class CardText(NamedTuple):
    """One text that can be sent: its name in the form, what it is, and its words."""

    name: str
    label: str
    words: str


def why_none(request: CallbackRequest, script: Script) -> str:
    """Why no text may be sent to this caller; empty if one may be."""
    if not script.offers_texts:
        return "The line cannot send texts at the moment."
    if not request.number or not dialling.judge(request.number).mobile:
        return "Their phone cannot get texts: it is no mobile."
    if not request.may_leave_message():
        return "They did not agree to a message on this phone, and a text is one."
    return ""


def offered(request: CallbackRequest, script: Script) -> list[CardText]:
    """The texts that may be sent to this caller."""
    return [] if why_none(request, script) else list(_offered(request, script))


def _offered(request: CallbackRequest, script: Script) -> Iterator[CardText]:
    us, service = "We", script.line.service_name
    if request.may_say_who():
        us = f"{service}: we"
    yield CardText("tried", "We tried to reach you", f"{us} tried to ring you, and will try again.{_call(request)}")
    if request.window:
        when = briefing.window_in_words(request.window)
        yield CardText("appointment", "When we ring", f"{us} ring you {when}.{_call(request)}")
    if request.may_say_who():
        for name, words in script.texts.items():
            if name not in _ANSWERS:
                yield CardText(name, label(name), words)


def label(name: str) -> str:
    """What a text of the line is about, from its name in `texts.yaml`, for advisers."""
    return "Our number" if name == TEXT_ABOUT_US else name.removeprefix("text_").replace("_", " ").capitalize()


def _call(request: CallbackRequest) -> str:
    """The call number, if one caller waits who was told it; else empty: others who share the phone may read it."""
    told = [asker.reference for asker in request.askers if asker.reference and not asker.message_only]
    return f" Your call: {told[0]}" if len(told) == 1 and len(request.askers) == 1 else ""


def id_of(request: CallbackRequest, text: CardText, now: float) -> str:
    """The id of this text today. The same words to one phone have one id all day, so that they are sent once. If the
    next call has moved, or is on another phone, the id is another.
    """
    day, what = dt.datetime.fromtimestamp(now, LONDON).date(), f"{len(request.before)} {text.words}"
    return f"{request.id}-{text.name}-{day:%Y%m%d}-{crc32(what.encode())}"
