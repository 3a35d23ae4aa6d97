"""What is overdue: late requests, and messages that nobody listened to; and which requests are part of a flood."""

from __future__ import annotations

from typing import NamedTuple

from ivr.advising import messages
from ivr.authoring import limitsfile
from ivr.callbacks import callback, flood
from ivr.callbacks.request import CallbackRequest
from ivr.hours import Hours
from ivr.processes.tools import Tools


def is_late(request: CallbackRequest, now: float) -> bool:
    """Whether a request is late, not counting callers who have only just hung up half-way."""
    if request.talking(now):
        return False
    return request.due <= now and (request.state == "claimed" or callback.claimable(request, now))


class Overdue(NamedTuple):
    """How many callers were not rung in time, and messages not listened to in time.

    `urgent_since`: since when the first urgent caller who can be rung has waited (POSIX seconds); 0 if none waits.
    """

    late: int
    unheard: int
    urgent_since: float


def behind(waiting: list[CallbackRequest], hours: Hours, now: float) -> Overdue:
    """How much is overdue among these open requests."""
    urgent = (max(request.asked_at, request.opens) for request in waiting if request.urgent and request.opens <= now)
    return Overdue(
        sum(is_late(request, now) for request in waiting),
        sum(is_unheard(request, hours, now) for request in waiting),
        min(urgent, default=0.0),
    )


def listen_by(request: CallbackRequest, hours: Hours) -> float:
    """By when somebody should listen to the first unheard message of a request; infinity if there is none."""
    return min((each.listen_by for each in messages.to_listen_to([request], hours)), default=float("inf"))


def is_unheard(request: CallbackRequest, hours: Hours, now: float) -> bool:
    return listen_by(request, hours) <= now


def in_flood(tools: Tools, waiting: list[CallbackRequest]) -> set[str]:
    """The ids of requests that are part of a flood. If fewer than any flood wait, `line.yaml` is not read."""
    if len(waiting) < limitsfile.LEAST_FLOOD:
        return set()
    return flood.part_of_one(waiting, tools.line().limits.flood_an_hour)
