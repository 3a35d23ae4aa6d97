"""The list of requests: how late each is, who talks, and whom to ring next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ivr.advising import briefing, messages
from ivr.callbacks import talks
from ivr.callbacks.callback import claimable
from ivr.callbacks.diary import Urgency
from ivr.callbacks.request import CallbackRequest
from ivr.script import Script

Lateness = Literal["late", "now", "soon", "later"]

#: A request that is due within SOON_SECONDS is 'now'. If one is due within LAST_SECONDS and is not rung next, its
#: promise will be broken.
SOON_SECONDS, LAST_SECONDS = 2 * 60 * 60, 30 * 60


@dataclass(frozen=True)
class ListRow:
    """One request, as the list shows it."""

    request: CallbackRequest
    lateness: Lateness
    #: 'Late by 20 minutes'. The page adds a shape, so that nothing depends on colour alone.
    when: str
    sign: str
    held_by: str
    #: What the caller listened to last.
    about: str = ""
    #: Whether a time was promised at which the line is now closed.
    closed: bool = False
    #: Who talks to the caller, or that the outcome of a talk was not saved yet.
    talk: str = ""

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def short_about(self) -> list[str]:
        return briefing.short_about(self.request)

    @property
    def numbers(self) -> str:
        """The call numbers, by which colleagues can speak of the request."""
        callers = self.request.askers or self.request.gone
        return ", ".join(each.reference for each in callers if not each.message_only and each.reference)

    @property
    def is_unheard(self) -> bool:
        """Whether there is a message that no adviser has marked as listened to."""
        return bool(messages.unheard(self.request))


SIGNS: dict[Lateness, str] = {"late": "▲", "now": "●", "soon": "◆", "later": "○"}


def row(request: CallbackRequest, now: float, script: Script | None = None) -> ListRow:
    """A row for a request. `script` adds what it is about."""
    lateness = lateness_of(request, now)
    when = {
        "late": f"Late by {briefing.in_length(now - request.due)}",
        "now": f"Ring now, by {briefing.moment(request.due, now)}",
        "soon": f"Ring by {briefing.moment(request.due, now)}",
        "later": f"Ring from {briefing.moment(request.opens, now)}",
    }[lateness]
    about = next(iter(reversed(briefing.heard_in_words(request, script))), "") if script else ""
    closed = script is not None and briefing.is_closed_then(request, now, script.diary)
    return ListRow(
        request, lateness, when, SIGNS[lateness], request.holder(now), about, closed, talk_in_words(request, now)
    )


def lateness_of(request: CallbackRequest, now: float) -> Lateness:
    """How late a request is: 'soon' may be rung, and 'later' may not be rung yet."""
    if request.due <= now:
        return "late"
    if request.opens > now:
        return "later"
    return "now" if request.today or request.due - now <= SOON_SECONDS else "soon"


def rows(requests: list[CallbackRequest], now: float, script: Script | None = None) -> list[ListRow]:
    """The list, in the order of `ordered`."""
    return [row(request, now, script) for request in ordered(requests, now)]


def ordered(requests: list[CallbackRequest], now: float) -> list[CallbackRequest]:
    """The requests that are shown, the next one to ring first. In each group, whoever is due sooner stands first:

    1. callers marked "today" who may be rung now, and those whose promise breaks within LAST_SECONDS;
    2. those who are late already;
    3. everybody else who may be rung now;
    4. those who may not be rung yet, by the time from which they may be.

    Urgent callers were promised an earlier time when they asked. So they are not put before a caller whose promise is
    due sooner, which might break that promise. Of two that are due at the same time, the urgent one stands first.
    Callers who are late already come second, because their call can still be made, while a time limit that ends today,
    or a promise that is about to break, cannot be repaired. Callers who have only just hung up half-way are left out
    until UNFINISHED_WAIT is over.
    """
    shown = [r for r in requests if r.state == "claimed" or r.talking(now) or claimable(r, now)]
    return sorted(shown, key=lambda request: _place(request, now))


_RANKS: dict[Urgency, int] = {"today": 0, "urgent": 1, "": 2}


def _place(request: CallbackRequest, now: float) -> tuple[int, float, int]:
    promise, urgency = request.promise, request.urgency
    if promise.opens > now:
        return 3, promise.opens, _RANKS[urgency]
    is_last = 0 < promise.due - now <= LAST_SECONDS
    group = 0 if urgency == "today" or is_last else 1 if promise.due <= now else 2
    return group, promise.due, _RANKS[urgency]


def talk_in_words(request: CallbackRequest, now: float) -> str:
    """Who talks to the caller; or who did, if the outcome was not saved yet. Empty if neither is so.

    A caller who was put through may have been helped, so the words tell colleagues to ask before they ring.
    """
    talk = request.talk
    if talk is None:
        return ""
    who, since = talk.who or "An adviser", briefing.moment(talk.began, now)
    if talk.lasts(now):
        how, holder = "rings by hand" if talk.how == "by hand" else "is talking", request.holder(now)
        next_is = f", then {holder} has it" if holder and talks.still_talks(request, now) else ""
        return f"{who} {how} since {since}{next_is}"
    if talks.put_through(request):
        length = f" for {talks.minutes(talk, now)}" if talk.ended else ""
        return f"Put through to {talk.who or 'an adviser'} at {since}{length}: ask before ringing"
    return ""
