"""Another phone for a caller who waits: they gave an adviser a number on which to ring them from now on.

What was allowed on one phone does not apply to another. So whether a message may be left there, and whether we may say
who rings, is asked anew, and what was not asked counts as no. Others who asked from the earlier phone are still rung
there: if somebody else waits, the caller who gave the number gets a request of their own.

The earlier phone stays with the request, so that it is found and deleted by both, and can be put back. What parted is
one request again then, if nothing came of either meanwhile. Else the two stay apart, as two requests of one phone are
that may come from two people: each keeps its own time and history, and the cards lead to each other.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from ivr.callbacks import callback
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import Asker, Before, CallbackRequest, Event

#: What the history says. It names no number, since everybody reads it.
CHANGED, PUT_BACK, STAYED = "changed the number", "put the earlier number back", "another caller gave another number"


class Phone(NamedTuple):
    """A number to ring (E.164), and what its caller said about that phone. None: they were not asked."""

    number: str
    message_ok: bool | None
    say_who: bool | None


class Parted(NamedTuple):
    """The request of the caller who gave the number; and that of the others who wait, who are rung as before.

    `is_one_again`: whether `theirs` is the request of all of them again.
    """

    theirs: CallbackRequest
    others: CallbackRequest | None
    is_one_again: bool = False


#: What may happen to either request after they parted, and they can still be put together: it changes no promise, and
#: tells of no try.
_CHANGES_NOTHING = frozenset({CHANGED, PUT_BACK, "note", "claimed", "released", "rings by hand"})


def changed(request: CallbackRequest, who: str, wish: str, to: Phone, now: float) -> Parted:
    """The caller with this wish is rung on another phone from now on.

    Raises Refused if it is not this adviser's, its number is not known, or it is this one already.
    """
    asker = _asker(request, who, wish, now)
    if not request.number:
        raise Refused("The number is not known yet. Listen to the message, and type the number.")
    if to.number == request.number:
        raise Refused("That is the number of this request already.")
    last = request.events[-1] if request.events else None
    is_slip = bool(request.before) and last is not None and (last.what, last.who) == (CHANGED, who)
    if is_slip and to.number == request.before[-1].number:
        return put_back(request, who, now)
    before = Before(wish, request.number, request.number_by, asker.message_ok, asker.say_who, asker.keyed)
    earlier = request.before if is_slip else (*request.before, before)  # a number that was mistyped is not kept
    there = replace(asker, message_ok=to.message_ok, say_who=to.say_who, keyed=True)
    return _parted(request, there, Event(now, who, CHANGED), number=to.number, number_by=who, before=earlier)


def put_back(request: CallbackRequest, who: str, now: float) -> Parted:
    """The caller is rung on the earlier phone again, with what they had allowed there. Raises Refused."""
    if not request.before:
        raise Refused("There is no earlier number.")
    *before, last = request.before
    asker = _asker(request, who, last.wish, now)
    there = replace(asker, message_ok=last.message_ok, say_who=last.say_who, keyed=last.keyed)
    event = Event(now, who, PUT_BACK)
    return _parted(request, there, event, number=last.number, number_by=last.number_by, before=tuple(before))


def together(theirs: CallbackRequest, others: CallbackRequest) -> CallbackRequest | None:
    """What parted, as one request again, for whoever has `theirs`: the request of a caller who is rung on the earlier
    phone again. None if these two never parted, or something came of one of them since, or somebody has the others'.
    """
    both = enumerate(zip(theirs.events, others.events, strict=False))
    nth, (gave, stayed) = next(((nth, pair) for nth, pair in both if pair[0] != pair[1]), (0, (None, None)))
    if gave is None or stayed is None or (gave.what, replace(gave, what=STAYED)) != (CHANGED, stayed):
        return None
    since = sorted((*theirs.events[nth:], *others.events[nth + 1 :]), key=lambda event: event.at)
    if others.state == "claimed" or any(event.what not in _CHANGES_NOTHING for event in since):
        return None
    return replace(
        others, state=theirs.state, claimed_by=theirs.claimed_by, claimed_at=theirs.claimed_at,
        claim_ends=theirs.claim_ends, talk=theirs.talk, came=theirs.came, help=theirs.help,
        askers=tuple(sorted((*others.askers, *theirs.askers), key=lambda asker: asker.asked_at)),
        gone=(*others.gone, *theirs.gone), before=(*others.before, *theirs.before),
        messages=tuple(sorted((*others.messages, *theirs.messages), key=lambda message: message.at)),
        events=(*others.events[:nth], *since),
    )  # fmt: skip


def _asker(request: CallbackRequest, who: str, wish: str, now: float) -> Asker:
    callback.must_hold(request, who, now)
    if (asker := request.asker(wish)) is None:
        raise Refused("This caller does not wait any more. Choose who gave the number.")
    return asker


def _parted(request: CallbackRequest, asker: Asker, event: Event, before: tuple[Before, ...], **to: object) -> Parted:
    """The caller's request, with their next try as the first on that phone; and that of the others, if any wait."""
    to |= {"askers": (asker,), "number_typed": "", "tries": 0, "events": (*request.events, event)}
    others = tuple(other for other in request.askers if other.id != asker.id)
    if not others:
        return Parted(replace(request, before=before, **to), None)
    keep_id = any(other.id == request.id for other in others)
    theirs = replace(
        request, id=asker.id if keep_id else request.id, gone=(),
        before=tuple(each for each in before if each.wish == asker.id),
        messages=tuple(each for each in request.messages if each.wish == asker.id), **to,
    )  # fmt: skip
    state = "waiting" if any(other.finished for other in others) else "unfinished"
    stayed = replace(
        request, id=request.id if keep_id else others[0].id, askers=others, state=state, claimed_by="", claim_ends=0.0,
        before=tuple(each for each in request.before if each.wish != asker.id), talk=None, came=(), help="",
        events=(*request.events, replace(event, what=STAYED)),
        messages=tuple(each for each in request.messages if each.wish != asker.id),
    )  # fmt: skip
    return Parted(theirs, stayed)
