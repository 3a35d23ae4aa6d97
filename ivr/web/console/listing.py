"""The list of waiting callers: its filters and pages, and the renewal that the browser asks for every few seconds.

All requests are sorted, but only the rows of one page are rendered. A renewal has the order of that page, and as many
of the changed rows as fit into MOST_RENEWAL; the rest comes with the next one. So thousands of callers, and many open
lists, cost the line little.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from flask import Flask, flash, redirect, render_template, request, session, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ivr.advising import briefing, listing, messages, ranking
from ivr.advising.listing import PAGE_ROWS, Filter
from ivr.advising.messages import Unheard
from ivr.callbacks import callback, handing, talks
from ivr.callbacks.callback import Refused
from ivr.callbacks.diary import Part, Window
from ivr.callbacks.request import CallbackRequest, Event
from ivr.web.console.common import Console, Pages, add_pages, go, query_args

#: The most bytes of a renewal.
MOST_RENEWAL = 2000
#: Seconds for which the order is kept if no request changes.
ORDER_SECONDS = 5
#: The most callers above the list who were just put through; also the most that a colleague handed over.
MOST_PUT_THROUGH = 2
#: Characters of a row's key and of its version. The browser sends both for each row that it has.
_KEY, _VERSION = 6, 4
#: Gives the values that the templates of the list need.
Pane = Callable[..., dict[str, Any]]


class Shown(NamedTuple):
    """A row as HTML, with a short key for its request, and a version that changes with the words of the row."""

    key: str
    version: str
    html: str


@dataclass(frozen=True)
class Ordered:
    """All waiting requests in order, with what the page says about all of them together."""

    requests: list[CallbackRequest]
    late: int
    unheard: list[Unheard]
    topics: list[tuple[str, str]]
    languages: list[str]
    #: The requests of callers who were put through, and those that an adviser has.
    put_through: list[CallbackRequest]
    held: list[CallbackRequest]


def add_to(app: Flask, console: Console) -> Pane:
    """The pages of this part. Returns what shows the list beside a card."""
    pages = _Pages(app, console)
    add_pages(
        app,
        ("/", pages.requests_page, "GET"),
        ("/waiting", pages.waiting, "GET"),
        ("/next", pages.take_next, "POST"),
        needs="callers",
    )
    return pages.beside


class _Pages(Pages):
    def __init__(self, app: Flask, console: Console):
        super().__init__(console)
        self._app = app
        self._lock = threading.Lock()
        self._ordered: tuple[tuple[int, int], Ordered] | None = None

    def requests_page(self) -> str:
        """The list. Its filter is remembered for the list beside a card."""
        session["list"] = Filter.of(request.args.getlist).fields()
        return render_template("requests.html", **self._pane(request.args))

    def beside(self, card: str) -> dict[str, Any]:
        """The list beside an open card, as it was last filtered."""
        return self._pane(MultiDict(session.get("list", [])), card)

    def waiting(self) -> Response:
        """What has changed in the list since the browser last asked."""
        shown = self._pane(request.args, request.args.get("card", ""))
        have = request.args.get("have", "")
        known = {have[at : at + _KEY]: have[at + _KEY : at + _KEY + _VERSION] for at in range(0, len(have), 10)}
        changed = [row for row in shown["rows"] if known.get(row.key) != row.version]
        is_above_known = request.args.get("above", "") == shown["above_version"]
        renewal = render_template("_renewal.html", **{**shown, "above": "" if is_above_known else shown["above"]})
        for row in changed:
            item = render_template("_item.html", row=row, card=shown["card_key"])
            if len((renewal + item).encode()) > MOST_RENEWAL:
                break
            renewal += item
        return Response(renewal, mimetype="text/html")

    def take_next(self) -> Response:
        """Take the next caller: the first in the list, as it is filtered, whom this adviser can ring now.

        The filter is that of the page that was pressed: another tab may show another list.
        """
        chosen = Filter.of(MultiDict(parse_qsl(request.form.get("list", ""))).getlist)
        waiting = [each for each in self._all().requests if chosen.fits(each, self._me, self._now)]
        while found := listing.next_for(waiting, self._me, self._now, self._is_here):
            waiting.remove(found)
            try:
                self._console.store.requests.change(found.id, lambda r: callback.claim(r, self._me, self._now))
            except (KeyError, Refused):
                continue  # somebody else was quicker
            self._console.note("took", found.id)
            return go("card", found.id, anchor="ring-h")
        flash("Nobody in this list can be rung now." + " Show all callers to see more." * chosen.is_set)
        return redirect(url_for("requests_page", **query_args(chosen.fields())), 303)

    # --- inside -----------------------------------------------------------------------------

    def _all(self) -> Ordered:
        """All waiting requests in order, kept until one changes, and for a few seconds at most."""
        requests, version = self._console.store.requests.listed()
        now, script = self._now, self._console.live.now.script
        key = (version, int(now // ORDER_SECONDS))
        with self._lock:
            if self._ordered is None or self._ordered[0] != key:
                ordered = ranking.ordered(requests, now)
                late = sum(each.due <= now for each in ordered)
                unheard = messages.to_listen_to(requests, script.hours)
                topics = listing.topics(ordered, script)
                put_through = [each for each in ordered if talks.put_through(each)]
                held = [each for each in ordered if each.claimed_by]
                self._ordered = (
                    key,
                    Ordered(ordered, late, unheard, topics, listing.languages(ordered), put_through, held),
                )
            return self._ordered[1]

    def _pane(self, fields: MultiDict[str, str], card: str = "") -> dict[str, Any]:
        everything, now, script = self._all(), self._now, self._console.live.now.script
        chosen = Filter.of(fields.getlist)
        fitting = everything.requests
        if chosen.is_set:
            fitting = [each for each in fitting if chosen.fits(each, self._me, now)]
        pages = max(-(-len(fitting) // PAGE_ROWS), 1)
        page = min(max(fields.get("page", 1, type=int), 1), pages)
        shown = fitting[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        rows = [self._shown(ranking.row(each, now, script)) for each in shown]
        above = render_template(
            "_above.html", unheard=everything.unheard, put_through=self._put_through(everything),
            handed=self._handed(everything), now=now,
        )  # fmt: skip
        return {
            "rows": rows,
            "count": len(fitting), "total": len(everything.requests), "late": everything.late,
            "page": page, "pages": pages, "first": (page - 1) * PAGE_ROWS + 1,
            "chosen": chosen, "query": chosen.fields(), "topics": everything.topics,
            "languages": everything.languages,
            "on_in_words": _in_words(chosen.on),
            "above": above, "above_version": _version(above), "card_key": _key(card) if card else "",
            "now": now, "at": briefing.moment(now, now), "card": card, **self._bar(card),
        }  # fmt: skip

    def _bar(self, card: str) -> dict[str, Any]:
        """The state of the card that is open, in one sentence, and the seconds for which it is still the adviser's."""
        found = self._console.store.requests.get(card) if card else None
        if found is None:
            return {"state": "", "left": 0}
        mine = callback.held_by(found, self._me, self._now)
        left = max(int(found.claim_ends - self._now), 0) if mine else 0  # in a talk of theirs it does not run out
        return {"state": briefing.bar_in_words(found, self._me, self._now), "left": left}

    def _put_through(self, everything: Ordered) -> list[CallbackRequest]:
        """Requests of callers who were put through to this adviser, or to a phone that is no known adviser's."""
        found = [each for each in everything.put_through if each.talk and each.talk.who in ("", self._me)]
        return sorted(found, key=lambda each: -each.talk.began if each.talk else 0.0)[:MOST_PUT_THROUGH]

    def _handed(self, everything: Ordered) -> list[tuple[CallbackRequest, Event, str]]:
        """Requests that a colleague handed to this adviser, who has not begun with them; and who still talks."""
        mine = [each for each in everything.held if each.claimed_by == self._me]
        found = [(each, handing.handed_to(each, self._me, self._now)) for each in mine]
        return [(each, event, talks.still_talks(each, self._now)) for each, event in found if event][:MOST_PUT_THROUGH]

    def _shown(self, row: ranking.ListRow) -> Shown:
        html = self._app.jinja_env.get_template("_row.html").render(row=row, me=self._me, now=self._now)
        return Shown(_key(row.id), _version(html), html)


def _in_words(on: str) -> str:
    """The part of a day by which the list is filtered: 'Monday 30 November, in the morning'."""
    day, _, part = on.partition(" ")
    try:
        window = Window(dt.date.fromisoformat(day), cast(Part, part))
    except ValueError:
        return on
    return briefing.window_in_words(window).removeprefix("on ")


def _key(request_id: str) -> str:
    return hashlib.sha256(request_id.encode()).hexdigest()[:_KEY]


def _version(html: str) -> str:
    return f"{zlib.crc32(html.encode()) & 0xFFFF:04x}"
