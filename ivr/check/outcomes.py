"""What callers have in the end: plays calls on the engine until they end, and records what the caller got.

Callers who never press a key, or always press the same ones, cannot say what they need, so help must come to them by
itself. Only what they received counts, and not what was offered. The clock stands still in these calls, because habits
do not depend on it. So a call that returns to an earlier state would go round for ever.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ivr import dialling
from ivr.check.answers import Answers
from ivr.check.explore import CALLER, LONGEST_CALL, MESSAGE_SECONDS, Cost, is_told_in_parts, unused_key
from ivr.check.hands import DECIDING
from ivr.check.timing import TURN_GAP, Timing
from ivr.engine.call import PendingEffect
from ivr.practice.effects import EffectLog, PracticeHandler
from ivr.practice.outcome import is_told
from ivr.script import Script
from ivr.script.session import (
    At,
    Done,
    Ended,
    Gather,
    HangUp,
    Input,
    Key,
    NoInput,
    Record,
    Recorded,
    SendText,
    Transfer,
    TransferEnded,
    Turn,
)

KEYS = "1234567890*#"
#: A call with more turns or seconds counts as never ending. Nobody tries this many presses.
MOST_TURNS, MOST_SECONDS = 200, LONGEST_CALL
#: The id of a simulated call, used in the ids of its requests.
CALL = "outcome"

HelpGot = Literal["a person", "a request", "a text", "the hours and a way on", ""]
CallerPhone = Literal["shown", "hidden", "diverted", "blocked"]


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of a call."""

    name: str
    is_open: bool
    #: How every transfer ends.
    transfer: Ended
    #: False: Redis is away, so nothing can be found or sent. `spools`: requests are then kept on this machine's disk.
    handler_works: bool = True
    spools: bool = False


SOMEBODY_ANSWERS = Circumstances("the line is open and somebody answers", True, "answered")
NOBODY_ANSWERS = Circumstances("nobody answers", True, "no_answer")
CLOSED = Circumstances("the line is closed", False, "no_answer")
CIRCUMSTANCES = (
    SOMEBODY_ANSWERS,
    Circumstances("everybody is busy", True, "busy"),
    NOBODY_ANSWERS,
    Circumstances("the transfer fails", True, "failed"),
    CLOSED,
    Circumstances("nobody answers and Redis is away", True, "no_answer", handler_works=False, spools=True),
    Circumstances("the line is closed and Redis is away", False, "no_answer", handler_works=False, spools=True),
    Circumstances("nobody answers and nothing can be kept", True, "no_answer", handler_works=False),
    Circumstances("the line is closed and nothing can be kept", False, "no_answer", handler_works=False),
)


@dataclass(frozen=True)
class Habit:
    """What a caller keeps doing, whatever the line says."""

    #: Keys that are pressed in turn. Empty if the caller never presses any.
    keys: str = ""
    #: Presses at once, and fills a number that is asked for. Otherwise hears each reply, and presses one key.
    hasty: bool = False
    #: Presses a key that has no meaning at the current place.
    wrong: bool = False
    #: Speaks after the tone.
    talks: bool = False

    def __str__(self) -> str:
        names = [{"*": "star", "#": "hash"}.get(key, key) for key in self.keys]
        if not names and not self.wrong:
            return "talks and never presses a key" if self.talks else "never says or presses anything"
        only = f"{' and '.join(names)} in turn" if len(names) > 1 else f"only {''.join(names)}"
        return f"{'quickly ' if self.hasty else ''}presses {'wrong keys only' if self.wrong else only}"


def habits() -> Iterator[Habit]:
    """All habits: silent, talking, wrong keys, each key alone, and any two keys in turn.

    For quick presses of two keys it hardly matters which is first, so each pair is tried once.
    """
    yield Habit()
    yield Habit(talks=True)
    for hasty in (False, True):
        yield Habit(wrong=True, hasty=hasty)
        yield from (Habit(key, hasty) for key in KEYS)
    yield from (Habit(a + b) for a, b in itertools.permutations(KEYS, 2))
    yield from (Habit(a + b, hasty=True) for a, b in itertools.combinations(KEYS, 2))


@dataclass(frozen=True)
class CallOutcome:
    """The result of a call."""

    habit: Habit
    circumstances: Circumstances
    phone: CallerPhone
    got: HelpGot
    #: Whether the call ended. If not, it goes round in a circle or is too long.
    ended: bool
    hung_up: bool
    #: The keys until the end, or until the call began to repeat itself.
    keys: tuple[str, ...]
    seconds: float
    #: Where the call ended, or was given up.
    node: str
    #: The cost until a person was rung, and until a request was saved; None if that never happened.
    rung: Cost | None
    saved: Cost | None

    @property
    def brought(self) -> Cost:
        """The cost until the caller got what they got."""
        is_saved = self.got == "a request" and self.saved is not None
        return self.saved if is_saved and self.saved else Cost(self.seconds, len(self.keys))


class CallOutcomes:
    """The calls of one script."""

    def __init__(
        self, script: Script, timing: Timing, by_day: dt.datetime, by_night: dt.datetime | None, answers: Answers
    ):
        self.script, self.timing, self.answers = script, timing, answers
        self._now = {True: by_day, False: by_night}
        ours = next(iter(script.line.transfer.numbers))
        self.phones: dict[CallerPhone, str] = {
            "shown": CALLER,
            "hidden": "",
            "diverted": dialling.international(script.line.phones[ours]),
            "blocked": CALLER,
        }
        self.ours = {dialling.international(number) for number in script.line.phones.values()}

    def all(self) -> Iterator[CallOutcome]:
        """Every habit, in all possible circumstances, from each kind of phone."""
        for habit in habits():
            yield from self.of_habit(habit)

    def of_habit(self, habit: Habit) -> Iterator[CallOutcome]:
        """One habit, in all possible circumstances, from each kind of phone."""
        in_common: dict[tuple[bool, Turn], _Call] = {}
        for circumstances in filter(self.can_be, CIRCUMSTANCES):
            begun: dict[Turn, CallOutcome] = {}  # phones that the line cannot tell apart have the same outcome
            for phone in self.phones:
                first = self.start(circumstances, phone)
                if first in begun:
                    yield dataclasses.replace(begun[first], phone=phone)
                    continue
                alike = circumstances.is_open, first
                if alike not in in_common:
                    in_common[alike] = _Call(self, habit, circumstances, phone).in_common()
                begun[first] = in_common[alike].under(circumstances, phone).walk()
                yield begun[first]

    def can_be(self, circumstances: Circumstances) -> bool:
        """Whether these circumstances can occur: the line may never be open, or never closed."""
        now = self._now[circumstances.is_open]
        return now is not None and self.script.hours.is_open(now) == circumstances.is_open

    def start(self, circumstances: Circumstances, phone: CallerPhone) -> Turn:
        """The first turn of a call."""
        return self.answers.start(CALL, self.phones[phone], self.now(circumstances), blocked=phone == "blocked")

    def now(self, circumstances: Circumstances) -> dt.datetime:
        """The time of these calls."""
        now = self._now[circumstances.is_open]
        assert now
        return now

    def of(self, habit: Habit, circumstances: Circumstances, phone: CallerPhone) -> CallOutcome:
        """Play one call to its end."""
        return _Call(self, habit, circumstances, phone).walk()


class _Call:
    """One call in progress.

    Until somebody was rung or an effect was run, it is the same in all circumstances of one time of day. So that part
    is played once (`in_common`), and each call goes on from there (`under`): together they have a third of the turns.
    """

    def __init__(self, outcomes: CallOutcomes, habit: Habit, circumstances: Circumstances, phone: CallerPhone):
        self._outcomes, self._habit = outcomes, habit
        self._now = outcomes.now(circumstances)
        self._turn = outcomes.start(circumstances, phone)
        self._keys: list[str] = []
        self._seen: set[object] = set()
        self._places: set[At] = set()
        self._goes_round_after = self._turns = 0
        self._seconds = 0.0
        self._rung: Cost | None = None
        self._saved: Cost | None = None
        self._answered = self._texted = self._over = False
        self._take(circumstances, phone)
        self._look()

    def _take(self, circumstances: Circumstances, phone: CallerPhone) -> None:
        """Set the circumstances, with a handler that behaves accordingly."""
        self._circumstances, self._phone = circumstances, phone
        self._handler = PracticeHandler(works=circumstances.handler_works, spools=circumstances.spools)
        self._log = EffectLog(self._handler)

    def in_common(self) -> _Call:
        """Play the part of the call that is the same in all circumstances."""
        while not self._stops and self._one_turn(only_in_common=True):
            pass
        return self

    def under(self, circumstances: Circumstances, phone: CallerPhone) -> _Call:
        """A copy of the call so far, to be continued in these circumstances."""
        other = copy.copy(self)
        other._keys, other._seen, other._places = [*self._keys], {*self._seen}, {*self._places}
        other._take(circumstances, phone)
        return other

    def walk(self) -> CallOutcome:
        """Play it to its end."""
        while not self._stops:
            self._one_turn()
        keys = self._keys if self._over else self._keys[: self._goes_round_after]
        return CallOutcome(
            self._habit, self._circumstances, self._phone, self._got(), self._over,
            isinstance(self._turn.then, HangUp), tuple(keys), self._seconds,
            self._turn.session.place.node, self._rung, self._saved,
        )  # fmt: skip

    def _look(self) -> None:
        """Note whether the call stops here: because it is over, goes round, or is too long."""
        self._stops = self._turns == MOST_TURNS
        if self._stops:
            return
        in_turn = max(1, len(self._habit.keys))
        self._over = isinstance(self._turn.then, HangUp) or self._answered or self._texted
        state = (self._turn.session, len(self._keys) % in_turn, self._has_request())
        self._stops = self._over or state in self._seen or self._seconds >= MOST_SECONDS
        self._seen.add(state)
        if not self._stops and self._turn.session.place not in self._places:
            self._places.add(self._turn.session.place)
            self._goes_round_after = len(self._keys) + in_turn

    # --- what was got -----------------------------------------------------------------------------

    def _got(self) -> HelpGot:
        if self._answered:
            return "a person"
        if self._texted:
            return "a text"
        if self._has_request():
            return "a request"
        return "the hours and a way on" if is_told(self._outcomes.script, self._turn) else ""

    def _has_request(self) -> bool:
        """Whether this call left an open request, with a number to ring or a message that may contain one."""
        mine = (request for request in self._handler.requests.values() if request.open and request.wishes_of(CALL))
        return any(request.number not in self._outcomes.ours for request in mine)

    # --- one turn ---------------------------------------------------------------------------------

    def _one_turn(self, *, only_in_common: bool = False) -> bool:
        """Play one turn. With `only_in_common`, one that depends on the circumstances is not played, and is False."""
        said = self._outcomes.timing.reply(self._turn)
        if isinstance(self._turn.then, Transfer) and self._rung is None:
            self._rung = Cost(self._seconds + said, len(self._keys))
        pressed = len(self._keys)
        event, takes = self._event(said)
        if only_in_common and self._depends(event):
            del self._keys[pressed:]
            return False
        self._seconds += takes + TURN_GAP
        self._turns += 1
        self._happens(event)
        self._look()
        return True

    def _depends(self, event: Input) -> bool:
        """Whether what follows from an event depends on the circumstances: who answers, or what the handler does."""
        if isinstance(event, TransferEnded):
            return True
        return isinstance(self._outcomes.answers.until_effect(self._turn, event, self._now), PendingEffect)

    def _happens(self, event: Input) -> None:
        """What an event leads to."""
        if isinstance(event, TransferEnded) and event.how == "answered":
            self._answered = True
            return
        self._turn = self._outcomes.answers.answer(self._turn, event, self._log, self._now)
        for effect, outcome in self._log.taken():
            self._texted = self._texted or (isinstance(effect, SendText) and isinstance(outcome, Done))
            if self._saved is None and self._has_request():
                self._saved = Cost(self._seconds, len(self._keys))

    def _event(self, said: float) -> tuple[Input, float]:
        """The next event, and its second since the reply began."""
        then = self._turn.then
        match then:
            case Transfer():
                return self._rung_event(then, said)
            case Record() if not self._habit.keys and not self._habit.wrong:
                if self._habit.talks:
                    return Recorded(seconds=MESSAGE_SECONDS), said + MESSAGE_SECONDS + then.silence
                return NoInput(), said + then.silence
            case Record():
                if self._habit.hasty and then.keys and said > DECIDING:
                    return Key(self._next_key()), DECIDING
                return Recorded(self._next_key()), said + DECIDING
        assert isinstance(then, Gather)
        if not (self._habit.keys or self._habit.wrong) or self._waits():
            return NoInput(), said + then.seconds
        if then.digits > 1 and self._habit.hasty:
            return Key(self._filled(then.digits)), DECIDING + then.digits
        return Key(self._next_key()), DECIDING if self._habit.hasty else said + DECIDING

    def _rung_event(self, then: Transfer, said: float) -> tuple[Input, float]:
        """A key during the words before the ringing, star during the ringing (which stops it), or its end."""
        if self._habit.hasty and then.keys and said > DECIDING:
            return Key(self._next_key()), DECIDING
        if self._habit.keys and self._habit.keys[len(self._keys) % len(self._habit.keys)] == "*":
            self._next_key()
            return TransferEnded("stopped"), said + DECIDING
        return TransferEnded(self._circumstances.transfer), said + then.ring_seconds

    def _waits(self) -> bool:
        """Whether the caller waits: those who hear each reply do not press in the middle of a reading, and those who
        press only wrong keys do not press where every key is right.
        """
        if self._habit.wrong and self._unused_key() is None:
            return True
        return not self._habit.hasty and is_told_in_parts(self._outcomes.script, self._turn)

    def _next_key(self) -> str:
        key = self._unused_key() if self._habit.wrong else self._habit.keys[len(self._keys) % len(self._habit.keys)]
        assert key  # where no key is wrong, the caller waits
        self._keys.append(key)
        return key

    def _unused_key(self) -> str | None:
        return unused_key(self._outcomes.script, self._turn.session)

    def _filled(self, digits: int) -> str:
        """Keys until there are as many digits as were asked for, or hash ends them."""
        typed = ""
        while len(typed) < digits and not typed.endswith("#"):
            typed += self._next_key()
        return typed
