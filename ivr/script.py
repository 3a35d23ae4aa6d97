"""The script: everything a call can say and where every key leads, ready to run.

A script is a table of places. A `Place` is anything a caller can be at: a menu that staff wrote, or a step that every
line has. The engine asks all of them the same questions, and knows no kind of place.

A Script is made once a revision, by `building`: settings are put into the words,
switched-off nodes are taken out, and each node's Speech is made. A webhook then only
picks tuples.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import msgspec
from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.authored import WordsFile
from ivr.diary import Diary, Urgency
from ivr.hours import Hours
from ivr.linefile import LineFile
from ivr.session import At, Done, Effect, Input, Recorded, Reply, Session, TransferEnded
from ivr.spoken import Speech

#: Nodes that the line itself leads to, so every script must have them.
GREETING, MAIN_MENU, END_MENU, HELP, WORDS_MENU = "greeting", "main_menu", "end_menu", "help_settings", "words_menu"
#: Texts that are sent where the caller's place names none.
TEXT_ABOUT_US, TEXT_ABOUT_WORDS = "text_us", "text_words"
#: What somebody is answered who sends us a text.
TEXT_REPLY = "text_reply"
#: The texts that the line itself sends.
NEEDED_TEXTS = (TEXT_ABOUT_US, TEXT_ABOUT_WORDS, TEXT_REPLY)


class Option(msgspec.Struct, frozen=True):
    """One thing a caller can pick: its key, what it is called, and where it leads.

    A struct, since turns make some anew, and a frozen dataclass takes five times as long to make.
    """

    key: str
    label: Speech
    goto: str
    #: Said when it is picked, before what it leads to.
    said_back: Speech = ()


# --- words, declared by the place that says them ------------------------------------------------


@final
class Line:
    """Words that staff own. `ask = Line()` in the place `ring_back` is the line `ring_back.ask`.

    `blanks` are what only the call can fill in. A label names a choice: 'press 1' follows it, so it ends like a comma
    and never like a full stop.
    """

    __slots__ = ("blanks", "id", "is_label", "name")

    def __init__(self, *blanks: str, label: bool = False):
        self.blanks, self.is_label, self.name, self.id = blanks, label, "", ""

    def __set_name__(self, owner: type[Words], name: str) -> None:
        if self.name:
            raise TypeError(f"The line {self.id} cannot be {owner.__name__}.{name} too")
        self.name = name
        self.id = f"{owner.id}.{name}" if owner.id else name


def label() -> Line:
    """Words that name a choice."""
    return Line(label=True)


class Words:
    """Lines that stand together in config/: the words of one place, or of none."""

    id: str

    @classmethod
    def lines(cls) -> tuple[Line, ...]:
        """In the order in which they are written down."""
        return tuple(line for line in vars(cls).values() if isinstance(line, Line))


# --- where something that came in leads ---------------------------------------------------------


class Stay(msgspec.Struct, frozen=True):
    """Nowhere: the caller hears the place that the session is at."""


class Go(msgspec.Struct, frozen=True):
    """To a place. Star leads back to this one; with `instead`, it leads to where it led from here."""

    to: str
    instead: bool = False


class Back(msgspec.Struct, frozen=True):
    """Back one place; with `to`, to this one of the trail."""

    to: int = -1


class Do(msgspec.Struct, frozen=True):
    """Something is done at the desk first.

    `then` tells where it leads once it is done, asked with the session as it is by then. If it fails, `failed` is said,
    and the call goes to the place `or_else`.
    """

    effect: Effect
    then: Callable[[Here, Done], Moved]
    failed: Line
    or_else: str = END_MENU


Transition = Stay | Go | Back | Do
#: What a place answers: the session as it is now, and where the call goes.
Moved = tuple[Session, Transition]
STAY, BACK = Stay(), Back()


# --- places -------------------------------------------------------------------------------------


class Here(msgspec.Struct, frozen=True, gc=False):
    """What a place is asked with: the script, the session at it, and the time."""

    script: Script
    s: Session
    now: dt.datetime

    @property
    def place(self) -> Place:
        return self.script.places[self.s.place.node]

    def at(self, s: Session) -> Here:
        """The same with another session."""
        return Here(self.script, s, self.now)

    def words(self, line: Line) -> Speech:
        return self.script.speech(line)


class Place:
    """Somewhere a caller can be. Everything here has an answer that fits most places."""

    __slots__ = ()
    id: str
    #: The most keys that one reply takes. More than one: a number is keyed here.
    most: int = 1
    #: It waits for the end of a transfer or of a recording. Keys work in the words before that.
    takes: type[TransferEnded | Recorded] | None = None
    #: It speaks, and gives the caller to a transfer, a recording, or the end.
    hands_over: bool = False
    #: It comes without being asked for, so key 1 is named, and offers the choices of the place before one at a time.
    comes_unasked: bool = False
    #: A choice that staff write may lead here. The others come in their own order only.
    for_staff: bool = False
    #: The line's own, and not gone back into once its dialogue is over.
    in_dialogue: bool = False
    #: It can be gone on from without knowing what the caller said on the way to it.
    stands_alone: bool = False
    #: Coming here ends a dialogue, or begins one, which no star must take for the one before.
    ends_dialogue: bool = False
    begins_dialogue: bool = False
    #: A number is confirmed and not all is said. To go back out of here takes the wish back.
    unfinished: bool = False
    #: It tells something first: its choices come only then.
    tells_first: bool = False
    #: Its choices mean nothing without the question.
    asks_yes_or_no: bool = False
    #: Nobody can talk here, so no person is named.
    person_is_away: bool = False
    #: Its phone number is said behind the choices.
    number_is_last: bool = False

    # coming and going

    def arrive(self, here: Here) -> Moved:
        """What happens as a caller comes. Anything but Stay passes the place by."""
        return here.s, STAY

    def left(self, at: At) -> At | None:
        """Where star leads back to, once the call has gone on from here; None: not here."""
        return replace(at, offer=0) if at.offer else at

    def resumed(self, at: At) -> At:
        """A position here that is sure to exist."""
        return at

    # what is said

    def speaks(self, here: Here) -> tuple[Speech, Reply]:
        """What is said, and what happens then."""
        raise NotImplementedError

    def seconds(self, here: Here) -> int:
        """Seconds of silence that are waited."""
        raise NotImplementedError

    def is_telling(self, s: Session) -> bool:
        """Whether it is being told in parts, its end and choices not yet come to."""
        return False

    def again(self, at: At) -> At:
        """Where hash begins."""
        return replace(at, part=0, offer=1 if at.offer else 0)

    def choices_only(self, at: At, s: Session) -> At:
        """The position without what was told: a caller who slipped needs the choices."""
        return at

    def heard_once(self, at: At) -> At:
        """The position for a caller who has begun to hear it, and pressed hash for what came before."""
        return at

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """The keys that work everywhere and are spoken here: few, since a list of keys hides the choices."""
        return ()

    def teaches(self, here: Here) -> str:
        """The keys whose place on the keypad was said in the reply just given."""
        return ""

    def number_said(self, here: Here) -> str:
        """The phone number in the reply, by its name in `phones`, or "reference"; nothing if it has none."""
        at = here.s.place
        return "" if at.pen or here.s.waited else here.script.numbers.get(f"{at.node}.{at.part}", "")

    # what comes in

    def took(self, here: Here, event: Input) -> Moved | None:
        """Where something leads that means something of its own here; None: it is a key or a silence like any other."""
        return None

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        """Where the end of a transfer or of a recording leads."""
        return here.s, STAY

    def pressed(self, here: Here, key: str) -> Moved | None:
        """Where a key leads that is no choice here, and means something all the same."""
        return None

    def choices(self, here: Here) -> tuple[Option, ...]:
        """What can be picked now."""
        return ()

    def chosen(self, here: Here, option: Option) -> Moved:
        """Where a choice leads, and what it sets."""
        raise NotImplementedError

    # what it is about

    def is_topic(self) -> bool:
        """Whether a text that is asked for later is about this."""
        return False

    def text_name(self) -> str | None:
        """The text message about this."""
        return None

    def urgency(self) -> Urgency:
        """The urgency of callers who ask to be rung back from here."""
        return ""

    def meaning(self) -> Speech:
        """What a word means, where this explains one."""
        return ()

    def hard_words(self) -> tuple[str, ...]:
        """The hard words in it, in order, by the names of the places that explain them."""
        return ()

    def hard_word(self, script: Script, at: At) -> str | None:
        """The first hard word of the part just heard, or else of all of it; None where there is none."""
        return None

    # what staff wrote here

    def options_written(self) -> tuple[Option, ...]:
        """The options that staff wrote. Those that the line adds are not among them."""
        return ()

    def speeches(self) -> Iterable[Speech]:
        """Each thing that staff wrote to be said here, but for its options."""
        return ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is said first, from the day it begins to the day it ends."""

    words: Speech
    begins: dt.date
    ends: dt.date


#: How the parts of a day are said in a promise, by what the caller chose.
WINDOW_PHRASES = ("in_the_morning", "in_the_afternoon", "at_any_time")


@dataclass(frozen=True)
class Script:
    """One revision of the line."""

    revision: str
    line: LineFile
    words: WordsFile
    #: The places that staff wrote, and those that every line has.
    nodes: Mapping[str, Any]
    own: Mapping[str, Place]
    #: Every setting by name, as it is said.
    values: Mapping[str, str | Speech]
    #: The words of the steps and the phrases: 'person_away.busy', 'to_person'.
    says: Mapping[str, Speech]
    #: Which phone number is said where, by its name: 'helpline_phone' for 'contact_us.1', a part of a reading, and
    #: for 'person_away.0'.
    numbers: Mapping[str, str]
    #: What each node is about, as an adviser is told it.
    titles: Mapping[str, str]
    #: Each text message, settings filled in.
    texts: Mapping[str, str]
    hours: Hours
    notices: tuple[Notice, ...]
    #: When callers can be rung back.
    diary: Diary
    #: 'press 1.' and its like, by key.
    press: Mapping[str, str]
    #: The same, with where the key is: 'press hash, bottom right.'
    press_where: Mapping[str, str]
    #: The line's own numbers, as E.164: whoever is put through to one of them rings the line itself.
    ours: frozenset[str] = frozenset()
    #: False: no text can be sent, so none is offered (`textless`).
    offers_texts: bool = True

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Every place by its name."""
        return {**self.own, **self.nodes}

    def speech(self, line: Line) -> Speech:
        """The words of this revision for a line."""
        return self.says[line.id]

    @property
    def phones_for_a_person(self) -> tuple[str, ...]:
        """The names of the phones that key 0 rings, in turn."""
        phones = self.line.phones
        return tuple(name for name in self.line.transfer.numbers if not dialling.same(phones[name], self.ours))

    def every_speech(self) -> Iterator[Speech]:
        """Each thing this revision can say."""
        for node in self.nodes.values():
            yield from node.speeches()
            for option in node.options_written():
                yield from (option.label, option.said_back)
        yield from self.says.values()
        yield from (notice.words for notice in self.notices)
        yield from ((f"{title}.",) for title in set(self.titles.values()))
        yield from ((words,) for words in (*self.press.values(), *self.press_where.values()))

    def every_prompt(self) -> frozenset[str]:
        """Each piece of words that needs a sound before a caller can ask for it."""
        said = frozenset(w for s in self.every_speech() for w in spoken.words_of(s))
        windows = [text for name in WINDOW_PHRASES for text in spoken.words_of(self.says[name])]
        return said | spoken.vocabulary(self.hours, windows)
