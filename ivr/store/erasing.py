"""Removes deleted data from the disk too, by rewriting Redis' append-only file.

That file contains every command, including data that was deleted later, until Redis rewrites it by itself, which can
take most of a year. So we ask for a rewrite after a deletion, and once a day for data that expired.

What was erased stays erased. Each erased call and phone is noted as a keyed hash: in Redis, where the next webhook of
that call is refused, and in a file beside IVR_DATA (`Ledger`), which a backup of the data does not contain. After a
restore, what the file knows and Redis does not is erased again (`keep_erased` in `ivr/usecases/personal_data.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import redis
import structlog

from ivr.machine import disk
from ivr.machine.keys import Keys
from ivr.store.connection import Client, Redis

log = structlog.get_logger()

#: Seconds after which the file is rewritten even without a deletion, because calls and counters with numbers expire.
DAILY_SECONDS = 24 * 60 * 60
#: Seconds for which an erasure is remembered: longer than any backup may be kept (docs/operators.md).
ERASED_SECONDS = 400 * 24 * 60 * 60
_DELETED, _REWRITTEN, _ERASED = "ivr:deleted_since", "ivr:rewritten", "ivr:erased"


class Erasing:
    """Rewrites Redis' append-only file when that is due, and remembers what was erased."""

    def __init__(self, server: Redis, keys: Keys):
        self._redis, self._keys = server, keys

    def look(self, now: float) -> bool:
        """Start a rewrite if it is due. Returns whether it was started.

        Data that is deleted during a rewrite is removed by the next one.
        """
        return self._redis.do(lambda client: _look(client, now))

    def deletes(self) -> None:
        """Record that something was deleted in Redis that is still in its file."""
        self._redis.do(deletes)

    def note(self, now: float, *erased: str) -> None:
        """Note calls (by Twilio's id) or phones (E.164) as erased."""
        self._redis.do(lambda client: note(client, self._keys, now, *erased))

    def when(self, erased: str) -> float | None:
        """When a call or a phone was erased (POSIX seconds); None if it was not."""
        at = self._redis.ask(*self.asks_when(erased))
        return None if at is None else float(at)

    def asks_when(self, erased: str) -> tuple[str, ...]:
        """The command that asks when something was erased, to be sent together with others."""
        return "ZSCORE", _ERASED, self.mark(erased)

    def mark(self, erased: str) -> str:
        """What is stored of an erased call or phone: a keyed hash."""
        return _mark(self._keys, erased)

    def exchange(self, ledger: Ledger, now: float) -> dict[str, float]:
        """Copy new marks from Redis into the ledger of this machine, and drop old ones from both.

        Returns the marks with their times that only the ledger has: after a restore, Redis may hold that data again.
        Erase the data, and then give the marks to `learn`. Raises OSError if the ledger cannot be read or written, and
        StoreDown.
        """
        known = {mark.decode(): at for mark, at in self._redis.do(_all)}
        written = ledger.read()
        since = now - ERASED_SECONDS
        new = {mark: at for mark, at in written.items() if at > since and at > known.get(mark, 0.0)}
        ledger.write({mark: at for mark, at in known.items() if at > since and at > written.get(mark, 0.0)})
        if any(at <= since for at in written.values()):
            ledger.keep_since(since)
        self._redis.do(lambda client: client.zremrangebyscore(_ERASED, "-inf", since))
        return new

    def learn(self, erased: Mapping[str, float]) -> None:
        """Add marks of the ledger to Redis. Call it once the data that they stand for is erased, so that an
        interrupted run begins again.
        """
        if erased:
            self._redis.do(lambda client: client.zadd(_ERASED, dict(erased), gt=True))


class Ledger:
    """The file in which one machine remembers what was erased. Each line is a mark and a time (POSIX seconds)."""

    def __init__(self, file: Path):
        self.file = file

    def read(self) -> dict[str, float]:
        """Every mark with its time; empty if there is no file. A line that was not finished is left out."""
        try:
            return dict(_marks_in(self.file.read_text("ascii", "replace")))
        except FileNotFoundError:
            return {}

    def write(self, marks: Mapping[str, float]) -> None:
        """Add marks, and return once they are on the disk. Raises OSError."""
        if not marks:
            return
        handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write("".join(f"\n{mark} {at:.3f}\n" for mark, at in marks.items()))
            file.flush()
            os.fsync(file.fileno())

    def keep_since(self, when: float) -> None:
        """Drop the marks before this time. Raises OSError."""
        kept = {mark: at for mark, at in self.read().items() if at > when}
        disk.write_whole(self.file, "".join(f"{mark} {at:.3f}\n" for mark, at in kept.items()), 0o600)


def _marks_in(text: str) -> Iterator[tuple[str, float]]:
    """The latest time of each mark: lines are in the order of time."""
    for line in text.split("\n"):
        mark, _, at = line.partition(" ")
        if len(mark) == 32 and at.replace(".", "", 1).isdigit():
            yield mark, float(at)


def _mark(keys: Keys, erased: str) -> str:
    return keys.name(f"erased {erased}")


def after(said: float, now: float) -> float:
    """The time to note for an erasure now of something that was said at `said` (POSIX seconds): always later than that,
    even if the clock was set back since. It is later by a thousandth of a second at least, because the ledger rounds.
    """
    return max(now, said + 0.001)


def note(client: Client, keys: Keys, now: float, *erased: str) -> None:
    """Note calls or phones as erased, as part of the transaction that erases them."""
    if marks := {_mark(keys, each): now for each in erased if each}:
        client.zadd(_ERASED, marks, gt=True)


def when(client: Client, keys: Keys, erased: str) -> float | None:
    """When a call or a phone was erased; None if it was not."""
    at: float | None = client.zscore(_ERASED, _mark(keys, erased))
    return at


def was_since(client: Client, keys: Keys, number: str, heard: float) -> bool:
    """Whether this phone's data was deleted after a wish was `heard` (POSIX seconds). A deletion does not reach the
    spools of other machines, so a wish may come from one later.
    """
    at = when(client, keys, number) if number else None
    return at is not None and heard <= at


def _all(client: Client) -> list[tuple[bytes, float]]:
    found: list[tuple[bytes, float]] = client.zrange(_ERASED, 0, -1, withscores=True)
    return found


def deletes(client: Client) -> None:
    """Record that something was deleted that is still in Redis' file, as part of the transaction that deletes it."""
    client.set(_DELETED, 1)


def _look(client: Client, now: float) -> bool:
    since, last = client.mget(_DELETED, _REWRITTEN)
    if not since and abs(now - float(last or 0)) < DAILY_SECONDS:  # later than now: the clock was wrong
        return False
    told = client.info("persistence")
    if not told.get("aof_enabled") or told.get("aof_rewrite_in_progress") or told.get("aof_rewrite_scheduled"):
        return False
    pipe = client.pipeline()
    pipe.delete(_DELETED)
    pipe.set(_REWRITTEN, now)
    pipe.execute()
    try:
        client.bgrewriteaof()
    except redis.ResponseError as refusal:
        log.warning("erasing", why=f"Redis does not write its file anew, so what was deleted is in it still: {refusal}")
        return False
    return True
