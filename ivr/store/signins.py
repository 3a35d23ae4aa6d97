"""Advisers who are signed in, and tries to sign in that failed.

What a browser holds is a random secret. Redis holds its hash, so nobody who reads Redis can use it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator

import msgspec

from ivr.store.connection import Client, Redis

#: Seconds for which a failed try counts.
COUNTED_SECONDS = 60 * 60
#: Seconds that somebody has to use the try they waited for.
KEPT_TRY_SECONDS = 10 * 60
#: Entries of the list of failed tries. It has a length of its own, so that failures push nothing out of the log.
MOST_FAILED = 1_000


class SignIn(msgspec.Struct, frozen=True):
    """One browser in which an adviser is signed in. Times in seconds since the epoch."""

    #: Names it on pages. It is made from the secret, and the secret cannot be made from it.
    id: str
    name: str
    #: The adviser's stamp when they signed in: a new password, or a disabled adviser, has another.
    stamp: str
    began: float
    seen: float
    #: What the browser says it is.
    browser: str
    address: str


class FailedTry(msgspec.Struct, frozen=True):
    """A wrong name or password."""

    at: float
    #: Empty for a name that no adviser has: people type passwords there.
    name: str
    address: str


_decoder = msgspec.json.Decoder(SignIn)


class SignIns:
    def __init__(self, redis: Redis):
        self._redis = redis

    # --- who is signed in -------------------------------------------------------------------

    def begin(self, name: str, stamp: str, now: float, browser: str, address: str, seconds: float) -> str:
        """Sign somebody in for at most so many seconds. Returns the secret for their browser."""
        secret = secrets.token_urlsafe(32)
        kept = SignIn(_id_of(secret), name, stamp, now, now, browser, address)

        def step(client: Client) -> None:
            pipe = client.pipeline()
            pipe.set(_key(kept.id), msgspec.json.encode(kept), ex=int(seconds))
            pipe.sadd(_of(name), kept.id)
            pipe.expire(_of(name), int(seconds))
            pipe.execute()

        self._redis.do(step)
        return secret

    def of(self, secret: str) -> SignIn | None:
        """The sign-in of a browser with this secret; None if it has ended."""
        value = self._redis.do(lambda client: client.get(_key(_id_of(secret))))
        return _decoder.decode(value) if value else None

    def touch(self, kept: SignIn, now: float) -> None:
        """Note that the adviser did something. One that was ended in the meantime stays ended."""
        seen = msgspec.structs.replace(kept, seen=now)
        self._redis.do(lambda client: client.set(_key(kept.id), msgspec.json.encode(seen), xx=True, keepttl=True))

    def end(self, kept: SignIn) -> None:
        def step(client: Client) -> None:
            pipe = client.pipeline()
            pipe.delete(_key(kept.id))
            pipe.srem(_of(kept.name), kept.id)
            pipe.execute()

        self._redis.do(step)

    def all_of(self, name: str) -> list[SignIn]:
        """Where this adviser is signed in, the last used first."""
        ids = self._redis.do(lambda client: client.smembers(_of(name)))
        if not ids:
            return []
        values = self._redis.do(lambda client: client.mget([_key(each.decode()) for each in ids]))
        return sorted((_decoder.decode(value) for value in values if value), key=lambda kept: -kept.seen)

    # --- failed tries -----------------------------------------------------------------------

    def failed(self, at: float, name: str, address: str) -> None:
        """List a failed try, for administrators."""
        entry = {"at": at, "name": name, "address": address}
        self._redis.do(lambda client: client.xadd("ivr:signin:failed", entry, maxlen=MOST_FAILED))

    def failures(self, most: int = 100) -> Iterator[FailedTry]:
        """The failed tries, the latest first."""
        for _, entry in self._redis.do(lambda client: client.xrevrange("ivr:signin:failed", count=most)):
            row = {key.decode(): value.decode() for key, value in entry.items()}
            yield FailedTry(float(row["at"]), row["name"], row["address"])

    def count(self, *who: str) -> None:
        """Count one more failed try by each of these: a name, an address, a browser."""

        def step(client: Client) -> None:
            pipe = client.pipeline()
            for each in who:
                pipe.incr(_counter(each))
                pipe.expire(_counter(each), COUNTED_SECONDS, nx=True)
            pipe.execute()

        self._redis.do(step)

    def counted(self, *who: str) -> list[int]:
        """How many tries by each of these failed in the last hour."""
        values = self._redis.do(lambda client: client.mget([_counter(each) for each in who]))
        return [int(value or 0) for value in values]

    def seconds_to_wait(self, who: str, delay: float, now: float) -> float:
        """How long somebody must wait until they may try; 0: they may, once.

        The first time that they have to wait, one try is put by for them in `delay` seconds. Nobody else can use it
        or put it off, so that tries by others do not keep them out.
        """

        def step(client: Client) -> float:
            kept = client.get(_wait(who))
            if kept is None:
                client.set(_wait(who), now + delay, ex=KEPT_TRY_SECONDS, nx=True)
                return delay
            if (left := float(kept) - now) > 0:
                return left
            return 0.0 if client.delete(_wait(who)) else delay  # of two at once, one has it

        return self._redis.do(step)


def _id_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def _key(id_: str) -> str:
    return f"ivr:signedin:{id_}"


def _of(name: str) -> str:
    return f"ivr:signedin_as:{name}"


def _counter(who: str) -> str:
    return f"ivr:signin:failures:{_short(who)}"


def _wait(who: str) -> str:
    return f"ivr:signin:wait:{_short(who)}"


def _short(who: str) -> str:
    """What was typed or sent, as part of a key: anybody can make it long, or odd."""
    return hashlib.sha256(who.encode(errors="replace")).hexdigest()[:24]
