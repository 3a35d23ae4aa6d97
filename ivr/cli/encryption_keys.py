"""Commands about the keys that encrypt what is stored."""

from __future__ import annotations

import time

import click

from ivr.cli.common import Stop, out, store_of
from ivr.machine import config, keys
from ivr.usecases import renewing

#: Seconds until every process of a running line has read a key file that was changed.
KNOWN_SECONDS = 2 * keys.LOOK_SECONDS


@click.group("keys")
def keys_group() -> None:
    """The keys that encrypt what is stored about people."""


@keys_group.command("new")
def keys_new() -> None:
    """Print keys for a new line, to put into IVR_KEYS. Nothing is changed."""
    out(f"IVR_KEYS={','.join(keys.new_words())}")


@keys_group.command("list")
def keys_list() -> None:
    """Say which keys there are, by their ids, and how much each has encrypted."""
    settings = config.settings()
    with store_of(settings) as store:
        found = renewing.counted(settings, store)
    for nth, key in enumerate(settings.keys.ids):
        out(f"{key}  {found.pop(key, 0):7,} values and files{'' if nth else '  (the newest: it encrypts)'}")
    if clear := found.pop("", 0):
        out(f"In the clear: {clear:,}, from an earlier version. The next start encrypts them.")
    for key, count in found.items():
        out(f"{key}  {count:7,} values and files that cannot be read: this key is not here")
    out("A key with 0 may go once no backup from its time is left. The key that begins with names: always stays.")


@keys_group.command("rotate")
def keys_rotate() -> None:
    """Make a new key, and encrypt everything with it. The line may run meanwhile.

    If it is interrupted, run it again. With IVR_KEYS, put the new key there yourself: docs/operators.md says how.
    """
    settings = config.settings()
    with store_of(settings) as store:
        found = renewing.counted(settings, store)
        unfinished = len(settings.keys.ids) > 1 and any(found[key] for key in settings.keys.ids[1:])
        if not settings.key_words and not unfinished:
            _add_key(settings)
        changed = renewing.renew(settings, store)
        left = sum(renewing.counted(settings, store)[key] for key in settings.keys.ids[1:])
    out(f"{changed:,} values and files are encrypted with the key {settings.keys.ids[0]} now.")
    if left:
        raise Stop(f"{left:,} were written meanwhile with an older key. Run this once more.")
    if settings.key_words:
        out("Older keys in IVR_KEYS are needed only for backups from before. If nothing changed, put a new one first.")
    else:
        out(f"The older keys stay in {settings.key_file}, for backups from before. Copy that file again.")


def _add_key(settings: config.Settings) -> None:
    """Put a new key first, and wait until a running line knows it."""
    before = settings.keys.words
    names = tuple(word for word in before if word.startswith(keys.NAMES))
    others = tuple(word for word in before if not word.startswith(keys.NAMES))
    keys.rewrite(settings.key_file, (*names, keys.new_key(), *others))
    time.sleep(KNOWN_SECONDS)
