"""The structure of a script: short menus, few of them, no circles, and nothing unused."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator

from ivr.authoring.authored import Choice, MenuNode, ReadingNode
from ivr.authoring.menufile import RETIRED
from ivr.check import english
from ivr.check.context import LINE, TEXTS, Context, Finding, rule
from ivr.places.nodes import Word as SpokenWord
from ivr.places.reading import Reading as SpokenReading
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, NEEDED_TEXTS, WORDS_MENU
from ivr.spoken import text_of

MOST_CHOICES, MOST_CHOICES_IN_HELP = 4, 5
#: The step at which a promised call is changed. Whoever was promised one heard the key that leads there.
CHANGE = "ring_reference"
#: A menu may take 25 seconds at the pace of running speech. The same words take 30 as separate sounds, one a choice and
#: one for its key.
MENU_SECONDS = 30.0
DEPTH_MOST = 3
RUN_MOST = 3
PARTS_MOST = 3
WORDS_BEFORE_FIRST_KEY = 25


@rule("choices", "Listeners can remember four things at most.")
def choices(context: Context) -> Iterator[Finding]:
    for node_id, node in context.authored.items():
        if isinstance(node, MenuNode):
            most = MOST_CHOICES_IN_HELP if node_id == HELP else MOST_CHOICES
            if len(_to_remember(node_id, node)) > most:
                words = f"This menu has {len(node.choices)} choices."
                remedy = (
                    f"Make it {most} at most: give two that belong together a menu of their own, as `ivr new topic "
                    "--beside` does, or let guidance lead on to it with 'next'."
                )
                yield context.at(node_id, "choices", words=words, remedy=remedy)
            keys = sorted(node.choices)
            if keys != list(range(1, len(keys) + 1)):
                words = "The keys are not 1, 2, 3 without a gap."
                yield context.at(node_id, "choices", words=words, remedy="Close the gap.")
            elif gone := _leave_a_gap(context, node_id, keys):
                words = f"The node at key {gone} is switched off, which leaves a gap."
                yield context.at(node_id, "choices", gone, words=words, remedy="Put it last, or add 'when_off' there.")


def _to_remember(node_id: str, node: MenuNode) -> list[Choice]:
    """The choices of a menu that callers weigh against each other: not the change of a call, last in the first menu."""
    found = [choice for _, choice in sorted(node.choices.items())]
    return found[:-1] if node_id == MAIN_MENU and found and found[-1].goto == CHANGE else found


@rule("change-in-one-step", "Nobody remembers a row of keys at the moment when they are promised a call.")
def change_in_one_step(context: Context) -> Iterator[Finding]:
    """The first menu leads to changing a promised call: the same words for every caller, so they tell nobody who
    shares a phone that somebody asked to be rung."""
    main = context.authored.get(MAIN_MENU)
    if isinstance(main, MenuNode) and CHANGE not in {choice.goto for choice in main.choices.values()}:
        words, remedy = "Nobody can change a promised call in one step.", f"Let the last choice lead to {CHANGE}."
        yield context.at(MAIN_MENU, "choices", words=words, remedy=remedy)
        return
    as_it_runs = context.script.nodes.get(MAIN_MENU)
    if as_it_runs and CHANGE not in {option.goto for option in as_it_runs.options_written()}:
        on = " and ".join(tongue.in_english for tongue in context.script.tongues if tongue.is_live)
        keys = context.script.values["press_change"]
        words = f"With {on} on, changing a promised call takes more than one step: {keys}."
        remedy = "Give one of these languages a key behind 8, or waive this."
        yield context.at(MAIN_MENU, "choices", words=words, remedy=remedy, level="warning")


def _leave_a_gap(context: Context, node_id: str, keys: list[int]) -> int | None:
    """The first key that is not offered today although a later one is; None if there is none."""
    node = context.script.nodes.get(node_id)
    offered = [int(option.key) for option in node.options_written()] if node else []
    return next((key for key in keys if key not in offered and key < max(offered, default=0)), None)


@rule("menu-seconds", "By the end of a longer menu, its beginning is forgotten.")
def menu_seconds(context: Context) -> Iterator[Finding]:
    line = context.script.line
    for node_id, node in context.authored.items():
        said: list[str | float] = []
        if isinstance(node, MenuNode):
            said = [*_words(context, node.say), line.pace.between_choices]
            for choice in _to_remember(node_id, node):
                said += [*_words(context, choice.label), line.pace.before_key, "press 1", line.pace.between_choices]
        seconds = english.seconds(tuple(said), line.pace.words_a_minute)
        if seconds > MENU_SECONDS:
            words = f"This menu takes {seconds:.0f} seconds."
            yield context.at(
                node_id,
                words=words,
                remedy=(
                    f"Make it {MENU_SECONDS:.0f} at most: shorten its labels, or give two choices a menu of their own."
                ),
            )


def _words(context: Context, written: str) -> list[str | float]:
    """Words with their settings filled in, for counting and timing."""
    return [piece for piece in context.speech(written) if isinstance(piece, str | float)]


@rule("moved-keys", "People press the key that worked last time.", level="warning")
def moved_keys(context: Context) -> Iterator[Finding]:
    """Warn if a choice has moved to another key since the last publication."""
    if context.published is None:
        return
    for node_id, node in context.authored.items():
        before = context.published.nodes.get(node_id)
        if not isinstance(node, MenuNode) or before is None:
            continue
        keys = {option.goto: option.key for option in before.options_written()}
        for key, choice in node.choices.items():
            was = keys.get(choice.goto)
            if was and was != str(key):
                words = f"'{choice.label}' was on key {was} until now. Callers who know the line will still press that."
                yield context.at(node_id, "choices", key, words=words, remedy=f"Put it back on key {was} if you can.")


# --- depth --------------------------------------------------------------------------


def _leads(context: Context, node_id: str) -> list[str]:
    """The nodes that a caller can reach from a node by one choice."""
    node = context.script.nodes.get(node_id)
    if node is None:
        return {"send_text": [END_MENU], "person_away": []}.get(node_id, [])
    onward = [option.goto for option in node.options_written()]
    if isinstance(node, SpokenReading):
        onward += [node.runs_on_to] if node.runs_on_to else [END_MENU]
        onward += node.words
    if isinstance(node, SpokenWord):
        onward += [WORDS_MENU, *([node.next_word] if node.next_word else [])]
    return onward


def depths(context: Context) -> dict[str, int]:
    """The menus and questions before each node, on the shortest route from the greeting."""
    found = {GREETING: 0}
    queue = deque([GREETING])
    while queue:
        here = queue.popleft()
        node = context.script.nodes.get(here)
        passed = found[here] + (not isinstance(node, SpokenReading | SpokenWord))
        for there in _leads(context, here):
            if passed < found.get(there, 99):
                found[there] = passed
                queue.append(there)
    return found


@rule("depth", "Every level loses callers, above all those with little working memory.")
def depth(context: Context) -> Iterator[Finding]:
    for node_id, passed in depths(context).items():
        if isinstance(context.script.nodes.get(node_id), SpokenReading) and passed > DEPTH_MOST:
            words = f"Callers pass {passed} menus and questions to get here."
            yield context.at(
                node_id,
                words=words,
                remedy=(
                    f"Make it {DEPTH_MOST} at most: lead to it from a menu further up, or from guidance, with 'next'."
                ),
            )


@rule("guidance-soon", "Many questions without any information feel like a test.")
def guidance_soon(context: Context) -> Iterator[Finding]:
    """At most three menus or questions in a row without guidance in between."""
    for node_id in context.script.nodes:
        run = _run(context, node_id, ())
        if len(run) > RUN_MOST:
            words = f"From here, {len(run)} questions follow each other ({' > '.join(run)})."
            yield context.at(node_id, words=words, remedy="Put guidance in between.")


def _run(context: Context, node_id: str, trail: tuple[str, ...]) -> tuple[str, ...]:
    node = context.script.nodes.get(node_id)
    asks = node is not None and not isinstance(node, SpokenReading | SpokenWord)
    if not asks or node_id in trail or node_id in (END_MENU, HELP):
        return trail
    trail = (*trail, node_id)
    return max((_run(context, there, trail) for there in _leads(context, node_id)), key=len, default=trail)


@rule("parts-in-a-row", "Listeners can keep three thoughts before they act on them.")
def parts_in_a_row(context: Context) -> Iterator[Finding]:
    """Readings that run on to others must not tell more before a choice than one reading may."""
    for node_id in context.script.nodes:
        told = _told_from(context, node_id, ())
        if told > PARTS_MOST:
            words = f"From here, {told} parts follow without a choice in between."
            yield context.at(
                node_id,
                "runs_on_to",
                words=words,
                remedy=(
                    f"Make it {PARTS_MOST} at most: lead on with 'next' instead of 'runs_on_to': then callers choose."
                ),
            )


def _told_from(context: Context, node_id: str, before: tuple[str, ...]) -> int:
    """The number of parts from here on before the caller can choose."""
    node = context.script.nodes.get(node_id)
    if not isinstance(node, SpokenReading) or node_id in before:
        return 0
    return len(node.parts) + _told_from(context, node.runs_on_to or "", (*before, node_id))


@rule("first-key", "Callers expect a person, and must hear at once that they can press keys.")
def first_key(context: Context) -> Iterator[Finding]:
    greeting = context.authored.get(GREETING)
    if not isinstance(greeting, ReadingNode):
        return
    first = next(text for text in context.texts if text.node == GREETING and text.kind == "part")
    said = first.heard.lower()
    if "automated" not in said:
        words = "Callers expect a person, and start to talk."
        yield context.at(GREETING, "parts", 0, words=words, remedy="Say at once that this is an automated voice.")
    if re.search(r"\brecord(ing|ed)?\b", said):
        words = "Callers understand this as 'you are being recorded'."
        yield context.at(GREETING, "parts", 0, words=words, remedy="Say that it is an automated voice.", word="record")
    if greeting.person_hint != "first part":
        words = "Callers do not hear soon enough how to get a person."
        remedy = "Name the key after the first part, with person_hint: first part."
        yield context.at(GREETING, words=words, remedy=remedy)
    count = english.spoken_words(first.heard) + english.spoken_words("To talk to a person, press zero")
    if count > WORDS_BEFORE_FIRST_KEY:
        words = f"{count} words are said before the first key."
        yield context.at(
            GREETING,
            "parts",
            0,
            words=words,
            remedy=(
                f"Make it {WORDS_BEFORE_FIRST_KEY} at most: shorten the first part, or move words into the next one."
            ),
        )


# --- circles, ends and leftovers ------------------------------------------------------------


@rule("circles", "A call must not go round in a circle by itself.")
def circles(context: Context) -> Iterator[Finding]:
    """Readings that run on to each other, or words that follow each other, for ever."""
    for node_id, node in context.authored.items():
        for name in ("runs_on_to", "next_word"):
            seen, here = [node_id], getattr(node, name, None)
            while here and here not in seen:
                seen.append(here)
                here = getattr(context.authored.get(here), name, None)
            if here == node_id:
                words = f"This goes round in a circle: {' > '.join([*seen, node_id])}."
                yield context.at(node_id, name, words=words, remedy="Let one of them lead elsewhere.")


@rule("dead-ends", "Every path must end in help.")
def dead_ends(context: Context) -> Iterator[Finding]:
    for node_id, node in context.script.nodes.items():
        options = node.options_written()
        if not isinstance(node, SpokenReading | SpokenWord) and all(option.goto == node_id for option in options):
            yield context.at(node_id, words="Every choice here leads back here.", remedy="Add one that leads on.")
        elif back := next((option for option in options if option.goto == node_id), None):
            words = f"'{text_of(back.label).rstrip(',.')}' leads back to where the caller is."
            yield context.at(node_id, words=words, remedy="Name another node. To hear it again, callers press hash.")


@rule("unreachable", "Guidance that nobody can reach helps nobody.")
def unreachable(context: Context) -> Iterator[Finding]:
    reached: set[str] = set()
    queue = deque([GREETING, HELP, END_MENU, WORDS_MENU])
    while queue:
        here = queue.popleft()
        if here not in reached:
            reached.add(here)
            queue += _leads(context, here)
    for node_id in context.script.nodes:
        if node_id not in reached:
            remedy = "Lead to it from somewhere, or remove it."
            yield context.at(node_id, words="No caller can reach this.", remedy=remedy)


@rule("leftovers", "Unused entries get edited by mistake instead of the ones in use.", level="warning")
def leftovers(context: Context) -> Iterator[Finding]:
    """Texts that no caller can ask for, and unused settings."""
    named = {getattr(node, "text", None) for node in context.authored.values()} | set(NEEDED_TEXTS)
    texts = context.draft.texts.texts
    for name in texts:
        if name not in named:
            yield Finding(TEXTS, ("texts", name), "No node offers this text.", "Name it in a node, or remove it.")
    stand_ins = (str(value) for _, _, value in context.draft.stand_ins())
    written = " ".join([*texts.values(), *(text.written for text in context.texts), *stand_ins])
    used = set(re.findall(r"\{(\w+)\}", written)) | set(context.draft.line.transfer.numbers)
    for group in ("names", "phones", "emails", "links", "numbers", "paragraphs", "sentences"):
        for name in getattr(context.script.line, group):
            if name not in used:
                yield Finding(LINE, (group, name), "Nothing uses this setting.", "Use it, or remove it.")
    yield from _no_longer_said(context)
    switches = {node.only_if for node in context.authored.values()}
    for name in context.draft.line.switches:
        if name not in switches:
            yield Finding(LINE, ("switches", name), "Nothing uses this switch.", "Use it, or remove it.")


def _no_longer_said(context: Context) -> Iterator[Finding]:
    """Words of steps that only earlier versions of the line said."""
    for file, menu in context.draft.menus.items():
        for step, names in RETIRED.items():
            for name in names:
                if menu.steps and getattr(getattr(menu.steps, step), name):
                    yield Finding(file, ("steps", step, name), "The line no longer says this.", "Remove it.")


@rule("new-words", "Staff should read all the words that callers hear.", level="warning")
def new_words(context: Context) -> Iterator[Finding]:
    """Words and timings that these files lack, so that the shipped ones are used instead."""
    for file, path, value in context.draft.stand_ins():
        own = f"{path[-1]}: {json.dumps(value, ensure_ascii=False)}"
        words = f"'{': '.join(map(str, path))}' is not here yet."
        yield Finding(file, path, words, f"Write it. Until then, the line uses its own ({own}).")


@rule("closing-line", "Listeners cannot see where the guidance ends.")
def closing_lines(context: Context) -> Iterator[Finding]:
    for node_id, node in context.authored.items():
        if isinstance(node, ReadingNode) and not node.closing and node_id != GREETING:
            words = "Callers cannot hear when this is over."
            yield context.at(node_id, words=words, remedy="Add a closing line, like 'That is all about meetings.'")


@rule("text-twin", "Everything that is said must also be available as text.")
def text_twins(context: Context) -> Iterator[Finding]:
    for node_id, node in context.authored.items():
        if isinstance(node, ReadingNode) and not node.text and node_id != GREETING:
            words = "Callers who cannot hear or remember this cannot have it as a text."
            yield context.at(node_id, words=words, remedy="Add a text message, with 'text'.")
