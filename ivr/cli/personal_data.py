"""Commands about one person's data: find it, export it, or delete it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ivr.cli.common import Stop, at_terminal, out, store_of
from ivr.machine import config, disk
from ivr.machine.config import Settings
from ivr.store import Spool, Store
from ivr.usecases import personal_data
from ivr.usecases.personal_data import PersonalData


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
        for name, content in personal_data.files_of(settings, found):
            disk.write_whole(folder / name, content, 0o600)
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
        try:
            personal_data.forget(settings, store, spool, found, time.time())
        except OSError as error:
            raise Stop(
                f"It is deleted, but {settings.erased_file} cannot be written ({error.strerror}), so the restore of a "
                "backup from before would bring it back. Correct that: a running line then notes it within a minute."
            ) from error
        left = personal_data.find(store, spool, found.number, time.time())
    if left.is_known:
        raise Stop("Something came in meanwhile. Do it once more.")
    out(f"Deleted. {personal_data.LEFT}")


@contextmanager
def _of(number: str, what: str) -> Iterator[tuple[Settings, Store, Spool, PersonalData]]:
    settings = config.settings()
    with store_of(settings) as store:
        spool = Spool(settings.spool_dir, settings.keys)
        found = personal_data.find(store, spool, _number(store, number), time.time())
        if not found.is_known:
            raise Stop("Nothing is kept of this number.")
        store.audit.note(time.time(), at_terminal(), what)
        yield settings, store, spool, found


def _number(store: Store, number: str) -> str:
    try:
        return personal_data.number_of(store, number)
    except ValueError as why:
        raise Stop(str(why)) from why


def _told(found: PersonalData) -> Iterator[str]:
    yield from (f"{count:4}  {words}" for count, words in found.counts())
