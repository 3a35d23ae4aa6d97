"""Callers who ask to be rung back or for a text, and an adviser who rings by one click, while things are killed."""

from __future__ import annotations

import contextlib
import http.client
import random
import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

from ivr.engine.debounce import DEBOUNCE_SECONDS
from ivr.store import Store
from tests.chaos.world import PUBLIC, Line
from tests.desk import PASSWORD, ask, hire

#: Keys after 0, which nobody answers, and the words that are a promise.
RUNG_BACK, TEXTED = ("1111", "We will call you"), ("21", "The text should come")
#: Requests that are there from the start, to be rung by one click.
CLICKS = 300


@dataclass
class Told:
    """What people were told, to be compared with what came of it."""

    rung_back: list[str] = field(default_factory=list)  # numbers
    texted: list[str] = field(default_factory=list)  # calls
    clicked: list[str] = field(default_factory=list)  # requests
    calls: int = 0
    unanswered: list[str] = field(default_factory=list)


class Caller(threading.Thread):
    """Rings again and again, each time from another phone, until told to stop."""

    def __init__(self, line: Line, told: Told, numbers: Iterator[int], seed: int, stop: threading.Event):
        super().__init__(daemon=True)
        self._line, self._told, self._numbers, self._stop_asked = line, told, numbers, stop
        self._random = random.Random(seed)

    def run(self) -> None:
        while not self._stop_asked.is_set():
            number = next(self._numbers)
            try:
                self._call(number, *self._random.choice((RUNG_BACK, TEXTED)))
            except TimeoutError as error:
                self._told.unanswered.append(str(error))
            time.sleep(self._random.uniform(0.0, 0.3))

    def _call(self, nth: int, keys: str, promise: str) -> None:
        """Ofcom's numbers for drama: mobiles for texts, Sheffield and others for calls back."""
        mobile, town = f"+447700900{nth % 1000:03}", ("1144960", "1134960", "1154960", "1174960", "1214960", "1314960")
        phone = mobile if keys == TEXTED[0] else f"+44{town[nth // 1000 % 6]}{nth % 1000:03}"
        sid = f"CA{nth:032}"
        form = {"CallSid": sid, "From": phone, "To": "+441164960000", "CallStatus": "in-progress"}
        reply = ET.fromstring(self._line.webhook("/voice", form))
        self._told.calls += 1
        for key in ("0", *keys):
            time.sleep(DEBOUNCE_SECONDS + 0.1)  # an earlier key would be taken for one that was meant for before
            reply = answer(self._line, reply, form, {"Digits": key, "FinishedOnKey": ""})
            if reply.find("Dial") is not None:
                reply = answer(self._line, reply, form, {"DialCallStatus": "no-answer"})
        if promise in words_of(reply):
            (self._told.texted if promise == TEXTED[1] else self._told.rung_back).append(
                sid if promise == TEXTED[1] else phone
            )
        self._line.webhook("/voice/status", {**form, "CallStatus": "completed"})


def answer(line: Line, reply: ET.Element, form: dict[str, str], more: dict[str, str]) -> ET.Element:
    """What the line says once its reply is answered; the same reply, if it waits for nothing."""
    action = next((each.attrib["action"] for each in reply.iter() if "action" in each.attrib), None)
    return reply if action is None else ET.fromstring(line.webhook(action.removeprefix(PUBLIC), {**form, **more}))


def words_of(reply: ET.Element) -> str:
    """What is said, with single spaces."""
    return re.sub(r"\s+", " ", " ".join(" ".join(said.itertext()) for said in reply.iter("Say")))


class Adviser(threading.Thread):
    """Takes one request after another, and clicks to be joined to its caller, until told to stop."""

    def __init__(self, line: Line, store: Store, told: Told, seed: int, stop: threading.Event):
        super().__init__(daemon=True)
        self._line, self._told, self._stop_asked, self._random = line, told, stop, random.Random(seed)
        self._cookie = self._page = ""
        hire(store)
        self._requests = [ask(store, nth, number=f"+4420794{60000 + nth}").id for nth in range(CLICKS)]

    def run(self) -> None:
        for request in self._requests:
            if self._stop_asked.is_set():
                return
            while not (self._send(f"/request/{request}/claim") and "This request is yours" in self._page):
                self._sign_in()
                if self._stop_asked.wait(0.5):
                    return
            # The answer to a click may be lost if its process was killed: then nothing was promised.
            if self._send(f"/request/{request}/ring") and "Your phone will ring in a moment" in self._page:
                self._told.clicked.append(request)
            time.sleep(self._random.uniform(0.1, 0.5))

    def _sign_in(self) -> None:
        if self._get("/signin") and 'name="password"' in self._page:
            self._send("/signin", name="asha", password=PASSWORD)
        self._get("/")

    def _get(self, path: str) -> bool:
        return self._ask("GET", f"/console{path}")

    def _send(self, path: str, **fields: str) -> bool:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self._page)
        return self._ask("POST", f"/console{path}", urlencode({**fields, "csrf_token": token[1] if token else ""}))

    def _ask(self, method: str, path: str, body: str = "") -> bool:
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, self._page, answered = self._line.ask(method, path, body, headers)
            for cookie in answered.get_all("Set-Cookie") or []:
                self._cookie = cookie.partition(";")[0]
            if status == 303:
                return self._ask("GET", answered["Location"].removeprefix(PUBLIC))
            return status == 200
        return False


def numbers() -> Iterator[int]:
    """Numbers that several threads may take."""
    taking, counted = threading.Lock(), count(1)
    while True:
        with taking:
            yield next(counted)
