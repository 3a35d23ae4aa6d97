"""The values a call is made of: where it is, what comes in, and what goes out.

All of them are msgspec structs: frozen, compared by value, and written as JSON and read
back in microseconds, which every turn does. None can hold itself, so the garbage collector
need not look at them (`gc=False`). Nothing here decides anything.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ivr.diary import Promise, When, Window
from ivr.request import CallbackRequest, Need
from ivr.spoken import Speech

Said = tuple[str | float, ...]
#: How a transfer ended. "stopped": the caller pressed star while it rang.
Ended = Literal["answered", "busy", "no_answer", "failed", "stopped"]
#: What a caller can get from a call, besides what is told.
Got = Literal["transfer", "request", "text"]

#: Places a caller can go back through. Older ones are forgotten, so that a session stays small.
MOST_TRAIL = 24
MOST_HEARD = 30
#: Places that are known to have been heard. A call that has been at more of them is not going in a circle.
MOST_VISITED = 400


class At(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a caller is in the script."""

    node: str
    #: In a reading, the part being said; one more than the last part is its choices alone.
    #: At `person`, which of the numbers is being rung.
    part: int = 0
    #: 0: every choice is offered together. Else the choice on offer by itself, from 1.
    offer: int = 0
    #: In a reading: the part has a phone number, and the caller is asked to have a pen ready first.
    pen: bool = False


class Wishes(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a caller has said so far about being rung back or texted."""

    #: The number being spoken of, E.164, and digits keyed so far.
    number: str = ""
    typed: str = ""
    #: The request that this wish is part of, or that is being changed, and the number its caller has for it.
    request: str = ""
    reference: str = ""
    #: An existing request is being moved, not a new one made.
    moving: bool = False
    #: By when the caller is to be rung, of a request that there is.
    due: float = 0.0
    when: When = ""
    window: Window | None = None
    #: No place could be held, as Redis is away: they said when they can be rung, and are promised a day alone.
    no_place: bool = False
    #: None in these three: not asked yet.
    urgent: bool | None = None
    #: The higher rank of urgent.
    today: bool = False
    message_ok: bool | None = None
    say_who: bool | None = None
    needs: tuple[Need, ...] = ()
    #: All there is of the wish is what the caller says after the tone.
    message_only: bool = False


class Session(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One phone call, between two turns."""

    call: str
    revision: str
    place: At
    #: Number of the reply last given. The next webhook carries it, so a repeat is known.
    turn: int = 0
    #: The caller ID as it came.
    caller: str = ""
    #: Its number is blocked: the line does nothing unasked, which is to ring a person after silence and to take a
    #: message. Guidance, and everything that is asked for with a key, stays: a number can be forged.
    blocked: bool = False
    #: Where star leads, last place last.
    trail: tuple[At, ...] = ()
    #: Said once, before what the place says.
    lead: Said = ()
    #: The last key and when it was pressed, when the caller came to this place, and when a number that they keyed
    #: ended by itself: to know a key that is pressed twice, or that comes one reply late.
    key: str = ""
    key_at: float = 0.0
    arrived: float = 0.0
    entered: float = 0.0
    #: Whether any key was pressed in this call.
    pressed: bool = False
    #: At this place: silences, unused keys, and pieces of a longer wait used up.
    silences: int = 0
    wrongs: int = 0
    waited: int = 0
    #: In this call: silences and unused keys since a person was last offered, and seconds
    #: of silence since the last key.
    slips: int = 0
    quiet: int = 0
    #: Once in a call, a person is rung without being asked for; and a message is asked for that needs no key.
    led: bool = False
    message_offered: bool = False
    #: How often a person was wanted and nobody talked, since somebody last did; and why, the last time.
    turned_away: int = 0
    away: Ended | Literal[""] = ""
    #: Keys since something new was heard or got, and the places that were heard; None: not known, as Redis was away.
    fruitless: int = 0
    visited: tuple[str, ...] | None = ()
    #: What the caller has got.
    got: tuple[Got, ...] = ()
    #: The phone number in the reply last given, by its name in `phones`, or "reference".
    number: str = ""
    slow: bool = False
    more_time: bool = False
    one_key: bool = False
    #: Keys whose place on the keypad has been said.
    taught: str = ""
    #: What the caller last listened to: what a text is about.
    topic: str = ""
    #: How long the trail was when key 9 was pressed: 'where you were', from a word's meaning.
    #: -1: it was not.
    left_at: int = -1
    #: The question that was last answered 'not sure'.
    unsure_of: str = ""
    heard: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    #: A number keyed and confirmed in this call, so that nobody has to key it twice.
    keyed: str = ""
    #: Callback requests begun in this call: their number makes an id that a repeat cannot change.
    asked: int = 0
    wishes: Wishes = Wishes()


# --- what comes in --------------------------------------------------------------------------


class Key(msgspec.Struct, frozen=True, gc=False):
    """A key, or the digits of a number that was asked for. Hash behind them says that they are all."""

    keys: str


class NoInput(msgspec.Struct, frozen=True, gc=False):
    """No-input: nothing was pressed in time."""


class TransferEnded(msgspec.Struct, frozen=True, gc=False):
    how: Ended


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """The recording is over: a key ended it, or silence (no key), after so many seconds."""

    key: str = ""
    seconds: int = 0


class Done(msgspec.Struct, frozen=True, gc=False):
    """It is done. What the desk found or wrote is in the field that fits it."""

    window: Window | None = None
    request: CallbackRequest | None = None
    reference: str = ""
    #: Redis is away, so it is kept on this machine's disk and done once Redis is back. What others have cannot be
    #: known until then: whether a place is free, and whether somebody else asked from this phone.
    spooled: bool = False


class Failed(msgspec.Struct, frozen=True, gc=False):
    """It could not be done: nothing fitted, or what it needs is down."""


Input = Key | NoInput | TransferEnded | Recorded


# --- what goes out --------------------------------------------------------------------------


class Gather(msgspec.Struct, frozen=True, gc=False):
    """Speak, then wait for a key for this many seconds; `digits` over 1 asks for a number."""

    seconds: int
    digits: int = 1


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """Speak, then connect the caller to the number with this name in `phones`.

    A key while we speak is taken as anywhere else, but without `keys`. Star while it rings ends it.
    """

    number: str
    ring_seconds: int
    keys: bool = True


class Record(msgspec.Struct, frozen=True, gc=False):
    """Speak, then record a message of at most this many seconds for a callback request.

    It is over after so many seconds of `silence`. A key while we speak is taken as anywhere else, but without `keys`.
    """

    seconds: int
    silence: int
    request: str
    keys: bool = True


class HangUp(msgspec.Struct, frozen=True, gc=False):
    """Speak, then end the call."""


class HoldWindow(msgspec.Struct, frozen=True, gc=False):
    """Keep a place in the first of these windows that has one, while the caller decides.

    With `overbook`, the last of them is kept even when it is full: nobody is turned away.
    What the caller held before, `instead_of` which this is, is free again. A place that their
    `request` has already is theirs.
    """

    call: str
    windows: tuple[Window, ...]
    overbook: bool
    instead_of: Window | None = None
    request: str = ""


class SaveRequest(msgspec.Struct, frozen=True, gc=False):
    """Write a callback request down, finished or not, joining one that the number already has."""

    request: CallbackRequest


class FindRequest(msgspec.Struct, frozen=True, gc=False):
    """Find the request of this number that goes by this reference."""

    number: str
    reference: str


class MoveRequest(msgspec.Struct, frozen=True, gc=False):
    """Give the caller who goes by this reference another time, in the window that the call holds."""

    id: str
    reference: str
    call: str
    to: Promise


class CancelRequest(msgspec.Struct, frozen=True, gc=False):
    """Take back the wish that goes by this reference."""

    id: str
    reference: str


class SendText(msgspec.Struct, frozen=True, gc=False):
    """Put a text message in the queue. The id makes a repeat the same text."""

    id: str
    to: str
    text: str
    body: str


#: What is done at the desk in the middle of a turn. It ends as Done or as Failed, so the caller is never told of a
#: thing before it is so.
Effect = HoldWindow | SaveRequest | FindRequest | MoveRequest | CancelRequest | SendText
Reply = Gather | Transfer | Record | HangUp


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One exchange: the session after it, what is said, and what happens then."""

    session: Session
    says: Speech
    then: Reply
