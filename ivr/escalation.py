"""Silence, unused keys and circles: how whoever does not get on comes to help.

Help comes in an order, each once in a call and without being asked for: a person is rung;
where nobody can talk, a message is asked for that needs no key; and whoever says nothing
there either is told why nobody can talk, when somebody can, and at which number, and then
the call ends. Talking looks like silence here, and leads the same way.

A call goes in a circle when many keys in a row bring nothing new. Nothing that a caller can
do in turn is an exception, so every call that stays on the line ends in something got.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr import reply
from ivr.script import GREETING, MAIN_MENU, Reading, Script
from ivr.session import MOST_VISITED, At, Session
from ivr.spoken import Speech
from ivr.steps import STAY, can_ring, finished_for, half_way, why_nobody
from ivr.steps.kinds import Moved, may_hang_up, said

#: Keys that may bring nothing new before the line takes it for a circle. Far more than anybody needs to hear a number
#: again, or to go back; and the first two times, it only brings help.
MOST_FRUITLESS = 15


def slipped(script: Script, s: Session, kind: str, count: int, now: dt.datetime) -> Moved:
    """A silence or an unused key: kinder words each time, and help before it wears anybody out."""
    s = replace(s, slips=s.slips + 1, waited=0, stuck=(*(p for p in s.stuck if p != s.place.node), s.place.node)[-10:])
    if used_up(script, s) or (kind == "no_key" and count >= most_silences(s)):
        return to_help(script, s, now)
    if kind == "no_key" and not (s.pressed or s.got):
        return said(script, replace(s, place=_choices_only(script, s), waited=1), *_hint(script)), STAY
    s = said(script, s, script.says["no_key_2.say" if kind == "no_key" else f"unused_key_{min(count, 2)}.say"])
    if (count >= 2 or s.one_key) and reply.crossroads(script, s):
        return offered(s, 1), STAY
    return replace(s, place=_choices_only(script, s)), STAY


def offered(s: Session, offer: int) -> Session:
    """The choices one by one, where that is wanted: after two slips, or with only key 1 in use."""
    if offer == 1 and not s.one_key and max(s.silences, s.wrongs) < 2:
        return s
    return replace(s, place=replace(s.place, offer=offer))


def most_silences(s: Session) -> int:
    """The silences at a place after which help comes. Where nobody can talk, the caller has waited for help already."""
    return 1 if s.place.node == "person_away" and not s.message_offered else 2


def _hint(script: Script) -> tuple[Speech, ...]:
    """For somebody who has pressed nothing yet: where the keypad is, and that nothing need be pressed.

    It is all that is said: the choices, or key 0 a third time, would take longer than most people wait, and whoever
    does nothing more comes to a person. All keys still work.
    """
    return script.says["no_key_1.say"], script.says["no_key_1.or_stay"]


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


def to_help(script: Script, s: Session, now: dt.datetime) -> Moved:
    """The next help in order, for a caller who does not get on."""
    silent, circles = s.silences > 0, circling(s)
    s = replace(s, slips=0, silences=0, wrongs=0, waited=0)
    if s.place.node == "ring_hold":  # every time of the day that they choose is full
        s = replace(s, place=At("ring_when"))
    if half_way(s, s.place):  # the number is written down, so the request is made whole for them
        return finished_for(s)
    ends = circles or (silent and may_hang_up(s))
    if s.got:
        return (s, "goodbye") if ends else _once_more(script, s, silent)
    if s.blocked:  # nothing that is not asked for: neither is a person rung, nor a message taken
        return s, "told"
    was_rung = s.led and s.away  # else a key came in the words before it rang
    if not was_rung and s.place.node != "person_away" and can_ring(script, s, now):
        return replace(s, fruitless=0), "stay_on"
    if not s.message_offered:
        why = () if s.place.node == "person_away" else why_nobody(script, s, now)
        return said(script, replace(s, fruitless=0), why), "message"
    return (s, "told") if ends else _once_more(script, s, silent)


def _once_more(script: Script, s: Session, silent: bool) -> Moved:
    words = "no_key_2.say" if silent else "unused_key_2.say"
    return said(script, replace(s, place=_choices_only(script, s)), script.says[words]), STAY


def _choices_only(script: Script, s: Session) -> At:
    """The place without what was already told: a caller who slipped needs the choices."""
    node = script.nodes.get(s.place.node)
    if isinstance(node, Reading) and reply.in_parts(script, s):
        return At(MAIN_MENU) if node.id == GREETING else s.place  # what was not heard is not skipped
    if isinstance(node, Reading):
        return At(node.id, len(node.parts))
    return replace(s.place, part=1, offer=0) if s.place.node == "person_away" else s.place
