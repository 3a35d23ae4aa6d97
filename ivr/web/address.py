"""Encodes a call's place in the URL of the next webhook, so that the call can continue while Redis is down."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from ivr.script import MAIN_MENU
from ivr.script.session import At, Ended, Got, Session


@dataclass(frozen=True)
class Address:
    """The state of a call as encoded in a URL: enough to continue while Redis is down, and no more about the caller.

    It contains the place and one step back, the counters of silence and unused keys, and how the caller wants to be
    spoken to. Its fields are separated by dots: place, part, offer, revision, flags, counts, step back, language.
    """

    place: At
    revision: str
    #: One letter for each setting that is on: see `_flags`. 'a': this turn was answered without Redis.
    flags: str
    #: In the order of `_COUNTED`.
    counts: tuple[int, ...]
    back: At | None
    language: str = "en"

    @staticmethod
    def of(session: Session, alone: bool) -> str:
        """The state of a session as text for a URL. `alone`: whether this turn was answered without Redis."""
        s, place = session, session.place
        flags = "".join(flag for flag, is_set in _flags(s).items() if is_set) + "a" * alone
        back = f"{s.trail[-1].node}-{s.trail[-1].part}" if s.trail else ""
        return (
            f"{place.node}.{place.part}.{'p' if place.pen else place.offer}.{s.revision}.{flags}"
            f".{'-'.join(str(getattr(s, name)) for name in _COUNTED)}.{back}"
            + (f".{s.language}" if s.language != "en" else "")
        )

    @classmethod
    def read(cls, text: str) -> Address | None:
        """Parse what `of` wrote; None for anything else."""
        try:
            node, part, offer, revision, flags, counts, back, *language = text.split(".")
            counted = tuple(map(int, counts.split("-")))
            before, _, at = back.partition("-")
            place = At(node, int(part), 0 if offer == "p" else int(offer), pen=offer == "p", repeated="r" in flags)
            if len(counted) != len(_COUNTED):
                return None
            return cls(place, revision, flags, counted, At(before, int(at)) if back else None, *language[:1])
        except ValueError:
            return None

    @property
    def alone(self) -> bool:
        """Whether the previous turn was answered without Redis."""
        return "a" in self.flags

    def session(self, stored: Session | None, call_sid: str, caller: str, turn: int) -> Session:
        """The session from this address. What an address does not hold is taken from the session `stored` before."""
        known = stored or Session(call_sid, self.revision, At(MAIN_MENU), caller=caller)
        trail = known.trail
        if self.back and (not trail or trail[-1].node != self.back.node):
            trail = (*trail, self.back)
        away = next((how for letter, how in _AWAY.items() if letter in self.flags), "")
        got = tuple(what for letter, what in _GOT.items() if letter in self.flags)
        return replace(
            known, turn=turn, trail=trail, language=self.language, drafts="d" in self.flags, slow="s" in self.flags,
            more_time="m" in self.flags,
            one_key="o" in self.flags, rung_unasked="l" in self.flags, interrupted="i" in self.flags,
            pressed="p" in self.flags,
            message_offered="v" in self.flags, away=away, got=got, visited=None,
            **dict(zip(_COUNTED, self.counts, strict=True)),
        )  # fmt: skip


#: The counters in an address.
_COUNTED = ("silences", "wrongs", "waited", "slips", "quiet", "turned_away", "fruitless")
#: Letters in an address for why nobody could talk, and for what the caller has got.
_AWAY: dict[str, Ended] = {"B": "busy", "N": "no_answer", "F": "failed", "S": "stopped"}
_GOT: dict[str, Got] = {"C": "transfer", "R": "request", "T": "text"}


def _flags(s: Session) -> dict[str, bool]:
    """The flags of a session, by their letter in an address."""
    return {
        "s": s.slow, "m": s.more_time, "o": s.one_key, "l": s.rung_unasked, "p": s.pressed, "v": s.message_offered,
        "i": s.interrupted, "r": s.place.repeated, "d": s.drafts,
        **{letter: s.away == how for letter, how in _AWAY.items()},
        **{letter: what in s.got for letter, what in _GOT.items()},
    }  # fmt: skip
