"""The report of a month, a quarter or a school year: what was counted, told so that nobody is recognised in it.

A figure below five is not told, and none is told as 0: then a small one could be told from what is left. Nor is a
figure told that would give a small one away by subtraction: of a table, where its sum may be known from elsewhere, and
of a longer time, where its months are known. So each figure is kept with what readers can tell of it: the least and the
most that it can be. A quarter is told exactly only if its months leave room for doubt about each of those that are
hidden; otherwise it is told as what its months tell already, from and to. Whether it is told must not tell either: so
what holds for the most that the hidden ones can be also holds for one less. A school year goes by its quarters in the
same way. Quarters are those of the school year, so that none is cut by its end.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ivr import came, kept
from ivr.came import Questions

#: Figures below this are not told, so that nobody is recognised in them; and below this many, no share in percent.
LEAST_TOLD, LEAST_SHARED = 5, 20
#: The month with which a school year begins.
FIRST_MONTH = 9

#: Counts by their names in the store, as "question:answer".
Counts = Mapping[str, int]


# --- times --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """A month, a quarter or a school year: its name in an address and on the page, and what it consists of."""

    id: str
    words: str
    #: Its months, as '2026-11', and the periods that it consists of; none for a month.
    months: tuple[str, ...]
    parts: tuple[Period, ...] = ()


def month(year: int, number: int) -> Period:
    name = f"{year}-{number:02}"
    return Period(name, f"{dt.date(year, number, 1):%B %Y}", (name,))


def quarter(year: int, first: int) -> Period:
    """The three months from this one on."""
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
    """The period of this name in an address; the present month if there is none."""
    if found := re.fullmatch(r"year-(20\d\d)", typed, re.ASCII):
        return school_year(int(found[1]))
    if found := re.fullmatch(r"(quarter-)?(20\d\d)-(0[1-9]|1[0-2])", typed, re.ASCII):
        year, number = int(found[2]), int(found[3])
        if not found[1]:
            return month(year, number)
        return quarter(*_later(year, number, -((number - FIRST_MONTH) % 3)))
    return month(today.year, today.month)


# --- figures ------------------------------------------------------------------------------------


class Figure(NamedTuple):
    """A true count, and the least and the most that it can be for whoever reads the report."""

    true: int
    least: int
    most: float

    @property
    def is_told(self) -> bool:
        return self.least == self.most

    def __str__(self) -> str:
        if self.is_told:
            return str(self.true)
        if self.true < LEAST_TOLD:
            return f"fewer than {LEAST_TOLD}"
        return "not told" if math.isinf(self.most) else f"{self.least} to {self.most:.0f}"


def _alone(count: int) -> Figure:
    return Figure(count, 0, LEAST_TOLD - 1) if count < LEAST_TOLD else Figure(count, count, count)


def _together(parts: Sequence[Figure]) -> Figure:
    """The sum of figures, told exactly only if that tells none of the hidden ones."""
    count, hidden = sum(each.true for each in parts), [each for each in parts if not each.is_told]
    if count < LEAST_TOLD or not hidden or not _gives_away(hidden):
        return _alone(count)
    least, most = sum(each.least for each in parts), sum(each.most for each in parts)
    return Figure(count, max(least, LEAST_TOLD), most)


def _gives_away(hidden: Sequence[Figure]) -> bool:
    """Whether the sum of hidden figures tells what one of them is, or that it was not told would."""
    count, least = sum(each.true for each in hidden), sum(each.least for each in hidden)
    is_least = least > 0 and count <= least + 1
    return len(hidden) == 1 or is_least or count >= sum(each.most for each in hidden) - 1


def figures(period: Period, names: Sequence[str], of: Callable[[str], Counts], *, is_summed: bool) -> list[Figure]:
    """The figures of a table in a period. `of`: the counts of a month.

    `is_summed`: its sum may be known from elsewhere. Then no figure is hidden alone: one that its months hide as well
    is hidden with it, or else its neighbour. Not the next smallest: that tells that it is no larger than the others.
    """
    if not period.parts:
        found = [_alone(of(period.id).get(name, 0)) for name in names]
        doubtful = [False] * len(names)
    else:
        parts = [figures(part, names, of, is_summed=is_summed) for part in period.parts]
        found = [_together(each) for each in zip(*parts, strict=True)]
        doubtful = [not all(each.is_told for each in column) for column in zip(*parts, strict=True)]
    hidden = [each for each in found if not each.is_told]
    if is_summed and hidden and _gives_away(hidden):
        told = [nth for nth, each in enumerate(found) if each.is_told]
        if told:
            last = max(nth for nth, each in enumerate(found) if not each.is_told)
            also = min(told, key=lambda nth: (not doubtful[nth], nth < last, abs(nth - last)))
            found[also] = Figure(found[also].true, LEAST_TOLD, math.inf)
    return found


# --- tables -------------------------------------------------------------------------------------


class Table(NamedTuple):
    """One table: its name, what it counts, and its rows."""

    name: str
    definition: str
    rows: list[tuple[str, Figure]]

    @property
    def is_empty(self) -> bool:
        return not any(figure.true for _, figure in self.rows)


_OUTCOMES = ("spoke", "done", "no answer", "message left", "wrong number", "cancelled")
_TRIES = {f"outcome:{each}": each.capitalize() for each in _OUTCOMES}
_NEEDS = {
    "need:relay": "Text relay", "need:interpreter": "Interpreter", "need:slow": "Slow speech", "need:none": "None",
}  # fmt: skip
_ABOUT = {
    "about:child": "Their own child", "about:me": "A young person, for themselves", "about:other": "For somebody else",
    "about:unknown": "Not asked",
}  # fmt: skip
_WAITS = {
    "wait:1": "Up to 1 hour", "wait:2": "1 to 2 hours", "wait:4": "2 to 4 hours", "wait:8": "4 to 8 hours",
    "wait:16": "8 to 16 hours", "wait:more": "More than 16 hours",
}  # fmt: skip
_PROMISES = {kept.KEPT: "Rung within promise", kept.BROKEN: "Not rung within promise"}
_TRIED = "Callers who were tried for the first time"
_TALKS = "Talks in which an adviser chose an answer. What was not said is left out."
#: The tables: what each is called, what it counts, and its rows by the names of the counts.
_TABLES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("Outcome", "Tries whose outcome was saved, by what came of them.", _TRIES),
    ("Wait", f"{_TRIED}: the opening hours from when they asked until then.", _WAITS),
    ("Needs", f"{_TRIED}, by what they said that they need; some need several.", _NEEDS),
    ("Who it is about", f"{_TRIED}, by whom they asked for.", _ABOUT),
)


def _tables(questions: Questions) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    yield from _TABLES
    for name, each in questions.items():
        yield each.asks, _TALKS, {came.counted(name, answer): words for answer, words in each.answers.items()}


@dataclass(frozen=True)
class Report:
    """All that is told of a period."""

    period: Period
    kept: Figure
    broken: Figure
    tables: list[Table]

    @property
    def is_empty(self) -> bool:
        return not (self.kept.true or self.broken.true) and all(table.is_empty for table in self.tables)

    @property
    def share(self) -> str:
        """How many of a hundred promises were kept; empty where there are too few, or a figure would be given away."""
        if self.kept.true + self.broken.true < LEAST_SHARED or not self.kept.is_told:
            return ""
        if self.broken.is_told:
            return f"{_percent(self.kept.true, self.broken.true)} %"
        if math.isinf(self.broken.most):
            return ""
        return f"{_percent(self.kept.true, int(self.broken.most))} % or more"

    def rows(self) -> Iterable[tuple[str, str, str]]:
        """The whole report as rows for a file: table, answer, figure."""
        yield "Promises", _PROMISES[kept.KEPT], str(self.kept)
        yield "Promises", _PROMISES[kept.BROKEN], str(self.broken)
        yield "Promises", "Share", self.share or "not told"
        for table in self.tables:
            yield from ((table.name, words, str(figure)) for words, figure in table.rows)


def _percent(kept: int, broken: int) -> int:
    return math.floor(100 * kept / (kept + broken))


def report(period: Period, questions: Questions, of: Callable[[str], Counts]) -> Report:
    """The report of a period. `questions`: what advisers can say of a talk. `of`: the counts of a month."""
    promised = figures(period, tuple(_PROMISES), of, is_summed=False)
    tables = [
        Table(name, definition, list(zip(rows.values(), figures(period, tuple(rows), of, is_summed=True), strict=True)))
        for name, definition, rows in _tables(questions)
    ]
    in_time, not_in_time = promised
    return Report(period, in_time, not_in_time, [*tables, _languages(period, of)])


def _languages(period: Period, of: Callable[[str], Counts]) -> Table:
    """The languages that were counted in a period: which there are, the line's settings decide."""
    found = sorted({name for each in period.months for name in of(each) if name.startswith(kept.LANGUAGE)})
    told = figures(period, found, of, is_summed=True)
    rows = list(zip((name.removeprefix(kept.LANGUAGE) for name in found), told, strict=True))
    return Table("Language", f"{_TRIED}, by the language in which they asked to be spoken to.", rows)
