"""Encrypts what the line stores about people, with the library `cryptography` and the keys of this line.

The keys are words, newest first, in IVR_KEYS (with commas) or in the key file (one a line):

    names:<base64>   32 bytes that hash phone numbers for the names of keys in Redis; they never change
    <base64>         32 bytes that encrypt: the first one encrypts, and all of them decrypt

Names have a key of their own, so that a rotation rewrites values and no names. Two processes that hash a number with
different keys would not find each other's requests, and a rename of every name at once, under a running line, is not
possible. If the key for names leaks, somebody who can also read Redis can find out which numbers are stored.

A sealed value is a byte 1, four bytes that identify its key, a nonce of twelve bytes, and what AES-256-GCM makes of the
content, with the kind of the value as associated data. So a text is never taken for a request. A value that does not
begin with byte 1 was stored in the clear, by version 1.4 or earlier, and is read as it is.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.machine import disk, environment
from ivr.problems import ConfigError, Where, kind

#: The first byte of a sealed value. JSON, turns and sounds begin with others.
MARK = b"\x01"
#: The lengths in bytes of a key's id, a nonce, and all that precedes the encrypted content.
ID, NONCE = 4, 12
HEAD = len(MARK) + ID + NONCE
#: How the word of the key for names begins.
NAMES = environment.NAMES
#: The first line of a key file.
FIRST_LINE = "# The keys of this line's data. Keep a copy apart from the backups of that data. See docs/operators.md"
#: How a key file is read: also one that was copied with an editor of Windows, which puts a mark in front.
_CODING = "utf-8-sig"
#: Seconds between two looks whether the key file has changed.
LOOK_SECONDS = 1.0


_MISSING = kind(
    "no-keys", "{why}", "Put this file back, or set IVR_KEYS. For a new line, use the output of ivr keys new"
)
_UNREADABLE = kind(
    "keys-unreadable", "The keys cannot be read: {why}.", "Correct that, or put a copy of the file back."
)
_DAMAGED = kind("keys-damaged")


class Locked(ValueError):
    """Raised for a sealed value that these keys do not open: its key is not there, or the value was changed."""


class _Ring(NamedTuple):
    """The keys of one moment."""

    words: tuple[str, ...]
    names: bytes
    newest: AESGCM
    head: bytes
    by_id: Mapping[bytes, AESGCM]


class Keys:
    """Seals and opens values, and hashes numbers for names. Safe to share between threads.

    `words` are valid (see `environment.key_faults`). With a `file`, keys that are added to it are used within a second,
    so that a rotation needs no restart.
    """

    def __init__(self, words: tuple[str, ...], file: Path | None = None):
        self._file, self._looked = file, time.monotonic()
        self._written = _time_of(file)
        self._ring = _ring(words)

    @property
    def words(self) -> tuple[str, ...]:
        """The keys as they are written."""
        return self._fresh().words

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys that encrypt, newest first: they tell keys apart, and do not reveal them."""
        return tuple(each.hex() for each in self._fresh().by_id)

    def seal(self, content: bytes, kind: bytes) -> bytes:
        """Encrypt with the newest key. It costs two millionths of a second."""
        ring, nonce = self._fresh(), os.urandom(NONCE)
        return ring.head + nonce + ring.newest.encrypt(nonce, content, kind)

    def open(self, stored: bytes, kind: bytes) -> bytes:
        """Decrypt, or return what was stored in the clear. Raises Locked."""
        if not stored.startswith(MARK):
            return stored
        its_key = stored[len(MARK) : len(MARK) + ID]
        key = self._ring.by_id.get(its_key) or self._fresh(at_once=True).by_id.get(its_key)
        if key is None:
            raise Locked(f"It is encrypted with the key {its_key.hex()}, which is not among the keys of this line")
        try:
            return key.decrypt(stored[HEAD - NONCE : HEAD], stored[HEAD:], kind)
        except (InvalidTag, ValueError) as error:
            raise Locked("It was changed after it was encrypted, or is something else than its name says") from error

    def renewed(self, stored: bytes, kind: bytes) -> bytes | None:
        """A stored value, encrypted with the newest key; None if it is already, or cannot be read."""
        if id_of(stored) == self.ids[0]:
            return None
        try:
            return self.seal(self.open(stored, kind), kind)
        except Locked:
            return None

    def name(self, text: str) -> str:
        """A phone number, or anything else that must not stand in a name, as 32 characters that do not reveal it."""
        return hmac.new(self._ring.names, text.encode(errors="replace"), sha256).hexdigest()[:32]

    def _fresh(self, *, at_once: bool = False) -> _Ring:
        """The keys, read again if their file has changed.

        A file that is missing, damaged, or of another line changes nothing: with its keys, what is written from then on
        could not be found again, or not be read.
        """
        if self._file is None:
            return self._ring
        now = time.monotonic()
        if at_once or now - self._looked > LOOK_SECONDS:
            self._looked = now
            written = _time_of(self._file)
            if written and written != self._written:
                with contextlib.suppress(OSError, ValueError):
                    ring = _ring(words_in(self._file.read_text(_CODING)))
                    if ring.names == self._ring.names:
                        self._ring, self._written = ring, written
        return self._ring


def is_sealed(stored: bytes) -> bool:
    """Whether a value is encrypted."""
    return stored.startswith(MARK)


def id_of(stored: bytes) -> str:
    """The id of the key that encrypted a value; empty for one in the clear."""
    return stored[len(MARK) : len(MARK) + ID].hex() if is_sealed(stored) else ""


def words_in(text: str) -> tuple[str, ...]:
    """The keys in IVR_KEYS or in a key file. Lines that begin with # are comments."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return tuple(word.strip() for line in lines for word in line.split(",") if word.strip())


# --- where they are ---------------------------------------------------------------------------


def of_line(words: str, file: Path) -> Keys:
    """The keys in IVR_KEYS; if that is empty, those in the key file.

    Raises ConfigError if there are none yet (see `make`), or they cannot be read.
    """
    if words:
        return Keys(words_in(words))
    try:
        found = words_in(file.read_text(_CODING))
    except FileNotFoundError:
        raise _none(file, "The keys that encrypt callers' data are missing.") from None
    except (OSError, UnicodeError) as error:
        raise ConfigError([_UNREADABLE(why=error).at(Where(str(file)))]) from error
    if faults := list(environment.key_faults(found, "This file")):
        raise ConfigError([_DAMAGED.told(*told).at(Where(str(file))) for told in faults])
    return Keys(found, file)


def make(file: Path, data: Path) -> None:
    """Make the key file of a new line, whose data is in this folder.

    Raises ConfigError if the file might be lost before the data is, or cannot be written.
    """
    if os.path.ismount(data):
        raise _none(file, f"{data} is a volume of its own, and a file beside it may not be kept as long.")
    try:
        disk.keep_once(file, "\n".join((FIRST_LINE, *new_words(), "")))
    except OSError as error:
        raise _none(file, f"The keys of a new line cannot be written here ({error.strerror}).") from error


def rewrite(file: Path, words: tuple[str, ...]) -> None:
    """Replace the keys in the key file. Raises OSError; then the old ones are there."""
    disk.write_whole(file, "\n".join((FIRST_LINE, *words, "")), 0o600)


def _none(file: Path, why: str) -> ConfigError:
    return ConfigError([_MISSING(why=why).at(Where(str(file)))])


def new_key() -> str:
    """A new random key that encrypts."""
    return base64.b64encode(os.urandom(32)).decode()


def new_words() -> tuple[str, ...]:
    """The keys of a new line."""
    return NAMES + new_key(), new_key()


def _ring(words: tuple[str, ...]) -> _Ring:
    """Raises ValueError for words that are not keys."""
    (names,) = (base64.b64decode(word.removeprefix(NAMES)) for word in words if word.startswith(NAMES))
    found = [base64.b64decode(word) for word in words if not word.startswith(NAMES)]
    by_id = {sha256(b"ivr key " + key).digest()[:ID]: AESGCM(key) for key in found}
    first = next(iter(by_id), None)
    if first is None:
        raise ValueError("There is no key that encrypts")
    return _Ring(words, names, by_id[first], MARK + first, by_id)


def _time_of(file: Path | None) -> int:
    """When a file was last written, in nanoseconds; 0 if it is not there."""
    try:
        return os.stat(file).st_mtime_ns if file else 0
    except OSError:
        return 0
