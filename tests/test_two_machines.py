"""Two machines take turns in one call, and Redis goes away in the middle: each has a disk of its own."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import pytest

from ivr.callbacks.request import CallbackRequest
from ivr.machine import keys
from ivr.machine.config import Settings
from ivr.script.session import SaveRequest
from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases import renewing, spooling
from ivr.usecases.jobs import Jobs
from tests.desk import request
from tests.line import CALLER, Call, Line
from tests.test_voice import own_redis  # noqa: F401


@pytest.fixture
def machines(own_redis: tuple[Settings, int]) -> Iterator[tuple[Line, Line, int]]:  # noqa: F811
    """Two machines that share a Redis, and its process."""
    settings, redis_pid = own_redis
    other = dataclasses.replace(settings, data_dir=settings.data_dir / "another machine's")
    with (
        Line(settings, Store(settings.redis_url, settings.keys)) as first,
        Line(other, Store(settings.redis_url, settings.keys)) as second,
    ):
        yield first, second, redis_pid


@contextmanager
def _started(settings: Settings, folder: str, *words: str) -> Iterator[Line]:
    """A machine with these keys in IVR_KEYS. A restart is another one with the same folder."""
    own = dataclasses.replace(settings, key_words=",".join(words), data_dir=settings.data_dir / folder)
    with closing(Store(own.redis_url, own.keys)) as store, Line(own, store) as line:
        yield line


def test_keys_that_are_rotated_in_the_order_of_the_handbook_are_never_missing(
    own_redis: tuple[Settings, int],  # noqa: F811
) -> None:
    """Two machines with IVR_KEYS, restarted one after the other, while a caller asks to be rung of both in turn."""
    settings, _ = own_redis
    (names, old), new = settings.keys.words, keys.new_key()
    steps = ((names, old), (names, old, new), (names, new, old))
    states = [(one, two) for before, after in pairwise(steps) for one, two in ((after, before), (after, after))]
    for nth, (one, two) in enumerate(states):
        with _started(settings, "one", *one) as first, _started(settings, "two", *two) as second:
            turns = Turns((first, second), f"+4477009001{nth:02}").press("0").put_in(DialCallStatus="no-answer")
            turns.press("1")
            for _ in range(20):
                if turns.call.place in ANSWERS:
                    turns.press(ANSWERS[turns.call.place])
            assert turns.call.place == "ring_done"
            assert [len(line.store.requests.waiting()) for line in (first, second)] == [nth + 1] * 2

    with _started(settings, "one", names, new, old) as first:
        renewing.renew(first.settings, first.store)
    with _started(settings, "two", names, new) as second:
        assert len(second.store.requests.waiting()) == len(states), "the old key is not needed any more"


def test_a_key_that_one_machine_uses_before_the_other_knows_it_hides_and_loses_nothing(
    own_redis: tuple[Settings, int],  # noqa: F811
) -> None:
    """The wrong order: what the one writes, the other cannot read, until it is restarted with both keys."""
    settings, _ = own_redis
    (names, old), new = settings.keys.words, keys.new_key()
    with _started(settings, "one", names, new, old) as first, _started(settings, "two", names, old) as second:
        first.store.requests.save(SaveRequest(request(1)))
        assert second.store.requests.waiting() == []
        assert renewing.counted(second.settings, second.store)[first.settings.keys.ids[0]] == 1, "ivr keys list says so"

    with _started(settings, "two", names, old, new) as second:
        assert [each.number for each in second.store.requests.waiting()] == [request(1).number]


class Turns:
    """A call whose turns go to the machines in turn, as a balancer sends them."""

    def __init__(self, machines: tuple[Line, Line], caller: str = CALLER):
        self._machines, self._nth = machines, 0
        self.call: Call = machines[0].call(caller, f"CA{caller.removeprefix('+'):0>32}")

    def press(self, keys: str) -> Turns:
        for key in keys:
            self._nth += 1
            self.call.line = self._machines[self._nth % 2]
            self.call.press(key)
        return self

    def put_in(self, **form: str) -> Turns:
        self._nth += 1
        self.call.line = self._machines[self._nth % 2]
        self.call.put_in(**form)
        return self


def _in_the_queue(machines: tuple[Line, Line], redis_pid: int) -> list[CallbackRequest]:
    """What is in the queue once Redis is back, and each machine has handed in what it kept."""
    os.kill(redis_pid, signal.SIGCONT)
    store = Store(machines[0].settings.redis_url, machines[0].settings.keys, PATIENT_SECONDS)
    for machine in machines:
        spooling.hand_in(machine.spool, store, Jobs(machine.settings, store))
    found = store.requests.waiting()
    store.close()
    return found


ANSWERS = {
    "ring_back": "1",
    "ring_who": "1",
    "ring_out": "1",
    "ring_when": "3",
    "ring_message": "2",
    "ring_safe": "2",
    "ring_needs": "1",
}


@pytest.mark.parametrize("at", list(ANSWERS))
def test_a_caller_who_asks_to_be_rung_of_two_machines_is_in_the_queue_once(
    machines: tuple[Line, Line, int], at: str
) -> None:
    """Redis goes away at each question. Once the request counts, the caller is promised it, and is on the list with the
    careful answer to what is not known. Before that, the other machine cannot know the number. So it says that nothing
    was written down, and names a person; and the caller is on the list as one who hung up half-way.
    """
    first, second, redis_pid = machines
    turns = Turns((first, second)).press("0").put_in(DialCallStatus="no-answer").press("1")
    for _ in range(20):
        place = turns.call.place
        if place == at:
            os.kill(redis_pid, signal.SIGSTOP)
        if place not in ANSWERS:
            break
        turns.press(ANSWERS[place])

    (asked,) = _in_the_queue((first, second), redis_pid)

    assert asked.number == "+447700900123"
    assert not asked.may_say_who()
    if at in ("ring_back", "ring_who", "ring_out"):
        assert "could not write that down" in turns.call.words
        assert "press zero" in turns.call.words
        assert asked.state == "unfinished"
    else:
        assert (asked.finished, asked.today) == (True, True)
