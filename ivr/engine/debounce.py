"""Keys that were meant for an earlier reply, or not at all, and so are ignored."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.places.reply import AGAIN_KEY, UNIVERSAL
from ivr.script import Script
from ivr.script.place import Here
from ivr.script.session import Session

#: Seconds in which two kinds of key are ignored: the same key again, because a trembling hand presses twice; and any
#: key just after the call came to a new place, because nobody answers a question that they have not begun to hear. Keys
#: that work everywhere are only ignored when repeated. Twilio does not keep keys for a later reply, and does not listen
#: during the pause after a key (`twiml`). So a key that arrives here was pressed during this reply.
DEBOUNCE_SECONDS = 1.2
#: Seconds. Hash, or the last digit again, still belongs to the number if it comes this soon after a number that was
#: complete without hash.
LATE_SECONDS = 4.0


def is_late(script: Script, s: Session, keys: str, at: float) -> bool:
    """Whether a key at this time (POSIX seconds) was meant for the previous reply, or was not meant at all."""
    if keys == s.key and 0 <= at - s.key_at < DEBOUNCE_SECONDS:
        return True
    if 0 <= at - s.number_ended_at < LATE_SECONDS and keys in (AGAIN_KEY, s.key):
        return True
    too_soon = 0 <= at - s.arrived < DEBOUNCE_SECONDS
    return too_soon and len(keys) == 1 and keys not in UNIVERSAL and script.places[s.place.node].most == 1


def dropped(here: Here, keys: str) -> Session:
    """The session after a key that is ignored. The reply is repeated, because the key interrupted it.

    `key_at` stays the time of the press that counted: whoever presses a third time, after the debounce time, means it.
    During a longer wait only its words are repeated (`lead`). If these are not known, because the session was lost, the
    place speaks again, so that the line is not silent.
    """
    s = here.s
    place = here.place.interrupted_by_hash(s.place) if keys == AGAIN_KEY else s.place
    return replace(
        s, turn=s.turn + 1, waited=s.waited if s.lead else 0, interrupted=s.interrupted and bool(s.lead), place=place
    )
