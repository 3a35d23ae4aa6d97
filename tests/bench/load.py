"""The load: whole calls of callers, signed beforehand, and played to a web server in two ways.

Closed: so many connections, each of which sends the next request once it has its answer. It finds how many turns there
can be. Open: requests are sent on schedule whether or not the ones before were answered, as callers do who know nothing
of each other; how long each took counts from when it was due. It finds how long callers wait.

One thread and one poll: whatever the load costs is taken from the cores it shares with what it measures.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import select
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from ivr.engine.debounce import DEBOUNCE_SECONDS

TOKEN = "a-token-for-the-benchmark-alone"
BASE = "https://line.example.org"
CONNECTIONS = 16
#: What the callers of the benchmark do: keys, and '.' for silence. Menus, questions, readings,
#: words, help, going back and the end menu, in the proportions of an ordinary call.
WALKS = (
    "..3..1.....*",
    "122..1...2.",
    "2.1..1..93.1*",
    "1213.2..*#",
    "4..1...1..1..2",
    "3..3....14..",
    "24...*2..1..",
)
FORM = {
    "AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01", "CallStatus": "in-progress", "Direction": "inbound",
    "From": "+447700900123", "To": "+441164960000", "Caller": "+447700900123", "Called": "+441164960000",
    "FromCity": "", "FromState": "", "FromZip": "", "FromCountry": "GB", "CallerCity": "", "CallerState": "",
    "CallerZip": "", "CallerCountry": "GB", "ToCity": "Leicester", "ToState": "", "ToZip": "", "ToCountry": "GB",
    "CalledCity": "Leicester", "CalledState": "", "CalledZip": "", "CalledCountry": "GB",
}  # fmt: skip

#: Each webhook of a walk: the path and query, and the key.
Walk = list[tuple[str, str]]


def walks(port: int) -> list[Walk]:
    """Every walk, found by walking it. All at once, because each waits before its keys."""
    with ThreadPoolExecutor(len(WALKS)) as together:
        return list(together.map(partial(_walk, port), WALKS))


def _walk(port: int, keys: str) -> Walk:
    """A key is pressed once it counts. Otherwise the speed of the machine would decide where the call goes and ends."""
    path, found = "/voice", []
    for key in ("", *keys):
        if key.strip("."):
            time.sleep(DEBOUNCE_SECONDS)
        found.append((path, "" if key == "." else key))
        reply = _ask(port, _request(path, f"CAwalk{keys}", found[-1][1])).decode()
        action = re.search(rf'action="{BASE}([^"]+)"', reply)
        if action is None:
            sys.exit(f"The walk {keys} stops at {path}: {reply[:300]}")
        path = action[1].replace("&amp;", "&")
    return found


def calls(walks: list[Walk], number: int, name: str) -> list[list[bytes]]:
    """So many whole calls, each a list of requests. `name` makes them other calls than any before."""
    return [[_request(path, f"CA{name}{i:08}", key) for path, key in walks[i % len(walks)]] for i in range(number)]


def _request(path: str, call: str, key: str) -> bytes:
    form = {**FORM, "CallSid": call, **({"Digits": key, "FinishedOnKey": ""} if key else {})}
    signature = RequestValidator(TOKEN).compute_signature(BASE + path, form)
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: line.example.org\r\nUser-Agent: TwilioProxy/1.1\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    reply = b"".join(parts)
    _must_be_answered(reply)
    return reply


def play(port: int, calls: list[list[bytes]]) -> list[float]:
    """Play the calls, CONNECTIONS at a time. Returns the seconds that each turn took."""
    waiting, took = iter(calls), []
    poll, open_now = select.epoll(), {}

    def begin(call: Iterator[bytes] | None) -> None:
        request = next(call, None) if call else None
        while request is None:
            if (following := next(waiting, None)) is None:
                return
            call = iter(following)
            request = next(call, None)
        assert call
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(("127.0.0.1", port))
        connection.send(request)
        connection.setblocking(False)
        poll.register(connection, select.EPOLLIN)
        open_now[connection.fileno()] = (connection, call, time.perf_counter(), bytearray())

    for _ in range(CONNECTIONS):
        begin(None)
    while open_now:
        for number, _ in poll.poll(1):
            connection, call, began, reply = open_now[number]
            if part := connection.recv(65536):
                reply += part
                continue
            _must_be_answered(reply)
            took.append(time.perf_counter() - began)
            poll.unregister(connection)
            connection.close()
            del open_now[number]
            begin(call)
    return took


def stretch(port: int, walks: list[Walk], seconds: int, a_second: int, name: str) -> tuple[list[float], int]:
    """Turns on schedule for about so many seconds, as `play_on_schedule`; a call has about eight of them."""
    return play_on_schedule(port, calls(walks, seconds * a_second // 8, name), a_second)


def play_on_schedule(port: int, calls: list[list[bytes]], a_second: float) -> tuple[list[float], int]:
    """Send a turn of one call after another, so many a second.

    Returns the seconds from when each was due to its answer, and how many of these were not a 200.
    """
    due = [request for turns in itertools.zip_longest(*calls) for request in turns if request]
    schedule = _Schedule(port, a_second)
    while schedule.took_all < len(due):
        schedule.send(due)
        schedule.take()
    return schedule.took, schedule.failed


@dataclass
class _Schedule:
    """Requests that are sent when they are due, and the answers to them."""

    port: int
    a_second: float
    began: float = field(default_factory=time.perf_counter)
    sent: int = 0
    took: list[float] = field(default_factory=list)
    failed: int = 0
    _poll: select.epoll = field(default_factory=select.epoll)
    _open: dict[int, tuple[socket.socket, float, bytes, bytearray]] = field(default_factory=dict)

    @property
    def took_all(self) -> int:
        return len(self.took)

    def send(self, due: list[bytes]) -> None:
        """Begin everything that is due by now."""
        now = time.perf_counter()
        while self.sent < len(due) and (at := self.began + self.sent / self.a_second) <= now:
            connection = socket.socket()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect_ex(("127.0.0.1", self.port))
            self._poll.register(connection, select.EPOLLOUT)
            self._open[connection.fileno()] = (connection, at, due[self.sent], bytearray())
            self.sent += 1

    def take(self) -> None:
        """Take what has come, for no longer than until the next is due."""
        wait = max(0.0, self.began + self.sent / self.a_second - time.perf_counter())
        for number, event in self._poll.poll(min(wait, 1.0)):
            connection, at, request, reply = self._open[number]
            if event & select.EPOLLOUT:
                with contextlib.suppress(ConnectionError):  # what comes back says so too
                    connection.send(request)
                self._poll.modify(connection, select.EPOLLIN)
            elif part := _received(connection):
                reply += part
            else:
                self.failed += not reply.startswith(b"HTTP/1.1 200")
                self.took.append(time.perf_counter() - at)
                self._poll.unregister(connection)
                connection.close()
                del self._open[number]


def _received(connection: socket.socket) -> bytes:
    """What has come; nothing at its end, or if the other side is gone."""
    with contextlib.suppress(ConnectionError):
        return connection.recv(65536)
    return b""


def _must_be_answered(reply: bytes | bytearray) -> None:
    if not reply.startswith(b"HTTP/1.1 200"):
        sys.exit(f"Not a 200: {bytes(reply[:200])!r}")


def cpu(pid: int) -> float:
    """Seconds of processor time of a process and its children that live."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if pid in (int(entry.name), parent):
                    total += time.clock_gettime(_cpu_clock(int(entry.name)))
            except OSError:  # it ended meanwhile
                continue
    return total


def _cpu_clock(pid: int) -> int:
    """Linux' clock of another process, to the nanosecond. The times in /proc are in hundredths of a second, which is
    half of what some parts of a turn cost in a whole round."""
    return ~pid << 3 | 2
