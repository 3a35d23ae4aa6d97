"""Commands about what the embedded Redis keeps on disk."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from pathlib import Path

import click

from ivr import config, embedded, server
from ivr.cli.common import Stop, out, store_of
from ivr.config import Settings
from ivr.store import ping


@click.group()
def store() -> None:
    """Look after what the embedded Redis keeps on disk."""


@store.command()
def check() -> None:
    """Say whether everything that was kept is there and can be read, and what is lost if not.

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
        "This cannot be repaired here. Put back a copy of IVR_DATA."
        if cannot
        else "If you have a copy of IVR_DATA that is newer than what is left, put that back. Else: ivr store repair"
    )


@store.command()
def repair() -> None:
    """Make what is left usable, and keep a copy of everything as it was.

    The line must be stopped. What stands behind a damaged place is lost to the line, and stays in the copy.
    """
    settings = _stopped()
    if not embedded.faults(settings.data_dir):
        out(f"There is nothing to repair. {_whole(settings)}")
        return
    copy, found = embedded.repair(settings.data_dir, dt.datetime.now())
    for fault in found:
        out(fault.says)
    out(f"Repaired. {_whole(settings)}")
    out(f"Everything as it was is in {copy}. It holds callers' numbers: delete it when you need it no more.")


def _stopped() -> Settings:
    """The settings of a line that is stopped, and whose Redis is ours."""
    settings = config.settings()
    if not server.is_embedded(settings):
        raise Stop("This line uses a Redis elsewhere. It is checked where it runs.")
    if ping(settings.redis_url):
        raise Stop(
            "Redis is running, and read its file whole when it started. To look at the file, stop the line first."
        )
    if settings.data_dir.exists():
        embedded.may_use(settings.data_dir)
    return settings


def _whole(settings: Settings) -> str:
    """Have a server of its own read a copy, which proves that ours can, and count who is in it."""
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        embedded.copy(settings.data_dir, Path(folder))
        trial = dataclasses.replace(settings, data_dir=Path(folder), redis_url=config.embedded_redis(Path(folder)))
        with store_of(trial) as kept:
            waiting, ended = len(kept.requests.waiting()), len(kept.requests.ended(most=10**9))
    return f"What Redis kept can be read: {waiting} open requests, and {ended} that ended."
