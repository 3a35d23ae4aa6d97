"""The proof finds a fault that was put in, and does not take long to: it stops at the first."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from ivr.check import proof
from ivr.check.callers import when_closed, when_open
from ivr.check.timing import Timing
from ivr.places.door import Door
from ivr.places.message import Message
from ivr.places.nodes import EndMenu
from ivr.places.person import Person
from ivr.places.ringing import RingBack
from ivr.script import Script
from ivr.script.place import Do, Go, Here, Moved, Option, Place
from ivr.script.session import At, Recorded, TransferEnded
from tests import small
from tests.line import OPEN


class _OnlySaysGoodbye(Message):
    """A message that, where it cannot be kept, leads to no more than goodbye."""

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        s, to = super().over(here, event)
        return s, replace(to, or_else="goodbye") if isinstance(to, Do) else to


class _SaysNothing(Person):
    """A person who is not rung, and nobody says why."""

    def arrive(self, here: Here) -> Moved:
        return here.s, Go("end_menu")


class _WaitsForEver(Message):
    """A message that nobody leaves, asked for again and again."""

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        return here.s, Go(self.id)


class _PromisesTooMuch(Message):
    """A message that says that whoever does nothing gets something at once."""

    helped_within = 1


class _AnswersTooLate(Door):
    """The question at the number without menus, which says so too."""

    helped_within = 1


class _Forgets(RingBack):
    """A question that star does not lead back to."""

    def left(self, at: At) -> At | None:
        return None


class _NamesNoKey(EndMenu):
    """A menu that names no key but those of its choices, and these lead back to it."""

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        return ()


class _RingsNobodyBack(RingBack):
    """A line without the long dialogue about being rung back."""

    def arrive(self, here: Here) -> Moved:
        return here.s, Go("goodbye")


def _first_fault(script: Script) -> proof.Violation:
    day = when_open(script, OPEN.date())
    (fault, *_) = proof.prove(script, day, when_closed(script, day), Timing(script), most=1).faults
    return fault


@pytest.mark.parametrize(("place", "law"),
    [
        (_OnlySaysGoodbye(), "failed"), (_SaysNothing(), "person"), (_WaitsForEver(), "nothing"), (_Forgets(), "back"),
        (_PromisesTooMuch(), "nothing"), (_AnswersTooLate(), "nothing"),
    ],
)  # fmt: skip
def test_a_fault_that_was_put_in_is_found_with_the_way_to_it(place: Place, law: str) -> None:
    script = small.script(without_menus=["0116 496 0009"])
    wrong = dataclasses.replace(script, steps={**script.steps, place.id: place})

    fault = _first_fault(wrong)

    assert fault.law == law
    assert fault.problem().remedy.startswith("Play it with these keys: ")


FEW = {
    "main_menu": {"kind": "menu", "choices": ["reading"]},
    "help_settings": {"kind": "menu", "choices": ["pause"]},
    "end_menu": {"kind": "menu", "choices": ["end_menu"]},
}


def test_a_circle_without_a_named_way_out_is_found() -> None:
    """In a line of few places, while it is open: circles are looked for once every state is known."""
    script = small.script(FEW)
    end = script.nodes["end_menu"]
    wrong = dataclasses.replace(
        script,
        nodes={**script.nodes, end.id: _NamesNoKey(end.id, end.say, end.options)},
        steps={**script.steps, "ring_back": _RingsNobodyBack()},
    )

    faults = proof.prove(wrong, when_open(wrong, OPEN.date()), None, Timing(wrong)).faults

    assert {fault.law for fault in faults} == {"circle"}
    assert "end_menu" in {fault.place for fault in faults}


def test_the_laws_hold_where_a_test_phone_records() -> None:
    """In a line of few places. Each of them is tried from there: with takes that are good, bad, lost or not kept."""
    script = small.script(FEW, test_phones=["07700 900777"])
    short = dataclasses.replace(script, steps={**script.steps, "ring_back": _RingsNobodyBack()})

    found = proof.prove(short, when_open(short, OPEN.date()), None, Timing(short))

    recording = {"record_prompt", "record_wait", "record_good", "record_bad"}
    assert not recording & {fault.place for fault in found.faults}
    assert recording <= {each.place for each in found.left_alone}
