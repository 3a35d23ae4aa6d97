"""Stories: what must never be heard, and what was got."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr import check
from ivr.compiling import building
from ivr.hours import LONDON
from ivr.machine import config, configfiles
from ivr.practice import playing, story, transcript
from ivr.practice.effects import PracticeHandler
from ivr.practice.transcript import TranscriptEntry
from ivr.problems import ConfigError
from ivr.script import Script
from tests.staff import Staff

HEAD = "When    Wed 25 November 2026, 10:30\nFrom    07700 900123\n\n"


def _disagrees(shipped: Script, lines: str) -> list[str]:
    wanted = transcript.read(HEAD + lines, "a.call")
    return [problem.says for problem in story.differences(wanted, playing.play(shipped, wanted))]


def _unreadable(lines: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        transcript.read(HEAD + lines, "a.call")
    return [f"{problem.where.line}: {problem.says}" for problem in refusal.value.problems]


def test_two_versions_of_a_story_are_told_as_such() -> None:
    told = _unreadable("<<<<<<< HEAD\nCALLER  2\n=======\nCALLER  3\n>>>>>>> theirs\nLINE    ...\n")

    assert told == [
        "4: Two versions of these lines stand here, down to line 8. "
        "Keep one, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>."
    ]


# --- never ----------------------------------------------------------------------------------


def test_words_that_are_heard_nowhere_are_no_problem(shipped: Script) -> None:
    assert _disagrees(shipped, "CALLER  2\nNEVER   two months\n") == []


def test_words_that_must_never_be_heard_are_found_with_what_is_said(shipped: Script) -> None:
    (says,) = _disagrees(shipped, "CALLER  2\nNEVER   automated Voice\n")

    assert says.startswith("'automated voice' must never be heard in this call. The line says 'Hello. This is ")


@pytest.mark.parametrize(
    "lines", ["NEVER   make a complaint\nCALLER  2\n", "CALLER  2\nCALLER  1\nNEVER   make a complaint\n"]
)
def test_it_holds_for_the_whole_call_wherever_it_stands(shipped: Script, lines: str) -> None:
    assert len(_disagrees(shipped, lines)) == 1


def test_words_that_must_not_be_heard_are_found_as_whole_words(shipped: Script) -> None:
    """'happy with help' is no part of 'unhappy with help'."""
    assert _disagrees(shipped, "CALLER  (says nothing)\nNEVER   happy with help\n") == []


def test_any_words_may_stand_between_but_not_from_one_reply_to_the_next(shipped: Script) -> None:
    assert len(_disagrees(shipped, "CALLER  2\nNEVER   school ... college\n")) == 1
    assert _disagrees(shipped, "CALLER  2\nNEVER   automated ... college\n") == []


def test_a_word_processors_signs_are_plain_signs(shipped: Script) -> None:
    assert len(_disagrees(shipped, "CALLER  1\nCALLER  (says nothing)\nNEVER   school\u2026 ask for\n")) == 1


@pytest.mark.parametrize("words", ["", "...", " . "])
def test_never_needs_words(words: str) -> None:
    assert _unreadable(f"CALLER  2\nNEVER   {words}\n") == [
        "5: No words are left to look for. "
        "Write words that must not be heard anywhere in this call, like 'NEVER   two months'."
    ]


def test_a_story_that_only_forbids_is_a_story(shipped: Script) -> None:
    assert check.play_stories(shipped, {"stories/a.call": f"{HEAD}CALLER  2\nNEVER   two months\n"}) == []


# --- got ------------------------------------------------------------------------------------


def _got(shipped: Script, lines: str) -> list[str]:
    played = playing.play(shipped, transcript.read(HEAD + lines, "a.call"))
    return [entry.text for entry in played.entries if entry.who == "GOT"]


def test_who_was_put_through_has_a_person(shipped: Script) -> None:
    assert _got(shipped, "CALLER  0\nADVISER (talks)\n") == ["a person"]


def test_ringing_is_not_got(shipped: Script) -> None:
    assert _got(shipped, "CALLER  0\nADVISER (no answer)\n") == ["nothing"]


def test_an_offer_is_not_got(shipped: Script) -> None:
    assert _got(shipped, "CALLER  0\nADVISER (busy)\nCALLER  1\n") == ["nothing"]


def test_a_request_is_got_once_it_is_written_down_and_not_when_it_is_taken_back(shipped: Script) -> None:
    asked = "CALLER  0\nADVISER (busy)\nCALLER  1\nCALLER  1\n"

    assert [words.split(";")[0] for words in _got(shipped, asked)] == ["a request: 07700 900123"]
    assert _got(shipped, f"{asked}CALLER  *\n") == ["nothing"]


def test_a_text_is_got_by_whoever_asked_for_it(shipped: Script) -> None:
    asked = "CALLER  3\nCALLER  4\nCALLER  3\nCALLER  (says nothing)\nCALLER  (says nothing)\nCALLER  1\n"

    assert _got(shipped, asked) == ["nothing"]
    assert _got(shipped, f"{asked}CALLER  1\n") == ["a text: text_council"]


def test_a_story_says_what_is_got_and_the_check_says_what_is_instead(shipped: Script) -> None:
    (says,) = _disagrees(shipped, "CALLER  0\nADVISER (busy)\nGOT     a person\n")

    assert says == "The story ends with 'a person'. The caller has got: nothing. If that is meant, write it."
    assert _disagrees(shipped, "CALLER  0\nADVISER (talks)\nGOT     a person\n") == []


def test_what_is_got_stands_at_the_end() -> None:
    assert _unreadable("CALLER  0\nGOT     a person\nADVISER (talks)\n") == [
        "5: GOT is what the caller has at the end of the call. Move it below the last CALLER or ADVISER line."
    ]


def test_what_is_got_is_one_of_a_few_things() -> None:
    assert _unreadable("CALLER  0\nGOT     help\n") == [
        "5: This is not what a caller can get. "
        "Write what they have got, beginning with one of: a person, a request, a text, told, nothing."
    ]


# --- choices by their words -----------------------------------------------------------------------


def test_a_choice_is_named_by_its_words(shipped: Script) -> None:
    assert (
        _disagrees(shipped, "CALLER  (chooses ... school, nursery ...)\nLINE    School, nursery or college. ...\n")
        == []
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("To dance", "No choice here is called 'To dance'. Here there are: 'For "),
        ("For ...", "is more than one choice"),
    ],
)
def test_words_that_are_no_choice_or_several_are_told_with_those_that_are_there(
    shipped: Script, words: str, says: str
) -> None:
    (problem,) = check.play_stories(shipped, {"a.call": f"{HEAD}CALLER  (chooses {words})\nLINE    ...\n"})

    assert says in problem.says


def test_a_menu_that_is_numbered_anew_breaks_no_story(files: dict[str, str]) -> None:
    welcome = files["menus/welcome.yaml"]
    menu = welcome[welcome.index("  main_menu:") : welcome.index("  school_menu:")]
    swapped = menu.replace("      1: ", "      x: ").replace("      2: ", "      1: ").replace("      x: ", "      2: ")
    made = building.load({**files, "menus/welcome.yaml": welcome.replace(menu, swapped)}, config.bank_holidays())
    assert made.nodes["main_menu"].options_written()[0].goto == "school_menu"

    assert check.play_stories(made, configfiles.story_files(config.ROOT / "config")) == []


# --- the first difference, and taking it over ------------------------------------------------------


def test_a_story_is_told_at_its_first_difference(shipped: Script) -> None:
    lines = "LINE    Good day.\nCALLER  2\nLINE    Another.\nCALLER  1\nLINE    A third.\n"

    (problem,) = check.play_stories(shipped, {"a.call": HEAD + lines})

    assert problem.where.line == 4


def test_what_the_line_says_now_is_taken_into_the_story_and_cut_as_it_was(staff: Staff) -> None:
    staff.edit("menus/welcome.yaml", '"Sent home, or kept out."', '"Kept out of school. That is hard."')
    story = staff.folder / "stories" / "a.call"
    story.write_text(
        f"# Why this is here.\n{HEAD}CALLER  (chooses For school ...)\nCALLER  4\n"
        "LINE    Sent home, or\n        kept out. ...\n\n# and this\nNEVER   two months\n",
        encoding="utf-8",
    )
    assert staff("stories", "a").status == 1

    assert staff("stories", "a", "--accept", "--yes").status == 0

    assert story.read_text(encoding="utf-8") == (
        f"# Why this is here.\n{HEAD}CALLER  (chooses For school ...)\nCALLER  4\n"
        "LINE    Kept out of school. ...\n\n# and this\nNEVER   two months\n"
    )


@pytest.mark.parametrize(
    ("wanted", "becomes"),
    [
        ("One. Two. Three. Four.", "One. Two and more. Three. Four."),
        ("One. ... Three. ...", "One. ... Three. ..."),
        ("... Two and less. ...", "... Two and more. ..."),
        ("One. ... Two and less. ... Four.", "One. ... Two and more. ... Four."),
        ("Another start. Two and less. ...", "One. Two and more. ..."),
        ("... An end of another kind.", "... Four."),
        ("... Nothing like it at all. ... Four.", "... Four."),
        ("Three. ... One.", "One. Two and more. Three. ... Four."),
        ("...", "..."),
    ],
)
def test_what_a_story_left_out_stays_left_out_and_it_comes_true(wanted: str, becomes: str) -> None:
    heard = transcript.read(f"{HEAD}LINE    One. Two and more. Three. Four.\n", "a.call")

    after = story.accepted(transcript.read(f"{HEAD}LINE    {wanted}\n", "a.call"), heard)

    assert after.splitlines()[-1].removeprefix("LINE").strip() == becomes
    assert story.differences(transcript.read(after, "a.call"), heard) == []


def test_what_somebody_writes_into_a_story_while_it_waits_for_its_yes_is_not_lost(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = staff.folder / "stories" / "a.call"
    story.write_text(f"{HEAD}LINE    Good day.\n", encoding="utf-8")
    meanwhile = f"{HEAD}LINE    Good evening.\n"
    monkeypatch.setattr("click.confirm", lambda *_, **__: story.write_text(meanwhile, encoding="utf-8"))

    told = staff("stories", "a", "--accept")

    assert "stories/a.call was changed meanwhile. Nothing was written." in told.err
    assert story.read_text(encoding="utf-8") == meanwhile


def test_a_notice_is_not_taken_into_a_story(staff: Staff) -> None:
    staff.edit(
        "line.yaml", "notices: []", "notices: [{words: We move on Friday., begins: 2026-11-01, ends: 2026-12-31}]"
    )
    staff.edit("menus/welcome.yaml", '"Sent home, or kept out."', '"Kept out of school."')
    story = staff.folder / "stories" / "a.call"
    story.write_text(
        f"{HEAD}LINE    Hello. ...\nCALLER  2\nCALLER  4\nLINE    Sent home, or kept out. ...\n", encoding="utf-8"
    )

    assert staff("stories", "a", "--accept", "--yes").status == 0

    assert "We move" not in story.read_text(encoding="utf-8")
    assert "LINE    Kept out of school. ..." in story.read_text(encoding="utf-8")


def test_words_that_must_never_be_heard_are_not_accepted(staff: Staff) -> None:
    story = staff.folder / "stories" / "a.call"
    story.write_text(f"{HEAD}CALLER  2\nNEVER   nursery\n", encoding="utf-8")

    told = staff("stories", "a", "--accept", "--yes")

    assert (told.status, "must never be heard" in told.err) == (1, True)
    assert "NEVER   nursery" in story.read_text(encoding="utf-8")


def test_a_call_is_saved_with_its_choices_by_their_words(shipped: Script) -> None:
    phone = playing.Caller(shipped, PracticeHandler())
    phone.ring(dt.datetime(2026, 11, 25, 10, 30, tzinfo=LONDON), "07700 900123")

    assert phone.by_words(TranscriptEntry("CALLER", "2")).text == "(chooses For school, nursery or college)"
    assert phone.by_words(TranscriptEntry("CALLER", "0")).text == "0"
