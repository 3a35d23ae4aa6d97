"""The console: the pages on which advisers ring callers back, and the app to which the studio's pages belong too.

The pages are rendered on the server, without a build step. Every page but the sign-in needs a sign-in, and the log
records everything seen or done. A caller's number is shown only to the adviser who holds the request. Each page names
the right that it needs (`ivr/roles.py`).

    signin.py     signing in and out; tries.py: who is slowed down, and by how much
    account.py    one's own account, and taking up an invitation
    accounts.py   who may sign in
    listing.py    the list: its filters, pages and renewal
    cards.py      the card of a request, and most actions on it
    outcomes.py   the outcome of a try, and the next call
    another_phone.py  another number for a caller who waits
    carried.py    keeps a form that came too late, with what was typed into it
    texts.py      texts from a card, and those that could not be sent
    messages.py   spoken messages
    search.py     finding a caller again, and writing down who rang the office
    floods.py     many callers at once
    blocked.py    blocked numbers
    week.py       how many callers are promised each part of the coming days
    team.py       who is here and has what, and the log
    reporting.py  the report
    paper.py      the day on paper
    personal_data.py  everything that is kept of one phone
    common.py     what the pages share
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from ivr import dialling
from ivr.advising import briefing, card_texts
from ivr.advising import paper as paper_core
from ivr.advising.listing import WHEN
from ivr.callbacks import callback, talks
from ivr.callbacks.callback import Gone, Refused
from ivr.machine.config import Settings
from ivr.store import Store, StoreDown
from ivr.usecases.jobs import Jobs
from ivr.web.console import (
    account,
    accounts,
    another_phone,
    blocked,
    cards,
    floods,
    listing,
    messages,
    outcomes,
    paper,
    personal_data,
    reporting,
    search,
    signin,
    team,
    texts,
    week,
)
from ivr.web.console.carried import Carried, carried, read
from ivr.web.console.common import LONGEST_NOTE, Clock, Console, TooLong, allow_large, query_args, unsaved
from ivr.web.live import Live
from ivr.web.studio import pages as studio
from ivr.web.studio.draft import DraftClient

#: Where the console is served. The studio's pages belong to the same app, but are served at /studio
#: (`ivr/web/__init__.py`).
CONSOLE = "/console"
#: Scripts, styles and pictures are loaded only from this server; Bootstrap has some icons as data URLs. A sound that a
#: script has fetched, such as that of words that are not saved yet, is a blob.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: Seconds for which a browser uses only https for these pages, once it has done so.
_HTTPS_ONLY_SECONDS = 365 * 24 * 60 * 60


class _Pages(Flask):
    """A Flask app in which the addresses of the studio's pages do not begin with /console."""

    def url_for(self, endpoint: str, **values: Any) -> str:
        path = super().url_for(endpoint, **values)
        return path.removeprefix(CONSOLE) if path.startswith(f"{CONSOLE}/studio/") else path


def create_console(settings: Settings, store: Store, live: Live, jobs: Jobs, clock: Clock) -> Flask:
    """The console and the studio as a separate app, to be served under /console and /studio."""
    app = _Pages(__name__)
    app.before_request(_only_get_and_post)
    app.before_request(allow_large)
    https = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="adviser",
        SESSION_COOKIE_SECURE=https,
        # Not Strict: browsers would not send the cookie when somebody follows a link in an e-mail, and the sign-in page
        # that is then shown would replace it. Every change is a form with a token.
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=signin.LONGEST_SESSION,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # it needs a Referer header, which our pages tell browsers not to send
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    Bootstrap5(app)
    csrf = CSRFProtect(app)
    app.extensions["draft"] = draft = DraftClient(settings)
    console = Console(settings, store, live, jobs, clock, draft)
    signing_in = signin.add_to(app, console)
    account.add_to(app, console, signing_in)
    accounts.add_to(app, console, signing_in)
    personal_data.add_to(app, console)
    beside = listing.add_to(app, console)
    card = cards.add_to(app, console, beside)
    outcomes.add_to(app, console, card)
    another_phone.add_to(app, console, card)
    messages.add_to(app, console, card)
    texts.add_to(app, console)
    search.add_to(app, console)
    team.add_to(app, console)
    reporting.add_to(app, console)
    week.add_to(app, console)
    paper.add_to(app, console)
    blocked.add_to(app, console)
    floods.add_to(app, console)
    studio.add_to(app, console, csrf)
    app.jinja_env.filters["initial"] = briefing.capital
    app.jinja_env.globals.update(
        moment=briefing.moment, at_moment=briefing.at_moment,
        needs=briefing.NEEDS, short_needs=briefing.SHORT_NEEDS, national=dialling.national,
        in_groups=briefing.in_groups, what_in_words=briefing.what_in_words, length_of=talks.minutes,
        ended_in_words=briefing.ended_in_words, calls=paper_core.calls, text_named=card_texts.label,
        when_names=WHEN, query_args=query_args,
        longest_note=LONGEST_NOTE, longest_why=blocked.LONGEST_WHY,
        unanswered=callback.UNANSWERED, talked=callback.TALKED, most_tries=callback.MOST_TRIES,
        demo=settings.demo,
    )  # fmt: skip
    _add_errors(app, signing_in)
    app.after_request(lambda response: _guarded(response, https=https))
    return app


def _only_get_and_post() -> None:
    """Refuse other methods.

    Flask allows HEAD wherever GET is allowed, and the rules for POST (limits, CSRF) would be skipped.
    """
    if request.method not in ("GET", "POST"):
        abort(405)


def _guarded(response: Response, *, https: bool) -> Response:
    """Add headers that protect the phone numbers on these pages: no browser keeps a page, so that going back after
    signing out shows nothing, and no other site can frame a page or learn its address.
    """
    headers = response.headers
    if "static" not in (request.endpoint or ""):
        headers["Cache-Control"] = "no-store"
    headers["Content-Security-Policy"] = _CONTENT_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if https:
        headers["Strict-Transport-Security"] = f"max-age={_HTTPS_ONLY_SECONDS}"
    return response


#: What a visitor is told about a page or a request that does not exist.
_NOT_HERE = "This page or request does not exist. It may have been deleted."


def _own_words(error: HTTPException) -> str:
    """Our own description of an error; empty if it only has the standard text of werkzeug."""
    return error.description if error.description and error.description != type(error).description else ""


def _error(title: str, what: str, code: int, again: str = "", form: Carried | None = None) -> tuple[str, int]:
    return render_template("error.html", title=title, what=what, unsaved=unsaved(), again=again, form=form), code


def _back() -> str:
    """The address of the card from which a form was sent; empty if it was sent from another page."""
    request_id = (request.view_args or {}).get("request_id")
    return url_for("card", request_id=request_id) if request_id else ""


def _add_errors(app: Flask, signing_in: signin.SignInPages) -> None:
    @app.errorhandler(StoreDown)
    def store_down(_: Exception) -> tuple[str, int]:
        what = "The list cannot be read at the moment. Nothing is lost. Try again in a minute, or use the printed list."
        here = request.script_root + request.full_path.rstrip("?")
        elsewhere = url_for("ring_line" if here.startswith("/studio") else "requests_page")
        if request.method == "GET":
            return _error("One moment", what, 503, again=here)
        return _error("One moment", what, 503, again=elsewhere, form=read(carried()))

    @app.errorhandler(Refused)
    def refused(why: Refused) -> tuple[str, int]:
        return _error("Not done", str(why), 409, again=_back())

    @app.errorhandler(Gone)
    def gone(_: Gone) -> tuple[str, int]:
        return _error("Not here", _NOT_HERE, 404)

    @app.errorhandler(TooLong)
    def too_long(_: TooLong) -> tuple[str, int]:
        return _error(
            "Too long", "That is longer than it can be, and it was not saved. Make it shorter.", 413, again=_back()
        )

    @app.errorhandler(CSRFError)
    def forged(_: CSRFError) -> tuple[str, int]:
        return signing_in.too_old() or _error(
            "That page was too old", "Nothing was changed. Open the page again and repeat it.", 400, again=_back()
        )

    app.register_error_handler(HTTPException, _other_error)


def _other_error(error: HTTPException) -> tuple[str, int] | Response:
    code = error.code or 500
    if code == 404:
        return _error("Not here", _own_words(error) or _NOT_HERE, 404)
    if code == 403:
        return _error("Not for you", _own_words(error) or "Only an administrator can see or do this.", 403)
    if code == 413:
        return _error("Too long", "That is longer than a note can be, and it was not saved. Make it shorter.", 413)
    if isinstance(error, RequestRedirect):  # without the scheme and host, which only the proxy in front knows
        return redirect(urlsplit(error.new_url).path, code)
    if code >= 400:
        return _error("Something went wrong", "Nothing was changed. Try again.", code)
    return error.get_response()
