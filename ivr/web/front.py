"""The front page, the handbooks, and the page for addresses that do not exist.

A visitor on this machine sees the status of the line and links. A visitor through a public address sees only the
service's name and that the line answers.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, send_file
from markdown_it import MarkdownIt
from werkzeug.exceptions import NotFound

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.places.reading import Reading
from ivr.script import GREETING, Script
from ivr.spoken import text_of
from ivr.store import Spool, Store
from ivr.web.client import is_from_here
from ivr.web.health import faults, remarks
from ivr.web.live import Live

DOCS = config.ROOT / "docs"
#: The readers of each handbook, in the order of the list. Other pages follow.
FOR_WHOM = {"advisers": "for people who talk to callers", "staff": "for people who change the words",
            "operators": "for people who run the machine"}  # fmt: skip

_PAGE = re.compile(r"[a-z][a-z0-9_-]*")
_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "front.css").read_text(encoding="utf-8")


def blueprint(settings: Settings, store: Store, live: Live, spool: Spool, can_be_read: Callable[[], bool]) -> Blueprint:
    """Pages for people who open the line's address in a browser. `can_be_read`: whether there are pages at /read."""
    front = Blueprint("front", __name__, template_folder=str(_TEMPLATES))

    @front.get("/")
    def page() -> Response:
        script = live.now.script if live.ready else None
        name = script.line.service_name if script else ""
        if not is_from_here(settings):
            return html_page("public.html", name=name, can_be_read=can_be_read())
        return html_page(
            "front.html", name=name, first_words=_first_words(script) if script else "",
            faults=[*faults(store, live, spool), *remarks(spool)], books=books(), practice=settings.practice,
            demo=settings.demo,
            has_sounds=live.ready and live.now.sounds is not None,
        )  # fmt: skip

    @front.get("/handbooks/pictures/<name>.png")
    def picture(name: str) -> Response:
        path = DOCS / "pictures" / f"{name}.png"
        if not is_from_here(settings) or not _PAGE.fullmatch(name) or not path.is_file():
            abort(404)
        return send_file(path)

    @front.get("/handbooks/<name>.md")
    def handbook(name: str) -> Response:
        if not is_from_here(settings) or name not in books():
            abort(404)
        return html_page("handbook.html", title=_title(name), text=_rendered(name))

    return front


def nothing_here(_: NotFound) -> Response:
    """The response for an address without a page."""
    return html_page("nothing.html", status=404)


def _first_words(script: Script) -> str:
    """The first words that every caller hears."""
    greeting = script.nodes[GREETING]
    return text_of(greeting.parts[0]) if isinstance(greeting, Reading) else ""


def html_page(template: str, status: int = 200, style: str = _STYLE, **values: object) -> Response:
    """A page, by default in the style of the front page. It runs no script and has no form."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    response = Response(render_template(template, style=style, **values), status)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data: 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# --- handbooks --------------------------------------------------------------------------------


@cache
def books() -> dict[str, str]:
    """The handbooks by name, with their readers. Those for the line's users come first."""
    names = [path.stem for path in sorted(DOCS.glob("*.md")) if _PAGE.fullmatch(path.stem)]
    order = [name for name in FOR_WHOM if name in names] + [name for name in names if name not in FOR_WHOM]
    return {name: FOR_WHOM.get(name, "") for name in order}


def _title(name: str) -> str:
    first = (DOCS / f"{name}.md").read_text(encoding="utf-8").split("\n", 1)[0]
    return first.lstrip("# ").strip() or name


def _rendered(name: str) -> str:
    """A handbook as HTML, with anchors for its headings. HTML in its text is escaped.

    A link to a file that is not a handbook, such as LICENSE, becomes plain text.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((DOCS / f"{name}.md").read_text(encoding="utf-8"))
    for token, after in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _anchor(after.content))
        for child in after.children or ():
            if child.type == "link_open" and str(child.attrs.get("href")).startswith("../"):
                del child.attrs["href"]
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _anchor(heading: str) -> str:
    """The anchor of a heading, as Markdown renderers make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
