"""Readings: guidance in parts.

Each part of a reading is a separate turn, so that hash can repeat the part just heard and not the whole. The price is a
short gap between two parts in which a key may be lost; the caller then presses again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from ivr.callbacks.diary import Urgency
from ivr.places import languages, reply
from ivr.places.kinds import Speaks
from ivr.places.phrases import Phrases
from ivr.places.reply import ACCEPT_KEY, LONGEST_WAIT, PERSON_KEY
from ivr.script import END_MENU, MAIN_MENU, Script
from ivr.script.place import STAY, Go, Here, Moved, Option
from ivr.script.session import At, Input, NoInput, Session
from ivr.spoken import Speech, text_of

#: Seconds between two parts.
BETWEEN_PARTS, BETWEEN_PARTS_SLOW = 1, 2


@dataclass(frozen=True, slots=True)
class Reading(Speaks):
    """Tells one thing in up to three parts, then offers what comes next, or runs on to another place."""

    id: str
    parts: tuple[Speech, ...]
    closing: Speech
    next: Option | None
    runs_on_to: str | None
    #: The index of the part after which 'To talk to a person, press zero' is said; None for no such hint.
    hint_after: int | None
    text: str | None
    words: tuple[str, ...]
    #: The urgency of callers who ask to be rung back from here.
    urgent: Urgency

    tells_first = True

    # coming and going

    def arrive(self, here: Here) -> Moved:
        return replace(here.s, place=_with_pen(here.script, here.s.place)), STAY

    def resumed(self, at: At) -> At:
        return replace(at, part=min(at.part, len(self.parts)), offer=0)

    # what is said

    def speech(self, here: Here) -> Speech:
        s, gap = here.s, here.script.line.pace.between_choices
        part, offer = s.place.part, s.place.offer
        if s.place.pen:
            press = str(here.words(Phrases.press_or_wait)[0])
            return (
                *here.words(Phrases.pen),
                gap,
                *reply.spoken_choice(here.script, here.words(Phrases.pen_ready), press),
            )
        told: Speech = ()
        if part < len(self.parts):
            told = (*self.parts[part], *(reply.hint(here) if self.hint_after == part else ()))
        if part >= len(self.parts) - 1 and self.closing and not (offer and part >= len(self.parts)):
            told = (*told, *([gap] if told else []), *self.closing)
        if self.is_telling(s):
            return told
        if offer:
            return reply.one_choice(here, told)
        lead = () if self.next else (*here.script.nodes[END_MENU].say, gap)
        return (*told, *([gap] if told else []), *lead, *reply.every_choice(here))

    def seconds(self, here: Here) -> int:
        s = here.s
        if s.place.pen:
            return LONGEST_WAIT if s.more_time else here.script.line.waiting.silence[s.slow]
        if self.is_telling(s):
            return BETWEEN_PARTS_SLOW if s.slow else BETWEEN_PARTS
        return reply.seconds_to_wait(here)

    def is_telling(self, s: Session) -> bool:
        told = len(self.parts) if self.runs_on_to or s.one_key else len(self.parts) - 1
        return s.place.pen or s.place.part < told

    def again(self, at: At) -> At:
        return replace(at, part=min(at.part, len(self.parts) - 1), offer=0)

    def choices_only(self, at: At, s: Session) -> At:
        return at if self.is_telling(s) else At(self.id, len(self.parts))  # parts that were not heard are not skipped

    def teaches(self, here: Here) -> str:
        return Speaks.teaches(self, here) + (PERSON_KEY if self.hint_after == here.s.place.part else "")

    # what comes in

    def took(self, here: Here, event: Input) -> Moved | None:
        return self._goes_on(here) if isinstance(event, NoInput) and self.is_telling(here.s) else None

    def pressed(self, here: Here, key: str) -> Moved | None:
        s = here.s
        if not self.is_telling(s):
            return None
        if self.skips_with_any_key() or (s.place.pen and key == ACCEPT_KEY):
            return self._goes_on(here)
        return (self._to_choices(s), STAY) if s.one_key else None

    def skips_with_any_key(self) -> bool:
        """Whether a key only skips a part: it runs on to another place, whose choices the caller has not heard yet."""
        return bool(self.runs_on_to)

    def _goes_on(self, here: Here) -> Moved:
        s = here.s
        if s.place.pen:
            return replace(s, place=replace(s.place, pen=False)), STAY
        if s.place.part + 1 < len(self.parts):
            return replace(s, place=_with_pen(here.script, At(self.id, s.place.part + 1))), STAY
        return self.at_its_end(s)

    def at_its_end(self, s: Session) -> Moved:
        """After the last part: the node it runs on to, or its choices."""
        return (s, Go(self.runs_on_to)) if self.runs_on_to else (self._to_choices(s), STAY)

    def _to_choices(self, s: Session) -> Session:
        return reply.one_at_a_time(replace(s, place=At(self.id, len(self.parts))), 1)

    def choices(self, here: Here) -> tuple[Option, ...]:
        if here.s.place.pen:
            return (Option(ACCEPT_KEY, here.words(Phrases.pen_ready), ""),)
        if self.next:
            return self.next, Option("2", here.words(Phrases.more_label), END_MENU)
        return here.script.places[END_MENU].options_written()

    # what it is about

    def is_topic(self) -> bool:
        return True

    def text_name(self) -> str | None:
        return self.text

    def urgency(self) -> Urgency:
        return self.urgent

    def hard_words(self) -> tuple[str, ...]:
        return self.words

    def hard_word(self, script: Script, at: At) -> str | None:
        heard = text_of(self.parts[min(at.part, len(self.parts) - 1)]).lower()
        here = [name for name in self.words if name in script.nodes and script.nodes[name].word.lower() in heard]
        return next(iter([*here, *self.words]), None)

    def options_written(self) -> tuple[Option, ...]:
        return (self.next,) if self.next else ()

    def speeches(self) -> Iterable[Speech]:
        return (*self.parts, self.closing)


def _with_pen(script: Script, at: At) -> At:
    """The position; if its part has a phone number, the caller is first given time to find a pen."""
    return replace(at, pen=f"{at.node}.{at.part}" in script.numbers)


@dataclass(frozen=True, slots=True)
class Greeting(Reading):
    """The reading at the start of a call. Callers who go back get the first menu instead.

    The keys of the first menu already work in it.
    """

    def left(self, at: At) -> At | None:
        return At(MAIN_MENU)

    def speech(self, here: Here) -> Speech:
        """Languages are offered straight after the first part, which has the name of the line."""
        said = Reading.speech(self, here)
        offer = languages.offer(here) if here.s.place.part == 0 and not here.s.place.pen else ()
        if not offer:
            return said
        first = len(self.parts[0])
        return (*said[:first], here.script.line.pace.between_choices, *offer, *said[first:])

    def pressed(self, here: Here, key: str) -> Moved | None:
        return languages.pressed(here, key) or Reading.pressed(self, here, key)

    def choices_only(self, at: At, s: Session) -> At:
        return At(MAIN_MENU) if self.is_telling(s) else At(self.id, len(self.parts))

    def skips_with_any_key(self) -> bool:
        return False

    def at_its_end(self, s: Session) -> Moved:
        return (s, Go(MAIN_MENU, instead=True)) if self.runs_on_to else Reading.at_its_end(self, s)

    def choices(self, here: Here) -> tuple[Option, ...]:
        if here.s.place.pen:
            return Reading.choices(self, here)
        target = here.script.places.get(self.runs_on_to or MAIN_MENU)
        return target.options_written() if target else ()
