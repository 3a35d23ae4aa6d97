"""What holds for every kind of letter, and for everybody who is kept out of school."""

from __future__ import annotations

import re

import pytest

from ivr.authoring import authored, drafts
from ivr.check import english
from ivr.machine import config, configfiles
from ivr.places.nodes import Question
from ivr.places.reading import Reading
from ivr.script import Script
from ivr.spoken import text_of
from tests.talk import Talk


@pytest.fixture
def talk(shipped: Script) -> Talk:
    return Talk(shipped)


SORTER, OUT = "menus/letters.yaml", "menus/exclusion.yaml"
#: What only finds the way, and so is no ending.
ON_THE_WAY = {"any_letter", "which_letter", "letter_unsure", "out_first", "out_unsure"}
DRAFT = drafts.read_draft(configfiles.script_files(config.ROOT / "config"))
READINGS = {node_id: node for _, _, node_id, node in DRAFT.nodes() if isinstance(node, authored.ReadingNode)}
ENDINGS = [
    node_id
    for file in (SORTER, OUT)
    for node_id, node in DRAFT.menus[file].nodes.items()
    if isinstance(node, authored.ReadingNode) and node_id not in ON_THE_WAY
]
every_ending = pytest.mark.parametrize("ending", ENDINGS)


@every_ending
def test_an_ending_begins_with_what_to_do_first(ending: str) -> None:
    assert READINGS[ending].parts[0].startswith("First, ")


@every_ending
def test_an_ending_says_who_helps(ending: str) -> None:
    said = " ".join(READINGS[ending].parts)

    assert re.search(r"[Tt]alk to us|We can help|call us|Read them with one of us", said)


@every_ending
def test_an_ending_has_a_sentence_for_whoever_is_in_the_wrong_box(ending: str) -> None:
    """Callers answer wrongly, most of all about letters."""
    assert re.search(
        r"If it|If the council|Is a child|is different|Have you had|Does it say that",
        READINGS[ending].closing or "",
    )


@every_ending
def test_the_text_about_an_ending_says_what_to_do_first(ending: str, shipped: Script) -> None:
    node = shipped.nodes[ending]
    assert isinstance(node, Reading)

    assert re.search(r"First|first|Keep your letter|Ask in writing|Tell the SENCO", shipped.texts[node.text or ""])


@pytest.mark.parametrize(
    "node_id", [n for n, node in DRAFT.menus[OUT].nodes.items() if isinstance(node, authored.ReadingNode)]
)
def test_a_child_out_of_school_is_for_today(node_id: str) -> None:
    assert READINGS[node_id].urgent == ("today" if node_id != "disability" else True)


def test_not_sure_leads_to_a_person_who_knows_that_it_is_urgent(shipped: Script) -> None:
    questions = [
        n
        for n in shipped.nodes.values()
        if isinstance(n, Question)
        and (n.id.startswith("q_letter") or n.id in ("q_kept_out", "q_has_plan", "q_out_for_good"))
    ]
    assert len(questions) == 11
    for question in questions:
        unsure = shipped.nodes[question.options[2].goto]
        assert isinstance(unsure, Reading)
        assert unsure.urgent, question.id
        assert unsure.runs_on_to == "person"


def test_at_most_four_questions_stand_before_an_ending(shipped: Script) -> None:
    """From the letter's key in the first menu, whatever is answered."""

    def asked(name: str, before: int) -> int:
        node = shipped.nodes.get(name)
        if not isinstance(node, Question):
            return before
        return max(asked(option.goto, before + 1) for option in node.options)

    start = shipped.nodes["which_letter"]
    assert isinstance(start, Reading)
    assert asked(start.runs_on_to or "", 0) == 4


def test_a_question_is_one_sentence_that_asks(shipped: Script) -> None:
    """Two that are asked together have one answer, and nobody knows to which."""
    asked = {node.id: text_of(node.ask) for node in shipped.nodes.values() if isinstance(node, Question)}

    assert {name: words for name, words in asked.items() if words.count("?") != 1} == {}


def test_a_parent_without_a_plan_is_never_asked_about_the_school_in_it(shipped: Script) -> None:
    for node in shipped.nodes.values():
        if isinstance(node, Question):
            assert "only the school" not in text_of(node.ask).lower(), node.id


def test_nobody_is_told_that_they_are_too_late(shipped: Script) -> None:
    assert [words for words in shipped.every_prompt() if "too late" in words.lower()] == []


def test_the_letter_has_the_first_key(talk: Talk) -> None:
    assert "For a council letter, press 1." in talk.wait().words
    assert talk.press("1").at == "which_letter"


def test_the_first_menu_is_heard_to_its_end_in_about_three_quarters_of_a_minute(talk: Talk, shipped: Script) -> None:
    """With the pauses, at the pace of the line: a silent caller must have a person soon."""
    pace = shipped.line.pace.words_a_minute
    seconds = english.seconds(talk.turn.says, pace) + 1 + english.seconds(talk.wait().turn.says, pace)

    assert seconds <= 49


def test_a_key_in_a_reading_that_leads_to_a_menu_does_not_choose_from_it(talk: Talk) -> None:
    """Nor from the menu that other readings end in."""
    talk.press("24")
    assert talk.at == "out_first"

    assert talk.press("1").at == "out_menu"


def test_a_key_in_a_reading_that_leads_to_a_person_does_not_lead_elsewhere(talk: Talk) -> None:
    talk.press("41").press("3")
    assert talk.at == "out_unsure"

    assert talk.press("1").at == "person"


#: Every kind of letter and situation: what the caller has, the keys they press ('.' is silence), and where they end.
KINDS = [
    ("no to an assessment", "1..2122", "letter_no"),
    ("no plan after an assessment", "1..2122", "letter_no"),
    ("a draft plan", "1..11", "letter_draft"),
    ("changes the council proposes", "1..11", "letter_draft"),
    ("a final plan", "1..12", "letter_final"),
    ("a final plan with only the school wrong", "1..12", "letter_final"),
    ("the plan stays as it is", "1..2122", "letter_no"),
    ("the council considers stopping the plan", "1..211", "letter_stop"),
    ("the plan will stop", "1..211", "letter_stop"),
    ("an invitation to a review", "1..221", "letter_asks"),
    ("a request for views or consent", "1..221", "letter_asks"),
    ("an acknowledgement", "1..2222", "letter_wait"),
    ("a mediation certificate", "1..2221", "letter_papers"),
    ("a letter from the tribunal", "1..2221", "letter_papers"),
    ("an old letter", "1..2122", "letter_no"),
    ("no answer from the council", "341", "council_late"),
    ("help in the plan that is not given", "342", "help_not_given"),
    ("transport, a school place, or a fine", "1..2121", "letter_other"),
    ("suspended for some days, in writing", "24.22", "out_for_days"),
    ("excluded for good, in writing", "24.21", "out_for_good"),
    ("sent home by phone", "24.1", "kept_out"),
    ("shorter days", "24.3", "out_part_time"),
    ("kept out of a nursery or college", "24.4", "out_other_place"),
    ("sixteen or over", "442", "young_people"),
    ("the health part of a plan", "31", "health_care"),
    ("a letter from another council", "42", "county"),
    ("a nursery, or a college", "22", "nursery_college"),
    ("a call for another family", "442...1", "someone_else"),
    ("a letter nobody can read", "1..3", "letter_unsure"),
]


@pytest.mark.parametrize(("kind", "keys", "ending"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_every_kind_of_letter_and_situation_finds_its_ending(kind: str, keys: str, ending: str, talk: Talk) -> None:
    assert talk.to(keys).at == ending
