"""Commands for the sounds: rendered voices and people's recordings."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ivr import audio
from ivr.audio import taking
from ivr.audio.judging import doubts_of
from ivr.cli.common import Stop, is_terminal, out, shown, store_of, who
from ivr.cli.scripts import draft_script
from ivr.compiling import building
from ivr.hours import LONDON
from ivr.machine import config, equipment
from ivr.machine.config import Settings
from ivr.problems import ConfigError, counted
from ivr.script import Script
from ivr.usecases.publishing import sounds_missing, speaks_by_sounds


def prepare(settings: Settings, files: Mapping[str, str]) -> None:
    """Make every sound that these files of a publication need, if speech mode is 'audio', and print the result.

    A machine that only serves makes none, and says what is missing.
    """
    made = building.published(files, config.bank_holidays())[0]
    if equipment.only_serves():
        tell_of_missing(settings, made)
    elif speaks_by_sounds(settings, made):
        _make(settings, made, _without_texts(files))


def tell_of_missing(settings: Settings, made: Script) -> None:
    """On a machine that only serves: print what it does not do, and how many sounds are missing."""
    out(equipment.ONLY_SERVES)
    out("So advisers are given every spoken message, also those without any speech in them.")
    if speaks_by_sounds(settings, made) and (missing := sounds_missing(settings, made)):
        out(f"Warning: {counted(missing, 'sound')} are missing, and Twilio's voice reads them. Run `ivr render` where")
        out(f"everything is installed, and copy its folder 'rendered' into {settings.audio_dir}.")


def _without_texts(files: Mapping[str, str]) -> Script:
    """The script of a line that can send no texts. It says fewer words, in other passages."""
    return building.published(files, config.bank_holidays(), offers_texts=False)[0]


def _make(settings: Settings, made: Script, without_texts: Script) -> bool:
    """Render. Returns whether every prompt has its sound. A full disk does not stop a start or a publication."""
    from ivr.audio.rendering import render as make

    try:
        with _bar() as progress:
            result = make(made, settings.audio_dir, progress, [without_texts])
    except OSError as error:
        out(f"Warning: sounds cannot be written into {settings.audio_dir}: {error.strerror or error}.")
        out("Twilio's voice reads the prompts without a sound. Correct that, and run: ivr render")
        return False
    for warning in result.warnings:
        out(f"Warning: {warning}")
    if result.made:
        out(f"{counted(result.made, 'sound')} made{' by ' + ', '.join(result.voices) if result.voices else ''}.")
    if result.unsaid:
        out(f"Warning: Twilio's voice will read {counted(len(result.unsaid), 'prompt')}, because no voice here can.")
    return not result.unsaid


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar, drawn only on a terminal."""
    columns = (TextColumn("Making the voice"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True, disable=not is_terminal()) as bar:
        task = bar.add_task("", total=None)
        yield lambda made, of: bar.update(task, completed=made, total=of)


@click.command()
@click.option("--stale", "list_stale", is_flag=True, help="List the sounds that nothing uses any more.")
@click.option("--remove", is_flag=True, help="Remove them.")
def render(list_stale: bool, remove: bool) -> None:
    """Render every sound that the draft in config/ needs, in the best voice on this machine."""
    equipment.must_have_all()
    settings = config.settings()
    draft, made = draft_script(settings)
    if not list_stale and not remove:
        if not speaks_by_sounds(settings, made):
            out("Nothing to render: speech mode is 'say', so Twilio's voice reads everything.")
        elif _make(settings, made, _without_texts(draft.files)):
            out("Every prompt has its sound.")
        return
    from ivr.audio.rendering import stale

    found = stale(_wanted(settings, draft.files), settings.audio_dir)
    for path in found:
        if remove:
            path.unlink(missing_ok=True)
        else:
            out(str(path))
    if not found:
        out("Every file is needed.")
    elif remove:
        out(f"{counted(len(found), 'file')} removed.")
    else:
        out(f"{counted(len(found), 'file')} not needed. Remove with: ivr render --remove")


def _wanted(settings: Settings, draft: Mapping[str, str]) -> Iterator[Script]:
    """The scripts whose sounds are kept: the draft, and every publication that is live or can be restored."""
    with store_of(settings) as store:
        for files in (draft, *store.revisions.kept()):
            try:
                yield building.published(files, config.bank_holidays())[0]
                yield _without_texts(files)
            except ConfigError:  # written for an older version of the line, so no call can start with it
                continue


# --- recordings -------------------------------------------------------------------------------


@click.group()
def record() -> None:
    """People's own recordings, which are used before any voice."""
    equipment.must_have_all()


@record.command("list")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to print, as HTML.")
@click.option("--all", "everything", is_flag=True, help="Also list prompts that are already recorded.")
def list_(sheet: Path | None, everything: bool) -> None:
    """List what to record: the name of each file, and its words."""
    settings = config.settings()
    _, made = draft_script(settings)
    recordings = audio.Recordings(settings.audio_dir, made)
    wanted = [unit for unit in audio.units(made) if everything or not recordings.is_good(unit)]
    if sheet:
        sheet.write_text(_sheet(wanted), encoding="utf-8")
        out(f"{counted(len(wanted), 'prompt')} on {sheet}. Open it in a browser and print it.")
        return
    for unit in wanted:
        out(f"{unit.name}.wav\n    {unit.words}")
    out(f"\n{len(wanted)} to record: on the page Record; or put each file into {recordings.folder},")
    out("and then run: ivr record confirm")
    _tell(recordings)


@record.command()
@click.argument("names", nargs=-1)
@click.option("--by", default=who, show_default="whoever is signed in here", help="Who listened.")
def confirm(names: tuple[str, ...], by: str) -> None:
    """Confirm that recordings speak today's words: those named, or all new ones."""
    settings = config.settings()
    _, made = draft_script(settings)
    recordings = audio.Recordings(settings.audio_dir, made)
    wanted = [name.removesuffix(".wav") for name in names]
    if unknown := recordings.unknown(wanted):
        raise Stop(
            f"In {recordings.folder}, no recording of a prompt is called {', '.join(unknown)}. See: ivr record list"
        )
    noted = recordings.to_confirm(wanted)
    for name in noted:
        for doubt in doubts_of(recordings.folder / f"{name}.wav"):
            out(f"{name}.wav: {doubt.says}")
    with taking.locked(settings.audio_dir):
        taking.write_down(settings.config_dir, recordings.confirmed_by(noted, by, dt.datetime.now(LONDON).date()))
    draft, made = draft_script(settings)
    recordings = audio.Recordings(settings.audio_dir, made)
    recordings.prepare()
    audio.put_together((made, _without_texts(draft.files)), settings.audio_dir)
    out(f"{counted(len(noted), 'recording')} confirmed. Callers hear it once it is published: ivr publish")
    _tell(recordings)


def _tell(recordings: audio.Recordings) -> None:
    if found := recordings.problems():
        out(shown(found))


def _sheet(wanted: list[audio.Unit]) -> str:
    rows = "\n".join(
        f"<tr><td>&#9744;</td><td><code>{html.escape(unit.name)}.wav</code></td><td>{html.escape(unit.words)}</td></tr>"
        for unit in wanted
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>What to record</title>
<style>
body {{ font: 14pt/1.5 sans-serif; margin: 2em; }}
td {{ padding: 0.4em; vertical-align: top; border-bottom: 1px solid #999; }}
tr {{ break-inside: avoid; }}
code {{ font-size: 10pt; }}
</style>
<h1>What to record: {counted(len(wanted), "prompt")}</h1>
<p>In a quiet room, a hand's width from the microphone. Speak slowly, as if to one worried person.
Leave half a second of silence before and after. Save each as WAV: one channel, 16 bits, 16,000 samples a
second or more, under the name beside it.</p>
<table>
{rows}
</table>
</html>
"""
