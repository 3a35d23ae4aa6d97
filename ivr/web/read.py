"""What the line says, as pages at `/read`, for people who cannot use the phone. Off unless the service switches it on.

The pages have no script, no cookie and no picture. They are made once for each revision, in a request for a page and
never in a call, and browsers keep them for a minute.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, abort, request
from markupsafe import Markup, escape

from ivr import dialling
from ivr.authoring import drafts
from ivr.authoring.drafts import LANGUAGES
from ivr.hours import LONDON
from ivr.language.printed import date
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.overview import booklet, onscreen
from ivr.overview.onscreen import PageSet
from ivr.script import Tongue
from ivr.spoken import text_of
from ivr.web.edition import Edition
from ivr.web.front import html_page
from ivr.web.live import Live

#: Seconds for which a browser may show a page again without asking. So long can words still be read that were changed.
KEPT_SECONDS = 60
#: Pages that stand for no place of the line. Names of places have no hyphen, so they cannot be the same.
WORDS_PAGE, ALL_PAGE = "what-words-mean", "all-topics"
_STYLE = (Path(__file__).parent / "templates" / "read.css").read_text(encoding="utf-8")
_ADDRESS = re.compile(r"(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|(?:https?://|www\.)[^\s]*[\w/]")


class LivePages:
    """The pages of the live revision, made when somebody first opens one."""

    def __init__(self, settings: Settings, live: Live):
        self._settings, self._live = settings, live
        self._making = threading.Lock()
        #: The pages that were made last, with their revision.
        self._made: tuple[str, PageSet | None] = ("", None)

    @property
    def is_on(self) -> bool:
        """Whether the service has switched the pages on. There may be none even so, if something is not confirmed."""
        return self._live.ready and self._live.now.script.line.read_page == "on"

    def now(self) -> PageSet | None:
        """The pages of the live revision; None if there are none."""
        if not self.is_on:
            return None
        edition = self._live.now
        with self._making:
            if self._made[0] != edition.script.revision:
                self._made = edition.script.revision, self._pages(edition)
            return self._made[1]

    def _pages(self, edition: Edition) -> PageSet | None:
        """The pages of an edition. Other languages have no words on them, so their files are not read."""
        files = {name: text for name, text in edition.files.items() if not name.startswith(LANGUAGES)}
        draft = drafts.read_draft(files)
        ours = self._settings.our_numbers
        return onscreen.pages(draft, booklet.script_to_read(draft, config.bank_holidays(), ours, offers_texts=False))

    def ways(self) -> dict[str, object]:
        """The ways to the service that depend on this machine's account: its number, texts, and languages."""
        script, ours = self._live.now.script, self._settings.our_number
        number = dialling.national(ours) if ours and not self._settings.practice else ""
        return {
            "number": number,
            "answers_texts": bool(number) and script.offers_texts,
            "relay": script.line.without_menus,
            "languages": [_language(each) for each in script.tongues if each.is_live] if number else [],
        }


def _language(tongue: Tongue) -> dict[str, str]:
    keys = ", then ".join(tongue.keys)
    return {"tag": tongue.tag, "name": text_of(tongue.name), "in_english": tongue.in_english, "keys": keys}


def blueprint(reading: LivePages, clock: Callable[[], dt.datetime]) -> Blueprint:
    """The pages."""
    pages = Blueprint("read", __name__, template_folder="templates")
    pages.add_app_template_filter(linked, "linked")
    pages.add_app_template_filter(date, "day")
    pages.add_app_template_filter(_tel, "tel")

    def answer(name: str, template: str = "read.html") -> Response:
        found = reading.now()
        page = found.pages.get(name) if found else None
        if found is None or (page is None and template == "read.html"):
            abort(404)
        now = clock().astimezone(LONDON)
        response = html_page(
            template, style=_STYLE, all=found, page=page, notices=found.notices_at(now), today=now.date(),
            ways=reading.ways(),
        )  # fmt: skip
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
        if page and not page.is_listed and page is not found.first:
            response.headers["X-Robots-Tag"] = "noindex"  # a search engine must not lead past the questions before it
        response.add_etag()
        response.make_conditional(request)
        return response

    @pages.get("/read/")
    @pages.get("/read")
    def first() -> Response:
        found = reading.now()
        return answer(found.first.id) if found else answer("")

    @pages.get(f"/read/{WORDS_PAGE}")
    def words() -> Response:
        return answer("", "read_words.html")

    @pages.get(f"/read/{ALL_PAGE}")
    def everything() -> Response:
        return answer("", "read_all.html")

    @pages.get("/read/<name>")
    def one(name: str) -> Response:
        return answer(name)

    return pages


def linked(words: str) -> Markup:
    """Words with each web and e-mail address in them as a link."""
    made, done = Markup(), 0
    for found in _ADDRESS.finditer(words):
        address = found.group()
        prefix = "mailto:" if found["mail"] else "" if address.startswith("http") else "https://"
        made += escape(words[done : found.start()]) + Markup('<a href="{}">{}</a>').format(prefix + address, address)
        done = found.end()
    return made + escape(words[done:])


def _tel(number: str) -> str:
    """The address of a link that rings a number."""
    return f"tel:{re.sub(r'[^0-9+]', '', number)}"
