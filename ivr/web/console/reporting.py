"""The report of a month, a quarter or a school year, as a page and as a file."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter

from flask import Flask, render_template, request
from werkzeug.wrappers import Response

from ivr.callbacks import kept
from ivr.hours import LONDON
from ivr.reporting import figures, periods
from ivr.reporting import report as reports
from ivr.store.counts import month_of
from ivr.web.console.common import Console, Pages, add_pages
from ivr.web.sheet import sheet


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(app, ("/report", pages.report, "GET"), ("/report.csv", pages.report_csv, "GET"), needs="desk")


class _Pages(Pages):
    def report(self) -> str:
        """The report of a period. Figures that could identify somebody are hidden."""
        chosen = self._period()
        return render_template(
            "report.html", report=self._report(chosen), offered=periods.offered(self._today), now=self._now,
            hours_count=reports.HOURS_COUNT,
            is_running=f"{self._today:%Y-%m}" in chosen.months, is_to_come=f"{self._today:%Y-%m}" < chosen.months[0],
        )  # fmt: skip

    def report_csv(self) -> Response:
        """The report as a file for a spreadsheet."""
        chosen = self._period()
        rows = [(chosen.words, *row) for row in self._report(chosen).rows()]
        self._console.note(f"exported the report of {chosen.words}")
        return sheet(f"report-{chosen.id}", [("Period", "Table", "Answer", "Figure"), *rows])

    @property
    def _today(self) -> dt.date:
        return self._console.clock().astimezone(LONDON).date()

    def _period(self) -> periods.Period:
        return periods.period(request.args.get("period", ""), self._today)

    def _report(self, chosen: periods.Period) -> reports.Report:
        waiting, script = self._console.store.requests.listed()[0], self._console.live.now.script
        broken = kept.broken_so_far(waiting, self._now, script.diary)
        by_month = Counter(month_of(each.heard_by) for each in broken)

        @functools.cache
        def of(month: str) -> figures.CountsByName:
            counts = Counter(self._console.store.counts.of(month))
            counts[kept.BROKEN] += by_month[month]
            return counts

        return reports.report(chosen, script.line.after_a_talk, of, f"{self._today:%Y-%m}")
