"""English: the grammar of the line's first language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby

from num2words import num2words

from ivr.hours import Hours, Span
from ivr.language import Grammar, runs
from ivr.spoken import Speech

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class English(Grammar):
    """English as it is spoken in Britain."""

    tag, locale = "en", "en-GB"
    digit_words = DIGITS
    closed = "closed"

    def number(self, value: int) -> str:
        return _number(value)

    def paragraph(self, text: str) -> str:
        return " point ".join(_number(int(part)) for part in text.split("."))

    def date(self, day: dt.date, today: dt.date) -> Speech:
        """'on Tuesday the first of December'; with 'today,' or 'tomorrow,' instead of 'on' if it is."""
        rest = self.day_of_year(day)
        near = {0: "today,", 1: "tomorrow,"}.get((day - today).days)
        return (near, DAYS[day.weekday()], *rest) if near else (f"on {DAYS[day.weekday()]}", *rest)

    def day_of_year(self, day: dt.date) -> Speech:
        return (f"the {_ordinal(day.day)}", f"of {MONTHS[day.month - 1]}")

    def at(self, moment: dt.time) -> str:
        return f"at {time(moment)}"

    def stretch(self, hours: Span) -> str:
        return f"{_clock(hours.opens)} to {_clock(hours.closes)}"

    def opening_hours(self, hours: Hours) -> str:
        """If there are several spans, each is said in fewer words, to be remembered: 'Friday. From nine to four'."""
        say = _clock if len(list(runs(hours))) > 1 and _by_day(hours) else time
        return ". ".join(
            f"{days}. From " + ", and ".join(f"{say(each.opens)} to {say(each.closes)}" for each in spans)
            for days, spans in days_and_spans(hours)
        )

    def press_in_order(self, press: str, then: Iterable[str]) -> str:
        return ", then ".join((press, *then))

    def vocabulary(self, hours: Hours, windows: Iterable[str] = ()) -> frozenset[str]:
        plain = [
            *DIGITS, *DAYS, *(f"on {day}" for day in DAYS), "today", "tomorrow", *self._openings(hours), *windows,
            *(f"the {_ordinal(n)}" for n in range(1, 32)),
            *(f"of {month}" for month in MONTHS),
        ]  # fmt: skip
        return frozenset(piece + sign for piece in plain for sign in ("", ",", "."))

    def _openings(self, hours: Hours) -> Iterator[str]:
        """The times of day at which the line opens, in words."""
        return (self.at(span.opens) for span in hours.spans())


ENGLISH = English()


@cache
def _number(value: int) -> str:
    return str(num2words(value, lang="en"))


@cache
def _ordinal(value: int) -> str:
    """30 -> 'thirtieth'."""
    return str(num2words(value, lang="en", to="ordinal"))


def time(moment: dt.time) -> str:
    """'nine in the morning', 'two thirty in the afternoon', 'twelve midday'."""
    if (moment.hour, moment.minute) == (12, 0):
        return "twelve midday"
    part = "morning" if moment.hour < 12 else "afternoon" if moment.hour < 18 else "evening"
    return f"{_clock(moment)} in the {part}"


def _clock(moment: dt.time) -> str:
    """'nine', 'two thirty', 'two zero five'."""
    hour = _number((moment.hour - 1) % 12 + 1)
    if not moment.minute:
        return hour
    return f"{hour} {'zero ' if moment.minute < 10 else ''}{_number(moment.minute)}"


def days_and_spans(hours: Hours) -> Iterator[tuple[str, list[Span]]]:
    """The week's hours: days that are open alike, such as 'Monday to Friday', and the spans of each of them."""
    for (first, last), found in groupby(runs(hours), lambda run: run[:2]):
        between = "and" if last == first + 1 else "to"
        days = DAYS[first] if first == last else f"{DAYS[first]} {between} {DAYS[last]}"
        yield days, [span for *_, span in found]


def _by_day(hours: Hours) -> bool:
    """Whether all hours are between 7 and 19 o'clock, so that 'nine to four' has only one meaning."""
    return all(dt.time(7) <= span.opens and span.closes <= dt.time(19) for span in hours.spans())
