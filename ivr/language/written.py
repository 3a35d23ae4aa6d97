"""A language that has no module of its own here: its words come only from staff's file.

So a language can be added by people who do not program. It says numbers, times and dates digit by digit, and days by
their names, because no words are put together that a speaker of the language has not written and heard.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from ivr.hours import Hours, Span
from ivr.language import Grammar, runs
from ivr.spoken import Speech


@dataclass(frozen=True)
class Written(Grammar):
    """A language by its words: digits, days of the week from Monday, and what is near."""

    tag: str
    digit_words: tuple[str, ...]
    days: tuple[str, ...]
    today: str
    tomorrow: str
    locale: str = ""
    closed: str = ""
    #: Each digit has one recording, so no mark changes its words.
    comma: str = ""
    full_stop: str = ""

    def number(self, value: int) -> str:
        return " ".join(self.digit_words[int(digit)] for digit in str(value))

    def paragraph(self, text: str) -> str:
        return " ".join(self.number(int(part)) for part in text.split("."))

    def date(self, day: dt.date, today: dt.date) -> Speech:
        near = {0: self.today, 1: self.tomorrow}.get((day - today).days)
        return (near,) if near else (self.days[day.weekday()], *self.day_of_year(day))

    def day_of_year(self, day: dt.date) -> Speech:
        return self._apart(f"{day:%d%m}")

    def at(self, moment: dt.time) -> str:
        return " ".join(words for words in self._apart(f"{moment:%H%M}") if isinstance(words, str))

    def stretch(self, hours: Span) -> str:
        return f"{self.at(hours.opens)}, {self.at(hours.closes)}"

    def opening_hours(self, hours: Hours) -> str:
        return ". ".join(
            f"{self.days[first]}, {self.days[last]}: {self.stretch(span)}" for first, last, span in runs(hours)
        )

    def press_in_order(self, press: str, then: Iterable[str]) -> str:
        return " ".join((press, *(self.digit_words[int(key)] for key in then)))

    def label(self, words: str) -> str:
        return words

    def vocabulary(self, hours: Hours, windows: Iterable[str] = ()) -> frozenset[str]:
        return frozenset({*self.digit_words, *self.days, self.today, self.tomorrow, *windows})

    def _apart(self, digits: str) -> Speech:
        return tuple(self.digit_words[int(digit)] for digit in digits)
