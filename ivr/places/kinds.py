"""Base classes of places: what most places do, and two kinds of step, one that asks and one that hands over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from ivr import dialling
from ivr.language import groups
from ivr.places import reply
from ivr.places.phrases import Phrases
from ivr.places.reply import PERSON_KEY
from ivr.script import Script
from ivr.script.lines import Line, Words
from ivr.script.place import BACK, STAY, Go, Here, Moved, Option, Place, Transition
from ivr.script.session import (
    Action,
    At,
    Gather,
    Got,
    HangUp,
    Input,
    Key,
    NoInput,
    Recorded,
    Session,
    Transfer,
    TransferEnded,
)
from ivr.spoken import Speech

#: The target of an option that goes one place back.
GO_BACK = "<back>"

#: Seconds of silence before the line ends the call of somebody who has pressed a key or has got something. They know
#: how to continue, and may be looking for a letter, or waiting for a relay operator to type. A caller who has pressed
#: nothing is not kept so long: `told` says everything that the line can still offer, and after that there is only
#: silence that they pay for.
QUIET_BEFORE_GOODBYE = 120


def onward(goto: str) -> Transition:
    """The transition to an option's target."""
    return BACK if goto == GO_BACK else Go(goto)


def one_more_wrong(s: Session) -> Session:
    """The session with one more answer counted that the line cannot use."""
    return replace(s, wrongs=s.wrongs + 1, slips=s.slips + 1, errors=s.errors + 1)


def got(s: Session, what: Got) -> Session:
    """The session of a caller who has got something. The first of each kind shows progress."""
    return s if what in s.got else replace(s, got=(*s.got, what), fruitless=0)


def may_hang_up(s: Session) -> bool:
    """Whether the line may end the call of a silent caller."""
    return not (s.pressed or s.got) or s.quiet >= QUIET_BEFORE_GOODBYE


def phone(script: Script, e164: str, *, once: bool = False) -> Speech:
    """A phone number as callers hear it: digit by digit, in groups, twice unless `once`."""
    pace, national = script.line.pace, dialling.national(e164)
    if once:
        return script.grammar.digits(groups(national), pace.each_digit, pace.between_groups)
    return script.grammar.phone(national, pace.each_digit, pace.between_groups)


def wishing(here: Here, **wishes: Any) -> Here:
    """`here` with more of the caller's answers about a call back or a text."""
    return here.at(replace(here.s, wishes=replace(here.s.wishes, **wishes)))


class Speaks(Place):
    """A place that speaks, and then offers its choices."""

    __slots__ = ()

    def says(self, here: Here) -> Speech:
        """What is said before the choices."""
        raise NotImplementedError

    def says_after_choices(self, here: Here) -> Speech:
        """What is said after the choices."""
        return ()

    def speaks(self, here: Here) -> tuple[Speech, Action]:
        gather = Gather(self.seconds(here), self.most)
        return ((), gather) if here.s.waited else (self.speech(here), gather)

    def speech(self, here: Here) -> Speech:
        """Everything that is said here: with all choices, or with the one on offer."""
        own = self.says(here)
        if here.s.place.offer:
            return reply.one_choice(here, own)
        return reply.with_choices(here, own, self.says_after_choices(here))

    def seconds(self, here: Here) -> int:
        return reply.seconds_to_wait(here)

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """Names key 0 once a caller seems lost. The other keys work without being named."""
        lost = here.s.silences or here.s.wrongs
        return (PERSON_KEY,) if options and lost and not reply.needs_no_zero(here, options) else ()

    def teaches(self, here: Here) -> str:
        s = here.s
        if s.place.offer or s.waited or self.is_telling(s):
            return ""
        return "".join(self.named(here, self.choices(here)))

    def chosen(self, here: Here, option: Option) -> Moved:
        """A person rings at once: no confirmation, and no pause first."""
        s = replace(here.s, lead=()) if option.goto == "person" else reply.say(here, option.said_back)
        return s, onward(option.goto)


class Step(Speaks, Words):
    """A built-in step. It declares its words, which staff own; its order is fixed in the code."""

    in_dialogue = True
    helped_within = 10 * 60


# --- one that asks ------------------------------------------------------------------------------


class Pick(msgspec.Struct, frozen=True):
    """One choice at a step: its label, and where it leads."""

    label: Line
    goto: str
    #: Words that confirm the choice.
    said: Line | None = None
    #: Fields of `Wishes` that it sets.
    sets: Mapping[str, Any] = {}


def yes(goto: str, said: Line | None = None, **sets: object) -> Pick:
    return Pick(Phrases.if_yes, goto, said, sets)


def no(goto: str, said: Line | None = None, **sets: object) -> Pick:
    return Pick(Phrases.if_no, goto, said, sets)


def not_sure(goto: str, said: Line | None = None, **sets: object) -> Pick:
    return Pick(Phrases.if_not_sure, goto, said, sets)


class Asks(Step):
    """Speaks, and offers choices on keys 1 to 4. A choice keeps its key even if another is not offered."""

    ask: ClassVar[Line]
    picks: ClassVar[tuple[Pick, ...]]

    def __init_subclass__(cls) -> None:
        if picks := vars(cls).get("picks"):
            cls.needs_question = any(pick.label is Phrases.if_yes for pick in picks)

    def says(self, here: Here) -> Speech:
        return here.words(self.ask)

    def is_offered(self, here: Here, pick: Pick) -> bool:
        return True

    def choices(self, here: Here) -> tuple[Option, ...]:
        return tuple(
            Option(str(i), here.words(pick.label), pick.goto)
            for i, pick in enumerate(self.picks, 1)
            if self.is_offered(here, pick)
        )

    def chosen(self, here: Here, option: Option) -> Moved:
        return self.picked(here, self.picks[int(option.key) - 1])

    def picked(self, here: Here, pick: Pick) -> Moved:
        """Apply a choice: what it sets and says, and where it leads."""
        s = reply.say(here, here.words(pick.said)) if pick.said else here.s
        return (replace(s, wishes=replace(s.wishes, **pick.sets)) if pick.sets else s), onward(pick.goto)

    def interrupted_by_hash(self, at: At) -> At:
        """A number that is read back here is said once, not twice."""
        return replace(at, repeated=True)


# --- one that hands over ------------------------------------------------------------------------


class HandsOver(Step):
    """Speaks, and then a transfer, a recording or the end of the call follows by itself. Keys work while it speaks."""

    hands_over = True

    def action(self, here: Here) -> Action:
        """What follows the words."""
        raise NotImplementedError

    def speaks(self, here: Here) -> tuple[Speech, Action]:
        """If a key interrupted these words before, no key does now.

        A person then rings at once, without words, and those before a message are heard in full.
        """
        then = self.action(here)
        if not here.s.interrupted or isinstance(then, HangUp):
            return self.says(here), then
        return () if isinstance(then, Transfer) else self.says(here), replace(then, keys=False)

    def again(self, at: At) -> At:
        return at

    def took(self, here: Here, event: Input) -> Moved | None:
        if isinstance(event, Key):
            return None
        if (
            isinstance(event, Recorded)
            and self.comes_unasked
            and event.key
            and not (event.seconds or here.s.interrupted)
        ):
            return None  # a key just after the tone, before anything was said
        if isinstance(event, NoInput) and self.takes:  # it has ended, and the result is unknown
            event = Recorded() if self.takes is Recorded else TransferEnded("failed")
        if self.takes and isinstance(event, self.takes):
            return self.over(here, event)
        return here.s, STAY
