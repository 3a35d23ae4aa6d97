"""The command that plays stories, and takes what the line says now into them."""

from __future__ import annotations

import click

from ivr.check import untrue_stories
from ivr.cli.common import Stop, out, show_difference
from ivr.cli.naming import may_write
from ivr.cli.scripts import draft_script
from ivr.machine import config, configfiles
from ivr.problems import counted


@click.command("stories")
@click.argument("names", nargs=-1)
@click.option("--accept", is_flag=True, help="Write what the line says now into those that differ.")
@click.option("--yes", is_flag=True, help="With --accept: do not ask.")
def stories(names: tuple[str, ...], accept: bool, yes: bool) -> None:
    """Play the stories, or those with these NAMES, and say where each first differs from what the line says."""
    settings = config.settings()
    _, made = draft_script(settings)
    found = _named(configfiles.story_files(settings.config_dir), names)
    wrong = list(untrue_stories(made, found))
    for each in wrong:
        out(each.problem.shown())
    out(f"{len(found) - len(wrong)} of {counted(len(found), 'story').replace('storys', 'stories')} come true.")
    if not accept or not wrong:
        if wrong:
            out("If that is meant: ivr stories --accept")
            raise SystemExit(1)
        return
    after = {each.name: each.after for each in wrong}
    show_difference(found, {**found, **after})
    may_write(settings, found, after, yes)
    if left := [each.left for each in wrong if each.left]:
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
