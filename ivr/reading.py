"""Staff's YAML: text in, plain values with their lines out, or every Problem at once.

Text is given; no file is opened here. Values follow YAML 1.2, so `off`, `no` and
`17:30` stay text. What people write by accident, and what YAML makes of it in
silence, is refused in words that say what to do: a key given twice, digits that
would lose their zero, words cut off by a `#`.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import ScalarToken

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

#: No file of words comes near this. A larger one is something else, saved here by mistake.
MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in what staff wrote: where it is, what is wrong and what to do about it."""

    file: str
    line: int
    says: str
    rule: str = "form"
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return " ".join(f"{self.file}:{self.line}  {self.says}".splitlines())


class ConfigError(Exception):
    """Raised with every Problem that stops a script from being used."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Document:
    """One file as plain values, the line of everything in it, and what was wrong."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    #: Unquoted words with a comment behind them: the lines where words may have been lost.
    cut_short: dict[Path, int] = field(default_factory=dict)
    #: How a number was written: `0300123` reads as 300123, and staff must be told what they wrote.
    as_written: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: Something written here is not in what was made of it.
    faulty: bool = False
    #: Nodes with a name of YAML's own (&name) that were come to before.
    anchored: set[int] = field(default_factory=set)

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest thing around it that was written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def has_name(self, name: str) -> bool:
        """Whether something in one of its parts has this name, or meant to have it."""
        return any(len(path) == 2 and re.sub(r"\W", "_", str(path[1]).lower()) == name for path in self.lines)

    def problem(self, path: Path, says: str, **more: Any) -> Problem:
        return Problem(self.file, self.line(path), says, **more)


def read(text: str, file: str) -> Document:
    """Read one YAML text. What is wrong with it is in the document's problems."""
    document = Document(file)
    if refusal := _unreadable(text):
        document.problems.append(Problem(file, 1, refusal))
        return document
    document.problems += _lines_lost_in_silence(text, file)
    try:
        root = YAML(typ="rt").compose(text)
    except (MarkedYAMLError, ReaderError) as error:
        if not document.problems:  # a lost line explains the error better than YAML does
            document.problems.append(_syntax_problem(error, file, text.splitlines()))
        return document
    if root is None:
        document.problems.append(Problem(file, 1, "This file is empty. Write it, or delete it."))
        return document
    source = [*text.splitlines(), ""]  # a last line that has no end ends on one more
    document.data = _value(root, (), document, source)
    return document


def validate(model: type[M], document: Document) -> M | None:
    """The document as a model; None, and Problems in the document, if it does not fit."""
    if document.data is None:
        return None
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        document.problems += [_shape_problem(dict(e), document) for e in error.errors()]
        return None


def sound_part(model: type[M], document: Document, spare: Mapping[str, Any]) -> M:
    """The document as a model; with faults, the rest of it, so that they hide as few others as can be.

    The Problems are in the document. `spare` has a value for each field that the model needs, for where the
    document has none that fits.
    """
    if (whole := validate(model, document)) is not None:
        return whole
    document.faulty = True
    left = copy.deepcopy(document.data) if isinstance(document.data, dict) else {}
    while True:
        try:
            return model.model_validate({**spare, **left})
        except ValidationError as error:
            _take_out(left, [_real_path(e["loc"], document) for e in error.errors()])


def _take_out(left: dict[Any, Any], faults: Iterable[Path]) -> None:
    """Take out what is at these places; where one is in a list, or is empty already, what is around it."""
    out: set[Path] = set()
    for path in sorted(faults, key=len):
        if any(path[:depth] in out for depth in range(len(path) + 1)):
            continue
        if not path:  # nobody can say where it is
            left.clear()
            return
        around, depth = left, 1
        while depth < len(path) and isinstance(inner := around[path[depth - 1]], dict) and path[depth] in inner:
            around, depth = inner, depth + 1
        del around[path[depth - 1]]
        out.add(path[:depth])


# --- from YAML to values --------------------------------------------------------------------


def _unreadable(text: str) -> str | None:
    if len(text) > MOST_CHARACTERS:
        return "This file is too big to be a file of words. Take it out of the folder."
    if "\0" in text:
        return "This is not a text file. Save it as plain text (UTF-8), or take it out of the folder."
    return None


#: Characters that nobody sees, and spaces that are none to YAML: they come from web pages and word processors.
_UNSEEN = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_NEW_LINE = re.compile(r"\r\n|\r|\n")


def _lines_lost_in_silence(text: str, file: str) -> Iterator[Problem]:
    """Lines that YAML would drop, or read in another way, without a word."""
    for number, line in enumerate(_NEW_LINE.split(text), 1):
        start = line.lstrip()
        if unseen := _UNSEEN.search(line):
            says = f"There is a character here that cannot be seen (U+{ord(unseen[0]):04X}). Type this line again."
            yield Problem(file, number, says)
        if start.startswith(("#:", '"#":', "'#':")):
            yield Problem(file, number, "The hash key always means 'hear that again'. Take this line out.")
        elif start.startswith(("*:", '"*":', "'*':")):
            yield Problem(file, number, "The star key always means 'go back'. Take this line out.")
        elif start.startswith("%YAML"):
            yield Problem(file, number, "Take this line out. It makes YAML read some words as something else.")
        elif "\t" in line[: len(line) - len(start)]:
            yield Problem(file, number, "There is a tab at the start of this line. Use spaces.")


#: What YAML itself calls maps and lists on which nobody wrote a tag.
_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def _value(node: Node, path: Path, document: Document, source: list[str]) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if node.anchor:
        if id(node) in document.anchored:  # told already, and what stands inside itself has no end
            return None
        document.anchored.add(id(node))
        document.problems.append(
            document.problem(path, f"'&{node.anchor}' is not used here. Write the words out again where you need them.")
        )
    if isinstance(node, CollectionNode) and str(node.tag) not in _PLAIN_TAGS:
        document.problems.append(_tagged(node, document))
    if isinstance(node, MappingNode):
        return _mapping(node, path, document, source)
    if isinstance(node, SequenceNode):
        return [_value(item, (*path, i), document, source) for i, item in enumerate(node.value)]
    return _scalar(node, path, document, source)


def _mapping(node: MappingNode, path: Path, document: Document, source: list[str]) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    first_line: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node.value, str):
            document.problems.append(Problem(document.file, line, "A name is missing before the colon. Write one."))
            continue
        key = _scalar(key_node, (*path, key_node.value), document, source)
        if type(key) is not int:  # what else YAML makes of a name (a date, nothing, 2.0) is no name of ours
            key = key_node.value
        where = (*path, key)
        document.lines[where] = line
        if str(key) in first_line:
            document.problems.append(Problem(document.file, line, _repeated(path, str(key), first_line)))
            document.faulty = True
            for name, _ in value_node.value if isinstance(value_node, MappingNode) else ():
                if isinstance(name.value, str):
                    document.lines.setdefault((*where, name.value), line)
            continue
        first_line[str(key)] = line
        values[key] = _value(value_node, where, document, source)
    return values


def _repeated(path: Path, key: str, first_line: dict[str, int]) -> str:
    if path and path[-1] == "choices":
        return f"Two choices use key {key} (the first is on line {first_line[key]}). Give one of them another key."
    return f"'{key}' is here twice (the first is on line {first_line[key]}). Keep one of them."


#: A comment right behind unquoted words. (A `#` further on may stand in the quoted words of another value.)
_COMMENT = re.compile(r"\s+#")
#: Quotes of word processors. YAML takes them for letters.
_CURLY = ("\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "\u00ab")


def _scalar(node: Node, path: Path, document: Document, source: list[str]) -> Any:
    text: str = node.value
    if getattr(node, "style", "") is None and (says := _wrong_quotes(text)):
        document.problems.append(Problem(document.file, node.start_mark.line + 1, says))
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if getattr(node, "style", "") is None and _COMMENT.match(source[node.end_mark.line], node.end_mark.column):
        document.cut_short[path] = node.start_mark.line + 1
    if kind in {"int", "float"}:
        document.as_written[path] = text
        return _number(kind, text)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "timestamp":
        return _date(text)
    if kind != "str":
        document.problems.append(_tagged(node, document))
    return text


def _wrong_quotes(text: str) -> str | None:
    """What is wrong with the quotes of words that YAML takes for words without any."""
    if text.startswith(_CURLY):
        return "These quotes are not plain ones, and would be said with the words. Type plain ones instead."
    if text.endswith('"') and text.count('"') % 2:
        return "A quote is missing at the start of these words. Put it there."
    if re.sub('(?<=[0-9])"', "", text).count('"') % 2:  # behind a number, it means inches
        return "A quote here has no other. Take it out, or put all of the words in quotes."
    return None


def _tagged(node: Node, document: Document) -> Problem:
    kind = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    says = f"'{kind}' is not used here: a file cannot take in another. Write the words in this file."
    return Problem(document.file, node.start_mark.line + 1, says)


def _number(kind: str, text: str) -> int | float | str:
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:  # 0x1F, 1_000 and the like: text, so that the field's own rule speaks
        return text


def _date(text: str) -> datetime.date | str:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return text


# --- Problems in plain words ----------------------------------------------------------------

_KEPT_SIGN = "These words begin with a sign that YAML keeps for itself. Put them in quotes."
_NO_COMMA = "A comma is missing here, or the words before it need quotes. Compare it with other lines."
_NEVER_CLOSED = "A quote opens here and is never closed. Close it."
_NOT_CLOSED = "What opens here with { or [ is not closed, or a comma is missing in it. Close it."
_SYNTAX = {
    "mapping values are not allowed": "There is a colon inside these words. Put the words in quotes.",
    "found unexpected end of stream": _NEVER_CLOSED,
    "found unknown escape character": "There is a backslash in these words. Take it out.",
    "that cannot start any token": _KEPT_SIGN,
    "found another document": "There is a line of three dashes in the file. Take it out.",
    "found undefined alias": "A star begins these words. Put them in quotes.",
    "entries are not allowed here": _KEPT_SIGN,
    "mapping keys are not allowed": _KEPT_SIGN,
    "expected a comment or a line break": _KEPT_SIGN,
    "expected alphabetic or numeric": _KEPT_SIGN,
    "expected the node content": _KEPT_SIGN,
    "got '<stream end>'": _NOT_CLOSED,
    "' or ']', but got": _NO_COMMA,
    "' or '}', but got ':'": "There is a colon inside these words. Put the words in quotes.",
    "' or '}', but got": _NO_COMMA,
    "expected <block end>": "This line does not fit under the one above. Check the spaces at its start.",
    "could not find expected ':'": "A colon is missing after a name here. Write one.",
    "special characters are not allowed": "There is a character here that cannot be read. Take it out.",
}


def _syntax_problem(error: MarkedYAMLError | ReaderError, file: str, source: list[str]) -> Problem:
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or error)
    otherwise = "The signs on this line do not fit together. Compare it with the lines around it."
    says = next((says for sign, says in _SYNTAX.items() if sign in what), otherwise)
    if mark and opened and mark.line != opened.line and what.startswith(("expected ',' or", "found unexpected end")):
        mark = opened
        says = _NOT_CLOSED if what.startswith("expected") else says
    if mark and "expected <block end>" in what:
        says = _run_over(source, mark.line, mark.column) or says
    mark = mark or opened
    if mark and (found := _line_above(source, mark.line)):
        return Problem(file, *found)
    if mark and (line := _left_open(source, mark.line)):
        return Problem(file, line, _NEVER_CLOSED)
    return Problem(file, mark.line + 1 if mark else 1, says)


#: What is wrong with a line, by its shape, where YAML finds fault with the one below it.
_SHAPES = (
    (re.compile(r'\s*[a-z]\w*(\s+".*)?\s*'), "A colon is missing behind the name. Write one."),
    (re.compile(r'\s*"[^"]*"\s*'), "A dash is missing before these words, or a name and a colon. Write it."),
    (re.compile(r"\s*[a-z]\w*:[^\s/].*"), "A space is missing behind the colon. Write one."),
    (re.compile(r"\s*-[^\s-].*"), "A space is missing behind the dash. Write one."),
)


def _line_above(source: list[str], fault: int) -> tuple[int, str] | None:
    """The line above the one with this index, and what is wrong with it, if it is a common slip and to blame."""
    above = fault - 1
    while above >= 0 and (not source[above].strip() or source[above].lstrip().startswith("#")):
        above -= 1
    says = next((says for shape, says in _SHAPES if above >= 0 and shape.fullmatch(source[above])), None)
    return (above + 1, says) if says and not _fails_at(fault, [*source[:above], "", *source[above + 1 :]]) else None


def _fails_at(fault: int, source: list[str]) -> bool:
    """Whether YAML finds fault with the line of this index."""
    try:
        YAML(typ="rt").compose("\n".join(source))
    except MarkedYAMLError as error:
        return error.problem_mark is not None and error.problem_mark.line == fault
    return False


def _left_open(source: list[str], fault: int) -> int | None:
    """The line of a quote that was never closed, where that explains the fault on the line of this index.

    YAML then goes on to the next quote, lines further down, which opens other words: they stand right behind it.
    """
    with contextlib.suppress(MarkedYAMLError, ReaderError):
        for token in YAML(typ="rt").scan("\n".join(source)):
            begins, ends = token.start_mark, token.end_mark
            if ends.line > fault:
                break
            if isinstance(token, ScalarToken) and token.style == '"' and begins.line < ends.line:
                behind = source[ends.line][ends.column :].lstrip()
                if behind and behind[0] not in ",:}]#":
                    return int(begins.line) + 1
    return None


def _run_over(source: list[str], line: int, column: int) -> str | None:
    """What to do about words that go on where YAML has them end; None where it is only the spaces at the start."""
    before = source[line][:column].rstrip() if line < len(source) else ""
    if before.endswith(('"', "'")):
        return "The words go on behind a quote. Inside the words, use quotes of the other kind, or none."
    if before.endswith(("}", "]")):
        return _KEPT_SIGN
    if not before and line and re.search(r"\s#", source[line - 1]):
        return "The line above is cut short by its #, and does not go on here. Put all of the words in quotes."
    return None


def _shape_problem(error: dict[str, Any], document: Document) -> Problem:
    """One of pydantic's errors in the words of people who write menus."""
    if not error["loc"]:
        return Problem(
            document.file, 1, "This file must have names, each with a colon behind it. Compare it with another."
        )
    path = _real_path(error["loc"], document)
    if error["loc"][-1] == "[key]":
        return document.problem(path, _bad_name(path))
    kind, told = error["type"], error.get("ctx", {})
    if kind == "union_tag_invalid":
        path = (*path, "kind")
    name = next((str(step) for step in reversed(path) if isinstance(step, str)), "this file")
    given = error.get("input")
    missing_name = error["loc"][-1]
    says = {
        "missing": f"'{missing_name}' is missing. Write it.",
        "extra_forbidden": f"'{missing_name}' is not a field here. {_unknown_field(missing_name)}",
        "string_type": _not_words(
            name, given, document.as_written.get(path), in_list=bool(path) and isinstance(path[-1], int)
        ),
        "string_too_short": f"'{name}' has no words. Write some, or take the line out.",
        "int_type": f"'{name}' must be a whole number.",
        "int_parsing": f"'{name}' must be a whole number.",
        "float_type": f"'{name}' must be a number. Write it with a point: 1.5.",
        "finite_number": f"'{name}' must be a number. Write it with a point: 1.5.",
        "bool_type": f"'{name}' must be true or false.",
        "dict_type": f"'{name}' must have lines of its own under it, each with a name and a colon.",
        "model_type": f"'{name}' must have lines of its own under it, each with a name and a colon.",
        "model_attributes_type": f"'{name}' must have lines of its own under it, each with a name and a colon.",
        "list_type": f"'{name}' must be a list: a line for each, beginning with a dash.",
        "too_short": f"'{name}' needs at least {told.get('min_length')}.",
        "too_long": f"'{name}' can have at most {told.get('max_length')}.",
        "date_type": f"'{name}' must be a date, year first: 2026-12-24.",
        "literal_error": f"'{name}' must be one of: {told.get('expected', '')}.",
        "union_tag_invalid": f"'{told.get('tag')}' is not a kind. Use one of: {told.get('expected_tags', '')}.",
        "union_tag_not_found": "'kind' is missing. Write what kind this is: menu, reading, question or word.",
        "greater_than_equal": f"'{name}' must be at least {told.get('ge')}.",
        "less_than_equal": f"'{name}' must be at most {told.get('le')}.",
        "string_pattern_mismatch": _not_shaped(name, given, told.get("pattern")),
        "value_error": str(told.get("error", "")),
    }.get(kind, f"'{name}' cannot be read. Compare it with the other files.")
    return document.problem(path, says)


#: The pattern of a field that must say something.
WORDS_IN_IT = r"\S"
_NAMES = "Names are small letters, numbers and _, and begin with a letter."
_FIXED_KEYS = {"0": "a person", "9": "help and settings", "*": "go back", "#": "hear that again"}


def _bad_name(path: Path) -> str:
    name = str(path[-1])
    if "choices" not in path:
        return f"'{name}' cannot be a name. {_NAMES}"
    if name in _FIXED_KEYS:
        return f"Key {name} always means '{_FIXED_KEYS[name]}'. Use 1, 2, 3 or 4."
    if name.isdigit() and isinstance(path[-1], str):
        return f"Write key {name} without quotes."
    return f"'{name}' is not a choice key. Use 1, 2, 3 or 4."


def _real_path(location: tuple[str | int, ...], document: Document) -> Path:
    """pydantic's path without the steps it adds (the name of a kind, the sign for a key)."""
    path: Path = ()
    for step in location:
        if (*path, step) in document.lines:
            path = (*path, step)
    return path


def _not_shaped(name: str, given: Any, pattern: object) -> str:
    if pattern == WORDS_IN_IT:
        return f"'{name}' has no words. Write some, or take the line out."
    return f"'{given}' cannot be used for '{name}'. {_NAMES}"


def _not_words(name: str, given: Any, as_written: str | None, *, in_list: bool) -> str:
    if as_written is not None:
        before = "" if in_list else f"{name}: "
        kept = as_written.replace("+44", "0", 1)
        return f'Put {as_written} in quotes, or digits are lost: {before}"{kept}"'
    if given is None:
        return f"'{name}' has no words. Write some, or take the line out."
    return f"'{name}' must be words, in quotes."


def _unknown_field(name: object) -> str:
    if str(name) in {"yes", "no", "not_sure"}:
        return f"Write 'if_{name}'."
    if ":" in str(name):
        return "Write a space behind the colon."
    if " " in str(name):
        return "If it belongs to the words before it, put all of the words in quotes."
    return "Check how it is spelt, or take it out."
