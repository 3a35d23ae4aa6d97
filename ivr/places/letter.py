"""The date on a letter: entered, read back, and kept with the request, for the adviser who rings.

It may be left out. Nothing here judges the date, counts from it or names a last day: which time limit applies depends
on what the letter is, and only a person can tell. Only callers who are urgent already are asked.
"""

from __future__ import annotations

import datetime as dt

from ivr import spoken
from ivr.hours import LONDON
from ivr.places.entry import TakesDigits, wrong
from ivr.places.kinds import Asks, Pick, no, not_sure, wishing, yes
from ivr.places.phrases import Phrases
from ivr.places.wish import save_counting
from ivr.script.lines import Line, label
from ivr.script.place import STAY, Go, Here, Moved
from ivr.script.session import Session
from ivr.spoken import Speech


class LetterDate(TakesDigits):
    """Asks for the date on the letter: two digits for the day, and two for the month."""

    id = "letter_date"
    say, no_such_day = Line(), Line()
    skip = label()
    most = 4
    ends_itself = unfinished = True
    kept_as = "Date on the letter"

    def entries(self) -> tuple[str, ...]:
        """A valid day, one that does not exist, and half an entry."""
        return "0511", "3102", "05"

    def hangs_on(self, s: Session) -> bool:
        """Whether the caller may have a letter: if they are urgent, and not because a child is out of school."""
        return bool(s.wishes.urgent) and not s.wishes.today

    def arrive(self, here: Here) -> Moved:
        return super().arrive(here) if self.hangs_on(here.s) else (here.s, Go("ring_done"))

    def or_else(self, here: Here) -> Speech:
        pace = here.script.line.pace
        return (pace.between_choices, *here.words(self.skip), pace.before_key, here.script.press_where["#"])

    def entered(self, here: Here, number: str) -> Moved:
        return (here.s, Go("letter_check")) if day_of(number, here.now) else wrong(here, self.no_such_day)

    def left_out(self, here: Here) -> Moved:
        return here.s, Go("ring_done")


class LetterCheck(Asks):
    """Reads the date back, and keeps it if it is right."""

    id = "letter_check"
    ask = Line("letter_day")
    picks = (yes("ring_done"), no("letter_date"), not_sure("letter_date"))
    unfinished = True

    def arrive(self, here: Here) -> Moved:
        """If another entry has overwritten the digits on the way, the date is asked for again."""
        return here.s, (STAY if day_of(here.s.wishes.typed, here.now) else Go("letter_date"))

    def says(self, here: Here) -> Speech:
        day = day_of(here.s.wishes.typed, here.now)
        return spoken.fill(here.words(self.ask), {"letter_day": here.script.grammar.day_of_year(day) if day else ()})

    def picked(self, here: Here, pick: Pick) -> Moved:
        day = day_of(here.s.wishes.typed, here.now)
        if pick.label is not Phrases.if_yes or day is None:
            return super().picked(here, pick)
        others = tuple(entry for entry in here.s.wishes.entries if entry[0] != LetterDate.id)
        return save_counting(
            wishing(here, entries=(*others, (LetterDate.id, day.isoformat())), typed=""), Go("ring_done")
        )


def day_of(digits: str, now: dt.datetime) -> dt.date | None:
    """The day that `digits` (DDMM) mean: the latest that is not after today; None if there is no such day."""
    if len(digits) != LetterDate.most:
        return None
    today = now.astimezone(LONDON).date()
    for year in range(today.year, today.year - 9, -1):  # the 29th of February may be up to eight years ago
        try:
            day = dt.date(year, int(digits[2:]), int(digits[:2]))
        except ValueError:
            continue
        if day <= today:
            return day
    return None
