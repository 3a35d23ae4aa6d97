"""Where callers give up, in a browser: a page with a row for each place, and the same as a file for a spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from flask import Flask, Response, render_template, request

from ivr.hours import LONDON
from ivr.reporting import dropoff
from ivr.reporting.dropoff import TOO_FEW, TOO_MANY, Footfall
from ivr.store import Store, StoreDown
from ivr.web.console.common import Console, add_pages
from ivr.web.sheet import sheet

#: The periods to choose from, in days up to today.
PERIODS = {7: "week", 28: "four weeks", 91: "quarter", 365: "year"}
USUAL = 28
#: The headings of the file, and of which figure each is.
COLUMNS: Mapping[str, Callable[[Footfall], object]] = {
    "Place": lambda each: each.place,
    "Visits": lambda each: each.visits,
    "In trouble, %": lambda each: round(100 * each.trouble),
    "Silences": lambda each: each.no_input,
    "Unused keys": lambda each: each.no_match,
    "Repeated (hash)": lambda each: each.again,
    "Back (star)": lambda each: each.back,
    "Asked for a person (0)": lambda each: each.person,
    "Hung up": lambda each: each.hung_up,
    "Seconds a visit": lambda each: round(each.each),
}


def add_to(app: Flask, console: Console) -> None:
    """The page and the file."""
    pages = _Pages(console)
    add_pages(
        app, ("/studio/drop-off", pages.drop_off, "GET"), ("/studio/drop-off.csv", pages.drop_off_csv, "GET"),
        needs="hear",
    )  # fmt: skip


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    def drop_off(self) -> str:
        days, script = _chosen(), self._console.edition.script
        found = walked(self._console.store, days, self._console.clock())
        return render_template(
            "studio/dropoff.html", days=days, periods=PERIODS, places=found or (), is_known=found is not None,
            titles=script.titles, places_known=script.places, too_many=TOO_MANY, too_few=TOO_FEW,
        )  # fmt: skip

    def drop_off_csv(self) -> Response:
        days = _chosen()
        found = walked(self._console.store, days, self._console.clock())
        if found is None:
            return Response("Redis does not answer, so there are no figures. Try again in a minute.\n", 503)
        figures = ([str(figure(each)) for figure in COLUMNS.values()] for each in found)
        return sheet(f"drop-off-{days}-days", [[*COLUMNS], *figures])


def _chosen() -> int:
    days = request.args.get("days", USUAL, type=int)
    return days if days in PERIODS else USUAL


def walked(store: Store, days: int, now: dt.datetime) -> tuple[Footfall, ...] | None:
    """What happened at each place in the last days, today included; None if it could not be looked up."""
    today = now.astimezone(LONDON).date()
    try:
        return dropoff.by_place(store.dropoff.of(today - dt.timedelta(days=days - 1), today))
    except StoreDown:
        return None
