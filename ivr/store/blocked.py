"""Blocked numbers: phones and machines that keep ringing without a caller. The line does nothing for them unasked.

A caller's number can be forged, and phones change hands. So a block affects only what happens without a key, and
expires.
"""

from __future__ import annotations

import secrets

import msgspec

from ivr.machine.keys import Keys
from ivr.store.codec import Codec, Sealed
from ivr.store.connection import Client, Redis

#: Seconds that a block lasts: as long as an ended request is kept.
BLOCKED_SECONDS = 90 * 24 * 60 * 60
KEY = "ivr:blocked"
#: The name of blocks in their encryption.
KIND = b"block"


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


class Blocked:
    """The blocked numbers."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._name, self._codec = redis, keys.name, Sealed(Codec(Block), keys, KIND)

    def add(self, number: str, who: str, at: float, why: str) -> Block:
        """Block a number (E.164)."""
        block = Block(secrets.token_hex(8), number, who, at, why)
        self._redis.do(lambda client: client.hset(KEY, self._name(number), self._codec.encode(block)))
        return block

    def has(self, number: str, now: float) -> bool:
        """Whether this number is blocked."""
        return bool(number) and self.lasts(self._redis.ask(*self.asks_for(number)), now)

    def asks_for(self, number: str) -> tuple[str, ...]:
        """The command that asks for a number's block, to be sent together with others."""
        return "HGET", KEY, self._name(number)

    def lasts(self, value: bytes | None, now: float) -> bool:
        """Whether `value`, the answer to the command of `asks_for`, is a block that has not expired."""
        return value is not None and self._codec.decode(value).ends > now

    def all(self, now: float) -> list[Block]:
        """Every block, latest first. Expired ones are deleted."""

        def step(client: Client) -> list[Block]:
            found = [self._codec.decode(value) for value in client.hvals(KEY)]
            if over := [self._name(block.number) for block in found if block.ends <= now]:
                client.hdel(KEY, *over)
            return [block for block in found if block.ends > now]

        return sorted(self._redis.do(step), key=lambda block: -block.at)

    def lift(self, block_id: str, now: float) -> Block | None:
        """Remove a block and return it; None if there is none with this id."""
        block = next((block for block in self.all(now) if block.id == block_id), None)
        if block:
            self._redis.do(lambda client: client.hdel(KEY, self._name(block.number)))
        return block
