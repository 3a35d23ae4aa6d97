"""Counts in memory what happens in calls, and writes the sums to Redis every few seconds: by place and day for the page
"Where callers give up", and by month for the report.

So no turn waits for a count. If Redis is away, the sums wait. If a process is killed, the counts of its last few
seconds are lost.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable

import structlog

from ivr.reporting.dropoff import PlaceCounts
from ivr.store import Store, StoreDown
from ivr.store.counts import month_of

log = structlog.get_logger()

#: Seconds between two writes.
WRITE_SECONDS = 5.0


class Tally:
    """The sums of this process that are not written yet."""

    def __init__(self, store: Store, clock: Callable[[], float]):
        self._store, self._clock = store, clock
        self._counts, self._adding = PlaceCounts(), threading.Lock()
        #: For the report: by month and name.
        self._by_month = Counter[tuple[str, str]]()
        self._stop = threading.Event()

    def add(self, counts: PlaceCounts) -> None:
        """Add what happened in one turn."""
        with self._adding:
            self._counts.update(counts)

    def count(self, names: Iterable[str], now: float) -> None:
        """Count each of these for the report of the month of `now` (POSIX seconds)."""
        if found := list(names):
            month = month_of(now)
            with self._adding:
                self._by_month.update((month, name) for name in found)

    def watch(self) -> None:
        """Keep writing until closed. Runs in its own thread."""
        threading.Thread(target=self._watch, name="tally", daemon=True).start()

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self._stop.set()
        self.write()

    def write(self) -> None:
        """Write the sums to Redis. If it does not answer, they wait for the next time."""
        with self._adding:
            counts, self._counts = self._counts, PlaceCounts()
            by_month, self._by_month = self._by_month, Counter()
        if counts:
            try:
                self._store.dropoff.add(counts, self._clock())
            except StoreDown:
                self.add(counts)
        if by_month:
            try:
                self._store.counts.write(by_month)
            except StoreDown:
                with self._adding:
                    self._by_month.update(by_month)

    def _watch(self) -> None:
        while not self._stop.wait(WRITE_SECONDS):
            try:
                self.write()
            except Exception:
                log.exception("tally")  # counting goes on: the next write is tried in any case
