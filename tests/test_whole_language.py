"""The whole line in another language: the same places and keys, and not one word of English.

The shipped menus in two disguises (`tests/pseudo.py`). What only advisers hear and read stays in English.
"""

from __future__ import annotations

import random
import re

import pytest

from ivr.authoring import drafts
from ivr.compiling import building
from ivr.compiling.translated import Whole
from ivr.script import Script
from ivr.script.session import HangUp
from ivr.spoken import words_of
from tests import pseudo, small
from tests.anybody import Anybody

CALLS, TURNS = 60, 60
#: What is in Latin letters in any language: nothing that is said.
_LATIN = re.compile(r"[A-Za-z]")


@pytest.fixture(scope="module")
def right_to_left(files: dict[str, str]) -> Script:
    return pseudo.whole("ar-XB", files)


def test_no_word_of_english_is_heard_wherever_a_caller_goes(right_to_left: Script) -> None:
    for seed in range(CALLS):
        anybody = Anybody(right_to_left, random.Random(seed))
        for _ in range(TURNS):
            turn = anybody.turn
            left = [piece for piece in words_of(turn.says) if _LATIN.search(piece)]
            assert not left, (turn.session.place, left)
            if isinstance(turn.then, HangUp):
                break
            anybody.go_on()


@pytest.mark.parametrize("tag", pseudo.TAGS)
def test_every_language_has_the_same_places_and_keys(tag: str, files: dict[str, str], shipped: Script) -> None:
    other = pseudo.whole(tag, files)

    assert list(other.places) == list(shipped.places)
    for name, place in shipped.places.items():
        keys = [(option.key, option.goto) for option in place.options_written()]
        assert [(option.key, option.goto) for option in other.places[name].options_written()] == keys


@pytest.mark.parametrize("tag", pseudo.TAGS)
def test_the_same_keys_lead_through_the_same_places(tag: str, files: dict[str, str], shipped: Script) -> None:
    other = pseudo.whole(tag, files)
    for seed in range(20):
        ways = []
        for script in (shipped, other):
            anybody, way = Anybody(script, random.Random(seed)), []
            while len(way) < TURNS and not isinstance(anybody.turn.then, HangUp):
                way.append((anybody.turn.session.place, anybody.turn.then))
                anybody.go_on()
            ways.append(way)
        assert ways[0] == ways[1]


def test_a_text_is_in_the_language_too(right_to_left: Script, shipped: Script) -> None:
    """But for addresses and numbers."""
    settings = {*shipped.line.links.values(), *shipped.line.emails.values(), *shipped.line.phones.values()}
    for name, body in right_to_left.texts.items():
        for setting in sorted(settings, key=len, reverse=True):  # one address may be in another
            body = body.replace(setting, "")
        assert not _LATIN.search(body.replace("{answer_day}", "")), (name, body)


def test_every_sentence_has_an_id_and_no_two_have_one_but_the_parts_of_a_reading(files: dict[str, str]) -> None:
    asked: dict[str, set[str]] = {}

    def words(line: str, english: str) -> str:
        asked.setdefault(line, set()).add(english)
        return english

    building.build(drafts.read_draft(files), "r", whole=Whole(building.IN_ENGLISH.grammar, words))

    assert {line for line, english in asked.items() if len(english) > 1 and not line.endswith(".part")} == set()
    assert len(asked) > 600


def test_a_part_in_front_of_others_moves_no_translation() -> None:
    """A part is bound to the English that its translation was made from, and a choice to where it leads."""
    table = {("reading.part", "A hard thing."): "ÃÂ", ("main_menu.to_runs_on.label", "to runs_on"): "ÊÎ"}
    nodes = {
        "reading": {**small.NODES["reading"], "parts": ["A new thing.", "A hard thing.", "A harder thing."]},
        "main_menu": {"kind": "menu", "choices": ["more_menu", "reading", "with_number", "runs_on", "ring_reference"]},
    }
    missing: list[tuple[str, str]] = []

    def words(line: str, english: str) -> str:
        if (line, english) not in table:
            missing.append((line, english))
        return table.get((line, english), english)

    files = small.files(nodes)
    made = building.build(drafts.read_draft(files), "r", whole=Whole(building.IN_ENGLISH.grammar, words))

    assert made.nodes["reading"].parts[1] == ("ÃÂ",)
    assert next(option.label for option in made.nodes["main_menu"].options if option.key == "4") == ("ÊÎ,",)
    assert ("reading.part", "A new thing.") in missing, "what has no translation is known"
