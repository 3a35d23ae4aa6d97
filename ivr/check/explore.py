"""Finds every place that a caller can reach, and how long it takes, by walking the engine in all directions.

A caller is a *hand*: at each turn it yields the visits that can follow, with the time they take. The walk expands the
earliest visit first (Dijkstra), so it finds the least time in which this caller can reach each place. Times start with
the first word of the call.
"""

from __future__ import annotations

import copy
import datetime as dt
import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from ivr.check.answers import Answers, Stamps
from ivr.check.timing import TURN_GAP, Timing
from ivr.places import languages
from ivr.places.changing import RingReference
from ivr.places.nodes import MainMenu
from ivr.places.reading import Greeting, Reading
from ivr.places.texting import text_about
from ivr.places.wish import half_way
from ivr.practice.effects import PracticeHandler
from ivr.script import END_MENU, Script
from ivr.script.place import Here, Option, Place
from ivr.script.session import (
    CancelRequest,
    Done,
    Effect,
    Failed,
    Gather,
    HangUp,
    Input,
    MoveRequest,
    NoInput,
    Record,
    Recorded,
    SaveRequest,
    SendText,
    Session,
    Transfer,
    TransferEnded,
    Turn,
)
from ivr.spoken import words_of

#: A mobile number that belongs to nobody, for stories.
CALLER = "+447700900123"
#: Seconds. A longer call helps nobody, so places further away count as not reached.
LONGEST_CALL = 40 * 60.0
#: Seconds of speech after the tone: enough for a name and what the caller needs.
MESSAGE_SECONDS = 6
#: The numbers of calls that this caller asked for before: one waits, one was tried, one is late, one was given up, one
#: is done.
REFERENCES = ("4310", "4320", "4330", "4340", "4350")
_ANY_TIME = dt.datetime(2000, 1, 3, 12, tzinfo=dt.UTC)

#: Places at which it matters what the caller listened to, because the text that is offered is about that.
TEXTED_FROM = (END_MENU, "send_text")
#: Keys that hardly any place uses, most likely unused first.
_UNUSED = "78654321"
#: What a caller can get, apart from reaching a place.
PERSON, REQUEST, MESSAGE, MOVED, CANCELLED = "person", "request", "message", "moved", "cancelled"


@dataclass(frozen=True)
class Cost:
    """The cost of getting something: seconds from the first word, and keys."""

    seconds: float
    presses: int


class Visit(msgspec.Struct, frozen=True, gc=False):
    """A turn that a caller reached: at which second, after how many keys, by which inputs, and with which handler."""

    turn: Turn
    stamps: Stamps
    seconds: float
    presses: int
    way: tuple[Input, ...]
    handler: PracticeHandler

    @property
    def node(self) -> str:
        return self.turn.session.place.node


@dataclass
class Walk:
    """Every place that a caller can reach, nearest first, and the first visit at which each thing is got."""

    timing: Timing
    visits: list[Visit] = field(default_factory=list)
    #: By what was got: the visit, with the second at which it was got.
    got: dict[str, Visit] = field(default_factory=dict)
    #: Every reply that was heard, by the id of its Turn, in order.
    heard: dict[int, Turn] = field(default_factory=dict)

    def by_node(self) -> dict[str, Visit]:
        """The quickest visit of each node."""
        found: dict[str, Visit] = {}
        for visit in self.visits:
            found.setdefault(visit.node, visit)
        return found

    def words(self) -> set[str]:
        """Everything that was said."""
        return {words for turn in self.heard.values() for words in words_of(turn.says)}

    def longest(self) -> dict[str, Turn]:
        """By node: the longest reply there, including what is said first on the way to it."""
        found: dict[str, Turn] = {}
        for turn in self.heard.values():
            node = turn.session.place.node
            found[node] = max(found.get(node, turn), turn, key=self.timing.reply)
        return found

    def note(self, what: str, visit: Visit) -> None:
        if what not in self.got or visit.seconds < self.got[what].seconds:
            self.got[what] = visit


class Walker:
    """Moves from visit to visit in one script, and records what is got on the way."""

    def __init__(self, script: Script, now: dt.datetime, timing: Timing, answers: Answers, handler: PracticeHandler):
        self.script, self.now, self.timing, self._answers = script, now, timing, answers
        self.walk, self._began = Walk(timing), now.timestamp()
        self.first = Visit(answers.start("explore", CALLER, now), Stamps(), 0.0, 0, (), handler)

    def answered(self, visit: Visit, event: Input, after: float, presses: int = 0) -> Visit:
        """The visit after an input that comes this many seconds after the reply began."""
        moment, reached = visit.seconds + after, visit.seconds + max(0.0, after) + TURN_GAP
        handler = OwnHandler(visit.handler)
        turn, stamps = self._answers.answer_in_time(
            visit.turn, visit.stamps, event, handler, self.now, self._began + moment
        )
        self.walk.heard[id(turn)] = turn
        after_it = Visit(turn, stamps, reached, visit.presses + presses, (*visit.way, event), handler.handler)
        for effect, outcome in handler.done:
            if what := got_by(effect, outcome):
                self.walk.note(what, after_it)
        if isinstance(event, Recorded) and event.seconds:
            self.walk.note(MESSAGE, after_it)
        if isinstance(turn.then, Transfer):
            self.walk.note(PERSON, self._said(after_it))
        return after_it

    def silence(self, visit: Visit) -> Visit:
        """The visit after waiting through a reply and its time limit."""
        then = visit.turn.then
        assert isinstance(then, Gather)
        return self.answered(visit, NoInput(), self.timing.reply(visit.turn) + then.seconds)

    def without_a_key(self, visit: Visit) -> Iterator[Visit]:
        """The visits after a turn that does not wait for a key."""
        then, said = visit.turn.then, self.timing.reply(visit.turn)
        if isinstance(then, Transfer):
            yield self.answered(visit, TransferEnded("no_answer"), said + then.ring_seconds)
        elif isinstance(then, Record):
            yield self.answered(visit, Recorded(seconds=MESSAGE_SECONDS), said + MESSAGE_SECONDS + then.silence)

    def _said(self, visit: Visit) -> Visit:
        """The visit at the end of its reply."""
        return replace(visit, seconds=visit.seconds + self.timing.reply(visit.turn))


#: The visits that can follow a visit, for one kind of caller.
Hand = Callable[[Walker, Visit], Iterator[Visit]]


def explore(walker: Walker, hand: Hand, *, waits: bool = False) -> Walk:
    """Walk with one hand: the earliest visit of each place, and what the caller can get.

    With `waits`, a place after a silence counts as a different place, for callers who move on by waiting.
    """
    order = itertools.count()
    waiting: list[tuple[float, int, Visit]] = [(0.0, next(order), walker.first)]
    seen: set[object] = set()
    while waiting:
        _, _, visit = heapq.heappop(waiting)
        silences = visit.turn.session.silences if waits else 0
        state = (_state(walker.script, visit.turn.session), silences)
        if state in seen or visit.seconds > LONGEST_CALL:
            continue
        seen.add(state)
        walker.walk.visits.append(visit)
        if isinstance(visit.turn.then, HangUp):
            continue
        for after in hand(walker, visit):
            heapq.heappush(waiting, (after.seconds, next(order), after))
    return walker.walk


def _state(script: Script, s: Session) -> object:
    """The part of a session that decides where a visit leads."""
    text = text_about(script, s) if s.place.node in TEXTED_FROM else ""
    in_the_middle = s.place.node == "person" and half_way(script, s, *s.trail)  # of asking to be rung
    found = s.wishes.reference if s.place.node == "ring_found" else ""
    steps = script.steps.values() if script.places[s.place.node].unfinished else ()
    ahead = tuple(place.hangs_on(s) for place in steps if place.unfinished)
    return s.place, s.one_key, s.wishes.moving, bool(s.wishes.typed), text, in_the_middle, found, ahead


class OwnHandler:
    """A handler for one turn. The first effect makes a copy, so that the original stays unchanged."""

    def __init__(self, handler: PracticeHandler):
        self.handler = handler
        #: The effects that were run, with their results.
        self.done: list[tuple[Effect, Done | Failed]] = []

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        if not self.done:
            self.handler = twin(self.handler)
        outcome = self.handler.run(script, effect, now)
        self.done.append((effect, outcome))
        return outcome


def twin(handler: PracticeHandler) -> PracticeHandler:
    """An independent copy of a handler."""
    other = copy.copy(handler)
    vars(other).update({name: copy.copy(value) for name, value in vars(handler).items()})
    return other


def got_by(effect: Effect, outcome: Done | Failed) -> str:
    """What a caller has got by an effect; empty if the effect only looks something up or prepares."""
    if isinstance(outcome, Failed):
        return ""
    match effect:
        case SendText(text=name):
            return text_got(name)
        case SaveRequest(request) if request.state == "waiting":
            return REQUEST
        case MoveRequest():
            return MOVED
        case CancelRequest(reference=reference) if reference in REFERENCES:  # otherwise it only withdraws the draft
            return CANCELLED
    return ""


def text_got(name: str) -> str:
    """The key in `got` for a text message."""
    return f"text {name}"


def heard_to_end(script: Script, timing: Timing, visit: Visit) -> float | None:
    """The second at which a reading has been heard to its end; None for other parts, or for its choices alone."""
    node, place = script.nodes.get(visit.node), visit.turn.session.place
    if not isinstance(node, Reading) or place.part != len(node.parts) - 1:
        return None
    own = {piece for piece in (*node.parts[-1], *node.closing) if isinstance(piece, str)}
    last = max((i for i, piece in enumerate(visit.turn.says) if piece in own), default=None)
    return None if last is None else visit.seconds + timing.first(visit.turn, last + 1)


def asks_for_a_key(turn: Turn) -> bool:
    """Whether the line waits for a single key here."""
    return isinstance(turn.then, Gather) and turn.then.digits == 1


def is_told_in_parts(script: Script, turn: Turn) -> bool:
    """Whether the line continues by itself here, in the middle of a reading."""
    return _here(script, turn.session).place.is_telling(turn.session)


def entries_at(place: Place) -> tuple[str, ...]:
    """What callers try to enter at a place: its own samples, and the call numbers that the handler knows."""
    return (*(REFERENCES if isinstance(place, RingReference) else ()), *place.entries())


def choices_at(script: Script, s: Session) -> tuple[Option, ...]:
    """The choices at the caller's place. None of them depends on the time, but for the days of another language."""
    here = _here(script, s)
    return here.place.choices(here)


def unused_key(script: Script, s: Session) -> str | None:
    """A key that means nothing at the caller's place; None if every key means something.

    That can be so in the greeting and the first menu, where languages have keys as well as choices.
    """
    here = _here(script, s)
    used = {option.key for option in here.place.choices(here)}
    if isinstance(here.place, Greeting | MainMenu):
        used.update(tongue.keys[0] for tongue in languages.offered(here))
    return next((key for key in _UNUSED if key not in used), None)


def _here(script: Script, s: Session) -> Here:
    """The caller's place, in the script of the language that the call is in."""
    return Here(script.in_language(s.language, drafts=s.drafts), s, _ANY_TIME)
