"""Marks of what may happen only once for some time: an alert about a phone, a call by a click, the alert of a flood."""

from __future__ import annotations

from ivr.callbacks.request import CallbackRequest
from ivr.machine.keys import Keys
from ivr.store.connection import Client, Redis

#: Seconds between alerts about messages from one phone, and from all hidden numbers together.
ALERT_SECONDS, HIDDEN_ALERT_SECONDS = 24 * 60 * 60, 60 * 60
#: Seconds after which a flood that is no longer seen is over.
FLOOD_SECONDS = 60 * 60
#: Seconds for which a click is remembered.
CLICK_SECONDS = 60 * 60


class Once:
    """Marks of what was done already. All processes share them."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._keys = redis, keys

    def may_alert(self, request: CallbackRequest, way: str) -> bool:
        """Whether an alert about this request, which consists of a message only, may be sent.

        At most one a day for each phone, because pockets ring again and again; for hidden numbers, one an hour for all
        of them.
        """
        key = f"ivr:alerted:{self._keys.name(request.number) if request.number else 'hidden'}:{way}"
        seconds = ALERT_SECONDS if request.number else HIDDEN_ALERT_SECONDS

        def step(client: Client) -> bool:
            client.set(key, request.id, nx=True, ex=seconds)
            return bool(client.get(key) == request.id.encode())

        return self._redis.do(step)

    def flood_began(self, now: float) -> str:
        """The second at which the present flood was first seen. An hour after it was last seen, another one begins."""

        def step(client: Client) -> str:
            client.set("ivr:flood", f"{now:.0f}", nx=True, ex=FLOOD_SECONDS)
            client.expire("ivr:flood", FLOOD_SECONDS)
            return (client.get("ivr:flood") or b"").decode()

        return self._redis.do(step)

    def begin_ringing(self, request_id: str, asked_at: float) -> bool:
        """Whether Twilio may be asked to ring for this click.

        False if it was already asked, because a phone may have rung.
        """
        key = f"ivr:rung:{request_id}:{asked_at:.0f}"
        return bool(self._redis.do(lambda client: client.set(key, 1, nx=True, ex=CLICK_SECONDS)))
