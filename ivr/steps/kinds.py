"""The kinds of step: one that asks, one that takes digits, one that runs an errand, one that hands over,
one that waits.

A step is what it says, what happens as a caller arrives, and where what comes in leads. It
names the place that comes next; `call.py` does the moving.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.callback import Need
from ivr.script import END_MENU, Script
from ivr.session import Done, Errand, Got, Input, Recorded, Reply, Session, TransferEnded
from ivr.spoken import Speech

#: Where a step can lead besides a node or another step: back one step, or nowhere.
BACK, STAY = "<back>", "<stay>"

#: Seconds of silence before the line ends a call of somebody who has pressed a key, or has got something. They know
#: how it goes on, and may be looking for a letter, or waiting for somebody who types for them. Whoever has pressed
#: nothing is not held for so long: `told` gives them, whole, all that the line has left, and nothing can come after it
#: but silence that they pay for.
QUIET_BEFORE_GOODBYE = 120

#: A session, and the name of the place it goes to.
Moved = tuple[Session, str]
Words = Callable[[Script, Session, dt.datetime], Speech]


def words(name: str) -> Words:
    """Words of staff's that need nothing of the call."""
    return lambda script, s, now: script.says[name]


def _nothing(script: Script, s: Session, now: dt.datetime) -> Speech:
    return ()


def _stays(script: Script, s: Session, now: dt.datetime) -> Moved:
    return s, STAY


@dataclass(frozen=True, kw_only=True)
class Step:
    """A place that every line has. Staff own its words."""

    says: Words = _nothing
    #: What happens as a caller arrives. Anything but STAY passes the step by.
    arrive: Callable[[Script, Session, dt.datetime], Moved] = _stays
    #: It can be gone on from without knowing what the caller said on the way to it.
    stands_alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One thing to pick at a step: the words that name it, and where it leads."""

    label: str
    goto: str
    #: Wishes it sets, by name. CALLER stands for the number that the caller rings from.
    sets: Mapping[str, Any] = field(default_factory=dict)
    need: Need | None = None
    #: Words said once it is picked.
    said: str = ""
    #: What comes next is about us, whatever the caller has listened to.
    about_us: bool = False


CALLER = object()


@dataclass(frozen=True, kw_only=True)
class Asks(Step):
    """Speaks, and offers choices on the keys 1, 2, 3 and 4."""

    choices: tuple[Choice, ...]
    offers: Callable[[Script, Session, Choice], bool] = lambda script, s, choice: True
    #: Said behind the choices.
    then_says: Words = _nothing
    #: Makes the session ready for whatever is picked.
    before: Callable[[Script, Session], Session] = lambda script, s: s
    #: The step that writes down each answer before the call goes on.
    written_by: str = ""

    def by_key(self, script: Script, s: Session) -> Mapping[str, Choice]:
        """What can be picked now. A choice keeps its key when another is gone."""
        return {str(i): choice for i, choice in enumerate(self.choices, 1) if self.offers(script, s, choice)}


def yes(goto: str, said: str = "", **sets: object) -> Choice:
    return Choice(label="if_yes", goto=goto, said=said, sets=sets)


def no(goto: str, said: str = "", **sets: object) -> Choice:
    return Choice(label="if_no", goto=goto, said=said, sets=sets)


def not_sure(goto: str, said: str = "", **sets: object) -> Choice:
    return Choice(label="if_not_sure", goto=goto, said=said, sets=sets)


@dataclass(frozen=True, kw_only=True)
class TakesDigits(Step):
    """Asks for a number. `most` digits end it by themselves."""

    most: int
    #: What the digits mean, and where they lead.
    entered: Callable[[Script, Session, str], Moved]
    #: Whether fewer digits make sense, before the caller says that they are all.
    is_whole: Callable[[str], bool] = lambda digits: False


@dataclass(frozen=True, kw_only=True)
class Runs(Step):
    """Has an errand run. Nobody waits here, and star never leads here."""

    errand: Callable[[Script, Session, dt.datetime], Errand]
    done: Callable[[Script, Session, Done, dt.datetime], Moved]
    #: Words said when it could not be done, and where the call goes on then.
    failed: str
    failed_goto: str = END_MENU


@dataclass(frozen=True, kw_only=True)
class HandsOver(Step):
    """Speaks, and gives the caller to a transfer, a recording, or the end. Keys work while it speaks."""

    then: Callable[[Script, Session], Reply]
    takes: type[TransferEnded | Recorded] | None = None
    took: Callable[[Script, Session, Input, dt.datetime], Moved] = lambda script, s, event, now: (s, STAY)
    #: It comes unasked, so key 1 is named, and offers the choices of the place before it one at a time.
    one_at_a_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Pauses(Step):
    """Waits for any key, for as long as the caller likes, and goes back to where they were."""


def said(script: Script, s: Session, *speeches: Speech) -> Session:
    """The session with more to say before its place speaks."""
    lead: list[Any] = list(s.lead)
    for more in speeches:
        if more:
            lead += [*([script.line.pace.before_key] if lead and isinstance(lead[-1], str) else []), *more]
    return replace(s, lead=tuple(lead))


def got(s: Session, what: Got) -> Session:
    """The session of a caller who has got something. The first of its kind shows that they get on."""
    return s if what in s.got else replace(s, got=(*s.got, what), fruitless=0)


def may_hang_up(s: Session) -> bool:
    """Whether the line may end the call of somebody who is silent."""
    return not (s.pressed or s.got) or s.quiet >= QUIET_BEFORE_GOODBYE


def phone(script: Script, e164: str, *, once: bool = False) -> Speech:
    """A phone number as callers hear it: digit by digit, in groups, twice unless `once`."""
    pace, national = script.line.pace, dialling.national(e164)
    if once:
        return spoken.digits(spoken.groups(national), pace.each_digit, pace.between_groups)
    return spoken.phone(national, pace.each_digit, pace.between_groups)
