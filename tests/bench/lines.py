"""The lines that benchmarks run: one of their own with a web server, and a whole one of some folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases import publishing
from ivr.usecases.publishing import Passed
from tests.bench import speed
from tests.bench.load import BASE, TOKEN
from tests.ports import free_port

#: Seconds in which a line must start.
START_SECONDS = 300.0


@dataclass(frozen=True)
class Own:
    """A private Redis with the shipped line in it, and a web server: its port and its process."""

    settings: Settings
    store: Store
    passed: Passed
    port: int
    web: int


@contextlib.contextmanager
def own() -> Iterator[Own]:
    """A line for turns alone, whose clock `tests.bench.clocked` sets."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        environment = {
            **os.environ, "IVR_DATA": str(folder), "IVR_SPEECH": "say", "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": BASE,
        }  # fmt: skip
        settings = config.settings(environment)
        running.enter_context(server.redis(settings))
        store = running.enter_context(contextlib.closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)))
        passed = publishing.gate(settings)
        publishing.put_live(store, passed, "benchmark", "benchmark", "")
        environment["BENCH_REDIS"] = settings.redis_url
        command = speed.command(settings, "tests.bench.clocked:app")
        port, web = running.enter_context(speed.served(command, environment, config.ROOT))
        yield Own(settings, store, passed, port, web)


@contextlib.contextmanager
def started(folder: Path, data: Path, *words: str, until: str, every: float) -> Iterator[tuple[int, float]]:
    """A command of the line of a folder, with Twilio's voice so that nothing is rendered.

    Yields its process, and the seconds until `until` answers, which is asked so often.
    """
    port, began = free_port(), time.monotonic()
    command: list[str | Path] = [folder / ".venv" / "bin" / "ivr", *words, "--port", str(port)]
    environment = {**os.environ, "IVR_DATA": str(data), "IVR_SPEECH": "say"}
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}{until}", process, every)
        yield process.pid, time.monotonic() - began
    finally:
        process.terminate()
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], every: float) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=2).close()
            return
        time.sleep(every)
    raise SystemExit(f"{process.args!r} did not start.")
