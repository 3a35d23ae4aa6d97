"""How numbers, days and times are said."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.hours import CLOSED, Hours, Span
from ivr.language import english
from ivr.language.english import ENGLISH
from ivr.spoken import text_of, words_of

WEEK = Hours(((Span(dt.time(9), dt.time(17)),),) * 5 + (CLOSED, CLOSED))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0116 257 5027", "zero one one six, two five seven, five zero two seven."),
        ("07700 900123", "zero seven seven zero zero, nine zero zero, one two three."),
        ("0800 0130014", "zero eight zero zero, zero one three, zero zero one four."),
    ],
)
def test_a_phone_number_is_said_twice_in_groups_of_digits(written: str, said: str) -> None:
    """Digit by digit, never 'double' and never 'oh', and once more after a longer pause."""
    assert text_of(ENGLISH.phone(written, each=1.0, between=0.7)) == f"{said} {said}"


def test_a_digit_takes_a_second_and_a_group_ends_with_a_longer_pause() -> None:
    pieces = ENGLISH.digits(("01", "2"), each=1.0, between=0.7)

    assert pieces == ("zero", 0.2, "one,", 0.7, "two.")


@pytest.mark.parametrize(
    ("value", "said"), [(1, "one"), (30, "thirty"), (111, "one hundred and eleven"), (25, "twenty-five")]
)
def test_a_number_is_said_as_a_word(value: int, said: str) -> None:
    assert ENGLISH.number(value) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("11.6", "eleven point six"),
        ("11.10", "eleven point ten"),
        ("11.67", "eleven point sixty-seven"),
        ("11.111", "eleven point one hundred and eleven"),
    ],
)
def test_a_paragraph_is_said_as_two_numbers(written: str, said: str) -> None:
    """11.10 is the tenth paragraph and not one tenth."""
    assert ENGLISH.paragraph(written) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (dt.date(2026, 12, 1), "on Tuesday the first of December"),
        (dt.date(2026, 11, 25), "today, Wednesday the twenty-fifth of November"),
        (dt.date(2026, 11, 26), "tomorrow, Thursday the twenty-sixth of November"),
    ],
)
def test_a_day_is_said_by_its_name_its_number_and_its_month(day: dt.date, said: str) -> None:
    assert text_of(ENGLISH.date(day, today=dt.date(2026, 11, 25))) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (dt.time(9), "nine in the morning"),
        (dt.time(0, 30), "twelve thirty in the morning"),
        (dt.time(12), "twelve midday"),
        (dt.time(12, 5), "twelve zero five in the afternoon"),
        (dt.time(14, 30), "two thirty in the afternoon"),
        (dt.time(17, 45), "five forty-five in the afternoon"),
        (dt.time(18), "six in the evening"),
    ],
)
def test_a_time_is_said_on_twelve_hours_with_the_part_of_the_day(moment: dt.time, said: str) -> None:
    assert english.time(moment) == said


def test_days_with_the_same_hours_are_said_together() -> None:
    long, short = Span(dt.time(9), dt.time(17)), Span(dt.time(10), dt.time(12, 30))
    hours = Hours(((long,), (long,), CLOSED, (long,), CLOSED, (short,), CLOSED))

    assert ENGLISH.opening_hours(hours) == (
        "Monday and Tuesday. From nine to five. Thursday. From nine to five. Saturday. From ten to twelve thirty"
    )


def test_hours_that_could_be_of_either_half_of_the_day_are_said_with_it() -> None:
    late = Span(dt.time(8), dt.time(20))
    hours = Hours(((late,), *((Span(dt.time(9), dt.time(17)),),) * 6))

    assert ENGLISH.opening_hours(hours).startswith("Monday. From eight in the morning to eight in the evening. Tuesday")


def test_a_break_is_said_with_the_day() -> None:
    parts = (Span(dt.time(9), dt.time(12, 30)), Span(dt.time(13, 30), dt.time(17)))

    said = ENGLISH.opening_hours(Hours((parts,) * 5 + (CLOSED, CLOSED)))

    assert said == "Monday to Friday. From nine to twelve thirty, and one thirty to five"


def test_every_piece_a_call_may_fill_in_is_known_beforehand() -> None:
    """So that each has a sound before the first call needs it."""
    known = ENGLISH.vocabulary(WEEK)

    for offset in range(400):
        day = dt.date(2026, 11, 25) + dt.timedelta(days=offset)
        for today in (day, day - dt.timedelta(days=1), day - dt.timedelta(days=9)):
            assert set(words_of(ENGLISH.date(day, today))) <= known
    assert set(words_of(ENGLISH.digits(("0123456789", "98"), 1, 1))) <= known
    assert "at nine in the morning." in known
