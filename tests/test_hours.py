"""Open or closed, and when next open, on Leicester's clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from ivr.callbacks.diary import Window
from ivr.compiling import building
from ivr.hours import CLOSED, LONDON, Hours, Span, day
from ivr.machine import config
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.practice.transcript import TranscriptEntry
from tests.desk import DIARY

NINE_TO_FIVE = Span(dt.time(9), dt.time(17))
CHRISTMAS = frozenset({dt.date(2026, 12, 25), dt.date(2026, 12, 28)})
HOURS = Hours(((NINE_TO_FIVE,),) * 5 + (CLOSED, CLOSED), CHRISTMAS)


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
    assert Hours((CLOSED,) * 7).next_open(_at("2026-11-25 08:00")) is None


@pytest.mark.parametrize("moment", ["2026-10-25 00:30", "2027-03-28 00:30"])
def test_the_clocks_change_without_moving_the_opening(moment: str) -> None:
    """On both Sundays of the year the line next opens at nine by Leicester's clock."""
    opens = HOURS.next_open(_at(moment))

    assert opens is not None
    assert opens.astimezone(LONDON).time() == dt.time(9)


@pytest.mark.parametrize(("day", "due"), [("2027-03-28", "05:30"), ("2026-10-25", "03:30"), ("2026-10-26", "04:30")])
def test_four_opening_hours_are_four_hours_on_the_night_when_the_clocks_change(day: str, due: str) -> None:
    open_at_night = Hours(((Span(dt.time(0, 30), dt.time(6)),),) * 7)
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


# --- breaks, and days with other hours ------------------------------------------------------------

BREAK = Hours((day("09:00 to 12:30 and 13:30 to 17:00"),) * 5 + (CLOSED, CLOSED), CHRISTMAS)
#: The team is trained on the morning of Wednesday 25 November, and is there on a Saturday.
TRAINED = replace(
    HOURS, other={dt.date(2026, 11, 25): day("12:00 to 17:00"), dt.date(2026, 11, 28): day("10:00 to 12:00")}
)


@pytest.mark.parametrize(
    ("hours", "moment", "is_open", "opens"),
    [
        (BREAK, "2026-11-25 12:29", True, "2026-11-25 13:30"),
        (BREAK, "2026-11-25 12:30", False, "2026-11-25 13:30"),
        (BREAK, "2026-11-25 13:30", True, "2026-11-26 09:00"),
        (TRAINED, "2026-11-25 10:00", False, "2026-11-25 12:00"),
        (TRAINED, "2026-11-25 12:00", True, "2026-11-26 09:00"),
        (TRAINED, "2026-11-27 17:00", False, "2026-11-28 10:00"),
    ],
)
def test_in_a_break_and_on_a_training_morning_nobody_is_there(
    hours: Hours, moment: str, is_open: bool, opens: str
) -> None:
    assert hours.is_open(_at(moment)) is is_open
    assert hours.next_open(_at(moment)) == _at(opens)


@pytest.mark.parametrize(
    ("hours", "moment", "needed", "due"),
    [
        (BREAK, "2026-11-25 11:30", 2, "2026-11-25 14:30"),
        (BREAK, "2026-11-25 12:45", 4, "2026-11-26 09:30"),
        (TRAINED, "2026-11-24 16:00", 4, "2026-11-25 15:00"),
    ],
)
def test_a_promise_counts_only_hours_in_which_somebody_is_there(
    hours: Hours, moment: str, needed: int, due: str
) -> None:
    assert hours.add(_at(moment), needed) == _at(due)


LINE = """other_hours:
  - {day: 2026-12-04, hours: 12:00 to 17:00}
  - {day: 2026-12-25, hours: 10:00 to 12:00}
  - begins: 2026-12-21
    ends: 2027-01-01
    monday: 10:00 to 12:00
    friday: closed
"""


def test_weeks_leave_bank_holidays_closed_and_a_single_day_is_meant_as_such(files: dict[str, str]) -> None:
    line = (
        files["line.yaml"]
        .replace("other_hours: []", LINE.rstrip())
        .replace("closed_days: []", "closed_days: [2026-12-28]")
    )
    assert LINE.strip() in line

    hours = building.load({**files, "line.yaml": line}, config.bank_holidays()).hours

    assert hours.on(dt.date(2026, 12, 4)) == day("12:00 to 17:00")
    assert hours.on(dt.date(2026, 12, 25)) == day("10:00 to 12:00")
    assert hours.on(dt.date(2026, 12, 21)) == day("10:00 to 12:00")
    assert hours.on(dt.date(2026, 12, 22)) == day("09:00 to 17:00")
    assert hours.on(dt.date(2026, 12, 28)) == CLOSED
    assert hours.on(dt.date(2027, 1, 1)) == CLOSED
    assert hours.on(dt.date(2027, 1, 4)) == day("09:00 to 17:00")


def test_nobody_is_promised_a_morning_of_which_half_an_hour_is_left() -> None:
    diary = replace(DIARY, hours=replace(HOURS, other={dt.date(2026, 11, 26): day("11:30 to 17:00")}), days_ahead=2)

    windows = [(window.day.day, window.part) for window in diary.windows(_at("2026-11-25 13:00"))]

    assert windows == [(25, "afternoon"), (26, "afternoon"), (27, "morning"), (27, "afternoon")]
    assert not diary.stands(Window(dt.date(2026, 11, 26), "morning"))


def test_callers_are_told_when_a_training_morning_is_over(files: dict[str, str]) -> None:
    line = files["line.yaml"].replace("other_hours: []", "other_hours: [{day: 2026-12-04, hours: 12:00 to 17:00}]")
    phone = Caller(building.load({**files, "line.yaml": line}, config.bank_holidays()), PracticeHandler())
    phone.ring(_at("2026-12-04 10:00"), "07700 900123")

    phone.do(TranscriptEntry("CALLER", "0"))

    assert "We open again today, Friday the fourth of December, at twelve midday." in phone.entries[-1].text


@pytest.mark.parametrize(("moment", "heard"), [("11:59", False), ("12:00", True), ("15:00", True), ("15:01", False)])
def test_a_notice_begins_and_ends_at_a_time_of_day(files: dict[str, str], moment: str, heard: bool) -> None:
    notice = 'notices: [{words: "We are at a meeting.", begins: 2026-12-04 12:00, ends: 2026-12-04 15:00}]'
    line = files["line.yaml"].replace("notices: []", notice)
    phone = Caller(building.load({**files, "line.yaml": line}), PracticeHandler())

    phone.ring(_at(f"2026-12-04 {moment}"), "07700 900123")

    assert ("We are at a meeting." in phone.entries[0].text) is heard
