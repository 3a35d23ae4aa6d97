"""The places of a call: those that staff write, and those that every line has.

Staff own the words of the latter (`config/menus/shared.yaml`); their order is here, so
that no edit can ring a caller who did not agree to it. A new place is a class with its
words, and its name in `WORDED`.

    kinds.py     what most places do, and the kinds of step
    nodes.py     what staff write: menus, questions, words; the settings under key 9
    reading.py   what staff write: readings, and the greeting
    entry.py     keying a number
    person.py    being put through, what there is when nobody can talk, and the end
    message.py   a message that needs no key
    texting.py   a text message about what was heard
    wish.py      what is written down of being rung back, and what is promised
    ringing.py   asking to be rung back
    changing.py  hearing, moving and cancelling such a call later
"""

from collections.abc import Mapping

from ivr.phrases import (
    MoreTime,
    NoKeyAgain,
    NoKeyFirst,
    Phrases,
    StartAgain,
    Trouble,
    UnusedKeyAgain,
    UnusedKeyFirst,
)
from ivr.places import changing, entry, message, nodes, person, ringing, texting, wish
from ivr.places.kinds import Step
from ivr.script import Line, Place, Words

#: What has words of its own, in the order of `config/menus/shared.yaml`.
WORDED: tuple[type[Words], ...] = (
    nodes.Slower, MoreTime, nodes.Pause, person.Person, person.StayOn, person.PersonAway, message.Message,
    texting.SendTextTo, texting.TextNumber, texting.TextCheck, texting.TextSent, texting.TextFailed,
    ringing.RingBack, entry.RingNumber, ringing.RingCheck, ringing.RingOut, ringing.RingUrgent, ringing.RingWhen,
    ringing.RingMessage, ringing.RingSafe, ringing.RingNeeds, ringing.RingDone, ringing.RingName, wish.RingFailed,
    changing.RingReference, changing.RingFound, changing.RingSure, changing.RingMoved, wish.RingCancelled,
    entry.NumberEntry, NoKeyFirst, NoKeyAgain, UnusedKeyFirst, UnusedKeyAgain, person.Goodbye, StartAgain, Trouble,
    person.Told,
)  # fmt: skip
_ALL: tuple[type[Words], ...] = (*WORDED, Phrases)
#: The places that every line has, by name.
STEPS: Mapping[str, Place] = {step.id: step() for step in WORDED if issubclass(step, Step)}
#: The words of each, by name: the file in which staff write them has this shape.
STEP_WORDS: Mapping[str, tuple[Line, ...]] = {words.id: words.lines() for words in WORDED if words.lines()}
#: Every line that belongs to no node, by its id.
LINES: Mapping[str, Line] = {line.id: line for words in _ALL for line in words.lines()}
#: The settings that a choice under key 9 can lead to. They return to where the caller was.
SETTINGS = frozenset({*nodes.SETTINGS, nodes.Pause.id})
#: Where a choice of staff's may lead besides nodes. The order of the other places is fixed, so that no edit can lead
#: to a call that the caller did not agree to.
FOR_STAFF = frozenset({*SETTINGS, *(name for name, place in STEPS.items() if place.for_staff)})

__all__ = ["FOR_STAFF", "LINES", "SETTINGS", "STEPS", "STEP_WORDS", "WORDED", "Phrases"]
