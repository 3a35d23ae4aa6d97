"""Finds where each name is defined and used in staff's files, and renames things.

Names are what staff choose: of nodes, texts, settings and switches. They are found by their characters in the files, so
that an edit changes those characters and no others: comments, order and spaces stay.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.reader import ReaderError

from ivr import places, spoken
from ivr.authoring import parsing, recorded
from ivr.authoring.drafts import LINE, MENUS, TEXTS
from ivr.authoring.parsing import Path
from ivr.line_settings import SERVICE
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, NEEDED_TEXTS, WORDS_MENU

NameKind = Literal["node", "text", "setting", "switch"]
#: The groups of settings in line.yaml that words can name in braces.
GROUPS = ("names", "phones", "emails", "links", "numbers", "paragraphs", "sentences")
#: Names that the line itself uses. Nothing else can have one of them, and they cannot be renamed or removed.
OF_THE_LINE = frozenset({GREETING, MAIN_MENU, END_MENU, HELP, WORDS_MENU, SERVICE, *NEEDED_TEXTS})
STORIES = "stories/"
#: Names at least this similar (0 to 1) may be one name and its misspelling.
SLIP = 0.8
#: Fields of a node that name another node.
LEADING = ("goto", "runs_on_to", "listed_in", "next_word")


@dataclass(frozen=True)
class Use:
    """A place where a name stands."""

    file: str
    path: Path
    what: NameKind
    name: str
    #: Its characters in the file, from and to.
    start: int
    end: int
    #: The number of its line, from 1.
    line: int
    #: Whether this defines the name. Otherwise it refers to something that is defined elsewhere.
    defines: bool = False

    @property
    def node(self) -> str:
        """The node that it stands in; empty outside nodes."""
        return str(self.path[1]) if self.path[:1] == ("nodes",) and len(self.path) > 1 else ""


@dataclass(frozen=True)
class Names:
    """Every name in a set of files."""

    uses: tuple[Use, ...]
    #: Files that YAML cannot read, so that nothing is known about them.
    unread: tuple[str, ...]

    def of(self, name: str) -> list[Use]:
        return [use for use in self.uses if use.name == name]

    def defined(self, name: str) -> list[Use]:
        return [use for use in self.of(name) if use.defines]

    def used(self, name: str, what: NameKind) -> list[Use]:
        """The uses of a name, without its definition."""
        return [use for use in self.of(name) if use.what == what and not use.defines]

    def known(self) -> set[str]:
        return {use.name for use in self.uses if use.defines}


def names_in(files: Mapping[str, str]) -> Names:
    """Every name in these files of config/: YAML files and stories, by their names in the folder."""
    found: list[Use] = []
    unread = []
    for file, text in sorted(files.items()):
        try:
            found += _in_file(file, text)
        except (MarkedYAMLError, ReaderError):
            unread.append(file)
    return Names(tuple(found), tuple(unread))


# --- finding them -------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _in_file(file: str, text: str) -> tuple[Use, ...]:
    """Cached, because YAML is slow to read. Raises what YAML raises."""
    return tuple((_in_story if file.startswith(STORIES) else _in_yaml)(file, text))


def _in_yaml(file: str, text: str) -> Iterator[Use]:
    root = YAML(typ="rt").compose(text)
    if isinstance(root, MappingNode):
        for path, node, is_key in _scalars(root, ()):
            yield from _of_key(file, path, node, text) if is_key else _of_value(file, path, node, text)


def _scalars(node: Node, path: Path) -> Iterator[tuple[Path, Node, bool]]:
    """Every key and every single value below a node, with its path, and whether it is a key."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            below = (*path, str(key.value))
            yield below, key, True
            yield from _scalars(value, below)
    elif isinstance(node, SequenceNode):
        for i, value in enumerate(node.value):
            yield from _scalars(value, (*path, i))
    else:
        yield path, node, False


def _of_key(file: str, path: Path, node: Node, text: str) -> Iterator[Use]:
    """What a key defines; or, in a waiver, the setting or text that the key refers to."""
    match path:
        case ("nodes", str(name)) if file.startswith(MENUS):
            yield _use(file, path, "node", name, node, text, defines=True)
        case ("texts", str(name)) if file == TEXTS:
            yield _use(file, path, "text", name, node, text, defines=True)
        case ("switches", str(name)) if file == LINE:
            yield _use(file, path, "switch", name, node, text, defines=True)
        case (str(group), str(name)) if file == LINE and group in GROUPS:
            yield _use(file, path, "setting", name, node, text, defines=True)
        case ("allow", str(place)) if "." in place:
            group, name = place.split(".")[:2]
            if (what := _WHAT_IN.get(group)) and file in (LINE, TEXTS):
                yield _use(file, path, what, name, node, text, after=len(group) + 1)


_WHAT_IN: dict[str, NameKind] = {"texts": "text", "switches": "switch", **dict.fromkeys(GROUPS, "setting")}


def _of_value(file: str, path: Path, node: Node, text: str) -> Iterator[Use]:
    """The names in a value: the value itself, or those that its words have in braces."""
    if what := _named_by(file, path):
        if isinstance(node.value, str) and node.value:
            yield _use(file, path, what, node.value, node, text)
    elif path and path[0] in ("nodes", "steps", "phrases", "texts", "notices") and "allow" not in path:
        start, end = node.start_mark.index, node.end_mark.index
        for blank in spoken.BLANK.finditer(text, start, end):
            yield Use(file, path, "setting", blank[1], blank.start(1), blank.end(1), _line_at(text, blank.start()))


def _named_by(file: str, path: Path) -> NameKind | None:
    """What the value at this path names; None if it is words or a plain setting."""
    if file == LINE:
        return "setting" if path[:2] == ("transfer", "numbers") or path[:1] == ("time_limits",) else None
    if path[:1] != ("nodes",) or len(path) < 3:
        return None
    if path[-1] in LEADING or path[2] == "words":
        return "node"
    if len(path) == 3:
        return {"text": "text", "only_if": "switch"}.get(str(path[2]))  # type: ignore[return-value]
    return None


def _use(
    file: str, path: Path, what: NameKind, name: str, node: Node, text: str, *, defines: bool = False, after: int = 0
) -> Use:
    start = text.find(name, node.start_mark.index + after, node.end_mark.index)
    start = start if start >= 0 else node.start_mark.index
    return Use(file, path, what, name, start, start + len(name), _line_at(text, start), defines)


def _line_at(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1


#: The lines of a story that name a text: what was sent, and what the caller has.
_TEXT_IN_STORY = re.compile(r"^(?:NOTED\s+text|GOT\s+a text:)\s+([a-z][a-z0-9_]*)", re.MULTILINE)


def _in_story(file: str, text: str) -> Iterator[Use]:
    for found in _TEXT_IN_STORY.finditer(text):
        line = _line_at(text, found.start())
        yield Use(file, (line,), "text", found[1], found.start(1), found.end(1), line)


# --- in words ----------------------------------------------------------------------------------

#: How a field of a node leads, in words.
_FIELDS = {
    "next": "leads there next", "runs_on_to": "goes on there by itself", "words": "explains it",
    "if_yes": "leads there after yes", "if_no": "leads there after no",
    "if_not_sure": "leads there after 'I am not sure'", "when_off": "leads there while it is switched off",
    "listed_in": "is listed in it", "next_word": "has it as the word after it", "text": "offers it",
    "only_if": "is there only while it is on",
}  # fmt: skip


def how_used(files: Mapping[str, str], use: Use) -> str:
    """How a name is used at a place, in words."""
    if use.file.startswith(STORIES):
        return "the story names it"
    if not use.node:
        return _how_outside_nodes(use)
    if use.what == "setting":
        return f"{use.node} says it"
    if use.path[2] == "choices":
        label = parsing.read(files[use.file], use.file).data["nodes"][use.node]["choices"].get(_key(use), {})
        return f"{use.node} leads there with key {use.path[3]} ({label.get('label', '')!r})"
    return f"{use.node} {_FIELDS.get(str(use.path[2]), 'names it')}"


def _how_outside_nodes(use: Use) -> str:
    match use.path:
        case ("transfer", *_):
            return "key 0 rings it"
        case ("time_limits", *_):
            return "it is a time limit"
        case ("allow", *_):
            return "a rule of the check is waived for it"
        case ("texts", name):
            return f"the text {name} has it"
        case (("steps" | "phrases"), *names):
            return f"the line's own words say it ({'.'.join(map(str, names))})"
    return "it is said there"


def _key(use: Use) -> int:
    return int(str(use.path[3])) if str(use.path[3]).isdigit() else 0


# --- another name -------------------------------------------------------------------------------


class CannotRename(Exception):
    """Raised with the reason, and what to do, in words."""


def renamed(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """The files with another name for what is called `old`, wherever it is named. Raises CannotRename."""
    names = names_in(files)
    _may_rename(names, old, new)
    (what,) = {use.what for use in names.defined(old)}
    after = edited(files, ((use, new) for use in names.of(old) if use.what == what))
    if what == "node" and recorded.FILE in after:
        after[recorded.FILE] = recorded.renamed(after[recorded.FILE], old, new)
    return after


def edited(files: Mapping[str, str], edits: Iterable[tuple[Use, str]]) -> dict[str, str]:
    """The files with other characters at these places."""
    after = dict(files)
    # From the end, so that the positions before an edit stay right.
    for use, new in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        text = after[use.file]
        after[use.file] = text[: use.start] + new + text[use.end :]
    return after


_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _may_rename(names: Names, old: str, new: str) -> None:
    if names.unread:
        raise CannotRename(
            f"{', '.join(names.unread)} cannot be read, and may name it too. Correct that first: ivr check"
        )
    if not names.defined(old):
        raise CannotRename(nobody_is_called(names, old))
    if old in OF_THE_LINE:
        raise CannotRename(f"'{old}' is a name that the line itself uses. It stays.")
    if len({use.what for use in names.defined(old)}) > 1 or len(names.defined(old)) > 1:
        there = ", ".join(f"config/{use.file}:{use.line}" for use in names.defined(old))
        raise CannotRename(f"Several things are called '{old}': {there}. Rename one of them in its file first.")
    if why := why_not_new(names, new):
        raise CannotRename(why)


def why_not_new(names: Names, new: str) -> str:
    """Why nothing can be given this name, and what to do; empty if something can."""
    if not _NAME.fullmatch(new):
        return f"'{new}' cannot be a name. Names are small letters, numbers and _, and begin with a letter."
    if new in places.STEPS or new in places.STEP_WORDS:
        return f"'{new}' is the name of a step of the line. Choose another."
    if there := names.defined(new):
        return f"'{new}' is taken: config/{there[0].file}:{there[0].line}. Choose another name."
    if named := names.of(new):
        return (
            f"'{new}' is named at config/{named[0].file}:{named[0].line}, where nothing has that name now. "
            "It would lead here. Correct that first, or choose another name."
        )
    return ""


def nobody_is_called(names: Names, name: str) -> str:
    """That nothing has this name, and the name that was probably meant."""
    near = difflib.get_close_matches(name, names.known(), 1)
    return f"Nothing is called '{name}'." + (f" Did you mean '{near[0]}'?" if near else "")


def meant(files: Mapping[str, str], name: str, what: NameKind, others: Iterable[str] = ()) -> str:
    """The question whether another name was meant, with a space before it; empty if none comes near.

    A similar name was probably meant if this one is used in one place only: then it is a misspelling. Otherwise
    somebody has probably renamed something and forgotten its uses: then the name that was meant has none.
    """
    names = names_in(files)
    defined = {use.name for use in names.uses if use.defines and use.what == what} - {name}
    slip = difflib.get_close_matches(name, [*defined, *others], 1, SLIP)
    if slip and len(names.used(name, what)) == 1:
        return f" Did you mean '{slip[0]}'?"
    named = {use.name for use in names.uses if not use.defines and use.what == what} | OF_THE_LINE
    lost = sorted(defined - named)
    if likely := difflib.get_close_matches(name, lost, 1, 0.4) or (lost if len(lost) == 1 else []):
        return f" Did you mean '{likely[0]}', which nothing names?"
    near = slip or difflib.get_close_matches(name, [*defined, *others], 1)
    return f" Did you mean '{near[0]}'?" if near else ""
