"""A caller who uses a text relay: an operator types what the line says, and presses keys for the caller.

The line keeps talking meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.check import english
from ivr.check.explore import LONGEST_CALL, Visit, Walk, Walker, choices_at, is_told_in_parts
from ivr.check.hands import REACTION
from ivr.places.kinds import GO_BACK
from ivr.script import GREETING, HELP, MAIN_MENU, Script
from ivr.script.session import At, Gather, HangUp, Input, Key, NoInput, Session
from ivr.spoken import words_of

#: Words per minute that an operator types. The relay's own target is just over this.
PACE = 40.0
#: Seconds to read what was typed and to have a key pressed.
REPLY = 8.0

#: A key to press, and the place where it has the wanted meaning; an empty place for keys that mean the same everywhere.
RelayStep = tuple[str, str]
#: The second at which the caller has got what they want, from the walk so far and the current visit; None if not yet.
GotAt = Callable[[Walk, Visit], float | None]


def follow(new_walker: Callable[[], Walker], way: tuple[Input, ...], got: GotAt) -> tuple[float, int] | None:
    """The seconds and keys that an ordinary caller's route takes through a relay; None if it does not work.

    Tries four ways and returns the quickest: the route as it is; after asking for more time; after asking for a person
    who does not answer, since the line then waits without hurry; and after both.
    """
    walker = new_walker()
    steps = _steps(walker, way)
    time, listen = _key(walker.script, HELP, "more_time"), _key(walker.script, "person_away", GO_BACK)
    slower, back = [("", "9"), (HELP, time)], [("", "0"), ("person_away", listen)]
    ways: tuple[list[RelayStep], ...] = ([], slower, back, [*back, (MAIN_MENU, "9"), (HELP, time)])
    costs = (_Call(new_walker(), got).follow([*first, *steps]) for first in ways)
    return min((cost for cost in costs if cost), default=None)


def _key(script: Script, place: str, goto: str) -> str:
    """The key at `place` that leads to `goto`."""
    options = choices_at(script, Session("", "", At(place)))
    return next((option.key for option in options if option.goto == goto), "")


def _steps(walker: Walker, way: tuple[Input, ...]) -> list[RelayStep]:
    """Each key on a route, and the place where it is pressed."""
    visit, steps = walker.first, []
    for event in way:
        if isinstance(event, Key):
            node = "" if event.keys == "0" else MAIN_MENU if visit.node == GREETING else _place(visit)
            steps.append((node, event.keys))
        visit = walker.answered(visit, event, 60.0)
    return steps


def _place(visit: Visit) -> str:
    """Where the caller is. While the line waits for a pen, a key means something else than later in that reading."""
    return f"{visit.node}, before the number" if visit.turn.session.place.pen else visit.node


class _Call:
    """One call through a relay: what has been typed by which second, and what is pressed."""

    def __init__(self, walker: Walker, got: GotAt):
        self._walker, self._got, self._visit = walker, got, walker.first
        self._typed_until = 0.0
        self._typed: set[str] = set()
        #: The second at which the name of each key was typed, for keys named here and keys that work everywhere.
        self._named: dict[str, float] = {}

    def follow(self, steps: list[RelayStep]) -> tuple[float, int] | None:
        while self._visit.seconds < LONGEST_CALL:
            self._type()
            if not steps and (when := self._got(self._walker.walk, self._visit)) is not None:
                return when, self._visit.presses
            if isinstance(self._visit.turn.then, HangUp):
                return None
            self._one_turn(steps)
        return None

    def _type(self) -> None:
        """Type what is new. The caller can still read what was typed before."""
        self._typed_until = max(self._typed_until, self._visit.seconds)
        self._named = {key: at for key, at in self._named.items() if key in "09"}
        for words in words_of(self._visit.turn.says):
            if words not in self._typed:
                self._typed.add(words)
                self._typed_until += english.spoken_words(words) * 60 / PACE
            if (key := self._walker.timing.key_named(words)) and not (key in "09" and key in self._named):
                self._named[key] = self._typed_until

    def _one_turn(self, steps: list[RelayStep]) -> None:
        """Press a key if the caller could read its name in time; otherwise the wait runs out."""
        visit, walker = self._visit, self._walker
        if not isinstance(visit.turn.then, Gather):
            self._visit = next(walker.without_a_key(visit))
            return
        over = walker.timing.reply(visit.turn) + visit.turn.then.seconds
        ready = self._ready(steps) - visit.seconds
        if len(steps) > 1 and steps[0][0] != _place(visit) == steps[1][0]:
            del steps[0]  # a reading that was to be skipped has moved on by itself
        if steps and self._is_here(steps[0]) and ready <= over:
            keys = steps.pop(0)[1]
            self._visit = walker.answered(visit, Key(keys), ready, len(keys.rstrip("#")))
            self._typed_until = self._visit.seconds  # the operator moves on to what is said now
        else:
            self._visit = walker.answered(visit, NoInput(), over)

    def _ready(self, steps: list[RelayStep]) -> float:
        """The second at which a key can be pressed: its name has been typed and read."""
        typed = self._named.get(steps[0][1], self._typed_until) if steps else self._typed_until
        return max(typed + REPLY, self._visit.seconds + REACTION)

    def _is_here(self, step: RelayStep) -> bool:
        """Whether a key has the wanted meaning here. More time is asked for once the greeting has been read."""
        if step[0]:
            return step[0] == _place(self._visit)
        return step[1] == "0" or not is_told_in_parts(self._walker.script, self._visit.turn)
