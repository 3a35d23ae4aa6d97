"""Commands about the files of the embedded Redis."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from pathlib import Path

import click

from ivr import embedded
from ivr.cli.common import Stop, out, store_of
from ivr.machine import config, keys
from ivr.machine.config import Settings
from ivr.problems import counted
from ivr.processes import server
from ivr.store import ping
from ivr.usecases import renewing


@click.group()
def store() -> None:
    """Check and repair the files of the embedded Redis."""


@store.command()
def check() -> None:
    """Check whether all saved data is there and can be read, and what is lost if not.

    The line must be stopped. Nothing is changed.
    """
    settings = _stopped()
    found = embedded.faults(settings.data_dir)
    for fault in found:
        out(fault.says)
    if all(fault.unfinished for fault in found):
        out(_whole(settings))
        return
    cannot = any(fault.remedy is embedded.Remedy.NONE for fault in found)
    raise Stop(
        "This cannot be repaired. Restore a backup of IVR_DATA."
        if cannot
        else "If you have a backup of IVR_DATA with more in it than is left, restore it. Otherwise: ivr store repair"
    )


@store.command()
def repair() -> None:
    """Copy everything, and then make the remaining data usable.

    The line must be stopped. Data after a damaged place is lost to the line, but stays in the copy.
    """
    settings = _stopped()
    if not embedded.faults(settings.data_dir):
        out(f"There is nothing to repair. {_whole(settings)}")
        return
    copy, found = embedded.repair(settings.data_dir, dt.datetime.now())
    for fault in found:
        out(fault.says)
    out(f"Repaired. {_whole(settings)}")
    out(f"A copy of everything is in {copy}. It is deleted after {renewing.COPY_DAYS} days.")


def _stopped() -> Settings:
    """The settings. Raises Stop unless the line is stopped and uses the embedded Redis."""
    settings = config.settings()
    if not server.is_embedded(settings):
        raise Stop("This line uses a Redis elsewhere. Check it on the machine where it runs.")
    if ping(settings.redis_url):
        raise Stop(
            "Redis is running, and read its files without faults at its start. To check them, stop the line first."
        )
    if settings.data_dir.exists():
        embedded.may_use(settings.data_dir)
    return settings


def _whole(settings: Settings) -> str:
    """Let a separate server load a copy, which proves that the files can be read, and count its requests."""
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        embedded.copy(settings.data_dir, Path(folder))
        words = settings.keys.words if settings.has_keys else keys.new_words()  # none: it is from an earlier version
        trial = dataclasses.replace(
            settings,
            data_dir=Path(folder),
            redis_url=config.embedded_redis(Path(folder)),
            key_words=",".join(words),
        )
        with store_of(trial) as kept:
            waiting, ended = len(kept.requests.waiting()), len(kept.requests.ended(most=10**9))
    return f"All saved data can be read: {counted(waiting, 'open request')}, and {ended} that ended."
