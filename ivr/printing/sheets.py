"""The sheet that goes to a translator and comes back: one row a line, as XLSX.

The files in `config/languages/` remain the source. A sheet only carries words to a translator and back, and confirms
nothing. The English that was sent is in a hidden column, so a row that was made from older English counts as stale when
it comes back, and is not refused.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.border import spelled

if TYPE_CHECKING:  # few commands need it, and it takes long to import
    from openpyxl import Workbook
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

#: The columns, with their widths. Two are hidden: the English that the row was made from, and its language.
COLUMNS = {
    "line": 14, "English": 44, "when it is heard": 44, "blanks": 14, "seconds at most": 10, "translation": 48,
    "back into English, word for word": 44, "translator": 18, "date": 12, "note": 30, "state": 12, "made from": 2,
    "language": 2,
}  # fmt: skip
_HIDDEN = ("made from", "language")
#: Those that a translator fills in.
FILLED_IN = ("translation", "back into English, word for word", "translator", "date", "note")
_HOW = (
    "Write in the white columns. The others are for you to read.",
    "The caller is a parent. They are tired, may have had little schooling, and listen on a bus.",
    "Say each line aloud and time it. Short, everyday words; no word that only officials use.",
    "Keep each blank, such as {digits}, as it is: in Latin letters and braces, once.",
    "Write no figures: write the word that is said.",
    "Write so that it shows neither whether the speaker nor whether the caller is a man or a woman.",
    "Put your full name into 'translator' in each row that you wrote, or that you read and found right.",
    "'date' may stay as it is. In 'note' is room for what the next reader should know, or for a question.",
    "Leave 'back into English' empty: somebody who has not seen the English fills it in.",
    "You may leave rows as they are, sort them, and stop in the middle. Save the file as XLSX, and send it back.",
    "Nothing that you write here is heard by a caller before somebody else has checked it.",
)
#: The instructions for whoever translates back into English.
_HOW_BACK = (
    "Write only in 'back into English, word for word': what the translation says, in English.",
    "Write what it really says, also where it sounds odd or wrong. Do not make it better.",
    "If a word can mean two things, write both, such as 'tomorrow or yesterday'.",
    "Keep each blank, such as {digits}, where it stands.",
    "You may stop in the middle. Save the file as XLSX, and send it back.",
)
#: What whoever translates back must not see.
_UNSEEN = ("English", "when it is heard", "note")
#: Marks of direction, which no reader sees and which make equal words differ.
_DIRECTIONS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"))
#: The headings are in one of the first rows: people write a title above them.
_HEAD_ROWS = 10
#: The moment at which a workbook was saved, which the library writes into it.
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
#: The colour of a row by its state.
_COLOURS = {"missing": "F4CCCC", "stale": "FCE5CD", "changed": "FCE5CD", "draft": "FFF2CC"}


class NotASheet(Exception):
    """Raised for a file that is not a sheet of ours, with the reason and what to do."""


@dataclass(frozen=True)
class SheetRow:
    """One line of a sheet."""

    line: str
    english: str
    when: str = ""
    blanks: str = ""
    seconds: int = 0
    says: str = ""
    back: str = ""
    by: str = ""
    on: dt.date | None = None
    note: str = ""
    state: str = ""
    #: Of a row that came back: where it is, and whether somebody changed the English that they were to read.
    where: str = ""
    has_other_english: bool = False


def written(tag: str, language: str, rows: Iterable[SheetRow], *, right_to_left: bool, back: bool = False) -> bytes:
    """A sheet of these rows. The same rows make the same bytes. `back`: for whoever translates back into English, who
    must not see what it was made from.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    sheet.title = tag
    how = book.create_sheet("How")
    for i, words in enumerate((f"{language}: how to fill in this sheet", *(_HOW_BACK if back else _HOW)), 1):
        how.cell(i, 1, words)
    how.column_dimensions["A"].width = 100
    for column, (name, width) in enumerate(COLUMNS.items(), 1):
        sheet.cell(1, column, name).font = Font(bold=True)
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = width
        sheet.column_dimensions[letter].hidden = name in _HIDDEN or (back and name in _UNSEEN)
    for number, row in enumerate(rows, 2):
        _write(sheet, number, tag, row, right_to_left=right_to_left)
    sheet.freeze_panes = "C2"
    sheet.protection.sheet = True
    return _bytes(book)


def _write(sheet: Worksheet, number: int, tag: str, row: SheetRow, *, right_to_left: bool) -> None:
    from openpyxl.styles import Alignment, PatternFill, Protection

    values: tuple[str | int, ...] = (
        row.line, row.english, row.when, row.blanks, row.seconds, row.says, row.back, row.by,
        f"{row.on:%Y-%m-%d}" if row.on else "", row.note, row.state, row.english, tag,
    )  # fmt: skip
    for column, (name, value) in enumerate(zip(COLUMNS, values, strict=True), 1):
        cell = sheet.cell(number, column)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # words that begin with = are words and no formula
        turned = right_to_left and name == "translation"
        cell.alignment = Alignment(wrap_text=True, vertical="top", readingOrder=2 if turned else 1)
        cell.protection = Protection(locked=name not in FILLED_IN)
        if name not in FILLED_IN:
            cell.fill = PatternFill("solid", fgColor=_COLOURS.get(row.state, "EFEFEF"))


def _bytes(book: Workbook) -> bytes:
    """The file of a workbook, without the moment at which it was made."""
    book.properties.created = book.properties.modified = dt.datetime(2000, 1, 1)
    made, fixed = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


@dataclass(frozen=True)
class Sheet:
    """What came back."""

    #: The tag of its language.
    tag: str
    rows: list[SheetRow]
    #: What is in it and cannot be taken, in words; all else can.
    not_taken: list[str]


def read(content: bytes) -> Sheet:
    """A sheet that came back: its language, and its rows in their order.

    Other sheets of the file, other columns, and rows above the headings are passed over. Raises NotASheet, with
    everything that is wrong.
    """
    found = next(filter(None, (_headings(sheet) for sheet in _opened(content).worksheets)), None)
    if found is None:
        raise NotASheet("It has no row with the headings 'line' and 'translation'. Put them back as they were.")
    sheet, number, where = found
    if lacking := [name for name in COLUMNS if name not in where]:
        raise NotASheet(f"The column '{lacking[0]}' is missing. Put it back, or take out a fresh sheet.")
    if merged := [*_merged(sheet, number, where)]:
        raise NotASheet("\n".join(merged))
    reader = _Reader(where)
    rows = [row for cells in sheet.iter_rows(min_row=number + 1) for row in reader.rows(cells)]
    tags = sorted(reader.tags)
    if len(tags) > 1:
        reader.faults.append(f"It has rows of different languages: {', '.join(tags)}. Send a sheet for each.")
    if not rows and not reader.faults:
        reader.faults.append("It has no lines.")
    if reader.faults:
        raise NotASheet("\n".join(reader.faults))
    return Sheet(tags[0], rows, reader.not_taken)


def _opened(content: bytes) -> Workbook:
    from openpyxl import load_workbook

    try:
        return load_workbook(io.BytesIO(content))
    except Exception as error:  # for a damaged file, the library can raise anything
        raise NotASheet("This cannot be read as an XLSX file. Save the sheet as XLSX, and not as CSV.") from error


def _headings(sheet: Worksheet) -> tuple[Worksheet, int, dict[str, int]] | None:
    """The sheet, the row of its headings, and the place of each column; None if it has none near its top."""
    for number, cells in enumerate(sheet.iter_rows(max_row=_HEAD_ROWS), 1):
        there = {plain(str(cell.value)).casefold(): at for at, cell in reversed([*enumerate(cells)])}
        where = {name: there[name.casefold()] for name in COLUMNS if name.casefold() in there}
        if {"line", "translation"} <= where.keys():
            return sheet, number, where
    return None


def _merged(sheet: Worksheet, head: int, where: dict[str, int]) -> Iterator[str]:
    """Cells below our headings that are merged: all but one of them have lost their words."""
    for area in sheet.merged_cells.ranges:
        if area.max_row > head and any(area.min_col <= at + 1 <= area.max_col for at in where.values()):
            yield f"The cells {area.coord} are merged into one. Split them, and write in each."


class _Reader:
    """Reads rows, and collects what is wrong with their cells."""

    def __init__(self, where: dict[str, int]):
        self._where = where
        self.tags: set[str] = set()
        self.faults: list[str] = []
        self.not_taken: list[str] = []

    def rows(self, cells: Sequence[Cell | MergedCell]) -> Iterator[SheetRow]:
        """The row in these cells; none if they are empty."""
        values = {name: self._value(cells[at], name) for name, at in self._where.items()}
        if not any(values.values()):
            return
        where = f"Row {cells[0].row}"
        if not (values["line"] and values["language"]):
            self.faults.append(f"{where} has lost its '{'language' if values['line'] else 'line'}'. Copy a fresh row.")
            return
        self.tags.add(values["language"])
        yield SheetRow(
            line=values["line"].casefold(), english=values["made from"], says=values["translation"],
            back=values["back into English, word for word"], by=values["translator"],
            on=self._day(cells[self._where["date"]], values["date"]), note=values["note"],
            has_other_english=values["English"] != values["made from"], where=where,
        )  # fmt: skip

    def _value(self, cell: Cell | MergedCell, name: str) -> str:
        if name in FILLED_IN and getattr(cell, "comment", None):
            self.not_taken.append(f"{cell.coordinate} has a comment. Write it into the column 'note' to keep it.")
        if fault := _FAULTS.get(cell.data_type) if cell.value is not None and name in FILLED_IN else None:
            is_day = name == "date" and cell.data_type == "d"
            self.faults += [] if is_day else [f"{cell.coordinate} {fault}. Write the words as text."]
            return f"{cell.value:%Y-%m-%d}" if is_day and isinstance(cell.value, dt.datetime) else ""
        return plain(str(cell.value)) if cell.value is not None else ""

    def _day(self, cell: Cell | MergedCell, words: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(words) if words else None
        except ValueError:
            self.faults.append(f"{cell.coordinate}: '{words}' is not a day. Write it like 2027-02-03.")
            return None


#: What is wrong with a cell that a translator fills in, by the type of its value.
_FAULTS = {"f": "is a formula", "n": "is a number", "b": "is true or false", "e": "shows an error", "d": "is a date"}


def plain(words: str) -> str:
    """Words in the form that is stored: one Unicode form, no marks of direction, single spaces. Joiners stay."""
    words = "".join(" " if unicodedata.category(char) == "Zs" else char for char in words.translate(_DIRECTIONS))
    return " ".join(spelled(words).split())
