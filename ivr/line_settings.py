"""The settings of a line that runs: plain values, compiled from `config/line.yaml` (`linefile` has its schema)."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from ivr.roles import Role

#: The only entry of `names` that the program itself uses. The others fill blanks in staff's words.
SERVICE = "service_name"


class TransferSettings(msgspec.Struct, frozen=True):
    #: Names of phones, tried in turn.
    numbers: tuple[str, ...]
    ring_seconds: int


class PartOfDay(msgspec.Struct, frozen=True):
    #: As written: '09:00 to 12:00', or 'closed'.
    hours: str
    #: How many callers can be rung in this part of one day.
    places: int


class RingBackSettings(msgspec.Struct, frozen=True):
    morning: PartOfDay
    afternoon: PartOfDay
    days_ahead: int
    urgent_within_hours: int
    message_keep_days: int
    message_seconds: int


class Limits(msgspec.Struct, frozen=True):
    """What one call, one phone and one day may ask for (`ivr/callbacks/limits.py` says why)."""

    a_call: int
    #: Times in a day for one phone.
    a_phone: int
    #: In a day in all, for numbers that were keyed.
    keyed_a_day: int
    a_day: int


class RequestLimits(Limits, frozen=True):
    """Limits of asking to be rung, and shares of the slots in a part of a day, in percent."""

    keyed_percent: int
    kept_for_later_percent: int


class Misuse(msgspec.Struct, frozen=True):
    requests: RequestLimits
    texts: Limits
    flood_an_hour: int


class Spending(msgspec.Struct, frozen=True):
    """What Twilio may cost in a day, and its prices (`ivr/callbacks/spending.py` says why)."""

    #: The ceiling; 0: none.
    pounds_a_day: int
    call_minute_pence: float
    dialled_minute_pence: float
    #: For each part of a text.
    text_pence: float


class Pace(msgspec.Struct, frozen=True):
    """The speed of speech, and pauses in seconds."""

    words_a_minute: int
    slow_words_a_minute: int
    before_key: float
    between_choices: float
    after_key_press: float
    slow_pauses: float
    each_digit: float
    between_groups: float


class Waiting(msgspec.Struct, frozen=True):
    """Seconds, and how many errors lead to a person."""

    silence: tuple[int, int, int]
    more_time: int
    between_digits: int
    tries_at_a_place: int
    slips_in_a_call: int


class Voices(msgspec.Struct, frozen=True):
    """Which voices speak."""

    mode: Literal["audio", "say"]
    #: The voices to try, best first.
    engines: tuple[Literal["natural", "piper", "pyttsx3"], ...]
    natural_voice: str
    piper_voice: str | None
    say_voice: str
    say_rate: str
    say_slow_rate: str


class Alerts(msgspec.Struct, frozen=True):
    email_to: tuple[str, ...]
    webhook: str | None


class AfterTalk(msgspec.Struct, frozen=True):
    """A question that an adviser can answer after a talk, for the report."""

    asks: str
    #: The words of each answer, by its name.
    answers: dict[str, str]
    #: The answer that is chosen until the adviser chooses another; None for none.
    usually: str | None


class LineSettings(msgspec.Struct, frozen=True):
    """Everything about the line that is not a menu."""

    names: dict[str, str]
    #: Phone numbers and addresses by name.
    phones: dict[str, str]
    emails: dict[str, str]
    links: dict[str, str]
    numbers: dict[str, int]
    paragraphs: dict[str, str]
    switches: dict[str, str]
    sentences: dict[str, str]
    #: As written, by day of the week.
    opening_hours: dict[str, str]
    closed_days: tuple[dt.date, ...]
    #: Days and weeks with other hours, in words.
    other_hours: tuple[str, ...]
    transfer: TransferSettings
    ring_back: RingBackSettings
    pace: Pace
    waiting: Waiting
    speech: Voices
    without_menus: tuple[str, ...]
    test_phones: tuple[str, ...]
    alerts: Alerts
    after_a_talk: dict[str, AfterTalk]
    #: Roles of the advisers' page that need a second factor.
    second_factor: tuple[Role, ...]
    limits: Misuse
    spending: Spending
    never_ring: tuple[str, ...]
    #: Whether a second person must agree before a publication goes live.
    needs_approval: bool
    #: Whether the guidance is also shown as pages, at /read.
    read_page: Literal["on", "off"]
    #: How many of the settings that the service must confirm are not confirmed.
    unconfirmed: int

    @property
    def service_name(self) -> str:
        """The service, as pages and advisers name it."""
        return self.names[SERVICE]
