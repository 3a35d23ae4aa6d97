"""How much room and memory an installation takes: one with everything, one that only serves calls, and another version.

Each is really installed, into a copy of its folder, and its line started and left idle. Memory is the sum over all
processes of the line (PSS: what several share is divided among them), with the embedded Redis. Only the first
installation can publish; the one that only serves takes up what that published, as it would on a second machine.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from ivr.machine import config
from tests.bench.figures import Figures, options
from tests.bench.lines import started

FULL, SERVING = "everything", "serving"
LOCKS = {FULL: "requirements.lock", SERVING: "scripts/deploy/requirements.lock"}
#: Seconds for which a line is left alone.
IDLE_SECONDS = 20


@dataclass
class Measured:
    """Megabytes: of the installation, and of memory by kind of process, one value a round."""

    size: float
    idle: list[float] = field(default_factory=list)
    kinds: dict[str, list[float]] = field(default_factory=dict)


def main(arguments: list[str]) -> None:
    chosen = options("memory", __doc__)
    chosen.add_argument("--rounds", type=int, default=3)
    chosen.add_argument(
        "--idle", type=int, default=IDLE_SECONDS, metavar="SECONDS", help="how long a line is left idle"
    )
    chosen.add_argument("--beside", type=Path, metavar="FOLDER", help="a checkout of another version, with its .venv")
    picked = chosen.parse_args(arguments)
    figures = Figures("memory")
    with tempfile.TemporaryDirectory() as name:
        sides = {side: _installed(Path(name) / side, lock) for side, lock in LOCKS.items()}
        if picked.beside:
            sides[picked.beside.name] = _installed(Path(name) / "beside", "requirements.lock", picked.beside)
        found = {side: Measured(_megabytes(folder / ".venv")) for side, folder in sides.items()}
        for _ in range(picked.rounds):
            data = Path(tempfile.mkdtemp(dir=name))
            for side, folder in sides.items():
                own = data / ("data" if side in LOCKS else "other")
                _measure(found[side], folder, own, picked.idle, live=side == SERVING)
    for side, each in found.items():
        figures.add(f"{side}: installed", [each.size], "MB")
        figures.add(f"{side}: idle", each.idle, "MB")
        for kind, values in each.kinds.items():
            figures.add(f"{side}: idle, {kind}", values, "MB")
    for other in [side for side in sides if side != SERVING]:
        figures.ratio(f"serving / {other}: installed", "serving: installed", f"{other}: installed")
        figures.ratio(f"serving / {other}: idle", "serving: idle", f"{other}: idle")
        if other != FULL:
            figures.ratio(f"everything / {other}: idle", "everything: idle", f"{other}: idle")
    figures.tell(picked)


def _installed(place: Path, lock: str, source: Path = config.ROOT) -> Path:
    """A copy of a folder, installed as its README says."""
    not_copied = shutil.ignore_patterns(".venv", ".git", "node_modules", "var", "rendered", "masters", ".*_cache")
    shutil.copytree(source, place, ignore=not_copied)
    subprocess.run([place / "scripts" / "install", lock], check=True, stdout=subprocess.DEVNULL)
    return place


def _measure(found: Measured, folder: Path, data: Path, idle: int, *, live: bool) -> None:
    words = ["start", "--live"] if live else ["start"]
    with started(folder, data, *words, until="/readyz", every=0.3) as (pid, _):  # everything runs, the worker too
        time.sleep(idle)
        kinds = _memory(pid)
    found.idle.append(sum(kinds.values()))
    for kind, megabytes in kinds.items():
        found.kinds.setdefault(kind, []).append(megabytes)


def _memory(root: int) -> dict[str, float]:
    """Megabytes of a process and all below it, by kind."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                commands[int(entry.name)] = (entry / "cmdline").read_bytes().decode(errors="replace")
    ours = {root}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    found: dict[str, float] = {}
    for pid in ours:
        kind = _kind(commands.get(pid, ""))
        found[kind] = found.get(kind, 0.0) + _shared_out(pid)
    return found


def _kind(command: str) -> str:
    for part, kind in (("web_server", "web"), ("\0worker", "worker"), ("valkey", "Redis"), ("\0start", "start")):
        if part in command:
            return kind
    return "other"


def _shared_out(pid: int) -> float:
    with contextlib.suppress(OSError):
        for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if row.startswith("Pss:"):
                return int(row.split()[1]) / 1024
    return 0.0


def _megabytes(folder: Path) -> float:
    """As `du` counts: whole blocks, and a file with two names once."""
    told = subprocess.run(["du", "-s", "--block-size=1000", folder], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[0]) / 1000
