"""How the processes of the line are: who is alive, who keeps ending, what waits, and what was counted.

Whoever asks reads what others wrote: the worker writes its figures now and then, and no page has to look through
requests or queues for them. So asking is cheap, and every web process gives the same answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import msgspec

from ivr.store.codec import Codec
from ivr.store.connection import Client, Redis, StoreDown

#: Seconds after its last sign of life that a process counts as dead.
ALIVE_SECONDS = 20
#: Seconds for which it is told that a process keeps ending, after it last did.
AILING_SECONDS = 60
#: Seconds after which figures are too old to be told.
FIGURES_SECONDS = 120
#: Different names that are counted. What others send us cannot fill Redis.
MOST_NAMES = 500


class QueueFigures(msgspec.Struct, frozen=True):
    """What one queue holds. `oldest`: since when its oldest job waits, in seconds since 1970; 0 if none does."""

    waiting: int = 0
    to_retry: int = 0
    failed: int = 0
    oldest: float = 0.0


class Figures(msgspec.Struct, frozen=True):
    """What waits, as the worker saw it at the second `at`. `unwritable`: why nothing can be kept on the disk, if so."""

    at: float
    queues: dict[str, QueueFigures]
    texts_unsent: int
    requests_late: int
    messages_unheard: int
    unwritable: str = ""


class Condition(msgspec.Struct, frozen=True):
    """How the line's processes are. `ailing`: how often in a row each of those that keep ending did."""

    alive: frozenset[str]
    ailing: dict[str, int]
    figures: Figures | None


_figures = Codec(Figures)


class Health:
    """Signs of life, figures and counts."""

    def __init__(self, redis: Redis):
        self._redis = redis

    def figures(self, figures: Figures) -> None:
        """Keep what the worker saw."""
        self._redis.do(lambda client: client.set("ivr:figures", _figures.encode(figures), ex=FIGURES_SECONDS))

    def ail(self, process: str, times: int) -> None:
        """Note that a process keeps ending. Does nothing while Redis is away."""
        with contextlib.suppress(StoreDown):
            self._redis.do(lambda client: client.set(f"ivr:ailing:{process}", times, ex=AILING_SECONDS))

    def ailing(self, processes: Iterable[str]) -> dict[str, int]:
        """Of these processes, those that keep ending, and how often they did."""
        return self.condition((), processes).ailing

    def condition(self, posts: Iterable[str], processes: Iterable[str]) -> Condition:
        """Which of these posts are alive, which of these processes keep ending, and the figures: one question."""
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
        """Count one more. It is not worth a failure: nothing is counted while Redis is away."""

        def step(client: Client) -> None:
            if client.hlen("ivr:counts") < MOST_NAMES or client.hexists("ivr:counts", f"{name} {label}"):
                client.hincrby("ivr:counts", f"{name} {label}", 1)

        with contextlib.suppress(StoreDown):
            self._redis.do(step)

    def counts(self) -> dict[tuple[str, str], int]:
        """What was counted, by name and label."""
        found = self._redis.do(lambda client: client.hgetall("ivr:counts"))
        keys = {key: key.decode().partition(" ") for key in found}
        return {(keys[key][0], keys[key][2]): int(value) for key, value in found.items()}


def beat(client: Client, post: str) -> None:
    """Give a sign of life for this post, by whatever client the process has at hand."""
    client.set(f"ivr:alive:{post}", 1, ex=ALIVE_SECONDS)
