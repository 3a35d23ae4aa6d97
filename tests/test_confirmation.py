"""What the service has confirmed: how it is written down, and how the rest is told."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from ivr.authoring import drafts, editing
from ivr.authoring.drafts import Draft
from ivr.authoring.parsing import Path
from ivr.compiling import building
from ivr.machine import config
from ivr.overview import confirmation
from ivr.script import Script

DAY = dt.date(2026, 11, 24)


def _read(line_yaml: str, files: dict[str, str]) -> tuple[Draft, Script]:
    draft = drafts.read_draft({**files, "line.yaml": line_yaml})
    return draft, building.build(draft, "r", config.bank_holidays())


def _confirmed(line_yaml: str, path: Path, files: dict[str, str], who: str = "A manager") -> str:
    """The text with this setting confirmed, as it stands there."""
    value = _read(line_yaml, files)[0].line.to_confirm()[path].value
    return editing.with_confirmation(line_yaml, path, who, DAY, value)


def _paths(files: dict[str, str]) -> list[Path]:
    return list(confirmation.names(drafts.read_draft(files).line).values())


SHAPES = {
    "as it is shipped": lambda text: text,
    "by itself": lambda text: re.sub(r"\{(?:number|address): ([^,]+), confirmed_by: , confirmed_on: \}", r"\1", text),
    "confirmed by somebody before": lambda text: text.replace(
        "confirmed_by: , confirmed_on: }", "confirmed_by: Somebody, confirmed_on: 2025-01-01}"
    ),
    "confirmed with another value before": lambda text: text.replace(
        "confirmed_by: , confirmed_on: }", "confirmed_as: '0116', confirmed_by: Somebody, confirmed_on: 2025-01-01}"
    ),
    "with nothing of it": lambda text: re.sub(
        r" *confirmed_(by|on):.*\n", "", text.replace(", confirmed_by: , confirmed_on: ", "")
    ),
    "in lines of its own": lambda text: re.sub(
        r"\{(number|address): ([^,]+), confirmed_by: , confirmed_on: \}",
        r"\n    # rung once\n    \1: \2\n    confirmed_by:   # who\n    confirmed_on:",
        text,
    ),
    "with Windows' ends of lines": lambda text: text.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_written_beside_the_value_and_nothing_else_is_changed(shape: str, files: dict[str, str]) -> None:
    text = SHAPES[shape](files["line.yaml"])
    _, before = _read(text, files)
    for path in _paths({**files, "line.yaml": text}):
        text = _confirmed(text, path, files, 'the "manager", SENDIASS')

    draft, after = _read(text, files)

    confirmed = draft.line.to_confirm().values()
    assert {(one.confirmed_by, one.confirmed_on) for one in confirmed} == {('the "manager", SENDIASS', DAY)}
    assert [one.confirmed_as for one in confirmed] == [one.value for one in confirmed]
    assert all(one.is_confirmed for one in confirmed)
    assert (after.line.phones, after.line.emails, after.line.links) == (
        before.line.phones,
        before.line.emails,
        before.line.links,
    )
    assert after.texts == before.texts
    comments = re.findall(r"#.*", SHAPES[shape](files["line.yaml"]))
    assert re.findall(r"#.*", text) == comments


def test_a_name_in_empty_quotes_is_replaced_with_its_quotes(files: dict[str, str]) -> None:
    """Such a file has a Problem, but the pages confirm a setting in it all the same."""
    text = files["line.yaml"].replace("confirmed_by: , confirmed_on: }", "confirmed_by: \"\", confirmed_on: ''}")
    path = ("phones", "helpline_phone")

    after = drafts.read_draft({**files, "line.yaml": editing.with_confirmation(text, path, "Ann", DAY, "0116")})

    setting = after.line.to_confirm()[path]
    assert (setting.confirmed_by, setting.confirmed_on, setting.confirmed_as) == ("Ann", DAY, "0116")


def test_a_number_by_itself_is_taken_as_it_always_was_and_is_not_confirmed(files: dict[str, str]) -> None:
    """Folders of older versions have no word of who confirmed what; and whoever writes a new number over a confirmed
    one may leave the rest out."""
    text = SHAPES["by itself"](files["line.yaml"])
    draft, script = _read(text, files)

    assert script.line.phones["council_phone"] == "0116 454 2050"
    assert len(confirmation.unconfirmed(draft, script)) == len(_paths(files))


#: Each kind of what can be confirmed: its path, what stands there, and another value.
CHANGES: list[tuple[Path, str, str]] = [
    (("phones", "helpline_phone"), '"0116 257 5027"', '"0116 482 0870"'),
    (
        ("phones", "mediation_phone"),
        'mediation_phone: {number: "0800 0130014"',
        'mediation_phone: {number: "0800 0130015"',
    ),
    (("emails", "service_email"), "info@sendiassleicester", "help@sendiassleicester"),
    (("links", "exclusion_link"), "www.ace-ed.org.uk", "www.ace-education.org.uk"),
    (("opening_hours",), "  friday: 09:00 to 17:00", "  friday: 09:00 to 16:00"),
    (("ring_back",), "places: 12}\n  days_ahead", "places: 11}\n  days_ahead"),
    (("ring_back",), "urgent_within_hours: 4", "urgent_within_hours: 8"),
]


@pytest.mark.parametrize(("path", "old", "new"), CHANGES)
def test_what_is_changed_after_it_was_confirmed_is_not_confirmed_any_more(
    path: Path, old: str, new: str, files: dict[str, str]
) -> None:
    text = _confirmed(files["line.yaml"], path, files)
    assert path[-1] not in {one.name for one in confirmation.unconfirmed(*_read(text, files))}
    assert old in text

    draft, script = _read(text.replace(old, new, 1), files)  # the value stands first, and then what was confirmed

    assert path[-1] in {one.name for one in confirmation.unconfirmed(draft, script)}
    assert confirmation.in_words(script) == confirmation.in_words(_read(files["line.yaml"], files)[1])


def test_a_number_that_is_only_written_in_other_groups_stays_confirmed(files: dict[str, str]) -> None:
    text = _confirmed(files["line.yaml"], ("phones", "helpline_phone"), files)
    text = text.replace('{number: "0116 257 5027"', '{number: "0116 2575 027"')

    assert _read(text, files)[0].line.to_confirm()["phones", "helpline_phone"].is_confirmed


def test_a_confirmation_without_its_value_confirms_nothing(files: dict[str, str]) -> None:
    text = SHAPES["confirmed by somebody before"](files["line.yaml"])

    assert not any(one.is_confirmed for one in _read(text, files)[0].line.to_confirm().values())


#: What the service reads when it reads all the words, and an edit of each kind.
WORDS = [
    ("menus/letters.yaml", "First, tell the council what you want to change.", "First, ring the council."),
    ("menus/shared.yaml", "Sorry, no one could answer.", "Sorry, nobody could answer."),
    ("menus/letters.yaml", "if_no: {goto: letter_final,", "if_no: {goto: letter_draft,"),
    ("texts.yaml", "Keep your letter.", "Keep the letter."),
    ("line.yaml", "draft_days: 15 ", "draft_days: 14 "),
    ("line.yaml", 'call_cost: ""', 'call_cost: "This call is free."'),
    ("line.yaml", "show_after_complaint: off", "show_after_complaint: on"),
]


@pytest.mark.parametrize(("file", "old", "new"), WORDS)
def test_words_that_are_changed_after_they_were_read_are_not_those_any_more(
    file: str, old: str, new: str, files: dict[str, str]
) -> None:
    before = confirmation.fingerprint(drafts.read_draft(files))
    assert old in files[file]

    assert confirmation.fingerprint(drafts.read_draft({**files, file: files[file].replace(old, new)})) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("menus/letters.yaml", "review_by: 2027-07-31", "review_by: 2028-07-31"),
        ("menus/letters.yaml", "# --- the endings ---", "# --- what to do ---"),
        ("line.yaml", "notices: []", "notices: [{words: We are shut., begins: 2026-12-01, ends: 2026-12-01}]"),
        ("line.yaml", '"0116 257 5027"', '"0116 482 0870"'),
        ("line.yaml", "  friday: 09:00 to 17:00", "  friday: closed"),
    ],
)
def test_what_is_no_word_or_is_confirmed_by_itself_leaves_the_words_checked(
    file: str, old: str, new: str, files: dict[str, str]
) -> None:
    before = confirmation.fingerprint(drafts.read_draft(files))
    assert old in files[file]

    assert confirmation.fingerprint(drafts.read_draft({**files, file: files[file].replace(old, new)})) == before


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_that_the_words_were_read_is_written_once_and_then_replaced(ends: str, files: dict[str, str]) -> None:
    text = files["line.yaml"].replace("\n", ends)
    for who in ("A manager", "Another"):
        text = editing.with_words_checked(text, who, DAY, "0123456789ab")

    line = _read(text, files)[0].line
    assert (line.content_checked_by, line.content_checked_on, line.content_checked_as) == (
        "Another",
        DAY,
        "0123456789ab",
    )
    assert text.startswith(files["line.yaml"].replace("\n", ends))
    assert text.count("content_checked_by") == 1


def test_each_is_told_with_the_way_to_it(files: dict[str, str]) -> None:
    told = {one.name: str(one) for one in confirmation.unconfirmed(*_read(files["line.yaml"], files))}

    assert told["helpline_phone"].startswith(
        "helpline_phone, 0116 257 5027: key 0 rings it; said at contact_us (keys 4, 4, 4)"
    )
    assert "said at council_team (keys 3, 4, 3)" in told["council_phone"]
    assert told["exclusion_link"] == "exclusion_link, www.ace-ed.org.uk: in 1 text"


def test_what_is_confirmed_is_told_no_more(files: dict[str, str]) -> None:
    text = _confirmed(files["line.yaml"], ("phones", "helpline_phone"), files)
    draft, script = _read(text, files)

    assert "helpline_phone" not in {one.name for one in confirmation.unconfirmed(draft, script)}
    waiting = len(confirmation.unconfirmed(draft, script))
    assert confirmation.in_words(script).startswith(
        f"{waiting} settings that the service must confirm are not confirmed"
    )


def test_nothing_is_said_when_all_is_confirmed(files: dict[str, str]) -> None:
    text = files["line.yaml"]
    for path in _paths(files):
        text = _confirmed(text, path, files)

    assert confirmation.in_words(_read(text, files)[1]) == ""


def test_the_list_for_the_service_has_each_of_them_and_no_other(files: dict[str, str]) -> None:
    """docs/before-launch.md is that list, in the order in which it is to be done."""
    page = (config.ROOT / "docs" / "before-launch.md").read_text(encoding="utf-8")
    names = confirmation.names(drafts.read_draft(files).line)

    asked = re.findall(r"`([a-z_]+)`", page)
    assert set(names) <= set(asked)
    assert set(asked) - set(names) == {"call_cost", "law_change_notice", "second_factor", "show_after_complaint"}
    assert asked[0] == "helpline_phone"


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        ('{number: "0116", confirmed_by: , confirmed_on: }', "'0116' is not a phone number."),
        ("{confirmed_by: A, confirmed_on: 2026-11-24}", "'number' is missing. Write it."),
        ('{number: "0116 496 0123", confirmd_by: A}', "'confirmd_by' is not a field here."),
        ('{number: "0116 496 0123", confirmed_by: A, confirmed_on: soon}', "'confirmed_on' must be a date"),
        ("{number: 01164960123}", "Put 01164960123 in quotes"),
    ],
)
def test_what_is_wrong_in_one_is_told_in_words(phone: str, told: str, files: dict[str, str]) -> None:
    right = '{number: "0116 454 2050", confirmed_by: , confirmed_on: }'
    assert right in files["line.yaml"]
    draft = drafts.read_draft({**files, "line.yaml": files["line.yaml"].replace(right, phone)})

    assert any(told in problem.says for problem in draft.problems), draft.problems
