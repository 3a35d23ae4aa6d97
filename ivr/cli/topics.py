"""Commands that write a new topic into config/, and take one out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import click

from ivr.authoring import naming, parsing
from ivr.authoring.parsing import Document
from ivr.check import play_stories
from ivr.cli.common import Stop, one_line, out, show_difference
from ivr.cli.naming import (
    compiled,
    faults_of,
    folder_of,
    keys_to,
    may_write,
    only_stories,
    only_yaml,
    place_of,
)  # fmt: skip
from ivr.forms import topics
from ivr.forms.topics import CannotChange, NewTopic
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.problems import ConfigError, Problem, counted
from ivr.usecases import publishing

# --- a new topic -----------------------------------------------------------------------------------


@click.group("new")
def new_group() -> None:
    """Write something new into config/."""


@dataclass
class _Asked:
    """What was given for a new topic. What is missing is asked for when it is needed, if `may_ask`."""

    may_ask: bool
    given: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    has_all_parts: bool = False

    def command(self) -> str:
        """The command that goes on from here."""
        words = [*(item for name, value in self.given.items() if value for item in (f"--{name}", value))]
        words += [item for part in self.parts for item in ("--part", part)]
        return shlex.join(["ivr", "new", "topic", *words])

    def get(self, name: str, question: str, default: str | None = None) -> str:
        if not self.given.get(name):
            if not self.may_ask:
                raise Stop(f"Say {question[0].lower()}{question[1:]} (--{name}).\nNothing was written.")
            self.given[name] = one_line(click.prompt(question, default=default))
        return self.given[name]

    def until(self, name: str, question: str, why_not: Callable[[str], str]) -> str:
        """The answer, once nothing is wrong with it. Raises Stop if nobody can be asked again."""
        while why := why_not(self.get(name, question)):
            self.given[name] = ""
            if not self.may_ask:
                raise Stop(f"{why}\nNothing was written.")
            out(why)
        return self.given[name]

    def ask_parts(self) -> list[str]:
        """What callers hear, part by part."""
        if not self.may_ask and not self.parts:
            raise Stop("Say what callers hear, with --part.\nNothing was written.")
        while self.may_ask and not self.has_all_parts and len(self.parts) < _MOST_PARTS:
            question = "And then? (Enter: that is all)" if self.parts else "What callers hear first"
            words = one_line(click.prompt(question, default="" if self.parts else None, show_default=False))
            self.parts += [words] if words else []
            self.has_all_parts = not words
        return self.parts


_MOST_PARTS = 3


@new_group.command("topic")
@click.option("--name", help="A name for it in the files, like bus_pass.")
@click.option(
    "--under", help="The menu that leads to it, or the reading that it follows. Left out: those with room are listed."
)
@click.option("--beside", type=click.IntRange(1, 4), help="In a full menu: the key whose choice shares a menu with it.")
@click.option("--together", help="With --beside: what that key is called now.")
@click.option("--label", help="The choice that leads to it, without its key: 'To ask about a bus pass'.")
@click.option("--part", "parts", multiple=True, help="What callers hear. Up to three, with one thought in each.")
@click.option("--closing", help="The last sentence, which shows that it is over. Default: 'That is all.'")
@click.option("--text", help="The text message about it.")
@click.option("--urgent", type=click.Choice(["true", "today"]), help="If it has a time limit.")
@click.option("--yes", is_flag=True, help="Do not ask whether to write.")
def topic(parts: tuple[str, ...], beside: int | None, yes: bool, **given: str | None) -> None:
    """Write a new piece of guidance, the choice that leads to it, and the text message about it.

    Asks for what is not given. Nothing is written before the check has nothing against it.
    """
    settings = config.settings()
    before = folder_of(settings)
    if faults := faults_of(before):
        raise Stop(
            f"config/ has errors, so nothing can be added to it. The first: {faults[0]}\nCorrect them: ivr check"
        )
    words = {name: one_line(value or "") for name, value in given.items()}
    asked = _Asked(not (yes or parts), {**words, "beside": str(beside or "")}, list(parts))
    try:
        after = _passing(settings, before, asked)
    except (click.Abort, Stop):
        if asked.parts or (asked.may_ask and any(asked.given.values())):
            out(f"\nTo go on from here, with what you gave:\n  {asked.command()}", err=True)
        raise
    show_difference(before, after)
    _tell_of_stories(before, after)
    may_write(settings, before, after, yes)
    made = compiled(after)
    out(f"Written: {asked.given['name']}.")
    keys_to(made, asked.given["name"], naming.names_in(after))
    out("Listen to it with `ivr call`. Callers hear it after `ivr publish`.")


def _passing(settings: Settings, before: Mapping[str, str], asked: _Asked) -> dict[str, str]:
    """The files with the new topic, once the check finds nothing wrong with it. Until then, asks for other answers."""
    while True:
        made = _topic(before, asked)
        try:
            after = topics.with_topic(before, made)
        except CannotChange as error:
            raise Stop(f"{error}\nNothing was written.") from error
        out("Checking ...")
        try:
            publishing.gate_change(settings, only_yaml(before), only_yaml(after))
        except ConfigError as error:
            wrong = error.problems[0]
            which = _field_of(after, made, wrong)
            if not asked.may_ask or which is None:
                raise Stop(f"{wrong.says}  ({which or wrong.where})\nNothing was written.") from error
            out(wrong.says)
            _ask_again(asked, which)
            continue
        return after


def _topic(files: Mapping[str, str], asked: _Asked) -> NewTopic:
    menus = only_yaml(files)
    if asked.may_ask and not asked.given.get("under"):
        out(f"These can lead to something more: {', '.join(topics.with_room(menus))}. Or name a full menu.")
    under, beside = _under(menus, asked)
    together = asked.get("together", f"What key {beside} is called now, like 'To ask about both'") if beside else ""
    names = naming.names_in(files)
    name = asked.until(
        "name", "A name for it in the files, like bus_pass", lambda name: naming.why_not_new(names, name)
    )
    label = asked.get("label", "The choice that leads to it, without its key, like 'To ask about a bus pass'")
    parts = tuple(asked.ask_parts())
    closing = asked.given.get("closing") or "That is all."
    return NewTopic(
        name, under, label, parts, asked.given.setdefault("closing", closing) or closing,
        asked.get("text", "The text message about it"), asked.given.get("urgent") or "",
        beside, together,
    )  # fmt: skip


def _under(menus: Mapping[str, str], asked: _Asked) -> tuple[str, int]:
    """The node that leads to the topic; and if that is a full menu, the key whose choice shares a new menu with it."""

    def why_not(under: str) -> str:
        why = topics.why_not_under(menus, under, int(asked.given["beside"] or 0))
        if why and "--beside" in why and asked.may_ask:
            out(why)
            question = "The key whose choice shares a menu with the new one (Enter: name something else)"
            asked.given["beside"] = click.prompt(question, default="", show_default=False).strip()
            key = asked.given["beside"] if asked.given["beside"].isdigit() else ""
            why = topics.why_not_under(menus, under, int(key)) if key else f"Then name something other than '{under}'."
        if why:
            asked.given["beside"] = ""
        return why

    under = asked.until("under", "The menu that leads to it, or the reading that it follows", why_not)
    return under, int(asked.given["beside"] or 0)


def _field_of(files: Mapping[str, str], made: NewTopic, wrong: Problem) -> str | None:
    """Which answer a problem is about; None if it is about something else."""
    file = wrong.where.file.removeprefix("config/")
    document = parsing.read(files[file], file) if file in files else Document(file)
    at = [path for path, mark in document.marks.items() if mark.line <= wrong.where.line]
    path = max(at, key=lambda path: (document.marks[path].line, len(path)), default=())
    match path:
        case ("texts", made.text_name):
            return "text"
        case ("nodes", made.under, "choices", made.beside, *_):
            return "together"
        case ("nodes", made.under | made.menu_name, *_):
            return "label"
        case ("nodes", made.name, "parts", int(number)):
            return f"part {number + 1}"
        case ("nodes", made.name, "closing"):
            return "closing"
        case ("nodes", made.name, *_) if wrong.code == "time-limits":
            return "urgent"
    return None


def _ask_again(asked: _Asked, which: str) -> None:
    if which.startswith("part "):
        number = int(which.split()[1]) - 1
        asked.parts[number] = one_line(click.prompt(f"Part {number + 1} again", default=asked.parts[number]))
    elif which == "urgent":
        kinds = click.Choice(["true", "today"])
        asked.given["urgent"] = click.prompt(
            "How urgent is it for whoever asks to be rung?", type=kinds, default="true"
        )
    else:
        asked.given[which] = one_line(click.prompt(f"The {which} again", default=asked.given[which]))


def _tell_of_stories(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Print which stories no longer come true."""
    made, was = compiled(after), compiled(before)
    if made is None or was is None:
        return
    stories = only_stories(after)
    known = {problem.where for problem in play_stories(was, stories)}
    new = [problem for problem in play_stories(made, stories) if problem.where not in known]
    if new:
        out(f"\n{counted(len(new), 'line')} in stories will not come true any more. The first: {new[0]}")


# --- remove ----------------------------------------------------------------------------------------


@click.command()
@click.argument("name")
@click.option("--instead", default="", help="Where callers go instead, from all that leads there now.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, instead: str, yes: bool) -> None:
    """Take the node NAME out, with the choices that lead to it and the text that only it offers.

    Says first what leads there, and what changes.
    """
    settings = config.settings()
    before = folder_of(settings)
    led = [use for use in naming.names_in(before).used(name, "node") if use.node != name]
    if led:
        out(f"{counted(len(led), 'place')} {'leads' if len(led) == 1 else 'lead'} to {name}:")
    for use in led:
        out(f"  {place_of(use)}  {naming.how_used(before, use)}")
    try:
        removal = topics.without(before, name, instead)
    except CannotChange as error:
        raise Stop(f"{error}\nNothing was changed.") from error
    if removal.texts:
        out(f"The text {', '.join(removal.texts)} goes with it, because nothing else offers it.")
    out("Checking ...")
    try:
        publishing.gate_change(settings, only_yaml(before), only_yaml(removal.files))
    except ConfigError as error:
        raise Stop(_why_not_removed(error.problems, name)) from error
    show_difference(before, removal.files)
    _tell_of_stories(before, removal.files)
    may_write(settings, before, removal.files, yes)
    out(f"'{name}' is removed. Callers hear the difference after `ivr publish`.")


def _why_not_removed(problems: Iterable[Problem], name: str) -> str:
    """The next step, if something would be wrong without the node."""
    lost = [problem for problem in problems if problem.code == "unreachable"]
    told = list(problems)
    if lost and len(lost) == len(told):
        places = ", ".join(str(problem.where) for problem in lost)
        return (
            f"Without it, no caller reaches what only it leads to: {places}.\nRemove that first, or lead to it from "
            f"elsewhere. Nothing was changed."
        )
    return f"Without '{name}', this would be wrong: {told[0]}\nCorrect that first. Nothing was changed."
