"""Child processes: kept alive, stopped in time, and ended with their parent, for whatever reason it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from ivr import border
from ivr.machine import config, log
from ivr.machine.backoff import Backoff

#: Seconds in which a child must stop before it is killed.
STOP_SECONDS = 10.0
#: The longest wait, in seconds, to write a message to the terminal, which may be stopped with Ctrl-S.
TELL_SECONDS = 0.25

_PR_SET_PDEATHSIG = 1


def tell(words: str) -> None:
    """Print a message to standard error, without waiting if that is blocked or full."""

    def say() -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{border.printable(words)}\n")
            sys.stderr.flush()

    saying = threading.Thread(target=say, daemon=True)
    saying.start()
    saying.join(TELL_SECONDS)


class StopSignals:
    """Records SIGINT (Ctrl-C) and SIGTERM."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self.asked = True


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> None:
    """On Linux, end this process when its parent ends, for whatever reason."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)


class Child:
    """A child process, in its own session so that Ctrl-C reaches the parent first. It ends with the parent.

    Files that it creates are readable only by this user. `orphaned` is called in the new process before its command
    starts, and arranges what happens when the parent ends.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str] | None = None,
        orphaned: Callable[[], None] | None = die_with_parent,
        pass_fds: tuple[int, ...] = (),
    ):
        self.name, self.backoff = name, Backoff()
        self._command, self._environment, self._orphaned, self._pass_fds = command, environment, orphaned, pass_fds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.backoff.started(time.monotonic())
        self._process = subprocess.Popen(
            self._command, env=self._environment, cwd=config.ROOT, start_new_session=True, umask=0o077,
            preexec_fn=self._orphaned, pass_fds=self._pass_fds,
        )  # fmt: skip

    def keep_alive(self) -> bool:
        """Restart it if it ended and a restart is due. Returns whether it was started."""
        if self.running or not self.backoff.may_start(time.monotonic()):
            return False
        self.start()
        tell(f"A process of the line ended ({self.name}). It is being restarted.")
        return True

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop it, and kill it if that takes longer than this many seconds."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def aside(what: Callable[[], None]) -> int:
    """Run something in a forked process, whose memory is free again when it has ended. Returns its exit status."""

    def run() -> None:
        die_with_parent()
        what()

    log.outlive_full_disks()  # both processes flush their output
    process = get_context("fork").Process(target=run)
    process.start()
    process.join()
    return process.exitcode or 0


def die_with_web_server() -> None:
    """For a web process: be killed when the web server ends, even if that happened while this process was starting."""
    die_with_parent(signal.SIGKILL)
    if sys.platform == "linux" and _command_of(os.getpid()) and not _command_of(os.getppid()):
        os.kill(os.getpid(), signal.SIGKILL)


def _command_of(pid: int) -> bytes:
    """The command line of a process of the web server; empty for any other process."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
    return command if b"ivr.processes.web_server" in command else b""
