"""A caller who does random things, whose effects may find no slot or fail. The same seed gives the same calls."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ivr.check import handlers
from ivr.engine import call
from ivr.places.letter import LetterDate
from ivr.practice.effects import EffectLog
from ivr.script import Script
from ivr.script.session import (
    At,
    Ended,
    Gather,
    Input,
    Key,
    NoInput,
    Record,
    Recorded,
    Session,
    Transfer,
    TransferEnded,
    Turn,
)
from tests.line import CALLER, OPEN

KEYS = "1111222333445678990*#"
#: The keys of a caller who mostly chooses.
CHOICES = "1112223344" * 2 + "590*#"
#: Days that letters may have, and one that there is not.
DATES = ("0511", "3112", "3102")
DIGITS = ("#", "*", "0", "0#", "07700900456", "0770*0770", "0770*077009", "4271", "12*", "123", "999", "**", "0770")
ENDED: tuple[Ended, ...] = ("answered", "busy", "no_answer", "failed", "stopped")
PHONES = (CALLER, CALLER, "+441164960123", "anonymous", "", "+33123456789", "client:somebody")


@dataclass
class Anybody:
    """One call. Every other caller mostly chooses, and so gets far.

    Some have earlier requests, which they can hear, move and cancel.
    """

    script: Script
    chance: random.Random
    #: Runs the effects; by default it may be full or out of order.
    handler: Any = None
    #: The inputs, and the effects that were run.
    done: list[str] = field(default_factory=list)
    #: The last input, and whether the session was lost then.
    event: Input = field(default_factory=NoInput)
    lost: bool = False

    def __post_init__(self) -> None:
        chance = self.chance
        self.now = OPEN.replace(hour=chance.choice([8, 11, 16, 20]), minute=chance.choice([0, 30, 58]))
        usual = handlers.usual(self.script, self.now)
        usual.slots, usual.works = chance.choice([0, 1, 12]), chance.random() < 0.9
        self.handler = self.handler or usual
        self._effects = EffectLog(self.handler)
        self.caller = chance.choice(PHONES)
        self.chooses = chance.random() < 0.5
        self.turn = call.start(self.script, f"CA{chance.random()}", self.caller, self.now)

    def go_on(self) -> Turn:
        """Do the next thing. Sometimes the session is lost, except for its place."""
        event = self._event()
        self.done.append(f"{self.turn.session.place.node} {event}")
        self.now += dt.timedelta(seconds=self.chance.choice([0.3, 5, 20]))
        s = msgspec.json.decode(msgspec.json.encode(self.turn.session), type=Session)
        self.event, self.lost = event, self.chance.random() < 0.02
        if self.lost:
            known = self.chance.choice([s, Session(s.call, self.script.revision, At("main_menu"), caller=s.caller)])
            self.turn = call.go_on(self.script, known, s.place, event, self._effects, self.now)
        else:
            self.turn = call.run(self.script, s, event, self._effects, self.now)
        self.done += [f"{type(effect).__name__}: {type(outcome).__name__}" for effect, outcome in self._effects.taken()]
        return self.turn

    def _event(self) -> Input:
        chance, then = self.chance, self.turn.then
        if isinstance(then, Transfer):
            return chance.choice([*map(TransferEnded, ENDED), NoInput(), Key("1")])
        if isinstance(then, Record):
            return chance.choice([Recorded(seconds=3), Recorded("0"), Recorded("*", 2), NoInput(), Key("5"), Key("0")])
        if chance.random() < (0.1 if self.chooses else 0.3):
            return NoInput()
        if isinstance(then, Gather) and then.digits > 1:
            dates = DATES * 9 if then.digits == LetterDate.most else ()
            return Key(chance.choice([*DIGITS, *dates, *(handlers.REFERENCES * 3)]))
        return Key(chance.choice(CHOICES if self.chooses else KEYS))
