"""How long a line takes to start, with Twilio's voice, so that nothing is rendered.

    first         `ivr start` on an empty folder: the words are checked and published
    again         the same once that is live
    web alone     `ivr web`, beside the line's Redis: as a restart of one machine has it

With --beside FOLDER, another version is started too, in turn with this one. It needs its .venv there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from ivr import config
from tests.bench.figures import Figures, options
from tests.ports import free_port

START_SECONDS = 300.0


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
        with _running(folder, Path(name), "start") as took:
            found["first"] = took
        with _running(folder, Path(name), "start") as took:
            found["again"] = took
            if (folder / "ivr" / "web_server.py").exists():
                with contextlib.suppress(SystemExit), _running(folder, Path(name), "web") as alone:
                    found["web alone"] = alone
        return found


@contextlib.contextmanager
def _running(folder: Path, data: Path, command: str) -> Iterator[float]:
    """A command of the line, and the seconds until it answers."""
    port, began = free_port(), time.monotonic()
    environment = {**os.environ, "IVR_DATA": str(data / "data"), "IVR_SPEECH": "say"}
    process = subprocess.Popen(
        [folder / ".venv" / "bin" / "ivr", command, "--port", str(port)], env=environment, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield _until_it_answers(port, process) - began
    finally:
        process.terminate()
        process.wait()


def _until_it_answers(port: int, process: subprocess.Popen[bytes]) -> float:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
            return time.monotonic()
        time.sleep(0.02)
    raise SystemExit(f"{process.args!r} did not answer.")
