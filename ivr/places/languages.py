"""Offering other languages in the English call, and switching to the short dialogue in one of them.

Each language that is switched on is offered after the name of the line, in its own words: the first on keys of their
own, the others behind key 8. Their keys work wherever those of the first menu do. A caller who speaks none of them
presses 8 and says the name of their language; this is saved as a callback request.
"""

from __future__ import annotations

from msgspec.structs import replace

from ivr import dialling
from ivr.places import reply
from ivr.places.kinds import HandsOver, Step, wishing
from ivr.places.ringing import SLOW_SILENCE_SECONDS
from ivr.places.wish import new_wish, own_number, save_counting, with_promise
from ivr.script import END_MENU, GREETING, Tongue
from ivr.script.lines import Line, label
from ivr.script.place import BACK, Go, Here, Moved, Option
from ivr.script.session import Action, At, Record, Recorded, Session, TransferEnded
from ivr.spoken import Speech

#: The key for every other language; and the language of a request until an adviser knows which it is.
OTHERS_KEY, UNKNOWN = "8", "another language"


class Languages(Step):
    """Offers each language that has no key of its own; and, as the last choice, to say the name of another."""

    id = "languages"
    draft = Line()
    another, to_english = label(), label()
    whisper = Line("language")
    one_by_one = False
    stands_alone = True

    def speech(self, here: Here) -> Speech:
        gap = here.script.line.pace.between_choices
        others = [piece for tongue in others_of(here) for piece in (*tongue.choose, gap)]
        return (*others, *_another(here))

    def choices(self, here: Here) -> tuple[Option, ...]:
        if not here.script.tongues:  # nobody is led here then
            return ()
        named = tuple(Option(tongue.keys[-1], tongue.choose, tongue.tag) for tongue in others_of(here))
        return (*named, Option(OTHERS_KEY, here.words(self.another), "language_name"))

    def chosen(self, here: Here, option: Option) -> Moved:
        tongue = here.script.tongue(option.goto)
        return switched(here, tongue) if tongue else (here.s, Go(option.goto))


class LanguageName(HandsOver):
    """Records the name of a language that the line does not speak, and saves a request to ring the caller."""

    id = "language_name"
    say, nothing = Line(), Line()
    thanks, thanks_hidden = Line("day"), Line("day")
    takes = Recorded
    one_by_one = False

    def says(self, here: Here) -> Speech:
        return here.words(self.say)

    def action(self, here: Here) -> Action:
        s = new_wish(here).s
        return Record(here.script.line.ring_back.message_seconds, SLOW_SILENCE_SECONDS, f"{s.call}-{s.asked}")

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        assert isinstance(event, Recorded)
        if not event.seconds:
            return (here.s, Go("person")) if event.key == "0" else (reply.say(here, here.words(self.nothing)), BACK)
        number = own_number(here)
        here = wishing(new_wish(here), number=number, urgent=True, language=UNKNOWN)
        line = self.thanks if number else self.thanks_hidden
        then = Go("person" if event.key == "0" else END_MENU)
        return save_counting(here, then, says=lambda here: with_promise(here, line))


# --- where they are offered -------------------------------------------------------------------------


def offered(here: Here) -> tuple[Tongue, ...]:
    """The languages that this caller is offered: drafts are for test phones alone."""
    return tuple(tongue for tongue in here.script.tongues if tongue.is_live or here.s.drafts)


def others_of(here: Here) -> tuple[Tongue, ...]:
    """The offered languages that are behind the key for other languages."""
    return tuple(tongue for tongue in offered(here) if tongue.keys[0] == OTHERS_KEY)


def offer(here: Here) -> Speech:
    """What is said of languages after the name of the line; nothing where none is offered."""
    gap = here.script.line.pace.before_key
    found = offered(here)
    if not found:
        return ()
    warning = () if all(tongue.is_live for tongue in found) else here.words(Languages.draft)
    named = [piece for tongue in found if tongue.keys[0] != OTHERS_KEY for piece in (*tongue.choose, gap)]
    others = [piece for tongue in others_of(here) for piece in (*tongue.name, gap)]
    return (*warning, *named, *others, *_another(here))


def _another(here: Here) -> Speech:
    return reply.spoken_choice(here.script, here.words(Languages.another), here.script.press[OTHERS_KEY])


def pressed(here: Here, key: str) -> Moved | None:
    """Where a key leads, if it is a language's or the one for other languages; None for any other key."""
    found = offered(here)
    if found and key == OTHERS_KEY:
        return here.s, Go(Languages.id)
    tongue = next((tongue for tongue in found if tongue.keys == key), None)
    return switched(here, tongue) if tongue else None


def switched(here: Here, tongue: Tongue) -> Moved:
    """Continue in this language. Star does not lead back to English; key 9 does. There is nothing to save yet."""
    return in_language(here, tongue), Go(GREETING, instead=True)


def rung(here: Here, number: str) -> Tongue | None:
    """The language of the number that was rung, if it leads straight into one."""
    return next((tongue for tongue in offered(here) if dialling.same(number, tongue.numbers)), None)


def in_language(here: Here, tongue: Tongue) -> Session:
    """The session in this language. A draft begins with a warning in English."""
    s = replace(here.s, language=tongue.tag, place=At(GREETING), lead=(), trail=(), left_at=-1, topic="", one_key=False)
    return s if tongue.is_live else reply.say(here.at(s), here.words(Languages.draft))
