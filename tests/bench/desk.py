"""The advisers' list with ten and with thousands of waiting callers, and what open lists cost a caller.

The first byte of the page, its size and that of a renewal; and the turns of callers, alone and beside open lists that
renew themselves every few seconds while requests change. The two take turns, so that a noisy machine is noisy to both.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import re
import statistics
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from ivr import callback
from ivr.store import Store
from tests.bench import lines, load
from tests.desk import PASSWORD, ask, hire
from tests.line import OPEN

HOUR = 3600.0
#: Seconds between two renewals of one list.
EVERY_SECONDS = 5.0


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(
        prog="scripts/bench desk", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--waiting", type=int, default=5000)
    options.add_argument("--lists", type=int, default=10, help="open lists")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=10, help="of each stretch of turns")
    options.add_argument("--a-second", type=int, default=50, help="turns a second")
    chosen = options.parse_args(arguments)
    with lines.own() as line:
        port, store = line.port, line.store
        hire(store)
        _fill(store, 0, 10)
        few = _page(port)
        _fill(store, 10, chosen.waiting)
        many = _page(port)
        print(f"{'waiting':>10}{'first byte, ms':>18}{'page, bytes':>14}{'renewal, ms':>14}{'renewal, bytes':>16}")
        for count, page in ((10, few), (chosen.waiting, many)):
            print(f"{count:>10}{page[0] * 1e3:>18.1f}{page[1]:>14}{page[2] * 1e3:>14.1f}{page[3]:>16}")
        print(f"first byte with {chosen.waiting}, times that with 10: {many[0] / few[0]:.2f}")
        _turns(port, store, chosen)


def _fill(store: Store, first: int, end: int) -> None:
    """Callers due one after another, a fifth of them urgent."""
    now = OPEN.timestamp()
    for nth in range(first, end):
        ask(
            store, 1, id=f"CA{nth:032x}-1", number=f"+447911{nth:06}", asked_at=now - 600, opens=now - HOUR,
            due=now - HOUR + nth * 5, urgent=nth % 5 == 0,
        )  # fmt: skip


class _List:
    """One adviser's open list, as a browser has it."""

    def __init__(self, port: int):
        self._port, self._cookies, self.have = port, dict[str, str](), ""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.ask("GET", "/console/signin")[1].decode())
        assert token
        form = urlencode({"name": "asha", "password": PASSWORD, "csrf_token": token[1]})
        self.ask("POST", "/console/signin", form)

    def ask(self, method: str, path: str, body: str = "") -> tuple[float, bytes]:
        """The seconds to the first byte, and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Host": "line.example.org", "X-Forwarded-Proto": "https", "Cookie": cookies}
        began = time.perf_counter()
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body or None, {**headers, **form})
        response = connection.getresponse()
        took, content = time.perf_counter() - began, response.read()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, kept = value.split(";")[0].partition("=")
                self._cookies[key] = kept
        connection.close()
        assert response.status in (200, 303), (response.status, content[:300])
        return took, content

    def open(self) -> tuple[float, bytes]:
        took, page = self.ask("GET", "/console/")
        assert b'id="list"' in page, "not signed in"
        self.have = "".join(
            key + version for key, version in re.findall(r'id="r(\w{6})" data-v="(\w{4})"', page.decode())
        )
        return took, page

    def renew(self) -> tuple[float, bytes]:
        return self.ask("GET", f"/console/waiting?have={self.have}")


def _page(port: int) -> tuple[float, int, float, int]:
    opened = _List(port)
    opened.open()
    pages = [opened.open() for _ in range(30)]
    renewals = [opened.renew() for _ in range(30)]
    return (
        statistics.median(took for took, _ in pages), max(len(page) for _, page in pages),
        statistics.median(took for took, _ in renewals), max(len(renewal) for _, renewal in renewals),
    )  # fmt: skip


def _turns(port: int, store: Store, chosen: argparse.Namespace) -> None:
    """The turns of callers, alone and beside open lists."""
    walks, alone, beside = load.walks(port), [], []
    for nth in range(chosen.rounds):
        alone += _took(port, walks, chosen, f"alone{nth}")
        with _open_lists(port, store, chosen.lists):
            beside += _took(port, walks, chosen, f"beside{nth}")
    print(f"\nturns, ms{'p50':>20}{'p95':>10}")
    for name, took in (("alone", alone), (f"beside {chosen.lists} lists", beside)):
        at = statistics.quantiles(took, n=100)
        print(f"{name:18}{at[49] * 1e3:>11.2f}{at[94] * 1e3:>10.2f}")
    print(f"beside, times alone (p50): {statistics.median(beside) / statistics.median(alone):.3f}")


def _took(port: int, walks: list[load.Walk], chosen: argparse.Namespace, name: str) -> list[float]:
    calls = load.calls(walks, chosen.seconds * chosen.a_second // 8, name)
    took, failed = load.play_on_schedule(port, calls, chosen.a_second)
    assert not failed, f"{failed} turns failed"
    return took


@contextlib.contextmanager
def _open_lists(port: int, store: Store, count: int) -> Iterator[None]:
    """So many lists that renew themselves, and an adviser who writes a note each second."""
    over = threading.Event()
    lists = [_List(port) for _ in range(count)]
    for each in lists:
        each.open()

    def renewing(nth: int, opened: _List) -> None:
        over.wait(EVERY_SECONDS * nth / count)
        while not over.is_set():
            opened.renew()
            over.wait(EVERY_SECONDS)

    def changing() -> None:
        nth = 0
        while not over.wait(1):
            nth += 1
            store.requests.change(f"CA{nth % 40:032x}-1", lambda r: callback.note(r, "asha", "", OPEN.timestamp()))

    threads = [threading.Thread(target=renewing, args=each) for each in enumerate(lists)]
    threads.append(threading.Thread(target=changing))
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()
