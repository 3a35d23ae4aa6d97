"""Writes files of the draft that a page has changed, unless somebody else was quicker."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.machine import configfiles, disk
from ivr.machine.disk import is_full
from ivr.problems import ConfigError


def draft(folder: Path) -> dict[str, str]:
    """The files of config/ with its stories. Raises ConfigError for files that cannot be read."""
    return {**configfiles.script_files(folder), **configfiles.story_files(folder)}


def write(folder: Path, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Write the files that changed, if those on disk are still as they were read (`before`).

    Returns why it could not be done; empty if it was done.
    """
    changed = [file for file in before.keys() | after.keys() if before.get(file) != after.get(file)]
    try:
        now = draft(folder)
        if moved := sorted(file for file in changed if now.get(file) != before.get(file)):
            return f"config/{moved[0]} was changed at this moment. Nothing was written. Try once more."
        for file in sorted(changed):
            if file in after:
                disk.write_whole(folder / file, after[file])
            else:
                (folder / file).unlink()
    except OSError as error:
        why = "the disk is full" if is_full(error) else str(error.strerror)
        return f"config/{error.filename or folder} could not be written: {why}."
    except ConfigError as error:
        return f"The files could not be read. {error}"
    return ""


@dataclass(frozen=True)
class ChangedLines:
    """Lines of a file that a change replaces. `line`: the number of the first one."""

    file: str
    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[ChangedLines]:
    """The lines that differ, file by file."""
    for file in sorted(before.keys() | after.keys()):
        old, new = before.get(file, "").splitlines(), after.get(file, "").splitlines()
        for op, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if op != "equal":
                yield ChangedLines(file, a + 1, tuple(map(str.strip, old[a:b])), tuple(map(str.strip, new[c:d])))
