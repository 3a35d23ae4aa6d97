"""Files that are there after a power cut: their content is forced to the disk, and then their name in the folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.machine import disk

WRITERS: dict[str, Callable[[Path], object]] = {
    "a file that replaces another": lambda path: disk.write_whole(path, "words"),
    "a new file": lambda path: disk.write_new(path, b"words"),
    "a file that is kept once": lambda path: disk.keep_once(path, "words"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_name_of_a_file_is_forced_to_the_disk_after_its_content(
    writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[tuple[str, bool]] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content"
        forced.append((kind, (tmp_path / "file").exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)

    WRITERS[writer](tmp_path / "file")

    assert (tmp_path / "file").read_text() == "words"
    assert forced == [("content", False), ("folder", True)]


def test_a_folder_that_cannot_be_forced_loses_nothing_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some disks of a network refuse it, and staff's files may be on one."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)

    disk.write_whole(tmp_path / "file", "words")

    assert (tmp_path / "file").read_text() == "words"
