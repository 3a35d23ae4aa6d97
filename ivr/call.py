"""The engine: one turn of a call.

`run` takes the script, the session, what came in, the time, and a desk, which does what has to be done on the way. It
returns a Turn: what to say, what to do next, and the session to keep. Everybody who drives a call uses it: the
telephone, the terminal, the stories and the tests. But for the desk it is pure: `answer` is a turn up to the first
thing that has to be done. `current` gives the present reply again, which is what a webhook that comes twice gets.

What a place says, and where what comes in there leads, the place knows (`places`). Here is what holds everywhere: the
keys that work in every place, silence, the way back, and how a call is moved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from ivr import dialling, escalation, reply, trail
from ivr.phrases import MoreTime, StartAgain, UnusedKeyFirst
from ivr.places.ringing import reference_twice
from ivr.places.texting import TextCheck, TextFailed
from ivr.places.wish import RingFailed
from ivr.reply import AGAIN, BACK_KEY, HELP_KEY, UNIVERSAL, YES, offered, say
from ivr.script import BACK, END_MENU, GREETING, HELP, MAIN_MENU, STAY, Back, Do, Go, Here, Moved, Option, Script, Stay
from ivr.session import (
    At,
    Done,
    Effect,
    Failed,
    Input,
    Key,
    NoInput,
    Recorded,
    Session,
    TransferEnded,
    Turn,
)

#: A key that comes sooner than this after the one before, or after a reply to something else began, is no answer to
#: what is asked now, unless it works everywhere: a trembling hand presses twice, or hits the key beside, within a
#: second, and nobody answers in that time what they have not begun to hear. Twilio keeps keys for no later reply, and
#: the pause after a key is outside what it listens to (`twiml`); so what comes here was pressed in the reply itself.
DEBOUNCE_SECONDS = 1.2
#: Hash, or the last digit again, this soon after a number that ended by itself still belongs to the number.
LATE_SECONDS = 4.0
#: Transitions in one turn. Places that pass a caller on in a circle are a fault in the program.
MOST_STEPS = 12


# --- the ways in ----------------------------------------------------------------------------


def start(script: Script, call: str, caller: str, now: dt.datetime, lost: bool = False) -> Turn:
    """A call comes in; `lost` when its session is gone, and it starts again in the middle."""
    s = Session(
        call=call, revision=script.revision, place=At(GREETING), caller=known_caller(script, caller),
        visited=(GREETING,),
    )  # fmt: skip
    here = Here(script, s, now)
    if lost:
        here = here.at(say(here, here.words(StartAgain.say)))
    return reply.turn(here.at(say(here, *reply.notices(script, now))))


def known_caller(script: Script, caller_id: str) -> str:
    """A caller ID as it came; nothing if it is one of our own numbers.

    A call that was diverted shows the number that diverted it. Its caller is then not known, as if they hid it.
    """
    return "" if dialling.same(caller_id, (*script.ours, *script.line.phones.values())) else caller_id


class Desk(Protocol):
    """Does what a call asks for in the middle of a turn: the real desk, or one for practice."""

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        """Do it, and tell how it went. Nothing is raised: what cannot be done is Failed."""


@dataclass(frozen=True, eq=False)
class Doing:
    """A turn in which something has to be done first: what, and how the turn goes on then."""

    effect: Effect
    then: Callable[[Done | Failed], Turn | Doing]


def run(script: Script, s: Session, event: Input, desk: Desk, now: dt.datetime) -> Turn:
    """What the line does when something comes in, and what it asks of the desk done.

    A session may be at a place that another version of the line had. It goes on at the main menu.
    """
    if s.place.node not in script.places:
        return go_on(script, s, s.place, event, desk, now)
    return settled(script, answer(script, s, event, now), desk, now)


def settled(script: Script, answered: Turn | Doing, desk: Desk, now: dt.datetime) -> Turn:
    """The turn once it waits for the caller. This is the one place at which a desk is asked."""
    while isinstance(answered, Doing):
        answered = answered.then(desk.run(script, answered.effect, now))
    return answered


def answer(script: Script, s: Session, event: Input, now: dt.datetime) -> Turn | Doing:
    """What the line does when something comes in, up to the first thing that has to be done."""
    here = Here(script, s, now)
    if isinstance(event, Key):
        if is_late(script, s, event.keys, now.timestamp()):
            return reply.turn(here.at(_dropped(here, event.keys)))
        s = replace(s, key=event.keys[-1:], key_at=now.timestamp(), quiet=0, waited=0, pressed=True)
    if isinstance(event, Key) or (isinstance(event, Recorded) and event.key and not event.seconds):
        s = replace(s, fruitless=s.fruitless + 1)
    here = here.at(s)
    place = here.place
    taught = "".join(dict.fromkeys(s.taught + place.teaches(here)))
    number = place.number_said(here) or (s.number if event == Key(AGAIN) else "")
    lead = (script.line.pace.after_key_press,) if isinstance(event, Key) else ()  # to bring the phone back to the ear
    here = here.at(replace(s, turn=s.turn + 1, taught=taught, lead=lead, number=number))
    return _moved(_Turning(script, s.place.node, now), *_took(here, event))


def awaited(script: Script, place: At) -> type[TransferEnded | Recorded] | None:
    """What the reply at this place waits for besides keys: the end of a transfer, or of a recording."""
    found = script.places.get(place.node)
    return found.takes if found else None


def current(script: Script, s: Session, now: dt.datetime) -> Turn:
    """The reply that the session is waiting on, once more. Nothing changes."""
    known = s if s.place.node in script.places else resumed(script, s, s.place)
    return reply.turn(Here(script, known, now))


def go_on(script: Script, known: Session, place: At, event: Input, desk: Desk, now: dt.datetime) -> Turn:
    """As `run`, for a call of which only the place is sure: `known` is what was remembered before it.

    A place that is not in this script, or that needs what the caller said on the way to it,
    cannot be gone on from. Then what they pressed there means nothing: they are told that it
    was not noted, at the nearest place that is whole. The keys that work everywhere work.
    """
    s = resumed(script, known, place)
    if s.place.node == place.node or (isinstance(event, Key) and event.keys in UNIVERSAL):
        return run(script, s, event, desk, now)
    here = Here(script, replace(s, turn=s.turn + 1), now)
    lost = StartAgain if s.place.node == MAIN_MENU else TextFailed if place.node == TextCheck.id else RingFailed
    return reply.turn(here.at(say(here, here.words(lost.say))))


def resumed(script: Script, known: Session, place: At) -> Session:
    """A session at a place of this script: the one that is asked for, or the nearest that can be gone on from."""
    wanted, found = place.node, script.places.get(place.node)
    if found is None:
        place = At(MAIN_MENU)
    elif found.in_dialogue and wanted != known.place.node and not found.stands_alone:
        place = At(END_MENU)
    else:
        place = found.resumed(place)
    s = replace(known, lead=(), trail=tuple(before for before in known.trail if before.node in script.places))
    return replace(s, place=place) if place.node == wanted else trail.arrived_at(s, place)


# --- keys that came too late ------------------------------------------------------------------


def is_late(script: Script, s: Session, keys: str, at: float) -> bool:
    """Whether a key that comes at this time was meant for what came before this reply, or for nothing."""
    if keys == s.key and 0 <= at - s.key_at < DEBOUNCE_SECONDS:
        return True
    if 0 <= at - s.entered < LATE_SECONDS and keys in (AGAIN, s.key):
        return True
    too_soon = 0 <= at - s.arrived < DEBOUNCE_SECONDS
    return too_soon and len(keys) == 1 and keys not in UNIVERSAL and script.places[s.place.node].most == 1


def _dropped(here: Here, keys: str) -> Session:
    """As if it had not been pressed. What was said before is not said again, nor is more of it than it takes.

    The time counts from the press that was meant, so that a third can be meant too. In the middle of a longer wait,
    what was said is not known any more if the session was away: then the place speaks, since no reply is silent.
    """
    s = here.s
    place = here.place.heard_once(s.place) if keys == AGAIN else s.place
    return replace(s, turn=s.turn + 1, waited=s.waited if s.lead else 0, place=place)


# --- moving ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Turning:
    """A turn under way: where it began, and what happened in it."""

    script: Script
    began: str
    now: dt.datetime
    #: Something was done at the desk. The reply is another one then, even at the same place.
    done: bool = False
    #: The caller was taken out of a circle.
    helped: bool = False


def _moved(turning: _Turning, s: Session, to: Stay | Go | Back | Do, passed: bool = False) -> Turn | Doing:
    """The turn where a transition comes to rest; up to the first thing that has to be done. `passed`: a place was
    passed by, and nobody goes back to it."""
    script, now = turning.script, turning.now
    for _ in range(MOST_STEPS):
        match to:
            case Stay():
                return _rests(turning, s)
            case Do():
                return Doing(to.effect, partial(_done, turning, s, to, passed))
            case Back():
                s, to = trail.back(Here(script, s, now), to)
            case Go():
                way_back = s.trail
                s = trail.entered(Here(script, s, now), to)
                s = replace(s, trail=way_back) if passed else s
                s, to = script.places[s.place.node].arrive(Here(script, s, now))
                passed = not isinstance(to, Stay)
    raise RuntimeError(f"{s.place.node} leads round and round")


def _done(turning: _Turning, s: Session, do: Do, passed: bool, outcome: Done | Failed) -> Turn | Doing:
    """How a turn goes on once something is done, or could not be."""
    here = Here(turning.script, s, turning.now)
    if isinstance(outcome, Failed):
        moved: Moved = say(here, here.words(do.failed)), Go(do.or_else)
    else:
        moved = _unless_used_up(here, do.then(here, outcome))
    turning = _Turning(turning.script, turning.began, turning.now, done=True, helped=turning.helped)
    return _moved(turning, *moved, passed)


def _rests(turning: _Turning, s: Session) -> Turn | Doing:
    """The turn of a session that waits for the caller.

    Whose keys bring nothing new gets the next help; or what the line was about to do, without keys.
    """
    if turning.done or s.place.node != turning.began:
        s = escalation.heard_new(replace(s, arrived=turning.now.timestamp()))
    here = Here(turning.script, s, turning.now)
    if turning.done or turning.helped or not escalation.circling(s):
        return reply.turn(here)
    if here.place.hands_over:
        return reply.turn(here.at(replace(s, waited=1, fruitless=0)))
    helped = _Turning(turning.script, turning.began, turning.now, helped=True)
    return _moved(helped, *escalation.to_help(here.at(replace(s, lead=()))))


# --- what came in ---------------------------------------------------------------------------


def _took(here: Here, event: Input) -> Moved:
    """Where something that came in leads: by the place's own rule, or by one that holds everywhere."""
    place = here.place
    moved = place.took(here, event)
    if moved is not None:
        s, to = _unless_used_up(here, moved)
        return (replace(s, entered=here.now.timestamp()), to) if _ended_by_itself(here, event, to) else (s, to)
    match event:
        case Key(keys):
            return (_pressed_while_told if place.hands_over else _pressed)(here, keys[:1])
        case Recorded(key) if place.hands_over:
            return _pressed_while_told(here, key[:1])
        case NoInput():
            return _silent(here)
    return here.s, STAY  # a late answer to something this call has left behind


def _ended_by_itself(here: Here, event: Input, to: Stay | Go | Back | Do) -> bool:
    """Whether the line goes on from a number, and the caller did not say that it was whole."""
    said_so = isinstance(event, Key) and event.keys.endswith((AGAIN, BACK_KEY))
    return here.place.most > 1 and not isinstance(to, Stay) and not said_so


def _unless_used_up(here: Here, moved: Moved) -> Moved:
    """Where it leads, unless what came in was wrong and too much by now."""
    s, _ = moved
    if s.wrongs > here.s.wrongs and escalation.used_up(here.script, s):
        return escalation.to_help(here.at(s))
    return moved


def _pressed_while_told(here: Here, key: str) -> Moved:
    """A key before the ringing, or before the tone.

    Star stops the ringing, as it does while it rings. What works everywhere works. Any other key was meant for the
    place before, and counts there; but for the 1 that is named here, after which its choices come one at a time. One
    that is not used there either cuts nothing short again: what follows is heard whole.
    """
    place = here.place
    if key == BACK_KEY and place.takes is TransferEnded:
        return place.over(here, TransferEnded("stopped"))
    if key in UNIVERSAL:
        return _pressed(here, key)
    before = here.at(trail.back(here, BACK)[0])
    if key == YES and place.comes_unasked:
        asks = before.place.choices(before)
        return offered(replace(before.s, one_key=True), 1) if asks else before.s, STAY
    if before.place.most > 1:
        return before.s, STAY
    if not before.place.is_telling(before.s) and _option_for(before, key) is None:
        return replace(say(here, here.words(UnusedKeyFirst.say)), waited=1), STAY
    return _pressed(before, key)


def _pressed(here: Here, key: str) -> Moved:
    s = here.s
    match key:
        case reply.PERSON:  # it rings at once: nothing is said back, and no pause comes first
            return replace(s, slips=0, lead=()), Go("person")
        case reply.BACK_KEY:
            return s, BACK
        case reply.AGAIN:
            return _again(here.at(replace(s, silences=0)))
        case reply.HELP_KEY:
            return _help(s)
    moved = here.place.pressed(here, key)
    if moved is not None:
        return moved
    option = _option_for(here, key)
    if option is None:
        return escalation.unused(here.at(replace(s, wrongs=s.wrongs + 1)))
    here = here.at(replace(s, one_key=bool(s.place.offer) and s.key == YES))
    return _pressed(here, option.key) if option.key in UNIVERSAL else here.place.chosen(here, option)


def _help(s: Session) -> Moved:
    if s.place.node == HELP:
        return s, STAY
    return replace(s, left_at=len(s.trail), taught=s.taught + HELP_KEY), Go(HELP)


def _option_for(here: Here, key: str) -> Option | None:
    if here.s.place.offer and key == YES:
        return reply.on_offer(here)
    return next((option for option in here.place.choices(here) if option.key == key), None)


def _again(here: Here) -> Moved:
    """Hash: the last part of a reading, and the whole of anything else; a number, once the line has gone on from it."""
    s, place = here.s, here.place
    if not place.hands_over and s.number and (place.number_is_last or s.number != place.number_said(here)):
        return _number_again(here), STAY
    return replace(s, place=place.again(s.place)), STAY


def _number_again(here: Here) -> Session:
    """The phone number, or the number of the call, that the reply before said; and then where the caller is."""
    s = here.s
    number = reference_twice(here) if s.number == "reference" else here.script.values[s.number]
    assert not isinstance(number, str)
    part = 1 if here.place.number_is_last else s.place.part  # it would be said behind the choices too
    return replace(say(here, number), place=replace(s.place, part=part))


def _silent(here: Here) -> Moved:
    """Nothing was pressed in the time there was."""
    s = replace(here.s, quiet=here.s.quiet + here.place.seconds(here))
    here = here.at(s)
    if s.place.offer and s.place.offer < len(reply.offers(here)):
        return offered(replace(s, lead=()), s.place.offer + 1), STAY
    if s.waited + 1 < reply.waits(here):
        return replace(s, waited=s.waited + 1, lead=here.words(MoreTime.still_here)), STAY
    return escalation.silent(here.at(replace(s, silences=s.silences + 1)))
