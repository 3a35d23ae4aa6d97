"""Commands about advisers, and about callers who are waiting to be rung."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr import border, dialling, roles
from ivr.advising import briefing, messages, ranking
from ivr.advising.adviser import Adviser, words_of
from ivr.advising.adviser import written as name_written
from ivr.callbacks.callback import MOST_TRIES, Refused
from ivr.callbacks.request import CallbackRequest
from ivr.cli.common import Stop, at_terminal, out, store_of
from ivr.hours import LONDON
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
HEADINGS = (
    "When", "Number", "Promised", "Urgent", "Message?", "Say who?", "About", "Needs", "Tries", "State", "Listened to",
    "Left a message", "Call number", "Asked", "Notes",
)  # fmt: skip


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
        known, by, now = store.people.find(name), at_terminal(), time.time()
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
        known, by, now = store.people.find(name), at_terminal(), time.time()
        if known is None:
            new = Adviser(name, hashed(password), number or "", role or roles.ALL[0], stamp=staffing.stamp())
            store.people.add(new)
            store.people.note(now, by, f"added {name} as {new.role}")
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


def _note(store: Store, what: str) -> None:
    """Record an action in the log, under the name of the system user."""
    store.people.note(time.time(), at_terminal(), what)


@contextmanager
def _refused() -> Iterator[None]:
    """Stop with the reason why something is not possible."""
    try:
        yield
    except Refused as why:
        raise Stop(str(why)) from why


def _known(store: Store, name: str) -> Adviser:
    known = store.people.find(name)
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
        for known in store.people.all():
            facts = [known.role, *["left"] * known.disabled, *["second factor"] * bool(known.factor)]
            facts += ["has a phone"] * bool(known.phone) + ["invited"] * (not known.disabled and not known.can_sign_in)
            out(f"{known.name:20} {', '.join(facts)}")


@click.group()
def callbacks() -> None:
    """The callers who are waiting to be rung, for when the page is down."""


@callbacks.command("list")
def callbacks_list() -> None:
    """Print the list, most urgent first, with the numbers to ring."""
    table = Table(*HEADINGS)
    for row in _rows():
        table.add_row(*(Text(border.printable(each)) for each in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200).print(table)


@callbacks.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def callbacks_export(file: Path) -> None:
    """Write the list to a CSV file, to print or open in a spreadsheet."""
    rows = _rows()
    with open(file, "w", newline="", encoding="utf-8-sig", opener=_private) as handle:
        border.write_sheet(handle, [HEADINGS, *rows])
    out(f"Wrote {counted(len(rows), 'request')} to {file}. It has phone numbers: keep it safe, and delete it later.")


@callbacks.command("block")
@click.argument("number")
@click.option("--why", required=True, help="Shown on the advisers' page.")
def callbacks_block(number: str, why: str) -> None:
    """Block a phone: after silence, the line rings nobody for it and takes no message. Its keys still work."""
    if not (known := dialling.written(number)):
        raise Stop(f"'{number}' is not a phone number. Write it like '07700 900123', or with its country: '+33 …'.")
    with store_of(config.settings()) as store:
        store.blocked.add(known, at_terminal(), time.time(), why)
        _note(store, "blocked a phone")
    out("The phone is blocked for 90 days. You can lift the block on the advisers' page.")


def _private(path: str, flags: int) -> int:
    """Open a file so that nobody else can read it, before any number is written, even if it existed before."""
    handle = os.open(path, flags, 0o600)
    os.chmod(path, 0o600)
    return handle


def _rows() -> list[tuple[str, ...]]:
    now = time.time()
    with store_of(config.settings()) as store:
        requests, live = store.requests.waiting(), published(store)
        _note(store, "listed the requests")
    return [_cells(row, now, live) for row in ranking.rows(requests, now, live)]


def _cells(row: ranking.Row, now: float, live: Script | None) -> tuple[str, ...]:
    request = row.request
    asked = dt.datetime.fromtimestamp(request.asked_at, LONDON)
    state = f"{row.held_by} has it" if row.held_by else "waiting" if request.finished else "hung up half-way"
    return (
        row.when,
        dialling.national(request.number) if request.number else "not known",
        "; ".join(briefing.promised_in_words(request, now, live)) if request.window else "",
        request.urgency.upper(),
        "yes" if request.may_leave_message() else "NO",
        "yes" if request.may_say_who() else "NO",
        "; ".join([*briefing.about_in_words(request), *["Answer by text"] * request.by_text]),
        ", ".join([*(f"speaks {language}" for language in request.languages), *request.needs, *_in_call(request)]),
        f"{request.tries} of {MOST_TRIES}",
        state,
        row.about,
        _messages(request),
        ", ".join(asker.reference for asker in request.askers),
        f"{asked:%d %b %H:%M}",
        "; ".join(event.note for event in request.events if event.note and event.who != "caller"),
    )


def _in_call(request: CallbackRequest) -> list[str]:
    """How the caller managed with the keys."""
    return ["pressed no key"] if request.pressed_nothing else ["slow speech"] if request.slow else []


def _messages(request: CallbackRequest) -> str:
    """Whether there is a message, and whether somebody has listened to it."""
    if not request.messages:
        return ""
    return "yes, nobody has listened" if messages.unheard(request) else "yes, listened to"
