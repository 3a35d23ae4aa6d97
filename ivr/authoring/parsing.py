"""Parses the text of staff's YAML into plain values with their places in the file, and reports every Problem at once.

No file is opened here. Values follow YAML 1.2, so `off`, `no` and `17:30` stay text. Common mistakes that YAML accepts
silently are rejected, with a message that says what to do: a key given twice, digits that would lose their zero, words
cut off by a `#`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode
from ruamel.yaml.reader import ReaderError

from ivr import border
from ivr.authoring import conflict_marks, syntax
from ivr.problems import Kind, Problem, Where, kind

Path = tuple[str | int, ...]

#: Far above the size of any of the line's files. A larger one was saved here by mistake.
MOST_CHARACTERS = 1_000_000

_EMPTY = kind("empty-file", "This file is empty.", "Write it, or delete it.")
TOO_BIG = kind("file-too-big", "This file is too big to be one of the line's.", "Remove it from the folder.")
NOT_TEXT = kind("not-a-text-file", "This is not a text file.", "Save it as plain text (UTF-8), or remove it.")
_INVISIBLE = kind(
    "invisible-character", "There is an invisible character here (U+{number:04X}).", "Type this line again."
)
_HASH_KEY = kind("hash-key", "The hash key always means 'hear that again'.", "Remove this line.")
_STAR_KEY = kind("star-key", "The star key always means 'go back'.", "Remove this line.")
_YAML_LINE = kind("yaml-directive", "This line makes YAML misread some words.", "Remove it.")
_TAB_BEFORE = kind("tab-at-start", "There is a tab at the start of this line.", "Use spaces.")
_ANCHOR = kind("anchor", "'&{name}' is not used here.", "Write the words out again where you need them.")
_TAG = kind("tag", "'{tag}' is not used here: a file cannot take in another.", "Write the words in this file.")
_NO_NAME = kind("missing-name", "A name is missing before the colon.", "Write one.")
_KEY_TWICE = kind("key-twice", "Two choices use key {key} (the first is on line {first}).", "Give one another key.")
_NAME_TWICE = kind("name-twice", "'{name}' is here twice (the first is on line {first}).", "Keep one of them.")
_NO_FIRST_QUOTE = kind("missing-first-quote", "A quote is missing at the start of these words.", "Put it there.")
_LONE_QUOTE = kind("lone-quote", "A quote here has no partner.", "Remove it, or put all the words in quotes.")


class Mark(NamedTuple):
    """Where something begins, from 1."""

    line: int
    column: int


def value_at(data: Any, path: Path) -> Any:
    """The value at a path of what YAML read; None if there is none."""
    for step in path:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return None
    return data


@dataclass
class Document:
    """One file as plain values, with the place of each, and its problems."""

    file: str
    data: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    #: The lines as written.
    written: tuple[str, ...] = ()
    #: Lines of unquoted text before a comment: words may have been lost there.
    cut_short: dict[Path, int] = field(default_factory=dict)
    #: Numbers as written. `0300123` is read as 300123, but messages must show what staff wrote.
    as_written: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: True if `data` lacks something that was written.
    faulty: bool = False
    #: Shipped words and timings that stand in for what this file does not have yet.
    stand_ins: dict[Path, Any] = field(default_factory=dict)
    #: The lines that YAML could not read.
    unread: str = ""
    #: YAML nodes with an anchor (&name) that were visited before.
    anchored: set[int] = field(default_factory=set)

    def where(self, path: Path, word: str = "") -> Where:
        """The place of a value, or of the innermost enclosing value that has one; or of this word in the value."""
        while path and path not in self.marks:
            path = path[:-1]
        if path not in self.marks:
            return Where(self.file)
        mark = self.marks[path]
        return self.at_line(*(self._found(path, mark, word) or mark) if word else mark)

    def at_line(self, line: int, column: int = 0) -> Where:
        """The place of a line; without a column, that of its first character that is not a space."""
        written = self.written[line - 1] if line <= len(self.written) else ""
        return Where(self.file, line, column or len(written) - len(written.lstrip()) + 1, written)

    def _found(self, path: Path, mark: Mark, word: str) -> Mark | None:
        """Where a word is in the lines of a value; None if it is not there as such."""
        after = (m.line for other, m in self.marks.items() if m.line > mark.line and other[: len(path)] != path)
        for number in range(mark.line, min(after, default=len(self.written) + 1)):
            at = self.written[number - 1].find(word, mark.column - 1 if number == mark.line else 0)
            if at >= 0:
                return Mark(number, at + 1)
        return None

    def has_name(self, name: str) -> bool:
        """Whether an entry one level down has this name, or a similar one."""
        known = (path[1] for path in self.marks if len(path) == 2)
        return self.left_unread(name) or any(re.sub(r"\W", "_", str(other).lower()) == name for other in known)

    def left_unread(self, name: str | int) -> bool:
        """Whether this name may be in the part that could not be read."""
        return self.data is None or str(name) in re.findall(r"\w+", self.unread.replace("-", "_").lower())

    def know_as(self, path: Path, other: Path) -> None:
        """Copy what is known about a path to another path."""
        tables: tuple[dict[Path, Any], ...] = (self.marks, self.cut_short, self.as_written)
        for known in tables:
            for found in [found for found in known if found[: len(path)] == path]:
                known[(*other, *found[len(path) :])] = known[found]

    def report(self, problem: Problem, path: Path) -> None:
        """Add a problem with the value at this path."""
        self.problems.append(problem.at(self.where(path)))


def read(text: str, file: str) -> Document:
    """Read one YAML text. Its mistakes are in the document's problems. Accents are read in one Unicode form."""
    found = _read(border.spelled(text), file)
    return replace(
        found, data=_copied(found.data), marks={**found.marks}, cut_short={**found.cut_short},
        as_written={**found.as_written}, problems=[*found.problems], stand_ins={}, anchored={*found.anchored},
    )  # fmt: skip


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _read(text: str, file: str) -> Document:
    """Cached, because YAML is slow to read (a quarter of a second for the shipped files), and most files of a
    publication or draft have not changed.

    The result must not be modified.
    """
    document = Document(file, written=tuple(_NEW_LINE.split(text)))
    if refusal := _unreadable(text):
        document.problems.append(refusal.at(Where(file)))
        return document
    document.problems += _lines_lost_in_silence(document)
    lines, undecided = conflict_marks.first_version(text.splitlines())
    document.problems += [problem.at(document.at_line(number)) for number, problem in undecided]
    document.faulty = bool(undecided)
    source = [*lines, ""]  # so that an error at the end of the file has a line
    root = _compose(document, source)
    if root is not None:
        document.data = _value(root, (), document, source)
    elif not document.unread:
        document.problems.append(_EMPTY().at(Where(file)))
    return document


#: The most faults to look for in one file. If there are more, one of them was misread.
_MOST_FAULTS = 10


def _compose(document: Document, source: list[str]) -> Node | None:
    """Parse these lines. YAML stops at a fault, so the block around it is left out and YAML tries again.

    The lines that were left out are emptied in `source` and added to `unread`.
    """
    lost = {problem.where.line - 1 for problem in document.problems}  # lines with a problem that is reported already
    for _ in range(_MOST_FAULTS):
        try:
            root: Node | None = YAML(typ="rt").compose("\n".join(source))
            return root
        except (MarkedYAMLError, ReaderError) as error:
            line, wrong = syntax.fault(error, source)
            block = syntax.faulty_block(source, syntax.fault_line(error), line - 1, lost)
            if lost.isdisjoint(block):  # a line reported earlier explains it better
                document.problems.append(wrong().at(document.at_line(line)))
            document.unread = "\n".join([document.unread, *(source[number] for number in block)])
            document.faulty = True
            for number in block:
                source[number] = ""
    document.unread = "\n".join([document.unread, *source])
    return None


# --- from YAML to values --------------------------------------------------------------------


def _unreadable(text: str) -> Problem | None:
    if len(text) > MOST_CHARACTERS:
        return TOO_BIG()
    return NOT_TEXT() if "\0" in text else None


#: Invisible characters, and spaces that YAML does not treat as such. They come from web pages and word processors.
_UNSEEN = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_NEW_LINE = re.compile(r"\r\n|\r|\n")


def _lines_lost_in_silence(document: Document) -> Iterator[Problem]:
    """Lines that YAML would silently drop or misread."""
    for number, line in enumerate(document.written, 1):
        start = line.lstrip()
        if unseen := _UNSEEN.search(line):
            yield _INVISIBLE(number=ord(unseen[0])).at(document.at_line(number, unseen.start() + 1))
        if start.startswith(("#:", '"#":', "'#':")):
            yield _HASH_KEY().at(document.at_line(number))
        elif start.startswith(("*:", '"*":', "'*':")):
            yield _STAR_KEY().at(document.at_line(number))
        elif start.startswith("%YAML"):
            yield _YAML_LINE().at(document.at_line(number))
        elif "\t" in line[: len(line) - len(start)]:
            yield _TAB_BEFORE().at(document.at_line(number, line.index("\t") + 1))


#: The tags that YAML gives to maps and lists without a tag of their own.
_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def _value(node: Node, path: Path, document: Document, source: list[str]) -> Any:
    document.marks.setdefault(path, _begins(node))
    if node.anchor:
        if id(node) in document.anchored:  # reported already; a node inside itself would never end
            return None
        document.anchored.add(id(node))
        document.report(_ANCHOR(name=node.anchor), path)
    if isinstance(node, CollectionNode) and str(node.tag) not in _PLAIN_TAGS:
        _report_tag(node, document)
    if isinstance(node, MappingNode):
        return _mapping(node, path, document, source)
    if isinstance(node, SequenceNode):
        return [_value(item, (*path, i), document, source) for i, item in enumerate(node.value)]
    return _scalar(node, path, document, source)


def _mapping(node: MappingNode, path: Path, document: Document, source: list[str]) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    first_line: dict[str, int] = {}
    for key_node, value_node in node.value:
        mark = _begins(key_node)
        if not isinstance(key_node.value, str):
            document.problems.append(_NO_NAME().at(document.at_line(*mark)))
            continue
        key = _scalar(key_node, (*path, key_node.value), document, source)
        if type(key) is not int:  # YAML may read a name as a date, nothing or 2.0; keep it as written
            key = key_node.value
        where = (*path, key)
        document.marks[where] = mark
        if str(key) in first_line:
            document.report(_repeated(path, str(key), first_line), where)
            document.faulty = True
            for name, _ in value_node.value if isinstance(value_node, MappingNode) else ():
                if isinstance(name.value, str):
                    document.marks.setdefault((*where, name.value), mark)
            continue
        first_line[str(key)] = mark.line
        values[key] = _value(value_node, where, document, source)
    return values


def _begins(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _repeated(path: Path, key: str, first_line: dict[str, int]) -> Problem:
    if path and path[-1] == "choices":
        return _KEY_TWICE(key=key, first=first_line[key])
    return _NAME_TWICE(name=key, first=first_line[key])


#: A comment right after unquoted words. (A `#` further on may be inside the quoted words of another value.)
_COMMENT = re.compile(r"\s+#")


def _scalar(node: Node, path: Path, document: Document, source: list[str]) -> Any:
    text: str = node.value
    if getattr(node, "style", "") == ">":  # the library marks each line that it folded
        text = text.replace("\a", "")
    if getattr(node, "style", "") is None and (wrong := _wrong_quotes(text)):
        document.problems.append(wrong().at(document.at_line(*_begins(node))))
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
        _report_tag(node, document)
    return text


def _wrong_quotes(text: str) -> Kind | None:
    """What is wrong with the quotes of words that YAML reads as unquoted; None if nothing is."""
    if text.startswith(syntax.CURLY):
        return syntax.NOT_PLAIN
    if re.match(r"[\w-]+:[\"']", text):
        return syntax.NO_SPACE
    if text.endswith('"') and text.count('"') % 2:
        return _NO_FIRST_QUOTE
    if re.sub('(?<=[0-9])"', "", text).count('"') % 2:  # after a number, it means inches
        return _LONE_QUOTE
    return None


def _report_tag(node: Node, document: Document) -> None:
    tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    document.problems.append(_TAG(tag=tag).at(document.at_line(*_begins(node))))


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
