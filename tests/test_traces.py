"""Random calls from fixed seeds on the small line: their outputs are the same as before.

`tests/traces.txt` has one line for each call: its seed, its turns, and a fingerprint of all that was said and done.
`docs/moves.md` has every move that was seen: what comes in at a place, and where it leads. A change that is meant
changes lines there: `pytest tests/test_traces.py --accept-calls` updates them; the diff shows how many calls differ,
and which moves are new or gone. Moving code changes none.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr import places
from ivr.machine import config
from ivr.places.nodes import Question
from ivr.places.reply import UNIVERSAL
from ivr.script import END_MENU, HELP, MAIN_MENU, Script
from ivr.script.place import Place
from ivr.script.session import Gather, HangUp, Input, Key, NoInput, Recorded, TransferEnded, Turn
from ivr.spoken import text_of
from tests import small
from tests.anybody import Anybody

FILE = Path(__file__).with_name("traces.txt")
MOVES = config.ROOT / "docs" / "moves.md"
CALLS, MOST_TURNS = 300, 60
#: Where staff's own places stand in the table of moves, but for those that every line has.
A_NODE = "*what staff wrote*"
NAMED = {END_MENU, MAIN_MENU, HELP}
HEAD = """# Moves

What can come in at each built-in step, and where it was seen to lead, in 300 random calls on a small script.
`tests/test_traces.py` writes this page, and fails if a call makes a move that is not on it.

Inputs that mean the same everywhere are left out: 0 leads to a person, star back, hash to the same again, and 9 to
help. A key before the ringing, before a tone, or in a pause counts at the previous place, and a key that comes too
soon leads to the same again. Where silence, unused keys or circles bring help, they lead to `stay_on`, `message`,
`told`, `goodbye`, or, while asking to be rung, to `ring_done`. A failed effect leads to `end_menu`, and a message
that could not be saved to `told`.

| at | what comes in | leads to |
|---|---|---|
"""


@pytest.fixture(scope="module")
def script() -> Script:
    return small.script()


@dataclass
class Trace:
    """One call: its line in the file, the places it reached, and its moves."""

    line: str
    places: set[str]
    moves: set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def traces(script: Script) -> list[Trace]:
    return [_call(script, seed) for seed in range(CALLS)]


def _call(script: Script, seed: int) -> Trace:
    anybody = Anybody(script, random.Random(seed))
    told, trace, turns = hashlib.sha256(), Trace("", set(), set()), 0
    while turns < MOST_TURNS and not isinstance(anybody.turn.then, HangUp):
        turns += 1
        before = anybody.turn
        turn = anybody.go_on()
        place = turn.session.place
        trace.places.add(place.node)
        told.update(f"{place.node}.{place.part}.{place.offer} {turn.then} {text_of(turn.says)}\n".encode())
        if not anybody.lost and (came := _came(before, anybody.event)):
            trace.moves.add((before.session.place.node, came, _named(before, turn)))
    told.update("\n".join(anybody.done).encode())
    trace.line = f"{seed} {turns} {told.hexdigest()[:12]}"
    return trace


def _came(before: Turn, event: Input) -> str:
    """The input in words; empty for inputs that mean the same everywhere."""
    match event:
        case Key(keys) if isinstance(before.then, Gather) and before.then.digits > 1:
            return "digits" if keys.isdigit() else ""
        case Key(keys) if not isinstance(before.then, Gather) or before.session.place.node == "pause":
            return ""
        case Key(keys):
            return "" if keys in UNIVERSAL else keys if keys in "1234" else "an unused key"
        case NoInput():
            return "silence"
        case TransferEnded(how):
            return f"the call to a person: {how.replace('_', ' ')}"
        case Recorded(key, seconds):
            return "a message" if seconds else f"key {key} instead of a message" if key not in UNIVERSAL else ""


def test_anybody_hears_what_they_heard_before(
    script: Script, traces: list[Trace], request: pytest.FixtureRequest
) -> None:
    """And every place of the small line is reached."""
    lines = [trace.line for trace in traces]
    if request.config.getoption("--accept-calls"):
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")

    assert lines == FILE.read_text(encoding="utf-8").splitlines()
    behind_the_door = {"door", "door_done"}  # of a number that these callers do not ring
    behind_the_door |= {"languages", "language_name"}  # of languages that this line does not have
    behind_the_door |= {"record_prompt", "record_wait", "record_good", "record_bad"}  # of test phones
    assert set().union(*(trace.places for trace in traces)) == set(script.places) - behind_the_door


def test_every_move_is_one_that_somebody_has_looked_at(traces: list[Trace], request: pytest.FixtureRequest) -> None:
    leads: dict[tuple[str, str], set[str]] = {}
    for at, came, to in set[tuple[str, str, str]]().union(*(trace.moves for trace in traces)):
        if at in places.STEPS:
            leads.setdefault((at, came), set()).add(to)
    order = list(places.STEPS)
    rows = sorted(leads.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    table = HEAD + "".join(f"| `{at}` | {came} | {', '.join(sorted(tos))} |\n" for (at, came), tos in rows)
    table += _picture(dict(rows)) + _waits()
    if request.config.getoption("--accept-calls"):
        MOVES.write_text(table, encoding="utf-8")

    assert MOVES.read_text(encoding="utf-8").splitlines() == table.splitlines()


def _waits() -> str:
    """Within how many minutes a caller who does nothing any more gets something, by what the places themselves say."""
    within: dict[float, list[str]] = {}
    for name, step in places.STEPS.items():
        within.setdefault(step.helped_within / 60, []).append(f"`{name}`")
    rows = "".join(f"| {minutes:g} | {', '.join(names)} |\n" for minutes, names in sorted(within.items()))
    return (
        "\n## Doing nothing\n\nA caller who does nothing any more gets something: a person, a request, or why nobody "
        "can talk and whom to ring\nwhen. Within how many minutes at most, each place says itself; `ivr check --all` "
        "measures it in every state. At what\nstaff write it is "
        f"{Question.helped_within / 60:g} minutes for a question, and {Place.helped_within / 60:g} for the rest.\n\n"
        f"| minutes | at |\n|---|---|\n{rows}"
    )


#: Steps that help callers who are stuck. Arrows to them from everywhere would hide the others.
HELPING = {"`stay_on`", "`message`", "`told`", "`goodbye`"}


def _picture(leads: dict[tuple[str, str], set[str]]) -> str:
    """The same moves as a diagram, without those of silence and unused keys, and without help for stuck callers."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (at, came), tos in leads.items():
        for to in sorted(tos):
            is_help = to in HELPING and at not in ("person_away", "stay_on", "message")
            if to.startswith("`") and came not in ("silence", "an unused key") and not is_help:
                arrows.setdefault((at, to.strip("`")), []).append(came.removeprefix("the call to a person: "))
    lines = (f"    {at} -->|{', '.join(came)}| {to}\n" for (at, to), came in arrows.items())
    return f"\n## As a picture\n\n{_picture.__doc__}\n\n```mermaid\nflowchart TD\n{''.join(lines)}```\n"


def _named(before: Turn, after: Turn) -> str:
    """The target of a move, as the table shows it."""
    s, to = before.session, after.session.place.node
    if to == s.place.node:
        return "the same again"
    if s.trail and to == s.trail[-1].node and len(after.session.trail) < len(s.trail):
        return "back"
    return f"`{to}`" if to in places.STEPS or to in NAMED else A_NODE
