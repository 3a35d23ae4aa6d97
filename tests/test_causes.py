"""Messages: one cause is told once, with what to do, and with the name that now stands there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from ivr import check
from ivr.audio.voices import VOICES
from ivr.authoring import authored, drafts, linefile
from ivr.authoring.fitting import OF_KIND
from ivr.check import RULES, Context
from ivr.compiling import building
from ivr.problems import ConfigError, causes
from tests.staff import Staff

WELCOME, APPEALS, LINE_YAML = "menus/welcome.yaml", "menus/appeals.yaml", "line.yaml"
Edit = Callable[[str, str, str], dict[str, str]]


def _told(files: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        building.load(files)
    return [str(cause) for cause in causes(refusal.value.problems)]


def test_what_has_another_name_now_is_told_once_and_the_name_is_asked_for(edited: Edit) -> None:
    (told,) = _told(edited(APPEALS, "  appeal_time:", "  deadlines:"))

    assert "Nothing is called 'appeal_time'." in told
    assert "Did you mean 'deadlines', which nothing names?" in told
    assert "The same at config/menus/letters.yaml:" in told
    assert "config/menus/welcome.yaml:" in told


def test_a_setting_with_another_name_is_asked_for_in_words_too(edited: Edit) -> None:
    told = _told(edited(LINE_YAML, "  helpline_phone:", "  our_phone:"))

    assert len(told) == 2
    assert all("Did you mean 'our_phone', which nothing names?" in line for line in told)
    assert " more." in told[1]


def test_a_text_and_a_switch_with_another_name_are_asked_for(edited: Edit) -> None:
    (text,) = _told(edited("texts.yaml", "  text_papers:", "  list_of_papers:"))
    (switch,) = _told(edited(LINE_YAML, "  show_after_complaint:", "  show_later:"))

    assert "Did you mean 'list_of_papers', which nothing names?" in text
    assert "Did you mean 'show_later', which nothing names?" in switch


def test_a_slip_of_the_pen_is_told_with_the_nearest_name(edited: Edit) -> None:
    (told,) = _told(edited(WELCOME, "goto: appeal_time", "goto: apeal_time"))

    assert "Did you mean 'appeal_time'" in told


def test_the_check_counts_causes(staff: Staff) -> None:
    staff.edit(APPEALS, "  appeal_time:", "  deadlines:")

    assert "\n1 error, 0 warnings.\n" in staff("check").out


def test_a_menu_that_is_full_is_told_with_a_way_out(staff: Staff) -> None:
    staff.edit(APPEALS, "      4: {", '      4: {label: "To ask", goto: complaints_menu}\n      5: {')

    told = staff("check").out

    assert "give two that belong together a menu of their own, as `ivr new topic --beside` does" in told


def test_what_leads_back_to_itself_is_told(staff: Staff) -> None:
    staff.edit(
        APPEALS, 'goto: mediation_first, said_back: "What to do first."}\n    text', "goto: appeal_about}\n    text"
    )

    assert "'To know what to do first' leads back to where the caller is." in staff("check").out


def test_only_voices_that_there_are_can_be_named(edited: Edit) -> None:
    (told,) = _told(edited(LINE_YAML, "natural_voice: heart", "natural_voice: hart"))

    assert "'natural_voice' must be one of: 'heart', 'emma'" in told
    assert set(linefile.NaturalVoice.__args__) == {voice.name for voice in VOICES if voice.engine == "natural"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [("Press four.", "say what the choice is about"), ("Press zero.", "Write {press_zero} instead.")],
)
def test_a_key_in_the_lines_own_words_is_told_with_what_stands_for_it(staff: Staff, words: str, remedy: str) -> None:
    staff.edit("menus/shared.yaml", '    thanks: "Thank you.', f'    thanks: "{words} Thank you.')

    assert remedy in staff("check").out


#: The rules about what is written, each of which could have something to say about one slip.
OF_WORDS = ("signs", "numbers-by-hand", "unknown-words", "acronyms", "keys-by-hand")


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ("Look at www.gov.uk.", "Callers cannot write down an address by ear."),
        ("Write to desk@example.org.", "Callers cannot write down an address by ear."),
        ("Press 4.", "The line adds 'press' and the key by itself."),
        ("It is <b>short</b>.", "'<b>' is for web pages, and means nothing here."),
        ("It is sh\u043ert.", "'sh\u043ert' has letters of another alphabet."),
        ("\u0627\u0644\u0648\u0642\u062a", "'\u0627\u0644\u0648\u0642\u062a' has letters of another alphabet."),
        ("Call 0116 496 0123.", "This number is written by hand."),
    ],
)
def test_one_slip_in_words_is_told_by_one_rule_once(edited: Edit, slip: str, told: str) -> None:
    draft = drafts.read_draft(edited("menus/exclusion.yaml", "It was right to ask.", slip))
    context = Context(draft, building.build(draft, "r"), dt.date(2026, 11, 25))

    found = [p for rule in RULES if rule.name in OF_WORDS for p in check.findings(context, rule)]

    assert [p.words for p in found if p.where.file == "config/menus/exclusion.yaml"] == [told]


def test_a_field_of_another_kind_is_told_as_that(edited: Edit) -> None:
    (told,) = _told(edited("menus/exclusion.yaml", "    parts:\n", "    ask: What?\n    parts:\n"))

    assert "Only a node of the kind question has one." in told


def test_what_is_said_to_belong_to_one_kind_does() -> None:
    nodes = (authored.MenuNode, authored.ReadingNode, authored.QuestionNode, authored.WordNode)
    kinds = {node.model_fields["kind"].annotation.__args__[0]: set(node.model_fields) for node in nodes}  # type: ignore[union-attr]

    for name, kind in OF_KIND.items():
        assert [each for each, fields in kinds.items() if name in fields] == [kind], name


def test_hours_that_are_left_empty_are_asked_for_as_hours(edited: Edit) -> None:
    (told,) = _told(edited(LINE_YAML, "saturday: closed", "saturday:"))

    assert "or write closed." in told


@pytest.mark.parametrize("line", ["  monday 09:00 to 17:00", "  half term is different"])
def test_a_line_without_a_colon_is_blamed_and_not_the_next(edited: Edit, line: str) -> None:
    (told,) = _told(
        edited(LINE_YAML, "  monday: 09:00 to 17:00", line if "monday" in line else f"{line}\n  monday: 09:00 to 17:00")
    )

    assert "A colon is missing after a name here. Write one, or a # before it if this is a note." in told


def test_a_premium_number_is_not_called_mistyped(edited: Edit) -> None:
    draft = drafts.read_draft(edited(LINE_YAML, '"0116 454 2050"', '"0906 130 0144"'))
    context = Context(draft, building.build(draft, "r"), dt.date(2026, 11, 25))

    (found,) = [p for rule in RULES if rule.name == "phones" for p in check.findings(context, rule)]

    assert found.words == "'0906 130 0144' costs whoever calls it a lot."
