"""Reads forms from staff's files. A form shows what is written there, also where it is wrong."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ivr.authoring import drafts, parsing
from ivr.authoring.drafts import LINE, MENUS, TEXTS
from ivr.authoring.parsing import Document, Path, value_at
from ivr.forms.shape import Field, Form, FormEntry

DAYS = tuple(day.lower() for day in calendar.day_name)
#: How the names of two kinds of forms begin: for one text message, and for the words of one node.
OF_TEXT, OF_WORDS = "text-", "words-"


class NoSuchForm(LookupError):
    """Raised with the reason, in words, for a form that does not exist, or whose part of the file cannot be read."""


_HOURS = Field("hours", "Open", "hours")


def _hours(line: Document) -> Form:
    return Form(
        "hours", "Opening hours", LINE, ("opening_hours",), (Field("", "Open", "hours"),),
        tuple(_single(line, ("opening_hours", day), day, day.title()) for day in DAYS), confirms=("",),
    )  # fmt: skip


def _days(line: Document) -> Form:
    fields = (Field("day", "Day", "day"), _HOURS)
    entries = tuple(_items(line, ("other_hours",), fields, lambda item: "day" in item))
    return Form("days", "Single days with other hours", LINE, ("other_hours",), fields, entries, grows=True)


def _weeks(line: Document) -> Form:
    fields = (
        Field("begins", "First day", "day"), Field("ends", "Last day", "day"),
        *(Field(day, day.title(), "hours", optional=True) for day in DAYS),
    )  # fmt: skip
    entries = tuple(_items(line, ("other_hours",), fields, lambda item: "day" not in item))
    return Form("weeks", "Weeks with other hours", LINE, ("other_hours",), fields, entries, grows=True)


def _closed(line: Document) -> Form:
    return _list(line, ("closed_days",), "closed", "Closed days", Field("", "Day", "day"))


def _notices(line: Document) -> Form:
    fields = (
        Field("words", "Words", "words"), Field("begins", "From", "moment"), Field("ends", "Until", "moment"),
    )  # fmt: skip
    entries = tuple(_items(line, ("notices",), fields, lambda _: True))
    return Form("notices", "Notices", LINE, ("notices",), fields, entries, grows=True)


def _parts(line: Document) -> Form:
    fields = (
        Field("hours", "Hours", "part"), Field("places", "Callers who can be called", "number"),
        Field("", "Number", "number"),
    )  # fmt: skip
    parts = [
        FormEntry(part, label, ("ring_back", part), _values(line, ("ring_back", part), fields[:2]), ("hours", "places"))
        for part, label in (("morning", "In the morning"), ("afternoon", "In the afternoon"))
    ]
    numbers = [
        _single(line, ("ring_back", name), name, label)
        for name, label in (
            ("days_ahead", "Days ahead for which a caller can be given a time"),
            ("urgent_within_hours", "Opening hours within which the most urgent are called"),
        )
    ]
    return Form("parts", "Being called back", LINE, ("ring_back",), fields, (*parts, *numbers), confirms=("",))


def _phones(line: Document) -> Form:
    return _confirmable(line, "phones", "Phone numbers", Field("number", "Number", "phone"))


def _emails(line: Document) -> Form:
    return _confirmable(line, "emails", "E-mail addresses", Field("address", "Address", "address"))


def _links(line: Document) -> Form:
    return _confirmable(line, "links", "Web addresses", Field("address", "Address", "address"))


def _confirmable(line: Document, name: str, title: str, field: Field) -> Form:
    """A group of settings, each of which the service confirms, and each of which may also stand alone."""
    entries = tuple(
        FormEntry(
            key, label, (name, key), {field.name: _shown(line, (name, key)) or _shown(line, (name, key, field.name))}
        )
        for key, label in _named(line, name)
    )
    return Form(name, title, LINE, (name,), (field,), entries, confirms=tuple(entry.key for entry in entries))


def _names(line: Document) -> Form:
    return _values_by_name(line, "names", "Names", Field("", "Name", "name"))


def _sentences(line: Document) -> Form:
    return _values_by_name(line, "sentences", "Sentences", Field("", "Words", "words"))


def _switches(line: Document) -> Form:
    return _values_by_name(line, "switches", "Switches", Field("", "Switch", "switch"))


def _values_by_name(line: Document, name: str, title: str, field: Field) -> Form:
    entries = tuple(_single(line, (name, key), key, label) for key, label in _named(line, name))
    return Form(name, title, LINE, (name,), (field,), entries)


def _named(line: Document, group: str) -> Iterator[tuple[str, str]]:
    """The names in a group of settings, and what each is called on a page."""
    found = value_at(line.data, (group,))
    yield from (
        (str(key), str(key).replace("_", " ").capitalize()) for key in (found if isinstance(found, dict) else ())
    )


def _test_phones(line: Document) -> Form:
    return _list(line, ("test_phones",), "test_phones", "Phones that hear the draft", Field("", "Number", "phone"))


def _never_ring(line: Document) -> Form:
    return _list(line, ("never_ring",), "never_ring", "Numbers that are never called", Field("", "Number", "phone"))


def _alerts(line: Document) -> Form:
    return _list(line, ("alerts", "email_to"), "alerts", "Who gets alerts", Field("", "Address", "address"))


def _list(line: Document, path: Path, name: str, title: str, field: Field) -> Form:
    """A list of single values."""
    return Form(name, title, LINE, path, (field,), tuple(_items(line, path, (field,), lambda _: True)), grows=True)


#: The forms of line.yaml.
_FORMS: Mapping[str, Callable[[Document], Form]] = {
    "hours": _hours, "days": _days, "weeks": _weeks, "closed": _closed, "notices": _notices, "parts": _parts,
    "phones": _phones, "emails": _emails, "links": _links, "names": _names, "sentences": _sentences,
    "switches": _switches, "test_phones": _test_phones, "never_ring": _never_ring, "alerts": _alerts,
}  # fmt: skip
NAMES = tuple(_FORMS)


def form(files: Mapping[str, str], name: str) -> Form:
    """A form by its name: one of `NAMES`, or the words of a node or text. Raises NoSuchForm."""
    if name in _FORMS:
        document = _readable(files, LINE)
        return _FORMS[name](document)
    if name.startswith(OF_TEXT):
        return _of_text(files, name.removeprefix(OF_TEXT))
    if name.startswith(OF_WORDS):
        return of_words(files, name.removeprefix(OF_WORDS))
    raise NoSuchForm(f"There is no form '{name}'.")


def _readable(files: Mapping[str, str], file: str) -> Document:
    """A file that YAML could read whole. Raises NoSuchForm."""
    if file not in files:
        raise NoSuchForm(f"config/{file} is missing. Put it back.")
    document = parsing.read(files[file], f"config/{file}")
    if document.faulty or not isinstance(document.data, dict):
        first = document.problems[0] if document.problems else None
        raise NoSuchForm(f"config/{file} cannot be read. Correct it in the file first. {first or ''}".strip())
    return document


# --- words ----------------------------------------------------------------------------------------

_ONE_VALUE = (Field("", "Words", "words"),)
#: The words of a node in the order in which callers hear them, with what they are.
_WORDS_OF_NODE = (
    ("say", "What is said"), ("ask", "The question"), ("word", "The word"), ("means", "What it means"),
    ("parts", "Part {}"), ("choices", "Choice on key {}"), ("closing", "At the end"),
    ("next", "The choice that follows"),
    ("if_yes", "After yes"), ("if_no", "After no"), ("if_not_sure", "After not sure"), ("when_off", "While it is off"),
)  # fmt: skip
_WORDS_OF_CHOICE = (("label", ""), ("said_back", ", said once it is chosen"), ("say", ", said before going on"))


def of_words(files: Mapping[str, str], node: str) -> Form:
    """The words of one node. Raises NoSuchForm."""
    for file in sorted(name for name in files if name.startswith(MENUS)):
        document = parsing.read(files[file], f"config/{file}")
        found = value_at(document.data, ("nodes", node))
        if isinstance(found, dict):
            _readable(files, file)
            entries = tuple(_words(document, ("nodes", node), found))
            return Form(f"{OF_WORDS}{node}", f"The words of {node}", file, ("nodes", node), _ONE_VALUE, entries)
    raise NoSuchForm(f"There is no node '{node}'.")


def _of_text(files: Mapping[str, str], name: str) -> Form:
    document = _readable(files, TEXTS)
    if not isinstance(value_at(document.data, ("texts", name)), str):
        raise NoSuchForm(f"There is no text message '{name}'.")
    entry = _single(document, ("texts", name), name, "The text message")
    return Form(f"{OF_TEXT}{name}", f"The text message {name}", TEXTS, ("texts", name), _ONE_VALUE, (entry,))


def _words(document: Document, path: Path, node: Mapping[Any, Any]) -> Iterator[FormEntry]:
    for name, label in _WORDS_OF_NODE:
        found = node.get(name)
        if isinstance(found, str):
            yield _single(document, (*path, name), name, label)
        elif isinstance(found, list):
            for i in range(len(found)):
                yield _single(document, (*path, name, i), f"{name}.{i}", label.format(i + 1))
        elif isinstance(found, dict) and name == "choices":
            for key, choice in found.items():
                if isinstance(choice, dict):
                    yield from _of_choice(document, (*path, name, key), choice, f"{name}.{key}", label.format(key))
        elif isinstance(found, dict):
            yield from _of_choice(document, (*path, name), found, name, label)


def _of_choice(document: Document, path: Path, choice: Mapping[str, Any], key: str, label: str) -> Iterator[FormEntry]:
    for name, more in _WORDS_OF_CHOICE:
        if isinstance(choice.get(name), str):
            yield _single(document, (*path, name), f"{key}.{name}", label + more)


# --- from the document ------------------------------------------------------------------------------


def _shown(document: Document, path: Path) -> str:
    """A single value as staff wrote it; empty if there is none."""
    value = document.as_written.get(path, value_at(document.data, path))
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _single(document: Document, path: Path, key: str, label: str) -> FormEntry:
    return FormEntry(key, label, path, {"": _shown(document, path)}, ("",))


def _values(document: Document, path: Path, fields: tuple[Field, ...]) -> dict[str, str]:
    return {field.name: _shown(document, (*path, field.name) if field.name else path) for field in fields}


def _items(
    document: Document, path: Path, fields: tuple[Field, ...], is_shown: Callable[[Any], bool]
) -> Iterator[FormEntry]:
    items = value_at(document.data, path)
    for i, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) is (fields[0].name != "") and is_shown(item):
            yield FormEntry(str(i), "", (*path, i), _values(document, (*path, i), fields))


def confirmed(files: Mapping[str, str], path: Path) -> str:
    """Who confirmed a setting and when, in words; or that nobody has."""
    setting = drafts.read_draft({LINE: files[LINE]}).line.to_confirm().get(path)
    if setting is None or not setting.confirmed_by or not setting.confirmed_on:
        return "Nobody has confirmed it yet."
    told = f"confirmed by {setting.confirmed_by} on {setting.confirmed_on:%-d %B %Y}"
    return f"C{told[1:]}." if setting.is_confirmed else f"It has changed since it was {told}."
