"""Commands about advisers, and about callers who are waiting to be rung."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import secrets
import sys
import time
from pathlib import Path

import click
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr import border, briefing, config, dialling, messages, ranking
from ivr.callback import MOST_TRIES
from ivr.cli.common import Stop, out, store_of, who
from ivr.hours import LONDON
from ivr.passwords import hashed, why_too_weak
from ivr.problems import counted
from ivr.publishing import published
from ivr.request import CallbackRequest
from ivr.script import Script
from ivr.store import LONGEST_NAME, Adviser, Store, name_of

HEADINGS = (
    "When", "Number", "Promised", "Urgent", "Message?", "Say who?", "About", "Needs", "Tries", "State", "Listened to",
    "Left a message", "Call number", "Asked", "Notes",
)  # fmt: skip


@click.group()
def adviser() -> None:
    """The people who may sign in to the advisers' page."""


@adviser.command("add")
@click.argument("name")
@click.option("--phone", help="The adviser's phone for calls by one click: '0116 496 0123'. '' removes it.")
@click.option("--admin/--no-admin", default=None, help="May read the log and delete requests.")
@click.password_option(help="Default: ask for it.")
def adviser_add(name: str, phone: str | None, admin: bool | None, password: str) -> None:
    """Add an adviser, or set a new password. Phone and permission of an existing adviser stay unless given."""
    name = name_of(name)
    if not name.replace(".", "").replace("-", "").isalnum():
        raise Stop("A name can contain only letters, numbers, dots and dashes.")
    if len(name) > LONGEST_NAME:
        raise Stop(f"A name can have at most {LONGEST_NAME} characters.")
    if phone and dialling.judge(phone).verdict != "fine":
        raise Stop(f"'{phone}' is not a phone that we can ring.")
    settings = config.settings()
    if phone and dialling.same(phone, settings.our_numbers):
        raise Stop(f"'{phone}' is this line's own number. Give the phone on which {name} is rung.")
    with store_of(settings) as store:
        if why := why_too_weak(password, *re.split(r"[.-]", name), *_names(published(store))):
            raise Stop(why)
        before = store.people.get(name)
        known = before or Adviser(name, "")
        number = known.phone if phone is None else dialling.judge(phone).e164 if phone else ""
        rights = known.admin if admin is None else admin
        store.people.save(Adviser(name, hashed(password), number, rights, stamp=secrets.token_hex(8)))
        _note(store, f"{'changed' if before else 'added'} the adviser {name}{_rights_given(known.admin, rights)}")
    out(f"{name} can sign in again: the name was disabled." if known.disabled else f"{name} can sign in.")


def _names(live: Script | None) -> list[str]:
    """The words of the service's names, which anybody would try in a password."""
    return re.findall(r"\w{4,}", " ".join(live.line.names.values())) if live else []


def _rights_given(before: bool, after: bool) -> str:
    """The part of the log entry about a changed permission; empty if it did not change."""
    return "" if before == after else ", now an administrator" if after else ", no longer an administrator"


def _note(store: Store, what: str) -> None:
    """Record an action in the log, under the name of the system user."""
    store.people.note(time.time(), f"{who()} at the terminal", what)


@adviser.command("disable")
@click.argument("name")
def adviser_disable(name: str) -> None:
    """Take away an adviser's access, at once."""
    with store_of(config.settings()) as store:
        known = store.people.get(name_of(name))
        if known is None:
            raise Stop(f"There is no adviser called {name}.")
        store.people.save(replace(known, disabled=True, stamp=secrets.token_hex(8)))
        _note(store, f"disabled the adviser {known.name}")
    out(f"{name} can no longer sign in.")


@adviser.command("list")
def adviser_list() -> None:
    """List the advisers."""
    with store_of(config.settings()) as store:
        for known in store.people.all():
            facts = ["admin"] * known.admin + ["disabled"] * known.disabled + ["has a phone"] * bool(known.phone)
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
        csv.writer(handle).writerows([HEADINGS, *([border.cell(each) for each in row] for row in rows)])
    out(f"Wrote {counted(len(rows), 'request')} to {file}. It has phone numbers: keep it safe, and delete it later.")


@callbacks.command("block")
@click.argument("number")
@click.option("--why", required=True, help="Shown on the advisers' page.")
def callbacks_block(number: str, why: str) -> None:
    """Block a phone: after silence, the line rings nobody for it and takes no message. Its keys still work."""
    judged = dialling.judge(number)
    if judged.verdict != "fine":
        raise Stop(f"'{number}' is not a UK phone number. Write it like '07700 900123'.")
    with store_of(config.settings()) as store:
        store.blocked.add(judged.e164, f"{who()} at the terminal", time.time(), why)
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
        ", ".join([*request.needs, *_in_call(request)]),
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
