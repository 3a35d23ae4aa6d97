"""Counts what Twilio will bill for a day (`ivr/callbacks/spending.py` says what follows from it)."""

from __future__ import annotations

import datetime as dt

from ivr.callbacks.spending import Billed
from ivr.hours import LONDON
from ivr.store.connection import Client, Redis

#: Seconds for which a day's counts are kept.
KEEP_SECONDS = 2 * 24 * 60 * 60

#: A report that comes twice counts once.
_ADD = """
if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[1], ARGV[2], ARGV[3]) end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
"""


class Spendings:
    """What was spent, by day."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def add(self, what: Billed, amount: int, about: str, now: float) -> None:
        """Count something that ended. `about`: the id of the call or text, which counts once."""
        key = _key(now)
        terms = [f"{what} {about}", what, amount, KEEP_SECONDS]
        self._redis.do(lambda client: client.eval(_ADD, 2, key, f"{key}:ids", *terms))

    def of_day(self, now: float) -> dict[str, int]:
        """What was counted on this day so far."""

        def step(client: Client) -> dict[str, int]:
            return {name.decode(): int(amount) for name, amount in client.hgetall(_key(now)).items()}

        return self._redis.do(step)


def _key(now: float) -> str:
    return f"ivr:spent:{dt.datetime.fromtimestamp(now, LONDON).date().isoformat()}"
