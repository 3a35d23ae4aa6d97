"""Sessions by call, each saved only over an older one.

Twilio may send a webhook twice, late, or two at once. The turn number stands before the
JSON, so Redis itself can refuse to put an older or equal turn over a newer one, in the
same trip that saves; whoever loses gets the session that won.
"""

from __future__ import annotations

from hashlib import sha1

import msgspec
import redis

from ivr.session import Session
from ivr.store.connection import Redis

#: Seconds a session is kept after its last turn. A transferred call may last four hours.
KEEP_SECONDS = 6 * 60 * 60
#: Seconds a revision counts a call as its own. As long as its session can live.
ACCEPTED_SECONDS = KEEP_SECONDS

_SAVE = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) >= tonumber(ARGV[1]) then return kept end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'EX', ARGV[3])
return false
"""

_SAVE_SHA = sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Session)


class Sessions:
    """What the line remembers of the calls that are going on."""

    def __init__(self, redis_: Redis):
        self._redis = redis_

    def get(self, call: str) -> Session | None:
        return _read(self._redis.ask("GET", f"ivr:session:{call}"))

    def save(self, session: Session) -> Session | None:
        """Keep a session. None if it was kept; else the one at the same or a later turn that was there."""
        arguments = (1, f"ivr:session:{session.call}", session.turn, _encoder.encode(session), KEEP_SECONDS)
        try:
            return _read(self._redis.ask("EVALSHA", _SAVE_SHA, *arguments))
        except redis.exceptions.NoScriptError:
            return _read(self._redis.ask("EVAL", _SAVE, *arguments))

    def end(self, call: str) -> None:
        """The call is over. What it wished for is kept elsewhere."""
        self._redis.do(lambda client: client.delete(f"ivr:session:{call}"))

    def accept(self, call: str) -> None:
        """An adviser took this caller."""
        self._redis.do(lambda client: client.set(f"ivr:accepted:{call}", 1, ex=ACCEPTED_SECONDS))

    def accepted(self, call: str) -> bool:
        return bool(self._redis.do(lambda client: client.getdel(f"ivr:accepted:{call}")))


def _read(value: bytes | None) -> Session | None:
    return _decoder.decode(value[value.index(b"|") + 1 :]) if value else None
