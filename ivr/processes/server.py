"""The processes of a running line: Redis, the web server and the worker, supervised.

    start ─┬─ valkey-server   only if REDIS_URL is empty; data in IVR_DATA
           ├─ web_server      granian and its processes, which answer calls and pages
           └─ ivr worker      texts, recordings, alerts and calls by one click, in processes of their own

Each is restarted if it ends, with a growing delay if it keeps ending. Ctrl-C stops them in an order in which nothing is
lost: no new calls, then no new work, then Redis, which writes every change to disk before it answers.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from ivr import embedded
from ivr.embedded import parts
from ivr.machine import config, disk, keys, metrics
from ivr.machine.children import STOP_SECONDS, Child, StopSignals, die_with_parent, tell
from ivr.machine.config import Settings
from ivr.problems import Stopped
from ivr.store import PATIENT_SECONDS, Away, Store, StoreDown, is_marked, ping, why_not

#: The requests of each kind that a web process handles at once, and the threads that hold requests still arriving.
#: Measured on two cores: granian answers 1.3 to 1.6 times the turns of gunicorn's threads.
AT_ONCE, WEB_THREADS = 4, 1536
#: Seconds in which a child must start.
START_SECONDS = 30.0
#: The command that starts the line.
START = "./scripts/start"
#: Seconds between two tries to reach a Redis elsewhere that does not answer yet.
AGAIN_SECONDS = 1.0
#: Seconds between two records of the size of the embedded Redis' files.
NOTE_SECONDS = 60.0


class CannotStart(Stopped):
    """Raised when the line cannot start. The message says why and what to do."""


def check_port(host: str, port: int, command: str = START) -> None:
    """Raises CannotStart if the line cannot listen there, with the command for another port."""
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        raise CannotStart(_why_not_there(host, port, error.errno, command)) from error


def _why_not_there(host: str, port: int, errno_: int | None, command: str) -> str:
    if errno_ == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or choose another: {command} --port {port + 1}"
    if errno_ in (errno.EACCES, errno.EPERM):
        return f"This user cannot listen on port {port}. Choose one above 1023: {command} --port 8000"
    return f"'{host}' is not an address of this machine. Leave --host out, or use 0.0.0.0 for all addresses."


def is_embedded(settings: Settings) -> bool:
    """Whether the line starts its own Redis."""
    return settings.redis_url == config.embedded_redis(settings.data_dir)


@contextmanager
def redis(settings: Settings, *, for_line: bool = False) -> Iterator[list[Child]]:
    """A Redis that answers: a running one, or one that runs as long as this context.

    Yields the processes to keep alive: the embedded Redis if it was started here, otherwise none.

    The line waits for a Redis elsewhere, and leaves a note that it uses one. Without that note, a command typed without
    REDIS_URL would start an empty embedded Redis, and report that nobody is waiting.
    """
    elsewhere = settings.data_dir / "redis_elsewhere"
    if not is_embedded(settings):
        _reach(settings.redis_url, wait=for_line)
        unlock(settings)
        if for_line:
            with suppress(OSError):  # a missing note must not prevent a start
                disk.private_folder(settings.data_dir)
                elsewhere.touch()
        yield []
        return
    if ping(settings.redis_url):
        unlock(settings)
        yield []
        return
    if elsewhere.exists():
        if not for_line:
            raise CannotStart(
                "The line of this folder uses a Redis elsewhere. Set REDIS_URL to the same value as for the line."
            )
        tell("Until now, this line used a Redis elsewhere. REDIS_URL is empty, so it now uses the embedded one.")
    child = EmbeddedRedis(settings)
    with _only_one(settings.data_dir / embedded.LOCK):
        child.start()
        try:
            child.wait_until_it_answers()
            elsewhere.unlink(missing_ok=True)
            unlock(settings)
            yield [child]
        finally:
            child.stop()


def unlock(settings: Settings) -> None:
    """Make sure that the keys here are those that encrypted what is stored, or make keys for a new line.

    Raises CannotStart, with what to do, if they are missing or others, and ConfigError if none can be made.
    """
    if not settings.has_keys:
        if is_marked(settings.redis_url):
            raise CannotStart(
                f"What is stored is encrypted, and the file of its keys is missing: {settings.key_file}. {_KEYS_BACK}"
            )
        keys.make(settings.key_file, settings.data_dir)
        tell(
            f"The keys that encrypt callers' data are new, in {settings.key_file}. Copy this file to a safe place, "
            "apart from your backups: without it, nobody can read the data or a backup of it."
        )
    store = Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
    try:
        if why := store.sealing.why_not():
            raise CannotStart(f"{why}. {_KEYS_BACK}")
    except StoreDown:
        return  # full, for example: whoever needs it is told so
    finally:
        store.close()


_KEYS_BACK = (
    "Nothing was changed. Put the keys of this line back: the key file, or IVR_KEYS. Without them, what is stored "
    "cannot be read: see 'Keys' in docs/operators.md."
)


def _reach(url: str, *, wait: bool) -> None:
    """Wait for a Redis elsewhere, and report each reason once. Raises CannotStart if waiting does not help."""
    told = ""
    while reason := why_not(url):
        if not (wait and isinstance(reason, Away)):
            raise CannotStart(f"Redis {reason}. Start it, or check REDIS_URL. ({config.without_password(url)})")
        if reason != told:
            tell(f"Redis at {config.without_password(url)} {reason}. Waiting for it. Ctrl-C stops.")
        told = reason
        time.sleep(AGAIN_SECONDS)
    if told:
        tell("Redis answers.")


def still_runs(settings: Settings, seconds: float = 0.0) -> bool:
    """Whether a line with this data folder is running, waiting up to `seconds` for a killed one to disappear."""
    ends = time.monotonic() + seconds
    while is_embedded(settings) and ping(settings.redis_url):
        if time.monotonic() >= ends:
            return True
        time.sleep(0.1)
    return False


def become_web(settings: Settings, host: str, port: int) -> NoReturn:
    """Turn this process into the web server, which ends when it is told to."""
    environment = config.child_environment(PUBLIC_URL=settings.public_url, IVR_DATA=str(settings.data_dir))
    command = web_command(host, port, settings.web_processes)
    os.umask(0o077)
    os.chdir(config.ROOT)
    os.execve(command[0], command, environment)  # noqa: S606  # all of it is ours


def serve(settings: Settings, host: str, port: int, beside: list[Child], on_ready: Callable[[], None]) -> None:
    """Run the web server and the worker until stopped, and keep them and the processes in `beside` alive.

    Redis must already answer.
    """
    with suppress(OSError):  # missing metrics must not prevent a start
        metrics.forget(disk.private_folder(settings.metrics_dir))
    environment = config.child_environment(PUBLIC_URL=settings.public_url, IVR_DATA=str(settings.data_dir))
    command = web_command(host, port, settings.web_processes)
    web = Child("web", command, environment, lambda: die_with_parent(signal.SIGKILL))
    worker = Child("worker", [sys.executable, "-m", "ivr", "worker"], environment)
    stopping, store = StopSignals(), Store(settings.redis_url, settings.keys)
    children = (web, worker)
    for child in children:
        child.start()
    try:
        _wait_for(lambda: _answers(host, port) or stopping.asked, web, "The web server did not start.")
        if not stopping.asked:
            on_ready()
        while not stopping.asked:
            for child in (*beside, *children):
                if child.keep_alive() and child.backoff.is_crash_loop:
                    store.health.ail(child.name, child.backoff.early_ends)
            time.sleep(0.2)
    finally:
        web.stop()
        worker.stop()


def web_command(host: str, port: int, processes: int) -> list[str]:
    """The web server's command. The last word names the WSGI application."""
    options = ["--host", host, "--port", str(port), "--processes", str(processes), "--threads", str(WEB_THREADS)]
    return [sys.executable, "-m", "ivr.processes.web_server", *options, "--app", "app:app"]


def _answers(host: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _wait_for(what: Callable[[], bool], child: Child, otherwise: str) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if what():
            return
        if not child.running:
            break
        time.sleep(0.05)
    raise CannotStart(otherwise)


class EmbeddedRedis(Child):
    """The embedded Redis. It does not start if saved data is missing, and records the size of its files."""

    def __init__(self, settings: Settings):
        """Raises CannotStart if there is no server, or this user cannot use its files."""
        self._data, self._url = disk.private_folder(settings.data_dir), settings.redis_url
        self._log_size, self._noted, self._refused = 0, 0.0, ""
        try:
            embedded.may_use(self._data)
            super().__init__("redis", embedded.command(self._data))
        except embedded.Unusable as error:
            raise CannotStart(str(error)) from error

    def start(self) -> None:
        """Raises CannotStart, with what is lost, if saved data is missing."""
        try:
            for words in embedded.make_ready(self._data):
                tell(words)
        except embedded.Unusable as error:
            raise CannotStart(str(error)) from error
        self._log_size = embedded.log_size(self._data)
        super().start()

    def wait_until_it_answers(self) -> None:
        """Raises CannotStart, with the reason from its log, if it does not answer."""
        try:
            _wait_for(lambda: ping(self._url), self, "")
        except CannotStart as error:
            why = embedded.why_it_ended(self._data, self._log_size)
            raise CannotStart(f"The embedded Redis did not start: {why}") from error
        self._note()

    def keep_alive(self) -> bool:
        """Restart it if it ended. If that fails, the line continues without it, and reports the reason once."""
        was_started = False
        try:
            was_started = super().keep_alive()
        except CannotStart as error:
            self.backoff.started(time.monotonic())
            if str(error) != self._refused:
                tell(str(error))
            self._refused = str(error)
        if self.running and time.monotonic() - self._noted > NOTE_SECONDS:
            self._note()
        return was_started

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        was_running = self.running
        super().stop(seconds)
        if was_running:
            self._note()

    def _note(self) -> None:
        """Record the size of its files. Errors are ignored, because Redis reports a full disk better."""
        self._noted = time.monotonic()
        with suppress(OSError):
            parts.note(self._data)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Ensures that two Redis servers never write to one file."""
    disk.private_folder(path.parent)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Something else is starting Redis in {path.parent}. Try again in a moment.") from error
        yield
