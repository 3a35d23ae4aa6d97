"""Commands to hear the line without a phone, and to choose the voice that speaks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ivr import config, disk, spoken
from ivr.audio import VOICES, Ear, EngineMissing, VoiceRefused, as_file, voices
from ivr.audio.telephone import TELEPHONE_RATE, Samples
from ivr.audio.voices import Voice
from ivr.cli.common import Stop, draft_script, is_terminal, may_write_sound, out
from ivr.config import Settings
from ivr.script import Script
from ivr.session import Input, Turn

#: Characters that `ivr say` takes: about two minutes of speech, many times what a caller should hear in one go.
MOST_CHARACTERS = 2000
#: What a voice is tried with.
SAMPLE = "Hello. This is {service_name}. Are you not happy with help at school? To talk to a person, press zero."

TO_FILE = click.Path(dir_okay=False, path_type=Path)
VOICE_HELP = "Left out: what callers hear. See `ivr voices`."

#: Makes the sound, given an ear for it.
Hear = Callable[[Ear], Samples]


@click.command()
@click.argument("words")
@click.option("-o", "--output", "file", type=TO_FILE, default=Path("said.wav"), show_default=True, help="Where to.")
@click.option("--slow", is_flag=True, help="At the slow pace.")
@click.option("--voice", help=VOICE_HELP)
def say(words: str, file: Path, slow: bool, voice: str | None) -> None:
    """Write WORDS to a sound file as a caller would hear them. {names} from line.yaml are filled in."""
    settings = config.settings()
    _, _, made = draft_script(settings)
    said = _speech(made, words)
    may_write_sound(file)
    with_voice(settings, made, voice, lambda ear: ear.speech(said, slow=slow), file)


def _speech(made: Script, words: str) -> spoken.Speech:
    """Words as a menu would have them. Raises Stop if a caller could not hear them."""
    words = " ".join(words.split())
    if not any(letter.isalnum() for letter in words):
        raise Stop("There are no words to say. Write them in quotes: ivr say 'We can ring you back.' -o FILE.wav")
    if len(words) > MOST_CHARACTERS:
        raise Stop(f"That is {len(words)} characters. Say {MOST_CHARACTERS} at most in one go.")
    said = spoken.speech(words, made.values)
    unknown = [piece.name for piece in said if isinstance(piece, spoken.Blank)]
    if unknown:
        raise Stop(f"There is no setting {{{unknown[0]}}} that is spoken. See config/line.yaml for the names.")
    return said


def write_call(settings: Settings, made: Script, happened: Iterable[Input | Turn], file: Path) -> None:
    """Write a practice call to a sound file, as its caller would hear it."""
    with_voice(settings, made, None, lambda ear: ear.call(happened), file)


def with_voice(settings: Settings, made: Script, voice: str | None, hear: Hear, file: Path) -> None:
    """Have something heard, and write it. Raises Stop with what keeps the voice from speaking."""
    try:
        ear = Ear(made, settings.audio_dir, voice)
        samples = hear(ear)
    except EngineMissing as reason:
        raise Stop(str(reason)) from reason
    disk.write_whole(file, as_file(samples))
    out(f"{file}: {len(samples) / TELEPHONE_RATE:.1f} seconds, spoken by {ear.voice}, as a telephone carries it.")
    if voice is None and (settings.speech or made.line.speech.mode) == "say":
        out("Callers hear Twilio's voice instead, which only Twilio has: the mode of speech is say.")


# --- voices -----------------------------------------------------------------------------------


@click.group("voices", invoke_without_command=True)
@click.pass_context
def voices_group(context: click.Context) -> None:
    """Which voices there are: how each sounds, what it takes, and its licence."""
    if context.invoked_subcommand:
        return
    settings = config.settings()
    _, _, made = draft_script(settings)
    speech = made.line.speech
    table = Table("Voice", "Sounds like", "Here?", "Licence", box=None, pad_edge=False)
    for voice in VOICES:
        table.add_row(voice.name, voice.sounds, _is_here(voice), voice.licence)
    Console(file=sys.stdout, width=None if is_terminal() else 100).print(table)
    out(f"\nconfig/line.yaml wants: engines {', '.join(speech.engines)}; natural_voice {speech.natural_voice}")
    out("Hear one             ivr voices try NAME -o FILE.wav")
    out("Fetch one            ivr voices fetch NAME")
    out("Where each is from   docs/voices.md")
    out("Have it speak        natural_voice: NAME in config/line.yaml, then ivr publish -m 'why'")


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
    """Fetch the voice NAME over the network, once. It is kept only if its hash is right."""
    try:
        path = voices.fetch(name)
    except VoiceRefused as refusal:
        raise Stop(str(refusal)) from refusal
    out(f"The voice '{name}' is here: {path}")
    out(f"Hear it: ivr voices try {name} -o {name}.wav")
    out(f"To have it speak, write natural_voice: {name} into config/line.yaml, and publish.")


@voices_group.command("try")
@click.argument("name")
@click.option("-o", "--output", "file", type=TO_FILE, required=True, help="Where to: a file that ends in .wav.")
@click.option("--slow", is_flag=True, help="At the slow pace.")
def try_(name: str, file: Path, slow: bool) -> None:
    """Write a few sentences in the voice NAME to a sound file, as a caller would hear them."""
    settings = config.settings()
    _, _, made = draft_script(settings)
    may_write_sound(file)
    said = _speech(made, SAMPLE)
    with_voice(settings, made, name, lambda ear: ear.speech(said, slow=slow), file)
