"""How long callers wait while others send half requests, and try to sign in, with no proxy in front.

Signed turns are sent on schedule, alone and beside each flood by turns. Half requests are kept up: for each one that
is disconnected, another is sent. All come from this machine, so from the same address as the callers.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import select
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial

from tests.bench import load
from tests.bench.figures import Figures, add_waits, options
from tests.bench.speed import LINE, Side, all_sides

HALF_A_WEBHOOK = b"POST /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nContent-Length: 900\r\n\r\nCa"
SIGN_IN = (
    b"POST /console/signin HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 24\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=asha&password=wrong"
)
SIGN_INS = 50
ALONE = "alone"


def main(arguments: list[str]) -> None:
    chosen = options("flood", __doc__)
    chosen.add_argument("--rounds", type=int, default=3)
    chosen.add_argument("--seconds", type=int, default=15, help="of each stretch of turns")
    chosen.add_argument("--a-second", type=int, default=100, help="signed turns a second")
    chosen.add_argument("--halves", type=int, nargs="*", default=[200, 2000], help="half requests at a time")
    picked = chosen.parse_args(arguments)
    figures = Figures("flood")
    with all_sides(parts=False, beside=None, only_line=True) as sides:
        side = sides[LINE]
        floods: dict[str, list[Callable[[], None]]] = {ALONE: []}
        for halves in picked.halves:
            flood = [partial(_half_requests, side.port, halves), partial(_sign_ins, side.port)]
            floods[f"{halves} halves, {SIGN_INS} sign-ins a second"] = flood
        for nth in range(picked.rounds):
            for which, (name, flood) in enumerate(floods.items()):
                took, failed = _measured(side, picked, f"{which}x{nth}", flood)
                add_waits(figures, name, took, failed)
    for name in list(floods)[1:]:
        kind = "99th percentile"
        figures.ratio(f"{name} / {ALONE}: {kind}", f"{name}: {kind}", f"{ALONE}: {kind}")
    figures.tell(picked)


def _measured(
    side: Side, picked: argparse.Namespace, name: str, floods: list[Callable[[], None]]
) -> tuple[list[float], int]:
    with contextlib.ExitStack() as running:
        for flood in floods:
            running.enter_context(_beside(flood))
        if floods:
            time.sleep(3)
        return load.stretch(side.port, side.walks, picked.seconds, picked.a_second, name)


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
