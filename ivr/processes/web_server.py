"""The web server: granian, with restarts of its processes one by one, each after its own delay.

By default, granian ends all of its processes when one of them ends twice within six seconds, so that one fault takes
the whole line down. Here the others keep answering, and the failing one is restarted with a growing delay, and
reported.

The parent loads the code before it forks its processes, so that they share memory. `server.web_command` starts this.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.log import logger as granian_log
from granian.server import MPServer

import ivr.web  # noqa: F401  # loaded here, so that the forked processes share it
from ivr.machine import config, log
from ivr.machine.backoff import LONGEST_WITH_SISTERS, Backoff
from ivr.store import Store
from ivr.web.admission import Admission
from ivr.web.live import preload

#: Seconds between two checks for a process that ended.
LOOK_SECONDS = 0.2
#: Connections that a process accepts at a time; others wait until one is free. Most only wait (`web/admission.py`).
MOST_CONNECTIONS = 4096
#: Threads that a process has in any case, and tasks that are left for the worker, Redis and the server itself.
FEWEST_THREADS, OTHER_TASKS = 16, 200
#: Bytes of a request's head. Twilio and browsers send a few thousand; 200 kB of cookies took 0.1 seconds to read.
MOST_HEADER_BYTES = 32 * 1024
#: Seconds between two starts while no process answers. Their own delays are then ignored.
SILENT_SECONDS = 1.0
#: What stops the server.
STOPS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def _stops_held() -> Iterator[None]:
    """Let signals that stop the server wait, so that a process forked here cannot miss one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_when_stopped() -> None:
    """For a forked process: a signal ends it at once. Later, granian's own handler lets it answer what it has first."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


class WebServer(MPServer):
    """granian's server, with a backoff for each process, and with processes that stop while they still load.

    granian has no setting for either, so this replaces methods that it does not promise to keep. If an update of
    granian changes them, `tests/faults/test_crash_loop.py` or `test_stopping.py` fails: they kill and stop the
    processes of a real server.

    In granian, a forked process keeps its parent's handler until it has loaded the code. That handler only notes the
    signal, for the parent's loop, which a forked process never reaches. So a stop in that time was lost, and the
    parent waited for this process for ever.
    """

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        with _stops_held():
            super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        with _stops_held():
            super()._respawn_workers(workers, spawn_target, target_loader, delay)

    @staticmethod
    def _spawn_wsgi_worker(*args: Any, **more: Any) -> None:
        _end_when_stopped()
        MPServer._spawn_wsgi_worker(*args, **more)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        backoff = [Backoff(LONGEST_WITH_SISTERS) for _ in range(self.workers)]
        last = time.monotonic()
        for each in backoff:
            each.started(last)
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(LOOK_SECONDS)
            self.main_loop_interrupt.clear()
            for index in sorted(set(self.interrupt_children)):
                now = time.monotonic()
                is_silent = len(set(self.interrupt_children)) == self.workers and now - last >= SILENT_SECONDS
                if backoff[index].may_start(now) or is_silent:
                    self.interrupt_children.remove(index)
                    backoff[index].started(now)
                    last = now
                    self._respawn_workers([index], spawn_target, target_loader)
                    if backoff[index].is_crash_loop:
                        self._store.health.ail("web-process", backoff[index].early_ends)
        self.interrupt_children.clear()  # a stop is not a failure

    @cached_property
    def _store(self) -> Store:
        settings = config.settings(running=True)
        return Store(settings.redis_url, settings.keys)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether to show a log record.

    The high number of threads is intended: most only wait for requests (`web/admission.py`).
    """
    return not record.getMessage().startswith("Configuration allows spawning")


def threads(wanted: int, processes: int, tasks: int | None) -> int:
    """How many threads a process may have. `tasks` is the system's limit on threads in all; None if there is none.

    The server ends a process that cannot get one more thread. A container often allows a few hundred.
    """
    room = wanted if tasks is None else (tasks - OTHER_TASKS) // processes
    return max(min(wanted, room), FEWEST_THREADS)


def tasks_allowed(groups: str, folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The smallest limit on processes and threads; None if there is none. `groups`: the text of /proc/self/cgroup."""
    own = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    limits = [own] if os.geteuid() and own != resource.RLIM_INFINITY else []  # it does not bind root
    for row in groups.splitlines():
        _, kinds, path = row.split(":", 2)
        if not kinds or "pids" in kinds.split(","):
            base = folder / "pids" if kinds else folder
            for place in (base / path.lstrip("/"), *(base / path.lstrip("/")).parents):
                with contextlib.suppress(OSError, ValueError):  # "max": there is none
                    limits.append(int((place / "pids.max").read_text()))
    return min(limits, default=None)


def _groups() -> str:
    try:
        return Path("/proc/self/cgroup").read_text()
    except OSError:
        return ""


def _connections() -> int:
    """How many connections a process may hold. Each needs a descriptor: a process has 1,024 at first, and may raise
    that.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS if most == resource.RLIM_INFINITY else min(2 * MOST_CONNECTIONS, most)
    if wanted > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


def main() -> None:
    """Serve until stopped."""
    log.outlive_full_disks()
    granian_log.addFilter(_is_news)
    options = argparse.ArgumentParser()
    for name, kind in (("host", str), ("port", int), ("processes", int), ("threads", int), ("app", str)):
        options.add_argument(f"--{name}", type=kind, required=True)
    chosen = options.parse_args()
    count = threads(chosen.threads, chosen.processes, tasks_allowed(_groups()))
    Admission.most_bodies = count * 3 // 4  # forked processes inherit it
    multiprocessing.set_start_method("fork")  # no longer the default in Python 3.14, and granian needs it
    preload(config.settings(running=True))
    gc.collect()
    gc.freeze()  # otherwise the garbage collector would write to shared memory
    WebServer(
        chosen.app,
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.WSGI,
        http1_settings=HTTP1Settings(max_buffer_size=MOST_HEADER_BYTES),
        http=HTTPModes.http1,  # one connection of HTTP/2 could hold all threads with half requests; proxies speak this
        workers=chosen.processes,
        blocking_threads=count,
        backpressure=_connections(),
        websockets=False,
        log_level=LogLevels.warning,
        working_dir=config.ROOT,
    ).serve()


if __name__ == "__main__":
    main()
