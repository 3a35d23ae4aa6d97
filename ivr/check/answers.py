"""Caches the engine's answers for the simulated callers.

The walks come again and again to the same session with the same input. The cache ignores the fields of a session that
only the clock changes, its *stamps*, as if each call took place in one moment. Whether a key comes too soon to be meant
depends only on the stamps, and is asked of the engine each time. Effects are run at the handler of each call; the
continuation of a turn is cached by the result of the effect.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from msgspec.structs import replace

from ivr.engine import call, debounce
from ivr.engine.call import EffectHandler, PendingEffect
from ivr.script import Script
from ivr.script.session import Done, Failed, Input, Key, Session, Turn


class Stamps(NamedTuple):
    """When a key was last pressed, and which; when the caller came to this place; when a number completed itself."""

    key: str = ""
    key_at: float = 0.0
    arrived: float = 0.0
    number_ended_at: float = 0.0


class Answers:
    """The cached answers of one script. Their sessions have no stamps and no turn count.

    The same question returns the identical Turn object, so visited turns can be recognised by identity.
    """

    def __init__(self, script: Script):
        self._script = script
        self._begun: dict[tuple[str, str, dt.datetime, bool], Turn] = {}
        self._known: dict[tuple[Session, Input, dt.datetime], Turn | PendingEffect] = {}
        #: The same by the id of the Turn, which is kept with it so that no other gets this id. Two thirds of the
        #: questions are about a Turn that was asked before, and a hash of its session takes as long as five of these.
        self._of_turn: dict[tuple[int, Input, dt.datetime], tuple[Turn, Turn | PendingEffect]] = {}
        #: The stamps of each answer, by the id of the Turn.
        self._stamps: dict[int, Stamps] = {}
        #: The answers to keys that come too soon.
        self._dropped: dict[tuple[Session, Key], Turn] = {}

    def start(self, name: str, caller: str, now: dt.datetime, *, blocked: bool = False) -> Turn:
        """The first turn of a call; `blocked`: from a phone for which nothing is done unasked."""
        asked = (name, caller, now, blocked)
        if asked not in self._begun:
            turn = _timeless(call.start(self._script, name, caller, now))
            self._begun[asked] = replace(turn, session=replace(turn.session, blocked=blocked))
        return self._begun[asked]

    def answer(self, turn: Turn, event: Input, handler: EffectHandler, now: dt.datetime) -> Turn:
        """The answer to an input long after the reply began."""
        return call.settled(self._script, self.until_effect(turn, event, now), handler, now)

    def until_effect(self, turn: Turn, event: Input, now: dt.datetime) -> Turn | PendingEffect:
        """The same up to the first effect, which no handler has run yet."""
        of_turn = (id(turn), event, now)
        if known := self._of_turn.get(of_turn):
            return known[1]
        asked = (turn.session, event, now)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = self._kept(call.answer(self._script, turn.session, event, now))
        self._of_turn[of_turn] = turn, found
        return found

    def answer_in_time(
        self, turn: Turn, stamps: Stamps, event: Input, handler: EffectHandler, now: dt.datetime, at: float
    ) -> tuple[Turn, Stamps]:
        """The answer to an input at a time (POSIX seconds) not before `now`: a key may come too soon."""
        s = turn.session
        if isinstance(event, Key) and debounce.is_late(self._script, _stamped(s, stamps), event.keys, at):
            if (s, event) not in self._dropped:
                moment = dt.datetime.fromtimestamp(at, now.tzinfo)
                self._dropped[s, event] = _timeless(call.run(self._script, _stamped(s, stamps), event, handler, moment))
            return self._dropped[s, event], stamps
        answered = self.answer(turn, event, handler, now)
        new = self._stamps[id(answered)]
        return answered, Stamps(
            new.key or stamps.key,
            at if new.key_at else stamps.key_at,
            at if new.arrived else stamps.arrived,
            at if new.number_ended_at else stamps.number_ended_at,
        )

    def _kept(self, answered: Turn | PendingEffect) -> Turn | PendingEffect:
        """The answer without its stamps.

        If it waits for an effect, its continuations are cached by the effect's result.
        """
        if isinstance(answered, Turn):
            turn, new = _timeless(answered), answered.session
            self._stamps[id(turn)] = Stamps(new.key, new.key_at, new.arrived, new.number_ended_at)
            return turn
        known: dict[Done | Failed, Turn | PendingEffect] = {}

        def then(outcome: Done | Failed) -> Turn | PendingEffect:
            if outcome not in known:
                known[outcome] = self._kept(answered.then(outcome))
            return known[outcome]

        return PendingEffect(answered.effect, then)


def _stamped(s: Session, stamps: Stamps) -> Session:
    key, key_at, arrived, number_ended_at = stamps
    return replace(s, key=key, key_at=key_at, arrived=arrived, number_ended_at=number_ended_at)


def _timeless(turn: Turn) -> Turn:
    return replace(turn, session=replace(_stamped(turn.session, Stamps()), turn=0))
