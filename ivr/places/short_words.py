"""The sentences of the short dialogue in another language, and how its places say them.

Each choice is one sentence with its key in it, recorded whole, and every choice is said each time: there is no second
way to hear it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from ivr.callbacks.diary import Part
from ivr.places import person
from ivr.places.entry import NumberEntry, RingNumber
from ivr.places.kinds import Step
from ivr.places.message import Message
from ivr.places.phrases import MoreTime, NoKeyAgain, NoKeyFirst, UnusedKeyAgain, UnusedKeyFirst
from ivr.script.lines import Line, Words
from ivr.script.place import Go, Here, Moved, Option
from ivr.script.session import At, Input, NoInput
from ivr.spoken import Speech

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: The days on which a call can be promised, by the names of their lines.
NEAR = ("today", "tomorrow", *DAYS)
HALVES: tuple[Part, ...] = ("morning", "afternoon")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class ShortWords(Words):
    """Every sentence. `config/languages/lines.yaml` has the English, and each language its own words."""

    id = "language"
    choose = Line("key")
    hello, what = Line(), Line()
    ask, yes, no, other, person, repeat = Line(), Line(), Line(), Line(), Line(), Line()
    enter, hash, readback, right, again = Line(), Line(), Line("digits"), Line(), Line()
    urgent, when, full = Line(), Line(), Line()
    today, tomorrow = Line(), Line()
    monday, tuesday, wednesday, thursday = Line(), Line(), Line(), Line()
    friday, saturday, sunday = Line(), Line(), Line()
    morning, afternoon = Line(), Line()
    press_1, press_2, press_3, press_4 = Line(), Line(), Line(), Line()
    saved, will_ring, ring_back, reference = Line(), Line("day", "window"), Line(), Line("reference")
    through, nobody, private, message = Line(), Line(), Line(), Line()
    silence, wrong = Line(), Line()
    our_number, goodbye = Line("digits"), Line()
    zero, one, two, three, four = Line(), Line(), Line(), Line(), Line()
    five, six, seven, eight, nine = Line(), Line(), Line(), Line(), Line()


#: The line of this dialogue that is said in place of an English one, which the engine or a shared place asks for. Every
#: other English line is silent in another language.
INSTEAD: Mapping[Line, Line] = {
    NoKeyFirst.say: ShortWords.silence, NoKeyAgain.say: ShortWords.silence, MoreTime.still_here: ShortWords.silence,
    UnusedKeyFirst.say: ShortWords.wrong, UnusedKeyAgain.say: ShortWords.wrong,
    **dict.fromkeys(
        (RingNumber.malformed, RingNumber.short, RingNumber.long, RingNumber.premium, RingNumber.emergency,
         RingNumber.foreign, RingNumber.ours, RingNumber.never), ShortWords.again,
    ),
    NumberEntry.nothing: ShortWords.silence,
    person.Person.say: ShortWords.through, person.Person.try_next: ShortWords.through,
    Message.nothing: ShortWords.silence, Message.thanks: ShortWords.saved, Message.thanks_hidden: ShortWords.saved,
}  # fmt: skip


def will_ring(day: str, half: str) -> str:
    """The id of the whole sentence that promises a call on this day and half."""
    return f"{ShortWords.will_ring.id}.{day}.{half}"


def day_name(day: dt.date, today: dt.date) -> str:
    """The name of a day's line: today, tomorrow, or the day of the week."""
    return {0: "today", 1: "tomorrow"}.get((day - today).days, DAYS[day.weekday()])


# --- what its places have in common ------------------------------------------------------------------


class ShortStep(Step):
    """Says a few sentences, and asks for one key."""

    one_by_one = False

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        """What is said before the choices."""
        raise NotImplementedError

    def speech(self, here: Here) -> Speech:
        last = (here.words(ShortWords.person),) if self.names_person(here) else ()
        choices = (option.label for option in self.choices(here))
        return with_pauses(here, *self.sentences(here), *choices, *last, *self.after(here))

    def names_person(self, here: Here) -> bool:
        return bool(here.s.silences or here.s.wrongs)

    def after(self, here: Here) -> tuple[Speech, ...]:
        """What is said last."""
        return ()

    def again(self, at: At) -> At:
        return at

    def chosen(self, here: Here, option: Option) -> Moved:
        return self.answered(here, option.key)

    def answered(self, here: Here, key: str) -> Moved:
        """Where the key of a choice leads."""
        raise NotImplementedError


class ShortLeave(ShortStep):
    """A place at which the dialogue ends: it names the key for a person, and after silence it says goodbye."""

    def names_person(self, here: Here) -> bool:
        return True

    def took(self, here: Here, event: Input) -> Moved | None:
        return (here.s, Go("goodbye")) if isinstance(event, NoInput) else None


def with_pauses(here: Here, *speeches: Speech) -> Speech:
    """These words with a pause between them. What is empty is left out."""
    gap = here.script.line.pace.between_choices
    said = [piece for each in speeches if each for piece in (gap, *each)]
    return tuple(said[1:])


def option_of(here: Here, key: str, *lines: Line) -> Option:
    """The choice of this key, whose label is these lines."""
    return Option(key, _joined(here, *lines), "")


def yes_or_no(here: Here) -> tuple[Option, ...]:
    """The choices of a question: yes on 1, no on 2."""
    return option_of(here, "1", ShortWords.yes), option_of(here, "2", ShortWords.no)


def _joined(here: Here, *lines: Line) -> Speech:
    """A day, and then its key."""
    pause = here.script.line.pace.before_key
    said = [piece for line in lines for piece in (pause, *here.words(line))]
    return tuple(said[1:])
