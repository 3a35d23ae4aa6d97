"""Commands that check the words: the check itself, and what its findings mean."""

from __future__ import annotations

import inspect
import itertools
import json

import click

from ivr.authoring.drafts import Draft
from ivr.check import RULES, prove, unvisited
from ivr.check.callers import Cost, Effort, Simulation
from ivr.check.proof import LAWS, Proof
from ivr.check.states import TOLD_APART
from ivr.check.timing import TURN_GAP
from ivr.cli.common import Stop, out, shown, store_of
from ivr.cli.scripts import draft_script
from ivr.compiling import translation
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.overview import confirmation
from ivr.problems import KINDS, ConfigError, Kind, Problem, causes, counted
from ivr.script import Script
from ivr.store import ping
from ivr.usecases import publishing


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For tools: one JSON list.")
@click.option("--coverage", is_flag=True, help="Also list the nodes that no story visits.")
@click.option("--all", "every_state", is_flag=True, help="Also try every state that a call can be in. Takes minutes.")
def check(as_json: bool, coverage: bool, every_state: bool) -> None:
    """Check everything in config/. Exit status 1 if there are errors."""
    settings, of_environment = config.settings_to_check()
    try:
        problems, context = publishing.check_draft(settings, _live(settings))
    except ConfigError as error:
        problems, context = list(error.problems), None
    problems += of_environment
    proven = None
    if every_state and context is not None:
        proven, faults = prove(context)
        problems += faults
    if as_json:
        out(json.dumps([problem.as_json() for problem in problems], indent=2))
    else:
        _tell(problems)
    if context is not None and not as_json:
        _refresh_schemas(settings, context.draft)
        _to_confirm(context.draft, context.script)
        _languages(context.draft)
        _figures(context.simulation)
        if coverage:
            _coverage(settings, context.script)
        if proven:
            _tell_of_states(proven)
    if any(problem.severity == "error" for problem in problems):
        raise SystemExit(1)


def _tell_of_states(proven: Proof) -> None:
    holds = "Not all laws hold in them: see above." if proven.faults else "In each of them, all five laws hold:"
    out(f"\n{proven.states} states of a call, {proven.moves} moves. {holds}")
    for law in () if proven.faults else LAWS.values():
        out(f"  {law.why}")
    out("\nA caller who does nothing any more gets something:")
    for allowed, alike in itertools.groupby(proven.left_alone, key=lambda left: left.allowed):
        *others, longest = alike
        out(
            f"  within {allowed:.0f} seconds at {counted(len(others) + 1, 'place')}: "
            f"after {longest.seconds:.0f} at '{longest.place}', and sooner elsewhere"
        )
    out("\nTwo states differ if one of these differs:")
    for what in TOLD_APART:
        out(f"  {what}")


def _live(settings: Settings) -> Script | None:
    """The live script, if Redis is running."""
    if not ping(settings.redis_url):
        return None
    with store_of(settings) as store:
        return publishing.published(store)


def _refresh_schemas(settings: Settings, draft: Draft) -> None:
    """Update the schemas for editors. A failure does not make the check fail."""
    try:
        publishing.write_schemas(settings, draft)
    except OSError as error:
        out(f"\nconfig/schemas was not written: {error.strerror}. Editors keep using the previous schemas.")


def _tell(problems: list[Problem]) -> None:
    if problems:
        out(shown(problems))
    told = causes(problems)
    errors = sum(cause.problem.severity == "error" for cause in told)
    found = f"\n{counted(errors, 'error')}, {counted(len(told) - errors, 'warning')}."
    out(found if problems else "Nothing is wrong.")


def _to_confirm(draft: Draft, made: Script) -> None:
    """Lists what the service has not confirmed. This does not make the check fail."""
    found = confirmation.unconfirmed(draft, made)
    if found:
        out(f"\nNOT CONFIRMED BY THE SERVICE ({len(found)}). Ring or open each; then: ivr confirm NAME --by WHO")
    for one in found:
        out(f"  config/line.yaml:{one.line}  {one}")


def _languages(draft: Draft) -> None:
    """Says of each other language whether callers may hear it, and what is left to do."""
    lines = draft.language_lines
    if lines is None or not draft.languages:
        return
    out("\nOTHER LANGUAGES. More: ivr translate status")
    for language in draft.languages.values():
        why = "; ".join(translation.why_not(lines, language)) or "complete"
        out(f"  {language.in_english}: switched {language.switch}. {why[:1].upper()}{why[1:]}.")


def _figures(simulation: Simulation) -> None:
    """Print a table of what simulated callers needed: who, what they want, what it took, and the limit."""
    how = "the rendered sounds" if simulation.timing.is_measured else "the pace of speech (to use sounds: ivr render)"
    out("\nWhat simulated callers need, from the first word until they get help.")
    out(f"Measured by {how}, with {TURN_GAP} seconds a turn for the telephone network.\n")
    rows = [("who", "wants", "needs", "at most"), *map(_row, simulation.figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for number, (caller, wants, needed, allowed) in enumerate(rows):
        repeated = number > 0 and caller == rows[number - 1][0]
        who = "" if repeated else caller
        out(f"  {who:{widths[0]}}  {wants:{widths[1]}}  {needed:>{widths[2]}}   {allowed}")


def _row(figure: Effort) -> tuple[str, str, str, str]:
    needed = _cost(figure.needed) if figure.needed else "does not get it"
    return figure.caller, figure.wants, needed, f"{_cost(figure.allowed)}{'' if figure.kept else '   TOO MUCH'}"


def _cost(cost: Cost) -> str:
    return f"{cost.seconds:4.0f} s, {counted(cost.presses, 'key'):>7}"


def _coverage(settings: Settings, made: Script) -> None:
    missing = unvisited(made, configfiles.story_files(settings.config_dir))
    out(f"\n{len(made.nodes) - len(missing)} of {len(made.nodes)} nodes are visited by a story. Not visited:")
    for node in missing:
        out(f"  {node}  ({made.titles[node]})")


@click.command()
def schema() -> None:
    """Write config/schemas/, so that editors can complete names and mark errors."""
    settings = config.settings()
    draft, _ = draft_script(settings)
    for path in publishing.write_schemas(settings, draft):
        out(str(path))


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Tell what a finding means, by the CODE behind it. Without a code, list all of them."""
    if code is None:
        out("\n".join(sorted(KINDS)))
    elif code not in KINDS:
        raise Stop(f"There is no finding '{code}'. See `ivr explain` for all of them.")
    else:
        out("\n".join(_explained(KINDS[code])))
        page = config.ROOT / "docs" / "findings" / f"{code}.md"
        if "```" in (text := page.read_text(encoding="utf-8") if page.is_file() else ""):
            out("\n" + text[text.index("**Not like this:**") :].replace("**", "").rstrip())


def _explained(kind: Kind) -> list[str]:
    lines = [f"{kind.code} ({kind.severity})", kind.why, *([] if kind.why else [kind.words, kind.remedy])]
    for rule in RULES:
        if rule.name == kind.code:
            lines += [" ".join((inspect.getdoc(rule.find) or "").split())]
            lines += ["A rule about callers. To waive it at one place, write `allow:` there."]
    return [line for line in lines if line]
