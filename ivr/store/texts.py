"""Text messages that callers asked for, and how far each got."""

from __future__ import annotations

from typing import Literal

import msgspec

from ivr.store.connection import Client, Redis

#: Seconds the fate of a text is kept, for advisers to see what failed.
KEEP_SECONDS = 30 * 24 * 60 * 60

Fate = Literal["waiting", "sent", "delivered", "failed"]
#: A text's fate only moves forward: a late notice of sending cannot undo a delivery.
_ORDER: dict[Fate, int] = {"waiting": 0, "sent": 1, "failed": 2, "delivered": 2}


class TextState(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text: what, to whom, and what became of it."""

    id: str
    to: str
    text: str
    body: str
    asked_at: float
    fate: Fate = "waiting"
    why: str = ""
    sid: str = ""


_decoder = msgspec.json.Decoder(TextState)


class Texts:
    def __init__(self, redis: Redis):
        self._redis = redis

    def add(self, text: TextState) -> bool:
        """Write a text down before it is sent. False if it was there already."""

        def step(client: Client) -> bool:
            new = client.set(f"ivr:text:{text.id}", msgspec.json.encode(text), nx=True, ex=KEEP_SECONDS)
            client.zadd("ivr:texts", {text.id: text.asked_at})
            client.zremrangebyscore("ivr:texts", "-inf", text.asked_at - KEEP_SECONDS)
            return bool(new)

        return bool(self._redis.do(step))

    def get(self, text_id: str) -> TextState | None:
        value = self._redis.do(lambda client: client.get(f"ivr:text:{text_id}"))
        return _decoder.decode(value) if value else None

    def became(self, text_id: str, fate: Fate, why: str = "", sid: str = "") -> None:
        """Note how far a text got; never backwards, whoever tells of it first."""
        key = f"ivr:text:{text_id}"

        def step(pipe: Client) -> None:
            value = pipe.get(key)
            pipe.multi()
            known = _decoder.decode(value) if value else None
            if known is None:
                return
            later = {"fate": fate, "why": why} if _ORDER[fate] >= _ORDER[known.fate] else {}
            changed = msgspec.structs.replace(known, sid=sid or known.sid, **later)
            pipe.set(key, msgspec.json.encode(changed), keepttl=True)

        self._redis.do(lambda client: client.transaction(step, key))

    def failed(self) -> list[TextState]:
        """Texts that did not go, the latest first."""
        return [text for text in self._recent() if text.fate == "failed"]

    def waiting(self) -> list[TextState]:
        """Texts that were written down and not sent yet."""
        return [text for text in self._recent() if text.fate == "waiting"]

    def _recent(self, most: int = 1000) -> list[TextState]:
        ids = self._redis.do(lambda client: client.zrevrange("ivr:texts", 0, most - 1))
        if not ids:
            return []
        values = self._redis.do(lambda client: client.mget([f"ivr:text:{i.decode()}" for i in ids]))
        return [_decoder.decode(value) for value in values if value]
