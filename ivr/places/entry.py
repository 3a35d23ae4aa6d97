"""Keying a number: slowly, in pieces, with a star in the middle, or not at all.

Inside an entry the keys are digits. Hash says that the number is whole, star starts it
again, and a star by itself goes back. Twilio hands over what it has after ten seconds; a
slow caller is then told what has come so far, and loses nothing. A zero by itself may be a
number begun or a person wanted: hash, or waiting on, asks for the person.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from ivr import dialling, reply, spoken
from ivr.phrases import Phrases
from ivr.places.kinds import Step, phone, wishing
from ivr.reply import AGAIN, BACK_KEY
from ivr.script import BACK, STAY, Go, Here, Line, Moved, Words, label
from ivr.session import Input, Key, NoInput, Session
from ivr.spoken import Speech

#: Digits of the longest number: the country's code, the zero that belongs behind it only here, and ten more. With
#: fewer, a number that begins with the code would be cut off, and its last digits taken for answers.
MOST_DIGITS = len("00440") + 10


class NumberEntry(Words):
    """What is said in any entry."""

    id = "number_entry"
    done, start_again = label(), label()
    again, nothing, so_far, zero = Line(), Line(), Line("typed"), Line()


class TakesDigits(Step):
    """Asks for a number. `most` digits end it by themselves."""

    say: ClassVar[Line]
    #: Every number here has `most` digits, so nobody needs to say that they are all.
    ends_itself: ClassVar[bool] = False

    def is_whole(self, number: str) -> bool:
        """Whether fewer digits make sense, before the caller says that they are all."""
        return False

    def entered(self, here: Here, number: str) -> Moved:
        """What the digits mean, and where they lead."""
        raise NotImplementedError

    def arrive(self, here: Here) -> Moved:
        return wishing(here, typed="").s, STAY

    def seconds(self, here: Here) -> int:
        s, line = here.s, here.script.line
        if s.more_time:
            return reply.seconds_to_wait(here)
        return round(line.waiting.between_digits * (line.pace.slow_pauses if s.slow else 1))

    def teaches(self, here: Here) -> str:
        return AGAIN + BACK_KEY

    def says(self, here: Here) -> Speech:
        """How it is asked for, the first time and again."""
        if here.s.wishes.typed:
            return ()  # the rest of a number is still being keyed
        if here.s.place.part:
            return here.words(NumberEntry.again)
        pace, where = here.script.line.pace, here.script.press_where
        done = (*here.words(NumberEntry.done), pace.before_key, where["#"], pace.between_choices)
        start_again = (*here.words(NumberEntry.start_again), pace.before_key, where["*"])
        return (*here.words(self.say), pace.between_choices, *(() if self.ends_itself else done), *start_again)

    def took(self, here: Here, event: Input) -> Moved | None:
        if isinstance(event, Key):
            return self._keyed(here, event.keys)
        if isinstance(event, NoInput) and here.s.wishes.typed:
            return self._keyed(here, "")
        return None

    def _keyed(self, here: Here, keys: str) -> Moved:
        """What came in. No keys at all: the caller has waited on."""
        s = here.s
        typed, star, rest = s.wishes.typed, "*" in keys, keys.rsplit("*", 1)[-1]
        if star:
            if keys == "*" and not typed:
                return s, BACK
            if not rest:
                return begin_again(s), STAY
            typed = ""
        is_all = rest.endswith("#") or not keys
        number = typed + rest.rstrip("#")
        if not number:
            return wrong(here, NumberEntry.nothing)
        if is_all and number == "0":
            return wishing(here, typed="").s, Go("person")
        here = wishing(here, typed=number)
        if is_all or len(number) >= self.most or self.is_whole(number):
            return self.entered(here, number)
        if star and len(keys) >= self.most:  # handed over in the middle, only because a star was among the keys
            return here.s, STAY
        return reply.say(here, _so_far(here, number)), STAY


def _so_far(here: Here, number: str) -> Speech:
    pace, where = here.script.line.pace, here.script.press_where
    if number == "0":
        person = (*here.words(Phrases.to_person), pace.before_key, where["#"])
        return (*here.words(NumberEntry.zero), pace.between_choices, *person)
    start_again = (*here.words(NumberEntry.start_again), pace.before_key, where["*"])
    groups = [group for group in (number[:5], number[5:8], number[8:]) if group]
    typed = spoken.digits(groups, pace.each_digit, pace.between_groups)
    told = spoken.fill(here.words(NumberEntry.so_far), {"typed": typed})
    return (*told, pace.between_choices, *start_again)


def wrong(here: Here, why: Line) -> Moved:
    """A number that cannot be used. It is counted, and asked for again."""
    s = begin_again(reply.say(here, here.words(why)))
    return replace(s, wrongs=s.wrongs + 1, slips=s.slips + 1), STAY


def begin_again(s: Session) -> Session:
    """An entry begun anew: the caller has heard how it goes."""
    return replace(s, place=replace(s.place, part=1), wishes=replace(s.wishes, typed=""))


# --- a phone number -----------------------------------------------------------------------------


class PhoneEntry(TakesDigits):
    """Asks for a phone number."""

    most = MOST_DIGITS
    #: Where a number leads that can be used.
    then: ClassVar[str]

    def must_be_mobile(self) -> Line | None:
        """What is said of a number that is no mobile, where it must be one."""
        return None

    def is_whole(self, number: str) -> bool:
        """Whether these digits are a number already, or can be none any more, so that nobody has to say so."""
        if number.startswith("0") and len(number) == 11 and not number.startswith("00"):
            return True
        return dialling.judge(number).verdict in ("fine", "premium", "emergency") or dialling.is_long(number)

    def entered(self, here: Here, number: str) -> Moved:
        """On, if we can ring it, or text it."""
        line = here.script.line
        judged = dialling.keyed(number, line.phones[line.transfer.numbers[0]])
        if judged.verdict != "fine":
            return wrong(here, _WHY_NOT[judged.verdict])
        if dialling.same(judged.e164, (*line.phones.values(), *here.script.ours)):
            return wrong(here, RingNumber.ours)
        if (why := self.must_be_mobile()) and not judged.mobile:
            return wrong(here, why)
        return wishing(here, number=judged.e164, typed="").s, Go(self.then)


class RingNumber(PhoneEntry):
    """The number to be rung at. Its words tell of numbers that cannot be rung, wherever one is keyed."""

    id = "ring_number"
    say, hidden, malformed, short, long = Line(), Line(), Line(), Line(), Line()
    premium, emergency, foreign, ours = Line(), Line(), Line(), Line()
    then = "ring_check"


#: By what `dialling` finds of a number that was keyed. Whoever keys a number that means 'hidden' has not hidden theirs.
_WHY_NOT = {
    "hidden": RingNumber.malformed, "malformed": RingNumber.malformed, "short": RingNumber.short,
    "long": RingNumber.long, "premium": RingNumber.premium, "emergency": RingNumber.emergency,
    "foreign": RingNumber.foreign,
}  # fmt: skip


def read_back(here: Here, line: Line) -> Speech:
    """A number and the question whether it is right; the number once, where the caller has begun to hear it."""
    number = phone(here.script, here.s.wishes.number, once=bool(here.s.place.part))
    return spoken.fill(here.words(line), {"typed_number": number})
