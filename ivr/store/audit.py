"""The audit log: who saw and did what. Each request has a log of its own beside it, which its card shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from ivr.store.connection import Client, Redis

#: Seconds for which searches are counted.
SEARCHES_SECONDS = 60 * 60
#: The most entries to keep in the log, and how many are read at once.
MOST_AUDIT, LOG_PIECE = 100_000, 500
#: The most entries to keep about one request, and the seconds for which they are kept after the last of them.
MOST_OF_REQUEST, OF_REQUEST_SECONDS = 200, 100 * 24 * 60 * 60
_POSITION = re.compile(r"\d{1,20}-\d{1,20}", re.ASCII)
KEY = "ivr:audit"


class AuditEntry(msgspec.Struct, frozen=True):
    """Who did what, when (POSIX seconds), and about which request."""

    at: float
    who: str
    what: str
    about: str


class AuditLog:
    """The log of the last MOST_AUDIT things that anybody saw or did."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def searches(self, name: str, how: str) -> int:
        """Count a search of the kind `how`. Returns how many the adviser made in the hour that began with the first."""

        def step(client: Client) -> int:
            pipe = client.pipeline()
            pipe.incr(f"ivr:searches:{name}:{how}")
            pipe.expire(f"ivr:searches:{name}:{how}", SEARCHES_SECONDS, nx=True)
            return int(pipe.execute()[0])

        return self._redis.do(step)

    def note(self, at: float, who: str, what: str, about: str = "") -> None:
        """Add an entry to the log and, if it is about a request, to that request's own log, which its card shows."""
        entry = {"at": at, "who": who, "what": what, "about": about}

        def step(client: Client) -> None:
            pipe = client.pipeline()
            pipe.xadd(KEY, entry, maxlen=MOST_AUDIT)
            if about:
                pipe.xadd(key_of(about), entry, maxlen=MOST_OF_REQUEST)
                pipe.expire(key_of(about), OF_REQUEST_SECONDS)
            pipe.execute()

        self._redis.do(step)

    def entries_of(self, ids: Iterable[str]) -> list[AuditEntry]:
        """The latest entries about one request, latest first: MOST_OF_REQUEST of each id that it has or had."""

        def look(client: Client) -> list[list[tuple[bytes, dict[bytes, bytes]]]]:
            pipe = client.pipeline(transaction=False)
            for each in ids:
                pipe.xrevrange(key_of(each))
            found: list[list[tuple[bytes, dict[bytes, bytes]]]] = pipe.execute()
            return found

        entries = (_entry(entry) for of_one in self._redis.do(look) for _, entry in of_one)
        return sorted(entries, key=lambda entry: -entry.at)

    def entries(self, most: int = 500) -> Iterator[AuditEntry]:
        """The log, latest first."""
        for _, entry in self._redis.do(lambda client: client.xrevrange(KEY, count=most)):
            yield _entry(entry)

    def entries_before(self, at: str = "") -> Iterator[tuple[str, AuditEntry]]:
        """The entries before the position `at`, latest first, each with its own position. Read piece by piece.

        Anything that is not a position means the end of the log.
        """
        last = f"({at}" if _POSITION.fullmatch(at) else "+"
        while piece := self._redis.do(lambda client, last=last: client.xrevrange(KEY, last, count=LOG_PIECE)):  # type: ignore[misc]
            for found, entry in piece:
                yield found.decode(), _entry(entry)
            last = f"({piece[-1][0].decode()}"


def _entry(entry: dict[bytes, bytes]) -> AuditEntry:
    row = {key.decode(): value.decode() for key, value in entry.items()}
    return AuditEntry(float(row["at"]), row["who"], row["what"], row["about"])


def key_of(request_id: str) -> str:
    """The key of the log of one request."""
    return f"ivr:audit:{request_id}"
