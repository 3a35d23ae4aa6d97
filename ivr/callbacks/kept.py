"""Whether callers were rung within what they heard: the figure of the report.

A promise is what the caller heard, and not the earlier time that the line keeps for those in haste. It is kept if the
first try began between the time from which they may be rung and the latest time that fits the words. It counts in the
month of that latest time. Promises that their caller cancelled or moved before are left out, and so are those of
callers who were put through meanwhile and helped: of these nobody can say that they were kept or broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ivr.callbacks import callback, talks
from ivr.callbacks.diary import Diary
from ivr.callbacks.request import CallbackRequest
from ivr.hours import Hours

#: The names under which promises are counted.
KEPT, BROKEN = "promise:kept", "promise:broken"
#: The prefix of the names under which languages are counted, and the language of callers who asked for none.
LANGUAGE, ENGLISH = "language:", "English"


class Promised(NamedTuple):
    """One promise: whether it was kept, and the latest time that fits it (POSIX seconds)."""

    is_kept: bool
    heard_by: float

    @property
    def name(self) -> str:
        return KEPT if self.is_kept else BROKEN


def judged(request: CallbackRequest, now: float, diary: Diary) -> list[Promised]:
    """The promises whose first try this is. `request`: as it was before the outcome is saved."""
    talk = talks.put_through(request)
    began = talk.began if talk else callback.try_began(request, now)
    found = []
    for asker in callback.first_rung(request, now):
        opens, by = asker.promise.opens, diary.heard_by(asker.promise)
        if not (talk and began <= by):
            found.append(Promised(opens <= began <= by, by))
    return found


def broken_so_far(waiting: Iterable[CallbackRequest], now: float, diary: Diary) -> list[Promised]:
    """The promises whose time is over, of callers who still wait and whom nobody has rung."""
    found = []
    for request in waiting:
        talk = talks.put_through(request)
        for asker in request.askers:
            by = diary.heard_by(asker.promise)
            is_left_out = talk is not None and talk.began <= by
            if asker.finished and not asker.promise.rung and by < now and not is_left_out:
                found.append(Promised(False, by))
    return found


def of_those_rung(request: CallbackRequest, now: float, hours: Hours) -> list[str]:
    """The names under which callers are counted whose first try this is: their needs, whom the request is about, their
    language, and how long they waited.
    """
    names, began = [], callback.try_began(request, now)
    for asker in callback.first_rung(request, now):
        needs = {*asker.needs, *(["interpreter"] if asker.language else [])}
        names += [f"need:{need}" for need in sorted(needs) or ("none",)]
        names.append(f"about:{asker.about or 'unknown'}")
        names.append(f"{LANGUAGE}{asker.language or ENGLISH}")
        names.append(f"wait:{_step(hours.between(asker.asked_at, began))}")
    return names


#: How a request can end, by the outcome that ended it. One that its caller took back ends as "cancelled" too.
_ENDS = {
    "spoke": "reached", "done": "reached", "no answer": "gave-up", "message left": "gave-up",
    "wrong number": "wrong-number", "cancelled": "cancelled",
}  # fmt: skip


def of_its_end(request: CallbackRequest) -> list[str]:
    """The names under which a request is counted that ended by an outcome: how it ended; and the highest level of help,
    if somebody was reached. None for a request that is still open, or that ended in another way.
    """
    how = "" if request.open or request.end is None else _ENDS.get(request.end.what, "")
    if not how:
        return []
    return [f"ended:{how}", *([helped(request.help)] if how == "reached" else [])]


def helped(level: str) -> str:
    """The name under which help of this level is counted. The level is empty if nobody said it."""
    return f"help:{level}"


#: Opening hours up to which a wait counts as one of this name; the last has no end.
WAITS = {"1": 1.0, "2": 2.0, "4": 4.0, "8": 8.0, "16": 16.0, "more": float("inf")}


def _step(waited: float) -> str:
    return next(name for name, most in WAITS.items() if waited <= most)
