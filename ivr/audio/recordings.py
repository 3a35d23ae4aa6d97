"""People's own recordings, which are used instead of any voice.

They are in `audio/recordings/en/<node>[.<part>].wav`, and those of another language in a folder with its tag.
`config/recordings.yaml` says which take of each English recording is confirmed, by whom, and for which words. For
another language, its file in `config/languages/` says so. Both are published. When the words or the take change, the
recording is not used until somebody confirms that they match.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.audio.clips import MAKING, MASTERS, RENDERED, Clip, clip
from ivr.audio.judging import faults_of
from ivr.authoring import recorded
from ivr.authoring.recorded import print_of
from ivr.machine import disk
from ivr.places.recordable import Unit, units
from ivr.problems import ConfigError, Kind, Problem, Where, kind
from ivr.script import ConfirmedTake, Script, Tongue

LANGUAGE = "en"
#: Beside the recordings: which take speaks which words, as versions up to 1.4 wrote it.
WORDS_FILE = "words.json"


def _recording(code: str, words: str, remedy: str) -> Kind:
    return kind(f"recording-{code}", words, remedy, severity="warning")


_NOT_USED = _recording("not-used", "Only files whose names end in .wav are used.", "Save it as WAV, or remove it.")
_NO_PROMPT = _recording(
    "no-prompt", "No prompt has this name.", "See `ivr record list` for the names, or remove the file."
)
_OTHER_WORDS = _recording(
    "other-words", "The words have changed to: '{words}'.", "Record it again, then: ivr record confirm {name}"
)
_LOST = _recording(
    "lost", "The recording '{name}' is not on this machine.", "Copy the folder audio/recordings here, or record it."
)
_WORDS_FILE = _recording(
    "words-file", "This file cannot be read, so what it confirms does not count.",
    "Mend it, or remove it and confirm those recordings again.",
)  # fmt: skip
_UNCONFIRMED = _recording(
    "unconfirmed", "Nobody has confirmed yet that it says: '{words}'.", "Listen, then: ivr record confirm {name}"
)


@dataclass(frozen=True)
class _Confirmed:
    """What somebody confirmed about a recording: its words, and the take."""

    #: The fingerprint of the words.
    of: str = ""
    #: The fingerprint of the file, or its beginning; empty if an older version without fingerprints confirmed it.
    take: str = ""

    def fits(self, take: str) -> bool:
        return bool(self.of) and take.startswith(self.take)

    def says(self, words: str) -> bool:
        return self.of == print_of(words)


class Recordings:
    """The recordings of one script."""

    def __init__(self, folder: Path, script: Script):
        #: The folder in which people put their recordings.
        self.folder = folder / "recordings" / script.language
        self._rendered, self._masters = folder / RENDERED, folder / MASTERS
        self._script = script
        self._units = {unit.name: unit for unit in units(script)}

    @property
    def _words_file(self) -> Path:
        return self.folder / WORDS_FILE

    def _confirmed(self) -> dict[str, _Confirmed]:
        """The confirmations, by name of the recording."""
        if self._script.sounds:
            words = self._script.sounds
            takes = self._script.takes.items()
            return {name: _Confirmed(print_of(words[name]), take) for name, take in takes if name in words}
        published = {name: _Confirmed(each.of, each.take) for name, each in self._script.recorded.items()}
        return {**self._of_older_versions(), **published}

    def _of_older_versions(self) -> dict[str, _Confirmed]:
        """What versions up to 1.4 wrote beside the recordings."""
        try:
            found = _of_words_file(self._words_file)
        except ConfigError:  # `problems` reports it
            return {}
        notes = {name: {"words": note} if isinstance(note, str) else note for name, note in found.items()}
        return {name: _Confirmed(print_of(note["words"]), note.get("take", "")) for name, note in notes.items()}

    def _paths(self, name: str = "*") -> list[Path]:
        return sorted(self.folder.glob(f"{name}.wav"))

    def names(self) -> dict[Clip, str]:
        """The sound file of each usable recording, by the clip that it speaks. One recording serves both paces."""
        found = dict[Clip, str]()
        for unit, name in self._usable():
            if (self._rendered / name).is_file():
                found.update((clip(self._script, unit.words, slow), name) for slow in (False, True))
        return found

    def _usable(self) -> Iterator[tuple[Unit, str]]:
        """The units whose words and take somebody confirmed, each with the name of its telephone sound.

        Only what is published decides. So when a new take is put into the folder, which nobody has heard yet, callers
        keep hearing the old one. What version 1.4 or older confirmed needs its file as well: in those versions, a
        recording was withdrawn by removing the file.
        """
        for name, note in self._confirmed().items():
            unit, path = self._units.get(name), self.folder / f"{name}.wav"
            if unit is None or not note.says(unit.words):
                continue
            if self._is_published(name) or (path.is_file() and note.take):
                yield unit, _name(note.take)
            elif path.is_file():
                yield unit, _name(_take(path))

    def _is_published(self, name: str) -> bool:
        """Whether its confirmation is in the files of config/."""
        return bool(self._script.sounds) or name in self._script.recorded

    def is_good(self, unit: Unit) -> bool:
        """Whether there is a recording that says today's words of this unit."""
        path, note = self.folder / f"{unit.name}.wav", self._confirmed().get(unit.name, _Confirmed())
        if not note.says(unit.words):
            return False
        if self._is_published(unit.name) and (self._rendered / _name(note.take)).is_file():
            return True
        is_confirmed = path.is_file() and note.fits(_take(path))
        return is_confirmed and not (self._script.sounds and faults_of(path, unit.words))

    def unit(self, name: str) -> Unit | None:
        """The prompt of this name; None if it is not said any more."""
        return self._units.get(name)

    def missing(self) -> Iterator[Unit]:
        """The prompts that nobody has recorded with today's words. An unconfirmed take counts as recorded."""
        return filter(self.is_missing, self._units.values())

    def is_missing(self, unit: Unit) -> bool:
        """Whether nobody has recorded this prompt.

        A file of earlier words counts as a recording: callers may hear it until the new words are published.
        """
        return not (self.folder / f"{unit.name}.wav").is_file() and not self.is_good(unit)

    def prepare(self, name: str = "*") -> int:
        """Make the telephone sound of every usable recording that has none yet, or of the one with this name. Returns
        how many were made.
        """
        made, confirmed = 0, self._confirmed()
        for path in self._paths(name):
            target = self._rendered / _name(take_of(path) if self._is_published(path.stem) else _take(path))
            if not target.exists() and not any(self._faults(path, confirmed)):
                _make(target, (self._masters / target.name).with_suffix(".flac"), path)
                made += 1
        return made

    def to_confirm(self, names: Iterable[str] = ()) -> list[str]:
        """The recordings that can be confirmed: those of these names; without names, all new takes.

        A take that was confirmed for older words has to be named. A faulty take is never confirmed.
        """
        confirmed = self._confirmed()
        takes = {path.stem: _take(path) for path in self._paths() if path.stem in self._units}
        new = [name for name, take in takes.items() if not confirmed.get(name, _Confirmed()).fits(take)]
        return [name for name in list(names) or new if name in takes and not self._sound_faults(name)]

    def confirmed_by(self, names: Iterable[str], by: str, on: dt.date) -> dict[str, ConfirmedTake]:
        """What is written into config/ once somebody confirms that these recordings say today's words."""
        return {
            name: ConfirmedTake(print_of(self._units[name].words), take_of(self.folder / f"{name}.wav"), by, on)
            for name in names
        }

    def unknown(self, names: list[str]) -> list[str]:
        """Those of these names for which there is no recording of a prompt."""
        return [name for name in names if name not in self._units or not (self.folder / f"{name}.wav").is_file()]

    def problems(self) -> list[Problem]:
        """Problems with the recordings. A voice speaks instead of a faulty recording."""
        confirmed = self._confirmed()
        there = sorted(path for path in self.folder.glob("[!.]*") if path.is_file() and path != self._words_file)
        lost = [name for name in self._script.recorded if name in self._units and not self._is_there(name)]
        return [
            *_faults_of_words_file(self._words_file),
            *(
                problem.at(Where(f"audio/recordings/{self.folder.name}/{path.name}"))
                for path in there
                for problem in self._faults(path, confirmed)
            ),
            *(_LOST(name=name).at(Where(f"config/{recorded.FILE}")) for name in lost),
        ]

    def _is_there(self, name: str) -> bool:
        """Whether a confirmed recording has its sound, or a file to make it from."""
        path = self.folder / f"{name}.wav"
        return path.is_file() or (self._rendered / _name(self._script.recorded[name].take)).is_file()

    def _faults(self, path: Path, confirmed: Mapping[str, _Confirmed]) -> Iterator[Problem]:
        if path.suffix != ".wav":
            yield _NOT_USED()
            return
        unit, take = self._units.get(path.stem), _take(path)
        if unit is None:
            yield _NO_PROMPT()
            return
        note, sounds = confirmed.get(path.stem, _Confirmed()), self._sound_faults(path.stem)
        yield from sounds
        if note.fits(take) and not note.says(unit.words):
            yield _OTHER_WORDS(words=unit.words, name=path.stem)
        elif not note.fits(take) and not sounds:
            yield _UNCONFIRMED(words=unit.words, name=path.stem)

    def _sound_faults(self, name: str) -> list[Problem]:
        return faults_of(self.folder / f"{name}.wav", self._units[name].words)


def telephone_sound(folder: Path, path: Path) -> str:
    """Make the telephone sound of a take that nobody has confirmed yet, and return its name among the sounds."""
    target, master = _sounds_of(folder, path)
    _make(target, master, path)
    return target.name


def forget_sound(folder: Path, path: Path) -> None:
    """Delete the telephone sound of a take that nobody kept."""
    for sound in _sounds_of(folder, path):
        sound.unlink(missing_ok=True)


def _sounds_of(folder: Path, path: Path) -> tuple[Path, Path]:
    """The telephone sound of a take, and the master of that."""
    name = _name(take_of(path))
    return folder / RENDERED / name, (folder / MASTERS / name).with_suffix(".flac")


def _make(target: Path, master: Path, path: Path) -> None:
    from ivr.audio import telephone

    narrow, wide = telephone.telephone(*telephone.read(path))
    telephone.write_master(master, wide)
    telephone.write_telephone(target, narrow)


def renamed(folder: Path, old: str, new: str) -> list[tuple[Path, Path]]:
    """The recordings of a node, each with its path under another name of the node.

    Raises ConfigError if what was confirmed about them cannot be renamed with them.
    """
    there = sorted((folder / "recordings" / LANGUAGE).glob(f"{old}*.wav"))
    mine = [path for path in there if path.name.split(".")[0] == old]
    if mine:
        _of_words_file(_words_file(folder))
    return [(path, path.with_name(path.name.replace(old, new, 1))) for path in mine]


def rename(folder: Path, paths: Iterable[tuple[Path, Path]]) -> None:
    """Rename recordings, with what was confirmed about them."""
    kept = _of_words_file(_words_file(folder))
    for path, target in paths:
        path.rename(target)
        if path.stem in kept:
            kept[target.stem] = kept.pop(path.stem)
    _write_words_file(folder, kept)


def forget(folder: Path, name: str) -> bool:
    """Drop what a version up to 1.4 wrote about a recording. Returns whether there was something. Raises OSError."""
    try:
        kept = _of_words_file(_words_file(folder))
    except ConfigError:  # nothing in it counts
        return False
    if name not in kept:
        return False
    del kept[name]
    _write_words_file(folder, kept)
    return True


def _words_file(folder: Path) -> Path:
    return folder / "recordings" / LANGUAGE / WORDS_FILE


def _of_words_file(path: Path) -> dict[str, str | dict[str, str]]:
    """What a version up to 1.4 wrote beside recordings. Raises ConfigError if the file has any other form."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:  # no JSON, or no UTF-8
        found = None
    if not isinstance(found, dict) or not all(map(_is_note, found.values())):
        raise ConfigError([_WORDS_FILE().at(Where(f"audio/recordings/{path.parent.name}/{path.name}"))])
    return found


def _is_note(note: object) -> bool:
    """Whether this is what was written about one recording: its words, or these with the take."""
    if isinstance(note, dict):
        return isinstance(note.get("words"), str) and isinstance(note.get("take", ""), str)
    return isinstance(note, str)


def _faults_of_words_file(path: Path) -> tuple[Problem, ...]:
    try:
        _of_words_file(path)
    except ConfigError as error:
        return error.problems
    return ()


def _write_words_file(folder: Path, kept: Mapping[str, object]) -> None:
    words = _words_file(folder)
    if words.is_file():
        disk.write_whole(words, json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


def lacking_sounds(folder: Path, tongue: Tongue) -> list[str]:
    """The sounds of a language that callers would miss: not recorded, another take than was heard, or not prepared."""
    recorded = Recordings(folder, tongue.script)
    there = {clip.words for clip in recorded.names()}
    return [unit.name for unit in units(tongue.script) if unit.words not in there]


def take_of(path: Path) -> str:
    """The first eight digits of the fingerprint of a recording, as config/ has them."""
    return _take(path)[:8]


def _take(path: Path) -> str:
    """The fingerprint of a recording."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _name(take: str) -> str:
    """The file name of a recording's telephone sound. It depends on the content, so a new take is a new sound."""
    return hashlib.sha256(f"{MAKING}\0recording\0{take}".encode()).hexdigest()[:32] + ".wav"
