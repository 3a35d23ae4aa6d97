"""A disk that is really full: only counting and keeping suffer, and calls go on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr import metrics
from tests.redis_server import soon
from tests.test_start import Started, an_environment

FORM = {"From": "+447700900123", "To": "+441164960000"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def _fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def _children(pid: int, words: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", words], capture_output=True, text=True).stdout.split()
    return [int(one) for one in found if _ancestor(int(one), pid)]


def _ancestor(pid: int, of: int) -> bool:
    while pid > 1:
        if pid == of:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False


def _is_answered(line: Started) -> bool:
    """Whether a call is answered; not one that the killed worker had accepted and never read."""
    try:
        return "<Gather" in line.post("/voice", CallSid=f"CA-after-{time.monotonic()}", **FORM)
    except OSError:
        return False


@pytest.mark.timeout(240)
def test_calls_are_answered_on_a_full_disk_and_by_workers_that_start_on_it(small_disk: Path, tmp_path: Path) -> None:
    line = Started({**an_environment(tmp_path), "IVR_DATA": str(small_disk / "var")})
    try:
        line.post("/voice", CallSid="CA-before", **FORM)
        _fill(small_disk)

        for number in range(10):
            assert "<Gather" in line.post("/voice", CallSid=f"CA-full-{number}", **FORM)

        workers = [pid for pid in _children(line.process.pid, "ivr.web_server") if pid]
        os.kill(max(workers), 9)
        assert soon(lambda: _is_answered(line))
    finally:
        line.stop()


def test_what_is_counted_on_a_full_disk_is_told_once_there_is_room_again(small_disk: Path) -> None:
    totals = small_disk / "1.prom"
    _fill(small_disk)

    assert not metrics._written(totals, b"x" * 8192)
    assert list(small_disk.glob("*.p*")) == []

    (small_disk / "filling").unlink()
    assert metrics._written(totals, b"x" * 8192)


def test_the_counts_of_all_processes_are_added_up(tmp_path: Path) -> None:
    """Each process writes its own; what no process wrote, or wrote by halves, hides nothing else."""
    one = "# HELP ivr_refused_total R\n# TYPE ivr_refused_total counter\nivr_refused_total {}\n"
    (tmp_path / "1.prom").write_text(one.format("2.0"))
    (tmp_path / "2.prom").write_text(one.format("3.0"))
    (tmp_path / "3.prom").write_bytes(b"\xff\xfe half")
    (tmp_path / "4.prom").write_text("ivr_refused_total")
    before = metrics.exposition(tmp_path / "none")

    lines = metrics.exposition(tmp_path).decode().splitlines()

    own = next((float(line.split()[1]) for line in before.decode().splitlines() if line.startswith("ivr_refused")), 0.0)
    assert f"ivr_refused_total {own + 5.0}" in lines


def test_a_started_line_tells_the_sum_of_its_workers(tmp_path: Path) -> None:
    line = Started(an_environment(tmp_path))
    try:
        for number in range(20):
            line.post("/voice", CallSid=f"CA-{number}", **FORM)

        def told() -> bool:
            with urllib.request.urlopen(f"{line.base}/metrics", timeout=5) as answer:
                return 'ivr_turn_seconds_count{kind="start"} 20.0' in answer.read().decode().splitlines()

        assert soon(told)
    finally:
        line.stop()
