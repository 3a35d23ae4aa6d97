"""Redis behind Sentinel: three sentinels, a primary and a replica, with passwords, and with TLS where a server has it.

The primary is killed in the middle of calls and of what callers ask for.
"""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from ivr import embedded
from ivr.authoring import drafts
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import PATIENT_SECONDS, Published, Store, ping
from tests import tls
from tests.line import Call, Line
from tests.needed import needs
from tests.ports import free_port
from tests.redis_server import soon
from tests.sealed import KEYS

NAME, SERVERS, SENTINELS = "line", "a-password-of-the-servers", "a-password-of-the-sentinels"
#: Python's ssl leaves the socket open where a server is killed between taking a connection and the handshake: what was
#: handed to SSLSocket is its own by then, and what it raises before it would close it reaches redis-py.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")

#: The kinds of a cluster, and where a program for it is.
PLAIN, WITH_TLS = "passwords", "passwords and TLS"


@dataclass
class Cluster:
    """The servers that run, by their ports, the primary first; and the sentinels."""

    folder: Path
    program: str
    certificate: Path | None
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    sentinels: list[int] = field(default_factory=list)
    servers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        own = f"&ssl_ca_certs={self.certificate}" if self.certificate else ""
        scheme = "sentinels" if self.certificate else "sentinel"
        return f"{scheme}://:{SERVERS}@{hosts}/{NAME}?sentinel_password={SENTINELS}{own}"

    def server(self, port: int, *more: str) -> None:
        self.servers.append(port)
        self._begin(
            port, f"requirepass {SERVERS}", f"masterauth {SERVERS}", "appendonly yes", "appendfsync always",
            f"appenddirname aof-{port}", f"dbfilename {port}.rdb", "maxmemory-policy noeviction", *more,
        )  # fmt: skip

    def sentinel(self, port: int, primary: int) -> None:
        self.sentinels.append(port)
        self._begin(
            port, f"requirepass {SENTINELS}", f"sentinel sentinel-pass {SENTINELS}",
            f"sentinel monitor {NAME} 127.0.0.1 {primary} 2", f"sentinel auth-pass {NAME} {SERVERS}",
            f"sentinel down-after-milliseconds {NAME} 1000", f"sentinel failover-timeout {NAME} 5000",
            as_sentinel=True,
        )  # fmt: skip

    def _begin(self, port: int, *rows: str, as_sentinel: bool = False) -> None:
        where = [f"port {port}"]
        if self.certificate:
            where = [
                "port 0", f"tls-port {port}", f"tls-cert-file {self.certificate}", f"tls-key-file {self.certificate}",
                f"tls-ca-cert-file {self.certificate}", "tls-auth-clients no", "tls-replication yes",
            ]  # fmt: skip
        file = self.folder / f"{port}.conf"
        file.write_text("\n".join([*where, "bind 127.0.0.1", f"dir {self.folder}", *rows, ""]))
        command = [self.program, str(file), "--logfile", f"{port}.log", *(["--sentinel"] if as_sentinel else [])]
        self.running[port] = subprocess.Popen(command)

    def kill_primary(self) -> None:
        self.running[self.servers[0]].send_signal(signal.SIGKILL)

    def sentinels_know_each_other(self) -> bool:
        """Whether each knows both others and the replica, without which they agree on nothing."""
        own = {"ssl": True, "ssl_ca_certs": str(self.certificate)} if self.certificate else {}
        for port in self.sentinels:
            with redis.Redis("127.0.0.1", port, password=SENTINELS, **own) as client:  # type: ignore[arg-type]
                told = client.sentinel_master(NAME)
            if (told["num-other-sentinels"], told["num-slaves"]) != (2, 1):
                return False
        return True

    def knows_its_replica(self) -> bool:
        """Whether a takeover is possible: the replica has everything, and the sentinels know of it."""
        with closing(Store(self.url, KEYS, PATIENT_SECONDS)) as store:
            store.try_it()
            told = store.redis.do(lambda client: client.info("replication"))
            return told["connected_slaves"] == 1 and told["slave0"]["state"] == "online"


@contextmanager
def _cluster(kind: str, folder: Path) -> Iterator[Cluster]:
    program, certificate = str(embedded.program()), None
    if kind == WITH_TLS:
        of_debian = shutil.which("redis-server")
        needs(of_debian, "Debian's redis-server is needed, which speaks TLS")
        program, certificate = str(of_debian), tls.certificate(folder)
    cluster = Cluster(folder, program, certificate)
    try:
        primary, replica = free_port(), free_port()
        cluster.server(primary)
        cluster.server(replica, f"replicaof 127.0.0.1 {primary}")
        for _ in range(3):
            cluster.sentinel(free_port(), primary)
        assert soon(lambda: ping(cluster.url))
        assert soon(cluster.knows_its_replica)
        assert soon(cluster.sentinels_know_each_other, 60)
        yield cluster
    finally:
        for process in cluster.running.values():
            process.kill()
            process.wait()


@pytest.fixture(params=[PLAIN, WITH_TLS])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    with _cluster(request.param, tmp_path) as cluster:
        yield cluster


class _Caller:
    """Asks to be rung, as one of many."""

    def __init__(self, line: Line, nth: int):
        self.number, self.is_promised, self.failed = f"+4477009{nth:05}", False, ""
        self._line, self._nth = line, nth

    def ring(self) -> None:
        try:
            call = Call(self._line, self.number, f"CA{self._nth:032}")
            call.press("0").put_in(DialCallStatus="busy")
            for _ in range(6):
                call.press("1")
                self.is_promised = self.is_promised or "We will call you" in call.words
        except Exception as error:
            self.failed = repr(error)


def test_the_primary_is_killed_under_calls_and_nothing_confirmed_is_lost(
    cluster: Cluster, settings: Settings, files: dict[str, str]
) -> None:
    settings = dataclasses.replace(settings, redis_url=cluster.url)
    with closing(Store(cluster.url, settings.keys)) as store:
        store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
        with Line(settings, store) as line:
            callers = [_Caller(line, nth) for nth in range(200)]
            threads = [
                threading.Thread(target=lambda few=callers[nth::8]: [caller.ring() for caller in few])
                for nth in range(8)
            ]  # fmt: skip
            for thread in threads:
                thread.start()
            time.sleep(1.5)
            cluster.kill_primary()
            for thread in threads:
                thread.join()

            assert [caller.failed for caller in callers if caller.failed] == []
            promised = {caller.number for caller in callers if caller.is_promised}
            assert len(promised) == len(callers)
            assert soon(lambda: line.spool.is_empty(), 60)
            found = [request.number for request in store.requests.waiting()]
    assert sorted(found) == sorted(promised)


def test_what_only_one_server_has_is_not_safe(cluster: Cluster) -> None:
    with closing(Store(cluster.url, KEYS, PATIENT_SECONDS)) as store:
        store.try_it()
        assert soon(store.redis.is_on_a_replica), "a replica on a busy machine may take longer than a caller waits"

        cluster.running[cluster.servers[1]].send_signal(signal.SIGSTOP)
        store.try_it()
        assert not store.redis.is_on_a_replica()

        cluster.running[cluster.servers[1]].send_signal(signal.SIGCONT)
        assert soon(store.redis.is_on_a_replica)


def test_neither_password_is_in_what_is_told(cluster: Cluster) -> None:
    told = config.without_password(cluster.url)

    assert SERVERS not in told
    assert SENTINELS not in told
