"""Reading many stored values of which one may be damaged: it must hide no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec
import structlog

log = structlog.get_logger()

T = TypeVar("T")
#: Keys that were told of. Lists are read every few seconds.
_told: set[str] = set()


def readable(decoder: msgspec.json.Decoder[T], keys: Sequence[str], values: Iterable[bytes | None]) -> list[T]:
    """The values that are there and can be read. One that cannot be is left out, and the log says which, once."""
    found = []
    for key, value in zip(keys, values, strict=True):
        try:
            if value:
                found.append(decoder.decode(value))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if key not in _told:
                _told.add(key)
                log.error("unreadable", key=key, why=str(error))
    return found
