"""Runs the effects of practice calls: they change only memory, and nothing is sent or stored.

The terminal, the stories, the simulated callers and the golden calls use it in place of Redis and Twilio. It gives the
same results as the live handler (`web/effects.py`), by the same rules in `asking.py` and `callback.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from msgspec.structs import replace

from ivr.callbacks import asking, callback, capacity, limits
from ivr.callbacks.callback import windows_of
from ivr.callbacks.diary import Window
from ivr.callbacks.request import CallbackRequest
from ivr.engine.call import EffectHandler
from ivr.places import recordable
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
    Judged,
    KeepTake,
    Limit,
    MoveRequest,
    Prompt,
    SaveRequest,
    SendText,
)

#: The call number in practice calls. It is fixed, so that calls can be replayed.
REFERENCE = "4271"


class EffectLog:
    """A handler that notes the effects it ran, for code that needs to know what happened in a turn."""

    def __init__(self, handler: EffectHandler):
        self._handler, self._done = handler, list[tuple[Effect, Done | Failed]]()

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        outcome = self._handler.run(script, effect, now)
        self._done.append((effect, outcome))
        return outcome

    def taken(self) -> list[tuple[Effect, Done | Failed]]:
        """The effects since the last call of this, in order, with their results."""
        done, self._done = self._done, []
        return done


class PracticeHandler:
    """Runs effects in memory. `slots` is the number of callers per part of a day.

    `works`: if False, every effect fails. `spools`: as while Redis is away: requests and cancellations are kept, but
    nothing can be held, moved or sent.
    """

    def __init__(self, slots: int = 12, works: bool = True, spools: bool = False):
        self.slots, self.works, self.spools = slots, works, spools
        #: Parts of days with fewer slots.
        self.lowered: dict[Window, int] = {}
        self.requests: dict[str, CallbackRequest] = {}
        self.texts: list[SendText] = []
        #: The verdict on each take; None: no take arrives.
        self.judges: Judged | None = Judged()
        #: The prompts of which a take was kept.
        self.recorded: list[str] = []
        #: By call: the window that is held for it, and until when (POSIX seconds).
        self._held: dict[str, tuple[Window, float]] = {}
        #: By phone: the number of wrong call numbers, and until when they count (POSIX seconds).
        self._guesses: dict[str, tuple[int, float]] = {}
        self._asked = counting.MemoryCounts()

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        """Run an effect in memory."""
        if self.spools:
            return self._spooled(effect)
        if not self.works:
            return Failed()
        seconds = now.timestamp()
        match effect:
            case HoldWindow():
                return self._hold(script, effect, now)
            case SaveRequest(request):
                limit = self._limit(script, effect, seconds)
                return Failed(limit) if limit else self._save(request)
            case FindRequest(number, reference):
                return Done(request=self._find(number, reference, seconds))
            case MoveRequest():
                return self._move(effect, seconds)
            case CancelRequest(request_id, reference):
                return self._cancel(request_id, reference, seconds)
            case SendText():
                return self._send(script, effect, seconds)
            case _:
                return self._record(script, effect)

    def _send(self, script: Script, effect: SendText, now: float) -> Done | Failed:
        if limit := self._limit(script, effect, now):
            return Failed(limit)
        self.texts.append(effect)
        return Done()

    def _record(self, script: Script, effect: FindPrompt | FindTake | KeepTake) -> Done:
        match effect:
            case FindPrompt(passed=passed):
                return Done(prompt=self._prompt(script, passed))
            case FindTake():
                return Done(judged=self.judges)
            case KeepTake(name=name):
                self.recorded.append(name)
                return Done()

    def _prompt(self, script: Script, passed: tuple[str, ...]) -> Prompt | None:
        known = {*script.recorded, *self.recorded, *passed}
        found = (Prompt(unit.name, unit.words) for unit in recordable.units(script) if unit.name not in known)
        return next(found, None)

    def _limit(self, script: Script, effect: SaveRequest | SendText, now: float) -> Limit:
        return self._asked.take(counting.asked(effect), counting.of(effect, script.line), now)

    def _spooled(self, effect: Effect) -> Done | Failed:
        """The result while Redis is away. Only an earlier request is found, as if Redis went away just after that."""
        match effect:
            case FindRequest(number, reference) if found := self._find(number, reference, 0.0):
                return Done(request=found)
            case SaveRequest(request):
                return replace(self._save(request), spooled=True)
            case CancelRequest(request_id, reference):
                self._cancel(request_id, reference, 0.0)
                return Done(spooled=True)
            case HoldWindow():
                return Done(spooled=True)
            case _:
                return Failed()

    def _change(self, request_id: str, how: Callable[[CallbackRequest], CallbackRequest]) -> Done | Failed:
        try:
            changed = how(self.requests[request_id])
        except (KeyError, callback.Refused):
            return Failed()
        self.requests[request_id] = changed
        return Done(request=changed)

    def _move(self, effect: MoveRequest, now: float) -> Done | Failed:
        moved = self._change(effect.id, lambda r: callback.move(r, effect.reference, effect.to, now))
        if isinstance(moved, Done):
            self._held.pop(effect.call, None)
        return moved

    def _cancel(self, request_id: str, reference: str, now: float) -> Done | Failed:
        """Cancel a request. One that has already ended counts as cancelled."""
        done = self._change(request_id, lambda r: callback.cancel(r, reference, now))
        return Done(request=self.requests.get(request_id)) if isinstance(done, Failed) else done

    def _hold(self, script: Script, effect: HoldWindow, at: dt.datetime) -> Done:
        self._held.pop(effect.call, None)  # released before another one is looked for
        near, now = limits.near(script.diary, at), at.timestamp()
        most = limits.slots(effect.windows, self._slots_of, script.line.limits.requests, near, effect.keyed)
        open_to = zip(effect.windows, most, strict=True)
        free = next((window for window, most in open_to if self._has_slot(window, most, effect.request, now)), None)
        last = capacity.overbooked(most) if effect.overbook else None
        window = free or (None if last is None else effect.windows[last])
        if window:
            self._held[effect.call] = window, now + callback.HOLD_SECONDS
        return Done(window=window)

    def _slots_of(self, window: Window) -> int:
        return self.lowered.get(window, self.slots)

    def _has_slot(self, window: Window, most: int, own: str, now: float) -> bool:
        """Whether a window has a free slot, or the caller already has one there."""
        given = {request.id for request in self.requests.values() if request.open and window in windows_of(request)}
        held = [call for call, (kept, until) in self._held.items() if kept == window and until >= now]
        return own in given or len(given) + len(held) < most

    def _save(self, wish: CallbackRequest) -> Done:
        joins = self._of_phone(wish.number) if wish.number else []
        known = self.requests.get(wish.id)
        first = next((request for request in joins if request.open), known if known and known.askers else None)
        saved = asking.saved(first, wish, REFERENCE)
        self.requests[saved.id] = saved
        if wish.window:
            self._held.pop(wish.id.rsplit("-", 1)[0], None)
        return Done(request=saved, reference=saved.reference_of(wish.id))

    def _find(self, number: str, reference: str, now: float) -> CallbackRequest | None:
        guesses, until = self._guesses.get(number, (0, 0.0))
        guesses = guesses if now < until else 0
        if guesses >= callback.MOST_GUESSES:
            return None
        found = next((request for request in self._of_phone(number) if request.caller(reference)), None)
        if found is None:
            self._guesses[number] = guesses + 1, now + callback.GUESS_SECONDS
        return found

    def _of_phone(self, number: str) -> list[CallbackRequest]:
        """The requests of a phone, latest first."""
        own = (request for request in self.requests.values() if request.number == number)
        return sorted(own, key=lambda request: (request.asked_at, request.id), reverse=True)
