"""Measures each voice: seconds to render, bytes, pace, and evenness of loudness.

The same prompts in every voice that is available here, rendered as `ivr render` does: on all
cores, at both paces, to telephone sound and a master.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path

from msgspec import structs

from ivr.audio import engines, rendering, telephone
from ivr.audio.clips import MASTERS, RENDERED, clips
from ivr.audio.engines import EngineMissing, VoiceChoice
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.script import Script
from tests.bench.figures import Figures, options

#: The fewest words for measuring a pace: the pace of one or two words varies too much.
LEAST_WORDS = 6


def main(arguments: list[str]) -> None:
    chosen = options("audio", __doc__)
    chosen.add_argument("--piper", metavar="FILE", help="also measure this Piper voice file")
    picked = chosen.parse_args(arguments)
    figures = Figures("audio")
    made = building.load(configfiles.script_files(config.ROOT / "config"), config.bank_holidays())
    names = ["natural", "pyttsx3"] + ["piper"] * bool(picked.piper)
    everything = _speaking(made, engines=names, piper_voice=picked.piper)
    print(f"{len(clips(made))} sounds: every prompt of config/ at both paces")
    for choice in engines.choices(everything.line.speech):
        try:
            choice.ready()
        except EngineMissing as error:
            print(f"{choice}: not measured: {error}")
            continue
        _measure(figures, made, choice, picked.piper)
    figures.tell(picked)


def _speaking(made: Script, **speech: object) -> Script:
    line = structs.replace(made.line, speech=structs.replace(made.line.speech, **speech))
    return dataclasses.replace(made, line=line)


def _measure(figures: Figures, made: Script, choice: VoiceChoice, piper: str | None) -> None:
    alone = _speaking(made, engines=[choice.engine], natural_voice=choice.voice, piper_voice=piper)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        rendering.render(alone, folder)
        seconds = time.perf_counter() - began
        sounds = {
            clip: telephone.measure(*telephone.read(folder / RENDERED / clip.name(choice.identity, made.respelt)))
            for clip in clips(made)
        }
        sizes = [_megabytes(folder / kind) for kind in (RENDERED, MASTERS)]
    figures.add(f"{choice}: render", [seconds], "s")
    figures.add(f"{choice}: telephone", [sizes[0]], "MB")
    figures.add(f"{choice}: masters", [sizes[1]], "MB")
    for slow in (False, True):
        some = [clip for clip in sounds if clip.slow == slow and len(clip.words.split()) >= LEAST_WORDS]
        pace = sum(len(c.words.split()) for c in some) / sum(sounds[c].seconds for c in some) * 60
        figures.add(f"{choice}: {'slow' if slow else 'normal'} pace", [pace], "words a minute")
    figures.add(f"{choice}: loudness of the prompts", [measured.loudness for measured in sounds.values()], "LUFS")


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
