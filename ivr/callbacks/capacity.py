"""How many callers may be promised each part of a day: as `line.yaml` says, or fewer where somebody lowered it.

A service knows on the day before that three of four are at a training. Whoever looks after the desk lowers the slots
of that day or half a day, and says why; from then on callers are promised accordingly. What has been promised already
stays. Slots are only ever lowered here: more than `line.yaml` has, and days on which the line is closed, are decided
in config/, where they are checked and published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ivr.callbacks.diary import Diary, Part, Window
from ivr.hours import LONDON
from ivr.line_settings import RingBackSettings


class Lowered(msgspec.Struct, frozen=True):
    """Fewer slots in a part of a day: how many are left, who said so, when (POSIX seconds), and why."""

    window: Window
    slots: int = msgspec.field(name="places")
    who: str
    at: float
    why: str


class NotLowered(Exception):
    """Raised if slots cannot be lowered as asked. The message is for whoever tried."""


@dataclass(frozen=True)
class Capacity:
    """The slots of every part of a day."""

    usual: Mapping[Part, int]
    lowered: Mapping[Window, Lowered] = field(default_factory=dict)

    @classmethod
    def of(cls, ring_back: RingBackSettings, lowered: Iterable[Lowered] = ()) -> Capacity:
        usual: dict[Part, int] = {"morning": ring_back.morning.places, "afternoon": ring_back.afternoon.places}
        return cls(usual, {each.window: each for each in lowered})

    def slots(self, window: Window) -> int:
        """How many callers may be promised this window in all."""
        usual, lowered = self.usual[window.part], self.lowered.get(window)
        return min(usual, lowered.slots) if lowered else usual


def overbooked(most: Sequence[int]) -> int | None:
    """The index of the full window that a caller still gets for whom any time is right: the last that has slots.

    `most`: the slots of each window. If none has any, it is the last window, so that nobody is turned away; None if
    there is no window at all.
    """
    return next((nth for nth in reversed(range(len(most))) if most[nth] > 0), len(most) - 1 if most else None)


@dataclass(frozen=True)
class HalfDay:
    """One part of a day in the week: whether the line is open then and it still lies ahead, and its slots."""

    window: Window
    is_open: bool
    is_over: bool
    slots: int
    promised: int
    lowered: Lowered | None

    @property
    def free(self) -> int:
        return max(self.slots - self.promised, 0)


def week(
    diary: Diary, capacity: Capacity, promised: Mapping[Window, int], now: dt.datetime
) -> list[tuple[dt.date, list[HalfDay]]]:
    """Each day as far ahead as callers are promised one, with its parts. Days that hold nothing are left out."""
    first = now.astimezone(LONDON).date()
    days = []
    for day in (first + dt.timedelta(days=ahead) for ahead in range(diary.days_ahead + 1)):
        halves = [_half(diary, capacity, promised, Window(day, part), now) for part in diary.parts]
        if any(half.is_open or half.promised for half in halves):
            days.append((day, halves))
    return days


def _half(
    diary: Diary, capacity: Capacity, promised: Mapping[Window, int], window: Window, now: dt.datetime
) -> HalfDay:
    return HalfDay(
        window, diary.stands(window), diary.times(window)[1] <= now.timestamp(), capacity.slots(window),
        promised.get(window, 0), capacity.lowered.get(window),
    )  # fmt: skip


def lower(
    diary: Diary, capacity: Capacity, windows: Iterable[Window], slots: int, who: str, why: str, now: dt.datetime
) -> list[Lowered]:
    """Lower the slots of some parts of one day. Raises NotLowered."""
    windows = [window for window in windows if diary.stands(window)]
    if not windows:
        raise NotLowered("The line is closed then, so nobody is promised that time.")
    ahead = [window for window in windows if diary.times(window)[1] > now.timestamp()]
    if not ahead:
        raise NotLowered("That is over.")
    if not why:
        raise NotLowered("Say why, so that others know.")
    usual = max(capacity.usual[window.part] for window in ahead)
    if not 0 <= slots < usual:
        raise NotLowered(f"Here places are only lowered: from 0 to {usual - 1}. More are set in line.yaml.")
    return [Lowered(window, slots, who, now.timestamp(), why) for window in ahead]
