"""A system that allows few threads: a web process that asks for one more would end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.processes.server import WEB_THREADS
from ivr.processes.web_server import FEWEST_THREADS, OTHER_TASKS, tasks_allowed, threads


@pytest.mark.parametrize(
    ("tasks", "processes", "count"),
    [
        (None, 2, WEB_THREADS),
        (10**6, 12, WEB_THREADS),
        (512, 2, (512 - OTHER_TASKS) // 2),
        (4915, 12, (4915 - OTHER_TASKS) // 12),
        (100, 2, FEWEST_THREADS),
    ],
)
def test_a_process_has_no_more_threads_than_the_system_allows(tasks: int | None, processes: int, count: int) -> None:
    assert threads(WEB_THREADS, processes, tasks) == count


@pytest.mark.parametrize(
    ("groups", "limits", "allowed"),
    [
        ("0::/", {"": "512"}, 512),
        ("0::/system.slice/ivr.service", {"system.slice": "9000", "system.slice/ivr.service": "max"}, 9000),
        ("0::/a/b", {"a": "300", "a/b": "400"}, 300),
        ("4:pids:/docker/x\n3:cpu:/docker/x", {"pids/docker/x": "200"}, 200),
        ("0::/", {}, None),
        ("", {}, None),
    ],
)
def test_the_smallest_limit_of_all_groups_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str, limits: dict[str, str], allowed: int | None
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)  # the limit of a user is this machine's own
    for place, limit in limits.items():
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "pids.max").write_text(f"{limit}\n")

    assert tasks_allowed(groups, tmp_path) == allowed
