"""Where callers give up: what happens at each place of the line, counted without anything that leads to a caller.

A visit begins when a caller arrives at a place, and ends when they leave it or hang up. A visit is *in trouble* if
there was a silence or an unused key, or if the caller hung up where the line had asked something and they had got
nothing. A caller who hangs up after the guidance they wanted is not in trouble: that is what a line is for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ivr.places.reply import AGAIN_KEY, BACK_KEY, PERSON_KEY
from ivr.problems import counted
from ivr.script import Script
from ivr.script.session import Input, Key, NoInput, Session

#: What is counted at a place. "again", "back" and "person" are the keys hash, star and 0; "hung_up" ends the call.
Occurrence = Literal["visits", "no_input", "no_match", "again", "back", "person", "hung_up", "troubled", "seconds"]
#: Counts by place and by what happened there.
PlaceCounts = Counter[tuple[str, Occurrence]]

#: The page points out a place where more than this share of the visits is in trouble.
TOO_MANY = 0.15
#: With fewer visits than this, the share says nothing about a place.
TOO_FEW = 20

_KEYS: Mapping[str, Occurrence] = {AGAIN_KEY: "again", BACK_KEY: "back", PERSON_KEY: "person"}


@dataclass(frozen=True, slots=True)
class Footfall:
    """What happened at one place in some days."""

    place: str
    visits: int
    no_input: int = 0
    no_match: int = 0
    again: int = 0
    back: int = 0
    person: int = 0
    hung_up: int = 0
    troubled: int = 0
    seconds: int = 0

    @property
    def trouble(self) -> float:
        """The share of visits in trouble, from 0 to 1."""
        return min(self.troubled / self.visits, 1.0) if self.visits else 0.0

    @property
    def each(self) -> float:
        """The mean seconds of a visit."""
        return self.seconds / self.visits if self.visits else 0.0

    @property
    def in_words(self) -> str:
        """The figures that a map shows."""
        visits = counted(self.visits, "visit")
        return f"{visits}, {self.trouble:.0%} in trouble" if self.visits >= TOO_FEW else visits

    @property
    def is_named(self) -> bool:
        """Whether the page points out this place: so many visits are in trouble that somebody should look at it."""
        return self.visits >= TOO_FEW and self.trouble > TOO_MANY


def of_start(after: Session) -> PlaceCounts:
    """The counts that the start of a call adds."""
    return Counter({(after.place.node, "visits"): 1})


def of_turn(before: Session, event: Input, after: Session, now: float) -> PlaceCounts:
    """The counts that one turn adds."""
    here, counts = before.place.node, PlaceCounts()
    if isinstance(event, Key) and event.keys in _KEYS:
        counts[here, _KEYS[event.keys]] += 1
    if after.errors > before.errors:
        counts[here, "no_input" if isinstance(event, NoInput) else "no_match"] += 1
        if not _was_in_trouble(before):
            counts[here, "troubled"] += 1
    if after.place.node != here:
        counts[here, "seconds"] += _stayed(before, now)
        counts[after.place.node, "visits"] += 1
    return counts


def of_hanging_up(script: Script, last: Session, now: float) -> PlaceCounts:
    """The counts that a caller adds who hangs up."""
    here = last.place.node
    counts: PlaceCounts = Counter({(here, "hung_up"): 1, (here, "seconds"): _stayed(last, now)})
    place = script.places.get(here)
    asks = place is not None and not place.tells_first and not place.hands_over
    if asks and not last.got and not _was_in_trouble(last):
        counts[here, "troubled"] += 1
    return counts


def by_place(counts: Mapping[tuple[str, str], int]) -> tuple[Footfall, ...]:
    """Each place, the one with the most trouble first. Places with few visits come last."""
    names = {place for place, _ in counts}
    found = (_footfall(name, counts) for name in names)
    return tuple(sorted(found, key=lambda each: (each.visits < TOO_FEW, -each.trouble, -each.visits, each.place)))


def _footfall(place: str, counts: Mapping[tuple[str, str], int]) -> Footfall:
    return Footfall(place, **{what: counts.get((place, what), 0) for what in get_args(Occurrence)})


def _was_in_trouble(s: Session) -> bool:
    """Whether there was an error in this visit already. Leaving a place resets both counts."""
    return s.silences + s.wrongs > 0


def _stayed(s: Session, now: float) -> int:
    """Whole seconds at the place so far."""
    return max(round(now - s.arrived), 0) if s.arrived else 0
