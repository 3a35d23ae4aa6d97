"""The day on paper, for when the page does not work: the sheet to print or save, and the form for the outcomes later.

A sheet shows phone numbers. So it is requested with a form, and the log records each caller on it.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple, get_args

from flask import Flask, abort, flash, render_template, request
from werkzeug.wrappers import Response

from ivr import border
from ivr.advising import briefing, paper, ranking
from ivr.advising.paper import OnPaper
from ivr.callbacks import callback, kept
from ivr.callbacks.callback import Outcome, Refused
from ivr.callbacks.request import CallbackRequest
from ivr.hours import LONDON
from ivr.web.console.common import Console, Pages, TooLong, add_pages
from ivr.web.sheet import sheet

#: Rows of the form for outcomes, and the most that are read.
ROWS, MOST_ROWS = 12, 60
LONGEST_NOTE = 500


class TypedRow(NamedTuple):
    """One row of the form as it was typed, and why it was not saved."""

    call: str = ""
    at: str = ""
    outcome: str = ""
    note: str = ""
    refused: str = ""


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/paper/back", pages.paper_back, "GET"),
        ("/paper/back", pages.bring_back, "POST"),
        needs="callers",
    )
    add_pages(app, ("/paper", pages.paper, "GET"), ("/paper", pages.sheet, "POST"), needs="paper")


class _Pages(Pages):
    # --- printing ---------------------------------------------------------------------------

    def paper(self) -> str:
        """The page that offers the sheet."""
        return self._page(None)

    def sheet(self) -> str | Response:
        """The sheet, as a page to print or as a file."""
        mine = request.form.get("whose") != "all"
        if not (mine or self._may("desk")):
            abort(403)
        ordered = ranking.ordered(self._console.store.requests.listed()[0], self._now)
        script = self._console.live.now.script
        lines = paper.sheet(ordered, self._me, self._now, self._until(), script, mine=mine)
        self._console.note(f"printed {len(lines)} request{'s' * (len(lines) != 1)}")
        for line in lines:
            self._console.note("printed", line.request.id)
        if request.form.get("as") == "csv":
            return _file(lines, self._now)
        return self._page(lines)

    def _page(self, lines: list[OnPaper] | None) -> str:
        return render_template(
            "paper.html", lines=lines, until=self._until(), now=self._now, outcomes=get_args(Outcome),
            another_day=briefing.ANOTHER_DAY,
            service=self._console.live.now.script.line.service_name,
        )  # fmt: skip

    def _until(self) -> float:
        return paper.until(self._console.live.now.script.diary, self._console.clock())

    # --- outcomes from paper ----------------------------------------------------------------

    def paper_back(self) -> str:
        return self._form([])

    def bring_back(self) -> str:
        """Save the rows that can be saved, in the order of their times. The others stay in the form with the reason."""
        try:
            day = dt.date.fromisoformat(request.form.get("day", ""))
        except ValueError:
            day = self._console.clock().astimezone(LONDON).date()
        opened = min(request.form.get("opened", self._now, type=float), self._now)
        rows = [row for row in _rows() if any(row)]
        times = [(_time(row, day, opened), row) for row in rows]
        refused: dict[int, str] = {}
        for nth in sorted(range(len(rows)), key=lambda nth: times[nth][0] or 0.0):
            try:
                self._bring(rows[nth], paper.time_of(rows[nth].at, day, opened))
            except Refused as why:
                refused[nth] = str(why)
        saved = len(rows) - len(refused)
        if saved:
            flash(f"{saved} saved.", "success")
        if refused:
            flash(f"{len(refused)} not saved: the reason stands beside each.", "danger")
        elif not rows:
            flash("Nothing was typed.")
        return self._form([rows[nth]._replace(refused=why) for nth, why in sorted(refused.items())], day)

    def _bring(self, row: TypedRow, rang: float) -> None:
        """Save one row. Raises Refused."""
        if len(row.note) > LONGEST_NOTE:
            raise Refused(f"The note is longer than {LONGEST_NOTE} characters. Make it shorter.")
        found = paper.found(self._console.store.requests.of_reference, row.call)
        diary = self._console.live.now.script.diary
        promises: list[kept.Promised] = []
        rung: list[str] = []

        def saved(before: CallbackRequest) -> CallbackRequest:
            changed = paper.brought_back(before, self._me, row.outcome, row.note, rang, self._now, diary)
            taken = paper.taken(before, self._me, rang, self._now)
            promises[:] = kept.judged(taken, rang, diary)
            rung[:] = [*kept.of_those_rung(taken, rang, diary.hours), *kept.of_its_end(changed)]
            return changed

        try:
            self._console.store.requests.change(found.id, saved)
        except KeyError:
            raise Refused("This request was deleted.") from None
        self._console.note(f"saved from paper: {row.outcome}", found.id)
        self._count_outcome(row.outcome, promises, rung)

    def _form(self, rows: list[TypedRow], day: dt.date | None = None) -> str:
        today = self._console.clock().astimezone(LONDON).date()
        return render_template(
            "paper_back.html", rows=rows + [TypedRow()] * (ROWS - len(rows)), outcomes=get_args(Outcome),
            day=day or today, today=today, opened=self._now, longest=LONGEST_NOTE,
        )  # fmt: skip


def _time(row: TypedRow, day: dt.date, opened: float) -> float | None:
    try:
        return paper.time_of(row.at, day, opened)
    except Refused:
        return None


def _rows() -> list[TypedRow]:
    """The rows of the form. Raises TooLong for more than it has."""
    columns = [request.form.getlist(name) for name in ("call", "at", "outcome", "note")]
    if max(map(len, columns)) > MOST_ROWS:
        raise TooLong
    longest = max(map(len, columns))
    filled = [[*column, *[""] * (longest - len(column))] for column in columns]
    return [TypedRow(*(border.spelled(cell.strip()) for cell in row)) for row in zip(*filled, strict=True)]


def _file(lines: list[OnPaper], now: float) -> Response:
    """The sheet as a file for a spreadsheet, with empty columns for the outcomes."""
    rows: list[tuple[str, ...]] = [
        ("Call", "Phone", "When", "Urgent", "Promised", "Needs", "What may be said", "Tries", "Last note",
         "Rung at", "What came of it", "Note"),
    ]  # fmt: skip
    for line in lines:
        cells = (
            line.call, line.number, line.when, line.urgency, ". ".join(line.promised), ", ".join(line.needs),
            " ".join(line.rules), f"{line.tries} of {callback.MOST_TRIES}", line.note,
        )  # fmt: skip
        rows.append((*cells, "", "", ""))
    at = briefing.moment(now, now).replace(":", "")
    return sheet(f"callers-{at}", rows)
