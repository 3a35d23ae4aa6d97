"""Callback requests and advisers, for tests of the queue and the console."""

from __future__ import annotations

import datetime as dt
import re

from argon2 import PasswordHasher
from msgspec.structs import replace
from werkzeug.test import TestResponse

from ivr import roles
from ivr.advising.adviser import Factor
from ivr.callbacks.diary import Diary, Promise, Window
from ivr.callbacks.request import Asker, CallbackRequest, Event
from ivr.hours import CLOSED, Hours, Span
from ivr.machine import factors
from ivr.roles import Role
from ivr.script.session import SaveRequest
from ivr.store import Adviser, Store
from tests.line import OPEN, FromHere, Line

NOW = OPEN.timestamp()
HOUR = 3600.0
NINE_TO_FIVE = Span(dt.time(9), dt.time(17))
HOURS = Hours(((NINE_TO_FIVE,),) * 5 + (CLOSED, CLOSED))
DIARY = Diary(
    {"morning": Span(dt.time(9), dt.time(12)), "afternoon": Span(dt.time(12), dt.time(17))}, HOURS, days_ahead=10
)
PASSWORD = "correct horse battery"
#: A hash names what it costs, and the line checks it at that cost: this one is the cheapest, since tests sign in often.
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
#: The key of everybody's second factor, and codes of last resort that are enough for a test.
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SPARE = tuple(f"spare-code-{nth:03}" for nth in range(40))


def request(nth: int = 1, **facts: object) -> CallbackRequest:
    """A finished request of the n-th caller, due in three hours."""
    promised = {"when": "", "window": Window(OPEN.date(), "afternoon"), "opens": NOW - HOUR, "due": NOW + 3 * HOUR}
    promise = Promise(**{name: facts.pop(name, value) for name, value in promised.items()})  # type: ignore[arg-type]
    asker = Asker(
        id=str(facts.pop("id", f"CA{nth:03}-1")),
        asked_at=NOW - 600,
        finished=facts.get("state") != "unfinished",
        promise=promise,
        message_ok=True,
        say_who=False,
        heard=("appeal_time", "mediation_ring"),
    )
    said = {name: facts.pop(name) for name in Asker.__struct_fields__ if name in facts}
    base = CallbackRequest(
        id=asker.id,
        number=f"+447700900{nth:03}",
        state="waiting",
        askers=(replace(asker, **said),),
        events=(Event(NOW - 600, "caller", "asked to be rung back"),),
    )
    return replace(base, **facts)


def asked_otherwise(asked: CallbackRequest, due: float, **facts: object) -> CallbackRequest:
    """The request, with a different time and different answers of its caller."""
    (asker,) = asked.askers
    return replace(asked, askers=(replace(asker, promise=replace(asker.promise, due=due), **facts),))


def ask(store: Store, nth: int = 1, **facts: object) -> CallbackRequest:
    """Put a request into the queue."""
    saved = store.requests.save(SaveRequest(request(nth, **facts))).request
    assert saved
    return saved


def hire(store: Store, name: str = "asha", role: Role = "adviser", admin: bool = False, **facts: object) -> Adviser:
    """Somebody who can sign in. Those who need a second factor have one."""
    role = "administrator" if admin else role
    factor = Factor(SECRET, NOW, factors.hashed(SECRET, SPARE)) if role in roles.WITH_FACTOR else None
    adviser = replace(Adviser(name, _HASH, "+441164960777", role, stamp="1", factor=factor), **facts)
    store.accounts.save(adviser)
    return adviser


def spare_code(adviser: Adviser | None) -> str:
    """A code of last resort of somebody who was hired here, which is not used yet. It needs no clock."""
    assert adviser
    assert adviser.factor
    return next(code for code in SPARE if factors.without(adviser.factor, code))


def _of_staff(path: str) -> str:
    """A path of the pages of staff, of which those of the console may be written without its name."""
    return path if path.startswith(("/console/", "/studio")) else f"/console{path}"


class Browser:
    """An adviser's browser without scripts: it fetches pages, fills in forms and sends them."""

    def __init__(self, line: Line):
        self.line, self.client = line, FromHere(line.app)
        self.headers: dict[str, str] = {}
        self.page = ""

    def get(self, path: str) -> TestResponse:
        response = self.client.get(
            _of_staff(path),
            base_url=self.line.settings.public_url,
            follow_redirects=True,
            buffered=True,
            headers=self.headers,
        )
        if response.mimetype == "text/html":
            self.page = response.text
        return response

    def send(self, path: str, token: bool = True, **fields: str) -> TestResponse:
        """Send a form of the last page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        data = {**fields, **({"csrf_token": found[1]} if token and found else {})}
        response = self.client.post(
            _of_staff(path),
            data=data,
            base_url=self.line.settings.public_url,
            follow_redirects=True,
            headers=self.headers,
        )
        if response.mimetype == "text/html":
            self.page = response.text
        return response

    def sign_in(self, name: str = "asha", password: str = PASSWORD) -> TestResponse:
        """Sign in, with a code where one is asked for."""
        self.get("/signin")
        response = self.send("/signin", name=name, password=password)
        if response.request.path == "/console/signin/code":
            return self.send("/signin/code", code=spare_code(self.line.store.accounts.find(name)))
        return response
