"""Calls by hour of the week, as a plot that says its figures."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ivr.reporting import demand
from ivr.reporting.figures import LEAST_TOLD, CountsByName, Figure, figures
from ivr.reporting.periods import Period

#: Shades of the plot, besides the one for hidden figures.
SHADES = 4
#: The busiest hours that are told in words.
MOST_NAMED = 3


class Cell(NamedTuple):
    """One hour of the week: its name, its figure, the figure as the plot shows it, and its shade (0 for hidden)."""

    words: str
    figure: Figure
    short: str
    shade: int


class HourlyCalls(NamedTuple):
    """The hours in which calls came: the days with their numbers, Monday 0, and for each hour a cell for each day."""

    days: list[tuple[int, str]]
    rows: list[tuple[int, list[Cell]]]

    def cells(self) -> Iterator[Cell]:
        for _, cells in self.rows:
            yield from cells

    def in_words(self) -> str:
        """The busiest hours: 'Most calls came on Tuesday from 10 to 11 (34) and on Monday from 9 to 10 (31).'"""
        told = sorted((each for each in self.cells() if each.shade), key=lambda each: -each.figure.least)
        named = [f"on {each.words} ({each.figure})" for each in told[:MOST_NAMED]]
        return f"Most calls came {' and '.join([', '.join(named[:-1]), named[-1]] if named[1:] else named)}."


def hours(period: Period, of: Callable[[str], CountsByName]) -> HourlyCalls | None:
    """The calls of a period by hour of the week; None if every hour is hidden. `of`: gives the counts of a month.

    Weekend days, and hours at both ends of the day, are left out if all their figures are hidden.
    """
    names = [(day, hour) for day in range(7) for hour in range(24)]
    told = figures(period, [demand.hour(*each) for each in names], of, is_summed=True)
    by_name = dict(zip(names, told, strict=True))
    shown = [each for each, figure in by_name.items() if _is_shown(figure)]
    if not shown:
        return None
    most = max(by_name[each].least for each in shown)
    days = [day for day in range(7) if day < 5 or day in {day for day, _ in shown}]
    first, last = min(hour for _, hour in shown), max(hour for _, hour in shown)
    rows = [(hour, [_cell(day, hour, by_name[day, hour], most) for day in days]) for hour in range(first, last + 1)]
    return HourlyCalls([(day, calendar.day_name[day]) for day in days], rows)


def _is_shown(figure: Figure) -> bool:
    return figure.least >= LEAST_TOLD and not math.isinf(figure.most)


def _cell(day: int, hour: int, figure: Figure, most: int) -> Cell:
    words = f"{calendar.day_name[day]} from {hour} to {hour + 1}"
    if not _is_shown(figure):
        return Cell(words, figure, "–" if math.isinf(figure.most) else f"<{LEAST_TOLD}", 0)
    short = str(figure).replace(" to ", "–")
    return Cell(words, figure, short, math.ceil(SHADES * figure.least / most))
