"""Edits staff's YAML for them. Only the changed part is rewritten, and every other character stays."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from ivr.authoring.parsing import Path

#: Blank lines and whole-line comments at the end of a list. They belong to what follows the list.
_AFTER_A_LIST = re.compile(r"(?:\s*\n[ \t]*#[^\n]*)*\s*\Z")


# --- what every edit needs ------------------------------------------------------------------------


def quoted(words: str) -> str:
    """Words as YAML on one line."""
    return json.dumps(words, ensure_ascii=False)


def flow(**fields: object) -> str:
    """A mapping as YAML on one line."""
    return "{" + ", ".join(f"{name}: {_in_flow(value)}" for name, value in fields.items()) + "}"


def _in_flow(value: object) -> str:
    if isinstance(value, dict):
        return flow(**value)
    return str(value) if isinstance(value, dt.date) else quoted(str(value))


def newline_of(text: str) -> str:
    """How the lines of a file end."""
    return "\r\n" if "\r\n" in text else "\n"


def node_at(text: str, path: Path) -> Node:
    """The YAML node at a path. Raises LookupError."""
    node: Node = YAML(typ="rt").compose(text)
    for step in path:
        node = entry(node, step)[1]
    return node


def entry(node: Node, step: str | int) -> tuple[Node, Node]:
    """The key and the value of an entry; of a list, its item twice. Raises LookupError."""
    if isinstance(node, SequenceNode):
        return node.value[int(step)], node.value[int(step)]
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if str(key.value) == str(step):
            return key, value
    raise LookupError(step)


def is_mapping(text: str, path: Path) -> bool:
    """Whether what stands at a path has fields of its own. Raises LookupError."""
    return isinstance(node_at(text, path), MappingNode)


def end_of(text: str, value: Node) -> int:
    """Where a value ends, without the blank lines and comments that follow it."""
    start, end = int(value.start_mark.index), int(value.end_mark.index)
    return start + len(_AFTER_A_LIST.sub("", text[start:end]).rstrip()) if end > start else end


# --- notices and alerts -----------------------------------------------------------------------------


def with_notice(line_yaml: str, words: str, begins: dt.date | str, ends: dt.date | str) -> str:
    """`line.yaml` with this notice, and no other. It must have been read without a Problem before."""
    return _with_notices(line_yaml, [f"  - words: {quoted(words)}", f"    begins: {begins}", f"    ends: {ends}"])


def without_notices(line_yaml: str) -> str:
    """`line.yaml` with no notice. It must have been read without a Problem before."""
    return _with_notices(line_yaml, [])


def without_alerts(line_yaml: str) -> str:
    """`line.yaml` without addresses for alerts. It must have been read without a Problem before."""
    key, value = _found(line_yaml, "alerts")
    if key is None or value is None:
        return line_yaml
    return f"{line_yaml[: key.start_mark.index]}alerts: {{}}\n{line_yaml[value.end_mark.index :]}"


def _with_notices(text: str, items: list[str]) -> str:
    """The text with these lines as its list of notices."""
    newline = newline_of(text)
    key, value = _found(text, "notices")
    if key is None or value is None:
        start, head, beside, after = len(text), "" if text.endswith("\n") else newline, "", newline
    else:
        start, head = key.start_mark.index, ""
        beside, after = _around(text, start, value)
    margin = " " * (key.start_mark.column if key else 0)
    new = [f"notices:{beside}", *(margin + item for item in items)] if items else [f"notices: []{beside}"]
    return text[:start] + head + newline.join(new) + after


def _found(text: str, name: str) -> tuple[Node, Node] | tuple[None, None]:
    """A top-level name and its value, as YAML nodes; (None, None) if it is missing."""
    root = YAML(typ="rt").compose(text)
    assert isinstance(root, MappingNode)
    return next(((key, value) for key, value in root.value if key.value == name), (None, None))


def _around(text: str, start: int, value: Node) -> tuple[str, str]:
    """The comment beside `notices`, and everything after the list."""
    old = text[start : value.end_mark.index]
    old = old[: _AFTER_A_LIST.search(old).start()]  # type: ignore[union-attr]
    after = text[start + len(old) :]
    first = old.splitlines()[0].removeprefix("notices:")
    if first.strip().startswith("#"):
        return first, after
    if "\n" in old:
        return "", after
    beside = re.match(r"[^\r\n]*", after)
    assert beside
    return beside[0], after[beside.end() :]


# --- what the service has confirmed -----------------------------------------------------------

#: The field that holds the value, in groups where a plain value is also allowed.
_VALUE_IN = {"phones": "number", "emails": "address", "links": "address"}


def with_confirmation(line_yaml: str, path: Path, who: str, on: dt.date, value: str) -> str:
    """`line.yaml` with who confirmed the setting at `path`, when, and which value.

    Comments and order are kept. The text must have been read without a Problem. Raises LookupError for an
    unknown path.
    """
    for field, written in (("confirmed_by", quoted(who)), ("confirmed_on", str(on)), ("confirmed_as", quoted(value))):
        line_yaml = _with_field(line_yaml, path, field, written)
    return line_yaml


def with_words_checked(line_yaml: str, who: str, on: dt.date, fingerprint: str) -> str:
    """`line.yaml` with who read all the words, when, and which. It must have been read without a Problem before."""
    newline = newline_of(line_yaml)
    fields = {
        "content_checked_by": quoted(who),
        "content_checked_on": str(on),
        "content_checked_as": quoted(fingerprint),
    }
    for name, written in fields.items():
        key, value = _found(line_yaml, name)
        if key is None or value is None:
            line_yaml = f"{line_yaml}{'' if line_yaml.endswith(newline) else newline}{name}: {written}{newline}"
        else:
            line_yaml = _with_value(line_yaml, key, value, written)
    return line_yaml


def _with_field(text: str, path: Path, field: str, value: str) -> str:
    setting = node_at(text, path)
    if not isinstance(setting, MappingNode):  # a plain value, which is kept as it is written
        start, end = setting.start_mark.index, setting.end_mark.index
        return f"{text[:start]}{{{_VALUE_IN[str(path[0])]}: {text[start:end]}, {field}: {value}}}{text[end:]}"
    for key, old in setting.value:
        if key.value == field:
            return _with_value(text, key, old, value)
    keys = [key for key, _ in setting.value]
    first = next((key for key in keys if key.value == "confirmed_by"), keys[0]).start_mark
    if setting.flow_style:
        return f"{text[: first.index]}{field}: {value}, {text[first.index :]}"
    newline = newline_of(text)
    return f"{text[: first.index]}{field}: {value}{newline}{' ' * first.column}{text[first.index :]}"


def _with_value(text: str, key: Node, old: Node, value: str) -> str:
    """The text with another value of a key. Nothing may stand there before, and nothing stays with an empty `value`."""
    colon = text.index(":", key.end_mark.index) + 1
    is_missing = old.value == "" and getattr(old, "style", "") is None  # in contrast to two quotes
    rest = text[colon if is_missing else _end_of_value(text, old) :]
    if is_missing and re.match(r"[ \t]*[,}]", rest):
        rest = rest.lstrip(" \t")
    return f"{text[:colon]}{' ' if value else ''}{value}{rest}"


# --- single values and lists --------------------------------------------------------------------


def with_value(text: str, path: Path, written: str) -> str:
    """The text with this YAML, on one line, as the single value at a path.

    A name that its mapping does not have yet is added at the end of it. Raises LookupError if there is no such mapping.
    """
    around = node_at(text, path[:-1])
    try:
        key, value = entry(around, path[-1])
    except LookupError:
        return _with_entry(text, around, f"{path[-1]}: {written}")
    if isinstance(around, SequenceNode):
        return text[: value.start_mark.index] + written + text[_end_of_value(text, value) :]
    return _with_value(text, key, value, written)


def _end_of_value(text: str, value: Node) -> int:
    """Where a single value ends. A block of lines ends with its last line, even if that looks like a comment."""
    start, end = int(value.start_mark.index), int(value.end_mark.index)
    return start + len(text[start:end].rstrip())


def _with_entry(text: str, around: Node, written: str) -> str:
    """The text with one more entry at the end of a mapping or list."""
    if not isinstance(around, MappingNode | SequenceNode) or not around.value:
        raise LookupError(written)
    last = around.value[-1][1] if isinstance(around, MappingNode) else around.value[-1]
    end = end_of(text, last)
    if around.flow_style:
        return f"{text[:end]}, {written}{text[end:]}"
    newline = newline_of(text)
    stop = text.find("\n", end)  # behind a comment on the same line
    stop = len(text) if stop < 0 else stop + 1 - len(newline)
    return f"{text[:stop]}{newline}{' ' * int(around.start_mark.column)}{written}{text[stop:]}"


def with_item(text: str, path: Path, fields: Mapping[str, str] | str) -> str:
    """The text with one more item at the end of the list at a path.

    `fields`: the item as YAML on one line; or its fields, each as YAML on one line. A list that is not there yet is
    added at the end of the file, or of the mapping that it belongs to. The comment beside the name of an empty list
    stays there.
    """
    in_line = fields if isinstance(fields, str) else "{" + ", ".join(f"{k}: {v}" for k, v in fields.items()) + "}"
    newline = newline_of(text)
    try:
        node = node_at(text, path)
    except LookupError:
        if len(path) > 1:
            return _with_list(text, path, in_line)
        head = "" if not text or text.endswith("\n") else newline
        return f"{text}{head}{path[-1]}:{newline}{_item(fields, '  ', newline)}{newline}"
    if isinstance(node, SequenceNode) and node.value:
        if node.flow_style:
            return _with_entry(text, node, in_line)
        return _with_entry(text, node, _item(fields, " " * int(node.start_mark.column), newline).lstrip())
    key, _ = entry(node_at(text, path[:-1]), path[-1])
    colon = text.index(":", key.end_mark.index) + 1
    end = _end_of_value(text, node) if node.end_mark.index > node.start_mark.index else colon
    if isinstance(fields, str):
        return f"{text[:colon]} [{in_line}]{text[end:]}"
    beside = re.match(r"[^\r\n]*", text[end:])
    assert beside
    stop, margin = end + beside.end(), " " * (int(key.start_mark.column) + 2)
    return f"{text[:colon]}{beside[0].rstrip()}{newline}{_item(fields, margin, newline)}{text[stop:]}"


def _with_list(text: str, path: Path, in_line: str) -> str:
    """The text with a new list of this one item. Its mapping may be missing too."""
    written = f"{path[-1]}: [{in_line}]"
    with contextlib.suppress(LookupError):
        around = node_at(text, path[:-1])
        if isinstance(around, MappingNode) and around.value:
            return _with_entry(text, around, written)
    return with_value(text, path[:-1], f"{{{written}}}")


def _item(fields: Mapping[str, str] | str, margin: str, newline: str) -> str:
    """An item of a list in YAML, on lines of its own."""
    if isinstance(fields, str):
        return f"{margin}- {fields}"
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return newline.join(f"{margin}{'  ' if i else '- '}{line}" for i, line in enumerate(lines))


def without(text: str, path: Path) -> str:
    """The text without the entry at a path, and without the comments directly above it. Raises LookupError."""
    around = node_at(text, path[:-1])
    key, value = entry(around, path[-1])
    if getattr(around, "flow_style", False):
        return _cut_in_line(text, around, key, value)
    return _cut_lines(text, key, value)


def without_item(text: str, path: Path) -> str:
    """The text without an item of a list. A list without any is written as an empty one. Raises LookupError."""
    items = node_at(text, path[:-1])
    if len(items.value) > 1 or getattr(items, "flow_style", False):
        return without(text, path)
    key, _ = entry(node_at(text, path[:-2]), path[-2])
    colon = text.index(":", key.end_mark.index) + 1
    text = _cut_lines(text, items.value[0], items.value[0])
    return f"{text[:colon]} []{text[colon:]}"


def _cut_in_line(text: str, around: Node, key: Node, value: Node) -> str:
    start, end = int(key.start_mark.index), int(value.end_mark.index)
    behind = re.match(r"\s*,\s*", text[end : around.end_mark.index])
    if behind:
        return text[:start] + text[end + behind.end() :]
    before = re.search(r"\s*,\s*$", text[:start])
    return text[: before.start() if before else start] + text[end:]


def _cut_lines(text: str, key: Node, value: Node) -> str:
    """The text without the lines of an entry, and without the comments directly above it."""
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = text.find("\n", end_of(text, value))
    end = len(text) if end < 0 else end + 1
    while (above := re.search(r"(?:^|(?<=\n))[ \t]*#[^\n]*\n$", text[:start])) and above.start() > 0:
        start = above.start()
    blank = re.search(r"(?<=\n)\r?\n$", text[:start])
    if blank and (end == len(text) or re.match(r"\r?\n", text[end:])):  # one of two blank lines
        start = blank.start()
    return text[:start] + text[end:]


# --- the lines of another language ------------------------------------------------------------------


def with_lines(text: str, changes: Mapping[str, Mapping[str, str | None]]) -> str:
    """A language's file with these changes of some of its lines. Comments, order and all other characters are kept.

    `changes`: for each line, by its name, the fields to write, each as YAML on one line; None removes a field. The text
    must have been read without a Problem before.
    """
    newline = newline_of(text)
    known = _lines_of(text)
    edits = [
        edit for name, fields in changes.items() if name in known for edit in _edits(text, known[name], fields, newline)
    ]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    for name, fields in changes.items():
        if name not in known:
            text = _with_new_line(text, name, fields, newline)
    return text


def _lines_of(text: str) -> dict[str, MappingNode]:
    _, lines = _found(text, "lines")
    return {key.value: value for key, value in lines.value} if isinstance(lines, MappingNode) else {}


def _edits(
    text: str, line: MappingNode, fields: Mapping[str, str | None], newline: str
) -> Iterator[tuple[int, int, str]]:
    """The edits that change these fields of a line: each replaces the text from start to end."""
    known = {key.value: (key, old) for key, old in line.value}
    stay = [old for key, old in line.value if fields.get(key.value, "") is not None]
    margin = " " * line.value[0][0].start_mark.column
    added = [f"{newline}{margin}{name}: {value}" for name, value in fields.items() if value and name not in known]
    if added:
        end = end_of(text, stay[-1])
        yield end, end, "".join(added)
    for name, value in fields.items():
        if name not in known:
            continue
        key, old = known[name]
        start, end = int(key.start_mark.index), end_of(text, old)
        if value is None:
            yield text.rindex("\n", 0, start) + 1, (text.find("\n", end) + 1) or len(text), ""
        else:
            yield start, end, f"{name}: {value}"


def _with_new_line(text: str, name: str, fields: Mapping[str, str | None], newline: str) -> str:
    _, lines = _found(text, "lines")
    block = newline.join([f"  {name}:", *(f"    {field}: {value}" for field, value in fields.items() if value)])
    if lines is None or not isinstance(lines, MappingNode) or not lines.value:
        key, old = _found(text, "lines")
        start = end = len(text)
        if key and old:
            start, end = key.start_mark.index, text.index(":", key.end_mark.index) + 1
            end = old.end_mark.index if isinstance(old, MappingNode) else end
        head = "" if not text[:start] or text[:start].endswith(newline) else newline
        return f"{text[:start]}{head}lines:{newline}{block}{newline}{text[end:].lstrip()}"
    end = end_of(text, lines.value[-1][1])
    return f"{text[:end]}{newline}{block}{text[end:]}"
