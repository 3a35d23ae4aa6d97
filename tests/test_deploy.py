"""What is delivered to operators in scripts/deploy/: each file is held by the program that reads it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ivr.authoring import drafts
from ivr.machine import config
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Published, Store, ping
from ivr.store.durability import risks
from tests.faults.proxies import NGINX_DELIVERED, PUBLIC, Proxy, proxy
from tests.needed import needs
from tests.ports import free_port
from tests.redis_server import soon
from tests.sealed import KEYS
from tests.test_start import IVR, an_environment

DELIVERED = config.ROOT / "scripts" / "deploy"
UNITS = sorted((DELIVERED / "systemd").glob("*.service"))
FORM = {"CallSid": "CA" + "1" * 32, "From": "+447700900123", "To": "+441164960000"}


def _systemd(*words: object) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    needs(program, "systemd-analyze is needed to judge the units")
    return subprocess.run([str(program), *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_exposes_little(unit: Path) -> None:
    judged = _systemd("security", "--offline=true", "--no-pager", "--threshold=19", unit)

    assert judged.returncode == 0, judged.stdout


def test_the_units_fit_together(tmp_path: Path) -> None:
    """With a program that is here in the places of those that they name."""
    program, units = tmp_path / "program", tmp_path / "units"
    program.symlink_to(sys.executable)  # whose own path may have a space, which a unit would have to escape
    units.mkdir()
    for unit in (DELIVERED / "systemd").iterdir():
        text = re.sub(r"/srv/line/\.venv/bin/ivr|/usr/bin/redis-server", str(program), unit.read_text())
        (units / unit.name.replace("@", "@8000")).write_text(text.replace("/srv/line", str(tmp_path)))

    judged = _systemd("verify", "--man=no", *units.iterdir())

    told = [row for row in judged.stderr.splitlines() if "line" in row and str(tmp_path) in row]
    assert (judged.returncode, told) == (0, [])


def test_no_unit_gives_up_and_each_starts_after_redis() -> None:
    for unit in UNITS:
        text = unit.read_text()
        assert "StartLimitIntervalSec=0" in text
        assert "Restart=always" in text
        assert ("After=line-redis.service" in text) == ("redis" not in unit.name)


def test_the_commands_of_the_units_exist() -> None:
    for unit in UNITS:
        for command in re.findall(r"\.venv/bin/ivr (\w+)", unit.read_text()):
            assert subprocess.run([IVR, command, "--help"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("file", ["environment.example", "compose.yaml"])
def test_only_variables_that_exist_are_set(file: str) -> None:
    named = re.findall(r"^ *([A-Z]{2,}[A-Z_]*)\b[=:]", (DELIVERED / file).read_text(), re.MULTILINE)

    assert named
    assert set(named) <= set(config.VARIABLES)


def test_the_delivered_redis_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    socket = tmp_path / "r.sock"
    settings = config.settings({"IVR_DATA": str(tmp_path)})
    program = server.embedded.command(settings.data_dir)[0]
    file = tmp_path / "redis.conf"
    told = (DELIVERED / "redis.conf").read_text().replace("/var/lib/line", str(tmp_path))
    file.write_text(told.replace("/run/line/redis.sock", str(socket)).replace("supervised systemd", "supervised no"))
    running = subprocess.Popen([program, str(file)], stdout=subprocess.DEVNULL)
    try:
        assert soon(lambda: ping(f"unix://{socket}"))
        with closing(Store(f"unix://{socket}", KEYS, PATIENT_SECONDS)) as store:
            assert risks(store.redis) == []
    finally:
        running.terminate()
        running.wait()


def test_the_container_has_no_rights_and_asks_for_its_health() -> None:
    services = YAML(typ="safe").load((DELIVERED / "compose.yaml").read_text())["services"]
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    dockerfile = (DELIVERED / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]", dockerfile, re.MULTILINE)
    assert "HEALTHCHECK" in dockerfile


def test_a_linter_finds_nothing_in_the_dockerfile() -> None:
    program = shutil.which("hadolint")
    needs(program, "hadolint is needed to read the Dockerfile")
    found = subprocess.run([str(program), str(DELIVERED / "Dockerfile")], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stdout) == (0, "")


# --- started anew without a failed call -----------------------------------------------------


@contextmanager
def _web(place: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`ivr web`, as its unit starts it."""
    running = subprocess.Popen(
        [IVR, "web", "--port", str(port)], env=place, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert soon(lambda: answers(port))
        yield running
    finally:
        running.terminate()
        running.wait(20)


def answers(port: int) -> bool:
    try:
        return subprocess.run(
            ["curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{port}/healthz"], check=False
        ).returncode == 0  # fmt: skip
    except FileNotFoundError:
        pytest.skip("curl is needed")


class _Callers:
    """Callers who ring one after another until they are told to stop."""

    def __init__(self, through: Proxy):
        self._through, self._enough = through, threading.Event()
        self.answered, self.failed = 0, list[bytes]()
        self._threads = [threading.Thread(target=self._ring, args=(nth,)) for nth in range(4)]

    def _ring(self, nth: int) -> None:
        while not self._enough.is_set():
            reply = self._through.post("/voice", {**FORM, "CallSid": f"CA{nth}-{self.answered}"})
            if b"<Gather" in reply:
                self.answered += 1
            else:
                self.failed.append(reply[:200])

    def __enter__(self) -> _Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()


@dataclass
class _Delivered:
    """nginx as delivered, the ports behind it, and the environment of the web servers there."""

    through: Proxy
    first: int
    second: int
    place: dict[str, str]


@pytest.fixture
def delivered(tmp_path: Path, files: dict[str, str]) -> Iterator[_Delivered]:
    first, second = free_port(), free_port()
    place = {**an_environment(tmp_path), "PUBLIC_URL": PUBLIC, "TWILIO_AUTH_TOKEN": "3f1c9a7e5b2d48609cfe7a1b5d3e8042"}
    settings = config.settings(place)
    with (
        server.redis(settings),
        proxy(NGINX_DELIVERED, tmp_path, first, place["TWILIO_AUTH_TOKEN"], second) as through,
    ):
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
        yield _Delivered(through, first, second, place)


def test_the_web_server_is_started_anew_without_a_failed_call(delivered: _Delivered) -> None:
    """As scripts/deploy/restart does it: the second is there before the first goes."""
    with _web(delivered.place, delivered.first) as old, _Callers(delivered.through) as callers:
        time.sleep(1)
        with _web(delivered.place, delivered.second):
            old.terminate()
            old.wait(20)
            without = callers.answered
            with _web(delivered.place, delivered.first):
                time.sleep(1)
                assert callers.answered > without > 0
                assert callers.failed == []


def _connections(port: int) -> int:
    """How many connections the kernel has taken for this port, also those that its server has not."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_a_call_that_waits_for_a_server_which_ends_is_answered_by_the_other(delivered: _Delivered) -> None:
    """The kernel takes its connection, and the server ends before it has read the request. A form is not sent again."""
    with _web(delivered.place, delivered.first) as old, _web(delivered.place, delivered.second):
        os.killpg(old.pid, signal.SIGSTOP)
        with ThreadPoolExecutor() as callers:
            replies = [
                callers.submit(delivered.through.post, "/voice", {**FORM, "CallSid": f"CA{nth}"}) for nth in range(4)
            ]
            form = callers.submit(delivered.through.post, "/console/signin", {"name": "asha"})
            assert soon(lambda: _connections(delivered.first) == len(replies) + 1)
            assert not any(reply.done() for reply in replies)
            os.killpg(old.pid, signal.SIGKILL)

    assert [b"<Gather" in reply.result() for reply in replies] == [True] * 4
    assert b" 502 " in form.result().splitlines()[0]
