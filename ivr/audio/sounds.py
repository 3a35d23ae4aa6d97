"""During calls: finds the address of the best sound for some words.

The folders are read when a revision loads, and again once a second in the background if their modification time has
changed. A call only looks up an address in a dictionary. Twilio's voice reads words that have no sound; each time is
counted.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from prometheus_client import Counter

from ivr.audio.clips import RENDERED, clips, silence_name
from ivr.audio.engines import choices
from ivr.audio.recordings import LANGUAGE, Recordings
from ivr.script import Script

#: Samples (of one byte) per second of a telephone sound, and the length of its header. With these, a length is computed
#: from the file size, without the sound libraries that take a second to import.
RATE, HEADER_BYTES = 8000, 59

log = structlog.get_logger()

UNSPOKEN = Counter("ivr_prompts_without_sound_total", "Prompts that Twilio's voice said because there was no file.")


class Sounds:
    """The sounds of one script."""

    def __init__(self, folder: Path, script: Script, base_url: str):
        self._folder, self._script, self._url = folder, script, base_url
        self._names = [_names(script, choice.identity) for choice in choices(script.line.speech)]
        self._files: dict[tuple[str, bool], str] = {}
        self._silences: frozenset[str] = frozenset()
        self._seen = 0
        self.look()

    def look(self) -> None:
        """Read the folders again if they have changed. Slow: never call it during a turn."""
        seen = _time_of(self._folder / RENDERED) + _time_of(self._folder / "recordings" / LANGUAGE)
        if seen != self._seen:
            self._read_folders()
            self._seen = seen

    def url(self, words: str, slow: bool) -> str | None:
        """The address of the sound of these words; None if there is none."""
        name = self._files.get((words, slow))
        return f"{self._url}/audio/{name}" if name else None

    def seconds(self) -> dict[tuple[str, bool], float]:
        """The length of each existing sound in seconds, by its words and whether they are spoken slowly."""
        folder = self._folder / RENDERED
        return {clip: length for clip, name in self._files.items() if (length := telephone_seconds(folder / name))}

    def missed(self, words: str, slow: bool) -> None:
        """Count and log that a caller hears Twilio's voice because a sound is missing."""
        UNSPOKEN.inc()
        log.warning("no sound", words=words[:60], slow=slow)

    def silence(self, seconds: float) -> str | None:
        name = silence_name(seconds)
        return f"{self._url}/audio/{name}" if name in self._silences else None

    def _read_folders(self) -> None:
        there = frozenset(path.name for path in (self._folder / RENDERED).glob("*.wav"))
        self._files, self._silences = self._in_one_voice(there) | self._in_person(), there

    def _in_person(self) -> dict[tuple[str, bool], str]:
        recorded = Recordings(self._folder, self._script).names()
        return {(clip.words, clip.slow): name for clip, name in recorded.items()}

    def _in_one_voice(self, there: frozenset[str]) -> dict[tuple[str, bool], str]:
        """All sounds in the best voice that has every prompt; if none has, each in the best voice that has it."""
        found: dict[tuple[str, bool], str] = {}
        for names in self._names:
            said = {words: name for words, name in names.items() if name in there}
            if len(said) == len(names):
                return said
            found = said | found
        return found


def _names(script: Script, identity: str) -> dict[tuple[str, bool], str]:
    """The file names of all prompts of a script in this voice."""
    return {(clip.words, clip.slow): clip.name(identity, script.words.said) for clip in clips(script)}


def telephone_seconds(path: Path) -> float:
    """The length of a telephone sound in seconds, computed from its size. 0 if the file is gone."""
    try:
        return max(0, path.stat().st_size - HEADER_BYTES) / RATE
    except FileNotFoundError:
        return 0.0


def _time_of(folder: Path) -> int:
    """When a file was last added to or removed from a folder (its mtime in nanoseconds)."""
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def file_of(folder: Path, name: str) -> Path | None:
    """The file of a sound; None if there is none. The caller has checked the form of the name."""
    path = folder / RENDERED / name
    return path if path.is_file() else None
