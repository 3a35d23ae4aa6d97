"""Many callers at once: whether they are a flood, and taking its requests out of the list together.

A forged flood and a day with very many real callers look alike, so the code does not decide which it is. The service is
alerted once, sees how many asked when, and can take the requests out together. They are put aside like a message
without speech: they can be put back until ended requests are deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ivr.callbacks.callback import changed
from ivr.callbacks.request import CallbackRequest
from ivr.hours import LONDON

#: Seconds within which many callers are a flood, and into which a page counts them.
WITHIN_SECONDS, STEP_SECONDS = 60 * 60, 10 * 60
#: What stands in the history of a request that was taken out.
TAKEN_OUT = "taken out with others"


@dataclass(frozen=True)
class FloodStep:
    """Requests that were asked for within STEP_SECONDS from `begins` (POSIX seconds)."""

    begins: int
    asked: int
    keyed: int
    urgent: int
    #: How many can be taken out.
    free: int


@dataclass(frozen=True)
class FloodSpan:
    """Requests to take out: asked for from `begins` on and before `ends` (POSIX seconds), or only the keyed of them."""

    begins: float
    ends: float
    keyed_only: bool = False

    @property
    def label(self) -> str:
        """The span in words, by which its requests are found again."""
        first, last = (dt.datetime.fromtimestamp(at, LONDON) for at in (self.begins, self.ends))
        who = "keyed numbers" if self.keyed_only else "everybody"
        return f"{who}, asked {first:%A %-d %B %Y %H:%M} to {last:%A %-d %B %H:%M}"


def part_of_one(requests: Iterable[CallbackRequest], most: int) -> set[str]:
    """The ids of open requests that are part of a flood: `most` or more within WITHIN_SECONDS."""
    found, asked = set[str](), sorted((request.asked_at, request.id) for request in requests)
    first = 0
    for last, (at, _) in enumerate(asked):
        while asked[first][0] <= at - WITHIN_SECONDS:
            first += 1
        if last - first + 1 >= most:
            found.update(each for _, each in asked[first : last + 1])
    return found


def steps(requests: Iterable[CallbackRequest]) -> list[FloodStep]:
    """How many asked when, latest first."""
    by_step: dict[int, list[CallbackRequest]] = {}
    for request in requests:
        by_step.setdefault(int(request.asked_at // STEP_SECONDS) * STEP_SECONDS, []).append(request)
    return [
        FloodStep(
            begins, len(of), sum(map(is_keyed, of)), sum(bool(each.urgency) for each in of), sum(map(is_free, of))
        )
        for begins, of in sorted(by_step.items(), reverse=True)
    ]


def is_keyed(request: CallbackRequest) -> bool:
    """Whether everybody who asked keyed the number."""
    return all(asker.keyed for asker in request.everybody)


def is_free(request: CallbackRequest) -> bool:
    """Whether a request can be taken out with others: nobody has dealt with it, and nobody left a message with it."""
    touched = request.state not in ("waiting", "unfinished") or request.tries or request.number_by
    return not touched and not request.messages


def within(requests: Iterable[CallbackRequest], span: FloodSpan) -> list[CallbackRequest]:
    """The requests of a span that can be taken out. One that was also asked for before or after the span stays."""
    return [
        request
        for request in requests
        if is_free(request)
        and all(span.begins <= asker.asked_at < span.ends for asker in request.everybody)
        and (is_keyed(request) or not span.keyed_only)
    ]


def taken_out(request: CallbackRequest, who: str, now: float, span: FloodSpan) -> CallbackRequest:
    """The request, put aside with those of a span; as it was, if somebody has dealt with it meanwhile."""
    if not within([request], span):
        return request
    return changed(request, now, who, TAKEN_OUT, span.label, state="put aside")


def taken(ended: Iterable[CallbackRequest]) -> dict[str, Sequence[CallbackRequest]]:
    """Requests that were taken out and can be put back, by the label of their span."""
    found: dict[str, list[CallbackRequest]] = {}
    for request in ended:
        if request.end and request.end.what == TAKEN_OUT:
            found.setdefault(request.end.note, []).append(request)
    return dict(found)
