"""English for the eye: the line's words as they are printed, with figures where callers hear numbers.

spoken    zero one one six, two five seven, ..., twice      eleven point six     nine in the morning
printed   0116 257 5027                                     11.6                 9am
"""

from __future__ import annotations

import datetime as dt

from ivr.hours import Hours, Span
from ivr.language.english import English, days_and_spans
from ivr.spoken import Speech


class Printed(English):
    """English as it is read."""

    def number(self, value: int) -> str:
        return str(value)

    def paragraph(self, text: str) -> str:
        return text

    def phone(self, text: str, each: float, between: float) -> Speech:
        return (text,)

    def at(self, moment: dt.time) -> str:
        return f"at {time(moment)}"

    def stretch(self, hours: Span) -> str:
        return f"{time(hours.opens)} to {time(hours.closes)}"

    def opening_hours(self, hours: Hours) -> str:
        """'Monday to Thursday, 9am to 5pm; Friday, 9am to midday and 1pm to 4pm'."""
        return "; ".join(f"{days}, {' and '.join(map(self.stretch, spans))}" for days, spans in days_and_spans(hours))


PRINTED = Printed()


def time(moment: dt.time) -> str:
    """'9am', '2.30pm', 'midday', 'midnight'."""
    if not moment.minute and moment.hour % 12 == 0:
        return "midday" if moment.hour else "midnight"
    minutes = f".{moment.minute:02}" if moment.minute else ""
    return f"{(moment.hour - 1) % 12 + 1}{minutes}{'am' if moment.hour < 12 else 'pm'}"


def date(day: dt.date) -> str:
    """'3 March 2027'."""
    return f"{day.day} {day:%B %Y}"
