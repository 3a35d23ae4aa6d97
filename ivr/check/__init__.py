"""The gate: checks a whole script against the rules about callers.

Each rule is one small function with a name and a reason. An error stops a publication; a warning does not. A rule can
be waived at one place with a written reason (`allow:`), so that every warning that is still shown is new.

    words.py     wording: sentences, words, banned phrases
    slips.py     slips of the pen: doubled words, signs
    numbers.py   numbers that change, texts, and how fast the voice speaks
    structure.py  menus, depth, loops, dead ends, unused things
    dates.py     numbers, hours and dates: confirmed, reviewed in time, not mistyped
    hours.py     days and weeks with other hours
    safety.py    what must be true everywhere in a call: a person, silence, mistakes
    languages.py  other languages: their words, and how long they take
    offers.py    offers of texts are marked, so that they can be left out while no text can be sent
    urgency.py   what has a time limit is urgent
    whole_calls.py  what must be true of whole calls: every caller gets help, in time

Modules without rules:

    callers.py   simulated callers, what they needed, and their budgets
    answers.py   caches the engine's answers
    explore.py   walks of callers who choose: which places they reach, and what they get
    hands.py     what each kind of caller can do at a turn
    relay.py     the caller who uses a text relay
    outcomes.py  whole calls of callers who always do the same
    states.py    every state that a call can be in, and what can come next there
    proof.py     what must be true in all of them: `ivr check --all`
    handlers.py  the handlers of simulated calls: with earlier requests, with full days, without Redis, out of order
    context.py   what a rule is given, and how it is registered
    stories.py   whether the stories of config/ come true, and what the line says instead
    timing.py    how long the line takes to say things
    no_words.py  what is no English word: addresses, markup, letters of other alphabets
    english.py   sentences, syllables, common words
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator

from ivr.authoring.parsing import Path
from ivr.check import (  # importing them registers their rules
    dates,
    hours,
    languages,
    numbers,
    offers,
    proof,
    safety,
    slips,
    structure,
    urgency,
    whole_calls,
    words,
)
from ivr.check.context import RULES, Context, Finding, Rule
from ivr.check.stories import accepted_story, play_stories, unreadable_stories, untrue_stories, unvisited
from ivr.problems import KINDS, Problem, Where, kind

#: The fewest words that count as a reason.
REASON_WORDS = 3


def check(context: Context) -> list[Problem]:
    """Every Problem of a script that compiled, sorted by file and line."""
    with _without_collecting():
        problems = [problem for rule in RULES for problem in findings(context, rule)]
    problems += _waivers(context)
    return sorted(set(problems))


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Turn the garbage collector off. The walks keep hundreds of thousands of values until they end, so it would search
    these again and again for nothing, which takes a tenth of the time of a check.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def findings(context: Context, rule: Rule) -> list[Problem]:
    """The findings of one rule, without those that are waived."""
    found = (_problem(context, rule, finding) for finding in rule.find(context))
    return [problem for problem in found if problem is not None]


def _problem(context: Context, rule: Rule, finding: Finding) -> Problem | None:
    if waivers := [waiver for waiver in context.waivers if waiver.holds_for(rule.name, finding)]:
        context.waived.update(waivers)
        return None
    problem = KINDS[rule.name].told(finding.words, finding.remedy, finding.level)
    return _at(context, finding.file, finding.path, problem, finding.word)


_NO_RULE = kind("waiver-of-no-rule", "There is no rule '{rule}'.", "Remove this line.")
_AT_NODE = kind("waiver-not-at-node", "Nodes have their own 'allow'.", "Write this at the node.")
_NO_REASON = kind(
    "waiver-without-reason", "It is not said why the rule '{rule}' does not apply here.", "Say it in a few words."
)
_NOT_NEEDED = kind(
    "waiver-not-needed", "The rule '{rule}' finds nothing here, so this waiver is not needed.", "Remove this line.",
    severity="warning",
)  # fmt: skip


def prove(context: Context) -> tuple[proof.Proof, list[Problem]]:
    """Try every state that a call can be in: what was tried, and what does not hold in which. Takes minutes."""
    simulation = context.simulation
    found = proof.prove(simulation.script, simulation.by_day, simulation.by_night, simulation.timing)
    return found, [_at(context, *context.spot(fault.place), fault.problem()) for fault in found.faults]


def _at(context: Context, file: str, path: Path, problem: Problem, word: str = "") -> Problem:
    document = context.document(file)
    return problem.at(document.where(path, word) if document else Where(f"config/{file}"))


def _waivers(context: Context) -> Iterable[Problem]:
    """Faulty waivers: of an unknown rule, at the wrong place, without a reason, or not needed."""
    known = {rule.name for rule in RULES}
    for waiver in context.waivers:
        found: Problem | None = None
        if waiver.rule not in known:
            found = _NO_RULE(rule=waiver.rule)
        elif waiver.place[0] == "nodes" and not waiver.node:
            found = _AT_NODE()
        elif len(waiver.reason.split()) < REASON_WORDS:
            found = _NO_REASON(rule=waiver.rule)
        elif waiver not in context.waived:
            found = _NOT_NEEDED(rule=waiver.rule)
        if found:
            yield found.at(context.draft.documents[waiver.file].where(waiver.path))


__all__ = [
    "RULES",
    "Context",
    "accepted_story",
    "check",
    "dates",
    "findings",
    "hours",
    "languages",
    "numbers",
    "offers",
    "play_stories",
    "prove",
    "safety",
    "slips",
    "structure",
    "unreadable_stories",
    "untrue_stories",
    "unvisited",
    "urgency",
    "whole_calls",
    "words",
]
