"""How words, pauses and blanks become what is said."""

from __future__ import annotations

from ivr import spoken
from ivr.spoken import Blank


def test_settings_that_are_words_join_the_words_around_them() -> None:
    assert spoken.speech("You have {months} months.", {"months": "two"}) == ("You have two months.",)


def test_a_number_said_by_digits_keeps_its_own_pieces_and_pauses() -> None:
    assert spoken.speech("Ring {phone}. Now.", {"phone": ("one", 0.5, "two.")}) == ("Ring", "one", 0.5, "two.", "Now.")


def test_what_a_call_fills_in_takes_the_sign_behind_it() -> None:
    template = spoken.speech("We ring {day}, {part}. Goodbye.", {})

    assert template == ("We ring", Blank("day", ","), Blank("part", "."), "Goodbye.")
    assert spoken.fill(template, {"day": ("on", "Monday"), "part": ("early",)}) == (
        "We ring", "on", "Monday,", "early.", "Goodbye.",
    )  # fmt: skip
