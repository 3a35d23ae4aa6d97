"""Where requests are found without reading all of them: in the queue or among those that ended, by their phone, in
their slots, by the number of a call, by the phone call in which somebody asked, and more.

Earlier versions of the line did not index their requests. The first search does it for them, once.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.callbacks.callback import windows_of
from ivr.callbacks.request import CallbackRequest
from ivr.machine.keys import Keys
from ivr.store import windows
from ivr.store.connection import Client

#: Requests that were put aside, by the second; and the sign that all requests are indexed, with its present value.
PUT_ASIDE, COMPLETE, ALL_INDEXES = "ivr:put_aside", "ivr:indexed", b"2"
#: How many requests are read at once while all are entered.
PIECE = 500

#: Reads the requests with these ids. Those that are gone or cannot be read are left out.
Read = Callable[[Client, list[bytes]], list[CallbackRequest]]


class Index:
    """The indexes, which change in the same transactions as the requests."""

    def __init__(self, keys: Keys, read: Read):
        self._keys, self._read = keys, read

    def place(self, pipe: Client, before: CallbackRequest | None, request: CallbackRequest) -> None:
        """Enter a request everywhere as it is now, and take it out of where it was and is no longer."""
        self.enter(pipe, before, request)
        if before and before.number != request.number:
            pipe.zrem(self.phone(before.number), request.id)
        if request.number:
            pipe.zadd(self.phone(request.number), {request.id: request.asked_at})
            pipe.persist(self.phone(request.number))  # earlier versions had it go by itself
        for window in windows_of(before) - (windows_of(request) if request.open else set()):
            pipe.zrem(windows.key(window), request.id)
        if request.open:
            pipe.zadd("ivr:queue", {request.id: request.due})
            pipe.zrem("ivr:ended", request.id)
            for window in windows_of(request):
                pipe.zadd(windows.key(window), {request.id: "+inf"})
                pipe.persist(windows.key(window))
            return
        pipe.zrem("ivr:queue", request.id)
        assert request.end
        pipe.zadd("ivr:ended", {request.id: request.end.at})

    def enter(self, pipe: Client, before: CallbackRequest | None, request: CallbackRequest) -> None:
        """Enter a request where it is searched for, and remove the entries of `before` that no longer hold."""
        now = self._entries(request)
        for key in (self._entries(before) if before else set()) - now:
            pipe.zrem(key, request.id)
        for key in now:
            pipe.zadd(key, {request.id: request.asked_at})
        if request.state == "put aside":
            pipe.zadd(PUT_ASIDE, {request.id: request.end.at if request.end else request.last_heard})
        else:
            pipe.zrem(PUT_ASIDE, request.id)

    def remove(self, pipe: Client, request_id: str, request: CallbackRequest | None) -> None:
        """Take out a request that is no longer stored. None: one of which only entries were left."""
        places = {"ivr:queue", "ivr:ended", PUT_ASIDE}
        if request:
            places |= self._entries(request)
            places |= {self.phone(request.number), *map(windows.key, windows_of(request))}
        for key in places:
            pipe.zrem(key, request_id)

    def of_reference(self, client: Client, reference: str) -> list[bytes]:
        """The ids of the requests in which somebody has, or had, this call number, the latest first."""
        return self._under(client, self._reference(reference))

    def of_call(self, client: Client, call: str) -> list[bytes]:
        """The ids of the requests for which somebody asked in this phone call (its id), the latest first."""
        return self._under(client, self._call(call))

    def of_earlier(self, client: Client, number: str) -> list[bytes]:
        """The ids of the requests that were to be rung on this phone before, the latest first."""
        return self._under(client, self._earlier(number))

    def knowing(self, pipe: Client, wish: str) -> list[CallbackRequest]:
        """The requests in which the caller of this wish waits or waited, the latest first. They are watched."""
        ids = self.of_call(pipe, call_of(wish))
        if ids:
            pipe.watch(*(f"ivr:request:{each.decode()}" for each in ids))
        return [each for each in self._read(pipe, ids) if each.wished(wish)]

    def put_aside(self, client: Client) -> list[bytes]:
        """The ids of the requests that were put aside, the latest first."""
        return self._under(client, PUT_ASIDE)

    def _under(self, client: Client, key: str) -> list[bytes]:
        self._complete(client)
        ids: list[bytes] = client.zrevrange(key, 0, -1)
        return ids

    def _entries(self, request: CallbackRequest) -> set[str]:
        """The keys under which a request is entered."""
        references = {self._reference(asker.reference) for asker in request.everybody if asker.reference}
        calls = {self._call(call_of(wish)) for wish in request.ids}
        return references | calls | {self._earlier(before.number) for before in request.before}

    def phone(self, number: str) -> str:
        """The key of the requests of a phone."""
        return f"ivr:phone:{self._keys.name(number)}"

    def _reference(self, reference: str) -> str:
        return f"ivr:reference:{self._keys.name(reference)}"

    def _call(self, call: str) -> str:
        return f"ivr:call:{self._keys.name(call)}"

    def _earlier(self, number: str) -> str:
        return f"ivr:earlier:{self._keys.name(number)}"

    def _complete(self, client: Client) -> None:
        """Index what earlier versions stored. If two processes do it at the same time, they enter the same."""
        if client.get(COMPLETE) == ALL_INDEXES:
            return
        ids = [*client.zrange("ivr:queue", 0, -1), *client.zrange("ivr:ended", 0, -1)]
        for at in range(0, len(ids), PIECE):
            pipe = client.pipeline()
            for request in self._read(client, ids[at : at + PIECE]):
                self.enter(pipe, None, request)
            pipe.execute()
        client.set(COMPLETE, ALL_INDEXES)


def call_of(wish: str) -> str:
    """The phone call in which a wish was said."""
    return wish.rsplit("-", 1)[0]
