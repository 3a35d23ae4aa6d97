"""Text messages that callers asked for, and the state of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
from msgspec.structs import replace

from ivr.machine.keys import Keys
from ivr.store import erasing
from ivr.store.codec import Codec, Sealed
from ivr.store.connection import Client, Redis

#: Seconds for which the state of a text is kept, so that advisers can see failures.
KEEP_SECONDS = 30 * 24 * 60 * 60

#: The name of texts in their encryption.
KIND = b"text"

Fate = Literal["waiting", "sending", "sent", "delivered", "failed"]
#: The state of a text only moves forward: a late report of sending cannot undo a delivery. A delivered text has not
#: failed, whatever other reports say.
_ORDER: dict[Fate, int] = {"waiting": 0, "sending": 1, "sent": 2, "failed": 3, "delivered": 4}


class TextState(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text: its words, its receiver, and its state. Times are POSIX seconds."""

    id: str
    #: The receiver's number (E.164).
    to: str
    #: Its name, as in `texts.yaml`, and its words.
    text: str
    body: str
    asked_at: float
    fate: Fate = "waiting"
    #: When Twilio was last asked to send it.
    tried_at: float = 0.0
    #: What went wrong, and Twilio's code for it, if it gave one.
    why: str = ""
    code: str = ""
    #: Its id at Twilio.
    sid: str = ""


class Texts:
    """The texts, by id."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._keys, self._codec = redis, keys, Sealed(Codec(TextState), keys, KIND)

    def add(self, text: TextState) -> bool:
        """Save a text before it is sent. False if it already exists, or what its call left was erased."""

        def step(client: Client) -> bool:
            if erasing.when(client, self._keys, _call_of(text.id)):
                return False
            pipe = client.pipeline()
            pipe.set(f"ivr:text:{text.id}", self._codec.encode(text), nx=True)
            pipe.zadd("ivr:texts", {text.id: text.asked_at})
            return bool(pipe.execute()[0])

        return self._redis.do(step)

    def all(self) -> list[TextState]:
        """Every text, the latest first."""
        return self._recent(most=0)

    def forget(self, ids: Iterable[str]) -> None:
        """Delete these texts."""
        these = list(ids)
        self._redis.do(lambda client: self._forget(client, these))

    def to(self, number: str) -> list[TextState]:
        """Every text to a number, the latest first."""
        return [text for text in self._recent(most=0) if text.to == number]

    def forget_to(self, number: str) -> None:
        """Delete the texts to a number, because everything about its owner is deleted."""
        self.forget(text.id for text in self.to(number))

    def forget_old(self, now: float) -> None:
        """Delete texts that are older than KEEP_SECONDS. They have no expiry in Redis: see `windows.WINDOW_DAYS`."""

        def step(client: Client) -> None:
            self._forget(
                client, [each.decode() for each in client.zrangebyscore("ivr:texts", "-inf", now - KEEP_SECONDS)]
            )

        self._redis.do(step)

    def _forget(self, client: Client, ids: list[str]) -> None:
        """Delete texts, and note their calls as erased, so that a repeated webhook does not send one again."""
        if ids:
            pipe = client.pipeline()
            pipe.delete(*(f"ivr:text:{each}" for each in ids))
            pipe.zrem("ivr:texts", *ids)
            erasing.note(pipe, self._keys, time.time(), *map(_call_of, ids))
            erasing.deletes(pipe)
            pipe.execute()

    def count_answer(self, number: str) -> int:
        """Count our answer to a text from this number. Returns the count in the hour that began with the first."""
        key = f"ivr:answers_to:{self._keys.name(number)}"

        def step(client: Client) -> int:
            pipe = client.pipeline()
            pipe.set(key, 0, ex=3600, nx=True)
            pipe.incr(key)
            return int(pipe.execute()[1])

        return self._redis.do(step)

    def get(self, text_id: str) -> TextState | None:
        value = self._redis.do(lambda client: client.get(f"ivr:text:{text_id}"))
        return self._codec.decode(value) if value else None

    def begin(self, text_id: str, now: float) -> TextState | None:
        """Claim a waiting text for sending. None if it is gone or already claimed.

        A worker that is killed while sending leaves the text in the state "sending", and nobody sends it again, because
        it may have gone.
        """

        def take(text: TextState) -> TextState | None:
            return replace(text, fate="sending", tried_at=now) if text.fate == "waiting" else None

        return self._change(text_id, take)

    def put_back(self, text_id: str) -> None:
        """Return a text that was certainly not sent to the state "waiting"."""
        self._change(text_id, lambda text: replace(text, fate="waiting") if text.fate == "sending" else None)

    def became(self, text_id: str, fate: Fate, why: str = "", sid: str = "", code: str = "") -> None:
        """Record a new state of a text; it never moves backwards.

        `why` and `code` say what went wrong. They are kept if the same state is reported again without them.
        """

        def further(text: TextState) -> TextState:
            text = replace(text, sid=sid or text.sid)
            if _ORDER[fate] < _ORDER[text.fate]:
                return text
            if fate == text.fate:
                return replace(text, why=why or text.why, code=code or text.code)
            return replace(text, fate=fate, why=why, code=code)

        self._change(text_id, further)

    def _change(self, text_id: str, how: Callable[[TextState], TextState | None]) -> TextState | None:
        """Change a text in a transaction, and return it; None if `how` returns None, or the text is gone."""
        key = f"ivr:text:{text_id}"

        def step(pipe: Client) -> TextState | None:
            value = pipe.get(key)
            pipe.multi()
            changed = how(self._codec.decode(value)) if value else None
            if changed is not None:
                pipe.set(key, self._codec.encode(changed))
            return changed

        changed: TextState | None = self._redis.do(
            lambda client: client.transaction(step, key, value_from_callable=True)
        )
        return changed

    def sender_is(self, why_not: str) -> None:
        """Record why no texts can be sent; empty if they can."""
        self._redis.do(lambda client: client.set("ivr:no_texts", why_not))

    def why_no_sender(self) -> str | None:
        """Why no text can be sent at all; empty if they can. None: nobody found out, or Redis has lost it."""
        found = self._redis.do(lambda client: client.get("ivr:no_texts"))
        return None if found is None else found.decode()

    def failed(self) -> list[TextState]:
        """Failed texts, latest first."""
        return [text for text in self._recent() if text.fate == "failed"]

    def failed_to(self, number: str) -> list[TextState]:
        """Failed texts to this number, latest first; empty if the number is not known."""
        return [text for text in self.failed() if text.to == number] if number else []

    def underway(self) -> list[TextState]:
        """Texts that are waiting or being sent."""
        return [text for text in self._recent() if text.fate in ("waiting", "sending")]

    def _recent(self, most: int = 1000) -> list[TextState]:
        """The latest texts; 0 for all of them."""
        ids = self._redis.do(lambda client: client.zrevrange("ivr:texts", 0, most - 1))
        if not ids:
            return []
        keys = [f"ivr:text:{i.decode()}" for i in ids]
        return self._codec.readable(keys, self._redis.do(lambda client: client.mget(keys)))


def _call_of(text_id: str) -> str:
    """The call in which a text was asked for."""
    return text_id.rsplit(".", 1)[0]
