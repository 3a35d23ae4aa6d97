"""Commands about one person's data: find it, export it, or delete it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ivr import config, dialling, disk, person
from ivr.callback import REFERENCE_DIGITS
from ivr.cli.common import Stop, out, store_of, who
from ivr.config import Settings
from ivr.jobs import read_recording, recording_path
from ivr.person import Person
from ivr.store import Spool, Store

#: Where data may remain, and until when.
LEFT = (
    "Not deleted here: backups of IVR_DATA and of Redis, until you delete them (a restore deletes this person again); "
    "a spool on another machine; and what Twilio keeps of calls and texts, as long as you set there. The append-only "
    "file of Redis is written anew within a minute, while the line runs. The log keeps who saw or did what with these "
    "requests, by their ids, and no number."
)


@click.group("person")
def person_group() -> None:
    """The data of one person. NUMBER is a phone number or a call number."""


@person_group.command("find")
@click.argument("number")
def person_find(number: str) -> None:
    """Print how much data there is, by kind."""
    with _of(number, "looked for a person") as (_, _, _, found):
        for line in _told(found):
            out(line)


@person_group.command("export")
@click.argument("number")
@click.argument("folder", type=click.Path(path_type=Path))
def person_export(number: str, folder: Path) -> None:
    """Write all of it into a new FOLDER: person.json, and the spoken messages."""
    with _of(number, "exported a person") as (settings, _, _, found):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError as error:
            raise Stop(f"{folder} is there already. Name a folder that is new.") from error
        disk.write_whole(folder / "person.json", person.as_json(found), 0o600)
        for request in found.requests:
            for message in request.messages:
                if (sound := read_recording(settings, message.name)) is not None:
                    disk.write_whole(folder / recording_path(settings, message.name).name, sound, 0o600)
        for line in _told(found):
            out(line)
    out(f"All of it is in {folder}. Keep it safe, and delete it afterwards.")


@person_group.command("forget")
@click.argument("number")
@click.option("--sure", is_flag=True, help="Do it. Without this, it only says what would be deleted.")
def person_forget(number: str, sure: bool) -> None:
    """Delete all of it for good."""
    with _of(number, "forgot a person" if sure else "looked for a person") as (settings, store, spool, found):
        for line in _told(found):
            out(line)
        if not sure:
            raise Stop("Nothing was deleted. To delete all of it, add --sure. Nobody will ring whoever waits.")
        person.forget(settings, store, spool, found, time.time())
        left = person.find(store, spool, found.number, time.time())
    if left.is_known:
        raise Stop("Something came in meanwhile. Do it once more.")
    out(f"Deleted. {LEFT}")


@contextmanager
def _of(number: str, what: str) -> Iterator[tuple[Settings, Store, Spool, Person]]:
    settings = config.settings()
    with store_of(settings) as store:
        spool = Spool(settings.spool_dir, settings.keys)
        found = person.find(store, spool, _number(store, number), time.time())
        if not found.is_known:
            raise Stop("Nothing is kept of this number.")
        store.people.note(time.time(), f"{who()} at the terminal", what)
        yield settings, store, spool, found


def _number(store: Store, number: str) -> str:
    if len(number) == REFERENCE_DIGITS and number.isdigit():
        phones = person.numbers_of(store, number)
        if len(phones) != 1:
            says = "No call has" if not phones else f"{len(phones)} phones have a call with"
            raise Stop(f"{says} the number {number}. Give the phone number.")
        return phones[0]
    judged = dialling.judge(number)
    if not judged.e164:
        raise Stop(f"'{number}' is not a phone number here. Write it like '07700 900123'.")
    return judged.e164


def _told(found: Person) -> Iterator[str]:
    yield from (f"{count:4}  {words}" for count, words in found.counts())
