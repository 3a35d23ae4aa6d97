"""Compares a story with what the line says.

A story is a transcript written by staff (`transcript`). `...` matches any words, and outputs that the story
leaves out are not compared. A NEVER line applies to the whole call, because a caller who is misled in the first
minute may act on it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ivr.practice.transcript import PLAIN, Transcript, TranscriptEntry, pattern, wrapped
from ivr.problems import Problem, kind

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


@dataclass(frozen=True)
class Untrue:
    """A story that does not come true."""

    name: str
    #: Where it first differs from what the line says, or why it cannot be played.
    problem: Problem
    #: The story with what the line says now.
    after: str
    #: What is still wrong with it then; None if nothing is.
    left: Problem | None = None


#: The least similarity, from 0 to 1, at which a sentence counts as a new wording of another.
_NEAR = 0.6
_SENTENCE_ENDS = re.compile(r"(?<=[.?!]) ")


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
    """The first difference alone: later ones usually follow from it."""
    found = [*unplayable, *differences]
    in_order = [problem for problem in found if problem.code != _HEARD.code] or found
    yield from sorted(in_order, key=lambda problem: problem.where.line)[:1]


# --- what the line says now, taken into the story -----------------------------------------------


def accepted(wanted: Transcript, heard: Transcript) -> str:
    """The story with what the line says now, where that differs. All other lines stay as they are.

    NEVER lines stay in any case: if such words are heard, what the line says is wrong, and not the story.
    """
    lines = list(wanted.lines)
    expected, found = _exchanges(wanted), _exchanges(heard)
    changes: list[tuple[TranscriptEntry, TranscriptEntry | None]] = []
    for i, outputs in enumerate(expected):
        actual = list(found[i]) if i < len(found) else []
        for entry in outputs:
            if not any(entry.who == out.who and _matches(entry.text, out.text) for out in actual):
                changes.append((entry, _instead(entry, actual)))
    for entry, new in reversed(changes):  # the last first, so that the numbers of the others stay
        end = _end(lines, entry.line)
        lines[entry.line - 1 : end] = wrapped(new).splitlines() if new else []
    return "\n".join(lines) + "\n"


def _instead(entry: TranscriptEntry, actual: Sequence[TranscriptEntry]) -> TranscriptEntry | None:
    """What the line says instead of an entry, with `...` where the entry has them; None if it has no such output."""
    same = [out for out in actual if out.who == entry.who]
    near = difflib.get_close_matches(entry.text, [out.text for out in same], 1, 0.0)
    return TranscriptEntry(entry.who, _cut(near[0], entry.text.translate(PLAIN))) if near else None


def _cut(said: str, wanted: str) -> str:
    """What the line says, with `...` where the story (`wanted`) has them.

    Each part of the story between them is replaced by the sentences that are most like it.
    """
    sentences, parts = _SENTENCE_ENDS.split(said), [part.strip() for part in wanted.split("...")]
    kept, after = [], 0
    for nth, part in enumerate(parts):
        is_first, is_last = nth == 0, nth == len(parts) - 1
        if not part:
            kept += [""] if is_first or is_last else []
        elif span := _span(_SENTENCE_ENDS.split(part), sentences, after, is_first=is_first, is_last=is_last):
            kept.append(" ".join(sentences[span[0] : span[1]]))
            after = span[1]
    return " ... ".join(kept).strip()


def _span(
    wanted: Sequence[str], said: Sequence[str], after: int, *, is_first: bool, is_last: bool
) -> tuple[int, int] | None:
    """Which sentences of `said`, from index `after` on, replace these of the story: the first, and the one after the
    last. None if none of them is like any of these.

    The first part of a story (`is_first`) begins with the first sentence said, and its last ends with the last one.
    """
    found = []
    for sentence in wanted:
        likeness = [(_likeness(sentence, other), -i) for i, other in enumerate(said[after:], after)]
        best, place = max(likeness, default=(0.0, 0))
        if best >= _NEAR:
            found.append(-place)
    if not (found or is_first or is_last) or after >= len(said):
        return None
    begin = 0 if is_first else min(found, default=max(after, len(said) - len(wanted)))
    end = len(said) if is_last else max(found, default=min(len(said), after + len(wanted)) - 1) + 1
    return begin, end


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _end(lines: Sequence[str], start: int) -> int:
    """The index after the last line of the entry that begins at line `start` (counted from 1)."""
    end = start
    while end < len(lines) and lines[end][:1].isspace() and lines[end].strip():
        end += 1
    return end


def _differs(entry: TranscriptEntry, actual: list[TranscriptEntry]) -> Problem:
    if entry.who == "GOT":
        has = " / ".join(out.text for out in actual if out.who == "GOT")
        return _GOT_OTHER(wanted=entry.text, has=has)
    line_says = " / ".join(out.text for out in actual if out.who != "GOT") or "nothing: the call is over"
    return _DIFFERS(wanted=entry.text, said=line_says)


def _heard_all_the_same(never: TranscriptEntry, heard: Transcript) -> Iterator[Problem]:
    """A Problem for each thing the line says that matches a NEVER line."""
    words = re.compile(rf"(?<!\w)(?:{pattern(never.text)})(?!\w)", re.IGNORECASE)
    for entry in heard.entries:
        if entry.who == "LINE" and (found := words.search(entry.text.translate(PLAIN))):
            yield _HEARD(words=found[0], said=entry.text)


def _exchanges(transcript: Transcript) -> list[list[TranscriptEntry]]:
    """What came out, in one list for each thing that was put in."""
    lists: list[list[TranscriptEntry]] = [[]]
    for entry in transcript.entries:
        if entry.put_in:
            lists.append([])
        elif entry.who != "NEVER":
            lists[-1].append(entry)
    return lists


def _matches(wanted: str, said: str) -> bool:
    return re.fullmatch(pattern(wanted), said.translate(PLAIN), re.DOTALL) is not None
