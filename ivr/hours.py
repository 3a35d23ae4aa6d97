"""When people can talk to callers: open or closed, and when the line opens next.

All times are computed in UK time, whatever the machine's time zone, so they are right even on the two Sundays when the
clocks change. Spans are half-open: a line that closes at 17:00 is closed at 17:00 exactly.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

#: How far ahead to look for an open day. If the line is closed for longer, there is no next opening.
LOOK_AHEAD_DAYS = 60


@dataclass(frozen=True)
class Span:
    """A time span within one day, from `opens` up to but not including `closes`."""

    opens: dt.time
    closes: dt.time

    @classmethod
    def parse(cls, text: str) -> Span | None:
        """'09:00 to 17:00' as a Span; 'closed' as None."""
        if text == "closed":
            return None
        opens, closes = text.split(" to ")
        return cls(dt.time.fromisoformat(opens), dt.time.fromisoformat(closes))

    def holds(self, moment: dt.time) -> bool:
        return self.opens <= moment < self.closes

    def shared(self, other: Span) -> Span | None:
        """The overlap of the two spans; None if they do not overlap."""
        opens, closes = max(self.opens, other.opens), min(self.closes, other.closes)
        return Span(opens, closes) if opens < closes else None


@dataclass(frozen=True)
class Hours:
    """The opening hours:

    a span for each day of the week, Monday first, and the days off (bank holidays and closed days).
    """

    week: tuple[Span | None, ...]
    days_off: frozenset[dt.date] = frozenset()

    def on(self, day: dt.date) -> Span | None:
        """The span of one date; None if the line is closed all day."""
        return None if day in self.days_off else self.week[day.weekday()]

    def is_open(self, now: dt.datetime) -> bool:
        local = now.astimezone(LONDON)
        span = self.on(local.date())
        return span is not None and span.holds(local.time())

    def next_open(self, now: dt.datetime) -> dt.datetime | None:
        """When the line next opens after `now`; None if not within LOOK_AHEAD_DAYS."""
        local = now.astimezone(LONDON)
        for ahead in range(LOOK_AHEAD_DAYS):
            day = local.date() + dt.timedelta(days=ahead)
            if (span := self.on(day)) is None:
                continue
            opens = dt.datetime.combine(day, span.opens, LONDON)
            if opens > local:
                return opens
        return None

    def between(self, start: float, end: float) -> float:
        """The opening hours between two times (POSIX seconds); 0 if the end comes first."""
        day, hours = dt.datetime.fromtimestamp(start, LONDON).date(), 0.0
        while dt.datetime.combine(day, dt.time(), LONDON).timestamp() < end:
            if span := self.on(day):
                opens = dt.datetime.combine(day, span.opens, LONDON).timestamp()
                closes = dt.datetime.combine(day, span.closes, LONDON).timestamp()
                hours += max(min(closes, end) - max(opens, start), 0.0) / 3600
            day += dt.timedelta(days=1)
        return hours

    def add(self, now: dt.datetime, hours: float) -> dt.datetime:
        """The time that is `hours` opening hours after `now`. Promises are measured in opening hours."""
        left, moment = dt.timedelta(hours=hours), now.astimezone(LONDON)
        for _ in range(LOOK_AHEAD_DAYS):
            span = self.on(moment.date())
            if span is not None:
                # In UTC, because between two times of one zone Python counts what the clocks on the wall show.
                starts = max(moment, dt.datetime.combine(moment.date(), span.opens, LONDON)).astimezone(dt.UTC)
                ends = dt.datetime.combine(moment.date(), span.closes, LONDON).astimezone(dt.UTC)
                if starts < ends:
                    if starts + left <= ends:
                        return (starts + left).astimezone(LONDON)
                    left -= ends - starts
            moment = dt.datetime.combine(moment.date() + dt.timedelta(days=1), dt.time(), LONDON)
        return moment
