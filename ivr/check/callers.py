"""Simulated callers: people who hear, press or wait differently, and need the same help.

Each runs the real engine, is given a budget of time and of keys, and must come to every
kind of help that it asks for. What they needed is printed, so that a change which makes
the line longer for somebody is seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ivr import call, reply
from ivr.check import english
from ivr.check.explore import (
    LONGEST_CALL,
    REACTION,
    Move,
    Visit,
    Walk,
    answered,
    explore,
    heard_key,
    ordinary,
    other_moves,
    silence,
    spoken_seconds,
)
from ivr.hours import LONDON
from ivr.script import GREETING, HELP, MAIN_MENU, Reading, Script
from ivr.session import Gather, HangUp, Input, Key, NoInput, SendText, Transfer, Turn
from ivr.spoken import words_of

#: A mobile that no phone has, kept for stories.
CALLER = "+447700900123"
#: Words a minute that a text relay's operator types.
RELAY_PACE = 40.0
#: Seconds a person needs to read what was typed, and to have a key pressed for them.
RELAY_REPLY = 8.0
#: The key that the caller with wrong keys presses.
UNUSED_KEY = "7"


@dataclass(frozen=True)
class Cost:
    """What it takes to come to something: seconds and keys."""

    seconds: float
    presses: int


@dataclass(frozen=True)
class Allowed:
    """What a caller may need at most for each kind of help."""

    person: Cost
    ring: Cost
    text: Cost
    guidance: Cost


@dataclass(frozen=True)
class Figure:
    """What one caller needed for one kind of help; None: it was not come to."""

    caller: str
    wants: str
    needed: Cost | None
    allowed: Cost
    #: The reading that takes most, where it is all of the guidance.
    at: str = ""

    @property
    def kept(self) -> bool:
        needed, allowed = self.needed, self.allowed
        return needed is not None and needed.seconds <= allowed.seconds and needed.presses <= allowed.presses

    def __str__(self) -> str:
        needed = f"{self.needed.seconds:4.0f} s  {self.needed.presses:2} keys" if self.needed else "not reached"
        allowed = f"{self.allowed.seconds:.0f} s, {self.allowed.presses} keys"
        return f"{self.caller:38} {self.wants:29} {needed:16} (at most {allowed}){'' if self.kept else '  TOO MUCH'}"


def when_open(script: Script, today: dt.date) -> dt.datetime:
    """A moment from that day on at which the line is open, if it ever is."""
    start = dt.datetime.combine(today, dt.time(), LONDON)
    return (script.hours.next_open(start) or start) + dt.timedelta(minutes=1)


def figures(script: Script, today: dt.date) -> list[Figure]:
    """What every simulated caller needed, when the line is next open from that day on, and when it is closed."""
    day = when_open(script, today)
    quick = Allowed(person=Cost(60, 2), ring=Cost(240, 10), text=Cost(150, 5), guidance=Cost(240, 7))
    waiting = Allowed(person=Cost(240, 3), ring=Cost(600, 12), text=Cost(400, 6), guidance=Cost(900, 16))
    typing = Allowed(person=Cost(400, 4), ring=Cost(1200, 14), text=Cost(600, 8), guidance=Cost(1200, 10))
    anybody = explore(script, day, ordinary, CALLER)
    return [
        *_passive("never presses, silent or talking", script, day, NoInput(), Cost(300, 0)),
        *_passive("presses a wrong key every time", script, day, Key(UNUSED_KEY), Cost(180, 4)),
        *_active("presses any key", script, anybody, quick),
        *_active("has a trembling hand", script, explore(script, day, _trembling, CALLER), quick),
        *_active("remembers one thing at a time", script, explore(script, day, _one_thing, CALLER), quick),
        *_active("can press 1 and wait", script, explore(script, day, one_key, CALLER), waiting),
        *_active("types through a relay", script, anybody, typing, lambda visit: _Relay(script, day).follow(visit)),
    ]


# --- callers who do one thing only ----------------------------------------------------------


def _passive(name: str, script: Script, now: dt.datetime, event: NoInput | Key, allowed: Cost) -> Iterator[Figure]:
    """A caller who does the same whatever is said must be brought to a person by the line."""
    yield Figure(name, "a person, by day", _led_to_person(script, now, event), allowed)
    later = (now + dt.timedelta(hours=hours) for hours in range(7 * 24))
    if closed := next((moment for moment in later if not script.hours.is_open(moment)), None):
        yield Figure(name, "to be rung back, when closed", _led_to_offer(script, closed, event), allowed)


def _led_to_person(script: Script, now: dt.datetime, event: NoInput | Key) -> Cost | None:
    return _run(script, now, event, lambda turn: isinstance(turn.then, Transfer))


def _led_to_offer(script: Script, now: dt.datetime, event: NoInput | Key) -> Cost | None:
    return _run(script, now, event, lambda turn: turn.session.place.node in ("person_away", "message"))


def _run(script: Script, now: dt.datetime, event: NoInput | Key, there: Callable[[Turn], bool]) -> Cost | None:
    turn, seconds, presses = call.start(script, "passive", CALLER, now), 0.0, 0
    for _ in range(60):
        if there(turn):
            return Cost(seconds, presses)
        if isinstance(turn.then, HangUp) or not isinstance(turn.then, Gather):
            return None
        waits = (
            isinstance(event, NoInput) or not reply.crossroads(script, turn.session) or _goes_on_by_itself(script, turn)
        )
        spent = spoken_seconds(script, turn) + (turn.then.seconds if waits else REACTION)
        seconds += spent
        presses += not waits
        turn = call.answer(script, turn.session, NoInput() if waits else event, now + dt.timedelta(seconds=seconds))
    return None


def _goes_on_by_itself(script: Script, turn: Turn) -> bool:
    return isinstance(script.nodes.get(turn.session.place.node), Reading)


# --- callers who choose ---------------------------------------------------------------------


def _as_walked(visit: Visit) -> Cost:
    return Cost(visit.seconds, visit.presses)


def _active(
    name: str, script: Script, walk: Walk, allowed: Allowed, cost: Callable[[Visit], Cost | None] = _as_walked
) -> Iterator[Figure]:
    """A caller who can choose must come to every kind of help, and to all the guidance."""

    def needed(visit: Visit | None) -> Cost | None:
        return cost(visit) if visit else None

    yield Figure(name, "a person", needed(walk.quickest(_at_person)), allowed.person)
    yield Figure(name, "to be rung back", needed(walk.quickest(_at("ring_done"))), allowed.ring)
    yield Figure(name, "a text", needed(walk.errands.get(SendText.__name__)), allowed.text)
    ways = walk.by_node()
    yield _all_readings(name, {node: needed(ways.get(node)) for node in _readings(script)}, allowed.guidance)


def _at_person(visit: Visit) -> bool:
    return isinstance(visit.turn.then, Transfer)


def _at(node: str) -> Callable[[Visit], bool]:
    return lambda visit: visit.node == node


def _readings(script: Script) -> set[str]:
    return {node.id for node in script.nodes.values() if isinstance(node, Reading) and node.id != GREETING}


def _all_readings(name: str, needed: Mapping[str, Cost | None], allowed: Cost) -> Figure:
    """The most that any reading needs, by its quickest way, and which one; None if one is not come to."""
    found = {node: cost for node, cost in sorted(needed.items()) if cost}
    if missing := sorted(needed.keys() - found.keys()):
        return Figure(name, "all of the guidance", None, allowed, missing[0])
    cost = Cost(max(cost.seconds for cost in found.values()), max(cost.presses for cost in found.values()))
    farthest = max(found, key=lambda node: (found[node].presses / allowed.presses, found[node].seconds))
    return Figure(name, "all of the guidance", cost, allowed, farthest)


def not_reached(script: Script, walk: Walk) -> list[str]:
    """Readings that a walk does not come to."""
    return sorted(_readings(script) - set(walk.by_node()))


def _trembling(script: Script, turn: Turn) -> Iterator[Move]:
    """Each key comes twice, four tenths of a second apart."""
    for move in ordinary(script, turn):
        keys = [event for event in move.inputs if isinstance(event, Key)]
        twice = keys and len(keys[0].keys) == 1
        yield Move((keys[0], keys[0]), move.seconds, move.presses) if twice else move


def one_key(script: Script, turn: Turn) -> Iterator[Move]:
    """Key 1, and waiting. The line offers each choice in turn."""
    yield from other_moves(turn)
    if not isinstance(turn.then, Gather):
        yield Move((Key("1"),), spoken_seconds(script, turn), 1)
        return
    yield silence(script, turn)
    if turn.then.digits == 1:
        yield Move((Key("1"),), spoken_seconds(script, turn) + REACTION, 1)


def _one_thing(script: Script, turn: Turn) -> Iterator[Move]:
    """A caller who can hold one choice at a time, and so presses only a key named right behind its choice."""
    if not isinstance(turn.then, Gather) or turn.then.digits > 1:
        yield from ordinary(script, turn)
        return
    yield silence(script, turn)
    for option in reply.crossroads(script, turn.session):
        if _named_right_behind(script, turn, option.key, option.label[-1] if option.label else ""):
            yield Move((Key(option.key),), heard_key(script, turn, option.key) + REACTION, 1)
    if _named_right_behind(script, turn, "0", script.says["to_person"][-1]):
        yield Move((Key("0"),), heard_key(script, turn, "0") + REACTION, 1)


def _named_right_behind(script: Script, turn: Turn, key: str, label: object) -> bool:
    says = turn.says
    names = {script.press.get(key), script.press_where.get(key)}
    return any(
        piece == label and i + 2 < len(says) and isinstance(says[i + 1], float) and says[i + 2] in names
        for i, piece in enumerate(says)
    )


# --- a caller behind a text relay -----------------------------------------------------------


class _Relay:
    """One call through a relay: what is said, what has been typed of it by now, and what is pressed.

    An operator types what is said, and presses what comes back, while the line talks on. The
    caller goes the way an ordinary caller would, at once or after asking for a person: where
    nobody answers, nobody is hurried, and more time can be asked for.
    """

    def __init__(self, script: Script, now: dt.datetime):
        self._script, self._now = script, now
        self._begin()

    def _begin(self) -> None:
        self._turn = call.start(self._script, "relay", CALLER, self._now)
        self._seconds, self._typed_until, self._presses = 0.0, 0.0, 0
        self._typed: set[str] = set()
        #: When the name of each key had been typed.
        self._named: dict[str, float] = {}

    def follow(self, visit: Visit) -> Cost | None:
        """What it takes to come to where a visit is; None if it cannot be come to."""
        person = [("", "0"), ("person_away", "3")]
        ways: tuple[list[tuple[str, str]], ...] = ([], person, [*person, (MAIN_MENU, "9"), (HELP, "2")])
        costs = (self._follow([*first, *self._steps(visit)], visit) for first in ways)
        return min((cost for cost in costs if cost), key=lambda cost: cost.seconds, default=None)

    def _follow(self, steps: list[tuple[str, str]], visit: Visit) -> Cost | None:
        self._begin()
        while self._seconds < LONGEST_CALL:
            if not steps and self._turn.session.place.node == visit.node:
                return Cost(self._seconds, self._presses)
            if isinstance(self._turn.then, HangUp):
                return None
            self._one_turn(steps)
        return None

    def _steps(self, visit: Visit) -> list[tuple[str, str]]:
        """The node and the key of each press on the way; no node for 0, which means the same everywhere."""
        turn, steps = call.start(self._script, "way", CALLER, self._now), []
        for number, event in enumerate(visit.way, 1):
            if isinstance(event, Key):
                node = turn.session.place.node
                steps.append(("" if event.keys == "0" else MAIN_MENU if node == GREETING else node, event.keys))
            turn = answered(self._script, turn, event, self._now + dt.timedelta(minutes=number))[0]
        return steps

    def _type(self) -> None:
        """Type what is new. What was typed before, the caller still has before them."""
        self._typed_until = max(self._typed_until, self._seconds)
        for words in words_of(self._turn.says):
            if words not in self._typed:
                self._typed.add(words)
                self._typed_until += english.spoken_words(words) * 60 / RELAY_PACE
            for key, named in (*self._script.press.items(), *self._script.press_where.items()):
                if words == named and (key not in "09" or key not in self._named):
                    self._named[key] = self._typed_until

    def _one_turn(self, steps: list[tuple[str, str]]) -> None:
        """Press if there was time to read the key's name, or let the wait run out."""
        self._type()
        spoken = self._seconds + spoken_seconds(self._script, self._turn)
        if not isinstance(self._turn.then, Gather):
            move = next(iter(other_moves(self._turn)))
            self._answer(move.inputs[0], spoken + move.seconds)
            return
        here = self._turn.session.place.node
        if len(steps) > 1 and steps[0][0] != here == steps[1][0]:
            del steps[0]  # a reading that was to be skipped has run on by itself
        over = spoken + self._turn.then.seconds
        ready = (self._named.get(steps[0][1], self._typed_until) if steps else over) + RELAY_REPLY
        if steps and steps[0][0] in ("", here) and ready <= over:
            self._presses += 1
            self._answer(Key(steps.pop(0)[1]), max(ready, self._seconds + REACTION))
            self._typed_until = self._seconds  # the operator goes on with what is said now
        else:
            self._answer(NoInput(), over)

    def _answer(self, event: Input, at: float) -> None:
        self._seconds = at
        self._turn, _ = answered(self._script, self._turn, event, self._now + dt.timedelta(seconds=at))


__all__ = ["CALLER", "RELAY_PACE", "Cost", "Figure", "figures", "not_reached", "one_key"]
