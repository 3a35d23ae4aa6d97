"""Removes deleted data from the disk too, by rewriting Redis' append-only file.

That file contains every command, including data that was deleted later, until Redis rewrites it by itself, which can
take most of a year. So we ask for a rewrite after a deletion, and once a day for data that expired.
"""

from __future__ import annotations

import redis
import structlog

from ivr.store.connection import Client, Redis

log = structlog.get_logger()

#: Seconds after which the file is rewritten even without a deletion, because calls and counters with numbers expire.
DAILY_SECONDS = 24 * 60 * 60
_DELETED, _REWRITTEN = "ivr:deleted_since", "ivr:rewritten"


class Erasing:
    """Rewrites the file when it is due."""

    def __init__(self, server: Redis):
        self._redis = server

    def look(self, now: float) -> bool:
        """Start a rewrite if it is due. Returns whether it was started.

        Data that is deleted during a rewrite is removed by the next one.
        """
        return self._redis.do(lambda client: _look(client, now))

    def deletes(self) -> None:
        """Record that something was deleted that is still on the disk."""
        self._redis.do(deletes)


def deletes(client: Client) -> None:
    """The same in a transaction that deletes."""
    client.set(_DELETED, 1)


def _look(client: Client, now: float) -> bool:
    since, last = client.mget(_DELETED, _REWRITTEN)
    if not since and now - float(last or 0) < DAILY_SECONDS:
        return False
    told = client.info("persistence")
    if not told.get("aof_enabled") or told.get("aof_rewrite_in_progress") or told.get("aof_rewrite_scheduled"):
        return False
    pipe = client.pipeline()
    pipe.delete(_DELETED)
    pipe.set(_REWRITTEN, now)
    pipe.execute()
    try:
        client.bgrewriteaof()
    except redis.ResponseError as refusal:
        log.warning("erasing", why=f"Redis does not write its file anew, so what was deleted is in it still: {refusal}")
        return False
    return True
