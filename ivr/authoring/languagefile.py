"""The schema of the files in `config/languages/`: the English of the short talk, and each language's words for it.

Each line names its translator, checker and listener, with a fingerprint of exactly the words that they saw or heard.
Whether callers may hear a line is computed from that (`translation.py`), and written nowhere.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from pydantic import Field, create_model

from ivr.authoring.authored import LEFT_OUT, Authored, File, Name, OnOff, Words
from ivr.authoring.parsing import Path
from ivr.places.short_words import ShortWords

#: A tag in BCP 47: a language, and for some a script or a place: 'gu', 'pa-Guru', 'en-XA'.
Tag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
#: The first eight digits of a fingerprint.
Print = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]


class EnglishLine(Authored):
    """One sentence of the talk, with all that a translator must know of it."""

    says: Words
    when: Words = Field(description="When it is heard, by whom, and what they can do then.")
    seconds: int = Field(ge=1, le=30, description="It may last this long at most, at the normal pace.")


_LINES: Any = create_model("Lines", __base__=Authored, **{line.name: (EnglishLine, ...) for line in ShortWords.lines()})  # type: ignore[call-overload]


class LinesFile(File):
    """`config/languages/lines.yaml`: the English of the talk."""

    title: Words
    owner: Words = Field(description="Who is responsible for these words.")
    review_by: datetime.date
    lines: _LINES


class Translated(Authored):
    by: Words = Field(description="Who translated it; 'machine' if nobody did.")
    on: datetime.date


class Checked(Authored):
    by: Words = Field(description="Who checked it: somebody else than the translator.")
    on: datetime.date
    of: Print = Field(description="The fingerprint of the line, its English and its words. Written by `ivr translate`.")


class Heard(Authored):
    by: Words = Field(description="Who listened to its sounds.")
    on: datetime.date
    of: Print = Field(description="As in `checked`.")
    takes: dict[str, Print] = Field(description="The fingerprint of each sound that they heard, by its name.")


class TranslatedLine(Authored):
    """A line in this language, with who translated it, checked it and listened to it."""

    says: Words
    of: Words = Field(description="The English that it was made from, in full.")
    back: Words | None = Field(None, description="Back into English, word for word, by somebody who had not seen it.")
    translated: Translated | None = None
    checked: Checked | None = None
    heard: Heard | None = None
    note: Words | None = Field(None, description="What the next translator or checker should know.")


class LanguageFile(File):
    """A language: `config/languages/<tag>.yaml`."""

    language: Tag
    name: Words = Field(description="The language in itself: the word by which its speakers know it.")
    in_english: Words
    key: str = Field(
        pattern=r"^([5-7]|8 [1-7])$", description="The key that leads to it: 5, 6 or 7; or, behind key 8, '8 1'."
    )
    switch: OnOff = Field(description="on: callers are offered it, once everything below is confirmed.")
    interpreter: str = Field("", description="Who interprets: a number, a code, and hours. Needed before it is on.")
    numbers: list[str] = Field(default_factory=list, description="Numbers of the line that lead straight into it.")
    right_to_left: bool = False
    voice: str = Field("", description="eSpeak's voice for drafts. Empty: it has none.")
    say_voice: str = Field("", description="Twilio's voice. Empty: it has none.")
    say_language: str = Field("", description="The language as Twilio's voice needs it: 'gu-IN'.")
    names: dict[Name, Words] = Field(description="Names in this language's letters: service_name.")
    lines: dict[Name, TranslatedLine] = Field(default_factory=dict)


def spare_of_language(path: Path, around: Any) -> Any:
    """A spare value for a field of a language's file. Raises LookupError for an optional one."""
    match path:
        case ("lines", name) if isinstance(name, str):
            return {"says": LEFT_OUT, "when": LEFT_OUT, "seconds": 1}
        case ("review_by",):
            return datetime.date.max
        case ("switch",):
            return "off"
        case ("key",):
            return "8 7"
        case ("names",):
            return {"service_name": LEFT_OUT}
        case ("lines", _, "seconds"):
            return 1
        case ("title" | "owner" | "language" | "name" | "in_english",) | ("lines", _, "says" | "of" | "when"):
            return "en-XX" if path[-1] == "language" else LEFT_OUT
    raise LookupError(path)
