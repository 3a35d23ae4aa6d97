"""What is counted for the report, by month. Nothing in it leads to a person."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping

from ivr.hours import LONDON
from ivr.store.connection import Client, Redis


class Counts:
    """The counts of each month, by name."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def add(self, now: float, names: Iterable[str], times: int = 1) -> None:
        """Count each of these `times` times in the month of `now`; -1 takes one back. Raises StoreDown."""
        month = month_of(now)
        self.write({(month, name): count * times for name, count in Counter(names).items()})

    def write(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add these to what was counted, by month and name. Raises StoreDown."""

        def step(client: Client) -> None:
            pipe = client.pipeline()
            for (month, name), count in counts.items():
                pipe.hincrby(f"ivr:count:{month}", name, count)
            pipe.execute()

        self._redis.do(step)

    def of(self, month: str) -> dict[str, int]:
        """The counts of a month, as '2026-11'. None is below 0, whatever was taken back."""
        found = self._redis.do(lambda client: client.hgetall(f"ivr:count:{month}"))
        return {name.decode(): max(int(count), 0) for name, count in found.items()}


def month_of(now: float) -> str:
    """The month of a time (POSIX seconds) on the service's clock, as '2026-11'."""
    return f"{dt.datetime.fromtimestamp(now, LONDON):%Y-%m}"
