"""Being put through to a person, and what there is when nobody can talk."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr.hours import LONDON
from ivr.script import END_MENU, Script
from ivr.session import HangUp, Input, Session, Transfer, TransferEnded
from ivr.spoken import Speech, date, fill, time
from ivr.steps.kinds import BACK, STAY, Asks, Choice, HandsOver, Moved, Step, said, words
from ivr.steps.ringing import half_way


def _arrive(script: Script, s: Session, now: dt.datetime) -> Moved:
    if script.hours.is_open(now) and script.phones_for_a_person:
        return s, STAY
    if script.hours.is_open(now):
        return said(script, s, script.says["person_away.failed"]), "person_away"
    return said(script, s, script.says["person_away.closed"], _open_again(script, now)), "person_away"


def _open_again(script: Script, now: dt.datetime) -> Speech:
    opens = script.hours.next_open(now)
    if opens is None:
        return ()
    day = date(opens.date(), now.astimezone(LONDON).date())
    return fill(script.says["open_again"], {"day": day, "time": (f"at {time(opens.time())}",)})


def _says(script: Script, s: Session, now: dt.datetime) -> Speech:
    return script.says["person.say" if s.place.part == 0 else "person.try_next"]


def _transfer(script: Script, s: Session) -> Transfer:
    return Transfer(script.phones_for_a_person[s.place.part], script.line.transfer.ring_seconds)


def _ended(script: Script, s: Session, event: Input, now: dt.datetime) -> Moved:
    assert isinstance(event, TransferEnded)
    if event.how == "answered":
        s = said(script, s, script.says["person.ended"])
        if not half_way(s, *s.trail):
            return s, END_MENU
        # Whoever rings them for the wish that is half said is told that they have talked to somebody.
        return replace(s, heard=(*s.heard, "person"), wishes=replace(s.wishes, onward=END_MENU)), "ring_keep"
    if s.place.part + 1 < len(script.phones_for_a_person):
        return replace(s, lead=(), place=replace(s.place, part=s.place.part + 1)), STAY
    return said(script, s, script.says[f"person_away.{event.how}"]), "person_away"


def _number(script: Script, s: Session, now: dt.datetime) -> Speech:
    """The hours and the number, once: behind the choices, since whoever needs a person now has waited enough."""
    return script.says["person_away.number"] if s.place.part == 0 else ()


STEPS: dict[str, Step] = {
    "person": HandsOver(
        arrive=_arrive, says=_says, then=_transfer, takes=TransferEnded, took=_ended, stands_alone=True
    ),
    "person_away": Asks(
        choices=(
            Choice(label="person_away.ring_back", goto="ring_back"),
            Choice(label="person_away.text", goto="send_text", about_us=True),
            Choice(label="person_away.listen", goto=BACK, said="person_away.go_on"),
        ),
        then_says=_number,
        stands_alone=True,
    ),
    "goodbye": HandsOver(says=words("goodbye.say"), then=lambda script, s: HangUp(), stands_alone=True),
}
