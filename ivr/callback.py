"""A callback request and its life: asked for, claimed, tried, and ended.

Every change is a pure function from one request to the next, so the same rules hold
whoever calls them; `store` makes each change all-or-nothing. Times are seconds since the
epoch (UTC), so that no change of clocks moves a request in the queue.

A request belongs to a phone, and phones are shared. So each caller who asked keeps a number,
and a time, of their own; the request stands in the queue for the soonest of them.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec
from msgspec.structs import asdict, replace

from ivr.diary import LEAST_LEFT_AGAIN, Diary, Promise, Urgency, When, Window
from ivr.hours import LONDON

#: Digits of the number a caller is given for their call: enough with few guesses allowed,
#: and few enough to remember.
REFERENCE_DIGITS = 4
#: Tries without an answer before a request is closed.
MOST_TRIES = 3
#: Seconds a claim lasts. An adviser who walks away must not keep a caller waiting.
CLAIM_SECONDS = 30 * 60
#: Opening hours to wait before a caller who did not pick up is tried again.
AGAIN_HOURS = 2
#: Seconds a caller who has not said all is left to go on, or to ring again, before advisers see the request.
UNFINISHED_WAIT = 5 * 60

State = Literal["unfinished", "waiting", "claimed", "done", "gave up", "cancelled", "put aside"]
Outcome = Literal["spoke", "no answer", "message left", "wrong number", "done", "cancelled"]
Need = Literal["relay", "interpreter", "slow"]

ENDED: frozenset[State] = frozenset({"done", "gave up", "cancelled", "put aside"})
#: Who does what no caller and no adviser does.
LINE = "the line"
#: What an adviser can say of a try, and whether the request goes on waiting.
UNANSWERED: frozenset[Outcome] = frozenset({"no answer", "message left"})
#: After these, whoever shares the phone and was promised a later time is rung then.
PARTLY: frozenset[Outcome] = UNANSWERED | {"spoke"}


#: Seconds a place is held for a caller who has not finished asking.
HOLD_SECONDS = 15 * 60
#: Wrong references from one phone, each within so many seconds of the one before, before none is right: four digits
#: must not be guessed.
MOST_GUESSES, GUESS_SECONDS = 5, 60 * 60


class Refused(Exception):
    """Raised when a change no longer fits the request, with a sentence for the adviser."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened to a request: when, by whom ('caller' for the caller), and what."""

    at: float
    who: str
    what: str
    note: str = ""
    #: What told of it, where that may tell of it again.
    news: str = ""


class Asker(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wish among those that a request joins: the id it came with, and what its caller was given."""

    id: str
    #: The number of their call.
    reference: str
    asked_at: float = 0.0
    #: Whether this caller has said all that was asked.
    finished: bool = False
    #: Without a time to be due, as the first version kept it: then the request's own time and answers are theirs.
    promise: Promise = Promise()
    urgent: bool = False
    #: The higher rank: a time limit today or tomorrow, or a child out of school today. Urgent too, then.
    today: bool = False
    #: They pressed no key in the whole call, and whether their spoken message is all there is of the wish.
    pressed_nothing: bool = False
    message_only: bool = False
    message_ok: bool | None = None
    say_who: bool | None = None


class SpokenMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a caller said after the tone: the name it is kept by, and how many seconds it lasts."""

    name: str
    seconds: int
    #: When it was left, and the id of the wish it was left with. Empty: as the versions before kept it.
    at: float = 0.0
    wish: str = ""
    #: False: there is no sound like speech in it.
    speech: bool = True
    #: Advisers who played it; and the one who said first that they listened to it, and when.
    played_by: tuple[str, ...] = ()
    heard_by: str = ""
    heard_at: float = 0.0


class CallbackRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A caller's wish to be rung back."""

    id: str
    #: The number to ring, E.164. It is kept nowhere else and goes with the request. Empty: it is not known, as
    #: the caller left a message and hid it.
    number: str
    asked_at: float
    #: The number as an adviser heard it in a message, until it is confirmed; and who confirmed the one there is.
    number_typed: str = ""
    number_by: str = ""
    state: State = "unfinished"
    #: When the caller can be rung, in their own choice, and the window that was found for it. Of several
    #: callers, it is the soonest's.
    when: When = ""
    window: Window | None = msgspec.field(default=None, name="slot")  # what is kept has the name it had at first
    #: May be rung from, and should be rung by.
    opens: float = 0.0
    due: float = 0.0
    #: What holds for all of the callers: the more urgent, and of their answers the more careful. `today` is the
    #: higher rank, and implies `urgent`.
    urgent: bool = False
    today: bool = False
    #: One of the callers pressed no key in the whole call.
    pressed_nothing: bool = False
    #: Nothing was keyed and confirmed: a spoken message is all there is of the wish.
    message_only: bool = False
    #: None: nobody was asked, so the careful answer holds.
    message_ok: bool | None = None
    say_who: bool | None = None
    needs: tuple[Need, ...] = ()
    slow: bool = False
    #: What the caller listened to, and where silence or wrong keys stopped them.
    heard: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    #: When a caller last answered something.
    heard_from: float = 0.0
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

    @property
    def may_be_blocked(self) -> bool:
        """Whether its phone did nothing but leave a message, as pockets and machines do; and showed its number."""
        return self.message_only and bool(self.number) and not self.number_by

    @property
    def urgency(self) -> Urgency:
        """The rank of the most urgent of the callers."""
        return "today" if self.today else "urgent" if self.urgent else ""

    @property
    def promise(self) -> Promise:
        """When the soonest of the callers is to be rung."""
        return Promise(self.when, self.window, self.opens, self.due)

    def callers(self) -> tuple[Asker, ...]:
        """Everybody who asked, with a time and answers of their own, whichever version kept them."""
        own = {name: getattr(self, name) for name in ("promise", "urgent", "message_ok", "say_who")}
        return tuple(asker if asker.promise.due else replace(asker, **own) for asker in self.askers)

    def caller(self, reference: str) -> Asker | None:
        """The caller who was given this number, if one was."""
        return next((asker for asker in self.callers() if asker.reference == reference), None)

    def wishes_of(self, call_sid: str) -> tuple[str, ...]:
        """The ids of the wishes that came from that call, the latest first: this one, and those that joined it."""
        wishes = dict.fromkeys((*(asker.id for asker in reversed(self.askers)), self.id))
        return tuple(wish for wish in wishes if wish.rsplit("-", 1)[0] == call_sid)

    def may_leave_message(self) -> bool:
        """Only a clear yes counts."""
        return self.message_ok is True

    def may_say_who(self) -> bool:
        """Only a clear yes counts."""
        return self.say_who is True


# --- the life of a request ------------------------------------------------------------------


def changed(request: CallbackRequest, now: float, who: str, what: str, note: str = "", **to: object) -> CallbackRequest:
    """The request with something that happened to it. Whatever ends it is kept by itself too."""
    event = Event(now, who, what, note)
    if to.get("state") in ENDED:
        to["end"] = event
    return replace(request, events=(*request.events, event), **to)


def for_all(request: CallbackRequest, askers: tuple[Asker, ...]) -> CallbackRequest:
    """The request of these callers: due when the soonest is, of those who said all that was asked if any did."""
    told = [asker for asker in askers if asker.finished] or askers
    soonest = min((asker.promise for asker in told), key=lambda promise: promise.due, default=request.promise)
    return replace(
        request,
        askers=askers,
        urgent=any(asker.urgent for asker in askers),
        today=any(asker.today for asker in askers),
        pressed_nothing=any(asker.pressed_nothing for asker in askers),
        message_only=bool(askers) and all(asker.message_only for asker in askers),
        message_ok=_more_careful(request.message_ok, [asker.message_ok for asker in askers]),
        say_who=_more_careful(request.say_who, [asker.say_who for asker in askers]),
        **asdict(soonest),
    )


def _more_careful(before: bool | None, answers: list[bool | None]) -> bool | None:
    """A no counts always, also of a caller who is gone; a yes while one who said it is there, and nobody said no."""
    if before is False or False in answers:
        return False
    return True if True in answers else None


def _asker(wish: CallbackRequest, reference: str, *, finished: bool) -> Asker:
    return Asker(
        wish.id,
        reference,
        wish.asked_at,
        finished,
        wish.promise,
        urgent=wish.urgent or wish.today,
        today=wish.today,
        pressed_nothing=wish.pressed_nothing,
        message_only=wish.message_only,
        message_ok=wish.message_ok,
        say_who=wish.say_who,
    )


def windows_of(request: CallbackRequest | None) -> set[Window]:
    """The windows in which a request has a place: one for each time that its callers were promised."""
    if request is None:
        return set()
    promises = [request.promise, *(asker.promise for asker in request.askers)]
    return {promise.window for promise in promises if promise.window}


def saved(first: CallbackRequest | None, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """What to write down: the wish, or the open request its number has (`first`) with the wish joined to it.

    `reference` is for a wish that is new. The same wish saved twice changes nothing more, and
    what was finished is never made unfinished again. A wish counts as finished once its number
    and its urgency are known; what its caller answers after that is put into it, while it is open.
    """
    is_last_word = wish.state != "unfinished"
    wish = replace(wish, urgent=wish.urgent or wish.today)
    if first is None:
        return replace(wish, askers=(_asker(wish, reference, finished=is_last_word),))
    if [asker.id for asker in first.askers] != [wish.id]:
        return joined(first, wish, reference)
    if first.finished and not (is_last_word and first.open):
        return first
    wish = replace(wish, heard_from=wish.asked_at)
    keep = ["messages", "events", "asked_at", "tries", "number_typed", "number_by", *["number"] * bool(first.number_by)]
    if first.state == "claimed":  # an adviser was quicker than the caller
        keep += ["state", "claimed_by", "claimed_at", "claim_ends"]
    askers = (_asker(wish, first.askers[0].reference, finished=is_last_word),)
    return replace(wish, askers=askers, **{name: getattr(first, name) for name in keep})


def joined(first: CallbackRequest, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """Two wishes from one number as one request, with the more careful answer of each.

    Phones are shared and caller IDs can be forged, so a second voice may make the call
    sooner or gentler, and never freer with what is said to whoever picks up. It gets a
    reference of its own, and so learns nothing of the first. Whoever has said all that was
    asked is tried three times from then on; what was said by halves before, and promised
    nothing, is theirs, as far as anybody can tell.
    """
    known = next((asker for asker in first.askers if asker.id == wish.id), None)
    if known and known.finished and not (wish.state != "unfinished" and first.open):
        return first
    reference = known.reference if known else _untaken(first, reference)
    asker = _asker(wish, reference, finished=wish.state != "unfinished")
    others = (a for a in first.callers() if a.id != wish.id and (a.finished or not asker.finished))
    both = replace(
        first,
        needs=tuple(dict.fromkeys((*first.needs, *wish.needs))),
        slow=first.slow or wish.slow,
        heard=tuple(dict.fromkeys((*first.heard, *wish.heard))),
        heard_from=wish.asked_at,
        times_asked=first.times_asked + (known is None),
    )
    both = for_all(both, (*others, asker))
    if known and known.finished:
        return both
    if not first.open:
        both = replace(both, state=wish.state, end=None)
    if asker.finished:
        both = replace(both, state="claimed" if first.state == "claimed" else "waiting", tries=0)
        return changed(both, wish.asked_at, "caller", "asked again", _in_words(wish.promise))
    return both if known else changed(both, wish.asked_at, "caller", "rang again")


def _untaken(first: CallbackRequest, reference: str) -> str:
    """This number of a call, or the next that no other caller of the request was given."""
    while first.caller(reference):
        reference = str(max(10 ** (REFERENCE_DIGITS - 1), (int(reference) + 1) % 10**REFERENCE_DIGITS))
    return reference


def _in_words(promise: Promise) -> str:
    """What a caller was promised, for the adviser."""
    return f"for {promise.window.day:%A %-d %B}, {promise.window.part}" if promise.window else ""


def claimable(request: CallbackRequest, now: float) -> bool:
    """Whether an adviser may take it: waiting, or claimed by someone whose claim has run out."""
    if request.state == "claimed":
        return request.claim_ends <= now
    heard_from = max(request.asked_at, request.heard_from)
    return request.state == "waiting" or (request.state == "unfinished" and heard_from + UNFINISHED_WAIT <= now)


def held_by(request: CallbackRequest, who: str, now: float) -> bool:
    """Whether it is this adviser's at the moment."""
    return request.state == "claimed" and request.claimed_by == who and request.claim_ends > now


def claim(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Taken by an adviser until the claim runs out. Raises Refused if it is not there to take."""
    _must_be_open(request)
    if request.state == "claimed" and request.claimed_by == who:
        return replace(request, claim_ends=now + CLAIM_SECONDS)
    if not claimable(request, now):
        raise Refused(f"{request.claimed_by or 'The caller'} has this one now. Take another.")
    ends = now + CLAIM_SECONDS
    return changed(request, now, who, "claimed", state="claimed", claimed_by=who, claimed_at=now, claim_ends=ends)


def keep(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """A claim that lasts longer, for an adviser who is still at work on it."""
    must_hold(request, who)
    return replace(request, claim_ends=now + CLAIM_SECONDS)


def release(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """Given back to the queue."""
    must_hold(request, who)
    return changed(request, now, who, "released", state="waiting", claimed_by="", claim_ends=0.0)


def record(
    request: CallbackRequest, who: str, outcome: Outcome, note: str, now: float, diary: Diary
) -> CallbackRequest:
    """The outcome of a try. Unanswered waits, to be tried again; the third time it is closed.

    Whoever asked from the same phone since it was claimed has not been talked to, and goes on
    waiting. So does, where the adviser does not say that all is done, whoever was promised a
    later time.
    """
    must_hold(request, who)
    if not request.number and outcome in UNANSWERED:
        raise Refused("Nobody was rung, as the number is not known.")
    tries = request.tries + 1
    free: dict[str, object] = {"claimed_by": "", "claim_ends": 0.0}
    if outcome in UNANSWERED and tries < MOST_TRIES:
        after = diary.hours.add(_clock(now), AGAIN_HOURS)
        request = _tried_again(request, diary, after)
        return changed(request, now, who, outcome, note, state="waiting", tries=tries, **free)
    later = tuple(
        a for a in request.callers() if _asked_since(request, a) or (outcome in PARTLY and _is_later(request, a, now))
    )
    if later:
        state = "waiting" if any(asker.finished for asker in later) else "unfinished"
        return changed(for_all(request, later), now, who, outcome, note, state=state, tries=0, **free)
    state = "gave up" if outcome in UNANSWERED else "cancelled" if outcome == "cancelled" else "done"
    return changed(request, now, who, outcome, note, state=state, tries=tries, **free)


def _asked_since(request: CallbackRequest, asker: Asker) -> bool:
    """Whether the caller asked while an adviser had the request, and so was not tried yet."""
    return request.state == "claimed" and asker.asked_at > request.claimed_at


def _is_later(request: CallbackRequest, asker: Asker, now: float) -> bool:
    """Whether the caller's time is still to come, and it was not for them that the phone was rung."""
    return asker.finished and asker.promise.opens > max(now, request.opens)


def _tried_again(request: CallbackRequest, diary: Diary, after: dt.datetime) -> CallbackRequest:
    """The request with a time from `after` on for each caller who was tried."""
    askers = (
        caller if _asked_since(request, caller) else replace(caller, promise=_next(caller.promise, diary, after))
        for caller in request.callers()
    )
    return for_all(request, tuple(askers))


def _next(promise: Promise, diary: Diary, after: dt.datetime) -> Promise:
    """In the part of the day that the caller chose, as long as there is one; never before a time still to come."""
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
    """An ended request put back into the list: it was ended by mistake.

    Raises Refused if it has not ended, or if it was the caller who ended it: they were told that we will not ring.
    """
    if request.open:
        raise Refused("This request has not ended.")
    if ended_by_caller(request):
        raise Refused("The caller cancelled this one, and was told that we will not ring.")
    request = _tried_again(request, diary, _clock(now))
    return changed(request, now, who, "put back into the list", state="waiting", tries=0, end=None)


def ended_by_caller(request: CallbackRequest) -> bool:
    """Whether nobody who asked wants to be rung any more."""
    return not request.open and not request.askers


def note(request: CallbackRequest, who: str, words: str, now: float, news: str = "") -> CallbackRequest:
    """An adviser's note, also on a request that is another's, or has ended. The same `news` is noted once."""
    if news and any(event.news == news for event in request.events):
        return request
    return replace(request, events=(*request.events, Event(now, who, "note", words, news)))


def must_hold(request: CallbackRequest, who: str) -> None:
    """Raises Refused unless the request is open and this adviser's."""
    _must_be_open(request)
    if request.state != "claimed" or request.claimed_by != who:
        raise Refused("You no longer hold this request. Take it again first.")


def move(request: CallbackRequest, reference: str, to: Promise, now: float) -> CallbackRequest:
    """One caller's time moved to another. Raises Refused if it has ended, or they have cancelled."""
    _must_be_open(request)
    _must_have_asked(request, reference)
    askers = (replace(asker, promise=to) if asker.reference == reference else asker for asker in request.callers())
    return changed(for_all(request, tuple(askers)), now, "caller", "moved", _in_words(to), tries=0)


def cancel(request: CallbackRequest, reference: str, now: float) -> CallbackRequest:
    """One caller's wish taken back; the request ends when nobody is left who was promised anything.

    Raises Refused if it has ended, or they have cancelled before.
    """
    _must_be_open(request)
    _must_have_asked(request, reference)
    left = tuple(asker for asker in request.callers() if asker.reference != reference and asker.finished)
    if left:
        return changed(for_all(request, left), now, "caller", "one of the callers cancelled")
    return changed(for_all(request, ()), now, "caller", "cancelled", state="cancelled")


def _must_have_asked(request: CallbackRequest, reference: str) -> None:
    if request.caller(reference) is None:
        raise Refused("This caller has cancelled.")


def _must_be_open(request: CallbackRequest) -> None:
    if not request.open:
        what = "The caller cancelled it." if ended_by_caller(request) else "Someone else dealt with it."
        raise Refused(f"This request has ended. {what}")
