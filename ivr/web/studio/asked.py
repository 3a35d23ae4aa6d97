"""The questions that the web asks the draft process (`drafting.py`), and its answers: plain values.

`DraftClient` has a method for each question, which says what it means. A question may bring the files that it is about;
without them, those of config/ are read as they are at that moment.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ivr.overview.atlas import Branch, Spot
from ivr.practice.story import Untrue
from ivr.problems import Problem
from ivr.web.studio.practice import PhoneReply, Setting, SoFar

Files = dict[str, str] | None


class Compile(msgspec.Struct, frozen=True, tag=True):
    files: Files = None


class Check(msgspec.Struct, frozen=True, tag=True):
    files: Files = None
    #: The files that are live, with which some rules compare.
    live: Files = None


class Spots(msgspec.Struct, frozen=True, tag=True):
    files: Files = None


class Changed(msgspec.Struct, frozen=True, tag=True):
    before: dict[str, str]
    files: Files = None


class Reply(msgspec.Struct, frozen=True, tag=True):
    so_far: SoFar
    files: Files = None


class Write(msgspec.Struct, frozen=True, tag=True):
    """A call as a story."""

    so_far: SoFar
    about: list[str]
    files: Files = None


class Say(msgspec.Struct, frozen=True, tag=True):
    """Words as staff write them, with {names} from line.yaml."""

    words: str
    slow: bool = False
    files: Files = None


class Gate(msgspec.Struct, frozen=True, tag=True):
    """Whether the files may be made live. Without `files`, the draft with its stories; else a change of `live`."""

    live: dict[str, str]
    files: Files = None


class Render(msgspec.Struct, frozen=True, tag=True):
    """Make every sound that these files need."""

    files: dict[str, str]


class Play(msgspec.Struct, frozen=True, tag=True):
    """Which of these stories, by their names, do not come true."""

    stories: dict[str, str]
    files: Files = None


class Recordable(msgspec.Struct, frozen=True, tag=True):
    """What there is to record in a language."""

    language: str


class Judge(msgspec.Struct, frozen=True, tag=True):
    """What is wrong with a take, and how callers would hear it. Without content, the recorded one is judged."""

    language: str
    name: str
    content: bytes | None


class KeepTake(msgspec.Struct, frozen=True, tag=True):
    """Keep a take that somebody confirms.

    `of`: the fingerprint of the words that they saw. `was`: the fingerprint of the take that was recorded then.
    """

    language: str
    name: str
    content: bytes
    of: str
    was: str
    by: str


class Confirm(msgspec.Struct, frozen=True, tag=True):
    """Confirm an English take that nobody has confirmed yet. `of` and `take`: the fingerprints of the words and of the
    take that were listened to.
    """

    name: str
    of: str
    take: str
    by: str


class TakeOut(msgspec.Struct, frozen=True, tag=True):
    """Let a voice speak again instead of a recording, whose file stays. With `unconfirmed`, the fingerprint of a take
    that nobody has confirmed: delete its file, so that the prompt can be recorded again.
    """

    name: str
    unconfirmed: str = ""


class Taken(msgspec.Struct, frozen=True, tag=True):
    """The sound of what is recorded."""

    language: str
    name: str


class Listenable(msgspec.Struct, frozen=True, tag=True):
    """The lines of a language, to listen to."""

    language: str


class Listened(msgspec.Struct, frozen=True, tag=True):
    """Somebody has listened to a line. `of`, `takes`: the fingerprints of the words and recordings that they heard."""

    language: str
    line: str
    of: str
    takes: dict[str, str]
    by: str


Question = (
    Play
    | Compile
    | Check
    | Spots
    | Changed
    | Reply
    | Write
    | Say
    | Gate
    | Render
    | Recordable
    | Judge
    | KeepTake
    | Confirm
    | TakeOut
    | Taken
    | Listenable
    | Listened
)


class Compiled(msgspec.Struct, frozen=True, tag=True):
    """A draft, compiled; or why it cannot be."""

    #: The fingerprint of its files.
    revision: str
    #: The errors that keep it from being used; none if it can be.
    problems: tuple[Problem, ...] = ()
    service_name: str = ""
    #: Its places by name, with their titles.
    places: dict[str, str] = {}
    #: Whether it is spoken by our own sounds, and not by Twilio's voice.
    by_sounds: bool = False
    setting: Setting | None = None

    @property
    def is_usable(self) -> bool:
        return not self.problems


class Checked(msgspec.Struct, frozen=True, tag=True):
    """Every problem of a draft, each at its place. One with errors cannot be published."""

    revision: str
    problems: tuple[Problem, ...]
    #: The places at which each finding is, by its index in `problems`; empty for what is at no place of the line.
    at: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True, tag=True):
    """The places of a draft, for the map."""

    revision: str
    spots: tuple[Spot, ...]
    tree: tuple[Branch, ...]


class Differences(msgspec.Struct, frozen=True, tag=True):
    """What callers would hear differently."""

    #: Each change: the places that it concerns, and its description in lines.
    changes: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


class Written(msgspec.Struct, frozen=True, tag=True):
    text: str


class Sound(msgspec.Struct, frozen=True, tag=True):
    """A WAV file."""

    content: bytes


class HeardNext(msgspec.Struct, frozen=True, tag=True):
    heard: PhoneReply


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why a question cannot be answered, in words; and the draft's problems, if they are the reason."""

    why: str
    problems: tuple[Problem, ...] = ()


class Passed(msgspec.Struct, frozen=True, tag=True):
    """Files that passed the gate."""

    revision: str
    files: dict[str, str]
    warnings: int = 0
    #: Whether what callers hear while this machine is down would change.
    changes_fallback: bool = False


class Played(msgspec.Struct, frozen=True, tag=True):
    """The stories that do not come true, with what the line says instead."""

    untrue: tuple[Untrue, ...]


class Rendered(msgspec.Struct, frozen=True, tag=True):
    """How many sounds were made; and how many prompts no voice here can say, so that Twilio's voice reads them."""

    made: int
    unsaid: int


#: none: nothing is recorded. kept: somebody has confirmed the recording. other: it was recorded for other words. file:
#: there is a file that nobody has confirmed (in another language: that nobody has listened to for the service).
State = Literal["none", "kept", "other", "file"]


class Prompt(msgspec.Struct, frozen=True):
    """One prompt to record."""

    name: str
    words: str
    #: What it means, in another language.
    english: str
    #: The subject that it belongs to.
    about: str
    #: The fingerprints of its words, and of the take that is there; empty without one.
    of: str
    take: str
    state: State
    by: str = ""
    on: str = ""
    #: Whether nobody has checked these words of another language yet.
    unchecked: bool = False


class Language(msgspec.Struct, frozen=True):
    tag: str
    name: str
    right_to_left: bool = False


class Prompts(msgspec.Struct, frozen=True, tag=True):
    """What there is to record, in the order in which it is heard."""

    language: Language
    languages: tuple[Language, ...]
    prompts: tuple[Prompt, ...]


class Judged(msgspec.Struct, frozen=True, tag=True):
    """What is wrong with a take, and its sound as callers would hear it. A take with faults cannot be kept; `doubts`
    are only told.
    """

    faults: tuple[str, ...]
    doubts: tuple[str, ...]
    sound: bytes


class Kept(msgspec.Struct, frozen=True, tag=True):
    """The prompt as it is now. `why`: the reason if nothing was kept; else empty.

    `at_once`: whether callers hear the difference without a publication.
    """

    prompt: Prompt
    why: str = ""
    at_once: bool = False


class LineToHear(msgspec.Struct, frozen=True):
    """A line of another language."""

    id: str
    english: str
    #: When it is heard, and by whom.
    when: str
    of: str
    state: str
    #: Why nobody can listen to it yet; empty if somebody can.
    why: str
    #: The words of each of its sounds, and its take, by its name.
    sounds: dict[str, str]
    takes: dict[str, str]
    by: str = ""
    on: str = ""


class Lines(msgspec.Struct, frozen=True, tag=True):
    language: Language
    lines: tuple[LineToHear, ...]


Answer = (
    Played
    | Passed
    | Rendered
    | Compiled
    | Checked
    | Seen
    | Differences
    | Written
    | Sound
    | HeardNext
    | Refused
    | Prompts
    | Judged
    | Kept
    | Lines
)
