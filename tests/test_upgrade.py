"""A newer line on a `config/` that was written for an older one: the shipped words stand in, and are told."""

from __future__ import annotations

import re

import pytest

from ivr import building, check, config, drafts, stand_ins
from ivr.check.context import Context
from ivr.drafts import Draft
from ivr.places import STEP_WORDS, Phrases
from ivr.problems import ConfigError, Problem
from ivr.script import NEEDED_TEXTS, Script
from ivr.shipped import SHIPPED
from tests import shipped as shipped_file
from tests.line import OPEN

SHARED, LINE_YAML, TEXTS = "menus/shared.yaml", "line.yaml", "texts.yaml"
Files = dict[str, str]


def _without(files: Files, name: str, *path: str) -> Files:
    """The files without a block of YAML: its name, and whatever stands further in below it."""
    found, left, inside, at = files[name].splitlines(keepends=True), [], [], -1
    for line in found:
        depth = len(line) - len(line.lstrip())
        if at >= 0 and (not line.strip() or depth > at):
            continue
        at = -1
        if line.strip() and not line.lstrip().startswith("#"):
            del inside[depth // 2 :]
            inside.append(line.strip().partition(":")[0])
            if tuple(inside) == path:
                at = depth
                continue
        left.append(line)
    assert left != found, f"{path} is not in {name}"
    return {**files, name: "".join(left)}


def _made(files: Files) -> tuple[Draft, Script]:
    draft = drafts.read_draft(files)
    return draft, building.build(draft, drafts.revision_of(draft.files), config.bank_holidays())


def _told(files: Files) -> list[Problem]:
    draft, made = _made(files)
    return [p for p in check.check(Context(draft, made, OPEN.date())) if p.code == "new-words"]


def test_the_words_that_stand_in_are_those_that_are_shipped() -> None:
    assert shipped_file.PLACE.read_text(encoding="utf-8") == shipped_file.text(), "run scripts/shipped"


def test_the_shipped_config_needs_nothing_to_stand_in(files: Files) -> None:
    draft, _ = _made(files)

    assert (list(draft.stand_ins()), draft.files) == ([], files)


#: What is taken out at once. Of `steps` and `phrases` something stays: a file without them is one that was lost.
LACKING = {
    "whole steps": [(SHARED, "steps", step) for step in list(STEP_WORDS)[1:]],
    "words of steps": [(SHARED, "steps", step, line.name) for step, of in STEP_WORDS.items() for line in of[1:]],
    "phrases": [(SHARED, "phrases", phrase) for phrase in [line.name for line in Phrases.lines()][1:]],
    "texts": [(TEXTS, "texts", name) for name in NEEDED_TEXTS],
    "settings": [(LINE_YAML, part, name) for part in stand_ins.OF_LINE for name in list(SHIPPED[part])[1:]],
    "parts of the settings": [(LINE_YAML, part) for part in stand_ins.OF_LINE],
}  # fmt: skip


@pytest.mark.parametrize("lacking", LACKING)
def test_whatever_the_line_itself_needs_can_be_missing(files: Files, shipped: Script, lacking: str) -> None:
    """Callers hear the shipped words, and the check reports each of them to staff."""
    for name, *path in LACKING[lacking]:
        files = _without(files, name, *path)

    draft, made = _made(files)

    told = {path for _, path, _ in draft.stand_ins()}
    assert all(any(path[: len(gone)] == tuple(gone) for path in told) for _, *gone in LACKING[lacking])
    assert (made.says, made.texts, made.line, made.press) == (shipped.says, shipped.texts, shipped.line, shipped.press)


def test_the_check_names_each_word_with_its_file_and_what_to_write(files: Files) -> None:
    old = _without(_without(files, SHARED, "steps", "goodbye"), LINE_YAML, "waiting", "more_time")

    shared, until = "config/menus/shared.yaml", "is not here yet. Write it. Until then, the line uses its own"
    goodbye = SHIPPED["steps"]["goodbye"]
    assert [(p.where.file, p.severity, p.says) for p in _told(old)] == [
        ("config/line.yaml", "warning", f"'waiting: more_time' {until} (more_time: 120)."),
        (shared, "warning", f"'steps: goodbye: rung' {until} (rung: \"{goodbye['rung']}\")."),
        (shared, "warning", f"'steps: goodbye: say' {until} (say: \"{goodbye['say']}\")."),
    ]


def test_staff_who_write_it_are_told_nothing_more(files: Files) -> None:
    assert _told(files) == []


def test_words_that_stand_in_bring_the_numbers_they_speak_of(files: Files) -> None:
    """An older line.yaml has no number for words that are newer than it."""
    old = _without(_without(files, SHARED, "steps", "text_number"), LINE_YAML, "numbers", "mobile_digits")

    draft, made = _made(old)

    assert (LINE_YAML, ("numbers", "mobile_digits"), 11) in list(draft.stand_ins())
    assert made.says["text_number.say"] == _made(files)[1].says["text_number.say"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (LINE_YAML, ("phones", "helpline_phone")), (LINE_YAML, ("opening_hours", "monday")),
        (LINE_YAML, ("ring_back", "days_ahead")), (LINE_YAML, ("transfer",)), (LINE_YAML, ("numbers", "code_chapter")),
        (SHARED, ("steps",)), (SHARED, ("phrases",)), (SHARED, ("owner",)),
    ],
)  # fmt: skip
def test_what_is_true_of_a_service_never_stands_in(files: Files, name: str, path: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        _made(_without(files, name, *path))


def test_a_word_that_is_only_misspelt_is_told_as_that(files: Files) -> None:
    wrong = files[SHARED].replace("    try_next: ", "    try_nxt: ")

    with pytest.raises(ConfigError) as refusal:
        _made({**files, SHARED: wrong})

    assert [problem.says for problem in refusal.value.problems] == ["'try_nxt' is not a field here. Write 'try_next'."]


def test_words_that_stand_in_are_not_judged_by_lists_that_are_older(files: Files) -> None:
    """An older words.yaml does not know every word that a newer line says by itself."""
    old = _without(files, SHARED, "steps", "ring_needs")
    old["words.yaml"] = re.sub(r"^.*interpreter.*\n", "", old["words.yaml"], flags=re.MULTILINE)
    draft, made = _made(old)

    found = [p for p in check.check(Context(draft, made, OPEN.date())) if p.severity == "error"]

    assert found == []


def test_what_was_published_says_the_same_under_a_later_version(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words that stood in are part of the revision."""
    draft, made = _made(_without(files, SHARED, "steps", "goodbye"))
    published = draft.files
    monkeypatch.setitem(SHIPPED["steps"]["goodbye"], "say", "Words of a later version.")

    again = building.load(published, config.bank_holidays())

    assert (again.revision, again.says) == (made.revision, made.says)


def test_a_later_version_with_other_words_is_another_revision(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a start publishes it, and calls under way go on as they began."""
    old = _without(files, SHARED, "steps", "goodbye")
    before = _made(old)[1].revision
    monkeypatch.setitem(SHIPPED["steps"]["goodbye"], "say", "Words of a later version.")

    assert _made(old)[1].revision != before


def test_what_an_older_line_published_can_still_be_said(files: Files, shipped: Script) -> None:
    """Nothing was published beside it, and callers may be in the middle of it."""
    old = _without(files, SHARED, "steps", "goodbye")

    made = building.load(old, config.bank_holidays())

    assert (made.revision, made.says) == (drafts.revision_of(old), shipped.says)
