"""What staff may write: the shape of each file in `config/`.

Staff see every field here, and their editor shows its description as they type
(`ivr schema`). These are only shapes: `building.py` turns them into what a call runs on.
"""

from __future__ import annotations

import calendar
import copy
import datetime
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from ivr.fitting import CHOICE_KEYS, NAME, PLACE, WORDS_IN_IT
from ivr.reading import Path


class Authored(BaseModel):
    """What staff wrote: no unknown fields, no conversions, no changes afterwards."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Said = Annotated[str, Field(min_length=1, pattern=WORDS_IN_IT, description="Words the caller hears.")]
Name = Annotated[str, Field(pattern=NAME)]
#: Something in a file, by its names from the outside in: steps.goodbye.say
Place = Annotated[str, Field(pattern=PLACE)]
Goto = Annotated[Name, Field(description="The name of the node or step this leads to.")]
OnOff = Literal["on", "off"]
Reason = Annotated[str, Field(min_length=1, pattern=WORDS_IN_IT, description="Why, in a few words.")]
#: Rules of the check that need not hold at one place.
Waivers = dict[str, Reason]
ChoiceKey = Annotated[int, Field(ge=CHOICE_KEYS[0], le=CHOICE_KEYS[-1])]


# --- config/menus/*.yaml --------------------------------------------------------------------


class NodePart(Authored):
    """A node, or a part of one. A field that it does not have is left out together with its name.

    A setting may be empty. In a node, a name with nothing after it is a mistake, and one that could make live what
    was meant to be switched off.
    """

    @field_validator("*")
    @classmethod
    def _has_something(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("nothing", "there is nothing after the name")
        return value


class Choice(NodePart):
    label: Said = Field(description="What the choice is, without its key: 'To talk about school'.")
    goto: Goto
    said_back: Said | None = Field(None, description="Said once it is chosen. Left out: the label.")


class Answer(NodePart):
    goto: Goto
    say: Said | None = Field(None, description="Said before going on.")


class WhenOff(NodePart):
    goto: Goto
    say: Said | None = None


class NodeBase(NodePart):
    only_if: Name | None = Field(None, description="A switch in line.yaml. Off: the node is not there.")
    when_off: WhenOff | None = Field(None, description="Where callers go instead while it is off.")
    allow: Waivers = Field(default_factory=dict, description="A rule of the check that need not hold here, and why.")


class Menu(NodeBase):
    kind: Literal["menu"]
    say: Said
    choices: dict[ChoiceKey, Choice] = Field(min_length=1, description="Keys in the order spoken.")
    text: Name | None = Field(None, description="The text message about this, from texts.yaml.")


def _urgency(value: Any) -> Any:
    if value not in (True, False, "today") or isinstance(value, int) is not isinstance(value, bool):
        raise PydanticCustomError("urgency", "it is neither true, false nor today")
    return value


class Reading(NodeBase):
    kind: Literal["reading"]
    parts: list[Said] = Field(min_length=1, max_length=3, description="One thought each, 30 words at most.")
    closing: Said | None = Field(None, description="Says that this is the end of it.")
    next: Choice | None = Field(None, description="The one thing to hear next. Left out: the end menu.")
    runs_on_to: Goto | None = Field(None, description="What follows at once, with no choice in between.")
    person_hint: Literal["first part", "last part"] | None = Field(
        None, description="After which part 'To talk to a person, press zero' is said."
    )
    text: Name | None = Field(None, description="The text message about this, from texts.yaml.")
    words: list[Name] = Field(default_factory=list, description="The hard words in it, in order.")
    urgent: Annotated[
        bool | Literal["today"], PlainValidator(_urgency), WithJsonSchema({"enum": [False, True, "today"]})
    ] = Field(
        False,
        description="Asking to be rung back from here is always urgent. today: a time limit today or tomorrow, or a "
        "child out of school today.",
    )


class Question(NodeBase):
    kind: Literal["question"]
    ask: Said
    if_yes: Answer
    if_no: Answer
    if_not_sure: Answer


class Word(NodeBase):
    kind: Literal["word"]
    word: Said = Field(description="The word itself, as callers meet it.")
    means: Said
    listed_in: Name = Field(description="The menu of words it belongs to.")
    next_word: Name | None = None


Node = Annotated[Menu | Reading | Question | Word, Field(discriminator="kind")]


class File(Authored):
    """What any file of `config/` may have."""

    allow: dict[Place, Waivers] = Field(
        default_factory=dict,
        description="A rule of the check that need not hold at a place in this file, and why. Not for nodes: those "
        "have an `allow` of their own.",
    )


# --- config/texts.yaml ----------------------------------------------------------------------


class TextsFile(File):
    """`config/texts.yaml`: the messages callers can ask for."""

    texts: dict[Name, Said]


# --- config/words.yaml ----------------------------------------------------------------------


class WordsFile(File):
    """`config/words.yaml`: rare words that callers know, and how words are said."""

    everyday: list[Said] = Field(description="Rare in books, and known to every parent.")
    names: list[Said] = Field(description="Names of organisations and places.")
    said: dict[str, Said] = Field(description="How a voice is told to say what it would get wrong.")


# --- config/line.yaml -----------------------------------------------------------------------


_SPAN = "(?:[01][0-9]|2[0-3]):[0-5][0-9] to (?:[01][0-9]|2[0-3]):[0-5][0-9]"
_PHONE = "0(?: *[0-9]){8,16} *"
_PARAGRAPH = r"[0-9]{1,3}(?:\.[0-9]{1,3})*"
_EMAIL = r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+"
_LINK = r"(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:[/?#][!-~]*)?"
_RATE = "(?:[5-9][0-9]|1[0-4][0-9]|150)%"
_ADDRESS = r"[!-+\--9=?A-~]+@[!-+\--9=?A-~]+"
_WEBHOOK = r"https?://(?:[^\s/@]+@)?[\w.-]+(?::[0-9]{1,5})?(?:[/?]\S*)?"


def _shown(pattern: str) -> WithJsonSchema:
    """Tells editors the pattern that a text must match."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


def _fits(pattern: str, otherwise: str) -> AfterValidator:
    """Checks a text against a pattern. `otherwise` continues the message after the text, and says what to write."""

    def fits(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"'{text.translate(_ON_ONE_LINE)}' {otherwise}")
        return text

    return AfterValidator(fits)


_ON_ONE_LINE = str.maketrans({"\n": "\\n", "\r": "\\r"})


def _span(text: str) -> str:
    if text == "closed":
        return text
    if not re.fullmatch(_SPAN, text):
        raise ValueError(f"'{text}' is not an opening time. Write it like 09:00 to 17:00, or write closed.")
    opens, closes = text.split(" to ")
    if opens >= closes:
        raise ValueError(f"'{text}' ends before it begins. Write the earlier time first.")
    return text


Span = Annotated[str, AfterValidator(_span), _shown(f"{_SPAN}|closed")]
Phone = Annotated[
    str,
    _fits(_PHONE, "is not a phone number. Write it as it is dialled in the UK: 0116 496 0123."),
    _shown(_PHONE),
]
Paragraph = Annotated[
    str,
    _fits(_PARAGRAPH, 'is not a paragraph. Write numbers with a dot between them: "11.6".'),
    _shown(_PARAGRAPH),
]
Email = Annotated[str, _fits(_EMAIL, "is not an e-mail address. Write it like desk@example.org"), _shown(_EMAIL)]
Link = Annotated[str, _fits(_LINK, "is not a web address. Write it like www.example.org"), _shown(_LINK)]
Rate = Annotated[
    str,
    _fits(_RATE, "is not a pace for Twilio's voice. Write it like 85%, from 50% to 150%."),
    _shown(_RATE),
]
#: One address and nothing else. It goes into a mail header, where a line break would begin another header.
MailAddress = Annotated[
    str,
    _fits(_ADDRESS, "is not an e-mail address. Write each on a line of its own, like desk@example.org"),
    _shown(_ADDRESS),
]
Webhook = Annotated[
    str,
    _fits(_WEBHOOK, "is not a web address. Write it whole, like https://chat.example.org/line"),
    _shown(_WEBHOOK),
]


class Confirmed(Authored):
    """A setting that the service confirms. Until then it is a guess, or the leaflet's value."""

    confirmed_by: Said | None = Field(None, description="Who at the service confirmed it. Written by `ivr confirm`.")
    confirmed_on: datetime.date | None = Field(None, description="The day on which they confirmed it.")

    @property
    def is_confirmed(self) -> bool:
        return bool(self.confirmed_by and self.confirmed_on)


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
    monday: Span
    tuesday: Span
    wednesday: Span
    thursday: Span
    friday: Span
    saturday: Span
    sunday: Span

    def by_day(self) -> dict[str, str]:
        """The hours of each day of the week, Monday first."""
        return {day.lower(): getattr(self, day.lower()) for day in calendar.day_name}


class Transfer(Authored):
    numbers: list[Name] = Field(min_length=1, description="Names from `phones`, tried in turn.")
    ring_seconds: int = Field(ge=5, le=120)


class PartOfDay(Authored):
    hours: Span
    places: int = Field(ge=0, le=10_000, description="How many callers we can ring in it on one day.")


class RingBack(Confirmed):
    morning: PartOfDay
    afternoon: PartOfDay
    days_ahead: int = Field(ge=1, le=60, description="How far ahead a caller can be given a day.")
    urgent_within_hours: int = Field(ge=1, le=72, description="An urgent caller is due this soon, in opening time.")
    message_keep_days: int = Field(ge=1, le=365)
    message_seconds: int = Field(ge=5, le=120)


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


class SpeechSettings(Authored):
    mode: Literal["audio", "say"] = Field(description="audio: our own files. say: Twilio's voice.")
    engines: list[Literal["natural", "piper", "pyttsx3"]] = Field(
        min_length=1, description="The voices to try, best first."
    )
    natural_voice: Said
    piper_voice: Said | None = Field(None, description="The path of a Piper voice file.")
    say_voice: Said = Field(description="The Twilio voice for whatever has no file.")
    say_rate: Rate
    say_slow_rate: Rate


class Notice(Authored):
    words: Said
    begins: datetime.date = Field(description="The first day it is said.")
    ends: datetime.date = Field(description="The last day it is said.")


class Alerts(Authored):
    email_to: list[MailAddress] = Field(default_factory=list)
    webhook: Webhook | None = None


class LineFile(File):
    """`config/line.yaml`: everything about the line that is not a menu."""

    names: dict[Name, Said] = Field(description="Said as written.")
    written_phones: dict[Name, PhoneSetting] = Field(
        alias="phones", description="In quotes, with a space between the groups. Said digit by digit, twice."
    )
    written_emails: dict[Name, EmailSetting] = Field(alias="emails", description="Only ever sent by text.")
    written_links: dict[Name, LinkSetting] = Field(alias="links", description="Only ever sent by text.")
    numbers: dict[Name, Annotated[int, Field(ge=0, le=999_999)]] = Field(description="Said as numbers.")
    paragraphs: dict[Name, Paragraph] = Field(description="Paragraphs of the book of rules, in quotes.")
    switches: dict[Name, OnOff]
    sentences: dict[Name, str] = Field(default_factory=dict, description="May be empty: then nothing is said.")
    opening_hours: OpeningHours
    closed_days: list[datetime.date] = Field(description="Days off that are not bank holidays.")
    transfer: Transfer
    ring_back: RingBack
    pace: Pace
    waiting: Waiting
    speech: SpeechSettings
    test_phones: list[str] = Field(default_factory=list, description="These phones hear the draft.")
    notices: list[Notice] = Field(default_factory=list)
    alerts: Alerts = Field(default_factory=Alerts)
    content_checked_on: datetime.date | None = Field(None, description="When the service last checked the words.")

    @cached_property
    def phones(self) -> dict[str, str]:
        """Each number by its name."""
        return _values(self.written_phones)

    @cached_property
    def emails(self) -> dict[str, str]:
        """Each address by its name."""
        return _values(self.written_emails)

    @cached_property
    def links(self) -> dict[str, str]:
        """Each address by its name."""
        return _values(self.written_links)

    def to_confirm(self) -> dict[Path, Confirmed]:
        """All settings that need confirmation, confirmed or not, by their path."""
        groups = {"phones": self.written_phones, "emails": self.written_emails, "links": self.written_links}
        found: dict[Path, Confirmed] = {
            (group, name): setting
            for group, settings in groups.items()
            for name, setting in settings.items()  # type: ignore[attr-defined]
            if isinstance(setting, Confirmed)
        }
        return {**found, ("opening_hours",): self.opening_hours, ("ring_back",): self.ring_back}


def _values(settings: Mapping[str, str | ConfirmedPhone | ConfirmedEmail | ConfirmedLink]) -> dict[str, str]:
    return {name: setting if isinstance(setting, str) else setting.value for name, setting in settings.items()}


# --- spare values, for what a faulty file has none of that fits ------------------------------------
# None of it is ever heard: the draft is refused.

#: Words, or a name, that nobody wrote. Nothing is told of them.
LEFT_OUT = "left_out"
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
        "mode": "say", "engines": ["pyttsx3"], "natural_voice": "?", "say_voice": "?", "say_rate": "100%",
        "say_slow_rate": "100%",
    },
}  # fmt: skip
_ANSWER = {"goto": LEFT_OUT}
#: By the name of the field, wherever it stands in a file.
_SPARES: dict[str, Any] = {
    **dict.fromkeys(("title", "owner", "source"), LEFT_OUT), "review_by": datetime.date.max,
    **dict.fromkeys(("say", "ask", "label", "word", "means", "goto", "listed_in"), LEFT_OUT),
    **dict.fromkeys(("if_yes", "if_no", "if_not_sure"), _ANSWER),
    "parts": [LEFT_OUT], "choices": {1: {"label": LEFT_OUT, **_ANSWER}},
    "texts": {}, "everyday": [], "names": [], "said": {},
}  # fmt: skip


def spare_of_line(path: Path, around: Any) -> Any:
    """A value for a setting. Raises LookupError or TypeError for what need not be there."""
    found: Any = _SPARE_LINE
    for step in path:
        found = found[step]
    return copy.deepcopy(found)


def spare_by_name(path: Path, around: Any) -> Any:
    """A value for a field, whatever file it is in. Raises LookupError for what need not be there."""
    return copy.deepcopy(_SPARES[path[-1]])  # type: ignore[index]
