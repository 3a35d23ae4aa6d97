"""People's own recordings, which are used instead of any voice.

They are in `audio/recordings/en/<node>[.<part>].wav`, and those of another language in a folder with its tag.
`words.json` beside the English ones records which take somebody has confirmed, and which words it speaks; for another
language, its file in `config/languages/` does. When the words or the take change, the recording is not used until
somebody confirms that they match.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ivr import disk
from ivr.audio.clips import MAKING, MASTERS, RENDERED, Clip, clip
from ivr.places.nodes import Menu, Question, Word
from ivr.places.reading import Reading
from ivr.problems import Kind, Problem, Where, kind
from ivr.script import Script, Tongue
from ivr.spoken import Blank, Speech

LANGUAGE = "en"
#: Beside the recordings: which take speaks which words.
WORDS_FILE = "words.json"
#: Limits for a usable recording: least loudness (LUFS), largest share of clipped samples, lowest sample rate.
LEAST_LOUD, MOST_CLIPPED, LEAST_RATE = -40.0, 0.002, 16000
#: The sound library's names for WAV.
_WAV = ("WAV", "WAVEX")
_KEY_NAMES = {"*": "star", "#": "hash"}
#: Seconds per word, from and to. A shorter recording is cut off; a longer one is music or has a long silence.
SECONDS_A_WORD = (0.12, 1.2)


def _recording(code: str, words: str, remedy: str) -> Kind:
    return kind(f"recording-{code}", words, remedy, severity="warning")


_NOT_USED = _recording("not-used", "Only files whose names end in .wav are used.", "Save it as WAV, or remove it.")
_NO_PROMPT = _recording(
    "no-prompt", "No prompt has this name.", "See `ivr record list` for the names, or remove the file."
)
_OTHER_WORDS = _recording(
    "other-words", "The words have changed to: '{words}'.", "Record it again, then: ivr record confirm {name}"
)
_UNCONFIRMED = _recording(
    "unconfirmed", "Nobody has confirmed yet that it says: '{words}'.", "Listen, then: ivr record confirm {name}"
)
_NO_SOUND_FILE = _recording("unreadable", "This sound file cannot be read.", "Save it as WAV, 16 bits, one channel.")
_NOT_WAV = _recording(
    "not-wav", "This is {format} and not WAV, although its name says so.", "Save it as WAV, 16 bits, one channel."
)
_LOW_RATE = _recording("low-rate", "This was recorded at {rate} samples a second.", "Record at {least} or more.")
_SILENT = _recording("silent", "This has almost no sound.", "Record it again, nearer to the microphone.")
_DISTORTED = _recording(
    "distorted", "This is distorted: it was recorded too loud.", "Record it again, with the level turned down."
)
_TOO_SHORT = _recording(
    "too-short", "This lasts {seconds:.1f} seconds, too short for its {words} words.", "Listen whether it is cut off."
)
_TOO_LONG = _recording(
    "too-long", "This lasts {seconds:.1f} seconds, too long for its {words} words.",
    "Listen whether it is the right file.",
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """One prompt to record: the file name without .wav, and the words."""

    name: str
    words: str


def units(script: Script) -> Iterator[Unit]:
    """Everything a person can record, in the order of the menus: whole prompts, but nothing assembled during a call."""
    if script.sounds:
        return (Unit(name, words) for name, words in script.sounds.items() if words)
    return _english_units(script)


def _english_units(script: Script) -> Iterator[Unit]:
    for node in script.nodes.values():
        match node:
            case Reading():
                yield from (_unit(f"{node.id}.{i}", part) for i, part in enumerate(node.parts, 1) if _fixed(part))
                if _fixed(node.closing):
                    yield _unit(f"{node.id}.closing", node.closing)
            case Word() if _fixed(node.means):
                yield _unit(node.id, node.means)
            case Question() if _fixed(node.ask):
                yield _unit(node.id, node.ask)
            case Menu() if _fixed(node.say):
                yield _unit(node.id, node.say)
        for option in node.options_written():
            if not isinstance(node, Question) and _fixed(option.label):
                yield _unit(f"{node.id}.key{option.key}", option.label)
            if _fixed(option.said_back):
                yield _unit(f"{node.id}.after{option.key}", option.said_back)
    yield from (Unit(f"press.{_KEY_NAMES.get(key, key)}", words) for key, words in script.press.items())
    yield from (Unit(f"press.{_KEY_NAMES.get(key, key)}.where", words) for key, words in script.press_where.items())
    yield from (_unit(f"line.{name}", said) for name, said in script.says.items() if _fixed(said))


def _fixed(said: Speech) -> bool:
    """Whether a Speech is one piece of fixed words."""
    return len(said) == 1 and isinstance(said[0], str) and not isinstance(said[0], Blank)


def _unit(name: str, said: Speech) -> Unit:
    return Unit(name, " ".join(piece for piece in said if isinstance(piece, str)))


@dataclass(frozen=True)
class _Confirmed:
    """What somebody confirmed about a recording: its words, and the take."""

    words: str = ""
    #: The fingerprint of the file; empty if an older version without fingerprints confirmed it.
    take: str = ""

    def fits(self, take: str) -> bool:
        return bool(self.words) and take.startswith(self.take)


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
        """The confirmations, by name of the recording. Those of another language are in its file in config/."""
        if self._script.sounds:
            words = self._script.sounds
            return {name: _Confirmed(words[name], take) for name, take in self._script.takes.items() if name in words}
        try:
            found: dict[str, str | dict[str, str]] = json.loads(self._words_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {name: _Confirmed(note) if isinstance(note, str) else _Confirmed(**note) for name, note in found.items()}

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.wav"))

    def names(self) -> dict[Clip, str]:
        """The sound file of each usable recording, by the clip that it speaks. One recording serves both paces."""
        found = dict[Clip, str]()
        for unit, name in self._usable():
            if (self._rendered / name).is_file():
                found.update((clip(self._script, unit.words, slow), name) for slow in (False, True))
        return found

    def _usable(self) -> Iterator[tuple[Unit, str]]:
        """The units whose words and take somebody confirmed, each with the name of its telephone sound.

        Another language's are known by what is written in its file alone. So a new take that is put into the folder,
        and that nobody has heard yet, does not take the old one from callers.
        """
        confirmed = self._confirmed()
        if self._script.sounds:
            yield from ((self._units[name], _name(note.take)) for name, note in confirmed.items())
            return
        for path in self._paths():
            unit, take = self._units.get(path.stem), _take(path)
            if unit and _says(confirmed.get(path.stem), unit, take):
                yield unit, _name(take)

    def is_good(self, unit: Unit) -> bool:
        """Whether there is a recording that says today's words of this unit."""
        path, note = self.folder / f"{unit.name}.wav", self._confirmed().get(unit.name)
        if self._script.sounds and note and (self._rendered / _name(note.take)).is_file():
            return True
        is_confirmed = path.is_file() and _says(note, unit, _take(path))
        return is_confirmed and not (self._script.sounds and faults_of(path, unit.words))

    def prepare(self) -> int:
        """Make the telephone sound of every usable recording that has none yet. Returns how many were made."""
        from ivr.audio import telephone

        made, confirmed = 0, self._confirmed()
        for path in self._paths():
            target = self._rendered / _name(take_of(path) if self._script.sounds else _take(path))
            if not target.exists() and not any(self._faults(path, confirmed)):
                narrow, wide = telephone.telephone(*telephone.read(path))
                telephone.write_master((self._masters / target.name).with_suffix(".flac"), wide)
                telephone.write_telephone(target, narrow)
                made += 1
        return made

    def confirm(self, names: list[str]) -> list[str]:
        """Confirm that these recordings speak today's words. Without names, confirms all new takes.

        A take that was confirmed for older words has to be confirmed by name. A faulty take is never confirmed. Returns
        the names that were confirmed.
        """
        confirmed = self._confirmed()
        takes = {path.stem: _take(path) for path in self._paths() if path.stem in self._units}
        new = [name for name, take in takes.items() if not confirmed.get(name, _Confirmed()).fits(take)]
        noted = [name for name in names or new if name in takes and not any(self._sound_faults(name))]
        confirmed |= {name: _Confirmed(self._units[name].words, takes[name]) for name in noted}
        self.folder.mkdir(parents=True, exist_ok=True)
        # Replacing the file changes the folder's modification time, which makes a running line read it again.
        kept = {name: asdict(note) for name, note in sorted(confirmed.items())}
        disk.write_whole(self._words_file, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
        return noted

    def unknown(self, names: list[str]) -> list[str]:
        """Those of these names for which there is no recording of a prompt."""
        return [name for name in names if name not in self._units or not (self.folder / f"{name}.wav").is_file()]

    def problems(self) -> list[Problem]:
        """Problems with the recordings. A voice speaks instead of a faulty recording."""
        confirmed = self._confirmed()
        there = sorted(path for path in self.folder.glob("[!.]*") if path.is_file() and path != self._words_file)
        return [
            problem.at(Where(f"audio/recordings/{self.folder.name}/{path.name}"))
            for path in there
            for problem in self._faults(path, confirmed)
        ]

    def _faults(self, path: Path, confirmed: Mapping[str, _Confirmed]) -> Iterator[Problem]:
        if path.suffix != ".wav":
            yield _NOT_USED()
            return
        unit, take = self._units.get(path.stem), _take(path)
        if unit is None:
            yield _NO_PROMPT()
            return
        note, sounds = confirmed.get(path.stem, _Confirmed()), list(self._sound_faults(path.stem))
        yield from sounds
        if note.fits(take) and note.words != unit.words:
            yield _OTHER_WORDS(words=unit.words, name=path.stem)
        elif not note.fits(take) and not sounds:
            yield _UNCONFIRMED(words=unit.words, name=path.stem)

    def _sound_faults(self, name: str) -> Iterator[Problem]:
        return _sound_faults(self.folder / f"{name}.wav", self._units[name])


def renamed(folder: Path, old: str, new: str) -> list[tuple[Path, Path]]:
    """The recordings of a node, each with its path under another name of the node."""
    there = sorted((folder / "recordings" / LANGUAGE).glob(f"{old}*.wav"))
    mine = [path for path in there if path.name.split(".")[0] == old]
    return [(path, path.with_name(path.name.replace(old, new, 1))) for path in mine]


def rename(folder: Path, paths: Iterable[tuple[Path, Path]]) -> None:
    """Rename recordings, with what was confirmed about them."""
    words = folder / "recordings" / LANGUAGE / WORDS_FILE
    kept = json.loads(words.read_text(encoding="utf-8")) if words.is_file() else {}
    for path, target in paths:
        path.rename(target)
        if path.stem in kept:
            kept[target.stem] = kept.pop(path.stem)
    if words.is_file():
        disk.write_whole(words, json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


def lacking_sounds(folder: Path, tongue: Tongue) -> list[str]:
    """The sounds of a language that callers would miss: not recorded, another take than was heard, or not prepared."""
    recorded = Recordings(folder, tongue.script)
    there = {clip.words for clip in recorded.names()}
    return [unit.name for unit in units(tongue.script) if unit.words not in there]


def faults_of(path: Path, words: str) -> list[Problem]:
    """What is wrong with a recording that speaks these words, such as no sound; empty if callers can hear it."""
    return list(_sound_faults(path, Unit(path.stem, words)))


def take_of(path: Path) -> str:
    """The fingerprint of a recording, as it is written beside its line."""
    return _take(path)[:8]


def _says(note: _Confirmed | None, unit: Unit, take: str) -> bool:
    """Whether somebody confirmed that this take speaks today's words."""
    return note is not None and note.words == unit.words and note.fits(take)


def _sound_faults(path: Path, unit: Unit) -> Iterator[Problem]:
    import soundfile

    from ivr.audio import telephone

    try:
        form = soundfile.info(path).format
        samples, rate = telephone.read(path)
    except (soundfile.LibsndfileError, OSError):
        yield _NO_SOUND_FILE()
        return
    if form not in _WAV:
        yield _NOT_WAV(format=form)
    if rate < LEAST_RATE:
        yield _LOW_RATE(rate=rate, least=LEAST_RATE)
    measured = telephone.measure(samples, rate)
    if not len(samples) or measured.loudness < LEAST_LOUD:
        yield _SILENT()
        return
    clipped = float((abs(samples) >= 0.999).mean())
    if clipped > MOST_CLIPPED:
        yield _DISTORTED()
    words = len(unit.words.split())
    least, most = (seconds * words for seconds in SECONDS_A_WORD)
    if measured.seconds < least:
        yield _TOO_SHORT(seconds=measured.seconds, words=words)
    if measured.seconds > most + 2:
        yield _TOO_LONG(seconds=measured.seconds, words=words)


def _take(path: Path) -> str:
    """The fingerprint of a recording."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _name(take: str) -> str:
    """The file name of a recording's telephone sound. It depends on the content, so a new take is a new sound."""
    return hashlib.sha256(f"{MAKING}\0recording\0{take}".encode()).hexdigest()[:32] + ".wav"
