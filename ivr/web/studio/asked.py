"""What the web asks of the process that has the draft (`drafting.py`), and what that answers: plain values.

Each question may bring the files it is about; without them, those of config/ are read as they are at that moment.
"""

from __future__ import annotations

import msgspec

from ivr.atlas import Branch, Spot
from ivr.problems import Problem
from ivr.story import Untrue
from ivr.web.studio.practice import Heard, Setting, SoFar

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


Question = Play | Compile | Check | Spots | Changed | Reply | Write | Say | Gate | Render


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
    """What callers hear differently: each change in lines, with its places."""

    changes: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


class Written(msgspec.Struct, frozen=True, tag=True):
    text: str


class Sound(msgspec.Struct, frozen=True, tag=True):
    """A WAV file."""

    content: bytes


class HeardNext(msgspec.Struct, frozen=True, tag=True):
    heard: Heard


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why it cannot be done, in words; and the draft's problems, if it is for them."""

    why: str
    problems: tuple[Problem, ...] = ()


class Passed(msgspec.Struct, frozen=True, tag=True):
    """Files that passed the gate."""

    revision: str
    files: dict[str, str]
    warnings: int = 0
    #: Whether callers hear something else while this machine is down.
    changes_fallback: bool = False


class Played(msgspec.Struct, frozen=True, tag=True):
    """The stories that do not come true, with what the line says instead."""

    untrue: tuple[Untrue, ...]


class Rendered(msgspec.Struct, frozen=True, tag=True):
    """How many sounds were made, and how many words no voice here can say, so that Twilio's reads them."""

    made: int
    unsaid: int


Answer = Played | Passed | Rendered | Compiled | Checked | Seen | Differences | Written | Sound | HeardNext | Refused
