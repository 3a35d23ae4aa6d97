"""Handing a request to a colleague, taking one back, and writing one down for somebody who rang the office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from msgspec.structs import replace

from ivr.callbacks import callback
from ivr.callbacks.callback import HANDED_SECONDS, Refused, changed, talk_without
from ivr.callbacks.diary import LEAST_LEFT_AGAIN, Diary, Promise, When, Window
from ivr.callbacks.request import Asker, CallbackRequest, Event, Need
from ivr.hours import LONDON

#: What the history says.
HANDED, TAKEN_BACK, BY_HAND = "handed over", "took it back for the list", "wrote it down by hand"


def hand_over(request: CallbackRequest, who: str, to: str, note: str, now: float) -> CallbackRequest:
    """Give a request to a colleague, who has HANDED_SECONDS to begin, from when the caller is not talked to any more.

    Raises Refused if it is not this adviser's.
    """
    callback.must_hold(request, who, now)
    if to == who:
        raise Refused("You have it already.")
    return changed(
        request, now, who, HANDED, f"to {to}. {note}".strip(), claimed_by=to, claimed_at=now,
        claim_ends=now + HANDED_SECONDS, talk=talk_without(request, who, now),
    )  # fmt: skip


def take_back(request: CallbackRequest, who: str, whose: str, now: float) -> CallbackRequest:
    """Put a request that somebody has back into the list, for whoever looks after the desk.

    `whose`: the adviser who had it when the page was loaded. Raises Refused if they do not have it any more, or are
    talking to the caller.
    """
    if not request.open:
        raise Refused("This request has ended, so there is nothing to take back.")
    if talk := request.talking(now):
        raise Refused(f"{talk.who or 'An adviser'} is talking to this caller. Wait until they have finished.")
    if not (holder := request.holder(now)):
        raise Refused("Nobody has this request any more: it is in the list. Take it, if you want to ring.")
    if holder != whose:
        raise Refused(f"{holder} has this request now. Look at the card again before you take it back.")
    return callback.to_everybody(request, who, TAKEN_BACK, f"from {request.claimed_by}", now)


def without(request: CallbackRequest, who: str, by: str, now: float) -> CallbackRequest:
    """The request once this adviser left: what they had, and appointments with them, are everybody's.

    A talk that is going on stays, so that nobody else rings the caller meanwhile.
    """
    if request.claimed_by == who and request.state == "claimed":
        left = callback.to_everybody(request, by, TAKEN_BACK, f"from {who}, who left", now)
        return replace(left, with_whom="" if left.with_whom == who else left.with_whom)
    if request.with_whom == who:
        return changed(request, now, by, "made the appointment everybody's", f"{who} left", with_whom="")
    return request


def renamed(request: CallbackRequest, before: str, name: str) -> CallbackRequest:
    """The request once an adviser has another name. Its history keeps the earlier name."""
    talk = request.talk
    return replace(
        request,
        claimed_by=name if request.claimed_by == before else request.claimed_by,
        with_whom=name if request.with_whom == before else request.with_whom,
        talk=replace(talk, who=name) if talk and talk.who == before else talk,
    )


def handed_to(request: CallbackRequest, who: str, now: float) -> Event | None:
    """The entry that says who handed this request to an adviser, until they have begun with it."""
    last = next((event for event in reversed(request.events) if event.what in (HANDED, "claimed")), None)
    is_fresh = last is not None and last.what == HANDED and request.claim_ends <= request.claimed_at + HANDED_SECONDS
    return last if is_fresh and request.holder(now) == who else None


def written_down(
    wish: str, number: str, who: str, note: str, when: When, needs: tuple[Need, ...], now: float, diary: Diary,
    *, has_slot: Callable[[Window], bool], urgent: bool, message_ok: bool, say_who: bool,
) -> CallbackRequest:  # fmt: skip
    """A request that an adviser writes down for somebody who rang the office or came in.

    Its time is in the next part of a day that they chose and that has a free slot; an urgent one takes the first.
    Raises Refused if there is none.
    """
    at = dt.datetime.fromtimestamp(now, LONDON)
    windows = [each for each in diary.windows(at, LEAST_LEFT_AGAIN) if when in ("any", "", each.part)]
    if not urgent:
        windows = [each for each in windows if has_slot(each)]
    if not windows:
        raise Refused("There is no free place at such a time in the days that we plan ahead.")
    opens, due = diary.times(windows[0])
    promise = Promise(when or "any", windows[0], max(opens, now) if urgent else opens, due)
    asker = Asker(
        wish, asked_at=now, finished=True, promise=promise, urgent=urgent, message_ok=message_ok, say_who=say_who,
        needs=needs,
    )  # fmt: skip
    event = Event(now, who, BY_HAND, note)
    return CallbackRequest(wish, number, state="waiting", askers=(asker,), events=(event,))
