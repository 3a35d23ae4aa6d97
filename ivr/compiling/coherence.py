"""Checks that staff's files fit together: references to settings, and words that YAML has cut short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr import places
from ivr.authoring import naming
from ivr.authoring.authored import LEFT_OUT
from ivr.authoring.drafts import LINE, MENUS, TEXTS, WORDS, Draft
from ivr.authoring.parsing import Path
from ivr.line_settings import SERVICE
from ivr.places.nodes import Menu
from ivr.places.reading import Reading
from ivr.problems import Problem, Where, kind
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, WORDS_MENU
from ivr.script.place import Place

#: The parts of files other than menus that are heard or texted.
_HEARD = {LINE: {"names", "sentences"}, TEXTS: {"texts"}, WORDS: {"said"}}
CUT_SHORT = kind("words-cut-short", "The words after # would be lost.", "Put all the words in quotes.")
_SETTING_NEEDED = kind("missing-setting", "The setting '{name}' is missing.", "Write it: every line needs it.")
_TWO_SETTINGS = kind("setting-twice", "'{name}' is in '{group}' too.", "Keep one of them.")
_OURS = kind("setting-of-the-line", "The line fills in {{{name}}} itself.", "Choose another name.")
_NESTED = kind(
    "setting-in-setting", "A setting cannot contain another setting.", "Write the words here, without braces."
)
_NODE_NEEDED = kind("missing-node", "The node '{name}' is missing.", "Write it: every line needs it.")
_WRONG_KIND = kind("wrong-kind", "'{name}' is of the wrong kind.", "Make it a {kind}.")
_NOT_LISTED = kind("name-not-listed", "'{name}' is not in '{group}'.", "Use a name from there.{nearest}")
_TWICE = kind(
    "named-twice", "'{name}' is there twice.",
    "Remove one: the same phone would ring again, and the caller would wait for it.",
)  # fmt: skip
_NO_SWITCH = kind("unknown-switch", "'{name}' is not a switch.", "Add it to 'switches' in config/line.yaml.{nearest}")
#: Names that settings must not use.
_TAKEN = {blank for line in places.LINES.values() for blank in line.blanks} | {
    "opening_hours", "morning_hours", "afternoon_hours", "message_keep_days", "reference_digits",
}  # fmt: skip


@dataclass
class Findings:
    """Collects the Problems found while a draft is compiled."""

    draft: Draft
    problems: list[Problem] = field(default_factory=list)

    def report(self, problem: Problem, file: str, path: Path, word: str = "") -> None:
        """Add a problem with the value at this path, or with this word in it."""
        document = self.draft.documents.get(file)
        self.problems.append(problem.at(document.where(path, word) if document else Where(f"config/{file}")))

    def is_lost(self, name: str, *files: str) -> bool:
        """Whether this name may be defined in a part of these files that cannot be read."""
        documents = [self.draft.documents[file] for file in files]
        return name == LEFT_OUT or any(document.faulty and document.has_name(name) for document in documents)


def settings(found: Findings) -> None:
    """Report names of settings that refer to nothing, are there twice, or are taken."""
    line = found.draft.line
    if SERVICE not in line.names and not found.is_lost(SERVICE, LINE):
        found.report(_SETTING_NEEDED(name=SERVICE), LINE, ("names",))
    _names_in_use(found)
    _switches(found)
    seen: dict[str, str] = {}
    for group in ("names", "phones", "emails", "links", "numbers", "paragraphs", "sentences", "switches"):
        for name in getattr(line, group):
            if name in seen:
                found.report(_TWO_SETTINGS(name=name, group=seen[name]), LINE, (group, name))
            if name in _TAKEN:
                found.report(_OURS(name=name), LINE, (group, name))
            seen[name] = group
    for group in ("names", "sentences"):
        for name, value in getattr(line, group).items():
            if "{" in value or "}" in value:
                found.report(_NESTED(), LINE, (group, name))


def _names_in_use(found: Findings) -> None:
    """Report names in line.yaml that refer to nothing there, or are repeated."""
    line = found.draft.line
    for path, names, group in (
        (("transfer", "numbers"), line.transfer.numbers, "phones"),
        (("time_limits",), line.time_limits, "numbers"),
    ):
        for name in names:
            if name not in getattr(line, group) and not found.is_lost(name, LINE):
                nearest = naming.meant(found.draft.files, name, "setting")
                found.report(_NOT_LISTED(name=name, group=group, nearest=nearest), LINE, path, name)
    rung = line.transfer.numbers
    for at, name in enumerate(rung):
        if name in rung[:at]:
            found.report(_TWICE(name=name), LINE, ("transfer", "numbers", at))


def _switches(found: Findings) -> None:
    """Report switches that a node depends on (`only_if`) and that line.yaml does not have."""
    for file, _, node_id, node in found.draft.nodes():
        name = node.only_if
        if name and name not in found.draft.line.switches and not found.is_lost(name, LINE):
            nearest = naming.meant(found.draft.files, name, "switch")
            found.report(_NO_SWITCH(name=name, nearest=nearest), file, ("nodes", node_id, "only_if"))


def needed_nodes(found: Findings, nodes: Mapping[str, Place]) -> None:
    """Report nodes that the line itself leads to and that are missing or of the wrong kind."""
    for needed in (GREETING, MAIN_MENU, END_MENU, HELP, WORDS_MENU):
        of = Reading if needed == GREETING else Menu
        if needed not in nodes:
            if not found.is_lost(needed, *found.draft.menus):
                found.report(_NODE_NEEDED(name=needed), MENUS + "welcome.yaml", ("nodes",))
        elif not isinstance(nodes[needed], of):
            file = next(file for file, _, node_id, _ in found.draft.nodes() if node_id == needed)
            found.report(_WRONG_KIND(name=needed, kind=of.__name__.lower()), file, ("nodes", needed, "kind"))


def words_cut_short(found: Findings) -> None:
    """Report words after a # that would be heard or read if they were in quotes."""
    for file, document in found.draft.documents.items():
        heard = _HEARD.get(file, {"title"} if file in found.draft.menus else set())
        for path in document.cut_short:
            if path and path[0] in heard:
                found.report(CUT_SHORT(), file, path)
