"""Every open request, kept in this process, so that a list of thousands is not read again every few seconds.

Each change of a request adds its id to a stream. A process reads what was added since it last looked, and then only
these requests. It reads all of them anew if it has fallen behind too far, and once a minute in any case.
"""

from __future__ import annotations

import threading
import time

from ivr.callbacks.request import CallbackRequest
from ivr.store.connection import Client, Redis
from ivr.store.index import Read

CHANGED = "ivr:changed"
#: The most ids in the stream.
MOST_CHANGED = 1000
#: Seconds after which all are read again.
ANEW_SECONDS = 60


def changes(pipe: Client, request_id: str) -> None:
    """Tell every process that a request was changed or deleted. Part of the transaction that does it."""
    pipe.xadd(CHANGED, {"id": request_id}, maxlen=MOST_CHANGED, approximate=False)


class Listed:
    """This process's copy of the open requests. Threads share it."""

    def __init__(self, redis: Redis, read: Read):
        self._redis, self._read = redis, read
        self._lock = threading.Lock()
        self._known: dict[str, CallbackRequest] = {}
        #: The last id in the stream that was seen, and when all were last read (monotonic seconds).
        self._last = b""
        self._read_at = 0.0
        self._version = 0

    def all(self) -> tuple[list[CallbackRequest], int]:
        """Every open request, in no order, and a number that changes with them. Raises StoreDown."""
        with self._lock:
            self._redis.do(self._look)
            return list(self._known.values()), self._version

    def _look(self, client: Client) -> None:
        if self._last and time.monotonic() - self._read_at < ANEW_SECONDS:
            added = client.xrange(CHANGED, min=self._last, count=MOST_CHANGED)
            if added and added[0][0] == self._last:
                self._take(client, [entry[b"id"] for _, entry in added[1:]])
                self._last = added[-1][0]
                return
        self._read_all(client)

    def _read_all(self, client: Client) -> None:
        latest = client.xrevrange(CHANGED, count=1)  # first, so that nothing is missed that changes meanwhile
        self._known = {each.id: each for each in self._read(client, client.zrange("ivr:queue", 0, -1))}
        self._last = latest[0][0] if latest else b""
        self._read_at = time.monotonic()
        self._version += 1

    def _take(self, client: Client, ids: list[bytes]) -> None:
        wanted = list(dict.fromkeys(ids))
        for request_id in wanted:
            self._known.pop(request_id.decode(), None)
        self._known.update((each.id, each) for each in self._read(client, wanted) if each.open)
        self._version += bool(wanted)
