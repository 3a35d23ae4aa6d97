"""Advisers' passwords: kept as argon2 hashes, and checked.

A hash takes all cores for a moment, on purpose. In a web process that must not keep callers waiting, so there a
`Checker` does one at a time, in a thread that gives way to every other, and refuses more than a few in waiting.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: Checks that wait for their turn. More are not people who sign in.
MOST_WAITING = 8
#: As nice as can be: the kernel gives such a thread about a seventieth of what it gives another that wants to run.
_NICE = 19

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """Checked when there is no such name, so that the time taken does not tell. Made once, at the first check."""
    return _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """A password as it is kept."""
    return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password whose hash is kept. With no hash it never is, and that takes as long to say."""
    nobody = _nobody()
    try:
        return bool(_hasher.verify(kept or nobody, password) and kept)
    except (VerificationError, InvalidHashError):
        return False


class Busy(Exception):
    """Raised when too many passwords wait to be checked. Trying again in a moment helps."""


class Checker:
    """Checks passwords beside calls."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "passwords", _give_way)
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def fits(self, kept: str | None, password: str) -> bool:
        """As `fits`. Raises Busy."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            return self._thread.submit(fits, kept, password).result()
        finally:
            self._places.release()


def _give_way() -> None:
    """On Linux, have this thread, and those it begins, run only when no other wants to."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
