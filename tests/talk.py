"""Talking to the engine itself: no HTTP, no Redis."""

from __future__ import annotations

import datetime as dt

from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.script import Script
from ivr.script.session import At, Ended, Key, NoInput, Recorded, Session, TransferEnded, Turn
from ivr.spoken import text_of
from tests.line import CALLER, OPEN


class Talk:
    """One call with the engine, by day unless said otherwise."""

    def __init__(
        self,
        script: Script,
        at: dt.datetime = OPEN,
        caller: str = CALLER,
        handler: PracticeHandler | None = None,
        name: str = "practice",
    ):
        self.handler = handler or PracticeHandler()
        self._phone = Caller(script, self.handler, name)
        self._phone.ring(at, caller)

    def press(self, keys: str) -> Talk:
        for key in keys:
            self._phone.put_in(Key(key))
        return self

    def soon(self, key: str, after: float) -> Talk:
        """A key that comes so many seconds after the last reply began."""
        self._phone.put_in(Key(key), after)
        return self

    def enter(self, digits: str) -> Talk:
        """A whole number, ended by hash."""
        return self.key(digits if digits.endswith(("*", "#")) else f"{digits}#")

    def key(self, digits: str) -> Talk:
        """Some digits, and then a pause too long for Twilio."""
        self._phone.put_in(Key(digits))
        return self

    def wait(self, times: int = 1) -> Talk:
        for _ in range(times):
            self._phone.put_in(NoInput())
        return self

    def transfer(self, how: Ended) -> Talk:
        self._phone.put_in(TransferEnded(how))
        return self

    def recorded(self, key: str = "", seconds: int = 4) -> Talk:
        self._phone.put_in(Recorded(key, seconds))
        return self

    def to(self, keys: str) -> Talk:
        """Keys, with '.' for silence."""
        for key in keys:
            self.wait() if key == "." else self.press(key)
        return self

    @property
    def turn(self) -> Turn:
        assert self._phone.turn
        return self._phone.turn

    @property
    def session(self) -> Session:
        return self.turn.session

    @property
    def place(self) -> At:
        return self.session.place

    @property
    def at(self) -> str:
        return self.place.node

    @property
    def words(self) -> str:
        return text_of(self.turn.says)

    @property
    def noted(self) -> list[str]:
        return [entry.text for entry in self._phone.entries if entry.who == "NOTED"]
