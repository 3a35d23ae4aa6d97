"""The door without menus: a second number, for callers who use a text relay, and for whoever cannot follow a menu.

A person rings at once. Where nobody can talk, one question is left: whether to ring back. A relay's operator can type
all that is said here within a minute, and the line waits as long as for callers who asked for more time. Nothing else
is asked, so the careful answers apply: the request is urgent, no message is left, and nobody is told who rings.
"""

from __future__ import annotations

from ivr.places.kinds import Asks, Pick, no, wishing, yes
from ivr.places.phrases import Phrases
from ivr.places.ringing import RingDone
from ivr.places.wish import new_wish, own_number, save_counting, with_promise
from ivr.script import END_MENU
from ivr.script.lines import Line
from ivr.script.place import Go, Here, Moved
from ivr.spoken import Speech


class Door(Asks):
    """Asks whether to ring back, after nobody could talk."""

    id = "door"
    say, ask = Line(), Line()
    picks = (yes("door_done"), no(END_MENU))
    stands_alone = True

    def picked(self, here: Here, pick: Pick) -> Moved:
        if pick.label is not Phrases.if_yes:
            return super().picked(here, pick)
        if not (number := own_number(here)):  # the number is hidden, so it is asked for
            return here.s, Go("ring_back")
        return save_counting(wishing(new_wish(here), number=number, urgent=True, needs=("relay",)), Go("door_done"))


class DoorDone(Asks):
    """The promise, in as few words as there are. Whoever stays on the line can go on."""

    id = "door_done"
    bye = Line()
    picks = (Pick(RingDone.go_on, END_MENU),)

    def says(self, here: Here) -> Speech:
        return (*with_promise(here, RingDone.by), *here.words(self.bye))
