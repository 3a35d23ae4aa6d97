"""Sign-ins of advisers, and failed tries to sign in.

A browser holds a random secret. Redis stores its hash, so reading Redis does not help to sign in.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping

import msgspec

from ivr.machine.keys import Keys
from ivr.store.codec import Codec, Sealed, Unreadable, id_of_secret
from ivr.store.connection import Client, Redis

#: Seconds for which a failed try counts, unless another time is named.
COUNTED_SECONDS = 60 * 60
#: Seconds in which a try can be used, after the wait for it.
KEPT_TRY_SECONDS = 10 * 60
#: The most entries in the list of failed tries. The list is separate, so that failures do not push entries out of the
#: log.
MOST_FAILED = 1_000
#: The key of that list.
FAILED = "ivr:signin:failed"
#: The names of sign-ins and of failed tries in their encryption.
KIND, FAILED_KIND = b"signin", b"failed"


class SignIn(msgspec.Struct, frozen=True):
    """One browser in which an adviser is signed in. Times are POSIX seconds."""

    #: Its id on pages. It is derived from the secret, but does not reveal it.
    id: str
    name: str
    #: The adviser's stamp at sign-in, which changes with a new password or when the adviser is disabled.
    stamp: str
    began: float
    seen: float
    #: The browser's User-Agent.
    browser: str
    address: str
    #: When the adviser last confirmed who they are, with a password or a code; 0.0 for never.
    confirmed: float = 0.0


class FailedTry(msgspec.Struct, frozen=True):
    """One failed try: a wrong name or password, or a wrong code after the right password."""

    at: float
    #: The adviser's name. Empty for an unknown name, because people type passwords into that field.
    name: str
    address: str
    code: bool = False


class SignIns:
    """Who is signed in, and who failed to sign in."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._name = redis, keys.name
        self._codec, self._failed = Sealed(Codec(SignIn), keys, KIND), Sealed(Codec(FailedTry), keys, FAILED_KIND)

    # --- who is signed in -------------------------------------------------------------------

    def begin(self, name: str, stamp: str, now: float, browser: str, address: str, seconds: float) -> str:
        """Sign an adviser in for at most `seconds`. Returns the secret for their browser."""
        secret = secrets.token_urlsafe(32)
        kept = SignIn(id_of_secret(secret), name, stamp, now, now, browser, address)

        def step(client: Client) -> None:
            pipe = client.pipeline()
            pipe.set(_key(kept.id), self._codec.encode(kept), ex=int(seconds))
            pipe.sadd(_of(name), kept.id)
            pipe.expire(_of(name), int(seconds))
            pipe.execute()

        self._redis.do(step)
        return secret

    def of(self, secret: str) -> SignIn | None:
        """The sign-in of a browser with this secret; None if it has ended."""
        value = self._redis.do(lambda client: client.get(_key(id_of_secret(secret))))
        return self._codec.decode(value) if value else None

    def touch(self, kept: SignIn, now: float) -> None:
        """Record activity. A sign-in that was ended in the meantime stays ended."""
        seen = msgspec.structs.replace(kept, seen=now)
        self._redis.do(lambda client: client.set(_key(kept.id), self._codec.encode(seen), xx=True, keepttl=True))

    def confirm(self, kept: SignIn, now: float) -> None:
        """Record that the adviser confirmed who they are, with a password or a code."""
        self.touch(msgspec.structs.replace(kept, confirmed=now), now)

    def end(self, kept: SignIn) -> None:
        def step(client: Client) -> None:
            pipe = client.pipeline()
            pipe.delete(_key(kept.id))
            pipe.srem(_of(kept.name), kept.id)
            pipe.execute()

        self._redis.do(step)

    def all_of(self, name: str) -> list[SignIn]:
        """The sign-ins of this adviser, last used first."""
        ids = self._redis.do(lambda client: client.smembers(_of(name)))
        if not ids:
            return []
        values = self._redis.do(lambda client: client.mget([_key(each.decode()) for each in ids]))
        return sorted((self._codec.decode(value) for value in values if value), key=lambda kept: -kept.seen)

    # --- failed tries -----------------------------------------------------------------------

    def failed(self, at: float, name: str, address: str, *, code: bool = False) -> None:
        """Add to the list of failed tries, which administrators see."""
        entry = {"sealed": self._failed.encode(FailedTry(at, name, address, code))}
        self._redis.do(lambda client: client.xadd(FAILED, entry, maxlen=MOST_FAILED))

    def failures(self, most: int = 100) -> Iterator[FailedTry]:
        """The failed tries, latest first."""
        for _, entry in self._redis.do(lambda client: client.xrevrange(FAILED, count=most)):
            with contextlib.suppress(Unreadable):
                yield self._failed.decode(entry.get(b"sealed") or as_value(entry))

    def count(self, *who: str, seconds: int = COUNTED_SECONDS) -> None:
        """Count a failed try for each of these: a name, an address, a browser. It counts for this long."""

        def step(client: Client) -> None:
            pipe = client.pipeline()
            for each in who:
                pipe.incr(self._counter(each))
                pipe.expire(self._counter(each), seconds, nx=True)
            pipe.execute()

        self._redis.do(step)

    def counted(self, *who: str) -> list[int]:
        """How many failed tries of each of these still count."""
        values = self._redis.do(lambda client: client.mget([self._counter(each) for each in who]))
        return [int(value or 0) for value in values]

    def forget_count(self, who: str) -> None:
        self._redis.do(lambda client: client.delete(self._counter(who)))

    def seconds_to_wait(self, who: str, delay: float, now: float) -> float:
        """Seconds until `who` may try; 0 allows one try now.

        The first time that somebody has to wait, one try is reserved for them in `delay` seconds. Nobody else can use
        or postpone it, so that other people's tries do not lock them out.
        """

        def step(client: Client) -> float:
            kept = client.get(self._wait(who))
            if kept is None:
                client.set(self._wait(who), now + delay, ex=int(delay) + KEPT_TRY_SECONDS, nx=True)
                return delay
            if (left := float(kept) - now) > 0:
                return left
            return 0.0 if client.delete(self._wait(who)) else delay  # of two simultaneous tries, one gets it

        return self._redis.do(step)

    # Untrusted input is hashed before it becomes part of a key: it can be long or odd, or an address.

    def _counter(self, who: str) -> str:
        return f"ivr:signin:failures:{self._name(who)}"

    def _wait(self, who: str) -> str:
        return f"ivr:signin:wait:{self._name(who)}"


def as_value(fields: Mapping[bytes, bytes]) -> bytes:
    """An entry of the list of failed tries as version 1.4 kept it, in the form that is encrypted."""
    row = {name.decode(): value.decode() for name, value in fields.items()}
    return msgspec.json.encode(FailedTry(float(row.get("at", 0)), row.get("name", ""), row.get("address", "")))


def _key(id_: str) -> str:
    return f"ivr:signedin:{id_}"


def _of(name: str) -> str:
    return f"ivr:signedin_as:{name}"
