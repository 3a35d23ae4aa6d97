"""Every state that a call can be in, for `proof`: which states there are, and which can come next.

A session has too many values to try them all. Two sessions count as the same state if they have the same place, with
the same counters there. What happened earlier in the call is reduced to a *past*, of which there are few kinds. Every
state is tried with every past. Whatever is in neither is tried in all its values at each step: how many keys led to
nothing new, how many errors came before, which guidance was heard, how effects end, and whether the line is open. Some
of these combinations cannot occur in a real call; no combination that can occur is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from msgspec.structs import replace

from ivr.check import handlers
from ivr.check.explore import CALLER, MESSAGE_SECONDS, choices_at, entries_at, twin, unused_key
from ivr.engine import call, escalation
from ivr.engine.call import PendingEffect
from ivr.places import reply
from ivr.places.door import Door, DoorDone
from ivr.places.nodes import LONGEST_PAUSE, Pause
from ivr.places.person import MOST_TURNED_AWAY, Person
from ivr.places.taking import RecordBad, RecordGood, RecordPrompt, RecordWait
from ivr.script import HELP, MAIN_MENU, Script
from ivr.script.place import Here, Place
from ivr.script.session import (
    At,
    Done,
    Ended,
    Failed,
    Gather,
    HangUp,
    Input,
    Key,
    NoInput,
    Recorded,
    Session,
    Taking,
    Transfer,
    TransferEnded,
    Turn,
    Wishes,
)

#: A landline, and a mobile that was keyed before. Neither is anybody's.
LANDLINE, KEYED = "+441164960123", "+447700900456"
#: The phones that calls come from. One that is diverted to ours is known by no number, like one that hides it.
PHONES = (CALLER, LANDLINE, "")
#: Where it matters that a call came in at the number without menus.
AT_THE_DOOR = (Person.id, Door.id, DoorDone.id)
#: Where it matters that a call comes from a test phone.
FROM_A_TEST_PHONE = (HELP, RecordPrompt.id, RecordWait.id, RecordGood.id, RecordBad.id)
#: Keys that are also tried as the last one that makes a circle: hash stays where it is, and zero asks for a person.
IN_CIRCLES = (Key("#"), Key("0"))
#: The number of waits in a pause after which one more ends it. All others but the first are alike.
_LAST_WAIT = LONGEST_PAUSE // reply.LONGEST_WAIT - 1


class Past(NamedTuple):
    """What happened earlier in the call, as far as it decides which help comes next."""

    #: A person was rung unasked, and nobody was there.
    was_led: bool = False
    message_offered: bool = False
    #: The caller asked for a person as often as the line offers one while nobody can talk.
    turned_away: bool = False
    has_got: bool = False
    blocked: bool = False

    @classmethod
    def of(cls, s: Session) -> Past:
        """The past of a session. If the caller has got something, or is blocked, nothing else in it matters."""
        if s.blocked or s.got:
            return cls(has_got=bool(s.got) and not s.blocked, blocked=s.blocked)
        return cls(s.rung_unasked and bool(s.away), s.message_offered, s.turned_away >= MOST_TURNED_AWAY)

    def put(self, s: Session) -> Session:
        """The session with this past."""
        turned_away = MOST_TURNED_AWAY if self.turned_away else int(self.was_led)
        return replace(
            s, rung_unasked=self.was_led or s.place.node == "stay_on", away="busy" if turned_away else "",
            message_offered=self.message_offered or s.place.node == "message",
            turned_away=turned_away, got=("text",) if self.has_got else (), blocked=self.blocked,
        )  # fmt: skip


class Successor(NamedTuple):
    """What follows an input: at which times of day, and whether an effect failed on the way."""

    clocks: tuple[dt.datetime, ...]
    turn: Turn
    failed: bool


#: What makes two states different, in words, for the report of `ivr check --all`.
TOLD_APART = (
    "where the caller is, what was said of it, and the place that star leads back to",
    "how often they were silent or pressed an unused key there, and for how long they wait",
    "what came before: nothing; a person rung unasked who was not there; a message offered; nobody to be had; "
    "help got; or a blocked phone",
    "the phone: a mobile, a landline, or one that hides its number",
    "the time: open, or closed",
    "what effects meet: earlier requests, none, full days, or nothing that works",
)

#: A state: the parts of a session that count.
CallState = tuple[Any, ...]


class States:
    """The states of one script."""

    def __init__(self, script: Script, by_day: dt.datetime, by_night: dt.datetime | None):
        self.script = script
        self.clocks = tuple(now for now in (by_day, by_night) if now)
        self._handlers = {
            now: [
                handlers.usual(script, now), handlers.empty(), handlers.full(script, now),
                handlers.out_of_order(script, now),
            ] for now in self.clocks
        }  # fmt: skip
        ranks = {place.urgency(): name for name, place in script.nodes.items()}
        #: Guidance of each rank of urgency that may have been heard.
        self._heard = [(ranks[rank],) if rank else () for rank in sorted(ranks)]

    def starts(self) -> Iterator[Turn]:
        """How calls begin: from a phone that is blocked, from one that is not, and at the number without menus.

        And a test phone's help and settings, the only place that it finds otherwise than other phones do.
        """
        first = call.start(self.script, "proof", CALLER, self.clocks[0])
        for blocked in (False, True):
            yield replace(first, session=self.bare(replace(first.session, blocked=blocked)))
        if self.script.line.test_phones:
            tested = replace(first.session, drafts=True, place=At(HELP), trail=(At(MAIN_MENU),))
            yield reply.turn(Here(self.script, self.bare(tested), self.clocks[0]))
        for rung in self.script.line.without_menus[:1]:
            for now in self.clocks:
                at_door = call.start(self.script, "proof", CALLER, now, rung=rung)
                yield replace(at_door, session=self.bare(at_door.session))

    # --- which sessions are one state ---------------------------------------------------------------------------

    def bare(self, s: Session) -> Session:
        """The session with only the parts that count; everything else has its default."""
        asking = self._is_asking(s)
        at_pause = s.waited if s.waited <= 1 or s.place.node != Pause.id else _LAST_WAIT
        return replace(
            s, turn=0, key="", key_at=0.0, arrived=0.0, number_ended_at=0.0, fruitless=0, visited=None, taught="",
            heard=(), stuck=(), topic="", number="", asked=min(1, s.asked), quiet=0, lead=(), waited=at_pause,
            slow=False, more_time=False, door=s.door and s.place.node in AT_THE_DOOR, errors=0,
            drafts=s.drafts and s.place.node in FROM_A_TEST_PHONE,
            taking=Taking(s.taking.name, s.taking.words) if s.place.node in FROM_A_TEST_PHONE else Taking(),
            slips=s.silences + s.wrongs,
            wishes=s.wishes if asking else Wishes(), keyed=s.keyed if asking else "",
            caller=s.caller if asking else CALLER,
        )  # fmt: skip

    def state(self, turn: Turn) -> CallState:
        s, place = turn.session, self._at(turn.session)
        before = self.script.places[s.trail[-1].node] if s.trail else None
        half_way = any(self.script.places[at.node].unfinished for at in s.trail)
        kind = _kind(before) if before and place.hands_over else before is not None
        return (
            s.place, type(turn.then), s.silences, s.wrongs, s.waited, s.interrupted, s.pressed, s.one_key,
            bool(s.unsure_of), kind, half_way, s.door, s.drafts and s.place.node in FROM_A_TEST_PHONE, self._wish(s),
        )  # fmt: skip

    def _wish(self, s: Session) -> CallState:
        """The parts of a wish that count, at the places that ask about it; and the phone, where that counts."""
        place, wishes = self._at(s), s.wishes
        if not place.in_dialogue:
            return ()
        phone = (s.caller, bool(s.keyed) and s.caller != CALLER)
        if place.person_is_away or (place.hands_over and s.place.node != "ring_name"):
            return phone
        if place.most > 1:
            typed = wishes.typed if wishes.typed in ("", "0") else "some"
            return (*phone, typed, bool(wishes.number), wishes.moving)
        needs = wishes.needs if s.place.node == "ring_needs" else ()
        return (*phone, bool(wishes.reference), wishes.moving, wishes.urgent, needs)

    def _is_asking(self, s: Session) -> bool:
        places = self.script.places
        return self._at(s).in_dialogue or any(places[at.node].in_dialogue for at in s.trail)

    def _at(self, s: Session) -> Place:
        return self.script.places[s.place.node]

    # --- what can come next -----------------------------------------------------------------------------

    def events(self, turn: Turn) -> Iterator[Input]:
        """Everything that can come in: each key that differs, silence, and each way in which something ends."""
        then, s = turn.then, turn.session
        match then:
            case Gather():
                yield NoInput()
                yield from map(Key, self._entries(s) if then.digits > 1 else self._keys(s))
            case Transfer():
                yield from map(TransferEnded, get_args(Ended))
            case HangUp():
                return
            case _:
                yield from (Recorded(key, seconds) for key in ("", *"0*#9") for seconds in (0, MESSAGE_SECONDS))
        if not isinstance(then, Gather) and then.keys:
            yield from map(Key, "0*#915")

    def _keys(self, s: Session) -> Iterator[str]:
        chosen, unused = [option.key for option in choices_at(self.script, s)], unused_key(self.script, s)
        yield from dict.fromkeys([*chosen, *"10*#9", *([unused] if unused else [])])

    def _entries(self, s: Session) -> Iterator[str]:
        yield from ("0", "*", "#", "0#", *entries_at(self._at(s)))

    def answers(self, turn: Turn, event: Input, past: Past, *, first: bool) -> Iterator[Successor]:
        """What can follow.

        `first`: this is the first past with which the state is tried. Only then are the values tried that do not
        depend on the past.
        """
        for s in self._sessions(turn, event, past, first=first):
            for now in self.clocks:
                answered = call.answer(self.script, s, event, now)
                # From one node of staff's to another, the time of day makes no difference: one clock stands for all.
                is_staffs = self._is_staffs(s) and isinstance(answered, Turn) and self._is_staffs(answered.session)
                for after, failed in self.settled(answered, now):
                    yield Successor(self.clocks if is_staffs else (now,), after, failed)
                if is_staffs:
                    break

    def _is_staffs(self, s: Session) -> bool:
        return s.place.node in self.script.nodes

    def _sessions(self, turn: Turn, event: Input, past: Past, *, first: bool) -> Iterator[Session]:
        s = past.put(turn.session)
        slips = isinstance(event, NoInput) or (isinstance(event, Key) and event.keys not in reply.UNIVERSAL)
        if first or not slips:
            yield s
        if slips:
            yield replace(s, slips=3)
        if event in IN_CIRCLES and not (s.silences or s.wrongs):
            yield replace(s, fruitless=escalation.MOST_FRUITLESS - 1)
        if first and isinstance(event, Key) and not self._is_asking(s):
            for caller in PHONES:
                for keyed in ("", KEYED):
                    for heard in self._heard:
                        if caller != s.caller or keyed or heard:
                            yield replace(s, caller=caller, keyed=keyed, heard=heard)

    def settled(
        self, answered: Turn | PendingEffect, now: dt.datetime, *, failed: bool = False
    ) -> Iterator[tuple[Turn, bool]]:
        """How a turn can go on, depending on what each kind of handler does with its effects."""
        if isinstance(answered, Turn):
            yield answered, failed
            return
        tried: list[Done | Failed] = []
        for handler in self._handlers[now]:
            outcome = twin(handler).run(self.script, answered.effect, now)
            if outcome not in tried:
                tried.append(outcome)
                is_failed = failed or isinstance(outcome, Failed)
                yield from self.settled(answered.then(outcome), now, failed=is_failed)


def _kind(place: Place) -> str:
    """What is told apart of the place that star leads back to: which step it is, or of which kind a node is."""
    return place.id if place.in_dialogue else type(place).__name__
