"""What holds for every place of the line, and what a new one takes."""

from __future__ import annotations

import re
import textwrap

import pytest

from ivr import places
from ivr.machine import config
from ivr.places import kinds, ringing, wish
from ivr.places.kinds import GO_BACK, Asks
from ivr.places.letter import day_of
from ivr.script import Script
from ivr.script.lines import Line, Words, label
from tests import small
from tests.line import OPEN
from tests.talk import Talk

EVENING = OPEN.replace(hour=20)


@pytest.fixture(scope="module")
def script() -> Script:
    return small.script()


# --- words ----------------------------------------------------------------------------------------


def test_a_line_is_named_after_its_place_and_what_it_is_called_there() -> None:
    class Kitchen(Words):
        id = "kitchen"
        say, to_cook = Line("dish"), label()

    assert [(line.id, line.blanks, line.is_label) for line in Kitchen.lines()] == [
        ("kitchen.say", ("dish",), False),
        ("kitchen.to_cook", (), True),
    ]


def test_a_line_cannot_have_two_names() -> None:
    """The second would rename the first, and the words would be looked for in the wrong place."""
    with pytest.raises((TypeError, RuntimeError)) as raised:

        class Kitchen(Words):
            id = "kitchen"
            say = Line()
            tell = say

    assert "kitchen.say cannot be Kitchen.tell too" in f"{raised.value} {raised.value.__cause__}"


def test_the_words_of_the_shipped_line_are_those_that_its_places_declare(shipped: Script) -> None:
    assert set(shipped.says) == set(places.LINES)


def test_a_script_has_the_places_of_staff_and_those_of_the_line(shipped: Script) -> None:
    assert set(shipped.places) == set(shipped.nodes) | set(places.STEPS)


def test_the_place_that_the_handbook_writes_is_one() -> None:
    """The worked change of docs/architecture.md, with the names of the module that it would stand in."""
    page = (config.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"^   ```python\n(.*?)^   ```$", page, re.MULTILINE | re.DOTALL)
    assert block
    names = {**vars(kinds), **vars(ringing), "save_counting": wish.save_counting}
    exec(textwrap.dedent(block[1]), names)  # our own page

    made = names["RingLoud"]

    assert [line.id for line in made.lines()] == ["ring_loud.ask"]
    assert {pick.goto for pick in made.picks} <= set(places.STEPS)
    assert made().needs_question


# --- choices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, step in places.STEPS.items() if isinstance(step, Asks)])
def test_every_choice_of_a_step_leads_to_a_place_and_sets_what_there_is(name: str, script: Script) -> None:
    step = script.places[name]
    assert isinstance(step, Asks)
    wishes = Talk(script).session.wishes

    for pick in step.picks:
        assert pick.goto in (*script.places, GO_BACK)
        assert all(hasattr(wishes, wish) for wish in pick.sets)
        assert pick.label.is_label


# --- a date on a letter ---------------------------------------------------------------------------


@pytest.fixture
def keying(script: Script) -> Talk:
    """A caller with a letter who has asked to be rung, and is asked for the date on it last."""
    return Talk(script, EVENING).to("0111" + "21" + "3" + "12" + "1")


def _entries(talk: Talk) -> tuple[tuple[str, str], ...]:
    (request,) = talk.handler.requests.values()
    return request.entries


def test_the_date_on_a_letter_is_asked_for_read_back_and_kept_with_the_request(keying: Talk) -> None:
    assert keying.words.startswith("<letter_date.say>")

    keying.key("0511")

    assert keying.at == "letter_check"
    assert keying.words.startswith("<letter_check.ask> the fifth of November")
    assert keying.press("1").at == "ring_done"
    assert _entries(keying) == (("letter_date", "2026-11-05"),)
    assert keying.press("*").at == "main_menu", "the questions are over"


@pytest.mark.parametrize("keys", ["#", "*", ".."])
def test_the_date_may_be_left_out_and_the_request_stays(keying: Talk, keys: str) -> None:
    keying.to(keys)

    assert _entries(keying) == ()
    (request,) = keying.handler.requests.values()
    assert request.open
    assert keying.at == ("ring_needs" if keys == "*" else "ring_done")


@pytest.mark.parametrize("urgency", ["1", "22"])
def test_whoever_has_no_letter_is_not_asked_for_its_date(script: Script, urgency: str) -> None:
    """The child is out of school, or nothing is urgent."""
    talk = Talk(script, EVENING).to("0111" + urgency + "3" + "12" + "1")

    assert talk.at == "ring_done"


@pytest.mark.parametrize(
    ("keyed", "means"),
    [
        ("2511", "2026-11-25"), ("2611", "2025-11-26"), ("0101", "2026-01-01"), ("3112", "2025-12-31"),
        ("2902", "2024-02-29"), ("3002", None), ("0013", None), ("0000", None), ("051", None),
    ],
)  # fmt: skip
def test_a_day_and_a_month_mean_the_latest_such_day_that_has_been(keyed: str, means: str | None) -> None:
    day = day_of(keyed, OPEN)

    assert (day.isoformat() if day else None) == means


def test_whatever_holds_for_any_number_holds_for_a_date(keying: Talk) -> None:
    """In pieces, begun again, gone back from, not at all, and wrong; and help, hash and a person."""
    assert keying.key("05").words.startswith("<number_entry.so_far>")
    assert keying.key("*0611").words.startswith("<letter_check.ask> the sixth of November")
    assert keying.press("2").key("3102").words.startswith("<letter_date.no_such_day>")
    assert keying.key("0#").at == "person_away"
    assert keying.press("*").at == "letter_date"


def test_a_date_that_is_wrong_again_and_again_brings_help(keying: Talk) -> None:
    for _ in range(3):
        keying.key("3102")

    assert keying.at == "ring_done", "there is nobody to talk to, and the request is saved"
