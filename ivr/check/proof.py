"""The proof: five laws about calls, checked in every state that a call can be in.

- A caller who does nothing any more gets something, in time.
- Zero rings a person within three seconds, or says by then why not.
- Star leads back.
- From everywhere, keys that the line names lead to help. So nobody is caught in a circle.
- An effect that fails leads on, and is not announced as done.

`states` says what a state is, and what is tried in it.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from msgspec.structs import replace

from ivr.check.explore import LONGEST_CALL
from ivr.check.states import CallState, Past, States, Successor
from ivr.check.timing import TURN_GAP, Timing
from ivr.engine import call
from ivr.places.nodes import Pause
from ivr.places.person import PersonAway
from ivr.practice.outcome import REASONS, is_told
from ivr.problems import Kind, Problem, kind
from ivr.script import GREETING, MAIN_MENU, Script
from ivr.script.session import (
    Gather,
    HangUp,
    Input,
    Key,
    NoInput,
    Record,
    Recorded,
    Session,
    Transfer,
    TransferEnded,
    Turn,
)
from ivr.spoken import words_of

#: Seconds within which zero rings, or says why not. They are compared in tenths, as they are told: rendered by the
#: natural voice, the words of `person` take 3.04.
PERSON_WITHIN = 3.0
#: Places that give help. To which of them a key leads depends on what came before in the call.
_HELP = {"person", "person_away", "stay_on", "message", "told", "goodbye"}
_NAMES = {"*": "star", "#": "hash"}


#: The laws, each as a kind of problem.
LAWS: dict[str, Kind] = {
    law: kind(f"proof-{law}", "{what}", "{remedy}", why=why)
    for law, why in (
        ("nothing", "A caller who does nothing any more gets something, in time."),
        ("person", "Zero rings a person within three seconds, or says by then why not."),
        ("back", "Star leads back."),
        ("circle", "From everywhere, keys that the line names lead to help."),
        ("failed", "An effect that fails leads on, and is not announced as done."),
    )
}


@dataclass(frozen=True)
class Violation:
    """A law that is broken in a state: the place, what happens there, and the inputs that lead to it."""

    law: str
    place: str
    says: str
    way: tuple[Input, ...]

    def problem(self) -> Problem:
        """The problem, without its place in staff's files."""
        way = " ".join(filter(None, map(_named, self.way)))
        how = f"Play it with these keys: {way}." if way else "It is so at the beginning of the call."
        return LAWS[self.law](what=f"At '{self.place}': {self.says}", remedy=how)


def _named(event: Input) -> str:
    match event:
        case Key(keys):
            return _NAMES.get(keys, keys)
        case NoInput():
            return "silence"
        case TransferEnded(how):
            return f"({how.replace('_', ' ')})"
        case Recorded(key, seconds):
            return "(speaks)" if seconds else f"{key} (at the tone)"


@dataclass(frozen=True, order=True)
class LeftAlone:
    """For a caller who does nothing any more at a place: the most seconds until they get something, and the allowance.

    They sort by the allowance, and then by the seconds.
    """

    allowed: float
    seconds: float
    place: str


@dataclass(frozen=True)
class Proof:
    """How many states and moves were tried, and the faults."""

    states: int
    moves: int
    #: For every place at which the line waits, those with the same allowance together, the longest last.
    left_alone: tuple[LeftAlone, ...]
    faults: tuple[Violation, ...]


def prove(script: Script, by_day: dt.datetime, by_night: dt.datetime | None, timing: Timing, most: int = 100) -> Proof:
    """Try every state of a script. Stops after `most` faults."""
    return _Prover(States(script, by_day, by_night), timing).prove(most)


class _Prover:
    def __init__(self, states: States, timing: Timing):
        self._states, self._script, self._timing = states, states.script, timing
        self._turns: dict[CallState, Turn] = {}
        self._pasts: dict[str, list[Past]] = {}
        self._of_place: dict[str, list[CallState]] = {}
        self._waiting: deque[tuple[CallState, Past]] = deque()
        #: How each state was first come to.
        self._from: dict[CallState, tuple[CallState, Input]] = {}
        #: By state: the keys that need no further past, because what they lead to does not depend on it.
        self._same: dict[CallState, set[Input]] = {}
        #: By time and state: the states from which a named key, or waiting, leads to this one.
        self._led_from: dict[tuple[dt.datetime, CallState], set[CallState]] = {}
        #: By time: the states from which a named key, or waiting, leads to help at once.
        self._helped: dict[dt.datetime, set[CallState]] = {now: set() for now in states.clocks}
        self._alone: dict[Session, float] = {}
        self._faults: dict[tuple[str, str], Violation] = {}
        self._moves = 0
        self._longest: dict[str, float] = {}

    def prove(self, most: int) -> Proof:
        for turn in self._states.starts():
            self._come(turn, None)
        while self._waiting and len(self._faults) < most:
            self._try(*self._waiting.popleft())
        if len(self._faults) < most:
            self._look_for_circles()
        pairs = sum(len(self._pasts[place]) * len(states) for place, states in self._of_place.items())
        places = self._script.places
        alone = sorted(LeftAlone(places[name].helped_within, seconds, name) for name, seconds in self._longest.items())
        return Proof(pairs, self._moves, tuple(alone), tuple(self._faults.values()))

    # --- every state once -----------------------------------------------------------------------------

    def _come(self, turn: Turn, way: tuple[CallState, Input] | None) -> CallState:
        """Add a state to those to try, with every past that occurs at its place."""
        s, state = turn.session, self._states.state(turn)
        place = s.place.node if s.place.node in self._script.steps else ""
        past, pasts, states = Past.of(s), self._pasts.setdefault(place, []), self._of_place.setdefault(place, [])
        if state not in self._turns:
            self._turns[state] = replace(turn, session=self._states.bare(s))
            if way:
                self._from[state] = way
            states.append(state)
            self._waiting.extend((state, known) for known in pasts)
        if past not in pasts:
            pasts.append(past)
            self._waiting.extend((known, past) for known in states)
        return state

    def _try(self, state: CallState, past: Past) -> None:
        """Try every input in a state, with one past."""
        turn, first = self._turns[state], state not in self._same
        same, seen = self._same.setdefault(state, set()), set[object]()
        self._left_alone(state, past)
        for event in self._states.events(turn):
            if event in same:
                continue
            answers = list(self._states.answers(turn, event, past, first=first))
            told = tuple((answer.clocks, self._after(state, turn, event, answer)) for answer in answers)
            is_key = isinstance(event, Key) and event not in (Key("0"), Key("#"))
            if first and is_key and (told in seen or not any(a.turn.session.place.node in _HELP for a in answers)):
                same.add(event)
            seen.add(told)

    def _after(self, state: CallState, turn: Turn, event: Input, answer: Successor) -> CallState:
        """Check one move, and return the state that it leads to."""
        self._moves += 1
        after = answer.turn
        reached = self._come(after, (state, event))
        for now in answer.clocks if self._is_named(turn, event) else ():
            self._led_from.setdefault((now, reached), set()).add(state)
            if isinstance(after.then, Transfer) or "request" in after.session.got or self._told(after):
                self._helped[now].add(state)
        for law, says in self._broken(turn, event, answer):
            self._fault(law, state, says, event)
        return reached

    def _fault(self, law: str, state: CallState, says: str, *events: Input) -> None:
        place, way = self._turns[state].session.place.node, list(events)
        while state in self._from and len(way) < 60:
            state, event = self._from[state]
            way.insert(0, event)
        self._faults.setdefault((law, place), Violation(law, place, says, tuple(way)))

    # --- what must hold of a move -----------------------------------------------------------------------

    def _broken(self, turn: Turn, event: Input, answer: Successor) -> Iterator[tuple[str, str]]:
        after = answer.turn
        if event == Key("0") and (says := self._no_person(turn, after)):
            yield "person", says
        if isinstance(event, Key) and not answer.failed and (says := self._no_way_back(turn, event, after)):
            yield "back", says
        if answer.failed and (says := self._no_way_on(after)):
            yield "failed", says

    def _no_person(self, turn: Turn, after: Turn) -> str:
        if isinstance(turn.then, Gather) and turn.then.digits > 1:
            return ""  # a zero by itself may be a number begun
        seconds = self._timing.reply(after) if isinstance(after.then, Transfer) else self._until_why(after)
        if seconds is None:
            return "Zero rings nobody here, and does not say why."
        is_late = round(seconds, 1) > PERSON_WITHIN
        return f"Zero takes {seconds:.1f} seconds here to ring, or to say why not." if is_late else ""

    def _until_why(self, after: Turn) -> float | None:
        """Seconds until it is said why nobody can talk."""
        why = {next(iter(words_of(self._script.speech(line)))) for line in (*REASONS, PersonAway.tried)}
        said = next((i for i, piece in enumerate(after.says) if piece in why), None)
        return None if said is None else self._timing.first(after, said)

    def _no_way_back(self, turn: Turn, event: Key, after: Turn) -> str:
        s, new = turn.session, after.session
        if not isinstance(turn.then, Gather) or turn.then.digits > 1 or s.place.node == Pause.id:
            return ""
        if event == Key("*") and s.trail:
            wanted = s.trail[-1].node
            is_back = new.place.node == wanted and len(new.trail) < len(s.trail)
            return "" if is_back or new.place.node in _HELP else "Star does not lead back from here."
        if s.place.node != GREETING and len(new.trail) > len(s.trail) and new.trail[len(s.trail)].node != s.place.node:
            return "Star does not lead back here from where this leads."
        if not new.trail and new.place.node not in (s.place.node, MAIN_MENU) and event != Key("*"):
            return (
                "" if self._script.places[new.place.node].ends_dialogue else "Nothing leads back from where this leads."
            )
        return ""

    def _no_way_on(self, after: Turn) -> str:
        if "request" in after.session.got:
            return "What could not be done is told as done."
        if isinstance(after.then, HangUp) and not (after.session.got or self._told(after)):
            return "What could not be done ends the call here, and the caller has nothing."
        return "" if after.says else "What could not be done is not told."

    def _told(self, turn: Turn) -> bool:
        return is_told(self._script, turn)

    # --- doing nothing ------------------------------------------------------------------------------------

    def _left_alone(self, state: CallState, past: Past) -> None:
        """Check that a caller who does nothing from here on gets something, in time."""
        turn = self._turns[state]
        if isinstance(turn.then, HangUp):
            return
        seconds = self._until_got(past.put(turn.session), turn, frozenset(), 0.0)
        if seconds == inf:
            self._fault("nothing", state, "Whoever does nothing from here on gets nothing.", NoInput())
            return
        place = self._script.places[turn.session.place.node]
        self._longest[place.id] = max(seconds, self._longest.get(place.id, 0.0))
        if seconds > place.helped_within:
            says = (
                f"Whoever does nothing from here on waits {seconds:.0f} seconds until they have something. "
                f"Here it must be {place.helped_within:.0f} at most."
            )
            self._fault("nothing", state, says, NoInput())

    def _until_got(self, s: Session, turn: Turn, before: frozenset[Session], spent: float) -> float:
        """The most seconds until a caller who does nothing gets something; infinite if they never do, or only after the
        longest call.
        """
        s = replace(self._states.bare(s), trail=s.trail[-1:], left_at=-1, quiet=s.quiet, slips=s.slips)
        if s in self._alone:
            return self._alone[s]
        if s in before or spent > LONGEST_CALL:
            return inf
        found = 0.0
        for event in _nothing(turn):
            for now in self._states.clocks:
                for after, _ in self._states.settled(call.answer(self._script, s, event, now), now):
                    self._moves += 1
                    found = max(found, self._took(after, before | {s}, spent))
        self._alone[s] = found
        return found

    def _took(self, after: Turn, before: frozenset[Session], spent: float) -> float:
        said = self._timing.reply(after) + TURN_GAP
        match after.then:
            case HangUp():
                return said if after.session.got or self._told(after) else inf
            case Gather(seconds):
                wait = seconds
            case Transfer(ring_seconds=seconds) | Record(silence=seconds):
                wait = seconds
        took = said + wait
        counted = 0 if after.session.place.node == Pause.id else took  # a pause lasts as long as the caller asked for
        return took + self._until_got(after.session, after, before, spent + counted)

    # --- circles --------------------------------------------------------------------------------------------

    def _is_named(self, turn: Turn, event: Input) -> bool:
        """Whether the line tells a caller of this input: it names the key, or goes on by itself after waiting."""
        at = turn.session.place
        if not isinstance(event, Key):
            return bool(at.offer or at.pen) or not isinstance(turn.then, Gather) or self._is_telling(turn)
        if turn.then == HangUp() or event.keys == "9":
            return False
        if at.node == Pause.id or (isinstance(turn.then, Gather) and turn.then.digits > 1):
            return True
        return self._timing.until(turn, event.keys) is not None or (event.keys == "1" and bool(at.offer or at.pen))

    def _is_telling(self, turn: Turn) -> bool:
        s = turn.session
        return self._script.places[s.place.node].is_telling(s) or s.waited > 0

    def _look_for_circles(self) -> None:
        """Report states from which no sequence of named keys and waits leads to help, while open and while closed."""
        for now in self._states.clocks:
            helped = set(self._helped[now])
            near = deque(helped)
            while near:
                for state in self._led_from.get((now, near.popleft()), set()) - helped:
                    helped.add(state)
                    near.append(state)
            for state, turn in self._turns.items():
                if state not in helped and not isinstance(turn.then, HangUp):
                    self._fault("circle", state, "No key that is named here leads to help, by itself or with others.")


def _nothing(turn: Turn) -> Iterator[Input]:
    """The inputs that come from a caller who does nothing, when no adviser answers."""
    match turn.then:
        case Gather():
            yield NoInput()
        case Transfer():
            yield from (TransferEnded("busy"), TransferEnded("no_answer"), TransferEnded("failed"))
        case Record():
            yield from (NoInput(), Recorded())
