"""Where requests are found without reading all of them: by the number of a call, and those that were put aside.

What earlier versions stored is not in here. The first search indexes it, once.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.callbacks.request import CallbackRequest
from ivr.machine.keys import Keys
from ivr.store.connection import Client

#: Requests that were put aside, by the second; and a sign that all requests are entered.
PUT_ASIDE, COMPLETE = "ivr:put_aside", "ivr:indexed"
#: How many requests are read at once while all are entered.
PIECE = 500

Read = Callable[[Client, list[bytes]], list[CallbackRequest]]


class Index:
    """What is kept beside the requests, in the same transactions."""

    def __init__(self, keys: Keys, read: Read):
        self._keys, self._read = keys, read

    def enter(self, pipe: Client, before: CallbackRequest | None, request: CallbackRequest) -> None:
        """Enter a request as it is now, and take out the call numbers of before that are no longer its."""
        for replaced in (_references(before) if before else set()) - _references(request):
            pipe.zrem(self._call(replaced), request.id)
        for reference in _references(request):
            pipe.zadd(self._call(reference), {request.id: request.asked_at})
        if request.state == "put aside":
            pipe.zadd(PUT_ASIDE, {request.id: request.end.at if request.end else request.last_heard})
        else:
            pipe.zrem(PUT_ASIDE, request.id)

    def remove(self, pipe: Client, request: CallbackRequest) -> None:
        """Take out a request that is deleted."""
        for reference in _references(request):
            pipe.zrem(self._call(reference), request.id)
        pipe.zrem(PUT_ASIDE, request.id)

    def of_call(self, client: Client, reference: str) -> list[bytes]:
        """The ids of the requests in which somebody has, or had, this call number, the latest first."""
        self._complete(client)
        ids: list[bytes] = client.zrevrange(self._call(reference), 0, -1)
        return ids

    def put_aside(self, client: Client) -> list[bytes]:
        """The ids of the requests that were put aside, the latest first."""
        self._complete(client)
        ids: list[bytes] = client.zrevrange(PUT_ASIDE, 0, -1)
        return ids

    def _call(self, reference: str) -> str:
        return f"ivr:reference:{self._keys.name(reference)}"

    def _complete(self, client: Client) -> None:
        """Enter what earlier versions stored. Two processes that do it at once enter the same."""
        if client.exists(COMPLETE):
            return
        ids = [*client.zrange("ivr:queue", 0, -1), *client.zrange("ivr:ended", 0, -1)]
        for at in range(0, len(ids), PIECE):
            pipe = client.pipeline()
            for request in self._read(client, ids[at : at + PIECE]):
                self.enter(pipe, None, request)
            pipe.execute()
        client.set(COMPLETE, 1)


def _references(request: CallbackRequest) -> set[str]:
    return {asker.reference for asker in request.everybody if asker.reference}
