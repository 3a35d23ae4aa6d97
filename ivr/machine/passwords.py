"""Advisers' passwords: kept as argon2 hashes, and checked.

A hash keeps all cores busy for a moment, on purpose. In a web process that must not delay callers, so a `Checker` does
one at a time, in a low-priority thread, and refuses when more than a few are waiting.
"""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: The fewest and the most characters of a new password. Length is the best protection that a password alone can give,
#: and even the longest is hashed in full.
SHORTEST, LONGEST = 15, 200
#: Guesses that a new password must withstand, as a power of ten. Common passwords, names and keyboard patterns need far
#: fewer.
_FEWEST_GUESSES = 10
_TRY = "Take four words that have nothing to do with each other."
#: The characters of a password that zxcvbn looks at. It takes more than linear time.
_LOOKED_AT = 72

#: The most checks that may wait. More are not people signing in.
MOST_WAITING = 8
#: The lowest priority: the kernel gives such a thread about a seventieth of the time of a normal one.
_NICE = 19

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to check against if the name does not exist, so that the time taken reveals nothing. Made at first use."""
    return _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """The argon2 hash of a password."""
    return _hasher.hash(_normal(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether a password matches its hash. Without a hash the result is False, but takes just as long."""
    normal = _normal(password)
    # A password from before 1.4 was hashed as it was typed.
    return _verifies(kept, normal) or (normal != password and _verifies(kept, password))


def _verifies(kept: str | None, password: str) -> bool:
    nobody = _nobody()
    try:
        return bool(_hasher.verify(kept or nobody, password) and kept)
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """The same characters, however a keyboard sends them: an accent with its letter, or after it."""
    return unicodedata.normalize("NFKC", password)


def why_too_weak(password: str, *known: str) -> str:
    """What is wrong with a new password, and what to do; empty if it can be taken.

    `known`: what anybody would try first for this person, like their name and the service's. It counts for nothing.
    """
    normal = _normal(password)
    if len(normal) < SHORTEST:
        return f"A password has at least {SHORTEST} characters. {_TRY}"
    if len(normal) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    own = normal.lower()
    for word in sorted(filter(None, map(str.lower, known)), key=len, reverse=True):
        own = own.replace(word, "")
    from zxcvbn import zxcvbn  # its lists of words take 11 MB, and only a new password needs them

    if not own or zxcvbn(own[:_LOOKED_AT])["guesses_log10"] < _FEWEST_GUESSES:
        return f"That password is among the first that somebody would try. {_TRY}"
    return ""


class Busy(Exception):
    """Raised when too many passwords are waiting to be checked. Try again in a moment."""


class Checker:
    """Checks passwords without delaying calls."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "passwords", _give_way)
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def fits(self, kept: str | None, password: str) -> bool:
        """Like the function `fits`. Raises Busy."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            return self._thread.submit(fits, kept, password).result()
        finally:
            self._places.release()


def _give_way() -> None:
    """On Linux, lower the priority of this thread and of the threads it starts."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
