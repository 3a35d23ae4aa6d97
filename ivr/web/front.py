"""The front page, the handbooks behind it, and what is answered where there is no page.

Who comes from this machine sees how the line is and the ways on. Who comes through a public
address sees what this is and that it answers, which `/healthz` tells too.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from flask import Blueprint, Response, abort, render_template
from markdown_it import MarkdownIt
from werkzeug.exceptions import NotFound

from ivr import config
from ivr.config import Settings
from ivr.places.reading import Reading
from ivr.script import GREETING, Script
from ivr.spoken import text_of
from ivr.store import Spool, Store
from ivr.web.health import faults
from ivr.web.live import Live
from ivr.web.origin import is_from_here

DOCS = config.ROOT / "docs"
#: Who each handbook is for, in the order in which they are listed. Pages that are not named here come after.
FOR_WHOM = {"advisers": "for whoever talks to callers", "staff": "for whoever changes the words",
            "operators": "for whoever runs the machine"}  # fmt: skip

_PAGE = re.compile(r"[a-z][a-z0-9_-]*")
_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "front.css").read_text(encoding="utf-8")


def blueprint(settings: Settings, store: Store, live: Live, spool: Spool) -> Blueprint:
    """The pages for people who open the line's address in a browser."""
    front = Blueprint("front", __name__, template_folder=str(_TEMPLATES))

    @front.get("/")
    def page() -> Response:
        script = live.now.script if live.ready else None
        name = script.line.names["service_name"] if script else ""
        if not is_from_here(settings):
            return html_page("public.html", name=name)
        return html_page(
            "front.html", name=name, first_words=_first_words(script) if script else "",
            faults=faults(store, live, spool), books=books(), practice=settings.practice, demo=settings.demo,
            has_sounds=live.ready and live.now.sounds is not None,
        )  # fmt: skip

    @front.get("/handbooks/<name>.md")
    def handbook(name: str) -> Response:
        if not is_from_here(settings) or name not in books():
            abort(404)
        return html_page("handbook.html", title=_title(name), text=_rendered(name))

    return front


def nothing_here(_: NotFound) -> Response:
    """The answer where there is no page."""
    return html_page("nothing.html", status=404)


def _first_words(script: Script) -> str:
    """What every caller hears first."""
    greeting = script.nodes[GREETING]
    return text_of(greeting.parts[0]) if isinstance(greeting, Reading) else ""


def html_page(template: str, status: int = 200, scripts: str = "", **values: object) -> Response:
    """A page in the style of the front page. `scripts` is what the page's own scripts may do, as a policy."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    response = Response(render_template(template, style=_STYLE, **values), status)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; {scripts}"
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# --- handbooks --------------------------------------------------------------------------------


@cache
def books() -> dict[str, str]:
    """The handbooks by name, and who each is for. Those for the line's users come first."""
    names = [path.stem for path in sorted(DOCS.glob("*.md")) if _PAGE.fullmatch(path.stem)]
    order = [name for name in FOR_WHOM if name in names] + [name for name in names if name not in FOR_WHOM]
    return {name: FOR_WHOM.get(name, "") for name in order}


def _title(name: str) -> str:
    first = (DOCS / f"{name}.md").read_text(encoding="utf-8").split("\n", 1)[0]
    return first.lstrip("# ").strip() or name


def _rendered(name: str) -> str:
    """A handbook as HTML, with its headings to be linked to. HTML that stands in it is shown, and never run.

    A link to a file that is no handbook, as to LICENSE, leads nowhere here and becomes plain words.
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
    """What a link calls this heading, here and wherever Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
