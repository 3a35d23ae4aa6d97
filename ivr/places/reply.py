"""The reply to a session: what the line says, and how long it waits. A pure function of script, session and time.

Callers choose at menus, at questions, at the end of a reading, at the explanation of a word, and at steps that ask.
These differ only in their words and options. So this module decides, once for all of them, how choices are spoken, when
they are offered one at a time, which of the keys that work everywhere are named, and how long to wait. What those keys
do is in `call`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection

from msgspec.structs import replace

from ivr.callbacks.diary import Urgency
from ivr.places.phrases import Phrases
from ivr.script import HELP, Script
from ivr.script.place import Here, Option
from ivr.script.session import Session, Turn
from ivr.spoken import Speech

#: Seconds to press 1 when choices are offered one at a time.
OFFER_SECONDS = 5
#: Seconds. A longer wait is split into several, so that the line never seems dead.
LONGEST_WAIT = 30
PERSON_KEY, BACK_KEY, AGAIN_KEY, HELP_KEY, ACCEPT_KEY = "0", "*", "#", "9", "1"
#: The keys that work everywhere.
UNIVERSAL = (PERSON_KEY, BACK_KEY, AGAIN_KEY, HELP_KEY)

#: The labels of the keys that work everywhere.
LABELS = {
    PERSON_KEY: Phrases.to_person,
    AGAIN_KEY: Phrases.to_hear_again,
    BACK_KEY: Phrases.to_go_back,
    HELP_KEY: Phrases.to_get_help,
}


def turn(here: Here) -> Turn:
    """The words that come first (`lead`), then those of the place, and what to wait for."""
    says, then = here.place.speaks(here)
    lead = here.s.lead
    pause = (here.script.line.pace.before_key,) if lead and says else ()
    return Turn(here.s, (*lead, *pause, *says), then)


def say(here: Here, *speeches: Speech) -> Session:
    """The session with more words to say before its place speaks."""
    lead: list[str | float] = list(here.s.lead)
    for more in speeches:
        if more:
            lead += [*([here.script.line.pace.before_key] if lead and isinstance(lead[-1], str) else []), *more]  # type: ignore[list-item]
    return replace(here.s, lead=tuple(lead))


# --- one choice at a time -------------------------------------------------------------------


def choices_one_by_one(here: Here) -> tuple[Option, ...]:
    """The choices to offer one at a time: those of the place, then a person. A caller who uses only key 1 is offered
    what the other keys that work everywhere do as well.
    """
    options = here.place.choices(here)
    if here.s.one_key:
        keys = [key for key in (AGAIN_KEY, BACK_KEY, PERSON_KEY, HELP_KEY) if _leads_somewhere(here.s, key)]
    else:
        keys = [] if needs_no_zero(here, options) else [PERSON_KEY]
    return (*options, *(Option(key, here.words(LABELS[key]), "") for key in keys))


def _leads_somewhere(s: Session, key: str) -> bool:
    """Whether a key that works everywhere does something here: star needs a way back, and 9 is already in its menu."""
    return (key != BACK_KEY or bool(s.trail)) and (key != HELP_KEY or s.place.node != HELP)


def needs_no_zero(here: Here, options: tuple[Option, ...]) -> bool:
    """Whether key 0 is not named here: another choice leads to a person, or nobody can talk."""
    return here.place.person_is_away or any(option.goto == "person" for option in options)


def current_choice(here: Here) -> Option:
    """The choice on offer now. Fewer choices may be available than when they were first offered."""
    found = choices_one_by_one(here)
    return found[min(here.s.place.offer, len(found)) - 1]


def one_at_a_time(s: Session, offer: int) -> Session:
    """The session with this choice on offer. Offering begins (1) only for a caller who needs it: after two errors at a
    place, or if they use only key 1.
    """
    if offer == 1 and not s.one_key and max(s.silences, s.wrongs) < 2:
        return s
    return replace(s, place=replace(s.place, offer=offer))


# --- how long to wait -------------------------------------------------------------------------


def seconds_to_wait(here: Here) -> int:
    """Seconds to wait for a key: longer after each silence, and longer from the start in slow mode."""
    s, pace, waiting = here.s, here.script.line.pace, here.script.line.waiting
    if s.more_time:
        return min(LONGEST_WAIT, waiting.more_time)
    if s.place.offer and s.place.offer < len(choices_one_by_one(here)):
        return round(OFFER_SECONDS * (pace.slow_pauses if s.slow else 1))
    if not s.pressed:  # a longer wait does not help somebody who cannot press keys
        return waiting.silence[0]
    return waiting.silence[min(s.silences + s.slow, 2)]


def waits(here: Here) -> int:
    """How many waits count as one silence."""
    return math.ceil(here.script.line.waiting.more_time / LONGEST_WAIT) if here.s.more_time else 1


# --- speaking -------------------------------------------------------------------------------


def with_choices(here: Here, own: Speech, behind: Speech = ()) -> Speech:
    """A place's own words, then its choices with their keys, then what comes after them."""
    gap = (here.script.line.pace.between_choices,)
    options = every_choice(here)
    return (*own, *(gap if own and options else ()), *options, *(gap if behind else ()), *behind)


def every_choice(here: Here) -> Speech:
    """Every choice with its key, and then the keys that work everywhere, as far as they should be named here."""
    pace, script = here.script.line.pace, here.script
    found = here.place.choices(here)
    said = [*spoken_choices(script, found), *([pace.between_choices] if found else [])]
    for key in here.place.named(here, found):
        said += [*spoken_choice(script, here.words(LABELS[key]), press(here, key)), pace.between_choices]
    return tuple(said[:-1])


def spoken_choices(script: Script, found: tuple[Option, ...]) -> Speech:
    """Choices with their keys."""
    gap, said = script.line.pace.between_choices, []
    for option in found:
        said += [*spoken_choice(script, option.label, script.press[option.key]), gap]
    return tuple(said[:-1])


def one_choice(here: Here, own: Speech) -> Speech:
    """A single choice: press 1 now, or wait. Questions are repeated; guidance is not."""
    s, gap = here.s, here.script.line.pace.between_choices
    tells = here.place.needs_question or not (s.silences or s.wrongs)
    first = (*own, gap) if own and s.place.offer == 1 and tells else ()
    return (*first, *spoken_choice(here.script, current_choice(here).label, str(here.words(Phrases.press_or_wait)[0])))


def spoken_choice(script: Script, label: Speech, press: str) -> Speech:
    """Choice first, then key: 'To talk about school,' a pause, 'press 1.'"""
    return (*label, script.line.pace.before_key, press)


def press(here: Here, key: str) -> str:
    """'press hash.', with the position of the key until the caller has heard it."""
    s, script = here.s, here.script
    untaught = key not in s.taught or s.silences or s.wrongs
    return (script.press_where if untaught else script.press).get(key, script.press[key])


def hint(here: Here) -> Speech:
    """'To talk to a person, press zero', after a part of a reading."""
    said = spoken_choice(here.script, here.words(Phrases.to_person), press(here, PERSON_KEY))
    return (here.script.line.pace.between_choices, *said)


# --- what else is said --------------------------------------------------------------------------


def notices(script: Script, now: dt.datetime) -> tuple[Speech, ...]:
    """The notices of this moment."""
    return tuple(notice.words for notice in script.notices if notice.begins <= now <= notice.ends)


def heard_of_urgency(script: Script, s: Session) -> Urgency:
    """The highest urgency of the guidance that the caller listened to."""
    ranks = {place.urgency() for name in s.heard if (place := script.places.get(name))}
    return "today" if "today" in ranks else "urgent" if "urgent" in ranks else ""


#: What an adviser hears about whom the call is about, unless it is the caller's own child.
_ABOUT = {"me": Phrases.whisper_me, "other": Phrases.whisper_other}


def whisper(script: Script, s: Session) -> Speech:
    """What an adviser hears before accepting the call: what the caller listened to, and what they need."""
    topics = dict.fromkeys(script.titles[name] for name in s.heard if name in script.titles)
    heard = heard_of_urgency(script, s)
    today = s.wishes.today or heard == "today"
    facts = [*_language(script, s), script.speech(Phrases.whisper)]
    if topics:
        titles = [script.grammar.sentence(title) for title in [*topics][-3:]]
        facts.append((*script.speech(Phrases.whisper_heard), *titles))
    if about := _ABOUT.get(s.wishes.about):
        facts.append(script.speech(about))
    needed = (
        (Phrases.whisper_language, "interpreter" in s.wishes.needs),
        (Phrases.whisper_pressed_nothing, not s.pressed),
        (Phrases.whisper_slow, s.slow),
        (Phrases.whisper_today, today),
        (Phrases.whisper_urgent, not today and (heard or s.wishes.urgent)),
    )
    facts += [script.speech(line) for line, is_so in needed if is_so]
    accept = spoken_choice(script, script.speech(Phrases.whisper_accept), script.press["1"])
    return (*(piece for fact in facts for piece in (*fact, script.line.pace.before_key)), *accept)


def _language(script: Script, s: Session) -> list[Speech]:
    """The language of the caller: first, because an adviser who cannot speak it has somebody to fetch."""
    if tongue := script.tongue(s.language):
        return [tongue.whisper]
    return [script.speech(Phrases.whisper_language)] if s.wishes.language else []


def joining(script: Script, languages: Collection[str], *, interpreter: bool) -> Speech:
    """What an adviser hears after clicking to ring a caller who chose these languages.

    The languages come first, because the interpreter must be on the line before the caller is. `interpreter`: the
    caller asked for one, whatever they speak.
    """
    pause = script.line.pace.before_key
    known = [tongue.whisper for tongue in script.tongues if tongue.in_english in languages]
    spoken = known or [script.speech(Phrases.whisper_language)] * (interpreter or bool(languages))
    accept = spoken_choice(script, script.speech(Phrases.ring_out_accept), script.press["1"])
    return (*(piece for each in spoken for piece in (*each, pause)), *script.speech(Phrases.ring_out), pause, *accept)
