"""Which of staff's files are copies of others, as a shared folder makes them when two people save at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from ivr.authoring.parsing import Document
from ivr.problems import Problem, Where, kind

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


def by_name(name: str, others: Iterable[str]) -> Problem | None:
    """The problem of a file whose name says that it is a copy of one of the others; None if it does not say so."""
    stem = _stem(name)
    for other in others:
        added = stem.replace(_stem(other), "", 1)
        if added not in ("", stem) and _ADDED.search(added):
            return _COPY(first=other).at(Where(f"config/{name}"))
    return None


def among(names: Collection[str]) -> Iterator[Problem]:
    """The problems of those files whose names say that they are copies of another of them."""
    return filter(None, (by_name(name, names) for name in names))


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _names_in(document: Document) -> set[tuple[str, str]]:
    """The nodes, steps and phrases that a menu file has."""
    data = document.data if isinstance(document.data, dict) else {}
    parts = {part: data.get(part) for part in ("nodes", "steps", "phrases")}
    return {(part, str(name)) for part, names in parts.items() if isinstance(names, dict) for name in names}
