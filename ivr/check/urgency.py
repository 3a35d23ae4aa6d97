"""Checks that everything with a time limit is marked as urgent, for the adviser, the list and the promise.

A forgotten mark makes a family wait until Monday. So the rule looks where a limit shows: in a number that `line.yaml`
lists as a time limit, in words that say that time is short, in the text message about it, and next to a question with
another answer that is urgent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ivr.authoring.authored import MenuNode, QuestionNode, ReadingNode, WordNode
from ivr.callbacks.diary import Urgency
from ivr.check.context import Context, Finding, rule
from ivr.spoken import BLANK

#: Phrases about time running out. "If time is short" is excluded: it addresses those who know that it is.
_SHORT = re.compile(
    r"(?<!if )\btime (?:is|may be)(?: \w+)? short\b|\btime limits?\b|\blittle time\b|\bonly (?:a few|\{\w+\}) days\b"
    r"|\bdo not wait\b|\bby (?:the|its) date\b|\b(?:ask|talk to us|call)(?: us)? (?:today|now|soon)\b",
    re.IGNORECASE,
)
_RANKS: tuple[Urgency, ...] = ("", "urgent", "today")


@rule("time-limits", "A family that does not know a time limit loses its right.")
def time_limits(context: Context) -> Iterator[Finding]:
    """Guidance about a time limit must be urgent, and so must everything that leads only to such guidance."""
    limits = set(context.draft.line.time_limits)
    for node_id, node in context.authored.items():
        if not isinstance(node, ReadingNode):
            continue
        if not node.urgent and (sign := _shown(context, node, limits)):
            words = f"{sign}, so asking to be rung back from here is urgent."
            yield context.at(node_id, words=words, remedy="Write urgent: true.")
            continue
        least = _ahead(context, node.runs_on_to, min) if node.runs_on_to else ""
        if _RANKS.index(least) > _RANKS.index(_own(node)):
            words = f"All that this leads to is urgent: {_written(least)}."
            yield context.at(node_id, words=words, remedy="Write the same here.")


def _shown(context: Context, node: ReadingNode, limits: set[str]) -> str:
    """Where and by which words a reading shows that it is about a time limit; empty if it is not."""
    said = " ".join([*node.parts, node.closing or ""])
    texted = context.draft.texts.texts.get(node.text or "", "")
    for where, words in (("It says", said), ("Its text message says", texted)):
        if sign := _sign(words, limits):
            return f"{where} '{sign}'"
    return ""


def _sign(words: str, limits: set[str]) -> str:
    """The sign that words are about a time limit."""
    if found := _SHORT.search(words):
        return found[0]
    return next((f"{{{name}}}" for name in BLANK.findall(words) if name in limits), "")


@rule("not-sure", "A caller who is not sure may have an urgent problem.")
def not_sure(context: Context) -> Iterator[Finding]:
    """'Not sure' must be as urgent as the most urgent answer to the question, unless it leads to the same as
    another answer.
    """
    for node_id, node in context.authored.items():
        if not isinstance(node, QuestionNode):
            continue
        unsure, others = node.if_not_sure.goto, (node.if_yes.goto, node.if_no.goto)
        if unsure in others or isinstance(context.authored.get(unsure), WordNode):
            continue
        most = max((_ahead(context, other, max, (node_id,)) for other in others), key=_RANKS.index)
        if _RANKS.index(_ahead(context, unsure, max, (node_id,))) < _RANKS.index(most):
            words = f"Another answer leads to what is urgent, and this leads to '{unsure}', which is less so."
            remedy = f"Lead to a reading with urgent: {_written(most)} that goes on to a person."
            yield context.at(node_id, "if_not_sure", words=words, remedy=remedy)


def _ahead(context: Context, node_id: str, of: Callable[..., Urgency], passed: tuple[str, ...] = ()) -> Urgency:
    """The highest or lowest urgency (`of`: max or min) of the guidance that a caller hears next, from this node on.

    It looks past questions; for the lowest, also past a menu, such as one that a reading runs on to.
    """
    node = context.authored.get(node_id)
    if isinstance(node, ReadingNode):
        return _own(node)
    onward: Iterable[str] = ()
    if isinstance(node, QuestionNode):
        onward = (node.if_yes.goto, node.if_no.goto, node.if_not_sure.goto)
    elif isinstance(node, MenuNode) and of is min:
        onward = (choice.goto for choice in node.choices.values())
    ranks = [_ahead(context, name, of, (*passed, node_id)) for name in onward if name not in passed]
    return of(ranks, key=_RANKS.index, default="")


def _own(node: ReadingNode) -> Urgency:
    return "today" if node.urgent == "today" else "urgent" if node.urgent else ""


def _written(rank: Urgency) -> str:
    return "today" if rank == "today" else "true"
