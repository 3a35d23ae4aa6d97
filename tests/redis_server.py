"""A private Redis for one test, which can be stalled."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ivr import embedded
from ivr.machine import config
from ivr.store import Store, ping

#: Opens a store as `Store` does; it is closed after the test. An open one that is only dropped may be found by the
#: garbage collector in the middle of another test.
Opened = Callable[..., Store]


class RedisServer:
    """A real server on a socket in this folder."""

    def __init__(self, folder: Path):
        settings = config.settings({"IVR_DATA": str(folder)})
        self.url, self._folder = settings.redis_url, settings.data_dir
        self._process = subprocess.Popen(embedded.command(settings.data_dir))

    def __enter__(self) -> RedisServer:
        assert soon(lambda: ping(self.url))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def connect(self) -> socket.socket:
        reached = socket.socket(socket.AF_UNIX)
        reached.connect(self.url.removeprefix("unix://"))
        return reached

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Nobody answers. What it was told before is there again afterwards."""
        self._process.kill()
        self._process.wait()
        try:
            yield
        finally:
            self._process = subprocess.Popen(embedded.command(self._folder))
            assert soon(lambda: ping(self.url))

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Within this context, Redis accepts connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


def soon(what: Callable[[], object], seconds: float = 30) -> bool:
    """Whether this becomes true within so many seconds."""
    for _ in range(int(20 * seconds)):
        if what():
            return True
        time.sleep(0.05)
    return False
