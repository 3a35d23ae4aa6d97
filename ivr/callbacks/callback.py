"""The life of a callback request: claimed, tried, moved, put back, and ended.

Every change is a pure function from one request to the next, so the same rules hold whoever calls them; `store` makes
each change all-or-nothing. What a request is stands in `request.py`, and how it is asked for in `asking.py`.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec.structs import replace

from ivr.callbacks.diary import LEAST_LEFT_AGAIN, Diary, Promise, When, Window
from ivr.callbacks.request import ENDED, Asker, CallbackRequest, Event, Talk
from ivr.hours import LONDON, Hours

#: Digits of the call number that a caller is given: enough when few guesses are allowed, and few enough to remember.
REFERENCE_DIGITS = 4
#: A request is closed after this many tries without an answer.
MOST_TRIES = 3
#: Seconds a claim lasts. An adviser who walks away must not keep a caller waiting.
CLAIM_SECONDS = 30 * 60
#: Seconds that a colleague has to begin with what was handed to them, before it goes back to the list.
HANDED_SECONDS = 15 * 60
#: Opening hours to wait before a caller who did not pick up is tried again.
AGAIN_HOURS = 2
#: Seconds for a caller who hung up half-way to ring again, before advisers see the unfinished request.
UNFINISHED_WAIT = 5 * 60

#: A request whose caller hung up half-way ends so many opening hours after it was due: by then, advisers have seen it
#: for a day. Every other open request ends only by its caller or by an adviser, however late it is.
HALF_MADE_HOURS = 8

Outcome = Literal["spoke", "no answer", "message left", "wrong number", "done", "cancelled"]

#: The actor of changes made neither by a caller nor by an adviser.
LINE = "the line"
#: What the history says when the next call was agreed.
AGREED = "agreed the next call"
#: Outcomes of a try after which the request keeps waiting.
UNANSWERED: frozenset[Outcome] = frozenset({"no answer", "message left"})
#: Outcomes of a try in which somebody was talked to.
TALKED: frozenset[Outcome] = frozenset({"spoke", "done"})
#: Outcomes after which other callers from the same phone who were promised a later time are still rung.
PARTLY: frozenset[Outcome] = UNANSWERED | {"spoke"}

#: Seconds a slot is held for a caller who has not finished asking.
HOLD_SECONDS = 15 * 60
#: After this many wrong call numbers from one phone, each within GUESS_SECONDS of the one before, none is accepted, so
#: that four digits cannot be guessed.
MOST_GUESSES, GUESS_SECONDS = 5, 60 * 60


class Refused(Exception):
    """Raised when a change does not fit the request's state. The message is for the adviser."""


class Gone(KeyError):
    """Raised when a request is changed that was deleted meanwhile."""


def changed(request: CallbackRequest, now: float, who: str, what: str, note: str = "", **to: object) -> CallbackRequest:
    """The request with a new event in its history. The event that ends it is also stored in `end`."""
    event = Event(now, who, what, note)
    if to.get("state") in ENDED:
        to["end"] = event
    return replace(request, events=(*request.events, event), **to)


def waits_for(request: CallbackRequest, askers: tuple[Asker, ...]) -> CallbackRequest:
    """The request of these callers. Those of its callers who are not among them do not wait any more."""
    staying = {asker.id for asker in askers}
    gone = (asker for asker in (*request.gone, *request.askers) if asker.id not in staying)
    return replace(request, askers=askers, gone=tuple(gone))


def windows_of(request: CallbackRequest | None) -> set[Window]:
    """The windows in which a request occupies a slot: one for each time promised to its callers."""
    return {asker.promise.window for asker in request.askers if asker.promise.window} if request else set()


def in_words(promise: Promise) -> str:
    """A promise in words, for the adviser."""
    return f"for {promise.window.day:%A %-d %B}, {promise.window.part}" if promise.window else ""


# --- ringing back -------------------------------------------------------------------------------


def claimable(request: CallbackRequest, now: float, who: str = "") -> bool:
    """Whether an adviser may take it: it is waiting, or its claim has expired, and nobody else talks to the caller."""
    talk = request.talking(now)
    if talk and talk.who not in ("", who):
        return False
    if request.state == "claimed":
        return not request.holder(now)
    return request.state == "waiting" or (request.state == "unfinished" and request.last_heard + UNFINISHED_WAIT <= now)


def held_by(request: CallbackRequest, who: str, now: float) -> bool:
    """Whether this adviser holds an unexpired claim."""
    return bool(who) and request.holder(now) == who


def claim(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Claim the request for an adviser, for CLAIM_SECONDS. Raises Refused if it cannot be claimed."""
    _must_be_open(request)
    if request.state == "claimed" and request.claimed_by == who:
        return replace(request, claim_ends=now + CLAIM_SECONDS)
    if not claimable(request, now, who):
        raise Refused(_why_not(request, now))
    ends = now + CLAIM_SECONDS
    return changed(request, now, who, "claimed", state="claimed", claimed_by=who, claimed_at=now, claim_ends=ends)


def _why_not(request: CallbackRequest, now: float) -> str:
    """Why a request cannot be claimed, for the adviser."""
    if talk := request.talking(now):
        return f"{talk.who or 'An adviser'} is talking to this caller. Take another."
    if holder := request.holder(now):
        return f"{holder} has taken this one. Take another."
    return "The caller may still be on the line. Take another."


def keep(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Extend the claim of an adviser who is still working on it."""
    must_hold(request, who, now)
    return replace(request, claim_ends=now + CLAIM_SECONDS)


def release(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Give the request back to the queue."""
    must_hold(request, who, now)
    return to_everybody(request, who, "released", "", now)


def to_everybody(request: CallbackRequest, who: str, what: str, note: str, now: float) -> CallbackRequest:
    """Put a request that an adviser has back into the queue, with `what` and `note` in its history."""
    stays = talk_without(request, who, now)
    return changed(request, now, who, what, note, state="waiting", claimed_by="", claim_ends=0.0, talk=stays)


def talk_without(request: CallbackRequest, who: str, now: float) -> Talk | None:
    """The talk that stays with a request which this adviser gives away.

    One that is going on stays, so that nobody rings the caller meanwhile. But whoever rings by hand says by giving it
    away that they hung up: nobody else can tell.
    """
    talk = request.talking(now)
    hung_up = talk is None or (talk.how, talk.who) == ("by hand", who)
    return _told_of_later(request) if hung_up else talk


def _told_of_later(request: CallbackRequest) -> Talk | None:
    """The talk to keep: one in which the caller was put through. It is no part of this try, and has no outcome yet."""
    return request.talk if request.talk and request.talk.how == "put through" else None


def must_not_be_rung_by_another(request: CallbackRequest, who: str, now: float) -> None:
    """Raises Refused while the adviser who handed it over is still talking to the caller."""
    talk = request.being_rung(now)
    if talk and talk.who != who:
        raise Refused(f"{talk.who} is still talking to this caller. Wait until they have finished.")


def record(
    request: CallbackRequest, who: str, outcome: Outcome, note: str, now: float, diary: Diary, known_at: float = 0.0
) -> CallbackRequest:
    """Record the outcome of a try that was made `now`.

    If it was written on paper, `known_at` is when it was typed in. The next try is after both. An unanswered request
    waits for the next try, and is closed after the third.

    A try within two opening hours of the one before does not count: a caller who is away for ten minutes must not lose
    their call back.

    A caller who asked from the same phone since the claim has not been talked to, and keeps waiting. So does a caller
    who was promised a later time, unless the adviser says that everything is done.
    """
    must_hold(request, who, now)
    must_not_be_rung_by_another(request, who, now)
    request = rung(request, now)
    if not request.number and outcome in UNANSWERED:
        raise Refused("The number is not known, so nobody can have been rung.")
    tries = try_of(request, outcome, now, diary)
    talk = _told_of_later(request) if outcome in UNANSWERED else None
    free: dict[str, object] = {"claimed_by": "", "claim_ends": 0.0, "talk": talk}
    if outcome not in UNANSWERED:
        free["with_whom"] = ""
    if outcome in UNANSWERED and tries < MOST_TRIES:
        after = max(diary.hours.add(_clock(now), AGAIN_HOURS), _clock(known_at))
        request = _tried_again(request, diary, after)
        return changed(request, now, who, outcome, note, state="waiting", tries=tries, **free)
    later = tuple(
        a for a in request.askers if asked_since(request, a) or (outcome in PARTLY and _is_later(request, a, now))
    )
    if later:
        state = "waiting" if any(asker.finished for asker in later) else "unfinished"
        return changed(waits_for(request, later), now, who, outcome, note, state=state, tries=0, **free)
    state = "gave up" if outcome in UNANSWERED else "cancelled" if outcome == "cancelled" else "done"
    return changed(request, now, who, outcome, note, state=state, tries=tries, **free)


def first_rung(request: CallbackRequest, now: float) -> list[Asker]:
    """The callers for whom a try made `now` is the first since their promise. Others wait for theirs."""
    return [
        asker
        for asker in request.askers
        if asker.finished
        and not asker.promise.rung
        and not asked_since(request, asker)
        and not _is_later(request, asker, now)
    ]


def rung(request: CallbackRequest, now: float) -> CallbackRequest:
    """The request, with the start of this try saved for each caller whose first try it is."""
    first, began = {asker.id for asker in first_rung(request, now)}, try_began(request, now)
    if not first:
        return request
    askers = (
        replace(asker, promise=replace(asker.promise, rung=began)) if asker.id in first else asker
        for asker in request.askers
    )
    return replace(request, askers=tuple(askers))


def try_began(request: CallbackRequest, now: float) -> float:
    """When the try began whose outcome is recorded `now`: when the adviser began to ring, if that is known."""
    talk = request.talk
    return talk.began if talk and talk.how != "put through" and talk.who == request.claimed_by else now


def agree(request: CallbackRequest, who: str, to: Promise, with_whom: str, note: str, now: float) -> CallbackRequest:
    """They spoke, and agreed the next call: the request waits for it, for whoever was talked to.

    `with_whom`: the adviser who rings; empty for anybody. Raises Refused if it is not this adviser's.
    """
    must_hold(request, who, now)
    must_not_be_rung_by_another(request, who, now)
    askers = (caller if asked_since(request, caller) else replace(caller, promise=to) for caller in request.askers)
    request = waits_for(request, tuple(askers))
    agreed = f"{in_words(to)}, {'with ' + with_whom if with_whom else 'with anybody'}"
    return changed(
        request, now, who, AGREED, f"{agreed}. {note}".strip(), state="waiting", tries=0,
        claimed_by="", claim_ends=0.0, talk=None, with_whom=with_whom,
    )  # fmt: skip


def chosen_parts(request: CallbackRequest) -> set[When]:
    """The parts of a day that those who wait chose. Another may not be safe for them."""
    return {asker.promise.when for asker in request.askers if asker.promise.when in ("morning", "afternoon")}


def try_of(request: CallbackRequest, outcome: Outcome, now: float, diary: Diary) -> int:
    """The number of the try whose outcome is recorded now. A try that comes too soon counts as the one before."""
    before = again_from(request, diary)
    return request.tries + (outcome not in UNANSWERED or now >= before)


def again_from(request: CallbackRequest, diary: Diary) -> float:
    """When to try again (POSIX seconds): AGAIN_HOURS opening hours after the last try. 0 if there was none.

    A try before that time counts as part of the last one.
    """
    tried = [event.at for event in request.events if event.what in UNANSWERED] if request.tries else []
    return diary.hours.add(_clock(max(tried)), AGAIN_HOURS).timestamp() if tried else 0.0


def asked_since(request: CallbackRequest, asker: Asker) -> bool:
    """Whether the caller asked after an adviser claimed the request, and so has not been tried yet."""
    return request.state == "claimed" and asker.last_heard > request.claimed_at


def _is_later(request: CallbackRequest, asker: Asker, now: float) -> bool:
    """Whether the caller's promised time is in the future, so that this try was not meant for them."""
    return asker.finished and asker.promise.opens > max(now, request.opens)


def _tried_again(request: CallbackRequest, diary: Diary, after: dt.datetime) -> CallbackRequest:
    """The request with a new time, not before `after`, for each caller who was tried."""
    askers = (
        caller if asked_since(request, caller) else replace(caller, promise=_next(caller.promise, diary, after))
        for caller in request.askers
    )
    return waits_for(request, tuple(askers))


def _next(promise: Promise, diary: Diary, after: dt.datetime) -> Promise:
    """The promise for the next try.

    It is in the part of the day that the caller chose, if that still exists, and never before a promised time that is
    still to come.
    """
    found = [(window, *diary.times(window)) for window in diary.windows(after, LEAST_LEFT_AGAIN)]
    later = [each for each in found if each[2] > promise.opens]
    wanted = [each for each in later if promise.when in ("", "any", each[0].part)] or later
    if not wanted:
        return replace(promise, opens=after.timestamp(), due=after.timestamp())
    window, opens, due = wanted[0]
    told = window if promise.window else None
    return replace(promise, window=told, opens=max(opens, after.timestamp()), due=due)


def _clock(now: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(now, LONDON)


def reopen(request: CallbackRequest, who: str, now: float, diary: Diary) -> CallbackRequest:
    """Put an ended request back into the list.

    Raises Refused if it has not ended, or if the caller ended it: they were told that we will not ring.
    """
    if request.open:
        raise Refused("This request has not ended.")
    if ended_by_caller(request):
        raise Refused("The caller cancelled this one, and was told that we will not ring.")
    request = _tried_again(request, diary, _clock(now))
    return changed(request, now, who, "put back into the list", state="waiting", tries=0, end=None)


def ended_by_caller(request: CallbackRequest) -> bool:
    """Whether the request ended because every caller cancelled."""
    return not request.open and not request.askers


def note(request: CallbackRequest, who: str, words: str, now: float, news: str = "") -> CallbackRequest:
    """Add a note, even to a request that somebody else holds or that has ended. The same `news` is noted only once."""
    if news and any(event.news == news for event in request.events):
        return request
    return replace(request, events=(*request.events, Event(now, who, "note", words, news)))


def must_hold(request: CallbackRequest, who: str, now: float) -> None:
    """Raises Refused unless the request is open and this adviser holds it."""
    _must_be_open(request)
    if request.state == "claimed" and request.claimed_by == who:
        return
    if holder := request.holder(now):
        raise Refused(f"{holder} has this request now. Talk to them first.")
    raise Refused("You no longer hold this request. Take it again first.")


def move(request: CallbackRequest, reference: str, to: Promise, now: float) -> CallbackRequest:
    """Move one caller's promise. Raises Refused if the request has ended or the caller has cancelled."""
    _must_be_open(request)
    _must_have_asked(request, reference)
    askers = (replace(asker, promise=to) if asker.reference == reference else asker for asker in request.askers)
    return changed(waits_for(request, tuple(askers)), now, "caller", "moved", in_words(to), tries=0)


def cancel(request: CallbackRequest, reference: str, now: float) -> CallbackRequest:
    """Cancel one caller's wish. The request ends when no caller with a promise is left.

    Raises Refused if the request has ended or the caller has already cancelled.
    """
    _must_be_open(request)
    _must_have_asked(request, reference)
    left = tuple(asker for asker in request.askers if asker.reference != reference and asker.finished)
    if left:
        return changed(waits_for(request, left), now, "caller", "one of the callers cancelled")
    return changed(waits_for(request, ()), now, "caller", "cancelled", state="cancelled")


def is_half_made(request: CallbackRequest, now: float, hours: Hours) -> bool:
    """Whether its caller hung up half-way, nothing was promised to them, and its day is over.

    Not if they left a message, or somebody has already worked on it.
    """
    if request.state != "unfinished" or request.messages or request.tries or request.claimed_at:
        return False
    return hours.add(_clock(max(request.due, request.last_heard)), HALF_MADE_HOURS).timestamp() <= now


def lapse(request: CallbackRequest, now: float, hours: Hours) -> CallbackRequest:
    """End a half-made request. Raises Refused if it is not half-made any more."""
    if not is_half_made(request, now, hours):
        raise Refused("This request is not half-made.")
    return changed(request, now, LINE, "ended, as its caller hung up half-way", state="lapsed")


def _must_have_asked(request: CallbackRequest, reference: str) -> None:
    if request.caller(reference) is None:
        raise Refused("This caller has cancelled.")


def _must_be_open(request: CallbackRequest) -> None:
    if not request.open:
        what = "The caller cancelled it." if ended_by_caller(request) else "Someone else dealt with it."
        raise Refused(f"This request has ended. {what}")
