"""The spool: what callers asked for while Redis was down, on this machine's own disk.

Each entry is a separate file, and on the disk before the line says "we have it": it is written under another name,
synced, and then renamed, so that it exists completely or not at all. Files are never changed after that, and are
removed once their content is in Redis. Names begin with the time, so that a caller's entries are handed in in order,
and contain a hash of the call, so that they can be found.

    spool/<time>-<call>-<random>.json   an entry to hand in, encrypted
    spool/calls/<call>                  the sessions of a call, one line for each turn: <turn>|<encrypted, in Base64>
    spool/reserve-<n>                   room on the disk that is given up when the disk is full

Several processes share the folder. Handing in an entry twice changes nothing: see `Requests.save`.
"""

from __future__ import annotations

import binascii
import contextlib
import errno
import os
import re
import secrets
import time
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from ivr.callbacks.request import CallbackRequest
from ivr.machine import disk
from ivr.machine.keys import Keys, id_of
from ivr.script.session import CancelRequest, Session
from ivr.store.codec import REQUESTS, SESSIONS, Codec, Sealed, Unreadable
from ivr.store.connection import StoreDown
from ivr.store.sessions import KEEP_SECONDS
from ivr.store.sessions import KIND as SESSION_KIND

log = structlog.get_logger()

#: The number and bytes of files that reserve room for a full disk. Each makes room for at least one request and its
#: call, even if the disk has run out of inodes.
RESERVES, RESERVE_BYTES = 64, 32 * 1024
#: The name of entries in their encryption.
KIND = b"spool"
#: Seconds after which an unfinished file counts as left by a killed process. Its caller was told nothing.
HALF_SECONDS = 60
#: Errors of a disk without room: for bytes or inodes, or the user's quota.
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Recording(msgspec.Struct, frozen=True):
    """A spoken message that can be fetched from Twilio: its wish, its id there, and its length in seconds."""

    wish: str
    sid: str
    seconds: int


class SpoolEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry, with its time in POSIX seconds. Exactly one of the other fields is set."""

    at: float
    #: A request as `REQUESTS` keeps it, so that it is upgraded as one in Redis is.
    kept: dict[str, Any] | None = None
    cancel: CancelRequest | None = None
    recording: Recording | None = None

    @classmethod
    def of(cls, at: float, request: CallbackRequest) -> SpoolEntry:
        """An entry that holds a request."""
        return cls(at, kept=msgspec.json.decode(REQUESTS.encode(request)))

    @property
    def request(self) -> CallbackRequest | None:
        """The request in it. Raises Unreadable."""
        return REQUESTS.decode(msgspec.json.encode(self.kept)) if self.kept is not None else None

    @property
    def about(self) -> str:
        """The id of its wish or request."""
        if self.kept is not None:
            return str(self.kept.get("id", ""))
        return self.cancel.id if self.cancel else self.recording.wish if self.recording else ""


class WaitingEntry(NamedTuple):
    """An entry, and the name of its file, which no other ever has."""

    name: str
    entry: SpoolEntry


class Content(NamedTuple):
    """The entries of a spool, oldest first, and the names of files that cannot be read."""

    waiting: list[WaitingEntry]
    damaged: list[str]


class SpoolCondition(NamedTuple):
    """The number of waiting entries, the time of the oldest (POSIX seconds, 0 if none), and damaged files."""

    waiting: int
    oldest: float
    damaged: int


_codec = Codec(SpoolEntry)
#: Paths of damaged files that were already logged.
_told: set[str] = set()


class Spool:
    """A folder of entries that wait for Redis. It is created and read only when needed."""

    def __init__(self, folder: Path, keys: Keys):
        self.folder, self._keys = folder, keys
        self._codec, self._sessions = Sealed(_codec, keys, KIND), Sealed(SESSIONS, keys, SESSION_KIND)

    # --- what was asked for -----------------------------------------------------------------

    def keep(self, entry: SpoolEntry) -> None:
        """Write an entry to the disk. Raises StoreDown if that fails; then nothing may be promised."""
        mark = _mark(entry.about.rsplit("-", 1)[0])
        name = f"{self._next_of(mark):020}-{mark}-{secrets.token_hex(4)}.json"
        try:
            self._write(self.folder / name, self._codec.encode(entry))
        except OSError as error:
            raise StoreDown(f"The disk takes nothing: {error.strerror}") from error

    def _next_of(self, mark: str) -> int:
        """The time (nanoseconds) in the name of a call's next entry: later than those before it, even if the clock was
        set back.
        """
        before = [int(name.partition("-")[0]) + 1 for name in self._names() if re.match(f"[0-9]+-{mark}-", name)]
        return max([time.time_ns(), *before])

    def content(self, wish: str = "") -> Content:
        """All waiting entries; with `wish`, those of this wish's call."""
        waiting, damaged = [], []
        mark = f"-{_mark(wish.rsplit('-', 1)[0])}-" if wish else ""
        for name in self._names():
            if mark in name:
                try:
                    waiting.append(WaitingEntry(name, self._entry(name)))
                except FileNotFoundError:  # another process handed it in
                    continue
                except (OSError, Unreadable) as error:
                    damaged.append(name)
                    self._tell(name, str(error))
        return Content(waiting, [*damaged, *self._half_written()])

    def is_empty(self) -> bool:
        """Whether no entry waits. Costs one listing of the folder."""
        return not self._names()

    def forget(self, name: str) -> None:
        """Remove an entry that is now in Redis."""
        with contextlib.suppress(FileNotFoundError):  # another process was as quick
            (self.folder / name).unlink()

    def condition(self) -> SpoolCondition:
        """The state of the spool, for monitoring."""
        content = self.content()
        return SpoolCondition(
            len(content.waiting), min((w.entry.at for w in content.waiting), default=0.0), len(content.damaged)
        )

    # --- encryption -------------------------------------------------------------------------

    def stored(self) -> Iterator[bytes]:
        """What is in each file, encrypted: entries, and sessions without their turns."""
        for name in self._names():
            with contextlib.suppress(OSError):
                yield (self.folder / name).read_bytes()
        for path in (self.folder / "calls").glob("*"):
            with contextlib.suppress(OSError):
                yield from (session for _, session in _sessions_in(path.read_bytes()))

    def renew(self) -> int:
        """Encrypt with the newest key every file that is not yet. Returns how many were changed. Raises OSError."""
        changed = 0
        for name in self._names():
            with contextlib.suppress(FileNotFoundError):  # another process handed it in
                path = self.folder / name
                renewed = self._keys.renewed(path.read_bytes(), KIND)
                if renewed is not None and path.exists():
                    self._write(path, renewed)
                    changed += 1
        for path in (self.folder / "calls").glob("*"):
            with contextlib.suppress(FileNotFoundError):  # the call is over
                changed += self._renew_call(path)
        return changed

    def _renew_call(self, path: Path) -> int:
        """Encrypt the latest session of a call again, and drop the earlier ones, which nobody needs any more."""
        before = path.read_bytes()
        session = self._latest(before)
        if session is None or all(id_of(each) == self._keys.ids[0] for _, each in _sessions_in(before)):
            return 0
        renewed = _line(session.turn, self._sessions.encode(session))
        if path.read_bytes() == before:  # else its next turn has come, with the newest key
            self._write(path, renewed)
        return 1

    # --- calls under way --------------------------------------------------------------------

    def session(self, call: str) -> Session | None:
        """The session of a call, if this machine stored it."""
        try:
            return self._latest(self._call(call).read_bytes())
        except OSError:
            return None

    def sessions(self) -> Iterator[Session]:
        """The sessions of all calls that this machine stored."""
        for path in (self.folder / "calls").glob("*"):
            with contextlib.suppress(OSError):
                if session := self._latest(path.read_bytes()):
                    yield session

    def keep_session(self, session: Session) -> Session | None:
        """Like `Sessions.save`: None if it was saved; otherwise the existing one at the same or a later turn.

        If the disk cannot be written, nothing is saved, and only the place in the URL is known of the call.
        """
        try:
            self._add(session, reserves=True)
        except OSError as error:
            log.error("spool", why=f"The disk takes no session: {error.strerror}")
            return None
        first = self.session(session.call)
        return None if first == session else first

    def keep_in_advance(self, session: Session) -> None:
        """Store a session that Redis has accepted, in case Redis fails before the next turn.

        It uses none of the room that is reserved for an outage. If the disk cannot be written, nothing is saved.
        """
        with contextlib.suppress(OSError):
            self._add(session, reserves=False)

    def _add(self, session: Session, *, reserves: bool) -> None:
        """Append a session to the file of its call. Raises OSError.

        This is done in most turns of a dialogue, so it costs three system calls and no lock. The kernel writes each
        append completely behind the one before. If that fails in the middle, the next one still begins a new line.
        """
        line = _line(session.turn, self._sessions.encode(session))
        path = str(self._call(session.call))
        while True:
            try:
                return _appended(path, line)
            except FileNotFoundError:
                disk.private_folder(self.folder / "calls")
            except OSError as error:
                if error.errno not in _FULL or not (reserves and self._give_up_a_reserve()):
                    raise

    def _latest(self, content: bytes) -> Session | None:
        """The session at the latest turn in a call's file. Of two at the same turn, the first counts."""
        for _, session in sorted(_sessions_in(content), key=lambda each: -each[0]):
            with contextlib.suppress(Unreadable):
                return self._sessions.decode(session)
        return None

    def end(self, call: str) -> None:
        """Remove the sessions of a call that is over."""
        with contextlib.suppress(OSError):
            self._call(call).unlink()

    def _call(self, call: str) -> Path:
        return self.folder / "calls" / _mark(call)

    # --- room -------------------------------------------------------------------------------

    def prepare(self, now: float) -> None:
        """Reserve room for a full disk, and remove calls that are long over and unfinished files."""
        with contextlib.suppress(OSError):
            disk.private_folder(self.folder / "calls")
            for path in (*(self.folder / "calls").glob("*"), *map(self.folder.joinpath, self._half_written())):
                age = HALF_SECONDS if path.parent == self.folder else KEEP_SECONDS
                with contextlib.suppress(FileNotFoundError):  # the call has just ended
                    if path.stat().st_mtime < now - age:
                        path.unlink()
            for number in range(RESERVES):
                self._reserve(self.folder / f"reserve-{number:02}")

    @staticmethod
    def _reserve(path: Path) -> None:
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.posix_fallocate(handle, 0, RESERVE_BYTES)
            except OSError:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(handle)

    def _give_up_a_reserve(self) -> bool:
        for path in sorted(self.folder.glob("reserve-*")):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                return True
        return False

    # --- files ------------------------------------------------------------------------------

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file completely or not at all, so that it survives a power cut. Raises OSError."""
        disk.private_folder(path.parent)
        while True:
            try:
                return disk.write_new(path, content)
            except OSError as error:
                if error.errno not in _FULL or not self._give_up_a_reserve():
                    raise

    def _names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if name.endswith(".json"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreDown(f"The spool cannot be read: {error.strerror}") from error

    def _half_written(self) -> list[str]:
        """Files that were begun more than HALF_SECONDS ago and never finished."""
        found = []
        for path in self.folder.glob(".*.part"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - HALF_SECONDS:
                    found.append(path.name)
                    self._tell(path.name, "It was never finished, so nobody was told of it")
        return found

    def _entry(self, name: str) -> SpoolEntry:
        entry = self._codec.decode((self.folder / name).read_bytes())
        _ = entry.request  # raises Unreadable if the request in it cannot be read
        return entry

    def _tell(self, name: str, why: str) -> None:
        path = str(self.folder / name)
        if path not in _told:
            _told.add(path)
            log.error("unreadable", file=path, why=why)


def _line(turn: int, session: bytes) -> bytes:
    return b"\n%d|%s" % (turn, b2a_base64(session))


def _sessions_in(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The turns and stored sessions in a call's file, without lines that are damaged.

    Version 1.4 replaced the file in each turn, and did not use Base64.
    """
    for line in content.split(b"\n"):
        turn, _, session = line.partition(b"|")
        if turn.isdigit():
            with contextlib.suppress(binascii.Error):
                yield int(turn), session if session.startswith(b"{") else a2b_base64(session, strict_mode=True)


def _appended(path: str, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _mark(call: str) -> str:
    """The hash of a call for file names, because its id may contain any characters."""
    return sha256(call.encode()).hexdigest()[:16]
