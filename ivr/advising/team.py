"""What each adviser did today: how many requests they took, and whom they reached. Longer periods: `ivr.reporting`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from ivr.callbacks import another_phone
from ivr.callbacks.callback import AGREED, TALKED, UNANSWERED
from ivr.callbacks.request import CallbackRequest
from ivr.hours import LONDON


class Today(NamedTuple):
    """How many requests somebody took, how many callers they talked to, and how many tries nobody answered."""

    took: int = 0
    reached: int = 0
    not_reached: int = 0

    def __add__(self, other: object) -> Today:
        assert isinstance(other, Today)
        return Today(*(one + two for one, two in zip(self, other, strict=True)))


#: What each entry of a history adds.
_ADDS: dict[str, Today] = {
    "claimed": Today(took=1), AGREED: Today(reached=1),
    **dict.fromkeys(TALKED, Today(reached=1)), **dict.fromkeys(UNANSWERED, Today(not_reached=1)),
}  # fmt: skip


def begins(now: float) -> float:
    """When today began, on the service's clock."""
    return dt.datetime.combine(dt.datetime.fromtimestamp(now, LONDON), dt.time(), LONDON).timestamp()


def today(requests: Iterable[CallbackRequest], now: float) -> dict[str, Today]:
    """What each adviser did today, by the name that they had then. `requests`: those that wait or ended today."""
    found, since = dict[str, Today](), begins(now)
    for request in requests:
        for event in reversed(request.events):
            if event.what == another_phone.STAYED:  # earlier events are also in, and counted in, another request
                break
            if event.at < since:  # no break: what was typed in from paper is not in the order of its times
                continue
            if adds := _ADDS.get(event.what):
                found[event.who] = found.get(event.who, Today()) + adds
    return found
