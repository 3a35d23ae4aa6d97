"""What a rule is, and the data that it checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from ivr import places, problems, spoken
from ivr.authoring import authored
from ivr.authoring.drafts import LINE, MENUS, TEXTS, WORDS, Draft
from ivr.authoring.parsing import Document, Path
from ivr.check.callers import Simulation
from ivr.check.timing import SoundSeconds
from ivr.script import Script
from ivr.spoken import Speech, text_of

#: The file with the words of the built-in steps.
SHARED = MENUS + "shared.yaml"
AuthoredNode = authored.MenuNode | authored.ReadingNode | authored.QuestionNode | authored.WordNode
Level = problems.Severity
TextKind = Literal["part", "closing", "label", "said back", "menu", "question", "answer", "meaning", "step", "phrase"]

#: Sample values, for measuring, of what only a call can fill in.
SAMPLES: dict[str, str] = {
    "typed_number": "zero seven seven zero zero, nine zero zero, one two three",
    "reference": "four two, seven one",
    "letter_day": "the twenty-third of September",
    "day": "on Wednesday the twenty-third of September",
    "window": "in the afternoon",
    "time": "at nine thirty in the morning",
    "key": "1",
    "language": "English",
    "hours": "Monday to Friday, nine in the morning to five in the afternoon",
}


@dataclass(frozen=True)
class Finding:
    """One violation of a rule: where it is, what is wrong, and what to do about it."""

    file: str
    path: Path
    words: str
    remedy: str
    node: str = ""
    #: Overrides the level of the rule.
    level: Level | None = None
    #: The word in the value that it is about, if there is one.
    word: str = ""


@dataclass(frozen=True)
class Waiver:
    """A rule that staff waived at one place, and why."""

    file: str
    #: Where the waiver is written.
    path: Path
    #: The path that it applies to, with everything below.
    place: tuple[str, ...]
    rule: str
    reason: str
    #: The node, if it is written at one. Rules may report a node under another file.
    node: str = ""

    def holds_for(self, rule: str, finding: Finding) -> bool:
        """Whether it waives this finding of this rule."""
        if rule != self.rule:
            return False
        if self.node or finding.node:
            return self.node == finding.node
        return self.file == finding.file and tuple(map(str, finding.path))[: len(self.place)] == self.place


@dataclass(frozen=True)
class Rule:
    """A rule about callers: its name, and its reason."""

    name: str
    why: str
    level: Level
    find: Find


#: All rules. A test requires a bad and a good example of each.
RULES: list[Rule] = []
Find = Callable[["Context"], Iterable[Finding]]


def rule(name: str, why: str, level: Level = "error") -> Callable[[Find], Find]:
    """Register a function as a rule, with its name and its reason."""

    def register(find: Find) -> Find:
        problems.kind(name, why=why, severity=level)
        RULES.append(Rule(name, why, level, find))
        return find

    return register


@dataclass(frozen=True)
class Text:
    """A piece of text that staff wrote, with its place and kind."""

    file: str
    path: Path
    kind: TextKind
    #: As written, with its {settings}.
    written: str
    #: As it is heard, with the settings filled in.
    heard: str
    node: str = ""

    def finding(self, words: str, remedy: str, level: Level | None = None, word: str = "") -> Finding:
        return Finding(self.file, self.path, words, remedy, self.node, level, word)


@dataclass
class Context:
    """A draft and its script, with data that several rules need."""

    draft: Draft
    script: Script
    today: dt.date
    #: The live script, to find keys that a publication would move.
    published: Script | None = None
    #: The line's own numbers, if they are known.
    ours: Set[str] = frozenset()
    #: The lengths of the rendered sounds.
    measured: SoundSeconds = field(default_factory=dict)
    #: Waivers that were needed.
    waived: set[Waiver] = field(default_factory=set)

    def document(self, file: str) -> Document | None:
        return self.draft.documents.get(file)

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """All waivers: those of nodes, and those of other places in a file."""
        draft = self.draft
        of_nodes = [
            Waiver(file, ("nodes", node_id, "allow", rule), ("nodes", node_id), rule, reason, node_id)
            for file, _, node_id, node in draft.nodes()
            for rule, reason in node.allow.items()
        ]
        files: dict[str, authored.File] = {LINE: draft.line, TEXTS: draft.texts, WORDS: draft.words, **draft.menus}
        of_places = [
            Waiver(file, ("allow", place, rule), tuple(place.split(".")), rule, reason)
            for file, written in files.items()
            for place, rules in written.allow.items()
            for rule, reason in rules.items()
        ]
        return (*of_nodes, *of_places)

    @cached_property
    def authored(self) -> dict[str, AuthoredNode]:
        """The nodes as staff wrote them, by name."""
        return {node_id: node for _, _, node_id, node in self.draft.nodes()}

    @cached_property
    def simulation(self) -> Simulation:
        """The simulated callers, shared by all rules.

        They hear no notice: budgets are those of every day, and what a notice may add has a rule of its own.
        """
        return Simulation(replace(self.script, notices=()), self.today, self.measured)

    @cached_property
    def files(self) -> dict[str, str]:
        """The file of each node."""
        return {node_id: file for file, _, node_id, _ in self.draft.nodes()}

    def spot(self, place: str) -> tuple[str, Path]:
        """The file and path of a node, or of the words of a built-in step."""
        return (self.files[place], ("nodes", place)) if place in self.files else (SHARED, ("steps", place))

    def at(
        self, node_id: str, *path: str | int, words: str, remedy: str, level: Level | None = None, word: str = ""
    ) -> Finding:
        """A finding at a node."""
        return Finding(self.files[node_id], ("nodes", node_id, *path), words, remedy, node_id, level, word)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Everything that staff wrote and callers hear."""
        return tuple(self._texts())

    def spoken(self, kind: TextKind) -> Iterator[Text]:
        return (text for text in self.texts if text.kind == kind)

    def speech(self, written: str) -> Speech:
        """Written words as Speech, with samples for values that only a call can fill in."""
        return spoken.speech(spoken.unmarked(written), {**SAMPLES, **self.script.values})

    def _texts(self) -> Iterator[Text]:
        for file, _, node_id, node in self.draft.nodes():
            for kind, path, written in _written(node):
                yield self._text(file, ("nodes", node_id, *path), kind, written, node_id)
        for file, menu in self.draft.menus.items():
            for part, kind in (("steps", "step"), ("phrases", "phrase")):
                block = getattr(menu, part)
                for path, written in _leaves(block.model_dump() if block else {}, (part,)):
                    label = places.LINES[".".join(map(str, path[1:]))].is_label
                    if path not in self.draft.documents[file].stand_ins:  # shipped words were checked before
                        yield self._text(file, path, "label" if label else kind, written)
        for i, notice in enumerate(self.draft.line.notices):
            yield self._text(LINE, ("notices", i, "words"), "part", notice.words)
        for name, sentence in self.draft.line.sentences.items():
            if sentence:
                yield self._text(LINE, ("sentences", name), "part", sentence)

    def _text(self, file: str, path: Path, kind: TextKind, written: str, node: str = "") -> Text:
        return Text(file, path, kind, written, text_of(self.speech(written)), node)


def _written(node: object) -> Iterator[tuple[TextKind, Path, str]]:
    match node:
        case authored.MenuNode():
            yield "menu", ("say",), node.say
            for key, choice in node.choices.items():
                yield from _choice(choice, ("choices", key))
        case authored.ReadingNode():
            for i, part in enumerate([*node.parts, *([node.closing] if node.closing else [])]):
                last = i == len(node.parts)
                yield ("closing", ("closing",), part) if last else ("part", ("parts", i), part)
            yield from _choice(node.next, ("next",)) if node.next else ()
        case authored.QuestionNode():
            yield "question", ("ask",), node.ask
            answers = ((name, getattr(node, name).say) for name in ("if_yes", "if_no", "if_not_sure"))
            yield from (("answer", (name, "say"), say) for name, say in answers if say)
        case authored.WordNode():
            yield "meaning", ("means",), node.means


def _choice(choice: authored.Choice, path: Path) -> Iterator[tuple[TextKind, Path, str]]:
    yield "label", (*path, "label"), choice.label
    if choice.said_back:
        yield "said back", (*path, "said_back"), choice.said_back


def _leaves(block: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(block, dict):
        for name, value in block.items():
            yield from _leaves(value, (*path, name))
    elif isinstance(block, str):
        yield path, block


__all__ = [
    "LINE", "MENUS", "RULES", "SHARED", "TEXTS", "Context", "Finding", "Level", "Rule", "Text", "TextKind", "rule",
]  # fmt: skip
