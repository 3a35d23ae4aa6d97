"""The people who may sign in: inviting, changing and letting them go. Only administrators see these pages.

An invitation is an address that works once. It is shown to the administrator, who copies it into a message or reads it
from the screen, and is stored only as a hash: whoever loses it gets another. Nobody sets a password for somebody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from flask import Flask, abort, flash, render_template, request
from werkzeug.wrappers import Response

from ivr import dialling, roles
from ivr.advising import adviser, briefing
from ivr.advising.adviser import LONGEST_NAME, Adviser, name_of
from ivr.callbacks.callback import Refused
from ivr.problems import counted
from ivr.roles import Role
from ivr.store import SignIn
from ivr.usecases import staffing
from ivr.web.console.common import Console, Pages, add_pages, go
from ivr.web.console.signin import IDLE_SECONDS, SignInPages


class AccountRow(NamedTuple):
    """One person in the table."""

    id: str
    person: Adviser
    #: Whether they are here, invited or gone, in words; and about their second factor.
    state: str
    factor: str


def add_to(app: Flask, console: Console, signing_in: SignInPages) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    pages.signing_in = signing_in
    add_pages(
        app,
        ("/people", pages.people, "GET"),
        ("/people", pages.invite, "POST"),
        ("/people/<person_id>", pages.person, "GET"),
        ("/people/<person_id>/name", pages.rename, "POST"),
        ("/people/<person_id>/role", pages.set_role, "POST"),
        ("/people/<person_id>/phone", pages.set_phone, "POST"),
        ("/people/<person_id>/way-in", pages.way_in, "POST"),
        ("/people/<person_id>/factor", pages.reset_factor, "POST"),
        ("/people/<person_id>/leave", pages.leave, "POST"),
        needs="people",
    )


class _Pages(Pages):
    signing_in: SignInPages

    # --- looking ----------------------------------------------------------------------------

    def people(self, problem: str = "", **typed: str) -> str:
        """Everybody, those who left at the end; and the form to invite somebody."""
        everybody = sorted(self._console.store.accounts.all(), key=lambda each: (each.disabled, name_of(each.name)))
        return render_template(
            "people.html", rows=[self._row(each) for each in everybody], problem=problem, roles=self._roles(),
            typed=typed, longest=LONGEST_NAME, now=self._now,
        )  # fmt: skip

    def _roles(self) -> list[tuple[Role, bool]]:
        """Each role, and whether the service wants a second factor for it."""
        wanted = self._console.live.now.script.line.second_factor
        return [(role, role in wanted) for role in roles.ALL]

    def _row(self, person: Adviser) -> AccountRow:
        must = self.signing_in.must_have_factor(person)
        factor = "on" if person.factor else "must be set up" if must and not person.disabled else "off"
        return AccountRow(_id_of(person), person, self._state(person), factor)

    def _state(self, person: Adviser) -> str:
        if person.disabled:
            return "left"
        if not person.password_hash:
            if person.invited_until > self._now:
                ends = briefing.moment(person.invited_until, self._now)
                return f"invited by {person.invited_by}, until {ends}"
            return "has no way in: make a new address"
        return "here" if self._is_here(person.name) else "not here"

    def person(self, person_id: str, problem: str = "") -> str:
        """One person, and everything that can be changed."""
        found = self._of(person_id)
        return render_template(
            "person.html", row=self._row(found), person=found, problem=problem, roles=self._roles(),
            is_me=found.name == self._me, signins=self._signins(found),
            phone=dialling.national(found.phone) if found.phone else "", longest=LONGEST_NAME, now=self._now,
        )  # fmt: skip

    def _signins(self, person: Adviser) -> list[SignIn]:
        kept = self._console.store.sign_ins.all_of(person.name)
        return [each for each in kept if self._now - each.seen <= IDLE_SECONDS]

    def _of(self, person_id: str) -> Adviser:
        found = next((each for each in self._console.store.accounts.all() if _id_of(each) == person_id), None)
        if found is None:
            abort(404)
        return found

    # --- inviting ---------------------------------------------------------------------------

    def invite(self) -> str | tuple[str, int]:
        """Invite somebody new, and show the address for them."""
        typed = {name: request.form.get(name, "").strip() for name in ("name", "role", "phone")}
        try:
            phone = self._phone(typed["phone"])
            new, secret = staffing.add(self._console.store, typed["name"], _role(typed["role"]), phone, *self._by)
        except Refused as why:
            return self.people(str(why), **typed), 422
        return self._address(new, secret)

    def way_in(self, person_id: str) -> str | tuple[str, int]:
        """A new address for somebody who forgot their password, lost the address, or returns."""
        try:
            person, secret = staffing.way_in(self._console.store, self._of(person_id).name, *self._by)
        except Refused as why:
            return self.person(person_id, str(why)), 422
        return self._address(person, secret)

    def _address(self, person: Adviser, secret: str) -> str:
        path = f"{request.script_root}/welcome/{secret}"
        return render_template(
            "address.html", person=person, address=f"{self._console.settings.public_url}{path}", now=self._now
        )

    @property
    def _by(self) -> tuple[str, float]:
        return self._me, self._now

    def _phone(self, typed: str) -> str:
        """The phone for calls by one click (E.164); empty for none. Raises Refused."""
        if not typed:
            return ""
        judged = dialling.judge(typed)
        if judged.verdict != "fine":
            raise Refused("That phone cannot be rung. Write a UK number like 0116 496 0123, or leave it empty.")
        if dialling.same(judged.e164, self._console.settings.our_numbers):
            raise Refused("That is this line's own number. Write the phone on which they are rung.")
        return judged.e164

    # --- changing ---------------------------------------------------------------------------

    def rename(self, person_id: str) -> Response | tuple[str, int]:
        to = request.form.get("name", "")
        return self._answer(
            person_id, lambda name: staffing.rename(self._console.store, name, to, *self._by),
            "They sign in by their new name from now on, with the same password.",
        )  # fmt: skip

    def set_role(self, person_id: str) -> Response | tuple[str, int]:
        role = request.form.get("role", "")
        return self._answer(
            person_id, lambda name: staffing.set_role(self._console.store, name, _role(role), *self._by),
            "The role is changed. They sign in anew.",
        )  # fmt: skip

    def set_phone(self, person_id: str) -> Response | tuple[str, int]:
        typed = request.form.get("phone", "").strip()
        return self._answer(
            person_id, lambda name: staffing.set_phone(self._console.store, name, self._phone(typed), *self._by),
            "The phone is changed." if typed else "The phone is removed. They ring by hand.",
        )  # fmt: skip

    def reset_factor(self, person_id: str) -> Response | tuple[str, int]:
        return self._answer(
            person_id, lambda name: staffing.reset_factor(self._console.store, name, *self._by),
            "Their second factor is reset, and they are signed out. They can set up a new one with their password.",
        )  # fmt: skip

    def _answer(self, person_id: str, how: Callable[[str], Adviser], told: str) -> Response | tuple[str, int]:
        try:
            person = how(self._of(person_id).name)
        except Refused as why:
            return self.person(person_id, str(why)), 422
        except KeyError:
            abort(404)
        flash(told, "success")
        return go("person", person_id=_id_of(person))

    def leave(self, person_id: str) -> Response | tuple[str, int]:
        """Record that somebody left. Others can take the requests that they had at once."""
        if not request.form.get("sure"):
            return self.person(person_id, "Nothing was changed. First tick the box to say that you are sure."), 422
        name = self._of(person_id).name
        try:
            freed = staffing.leave(self._console.store, name, *self._by)
        except Refused as why:
            return self.person(person_id, str(why)), 422
        had = f" What they had is everybody's now: {counted(freed, 'request')}." if freed else ""
        flash(f"{name} is signed out and cannot sign in any more.{had}", "success")
        return go("people")


def _role(typed: str) -> Role:
    if typed not in roles.ALL:
        raise Refused("Choose a role.")
    return typed


def _id_of(person: Adviser) -> str:
    """The person's id in addresses of pages. A name can have any characters, and must not appear in the log of a
    proxy.
    """
    return hashlib.sha256(adviser.name_of(person.name).encode()).hexdigest()[:12]
