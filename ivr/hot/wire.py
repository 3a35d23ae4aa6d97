"""Sends a command to Redis and reads its answer, with as little code as possible in between."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Sequence
from typing import Any

import hiredis
import redis
from redis.exceptions import NoScriptError


class Wire:
    """Sends commands directly over a connection made by redis-py.

    redis-py uses Python's time-outs, which make a system call before each read and write, and let other threads run
    each time. Here, the kernel enforces the time-outs (SO_RCVTIMEO). TLS connections keep Python's, because its TLS
    code would retry after a time-out of the kernel.
    """

    def __init__(self, pool: Any, seconds: float):
        self._pool, self._connection = pool, pool.get_connection()
        self._socket: socket.socket = self._connection._sock  # redis-py has no public name for it
        self._reader = hiredis.Reader(
            protocolError=redis.ConnectionError, replyError=_refusal, notEnoughData=_UNFINISHED
        )
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(seconds)
        else:
            _let_the_kernel_give_up(self._socket, seconds)

    def ask(self, command: tuple[str | bytes | int, ...]) -> Any:
        """Send one command.

        Raises OSError or redis.ConnectionError if no complete answer comes in time, or Redis' own error.
        """
        return self.ask_all((command,))[0]

    def ask_all(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        """Send some commands at once, and wait once for the answers to all of them. Raises what `ask` does."""
        self._socket.sendall(b"".join(map(hiredis.pack_command, commands)))  # type: ignore[arg-type]
        answers = [self._answer() for _ in commands]
        for answer in answers:
            if isinstance(answer, redis.ResponseError):
                raise answer
        return answers

    def _answer(self) -> Any:
        while (answer := self._reader.gets()) is _UNFINISHED:
            if not (more := self._socket.recv(65536)):
                raise redis.ConnectionError("Redis closed the connection")
            self._reader.feed(more)
        return answer

    def close(self) -> None:
        """Disconnect, and return the connection to its pool, which has a limit."""
        self._connection.disconnect()
        self._pool.release(self._connection)


_UNFINISHED = object()


def _let_the_kernel_give_up(wire: socket.socket, seconds: float) -> None:
    wire.settimeout(None)
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        wire.setsockopt(socket.SOL_SOCKET, option, limit)


def _refusal(words: str) -> redis.ResponseError:
    return NoScriptError(words) if words.startswith("NOSCRIPT") else redis.ResponseError(words)
