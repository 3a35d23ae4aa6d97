"""Asking to be rung in one's own language: a short talk beside the English line.

A language has a script of its own (`languages.py` compiles it), and these are its places. They have the names of the
English places whose part they play, so the engine runs them without knowing the language: `greeting` says what this is
and asks whether to ring, `help_settings` leads back to English, `person_away` is where nobody can talk.

Each choice is one sentence with its key in it, recorded whole, and every choice is said each time: there is no second
way to hear it. What a caller is not asked here has the careful answer: no message is left, and nobody says who rings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from msgspec.structs import replace

from ivr import dialling, reply, spoken
from ivr.diary import Part, Window
from ivr.hours import LONDON
from ivr.phrases import MoreTime, NoKeyAgain, NoKeyFirst, UnusedKeyAgain, UnusedKeyFirst
from ivr.places import person
from ivr.places.entry import NumberEntry, PhoneEntry, RingNumber, in_groups
from ivr.places.kinds import HandsOver, Step, phone, wishing
from ivr.places.languages import Languages
from ivr.places.message import Message
from ivr.places.ringing import SILENCE_SECONDS, reference_twice
from ivr.places.wish import day_told, finished_for, half_way, is_keyed, new_wish, save_counting, save_unfinished
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, STAY, Do, Go, Here, Line, Moved, Option, Place, Words
from ivr.session import Action, At, Done, HangUp, HoldWindow, Input, NoInput, Record, Recorded, Session, TransferEnded
from ivr.spoken import Speech

#: At most so many days are offered, and none further off: after six days, "on Monday" could mean another Monday.
MOST_DAYS, FURTHEST = 4, 6
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: The days on which a call can be promised, by the names of their lines.
NEAR = ("today", "tomorrow", *DAYS)
HALVES: tuple[Part, ...] = ("morning", "afternoon")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Said(Words):
    """Every sentence of the talk. `config/languages/lines.yaml` has the English, and each language its own words."""

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
    saved, will_ring, reference = Line(), Line("day", "window"), Line("reference")
    through, nobody, message = Line(), Line(), Line()
    silence, wrong = Line(), Line()
    our_number, goodbye = Line("digits"), Line()
    zero, one, two, three, four = Line(), Line(), Line(), Line(), Line()
    five, six, seven, eight, nine = Line(), Line(), Line(), Line(), Line()


#: What the engine and shared places say, by the line of this talk that stands for it. All else of the English line is
#: silent in another language.
INSTEAD: Mapping[Line, Line] = {
    NoKeyFirst.say: Said.silence, NoKeyAgain.say: Said.silence, MoreTime.still_here: Said.silence,
    UnusedKeyFirst.say: Said.wrong, UnusedKeyAgain.say: Said.wrong,
    **dict.fromkeys(
        (RingNumber.malformed, RingNumber.short, RingNumber.long, RingNumber.premium, RingNumber.emergency,
         RingNumber.foreign, RingNumber.ours, RingNumber.never), Said.again,
    ),
    NumberEntry.nothing: Said.silence,
    person.Person.say: Said.through, person.Person.try_next: Said.through,
    Message.nothing: Said.silence, Message.thanks: Said.saved, Message.thanks_hidden: Said.saved,
}  # fmt: skip


def will_ring(day: str, half: str) -> str:
    """The id of the whole sentence that promises a call on this day and half."""
    return f"{Said.will_ring.id}.{day}.{half}"


# --- what these places have in common -------------------------------------------------------------


class _Talks(Step):
    """Says a few sentences, and asks for one key."""

    one_by_one = False

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        """What is said before the choices."""
        raise NotImplementedError

    def speech(self, here: Here) -> Speech:
        last = (here.words(Said.person),) if self.names_person(here) else ()
        choices = (option.label for option in self.choices(here))
        return _with_pauses(here, *self.sentences(here), *choices, *last, *self.after(here))

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


def _with_pauses(here: Here, *speeches: Speech) -> Speech:
    gap = here.script.line.pace.between_choices
    said = [piece for each in speeches if each for piece in (gap, *each)]
    return tuple(said[1:])


def _option(here: Here, key: str, *lines: Line) -> Option:
    return Option(key, _joined(here, *lines), "")


def _joined(here: Here, *lines: Line) -> Speech:
    """A day, and then its key."""
    pause = here.script.line.pace.before_key
    said = [piece for line in lines for piece in (pause, *here.words(line))]
    return tuple(said[1:])


def _own(here: Here) -> str:
    """The number that rings, if it can be rung back; else empty."""
    own = dialling.judge(here.s.caller)
    return own.e164 if own.verdict == "fine" else ""


# --- what this is, and whether to ring --------------------------------------------------------------


class Ask(_Talks):
    """Asks whether to ring this phone, or another."""

    id = MAIN_MENU
    stands_alone = True
    in_dialogue = False

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return (here.words(Said.ask),) if _own(here) else ()

    def names_person(self, here: Here) -> bool:
        return True

    def choices(self, here: Here) -> tuple[Option, ...]:
        own = (_option(here, "1", Said.yes), _option(here, "2", Said.no)) if _own(here) else ()
        return (*own, _option(here, "3", Said.other))

    def after(self, here: Here) -> tuple[Speech, ...]:
        return here.words(Said.repeat), here.words(Languages.to_english)

    def answered(self, here: Here, key: str) -> Moved:
        here = new_wish(here)
        if key == "1":
            return save_unfinished(wishing(here, number=_own(here)), Go(Urgent.id))
        return here.s, Go(Enter.id if key == "3" else End.id)


class Hello(Ask):
    """The first words in the language. Who goes back hears only the question."""

    id = GREETING

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return here.words(Said.hello), here.words(Said.what), *super().sentences(here)

    def left(self, at: At) -> At | None:
        return At(MAIN_MENU)

    def choices_only(self, at: At, s: Session) -> At:
        return At(MAIN_MENU)


class Enter(PhoneEntry):
    """Asks for the number to ring."""

    id = RingNumber.id
    goto = "ring_check"
    one_by_one = False

    def says(self, here: Here) -> Speech:
        if here.s.wishes.typed:
            return ()
        return _with_pauses(here, here.words(Said.enter), here.words(Said.hash))

    def speech(self, here: Here) -> Speech:
        return self.says(here)

    def so_far(self, here: Here, number: str) -> Speech:
        """What has arrived; after a single zero, how to get a person."""
        pace = here.script.line.pace
        typed = here.script.grammar.digits(in_groups(number), pace.each_digit, pace.between_groups)
        return here.words(Said.person) if number == "0" else typed


class Check(_Talks):
    """Whether the number that was keyed is right."""

    id = "ring_check"

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        number = phone(here.script, here.s.wishes.number, once=True)
        return spoken.fill(here.words(Said.readback), {"digits": number}), here.words(Said.right)

    def choices(self, here: Here) -> tuple[Option, ...]:
        return _option(here, "1", Said.yes), _option(here, "2", Said.no)

    def answered(self, here: Here, key: str) -> Moved:
        if key == "1":
            return save_unfinished(here, Go(Urgent.id))
        return reply.say(here, here.words(Said.again)), Go(Enter.id)


# --- how urgent, and when: from here on it counts ---------------------------------------------------


class Urgent(_Talks):
    """Asks the one question that decides how soon we ring. A yes may mean either half of it, so it means the worse."""

    id = "ring_urgent"
    unfinished = True

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return (here.words(Said.urgent),)

    def choices(self, here: Here) -> tuple[Option, ...]:
        return _option(here, "1", Said.yes), _option(here, "2", Said.no)

    def answered(self, here: Here, key: str) -> Moved:
        is_urgent = key == "1"
        return save_counting(
            wishing(here, urgent=is_urgent, today=is_urgent), Go(When.id), says=lambda here: here.words(Said.saved)
        )


class When(_Talks):
    """Asks for a day, and then for the half of it. The part of its position is 0, or a day: so many days off, and one
    more.
    """

    id = "ring_when"
    unfinished = True

    def arrive(self, here: Here) -> Moved:
        """Passed by where no day is near enough to be named: over Christmas, for example."""
        return here.s, STAY if _days(here) else Go(Speak.id)

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return () if here.s.place.part else (here.words(Said.when),)

    def choices(self, here: Here) -> tuple[Option, ...]:
        if day := self._day(here):
            return tuple(
                _option(here, str(HALVES.index(window.part) + 1), *_half(window))
                for window in here.script.diary.windows(here.now)
                if window.day == day
            )
        return tuple(
            _option(here, str(i), getattr(Said, day_name(day, _today(here))), getattr(Said, f"press_{i}"))
            for i, day in enumerate(_days(here), 1)
        )

    def _day(self, here: Here) -> dt.date | None:
        part = here.s.place.part
        return _today(here) + dt.timedelta(days=part - 1) if part else None

    def answered(self, here: Here, key: str) -> Moved:
        if day := self._day(here):
            return _hold(here, Window(day, HALVES[int(key) - 1]))
        day = _days(here)[int(key) - 1]
        windows = [window for window in here.script.diary.windows(here.now) if window.day == day]
        if len(windows) == 1:
            return _hold(here, windows[0])
        return replace(here.s, place=At(self.id, (day - _today(here)).days + 1)), STAY


def _half(window: Window) -> tuple[Line, Line]:
    return getattr(Said, window.part), getattr(Said, f"press_{HALVES.index(window.part) + 1}")


def _today(here: Here) -> dt.date:
    return here.now.astimezone(LONDON).date()


def _days(here: Here) -> tuple[dt.date, ...]:
    """The first open days that can be named."""
    days = dict.fromkeys(window.day for window in here.script.diary.windows(here.now))
    return tuple(day for day in days if (day - _today(here)).days <= FURTHEST)[:MOST_DAYS]


def day_name(day: dt.date, today: dt.date) -> str:
    """The name of a day's line: today, tomorrow, or the day of the week."""
    return {0: "today", 1: "tomorrow"}.get((day - today).days, DAYS[day.weekday()])


def _hold(here: Here, window: Window) -> Moved:
    """Hold a place at the chosen time, and save it with the request."""
    here = wishing(here, when=window.part)

    def held(here: Here, done: Done) -> Moved:
        if done.spooled:
            return save_counting(wishing(here, no_place=True), Go(Speak.id))
        if done.window is None:  # counted, so that it ends with the promise to ring at any time
            s = reply.say(here, here.words(Said.full))
            return replace(s, place=At(When.id), wrongs=s.wrongs + 1, slips=s.slips + 1), STAY
        return save_counting(wishing(here, window=done.window), Go(Speak.id))

    hold = HoldWindow(here.s.call, (window,), overbook=False, request=here.s.wishes.request, keyed=is_keyed(here))
    return here.s, Do(hold, held, RingNumber.malformed)


# --- a message, and the promise -------------------------------------------------------------------


class Speak(HandsOver):
    """Records what the caller wants to say, with the request. Whoever says nothing is rung all the same."""

    id = "ring_name"
    takes = Recorded

    def says(self, here: Here) -> Speech:
        return _with_pauses(here, _promised(here), here.words(Said.message))

    def action(self, here: Here) -> Action:
        return Record(here.script.line.ring_back.message_seconds, 2 * SILENCE_SECONDS, here.s.wishes.request)

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        assert isinstance(event, Recorded)
        return here.s, Go("person" if event.key == "0" else RingDone.id)


def _promised(here: Here) -> Speech:
    """The day and the half on which we ring, as one sentence; nothing where it has no such sentence."""
    if not here.s.wishes.reference:
        return ()
    day, half = day_told(here)
    known = here.script.says.get(will_ring(day_name(day, _today(here)), half))
    is_near = 0 <= (day - _today(here)).days <= FURTHEST
    return known if known and is_near else ()


class RingDone(_Talks):
    """The promise and the number of the request."""

    id = "ring_done"
    ends_dialogue = True

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        number = spoken.fill(here.words(Said.reference), {"reference": reference_twice(here)})
        return here.words(Said.saved), _promised(here), number

    def names_person(self, here: Here) -> bool:
        return True

    def name_of_number(self, here: Here) -> str:
        return "reference"

    def took(self, here: Here, event: Input) -> Moved | None:
        return (here.s, Go("goodbye")) if isinstance(event, NoInput) else None


class End(_Talks):
    """Where a caller is left who has what they came for, or wants no call: our number, and a person."""

    id = END_MENU
    stands_alone = ends_dialogue = True
    in_dialogue = False

    def arrive(self, here: Here) -> Moved:
        """Whoever asked for a call and could not get one is put through, if somebody is there."""
        if here.s.got or here.s.wishes.urgent is None:
            return here.s, STAY
        return here.s, Go("person" if person.can_ring(here) else "told")

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return () if "request" in here.s.got else (_our_number(here),)

    def names_person(self, here: Here) -> bool:
        return True

    def took(self, here: Here, event: Input) -> Moved | None:
        return (here.s, Go("goodbye")) if isinstance(event, NoInput) else None


def _our_number(here: Here) -> Speech:
    line = here.script.line
    number = phone(here.script, dialling.international(line.phones[line.transfer.numbers[0]]))
    return spoken.fill(here.words(Said.our_number), {"digits": number})


# --- a person, and where nobody can talk ---------------------------------------------------------------


class Nobody(_Talks):
    """Says that nobody can talk, and sees to it that we ring: this phone, or one whose number is asked for."""

    id = "person_away"
    stands_alone = person_is_away = True

    def arrive(self, here: Here) -> Moved:
        s = here.s
        if "request" in s.got:
            return reply.say(here, here.words(Said.nobody)), Go(End.id)
        if half_way(here.script, s, *s.trail, s.place) and s.wishes.urgent is None:
            return finished_for(here.at(reply.say(here, here.words(Said.nobody))))
        here = here.at(reply.say(here, here.words(Said.nobody)))
        return _rung_anyway(here) if _own(here) else (here.s, Go(Enter.id))


def _rung_anyway(here: Here) -> Moved:
    """A request for the phone that rings, with the careful answers."""
    return save_counting(wishing(new_wish(here), number=_own(here), urgent=True), Go(RingDone.id))


class StayOn(_Talks):
    """For a caller who presses nothing, or only wrong keys: we ring them, whatever they could not answer."""

    id = person.StayOn.id

    def arrive(self, here: Here) -> Moved:
        here = here.at(replace(here.s, rung_unasked=True))
        return _rung_anyway(here) if _own(here) else (here.s, Go(Message.id))


class LeaveMessage(Message):
    """Asks a caller with a hidden number for a message. The others are rung without one."""

    one_by_one = False
    comes_unasked = False

    def arrive(self, here: Here) -> Moved:
        if _own(here) and not here.s.blocked:
            return _rung_anyway(here.at(replace(here.s, message_offered=True)))
        return super().arrive(here)

    def says(self, here: Here) -> Speech:
        return here.words(Said.message)


# --- the ways out -----------------------------------------------------------------------------------


class _Ends(HandsOver):
    stands_alone = True

    def action(self, here: Here) -> Action:
        return HangUp()


class Told(_Ends):
    """The least that any caller gets: our number."""

    id = "told"

    def says(self, here: Here) -> Speech:
        return _with_pauses(here, _our_number(here), here.words(Said.goodbye))


class Goodbye(_Ends):
    id = "goodbye"

    def says(self, here: Here) -> Speech:
        return here.words(Said.goodbye)


class ToEnglish(_Talks):
    """Key 9: the English line."""

    id = HELP
    stands_alone = True

    def arrive(self, here: Here) -> Moved:
        s = replace(here.s, language="en", trail=(), left_at=-1, topic="", lead=(), place=At(MAIN_MENU))
        return s, Go(MAIN_MENU)


_PLACES = (Hello, Ask, Enter, Check, Urgent, When, Speak, RingDone, End, person.Person, Nobody, StayOn, LeaveMessage,
           Told, Goodbye, ToEnglish)  # fmt: skip
#: The places of a language, by name.
STEPS: Mapping[str, Place] = {place.id: place() for place in _PLACES}

__all__ = ["DIGITS", "HALVES", "INSTEAD", "NEAR", "STEPS", "Said", "day_name", "will_ring"]
