"""The engine: one turn of a call.

`run` takes the script, the session, what came in, the time, and a desk, which does what has to be done on the way. It
returns a Turn: what to say, what to do next, and the session to keep. Everybody who drives a call uses it: the
telephone, the terminal, the stories and the tests. But for the desk it is pure: `answer` is a turn up to the first
thing that has to be done. `current` gives the present reply again, which is what a webhook that comes twice gets.
What a place says is made by `reply`; here is where each thing that comes in leads.

A reading is said part by part, each part a turn of its own. That is what lets hash repeat
the part just heard and not the whole. The price is a moment between two parts in which a
key may be lost; the caller presses again.
"""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from msgspec.structs import replace

from ivr import dialling, escalation, reply
from ivr.escalation import offered
from ivr.reply import AGAIN, BACK_KEY, HELP_KEY, PERSON, YES, crossroads, in_parts, notices, offers, seconds_to_wait
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, WORDS_MENU, Menu, Option, Question, Reading, Script, Word
from ivr.session import (
    MOST_HEARD,
    MOST_TRAIL,
    At,
    Done,
    Errand,
    Failed,
    Input,
    Key,
    NoInput,
    Recorded,
    Session,
    TransferEnded,
    Turn,
)
from ivr.steps import (
    BACK,
    STAY,
    STEPS,
    Asks,
    Choice,
    HandsOver,
    Pauses,
    Runs,
    TakesDigits,
    counts,
    entry,
    half_way,
    reference_twice,
)
from ivr.steps.kinds import CALLER, Moved, said

#: A key that comes sooner than this after the one before, or after a reply to something else began, is no answer to
#: what is asked now, unless it works everywhere: a trembling hand presses twice, or hits the key beside, within a
#: second, and nobody answers in that time what they have not begun to hear. Twilio keeps keys for no later reply, and
#: the pause after a key is outside what it listens to (`twiml`); so what comes here was pressed in the reply itself.
DEBOUNCE_SECONDS = 1.2
#: Hash, or the last digit again, this soon after a number that ended by itself still belongs to the number.
LATE_SECONDS = 4.0
#: Seconds that a call can be paused, and then nobody is there: Twilio ends a call after four hours.
LONGEST_PAUSE = 60 * 60
_EVERYWHERE = (PERSON, BACK_KEY, AGAIN, HELP_KEY)


# --- the ways in ----------------------------------------------------------------------------


def start(script: Script, call: str, caller: str, now: dt.datetime, lost: bool = False) -> Turn:
    """A call comes in; `lost` when its session is gone, and it starts again in the middle."""
    s = Session(
        call=call, revision=script.revision, place=At(GREETING), caller=known_caller(script, caller),
        visited=(GREETING,),
    )  # fmt: skip
    if lost:
        s = said(script, s, script.says["start_again.say"])
    return reply.turn(script, said(script, s, *notices(script, now)), now)


def known_caller(script: Script, caller_id: str) -> str:
    """A caller ID as it came; nothing if it is one of our own numbers.

    A call that was diverted shows the number that diverted it. Its caller is then not known, as if they hid it.
    """
    return "" if dialling.same(caller_id, (*script.ours, *script.line.phones.values())) else caller_id


class Desk(Protocol):
    """Does what a call asks for in the middle of a turn: the real desk, or one for practice."""

    def run(self, script: Script, errand: Errand, now: dt.datetime) -> Done | Failed:
        """Do it, and tell how it went. Nothing is raised: what cannot be done is Failed."""


def run(script: Script, s: Session, event: Input, desk: Desk, now: dt.datetime) -> Turn:
    """What the line does when something comes in, and what it asks of the desk done."""
    return _settled(script, answer(script, s, event, now), desk, now)


def _settled(script: Script, turn: Turn, desk: Desk, now: dt.datetime) -> Turn:
    """The turn once it waits for the caller. This is the one place at which errands are run."""
    while isinstance(turn.then, Errand):
        turn = answer(script, turn.session, desk.run(script, turn.then, now), now)
    return turn


def answer(script: Script, s: Session, event: Input, now: dt.datetime) -> Turn:
    """What the line does when something comes in, up to the first errand: `run` goes on from there."""
    if isinstance(event, Done | Failed):  # the same reply goes on: an errand's outcome is not a turn of its own
        return reply.turn(script, _arrived(s, _came_back(script, s, event, now), now), now)
    if isinstance(event, Key):
        if is_late(s, event.keys, now.timestamp()):
            return reply.turn(script, _dropped(s, event.keys), now)
        s = replace(s, key=event.keys[-1:], key_at=now.timestamp(), quiet=0, waited=0, pressed=True)
    if isinstance(event, Key) or (isinstance(event, Recorded) and event.key and not event.seconds):
        s = replace(s, fruitless=s.fruitless + 1)
    number = reply.number_said(script, s) or (s.number if event == Key(AGAIN) else "")
    before = s
    s = replace(s, turn=s.turn + 1, taught=reply.taught(script, s), lead=_first_pause(script, event), number=number)
    s = _arrived(before, _move(script, s, event, now), now)
    return reply.turn(script, _out_of_circles(script, s, before, now), now)


def _out_of_circles(script: Script, s: Session, before: Session, now: dt.datetime) -> Session:
    """The session of a caller whose keys bring nothing new: the next help, or what it was about to do, without keys."""
    step = STEPS.get(s.place.node)
    if not escalation.circling(s) or isinstance(step, Runs):
        return s
    if isinstance(step, HandsOver):
        return replace(s, waited=1, fruitless=0)
    return _arrived(before, enter(script, *escalation.to_help(script, replace(s, lead=()), now), now), now)


def is_late(s: Session, keys: str, at: float) -> bool:
    """Whether a key that comes at this time was meant for what came before this reply, or for nothing."""
    step = STEPS.get(s.place.node)
    if keys == s.key and 0 <= at - s.key_at < DEBOUNCE_SECONDS:
        return True
    if 0 <= at - s.entered < LATE_SECONDS and keys in (AGAIN, s.key):
        return True
    too_soon = 0 <= at - s.arrived < DEBOUNCE_SECONDS
    return too_soon and len(keys) == 1 and keys not in _EVERYWHERE and not isinstance(step, TakesDigits)


def _dropped(s: Session, keys: str) -> Session:
    """As if it had not been pressed. What was said before is not said again, nor is more of it than it takes.

    The time counts from the press that was meant, so that a third can be meant too. In the middle of a longer wait,
    what was said is not known any more if the session was away: then the place speaks, since no reply is silent.
    """
    part = 1 if keys == AGAIN and isinstance(STEPS.get(s.place.node), Asks) else s.place.part
    return replace(s, turn=s.turn + 1, waited=s.waited if s.lead else 0, place=replace(s.place, part=part))


def _arrived(before: Session, s: Session, now: dt.datetime) -> Session:
    """The session with when the caller came to this place, and whether it is new to them."""
    if s.place.node == before.place.node:
        return s
    return escalation.heard_new(replace(s, arrived=now.timestamp()))


def awaited(place: At) -> type[TransferEnded | Recorded] | None:
    """What the reply at this place waits for besides keys: the end of a transfer, or of a recording."""
    step = STEPS.get(place.node)
    return step.takes if isinstance(step, HandsOver) else None


def current(script: Script, s: Session, now: dt.datetime) -> Turn:
    """The reply that the session is waiting on, once more. Nothing changes."""
    return reply.turn(script, s, now)


def go_on(script: Script, known: Session, place: At, event: Input, desk: Desk, now: dt.datetime) -> Turn:
    """As `run`, for a call of which only the place is sure: `known` is what was remembered before it.

    A place that is not in this script, or that needs what the caller said on the way to it,
    cannot be gone on from. Then what they pressed there means nothing: they are told that it
    was not noted, at the nearest place that is whole. The keys that work everywhere work.
    """
    s = resumed(script, known, place)
    if s.place.node == place.node or (isinstance(event, Key) and event.keys in _EVERYWHERE):
        return run(script, s, event, desk, now)
    words = (
        "start_again" if s.place.node == MAIN_MENU else "text_failed" if place.node == "text_check" else "ring_failed"
    )
    return reply.turn(script, said(script, replace(s, turn=s.turn + 1), script.says[f"{words}.say"]), now)


def resumed(script: Script, known: Session, place: At) -> Session:
    """A session at a place of this script: the one that is asked for, or the nearest that can be gone on from."""
    wanted, node, step = place.node, script.nodes.get(place.node), STEPS.get(place.node)
    if isinstance(node, Reading):
        place = replace(place, part=min(place.part, len(node.parts)), offer=0)
    elif node is None and place.node != known.place.node and not (step and step.stands_alone):
        place = At(END_MENU if step else MAIN_MENU)
    elif node is None and step is None:
        place = At(MAIN_MENU)
    trail = tuple(before for before in known.trail if before.node in script.nodes or before.node in STEPS)
    s = replace(known, lead=(), trail=trail)
    return replace(s, place=place) if place.node == wanted else _at(s, place)


def _first_pause(script: Script, event: Input) -> tuple[float, ...]:
    """After a key, time to bring the phone back to the ear."""
    return (script.line.pace.after_key_press,) if isinstance(event, Key) else ()


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
    if name == "pause" and s.place.node == HELP:  # like the other settings, it leads back to where the caller was
        return _at(s, At(name))
    if isinstance(STEPS.get(name), Runs):  # nobody waits there, so what was counted goes on being counted
        return replace(_leave(s, name), place=At(name))
    if s.place.node == HELP and name in (MAIN_MENU, END_MENU) and half_way(s, *s.trail) and not counts(s):
        return _taken_back(replace(s, trail=(), left_at=-1, topic="" if name == MAIN_MENU else s.topic), name)
    if name == MAIN_MENU and s.place.node in (END_MENU, HELP):
        s = replace(s, trail=(), left_at=-1, topic="", place=At(MAIN_MENU))
    return _arrive(script, _heard(script, _at(_leave(s, name), At(name))), now)


def _arrive(script: Script, s: Session, now: dt.datetime) -> Session:
    if s.one_key and crossroads(script, s) and not isinstance(script.nodes.get(s.place.node), Reading):
        s = offered(s, 1)
    if isinstance(script.nodes.get(s.place.node), Reading):
        s = replace(s, place=replace(s.place, pen=reply.has_number(script, s.place)))
    step = STEPS.get(s.place.node)
    if step is None:
        return s
    s, onward = step.arrive(script, s, now)
    if onward == STAY:
        return s
    return replace(enter(script, s, onward, now), trail=s.trail)  # nobody goes back to a step that was passed by


def _leave(s: Session, towards: str) -> Session:
    """The session with its place put on the trail, if anybody would want to come back to it."""
    if towards in (END_MENU, "ring_done") and s.place.node in STEPS:
        return _without_dialogue(s, stand_alone=False)
    if towards in ("ring_back", "ring_reference"):  # another wish begins, which no star must take for the old one
        s = _without_dialogue(s, stand_alone=True)
        s = replace(s, trail=tuple(place for place in s.trail if place.node != towards))
    if s.trail and s.trail[-1].node == towards and _runs(s.place.node):
        return replace(s, trail=s.trail[:-1])
    if _runs(s.place.node) or s.place.node in ("person", "stay_on", towards):
        return s
    left = At(MAIN_MENU) if s.place.node == GREETING else replace(s.place, offer=0)
    trail = (*s.trail, left)[-MOST_TRAIL:]
    lost = len(s.trail) + 1 - len(trail)
    return replace(s, trail=trail, left_at=max(-1, s.left_at - lost))


def _runs(name: str) -> bool:
    return isinstance(STEPS.get(name), Runs)


def _without_dialogue(s: Session, *, stand_alone: bool) -> Session:
    """The way back without steps, which are not gone back into; with `stand_alone`, those that need nothing stay."""

    def is_kept(place: At) -> bool:
        step = STEPS.get(place.node)
        return step is None or (stand_alone and step.stands_alone)

    return replace(s, trail=tuple(place for place in s.trail if is_kept(place)), left_at=-1)


def _at(s: Session, place: At) -> Session:
    """The session at a place, with nothing counted there yet."""
    return replace(s, place=place, silences=0, wrongs=0, waited=0, unsure_of="")


def _back(script: Script, s: Session) -> Session:
    if not s.trail and s.place.node not in (GREETING, MAIN_MENU):  # the way here is not remembered any more
        return _at(s, At(MAIN_MENU))
    if not s.trail:
        return said(script, s, script.says["at_the_start"])
    to = s.trail[-1]
    if half_way(s, s.place) and not half_way(s, to):
        return _taken_back(s, BACK)
    s = replace(s, trail=s.trail[:-1], left_at=min(s.left_at, len(s.trail) - 1))
    return _about(script, _at(s, to))


def _taken_back(s: Session, onward: str) -> Session:
    """Out of asking to be rung. Once the wish is taken back, the call goes on to `onward`."""
    return replace(s, place=At("ring_withdraw"), wishes=replace(s.wishes, onward=onward))


def _about(script: Script, s: Session) -> Session:
    """The session with what it is about: the reading, word or menu that the caller is at, if it has a text."""
    node = script.nodes.get(s.place.node)
    if isinstance(node, Reading | Word) or (isinstance(node, Menu) and node.text):
        return replace(s, topic=node.id)
    return s


def _heard(script: Script, s: Session) -> Session:
    about = _about(script, s)
    if about.topic != s.place.node:
        return about
    return replace(about, heard=(*(h for h in s.heard if h != about.topic), about.topic)[-MOST_HEARD:])


# --- what came in ---------------------------------------------------------------------------


def _move(script: Script, s: Session, event: Input, now: dt.datetime) -> Session:
    step = STEPS.get(s.place.node)
    match event, step:
        case Key(keys), TakesDigits():
            return _entered(script, s, step, keys, now)
        case Key(keys), HandsOver():
            return _pressed_while_told(script, s, step, keys[:1], now)
        case Recorded(keys, 0), HandsOver() if keys and step.one_at_a_time and not s.waited:
            return _pressed_while_told(script, s, step, keys[:1], now)
        case Key(keys), Pauses():
            return enter(script, s, "person", now) if keys == PERSON else _back(script, s)
        case Key(keys), _:
            return _pressed(script, s, keys[:1], now)
        case TransferEnded() | Recorded(), HandsOver() if step.takes and isinstance(event, step.takes):
            return enter(script, *step.took(script, s, event, now), now)
        case NoInput(), HandsOver() if step.takes:  # it has ended, and nothing tells how
            over = Recorded() if step.takes is Recorded else TransferEnded("failed")
            return enter(script, *step.took(script, s, over, now), now)
        case NoInput(), _:
            return _silent(script, s, now)
    return s  # a late answer to something this call has left behind


def _pressed_while_told(script: Script, s: Session, step: HandsOver, key: str, now: dt.datetime) -> Session:
    """A key before the ringing, or before the tone.

    Star stops the ringing, as it does while it rings. What works everywhere works. Any other key was meant for the
    place before, and counts there; but for the 1 that is named here, after which its choices come one at a time. One
    that is not used there either cuts nothing short again: what follows is heard whole.
    """
    if key == BACK_KEY and step.takes is TransferEnded:
        return enter(script, *step.took(script, s, TransferEnded("stopped"), now), now)
    if key == PERSON and s.place.node == "person":
        return replace(s, waited=1)
    if key in _EVERYWHERE:
        return _pressed(script, s, key, now)
    before = _back(script, s)
    if key == YES and step.one_at_a_time:
        return offered(replace(before, one_key=True), 1) if crossroads(script, before) else before
    if isinstance(STEPS.get(before.place.node), TakesDigits):
        return before
    if not in_parts(script, before) and _option_for(script, before, key) is None:
        return replace(said(script, s, script.says["unused_key_1.say"]), waited=1)
    return _pressed(script, before, key, now)


def _entered(script: Script, s: Session, step: TakesDigits, keys: str, now: dt.datetime) -> Session:
    wrongs, place = s.wrongs, s.place.node
    s = _unless_used_up(script, *entry.keyed(script, s, step, keys), wrongs, now)
    by_itself = s.place.node != place and not keys.endswith((AGAIN, BACK_KEY))
    return replace(s, entered=now.timestamp()) if by_itself else s


def _came_back(script: Script, s: Session, event: Done | Failed, now: dt.datetime) -> Session:
    """An errand's outcome, taken at the step that had it run."""
    step = STEPS.get(s.place.node)
    if not isinstance(step, Runs):
        return s
    if isinstance(event, Failed):
        return enter(script, said(script, s, script.says[step.failed]), step.failed_goto, now)
    return _unless_used_up(script, *step.done(script, s, event, now), s.wrongs, now)


def _unless_used_up(script: Script, s: Session, onward: str, wrongs: int, now: dt.datetime) -> Session:
    """On to where it leads, unless what came in was wrong and too much by now."""
    if s.wrongs > wrongs and escalation.used_up(script, s):
        return enter(script, *escalation.to_help(script, s, now), now)
    return enter(script, s, onward, now)


def _pressed(script: Script, s: Session, key: str, now: dt.datetime) -> Session:
    if key == PERSON:  # it rings at once: nothing is said back, and no pause comes first
        return enter(script, replace(s, slips=0, lead=()), "person", now)
    if key == BACK_KEY:
        return _back(script, s)
    if key == AGAIN:
        return _again(script, replace(s, silences=0))
    if key == HELP_KEY:
        return _help(script, s, now)
    node = script.nodes.get(s.place.node)
    if (
        isinstance(node, Reading)
        and in_parts(script, s)
        and (_asks_after(script, node) or (s.place.pen and key == YES))
    ):
        return _next_part(script, s, node, now)
    if isinstance(node, Reading) and in_parts(script, s) and s.one_key:
        return offered(replace(s, place=At(node.id, len(node.parts))), 1)
    option = _option_for(script, s, key)
    return _wrong_key(script, s, now) if option is None else _picked(script, s, option, now)


def _help(script: Script, s: Session, now: dt.datetime) -> Session:
    if s.place.node == HELP:
        return s
    return enter(script, replace(s, left_at=len(s.trail), taught=s.taught + HELP_KEY), HELP, now)


def _option_for(script: Script, s: Session, key: str) -> Option | None:
    if s.place.offer and key == YES:
        return reply.on_offer(script, s)
    return next((option for option in crossroads(script, s) if option.key == key), None)


def _picked(script: Script, s: Session, option: Option, now: dt.datetime) -> Session:
    s = replace(s, one_key=bool(s.place.offer) and s.key == YES)
    if option.key in (PERSON, BACK_KEY, AGAIN, HELP_KEY):
        return _pressed(script, s, option.key, now)
    node, step = script.nodes.get(s.place.node), STEPS.get(s.place.node)
    if isinstance(step, Asks):
        return enter(script, *_chosen(script, s, step, step.by_key(script, s)[option.key]), now)
    target = script.nodes.get(option.goto)
    if isinstance(node, Question) and isinstance(target, Word):
        return _explained(script, s, node, target, now)
    s = replace(s, lead=()) if option.goto == "person" else said(script, s, option.said_back)
    if isinstance(node, Word):
        return _after_word(script, s, node, option, now)
    if s.place.node == HELP and s.trail and (isinstance(target, Word) or option.goto == WORDS_MENU):
        s = _at(replace(s, trail=s.trail[:-1]), s.trail[-1])
    return enter(script, s, option.goto, now)


def _chosen(script: Script, s: Session, step: Asks, choice: Choice) -> Moved:
    """What a choice at a step sets, and where it leads: by way of being written down, where answers are."""
    s = step.before(script, s)
    number = dialling.judge(s.caller).e164
    changes = {name: number if value is CALLER else value for name, value in choice.sets.items()}
    if choice.need:
        changes["needs"] = (*s.wishes.needs, choice.need)
    if choice.said:
        s = said(script, s, script.says[choice.said])
    if choice.about_us:
        s = replace(s, topic="")
    onward = choice.goto
    if step.written_by and not _runs(onward):
        changes["onward"], onward = onward, step.written_by
    return replace(s, wishes=replace(s.wishes, **changes)), onward


def _explained(script: Script, s: Session, question: Question, word: Word, now: dt.datetime) -> Session:
    """'Not sure' where a word helps: its meaning, and the question again; the second time, a person."""
    if s.unsure_of == question.id:
        return enter(script, s, "person", now)
    s = replace(said(script, s, word.means), unsure_of=question.id, silences=0, wrongs=0)
    return offered(s, 1) if s.one_key else s


def _after_word(script: Script, s: Session, word: Word, option: Option, now: dt.datetime) -> Session:
    if option.goto == BACK and 0 <= s.left_at < len(s.trail):
        where = s.trail[s.left_at]
        return _about(script, _at(replace(s, trail=s.trail[: s.left_at], left_at=-1), where))
    if option.goto == reply.next_word(script, s, word):  # it stands where this one stood
        s = replace(s, trail=(*s.trail, s.place))
        return replace(enter(script, s, option.goto, now), trail=s.trail[:-1])
    return enter(script, s, option.goto, now)


def _again(script: Script, s: Session) -> Session:
    """Hash: the last part of a reading, and the whole of anything else; a number, once the line has gone on from it."""
    node, step = script.nodes.get(s.place.node), STEPS.get(s.place.node)
    if isinstance(step, HandsOver):
        return s
    if s.number and (s.place.node == "person_away" or s.number != reply.number_said(script, s)):
        return _number_again(script, s)
    if isinstance(node, Reading):
        return replace(s, place=replace(s.place, part=min(s.place.part, len(node.parts) - 1), offer=0))
    return replace(s, place=replace(s.place, part=0, offer=1 if s.place.offer else 0))


def _number_again(script: Script, s: Session) -> Session:
    """The phone number, or the number of the call, that the reply before said; and then where the caller is."""
    number = reference_twice(script, s) if s.number == "reference" else script.values[s.number]
    assert not isinstance(number, str)
    part = 1 if s.place.node == "person_away" else s.place.part  # where the number would be said behind the choices
    return replace(said(script, s, number), place=replace(s.place, part=part))


def _asks_after(script: Script, node: Reading) -> bool:
    """Whether a reading runs on to more than words: keys mean nothing before it is heard, and skip a part at most.

    The keys of the first menu work in the greeting.
    """
    return bool(node.runs_on_to) and node.id != GREETING


# --- silence, and keys that are not used ----------------------------------------------------


def _silent(script: Script, s: Session, now: dt.datetime) -> Session:
    node, step = script.nodes.get(s.place.node), STEPS.get(s.place.node)
    if isinstance(node, Reading) and in_parts(script, s):
        return _next_part(script, s, node, now)
    if isinstance(step, TakesDigits) and s.wishes.typed:
        return _entered(script, s, step, "", now)
    waited = seconds_to_wait(script, s)
    if isinstance(step, Pauses) and (s.waited + 1) * waited < LONGEST_PAUSE:
        return replace(s, waited=s.waited + 1, lead=script.says["pause.still_here"])
    s = replace(s, quiet=s.quiet + waited)
    if s.place.offer and s.place.offer < len(offers(script, s)):
        return offered(replace(s, lead=()), s.place.offer + 1)
    if s.waited + 1 < reply.waits(script, s):
        return replace(s, waited=s.waited + 1, lead=script.says["more_time.still_here"])
    s = replace(s, silences=s.silences + 1)
    return enter(script, *escalation.slipped(script, s, "no_key", s.silences, now), now)


def _next_part(script: Script, s: Session, node: Reading, now: dt.datetime) -> Session:
    if s.place.pen:
        return replace(s, place=replace(s.place, pen=False))
    if s.place.part + 1 < len(node.parts):
        to = At(node.id, s.place.part + 1)
        return replace(s, place=replace(to, pen=reply.has_number(script, to)))
    if node.runs_on_to:
        if node.id == GREETING:
            return _at(s, At(MAIN_MENU))
        return enter(script, s, node.runs_on_to, now)
    return offered(replace(s, place=At(node.id, len(node.parts))), 1)


def _wrong_key(script: Script, s: Session, now: dt.datetime) -> Session:
    s = replace(s, wrongs=s.wrongs + 1)
    return enter(script, *escalation.slipped(script, s, "unused_key", s.wrongs, now), now)
