"""Commands for the people who write what the line says."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click

from ivr.cli import voices
from ivr.cli.common import Moment, Stop, may_write_sound, out
from ivr.cli.scripts import draft_script
from ivr.hours import LONDON
from ivr.machine import config, equipment
from ivr.overview import atlas
from ivr.practice import transcript
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.practice.transcript import ADVISER_DOES, Transcript, TranscriptEntry
from ivr.printing import drawing
from ivr.problems import counted
from ivr.script.session import Gather, Record, Transfer


@click.command()
@click.option("--at", "when", type=Moment(), help="Ring at this time: '2026-12-25 10:00'. Default: now.")
@click.option("--from", "caller", default="07700 900123", show_default=True, help="The caller's number, or 'hidden'.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the call to this .call file.")
@click.option("--hear", type=click.Path(dir_okay=False, path_type=Path), help="Write its sound to this .wav file.")
def call(when: dt.datetime | None, caller: str, save: Path | None, hear: Path | None) -> None:
    """Ring the draft in config/ from this terminal. Nothing is sent, and nobody is rung."""
    if save:
        _may_write(save)
    if hear:
        equipment.must_have_all()
        may_write_sound(hear)
    settings = config.settings()
    _, made = draft_script(settings)
    out("Type a key and Enter. Enter alone is silence; h hangs up.\n")
    when = when or dt.datetime.now(LONDON).replace(second=0, microsecond=0)
    phone = Caller(made, PracticeHandler())
    phone.ring(when, "" if caller == "hidden" else caller)
    told = 0
    while True:
        for entry in phone.entries[told:]:
            if not entry.put_in:
                out(transcript.wrapped(entry))
        told = len(phone.entries)
        if phone.over:
            break
        entry = _asked(phone)
        phone.do(phone.by_words(entry) if save else entry)
    got = phone.got()
    for entry in got:
        out(transcript.wrapped(entry))
    if save:
        written = Transcript(when, "" if caller == "hidden" else caller, (*phone.entries, *got))
        save.write_text(transcript.write(written), encoding="utf-8")
        out(f"\nSaved in {save}")
    if hear:
        voices.write_call(settings, made, phone.happened, hear)


def _may_write(save: Path) -> None:
    """Raises Stop if the call cannot be saved there. Called before the call, which would be lost otherwise."""
    if save.suffix != ".call":
        raise Stop(f"The name of a story must end in .call. Write: --save {save}.call")
    if not os.access(save if save.exists() else save.parent, os.W_OK):
        raise Stop(f"{save} cannot be written. Name a file in an existing folder.")
    if save.exists():
        click.confirm(f"{save} already exists. Overwrite it?", abort=True)


def _asked(phone: Caller) -> TranscriptEntry:
    """Ask the user for the next event, until the answer is valid."""
    assert phone.turn
    if isinstance(phone.turn.then, Transfer):
        return _adviser()
    while True:
        prompt = "MESSAGE (Enter when you have spoken) " if isinstance(phone.turn.then, Record) else "CALLER  "
        try:
            typed = click.prompt(prompt, default="", show_default=False, prompt_suffix="").strip()
        except click.Abort:
            typed = "h"
        entry = TranscriptEntry("CALLER", _in_words(typed, phone))
        if transcript.inputs_of(entry.text) is None:
            out("Type keys: 0 to 9, * or #. Enter alone is silence; h hangs up.")
        elif phone.cannot(entry):
            out("Type one key at a time here.")
        else:
            return entry


def _in_words(typed: str, phone: Caller) -> str:
    assert phone.turn
    if typed == "h":
        return transcript.HANGS_UP
    if isinstance(phone.turn.then, Record) and not typed:
        return transcript.SPEAKS
    if isinstance(phone.turn.then, Gather) and phone.turn.then.digits > 1 and typed:
        return typed.replace(" ", "")
    return typed or transcript.SILENT


def _adviser() -> TranscriptEntry:
    answers = {"t": "(talks)", "b": "(busy)", "n": "(no answer)", "f": "(failed)"}
    assert set(answers.values()) == set(ADVISER_DOES)
    try:
        typed = click.prompt("ADVISER t talks, b busy, n no answer, f failed", default="n", prompt_suffix=" ")
    except click.Abort:
        return TranscriptEntry("CALLER", transcript.HANGS_UP)
    return TranscriptEntry("ADVISER", answers.get(typed.strip()[:1].lower(), "(no answer)"))


# --- the map -------------------------------------------------------------------------------


@click.command("map")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="An .svg file.")
@click.option("--find", "words", help="Give places at which callers hear these words a thick border.")
def line_map(output: Path, words: str | None) -> None:
    """Draw the draft: every place, what is said there, and where each key leads."""
    if output.suffix != ".svg":
        raise Stop(f"The picture is an SVG file. Write: -o {output.with_suffix('.svg')}")
    _, made = draft_script(config.settings())
    spots = atlas.of(made)
    found = atlas.containing(spots, words) if words else frozenset[str]()
    try:
        output.write_text(drawing.file(spots, found, f"Map of {made.line.service_name}"), encoding="utf-8")
    except drawing.NotDrawn as error:
        raise Stop(str(error)) from error
    out(f"Drawn in {output}: {counted(len(spots), 'place')}. Open it in a browser.")
    if words:
        out(f"'{words}' is heard at {counted(len(found), 'place')}.")
