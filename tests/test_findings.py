"""A page for each finding in docs/findings/: what it is, why, an example with what the check says, and what to do.

Each example is played: with the bad words the finding is there, with the good ones it is not. A page is written by
`pytest --accept-calls tests/test_findings.py`.
"""

from __future__ import annotations

import difflib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ivr import check
from ivr.check import RULES
from ivr.compiling import building
from ivr.machine import config
from ivr.problems import KINDS, ConfigError, Kind, Problem
from tests import test_check
from tests.test_check import EXAMPLES, IN_THE_ENGINE, Edits

PAGES = config.ROOT / "docs" / "findings"
#: For findings that are no rules about callers: a file, what is there, and what somebody makes of it.
SLIPS: dict[str, tuple[str, str, str]] = {
    code: tuple(slip)
    for code, slip in json.loads((Path(__file__).parent / "data" / "slips.json").read_text(encoding="utf-8")).items()
}
RULE = {rule.name: rule for rule in RULES}
#: Why what is no rule about callers is told, by the beginning of its code.
WHY = {
    "story-": "A story is a promise about a whole call. What breaks one is not published.",
    "recording-noisy": "Callers hear the recording as it is. Whoever listens decides whether it is good enough.",
    "recording-telephone": "Callers hear the recording as it is. Whoever listens decides whether it is good enough.",
    "recording-cut": "Callers hear the recording as it is. Whoever listens decides whether it is good enough.",
    "recording-": "Callers would hear other words than are written, or none. A voice speaks instead.",
    "environment-": "A line that starts with a setting that it cannot use would fail later, during a call.",
    "keys-": "Without its keys the line can read nothing that is stored about callers.",
    "no-keys": "Without its keys the line can read nothing that is stored about callers.",
    "empty-secret": "A line that starts with a setting that it cannot use would fail later, during a call.",
    "proof-": "It must hold wherever a call can be, whatever came before.",
    "waiver-": "A rule that is waived no longer protects callers there, so it must be sure which, where and why.",
    "damaged-": "What is live must be exactly what was published.",
    "publication-": "What is live must be exactly what was published.",
    "": "What cannot be read for sure is not published: callers would hear something else than was meant.",
}
#: Where to read on about those that have no words of their own.
READ_ON = {"environment-": "The environment variable cannot be used: see [operators.md](../operators.md)."}


#: The file of a story that is made up.
STORY = "stories/a.call"


def _edits(code: str) -> tuple[Edits, Edits] | None:
    """What breaks it, and what does not; None without an example."""
    if code in SLIPS:
        return (SLIPS[code],), ()
    return EXAMPLES.get(code) if code not in IN_THE_ENGINE else None


def _with_story(code: str, files: dict[str, str]) -> dict[str, str]:
    """The files with the story that an example is about."""
    return {**files, STORY: SLIPS[code][1]} if code in SLIPS and SLIPS[code][0] == STORY else files


def _found(code: str, files: dict[str, str], shipped: building.Script) -> list[Problem]:
    """What is found in these files, of which the shipped ones have nothing."""
    if STORY in files:
        return [problem for problem in check.play_stories(shipped, {STORY: files[STORY]}) if problem.code == code]
    if code in RULE:
        return [problem for problem in test_check._found(code, files, shipped) if problem.code == code]
    try:
        context = test_check._context(files)
    except ConfigError as error:
        return [problem for problem in error.problems if problem.code == code]
    return [problem for problem in check._waivers(context) if problem.code == code]


def _changed(files: dict[str, str], edits: Edits) -> list[str]:
    """The lines that these edits change, by file, as YAML to show."""
    after = test_check._edited(files, edits)
    lines: list[str] = []
    for file in dict.fromkeys(name for name, _, _ in edits):
        old, new = files[file].splitlines(), after[file].splitlines()
        lines.append(f"# config/{file}")
        for op, _, _, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if op != "equal":
                lines += new[start:end] or ["# (the line is taken out)"]
    return lines


def _as_it_is(files: dict[str, str], edits: Edits) -> list[str]:
    """The lines that these edits would change, as they are."""
    after = test_check._edited(files, edits)
    lines: list[str] = []
    for file in dict.fromkeys(name for name, _, _ in edits):
        old, new = files[file].splitlines(), after[file].splitlines()
        lines.append(f"# config/{file}")
        for op, start, end, _, _ in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if op != "equal":
                lines += old[start:end] or ["# (nothing is there)"]
    return lines


def _of(words: dict[str, str], code: str) -> str:
    """The words for codes that begin like this one."""
    return next((told for begins, told in words.items() if code.startswith(begins)), "")


def _head(kind: Kind) -> str:
    """How much it weighs."""
    if kind.severity == "warning":
        return "A warning: it does not stop a publication."
    starts = kind.code.startswith(("environment-", "keys-", "no-keys", "empty-secret"))
    return f"An error: it stops {'the start' if starts else 'a publication'}."


def _page(kind: Kind, files: dict[str, str], said: str) -> str:
    rule = RULE.get(kind.code)
    lines = [f"# {kind.code}", ""]
    lines += [_head(kind), ""]
    if rule:
        lines += [f"**Why:** {kind.why}", ""]
        if told := inspect.getdoc(rule.find):
            lines += [f"**What it looks at:** {' '.join(told.split())}", ""]
    else:
        what = kind.words or _of(READ_ON, kind.code) or "The finding says it, with the value that it is about."
        lines += [f"**What is wrong:** {what}", "", f"**Why:** {_of(WHY, kind.code)}", ""]
        if kind.remedy:
            lines += [f"**What to do:** {kind.remedy}", ""]
    if edits := _edits(kind.code):
        bad, good = edits
        right = _changed(files, good) if good else _as_it_is(files, bad)
        language = "text" if STORY in files else "yaml"
        lines += ["**Not like this:**", "", f"```{language}", *_changed(files, bad), "```", "", f"> {said}", ""]
        lines += ["**But like this:**", "", f"```{language}", *right, "```", ""]
    if rule:
        lines += ["If it does not fit at one place, waive it there: see [When a rule does not fit](../staff.md).", ""]
    return "\n".join(lines).replace("{{", "{").replace("}}", "}").rstrip() + "\n"


@pytest.mark.parametrize("code", sorted(KINDS))
def test_a_page_says_what_a_finding_is_and_its_example_is_played(
    code: str, files: dict[str, str], shipped: building.Script, request: pytest.FixtureRequest
) -> None:
    said, files = "", _with_story(code, files)
    if edits := _edits(code):
        found = _found(code, test_check._edited(files, edits[0]), shipped)
        assert found, f"{code} does not find what breaks it"
        said = found[0].says
        # What a rule lets through is tried in test_check.py. Every other example is put right by the shipped words.
        assert code in RULE or not _found(code, files, shipped)
    page = _page(KINDS[code], files, said)
    path = PAGES / f"{code}.md"
    if request.config.getoption("--accept-calls"):
        path.write_text(page, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == page


def test_no_page_is_left_of_a_finding_that_is_no_more() -> None:
    told = subprocess.run([sys.executable, "-m", "ivr", "explain"], cwd=config.ROOT, capture_output=True, text=True)

    assert {path.stem for path in PAGES.glob("*.md")} == set(KINDS) == set(told.stdout.split())
