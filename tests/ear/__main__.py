"""`scripts/ear LISTENER [--accept] [VOICE...]`: what a recogniser hears of the words that matter, in each voice."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ivr.audio.hearing import Ear, as_file
from ivr.compiling import building
from ivr.machine import config, configfiles, disk
from ivr.script import Script
from ivr.spoken import text_of
from tests.ear.documents import chosen
from tests.ear.hearing import Score, errors, score
from tests.ear.words import GOALS, WORDS, lost, read

LISTENER = Path(__file__).parent / "listener.py"


def heard_by(listener: str, script: Script, words: Mapping[str, object], voice: str) -> dict[str, Score]:
    """How often each word is heard in this voice. Prints the share of all words that is not."""
    ear = Ear(script, config.settings().audio_dir, voice)
    replies = chosen(script, list(words))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, said in replies.items():
            (folder / f"{name}.wav").write_bytes(as_file(ear.speech(said)))
        subprocess.run([listener, LISTENER, folder], check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        heard = {name: (folder / f"{name}.heard").read_text(encoding="utf-8") for name in replies}
    meant = {name: text_of(said) for name, said in replies.items()}
    print(f"{voice}: {len(replies)} replies, {errors(meant, heard):.1%} of all words are not heard")
    return {word: score(word, meant, heard) for word in words}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/ear", description=__doc__)
    parser.add_argument("listener")
    parser.add_argument("--accept", action="store_true", help="write the figures into tests/ear/words.txt")
    options = parser.parse_args()
    words = read()
    script = building.load(configfiles.script_files(config.settings().config_dir), config.bank_holidays())
    found = {voice: heard_by(options.listener, script, words, voice) for voice in GOALS}
    print(f"{'heard, of ten':16}" + "".join(f"{voice:>16}" for voice in GOALS))
    worse = []
    for word, before in words.items():
        scores = {voice: found[voice][word] for voice in GOALS}
        cells = [f"{each.heard}/{each.said} {each.of_ten:5.1f}" for each in scores.values()]
        bad = [voice for voice, each in scores.items() if lost(before, voice, each)]
        worse += [f"'{word}' in {voice}" for voice in bad]
        print(f"{word:16}" + "".join(f"{cell:>16}" for cell in cells) + ("   <- worse" if bad else ""))
    if options.accept:
        head = [line for line in WORDS.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        rows = ["\t".join([word, *(f"{found[voice][word].of_ten:.1f}" for voice in GOALS)]) for word in words]
        disk.write_whole(WORDS, "\n".join([*head, *rows]) + "\n")
    elif worse:
        sys.exit(f"Heard less often than before: {', '.join(worse)}.")


main()
