"""The places of a call: the nodes that staff write, and the built-in steps.

Staff own the words of the steps (`config/menus/shared.yaml`). Their order is in the code, so that no edit can ring a
caller who has not agreed. To add a step, write a class with its words, and list it in `WORDED`.

    kinds.py     base classes: what most places do, and two kinds of step
    nodes.py     nodes: menus, questions, words; the settings under key 9
    reading.py   nodes: readings, and the greeting
    entry.py     keying a number
    person.py    being put through, the alternatives when nobody can talk, and the end
    door.py      the number without menus, for callers who use a text relay
    message.py   a message that needs no key
    texting.py   getting a text message about the guidance
    wish.py      what is saved of a callback request, and what is promised
    ringing.py   asking to be rung back
    whom.py      whom a request is about, and whose phone is rung
    letter.py    the date on a letter, kept with the request
    changing.py  hearing, moving and cancelling a promised call later
    languages.py    offering other languages, and switching to one
    short_dialogue.py   the short dialogue in another language: its places, which are named like the English ones
    short_questions.py  the questions of the short dialogue, from the first words to the promise
    short_words.py      the sentences of the short dialogue, and how its places say them
    taking.py    recording what the line says, from a phone of the service
    recordable.py    which prompts a person can record
    phrases.py   words of the line that belong to no place
    reply.py     what the line says at a place, and how long it waits
    passages.py  which words and pauses always come together, and so are one sound
"""

from collections.abc import Mapping

from ivr.places import (
    changing,
    door,
    entry,
    languages,
    letter,
    message,
    nodes,
    person,
    ringing,
    taking,
    texting,
    whom,
    wish,
)  # fmt: skip
from ivr.places.kinds import Step
from ivr.places.phrases import (
    MoreTime,
    NoKeyAgain,
    NoKeyFirst,
    Phrases,
    StartAgain,
    Trouble,
    UnusedKeyAgain,
    UnusedKeyFirst,
)
from ivr.script.lines import Line, Words
from ivr.script.place import Place

#: Every class with words, in the order of `config/menus/shared.yaml`.
WORDED: tuple[type[Words], ...] = (
    nodes.Slower, MoreTime, nodes.Pause, person.Person, person.StayOn, person.PersonAway, message.Message,
    texting.SendTextTo, texting.TextNumber, texting.TextCheck, texting.TextSent, texting.TextFailed, texting.TextLimit,
    ringing.RingBack, entry.RingNumber, ringing.RingCheck, whom.RingWho, whom.RingAgreed,
    whom.RingWhose, ringing.RingSchool, ringing.RingUrgent, ringing.RingWhen,
    ringing.RingMessage, ringing.RingSafe, ringing.RingNeeds, letter.LetterDate, letter.LetterCheck,
    ringing.RingDone, ringing.RingName, wish.RingFailed, wish.RingLimit, door.Door, door.DoorDone,
    changing.RingReference, changing.RingFound, changing.RingSure, changing.RingMoved, wish.RingCancelled,
    entry.NumberEntry, NoKeyFirst, NoKeyAgain, UnusedKeyFirst, UnusedKeyAgain, person.Goodbye, StartAgain, Trouble,
    person.Told, languages.Languages, languages.LanguageName,
    taking.RecordPrompt, taking.RecordWait, taking.RecordGood, taking.RecordBad,
)  # fmt: skip
_ALL: tuple[type[Words], ...] = (*WORDED, Phrases)
#: The built-in steps, by name.
STEPS: Mapping[str, Place] = {step.id: step() for step in WORDED if issubclass(step, Step)}
#: The lines of each, by name: the schema of `shared.yaml` is made from these.
STEP_WORDS: Mapping[str, tuple[Line, ...]] = {words.id: words.lines() for words in WORDED if words.lines()}
#: Every line of words that belongs to no node, by its id.
LINES: Mapping[str, Line] = {line.id: line for words in _ALL for line in words.lines()}
#: The names of the settings that choices under key 9 can lead to. They return to where the caller came from.
SETTINGS = frozenset({*nodes.SETTERS, nodes.Pause.id})
#: The steps that staff's choices may lead to. The order of the others is fixed, so that no edit can ring a caller who
#: has not agreed.
FOR_STAFF = frozenset({*SETTINGS, *(name for name, place in STEPS.items() if place.for_staff)})

__all__ = ["FOR_STAFF", "LINES", "SETTINGS", "STEPS", "STEP_WORDS", "WORDED", "Phrases"]
