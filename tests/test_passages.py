"""Passages: what always comes together is one sound, and no reply has many."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from ivr.compiling import building
from ivr.engine import call
from ivr.machine import config
from ivr.places.passages import MOST_SOUNDS, Passages, passages
from ivr.script import Script
from ivr.script.session import At, HangUp, Session
from tests.anybody import Anybody
from tests.line import CALLER, OPEN


@pytest.fixture(scope="module", params=[True, False], ids=["texts", "no texts"])
def script(request: pytest.FixtureRequest, files: dict[str, str]) -> Script:
    return building.load(files, config.bank_holidays(), offers_texts=request.param)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_caller_does_no_reply_has_many_sounds_or_loses_a_word(script: Script, seed: int) -> None:
    chance, known = random.Random(seed), Passages(passages(script))
    for _ in range(40):
        anybody = Anybody(script, chance)
        anybody.now += dt.timedelta(days=chance.randrange(365))
        for _ in range(40):
            turn = anybody.go_on()
            sounds = known.cut(turn.says, script.filled_in)
            assert len(sounds) <= MOST_SOUNDS, anybody.done
            assert tuple(piece for sound in sounds for piece in sound) == turn.says
            if isinstance(turn.then, HangUp):
                break


def test_every_menu_is_one_sound_and_the_keys_that_work_everywhere_are_another(script: Script) -> None:
    known = Passages(passages(script))
    for name in script.nodes:
        menu = script.places[name]
        if menu.tells_first or not menu.options_written():
            continue
        s = Session("CA1", script.revision, At(name), caller=CALLER, trail=(At("main_menu"),))
        said = call.current(script, s, OPEN).says

        assert len(known.cut(said, script.filled_in)) <= 2, name


def test_the_longest_passage_is_taken_and_what_only_a_call_knows_is_a_run() -> None:
    known = Passages([("a", 1.0), ("a", 1.0, "b"), (1.0, "c")])

    assert known.cut(("a", 1.0, "b", 1.0, "c"), frozenset()) == [("a", 1.0, "b"), (1.0, "c")]
    assert known.cut(("a", 1.0, "d"), frozenset()) == [("a", 1.0), ("d",)]
    assert known.cut(("x", 0.2, "y", 1.0, "c"), frozenset("xy")) == [("x", 0.2, "y"), (1.0, "c")]
    assert known.cut(("x", 0.2, "z"), frozenset("xy")) == [("x", 0.2), ("z",)]
    assert known.cut((0.2, "z"), frozenset("xy")) == [(0.2,), ("z",)]
