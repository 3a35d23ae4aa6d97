"""Silence, unused keys and circles: how callers who are stuck get help.

After too many errors, help comes without being asked for. What comes is decided by `to_help`, the first that applies:

1. A caller who is half-way through asking to be rung: their request is completed with careful answers.
2. One who has already got something: the choices again, and in the end goodbye.
3. One whose number is blocked: why nobody is rung, and which number to ring (`told`); then the call ends.
4. Otherwise a person is rung, once in a call, if one can be.
5. If nobody can talk: a message that needs no key, once in a call.
6. After that: why nobody can talk, when somebody can, and which number to ring (`told`); then the call ends. One who
   pressed keys hears the choices again first, for as long as `may_hang_up` says.

The line hears only keys, so a caller who talks is treated like a silent one. A call goes in a circle when many keys in
a row lead to nothing new; the caller then gets the same help as after silence. So everybody who stays on the line gets
something in the end.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr.places import reply
from ivr.places.kinds import may_hang_up
from ivr.places.person import can_ring, why_nobody
from ivr.places.phrases import NoKeyAgain, NoKeyFirst, UnusedKeyAgain, UnusedKeyFirst
from ivr.places.wish import finished_for, half_way
from ivr.script.lines import Line
from ivr.script.place import STAY, Go, Here, Moved
from ivr.script.session import MOST_VISITED, Session

#: So many keys without anything new count as a circle. Nobody needs as many to repeat a number or to go back. If
#: somebody does who has got nothing yet, the first two times only bring help: a person, and then a message.
MOST_FRUITLESS = 15


def silent(here: Here) -> Moved:
    """The answer to a silence (no-input) that is already counted in the session: the choices again, or help.

    A caller who has not pressed a key yet hears where the keypad is, and that they do not have to press one. The
    choices are not repeated: that would take longer than most people wait, and whoever keeps silent gets a person
    anyway. All keys still work.
    """
    here = here.at(_slipped(here.s))
    s = here.s
    if used_up(here) or s.silences >= _most_silences(here):
        return to_help(here)
    if s.pressed or s.got:
        return _asked_again(here, NoKeyAgain.say, s.silences)
    here = here.at(replace(_choices_only(here), waited=1))
    return reply.say(here, here.words(NoKeyFirst.say), here.words(NoKeyFirst.or_stay)), STAY


def unused(here: Here) -> Moved:
    """The answer to an unused key (no-match) that is already counted in the session."""
    here = here.at(_slipped(here.s))
    if used_up(here):
        return to_help(here)
    words = UnusedKeyFirst.say if here.s.wrongs == 1 else UnusedKeyAgain.say
    return _asked_again(here, words, here.s.wrongs)


def _slipped(s: Session) -> Session:
    stuck = (*(node for node in s.stuck if node != s.place.node), s.place.node)[-10:]
    return replace(s, slips=s.slips + 1, errors=s.errors + 1, waited=0, interrupted=False, stuck=stuck)


def _asked_again(here: Here, words: Line, count: int) -> Moved:
    """Repeat the choices; from the second time on, one by one."""
    here = here.at(reply.say(here, here.words(words)))
    if (count >= 2 or here.s.one_key) and here.place.one_by_one and here.place.choices(here):
        return reply.one_at_a_time(here.s, 1), STAY
    return _choices_only(here), STAY


def _most_silences(here: Here) -> int:
    """How many silences at a place lead to help: two. Where nobody can talk, one: the caller has waited before."""
    return 1 if here.place.person_is_away and not here.s.message_offered else 2


def used_up(here: Here) -> bool:
    """Whether there were so many errors, here or in this call, that the caller needs help."""
    s, waiting = here.s, here.script.line.waiting
    return s.silences + s.wrongs >= waiting.tries_at_a_place or s.slips >= waiting.slips_in_a_call


def circling(s: Session) -> bool:
    """Whether the call goes in a circle."""
    return s.fruitless >= MOST_FRUITLESS


def heard_new(s: Session) -> Session:
    """The session with its place marked as heard. A new place shows that the caller makes progress."""
    if s.visited is None or s.place.node in s.visited:
        return s
    return replace(s, fruitless=0, visited=(*s.visited, s.place.node)[-MOST_VISITED:])


def to_help(here: Here) -> Moved:
    """The next help in order, for a caller who is stuck."""
    is_silent, circles, is_away = here.s.silences > 0, circling(here.s), here.place.person_is_away
    s = replace(here.s, slips=0, silences=0, wrongs=0, waited=0, interrupted=False)
    here = here.at(s)
    if half_way(here.script, s, s.place):  # the number is saved, so the request is completed for them
        return finished_for(here)
    ends = circles or (is_silent and may_hang_up(s))
    if s.got:
        return (s, Go("goodbye")) if ends else _once_more(here, is_silent)
    if s.blocked:
        return s, Go("told")
    was_rung = s.rung_unasked and s.away  # `away` is empty if a key came before the phone rang
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
