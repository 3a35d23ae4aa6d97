"""Merges what was filled in with what is in the files now, and writes the result.

Somebody else, or another window, may have changed the file since the form was shown. A form therefore says what it
showed, and for each value there are three: what it showed, what is there now, and what was typed. If only one of the
two changed a value, that change is kept. If both did, nothing is written, and both are shown.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.authoring import drafts, editing
from ivr.authoring.drafts import LINE
from ivr.authoring.parsing import Path
from ivr.forms.shape import Field, FieldKind, Form, FormEntry, Values

#: The beginning of the key of an entry that is new.
NEW = "new"


@dataclass(frozen=True)
class Clash:
    """A value that somebody else changed since the form was shown, and that was filled in otherwise."""

    key: str
    field: str
    #: What is there now; None if the entry is gone.
    theirs: str | None


@dataclass(frozen=True)
class Confirmation:
    """Who at the service confirmed what a form shows, and on which day."""

    who: str
    on: dt.date


@dataclass(frozen=True)
class Saved:
    """The file with what was filled in; unchanged, if there are clashes."""

    text: str
    clashes: tuple[Clash, ...] = ()
    #: The path in the new text of each entry that was filled in, by its key.
    paths: Mapping[str, Path] = field(default_factory=dict)


def save(
    files: Mapping[str, str],
    current: Form,
    seen: Mapping[str, Values],
    typed: Mapping[str, Values | None],
    confirmed: Mapping[str, Confirmation] | None = None,
) -> Saved:
    """The form's file with what was filled in.

    `current`: the form as the files have it now. `seen`: what the form showed. `typed`: what was filled in, by entry;
    None for one that is to go; a key that begins with 'new' is one more. `confirmed`: what was confirmed, by entry.
    """
    there = _same_entries(current, seen)
    clashes = [clash for key, mine in typed.items() for clash in _clashes(current, seen, there, key, mine)]
    text = files[current.file]
    if clashes:
        return Saved(text, tuple(clashes))
    gone = [there[key] for key, mine in typed.items() if mine is None and key in there]
    paths = {}
    for key, mine in typed.items():
        if mine is not None and key in there:
            entry = there[key]
            text = _with_values(text, current, entry, _wanted(seen[key], entry.values, mine))
            paths[key] = _moved(entry.path, gone) if current.grows else entry.path
    for entry in sorted(gone, key=lambda entry: int(entry.key), reverse=True):
        text = editing.without_item(text, entry.path)
    for key, mine in typed.items():
        if key.startswith(NEW) and mine is not None:
            text = _with_new(text, current, mine)
            paths[key] = (*current.path, _count(text, current.path) - 1)
    return Saved(_with_confirmations(text, files, current, confirmed or {}), (), paths)


# --- three values for each ------------------------------------------------------------------------


def _same_entries(current: Form, seen: Mapping[str, Values]) -> dict[str, FormEntry]:
    """The entries that the form showed, where they are now. Those that are gone are left out."""
    if not current.grows:
        return {key: entry for key in seen if (entry := current.entry(key))}
    left, found = list(current.entries), {}
    for key, values in seen.items():
        if same := next((entry for entry in left if entry.values == values), None):
            left.remove(same)
            found[key] = same
    for key in seen.keys() - found.keys():  # its values have changed, but not its place in the list
        if changed := next((entry for entry in left if entry.key == key), None):
            left.remove(changed)
            found[key] = changed
    return found


def _clashes(
    current: Form, seen: Mapping[str, Values], there: Mapping[str, FormEntry], key: str, mine: Values | None
) -> list[Clash]:
    if key.startswith(NEW):
        return []
    was, entry = seen.get(key), there.get(key)
    if was is None or entry is None:  # somebody took it out
        return [Clash(key, name, None) for name in list(mine)[:1]] if mine is not None and mine != was else []
    if mine is None:
        return [Clash(key, name, value) for name, value in entry.values.items() if value != was.get(name, "")]
    return [
        Clash(key, name, theirs)
        for name, theirs in entry.values.items()
        if theirs != was.get(name, "") and mine.get(name, "") not in (theirs, was.get(name, ""))
    ]


def _wanted(was: Values, theirs: Values, mine: Values) -> dict[str, str]:
    """The values to write, by field: what was typed if that is a change, otherwise what is there now."""
    return {name: mine[name] if mine.get(name, value) != was.get(name, "") else value for name, value in theirs.items()}


def over(current: Form, seen: Mapping[str, Values], typed: Mapping[str, Values | None]) -> dict[str, Values | None]:
    """What was filled in, by the entries that are there now, for somebody who decides to overwrite others' changes.

    An entry that somebody else removed, and that was changed here, becomes a new one.
    """
    there, found = _same_entries(current, seen), {}
    for key, mine in typed.items():
        if key.startswith(NEW) or (key not in there and mine is not None and mine != seen.get(key)):
            found[key if key.startswith(NEW) else f"{NEW}-{key}"] = mine
        elif key in there:
            entry = there[key]
            found[entry.key] = None if mine is None else _wanted(seen[key], entry.values, mine)
    return found


# --- writing --------------------------------------------------------------------------------------


def _with_values(text: str, current: Form, entry: FormEntry, wanted: Values) -> str:
    for each in current.fields_of(entry):
        value = wanted[each.name]
        if value == entry.values[each.name]:
            continue
        path = _path(text, current, entry, each)
        if each.optional and not value:
            text = editing.without(text, path)
        else:
            text = editing.with_value(text, path, _yaml(each.kind, value))
    return text


def _path(text: str, current: Form, entry: FormEntry, of: Field) -> Path:
    """Where a value stands. A number or an address may stand alone, or in a mapping with who confirmed it."""
    if of.kind in ("phone", "address") and not editing.is_mapping(text, entry.path):
        return entry.path
    return (*entry.path, of.name) if of.name else entry.path


def _with_new(text: str, current: Form, values: Values) -> str:
    written = {
        each.name: _yaml(each.kind, values.get(each.name, "")) for each in current.fields if _is_written(each, values)
    }
    return editing.with_item(text, current.path, written if current.fields[0].name else written[""])


def _is_written(of: Field, values: Values) -> bool:
    return bool(values.get(of.name)) or not of.optional


#: What needs no quotes in YAML, by kind.
_PLAIN: Mapping[FieldKind, re.Pattern[str]] = {
    "hours": re.compile(r"closed|[0-9: ]+ to [0-9: ]+(?: and [0-9: ]+ to [0-9: ]+)*"),
    "part": re.compile(r"closed|[0-9: ]+ to [0-9: ]+"),
    "day": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "moment": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2})?"),
    "number": re.compile(r"0|[1-9][0-9]*"),
    "switch": re.compile(r"on|off"),
}


def _yaml(kind: FieldKind, value: str) -> str:
    """A value as YAML on one line."""
    plain = _PLAIN.get(kind)
    return value if plain and plain.fullmatch(value) else editing.quoted(value)


def _count(text: str, path: Path) -> int:
    return len(editing.node_at(text, path).value)


def _moved(path: Path, gone: list[FormEntry]) -> Path:
    """The path of an item of a list after these have gone."""
    place = int(path[-1])
    return (*path[:-1], place - sum(int(entry.path[-1]) < place for entry in gone))


def _with_confirmations(
    text: str, files: Mapping[str, str], current: Form, confirmed: Mapping[str, Confirmation]
) -> str:
    for key, confirmation in confirmed.items():
        path = current.path if not key else next(entry.path for entry in current.entries if entry.key == key)
        setting = drafts.read_draft({**files, LINE: text}).line.to_confirm().get(path)
        if setting is not None:
            text = editing.with_confirmation(text, path, confirmation.who, confirmation.on, setting.value)
    return text
