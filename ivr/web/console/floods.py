"""Many callers at once: how many asked when, taking their requests out of the list together, and putting them back.

Any adviser may do both, because at night there may be nobody else. Nothing is deleted, and the log says who did it.
"""

from __future__ import annotations

from flask import Flask, flash, render_template, request
from werkzeug.wrappers import Response

from ivr.callbacks import flood, spending
from ivr.callbacks.callback import Refused
from ivr.callbacks.flood import FloodSpan
from ivr.line_settings import Spending
from ivr.web.console.common import Console, Pages, add_pages, go

#: Spans are chosen from the last two days.
SHOWN_SECONDS = 2 * 24 * 60 * 60


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/floods", pages.floods, "GET"),
        ("/floods/out", pages.take_out, "POST"),
        ("/floods/back", pages.put_back, "POST"),
        needs="callers",
    )


class _Pages(Pages):
    def floods(self) -> str:
        requests, most = self._console.store.requests, self._console.live.now.script.line.limits.flood_an_hour
        waiting = [each for each in requests.listed()[0] if each.asked_at > self._now - SHOWN_SECONDS]
        return render_template(
            "floods.html", steps=flood.steps(waiting), seconds=flood.STEP_SECONDS,
            in_flood=len(flood.part_of_one(waiting, most)), taken=flood.taken(requests.put_aside()),
            prices=self._prices, spent=spending.pounds(self._console.store.spendings.of_day(self._now), self._prices),
            now=self._now,
        )  # fmt: skip

    @property
    def _prices(self) -> Spending:
        return self._console.live.now.script.line.spending

    def take_out(self) -> Response:
        """Take the requests of a span out of the list."""
        span = _span()
        if span is None or not request.form.get("sure"):
            flash(
                "Nothing was taken out. Choose from when to when, and tick the box to say that you are sure.", "danger"
            )
            return go("floods")
        requests, taken = self._console.store.requests, 0
        for each in flood.within(requests.waiting(), span):
            out = requests.change(each.id, lambda r: flood.taken_out(r, self._me, self._now, span))
            taken += not out.open
        self._console.note(f"took out {taken} requests: {span.label}")
        flash(f"{taken} requests are taken out. You can put them back below.", "success")
        return go("floods")

    def put_back(self) -> Response:
        """Put the requests of a span back into the list."""
        requests, diary, back, stay = self._console.store.requests, self._console.live.now.script.diary, 0, 0
        label = request.form.get("label", "")
        for each in flood.taken(requests.put_aside()).get(label, ()):
            try:
                requests.reopen(each.id, self._me, self._now, diary)
                back += 1
            except (KeyError, Refused):  # it is deleted, or its caller has asked again
                stay += 1
        self._console.note(f"put back {back} requests: {label}" if back else "put back no requests")
        also = f" {stay} stay out, as their callers have asked again." if stay else ""
        flash(f"{back} requests are in the list again.{also}", "success")
        return go("floods")


def _span() -> FloodSpan | None:
    """The span in a form; None if it makes no sense."""
    try:
        begins, last = int(request.form.get("begins", "")), int(request.form.get("last", ""))
    except ValueError:
        return None
    if not 0 <= begins <= last <= 2**40:
        return None
    return FloodSpan(begins, last + flood.STEP_SECONDS, bool(request.form.get("keyed")))
