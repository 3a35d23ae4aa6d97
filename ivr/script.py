"""The script: everything a call can say, and where every key leads, compiled.

A script is a table of places. A `Place` is a state of the dialogue: a node that staff wrote, or a built-in step. All of
them answer the same questions, so the engine does not ask of which kind a place is.

`building` compiles a Script once per revision: it fills settings into the words, removes nodes that are switched off,
and prepares each node's Speech. A webhook then only looks up tuples.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import msgspec
from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.diary import Diary, Urgency
from ivr.hours import Hours
from ivr.language import Grammar
from ivr.line_settings import LineSettings
from ivr.session import Action, At, Done, Effect, Input, Limit, Recorded, Session, TransferEnded
from ivr.spoken import Speech

#: Nodes that the line itself leads to. Every script must have them.
GREETING, MAIN_MENU, END_MENU, HELP, WORDS_MENU = "greeting", "main_menu", "end_menu", "help_settings", "words_menu"
#: Texts for places that name none of their own.
TEXT_ABOUT_US, TEXT_ABOUT_WORDS = "text_us", "text_words"
#: The automatic reply to people who text the line, while somebody can talk, and while nobody can; the one if their text
#: could not be kept; and the blank of the first two.
TEXT_REPLY, TEXT_REPLY_CLOSED = "text_reply", "text_reply_closed"
TEXT_NOT_KEPT, ANSWER_DAY = "text_not_kept", "answer_day"
#: Texts that every script must have.
NEEDED_TEXTS = (TEXT_ABOUT_US, TEXT_ABOUT_WORDS, TEXT_REPLY, TEXT_REPLY_CLOSED, TEXT_NOT_KEPT)


class Option(msgspec.Struct, frozen=True):  # turns create some, and a frozen dataclass takes five times as long
    """A choice of the caller: its key, its label, and its target."""

    key: str
    label: Speech
    goto: str
    #: Said after it is chosen, before the target speaks.
    said_back: Speech = ()


# --- words, declared by the places that say them ------------------------------------------------


@final
class Line:
    """A line of words that staff own. `ask = Line()` in the place `ring_back` is the line `ring_back.ask`.

    `blanks` are filled in during a call. A label names a choice: 'press 1' follows it, so it is spoken like the part
    before a comma, and not like the end of a sentence.
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
    """A Line that is the label of a choice."""
    return Line(label=True)


class Words:
    """A group of lines in config/: the words of one step, or words that are said wherever something happens."""

    id: str

    @classmethod
    def lines(cls) -> tuple[Line, ...]:
        """The lines, in the order of their declaration."""
        return tuple(line for line in vars(cls).values() if isinstance(line, Line))


# --- transitions ---------------------------------------------------------


class Stay(msgspec.Struct, frozen=True):
    """Wait for the caller at the session's place, which speaks first."""


class Go(msgspec.Struct, frozen=True):
    """Go to a place. Star then leads back to this one; with `instead`, to where it led from here."""

    to: str
    instead: bool = False


class Back(msgspec.Struct, frozen=True):
    """Go back one place; with `to`, to that place of the trail."""

    to: int = -1


class Do(msgspec.Struct, frozen=True):
    """Run an effect at the desk first.

    `then` returns the next transition after success, given the session as it then is. After a failure, `failed` is
    said, and the call goes to the place `or_else`.
    """

    effect: Effect
    then: Callable[[Here, Done], Moved]
    failed: Line
    or_else: str = END_MENU
    #: What is said instead of `failed` if a limit is reached.
    limited: Mapping[Limit, Line] = {}


Transition = Stay | Go | Back | Do
STAY, BACK = Stay(), Back()
#: A place's answer to an event: the changed session, and the transition.
Moved = tuple[Session, Transition]


# --- places -------------------------------------------------------------------------------------


class Here(msgspec.Struct, frozen=True, gc=False):
    """The context of a question to a place: the script, the session, and the time."""

    script: Script
    s: Session
    now: dt.datetime

    @property
    def place(self) -> Place:
        return self.script.places[self.s.place.node]

    def at(self, s: Session) -> Here:
        """The same context with another session."""
        return Here(self.script, s, self.now)

    def words(self, line: Line) -> Speech:
        return self.script.speech(line)


class Place:
    """A state of the dialogue. The defaults here fit most places."""

    __slots__ = ()
    id: str
    #: The most keys that one reply takes. More than one means that a number is entered here.
    most: int = 1
    #: The event that it waits for, if that is the end of a transfer or of a recording. Keys work during the words
    #: before.
    takes: type[TransferEnded | Recorded] | None = None
    #: Whether it speaks, and then a transfer, a recording or the end of the call follows by itself.
    hands_over: bool = False
    #: Whether it comes without being asked for. Key 1 then leads back to the choices, which are offered one at a time.
    comes_unasked: bool = False
    #: Whether staff's choices may lead here. Other steps come only in their fixed order.
    for_staff: bool = False
    #: Whether it is one of several steps that belong together, such as those that ask about a call back. Once these are
    #: over, star does not lead back into them.
    in_dialogue: bool = False
    #: Whether a call can continue here without knowing what the caller said on the way.
    stands_alone: bool = False
    #: Whether such steps are over on arriving here, or begin anew. Star then does not lead back into the old ones.
    ends_dialogue: bool = False
    begins_dialogue: bool = False
    #: Whether a number is already saved here, and questions about the call back are left. Going back with star to
    #: before the first of them withdraws the request.
    unfinished: bool = False
    #: Whether it tells something first, before its choices.
    tells_first: bool = False
    #: Whether its choices make no sense without its question, such as yes and no, so that it is repeated with them.
    needs_question: bool = False
    #: What an adviser reads beside what was entered here, if that is kept with the request.
    kept_as: str = ""
    #: Whether callers come here because nobody can talk, so that key 0 is not named.
    person_is_away: bool = False
    #: Whether its phone number is said after the choices.
    number_is_last: bool = False
    #: Seconds within which a caller who does nothing any more gets something, whatever came before: a person, a
    #: request, or why nobody can talk and whom to ring when. `ivr check --all` holds it.
    helped_within: int = 12 * 60
    #: Whether its choices can be offered one at a time, by their labels and key 1. A whole sentence with its key in it
    #: cannot.
    one_by_one: bool = True

    # coming and going

    def arrive(self, here: Here) -> Moved:
        """What happens on arrival. Any transition but Stay passes through this place."""
        return here.s, STAY

    def left(self, at: At) -> At | None:
        """The position that star leads back to after the call has left; None if it does not lead back here."""
        return replace(at, offer=0) if at.offer else at

    def resumed(self, at: At) -> At:
        """A position in this place that certainly exists."""
        return at

    # what is said

    def speaks(self, here: Here) -> tuple[Speech, Action]:
        """What is said, and what to wait for after that."""
        raise NotImplementedError

    def seconds(self, here: Here) -> int:
        """Seconds to wait for a key."""
        raise NotImplementedError

    def is_telling(self, s: Session) -> bool:
        """Whether parts are being told, before the end and the choices."""
        return False

    def again(self, at: At) -> At:
        """Where hash begins."""
        return replace(at, part=0, repeated=False, offer=1 if at.offer else 0)

    def choices_only(self, at: At, s: Session) -> At:
        """The position of its choices: after an error, a caller needs only these."""
        return at

    def interrupted_by_hash(self, at: At) -> At:
        """The position after hash came too soon: the caller has begun to hear this place, and hears less of it now."""
        return at

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """The keys that work everywhere and are named here: few, because a long list of keys hides the choices."""
        return ()

    def teaches(self, here: Here) -> str:
        """The keys whose position on the keypad was said in the last reply."""
        return ""

    def name_of_number(self, here: Here) -> str:
        """The name in `phones` of the phone number that the reply says; "reference" for a call number; else empty."""
        at = here.s.place
        return "" if at.pen or at.repeated or here.s.waited else here.script.numbers.get(f"{at.node}.{at.part}", "")

    # what comes in

    def took(self, here: Here, event: Input) -> Moved | None:
        """Where an event leads that this place handles itself; None to treat it like any other key or silence."""
        return None

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        """Where the end of a transfer or of a recording leads."""
        return here.s, STAY

    def pressed(self, here: Here, key: str) -> Moved | None:
        """Where a key leads that is not a choice but has a meaning here; None if it has none."""
        return None

    def choices(self, here: Here) -> tuple[Option, ...]:
        """The options that are available now."""
        return ()

    def chosen(self, here: Here, option: Option) -> Moved:
        """Apply a choice: what it sets, and where it leads."""
        raise NotImplementedError

    def entries(self) -> tuple[str, ...]:
        """Samples of what can be entered here, valid and invalid, one of each kind; empty where one key is taken."""
        return ()

    def hangs_on(self, s: Session) -> Hashable:
        """What of a call decides whether anything is asked here. The check tries every value that occurs."""
        return None

    # what it is about

    def is_topic(self) -> bool:
        """Whether texts that are asked for later are about this."""
        return False

    def text_name(self) -> str | None:
        """The name of the text message about this."""
        return None

    def urgency(self) -> Urgency:
        """The urgency of callers who ask to be rung back from here."""
        return ""

    def meaning(self) -> Speech:
        """The explanation, if this place explains a word."""
        return ()

    def hard_words(self) -> tuple[str, ...]:
        """The places that explain the hard words in it, in order."""
        return ()

    def hard_word(self, script: Script, at: At) -> str | None:
        """The first hard word of the part just heard, otherwise of the whole; None if there is none."""
        return None

    # what staff wrote here

    def options_written(self) -> tuple[Option, ...]:
        """The options that staff wrote, without those that the line adds."""
        return ()

    def speeches(self) -> Iterable[Speech]:
        """Everything that staff wrote to be said here, except the options."""
        return ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that is said first, from its first moment to its last."""

    words: Speech
    begins: dt.datetime
    ends: dt.datetime


#: The phrases for the parts of a day in a promise, by the caller's choice.
WINDOW_PHRASES = ("in_the_morning", "in_the_afternoon", "at_any_time")


@dataclass(frozen=True)
class Tongue:
    """A language other than English, as the English line offers it."""

    #: Its tag, such as 'gu', and its name for advisers.
    tag: str
    in_english: str
    #: The keys that lead to it: one; or the one for other languages, and then one of its own.
    keys: str
    #: How it offers itself, and its bare name, in its own words.
    choose: Speech
    name: Speech
    #: False for a draft, which only test phones are offered.
    is_live: bool
    #: What a call in it says.
    script: Script
    #: Who interprets, as an adviser reads it.
    interpreter: str
    #: What an adviser hears first.
    whisper: Speech
    #: Numbers of the line that lead straight into it.
    numbers: tuple[str, ...] = ()
    #: Twilio's voice and its language; empty if it has none.
    say_voice: str = ""
    say_language: str = ""


@dataclass(frozen=True)
class Script:
    """Everything that one revision of the line says and does, or that a draft would."""

    revision: str
    line: LineSettings
    respelt: Mapping[str, str]  #: How words are written for a voice that would mispronounce them.
    #: The nodes that staff wrote, and the built-in steps.
    nodes: Mapping[str, Any]
    steps: Mapping[str, Place]
    #: Every setting by name, as it is spoken.
    values: Mapping[str, str | Speech]
    #: The words of the steps and the phrases: 'person_away.busy', 'to_person'.
    says: Mapping[str, Speech]
    #: The name of the phone number that is said at a place and part: 'helpline_phone' for 'contact_us.1' (a reading)
    #: and for 'person_away.0'.
    numbers: Mapping[str, str]
    #: The subject of each node, as advisers see it.
    titles: Mapping[str, str]
    #: Each text message, with its settings filled in.
    texts: Mapping[str, str]
    hours: Hours
    notices: tuple[Notice, ...]
    #: When callers can be rung back.
    diary: Diary
    #: How the language of this script puts numbers, days and times into words.
    grammar: Grammar
    #: The phrases like 'press 1.', by key.
    press: Mapping[str, str]
    #: The same with the position of the key: 'press hash, bottom right.'
    press_where: Mapping[str, str]
    #: The line's own numbers in E.164. A transfer to one of them would ring the line itself.
    ours: frozenset[str] = frozenset()
    #: False if no texts can be sent, so that none are offered (`textless`).
    offers_texts: bool = True
    #: The other languages of the line, each with a script of its own.
    tongues: tuple[Tongue, ...] = ()
    #: Words that are said in another language than this script's, with its tag: a language's offer of itself.
    foreign: Mapping[str, str] = field(default_factory=dict)
    #: In another language, what is recorded in one piece: its words, by the name of the sound; and the fingerprint of
    #: each sound that somebody has heard for these words.
    sounds: Mapping[str, str] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    #: What another language's words mean in English, for whoever reads a call in it.
    meanings: Mapping[str, str] = field(default_factory=dict)
    #: The English name of another language; empty: it is English.
    in_english: str = ""
    #: eSpeak's voice for drafts in another language; empty if it has none.
    draft_voice: str = ""

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Every place by its name."""
        return {**self.steps, **self.nodes}

    @property
    def language(self) -> str:
        """The tag of its language."""
        return self.grammar.tag

    @cached_property
    def foreign_meanings(self) -> Mapping[str, str]:
        """What words of other languages in this script mean in English."""
        found = [(words, t.script.meanings.get(words, words)) for t in self.tongues for words in self.foreign]
        return {words: f"[{meaning}]" for words, meaning in found if meaning != words}

    def tongue(self, tag: str) -> Tongue | None:
        """Another language of the line by its tag."""
        return next((tongue for tongue in self.tongues if tongue.tag == tag), None)

    def in_language(self, tag: str) -> Script:
        """The script of a call in this language; this one, if the line does not have it any more."""
        found = self.tongue(tag) if self.tongues and tag != self.language else None
        return found.script if found else self

    def speech(self, line: Line) -> Speech:
        """The words of this revision for a line."""
        return self.says[line.id]

    @cached_property
    def never_rung(self) -> tuple[str, ...]:
        """Numbers that are never rung back or texted: our own, those that the line tells callers, and staff's list."""
        return (*self.ours, *self.line.phones.values(), *self.line.never_ring)

    @property
    def phones_for_a_person(self) -> tuple[str, ...]:
        """The names of the phones that key 0 rings, in order."""
        phones = self.line.phones
        return tuple(name for name in self.line.transfer.numbers if not dialling.same(phones[name], self.ours))

    def every_speech(self) -> Iterator[Speech]:
        """Everything that this revision can say."""
        for node in self.nodes.values():
            yield from node.speeches()
            for option in node.options_written():
                yield from (option.label, option.said_back)
        yield from self.says.values()
        yield from (notice.words for notice in self.notices)
        yield from ((self.grammar.sentence(title),) for title in set(self.titles.values()))
        yield from ((words,) for words in (*self.press.values(), *self.press_where.values()))
        for tongue in self.tongues:
            yield from (tongue.choose, tongue.name, tongue.whisper)

    def every_prompt(self) -> frozenset[str]:
        """Every phrase of this language that needs a sound before a caller can ask for it."""
        if self.sounds:
            return frozenset(filter(None, self.sounds.values()))
        return frozenset(w for s in self.every_speech() for w in spoken.words_of(s)) - {*self.foreign} | self.filled_in

    @cached_property
    def filled_in(self) -> frozenset[str]:
        """Every phrase that a call may fill in, such as digits and days."""
        windows = [text for name in WINDOW_PHRASES for text in spoken.words_of(self.says[name])]
        return self.grammar.vocabulary(self.hours, windows)
