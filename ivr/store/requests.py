"""Callback requests: the queue, and what callers and advisers change in it.

Pure functions from `ivr.callbacks` change a request inside a transaction, which is repeated if somebody else changed
the same request meanwhile. So no request is lost, none is claimed twice, and none is half written.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ivr.advising import messages
from ivr.callbacks import another_phone, asking, callback
from ivr.callbacks.another_phone import Parted
from ivr.callbacks.callback import GUESS_SECONDS, MOST_GUESSES
from ivr.callbacks.diary import Diary, Window
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.machine.keys import Keys
from ivr.script.session import CancelRequest, Done, Failed, FindRequest, HoldWindow, MoveRequest, SaveRequest
from ivr.store import audit, erasing, windows
from ivr.store.codec import REQUESTS, Sealed
from ivr.store.connection import Client, Redis
from ivr.store.index import Index, call_of
from ivr.store.listed import Listed, changes

#: The name of requests in their encryption.
KIND = b"request"
#: Seconds for which an ended request is kept for its caller and for advisers.
ENDED_SECONDS = 90 * 24 * 60 * 60
#: What a change of Redis comes to.
Changed = TypeVar("Changed")


def new_reference() -> str:
    """A new call number. Its first digit is never zero, which is hard to hear."""
    return str(secrets.randbelow(9 * 10 ** (callback.REFERENCE_DIGITS - 1)) + 10 ** (callback.REFERENCE_DIGITS - 1))


class Requests:
    """The stored callback requests."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._keys, self._codec = redis, keys, Sealed(REQUESTS, keys, KIND)
        self._copy = Listed(redis, self._read)
        self._index = Index(keys, self._read)
        self.new_reference: Callable[[], str] = new_reference
        #: Windows before this day are deleted. That is done once a day.
        self._windows_from: dt.date | None = None

    # --- effects of a call ------------------------------------------------------------------

    def hold(self, effect: HoldWindow, most: list[int], now: float) -> Done:
        """Hold a slot for a caller who is deciding. `most`: the slots of each window of the effect."""
        return Done(window=self._redis.do(lambda client: windows.hold(client, effect, most, now)))

    def save(self, effect: SaveRequest, entry: str = "") -> Done:
        """Save a wish, joined to an open request of the same number. Unknown numbers are never joined.

        `entry`: the name of the spool's entry that it comes from, noted in the same transaction. An entry that was
        handed in before changes nothing. Raises Refused for a call whose request was deleted, so that a repeated
        webhook cannot bring it back.
        """
        wish, reference = effect.request, self.new_reference()
        phone, call = self._index.phone(wish.number), call_of(wish.id)

        def step(pipe: Client) -> CallbackRequest | None:
            is_late = entry and erasing.was_since(pipe, self._keys, wish.number, wish.last_heard)
            if is_late or erasing.when(pipe, self._keys, call):
                raise callback.Refused("What this call left was deleted.")
            if entry:
                pipe.watch("ivr:handed_in")
                if pipe.zscore("ivr:handed_in", entry) is not None:
                    return None
            known = self._index.knowing(pipe, wish.id)
            first = (
                asking.belongs_to(known, wish.askers[0])
                or (next(self._open_requests(pipe, phone), None) if wish.number else None)
                or next((each for each in known if each.id == wish.id and each.askers), None)
            )
            if entry and asking.is_outdated(first, wish):
                return None
            saved = asking.saved(first, wish, reference)
            pipe.multi()
            if wish.window:
                pipe.zrem(windows.key(wish.window), call)
            if entry:
                pipe.zadd("ivr:handed_in", {entry: wish.last_heard})
            self._write(pipe, first, saved)
            return saved

        saved = self._transaction(step, phone)
        return Done(request=saved, reference=saved.reference_of(wish.id)) if saved else Done()

    def find(self, effect: FindRequest) -> Done:
        """Find the request of this phone with this call number; none after too many wrong ones."""
        guesses = f"ivr:guesses:{self._keys.name(effect.number)}"

        def look(client: Client) -> CallbackRequest | None:
            if int(client.get(guesses) or 0) >= MOST_GUESSES:
                return None
            ids = client.zrevrange(self._index.phone(effect.number), 0, -1)
            for request in self._read(client, ids):
                if request.caller(effect.reference):
                    return request
            pipe = client.pipeline()
            pipe.incr(guesses)
            pipe.expire(guesses, GUESS_SECONDS)
            pipe.execute()
            return None

        return Done(request=self._redis.do(look))

    def move(self, effect: MoveRequest, now: float) -> Done | Failed:
        """Move one caller to the window that the call holds, and release their old one."""
        held = effect.to.window
        try:
            moved = self._change(
                effect.id,
                lambda pipe, request: callback.move(request, effect.reference, effect.to, now),
                lambda pipe: pipe.zrem(windows.key(held), effect.call) if held else None,
            )
        except (KeyError, callback.Refused):
            return Failed()
        return Done(request=moved)

    def cancel(self, effect: CancelRequest, now: float) -> Done:
        """Cancel one caller's wish. One that has already ended counts as cancelled. Returns the request."""
        try:
            return Done(request=self.change(effect.id, lambda r: callback.cancel(r, effect.reference, now)))
        except (KeyError, callback.Refused):
            return Done(request=self.get(effect.id))

    # --- the queue --------------------------------------------------------------------------

    def get(self, request_id: str) -> CallbackRequest | None:
        """The request with this id; or the one that the wish with this id joined, in which its caller waits or waited.

        So a card, an alert or a call leads to the request with which the one that they are about was put together.
        """
        found = self._redis.do(lambda client: self._one(client, request_id))
        return found or next((each for each in self.asked_in(call_of(request_id)) if request_id in each.ids), None)

    def several(self, request_ids: Iterable[str]) -> dict[str, CallbackRequest]:
        """Those of some requests that are stored, by their ids."""
        ids = [request_id.encode() for request_id in request_ids]
        return {request.id: request for request in self._with_ids(lambda client: ids)}

    def waiting(self) -> list[CallbackRequest]:
        """Every open request, in the order in which they are due."""
        return self._with_ids(lambda client: client.zrange("ivr:queue", 0, -1))

    def listed(self) -> tuple[list[CallbackRequest], int]:
        """Every open request, in no order, from this process's copy; and a number that changes with them."""
        return self._copy.all()

    def ended(self, most: int = 200, after: int = 0, since: float = 0.0) -> list[CallbackRequest]:
        """Requests that ended since a time, latest first: at most `most`, without the first `after`."""
        return self._with_ids(lambda client: client.zrevrangebyscore("ivr:ended", "+inf", since, after, most))

    def put_aside(self) -> list[CallbackRequest]:
        """Requests that were put aside, the latest first."""
        found = self._with_ids(self._index.put_aside)
        return [request for request in found if request.state == "put aside"]

    def of_reference(self, reference: str) -> list[CallbackRequest]:
        """The requests in which somebody has, or had, this call number, the latest first."""
        found = self._with_ids(lambda client: self._index.of_reference(client, reference))
        return [request for request in found if any(asker.reference == reference for asker in request.everybody)]

    def count_ended(self) -> int:
        """How many requests that ended are kept."""
        return int(self._redis.do(lambda client: client.zcard("ivr:ended")))

    def change(self, request_id: str, how: Callable[[CallbackRequest], CallbackRequest]) -> CallbackRequest:
        """Change one request in a transaction. Raises KeyError if it is gone, and any exception of `how`."""
        return self._change(request_id, lambda pipe, request: how(request))

    def change_phone(self, request_id: str, how: Callable[[CallbackRequest], Parted]) -> Parted:
        """Let one caller be rung on another phone, with a request of their own if others wait; and put together what
        parted, if the caller is rung on the earlier phone again and nothing came between.

        Raises KeyError if the request is gone, and any exception of `how`.
        """

        def step(pipe: Client) -> Parted:
            before = self._changing(pipe, request_id)
            parted = how(before)
            pipe.watch(phone := self._index.phone(parted.theirs.number))
            for other in self._open_requests(pipe, phone):
                if other.id != before.id and (one := another_phone.together(parted.theirs, other)):
                    pipe.multi()
                    self._remove(pipe, before.id, before)
                    self._write(pipe, other, one)
                    return Parted(one, None, is_one_again=True)
            both = [each for each in (parted.theirs, parted.others) if each]
            new = next((each for each in both if each.id != before.id), None)
            if new:
                pipe.watch(f"ivr:request:{new.id}")
                if self._one(pipe, new.id):
                    raise callback.Refused("This caller has a request of their own already. Look at the list again.")
            pipe.multi()
            for each in both:
                self._write(pipe, None if each is new else before, each)
            return parted

        return self._transaction(step, f"ivr:request:{request_id}")

    def reopen(self, request_id: str, who: str, now: float, diary: Diary) -> CallbackRequest:
        """Put an ended request back into the queue.

        Raises KeyError if it is gone, and Refused if it must not be rung.
        """

        def how(pipe: Client, before: CallbackRequest) -> CallbackRequest:
            pipe.watch(phone := self._index.phone(before.number))
            if not before.open and next(self._open_requests(pipe, phone), None):
                raise callback.Refused("This caller has asked again since. Take that request.")
            return callback.reopen(before, who, now, diary)

        return self._change(request_id, how)

    def of_wish(self, wish: str) -> CallbackRequest | None:
        """The request that this wish became, or in which its caller waits since."""
        return next((each for each in self.asked_in(call_of(wish)) if each.id == wish or each.asker(wish)), None)

    def asked_in(self, call: str) -> list[CallbackRequest]:
        """The requests for which somebody asked in this phone call (its id): open ones first, then the latest."""
        found = self._with_ids(lambda client: self._index.of_call(client, call))
        return sorted(found, key=lambda request: not request.open)

    def with_message(self, request_id: str, message: SpokenMessage, now: float) -> CallbackRequest | None:
        """Add a spoken message to a request. None if the request is gone."""
        try:
            return self.change(request_id, lambda request: messages.added(request, message, now))
        except KeyError:
            return None

    def beside(self, request: CallbackRequest) -> list[CallbackRequest]:
        """Other requests of the phones that a request has or had, also those that ended. An open one is kept apart if
        an adviser typed a number, or a caller gave another.
        """
        phones = (request.number, *(each.number for each in request.before))
        found = {each.id: each for number in phones if number for each in self.known_of(number)}
        return [each for each in found.values() if each.id != request.id]

    def slots_taken(self, window: Window, now: float) -> int:
        """How many slots of a window are promised, or held by callers who are still asking."""
        return self._redis.do(lambda client: windows.taken(client, window, now))

    def promised(self, wanted: Iterable[Window], now: float) -> dict[Window, int]:
        """How many slots are taken in each of these windows."""
        found = list(wanted)
        return self._redis.do(lambda client: windows.taken_in_each(client, found, now))

    def open_of(self, number: str) -> list[CallbackRequest]:
        """The open requests of a phone, the latest first."""
        return [request for request in self.of_phone(number) if request.open]

    def of_phone(self, number: str) -> list[CallbackRequest]:
        """Every request of a phone, also those that ended, the latest first."""
        found = self._with_ids(lambda client: client.zrevrange(self._index.phone(number), 0, -1))
        return [request for request in found if request.number == number]

    def known_of(self, number: str) -> list[CallbackRequest]:
        """Every request of a phone, and those that were to be rung on it before their caller gave another number."""
        earlier = self._with_ids(lambda client: self._index.of_earlier(client, number))
        found = {each.id: each for each in (*self.of_phone(number), *earlier) if number in each.numbers}
        return sorted(found.values(), key=lambda each: -each.asked_at)

    def forget_ended(self, now: float) -> list[CallbackRequest]:
        """Delete requests that ended more than ENDED_SECONDS ago, and return them; and the slots of past days."""
        last = windows.kept_from(now)
        if last != self._windows_from:
            self._redis.do(lambda client: windows.forget_before(client, last))
            self._windows_from = last
        self._redis.do(lambda client: client.zremrangebyscore("ivr:handed_in", "-inf", now - ENDED_SECONDS))
        old = self._with_ids(lambda client: client.zrangebyscore("ivr:ended", "-inf", now - ENDED_SECONDS))
        return [request for each in old if (request := self.delete(each.id))]

    def delete(self, request_id: str) -> CallbackRequest | None:
        """Delete a request with everything that points to it, and return it.

        Its calls are noted as erased, so that nothing of them comes back: see `erasing`.
        """

        def step(pipe: Client) -> CallbackRequest | None:
            request = self._one(pipe, request_id)
            pipe.multi()
            self._remove(pipe, request_id, request)
            pipe.delete(*map(audit.key_of, {request_id, *(request.ids if request else ())}))
            if request:
                now = erasing.after(request.last_heard, time.time())
                erasing.note(pipe, self._keys, now, *set(map(call_of, request.ids)))
                erasing.deletes(pipe)
            return request

        return self._transaction(step, f"ivr:request:{request_id}")

    def was_deleted(self, call: str) -> bool:
        """Whether this call left a request that has been deleted."""
        return bool(self._redis.do(lambda client: erasing.when(client, self._keys, call)))

    def _change(
        self,
        request_id: str,
        how: Callable[[Client, CallbackRequest], CallbackRequest],
        also: Callable[[Client], object] = lambda pipe: None,
    ) -> CallbackRequest:
        """Change one request, together with what `also` does, in one transaction.

        `how` may read keys that it watches.
        """

        def step(pipe: Client) -> CallbackRequest:
            before = self._changing(pipe, request_id)
            changed = how(pipe, before)
            pipe.multi()
            also(pipe)
            self._write(pipe, before, changed)
            return changed

        return self._transaction(step, f"ivr:request:{request_id}")

    def _transaction(self, step: Callable[[Client], Changed], *watched: str) -> Changed:
        kept: Changed = self._redis.do(lambda client: client.transaction(step, *watched, value_from_callable=True))
        return kept

    def _changing(self, pipe: Client, request_id: str) -> CallbackRequest:
        """The request to change, as `get` finds it. It is watched. Raises Gone."""
        found = self._one(pipe, request_id)
        found = found or next((each for each in self._index.knowing(pipe, request_id) if request_id in each.ids), None)
        if found is None:
            raise callback.Gone(request_id)
        return found

    def _open_requests(self, pipe: Client, phone: str) -> Iterator[CallbackRequest]:
        """The open requests of a phone, the latest first, each of them watched."""
        for request_id in pipe.zrevrange(phone, 0, -1):
            pipe.watch(f"ivr:request:{request_id.decode()}")
            request = self._one(pipe, request_id.decode())
            if request and request.open and self._index.phone(request.number) == phone:
                yield request

    def _with_ids(self, ids: Callable[[Client], list[bytes]]) -> list[CallbackRequest]:
        """Read the requests whose ids this function gives, over one connection."""
        return self._redis.do(lambda client: self._read(client, ids(client)))

    def _read(self, client: Client, ids: list[bytes]) -> list[CallbackRequest]:
        if not ids:
            return []
        keys = [f"ivr:request:{i.decode()}" for i in ids]
        return self._codec.readable(keys, client.mget(keys))

    def _one(self, client: Client, request_id: str) -> CallbackRequest | None:
        value = client.get(f"ivr:request:{request_id}")
        return self._codec.decode(value) if value else None

    def _write(self, pipe: Client, before: CallbackRequest | None, request: CallbackRequest) -> None:
        """Write a request, its position in the queue, and its callers' slots: new, kept and released."""
        pipe.set(f"ivr:request:{request.id}", self._codec.encode(request))
        changes(pipe, request.id)
        self._index.place(pipe, before, request)

    def _remove(self, pipe: Client, request_id: str, request: CallbackRequest | None) -> None:
        """Remove a request with all that leads to it."""
        pipe.delete(f"ivr:request:{request_id}")
        changes(pipe, request_id)
        self._index.remove(pipe, request_id, request)
