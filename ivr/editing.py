"""Edits staff's YAML for them. Only the changed part is rewritten, and every other character stays."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from ivr.reading import Path

#: Blank lines and whole-line comments at the end of a list. They belong to what follows the list.
_AFTER_A_LIST = re.compile(r"(?:\s*\n[ \t]*#[^\n]*)*\s*\Z")


# --- what every edit needs ------------------------------------------------------------------------


def quoted(words: str) -> str:
    """Words as YAML on one line."""
    return json.dumps(words, ensure_ascii=False)


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
    """Replace the value of a key, which may be empty."""
    colon = text.index(":", key.end_mark.index) + 1
    end = max(colon, old.end_mark.index) if old.value else colon
    rest = text[end:]
    if not old.value and re.match(r"[ \t]*[,}]", rest):
        rest = rest.lstrip(" \t")
    return f"{text[:colon]} {value}{rest}"


# --- the lines of another language ------------------------------------------------------------------


def with_lines(text: str, changes: Mapping[str, Mapping[str, str | None]]) -> str:
    """A language's file with these fields of some of its lines. Comments, order and all other characters are kept.

    `changes`: by the name of the line, and then of the field, its YAML on one line; None takes it out. The text must
    have been read without a Problem before.
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
    """What replaces which characters, to change these fields of a line."""
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
