"""Silence, unused keys and circles: how whoever does not get on comes to help.

Help comes in an order, each once in a call and without being asked for: a person is rung;
where nobody can talk, a message is asked for that needs no key; and whoever says nothing
there either is told why nobody can talk, when somebody can, and at which number, and then
the call ends. Talking looks like silence here, and leads the same way.

A call goes in a circle when many keys in a row bring nothing new. Nothing that a caller can
do in turn is an exception, so every call that stays on the line ends in something got.
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

#: Keys that may bring nothing new before the line takes it for a circle. Far more than anybody needs to hear a number
#: again, or to go back; and the first two times, it only brings help.
MOST_FRUITLESS = 15


def silent(here: Here) -> Moved:
    """One more silence, which the session counts already: kinder words each time, and help before it wears anybody out.

    Somebody who has pressed nothing yet hears where the keypad is, and that nothing need be pressed. It is all that is
    said: the choices, or key 0 a third time, would take longer than most people wait, and whoever does nothing more
    comes to a person. All keys still work.
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
    """One more key that is not used here, which the session counts already."""
    here = here.at(_slipped(here.s))
    if used_up(here.script, here.s):
        return to_help(here)
    words = UnusedKeyFirst.say if here.s.wrongs == 1 else UnusedKeyAgain.say
    return _asked_again(here, words, here.s.wrongs)


def _slipped(s: Session) -> Session:
    stuck = (*(node for node in s.stuck if node != s.place.node), s.place.node)[-10:]
    return replace(s, slips=s.slips + 1, waited=0, stuck=stuck)


def _asked_again(here: Here, words: Line, count: int) -> Moved:
    """The choices again; one by one from the second time on."""
    here = here.at(reply.say(here, here.words(words)))
    if (count >= 2 or here.s.one_key) and here.place.choices(here):
        return reply.offered(here.s, 1), STAY
    return _choices_only(here), STAY


def _most_silences(here: Here) -> int:
    """The silences at a place after which help comes. Where nobody can talk, the caller has waited for help already."""
    return 1 if here.place.person_is_away and not here.s.message_offered else 2


def used_up(script: Script, s: Session) -> bool:
    """Whether so much has gone wrong, here or in this call, that the caller should be helped."""
    waiting = script.line.waiting
    return s.silences + s.wrongs >= waiting.tries_at_a_place or s.slips >= waiting.slips_in_a_call


def circling(s: Session) -> bool:
    return s.fruitless >= MOST_FRUITLESS


def heard_new(s: Session) -> Session:
    """The session with its place among those that were heard. A new one shows that the caller gets on."""
    if s.visited is None or s.place.node in s.visited:
        return s
    return replace(s, fruitless=0, visited=(*s.visited, s.place.node)[-MOST_VISITED:])


def to_help(here: Here) -> Moved:
    """The next help in order, for a caller who does not get on."""
    is_silent, circles, is_away = here.s.silences > 0, circling(here.s), here.place.person_is_away
    s = replace(here.s, slips=0, silences=0, wrongs=0, waited=0)
    here = here.at(s)
    if half_way(here.script, s, s.place):  # the number is written down, so the request is made whole for them
        return finished_for(here)
    ends = circles or (is_silent and may_hang_up(s))
    if s.got:
        return (s, Go("goodbye")) if ends else _once_more(here, is_silent)
    if s.blocked:  # nothing that is not asked for: neither is a person rung, nor a message taken
        return s, Go("told")
    was_rung = s.led and s.away  # else a key came in the words before it rang
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
    """The session without what was already told: a caller who slipped needs the choices."""
    return replace(here.s, place=here.place.choices_only(here.s.place, here.s))
