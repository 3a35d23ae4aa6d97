"""The way of a line from its English to a caller's ear: sheets that travel, and people who stand for each line."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fcntl
import io
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from ivr.audio import lacking_sounds
from ivr.audio.clips import RENDERED
from ivr.audio.recordings import Recordings
from ivr.authoring import drafts, editing
from ivr.authoring.parsing import read
from ivr.cli import commands
from ivr.cli.common import Stop
from ivr.compiling import building, translation
from ivr.hours import LONDON
from ivr.machine import config, configfiles, disk
from ivr.machine.config import Settings
from ivr.printing import sheets
from ivr.script import Tongue
from ivr.store import Published, Store
from ivr.usecases import publishing
from tests import pseudo
from tests.line import Line


class Translator:
    """A translator at work: a config folder with one language, and the commands."""

    def __init__(self, folder: Path, *, confirmed: bool):
        made = pseudo.language("en-XA", key="5", confirmed=confirmed)
        self.folder = pseudo.written(folder / "config", made)
        self.file = self.folder / "languages" / "en-XA.yaml"
        self.file.write_text(_as_people_write_it(made), encoding="utf-8")
        self.sheet = folder / "en-XA.xlsx"
        self.recordings = folder / "audio" / "recordings" / "en-XA"

    def __call__(self, *arguments: str, keys: str = "") -> Result:
        result = CliRunner().invoke(commands, ("translate", *arguments), input=keys)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    @property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def line(self, name: str) -> dict[str, object]:
        found = read(self.text, "en-XA.yaml").data["lines"][name]
        assert isinstance(found, dict)
        return found

    def by_a_machine(self, line: str) -> Translator:
        """Itself, after a machine has translated a line."""
        by = '{by: "machine", on: 2026-11-28}'
        self.file.write_text(editing.with_lines(self.text, {line: {"translated": by}}), encoding="utf-8")
        return self

    def out(self) -> None:
        self("out", "en-XA", "--xlsx", str(self.sheet))

    def fill_in(self, line: str, **columns: str) -> None:
        book = load_workbook(self.sheet)
        sheet = book.worksheets[0]
        head = [cell.value for cell in sheet[1]]
        (row,) = (cells for cells in sheet.iter_rows(min_row=2) if cells[0].value == line)
        for name, value in columns.items():
            row[head.index(name.replace("_", " "))].value = value
        book.save(self.sheet)


def _as_people_write_it(made: dict[str, object]) -> str:
    """A language's file with a comment, as block YAML."""
    head = {name: value for name, value in made.items() if name != "lines"}
    lines = made["lines"]
    assert isinstance(lines, dict)
    written = [f"{name}: {pseudo.as_yaml({'v': value})[6:-1]}" for name, value in head.items()]
    written += ["# What callers hear.", "lines:"]
    for name, line in lines.items():
        written += [
            f"  {name}:",
            *(f"    {field}: {pseudo.as_yaml({'v': value})[6:-1]}" for field, value in line.items()),
        ]
        written += ["    # A note for whoever reads this."] if name == "ask" else []
    return "\n".join(written) + "\n"


@pytest.fixture
def translator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Translator:
    return _translator(tmp_path, monkeypatch, confirmed=True)


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Translator:
    return _translator(tmp_path, monkeypatch, confirmed=False)


def _translator(folder: Path, monkeypatch: pytest.MonkeyPatch, *, confirmed: bool) -> Translator:
    monkeypatch.setenv("IVR_DATA", str(folder / "var"))
    monkeypatch.setenv("IVR_AUDIO", str(folder / "audio"))
    monkeypatch.setenv("IVR_CONFIG", str(folder / "config"))
    return Translator(folder, confirmed=confirmed)


# --- what is left to do -------------------------------------------------------------------------------


def test_the_status_says_of_a_language_what_is_missing_and_of_a_line_who_is_next(draft: Translator) -> None:
    told = draft("status").output

    assert "en-XA  Pseudo en-XA, keys 5: off" in told
    assert "not checked" in told
    assert "no interpreter is named" in told
    assert "to be checked" in draft("status", "en-XA").output


def test_a_language_that_is_whole_is_on(translator: Translator) -> None:
    assert "keys 5: on" in translator("status").output


def test_a_change_of_the_english_makes_its_line_stale_and_no_other(translator: Translator) -> None:
    lines = translator.folder / "languages" / "lines.yaml"
    lines.write_text(lines.read_text().replace("Is that right?", "Is this the right number?"))
    translator.file.write_text(translator.text.replace('switch: "on"', "switch: off"))

    told = translator("status", "en-XA").output

    assert [row.split()[0] for row in told.splitlines() if " stale " in row] == ["right"]


# --- sheets -------------------------------------------------------------------------------------------


def test_a_sheet_that_comes_back_as_it_went_changes_no_byte(translator: Translator) -> None:
    before = translator.file.read_bytes()
    translator.out()

    told = translator("in", str(translator.sheet), "--yes").output

    assert "nothing new" in told
    assert translator.file.read_bytes() == before


def test_the_same_lines_make_the_same_sheet(translator: Translator) -> None:
    translator.out()
    first = translator.sheet.read_bytes()
    translator.out()

    assert translator.sheet.read_bytes() == first


def test_a_new_translation_takes_the_place_of_the_old_and_confirms_nothing(translator: Translator) -> None:
    translator.out()
    translator.fill_in("ask", translation="Ñéŵ ŵöŕđš?", translator="New Person", date="2026-11-20")

    translator("in", str(translator.sheet), "--yes")

    line = translator.line("ask")
    assert (line["says"], line["translated"]) == ("Ñéŵ ŵöŕđš?", {"by": "New Person", "on": dt.date(2026, 11, 20)})
    assert "checked" not in line
    assert "heard" not in line
    assert "# A note for whoever reads this." in translator.text, "comments stay"
    assert translator.line("yes")["heard"], "other lines stay as they were"


def test_a_sheet_is_shown_first_and_written_only_after_a_yes(translator: Translator) -> None:
    before = translator.text
    translator.out()
    translator.fill_in("ask", translation="Ñéŵ ŵöŕđš?")

    told = translator("in", str(translator.sheet), keys="n\n")

    assert "ask: " in told.output
    assert "Ñéŵ ŵöŕđš?" in told.output
    assert translator.text == before


def test_what_somebody_writes_while_a_sheet_waits_for_its_yes_is_not_lost(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator.out()
    translator.fill_in("ask", translation="Ñéŵ ŵöŕđš?")
    meanwhile = translator.text + "# Written meanwhile.\n"
    monkeypatch.setattr(click, "confirm", lambda *_, **__: translator.file.write_text(meanwhile, encoding="utf-8"))

    with pytest.raises(Stop, match=r"was changed meanwhile\. Nothing was written\. Take the sheet in again\."):
        translator("in", str(translator.sheet))

    assert translator.text == meanwhile


def test_a_command_waits_while_the_page_writes_the_same_file(
    draft: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def write(path: Path, content: str) -> None:
        with (draft.recordings.parent / ".lock").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.append(path == draft.file)

    monkeypatch.setattr(disk, "write_whole", write)

    draft("checked", "en-XA", "ask", "--by", "Someone Else")

    assert held == [True]


def test_a_sheet_of_older_english_comes_back_as_stale(draft: Translator) -> None:
    draft.out()
    lines = draft.folder / "languages" / "lines.yaml"
    lines.write_text(lines.read_text().replace("Is that right?", "Is this the right number?"))
    draft.fill_in("right", translation="Öļđ éñĝļîšĥ?")

    draft("in", str(draft.sheet), "--yes")

    assert draft.line("right")["of"] == "Is that right?"
    assert " stale " in next(
        row for row in draft("status", "en-XA").output.splitlines() if row.strip().startswith("right")
    )


@pytest.mark.parametrize(
    ("line", "words", "why"),
    [
        ("readback", "Ýöûŕ ñûɱƀéŕ", "{digits} is missing"),
        ("readback", "Ýöûŕ {digits} ñûɱƀéŕ {digits}", "{digits} is one too many"),
        ("readback", "Ýöûŕ ñûɱƀéŕ {ďïĝïţš}", "{digits} is missing"),
        ("ask", "=1+1", "formula"),
    ],
)
def test_a_sheet_with_a_lost_blank_or_a_formula_is_refused(draft: Translator, line: str, words: str, why: str) -> None:
    before = draft.text
    draft.out()
    draft.fill_in(line, translation=words)

    with pytest.raises(Stop, match=re.escape(why)):
        draft("in", str(draft.sheet), "--yes")

    assert draft.text == before


def test_whoever_translates_back_does_not_see_the_english(translator: Translator) -> None:
    translator("out", "en-XA", "--back", "--xlsx", str(translator.sheet))
    sheet = load_workbook(translator.sheet).worksheets[0]
    shown = {str(cell.value) for cell in sheet[1] if not sheet.column_dimensions[get_column_letter(cell.column)].hidden}
    translator.fill_in("ask", **{"back_into_English,_word_for_word": "Shall we?"})

    translator("in", str(translator.sheet), "--yes")

    assert {"translation", "back into English, word for word"} <= shown
    assert not shown & {"English", "when it is heard", "made from"}
    assert translator.line("ask")["back"] == "Shall we?"
    assert translator.line("ask")["checked"], "the words are the same"


def test_everything_that_is_wrong_with_a_sheet_is_told_at_once(draft: Translator) -> None:
    draft.out()
    draft.fill_in("ask", translation="Ñéŵ {digits}?")
    draft.fill_in("yes", translator="")

    with pytest.raises(Stop, match=r"(?s){digits} is one too many.*the translator's name is missing"):
        draft("in", str(draft.sheet), "--yes")


#: What people do to a sheet while they work in it: nothing of it loses a word, or keeps one from coming in.
TIDIED: dict[str, Callable[[Workbook, Worksheet], object]] = {
    "rows in another order": lambda book, sheet: _reverse(sheet),
    "a column of their own": lambda book, sheet: sheet.insert_cols(3),
    "a title above": lambda book, sheet: sheet.insert_rows(1),
    "a sheet in front": lambda book, sheet: book.create_sheet("My notes", 0),
    "another name of the sheet": lambda book, sheet: setattr(sheet, "title", "final"),
    "capitals": lambda book, sheet: _each_cell(sheet, 1, str.capitalize),
    "spaces": lambda book, sheet: _each_cell(sheet, 1, lambda words: f" {words} "),
    "empty rows": lambda book, sheet: sheet.insert_rows(9, 2),
}


@pytest.mark.parametrize("tidied", TIDIED.values(), ids=TIDIED)
def test_a_sheet_may_be_tidied(draft: Translator, tidied: Callable[[Workbook, Worksheet], object]) -> None:
    draft.out()
    draft.fill_in("ask", translation="Ñéŵ ŵöŕđš?", translator="New Person")
    book = load_workbook(draft.sheet)
    tidied(book, book.worksheets[0])
    book.save(draft.sheet)
    before = draft.text

    told = draft("in", str(draft.sheet), "--yes").output

    assert "Look:" not in told
    assert draft.line("ask")["says"] == "Ñéŵ ŵöŕđš?"
    changed = set(draft.text.splitlines()) - set(before.splitlines())
    assert all("Ñéŵ ŵöŕđš?" in line or "New Person" in line for line in changed), "and nothing else"


def _reverse(sheet: Worksheet) -> None:
    rows = [[cell.value for cell in cells] for cells in sheet.iter_rows(min_row=2)]
    for number, values in enumerate(reversed(rows), 2):
        for column, value in enumerate(values, 1):
            sheet.cell(number, column).value = value


def _each_cell(sheet: Worksheet, column: int, change: Callable[[str], str]) -> None:
    for (cell,) in sheet.iter_rows(min_row=2, min_col=column, max_col=column):
        cell.value = change(str(cell.value))


#: What a spreadsheet program makes of words, by the value of the cell.
SPOILT: dict[str, tuple[Callable[[Worksheet], object], str]] = {
    "a number": (lambda sheet: _write_into(sheet, "F9", 1), "F9 is a number"),
    "true": (lambda sheet: _write_into(sheet, "F9", True), "F9 is true or false"),
    "a date": (lambda sheet: _write_into(sheet, "F9", dt.datetime(2026, 2, 3)), "F9 is a date"),
    "an error": (lambda sheet: _write_into(sheet, "F9", "#NAME?"), "F9 shows an error"),
    "merged cells": (lambda sheet: sheet.merge_cells("F9:F10"), "F9:F10 are merged"),
    "a name that is gone": (lambda sheet: _write_into(sheet, "A9", None), "Row 9 has lost its 'line'"),
    "a name that is another": (lambda sheet: _write_into(sheet, "A9", "thing"), "Row 9: there is no line 'thing'"),
    "a name twice": (lambda sheet: _write_into(sheet, "A9", "ask"), "'ask' is in the sheet 2 times"),
    "two languages": (lambda sheet: _write_into(sheet, "M9", "gu"), "different languages: en-XA, gu"),
    "a day that is none": (lambda sheet: _write_into(sheet, "I9", "03/02/2026"), "'03/02/2026' is not a day"),
    "a day to come": (lambda sheet: _write_into(sheet, "I9", "2999-02-03"), "still to come"),
    "another heading": (lambda sheet: _write_into(sheet, "F1", "words"), "no row with the headings"),
    "a column that is gone": (lambda sheet: sheet.delete_cols(7), "'back into English, word for word' is missing"),
    "nothing": (lambda sheet: sheet.delete_rows(2, 100), "It has no lines"),
}


@pytest.mark.parametrize(("spoil", "why"), SPOILT.values(), ids=SPOILT)
def test_a_sheet_in_which_words_are_lost_is_refused_whole(
    draft: Translator, spoil: Callable[[Worksheet], object], why: str
) -> None:
    before = draft.text
    draft.out()
    draft.fill_in("yes", translation="Ñéŵ ŵöŕđš.", translator="New Person")
    book = load_workbook(draft.sheet)
    spoil(book.worksheets[0])
    book.save(draft.sheet)

    with pytest.raises(Stop, match=f"(?s){re.escape(why)}.*Nothing was changed"):
        draft("in", str(draft.sheet), "--yes")

    assert draft.text == before


def _write_into(sheet: Worksheet, place: str, value: object) -> None:
    sheet[place].value = value


#: What is taken although somebody should look at it, by what is done to the row of 'yes'.
TO_LOOK_AT: dict[str, tuple[Callable[[Worksheet], object], str]] = {
    "figures": (lambda sheet: _write_into(sheet, "F6", "Þŕéšš 1."), "yes: it has figures"),
    "two scripts": (lambda sheet: _write_into(sheet, "F6", "Tаķ."), "letters of 2 scripts"),
    "left in English": (lambda sheet: _write_into(sheet, "F6", "For yes, press one."), "it is still in English"),
    "a stray brace": (lambda sheet: _write_into(sheet, "F6", "Þŕéšš }."), "braces that are no blank"),
    "a machine": (lambda sheet: _write_into(sheet, "H6", "Google Translate"), "stands for no line"),
    "other English": (lambda sheet: _write_into(sheet, "B6", "If so, press one."), "English was changed in the sheet"),
    "a comment": (lambda sheet: setattr(sheet["F6"], "comment", Comment("why?", "me")), "F6 has a comment"),
    "no words": (lambda sheet: _write_into(sheet, "F9", ""), "Empty in the sheet, so what is there stays: person"),
    "no row": (lambda sheet: sheet.delete_rows(9), "Not in the sheet, so what is there stays: person"),
}


@pytest.mark.parametrize(("change", "look"), TO_LOOK_AT.values(), ids=TO_LOOK_AT)
def test_what_may_be_a_mistake_in_a_sheet_is_told_and_confirms_nothing(
    draft: Translator, change: Callable[[Worksheet], object], look: str
) -> None:
    draft.out()
    draft.fill_in("yes", note="see me")
    book = load_workbook(draft.sheet)
    change(book.worksheets[0])
    book.save(draft.sheet)

    told = draft("in", str(draft.sheet), "--yes").output

    assert look in told
    assert draft.line("person")["says"]
    assert "checked:" not in draft.text
    assert "heard:" not in draft.text


def test_a_note_or_the_way_back_alone_leaves_who_stands_for_the_words(translator: Translator) -> None:
    translator.out()
    translator.fill_in("ask", note="said slowly")
    told = translator("in", str(translator.sheet), "--yes").output
    assert "ask: note: nothing -> said slowly" in told
    assert translator.line("ask")["checked"], "the words are the same"
    translator.out()
    translator.fill_in("ask", note="")

    translator("in", str(translator.sheet), "--yes")

    assert "note" not in translator.line("ask")


def test_a_question_beside_an_empty_translation_is_told_since_it_is_not_kept(draft: Translator) -> None:
    draft.file.write_text(re.sub(r"  no:\n(?:    .*\n)+", "", draft.text), encoding="utf-8")
    before = draft.text
    draft.out()
    draft.fill_in("no", note="To one person, or to several?")
    draft.fill_in("ask", translation="", **{"back into English, word for word": "May we ring?"})
    draft.fill_in("yes", translation="")

    told = draft("in", str(draft.sheet), "--yes").output

    assert "Look: no: not translated, and this is not kept: To one person, or to several?" in told
    assert "Look: ask: not translated, and this is not kept: May we ring?" in told
    assert "yes: not translated" not in told
    assert draft.text == before


def test_new_words_under_an_old_date_are_of_today(draft: Translator) -> None:
    draft.out()
    draft.fill_in("ask", translation="Ñéŵ ŵöŕđš?", translator="New Person")

    draft("in", str(draft.sheet), "--yes")

    assert draft.line("ask")["translated"] == {"by": "New Person", "on": dt.datetime.now(LONDON).date()}


def test_a_file_that_is_no_sheet_is_refused_in_words(draft: Translator, tmp_path: Path) -> None:
    (tmp_path / "some.xlsx").write_text("line,translation\n")

    with pytest.raises(Stop, match="Save the sheet as XLSX"):
        draft("in", str(tmp_path / "some.xlsx"))


_WORDS = st.text(
    st.characters(categories=("L", "M", "N", "P", "Zs"), include_characters="=+-@'\"\u200c\u200d\u200f\u0a95\u0e01"),
    min_size=1, max_size=60,
).filter(lambda words: sheets.plain(words))  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=6))
def test_words_of_any_script_come_back_from_a_sheet_as_they_are(pairs: list[tuple[str, str]]) -> None:
    rows = [sheets.SheetRow(f"line_{i}", "English", says=says, back=back) for i, (says, back) in enumerate(pairs)]

    came = sheets.read(sheets.written("ar-XB", "Pseudo", rows, right_to_left=True))

    assert came.tag == "ar-XB"
    assert [(row.says, row.back) for row in came.rows] == [(sheets.plain(a), sheets.plain(b)) for a, b in pairs]


def test_only_the_translation_turns_from_right_to_left() -> None:
    sheet = load_workbook(
        io.BytesIO(
            sheets.written("ar-XB", "Pseudo", [sheets.SheetRow("ask", "English", says="ابت")], right_to_left=True)
        )
    ).worksheets[0]
    turned = {str(sheet.cell(1, cell.column).value): cell.alignment.readingOrder for cell in sheet[2]}

    assert turned["translation"] == 2
    assert turned["English"] == 1


# --- who stands for a line ----------------------------------------------------------------------------


def test_a_line_is_checked_by_somebody_else_than_its_translator(draft: Translator) -> None:
    with pytest.raises(Stop, match="somebody else"):
        draft("checked", "en-XA", "ask", "--by", pseudo.TRANSLATOR)

    with pytest.raises(Stop, match="somebody else"):
        draft("checked", "en-XA", "ask", "--by", "t tester")

    with pytest.raises(Stop, match="a machine stands for no line"):
        draft.by_a_machine("yes")("checked", "en-XA", "yes", "--by", "Someone Else")

    for who in ("ChatGPT", "a machine", "-", "x"):
        with pytest.raises(Stop, match="no person's name"):
            draft("checked", "en-XA", "ask", "--by", who)

    told = draft("checked", "en-XA", "ask", "--by", "Someone Else").output

    assert str(draft.line("ask")["says"]) in told, "the words that are confirmed are shown"
    assert " checked " in next(
        row for row in draft("status", "en-XA").output.splitlines() if row.strip().startswith("ask ")
    )


def test_a_line_is_heard_only_after_it_was_checked_and_recorded(draft: Translator) -> None:
    with pytest.raises(Stop, match="to be checked"):
        draft("heard", "en-XA", "ask", "--by", "Lee")
    draft("checked", "en-XA", "ask", "--by", "Someone Else")
    with pytest.raises(Stop, match="has no recording"):
        draft("heard", "en-XA", "ask", "--by", "Lee")

    _record(draft.recordings / "ask.wav", loud=0)
    with pytest.raises(Stop, match="almost no sound"):
        draft("heard", "en-XA", "ask", "--by", "Lee")

    _record(draft.recordings / "ask.wav")
    draft("heard", "en-XA", "ask", "--by", "Lee")

    assert " heard " in next(
        row for row in draft("status", "en-XA").output.splitlines() if row.strip().startswith("ask ")
    )


def test_twilios_voice_is_heard_apart_from_recordings(translator: Translator) -> None:
    """For mode 'say': the same people, the same words, and the voice in place of the takes."""
    translator("heard", "en-XA", "ask", "--by", "Lee", "--voice")

    heard = translator.line("ask")["heard"]
    assert isinstance(heard, dict)
    assert heard["takes"] == {"say": translation.voice_print("Polly.Amy-Neural", "en-GB")}
    assert " heard " in next(
        row for row in translator("status", "en-XA").output.splitlines() if row.strip().startswith("ask ")
    )
    assert "with sounds that nobody has listened to" not in translator("status").output


def test_a_translation_of_tomorrow_is_refused(draft: Translator) -> None:
    """It would be checked before it was translated, and nobody would see why it stays a draft."""
    draft.out()
    draft.fill_in("ask", translation="Ñéŵ ŵöŕđš?", date=f"{dt.date.today() + dt.timedelta(days=2)}")

    with pytest.raises(Stop, match="still to come"):
        draft("in", str(draft.sheet), "--yes")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ravi Patel", "Meena Patel", False),
        ("R. Patel", "M. Patel", False),
        ("R. Patel", "Ravi Patel", True),
        ("Patel, Ravi", "ravi  patel", True),
        ("Patel", "Ravi Patel", True),
        ("Żółć Ąbc", "Z\u0307o\u0301łć A\u0328bc", True),
        ("રવિ પટેલ", "મીના પટેલ", False),
        ("Ravi Patel", "Ravi Patel (translator)", True),
    ],
)
def test_two_names_that_can_be_of_one_person_stand_for_one(one: str, other: str, same: bool) -> None:
    assert translation.is_same_name(one, other) is same
    assert translation.is_same_name(other, one) is same


def test_checking_again_asks_for_another_listening(translator: Translator) -> None:
    translator("checked", "en-XA", "ask", "--by", "Someone Else")

    assert "heard" not in translator.line("ask")


def test_everything_that_is_recorded_is_listed_with_its_english(draft: Translator) -> None:
    rows = [row.split("\t") for row in draft("list", "en-XA").output.splitlines()]

    names = {name for name, _, _ in rows}
    assert {"ask.wav", "name.wav", "seven.wav", "will_ring.monday.morning.wav"} <= names
    assert len([name for name in names if name.startswith("will_ring.")]) == 18


def test_the_sheet_to_record_from_turns_the_words_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = _translator(tmp_path, monkeypatch, confirmed=False)
    draft.file.write_text(draft.text.replace("right_to_left: false", "right_to_left: true"), encoding="utf-8")

    draft("list", "en-XA", "--sheet", str(tmp_path / "sheet.html"))

    page = (tmp_path / "sheet.html").read_text()
    assert page.count('<td lang="en-XA" dir="rtl">') == len(draft("list", "en-XA").output.splitlines())
    assert '<html lang="en">' in page


def test_another_take_than_the_one_that_was_heard_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that somebody puts there later is not what the listener stands for."""
    draft = _translator(tmp_path, monkeypatch, confirmed=False)
    tongue = _recorded_and_heard(draft)
    folder = tmp_path / "audio"
    Recordings(folder, tongue.script).prepare()
    assert tongue.is_live
    assert lacking_sounds(folder, tongue) == []

    before = Recordings(folder, tongue.script).names()

    _record(draft.recordings / "hello.wav", pitch=300)
    Recordings(folder, tongue.script).prepare()

    assert Recordings(folder, tongue.script).names() == before, "callers hear the take that was heard"
    assert lacking_sounds(folder, tongue) == []


def test_a_sound_that_is_gone_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = _translator(tmp_path, monkeypatch, confirmed=True)
    (tongue,) = building.load(configfiles.script_files(draft.folder)).tongues

    assert len(lacking_sounds(tmp_path / "audio", tongue)) == len(tongue.script.sounds)


@pytest.mark.parametrize(
    ("mode", "told"), [("audio", "its sounds are not the ones that were heard"), ("say", "but none is named")]
)
def test_a_language_that_is_on_and_cannot_be_heard_as_it_was_confirmed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, told: str
) -> None:
    _translator(tmp_path, monkeypatch, confirmed=True)
    monkeypatch.setenv("IVR_SPEECH", mode)
    script = pseudo.script(pseudo.language("en-XA", key="5", say_voice=""))

    (problem,) = publishing.languages_unheard(config.settings(), script)

    assert told in problem.says
    assert problem.severity == "error"


def test_a_language_that_loses_a_sound_while_the_line_runs_is_offered_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, store: Store
) -> None:
    """And is again, once the sound is back. Nobody hears half of it, or a machine in its place."""
    draft = _translator(tmp_path, monkeypatch, confirmed=False)
    tongue, folder = _recorded_and_heard(draft), tmp_path / "audio"
    recorded = Recordings(folder, tongue.script)
    recorded.prepare()
    files = configfiles.script_files(draft.folder)
    store.revisions.publish(Published(drafts.revision_of(files), 1.0, "tests", ""), files)
    sounds = {words.words: folder / RENDERED / name for words, name in recorded.names().items()}
    offer, hello = (sounds[tongue.script.sounds[unit]] for unit in ("choose", "hello"))
    with Line(dataclasses.replace(settings, speech="audio", audio_dir=folder), store) as line:
        calls = itertools.count()

        def is_heard() -> tuple[bool, bool]:
            call = line.call(sid=f"CA{next(calls):032}")
            offered = offer.name in "".join(play.text or "" for play in call.reply.iter("Play"))
            call.press("5")
            return offered, hello.name in "".join(play.text or "" for play in call.reply.iter("Play"))

        assert is_heard() == (True, True)
        kept = hello.rename(tmp_path / "kept.wav")
        line.app._live.look()
        assert is_heard() == (False, False)
        kept.rename(hello)
        line.app._live.look()
        assert is_heard() == (True, True)


def _recorded_and_heard(draft: Translator) -> Tongue:
    """The language of a translator, with a recording of each sound, for which three people stand; and it is on."""
    made = building.load(configfiles.script_files(draft.folder) | {"line.yaml": _with_test_phone(draft)})
    for i, unit in enumerate(made.tongues[0].script.sounds):
        _record(draft.recordings / f"{unit}.wav", pitch=200 + i)
    lines = read(draft.text, "f").data["lines"]
    draft("checked", "en-XA", *lines, "--by", "Someone Else")
    draft("heard", "en-XA", *lines, "--by", "Lee")
    text = draft.text.replace('switch: "off"', "switch: on").replace('interpreter: ""', 'interpreter: "0116 496 0800"')
    draft.file.write_text(text, encoding="utf-8")
    (tongue,) = building.load(configfiles.script_files(draft.folder)).tongues
    return tongue


def _with_test_phone(draft: Translator) -> str:
    line = (draft.folder / "line.yaml").read_text()
    return line.replace('"closed_days"', '"test_phones": ["07700 900999"], "closed_days"')


def _record(path: Path, pitch: int = 200, loud: float = 0.3) -> None:
    """A hum as long as a short sentence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = np.arange(55200) / 24000
    soundfile.write(path, loud * np.sin(2 * np.pi * pitch * seconds), 24000)


# --- editing ------------------------------------------------------------------------------------------


FILE = """# head
language: gu
lines:
  a:  # beside
    says: "one"
    of: "uno"

  # about b
  b:
    says: "two"
"""


def test_a_field_is_written_where_it_belongs_and_all_else_stays() -> None:
    changed = editing.with_lines(FILE, {"a": {"says": '"three"', "heard": "{by: x}"}})

    assert changed == FILE.replace('"one"', '"three"').replace('of: "uno"', 'of: "uno"\n    heard: {by: x}')
    assert editing.with_lines(changed, {"a": {"says": '"one"', "heard": None}}) == FILE


@pytest.mark.parametrize("lines", ["", "lines:\n", "lines: {}\n"])
def test_the_first_line_of_a_language_is_written(lines: str) -> None:
    text = f"language: gu\n{lines}"

    assert editing.with_lines(text, {"b": {"says": '"two"'}}) == 'language: gu\nlines:\n  b:\n    says: "two"\n'


def test_a_line_that_is_not_there_yet_is_added_at_the_end() -> None:
    assert editing.with_lines(FILE, {"c": {"says": '"three"'}}) == f'{FILE}  c:\n    says: "three"\n'
