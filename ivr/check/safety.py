"""What must be true for every caller, everywhere in a call. The rules try it on the engine."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from ivr.check import english, relay
from ivr.check.context import LINE, SHARED, Context, Finding, rule
from ivr.check.explore import Visit, asks_for_a_key, choices_at
from ivr.hours import Span
from ivr.places.passages import MOST_SOUNDS, Passages, passages
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import Key, Record, Transfer, TransferEnded, Turn
from ivr.spoken import words_of

#: Seconds that a caller must have beyond the typing of a relay.
RELAY_MARGIN = 20.0
#: What to do where the program itself breaks a rule.
_REPORT = "Report this with the words: it is a fault of the line."
#: Words that blame a caller for silence.
BLAME = ("invalid", "error", "incorrect", "wrong", "did not", "didn't", "must", "failed to")


def _places(context: Context) -> list[Visit]:
    """Every place where a caller is asked for a key, under each of the practice handlers."""
    return [visit for visit in context.simulation.visits if asks_for_a_key(visit.turn)]


@rule("person-everywhere", "The same key must reach a person from everywhere.")
def person_everywhere(context: Context) -> Iterator[Finding]:
    """Key 0 leads to a person; if the line is closed or busy, to the offer of a call back, or to a message."""
    script, by_day, by_night = context.script, context.simulation.by_day, context.simulation.by_night
    if not script.hours.is_open(by_day):
        yield Finding(
            LINE, ("opening_hours",), "The line is never open, so key 0 reaches nobody.", "Add opening hours."
        )
        return
    answers = context.simulation.answers
    for visit in _places(context):
        where = context.spot(visit.node)
        open_ = answers.answer(visit.turn, Key("0"), PracticeHandler(), by_day)
        if not isinstance(open_.then, Transfer):
            yield Finding(*where, "Key 0 does not reach a person here.", _REPORT, visit.node)
            continue
        away = {"busy": answers.answer(open_, TransferEnded("busy"), PracticeHandler(), by_day)}
        if by_night:
            away["closed"] = answers.answer(visit.turn, Key("0"), PracticeHandler(), by_night)
        for name, turn in away.items():
            if not (isinstance(turn.then, Transfer | Record) or _offers_ring_back(script, turn)):
                words = f"Key 0 leads to nothing here when the line is {name}."
                yield Finding(*where, words, _REPORT, visit.node)


def _offers_ring_back(script: Script, turn: Turn) -> bool:
    return any(option.goto == "ring_back" for option in choices_at(script, turn.session))


@rule("no-fault", "Asking to hear something again is not a mistake.")
def no_fault(context: Context) -> Iterator[Finding]:
    """Repeating and going back never count as errors."""
    for visit in _places(context):
        for key in "#*":
            by_day = context.simulation.by_day
            after = context.simulation.answers.answer(visit.turn, Key(key), PracticeHandler(), by_day)
            if after.session.slips > visit.turn.session.slips or not after.says:
                words = f"Key {key} is counted as a mistake here."
                yield Finding(*context.spot(visit.node), words, _REPORT, visit.node)


@rule("waiting", "A silent caller may be thinking, searching, or waiting for a relay to type.")
def waiting(context: Context) -> Iterator[Finding]:
    found = context.draft.line.waiting
    for i, least in enumerate((10, 20, 30)):
        if found.silence[i] < least:
            words = "This is too short: people look for a letter, or their glasses."
            yield Finding(LINE, ("waiting", "silence", i), words, f"Wait at least {least} seconds.")
    if list(found.silence) != sorted(found.silence):
        words = "A wait is shorter than the one before."
        yield Finding(LINE, ("waiting", "silence"), words, "Make each at least as long as the one before.")
    for name, least, most in (
        ("more_time", 100, 600),
        ("between_digits", 10, 60),
        ("tries_at_a_place", 2, 3),
        ("slips_in_a_call", 3, 4),
    ):
        value = getattr(found, name)
        if not least <= value <= most:
            words = f"'{name}' is {value}, which does not fit the callers."
            yield Finding(LINE, ("waiting", name), words, f"Make this between {least} and {most}.")


@rule("kinder-each-time", "Repeating the same words helps nobody.")
def kinder_each_time(context: Context) -> Iterator[Finding]:
    """Each retry uses different words, no more of them than before, and does not blame the caller."""
    for kind, last in (("no_key", 2), ("unused_key", 2)):
        said = [(name, _words(context, f"{name}.say")) for name in (f"{kind}_{i}" for i in range(1, last + 1))]
        for (before, earlier), (name, later) in itertools.pairwise(said):
            if earlier == later:
                words = f"This says the same as {before}."
                yield Finding(SHARED, ("steps", name, "say"), words, "Use different words.")
            if english.spoken_words(later) > english.spoken_words(earlier):
                words = f"This is longer than {before}."
                yield Finding(SHARED, ("steps", name, "say"), words, "Make it shorter: help must not get longer.")
        for name, text in said:
            for blame in BLAME:
                if re.search(rf"\b{blame}\b", text.lower()):
                    words = f"'{blame}' blames the caller."
                    remedy = "Say what can be done next."
                    yield Finding(SHARED, ("steps", name, "say"), words, remedy, word=blame)


def _words(context: Context, name: str) -> str:
    return " ".join(words_of(context.script.says[name]))


@rule("relay", "Deaf people ring too, through a text relay.")
def slow_enough_for_relay(context: Context) -> Iterator[Finding]:
    """With "more time", a relay operator has typed everything before the wait is over."""
    allowed = context.draft.line.waiting.more_time
    for node, turn in context.simulation.longest.items():
        typed = sum(english.spoken_words(words) for words in words_of(turn.says)) * 60 / relay.PACE
        lag = typed - context.simulation.timing.reply(turn) + RELAY_MARGIN
        if lag > allowed and asks_for_a_key(turn):
            words = (
                f"A text relay needs {lag:.0f} seconds here after the line has spoken, and 'more time' gives {allowed}."
            )
            yield Finding(*context.spot(node), words, "Say less here.", node)


@rule("sounds", "Between two sounds there is a gap, and each is fetched while the caller waits.")
def few_sounds(context: Context) -> Iterator[Finding]:
    """No reply is played in more sounds than MOST_SOUNDS."""
    script, sounds = context.script, Passages(passages(context.script))
    most: dict[str, int] = {}
    for visit in context.simulation.visits:
        count = len(sounds.cut(visit.turn.says, script.filled_in))
        most[visit.node] = max(count, most.get(visit.node, 0))
    for node, count in most.items():
        if count > MOST_SOUNDS:
            words = f"This is played in {count} sounds, and {MOST_SOUNDS} are allowed."
            yield Finding(*context.spot(node), words, "Fill in fewer days and numbers.", node)


@rule("ring-back-hours", "The line must be able to keep its promises to ring.")
def ring_back_hours(context: Context) -> Iterator[Finding]:
    """Callers are only offered parts of the day in which somebody can ring them."""
    days = [day for day in context.script.hours.week if day]
    spans = [Span(day[0].opens, day[-1].closes) for day in days]  # as in the diary, a break in the day counts as open
    parts = context.script.diary.parts
    for part, hours in parts.items():
        path = ("ring_back", part, "hours")
        if not any(span.shared(hours) for span in spans):
            yield Finding(LINE, path, "The line is never open during these hours.", "Change them, or write closed.")
        elif not any(span.shared(hours) == hours for span in spans):
            words = "On no day is the line open for all of these hours, and callers hear them."
            yield Finding(LINE, path, words, "Change them.", level="warning")
    if len(parts) == 2 and parts["morning"].closes > parts["afternoon"].opens:
        words = "The morning ends after the afternoon begins, and callers hear both."
        remedy = "Make one end where the other begins."
        yield Finding(LINE, ("ring_back", "morning", "hours"), words, remedy, level="warning")
    if not any(getattr(context.draft.line.ring_back, part).places for part in parts):
        remedy = "Give at least one part of the day hours and places."
        yield Finding(LINE, ("ring_back",), "Nobody could be rung back.", remedy)
