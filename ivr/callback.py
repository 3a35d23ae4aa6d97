"""A callback request and its life: asked for, claimed, tried, and ended.

Every change is a pure function from one request to the next, so the same rules hold
whoever calls them; `store.py` makes each change all-or-nothing. Times are seconds since
the epoch (UTC), so that no change of clocks moves a request in the queue.
"""

from __future__ import annotations

import datetime as dt
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
#: Seconds a caller who hung up half-way is left to ring again before advisers see the request.
UNFINISHED_WAIT = 5 * 60

Part = Literal["morning", "afternoon"]
State = Literal["unfinished", "waiting", "claimed", "done", "gave up", "cancelled"]
Outcome = Literal["spoke", "no answer", "message left", "wrong number", "done", "cancelled"]
Need = Literal["relay", "interpreter", "slow"]

ENDED: frozenset[State] = frozenset({"done", "gave up", "cancelled"})
#: What an adviser can say of a try, and whether the request goes on waiting.
UNANSWERED: frozenset[Outcome] = frozenset({"no answer", "message left"})


class Refused(Exception):
    """Raised when a change no longer fits the request, with a sentence for the adviser."""


class Slot(msgspec.Struct, frozen=True):
    """A part of a day in which someone can be rung."""

    day: dt.date
    part: Part


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened to a request: when, by whom ('caller' for the caller), and what."""

    at: float
    who: str
    what: str
    note: str = ""


class Asker(msgspec.Struct, frozen=True):
    """One wish among those that a request joins: the id it came with, and the number its caller was given."""

    id: str
    reference: str


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
    slot: Slot | None = None
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
    claim_ends: float = 0.0
    tries: int = 0
    events: tuple[Event, ...] = ()

    @property
    def open(self) -> bool:
        return self.state not in ENDED

    def reference_of(self, wish: str) -> str:
        """The number given to the caller whose wish came with this id."""
        return next((asker.reference for asker in self.askers if asker.id == wish), "")

    def goes_by(self, reference: str) -> bool:
        return any(asker.reference == reference for asker in self.askers)

    def asked_in(self, call_sid: str) -> bool:
        """Whether this wish, or one that joined it, came from that call."""
        return any(wish.rsplit("-", 1)[0] == call_sid for wish in (self.id, *(asker.id for asker in self.askers)))

    def may_leave_message(self) -> bool:
        return self.message_ok is True

    def may_say_who(self) -> bool:
        return self.say_who is True


# --- windows --------------------------------------------------------------------------------


def slots(windows: dict[Part, Span], hours: Hours, now: dt.datetime, days_ahead: int) -> tuple[Slot, ...]:
    """Every part of a day, soonest first, in which a caller could still be rung."""
    local = now.astimezone(LONDON)
    found = []
    for ahead in range(days_ahead + 1):
        day = local.date() + dt.timedelta(days=ahead)
        for part, window in windows.items():
            if (span := _within(hours.on(day), window)) and dt.datetime.combine(day, span.closes, LONDON) > local:
                found.append(Slot(day, part))
    return tuple(found)


def _within(open_span: Span | None, window: Span) -> Span | None:
    if open_span is None:
        return None
    opens, closes = max(open_span.opens, window.opens), min(open_span.closes, window.closes)
    return Span(opens, closes) if opens < closes else None


def times(slot: Slot, windows: dict[Part, Span]) -> tuple[float, float]:
    """Between which moments a caller who was given this slot should be rung."""
    window = windows[slot.part]
    opens = dt.datetime.combine(slot.day, window.opens, LONDON)
    return opens.timestamp(), dt.datetime.combine(slot.day, window.closes, LONDON).timestamp()


def in_slot(request: CallbackRequest, slot: Slot, windows: dict[Part, Span], urgent_due: float) -> CallbackRequest:
    """The request with its slot, and so with the times between which it should be rung.

    An urgent request may be rung at once, and is due when `urgent_due` says if that is sooner.
    """
    opens, due = times(slot, windows)
    if request.urgent:
        opens, due = min(opens, request.asked_at), min(due, urgent_due)
    return msgspec.structs.replace(request, slot=slot, opens=opens, due=due)


# --- the life of a request ------------------------------------------------------------------


def _changed(
    request: CallbackRequest, now: float, who: str, what: str, note: str = "", **to: object
) -> CallbackRequest:
    events = (*request.events, Event(now, who, what, note))
    return msgspec.structs.replace(request, events=events, **to)


def saved(first: CallbackRequest | None, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """What to write down: the wish, or the open request its number has (`first`) with the wish joined to it.

    `reference` is for a wish that is new. The same wish saved twice changes nothing more.
    """
    if first is None:
        return msgspec.structs.replace(wish, askers=(Asker(wish.id, reference),))
    if first.id != wish.id:
        return joined(first, wish, reference)
    keep = ["askers", "times_asked", "messages", "events", "asked_at"]
    if first.state == "claimed":  # an adviser was quicker than the caller
        keep += ["state", "claimed_by", "claim_ends", "tries"]
    return msgspec.structs.replace(wish, **{name: getattr(first, name) for name in keep})


def joined(first: CallbackRequest, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """Two wishes from one number as one request, with the more careful answer of each.

    Phones are shared and caller IDs can be forged, so a second voice may make the call
    sooner or gentler, and never freer with what is said to whoever picks up. It gets a
    reference of its own, and so learns nothing of the first.
    """
    finished = wish.state != "unfinished"
    known = bool(first.reference_of(wish.id))
    both = msgspec.structs.replace(
        first,
        urgent=first.urgent or wish.urgent,
        needs=tuple(dict.fromkeys((*first.needs, *wish.needs))),
        slow=first.slow or wish.slow,
        heard=tuple(dict.fromkeys((*first.heard, *wish.heard))),
        askers=first.askers if known else (*first.askers, Asker(wish.id, reference)),
        times_asked=first.times_asked + (not known),
    )
    if finished:
        asked_before = first.state != "unfinished"
        both = msgspec.structs.replace(
            both,
            state="waiting" if first.state == "unfinished" else first.state,
            message_ok=bool(wish.message_ok) and (bool(first.message_ok) or not asked_before),
            say_who=bool(wish.say_who) and (bool(first.say_who) or not asked_before),
        )
        if first.slot is None or wish.due < first.due:
            both = msgspec.structs.replace(both, slot=wish.slot, opens=wish.opens, due=wish.due)
    what = "asked again" if finished else "rang again"
    return _changed(both, wish.asked_at, "caller", what)


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
    if not request.open:
        raise Refused("This request has ended. Someone else dealt with it.")
    if request.state == "claimed" and request.claimed_by == who:
        return msgspec.structs.replace(request, claim_ends=now + CLAIM_SECONDS)
    if not claimable(request, now):
        raise Refused(f"{request.claimed_by or 'The caller'} has this one now. Take another.")
    return _changed(request, now, who, "claimed", state="claimed", claimed_by=who, claim_ends=now + CLAIM_SECONDS)


def release(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Given back to the queue."""
    _must_hold(request, who)
    return _changed(request, now, who, "released", state="waiting", claimed_by="", claim_ends=0.0)


def record(
    request: CallbackRequest, who: str, outcome: Outcome, note: str, now: float, again: float, by: float
) -> CallbackRequest:
    """The outcome of a try. Unanswered waits until `again`, to be tried `by` then; the third time it is closed."""
    _must_hold(request, who)
    tries = request.tries + 1
    if outcome in UNANSWERED and tries < MOST_TRIES:
        state: State = "waiting"
    elif outcome in UNANSWERED:
        state = "gave up"
    else:
        state = "cancelled" if outcome == "cancelled" else "done"
    later = {"opens": again, "due": by} if state == "waiting" else {}
    return _changed(request, now, who, outcome, note, state=state, tries=tries, claimed_by="", claim_ends=0.0, **later)


def note(request: CallbackRequest, who: str, words: str, now: float) -> CallbackRequest:
    return _changed(request, now, who, "note", words)


def _must_hold(request: CallbackRequest, who: str) -> None:
    if request.state != "claimed" or request.claimed_by != who:
        raise Refused("You no longer hold this request. Take it again first.")


def move(request: CallbackRequest, slot: Slot, opens: float, due: float, now: float) -> CallbackRequest:
    """Moved by the caller to another slot."""
    if not request.open:
        raise Refused("This request has ended.")
    return _changed(request, now, "caller", "moved", slot=slot, opens=opens, due=due)


def cancel(request: CallbackRequest, reference: str, now: float) -> CallbackRequest:
    """One caller's wish taken back; the request ends when nobody who asked is left."""
    left = tuple(asker for asker in request.askers if asker.reference != reference)
    if left:
        return _changed(request, now, "caller", "one of the callers cancelled", askers=left)
    return _changed(request, now, "caller", "cancelled", state="cancelled", askers=())
