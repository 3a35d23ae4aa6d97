"""`scripts/release` in a repository of its own: what it refuses, and what it leaves behind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.machine import config

CHANGES = """# Changes

## Next

What callers will notice:

- The line says hello.

## 1.0.0 – 2026-01-01

- The first.
"""


class Project:
    """A repository with a version, a changelog, and checks of its own."""

    def __init__(self, path: Path):
        self.path = path
        for folder in ("scripts", ".ci"):
            (path / folder).mkdir(parents=True)
        shutil.copy(config.ROOT / "scripts" / "release", path / "scripts" / "release")
        (path / "pyproject.toml").write_text('[project]\nname = "ivr"\nversion = "1.0.0"\n')
        (path / "CHANGELOG.md").write_text(CHANGES)
        self.checks("exit 0")
        self.git("init", "--quiet", "--initial-branch", "main")
        for name, value in (("user.name", "Somebody"), ("user.email", "somebody@example.org")):
            self.git("config", name, value)
        self.commit()

    def checks(self, command: str) -> None:
        file = self.path / ".ci" / "run"
        file.write_text(f"#!/bin/sh\n{command}\n")
        file.chmod(0o755)

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=self.path, capture_output=True, text=True, check=True
        ).stdout.strip()  # fmt: skip

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, self.path / "scripts" / "release", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_release_has_its_version_its_date_its_commit_and_its_tag(project: Project) -> None:
    project.checks('[ "$RELEASE" = 1 ]')
    project.commit()

    done = project.release("1.1.0")

    assert done.returncode == 0, done.stderr
    assert 'version = "1.1.0"' in (project.path / "pyproject.toml").read_text()
    assert re.search(
        r"^## 1\.1\.0 – \d{4}-\d\d-\d\d\n\nWhat callers", (project.path / "CHANGELOG.md").read_text(), re.M
    )
    assert (project.git("log", "-1", "--format=%s"), project.git("status", "--porcelain")) == ("Version 1.1.0", "")
    assert "- The line says hello." in project.git("tag", "--list", "--format=%(contents)", "v1.1.0")
    assert done.stdout.endswith("git push origin main v1.1.0\n")


def test_nothing_is_changed_if_the_checks_fail(project: Project) -> None:
    project.checks("exit 1")
    project.commit()
    before = project.git("rev-parse", "HEAD")

    refused = project.release("1.1.0")

    assert (refused.returncode, project.git("rev-parse", "HEAD"), project.git("tag")) == (1, before, "")
    assert project.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("version", "says"),
    [("1.0.0", "1.0.0 is not newer than 1.0.0"), ("0.9.9", "is not newer"), ("next", "Write three numbers")],
)
def test_a_version_that_is_none_or_not_newer_is_refused(project: Project, version: str, says: str) -> None:
    refused = project.release(version)

    assert refused.returncode == 1
    assert says in refused.stderr


def test_all_that_is_missing_is_told_at_once(project: Project) -> None:
    (project.path / "CHANGELOG.md").write_text(CHANGES.replace("## Next", "## Later"))
    project.commit()
    project.git("tag", "v1.1.0")
    project.git("switch", "--quiet", "--create", "other")
    (project.path / "left").touch()

    refused = project.release("1.1.0", "--look")

    assert refused.returncode == 1
    for says in ("has nothing under", "not the branch main", "not committed", "a tag v1.1.0 already"):
        assert says in refused.stderr


def test_looking_changes_nothing(project: Project) -> None:
    looked = project.release("1.1.0", "--look")

    assert (looked.returncode, looked.stdout) == (0, "Nothing is missing for 1.1.0.\n")
    assert project.git("tag") == ""
