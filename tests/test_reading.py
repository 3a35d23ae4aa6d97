"""What staff write by accident, and the sentence they get for it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ivr.authoring import authored, linefile, menufile
from ivr.authoring.fitting import Spare, sound_part
from ivr.authoring.parsing import MOST_CHARACTERS, read
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.problems import KINDS, ConfigError, Problem, Where, kind
from ivr.usecases import publishing

Edit = Callable[[str, str, str], dict[str, str]]


def _refused(files: dict[str, str]) -> list[str]:
    """The Problems that prevent these files from being used, as staff see them."""
    with pytest.raises(ConfigError) as refusal:
        building.load(files)
    return [_told(problem) for problem in refusal.value.problems]


def _told(problem: Problem) -> str:
    """The file, the line and the words."""
    where = problem.where
    return f"{where.file}:{where.line}  {problem.says}" if where.line else f"{where.file}  {problem.says}"


def _line(files: dict[str, str], name: str, text: str) -> int:
    """The line on which a text first occurs."""
    return files[name][: files[name].index(text)].count("\n") + 1


MENU, WHICH = "menus/welcome.yaml", "menus/which_way.yaml"
MISTAKES = [
    # file, what is there, what somebody makes of it, the line's text, what they are told
    (
        MENU,
        "      2: {label",
        "      1: {label",
        '1: {label: "For school, nursery or college"',
        "Two choices use key 1 (the first is on line {first}). Give one another key.",
    ),
    (
        MENU,
        "      2: {label",
        '      "1": {label',
        '"1": {label: "For school, nursery or college"',
        "Two choices use key 1 (the first is on line {first}). Give one another key.",
    ),
    (MENU, "      2: {label", '      "2": {label', '"2": {label', "A key is a number. Write key 2 without quotes."),
    (
        MENU,
        "      2: {label",
        "      no: {label",
        "no: {label",
        "'no' is not a choice key. Use 1, 2, 3 or 4.",
    ),
    (
        MENU,
        "      2: {label",
        "      0: {label",
        "0: {label",
        "Key 0 always means 'a person'. Use 1, 2, 3 or 4.",
    ),
    (
        MENU,
        "      2: {label",
        "      #: {label",
        "#: {label",
        "The hash key always means 'hear that again'. Remove this line.",
    ),
    (
        MENU,
        "      2: {label",
        "      *: {label",
        "*: {label",
        "The star key always means 'go back'. Remove this line.",
    ),
    (
        MENU,
        "goto: school_menu",
        "goto: school_meny",
        "goto: school_meny",
        "Nothing is called 'school_meny'. Write the name of a node or a step. Did you mean 'school_menu'?",
    ),
    (
        MENU,
        "goto: school_menu,",
        "goto: school_menu, goes: there,",
        "goes: there",
        "'goes' is not a field here. Check its spelling and the spaces at its start, or remove it.",
    ),
    (
        "menus/which_way.yaml",
        "    if_no: {goto: any_letter}",
        "    no: {goto: any_letter}",
        "    no: {goto: any_letter}",
        "'no' is not a field here. Write 'if_no'.",
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        "say: You can press: a key at any time.",
        "say: You can press: a key",
        "There is a colon inside these words. Put the words in quotes.",
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        "say: You can press a key # at any time.",
        "say: You can press a key #",
        "The words after # would be lost. Put all the words in quotes.",
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        "say: 12",
        "say: 12",
        'Without quotes, digits are lost. Put 12 in quotes: say: "12"',
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        'say: ""',
        'say: ""',
        "'say' has no words. Write some, or take the line out.",
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        "say: *greeting",
        "say: *greeting",
        "A star begins these words. Put them in quotes.",
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        'say: &again "You can press a key."',
        "say: &again",
        "'&again' is not used here. Write the words out again where you need them.",
    ),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        "say: !include other.yaml",
        "say: !include",
        "'!include' is not used here: a file cannot take in another. Write the words in this file.",
    ),
    (MENU, "      2: {label", "      2.0: {label", "2.0: {label", "'2.0' is not a choice key. Use 1, 2, 3 or 4."),
    (
        MENU,
        'say: "Unhappy with help, or decisions?"',
        'say: "  "',
        'say: "  "',
        "'say' has no words. Write some, or take the line out.",
    ),
    (
        MENU,
        'label: "For EHC help plans and appeals"',
        "label: For a council decision, or EHC plan",
        "label: For a council",
        "'or EHC plan' is not a field here. If it belongs to the words before it, put all the words in quotes.",
    ),
    (
        MENU,
        "goto: school_menu",
        "goto:school_menu",
        "goto:school_menu",
        "'goto:school_menu' is not a field here. Write a space after the colon.",
    ),
    ("menus/exclusion.yaml", "urgent: true", "urgent: yes", "urgent: yes", "'urgent' must be true, false or today."),
    (
        "menus/letters.yaml",
        "urgent: true",
        'urgent: "true"',
        "urgent:",
        "'urgent' is in quotes. Take the quotes away: urgent: true",
    ),
    ("menus/letters.yaml", "urgent: true", "urgent: 1", "urgent:", "'urgent' must be true, false or today."),
    (
        "line.yaml",
        "between_choices: 1.0",
        "between_choices: 1,0",
        "between_choices",
        "'between_choices' must be a number. Write it with a point: 1.5.",
    ),
    (
        "line.yaml",
        "service_email: {address: info@sendiassleicester.org.uk, confirmed_by: , confirmed_on: }",
        "service_email: info at sendiassleicester.org.uk",
        "service_email",
        "'info at sendiassleicester.org.uk' is not an e-mail address. Write it like desk@example.org",
    ),
    (
        "line.yaml",
        "service_web: {address: www.sendiassleicester.org.uk, confirmed_by: , confirmed_on: }",
        "service_web: our page",
        "service_web",
        "'our page' is not a web address. Write it like www.example.org",
    ),
    (
        "line.yaml",
        "mediation_days: 30",
        "mediation_days: -30",
        "mediation_days",
        "'mediation_days' must be at least 0.",
    ),
    (
        "line.yaml",
        '"11.2"',
        '"' + "9" * 400 + '"',
        "para_complaints",
        "'" + "9" * 400 + "' is not a paragraph. Write numbers with a dot between them",
    ),
    (
        "line.yaml",
        "say_rate: 85%",
        "say_rate: 999%",
        "say_rate",
        "'999%' is not a pace for Twilio's voice. Write it like 85%, from 50% to 150%.",
    ),
    (MENU, "kind: menu", "kind: menue", "kind: menue", "'menue' is not a kind. Use one of: "),
    (
        MENU,
        "    runs_on_to: main_menu",
        "\truns_on_to: main_menu",
        "\truns_on_to",
        "There is a tab at the start of this line. Use spaces.",
    ),
    (
        "line.yaml",
        '  helpline_phone: {number: "0116 257 5027", confirmed_by: , confirmed_on: }',
        "  helpline_phone: 01162575027",
        "  helpline_phone: 0116",
        'Without quotes, digits are lost. Put 01162575027 in quotes: helpline_phone: "01162575027"',
    ),
    (
        "line.yaml",
        '  helpline_phone: {number: "0116 257 5027", confirmed_by: , confirmed_on: }',
        "  helpline_phone: +441162575027",
        "  helpline_phone: +44",
        'Without quotes, digits are lost. Put +441162575027 in quotes: helpline_phone: "01162575027"',
    ),
    (
        "line.yaml",
        '  para_complaints: "11.2"',
        "  para_complaints: 11.20",
        "  para_complaints: 11.20",
        'Without quotes, digits are lost. Put 11.20 in quotes: para_complaints: "11.20"',
    ),
    (
        "line.yaml",
        "  monday: 09:00 to 17:00",
        "  monday: 9:00-17:00",
        "  monday: 9:00",
        "'9:00-17:00' is not an opening time. Write 09:00 to 17:00.",
    ),
    (
        "line.yaml",
        "  show_after_complaint: off",
        "  show_after_complaint: false",
        "  show_after_complaint: false",
        "'show_after_complaint' must be one of: ",
    ),
    (
        "line.yaml",
        "closed_days: []",
        "closed_days: [24/12/2026]",
        "closed_days",
        "'closed_days' must be a date. Write the year first",
    ),
    (
        "line.yaml",
        "closed_days: []",
        "closed_days:",
        "closed_days",
        "'closed_days' has nothing after it. Write [] if ",
    ),
    (
        "line.yaml",
        "closed_days: []",
        'closed_days: ["2026-12-24"]',
        "closed_days",
        "'closed_days' is in quotes. Take the quotes away: 2026-12-24",
    ),
    ("line.yaml", "closed_days: []", "closed_days: [2026-02-30]", "closed_days", "There is no such day: 2026-02-30."),
    (
        "line.yaml",
        "mediation_days: 30",
        'mediation_days: "30"',
        "mediation_days",
        "'mediation_days' is in quotes. Take the quotes away: mediation_days: 30",
    ),
    (
        "line.yaml",
        "say_rate: 85%",
        "say_rate: 85",
        "say_rate",
        "'say_rate' must be a share of the usual pace. Write it",
    ),
    (
        "menus/complaints.yaml",
        "only_if: ",
        "only_if: #",
        "only_if: #",
        "'only_if' has nothing after it. Write it, or take the line out.",
    ),
    (
        "line.yaml",
        "  numbers: [helpline_phone]",
        "  numbers: [help_phone]",
        "  numbers: [help_phone]",
        "'help_phone' is not in 'phones'. Use a name from there.",
    ),
    (
        "line.yaml",
        "  email_to: []",
        '  email_to: ["desk@example.org\\nBcc: a@b.org"]',
        "  email_to: [",
        r"'desk@example.org\nBcc: a@b.org' is not an e-mail address. Write each on its own line, like desk@",
    ),
    (
        "line.yaml",
        "  email_to: []",
        "  email_to: [one@example.org and two@example.org]",
        "  email_to: [",
        "'one@example.org and two@example.org' is not an e-mail address.",
    ),
    (
        "line.yaml",
        "  email_to: []",
        "  webhook: chat.example.org/line",
        "  webhook: chat",
        "'chat.example.org/line' is not a web address. Write the full address, like https://chat.example.org/line",
    ),
    (
        "texts.yaml",
        "{service_email}",
        "{service_mail}",
        "  text_us",
        "There is no setting {service_mail}. Add it to config/line.yaml, or check its spelling.",
    ),
    (
        "menus/first_steps.yaml",
        '"The number is {council_phone}."',
        '"Look at {council_email}."',
        "Look at {council_email}",
        "Callers cannot write down {council_email} by ear. Put it into a text message, and offer that.",
    ),
    (
        "menus/first_steps.yaml",
        "    text: text_council\n",
        "    text: text_counsil\n",
        "text_counsil",
        "There is no text 'text_counsil' in config/texts.yaml. Write it there.",
    ),
]


@pytest.mark.parametrize(
    ("name", "right", "wrong", "place", "told"),
    MISTAKES,
    ids=[f"{m[0].split('/')[-1]}: {m[2].strip()[:34]}" for m in MISTAKES],
)
def test_a_mistake_is_told_with_its_line_and_its_remedy(
    edited: Edit, name: str, right: str, wrong: str, place: str, told: str
) -> None:
    """Each mistake gives a Problem with its own line, in words that say what to do."""
    files = edited(name, right, wrong)
    first = _line(files, MENU, "1: {label")

    problems = _refused(files)

    expected = f"config/{name}:{_line(files, name, place)}  {told.replace('{first}', str(first))}"
    assert [p for p in problems if p.startswith(expected)], problems


def test_all_mistakes_are_told_at_once(files: dict[str, str]) -> None:
    """Mistakes in several files come in one list, in the order of files and lines."""
    broken = {
        **files,
        MENU: files[MENU].replace("      2: {label", "      1: {label").replace("goes", "goes"),
        "line.yaml": files["line.yaml"].replace("  show_after_complaint: off", "  show_after_complaint: maybe"),
        "texts.yaml": "texts: [",
    }

    problems = _refused(broken)

    assert len(problems) >= 6
    assert problems == sorted(problems, key=lambda p: (p.split(":")[0], int(p.split(":")[1].split()[0])))
    assert {p.split(":")[0] for p in problems} == {"config/line.yaml", f"config/{MENU}", "config/texts.yaml"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "This file is empty. Write it, or delete it."),
        ("\x00\x01\x02", "This is not a text file. Save it as plain text (UTF-8), or remove it."),
        ("a" * (MOST_CHARACTERS + 1), "This file is too big to be one of the line's. Remove it from the folder."),
        ('a: "never closed\nb: c', "A quote opens here and is never closed. Close it."),
        ("%YAML 1.1\n---\na: no", "This line makes YAML misread some words. Remove it."),
        ("a: 1\n---\nb: 2", "There is a line of three dashes in the file. Remove it."),
        ("a: b: c", "There is a colon inside these words. Put the words in quotes."),
        ("a: b\n   c: d", "This line does not fit under the one above. Check the spaces at the start of both."),
        ("a: [1, 2", "A { or [ opens here and is not closed, or a comma is missing inside. Close it."),
        ("a: @home", "These words begin with a character that has a meaning in YAML. Put them in quotes."),
        ("? [a, b]\n: c", "A name is missing before the colon. Write one."),
    ],
)
def test_a_file_that_is_no_yaml_is_one_plain_problem(text: str, told: str) -> None:
    document = read(text, "config/menus/x.yaml")

    assert [problem.says for problem in document.problems] == [told]


KEPT = "These words begin with a character that has a meaning in YAML. Put them in quotes."
BEHIND = "The words continue after a closing quote. Inside the words, use the other kind of quotes, or none."
HYPHEN = "This line begins with a character that is not a plain hyphen. Type - instead."
UNFIT = [
    # what is written, the line that is told, what is told
    ('a: b\nsay: "This is "school" here."', 2, BEHIND),
    ("a: b\nsay: 'Your child's school.'", 2, BEHIND),
    ("say: {helpline_phone} is our number.", 1, KEPT),
    ("say: - school", 1, KEPT),
    ("say: ? school", 1, KEPT),
    ("say: & school", 1, KEPT),
    ("say: | school", 1, KEPT),
    ("a: {label: To talk: school, goto: b}", 1, "There is a colon inside these words. Put the words in quotes."),
    ("a: {goto: b_c say: d}", 1, "A comma is missing here, or the words before it need quotes. Compare it "),
    ('a: b\nc:"d: e"', 2, "A space is missing after the colon. Write one."),
    ("a: b\nc: \u201cd: e\u201d", 2, "These are not plain quotes, and would be read out with the words."),
    ('a: "b"\t\nc: d', 1, "There is a tab on this line. Use spaces."),
    ('a:\n  - "b"\n  \u2013 "c"\n  - "d"', 3, HYPHEN),
    ('a:\n  - "b"\n  \u2022 "c"\nd: e', 3, HYPHEN),
    ("a: b # c\n   d: e", 2, "This line does not fit under the one above. Check the spaces at the start of both."),
    ('a: {label: "To talk" goto: b}', 1, "A comma is missing here, or the words before it need quotes. Compare it "),
    ('a:\n  1: {label: "b"\n  2: {label: "c"}', 2, "A { or [ opens here and is not closed, or a comma is missing"),
    ('a: "b\nc: d\ne: f', 1, "A quote opens here and is never closed. Close it."),
    (
        "say: This is\n  about # school\n  and more.",
        3,
        "A # cuts the line above short, so it cannot continue here.",
    ),
    ("a: b\nsay: \u201cThis is school.\u201d", 2, "These are not plain quotes, and would be read out with the words."),
    ("a: b\nc: 01\u00a016", 2, "There is an invisible character here (U+00A0). Type this line again."),
    ('a: b\nc: "d\u200be"', 2, "There is an invisible character here (U+200B). Type this line again."),
    ('a: b\nc: "d\u2028e"\nf: g', 2, "There is an invisible character here (U+2028). Type this line again."),
    ("a: b\nc: d\x0be", 2, "There is an invisible character here (U+000B). Type this line again."),
    ("choices:\n  1: a\n  01: b", 3, "Two choices use key 1 (the first is on line 2). Give one another key."),
]


@pytest.mark.parametrize(("text", "line", "told"), UNFIT, ids=[repr(text)[:40] for text, _, _ in UNFIT])
def test_signs_that_do_not_fit_are_told_with_what_to_do(text: str, line: int, told: str) -> None:
    problem = read(text, "config/menus/x.yaml").problems[0]

    assert (problem.where.line, problem.says[: len(told)]) == (line, told)


HOURS = Problem(
    Where("config/line.yaml", 7, 11, '  monday: "09:00\t-"'),
    "not-opening-hours",
    "'09:00\n' is not a time.",
    "Correct it.",
)


def test_a_fault_is_told_in_one_line() -> None:
    assert str(HOURS) == "config/line.yaml:7:11  '09:00 ' is not a time. Correct it.  (error: not-opening-hours)"


def test_in_a_terminal_a_fault_is_shown_in_its_line() -> None:
    assert HOURS.shown().split("\n") == [
        "config/line.yaml:7:11  error: not-opening-hours",
        '     7 |   monday: "09:00\t-"',
        "       |           ^",
        "  '09:00 ' is not a time. Correct it.",
    ]


@pytest.mark.parametrize("column", [1, 60, 150, 300])
def test_of_a_long_line_the_part_with_the_fault_is_shown(column: int) -> None:
    written = "".join(chr(ord("a") + i % 26) for i in range(300))

    line, caret = Where("x", 1, column, written).shown()

    assert len(line) < 110
    assert line[caret.index("^")] == written[column - 1]


def test_what_is_no_place_in_a_file_has_no_line() -> None:
    with pytest.raises(ConfigError) as refusal:
        config.settings({"SECRET_KEY": "secret"})
    (problem,) = refusal.value.problems

    assert str(problem).startswith("environment  SECRET_KEY has fewer than 16 characters")
    assert (problem.as_json()["line"], problem.shown().count("\n")) == (None, 1)


def test_each_kind_of_problem_has_a_code_and_says_what_to_do() -> None:
    """Those without words of their own are told in each problem's: rules, and environment variables."""
    assert len(KINDS) > 150
    for code, each in KINDS.items():
        assert re.fullmatch("[a-z]+(-[a-z]+)*", code)
        assert bool(each.words) == bool(each.remedy), code


def test_two_kinds_cannot_have_one_code() -> None:
    with pytest.raises(ValueError, match="have the code empty-file"):
        kind("empty-file", "It is empty.", "Fill it.")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("yes", "yes"),
        ("17:30", "17:30"),
        ("9:30", "9:30"),
        ("~", None),
        ("true", True),
        (">-\n  Two\n  lines.", "Two lines."),
        ("|-\n  Two\n  lines.", "Two\nlines."),
    ],
)
def test_words_stay_words(text: str, value: object) -> None:
    """What older YAML would turn into something else is read as it is written."""
    assert read(f"a: {text}", "x").data == {"a": value}


@pytest.mark.parametrize("text", ["a:\n", "a:", "a: b", "a:\n  b:\n", "a: b # c"])
def test_a_file_may_end_anywhere(text: str) -> None:
    assert read(text, "x").problems == []


def test_the_shipped_config_has_no_mistakes(files: dict[str, str]) -> None:
    assert building.load(files, config.bank_holidays()).nodes


STRAY = [
    ("menus/x.yml", "error", "Menus must be named config/menus/NAME.yaml, and stories config/stories/NAME.call."),
    ("menus/x.YAML", "error", "Menus must be named "),
    ("menus/x.yaml.txt", "error", "Menus must be named "),
    ("menus/more/x.yaml", "error", "Menus must be named "),
    ("stories/x.yaml", "error", "Menus must be named "),
    ("menus/x.call", "error", "Menus must be named "),
    ("line.yml", "error", "Menus must be named "),
    ("welcome.yaml", "error", "Words for callers belong in config/menus."),
    ("menus/x.txt", "warning", "Names must end in .yaml here."),
    ("stories/x.txt", "warning", "Names must end in .call here."),
]


@pytest.mark.parametrize(("name", "severity", "says"), STRAY, ids=[name for name, _, _ in STRAY])
def test_a_file_that_is_passed_over_is_told(tmp_path: Path, name: str, severity: str, says: str) -> None:
    _put(tmp_path, name)

    (problem,) = configfiles.folder(tmp_path).problems

    assert (problem.where.file, problem.severity) == (f"config/{name}", severity)
    assert problem.says.startswith(f"This is not read. {says}")


@pytest.mark.parametrize("name", [
    ".welcome.yaml.swp", "menus/.welcome.yaml", "menus/welcome.yaml~", "menus/welcome.yaml.bak", "menus/#welcome.yaml#",
    "menus/Thumbs.db", "stories/.a.call", "README.md", "schemas/menus.json", ".git/x.yaml",
])  # fmt: skip
def test_what_editors_and_people_keep_beside_the_files_is_left_alone(tmp_path: Path, name: str) -> None:
    _put(tmp_path, name)

    found = configfiles.folder(tmp_path)

    assert (found.files, found.stories, found.problems) == ({}, {}, ())


@pytest.mark.parametrize("name", ["texts.yaml", "menus/complaints.yaml", "menus/shared.yaml"])
@pytest.mark.parametrize("side", ["first", "last"])
def test_a_quote_that_is_missing_is_told_where_it_is(files: dict[str, str], name: str, side: str) -> None:
    """YAML itself finds a fault further down or none at all, and callers would hear the other quote."""
    lines = files[name].split("\n")
    quoted = [i for i, line in enumerate(lines) if '"' in line and not line.lstrip().startswith("#")]
    assert len(quoted) > 10
    for i in quoted[:: max(1, len(quoted) // 40)]:  # forty of the hundreds of a long file
        at = lines[i].index('"') if side == "first" else lines[i].rindex('"')
        broken = [*lines[:i], lines[i][:at] + lines[i][at + 1 :], *lines[i + 1 :]]

        problems = read("\n".join(broken), name).problems

        assert [problem.where.line for problem in problems] == [i + 1], (lines[i], problems)


@pytest.mark.parametrize("right", [
    "# about 5\" high", "say: 'A 12\" ruler'", 'say: "A 12\\" ruler"', 'say: "press # or zero"', 'say: 5" long',
    "say: |\n  a 5\" line", "say: >\n  a 5\" line", 'say: "over two\n  lines"', 'say: "over two\n  lines"  # and more',
    '{say: "over two\n  lines", x: 1}', '"say": x', 'say: He said "yes"',
])  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quotes_that_are_right_are_not_blamed_for_a_fault_further_down(right: str, end: str) -> None:
    text = f"- {right.replace(chr(10), f'{chr(10)}  ')}\n" if right[0] not in "#" else f"{right}\n"
    text += "- closing: That is all: goodbye\n"

    problems = read(text.replace("\n", end), "x.yaml").problems

    assert [(p.where.line, p.says) for p in problems] == [
        (text.count("\n"), "There is a colon inside these words. Put the words in quotes.")
    ]


def test_a_name_that_is_no_name_at_all_is_refused_like_any_other(files: dict[str, str]) -> None:
    for name in ("line.yaml", "texts.yaml", "words.yaml", MENU):
        assert _refused({**files, name: files[name] + "\n99999999999999999999: x\n"})


NO_COLON = "A colon is missing after a name here. Write one, or a # before it if this is a note."


@pytest.mark.parametrize(("name", "right", "wrong", "says"), [
    ("line.yaml", "names:\n", "names\n", NO_COLON),
    ("menus/exclusion.yaml", "  kept_out:", "  kept_out", NO_COLON),
    (
        "menus/complaints.yaml", '    closing: "That', '    closing "That',
        NO_COLON,
    ),
    ("menus/exclusion.yaml", "    kind: ", "    kind:", "A space is missing after the colon. Write one."),
    ("menus/complaints.yaml", '- "For the', '-"For the', "A space is missing after the dash. Write one."),
    (
        "menus/complaints.yaml", '- "For the', '"For the',
        "A dash is missing before these words, or a name and a colon. Write it.",
    ),
])  # fmt: skip
def test_a_slip_is_told_on_its_own_line_and_not_on_the_one_below(
    files: dict[str, str], edited: Edit, name: str, right: str, wrong: str, says: str
) -> None:
    assert _refused(edited(name, right, wrong)) == [f"config/{name}:{_line(files, name, right)}  {says}"]


@pytest.mark.parametrize("right", [
    'say:\n  "Hello there."', "say: the words go on\n  here", "say: >\n  note:this", "say: >\n  -one two",
])  # fmt: skip
def test_a_right_line_is_not_blamed_for_a_fault_below_it(right: str) -> None:
    text = f"{right}\ntitle: now: this\n"

    assert [(p.where.line, p.says) for p in read(text, "x.yaml").problems] == [
        (3, "There is a colon inside these words. Put the words in quotes.")
    ]


@pytest.mark.parametrize("words", ['This is about "school" or college."', 'This is about "school or college.'])
def test_a_quote_without_another_is_not_said_to_callers(words: str) -> None:
    (problem,) = read(f"say: {words}\n", "x.yaml").problems

    assert "quote" in problem.says


def test_a_repeated_name_is_told_whatever_stands_under_it() -> None:
    problems = read("nodes:\n  a: 1\nnodes:\n  {service_name}: foo\n", "x.yaml").problems

    assert "'nodes' is here twice (the first is on line 1). Keep one of them." in [p.says for p in problems]


@pytest.mark.parametrize(("name", "right", "wrong"), [
    (MENU, "\nnodes:", "\nnodes:\n  other: {kind: word, word: x, means: An x., listed_in: words_menu}\n\nnodes:"),
    ("line.yaml", "\nphones:", "\nphones:\n  another_phone: '0116 496 0123'\n\nphones:"),
    ("line.yaml", "  helpline_phone:", "  Helpline_phone:"),
    ("line.yaml", "  ring_seconds: ", "  ring_seconds: 9"),
    ("menus/which_way.yaml", "    if_no: {goto: any_letter}", "    if_no: any_letter  # {"),
])  # fmt: skip
def test_one_mistake_is_one_fault(edited: Edit, name: str, right: str, wrong: str) -> None:
    """A faulty node still exists, so nothing that refers to it is reported as dangling."""
    problems = _refused(edited(name, right, wrong))

    assert {problem.split(":")[0] for problem in problems} == {f"config/{name}"}, problems
    assert len(problems) <= 2


TOGETHER = [
    ("menus/which_way.yaml", "    if_no: {goto: any_letter}", "    no: {goto: any_letter}"),
    ("menus/which_way.yaml", "    runs_on_to: q_talked", "    runs_on_to: q_tlaked"),
    ("menus/appeals.yaml", "    person_hint: last part", "    person_hint: last"),
    ("menus/complaints.yaml", "goto: complaint_after,", "goto: complaint_aftr,"),
    ("menus/complaints.yaml", '      4: {label: "To use more', '      3: {label: "To use more'),
    ("menus/complaints.yaml", "    closing: ", "    closng: "),
    ("menus/complaints.yaml", "    text: text_complaint", "    text: text_complant"),
    ("menus/exclusion.yaml", "    urgent: true", "    urgent: yes"),
    ("menus/shared.yaml", '  text_sent:\n    say: "', '  text_sent:\n    says: "'),
    ("line.yaml", 'number: "0116 454 2050"', "number: 01164542050"),
    ("line.yaml", "monday: ", "monday: about "),
    ("line.yaml", "  show_after_complaint: ", "  show_after_complaint: not "),
    ("texts.yaml", "  text_words: ", "  Text_words: "),
    ("words.yaml", "\nsaid:", "\nsaids:"),
]  # fmt: skip


def test_all_faults_are_told_at_once_whatever_else_is_wrong(files: dict[str, str], edited: Edit) -> None:
    alone = {problem for name, right, wrong in TOGETHER for problem in _refused(edited(name, right, wrong))}
    for name, right, wrong in TOGETHER:
        files = {**files, name: files[name].replace(right, wrong, 1)}

    assert set(_refused(files)) == alone
    assert len(alone) >= len(TOGETHER)


def test_what_is_not_sound_in_one_file_is_missed_in_no_other(edited: Edit) -> None:
    named = edited("menus/which_way.yaml", "    if_no: {goto: any_letter}", "    no: {goto: any_letter}")
    unreadable = edited("menus/which_way.yaml", "\nnodes:", "\nnodes: [")

    assert all("which_way" in problem for problem in _refused(named))
    assert len(_refused(unreadable)) == 1


def _put(folder: Path, name: str, content: bytes = b"title: x\n") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def test_a_file_that_cannot_be_read_hides_no_fault_of_the_others(tmp_path: Path) -> None:
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    here = tmp_path / "config"
    _put(here, "menus/binary.yaml", b"\x89PNG\0")
    _put(here, "stories/binary.call", b"\xff\xfe")
    _put(here, "stories/empty.call", b"")
    _put(here, "menus/x.yml")
    _put(here, "texts.yaml", b"texts: [")
    _put(
        here,
        "menus/exclusion.yaml",
        (here / "menus/exclusion.yaml").read_bytes().replace(b"urgent: true", b"urgent: yes"),
    )
    os.mkfifo(here / "menus/pipe.yaml")

    with pytest.raises(ConfigError) as refusal:
        publishing.check_draft(config.settings({"IVR_CONFIG": str(here), "IVR_DATA": str(tmp_path)}))

    assert [_told(problem).partition("  ")[0] for problem in refusal.value.problems] == [
        "config/menus/binary.yaml", "config/menus/exclusion.yaml:126", "config/menus/pipe.yaml",
        "config/menus/x.yml", "config/stories/binary.call", "config/stories/empty.call",
        "config/texts.yaml:1",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong"), [
    ("line.yaml", 'city_name: "Leicester"', "city_name: Leicester # and around"),
    ("texts.yaml", "\ntexts:\n", "\ntexts:\n  text_more: Words # and more\n"),
    ("words.yaml", 'SENCO: "sen-coe"', "SENCO: sen # coe"),
    (MENU, 'title: "the start"', "title: the start # of it"),
])  # fmt: skip
def test_words_behind_a_hash_are_told_wherever_somebody_would_hear_them(
    edited: Edit, name: str, right: str, wrong: str
) -> None:
    (problem,) = _refused(edited(name, right, wrong))

    assert problem.startswith(f"config/{name}:")
    assert problem.endswith("The words after # would be lost. Put all the words in quotes.")


@pytest.mark.parametrize(("right", "noted"), [
    ("confirmed_on: }\n\nlinks:", "confirmed_on: }   # read daily\n\nlinks:"),
    ("saturday: closed", "saturday: closed   # so far"),
    ('city_name: "Leicester"', 'city_name: "Leicester"   # the city'),
])  # fmt: skip
def test_a_note_behind_a_value_is_a_note(edited: Edit, right: str, noted: str) -> None:
    assert building.load(edited("line.yaml", right, noted))


BRACES = "Braces must contain the name of a setting, like {helpline_phone}. Write one there, or remove the braces."
SAY = 'say: "What is it about?"'
MISFITS = [
    (MENU, SAY, 'say: "Ring {Helpline_Phone}."', BRACES),
    (MENU, SAY, 'say: "Ring { helpline_phone }."', BRACES),
    (MENU, SAY, 'say: "Ring {helpline_phone."', BRACES),
    (MENU, SAY, 'say: "Ring {{helpline_phone}}."', BRACES),
    ("texts.yaml", "Call {helpline_phone}", "Call {helpline-phone}", BRACES),
    (
        "line.yaml",
        '"Leicester"',
        '"{service_name} town"',
        "A setting cannot contain another setting. Write the words here",
    ),
    (
        "line.yaml",
        'law_change_notice: ""',
        'law_change_notice: "The {service_name}."',
        "A setting cannot contain another setting.",
    ),
    (
        "line.yaml",
        'law_change_notice: ""',
        'law_change_notice: "The {nobody}."',
        "A setting cannot contain another setting.",
    ),
    (
        "line.yaml",
        "  city_name:",
        '  opening_hours: "all day"\n  city_name:',
        "The line fills in {opening_hours} itself.",
    ),
    (
        "menus/exclusion.yaml",
        "words: [word_excluded,",
        "words: [school_menu,",
        "'school_menu' does not explain a word. Name a node",
    ),
    (
        "menus/exclusion.yaml",
        "words: [word_excluded,",
        "words: [person,",
        "'person' is a built-in step. Name a node",
    ),
    (
        "menus/words.yaml",
        "next_word: word_best_endeavours",
        "next_word: words_menu",
        "'words_menu' does not explain a word. Name ",
    ),
]


@pytest.mark.parametrize(("name", "right", "wrong", "told"), MISFITS, ids=[m[2][:40] for m in MISFITS])
def test_what_does_not_fit_together_is_told(edited: Edit, name: str, right: str, wrong: str, told: str) -> None:
    found = [p for p in _refused(edited(name, right, wrong)) if p.split("  ", 1)[1].startswith(told)]

    assert found
    assert all(p.startswith(f"config/{name}:") for p in found)


def test_a_name_that_is_in_use_says_by_what(files: dict[str, str]) -> None:
    problems = _refused({**files, "menus/another.yaml": files[MENU]})

    copy = "config/menus/another.yaml"
    line = _line(files, MENU, "  greeting:")
    assert f"'greeting' is already used as a name ({copy}:{line}). Rename one of them." in problems[0]


def test_a_missing_file_is_a_problem(files: dict[str, str]) -> None:
    without = {name: text for name, text in files.items() if name not in ("texts.yaml", "menus/shared.yaml")}

    problems = _refused(without)

    assert "config/texts.yaml  This file is missing. Put it back." in problems


def test_a_node_that_is_needed_and_gone_is_a_problem(edited: Edit) -> None:
    problems = _refused(edited(MENU, "  greeting:\n", "  hello:\n"))

    assert any("The node 'greeting' is missing. Write it: every line needs it." in p for p in problems)


# --- one fault hides no other ---------------------------------------------------------------

IN_ONE_NODE = [
    # what is there, what somebody makes of it, the line's text, what is told
    ("  q_kept_out:\n", "  q-kept-out:\n", "q-kept-out:", "'q-kept-out' cannot be a name."),
    (
        "    if_no: {goto: any_letter}",
        "    no: {goto: any_lettre}",
        "    no: {",
        "'no' is not a field here. Write 'if_no'.",
    ),
    ("    if_no: {goto: any_letter}", "    no: {goto: any_lettre}", "    no: {", "Nothing is called 'any_lettre'."),
    ("    if_not_sure: {", "    if_notsure: {", "    if_notsure", "'if_notsure' is not a field here. Write 'if_not_"),
    ("goto: out_unsure", "goto: out_unsur", "goto: out_unsur}", "Nothing is called 'out_unsur'."),
]


def test_faults_in_one_node_are_told_at_once(files: dict[str, str]) -> None:
    text = files[WHICH]
    for right, wrong in {right: wrong for right, wrong, _, _ in IN_ONE_NODE}.items():
        assert right in text
        text = text.replace(right, wrong, 1)

    problems = _refused({**files, WHICH: text})

    for _, _, place, told in IN_ONE_NODE:
        line = _line({WHICH: text}, WHICH, place)
        assert [p for p in problems if p.startswith(f"config/{WHICH}:{line}  {told}")], (told, problems)
    assert len([p for p in problems if f"{WHICH}:" in p]) == len(IN_ONE_NODE), problems


def test_what_yaml_cannot_read_hides_only_what_is_around_it(files: dict[str, str]) -> None:
    """Two slips in one file, a third in another, and a missing target between them and elsewhere."""
    broken = {
        **files,
        WHICH: files[WHICH]
        .replace('say: "There are more ways', 'say: "There are "more" ways')
        .replace("    if_yes: {goto: disability}", "    if_yes: {goto: disabilty}")
        .replace('      - "We can tell you your', '      -"We can tell you your'),
        "menus/exclusion.yaml": files["menus/exclusion.yaml"].replace("    words:", "\twords:", 1),
        MENU: files[MENU].replace("goto: school_menu", "goto: school_meny"),
    }

    problems = _refused(broken)

    assert [problem.split()[0] for problem in problems] == [
        f"config/menus/exclusion.yaml:{_line(broken, 'menus/exclusion.yaml', chr(9))}",
        f"config/{MENU}:{_line(broken, MENU, 'school_meny')}",
        f"config/{WHICH}:{_line(broken, WHICH, 'There are ')}",
        f"config/{WHICH}:{_line(broken, WHICH, 'disabilty')}",
        f"config/{WHICH}:{_line(broken, WHICH, 'We can tell you your')}",
    ], problems


def _places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in inner:
        yield (*path, step)
        yield from _places(below, (*path, step))


SHAPES: dict[str, tuple[type[authored.Authored], Spare]] = {
    "line.yaml": (linefile.LineFile, linefile.spare_of_line),
    "texts.yaml": (authored.TextsFile, authored.spare_by_name),
    "words.yaml": (authored.WordsFile, authored.spare_by_name),
}


@pytest.mark.parametrize("name", ["line.yaml", "texts.yaml", "words.yaml", MENU, WHICH, "menus/shared.yaml"])
def test_whatever_does_not_fit_is_told_and_the_rest_is_looked_at(files: dict[str, str], name: str) -> None:
    """Each value of a file in turn is removed, or replaced by something invalid. The rest stays intact."""
    model, spare = SHAPES.get(name, (menufile.MenuFile, menufile.spare_of_menu))
    places = list(_places(read(files[name], name).data))
    for place in places[:: max(1, len(places) // 60)]:
        for wrong in ([None], None, ...):
            document = read(files[name], f"config/{name}")
            around = document.data
            for step in place[:-1]:
                around = around[step]
            if wrong is ...:
                del around[place[-1]]
            else:
                around[place[-1]] = wrong

            sound_part(model, document, spare)

            assert len(document.problems) <= 2, (place, wrong, document.problems)


def test_what_is_done_to_a_document_does_not_come_back_when_it_is_read_again() -> None:
    """The same text is read once, and each reader may write into what they were given."""
    text = "a:\n  b: [one, 2]\n  c: words # cut\n"
    first = read(text, "config/x.yaml")
    first.data["a"]["b"].append("three")
    first.marks.clear()
    first.report(HOURS, ())
    first.stand_ins[("a",)] = 1

    again = read(text, "config/x.yaml")

    assert again.data == {"a": {"b": ["one", 2], "c": "words"}}
    assert again.where(("a", "c")) == Where("config/x.yaml", 3, 3, "  c: words # cut")
    assert (again.problems, again.stand_ins) == ([], {})
    assert read(text, "config/y.yaml").file == "config/y.yaml"


# --- what merging and shared folders leave behind ------------------------------------------------

CONFLICT = "<<<<<<< HEAD\n{ours}\n{base}=======\n{theirs}\n>>>>>>> of a colleague\n"
BASE = "||||||| before\n  what it was\n"


@pytest.mark.parametrize("name", ["line.yaml", "texts.yaml", "words.yaml", MENU, "menus/exclusion.yaml"])
@pytest.mark.parametrize("base", ["", BASE], ids=["two versions", "with what it was"])
def test_two_versions_after_a_merge_are_told_as_such_and_the_first_is_read(
    files: dict[str, str], name: str, base: str
) -> None:
    lines = files[name].splitlines()
    at = next(i for i, line in enumerate(lines) if re.match(" +[A-Za-z_]+: .", line))
    marked = CONFLICT.format(ours=lines[at], theirs=lines[at].replace(": ", ":"), base=base)
    merged = {**files, name: "\n".join([*lines[:at], marked.rstrip("\n"), *lines[at + 1 :], ""])}

    assert _refused(merged) == [
        f"config/{name}:{at + 1}  Two versions of these lines stand here, down to line {at + 5 + 2 * bool(base)}. "
        "Keep one, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>."
    ]


@pytest.mark.parametrize("mark", ["=======", ">>>>>>> theirs", "<<<<<<< ours", "||||||| base"])
def test_a_line_that_a_merge_left_is_told(files: dict[str, str], mark: str) -> None:
    line = files["line.yaml"].replace("\ntransfer:", f"\n{mark}\ntransfer:", 1)

    assert [problem.partition("  ")[2] for problem in _refused({**files, "line.yaml": line})] == [
        "This line was left by a merge. Remove it, and check the lines around it."
    ]


COPIES = [
    "{} - Copy", "Copy of {}", "{} (1)", "{}-DESKTOP-AB12", "{} (conflicted copy)",
    "{} (Sam's conflicted copy 2026-11-28)",
    "{}.sync-conflict-20261128-101112-ABCDEFG", "{}_REMOTE_4711", "{} copy 2",
]  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("original", ["menus/exclusion.yaml", "menus/shared.yaml"])
def test_of_a_menu_and_its_copy_the_copy_is_blamed(files: dict[str, str], original: str, name: str) -> None:
    stem = Path(original).stem
    copy = f"menus/{name.format(stem)}.yaml"

    assert _refused({**files, copy: files[original].replace("owner:", "owner: somebody else #")}) == [
        f"config/{copy}  This is a copy of {original}, as a shared folder makes it when two people save at once. "
        f"Move what you need from it into {original}, and remove this file."
    ]


@pytest.mark.parametrize("name", COPIES)
def test_a_copied_story_is_told(tmp_path: Path, name: str) -> None:
    here = tmp_path / "config"
    shutil.copytree(config.ROOT / "config", here)
    first = here / "stories" / "kept_out_this_morning.call"
    (here / "stories" / f"{name.format(first.stem)}.call").write_text(first.read_text())

    (problem,) = configfiles.folder(here).problems

    assert problem.code == "conflict-copy"
    assert first.name in problem.says


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_the_settings_is_not_taken_for_a_menu(tmp_path: Path, name: str) -> None:
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    shutil.copy(tmp_path / "config" / "line.yaml", tmp_path / "config" / f"{name.format('line')}.yaml")

    (problem,) = configfiles.folder(tmp_path / "config").problems

    assert (problem.code, "line.yaml" in problem.says) == ("conflict-copy", True)


def test_two_files_of_like_names_with_nothing_in_common_are_two_files(files: dict[str, str]) -> None:
    building.load({**files, "menus/exclusion for good.yaml": "title: t\nowner: o\nsource: s\nreview_by: 2030-01-01\n"})


# --- lists, dates and addresses ------------------------------------------------------------------


def test_every_fault_of_a_list_is_told(edited: Edit) -> None:
    files = edited("line.yaml", "closed_days: []", 'closed_days: [24/12/2026, "31 Dec", 2026-13-01]')
    line = files["line.yaml"].replace("email_to: []", 'email_to: ["a b@example.org", "two@", mailto:three@example.org]')

    problems = _refused({**files, "line.yaml": line})

    assert len(problems) == 6, problems


SERVICE_EMAIL = "address: info@sendiassleicester.org.uk"


@pytest.mark.parametrize("address", [
    "mailto:info@example.org", "<info@example.org>", "Info <info@example.org>", "info@example.org,",
    "info@example.org;",
    "info@example.org.", "info@@example.org", ".info@example.org", "in..fo@example.org", "info@-example.org",
    "info@example", '"info"@example.org', "info@example.org a@b.org", "info@exam_ple.org",
])  # fmt: skip
def test_what_is_no_address_is_refused(edited: Edit, address: str) -> None:
    (problem,) = _refused(edited("line.yaml", SERVICE_EMAIL, f"address: {json.dumps(address)}"))

    assert "is not an e-mail address. Write it like desk@example.org" in problem


@pytest.mark.parametrize("address", ["info@example.org", "first.last+line@sub.example.co.uk", "o'neil@example.org"])
def test_an_address_is_taken_as_it_is(edited: Edit, address: str) -> None:
    assert building.load(edited("line.yaml", SERVICE_EMAIL, f"address: {json.dumps(address)}"))
