"""What the service has confirmed: how it is written down, and how the rest is told."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from ivr import building, config, confirmation, editing
from ivr.building import Draft
from ivr.reading import Path
from ivr.script import Script

DAY = dt.date(2026, 11, 24)


def _read(line_yaml: str, files: dict[str, str]) -> tuple[Draft, Script]:
    draft = building.read_draft({**files, "line.yaml": line_yaml})
    return draft, building.build(draft, "r", config.bank_holidays())


def _paths(files: dict[str, str]) -> list[Path]:
    return list(confirmation.names(building.read_draft(files).line).values())


SHAPES = {
    "as it is shipped": lambda text: text,
    "by itself": lambda text: re.sub(r"\{(?:number|address): ([^,]+), confirmed_by: , confirmed_on: \}", r"\1", text),
    "confirmed by somebody before": lambda text: text.replace(
        "confirmed_by: , confirmed_on: }", "confirmed_by: Somebody, confirmed_on: 2025-01-01}"
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
        text = editing.with_confirmation(text, path, 'the "manager", SENDIASS', DAY)

    _, after = _read(text, files)

    confirmed = after.line.to_confirm().values()
    assert {(one.confirmed_by, one.confirmed_on) for one in confirmed} == {('the "manager", SENDIASS', DAY)}
    assert (after.line.phones, after.line.emails, after.line.links) == (
        before.line.phones,
        before.line.emails,
        before.line.links,
    )
    assert after.texts == before.texts
    comments = re.findall(r"#.*", SHAPES[shape](files["line.yaml"]))
    assert re.findall(r"#.*", text) == comments


def test_a_number_by_itself_is_taken_as_it_always_was(files: dict[str, str]) -> None:
    """Folders of older versions have no word of who confirmed what, and nothing is asked of them."""
    text = SHAPES["by itself"](files["line.yaml"])
    draft, script = _read(text, files)

    assert script.line.phones["council_phone"] == "0116 454 2050"
    assert [one.name for one in confirmation.unconfirmed(draft, script)] == ["opening_hours", "ring_back"]


def test_each_is_told_with_the_way_to_it(files: dict[str, str]) -> None:
    told = {one.name: str(one) for one in confirmation.unconfirmed(*_read(files["line.yaml"], files))}

    assert told["helpline_phone"].startswith(
        "helpline_phone, 0116 257 5027: key 0 rings it; said at contact_us (keys 4, 3, 3)"
    )
    assert "said at council_team (keys 3, 1)" in told["council_phone"]
    assert told["exclusion_link"] == "exclusion_link, www.ace-ed.org.uk: in 1 text"


def test_what_is_confirmed_is_told_no_more(files: dict[str, str]) -> None:
    text = editing.with_confirmation(files["line.yaml"], ("phones", "helpline_phone"), "A manager", DAY)
    draft, script = _read(text, files)

    assert "helpline_phone" not in {one.name for one in confirmation.unconfirmed(draft, script)}
    assert confirmation.in_words(script).startswith(f"{len(confirmation.unconfirmed(draft, script))} of the numbers")


def test_nothing_is_said_when_all_is_confirmed(files: dict[str, str]) -> None:
    text = files["line.yaml"]
    for path in _paths(files):
        text = editing.with_confirmation(text, path, "A manager", DAY)

    assert confirmation.in_words(_read(text, files)[1]) == ""


def test_the_list_for_the_service_has_each_of_them_and_no_other(files: dict[str, str]) -> None:
    """docs/before-launch.md is that list, in the order in which it is to be done."""
    page = (config.ROOT / "docs" / "before-launch.md").read_text(encoding="utf-8")
    names = confirmation.names(building.read_draft(files).line)

    asked = re.findall(r"`([a-z_]+)`", page)
    assert set(names) <= set(asked)
    assert set(asked) - set(names) == {"call_cost", "law_change_notice", "show_after_complaint", "content_checked_on"}
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
    draft = building.read_draft({**files, "line.yaml": files["line.yaml"].replace(right, phone)})

    assert any(told in problem.says for problem in draft.problems), draft.problems
