"""The slots in each window: held by callers who are deciding, and promised to those who asked.

A window's slots are a sorted set of calls and requests: a held slot until it expires, a promised one without an end.
"""

from __future__ import annotations

import datetime as dt

from ivr.callbacks.callback import HOLD_SECONDS
from ivr.callbacks.capacity import overbooked
from ivr.callbacks.diary import Window
from ivr.hours import LONDON
from ivr.script.session import HoldWindow
from ivr.store import lowered
from ivr.store.connection import Client

#: Days for which the slots of a window are kept after it. They are then deleted by us: no key that a promise depends on
#: has an expiry, because a full Redis may evict keys with an expiry first.
WINDOW_DAYS = 2

#: The first key is the window that the call held before; the others are the candidates. A window in which the caller's
#: own request has a slot counts as free. `overbook`: which candidate is taken even if it is full; 0 for none.
_HOLD = """
local call, now, ends, overbook, own = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function take(key)
  redis.call('ZADD', key, ends, call)
  redis.call('PERSIST', key)
end
for i, key in ipairs(KEYS) do redis.call('ZREM', key, call) end
for i = 2, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. now)
  if redis.call('ZSCORE', KEYS[i], own) or redis.call('ZCARD', KEYS[i]) < tonumber(ARGV[4 + i]) then
    take(KEYS[i])
    return i - 1
  end
end
overbook = tonumber(overbook)
if overbook > 0 then
  take(KEYS[overbook + 1])
  return overbook
end
return 0
"""


def key(window: Window) -> str:
    """The key of a window's slots. It keeps the name of the first version, so that earlier slots still count."""
    return f"ivr:slot:{window.day.isoformat()}:{window.part}"


def hold(client: Client, effect: HoldWindow, most: list[int], now: float) -> Window | None:
    """Hold a slot in one of the effect's windows, of which each has as many as `most` says. None if all are full."""
    before = key(effect.instead_of) if effect.instead_of else "ivr:slot:none"
    keys = [before, *(key(window) for window in effect.windows)]
    last = overbooked(most) if effect.overbook else None
    full = 0 if last is None else last + 1
    terms = [effect.call, now, now + HOLD_SECONDS, full, effect.request]
    got = client.eval(_HOLD, len(keys), *keys, *terms, *most)
    return effect.windows[got - 1] if got else None


def taken(client: Client, window: Window, now: float) -> int:
    """How many slots of a window are promised, or held by callers who are still asking."""
    return int(client.zcount(key(window), now, "+inf"))


def taken_in_each(client: Client, windows: list[Window], now: float) -> dict[Window, int]:
    """How many slots of each of these windows are taken, in one round trip."""
    pipe = client.pipeline(transaction=False)
    for window in windows:
        pipe.zcount(key(window), now, "+inf")
    return dict(zip(windows, pipe.execute(), strict=True))


def kept_from(now: float) -> dt.date:
    """The first day whose slots are still kept."""
    return dt.datetime.fromtimestamp(now, LONDON).date() - dt.timedelta(days=WINDOW_DAYS)


def forget_before(client: Client, day: dt.date) -> None:
    """Delete the slots of earlier days, and the entries that lowered their number."""
    found = client.scan_iter("ivr:slot:*", count=1000)
    if old := [key for key in found if key.decode().split(":")[2] < day.isoformat()]:
        client.delete(*old)
    lowered.forget_before(client, day)
