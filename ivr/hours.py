"""When people can talk to callers: open or closed, and when the line opens next.

All times are computed in UK time, whatever the machine's time zone, so they are right even on the two Sundays when the
clocks change. Spans are half-open: a line that closes at 17:00 is closed at 17:00 exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
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


#: The spans in which the line is open on one day, in order; none if it is closed all day.
DayHours = tuple[Span, ...]
CLOSED: DayHours = ()
#: Between the spans of a day.
AND = " and "


def day(text: str) -> DayHours:
    """'09:00 to 12:00 and 13:00 to 17:00' as DayHours; 'closed' as CLOSED."""
    return tuple(span for part in text.split(AND) if (span := Span.parse(part)))


@dataclass(frozen=True)
class Hours:
    """The opening hours: those of each day of the week, Monday first; the days off; and days with other hours."""

    week: tuple[DayHours, ...]
    #: Bank holidays and closed days.
    days_off: frozenset[dt.date] = frozenset()
    #: Single days with hours of their own. They override both the week and the days off.
    other: Mapping[dt.date, DayHours] = field(default_factory=dict)

    def on(self, day: dt.date) -> DayHours:
        """The spans of one date; none if the line is closed all day."""
        if day in self.other:
            return self.other[day]
        return CLOSED if day in self.days_off else self.week[day.weekday()]

    def spans(self) -> frozenset[Span]:
        """Every span of the week and of other days."""
        return frozenset(span for spans in (*self.week, *self.other.values()) for span in spans)

    def is_open(self, now: dt.datetime) -> bool:
        local = now.astimezone(LONDON)
        return any(span.holds(local.time()) for span in self.on(local.date()))

    def next_open(self, now: dt.datetime) -> dt.datetime | None:
        """When the line next opens after `now`; None if not within LOOK_AHEAD_DAYS."""
        local = now.astimezone(LONDON)
        for ahead in range(LOOK_AHEAD_DAYS):
            day = local.date() + dt.timedelta(days=ahead)
            for span in self.on(day):
                opens = dt.datetime.combine(day, span.opens, LONDON)
                if opens > local:
                    return opens
        return None

    def closes(self, day: dt.date) -> dt.datetime | None:
        """When the line closes for the last time on a date; None if it is closed all day."""
        spans = self.on(day)
        return dt.datetime.combine(day, spans[-1].closes, LONDON) if spans else None

    def between(self, start: float, end: float) -> float:
        """How many opening hours lie between two times (POSIX seconds); 0 if the end comes first."""
        day, hours = dt.datetime.fromtimestamp(start, LONDON).date(), 0.0
        while dt.datetime.combine(day, dt.time(), LONDON).timestamp() < end:
            for span in self.on(day):
                opens = dt.datetime.combine(day, span.opens, LONDON).timestamp()
                closes = dt.datetime.combine(day, span.closes, LONDON).timestamp()
                hours += max(min(closes, end) - max(opens, start), 0.0) / 3600
            day += dt.timedelta(days=1)
        return hours

    def add(self, now: dt.datetime, hours: float) -> dt.datetime:
        """The time that is `hours` opening hours after `now`. Promises are measured in opening hours.

        If the line is not open for so many hours within LOOK_AHEAD_DAYS, the end of these days.
        """
        left, moment = dt.timedelta(hours=hours), now.astimezone(LONDON)
        for _ in range(LOOK_AHEAD_DAYS):
            for span in self.on(moment.date()):
                # In UTC, because between two times of one zone Python counts what the clocks on the wall show.
                starts = max(moment, dt.datetime.combine(moment.date(), span.opens, LONDON)).astimezone(dt.UTC)
                ends = dt.datetime.combine(moment.date(), span.closes, LONDON).astimezone(dt.UTC)
                if starts < ends:
                    if starts + left <= ends:
                        return (starts + left).astimezone(LONDON)
                    left -= ends - starts
            moment = dt.datetime.combine(moment.date() + dt.timedelta(days=1), dt.time(), LONDON)
        return moment
