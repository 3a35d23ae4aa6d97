"""Measures each voice: seconds to render, bytes, pace, and evenness of loudness.

The same prompts in every voice that is available here, rendered as `ivr render` does: on all
cores, at both paces, to telephone sound and a master.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

from msgspec import structs

from ivr import building, config, configfiles
from ivr.audio import engines, rendering, telephone
from ivr.audio.clips import MASTERS, RENDERED, clips
from ivr.audio.engines import EngineMissing, VoiceChoice
from ivr.script import Script

#: The fewest words for measuring a pace: the pace of one or two words varies too much.
LEAST_WORDS = 6


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="scripts/bench audio", description=__doc__)
    options.add_argument("--piper", metavar="FILE", help="also measure this Piper voice file")
    chosen = options.parse_args(arguments)
    made = building.load(configfiles.script_files(config.ROOT / "config"), config.bank_holidays())
    names = ["natural", "pyttsx3"] + ["piper"] * bool(chosen.piper)
    everything = _speaking(made, engines=names, piper_voice=chosen.piper)
    print(f"{len(clips(made))} sounds: every prompt of config/ at both paces\n")
    print(f"{'':30}{'render':>9}{'telephone':>11}{'masters':>9}{'words a minute':>17}{'loudness, LUFS':>17}")
    print(f"{'':30}{'s':>9}{'MB':>11}{'MB':>9}{'normal':>9}{'slow':>8}{'least':>9}{'most':>8}")
    for choice in engines.choices(everything.line.speech):
        try:
            choice.ready()
        except EngineMissing as error:
            print(f"{choice!s:30}  not measured: {error}")
            continue
        _measure(made, choice, chosen.piper)


def _speaking(made: Script, **speech: object) -> Script:
    line = structs.replace(made.line, speech=structs.replace(made.line.speech, **speech))
    return dataclasses.replace(made, line=line)


def _measure(made: Script, choice: VoiceChoice, piper: str | None) -> None:
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
    paces = []
    for slow in (False, True):
        some = [clip for clip in sounds if clip.slow == slow and len(clip.words.split()) >= LEAST_WORDS]
        paces.append(sum(len(c.words.split()) for c in some) / sum(sounds[c].seconds for c in some) * 60)
    loudness = sorted(measured.loudness for measured in sounds.values())
    spread = f"{loudness[0]:>9.1f}{loudness[-1]:>8.1f}"
    print(f"{choice!s:30}{seconds:>9.1f}{sizes[0]:>11.1f}{sizes[1]:>9.1f}{paces[0]:>9.0f}{paces[1]:>8.0f}{spread}"
          f"   (median {statistics.median(loudness):.1f})")  # fmt: skip


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
