"""Counts what was asked for in a day, and says when a limit is reached (`ivr/callbacks/limits.py`). Also finds and
deletes every key that is named after one phone.
"""

from __future__ import annotations

import datetime as dt

from ivr import line_settings
from ivr.hours import LONDON
from ivr.machine.keys import Keys
from ivr.script.counting import DAY_SECONDS, Asked
from ivr.script.session import Limit
from ivr.store.connection import Redis

#: The same thing asked for again (each answer saves it) is counted once, also in a call that goes on past midnight.
#: What is refused is not counted.
_TAKE = """
local ids, sums, phone = KEYS[1], KEYS[2], KEYS[3]
local id, what, keyed, seconds = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('SISMEMBER', ids, id) == 1 or redis.call('SISMEMBER', KEYS[4], id) == 1 then return '' end
local function reached(count, most) return tonumber(count or '0') >= tonumber(most) end
if phone ~= '' and reached(redis.call('GET', phone) or '0', ARGV[5]) then return 'phone' end
if keyed == '1' and reached(redis.call('HGET', sums, what .. ' keyed') or '0', ARGV[6]) then return 'all' end
if reached(redis.call('HGET', sums, what) or '0', ARGV[7]) then return 'all' end
redis.call('SADD', ids, id)
redis.call('HINCRBY', sums, what, 1)
if keyed == '1' then redis.call('HINCRBY', sums, what .. ' keyed', 1) end
if phone ~= '' then
  redis.call('SET', phone, 0, 'EX', seconds, 'NX')
  redis.call('INCR', phone)
end
redis.call('EXPIRE', ids, 2 * seconds)
redis.call('EXPIRE', sums, 2 * seconds)
return ''
"""


class LimitCounts:
    """What was asked for today."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._keys = redis, keys

    def take(self, asked: Asked, most: line_settings.Limits, now: float) -> Limit:
        """Count what is asked for, and return an empty text; or return the limit that is reached, and count nothing."""
        day = dt.datetime.fromtimestamp(now, LONDON).date()
        before = day - dt.timedelta(days=1)
        of_phone = f"ivr:{asked.what}:{self._keys.name(asked.phone)}" if asked.phone else ""
        keys = [f"ivr:limits:{day}:ids", f"ivr:limits:{day}", of_phone, f"ivr:limits:{before}:ids"]
        terms = [asked.id, asked.what, int(asked.keyed), DAY_SECONDS, most.a_phone, most.keyed_a_day, most.a_day]
        reached: Limit = self._redis.do(lambda client: client.eval(_TAKE, len(keys), *keys, *terms)).decode()
        return reached

    def counted_of(self, number: str) -> list[str]:
        """All keys with the hash of this number in their names: counters, marks of alerts, and indexes of requests."""
        name = self._keys.name(number)
        keys = [f"ivr:{what}:{name}" for what in ("phone", "earlier", "guesses", "calls_to", "texts_to", "answers_to")]
        keys += [f"ivr:alerted:{name}:{way}" for way in ("mail", "webhook")]
        return self._redis.do(lambda client: [key for key in keys if client.exists(key)])

    def forget_counted(self, number: str) -> None:
        """Delete the keys that `counted_of` finds."""
        if keys := self.counted_of(number):
            self._redis.do(lambda client: client.delete(*keys))
