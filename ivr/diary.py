"""When callers can be rung: the parts of a day, while somebody is there, as far ahead as we promise.

Times that are compared or kept are seconds since the epoch (UTC), so that no change of
clocks moves a request in the queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from ivr.hours import LONDON, Hours, Span

#: Seconds that must be left of a part of a day for somebody to be promised it, and to be tried in it again.
LEAST_LEFT, LEAST_LEFT_AGAIN = 60 * 60, 15 * 60

Part = Literal["morning", "afternoon"]
When = Literal["", "morning", "afternoon", "any"]


class Window(msgspec.Struct, frozen=True):
    """A part of a day in which someone can be rung."""

    day: dt.date
    part: Part


class Promise(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a caller is to be rung."""

    #: Their own choice, and the window that was found for it.
    when: When = ""
    window: Window | None = None
    #: Not before, and by.
    opens: float = 0.0
    due: float = 0.0


@dataclass(frozen=True)
class Diary:
    """The parts of a day in which callers are rung back, the opening hours, and how many days ahead we promise."""

    parts: Mapping[Part, Span]
    hours: Hours
    days_ahead: int

    def windows(self, now: dt.datetime, least_left: float = LEAST_LEFT) -> tuple[Window, ...]:
        """Every part of a day, soonest first, of which so many seconds are still to come."""
        least = now.timestamp() + least_left
        days = (now.astimezone(LONDON).date() + dt.timedelta(days=ahead) for ahead in range(self.days_ahead + 1))
        every = (Window(day, part) for day in days for part in self.parts if self._span(day, part))
        return tuple(window for window in every if self.times(window)[1] >= least)

    def times(self, window: Window) -> tuple[float, float]:
        """Between which moments a caller who was given this window should be rung."""
        span = self._span(window.day, window.part) or self.parts[window.part]
        opens = dt.datetime.combine(window.day, span.opens, LONDON)
        return opens.timestamp(), dt.datetime.combine(window.day, span.closes, LONDON).timestamp()

    def stands(self, window: Window) -> bool:
        """Whether somebody is still there in a window that was promised: the hours may have changed since."""
        return window.part in self.parts and self._span(window.day, window.part) is not None

    def opening(self, now: dt.datetime) -> float:
        """The first moment from `now` on at which somebody is there; `now` itself if none is in sight."""
        opens = None if self.hours.is_open(now) else self.hours.next_open(now)
        return (opens or now).timestamp()

    def _span(self, day: dt.date, part: Part) -> Span | None:
        """The part of that day in which the line is open."""
        is_open = self.hours.on(day)
        return is_open.shared(self.parts[part]) if is_open else None
