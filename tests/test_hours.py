"""Open or closed, and when next open, on Leicester's clock."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr import config
from ivr.hours import LONDON, Hours, Span

NINE_TO_FIVE = Span(dt.time(9), dt.time(17))
CHRISTMAS = frozenset({dt.date(2026, 12, 25), dt.date(2026, 12, 28)})
HOURS = Hours((NINE_TO_FIVE,) * 5 + (None, None), CHRISTMAS)


def _at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-25 08:59", False),
        ("2026-11-25 09:00", True),
        ("2026-11-25 16:59", True),
        ("2026-11-25 17:00", False),
        ("2026-11-28 12:00", False),
        ("2026-12-25 12:00", False),
    ],
)
def test_the_line_is_open_from_the_first_minute_up_to_the_last(moment: str, is_open: bool) -> None:
    """Half open: closed at 17:00 sharp, on weekends and on bank holidays."""
    assert HOURS.is_open(_at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-25 08:00", "2026-11-25 09:00"),
        ("2026-11-25 12:00", "2026-11-26 09:00"),
        ("2026-11-27 18:00", "2026-11-30 09:00"),
        ("2026-12-24 18:00", "2026-12-29 09:00"),
    ],
)
def test_the_next_opening_skips_days_off(moment: str, opens: str) -> None:
    assert HOURS.next_open(_at(moment)) == _at(opens)


def test_a_line_with_no_hours_has_no_next_opening() -> None:
    assert Hours((None,) * 7).next_open(_at("2026-11-25 08:00")) is None


@pytest.mark.parametrize("moment", ["2026-10-25 00:30", "2027-03-28 00:30"])
def test_the_clocks_change_without_moving_the_opening(moment: str) -> None:
    """On both Sundays of the year the line next opens at nine by Leicester's clock."""
    opens = HOURS.next_open(_at(moment))

    assert opens is not None
    assert opens.astimezone(LONDON).time() == dt.time(9)


@pytest.mark.parametrize(("day", "due"), [("2027-03-28", "05:30"), ("2026-10-25", "03:30"), ("2026-10-26", "04:30")])
def test_four_opening_hours_are_four_hours_on_the_night_when_the_clocks_change(day: str, due: str) -> None:
    open_at_night = Hours((Span(dt.time(0, 30), dt.time(6)),) * 7)
    opens = dt.datetime.fromisoformat(f"{day}T00:30").replace(tzinfo=LONDON)

    assert open_at_night.add(opens, 4).strftime("%H:%M") == due


def test_the_hour_is_judged_in_leicester_whatever_clock_asks() -> None:
    """A summer morning at 08:30 UTC is 09:30 in Leicester."""
    assert HOURS.is_open(dt.datetime(2026, 7, 1, 8, 30, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("moment", "hours", "due"),
    [
        ("2026-11-25 10:00", 4, "2026-11-25 14:00"),
        ("2026-11-25 15:00", 4, "2026-11-26 11:00"),
        ("2026-11-27 16:00", 4, "2026-11-30 12:00"),
        ("2026-11-25 20:00", 4, "2026-11-26 13:00"),
    ],
)
def test_a_promise_is_measured_in_opening_time(moment: str, hours: int, due: str) -> None:
    assert HOURS.add(_at(moment), hours) == _at(due)


def test_bank_holidays_are_known_without_asking_anybody() -> None:
    known = config.bank_holidays()

    assert dt.date(2026, 12, 25) in known
    assert dt.date(2026, 12, 28) in known, "Boxing Day is a Saturday, so Monday is off"
