"""However a call goes on, it ends in something got: a talk, a request, a text, or all that there is to tell."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest

from ivr.engine import call
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import (
    Ended,
    Gather,
    HangUp,
    Input,
    Key,
    NoInput,
    Record,
    Recorded,
    Transfer,
    TransferEnded,
    Turn,
)
from tests.line import CALLER, OPEN

KEYS = "0123456789*#"
NIGHT = OPEN.replace(hour=20)
#: Turns after which a call counts as going on for ever.
MOST_TURNS = 250

#: When the call is made, how each ringing ends, and whether what is to be written down can be.
SITUATIONS: dict[str, tuple[dt.datetime, Ended, bool]] = {
    "busy": (OPEN, "busy", True),
    "nobody answers": (OPEN, "no_answer", True),
    "the call fails": (OPEN, "failed", True),
    "closed": (NIGHT, "no_answer", True),
    "Redis is away, open": (OPEN, "no_answer", False),
    "Redis is away, closed": (NIGHT, "no_answer", False),
}
CALLERS = {"shown": CALLER, "hidden": "anonymous", "diverted": "+441162575027"}
#: Nothing at all, one key for ever, and any two keys in turn.
WAYS = ["", *KEYS, *("".join(pair) for pair in itertools.permutations(KEYS, 2))]


class Stubborn:
    """A caller who does the same things in turn, whatever is said, and never hangs up."""

    def __init__(self, script: Script, situation: str, caller: str, does: Iterable[str]):
        self.script, (self.now, self.how, works) = script, SITUATIONS[situation]
        self.handler, self.does = PracticeHandler(works=works), itertools.cycle(does)
        self.turn = call.start(script, "CA1", CALLERS[caller], self.now)
        self.turns = 0

    def to_the_end(self) -> Turn:
        while not isinstance(self.turn.then, HangUp) and self.turns < MOST_TURNS:
            self._go_on()
        return self.turn

    def _go_on(self) -> None:
        event = self._event()
        waits = self.turn.then.seconds if isinstance(self.turn.then, Gather) and event == NoInput() else 4
        self.now += dt.timedelta(seconds=waits)
        self.turn = call.run(self.script, self.turn.session, event, self.handler, self.now)
        self.turns += 1

    def _event(self) -> Input:
        """A key comes while words are said before the ringing or the tone, if it is taken there."""
        key, then = next(self.does, ""), self.turn.then
        if isinstance(then, Transfer):
            return Key(key) if key and then.keys else TransferEnded(self.how)
        if isinstance(then, Record):
            return Key(key) if key and then.keys else Recorded(key)
        return Key(key) if key else NoInput()

    @property
    def got(self) -> bool:
        place, requests = self.turn.session.place.node, self.handler.requests.values()
        return place == "told" or bool(self.handler.texts) or any(request.open for request in requests)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_call_that_stays_on_the_line_ends_in_something_got(shipped: Script, situation: str, caller: str) -> None:
    """Silent, with one key, and with any two in turn."""
    without = {}
    for way in WAYS:
        stubborn = Stubborn(shipped, situation, caller, way)
        turn = stubborn.to_the_end()
        if not (isinstance(turn.then, HangUp) and stubborn.got):
            without[way] = f"{turn.session.place.node} after {stubborn.turns} turns"
    assert without == {}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_keys_that_only_come_once_it_rings_lead_to_the_same_end(shipped: Script, situation: str) -> None:
    """Star stops the ringing, and everybody else hears it out; then the keys go on."""
    for key in KEYS:
        rings_out = Stubborn(shipped, situation, "shown", _unless_it_rings(lambda: rings_out.turn, key))  # noqa: B023
        turn = rings_out.to_the_end()
        assert (isinstance(turn.then, HangUp), rings_out.got) == (True, True), key


def _unless_it_rings(turn: Callable[[], Turn], key: str) -> Iterator[str]:
    while True:
        yield "" if isinstance(turn().then, Transfer | Record) else key
