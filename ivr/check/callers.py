"""Simulated callers: people who listen, press or wait in different ways, and need the same help.

Each uses the real engine, has a budget of seconds and keys, and must get every kind of help: a person is rung, a
request is saved, a text is queued, guidance is heard to its end. The check prints what they needed, so that a change
which makes the line slower for somebody is noticed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from ivr.check import handlers, hands, relay
from ivr.check.answers import Answers
from ivr.check.explore import (
    CANCELLED,
    LONGEST_CALL,
    MOVED,
    PERSON,
    REQUEST,
    Cost,
    Hand,
    Visit,
    Walk,
    Walker,
    asks_for_a_key,
    explore,
    heard_to_end,
    text_got,
)
from ivr.check.outcomes import CLOSED, NOBODY_ANSWERS, SOMEBODY_ANSWERS, CallOutcome, CallOutcomes, Circumstances, Habit
from ivr.check.timing import SoundSeconds, Timing
from ivr.hours import LONDON
from ivr.places import STEPS
from ivr.places.reading import Reading
from ivr.practice.effects import PracticeHandler
from ivr.script import GREETING, Script
from ivr.script.session import Turn

HandlerFor = Callable[[Script, dt.datetime], PracticeHandler]


@dataclass(frozen=True)
class Allowed:
    """The budget of a caller for each kind of help."""

    person: Cost
    ring: Cost
    text: Cost
    guidance: Cost
    #: To move or cancel a call. None for a caller who cannot key its number, and asks a person.
    change: Cost | None


@dataclass(frozen=True)
class Effort:
    """What one caller needed for one kind of help; None if they did not get it."""

    caller: str
    wants: str
    needed: Cost | None
    allowed: Cost
    #: The node that takes longest, if any of several is wanted.
    at: str = ""

    @property
    def kept(self) -> bool:
        needed, allowed = self.needed, self.allowed
        return needed is not None and needed.seconds <= allowed.seconds and needed.presses <= allowed.presses


#: Seconds that are kept free before a person is rung: for the languages to come. Until then, notices may use them.
KEPT_FREE = 12.0
#: The most seconds until a person is rung for a caller who never presses a key, and until their message is left if
#: nobody answers. 150 s of line time are allowed. On a day with a notice, each may be up to KEPT_FREE later: what a
#: service has to say on a day of snow is what its callers need first.
RUNG_WITHIN, LEFT_WITHIN = 100.0 - KEPT_FREE, 150.0
#: Help that must come without being chosen, for callers who cannot say what they need: their habit, the circumstances,
#: the help in words, when it came, and the budget. Four errors in a call at most.
_UNASKED: tuple[tuple[Habit, Circumstances, str, Callable[[CallOutcome], Cost | None], Cost], ...] = (
    (Habit(), SOMEBODY_ANSWERS, "a person rung", lambda outcome: outcome.rung, Cost(RUNG_WITHIN, 0)),
    (Habit(talks=True), NOBODY_ANSWERS, "to be heard, if nobody answers", lambda o: o.saved, Cost(LEFT_WITHIN, 0)),
    (Habit(talks=True), CLOSED, "to be heard, when closed", lambda outcome: outcome.saved, Cost(LEFT_WITHIN, 0)),
    (Habit(wrong=True), SOMEBODY_ANSWERS, "a person rung", lambda outcome: outcome.rung, Cost(LEFT_WITHIN, 4)),
)
#: The budget of callers who keep pressing one or two keys and hear each reply to its end: the longest call.
_WHATEVER = Cost(LONGEST_CALL, 60)
#: The budgets of callers who choose, each computed from its parts.
#:
#: A person: the key is named within 11 seconds, pressed 1.5 s later, and the phone rings within 3 s. Hearing the
#: greeting and the first menu with its five keys to the end takes 50 s, what the call costs 5 s, deciding 4 s. Through
#: a relay, 25 words take 38 s to type, and 8 s to answer. To be rung back: a person who does not answer (25 s), the
#: offer, which phone, whom it is about, and how urgent it is. Guidance: the greeting and the first menu, two more menus
#: of 30 s, and three readings of three parts of 13 s with their ends; 70 s more for callers who hear
#: four menus to the end before they decide. A text is asked for after that. To change a call: five menus or questions,
#: four digits.
_QUICK = Allowed(Cost(20, 1), Cost(100, 6), Cost(320, 10), Cost(300, 8), Cost(150, 12))
_UNSURE = Allowed(Cost(62, 1), Cost(210, 8), Cost(400, 10), Cost(370, 8), Cost(270, 12))
#: One key undoes a mistake. The seconds allow for a person's phone that the mistake made ring.
_BACK = Cost(60, 1)
#: With key 1 and waiting, after the first silences; the caller waits through each unwanted choice.
_WAITING = Allowed(Cost(180, 3), Cost(300, 8), Cost(600, 16), Cost(600, 16), None)
#: The relay types 40 words a minute, and the line says 140.
_TYPING = Allowed(Cost(60, 1), Cost(240, 7), Cost(900, 14), Cost(900, 14), Cost(400, 14))


def when_open(script: Script, today: dt.date) -> dt.datetime:
    """A time on or after that day at which the line is open, if it ever is."""
    start = dt.datetime.combine(today, dt.time(), LONDON)
    return (script.hours.next_open(start) or start) + dt.timedelta(minutes=1)


def when_closed(script: Script, after: dt.datetime) -> dt.datetime | None:
    """The first full hour after a time at which the line is closed; None if it is always open for a week."""
    hours = (after + dt.timedelta(hours=ahead) for ahead in range(7 * 24))
    return next((moment for moment in hours if not script.hours.is_open(moment)), None)


class Simulation:
    """The simulated callers of one script. Each walk is computed once and cached."""

    def __init__(self, script: Script, today: dt.date, measured: SoundSeconds | None = None):
        self.script, self.timing, self.answers = script, Timing(script, measured), Answers(script)
        self.by_day = when_open(script, today)
        self.by_night = when_closed(script, self.by_day)
        #: Each handler in its state before a call, made once. A walk changes only copies.
        self._handler = cache(lambda handler: handler(script, self.by_day))

    def walker(self, handler: HandlerFor = handlers.usual) -> Walker:
        return Walker(self.script, self.by_day, self.timing, self.answers, self._handler(handler))

    def _walk(self, hand: Hand, handler: HandlerFor = handlers.usual) -> Walk:
        return explore(self.walker(handler), hand)

    @cached_property
    def anybody(self) -> Walk:
        """The walk of a caller who can press any key."""
        return self._walk(hands.ideal)

    @cached_property
    def one_key(self) -> Walk:
        """The walk of a caller who can press 1, and wait."""
        return explore(self.walker(), hands.one_key, waits=True)

    @cached_property
    def visits(self) -> list[Visit]:
        """Visits of every place, also of those that occur only with full days or late calls, or if nothing works."""
        return [visit for walk in self._thorough for visit in walk.visits]

    @cached_property
    def _thorough(self) -> list[Walk]:
        kinds = (handlers.usual, handlers.full, handlers.spooling, handlers.out_of_order)
        return [self._walk(hands.thorough, handler) for handler in kinds]

    @cached_property
    def longest(self) -> dict[str, Turn]:
        """The longest reply at each place."""
        found: dict[str, Turn] = {}
        for walk in self._thorough:
            for node, turn in walk.longest().items():
                found[node] = max(found.get(node, turn), turn, key=self.timing.reply)
        return found

    @cached_property
    def heard(self) -> set[str]:
        """Every phrase that is said on these walks."""
        return set[str]().union(*(walk.words() for walk in self._thorough))

    def steps_not_visited(self) -> list[str]:
        """The built-in steps that no walk visits."""
        ended = {outcome.node for outcome in self.outcomes_of(Habit(), Habit(talks=True))}
        return sorted(STEPS.keys() - {visit.node for visit in self.visits} - ended)

    def not_reached(self, walk: Walk) -> list[str]:
        """The readings that a walk does not reach."""
        return sorted(self._readings - set(walk.by_node()))

    @cached_property
    def outcomes(self) -> list[CallOutcome]:
        """The outcomes of all callers who always do the same, in all circumstances."""
        return list(self.calls.all())

    def outcomes_of(self, *habits: Habit) -> Iterator[CallOutcome]:
        """The outcomes of callers with these habits."""
        for habit in habits:
            yield from self.calls.of_habit(habit)

    @cached_property
    def calls(self) -> CallOutcomes:
        return CallOutcomes(self.script, self.timing, self.by_day, self.by_night, self.answers)

    @cached_property
    def figures(self) -> list[Effort]:
        """What each simulated caller needed."""
        return [*self.unasked, *self.asked]

    @cached_property
    def unasked(self) -> list[Effort]:
        """What it took to help callers who cannot say what they want, so that help must come by itself."""
        brought = [
            Effort(str(habit), wants, self._brought(habit, circumstances, when), allowed)
            for habit, circumstances, wants, when, allowed in _UNASKED
            if self.calls.can_be(circumstances)
        ]
        return [*brought, Effort("presses one or two keys for ever", "anything at all", self._at_last, _WHATEVER)]

    @property
    def _at_last(self) -> Cost | None:
        """The most that callers who always do the same need to get any help; None if one of them gets nothing."""
        if not all(outcome.got for outcome in self.outcomes):
            return None
        return max((outcome.brought for outcome in self.outcomes), key=lambda cost: cost.seconds)

    def _brought(
        self, habit: Habit, circumstances: Circumstances, when: Callable[[CallOutcome], Cost | None]
    ) -> Cost | None:
        """The most that it takes until this help comes, over all kinds of phone; None if it does not always come.

        Blocked phones are left out: no help comes to them by itself.
        """
        phones = (phone for phone in self.calls.phones if phone != "blocked")
        costs = [when(self.calls.of(habit, circumstances, phone)) for phone in phones]
        return None if None in costs else max(filter(None, costs), key=lambda cost: cost.seconds)

    @cached_property
    def asked(self) -> list[Effort]:
        """What callers needed who know what they want, and choose."""
        return [
            *self._of("presses any key", self._costs(self.anybody), _QUICK),
            *self._of("rings for the first time", self._costs(self._walk(hands.first_timer)), _UNSURE),
            *self._of("has a trembling hand", self._worst(self._trembling()), _UNSURE),
            Effort("presses a neighbouring key", "to be back", self._to_be_back(), _BACK),
            *self._of("remembers one thing at a time", self._costs(self._walk(hands.one_thing)), _QUICK),
            *self._of("can press 1 and wait", self._costs(self.one_key), _WAITING),
            *self._of("types through a relay", self._relayed(), _TYPING),
        ]

    def _trembling(self) -> Iterator[Hand]:
        return (hands.trembling(after, beside) for after in hands.TREMBLES for beside in (False, True))

    # --- the cost of each kind of help ---------------------------------------------------------

    @cached_property
    def _readings(self) -> set[str]:
        return {node.id for node in self.script.nodes.values() if isinstance(node, Reading) and node.id != GREETING}

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Each text message that readings offer, with one of these readings."""
        readings = (node for node in self.script.nodes.values() if isinstance(node, Reading))
        return {node.text: node.id for node in readings if node.text}

    def _wanted(self) -> Iterator[str]:
        yield from (PERSON, REQUEST, MOVED, CANCELLED)
        yield from map(text_got, self._texts)
        yield from self._readings

    def _costs(self, walk: Walk) -> dict[str, Cost]:
        """The cost of each kind of help that a walk gets."""
        found = {what: Cost(visit.seconds, visit.presses) for what, visit in walk.got.items()}
        for visit in walk.visits:
            if visit.node in self._readings and (end := heard_to_end(self.script, self.timing, visit)) is not None:
                cost = Cost(end, visit.presses)
                found[visit.node] = min(found.get(visit.node, cost), cost, key=lambda c: c.seconds)
        return found

    def _to_be_back(self) -> Cost | None:
        """The most that it takes to undo a key pressed by mistake, at any place where it can be undone."""
        walker, places = self.walker(), self.anybody.by_node().values()
        slips = [cost for visit in places if asks_for_a_key(visit.turn) for cost in hands.slips(walker, visit)]
        return max(filter(None, slips), key=lambda cost: (cost.presses, cost.seconds), default=None)

    def _worst(self, of_a_kind: Iterator[Hand]) -> dict[str, Cost]:
        """The highest cost of each kind of help over these hands. Help that one of them does not get is left out."""
        each = [self._costs(self._walk(hand)) for hand in of_a_kind]
        everywhere = set.intersection(*(set(costs) for costs in each))
        return {what: max((costs[what] for costs in each), key=lambda c: c.seconds) for what in everywhere}

    def _relayed(self) -> dict[str, Cost]:
        """The cost of each kind of help through a relay, on the route of an ordinary caller."""
        found = {}
        readings = {visit.node: visit for visit in reversed(self.anybody.visits) if self._is_end(visit)}
        for what, visit in {**readings, **self.anybody.got}.items():
            cost = relay.follow(self.walker, visit.way, self._got(what))
            if cost:
                found[what] = Cost(*cost)
        return found

    def _is_end(self, visit: Visit) -> bool:
        return visit.node in self._readings and heard_to_end(self.script, self.timing, visit) is not None

    def _got(self, what: str) -> relay.GotAt:
        def got(walk: Walk, visit: Visit) -> float | None:
            if what in self._readings:
                return heard_to_end(self.script, self.timing, visit) if visit.node == what else None
            return walk.got[what].seconds if what in walk.got else None

        return got

    # --- figures --------------------------------------------------------------------------------------

    def _of(self, name: str, costs: Mapping[str, Cost], allowed: Allowed) -> Iterator[Effort]:
        """The figures of one caller: they must get each kind of help, and hear all the guidance."""
        yield Effort(name, "a person", costs.get(PERSON), allowed.person)
        yield Effort(name, "to be rung back", costs.get(REQUEST), allowed.ring)
        texts = {node: costs.get(text_got(text)) for text, node in self._texts.items()}
        yield _most(name, "any of the texts", texts, allowed.text)
        yield _most(name, "any of the guidance", {node: costs.get(node) for node in self._readings}, allowed.guidance)
        if allowed.change:
            yield Effort(name, "to move a call", costs.get(MOVED), allowed.change)
            yield Effort(name, "to cancel a call", costs.get(CANCELLED), allowed.change)


def _most(name: str, wants: str, needed: Mapping[str, Cost | None], allowed: Cost) -> Effort:
    """The highest cost among several kinds of help, with its node; None if one is not got."""
    found = {node: cost for node, cost in sorted(needed.items()) if cost}
    if missing := sorted(needed.keys() - found.keys()):
        return Effort(name, wants, None, allowed, missing[0])
    if not found:
        return Effort(name, wants, Cost(0, 0), allowed)
    cost = Cost(max(cost.seconds for cost in found.values()), max(cost.presses for cost in found.values()))
    farthest = max(found, key=lambda node: (found[node].presses / allowed.presses, found[node].seconds))
    return Effort(name, wants, cost, allowed, farthest)


__all__ = ["Cost", "Effort", "Simulation", "when_closed", "when_open"]
