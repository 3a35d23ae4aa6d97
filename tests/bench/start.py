"""How long a line takes to start, with Twilio's voice, so that nothing is rendered.

    first         `ivr start` on an empty folder: the words are checked and published
    again         the same once that is live
    web alone     `ivr web`, beside the line's Redis: as a restart of one machine has it

With --beside FOLDER, another version is started too, in turn with this one. It needs its .venv there.
"""

from __future__ import annotations

import contextlib
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from ivr.machine import config
from tests.bench.figures import Figures, options
from tests.bench.lines import started


def main(arguments: list[str]) -> None:
    chosen = options("start", __doc__)
    chosen.add_argument("--rounds", type=int, default=5)
    chosen.add_argument("--beside", type=Path, metavar="FOLDER", help="a checkout of another version, with its .venv")
    picked = chosen.parse_args(arguments)
    figures, sides = Figures("start"), {"the line": config.ROOT}
    if picked.beside:
        sides[picked.beside.name] = picked.beside
    took: dict[str, list[float]] = {}
    for _ in range(picked.rounds):
        for side, folder in sides.items():
            for kind, seconds in _starts(folder).items():
                took.setdefault(f"{side}: {kind}", []).append(seconds)
    for name, values in took.items():
        figures.add(name, values, "s")
    if picked.beside:
        for name in [name for name in took if name.startswith("the line: ")]:
            kind = name.removeprefix("the line: ")
            other = f"{picked.beside.name}: {kind}"
            if other in took:
                figures.ratio(f"the line / {picked.beside.name}: {kind}", name, other)
    figures.tell(picked)


def _starts(folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        found = {}
        with _running(folder, Path(name), "start") as (_, took):
            found["first"] = took
        with _running(folder, Path(name), "start") as (_, took):
            found["again"] = took
            if any((folder / "ivr").rglob("web_server.py")):
                with contextlib.suppress(SystemExit), _running(folder, Path(name), "web") as (_, alone):
                    found["web alone"] = alone
        return found


def _running(folder: Path, data: Path, command: str) -> AbstractContextManager[tuple[int, float]]:
    """A command of the line, and the seconds until it answers."""
    return started(folder, data / "data", command, until="/healthz", every=0.02)
