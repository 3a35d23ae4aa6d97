"""Figures of which none tells of somebody: what is told of a count in a month, a quarter or a school year.

A figure below five is not told, and none is told as 0: then a small one could be told from what is left. Nor is a
figure told that would give a small one away by subtraction: of a table, where its sum may be known from elsewhere, and
of a longer time, where its months are known. So each figure is kept with what readers can tell of it: the least and the
most that it can be. A quarter is told exactly only if its months leave room for doubt about each of those that are
hidden; otherwise it is told as what its months tell already, from and to. Whether it is told must not tell either: so
what holds for the most that the hidden ones can be also holds for one less. A school year goes by its quarters in the
same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ivr.reporting.periods import Period

#: Figures below this are not told, so that nobody is recognised in them; and below this many, no share in percent.
LEAST_TOLD, LEAST_SHARED = 5, 20

#: Counts by their names in the store, as "question:answer".
CountsByName = Mapping[str, int]


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


def figures(
    period: Period, names: Sequence[str], of: Callable[[str], CountsByName], *, is_summed: bool
) -> list[Figure]:
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
