"""The queue in a real Redis: many at once, and a process that dies in the middle."""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from redis.connection import AbstractConnection

from ivr.callbacks import callback
from ivr.callbacks.callback import HOLD_SECONDS, Refused
from ivr.callbacks.diary import Part, Promise, Window
from ivr.hot import wire
from ivr.machine.config import Settings
from ivr.script.session import CancelRequest, FindRequest, HoldWindow, MoveRequest, SaveRequest
from ivr.store import PATIENT_SECONDS, Store
from ivr.store.requests import ENDED_SECONDS, MOST_GUESSES, new_reference
from tests.desk import DIARY, NOW, ask, request
from tests.line import OPEN, Line

MORNING, AFTERNOON = Window(OPEN.date(), "morning"), Window(OPEN.date(), "afternoon")
PLACES: dict[Part, int] = {"morning": 2, "afternoon": 1}


# --- many at once ---------------------------------------------------------------------------


def test_twenty_advisers_claim_five_hundred_requests_none_twice_and_none_lost(store: Store, machine: Settings) -> None:
    """Each takes what it can until nothing is left, in its own order."""
    for number in range(500):
        ask(store, number, number=f"+4477009{number:05}")
    ids = [found.id for found in store.requests.waiting()]
    assert len(ids) == 500

    def work(name: str) -> list[str]:
        taken = []
        with closing(Store(machine.redis_url, machine.keys, PATIENT_SECONDS)) as mine:
            for request_id in random.Random(name).sample(ids, len(ids)):
                try:
                    mine.requests.change(request_id, lambda r: callback.claim(r, name, NOW))
                    taken.append(request_id)
                except Refused:
                    continue
        return taken

    with ThreadPoolExecutor(20) as pool:
        taken = [found for each in pool.map(work, [f"adviser-{n}" for n in range(20)]) for found in each]

    assert sorted(taken) == sorted(ids)
    held = {found.id: found.claimed_by for found in store.requests.waiting()}
    assert len(held) == 500
    assert all(held.values())


def test_of_many_wishes_from_one_phone_at_once_one_request_is_made(store: Store) -> None:
    """Every caller got a different reference."""
    references = iter(range(1000, 2000))
    store.requests.new_reference = lambda: str(next(references))

    def save(number: int) -> str:
        return store.requests.save(SaveRequest(request(1, id=f"CA{number}-1"))).reference

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(save, range(16)))

    (joined,) = store.requests.waiting()
    assert joined.times_asked == 16
    assert len(set(given)) == 16
    assert sorted(asker.reference for asker in joined.askers) == sorted(given)


def test_a_part_of_a_day_is_never_oversold(store: Store) -> None:
    def hold(number: int) -> Window | None:
        return store.requests.hold(HoldWindow(f"CA{number}", (MORNING, AFTERNOON), overbook=False), [2, 1], NOW).window

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(hold, range(20)))

    assert (got.count(MORNING), got.count(AFTERNOON), got.count(None)) == (2, 1, 17)


# --- places ---------------------------------------------------------------------------------


def _hold(store: Store, call: str, *windows: Window, now: float = NOW, overbook: bool = False) -> Window | None:
    return store.requests.hold(
        HoldWindow(call, windows, overbook), [PLACES[window.part] for window in windows], now
    ).window


def test_a_place_is_held_while_the_caller_decides_and_no_longer(store: Store) -> None:
    assert _hold(store, "CA1", AFTERNOON) == AFTERNOON
    assert _hold(store, "CA2", AFTERNOON) is None
    assert _hold(store, "CA2", AFTERNOON, now=NOW + HOLD_SECONDS + 1) == AFTERNOON


def test_a_caller_who_chooses_again_gives_the_first_place_back(store: Store) -> None:
    _hold(store, "CA1", AFTERNOON)
    store.requests.hold(HoldWindow("CA1", (MORNING,), overbook=False, instead_of=AFTERNOON), [2], NOW)

    assert _hold(store, "CA2", AFTERNOON) == AFTERNOON


def test_when_all_is_full_the_last_place_can_be_overbooked(store: Store) -> None:
    _hold(store, "CA1", AFTERNOON)

    assert _hold(store, "CA2", AFTERNOON, overbook=True) == AFTERNOON


def test_a_saved_request_keeps_its_place_for_good_and_gives_it_back_when_it_ends(store: Store) -> None:
    _hold(store, "CA001", AFTERNOON)
    saved = ask(store, 1, window=AFTERNOON)
    assert _hold(store, "CA2", AFTERNOON, now=NOW + 100 * HOLD_SECONDS) is None

    store.requests.change(saved.id, lambda r: callback.claim(r, "asha", NOW))
    store.requests.change(saved.id, lambda r: callback.record(r, "asha", "spoke", "", NOW, DIARY))
    assert _hold(store, "CA2", AFTERNOON) == AFTERNOON


def test_a_moved_request_takes_its_new_place_and_leaves_the_old(store: Store) -> None:
    _hold(store, "CA001", AFTERNOON)
    saved = ask(store, 1, window=AFTERNOON)
    _hold(store, "CA9", MORNING)

    to = Promise("morning", MORNING, NOW, NOW + 60)
    store.requests.move(MoveRequest(saved.id, saved.askers[0].reference, "CA9", to), NOW)

    assert _hold(store, "CA2", AFTERNOON) == AFTERNOON
    assert store.requests.get(saved.id).window == MORNING  # type: ignore[union-attr]
    assert [_hold(store, "CA3", MORNING), _hold(store, "CA4", MORNING)] == [MORNING, None]


def test_a_request_that_is_deleted_gives_its_place_back(store: Store) -> None:
    saved = ask(store, 1, window=AFTERNOON)
    assert _hold(store, "CA2", AFTERNOON) is None

    store.requests.delete(saved.id)

    assert _hold(store, "CA2", AFTERNOON) == AFTERNOON


def test_a_request_is_never_joined_to_one_with_another_number(store: Store) -> None:
    """A caller confirmed one number, and then asked to be rung at another."""
    ask(store, 1, id="CA1-1", number="+447700900204", state="unfinished")
    ask(store, 1, id="CA1-1", number="+447700900205")

    other = ask(store, 2, id="CA2-1", number="+447700900204")

    assert (other.id, other.number) == ("CA2-1", "+447700900204")


def test_requests_whose_number_is_not_known_are_never_joined(store: Store) -> None:
    """Two hidden callers are two people. The same wish saved twice is one."""
    first, second = ask(store, 1, number=""), ask(store, 2, number="")
    again = ask(store, 1, number="")

    assert sorted(found.id for found in store.requests.waiting()) == [first.id, second.id]
    assert (again.id, again.times_asked, len(again.askers)) == (first.id, 1, 1)
    assert store.requests.find(FindRequest("", "4271")).request is None


def test_each_caller_of_one_phone_has_a_place_until_they_take_their_wish_back(store: Store) -> None:
    tomorrow = Window(OPEN.date() + dt.timedelta(days=1), "afternoon")
    first = ask(store, 1, window=tomorrow, due=NOW + 30 * 3600)
    second = ask(store, 2, id="CA9-1", number=first.number, window=AFTERNOON, due=NOW + 3600)
    assert (_hold(store, "CA5", tomorrow), _hold(store, "CA5", AFTERNOON)) == (None, None)

    store.requests.cancel(CancelRequest(first.id, second.askers[1].reference), NOW)

    assert (_hold(store, "CA5", tomorrow), _hold(store, "CA5", AFTERNOON)) == (None, AFTERNOON)


# --- finding and ending ---------------------------------------------------------------------


def test_a_request_is_found_by_its_phone_and_its_reference_only(store: Store) -> None:
    saved = ask(store, 1)

    assert store.requests.find(FindRequest(saved.number, "4271")).request == saved
    assert store.requests.find(FindRequest(saved.number, "0000")).request is None
    assert store.requests.find(FindRequest("+447700900999", "4271")).request is None


def test_a_reference_cannot_be_guessed(store: Store) -> None:
    """After a few wrong ones in an hour, even the right one finds nothing."""
    saved = ask(store, 1)
    for guess in range(MOST_GUESSES):
        store.requests.find(FindRequest(saved.number, f"{guess:04}"))

    assert store.requests.find(FindRequest(saved.number, "4271")).request is None


def test_references_have_four_digits_and_no_zero_first() -> None:
    references = {new_reference() for _ in range(500)}

    assert all(len(reference) == 4 and reference[0] != "0" and reference.isdigit() for reference in references)
    assert len(references) > 400


def test_a_new_request_after_one_that_ended_is_a_new_one(store: Store) -> None:
    first = ask(store, 1)
    store.requests.cancel(CancelRequest(first.id, "4271"), NOW)

    second = ask(store, 1, id="CA9-1")

    assert second.id == "CA9-1"
    assert [found.id for found in store.requests.ended()] == [first.id]


def test_requests_that_ended_long_ago_are_forgotten_with_all_that_points_to_them(store: Store) -> None:
    saved = ask(store, 1)
    store.requests.cancel(CancelRequest(saved.id, "4271"), NOW)

    assert store.requests.forget_ended(NOW + ENDED_SECONDS - 1) == []
    assert [found.id for found in store.requests.forget_ended(NOW + ENDED_SECONDS + 1)] == [saved.id]
    assert store.redis.do(lambda client: [k for k in client.keys("*") if b"CA001" in k]) == []
    assert store.requests.was_deleted("CA001")
    assert store.requests.find(FindRequest(saved.number, "4271")).request is None


def test_the_request_of_a_wish_is_found_without_reading_the_others(store: Store) -> None:
    """The lists of all requests are emptied, so that nothing can be found by reading them."""
    first, joined = ask(store, 1), ask(store, 2, number=request(1).number)
    assert joined.id == first.id
    store.requests.asked_in("CA001")  # the first search enters what is not entered yet
    store.redis.do(lambda client: client.delete("ivr:queue", "ivr:ended"))

    found = store.requests.of_wish("CA002-1")

    assert found
    assert found.id == first.id
    assert store.requests.of_wish("CA002-2") is None, "another wish of the same phone call"
    assert [each.id for each in store.requests.asked_in("CA002")] == [first.id]
    store.requests.delete(first.id)
    assert store.redis.do(lambda client: client.keys("ivr:call:*")) == []


def test_the_queue_is_in_order_of_being_due(store: Store) -> None:
    for number, due in ((1, NOW + 300), (2, NOW + 100), (3, NOW + 200)):
        ask(store, number, due=due)

    assert [found.id for found in store.requests.waiting()] == ["CA002-1", "CA003-1", "CA001-1"]


# --- a process that dies --------------------------------------------------------------------


LAST = 17


@pytest.mark.parametrize("step", range(1, LAST + 1))
def test_a_caller_is_told_we_have_it_only_if_it_is_there(
    settings: Settings, store: Store, published: str, step: int
) -> None:
    """The web process is killed at each thing it sends to Redis in the last turn of asking."""
    with Line(settings, store) as line:
        line.now = OPEN.replace(hour=20)
        call = line.call().press("0").press("1").press("1122").press("1").press("1").press("1")
        path, form = call.action, {**call.form, "Digits": "1"}
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _be_killed_at(step, settings, path, form, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)

    (found,) = store.requests.waiting()
    assert found.state in ("unfinished", "waiting"), "half a request cannot exist"
    if "We will call you" in told:
        assert (found.state, found.message_ok, found.say_who) == ("waiting", True, True)
        assert found.window == Window(OPEN.date() + dt.timedelta(days=1), "morning")
    if step == 1:
        assert "We will call you" not in told
    if step == LAST:
        assert "We will call you" in told, f"the turn sends {LAST} things or more, so this one was killed: raise LAST"


def _be_killed_at(step: int, settings: Settings, path: str, form: dict[str, str], writer: int) -> None:
    """In a child process: take the turn, and die at the step-th command that is sent to Redis."""
    store = Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
    line = Line(settings, store)
    line.now = OPEN.replace(hour=20, minute=35)
    left = [step]

    def dying(send: Callable[..., object]) -> Callable[..., object]:
        def sending(*arguments: object, **more: object) -> object:
            left[0] -= 1
            if not left[0]:
                os._exit(9)
            return send(*arguments, **more)

        return sending

    for where, name in ((AbstractConnection, "send_packed_command"), (wire.Wire, "ask")):
        setattr(where, name, dying(getattr(where, name)))
    try:
        reply = line.post(path, form).text
        os.write(writer, reply.encode())
    finally:
        sys.stdout.flush()
        os._exit(0)


def test_a_caller_who_goes_back_finds_their_own_place_still_there(store: Store) -> None:
    """With one place for the afternoon, which is theirs."""
    saved = ask(store, 1, state="unfinished", window=AFTERNOON)

    again = HoldWindow("CA001", (AFTERNOON,), overbook=False, instead_of=AFTERNOON, request=saved.id)

    assert store.requests.hold(again, [1], NOW).window == AFTERNOON
    assert _hold(store, "CA5", AFTERNOON) is None
