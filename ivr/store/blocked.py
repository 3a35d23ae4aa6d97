"""Blocked numbers: phones and machines that keep ringing without a caller. The line does nothing for them unasked.

A caller's number can be forged, and phones change hands. So a block affects only what happens without a key, and
expires.
"""

from __future__ import annotations

import secrets

import msgspec

from ivr.store.codec import Codec
from ivr.store.connection import Client, Redis

#: Seconds that a block lasts: as long as an ended request is kept.
BLOCKED_SECONDS = 90 * 24 * 60 * 60
_KEY = "ivr:blocked"


class Block(msgspec.Struct, frozen=True):
    """A blocked number: who blocked it, when, and why. Pages use its id, because they show no numbers."""

    id: str
    number: str
    who: str
    at: float
    why: str

    @property
    def ends(self) -> float:
        return self.at + BLOCKED_SECONDS


_codec = Codec(Block)


class Blocked:
    """The blocked numbers."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def add(self, number: str, who: str, at: float, why: str) -> Block:
        """Block a number (E.164)."""
        block = Block(secrets.token_hex(8), number, who, at, why)
        self._redis.do(lambda client: client.hset(_KEY, number, _codec.encode(block)))
        return block

    def has(self, number: str, now: float) -> bool:
        """Whether this number is blocked."""
        value = self._redis.ask("HGET", _KEY, number) if number else None
        return value is not None and _codec.decode(value).ends > now

    def all(self, now: float) -> list[Block]:
        """Every block, latest first. Expired ones are deleted."""

        def step(client: Client) -> list[Block]:
            found = [_codec.decode(value) for value in client.hvals(_KEY)]
            if over := [block.number for block in found if block.ends <= now]:
                client.hdel(_KEY, *over)
            return [block for block in found if block.ends > now]

        return sorted(self._redis.do(step), key=lambda block: -block.at)

    def lift(self, block_id: str, now: float) -> Block | None:
        """Remove a block and return it; None if there is none with this id."""
        block = next((block for block in self.all(now) if block.id == block_id), None)
        if block:
            self._redis.do(lambda client: client.hdel(_KEY, block.number))
        return block
