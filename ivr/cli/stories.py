"""The command that plays stories, and takes what the line says now into them."""

from __future__ import annotations

import click

from ivr import config, configfiles, disk, playing, story, transcript
from ivr.check import play_stories
from ivr.cli.common import Stop, out, show_difference
from ivr.cli.scripts import draft_script
from ivr.practice import PracticeDesk
from ivr.problems import ConfigError, counted
from ivr.script import Script


@click.command("stories")
@click.argument("names", nargs=-1)
@click.option("--accept", is_flag=True, help="Write what the line says now into those that differ.")
@click.option("--yes", is_flag=True, help="With --accept: do not ask.")
def stories(names: tuple[str, ...], accept: bool, yes: bool) -> None:
    """Play the stories, or those with these NAMES, and say where each first differs from what the line says."""
    settings = config.settings()
    _, _, made = draft_script(settings)
    found = _named(configfiles.story_files(settings.config_dir), names)
    wrong = {name: problems[0] for name, text in found.items() if (problems := play_stories(made, {name: text}))}
    for problem in wrong.values():
        out(problem.shown())
    out(f"{len(found) - len(wrong)} of {counted(len(found), 'story').replace('storys', 'stories')} come true.")
    if not accept or not wrong:
        if wrong:
            out("If that is meant: ivr stories --accept")
            raise SystemExit(1)
        return
    after = {name: _accepted(made, name, found[name]) for name in wrong}
    show_difference(found, {**found, **after})
    if not yes:
        click.confirm("\nWrite this?", abort=True)
    for name, text in after.items():
        disk.write_whole(settings.config_dir / name, text)
    if left := play_stories(made, after):
        raise Stop(f"Written. These still do not come true, for words cannot put them right:\n{left[0].shown()}")
    out(f"Written: {', '.join(after)}.")


def _named(found: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    wanted = {
        f"stories/{name.removesuffix('.call').removeprefix('config/').removeprefix('stories/')}.call": name
        for name in names
    }
    if lost := [name for file, name in wanted.items() if file not in found]:
        raise Stop(f"There is no story '{lost[0]}' in config/stories.")
    return {file: text for file, text in found.items() if file in wanted} if wanted else found


def _accepted(made: Script, name: str, text: str) -> str:
    try:
        wanted = transcript.read(text, f"config/{name}")
    except ConfigError:
        return text  # it cannot be read, which is told
    return story.accepted(wanted, playing.play(made, wanted, PracticeDesk()))
