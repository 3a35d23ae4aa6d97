"""Signing in and out: named advisers, passwords as argon2 hashes, sign-ins that expire.

A sign-in is stored in Redis, and the browser holds only a secret for it. So signing out also ends it for copies of the
cookie, and advisers can see where they are signed in and end each sign-in. It expires after an hour without activity,
and after twelve hours in any case. The automatic refresh of the list does not count as activity.

**Wrong passwords slow down the person who tries them, and do not lock anybody out.** A browser in which this adviser
signed in before is recognised by a cookie, and only its own failures count against it. Everybody else has to wait
longer with each failure, by address and by the name they try. After the wait, they have one try, which other people's
tries do not postpone. Known and unknown browsers queue separately for the slow check of passwords, so that a flood of
strangers does not fill the queue of the advisers.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterator

from flask import Flask, abort, flash, g, redirect, render_template, request, session
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from ivr import passwords
from ivr.store import LONGEST_NAME, Adviser, SignIn, name_of
from ivr.web.console.common import Console, go, unsaved
from ivr.web.origin import address

IDLE_SECONDS = 60 * 60
LONGEST_SESSION = dt.timedelta(hours=12)
#: How long a browser stays known after a sign-in.
KNOWN = dt.timedelta(days=180)
#: Failures of a known browser in an hour, after which it is treated like any other.
MOST_OF_KNOWN = 10
#: Failures in an hour without a wait: for one name, and for one address, which an office may share.
FREE_OF_NAME, FREE_OF_ADDRESS = 4, 10
#: Seconds of the first wait, which doubles with each failure, and of the longest one.
SHORTEST_WAIT, LONGEST_WAIT = 2.0, 60.0
#: The most characters of a User-Agent to store.
_LONGEST_BROWSER = 150
#: The pages that need no sign-in.
_OPEN = ("signin", "sign_in")
#: Styles and scripts, which need nobody's sign-in and so no Redis: the page that says that Redis is down has them too.
_STATIC = ("static", "bootstrap.static")


def add_to(app: Flask, console: Console) -> None:
    """Add the sign-in page, and the rule that every other page needs a sign-in."""
    pages = _Pages(app, console)
    app.before_request(pages.only_signed_in)
    app.add_url_rule("/signin", "signin", pages.form, methods=["GET"])
    app.add_url_rule("/signin", "sign_in", pages.sign_in, methods=["POST"])
    app.add_url_rule("/signout", "signout", pages.sign_out, methods=["POST"])
    app.add_url_rule("/signins", "signins", pages.signins, methods=["GET"])
    app.add_url_rule("/signins/<signin_id>/end", "end_signin", pages.end, methods=["POST"])
    app.context_processor(lambda: {"adviser": g.get("adviser")})


class _Pages:
    def __init__(self, app: Flask, console: Console):
        self._console = console
        self._store = console.store.sign_ins
        self._known_checker, self._other_checker = passwords.Checker(), passwords.Checker()
        self._known = URLSafeTimedSerializer(console.settings.secret_key, salt="known browser")
        self._is_secure = bool(app.config["SESSION_COOKIE_SECURE"])

    # --- every request ----------------------------------------------------------------------

    def only_signed_in(self) -> Response | str | tuple[str, int] | None:
        """Allow requests of signed-in advisers, and the sign-in page. Nobody else sees any page."""
        if request.endpoint in _STATIC:
            return None
        kept = self._current()
        if kept:
            g.signin, g.adviser = kept
            return None
        if request.endpoint in _OPEN:
            return None
        flash("Sign in first.")
        if request.method == "GET":
            if request.endpoint not in (None, "waiting", "message"):
                session["then"] = request.full_path.rstrip("?")
            return go("signin")
        # Show what was not saved.
        return render_template("signin.html", unsaved=unsaved()), 401

    def _current(self) -> tuple[SignIn, Adviser] | None:
        """The sign-in of this browser and its adviser, if it has not ended."""
        secret = session.get("signin")
        kept = self._store.of(secret) if isinstance(secret, str) else None
        if kept is None:
            return None
        now, adviser = self._console.now, self._console.store.people.get(kept.name)
        if adviser is None or adviser.disabled or adviser.stamp != kept.stamp:
            return None
        if now - kept.seen > IDLE_SECONDS or now - kept.began > LONGEST_SESSION.total_seconds():
            return None
        if request.endpoint not in ("waiting", "signin"):
            self._store.touch(kept, now)
        return kept, adviser

    # --- signing in -------------------------------------------------------------------------

    def form(self) -> Response | str:
        return go("requests_page") if "adviser" in g else render_template("signin.html")

    def sign_in(self) -> Response | str | tuple[str, int]:
        name, come_from = _name_tried(), address(request.environ, self._console.settings)
        browser = self._known_browser(name)
        if not browser and (wait := self._seconds_to_wait(name, come_from)):
            flash(f"There were many wrong tries. Wait {wait:.0f} seconds, and then sign in.", "danger")
            return self._once_more(name, 429)
        adviser, password = self._console.store.people.get(name), request.form.get("password", "")
        checker = self._known_checker if browser else self._other_checker
        try:
            right = checker.fits(adviser.password_hash if adviser else None, password)
        except passwords.Busy:
            flash("Many people are signing in at the moment. Wait a little, and try again.", "danger")
            return self._once_more(name, 503)
        if adviser is None or adviser.disabled or not right:
            self._store.failed(self._console.now, adviser.name if adviser else "", come_from)
            self._store.count(*([_counts_browser(browser)] if browser else _counts_stranger(name, come_from)))
            flash("This name and password do not match. Try again, or ask an administrator.", "danger")
            return self._once_more(name, 401)
        return self._let_in(adviser, come_from)

    def _seconds_to_wait(self, name: str, come_from: str) -> float:
        of_name, of_address = self._store.counted(*_counts_stranger(name, come_from))
        delay = max(_delay(of_name - FREE_OF_NAME), _delay(of_address - FREE_OF_ADDRESS))
        return self._store.seconds_to_wait(f"{come_from} {name}", delay, self._console.now) if delay else 0.0

    def _once_more(self, name: str, code: int) -> tuple[str, int]:
        return render_template("signin.html", name=name), code

    def _let_in(self, adviser: Adviser, come_from: str) -> Response:
        """Begin a sign-in, and end the one that this browser had before."""
        if "signin" in g:
            self._store.end(g.signin)
        then = session.get("then", "")
        session.clear()
        session.permanent = True
        session["signin"] = self._store.begin(
            adviser.name, adviser.stamp, self._console.now, str(request.user_agent)[:_LONGEST_BROWSER], come_from,
            LONGEST_SESSION.total_seconds(),
        )  # fmt: skip
        g.adviser = adviser
        self._console.note("signed in")
        response = redirect(f"{request.script_root}{then}", 303) if then else go("requests_page")
        response.set_cookie(
            _cookie_of(adviser.name), self._known.dumps([adviser.name, secrets.token_hex(8)]),
            max_age=KNOWN, path=f"{request.script_root}/signin", secure=self._is_secure, httponly=True, samesite="Lax",
        )  # fmt: skip
        return response

    def _known_browser(self, name: str) -> str:
        """The id of this browser, if this adviser signed in with it before; empty if it is treated like any other."""
        try:
            signed = request.cookies.get(_cookie_of(name), "")
            whose, browser = self._known.loads(signed, max_age=int(KNOWN.total_seconds()))
        except (BadData, ValueError, TypeError):
            return ""
        if whose != name or self._store.counted(_counts_browser(browser))[0] >= MOST_OF_KNOWN:
            return ""
        return str(browser)

    # --- signed in --------------------------------------------------------------------------

    def sign_out(self) -> Response:
        self._console.note("signed out")
        self._store.end(g.signin)
        session.clear()
        return go("signin")

    def signins(self) -> str:
        """The sign-ins of the adviser; for an administrator, those of everybody."""
        current = [kept for kept in self._in_reach() if self._lasts(kept)]
        failures = list(self._store.failures()) if g.adviser.admin else []
        return render_template(
            "signins.html", signins=current, here=g.signin.id, failures=failures, now=self._console.now
        )

    def _in_reach(self) -> Iterator[SignIn]:
        """The sign-ins that this adviser may see and end: their own; for an administrator, everybody's."""
        names = [each.name for each in self._console.store.people.all()] if g.adviser.admin else [g.adviser.name]
        for name in names:
            yield from self._store.all_of(name)

    def _lasts(self, kept: SignIn) -> bool:
        return self._console.now - kept.seen <= IDLE_SECONDS

    def end(self, signin_id: str) -> Response:
        """End one of the adviser's sign-ins; an administrator may end anybody's."""
        found = next((kept for kept in self._in_reach() if kept.id == signin_id), None)
        if found is None:
            abort(404)
        self._store.end(found)
        self._console.note("ended a sign-in" + (f" of {found.name}" if found.name != g.adviser.name else ""))
        flash("That sign-in is ended.", "success")
        return go("signins")


def _delay(failures: int) -> float:
    """Seconds to wait after this many failures beyond the free ones."""
    return min(SHORTEST_WAIT * 2 ** min(failures, 10), LONGEST_WAIT) if failures >= 0 else 0.0


def _counts_stranger(name: str, come_from: str) -> tuple[str, str]:
    return f"name {name}", f"address {come_from}"


def _counts_browser(browser: str) -> str:
    return f"browser {browser}"


def _cookie_of(name: str) -> str:
    """The name of the cookie for an adviser, because advisers share computers.

    It does not contain the adviser's name.
    """
    return f"known-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:12]}"


def _name_tried() -> str:
    """The typed name, cut to the longest possible name."""
    return name_of(request.form.get("name", ""))[:LONGEST_NAME]
