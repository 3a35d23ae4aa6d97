"""How long callers wait while others send half requests, and try to sign in, with no proxy in front.

Signed turns are sent on schedule, first alone and then beside each flood. Half requests are kept up: for each one that
is disconnected, another is sent. All come from this machine, so from the same address as the callers.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

from tests.bench import load
from tests.bench.speed import LINE, Side, all_sides

HALF_A_WEBHOOK = b"POST /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nContent-Length: 900\r\n\r\nCa"
SIGN_IN = (
    b"POST /console/signin HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 24\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=asha&password=wrong"
)
SIGN_INS = 50


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(
        prog="scripts/bench flood", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=int, default=15)
    options.add_argument("--a-second", type=int, default=100, help="signed turns a second")
    options.add_argument("--halves", type=int, nargs="*", default=[200, 2000], help="half requests at a time")
    chosen = options.parse_args(arguments)
    print("waits of signed turns, ms" + f"{'p50':>16}{'p99':>12}{'longest':>12}{'failed':>12}")
    with all_sides(parts=False, beside=None, only_line=True) as sides:
        side = sides[LINE]
        _measure(side, chosen, "alone", [])
        for halves in chosen.halves:
            flood = [partial(_half_requests, side.port, halves), partial(_sign_ins, side.port)]
            _measure(side, chosen, f"{halves} halves, {SIGN_INS} sign-ins a second", flood)


def _measure(side: Side, chosen: argparse.Namespace, name: str, floods: list[Callable[[], None]]) -> None:
    calls = load.calls(side.walks, chosen.seconds * chosen.a_second // 8, name[:4].replace(" ", "-"))
    with contextlib.ExitStack() as running:
        for flood in floods:
            running.enter_context(_beside(flood))
        if floods:
            time.sleep(3)
        took, failed = load.play_on_schedule(side.port, calls, chosen.a_second)
    at = statistics.quantiles(took, n=100)
    print(f"{name:34}{at[49] * 1e3:>7.1f}{at[98] * 1e3:>12.1f}{max(took) * 1e3:>12.1f}{failed:>12}", flush=True)


@contextlib.contextmanager
def _beside(what: Callable[[], None]) -> Iterator[None]:
    process = multiprocessing.get_context("fork").Process(target=what, daemon=True)
    process.start()
    yield
    process.kill()
    process.join()


def _half_requests(port: int, count: int) -> None:
    held: dict[int, socket.socket] = {}
    poll = select.epoll()
    while True:
        while len(held) < count:
            one = socket.create_connection(("127.0.0.1", port))
            one.sendall(HALF_A_WEBHOOK)
            held[one.fileno()] = one
            poll.register(one, select.EPOLLIN)
        for number, _ in poll.poll(0.1):
            poll.unregister(number)
            held.pop(number).close()


def _sign_ins(port: int) -> None:
    """One after another in their time, whether or not the ones before were answered."""
    waiting: list[socket.socket] = []
    while True:
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(SIGN_IN)
        waiting.append(one)
        if len(waiting) > 10 * SIGN_INS:
            waiting.pop(0).close()
        time.sleep(1 / SIGN_INS)
