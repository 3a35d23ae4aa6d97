"""Whatever callers do, in whatever order, the line answers: no error, no silence, the same reply again."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from ivr.audio.clips import silences
from ivr.engine import call
from ivr.places import STEPS
from ivr.script import Script
from ivr.script.session import HangUp, Transfer, Turn
from ivr.spoken import words_of
from ivr.twilio.twiml import SayVoice, TwiMLWriter
from tests.anybody import Anybody
from tests.test_twiml import assert_valid


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_said_at_any_time_of_any_day_has_a_sound(shipped: Script, seed: int) -> None:
    """Days, times, numbers and codes are put together from words and pauses that are rendered beforehand."""
    chance = random.Random(seed)
    prompts, pauses = shipped.every_prompt(), set(silences(shipped))
    for _ in range(60):
        anybody = Anybody(shipped, chance)
        anybody.now += dt.timedelta(days=chance.randrange(365))
        for _ in range(40):
            says = anybody.go_on().says
            assert set(words_of(says)) <= prompts, anybody.done
            assert {round(piece, 2) for piece in says if isinstance(piece, float)} <= pauses, anybody.done


@pytest.mark.parametrize("seed", range(12))
def test_anybody_is_answered_whatever_they_do(shipped: Script, seed: int) -> None:
    chance = random.Random(seed)
    writer = TwiMLWriter(shipped, "https://line.example.org", SayVoice("Polly.Amy", "85%", "70%"))
    for number in range(60):
        anybody = Anybody(shipped, chance)
        for _ in range(40):
            turn = anybody.go_on()
            if number % 20 == 0:
                assert_valid(writer.write(turn, "/voice/turn/1", "+441164960000"))
            assert call.current(shipped, turn.session, anybody.now) == turn, anybody.done
            assert _is_heard(turn), anybody.done
            assert all(r.number or r.message_only for r in anybody.handler.requests.values()), anybody.done
            if isinstance(turn.then, HangUp):
                break


def _is_heard(turn: Turn) -> bool:
    """Words or ringing are expected, except where a number arrives before it is complete."""
    in_the_middle = turn.session.place.node in STEPS and bool(turn.session.wishes.typed)
    return in_the_middle or isinstance(turn.then, Transfer) or any(isinstance(piece, str) for piece in turn.says)
