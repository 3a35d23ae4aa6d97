"""How long callers wait while something stands still, or goes, in the middle of their calls.

Signed turns are sent on schedule: first alone, then each time while something happens:

    a publication     a changed line goes live
    Redis stopped     it stands still for three seconds (SIGSTOP), and goes on
    a web process     one of them is killed, and started again by the web server

What was sent to the killed process fails; Twilio asks its fallback for these, and a proxy in front of two machines asks
the other (`tests/test_deploy.py`). The stretches take turns, so that a noisy machine is noisy to all.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ivr.compiling import building
from ivr.machine import config
from ivr.store import Store
from ivr.usecases import publishing
from ivr.usecases.publishing import Passed
from tests.bench import lines, load
from tests.bench.figures import Figures, add_waits, options

#: Seconds for which Redis stands still.
STOPPED_SECONDS = 3.0


def main(arguments: list[str]) -> None:
    chosen = options("stall", __doc__)
    chosen.add_argument("--rounds", type=int, default=3)
    chosen.add_argument("--seconds", type=int, default=10, help="of each stretch of turns")
    chosen.add_argument("--a-second", type=int, default=50, help="turns a second")
    picked = chosen.parse_args(arguments)
    figures = Figures("stall")
    with lines.own() as line:
        redis_pid = int(line.store.redis.do(lambda client: client.info("server"))["process_id"])
        events: dict[str, Callable[[int], None]] = {
            "alone": lambda _: None,
            "a publication": lambda nth: _publish(line.store, line.passed, nth),
            "Redis stopped": lambda _: _stand_still(redis_pid),
            "a web process killed": lambda _: _kill_one(line.web),
        }
        _measure(line.port, events, picked, figures)
    figures.tell(picked)


def _measure(port: int, events: dict[str, Callable[[int], None]], picked: argparse.Namespace, figures: Figures) -> None:
    walks = load.walks(port)
    for nth in range(picked.rounds):
        for which, (name, happens) in enumerate(events.items()):
            meanwhile = threading.Thread(target=_in_the_middle, args=(happens, nth, picked.seconds / 3))
            meanwhile.start()
            took, failed = load.stretch(port, walks, picked.seconds, picked.a_second, f"{which}x{nth}")
            meanwhile.join()
            add_waits(figures, name, took, failed)
            time.sleep(2)
    for name in list(events)[1:]:
        figures.ratio(f"{name} / alone: median", f"{name}: median", "alone: median")


def _in_the_middle(happens: Callable[[int], None], nth: int, after: float) -> None:
    time.sleep(after)
    happens(nth)


def _publish(store: Store, passed: Passed, nth: int) -> None:
    """Make another revision live."""
    files = dict(passed.files)
    files["line.yaml"] += f"\n# {nth} {time.time()}\n"
    made = building.load(files, config.bank_holidays())
    publishing.put_live(store, Passed(files, made, ()), "benchmark", "benchmark", store.revisions.live() or "")


def _stand_still(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    os.kill(pid, signal.SIGCONT)


def _kill_one(web: int) -> None:
    children = Path(f"/proc/{web}/task/{web}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
