"""The state of the line's processes: which are alive, which keep ending, what is waiting, and counts.

A post is the task of one of the worker's processes (`WORKER_PROCESSES` in `ivr/usecases/jobs.py`). A heartbeat says
that the process at that post is alive. The worker also writes figures regularly, so that pages do not have to search
requests or queues: reading is cheap, and every web process gives the same answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import msgspec

from ivr.store.codec import Codec
from ivr.store.connection import Client, Redis, StoreDown

#: Seconds after its last heartbeat when a process counts as dead.
ALIVE_SECONDS = 20
#: Seconds after its last end for which a process is reported as ending repeatedly.
AILING_SECONDS = 60
#: Seconds after which figures are too old to report.
FIGURES_SECONDS = 120
#: The most different names to count, so that values sent from outside cannot fill Redis.
MOST_NAMES = 500


class QueueFigures(msgspec.Struct, frozen=True):
    """The figures of one queue. `oldest`: since when its oldest job has waited (POSIX seconds); 0 if it is empty."""

    waiting: int = 0
    to_retry: int = 0
    failed: int = 0
    oldest: float = 0.0


class Figures(msgspec.Struct, frozen=True):
    """What is waiting, as the worker saw it at `at` (POSIX seconds).

    `unwritable`: why the disk cannot be written; empty if it can. `urgent_since`: since when the longest-waiting urgent
    caller who can be rung now has waited (POSIX seconds); 0 if there is none.
    """

    at: float
    queues: dict[str, QueueFigures]
    texts_unsent: int
    requests_late: int
    messages_unheard: int
    unwritable: str = ""
    urgent_since: float = 0.0


class Condition(msgspec.Struct, frozen=True):
    """The state of the line's processes. `ailing`: processes that keep ending, with the number of ends in a row."""

    alive: frozenset[str]
    ailing: dict[str, int]
    figures: Figures | None


_figures = Codec(Figures)


class Health:
    """Heartbeats, figures and counts."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def figures(self, figures: Figures) -> None:
        """Store the worker's figures."""
        self._redis.do(lambda client: client.set("ivr:figures", _figures.encode(figures), ex=FIGURES_SECONDS))

    def ail(self, process: str, times: int) -> None:
        """Record that a process keeps ending. Does nothing while Redis is down."""
        with contextlib.suppress(StoreDown):
            self._redis.do(lambda client: client.set(f"ivr:ailing:{process}", times, ex=AILING_SECONDS))

    def ailing(self, processes: Iterable[str]) -> dict[str, int]:
        """Those of these processes that keep ending, with the number of ends in a row."""
        return self.condition((), processes).ailing

    def condition(self, posts: Iterable[str], processes: Iterable[str]) -> Condition:
        """Which of these posts are alive, which of these processes keep ending, and the figures, in one round trip."""
        posts, processes = list(posts), list(processes)
        names = [f"ivr:alive:{name}" for name in posts] + [f"ivr:ailing:{name}" for name in processes]
        *found, figures = self._redis.do(lambda client: client.mget([*names, "ivr:figures"]))
        signs, times = found[: len(posts)], found[len(posts) :]
        return Condition(
            frozenset(name for name, sign in zip(posts, signs, strict=True) if sign),
            {name: int(each) for name, each in zip(processes, times, strict=True) if each},
            _figures.decode(figures) if figures else None,
        )

    def count(self, name: str, label: str = "") -> None:
        """Increase a count. Does nothing while Redis is down."""

        def step(client: Client) -> None:
            if client.hlen("ivr:counts") < MOST_NAMES or client.hexists("ivr:counts", f"{name} {label}"):
                client.hincrby("ivr:counts", f"{name} {label}", 1)

        with contextlib.suppress(StoreDown):
            self._redis.do(step)

    def counts(self) -> dict[tuple[str, str], int]:
        """The counts by name and label."""
        found = self._redis.do(lambda client: client.hgetall("ivr:counts"))
        keys = {key: key.decode().partition(" ") for key in found}
        return {(keys[key][0], keys[key][2]): int(value) for key, value in found.items()}


def beat(client: Client, post: str) -> None:
    """Record a heartbeat of this post, with any client."""
    client.set(f"ivr:alive:{post}", 1, ex=ALIVE_SECONDS)
