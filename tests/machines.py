"""Two machines' worth of web processes on one Redis, behind the balancer that is delivered."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ivr.machine import config, keys
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases import publishing
from tests.bench import load, speed
from tests.faults.proxies import BALANCER, proxy


@dataclass
class Machines:
    """The balancer's port, and the web server of each machine."""

    port: int
    web: list[int]

    def play(self, name: str, seconds: int, a_second: int, kill_after: float = 0.0) -> tuple[list[float], int]:
        """Whole calls on schedule, of which each turn goes to whichever machine. One machine may be killed meanwhile.

        Returns the seconds that each turn took, and how many failed.
        """
        calls = load.calls(load.walks(self.port), seconds * a_second // 8, name)
        killing = threading.Thread(target=self._kill_one, args=(kill_after,))
        if kill_after:
            killing.start()
        took, failed = load.play_on_schedule(self.port, calls, a_second)
        if kill_after:
            killing.join()
        return took, failed

    def _kill_one(self, after: float) -> None:
        """As when a machine loses its power. Its processes end with its web server."""
        time.sleep(after)
        os.kill(self.web.pop(), signal.SIGKILL)


@contextlib.contextmanager
def two(folder: Path) -> Iterator[Machines]:
    """Two machines that run, each with a disk of its own."""
    told = {
        **os.environ, "IVR_SPEECH": "say", "TWILIO_AUTH_TOKEN": load.TOKEN, "PUBLIC_URL": load.BASE,
        "IVR_KEYS": ",".join(keys.new_words()),
    }  # fmt: skip
    first = config.settings({**told, "IVR_DATA": str(folder / "first")})
    with contextlib.ExitStack() as running:
        running.enter_context(server.redis(first))
        with closing(Store(first.redis_url, first.keys, PATIENT_SECONDS)) as store:
            publishing.put_live(store, publishing.gate(first), "tests", "tests", "")
        shared = {**told, "REDIS_URL": first.redis_url}
        command = speed.command(first, "tests.bench.clocked:app")
        webs = [
            running.enter_context(speed.served(command, {**shared, "IVR_DATA": str(folder / name)}, config.ROOT))
            for name in ("first machine", "second machine")
        ]
        through = running.enter_context(proxy(BALANCER, folder, webs[0][0], load.TOKEN, webs[1][0]))
        yield Machines(through.port, [pid for _, pid in webs])
