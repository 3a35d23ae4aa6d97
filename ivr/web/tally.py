"""Sums up in memory what happened at each place, and writes it to Redis every few seconds.

A turn only adds to numbers in memory: it never waits for a count. If Redis is away, the sums wait. What a process had
not written when it was killed is lost, which is a few seconds of counting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from ivr.dropoff import Counts
from ivr.store import StoreDown
from ivr.store.dropoff import DropOff

log = structlog.get_logger()

#: Seconds between two writes.
WRITE_SECONDS = 5.0


class Tally:
    """The sums of this process that are not written yet."""

    def __init__(self, dropoff: DropOff, clock: Callable[[], float]):
        self._dropoff, self._clock = dropoff, clock
        self._counts, self._adding = Counts(), threading.Lock()
        self._stop = threading.Event()

    def add(self, counts: Counts) -> None:
        """Add what happened in one turn."""
        with self._adding:
            self._counts.update(counts)

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
            counts, self._counts = self._counts, Counts()
        if not counts:
            return
        try:
            self._dropoff.add(counts, self._clock())
        except StoreDown:
            self.add(counts)

    def _watch(self) -> None:
        while not self._stop.wait(WRITE_SECONDS):
            try:
                self.write()
            except Exception:
                log.exception("tally")  # counting goes on: the next write is tried in any case
