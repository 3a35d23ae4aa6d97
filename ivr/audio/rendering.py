"""Renders the sounds that are missing, in parallel on every core.

Each process loads the voice once and then makes one sound after another. A sound file is written completely or not at
all, so an interrupted rendering can be continued.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from ivr.audio import engines, joining, telephone
from ivr.audio.clips import MASTERS, RENDERED, Clip, clip, clips, silence_name, silences
from ivr.audio.engines import Engine, EngineMissing, VoiceChoice
from ivr.audio.recordings import Recordings
from ivr.audio.sounds import Sounds, put_together
from ivr.line_settings import Pace
from ivr.script import Script
from ivr.spoken import as_said

#: With fewer sounds than this, loading the voice in several processes costs more than it saves.
WORTH_SHARING = 12


@dataclass
class Rendering:
    """What was rendered, by which voice, with warnings for the user."""

    made: int = 0
    voices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    #: Clips that no voice could render. In calls, Twilio's voice reads them.
    unsaid: list[Clip] = field(default_factory=list)

    def add(self, other: Rendering) -> None:
        """Add what was rendered in another language."""
        self.made += other.made
        self.voices += other.voices
        self.unsaid += other.unsaid
        for warning in other.warnings:
            self.warn(warning)

    def warn(self, says: str) -> None:
        """Add a warning once. Two voices of one engine can lack the same thing."""
        if says not in self.warnings:
            self.warnings.append(says)


#: Called with (made, total), first with nothing made and then as the rendering goes on.
Progress = Callable[[int, int], None]


def render(
    script: Script, folder: Path, progress: Progress = lambda made, of: None, also: Iterable[Script] = ()
) -> Rendering:
    """Make every sound of a script that is missing, in the best voice on this machine.

    `also`: scripts that say parts of the same words in other passages, such as those of a line that sends no texts.
    """
    result = _render(script, folder, progress)
    for tongue in script.tongues:
        result.add(_render(tongue.script, folder, progress))
    put_together((script, *also), folder)
    return result


def _render(script: Script, folder: Path, progress: Progress) -> Rendering:
    """Make the sounds of all words and pauses."""
    result = Rendering()
    _make_silences(script, folder / RENDERED)
    engines.note_who_speaks(script, folder / RENDERED)
    recorded = Recordings(folder, script)
    result.made += recorded.prepare()
    in_person = recorded.names()
    wanted = [clip for clip in clips(script) if clip not in in_person]
    voices = [(c, _missing(wanted, c, script, folder / RENDERED)) for c in engines.choices_for(script)]
    if script.sounds and not voices:  # no voice speaks it: only recordings of it can be heard
        return result
    for choice, missing in voices:
        missing = [clip for clip in missing if clip in wanted]
        if not missing:
            return result
        try:
            engine = choice.ready()
        except EngineMissing as error:
            result.warn(str(error))
            continue
        job = _Job(choice, folder, script.line.pace, script.respelt)
        wanted = _all(job, engine, missing, progress, result)
        if not wanted:
            return result
        result.warn(f"{choice} could not say {len(wanted)} of {len(missing)} prompts.")
    result.unsaid = wanted
    return result


def render_words(
    script: Script,
    folder: Path,
    words: Iterable[str],
    *,
    slow: bool,
    ready: Callable[[VoiceChoice], Engine] = lambda choice: choice.ready(),
) -> None:
    """Make the sounds of some words of a script at one pace, in the best voice on this machine.

    `ready` loads a voice. What no voice can say stays without a sound.
    """
    rendered = folder / RENDERED
    _make_silences(script, rendered)
    engines.note_who_speaks(script, rendered)
    for choice in engines.choices_for(script):
        try:
            engine = ready(choice)
        except EngineMissing:
            continue
        job = _Job(choice, folder, script.line.pace, script.respelt)
        for each in words:
            job.make(engine, clip(script, each, slow))
        return


@dataclass(frozen=True)
class _Job:
    """Everything needed to make a sound, except the clip and the voice."""

    choice: VoiceChoice
    folder: Path
    pace: Pace
    respelt: Mapping[str, str]

    def make(self, engine: Engine, clip: Clip) -> bool:
        """Make one sound. Returns whether the voice could.

        Raises OSError for a full disk, which is not the voice's fault.
        """
        try:
            sound, rate = engines.say(engine, as_said(clip.words, self.respelt), self.pace, slow=clip.slow)
            narrow, wide = telephone.telephone(sound, rate)
        except Exception:  # onnxruntime can raise anything
            return False
        if not narrow.any():
            return False
        narrow = telephone.lasting(narrow, telephone.TELEPHONE_RATE, clip.least_seconds)
        wide = telephone.lasting(wide, telephone.MASTER_RATE, clip.least_seconds)
        rendered = self.rendered(clip)
        telephone.write_master((self.folder / MASTERS / rendered.name).with_suffix(".flac"), wide)
        telephone.write_telephone(rendered, narrow)
        return True

    def rendered(self, clip: Clip) -> Path:
        return self.folder / RENDERED / clip.name(self.choice.identity, self.respelt)


def _missing(wanted: list[Clip], choice: VoiceChoice, script: Script, rendered: Path) -> list[Clip]:
    there = {path.name for path in rendered.glob("*.wav")}
    return [clip for clip in wanted if clip.name(choice.identity, script.respelt) not in there]


def _all(job: _Job, engine: Engine, missing: list[Clip], progress: Progress, result: Rendering) -> list[Clip]:
    """Make these sounds with one voice. Returns the clips that it could not say."""
    progress(0, len(missing))
    unsaid = []
    try:
        for done, (clip, is_made) in enumerate(_each(job, engine, missing), 1):
            progress(done, len(missing))
            if not is_made:
                unsaid.append(clip)
    except BrokenProcessPool:  # the voice crashed its process
        unsaid = [clip for clip in missing if not job.rendered(clip).exists()]
    result.made += len(missing) - len(unsaid)
    result.voices.append(str(job.choice))
    return unsaid


def _each(job: _Job, engine: Engine, missing: list[Clip]) -> Iterator[tuple[Clip, bool]]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(missing) < WORTH_SHARING or cores < 2:
        yield from ((clip, job.make(engine, clip)) for clip in missing)
        return
    fresh = multiprocessing.get_context("spawn")  # a voice's threads do not survive a fork
    with ProcessPoolExecutor(cores, fresh, _begin, (job,)) as pool:
        yield from zip(missing, pool.map(_make, missing, chunksize=8), strict=True)


_job: _Job
_engine: Engine


def _begin(job: _Job) -> None:
    """Initialise a process: load its voice, and make it end with its parent."""
    global _job, _engine
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _job, _engine = job, job.choice.ready()


def _end_with_parent() -> None:
    """End this process when its parent ends.

    A parent that is killed cannot tell its children, which would wait for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)


def _make(clip: Clip) -> bool:
    return _job.make(_engine, clip)


def _make_silences(script: Script, rendered: Path) -> None:
    for seconds in set(silences(script)):
        path = rendered / silence_name(seconds)
        if not path.exists():
            telephone.write_telephone(path, telephone.silence(seconds, telephone.TELEPHONE_RATE))


# --- what is no longer needed -----------------------------------------------------------------


def stale(scripts: Iterable[Script], folder: Path) -> list[Path]:
    """The sound files that none of these scripts can play."""
    needed: set[str] = set()
    for script in (spoken for each in scripts for spoken in (each, *(tongue.script for tongue in each.tongues))):
        needed |= {silence_name(seconds) for seconds in silences(script)}
        needed |= set(Recordings(folder, script).names().values())
        needed |= {joining.name(parts) for parts in Sounds(folder, script, "").parts()}
        for choice in engines.choices_for(script):
            needed |= {clip.name(choice.identity, script.respelt) for clip in clips(script)}
    stems = {name.removesuffix(".wav") for name in needed} | {Path(engines.MADE_BY).stem}
    found = [*(folder / RENDERED).glob("*.*"), *(folder / MASTERS).glob("*.*")]
    return sorted(path for path in found if path.stem not in stems)
