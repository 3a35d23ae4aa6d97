"""The parts of the append-only file: their list, their lengths, and their lengths when we last looked."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from ivr.machine import disk

#: The single append-only file of version 1.2.
OLD_FILE = "appendonly.aof"
#: The folder of the parts, and the file that lists them.
FOLDER, MANIFEST = "appendonlydir", "appendonly.aof.manifest"
#: How long each part was when we last looked.
KEPT = "kept.json"

_ROW = re.compile(r"file (?P<name>appendonly\.aof\S*) seq (?P<number>\d+) type (?P<type>[bih])( .*)?")
_NAME = re.compile(r"appendonly\.aof(\.(?P<number>\d+)\.(?P<type>base|incr)\.(aof|rdb))?")


class Damaged(Exception):
    """Raised when the list of parts cannot be read, with one plain line."""


@dataclass(frozen=True)
class Parts:
    """The parts in the manifest, in reading order. `base`: the number of the first."""

    base: int
    files: tuple[Path, ...]


def listed(data: Path) -> Parts | None:
    """Read the manifest; None if there is none. Raises Damaged."""
    manifest = folder(data) / MANIFEST
    try:
        lines = manifest.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return None
    rows = [row for line in lines if (row := _ROW.fullmatch(line))]
    bases = [row for row in rows if row["type"] == "b"]
    if len(rows) != len(lines) or len(bases) > 1 or not rows:
        raise Damaged(f"{manifest} is damaged, and does not list the parts.")
    order = [*bases, *sorted((row for row in rows if row["type"] == "i"), key=lambda row: int(row["number"]))]
    old = data / OLD_FILE  # the server lists the file of version 1.2 before it moves it
    paths = (folder(data) / row["name"] for row in order)
    files = tuple(old if path.name == OLD_FILE and not path.exists() else path for path in paths)
    return Parts(min(int(row["number"]) for row in order), files)


def named(data: Path) -> list[tuple[int, str, str]]:
    """The existing parts as (number, type, name): the newest base, and the parts after it."""
    found = []
    for path in folder(data).glob("appendonly.aof*"):
        if name := _NAME.fullmatch(path.name):
            found.append((int(name["number"] or 1), "i" if name["type"] == "incr" else "b", path.name))
    newest = max((number for number, kind, _ in found if kind == "b"), default=0)
    return sorted((part for part in found if part[0] >= newest), key=lambda part: (part[1], part[0]))


def list_again(data: Path) -> None:
    """Write a new manifest from the existing parts."""
    rows = [f"file {name} seq {number} type {kind}\n" for number, kind, name in named(data)]
    if rows:
        disk.write_whole(folder(data) / MANIFEST, "".join(rows), 0o600)
    else:
        (folder(data) / MANIFEST).unlink(missing_ok=True)


def number(name: str) -> int:
    """The number in a part's name. The file of version 1.2 became the first part unchanged."""
    found = _NAME.fullmatch(name)
    return int(found["number"] or 1) if found else 1


def folder(data: Path) -> Path:
    return data / FOLDER


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


# --- the note beside it -----------------------------------------------------------------------


def note(data: Path) -> None:
    """Record the length of each part, so that one that becomes shorter is noticed. A damaged list is left alone."""
    with contextlib.suppress(Damaged):
        sizes = {path.name: size(path) for path in there.files} if (there := listed(data)) else None
        if sizes is not None and sizes != kept(data):
            disk.write_whole(data / KEPT, json.dumps(sizes), 0o600)


def kept(data: Path) -> dict[str, int]:
    """The recorded lengths; empty if they cannot be read, as at a first start."""
    try:
        noted = json.loads((data / KEPT).read_text())
        return {str(name): int(size) for name, size in noted.items()}
    except (OSError, ValueError, AttributeError):
        return {}
