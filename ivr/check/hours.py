"""Days and weeks on which the line is open at other hours than usual."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ivr.authoring.datesfile import MOST_DAYS, OneDay, OtherWeeks
from ivr.check.context import LINE, Context, Finding, rule


@rule("other-hours", "Whoever is told that the line is open rings it, and nobody is there.", level="warning")
def other_hours(context: Context) -> Iterator[Finding]:
    """Days and weeks with other hours make sense, and callers are told of weeks."""
    seen: set[dt.date] = set()
    for i, other in enumerate(context.draft.line.other_hours):
        if isinstance(other, OneDay):
            yield from _one_day(context, i, other, seen)
            seen.add(other.day)
        else:
            yield from _weeks(context, i, other)


def _one_day(context: Context, i: int, other: OneDay, seen: set[dt.date]) -> Iterator[Finding]:
    path = ("other_hours", i)
    if other.day < context.today:
        yield Finding(LINE, path, f"{other.day} is in the past.", "Remove it, or correct the year.")
    if other.day in context.draft.line.closed_days:
        remedy = "Remove it here or in 'closed_days'. Until then the line is closed."
        yield Finding(LINE, path, f"{other.day} is also a closed day.", remedy, level="error")
    if other.day in seen:
        yield Finding(LINE, path, f"{other.day} is here twice.", "Keep one of them.", level="error")


def _weeks(context: Context, i: int, other: OtherWeeks) -> Iterator[Finding]:
    path = ("other_hours", i)
    if other.ends < other.begins:
        yield Finding(LINE, path, "These weeks end before they begin.", "Change one of the dates.", level="error")
    elif (other.ends - other.begins).days > MOST_DAYS:
        remedy = "Correct the year, or change 'opening_hours' instead."
        yield Finding(LINE, path, "These weeks last for more than a year.", remedy, level="error")
    elif not any(other.on(other.begins + dt.timedelta(days=ahead)) for ahead in range(7)):
        remedy = "Write a day of the week with its hours, like 'monday: 10:00 to 12:00'."
        yield Finding(LINE, path, "In these weeks, no day has other hours.", remedy, level="error")
    elif other.ends < context.today:
        yield Finding(LINE, path, "These weeks are in the past.", "Remove them, or correct the year.")
    elif not any(_covers(notice.first.date(), notice.last.date(), other) for notice in context.draft.line.notices):
        words = "When callers are told the opening hours in these weeks, they hear those of other weeks."
        remedy = f"Tell them with `ivr notice 'WORDS' --from {other.begins} --until {other.ends}`."
        yield Finding(LINE, path, words, remedy)


def _covers(first: dt.date, last: dt.date, other: OtherWeeks) -> bool:
    return first <= other.begins and last >= other.ends
