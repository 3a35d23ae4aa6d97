"""What a translator's sheet changes in a language's file, line by line. It never confirms one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ivr.authoring import editing
from ivr.authoring.languagefile import LanguageFile, LinesFile
from ivr.cli.common import Stop
from ivr.compiling import translation
from ivr.printing import sheets

#: Fields of lines as YAML, by the name of the line.
Changes = dict[str, dict[str, str | None]]


@dataclass
class Taken:
    """What a sheet changes; the same in words (`told`); and what to look at before it is written (`look`)."""

    changes: Changes = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)


def taken(lines: LinesFile, language: LanguageFile, sheet: sheets.Sheet, today: dt.date) -> Taken:
    """What a sheet changes. Raises Stop with everything in it that is wrong; nothing is taken then."""
    known = {row.id: row for row in translation.rows(lines, language)}
    faults = [*_twice(sheet.rows)]
    found = Taken(look=[*sheet.not_taken, *_left_out(known, sheet.rows)])
    for row in sheet.rows:
        if row.line not in known:
            faults.append(f"{row.where}: there is no line '{row.line}'. Its name must stay as it was.")
            continue
        before = known[row.line]
        if not row.says:
            found.look += [f"{row.line}: not translated, and this is not kept: {each}" for each in _lost(row, before)]
            continue
        if not (told := [*_differences(row, as_row(before))]):
            continue
        faults += _faults(row, today)
        found.changes[row.line] = _fields(row, as_row(before), today)
        found.told += [f"{row.line}: {each}" for each in told]
        found.look += [f"{row.line}: {each}." for each in _to_look_at(row, before)]
    if faults:
        raise Stop("\n".join([*faults, "Nothing was changed."]))
    return found


def _twice(rows: Iterable[sheets.SheetRow]) -> Iterator[str]:
    for name, times in Counter(row.line for row in rows).items():
        if times > 1:
            yield f"The line '{name}' is in the sheet {times} times. Leave one of them."


def _left_out(known: dict[str, translation.TranslationRow], rows: list[sheets.SheetRow]) -> Iterator[str]:
    """The lines that stay as they are because the sheet does not have them, or their words, any more."""
    there = {row.line for row in rows}
    gone = [name for name in known if name not in there]
    empty = [row.line for row in rows if not row.says and row.line in known and known[row.line].says]
    for names, how in ((gone, "Not in the sheet"), (empty, "Empty in the sheet")):
        if names:
            yield f"{how}, so what is there stays: {', '.join(names)}."


def _lost(row: sheets.SheetRow, before: translation.TranslationRow) -> Iterator[str]:
    """What somebody wrote beside an empty translation. It is not kept, because a line is kept only if it has words."""
    there = as_row(before)
    for new, old in ((row.note, sheets.plain(there.note)), (row.back, sheets.plain(there.back))):
        if new and new != old:
            yield new


def _differences(row: sheets.SheetRow, before: sheets.SheetRow) -> Iterator[str]:
    """What a row changes, in words."""
    if row.says != sheets.plain(before.says) or row.english != before.english:
        yield f"{before.says or 'nothing'} -> {row.says}"
    for name, new, old in (
        ("back into English", row.back, sheets.plain(before.back)), ("translator", row.by, before.by),
        ("date", row.on or "", before.on or ""), ("note", row.note, sheets.plain(before.note)),
    ):  # fmt: skip
        if new != old:
            yield f"{name}: {old or 'nothing'} -> {new or 'nothing'}"


def _faults(row: sheets.SheetRow, today: dt.date) -> Iterator[str]:
    """Why a row cannot be taken."""
    wanted, there = translation.blanks(row.english), translation.blanks(row.says)
    lost = [f"{{{name}}} is missing" for name in wanted if wanted[name] > there[name]]
    added = [f"{{{name}}} is one too many" for name in there if there[name] > wanted[name]]
    if lost or added:
        told = ", and ".join([*lost, *added])
        yield f"{row.where}, '{row.line}': {told}. Each blank of the English stays as it is there, once."
    if not row.by:
        yield f"{row.where}, '{row.line}': the translator's name is missing."
    if row.on and row.on > today:
        yield f"{row.where}, '{row.line}': the day of its translation, {row.on}, is still to come."


def _to_look_at(row: sheets.SheetRow, before: translation.TranslationRow) -> Iterator[str]:
    """What a row may have by mistake. It is taken all the same: nobody hears it before it is checked."""
    yield from translation.remarks(translation.with_words(before, row.says, row.english), before.tag)
    if not translation.is_person(row.by):
        yield f"'{row.by}' stands for no line. Whoever wrote or read these words signs them"
    if row.english != before.english:
        yield "it was made from other English than today's, so it is stale"
    if row.has_other_english:
        yield "its English was changed in the sheet. That changes nothing: the English is in lines.yaml"


def as_row(row: translation.TranslationRow) -> sheets.SheetRow:
    """A line as it goes into a sheet."""
    found = row.translated
    by = found.translated if found else None
    return sheets.SheetRow(
        line=row.id,
        english=row.english,
        when=row.when,
        blanks=", ".join(f"{{{name}}}" for name in sorted(translation.blanks(row.english))),
        seconds=row.seconds,
        says=row.says,
        back=(found.back or "") if found else "",
        by=by.by if by else "",
        on=by.on if by else None,
        note=(found.note or "") if found else "",
        state=row.state,
    )


def _fields(row: sheets.SheetRow, before: sheets.SheetRow, today: dt.date) -> dict[str, str | None]:
    """What a row writes, as YAML. With new words, or other English, nobody has checked or heard the line any more."""
    fields: dict[str, str | None] = {"says": editing.quoted(row.says), "of": editing.quoted(row.english)}
    for name, new, old in (("back", row.back, before.back), ("note", row.note, before.note)):
        if new or old:
            fields[name] = editing.quoted(new) if new else None
    is_new = row.says != before.says or row.english != before.english
    is_dated = row.on and (row.on != before.on or not (is_new or row.by != before.by))
    fields["translated"] = editing.flow(by=row.by, on=row.on if is_dated else today)
    if is_new:
        fields |= {"checked": None, "heard": None}
    return fields
