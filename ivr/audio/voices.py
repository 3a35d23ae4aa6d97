"""The voices there are: how each sounds, where it comes from, under which licence, and how one is fetched.

The line never fetches a voice by itself. Whoever wants another than the ones that are installed
asks for it with `ivr voices fetch NAME`; what arrives is used only if its hash is the one that
the installed package names.
"""

from __future__ import annotations

import errno
import http.client
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The natural voice that is inside its package.
WITH_THE_PACKAGE = "heart"
#: Seconds that the place voices are fetched from has to answer.
FETCH_SECONDS = 5

_HIBARI = ("hibari-tts", "Apache-2.0")
_HUB = "https://huggingface.co/maureesewilliams/hibari"


@dataclass(frozen=True)
class Voice:
    """One voice, and the facts that docs/voices.md and the licence list are held against."""

    name: str
    #: As `engines` in config/line.yaml names it.
    engine: str
    sounds: str
    #: The Python packages that speak it, each with its licence.
    packages: tuple[tuple[str, str], ...]
    #: Where its weights or data come from, their licence, and what they were made from.
    source: str
    licence: str
    made_from: str

    @property
    def is_fetched(self) -> bool:
        """Whether it comes over the network, and only when somebody asks for it."""
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
        "as the voice file does that you bring",
        (("piper-tts", "GPL-3.0-or-later"),),
        "a voice file of your own, named as piper_voice",
        "that of your voice file",
        "what its maker says",
    ),
)


class VoiceRefused(Exception):
    """Raised when a voice cannot be fetched, with one plain sentence that says why. Nothing has changed then."""


def known(name: str) -> Voice | None:
    """The voice of this name."""
    return next((voice for voice in VOICES if voice.name == name), None)


def size(voice: Voice) -> int | None:
    """How many bytes a natural voice has, as the installed package says; None for others, or without the package."""
    facts = _registry().get(voice.name) if voice.engine == "natural" else None
    return int(facts["bytes"]) if facts else None


def file_of(name: str) -> Path | None:
    """Where the file of a natural voice is or would be; None if the package does not know the voice."""
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
    """Whether the file of a natural voice is the one that the installed package names, by its hash."""
    path = file_of(name)
    if path is None or not path.is_file():
        return False
    from hibari.voices import sha256_of

    return bool(sha256_of(path) == _registry()[name]["sha256"])


def fetch(name: str) -> Path:
    """Fetch a natural voice, unless it is here and whole. Returns its file. Raises VoiceRefused."""
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
    except Exception as error:  # the library tells every failure as one kind, and passes others through
        raise VoiceRefused(f"The voice '{name}' was not fetched: {_why(error)} Nothing has changed.") from error
    return path


def _knock(url: str) -> None:
    """Ask for the file first: the library would wait a minute for a network that says nothing."""
    import requests  # takes a while to load, and a web server only ever names voices

    requests.head(url, timeout=FETCH_SECONDS, allow_redirects=True).raise_for_status()


def _why(error: BaseException) -> str:
    """What stood in the way, in words."""
    import requests

    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return "the disk is full. Make room and try again."
        if isinstance(cause, PermissionError | FileExistsError | NotADirectoryError):
            return f"its folder cannot be written ({cause.filename}). HIBARI_HOME names another."
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            return f"the place it comes from answered {cause.response.status_code}."
        if isinstance(cause, urllib.error.HTTPError):
            return f"the place it comes from answered {cause.code}."
        if isinstance(cause, http.client.IncompleteRead):
            return "the connection ended before all of it was here. Try again."
        if isinstance(cause, OSError):
            return "the place it comes from cannot be reached. Check the network and try again."
    return "what arrived is not the file that the installed hibari-tts names, or not all of it (its hash differs)."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _fetchable() -> list[str]:
    return [name for name, facts in _registry().items() if not facts.get("bundled")]


def _registry() -> dict[str, dict[str, Any]]:
    """What the installed package knows of its voices; nothing without the package."""
    try:
        from hibari.voices import VOICES as REGISTRY  # its table beside ours
    except ImportError:
        return {}
    return dict(REGISTRY)
