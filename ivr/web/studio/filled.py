"""The fields of a form on a page: their names, what stands in each, and what was filled in.

A browser sends one text for each field. Hours are several fields, from and to; a moment is a day and a time. The
browser also sends back what the form had shown.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr import forms
from ivr.forms import NEW, Confirmation, Form
from ivr.forms.shape import Field, Values

#: The name of the field that holds what the form had shown.
SEEN = "seen"
#: The most rows that can be added at once.
MOST_NEW = 30


@dataclass(frozen=True)
class Filled:
    """What was filled into a form, by entry."""

    #: The values that were typed. None: the entry is to be removed.
    typed: Mapping[str, Values | None]
    #: The values that the form had shown.
    seen: Mapping[str, Values]
    confirmed: Mapping[str, Confirmation]
    #: By entry and field: what was tidied in pasted words, and what is wrong with a confirmation.
    told: Mapping[tuple[str, str], str] = field(default_factory=dict)
    wrong: Mapping[tuple[str, str], str] = field(default_factory=dict)


def read(form: Form, fields: Mapping[str, str], today: dt.date) -> Filled:
    """What was filled into a form. Rows that were left empty are left out."""
    seen = _seen(fields)
    told: dict[tuple[str, str], str] = {}
    wrong: dict[tuple[str, str], str] = {}
    typed: dict[str, Values | None] = {}
    for key in [*seen, *_new(fields)]:
        entry = form.entry(key)
        if f"gone:{key}" in fields:
            typed[key] = None
            continue
        if not any(name.startswith(f"{key}:") for name in fields):
            continue  # the browser did not send this entry, so it stays as it is
        values = {each.name: _value(each, key, fields, told) for each in form.fields_of(entry)}
        if not key.startswith(NEW) or any(value not in ("", "closed") for value in values.values()):
            typed[key] = values
    return Filled(typed, seen, dict(_confirmed(form, fields, today, wrong)), told, wrong)


def _seen(fields: Mapping[str, str]) -> dict[str, Values]:
    try:
        found = json.loads(fields.get(SEEN, "{}"))
        return {str(key): {str(n): str(v) for n, v in values.items()} for key, values in found.items()}
    except (ValueError, AttributeError):
        return {}


def _new(fields: Mapping[str, str]) -> list[str]:
    keys = dict.fromkeys(name.split(":")[0] for name in fields if name.startswith(NEW))
    return list(keys)[:MOST_NEW]


def _value(of: Field, key: str, fields: Mapping[str, str], told: dict[tuple[str, str], str]) -> str:
    name = f"{key}:{of.name}"
    if of.kind in ("hours", "part"):
        return _hours(name, fields, optional=of.optional)
    if of.kind == "moment":
        day, time = fields.get(f"{name}:day", "").strip(), fields.get(f"{name}:time", "").strip()
        return f"{day} {time}" if time else day
    cleaned = forms.cleaned(fields.get(name, ""))
    if cleaned.told:
        told[key, of.name] = f"This was tidied: {', '.join(cleaned.told)}."
    return cleaned.words


def _hours(name: str, fields: Mapping[str, str], *, optional: bool) -> str:
    """Hours as staff write them. Without any, the day is closed; if "closed" is a choice of its own, it is as usual."""
    spans = []
    for nth in range(MOST_NEW):
        opens, closes = (fields.get(f"{name}:{nth}:{end}", "").strip() for end in ("from", "to"))
        if opens or closes:
            spans.append(f"{opens} to {closes}")
    if spans:
        return " and ".join(spans)
    return "closed" if not optional or f"{name}:closed" in fields else ""


def _confirmed(
    form: Form, fields: Mapping[str, str], today: dt.date, wrong: dict[tuple[str, str], str]
) -> Iterator[tuple[str, Confirmation]]:
    for key in form.confirms:
        who, on = forms.cleaned(fields.get(f"who:{key}", "")).words, fields.get(f"on:{key}", "").strip()
        if not who:
            continue
        try:
            day = dt.date.fromisoformat(on) if on else today
        except ValueError:
            wrong[key, "who"] = f"'{on}' is not a day. Write it like {today}."
            continue
        if day > today:
            wrong[key, "who"] = f"{day:%-d %B %Y} is in the future. Give the day on which they confirmed it."
        else:
            yield key, Confirmation(who, day)


# --- values as fields -----------------------------------------------------------------------------


@dataclass(frozen=True)
class FilledSpan:
    """One span of hours as two fields."""

    opens: str
    closes: str


def spans(value: str) -> list[FilledSpan]:
    """The hours of a day as fields: one pair for each span, and an empty pair for another."""
    found = []
    for span in value.split(" and ") if value and value != "closed" else ():
        opens, _, closes = span.partition(" to ")
        found.append(FilledSpan(opens, closes))
    return [*found, FilledSpan("", "")]


def moment(value: str) -> tuple[str, str]:
    """A day and a time as fields."""
    day, _, time = value.partition(" ")
    return day, time


def as_json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)
