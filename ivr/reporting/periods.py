"""The months, quarters and school years of the report.

Quarters begin with the school year in September, so that each belongs to one school year.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

#: The month with which a school year begins.
FIRST_MONTH = 9


@dataclass(frozen=True)
class Period:
    """A month, a quarter or a school year: its name in an address and on the page, and what it consists of."""

    id: str
    words: str
    #: Its months, as '2026-11'; and the shorter periods that it consists of (none for a month).
    months: tuple[str, ...]
    parts: tuple[Period, ...] = ()


def month(year: int, number: int) -> Period:
    name = f"{year}-{number:02}"
    return Period(name, f"{dt.date(year, number, 1):%B %Y}", (name,))


def quarter(year: int, first: int) -> Period:
    """The three months that begin with the month `first` of this year."""
    parts = tuple(month(*_later(year, first, by)) for by in range(3))
    begins, ends = parts[0].words, parts[-1].words
    if begins[-4:] == ends[-4:]:
        begins = begins[:-5]
    return Period(f"quarter-{parts[0].id}", f"{begins} to {ends}", tuple(each.id for each in parts), parts)


def school_year(year: int) -> Period:
    """The school year that begins in September of this year."""
    parts = tuple(quarter(*_later(year, FIRST_MONTH, by)) for by in range(0, 12, 3))
    months = tuple(each for part in parts for each in part.months)
    return Period(f"year-{year}", f"School year {year}-{(year + 1) % 100:02}", months, parts)


def _later(year: int, number: int, by: int) -> tuple[int, int]:
    years, months = divmod(number - 1 + by, 12)
    return year + years, months + 1


def offered(today: dt.date) -> dict[str, list[Period]]:
    """The periods that can be chosen, the latest first: thirteen months, five quarters and three school years."""
    year = today.year if today.month >= FIRST_MONTH else today.year - 1
    this = _later(today.year, today.month, -((today.month - FIRST_MONTH) % 3))
    return {
        "Months": [month(*_later(today.year, today.month, -by)) for by in range(13)],
        "Quarters": [quarter(*_later(*this, -by)) for by in range(0, 15, 3)],
        "School years": [school_year(year - by) for by in range(3)],
    }


def period(typed: str, today: dt.date) -> Period:
    """The period with this id, as typed in an address; the present month if there is none."""
    if found := re.fullmatch(r"year-(20\d\d)", typed, re.ASCII):
        return school_year(int(found[1]))
    if found := re.fullmatch(r"(quarter-)?(20\d\d)-(0[1-9]|1[0-2])", typed, re.ASCII):
        year, number = int(found[2]), int(found[3])
        if not found[1]:
            return month(year, number)
        return quarter(*_later(year, number, -((number - FIRST_MONTH) % 3)))
    return month(today.year, today.month)
