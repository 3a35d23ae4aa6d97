"""Commands to hear the line without a phone, and to choose its voice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from ivr.audio import VOICES, EngineMissing, VoiceRefused, voices
from ivr.audio.clips import CannotSay, to_say
from ivr.audio.voices import Voice
from ivr.cli.common import Stop, is_terminal, may_write_sound, out
from ivr.cli.scripts import draft_script
from ivr.machine import config, disk, equipment
from ivr.machine.config import Settings
from ivr.script import Script
from ivr.script.session import Input, Turn
from ivr.spoken import Speech

if TYPE_CHECKING:
    from ivr.audio.hearing import Ear
    from ivr.audio.telephone import Samples

#: The words for trying out a voice.
SAMPLE = "Hello. This is {service_name}. Are you not happy with help at school? To talk to a person, press zero."

TO_FILE = click.Path(dir_okay=False, path_type=Path)
VOICE_HELP = "Default: the voice that callers hear. See `ivr voices`."

#: Renders a sound with the given Ear.
Hear = Callable[["Ear"], "Samples"]


@click.command()
@click.argument("words")
@click.option("-o", "--output", "file", type=TO_FILE, default=Path("said.wav"), show_default=True, help="Where to.")
@click.option("--slow", is_flag=True, help="At the slow pace.")
@click.option("--voice", help=VOICE_HELP)
def say(words: str, file: Path, slow: bool, voice: str | None) -> None:
    """Write WORDS to a sound file as a caller would hear them. {names} from line.yaml are filled in."""
    settings = config.settings()
    _, made = draft_script(settings)
    said = _speech(made, words)
    may_write_sound(file)
    with_voice(settings, made, voice, lambda ear: ear.speech(said, slow=slow), file)


def _speech(made: Script, words: str) -> Speech:
    """Words as Speech, as in a menu. Raises Stop if callers could not hear them."""
    try:
        return to_say(made, words)
    except CannotSay as why:
        raise Stop(f"{why} Write: ivr say 'We can ring you back.' -o FILE.wav") from why


def write_call(settings: Settings, made: Script, happened: Iterable[Input | Turn], file: Path) -> None:
    """Write a practice call to a sound file, as its caller would hear it."""
    with_voice(settings, made, None, lambda ear: ear.call(happened), file)


def with_voice(settings: Settings, made: Script, voice: str | None, hear: Hear, file: Path) -> None:
    """Render something and write it to a file. Raises Stop if the voice cannot speak."""
    equipment.must_have_all()
    from ivr.audio.hearing import Ear, as_file
    from ivr.audio.telephone import TELEPHONE_RATE

    try:
        ear = Ear(made, settings.audio_dir, voice)
        samples = hear(ear)
    except EngineMissing as reason:
        raise Stop(str(reason)) from reason
    disk.write_whole(file, as_file(samples))
    out(f"{file}: {len(samples) / TELEPHONE_RATE:.1f} seconds, spoken by {ear.voice}, in telephone quality.")
    if voice is None and (settings.speech or made.line.speech.mode) == "say":
        out("Callers hear Twilio's voice instead, which is not available here: speech mode is 'say'.")


# --- voices -----------------------------------------------------------------------------------


@click.group("voices", invoke_without_command=True)
@click.pass_context
def voices_group(context: click.Context) -> None:
    """List the voices: how each sounds, what it needs, and its licence."""
    if context.invoked_subcommand:
        return
    settings = config.settings()
    _, made = draft_script(settings)
    speech = made.line.speech
    table = Table("Voice", "Sounds like", "Here?", "Licence", box=None, pad_edge=False)
    for voice in VOICES:
        table.add_row(voice.name, voice.sounds, _is_here(voice), voice.licence)
    Console(file=sys.stdout, width=None if is_terminal() else 100).print(table)
    out(f"\nconfig/line.yaml says: engines {', '.join(speech.engines)}; natural_voice {speech.natural_voice}")
    out("Try one              ivr voices try NAME -o FILE.wav")
    out("Fetch one            ivr voices fetch NAME")
    out("Origins              docs/voices.md")
    out("Use one              natural_voice: NAME in config/line.yaml, then ivr publish -m 'why'")


def _is_here(voice: Voice) -> str:
    if voice.engine == "piper":
        return "your own file"
    if voice.engine != "natural" or voices.is_whole(voice.name):
        return "yes"
    size = voices.size(voice)
    return f"fetch {size / 1e6:.1f} MB" if voice.is_fetched and size else "no"


@voices_group.command("fetch")
@click.argument("name")
def fetch(name: str) -> None:
    """Download the voice NAME. The file is kept only if its hash is right."""
    try:
        path = voices.fetch(name)
    except VoiceRefused as refusal:
        raise Stop(str(refusal)) from refusal
    out(f"The voice '{name}' is on this machine: {path}")
    out(f"Hear it: ivr voices try {name} -o {name}.wav")
    out(f"To use it, write natural_voice: {name} into config/line.yaml, and publish.")


@voices_group.command("try")
@click.argument("name")
@click.option("-o", "--output", "file", type=TO_FILE, required=True, help="The file to write. Its name ends in .wav.")
@click.option("--slow", is_flag=True, help="At the slow pace.")
def try_(name: str, file: Path, slow: bool) -> None:
    """Write a few sentences in the voice NAME to a sound file, as a caller would hear them."""
    settings = config.settings()
    _, made = draft_script(settings)
    may_write_sound(file)
    said = _speech(made, SAMPLE)
    with_voice(settings, made, name, lambda ear: ear.speech(said, slow=slow), file)
