"""Calls of anybody from fixed seeds, over the small line: what comes out of each is what came out before.

`tests/traces.txt` has one line for each call: its seed, its turns, and a fingerprint of all that was said and done.
A change that is meant changes lines there: `pytest tests/test_traces.py --accept-calls` writes them anew, and the
log of changes tells how many calls are different. A change that only moves code changes none.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from ivr.script import Script
from ivr.session import HangUp
from ivr.spoken import text_of
from tests import small
from tests.anybody import Anybody

FILE = Path(__file__).with_name("traces.txt")
CALLS, MOST_TURNS = 300, 60


@pytest.fixture(scope="module")
def script() -> Script:
    return small.script()


def _call(script: Script, seed: int) -> tuple[str, set[str]]:
    """One call as a line of the file, and where it came to."""
    anybody = Anybody(script, random.Random(seed))
    told, places, turns = hashlib.sha256(), set[str](), 0
    while turns < MOST_TURNS:
        turns += 1
        turn = anybody.go_on()
        place = turn.session.place
        places.add(place.node)
        told.update(f"{place.node}.{place.part}.{place.offer} {turn.then} {text_of(turn.says)}\n".encode())
        if isinstance(turn.then, HangUp):
            break
    told.update("\n".join(anybody.done).encode())
    return f"{seed} {turns} {told.hexdigest()[:12]}", places


def test_anybody_hears_what_they_heard_before(script: Script, request: pytest.FixtureRequest) -> None:
    """Every place of the small line is come to."""
    calls = [_call(script, seed) for seed in range(CALLS)]
    lines = [line for line, _ in calls]
    if request.config.getoption("--accept-calls"):
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")

    assert lines == FILE.read_text(encoding="utf-8").splitlines()
    assert set().union(*(places for _, places in calls)) == set(script.places)
