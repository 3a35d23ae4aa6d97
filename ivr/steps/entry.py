"""Keying a number: slowly, in pieces, with a star in the middle, or not at all.

Inside an entry the keys are digits. Hash says that the number is whole, star starts it
again, and a star by itself goes back. Twilio hands over what it has after ten seconds; a
slow caller is then told what has come so far, and loses nothing. A zero by itself may be a
number begun or a person wanted: hash, or waiting on, asks for the person.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.script import Script
from ivr.session import Session
from ivr.spoken import Speech
from ivr.steps.kinds import BACK, STAY, Moved, TakesDigits, said
from ivr.steps.kinds import phone as phone_number

#: Digits of the longest number: the country's code, the zero that belongs behind it only here, and ten more. With
#: fewer, a number that begins with the code would be cut off, and its last digits taken for answers.
MOST_DIGITS = len("00440") + 10


def keyed(script: Script, s: Session, step: TakesDigits, keys: str) -> Moved:
    """What came in at an entry. No keys at all: the caller has waited on."""
    typed, star, rest = s.wishes.typed, "*" in keys, keys.rsplit("*", 1)[-1]
    if star:
        if keys == "*" and not typed:
            return s, BACK
        if not rest:
            return begin_again(s), STAY
        typed = ""
    is_all = rest.endswith("#") or not keys
    number = typed + rest.rstrip("#")
    if not number:
        return wrong(script, s, script.says["number_entry.nothing"])
    if is_all and number == "0":
        return replace(s, wishes=replace(s.wishes, typed="")), "person"
    if is_all or len(number) >= step.most or step.is_whole(number):
        return step.entered(script, replace(s, wishes=replace(s.wishes, typed=number)), number)
    s = replace(s, wishes=replace(s.wishes, typed=number))
    if star and len(keys) >= step.most:  # handed over in the middle, only because a star was among the keys
        return s, STAY
    return said(script, s, _so_far(script, number)), STAY


def _so_far(script: Script, number: str) -> Speech:
    pace, says = script.line.pace, script.says
    if number == "0":
        person = (*says["to_person"], pace.before_key, script.press_where["#"])
        return (*says["number_entry.zero"], pace.between_choices, *person)
    start_again = (*says["number_entry.start_again"], pace.before_key, script.press_where["*"])
    groups = [group for group in (number[:5], number[5:8], number[8:]) if group]
    typed = spoken.digits(groups, pace.each_digit, pace.between_groups)
    told = spoken.fill(says["number_entry.so_far"], {"typed": typed})
    return (*told, pace.between_choices, *start_again)


def wrong(script: Script, s: Session, why: Speech) -> Moved:
    """A number that cannot be used. It is counted, and asked for again."""
    return replace(begin_again(said(script, s, why)), wrongs=s.wrongs + 1, slips=s.slips + 1), STAY


def begin_again(s: Session) -> Session:
    """An entry begun anew: the caller has heard how it goes."""
    return replace(s, place=replace(s.place, part=1), wishes=replace(s.wishes, typed=""))


def phone(script: Script, s: Session, number: str, *, mobile: bool, then: str) -> Moved:
    """A phone number that was keyed: on to `then` if we can ring it, or text it."""
    judged = dialling.keyed(number, script.line.phones[script.line.transfer.numbers[0]])
    if judged.verdict != "fine":
        verdict = "malformed" if judged.verdict == "hidden" else judged.verdict
        return wrong(script, s, script.says[f"ring_number.{verdict}"])
    if dialling.same(judged.e164, (*script.line.phones.values(), *script.ours)):
        return wrong(script, s, script.says["ring_number.ours"])
    if mobile and not judged.mobile:
        return wrong(script, s, script.says["text_number.not_mobile"])
    return replace(s, wishes=replace(s.wishes, number=judged.e164, typed="")), then


def is_whole_phone(number: str) -> bool:
    """Whether these digits are a number already, or can be none any more, so that nobody has to say so."""
    if number.startswith("0") and len(number) == 11 and not number.startswith("00"):
        return True
    return dialling.judge(number).verdict in ("fine", "premium", "emergency") or dialling.is_long(number)


def read_back(script: Script, s: Session, name: str) -> Speech:
    """A number and the question whether it is right; the number once, where the caller has begun to hear it."""
    return spoken.fill(
        script.says[name], {"typed_number": phone_number(script, s.wishes.number, once=bool(s.place.part))}
    )


def asked(script: Script, s: Session, name: str, *, ends_itself: bool) -> Speech:
    """How an entry is asked for, the first time and again."""
    if s.wishes.typed:
        return ()  # the rest of a number is still being keyed
    if s.place.part:
        return script.says["number_entry.again"]
    pace, says = script.line.pace, script.says
    done = (*says["number_entry.done"], pace.before_key, script.press_where["#"], pace.between_choices)
    start_again = (*says["number_entry.start_again"], pace.before_key, script.press_where["*"])
    return (*says[f"{name}.say"], pace.between_choices, *(() if ends_itself else done), *start_again)
