"""Two machines take turns in one call, and Redis goes away in the middle: each has a disk of its own."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator

import pytest

from ivr import spooling
from ivr.config import Settings
from ivr.jobs import Jobs
from ivr.request import CallbackRequest
from ivr.store import PATIENT_SECONDS, Store
from tests.line import Call, Line
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


class Turns:
    """A call whose turns go to the machines in turn, as a balancer sends them."""

    def __init__(self, machines: tuple[Line, Line]):
        self._machines, self._nth = machines, 0
        self.call: Call = machines[0].call()

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
