"""Passages: fixed words with the pauses between them. Each passage is one sound.

Twilio fetches every sound by itself, and leaves a moment between two. A menu has some thirty pieces, so what always
comes together is put together before a revision is live: a menu with its choices, a part of a reading with the number
in it, the keys that work everywhere. What only a call knows, such as a number or a day, stays in pieces. A reply is
then cut into the longest passages that there are.

A key interrupts a passage at any word, as it interrupts a short sound.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Set
from typing import Any

from ivr.places import LINES, reply
from ivr.places.entry import TakesDigits
from ivr.places.kinds import Asks
from ivr.places.nodes import Menu, Question
from ivr.places.phrases import Phrases
from ivr.places.reading import Reading
from ivr.script import END_MENU, MAIN_MENU, Script
from ivr.script.place import Here, Place
from ivr.script.session import At, Session
from ivr.spoken import Blank, Speech

#: The most sounds in one reply.
MOST_SOUNDS = 12
#: The most pieces of what only a call knows in one sound: a phone number that is said twice has 43.
MOST_IN_A_RUN = 60


class Passages:
    """Some passages, to be found in what is said."""

    def __init__(self, known: Iterable[Speech]):
        self._first: Any = {}  # a trie: from each piece to those that can follow it
        for passage in known:
            after = self._first
            for piece in passage:
                after = after.setdefault(piece, {})
            after[_END] = True

    def length(self, said: Speech, begin: int) -> int:
        """The pieces of the longest passage that begins there; 0 if none does."""
        found, after = 0, self._first
        for i in range(begin, len(said)):
            after = after.get(said[i])
            if after is None:
                break
            if _END in after:
                found = i + 1 - begin
        return found

    def cut(self, said: Speech, filled_in: Set[str]) -> list[Speech]:
        """What is said, as passages, runs of what only a call knows (`filled_in`), and single pieces between them."""
        found, begin = [], 0
        while begin < len(said):
            length = self.length(said, begin) or self._run(said, begin, filled_in)
            found.append(said[begin : begin + length])
            begin += length
        return found

    def _run(self, said: Speech, begin: int, filled_in: Set[str]) -> int:
        """The pieces of a run that begins there, with the pauses in it; 1 if none does."""
        end, has_words = begin, False
        while end < min(len(said), begin + MOST_IN_A_RUN):
            piece = said[end]
            if not (isinstance(piece, float) or piece in filled_in) or (end > begin and self.length(said, end)):
                break
            has_words = has_words or isinstance(piece, str)
            end += 1
        return end - begin if has_words else 1


#: Marks the end of a passage among the pieces that can follow.
_END: Any = object()


def passages(script: Script) -> frozenset[Speech]:
    """Every passage of a script. Another language has none: its sentences are recorded whole."""
    if script.sounds:
        return frozenset()
    found = {
        *_fixed_words(script), *_keys_everywhere(script),
        *(passage for place in script.places.values() for passage in _of_place(script, place)),
    }  # fmt: skip
    return frozenset(passage for passage in found if len(passage) > 1)


def _fixed_words(script: Script) -> Iterator[Speech]:
    """All that is written, and each phone number; what may be said first in a reply, also with the pause after it."""
    for said in (*script.every_speech(), *(value for value in script.values.values() if isinstance(value, tuple))):
        yield from _runs(said)
    closings = (place.closing for place in script.nodes.values() if isinstance(place, Reading))
    yield from ((script.line.pace.between_choices, *run) for said in closings for run in _runs(said))
    pause = script.line.pace.before_key
    backs = (option.said_back for place in script.places.values() for option in place.options_written())
    lines = (said for name, said in script.says.items() if not LINES[name].is_label)
    yield from ((*run, pause) for said in (*backs, *lines) for run in _runs(said)[-1:])


def _runs(said: Speech) -> list[Speech]:
    """The fixed words between the blanks."""
    pieces = itertools.groupby(said, lambda piece: isinstance(piece, Blank))
    return [tuple(run) for is_blank, run in pieces if not is_blank]


def _keys_everywhere(script: Script) -> Iterator[Speech]:
    """The keys that work everywhere, as they are named after the choices: any of them, in their order."""
    gap = script.line.pace.between_choices
    ways = [((), *_named(script, key)) for key in (reply.PERSON_KEY, reply.AGAIN_KEY, reply.BACK_KEY, reply.HELP_KEY)]
    for named in itertools.product(*ways):
        yield tuple(piece for choice in named if choice for piece in (gap, *choice))


def _named(script: Script, key: str) -> list[Speech]:
    """The ways to name a key: with and without its position."""
    tables = [table for table in (script.press, script.press_where) if key in table]
    return [reply.spoken_choice(script, script.speech(reply.LABELS[key]), table[key]) for table in tables]


def _of_place(script: Script, place: Place) -> Iterator[Speech]:
    """A place's own words with its choices, in each way that it can offer them."""
    gap = script.line.pace.between_choices
    if isinstance(place, TakesDigits):
        said = place.says(_here(script, place))
        yield from (said, said[len(script.speech(place.say)) :])  # what is asked may differ; how to enter it does not
        return
    for here in _ways(script, place):
        options = place.choices(here)
        if options:
            yield from ((gap, *reply.spoken_choices(script, (option,))) for option in options)
            yield (gap, *reply.spoken_choice(script, options[0].label, str(here.words(Phrases.press_or_wait)[0])))
            yield from ((*own, *reply.spoken_choices(script, options)) for own in _own(here, place))


def _own(here: Here, place: Place) -> Iterator[Speech]:
    """What is said directly before the choices, with the pause after it.

    Guidance and explanations are long, and are heard before the same choices: each is a sound by itself.
    """
    gap = here.script.line.pace.between_choices
    match place:
        case Reading():
            lead = () if place.next else here.script.nodes[END_MENU].say
            yield (gap, *lead, gap) if lead else (gap,)
        case Menu() | Question():
            yield (*place.says(here), gap)
        case Asks():
            asked = getattr(type(place), "ask", None) or getattr(type(place), "say", None)
            last = _runs(here.words(asked))[-1:] if asked else []
            yield from ((), (gap,), *((*words, gap) for words in last))
        case _:
            yield (gap,)


def _ways(script: Script, place: Place) -> Iterator[Here]:
    """Calls in which a place offers different choices: with slow speech or without, with a way back or without."""
    for slow, trail in itertools.product((False, True), ((), (At(MAIN_MENU),))):
        yield _here(script, place, slow=slow, trail=trail)


def _here(script: Script, place: Place, **session: Any) -> Here:
    return Here(script, Session("", script.revision, At(place.id), **session), dt.datetime.min)
