"""A desk for practice calls: everything is done in memory, and nothing is sent or kept.

The terminal, the stories, the simulated callers and the golden calls use it in place of
Redis and Twilio. It answers as the real desk does, from the same rules in `callback.py`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

from ivr import callback
from ivr.call import Desk
from ivr.callback import CallbackRequest
from ivr.diary import Window
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

#: Practice calls are given this number for their call, so that they can be played again.
REFERENCE = "4271"


class Noting:
    """A desk at which it is noted what was done, for whoever wants to know what happened in a turn."""

    def __init__(self, desk: Desk):
        self._desk, self._done = desk, list[tuple[Effect, Done | Failed]]()

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        outcome = self._desk.run(script, effect, now)
        self._done.append((effect, outcome))
        return outcome

    def taken(self) -> list[tuple[Effect, Done | Failed]]:
        """What was done since this was last asked, in order."""
        done, self._done = self._done, []
        return done


class PracticeDesk:
    """Does in memory what a call asks for. `places` is how many callers fit in each part of a day."""

    def __init__(self, places: int = 12, works: bool = True):
        self.places, self.works = places, works
        self.requests: dict[str, CallbackRequest] = {}
        self.held: dict[str, Window] = {}
        self.texts: list[SendText] = []

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        """Do it, and tell how it went."""
        if not self.works:
            return Failed()
        match effect:
            case HoldWindow():
                return self._hold(effect)
            case SaveRequest(request):
                return self._save(request)
            case FindRequest(number, reference):
                return Done(request=self._find(number, reference))
            case MoveRequest(request_id, reference, _, to):
                return self._change(request_id, lambda r: callback.move(r, reference, to, now.timestamp()))
            case CancelRequest(request_id, reference):
                return self._cancel(request_id, reference, now)
            case SendText():
                self.texts.append(effect)
                return Done()

    def _change(self, request_id: str, how: Callable[[CallbackRequest], CallbackRequest]) -> Done | Failed:
        try:
            changed = how(self.requests[request_id])
        except (KeyError, callback.Refused):
            return Failed()
        self.requests[request_id] = changed
        return Done(request=changed)

    def _cancel(self, request_id: str, reference: str, now: dt.datetime) -> Done | Failed:
        """As the real desk: what has ended already is as good as cancelled."""
        done = self._change(request_id, lambda r: callback.cancel(r, reference, now.timestamp()))
        return Done(request=self.requests.get(request_id)) if isinstance(done, Failed) else done

    def _hold(self, effect: HoldWindow) -> Done:
        taken = Counter(window for call, window in self.held.items() if call != effect.call)
        free = next((window for window in effect.windows if taken[window] < self.places), None)
        window = free or (effect.windows[-1] if effect.overbook and effect.windows else None)
        self.held.pop(effect.call, None)  # given back before another is looked for, as at the real desk
        if window:
            self.held[effect.call] = window
        return Done(window=window)

    def _save(self, request: CallbackRequest) -> Done:
        joins = (r for r in self.requests.values() if r.number and r.number == request.number and r.open)
        known = self.requests.get(request.id)
        first = next(joins, known if known and known.askers else None)
        saved = callback.saved(first, request, REFERENCE)
        self.requests[saved.id] = saved
        return Done(request=saved, reference=saved.reference_of(request.id))

    def _find(self, number: str, reference: str) -> CallbackRequest | None:
        fits = (r for r in self.requests.values() if r.number == number and r.caller(reference))
        return next(fits, None)
