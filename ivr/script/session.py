"""The values of a call: its session, its input events, its effects and its replies.

All of them are msgspec structs: frozen, compared by value, and encoded as JSON and decoded in microseconds, which
happens every turn. They contain no reference cycles, so the garbage collector can ignore them (`gc=False`). There is no
logic here.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ivr.callbacks.diary import Promise, When, Window
from ivr.callbacks.request import About, CallbackRequest, Need
from ivr.spoken import Speech

Pieces = tuple[str | float, ...]
#: How a transfer ended. "stopped": the caller pressed star while it rang.
Ended = Literal["answered", "busy", "no_answer", "failed", "stopped"]
#: What a caller can get from a call, besides information.
Got = Literal["transfer", "request", "text"]
#: Which limit was reached: of this call, of this phone today, or of all of today (`ivr/callbacks/limits.py`).
Limit = Literal["", "call", "phone", "all"]

#: The most places to go back through. Older ones are dropped, so that a session stays small.
MOST_TRAIL = 24
MOST_HEARD = 30
#: The most places to remember as heard. A call with more of them is not going in a circle.
MOST_VISITED = 400


class At(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A caller's position in the script."""

    node: str
    #: In a reading: the index of the current part; one after the last part means its choices alone. At `person`: the
    #: index of the phone being rung.
    part: int = 0
    #: 0 if all choices are offered together; otherwise the number of the choice on offer, from 1.
    offer: int = 0
    #: In a reading: whether the caller is first given time to find a pen, because the part has a phone number.
    pen: bool = False
    #: Whether the caller has already heard the long form here, such as how to enter a number, so that it is not said
    #: again.
    repeated: bool = False


class Wishes(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The caller's answers so far about a call back or a text."""

    #: The number in question, in E.164, or the digits entered so far.
    number: str = ""
    typed: str = ""
    #: The id of the request that this wish belongs to or that is being changed, and the caller's call number.
    request: str = ""
    reference: str = ""
    #: When it was last saved (POSIX seconds).
    saved_at: float = 0.0
    #: Whether an existing request is being moved, instead of a new one created.
    moving: bool = False
    #: By when the caller of an existing request is to be rung (POSIX seconds).
    due: float = 0.0
    when: When = ""
    window: Window | None = None
    #: No slot could be held, because Redis is away, or keyed numbers have used their share. The caller has said when
    #: they can be rung, and is promised only a day. (Stored sessions have it as `no_place`.)
    no_slot: bool = msgspec.field(default=False, name="no_place")
    #: None: not asked yet, here and in the fields below.
    urgent: bool | None = None
    #: Whether they are of the highest urgency.
    today: bool = False
    message_ok: bool | None = None
    say_who: bool | None = None
    needs: tuple[Need, ...] = ()
    #: Whom they ask about, whether that person agrees, and whether the phone to ring is that person's (`Asker`).
    about: About = ""
    agreed: bool | None = None
    theirs: bool = False
    #: What was entered at places that keep it with the request: pairs of the place's name and text.
    entries: tuple[tuple[str, str], ...] = ()
    #: Whether the request consists only of a spoken message.
    message_only: bool = False
    #: The language they asked for by its name; empty: the language of the call.
    language: str = ""


class Taking(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How far somebody has got who records prompts from a test phone."""

    #: The prompt to say: the name of its recording, and its words.
    name: str = ""
    words: str = ""
    #: The takes so far in this call. The number of each is part of its id.
    takes: int = 0
    #: The prompts that were passed over.
    passed: tuple[str, ...] = ()
    #: The sound of the last take, as callers would hear it.
    sound: str = ""


class Session(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The state of one phone call between two turns."""

    call: str
    revision: str
    place: At
    #: The number of the last reply. The next webhook carries it, so that a repeated webhook is recognised.
    turn: int = 0
    #: The caller ID; empty if hidden.
    caller: str = ""
    #: Whether the number is blocked. Then the line does nothing unasked: after silence it rings no person and takes no
    #: message. Guidance, and everything asked for with a key, still works, because numbers can be forged.
    blocked: bool = False
    #: The language of the call; and whether it comes from a test phone, which is offered drafts of languages, and to
    #: record prompts.
    language: str = "en"
    drafts: bool = False
    #: The positions that star leads back to, the latest last.
    trail: tuple[At, ...] = ()
    #: Words to say once, before those of the place.
    lead: Pieces = ()
    #: Whether the call came in on the number without menus.
    door: bool = False
    #: The last key and its time, the time of arrival at this place, and the time when an entered number completed
    #: itself (POSIX seconds): to recognise a key that is pressed twice, or meant for the previous reply.
    key: str = ""
    key_at: float = 0.0
    arrived: float = 0.0
    number_ended_at: float = 0.0
    #: Whether any key was pressed in this call.
    pressed: bool = False
    #: At this place: silences (no-inputs), unused keys (no-matches), and used parts of a longer wait. While a part of
    #: a longer wait is used, the place does not speak again.
    silences: int = 0
    wrongs: int = 0
    waited: int = 0
    #: Whether a key interrupted the words before a transfer, a recording or the end of the call. The same words then
    #: come without keys, or not at all.
    interrupted: bool = False
    #: In this call: errors (silences and unused keys) since a person was last offered, and seconds of silence since the
    #: last key.
    slips: int = 0
    quiet: int = 0
    #: All errors in this call, only to count them (`dropoff`): nothing is decided by it.
    errors: int = 0
    #: Whether a person was already rung unasked, and whether the caller was already asked for a message that needs no
    #: key: each happens once in a call.
    rung_unasked: bool = False
    message_offered: bool = False
    #: How often the caller wanted a person and nobody could talk, since they last talked to somebody; and the last
    #: reason.
    turned_away: int = 0
    away: Ended | Literal[""] = ""
    #: Keys since the caller last heard or got something new, and the places heard so far (None if unknown, because
    #: Redis was down).
    fruitless: int = 0
    visited: tuple[str, ...] | None = ()
    #: What the caller has got.
    got: tuple[Got, ...] = ()
    #: The name in `phones` of the phone number in the last reply, or "reference" for a call number.
    number: str = ""
    slow: bool = False
    more_time: bool = False
    one_key: bool = False
    #: Keys whose position on the keypad has been said.
    taught: str = ""
    #: The place that the caller last listened to, which a text would be about.
    topic: str = ""
    #: The length of the trail when key 9 was pressed, to go back 'to where you were' from an explanation; -1 if it was
    #: not pressed.
    left_at: int = -1
    #: The question that was last answered 'not sure'.
    unsure_of: str = ""
    #: The topics that the caller listened to, and the places of their latest errors, for the adviser.
    heard: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    #: A number that was entered and confirmed in this call, so that nobody has to enter it twice.
    keyed: str = ""
    #: How often the caller began to ask for a call back. It is part of the request's id, so a repeated webhook leads to
    #: the same id.
    asked: int = 0
    #: Phones besides its own that this call asked to have rung, and how many texts it asked for: both are limited.
    phones_asked: tuple[str, ...] = ()
    texts_asked: int = 0
    wishes: Wishes = Wishes()
    taking: Taking = Taking()

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every phone number in it, however it is written: the caller's, and those that were keyed."""
        return tuple(filter(None, (self.caller, self.keyed, self.wishes.number, self.wishes.typed)))


# --- what comes in --------------------------------------------------------------------------


class Key(msgspec.Struct, frozen=True, gc=False):
    """A key, or the digits of a number that was asked for, ended by hash if the caller pressed it."""

    keys: str


class NoInput(msgspec.Struct, frozen=True, gc=False):
    """No-input: nothing was pressed in time."""


class TransferEnded(msgspec.Struct, frozen=True, gc=False):
    how: Ended


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """The recording has ended after this many seconds: by a key, or by silence (no key)."""

    key: str = ""
    seconds: int = 0


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """A prompt that nobody has recorded: the name of its recording, and its words."""

    name: str
    words: str


class Judged(msgspec.Struct, frozen=True, gc=False):
    """A take that somebody recorded: what makes it unusable, and what to listen for, by their codes."""

    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    #: The name of its sound, as callers would hear it; empty if it cannot be heard.
    sound: str = ""


class Done(msgspec.Struct, frozen=True, gc=False):
    """An effect succeeded. The field that applies has what was found or written."""

    window: Window | None = None
    request: CallbackRequest | None = None
    reference: str = ""
    prompt: Prompt | None = None
    judged: Judged | None = None
    #: Redis is away, so it is kept on this machine's disk and done once Redis is back. What others have cannot be
    #: known until then: whether a slot is free, and whether somebody else asked from this phone.
    spooled: bool = False


class Failed(msgspec.Struct, frozen=True, gc=False):
    """An effect failed: nothing was found, a service that it needs is down, or a limit is reached."""

    limit: Limit = ""


Input = Key | NoInput | TransferEnded | Recorded


# --- what goes out --------------------------------------------------------------------------


class Gather(msgspec.Struct, frozen=True, gc=False):
    """Speak, then wait this many seconds for a key. `digits` over 1 asks for a number."""

    seconds: int
    digits: int = 1


class GatherAfterSound(Gather, frozen=True, gc=False):
    """Play a sound that belongs to no words, such as a take, and then speak and wait for a key."""

    sound: str = ""


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """Speak, then connect the caller to the number with this name in `phones`.

    Keys during the words work as usual, unless `keys` is False. Star during the ringing stops it.
    """

    number: str
    ring_seconds: int
    keys: bool = True


class Record(msgspec.Struct, frozen=True, gc=False):
    """Speak, then record at most this many seconds: a message for a callback request, or a take. `request` is its id.

    It ends after `silence` seconds of silence. Keys during the words work as usual, unless `keys` is False.
    """

    seconds: int
    silence: int
    request: str
    keys: bool = True


class HangUp(msgspec.Struct, frozen=True, gc=False):
    """Speak, then end the call."""


class HoldWindow(msgspec.Struct, frozen=True, gc=False):
    """Hold a slot in the first of these windows that has a free one, while the caller decides.

    With `overbook`, the last window that has slots is used even if it is full, so that nobody is turned away. The
    slot that the call held before is released, and `instead_of` names its window. A slot that their `request` already
    has counts as theirs.
    """

    call: str
    windows: tuple[Window, ...]
    overbook: bool
    instead_of: Window | None = None
    request: str = ""
    #: Whether it is for a number that was keyed. Such a caller can take only a share of the slots.
    keyed: bool = False


class SaveRequest(msgspec.Struct, frozen=True, gc=False):
    """Save a callback request, finished or not, joining an open one of the same number."""

    request: CallbackRequest


class FindRequest(msgspec.Struct, frozen=True, gc=False):
    """Find the request of this phone with this call number."""

    number: str
    reference: str


class MoveRequest(msgspec.Struct, frozen=True, gc=False):
    """Move the caller with this call number to the window that the call holds."""

    id: str
    reference: str
    call: str
    to: Promise


class CancelRequest(msgspec.Struct, frozen=True, gc=False):
    """Cancel what the caller with this call number asked for."""

    id: str
    reference: str


class SendText(msgspec.Struct, frozen=True, gc=False):
    """Queue a text message. The id makes a repetition the same text."""

    id: str
    to: str
    text: str
    body: str
    #: Whether the number was keyed, and is not the one that rang.
    keyed: bool = False


class FindPrompt(msgspec.Struct, frozen=True, gc=False):
    """Find the next prompt that nobody has recorded, except those that this call passed over."""

    call: str
    passed: tuple[str, ...]


class FindTake(msgspec.Struct, frozen=True, gc=False):
    """Find how a take was judged. `Done.judged` is None as long as its recording has not come from Twilio."""

    id: str


class KeepTake(msgspec.Struct, frozen=True, gc=False):
    """Keep a take as the recording of a prompt, for somebody to listen to and confirm."""

    id: str
    name: str


#: Something to do in the middle of a turn. It ends as Done or Failed, so that the caller hears about it only after it
#: has happened.
Effect = (
    HoldWindow | SaveRequest | FindRequest | MoveRequest | CancelRequest | SendText | FindPrompt | FindTake | KeepTake
)
Action = Gather | Transfer | Record | HangUp


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One exchange: the session after it, what is said, and what to wait for."""

    session: Session
    says: Speech
    then: Action
