"""Turns a second and processor time a turn, beside a bare Flask constant in the same run.

Both are served by the same server with the same options, and get the same requests: whole
calls that walk the shipped script, signed, each over a connection of its own as Twilio
makes them. The line and the yardstick take turns, so that a noisy machine is noisy to
both; the figures are the medians of the rounds.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from ivr import config, server
from ivr.cli import publishing
from ivr.store import Store
from tests.ports import free_port

TOKEN = "benchmark-token"
CONNECTIONS = 16
#: What the callers of the benchmark do: keys, and '.' for silence. Menus, questions, readings,
#: words, help, going back and the end menu, in the proportions of an ordinary call.
WALKS = (
    "...3..1.....*",
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


@dataclass(frozen=True)
class Round:
    """One measured stretch: turns a second, and seconds of processor time a turn (web server, and Redis)."""

    turns: float
    web: float
    redis: float
    slowest: float


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="scripts/bench speed", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--calls", type=int, default=400, help="calls in a round")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as (line, bare, redis_pid, base):
        walks = [_walk(line, base, walk) for walk in WALKS]
        rounds: dict[str, list[Round]] = {"line": [], "bare": []}
        for number in range(chosen.rounds + 1):
            for name, (port, pid) in (("line", line), ("bare", bare)):
                calls = _calls(walks, base, chosen.calls, f"{number}{name}")
                measured = _round(port, pid, redis_pid, calls)
                if number:  # the first round only warms up
                    rounds[name].append(measured)
    _print(rounds)


def _print(rounds: dict[str, list[Round]]) -> None:
    ours, bare = rounds["line"], rounds["bare"]
    print(f"{'':24}{'the line':>12}{'bare Flask':>12}{'ratio':>8}")
    for name, of, unit in (
        ("turns a second", lambda r: r.turns, "{:.0f}"),
        ("web CPU a turn, µs", lambda r: r.web * 1e6, "{:.0f}"),
        ("with Redis, µs", lambda r: (r.web + r.redis) * 1e6, "{:.0f}"),
        ("p99, ms", lambda r: r.slowest * 1e3, "{:.1f}"),
    ):
        ratio = statistics.median(of(a) / of(b) for a, b in zip(ours, bare, strict=True))
        values = [unit.format(statistics.median(of(r) for r in side)) for side in (ours, bare)]
        print(f"{name:24}{values[0]:>12}{values[1]:>12}{ratio:>8.2f}")


# --- the servers ----------------------------------------------------------------------------


@contextmanager
def _running(folder: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int], int, str]]:
    """The line and the yardstick, each as (port, process), the process of Redis, and the public address."""
    port, bare_port = free_port(), free_port()
    base = "https://line.example.org"
    environment = {
        **os.environ, "IVR_DATA": str(folder), "IVR_SPEECH": "say", "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": base,
    }  # fmt: skip
    settings = config.settings(environment)
    with server.redis(settings):
        store = Store(settings.redis_url)
        publishing.put_live(store, publishing.gate(settings), "benchmark", "")
        redis_pid = store.redis.do(lambda client: client.info("server"))["process_id"]
        line = _serve("app:app", port, environment)
        bare = _serve("tests.bench.bare:app", bare_port, environment)
        try:
            _wait(port, bare_port)
            yield (port, line.pid), (bare_port, bare.pid), redis_pid, base
        finally:
            for process in (line, bare):
                process.terminate()
                process.wait()


def _serve(app: str, port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = server.web_command("127.0.0.1", port, config.settings(environment).web_processes)
    command[-1] = app
    return subprocess.Popen(command, env=environment, cwd=config.ROOT, stdout=subprocess.DEVNULL)


def _wait(*ports: int) -> None:
    for port in ports:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit("A server did not start.")


# --- the calls ------------------------------------------------------------------------------


def _walk(line: tuple[int, int], base: str, keys: str) -> list[tuple[str, str]]:
    """The (target, key) of every webhook of one walk, found by walking it."""
    path, found = "/voice", []
    for key in ("", *keys):
        found.append((path, "" if key == "." else key))
        reply = _ask(line[0], _request(base, path, f"CAwalk{keys}", found[-1][1])).decode()
        action = re.search(rf'action="{base}([^"]+)"', reply)
        if action is None:
            sys.exit(f"The walk {keys} stops at {path}: {reply[:300]}")
        path = action[1].replace("&amp;", "&")
    return found


def _request(base: str, path: str, call: str, key: str) -> bytes:
    form = {**FORM, "CallSid": call, **({"Digits": key, "FinishedOnKey": ""} if key else {})}
    signature = RequestValidator(TOKEN).compute_signature(base + path, form)
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: line.example.org\r\nUser-Agent: TwilioProxy/1.1\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _calls(walks: list[list[tuple[str, str]]], base: str, calls: int, name: str) -> list[list[bytes]]:
    """Whole calls, signed beforehand, so that the load costs little beside what it measures."""
    return [[_request(base, path, f"CA{name}{i:08}", key) for path, key in walks[i % len(walks)]] for i in range(calls)]


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    reply = b"".join(parts)
    if not reply.startswith(b"HTTP/1.1 200"):
        sys.exit(f"Not a 200: {reply[:200]!r}")
    return reply


def _round(port: int, pid: int, redis_pid: int, calls: list[list[bytes]]) -> Round:
    before, redis_before, began = _cpu(pid), _cpu(redis_pid), time.perf_counter()
    took = _play(port, calls)
    seconds, turns = time.perf_counter() - began, len(took)
    web, redis = _cpu(pid) - before, _cpu(redis_pid) - redis_before
    return Round(turns / seconds, web / turns, redis / turns, statistics.quantiles(took, n=100)[98])


def _play(port: int, calls: list[list[bytes]]) -> list[float]:
    """Play the calls, CONNECTIONS at a time, and return how long each turn took.

    One thread and one poll: whatever the load costs is taken from the two cores it shares
    with what it measures.
    """
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
        for number, _ in poll.poll(15):
            connection, call, began, reply = open_now[number]
            if part := connection.recv(65536):
                reply += part
                continue
            if not reply.startswith(b"HTTP/1.1 200"):
                sys.exit(f"Not a 200: {bytes(reply[:200])!r}")
            took.append(time.perf_counter() - began)
            poll.unregister(connection)
            connection.close()
            del open_now[number]
            begin(call)
    return took


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process and its children that live."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(entry.name) == pid or int(fields[1]) == pid:
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total
