"""Which counts of a month, a quarter or a school year are shown, so that nobody can be recognised in the report.

The field calls this statistical disclosure control. A figure below five is hidden ("fewer than 5"). That includes 0: if
it were shown, a hidden figure would have fewer possible values. A larger figure is hidden too if a small one could be
found from it by subtraction: in a table, whose sum may be known from elsewhere; and in a longer period, whose months
are known. So each figure has the least and the most that it can be for a reader.

A quarter is shown exactly only if each of its hidden months can still have several values then. Otherwise it is shown
as the range that follows from its months. Readers could also draw a conclusion from which of the two is shown. So a sum
that is one less than the largest possible one is treated as the largest is, and one that is one more than the smallest
as the smallest is. A school year follows from its quarters in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ivr.reporting.periods import Period

#: Figures below LEAST_TOLD are hidden. Of fewer than LEAST_SHARED in all, no share in percent is shown.
LEAST_TOLD, LEAST_SHARED = 5, 20

#: Counts by their names in the store, as "question:answer".
CountsByName = Mapping[str, int]


class Figure(NamedTuple):
    """A true count, and the least and the most that it can be as far as a reader of the report can find out.

    It is told, which means shown exactly, if these two are equal. `most` is infinite for a figure that is hidden only
    to protect another one.
    """

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
    """The figure of a count about which readers know nothing else."""
    return Figure(count, 0, LEAST_TOLD - 1) if count < LEAST_TOLD else Figure(count, count, count)


def _together(parts: Sequence[Figure]) -> Figure:
    """The sum of figures: exact if that reveals none of the hidden ones, else as a range."""
    count, hidden = sum(each.true for each in parts), [each for each in parts if not each.is_told]
    if count < LEAST_TOLD or not hidden or not _gives_away(hidden):
        return _alone(count)
    least, most = sum(each.least for each in parts), sum(each.most for each in parts)
    return Figure(count, max(least, LEAST_TOLD), most)


def _gives_away(hidden: Sequence[Figure]) -> bool:
    """Whether a reader who knows the sum of hidden figures could find one of them, or could if the sum were one more or
    one less (see above).
    """
    count, least = sum(each.true for each in hidden), sum(each.least for each in hidden)
    is_least = least > 0 and count <= least + 1
    return len(hidden) == 1 or is_least or count >= sum(each.most for each in hidden) - 1


def figures(
    period: Period, names: Sequence[str], of: Callable[[str], CountsByName], *, is_summed: bool
) -> list[Figure]:
    """The figures of a table in a period, in the order of `names`. `of`: gives the counts of a month.

    `is_summed`: the sum of the table may be known from elsewhere. Then no figure is hidden alone, because it would be
    the sum less the others. A second one is hidden with it: one whose months are hidden too, or else a neighbour. It is
    not the next smallest one, because then readers would know that the others are larger.
    """
    if not period.parts:
        found = [_alone(of(period.id).get(name, 0)) for name in names]
        doubtful = [False] * len(names)  # whether a month or quarter of this figure is hidden
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
