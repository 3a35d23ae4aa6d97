"""Encrypts everything that is stored with the newest key: after an upgrade from 1.4, and when keys are rotated."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ivr import embedded
from ivr.machine import disk, keys
from ivr.machine.config import Settings
from ivr.store import Spool, Store
from ivr.usecases.jobs import MESSAGE_KIND, recordings_folder

#: Copies in IVR_DATA of what was stored before an upgrade or a repair. Those of earlier versions are not encrypted.
COPIES = ("before-encryption-*", "before-repair-*", embedded.OLD_COPY)
#: Days for which they are kept.
COPY_DAYS = 30


def counted(settings: Settings, store: Store) -> Counter[str]:
    """How many values and files each key encrypted, by the key's id; "" counts unencrypted ones. Raises StoreDown."""
    found = store.sealing.counted()
    found.update(keys.id_of(sealed) for sealed in _files(settings))
    return found


def in_the_clear(settings: Settings, store: Store) -> int:
    """How many values and files an earlier version stored unencrypted."""
    return store.sealing.in_the_clear() + sum(not keys.is_sealed(each) for each in _files(settings))


def renew(settings: Settings, store: Store, tell: Callable[[int], None] = lambda count: None) -> int:
    """Encrypt everything with the newest key that is not yet. Returns how many values and files were changed.

    It may be interrupted, and run again, while the line runs. Raises StoreDown and OSError.
    """
    changed = store.sealing.renew(tell)
    for path in _messages(settings):
        changed += _renew_message(settings, path)
    return changed + Spool(settings.spool_dir, settings.keys).renew()


def copy_first(settings: Settings, now: float) -> Path:
    """Copy what is stored in IVR_DATA, as it is. Returns the folder. Raises OSError."""
    when = dt.datetime.fromtimestamp(now, dt.UTC)
    to = disk.private_folder(settings.data_dir / f"before-encryption-{when:%Y%m%d-%H%M%S}")
    embedded.copy(settings.data_dir, to)
    for folder in (settings.spool_dir, recordings_folder(settings)):
        if folder.is_dir():
            shutil.copytree(folder, to / folder.name)
    return to


def forget_copies(settings: Settings, now: float) -> None:
    """Delete copies whose days are over. Raises OSError."""
    for path in (path for name in COPIES for path in settings.data_dir.glob(name)):
        if path.stat().st_mtime + COPY_DAYS * 86400 <= now:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _messages(settings: Settings) -> Iterator[Path]:
    yield from sorted(recordings_folder(settings).glob("*.wav"))


def _files(settings: Settings) -> Iterator[bytes]:
    """The beginning of each encrypted file."""
    for path in _messages(settings):
        with contextlib.suppress(OSError), path.open("rb") as file:
            yield file.read(keys.HEAD)
    yield from Spool(settings.spool_dir, settings.keys).stored()


def _renew_message(settings: Settings, path: Path) -> int:
    """Encrypt a message again. The file keeps its time, because the days for which it is stored count from then."""
    try:
        with path.open("rb") as file:
            before, stored = os.stat(file.fileno()), file.read()
    except FileNotFoundError:
        return 0
    if (sealed := settings.keys.renewed(stored, MESSAGE_KIND)) is None:
        return 0
    partial = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        os.utime(partial, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.exists():  # nobody deleted it meanwhile
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return 1
