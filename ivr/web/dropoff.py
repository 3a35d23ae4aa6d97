"""Where callers give up, in a browser: a page with a row for each place, and the same as a file for a spreadsheet.

Only browsers on this machine can use it, like the map.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, abort, request

from ivr import dropoff
from ivr.config import Settings
from ivr.dropoff import TOO_FEW, TOO_MANY, Footfall
from ivr.hours import LONDON
from ivr.store import Store, StoreDown
from ivr.web.front import html_page
from ivr.web.live import Live
from ivr.web.origin import is_from_here
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


def blueprint(settings: Settings, store: Store, live: Live, clock: Callable[[], dt.datetime]) -> Blueprint:
    """The page and the file."""
    pages = Blueprint("dropoff", __name__, url_prefix="/studio", template_folder="templates")

    def chosen() -> int:
        if not is_from_here(settings) or not live.ready:
            abort(404)
        days = request.args.get("days", USUAL, type=int)
        return days if days in PERIODS else USUAL

    @pages.get("/drop-off")
    def page() -> Response:
        days, script = chosen(), live.now.script
        found = walked(store, days, clock())
        return html_page(
            "dropoff.html", forms="'self'", name=script.line.service_name, days=days, periods=PERIODS,
            places=found or (), is_known=found is not None, titles=script.titles, places_known=script.places,
            too_many=TOO_MANY, too_few=TOO_FEW,
        )  # fmt: skip

    @pages.get("/drop-off.csv")
    def table() -> Response:
        days = chosen()
        found = walked(store, days, clock())
        if found is None:
            return Response("Redis does not answer, so there are no figures. Try again in a minute.\n", 503)
        figures = ([str(figure(each)) for figure in COLUMNS.values()] for each in found)
        return sheet(f"drop-off-{days}-days", [[*COLUMNS], *figures])

    return pages


def walked(store: Store, days: int, now: dt.datetime) -> tuple[Footfall, ...] | None:
    """What happened at each place in the last days, today included; None if it could not be looked up."""
    today = now.astimezone(LONDON).date()
    try:
        return dropoff.by_place(store.dropoff.of(today - dt.timedelta(days=days - 1), today))
    except StoreDown:
        return None
