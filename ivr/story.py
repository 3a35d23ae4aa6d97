"""Compares a story with what the line says.

A story is a transcript written by staff (`transcript`). `...` matches any words, and outputs that the story
leaves out are not compared. A NEVER line applies to the whole call, because a caller who is misled in the first
minute may act on it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from ivr.problems import Problem, kind
from ivr.transcript import PLAIN, Entry, Transcript, pattern, wrapped

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


def first(unplayable: Iterable[Problem], differences: Iterable[Problem]) -> Iterator[Problem]:
    """The first thing that is not as the story tells it: what comes after it only follows from it."""
    found = [*unplayable, *differences]
    in_order = [problem for problem in found if problem.code != _HEARD.code] or found
    yield from sorted(in_order, key=lambda problem: problem.where.line)[:1]


# --- what the line says now, taken into the story -----------------------------------------------


def accepted(wanted: Transcript, heard: Transcript) -> str:
    """The story with what the line says now, where that is something else. Its lines otherwise stay as they are.

    What must never be heard stays too: if it is heard, the words are wrong and not the story.
    """
    lines = list(wanted.lines)
    expected, found = _exchanges(wanted), _exchanges(heard)
    changes: list[tuple[Entry, Entry | None]] = []
    for i, outputs in enumerate(expected):
        actual = list(found[i]) if i < len(found) else []
        for entry in outputs:
            if not any(entry.who == out.who and _matches(entry.text, out.text) for out in actual):
                changes.append((entry, _instead(entry, actual)))
    for entry, new in reversed(changes):  # the last first, so that the numbers of the others stay
        end = _end(lines, entry.line)
        lines[entry.line - 1 : end] = wrapped(new).splitlines() if new else []
    return "\n".join(lines) + "\n"


def _instead(entry: Entry, actual: Sequence[Entry]) -> Entry | None:
    """What the line says instead of an entry, cut as the entry was; None if it says nothing of the kind."""
    same = [out for out in actual if out.who == entry.who]
    near = difflib.get_close_matches(entry.text, [out.text for out in same], 1, 0.0)
    if not near:
        return None
    begins, ends = entry.text.startswith("..."), entry.text.endswith("...")
    sentences = re.split(r"(?<=[.?!]) ", near[0])
    most = max(1, len(re.split(r"(?<=[.?!]) ", entry.text.strip(". "))))
    kept = sentences[-most:] if begins and not ends else sentences[:most] if ends else sentences
    cut = len(kept) < len(sentences)
    return Entry(entry.who, f"{'... ' if begins and cut else ''}{' '.join(kept)}{' ...' if ends and cut else ''}")


def _end(lines: Sequence[str], start: int) -> int:
    """The index behind the last line of an entry that begins at this line."""
    end = start
    while end < len(lines) and lines[end][:1].isspace() and lines[end].strip():
        end += 1
    return end


def _differs(entry: Entry, actual: list[Entry]) -> Problem:
    if entry.who == "GOT":
        has = " / ".join(out.text for out in actual if out.who == "GOT")
        return _GOT_OTHER(wanted=entry.text, has=has)
    line_says = " / ".join(out.text for out in actual if out.who != "GOT") or "nothing: the call is over"
    return _DIFFERS(wanted=entry.text, said=line_says)


def _heard_all_the_same(never: Entry, heard: Transcript) -> Iterator[Problem]:
    """A Problem for each thing the line says that matches a NEVER line."""
    words = re.compile(rf"(?<!\w)(?:{pattern(never.text)})(?!\w)", re.IGNORECASE)
    for entry in heard.entries:
        if entry.who == "LINE" and (found := words.search(entry.text.translate(PLAIN))):
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
    return re.fullmatch(pattern(wanted), said.translate(PLAIN), re.DOTALL) is not None
