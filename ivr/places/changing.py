"""Hearing, moving and cancelling a promised call, by its call number."""

from __future__ import annotations

from msgspec.structs import replace

from ivr import dialling
from ivr.callbacks.callback import REFERENCE_DIGITS
from ivr.places import reply
from ivr.places.entry import TakesDigits, wrong
from ivr.places.kinds import Asks, Pick, got, no, not_sure, yes
from ivr.places.phrases import Phrases
from ivr.places.wish import (
    RingCancelled,
    RingFailed,
    new_wish,
    promise_as_heard,
    rung_for_others,
    with_promise,
    without_request,
)
from ivr.script import END_MENU
from ivr.script.lines import Line, Words, label
from ivr.script.place import STAY, Do, Go, Here, Moved
from ivr.script.session import CancelRequest, Done, FindRequest, MoveRequest, Wishes
from ivr.spoken import Speech


class RingReference(TakesDigits):
    """Asks for the call number. It is looked up together with the caller's number, so it works only from the phone that
    is to be rung, and only if that phone shows its number.
    """

    id = "ring_reference"
    say, hidden, not_found, away = Line(), Line(), Line(), Line()
    most = REFERENCE_DIGITS
    ends_itself = True
    for_staff = begins_dialogue = True

    def entries(self) -> tuple[str, ...]:
        """A number that no call has, and half a number. The check adds the numbers of its own simulated requests."""
        return "0000", "43"

    def arrive(self, here: Here) -> Moved:
        own = dialling.judge(here.s.caller)
        here = here.at(replace(new_wish(here).s, wishes=Wishes(number=own.e164)))
        if own.verdict == "fine":
            return here.s, STAY
        return reply.say(here, here.words(self.hidden)), Go("person")

    def entered(self, here: Here, number: str) -> Moved:
        return here.s, Do(FindRequest(here.s.wishes.number, number), _found, self.away)


def _found(here: Here, done: Done) -> Moved:
    request, wishes = done.request, here.s.wishes
    if request is None:
        return wrong(here, RingReference.not_found)
    caller = request.caller(wishes.typed)
    assert caller
    found = Wishes(
        number=wishes.number,
        request=request.id,
        reference=wishes.typed,
        when=caller.promise.when,
        window=caller.promise.window,
        due=caller.promise.due,
        urgent=caller.urgent,
        today=caller.today,
    )
    here = here.at(replace(here.s, wishes=found))
    if not request.open:
        ended = RingFound.gave_up if request.state == "gave up" else RingFound.ended
        return reply.say(here, here.words(ended)), Go("ring_back", instead=True)
    here = here.at(got(here.s, "request"))
    return reply.say(here, here.words(RingFound.tried)) if request.tries else here.s, Go("ring_found")


class RingFound(Asks):
    """Says what was promised, and offers to move or cancel it."""

    id = "ring_found"
    say, late, tried, gave_up, ended = Line("day", "window"), Line(), Line(), Line(), Line()
    move, cancel, keep = label(), label(), label()
    kept = Line()
    picks = (
        Pick(move, "ring_when", sets={"moving": True}),
        Pick(cancel, "ring_sure"),
        Pick(keep, END_MENU, said=kept),
    )
    helped_within = 7 * 60

    def says(self, here: Here) -> Speech:
        return here.words(self.late) if here.s.wishes.due <= here.now.timestamp() else with_promise(here, self.say)


class RingMoved(Words):
    """The words after a call was moved."""

    id = "ring_moved"
    say, not_now = Line("day", "window"), Line()


def move(here: Here) -> Moved:
    """Move the call to the window that is held for it."""

    def moved(here: Here, done: Done) -> Moved:
        return reply.say(here, with_promise(here, RingMoved.say)), Go(END_MENU)

    wishes = here.s.wishes
    effect = MoveRequest(wishes.request, wishes.reference, here.s.call, promise_as_heard(here))
    return here.s, Do(effect, moved, RingMoved.not_now)


class RingSure(Asks):
    """Asks for confirmation before cancelling."""

    id = "ring_sure"
    ask = Line()
    picks = (yes(END_MENU), no(END_MENU, said=RingFound.kept), not_sure(END_MENU, said=RingFound.kept))
    helped_within = 6 * 60

    def picked(self, here: Here, pick: Pick) -> Moved:
        if pick.label is not Phrases.if_yes:
            return super().picked(here, pick)
        return here.s, Do(CancelRequest(here.s.wishes.request, here.s.wishes.reference), _cancelled, RingFailed.say)


def _cancelled(here: Here, done: Done) -> Moved:
    words = RingCancelled.one if rung_for_others(done) or done.spooled else RingCancelled.say
    return reply.say(here.at(without_request(here.s, done)), here.words(words)), Go(END_MENU)
