"""Calls of a draft that were sent to somebody as a link: the draft as it was then, and the call."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Mapping

import msgspec

from ivr.callbacks.callback import Refused
from ivr.machine.keys import Keys
from ivr.store.codec import Codec, Sealed, id_of_secret
from ivr.store.connection import Client, Redis

#: The name of sent calls in their encryption.
KIND = b"sent"
#: Seconds for which a link can be used.
SENT_SECONDS = 14 * 24 * 60 * 60
#: The most links at a time. Each holds the files of a draft, some 60 kB.
MOST_SENT = 50
_ALL = "ivr:sent"
_files = msgspec.msgpack.Decoder(dict[str, str])


class SentCall(msgspec.Struct, frozen=True):
    """A draft as it was, and a call of it, behind an address that is given to one person."""

    by: str
    at: float
    #: What it is for, as the sender wrote it.
    about: str
    #: The files of the draft, compressed.
    packed: bytes
    #: The call as it was sent, as JSON; empty for the draft alone.
    call: bytes = b""

    @property
    def files(self) -> dict[str, str]:
        return _files.decode(zlib.decompress(self.packed))

    @property
    def ends(self) -> float:
        """The second from which on the link cannot be used."""
        return self.at + SENT_SECONDS


def packed(files: Mapping[str, str]) -> bytes:
    """The files of a draft, compressed."""
    return zlib.compress(msgspec.msgpack.encode(dict(files)))


class Sent:
    """The links that can be used."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._codec = redis, Sealed(Codec(SentCall), keys, KIND)

    def add(self, call: SentCall) -> str:
        """Keep a call. Returns the secret for its address. Raises Refused if there are too many links."""
        secret, value = secrets.token_urlsafe(32), self._codec.encode(call)
        link_id = id_of_secret(secret)

        def step(pipe: Client) -> bool:
            pipe.zremrangebyscore(_ALL, "-inf", call.at)
            if pipe.zcard(_ALL) >= MOST_SENT:
                return False
            pipe.multi()
            pipe.zadd(_ALL, {link_id: call.ends})
            pipe.set(_key(link_id), value, ex=SENT_SECONDS)
            return True

        if not self._redis.do(lambda client: client.transaction(step, _ALL, value_from_callable=True)):
            raise Refused(f"There are {MOST_SENT} links already, and no more can be kept. End one that is not needed.")
        return secret

    def of(self, secret: str, now: float) -> SentCall | None:
        """The call behind an address; None if there is none, or its link has ended."""
        value = self._redis.do(lambda client: client.get(_key(id_of_secret(secret))))
        call = self._codec.decode(value) if value else None
        return call if call and now < call.ends else None

    def all(self, now: float) -> list[tuple[str, SentCall]]:
        """Every link that can be used, by its id; the latest first."""

        def step(client: Client) -> list[tuple[str, bytes | None]]:
            ids = [each.decode() for each in client.zrevrangebyscore(_ALL, "+inf", f"({now}")]
            return list(zip(ids, client.mget(list(map(_key, ids))), strict=True)) if ids else []

        return [(link_id, self._codec.decode(value)) for link_id, value in self._redis.do(step) if value]

    def end(self, link_id: str) -> None:
        """End a link at once."""
        self._redis.do(lambda client: (client.delete(_key(link_id)), client.zrem(_ALL, link_id)))


def _key(link_id: str) -> str:
    return f"ivr:sent:{link_id}"
