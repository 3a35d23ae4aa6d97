"""A call as text that staff can read, write and discuss.

    When    Wed 25 November 2026, 10:30
    From    07700 900123

    LINE    Hello. This is SENDIASS Leicester. ...
    CALLER  1
    NOTED   text text_council to 07700 900123
    ENDS    the line hangs up
    GOT     a text: text_council

CALLER and ADVISER lines are inputs; all others are outputs. `play` runs the same engine that answers the phone, and
encodes and decodes the session between turns, as Redis does. GOT is what the caller has at the end (`outcome`).

In a story, `...` in a LINE stands for any words, and LINEs may be left out. A story may also have `NEVER  two months`:
words that must not be said anywhere in the call, wherever in the story the line is.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec

from ivr import call, dialling, outcome, reply
from ivr.call import Desk
from ivr.diary import Promise, Window
from ivr.hours import LONDON
from ivr.practice import Noting, PracticeDesk
from ivr.reading import ConfigError, Problem
from ivr.request import CallbackRequest
from ivr.script import Script
from ivr.session import (
    CancelRequest,
    Done,
    Effect,
    Ended,
    Failed,
    FindRequest,
    Gather,
    HangUp,
    HoldWindow,
    Input,
    Key,
    MoveRequest,
    NoInput,
    Record,
    Recorded,
    SaveRequest,
    SendText,
    Session,
    Transfer,
    TransferEnded,
    Turn,
)
from ivr.spoken import text_of

SPEAKERS = ("LINE", "CALLER", "ADVISER", "NOTED", "ENDS", "GOT", "NEVER")

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
_TWICE = re.compile(r"\(presses ([0-9*#]) twice\)")
_NUMBER = re.compile(r"\+?[0-9][0-9 ]+")
#: Typographic characters of word processors, which stories treat like the plain ones.
PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...", "\u00a0": " "})

#: Seconds between hearing and pressing in a transcript: too long for a debounced second press, which is written
#: '(presses 1 twice)'.
_THINKING = 5
_TREMBLING = 0.4


#: The two lines that every call begins with.
_HEAD = ("When", "From")
HIDDEN = "hidden"
_SAY_WHEN = "Write when the call is made, like 'When    Wed 25 November 2026, 10:30'."


@dataclass(frozen=True)
class Entry:
    """One line of a call: who, and what."""

    who: str
    text: str
    line: int = 0

    @property
    def put_in(self) -> bool:
        return self.who == "CALLER" or (self.who == "ADVISER" and self.text in ADVISER_DOES)


@dataclass(frozen=True)
class Transcript:
    """A whole call: when, from which number, and what was said and done."""

    when: dt.datetime
    caller: str
    entries: tuple[Entry, ...]
    #: Comment lines at the top that say what the call is for.
    about: tuple[str, ...] = ()
    name: str = field(default="call", compare=False)


# --- reading and writing --------------------------------------------------------------------


def read(text: str, name: str) -> Transcript:
    """Read a .call file. Raises ConfigError with its mistakes."""
    head: dict[str, Entry] = {}
    entries: list[Entry] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#") and (says := _take(line, number, head, entries)):
            problems.append(Problem(name, number, says))
    problems += [Problem(name, e.line, says) for e in (*entries, *head.values()) if (says := unreadable(e))]
    problems += [Problem(name, e.line, _GOT_IS_LAST) for e in _before_the_end(entries)]
    if "When" not in head:
        problems.append(Problem(name, 1, _SAY_WHEN))
    if not entries and not problems:
        problems.append(Problem(name, 1, "Nothing happens in this call. Write what the caller does and must hear."))
    if problems:
        raise ConfigError(problems)
    when, caller = _when(head["When"].text), head["From"].text if "From" in head else HIDDEN
    assert when
    about = tuple(line for line in text.splitlines() if line.startswith("#"))
    return Transcript(when, "" if caller == HIDDEN else caller, tuple(entries), about, name)


_GOT_IS_LAST = "GOT is what the caller has at the end of the call. Move it below the last CALLER or ADVISER line."


def _before_the_end(entries: list[Entry]) -> Iterator[Entry]:
    """GOT lines that are followed by an input."""
    last = max((i for i, entry in enumerate(entries) if entry.put_in), default=-1)
    return (entry for entry in entries[: last + 1] if entry.who == "GOT")


def _take(line: str, number: int, head: dict[str, Entry], entries: list[Entry]) -> str | None:
    """Add a line to the head or the entries. Returns what is wrong with it, or None."""
    first, rest = _parted(line)
    if first in _HEAD:
        if first in head:
            return f"'{first}' is here twice. Keep one of them."
        head[first] = Entry(first, rest, number)
    elif first in SPEAKERS:
        entries.append(Entry(first, rest, number))
    elif first is None and rest and entries:
        entries[-1] = replace(entries[-1], text=f"{entries[-1].text} {rest}")
    elif line.strip():
        return f"Begin the line with one of: {', '.join((*_HEAD, *SPEAKERS))}."
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


def wrapped(entry: Entry) -> str:
    """One entry as text: who, and the words, wrapped."""
    lines = textwrap.wrap(entry.text, _WIDTH - 8, break_long_words=False, break_on_hyphens=False) or [""]
    return f"{entry.who:8}" + ("\n" + " " * 8).join(lines)


def _when(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, _WHEN).replace(tzinfo=LONDON)
    except ValueError:
        return None


def unreadable(entry: Entry) -> str | None:
    """What to write instead of a line that cannot be read; None if it can."""
    if entry.who == "When":
        return _no_moment(entry.text)
    if entry.who == "From":
        is_one = entry.text == HIDDEN or _NUMBER.fullmatch(entry.text)
        return None if is_one else "Write the caller's number, like 'From    07700 900123', or hidden."
    if entry.who == "CALLER" and inputs_of(entry.text) is None:
        return f"Write keys, {SILENT}, (presses 1 twice), {SPEAKS} or {HANGS_UP}."
    if entry.who == "ADVISER" and not entry.put_in and not entry.text.startswith("hears"):
        return f"Write one of: {', '.join(ADVISER_DOES)}."
    if entry.who == "NEVER" and not entry.text.translate(PLAIN).strip(". "):
        return "Write words that must not be heard anywhere in this call, like 'NEVER   two months'."
    if entry.who == "GOT" and not entry.text.startswith((*outcome.KINDS, "...")):
        return f"Write what the caller has got, beginning with one of: {', '.join(outcome.KINDS)}."
    return None if entry.text else "Write what is said here, or ... for any words."


def _no_moment(text: str) -> str | None:
    """What is wrong with the time of a call; None if nothing is."""
    when = _when(text)
    if when is None:
        return _SAY_WHEN
    if not text.startswith(f"{when:%a}"):
        return f"{when:%-d %B %Y} is a {when:%A}. Write {when:%a} here, or another day."
    return None


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


# --- playing --------------------------------------------------------------------------------


def play(script: Script, wanted: Transcript, desk: PracticeDesk | None = None) -> Transcript:
    """Play the transcript's inputs, and return the call with the engine's outputs."""
    return Caller(script, desk or PracticeDesk()).follow(wanted)


class Caller:
    """A caller on the phone: the engine with its own clock, and a record of the call."""

    def __init__(self, script: Script, desk: Desk, name: str = "practice"):
        self.script, self.desk, self.name = script, desk, name
        self._noting = Noting(desk)
        self.entries: list[Entry] = []
        #: Inputs and turns, in order.
        self.happened: list[Input | Turn] = []
        self.turn: Turn | None = None
        self.visited: set[str] = set()
        #: Lines that could not be played.
        self.problems: list[Problem] = []
        #: How the last transfer ended, until the caller's next input.
        self._adviser: Ended | None = None
        #: What the caller got so far: whether an adviser took the call, requests by id, and the names of texts.
        self._answered, self._requests, self._texts = False, dict[str, CallbackRequest](), list[str]()
        #: The time in this call.
        self.now = dt.datetime.min.replace(tzinfo=LONDON)

    def follow(self, wanted: Transcript) -> Transcript:
        self.ring(wanted.when, wanted.caller)
        for entry in wanted.entries:
            if not entry.put_in:
                continue
            self._rings_out(entry)
            if says := self.cannot(entry):
                self.problems.append(Problem(wanted.name, entry.line, says, rule="story"))
                break
            self.do(entry)
        self._rings_out()
        entries = (*self.entries, *self.got())
        return Transcript(wanted.when, wanted.caller, entries, wanted.about, wanted.name)

    @property
    def over(self) -> bool:
        return bool(self.entries) and self.entries[-1].who == "ENDS"

    def got(self) -> list[Entry]:
        """What the caller has so far, as GOT entries."""
        told = self.turn is not None and outcome.is_told(self.script, self.turn)
        found = outcome.got(answered=self._answered, requests=self._requests.values(), texts=self._texts, told=told)
        return [Entry("GOT", words) for words in found]

    def ring(self, when: dt.datetime, caller: str) -> None:
        self.now = when
        judged = dialling.judge(caller)
        self._heard(call.start(self.script, self.name, judged.e164 or caller, self.now))

    def do(self, entry: Entry) -> None:
        """Play one CALLER or ADVISER line."""
        self.entries.append(Entry(entry.who, entry.text))
        if entry.who == "ADVISER":
            self._adviser = ADVISER_DOES[entry.text]
            self._answered = self._answered or self._adviser == "answered"
            self.put_in(TransferEnded(self._adviser))
            return
        self._adviser = None
        inputs = inputs_of(entry.text)
        if not inputs:
            self.entries.append(Entry("ENDS", HUNG_UP))
            return
        for i, event in enumerate(inputs):
            self.put_in(self._after_the_tone(event), _TREMBLING if i else None)

    def _after_the_tone(self, event: Input) -> Input:
        """If the words before the tone cannot be interrupted, a key comes after the tone, and ends the message."""
        then = self.turn.then if self.turn else None
        if isinstance(event, Key) and isinstance(then, Record) and not then.keys:
            return Recorded(event.keys[:1])
        return event

    def _rings_out(self, before: Entry | None = None) -> None:
        """Let the other phones in `transfer` end like the first one, so that a story works with any number of phones.

        Does nothing if the story gives each phone its own result, or if the caller hangs up or stops the ringing.
        """
        if before is None or before.text in (HANGS_UP, "*"):
            how = self._adviser
        else:
            how = None if before.who == "ADVISER" else self._adviser or "no_answer"
        while how and self.turn and isinstance(self.turn.then, Transfer):
            self.put_in(TransferEnded(how))

    def cannot(self, entry: Entry) -> str | None:
        """Why a line cannot be played here, and what to do about it."""
        then = self.turn.then if self.turn else None
        if self.over:
            return "The call is over here. Remove this line."
        if entry.who == "ADVISER":
            rings = isinstance(then, Transfer)
            return None if rings else "Nobody is being rung here. Remove this line, or let the caller press 0 first."
        if entry.text == SPEAKS and not isinstance(then, Record):
            return f"No message is being taken here. Write keys, {SILENT} or {HANGS_UP}."
        several = _KEYS.fullmatch(entry.text) and len(entry.text) > 1
        if several and not (isinstance(then, Gather) and then.digits > 1):
            return "No number is asked for here, so one key is pressed at a time. Write a line for each key."
        return None

    def put_in(self, event: Input, after: float | None = None) -> None:
        """Play one input, `after` seconds after the last reply."""
        assert self.turn
        self.now += dt.timedelta(seconds=self._takes(event) if after is None else after)
        self.happened.append(event)
        self._heard(call.run(self.script, self._reloaded(), event, self._noting, self.now))

    def _takes(self, event: Input) -> float:
        assert self.turn
        then = self.turn.then
        return then.seconds if isinstance(event, NoInput) and isinstance(then, Gather) else _THINKING

    def _reloaded(self) -> Session:
        assert self.turn
        return msgspec.json.decode(msgspec.json.encode(self.turn.session), type=Session)

    def _heard(self, turn: Turn) -> None:
        """Record the effects and the reply of a turn."""
        for effect, back in self._noting.taken():
            self.entries += [Entry("NOTED", words) for words in noted(effect, back)]
            self._keep(effect, back)
        self.turn = turn
        self.happened.append(turn)
        self.visited.add(turn.session.place.node)
        if text := text_of(turn.says):
            self.entries.append(Entry("LINE", text))
        if isinstance(turn.then, Transfer):
            self.entries.append(Entry("ADVISER", f"hears: {text_of(reply.whisper(self.script, turn.session))}"))
        if isinstance(turn.then, HangUp):
            self.entries.append(Entry("ENDS", "the line hangs up"))

    def _keep(self, effect: Effect, back: Done | Failed) -> None:
        """Remember what the caller got by an effect."""
        match effect, back:
            case SendText(), Done():
                self._texts.append(effect.text)
            case SaveRequest() | MoveRequest(), Done(request=request) if request:
                self._requests[request.id] = request
            case CancelRequest(), Done(request=request) if request and request.id in self._requests:
                self._requests[request.id] = request


def noted(effect: Effect, back: Done | Failed) -> Iterator[str]:
    """An effect in words, as NOTED lines."""
    if isinstance(back, Failed):
        yield "nothing could be written down"
        return
    match effect:
        case SendText(_, to, text, _):
            yield f"text {text} to {dialling.national(to)}"
        case SaveRequest() if back.request:
            so_far = " so far" if back.request.state == "unfinished" else ""
            yield f"callback request{so_far}: {'; '.join(outcome.facts(back.request))}"
        case HoldWindow() if back.window:
            yield f"place held: {back.window.day:%A %-d %B}, {back.window.part}"
        case FindRequest() if back.request:
            yield "callback request found"
        case MoveRequest(to=Promise(window=Window(day, part))):
            yield f"callback request moved: {day:%A %-d %B}, {part}"
        case CancelRequest():
            yield "callback request cancelled"
