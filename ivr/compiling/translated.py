"""Staff's words in another language: the whole line, from the same files, with every sentence replaced.

Each sentence has an id that survives edits and moves: the name of its node and what it is there, and for a choice where
it leads, but never a position. A part of a reading has only the id of its reading, so its translation is bound to the
English that it was made from: a part put in front of others moves nothing, and an edited one has no translation.

No language has the whole guidance yet, so only tests use another language here. `config/languages/` has the short talk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.authoring.authored import Answer, Choice, MenuNode, QuestionNode, ReadingNode, WordNode
from ivr.language import Grammar
from ivr.language.english import ENGLISH

#: Returns the words for a sentence, from its id and its English.
WordsOf = Callable[[str, str], str]


@dataclass(frozen=True)
class Whole:
    """A language that says everything: its grammar, and its words for each sentence."""

    grammar: Grammar
    words: WordsOf

    def node(self, name: str, node: Any) -> Any:
        """A node with its sentences in this language."""
        match node:
            case MenuNode():
                choices = {key: self._choice(name, choice) for key, choice in node.choices.items()}
                return node.model_copy(update={"say": self.words(f"{name}.say", node.say), "choices": choices})
            case QuestionNode():
                answers = {each: self._answer(name, each, getattr(node, each)) for each in _ANSWERS}
                return node.model_copy(update={"ask": self.words(f"{name}.ask", node.ask), **answers})
            case WordNode():
                said = {each: self.words(f"{name}.{each}", getattr(node, each)) for each in ("word", "means")}
                return node.model_copy(update=said)
            case ReadingNode():
                return node.model_copy(update=self._reading(name, node))
        return node

    def _reading(self, name: str, node: ReadingNode) -> dict[str, Any]:
        found: dict[str, Any] = {"parts": [self.words(f"{name}.part", part) for part in node.parts]}
        if node.closing:
            found["closing"] = self.words(f"{name}.closing", node.closing)
        if node.next:
            found["next"] = self._choice(name, node.next)
        return found

    def _choice(self, name: str, choice: Choice) -> Choice:
        to = f"{name}.to_{choice.goto}"
        update = {"label": self.words(f"{to}.label", choice.label)}
        if choice.said_back:
            update["said_back"] = self.words(f"{to}.said_back", choice.said_back)
        return choice.model_copy(update=update)

    def _answer(self, name: str, which: str, answer: Answer) -> Answer:
        if not answer.say:
            return answer
        return answer.model_copy(update={"say": self.words(f"{name}.{which}", answer.say)})

    def block(self, prefix: str, block: Mapping[str, Any]) -> dict[str, Any]:
        """A block of names with sentences, such as the words of a step, in this language."""
        return {
            name: self.block(f"{prefix}{name}.", each) if isinstance(each, Mapping) else self._line(prefix + name, each)
            for name, each in block.items()
        }

    def _line(self, name: str, written: str) -> str:
        return self.words(name, written) if written else written


_ANSWERS = ("if_yes", "if_no", "if_not_sure")
#: The line as staff wrote it.
IN_ENGLISH = Whole(ENGLISH, lambda name, written: written)
