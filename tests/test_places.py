"""What holds for every place of the line, and what a new one takes."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from msgspec.structs import replace

from ivr import places, spoken
from ivr.places.entry import TakesDigits, wrong
from ivr.places.kinds import BACK_TO, Asks, no, not_sure, yes
from ivr.script import END_MENU, Go, Here, Line, Moved, Script, Words, label
from ivr.spoken import Speech
from tests import small
from tests.line import OPEN
from tests.talk import Talk


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


# --- choices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, step in places.STEPS.items() if isinstance(step, Asks)])
def test_every_choice_of_a_step_leads_to_a_place_and_sets_what_there_is(name: str, script: Script) -> None:
    step = script.places[name]
    assert isinstance(step, Asks)
    wishes = Talk(script).session.wishes

    for pick in step.picks:
        assert pick.goto in (*script.places, BACK_TO)
        assert all(hasattr(wishes, wish) for wish in pick.sets)
        assert pick.label.is_label


# --- a new place ----------------------------------------------------------------------------------


class LetterDate(TakesDigits):
    """The day on a letter: two digits for the day, and two for the month. It judges nothing."""

    id = "letter_date"
    say, no_such_day = Line(), Line()
    most = 4
    ends_itself = True

    def entered(self, here: Here, number: str) -> Moved:
        return (here.s, Go(LetterCheck.id)) if _day(number) else wrong(here, self.no_such_day)


class LetterCheck(Asks):
    """Whether the day that was keyed is right."""

    id = "letter_check"
    ask = Line("day")
    picks = (yes(END_MENU), no(LetterDate.id), not_sure(LetterDate.id))

    def says(self, here: Here) -> Speech:
        day = _day(here.s.wishes.typed)
        assert day
        return spoken.fill(here.words(self.ask), {"day": spoken.date(day, here.now.date())})


def _day(keyed: str) -> dt.date | None:
    try:
        return dt.date(OPEN.year, int(keyed[2:]), int(keyed[:2]))
    except ValueError:
        return None


@pytest.fixture
def keying(script: Script) -> Talk:
    """A caller who is asked for the day on a letter, in a line to which nothing was added but those two classes."""
    lines = (*LetterDate.lines(), *LetterCheck.lines())
    says = {line.id: (f"<{line.id}>", *map(spoken.Blank, line.blanks)) for line in lines}
    own = {**script.own, LetterDate.id: LetterDate(), LetterCheck.id: LetterCheck()}
    nodes = {**script.nodes, "main_menu": _leading_to(script, LetterDate.id)}
    made = dataclasses.replace(script, own=own, nodes=nodes, says={**script.says, **says})
    return Talk(made).press("1")


def _leading_to(script: Script, name: str) -> object:
    menu = script.nodes["main_menu"]
    first, *others = menu.options
    return dataclasses.replace(menu, options=(replace(first, goto=name), *others))


def test_a_day_is_asked_for_and_read_back(keying: Talk) -> None:
    assert keying.words.startswith("to reading. <letter_date.say>")

    keying.key("0511")

    assert keying.at == "letter_check"
    assert keying.words.startswith("<letter_check.ask> on Thursday the fifth of November")
    assert keying.press("1").at == END_MENU


def test_whatever_holds_for_any_number_holds_for_a_day(keying: Talk) -> None:
    """In pieces, begun again, gone back from, not at all, and wrong; and help, hash and a person."""
    assert keying.key("05").words.startswith("<number_entry.so_far>")
    assert keying.key("*0611").words.startswith("<letter_check.ask> on Friday the sixth of November")
    assert keying.press("2").key("3102").words.startswith("<letter_date.no_such_day>")
    assert keying.key("0#").at == "person"
    assert keying.transfer("stopped").press("*").at == "letter_date"


def test_a_day_that_is_wrong_again_and_again_brings_help(keying: Talk) -> None:
    for _ in range(3):
        keying.key("3102")

    assert keying.at == "stay_on"
