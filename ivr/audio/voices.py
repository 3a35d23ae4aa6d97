"""The available voices: how each sounds, where it comes from, its licence, and how it is fetched.

The line never fetches a voice by itself. To get a voice that is not installed, run `ivr voices fetch NAME`. The file is
used only if its hash is the one in the installed package.
"""

from __future__ import annotations

import errno
import http.client
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The natural voice that comes inside its package.
WITH_THE_PACKAGE = "heart"
#: Seconds that the download server has to answer.
FETCH_SECONDS = 5

_HIBARI = ("hibari-tts", "Apache-2.0")
_HUB = "https://huggingface.co/maureesewilliams/hibari"


@dataclass(frozen=True)
class Voice:
    """One voice. Tests compare docs/voices.md and the licence list with these facts."""

    name: str
    #: Its name in `engines` in config/line.yaml.
    engine: str
    sounds: str
    #: The Python packages that speak it, each with its licence.
    packages: tuple[tuple[str, str], ...]
    #: Where its weights or data come from, their licence, and what they were trained on.
    source: str
    licence: str
    made_from: str

    @property
    def is_fetched(self) -> bool:
        """Whether it is downloaded, when somebody asks for it."""
        return self.engine == "natural" and self.name != WITH_THE_PACKAGE


def _kokoro(voice: str) -> str:
    return f"speech of the voice {voice} of Kokoro-82M by hexgrad (Apache-2.0)"


VOICES: tuple[Voice, ...] = (
    Voice("heart", "natural", "a woman, American", (_HIBARI,), "inside the package", "Apache-2.0", _kokoro("af_heart")),
    Voice("emma", "natural", "a woman, British", (_HIBARI,), _HUB, "Apache-2.0", _kokoro("bf_emma")),
    Voice("fable", "natural", "a man, British", (_HIBARI,), _HUB, "Apache-2.0", _kokoro("bm_fable")),
    Voice("kore", "natural", "another woman, American", (_HIBARI,), _HUB, "Apache-2.0", _kokoro("af_kore")),
    Voice("fenrir", "natural", "a man, American", (_HIBARI,), _HUB, "Apache-2.0", _kokoro("am_fenrir")),
    Voice(
        "pyttsx3",
        "pyttsx3",
        "a robot, American, clear on a telephone",
        (("pyttsx3", "MPL-2.0"), ("espeakng-loader", "GPL-3.0-or-later, as eSpeak NG is")),
        "eSpeak NG, inside espeakng-loader",
        "GPL-3.0-or-later",
        "rules and formants of the eSpeak NG project",
    ),
    Voice(
        "piper",
        "piper",
        "like the voice file that you choose",
        (("piper-tts", "GPL-3.0-or-later"),),
        "a voice file of your own, named as piper_voice",
        "that of your voice file",
        "as its maker states",
    ),
)


class VoiceRefused(Exception):
    """Raised when a voice cannot be fetched. The message says why; nothing has changed."""


def known(name: str) -> Voice | None:
    """The voice of this name."""
    return next((voice for voice in VOICES if voice.name == name), None)


def size(voice: Voice) -> int | None:
    """The bytes of a natural voice, from the installed package; None for other voices or without the package."""
    facts = _registry().get(voice.name) if voice.engine == "natural" else None
    return int(facts["bytes"]) if facts else None


def file_of(name: str) -> Path | None:
    """The path of a natural voice's file, whether or not it exists; None if the package does not know the voice."""
    facts = _registry().get(name)
    if facts is None:
        return None
    from hibari.voices import ASSETS, cache_dir

    folder = Path(ASSETS if facts.get("bundled") else cache_dir())
    return folder / str(facts["file"])


def is_here(name: str) -> bool:
    """Whether the file of a natural voice is on this machine."""
    path = file_of(name)
    return path is not None and path.is_file()


def is_whole(name: str) -> bool:
    """Whether the file of a natural voice has the hash that the installed package names."""
    path = file_of(name)
    if path is None or not path.is_file():
        return False
    from hibari.voices import sha256_of

    return bool(sha256_of(path) == _registry()[name]["sha256"])


def fetch(name: str) -> Path:
    """Download a natural voice, unless it is already here and whole. Returns its path. Raises VoiceRefused."""
    path = file_of(name)
    if path is None:
        names = ", ".join(_fetchable()) or "none: hibari-tts is not installed"
        raise VoiceRefused(f"There is no voice '{name}' to fetch. These can be fetched: {names}.")
    if is_whole(name):
        return path
    if name not in _fetchable():
        raise VoiceRefused(f"The voice '{name}' comes inside hibari-tts, and its file is damaged. Install that again.")
    from hibari.voices import BASE_URL, download

    facts = _registry()[name]
    url = BASE_URL + facts["file"]
    try:
        _knock(url)
        download(url, str(path), facts["sha256"])
    except Exception as error:  # the library wraps most failures in one exception and lets others through
        raise VoiceRefused(f"The voice '{name}' was not fetched: {_why(error)} Nothing has changed.") from error
    return path


def _knock(url: str) -> None:
    """Check first that the server answers: the library would wait a minute for a silent network."""
    import requests  # slow to import, and the web server only needs the names of voices

    requests.head(url, timeout=FETCH_SECONDS, allow_redirects=True).raise_for_status()


def _why(error: BaseException) -> str:
    """The reason of a failure, in words."""
    import requests

    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return "the disk is full. Make room and try again."
        if isinstance(cause, PermissionError | FileExistsError | NotADirectoryError):
            return f"its folder cannot be written ({cause.filename}). HIBARI_HOME names another."
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            return f"the download server answered {cause.response.status_code}."
        if isinstance(cause, urllib.error.HTTPError):
            return f"the download server answered {cause.code}."
        if isinstance(cause, http.client.IncompleteRead):
            return "the connection ended before the download was complete. Try again."
        if isinstance(cause, OSError):
            return "the download server cannot be reached. Check the network and try again."
    return "the file is incomplete, or is not the one that the installed hibari-tts expects (its hash differs)."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _fetchable() -> list[str]:
    return [name for name, facts in _registry().items() if not facts.get("bundled")]


def _registry() -> dict[str, dict[str, Any]]:
    """The installed package's own table of voices; empty without the package."""
    try:
        from hibari.voices import VOICES as REGISTRY  # its table beside ours
    except ImportError:
        return {}
    return dict(REGISTRY)
