"""The report of a month, a quarter or a school year: what was counted, shown so that nobody is recognised in it.

`figures` decides what is shown of each count. Each table says in one or more sentences what it counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ivr.callbacks import came, kept
from ivr.callbacks.came import Questions
from ivr.reporting import demand
from ivr.reporting.figures import LEAST_SHARED, LEAST_TOLD, CountsByName, Figure, figures
from ivr.reporting.hourly import HourlyCalls, hours
from ivr.reporting.periods import Period, month

# --- tables -------------------------------------------------------------------------------------


class Table(NamedTuple):
    """One table: its name, what it counts, and its rows."""

    name: str
    definition: str
    rows: list[tuple[str, Figure]]

    @property
    def is_empty(self) -> bool:
        return not any(figure.true for _, figure in self.rows)

    @property
    def most(self) -> int:
        """The largest figure that is shown, for the length of the bars beside the figures."""
        return max([LEAST_TOLD, *(int(each.most) for _, each in self.rows if not math.isinf(each.most))])


class Group(NamedTuple):
    """Tables that belong together, under one heading."""

    name: str
    tables: list[Table]


class _Asked(NamedTuple):
    """The definition of one table: `rows` are the names of the counts, each with its words.

    `is_summed`: everything counted is in exactly one row, so the sum may be known from elsewhere (see `figures`).
    """

    name: str
    definition: str
    rows: Mapping[str, str]
    is_summed: bool = True


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
_CALLS = {
    demand.CAME: "Calls", demand.PUT_THROUGH: "Put through to an adviser", demand.ASKED: "Asked to be rung back",
    demand.TEXTED: "Asked for a text",
}  # fmt: skip
_UNMET = {
    demand.LEFT: "Hung up at a question",
    demand.LEFT_ASKING: "Hung up while asking to be rung",
    demand.LEFT_RINGING: "Hung up while a phone rang",
    demand.NOBODY_HERE: "Asked for a person, and nobody was there",
    demand.NOBODY_TOOK: "Nobody took the call",
    demand.LATER: "Part of a day full, a later one promised",
    demand.FULL: "No part of a day was free",
}
_ENDED = {
    "ended:reached": "Reached", "ended:gave-up": "Not reached in three tries", "ended:wrong-number": "Wrong number",
    demand.CANCELLED: "Taken back by the caller",
}  # fmt: skip
_PROMISES = {kept.KEPT: "Rung within promise", kept.BROKEN: "Not rung within promise"}
_TRIED = "Callers who were tried for the first time"
_TALKS = "Talks in which an adviser chose an answer. What was not said is left out."
_OF_CALLS = (
    _Asked(
        "What calls led to",
        "Calls that the line answered; and those of them in which an adviser took the call with key 1, the "
        "caller asked to be rung back, or a text was asked for. One call can be in several rows.",
        _CALLS,
        is_summed=False,
    ),
    _Asked(
        "Wanted, and not got",
        "Calls in which a caller did not get what they wanted. They hung up at a question after the greeting "
        "if they had heard no guidance and got nothing. Nobody was there if the service was closed, and nobody "
        "took the call if no adviser pressed 1. One call can be in several rows. The rows about parts of a day "
        "count each time that a caller was told so.",
        _UNMET,
        is_summed=False,
    ),
)
_OF_REQUESTS = (
    _Asked(
        "Requests that ended",
        "Requests to be rung back, by how they ended, in the month in which they did. One that was put back "
        "into the list counts when it ends again.",
        _ENDED,
    ),
    _Asked("Wait", f"{_TRIED}: the opening hours from when they asked until then.", _WAITS),
    _Asked("Outcome", "Tries whose outcome was saved, by what came of them.", _TRIES),
)
_OF_CALLERS = (
    _Asked("Needs", f"{_TRIED}, by what they said that they need; some need several.", _NEEDS),
    _Asked("Who it is about", f"{_TRIED}, by whom they asked for.", _ABOUT),
)


def _asked(questions: Questions) -> Iterator[tuple[str, list[_Asked]]]:
    """The groups of tables, in the order of the page."""
    yield "Calls", list(_OF_CALLS)
    yield "What came of it", [*_OF_REQUESTS, *_interventions(questions)]
    yield (
        "Talks",
        [
            _Asked(each.asks, _TALKS, {came.counted(name, answer): words for answer, words in each.answers.items()})
            for name, each in questions.items()
        ],
    )
    yield "Who asked", list(_OF_CALLERS)


def _interventions(questions: Questions) -> Iterator[_Asked]:
    """Requests by the highest level of help given, if the service has levels (the intervention levels of the field)."""
    if level := questions.get(came.LEVEL):
        rows = {**{kept.helped(answer): words for answer, words in level.answers.items()}, kept.helped(""): "Not said"}
        definition = (
            "Requests that reached somebody, each once, by the highest level of help that an adviser chose in all "
            "their talks."
        )
        yield _Asked("Interventions", definition, rows)


HOURS_COUNT = (
    "Calls that the line answered, by the hour in which they came, whether or not anybody was there. Days and hours at "
    "the edges are left out if nothing can be told of them."
)


@dataclass(frozen=True)
class Report:
    """Everything that the report shows of a period. `kept`, `broken`: promises."""

    period: Period
    kept: Figure
    broken: Figure
    groups: list[Group]
    hours: HourlyCalls | None

    @property
    def tables(self) -> list[Table]:
        return [table for group in self.groups for table in group.tables]

    @property
    def is_empty(self) -> bool:
        return not (self.kept.true or self.broken.true) and all(table.is_empty for table in self.tables)

    @property
    def share(self) -> str:
        """The percentage of promises that were kept; empty if there are too few, or it would reveal a hidden figure."""
        if self.kept.true + self.broken.true < LEAST_SHARED or not self.kept.is_told:
            return ""
        if self.broken.is_told:
            return f"{_percent(self.kept.true, self.broken.true)} %"
        if math.isinf(self.broken.most):
            return ""
        return f"{_percent(self.kept.true, int(self.broken.most))} % or more"

    def rows(self) -> Iterable[tuple[str, str, str]]:
        """The whole report as the rows of a file: table, answer, figure."""
        yield "Promises", _PROMISES[kept.KEPT], str(self.kept)
        yield "Promises", _PROMISES[kept.BROKEN], str(self.broken)
        yield "Promises", "Share", self.share or "not told"
        for table in self.tables:
            yield from ((table.name, words, str(figure)) for words, figure in table.rows)
        for cell in self.hours.cells() if self.hours else ():
            yield "Calls by hour of the week", cell.words, str(cell.figure)


def _percent(kept: int, broken: int) -> int:
    return math.floor(100 * kept / (kept + broken))


def report(period: Period, questions: Questions, of: Callable[[str], CountsByName], present: str) -> Report:
    """The report of a period. `questions`: what advisers are asked after a talk. `of`: gives the counts of a month.
    `present`: the present month, as '2026-11'.
    """
    in_time, not_in_time = figures(period, tuple(_PROMISES), of, is_summed=False)
    groups = [Group(name, [_counted(asked, period, of) for asked in tables]) for name, tables in _asked(questions)]
    calls, *_, who = groups
    calls.tables.extend(_by_month(period, of, present))
    who.tables.append(_languages(period, of))
    return Report(period, in_time, not_in_time, groups, hours(period, of))


def _counted(asked: _Asked, period: Period, of: Callable[[str], CountsByName]) -> Table:
    told = figures(period, tuple(asked.rows), of, is_summed=asked.is_summed)
    return Table(asked.name, asked.definition, list(zip(asked.rows.values(), told, strict=True)))


def _by_month(period: Period, of: Callable[[str], CountsByName], present: str) -> list[Table]:
    """The calls of each month of a longer period, as the report of that month shows them."""
    if not period.parts:
        return []
    months = [month(*map(int, each.split("-"))) for each in period.months if each <= present]
    rows = [(each.words, figures(each, (demand.CAME,), of, is_summed=False)[0]) for each in months]
    return [Table("Calls by month", "Calls that the line answered, as the report of each month tells them.", rows)]


def _languages(period: Period, of: Callable[[str], CountsByName]) -> Table:
    """The languages that were counted in a period. Which ones there are depends on the line's settings."""
    found = sorted({name for each in period.months for name in of(each) if name.startswith(kept.LANGUAGE)})
    told = figures(period, found, of, is_summed=True)
    rows = list(zip((name.removeprefix(kept.LANGUAGE) for name in found), told, strict=True))
    return Table("Language", f"{_TRIED}, by the language in which they asked to be spoken to.", rows)
