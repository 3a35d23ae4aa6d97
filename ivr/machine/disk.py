"""The disk: writes files atomically, makes private folders, and tells whether anything can be written."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from pathlib import Path

#: Errors of a disk without room: it is full, the quota is used up, or the file may not grow.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(error: OSError) -> bool:
    """Whether a write failed because there is no room."""
    return error.errno in _NO_ROOM


def private_folder(path: Path) -> Path:
    """Create this folder if it is missing, and return it.

    Only its owner can read a new one, because it holds callers' numbers and voices.
    """
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def why_unwritable(folder: Path) -> str:
    """The system's reason why no file can be written into this folder; empty if one can."""
    try:
        with tempfile.NamedTemporaryFile(dir=private_folder(folder), prefix=".tried.", suffix=".part") as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file atomically: completely, or the old content stays. An existing file keeps its permissions.

    What is deleted elsewhere after this, such as a message at Twilio, is here even after a power cut.
    """
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
    with contextlib.suppress(OSError):  # the file is written; some network disks cannot sync a folder
        _fsync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, completely or not at all. It survives a power cut right after this.

    Raises OSError.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _fsync_folder(path.parent)


def _fsync_folder(folder: Path) -> None:
    """Sync the folder, so that the file's name is on the disk too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_once(path: Path, content: str) -> None:
    """Write a new file that only its owner can read. If another process was quicker, its file stays."""
    private_folder(path.parent)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _fsync_folder(path.parent)
