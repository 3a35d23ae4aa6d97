"""Commands about callers who are waiting to be rung."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr import border, dialling
from ivr.advising import briefing, messages, ranking
from ivr.callbacks.callback import MOST_TRIES
from ivr.callbacks.request import CallbackRequest
from ivr.cli.common import Stop, at_terminal, out, store_of
from ivr.hours import LONDON
from ivr.machine import config
from ivr.problems import counted
from ivr.script import Script
from ivr.store import Store
from ivr.usecases.publishing import published

HEADINGS = (
    "When", "Number", "Promised", "Urgent", "Message?", "Say who?", "About", "Needs", "Tries", "State", "Listened to",
    "Left a message", "Call number", "Asked", "Notes",
)  # fmt: skip


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


def _cells(row: ranking.ListRow, now: float, live: Script | None) -> tuple[str, ...]:
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


def _note(store: Store, what: str) -> None:
    """Record an action in the log, under the name of the system user."""
    store.audit.note(time.time(), at_terminal(), what)
