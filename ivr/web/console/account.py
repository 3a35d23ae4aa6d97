"""One's own account: the password, the second factor, where one is signed in. And taking up an invitation.

A change of the password or of the second factor needs the password again, so that a browser left open changes nothing.
After a few wrong ones the sign-in ends. The key of a new app stays the same until a code confirms it: two tabs, or a
page that is loaded again, show one key.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, abort, flash, g, redirect, render_template, request, session, url_for
from msgspec.structs import replace
from werkzeug.wrappers import Response

from ivr.advising import adviser
from ivr.advising.adviser import Adviser, Factor
from ivr.callbacks.callback import Refused
from ivr.machine import factors, passwords
from ivr.store import SignIn
from ivr.usecases import staffing
from ivr.web.console.carried import go_on, read
from ivr.web.console.common import Console, Pages, add_pages, go
from ivr.web.console.signin import IDLE_SECONDS, SignInPages, in_words

#: Wrong passwords after which a sign-in ends.
MOST_WRONG = 5


def add_to(app: Flask, console: Console, signing_in: SignInPages) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    pages.signing_in = signing_in
    add_pages(
        app,
        ("/account", pages.account, "GET"),
        ("/account/password", pages.change_password, "POST"),
        ("/account/factor", pages.factor, "GET"),
        ("/account/factor", pages.set_factor, "POST"),
        ("/account/factor/off", pages.factor_off, "POST"),
        ("/account/codes", pages.codes, "POST"),
        ("/again", pages.again, "GET"),
        ("/again", pages.confirm, "POST"),
        ("/signins", pages.signins, "GET"),
        ("/signins/<signin_id>/end", pages.end_signin, "POST"),
        ("/signins/end-others", pages.end_others, "POST"),
        needs="account",
    )
    add_pages(app, ("/welcome/<secret>", pages.welcome, "GET"), ("/welcome/<secret>", pages.join, "POST"), needs=None)


class _Pages(Pages):
    signing_in: SignInPages

    # --- the account ------------------------------------------------------------------------

    def account(self, problem: str = "") -> str:
        """The page of one's own account, with everything that can be changed."""
        return render_template(
            "account.html", problem=problem, must_have=self.signing_in.must_have_factor(g.adviser), now=self._now,
            others=len(list(self._of(g.adviser.name))) - 1, shortest=passwords.SHORTEST, longest=passwords.LONGEST,
        )  # fmt: skip

    def change_password(self) -> Response | tuple[str, int]:
        """Change one's own password. All other sign-ins end, and this one goes on."""
        if why := self._why_not_me() or self._why_not_new(g.adviser.name):
            return self._refused(why)
        before, made, stamp = g.adviser, passwords.hashed(request.form["new"]), staffing.stamp()

        def how(person: Adviser, _: list[Adviser]) -> Adviser:
            if person.stamp != before.stamp:
                raise Refused("Your sign-in has changed meanwhile. Nothing was changed.")
            return adviser.with_password(person, made, stamp)

        try:
            person = self._console.store.accounts.change(before.name, how)
        except (Refused, KeyError) as why:
            return self._refused(str(why))
        self._console.note("changed their own password")
        self._end(*self._of(person.name))
        self.signing_in.stay_in(person)
        flash("Your password is changed. Everywhere else you are signed out.", "success")
        return go("account")

    def _why_not_new(self, name: str) -> str:
        """What is wrong with the new password in the form; empty if it can be taken."""
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            return "The two new passwords are not the same. Type the new password twice."
        service = self._console.live.now.script.line.names.values()
        known = [word for text in (name, *service) for word in adviser.words_of(text) if len(word) > 1]
        return passwords.why_too_weak(new, *known)

    def _why_not_me(self) -> str:
        """Why the present password in the form does not allow a change; empty if it is right. After MOST_WRONG wrong
        ones, the sign-in ends.
        """
        tries, store = self.signing_in.tries, self._console.store.sign_ins
        who = f"sign-in {g.signin.id}"
        if store.counted(who)[0] >= MOST_WRONG:
            store.end(g.signin)
            return "There were many wrong passwords, so you are signed out. Sign in again."
        try:
            if tries.password_fits(tries.by(g.adviser.name), g.adviser, request.form.get("password", "")):
                return ""
        except passwords.Busy:
            return "Many people are signing in at the moment. Wait a little, and try again."
        store.count(who)
        return "That is not your present password. Nothing was changed."

    def _refused(self, why: str) -> tuple[str, int]:
        return self.account(why), 422

    # --- the second factor ------------------------------------------------------------------

    def factor(self, problem: str = "") -> str:
        """The key for an app, as a QR code and as text."""
        secret = self._new_secret()
        service = self._console.live.now.script.line.service_name
        return render_template(
            "factor.html", problem=problem, key=factors.in_groups(secret), name=g.adviser.name, service=service,
            qr=factors.qr(factors.address(secret, g.adviser.name, service)),
            must_have=self.signing_in.must_have_factor(g.adviser),
        )  # fmt: skip

    def _new_secret(self) -> str:
        """The key for a new app: the one that is being set up, or else a new one."""
        made = factors.new_secret()

        def how(person: Adviser, _: list[Adviser]) -> Adviser:
            return person if person.new_secret else replace(person, new_secret=made)

        if not g.adviser.new_secret:
            g.adviser = self._console.store.accounts.change(g.adviser.name, how)
        return str(g.adviser.new_secret)

    def set_factor(self) -> str | tuple[str, int]:
        """Take the new key, once a code of the app confirms it. Shows the codes of last resort."""
        code, secret, now = request.form.get("code", ""), g.adviser.new_secret, self._now
        if not secret:
            return self.factor("That key was set up already, or is too old. Here is another."), 409
        if why := self._why_not_me():
            return self.factor(why), 422
        step = factors.step_of(secret, code, now)
        if step is None:
            return self.factor(_why_wrong(secret, code, now)), 422
        codes = factors.new_codes()
        made = Factor(secret, now, factors.hashed(secret, codes))

        def how(person: Adviser, _: list[Adviser]) -> Adviser:
            if person.new_secret != secret:
                raise Refused("That key was set up already, in another tab.")
            return factors.with_factor(person, made)

        try:
            self._console.store.accounts.change(g.adviser.name, how)
        except Refused as why:
            return self.factor(str(why)), 409
        self._console.store.accounts.use_code(g.adviser.name, step)
        self._console.note("set up a second factor")
        return render_template("codes.html", codes=codes, is_new=True)

    def codes(self) -> str | tuple[str, int]:
        """Make new codes of last resort. The earlier ones no longer work."""
        if why := self._why_not_me():
            return self._refused(why)
        codes = factors.new_codes()

        def how(person: Adviser, _: list[Adviser]) -> Adviser:
            if person.factor is None:
                raise Refused("There is no second factor.")
            return replace(person, factor=replace(person.factor, codes=factors.hashed(person.factor.secret, codes)))

        try:
            self._console.store.accounts.change(g.adviser.name, how)
        except Refused as why:
            return self._refused(str(why))
        self._console.note("made new codes of last resort")
        return render_template("codes.html", codes=codes, is_new=False)

    def factor_off(self) -> Response | tuple[str, int]:
        """Go on without a second factor, where the service allows that."""
        if self.signing_in.must_have_factor(g.adviser):
            return self._refused("The service wants a second factor for your role. You can set up a new one.")
        if why := self._why_not_me():
            return self._refused(why)
        self._console.store.accounts.change(
            g.adviser.name, lambda person, _: replace(person, factor=None, new_secret="")
        )
        self._console.note("switched off their second factor")
        flash("Your second factor is off. Remove the line from your app.", "success")
        return go("account")

    # --- sign-ins ---------------------------------------------------------------------------

    def signins(self) -> str:
        """One's own sign-ins; for administrators, those of everybody."""
        sees_all = self._may("people")
        current = [kept for kept in self._in_reach() if self._now - kept.seen <= IDLE_SECONDS]
        failures = list(self._console.store.sign_ins.failures()) if sees_all else []
        return render_template("signins.html", signins=current, here=g.signin.id, failures=failures, now=self._now)

    def _in_reach(self) -> Iterator[SignIn]:
        """The sign-ins that this adviser may see and end."""
        names = [each.name for each in self._console.store.accounts.all()] if self._may("people") else [self._me]
        for name in names:
            yield from self._console.store.sign_ins.all_of(name)

    def _of(self, name: str) -> Iterator[SignIn]:
        kept = self._console.store.sign_ins.all_of(name)
        return (each for each in kept if self._now - each.seen <= IDLE_SECONDS)

    def end_signin(self, signin_id: str) -> Response:
        """End one of one's own sign-ins; administrators can end anybody's."""
        found = next((kept for kept in self._in_reach() if kept.id == signin_id), None)
        if found is None:
            abort(404)
        self._end(found)
        self._console.note("ended a sign-in" + (f" of {found.name}" if found.name != self._me else ""))
        flash("That sign-in is ended.", "success")
        return go("signins")

    def end_others(self) -> Response:
        """End all one's own sign-ins but this one."""
        self._end(*(kept for kept in self._console.store.sign_ins.all_of(self._me) if kept.id != g.signin.id))
        self._console.note("ended their other sign-ins")
        flash("Everywhere else you are signed out.", "success")
        return go("account")

    def _end(self, *kept: SignIn) -> None:
        for each in kept:
            self._console.store.sign_ins.end(each)

    # --- confirming who one is ----------------------------------------------------------------

    def again(self, problem: str = "") -> str:
        """Asks for a code, or for the password of whoever has no second factor."""
        return render_template("again.html", problem=problem, carried=request.form.get("carried", ""))

    def confirm(self) -> Response | str | tuple[str, int]:
        if why := self._why_no_code() if g.adviser.factor else self._why_not_me():
            return self.again(why), 422
        self._console.store.sign_ins.confirm(g.signin, self._now)
        then = f"{request.script_root}{session.pop('then', '') or url_for('account').removeprefix(request.script_root)}"
        if form := read(request.form.get("carried", "")):
            return go_on(form, then)
        return redirect(then, 303)

    def _why_no_code(self) -> str:
        """Why the code in the form cannot be used; empty if it can. It is used up."""
        tries, code = self.signing_in.tries, request.form.get("code", "")
        trier = tries.by(g.adviser.name)
        if not code.strip():
            return "Type the code that your app shows."
        if wait := tries.seconds_to_wait_for_code(trier, g.adviser):
            return f"There were many wrong codes. Wait {in_words(wait)}, and then type a new code."
        if tries.use_code(trier, g.adviser, code) is None:
            return "That code does not fit, or was used already. Codes change every 30 seconds: wait for the next one."
        return ""

    # --- taking up an invitation ------------------------------------------------------------

    def welcome(self, secret: str, problem: str = "") -> tuple[str, int]:
        """The page of an invitation, on which to set a password. To open it does not use the invitation up, because
        mail programs open links too.
        """
        accounts = self._console.store.accounts
        invitation = accounts.invitation(secret)
        person = accounts.get(invitation.name) if invitation else None
        if why := staffing.why_not(invitation, person, self._now):
            title = "This address cannot be used"
            return render_template("error.html", title=title, what=why, unsaved="", again="", form=None), 410
        return render_template(
            "welcome.html", invitation=invitation, person=person, problem=problem, secret=secret, now=self._now,
            service=self._console.live.now.script.line.service_name, shortest=passwords.SHORTEST,
            longest=passwords.LONGEST,
        ), 422 if problem else 200  # fmt: skip

    def join(self, secret: str) -> Response | tuple[str, int]:
        """Take up an invitation: set a password, and be signed in."""
        invitation = self._console.store.accounts.invitation(secret)
        if invitation is None:
            return self.welcome(secret)
        if why := self._why_not_new(invitation.name):
            return self.welcome(secret, why)
        try:
            person = staffing.join(self._console.store, secret, passwords.hashed(request.form["new"]), self._now)
        except Refused:
            return self.welcome(secret)
        flash(f"You are in. From now on, sign in as {person.name}, with your password.", "success")
        return self.signing_in.let_in(person)


def _why_wrong(secret: str, code: str, now: float) -> str:
    if not code.strip():
        return "Type the code that your app shows."
    if clock := factors.clock_in_words(secret, code, now):
        return f"The clock of your phone is about {clock}. Let it set itself, and type the next code."
    return "That code does not fit. Codes change every 30 seconds: type the one that your app shows now."
