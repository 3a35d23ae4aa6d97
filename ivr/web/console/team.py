"""Pages for those who look after the desk: who is here and has what, and the log.

Supervisors and administrators see the team and the report, and administrators the log (`ivr/roles.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from flask import Flask, render_template, request, url_for
from werkzeug.wrappers import Response

from ivr.advising import briefing, messages, paper, ranking, team
from ivr.advising.team import Today
from ivr.callbacks import handing, talks
from ivr.callbacks.request import CallbackRequest, Event
from ivr.hours import LONDON
from ivr.problems import counted
from ivr.store.audit import MOST_AUDIT, AuditEntry
from ivr.web.console.common import Console, Pages, add_pages
from ivr.web.sheet import sheet

#: Entries of the log on one page, and how many are looked at for it.
LOG_ROWS, MOST_LOOKED_AT = 50, 10_000


class Had(NamedTuple):
    """A request that an adviser has: its id and name; the event by which a colleague handed it to them, until they
    begin with it; when their claim ends (POSIX seconds); and who is still talking to the caller, so that they cannot
    begin yet.
    """

    id: str
    name: str
    handed: Event | None
    ends: float
    talker: str


class Colleague(NamedTuple):
    """One adviser: what they do now, the requests that they have, and what they did today."""

    name: str
    now: str
    has: list[Had]
    today: Today


class Needed(NamedTuple):
    """How many there are of something that needs attention, and the address of the page that shows it.

    In `words`, a noun to be counted ends with '|': 'text| that failed'.
    """

    number: int
    words: str
    where: str

    @property
    def in_words(self) -> str:
        """'1 text that failed', '3 late'."""
        noun, _, rest = self.words.partition("|")
        return f"{counted(self.number, noun)}{rest}" if rest else f"{self.number} {self.words}"


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
        """Who is here and has what, what needs somebody, and what was done today."""
        store, now = self._console.store, self._now
        waiting = store.requests.listed()[0]
        done = team.today([*waiting, *store.requests.ended(MOST_LOOKED_AT, since=team.begins(now))], now)
        held: dict[str, list[Had]] = {}
        for each in waiting:
            if holder := each.holder(now):
                handed, talker = handing.handed_to(each, holder, now), talks.still_talks(each, now)
                had = Had(each.id, _named(each), handed, each.claim_ends, talker)
                held.setdefault(holder, []).append(had)
        talking = {talk.who: talk for each in waiting if (talk := each.talking(now))}
        shown = []
        for adviser in store.accounts.all():
            if not self._looks_after_callers(adviser):
                continue
            talk = talking.get(adviser.name)
            state = "here" if self._is_here(adviser.name) else "not here"
            state = f"talking, {talks.minutes(talk, now)}" if talk else state
            did = sum((done.get(name, Today()) for name in (adviser.name, *adviser.former)), Today())
            shown.append(Colleague(adviser.name, state, held.get(adviser.name, []), did))
        return render_template(
            "team.html", team=shown, needs=self._needs(waiting, held), all_today=sum(done.values(), Today()), now=now,
        )  # fmt: skip

    def _needs(self, waiting: list[CallbackRequest], held: Mapping[str, list[Had]]) -> list[Needed]:
        """What somebody should look at now, and where it is."""
        now, hours = self._now, self._console.live.now.script.hours
        listed = ranking.ordered(waiting, now)  # as the list counts, to which these lead
        put_through = [each for each in waiting if talks.put_through(each)]
        handed = sorted((had for each in held.values() for had in each if had.handed), key=lambda had: had.ends)
        return [
            Needed(sum(each.due <= now for each in listed), "late", url_for("requests_page", when="late")),
            Needed(
                sum(each.urgent and not each.holder(now) for each in listed), "urgent, and nobody has them",
                url_for("requests_page", urgent=1, whose="free"),
            ),
            Needed(
                len(put_through), "put through, and nobody said what came of it",
                url_for("card", request_id=put_through[0].id) if put_through else "",
            ),
            Needed(
                len(handed), "handed over, and not begun",
                url_for("card", request_id=handed[0].id) if handed else "",
            ),
            Needed(
                len(messages.to_listen_to(waiting, hours)), "message| to which nobody has listened",
                url_for("messages"),
            ),
            Needed(len(self._console.store.texts.failed()), "text| that failed", url_for("texts")),
        ]  # fmt: skip

    # --- the log ----------------------------------------------------------------------------

    def log(self) -> str:
        """A page of the log. A filter looks at MOST_LOOKED_AT entries at most, so that the page comes soon; the next
        page looks further back.
        """
        chosen, place, back_to, is_more = _Chosen.of(request.args), "", 0.0, False
        shown: list[AuditEntry] = []
        for nth, (at, entry) in enumerate(self._console.store.audit.entries_before(request.args.get("before", ""))):
            if len(shown) == LOG_ROWS or nth == MOST_LOOKED_AT:
                is_more = True
                break
            place, back_to = at, entry.at
            if chosen.fits(entry):
                shown.append(entry)
        stored, about = self._console.store.requests, {entry.about for entry in shown if entry.about}
        cards = stored.several(about)
        cards |= {each: found for each in about - cards.keys() if (found := stored.get(each))}  # put together since
        return render_template(
            "log.html", entries=shown, cards={each: _named(found) for each, found in cards.items()},
            older=place if is_more else "", back_to=back_to,
            is_newest="before" not in request.args, chosen=request.args,
            names=[each.name for each in self._console.store.accounts.all()], now=self._now,
        )  # fmt: skip

    def log_csv(self) -> Response:
        """What the log shows, as a file for a spreadsheet."""
        rows = [("When", "Who", "What", "Request")]
        chosen = _Chosen.of(request.args)
        for entry in filter(chosen.fits, self._console.store.audit.entries(MOST_AUDIT)):
            at = dt.datetime.fromtimestamp(entry.at, LONDON)
            rows.append((f"{at:%Y-%m-%d %H:%M:%S}", entry.who, briefing.what_in_words(entry.what), entry.about))
        self._console.note("exported the log")
        return sheet("log", rows)


class _Chosen(NamedTuple):
    """The filter of the log: a name, words, and days. Each may be missing or nonsense."""

    who: str
    what: str
    since: float | None
    until: float | None

    @classmethod
    def of(cls, args: Mapping[str, str]) -> _Chosen:
        what = args.get("what", "").strip().lower()[:40]
        return cls(args.get("who", "").strip(), what, _day(args.get("from", "")), _day(args.get("to", "")))

    def fits(self, entry: AuditEntry) -> bool:
        return (
            (not self.who or entry.who == self.who)
            and (not self.what or self.what in briefing.what_in_words(entry.what).lower())
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until + 24 * 60 * 60)
        )


def _named(request: CallbackRequest) -> str:
    """The name of a request that people can say."""
    return f"call {paper.calls(request)}" if paper.calls(request) else "a message"


def _day(text: str) -> float | None:
    """The beginning of a day, as '2026-11-28'."""
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), LONDON).timestamp()
    except ValueError:
        return None
