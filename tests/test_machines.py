"""One of two machines is lost in the middle of calls: no turn fails."""

from __future__ import annotations

from pathlib import Path

from tests import machines


def test_a_machine_is_killed_under_calls_and_none_fails(tmp_path: Path) -> None:
    with machines.two(tmp_path) as both:
        took, failed = both.play("lost", seconds=8, a_second=40, kill_after=2.0)

    assert len(took) > 250
    assert failed == 0
