"""Compares two people's changes of the same files, place by place, and merges them (a three-way merge).

Both began from `before`. `theirs` is what is live, and `mine` is the draft. A place is a path in one of the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from merge3 import Merge3

from ivr.authoring.parsing import Path, read

Side = Literal["mine", "theirs"]


@dataclass(frozen=True)
class Difference:
    """A place that the other person changed, and where my files have something else."""

    file: str
    path: Path
    #: What stood there before both, what the other wrote, and what I have. None: it is not there.
    before: str | None
    theirs: str | None
    mine: str | None

    @property
    def is_conflict(self) -> bool:
        """Whether I changed the same place in another way."""
        return self.mine != self.before

    def lines(self) -> Iterator[str]:
        """The difference in words."""
        yield f"config/{self.file}: {', '.join(map(str, self.path)) or 'the whole file'}"
        yield f"    before  {_shown(self.before)}"
        yield f"    live    {_shown(self.theirs)}"
        if self.is_conflict:
            yield f"    yours   {_shown(self.mine)}"


def _shown(value: str | None) -> str:
    return "(is not there)" if value is None else value or "(empty)"


def missing(before: Mapping[str, str], theirs: Mapping[str, str], mine: Mapping[str, str]) -> list[Difference]:
    """What they changed since `before` and what my files do not have."""
    was, live, have = _places(before), _places(theirs), _places(mine)
    found = []
    for place in {**was, **live}:
        now = live.get(place)
        if was.get(place) != now and have.get(place) != now:
            found.append(Difference(*place, was.get(place), now, have.get(place)))
    return found


def distance(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    """In how many places two sets of files are different."""
    if one == other:
        return 0
    a, b = _places(one), _places(other)
    return 1 + sum(a.get(place) != b.get(place) for place in {**a, **b})


_Places = dict[tuple[str, Path], str]


def _places(files: Mapping[str, str]) -> _Places:
    """Every value in the files as text, by its place. A file that cannot be read is one place."""
    found: _Places = {}
    for file, text in files.items():
        document = read(text, file)
        whole = document.data is None or document.problems
        for path, value in [((), text)] if whole else _leaves(document.data, ()):
            found[file, path] = str(value)
    return found


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _leaves(below, (*path, name))
    elif isinstance(value, list):
        yield path, " / ".join(map(str, value)) if not any(isinstance(i, dict) for i in value) else str(value)
    else:
        yield path, "" if value is None else str(value)


# --- both together ------------------------------------------------------------------------------

_Lines = tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """Lines that both changed, each in another way."""

    file: str
    #: The number of the first line in my file, from 1.
    line: int
    mine: _Lines
    theirs: _Lines


#: Decides whose lines to keep where both changed the same ones.
Choose = Callable[[Conflict], Side]


def merged(
    before: Mapping[str, str], theirs: Mapping[str, str], mine: Mapping[str, str], choose: Choose
) -> dict[str, str]:
    """My files with what they changed since `before`. Where both changed the same lines, `choose` is asked."""
    found = {}
    for file in sorted({*before, *theirs, *mine}):
        text = _of_file(file, before.get(file), theirs.get(file), mine.get(file), choose)
        if text is not None:
            found[file] = text
    return found


def _of_file(file: str, before: str | None, theirs: str | None, mine: str | None, choose: Choose) -> str | None:
    if theirs in (before, mine):
        return mine
    if mine == before:
        return theirs
    if theirs is None or mine is None:  # one took the file away, the other changed it
        kept = choose(Conflict(file, 1, _lines(mine or ""), _lines(theirs or "")))
        return mine if kept == "mine" else theirs
    return _by_lines(file, _lines(before or ""), _lines(theirs), _lines(mine), choose)


def _lines(text: str) -> _Lines:
    return tuple(text.splitlines(keepends=True))


def _by_lines(file: str, before: _Lines, theirs: _Lines, mine: _Lines, choose: Choose) -> str:
    made: list[str] = []
    for region in Merge3(list(before), list(theirs), list(mine)).merge_regions():
        match region:
            case ("unchanged", int(start), int(end)):
                made += before[start:end]
            case ("same" | "a", int(start), int(end)):
                made += theirs[start:end]
            case ("b", int(start), int(end)):
                made += mine[start:end]
            case (_, int(start), int(end), int(a), int(to_a), int(b), int(to_b)):
                for line, was, live, have in _parts(before[start:end], theirs[a:to_a], mine[b:to_b]):
                    made += _chosen(was, live, have, Conflict(file, b + line, have, live), choose)
    return "".join(made)


def _parts(before: _Lines, theirs: _Lines, mine: _Lines) -> Iterator[tuple[int, _Lines, _Lines, _Lines]]:
    """Lines that both changed, in parts: the number of the first, from 1, and each part as it was, live, and mine.

    If all three have the same number of lines, each line is compared by itself, as with the days of a week: a line that
    only one person changed is no conflict, even if the other changed the next one. Neighbouring lines that both changed
    stay together.
    """
    if not len(before) == len(theirs) == len(mine):
        yield 1, before, theirs, mine
        return
    by_line = list(enumerate(zip(before, theirs, mine, strict=True), 1))
    for _, group in groupby(by_line, lambda line: 0 if line[1][0] not in line[1][1:] else line[0]):
        lines = list(group)
        was, live, have = zip(*(each for _, each in lines), strict=True)
        yield lines[0][0], was, live, have


def _chosen(was: _Lines, theirs: _Lines, mine: _Lines, conflict: Conflict, choose: Choose) -> _Lines:
    if theirs in (was, mine):
        return mine
    if mine == was:
        return theirs
    return mine if choose(conflict) == "mine" else theirs
