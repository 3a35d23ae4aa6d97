"""Parts of days with fewer slots than usual. What is promised in each is with the requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from ivr.callbacks.capacity import Lowered
from ivr.callbacks.diary import Window
from ivr.machine.keys import Keys
from ivr.store.codec import Codec, Sealed
from ivr.store.connection import Client, Redis

KEY = "ivr:places"
#: The name of lowered slots in their encryption.
KIND = b"places"


class LoweredSlots:
    """The parts of days whose slots were lowered."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._codec = redis, Sealed(Codec(Lowered), keys, KIND)

    def all(self) -> list[Lowered]:
        """Every part of a day with fewer slots, the earliest first."""
        found = self._redis.do(lambda client: client.hvals(KEY))
        return sorted(map(self._codec.decode, found), key=lambda each: _field(each.window))

    def lower(self, parts: Iterable[Lowered]) -> None:
        """Store all of these at once. An earlier entry for the same part of a day is replaced."""
        values = {_field(each.window): self._codec.encode(each) for each in parts}
        self._redis.do(lambda client: client.hset(KEY, mapping=values))

    def put_back(self, window: Window) -> bool:
        """Give a part of a day its usual slots again. False if it had them already."""
        return bool(self._redis.do(lambda client: client.hdel(KEY, _field(window))))


def forget_before(client: Client, day: dt.date) -> None:
    """Delete the entries of earlier days."""
    if old := [each for each in client.hkeys(KEY) if each.decode().partition(" ")[0] < day.isoformat()]:
        client.hdel(KEY, *old)


def _field(window: Window) -> str:
    return f"{window.day.isoformat()} {window.part}"
