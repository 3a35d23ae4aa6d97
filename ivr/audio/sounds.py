"""During calls: finds the addresses of the best sounds for what is said.

The folders are read when a revision loads, and again once a second in the background if their modification time has
changed. A call only looks up addresses in dictionaries. A passage without a sound of its own is played in pieces, and
Twilio's voice reads words that have no sound; each time is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import Counter

from ivr.audio import joining
from ivr.audio.clips import RENDERED, clips, silence_name
from ivr.audio.engines import identities
from ivr.audio.recordings import Recordings
from ivr.places.passages import Passages, passages
from ivr.script import Script
from ivr.spoken import Piece, Speech

#: Samples (of one byte) per second of a telephone sound, and the length of its header. With these, a length is computed
#: from the file size, without the sound libraries that take a second to import.
RATE, HEADER_BYTES = 8000, 59

log = structlog.get_logger()

UNSPOKEN = Counter("ivr_prompts_without_sound_total", "Prompts that Twilio's voice said because there was no file.")


class Sounds:
    """The sounds of one script."""

    def __init__(self, folder: Path, script: Script, base_url: str):
        self._folder, self._script, self._url = folder, script, base_url
        #: The sounds of other languages, by their tags, for the few words of theirs that this script says.
        self.others: Mapping[str, Sounds] = {}
        self._speak, self._names = list[str](), list[dict[tuple[str, bool], str]]()
        self._passages, self._filled_in = passages(script), script.filled_in
        self._paces = {slow: _Pace({}, {}, Passages(()), {}) for slow in (False, True)}
        self._silences: frozenset[str] = frozenset()
        self._seen = 0
        self.look()

    def look(self) -> bool:
        """Read the folders again if they have changed, and return whether they had. Slow: never during a turn."""
        folders = (self._folder / RENDERED, self._folder / "recordings" / self._script.language)
        seen = sum(map(_time_of, folders))
        has_changed = seen != self._seen
        if has_changed:
            self._read_folders()
            self._seen = seen
        return has_changed

    def url(self, words: str, slow: bool) -> str | None:
        """The address of the sound of these words; None if there is none."""
        name = self._paces[slow].files.get(words)
        return f"{self._url}/audio/{name}" if name else None

    def play(self, said: Speech, slow: bool) -> list[tuple[Speech, str | None]]:
        """What is said, in as few sounds as possible: the words and pauses of each, and its address.

        Words that have no sound have no address. What only a call knows is one sound, which is put together when it is
        fetched.
        """
        pace, found = self._paces[slow], list[tuple[Speech, str | None]]()
        for part in pace.passages.cut(said, self._filled_in):
            if url := pace.urls.get(part):
                found.append((part, url))
            elif name := self._run(part, slow):
                found.append((part, f"{self._url}/audio/{name}"))
            else:
                found += [((piece,), self._of_piece(piece, slow)) for piece in part]
        return found

    def seconds(self) -> dict[tuple[str, bool], float]:
        """The length of each existing sound in seconds, by its words and whether they are spoken slowly."""
        folder = self._folder / RENDERED
        files = (((words, slow), name) for slow, pace in self._paces.items() for words, name in pace.files.items())
        return {clip: length for clip, name in files if (length := telephone_seconds(folder / name))}

    def missed(self, words: str, slow: bool) -> None:
        """Count and log that a caller hears Twilio's voice because a sound is missing."""
        UNSPOKEN.inc()
        log.warning("no sound", words=words[:60], slow=slow)

    def silence(self, seconds: float) -> str | None:
        name = silence_name(seconds)
        return f"{self._url}/audio/{name}" if name in self._silences else None

    def parts(self) -> list[list[str]]:
        """The names of the sounds that each passage is made of, in the voice that callers hear."""
        found = (self._parts(passage, slow) for slow in (False, True) for passage in self._passages)
        return [parts for parts in found if parts]

    def of_passage(self, name: str) -> bytes | None:
        """A passage whose file is gone, put together again; None if no passage has this name, or a part is gone."""
        parts = next((pace.parts[name] for pace in self._paces.values() if name in pace.parts), None)
        return _joined(self._folder, parts) if parts else None

    def _parts(self, said: Speech, slow: bool) -> list[str] | None:
        return joining.parts(said, self._script.line.pace, self._paces[slow].files, slow=slow)

    def _run(self, part: Speech, slow: bool) -> str | None:
        """The name of a run for words that only this call has (`joining.run`); None if a piece has no sound."""
        if len(part) == 1 or (parts := self._parts(part, slow)) is None or not self._silences.issuperset(parts):
            return None
        return joining.run(parts)

    def _of_piece(self, piece: Piece, slow: bool) -> str | None:
        if isinstance(piece, str):
            in_its_own = self.others.get(self._script.foreign.get(piece, ""), self)
            return in_its_own.url(piece, slow)
        return self.silence(joining.pause(piece, self._script.line.pace, slow=slow))

    def _read_folders(self) -> None:
        rendered = self._folder / RENDERED
        there = frozenset(path.name for path in rendered.glob("*.wav"))
        self._name_all(identities(self._script, rendered))
        files = self._in_one_voice(there) | self._in_person()
        self._silences = there
        for slow in self._paces:
            said = {words: name for (words, is_slow), name in files.items() if is_slow == slow}
            self._paces[slow] = self._pace(said, there, slow)

    def _pace(self, files: dict[str, str], there: frozenset[str], slow: bool) -> _Pace:
        pace = self._script.line.pace
        made: dict[Speech, str] = {}
        parts: dict[str, list[str]] = {}
        for passage in self._passages:
            of = joining.parts(passage, pace, files, slow=slow)
            if of:
                parts[name := joining.name(of)] = of
                if name in there:
                    made[passage] = name
        urls = {passage: f"{self._url}/audio/{name}" for passage, name in made.items()}
        return _Pace(files, urls, Passages(made), parts)

    def _name_all(self, speak: list[str]) -> None:
        """Name the sound of each prompt in each voice, unless the same voices made the sounds that were read last."""
        if speak != self._speak:
            self._names, self._speak = [_names(self._script, identity) for identity in speak], speak

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


@dataclass(frozen=True)
class _Pace:
    """The sounds at one pace."""

    #: The file of each piece of words.
    files: Mapping[str, str]
    #: The address of each passage that has a sound, and where these are in what is said.
    urls: Mapping[Speech, str]
    passages: Passages
    #: What each passage is made of, by the name of its file.
    parts: Mapping[str, list[str]]


def _names(script: Script, identity: str) -> dict[tuple[str, bool], str]:
    """The file names of all prompts of a script in this voice."""
    return {(clip.words, clip.slow): clip.name(identity, script.respelt) for clip in clips(script)}


def put_together(scripts: Iterable[Script], folder: Path) -> None:
    """Make the missing passages of some scripts from the sounds that are there."""
    for script in scripts:
        joining.join(folder, Sounds(folder, script, "").parts())


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


def run_of(folder: Path, names: str) -> bytes | None:
    """Several sounds as one file, from the name under which they are fetched; None if one is gone."""
    return _joined(folder, joining.names_in(names))


def _joined(folder: Path, names: list[str]) -> bytes | None:
    try:
        return joining.joined(folder / RENDERED, names)
    except joining.Unjoinable:
        return None


def file_of(folder: Path, name: str) -> Path | None:
    """The file of a sound; None if there is none. The caller has checked the form of the name."""
    path = folder / RENDERED / name
    return path if path.is_file() else None
