"""Names in staff's files: where one stands, another name, a new topic, and one less. At a terminal, on real files."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from ivr.authoring import drafts, naming, recorded
from ivr.compiling import building
from ivr.forms import topics
from ivr.forms.topics import CannotChange, NewTopic
from ivr.machine import config, configfiles
from ivr.script import ConfirmedTake
from tests.staff import Staff

A_TOPIC = (
    "--name", "bus_pass", "--under", "health_care", "--label", "To ask about a bus pass",
    "--part", "Your child may get a free bus pass.", "--part", "First, ask the council for the form.",
    "--closing", "That is all about bus passes.",
    "--text", "{service_name}: Bus pass: ask the council. Help: {helpline_phone}",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(files: dict[str, str]) -> dict[str, str]:
    """The shipped config/ with its stories."""
    return {**files, **configfiles.story_files(config.ROOT / "config")}


# --- where ----------------------------------------------------------------------------------------


def test_staff_are_told_where_something_is_used_and_which_keys_lead_there(staff: Staff) -> None:
    told = staff("where", "appeal_time").out

    assert "appeal_time is a node of the kind reading: config/menus/appeals.yaml:" in told
    assert "council_menu leads there with key 3 ('To appeal, or hear time limits')" in told
    assert "letter_stop leads there next" in told
    assert told.endswith("Callers get there with keys 3, 3.\n")


def test_a_setting_is_found_in_menus_texts_and_settings(staff: Staff) -> None:
    told = staff("where", "helpline_phone").out

    assert told.startswith("helpline_phone is a setting, 0116 257 5027: config/line.yaml:")
    assert "key 0 rings it" in told
    assert "contact_us says it" in told
    assert "the text text_us has it" in told
    assert "the line's own words say it (person_away.number)" in told


def test_words_that_are_no_name_are_looked_for_in_every_line(staff: Staff) -> None:
    assert "config/menus/appeals.yaml:" in staff("where", "No plan  is needed").out
    assert staff("where", "apeal_time").err == (
        "Nothing is called 'apeal_time'. Did you mean 'appeal_time'? No line has these words either.\n"
    )


def test_a_file_that_could_not_be_looked_through_is_named(staff: Staff) -> None:
    staff.edit("menus/appeals.yaml", 'title: "appeals"', 'title: "appeals')

    told = staff("where", "text_us").out

    assert told.startswith("config/menus/appeals.yaml cannot be read, so it was not looked through.")


# --- rename ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "appeal_time",
        "text_complaint",
        "helpline_phone",
        "adviser_months",
        "show_after_complaint",
        "word_appeal",
    ],
)
def test_there_and_back_is_every_character_as_it_was(folder: dict[str, str], name: str) -> None:
    there = naming.renamed(folder, name, "quite_another")

    assert not naming.names_in(there).of(name)
    assert building.load({file: text for file, text in there.items() if not file.startswith("stories")})
    assert naming.renamed(there, "quite_another", name) == folder


def test_a_text_is_renamed_in_stories_too(folder: dict[str, str]) -> None:
    story = "When    Wed 25 November 2026, 10:30\n\nNOTED   text text_papers to 1\nGOT     a text: text_papers\n"

    after = naming.renamed({**folder, "stories/a.call": story}, "text_papers", "text_paper")

    assert after["stories/a.call"].count("text_paper\n") == 1
    assert "NOTED   text text_paper to 1" in after["stories/a.call"]


def test_a_waived_rule_follows_the_setting_that_it_is_about(files: dict[str, str]) -> None:
    waived = f"{files['line.yaml']}  phones.dr_phone: {{leftovers: 'It waits for the service.'}}\n"

    after = naming.renamed({**files, "line.yaml": waived}, "dr_phone", "dispute_phone")

    assert "  phones.dispute_phone: {leftovers:" in after["line.yaml"]


def test_the_difference_is_shown_before_anything_is_written(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(SystemExit(1)))
    was = staff.read("menus/appeals.yaml")

    told = staff("rename", "appeal_time", "time_limits")

    assert "    now   appeal_time:\n    then  time_limits:\n" in told.out
    assert staff.read("menus/appeals.yaml") == was


def test_recordings_of_a_node_are_renamed_with_what_was_confirmed(staff: Staff) -> None:
    sounds = staff.folder.parent / "audio" / "recordings" / "en"
    sounds.mkdir(parents=True)
    for name in ("appeal_time.1.wav", "appeal_time.closing.wav", "appeal_times.1.wav"):
        (sounds / name).write_bytes(b"RIFF")
    (sounds / "words.json").write_text('{"appeal_time.1": {"words": "a", "take": "b"}}', encoding="utf-8")
    take = ConfirmedTake("0" * 8, "1" * 8, "Ann", dt.date(2026, 5, 3))
    kept = recorded.with_takes("", {"appeal_time.1": take, "appeal_times.1": take, "appeal_time": take})
    (staff.folder / recorded.FILE).write_text(kept, encoding="utf-8")

    assert staff("rename", "appeal_time", "time_limits", "--yes").status == 0

    assert sorted(path.name for path in sounds.glob("*.wav")) == [
        "appeal_times.1.wav", "time_limits.1.wav", "time_limits.closing.wav",
    ]  # fmt: skip
    assert '"time_limits.1"' in (sounds / "words.json").read_text(encoding="utf-8")
    assert re.findall(r"^  ([a-z_.0-9]+):", staff.read(recorded.FILE), re.MULTILINE) == [
        "time_limits", "time_limits.1", "appeal_times.1",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", [b"{", b"[]", b'{"appeal_time.1": 5}', b'{"appeal_time.1": {"take": "b"}}', b"\xff"])
def test_a_broken_file_of_old_confirmations_is_told_and_nothing_is_renamed(staff: Staff, broken: bytes) -> None:
    sounds = staff.folder.parent / "audio" / "recordings" / "en"
    sounds.mkdir(parents=True)
    (sounds / "appeal_time.1.wav").write_bytes(b"RIFF")
    (sounds / "words.json").write_bytes(broken)
    was = staff.read("menus/appeals.yaml")

    told = staff("rename", "appeal_time", "time_limits", "--yes")

    assert told.status == 1
    assert "audio/recordings/en/words.json" in told.err
    assert "Mend it, or remove it" in told.err
    assert "Traceback" not in told.err
    assert staff.read("menus/appeals.yaml") == was
    assert (sounds / "appeal_time.1.wav").is_file()
    assert "recording-words-file" in staff("record", "check").out + staff("check").out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("greeting", "hello", "the line itself uses"),
        ("appeal_time", "appeal_what", "'appeal_what' is taken: config/menus/appeals.yaml:"),
        ("appeal_time", "Appeal time", "cannot be a name"),
        ("appeal_time", "ring_back", "step of the line"),
        ("apeal_time", "x", "Did you mean 'appeal_time'?"),
    ],
)
def test_what_cannot_be_renamed_is_said_and_nothing_is_changed(staff: Staff, old: str, new: str, says: str) -> None:
    told = staff("rename", old, new, "--yes")

    assert (told.status, says in told.err) == (1, True), told.err
    assert told.err.endswith("Nothing was changed.\n")


# --- a new topic, and one less --------------------------------------------------------------------


def test_a_new_topic_passes_the_gate_and_taking_it_out_leaves_the_files_as_they_were(staff: Staff) -> None:
    was = {path: path.read_bytes() for path in staff.folder.rglob("*.yaml")}

    told = staff("new", "topic", *A_TOPIC, "--yes")

    assert told.status == 0, told.err
    assert "Callers get there with keys 3, 1, 1.\n" in told.out
    assert staff("remove", "bus_pass", "--yes").status == 0
    assert {path: path.read_bytes() for path in staff.folder.rglob("*.yaml")} == was


def test_words_against_which_the_check_has_something_are_not_written_and_not_lost(staff: Staff) -> None:
    was = staff.read("menus/people.yaml")
    long = "First, ask the council for a bus pass for your child, and then wait until they write to you again about it."

    told = staff("new", "topic", *A_TOPIC, "--part", long, "--yes")

    assert told.status == 1
    assert "(part 3)\nNothing was written.\n" in told.err
    assert "ivr new topic --name bus_pass" in told.err
    assert long in told.err
    assert staff.read("menus/people.yaml") == was


def test_whoever_is_asked_is_asked_again_until_it_fits(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full menu, a name that is none, and a sentence that is too long."""
    long = "Your child may get a free bus pass, which the council gives to children who live far away from the school."
    answers = [
        "complaints_menu", "", "health_care", "A bus", "bus_pass", "To ask about a bus pass", long, "",
        "{service_name}: Bus pass: ask the council. Help: {helpline_phone}", "Your child may get a free bus pass.",
    ]  # fmt: skip
    asked = iter(answers)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(asked))
    monkeypatch.setattr("click.confirm", lambda *_, **__: True)

    told = staff("new", "topic")

    assert (told.status, list(asked)) == (0, []), told.err
    assert '      - "Your child may get a free bus pass."\n' in staff.read("menus/people.yaml")


def test_a_full_menu_says_how_there_is_room_all_the_same(staff: Staff, files: dict[str, str]) -> None:
    topic = [*A_TOPIC]
    topic[3] = "complaints_menu"

    told = staff("new", "topic", *topic, "--yes")

    assert "callers cannot keep more in mind" in told.err
    assert "--beside KEY --together" in told.err


def test_beside_a_choice_both_share_a_menu(files: dict[str, str]) -> None:
    topic = NewTopic(
        "bus", "main_menu", "To ask about a bus", ("A bus.",), "That is all.", "Bus", beside=2, together="To ask"
    )

    after = topics.with_topic(files, topic)

    menu = drafts.read_draft(after).menus["menus/welcome.yaml"].nodes
    assert menu["main_menu"].choices[2].goto == "bus_menu"
    assert [menu["bus_menu"].choices[key].goto for key in (1, 2)] == ["school_menu", "bus"]


def test_what_leads_to_a_node_is_said_and_what_must_lead_somewhere_is_not_cut(staff: Staff) -> None:
    told = staff("remove", "letter_draft", "--yes")

    assert "q_letter_draft leads there after yes" in told.out
    assert "must lead somewhere. Say where instead: ivr remove letter_draft --instead NODE" in told.err


def test_the_choices_after_one_that_is_gone_move_up(files: dict[str, str]) -> None:
    after = topics.without(files, "appeal_about").files

    choices = drafts.read_draft(after).menus["menus/appeals.yaml"].nodes["appeals_menu"].choices
    assert {key: choice.goto for key, choice in choices.items()} == {
        1: "mediation_first", 2: "certificate_no_meeting", 3: "appeal_what",
    }  # fmt: skip


def test_what_nothing_leads_to_any_more_is_told_as_one_message(staff: Staff) -> None:
    told = staff("remove", "exclusion_menu_of_nobody", "--yes")
    assert told.err == "Nothing is called 'exclusion_menu_of_nobody'.\nNothing was changed.\n"

    lost = staff("remove", "appeals_menu", "--yes").err

    assert lost.count("\n") <= 3


def test_the_lines_own_nodes_stay(files: dict[str, str]) -> None:
    with pytest.raises(CannotChange, match="The line itself leads to"):
        topics.without(files, "end_menu")


def test_comments_above_what_is_gone_go_with_it_and_others_stay(files: dict[str, str], tmp_path: Path) -> None:
    text = "nodes:\n\n  # one\n  a:\n    kind: menu\n\n  # two\n  b:\n    kind: menu   # beside\n\n# end\n"

    assert topics._cut(text, [("nodes", "b")]) == "nodes:\n\n  # one\n  a:\n    kind: menu\n\n# end\n"
