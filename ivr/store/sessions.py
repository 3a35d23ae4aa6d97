"""Sessions by call. A session is saved only over an older turn.

Twilio may send a webhook twice, late, or two at once. The turn number is stored before the encrypted session, so that
a script in Redis can refuse to overwrite a newer or equal turn, in the same round trip, without reading the session.
The loser gets the session that won.
"""

from __future__ import annotations

import contextlib
from hashlib import sha1

from redis.exceptions import NoScriptError

from ivr.machine.keys import Keys
from ivr.script.session import Session
from ivr.store.codec import SESSIONS, Sealed, Unreadable
from ivr.store.connection import Redis, StoreDown

#: The name of sessions in their encryption, here and in the spool.
KIND = b"session"
#: Seconds a session is kept after its last turn. A transferred call may last four hours.
KEEP_SECONDS = 6 * 60 * 60
#: Seconds for which it is remembered that an adviser accepted a caller: as long as their call can last.
ACCEPTED_SECONDS = KEEP_SECONDS

_SAVE = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) >= tonumber(ARGV[1]) then return kept end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'EX', ARGV[3])
return false
"""

_SAVE_SHA = sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()


class Sessions:
    """What the line remembers of the calls under way.

    Each turn fetches its session from Redis; no process keeps a copy. A copy saved 5% of a turn on a quiet machine. If
    Redis was emptied, it helped only if the next turn came to the same process; the address of the turn always helps
    (`ivr/web/address.py`).
    """

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._codec = redis, Sealed(SESSIONS, keys, KIND)

    def get(self, call: str) -> Session | None:
        """The session of a call; None if none is stored. Raises StoreDown."""
        return self._read(self._redis.ask("GET", f"ivr:session:{call}"))

    def save(self, session: Session) -> Session | None:
        """Save a session. Returns None if it was saved; else the stored one, which is at the same or a later turn.
        Raises StoreDown.
        """
        arguments = (1, f"ivr:session:{session.call}", session.turn, self._codec.encode(session), KEEP_SECONDS)
        try:
            return self._read(self._redis.ask("EVALSHA", _SAVE_SHA, *arguments))
        except NoScriptError:
            return self._read(self._redis.ask("EVAL", _SAVE, *arguments))

    def end(self, call: str) -> None:
        """Delete the session of a call that is over. Its requests are stored elsewhere."""
        self._redis.do(lambda client: client.delete(f"ivr:session:{call}"))

    def all(self) -> list[Session]:
        """The sessions of all calls under way that can be read. Raises StoreDown if Redis fails, also half-way."""
        found = []
        for key in self._redis.do(lambda client: list(client.scan_iter("ivr:session:*", count=1000))):
            value = self._redis.ask("GET", key)
            with contextlib.suppress(StoreDown):  # this one is damaged, or encrypted with another key
                if session := self._read(value):
                    found.append(session)
        return found

    def accept(self, call: str, turn: str) -> bool:
        """Record that an adviser accepted this caller, at the transfer of this turn. False if it is recorded already.

        It may be reported twice: by a repeated webhook, or by two phones that are rung one after the other.
        """
        key = f"ivr:accepted:{call}:{turn}"
        return bool(self._redis.do(lambda client: client.set(key, 1, nx=True, ex=ACCEPTED_SECONDS)))

    def accepted(self, call: str, turn: int) -> bool:
        """Whether an adviser accepted this caller at the transfer of that turn."""
        return bool(self._redis.do(lambda client: client.exists(f"ivr:accepted:{call}:{turn}")))

    def _read(self, value: bytes | None) -> Session | None:
        """Decode a session.

        Raises StoreDown for one that cannot be read, so that the call continues as if Redis were down.
        """
        if not value:
            return None
        try:
            return self._codec.decode(value[value.index(b"|") + 1 :])
        except (Unreadable, ValueError) as error:
            raise StoreDown(f"A session cannot be read: {error}") from error
