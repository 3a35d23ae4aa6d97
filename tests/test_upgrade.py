"""`ivr upgrade`: files of an older version of the line, in the shape of this one.

`tests/data/shared-*.yaml` are the words of the line itself as versions 1.0 to 1.4 shipped them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.authoring import parsing, upgrading
from ivr.authoring.drafts import MENUS
from ivr.cli import commands
from ivr.compiling import building
from ivr.problems import ConfigError
from ivr.script import MAIN_MENU

SHARED, WELCOME = MENUS + "shared.yaml", MENUS + "welcome.yaml"
OLDER = sorted((Path(__file__).parent / "data").glob("shared-1.*.yaml"))


def _older(files: dict[str, str], shared: Path) -> dict[str, str]:
    """The shipped files, with the words of the line itself as an older version shipped them."""
    return {**files, SHARED: shared.read_text(encoding="utf-8")}


def _comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


@pytest.mark.parametrize("shared", OLDER, ids=lambda path: path.stem)
def test_words_of_an_older_version_compile_and_keep_their_comments(shared: Path, files: dict[str, str]) -> None:
    after = upgrading.upgraded(_older(files, shared))

    building.load(after)
    assert _comments(after[SHARED]) == _comments(shared.read_text(encoding="utf-8"))
    assert upgrading.upgraded(after) == after, "a second time changes nothing"
    kept, before = parsing.read(after[SHARED], SHARED).data, parsing.read(shared.read_text(), SHARED).data
    assert kept["phrases"] == before["phrases"]
    assert kept["steps"]["ring_check"] == before["steps"]["ring_check"]


@pytest.mark.parametrize("shared", OLDER[:3], ids=lambda path: path.stem)
def test_words_up_to_1_2_are_refused_without_it(shared: Path, files: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="is not a field here"):
        building.load(_older(files, shared))


def test_what_is_shipped_has_the_shape_of_this_version(files: dict[str, str]) -> None:
    assert upgrading.upgraded(files) == files


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Press four, then three, then four. Each time, wait for my voice. Bye.", "Then {press_change}. Bye."),
        ("Press four, three, four. Each time, wait for my voice.", "Then {press_change}."),
        ("To talk, press zero. Or wait.", "To talk, {press_zero}. Or wait."),
        ("Press one number after the other.", "Press one number after the other."),
        ("Star stops it.", "Star stops it."),
    ],
)
def test_a_key_that_was_written_by_hand_gets_the_name_of_the_line_for_it(before: str, after: str) -> None:
    text = f'steps:\n  goodbye:\n    say: "{before}"  # a note\n'

    assert upgrading.upgraded({SHARED: text}) == {SHARED: text.replace(before, after)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{say: Hi, noted: Well}", "{say: Hi}"),
        ("{noted: Well, say: Hi}", "{say: Hi}"),
        ("\n    noted: Well  # old\n    say: Hi", "\n    say: Hi"),
    ],
)
def test_words_that_nobody_hears_any_more_are_taken_out_however_they_are_written(before: str, after: str) -> None:
    text = "# head\nsteps:\n  ring_urgent: {}\n  ring_done: {{say: Hi}}\n"

    assert upgrading.upgraded({SHARED: text.format(before)}) == {SHARED: text.format(after)}


def test_a_step_that_says_nothing_else_is_taken_out_whole() -> None:
    text = "steps:\n  ring_urgent:\n    noted: Well\n  ring_done: {say: Hi}\n"

    assert upgrading.upgraded({SHARED: text}) == {SHARED: "steps:\n  ring_done: {say: Hi}\n"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_first_menu_leads_to_changing_a_call(files: dict[str, str], end: str) -> None:
    line = next(line for line in files[WELCOME].splitlines(keepends=True) if "goto: ring_reference" in line)
    older = files[WELCOME].replace(line, "").replace("\n", end)

    after = upgrading.upgraded({**files, WELCOME: older})[WELCOME]

    assert parsing.read(after, WELCOME).data == parsing.read(files[WELCOME], WELCOME).data
    assert after.count(end) == after.count("\n"), "lines end as they did"


def test_a_first_menu_without_a_free_key_is_left_to_people(files: dict[str, str]) -> None:
    full = files[WELCOME].replace("goto: ring_reference", "goto: contact_us")

    assert upgrading.upgraded({**files, WELCOME: full})[WELCOME] == full


@pytest.mark.parametrize(
    "broken", ["steps: [", "nodes: 1\nsteps: 2\n", "", f"nodes: {{{MAIN_MENU}: {{choices: 3}}}}\n"]
)
def test_a_file_that_cannot_be_read_stays_as_it_is(broken: str) -> None:
    assert upgrading.upgraded({SHARED: broken}) == {SHARED: broken}


def test_the_difference_is_shown_before_a_byte_is_written(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _older(files, OLDER[0]).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("IVR_CONFIG", str(tmp_path))
    before = (tmp_path / SHARED).read_bytes()

    asked = CliRunner().invoke(commands, ["upgrade"], input="n\n")

    assert "now   no_key_3:" in asked.output
    assert (tmp_path / SHARED).read_bytes() == before
    assert "changed" in CliRunner().invoke(commands, ["upgrade", "--yes"]).output
    building.load({**files, SHARED: (tmp_path / SHARED).read_text(encoding="utf-8")})
    assert "Nothing was changed" in CliRunner().invoke(commands, ["upgrade"]).output
