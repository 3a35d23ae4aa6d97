"""Runs the effects of live calls, with Redis and the worker."""

from __future__ import annotations

import datetime as dt

import structlog
from msgspec.structs import replace

from ivr.callbacks import limits, spending
from ivr.callbacks.callback import Refused
from ivr.callbacks.capacity import Capacity
from ivr.script import Script, counting
from ivr.script.session import (
    CancelRequest,
    Done,
    Effect,
    Failed,
    FindPrompt,
    FindRequest,
    FindTake,
    HoldWindow,
    KeepTake,
    Limit,
    MoveRequest,
    SaveRequest,
    SendText,
)
from ivr.store import Spool, Store, StoreDown
from ivr.store.spool import SpoolEntry
from ivr.usecases import spooling
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes

log = structlog.get_logger()

#: What Redis is needed for.
_InRedis = HoldWindow | SaveRequest | FindRequest | MoveRequest | CancelRequest | SendText


class LiveHandler:
    """Runs effects. One that cannot be done returns Failed, and the line says so to the caller.

    While Redis is away, a callback request or its cancellation is written to the spool, and counts as done. It is
    handed in once Redis is back, before anything else that this call asks for.
    """

    def __init__(self, store: Store, jobs: Jobs, spool: Spool, takes: PhonedTakes):
        self._store, self._jobs, self._spool, self._takes = store, jobs, spool, takes

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        if isinstance(effect, FindPrompt | FindTake | KeepTake):  # what staff record needs no Redis
            return self._takes.run(script, effect)
        try:
            if about := _about(effect):
                self._hand_in(about)
            done = self._run(script, effect, now)
            self._keep_for_a_replica(effect, done, now.timestamp())
            return done
        except StoreDown as error:
            return self._without_redis(effect, now.timestamp(), str(error))
        except Refused as refusal:
            log.warning("effect", what=type(effect).__name__, why=str(refusal))
            return Failed()

    def _hand_in(self, about: str) -> None:
        """Hand in what this call wrote to the spool before, so that it is done first."""
        if not self._spool.is_empty():
            spooling.hand_in(self._spool, self._store, self._jobs, about)

    def _keep_for_a_replica(self, effect: Effect, done: Done | Failed, seconds: float) -> None:
        """Write a request or a cancellation to the spool as well, if no replica of Redis has it yet.

        It stays there until a replica has it too. Handing it in a second time changes nothing.
        """
        if not (isinstance(effect, SaveRequest | CancelRequest) and isinstance(done, Done)):
            return
        if self._store.is_on_a_replica():
            return
        if isinstance(effect, CancelRequest):
            self._spool.keep(SpoolEntry(seconds, cancel=effect))
        else:
            (asker,) = effect.request.askers
            asker = replace(asker, reference=done.reference or asker.reference)
            self._spool.keep(SpoolEntry.of(seconds, replace(effect.request, askers=(asker,))))

    def _without_redis(self, effect: Effect, seconds: float, why: str) -> Done | Failed:
        try:
            match effect:
                case SaveRequest(request):
                    (asker,) = request.askers
                    asker = replace(asker, reference=asker.reference or self._store.requests.new_reference())
                    request = replace(request, askers=(asker,))
                    self._spool.keep(SpoolEntry.of(seconds, request))
                    log.warning("spooled", what="SaveRequest", why=why)
                    return Done(request=request, reference=asker.reference, spooled=True)
                case CancelRequest():
                    self._spool.keep(SpoolEntry(seconds, cancel=effect))
                    log.warning("spooled", what="CancelRequest", why=why)
                    return Done(spooled=True)
                case HoldWindow():
                    return Done(spooled=True)
        except StoreDown as error:
            why = f"{why}; {error}"
        log.error("effect", what=type(effect).__name__, why=why)
        return Failed()

    def _run(self, script: Script, effect: _InRedis, now: dt.datetime) -> Done | Failed:
        requests, seconds = self._store.requests, now.timestamp()
        match effect:
            case HoldWindow():
                return requests.hold(effect, self._slots(script, effect, now), seconds)
            case SaveRequest():
                if limit := self._limit(script, effect, seconds):
                    return Failed(limit)
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
                if spending.stage(self._store.spendings.of_day(seconds), script.line.spending) in (
                    "no texts",
                    "no clicks",
                ):
                    log.warning("limit", id=effect.id, what="spending")
                    return Failed("all")
                if limit := self._limit(script, effect, seconds):
                    return Failed(limit)
                return self._jobs.send_text(effect, seconds)

    def _slots(self, script: Script, effect: HoldWindow, now: dt.datetime) -> list[int]:
        capacity = Capacity.of(script.line.ring_back, self._store.lowered.all())
        near = limits.near(script.diary, now)
        return limits.slots(effect.windows, capacity.slots, script.line.limits.requests, near, effect.keyed)

    def _limit(self, script: Script, effect: SaveRequest | SendText, now: float) -> Limit:
        """Count what is asked for, and return an empty text; or return the limit that is reached, and count nothing."""
        asked = counting.asked(effect)
        limit = self._store.limits.take(asked, counting.of(effect, script.line), now)
        if limit:
            log.warning("limit", id=asked.id, what=asked.what, limit=limit, keyed=asked.keyed)
        return limit


def _about(effect: Effect) -> str:
    """The id of the wish or request that an effect changes; empty if it changes none."""
    match effect:
        case SaveRequest(request):
            return request.id
        case MoveRequest() | CancelRequest():
            return effect.id
    return ""
