"""Signing in and out: named advisers, a password, a second factor, sign-ins that expire.

A sign-in is stored in Redis, and the browser holds only a secret for it. So signing out also ends it for copies of the
cookie, and advisers can see where they are signed in and end each sign-in. It expires after an hour without activity,
and after twelve hours in any case. The automatic refresh of the list does not count as activity. It also ends with a
new name, password or role.

Whoever has a second factor is asked for a code after the password (`tries.py` says what wrong ones cost). Whoever must
have one, and has none yet, sees nothing else until it is set up.
"""

from __future__ import annotations

import datetime as dt

from flask import Flask, abort, flash, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ivr import roles
from ivr.advising import adviser
from ivr.advising.adviser import LONGEST_NAME, Adviser
from ivr.machine import passwords
from ivr.roles import Right
from ivr.store import SignIn
from ivr.web.client import is_from_here
from ivr.web.console.carried import carried, filled_in, go_on, page_of, read
from ivr.web.console.common import Console, add_pages, go, go_home, unsaved
from ivr.web.console.tries import Tries

IDLE_SECONDS = 60 * 60
LONGEST_SESSION = dt.timedelta(hours=12)
#: Seconds after which some rights (`roles.CONFIRMED`) need a code or the password again.
CONFIRMED_SECONDS = 30 * 60
#: Seconds in which a code must follow the password.
CODE_SECONDS = 10 * 60
#: From this many wrong codes since the last sign-in, the adviser is warned. Fewer are typing mistakes.
MANY_CODES = 5
#: The most characters of a User-Agent to store.
_LONGEST_BROWSER = 150
#: Styles and scripts. They need no sign-in, and so no Redis: the page that says that Redis is down uses them too.
_STATIC = ("static", "bootstrap.static", "studio.static")
#: The only pages for somebody who must set up a second factor first.
_BEFORE_FACTOR = ("factor", "set_factor", "signout")


def add_to(app: Flask, console: Console) -> SignInPages:
    """Add the sign-in page, and the rule that every other page needs a sign-in and a right."""
    pages = SignInPages(app, console)
    app.before_request(pages.only_with_right)
    add_pages(
        app,
        ("/signin", pages.signin, "GET"),
        ("/signin", pages.sign_in, "POST"),
        ("/signin/code", pages.code, "GET"),
        ("/signin/code", pages.check_code, "POST"),
        needs=None,
    )
    add_pages(app, ("/signout", pages.signout, "POST"), needs="account")
    app.context_processor(pages.known_to_templates)
    return pages


class SignInPages:
    """The pages for signing in and out. `account.py` uses `let_in` and `stay_in` too."""

    def __init__(self, app: Flask, console: Console):
        self._app, self._console, self._store = app, console, console.store.sign_ins
        self.tries = Tries(app, console)

    # --- every request ----------------------------------------------------------------------

    def only_with_right(self) -> Response | str | tuple[str, int] | None:
        """Decide on every request: None allows it, and anything else is the answer instead of the page."""
        if request.endpoint in _STATIC:
            return None
        if kept := self._current():
            g.signin, g.adviser = kept
        known = self._app.extensions["rights"]
        if request.endpoint in known and known[request.endpoint] is None:
            return None
        right = known.get(request.endpoint)
        if self._is_open_here(right):
            return None
        if not kept:
            return self._not_signed_in()
        if request.endpoint is None:
            return None  # there is no such page
        if request.endpoint == "requests_page" and not roles.may(kept[1].role, right):
            return go_home(kept[1])
        if right is None or not roles.may(kept[1].role, right):
            abort(403, f"Only {roles.who_may(right)} can see or do this." if right else None)
        return self._without_factor(kept[1]) or self._long_ago(kept[0], right)

    def _is_open_here(self, right: Right | None) -> bool:
        return right in roles.HERE and is_from_here(self._console.settings)

    def known_to_templates(self) -> dict[str, object]:
        """Who is signed in, and the function `may`. Without a sign-in, it allows what is open on this machine."""
        person: Adviser | None = g.get("adviser")

        def may(right: Right) -> bool:
            return self._is_open_here(right) or (person is not None and roles.may(person.role, right))

        return {"adviser": person, "may": may}

    def _not_signed_in(self) -> Response | tuple[str, int]:
        flash("Sign in first.")
        if request.method == "GET":
            if request.endpoint not in (None, "waiting", "message"):
                session["then"] = request.full_path.rstrip("?")
            return go("signin")
        return self._sign_in_and_go_on(filled_in())

    def _sign_in_and_go_on(self, form: str) -> tuple[str, int]:
        """The page to sign in on, which carries a form that came too late."""
        session["then"] = page_of(request.path)
        return self._page(unsaved=unsaved(), carried=form), 401

    def too_old(self) -> tuple[str, int] | None:
        """What somebody gets who sent a form of ours from a page of an earlier sign-in: the form, to send it now.

        None for a form into which nothing was typed, or that may come from elsewhere.
        """
        form = filled_in() if request.headers.get("Sec-Fetch-Site") == "same-origin" else ""
        late, kept = read(form), self._current()
        if late is None:
            return None
        if kept is None:
            return self._sign_in_and_go_on(form)
        g.signin, g.adviser = kept
        then = f"{request.script_root}{page_of(request.path)}"
        return go_on(late, then, "That page was too old"), 400

    def _without_factor(self, person: Adviser) -> Response | tuple[str, int] | None:
        """The answer for somebody who must set up a second factor first; None for others."""
        if not self.must_have_factor(person) or person.factor or request.endpoint in _BEFORE_FACTOR:
            return None
        what = "Set up your second factor first. After that, the page is as it was."
        if request.method == "GET":
            flash(what)
            return go("factor")
        return render_template(
            "error.html", title="One thing first", what=what, unsaved=unsaved(), again="", form=None
        ), 403

    def _long_ago(self, kept: SignIn, right: Right) -> Response | tuple[str, int] | None:
        """The answer for somebody who must first confirm who they are, because the page can do much harm; None for
        others.
        """
        if right not in roles.CONFIRMED or self._console.now - max(kept.began, kept.confirmed) <= CONFIRMED_SECONDS:
            return None
        if request.method == "GET":
            session["then"] = request.full_path.rstrip("?")
            return go("again")
        session["then"] = page_of(request.path)
        problem = "Nothing was changed yet. What you filled in is kept, and you can go on with it after this."
        return render_template("again.html", problem=problem, carried=carried()), 403

    def must_have_factor(self, person: Adviser) -> bool:
        """Whether the service wants a second factor for this role. A demo wants none: its callers are made up."""
        return not self._console.settings.demo and person.role in self._console.live.now.script.line.second_factor

    def _current(self) -> tuple[SignIn, Adviser] | None:
        """The sign-in of this browser and its adviser, if it has not ended."""
        secret = session.get("signin")
        kept = self._store.of(secret) if isinstance(secret, str) else None
        if kept is None:
            return None
        now, person = self._console.now, self._console.store.accounts.get(kept.name)
        if person is None or not person.can_sign_in or person.stamp != kept.stamp:
            return None
        if now - kept.seen > IDLE_SECONDS or now - kept.began > LONGEST_SESSION.total_seconds():
            return None
        if request.endpoint not in ("waiting", "signin"):
            self._store.touch(kept, now)
        return kept, person

    # --- the password -----------------------------------------------------------------------

    def signin(self) -> Response | str:
        return go_home(g.adviser) if "adviser" in g else self._page()

    def sign_in(self) -> Response | str | tuple[str, int]:
        name = request.form.get("name", "").strip()[:LONGEST_NAME]
        person = self._console.store.accounts.find(name)
        trier = self.tries.by(person.name if person else name)
        if wait := self.tries.seconds_to_wait(trier):
            flash(f"There were many wrong tries. Wait {in_words(wait)}, and then sign in.", "danger")
            return self._page(name), 429
        try:
            right = self.tries.password_fits(trier, person, request.form.get("password", ""))
        except passwords.Busy:
            flash("Many people are signing in at the moment. Wait a little, and try again.", "danger")
            return self._page(name), 503
        if person is None or not right:
            flash("This name and password do not match. Try again, or ask an administrator.", "danger")
            return self._page(name), 401
        if person.factor:
            session["half"] = [person.name, person.stamp, self._console.now]
            return self._code_page() if request.form.get("carried") else go("code")
        return self.let_in(person)

    def _is_nobody_there(self) -> bool:
        """Whether there is no administrator yet who could invite anybody."""
        return not any(adviser.is_administrator(each) for each in self._console.store.accounts.all())

    def _page(self, name: str = "", unsaved: str = "", carried: str = "") -> str:
        return render_template(
            "signin.html", name=name, unsaved=unsaved, carried=carried or request.form.get("carried", ""),
            nobody=self._is_nobody_there(),
        )  # fmt: skip

    # --- the code ---------------------------------------------------------------------------

    def code(self) -> Response | str:
        """The page that asks for a code, after the password."""
        return self._code_page() if self._half() else self._begin_again()

    def _code_page(self) -> str:
        return render_template("code.html", carried=request.form.get("carried", ""))

    def check_code(self) -> Response | tuple[str, int]:
        person = self._half()
        if person is None:
            return self._begin_again()
        trier, typed = self.tries.by(person.name), request.form.get("code", "")[:LONGEST_NAME]
        if not typed.strip():
            flash("Type the code that your app shows.", "danger")
            return self._code_page(), 422
        if wait := self.tries.seconds_to_wait_for_code(trier, person):
            flash(f"There were many wrong codes. Wait {in_words(wait)}, and then type a new code.", "danger")
            return self._code_page(), 429
        before = len(person.factor.codes) if person.factor else 0
        known = self.tries.use_code(trier, person, typed)
        if known is None:
            flash(
                "That code does not fit, or was used already. Codes change every 30 seconds: wait for the next one. "
                "If none fits, let the clock of your phone set itself, or use a code of last resort.", "danger",
            )  # fmt: skip
            return self._code_page(), 401
        left = len(known.factor.codes) if known.factor else 0
        if left < before:
            flash(f"You used a code of last resort. {left} are left. Under 'Account' you can make new ones.", "warning")
        return self.let_in(known)

    def _half(self) -> Adviser | None:
        """The adviser who gave their password in this browser a moment ago, and must give a code now."""
        match session.get("half"):
            case [str(name), str(stamp), float(at) | int(at)] if self._console.now - at <= CODE_SECONDS:
                person = self._console.store.accounts.get(name)
                if person and person.can_sign_in and person.stamp == stamp and person.factor:
                    return person
        return None

    def _begin_again(self) -> Response:
        session.pop("half", None)
        if "adviser" in g:  # in another tab
            return go_home(g.adviser)
        flash("That took too long, or your sign-in has changed. Sign in again.")
        return go("signin")

    # --- signed in --------------------------------------------------------------------------

    def let_in(self, person: Adviser) -> Response:
        """Begin a sign-in, and end the one that this browser had before."""
        if "signin" in g:
            self._store.end(g.signin)
        then, told = session.pop("then", ""), session.get("_flashes")
        session.clear()
        if told:
            session["_flashes"] = told
        self._begin(person)
        self._console.note("signed in")
        if person.factor and (count := self.tries.wrong_codes(person)) >= MANY_CODES:
            flash(
                f"There were {count} wrong codes with your password since you last signed in. If that was not you, "
                "somebody knows your password: change it now, under 'Account'.", "danger",
            )  # fmt: skip
        response = self._onward(person, f"{request.script_root}{then}" if then else "")
        self.tries.know(response, person)
        return response

    def _onward(self, person: Adviser, then: str) -> Response:
        """Back to a form that came too late, or to the page that was asked for."""
        if form := read(request.form.get("carried", "")):
            return make_response(go_on(form, then or url_for("account")))
        return redirect(then, 303) if then else go_home(person)

    def stay_in(self, person: Adviser) -> None:
        """Sign an adviser in again in this browser, after a change of theirs that ended all their sign-ins."""
        self._begin(person)

    def _begin(self, person: Adviser) -> None:
        session.permanent = True
        session["signin"] = self._store.begin(
            person.name, person.stamp, self._console.now, str(request.user_agent)[:_LONGEST_BROWSER],
            self.tries.come_from, LONGEST_SESSION.total_seconds(),
        )  # fmt: skip
        g.adviser = person

    def signout(self) -> Response:
        self._console.note("signed out")
        self._store.end(g.signin)
        session.clear()
        return go("signin")


def in_words(seconds: float) -> str:
    """A wait in words: '8 seconds', '17 minutes'."""
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
