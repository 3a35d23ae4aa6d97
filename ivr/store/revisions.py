"""Publications: the live revision, the history, and the files of each revision.

Files are stored as staff wrote them, so that any process can load the revision that a call began with, and an earlier
one can go live again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from ivr.authoring.drafts import revision_of
from ivr.problems import ConfigError, Where, kind
from ivr.store.codec import Codec
from ivr.store.connection import Client, Redis, StoreDown
from ivr.store.sessions import KEEP_SECONDS

#: The most publications to keep in the history.
MOST_HISTORY = 50
#: Seconds between two records that calls begin with a revision. A record costs as much as half a turn.
NOTE_SECONDS = 60


_DAMAGED = kind(
    "damaged-revision", "The stored files of revision {revision} are damaged.", "Publish again: ivr publish -m 'why'"
)


class PublishedSince(Exception):
    """Raised when somebody else has published since this publication began."""

    def __init__(self, by: Published | None):
        self.by = by
        super().__init__("somebody else has published")


class DamagedRevision(ConfigError):
    """Raised when the stored files of a revision cannot be read, or do not match its fingerprint."""

    def __init__(self, revision: str):
        super().__init__([_DAMAGED(revision=revision).at(Where("Redis"))])


class Published(msgspec.Struct, frozen=True):
    """One publication: which revision went live, when, by whom and why, and what was live before."""

    revision: str
    at: float
    who: str
    why: str
    before: str = ""
    #: Whether this undid the publication before it. None: written by version 1.0, which recorded it only in `why`.
    undone: bool | None = None
    #: The second person who agreed to it; empty if none was asked.
    approved: str = ""


class Proposed(msgspec.Struct, frozen=True):
    """A publication that waits for a second person."""

    published: Published
    files: dict[str, str]


#: A draft is kept for a while from now; a published revision is not touched.
_KEEP_DRAFT = """
if redis.call('TTL', KEYS[1]) ~= -1 then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
"""

_files = msgspec.json.Decoder(dict[str, str])
_published = Codec(Published)
_proposed = Codec(Proposed)


class Revisions:
    """The published revisions."""

    def __init__(self, redis: Redis):
        self._redis = redis
        self._noted: dict[str, float] = {}

    def live(self) -> str | None:
        """The revision that new calls begin with; None before the first publication."""
        value = self._redis.do(lambda client: client.get("ivr:live"))
        return value.decode() if value else None

    def files(self, revision: str) -> dict[str, str] | None:
        """The files of a revision; None if it is not stored. Raises DamagedRevision."""
        value = self._redis.do(lambda client: client.get(f"ivr:revision:{revision}"))
        return _read(revision, value) if value else None

    def kept(self) -> list[dict[str, str]]:
        """The files of every revision that is live, in the history, or in a call, without damaged ones."""

        def read(client: Client) -> list[tuple[str, bytes]]:
            keys = list(client.scan_iter("ivr:revision:*")) or [b"ivr:revision:"]
            return [(_revision_in(key), value) for key, value in zip(keys, client.mget(keys), strict=True) if value]

        found = []
        for revision, value in self._redis.do(read):
            with contextlib.suppress(DamagedRevision):
                found.append(_read(revision, value))
        return found

    def mend(self, revision: str, files: Mapping[str, str]) -> bool:
        """Store the files of a revision again if the stored ones are damaged or missing. Returns whether they were."""
        with contextlib.suppress(DamagedRevision):
            if self.files(revision) is not None:
                return False
        value = msgspec.json.encode(dict(files))
        self._redis.do(lambda client: client.set(f"ivr:revision:{revision}", value))
        return True

    def history(self) -> list[Published]:
        """Publications, newest first."""
        rows = self._redis.do(lambda client: client.lrange("ivr:history", 0, -1))
        return [_published.decode(row) for row in rows]

    def publish(self, published: Published, files: Mapping[str, str]) -> None:
        """Make a revision live in one step.

        Raises PublishedSince unless `published.before` is live, and StoreDown if Redis is full or cannot write.
        """

        def step(pipe: Client) -> None:
            live = pipe.get("ivr:live")
            if (live.decode() if live else "") != published.before:
                latest = pipe.lindex("ivr:history", 0)
                raise PublishedSince(_published.decode(latest) if latest else None)
            pipe.multi()
            pipe.set(f"ivr:revision:{published.revision}", msgspec.json.encode(dict(files)))
            pipe.set("ivr:live", published.revision)
            pipe.lpush("ivr:history", _published.encode(published))

        self._redis.do(lambda client: client.transaction(step, "ivr:live"))
        with contextlib.suppress(StoreDown):  # it is live; the next publication cleans up
            self.forget_unused(published.at)

    def propose(self, proposed: Proposed) -> None:
        """Store a publication that a second person must agree to, in place of an earlier one."""
        self._redis.do(lambda client: client.set("ivr:proposed", _proposed.encode(proposed)))

    def proposed(self) -> Proposed | None:
        """The publication that waits for a second person; None if none does."""
        value = self._redis.do(lambda client: client.get("ivr:proposed"))
        return _proposed.decode(value) if value else None

    def withdraw(self, revision: str) -> None:
        """Forget a publication that waits, if it is still this one."""
        waiting = self.proposed()
        if waiting and waiting.published.revision == revision:
            self._redis.do(lambda client: client.delete("ivr:proposed"))

    def began(self, revision: str, now: float) -> None:
        """Record that a call begins with a revision, so that it is kept as long as the call may last."""
        if not 0 <= now - self._noted.get(revision, -NOTE_SECONDS) < NOTE_SECONDS:
            self._redis.do(lambda client: client.zadd("ivr:used", {revision: now}))
            self._noted[revision] = now

    def keep_draft(self, revision: str, files: Mapping[str, str]) -> None:
        """Store an unpublished revision for a test call that began with it."""
        value = msgspec.json.encode(dict(files))
        self._redis.do(lambda client: client.eval(_KEEP_DRAFT, 1, f"ivr:revision:{revision}", value, KEEP_SECONDS))

    def forget_unused(self, now: float) -> None:
        """Delete revisions that are neither in the history nor in a call. Drafts expire by themselves.

        If somebody publishes meanwhile, this starts again, because only the new history has what just went live.
        """

        def step(pipe: Client) -> None:
            rows = pipe.lrange("ivr:history", 0, MOST_HISTORY - 1)
            kept = {_published.decode(row).revision for row in rows}
            found = {key: _revision_in(key) for key in pipe.scan_iter("ivr:revision:*")}
            unused = [key for key, revision in found.items() if revision not in kept and _is_over(pipe, revision, now)]
            pipe.multi()
            pipe.ltrim("ivr:history", 0, MOST_HISTORY - 1)
            if unused:
                pipe.delete(*unused)
                pipe.zrem("ivr:used", *(found[key] for key in unused))

        self._redis.do(lambda client: client.transaction(step, "ivr:history"))


def _read(revision: str, value: bytes) -> dict[str, str]:
    try:
        files = _files.decode(value)
    except msgspec.MsgspecError as error:
        raise DamagedRevision(revision) from error
    if revision_of(files) != revision:
        raise DamagedRevision(revision)
    return files


def _revision_in(key: bytes) -> str:
    return key.decode().rsplit(":", 1)[1]


def _is_over(client: Client, revision: str, now: float) -> bool:
    """Whether a revision was published, and no call that began with it can still be in progress."""
    is_draft = client.ttl(f"ivr:revision:{revision}") != -1
    used = client.zscore("ivr:used", revision)
    return not is_draft and (used is None or used + NOTE_SECONDS + KEEP_SECONDS < now)
