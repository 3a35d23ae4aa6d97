"""The way to Redis: quick to give up, and not asked again at once.

A caller hears nothing while we wait for Redis, and redis-py left to itself waits for
minutes. So every answer must come within a quarter of a second, nothing is retried, and
after a failure nobody asks for a second: one stalled server then costs one caller a
quarter second, and not every thread all of its time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

T = TypeVar("T")
#: A redis-py client or pipeline. Its own types say that anything may come back as anything.
Client = Any

#: Seconds that Redis has to answer. A quarter second is the longest a caller does not notice.
ANSWER_SECONDS = 0.25
#: Seconds in which Redis is left alone after it failed.
LEFT_ALONE_SECONDS = 1.0


_FAILURES = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, OSError)


class StoreDown(Exception):
    """Raised when Redis does not answer in time, or at all. The call goes on without it."""


_HASTY: dict[str, Any] = {
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": ANSWER_SECONDS,
    "retry": Retry(NoBackoff(), 0),
}


def _client(url: str, options: dict[str, Any]) -> Client:
    """A client for redis://, rediss://, unix:// or sentinel://host:port,host:port/name/database."""
    parts = urlsplit(url)
    if parts.scheme != "sentinel":
        return redis.Redis.from_url(url, **options)
    name, _, database = parts.path.strip("/").partition("/")
    hosts = [host.rsplit(":", 1) for host in parts.netloc.rpartition("@")[2].split(",")]
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    sentinels: Any = Sentinel(  # type: ignore[no-untyped-call]
        [(host, int(port)) for host, port in hosts],
        sentinel_kwargs={"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS},
        password=parts.password,
        **query,
    )
    return sentinels.master_for(name, db=int(database or 0), **options)


class Redis:
    """A Redis server behind a breaker. Use `do` for every command."""

    def __init__(self, url: str):
        self._url = url
        self._local = threading.local()
        self._shut_until = 0.0

    @property
    def client(self) -> Client:
        """This thread's own client: a connection of its own costs less than sharing one."""
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = _client(self._url, _HASTY)
        return client

    def do(self, what: Callable[[Client], T]) -> T:
        """Run commands. Raises StoreDown if Redis does not answer, at once if it just failed to."""
        if time.monotonic() < self._shut_until:
            raise StoreDown("Redis failed a moment ago")
        try:
            return what(self.client)
        except _FAILURES as error:
            raise self._failed(error) from error

    def ask(self, *command: Any) -> Any:
        """One command over this thread's own connection: a third of what `do` costs, for what every turn needs.

        Raises StoreDown as `do` does. What Redis itself refuses is raised as redis raises it.
        """
        return self.begin(*command)()

    def begin(self, *command: Any) -> Callable[[], Any]:
        """As `ask`, in two steps: the command is sent, and what is returned waits for the answer.

        Nothing else may be asked by this thread before the answer was waited for.
        """
        if time.monotonic() < self._shut_until:
            raise StoreDown("Redis failed a moment ago")
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self.client.connection_pool.get_connection()
            connection.send_command(*command)
        except _FAILURES as error:
            raise self._failed(error) from error

        def answer() -> Any:
            try:
                return connection.read_response()
            except _FAILURES as error:
                raise self._failed(error) from error

        return answer

    def _failed(self, error: Exception) -> StoreDown:
        """Leave Redis alone for a while. A connection that failed may still have an answer in it, and is dropped."""
        self._local.connection = None
        self._shut_until = time.monotonic() + LEFT_ALONE_SECONDS
        return StoreDown(str(error))

    def patient(self) -> Client:
        """A client without our time-outs, for the worker, which may wait."""
        return _client(self._url, {})

    def close(self) -> None:
        client = getattr(self._local, "client", None)
        if client is not None:
            client.close()


def ping(url: str) -> bool:
    """Whether a Redis answers at this address."""
    try:
        return bool(_client(url, _HASTY).ping())
    except (redis.RedisError, OSError):
        return False
