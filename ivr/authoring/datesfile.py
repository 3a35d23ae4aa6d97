"""The schema of what has a date in `config/line.yaml`: days and weeks with other hours, and notices."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Iterator, Set
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from ivr.authoring.authored import Authored, Words
from ivr.authoring.fields import DayOrTime, Spans
from ivr.hours import LONDON


class OneDay(Authored):
    """A day on which the line is open at other hours than usual, also if it is a bank holiday."""

    day: datetime.date
    hours: Spans

    @property
    def last(self) -> datetime.date:
        """The last day on which this counts."""
        return self.day

    def __str__(self) -> str:
        return f"{self.day}: {self.hours}"


class OtherWeeks(Authored):
    """Weeks in which some days have other hours, like those out of term. Bank holidays stay closed."""

    begins: datetime.date = Field(description="The first day.")
    ends: datetime.date = Field(description="The last day.")
    monday: Spans | None = None
    tuesday: Spans | None = None
    wednesday: Spans | None = None
    thursday: Spans | None = None
    friday: Spans | None = None
    saturday: Spans | None = None
    sunday: Spans | None = None

    @property
    def last(self) -> datetime.date:
        """The last day on which this counts."""
        return self.ends

    def on(self, day: datetime.date) -> str | None:
        """The hours of a date; None if they are as usual."""
        found: str | None = getattr(self, calendar.day_name[day.weekday()].lower())
        return found if self.begins <= day <= self.ends else None

    def __str__(self) -> str:
        days = {name.lower(): getattr(self, name.lower()) for name in calendar.day_name}
        return f"{self.begins} to {self.ends}: " + ", ".join(f"{day.title()} {at}" for day, at in days.items() if at)


def _weeks_or_day(written: object) -> str:
    """Which of the two is meant, also where the day is left out: only a single day has `hours`."""
    if isinstance(written, dict):
        is_day = "day" in written or ("hours" in written and not {"begins", "from", "ends", "to"} & written.keys())
        return "one day" if is_day else "weeks"
    return "one day" if isinstance(written, OneDay) else "weeks"


OtherHours = Annotated[
    Annotated[OneDay, Tag("one day")] | Annotated[OtherWeeks, Tag("weeks")], Discriminator(_weeks_or_day)
]


#: The longest time for which weeks can have other hours. The check refuses longer ones.
MOST_DAYS = 366


def days(
    written: Iterable[OneDay | OtherWeeks], days_off: Set[datetime.date], closed: Iterable[datetime.date]
) -> Iterator[tuple[datetime.date, str]]:
    """Each day with other hours, and those hours. If a day comes twice, the last counts.

    `days_off`: bank holidays and `closed` days, on which weeks with other hours change nothing. `closed`: days that
    staff closed, on which a single day with hours changes nothing either.
    """
    found = list(written)
    for weeks in (other for other in found if isinstance(other, OtherWeeks)):
        for ahead in range(min((weeks.ends - weeks.begins).days, MOST_DAYS) + 1):
            day = weeks.begins + datetime.timedelta(days=ahead)
            if (hours := weeks.on(day)) and day not in days_off:
                yield day, hours
    yield from ((other.day, other.hours) for other in found if isinstance(other, OneDay) and other.day not in closed)


class Notice(Authored):
    words: Words
    begins: DayOrTime = Field(description="The first day it is said, or from when: 2026-12-24 12:00.")
    ends: DayOrTime = Field(description="The last day it is said, or until when.")

    @property
    def first(self) -> datetime.datetime:
        """The first moment at which it is said, on the clock of the line."""
        return _moment(self.begins, datetime.time.min)

    @property
    def last(self) -> datetime.datetime:
        """The last moment at which it is said."""
        return _moment(self.ends, datetime.time.max)


def _moment(written: datetime.date | str, of_day: datetime.time) -> datetime.datetime:
    if isinstance(written, str):
        return datetime.datetime.fromisoformat(written).replace(tzinfo=LONDON)
    return datetime.datetime.combine(written, of_day, LONDON)
