"""Plays a call that is written as a transcript, on the same engine that answers the phone.

The session is encoded and decoded between turns, as in Redis.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import msgspec

from ivr import dialling
from ivr.callbacks.diary import Promise, Window
from ivr.callbacks.request import CallbackRequest
from ivr.engine import call
from ivr.engine.call import EffectHandler
from ivr.hours import LONDON
from ivr.places import reply
from ivr.practice import outcome, transcript
from ivr.practice.effects import EffectLog, PracticeHandler
from ivr.practice.transcript import (
    ADVISER_DOES,
    HANGS_UP,
    HUNG_UP,
    OUTAGE_BEGINS,
    SILENT,
    SPEAKS,
    Transcript,
    TranscriptEntry,
    inputs_of,
)
from ivr.problems import Problem, kind
from ivr.script import Script
from ivr.script.place import Here
from ivr.script.session import (
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
    KeepTake,
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
)  # fmt: skip
from ivr.spoken import text_of

_KEYS = re.compile(r"[0-9*#]+")
#: Seconds between a reply and the next input: too long for a debounced second press.
_THINKING = 5
#: Seconds between the two presses of '(presses 1 twice)'.
_TREMBLING = 0.4


def play(script: Script, wanted: Transcript, handler: PracticeHandler | None = None) -> Transcript:
    """Play the transcript's inputs, and return the call with the engine's outputs."""
    return Caller(script, handler or PracticeHandler()).follow(wanted)


_OVER = kind("story-over", "The call is over here.", "Remove this line.")
_NOBODY_RUNG = kind(
    "story-nobody-rung", "Nobody is being rung here.", "Remove this line, or let the caller press 0 first."
)
_NO_MESSAGE = kind("story-no-message", "No message is being taken here.", "Write keys, {silent} or {hangs_up}.")
_ONE_KEY = kind(
    "story-one-key", "No number is asked for here, so one key is pressed at a time.", "Write a line for each key."
)


_NO_CHOICE = kind("story-no-choice", "No choice here is called '{wanted}'.", "Here there are: {names}.")
_TWO_CHOICES = kind(
    "story-two-choices", "'{wanted}' is more than one choice here.", "Write more of its words: {names}."
)


class Caller:
    """A caller on the phone: the engine with its own clock, and a record of the call."""

    def __init__(self, script: Script, handler: EffectHandler, name: str = "practice"):
        self.script, self.handler, self.name = script, handler, name
        self._effects = EffectLog(handler)
        self.entries: list[TranscriptEntry] = []
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
            if entry.who == "OUTAGE":
                self.outage(entry)
            if not entry.put_in:
                continue
            self._rings_out(entry)
            if wrong := self.cannot(entry):
                self.problems.append(wrong.at(wanted.where(entry)))
                break
            self.do(entry)
        self._rings_out()
        entries = (*self.entries, *self.got())
        return Transcript(wanted.when, wanted.caller, entries, wanted.about, wanted.name)

    @property
    def over(self) -> bool:
        return bool(self.entries) and self.entries[-1].who == "ENDS"

    def got(self) -> list[TranscriptEntry]:
        """What the caller has so far, as GOT entries."""
        told = self.turn is not None and outcome.is_told(self.script, self.turn)
        found = outcome.got(answered=self._answered, requests=self._requests.values(), texts=self._texts, told=told)
        return [TranscriptEntry("GOT", words) for words in found]

    def ring(self, when: dt.datetime, caller: str) -> None:
        self.now = when
        judged = dialling.judge(caller)
        self._heard(call.start(self.script, self.name, judged.e164 or caller, self.now))

    def outage(self, entry: TranscriptEntry) -> None:
        """Redis goes away or is back, on a handler that can play that."""
        self.entries.append(TranscriptEntry(entry.who, entry.text))
        if isinstance(self.handler, PracticeHandler):
            self.handler.spools = entry.text == OUTAGE_BEGINS

    def do(self, entry: TranscriptEntry) -> None:
        """Play one CALLER or ADVISER line."""
        self.entries.append(TranscriptEntry(entry.who, entry.text))
        entry = self._by_key(entry)
        if entry.who == "ADVISER":
            self._adviser = ADVISER_DOES[entry.text]
            self._answered = self._answered or self._adviser == "answered"
            self.put_in(TransferEnded(self._adviser))
            return
        self._adviser = None
        inputs = inputs_of(entry.text)
        if not inputs:
            self.entries.append(TranscriptEntry("ENDS", HUNG_UP))
            return
        for i, event in enumerate(inputs):
            self.put_in(self._after_the_tone(event), _TREMBLING if i else None)

    def _after_the_tone(self, event: Input) -> Input:
        """If the words before the tone cannot be interrupted, a key comes after the tone, and ends the message."""
        then = self.turn.then if self.turn else None
        if isinstance(event, Key) and isinstance(then, Record) and not then.keys:
            return Recorded(event.keys[:1])
        return event

    def _rings_out(self, before: TranscriptEntry | None = None) -> None:
        """Let the other phones in `transfer` end like the first one, so that a story works with any number of phones.

        Does nothing if the story gives each phone its own result, or if the caller hangs up or stops the ringing.
        """
        if before is None or before.text in (HANGS_UP, "*"):
            how = self._adviser
        else:
            how = None if before.who == "ADVISER" else self._adviser or "no_answer"
        while how and self.turn and isinstance(self.turn.then, Transfer):
            self.put_in(TransferEnded(how))

    def cannot(self, entry: TranscriptEntry) -> Problem | None:
        """Why a line cannot be played here, and what to do about it."""
        then = self.turn.then if self.turn else None
        if self.over:
            return _OVER()
        if entry.who == "ADVISER":
            return None if isinstance(then, Transfer) else _NOBODY_RUNG()
        if (label := transcript.chosen(entry.text)) is not None:
            return self._no_such_choice(label)
        if entry.text == SPEAKS and not isinstance(then, Record):
            return _NO_MESSAGE(silent=SILENT, hangs_up=HANGS_UP)
        several = _KEYS.fullmatch(entry.text) and len(entry.text) > 1
        if several and not (isinstance(then, Gather) and then.digits > 1):
            return _ONE_KEY()
        return None

    def choices(self) -> dict[str, str]:
        """The choices that are open now: the words of each, by its key."""
        assert self.turn
        here = Here(self.script, self.turn.session, self.now)
        return {option.key: text_of(option.label).rstrip(",.?! ") for option in here.place.choices(here)}

    def by_words(self, entry: TranscriptEntry) -> TranscriptEntry:
        """The entry with the words of a choice instead of its key, if it presses one in staff's menus; otherwise as it
        is. A story with the words still holds when the keys of the menu change.
        """
        assert self.turn
        words = self.choices().get(entry.text) if self.turn.session.place.node in self.script.nodes else None
        is_one = words is not None and entry.who == "CALLER" and self._keys_of(words) == [entry.text]
        return TranscriptEntry(entry.who, transcript.choosing(str(words)), entry.line) if is_one else entry

    def _keys_of(self, label: str) -> list[str]:
        wanted = re.compile(transcript.pattern(re.sub(r"(?<!\.)[,.?!]$", "", label)), re.IGNORECASE)
        return [key for key, words in self.choices().items() if wanted.fullmatch(words.translate(transcript.PLAIN))]

    def _no_such_choice(self, label: str) -> Problem | None:
        """What is wrong with a choice that is named by its words; None if it is there."""
        keys = self._keys_of(label)
        if len(keys) == 1:
            return None
        names = ", ".join(f"'{words}'" for words in self.choices().values()) or "none"
        return (_TWO_CHOICES if keys else _NO_CHOICE)(wanted=label, names=names)

    def _by_key(self, entry: TranscriptEntry) -> TranscriptEntry:
        """The reverse of `by_words`: the entry with the key of the choice that it names."""
        label = transcript.chosen(entry.text)
        return entry if label is None else TranscriptEntry(entry.who, self._keys_of(label)[0])

    def put_in(self, event: Input, after: float | None = None) -> None:
        """Play one input, `after` seconds after the last reply."""
        assert self.turn
        self.now += dt.timedelta(seconds=self._takes(event) if after is None else after)
        self.happened.append(event)
        self._heard(call.run(self.script, self._reloaded(), event, self._effects, self.now))

    def _takes(self, event: Input) -> float:
        assert self.turn
        then = self.turn.then
        return then.seconds if isinstance(event, NoInput) and isinstance(then, Gather) else _THINKING

    def _reloaded(self) -> Session:
        assert self.turn
        return msgspec.json.decode(msgspec.json.encode(self.turn.session), type=Session)

    def _heard(self, turn: Turn) -> None:
        """Record the effects and the reply of a turn."""
        for effect, back in self._effects.taken():
            self.entries += [TranscriptEntry("NOTED", words) for words in noted(effect, back)]
            self._keep(effect, back)
        self.turn = turn
        self.happened.append(turn)
        self.visited.add(turn.session.place.node)
        if text := in_english(self.script, turn):
            self.entries.append(TranscriptEntry("LINE", text))
        if isinstance(turn.then, Transfer):
            self.entries.append(
                TranscriptEntry("ADVISER", f"hears: {text_of(reply.whisper(self.script, turn.session))}")
            )
        if isinstance(turn.then, HangUp):
            self.entries.append(TranscriptEntry("ENDS", "the line hangs up"))

    def _keep(self, effect: Effect, back: Done | Failed) -> None:
        """Remember what the caller got by an effect."""
        match effect, back:
            case SendText(), Done():
                self._texts.append(effect.text)
            case SaveRequest() | MoveRequest(), Done(request=request) if request:
                self._requests[request.id] = request
            case CancelRequest(), Done(request=request) if request and request.id in self._requests:
                self._requests[request.id] = request


def in_english(script: Script, turn: Turn) -> str:
    """What is said, in English. For another language: the translation, with the name of the language before it."""
    own = script.in_language(turn.session.language, drafts=turn.session.drafts)
    meanings = {**script.foreign_meanings, **own.meanings}
    said = text_of(tuple(meanings.get(piece, piece) if isinstance(piece, str) else piece for piece in turn.says))
    return f"[{own.in_english}] {said}" if own.in_english and said else said


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
        case KeepTake(name=name):
            yield f"recording of {name} kept, for somebody to confirm"
