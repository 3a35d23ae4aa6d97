"""Being put through to a person, and what there is when nobody can talk."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr.hours import LONDON
from ivr.script import END_MENU, Script
from ivr.session import HangUp, Input, Session, Transfer, TransferEnded
from ivr.spoken import Speech, date, fill, time
from ivr.steps.kinds import BACK, STAY, Asks, Choice, HandsOver, Moved, Pauses, Step, got, said, words
from ivr.steps.ringing import counts, half_way

#: How often in a row a caller can want a person whom nobody can be for them. Then a message is asked for instead,
#: as ringing again would only cost them time.
MOST_TURNED_AWAY = 3


def can_ring(script: Script, s: Session, now: dt.datetime) -> bool:
    """Whether it makes sense to ring a person now."""
    return script.hours.is_open(now) and s.turned_away < MOST_TURNED_AWAY and bool(script.phones_for_a_person)


def _arrive(script: Script, s: Session, now: dt.datetime) -> Moved:
    if can_ring(script, s, now):
        return s, STAY
    if script.hours.is_open(now) and script.phones_for_a_person:
        return _instead(script, said(script, s, script.says["person_away.tried"]))
    s = replace(s, turned_away=s.turned_away + 1)
    if script.hours.is_open(now):
        return _instead(script, said(script, replace(s, away="failed"), script.says["person_away.failed"]))
    return _instead(script, said(script, s, script.says["person_away.closed"], open_again(script, now)))


def _instead(script: Script, s: Session) -> Moved:
    """What there is when nobody can talk; for whoever goes on asking for a person, a message that needs no key."""
    to_message = s.turned_away >= MOST_TURNED_AWAY and not s.message_offered
    return s, "message" if to_message else "person_away"


def open_again(script: Script, now: dt.datetime) -> Speech:
    """When the line opens again: nothing, if it never does."""
    opens = script.hours.next_open(now)
    if opens is None:
        return ()
    day = date(opens.date(), now.astimezone(LONDON).date())
    return fill(script.says["open_again"], {"day": day, "time": (f"at {time(opens.time())}",)})


def _says(script: Script, s: Session, now: dt.datetime) -> Speech:
    return script.says["person.say" if s.place.part == 0 else "person.try_next"]


def _arrive_unasked(script: Script, s: Session, now: dt.datetime) -> Moved:
    """The second time it rings at once: somebody has heard the words, and pressed a key in the middle of them."""
    return replace(s, waited=int(s.led), led=True), STAY


def _says_unasked(script: Script, s: Session, now: dt.datetime) -> Speech:
    """Key 1 is for whoever can press only one: it offers the choices one at a time.

    How to stop the ringing is not said to somebody who presses nothing: it would ring four seconds later.
    """
    if s.place.part:
        return script.says["person.try_next"]
    gap = script.line.pace.before_key
    return (*script.says["stay_on.say"], gap, *script.says["one_at_a_time"], gap, script.press["1"])


def _transfer(script: Script, s: Session) -> Transfer:
    return Transfer(script.phones_for_a_person[s.place.part], script.line.transfer.ring_seconds)


def _ended(script: Script, s: Session, event: Input, now: dt.datetime) -> Moved:
    assert isinstance(event, TransferEnded)
    if event.how == "answered":
        s = said(script, got(replace(s, turned_away=0, away=""), "transfer"), script.says["person.ended"])
        if not half_way(s, *s.trail):
            return s, END_MENU
        # Whoever rings them for the wish that is half said is told that they have talked to somebody.
        s = replace(s, heard=(*s.heard, "person"), wishes=replace(s.wishes, onward=END_MENU))
        return s, "ring_save" if counts(s) else "ring_keep"
    if event.how != "stopped" and s.place.part + 1 < len(script.phones_for_a_person):
        return replace(s, lead=(), place=replace(s.place, part=s.place.part + 1)), STAY
    unasked = s.place.node == "stay_on" and event.how != "stopped"
    s = said(script, replace(s, turned_away=s.turned_away + 1, away=event.how), script.says[f"person_away.{event.how}"])
    return (s, "message") if unasked else (s, "person_away")


def why_nobody(script: Script, s: Session, now: dt.datetime) -> Speech:
    """Why no person can talk to the caller now; nothing where that was not tried."""
    if not script.hours.is_open(now):
        return script.says["person_away.closed"]
    return script.says[f"person_away.{s.away}"] if s.away else ()


def _number(script: Script, s: Session, now: dt.datetime) -> Speech:
    """The hours and the number, once: behind the choices, since whoever needs a person now has waited enough."""
    return script.says["person_away.number"] if s.place.part == 0 else ()


def _told(script: Script, s: Session, now: dt.datetime) -> Speech:
    """The least that anybody is left with: why nobody can talk, when somebody can, and at which number."""
    opens = () if script.hours.is_open(now) else open_again(script, now)
    told = (why_nobody(script, s, now), opens, script.says["person_away.number"], script.says["goodbye.say"])
    return said(script, replace(s, lead=()), *told).lead


def _goodbye(script: Script, s: Session, now: dt.datetime) -> Speech:
    """For whoever has got something: their request stands, and they are told so."""
    rung = script.says["goodbye.rung"] if "request" in s.got else ()
    return said(script, replace(s, lead=()), rung, script.says["goodbye.say"]).lead


STEPS: dict[str, Step] = {
    "person": HandsOver(
        arrive=_arrive, says=_says, then=_transfer, takes=TransferEnded, took=_ended, stands_alone=True
    ),
    "stay_on": HandsOver(
        arrive=_arrive_unasked,
        says=_says_unasked,
        then=_transfer,
        takes=TransferEnded,
        took=_ended,
        stands_alone=True,
        one_at_a_time=True,
    ),
    "person_away": Asks(
        choices=(
            Choice(label="person_away.ring_back", goto="ring_back"),
            Choice(label="person_away.text", goto="send_text", about_us=True),
            Choice(label="person_away.listen", goto=BACK, said="person_away.go_on"),
        ),
        offers=lambda script, s, choice: choice.goto != "send_text" or script.offers_texts,
        then_says=_number,
        stands_alone=True,
    ),
    "pause": Pauses(says=words("pause.say"), stands_alone=True),
    # Both end the call in one document without a Gather, so no key cuts short what is said: `told` is heard whole.
    "told": HandsOver(says=_told, then=lambda script, s: HangUp(), stands_alone=True),
    "goodbye": HandsOver(says=_goodbye, then=lambda script, s: HangUp(), stands_alone=True),
}
