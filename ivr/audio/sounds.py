"""During calls: from words to the address of the best sound there is.

Looking is done when a revision loads, and again once a second beside the calls; a call finds
an address in a dictionary. The folder's own time tells whether a file came or went since.
Words whose sound is missing are said by Twilio's voice instead: the call goes on, and it is
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

#: A telephone sound has so many samples a second, of a byte each, behind a header. What works on sound takes a
#: second to import, and is not needed to tell this.
RATE, HEADER_BYTES = 8000, 59

log = structlog.get_logger()

UNSPOKEN = Counter("ivr_prompts_without_sound_total", "Prompts that Twilio's voice said for want of a file.")


class Sounds:
    """The sounds of one script."""

    def __init__(self, folder: Path, script: Script, base_url: str):
        self._folder, self._script, self._url = folder, script, base_url
        self._names = [_names(script, choice.identity) for choice in choices(script.line.speech)]
        self._files: dict[tuple[str, bool], str] = {}
        self._silences: frozenset[str] = frozenset()
        self._seen = 0
        #: Changes whenever a sound came or went.
        self.version = 0
        self.look()

    def look(self) -> None:
        """Take up what is in the folders now. Not for a turn to wait for."""
        seen = _time_of(self._folder / RENDERED) + _time_of(self._folder / "recordings" / LANGUAGE)
        if seen != self._seen:
            self._read_folders()
            self._seen = seen
            self.version += 1

    def url(self, words: str, slow: bool) -> str | None:
        """Where the sound of some words is; None if there is none."""
        name = self._files.get((words, slow))
        return f"{self._url}/audio/{name}" if name else None

    def seconds(self) -> dict[tuple[str, bool], float]:
        """How long each sound lasts that there is, by its words and whether they are said slowly."""
        folder = self._folder / RENDERED
        return {clip: length for clip, name in self._files.items() if (length := telephone_seconds(folder / name))}

    def missed(self, words: str, slow: bool) -> None:
        """Count and log that a caller hears Twilio's voice for want of a sound."""
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
        """All in the best voice that has said everything; if none has, each prompt in the best that said it."""
        found: dict[tuple[str, bool], str] = {}
        for names in self._names:
            said = {words: name for words, name in names.items() if name in there}
            if len(said) == len(names):
                return said
            found = said | found
        return found


def _names(script: Script, identity: str) -> dict[tuple[str, bool], str]:
    """What every sound of a script is called if this voice says it."""
    return {(clip.words, clip.slow): clip.name(identity, script.words.said) for clip in clips(script)}


def telephone_seconds(path: Path) -> float:
    """How long a telephone sound lasts, by its size: one byte is a sample. 0 for a file that is gone."""
    try:
        return max(0, path.stat().st_size - HEADER_BYTES) / RATE
    except FileNotFoundError:
        return 0.0


def _time_of(folder: Path) -> int:
    """When a folder last gained or lost a file."""
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def file_of(folder: Path, name: str) -> Path | None:
    """The file of a sound; None if there is none. The name has been checked to be one."""
    path = folder / RENDERED / name
    return path if path.is_file() else None
