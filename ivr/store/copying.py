"""Copies everything that is stored in Redis, for a backup, and restores a copy into an empty Redis."""

from __future__ import annotations

from typing import NamedTuple

import redis

from ivr.store.connection import Client, Redis

#: Keys that are not copied, because they are of no use later: calls under way, sign-ins, heartbeats, and the queue of
#: jobs. A job of last night that runs again would text somebody twice.
PASSING = (
    "ivr:session:", "ivr:accepted:", "ivr:signedin", "ivr:signin:", "ivr:alive:", "ivr:ailing:", "ivr:figures",
    "ivr:tried", "ivr:rung:", "ivr:keys", "ivr:restored", "rq:",
)  # fmt: skip
_UNFINISHED = "ivr:restored"


class Stored(NamedTuple):
    """One key: its value as Redis serialises it, and when it expires (POSIX milliseconds; 0: never)."""

    key: bytes
    value: bytes
    expires: int


class CannotLoad(Exception):
    """Raised if a copy cannot be put into this Redis, with the reason in words."""


class Copying:
    """Everything that is stored, without the keys in PASSING."""

    def __init__(self, server: Redis):
        self._redis = server

    def all(self) -> list[Stored]:
        """Everything, as of one moment. Raises StoreDown."""
        return self._redis.do(_all)

    def is_empty(self) -> bool:
        """Whether no request, text or adviser is stored yet."""
        found = self._redis.do(lambda client: client.exists("ivr:queue", "ivr:ended", "ivr:texts", "ivr:advisers"))
        return not found

    def load(self, stored: list[Stored], at: float) -> None:
        """Restore a copy that was made at `at` into an empty Redis, all of it or nothing. Raises CannotLoad, StoreDown.

        From then on, `unfinished` returns `at`, until `finished` is called.
        """
        try:
            self._redis.do(lambda client: _load(client, stored, at))
        except redis.ResponseError as refusal:
            raise CannotLoad(f"Redis does not take it: {refusal}") from refusal

    def unfinished(self) -> float | None:
        """When the copy was made whose restore is not finished (POSIX seconds); None if there is none."""
        at = self._redis.do(lambda client: client.get(_UNFINISHED))
        return None if at is None else float(at)

    def finished(self) -> None:
        """Record that the restore is finished."""
        self._redis.do(lambda client: client.delete(_UNFINISHED))


def _all(client: Client) -> list[Stored]:
    keys = [key for key in client.scan_iter(count=1000) if not key.decode(errors="replace").startswith(PASSING)]
    pipe = client.pipeline()
    for key in keys:
        pipe.dump(key)
        pipe.execute_command("PEXPIRETIME", key)
    told = pipe.execute()
    found = zip(keys, told[::2], told[1::2], strict=True)
    return [Stored(key, value, max(expires, 0)) for key, value, expires in found if value is not None]


def _load(client: Client, stored: list[Stored], at: float) -> None:
    pipe = client.pipeline()
    pipe.set(_UNFINISHED, repr(at))
    for each in stored:
        pipe.restore(each.key, each.expires, each.value, replace=True, absttl=True)
    pipe.execute()
