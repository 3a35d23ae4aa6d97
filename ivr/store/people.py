"""Advisers, their sign-ins, and the log of who saw and did what."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ivr.border import spelled
from ivr.keys import Keys
from ivr.store.codec import Codec, Sealed
from ivr.store.connection import Client, Redis

#: The most characters in an adviser's name.
LONGEST_NAME = 40
#: The name of advisers in their encryption.
KIND = b"adviser"
#: Seconds for which searches are counted.
SEARCHES_SECONDS = 60 * 60
#: The most entries to keep in the log.
MOST_AUDIT = 100_000


class Adviser(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who rings callers back. `phone` is rung for calls by one click."""

    name: str
    password_hash: str
    phone: str = ""
    admin: bool = False
    disabled: bool = False
    #: Changes with the password, so that earlier sign-ins end.
    stamp: str = ""


class Seen(msgspec.Struct, frozen=True):
    """One entry of the log."""

    at: float
    who: str
    what: str
    about: str


def name_of(typed: str) -> str:
    """An adviser's name as it is kept, from how it was typed: in small letters, each accent in one spelling."""
    return spelled(typed.strip().lower())


class People:
    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._codec = redis, Sealed(Codec(Adviser), keys, KIND)

    def get(self, name: str) -> Adviser | None:
        value = self._redis.do(lambda client: client.get(f"ivr:adviser:{name}"))
        return self._codec.decode(value) if value else None

    def save(self, adviser: Adviser) -> None:
        def step(client: Client) -> None:
            pipe = client.pipeline()
            pipe.set(f"ivr:adviser:{adviser.name}", self._codec.encode(adviser))
            pipe.sadd("ivr:advisers", adviser.name)
            pipe.execute()

        self._redis.do(step)

    def all(self) -> list[Adviser]:
        names = sorted(name.decode() for name in self._redis.do(lambda client: client.smembers("ivr:advisers")))
        return [adviser for name in names if (adviser := self.get(name))]

    def searches(self, name: str, how: str) -> int:
        """Count a search, and return how many of this kind the adviser made since the first of them, for an hour."""

        def step(client: Client) -> int:
            pipe = client.pipeline()
            pipe.incr(f"ivr:searches:{name}:{how}")
            pipe.expire(f"ivr:searches:{name}:{how}", SEARCHES_SECONDS, nx=True)
            return int(pipe.execute()[0])

        return self._redis.do(step)

    def note(self, at: float, who: str, what: str, about: str = "") -> None:
        """Add an entry to the log."""
        entry = {"at": at, "who": who, "what": what, "about": about}
        self._redis.do(lambda client: client.xadd("ivr:audit", entry, maxlen=MOST_AUDIT))

    def log(self, most: int = 500) -> Iterator[Seen]:
        """The log, latest first."""
        for _, entry in self._redis.do(lambda client: client.xrevrange("ivr:audit", count=most)):
            row = {key.decode(): value.decode() for key, value in entry.items()}
            yield Seen(float(row["at"]), row["who"], row["what"], row["about"])
