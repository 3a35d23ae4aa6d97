"""When callers can be rung: the parts of each day in which somebody is available, as far ahead as we promise.

Times that are compared or stored are POSIX seconds, so that a clock change does not move a request in the queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from ivr.hours import LONDON, Hours, Span

#: Seconds that must remain of a part of the day: to promise it to a caller, and to schedule another try in it.
LEAST_LEFT, LEAST_LEFT_AGAIN = 60 * 60, 15 * 60

#: How soon a caller must be rung: "today", before everybody else; "urgent"; or at the time they chose.
Urgency = Literal["", "urgent", "today"]
Part = Literal["morning", "afternoon"]
When = Literal["", "morning", "afternoon", "any"]


def _seconds(span: Span) -> float:
    opens, closes = span.opens, span.closes
    return (closes.hour - opens.hour) * 3600 + (closes.minute - opens.minute) * 60 + closes.second - opens.second


def _at(day: dt.date, time: dt.time) -> float:
    """A time of a day, in POSIX seconds."""
    return dt.datetime.combine(day, time, LONDON).timestamp()


class Window(msgspec.Struct, frozen=True):
    """A part of a day in which someone can be rung."""

    day: dt.date
    part: Part


class Promise(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a caller is to be rung."""

    #: The caller's choice, and the window that was found for it.
    when: When = ""
    window: Window | None = None
    #: Ring not before `opens`, and by `due`.
    opens: float = 0.0
    due: float = 0.0
    #: The words of the day, and of its part if one was said, as the caller heard them. Empty if nothing was promised
    #: in words, or if an earlier version stored the promise.
    told: str = ""
    #: The latest time that fits these words. 0 if an earlier version stored the promise.
    heard_by: float = 0.0
    #: When they were first tried after it was promised. 0 if they were not.
    rung: float = 0.0


@dataclass(frozen=True)
class Diary:
    """The parts of a day in which callers are rung back, the opening hours, and how many days ahead we promise."""

    parts: Mapping[Part, Span]
    hours: Hours
    days_ahead: int

    def windows(self, now: dt.datetime, least_left: float = LEAST_LEFT) -> tuple[Window, ...]:
        """Every window that still has at least `least_left` seconds left, earliest first."""
        least = now.timestamp() + least_left
        days = (now.astimezone(LONDON).date() + dt.timedelta(days=ahead) for ahead in range(self.days_ahead + 1))
        every = ((Window(day, part), self._span(day, part)) for day in days for part in self.parts)
        return tuple(window for window, span in every if span and _at(window.day, span.closes) >= least)

    def times(self, window: Window) -> tuple[float, float]:
        """The earliest and latest time to ring a caller who was promised this window, in POSIX seconds."""
        span = self._span(window.day, window.part) or self.parts[window.part]
        return _at(window.day, span.opens), _at(window.day, span.closes)

    def end_of(self, day: dt.date, otherwise: float) -> float:
        """When the line closes on a day, in POSIX seconds; `otherwise` if it does not open then."""
        closes = self.hours.closes(day)
        return closes.timestamp() if closes else otherwise

    def heard_by(self, promise: Promise) -> float:
        """The latest time that fits what a caller heard; if it was not stored, the end of their window."""
        if promise.heard_by:
            return promise.heard_by
        return self.times(promise.window)[1] if promise.window else promise.due

    def stands(self, window: Window) -> bool:
        """Whether the line is still open in a promised window. The hours may have changed since the promise."""
        return window.part in self.parts and self._span(window.day, window.part) is not None

    def due(self, urgency: Urgency, now: dt.datetime, within_hours: float) -> float:
        """By when to ring a caller who asks now and for whom any time is right, in POSIX seconds.

        With urgency "today", within `within_hours` opening hours. Otherwise by the end of the next day that opens after
        now; for a caller who asks before opening time, that is the same day. Callers are promised a day and not an
        hour, so that advisers can keep the earlier hours for those who cannot wait.
        """
        opens = self._first_opening(now) if urgency != "today" else None
        closes = self.hours.closes(opens.date()) if opens else None
        return (closes or self.hours.add(now, within_hours)).timestamp()

    def _first_opening(self, now: dt.datetime) -> dt.datetime | None:
        """When the line next opens for a day, and not after a break in it."""
        opens = self.hours.next_open(now)
        while opens and opens.time() != self.hours.on(opens.date())[0].opens:
            opens = self.hours.next_open(opens)
        return opens

    def opening(self, now: dt.datetime) -> float:
        """The first time, from `now` on, at which the line is open; `now` itself if it never opens."""
        opens = None if self.hours.is_open(now) else self.hours.next_open(now)
        return (opens or now).timestamp()

    def _span(self, day: dt.date, part: Part) -> Span | None:
        """This part of the day, from when the line opens in it to when it closes.

        None if the line is open for less than an hour of it, as after a training morning: nobody is promised that.
        """
        whole = self.parts[part]
        spans = [shared for span in self.hours.on(day) if (shared := span.shared(whole))]
        if sum(map(_seconds, spans)) < min(LEAST_LEFT, _seconds(whole)):
            return None
        return Span(spans[0].opens, spans[-1].closes)
