"""The day on paper, for when the page does not work: what an adviser needs to ring, and outcomes typed in afterwards.

A sheet holds phone numbers, so it is short: only callers who may be rung before the end of the next part of a day.
Outcomes are typed in later, by call number, each with the time at which the adviser rang. No outcome is saved twice,
and none replaces one that somebody saved for the same time or later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from msgspec.structs import replace

from ivr import dialling
from ivr.advising import briefing, ranking
from ivr.callbacks import callback, talks
from ivr.callbacks.callback import CLAIM_SECONDS, LINE, REFERENCE_DIGITS, Outcome, Refused
from ivr.callbacks.diary import LEAST_LEFT_AGAIN, Diary
from ivr.callbacks.request import CallbackRequest, Event
from ivr.hours import LONDON
from ivr.script import Script

#: The most callers on paper. Nobody can ring more in a part of a day.
MOST_ON_PAPER = 200
#: Characters of the last note that are printed.
LONGEST_NOTE = 200
#: Days after a call within which its outcome can be typed in.
MOST_DAYS = 7
#: The events of a history that are outcomes.
SAVED = (*get_args(Outcome), "agreed the next call")


@dataclass(frozen=True)
class OnPaper:
    """One caller on paper, in words."""

    request: CallbackRequest
    call: str
    number: str
    when: str
    urgency: str
    promised: list[str]
    needs: list[str]
    rules: list[str]
    tries: int
    note: str


def until(diary: Diary, at: dt.datetime) -> float:
    """The end of the next part of a day in which callers can be rung (POSIX seconds); `at` if there is none."""
    windows = diary.windows(at, LEAST_LEFT_AGAIN)
    return diary.times(windows[0])[1] if windows else at.timestamp()


def sheet(
    ordered: Sequence[CallbackRequest], me: str, now: float, until: float, script: Script, *, mine: bool
) -> list[OnPaper]:
    """Who may be rung before `until`, in the order of the list. With `mine`, only those of the adviser `me`; else also
    those that nobody has.
    """
    found = []
    for request in ordered:
        holder = request.holder(now)
        is_mine = holder == me or request.with_whom == me
        if request.opens < until and (is_mine if mine else holder in ("", me)):
            found.append(_on_paper(request, now, script))
    return found[:MOST_ON_PAPER]


def _on_paper(request: CallbackRequest, now: float, script: Script) -> OnPaper:
    notes = [event.note for event in request.events if event.note and event.who not in ("caller", LINE)]
    needs = [briefing.SHORT_NEEDS[need] for need in request.needs]
    return OnPaper(
        request,
        call=calls(request),
        number=dialling.national(request.number) if request.number else "hidden: in the message",
        when=_when(request, now),
        urgency={"today": "Today", "urgent": "Urgent", "": ""}[request.urgency],
        promised=briefing.promised_in_words(request, now, script, on_paper=True),
        needs=[*needs, *briefing.short_about(request), *["Pressed no key"] * request.pressed_nothing],
        rules=briefing.script_for_ringing(request, script.line.service_name)[1:],
        tries=request.tries,
        note=_short(notes[-1]) if notes else "",
    )


def _when(request: CallbackRequest, now: float) -> str:
    """When to ring, as the list says it, but with its day: "tomorrow" is another day by the time it is read."""
    opens, due = (briefing.moment(at, briefing.ANOTHER_DAY) for at in (request.opens, request.due))
    lateness = ranking.lateness_of(request, now)
    return (
        f"Late since {due}" if lateness == "late" else f"Ring from {opens}" if lateness == "later" else f"Ring by {due}"
    )


def calls(request: CallbackRequest) -> str:
    """The call numbers of a request. A caller who only left a message was not told theirs."""
    return ", ".join(asker.reference for asker in request.askers or request.gone if asker.reference)


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_NOTE else words[: LONGEST_NOTE - 3] + "..."


# --- outcomes from paper --------------------------------------------------------------------------


def found(of_call: Callable[[str], Iterable[CallbackRequest]], typed: str) -> CallbackRequest:
    """The request with the call number that was `typed`: '4271', or '4271 900' with the last digits of the phone.

    One that waits comes before those that ended. `of_call` gives the requests of a call number. Raises Refused, with
    what to do, if there is none, or more than one.
    """
    number, *phone = typed.replace("-", " ").split() or [""]
    digits = "".join(phone)
    if not all(_is_number(each) for each in (number, digits or "0")) or len(number) != REFERENCE_DIGITS:
        raise Refused("Type the four digits of the call.")
    those = [each for each in of_call(number) if any(phone.endswith(digits) for phone in each.numbers or ("",))]
    those = [each for each in those if each.open] or those
    if not those:
        raise Refused("No call has this number. Look at the paper again, or search by phone number.")
    if len(those) > 1:
        raise Refused(f"{len(those)} calls have this number. Add the last three digits of the phone: {number} 123.")
    return those[0]


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdecimal()


def time_of(typed: str, day: dt.date, otherwise: float) -> float:
    """The time at which an adviser rang (POSIX seconds), typed as '10:15', '10.15' or '1015'; `otherwise` if nothing
    was typed. Raises Refused.
    """
    digits = typed.strip().replace(":", "").replace(".", "")
    if not digits:
        return otherwise
    try:
        if not (_is_number(digits) and 3 <= len(digits) <= 4):
            raise ValueError
        at = dt.time(int(digits[:-2]), int(digits[-2:]))
    except ValueError:
        raise Refused("Write the time like 10:15.") from None
    return dt.datetime.combine(day, at, LONDON).timestamp()


def brought_back(
    request: CallbackRequest, who: str, outcome: str, note: str, rang: float, now: float, diary: Diary
) -> CallbackRequest:
    """The request with an outcome from paper; `rang`: when the adviser rang. Raises Refused, with the reason, if it
    cannot be saved.

    The adviser need not have taken the request: while the page did not work, they could not.
    """
    if outcome not in get_args(Outcome):
        raise Refused("Choose what came of it.")
    if rang > now:
        raise Refused("That time is still to come. Look at the time and the day.")
    if rang < now - MOST_DAYS * 24 * 60 * 60:
        raise Refused(f"That is more than {MOST_DAYS} days ago. Write it on the card as a note.")
    if known := _saved_since(request, rang):
        what, at = briefing.what_in_words(known.what), briefing.moment(known.at, now)
        raise Refused(f"{known.who} has saved “{what}” for {at} already. Nothing was changed.")
    if not request.open:
        raise Refused(briefing.ended_in_words(request, now))
    if rang < request.asked_at:
        raise Refused(f"They only asked at {briefing.moment(request.asked_at, now)}. Look at the number and the time.")
    holder = request.holder(now)
    if holder not in ("", who) or not callback.claimable(replace(request, state="waiting"), now, who):
        raise Refused(f"{holder or 'Somebody'} has this request now. Tell them what came of it.")
    words = f"Kept on paper. {note}".strip()
    return callback.record(
        taken(request, who, rang, now), who, cast(Outcome, outcome), words, rang, diary, known_at=now
    )


def taken(request: CallbackRequest, who: str, rang: float, now: float) -> CallbackRequest:
    """The request as if an adviser had taken it when they rang. Whoever asked after that keeps waiting."""
    ends = now + CLAIM_SECONDS
    talk = talks.put_through(request)
    return replace(request, state="claimed", claimed_by=who, claimed_at=rang, claim_ends=ends, talk=talk)


def _saved_since(request: CallbackRequest, rang: float) -> Event | None:
    """The outcome that somebody saved for this minute or later; None if there is none."""
    minute = rang - rang % 60
    return next((event for event in reversed(request.events) if event.what in SAVED and event.at >= minute), None)
