"""Diagnostics: what is wrong, where, and what to do about it.

A `Problem` is one value, whoever finds it: the parser, the schema, a rule, a story or the environment. Each is of a
`Kind` with a code, and all kinds are in `KINDS`: what `ivr explain CODE` prints, and what every list of them is made
from. A module declares its kinds beside the code that finds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warning"]
#: The longest excerpt that is shown. A longer line is cut on both sides of the column.
SHOWN = 90


class Stopped(Exception):
    """Raised when something that somebody asked for is not done. The message says why, and what to do."""


@dataclass(frozen=True, order=True)
class Where:
    """A location: in a file, a whole file if there is no line, or a name that is no file, such as the environment."""

    file: str
    #: The number of the line, from 1; 0 if there is none.
    line: int = 0
    #: The number of the character in the line, from 1; 0 if there is none.
    column: int = 0
    #: The line as written.
    excerpt: str = ""

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])

    def shown(self) -> list[str]:
        """The excerpt with a caret under the column, as two lines; none without an excerpt."""
        if not self.column or not self.excerpt.strip():
            return []
        start = max(0, min(self.column - SHOWN // 2, len(self.excerpt) - SHOWN))
        end = start + SHOWN
        words = f"{'…' if start else ''}{self.excerpt[start:end]}{'…' if end < len(self.excerpt) else ''}"
        before = ("…" if start else "") + self.excerpt[start : self.column - 1]
        return [f"{self.line:>6} | {words}", f"{'':6} | {re.sub(r'[^	]', ' ', before)}^"]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong."""

    where: Where
    #: The code of its kind.
    code: str
    #: What is wrong.
    words: str
    #: What to do about it.
    remedy: str
    severity: Severity = "error"

    @property
    def says(self) -> str:
        """What is wrong and what to do about it, on one line."""
        return " ".join(f"{self.words} {self.remedy}".splitlines())

    def at(self, where: Where) -> Problem:
        return replace(self, where=where)

    def __str__(self) -> str:
        return f"{self.where}  {self.says}  ({self.severity}: {self.code})"

    def shown(self) -> str:
        """For a terminal: on several lines, with the line that it is about."""
        head = f"{self.where}  {self.severity}: {self.code}"
        return "\n".join([head, *self.where.shown(), f"  {self.says}"])

    def as_json(self) -> dict[str, Any]:
        """For tools. What it does not have is null."""
        where = self.where
        place = {
            "file": where.file, "line": where.line or None, "column": where.column or None,
            "excerpt": where.excerpt or None,
        }  # fmt: skip
        return {"code": self.code, "severity": self.severity, **place, "words": self.words, "remedy": self.remedy}


#: The location of a problem until `Problem.at` sets it.
NOWHERE = Where("")


@dataclass(frozen=True)
class Kind:
    """A kind of problem. Its words may have {blanks}, and are empty if each problem of this kind brings its own."""

    code: str
    words: str = ""
    remedy: str = ""
    severity: Severity = "error"
    #: Why it matters; for rules about callers.
    why: str = ""

    def __call__(self, **blanks: object) -> Problem:
        """A problem of this kind, with the blanks filled in. Its location is set by `Problem.at`."""
        return self.told(self.words.format(**blanks), self.remedy.format(**blanks))

    def told(self, words: str, remedy: str, severity: Severity | None = None) -> Problem:
        """A problem of this kind with these words instead of those of the kind."""
        return Problem(NOWHERE, self.code, words, remedy, severity or self.severity)


#: Every kind by its code.
KINDS: dict[str, Kind] = {}


def kind(code: str, words: str = "", remedy: str = "", **more: Any) -> Kind:
    """Declare a kind. Raises ValueError for a code that another kind has."""
    if code in KINDS:
        raise ValueError(f"Two kinds of problems have the code {code}.")
    KINDS[code] = Kind(code, words, remedy, **more)
    return KINDS[code]


@dataclass(frozen=True)
class Cause:
    """Problems with one cause: they say the same about several locations."""

    problem: Problem
    #: The other places.
    also: tuple[Where, ...] = ()

    def _elsewhere(self) -> str:
        named = ", ".join(
            f"{where.file}:{where.line}" if where.line else where.file for where in self.also[:MOST_PLACES]
        )
        more = f", and {len(self.also) - MOST_PLACES} more" if len(self.also) > MOST_PLACES else ""
        return f"  The same at {named}{more}." if self.also else ""

    def __str__(self) -> str:
        return f"{self.problem}{self._elsewhere()}"

    def shown(self) -> str:
        return "\n".join([self.problem.shown(), *([self._elsewhere()] if self.also else [])])


#: The most locations that are listed after the first.
MOST_PLACES = 5


def causes(problems: Iterable[Problem]) -> list[Cause]:
    """The problems, grouped: those that say the same are one Cause."""
    found: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in problems:
        found.setdefault((problem.code, problem.words, problem.remedy, problem.severity), []).append(problem)
    return [Cause(first, tuple(other.where for other in others)) for first, *others in found.values()]


class ConfigError(Exception):
    """Raised with every Problem that prevents a script from being used, or the line from starting."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Invalid(ValueError):
    """Raised by a check of one value, with the Problem to report at its place."""

    def __init__(self, problem: Problem):
        self.problem = problem
        super().__init__(problem.says)


def counted(number: int, noun: str) -> str:
    """A number with its noun, for messages: '1 key', '2 keys'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
