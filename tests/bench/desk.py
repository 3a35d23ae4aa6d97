"""The advisers' list with ten and with thousands of waiting callers, and what open lists cost a caller.

The first byte of the page, its size and that of a renewal; and the turns of callers, alone and beside open lists that
renew themselves every few seconds while requests change. The two take turns, so that a noisy machine is noisy to both.
At the end, a search by the number of a call, among those who wait and thousands of requests that ended; and the other
pages with as many, for an adviser, a supervisor and an administrator.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import re
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from ivr.callbacks import callback
from ivr.roles import Role
from ivr.store import Store
from tests.bench import lines, load
from tests.bench.figures import Figures, add_waits, options
from tests.desk import DIARY, PASSWORD, ask, hire, spare_code
from tests.line import OPEN

HOUR = 3600.0
#: Seconds between two renewals of one list.
EVERY_SECONDS = 5.0


def main(arguments: list[str]) -> None:
    chosen = options("desk", __doc__)
    chosen.add_argument("--waiting", type=int, default=5000)
    chosen.add_argument("--ended", type=int, default=10_000)
    chosen.add_argument("--lists", type=int, default=10, help="open lists")
    chosen.add_argument("--rounds", type=int, default=5)
    chosen.add_argument("--seconds", type=int, default=10, help="of each stretch of turns")
    chosen.add_argument("--a-second", type=int, default=50, help="turns a second")
    picked = chosen.parse_args(arguments)
    figures, few, many = Figures("desk"), "10 waiting", f"{picked.waiting} waiting"
    with lines.own() as line:
        port, store = line.port, line.store
        hire(store)
        _fill(store, 0, 10)
        _add_page(figures, few, port)
        _fill(store, 10, picked.waiting)
        _add_page(figures, many, port)
        figures.ratio(f"{many} / {few}: first byte", f"{many}: first byte", f"{few}: first byte")
        _add_turns(figures, port, store, picked)
        _add_search(figures, port, store, picked)
        for role in _PAGES:
            _add_pages(figures, port, store, role)
    figures.tell(picked)


def _fill(store: Store, first: int, end: int) -> None:
    """Callers due one after another, a fifth of them urgent."""
    now = OPEN.timestamp()
    for nth in range(first, end):
        ask(
            store, 1, id=f"CA{nth:032x}-1", number=f"+447911{nth:06}", asked_at=now - 600, opens=now - HOUR,
            due=now - HOUR + nth * 5, urgent=nth % 5 == 0,
        )  # fmt: skip


def _end(store: Store, first: int, end: int) -> None:
    """Requests that ended, each of a phone of its own."""
    now = OPEN.timestamp()
    for nth in range(first, end):
        asked = ask(store, 1, id=f"CA{nth:032x}-1", number=f"+447911{nth:06}")
        store.requests.change(
            asked.id, lambda r: callback.record(callback.claim(r, "asha", now), "asha", "done", "", now, DIARY)
        )


class _List:
    """One adviser's open list, as a browser has it."""

    def __init__(self, port: int, name: str = "asha"):
        self._port, self._cookies, self.have = port, dict[str, str](), ""
        self.send("/console/signin", "/console/signin", name=name, password=PASSWORD)

    def send(self, page: str, path: str, **fields: str) -> tuple[float, bytes]:
        """Send a form of a page."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.ask("GET", page)[1].decode())
        assert token
        return self.ask("POST", path, urlencode({**fields, "csrf_token": token[1]}))

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


def _add_page(figures: Figures, name: str, port: int) -> None:
    opened = _List(port)
    opened.open()
    pages = [opened.open() for _ in range(30)]
    renewals = [opened.renew() for _ in range(30)]
    for what, answers in (("page", pages), ("renewal", renewals)):
        first = "first byte" if what == "page" else "renewal, first byte"
        figures.add(f"{name}: {first}", [took * 1e3 for took, _ in answers], "ms")
        figures.add(f"{name}: {what}", [len(body) for _, body in answers], "bytes")


def _add_turns(figures: Figures, port: int, store: Store, picked: argparse.Namespace) -> None:
    """The turns of callers, alone and beside open lists."""
    walks, alone, beside = load.walks(port), "turns alone", f"turns beside {picked.lists} lists"
    for nth in range(picked.rounds):
        add_waits(figures, alone, *load.stretch(port, walks, picked.seconds, picked.a_second, f"alone{nth}"))
        with _open_lists(port, store, picked.lists):
            add_waits(figures, beside, *load.stretch(port, walks, picked.seconds, picked.a_second, f"beside{nth}"))
    figures.ratio(f"{beside} / {alone}: median", f"{beside}: median", f"{alone}: median")


def _add_search(figures: Figures, port: int, store: Store, picked: argparse.Namespace) -> None:
    """The page of a search by call number. The first one enters what is not indexed yet, and is left out."""
    last = picked.waiting + picked.ended
    _end(store, picked.waiting, last)
    asked = store.requests.get(f"CA{last - 1:032x}-1")
    assert asked
    opened, call = _List(port), asked.everybody[0].reference
    opened.send("/console/search", "/console/search", call=call)
    took = [opened.send("/console/search", "/console/search", call=call)[0] * 1e3 for _ in range(30)]
    figures.add(f"{picked.ended} ended: search by call, first byte", took, "ms")


#: The pages of each role, beside those of the list.
_PAGES: dict[Role, tuple[str, ...]] = {
    "adviser": (f"request/CA{0:032x}-1", f"waiting?card=CA{0:032x}-1", "messages", "week", "ended", "texts"),
    "supervisor": ("", "team", "report", f"request/CA{1:032x}-1"),
    "administrator": ("people", "log", "signins", "phone", f"request/CA{2:032x}-1"),
}


def _add_pages(figures: Figures, port: int, store: Store, role: Role) -> None:
    """The first byte and the size of the pages of a role. Each has taken a request, whose card shows a number."""
    person = hire(store, role, role)
    opened = _List(port, role)
    if person.factor:
        opened.send("/console/signin/code", "/console/signin/code", code=spare_code(person))
    for page in _PAGES[role]:
        if page.startswith("request/"):
            opened.send(f"/console/{page}", f"/console/{page}/claim")
        answers = [opened.ask("GET", f"/console/{page}") for _ in range(10)]
        name = f"{role}: {page.partition('/')[0].partition('?')[0] or 'list'}"
        figures.add(f"{name}, first byte", [took * 1e3 for took, _ in answers], "ms")
        figures.add(f"{name}, page", [len(body) for _, body in answers], "bytes")
    if role == "administrator":
        found = [opened.send("/console/phone", "/console/phone", number="07911 000001") for _ in range(5)]
        figures.add(f"{role}: everything of one phone, first byte", [took * 1e3 for took, _ in found], "ms")


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
