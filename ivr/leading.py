"""Resolves the names in staff's files: to a node, a step, the replacement of a switched-off node, or nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ivr import authored, places
from ivr.coherence import Findings
from ivr.reading import Path
from ivr.script import HELP


class Leading:
    """The nodes of a draft by name, and which are switched off. Reports names that lead nowhere."""

    def __init__(self, found: Findings, nodes: Mapping[str, Any]):
        self._found, self._authored = found, nodes
        self._off = {name for name, state in found.draft.line.switches.items() if state == "off"}

    def target(self, file: str, path: Path, goto: str, passed: tuple[str, ...] = ()) -> str | None:
        """Where a name leads today; None for a node that is switched off without `when_off`."""
        if goto in places.FOR_STAFF:
            if goto in places.SETTINGS and path[1:2] != (HELP,):
                self._found.problem(
                    file, path, f"'{goto}' leads back to where a caller came from. It can only be used in '{HELP}'."
                )
            return goto
        if goto not in self._authored and self._found.is_lost(goto, *self._found.draft.menus):
            return goto
        if goto in passed:
            self._found.problem(
                file, path, f"These are switched off and lead to each other: {' > '.join([*passed, goto])}."
            )
            return None
        if goto not in self._authored:
            says = f"Nothing is called '{goto}'."
            if goto in places.STEPS or goto in places.STEP_WORDS:
                says = f"'{goto}' is part of a fixed order, so no choice can lead there."
            self._found.problem(file, path, f"{says} Write the name of a node or a step.{self._nearest(goto)}")
            return None
        if not self.is_off(goto):
            return goto
        when_off = self._authored[goto].when_off
        return self.target(file, path, when_off.goto, (*passed, goto)) if when_off else None

    def word(self, file: str, path: Path, name: str) -> str | None:
        """The name of a word node; None, with a Problem, if it is something else, and None if it is switched off."""
        if name in self._authored and not isinstance(self._authored[name], authored.Word):
            self._found.problem(file, path, f"'{name}' does not explain a word. Name a node of the kind word.")
            return None
        if name in places.FOR_STAFF:
            self._found.problem(file, path, f"'{name}' is a built-in step. Name a node of the kind word.")
            return None
        return self.target(file, path, name)

    def menu(self, file: str, path: Path, name: str) -> None:
        """Report a name that leads to something that is not a menu."""
        is_menu = name not in self._authored or isinstance(self._authored[name], authored.Menu)
        if self.target(file, path, name) and not is_menu:
            self._found.problem(file, path, f"'{name}' is not a menu. Name the menu of words.")

    def is_off(self, node_id: str) -> bool:
        node = self._authored.get(node_id)
        return bool(node and node.only_if in self._off)

    def has_instead(self, node_id: str) -> bool:
        """Whether a node has a `when_off`, even a wrong one."""
        return any(
            ("nodes", node_id, "when_off") in document.lines or "when_off" in document.unread
            for document in self._found.draft.documents.values()
        )

    def _nearest(self, name: str) -> str:
        near = difflib.get_close_matches(name, [*self._authored, *places.FOR_STAFF], 1)
        return f" Did you mean '{near[0]}'?" if near else ""
