"""What one call, one phone and one day may ask of the line, so that nobody can use it to harass strangers.

What was decided, and why:

- Nobody is kept from a person. A limit ends what the line does by itself: it rings nobody more and sends no text. Key
  0, our number and our hours are named in the words of each limit, and a message after the tone is always taken.
- A number that rang is trusted more than one that was keyed. Whoever keys a number, or hides theirs, may be anybody,
  and the phone may be a stranger's. So keyed numbers have a limit of their own in a day, and get only a share of the
  slots of each part of a day. The rest of the slots is for phones that rang.
- A caller's number can be forged, and the line cannot tell. So only a share of the slots of a later day can be promised
  until that day is near, which means one of the first two days on which somebody can be rung. However many ring today,
  whoever rings tomorrow finds slots.
- On a day on which very many real callers ring (schools are closed by snow), a low limit on phones that rang would turn
  away the families that the line is for. So only two limits apply to phones that rang: how often one phone can be asked
  for, and a total that only protects the disk, far above what a service could ring. The service gets one alert about
  such a day, and people decide: a forged flood is taken out together, real callers are rung.
- The limits of one call are counted in its session, so they hold while Redis is away. Those of a day are counted in
  Redis. While it is away they do not hold, because turning away real callers would be worse: what was asked for in
  that time stands in the list like any other request, and can be taken out with a flood.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

from ivr.callbacks.diary import Diary, Window
from ivr.line_settings import RequestLimits

#: Days that are near, counted from the first on which somebody can be rung.
NEAR_DAYS = 2


def near(diary: Diary, now: dt.datetime) -> frozenset[dt.date]:
    """The first days on which somebody can be rung. Of later days, a share of the slots is kept back."""
    days = dict.fromkeys(window.day for window in diary.windows(now))
    return frozenset(list(days)[:NEAR_DAYS])


def slots(
    windows: Collection[Window],
    each: Callable[[Window], int],
    limits: RequestLimits,
    near: Collection[dt.date],
    keyed: bool,
) -> list[int]:
    """How many slots of each window are open to this caller, those already taken included.

    `each` gives the slots of a window; `near` are the days on which none are kept back; `keyed`: whether the number to
    ring was keyed.
    """
    return [_open_to(each(window), limits, window.day in near, keyed) for window in windows]


def _open_to(slots: int, limits: RequestLimits, is_near: bool, keyed: bool) -> int:
    kept_back = 0 if is_near else slots * limits.kept_for_later_percent // 100
    return min(slots - kept_back, slots * limits.keyed_percent // 100 if keyed else slots)
