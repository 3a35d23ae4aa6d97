"""Asking to be rung in one's own language: a short dialogue beside the English line.

A language has a script of its own (`languages.py` compiles it), and these are its places. They have the names of the
English places whose part they play, so the engine runs them without knowing the language: `greeting` says what this is
and asks whether to ring, `help_settings` leads back to English, `person_away` is where nobody can talk.

`short_questions` asks for the call, and `short_words` has the sentences. This module has the rest: where a caller is
left, a person, where nobody can talk, and the ways out.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.places import person, reply
from ivr.places.kinds import HandsOver, phone, wishing
from ivr.places.message import Message
from ivr.places.short_questions import (
    ShortCheck,
    ShortDone,
    ShortGreeting,
    ShortMenu,
    ShortMessage,
    ShortNumber,
    ShortUrgent,
    ShortWhen,
)
from ivr.places.short_words import ShortLeave, ShortStep, ShortWords, with_pauses
from ivr.places.wish import finished_for, half_way, new_wish, own_number, save_counting
from ivr.script import END_MENU, HELP, MAIN_MENU, Script
from ivr.script.place import STAY, Go, Here, Moved, Place
from ivr.script.session import Action, At, HangUp
from ivr.spoken import Speech


class ShortEnd(ShortLeave):
    """The last place, for a caller who has what they came for or wants no call: our number, and the key to a person."""

    id = END_MENU
    stands_alone = ends_dialogue = True
    in_dialogue = False

    def arrive(self, here: Here) -> Moved:
        """Whoever asked for a call and could not get one is put through, if somebody is there."""
        if here.s.got or here.s.wishes.urgent is None:
            return here.s, STAY
        return here.s, Go("person" if person.can_ring(here) else "told")

    def sentences(self, here: Here) -> tuple[Speech, ...]:
        return () if "request" in here.s.got else (_our_number(here.script),)


def _our_number(script: Script) -> Speech:
    line = script.line
    number = phone(script, dialling.international(line.phones[line.transfer.numbers[0]]))
    return spoken.fill(script.speech(ShortWords.our_number), {"digits": number})


def when_a_turn_fails(script: Script) -> tuple[Speech, Speech]:
    """What is said before a person is rung because a turn failed, and after nobody answered."""
    gap = script.line.pace.between_choices
    return script.speech(ShortWords.through), (*_our_number(script), gap, *script.speech(ShortWords.goodbye))


# --- a person, and where nobody can talk ---------------------------------------------------------------


class ShortAway(ShortStep):
    """Says that nobody can talk, and saves a request to ring this phone, or one whose number is asked for.

    The promise is said only after the request is saved.
    """

    id = "person_away"
    stands_alone = person_is_away = True

    def arrive(self, here: Here) -> Moved:
        s = here.s
        if "request" in s.got:
            promise = here.words(ShortWords.ring_back) if s.wishes.reference and s.wishes.number else ()
            return reply.say(here, here.words(ShortWords.nobody), promise), Go(ShortEnd.id)
        if half_way(here.script, s, *s.trail, s.place) and s.wishes.urgent is None:
            return finished_for(here.at(reply.say(here, here.words(ShortWords.nobody))))
        here = here.at(reply.say(here, here.words(ShortWords.nobody)))
        return _rung_anyway(here) if own_number(here) else (here.s, Go(ShortNumber.id))


def _rung_anyway(here: Here) -> Moved:
    """A request for the phone that rings, with the careful answers."""
    return save_counting(wishing(new_wish(here), number=own_number(here), urgent=True), Go(ShortDone.id))


class ShortStayOn(ShortStep):
    """For a caller who presses nothing, or only wrong keys: we ring them, whatever they could not answer."""

    id = person.StayOn.id

    def arrive(self, here: Here) -> Moved:
        here = here.at(replace(here.s, rung_unasked=True))
        return _rung_anyway(here) if own_number(here) else (here.s, Go(Message.id))


class ShortLeaveMessage(Message):
    """Asks a caller with a hidden number for a message. The others are rung without one."""

    one_by_one = False
    comes_unasked = False

    def arrive(self, here: Here) -> Moved:
        if own_number(here) and not here.s.blocked:
            return _rung_anyway(here.at(replace(here.s, message_offered=True)))
        return super().arrive(here)

    def says(self, here: Here) -> Speech:
        return with_pauses(here, here.words(ShortWords.private), here.words(ShortWords.message))


# --- the ways out -----------------------------------------------------------------------------------


class _Ends(HandsOver):
    stands_alone = True

    def action(self, here: Here) -> Action:
        return HangUp()


class ShortTold(_Ends):
    """The least that any caller gets: our number."""

    id = "told"

    def says(self, here: Here) -> Speech:
        return with_pauses(here, _our_number(here.script), here.words(ShortWords.goodbye))


class ShortGoodbye(_Ends):
    id = "goodbye"

    def says(self, here: Here) -> Speech:
        return here.words(ShortWords.goodbye)


class ToEnglish(ShortStep):
    """Key 9: the English line."""

    id = HELP
    stands_alone = True

    def arrive(self, here: Here) -> Moved:
        s = replace(here.s, language="en", trail=(), left_at=-1, topic="", lead=(), place=At(MAIN_MENU))
        return s, Go(MAIN_MENU)


_PLACES = (
    ShortGreeting, ShortMenu, ShortNumber, ShortCheck, ShortUrgent, ShortWhen, ShortMessage, ShortDone, ShortEnd,
    person.Person, ShortAway, ShortStayOn, ShortLeaveMessage, ShortTold, ShortGoodbye, ToEnglish,
)  # fmt: skip
#: The places of a language, by name.
STEPS: Mapping[str, Place] = {place.id: place() for place in _PLACES}
