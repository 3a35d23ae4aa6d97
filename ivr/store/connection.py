"""The connection to Redis: gives up quickly, and has a circuit breaker.

A caller hears nothing while we wait for Redis, and redis-py waits for minutes by default. So every answer must come
within a quarter of a second, and nothing is retried. After a failure, no thread asks for a second; then a single thread
tries first. So a stalled server costs a caller a quarter of a second now and then, and does not block every thread.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from ivr.hot.wire import Wire

T = TypeVar("T")
#: A redis-py client or pipeline. Its own type hints are too vague to help.
Client = Any

#: The time limit in seconds during a call. A quarter of a second is the longest that callers do not notice.
ANSWER_SECONDS = 0.25
#: The time limit in seconds where no caller waits: in commands and in the worker.
PATIENT_SECONDS = 10.0
#: Seconds without requests after Redis failed.
LEFT_ALONE_SECONDS = 1.0


#: The schemes of a Redis behind Sentinel, without TLS and with it.
SENTINEL = ("sentinel", "sentinels")
#: Milliseconds in which a replica must confirm what was written, before a caller hears "we have it".
REPLICA_MILLISECONDS = 100

#: The longest path of a socket in bytes that the kernel accepts.
_LONGEST_SOCKET = 107

#: InvalidResponse: what answered is not Redis, or its answer was damaged on the way.
_FAILURES = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, redis.InvalidResponse, OSError)


class StoreDown(Exception):
    """Raised when Redis does not answer in time. A call continues without it."""


def _client(url: str, seconds: float | None) -> Client:
    """A client with this time limit, for redis://, rediss://, unix://, or Sentinel (see `_behind_sentinel`)."""
    waits = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    options: dict[str, Any] = {**waits, "retry": Retry(NoBackoff(), 0)} if seconds else {}
    parts = urlsplit(url)
    if parts.scheme in SENTINEL:
        return _behind_sentinel(parts, waits, options)
    if parts.scheme == "unix":
        options["connection_class"] = _SocketOfAnyPath
    return redis.Redis.from_url(url, **options)


def _behind_sentinel(parts: SplitResult, waits: dict[str, Any], options: dict[str, Any]) -> Client:
    """A client of the current primary: sentinel://user:password@host:port,host:port/name.

    `sentinels://` is the same with TLS to sentinels and servers.
    """
    hosts = [host.rsplit(":", 1) for host in parts.netloc.rpartition("@")[2].split(",")]
    told = dict(parse_qsl(parts.query))
    tls: dict[str, Any] = {"ssl": True} if parts.scheme == "sentinels" else {}
    if "ssl_ca_certs" in told:
        tls["ssl_ca_certs"] = told["ssl_ca_certs"]
    sentinels: Any = Sentinel(  # type: ignore[no-untyped-call]
        [(host, int(port)) for host, port in hosts],
        sentinel_kwargs={**waits, **tls, "password": told.get("sentinel_password")},
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        **tls,
    )
    return sentinels.master_for(parts.path.strip("/"), **options)


class _SocketOfAnyPath(redis.UnixDomainSocketConnection):
    """A Unix socket whose path may be longer than the kernel's 107 bytes: it is opened through its folder."""

    def _connect(self) -> socket.socket:
        path = self.path
        if len(os.fsencode(path)) <= _LONGEST_SOCKET:
            return cast(socket.socket, super()._connect())  # type: ignore[no-untyped-call]
        folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
        try:
            self.path = f"/proc/self/fd/{folder}/{os.path.basename(path)}"
            return cast(socket.socket, super()._connect())  # type: ignore[no-untyped-call]
        finally:
            self.path = path
            os.close(folder)


def _client_info(answer: bytes) -> dict[str, str]:
    """Parses CLIENT INFO. redis-py's own parser breaks on a space in the path of a server's socket."""
    return dict(re.findall(r"([\w-]+)=(.*?)(?= [\w-]+=|$)", answer.decode(errors="replace").strip()))


def _cannot(refusal: redis.ResponseError) -> bool:
    """Whether Redis refused because of its own state, and not because of the command."""
    if isinstance(refusal, redis.OutOfMemoryError | redis.ReadOnlyError):
        return True
    return any(word in str(refusal) for word in ("OOM", "MISCONF", "READONLY", "LOADING", "NOREPLICAS"))


class Redis:
    """A Redis server behind a circuit breaker. Use `do` for all commands. `answer_seconds` is the time limit."""

    def __init__(self, url: str, answer_seconds: float = ANSWER_SECONDS):
        self._url, self._answer_seconds = url, answer_seconds
        self._local = threading.local()
        self._shut_until = 0.0
        self._one_tries = threading.Lock()

    @property
    def client(self) -> Client:
        """This thread's own client: separate connections cost less than sharing one."""
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = _client(self._url, self._answer_seconds)
        return client

    def do(self, what: Callable[[Client], T]) -> T:
        """Run commands. Raises StoreDown if Redis does not answer or cannot run them; at once if it has just failed.

        "Cannot" means that it is out of memory, is still loading, or is no longer the primary.
        """
        return self._guarded(lambda: what(self.client))

    def ask(self, *command: str | bytes | int) -> Any:
        """Run one command over this thread's own connection, at a third of the cost of `do`: for commands that every
        turn needs.

        Raises StoreDown like `do`. Raises NoScriptError for a script that Redis does not know.
        """
        return self._guarded(lambda: self._wire().ask(command))

    def ask_all(self, *commands: tuple[str | bytes | int, ...]) -> list[Any]:
        """Run several commands in one round trip, as `ask` runs one."""
        return self._guarded(lambda: self._wire().ask_all(commands))

    def _wire(self) -> Wire:
        wire: Wire | None = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = Wire(self.client.connection_pool, self._answer_seconds)
        return wire

    def is_on_a_replica(self) -> bool:
        """Whether what this thread has just written would survive the loss of the primary. Raises StoreDown.

        Behind Sentinel, a replica takes over, and what it has not received yet is lost. Without Sentinel, or without a
        replica, True: nothing takes over, so what is on the disk of the only server counts.
        """
        if not self._url.startswith(SENTINEL):
            return True
        return self.do(
            lambda client: (
                not client.info("replication")["connected_slaves"] or bool(client.wait(1, REPLICA_MILLISECONDS))
            )
        )

    def _guarded(self, what: Callable[[], T]) -> T:
        shut_until = self._may_ask() if self._shut_until else 0.0
        try:
            answer = what()
        except _FAILURES as error:
            raise self._failed(error) from error
        except Exception as error:  # an error after the answer or before the request: Redis did not fail
            self._it_answers(shut_until)
            if isinstance(error, redis.ResponseError) and _cannot(error):
                raise StoreDown(str(error)) from error
            raise
        self._it_answers(shut_until)
        return answer

    def _may_ask(self) -> float:
        """Let this thread alone test whether Redis is back. Returns until when the others are refused (monotonic
        seconds). Raises StoreDown if another thread is testing, or has just failed.
        """
        with self._one_tries:
            now = time.monotonic()
            if now < self._shut_until:
                raise StoreDown("Redis failed a moment ago")
            self._shut_until = now + max(LEFT_ALONE_SECONDS, self._answer_seconds)
            return self._shut_until

    def _it_answers(self, shut_until: float) -> None:
        """Close the breaker, unless a later request has opened it again. `shut_until`: what `_may_ask` returned."""
        if self._shut_until == shut_until:
            self._shut_until = 0.0

    def _failed(self, error: Exception) -> StoreDown:
        """Open the breaker. The failed connection is dropped, because it may still contain an answer."""
        wire, self._local.wire = getattr(self._local, "wire", None), None
        if wire is not None:
            wire.close()
        self._shut_until = time.monotonic() + LEFT_ALONE_SECONDS
        return StoreDown(str(error))

    def patient(self) -> Client:
        """A client without time limits, for a worker that may wait for hours."""
        client = _client(self._url, None)
        client.set_response_callback("CLIENT INFO", _client_info)
        return client

    def close(self) -> None:
        wire, client = getattr(self._local, "wire", None), getattr(self._local, "client", None)
        if wire is not None:
            wire.close()
        if client is not None:
            client.close()


def ping(url: str) -> bool:
    """Whether a Redis at this address can be used."""
    return not why_not(url)


class Away(str):
    """A reason that may pass by itself: the server is not up yet."""


def why_not(url: str) -> str:
    """Why a Redis at this address cannot be used, to follow the word 'Redis'; empty if it can."""
    try:
        _client(url, ANSWER_SECONDS).ping()
    except (redis.AuthenticationError, redis.ResponseError) as refusal:
        wants_password = isinstance(refusal, redis.AuthenticationError) or "authenticated" in str(refusal)
        return "does not take this user and password" if wants_password else f"answers, and says: {refusal}"
    except redis.BusyLoadingError:
        return Away("is still loading its data")
    except (redis.RedisError, OSError) as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted: {cause.verify_message}"
        why = f" ({cause.strerror})" if isinstance(cause, OSError) and cause.strerror else ""
        return Away(f"does not answer{why}")
    return ""
