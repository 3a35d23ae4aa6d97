"""The types of single settings in staff's files: opening hours, phone numbers, addresses, paces.

Each says what is wrong with a value that does not fit, and has the pattern by which editors mark it while somebody
types.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema

from ivr.problems import Invalid, Kind, Problem, kind

_SPAN = "(?:[01][0-9]|2[0-3]):[0-5][0-9] to (?:[01][0-9]|2[0-3]):[0-5][0-9]"
_PHONE = "0(?: *[0-9]){8,16} *"
#: Any number that can be dialled here, also a short one.
_ANY_NUMBER = "[0-9](?: *[0-9]){2,16} *"
_PARAGRAPH = r"[0-9]{1,3}(?:\.[0-9]{1,3})*"
#: Before the @ of an address: neither a scheme like `mailto:` nor brackets, quotes, or a dot at an end.
_BEFORE_AT = r"[A-Za-z0-9_!#$%&'*+/=?^`{|}~-]+(?:\.[A-Za-z0-9_!#$%&'*+/=?^`{|}~-]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = rf"{_BEFORE_AT}@{_HOST}(?:\.{_HOST})+"
_LINK = r"(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:[/?#][!-~]*)?"
_RATE = "(?:[5-9][0-9]|1[0-4][0-9]|150)%"
_ADDRESS = rf"{_BEFORE_AT}@{_HOST}(?:\.{_HOST})*"
_WEBHOOK = r"https?://(?:[^\s/@]+@)?[\w.-]+(?::[0-9]{1,5})?(?:[/?]\S*)?"


def _shown(pattern: str) -> WithJsonSchema:
    """The JSON Schema of a text that must match a pattern."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


def _fits(pattern: str, otherwise: Kind) -> AfterValidator:
    """A validator that a text matches a pattern. `otherwise` has a blank for the text."""

    def fits(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Invalid(otherwise(text=text.translate(_ON_ONE_LINE)))
        return text

    return AfterValidator(fits)


_ON_ONE_LINE = str.maketrans({"\n": "\\n", "\r": "\\r"})
_NOT_HOURS = kind(
    "not-opening-hours",
    "'{text}' is not an opening time.",
    "Write it like 09:00 to 17:00, with 'and' between two parts of a day, or write closed.",
)
_BACKWARDS = kind("hours-backwards", "'{text}' ends before it begins.", "Write the earlier time first.")
_NOT_A_PHONE = kind(
    "not-a-phone-number", "'{text}' is not a phone number.", "Write it as it is dialled in the UK: 0116 496 0123."
)
_NOT_DIALLED = kind(
    "not-a-number-to-dial", "'{text}' is not a number.", "Write it as it is dialled in the UK: 0116 496 0123."
)
_NOT_A_PARAGRAPH = kind(
    "not-a-paragraph", "'{text}' is not a paragraph.", 'Write numbers with a dot between them: "11.6".'
)
_NOT_AN_EMAIL = kind("not-an-e-mail-address", "'{text}' is not an e-mail address.", "Write it like desk@example.org")
_NOT_A_LINK = kind("not-a-web-address", "'{text}' is not a web address.", "Write it like www.example.org")
_NOT_A_PACE = kind("not-a-pace", "'{text}' is not a pace for Twilio's voice.", "Write it like 85%, from 50% to 150%.")
_NOT_ONE_ADDRESS = kind(
    "not-one-e-mail-address", "'{text}' is not an e-mail address.", "Write each on its own line, like desk@example.org"
)
_NOT_A_WEBHOOK = kind(
    "not-a-webhook", "'{text}' is not a web address.",
    "Write the full address, like https://chat.example.org/line",
)  # fmt: skip


_CLOCK = r"([0-9]{1,2})(?:[.:]([0-5][0-9]))? ?([ap]m)?"
_LOOSE_SPAN = re.compile(rf"{_CLOCK} ?(?:to|until|till|[-\u2013\u2014]) ?{_CLOCK}")


def _no_hours(text: str) -> Problem:
    """What is wrong with opening hours, with what was meant where that is certain."""
    meant = _hours_meant(text)
    found = _NOT_HOURS(text=text.translate(_ON_ONE_LINE))
    return replace(found, remedy=f"Write {meant}.") if meant else found


def _hours_meant(text: str) -> str:
    """Hours that are written in another way, like '9am-5pm', as they must be written; empty if they are not certain."""
    if text.strip().lower() == "closed":
        return "closed"
    found = []
    for part in re.split(r" ?[,;&] ?| and ", text.strip().lower()):
        span = _LOOSE_SPAN.fullmatch(part)
        opens, closes = (_clock(*span.groups()[:3]), _clock(*span.groups()[3:])) if span else ("", "")
        if not opens < closes <= "23:59":
            return ""
        found.append(f"{opens} to {closes}")
    return " and ".join(found)


def _clock(hour: str, minutes: str | None, half: str | None) -> str:
    hours = int(hour) % 12 + 12 * (half == "pm") if half else int(hour)
    return f"{hours:02}:{minutes or '00'}"


def _span(text: str) -> str:
    if text == "closed":
        return text
    if not re.fullmatch(_SPAN, text):
        raise Invalid(_no_hours(text))
    opens, closes = text.split(" to ")
    if opens >= closes:
        raise Invalid(_BACKWARDS(text=text))
    return text


_BREAK = kind(
    "hours-overlap", "In '{text}', one part begins before the other ends.", "Write the parts of the day in order."
)


def _some_hours(written: object) -> object:
    if written is None:
        raise Invalid(_NOT_HOURS(text=""))
    return written


def _spans(text: str) -> str:
    """The hours of a day, which may have a break."""
    written = text.split(" and ")
    if not all(part == "closed" or re.fullmatch(_SPAN, part) for part in written):
        raise Invalid(_no_hours(text))
    parts = [_span(part) for part in written]
    if len(parts) > 1 and "closed" in parts:
        raise Invalid(_NOT_HOURS(text=text))
    if any(before.split(" to ")[1] >= after.split(" to ")[0] for before, after in pairwise(parts)):
        raise Invalid(_BREAK(text=text))
    return text


Span = Annotated[str, BeforeValidator(_some_hours), AfterValidator(_span), _shown(f"{_SPAN}|closed")]
#: The hours of one day: one span, several, or closed.
Spans = Annotated[str, BeforeValidator(_some_hours), AfterValidator(_spans), _shown(f"{_SPAN}(?: and {_SPAN})*|closed")]
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = f"{_DAY} (?:[01][0-9]|2[0-3]):[0-5][0-9]"
_NOT_A_TIME = kind(
    "not-a-day-or-time", "'{text}' is neither a day nor a time.", "Write 2026-12-24, or 2026-12-24 12:00."
)


def _day_or_time(value: object) -> datetime.date | str:
    if isinstance(value, datetime.date):
        return value
    text = str(value)
    try:
        when = datetime.datetime.fromisoformat(text) if re.fullmatch(f"{_TIME}|{_DAY}", text) else None
    except ValueError:
        when = None
    if when is None:
        raise Invalid(_NOT_A_TIME(text=text.translate(_ON_ONE_LINE)))
    return text if ":" in text else when.date()


#: A day, or a time on one as it is written.
DayOrTime = Annotated[datetime.date | str, PlainValidator(_day_or_time), _shown(f"{_TIME}|{_DAY}")]
Phone = Annotated[str, _fits(_PHONE, _NOT_A_PHONE), _shown(_PHONE)]
Paragraph = Annotated[str, _fits(_PARAGRAPH, _NOT_A_PARAGRAPH), _shown(_PARAGRAPH)]
Email = Annotated[str, _fits(_EMAIL, _NOT_AN_EMAIL), _shown(_EMAIL)]
Link = Annotated[str, _fits(_LINK, _NOT_A_LINK), _shown(_LINK)]
Rate = Annotated[str, _fits(_RATE, _NOT_A_PACE), _shown(_RATE)]
#: Exactly one address. It goes into a mail header, where a line break would begin another header.
MailAddress = Annotated[str, _fits(_ADDRESS, _NOT_ONE_ADDRESS), _shown(_ADDRESS)]
Webhook = Annotated[str, _fits(_WEBHOOK, _NOT_A_WEBHOOK), _shown(_WEBHOOK)]


NeverRung = Annotated[
    str,
    _fits(_ANY_NUMBER, _NOT_DIALLED),
    _shown(_ANY_NUMBER),
]
