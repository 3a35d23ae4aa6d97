"""What was deleted is gone from the disk too: Redis' append-only file is written anew.

That file keeps every command it was told, and so what was deleted since, until Redis writes it anew by itself, which
may be most of a year. So it is asked to: once something was deleted, and once a day for what ended by itself.
"""

from __future__ import annotations

import redis
import structlog

from ivr.store.connection import Client, Redis

log = structlog.get_logger()

#: Seconds after which the file is written anew though nobody deleted anything: calls and counts with numbers ended.
DAILY_SECONDS = 24 * 60 * 60
_DELETED, _REWRITTEN = "ivr:deleted_since", "ivr:rewritten"


class Erasing:
    """Has deleted things leave the disk."""

    def __init__(self, server: Redis):
        self._redis = server

    def look(self, now: float) -> bool:
        """Begin to write the file anew if it is time, and say whether that was begun.

        What is deleted while it is written is for the next time.
        """
        return self._redis.do(lambda client: _look(client, now))

    def deletes(self) -> None:
        """Note that something was deleted, which is on the disk as yet."""
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
