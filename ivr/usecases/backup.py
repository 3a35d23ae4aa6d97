"""A backup in one file, while the line runs, and its restore on another machine.

The file is a tar: what is stored in Redis, spoken messages and the spool, all encrypted as they are; and the draft in
config/ and people's recordings of prompts. It has neither the keys nor what was erased: both are kept apart.
"""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ivr.callbacks import callback
from ivr.machine import disk
from ivr.machine.config import Settings
from ivr.store import Spool, Store
from ivr.store.copying import CannotLoad, Stored
from ivr.usecases import personal_data
from ivr.usecases.jobs import recordings_folder

#: The names of the first two members of the file, and of the last: without it, the file is incomplete.
_ABOUT, _REDIS, _END = "backup.json", "redis", "end"
#: The shape of the file.
VERSION = 1


class CannotRestore(Exception):
    """Raised if a backup cannot be used here, with what to do. Nothing was changed."""


class BackupManifest(msgspec.Struct, frozen=True):
    """The first member of a backup: when the backup was made (POSIX seconds), and with which keys."""

    version: int
    at: float
    keys: tuple[str, ...]
    #: A hash made with the key for names, by which that key is recognised.
    names: str


class Restored(NamedTuple):
    """What came of a restore: when the backup was made, how much is there, and what was erased again."""

    at: float
    waiting: int
    ended: int
    messages: int
    erased: int
    #: The folder with the draft of config/, which is not put in place of the present one.
    config: Path


def make(settings: Settings, store: Store, file: Path, now: float) -> int:
    """Write a backup, complete or not at all. Returns its size in bytes. Raises OSError and StoreDown."""
    about = BackupManifest(VERSION, now, settings.keys.ids, settings.keys.name(_ABOUT))
    partial = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                _add(tar, _ABOUT, msgspec.json.encode(about), now)
                _add(tar, _REDIS, msgspec.msgpack.encode(store.copying.all()), now)
                for name, path in _files(settings):
                    with contextlib.suppress(FileNotFoundError):  # deleted, or handed in, meanwhile
                        _add(tar, name, path.read_bytes(), path.stat().st_mtime)
                _add(tar, _END, b"", now)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def restore(settings: Settings, store: Store, file: Path, now: float) -> Restored:
    """Put a backup into an empty line.

    Raises CannotRestore, and then nothing that is used was changed; StoreDown; and OSError, after which it can be tried
    again.
    """
    about, stored, files = _read(file)
    _must_fit(settings, about)
    if not store.copying.is_empty() and store.copying.unfinished() != about.at:
        raise CannotRestore("Something is stored here already. Restore into an empty IVR_DATA, or an empty Redis.")
    # Files come first. One that exists is left alone, so a restore that a full disk stopped can be tried again.
    messages = sum(_put(settings, name, content, at, about.at) for name, content, at in files)
    try:
        store.copying.load(stored, about.at)
    except CannotLoad as error:
        raise CannotRestore(f"{error}. Use the same Redis or Valkey, or a newer one.") from error
    finish(store, now)
    erased = personal_data.keep_erased(settings, store, Spool(settings.spool_dir, settings.keys), now)
    waiting, ended = len(store.requests.waiting()), len(store.requests.ended(10**9))
    return Restored(about.at, waiting, ended, messages, erased, _config_folder(settings, about.at))


def finish(store: Store, now: float) -> None:
    """Do the rest of a restore after Redis has taken it; nothing if no restore is unfinished.

    If something stopped the restore, the next start of the line calls this. So a text that was sent since the backup is
    not sent again.
    """
    if (at := store.copying.unfinished()) is not None:
        _tell_of_the_gap(store, at, now)
        store.copying.finished()


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files of a backup, by their names in it."""
    for name, folder in _folders(settings).items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                yield f"{name}/{path.relative_to(folder)}", path


def _folders(settings: Settings) -> dict[str, Path]:
    return {
        "messages": recordings_folder(settings),
        "spool": settings.spool_dir,
        "config": settings.config_dir,
        "recordings": settings.audio_dir / "recordings",
    }


def _add(tar: tarfile.TarFile, name: str, content: bytes, at: float) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), at, 0o600
    tar.addfile(member, io.BytesIO(content))


def _read(file: Path) -> tuple[BackupManifest, list[Stored], list[tuple[str, bytes, float]]]:
    """All of a backup. It is read completely before anything is changed."""
    try:
        with tarfile.open(file, mode="r:") as tar:
            found = [(each.name, read.read(), each.mtime) for each in tar if (read := tar.extractfile(each))]
        (first, about, _), (second, stored, _), *files, (last, _, _) = found
        if (first, second, last) != (_ABOUT, _REDIS, _END):
            raise ValueError
        return (
            msgspec.json.decode(about, type=BackupManifest),
            msgspec.msgpack.decode(stored, type=list[Stored]),
            [(name, content, float(at)) for name, content, at in files],
        )
    except (tarfile.TarError, ValueError, msgspec.MsgspecError, EOFError) as error:
        raise CannotRestore(f"{file} is no backup of this line, or is damaged or incomplete. Use another.") from error


def _must_fit(settings: Settings, about: BackupManifest) -> None:
    if about.version > VERSION:
        raise CannotRestore("A newer version of the line made this backup. Use that version.")
    if missing := [key for key in about.keys[:1] if key not in settings.keys.ids]:
        raise CannotRestore(
            f"This backup is encrypted with the key {missing[0]}, and here is {' and '.join(settings.keys.ids)}. "
            "Put the keys of that line in place: its key file, or IVR_KEYS."
        )
    if about.names != settings.keys.name(_ABOUT):
        raise CannotRestore(
            "The key here that begins with 'names:' is not that of this backup. Put the keys of that line in place."
        )


def _put(settings: Settings, name: str, content: bytes, at: float, made_at: float) -> bool:
    """Write one file. Returns whether it is a spoken message. Files that are there are left alone."""
    kind, _, rest = name.partition("/")
    to = {**_folders(settings), "config": _config_folder(settings, made_at)}.get(kind)
    path = to / rest if to and rest and ".." not in Path(rest).parts else None
    if path is None or rest.startswith(("calls/", "reserve-", "/")):
        return False
    if path.exists():
        return kind == "messages"
    disk.private_folder(path.parent)
    disk.write_whole(path, content, 0o600)
    os.utime(path, (at, at))
    return kind == "messages"


def _config_folder(settings: Settings, at: float) -> Path:
    return settings.data_dir / f"config-of-{time.strftime('%Y%m%d-%H%M%S', time.localtime(at))}"


def _tell_of_the_gap(store: Store, at: float, now: float) -> None:
    """Note on each card that its history since the backup is not known, and give up texts that may have been sent."""
    when = time.strftime("%H:%M on %d %B", time.localtime(at))
    words = f"Restored from a backup of {when}. What happened after that is not known: the caller may have been rung."
    for request in store.requests.waiting():
        store.requests.change(
            request.id, lambda found: callback.note(found, callback.LINE, words, now, f"restored {at}")
        )
    for text in store.texts.underway():
        store.texts.became(text.id, "failed", why="The line was restored from a backup. The text may have gone")
