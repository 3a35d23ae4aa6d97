"""The engine: one turn of a call.

`start` and `answer` are pure. They take the script, the session, what came in and the
time, and return a Turn: what to say, what to do next, and the session to keep. `current`
gives the present reply again, which is what a webhook that comes twice gets.

Everywhere a caller chooses is a *crossroads*: a menu, a question, the end of a reading, a
word's meaning, or a step that asks. They differ only in their words and options, so keys,
silence, going back and being offered one choice at a time are each decided here once.

A reading is said part by part, each part a turn of its own. That is what lets hash repeat
the part just heard and not the whole. The price is a moment between two parts in which a
key may be lost; the caller presses again.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr import spoken, steps
from ivr.hours import LONDON
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, Menu, Option, Question, Reading, Script, Word
from ivr.session import (
    MOST_HEARD,
    MOST_TRAIL,
    Done,
    Errand,
    Failed,
    Gather,
    HangUp,
    Input,
    Key,
    NoInput,
    Place,
    Reply,
    Session,
    Turn,
)
from ivr.spoken import Speech
from ivr.steps import BACK, STAY, said

#: The same key again within this many seconds is a trembling hand, not a second choice.
TREMBLE_SECONDS = 0.6
#: Seconds of silence before the line may end a call, and then only after saying so.
QUIET_BEFORE_GOODBYE = 120
#: Seconds to press 1 when one choice is offered by itself.
OFFER_SECONDS = 5
#: A longer wait than this is broken up, so that the line never seems dead.
LONGEST_WAIT = 30
PERSON, BACK_KEY, AGAIN, HELP_KEY, YES = "0", "*", "#", "9", "1"


# --- the three ways in ----------------------------------------------------------------------


def start(script: Script, call: str, caller: str, now: dt.datetime, lost: bool = False) -> Turn:
    """A call comes in; `lost` when its session is gone, and it starts again in the middle."""
    s = Session(call=call, revision=script.revision, place=Place(GREETING), caller=caller)
    if lost:
        s = said(script, s, script.says["start_again.say"])
    return _turn(script, said(script, s, *notices(script, now)), now)


def answer(script: Script, s: Session, event: Input, now: dt.datetime) -> Turn:
    """What the line does when something comes in."""
    if isinstance(event, Key):
        trembling = event.keys == s.key and now.timestamp() - s.key_at < TREMBLE_SECONDS
        s = replace(s, key=event.keys[-1:], key_at=now.timestamp())
        if trembling:
            return _turn(script, replace(s, turn=s.turn + 1), now)
        s = replace(s, quiet=0)
    if isinstance(event, Done | Failed):  # the same reply goes on: an errand's outcome is not a turn of its own
        return _turn(script, _step_took(script, s, event, now), now)
    s = replace(s, turn=s.turn + 1, taught=_taught(script, s), lead=_first_pause(script, event))
    return _turn(script, _move(script, s, event, now), now)


def current(script: Script, s: Session, now: dt.datetime) -> Turn:
    """The reply that the session is waiting on, once more. Nothing changes."""
    return _turn(script, s, now)


def joining(script: Script) -> Speech:
    """What an adviser hears who asked to ring a caller."""
    accept = _choice(script, script.says["ring_out_accept"], script.press["1"])
    return (*script.says["ring_out"], script.line.pace.before_key, *accept)


def go_on(script: Script, known: Session, place: Place, event: Input, now: dt.datetime) -> Turn:
    """As `answer`, for a call of which only the place is sure: `known` is what was remembered before it.

    A place that is not in this script, or that needs what the caller said on the way to it,
    cannot be gone on from. Then what they pressed there means nothing: they are told that it
    was not noted, at the nearest place that is whole. The keys that work everywhere work.
    """
    s = _resumed(script, known, place)
    if s.place.node == place.node or (isinstance(event, Key) and event.keys in _UNIVERSAL):
        return answer(script, s, event, now)
    words = (
        "start_again" if s.place.node == MAIN_MENU else "text_failed" if place.node == "text_check" else "ring_failed"
    )
    return _turn(script, said(script, replace(s, turn=s.turn + 1), script.says[f"{words}.say"]), now)


def _resumed(script: Script, known: Session, place: Place) -> Session:
    node = script.nodes.get(place.node)
    if isinstance(node, Reading):
        place = replace(place, part=min(place.part, len(node.parts)), offer=0)
    elif node is None and place.node not in (known.place.node, *_NEEDS_NOTHING):
        place = Place(END_MENU if steps.is_step(place.node) else MAIN_MENU)
    return _at(replace(known, lead=()), place)


#: Steps that can be gone on from without knowing what the caller said before.
_NEEDS_NOTHING = ("person", "person_away", "send_text", "text_number", "goodbye")


def notices(script: Script, now: dt.datetime) -> tuple[Speech, ...]:
    """What is said first today, and only today."""
    today = now.astimezone(LONDON).date()
    return tuple(notice.words for notice in script.notices if notice.begins <= today <= notice.ends)


def whisper(script: Script, s: Session) -> Speech:
    """What an adviser hears before taking the call: what the caller listened to, and what they need."""
    topics = dict.fromkeys(script.titles[name] for name in s.heard if name in script.titles)
    topic = script.nodes.get(s.topic)
    urgent = s.wishes.urgent or (isinstance(topic, Reading) and topic.urgent)
    facts = [script.says["whisper"]]
    if topics:
        facts.append((*script.says["whisper_heard"], *(f"{title}." for title in [*topics][-3:])))
    facts += [script.says["whisper_language"]] * ("interpreter" in s.wishes.needs)
    facts += [script.says["whisper_slow"]] * s.slow
    facts += [script.says["whisper_urgent"]] * urgent
    accept = _choice(script, script.says["whisper_accept"], script.press["1"])
    return (*(piece for fact in facts for piece in (*fact, script.line.pace.before_key)), *accept)


def _first_pause(script: Script, event: Input) -> tuple[float, ...]:
    """After a key, time to bring the phone back to the ear."""
    return (script.line.pace.after_key_press,) if isinstance(event, Key) else ()


def _turn(script: Script, s: Session, now: dt.datetime) -> Turn:
    says, then = _speak(script, s, now)
    return Turn(s, (*s.lead, *([script.line.pace.before_key] if s.lead and says else []), *says), then)


# --- moving ---------------------------------------------------------------------------------


def enter(script: Script, s: Session, name: str, now: dt.datetime) -> Session:
    """The session at the node or step called `name`, with the way back kept."""
    if name == BACK:
        return _back(script, s)
    if name == STAY:
        return s
    if name == "slower":
        words = "slower.say_normal" if s.slow else "slower.say"
        return _back(script, said(script, replace(s, slow=not s.slow), script.says[words]))
    if name == "more_time":
        return _back(script, said(script, replace(s, more_time=True), script.says["more_time.say"]))
    if name == "person" and not script.hours.is_open(now):
        return enter(script, said(script, s, *_closed(script, now)), "person_away", now)
    if name in steps.ERRANDS:  # nobody waits there, so what was counted goes on being counted
        return replace(_leave(s, name), place=Place(name))
    if name == MAIN_MENU and s.place.node in (END_MENU, HELP):
        s = replace(s, trail=(), topic="", place=Place(MAIN_MENU))
    return _arrive(script, _heard(script, _at(_leave(s, name), Place(name))), now)


def _arrive(script: Script, s: Session, now: dt.datetime) -> Session:
    if s.one_key and _is_crossroads(script, s) and not isinstance(script.nodes.get(s.place.node), Reading):
        s = _offer(s, 1)
    if not steps.is_step(s.place.node):
        return s
    s, onward = steps.arrive(script, s)
    if onward == STAY:
        return s
    return replace(enter(script, s, onward, now), trail=s.trail)  # nobody goes back to a step that was passed by


def _leave(s: Session, towards: str) -> Session:
    """The session with its place put on the trail, if anybody would want to come back to it."""
    if towards == END_MENU and s.place.node in steps.DIALOGUE:
        kept = [place for place in s.trail if place.node not in steps.DIALOGUE]
        return replace(s, trail=tuple(kept))
    if s.place.node in steps.ERRANDS or s.place.node in ("person", towards):
        return s
    left = Place(MAIN_MENU) if s.place.node == GREETING else replace(s.place, offer=0)
    return replace(s, trail=(*s.trail, left)[-MOST_TRAIL:])


def _at(s: Session, place: Place) -> Session:
    """The session at a place, with nothing counted there yet."""
    return replace(s, place=place, silences=0, wrongs=0, waited=0, unsure_of="")


def _back(script: Script, s: Session) -> Session:
    if not s.trail:
        return said(script, s, script.says["at_the_start"])
    return _at(replace(s, trail=s.trail[:-1], left_at=min(s.left_at, len(s.trail) - 1)), s.trail[-1])


def _heard(script: Script, s: Session) -> Session:
    node = script.nodes.get(s.place.node)
    if isinstance(node, Reading | Word) or (isinstance(node, Menu) and node.text):
        return replace(s, topic=node.id, heard=(*(h for h in s.heard if h != node.id), node.id)[-MOST_HEARD:])
    return s


def _closed(script: Script, now: dt.datetime) -> tuple[Speech, ...]:
    opens = script.hours.next_open(now)
    if opens is None:
        return (script.says["person_away.closed"],)
    values: dict[str, Speech] = {
        "day": spoken.date(opens.date(), now.astimezone(LONDON).date()),
        "time": (f"at {spoken.time(opens.time())}",),
    }
    return script.says["person_away.closed"], spoken.fill(script.says["open_again"], values)


# --- what came in ---------------------------------------------------------------------------


def _move(script: Script, s: Session, event: Input, now: dt.datetime) -> Session:
    match event:
        case NoInput():
            return _silent(script, s, now)
        case Key(keys) if not _is_entry(s):
            return _pressed(script, s, keys[:1], now)
        case _:
            return _step_took(script, s, event, now)


def _step_took(script: Script, s: Session, event: Input, now: dt.datetime) -> Session:
    if not steps.takes(s, event):
        return s  # a late answer to something this call has left behind
    wrongs = s.wrongs
    s, onward = steps.take(script, s, event, now)
    if s.wrongs > wrongs and _tries_used_up(script, s):
        return _led_to_person(script, s, now)
    return enter(script, s, onward, now)


def _pressed(script: Script, s: Session, key: str, now: dt.datetime) -> Session:
    if key == PERSON:
        return enter(script, replace(s, slips=0), "person", now)
    if key == BACK_KEY:
        return _back(script, s)
    if key == AGAIN:
        return _again(script, replace(s, silences=0, waited=0))
    if key == HELP_KEY:
        return (
            s
            if s.place.node == HELP
            else enter(script, replace(s, left_at=len(s.trail), taught=s.taught + HELP_KEY), HELP, now)
        )
    if _in_parts(script, s) and (s.one_key or _asks_after(script, s)):
        return _skip_ahead(script, s, now)
    option = _option_for(script, s, key)
    return _wrong_key(script, s, now) if option is None else _picked(script, s, option, now)


def _option_for(script: Script, s: Session, key: str) -> Option | None:
    if s.place.offer and key == YES:
        offers = _offers(script, s)
        return offers[min(s.place.offer, len(offers)) - 1]
    return next((option for option in crossroads(script, s) if option.key == key), None)


def _picked(script: Script, s: Session, option: Option, now: dt.datetime) -> Session:
    s = replace(s, led=False, one_key=bool(s.place.offer) and s.key == YES)
    if option.key in (PERSON, BACK_KEY, AGAIN, HELP_KEY):
        return _pressed(script, s, option.key, now)
    node = script.nodes.get(s.place.node)
    if isinstance(node, Question) and isinstance(script.nodes.get(option.goto), Word):
        return _explained(script, s, node, option, now)
    if steps.is_step(s.place.node):
        s, onward = steps.pick(script, s, option.key)
        again = replace(_at(s, s.place), wrongs=0) if onward == STAY else s
        return _arrive(script, again, now) if onward == STAY else enter(script, s, onward, now)
    s = said(script, s, option.said_back)
    if isinstance(node, Word):
        return _after_word(script, s, option, now)
    if s.place.node == HELP and option.goto.startswith("word"):
        s = _at(replace(s, trail=s.trail[:-1]), s.trail[-1]) if s.trail else s
    return enter(script, s, option.goto, now)


def _explained(script: Script, s: Session, question: Question, option: Option, now: dt.datetime) -> Session:
    """'Not sure' where a word helps: its meaning, and the question again; the second time, a person."""
    if s.unsure_of == question.id:
        return enter(script, s, "person", now)
    word = script.nodes[option.goto]
    assert isinstance(word, Word)
    s = replace(said(script, s, word.means), unsure_of=question.id, silences=0, wrongs=0)
    return _offer(s, 1) if s.one_key else s


def _after_word(script: Script, s: Session, option: Option, now: dt.datetime) -> Session:
    if option.goto == BACK and 0 <= s.left_at < len(s.trail):
        return _at(replace(s, trail=s.trail[: s.left_at], left_at=-1), s.trail[s.left_at])
    if option.key == "4":  # the next word stands where this one stood
        s = replace(s, trail=(*s.trail, s.place))
        return replace(enter(script, s, option.goto, now), trail=s.trail[:-1])
    return enter(script, s, option.goto, now)


def _again(script: Script, s: Session) -> Session:
    """Hash: the last part of a reading, and the whole of anything else."""
    node = script.nodes.get(s.place.node)
    if isinstance(node, Reading):
        return replace(s, place=Place(node.id, min(s.place.part, len(node.parts) - 1)))
    return replace(s, place=replace(s.place, part=0, offer=1 if s.place.offer else 0))


def _skip_ahead(script: Script, s: Session, now: dt.datetime) -> Session:
    """A key during a reading whose question, or whose offers, have not been heard yet."""
    node = script.nodes[s.place.node]
    assert isinstance(node, Reading)
    if node.runs_on_to:
        return enter(script, s, node.runs_on_to, now)
    return _offer(replace(s, place=Place(node.id, len(node.parts))), 1)


# --- silence, and keys that are not used ----------------------------------------------------


def _silent(script: Script, s: Session, now: dt.datetime) -> Session:
    node = script.nodes.get(s.place.node)
    if isinstance(node, Reading) and _in_parts(script, s):
        return _next_part(script, s, node, now)
    if _is_entry(s) and s.wishes.typed:
        return _step_took(script, s, Key(""), now)
    s = replace(s, quiet=s.quiet + _wait(script, s))
    if s.place.offer and s.place.offer <= len(_offers(script, s)):
        return _offer(replace(s, lead=()), s.place.offer + 1)
    if s.waited + 1 < _waits(script, s):
        return replace(s, waited=s.waited + 1, lead=script.says["more_time.still_here"])
    return _slipped(script, replace(s, silences=s.silences + 1), "no_key", s.silences + 1, now)


def _next_part(script: Script, s: Session, node: Reading, now: dt.datetime) -> Session:
    if s.place.part + 1 < len(node.parts):
        return replace(s, place=Place(node.id, s.place.part + 1))
    if node.runs_on_to:
        if node.id == GREETING:
            return _at(s, Place(MAIN_MENU))
        return enter(script, s, node.runs_on_to, now)
    return _offer(replace(s, place=Place(node.id, len(node.parts))), 1)


def _wrong_key(script: Script, s: Session, now: dt.datetime) -> Session:
    return _slipped(script, replace(s, wrongs=s.wrongs + 1), "unused_key", s.wrongs + 1, now)


def _slipped(script: Script, s: Session, kind: str, count: int, now: dt.datetime) -> Session:
    """A silence or an unused key: kinder words each time, and a person before it wears anybody out."""
    s = replace(s, slips=s.slips + 1, waited=0, stuck=(*(p for p in s.stuck if p != s.place.node), s.place.node)[-10:])
    if _tries_used_up(script, s):
        return _led_to_person(script, s, now)
    s = said(script, s, script.says[f"{kind}_{min(count, 2)}.say"])
    if kind == "no_key" and count >= 2:
        s = replace(s, slow=True)
        return _offer(s, 1) if _is_crossroads(script, s) else s
    return replace(s, place=_choices_only(script, s))


def _tries_used_up(script: Script, s: Session) -> bool:
    waiting = script.line.waiting
    return s.silences + s.wrongs >= waiting.tries_at_a_place or s.slips >= waiting.slips_in_a_call


def _led_to_person(script: Script, s: Session, now: dt.datetime) -> Session:
    """A person, without being asked for; and if nobody has spoken for two minutes, goodbye."""
    if s.led and s.silences and s.quiet >= QUIET_BEFORE_GOODBYE:
        return _at(s, Place("goodbye"))
    if s.led and s.place.node == "person_away":
        return said(script, replace(_at(s, Place("person_away")), slips=0), script.says["no_key_1.say"])
    return enter(script, said(script, replace(s, slips=0, led=True), script.says["no_key_3.say"]), "person", now)


def _choices_only(script: Script, s: Session) -> Place:
    """The place without what was already told: a caller who slipped needs the choices."""
    node = script.nodes.get(s.place.node)
    if isinstance(node, Reading):
        return Place(node.id, len(node.parts))
    return replace(s.place, part=1, offer=0) if s.place.node == "person_away" else s.place


# --- the crossroads -------------------------------------------------------------------------


def crossroads(script: Script, s: Session) -> tuple[Option, ...]:
    """What can be picked where the caller is."""
    node = script.nodes.get(s.place.node)
    match node:
        case Menu(id="help_settings"):
            return tuple(_help_option(script, s, option) for option in node.options)
        case Menu() | Question():
            return node.options
        case Word():
            return _word_options(script, s, node)
        case Reading():
            return _ending_options(script, s, node)
    return steps.options(script, s) if s.place.node in steps.ASKS else ()


def _help_option(script: Script, s: Session, option: Option) -> Option:
    if option.goto == "slower" and s.slow:
        label = script.says["slower.normal_label"]
        return Option(option.key, label, option.goto)
    left = script.nodes.get(s.trail[-1].node) if s.trail else None
    if option.goto == "words_menu" and isinstance(left, Reading) and left.words:
        return Option(option.key, option.label, left.words[0], option.said_back)
    return option


def _word_options(script: Script, s: Session, word: Word) -> tuple[Option, ...]:
    """After a meaning: back, all the words, a list by text, and the next word if there is one."""
    here = script.nodes.get(s.trail[s.left_at].node) if 0 <= s.left_at < len(s.trail) else None
    following = word.next_word
    if isinstance(here, Reading) and word.id in here.words:
        after = here.words[here.words.index(word.id) + 1 :]
        following = after[0] if after else None
    labels = [("words_back", BACK), ("words_all", "words_menu"), ("words_text", "send_text"), ("words_next", following)]
    return tuple(Option(str(i), script.says[label], goto) for i, (label, goto) in enumerate(labels, 1) if goto)


def _ending_options(script: Script, s: Session, node: Reading) -> tuple[Option, ...]:
    if node.id == GREETING:
        target = script.nodes[node.runs_on_to or MAIN_MENU]
        return target.options if isinstance(target, Menu) else ()
    if node.next:
        return node.next, Option("2", script.says["more_label"], END_MENU)
    end_menu = script.nodes[END_MENU]
    assert isinstance(end_menu, Menu)
    return end_menu.options


def _offers(script: Script, s: Session) -> tuple[Option, ...]:
    """The choices, one at a time; with only key 1 in use, the universal keys are choices too."""
    options, says = crossroads(script, s), script.says
    extra = [Option(AGAIN, says["to_hear_again"], ""), Option(PERSON, says["to_person"], "")]
    if s.trail:
        extra.insert(1, Option(BACK_KEY, says["to_go_back"], ""))
    if s.place.node != HELP:
        extra.append(Option(HELP_KEY, says["to_get_help"], ""))
    to_person = any(option.goto == "person" for option in options)
    return (*options, *(e for e in extra if s.one_key or (e.key == PERSON and not to_person)))


def _offer(s: Session, offer: int) -> Session:
    """The choices one by one, where that is wanted: after two silences, or with only key 1 in use."""
    if offer == 1 and not s.one_key and s.silences < 2:
        return s
    return replace(s, place=replace(s.place, offer=offer))


def _is_crossroads(script: Script, s: Session) -> bool:
    return bool(crossroads(script, s))


def _is_entry(s: Session) -> bool:
    return s.place.node in steps.ENTRIES or s.place.node == "ring_name"


def _in_parts(script: Script, s: Session) -> bool:
    """Whether a reading is being told, its end and choices not yet come to."""
    node = script.nodes.get(s.place.node)
    if not isinstance(node, Reading):
        return False
    told = len(node.parts) if node.runs_on_to or s.one_key else len(node.parts) - 1
    return s.place.part < told


def _asks_after(script: Script, s: Session) -> bool:
    """Whether a reading runs on to a question, whose keys mean nothing before it is heard."""
    node = script.nodes.get(s.place.node)
    return isinstance(node, Reading) and isinstance(script.nodes.get(node.runs_on_to or ""), Question)


# --- speaking -------------------------------------------------------------------------------


def _speak(script: Script, s: Session, now: dt.datetime) -> tuple[Speech, Reply | Errand]:
    node = script.nodes.get(s.place.node)
    if s.waited:
        return (), Gather(_wait(script, s))
    if isinstance(node, Reading):
        return _speak_reading(script, s, node)
    if node is None:
        then = HangUp() if s.place.node == "goodbye" else steps.then(script, s, now)
        own = steps.says(script, s)
        if then is not None:
            return own, then
    else:
        own = node.ask if isinstance(node, Question) else node.means if isinstance(node, Word) else node.say
    if s.place.offer:
        return _speak_offer(script, s, own), Gather(_wait(script, s))
    gap = (script.line.pace.between_choices,) if own else ()
    return (*own, *gap, *_speak_options(script, s)), Gather(_wait(script, s))


def _speak_reading(script: Script, s: Session, node: Reading) -> tuple[Speech, Gather]:
    gap = script.line.pace.between_choices
    part = s.place.part
    told = (*node.parts[part], *_hint(script, s, node, part)) if part < len(node.parts) else ()
    last = part >= len(node.parts) - 1
    if last and node.closing:
        told = (*told, *([gap] if told else []), *node.closing)
    if _in_parts(script, s):
        return told, Gather(2 if s.slow else 1)
    if s.place.offer:
        return _speak_offer(script, s, told), Gather(_wait(script, s))
    lead = () if node.next else _end_menu_says(script)
    return (*told, *([gap] if told else []), *lead, *_speak_options(script, s)), Gather(_wait(script, s))


def _end_menu_says(script: Script) -> Speech:
    end_menu = script.nodes[END_MENU]
    assert isinstance(end_menu, Menu)
    return (*end_menu.say, script.line.pace.between_choices)


def _hint(script: Script, s: Session, node: Reading, part: int) -> Speech:
    if node.hint_after != part:
        return ()
    return (script.line.pace.between_choices, *_choice(script, script.says["to_person"], _press(script, s, PERSON)))


def _speak_options(script: Script, s: Session) -> Speech:
    """Every choice and its key, and then the universal keys that are worth naming here."""
    pace, spoken_options = script.line.pace, []
    for option in crossroads(script, s):
        spoken_options += [*_choice(script, option.label, script.press[option.key]), pace.between_choices]
    for key in _named(script, s):
        label = script.says[_UNIVERSAL[key]]
        spoken_options += [*_choice(script, label, _press(script, s, key)), pace.between_choices]
    return tuple(spoken_options[:-1])


def _speak_offer(script: Script, s: Session, own: Speech) -> Speech:
    """One choice by itself: press 1 now, or wait."""
    offers, pace = _offers(script, s), script.line.pace
    if s.place.offer > len(offers):
        return _choice(script, script.says["to_person"], _press(script, s, PERSON))
    first = (*own, pace.between_choices) if own and s.place.offer == 1 and not s.silences else ()
    return (*first, *_choice(script, offers[s.place.offer - 1].label, str(script.says["press_or_wait"][0])))


def _choice(script: Script, label: Speech, press: str) -> Speech:
    """Choice first, then key: 'To talk about school,' a pause, 'press 1.'"""
    return (*label, script.line.pace.before_key, press)


def _press(script: Script, s: Session, key: str) -> str:
    """'press hash.', with where the key is until the caller has been told."""
    untaught = key not in s.taught or s.silences or s.wrongs
    return (script.press_where if untaught else script.press).get(key, script.press[key])


_UNIVERSAL = {PERSON: "to_person", AGAIN: "to_hear_again", BACK_KEY: "to_go_back", HELP_KEY: "to_get_help"}


def _named(script: Script, s: Session) -> tuple[str, ...]:
    """The universal keys that are spoken here: few, since a list of keys hides the choices.

    A menu names the person, hash, star once there is a way back, and 9 once a call. Anywhere
    else they work unspoken, until a caller seems lost: then the person is named.
    """
    options = crossroads(script, s)
    person = () if any(option.goto == "person" for option in options) else (PERSON,)
    node = script.nodes.get(s.place.node)
    if s.place.node == "person_away":
        return ()
    if not isinstance(node, Menu) or node.id == END_MENU:
        return person if s.silences or s.wrongs else ()
    back = (BACK_KEY,) if s.trail else ()
    if node.id == HELP:
        return back
    return (*person, AGAIN, *back, *(() if HELP_KEY in s.taught else (HELP_KEY,)))


def _taught(script: Script, s: Session) -> str:
    """The keys whose place has been said by now, the reply just given among them."""
    node = script.nodes.get(s.place.node)
    named = "" if s.place.offer or s.waited or _in_parts(script, s) else "".join(_named(script, s))
    if isinstance(node, Reading) and node.hint_after == s.place.part:
        named += PERSON
    if s.place.node in steps.ENTRIES:
        named += AGAIN + BACK_KEY
    return "".join(dict.fromkeys(s.taught + named))


def _wait(script: Script, s: Session) -> int:
    """Seconds to wait for a key: longer after each silence, and longer from the start in slow mode."""
    if s.place.offer and s.place.offer <= len(_offers(script, s)):
        return round(OFFER_SECONDS * (script.line.pace.slow_pauses if s.slow else 1))
    if s.more_time:
        return min(LONGEST_WAIT, script.line.waiting.more_time)
    return script.line.waiting.silence[min(s.silences + s.slow, 2)]


def _waits(script: Script, s: Session) -> int:
    """How many waits make one silence."""
    return -(-script.line.waiting.more_time // LONGEST_WAIT) if s.more_time else 1
