"""Commands about names that staff choose: where one is defined and used, and renaming.

`topics.py` and `upgrading.py` use the functions here that read config/, compile it and write what changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from ivr import places
from ivr.audio import recordings
from ivr.authoring import naming, parsing
from ivr.authoring.naming import Names, Use
from ivr.cli.common import Stop, out, show_difference
from ivr.compiling import building
from ivr.machine import config, configfiles, disk
from ivr.machine.config import Settings
from ivr.overview import atlas
from ivr.problems import ConfigError, Problem, counted
from ivr.script import Script


def folder_of(settings: Settings) -> dict[str, str]:
    """The YAML files and the stories of config/."""
    return {**configfiles.script_files(settings.config_dir), **configfiles.story_files(settings.config_dir)}


def compiled(files: Mapping[str, str]) -> Script | None:
    try:
        return building.load(only_yaml(files), config.bank_holidays())
    except ConfigError:
        return None


def only_yaml(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if not name.startswith(naming.STORIES)}


def only_stories(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if name.startswith(naming.STORIES)}


# --- where ---------------------------------------------------------------------------------------


@click.command()
@click.argument("name")
def where(name: str) -> None:
    """Tell where NAME is written and used: a node, a text, a setting or a switch; or where words are said."""
    settings = config.settings()
    files = folder_of(settings)
    names = naming.names_in(files)
    for file in names.unread:
        out(f"config/{file} cannot be read, so it was not looked through. See `ivr check`.")
    made = compiled(files)
    if not names.of(name) and name not in places.STEPS:
        _where_words(files, names, name)
        return
    for use in names.defined(name):
        out(f"{name} is a {_kind(files, use)}: {place_of(use)}")
    if name in places.STEPS:
        out(f"{name} is a step of the line itself. Its words are in config/menus/shared.yaml.")
    elif not names.defined(name):
        out(f"Nothing is called '{name}', but it is named:")
    named = [use for use in names.of(name) if not use.defines]
    out(f"It is named in {counted(len(named), 'place')}{':' if named else '.'}")
    for use in named:
        out(f"  {place_of(use)}  {naming.how_used(files, use)}")
    keys_to(made, name, names)


def place_of(use: Use) -> str:
    return f"config/{use.file}:{use.line}"


def _kind(files: Mapping[str, str], use: Use) -> str:
    """What is called so, in words."""
    value = _value_at(files, use)
    match use.what:
        case "node":
            return f"node of the kind {value.get('kind', '?')}" if isinstance(value, dict) else "node"
        case "setting":
            shown = (
                next((value[of] for of in ("number", "address") if of in value), "")
                if isinstance(value, dict)
                else value
            )
            return f"setting, {shown}"
        case _:
            return f"{use.what}, {value}"


def _value_at(files: Mapping[str, str], use: Use) -> object:
    found: object = parsing.read(files[use.file], use.file).data
    for step in use.path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def keys_to(made: Script | None, name: str, names: Names) -> None:
    """Print which keys lead a caller there."""
    if not any(use.what == "node" for use in names.defined(name)):
        return
    if made is None:
        out("Which keys lead there can be told when config/ has no errors: see `ivr check`.")
        return
    way = atlas.ways(made).get(name)
    if way is None:
        out("No keys lead callers there.")
    else:
        keys = atlas.keys_of(way)
        out(
            f"Callers get there with {'keys' if len(keys) > 1 else 'key'} {', '.join(keys)}."
            if keys
            else "Every caller gets there."
        )


def _where_words(files: Mapping[str, str], names: Names, words: str) -> None:
    """Print the lines that have these words in them."""
    wanted = " ".join(words.lower().split())
    found = [
        (file, number, line.strip())
        for file, text in sorted(files.items())
        for number, line in enumerate(text.splitlines(), 1)
        if wanted in " ".join(line.lower().split())
    ]
    if not found:
        raise Stop(naming.nobody_is_called(names, words) + " No line has these words either.")
    out(f"Nothing is called '{words}'. {counted(len(found), 'line')} with these words:")
    for file, number, line in found:
        out(f"  config/{file}:{number}  {line[:100]}{'…' if len(line) > 100 else ''}")


# --- rename --------------------------------------------------------------------------------------


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rename(old: str, new: str, yes: bool) -> None:
    """Give what is called OLD the name NEW, wherever it is named: in menus, texts, settings, stories and recordings.

    Shows first what changes. Comments stay as they are; those that have the old name are listed.
    """
    settings = config.settings()
    before = folder_of(settings)
    try:
        after = naming.renamed(before, old, new)
    except naming.CannotRename as error:
        raise Stop(f"{error}\nNothing was changed.") from error
    _must_break_nothing(before, after)
    sounds = recordings.renamed(settings.audio_dir, old, new) if _is_node(before, old) else []
    show_difference(before, after)
    for path, target in sounds:
        out(f"{path.name} in {path.parent} becomes {target.name}")
    may_write(settings, before, after, yes)
    recordings.rename(settings.audio_dir, sounds)
    out(f"'{old}' is '{new}' now, in {counted(_changed(before, after), 'file')}.")
    for place in _still_named(after, old):
        out(f"  {place} still has the old name, in a comment.")


def _is_node(files: Mapping[str, str], name: str) -> bool:
    return any(use.what == "node" for use in naming.names_in(files).defined(name))


def _must_break_nothing(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Raises Stop if the compiler finds more wrong afterwards."""
    was, found = faults_of(before), faults_of(after)
    if len(found) > len(was):
        new = next((problem for problem in found if problem.says not in {p.says for p in was}), found[0])
        raise Stop(f"{new}\nSo nothing was changed.")


def faults_of(files: Mapping[str, str]) -> tuple[Problem, ...]:
    try:
        building.load(only_yaml(files), config.bank_holidays())
    except ConfigError as error:
        return error.problems
    return ()


def _still_named(files: Mapping[str, str], old: str) -> Iterator[str]:
    for file, text in sorted(files.items()):
        for number, line in enumerate(text.splitlines(), 1):
            if "#" in line and old in line.partition("#")[2].replace(",", " ").replace(".", " ").split():
                yield f"config/{file}:{number}"


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    return sum(before.get(file) != text for file, text in after.items())


def may_write(settings: Settings, before: Mapping[str, str], after: Mapping[str, str], yes: bool) -> None:
    """Ask, and write the files that changed. Raises Stop if one of them was changed meanwhile by somebody else."""
    if not yes:
        click.confirm("\nWrite this?", abort=True)
    changed = [file for file in after if before.get(file) != after[file]]
    now = folder_of(settings)
    if moved := [file for file in changed if now.get(file) != before.get(file)]:
        raise Stop(f"config/{moved[0]} was changed meanwhile. Nothing was written. Start again.")
    for file in changed:
        disk.write_whole(settings.config_dir / file, after[file])
