"""The script: everything a call can say and where every key leads, ready to run.

A Script is made once a revision, by `building`: settings are put into the words,
switched-off nodes are taken out, and each node's Speech is made. A webhook then only
picks tuples.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from ivr import dialling, spoken
from ivr.authored import LineFile, WordsFile
from ivr.diary import Diary, Urgency
from ivr.hours import Hours
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


@dataclass(frozen=True, slots=True)
class Menu:
    """Speaks, and asks for one key."""

    id: str
    say: Speech
    options: tuple[Option, ...]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Asks one thing: yes, no, or not sure."""

    id: str
    ask: Speech
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Tells one thing in up to three parts, then offers what comes next."""

    id: str
    parts: tuple[Speech, ...]
    closing: Speech
    next: Option | None
    runs_on_to: str | None
    #: The part after which 'To talk to a person, press zero' is said; None: after none.
    hint_after: int | None
    text: str | None
    words: tuple[str, ...]
    #: How urgent asking to be rung back from here always is.
    urgent: Urgency


@dataclass(frozen=True, slots=True)
class Word:
    """What one hard word means."""

    id: str
    word: str
    means: Speech
    next_word: str | None
    text: str = TEXT_ABOUT_WORDS


Node = Menu | Question | Reading | Word


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
    nodes: Mapping[str, Node]
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

    @property
    def phones_for_a_person(self) -> tuple[str, ...]:
        """The names of the phones that key 0 rings, in turn."""
        phones = self.line.phones
        return tuple(name for name in self.line.transfer.numbers if not dialling.same(phones[name], self.ours))

    def every_speech(self) -> Iterator[Speech]:
        """Each thing this revision can say."""
        for node in self.nodes.values():
            yield from _speeches(node)
        yield from self.says.values()
        yield from (notice.words for notice in self.notices)
        yield from ((f"{title}.",) for title in set(self.titles.values()))
        yield from ((words,) for words in (*self.press.values(), *self.press_where.values()))

    def every_prompt(self) -> frozenset[str]:
        """Each piece of words that needs a sound before a caller can ask for it."""
        said = frozenset(w for s in self.every_speech() for w in spoken.words_of(s))
        windows = [text for name in WINDOW_PHRASES for text in spoken.words_of(self.says[name])]
        return said | spoken.vocabulary(self.hours, windows)


def _speeches(node: Node) -> Iterator[Speech]:
    match node:
        case Menu():
            yield node.say
        case Question():
            yield node.ask
        case Word():
            yield node.means
        case Reading():
            yield from (*node.parts, node.closing)
    for option in options_of(node):
        yield from (option.label, option.said_back)


def options_of(node: Node) -> tuple[Option, ...]:
    """The options staff wrote at a node; the ones the line adds are not among them."""
    if isinstance(node, Reading):
        return (node.next,) if node.next else ()
    return () if isinstance(node, Word) else node.options
