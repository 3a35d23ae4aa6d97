"""The ear: the words that it listens for, and how what was said is compared with what was heard."""

from __future__ import annotations

import pytest

from ivr.script import Script
from ivr.spoken import text_of
from tests.ear.documents import chosen
from tests.ear.hearing import Score, errors, score
from tests.ear.words import GOALS, lost, read


def test_the_words_that_matter_are_said_in_the_replies_that_are_listened_to(shipped: Script) -> None:
    words = read()
    said = {name: text_of(reply) for name, reply in chosen(shipped, list(words)).items()}

    assert len(words) == 40
    assert [word for word in words if not score(word, said, said).said] == []
    assert all(set(figures) == set(GOALS) for figures in words.values())


@pytest.mark.parametrize(
    ("word", "said", "heard", "wanted"),
    [
        ("appeal", "You can appeal.", "You can appeal", Score(1, 1)),
        ("appeal", "You can appeal.", "You can feel", Score(1, 0)),
        ("appeal", "An appeal is free. You can appeal.", "A feel is free. You can appeal.", Score(2, 1)),
        ("EHC plan", "Ask for an EHC plan.", "Ask for an E-H-C plan", Score(1, 1)),
        ("EHC plan", "Ask for an EHC plan.", "Ask for an EHG plan", Score(1, 0)),
        ("two", "For no, press 2.", "For no, press two", Score(1, 1)),
        ("assessment", "A re-assessment.", "A reassessment", Score(1, 1)),
        ("write", "We can help you write.", "We can help you right.", Score(1, 1)),
        ("write", "We can help you write.", "We can help you ride.", Score(1, 0)),
    ],
)
def test_a_word_counts_as_heard_where_it_was_said(word: str, said: str, heard: str, wanted: Score) -> None:
    assert score(word, {"a": said}, {"a": heard}) == wanted


def test_the_share_of_words_that_are_not_heard(shipped: Script) -> None:
    assert errors({"a": "You can ring us."}, {"a": "You can read us."}) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("before", "found", "is_lost"),
    [(10.0, 9.5, False), (10.0, 7.0, True), (5.0, 4.5, False), (5.0, 3.0, True)],
)
def test_a_word_is_lost_if_it_is_below_what_it_was_and_below_its_goal(
    before: float, found: float, is_lost: bool
) -> None:
    assert lost({"heart": before}, "heart", Score(20, round(2 * found))) == is_lost
