"""The trail: where star leads back to, and which places were heard."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.places.phrases import Phrases
from ivr.places.reply import one_at_a_time, say
from ivr.places.wish import half_way, withdraw
from ivr.script import GREETING, MAIN_MENU, Script
from ivr.script.place import STAY, Back, Go, Here, Moved
from ivr.script.session import MOST_HEARD, MOST_TRAIL, At, Session


def moved_to(here: Here, to: Go, *, passed: bool = False) -> Session:
    """The session after a move to another place, with its trail and its heard places updated.

    `passed`: the caller only passed through the place that is left, so star does not lead back to it.
    """
    script = here.script
    here = here.at(_heard(script, arrived_at(_left(here, to, passed=passed), At(to.to))))
    s, place = here.s, here.place
    is_offered = s.one_key and place.one_by_one and not place.tells_first and place.choices(here)
    return one_at_a_time(s, 1) if is_offered else s


def _left(here: Here, to: Go, *, passed: bool) -> Session:
    """The session with its place added to the trail, if star should lead back to it."""
    s, place, towards = here.s, here.place, here.script.places[to.to]
    if towards.ends_dialogue and place.in_dialogue:
        return _without_dialogue(here.script, s, stand_alone=False)
    if towards.begins_dialogue:  # the questions begin anew, and star must not lead into the old ones
        s = _without_dialogue(here.script, s, stand_alone=True)
        s = replace(s, trail=tuple(at for at in s.trail if at.node != to.to))
    left = place.left(s.place)
    if passed or left is None or to.instead or s.place.node == to.to:
        return s
    trail = (*s.trail, left)[-MOST_TRAIL:]
    lost = len(s.trail) + 1 - len(trail)
    return replace(s, trail=trail, left_at=max(-1, s.left_at - lost))


def _without_dialogue(script: Script, s: Session, *, stand_alone: bool) -> Session:
    """The session without steps in its trail; with `stand_alone`, steps that need no earlier answers stay."""

    def is_kept(at: At) -> bool:
        place = script.places.get(at.node)
        return place is not None and (not place.in_dialogue or (stand_alone and place.stands_alone))

    return replace(s, trail=tuple(filter(is_kept, s.trail)), left_at=-1)


def arrived_at(s: Session, place: At) -> Session:
    """The session at a place, with its counters there reset."""
    return replace(s, place=place, silences=0, wrongs=0, waited=0, interrupted=False, unsure_of="")


def back(here: Here, to: Back) -> Moved:
    """Go back one place, or to a given position of the trail. Places that this revision does not have are skipped."""
    script, s = here.script, here.s
    while s.trail and s.trail[-1].node not in script.places:
        s = replace(s, trail=s.trail[:-1])
    if not s.trail and s.place.node not in (GREETING, MAIN_MENU):  # the trail is no longer known
        return arrived_at(s, At(MAIN_MENU)), STAY
    if not s.trail:
        return say(here, here.words(Phrases.at_the_start)), STAY
    if 0 <= to.to < len(s.trail) and s.trail[to.to].node in script.places:
        return _about(script, arrived_at(replace(s, trail=s.trail[: to.to], left_at=-1), s.trail[to.to])), STAY
    before = s.trail[-1]
    # Star also withdraws a request that is not complete, even if a call is promised already. The caller is told so.
    if half_way(script, s, s.place) and not half_way(script, s, before):
        return withdraw(here, to)
    s = replace(s, trail=s.trail[:-1], left_at=min(s.left_at, len(s.trail) - 1))
    return _about(script, arrived_at(s, before)), STAY


def _about(script: Script, s: Session) -> Session:
    """The session with its topic: the reading, word or menu that the caller is at, if it has a text."""
    return replace(s, topic=s.place.node) if script.places[s.place.node].is_topic() else s


def _heard(script: Script, s: Session) -> Session:
    about = _about(script, s)
    if about.topic != s.place.node:
        return about
    return replace(about, heard=(*(h for h in s.heard if h != about.topic), about.topic)[-MOST_HEARD:])
