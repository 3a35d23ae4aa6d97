"""How it hangs together: short menus, few of them, nothing in a circle and nothing left over."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator

from ivr import confirmation, dialling
from ivr.authored import Menu, Reading
from ivr.check import english
from ivr.check.context import LINE, TEXTS, Context, Finding, rule
from ivr.places.nodes import Word as SpokenWord
from ivr.places.reading import Reading as SpokenReading
from ivr.reading import Path
from ivr.script import END_MENU, GREETING, HELP, NEEDED_TEXTS, WORDS_MENU

MOST_CHOICES, MOST_CHOICES_IN_HELP = 4, 5
#: R8 says 25 seconds, at the pace of running speech. The same words take 30 as what they are: a sound for each
#: choice and one for its key, each said to its end.
MENU_SECONDS = 30.0
DEPTH_MOST = 3
RUN_MOST = 3
PARTS_MOST = 3
WORDS_BEFORE_FIRST_KEY = 25


@rule("choices", "R7, R10", "Nobody keeps more than four things in mind while listening.")
def choices(context: Context) -> Iterator[Finding]:
    for node_id, node in context.authored.items():
        if isinstance(node, Menu):
            most = MOST_CHOICES_IN_HELP if node_id == HELP else MOST_CHOICES
            if len(node.choices) > most:
                yield context.at(
                    node_id, "choices", says=f"This menu has {len(node.choices)} choices. {most} can be kept in mind."
                )
            keys = sorted(node.choices)
            if keys != list(range(1, len(keys) + 1)):
                yield context.at(node_id, "choices", says="The keys are not 1, 2, 3 in a row. Close the gap.")
            elif gone := _leave_a_gap(context, node_id, keys):
                says = (
                    f"Key {gone} leads to what is switched off, and leaves a gap. Put it last, or add 'when_off' there."
                )
                yield context.at(node_id, "choices", gone, says=says)


def _leave_a_gap(context: Context, node_id: str, keys: list[int]) -> int | None:
    """The first key that is not offered today though a later one is; None if there is no such key."""
    node = context.script.nodes.get(node_id)
    offered = [int(option.key) for option in node.options_written()] if node else []
    return next((key for key in keys if key not in offered and key < max(offered, default=0)), None)


@rule("menu-seconds", "R8", "A menu that takes longer has been forgotten when it ends.")
def menu_seconds(context: Context) -> Iterator[Finding]:
    line = context.script.line
    for node_id, node in context.authored.items():
        said: list[str | float] = []
        if isinstance(node, Menu):
            said = [*_words(context, node.say), line.pace.between_choices]
            for choice in node.choices.values():
                said += [*_words(context, choice.label), line.pace.before_key, "press 1", line.pace.between_choices]
        seconds = english.seconds(tuple(said), line.pace.words_a_minute)
        if seconds > MENU_SECONDS:
            yield context.at(
                node_id, says=f"This menu takes {seconds:.0f} seconds to say. Make it {MENU_SECONDS:.0f} at most."
            )


def _words(context: Context, written: str) -> list[str | float]:
    """Words with the settings in them, as they are said and as long as they take."""
    return [piece for piece in context.speech(written) if isinstance(piece, str | float)]


@rule("moved-keys", "R10", "People press what worked the last time.", level="warning")
def moved_keys(context: Context) -> Iterator[Finding]:
    """Callers who ring again press what they pressed last time."""
    if context.published is None:
        return
    for node_id, node in context.authored.items():
        before = context.published.nodes.get(node_id)
        if not isinstance(node, Menu) or before is None:
            continue
        keys = {option.goto: option.key for option in before.options_written()}
        for key, choice in node.choices.items():
            was = keys.get(choice.goto)
            if was and was != str(key):
                says = f"'{choice.label}' was on key {was} until now. Callers who know the line will press that."
                yield context.at(node_id, "choices", key, says=says)


# --- how far it is --------------------------------------------------------------------------


def _leads(context: Context, node_id: str) -> list[str]:
    """Where a caller can go from a node, by any choice."""
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
    """Menus and questions passed before each node, by the shortest way from pick-up."""
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


@rule("depth", "R7", "Every level loses people, most of all those with little working memory.")
def depth(context: Context) -> Iterator[Finding]:
    for node_id, passed in depths(context).items():
        if isinstance(context.script.nodes.get(node_id), SpokenReading) and passed > DEPTH_MOST:
            yield context.at(
                node_id, says=f"{passed} menus and questions stand before this. Make it {DEPTH_MOST} at most."
            )


@rule("guidance-soon", "R28", "Questions with nothing told in between feel like a test.")
def guidance_soon(context: Context) -> Iterator[Finding]:
    """No more than three menus or questions in a row without anything being told."""
    for node_id in context.script.nodes:
        run = _run(context, node_id, ())
        if len(run) > RUN_MOST:
            yield context.at(
                node_id,
                says=f"From here, {len(run)} questions come in a row ({' > '.join(run)}). Tell something in between.",
            )


def _run(context: Context, node_id: str, trail: tuple[str, ...]) -> tuple[str, ...]:
    node = context.script.nodes.get(node_id)
    asks = node is not None and not isinstance(node, SpokenReading | SpokenWord)
    if not asks or node_id in trail or node_id in (END_MENU, HELP):
        return trail
    trail = (*trail, node_id)
    return max((_run(context, there, trail) for there in _leads(context, node_id)), key=len, default=trail)


@rule("parts-in-a-row", "R28", "Three thoughts are what is kept before something can be done with them.")
def parts_in_a_row(context: Context) -> Iterator[Finding]:
    """Readings that run on to readings: no more is told before a choice than one may tell."""
    for node_id in context.script.nodes:
        told = _told_from(context, node_id, ())
        if told > PARTS_MOST:
            yield context.at(
                node_id, "runs_on_to", says=f"From here, {told} parts are told with no choice in between. Make it 3."
            )


def _told_from(context: Context, node_id: str, before: tuple[str, ...]) -> int:
    """Parts that are told from here on before anything can be chosen."""
    node = context.script.nodes.get(node_id)
    if not isinstance(node, SpokenReading) or node_id in before:
        return 0
    return len(node.parts) + _told_from(context, node.runs_on_to or "", (*before, node_id))


@rule("first-key", "R1, R5", "Callers expect a person, and must hear at once that keys work.")
def first_key(context: Context) -> Iterator[Finding]:
    greeting = context.authored.get(GREETING)
    if not isinstance(greeting, Reading):
        return
    first = next(text for text in context.texts if text.node == GREETING and text.kind == "part")
    said = first.heard.lower()
    if "automated" not in said:
        says = "Say at once that this is an automated voice; callers expect a person, and talk."
        yield context.at(GREETING, "parts", 0, says=says)
    if re.search(r"\brecord(ing|ed)?\b", said):
        says = "On a private line, this is heard as 'you are being recorded'. Say that it is an automated voice."
        yield context.at(GREETING, "parts", 0, says=says)
    if greeting.person_hint != "first part":
        yield context.at(GREETING, says="Name the key for a person after the first part, with person_hint: first part.")
    count = english.spoken_words(first.heard) + english.spoken_words("To talk to a person, press zero")
    if count > WORDS_BEFORE_FIRST_KEY:
        yield context.at(
            GREETING,
            "parts",
            0,
            says=f"{count} words are said before a key can be pressed. Make it {WORDS_BEFORE_FIRST_KEY}.",
        )


# --- circles, ends and leftovers ------------------------------------------------------------


@rule("circles", "R3", "A call must not go round by itself.")
def circles(context: Context) -> Iterator[Finding]:
    """Readings that run on to each other, or words that follow each other, without an end."""
    for node_id, node in context.authored.items():
        for name in ("runs_on_to", "next_word"):
            seen, here = [node_id], getattr(node, name, None)
            while here and here not in seen:
                seen.append(here)
                here = getattr(context.authored.get(here), name, None)
            if here == node_id:
                yield context.at(
                    node_id, name, says=f"This goes round in a circle: {' > '.join([*seen, node_id])}. Break it."
                )


@rule("dead-ends", "R3", "Every path ends in help.")
def dead_ends(context: Context) -> Iterator[Finding]:
    for node_id, node in context.script.nodes.items():
        options = node.options_written()
        if not isinstance(node, SpokenReading | SpokenWord) and all(option.goto == node_id for option in options):
            yield context.at(node_id, says="Every choice here leads back to here. Give it one that leads on.")


@rule("unreachable", "R35", "What nobody can hear is not guidance.")
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
            yield context.at(node_id, says="No caller can come here. Lead to it from somewhere, or take it out.")


@rule("leftovers", "R41", "What nothing uses is changed by mistake for what is used.", level="warning")
def leftovers(context: Context) -> Iterator[Finding]:
    """Texts that nobody can ask for, and settings that nothing uses."""
    named = {getattr(node, "text", None) for node in context.authored.values()} | set(NEEDED_TEXTS)
    texts = context.draft.texts.texts
    for name in texts:
        if name not in named:
            yield Finding(TEXTS, ("texts", name), "No node offers this text. Name it in a node, or take it out.")
    stand_ins = (str(value) for _, _, value in context.draft.stand_ins())
    written = " ".join([*texts.values(), *(text.written for text in context.texts), *stand_ins])
    used = set(re.findall(r"\{(\w+)\}", written)) | set(context.script.line.transfer.numbers)
    for group in ("names", "phones", "emails", "links", "numbers", "paragraphs", "sentences"):
        for name in getattr(context.script.line, group):
            if name not in used:
                yield Finding(LINE, (group, name), "Nothing uses this setting. Use it, or take it out.")
    switches = {node.only_if for node in context.authored.values()}
    for name in context.script.line.switches:
        if name not in switches:
            yield Finding(LINE, ("switches", name), "Nothing uses this switch. Use it, or take it out.")


@rule("new-words", "R40", "Words that staff have not read are nobody's words.", level="warning")
def new_words(context: Context) -> Iterator[Finding]:
    """Words and timings that the line needs and these files do not have: those that come with the line stand in."""
    for file, path, value in context.draft.stand_ins():
        own = f"{path[-1]}: {json.dumps(value, ensure_ascii=False)}"
        says = f"'{': '.join(map(str, path))}' is not here yet. Until you write it, the line uses its own ({own})."
        yield Finding(file, path, says)


@rule("closing-line", "R28, R40", "A listener cannot see that the page is at its end.")
def closing_lines(context: Context) -> Iterator[Finding]:
    for node_id, node in context.authored.items():
        if isinstance(node, Reading) and not node.closing and node_id != GREETING:
            yield context.at(
                node_id, says="Say when it is over: add a closing line, like 'That is all about meetings.'"
            )


@rule("text-twin", "R35", "All that is said can also be had without hearing.")
def text_twins(context: Context) -> Iterator[Finding]:
    for node_id, node in context.authored.items():
        if isinstance(node, Reading) and not node.text and node_id != GREETING:
            yield context.at(
                node_id, says="Give this a text message, for those who cannot hear or remember it: add text."
            )


# --- people's and machines' dates -----------------------------------------------------------


@rule("reviews", "R40", "Guidance that is out of date costs a family its rights.", level="warning")
def reviews(context: Context) -> Iterator[Finding]:
    for file, menu in context.draft.menus.items():
        if menu.review_by < context.today:
            says = f"This was to be read again by {menu.review_by:%-d %B %Y}. {menu.owner}: read it, and set a new day."
            yield Finding(file, ("review_by",), says)
    yield from _words_not_checked(context)
    known = max(context.script.hours.days_off, default=context.today)
    if (known - context.today).days < 180:
        says = f"Bank holidays are known until {known:%B %Y} only. Ask an operator to install the latest version."
        yield Finding(LINE, ("opening_hours",), says)


def _words_not_checked(context: Context) -> Iterator[Finding]:
    """The service has read all the words, and they are still those."""
    line, path = context.script.line, ("content_checked_on",)
    if line.content_checked_on is None:
        says = "The service has not yet said that these words are right. When it has: ivr confirm words --by WHO."
        yield Finding(LINE, path, says)
    elif line.content_checked_on > context.today:
        yield Finding(LINE, path, "This day is still to come. Write the day on which it was checked.")
    elif line.content_checked_as != confirmation.fingerprint(context.draft):
        says = (
            f"The service read the words on {line.content_checked_on:%-d %B %Y}, and they are not the same any more. "
            "Have it read what changed, and then: ivr confirm words --by WHO."
        )
        yield Finding(LINE, ("content_checked_as",), says)  # what waives the one above does not waive this


@rule("notices", "R40", "A notice that is over misleads.", level="warning")
def notices(context: Context) -> Iterator[Finding]:
    for i, notice in enumerate(context.script.line.notices):
        if notice.ends < notice.begins:
            yield Finding(
                LINE, ("notices", i), "This notice ends before it begins. Change one of its days.", level="error"
            )
        elif notice.ends < context.today:
            yield Finding(LINE, ("notices", i), "This notice is over, and is no longer said. Take it out.")


@rule(
    "closed-days", "R32", "A day of last year keeps nobody from being promised the one of this year.", level="warning"
)
def closed_days(context: Context) -> Iterator[Finding]:
    for i, day in enumerate(context.script.line.closed_days):
        if day < context.today:
            yield Finding(LINE, ("closed_days", i), f"{day} is over. Take it out, or write the year that is meant.")


@rule("own-number", "R1", "A line that is put through to itself greets its caller anew, and nobody is reached.")
def own_numbers(context: Context) -> Iterator[Finding]:
    """Key 0 must ring somebody else. The line's own numbers are known where TWILIO_NUMBER is set."""
    line = context.script.line
    for i, name in enumerate(line.transfer.numbers):
        if dialling.same(line.phones[name], context.ours):
            says = (
                f"'{name}' is this line's own number, so key 0 would ring the line itself. Name the phone of a person."
            )
            yield Finding(LINE, ("transfer", "numbers", i), says)


@rule("confirmed", "R32", "Who says so, and when, is what makes a number one that a family can be sent to.")
def confirmed(context: Context) -> Iterator[Finding]:
    """What is confirmed is so by somebody, on a day, and for the value that stands there now."""
    for path, setting in context.script.line.to_confirm().items():
        who, day, value = setting.confirmed_by, setting.confirmed_on, setting.confirmed_as
        again = f"Have it confirmed again: ivr confirm {path[-1]} --by WHO."
        if bool(who) != bool(day) or (value and not who):
            says = "Of confirmed_by and confirmed_on, one is empty. Write both, or empty both."
            yield Finding(LINE, path, says)
        elif day and day > context.today:
            yield Finding(LINE, path, "The day on which this was confirmed is still to come. Write the right one.")
        elif day and not value:
            says = f"{who} confirmed this on {day}, and nobody wrote down which value. {again}"
            yield Finding(LINE, path, says, level="warning")
        elif day and not setting.is_confirmed:
            says = f"{who} confirmed another value on {day}: {value}. {again}"
            yield Finding(LINE, path, says, level="warning")


@rule("phones", "R32", "A wrong digit sends a caller in need to nobody.")
def phones(context: Context) -> Iterator[Finding]:
    line = context.script.line
    places: list[tuple[Path, str]] = [(("phones", name), number) for name, number in line.phones.items()]
    places += [(("test_phones", i), number) for i, number in enumerate(line.test_phones)]
    for path, number in places:
        verdict = dialling.judge(number).verdict
        if verdict != "fine":
            yield Finding(LINE, path, f"'{number}' is not a number that can be rung here ({verdict}). Check it.")
