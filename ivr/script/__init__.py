"""The script: everything a call can say, and where every key leads, compiled.

A script is a table of places. `place.py` says what a place is, and `lines.py` how it declares its words. `session.py`
has the values of a call (session, input events, effects, replies), and `counting.py` what is counted of it.

`building` compiles a Script once per revision: it fills settings into the words, removes nodes that are switched off,
and prepares each node's Speech. A webhook then only looks up tuples.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ivr import dialling, spoken
from ivr.callbacks.diary import Diary
from ivr.hours import Hours
from ivr.language import Grammar
from ivr.line_settings import LineSettings
from ivr.script.lines import Line
from ivr.spoken import Speech

if TYPE_CHECKING:  # a place is asked with its script, so it imports this module
    from ivr.script.place import Place

#: Nodes that the line itself leads to. Every script must have them.
GREETING, MAIN_MENU, END_MENU, HELP, WORDS_MENU = "greeting", "main_menu", "end_menu", "help_settings", "words_menu"
#: Texts for places that name none of their own.
TEXT_ABOUT_US, TEXT_ABOUT_WORDS = "text_us", "text_words"
#: The automatic reply to people who text the line, while somebody can talk and while nobody can; to those who ask for a
#: call; if their text could not be kept; and the blank of the first three.
TEXT_REPLY, TEXT_REPLY_CLOSED, TEXT_REPLY_CALL = "text_reply", "text_reply_closed", "text_reply_call"
TEXT_NOT_KEPT, ANSWER_DAY = "text_not_kept", "answer_day"
#: Texts that every script must have.
NEEDED_TEXTS = (
    TEXT_ABOUT_US, TEXT_ABOUT_WORDS, TEXT_REPLY, TEXT_REPLY_CLOSED, TEXT_REPLY_CALL, TEXT_NOT_KEPT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that is said first, from its first moment to its last."""

    words: Speech
    begins: dt.datetime
    ends: dt.datetime


#: The phrases for the parts of a day in a promise, by the caller's choice.
WINDOW_PHRASES = ("in_the_morning", "in_the_afternoon", "at_any_time")


@dataclass(frozen=True, slots=True)
class ConfirmedTake:
    """A take that somebody has confirmed."""

    #: The fingerprints of its words and of its sound (eight hexadecimal digits).
    of: str
    take: str
    by: str
    on: dt.date


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
    #: Twilio's voice and its language; empty if it has none. And whether somebody has listened to every line in it.
    say_voice: str = ""
    say_language: str = ""
    is_voice_heard: bool = False


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
    #: In English, the confirmed takes, by the name of the recording.
    recorded: Mapping[str, ConfirmedTake] = field(default_factory=dict)
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

    def in_language(self, tag: str, *, drafts: bool) -> Script:
        """The script of a call in this language; this one, if the line does not have it any more.

        `drafts`: whether the caller may hear drafts. A language can become one while a call goes on.
        """
        found = self.tongue(tag) if self.tongues and tag != self.language else None
        return found.script if found and (found.is_live or drafts) else self

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
