"""Calls between advisers and callers: when one begins and ends, and what that means for a request.

While an adviser talks to a caller, the request stays with this adviser, whatever the page does: the line knows of a
talk from the moment that the adviser picks up until it is over. A caller who was put through may have an open request.
Only the adviser who had that talk knows what was settled in it. So the request does not end by itself: its card says
that they talked, until an adviser records what came of it.

Whoever talks may hand the request over, or give it back. Then it is a colleague's, or nobody's, but nobody rings the
caller before they have hung up; and only then the colleague's time begins.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr.callbacks import callback
from ivr.callbacks.callback import CLAIM_SECONDS, HANDED_SECONDS, LINE, Refused
from ivr.callbacks.request import CallbackRequest, Talk

#: What the history says of a caller who was put through.
PUT_THROUGH = "put through"


def began(request: CallbackRequest, talk: Talk) -> CallbackRequest:
    """A talk begins. The same talk reported again changes nothing."""
    if not request.open or (request.talk and talk.call and request.talk.call == talk.call):
        return request
    request = replace(request, talk=talk)
    if talk.how == "put through":
        return callback.changed(request, talk.began, LINE, PUT_THROUGH, f"to {talk.who or 'an adviser'}")
    return request


def over(request: CallbackRequest, call: str, now: float) -> CallbackRequest:
    """The talk of this call is over. Whoever had it keeps the request for CLAIM_SECONDS, to say what came of it.

    If it was handed to a colleague meanwhile, they have HANDED_SECONDS to begin from now on. `call` is empty for
    one that was rung by hand.
    """
    talk = request.talk
    if talk is None or talk.call != call or not talk.lasts(now):
        return request
    if talk.how != "put through" and (request.state != "claimed" or request.claimed_by != talk.who):
        return _over_for_another(request, now)
    kept = request.claim_ends
    if request.state == "claimed" and request.claimed_by == talk.who:
        kept = max(kept, now + CLAIM_SECONDS)
    request = replace(request, talk=replace(talk, ended=now), claim_ends=kept)
    if talk.how == "put through":
        return callback.note(request, LINE, f"They talked for {minutes(talk, now)}.", now, f"over {call}")
    return request


def _over_for_another(request: CallbackRequest, now: float) -> CallbackRequest:
    """Whoever talked does not have the request any more: what came of it is not for those to say who have it now."""
    request = replace(request, talk=None)
    if request.state != "claimed":
        return request
    return replace(request, claimed_at=now, claim_ends=max(request.claim_ends, now + HANDED_SECONDS))


def by_hand(request: CallbackRequest, who: str, now: float) -> CallbackRequest:
    """An adviser says that they ring by hand now. Raises Refused if it is not theirs, or too soon to ring."""
    callback.must_hold(request, who, now)
    callback.must_not_be_rung_by_another(request, who, now)
    if request.talking(now):
        raise Refused("You are ringing this caller already.")
    if not request.number or request.opens > now:
        raise Refused("This caller cannot be rung yet.")
    return callback.changed(request, now, who, "rings by hand", talk=Talk("", who, "by hand", now))


def still_talks(request: CallbackRequest, now: float) -> str:
    """The adviser who talks to the caller of a request that is another's by now, or nobody's. Empty if nobody does."""
    talk = request.being_rung(now)
    return talk.who if talk and talk.who != request.holder(now) else ""


def put_through(request: CallbackRequest) -> Talk | None:
    """The talk of a caller who was put through, until an adviser records what came of it; otherwise None."""
    return request.talk if request.open and request.talk and request.talk.how == "put through" else None


def minutes(talk: Talk, now: float) -> str:
    """How long a talk has lasted, or lasted: '15 minutes', 'less than a minute'."""
    whole = int(((talk.ended or now) - talk.began) // 60)
    return f"{whole} minute{'s' * (whole != 1)}" if whole else "less than a minute"
