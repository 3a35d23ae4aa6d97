"""Sessions by call, each saved only over an older one.

Twilio may send a webhook twice, late, or two at once. The turn number stands before the
JSON, so Redis itself can refuse to put an older or equal turn over a newer one, in the
same trip that saves; whoever loses gets the session that won.
"""

from __future__ import annotations

from hashlib import sha1

from redis.exceptions import NoScriptError

from ivr.session import Session
from ivr.store.codec import SESSIONS, Unreadable
from ivr.store.connection import Redis, StoreDown

#: Seconds a session is kept after its last turn. A transferred call may last four hours.
KEEP_SECONDS = 6 * 60 * 60
#: Seconds that it is remembered that an adviser took a caller. As long as their call can last.
ACCEPTED_SECONDS = KEEP_SECONDS

_SAVE = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) >= tonumber(ARGV[1]) then return kept end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'EX', ARGV[3])
return false
"""

_SAVE_SHA = sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()


class Sessions:
    """What the line remembers of the calls that are going on.

    Each turn fetches its session. A copy in the process saved 5% of a turn on a quiet machine. It carried a call over
    an emptied Redis only where the same process got the next turn, so by luck; the address always does
    (`web/address.py`).
    """

    def __init__(self, redis: Redis):
        self._redis = redis

    def get(self, call: str) -> Session | None:
        """The session of a call."""
        return _read(self._redis.ask("GET", f"ivr:session:{call}"))

    def save(self, session: Session) -> Session | None:
        """Keep a session. None if it was kept; else the one at the same or a later turn that was there."""
        arguments = (1, f"ivr:session:{session.call}", session.turn, SESSIONS.encode(session), KEEP_SECONDS)
        try:
            return _read(self._redis.ask("EVALSHA", _SAVE_SHA, *arguments))
        except NoScriptError:
            return _read(self._redis.ask("EVAL", _SAVE, *arguments))

    def end(self, call: str) -> None:
        """The call is over. What it wished for is kept elsewhere."""
        self._redis.do(lambda client: client.delete(f"ivr:session:{call}"))

    def accept(self, call: str, turn: str) -> None:
        """An adviser took this caller, at the transfer that was this turn's."""
        self._redis.do(lambda client: client.set(f"ivr:accepted:{call}:{turn}", 1, ex=ACCEPTED_SECONDS))

    def accepted(self, call: str, turn: int) -> bool:
        """Whether an adviser took this caller at that transfer."""
        return bool(self._redis.do(lambda client: client.exists(f"ivr:accepted:{call}:{turn}")))


def _read(value: bytes | None) -> Session | None:
    """The session in a value. Raises StoreDown for one that cannot be read: the call goes on as if Redis were away."""
    if not value:
        return None
    try:
        return SESSIONS.decode(value[value.index(b"|") + 1 :])
    except (Unreadable, ValueError) as error:
        raise StoreDown(f"A session cannot be read: {error}") from error
