"""A call as text that staff can read, write and discuss.

    When    Wed 25 November 2026, 10:30
    From    07700 900123

    LINE    Hello. This is the helpline. ...
    CALLER  1
    NOTED   text text_council to 07700 900123
    ENDS    the line hangs up
    GOT     a text: text_council

CALLER and ADVISER lines are inputs; all others are outputs, but for `OUTAGE  (begins)` and `OUTAGE  (ends)`: between
them Redis is away. A choice can be named by its words: `CALLER  (chooses To make a complaint)`. GOT is what the caller
has at the end (`outcome`).

In a story, `...` in a LINE stands for any words, and LINEs may be left out. A story may also have `NEVER  two months`:
words that must not be said anywhere in the call, wherever in the story the line is.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ivr import border
from ivr.authoring import conflict_marks
from ivr.hours import LONDON
from ivr.practice import outcome
from ivr.problems import ConfigError, Problem, Where, kind
from ivr.script.session import (
    Ended,
    Input,
    Key,
    NoInput,
    Recorded,
)

SPEAKERS = ("LINE", "CALLER", "ADVISER", "NOTED", "ENDS", "GOT", "NEVER", "OUTAGE")
#: What an OUTAGE line says: from here on the line has no Redis and keeps what is asked for on disk, or has it again.
OUTAGE_BEGINS, OUTAGE_ENDS = "(begins)", "(ends)"

#: Inputs other than keys.
SILENT, HANGS_UP, SPEAKS = "(says nothing)", "(hangs up)", "(leaves a message)"
ADVISER_DOES: dict[str, Ended] = {
    "(talks)": "answered",
    "(busy)": "busy",
    "(no answer)": "no_answer",
    "(failed)": "failed",
}

#: The output when the caller ends the call.
HUNG_UP = "the caller hangs up"

_WIDTH = 100
_WHEN = "%a %d %B %Y, %H:%M"
_KEYS = re.compile(r"[0-9*#]+")
#: A choice by its words instead of its key, so that a story holds when a menu is numbered in another way.
_CHOOSES = re.compile(r"\(chooses (.+)\)")
_TWICE = re.compile(r"\(presses ([0-9*#]) twice\)")
_NUMBER = re.compile(r"\+?[0-9][0-9 ]+")
#: Typographic characters of word processors, which stories treat like the plain ones.
PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...", "\u00a0": " "})


#: The two lines that every call begins with.
_HEAD = ("When", "From")
HIDDEN = "hidden"
_SAY_WHEN = kind(
    "story-when", "A story begins with the time of the call.", "Write it like 'When    Wed 25 November 2026, 10:30'."
)
_WRONG_DAY = kind("story-weekday", "{date} is a {day}.", "Write {short} here, or another day.")
_FROM = kind("story-from", "This is not a caller's number.", "Write one, like 'From    07700 900123', or hidden.")
_TWICE_IN_HEAD = kind("story-head-twice", "'{name}' is here twice.", "Keep one of them.")
_SPEAKER = kind("story-speaker", "Nobody is named who says or does this.", "Begin the line with one of: {names}.")
_CALLER_DOES = kind(
    "story-caller", "This is not what a caller can do.",
    "Write keys, (chooses WORDS OF A CHOICE), {silent}, (presses 1 twice), {speaks} or {hangs_up}.",
)  # fmt: skip
_ADVISER_DOES = kind("story-adviser", "This is not what an adviser can do.", "Write one of: {names}.")
_OUTAGE_IS = kind("story-outage", "An outage begins or ends.", "Write {begins} or {ends}.")
_NEVER_WHAT = kind(
    "story-never", "No words are left to look for.",
    "Write words that must not be heard anywhere in this call, like 'NEVER   two months'.",
)  # fmt: skip
_GOT_WHAT = kind(
    "story-got", "This is not what a caller can get.", "Write what they have got, beginning with one of: {names}."
)
_NO_WORDS = kind("story-words", "Nothing is said here.", "Write what is, or ... for any words.")
_EMPTY = kind("story-empty", "Nothing happens in this call.", "Write what the caller does and must hear.")
_GOT_IS_LAST = kind(
    "story-got-last", "GOT is what the caller has at the end of the call.",
    "Move it below the last CALLER or ADVISER line.",
)  # fmt: skip


@dataclass(frozen=True)
class TranscriptEntry:
    """One line of a call: who, and what."""

    who: str
    text: str
    line: int = 0

    @property
    def put_in(self) -> bool:
        """Whether it is an input of the call: something that the caller or an adviser does."""
        return self.who == "CALLER" or (self.who == "ADVISER" and self.text in ADVISER_DOES)


@dataclass(frozen=True)
class Transcript:
    """A whole call: when, from which number, and what was said and done."""

    when: dt.datetime
    caller: str
    entries: tuple[TranscriptEntry, ...]
    #: Comment lines at the top that say what the call is for.
    about: tuple[str, ...] = ()
    name: str = field(default="call", compare=False)
    #: The lines of the file that it was read from.
    lines: tuple[str, ...] = field(default=(), compare=False)

    def where(self, entry: TranscriptEntry) -> Where:
        """The place of one of its entries in the file."""
        return at_line(self.name, self.lines, entry.line)


# --- reading and writing --------------------------------------------------------------------


def read(text: str, name: str) -> Transcript:
    """Read a .call file. Raises ConfigError with its mistakes."""
    head: dict[str, TranscriptEntry] = {}
    entries: list[TranscriptEntry] = []
    lines = border.spelled(text).splitlines()
    decided, undecided = conflict_marks.first_version(lines)
    problems = [problem.at(Where(name, number, 1, lines[number - 1])) for number, problem in undecided]

    for number, line in enumerate(decided, 1):
        if not line.startswith("#") and (wrong := _take(line, number, head, entries)):
            problems.append(wrong.at(Where(name, number, 1, line)))
    for entry in (*entries, *head.values()):
        if wrong := unreadable(entry):
            problems.append(wrong.at(at_line(name, lines, entry.line)))
    problems += [_GOT_IS_LAST().at(at_line(name, lines, entry.line)) for entry in _before_the_end(entries)]
    if "When" not in head:
        problems.append(_SAY_WHEN().at(Where(name)))
    if not entries and not problems:
        problems.append(_EMPTY().at(Where(name)))
    if problems:
        raise ConfigError(problems)
    when, caller = _when(head["When"].text), head["From"].text if "From" in head else HIDDEN
    assert when
    about = tuple(line for line in lines if line.startswith("#"))
    return Transcript(when, "" if caller == HIDDEN else caller, tuple(entries), about, name, tuple(lines))


def at_line(name: str, lines: Sequence[str], number: int) -> Where:
    """The place of a line of a .call file, where its words begin."""
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    words = re.match(r"\s*(?:\S+\s+(?=\S))?", line)
    return Where(name, number, words.end() + 1 if words and line else 0, line)


def _before_the_end(entries: list[TranscriptEntry]) -> Iterator[TranscriptEntry]:
    """GOT lines that are followed by an input."""
    last = max((i for i, entry in enumerate(entries) if entry.put_in), default=-1)
    return (entry for entry in entries[: last + 1] if entry.who == "GOT")


def _take(line: str, number: int, head: dict[str, TranscriptEntry], entries: list[TranscriptEntry]) -> Problem | None:
    """Add a line to the head or the entries. Returns what is wrong with it, or None."""
    first, rest = _parted(line)
    if first in _HEAD:
        if first in head:
            return _TWICE_IN_HEAD(name=first)
        head[first] = TranscriptEntry(first, rest, number)
    elif first in SPEAKERS:
        entries.append(TranscriptEntry(first, rest, number))
    elif first is None and rest and entries:
        entries[-1] = replace(entries[-1], text=f"{entries[-1].text} {rest}")
    elif line.strip():
        return _SPEAKER(names=", ".join((*_HEAD, *SPEAKERS)))
    return None


def _parted(line: str) -> tuple[str | None, str]:
    """A line's first word and the rest; no word for a continuation line."""
    if not line.strip() or line[0].isspace():
        return None, line.strip()
    first, *rest = line.split(maxsplit=1)
    return first, rest[0].strip() if rest else ""


def write(transcript: Transcript) -> str:
    """The call as text, which `read` can read again."""
    local = transcript.when.astimezone(LONDON)
    head = [
        *transcript.about,
        f"When    {local:{_WHEN}}",
        f"From    {transcript.caller or HIDDEN}",
        "",
    ]
    return "\n".join([*head, *(wrapped(e) for e in transcript.entries)]) + "\n"


def wrapped(entry: TranscriptEntry) -> str:
    """One entry as text: who, and the words, wrapped."""
    lines = textwrap.wrap(entry.text, _WIDTH - 8, break_long_words=False, break_on_hyphens=False) or [""]
    return f"{entry.who:8}" + ("\n" + " " * 8).join(lines)


def _when(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, _WHEN).replace(tzinfo=LONDON)
    except ValueError:
        return None


def unreadable(entry: TranscriptEntry) -> Problem | None:
    """What is wrong with a line that cannot be read; None if it can."""
    match entry.who:
        case "When":
            return _no_moment(entry.text)
        case "From" if entry.text != HIDDEN and not _NUMBER.fullmatch(entry.text):
            return _FROM()
        case "CALLER" if inputs_of(entry.text) is None and chosen(entry.text) is None:
            return _CALLER_DOES(silent=SILENT, speaks=SPEAKS, hangs_up=HANGS_UP)
        case "ADVISER" if not entry.put_in and not entry.text.startswith("hears"):
            return _ADVISER_DOES(names=", ".join(ADVISER_DOES))
        case "OUTAGE" if entry.text not in (OUTAGE_BEGINS, OUTAGE_ENDS):
            return _OUTAGE_IS(begins=OUTAGE_BEGINS, ends=OUTAGE_ENDS)
        case "NEVER" if not entry.text.translate(PLAIN).strip(". "):
            return _NEVER_WHAT()
        case "GOT" if not entry.text.startswith((*outcome.KINDS, "...")):
            return _GOT_WHAT(names=", ".join(outcome.KINDS))
    return None if entry.text else _NO_WORDS()


def _no_moment(text: str) -> Problem | None:
    """What is wrong with the time of a call; None if nothing is."""
    when = _when(text)
    if when is None:
        return _SAY_WHEN()
    if not text.startswith(f"{when:%a}"):
        return _WRONG_DAY(date=f"{when:%-d %B %Y}", day=f"{when:%A}", short=f"{when:%a}")
    return None


def chosen(text: str) -> str | None:
    """The words of the choice that a CALLER line names; None if it names none."""
    found = _CHOOSES.fullmatch(text)
    return found[1] if found else None


def choosing(label: str) -> str:
    """A CALLER line that names a choice."""
    return f"(chooses {label})"


def inputs_of(text: str) -> tuple[Input, ...] | None:
    """The inputs of a CALLER line; empty for hanging up, and None if it cannot be read."""
    if text == SILENT:
        return (NoInput(),)
    if text == HANGS_UP:
        return ()
    if text == SPEAKS:
        return (Recorded(seconds=4),)
    if twice := _TWICE.fullmatch(text):
        return (Key(twice[1]),) * 2
    return (Key(text),) if _KEYS.fullmatch(text) else None


def pattern(wanted: str) -> str:
    """Words of a story as a pattern: `...` is any words, and a gap is a gap however long."""
    found = ".*".join(re.escape(part.strip()) for part in wanted.translate(PLAIN).split("..."))
    return found.replace(r"\ ", r"\s+")
