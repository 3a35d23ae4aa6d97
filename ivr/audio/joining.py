"""Joins sounds, byte by byte: passages before a revision is live, and what only one call says when Twilio fetches it.

Sounds are joined as they are, so a passage sounds exactly like its pieces one after another, whoever speaks them.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ivr.audio.clips import MAKING, RENDERED, silence_name, write_sound
from ivr.line_settings import Pace
from ivr.spoken import Speech

#: Separates the names of the sounds in the name of a run. A run is several sounds that are fetched as one.
BETWEEN = "-"
#: µ-law at 8,000 samples a second on one channel: what every sound here is.
_FORMAT = struct.pack("<HHIIHHH", 7, 1, 8000, 8000, 1, 8, 0)


class Unjoinable(Exception):
    """Raised for a sound that is gone, or that is not telephone sound."""


def pause(piece: object, pace: Pace, *, slow: bool) -> float:
    """The seconds of a pause at this pace."""
    return round(float(piece) * (pace.slow_pauses if slow else 1.0), 2)  # type: ignore[arg-type]


def parts(said: Speech, pace: Pace, files: Mapping[str, str], *, slow: bool) -> list[str] | None:
    """The file name of each piece of words and each pause; None if any words have no sound."""
    found = []
    for piece in said:
        name = files.get(piece) if isinstance(piece, str) else silence_name(pause(piece, pace, slow=slow))
        if name is None:
            return None
        found.append(name)
    return found


def name(of: Iterable[str]) -> str:
    """The file name of a passage: a hash of the names of its parts, so a changed word or take gives another name."""
    return hashlib.sha256("\0".join((MAKING, "passage", *of)).encode()).hexdigest()[:32] + ".wav"


def join(folder: Path, passages: Iterable[list[str]]) -> int:
    """Make each passage that is missing, from the names of its parts. Returns how many were made.

    A passage with a part that is gone is left out: its parts are played one by one.
    """
    rendered, made = folder / RENDERED, 0
    for of in passages:
        target = rendered / name(of)
        if not target.exists():
            try:
                whole = joined(rendered, of)
            except Unjoinable:
                continue
            write_sound(target, whole)
            made += 1
    return made


def run(of: Iterable[str]) -> str:
    """The name under which several sounds are fetched as one."""
    return BETWEEN.join(name.removesuffix(".wav") for name in of) + ".wav"


def names_in(run: str) -> list[str]:
    """The names of the sounds of a run, taken from the name of the run."""
    return [f"{stem}.wav" for stem in run.removesuffix(".wav").split(BETWEEN)]


def joined(rendered: Path, names: Iterable[str]) -> bytes:
    """Several sounds as one WAV file. Raises Unjoinable."""
    sound = b"".join(_sounds(rendered, names))
    chunks = _chunk(b"fmt ", _FORMAT) + _chunk(b"fact", struct.pack("<I", len(sound))) + _chunk(b"data", sound)
    return _chunk(b"RIFF", b"WAVE" + chunks)


def _sounds(rendered: Path, names: Iterable[str]) -> Iterator[bytes]:
    read: dict[str, bytes] = {}
    for each in names:
        if each not in read:
            read[each] = _data(rendered / each)
        yield read[each]


def _data(path: Path) -> bytes:
    """The samples of a telephone sound."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unjoinable(f"{path.name} cannot be read") from error
    found, begin = dict[bytes, bytes](), 12
    while begin + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, begin)
        found[kind] = content[begin + 8 : begin + 8 + size]
        begin += 8 + size + size % 2
    if found.get(b"fmt ", b"")[:16] != _FORMAT[:16] or b"data" not in found:
        raise Unjoinable(f"{path.name} is not telephone sound")
    return found[b"data"]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
