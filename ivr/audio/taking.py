"""A take that somebody records in a browser or hands in as a file: judged, made even, and kept.

What is kept is what `ivr record` works with: a WAV in `audio/recordings/`, named after the prompt. Whoever keeps an
English take has listened to it and confirms it, so it is written down in `config/recordings.yaml`. A take in another
language waits until somebody listens to its line.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.audio import judging, recordings
from ivr.authoring import recorded
from ivr.machine import disk
from ivr.problems import Problem
from ivr.script import ConfirmedTake

if TYPE_CHECKING:  # a machine that only serves calls has no libraries for sound
    from ivr.audio.telephone import Samples

#: The most that is taken in: bytes of a file, and seconds of sound. The longest prompt lasts about a minute. The
#: proxies in scripts/deploy let as many bytes through.
MOST_BYTES, MOST_SECONDS = 32_000_000, 180
#: The most samples that a take may have, over all channels: the longest one at 96,000 samples a second, in two
#: channels. A small FLAC of silence can need gigabytes of memory.
MOST_NUMBERS = MOST_SECONDS * 96_000 * 2
#: What can be handed in, in words.
FORMATS = "WAV, FLAC or MP3"


class NotASound(Exception):
    """Raised for what cannot be a take, with the reason in words."""


@dataclass(frozen=True)
class JudgedTake:
    """A take as it came, and what is said about it."""

    samples: Samples
    rate: int
    faults: tuple[Problem, ...]
    doubts: tuple[Problem, ...]

    def as_callers_hear_it(self) -> bytes:
        """The telephone's sound as a WAV that every browser plays."""
        import soundfile

        from ivr.audio import telephone

        narrow, _ = telephone.telephone(self.samples, self.rate)
        out = io.BytesIO()
        soundfile.write(out, narrow, telephone.TELEPHONE_RATE, format="WAV", subtype="PCM_16")
        return out.getvalue()


def judged(content: bytes, words: str) -> JudgedTake:
    """Reads the content of a sound file, and judges it as a recording of these words. Raises NotASound."""
    import numpy as np
    import soundfile

    if len(content) > MOST_BYTES:
        raise NotASound(
            f"This file is too big: {MOST_BYTES // 1_000_000} MB are the most. Save only this prompt in it."
        )
    try:
        found = soundfile.info(io.BytesIO(content))
        if found.duration > MOST_SECONDS:
            raise NotASound(f"This lasts {found.duration / 60:.0f} minutes. Save only this prompt in the file.")
        if found.frames * found.channels > MOST_NUMBERS:
            raise NotASound(
                f"This has {found.channels} channels at {found.samplerate} samples a second, which is too much. "
                "Save it in one channel, at 48000 samples a second."
            )
        samples, rate = soundfile.read(
            io.BytesIO(content), dtype="float32", frames=int(MOST_SECONDS * found.samplerate)
        )
    except soundfile.LibsndfileError:
        raise NotASound(f"This is no sound file that can be read. Save it as {FORMATS}.") from None
    mono = np.nan_to_num(samples if samples.ndim == 1 else samples.mean(axis=1), posinf=1.0, neginf=-1.0)
    faults = tuple(judging.faults(mono, rate, words))
    return JudgedTake(mono, rate, faults, () if faults else tuple(judging.doubts(mono, rate)))


def keep(folder: Path, tag: str, name: str, take: JudgedTake) -> Path:
    """Write a take to where recordings are: in the folder of its language, as WAV. Raises OSError."""
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, take.samples, take.rate, format="WAV", subtype="PCM_16")
    path = folder / "recordings" / tag / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write_whole(path, out.getvalue())
    return path


def write_down(config_dir: Path, takes: Mapping[str, ConfirmedTake]) -> None:
    """Write these confirmed takes into config/. Raises OSError."""
    if takes:
        path = config_dir / recorded.FILE
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        disk.write_whole(path, recorded.with_takes(text, takes))


def take_out(config_dir: Path, folder: Path, name: str) -> bool:
    """Let a voice speak again instead of a recording. Raises LookupError if none is confirmed, and OSError.

    Also removes what a version up to 1.4 wrote about it, or callers would hear that take instead. Returns whether
    callers hear the change only after the next publication.
    """
    path = config_dir / recorded.FILE
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    was_forgotten = recordings.forget(folder, name)
    try:
        text = recorded.without_takes(before, [name])
    except LookupError:
        if was_forgotten:
            return False
        raise
    if text:
        disk.write_whole(path, text)
    else:
        path.unlink()
    return True


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds this machine's lock on recordings and their confirmations."""
    (folder / "recordings").mkdir(parents=True, exist_ok=True)
    with (folder / "recordings" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
