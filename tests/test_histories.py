"""What the report counts: histories of calls and of requests, with the answers written by hand.

This table holds the definitions of the report. Each history is played on the real line: calls as signed webhooks, what
advisers do in a browser. Its answer has every name that is counted of what it is about, in any order; a name that is
counted twice stands twice. All of it begins on Wednesday 25 November 2026.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from ivr.authoring import drafts
from ivr.callbacks import callback, came, kept, talks
from ivr.callbacks.diary import Diary, Promise, Window
from ivr.callbacks.request import Talk
from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.script import Script
from ivr.script.session import CancelRequest
from ivr.store import Published, Store
from tests.desk import Browser, ask, hire
from tests.line import Call, Line

#: The call of each step, and how the adviser's phone answers.
DIALS = {"busy": "busy", "nobody": "no-answer", "declines": "completed"}
DAYS = {day: dt.date(2026, 11, 25) + dt.timedelta(days=nth) for nth, day in enumerate(
    ("Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue")
)}  # fmt: skip
TEST_PHONE = "07700 900777"


def _at(words: str) -> dt.datetime:
    """'Wed 10:30'."""
    day, time = words.split()
    return dt.datetime.combine(DAYS[day], dt.time.fromisoformat(time), LONDON)


@pytest.fixture
def line(settings: Settings, store: Store, files: dict[str, str]) -> Iterator[Line]:
    """The real line, with a phone of the service for trying it."""
    tried = {**files, "line.yaml": files["line.yaml"].replace("test_phones: []", f'test_phones: ["{TEST_PHONE}"]')}
    store.revisions.publish(Published(drafts.revision_of(tried), 0.0, "tests", "for the tests"), tried)
    store.texts.sender_is("")
    with Line(settings, store) as line:
        yield line


def _counted(line: Line, diary: Diary, *families: str) -> Counter[str]:
    """What is counted of these families in all months, as the report counts it: with promises broken until now."""
    line.app.tally.write()
    counts = Counter[str]()
    for month in ("2026-11", "2026-12"):
        counts.update(line.store.counts.of(month))
    counts.update(each.name for each in kept.broken_so_far(line.store.requests.waiting(), line.now.timestamp(), diary))
    return +Counter({name: n for name, n in counts.items() if name.split(":")[0] in families})


# --- calls ----------------------------------------------------------------------------------

#: When the call comes, what happens in it, and what is counted. Keys, "wait" for silence, and how a phone is answered.
CALLS: dict[str, tuple[str, str, str]] = {
    "hangs up during the greeting": ("Wed 10:30", "hangs-up", "came@2-10"),
    "hangs up at a question after silence": ("Wed 09:00", "wait hangs-up", "came@2-9 left"),
    "hangs up after the guidance they wanted": ("Wed 10:59", "2 1 2 hangs-up", "came@2-10"),
    "hangs up while guidance is read": ("Wed 11:00", "2 1 hangs-up", "came@2-11"),
    "goes back to a question after guidance": ("Wed 11:00", "2 1 * hangs-up", "came@2-11"),
    "is put through": ("Wed 10:30", "0 takes hangs-up", "came@2-10 put-through"),
    "is put through, and the webhook comes twice": ("Wed 10:30", "0 takes-twice hangs-up", "came@2-10 put-through"),
    "hangs up during the talk": ("Wed 10:30", "0 accepts hangs-up", "came@2-10 put-through"),
    "hangs up while the phone rings": ("Wed 10:30", "0 hangs-up", "came@2-10 ringing"),
    "stops the ringing, and hangs up": ("Wed 10:30", "0 * hangs-up", "came@2-10 left"),
    "finds the phone busy": ("Wed 10:30", "0 busy hangs-up", "came@2-10 nobody left"),
    "finds it busy twice": ("Wed 10:30", "0 busy 0 busy hangs-up", "came@2-10 nobody left"),
    "finds nobody, then somebody": ("Wed 10:30", "0 nobody 0 takes hangs-up", "came@2-10 nobody put-through"),
    "is declined": ("Wed 10:30", "0 declines hangs-up", "came@2-10 nobody left"),
    "asks for a person at night": ("Sun 03:15", "0 hangs-up", "came@6-3 closed left"),
    "asks for a person at night again and again": ("Sun 03:15", "0 0 hangs-up", "came@6-3 closed left"),
    "asks at night to be rung": ("Sun 03:15", "0 1 1 1 1 hangs-up", "came@6-3 closed request"),
    "asks to be rung when it is busy": ("Wed 10:30", "0 busy 1 1 1 1 hangs-up", "came@2-10 nobody request"),
    "hangs up half-way through asking": ("Wed 10:30", "0 busy 1 1 hangs-up", "came@2-10 nobody asking"),
    "gets a text": ("Wed 10:30", "0 busy 2 1 hangs-up", "came@2-10 nobody text"),
    "rings in the first hour of a week": ("Mon 00:59", "hangs-up", "came@0-0"),
}
_SHORT = {
    "left": "unmet:left", "ringing": "unmet:ringing", "nobody": "unmet:nobody", "closed": "unmet:closed",
    "asking": "unmet:asking", "put-through": "calls:put-through", "request": "calls:request", "text": "calls:text",
    "later": "unmet:later", "full": "unmet:full",
}  # fmt: skip


def _names(answer: str) -> Counter[str]:
    names = Counter[str]()
    for each in answer.split():
        came, _, hour = each.partition("@")
        names.update(["calls:came", f"hour:{hour}"] if came == "came" else [_SHORT[each]])
    return names


def _play(line: Line, at: str, steps: str, caller: str = "+447700900123") -> None:
    line.now = _at(at)
    call = line.call(caller)
    for step in steps.split():
        if step == "wait":
            call.wait()
        elif step in DIALS:
            call.put_in(DialCallStatus=DIALS[step], DialCallDuration="9")
        elif step.startswith(("takes", "accepts")):
            _takes(line, call, step)
        elif step == "hangs-up":
            line.now += dt.timedelta(seconds=3)
            line.post("/voice/status", {**call.form, "CallStatus": "completed", "CallDuration": "60"})
        else:
            call.press(step)


def _takes(line: Line, call: Call, how: str) -> None:
    """An adviser presses 1. The end of the talk is reported, unless the caller ended it."""
    child = {"CallSid": "CA" + "2" * 32, "To": "+441164960777"}
    whisper = line.post(call.verb("Number").attrib["url"], child).text
    accept = whisper.split('action="')[1].split('"')[0].replace("&amp;", "&")
    for _ in range(2 if how == "takes-twice" else 1):
        line.post(accept, {**child, "Digits": "1"})
    if how != "accepts":
        call.put_in(DialCallStatus="completed", DialBridged="true", DialCallDuration="300")


@pytest.mark.parametrize("name", CALLS)
def test_of_a_call_is_counted(line: Line, shipped: Script, name: str) -> None:
    at, steps, answer = CALLS[name]

    _play(line, at, steps)

    assert _counted(line, shipped.diary, "calls", "hour", "unmet") == _names(answer)


#: Which parts of days are full, what the caller presses when asked when, and what is counted of it.
FULL: dict[str, tuple[str, str, str]] = {
    "finds room": ("", "2", ""),
    "finds the afternoon full": ("Wed-afternoon", "2", "later"),
    "any time will do, and the next part of a day is full": ("Wed-morning", "3", "later"),
    "another part of the day is full": ("Wed-morning", "2", ""),
}


@pytest.mark.parametrize("name", FULL)
def test_of_full_parts_of_days_is_counted(line: Line, store: Store, shipped: Script, name: str) -> None:
    full, key, answer = FULL[name]
    for nth in range(12 if full else 0):
        ask(store, nth + 1, **_promise(full, shipped.diary))

    _play(line, "Wed 10:30", f"0 busy 1 1 1 3 {key} hangs-up")

    assert _counted(line, shipped.diary, "unmet") == _names(f"nobody {answer}")


def test_calls_of_the_services_own_test_phones_are_not_counted(line: Line, shipped: Script) -> None:
    _play(line, "Wed 10:30", "0 takes hangs-up", "+447700900777")

    assert not _counted(line, shipped.diary, "calls", "hour", "unmet")


# --- requests -------------------------------------------------------------------------------

#: What happens to a request, and what is counted of it. Its caller is asha's from "takes" on.
REQUESTS: dict[str, tuple[str, str]] = {
    "rung in the part of the day that was promised": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves spoke",
        "promise:kept wait:1 outcome:spoke ended:reached help:",
    ),
    "rung in its last minute": (
        "Wed 09:30 asks Wed-morning; Wed 12:00 saves spoke",
        "promise:kept wait:4 outcome:spoke ended:reached help:",
    ),
    "rung a minute too late": (
        "Wed 09:30 asks Wed-morning; Wed 12:01 saves spoke",
        "promise:broken wait:4 outcome:spoke ended:reached help:",
    ),
    "rung before it may be safe": (
        "Wed 09:30 asks Wed-afternoon; Wed 10:00 saves spoke 2",
        "promise:broken wait:1 outcome:spoke came:level:2 ended:reached help:2",
    ),
    "rung by hand in time, and saved later": (
        "Wed 09:30 asks Wed-morning; Wed 11:55 rings; Wed 12:20 saves spoke",
        "promise:kept wait:4 outcome:spoke ended:reached help:",
    ),
    "a first try in time that nobody picked up": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves no-answer",
        "promise:kept wait:1 outcome:no-answer",
    ),
    "reached at the second try": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves no-answer; Thu 10:00 saves spoke 3",
        "promise:kept wait:1 outcome:no-answer outcome:spoke came:level:3 ended:reached help:3",
    ),
    "not reached in three tries": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves no-answer; Thu 10:00 saves message-left; "
        "Fri 10:00 saves no-answer",
        "promise:kept wait:1 outcome:no-answer outcome:message-left outcome:no-answer ended:gave-up",
    ),
    "three tries within an hour are one": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves no-answer; Wed 10:20 saves no-answer; Wed 10:40 saves no-answer",
        "promise:kept wait:1 outcome:no-answer outcome:no-answer outcome:no-answer",
    ),
    "a wrong number": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves wrong-number",
        "promise:kept wait:1 outcome:wrong-number ended:wrong-number",
    ),
    "taken back by its caller before": ("Wed 09:30 asks Wed-afternoon; Wed 10:00 cancels", ""),
    "nobody has rung, and its time is over": ("Wed 09:30 asks Wed-morning; Wed 12:30 waits", "promise:broken"),
    "nobody has rung, and its time is not over": ("Wed 09:30 asks Wed-afternoon; Wed 16:59 waits", ""),
    "hung up half-way, and never rung": ("Wed 09:30 begins; Thu 12:30 waits", ""),
    "hung up half-way, and rung all the same": (
        "Wed 09:30 begins; Wed 10:30 saves spoke",
        "outcome:spoke ended:reached help:",
    ),
    "moved by its caller, and rung in the new time": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 moves Thu-morning; Thu 10:00 saves spoke",
        "promise:kept wait:16 outcome:spoke ended:reached help:",
    ),
    "moved by its caller, and rung in the old time": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 moves Thu-morning; Wed 11:00 saves spoke",
        "promise:broken wait:2 outcome:spoke ended:reached help:",
    ),
    "put through before its time was over": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 is-put-through; Wed 13:00 saves spoke",
        "wait:4 outcome:spoke ended:reached help:",
    ),
    "put through when its time was over": (
        "Wed 09:30 asks Wed-morning; Wed 12:30 is-put-through; Wed 13:00 saves spoke",
        "promise:broken wait:4 outcome:spoke ended:reached help:",
    ),
    "put through in time, and nobody has said what came of it": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 is-put-through; Wed 13:00 waits",
        "",
    ),
    "a second call is agreed, and kept": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 agrees Thu-morning; Thu 09:30 saves spoke 1",
        "promise:kept wait:1 outcome:spoke promise:kept wait:8 outcome:spoke came:level:1 ended:reached help:1",
    ),
    "a second call is agreed, and missed": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 agrees Thu-morning; Thu 12:30 waits",
        "promise:kept wait:1 outcome:spoke promise:broken",
    ),
    "the highest level of several talks": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 agrees Thu-morning 3; Thu 09:30 saves spoke 1",
        "promise:kept wait:1 outcome:spoke came:level:3 promise:kept wait:8 outcome:spoke came:level:1 "
        "ended:reached help:3",
    ),
    "ended by mistake, and ended again": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves wrong-number; Wed 10:05 is-put-back; Wed 13:00 saves spoke",
        "promise:kept wait:1 outcome:wrong-number outcome:spoke ended:reached help:",
    ),
    "put back, and still waiting": (
        "Wed 09:30 asks Wed-morning; Wed 10:00 saves done 2; Wed 10:05 is-put-back",
        "promise:kept wait:1 outcome:done came:level:2",
    ),
    "brought back on paper, rung in time": (
        "Wed 09:30 asks Wed-morning; Wed 14:00 types spoke 10:15",
        "promise:kept wait:1 outcome:spoke ended:reached help:",
    ),
    "brought back on paper, rung too late": (
        "Wed 09:30 asks Wed-morning; Wed 14:00 types spoke 12:15",
        "promise:broken wait:4 outcome:spoke ended:reached help:",
    ),
    "asked on Friday evening, and rung on Monday morning": (
        "Fri 16:30 asks Mon-morning; Mon 09:20 saves spoke",
        "promise:kept wait:1 outcome:spoke ended:reached help:",
    ),
}


def _promise(part: str, diary: Diary) -> dict[str, object]:
    """'Wed-morning', as `ask` takes it."""
    day, _, name = part.partition("-")
    window = Window(DAYS[day], name)  # type: ignore[arg-type]
    opens, due = diary.times(window)
    return {"window": window, "opens": opens, "due": due}


class _Office:
    """asha at her page, and what happens to the request of the one caller."""

    def __init__(self, line: Line, diary: Diary):
        self.line, self.diary, self.id = line, diary, "CA001-1"
        hire(line.store)
        self.asha = Browser(line)

    @property
    def now(self) -> float:
        return self.line.now.timestamp()

    def do(self, step: str) -> None:
        day, time, verb, *more = step.split()
        self.line.now = _at(f"{day} {time}")
        getattr(self, verb.replace("-", "_"))(*more)

    def asks(self, part: str) -> None:
        ask(self.line.store, asked_at=self.now, **_promise(part, self.diary))

    def begins(self) -> None:
        ask(self.line.store, state="unfinished", asked_at=self.now, window=None, opens=self.now, due=self.now + 3600)

    def waits(self) -> None:
        pass

    def rings(self) -> None:
        self._take()
        self._send("by-hand")

    def saves(self, outcome: str, level: str = "", again: str = "") -> None:
        self._take()
        self._send("outcome", **{"outcome": outcome.replace("-", " "), came.field("level"): level, "again": again})

    def agrees(self, part: str, level: str = "") -> None:
        day, _, name = part.partition("-")
        self.saves("spoke", level, f"{DAYS[day].isoformat()} {name}")

    def moves(self, part: str) -> None:
        to = Promise("any", **_promise(part, self.diary))  # type: ignore[arg-type]
        self.line.store.requests.change(self.id, lambda r: callback.move(r, r.askers[0].reference, to, self.now))

    def cancels(self) -> None:
        (asker,) = self.line.store.requests.get(self.id).askers  # type: ignore[union-attr]
        self.line.store.requests.cancel(CancelRequest(self.id, asker.reference), self.now)

    def is_put_through(self) -> None:
        talk = Talk("CA9", "asha", "put through", self.now)
        self.line.store.requests.change(self.id, lambda r: talks.began(r, talk))
        self.line.store.requests.change(self.id, lambda r: talks.over(r, "CA9", self.now + 300))

    def is_put_back(self) -> None:
        self._send("reopen")

    def types(self, outcome: str, rang: str) -> None:
        self._open("/paper/back")
        reference = self.line.store.requests.get(self.id).askers[0].reference  # type: ignore[union-attr]
        page = self.asha.send(
            "/paper/back", day=self.line.now.date().isoformat(), call=reference, at=rang, outcome=outcome, note=""
        )
        assert "1 saved." in page.text

    def _take(self) -> None:
        found = self.line.store.requests.get(self.id)
        if found and not callback.held_by(found, "asha", self.now):
            self._send("claim")

    def _open(self, path: str) -> None:
        if self.asha.get(path).request.path == "/console/signin":
            self.asha.sign_in()
            self.asha.get(path)

    def _send(self, what: str, **form: str) -> None:
        self._open(f"/request/{self.id}")
        answer = self.asha.send(f"/request/{self.id}/{what}", **form)
        assert answer.status_code == 200
        assert re.findall('role="alert">([^<]*)', answer.text) == []


@pytest.mark.parametrize("name", REQUESTS)
def test_of_a_request_is_counted(line: Line, shipped: Script, name: str) -> None:
    steps, answer = REQUESTS[name]
    office = _Office(line, shipped.diary)

    for step in steps.split("; "):
        office.do(step)

    counted = _counted(line, shipped.diary, "promise", "wait", "outcome", "ended", "help", "came")
    assert counted == Counter(
        each.replace("no-answer", "no answer")
        .replace("message-left", "message left")
        .replace("outcome:wrong-number", "outcome:wrong number")
        for each in answer.split()
    )
