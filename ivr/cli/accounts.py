"""Commands about the accounts of the people who work with the line."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ivr import dialling, roles
from ivr.advising.adviser import Adviser, words_of
from ivr.advising.adviser import written as name_written
from ivr.callbacks.callback import Refused
from ivr.cli.common import Stop, at_terminal, out, store_of
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.machine.passwords import hashed, why_too_weak
from ivr.problems import counted
from ivr.roles import Role
from ivr.script import Script
from ivr.store import Store
from ivr.usecases import staffing
from ivr.usecases.publishing import published

_PHONE_HELP = "The adviser's phone for calls by one click: '0116 496 0123'. '' removes it."


@click.group()
def adviser() -> None:
    """The people who may sign in to the advisers' page."""


@adviser.command("invite")
@click.argument("name")
@click.option("--role", type=click.Choice(roles.ALL), help="What they may do. Default: adviser, or what they are.")
@click.option("--phone", help=_PHONE_HELP)
def adviser_invite(name: str, role: Role | None, phone: str | None) -> None:
    """Print an address by which somebody comes in, sets a password, and is signed in. It works once, for a week.

    For the first administrator, for somebody new, and for somebody who forgot their password or returns.
    """
    settings = config.settings()
    number = _phone(phone, settings)
    with store_of(settings) as store, _refused():
        known, by, now = store.accounts.find(name), at_terminal(), time.time()
        if known is None:
            person, secret = staffing.add(store, name, role or roles.ALL[0], number or "", by, now)
        else:
            _change(store, known, role, number)
            person, secret = staffing.way_in(store, known.name, by, now)
    out(f"Give this address to {person.name}, and to nobody else. It works once, for a week:")
    out(f"  {settings.public_url}/console/welcome/{secret}")


@adviser.command("add")
@click.argument("name")
@click.option("--phone", help=_PHONE_HELP)
@click.option("--role", type=click.Choice(roles.ALL), help="What they may do. Default: adviser, or what they are.")
@click.option("--admin/--no-admin", default=None, help="The same as --role administrator, and --role adviser.")
@click.password_option(help="Default: ask for it.")
def adviser_add(name: str, phone: str | None, role: Role | None, admin: bool | None, password: str) -> None:
    """Set somebody's password, here at the terminal. Phone and role of somebody who is there stay unless given."""
    role = role if admin is None else "administrator" if admin else "adviser"
    settings = config.settings()
    number = _phone(phone, settings)
    with store_of(settings) as store, _refused():
        name = name_written(name)
        if why := why_too_weak(password, *words_of(name), *_names(published(store))):
            raise Stop(why)
        known, by, now = store.accounts.find(name), at_terminal(), time.time()
        if known is None:
            new = Adviser(name, hashed(password), number or "", role or roles.ALL[0], stamp=staffing.stamp())
            store.accounts.add(new)
            store.audit.note(now, by, f"added {name} as {new.role}")
        else:
            _change(store, known, role, number)
            staffing.set_password(store, known.name, hashed(password), by, now)
    name = known.name if known else name
    out(f"{name} can sign in again: the name was disabled." if known and known.disabled else f"{name} can sign in.")


def _change(store: Store, known: Adviser, role: Role | None, number: str | None) -> None:
    """Change what was named."""
    if role is not None and role != known.role:
        staffing.set_role(store, known.name, role, at_terminal(), time.time())
    if number is not None and number != known.phone:
        staffing.set_phone(store, known.name, number, at_terminal(), time.time())


def _phone(typed: str | None, settings: Settings) -> str | None:
    """The phone as it is stored; None if none was named, and empty to remove it."""
    if not typed:
        return typed
    judged = dialling.judge(typed)
    if judged.verdict != "fine":
        raise Stop(f"'{typed}' is not a phone that we can ring.")
    if dialling.same(judged.e164, settings.our_numbers):
        raise Stop(f"'{typed}' is this line's own number. Give the phone on which they are rung.")
    return judged.e164


def _names(live: Script | None) -> list[str]:
    """The words of the service's names, which anybody would try in a password."""
    return re.findall(r"\w{4,}", " ".join(live.line.names.values())) if live else []


@contextmanager
def _refused() -> Iterator[None]:
    """Stop with the reason why something is not possible."""
    try:
        yield
    except Refused as why:
        raise Stop(str(why)) from why


def _known(store: Store, name: str) -> Adviser:
    known = store.accounts.find(name)
    if known is None:
        raise Stop(f"There is no adviser called {name}.")
    return known


@adviser.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(roles.ALL))
def adviser_role(name: str, role: Role) -> None:
    """Change what somebody may do. They sign in anew, with the same password."""
    with store_of(config.settings()) as store, _refused():
        known = staffing.set_role(store, _known(store, name).name, role, at_terminal(), time.time())
    out(f"{known.name} is {role} now.")


@adviser.command("disable")
@click.argument("name")
def adviser_disable(name: str) -> None:
    """Take away somebody's access, at once. What they had goes to everybody."""
    with store_of(config.settings()) as store, _refused():
        known = _known(store, name)
        freed = staffing.leave(store, known.name, at_terminal(), time.time())
    had = f" What they had is everybody's now: {counted(freed, 'request')}." if freed else ""
    out(f"{known.name} can no longer sign in.{had}")


@adviser.command("reset-factor")
@click.argument("name")
def adviser_reset_factor(name: str) -> None:
    """Take somebody's second factor away, because their phone is lost. They set up a new one when they sign in."""
    with store_of(config.settings()) as store, _refused():
        known = staffing.reset_factor(store, _known(store, name).name, at_terminal(), time.time())
    out(f"{known.name} has no second factor, and is signed out everywhere.")


@adviser.command("list")
def adviser_list() -> None:
    """List the advisers."""
    with store_of(config.settings()) as store:
        for known in store.accounts.all():
            facts = [known.role, *["left"] * known.disabled, *["second factor"] * bool(known.factor)]
            facts += ["has a phone"] * bool(known.phone) + ["invited"] * (not known.disabled and not known.can_sign_in)
            out(f"{known.name:20} {', '.join(facts)}")
