"""Desks for the simulated callers: with calls that were asked for before, full, without Redis, or out of order."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr.callbacks.diary import Promise
from ivr.callbacks.request import Asker, CallbackRequest, State
from ivr.check.explore import CALLER, REFERENCES
from ivr.practice.desk import PracticeDesk
from ivr.script import Script

WAITS, TRIED, LATE, GAVE_UP, DONE = REFERENCES
#: Slots left at a full desk in each part of a day.
NONE = 0


def usual(script: Script, now: dt.datetime) -> PracticeDesk:
    """A desk that accepts every request and text, and has earlier requests of the caller."""
    desk = PracticeDesk()
    before: tuple[tuple[str, State, int], ...] = (
        (WAITS, "waiting", 24),
        (TRIED, "waiting", 24),
        (LATE, "waiting", -1),
        (GAVE_UP, "gave up", -24),
        (DONE, "done", -24),
    )
    for reference, state, hours in before:
        request = _asked_before(script, now, reference, state, hours)
        desk.requests[request.id] = replace(request, tries=1) if reference == TRIED else request
    return desk


def full(script: Script, now: dt.datetime) -> PracticeDesk:
    """A desk without a free slot in any part of a day."""
    desk = usual(script, now)
    desk.slots = NONE
    return desk


def spooling(script: Script, now: dt.datetime) -> PracticeDesk:
    """Redis goes away once a call is found, and the disk keeps what is asked for."""
    desk = usual(script, now)
    desk.spools = True
    return desk


def out_of_order(script: Script, now: dt.datetime) -> PracticeDesk:
    """Can do nothing: Redis is away, and the disk keeps nothing."""
    return PracticeDesk(works=False)


def _asked_before(script: Script, now: dt.datetime, reference: str, state: State, hours: float) -> CallbackRequest:
    """An earlier request of the caller, due in this many hours, in the window at that time."""
    due = now.timestamp() + hours * 3600
    window = next(iter(script.diary.windows(now + dt.timedelta(hours=max(0.0, hours)))), None)
    promise = Promise("any", window, due - 3600, due)
    asked_at = min(now.timestamp(), due) - 3600
    asker = Asker(f"before-{reference}", reference, asked_at, finished=True, promise=promise)
    return CallbackRequest(asker.id, CALLER, state=state, askers=(asker,))
