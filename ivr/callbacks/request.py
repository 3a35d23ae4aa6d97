"""A callback request: the callers who asked from one phone to be rung, and what follows for all of them.

A request belongs to a phone, and phones are shared. So each caller who asked has their own call number, time and
answers. Everything about all of them together is derived from these, each time it is needed. Times are POSIX seconds,
so that daylight saving time does not move a request in the queue.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ivr.callbacks.came import Came
from ivr.callbacks.diary import Promise, Urgency, When, Window

State = Literal["unfinished", "waiting", "claimed", "done", "gave up", "cancelled", "put aside", "lapsed"]
Need = Literal["relay", "interpreter", "slow"]
#: How an adviser and a caller came to talk.
How = Literal["put through", "one click", "by hand"]
#: Whom a caller asks about: their own child, themselves, or somebody else. Empty: they were not asked.
About = Literal["", "child", "me", "other"]

ENDED: frozenset[State] = frozenset({"done", "gave up", "cancelled", "put aside", "lapsed"})
#: Seconds after which a talk counts as over if its end was not reported; and after which one that was rung by hand
#: does, whose end is never reported.
LONGEST_TALK, LONGEST_BY_HAND = 3 * 60 * 60, 60 * 60


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry in a request's history: when, by whom ('caller' for the caller), and what happened."""

    at: float
    who: str
    what: str
    note: str = ""
    #: The id of the report that led to this entry, if the report may be delivered twice.
    news: str = ""


class Asker(msgspec.Struct, frozen=True, omit_defaults=True):
    """One caller's wish to be rung: its id, what the caller was given, and their answers."""

    id: str
    #: Their call number, once the wish is saved.
    reference: str = ""
    #: When they began to ask, and when they last answered a question.
    asked_at: float = 0.0
    heard_from: float = 0.0
    #: Whether this caller has answered everything that is needed.
    finished: bool = False
    promise: Promise = Promise()
    urgent: bool = False
    #: The highest urgency: a time limit today or tomorrow, or a child out of school today. Implies `urgent`.
    today: bool = False
    #: Whether they pressed no key in the whole call.
    pressed_nothing: bool = False
    #: Whether the request consists of spoken messages only.
    message_only: bool = False
    about: About = ""
    #: For somebody else: whether that person knows and agrees (None: not asked), and whether the phone to ring is
    #: theirs, and not the caller's own.
    agreed: bool | None = None
    theirs: bool = False
    #: What they wrote in a text; and whether to answer it by text, because it does not ask for a call.
    wrote: str = ""
    by_text: bool = False
    #: None: not asked, so the careful answer applies.
    message_ok: bool | None = None
    say_who: bool | None = None
    needs: tuple[Need, ...] = ()
    #: The English name of the language they chose; "another language" if they said its name after the tone; empty:
    #: English. A name, because it must be understood when the line does not have that language any more.
    language: str = ""
    slow: bool = False
    #: What they listened to, and where silence or wrong keys stopped them.
    heard: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    #: Whether the number is not the one that rang: it was keyed, or is not known.
    keyed: bool = False
    #: What they entered at other places, as pairs of the place's name and text: a date as "2026-11-24".
    entries: tuple[tuple[str, str], ...] = ()

    @property
    def last_heard(self) -> float:
        """When they last said anything."""
        return max(self.asked_at, self.heard_from)


class SpokenMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message left after the tone: the name of its file, and its length in seconds."""

    name: str
    seconds: int
    #: When it was left, and the id of the wish it was left with.
    at: float = 0.0
    wish: str = ""
    #: False if it certainly contains no speech.
    speech: bool = True
    #: The advisers who played it; and the first who marked it as listened to, with the time.
    played_by: tuple[str, ...] = ()
    heard_by: str = ""
    heard_at: float = 0.0


class Talk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call between an adviser and this phone, from the moment that the adviser picked up."""

    #: The id of the telephone call that reports its end; empty if it was rung by hand.
    call: str
    #: The adviser; empty if it is not known who picked up.
    who: str
    how: How
    began: float
    ended: float = 0.0

    def lasts(self, now: float) -> bool:
        """Whether it is going on."""
        longest = LONGEST_BY_HAND if self.how == "by hand" else LONGEST_TALK
        return not self.ended and now < self.began + longest


class Before(msgspec.Struct, frozen=True, omit_defaults=True):
    """A phone that was to be rung before one of its callers gave another: the id of their wish, the number (E.164), who
    confirmed it, and what they had allowed there.
    """

    wish: str
    number: str
    number_by: str = ""
    message_ok: bool | None = None
    say_who: bool | None = None
    keyed: bool = False


class CallbackRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A phone to ring, and everybody who asked from it. What holds for all of them is derived from their answers."""

    id: str
    #: The number to ring, in E.164. Empty if the caller left a message from a hidden number.
    number: str
    #: The number that an adviser heard in a message, until it is confirmed; and the adviser who confirmed `number`, or
    #: to whom the caller gave it.
    number_typed: str = ""
    number_by: str = ""
    #: The phones that were to be rung before, the latest last.
    before: tuple[Before, ...] = ()
    state: State = "unfinished"
    #: Callers who are waiting to be rung; and callers who no longer are, because they were talked to, asked again, or
    #: cancelled.
    askers: tuple[Asker, ...] = ()
    gone: tuple[Asker, ...] = ()
    messages: tuple[SpokenMessage, ...] = ()
    claimed_by: str = ""
    claimed_at: float = 0.0
    claim_ends: float = 0.0
    #: The talk that is going on; or the last one, until somebody says what came of it.
    talk: Talk | None = None
    #: The adviser with whom the next call was agreed; empty for anybody.
    with_whom: str = ""
    #: What came of the last talk.
    came: Came = ()
    #: The highest level of help that was said in all its talks; empty: none.
    help: str = ""
    tries: int = 0
    events: tuple[Event, ...] = ()
    #: The event that ended it. Notes may follow.
    end: Event | None = None

    @property
    def open(self) -> bool:
        """Whether somebody is still waiting to be rung."""
        return self.state not in ENDED

    def talking(self, now: float) -> Talk | None:
        """The talk that is going on."""
        return self.talk if self.talk and self.talk.lasts(now) else None

    def being_rung(self, now: float) -> Talk | None:
        """The talk that is going on because an adviser rings the caller, and not one in which they were put through."""
        talk = self.talking(now)
        return talk if talk and talk.how != "put through" else None

    def holder(self, now: float) -> str:
        """The adviser who has it: their time is not over, or it has not begun, since they or whoever handed it to them
        are talking to the caller. Empty if nobody has it.
        """
        talk = self.talking(now)
        talks = talk is not None and (talk.who == self.claimed_by or self.being_rung(now) is not None)
        return self.claimed_by if self.state == "claimed" and (self.claim_ends > now or talks) else ""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number that it has or had, and one that was typed and is not confirmed."""
        known = (self.number, self.number_typed, *(each.number for each in reversed(self.before)))
        return tuple(dict.fromkeys(filter(None, known)))

    # --- of all who ever asked ----------------------------------------------------------------

    @property
    def everybody(self) -> tuple[Asker, ...]:
        """Everybody who ever asked, in order."""
        if not self.gone and len(self.askers) == 1:
            return self.askers
        return tuple(sorted((*self.gone, *self.askers), key=lambda asker: asker.asked_at))

    @property
    def ids(self) -> set[str]:
        """Its own id and those of all wishes in it, of which one may have been a request of its own before."""
        return {self.id, *(asker.id for asker in self.everybody)}

    @property
    def times_asked(self) -> int:
        return len(self.gone) + len(self.askers)

    @property
    def asked_at(self) -> float:
        """When the first of them asked."""
        return min((asker.asked_at for asker in self.everybody), default=0.0)

    @property
    def last_heard(self) -> float:
        """When one of them last said anything."""
        return max((asker.last_heard for asker in self.everybody), default=0.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(dict.fromkeys(need for asker in self.everybody for need in asker.needs))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages other than English that callers asked to be spoken to in."""
        return tuple(dict.fromkeys(asker.language for asker in self.everybody if asker.language))

    @property
    def slow(self) -> bool:
        return any(asker.slow for asker in self.everybody)

    @property
    def heard(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place for asker in self.everybody for place in asker.heard))

    @property
    def stuck(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place for asker in self.everybody for place in asker.stuck))

    # --- of those who wait ----------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether at least one caller answered everything that is needed; otherwise all of them hung up half-way."""
        return any(asker.finished for asker in self.askers)

    @property
    def promise(self) -> Promise:
        """The earliest promise, counting unfinished callers only if nobody finished."""
        waiting = self.askers or self.gone
        if len(waiting) == 1:  # most requests; a list of thousands reads it of each
            return waiting[0].promise
        told = [asker.promise for asker in waiting if asker.finished] or [asker.promise for asker in waiting]
        return min(told, key=lambda promise: promise.due, default=Promise())

    @property
    def when(self) -> When:
        return self.promise.when

    @property
    def window(self) -> Window | None:
        return self.promise.window

    @property
    def opens(self) -> float:
        """The earliest time to ring."""
        return self.promise.opens

    @property
    def due(self) -> float:
        """The latest time to ring."""
        return self.promise.due

    @property
    def urgency(self) -> Urgency:
        """The urgency of the most urgent caller."""
        return "today" if self.today else "urgent" if self.urgent else ""

    @property
    def urgent(self) -> bool:
        return any(asker.urgent for asker in self.askers)

    @property
    def today(self) -> bool:
        return any(asker.today for asker in self.askers)

    @property
    def pressed_nothing(self) -> bool:
        """Whether one of them pressed no key in the whole call."""
        return any(asker.pressed_nothing for asker in self.askers)

    @property
    def message_only(self) -> bool:
        return bool(self.askers) and all(asker.message_only for asker in self.askers)

    @property
    def by_text(self) -> bool:
        """Whether one of them is to be answered by text."""
        return any(asker.by_text for asker in self.askers)

    @property
    def wrote(self) -> tuple[str, ...]:
        """What they wrote in texts, the latest last."""
        return tuple(asker.wrote for asker in self.everybody if asker.wrote)

    @property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """What callers entered at other places, each pair once."""
        return tuple(dict.fromkeys(entry for asker in self.askers for entry in asker.entries))

    # --- what may be said -------------------------------------------------------------------------

    @property
    def message_ok(self) -> bool | None:
        """Whether a message may be left; None if nobody was asked, so that the careful answer applies."""
        return _more_careful(
            [asker.message_ok for asker in self.everybody], [asker.message_ok for asker in self.askers]
        )

    @property
    def say_who(self) -> bool | None:
        """Whether the adviser may say who is ringing; None if nobody was asked, so that the careful answer applies."""
        return _more_careful([asker.say_who for asker in self.everybody], [asker.say_who for asker in self.askers])

    def may_leave_message(self) -> bool:
        """Only a clear yes counts."""
        return self.message_ok is True

    def may_say_who(self) -> bool:
        """Only a clear yes counts."""
        return self.say_who is True

    # --- who is who -------------------------------------------------------------------------------

    @property
    def may_be_blocked(self) -> bool:
        """Whether the phone showed its number and did nothing but leave messages, as pockets and machines do."""
        return self.message_only and bool(self.number) and not self.number_by

    def asker(self, wish: str) -> Asker | None:
        """The waiting caller whose wish has this id."""
        return next((asker for asker in self.askers if asker.id == wish), None)

    def wished(self, wish: str) -> Asker | None:
        """The caller whose wish has this id, also one who does not wait any more."""
        return self.asker(wish) or next((asker for asker in self.gone if asker.id == wish), None)

    def moved(self, wish: str) -> bool:
        """Whether the caller whose wish has this id gave another number since."""
        return any(each.wish == wish for each in self.before)

    def reference_of(self, wish: str) -> str:
        """The call number of the caller whose wish has this id, also of one who does not wait any more."""
        asker = self.wished(wish)
        return asker.reference if asker else ""

    def caller(self, reference: str) -> Asker | None:
        """The waiting caller with this call number."""
        return next((asker for asker in self.askers if asker.reference == reference), None)

    def wishes_of(self, call_sid: str) -> tuple[str, ...]:
        """The ids of the wishes from one phone call, the latest first: the request's own, and those that joined it."""
        wishes = dict.fromkeys((*(asker.id for asker in reversed(self.askers)), self.id))
        return tuple(wish for wish in wishes if wish.rsplit("-", 1)[0] == call_sid)


def _more_careful(everybody: list[bool | None], waiting: list[bool | None]) -> bool | None:
    """A "no" always counts, even from a caller who is gone; a "yes" counts while its caller waits and nobody
    said "no".
    """
    if False in everybody:
        return False
    return True if True in waiting else None
