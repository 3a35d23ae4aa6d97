"""The schema of a file in `config/menus/`: nodes, and the words of the built-in steps."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field, create_model

from ivr import places
from ivr.authoring.authored import LEFT_OUT, Authored, File, Name, Node, Words, spare_by_name
from ivr.authoring.parsing import Path
from ivr.script.lines import Line

#: Words that earlier versions said, by step. Files may still have them, but nobody hears them.
RETIRED = {"ring_back": ("change",)}
#: Words of 1.0, 1.1 and 1.2 that are refused now, by step; an empty tuple means the whole step. `ivr upgrade` removes
#: them.
GONE: Mapping[str, tuple[str, ...]] = {
    "no_key_3": (), "ring_urgent": ("noted",), "ring_done": ("urgent", "stay"), "ring_needs": ("noted",),
    "ring_message": ("if_not_sure",), "ring_safe": ("if_not_sure",),
}  # fmt: skip


def _shape(name: str, lines: Iterable[Line], retired: Iterable[str] = ()) -> Any:
    unused = Field(None, exclude=True, description="No longer said: remove it.")
    words = {line.name: (Words, ...) for line in lines}
    return create_model(name, __base__=Authored, **words, **dict.fromkeys(retired, (Words | None, unused)))  # type: ignore[call-overload]


_STEPS = {
    name: (_shape(f"Step_{name}", lines, RETIRED.get(name, ())), ...) for name, lines in places.STEP_WORDS.items()
}
Steps: Any = create_model("Steps", __base__=Authored, **_STEPS)  # type: ignore[call-overload]
Phrases: Any = _shape("Phrases", places.Phrases.lines())


class MenuFile(File):
    """One file of `config/menus/`: who is responsible for it, and its nodes."""

    title: Words = Field(description="The subject of this file, as advisers see it.")
    owner: Words = Field(description="Who is responsible for these words.")
    source: Words = Field(description="Where the facts come from.")
    review_by: datetime.date = Field(description="The date by which somebody must review it.")
    nodes: dict[Name, Node] = Field(default_factory=dict)
    steps: Steps | None = Field(None, description="The words of the built-in steps.")
    phrases: Phrases | None = Field(None, description="Short phrases that the line puts between other words.")


#: Fields that only one kind of node has.
_TELLING = {
    "reading": {"parts", "closing"},
    "question": {"ask", "if_yes", "if_no"},
    "word": {"means"},
    "menu": {"choices"},
}


def spare_of_menu(path: Path, around: Any) -> Any:
    """A spare value for a field of a menu file. Raises LookupError for an optional one."""
    match path:
        case ("nodes", _):
            raise LookupError(path)
        case ("steps", str(step)):
            return {line.name: LEFT_OUT for line in places.STEP_WORDS[step]}
        case ("steps", _, _) | ("phrases", _) | (*_, "parts" | "words", int()):
            return LEFT_OUT
        case (*_, "kind"):
            return _kind_of(around)
    return spare_by_name(path, around)


def _kind_of(node: Mapping[Any, Any]) -> str:
    """Guess the kind of a node from its fields. Raises LookupError if nothing indicates it."""
    if near := difflib.get_close_matches(str(node.get("kind", "")).lower(), _TELLING, 1):
        return str(near[0])
    found = [kind for kind, fields in _TELLING.items() if fields & node.keys()]
    return found[0]
