"""Languages: how each of them puts numbers, keys, days and times into words.

    english.py   English
    printed.py   English for the eye: figures where callers hear numbers
    written.py   a language that has no module here: its words come from staff's file alone

A grammar makes the phrases that are put together, and are not whole in staff's words: a number digit by digit, a day, a
time, the end of a choice. All other modules ask the grammar of the script, and know no language themselves.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from ivr.hours import DayHours, Hours, Span
from ivr.spoken import Piece, Speech

#: The least length in seconds of the sound of one digit. A shorter sound is padded with silence. Measured voices take
#: between half a second and just under this.
DIGIT_SECONDS = 0.8


class Grammar(ABC):
    """How one language puts into words what a call fills in."""

    #: Its tag in BCP 47, such as 'en'; and its tag for Twilio's voices, such as 'en-GB'.
    tag: str
    locale: str
    #: The words for 0 to 9, as digits of a number.
    digit_words: tuple[str, ...]
    #: What a service is called on a day without hours.
    closed: str
    #: The marks of a pause within a sentence, and of its end.
    comma, full_stop = ",", "."

    # numbers

    @abstractmethod
    def number(self, value: int) -> str:
        """A number in words: 30 -> 'thirty'."""

    @abstractmethod
    def paragraph(self, text: str) -> str:
        """A paragraph of a book of rules: '11.67' -> 'eleven point sixty-seven'."""

    def is_digit(self, words: str) -> bool:
        """Whether a piece of words is one digit of a number."""
        return words.rstrip(f"{self.comma}{self.full_stop}") in self.digit_words

    def digits(self, written: Iterable[str], each: float, between: float) -> Speech:
        """Groups of digits, one digit at a time: `each` seconds a digit, `between` seconds after a group."""
        gap = digit_gap(each)
        pieces: list[Piece] = []
        all_groups = list(written)
        for g, group in enumerate(all_groups):
            for d, digit in enumerate(group):
                last = d == len(group) - 1
                sign = (self.full_stop if g == len(all_groups) - 1 else self.comma) if last else ""
                pieces += [self.digit_words[int(digit)] + sign, between if last else gap]
        return tuple(pieces[:-1])

    def phone(self, text: str, each: float, between: float) -> Speech:
        """A phone number, said twice: '0116 496 0123' as zero one one six, four nine six, ..."""
        once = self.digits(groups(text), each, between)
        return (*once, 2 * between, *once)

    # days and times

    @abstractmethod
    def date(self, day: dt.date, today: dt.date) -> Speech:
        """The day of something: 'on Tuesday the first of December', in pieces. It says if that is today or tomorrow."""

    @abstractmethod
    def day_of_year(self, day: dt.date) -> Speech:
        """'the first of December', in pieces."""

    @abstractmethod
    def at(self, moment: dt.time) -> str:
        """'at nine in the morning'."""

    @abstractmethod
    def stretch(self, hours: Span) -> str:
        """'nine to twelve', where it is clear which half of the day is meant."""

    @abstractmethod
    def opening_hours(self, hours: Hours) -> str:
        """A week's hours: 'Monday to Friday. From nine in the morning to five in the afternoon'."""

    # sentences

    def sentence(self, words: str) -> str:
        """A phrase that is a sentence of its own."""
        return f"{words}{self.full_stop}"

    def label(self, words: str) -> str:
        """The label of a choice. A comma keeps the voice from falling before the key that follows."""
        return words if words.endswith((self.comma, self.full_stop, "?", "!")) else f"{words}{self.comma}"

    def press_where(self, press: str, where: str) -> str:
        """A key with its position: 'press hash, bottom right.'"""
        return self.sentence(f"{press}{self.comma} {where}")

    @abstractmethod
    def press_in_order(self, press: str, then: Iterable[str]) -> str:
        """One key after another: 'press 4, then 3'. `press` asks for the first."""

    # everything at once

    @abstractmethod
    def vocabulary(self, hours: Hours, windows: Iterable[str] = ()) -> frozenset[str]:
        """Every piece of words that a call may fill in. Each needs a sound before the first call."""


def groups(phone: str) -> tuple[str, ...]:
    """A phone number's digits in groups that a listener can remember: at most four, five at the start of a mobile."""
    found: list[str] = []
    for group in phone.split():
        longest = 5 if not found else 4
        while len(group) > longest:
            found.append(group[:3])
            group = group[3:]
        found.append(group)
    return tuple(found)


def digit_gap(each: float) -> float:
    """The pause between two digits of a group, so that one digit starts every `each` seconds."""
    return max(0.1, round(each - DIGIT_SECONDS, 2))


def runs(hours: Hours) -> Iterator[tuple[int, int, Span]]:
    """The week's hours, as first day, last day and hours: equal days in a row are one run.

    A run of days with a break comes once for each of its spans.
    """
    found: list[tuple[int, int, DayHours]] = []
    for day, spans in enumerate(hours.week):
        if not spans:
            continue
        if found and found[-1][1] == day - 1 and found[-1][2] == spans:
            found[-1] = (found[-1][0], day, spans)
        else:
            found.append((day, day, spans))
    return ((first, last, span) for first, last, spans in found for span in spans)
