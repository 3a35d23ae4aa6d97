"""The disk: files that are whole, folders that nobody else looks into, and whether anything can be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def private_folder(path: Path) -> Path:
    """This folder, made if need be so that nobody else looks into it: callers' numbers and voices are there."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def why_unwritable(folder: Path) -> str:
    """Why no file can be written into this folder, in the words of the system; empty if one can."""
    try:
        with tempfile.NamedTemporaryFile(dir=private_folder(folder), prefix=".tried.", suffix=".part") as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file in one step: all of it, or what was there before stays. A file that was there keeps its rights."""
    path = path.resolve()
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, partial)
        else:
            Path(partial).chmod(mode)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
