"""Somebody at a terminal who changes what the line says: a config folder, and the `ivr` command."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ivr import cli
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import Store

IVR = Path(sys.executable).parent / "ivr"
LINE_YAML = "line.yaml"


@dataclasses.dataclass
class Told:
    """The output of a command."""

    status: int
    out: str
    err: str


class Staff:
    """Somebody at a terminal, with a config folder to edit."""

    def __init__(self, folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.folder, self.store = folder, store
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Told:
        self._monkeypatch.setattr(sys, "argv", ["ivr", *arguments])
        self._capsys.readouterr()  # what the line logged before
        status = 0
        try:
            cli.main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        told = self._capsys.readouterr()
        return Told(status, told.out, told.err)

    def with_room_for(self, kilobytes: int, *arguments: str, **environment: str) -> Told:
        """The command as a process that cannot write files longer than this."""
        command = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "ivr", str(IVR), *arguments]
        ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
        return Told(ended.returncode, ended.stdout, ended.stderr)

    def take_the_whole(self) -> None:
        """Take the shipped config/ with all of its menus."""
        shutil.rmtree(self.folder)
        shutil.copytree(config.ROOT / "config", self.folder)

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text
        (self.folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    def read(self, name: str = LINE_YAML) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def live(self) -> str | None:
        return self.store.revisions.live()

    @property
    def live_files(self) -> dict[str, str]:
        return self.store.revisions.files(self.live or "") or {}


def at_terminal(
    folder: Path,
    settings: Settings,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
) -> Staff:
    """Somebody with a copy of config/ in a folder called config inside this one."""
    shutil.copytree(config.ROOT / "config", folder / "config")
    here = {
        "REDIS_URL": settings.redis_url, "IVR_CONFIG": str(folder / "config"), "IVR_DATA": str(folder / "var"),
        "IVR_AUDIO": str(folder / "audio"), "LOGNAME": "ann",
    }  # fmt: skip
    for name, value in {**environment, **here}.items():
        monkeypatch.setenv(name, value)
    return Staff(folder / "config", store, monkeypatch, capsys)
