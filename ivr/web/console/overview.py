"""What whoever looks after the desk needs: who is here and has what, the places of the next days, the report, the log.

Supervisors and administrators see the team and the report, and administrators the log (`ivr/roles.py`).
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from flask import Flask, render_template, request
from werkzeug.wrappers import Response

from ivr import border, briefing, came, talks
from ivr.diary import LEAST_LEFT_AGAIN
from ivr.hours import LONDON
from ivr.store.people import MOST_AUDIT, Seen
from ivr.web.console.common import Console, Pages, add_pages

#: Entries of the log on one page.
LOG_ROWS = 50


class Colleague(NamedTuple):
    """One adviser: what they do now, and how many requests they have."""

    name: str
    now: str
    holds: int


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/team", pages.team, "GET"),
        ("/report", pages.report, "GET"),
        needs="desk",
    )
    add_pages(app, ("/log", pages.log, "GET"), ("/log.csv", pages.log_csv, "GET"), needs="log")


class _Pages(Pages):
    # --- the team ---------------------------------------------------------------------------

    def team(self) -> str:
        """Who is here and has what, and how full the next days are."""
        waiting, now = self._console.store.requests.listed()[0], self._now
        holds = Counter(holder for each in waiting if (holder := each.holder(now)))
        talking = {talk.who: talk for each in waiting if (talk := each.talking(now))}
        team = []
        for adviser in self._console.store.people.all():
            if not adviser.can_sign_in:
                continue
            talk = talking.get(adviser.name)
            state = "here" if self._is_here(adviser.name) else "not here"
            state = f"talking, {talks.minutes(talk, now)}" if talk else state
            team.append(Colleague(adviser.name, state, holds[adviser.name]))
        needs = {
            "late": sum(each.due <= now for each in waiting),
            "urgent, and nobody has them": sum(each.urgent and not each.holder(now) for each in waiting),
            "put through, and nobody said what came of it": sum(
                talks.put_through(each) is not None for each in waiting
            ),
        }
        return render_template("team.html", team=team, needs=needs, places=self._places(), now=now)

    def _places(self) -> list[tuple[str, int, int]]:
        """Each part of the next days: how many places it has, and how many are promised."""
        script, requests = self._console.live.now.script, self._console.store.requests
        ring_back = script.line.ring_back
        most = {"morning": ring_back.morning.places, "afternoon": ring_back.afternoon.places}
        windows = script.diary.windows(self._console.clock(), LEAST_LEFT_AGAIN)
        return [
            (
                briefing.window_in_words(each).removeprefix("on "),
                most[each.part],
                requests.places_taken(each, self._now),
            )
            for each in windows
        ]

    # --- the report -------------------------------------------------------------------------

    def report(self) -> str:
        """What came of the talks of a month, without figures so small that they tell of somebody."""
        this = f"{self._console.clock().astimezone(LONDON):%Y-%m}"
        month = request.args.get("month", this)
        month = month if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month) else this
        counts = self._console.store.counts.of(month)
        outcomes = [(name.removeprefix("outcome:"), came.told(count)) for name, count in sorted(counts.items())
                    if name.startswith("outcome:")]  # fmt: skip
        return render_template(
            "report.html", month=month, is_running=month == this, outcomes=outcomes, tables=came.tables(counts)
        )

    # --- the log ----------------------------------------------------------------------------

    def log(self) -> str:
        everything = list(self._console.store.people.log(MOST_AUDIT))
        found, page = _fitting(everything), max(request.args.get("page", 1, type=int), 1)
        pages = max(-(-len(found) // LOG_ROWS), 1)
        page = min(page, pages)
        return render_template(
            "log.html", entries=found[(page - 1) * LOG_ROWS : page * LOG_ROWS], count=len(found), page=page,
            pages=pages,
            chosen=request.args, names=sorted({entry.who for entry in everything}), now=self._now,
        )  # fmt: skip

    def log_csv(self) -> Response:
        """What the log shows, as a file for a spreadsheet."""
        out = io.StringIO()
        rows = [("When", "Who", "What", "Request")]
        for entry in _fitting(self._console.store.people.log(MOST_AUDIT)):
            at = dt.datetime.fromtimestamp(entry.at, LONDON)
            rows.append((f"{at:%Y-%m-%d %H:%M:%S}", entry.who, briefing.what_in_words(entry.what), entry.about))
        border.write_sheet(out, rows)
        self._console.note("exported the log")
        response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=log.csv"
        return response


def _fitting(entries: Iterable[Seen]) -> list[Seen]:
    """The entries that fit what was chosen: a name, words, and days, of which each may be nonsense."""
    who, what = request.args.get("who", ""), request.args.get("what", "").strip().lower()[:40]
    since, until = _day(request.args.get("from", "")), _day(request.args.get("to", ""))
    return [
        entry
        for entry in entries
        if (not who or entry.who == who)
        and (not what or what in briefing.what_in_words(entry.what).lower())
        and (since is None or entry.at >= since)
        and (until is None or entry.at < until + 24 * 60 * 60)
    ]


def _day(text: str) -> float | None:
    """The beginning of a day, as '2026-11-28'."""
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), LONDON).timestamp()
    except ValueError:
        return None
