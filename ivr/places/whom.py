"""Whom a request is about: asked once, where it matters, when somebody asks to be rung.

A young person is then spoken to as "you", and hears of their own right. Whoever rings for somebody else is asked
whether that person agrees, and whose phone to ring. Without a yes only the caller's own phone is rung: nobody is told
by us that others have asked about them.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr.places.kinds import Asks, Pick, no, not_sure, wishing, yes
from ivr.places.wish import RingFailed, is_keyed, save_unfinished
from ivr.script.lines import Line, label
from ivr.script.place import STAY, Do, Go, Here, Moved, Transition
from ivr.script.session import CancelRequest, Done
from ivr.spoken import Speech

#: The first of these questions, and what follows them.
WHO, AFTER_WHO = "ring_who", "ring_out"


class _SavesUnfinished(Asks):
    """Saves each answer at once. The request does not count yet."""

    unfinished = True

    def picked(self, here: Here, pick: Pick) -> Moved:
        s, to = super().picked(here, pick)
        return save_unfinished(here.at(s), to)


class RingWho(_SavesUnfinished):
    """Asks whom it is about."""

    id = WHO
    ask = Line()
    child, me, other = label(), label(), label()
    own_right = Line()
    picks = (
        Pick(child, AFTER_WHO, sets={"about": "child"}),
        Pick(me, AFTER_WHO, said=own_right, sets={"about": "me"}),
        Pick(other, "ring_agreed", sets={"about": "other"}),
    )

    def arrive(self, here: Here) -> Moved:
        """Asked once in a call."""
        about = here.s.wishes.about
        return here.s, Go(RingAgreed.id if about == "other" else AFTER_WHO) if about else STAY


class RingAgreed(_SavesUnfinished):
    """Asks whether the person whom it is about knows and agrees."""

    id = "ring_agreed"
    ask, not_agreed = Line(), Line()
    picks = (
        yes("ring_whose", agreed=True),
        no(AFTER_WHO, said=not_agreed, agreed=False),
        not_sure(AFTER_WHO, said=not_agreed, agreed=False),
    )


class RingWhose(Asks):
    """Asks whose phone to ring. A number that was keyed before may be that of either."""

    id = "ring_whose"
    ask, keyed = Line(), Line()
    yours, theirs = label(), label()
    picks = (Pick(yours, AFTER_WHO, sets={"theirs": False}), Pick(theirs, "ring_number", sets={"theirs": True}))
    unfinished = True

    def says(self, here: Here) -> Speech:
        return here.words(self.keyed if is_keyed(here) else self.ask)

    def picked(self, here: Here, pick: Pick) -> Moved:
        s, to = super().picked(here, pick)
        asks_number = pick.label is self.theirs and not is_keyed(here)
        return (s, to) if asks_number else save_unfinished(here.at(s), Go(AFTER_WHO))


def instead(here: Here, then: Transition) -> Moved:
    """Save a wish for the other person's phone, and after that take back the one for the caller's own.

    So whoever hangs up in between is rung on one of them.
    """
    before = CancelRequest(here.s.wishes.request, here.s.wishes.reference)
    wish = wishing(here.at(replace(here.s, asked=here.s.asked + 1)), request="", reference="")

    def taken_back(here: Here, done: Done) -> Moved:
        return here.s, then

    return save_unfinished(wish, Do(before, taken_back, RingFailed.say) if before.reference else then)


def words_about(here: Here, child: Line, *, me: Line | None = None, other: Line) -> Line:
    """The line for whom the request is about. `child` is also for callers who were not asked."""
    about = here.s.wishes.about
    return other if about == "other" else (me or child) if about == "me" else child
