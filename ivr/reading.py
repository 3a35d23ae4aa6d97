"""Staff's YAML: text in; plain values with their line numbers out, or every Problem at once.

No file is opened here. Values follow YAML 1.2, so `off`, `no` and `17:30` stay text. Common
accidents that YAML accepts silently are refused, with words that say what to do: a key given
twice, digits that would lose their zero, words cut off by a `#`.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import ScalarToken

Path = tuple[str | int, ...]

#: No file of the line comes near this size. A larger one was saved here by mistake.
MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in what staff wrote: where it is, what is wrong, and what to do about it."""

    file: str
    #: 0 where there are no lines, as in the environment.
    line: int
    says: str
    rule: str = "form"
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}:"
        return " ".join(f"{place}  {self.says}".splitlines())


class ConfigError(Exception):
    """Raised with every Problem that prevents a script from being used."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Document:
    """One file as plain values, with the line number of each, and its problems."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    #: Unquoted words that a comment follows, and their line: words may have been lost there.
    cut_short: dict[Path, int] = field(default_factory=dict)
    #: How a number was written. `0300123` is read as 300123, and messages must show what staff wrote.
    as_written: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: True if `data` does not have everything that was written.
    faulty: bool = False
    #: What this file does not have yet, and the shipped words or timings that stand in for it.
    stand_ins: dict[Path, Any] = field(default_factory=dict)
    #: The lines that YAML could not read.
    unread: str = ""
    #: YAML nodes with an anchor (&name) that were visited before.
    anchored: set[int] = field(default_factory=set)

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest thing around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def has_name(self, name: str) -> bool:
        """Whether something one level down has this name, or seems to be meant by it."""
        known = (path[1] for path in self.lines if len(path) == 2)
        return self.left_unread(name) or any(re.sub(r"\W", "_", str(other).lower()) == name for other in known)

    def left_unread(self, name: str | int) -> bool:
        """Whether this name may be in the part that could not be read."""
        return self.data is None or str(name) in re.findall(r"\w+", self.unread.replace("-", "_").lower())

    def know_as(self, path: Path, other: Path) -> None:
        """Copy what is known about a path to another path."""
        tables: tuple[dict[Path, Any], ...] = (self.lines, self.cut_short, self.as_written)
        for known in tables:
            for found in [found for found in known if found[: len(path)] == path]:
                known[(*other, *found[len(path) :])] = known[found]

    def problem(self, path: Path, says: str, **more: Any) -> Problem:
        return Problem(self.file, self.line(path), says, **more)


def read(text: str, file: str) -> Document:
    """Read one YAML text. Its mistakes are in the document's problems."""
    found = _read(text, file)
    return replace(
        found, data=_copied(found.data), lines={**found.lines}, cut_short={**found.cut_short},
        as_written={**found.as_written}, problems=[*found.problems], stand_ins={}, anchored={*found.anchored},
    )  # fmt: skip


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _read(text: str, file: str) -> Document:
    """Kept, since YAML is slow to read (the shipped line takes a quarter of a second), and most of the files of a
    publication, or of a draft that is looked at again, are as they were. Nobody may change what this returns."""
    document = Document(file)
    if refusal := _unreadable(text):
        document.problems.append(Problem(file, 1, refusal))
        return document
    document.problems += _lines_lost_in_silence(text, file)
    source = [*text.splitlines(), ""]  # so that a fault at the end of the file has a line
    root = _compose(document, source)
    if root is not None:
        document.data = _value(root, (), document, source)
    elif not document.unread:
        document.problems.append(Problem(file, 1, "This file is empty. Write it, or delete it."))
    return document


#: How many faults to look for in one file. If there are more, one of them was misunderstood.
_MOST_FAULTS = 10
#: In longer files, only the first fault is reported. To find more would take minutes.
_MOST_LINES = 3000


def _compose(document: Document, source: list[str]) -> Node | None:
    """Parse these lines. YAML stops at a fault, so the block around it is left out and YAML tries again.

    The lines that were left out are emptied in `source` and added to `unread`.
    """
    lost = {problem.line - 1 for problem in document.problems}
    for _ in range(_MOST_FAULTS):
        try:
            root: Node | None = YAML(typ="rt").compose("\n".join(source))
            return root
        except (MarkedYAMLError, ReaderError) as error:
            problem = _syntax_problem(error, document.file, source)
            block = _faulty_block(source, _fault_line(error), problem.line - 1, lost)
            if lost.isdisjoint(block):  # a line reported earlier explains it better
                document.problems.append(problem)
            document.unread = "\n".join([document.unread, *(source[number] for number in block)])
            document.faulty = True
            for number in block:
                source[number] = ""
    document.unread = "\n".join([document.unread, *source])
    return None


def _faulty_block(source: list[str], at: int, told: int, lost: set[int]) -> range:
    """The fewest lines to leave out so that YAML can continue; all lines, if nothing helps.

    Candidates are the line at the fault or above it, each with everything indented under it, and the blocks
    that contain those. If YAML then stops at the very next line, it was the wrong candidate.
    """
    if len(source) > _MOST_LINES:
        return range(len(source))
    ends = len(source)
    above = _written(source, range(at - 1, -1, -1))
    near = {told, at, *([] if above is None else [above]), *[n for n in sorted(lost) if n <= at and source[n]][-1:]}
    blocks = {_block(source, start) for number in near for start in _starts(source, number)}
    reached = {block: _next_fault(_without(source, block)) for block in blocks}

    def goes_on(block: range) -> bool:
        following = _written(source, range(block.stop, ends))
        return reached[block] > max(at, ends - 1 if following is None else following)

    if any(map(goes_on, blocks)):
        return min(filter(goes_on, blocks), key=lambda block: (lost.isdisjoint(block), told not in block, len(block)))
    best = max(blocks, key=lambda block: (reached[block], -len(block)))
    return best if reached[best] > at else range(ends)


def _starts(source: list[str], number: int) -> set[int]:
    """A line, and the lines above it that begin the field, the node or the part that contains it."""
    above = [[n for n in range(number + 1) if _begins(source[n], depth)][-2:] for depth in (2, 0)]
    return {number, *above[0], *above[1][-1:]}


def _block(source: list[str], start: int) -> range:
    """A line, and the lines below it that are indented more."""
    depth = len(source[start]) - len(source[start].lstrip())
    below = (n for n in range(start + 1, len(source)) if _begins(source[n], depth))
    return range(start, next(below, len(source)))


def _begins(line: str, depth: int) -> bool:
    """Whether this line has content that is indented by `depth` spaces at most."""
    return re.match(f" {{0,{depth}}}[^ #]", line) is not None


def _written(source: list[str], numbers: range) -> int | None:
    """The first of these lines that is neither empty nor a comment; None if there is none."""
    return next((n for n in numbers if source[n].strip() and not source[n].lstrip().startswith("#")), None)


def _without(source: list[str], numbers: range) -> list[str]:
    return ["" if number in numbers else line for number, line in enumerate(source)]


def _next_fault(source: list[str]) -> int:
    """The index of the line at which YAML finds a fault; the number of lines if it finds none."""
    try:
        YAML(typ="rt").compose("\n".join(source))
    except (MarkedYAMLError, ReaderError) as error:
        return _fault_line(error)
    return len(source)


def _fault_line(error: MarkedYAMLError | ReaderError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return int(mark.line) if mark else 0


# --- from YAML to values --------------------------------------------------------------------


def _unreadable(text: str) -> str | None:
    if len(text) > MOST_CHARACTERS:
        return "This file is too big to hold the line's words. Remove it from the folder."
    if "\0" in text:
        return "This is not a text file. Save it as plain text (UTF-8), or take it out of the folder."
    return None


#: Invisible characters, and spaces that YAML does not treat as such. They come from web pages and word processors.
_UNSEEN = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_NEW_LINE = re.compile(r"\r\n|\r|\n")


def _lines_lost_in_silence(text: str, file: str) -> Iterator[Problem]:
    """Lines that YAML would silently drop or misread."""
    for number, line in enumerate(_NEW_LINE.split(text), 1):
        start = line.lstrip()
        if unseen := _UNSEEN.search(line):
            says = f"There is an invisible character here (U+{ord(unseen[0]):04X}). Type this line again."
            yield Problem(file, number, says)
        if start.startswith(("#:", '"#":', "'#':")):
            yield Problem(file, number, "The hash key always means 'hear that again'. Take this line out.")
        elif start.startswith(("*:", '"*":', "'*':")):
            yield Problem(file, number, "The star key always means 'go back'. Take this line out.")
        elif start.startswith("%YAML"):
            yield Problem(file, number, "Take this line out. It makes YAML misread some words.")
        elif "\t" in line[: len(line) - len(start)]:
            yield Problem(file, number, "There is a tab at the start of this line. Use spaces.")


#: The tags that YAML gives to maps and lists without a tag of their own.
_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def _value(node: Node, path: Path, document: Document, source: list[str]) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if node.anchor:
        if id(node) in document.anchored:  # reported already; a node inside itself would never end
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
        if type(key) is not int:  # YAML may read a name as a date, nothing or 2.0; keep it as written
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


#: A comment right after unquoted words. (A `#` further on may be inside the quoted words of another value.)
_COMMENT = re.compile(r"\s+#")
#: The quotes of word processors. YAML treats them as letters.
_CURLY = ("\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "\u00ab")
_NOT_PLAIN = "These are not plain quotes, and would be read out with the words. Type plain ones instead."


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
        return day_of(text)
    if kind != "str":
        document.problems.append(_tagged(node, document))
    return text


def _wrong_quotes(text: str) -> str | None:
    """What is wrong with the quotes of words that YAML reads as unquoted; None if nothing is."""
    if text.startswith(_CURLY):
        return _NOT_PLAIN
    if re.match(r"[\w-]+:[\"']", text):
        return _NO_SPACE
    if text.endswith('"') and text.count('"') % 2:
        return "A quote is missing at the start of these words. Put it there."
    if re.sub('(?<=[0-9])"', "", text).count('"') % 2:  # after a number, it means inches
        return "A quote here has no partner. Remove it, or put all of the words in quotes."
    return None


def _tagged(node: Node, document: Document) -> Problem:
    kind = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    says = f"'{kind}' is not used here: a file cannot take in another. Write the words in this file."
    return Problem(document.file, node.start_mark.line + 1, says)


def _number(kind: str, text: str) -> int | float | str:
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:  # 0x1F, 1_000 and the like stay text, so that the field's own rule reports them
        return text


def day_of(text: str) -> datetime.date | str:
    """The date, if the text is one; otherwise the text."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return text


# --- Problems in plain words ----------------------------------------------------------------

_KEPT_SIGN = "These words begin with a sign that has a meaning in YAML. Put them in quotes."
_NO_COMMA = "A comma is missing here, or the words before it need quotes. Compare it with other lines."
_NEVER_CLOSED = "A quote opens here and is never closed. Close it."
_NOT_CLOSED = "A { or [ opens here and is not closed, or a comma is missing inside. Close it."
_NO_SPACE = "A space is missing after the colon. Write one."
_COLON_INSIDE = "There is a colon inside these words. Put the words in quotes."
_UNFIT = "This line does not fit under the one above. Check the spaces at the start of both."
_SYNTAX = {
    "mapping values are not allowed": _COLON_INSIDE,
    "found unexpected end of stream": _NEVER_CLOSED,
    "found unknown escape character": "There is a backslash in these words. Take it out.",
    "that cannot start any token": _KEPT_SIGN,
    "found another document": "There is a line of three dashes in the file. Take it out.",
    "found undefined alias": "A star begins these words. Put them in quotes.",
    "entries are not allowed here": _KEPT_SIGN,
    "mapping keys are not allowed": _KEPT_SIGN,
    "expected a comment or a line break": _KEPT_SIGN,
    "expected alphabetic or numeric": _KEPT_SIGN,
    "found '<stream end>'": _NOT_CLOSED,
    "got '<stream end>'": _NOT_CLOSED,
    "expected the node content": _KEPT_SIGN,
    "' or ']', but got": _NO_COMMA,
    "' or '}', but got ':'": _COLON_INSIDE,
    "' or '}', but got": _NO_COMMA,
    "expected <block end>": _UNFIT,
    "could not find expected ':'": "A colon is missing after a name here. Write one.",
    "special characters are not allowed": "There is a character here that cannot be read. Take it out.",
}


def _syntax_problem(error: MarkedYAMLError | ReaderError, file: str, source: list[str]) -> Problem:
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or error)
    otherwise = "YAML cannot make sense of this line. Compare it with the lines around it."
    says = next((says for sign, says in _SYNTAX.items() if sign in what), otherwise)
    if mark and opened and mark.line != opened.line and what.startswith(("expected ',' or", "found unexpected end")):
        mark = opened
        says = _NOT_CLOSED if what.startswith("expected") else says
    if mark and "expected <block end>" in what:
        says = _run_over(source, mark.line, mark.column) or says
    mark = mark or opened
    if mark and says == _COLON_INSIDE:
        says = _about_colon(source[mark.line], mark.column)
    if mark and (seen := next((told for sign, told in _SEEN if sign.search(source[mark.line])), None)):
        says = seen
    elif mark and (found := _line_above(source, mark.line)):
        return Problem(file, *found)
    if mark and (line := _left_open(source, mark.line)):
        return Problem(file, line, _NEVER_CLOSED)
    line = mark.line if mark else 0
    while line and not source[line].strip():  # an empty line at the end is not the fault
        line -= 1
    return Problem(file, line + 1, says)


#: Signs that explain any fault YAML finds on their line.
_SEEN = (
    (re.compile("\t"), "There is a tab on this line. Use spaces."),
    (
        re.compile("^ *[\u2013\u2014\u2022\u2212\u00b7].*"),
        "This line begins with a sign that is not a plain hyphen. Type - instead.",
    ),
    (re.compile(f"[:{{,] *[{''.join(_CURLY)}]|^ *- *[{''.join(_CURLY)}]"), _NOT_PLAIN),
)


def _about_colon(line: str, column: int) -> str:
    """What is wrong where YAML finds an unexpected colon."""
    before = line[:column]
    if re.fullmatch(r"""\s*(- +)?["']?[\w-]+["']?""", before):
        return _UNFIT
    if re.match(r"""\s*(- +)?[\w-]+:["'{\[]""", before):
        return _NO_SPACE
    if re.search(r":\s*[a-z0-9_]+\s+[a-z_]+$", before) and "{" in before:
        return _NO_COMMA
    return _COLON_INSIDE


#: What is wrong with a line of this shape, if YAML finds a fault on the line below it.
_SHAPES = (
    (_SEEN[1][0], _SEEN[1][1]),
    (re.compile(r'\s*[a-z]\w*(\s+".*)?\s*'), "A colon is missing after the name. Write one."),
    (re.compile(r'\s*"[^"]*"\s*'), "A dash is missing before these words, or a name and a colon. Write it."),
    (re.compile(r"\s*[a-z]\w*:[^\s/].*"), _NO_SPACE),
    (re.compile(r"\s*-[^\s-].*"), "A space is missing after the dash. Write one."),
)


def _line_above(source: list[str], fault: int) -> tuple[int, str] | None:
    """The number of the line above this index, and its mistake, if it has a common one that causes the fault."""
    above = _written(source, range(fault - 1, -1, -1))
    if above is None:
        return None
    says = next((says for shape, says in _SHAPES if shape.fullmatch(source[above])), None)
    is_to_blame = says and _next_fault(_without(source, range(above, above + 1))) != fault
    return (above + 1, says) if says and is_to_blame else None


def _left_open(source: list[str], fault: int) -> int | None:
    """The line of a quote that was never closed, if that explains the fault at this index.

    YAML then reads on to the next quote, some lines down. That one was meant to open other words, so words
    follow directly after it.
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
    """What to do about words that continue where YAML ends them; None if only the indentation is wrong."""
    before = source[line][:column].rstrip() if line < len(source) else ""
    if before.endswith(('"', "'")):
        return "The words continue after a closing quote. Inside the words, use the other kind of quotes, or none."
    if before.endswith(("}", "]")):
        return _KEPT_SIGN
    if not before and line and re.search(r"\s#", source[line - 1]) and not re.match(r"\s*(- |[\w-]+:)", source[line]):
        return "A # cuts the line above short, so it cannot continue here. Put all of the words in quotes."
    return None
