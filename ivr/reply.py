"""What the line says and does where a caller is: the reply to a session, made from it alone.

Everywhere a caller chooses is a *crossroads*: a menu, a question, the end of a reading, a
word's meaning, or a step that asks. They differ only in their words and options, so being
offered one choice at a time, the keys that work everywhere, and how long to wait are each
decided here once.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr.hours import LONDON
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, WORDS_MENU, Menu, Option, Question, Reading, Script, Word
from ivr.session import At, Errand, Gather, HangUp, Reply, Session, Transfer, Turn
from ivr.spoken import Speech, text_of
from ivr.steps import BACK, STAY, STEPS, Asks, HandsOver, Pauses, Runs, TakesDigits, heard_of_urgency

#: Seconds to press 1 when one choice is offered by itself.
OFFER_SECONDS = 5
#: A longer wait than this is broken up, so that the line never seems dead.
LONGEST_WAIT = 30
#: Seconds between two parts of a reading.
BETWEEN_PARTS, BETWEEN_PARTS_SLOW = 1, 2
PERSON, BACK_KEY, AGAIN, HELP_KEY, YES = "0", "*", "#", "9", "1"

_UNIVERSAL = {PERSON: "to_person", AGAIN: "to_hear_again", BACK_KEY: "to_go_back", HELP_KEY: "to_get_help"}


def turn(script: Script, s: Session, now: dt.datetime) -> Turn:
    """The reply to a session: first what was left to say, then what its place says, and then what happens."""
    says, then = _speak(script, s, now)
    return Turn(s, (*s.lead, *([script.line.pace.before_key] if s.lead and says else []), *says), then)


# --- the crossroads -------------------------------------------------------------------------


def crossroads(script: Script, s: Session) -> tuple[Option, ...]:
    """What can be picked where the caller is."""
    node = script.nodes.get(s.place.node)
    match node:
        case Menu() if node.id == HELP:
            return tuple(_help_option(script, s, option) for option in node.options)
        case Menu() | Question():
            return node.options
        case Word():
            return _word_options(script, s, node)
        case Reading() if s.place.pen:
            return (Option(YES, script.says["pen_ready"], STAY),)
        case Reading():
            return _ending_options(script, node)
    step = STEPS.get(s.place.node)
    if not isinstance(step, Asks):
        return ()
    return tuple(Option(key, script.says[choice.label], choice.goto) for key, choice in step.by_key(script, s).items())


def _help_option(script: Script, s: Session, option: Option) -> Option:
    if option.goto == "slower" and s.slow:
        label = script.says["slower.normal_label"]
        return Option(option.key, label, option.goto)
    word = _hard_word(script, s.trail[-1]) if s.trail and option.goto == WORDS_MENU else None
    return Option(option.key, option.label, word, option.said_back) if word else option


def _hard_word(script: Script, left: At) -> str | None:
    """The first hard word of the part just heard, or else of the whole reading; None where there is none."""
    node = script.nodes.get(left.node)
    if not isinstance(node, Reading):
        return None
    heard = text_of(node.parts[min(left.part, len(node.parts) - 1)]).lower()
    words = [(name, script.nodes[name]) for name in node.words]
    here = [name for name, word in words if isinstance(word, Word) and word.word.lower() in heard]
    return next(iter([*here, *node.words]), None)


def _word_options(script: Script, s: Session, word: Word) -> tuple[Option, ...]:
    """After a meaning: back, all the words, a list by text, and the next word if there is one."""
    following = next_word(script, s, word)
    by_text = "send_text" if script.offers_texts else None
    labels = [("words_back", BACK), ("words_all", WORDS_MENU), ("words_text", by_text), ("words_next", following)]
    return tuple(Option(str(i), script.says[label], goto) for i, (label, goto) in enumerate(labels, 1) if goto)


def next_word(script: Script, s: Session, word: Word) -> str | None:
    """The word behind this one: in the reading that key 9 was pressed in, or in the word's own list."""
    here = script.nodes.get(s.trail[s.left_at].node) if 0 <= s.left_at < len(s.trail) else None
    if isinstance(here, Reading) and word.id in here.words:
        return next(iter(here.words[here.words.index(word.id) + 1 :]), None)
    return word.next_word


def _ending_options(script: Script, node: Reading) -> tuple[Option, ...]:
    if node.id == GREETING:
        target = script.nodes[node.runs_on_to or MAIN_MENU]
        return target.options if isinstance(target, Menu) else ()
    if node.next:
        return node.next, Option("2", script.says["more_label"], END_MENU)
    end_menu = script.nodes[END_MENU]
    assert isinstance(end_menu, Menu)
    return end_menu.options


def offers(script: Script, s: Session) -> tuple[Option, ...]:
    """The choices, one at a time; with only key 1 in use, the universal keys are choices too."""
    options = crossroads(script, s)
    if s.one_key:
        keys = (AGAIN, *(BACK_KEY if s.trail else ""), PERSON, *(HELP_KEY if s.place.node != HELP else ""))
    else:
        to_person = s.place.node == "person_away" or any(option.goto == "person" for option in options)
        keys = () if to_person else (PERSON,)
    return (*options, *[Option(key, script.says[_UNIVERSAL[key]], "") for key in keys])


def on_offer(script: Script, s: Session) -> Option:
    """The choice that is offered by itself. What could be chosen may have become less since."""
    found = offers(script, s)
    return found[min(s.place.offer, len(found)) - 1]


def in_parts(script: Script, s: Session) -> bool:
    """Whether a reading is being told, its end and choices not yet come to."""
    node = script.nodes.get(s.place.node)
    if not isinstance(node, Reading):
        return False
    told = len(node.parts) if node.runs_on_to or s.one_key else len(node.parts) - 1
    return s.place.pen or s.place.part < told


def has_number(script: Script, place: At) -> bool:
    """Whether this part of a reading says a phone number, so that a pen is needed."""
    return f"{place.node}.{place.part}" in script.numbers


def number_said(script: Script, s: Session) -> str:
    """The phone number in the reply to a session, by its name in `phones`, or "reference"; nothing if it has none."""
    place = s.place
    if place.node == "ring_done":
        return "reference"
    if place.pen or s.waited:
        return ""
    return script.numbers.get(f"{place.node}.{place.part}", "")


# --- how long to wait -------------------------------------------------------------------------


def seconds_to_wait(script: Script, s: Session) -> int:
    """Seconds of silence that are waited: longer after each silence, and longer from the start in slow mode."""
    pace, waiting = script.line.pace, script.line.waiting
    if s.place.pen or s.place.node == "pause":
        return LONGEST_WAIT if s.more_time or not s.place.pen else waiting.silence[s.slow]
    if in_parts(script, s):
        return BETWEEN_PARTS_SLOW if s.slow else BETWEEN_PARTS
    if s.more_time:
        return min(LONGEST_WAIT, waiting.more_time)
    if s.place.offer and s.place.offer < len(offers(script, s)):
        return round(OFFER_SECONDS * (pace.slow_pauses if s.slow else 1))
    if isinstance(STEPS.get(s.place.node), TakesDigits):
        return round(waiting.between_digits * (pace.slow_pauses if s.slow else 1))
    if not s.pressed:  # whoever cannot press is not helped by a longer wait
        return waiting.silence[0]
    return waiting.silence[min(s.silences + s.slow, 2)]


def waits(script: Script, s: Session) -> int:
    """How many waits make one silence."""
    return -(-script.line.waiting.more_time // LONGEST_WAIT) if s.more_time else 1


# --- speaking -------------------------------------------------------------------------------


def _speak(script: Script, s: Session, now: dt.datetime) -> tuple[Speech, Reply | Errand]:
    node, step = script.nodes.get(s.place.node), STEPS.get(s.place.node)
    match step:
        case Runs():
            return (), step.errand(script, s, now)
        case HandsOver():
            return _handed_over(script, s, step, now)
    gather = Gather(seconds_to_wait(script, s), step.most if isinstance(step, TakesDigits) else 1)
    if s.waited:
        return (), gather
    if isinstance(node, Reading):
        return _reading(script, s, node), gather
    if isinstance(step, Pauses):
        return step.says(script, s, now), gather
    own = _own(script, s, now)
    return (_offer(script, s, own) if s.place.offer else _choices(script, s, own, now)), gather


def _handed_over(script: Script, s: Session, step: HandsOver, now: dt.datetime) -> tuple[Speech, Reply]:
    """Words, and then a transfer, a recording or the end. No key is taken where the caller has cut the words short
    before: then it rings at once, and what a message is for is heard whole."""
    then = step.then(script, s)
    if not s.waited or isinstance(then, HangUp):
        return step.says(script, s, now), then
    return () if isinstance(then, Transfer) else step.says(script, s, now), replace(then, keys=False)


def _own(script: Script, s: Session, now: dt.datetime) -> Speech:
    """What a place says before its choices."""
    match script.nodes.get(s.place.node):
        case Question() as node:
            return node.ask
        case Word() as node:
            return node.means
        case Menu() as node:
            return node.say
    return STEPS[s.place.node].says(script, s, now)


def _choices(script: Script, s: Session, own: Speech, now: dt.datetime) -> Speech:
    gap = (script.line.pace.between_choices,)
    step = STEPS.get(s.place.node)
    behind = step.then_says(script, s, now) if isinstance(step, Asks) else ()
    options = _options(script, s)
    return (*own, *(gap if own and options else ()), *options, *(gap if behind else ()), *behind)


def _reading(script: Script, s: Session, node: Reading) -> Speech:
    gap = script.line.pace.between_choices
    part = s.place.part
    if s.place.pen:
        ready = _choice(script, script.says["pen_ready"], str(script.says["press_or_wait"][0]))
        return (*script.says["pen"], gap, *ready)
    told = (*node.parts[part], *_hint(script, s, node, part)) if part < len(node.parts) else ()
    if part >= len(node.parts) - 1 and node.closing and not (s.place.offer and part >= len(node.parts)):
        told = (*told, *([gap] if told else []), *node.closing)
    if in_parts(script, s):
        return told
    if s.place.offer:
        return _offer(script, s, told)
    lead = () if node.next else _end_menu_says(script)
    return (*told, *([gap] if told else []), *lead, *_options(script, s))


def _end_menu_says(script: Script) -> Speech:
    end_menu = script.nodes[END_MENU]
    assert isinstance(end_menu, Menu)
    return (*end_menu.say, script.line.pace.between_choices)


def _hint(script: Script, s: Session, node: Reading, part: int) -> Speech:
    if node.hint_after != part:
        return ()
    return (script.line.pace.between_choices, *_choice(script, script.says["to_person"], _press(script, s, PERSON)))


def _options(script: Script, s: Session) -> Speech:
    """Every choice and its key, and then the universal keys that are worth naming here."""
    pace, spoken_options = script.line.pace, []
    for option in crossroads(script, s):
        spoken_options += [*_choice(script, option.label, script.press[option.key]), pace.between_choices]
    for key in _named(script, s):
        label = script.says[_UNIVERSAL[key]]
        spoken_options += [*_choice(script, label, _press(script, s, key)), pace.between_choices]
    return tuple(spoken_options[:-1])


def _offer(script: Script, s: Session, own: Speech) -> Speech:
    """One choice by itself: press 1 now, or wait. What is asked is asked again; what was told is not told again."""
    gap = script.line.pace.between_choices
    tells = _asks_yes_or_no(script, s) or not (s.silences or s.wrongs)
    first = (*own, gap) if own and s.place.offer == 1 and tells else ()
    option = on_offer(script, s)
    return (*first, *_choice(script, option.label, str(script.says["press_or_wait"][0])))


def _asks_yes_or_no(script: Script, s: Session) -> bool:
    """Whether the choices mean nothing without the question."""
    step = STEPS.get(s.place.node)
    if isinstance(step, Asks):
        return any(choice.label == "if_yes" for choice in step.choices)
    return isinstance(script.nodes.get(s.place.node), Question)


def _choice(script: Script, label: Speech, press: str) -> Speech:
    """Choice first, then key: 'To talk about school,' a pause, 'press 1.'"""
    return (*label, script.line.pace.before_key, press)


def _press(script: Script, s: Session, key: str) -> str:
    """'press hash.', with where the key is until the caller has been told."""
    untaught = key not in s.taught or s.silences or s.wrongs
    return (script.press_where if untaught else script.press).get(key, script.press[key])


def _named(script: Script, s: Session) -> tuple[str, ...]:
    """The universal keys that are spoken here: few, since a list of keys hides the choices.

    A menu names the person, hash, star once there is a way back, and 9 once a call. The first
    menu names the person only: its choices must be heard soon after the greeting. Anywhere
    else they work unspoken, until a caller seems lost: then the person is named.
    """
    options = crossroads(script, s)
    person = () if any(option.goto == "person" for option in options) else (PERSON,)
    node = script.nodes.get(s.place.node)
    if s.place.node == "person_away" or not options:
        return ()
    if not isinstance(node, Menu) or node.id == END_MENU:
        return person if s.silences or s.wrongs else ()
    back = (BACK_KEY,) if s.trail else ()
    if node.id == HELP:
        return back
    if not (s.trail or s.silences or s.wrongs):
        return person
    return (*person, AGAIN, *back, *(() if HELP_KEY in s.taught else (HELP_KEY,)))


def taught(script: Script, s: Session) -> str:
    """The keys whose place has been said by now, the reply just given among them."""
    node, step = script.nodes.get(s.place.node), STEPS.get(s.place.node)
    named = "" if s.place.offer or s.waited or in_parts(script, s) else "".join(_named(script, s))
    if isinstance(node, Reading) and node.hint_after == s.place.part:
        named += PERSON
    if isinstance(step, TakesDigits):
        named += AGAIN + BACK_KEY
    return "".join(dict.fromkeys(s.taught + named))


# --- what else is said --------------------------------------------------------------------------


def notices(script: Script, now: dt.datetime) -> tuple[Speech, ...]:
    """What is said first today, and only today."""
    today = now.astimezone(LONDON).date()
    return tuple(notice.words for notice in script.notices if notice.begins <= today <= notice.ends)


def whisper(script: Script, s: Session) -> Speech:
    """What an adviser hears before taking the call: what the caller listened to, and what they need."""
    topics = dict.fromkeys(script.titles[name] for name in s.heard if name in script.titles)
    heard = heard_of_urgency(script, s)
    today = s.wishes.today or heard == "today"
    facts = [script.says["whisper"]]
    if topics:
        facts.append((*script.says["whisper_heard"], *(f"{title}." for title in [*topics][-3:])))
    facts += [script.says["whisper_language"]] * ("interpreter" in s.wishes.needs)
    facts += [script.says["whisper_pressed_nothing"]] * (not s.pressed)
    facts += [script.says["whisper_slow"]] * s.slow
    facts += [script.says["whisper_today" if today else "whisper_urgent"]] * bool(today or heard or s.wishes.urgent)
    accept = _choice(script, script.says["whisper_accept"], script.press["1"])
    return (*(piece for fact in facts for piece in (*fact, script.line.pace.before_key)), *accept)


def joining(script: Script) -> Speech:
    """What an adviser hears who asked to ring a caller."""
    accept = _choice(script, script.says["ring_out_accept"], script.press["1"])
    return (*script.says["ring_out"], script.line.pace.before_key, *accept)
