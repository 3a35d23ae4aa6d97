"""What the line says and does where a caller is: the reply to a session, made from it alone.

Everywhere a caller chooses is a *crossroads*: a menu, a question, the end of a reading, a
word's meaning, or a step that asks. They differ only in their words and options, so being
offered one choice at a time, the keys that work everywhere, and how long to wait are each
decided here once.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr.diary import Urgency
from ivr.hours import LONDON
from ivr.phrases import Phrases
from ivr.script import HELP, Here, Option, Script
from ivr.session import Session, Turn
from ivr.spoken import Speech

#: Seconds to press 1 when one choice is offered by itself.
OFFER_SECONDS = 5
#: A longer wait than this is broken up, so that the line never seems dead.
LONGEST_WAIT = 30
PERSON, BACK_KEY, AGAIN, HELP_KEY, YES = "0", "*", "#", "9", "1"
#: The keys that work everywhere.
UNIVERSAL = (PERSON, BACK_KEY, AGAIN, HELP_KEY)

_LABELS = {
    PERSON: Phrases.to_person,
    AGAIN: Phrases.to_hear_again,
    BACK_KEY: Phrases.to_go_back,
    HELP_KEY: Phrases.to_get_help,
}


def turn(here: Here) -> Turn:
    """The reply to a session: first what was left to say, then what its place says, and then what happens."""
    says, then = here.place.speaks(here)
    lead = here.s.lead
    return Turn(here.s, (*lead, *([here.script.line.pace.before_key] if lead and says else []), *says), then)


def say(here: Here, *speeches: Speech) -> Session:
    """The session with more to say before its place speaks."""
    lead: list[str | float] = list(here.s.lead)
    for more in speeches:
        if more:
            lead += [*([here.script.line.pace.before_key] if lead and isinstance(lead[-1], str) else []), *more]  # type: ignore[list-item]
    return replace(here.s, lead=tuple(lead))


# --- the crossroads -------------------------------------------------------------------------


def crossroads(script: Script, s: Session) -> tuple[Option, ...]:
    """What can be picked where the caller is, at any time."""
    return script.places[s.place.node].choices(Here(script, s, dt.datetime.min))


def offers(here: Here) -> tuple[Option, ...]:
    """The choices, one at a time; with only key 1 in use, the universal keys are choices too."""
    s, options = here.s, here.place.choices(here)
    if s.one_key:
        keys = (AGAIN, *(BACK_KEY if s.trail else ""), PERSON, *(HELP_KEY if s.place.node != HELP else ""))
    else:
        keys = () if to_person(here, options) else (PERSON,)
    return (*options, *[Option(key, here.words(_LABELS[key]), "") for key in keys])


def to_person(here: Here, options: tuple[Option, ...]) -> bool:
    """Whether a person need not be named: a choice leads there, or nobody can talk."""
    return here.place.person_is_away or any(option.goto == "person" for option in options)


def on_offer(here: Here) -> Option:
    """The choice that is offered by itself. What could be chosen may have become less since."""
    found = offers(here)
    return found[min(here.s.place.offer, len(found)) - 1]


def offered(s: Session, offer: int) -> Session:
    """The choices one by one, where that is wanted: after two slips, or with only key 1 in use."""
    if offer == 1 and not s.one_key and max(s.silences, s.wrongs) < 2:
        return s
    return replace(s, place=replace(s.place, offer=offer))


def is_telling(script: Script, s: Session) -> bool:
    """Whether something is being told in parts, its end and choices not yet come to."""
    return script.places[s.place.node].is_telling(s)


# --- how long to wait -------------------------------------------------------------------------


def seconds_to_wait(here: Here) -> int:
    """Seconds of silence that are waited: longer after each silence, and longer from the start in slow mode."""
    s, pace, waiting = here.s, here.script.line.pace, here.script.line.waiting
    if s.more_time:
        return min(LONGEST_WAIT, waiting.more_time)
    if s.place.offer and s.place.offer < len(offers(here)):
        return round(OFFER_SECONDS * (pace.slow_pauses if s.slow else 1))
    if not s.pressed:  # whoever cannot press is not helped by a longer wait
        return waiting.silence[0]
    return waiting.silence[min(s.silences + s.slow, 2)]


def waits(here: Here) -> int:
    """How many waits make one silence."""
    return -(-here.script.line.waiting.more_time // LONGEST_WAIT) if here.s.more_time else 1


# --- speaking -------------------------------------------------------------------------------


def choices(here: Here, own: Speech, behind: Speech = ()) -> Speech:
    """What a place says, then its choices and their keys, and then what comes behind them."""
    gap = (here.script.line.pace.between_choices,)
    options = every_option(here)
    return (*own, *(gap if own and options else ()), *options, *(gap if behind else ()), *behind)


def every_option(here: Here) -> Speech:
    """Every choice and its key, and then the universal keys that are worth naming here."""
    pace, said = here.script.line.pace, []
    options = here.place.choices(here)
    for option in options:
        said += [*choice(here.script, option.label, here.script.press[option.key]), pace.between_choices]
    for key in here.place.named(here, options):
        said += [*choice(here.script, here.words(_LABELS[key]), press(here, key)), pace.between_choices]
    return tuple(said[:-1])


def offer(here: Here, own: Speech) -> Speech:
    """One choice by itself: press 1 now, or wait. What is asked is asked again; what was told is not told again."""
    s, gap = here.s, here.script.line.pace.between_choices
    tells = here.place.asks_yes_or_no or not (s.silences or s.wrongs)
    first = (*own, gap) if own and s.place.offer == 1 and tells else ()
    return (*first, *choice(here.script, on_offer(here).label, str(here.words(Phrases.press_or_wait)[0])))


def choice(script: Script, label: Speech, press: str) -> Speech:
    """Choice first, then key: 'To talk about school,' a pause, 'press 1.'"""
    return (*label, script.line.pace.before_key, press)


def press(here: Here, key: str) -> str:
    """'press hash.', with where the key is until the caller has been told."""
    s, script = here.s, here.script
    untaught = key not in s.taught or s.silences or s.wrongs
    return (script.press_where if untaught else script.press).get(key, script.press[key])


def hint(here: Here) -> Speech:
    """'To talk to a person, press zero', behind a part of a reading."""
    said = choice(here.script, here.words(Phrases.to_person), press(here, PERSON))
    return (here.script.line.pace.between_choices, *said)


# --- what else is said --------------------------------------------------------------------------


def notices(script: Script, now: dt.datetime) -> tuple[Speech, ...]:
    """What is said first today, and only today."""
    today = now.astimezone(LONDON).date()
    return tuple(notice.words for notice in script.notices if notice.begins <= today <= notice.ends)


def heard_of_urgency(script: Script, s: Session) -> Urgency:
    """How urgent the guidance is that the caller listened to: the highest rank of it."""
    ranks = {place.urgency() for name in s.heard if (place := script.places.get(name))}
    return "today" if "today" in ranks else "urgent" if "urgent" in ranks else ""


def whisper(script: Script, s: Session) -> Speech:
    """What an adviser hears before taking the call: what the caller listened to, and what they need."""
    topics = dict.fromkeys(script.titles[name] for name in s.heard if name in script.titles)
    heard = heard_of_urgency(script, s)
    today = s.wishes.today or heard == "today"
    facts = [script.speech(Phrases.whisper)]
    if topics:
        facts.append((*script.speech(Phrases.whisper_heard), *(f"{title}." for title in [*topics][-3:])))
    facts += [script.speech(Phrases.whisper_language)] * ("interpreter" in s.wishes.needs)
    facts += [script.speech(Phrases.whisper_pressed_nothing)] * (not s.pressed)
    facts += [script.speech(Phrases.whisper_slow)] * s.slow
    facts += [script.speech(Phrases.whisper_today if today else Phrases.whisper_urgent)] * bool(
        today or heard or s.wishes.urgent
    )
    accept = choice(script, script.speech(Phrases.whisper_accept), script.press["1"])
    return (*(piece for fact in facts for piece in (*fact, script.line.pace.before_key)), *accept)


def joining(script: Script) -> Speech:
    """What an adviser hears who asked to ring a caller."""
    accept = choice(script, script.speech(Phrases.ring_out_accept), script.press["1"])
    return (*script.speech(Phrases.ring_out), script.line.pace.before_key, *accept)
