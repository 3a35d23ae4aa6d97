"""Signing in and out: named advisers, passwords as argon2 hashes, sessions that end.

A session ends an hour after the last thing the adviser did, and after twelve hours in any
case. The list that renews itself on the page does not count as doing something.
"""

from __future__ import annotations

import datetime as dt

from flask import Flask, flash, g, render_template, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from werkzeug.wrappers import Response

from ivr import passwords
from ivr.store import LONGEST_NAME, Adviser
from ivr.web.console.common import Console, go, unsaved

IDLE_SECONDS = 60 * 60
LONGEST_SESSION = dt.timedelta(hours=12)
#: Failed sign-ins from one place, and for one name, before the next has to wait.
FAILURES = "5 per minute; 30 per hour"
#: From one address: looser, since behind a proxy that does not tell, all advisers share one.
FAILURES_FROM_ONE_PLACE = "30 per minute"


class User(UserMixin):  # type: ignore[misc]
    """An adviser who is signed in."""

    def __init__(self, adviser: Adviser):
        self.adviser = adviser

    def get_id(self) -> str:
        return self.adviser.name


def add_to(app: Flask, console: Console) -> None:
    """The sign-in page, and the rule that nothing else is seen without it."""
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(lambda name: _load(console, name))
    manager.unauthorized_handler(_ask_to_sign_in)
    limiter = Limiter(get_remote_address, app=app, storage_uri="redis://", storage_options=console.store.limits())
    checker = passwords.Checker()
    by_place = limiter.limit(FAILURES_FROM_ONE_PLACE, methods=["POST"], deduct_when=_failed)
    by_name = limiter.limit(FAILURES, methods=["POST"], deduct_when=_failed, key_func=_name_tried)
    app.add_url_rule(
        "/signin", "signin", by_place(by_name(lambda: _sign_in(console, checker))), methods=["GET", "POST"]
    )
    app.add_url_rule("/signout", "signout", login_required(lambda: _sign_out(console)), methods=["POST"])
    app.context_processor(lambda: {"adviser": getattr(current_user, "adviser", None)})


def _load(console: Console, name: str) -> User | None:
    """The adviser of this session, if it has not ended."""
    if g.get("store_is_down"):
        return None  # the page that says so asks who is signed in, and must not need what is down
    adviser = console.store.people.get(name)
    if adviser is None or adviser.disabled or adviser.stamp != session.get("stamp"):
        return None
    began, seen = session.get("began", 0.0), session.get("seen", 0.0)
    if console.now - seen > IDLE_SECONDS or console.now - began > LONGEST_SESSION.total_seconds():
        return None
    if request.endpoint != "waiting":
        session["seen"] = console.now
    return User(adviser)


def _ask_to_sign_in() -> str | Response | tuple[str, int]:
    """To the sign-in; and what was to be saved is shown there, since it was not."""
    flash("Sign in first.")
    return go("signin") if request.method == "GET" else (render_template("signin.html", unsaved=unsaved()), 401)


def _sign_in(console: Console, checker: passwords.Checker) -> str | Response | tuple[str, int]:
    if request.method == "GET":
        return render_template("signin.html")
    name = _name_tried()
    adviser = console.store.people.get(name)
    try:
        right = checker.fits(adviser.password_hash if adviser else None, request.form.get("password", ""))
    except passwords.Busy:
        flash("Many people are signing in just now. Wait a moment, and try again.", "danger")
        return render_template("signin.html", name=name), 503
    if adviser is None or adviser.disabled or not right:
        console.store.people.note(console.now, name, "failed to sign in")
        flash("That name and password do not fit. Try again, or ask an administrator.", "danger")
        return render_template("signin.html", name=name), 401
    session.clear()
    session.permanent = True
    session.update(began=console.now, seen=console.now, stamp=adviser.stamp)
    login_user(User(adviser))
    console.note("signed in")
    return go("requests_page")


def _sign_out(console: Console) -> Response:
    console.note("signed out")
    logout_user()
    session.clear()
    return go("signin")


def _name_tried() -> str:
    """The name as it was typed, no longer than a name can be: it goes into keys of Redis and into the log."""
    return request.form.get("name", "").strip().lower()[:LONGEST_NAME]


def _failed(response: Response) -> bool:
    return response.status_code == 401
