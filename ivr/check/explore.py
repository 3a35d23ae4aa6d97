"""Where a caller can come to, and how long it takes: the engine walked in every direction.

A caller is what they can do at each turn and how long that takes them. The walk is by the
quickest way first, so what is found for a place is the least time in which this caller
can be there.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr import call, reply
from ivr.check import english
from ivr.practice import PracticeDesk
from ivr.script import Script
from ivr.session import Errand, Gather, Input, Key, NoInput, Record, Recorded, Transfer, TransferEnded, Turn
from ivr.spoken import Speech

#: Seconds between hearing a key and pressing it.
REACTION = 1.5
#: A call longer than this helps nobody. Places further away count as not reached.
LONGEST_CALL = 40 * 60.0

#: What a caller can do at a turn: inputs, the seconds each takes from the start of the reply, and keys pressed.
Moves = Callable[[Script, Turn], Iterator["Move"]]


@dataclass(frozen=True)
class Move:
    inputs: tuple[Input, ...]
    seconds: float
    presses: int = 0


@dataclass(frozen=True)
class Visit:
    """A turn that a caller came to: when, with how many keys, and by which inputs."""

    turn: Turn
    seconds: float
    presses: int
    way: tuple[Input, ...]

    @property
    def node(self) -> str:
        return self.turn.session.place.node


@dataclass
class Walk:
    """Every place a caller can come to, the nearest first, and the first visit after each kind of errand."""

    visits: list[Visit]
    errands: dict[str, Visit]

    def by_node(self) -> dict[str, Visit]:
        """The quickest visit of each node."""
        found: dict[str, Visit] = {}
        for visit in self.visits:
            found.setdefault(visit.node, visit)
        return found

    def quickest(self, there: Callable[[Visit], bool]) -> Visit | None:
        return next((visit for visit in self.visits if there(visit)), None)


def explore(script: Script, now: dt.datetime, moves: Moves, caller: str) -> Walk:
    """Where this caller can come to, each place at its quickest."""
    order = itertools.count()
    first = Visit(call.start(script, "explore", caller, now), 0.0, 0, ())
    waiting: list[tuple[float, int, Visit]] = [(0.0, next(order), first)]
    walk, seen = Walk([], {}), set()
    while waiting:
        _, _, visit = heapq.heappop(waiting)
        state = (visit.turn.session.place, visit.turn.session.one_key)
        if state in seen or visit.seconds > LONGEST_CALL:
            continue
        seen.add(state)
        walk.visits.append(visit)
        for move in moves(script, visit.turn):
            after, errands = _after(script, visit, move, now)
            for errand in errands:
                if errand not in walk.errands or after.seconds < walk.errands[errand].seconds:
                    walk.errands[errand] = after
            heapq.heappush(waiting, (after.seconds, next(order), after))
    return walk


def _after(script: Script, visit: Visit, move: Move, now: dt.datetime) -> tuple[Visit, tuple[str, ...]]:
    turn = visit.turn
    done: tuple[str, ...] = ()
    seconds = visit.seconds + move.seconds
    for i, event in enumerate(move.inputs):
        turn, errands = answered(script, turn, event, now + dt.timedelta(seconds=seconds + 0.4 * i))
        done = (*done, *errands)
    return Visit(turn, seconds, visit.presses + move.presses, (*visit.way, *move.inputs)), done


def answered(script: Script, turn: Turn, event: Input, moment: dt.datetime) -> tuple[Turn, tuple[str, ...]]:
    """The turn after an input, with a practice desk for its errands, and which errands they were."""
    desk, errands = PracticeDesk(), []
    turn = call.answer(script, turn.session, event, moment)
    while isinstance(turn.then, Errand):
        errands.append(type(turn.then).__name__)
        turn = call.answer(script, turn.session, desk.run(turn.then, moment), moment)
    return turn, tuple(errands)


# --- how long it takes ----------------------------------------------------------------------


def spoken_seconds(script: Script, turn: Turn, said: Speech | None = None) -> float:
    """How long a reply takes to say, at the pace of the call."""
    pace, slow = script.line.pace, turn.session.slow
    pieces = turn.says if said is None else said
    stretched = tuple(p * pace.slow_pauses if slow and isinstance(p, float) else p for p in pieces)
    return english.seconds(stretched, pace.slow_words_a_minute if slow else pace.words_a_minute)


def heard_key(script: Script, turn: Turn, key: str) -> float:
    """Seconds until a key has been named in a reply; the whole of it, if it is not."""
    names = {script.press.get(key), script.press_where.get(key)}
    for i, piece in enumerate(turn.says):
        if piece in names:
            return spoken_seconds(script, turn, turn.says[: i + 1])
    return spoken_seconds(script, turn)


def other_moves(turn: Turn) -> Iterator[Move]:
    """What happens at a turn that does not wait for a key, to any caller."""
    if isinstance(turn.then, Transfer):
        yield Move((TransferEnded("no_answer"),), turn.then.ring_seconds)
    elif isinstance(turn.then, Record):
        yield Move((Recorded(seconds=4),), 5.0)


def ordinary(script: Script, turn: Turn) -> Iterator[Move]:
    """A caller who can press any key, and does so when it is named."""
    yield from other_moves(turn)
    if isinstance(turn.then, Gather):
        if turn.then.digits == 1:
            for option in reply.crossroads(script, turn.session):
                yield Move((Key(option.key),), heard_key(script, turn, option.key) + REACTION, 1)
            for key in "09":
                yield Move((Key(key),), heard_key(script, turn, key) + REACTION, 1)
        else:
            yield Move((Key("07700900456"),), spoken_seconds(script, turn) + 11.0, 11)
        yield silence(script, turn)


def silence(script: Script, turn: Turn) -> Move:
    """Waiting to the end of a reply and of the time behind it."""
    assert isinstance(turn.then, Gather)
    return Move((NoInput(),), spoken_seconds(script, turn) + turn.then.seconds)
