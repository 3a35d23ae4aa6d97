"""Adds a piece of guidance to staff's files, or removes one: which characters change, or why nothing can.

Whether the result is right is for the check to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode

from ivr.authoring import editing, naming, parsing
from ivr.authoring.drafts import MENUS, TEXTS
from ivr.authoring.editing import end_of, node_at
from ivr.authoring.naming import OF_THE_LINE, Names, Use
from ivr.authoring.parsing import Path
from ivr.check.structure import CHANGE, MOST_CHOICES
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, WORDS_MENU


class CannotChange(Exception):
    """Raised if a piece of guidance cannot be added or removed, with the reason and the next step in words."""


@dataclass(frozen=True)
class NewTopic:
    """What staff say of a new piece of guidance."""

    name: str
    #: What leads to it, a menu or a reading, and the words of the choice there, without its key.
    under: str
    label: str
    parts: tuple[str, ...]
    closing: str
    #: The text message about it.
    text: str
    #: As in a node: "", "true" or "today".
    urgent: str = ""
    #: In a menu that is full: the key whose choice gets a menu of its own together with this; and that choice's words.
    beside: int = 0
    together: str = ""

    @property
    def menu_name(self) -> str:
        return f"{self.name}_menu"

    @property
    def text_name(self) -> str:
        return f"text_{self.name}"


def with_room(files: Mapping[str, str]) -> list[str]:
    """The names of nodes that can lead to something more: menus with room, and readings that nothing follows."""
    return [name for _, name, node in _nodes(files) if not _why_full(name, node)]


def why_not_under(files: Mapping[str, str], name: str, beside: int = 0) -> str:
    """Why nothing can be added here, and what to do; empty if something can."""
    node = next((node for _, there, node in _nodes(files) if there == name), None)
    if node is None or node.get("kind") not in ("menu", "reading"):
        return f"'{name}' is not a menu or a reading. These can lead to something more: {', '.join(with_room(files))}."
    if beside:
        goto = _choices(node).get(beside, {}).get("goto")
        return "" if goto and goto != CHANGE else f"'{name}' has no choice on key {beside} that can share a menu."
    return _why_full(name, node)


def _why_full(name: str, node: Mapping[str, object]) -> str:
    """Why nothing can follow here; empty if something can."""
    if node.get("kind") == "reading":
        follows = node.get("next") or node.get("runs_on_to")
        return (
            f"After '{name}' something else follows already: see `ivr where {name}`."
            if follows or name == GREETING
            else ""
        )
    choices = _choices(node)
    if node.get("kind") != "menu" or name in (HELP, END_MENU, WORDS_MENU):
        return f"'{name}' is the line's own."
    if name == MAIN_MENU or len(choices) >= MOST_CHOICES:
        held = "; ".join(f"{key}: {choice.get('label')}" for key, choice in sorted(choices.items()))
        return (
            f"'{name}' has {len(choices)} choices, and callers cannot keep more in mind ({held}). Give one of them a "
            "menu of its own together with the new one: --beside KEY --together 'To ask about both'"
        )
    return ""


def _nodes(files: Mapping[str, str]) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    for file, text in sorted(files.items()):
        data = parsing.read(text, file).data if file.startswith(MENUS) else None
        nodes = data.get("nodes") if isinstance(data, dict) else None
        yield from ((file, name, node) for name, node in (nodes or {}).items() if isinstance(node, dict))


def _choices(menu: Mapping[str, object]) -> Mapping[int, Mapping[str, str]]:
    found = menu.get("choices")
    return found if isinstance(found, dict) else {}


# --- adding -------------------------------------------------------------------------------------


def with_topic(files: Mapping[str, str], topic: NewTopic) -> dict[str, str]:
    """The files with a reading, its text message, and a choice that leads there. Raises CannotChange."""
    names = _readable(files)
    for name in (topic.name, topic.text_name, *([topic.menu_name] if topic.beside else [])):
        if why := naming.why_not_new(names, name):
            raise CannotChange(why)
    if why := why_not_under(files, topic.under, topic.beside):
        raise CannotChange(why)
    file, node = next((file, node) for file, name, node in _nodes(files) if name == topic.under)
    after = dict(files)
    if topic.beside:
        after[file] = _with_menu_between(files[file], topic)
    elif node.get("kind") == "menu":
        after[file] = _with_choice(files[file], topic)
    else:
        after[file] = _at_end_of(files[file], ("nodes", topic.under), [f"next: {_choice(topic.label, topic.name)}"])
    after[file] = _at_end_of(after[file], ("nodes",), _node(topic))
    after[TEXTS] = _at_end_of(files[TEXTS], ("texts",), [f"{topic.text_name}: {_quoted(topic.text)}"])
    return after


def _node(topic: NewTopic) -> list[str]:
    """The node in YAML, without the indentation of `nodes`."""
    return [
        "",
        f"{topic.name}:",
        "  kind: reading",
        "  parts:",
        *(f"    - {_quoted(part)}" for part in topic.parts),
        f"  closing: {_quoted(topic.closing)}",
        "  person_hint: last part",
        f"  text: {topic.text_name}",
        *([f"  urgent: {topic.urgent}"] if topic.urgent else []),
    ]


def _quoted(words: str) -> str:
    return editing.quoted(" ".join(words.split()))


def _with_choice(text: str, topic: NewTopic) -> str:
    choices = node_at(text, ("nodes", topic.under, "choices"))
    assert isinstance(choices, MappingNode)
    key = max(int(str(name.value)) for name, _ in choices.value) + 1
    return _at_end_of(text, ("nodes", topic.under, "choices"), [f"{key}: {_choice(topic.label, topic.name)}"])


def _choice(label: str, goto: str) -> str:
    return f"{{label: {_quoted(label)}, goto: {goto}}}"


def _with_menu_between(text: str, topic: NewTopic) -> str:
    """The text with a menu between: a choice now leads to the menu, which leads to its old target and to the topic."""
    there = node_at(text, ("nodes", topic.under, "choices", topic.beside))
    start, end = int(there.start_mark.index), end_of(text, there)
    was = parsing.read(text, "").data["nodes"][topic.under]["choices"][topic.beside]
    if not getattr(there, "flow_style", False):
        raise CannotChange(
            f"The choice on key {topic.beside} is not written on one line, in braces. Write it like that."
        )
    text = text[:start] + _choice(topic.together, topic.menu_name) + text[end:]
    menu = [
        "",
        f"{topic.menu_name}:",
        "  kind: menu",
        '  say: "What is it about?"',
        "  choices:",
        f"    1: {_choice(was['label'], was['goto'])}",
        f"    2: {_choice(topic.label, topic.name)}",
    ]
    return _at_end_of(text, ("nodes",), menu)


def _at_end_of(text: str, path: Path, lines: Iterable[str]) -> str:
    """The text with these lines at the end of the block at this path."""
    block = node_at(text, path)
    if not isinstance(block, MappingNode) or block.flow_style:
        raise CannotChange(f"'{path[-1]}' is not written on lines of its own, so nothing can be added there by itself.")
    newline = editing.newline_of(text)
    margin = " " * int(block.start_mark.column)
    end = end_of(text, block.value[-1][1])
    stop = text.find("\n", end)  # behind a comment on the same line
    stop = len(text) if stop < 0 else stop + 1 - len(newline)
    new = "".join(newline + (margin + line if line else "") for line in lines)
    return text[:stop] + new + text[stop:]


def _readable(files: Mapping[str, str]) -> Names:
    names = naming.names_in(files)
    if names.unread:
        raise CannotChange(f"{', '.join(names.unread)} cannot be read. Correct that first: ivr check")
    return names


# --- removing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Removal:
    """What is taken out with a node."""

    files: dict[str, str]
    #: Where it was named.
    led: tuple[Use, ...]
    #: The texts that nothing else offers, which go with it.
    texts: tuple[str, ...]


def without(files: Mapping[str, str], name: str, instead: str = "") -> Removal:
    """The files without a node and what leads there; or, with `instead`, leading there. Raises CannotChange."""
    names = _readable(files)
    defined = [use for use in names.defined(name) if use.what == "node"]
    _may_remove(names, name, instead, defined)
    led = [use for use in names.used(name, "node") if use.node != name]
    kept = {**files}
    if instead:
        kept = naming.edited(kept, ((use, instead) for use in led if not _only_lists(use)))
        led_out = [use for use in led if _only_lists(use)]
    else:
        led_out = led
        if fixed := next((use for use in led if _is_needed(use)), None):
            raise CannotChange(
                f"config/{fixed.file}:{fixed.line} ({fixed.node}, '{fixed.path[2]}') must lead somewhere. "
                f"Say where instead: ivr remove {name} --instead NODE"
            )
    for file in {use.file for use in led_out}:
        gone = [_whole(use) for use in led_out if use.file == file]
        kept[file] = _cut(kept[file], gone)
    texts = _texts_left_over(names, name)
    kept[defined[0].file] = _cut(kept[defined[0].file], [defined[0].path])
    kept[TEXTS] = _cut(kept[TEXTS], [("texts", text) for text in texts])
    return Removal(kept, tuple(led), tuple(texts))


def _may_remove(names: Names, name: str, instead: str, defined: list[Use]) -> None:
    if not defined:
        raise CannotChange(naming.nobody_is_called(names, name))
    if name in OF_THE_LINE:
        raise CannotChange(f"The line itself leads to '{name}', so it cannot be removed.")
    if len(defined) > 1:
        raise CannotChange(f"Two nodes are called '{name}'. Rename one of them in its file first.")
    if instead and (instead == name or not any(use.what == "node" for use in names.defined(instead))):
        raise CannotChange(f"--instead: {naming.nobody_is_called(names, instead)}")


def _only_lists(use: Use) -> bool:
    """Whether a use is in a list of words, or is the next word. No other node can take its place there."""
    return "words" in use.path[2:3] or use.path[-1] == "next_word"


def _is_needed(use: Use) -> bool:
    """Whether the node that it stands in must have it."""
    return str(use.path[2]) in ("if_yes", "if_no", "if_not_sure", "when_off", "listed_in")


def _whole(use: Use) -> Path:
    """The path of what is taken out with a name: its choice, or its entry."""
    if use.path[2] == "choices":
        return use.path[:4]
    return use.path[:3] if use.path[2] == "next" else use.path


def _texts_left_over(names: Names, name: str) -> list[str]:
    mine = {use.name for use in names.uses if use.what == "text" and use.node == name} - OF_THE_LINE
    return sorted(text for text in mine if all(use.node == name for use in names.used(text, "text")))


def _cut(text: str, paths: Iterable[Path]) -> str:
    """The text without the entries at these paths. The choices of a menu that come after one move up by a key."""
    for path in sorted(paths, key=_in_order, reverse=True):
        if len(node_at(text, path[:-1]).value) == 1 and len(path) > 2:
            text = _cut(text, [path[:-1]])  # an empty list or menu is a mistake
            continue
        text = editing.without(text, path)
        if len(path) == 4 and path[2] == "choices":
            text = _moved_up(text, path[:3], int(str(path[3])))
    return text


def _in_order(path: Path) -> tuple[str, ...]:
    return tuple(str(step).zfill(4) for step in path)


def _moved_up(text: str, path: Path, gone: int) -> str:
    """The text with the keys after one that is gone each one lower."""
    choices = node_at(text, path)
    assert isinstance(choices, MappingNode)
    for key, _ in reversed(choices.value):
        if int(str(key.value)) > gone:
            start, end = int(key.start_mark.index), int(key.end_mark.index)
            text = f"{text[:start]}{int(str(key.value)) - 1}{text[end:]}"
    return text
