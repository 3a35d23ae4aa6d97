"""What the engine answers, each question put to it once.

The walks of the simulated callers come again and again to the same session with the same input, so the answers are
kept. They are those of one moment, as if each call stood still in it: what only the clock makes of a session, its
*stamps*, is no part of the question. Whether a key comes too soon to be meant hangs on the stamps alone, and is asked
of the engine each time.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from msgspec.structs import replace

from ivr import call
from ivr.script import Script
from ivr.session import Input, Key, Session, Turn


class Stamps(NamedTuple):
    """When a key was last pressed, and which; when the caller came to this place; when a number ended by itself."""

    key: str = ""
    key_at: float = 0.0
    arrived: float = 0.0
    entered: float = 0.0


class Answers:
    """The answers of one script. The sessions in them are timeless: they have no stamps, and count no turns.

    What is asked again is answered with the same Turn, so one that was seen is known by its identity.
    """

    def __init__(self, script: Script):
        self._script = script
        self._begun: dict[tuple[str, str, dt.datetime], Turn] = {}
        #: With each answer, what the engine has stamped in it.
        self._known: dict[tuple[Session, Input, dt.datetime], tuple[Turn, Stamps]] = {}
        #: After a key that comes too soon.
        self._dropped: dict[tuple[Session, Key], Turn] = {}

    def start(self, name: str, caller: str, now: dt.datetime) -> Turn:
        """The first turn of a call."""
        asked = (name, caller, now)
        if asked not in self._begun:
            self._begun[asked] = _timeless(call.start(self._script, name, caller, now))
        return self._begun[asked]

    def answer(self, turn: Turn, event: Input, now: dt.datetime) -> Turn:
        """What follows an input that comes long after the reply began."""
        return self._ask(turn.session, event, now)[0]

    def answer_in_time(
        self, turn: Turn, stamps: Stamps, event: Input, now: dt.datetime, at: float
    ) -> tuple[Turn, Stamps]:
        """What follows an input that comes at a time (POSIX seconds), from `now` on: a key may come too soon."""
        s = turn.session
        if isinstance(event, Key) and call.is_late(_stamped(s, stamps), event.keys, at):
            if (s, event) not in self._dropped:
                moment = dt.datetime.fromtimestamp(at, now.tzinfo)
                self._dropped[s, event] = _timeless(call.answer(self._script, _stamped(s, stamps), event, moment))
            return self._dropped[s, event], stamps
        answered, new = self._ask(s, event, now)
        return answered, Stamps(
            new.key or stamps.key,
            at if new.key_at else stamps.key_at,
            at if new.arrived else stamps.arrived,
            at if new.entered else stamps.entered,
        )

    def _ask(self, s: Session, event: Input, now: dt.datetime) -> tuple[Turn, Stamps]:
        asked = (s, event, now)
        found = self._known.get(asked)
        if found is None:
            turn = call.answer(self._script, s, event, now)
            new = turn.session
            found = (_timeless(turn), Stamps(new.key, new.key_at, new.arrived, new.entered))
            self._known[asked] = found
        return found


def _stamped(s: Session, stamps: Stamps) -> Session:
    key, key_at, arrived, entered = stamps
    return replace(s, key=key, key_at=key_at, arrived=arrived, entered=entered)


def _timeless(turn: Turn) -> Turn:
    return replace(turn, session=replace(_stamped(turn.session, Stamps()), turn=0))


__all__ = ["Answers", "Stamps"]
