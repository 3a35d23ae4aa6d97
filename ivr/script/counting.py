"""What counts towards the daily limits of callback requests and texts, and which limits apply.

`ivr/callbacks/limits.py` says why there are limits. Live calls are counted in Redis (`ivr/store/limits.py`), practice
calls here, in memory. A test checks that both count alike.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from ivr import line_settings
from ivr.hours import LONDON
from ivr.script.session import Limit, SaveRequest, SendText

#: Seconds for which what was asked for one phone is counted.
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Asked:
    """Something that is asked for: an id that stays the same when it is asked again, what it is ("calls_to" or
    "texts_to"), and for which phone.

    `phone` is empty if the number is not known. `keyed`: it is not the phone that rang.
    """

    id: str
    what: str
    phone: str
    keyed: bool


def asked(effect: SaveRequest | SendText) -> Asked:
    """What an effect asks for, to be counted.

    A message after the tone counts towards the day's total, but not towards its phone: it needs no key, and rings
    nobody.
    """
    if isinstance(effect, SendText):
        return Asked(effect.id, "texts_to", effect.to, effect.keyed)
    (asker,) = effect.request.askers
    if asker.message_only:
        return Asked(asker.id, "calls_to", "", keyed=False)
    return Asked(asker.id, "calls_to", effect.request.number, asker.keyed)


def of(effect: SaveRequest | SendText, line: line_settings.LineSettings) -> line_settings.Limits:
    """The limits that apply to an effect."""
    return line.limits.texts if isinstance(effect, SendText) else line.limits.requests


class MemoryCounts:
    """Counts in memory what was asked for, by the same rules as the live handler in Redis."""

    def __init__(self) -> None:
        self._ids = set[tuple[dt.date, str]]()
        self._sums = Counter[tuple[dt.date, str]]()
        #: By what is asked for and for which phone: how often, and until when it counts (POSIX seconds).
        self._phones = dict[tuple[str, str], tuple[int, float]]()

    def __copy__(self) -> MemoryCounts:
        other = MemoryCounts()
        other._ids, other._sums, other._phones = {*self._ids}, Counter(self._sums), {**self._phones}
        return other

    def take(self, asked: Asked, most: line_settings.Limits, now: float) -> Limit:
        """Count it, and return an empty string; or return the limit that is reached. An id is counted only once."""
        day = dt.datetime.fromtimestamp(now, LONDON).date()
        all_of, keyed_of, phone = (day, asked.what), (day, f"{asked.what} keyed"), (asked.what, asked.phone)
        count, until = self._phones.get(phone, (0, 0.0))
        count, until = (count, until) if now < until else (0, now + DAY_SECONDS)
        if {(day, asked.id), (day - dt.timedelta(days=1), asked.id)} & self._ids:
            return ""
        if asked.phone and count >= most.a_phone:
            return "phone"
        if (asked.keyed and self._sums[keyed_of] >= most.keyed_a_day) or self._sums[all_of] >= most.a_day:
            return "all"
        self._ids.add((day, asked.id))
        self._sums.update([all_of, *[keyed_of] * asked.keyed])
        if asked.phone:
            self._phones[phone] = count + 1, until
        return ""
