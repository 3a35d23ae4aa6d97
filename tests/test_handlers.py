"""The contract of an effect handler: in the same calls, practice answers as the live one does."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from ivr.callbacks import callback
from ivr.callbacks.diary import Promise, Window
from ivr.callbacks.request import CallbackRequest
from ivr.engine import call
from ivr.engine.call import EffectHandler
from ivr.machine.config import Settings
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import (
    CancelRequest,
    Done,
    Effect,
    Failed,
    FindRequest,
    HangUp,
    HoldWindow,
    MoveRequest,
    SaveRequest,
    SendText,
)
from ivr.store import Spool, Store
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes
from ivr.web.effects import LiveHandler
from tests import small
from tests.anybody import Anybody
from tests.desk import request
from tests.line import OPEN

MORNING, AFTERNOON = Window(OPEN.date(), "morning"), Window(OPEN.date(), "afternoon")
NOW = OPEN.timestamp()
LATER = OPEN + dt.timedelta(seconds=callback.HOLD_SECONDS + 1)


@pytest.fixture(scope="module")
def script() -> Script:
    """With one place in each part of a day."""
    one = {**small.LINE["ring_back"]}
    one |= {part: {**one[part], "places": 1} for part in ("morning", "afternoon")}
    return small.script(ring_back=one)


@pytest.fixture(params=["real", "practice"])
def do(request: pytest.FixtureRequest, script: Script) -> Callable[..., Done | Failed]:
    """One thing done at a handler, now unless said otherwise."""
    if request.param == "practice":
        handler: EffectHandler = PracticeHandler(slots=1)
    else:
        store = request.getfixturevalue("store")
        handler = _real(store, request.getfixturevalue("settings"))
    return lambda effect, now=OPEN: handler.run(script, effect, now)


Do = Callable[..., Done | Failed]


def _hold(call: str, *windows: Window, **more: object) -> HoldWindow:
    return replace(HoldWindow(call, windows or (MORNING,), overbook=False), **more)


def _real(store: Store, settings: Settings) -> LiveHandler:
    return LiveHandler(store, Jobs(settings, store), Spool(settings.spool_dir, settings.keys), PhonedTakes(settings))


def _saved(do: Do, nth: int = 1, **facts: object) -> CallbackRequest:
    done = do(SaveRequest(request(nth, window=MORNING, **facts)))
    assert isinstance(done, Done)
    assert done.request
    return done.request


# --- places ---------------------------------------------------------------------------------------


def test_a_place_is_held_for_one_call_and_no_longer_than_it_needs(do: Do) -> None:
    assert do(_hold("CA1")) == Done(window=MORNING)
    assert do(_hold("CA2")) == Done()
    assert do(_hold("CA2"), LATER) == Done(window=MORNING)


def test_whoever_chooses_again_gives_the_first_place_back(do: Do) -> None:
    do(_hold("CA1"))
    do(_hold("CA1", AFTERNOON, instead_of=MORNING))

    assert do(_hold("CA2")) == Done(window=MORNING)


def test_when_all_is_full_the_last_is_overbooked_for_whom_any_time_is_right(do: Do) -> None:
    do(_hold("CA1", MORNING))
    do(_hold("CA2", AFTERNOON))

    assert do(_hold("CA3", MORNING, AFTERNOON, overbook=True)) == Done(window=AFTERNOON)


def test_a_request_keeps_its_place_and_gives_it_back_when_it_is_cancelled(do: Do) -> None:
    kept = _saved(do)
    assert do(_hold("CA9"), LATER) == Done()
    assert do(_hold("CA8", request=kept.id)) == Done(window=MORNING), "it is their own"
    do(_hold("CA8", AFTERNOON, instead_of=MORNING))

    do(CancelRequest(kept.id, "4271"))

    assert do(_hold("CA9")) == Done(window=MORNING)


def test_a_request_that_is_moved_leaves_its_place_to_others(do: Do) -> None:
    kept = _saved(do)
    do(_hold("CA8", AFTERNOON, request=kept.id))

    moved = do(MoveRequest(kept.id, "4271", "CA8", Promise("afternoon", AFTERNOON, NOW, NOW + 3600)))

    assert isinstance(moved, Done)
    assert do(_hold("CA9", AFTERNOON)) == Done()
    assert do(_hold("CA9", MORNING)) == Done(window=MORNING)


# --- requests -------------------------------------------------------------------------------------


def test_a_reference_finds_the_request_of_its_own_phone_only(do: Do) -> None:
    kept = _saved(do)

    assert do(FindRequest(kept.number, "4271")) == Done(request=kept)
    assert do(FindRequest("+447700900999", "4271")) == Done()


def test_a_reference_cannot_be_guessed(do: Do) -> None:
    kept = _saved(do)
    for guess in range(callback.MOST_GUESSES):
        assert do(FindRequest(kept.number, f"{9000 + guess}")) == Done()

    assert do(FindRequest(kept.number, "4271")) == Done()


def test_what_cannot_be_changed_any_more_is_failed_and_what_is_gone_is_cancelled(do: Do) -> None:
    to = Promise("afternoon", AFTERNOON, NOW, NOW + 3600)

    assert do(MoveRequest("none", "4271", "CA8", to)) == Failed()
    assert do(CancelRequest("none", "4271")) == Done()


# --- limits ---------------------------------------------------------------------------------------


@pytest.fixture(params=["real", "practice"])
def limited(request: pytest.FixtureRequest) -> Callable[..., Done | Failed]:
    """One thing done by a line that has limits of one and two."""
    most = {"a_phone": 2, "keyed_a_day": 1, "a_day": 4}
    script = small.script(limits={"requests": most, "texts": most})
    real = request.param == "real"
    handler: EffectHandler = PracticeHandler()
    if real:
        handler = _real(request.getfixturevalue("store"), request.getfixturevalue("settings"))
    return lambda effect, now=OPEN: handler.run(script, effect, now)


def _wish(nth: int, **facts: object) -> SaveRequest:
    return SaveRequest(request(nth, window=None, **facts))


def _text(nth: int, to: str, *, keyed: bool = False) -> SendText:
    return SendText(f"CA{nth}.1", to, "text_us", "Words.", keyed)


def test_one_phone_is_asked_for_so_often_in_a_day(limited: Do) -> None:
    number = request(1).number
    wishes = [_wish(1, id=f"CA{nth}-1") for nth in range(3)]

    assert [isinstance(limited(wish), Done) for wish in wishes] == [True, True, False]
    assert limited(wishes[2]) == Failed("phone")
    assert isinstance(limited(wishes[0]), Done), "what was taken is saved with every answer"
    assert [limited(_text(nth, number)) for nth in range(3)][1:] == [Done(), Failed("phone")]


def test_keyed_numbers_and_a_whole_day_have_limits_and_the_next_day_begins_anew(limited: Do) -> None:
    assert isinstance(limited(_wish(1, keyed=True)), Done)
    assert limited(_wish(2, keyed=True)) == Failed("all")
    assert all(isinstance(limited(_wish(nth)), Done) for nth in (3, 4, 5))
    assert limited(_wish(6)) == Failed("all")

    assert isinstance(limited(_wish(6), OPEN + dt.timedelta(days=1)), Done)


def test_a_message_after_the_tone_is_taken_whatever_was_keyed(limited: Do) -> None:
    messages = [_wish(nth, number="", message_only=True, keyed=True) for nth in range(3)]

    assert all(isinstance(limited(message), Done) for message in messages)


# --- whole calls ----------------------------------------------------------------------------------


class Both:
    """Two handlers that do the same. What they answer must be the same."""

    def __init__(self, real: EffectHandler, practice: EffectHandler):
        self._real, self._practice = real, practice
        self.answered: set[str] = set()

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        practised = self._practice.run(script, effect, now)
        assert practised == self._real.run(script, effect, now), effect
        self.answered.add(f"{type(effect).__name__} {practised != Done()}")
        return practised


def test_both_handlers_answer_alike_in_the_calls_of_anybody(script: Script, store: Store, settings: Settings) -> None:
    """Many callers from few phones, one after the other: they join, change and take back what others asked for."""
    chance, practice = random.Random(10), PracticeHandler(slots=1)
    both = Both(_real(store, settings), practice)
    for number in range(60):
        anybody = Anybody(script, chance, handler=both)
        anybody.turn = call.start(script, f"CA{number}", anybody.caller, anybody.now)
        for _ in range(40):
            if isinstance(anybody.go_on().then, HangUp):
                break

    assert len(practice.requests) > 5
    assert both.answered >= {f"{name.__name__} True" for name in (HoldWindow, SaveRequest, CancelRequest)}
