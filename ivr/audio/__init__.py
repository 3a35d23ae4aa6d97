"""Sounds: from words to files that Twilio can play, and from words to the file that has them."""

from __future__ import annotations

from pathlib import Path

from ivr.script import Script


class Sounds:
    def __init__(self, folder: Path, script: Script, base_url: str):
        self._folder = folder

    def url(self, words: str, slow: bool) -> str | None:
        return None

    def silence(self, seconds: float) -> str | None:
        return None


def file_of(folder: Path, name: str) -> Path | None:
    path = folder / "rendered" / name
    return path if path.is_file() else None
