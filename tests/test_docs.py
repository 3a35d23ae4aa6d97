"""The pages are true: their links lead somewhere, the tests they name exist, and the line says the README's call."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ivr.check import RULES
from ivr.check.outcomes import habits
from ivr.machine import config
from ivr.practice import playing, transcript
from ivr.script import Script

ROOT = config.ROOT
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
README = ROOT / "README.md"
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

#: The README shows a call without the two lines that say when it is made and from where.
HEAD = "When    Wed 25 November 2026, 10:30\nFrom    07700 900123\n\n"
LAST = "ADVISER (talks)\n"
_CALL = re.compile(r"(?<=```\n)LINE .*?(?=```)", re.DOTALL)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """The headings of a page as they are linked to."""
    headings = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        if link.startswith("http"):
            continue
        name, _, heading = link.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name} links to {link}, which is not there"
        assert not heading or heading in _anchors(there), f"{page.name} links to {link}, and no heading is called that"


@every_page
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for file, name in re.findall(r"`(?:tests/)?(test_\w+\.py)(?:::(\w+))?`", _text(page)):
        path = ROOT / "tests" / file
        assert path.is_file(), f"{page.name} names {file}"
        functions = {node.name for node in ast.walk(ast.parse(_text(path))) if isinstance(node, ast.FunctionDef)}
        assert not name or name in functions, f"{page.name} names {file}::{name}"


@every_page
def test_every_file_of_the_project_that_a_page_names_exists(page: Path) -> None:
    """Files that are made, or are somebody's own, have other names than these."""
    for name in re.findall(r"`((?:ivr|scripts|tests|docs)/[\w./-]*\w)`", _text(page)):
        assert (ROOT / name).exists(), f"{page.name} names {name}"


@every_page
def test_every_row_of_a_table_is_one_line_with_as_many_cells_as_its_head(page: Path) -> None:
    """A row that is broken in two, or two that became one, is shown as no table."""
    outside_code = re.sub(r"```.*?```", "", _text(page), flags=re.DOTALL)
    for table in re.findall(r"^\|.*\n(?:\S.*\n)+", outside_code, re.MULTILINE):
        rows = [re.sub(r"`[^`]*`", "", row) for row in table.splitlines()]
        cells = {row.count("|") if row.startswith("|") and row.endswith("|") else row for row in rows}
        assert len(cells) == 1, f"{page.name}: {cells}"


def test_every_simulated_caller_and_rule_that_a_page_names_exists() -> None:
    """The page on accessibility points to rows of `ivr check`, and both it and the hazards point to rules."""
    accessibility, hazards = _text(ROOT / "docs" / "accessibility.md"), _text(ROOT / "docs" / "hazards.md")
    choosing = re.findall(r'"([^"\n]+)"', _text(ROOT / "ivr" / "check" / "callers.py"))
    callers, rules = {*choosing, *map(str, habits())}, {rule.name for rule in RULES}

    named = re.findall(r'^Sim: "([^"]+)"', accessibility, re.MULTILINE)
    assert len(named) > 5
    assert set(named) <= callers
    for text in re.findall(r"the rules? ((?:`[a-z-]+`(?:, )?)+)", accessibility + hazards):
        assert set(re.findall(r"`([a-z-]+)`", text)) <= rules, text


def test_the_line_says_the_call_in_the_readme(shipped: Script, request: pytest.FixtureRequest) -> None:
    """When words change, update the call: pytest --accept-calls tests/test_docs.py"""
    shown = _CALL.search(_text(README))
    assert shown, "the README shows no call"

    played = transcript.write(playing.play(shipped, transcript.read(HEAD + shown[0], "README.md")))
    heard = played[len(HEAD) : played.rindex(LAST) + len(LAST)]

    if request.config.getoption("--accept-calls"):
        README.write_text(_CALL.sub(lambda _: heard, _text(README)), encoding="utf-8")
    else:
        assert shown[0] == heard


_NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def test_each_threat_names_tests_that_there_are() -> None:
    """A control that no test holds is a promise, and belongs under the known gaps."""
    page = _text(ROOT / "docs" / "security.md").partition("## Threats and controls")[2].partition("\n## ")[0]
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "|---"))]
    held_elsewhere = {"the lock files", "`.ci/run`"}

    for row in rows:
        by = row.rstrip("| ").rsplit(" | ", 1)[1]
        named = _NAMED.findall(by)
        assert named or by in held_elsewhere, row
        for file, name in named:
            assert f"def {name}(" in _text(ROOT / "tests" / file), f"{file} has no {name}"
