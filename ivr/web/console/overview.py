"""What whoever looks after the desk needs: who is here and has what, and the log.

Supervisors and administrators see the team and the report, and administrators the log (`ivr/roles.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from flask import Flask, render_template, request, url_for
from werkzeug.wrappers import Response

from ivr import briefing, paper, talks
from ivr.hours import LONDON
from ivr.request import CallbackRequest
from ivr.store.people import MOST_AUDIT, Seen
from ivr.web.console.common import Console, Pages, add_pages
from ivr.web.sheet import sheet

#: Entries of the log on one page.
LOG_ROWS = 50


class Colleague(NamedTuple):
    """One adviser: what they do now, and the requests that they have: the id of each and its name."""

    name: str
    now: str
    has: list[tuple[str, str]]


class Needed(NamedTuple):
    """So many of something that somebody should look at, and the address of the page that shows them."""

    number: int
    words: str
    where: str


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/team", pages.team, "GET"),
        needs="desk",
    )
    add_pages(app, ("/log", pages.log, "GET"), ("/log.csv", pages.log_csv, "GET"), needs="log")


class _Pages(Pages):
    # --- the team ---------------------------------------------------------------------------

    def team(self) -> str:
        """Who is here and has what, and what needs somebody."""
        waiting, now = self._console.store.requests.listed()[0], self._now
        talking = {talk.who: talk for each in waiting if (talk := each.talking(now))}
        team = []
        for adviser in self._console.store.people.all():
            if not adviser.can_sign_in:
                continue
            talk = talking.get(adviser.name)
            state = "here" if self._is_here(adviser.name) else "not here"
            state = f"talking, {talks.minutes(talk, now)}" if talk else state
            has = [(each.id, _named(each)) for each in waiting if each.holder(now) == adviser.name]
            team.append(Colleague(adviser.name, state, has))
        return render_template("team.html", team=team, needs=self._needs(waiting), now=now)

    def _needs(self, waiting: list[CallbackRequest]) -> list[Needed]:
        """What somebody should look at now, and where it is."""
        now, hours = self._now, self._console.live.now.script.hours
        put_through = [each for each in waiting if talks.put_through(each)]
        return [
            Needed(sum(each.due <= now for each in waiting), "late", url_for("requests_page", when="late")),
            Needed(
                sum(each.urgent and not each.holder(now) for each in waiting), "urgent, and nobody has them",
                url_for("requests_page", urgent=1, whose="free"),
            ),
            Needed(
                len(put_through), "put through, and nobody said what came of it",
                url_for("card", request_id=put_through[0].id) if put_through else "",
            ),
            Needed(
                len(briefing.unheard_messages(waiting, hours)), "spoken, and nobody has listened", url_for("messages")
            ),
            Needed(len(self._console.store.texts.failed()), "texts that failed", url_for("texts")),
        ]  # fmt: skip

    # --- the log ----------------------------------------------------------------------------

    def log(self) -> str:
        everything = list(self._console.store.people.log(MOST_AUDIT))
        found, page = _fitting(everything), max(request.args.get("page", 1, type=int), 1)
        pages = max(-(-len(found) // LOG_ROWS), 1)
        page = min(page, pages)
        shown = found[(page - 1) * LOG_ROWS : page * LOG_ROWS]
        cards = self._console.store.requests.several({entry.about for entry in shown if entry.about})
        return render_template(
            "log.html", entries=shown, cards={each.id: _named(each) for each in cards.values()},
            count=len(found), page=page, pages=pages,
            chosen=request.args, names=sorted({entry.who for entry in everything}), now=self._now,
        )  # fmt: skip

    def log_csv(self) -> Response:
        """What the log shows, as a file for a spreadsheet."""
        rows = [("When", "Who", "What", "Request")]
        for entry in _fitting(self._console.store.people.log(MOST_AUDIT)):
            at = dt.datetime.fromtimestamp(entry.at, LONDON)
            rows.append((f"{at:%Y-%m-%d %H:%M:%S}", entry.who, briefing.what_in_words(entry.what), entry.about))
        self._console.note("exported the log")
        return sheet("log", rows)


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


def _named(request: CallbackRequest) -> str:
    """The name of a request that people can say."""
    return f"call {paper.calls(request)}" if paper.calls(request) else "a message"


def _day(text: str) -> float | None:
    """The beginning of a day, as '2026-11-28'."""
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), LONDON).timestamp()
    except ValueError:
        return None
