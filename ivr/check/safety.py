"""What must hold for everybody, wherever they are in a call: tried on the engine itself."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator

from ivr import call, reply
from ivr.check import callers, english
from ivr.check.context import LINE, MENUS, Context, Finding, rule
from ivr.check.explore import Visit, Walk, explore, ordinary, spoken_seconds
from ivr.script import Script
from ivr.session import Gather, HangUp, Key, NoInput, Transfer, TransferEnded, Turn
from ivr.spoken import words_of

SHARED = MENUS + "shared.yaml"
#: Seconds more than a relay's typing takes that a caller must have.
RELAY_MARGIN = 20.0
#: Words that blame a caller for silence.
BLAME = ("invalid", "error", "incorrect", "wrong", "did not", "didn't", "must", "failed to")


def _when_open(context: Context) -> dt.datetime:
    return callers.when_open(context.script, context.today)


def _midnight(context: Context) -> dt.datetime:
    return _when_open(context).replace(hour=0, minute=5)


def _places(context: Context) -> list[Visit]:
    """Every place an ordinary caller can come to and be asked for a key."""
    walk = _walk(context)
    return [v for v in walk.visits if isinstance(v.turn.then, Gather) and v.turn.then.digits == 1]


def _walk(context: Context) -> Walk:
    """The walk of an ordinary caller by day, made once for all rules."""
    walk: Walk | None = context.kept.get("walk")
    if walk is None:
        walk = context.kept["walk"] = explore(context.script, _when_open(context), ordinary, callers.CALLER)
    return walk


def _press(script: Script, turn: Turn, key: str, now: dt.datetime) -> Turn:
    return call.answer(script, turn.session, Key(key), now + dt.timedelta(minutes=1))


@rule("person-everywhere", "R1, R2", "One key, always the same, reaches a person from anywhere.")
def person_everywhere(context: Context) -> Iterator[Finding]:
    """Zero: a person when the line is open, and a promise of one when it is closed, busy or does not pick up."""
    script, by_day, by_night = context.script, _when_open(context), _midnight(context)
    if not script.hours.is_open(by_day):
        yield Finding(LINE, ("opening_hours",), "The line is never open, so key 0 reaches nobody. Give some hours.")
        return
    for visit in _places(context):
        node = visit.turn.session.place.node
        where = context.files.get(node, SHARED)
        path = ("nodes", node) if node in context.files else ("steps", node)
        open_, closed = _press(script, visit.turn, "0", by_day), _press(script, visit.turn, "0", by_night)
        if not isinstance(open_.then, Transfer):
            yield Finding(where, path, "Key 0 does not reach a person here.", node)
            continue
        busy = call.answer(script, open_.session, TransferEnded("busy"), by_day)
        for name, turn in (("closed", closed), ("busy", busy)):
            if not (isinstance(turn.then, Transfer) or _offers_ring_back(script, turn)):
                yield Finding(where, path, f"Key 0 leads to nothing here when the line is {name}.", node)


def _offers_ring_back(script: Script, turn: Turn) -> bool:
    return any(option.goto == "ring_back" for option in reply.crossroads(script, turn.session))


@rule("no-fault", "R12", "To ask again is not a mistake.")
def no_fault(context: Context) -> Iterator[Finding]:
    """Hearing again and going back are never counted against anybody."""
    script, by_day = context.script, _when_open(context)
    for visit in _places(context):
        for key in "#*":
            after = _press(script, visit.turn, key, by_day)
            if after.session.slips > visit.turn.session.slips or not after.says:
                node = visit.turn.session.place.node
                yield Finding(
                    context.files.get(node, SHARED), ("nodes", node), f"Key {key} is taken for a mistake here.", node
                )


@rule("waiting", "R3, R16, R17, R20", "Silence is thinking, searching, or somebody typing.")
def waiting(context: Context) -> Iterator[Finding]:
    found = context.script.line.waiting
    for i, least in enumerate((10, 20, 30)):
        if found.silence[i] < least:
            yield Finding(
                LINE,
                ("waiting", "silence", i),
                f"Wait {least} seconds at least: people look for a letter, or their glasses.",
            )
    if list(found.silence) != sorted(found.silence):
        yield Finding(LINE, ("waiting", "silence"), "Each wait must be as long as the one before, or longer.")
    for name, least, most in (
        ("more_time", 100, 600),
        ("between_digits", 10, 60),
        ("tries_at_a_place", 2, 3),
        ("slips_in_a_call", 3, 4),
    ):
        value = getattr(found, name)
        if not least <= value <= most:
            yield Finding(LINE, ("waiting", name), f"Make this between {least} and {most}.")


@rule("kinder-each-time", "R34", "The same words louder help nobody.")
def kinder_each_time(context: Context) -> Iterator[Finding]:
    """Each retry has new words, no more of them, and no blame."""
    for kind, last in (("no_key", 2), ("unused_key", 2)):
        said = [(name, _words(context, f"{name}.say")) for name in (f"{kind}_{i}" for i in range(1, last + 1))]
        for (before, earlier), (name, later) in itertools.pairwise(said):
            if earlier == later:
                yield Finding(SHARED, ("steps", name, "say"), f"This says the same as {before}. Say it another way.")
            if english.spoken_words(later) > english.spoken_words(earlier):
                yield Finding(
                    SHARED, ("steps", name, "say"), f"This is longer than {before}. Help gets shorter, not longer."
                )
        for name, text in said:
            for blame in BLAME:
                if re.search(rf"\b{blame}\b", text.lower()):
                    yield Finding(
                        SHARED, ("steps", name, "say"), f"'{blame}' blames the caller. Say what can be done next."
                    )


def _words(context: Context, name: str) -> str:
    return " ".join(words_of(context.script.says[name]))


@rule("relay", "R19", "People who cannot hear ring too.")
def relay(context: Context) -> Iterator[Finding]:
    """With more time, an operator who types has typed all of a menu before the wait is over."""
    allowed = context.script.line.waiting.more_time
    for visit in _places(context):
        node = visit.turn.session.place.node
        typed = sum(english.spoken_words(words) for words in words_of(visit.turn.says)) * 60 / callers.RELAY_PACE
        lag = typed - spoken_seconds(context.script, visit.turn) + RELAY_MARGIN
        if lag > allowed and node in context.files:
            says = (
                f"A text relay needs {lag:.0f} seconds here after the line has spoken, and 'more time' gives {allowed}."
            )
            yield context.at(node, says=says)


@rule("never-hangs-up", "R4", "The line never leaves first without saying so.")
def never_hangs_up(context: Context) -> Iterator[Finding]:
    """A call ends only where the caller has got something, or was told, whole, all that the line has left."""
    script, night = context.script, _midnight(context)
    for event, most in ((NoInput(), 80), (Key(callers.UNUSED_KEY), 40)):
        turn, waited = call.start(script, "silent", callers.CALLER, night), 0.0
        for _ in range(most):
            if isinstance(turn.then, HangUp):
                break
            waited += turn.then.seconds if isinstance(turn.then, Gather) else 0
            turn = call.answer(script, turn.session, event, night + dt.timedelta(seconds=waited))
        if isinstance(turn.then, HangUp) and turn.session.place.node not in ("told", "goodbye"):
            yield Finding(SHARED, ("steps", "goodbye"), "The line ends a call too soon.")


@rule("ring-back-hours", "R2", "A promise to ring is one that can be kept.")
def ring_back_hours(context: Context) -> Iterator[Finding]:
    """Each part of a day in which callers are offered to be rung is one in which somebody can ring."""
    spans = [span for span in context.script.hours.week if span]
    parts = context.script.diary.parts
    for part, hours in parts.items():
        path = ("ring_back", part, "hours")
        if not any(span.shared(hours) for span in spans):
            yield Finding(LINE, path, "On no day is the line open then. Change these hours, or write closed.")
        elif not any(span.shared(hours) == hours for span in spans):
            says = "Callers are told all of these hours, and on no day is the line open for all of them. Make them fit."
            yield Finding(LINE, path, says, level="warning")
    if len(parts) == 2 and parts["morning"].closes > parts["afternoon"].opens:
        says = (
            "The morning goes on after the afternoon has begun. Callers hear both: make one end where the other begins."
        )
        yield Finding(LINE, ("ring_back", "morning", "hours"), says, level="warning")
    if not any(getattr(context.script.line.ring_back, part).places for part in parts):
        yield Finding(LINE, ("ring_back",), "Nobody could be rung back. Give one part of the day hours, and places.")


@rule("everybody", "R3, R19, R36, R37", "Those for whom it is hardest need it most.")
def everybody_is_helped(context: Context) -> Iterator[Finding]:
    """Every simulated caller comes to the help it asks for, in time."""
    for figure in callers.figures(context.script, context.today):
        if not figure.kept:
            needed = (
                f"needs {figure.needed.seconds:.0f} seconds and {figure.needed.presses} keys"
                if figure.needed
                else "cannot come to it"
            )
            says = (
                f"A caller who {figure.caller} wants {figure.wants} and {needed}; "
                f"{figure.allowed.seconds:.0f} seconds and {figure.allowed.presses} keys are the most."
            )
            if figure.at:
                yield context.at(figure.at, says=f"{says} This is the farthest: lead to it sooner.")
            else:
                yield Finding(MENUS + "welcome.yaml", ("nodes",), says)
    one_key = explore(context.script, _when_open(context), callers.one_key, callers.CALLER)
    for how, walk in (("any key", _walk(context)), ("key 1 and waiting", one_key)):
        for node in callers.not_reached(context.script, walk):
            yield context.at(node, says=f"A caller with {how} cannot come here.")
