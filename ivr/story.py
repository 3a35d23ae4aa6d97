"""Compares a story with what the line says.

A story is a transcript written by staff (`transcript`). `...` matches any words, and outputs that the story
leaves out are not compared. A NEVER line applies to the whole call, because a caller who is misled in the first
minute may act on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr.problems import Problem, kind
from ivr.transcript import PLAIN, Entry, Transcript

_DIFFERS = kind(
    "story-differs", "The story hears '{wanted}'. The line says '{said}'.", "If that is meant, write it into the story."
)
_GOT_OTHER = kind(
    "story-got-other", "The story ends with '{wanted}'. The caller has got: {has}.", "If that is meant, write it."
)
_HEARD = kind(
    "story-heard", "'{words}' must never be heard in this call. The line says '{said}'.",
    "Change the words, or remove this NEVER line.",
)  # fmt: skip


def differences(wanted: Transcript, heard: Transcript) -> list[Problem]:
    """A Problem for each expected output that is missing, and for each forbidden one that is present."""
    problems: list[Problem] = []
    expected, found = _exchanges(wanted), _exchanges(heard)
    for entry in (entry for entry in wanted.entries if entry.who == "NEVER"):
        problems += [problem.at(wanted.where(entry)) for problem in _heard_all_the_same(entry, heard)]
    for i, outputs in enumerate(expected):
        actual = found[i] if i < len(found) else []
        for entry in outputs:
            if not any(entry.who == out.who and _matches(entry.text, out.text) for out in actual):
                problems.append(_differs(entry, actual).at(wanted.where(entry)))
    return problems


def _differs(entry: Entry, actual: list[Entry]) -> Problem:
    if entry.who == "GOT":
        has = " / ".join(out.text for out in actual if out.who == "GOT")
        return _GOT_OTHER(wanted=entry.text, has=has)
    line_says = " / ".join(out.text for out in actual if out.who != "GOT") or "nothing: the call is over"
    return _DIFFERS(wanted=entry.text, said=line_says)


def _heard_all_the_same(never: Entry, heard: Transcript) -> Iterator[Problem]:
    """A Problem for each thing the line says that matches a NEVER line."""
    pattern = re.compile(rf"(?<!\w)(?:{_pattern(never.text)})(?!\w)", re.IGNORECASE)
    for entry in heard.entries:
        if entry.who == "LINE" and (found := pattern.search(entry.text.translate(PLAIN))):
            yield _HEARD(words=found[0], said=entry.text)


def _exchanges(transcript: Transcript) -> list[list[Entry]]:
    """What came out, in one list for each thing that was put in."""
    lists: list[list[Entry]] = [[]]
    for entry in transcript.entries:
        if entry.put_in:
            lists.append([])
        elif entry.who != "NEVER":
            lists[-1].append(entry)
    return lists


def _matches(wanted: str, said: str) -> bool:
    return re.fullmatch(_pattern(wanted), said.translate(PLAIN), re.DOTALL) is not None


def _pattern(wanted: str) -> str:
    """Words of a story as a pattern: `...` is any words, and a gap is a gap however long."""
    pattern = ".*".join(re.escape(part.strip()) for part in wanted.translate(PLAIN).split("..."))
    return pattern.replace(r"\ ", r"\s+")
