"""How values are kept: as JSON that names the version of its shape, and is upgraded when it is read.

What is kept outlives the program that wrote it. So each shape has a version, and for each version before the present
one a function that makes its fields those of the next. The rest of the line knows the present shape only. What the
versions 1.0 to 1.2 of the line kept names no version: that is version 1.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from ivr.request import CallbackRequest
from ivr.session import Session

log = structlog.get_logger()

T = TypeVar("T")
#: The fields of a kept value, as JSON has them.
Fields = dict[str, Any]
#: Keys that were already reported, because lists are read every few seconds.
_told: set[str] = set()


class Unreadable(ValueError):
    """Raised for a kept value that is damaged, or that a later version of the line wrote."""


class Codec(Generic[T]):
    """Writes and reads one kind of value. `upgrades`: from version 1 to 2, from 2 to 3, and so on."""

    def __init__(self, kind: type[T], *upgrades: Callable[[Fields], Fields]):
        self._kind, self._upgrades, self.version = kind, upgrades, len(upgrades) + 1
        self._encoder, self._decoder = msgspec.json.Encoder(), msgspec.json.Decoder(kind)
        self._head = b'{"v":%d' % self.version

    def encode(self, value: T) -> bytes:
        """The value as it is kept."""
        fields = self._encoder.encode(value)
        return self._head + (b"}" if fields == b"{}" else b"," + fields[1:])

    def decode(self, kept: bytes) -> T:
        """The value that was kept, by this version of the line or one before. Raises Unreadable."""
        try:
            if kept.startswith(self._head + b","):
                return self._decoder.decode(kept)
            return msgspec.convert(self._upgraded(msgspec.json.decode(kept)), self._kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as error:
            raise Unreadable(str(error)) from error

    def _upgraded(self, fields: Fields) -> Fields:
        version = fields.pop("v", 1)
        if version > self.version:
            raise Unreadable(f"A later version of the line wrote it: {version}, where this one knows {self.version}")
        for upgrade in self._upgrades[version - 1 :]:
            fields = upgrade(fields)
        return fields

    def readable(self, keys: Sequence[str], values: Iterable[bytes | None]) -> list[T]:
        """The values that are there and can be read: a damaged one hides no other, and the log says which, once."""
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

#: What version 1 kept of a request, and the present one keeps of each asker.
_OF_ASKERS = ("urgent", "today", "pressed_nothing", "message_only", "message_ok", "say_who")
_OF_ALL = ("needs", "slow", "heard", "stuck")


def _request_of_askers(old: Fields) -> Fields:
    """Version 1 kept what holds for all of the askers beside them, and 1.0 kept the time and the answers only so.

    Askers who had gone were dropped. What is known of them is how many there were, and what they left with the request.
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
    """Version 1 kept a window as `slot`."""
    wishes = copy.copy(old.get("wishes", {}))
    if "slot" in wishes:
        wishes["window"] = wishes.pop("slot")
    return {**old, "wishes": wishes}


REQUESTS = Codec(CallbackRequest, _request_of_askers)
SESSIONS = Codec(Session, _window_by_its_name)
