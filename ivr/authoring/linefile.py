"""The schema of `config/line.yaml`: everything about the line that is not a menu.

A setting that the service must confirm stores the confirmed value. So if the value changes afterwards, by whatever way,
it no longer counts as confirmed.
"""

from __future__ import annotations

import calendar
import copy
import datetime
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from ivr.authoring.authored import LEFT_OUT, Authored, File, Name, OnOff, Words
from ivr.authoring.datesfile import Notice, OtherHours
from ivr.authoring.fields import Email, Link, MailAddress, NeverRung, Paragraph, Phone, Rate, Span, Spans, Webhook
from ivr.authoring.limitsfile import Misuse
from ivr.authoring.parsing import Path
from ivr.line_settings import SERVICE, LineSettings
from ivr.roles import WITH_FACTOR, Role

#: The name of something that is counted, and its words for the card and the report.
Counted = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
Label = Annotated[str, Field(min_length=1, max_length=60)]


class Confirmed(Authored):
    """A setting that the service must confirm. Until then it is a guess, or the leaflet's value."""

    confirmed_by: Words | None = Field(
        default=None, description="Who at the service confirmed it. Written by `ivr confirm`."
    )
    confirmed_on: datetime.date | None = Field(default=None, description="The day on which they confirmed it.")
    confirmed_as: Words | None = Field(
        default=None,
        description="The value that they confirmed. If the setting has a different one now, it is not confirmed.",
    )

    @property
    def value(self) -> str:
        """The value to confirm, on one line, as staff wrote it."""
        raise NotImplementedError

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody confirmed the current value."""
        return bool(self.confirmed_by and self.confirmed_on) and _bare(self.confirmed_as or "") == _bare(self.value)


def _bare(value: str) -> str:
    """A value without spaces, so that a number in a different grouping counts as the same."""
    return "".join(value.split()).casefold()


class ConfirmedPhone(Confirmed):
    number: Phone

    @property
    def value(self) -> str:
        return self.number


class ConfirmedEmail(Confirmed):
    address: Email

    @property
    def value(self) -> str:
        return self.address


class ConfirmedLink(Confirmed):
    address: Link

    @property
    def value(self) -> str:
        return self.address


def _either(written: object) -> str:
    return "with who confirmed it" if isinstance(written, dict | Confirmed) else "alone"


_EITHER = Discriminator(_either)
#: A plain value, or one that the service must confirm.
PhoneSetting = Annotated[
    Annotated[Phone, Tag("alone")] | Annotated[ConfirmedPhone, Tag("with who confirmed it")], _EITHER
]
EmailSetting = Annotated[
    Annotated[Email, Tag("alone")] | Annotated[ConfirmedEmail, Tag("with who confirmed it")], _EITHER
]
LinkSetting = Annotated[Annotated[Link, Tag("alone")] | Annotated[ConfirmedLink, Tag("with who confirmed it")], _EITHER]


class OpeningHours(Confirmed):
    monday: Spans
    tuesday: Spans
    wednesday: Spans
    thursday: Spans
    friday: Spans
    saturday: Spans
    sunday: Spans

    def by_day(self) -> dict[str, str]:
        """The hours of each day of the week, Monday first."""
        return {day.lower(): getattr(self, day.lower()) for day in calendar.day_name}

    @property
    def value(self) -> str:
        return ", ".join(f"{day.title()} {span}" for day, span in self.by_day().items())


class Transfer(Authored):
    numbers: list[Name] = Field(min_length=1, description="Names from `phones`, tried in turn.")
    ring_seconds: int = Field(ge=5, le=120)


class PartOfDay(Authored):
    hours: Span
    places: int = Field(ge=0, le=10_000, description="How many callers can be rung in this part of one day.")

    def __str__(self) -> str:
        return f"{self.hours} for {self.places} callers"


class RingBack(Confirmed):
    morning: PartOfDay
    afternoon: PartOfDay
    days_ahead: int = Field(ge=1, le=60, description="How many days ahead a caller can be given a time.")
    urgent_within_hours: int = Field(ge=1, le=72, description="The most urgent are rung within these opening hours.")
    message_keep_days: int = Field(ge=1, le=365)
    message_seconds: int = Field(ge=5, le=120)

    @property
    def value(self) -> str:
        return (
            f"mornings {self.morning}, afternoons {self.afternoon}, {self.days_ahead} days ahead, most urgent in "
            f"{self.urgent_within_hours} hours, messages of {self.message_seconds} seconds kept for "
            f"{self.message_keep_days} days"
        )


class Spending(Confirmed):
    """What Twilio may cost in a day, and its prices, which are an estimate until confirmed."""

    pounds_a_day: int = Field(default=50, ge=0, le=100_000, description="The ceiling. 0: none.")
    call_minute_pence: float = Field(default=1.0, ge=0.0, le=1000.0, description="A minute of a call to the line.")
    dialled_minute_pence: float = Field(
        default=4.0,
        ge=0.0,
        le=1000.0,
        description="A minute of a call that the line makes, also to put a caller through.",
    )
    text_pence: float = Field(default=5.0, ge=0.0, le=1000.0, description="A part of a text, of 160 characters.")

    @property
    def value(self) -> str:
        return (
            f"{self.pounds_a_day} pounds a day; {self.call_minute_pence} p a minute of a call, "
            f"{self.dialled_minute_pence} p a minute that the line dials, {self.text_pence} p a part of a text"
        )


class Pace(Authored):
    words_a_minute: int = Field(ge=100, le=180)
    slow_words_a_minute: int = Field(ge=100, le=140)
    before_key: float = Field(ge=0.0, le=3.0, description="Seconds between a choice and its key.")
    between_choices: float = Field(ge=0.0, le=5.0)
    after_key_press: float = Field(ge=0.0, le=3.0)
    slow_pauses: float = Field(ge=1.0, le=3.0, description="Pauses in slow speech are this many times as long.")
    each_digit: float = Field(ge=0.3, le=3.0)
    between_groups: float = Field(ge=0.0, le=3.0)


class Waiting(Authored):
    silence: list[Annotated[int, Field(ge=5, le=120)]] = Field(min_length=3, max_length=3)
    more_time: int = Field(ge=30, le=600)
    between_digits: int = Field(ge=3, le=60)
    tries_at_a_place: int = Field(ge=2, le=5)
    slips_in_a_call: int = Field(ge=2, le=10)


#: The natural voices that there are. `ivr/audio/voices.py` says how each sounds.
NaturalVoice = Literal["heart", "emma", "fable", "kore", "fenrir"]


class SpeechSettings(Authored):
    mode: Literal["audio", "say"] = Field(description="audio: our own files. say: Twilio's voice.")
    engines: list[Literal["natural", "piper", "pyttsx3"]] = Field(
        min_length=1, description="The voices to try, best first."
    )
    natural_voice: NaturalVoice
    piper_voice: Words | None = Field(None, description="The path of a Piper voice file.")
    say_voice: Words = Field(description="The Twilio voice for prompts that have no file.")
    say_rate: Rate
    say_slow_rate: Rate


class Alerts(Authored):
    email_to: list[MailAddress] = Field(default_factory=list)
    webhook: Webhook | None = None


class AfterTalk(Authored):
    """A question that an adviser can answer after a talk (a call with a caller), for the report."""

    asks: Label = Field(description="What the card calls it: 'Level'.")
    answers: dict[Counted, Label] = Field(
        min_length=1, description="The words of each answer by its name, which is counted. A name never changes."
    )
    usually: Counted | None = Field(None, description="The answer that is chosen until the adviser chooses another.")

    @field_validator("usually")
    @classmethod
    def _is_an_answer(cls, name: str | None, fields: ValidationInfo) -> str | None:
        answers = fields.data.get("answers", {})
        if name is None or not answers or name in answers:
            return name
        raise PydanticKnownError("literal_error", {"expected": " or ".join(map(repr, answers))})


class LineFile(File):
    """`config/line.yaml`: everything about the line that is not a menu."""

    names: dict[Name, Words] = Field(
        description="Said as written. service_name is also on the pages.", json_schema_extra={"required": [SERVICE]}
    )
    written_phones: dict[Name, PhoneSetting] = Field(
        alias="phones", description="In quotes, with a space between the groups. Said digit by digit, twice."
    )
    written_emails: dict[Name, EmailSetting] = Field(alias="emails", description="Only ever sent by text.")
    written_links: dict[Name, LinkSetting] = Field(alias="links", description="Only ever sent by text.")
    numbers: dict[Name, Annotated[int, Field(ge=0, le=999_999)]] = Field(description="Said as numbers.")
    time_limits: list[Name] = Field(
        default_factory=list, description="Those of the numbers by which a caller must have done something."
    )
    paragraphs: dict[Name, Paragraph] = Field(description="Paragraphs of the book of rules, in quotes.")
    switches: dict[Name, OnOff]
    sentences: dict[Name, str] = Field(default_factory=dict, description="An empty one is not said.")
    opening_hours: OpeningHours
    closed_days: list[datetime.date] = Field(description="Days off that are not bank holidays.")
    other_hours: list[OtherHours] = Field(
        default_factory=list, description="Single days, and weeks, with other hours than usual."
    )
    transfer: Transfer
    ring_back: RingBack
    pace: Pace
    waiting: Waiting
    speech: SpeechSettings
    without_menus: list[str] = Field(
        default_factory=list, description="Numbers of this line that lead to a person without a menu, for text relays."
    )
    test_phones: list[str] = Field(default_factory=list, description="These phones hear the draft.")
    notices: list[Notice] = Field(default_factory=list)
    alerts: Alerts = Field(default_factory=Alerts)
    after_a_talk: dict[Counted, AfterTalk] = Field(
        default_factory=dict, description="What advisers can say of a talk when they save its outcome, for the report."
    )
    second_factor: list[Role] = Field(
        default_factory=lambda: list(WITH_FACTOR),
        description="The roles that need an app with codes to sign in to the advisers' page.",
    )
    needs_approval: bool = Field(
        default=False, description="Whether a second person must agree before a publication goes live."
    )
    read_page: OnOff = Field(
        default="off", description="on: what the line says is also pages to read, at /read, once it is confirmed."
    )
    limits: Misuse = Field(default_factory=Misuse, description="How much callers can ask for.")
    spending: Spending = Field(default_factory=Spending, description="What Twilio may cost in a day.")
    never_ring: list[NeverRung] = Field(
        default_factory=list, description="Numbers that are never rung or texted, whoever asks, in quotes."
    )
    content_checked_by: Words | None = Field(
        None, description="Who at the service read all the words. Written by `ivr confirm words`."
    )
    content_checked_on: datetime.date | None = Field(None, description="The day on which they had read them.")
    content_checked_as: Words | None = Field(
        None, description="The fingerprint of the words that they read. Other words have not been checked."
    )

    @cached_property
    def phones(self) -> dict[str, str]:
        """Each number by its name."""
        return _values(self.written_phones)

    @cached_property
    def emails(self) -> dict[str, str]:
        """Each e-mail address by its name."""
        return _values(self.written_emails)

    @cached_property
    def links(self) -> dict[str, str]:
        """Each web address by its name."""
        return _values(self.written_links)

    def to_confirm(self) -> dict[Path, Confirmed]:
        """All settings that need confirmation, confirmed or not, by their path. A plain value is not confirmed."""
        found: dict[Path, Confirmed] = {}
        for name, phone in self.written_phones.items():
            found["phones", name] = ConfirmedPhone(number=phone) if isinstance(phone, str) else phone
        for name, email in self.written_emails.items():
            found["emails", name] = ConfirmedEmail(address=email) if isinstance(email, str) else email
        for name, link in self.written_links.items():
            found["links", name] = ConfirmedLink(address=link) if isinstance(link, str) else link
        return {
            **found,
            ("opening_hours",): self.opening_hours,
            ("ring_back",): self.ring_back,
            ("spending",): self.spending,
        }


def compiled(file: LineFile) -> LineSettings:
    """The settings as plain values, for a line that runs."""
    more = {
        "phones": file.phones, "emails": file.emails, "links": file.links,
        "opening_hours": file.opening_hours.by_day(), "other_hours": [str(other) for other in file.other_hours],
        "unconfirmed": sum(not setting.is_confirmed for setting in file.to_confirm().values()),
    }  # fmt: skip
    return msgspec.convert({**file.model_dump(), **more}, LineSettings)


def _values(settings: Mapping[str, str | ConfirmedPhone | ConfirmedEmail | ConfirmedLink]) -> dict[str, str]:
    return {name: setting if isinstance(setting, str) else setting.value for name, setting in settings.items()}


# --- spare values, for required fields that a faulty file lacks ------------------------------------
# No caller hears them, because the draft is refused.

_CLOSED = {"hours": "closed", "places": 0}
_SPARE_LINE: dict[str, Any] = {
    **{name: {} for name in ("names", "phones", "emails", "links", "numbers", "paragraphs", "switches")},
    "opening_hours": dict.fromkeys(OpeningHours.model_fields.keys() - Confirmed.model_fields.keys(), "closed"),
    "closed_days": [],
    "transfer": {"numbers": [LEFT_OUT], "ring_seconds": 20},
    "ring_back": {
        "morning": _CLOSED, "afternoon": _CLOSED, "days_ahead": 1, "urgent_within_hours": 1,
        "message_keep_days": 1, "message_seconds": 5,
    },
    "pace": {
        "words_a_minute": 100, "slow_words_a_minute": 100, "before_key": 0.0, "between_choices": 0.0,
        "after_key_press": 0.0, "slow_pauses": 1.0, "each_digit": 1.0, "between_groups": 0.0,
    },
    "waiting": {
        "silence": [5, 5, 5], "more_time": 30, "between_digits": 3, "tries_at_a_place": 2, "slips_in_a_call": 2,
    },
    "speech": {
        "mode": "say", "engines": ["pyttsx3"], "natural_voice": "heart", "say_voice": "?", "say_rate": "100%",
        "say_slow_rate": "100%",
    },
}  # fmt: skip


def spare_of_line(path: Path, around: Any) -> Any:
    """A spare value for a setting. Raises LookupError or TypeError for an optional one."""
    found: Any = _SPARE_LINE
    for step in path:
        found = found[step]
    return copy.deepcopy(found)
