"""Advisers' passwords: kept as argon2 hashes, and checked."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
#: Checked when there is no such name, so that the time taken does not tell.
_NOBODY = _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """A password as it is kept."""
    return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password whose hash is kept. With no hash it never is, and that takes as long to say."""
    try:
        return bool(_hasher.verify(kept or _NOBODY, password) and kept)
    except (VerificationError, InvalidHashError):
        return False
