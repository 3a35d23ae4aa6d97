"""How values are stored: as JSON with the version of its shape, upgraded on reading.

Stored values outlive the program that wrote them. So each shape has a version, and for each earlier version there is a
function that converts its fields to the next one. The rest of the line knows only the current shape. Values of the
line's versions 1.0 to 1.2 have no version number: they are version 1.

Values about people are then encrypted: see `Sealed`, and `ivr/machine/keys.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from ivr.callbacks.request import CallbackRequest
from ivr.machine import keys
from ivr.machine.keys import Keys
from ivr.script.session import Session

log = structlog.get_logger()

T = TypeVar("T")
#: The fields of a stored value, as decoded JSON.
Fields = dict[str, Any]
#: Keys that were already reported, because lists are read every few seconds.
_told: set[str] = set()


def id_of_secret(secret: str) -> str:
    """The name under which Redis keeps what belongs to a secret: a hash, so that reading Redis reveals no secret."""
    return sha256(secret.encode(errors="replace")).hexdigest()[:32]


class Unreadable(ValueError):
    """Raised for a stored value that is damaged, was written by a later version, or is encrypted with another key."""


class Codec(Generic[T]):
    """Encodes and decodes one kind of value. `upgrades` convert version 1 to 2, 2 to 3, and so on."""

    def __init__(self, kind: type[T], *upgrades: Callable[[Fields], Fields]):
        self._kind, self._upgrades, self.version = kind, upgrades, len(upgrades) + 1
        self._encoder, self._decoder = msgspec.json.Encoder(), msgspec.json.Decoder(kind)
        self._head = b'{"v":%d' % self.version

    def encode(self, value: T) -> bytes:
        """The stored form of a value."""
        fields = self._encoder.encode(value)
        return self._head + (b"}" if fields == b"{}" else b"," + fields[1:])

    def decode(self, kept: bytes) -> T:
        """Decode a value stored by this or an earlier version of the line. Raises Unreadable."""
        try:
            if kept.startswith(self._head + b","):
                return self._decoder.decode(kept)
            return msgspec.convert(self._upgraded(msgspec.json.decode(kept)), self._kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as error:
            raise Unreadable(str(error)) from error

    def _upgraded(self, fields: Fields) -> Fields:
        version = fields.pop("v", 1)
        if version > self.version:
            raise Unreadable(f"It has version {version}, and this version of the line knows only up to {self.version}")
        for upgrade in self._upgrades[version - 1 :]:
            fields = upgrade(fields)
        return fields


class Sealed(Generic[T]):
    """A codec whose values are encrypted. `kind` is authenticated with each value, so that a value of one kind cannot
    be put in place of one of another kind.
    """

    def __init__(self, codec: Codec[T], keys: Keys, kind: bytes):
        self._codec, self._keys, self._kind = codec, keys, kind

    def encode(self, value: T) -> bytes:
        """The stored form of a value, encrypted with the newest key."""
        return self._keys.seal(self._codec.encode(value), self._kind)

    def decode(self, kept: bytes) -> T:
        """Decrypt and decode a value, or one that an earlier version stored in the clear. Raises Unreadable."""
        try:
            return self._codec.decode(self._keys.open(kept, self._kind))
        except keys.Locked as error:
            raise Unreadable(str(error)) from error

    def readable(self, keys: Sequence[str], values: Iterable[bytes | None]) -> list[T]:
        """The values that exist and can be read. A damaged one is left out, and logged once."""
        found = []
        for key, value in zip(keys, values, strict=True):
            try:
                if value:
                    found.append(self.decode(value))
            except Unreadable as error:
                if key not in _told:
                    _told.add(key)
                    log.error("unreadable", key=key, why=str(error))
        return found


# --- requests -------------------------------------------------------------------------------

#: Fields that version 1 stored for the request, and the current one for each asker.
_OF_ASKERS = ("urgent", "today", "pressed_nothing", "message_only", "message_ok", "say_who")
_OF_ALL = ("needs", "slow", "heard", "stuck")


def _request_of_askers(old: Fields) -> Fields:
    """Upgrade: version 1 stored in the request what is true for all its askers. (The line's version 1.0 stored times
    and answers only there.)

    Version 1 dropped askers who had gone. What is known is how many they were, and what the request kept of them.
    """
    own = {name: old[name] for name in _OF_ASKERS if name in old}
    own["promise"] = {
        name: old[kept]
        for name, kept in (("when", "when"), ("window", "slot"), ("opens", "opens"), ("due", "due"))
        if kept in old
    }
    askers = [asker if asker.get("promise", {}).get("due") else {**asker, **own} for asker in old.get("askers", ())]
    count = max(old.get("times_asked", 1) - len(askers), 0 if askers else 1)
    call = old["id"].rsplit("-", 1)[0]
    gone = [
        {"id": f"{call}-gone{nth}" if askers or nth else old["id"], **({} if askers else own)} for nth in range(count)
    ]
    first = (gone or askers)[0]
    first.update({name: old[name] for name in _OF_ALL if name in old})
    first.update(heard_from=first.get("asked_at", old["asked_at"]), asked_at=old["asked_at"])
    for other in gone[1:]:
        other["asked_at"] = old["asked_at"]
    for answer in ("message_ok", "say_who"):
        if old.get(answer) is False and not any(asker.get(answer) is False for asker in askers):
            first[answer] = False
    messages = [{"at": old["asked_at"], "wish": old["id"], **message} for message in old.get("messages", ())]
    as_it_was = ("id", "number", "number_typed", "number_by", "state", "claimed_by", "claimed_at", "claim_ends")
    return {
        **{name: old[name] for name in (*as_it_was, "tries", "events", "end") if name in old},
        "askers": askers, "gone": gone, "messages": messages,
    }  # fmt: skip


# --- sessions -------------------------------------------------------------------------------


def _window_by_its_name(old: Fields) -> Fields:
    """Upgrade: version 1 stored a window as `slot`."""
    wishes = copy.copy(old.get("wishes", {}))
    if "slot" in wishes:
        wishes["window"] = wishes.pop("slot")
    return {**old, "wishes": wishes}


def _flags_of_their_own(old: Fields) -> Fields:
    """Upgrade: version 2 had shorter names, and kept at `part` 1 what was already heard at a place without parts."""
    new = dict(old)
    for before, name in (("led", "rung_unasked"), ("entered", "number_ended_at")):
        if before in new:
            new[name] = new.pop(before)
    return {**new, "place": _heard_already(old["place"]), "trail": [_heard_already(at) for at in old.get("trail", ())]}


def _heard_already(at: Fields) -> Fields:
    """Upgrade one position: at the steps in `_REPEAT`, version 2 set `part` to 1 for what had been heard before."""
    if at["node"] not in _REPEAT:
        return at
    return {name: value for name, value in at.items() if name != "part"} | {"repeated": bool(at.get("part"))}


#: Steps without parts, at which version 2 used `part` 1 to say less the second time.
_REPEAT = frozenset(
    ("person_away", "ring_check", "text_check", "ring_number", "text_number", "ring_reference", "letter_date")
)


def _in_english(old: Fields) -> Fields:
    """Upgrade: version 3 knew no language but English."""
    return {**old, "language": "en"}


REQUESTS = Codec(CallbackRequest, _request_of_askers)
SESSIONS = Codec(Session, _window_by_its_name, _flags_of_their_own, _in_english)
