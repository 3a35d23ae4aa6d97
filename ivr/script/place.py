"""What a place is: the questions that every place answers, and the transitions between them.

A `Place` is a state of the dialogue: a node that staff wrote, or a built-in step. All of them answer the same
questions, so the engine does not ask of which kind a place is. The places themselves are in `ivr.places`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from ivr.callbacks.diary import Urgency
from ivr.script import END_MENU, Script
from ivr.script.lines import Line
from ivr.script.session import Action, At, Done, Effect, Input, Limit, Recorded, Session, TransferEnded
from ivr.spoken import Speech


class Option(msgspec.Struct, frozen=True):  # turns create some, and a frozen dataclass takes five times as long
    """A choice of the caller: its key, its label, and its target."""

    key: str
    label: Speech
    goto: str
    #: Said after it is chosen, before the target speaks.
    said_back: Speech = ()


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
    """Run an effect first.

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
    #: Whether such a dialogue ends on arrival here; and whether it begins again from its start. After either, star does
    #: not lead back into the old steps.
    ends_dialogue: bool = False
    begins_dialogue: bool = False
    #: Whether, at this place, a number is saved already and questions about the call back remain. If star leads out of
    #: these questions, the request is withdrawn.
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
    #: The most seconds until a caller who does nothing any more gets something, whatever came before: a person, a
    #: request, or the reason why nobody can talk, with our hours and number. `ivr check --all` proves it.
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
        """The position after hash came too soon. What the caller has begun to hear is then said again, in short."""
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
        """Where an event leads that this place handles itself; None if the engine handles it as at any place."""
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
        """The part of a session that decides whether this place asks anything. The check tries all its values."""
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
