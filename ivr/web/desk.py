"""The real desk: what a call asks for in the middle of a turn, done with Redis and the worker."""

from __future__ import annotations

import datetime as dt

import structlog

from ivr.jobs import Jobs
from ivr.script import Script
from ivr.session import (
    CancelRequest,
    Done,
    Effect,
    Failed,
    FindRequest,
    HoldWindow,
    MoveRequest,
    SaveRequest,
    SendText,
)
from ivr.store import Store, StoreDown

log = structlog.get_logger()


class Desk:
    """Does what a call asks for. What cannot be done is Failed, and the caller is told so."""

    def __init__(self, store: Store, jobs: Jobs):
        self._store, self._jobs = store, jobs

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        try:
            return self._run(script, effect, now)
        except StoreDown:
            log.error("effect", what=type(effect).__name__, why="Redis does not answer")
            return Failed()

    def _run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        requests, seconds = self._store.requests, now.timestamp()
        match effect:
            case HoldWindow():
                ring_back = script.line.ring_back
                places = {"morning": ring_back.morning.places, "afternoon": ring_back.afternoon.places}
                return requests.hold(effect, places, seconds)  # type: ignore[arg-type]
            case SaveRequest():
                done = requests.save(effect)
                self._jobs.alert_new(done, seconds)
                return done
            case FindRequest():
                return requests.find(effect)
            case MoveRequest():
                return requests.move(effect, seconds)
            case CancelRequest():
                return requests.cancel(effect, seconds)
            case SendText():
                return self._jobs.send_text(effect, seconds)
