"""A callback request and its life: asked for, claimed, tried, and ended.

Every change is a pure function from one request to the next, so the same rules hold
whoever calls them; `store.py` makes each change all-or-nothing. Times are seconds since
the epoch (UTC), so that no change of clocks moves a request in the queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from ivr.hours import LONDON, Hours, Span

#: Digits of the number a caller is given for their call: enough with few guesses allowed,
#: and few enough to remember.
REFERENCE_DIGITS = 4
#: Tries without an answer before a request is closed.
MOST_TRIES = 3
#: Seconds a claim lasts. An adviser who walks away must not keep a caller waiting.
CLAIM_SECONDS = 30 * 60
#: Seconds that must be left of a part of a day for somebody to be promised it.
LEAST_LEFT = 60 * 60
#: Seconds a caller who hung up half-way is left to ring again before advisers see the request.
UNFINISHED_WAIT = 5 * 60

Part = Literal["morning", "afternoon"]
When = Literal["", "morning", "afternoon", "any"]
State = Literal["unfinished", "waiting", "claimed", "done", "gave up", "cancelled"]
Outcome = Literal["spoke", "no answer", "message left", "wrong number", "done", "cancelled"]
Need = Literal["relay", "interpreter", "slow"]

ENDED: frozenset[State] = frozenset({"done", "gave up", "cancelled"})
#: What an adviser can say of a try, and whether the request goes on waiting.
UNANSWERED: frozenset[Outcome] = frozenset({"no answer", "message left"})


class Refused(Exception):
    """Raised when a change no longer fits the request, with a sentence for the adviser."""


class Window(msgspec.Struct, frozen=True):
    """A part of a day in which someone can be rung."""

    day: dt.date
    part: Part


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened to a request: when, by whom ('caller' for the caller), and what."""

    at: float
    who: str
    what: str
    note: str = ""


class Asker(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wish among those that a request joins: the id it came with, and the number its caller was given."""

    id: str
    reference: str
    asked_at: float = 0.0
    #: Whether this caller has said all that was asked.
    finished: bool = False


class SpokenMessage(msgspec.Struct, frozen=True):
    """What a caller said after the tone: the name it is kept by, and how many seconds it lasts."""

    name: str
    seconds: int


class CallbackRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A caller's wish to be rung back."""

    id: str
    #: The number to ring, E.164. It is kept nowhere else and goes with the request.
    number: str
    asked_at: float
    state: State = "unfinished"
    #: When the caller can be rung, in their own choice, and the window that was found for it.
    when: When = ""
    window: Window | None = msgspec.field(default=None, name="slot")  # what is kept has the name it had at first
    #: May be rung from, and should be rung by.
    opens: float = 0.0
    due: float = 0.0
    urgent: bool = False
    #: None: the caller was not asked, so the careful answer holds.
    message_ok: bool | None = None
    say_who: bool | None = None
    needs: tuple[Need, ...] = ()
    slow: bool = False
    #: What the caller listened to, and where silence or wrong keys stopped them.
    heard: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    askers: tuple[Asker, ...] = ()
    times_asked: int = 1
    messages: tuple[SpokenMessage, ...] = ()
    claimed_by: str = ""
    claimed_at: float = 0.0
    claim_ends: float = 0.0
    tries: int = 0
    events: tuple[Event, ...] = ()
    #: The one that ended it. Notes may come after it.
    end: Event | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still waits to be rung."""
        return self.state not in ENDED

    @property
    def finished(self) -> bool:
        """Whether a caller has said all that was asked; else everybody hung up half-way."""
        return any(asker.finished for asker in self.askers)

    def reference_of(self, wish: str) -> str:
        """The number given to the caller whose wish came with this id."""
        return next((asker.reference for asker in self.askers if asker.id == wish), "")

    def goes_by(self, reference: str) -> bool:
        """Whether one of the callers who asked was given this number."""
        return any(asker.reference == reference for asker in self.askers)

    def asked_in(self, call_sid: str) -> bool:
        """Whether this wish, or one that joined it, came from that call."""
        return any(wish.rsplit("-", 1)[0] == call_sid for wish in (self.id, *(asker.id for asker in self.askers)))

    def may_leave_message(self) -> bool:
        """Only a clear yes counts."""
        return self.message_ok is True

    def may_say_who(self) -> bool:
        """Only a clear yes counts."""
        return self.say_who is True


# --- windows --------------------------------------------------------------------------------


def windows(parts: Mapping[Part, Span], hours: Hours, now: dt.datetime, days_ahead: int) -> tuple[Window, ...]:
    """Every part of a day, soonest first, in which there is still time to ring a caller."""
    least = now.timestamp() + LEAST_LEFT
    days = (now.astimezone(LONDON).date() + dt.timedelta(days=ahead) for ahead in range(days_ahead + 1))
    every = (Window(day, part) for day in days for part in parts if _within(hours.on(day), parts[part]))
    return tuple(window for window in every if times(window, parts, hours)[1] >= least)


def _within(open_span: Span | None, part: Span) -> Span | None:
    if open_span is None:
        return None
    opens, closes = max(open_span.opens, part.opens), min(open_span.closes, part.closes)
    return Span(opens, closes) if opens < closes else None


def times(window: Window, parts: Mapping[Part, Span], hours: Hours) -> tuple[float, float]:
    """Between which moments a caller who was given this window should be rung: while somebody is there."""
    part = parts[window.part]
    span = _within(hours.on(window.day), part) or part
    opens = dt.datetime.combine(window.day, span.opens, LONDON)
    return opens.timestamp(), dt.datetime.combine(window.day, span.closes, LONDON).timestamp()


def sooner(opens: float, due: float, now: float, urgent_due: float, *, at_once: bool) -> tuple[float, float]:
    """The times of an urgent request. It may be rung before its window only if any time is right for the caller."""
    opens = min(opens, now) if at_once else opens
    return opens, urgent_due if opens < urgent_due < due else due


# --- the life of a request ------------------------------------------------------------------


def _changed(
    request: CallbackRequest, now: float, who: str, what: str, note: str = "", **to: object
) -> CallbackRequest:
    """The request with something that happened to it. Whatever ends it is kept by itself too."""
    event = Event(now, who, what, note)
    if to.get("state") in ENDED:
        to["end"] = event
    return msgspec.structs.replace(request, events=(*request.events, event), **to)


def saved(first: CallbackRequest | None, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """What to write down: the wish, or the open request its number has (`first`) with the wish joined to it.

    `reference` is for a wish that is new. The same wish saved twice changes nothing more, and
    what was finished is never made unfinished again.
    """
    is_last_word = wish.state != "unfinished"
    if first is None:
        return msgspec.structs.replace(wish, askers=(Asker(wish.id, reference, wish.asked_at, is_last_word),))
    if first.id != wish.id or len(first.askers) > 1:
        return joined(first, wish, reference)
    if first.finished:
        return first
    keep = ["messages", "events", "asked_at"]
    if first.state == "claimed":  # an adviser was quicker than the caller
        keep += ["state", "claimed_by", "claimed_at", "claim_ends", "tries"]
    askers = tuple(msgspec.structs.replace(asker, finished=is_last_word) for asker in first.askers)
    return msgspec.structs.replace(wish, askers=askers, **{name: getattr(first, name) for name in keep})


def joined(first: CallbackRequest, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """Two wishes from one number as one request, with the more careful answer of each.

    Phones are shared and caller IDs can be forged, so a second voice may make the call
    sooner or gentler, and never freer with what is said to whoever picks up. It gets a
    reference of its own, and so learns nothing of the first.
    """
    known = next((asker for asker in first.askers if asker.id == wish.id), None)
    before = known or Asker(wish.id, reference, wish.asked_at)
    asker = msgspec.structs.replace(before, finished=before.finished or wish.state != "unfinished")
    both = msgspec.structs.replace(
        first,
        urgent=first.urgent or wish.urgent,
        needs=tuple(dict.fromkeys((*first.needs, *wish.needs))),
        slow=first.slow or wish.slow,
        heard=tuple(dict.fromkeys((*first.heard, *wish.heard))),
        askers=(*(a for a in first.askers if a.id != wish.id), asker),
        times_asked=first.times_asked + (known is None),
    )
    if asker.finished:
        both = _agreed(both, first, wish)
    if asker == known:
        return both
    what, when = ("asked again", _in_words(wish)) if asker.finished else ("rang again", "")
    return _changed(both, wish.asked_at, "caller", what, when)


def _in_words(wish: CallbackRequest) -> str:
    """What somebody who asked from the same phone was promised, for the adviser."""
    return f"for {wish.window.day:%A %-d %B}, {wish.window.part}" if wish.window else ""


def _agreed(both: CallbackRequest, first: CallbackRequest, wish: CallbackRequest) -> CallbackRequest:
    """What two finished wishes allow, and the sooner of their times."""
    asked_before = first.finished
    both = msgspec.structs.replace(
        both,
        state="waiting" if first.state == "unfinished" else first.state,
        message_ok=bool(wish.message_ok) and (bool(first.message_ok) or not asked_before),
        say_who=bool(wish.say_who) and (bool(first.say_who) or not asked_before),
    )
    if first.window is None or wish.due < first.due:
        return msgspec.structs.replace(both, window=wish.window, when=wish.when, opens=wish.opens, due=wish.due)
    return both


def with_message(request: CallbackRequest, message: SpokenMessage) -> CallbackRequest:
    """The request with one more spoken message. The same one twice changes nothing."""
    others = [known for known in request.messages if known.name != message.name]
    return msgspec.structs.replace(request, messages=(*others, message))


def claimable(request: CallbackRequest, now: float) -> bool:
    """Whether an adviser may take it: waiting, or claimed by someone whose claim has run out."""
    if request.state == "claimed":
        return request.claim_ends <= now
    return request.state == "waiting" or (request.state == "unfinished" and request.asked_at + UNFINISHED_WAIT <= now)


def held_by(request: CallbackRequest, who: str, now: float) -> bool:
    """Whether it is this adviser's at the moment."""
    return request.state == "claimed" and request.claimed_by == who and request.claim_ends > now


def claim(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Taken by an adviser until the claim runs out. Raises Refused if it is not there to take."""
    _must_be_open(request)
    if request.state == "claimed" and request.claimed_by == who:
        return msgspec.structs.replace(request, claim_ends=now + CLAIM_SECONDS)
    if not claimable(request, now):
        raise Refused(f"{request.claimed_by or 'The caller'} has this one now. Take another.")
    ends = now + CLAIM_SECONDS
    return _changed(request, now, who, "claimed", state="claimed", claimed_by=who, claimed_at=now, claim_ends=ends)


def keep(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """A claim that lasts longer, for an adviser who is still at work on it."""
    _must_hold(request, who)
    return msgspec.structs.replace(request, claim_ends=now + CLAIM_SECONDS)


def release(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Given back to the queue."""
    _must_hold(request, who)
    return _changed(request, now, who, "released", state="waiting", claimed_by="", claim_ends=0.0)


def record(
    request: CallbackRequest, who: str, outcome: Outcome, note: str, now: float, again: tuple[float, float]
) -> CallbackRequest:
    """The outcome of a try. Unanswered waits, to be tried between the times `again`; the third time it is closed.

    Whoever asked from the same phone since it was claimed has not been talked to, and goes on waiting.
    """
    _must_hold(request, who)
    tries = request.tries + 1
    free: dict[str, object] = {"claimed_by": "", "claim_ends": 0.0}
    if outcome in UNANSWERED and tries < MOST_TRIES:
        return _changed(
            request, now, who, outcome, note, state="waiting", tries=tries, opens=again[0], due=again[1], **free
        )
    since = tuple(asker for asker in request.askers if asker.asked_at > request.claimed_at)
    if since and outcome != "wrong number":
        return _changed(request, now, who, outcome, note, state="waiting", tries=0, askers=since, **free)
    state = "gave up" if outcome in UNANSWERED else "cancelled" if outcome == "cancelled" else "done"
    return _changed(request, now, who, outcome, note, state=state, tries=tries, **free)


def next_try(
    request: CallbackRequest, parts: Mapping[Part, Span], hours: Hours, after: dt.datetime, days_ahead: int
) -> tuple[float, float]:
    """Between which moments to try again, not before `after`: in the part of the day that the caller chose."""
    found = windows(parts, hours, after, days_ahead)
    wanted = [window for window in found if request.when in ("", "any", window.part)] or list(found)
    if not wanted:
        return after.timestamp(), after.timestamp()
    opens, due = times(wanted[0], parts, hours)
    return max(opens, after.timestamp()), due


def reopen(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """An ended request put back into the list: it was ended by mistake. Raises Refused if it has not ended."""
    if request.open:
        raise Refused("This request has not ended.")
    return _changed(request, now, who, "put back into the list", state="waiting", tries=0, opens=now, end=None)


def note(request: CallbackRequest, who: str, words: str, now: float) -> CallbackRequest:
    """An adviser's note, also on a request that is another's, or has ended."""
    return _changed(request, now, who, "note", words)


def _must_hold(request: CallbackRequest, who: str) -> None:
    if request.state != "claimed" or request.claimed_by != who:
        raise Refused("You no longer hold this request. Take it again first.")


def move(request: CallbackRequest, window: Window, opens: float, due: float, now: float) -> CallbackRequest:
    """Moved by the caller to another window. Raises Refused if it has ended."""
    _must_be_open(request)
    return _changed(request, now, "caller", "moved", window=window, opens=opens, due=due)


def cancel(request: CallbackRequest, reference: str, now: float) -> CallbackRequest:
    """One caller's wish taken back; the request ends when nobody who asked is left. Raises Refused if it has ended."""
    _must_be_open(request)
    left = tuple(asker for asker in request.askers if asker.reference != reference)
    if left:
        return _changed(request, now, "caller", "one of the callers cancelled", askers=left)
    return _changed(request, now, "caller", "cancelled", state="cancelled", askers=())


def _must_be_open(request: CallbackRequest) -> None:
    if not request.open:
        raise Refused("This request has ended. Someone else dealt with it.")
