"""Entering digits with the keypad: slowly, in pieces, with corrections, or not at all.

During an entry, keys are digits, so every question for a number says how to reach a person. Hash completes the number,
star starts it again, and star without digits goes back. Twilio delivers the digits so far when no key has come for a
while (`between_digits`); a slow caller then hears what has arrived, and loses nothing. A single zero may be the start
of a number or a wish for a person: followed by hash or by silence, it asks for the person.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.places import reply
from ivr.places.kinds import Step, one_more_wrong, phone, wishing
from ivr.places.phrases import Phrases
from ivr.places.reply import AGAIN_KEY, BACK_KEY
from ivr.script.lines import Line, Words, label
from ivr.script.place import BACK, STAY, Go, Here, Moved
from ivr.script.session import Input, Key, NoInput, Session
from ivr.spoken import Speech

#: Digits of the longest number: the country code, a superfluous zero after it, and ten more. With a lower limit, a
#: number with the country code would be cut off, and its last digits taken for answers.
MOST_DIGITS = len("00440") + 10


class NumberEntry(Words):
    """Words used in every entry."""

    id = "number_entry"
    done, start_again = label(), label()
    again, person, nothing, so_far, zero = Line(), Line(), Line(), Line("typed"), Line()


class TakesDigits(Step):
    """Asks for a phone number, a call number or a date. `most` digits complete it."""

    say: ClassVar[Line]
    #: Whether every number has `most` digits, so that hash is not needed.
    ends_itself: ClassVar[bool] = False
    helped_within = 9 * 60 + 30

    def asks(self, here: Here) -> Line:
        """The words that ask for the number."""
        return self.say

    def is_whole(self, number: str) -> bool:
        """Whether fewer digits than `most` are already a complete number, without hash."""
        return False

    def entered(self, here: Here, number: str) -> Moved:
        """Where the entered digits lead."""
        raise NotImplementedError

    def left_out(self, here: Here) -> Moved:
        """Where hash without any digits leads."""
        return wrong(here, NumberEntry.nothing)

    def arrive(self, here: Here) -> Moved:
        return wishing(here, typed="").s, STAY

    def seconds(self, here: Here) -> int:
        s, line = here.s, here.script.line
        if s.more_time:
            return reply.seconds_to_wait(here)
        return round(line.waiting.between_digits * (line.pace.slow_pauses if s.slow else 1))

    def teaches(self, here: Here) -> str:
        return AGAIN_KEY + BACK_KEY

    def says(self, here: Here) -> Speech:
        """The question, the first time and again."""
        if here.s.wishes.typed:
            return ()  # the rest of the number is still being entered
        pace, where = here.script.line.pace, here.script.press_where
        person = (pace.between_choices, *here.words(NumberEntry.person))
        if here.s.place.repeated:
            return (*here.words(NumberEntry.again), *self.or_else(here), *person)
        done = (*here.words(NumberEntry.done), pace.before_key, where["#"], pace.between_choices)
        start_again = (*here.words(NumberEntry.start_again), pace.before_key, where["*"])
        asks = (*here.words(self.asks(here)), pace.between_choices, *(() if self.ends_itself else done), *start_again)
        return (*asks, *self.or_else(here), *person)

    def or_else(self, here: Here) -> Speech:
        """What else can be done than to enter the number, with a pause before it."""
        return ()

    def took(self, here: Here, event: Input) -> Moved | None:
        if isinstance(event, Key):
            return self._keyed(here, event.keys)
        if isinstance(event, NoInput) and here.s.wishes.typed:
            return self._keyed(here, "")
        return None

    def _keyed(self, here: Here, keys: str) -> Moved:
        """Where keys lead. Empty `keys`: the caller pressed no more of them."""
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
            return self.left_out(here)
        if is_all and number == "0":
            return wishing(here, typed="").s, Go("person")
        here = wishing(here, typed=number)
        if is_all or len(number) >= self.most or self.is_whole(number):
            return self.entered(here, number)
        if star and len(keys) >= self.most:  # delivered early, only because of a star among the keys
            return here.s, STAY
        return reply.say(here, self.so_far(here, number)), STAY

    def so_far(self, here: Here, number: str) -> Speech:
        """What is said of the digits that have arrived, and how to go on."""
        return _so_far(here, number)


def _so_far(here: Here, number: str) -> Speech:
    pace, where = here.script.line.pace, here.script.press_where
    if number == "0":
        person = (*here.words(Phrases.to_person), pace.before_key, where["#"])
        return (*here.words(NumberEntry.zero), pace.between_choices, *person)
    start_again = (*here.words(NumberEntry.start_again), pace.before_key, where["*"])
    typed = here.script.grammar.digits(in_groups(number), pace.each_digit, pace.between_groups)
    told = spoken.fill(here.words(NumberEntry.so_far), {"typed": typed})
    return (*told, pace.between_choices, *start_again)


def in_groups(number: str) -> list[str]:
    """Digits that may not be a whole number yet, as they are said back."""
    return [group for group in (number[:5], number[5:8], number[8:]) if group]


def wrong(here: Here, why: Line) -> Moved:
    """Reject a number: say why, count the error, and ask again."""
    return one_more_wrong(begin_again(reply.say(here, here.words(why)))), STAY


def begin_again(s: Session) -> Session:
    """Start an entry again. The caller has already heard the instructions."""
    return replace(s, place=replace(s.place, repeated=True), wishes=replace(s.wishes, typed=""))


# --- a phone number -----------------------------------------------------------------------------


class PhoneEntry(TakesDigits):
    """Asks for a phone number."""

    most = MOST_DIGITS

    def entries(self) -> tuple[str, ...]:
        """A mobile number, a premium-rate number, one that is too short, and one that is still being entered."""
        return "07700900456", "09001234567", "0770#", "0770"

    #: Where a usable number leads.
    goto: ClassVar[str]

    def refusal_of_landline(self) -> Line | None:
        """The words for a number that is no mobile; None if it does not have to be one."""
        return None

    def is_whole(self, number: str) -> bool:
        """Whether these digits are already a number, or can no longer become one, so that hash is not needed."""
        if number.startswith("0") and len(number) == 11 and not number.startswith("00"):
            return True
        return dialling.judge(number).verdict in ("fine", "premium", "emergency") or dialling.is_long(number)

    def entered(self, here: Here, number: str) -> Moved:
        """Continue if we can ring or text the number."""
        line = here.script.line
        judged = dialling.keyed(number, line.phones[line.transfer.numbers[0]])
        if judged.verdict != "fine":
            return wrong(here, _WHY_NOT[judged.verdict])
        if dialling.same(judged.e164, line.never_ring):
            return wrong(here, RingNumber.never)
        if dialling.same(judged.e164, here.script.never_rung):
            return wrong(here, RingNumber.ours)
        if (why := self.refusal_of_landline()) and not judged.mobile:
            return wrong(here, why)
        return wishing(here, number=judged.e164, typed="").s, Go(self.goto)


class RingNumber(PhoneEntry):
    """Asks for the number to ring. Its words for unusable numbers are used by all entries of a phone number."""

    id = "ring_number"
    say, theirs, hidden, malformed, short, long = Line(), Line(), Line(), Line(), Line(), Line()
    premium, emergency, foreign, ours, never = Line(), Line(), Line(), Line(), Line()
    goto = "ring_check"

    def asks(self, here: Here) -> Line:
        return self.theirs if here.s.wishes.theirs else self.say


#: The words for each verdict of `dialling` on a number that was entered. Here, 'hidden' only means that it is
#: no number; and a number that is freephone, or of a public body, is one that is never rung back.
_WHY_NOT = {
    "hidden": RingNumber.malformed, "malformed": RingNumber.malformed, "short": RingNumber.short,
    "long": RingNumber.long, "premium": RingNumber.premium, "emergency": RingNumber.emergency,
    "foreign": RingNumber.foreign, "freephone": RingNumber.never, "body": RingNumber.never,
    "more": RingNumber.malformed,
}  # fmt: skip


def read_back(here: Here, line: Line) -> Speech:
    """Read back a number and ask whether it is right: twice, but once to a caller who interrupted it with hash."""
    number = phone(here.script, here.s.wishes.number, once=here.s.place.repeated)
    return spoken.fill(here.words(line), {"typed_number": number})
