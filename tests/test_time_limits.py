"""The gate knows what has a time limit, and asks that it is urgent."""

from __future__ import annotations

import re

import pytest

from ivr import check
from ivr.authoring import authored, drafts
from ivr.check.context import RULES, Context
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.problems import ConfigError, Problem
from tests.line import OPEN

Files = dict[str, str]
FILES = configfiles.script_files(config.ROOT / "config")
DRAFT = drafts.read_draft(FILES)
URGENT = [
    (file, node_id)
    for file, _, node_id, node in DRAFT.nodes()
    if isinstance(node, authored.ReadingNode) and node.urgent
]


def _found(files: Files) -> list[Problem]:
    draft = drafts.read_draft(files)
    context = Context(draft, building.build(draft, "r", config.bank_holidays()), OPEN.date())
    return [p for rule in RULES if rule.name in ("time-limits", "not-sure") for p in check.findings(context, rule)]


def _with(file: str, node_id: str, old: str, new: str) -> Files:
    """The shipped files with something else in one node."""
    head, begin, rest = FILES[file].partition(f"\n  {node_id}:\n")
    node, blank, tail = rest.partition("\n\n")
    changed = re.sub(old, new, node)
    assert changed != node
    return {**FILES, file: head + begin + changed + blank + tail}


def test_the_shipped_line_is_urgent_wherever_it_must_be() -> None:
    assert _found(FILES) == []


@pytest.mark.parametrize(("file", "node_id"), URGENT)
def test_whoever_takes_the_mark_off_is_told(file: str, node_id: str) -> None:
    found = _found(_with(file, node_id, r"\n    urgent: \w+", ""))

    assert found, "nothing was found"
    assert {problem.severity for problem in found} == {"error"}


def test_what_leads_to_nothing_but_what_is_for_today_is_for_today() -> None:
    (found,) = _found(_with("menus/exclusion.yaml", "out_first", "urgent: today", "urgent: true"))

    assert "All that this leads to is urgent: today." in found.says


def test_not_sure_is_as_urgent_as_the_other_answers() -> None:
    found = _found(_with("menus/exclusion.yaml", "out_unsure", "urgent: today", "urgent: true"))

    assert {"with urgent: today that goes on to a person" in problem.says for problem in found} == {True}
    assert len(found) == 2  # the two questions that lead there


@pytest.mark.parametrize(
    "words",
    [
        "You have {panel_days} school days to ask.",
        "Your time may be short.",
        "Time is very short.",
        "You may have only a few days.",
        "Some of them have a time limit.",
        "Answer by the date it gives.",
        "Talk to us today.",
        "Do not wait for them.",
    ],
)
def test_words_of_a_time_limit_are_known(words: str) -> None:
    (found,) = _found(_with("menus/getting_help.yaml", "what_we_do", r'"We can listen to your worries\.', f'"{words}'))

    assert found.says.startswith("It says '")
    assert "urgent: true" in found.says


@pytest.mark.parametrize(
    "words",
    [
        "If time is short, ask for a person.",
        "The council must answer within {assess_weeks} weeks.",
        "Take your time.",
        "It takes some time.",
    ],
)
def test_other_words_of_time_are_no_time_limit(words: str) -> None:
    edited = _with("menus/getting_help.yaml", "what_we_do", r'"We can listen to your worries\.', f'"{words}')

    assert _found(edited) == []


def test_a_time_limit_is_one_of_the_numbers() -> None:
    line_yaml = FILES["line.yaml"].replace("  - panel_days\n", "  - panel_day\n")

    assert ["'panel_day' is not in 'numbers'" in p.says for p in _problems(line_yaml)] == [True]


def _problems(line_yaml: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        building.load({**FILES, "line.yaml": line_yaml})
    return refused.value.problems
