"""Every caller gets help, in time. The rules play whole calls on the engine.

(What a caller is promised when they ask to be rung is in `ivr/callbacks/diary.py` and `ivr/places/wish.py`.)
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.authoring.authored import ReadingNode
from ivr.check.callers import KEPT_FREE, Effort
from ivr.check.context import LINE, MENUS, Context, Finding, rule
from ivr.check.outcomes import CallerPhone, CallOutcome, Habit
from ivr.problems import counted
from ivr.script import GREETING, MAIN_MENU
from ivr.script.session import HangUp

WELCOME = MENUS + "welcome.yaml"
#: Seconds. The line does not hang up within two minutes of silence. But if nobody can talk, and the caller
#: leaves no message when asked for one, the line has said everything by then, and each further minute only costs the
#: caller.
LEAST_SECONDS = 90
#: Describes the caller's phone in a message, where it matters.
_FROM: dict[CallerPhone, str] = {
    "shown": "",
    "hidden": " from a hidden number",
    "diverted": " from a phone that is diverted to ours",
    "blocked": " from a phone that is blocked",
}


@rule("empty-handed", "The callers who cannot say what they need are those who need help most.")
def empty_handed(context: Context) -> Iterator[Finding]:
    """Whatever a caller does, the call ends with a person, a request, a text, or the hours and a number.

    Of the calls that end in the same way, the one with the fewest keys is reported.
    """
    nothing = [outcome for outcome in context.simulation.outcomes if not outcome.got]
    for alike in _alike(nothing):
        shortest = min(alike, key=lambda outcome: (len(outcome.keys), outcome.seconds))
        words = _told(shortest, len(alike) - 1)
        remedy = "Lead them to a person, a message, or the hours and a number."
        yield Finding(*context.spot(shortest.node), words, remedy, shortest.node)
    yield from _lost_by_hanging_up(context)


def _alike(outcomes: list[CallOutcome]) -> Iterator[list[CallOutcome]]:
    """Group calls that end in the same way in the same circumstances."""
    groups: dict[tuple[str, bool], list[CallOutcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.circumstances.name, outcome.ended), []).append(outcome)
    yield from groups.values()


def _told(outcome: CallOutcome, others: int) -> str:
    keys = " ".join(outcome.keys)
    after = f"After the keys {keys}" if keys else f"After {outcome.seconds:.0f} seconds"
    how = "the call ends" if outcome.ended else "the call goes round in a circle or never ends"
    more = f" {others} other callers have the same outcome." if others else ""
    return (
        f"When {outcome.circumstances.name}, a caller{_FROM[outcome.phone]} who {outcome.habit} gets nothing. "
        f"{after}, {how}.{more}"
    )


def _lost_by_hanging_up(context: Context) -> Iterator[Finding]:
    """A caller who has given a number and hangs up must still be rung."""
    places = context.script.places
    lost = {
        visit.node
        for visit in context.simulation.anybody.visits
        if places[visit.node].unfinished
        if visit.turn.session.wishes.number and not visit.turn.session.wishes.moving
        if not any(request.open for request in visit.handler.requests.values() if request.wishes_of("explore"))
    }
    for node in sorted(lost):
        words = "A caller who hangs up here has given a number, but is not rung."
        yield Finding(*context.spot(node), words, "Save the request before this place.", node)


@rule("never-hangs-up", "The line must not hang up without warning.")
def never_hangs_up(context: Context) -> Iterator[Finding]:
    """A call without keys does not end before the line has said everything that could help.

    Calls from a blocked phone may end sooner: it was blocked because it rang again and again with nobody there.
    """
    silent = context.simulation.outcomes_of(Habit(), Habit(talks=True))
    quiet = [outcome for outcome in silent if outcome.hung_up and outcome.phone != "blocked"]
    first = min(quiet, key=lambda outcome: outcome.seconds, default=None)
    if first and first.seconds < LEAST_SECONDS:
        words = (
            f"The line hangs up too soon: when {first.circumstances.name}, a caller{_FROM[first.phone]} who "
            f"{first.habit} is cut off after {first.seconds:.0f} seconds."
        )
        remedy = f"Let the call last at least {LEAST_SECONDS}."
        yield Finding(*context.spot(first.node), words, remedy, first.node)


@rule("reach", "Callers who hear only words that they cannot follow soon hang up.")
def reach(context: Context) -> Iterator[Finding]:
    """Callers who cannot be asked what they need get a person or can leave a message, in time."""
    for figure in context.simulation.unasked:
        if not figure.kept:
            words = f"{_over(figure)} {_words_before(context)}."
            yield Finding(WELCOME, ("nodes", MAIN_MENU), words, "Shorten them, or the words after them.")


def _words_before(context: Context) -> str:
    """How long the greeting and the first menu take, which a caller who presses nothing hears in full; and how much of
    that is the longest sentence from `line.yaml` in the greeting, since somebody may just have written it."""
    simulation, script = context.simulation, context.script
    walker = simulation.walker()
    visit = walker.first
    while visit.node != MAIN_MENU and not isinstance(visit.turn.then, HangUp):
        visit = walker.silence(visit)
    seconds = visit.seconds + simulation.timing.reply(visit.turn)
    told = f"The greeting and the first menu take {seconds:.0f} seconds of it"
    greeting = context.authored.get(GREETING)
    parts = greeting.parts if isinstance(greeting, ReadingNode) else []
    sentences = {name: context.speech(f"{{{name}}}") for name in script.line.sentences if f"{{{name}}}" in parts}
    longest = max(sentences, key=lambda name: simulation.timing.speech(sentences[name]), default="")
    if longest and (takes := simulation.timing.speech(sentences[longest])):
        told += f", of which '{longest}' in line.yaml takes {takes:.0f}"
    return told


@rule("notice-length", "Before anybody can press or be rung, they hear the notice of the day.")
def notice_length(context: Context) -> Iterator[Finding]:
    """The notices of each day from today on leave a caller who presses nothing a person in time."""
    script, timing = context.script, context.simulation.timing
    pace = script.line.pace
    most_words = int((KEPT_FREE - pace.before_key) * pace.words_a_minute / 60)
    for i, first in enumerate(script.notices):
        day = max(first.begins.date(), context.today)
        running = [notice for notice in script.notices if notice.begins.date() <= day <= notice.ends.date()]
        seconds = sum(timing.speech(notice.words) + pace.before_key for notice in running)
        if first in running and seconds > KEPT_FREE:
            others = f", together with {len(running) - 1} more on {day:%-d %B %Y}" if len(running) > 1 else ""
            words = (
                f"This notice takes {seconds:.0f} seconds{others}; {KEPT_FREE:.0f} are the most. Everybody hears it "
                "before anything else."
            )
            remedy = f"Make it about {most_words} words in all, and leave the rest to a reading."
            yield Finding(LINE, ("notices", i, "words"), words, remedy)


@rule("everybody", "The callers who find the line hardest to use need it most.")
def everybody_is_helped(context: Context) -> Iterator[Finding]:
    """Every simulated caller gets each kind of help within their budget."""
    simulation = context.simulation
    for figure in simulation.asked:
        if not figure.kept:
            where = context.spot(figure.at) if figure.at else (WELCOME, ("nodes",))
            words = f"{_over(figure)}{' This takes longest.' if figure.at else ''}"
            yield Finding(*where, words, "Lead to it sooner.", figure.at)
    for how, walk in (("any key", simulation.anybody), ("key 1 and waiting", simulation.one_key)):
        for node in simulation.not_reached(walk):
            words = f"A caller with {how} cannot reach this."
            yield context.at(node, words=words, remedy="Lead to it from a menu.")


def _over(figure: Effort) -> str:
    needed, allowed = figure.needed, figure.allowed
    told = f"needs {needed.seconds:.0f} seconds and {counted(needed.presses, 'key')}" if needed else "does not get it"
    return (
        f"A caller who {figure.caller} wants {figure.wants} and {told}; "
        f"the limit is {allowed.seconds:.0f} seconds and {counted(allowed.presses, 'key')}."
    )
