"""What happened at each place of the line, by day (`ivr/reporting/dropoff.py` says what is counted)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from ivr.hours import LONDON
from ivr.reporting.dropoff import PlaceCounts
from ivr.store.connection import Client, Redis

#: Days for which the counts of a day are kept: a year and a month, so that a month can be compared with last year's.
KEEP_DAYS = 400
_MARK = ":"


class DropOff:
    """Counts by place, by day."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def add(self, counts: PlaceCounts, now: float) -> None:
        """Add these to the counts of the day of `now`. Raises StoreDown."""
        key = _key(_day(now))

        def step(client: Client) -> None:
            pipe = client.pipeline()
            for (place, what), count in counts.items():
                pipe.hincrby(key, f"{place}{_MARK}{what}", count)
            pipe.expire(key, KEEP_DAYS * 24 * 60 * 60)
            pipe.execute()

        self._redis.do(step)

    def of(self, first: dt.date, last: dt.date) -> Counter[tuple[str, str]]:
        """The sums of these days, both included. Raises StoreDown."""
        found = self._redis.do(lambda client: _all(client, map(_key, _days(first, last))))
        counts: Counter[tuple[str, str]] = Counter()
        for day in found:
            for name, count in day.items():
                place, _, what = name.decode().rpartition(_MARK)
                counts[place, what] += int(count)
        return counts


def _all(client: Client, keys: Iterable[str]) -> list[dict[bytes, bytes]]:
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.hgetall(key)
    return list(pipe.execute())


def _days(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return (first + dt.timedelta(days=n) for n in range((last - first).days + 1))


def _day(now: float) -> dt.date:
    return dt.datetime.fromtimestamp(now, LONDON).date()


def _key(day: dt.date) -> str:
    return f"ivr:dropoff:{day.isoformat()}"
