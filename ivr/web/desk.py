"""The real desk: runs the effects of calls with Redis and the worker."""

from __future__ import annotations

import datetime as dt

import structlog
from msgspec.structs import replace

from ivr import spooling
from ivr.callback import Refused
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
from ivr.store import Spool, Store, StoreDown
from ivr.store.spool import Entry

log = structlog.get_logger()


class Desk:
    """Runs effects. One that cannot be done returns Failed, and the line says so to the caller.

    While Redis is away, a wish to be rung and its taking back are kept in the spool, which is as good: they are done
    once Redis is back, before anything else that this call asks for.
    """

    def __init__(self, store: Store, jobs: Jobs, spool: Spool):
        self._store, self._jobs, self._spool = store, jobs, spool

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        try:
            if about := _about(effect):
                self._hand_in(about)
            return self._run(script, effect, now)
        except StoreDown as error:
            return self._without_redis(effect, now.timestamp(), str(error))
        except Refused as refusal:
            log.warning("effect", what=type(effect).__name__, why=str(refusal))
            return Failed()

    def _hand_in(self, about: str) -> None:
        """What this call asked for before comes first."""
        if not self._spool.is_empty():
            spooling.hand_in(self._spool, self._store, self._jobs, about)

    def _without_redis(self, effect: Effect, seconds: float, why: str) -> Done | Failed:
        try:
            match effect:
                case SaveRequest(request):
                    (asker,) = request.askers
                    asker = replace(asker, reference=asker.reference or self._store.requests.new_reference())
                    request = replace(request, askers=(asker,))
                    self._spool.keep(Entry.of(seconds, request))
                    log.warning("spooled", what="SaveRequest", why=why)
                    return Done(request=request, reference=asker.reference, spooled=True)
                case CancelRequest():
                    self._spool.keep(Entry(seconds, cancel=effect))
                    log.warning("spooled", what="CancelRequest", why=why)
                    return Done(spooled=True)
                case HoldWindow():
                    return Done(spooled=True)
        except StoreDown as error:
            why = f"{why}; {error}"
        log.error("effect", what=type(effect).__name__, why=why)
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


def _about(effect: Effect) -> str:
    """The wish or the request that is to be changed, if one is."""
    match effect:
        case SaveRequest(request):
            return request.id
        case MoveRequest() | CancelRequest():
            return effect.id
    return ""
