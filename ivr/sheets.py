"""The sheet that goes to a translator and comes back: one row a line, as XLSX.

Truth stays in `config/languages/`. A sheet carries words to people and home again; it never confirms any. What was sent
is hidden in it, so that a row that was made from older English comes back as stale, and is not refused.
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

#: The columns, with their widths. The hidden one has the English that the row was made from.
COLUMNS = {
    "line": 14, "English": 44, "when it is heard": 44, "blanks": 14, "seconds at most": 10, "translation": 48,
    "back into English, word for word": 44, "translator": 18, "date": 12, "note": 30, "state": 12, "made from": 2,
}  # fmt: skip
#: Those that a translator fills in.
FILLED_IN = ("translation", "back into English, word for word", "translator", "date", "note")
_HOW = (
    "Write in the white columns. The others are for you to read.",
    "The caller is a parent. They are tired, may have had little schooling, and listen on a bus.",
    "Say each line aloud and time it. Short, everyday words; no word that only officials use.",
    "Keep each blank, such as {digits}, as it is: in Latin letters and braces, once.",
    "Write no figures: write the word that is said.",
    "Write so that it shows neither whether the speaker nor whether the caller is a man or a woman.",
    "The column 'back into English' is for somebody who has not seen the English.",
    "Names stay as they are. Nothing that you write here is heard before somebody else has checked it.",
)
#: Marks of direction, which no reader sees and which make equal words differ.
_DIRECTIONS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"))
#: The moment at which a workbook was saved, which the library writes into it.
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
#: The colour of a row by its state.
_COLOURS = {"missing": "F4CCCC", "stale": "FCE5CD", "changed": "FCE5CD", "draft": "FFF2CC"}


class NotASheet(Exception):
    """Raised for a file that is not a sheet of ours, with the reason and what to do."""


@dataclass(frozen=True)
class Row:
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


def written(tag: str, language: str, rows: Iterable[Row], *, right_to_left: bool) -> bytes:
    """A sheet of these rows. The same rows make the same bytes."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    sheet.title = tag
    how = book.create_sheet("How")
    for i, words in enumerate((f"{language}: how to fill in this sheet", *_HOW), 1):
        how.cell(i, 1, words)
    how.column_dimensions["A"].width = 100
    for column, (name, width) in enumerate(COLUMNS.items(), 1):
        sheet.cell(1, column, name).font = Font(bold=True)
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = width
        sheet.column_dimensions[letter].hidden = name == "made from"
    for number, row in enumerate(rows, 2):
        _write(sheet, number, row, right_to_left=right_to_left)
    sheet.freeze_panes = "C2"
    sheet.protection.sheet = True
    return _bytes(book)


def _write(sheet: Worksheet, number: int, row: Row, *, right_to_left: bool) -> None:
    from openpyxl.styles import Alignment, PatternFill, Protection

    values: tuple[str | int, ...] = (
        row.line, row.english, row.when, row.blanks, row.seconds, row.says, row.back, row.by,
        f"{row.on:%Y-%m-%d}" if row.on else "", row.note, row.state, row.english,
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


def read(content: bytes) -> tuple[str, list[Row]]:
    """The language of a sheet, and its rows. Raises NotASheet."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content))
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise NotASheet("This is not an XLSX file. Save the sheet as XLSX, and not as CSV.") from error
    sheet = book.worksheets[0]
    head = [str(cell.value or "") for cell in sheet[1]]
    lacking = [name for name in COLUMNS if name not in head]
    if lacking:
        raise NotASheet(f"The column '{lacking[0]}' is missing. Put it back, or take out a fresh sheet.")
    where = {name: head.index(name) for name in COLUMNS}
    return sheet.title, [row for cells in sheet.iter_rows(min_row=2) for row in _rows(cells, where)]


def _rows(cells: Sequence[Cell | MergedCell], where: dict[str, int]) -> Iterator[Row]:
    def value(name: str) -> str:
        cell = cells[where[name]]
        if cell.data_type == "f":
            raise NotASheet(f"{cell.coordinate} is a formula. Write the words as text.")
        return plain(str(cell.value)) if cell.value is not None else ""

    if not value("line"):
        return
    date = cells[where["date"]].value
    yield Row(
        line=value("line"), english=value("made from"), says=value("translation"),
        back=value("back into English, word for word"), by=value("translator"),
        on=date.date() if isinstance(date, dt.datetime) else _day(value("date"), cells[where["date"]].coordinate),
        note=value("note"),
    )  # fmt: skip


def _day(words: str, where: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(words) if words else None
    except ValueError:
        raise NotASheet(f"{where}: '{words}' is not a day. Write it like 2027-02-03.") from None


def plain(words: str) -> str:
    """Words in the one spelling that is kept: without marks of direction and with single spaces. What joins letters
    stays.
    """
    words = "".join(" " if unicodedata.category(char) == "Zs" else char for char in words.translate(_DIRECTIONS))
    return " ".join(spelled(words).split())
