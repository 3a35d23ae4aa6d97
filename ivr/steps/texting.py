"""Getting a text message about what was just heard."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr import dialling
from ivr.script import END_MENU, TEXT_ABOUT_US, Script
from ivr.session import Done, SendText, Session
from ivr.spoken import Speech
from ivr.steps import entry
from ivr.steps.kinds import CALLER, STAY, Asks, Moved, Runs, Step, TakesDigits, got, no, not_sure, said, words, yes


def _arrive(script: Script, s: Session, now: dt.datetime) -> Moved:
    """A landline, or a number we cannot see, is told before and not after. One that was keyed before is offered."""
    own = dialling.judge(s.caller)
    if own.mobile:
        return s, STAY
    why = script.says["text_number.not_mobile"] if own.verdict == "fine" else ()
    s = said(script, s, script.says["text_number.hidden"], why)
    if dialling.judge(s.keyed).mobile:
        return replace(s, wishes=replace(s.wishes, number=s.keyed)), "text_check"
    return s, "text_number"


def _check(script: Script, s: Session, now: dt.datetime) -> Speech:
    return entry.read_back(script, s, "text_check.ask")


def text_about(script: Script, s: Session) -> str:
    """Which text message fits what the caller last listened to."""
    return getattr(script.nodes.get(s.topic), "text", None) or TEXT_ABOUT_US


def _send(script: Script, s: Session, now: dt.datetime) -> SendText:
    text = text_about(script, s)
    return SendText(f"{s.call}.{s.turn}", s.wishes.number, text, script.texts[text])


def _sent(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    own = dialling.judge(s.caller).e164
    keyed = s.keyed if s.wishes.number == own else s.wishes.number
    return replace(got(said(script, s, script.says["text_sent.say"]), "text"), keyed=keyed), END_MENU


STEPS: dict[str, Step] = {
    "send_text": Asks(
        arrive=_arrive,
        says=words("send_text.ask"),
        choices=(
            yes("text_sent", number=CALLER),
            no("text_number"),
            not_sure(END_MENU, said="send_text.if_not_sure"),
        ),
        stands_alone=True,
    ),
    "text_number": TakesDigits(
        arrive=lambda script, s, now: (replace(s, wishes=replace(s.wishes, typed="")), STAY),
        says=lambda script, s, now: entry.asked(script, s, "text_number", ends_itself=False),
        most=entry.MOST_DIGITS,
        is_whole=entry.is_whole_phone,
        entered=lambda script, s, number: entry.phone(script, s, number, mobile=True, then="text_check"),
        stands_alone=True,
    ),
    "text_check": Asks(
        says=_check,
        choices=(yes("text_sent"), no("text_number"), not_sure("text_number")),
    ),
    "text_sent": Runs(errand=_send, done=_sent, failed="text_failed.say"),
}
