"""The engine: one turn of a call.

`run` takes the script, the session, the input event, the handler of effects, and the time. It returns a Turn: what to
say, what to wait for, and the session to keep. Every driver of a call uses it: the telephone, the terminal, the stories
and the tests. Apart from the handler it is pure: `answer` is a turn up to the first effect. `current` repeats the
present reply, for a webhook that is delivered twice.

The places (`places`) decide what is said and where each input leads. This module has what is the same everywhere: what
the keys do that work in every place, silence, and how a transition is carried out. `reply` names those keys to callers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from ivr import dialling
from ivr.engine import debounce, escalation, trail
from ivr.places import languages, reply
from ivr.places.door import Door
from ivr.places.phrases import MoreTime, StartAgain, UnusedKeyFirst
from ivr.places.reply import ACCEPT_KEY, AGAIN_KEY, BACK_KEY, HELP_KEY, UNIVERSAL, one_at_a_time, say
from ivr.places.ringing import reference_twice
from ivr.places.texting import TextCheck, TextFailed
from ivr.places.wish import RingFailed
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, Script
from ivr.script.place import BACK, STAY, Back, Do, Go, Here, Moved, Option, Stay
from ivr.script.session import (
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

#: The most transitions in a row, without an effect between them. More mean that places pass a caller on in a circle,
#: which is a bug.
MOST_TRANSITIONS = 12


# --- the ways in ----------------------------------------------------------------------------


def start(script: Script, call: str, caller: str, now: dt.datetime, lost: bool = False, rung: str = "") -> Turn:
    """The first turn of a call, at the greeting.

    `lost`: the session of this call is gone, so the caller hears that it starts again. `rung`: the number that was
    rung. If it is the one without menus, a person rings at once.
    """
    s = Session(
        call=call, revision=script.revision, place=At(GREETING), caller=known_caller(script, caller),
        visited=(GREETING,),
    )  # fmt: skip
    if script.line.test_phones:
        s = replace(s, drafts=dialling.same(s.caller, script.line.test_phones))
    here = Here(script, s, now)
    if tongue := languages.rung(here, rung):
        s = languages.in_language(here, tongue)
        return reply.turn(Here(tongue.script, s, now))
    if lost:
        here = here.at(say(here, here.words(StartAgain.say)))
    if dialling.same(rung, script.line.without_menus):
        s = replace(say(here, here.words(Door.say)), door=True, more_time=True)
        at_door = _moved(_Progress(script, (s.language, GREETING), now), s, Go("person"))
        assert isinstance(at_door, Turn)
        return at_door
    return reply.turn(here.at(say(here, *reply.notices(script, now))))


def known_caller(script: Script, caller_id: str) -> str:
    """The caller ID; empty if it is a number that is never rung, such as our own.

    Such a number is not the caller's: a diverted call shows the number that diverted it, and a forged one may show
    anybody's. The caller is then treated like one who hides their number.
    """
    return "" if dialling.same(caller_id, script.never_rung) else caller_id


class EffectHandler(Protocol):
    """Runs the effects of a call: the live handler, or a practice handler."""

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        """Run an effect. Nothing is raised: an effect that cannot be done returns Failed."""


@dataclass(frozen=True, eq=False)
class PendingEffect:
    """A turn that waits for an effect, and the function that continues it with the result."""

    effect: Effect
    then: Callable[[Done | Failed], Turn | PendingEffect]


def run(script: Script, s: Session, event: Input, handler: EffectHandler, now: dt.datetime) -> Turn:
    """Answer an input event, with its effects run by the handler.

    If the session is at a place that this version of the script does not have, the call continues at the main menu.
    """
    if s.place.node not in _spoken_in(script, s).places:
        return go_on(script, s, s.place, event, handler, now)
    return settled(script, answer(script, s, event, now), handler, now)


def settled(script: Script, answered: Turn | PendingEffect, handler: EffectHandler, now: dt.datetime) -> Turn:
    """Run effects until the turn waits for the caller. Handlers are called only here."""
    while isinstance(answered, PendingEffect):
        answered = answered.then(handler.run(script, answered.effect, now))
    return answered


def answer(script: Script, s: Session, event: Input, now: dt.datetime) -> Turn | PendingEffect:
    """Answer an input event, up to the first effect."""
    base, script = script, _spoken_in(script, s)
    here = Here(script, s, now)
    if isinstance(event, Key):
        if debounce.is_late(script, s, event.keys, now.timestamp()):
            return reply.turn(here.at(debounce.dropped(here, event.keys)))
        s = replace(s, key=event.keys[-1:], key_at=now.timestamp(), quiet=0, waited=0, interrupted=False, pressed=True)
    if isinstance(event, Key) or (isinstance(event, Recorded) and event.key and not event.seconds):
        s = replace(s, fruitless=s.fruitless + 1)
    here = here.at(s)
    place = here.place
    taught = "".join(dict.fromkeys(s.taught + place.teaches(here)))
    number = place.name_of_number(here) or (s.number if event == Key(AGAIN_KEY) else "")
    # After a key, a pause in which the caller brings the phone back to the ear.
    lead = (script.line.pace.after_key_press,) if isinstance(event, Key) else ()
    here = here.at(replace(s, turn=s.turn + 1, taught=taught, lead=lead, number=number))
    return _moved(_Progress(base, (s.language, s.place.node), now), *_took(here, event))


def _spoken_in(script: Script, s: Session) -> Script:
    """The script of the language that a call is in."""
    return script.in_language(s.language, drafts=s.drafts)


def language_of(script: Script, s: Session) -> str:
    """The language in which this script answers a call: English, if it does not have the call's."""
    return _spoken_in(script, s).language


def awaited(script: Script, place: At, known: Session | None = None) -> type[TransferEnded | Recorded] | None:
    """The event, besides keys, that the reply at this place waits for: the end of a transfer or of a recording."""
    found = (_spoken_in(script, known) if known else script).places.get(place.node)
    return found.takes if found else None


def current(script: Script, s: Session, now: dt.datetime) -> Turn:
    """Repeat the reply that the session waits on. Nothing changes."""
    spoken_in = _spoken_in(script, s)
    known = s if s.place.node in spoken_in.places else resumed(script, s, s.place)
    return reply.turn(Here(spoken_in, known, now))


def go_on(script: Script, known: Session, place: At, event: Input, handler: EffectHandler, now: dt.datetime) -> Turn:
    """Like `run`, for a call of which only the place is certain. `known` is an older session of it.

    If the place is not in this script, or needs answers that the caller gave on the way to it, the call cannot continue
    there. The line then says that it did not save the answer, and continues at a place that needs none. Keys that work
    everywhere still work.
    """
    s = resumed(script, known, place)
    if s.place.node == place.node or (isinstance(event, Key) and event.keys in UNIVERSAL):
        return run(script, s, event, handler, now)
    here = Here(_spoken_in(script, s), replace(s, turn=s.turn + 1), now)
    lost = StartAgain if s.place.node == MAIN_MENU else TextFailed if place.node == TextCheck.id else RingFailed
    return reply.turn(here.at(say(here, here.words(lost.say))))


def resumed(script: Script, known: Session, place: At) -> Session:
    """A session at the given place, or at the nearest place from which the call can continue."""
    script = _spoken_in(script, known)
    wanted, found = place.node, script.places.get(place.node)
    if found is None:
        place = At(MAIN_MENU)
    elif found.in_dialogue and wanted != known.place.node and not found.stands_alone:
        place = At(END_MENU)
    else:
        place = found.resumed(place)
    s = replace(known, lead=(), trail=tuple(before for before in known.trail if before.node in script.places))
    return replace(s, place=place) if place.node == wanted else trail.arrived_at(s, place)


# --- moving ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Progress:
    """A turn in progress: where it began, and what happened in it."""

    #: The line's own script, whatever the language of the call.
    script: Script
    #: The language and the place where it began.
    began: tuple[str, str]
    now: dt.datetime
    #: Whether an effect was run. The reply is then a new one, even at the same place.
    done: bool = False
    #: Whether the caller was led out of a circle.
    helped: bool = False


def _moved(turn: _Progress, s: Session, to: Stay | Go | Back | Do, passed: bool = False) -> Turn | PendingEffect:
    """Follow transitions until one stays at its place, or needs an effect.

    `passed`: the caller was not asked anything at the place that is left, so star does not lead back to it.
    """
    now = turn.now
    for _ in range(MOST_TRANSITIONS):
        script = _spoken_in(turn.script, s)
        match to:
            case Stay():
                return _rests(turn, s)
            case Do():
                return PendingEffect(to.effect, partial(_done, turn, s, to, passed))
            case Back():
                s, to = trail.back(Here(script, s, now), to)
            case Go():
                s = trail.moved_to(Here(script, s, now), to, passed=passed)
                s, to = script.places[s.place.node].arrive(Here(script, s, now))
                passed = not isinstance(to, Stay)
    raise RuntimeError(f"{s.place.node} leads round and round")


def _done(turn: _Progress, s: Session, do: Do, passed: bool, outcome: Done | Failed) -> Turn | PendingEffect:
    """Continue a turn with the result of an effect."""
    here = Here(_spoken_in(turn.script, s), s, turn.now)
    if isinstance(outcome, Failed):
        words = do.limited.get(outcome.limit, do.failed)
        moved: Moved = say(here, here.words(words)), Go(do.or_else)
    else:
        moved = _unless_used_up(here, do.then(here, outcome))
    turn = _Progress(turn.script, turn.began, turn.now, done=True, helped=turn.helped)
    return _moved(turn, *moved, passed)


def _rests(turn: _Progress, s: Session) -> Turn | PendingEffect:
    """The turn of a session that waits for the caller.

    A caller who goes in a circle gets the next help instead. If a person is about to be rung, or a message recorded,
    that is the help, and no key interrupts it again.
    """
    if turn.done or (s.language, s.place.node) != turn.began:
        s = escalation.heard_new(replace(s, arrived=turn.now.timestamp()))
    here = Here(_spoken_in(turn.script, s), s, turn.now)
    if turn.done or turn.helped or not escalation.circling(s):
        return reply.turn(here)
    if here.place.hands_over:
        return reply.turn(here.at(replace(s, interrupted=True, fruitless=0)))
    helped = _Progress(turn.script, turn.began, turn.now, helped=True)
    why = s.lead if here.place.person_is_away or s.door else ()  # the caller always hears why nobody can talk
    return _moved(helped, *escalation.to_help(here.at(replace(s, lead=why))))


# --- what came in ---------------------------------------------------------------------------


def _took(here: Here, event: Input) -> Moved:
    """Where an event leads: by a rule that holds everywhere, or by the place's own."""
    place = here.place
    moved = place.took(here, event)
    if moved is not None:
        s, to = _unless_used_up(here, moved)
        return (replace(s, number_ended_at=here.now.timestamp()), to) if _ended_by_itself(here, event, to) else (s, to)
    match event:
        case Key(keys):
            return (_pressed_while_told if place.hands_over else _pressed)(here, keys[:1])
        case Recorded(key) if place.hands_over:
            return _pressed_while_told(here, key[:1])
        case NoInput():
            return _silent(here)
    return here.s, STAY  # the late end of a transfer or recording that this call no longer waits for


def _ended_by_itself(here: Here, event: Input, to: Stay | Go | Back | Do) -> bool:
    """Whether a number was complete without the caller pressing hash."""
    said_so = isinstance(event, Key) and event.keys.endswith((AGAIN_KEY, BACK_KEY))
    return here.place.most > 1 and not isinstance(to, Stay) and not said_so


def _unless_used_up(here: Here, moved: Moved) -> Moved:
    """Where the event leads; to help instead, if it was one error too many."""
    after = here.at(moved[0])
    is_error = after.s.wrongs > here.s.wrongs
    return escalation.to_help(after) if is_error and escalation.used_up(after) else moved


def _pressed_while_told(here: Here, key: str) -> Moved:
    """A key pressed before the ringing, or before the tone.

    - Star stops the ringing, as it does later. The other keys that work everywhere do what they always do.
    - Where help came unasked, key 1 offers the choices of the previous place one at a time.
    - Any other key was meant for the previous place, so that place answers it.
    - If that place does not use the key either, the words here begin again, and no key interrupts them any more.
    """
    place = here.place
    if key == BACK_KEY and place.takes is TransferEnded:
        return place.over(here, TransferEnded("stopped"))
    if key in UNIVERSAL:
        return _pressed(here, key)
    before = here.at(trail.back(here, BACK)[0])
    if key == ACCEPT_KEY and place.comes_unasked and before.place.one_by_one:
        asks = before.place.choices(before)
        return one_at_a_time(replace(before.s, one_key=True), 1) if asks else before.s, STAY
    if before.place.most > 1:
        return before.s, STAY
    if not before.place.is_telling(before.s) and _option_for(before, key) is None:
        return replace(say(here, here.words(UnusedKeyFirst.say)), interrupted=True), STAY
    return _pressed(before, key)


def _pressed(here: Here, key: str) -> Moved:
    s = here.s
    match key:
        case reply.PERSON_KEY:  # rings at once: no confirmation, and no pause first
            return replace(s, slips=0, lead=()), Go("person")
        case reply.BACK_KEY:
            return s, BACK
        case reply.AGAIN_KEY:
            return _again(here.at(replace(s, silences=0)))
        case reply.HELP_KEY:
            return _help(s)
    moved = here.place.pressed(here, key)
    if moved is not None:
        return moved
    option = _option_for(here, key)
    if option is None:
        return escalation.unused(here.at(replace(s, wrongs=s.wrongs + 1)))
    here = here.at(replace(s, one_key=bool(s.place.offer) and s.key == ACCEPT_KEY))
    return _pressed(here, option.key) if option.key in UNIVERSAL else here.place.chosen(here, option)


def _help(s: Session) -> Moved:
    if s.place.node == HELP:
        return s, STAY
    return replace(s, left_at=len(s.trail), taught=s.taught + HELP_KEY), Go(HELP)


def _option_for(here: Here, key: str) -> Option | None:
    if here.s.place.offer and key == ACCEPT_KEY:
        return reply.current_choice(here)
    return next((option for option in here.place.choices(here) if option.key == key), None)


def _again(here: Here) -> Moved:
    """Key hash: repeats the number that the previous reply said; without one, the last part of a reading, or the whole
    reply at any other place.
    """
    s, place = here.s, here.place
    if not place.hands_over and s.number and (place.number_is_last or s.number != place.name_of_number(here)):
        return _number_again(here), STAY
    return replace(s, place=place.again(s.place)), STAY


def _number_again(here: Here) -> Session:
    """Repeat the phone number, or call number, that the previous reply said; then continue where the caller is."""
    s = here.s
    number = reference_twice(here) if s.number == "reference" else here.script.values[s.number]
    assert not isinstance(number, str)
    repeated = s.place.repeated or here.place.number_is_last  # or the place would say it again, after its choices
    return replace(say(here, number), place=replace(s.place, repeated=repeated))


def _silent(here: Here) -> Moved:
    """No-input: nothing was pressed in time."""
    s = replace(here.s, quiet=here.s.quiet + here.place.seconds(here))
    here = here.at(s)
    if s.place.offer and s.place.offer < len(reply.choices_one_by_one(here)):
        return one_at_a_time(replace(s, lead=()), s.place.offer + 1), STAY
    if s.waited + 1 < reply.waits(here):
        return replace(s, waited=s.waited + 1, lead=here.words(MoreTime.still_here)), STAY
    return escalation.silent(here.at(replace(s, silences=s.silences + 1)))
