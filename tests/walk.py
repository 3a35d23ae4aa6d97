"""Walking the engine: the shortest way for a caller to reach each place."""

from __future__ import annotations

import datetime as dt
from collections import deque

from msgspec.structs import replace

from ivr.engine import call
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import Input, Key, NoInput, Transfer, TransferEnded, Turn
from tests.line import CALLER

Way = tuple[Input, ...]


def step(script: Script, turn: Turn, event: Input, now: dt.datetime) -> Turn:
    """One turn, with a handler of its own."""
    return call.run(script, turn.session, event, PracticeHandler(), now)


def ways(script: Script, now: dt.datetime) -> dict[tuple[str, int], tuple[Way, Turn]]:
    """Every (node, part) that can be reached with keys and silence, the way there, and the turn at it."""
    first = call.start(script, "CAwalk", CALLER, now)
    found: dict[tuple[str, int], tuple[Way, Turn]] = {("greeting", 0): ((), first)}
    seen, queue = {first.session.place}, deque([((), first)])
    while queue:
        way, turn = queue.popleft()
        moment = now + dt.timedelta(seconds=10 * len(way))
        for event in _inputs(turn):
            after = step(script, turn, event, moment)
            place = replace(after.session.place, offer=0)
            if place in seen or after.session.silences or after.session.wrongs:
                continue
            seen.add(place)
            queue.append(((*way, event), after))
            if not place.pen:  # the words of the part come after the time for a pen
                found.setdefault((place.node, place.part), ((*way, event), after))
    return found


def _inputs(turn: Turn) -> list[Input]:
    if isinstance(turn.then, Transfer):
        return [TransferEnded("busy")]
    return [NoInput(), *(Key(key) for key in "123459*0")]
