"""Silence, unused keys and circles: how callers who are stuck get help.

Help comes without being asked for, in this order, each once in a call: a person is rung; if nobody can talk, the caller
can leave a message without pressing a key; if they leave none, they hear why nobody can talk, when somebody can, and
which number to ring, and then the call ends. To the line, talking looks like silence, and leads the same way.

A call goes in a circle when many keys in a row lead to nothing new. There are no exceptions, so every caller who stays
on the line gets something in the end.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr import reply
from ivr.phrases import NoKeyAgain, NoKeyFirst, UnusedKeyAgain, UnusedKeyFirst
from ivr.places.kinds import may_hang_up
from ivr.places.person import can_ring, why_nobody
from ivr.places.wish import finished_for, half_way
from ivr.script import STAY, Go, Here, Line, Moved, Script
from ivr.session import MOST_VISITED, Session

#: So many keys without anything new count as a circle. That is far more than anybody needs to repeat a number or to go
#: back; and the first two times, the only consequence is help.
MOST_FRUITLESS = 15


def silent(here: Here) -> Moved:
    """Another silence (no-input), already counted in the session: kinder words each time, and help before anybody
    tires.

    A caller who has not pressed a key yet hears where the keypad is, and that they do not have to press. Nothing else
    is said: the choices, or key 0 a third time, would take longer than most people wait, and a caller who keeps silent
    gets a person anyway. All keys still work.
    """
    here = here.at(_slipped(here.s))
    s = here.s
    if used_up(here.script, s) or s.silences >= _most_silences(here):
        return to_help(here)
    if s.pressed or s.got:
        return _asked_again(here, NoKeyAgain.say, s.silences)
    here = here.at(replace(_choices_only(here), waited=1))
    return reply.say(here, here.words(NoKeyFirst.say), here.words(NoKeyFirst.or_stay)), STAY


def unused(here: Here) -> Moved:
    """Another unused key (no-match), already counted in the session."""
    here = here.at(_slipped(here.s))
    if used_up(here.script, here.s):
        return to_help(here)
    words = UnusedKeyFirst.say if here.s.wrongs == 1 else UnusedKeyAgain.say
    return _asked_again(here, words, here.s.wrongs)


def _slipped(s: Session) -> Session:
    stuck = (*(node for node in s.stuck if node != s.place.node), s.place.node)[-10:]
    return replace(s, slips=s.slips + 1, waited=0, stuck=stuck)


def _asked_again(here: Here, words: Line, count: int) -> Moved:
    """Repeat the choices; from the second time on, one by one."""
    here = here.at(reply.say(here, here.words(words)))
    if (count >= 2 or here.s.one_key) and here.place.choices(here):
        return reply.offered(here.s, 1), STAY
    return _choices_only(here), STAY


def _most_silences(here: Here) -> int:
    """After this many silences at a place, help comes. If nobody can talk, the caller has already waited for help."""
    return 1 if here.place.person_is_away and not here.s.message_offered else 2


def used_up(script: Script, s: Session) -> bool:
    """Whether there were so many errors, here or in this call, that the caller needs help."""
    waiting = script.line.waiting
    return s.silences + s.wrongs >= waiting.tries_at_a_place or s.slips >= waiting.slips_in_a_call


def circling(s: Session) -> bool:
    return s.fruitless >= MOST_FRUITLESS


def heard_new(s: Session) -> Session:
    """The session with its place marked as heard. A new place shows that the caller makes progress."""
    if s.visited is None or s.place.node in s.visited:
        return s
    return replace(s, fruitless=0, visited=(*s.visited, s.place.node)[-MOST_VISITED:])


def to_help(here: Here) -> Moved:
    """The next help in order, for a caller who is stuck."""
    is_silent, circles, is_away = here.s.silences > 0, circling(here.s), here.place.person_is_away
    s = replace(here.s, slips=0, silences=0, wrongs=0, waited=0)
    here = here.at(s)
    if half_way(here.script, s, s.place):  # the number is saved, so the request is completed for them
        return finished_for(here)
    ends = circles or (is_silent and may_hang_up(s))
    if s.got:
        return (s, Go("goodbye")) if ends else _once_more(here, is_silent)
    if s.blocked:  # a blocked phone gets nothing unasked: no person is rung, and no message taken
        return s, Go("told")
    was_rung = s.led and s.away  # otherwise a key came during the words before the ringing
    if not was_rung and not is_away and can_ring(here):
        return replace(s, fruitless=0), Go("stay_on")
    if not s.message_offered:
        why = () if is_away else why_nobody(here)
        return reply.say(here.at(replace(s, fruitless=0)), why), Go("message")
    return (s, Go("told")) if ends else _once_more(here, is_silent)


def _once_more(here: Here, is_silent: bool) -> Moved:
    here = here.at(_choices_only(here))
    return reply.say(here, here.words(NoKeyAgain.say if is_silent else UnusedKeyAgain.say)), STAY


def _choices_only(here: Here) -> Session:
    """The session at its choices, without what was already said: after an error, a caller needs the choices."""
    return replace(here.s, place=here.place.choices_only(here.s.place, here.s))
