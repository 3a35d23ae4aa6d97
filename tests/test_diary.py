"""When callers can be rung back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from ivr.callbacks.diary import Urgency, Window
from ivr.hours import CLOSED, LONDON, Hours, Span
from tests.desk import DIARY, HOURS
from tests.line import OPEN


def test_windows_are_the_parts_of_open_days_that_are_still_to_come() -> None:
    friday_noon = dt.datetime(2026, 11, 27, 13, 0, tzinfo=LONDON)

    windows = replace(DIARY, days_ahead=4).windows(friday_noon)

    assert [(window.day.isoformat(), window.part) for window in windows] == [
        ("2026-11-27", "afternoon"),
        ("2026-11-30", "morning"),
        ("2026-11-30", "afternoon"),
        ("2026-12-01", "morning"),
        ("2026-12-01", "afternoon"),
    ]


def test_a_window_ends_when_the_office_closes() -> None:
    """A Friday on which everybody goes home at four."""
    early = Hours((*HOURS.week[:4], (Span(dt.time(9), dt.time(16)),), CLOSED, CLOSED))

    _, due = replace(DIARY, hours=early).times(Window(dt.date(2026, 11, 27), "afternoon"))

    assert dt.datetime.fromtimestamp(due, LONDON).time() == dt.time(16)


def test_what_is_nearly_over_is_promised_to_nobody() -> None:
    for minute, first in ((0, "morning"), (1, "afternoon")):
        assert DIARY.windows(OPEN.replace(hour=11, minute=minute))[0] == Window(OPEN.date(), first)  # type: ignore[arg-type]


def test_a_window_stands_while_somebody_is_there_in_it() -> None:
    """A closed day may be added after callers were promised it, or a part of the day given up."""
    window = Window(OPEN.date(), "morning")
    closed = replace(DIARY, hours=replace(HOURS, days_off=frozenset({OPEN.date()})))
    never_in_the_morning = replace(DIARY, parts={"afternoon": DIARY.parts["afternoon"]})

    assert [diary.stands(window) for diary in (DIARY, closed, never_in_the_morning)] == [True, False, False]


def test_as_soon_as_somebody_is_there_means_now_or_the_next_opening() -> None:
    night = OPEN.replace(hour=21)

    assert DIARY.opening(OPEN) == OPEN.timestamp()
    assert DIARY.opening(night) == (OPEN.replace(hour=9, minute=0) + dt.timedelta(days=1)).timestamp()


def test_a_line_that_is_never_open_has_no_better_moment_than_now() -> None:
    never = replace(DIARY, hours=Hours((CLOSED,) * 7))

    assert never.opening(OPEN) == OPEN.timestamp()
    assert never.windows(OPEN) == ()


def test_who_cannot_wait_is_due_within_hours_and_everybody_else_by_the_end_of_a_day() -> None:
    """The promised day is the next opening day: today, for a caller who asks before opening time."""
    friday = dt.datetime(2026, 11, 27, tzinfo=LONDON)
    asked = {
        "by day": friday.replace(hour=10), "before opening": friday.replace(hour=7),
        "on Friday evening": friday.replace(hour=19),
    }  # fmt: skip

    def due(rank: Urgency, now: dt.datetime) -> str:
        return f"{dt.datetime.fromtimestamp(DIARY.due(rank, now, 4), LONDON):%a %H:%M}"

    assert {name: (due("today", now), due("urgent", now)) for name, now in asked.items()} == {
        "by day": ("Fri 14:00", "Mon 17:00"),
        "before opening": ("Fri 13:00", "Fri 17:00"),
        "on Friday evening": ("Mon 13:00", "Mon 17:00"),
    }


def test_who_asks_in_a_break_is_due_by_the_end_of_the_next_day_that_opens() -> None:
    """After the break the line opens again, but not for a day: that of today has begun."""
    halves = (Span(dt.time(9), dt.time(12)), Span(dt.time(13), dt.time(17)))
    with_break = replace(DIARY, hours=Hours((*(halves,) * 5, CLOSED, CLOSED)))
    tomorrow = OPEN + dt.timedelta(days=1)

    due = with_break.due("", OPEN.replace(hour=12, minute=30), 4)

    assert due == tomorrow.replace(hour=17, minute=0).timestamp()
