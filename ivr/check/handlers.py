"""The handlers of simulated calls, one for each condition: earlier requests, full days, no Redis, out of order."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr.callbacks.diary import Promise
from ivr.callbacks.request import Asker, CallbackRequest, State
from ivr.check.explore import CALLER, REFERENCES
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import Judged

WAITS, TRIED, LATE, GAVE_UP, DONE = REFERENCES
#: Slots in each part of a day that is full.
NONE = 0


def usual(script: Script, now: dt.datetime) -> PracticeHandler:
    """Every request and text is accepted, and there are earlier requests of the caller."""
    handler = PracticeHandler()
    before: tuple[tuple[str, State, int], ...] = (
        (WAITS, "waiting", 24),
        (TRIED, "waiting", 24),
        (LATE, "waiting", -1),
        (GAVE_UP, "gave up", -24),
        (DONE, "done", -24),
    )
    for reference, state, hours in before:
        request = _asked_before(script, now, reference, state, hours)
        handler.requests[request.id] = replace(request, tries=1) if reference == TRIED else request
    return handler


def full(script: Script, now: dt.datetime) -> PracticeHandler:
    """No slot is free in any part of a day, and nobody speaks loud enough."""
    handler = usual(script, now)
    handler.slots, handler.judges = NONE, Judged(faults=("recording-silent",))
    return handler


def empty() -> PracticeHandler:
    """Nobody has asked anything yet, and no take comes."""
    handler = PracticeHandler()
    handler.judges = None
    return handler


def spooling(script: Script, now: dt.datetime) -> PracticeHandler:
    """Redis goes away once a call is found, and the disk keeps what is asked for."""
    handler = usual(script, now)
    handler.spools = True
    return handler


def out_of_order(script: Script, now: dt.datetime) -> PracticeHandler:
    """Can do nothing: Redis is away, and the disk keeps nothing."""
    return PracticeHandler(works=False)


def _asked_before(script: Script, now: dt.datetime, reference: str, state: State, hours: float) -> CallbackRequest:
    """An earlier request of the caller, due in this many hours, in the window at that time."""
    due = now.timestamp() + hours * 3600
    window = next(iter(script.diary.windows(now + dt.timedelta(hours=max(0.0, hours)))), None)
    promise = Promise("any", window, due - 3600, due)
    asked_at = min(now.timestamp(), due) - 3600
    asker = Asker(f"before-{reference}", reference, asked_at, finished=True, promise=promise)
    return CallbackRequest(asker.id, CALLER, state=state, askers=(asker,))
