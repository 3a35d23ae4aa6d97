"""How often each answer about a talk was chosen, by month. Nothing in it leads to a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from ivr.hours import LONDON
from ivr.store.connection import Client, Redis


class Counts:
    def __init__(self, redis: Redis):
        self._redis = redis

    def add(self, now: float, names: Iterable[str]) -> None:
        """Count each of these once, in the month of `now`."""
        month = f"{dt.datetime.fromtimestamp(now, LONDON):%Y-%m}"

        def step(client: Client) -> None:
            pipe = client.pipeline()
            for name in names:
                pipe.hincrby(f"ivr:count:{month}", name, 1)
            pipe.execute()

        self._redis.do(step)

    def of(self, month: str) -> dict[str, int]:
        """The counts of a month, as '2026-11'."""
        found = self._redis.do(lambda client: client.hgetall(f"ivr:count:{month}"))
        return {name.decode(): int(count) for name, count in found.items()}
