"""Which of staff's files are copies of others, as a shared folder makes them when two people save at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ivr.problems import Problem, Where, kind
from ivr.reading import Document

_COPY = kind(
    "conflict-copy", "This is a copy of {first}, as a shared folder makes it when two people save at once.",
    "Move what you need from it into {first}, and remove this file.",
)  # fmt: skip
#: What programs add to the name of a copy: words, a number in brackets, or the name of the computer.
_ADDED = re.compile(r"(?i:copy|copie|conflict)|[(].*[)]|-[A-Z0-9]+(-[A-Z0-9]+)+|_(BACKUP|BASE|LOCAL|REMOTE)_[0-9]+")


def menu(name: str, menus: Mapping[str, Document]) -> Problem | None:
    """The problem of a menu file that is a copy of another; None if it is not.

    Its name contains the other's, like 'exclusion - Copy' or 'exclusion-DESKTOP-AB12', and it has names that are in the
    other too.
    """
    own = _names_in(menus[name])
    for other, document in menus.items():
        if other != name and _stem(other) in _stem(name) and own & _names_in(document):
            return _COPY(first=other).at(Where(menus[name].file))
    return None


def stories(names: Iterable[str]) -> Iterator[Problem]:
    """A problem for each story whose name says that it is a copy of another."""
    stems = {_stem(name): name for name in names}
    for stem, name in stems.items():
        for first in stems:
            if first != stem and first in stem and _ADDED.search(stem.replace(first, "", 1)):
                yield _COPY(first=stems[first]).at(Where(f"config/{name}"))


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _names_in(document: Document) -> set[tuple[str, str]]:
    """The nodes, steps and phrases that a menu file has."""
    data = document.data if isinstance(document.data, dict) else {}
    parts = {part: data.get(part) for part in ("nodes", "steps", "phrases")}
    return {(part, str(name)) for part, names in parts.items() if isinstance(names, dict) for name in names}
