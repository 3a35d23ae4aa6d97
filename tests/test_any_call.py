"""Whatever callers do, in whatever order, the line answers: no error, no silence, the same reply again."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

import msgspec
import pytest

from ivr import call
from ivr.audio.clips import silences
from ivr.practice import PracticeDesk
from ivr.script import Script
from ivr.session import (
    Ended,
    Errand,
    Gather,
    HangUp,
    Input,
    Key,
    NoInput,
    Place,
    Record,
    Recorded,
    Session,
    Transfer,
    TransferEnded,
    Turn,
)
from ivr.spoken import words_of
from ivr.steps import STEPS
from ivr.twiml import Voice, Writer
from tests.line import OPEN
from tests.test_twiml import assert_valid

KEYS = "1111222333445678990*#"
DIGITS = ("#", "*", "0", "0#", "07700900456", "0770*0770", "0770*077009", "4271", "12*", "123", "999", "**", "0770")
ENDED: tuple[Ended, ...] = ("answered", "busy", "no_answer", "failed", "stopped")
PHONES = ("+447700900123", "+441164960123", "anonymous", "", "+33123456789", "client:somebody")


@dataclass
class Anybody:
    """A caller who does anything at all, and a desk that may be full or broken."""

    script: Script
    chance: random.Random
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = self.chance
        self.now = OPEN.replace(hour=chance.choice([8, 11, 16, 20]), minute=chance.choice([0, 30, 58]))
        self.desk = PracticeDesk(places=chance.choice([0, 1, 12]), works=chance.random() < 0.9)
        self.caller = chance.choice(PHONES)
        self.turn = call.start(self.script, f"CA{chance.random()}", self.caller, self.now)

    def go_on(self) -> Turn:
        """One thing after another. Sometimes the session is lost, except for its place."""
        event = self._event()
        self.done.append(f"{self.turn.session.place.node} {event}")
        self.now += dt.timedelta(seconds=self.chance.choice([0.3, 5, 20]))
        s = msgspec.json.decode(msgspec.json.encode(self.turn.session), type=Session)
        if self.chance.random() < 0.02:
            known = self.chance.choice([s, Session(s.call, self.script.revision, Place("main_menu"), caller=s.caller)])
            self.turn = call.go_on(self.script, known, s.place, event, self.now)
        else:
            self.turn = call.answer(self.script, s, event, self.now)
        for _ in range(5):
            if not isinstance(self.turn.then, Errand):
                return self.turn
            outcome = self.desk.run(self.turn.then, self.now)
            self.turn = call.answer(self.script, self.turn.session, outcome, self.now)
        pytest.fail(f"errands without end: {self.done}")

    def _event(self) -> Input:
        chance, then = self.chance, self.turn.then
        if isinstance(then, Transfer):
            return chance.choice([*map(TransferEnded, ENDED), NoInput(), Key("1")])
        if isinstance(then, Record):
            return chance.choice([Recorded(seconds=3), Recorded("0"), Recorded("*", 2), NoInput(), Key("5"), Key("0")])
        if chance.random() < 0.3:
            return NoInput()
        return Key(chance.choice(DIGITS if isinstance(then, Gather) and then.digits > 1 else KEYS))


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
    writer = Writer(shipped, "https://line.example.org", Voice("Polly.Amy", "85%", "70%"))
    for number in range(60):
        anybody = Anybody(shipped, chance)
        for _ in range(40):
            turn = anybody.go_on()
            if number % 20 == 0:
                assert_valid(writer.write(turn, "/voice/turn/1", "+441164960000"))
            assert call.current(shipped, turn.session, anybody.now) == turn, anybody.done
            assert _is_heard(turn), anybody.done
            assert all(r.number or r.message_only for r in anybody.desk.requests.values()), anybody.done
            if isinstance(turn.then, HangUp):
                break


def _is_heard(turn: Turn) -> bool:
    """Words or ringing are expected, except where a number arrives before it is complete."""
    in_the_middle = turn.session.place.node in STEPS and bool(turn.session.wishes.typed)
    return in_the_middle or isinstance(turn.then, Transfer) or any(isinstance(piece, str) for piece in turn.says)
