"""Staff may name what is theirs as they like: the program asks for no name of theirs that it does not demand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ivr import check
from ivr.authoring import drafts
from ivr.check.context import Context
from ivr.compiling import building
from ivr.machine import config
from ivr.practice import playing, transcript
from ivr.problems import ConfigError
from ivr.script import Script
from tests.line import OPEN

Files = dict[str, str]
CALLS = sorted((Path(__file__).parent / "calls").glob("*.call"))
#: The groups of line.yaml in which staff choose the names.
GROUPS = ("names", "phones", "emails", "links", "numbers", "paragraphs", "sentences", "switches")
#: What the program asks for by name, and demands.
NEEDED = {
    "missing-setting": {"service_name"},
    "missing-node": {"greeting", "main_menu", "end_menu", "help_settings", "words_menu"},
}
#: What it asks for, and has shipped words for.
STAND_IN = {"text_us", "text_words", "text_reply", "text_reply_closed", "text_reply_call", "text_not_kept"}


def _names(files: Files) -> set[str]:
    """Every name that staff chose: of settings, nodes and texts."""
    draft = drafts.read_draft(files)
    settings = {name for group in GROUPS for name in getattr(draft.line, group)}
    return settings | set(draft.texts.texts) | {node_id for _, _, node_id, _ in draft.nodes()}


def _renamed(files: Files, names: set[str]) -> Files:
    """The same files with other names, where each is used too. Words of callers are left alone."""
    any_of_them = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    used = re.compile(
        rf"(?<=^  )(?:{any_of_them})(?=:)|(?<={{)(?:{any_of_them})(?=}})"
        rf"|(?<=goto: )(?:{any_of_them})\b"
        rf"|(?<=[\[ ])(?:{any_of_them})(?=[,\]]|$)", re.MULTILINE,
    )  # fmt: skip
    return {name: used.sub(lambda found: f"{found[0]}_too", text) for name, text in files.items()}


@pytest.fixture(scope="module")
def renamed(files: Files) -> Files:
    """Staff's files with every name changed that the program does not demand."""
    return _renamed(files, _names(files) - STAND_IN.union(*NEEDED.values()))


def test_a_name_that_the_program_asks_for_is_demanded(files: Files) -> None:
    with pytest.raises(ConfigError) as refusal:
        building.load(_renamed(files, _names(files)))

    told: dict[str, set[str]] = {}
    for problem in refusal.value.problems:
        if problem.code.startswith("missing"):
            told.setdefault(problem.code, set()).add(problem.words.split("'")[1])
    assert told == NEEDED
    draft = drafts.read_draft(_renamed(files, _names(files)))
    assert {path[1] for file, path, _ in draft.stand_ins() if file == "texts.yaml"} == STAND_IN


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_other_names_change_no_call(path: Path, renamed: Files, shipped: Script) -> None:
    wanted = transcript.read(path.read_text(encoding="utf-8"), path.name)
    script = building.load(renamed, config.bank_holidays())

    heard, usual = playing.play(script, wanted), playing.play(shipped, wanted)

    assert [re.sub(r"_too\b", "", e.text) for e in heard.entries] == [e.text for e in usual.entries]


def test_other_names_change_no_finding_of_the_check(renamed: Files, files: Files) -> None:
    def found(config_files: Files) -> list[tuple[str, str]]:
        draft = drafts.read_draft(config_files)
        made = building.build(draft, "r", config.bank_holidays())
        return [(p.code, p.where.file) for p in check.check(Context(draft, made, OPEN.date()))]

    assert found(renamed) == found(files)


@pytest.mark.parametrize("path", sorted((config.ROOT / "ivr").rglob("*.py")), ids=lambda path: path.stem)
def test_no_code_writes_a_name_of_staffs_out(path: Path) -> None:
    """Except where it is demanded, as a constant."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and type(node.slice.value) is str:
            group = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            assert group not in (*GROUPS, "nodes", "texts"), ast.unparse(node)
