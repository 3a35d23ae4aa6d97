"""Records on a caller's requests that an adviser talks to them. Calls work without it: while Redis is away, it is left
out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ivr import dialling
from ivr.callbacks import talks
from ivr.callbacks.request import CallbackRequest, Talk
from ivr.store import StoreDown
from ivr.web.turn import Services


class Talking:
    def __init__(self, services: Services):
        self._services = services

    @property
    def _now(self) -> float:
        return self._services.clock().timestamp()

    def began(self, request_id: str, adviser: str, call: str) -> None:
        """An adviser rings the caller of a request by one click."""
        self._change(request_id, lambda request: talks.began(request, Talk(call, adviser, "one click", self._now)))

    def over(self, request_id: str, call: str) -> None:
        """A call by one click is over."""
        self._change(request_id, lambda request: talks.over(request, call, self._now))

    def of_talk(self, request_id: str, call: str) -> str:
        """The id of the request that this talk belongs to. Its caller may have got a request of their own in it."""
        with contextlib.suppress(StoreDown):
            found = self._services.store.requests.get(request_id)
            for each in (found, *self._services.store.requests.beside(found)) if found else ():
                if each.talk and each.talk.call == call:
                    return each.id
        return request_id

    def put_through(self, call: str, to: str) -> None:
        """The caller of this call talks to whoever picked up at the number `to`."""
        talk = Talk(call, self._adviser_at(to), "put through", self._now)
        for request in self._of_caller(call, self._services.store.requests.open_of):
            self._change(request.id, lambda request: talks.began(request, talk))

    def put_through_over(self, call: str) -> None:
        """A caller who may have been put through is not talking any more."""
        for request in self._of_caller(call, self._services.store.requests.known_of):  # it may have another number now
            if request.open and request.talk and request.talk.call == call:
                self._change(request.id, lambda request: talks.over(request, call, self._now))

    def _adviser_at(self, number: str) -> str:
        """The adviser whose phone this is. Empty if it is nobody's, or the phone of several."""
        found = [
            each.name
            for each in self._services.store.accounts.all()
            if each.phone and dialling.same(number, [each.phone])
        ]
        return found[0] if len(found) == 1 else ""

    def _of_caller(self, call: str, of: Callable[[str], list[CallbackRequest]]) -> list[CallbackRequest]:
        """The requests of the phones that this call is about."""
        with contextlib.suppress(StoreDown):
            session = self._services.store.sessions.get(call)
            if session:
                numbers = {dialling.judge(session.caller).e164, session.wishes.number, session.keyed} - {""}
                return [each for number in numbers for each in of(number)]
        return []

    def _change(self, request_id: str, how: Callable[[CallbackRequest], CallbackRequest]) -> None:
        with contextlib.suppress(KeyError, StoreDown):
            self._services.store.requests.change(request_id, how)
