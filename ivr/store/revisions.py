"""What was published: the live revision, its history, and the files of each.

Files are kept as staff wrote them, so any worker can load any revision a call began
with, and what was live can be live again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ivr.store.connection import Client, Redis
from ivr.store.sessions import KEEP_SECONDS

#: Publications kept for going back to.
MOST_HISTORY = 50


class Conflict(Exception):
    """Raised when somebody else published since this publication was begun."""

    def __init__(self, by: Published | None):
        self.by = by
        super().__init__("somebody else has published")


class Published(msgspec.Struct, frozen=True):
    """One publication: which revision went live, when, by whom and why, and what was live before."""

    revision: str
    at: float
    who: str
    why: str
    before: str = ""


_files = msgspec.json.Decoder(dict[str, str])
_published = msgspec.json.Decoder(Published)


class Revisions:
    """The published script, and those before it."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def live(self) -> str | None:
        """The revision that new calls begin with; None before the first publication."""
        value = self._redis.do(lambda client: client.get("ivr:live"))
        return value.decode() if value else None

    def files(self, revision: str) -> dict[str, str] | None:
        value = self._redis.do(lambda client: client.get(f"ivr:revision:{revision}"))
        return _files.decode(value) if value else None

    def kept(self) -> list[dict[str, str]]:
        """The files of every revision that is live, in the history, or in a call."""

        def read(client: Client) -> list[bytes]:
            values = client.mget(list(client.scan_iter("ivr:revision:*")) or ["ivr:revision:"])
            return [value for value in values if value]

        return [_files.decode(value) for value in self._redis.do(read)]

    def history(self) -> list[Published]:
        """Publications, newest first."""
        rows = self._redis.do(lambda client: client.lrange("ivr:history", 0, -1))
        return [_published.decode(row) for row in rows]

    def publish(self, published: Published, files: Mapping[str, str]) -> None:
        """Make a revision live in one step. Raises Conflict unless `published.before` is what is live."""

        def step(pipe: Client) -> None:
            live = pipe.get("ivr:live")
            if (live.decode() if live else "") != published.before:
                latest = pipe.lindex("ivr:history", 0)
                raise Conflict(_published.decode(latest) if latest else None)
            pipe.multi()
            pipe.set(f"ivr:revision:{published.revision}", msgspec.json.encode(dict(files)))
            pipe.set("ivr:live", published.revision)
            pipe.lpush("ivr:history", msgspec.json.encode(published))

        self._redis.do(lambda client: client.transaction(step, "ivr:live"))
        self.forget_unused(published.at)

    def began(self, revision: str, call: str, now: float) -> None:
        """Note that a call began with a revision, so that it is kept as long as the call may last."""
        key = f"ivr:calls:{revision}"

        def note(client: Client) -> None:
            pipe = client.pipeline(transaction=False)
            pipe.zadd(key, {call: now})
            pipe.expire(key, 2 * KEEP_SECONDS)
            pipe.execute()

        self._redis.do(note)

    def keep_draft(self, revision: str, files: Mapping[str, str]) -> None:
        """Keep an unpublished revision for the test call that began with it."""
        value = msgspec.json.encode(dict(files))
        self._redis.do(lambda client: client.set(f"ivr:revision:{revision}", value, nx=True, ex=KEEP_SECONDS))

    def forget_unused(self, now: float) -> None:
        """Drop what is past the history and in no call."""

        def forget(client: Client) -> None:
            client.ltrim("ivr:history", 0, MOST_HISTORY - 1)
            kept = {row.revision for row in self.history()}
            for key in client.scan_iter("ivr:revision:*"):
                revision = key.decode().rsplit(":", 1)[1]
                calls = client.zcount(f"ivr:calls:{revision}", now - KEEP_SECONDS, "+inf")
                if revision not in kept and not calls:
                    client.delete(key)

        self._redis.do(forget)
