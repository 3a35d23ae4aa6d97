"""Two people publish from folders of their own, in every order, and nobody's work is taken back unseen."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.authoring import merging
from ivr.authoring.merging import Conflict
from ivr.cli import preparing
from ivr.machine import config
from ivr.usecases import origin
from tests.short import short_staff
from tests.staff import LINE_YAML, Staff

__all__ = ["short_staff"]
WELCOME, PEOPLE = "menus/welcome.yaml", "menus/people.yaml"
SCHOOL, TEACHERS = "School, nursery or college.", "School, teachers or college."


class Two:
    """Ann and Bea, each with a copy of what is live."""

    def __init__(self, staff: Staff, monkeypatch: pytest.MonkeyPatch):
        self.ann, self._monkeypatch = staff, monkeypatch
        self.folders = {"ann": staff.folder, "bea": staff.folder.with_name("bea")}

    def __call__(self, who: str, *arguments: str) -> tuple[int, str]:
        self._monkeypatch.setenv("LOGNAME", who)
        self._monkeypatch.setenv("IVR_CONFIG", str(self.folders[who]))
        told = self.ann(*arguments)
        return told.status, told.out + told.err

    def edit(self, who: str, name: str, old: str, new: str) -> None:
        path = self.folders[who] / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def live(self) -> str:
        return "\n".join(self.ann.live_files.values())


@pytest.fixture
def two(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> Two:
    found = Two(staff, monkeypatch)
    assert found("ann", "publish", "-m", "the first words")[0] == 0
    shutil.copytree(found.folders["ann"], found.folders["bea"])
    return found


@pytest.mark.parametrize("order", list(itertools.permutations(("ann", "bea"))))
@pytest.mark.parametrize("noted", [True, False], ids=["with a note", "without a note"])
def test_the_second_of_two_is_shown_what_the_first_changed_and_takes_it_over(
    two: Two, order: tuple[str, str], noted: bool
) -> None:
    first, second = order
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    two.edit("bea", LINE_YAML, "ring_seconds: 25", "ring_seconds: 20")
    if not noted:
        for folder in two.folders.values():
            (folder / origin.NOTE).unlink()
    assert two(first, "publish", "-m", "mine first")[0] == 0

    status, told = two(second, "publish", "-m", "mine second")

    assert status == 1
    assert f"{first}: mine first" in told
    assert told.endswith("Nothing was published. Take it over first: ivr catch-up\n")
    place = "config/menus/welcome.yaml: nodes, main_menu, choices, 2, said_back"
    assert (place if first == "ann" else "config/line.yaml: transfer, ring_seconds") in told

    assert two(second, "catch-up", "--yes")[0] == 0
    assert two(second, "publish", "-m", "both")[0] == 0
    assert TEACHERS in two.live()
    assert "ring_seconds: 20" in two.live()


def test_where_both_changed_the_same_line_one_of_the_two_is_chosen(two: Two) -> None:
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    two.edit("bea", WELCOME, SCHOOL, "A school, or a college.")
    assert two("bea", "publish", "-m", "shorter")[0] == 0

    status, told = two("ann", "publish", "-m", "teachers")
    assert (status, "    yours   School, teachers or college." in told) == (1, True), told

    assert two("ann", "catch-up", "--live", "--yes")[0] == 0
    assert "A school, or a college." in (two.folders["ann"] / WELCOME).read_text(encoding="utf-8")
    assert two("ann", "publish", "-m", "nothing is left")[1].startswith("This is live already.")


def test_whoever_has_looked_may_replace_what_is_live(two: Two) -> None:
    two.edit("bea", LINE_YAML, "ring_seconds: 25", "ring_seconds: 20")
    assert two("bea", "publish", "-m", "sooner")[0] == 0
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)

    assert two("ann", "catch-up", "--keep")[0] == 0
    assert two("ann", "publish", "-m", "ring longer again")[0] == 0
    assert "ring_seconds: 25" in two.live()


def test_an_old_archive_that_is_unpacked_over_a_folder_takes_nothing_back(two: Two, tmp_path: Path) -> None:
    """It has no note of its own, and leaves the newer one in the folder."""
    old = tmp_path / "old"
    shutil.copytree(two.folders["bea"], old)
    (old / origin.NOTE).unlink()
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    assert two("ann", "publish", "-m", "teachers")[0] == 0
    two("bea", "catch-up", "--yes")
    shutil.copytree(old, two.folders["bea"], dirs_exist_ok=True)
    (two.folders["bea"] / origin.NOTE).write_text("left by nobody\nleft by a merge\n", encoding="utf-8")

    status, told = two("bea", "publish", "-m", "the old words")

    assert (status, "Nothing was published" in told) == (1, True), told


def test_ones_own_words_may_be_put_back(two: Two) -> None:
    for old, new in ((SCHOOL, TEACHERS), (TEACHERS, SCHOOL)):
        two.edit("ann", WELCOME, old, new)
        assert two("ann", "publish", "-m", new)[0] == 0


def test_whoever_has_the_changes_already_publishes_at_once(two: Two) -> None:
    """As after a merge in Git: the words are there, and the note is older."""
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    assert two("ann", "publish", "-m", "teachers")[0] == 0
    two.edit("bea", WELCOME, SCHOOL, TEACHERS)
    two.edit("bea", LINE_YAML, "ring_seconds: 25", "ring_seconds: 20")

    assert two("bea", "publish", "-m", "both")[0] == 0


def test_what_a_colleague_undid_is_not_published_again_unseen(two: Two) -> None:
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    assert two("ann", "publish", "-m", "teachers")[0] == 0
    status, told = two("bea", "undo")
    assert (status, "This took back what ann published on" in told, TEACHERS in told) == (0, True, True)

    assert two("ann", "publish", "-m", "teachers")[0] == 1
    assert two("bea", "publish", "-m", "nothing new")[1].startswith("This is live already.")


def test_a_second_person_agrees_before_it_is_live(two: Two) -> None:
    two.edit("ann", LINE_YAML, "alerts:\n", "needs_approval: true\nalerts:\n")
    assert two("ann", "publish", "-m", "two of us from now on")[0] == 0
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)

    status, told = two("ann", "publish", "-m", "teachers")

    assert (status, "waits for a second person" in told) == (0, True)
    assert TEACHERS not in two.live()
    assert "You are ann" in two("ann", "approve", "--yes")[1]
    status, told = two("bea", "approve", "--yes")
    assert (status, TEACHERS in told, TEACHERS in two.live()) == (0, True, True)
    assert "teachers (approved by bea)" in two("bea", "history")[1]
    assert two("bea", "approve")[1] == "Nothing waits for a second person.\n"


def test_what_was_refused_or_is_overtaken_does_not_go_live(two: Two) -> None:
    two.edit("ann", LINE_YAML, "alerts:\n", "needs_approval: true\nalerts:\n")
    two("ann", "publish", "-m", "two of us from now on")
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    two("ann", "publish", "-m", "teachers")
    assert two("bea", "approve", "--refuse")[0] == 0
    assert two("bea", "approve")[1] == "Nothing waits for a second person.\n"

    two("ann", "publish", "-m", "teachers")
    two("bea", "notice", "We are closed on Friday afternoon.")
    status, told = two("bea", "approve", "--yes")

    assert (status, TEACHERS in two.live()) == (1, False), told


def test_a_start_takes_back_nothing_that_others_published(
    two: Two, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two.edit("bea", LINE_YAML, "ring_seconds: 25", "ring_seconds: 20")
    assert two("bea", "publish", "-m", "sooner")[0] == 0
    two.edit("ann", WELCOME, SCHOOL, TEACHERS)
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.setenv("IVR_CONFIG", str(two.folders["ann"]))

    live = preparing._published_draft(config.settings(), two.ann.store)

    assert live.revision == two.ann.live
    assert "ring_seconds: 20" in two.live()
    assert "So config/ was not published. Take it over first: ivr catch-up\n" in capsys.readouterr().out


def test_whoever_publishes_another_number_is_told_of_the_copy_at_twilio(two: Two) -> None:
    two.edit("ann", LINE_YAML, "0116 257 5027", "0116 257 5028")

    assert "TwiML Bin" in two("ann", "publish", "-m", "our new number")[1]


# --- both together ------------------------------------------------------------------------------

ORDER = ["a: 1", "# b", "c: 3", "d: 4", "e: 5", "f: 6"]
LINES = st.sets(st.sampled_from(ORDER)).map(lambda lines: sorted(lines, key=ORDER.index))


@given(LINES, LINES, LINES)
@settings(max_examples=150, deadline=None)
def test_nothing_that_only_one_changed_is_lost(before: list[str], theirs: list[str], mine: list[str]) -> None:
    asked: list[Conflict] = []

    def choose(conflict: Conflict) -> merging.Side:
        asked.append(conflict)
        return "mine"

    was, live, have = ({"a.yaml": "".join(f"{line}\n" for line in lines)} for lines in (before, theirs, mine))
    both = merging.merged(was, live, have, choose)["a.yaml"].splitlines()

    for line in () if asked else ORDER:
        who_changed = mine if (line in mine) != (line in before) else theirs
        assert (line in both) == (line in who_changed)


WEEK = ["monday: 9\n", "tuesday: 9\n", "wednesday: 9\n", "thursday: 9\n"]


@pytest.mark.parametrize(
    ("theirs", "mine", "asked"),
    [
        ({0: "a"}, {1: "b"}, []),
        ({0: "a", 1: "a"}, {2: "b", 3: "b"}, []),
        ({0: "a", 1: "a"}, {1: "b", 2: "b"}, [(2, 1)]),
        ({0: "a", 1: "a", 2: "a"}, {1: "b", 2: "b", 3: "b"}, [(2, 2)]),
        ({0: "a", 2: "a"}, {0: "b", 1: "b", 2: "b"}, [(1, 1), (3, 1)]),
    ],
)
def test_two_who_change_neighbouring_days_are_asked_only_about_those_that_both_changed(
    theirs: dict[int, str], mine: dict[int, str], asked: list[tuple[int, int]]
) -> None:
    conflicts: list[Conflict] = []

    def choose(conflict: Conflict) -> merging.Side:
        conflicts.append(conflict)
        return "theirs"

    was, live, have = (
        {"a.yaml": "".join(changed.get(day, line.strip()) + "\n" for day, line in enumerate(WEEK))}
        for changed in ({}, theirs, mine)
    )
    both = merging.merged(was, live, have, choose)["a.yaml"].splitlines()

    assert [(conflict.line, len(conflict.mine)) for conflict in conflicts] == asked
    assert both == [theirs.get(day) or mine.get(day) or line.strip() for day, line in enumerate(WEEK)]


def test_what_one_did_not_touch_is_as_the_other_left_it() -> None:
    was = {"a": "1\n", "b": "2\n", "gone": "3\n"}

    assert merging.merged(was, {**was, "a": "one\n"}, {"a": "1\n", "b": "two\n"}, lambda _: "mine") == {
        "a": "one\n", "b": "two\n",
    }  # fmt: skip
