"""Callback requests and advisers, for tests of the queue and the console."""

from __future__ import annotations

import datetime as dt
import re

from msgspec.structs import replace
from werkzeug.test import TestResponse

from ivr.callback import CallbackRequest, Event
from ivr.diary import Diary, Window
from ivr.hours import Hours, Span
from ivr.passwords import hashed
from ivr.session import SaveRequest
from ivr.store import Adviser, Store
from tests.line import OPEN, FromHere, Line

NOW = OPEN.timestamp()
HOUR = 3600.0
NINE_TO_FIVE = Span(dt.time(9), dt.time(17))
HOURS = Hours((NINE_TO_FIVE,) * 5 + (None, None))
DIARY = Diary(
    {"morning": Span(dt.time(9), dt.time(12)), "afternoon": Span(dt.time(12), dt.time(17))}, HOURS, days_ahead=10
)
PASSWORD = "correct horse battery"
_HASH = hashed(PASSWORD)


def request(nth: int = 1, **facts: object) -> CallbackRequest:
    """A finished request of the n-th caller, due in three hours."""
    base = CallbackRequest(
        id=f"CA{nth:03}-1",
        number=f"+447700900{nth:03}",
        asked_at=NOW - 600,
        state="waiting",
        window=Window(OPEN.date(), "afternoon"),
        opens=NOW - HOUR,
        due=NOW + 3 * HOUR,
        message_ok=True,
        say_who=False,
        heard=("appeal_time", "mediation_ring"),
        events=(Event(NOW - 600, "caller", "asked to be rung back"),),
    )
    return replace(base, **facts)


def ask(store: Store, nth: int = 1, **facts: object) -> CallbackRequest:
    """Put a request into the queue."""
    saved = store.requests.save(SaveRequest(request(nth, **facts))).request
    assert saved
    return saved


def hire(store: Store, name: str = "asha", **facts: object) -> Adviser:
    adviser = replace(Adviser(name, _HASH, "+441164960777", stamp="1"), **facts)
    store.people.save(adviser)
    return adviser


class Browser:
    """An adviser's browser without scripts: it fetches pages, fills in forms and sends them."""

    def __init__(self, line: Line):
        self.line, self.client = line, FromHere(line.app)
        self.headers: dict[str, str] = {}
        self.page = ""

    def get(self, path: str) -> TestResponse:
        response = self.client.get(
            f"/console{path}",
            base_url=self.line.settings.public_url,
            follow_redirects=True,
            buffered=True,
            headers=self.headers,
        )
        if response.mimetype == "text/html":
            self.page = response.text
        return response

    def send(self, path: str, token: bool = True, **fields: str) -> TestResponse:
        """Send a form of the page that was fetched last."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        data = {**fields, **({"csrf_token": found[1]} if token and found else {})}
        response = self.client.post(
            path if path.startswith("/console/") else f"/console{path}",
            data=data,
            base_url=self.line.settings.public_url,
            follow_redirects=True,
            headers=self.headers,
        )
        self.page = response.text
        return response

    def sign_in(self, name: str = "asha", password: str = PASSWORD) -> TestResponse:
        self.get("/signin")
        return self.send("/signin", name=name, password=password)
