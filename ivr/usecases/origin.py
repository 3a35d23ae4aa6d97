"""Which publication a draft began from, and what others have published since.

Publishing replaces everything, so whoever publishes a draft that began from an older publication would take back what a
colleague published meanwhile. A draft therefore says what it began from, in two ways:

- By its words. It began from the publication in the history to which it is most similar: whoever copied the folder,
  unpacked an old archive or checked out an old commit has that publication's words, with a few changes.
- By a note in the folder, which every copy of the folder has too. It decides between publications that are equally
  similar, as when somebody corrects the same sentence again. It can also say that somebody has seen what is live.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.authoring import merging, stand_ins
from ivr.authoring.merging import Conflict, Difference, Side
from ivr.machine import disk
from ivr.store import DamagedRevision, Published, Store

#: The file of the note, in config/.
NOTE = "began-from.txt"
_HEAD = "# Written by the line. Leave it with the other files: it says which publication they began from.\n"
#: Follows the revision in the note, if somebody has seen what it changed, and decided what the draft takes over.
_SEEN = "seen"


@dataclass(frozen=True)
class Behind:
    """What others published since a draft began."""

    #: The publication that the draft began from.
    began: Published
    #: Those since, latest first.
    since: tuple[Published, ...]
    differences: tuple[Difference, ...]


def note(folder: Path, revision: str, *, seen: bool = False) -> None:
    """Note what the files in this folder began from. If the note cannot be written, only their words tell it."""
    text = f"{_HEAD}{revision}{f' {_SEEN}' if seen else ''}\n"
    with contextlib.suppress(OSError):
        if not (folder / NOTE).exists() or (folder / NOTE).read_text(encoding="utf-8", errors="replace") != text:
            disk.write_whole(folder / NOTE, text)


def noted(folder: Path) -> tuple[str, bool]:
    """The revision in the note, and whether somebody has looked at it; ("", False) without a usable note."""
    try:
        lines = (folder / NOTE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return "", False
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if len(words) != 1 or not words[0][0].isalnum():  # a merge left two of them, or something else is in it
        return "", False
    return words[0][0], words[0][1:] == [_SEEN]


def behind(store: Store, folder: Path, files: Mapping[str, str], who: str) -> Behind | None:
    """What is live and would be taken back by publishing these files; None if nothing is."""
    live = store.revisions.live() or ""
    now = _files(store, live)
    mine = stand_ins.written(files)
    if now is None or now == mine:
        return None
    rows = store.revisions.history()
    began = _began(store, rows, folder, mine, live, who)
    if began is None:
        return None
    differences = merging.missing(_files(store, began.revision) or {}, now, mine)
    since = rows[: rows.index(began)]
    return Behind(began, tuple(since), tuple(differences)) if differences else None


def _began(
    store: Store, rows: list[Published], folder: Path, mine: Mapping[str, str], live: str, who: str
) -> Published | None:
    """The publication that these files began from, if others have published since; None if they began from the last."""
    revision, seen = noted(folder)
    if (seen and revision == live) or _took_back(store, rows, mine, who):
        return None
    known: dict[str, Published] = {}
    for row in reversed(rows):  # of a revision that was live twice, keep the later row
        known[row.revision] = row
    near = {row: merging.distance(there, mine) for row in known.values() if (there := _files(store, row.revision))}
    if not near:
        return None
    least = min(near.values())
    nearest = [row for row in near if near[row] == least]
    # Without a note, the oldest of them: it is better to ask once too often.
    began = next((row for row in nearest if row.revision == revision), max(nearest, key=rows.index))
    if began.revision == live:
        return None
    is_own = revision == live and all(row.who == who for row in rows[: rows.index(began)])
    return None if is_own else began


def _took_back(store: Store, rows: list[Published], mine: Mapping[str, str], who: str) -> bool:
    """Whether this person has just taken these same files back. If they publish them again, they mean to."""
    return bool(rows and rows[0].undone and rows[0].who == who and _files(store, rows[0].before) == mine)


def _files(store: Store, revision: str) -> dict[str, str] | None:
    """The files of a revision as staff wrote them; None if they are gone or damaged."""
    with contextlib.suppress(DamagedRevision):
        found = store.revisions.files(revision) if revision else None
        return stand_ins.written(found) if found else None
    return None


def caught_up(
    store: Store, files: Mapping[str, str], began: Published, choose: Callable[[Conflict], Side]
) -> dict[str, str]:
    """These files with what was published since they began. Where both changed the same, `choose` is asked."""
    live = _files(store, store.revisions.live() or "") or {}
    return merging.merged(_files(store, began.revision) or {}, live, stand_ins.written(files), choose)
