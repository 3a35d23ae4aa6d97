"""Commands that make words live: publishing, taking over what others published, approving, and going back."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable

import click

from ivr.authoring import stand_ins
from ivr.authoring.merging import Conflict, Side
from ivr.cli import sound
from ivr.cli.common import Stop, one_line, out, refusing, show_difference, store_of, who
from ivr.cli.scripts import draft_script, published_script, tell_of_broken_promises
from ivr.hours import LONDON
from ivr.machine import config, configfiles, disk
from ivr.machine.config import Settings
from ivr.overview import changes
from ivr.overview.changes import Change
from ivr.places import person
from ivr.problems import counted
from ivr.script import Script
from ivr.store import Published, Store
from ivr.usecases import origin, publishing
from ivr.usecases.origin import Behind
from ivr.usecases.publishing import Passed


@click.command()
@click.option("-m", "--message", "why", required=True, help="Why: one line for the history.")
def publish(why: str) -> None:
    """Check the draft, play its stories, make its sounds, and make it live.

    Nothing goes live if somebody else has published since this draft began: see `ivr catch-up`. Where the settings ask
    for it, a second person agrees first: see `ivr approve`.
    """
    why = one_line(why)
    if not why:
        raise Stop("Say why in a few words: ivr publish -m 'the new number of the council'")
    settings = config.settings()
    with store_of(settings) as store:
        before = store.revisions.live() or ""
        must_not_undo_others(settings, store)
        with refusing(f"Nothing was published.{' The live version stays.' if before else ''}"):
            passed = publishing.gate(settings)
        sound.prepare(settings, passed.files)
        live = publishing.published(store)
        if live and live.line.needs_approval and passed.script.revision != live.revision:
            publishing.propose(store, passed, who(), why, before)
            out(f"{passed.script.revision} waits for a second person, and is not live yet. They agree with:")
            out(f"  ivr approve {passed.script.revision}")
            return
        is_new = publishing.put_live(store, passed, who(), why, before)
        origin.note(settings.config_dir, passed.script.revision)
        if not is_new:
            out("This is live already. Nothing was changed.")
            return
        _tell_it_is_live(store, passed, live)


def _tell_it_is_live(store: Store, passed: Passed, before: Script | None) -> None:
    out(f"Live: {passed.script.revision}. New calls use it; calls in progress finish with the one they began with.")
    if passed.warnings:
        out(f"{counted(len(passed.warnings), 'warning')}: see `ivr check`.")
    tell_of_broken_promises(store, passed.script)
    tell_of_the_fallback(before, passed.script)


def tell_of_the_fallback(before: Script | None, after: Script) -> None:
    """Print what has to be done at Twilio if the words or the number of the fallback are others."""
    if before and person.when_all_fails(before) != person.when_all_fails(after):
        out("What callers hear when this machine is down has changed. If it is in a TwiML Bin at Twilio, the old words")
        out("are still there: paste the output of `ivr fallback` into it, or run `ivr connect --fallback-at-twilio`.")


# --- what others published ----------------------------------------------------------------------


def must_not_undo_others(settings: Settings, store: Store) -> None:
    """Raises Stop if others have published since the draft began, and the draft lacks it."""
    behind = origin.behind(store, settings.config_dir, publishing.draft_files(settings), who())
    if behind:
        raise Stop(f"{in_words(behind)}\n\nNothing was published. Take it over first: ivr catch-up")


def in_words(behind: Behind) -> str:
    """Who published what since a draft began, place by place."""
    lines = ["Your draft began from an earlier publication. Since then:"]
    lines += [f"  {_when(row)}  {row.who}: {row.why}" for row in reversed(behind.since)]
    lines += ["Your draft does not have this, and publishing it would take it back:"]
    lines += [f"  {line}" for difference in behind.differences for line in difference.lines()]
    return "\n".join(lines)


def _when(row: Published) -> str:
    return f"{dt.datetime.fromtimestamp(row.at, LONDON):%a %d %b %Y %H:%M}"


@click.command("catch-up")
@click.option("--live", "theirs", is_flag=True, help="Where both changed the same lines, take what is live.")
@click.option("--mine", is_flag=True, help="Where both changed the same lines, keep yours.")
@click.option(
    "--keep", is_flag=True, help="Take nothing over: the draft is right as it is, and may replace what is live."
)
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
def catch_up(theirs: bool, mine: bool, keep: bool, yes: bool) -> None:
    """Take into the draft what others have published since it began.

    Shows each place. What only they changed is taken over. Where both changed the same lines, you choose.
    """
    settings = config.settings()
    with store_of(settings) as store:
        files = stand_ins.written(configfiles.script_files(settings.config_dir))
        behind = origin.behind(store, settings.config_dir, files, who())
        if behind is None:
            raise Stop("Nobody else has published anything that your draft does not have.")
        out(in_words(behind))
        live = store.revisions.live() or ""
        if keep:
            origin.note(settings.config_dir, live, seen=True)
            out("\nThe draft stays as it is. When you publish it, it takes back what is listed above.")
            return

        def choose(conflict: Conflict) -> Side:
            return "theirs" if theirs else "mine" if mine else _chosen(conflict)

        after = origin.caught_up(store, files, behind.began, choose)
        out("\nYour files will change like this:")
        show_difference(files, after)
        if not yes:
            click.confirm("\nWrite this?", abort=True)
        _write(settings, files, after)
        origin.note(settings.config_dir, live, seen=True)
        out("Your draft has it now. Look at `ivr diff`, then publish.")


def _chosen(conflict: Conflict) -> Side:
    out(f"\nconfig/{conflict.file}:{conflict.line}: both of you changed this.")
    for name, lines in (("live ", conflict.theirs), ("yours", conflict.mine)):
        for line in lines or ("(nothing)",):
            out(f"    {name}  {line.rstrip()}")
    answer = click.prompt("Which one?", type=click.Choice(["live", "yours"]))
    return "theirs" if answer == "live" else "mine"


def _write(settings: Settings, before: dict[str, str], after: dict[str, str]) -> None:
    if configfiles.script_files(settings.config_dir) != before:
        raise Stop("A file in config/ was changed meanwhile. Nothing was written. Start again.")
    for file in before.keys() - after.keys():
        (settings.config_dir / file).unlink()
    for file, text in after.items():
        if before.get(file) != text:
            disk.write_whole(settings.config_dir / file, text)


# --- a second person ----------------------------------------------------------------------------


@click.command()
@click.argument("revision", required=False)
@click.option("--refuse", is_flag=True, help="Do not agree: it is put aside.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def approve(revision: str | None, refuse: bool, yes: bool) -> None:
    """Agree to what somebody else wants to publish, so that it goes live. Shows it first."""
    settings = config.settings()
    with store_of(settings) as store:
        proposed = store.revisions.proposed()
        if proposed is None or (revision and revision != proposed.published.revision):
            raise Stop(
                "Nothing waits for a second person." if not proposed else f"Only {proposed.published.revision} waits."
            )
        wanted = proposed.published
        out(f"{wanted.revision}, from {wanted.who}, {_when(wanted)}: {wanted.why}")
        live = publishing.usable(store)
        passed = publishing.proposed(settings, store, proposed)
        _show(changes.between(live, passed.script) if live else [])
        if refuse:
            store.revisions.withdraw(wanted.revision)
            out(f"{wanted.revision} is put aside. It stays in {wanted.who}'s files.")
            return
        if wanted.who == who():
            raise Stop(f"You are {wanted.who}, who wants to publish it. A second person has to agree.")
        if not yes:
            click.confirm("\nMake this live?", abort=True)
        sound.prepare(settings, passed.files)
        publishing.approve(store, passed, proposed, who(), time.time())
        _tell_it_is_live(store, passed, live)


def _show(found: Iterable[Change]) -> None:
    out("\n".join(line for change in found for line in change.lines()) or "Callers will hear no difference.")


# --- looking, and going back --------------------------------------------------------------------


@click.command()
def history() -> None:
    """List the publications: when, by whom and why; latest first."""
    with store_of(config.settings()) as store:
        rows = store.revisions.history()
        waiting = store.revisions.proposed()
    if waiting:
        row = waiting.published
        out(f"{_when(row)}  {row.who:12} {row.revision}  waits for a second person: {row.why}")
    for number, row in enumerate(rows):
        state = "live" if number == 0 else ""  # the live revision may be listed twice, but is live once
        agreed = f" (approved by {row.approved})" if row.approved else ""
        out(f"{_when(row)}  {row.who:12} {row.revision}  {state:4}  {row.why}{agreed}")
    if not rows:
        out("Nothing is published yet.")


@click.command()
def diff() -> None:
    """Show what callers will hear differently if the draft is published."""
    settings = config.settings()
    _, made = draft_script(settings)
    with store_of(settings) as store:
        live = store.revisions.live()
        files = store.revisions.files(live) if live else None
    if live is None or files is None:
        out("Nothing is published yet.")
        return
    _show(changes.between(published_script(live, files), made))


@click.command()
@click.argument("revision", required=False)
def undo(revision: str | None) -> None:
    """Make the previous publication live again, or any REVISION in `ivr history`. The draft does not change.

    Says what callers hear differently now.
    """
    settings = config.settings()
    with store_of(settings) as store:
        rows = store.revisions.history()
        last = rows[0] if rows else None
        back = revision or (last.before if last else "")
        files = store.revisions.files(back) if back else None
        if last is None or files is None or (revision and revision not in {row.revision for row in rows}):
            raise Stop(f"`ivr history` has no {revision}." if revision else "There is nothing to go back to.")
        if back == last.revision:
            raise Stop(f"{back} is live already.")
        script, taken = published_script(back, files), publishing.published(store)
        sound.prepare(settings, files)
        publishing.take_back(store, files, last, who())
        out(f"Live again: {back}. `ivr history` shows it; another `ivr undo` reverses this.")
        if taken:
            out(f"This took back what {last.who} published on {_when(last)} ({last.why}):")
            _show(changes.between(taken, script))
        tell_of_broken_promises(store, script)
        tell_of_the_fallback(taken, script)
        origin.note(settings.config_dir, back)
