"""Callers who choose: what each kind can do at a turn, and how long it takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from ivr.check.explore import Cost, Hand, Visit, Walker, asks_for_a_key, choices_at, entries_at, is_told_in_parts
from ivr.check.timing import TURN_GAP
from ivr.places.phrases import Phrases
from ivr.script.place import Option
from ivr.script.session import Ended, Gather, Key, Transfer, TransferEnded

#: The second of a reply at which a key is pressed; None if it is not pressed.
PressTime = Callable[[str], float | None]

#: Seconds between hearing a key and pressing it: for a quick caller, and for a first-time caller who hears a menu to
#: its end and then decides.
REACTION, DECIDING = 1.5, 4.0
#: Seconds for each digit of a number that is keyed from paper or memory.
EACH_DIGIT = 1.0
#: The most tries to get back from a key pressed by mistake. Each is a star, or a wait while a person is rung.
MOST_BACK = 4
#: Seconds after which a trembling hand presses again.
TREMBLES = (0.3, 0.6, 1.0)
#: Neighbouring keys of a telephone keypad.
NEIGHBOURS = {
    "1": "24", "2": "135", "3": "26", "4": "157", "5": "2468", "6": "359",
    "7": "48*", "8": "5790", "9": "68#", "*": "70", "0": "8*#", "#": "90",
}  # fmt: skip


def ideal(walker: Walker, visit: Visit) -> Iterator[Visit]:
    """Presses a key as soon as it is named, without mistakes. Hears readings to their end."""
    yield from walker.without_a_key(visit)
    if not isinstance(visit.turn.then, Gather):
        return
    yield from _pressing(walker, visit, lambda key: _named(walker, visit, key, REACTION))
    yield from entering(walker, visit)
    yield walker.silence(visit)


def thorough(walker: Walker, visit: Visit) -> Iterator[Visit]:
    """Like the ideal caller, but also goes back and repeats things; and a person may answer, or be busy."""
    yield from ideal(walker, visit)
    said = walker.timing.reply(visit.turn)
    if asks_for_a_key(visit.turn):
        yield from (walker.answered(visit, Key(key), said + REACTION, 1) for key in "*#")
    if isinstance(visit.turn.then, Transfer):
        yield from (walker.answered(visit, TransferEnded(how), said + DECIDING) for how in get_args(Ended))


def first_timer(walker: Walker, visit: Visit) -> Iterator[Visit]:
    """Hears each menu to its last choice, and then decides."""
    yield from walker.without_a_key(visit)
    if not isinstance(visit.turn.then, Gather):
        return
    said, has_time = walker.timing.reply(visit.turn), visit.turn.then.seconds >= DECIDING
    if has_time and not is_told_in_parts(walker.script, visit.turn):
        yield from _pressing(walker, visit, lambda key: said + DECIDING)
    yield from entering(walker, visit)
    yield walker.silence(visit)


def entering(walker: Walker, visit: Visit) -> Iterator[Visit]:
    """Keys a number where one is asked for: tries each kind of entry."""
    then = visit.turn.then
    if isinstance(then, Gather) and then.digits > 1:
        for number in entries_at(walker.script.places[visit.node]):
            if len(number) <= then.digits:
                takes = walker.timing.reply(visit.turn) + EACH_DIGIT * len(number)
                whole = number if len(number) == then.digits or number.endswith("#") else f"{number}#"
                yield walker.answered(visit, Key(whole), takes, len(number))


def trembling(after: float, beside: bool) -> Hand:
    """Presses each key, and again `after` seconds later: the same key, or a neighbouring one."""

    def hand(walker: Walker, visit: Visit) -> Iterator[Visit]:
        for pressed in ideal(walker, visit):
            event = pressed.way[-1]
            once = isinstance(event, Key) and len(event.keys) == 1 and asks_for_a_key(visit.turn)
            yield _once_more(walker, pressed, event.keys, after, beside) if once else pressed  # type: ignore[union-attr]

    return hand


def _once_more(walker: Walker, pressed: Visit, key: str, after: float, beside: bool) -> Visit:
    """The visit after a second press. While a phone rings, or after the tone, a second press has no effect."""
    if not asks_for_a_key(pressed.turn):
        return pressed
    return walker.answered(pressed, Key(NEIGHBOURS[key][0] if beside else key), after - TURN_GAP)


def slips(walker: Walker, visit: Visit) -> Iterator[Cost | None]:
    """For each neighbour of a useful key: the cost of getting back after it was pressed by mistake.

    The caller hears the new place, and presses star. None where star does not lead back, as after a choice that itself
    goes back. An unused key costs only the seconds of the words that it causes.
    """
    beside = {key for meant in _keys(walker, visit) for key in NEIGHBOURS[meant]} - set("*#")
    for key in sorted(beside):
        slipped = walker.answered(visit, Key(key), REACTION, 1)
        for _ in range(MOST_BACK):
            if slipped.node == visit.node:
                break
            if isinstance(slipped.turn.then, Gather):
                slipped = walker.answered(slipped, Key("*"), DECIDING, 1)
            else:
                slipped = next(walker.without_a_key(slipped), slipped)
        back = slipped.node == visit.node
        yield Cost(slipped.seconds - visit.seconds - REACTION, slipped.presses - visit.presses - 1) if back else None


def one_key(walker: Walker, visit: Visit) -> Iterator[Visit]:
    """Presses only key 1, and waits. The line offers one choice at a time."""
    yield from walker.without_a_key(visit)
    named = walker.timing.until(visit.turn, "1")
    if named is not None and not isinstance(visit.turn.then, Gather):  # before the ringing, or before the tone
        yield walker.answered(visit, Key("1"), named + REACTION, 1)
    if not isinstance(visit.turn.then, Gather):
        return
    yield walker.silence(visit)
    if asks_for_a_key(visit.turn):
        yield walker.answered(visit, Key("1"), walker.timing.reply(visit.turn) + REACTION, 1)


def one_thing(walker: Walker, visit: Visit) -> Iterator[Visit]:
    """Remembers one choice at a time, and so presses only a key that is named right after its choice."""
    yield from walker.without_a_key(visit)
    if not isinstance(visit.turn.then, Gather):
        return
    yield walker.silence(visit)
    yield from entering(walker, visit)
    if asks_for_a_key(visit.turn):
        labels = {option.key: _last(option) for option in choices_at(walker.script, visit.turn.session)}
        for key, label in {"0": walker.script.speech(Phrases.to_person)[-1], **labels}.items():
            if _named_right_behind(walker, visit, key, label):
                heard = walker.timing.until(visit.turn, key)
                assert heard is not None
                yield walker.answered(visit, Key(key), heard + REACTION, 1)


def _last(option: Option) -> object:
    return option.label[-1] if option.label else ""


def _named_right_behind(walker: Walker, visit: Visit, key: str, label: object) -> bool:
    says, script = visit.turn.says, walker.script
    names = {script.press.get(key), script.press_where.get(key)}
    return any(
        piece == label and i + 2 < len(says) and isinstance(says[i + 1], float) and says[i + 2] in names
        for i, piece in enumerate(says)
    )


# --- what they share --------------------------------------------------------------------------


def _keys(walker: Walker, visit: Visit) -> list[str]:
    """The keys that lead somewhere: those of the choices, and the two that always do (0 and 9)."""
    chosen = [option.key for option in choices_at(walker.script, visit.turn.session)]
    return list(dict.fromkeys([*chosen, "0", "9"]))


def _pressing(walker: Walker, visit: Visit, when: PressTime) -> Iterator[Visit]:
    """The visits after each useful key, pressed at the time that suits this caller."""
    if asks_for_a_key(visit.turn):
        for key in _keys(walker, visit):
            after = when(key)
            if after is not None and _is_offered(walker, visit, key):
                yield walker.answered(visit, Key(key), after, 1)


def _is_offered(walker: Walker, visit: Visit, key: str) -> bool:
    """Whether a caller can know a key: it is named here, or it always works."""
    return key in "09" or walker.timing.until(visit.turn, key) is not None


def _named(walker: Walker, visit: Visit, key: str, reaction: float) -> float | None:
    """When a caller presses who waits until the key is named; at the end of the reply, for a key that always works."""
    heard = walker.timing.until(visit.turn, key)
    if heard is None:
        return walker.timing.reply(visit.turn) + reaction if key in "09" else None
    return heard + reaction
