"""A practice call: everything that the caller did so far goes in, and the next reply comes out.

The call is played again from its start each time, which takes a millisecond. So no state is kept on the server that
could expire, or be mixed up between two windows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec
from msgspec.structs import replace

from ivr.hours import LONDON
from ivr.overview import atlas
from ivr.places.nodes import Slower
from ivr.places.reply import HELP_KEY
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.practice.transcript import HUNG_UP, Transcript, TranscriptEntry, unreadable
from ivr.script import HELP, Script
from ivr.script.session import Turn
from ivr.spoken import text_of
from ivr.web.edition import Edition

#: The most inputs of one call, which is played again for each of them.
MOST_INPUTS = 400


class SoFar(msgspec.Struct, frozen=True):
    """A call so far, as sent by the page: what the caller and the adviser did."""

    #: The start of the call in UK time, in the format of an HTML datetime field.
    when: str
    #: The caller ID; empty if hidden.
    caller: Annotated[str, msgspec.Meta(max_length=40)]
    did: Annotated[list[tuple[Literal["CALLER", "ADVISER"], str]], msgspec.Meta(max_length=MOST_INPUTS)]
    #: The revision that the call began with; empty for a new call.
    revision: str = ""
    #: The place at which a new call is to begin, its language, and whether it begins at the slow pace. The keys that
    #: lead there are pressed first.
    to: Annotated[str, msgspec.Meta(max_length=100)] = ""
    language: Annotated[str, msgspec.Meta(max_length=20)] = ""
    slow: bool = False
    #: Whether all parts of the coming days are full.
    full: bool = False


class PhoneReply(msgspec.Struct, frozen=True):
    """The reply as TwiML, with what the page shows beside it."""

    revision: str
    #: The document; empty once the call is over.
    twiml: str
    #: The words of each sound, by its address.
    words: dict[str, str]
    place: str
    #: What the adviser who is rung hears.
    whisper: str
    #: What the line did in this turn, such as saving a request, in words.
    noted: list[str]
    #: What the caller has got, once the call is over.
    got: list[str]
    #: What was done first, to get to the place at which the call was to begin.
    did: list[tuple[str, str]] = []


class Setting(msgspec.Struct, frozen=True):
    """What can be chosen before a call."""

    #: Times to ring, in words, each in the format of an HTML datetime field.
    moments: tuple[tuple[str, str], ...]
    #: A test phone, which hears what other phones do not hear yet; empty if there is none.
    test_phone: str
    #: Languages other than English, by tag.
    languages: tuple[tuple[str, str], ...]
    has_slow: bool


def setting(script: Script, now: dt.datetime) -> Setting:
    """What can be chosen before a call of this script at this time."""
    moments = [("now", now), *_other_moments(script, now)]
    return Setting(
        moments=tuple((words, f"{moment.astimezone(LONDON):%Y-%m-%dT%H:%M}") for words, moment in moments),
        test_phone=next(iter(script.line.test_phones), ""),
        languages=tuple((tongue.tag, tongue.in_english) for tongue in script.tongues),
        has_slow=_slower_key(script) is not None,
    )


def _other_moments(script: Script, now: dt.datetime) -> Iterator[tuple[str, dt.datetime]]:
    """When somebody can talk next, and when nobody can."""
    opens = now if script.hours.is_open(now) else script.hours.next_open(now)
    if opens is None:
        return
    if not script.hours.is_open(now):
        yield "when the line opens next", opens
    closes = script.hours.closes(opens.astimezone(LONDON).date())
    if closes:
        yield "after it closes", closes + dt.timedelta(hours=2)


class Unplayable(Exception):
    """Raised for a call that cannot be played, with the reason in words for the page."""


def reply(edition: Edition, so_far: SoFar) -> PhoneReply:
    """The next reply. Raises Unplayable."""
    caller, way = play(edition, so_far)
    return replace(heard(edition, caller), did=[(entry.who, entry.text) for entry in way])


def play(edition: Edition, so_far: SoFar) -> tuple[Caller, tuple[TranscriptEntry, ...]]:
    """Play a call so far. Returns the caller, and what was done first to get to the place at which the call was to
    begin. Raises Unplayable.
    """
    caller = _ringing(edition.script, so_far)
    way = () if so_far.did else tuple(_way(edition.script, caller, so_far))
    for entry in (*way, *(TranscriptEntry(who, text) for who, text in so_far.did)):
        _do(caller, entry)
    return caller, way


def story(script: Script, so_far: SoFar, about: Iterable[str]) -> Transcript:
    """A call as a story, in which choices are written with their words instead of their keys. Raises Unplayable."""
    caller = _ringing(script, so_far)
    began = caller.now
    for who, text in so_far.did:
        _do(caller, caller.by_words(TranscriptEntry(who, text)))
    entries = (*caller.entries, *caller.got())
    return Transcript(began, so_far.caller, entries, tuple(f"# {line}" for line in about))


def _ringing(script: Script, so_far: SoFar) -> Caller:
    try:
        when = dt.datetime.fromisoformat(so_far.when).replace(tzinfo=LONDON)
    except ValueError:
        raise Unplayable("Enter the day and the time at which you ring.") from None
    caller = Caller(script, PracticeHandler(slots=0) if so_far.full else PracticeHandler())
    caller.ring(when, so_far.caller)
    return caller


def _do(caller: Caller, entry: TranscriptEntry) -> None:
    if problem := unreadable(entry) or caller.cannot(entry):
        raise Unplayable(problem.says)
    caller.do(entry)


def _way(script: Script, caller: Caller, so_far: SoFar) -> Iterator[TranscriptEntry]:
    """What is done first: choose the language, go to the place, and switch on slow speech there."""
    if so_far.language:
        tongue = script.tongue(so_far.language)
        if tongue is None or not (tongue.is_live or (caller.turn and caller.turn.session.drafts)):
            raise Unplayable("This caller is not offered that language. A draft is heard by test phones alone.")
        yield from (TranscriptEntry("CALLER", key) for key in tongue.keys)
    if so_far.to:
        way = atlas.way_there(script, so_far.to, caller.now, so_far.caller)
        if way is None:
            raise Unplayable(f"No choice leads to '{so_far.to}' at that time. Ring, and go on from the start.")
        yield from way
    if so_far.slow:
        key = _slower_key(script)
        if key is None:
            raise Unplayable("This line has no slower speech under help and settings.")
        yield from (TranscriptEntry("CALLER", pressed) for pressed in (HELP_KEY, key))


def _slower_key(script: Script) -> str | None:
    """The key for slower speech, under help and settings."""
    return next((option.key for option in script.places[HELP].options_written() if option.goto == Slower.id), None)


def heard(edition: Edition, caller: Caller) -> PhoneReply:
    """The reply to what the caller did last."""
    turn = caller.turn
    assert turn
    hung_up = caller.entries[-1].text == HUNG_UP
    last = max((i for i, entry in enumerate(caller.entries) if entry.put_in), default=-1)
    since = caller.entries[last + 1 :]
    return PhoneReply(
        revision=edition.script.revision,
        twiml="" if hung_up else edition.writer_of(turn.session.language).write(turn, "/voice/turn/0"),
        words=_words(edition, turn),
        place=turn.session.place.node,
        whisper=next((entry.text for entry in since if entry.who == "ADVISER"), ""),
        noted=[entry.text for entry in since if entry.who == "NOTED"],
        got=[entry.text for entry in caller.got()] if caller.over else [],
    )


def _words(edition: Edition, turn: Turn) -> dict[str, str]:
    """The words behind each sound of a turn."""
    sounds, slow = edition.sounds_of(turn.session.language), turn.session.slow
    if sounds is None:
        return {}
    return {url: words for pieces, url in sounds.play(turn.says, slow) if url and (words := text_of(pieces))}
