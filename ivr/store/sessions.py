"""Sessions by call. A session is saved only over an older turn.

Twilio may send a webhook twice, late, or two at once. The turn number is stored before the JSON, so that a script in
Redis can refuse to overwrite a newer or equal turn, in the same round trip. The loser gets the session that won.
"""

from __future__ import annotations

import contextlib
import time
from hashlib import sha1

from redis.exceptions import NoScriptError

from ivr.session import Session
from ivr.store.codec import SESSIONS, Unreadable
from ivr.store.connection import Redis, StoreDown

#: Seconds a session is kept after its last turn. A transferred call may last four hours.
KEEP_SECONDS = 6 * 60 * 60
#: Seconds for which it is remembered that an adviser accepted a caller: as long as their call can last.
ACCEPTED_SECONDS = KEEP_SECONDS

#: Sessions a worker remembers by itself: more calls than one machine holds at a time.
MOST_OWN = 10_000
#: Seconds it does. Its next turn comes sooner, or the call is over, or is another worker's.
OWN_SECONDS = 15 * 60

_SAVE = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) >= tonumber(ARGV[1]) then return kept end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'EX', ARGV[3])
return false
"""

_SAVE_SHA = sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()


class Sessions:
    """What the line remembers of the calls that are going on.

    A worker also remembers the sessions it saved itself. One of them at the turn that a
    webhook asks for is the one in Redis, since there is only ever one session at a turn;
    and if Redis has a later one, saving finds out. So most turns need a single trip, which saves 5 to 14% of a
    turn (`scripts/bench speed --parts`).
    """

    def __init__(self, redis: Redis):
        self._redis = redis
        #: What was saved here and when, the longest ago first.
        self._own: dict[str, tuple[float, Session]] = {}

    def get(self, call: str, turn: int = -1) -> Session | None:
        """The session of a call. `turn` is the one that it should be at, if that is known."""
        _, own = self._own.get(call, (0.0, None))
        if own is not None and own.turn == turn:
            return own
        return _read(self._redis.ask("GET", f"ivr:session:{call}"))

    def save(self, session: Session) -> Session | None:
        """Keep a session. None if it was kept; else the one at the same or a later turn that was there."""
        arguments = (1, f"ivr:session:{session.call}", session.turn, SESSIONS.encode(session), KEEP_SECONDS)
        try:
            there = _read(self._redis.ask("EVALSHA", _SAVE_SHA, *arguments))
        except NoScriptError:
            there = _read(self._redis.ask("EVAL", _SAVE, *arguments))
        if there is None:
            self._remember(session)
        return there

    def _remember(self, session: Session) -> None:
        now = time.monotonic()
        self._own.pop(session.call, None)  # so that it comes last again
        self._own[session.call] = now, session
        with contextlib.suppress(KeyError, RuntimeError, StopIteration):  # another thread was quicker
            while len(self._own) > MOST_OWN or next(iter(self._own.values()))[0] + OWN_SECONDS < now:
                del self._own[next(iter(self._own))]

    def end(self, call: str) -> None:
        """Delete the session of a call that is over. Its requests are stored elsewhere."""
        self._own.pop(call, None)
        self._redis.do(lambda client: client.delete(f"ivr:session:{call}"))

    def of_caller(self, number: str) -> list[str]:
        """The calls under way of a phone, E.164."""
        found = []
        for key in self._redis.do(lambda client: list(client.scan_iter("ivr:session:*", count=1000))):
            with contextlib.suppress(StoreDown):  # one that cannot be read is nobody's any more
                session = _read(self._redis.ask("GET", key))
                if session and number in (session.caller, session.wishes.number, session.keyed):
                    found.append(session.call)
        return found

    def accept(self, call: str, turn: str) -> None:
        """Record that an adviser accepted this caller, at the transfer of this turn."""
        self._redis.do(lambda client: client.set(f"ivr:accepted:{call}:{turn}", 1, ex=ACCEPTED_SECONDS))

    def accepted(self, call: str, turn: int) -> bool:
        """Whether an adviser accepted this caller at the transfer of that turn."""
        return bool(self._redis.do(lambda client: client.exists(f"ivr:accepted:{call}:{turn}")))


def _read(value: bytes | None) -> Session | None:
    """Decode a session.

    Raises StoreDown for one that cannot be read, so that the call continues as if Redis were down.
    """
    if not value:
        return None
    try:
        return SESSIONS.decode(value[value.index(b"|") + 1 :])
    except (Unreadable, ValueError) as error:
        raise StoreDown(f"A session cannot be read: {error}") from error
