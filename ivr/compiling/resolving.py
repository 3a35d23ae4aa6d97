"""Resolves the names in staff's files: to a node, a step, the replacement of a switched-off node, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr import places
from ivr.authoring import authored, naming
from ivr.authoring.parsing import Path
from ivr.compiling.coherence import Findings
from ivr.problems import kind
from ivr.script import HELP

_ONLY_IN_HELP = kind(
    "only-in-help", "'{name}' leads back to where a caller came from.", "It can only be used in '{help}'."
)
_OFF_IN_CIRCLE = kind(
    "switched-off-circle", "These are switched off and lead to each other: {names}.",
    "Let one of them lead to a node that is switched on.",
)  # fmt: skip
_NOWHERE = kind("leads-nowhere", "Nothing is called '{name}'.", "Write the name of a node or a step.{nearest}")
_FIXED_ORDER = kind(
    "fixed-order", "'{name}' is part of a fixed order, so no choice can lead there.",
    "Write the name of a node or a step.{nearest}",
)  # fmt: skip
_NOT_A_WORD = kind("not-a-word", "'{name}' does not explain a word.", "Name a node of the kind word.")
_STEP_NO_WORD = kind("step-not-a-word", "'{name}' is a built-in step.", "Name a node of the kind word.")
_NOT_A_MENU = kind("not-a-menu", "'{name}' is not a menu.", "Name the menu of words.")


class NodeResolver:
    """The nodes of a draft by name, and which are switched off. Reports names that lead nowhere."""

    def __init__(self, found: Findings, nodes: Mapping[str, Any]):
        self._found, self._authored = found, nodes
        self._off = {name for name, state in found.draft.line.switches.items() if state == "off"}

    def target(self, file: str, path: Path, goto: str, passed: tuple[str, ...] = ()) -> str | None:
        """Where a name leads today; None for a node that is switched off without `when_off`."""
        if goto in places.FOR_STAFF:
            if goto in places.SETTINGS and path[1:2] != (HELP,):
                self._found.report(_ONLY_IN_HELP(name=goto, help=HELP), file, path)
            return goto
        if goto not in self._authored and self._found.is_lost(goto, *self._found.draft.menus):
            return goto
        if goto in passed:
            self._found.report(_OFF_IN_CIRCLE(names=" > ".join([*passed, goto])), file, path)
            return None
        if goto not in self._authored:
            wrong = _FIXED_ORDER if goto in places.STEPS or goto in places.STEP_WORDS else _NOWHERE
            self._found.report(wrong(name=goto, nearest=self._nearest(goto)), file, path)
            return None
        if not self.is_off(goto):
            return goto
        when_off = self._authored[goto].when_off
        return self.target(file, path, when_off.goto, (*passed, goto)) if when_off else None

    def word(self, file: str, path: Path, name: str) -> str | None:
        """The name of a word node; None if it is switched off, or, with a Problem, if it is something else."""
        if name in self._authored and not isinstance(self._authored[name], authored.WordNode):
            self._found.report(_NOT_A_WORD(name=name), file, path)
            return None
        if name in places.FOR_STAFF:
            self._found.report(_STEP_NO_WORD(name=name), file, path)
            return None
        return self.target(file, path, name)

    def menu(self, file: str, path: Path, name: str) -> None:
        """Report a name that leads to something that is not a menu."""
        is_menu = name not in self._authored or isinstance(self._authored[name], authored.MenuNode)
        if self.target(file, path, name) and not is_menu:
            self._found.report(_NOT_A_MENU(name=name), file, path)

    def is_off(self, node_id: str) -> bool:
        node = self._authored.get(node_id)
        return bool(node and node.only_if in self._off)

    def has_instead(self, node_id: str) -> bool:
        """Whether a node has a `when_off`, even a wrong one."""
        return any(
            ("nodes", node_id, "when_off") in document.marks or "when_off" in document.unread
            for document in self._found.draft.documents.values()
        )

    def _nearest(self, name: str) -> str:
        return naming.meant(self._found.draft.files, name, "node", places.FOR_STAFF)
