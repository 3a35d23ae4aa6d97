"""How fast the line answers, beside other ways to answer in the same run.

All are served by the same server with the same options, and get the same requests: whole calls that walk the shipped
script, signed, each request over a connection of its own as Twilio makes them. They take turns, so that a noisy machine
is noisy to all; the figures are the medians of the rounds.

    the line        with its Redis
    ordinary        Flask, twilio's check and builder, redis-py and a log, as their own pages show them
    bare Flask      one constant document

With --parts, the line is also run with each hand-written part done the library's way, one at a time: what is more
then is what that part saves. With --beside FOLDER, another version of the line is run, checked out in that folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases import publishing
from tests.bench import load
from tests.bench.figures import Figures, add_waits, options
from tests.bench.load import BASE, TOKEN, Walk, cpu
from tests.bench.parts import PARTS
from tests.ports import free_port

LINE, ORDINARY, BARE = "the line", "ordinary", "bare Flask"
#: Seconds that a server has to start.
START_SECONDS = 120
#: Turns a second that are sent on schedule.
SCHEDULES = (200, 500)


@dataclass(frozen=True)
class Side:
    """One way to answer, as it runs."""

    port: int
    pid: int
    redis_pid: int
    walks: list[Walk]


@dataclass(frozen=True)
class Round:
    """One measured stretch: turns a second, and seconds of processor time a turn (web server, and Redis)."""

    turns: float
    web: float
    redis: float

    @property
    def whole(self) -> float:
        """Seconds of processor time a turn, with Redis."""
        return self.web + self.redis


#: Rounds by side; each side has as many.
Rounds = Mapping[str, list[Round]]


def main(arguments: list[str]) -> None:
    chosen = options("speed", __doc__)
    chosen.add_argument("--rounds", type=int, default=5)
    chosen.add_argument("--calls", type=int, default=200, help="calls in a round")
    chosen.add_argument("--parts", action="store_true", help="what each part of our own saves")
    chosen.add_argument("--beside", type=Path, help="a checkout of another version of the line")
    picked = chosen.parse_args(arguments)
    figures = Figures("speed")
    with all_sides(picked.parts, picked.beside) as sides:
        rounds = _measured(sides, picked.rounds, picked.calls)
        _add_sides(figures, rounds)
        if picked.parts:
            _add_parts(figures, rounds)
        if not picked.parts and not picked.beside:
            _add_schedules(figures, sides)
    figures.tell(picked)


# --- the measuring --------------------------------------------------------------------------


def _measured(sides: Mapping[str, Side], number: int, calls: int) -> Rounds:
    rounds: dict[str, list[Round]] = {name: [] for name in sides}
    for i in range(number + 1):
        for name, side in sides.items():
            measured = _round(side, load.calls(side.walks, calls, f"{i}{''.join(filter(str.isalnum, name))}"))
            if i:  # the first round only warms up
                rounds[name].append(measured)
    return rounds


def _round(side: Side, calls: list[list[bytes]]) -> Round:
    before, redis_before, began = cpu(side.pid), cpu(side.redis_pid), time.perf_counter()
    turns = len(load.play(side.port, calls))
    seconds = time.perf_counter() - began
    return Round(turns / seconds, (cpu(side.pid) - before) / turns, (cpu(side.redis_pid) - redis_before) / turns)


def _add_sides(figures: Figures, rounds: Rounds) -> None:
    """Of each side; and of the line, beside each other way to answer."""
    kinds: dict[str, tuple[Callable[[Round], float], str]] = {
        "turns": (lambda r: r.turns, "a second"),
        "web CPU": (lambda r: r.web * 1e6, "µs a turn"),
        "CPU with Redis": (lambda r: r.whole * 1e6, "µs a turn"),
    }
    sides = [name for name in rounds if name not in PARTS]
    for kind, (of, unit) in kinds.items():
        for name in sides:
            figures.add(f"{name}: {kind}", map(of, rounds[name]), unit)
        for other in sides[1:]:
            figures.ratio(f"{LINE} / {other}: {kind}", f"{LINE}: {kind}", f"{other}: {kind}")


def _add_parts(figures: Figures, rounds: Rounds) -> None:
    """What a turn costs more if a part is done the library's way."""
    for name, (title, _) in PARTS.items():
        pairs = [(ours.whole, theirs.whole) for ours, theirs in zip(rounds[LINE], rounds[name], strict=True)]
        figures.add(f"{title}: more", [(theirs - ours) * 1e6 for ours, theirs in pairs], "µs a turn")
        figures.add(f"{title}: more of a turn", [100 * (theirs / ours - 1) for ours, theirs in pairs], "%")


def _add_schedules(figures: Figures, sides: Mapping[str, Side]) -> None:
    """How long callers wait, with requests sent on schedule."""
    for rate in SCHEDULES:
        for name, side in sides.items():
            took, failed = load.play_on_schedule(side.port, load.calls(side.walks, rate // 2, f"open{rate}"), rate)
            add_waits(figures, f"{name}, {rate} turns a second", took, failed)


# --- the servers ----------------------------------------------------------------------------


@contextmanager
def all_sides(parts: bool, beside: Path | None, only_line: bool = False) -> Iterator[dict[str, Side]]:
    """Every side that is measured, as they run, until this ends."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        environment = {
            **os.environ, "IVR_DATA": str(folder / "data"), "IVR_SPEECH": "say", "TWILIO_AUTH_TOKEN": TOKEN,
            "PUBLIC_URL": BASE,
        }  # fmt: skip
        settings = config.settings(environment)
        running.enter_context(server.redis(settings))
        store = Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
        publishing.put_live(store, publishing.gate(settings), "benchmark", "benchmark", "")
        redis_pid = _redis_pid(store)
        environment["BENCH_REDIS"] = settings.redis_url

        def serve(app: str, **more: str) -> tuple[int, int]:
            return running.enter_context(served(command(settings, app), {**environment, **more}, config.ROOT))

        ours = serve("tests.bench.clocked:app")
        walks = load.walks(ours[0])
        sides = {LINE: Side(*ours, redis_pid, walks)}
        if beside:
            sides[beside.name] = running.enter_context(_other(beside, folder / "other", environment))
        for name, app in () if only_line else ((ORDINARY, "tests.bench.ordinary:app"), (BARE, "tests.bench.bare:app")):
            sides[name] = Side(*serve(app), redis_pid, walks)
        for name in PARTS if parts else ():
            sides[name] = Side(*serve("tests.bench.clocked:app", BENCH_PART=name), redis_pid, walks)
        yield sides


def command(settings: Settings, app: str) -> Callable[[int], list[str]]:
    return lambda port: [*server.web_command("127.0.0.1", port, settings.web_processes)[:-1], app]


@contextmanager
def _other(folder: Path, data: Path, environment: Mapping[str, str]) -> Iterator[Side]:
    """Another version, started whole in its own folder with its own data; beside its own web server, a measured one."""
    here = {**environment, "IVR_DATA": str(data), "PYTHONPATH": f"{folder}:{Path(__file__).parent}"}
    own_python = folder / ".venv" / "bin" / "python"
    python = str(own_python if own_python.exists() else sys.executable)

    def command(port: int) -> list[str]:
        ask = (
            "import inspect, json\n"
            "try: from ivr.processes import server; from ivr.machine import config\n"
            "except ImportError: from ivr import config, server\n"  # an older version
            "make = server.web_command\n"
            "takes = inspect.signature(make).parameters\n"
            "more = [config.settings().web_processes] if 'processes' in takes else []\n"
            f"print(json.dumps(make('127.0.0.1', {port}, *more)))"
        )
        told = subprocess.run([python, "-c", ask], env=here, cwd=folder, capture_output=True, check=True)
        return [*json.loads(told.stdout)[:-1], "clocked:app"]

    def start(port: int) -> list[str]:
        return [python, "-m", "ivr", "start", "--port", str(port)]

    own = config.settings({**environment, "IVR_DATA": str(data / "redis")})
    with server.redis(own):
        here["REDIS_URL"] = own.redis_url
        with served(start, here, folder), served(command, here, folder) as (port, web):
            yield Side(port, web, _redis_pid(Store(own.redis_url, own.keys, PATIENT_SECONDS)), load.walks(port))


def _redis_pid(store: Store) -> int:
    return int(store.redis.do(lambda client: client.info("server"))["process_id"])


@contextmanager
def served(
    command: Callable[[int], list[str]], environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[int, int]]:
    """A server as its port and process, once it answers."""
    port = free_port()
    process = subprocess.Popen(command(port), env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    sys.exit("A server did not start.")
