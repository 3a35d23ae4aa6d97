"""The line as a map: every place, what is said there, where its keys lead, and how many keys it takes to get there.

For people who look at the whole line, as a picture or as a list. A call does not use it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ivr.engine import call
from ivr.places.kinds import GO_BACK
from ivr.places.nodes import Word
from ivr.places.reading import Reading
from ivr.places.reply import HELP_KEY
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.practice.transcript import SILENT, TranscriptEntry
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, Script
from ivr.script.lines import Words
from ivr.script.place import Here, Place
from ivr.spoken import Speech, text_of

#: The keys for choices. A fifth is possible, but more than four choices cannot be kept in mind.
CHOICE_KEYS = "1234"
#: A place to which more choices lead than this is named at each of them. Lines to it would hide all others.
MOST_LINES = 6
#: Silences until the longest guidance has been told.
MOST_SILENCES = 12
_ANY_TIME = dt.datetime(2000, 1, 3, 12, tzinfo=dt.UTC)

#: What is at a place: guidance, a question with choices, an explanation of a word, or a step that is built in.
SpotKind = Literal["guidance", "menu", "word", "step"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a place."""

    #: Empty if it follows by itself.
    key: str
    label: str
    to: str
    #: What is said once it is chosen, before its target speaks.
    said_back: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A place in the tree of choices, with the choice that leads to it and the places behind it.

    Each place is in the tree once: where callers get to it with the fewest keys.
    """

    way: Way
    branches: tuple[Branch, ...]


#: Key 9 leads to help from everywhere.
_TO_HELP = Way(HELP_KEY, "help and settings", HELP)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map."""

    id: str
    kind: SpotKind
    #: Its subject, as advisers see it.
    title: str
    #: What is said there, in paragraphs, without the choices.
    says: tuple[str, ...]
    #: The same as phrases, each of which has a sound of its own.
    phrases: tuple[str, ...]
    ways: tuple[Way, ...]
    #: The keys that lead there from the greeting, in order; None if no choice leads there.
    keys: tuple[str, ...] | None
    #: Keys that are left for further choices.
    free: str


def of(script: Script) -> tuple[Spot, ...]:
    """Every place that staff wrote, and every step that their choices lead to, those with the fewest keys first."""
    reached = ways(script)
    nodes = {name: _spot(script, node, reached.get(name)) for name, node in script.nodes.items()}
    led_to = {way.to for spot in nodes.values() for way in spot.ways}
    steps = {
        name: _spot(script, script.steps[name], reached.get(name)) for name in sorted(led_to & script.steps.keys())
    }
    spots = {**nodes, **steps}
    nearest_first = sorted(reached, key=lambda name: len(keys_of(reached[name])))
    return (*(spots.pop(name) for name in nearest_first if name in spots), *spots.values())


def ways(script: Script) -> Mapping[str, tuple[Way, ...]]:
    """The shortest way to each place from the greeting. Places that no choice leads to are left out."""
    found: dict[str, tuple[Way, ...]] = {GREETING: (), MAIN_MENU: (), HELP: (_TO_HELP,)}
    queue = deque((GREETING, MAIN_MENU))
    while queue:
        here = queue.popleft()
        for way in _onward(script, script.nodes[here]) if here in script.nodes else ():
            if way.to in script.places and way.to not in found and not _only_explains(script, here, way):
                found[way.to] = (*found[here], way)
                if way.key:
                    queue.append(way.to)
                else:  # as many keys as to this place, so it comes before those that need more
                    queue.appendleft(way.to)
        if here == MAIN_MENU:
            queue.append(HELP)
    return found


def tree(script: Script) -> tuple[Branch, ...]:
    """The places that choices lead to, as a tree: the greeting, the first menu, and help."""
    behind: dict[str, list[Way]] = {}
    for way in ways(script).values():
        if len(way) > 1:
            behind.setdefault(way[-2].to, []).append(way[-1])
        elif way and way[0] != _TO_HELP:
            behind.setdefault(MAIN_MENU, []).append(way[0])

    def branch(way: Way) -> Branch:
        return Branch(way, tuple(map(branch, behind.get(way.to, ()))))

    return tuple(map(branch, (Way("", "at once", GREETING), Way("", "goes on by itself", MAIN_MENU), _TO_HELP)))


def _only_explains(script: Script, here: str, way: Way) -> bool:
    """Whether a question explains a word and asks again, instead of leading to it."""
    return script.places[here].needs_question and bool(script.places[way.to].meaning())


def keys_of(way: Iterable[Way]) -> tuple[str, ...]:
    """The keys to press on a way."""
    return tuple(step.key for step in way if step.key)


def crowded(spots: Iterable[Spot]) -> frozenset[str]:
    """The places that so many choices lead to that they are named there, and not drawn as lines."""
    leading = Counter(way.to for spot in spots for way in spot.ways)
    return frozenset(name for name, times in leading.items() if times > MOST_LINES)


def containing(spots: Iterable[Spot], words: str) -> frozenset[str]:
    """The places at which callers hear these words. Case does not matter."""
    wanted = " ".join(words.lower().split())
    return frozenset(spot.id for spot in spots if wanted in _heard(spot).lower())


def _heard(spot: Spot) -> str:
    return " ".join((spot.id, spot.title, *spot.says, *(way.label for way in spot.ways)))


def _spot(script: Script, place: Place, way: tuple[Way, ...] | None) -> Spot:
    spoken = tuple(filter(None, _speeches(script, place)))
    onward = _onward(script, place)
    used = {way.key for way in onward}
    has_keys = place.id in script.nodes and _kind(place) == "menu" and place.id != HELP
    return Spot(
        id=place.id,
        kind=_kind(place),
        title=script.titles.get(place.id, place.id.replace("_", " ")),
        says=tuple(map(text_of, spoken)),
        phrases=tuple(piece for speech in spoken for piece in speech if isinstance(piece, str)),
        ways=onward,
        keys=None if way is None else keys_of(way),
        free="".join(key for key in CHOICE_KEYS if key not in used) if has_keys else "",
    )


def _kind(place: Place) -> SpotKind:
    match place:
        case Words():
            return "step"
        case Reading():
            return "guidance"
        case Word():
            return "word"
        case _:
            return "menu"


def _speeches(script: Script, place: Place) -> Iterable[Speech]:
    """What staff wrote for a place. Of a step only the first line, because the others depend on the call."""
    if isinstance(place, Words):
        return (script.speech(next(line for line in place.lines() if not line.is_label)),) if place.lines() else ()
    return place.speeches()


def _onward(script: Script, place: Place) -> tuple[Way, ...]:
    """The ways on from a place that do not depend on the call."""
    if isinstance(place, Reading) and place.runs_on_to:
        return (Way("", "goes on by itself", place.runs_on_to),)
    if isinstance(place, Reading) and not place.next:
        return (Way("", "ends", END_MENU),)
    options = place.choices(_any_call(script)) if isinstance(place, Reading | Word) else place.options_written()
    return tuple(
        Way(option.key, text_of(option.label), option.goto, text_of(option.said_back))
        for option in options
        if option.goto != GO_BACK
    )


def _any_call(script: Script) -> Here:
    """A call in which nothing happened yet, for choices that depend on no call and no clock."""
    return Here(script, call.start(script, "map", "", _ANY_TIME).session, _ANY_TIME)


# --- ringing from a place -----------------------------------------------------------------------


def way_there(script: Script, place: str, when: dt.datetime, caller: str) -> tuple[TranscriptEntry, ...] | None:
    """What a caller does to get to a place: keys, and silence where the line speaks to its end first.

    None if it cannot be reached by choices at that time.
    """
    phone = Caller(script, PracticeHandler())
    phone.ring(when, caller)
    way = ways(script).get(place)
    for step in way or ():
        if step.key and _waits_until(phone, partial(_takes, step)):
            phone.do(TranscriptEntry("CALLER", step.key))
    arrived = way is not None and _waits_until(phone, lambda here: here.place.id == place)
    return tuple(entry for entry in phone.entries if entry.put_in) if arrived else None


def _waits_until(phone: Caller, ready: Callable[[Here], bool]) -> bool:
    """Say nothing until `ready`. Returns whether that happened."""
    for _ in range(MOST_SILENCES):
        if phone.over or phone.turn is None:
            return False
        if ready(Here(phone.script, phone.turn.session, phone.now)):
            return True
        phone.do(TranscriptEntry("CALLER", SILENT))
    return False


def _takes(way: Way, here: Here) -> bool:
    """Whether its key is now a choice that leads there."""
    if way == _TO_HELP:
        return True
    is_open = not here.place.is_telling(here.s) or here.place.id == GREETING
    return is_open and any((option.key, option.goto) == (way.key, way.to) for option in here.place.choices(here))
