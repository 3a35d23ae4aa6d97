"""Validates the files that staff write, and says in plain words what is wrong.

A faulty file is repaired in memory, so that one fault does not hide others: missing values are filled in, invalid ones
are replaced or removed, and misspelt names are corrected. Each repair is reported. A repaired file is never published,
because a draft with Problems is refused. There is one exception: missing words that a newer version of the line needs
are taken from those that it ships (`shipped.py`). They stay in use, and are reported as a warning.
"""

from __future__ import annotations

import copy
import datetime
import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ivr.authoring import parsing
from ivr.authoring.parsing import Document, Path, day_of
from ivr.problems import Invalid, Problem, Where, kind

M = TypeVar("M", bound=BaseModel)
#: Returns a valid value for a path, given what surrounds it. Raises LookupError or TypeError if none is needed there.
Spare = Callable[[Path, Any], Any]

#: The pattern for names of nodes, settings and texts.
NAME = r"^[a-z][a-z0-9_]*$"
#: The pattern for a path in a file: names with dots between them, outermost first.
PLACE = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$"
#: The keys that a menu may use.
CHOICE_KEYS = range(1, 6)


def sound_part(model: type[M], document: Document, spare: Spare, shipped: Mapping[str, Any] | None = None) -> M:
    """Validate a document, and repair its faults in memory. The faults are added to the document's problems.

    Missing values that are in `shipped` are taken from there. They are not faults, and are listed in the document's
    stand-ins.
    """
    return _Mending(document, spare, shipped or {}).done(model)


class _Mending:
    """Repairs one document until it is valid."""

    def __init__(self, document: Document, spare: Spare, shipped: Mapping[str, Any]):
        self._document, self._spare, self._shipped = document, spare, shipped
        self._left: Any = copy.deepcopy(document.data)
        #: Paths that were filled in or removed. Nothing below them is reported again.
        self._mended: set[Path] = set()
        #: Those among them that have a spare value.
        self._filled: set[Path] = set()
        if document.data is None:  # the reason has been reported
            self._left = {}
            self._mended.add(())

    def done(self, model: type[M]) -> M:
        while True:
            try:
                return model.model_validate(self._left)
            except ValidationError as error:
                self._mend([dict(fault) for fault in error.errors()])

    def _mend(self, faults: list[dict[str, Any]]) -> None:
        misspelt = self._misspelt(faults)
        explained = {(*path[:-1], right) for path, right in misspelt.items()} | set(misspelt)
        faults = [fault for fault in faults if self._where(fault) in explained or not self._stands_in(fault)]
        self._document.faulty = self._document.faulty or bool(faults)
        for path, right in misspelt.items():
            self._document.report(_UNKNOWN(name=path[-1], remedy=f"Write '{right}'."), path)
        bad_names = []
        told = [fault for fault in faults if self._where(fault) not in explained]
        self._document.problems += [_shape_problem(fault, self._document) for fault in self._new(told)]
        for fault in told:  # the first fault in a list removes the whole list, so all of them are reported before
            path = self._where(fault)
            if fault["loc"] and fault["loc"][-1] == "[key]":
                bad_names.append(path)
            else:
                self._put_right(path, fault["type"])
        for path, right in misspelt.items():
            self._rename(path, right)
        for path in bad_names:  # last, because the other faults refer to the current names
            self._rename(path, self._usable(path))

    def _new(self, faults: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The faults to report: one for each value, and none in what is repaired or reported already."""
        seen: set[Path] = set()
        for fault in faults:
            path = self._where(fault)
            is_known = any(path[:depth] in seen for depth in range(len(path) + 1))
            if not is_known and not self._is_mended(path) and not self._is_unread(path, fault):
                seen.add(path)
                yield fault

    def _stands_in(self, fault: dict[str, Any]) -> bool:
        """If something is missing and there is a shipped value for it, fill that in. Returns whether it did."""
        path = self._where(fault)
        if fault["type"] != "missing" or self._is_mended(path) or self._is_unread(path, fault):
            return False
        found: Any = self._shipped
        for step in path:
            if not isinstance(found, Mapping) or step not in found:
                return False
            found = found[step]
        self._at(path[:-1])[path[-1]] = copy.deepcopy(found)
        self._document.stand_ins.update(_leaves(path, found))
        return True

    def _where(self, fault: dict[str, Any]) -> Path:
        """The path of a fault, which may be that of something missing."""
        if fault["type"] == "missing":
            return (*_real_path(fault["loc"][:-1], self._document), fault["loc"][-1])
        path = _real_path(fault["loc"], self._document)
        return (*path, "kind") if fault["type"].startswith("union_tag") else path

    def _is_mended(self, path: Path) -> bool:
        return any(path[:depth] in self._mended for depth in range(len(path) + 1))

    def _is_unread(self, path: Path, fault: dict[str, Any]) -> bool:
        """Whether something only seems to be missing, because YAML could not read it."""
        if fault["type"] in {"missing", "union_tag_not_found"}:
            return self._document.left_unread(path[-1])
        is_bare = fault["type"] in {"dict_type", "model_type", "model_attributes_type"} or fault["input"] is None
        return is_bare and bool(self._document.unread)

    def _at(self, path: Path) -> Any:
        """The value at a path, of what is left of the file; None if there is none."""
        return parsing.value_at(self._left, path)

    def _misspelt(self, faults: Iterable[dict[str, Any]]) -> dict[Path, str]:
        """Paths of misspelt names, each with the right name: that of a similar field that is missing beside it."""
        missing, unknown = [], []
        for fault in faults:
            path = self._where(fault)
            if self._is_mended(path[:-1]):
                continue
            if fault["type"] in {"missing", "union_tag_not_found"}:
                missing.append(path)
            if fault["type"] == "union_tag_not_found":
                unknown += [(*path[:-1], name) for name in self._at(path[:-1]) or ()]
            elif fault["type"] == "extra_forbidden":
                unknown.append(path)
        found: dict[Path, str] = {}
        for *around, right in missing:
            beside = [str(path[-1]) for path in unknown if [*path[:-1]] == around and path not in found]
            short = [name for name in beside if f"if_{name}" == right or right in _CALLED.get(name.lower(), ())]
            for near in (short or difflib.get_close_matches(str(right), beside, 1, 0.7))[:1]:
                found[(*around, near)] = str(right)
        return found

    def _put_right(self, path: Path, fault: str) -> None:
        """Replace a faulty value by its spare value. If it has none, or that did not help either, remove it."""
        if path in self._filled:
            self._take_out(path[:-1])
        elif fault == "extra_forbidden" or not self._fill(path):
            self._take_out(path)

    def _fill(self, path: Path) -> bool:
        """Fill in the spare value of this path. False if it has none."""
        around = self._at(path[:-1])
        try:
            around[path[-1]] = self._spare(path, around)
        except (LookupError, TypeError):
            return False
        self._mended.add(path)
        self._filled.add(path)
        return True

    def _take_out(self, path: Path) -> None:
        """Remove what is there. If it is in a list, or is missing, remove what surrounds it."""
        while path:
            around = self._at(path[:-1])
            if isinstance(around, dict) and path[-1] in around:
                del around[path[-1]]
                self._mended.add(path)
                return
            path = path[:-1]
        self._left = {}
        self._mended.add(())

    def _usable(self, path: Path) -> str | int | None:
        """A valid name to replace the invalid one at this path; None if there is none."""
        around = self._at(path[:-1]) or {}
        if path[-2:-1] == ("choices",):
            return next((key for key in CHOICE_KEYS if key not in around), None)
        name = re.sub(r"\W+", "_", str(path[-1]).lower()).strip("_")
        return name if re.fullmatch(NAME, name) and name not in around else None

    def _rename(self, path: Path, name: str | int | None) -> None:
        around = self._at(path[:-1])
        if name is None or not isinstance(around, dict) or path[-1] not in around:
            self._take_out(path)
            return
        around[name] = around.pop(path[-1])
        self._document.know_as(path, (*path[:-1], name))


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Each value under a path, by a path of its own."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _leaves((*path, name), below)
    else:
        yield path, value


# --- in plain words ---------------------------------------------------------------------------

_NO_NAMES = kind("no-names", "This file must have names, each followed by a colon.", "Compare it with another.")
_MISSING = kind("missing-field", "'{name}' is missing.", "Write it.")
_NO_KIND = kind("missing-kind", "'kind' is missing.", "Write what kind this is: menu, reading, question or word.")
_NOT_A_KIND = kind("unknown-kind", "'{given}' is not a kind.", "Use one of: {kinds}.")
_UNKNOWN = kind("unknown-field", "'{name}' is not a field here.", "{remedy}")
_NO_WORDS = kind("no-words", "'{name}' has no words.", "Write some, or take the line out.")
_NOT_WORDS = kind("not-words", "'{name}' must be words.", "Put them in quotes.")
_BARE_DIGITS = kind("bare-digits", "Without quotes, digits are lost.", "Put {digits} in quotes: {line}")
_NOT_A_SHARE = kind("not-a-share", "'{name}' must be a share of the usual pace.", "Write it like {digits}%.")
_NOT_WHOLE = kind("not-a-whole-number", "'{name}' must be a whole number.", "Write one, without a point.")
_NOT_A_NUMBER = kind("not-a-number", "'{name}' must be a number.", "Write it with a point: 1.5.")
_NOT_TRUE = kind("not-true-or-false", "'{name}' must be true or false.", "Write one of them, without quotes.")
_NOT_URGENCY = kind("not-an-urgency", "'{name}' must be true, false or today.", "Write one of them, without quotes.")
_NOT_A_BLOCK = kind("not-a-block", "'{name}' must have lines under it.", "Write each with a name and a colon.")
_NOT_A_LIST = kind(
    "not-a-list", "'{name}' must be a list.", "Write one line for each, beginning with a plain hyphen and a space."
)
_EMPTY_LIST = kind("empty-list", "'{name}' has nothing after it.", "Write [] if there is none.")
_NOTHING = kind("nothing-after-name", "'{name}' has nothing after it.", "Write it, or take the line out.")
_TOO_FEW = kind("too-few", "'{name}' needs at least {least}.", "Add what is missing.")
_TOO_MANY = kind("too-many", "'{name}' can have at most {most}.", "Remove the others.")
_NOT_A_DATE = kind("not-a-date", "'{name}' must be a date.", "Write the year first: 2026-12-24.")
_NO_SUCH_DAY = kind("no-such-day", "There is no such day: {day}.", "Look it up.")
_QUOTED = kind("needless-quotes", "'{name}' is in quotes.", "Take the quotes away: {line}")
_NOT_ONE_OF = kind("not-one-of", "'{name}' must be one of: {expected}.", "Write one of them.")
_TOO_SMALL = kind("too-small", "'{name}' must be at least {least}.", "Write a larger number.")
_TOO_LARGE = kind("too-large", "'{name}' must be at most {most}.", "Write a smaller number.")
_NAMES = "Names are small letters, numbers and _, and begin with a letter."
_BAD_NAME = kind("bad-name", "'{name}' cannot be a name.", _NAMES)
_NOT_A_NAME = kind(
    "bad-value", "'{given}' is no name, and '{name}' needs one.", "Write the name under which it stands in line.yaml."
)
_FIXED_KEY = kind("fixed-key", "Key {key} always means '{means}'.", "Use 1, 2, 3 or 4.")
_QUOTED_KEY = kind("quoted-key", "A key is a number.", "Write key {key} without quotes.")
_NOT_A_KEY = kind("not-a-key", "'{key}' is not a choice key.", "Use 1, 2, 3 or 4.")
_UNREADABLE = kind("unreadable-value", "'{name}' cannot be read.", "Compare it with the other files.")


def _shape_problem(error: dict[str, Any], document: Document) -> Problem:
    """One of pydantic's errors, in words for people who write menus."""
    if not error["loc"]:
        return _NO_NAMES().at(Where(document.file))
    path = _real_path(error["loc"], document)
    if error["loc"][-1] == "[key]":
        return _bad_name(path).at(document.where(path))
    fault, told = error["type"], error.get("ctx", {})
    if fault == "union_tag_invalid":
        path = (*path, "kind")
    if isinstance(refused := told.get("error"), Invalid):
        return refused.problem.at(document.where(path))
    name = next((str(step) for step in reversed(path) if isinstance(step, str)), "this file")
    found = _by_fault(fault, name, error, told) or _by_value(fault, name, error.get("input"), path, document)
    return (found or _UNREADABLE(name=name)).at(document.where(path))


def _by_fault(fault: str, name: str, error: dict[str, Any], told: dict[str, Any]) -> Problem | None:
    """The problem, if the type of the fault is enough to name it."""
    field = error["loc"][-1]
    match fault:
        case "missing":
            return _MISSING(name=field)
        case "extra_forbidden":
            return _UNKNOWN(name=field, remedy=_unknown_field(field, in_node=error["loc"][:1] == ("nodes",)))
        case "union_tag_invalid":
            return _NOT_A_KIND(given=str(told.get("tag")).partition("\n")[0], kinds=told.get("expected_tags"))
        case "literal_error":
            return _NOT_ONE_OF(name=name, expected=told.get("expected", ""))
        case "too_short":
            return _TOO_FEW(name=name, least=told.get("min_length"))
        case "too_long":
            return _TOO_MANY(name=name, most=told.get("max_length"))
        case "greater_than_equal":
            return _TOO_SMALL(name=name, least=told.get("ge"))
        case "less_than_equal":
            return _TOO_LARGE(name=name, most=told.get("le"))
        case "string_pattern_mismatch":
            return _mismatch(str(error.get("input")), name, told)
    return _BY_NAME[fault](name=name) if fault in _BY_NAME else None


def _mismatch(given: str, name: str, told: dict[str, Any]) -> Problem:
    """What is wrong with a value that does not match its pattern: it has no words, or it cannot be a name."""
    if told.get("pattern") == WORDS_IN_IT:
        return _NO_WORDS(name=name)
    return _BAD_NAME(name=given) if re.search("[A-Za-z]", given) else _NOT_A_NAME(given=given, name=name)


#: Faults whose message has no other blank than the name of the field.
_BY_NAME = {
    "string_too_short": _NO_WORDS,
    "int_parsing": _NOT_WHOLE,
    "float_type": _NOT_A_NUMBER,
    "finite_number": _NOT_A_NUMBER,
    "dict_type": _NOT_A_BLOCK,
    "model_type": _NOT_A_BLOCK,
    "model_attributes_type": _NOT_A_BLOCK,
    "union_tag_not_found": _NO_KIND,
    "nothing": _NOTHING,
}


def _by_value(fault: str, name: str, given: Any, path: Path, document: Document) -> Problem | None:
    """What is wrong with a value of the wrong type, which may only need its quotes removed."""
    text = str(given)
    if fault == "string_type":
        return _not_words(name, given, document.as_written.get(path), in_list=bool(path) and isinstance(path[-1], int))
    if fault == "list_type":
        return (_EMPTY_LIST if given is None else _NOT_A_LIST)(name=name)
    if fault == "date_type" and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        is_day = isinstance(day_of(text), datetime.date)
        return _QUOTED(name=name, line=text) if is_day else _NO_SUCH_DAY(day=text)
    if fault in _WRONG_TYPES and re.fullmatch("[0-9]+|true|false", text) and isinstance(given, str):
        return _QUOTED(name=name, line=f"{name}: {text}")
    return _WRONG_TYPES[fault](name=name) if fault in _WRONG_TYPES else None


_WRONG_TYPES = {"int_type": _NOT_WHOLE, "bool_type": _NOT_TRUE, "date_type": _NOT_A_DATE, "urgency": _NOT_URGENCY}

#: What people write when they do not remember the name of a field, and the fields that they may mean.
_CALLED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("from", "since", "start"), ("begins",)),
    **dict.fromkeys(("to", "until", "till", "end"), ("ends",)),
    "date": ("day",), "say": ("words", "ask", "means"), "words": ("say", "ask", "means"), "text": ("words", "say"),
}  # fmt: skip
#: The pattern of a field that must not be empty.
WORDS_IN_IT = r"\S"
_FIXED_KEYS = {"0": "a person", "9": "help and settings", "*": "go back", "#": "hear that again"}


def _bad_name(path: Path) -> Problem:
    name = str(path[-1])
    if "choices" not in path:
        return _BAD_NAME(name=name)
    if name in _FIXED_KEYS:
        return _FIXED_KEY(key=name, means=_FIXED_KEYS[name])
    if name.isdigit() and isinstance(path[-1], str):
        return _QUOTED_KEY(key=name)
    return _NOT_A_KEY(key=name)


def _real_path(location: tuple[str | int, ...], document: Document) -> Path:
    """pydantic's path without the steps that it adds (the name of a kind, the mark for a key)."""
    path: Path = ()
    for step in location:
        if (*path, step) in document.marks:
            path = (*path, step)
    return path


def _not_words(name: str, given: Any, as_written: str | None, *, in_list: bool) -> Problem:
    if as_written is not None and name.endswith("_rate"):
        return _NOT_A_SHARE(name=name, digits=as_written)
    if as_written is not None:
        before = "" if in_list else f"{name}: "
        kept = as_written.replace("+44", "0", 1)
        return _BARE_DIGITS(digits=as_written, line=f'{before}"{kept}"')
    return (_NO_WORDS if given is None else _NOT_WORDS)(name=name)


#: Fields that nodes of one kind have, and no others.
OF_KIND = {
    "choices": "menu", "parts": "reading", "closing": "reading", "runs_on_to": "reading", "person_hint": "reading",
    "urgent": "reading", "ask": "question", "if_yes": "question", "if_no": "question", "if_not_sure": "question",
    "means": "word", "listed_in": "word", "next_word": "word",
}  # fmt: skip


def _unknown_field(name: object, *, in_node: bool) -> str:
    if in_node and (of := OF_KIND.get(str(name))):
        return f"Only a node of the kind {of} has one. Remove it, or write 'kind: {of}'."
    if str(name) in {"yes", "no", "not_sure"}:
        return f"Write 'if_{name}'."
    if ":" in str(name):
        return "Write a space after the colon."
    if " " in str(name):
        return "If it belongs to the words before it, put all the words in quotes."
    return "Check its spelling and the spaces at its start, or remove it."
