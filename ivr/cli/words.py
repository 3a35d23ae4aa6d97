"""Commands for the people who write what the line says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from ivr import config, transcript
from ivr.cli.common import Moment, draft_script, out
from ivr.hours import LONDON
from ivr.practice import PracticeDesk
from ivr.session import Gather, Record, Transfer
from ivr.transcript import ADVISER_DOES, Caller, Entry, Transcript


@click.command()
@click.option("--at", "when", type=Moment(), help="Ring at this time: '2026-12-25 10:00'. Left out: now.")
@click.option("--from", "caller", default="07700 900123", show_default=True, help="The caller's number, or 'hidden'.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the call to this .call file.")
def call(when: dt.datetime | None, caller: str, save: Path | None) -> None:
    """Ring the draft in config/ from this terminal. Nothing is sent, and nobody is rung."""
    _, _, made = draft_script(config.settings())
    out("Type a key and Enter. Enter alone is silence; h hangs up.\n")
    when = when or dt.datetime.now(LONDON).replace(second=0, microsecond=0)
    phone = Caller(made, PracticeDesk())
    phone.ring(when, "" if caller == "hidden" else caller)
    told = 0
    while True:
        for entry in phone.entries[told:]:
            if not entry.put_in:
                out(transcript.wrapped(entry))
        told = len(phone.entries)
        if phone.over:
            break
        phone.do(_asked(phone))
    if save:
        written = Transcript(when, "" if caller == "hidden" else caller, tuple(phone.entries))
        save.write_text(transcript.write(written), encoding="utf-8")
        out(f"\nSaved in {save}")


def _asked(phone: Caller) -> Entry:
    """What the person at the keyboard does next, asked again until it can be read."""
    assert phone.turn
    if isinstance(phone.turn.then, Transfer):
        return _adviser()
    while True:
        prompt = "MESSAGE (Enter when you have spoken) " if isinstance(phone.turn.then, Record) else "CALLER  "
        try:
            typed = click.prompt(prompt, default="", show_default=False, prompt_suffix="").strip()
        except click.Abort:
            typed = "h"
        words = _in_words(typed, phone)
        if transcript.inputs_of(words) is not None:
            return Entry("CALLER", words)
        out("Type keys: 0 to 9, * or #. Enter alone is silence; h hangs up.")


def _in_words(typed: str, phone: Caller) -> str:
    assert phone.turn
    if typed == "h":
        return transcript.HANGS_UP
    if isinstance(phone.turn.then, Record) and not typed:
        return transcript.SPEAKS
    if isinstance(phone.turn.then, Gather) and phone.turn.then.digits > 1 and typed:
        return typed.replace(" ", "")
    return typed or transcript.SILENT


def _adviser() -> Entry:
    answers = {"t": "(talks)", "b": "(busy)", "n": "(no answer)", "f": "(failed)"}
    assert set(answers.values()) == set(ADVISER_DOES)
    try:
        typed = click.prompt("ADVISER t talks, b busy, n no answer, f failed", default="n", prompt_suffix=" ")
    except click.Abort:
        return Entry("CALLER", transcript.HANGS_UP)
    return Entry("ADVISER", answers.get(typed.strip()[:1].lower(), "(no answer)"))


@click.command()
def check() -> None: ...
@click.command()
def publish() -> None: ...
@click.command()
def history() -> None: ...
@click.command()
def diff() -> None: ...
@click.command()
def undo() -> None: ...
@click.command()
def notice() -> None: ...
@click.command()
def schema() -> None: ...
