"""What a form is. It has entries: the days of a week, the items of a list, the words of a part; each with fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ivr.authoring.parsing import Path

#: hours: '09:00 to 12:00 and 13:00 to 17:00', or closed. moment: a day, or a time on one. part: one span of hours.
#: address: of e-mail or of a page. name: words on one line. switch: on or off.
FieldKind = Literal["hours", "part", "day", "moment", "phone", "address", "number", "words", "name", "switch"]
#: The values of a switch.
SWITCHED = ("on", "off")
#: The values of one entry, by field.
Values = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """Something to fill in, in each entry of a form."""

    #: Its name in the entry; empty if the entry is this one value.
    name: str
    label: str
    kind: FieldKind
    #: Whether it may be left empty, and is then not written at all.
    optional: bool = False


@dataclass(frozen=True)
class FormEntry:
    """One entry of a form, as it is in the file."""

    #: Its name in the form: 'monday', 'choices.1.label'; the number of its place, in a list.
    key: str
    label: str
    path: Path
    values: Values
    #: The names of its fields; all of the form, if it has none of its own.
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A part of one file to fill in."""

    name: str
    title: str
    file: str
    #: What it shows of the file.
    path: Path
    fields: tuple[Field, ...]
    entries: tuple[FormEntry, ...]
    #: Whether entries can be added and removed.
    grows: bool = False
    #: What the service confirms, by entry; the whole form, under an empty name.
    confirms: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Values]:
        return {entry.key: entry.values for entry in self.entries}

    @property
    def fingerprint(self) -> str:
        """Equal for forms that show the same."""
        return hashlib.sha256(json.dumps([self.name, self.values], sort_keys=True).encode()).hexdigest()[:16]

    def fields_of(self, entry: FormEntry | None) -> tuple[Field, ...]:
        """The fields of an entry, or of a new one."""
        if entry is None or not entry.only:
            return self.fields
        return tuple(field for field in self.fields if field.name in entry.only)

    def entry(self, key: str) -> FormEntry | None:
        return next((entry for entry in self.entries if entry.key == key), None)
