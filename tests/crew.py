"""A real worker process with its own Redis, and servers that hang, for tests that kill and stall things."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ivr.authoring import drafts
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Published, Store
from ivr.usecases.jobs import WORKER_PROCESSES, Jobs
from tests.conftest import ENVIRONMENT
from tests.redis_server import soon


@dataclass
class Crew:
    """`ivr worker`, as the line starts it."""

    settings: Settings
    store: Store
    jobs: Jobs
    process: subprocess.Popen[bytes]

    def alive(self) -> bool:
        return self.store.health.condition(WORKER_PROCESSES, []).alive == frozenset(WORKER_PROCESSES)

    def children(self) -> list[int]:
        return children(self.process.pid)

    def kill(self) -> None:
        """Kill it, as the kernel does when memory runs out. Its processes end with it."""
        self.process.kill()
        self.process.wait()


def children(pid: int) -> list[int]:
    """The processes that this one started."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(OSError):
        return [int(child) for child in found.read_text().split()]
    return []


@contextlib.contextmanager
def crew(folder: Path, files: dict[str, str], **environment: str) -> Iterator[Crew]:
    """A running worker with these files and environment variables."""
    told = {**ENVIRONMENT, "IVR_DATA": str(folder / "var"), "IVR_AUDIO": str(folder / "audio"), **environment}
    settings = config.settings(told)
    with server.redis(settings), contextlib.closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
        store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
        store.texts.sender_is("")
        running = Crew(settings, store, Jobs(settings, store), begin(told))
        try:
            assert soon(running.alive)
            yield running
        finally:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(30)


def begin(told: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ivr", "worker"]
    return subprocess.Popen(command, env={**os.environ, **told}, cwd=config.ROOT, stdout=subprocess.DEVNULL)


class Half(ThreadingHTTPServer):
    """A REST API that answers calls and a webhook, but no texts while `hangs` is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[str] = []
        self.hangs = threading.Event()
        #: This many of the next clicks are never answered.
        self.clicks_that_hang = 0
        self.refuses: list[int] = []


class _Answers(BaseHTTPRequestHandler):
    server: Half

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = self.path.rsplit("/", 1)[1]
        self.server.asked.append(asked)
        hangs = asked == "Messages.json" and self.server.hangs.is_set()
        if asked == "Calls.json" and self.server.clicks_that_hang:
            self.server.clicks_that_hang -= 1
            hangs = True
        if hangs:
            time.sleep(30)
        self._answer(self.server.refuses.pop(0) if self.server.refuses else 200, b'{"sid": "SM1"}')

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        """A recording, in which there is no speech. No list of them is noted: the worker asks for it by itself."""
        if "Recordings.json" in self.path:
            self._answer(200, b'{"recordings": []}')
        else:
            self.do_POST()

    do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@contextlib.contextmanager
def half() -> Iterator[Half]:
    """Such a REST, for a while."""
    server = Half()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def hangs() -> Iterator[int]:
    """The port of a server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        taken: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        for each in taken:
            each.close()


def seconds_until(what: Callable[[], object], at_most: float = 60.0) -> float:
    """The seconds until this becomes true."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < at_most, "it never came"
        time.sleep(0.02)
    return time.monotonic() - began
