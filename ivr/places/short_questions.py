"""Asking for a call in one's own language: the questions, from the first words to the promise.

Each place has the name of the English one that it stands for. For what a caller is not asked here, the careful answer
applies: no message is left, and nobody is told who rings.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr import spoken
from ivr.callbacks.diary import Window
from ivr.hours import LONDON
from ivr.places import reply
from ivr.places.entry import PhoneEntry, RingNumber, in_groups
from ivr.places.kinds import HandsOver, one_more_wrong, phone, wishing
from ivr.places.languages import Languages
from ivr.places.ringing import SILENCE_SECONDS, reference_twice
from ivr.places.short_words import (
    HALVES,
    ShortLeave,
    ShortStep,
    ShortWords,
    day_name,
    option_of,
    will_ring,
    with_pauses,
    yes_or_no,
)
from ivr.places.wish import day_told, is_keyed, new_wish, own_number, save_counting, save_unfinished
from ivr.script import END_MENU, GREETING, MAIN_MENU
from ivr.script.lines import Line
from ivr.script.place import STAY, Do, Go, Here, Moved, Option
from ivr.script.session import Action, At, Done, HoldWindow, Record, Recorded, Session, TransferEnded
from ivr.spoken import Speech

#: At most so many days are offered, and none further off: after six days, "on Monday" could mean another Monday.
MOST_DAYS, FURTHEST = 4, 6


# --- what this is, and whether to ring --------------------------------------------------------------


class ShortMenu(ShortStep):
    """Asks whether to ring this phone, or another."""

    id = MAIN_MENU
    stands_alone = True
    in_dialogue = False

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return (here.words(ShortWords.ask),) if own_number(here) else ()

    def names_person(self, here: Here) -> bool:
        return True

    def choices(self, here: Here) -> tuple[Option, ...]:
        own = yes_or_no(here) if own_number(here) else ()
        return (*own, option_of(here, "3", ShortWords.other))

    def after(self, here: Here) -> tuple[Speech, ...]:
        return here.words(ShortWords.repeat), here.words(Languages.to_english)

    def answered(self, here: Here, key: str) -> Moved:
        here = new_wish(here)
        if key == "1":
            return save_unfinished(wishing(here, number=own_number(here)), Go(ShortUrgent.id))
        return here.s, Go(ShortNumber.id if key == "3" else END_MENU)


class ShortGreeting(ShortMenu):
    """The first words in the language. Who goes back hears only the question."""

    id = GREETING

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return here.words(ShortWords.hello), here.words(ShortWords.what), *super().sentences(here)

    def left(self, at: At) -> At | None:
        return At(MAIN_MENU)

    def choices_only(self, at: At, s: Session) -> At:
        return At(MAIN_MENU)


class ShortNumber(PhoneEntry):
    """Asks for the number to ring."""

    id = RingNumber.id
    goto = "ring_check"
    one_by_one = False

    def says(self, here: Here) -> Speech:
        if here.s.wishes.typed:
            return ()
        return with_pauses(here, here.words(ShortWords.enter), here.words(ShortWords.hash))

    def speech(self, here: Here) -> Speech:
        return self.says(here)

    def so_far(self, here: Here, number: str) -> Speech:
        """What has arrived; after a single zero, how to get a person."""
        pace = here.script.line.pace
        typed = here.script.grammar.digits(in_groups(number), pace.each_digit, pace.between_groups)
        return here.words(ShortWords.person) if number == "0" else typed


class ShortCheck(ShortStep):
    """Whether the number that was keyed is right."""

    id = "ring_check"

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        number = phone(here.script, here.s.wishes.number, once=True)
        return spoken.fill(here.words(ShortWords.readback), {"digits": number}), here.words(ShortWords.right)

    def choices(self, here: Here) -> tuple[Option, ...]:
        return yes_or_no(here)

    def answered(self, here: Here, key: str) -> Moved:
        if key == "1":
            return save_unfinished(here, Go(ShortUrgent.id))
        return reply.say(here, here.words(ShortWords.again)), Go(ShortNumber.id)


# --- how urgent, and when: from here on it counts ---------------------------------------------------


class ShortUrgent(ShortStep):
    """Asks the one question that decides how soon we ring. It names two reasons; yes counts as the more urgent one."""

    id = "ring_urgent"
    unfinished = True

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return (here.words(ShortWords.urgent),)

    def choices(self, here: Here) -> tuple[Option, ...]:
        return yes_or_no(here)

    def answered(self, here: Here, key: str) -> Moved:
        is_urgent = key == "1"
        return save_counting(
            wishing(here, urgent=is_urgent, today=is_urgent),
            Go(ShortWhen.id),
            says=lambda here: here.words(ShortWords.saved),
        )


class ShortWhen(ShortStep):
    """Asks for a day, and then for the half of it.

    `At.part` is 0 until a day is chosen; after that it is the number of days from today, plus one.
    """

    id = "ring_when"
    unfinished = True

    def arrive(self, here: Here) -> Moved:
        """Skipped if no day is near enough to be named: over Christmas, for example."""
        return here.s, STAY if _days(here) else Go(ShortMessage.id)

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return () if here.s.place.part else (here.words(ShortWords.when),)

    def choices(self, here: Here) -> tuple[Option, ...]:
        if day := self._day(here):
            return tuple(
                option_of(here, str(HALVES.index(window.part) + 1), *_half(window))
                for window in here.script.diary.windows(here.now)
                if window.day == day
            )
        return tuple(
            option_of(here, str(i), getattr(ShortWords, day_name(day, _today(here))), getattr(ShortWords, f"press_{i}"))
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
    return getattr(ShortWords, window.part), getattr(ShortWords, f"press_{HALVES.index(window.part) + 1}")


def _today(here: Here) -> dt.date:
    return here.now.astimezone(LONDON).date()


def _days(here: Here) -> tuple[dt.date, ...]:
    """The first open days that can be named."""
    days = dict.fromkeys(window.day for window in here.script.diary.windows(here.now))
    return tuple(day for day in days if (day - _today(here)).days <= FURTHEST)[:MOST_DAYS]


def _hold(here: Here, window: Window) -> Moved:
    """Hold a slot at the chosen time, and save it with the request."""
    here = wishing(here, when=window.part)

    def held(here: Here, done: Done) -> Moved:
        if done.spooled:
            return save_counting(wishing(here, no_slot=True), Go(ShortMessage.id))
        if done.window is None:  # counted as an error, so that it ends with the promise to ring at any time
            s = reply.say(here, here.words(ShortWords.full))
            return replace(one_more_wrong(s), place=At(ShortWhen.id)), STAY
        return save_counting(wishing(here, window=done.window), Go(ShortMessage.id))

    hold = HoldWindow(here.s.call, (window,), overbook=False, request=here.s.wishes.request, keyed=is_keyed(here))
    return here.s, Do(hold, held, RingNumber.malformed)


# --- a message, and the promise -------------------------------------------------------------------


class ShortMessage(HandsOver):
    """Records what the caller wants to say, with the request. Whoever says nothing is rung all the same."""

    id = "ring_name"
    takes = Recorded

    def says(self, here: Here) -> Speech:
        return with_pauses(here, _promised(here), here.words(ShortWords.private), here.words(ShortWords.message))

    def action(self, here: Here) -> Action:
        return Record(here.script.line.ring_back.message_seconds, 2 * SILENCE_SECONDS, here.s.wishes.request)

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        assert isinstance(event, Recorded)
        return here.s, Go("person" if event.key == "0" else ShortDone.id)


def _promised(here: Here) -> Speech:
    """That we ring, with the day and its half if these were chosen and can be named. Empty before it is saved."""
    if not here.s.wishes.reference:
        return ()
    day, half = day_told(here)
    known = here.script.says.get(will_ring(day_name(day, _today(here)), half))
    is_near = 0 <= (day - _today(here)).days <= FURTHEST
    return known if known and is_near else here.words(ShortWords.ring_back)


class ShortDone(ShortLeave):
    """The promise and the number of the request."""

    id = "ring_done"
    ends_dialogue = True

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        number = spoken.fill(here.words(ShortWords.reference), {"reference": reference_twice(here)})
        return here.words(ShortWords.saved), _promised(here), number

    def name_of_number(self, here: Here) -> str:
        return "reference"
