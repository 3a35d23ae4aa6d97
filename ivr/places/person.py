"""Being put through to a person, and the alternatives when nobody can talk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from ivr.hours import LONDON
from ivr.places import reply
from ivr.places.kinds import GO_BACK, Asks, HandsOver, Pick, got
from ivr.places.phrases import Phrases, Trouble
from ivr.places.reply import PERSON_KEY
from ivr.places.wish import counts, half_way, save_counting, save_unfinished
from ivr.script import END_MENU, Script
from ivr.script.lines import Line, label
from ivr.script.place import STAY, Go, Here, Moved, Place
from ivr.script.session import Action, At, HangUp, Input, Key, Recorded, Session, Transfer, TransferEnded
from ivr.spoken import Speech, fill, text_of

#: After this many requests in a row for a person when nobody can talk, the line asks for a message instead, because
#: more ringing would only cost the caller time.
MOST_TURNED_AWAY = 3


def can_ring(here: Here) -> bool:
    """Whether a person can be rung now."""
    script = here.script
    is_open = script.hours.is_open(here.now)
    return is_open and here.s.turned_away < MOST_TURNED_AWAY and bool(script.phones_for_a_person)


class _Rings(HandsOver):
    """Rings one phone after another."""

    takes = TransferEnded
    stands_alone = True
    helped_within = 8 * 60

    def left(self, at: At) -> At | None:
        return None

    def action(self, here: Here) -> Action:
        ring_seconds = here.script.line.transfer.ring_seconds
        return Transfer(here.script.phones_for_a_person[here.s.place.part], ring_seconds)

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        assert isinstance(event, TransferEnded)
        s, place = here.s, here.s.place
        if event.how == "answered":
            return _talked(here)
        if event.how != "stopped" and place.part + 1 < len(here.script.phones_for_a_person):
            return replace(s, lead=(), place=replace(place, part=place.part + 1)), STAY
        unasked = self.comes_unasked and event.how != "stopped"
        here = here.at(replace(s, turned_away=s.turned_away + 1, away=event.how))
        return reply.say(here, here.words(WHY_AWAY[event.how])), Go("message" if unasked else _away(here))


def _talked(here: Here) -> Moved:
    here = here.at(got(replace(here.s, turned_away=0, away=""), "transfer"))
    s = reply.say(here, here.words(Person.ended))
    if not half_way(here.script, s, *s.trail):
        return s, Go(END_MENU)
    # An adviser who later rings about the unfinished request sees that they talked to somebody.
    here = here.at(replace(s, heard=(*s.heard, Person.id)))
    return (save_counting if counts(s) else save_unfinished)(here, Go(END_MENU))


class Person(_Rings):
    """Key 0. A phone must ring within three seconds."""

    id = "person"
    say, try_next, ended = Line(), Line(), Line()
    for_staff = True

    def arrive(self, here: Here) -> Moved:
        if can_ring(here):
            return here.s, STAY
        is_open = here.script.hours.is_open(here.now)
        if is_open and here.script.phones_for_a_person:
            return _instead(here.at(reply.say(here, here.words(PersonAway.tried))))
        here = here.at(replace(here.s, turned_away=here.s.turned_away + 1))
        if is_open:  # there is no phone to ring
            here = here.at(replace(here.s, away="failed"))
            return _instead(here.at(reply.say(here, here.words(PersonAway.failed))))
        return _instead(here.at(reply.say(here, here.words(PersonAway.closed), open_again(here))))

    def says(self, here: Here) -> Speech:
        return here.words(self.try_next if here.s.place.part else self.say)

    def took(self, here: Here, event: Input) -> Moved | None:
        """Key 0 again rings at once."""
        if isinstance(event, Key) and event.keys[:1] == PERSON_KEY:
            return replace(here.s, interrupted=True), STAY
        return super().took(here, event)


def _instead(here: Here) -> Moved:
    """Where to go when nobody can talk; for a caller who keeps asking for a person, a message that needs no key."""
    to_message = here.s.turned_away >= MOST_TURNED_AWAY and not here.s.message_offered
    return here.s, Go("message" if to_message else _away(here))


def _away(here: Here) -> str:
    """Where nobody can talk: the alternatives, or the one question of the number without menus."""
    return "door" if here.s.door else "person_away"


class StayOn(_Rings):
    """Rings a person, unasked, for a caller who is stuck."""

    id = "stay_on"
    say = Line()
    comes_unasked = True
    helped_within = Place.helped_within

    def arrive(self, here: Here) -> Moved:
        """The second time it rings without words: the caller has heard them, and pressed a key meanwhile."""
        return replace(here.s, interrupted=here.s.rung_unasked, rung_unasked=True), STAY

    def says(self, here: Here) -> Speech:
        """Only that a person is rung. How to stop the ringing, and what key 1 does, would each take four seconds more,
        and the caller has pressed nothing so far. Both keys work all the same, and `message` names key 1.
        """
        return here.words(Person.try_next if here.s.place.part else self.say)


class PersonAway(Asks):
    """Says why nobody can talk, and offers the alternatives."""

    id = "person_away"
    closed, busy, no_answer, failed, stopped = Line(), Line(), Line(), Line(), Line()
    tried, not_asked, number = Line(), Line(), Line()
    ring_back, text, listen = label(), label(), label()
    go_on = Line()
    picks = (Pick(ring_back, "ring_back"), Pick(text, "send_text"), Pick(listen, GO_BACK, said=go_on))
    stands_alone = person_is_away = number_is_last = True
    helped_within = 8 * 60

    def says(self, here: Here) -> Speech:
        return ()

    def says_after_choices(self, here: Here) -> Speech:
        """The hours and the number, once. They come last, because a caller who needs a person has waited enough."""
        return () if here.s.place.repeated else here.words(self.number)

    def is_offered(self, here: Here, pick: Pick) -> bool:
        return pick.label is not self.text or here.script.offers_texts

    def choices_only(self, at: At, s: Session) -> At:
        return replace(at, repeated=True, offer=0)

    def picked(self, here: Here, pick: Pick) -> Moved:
        s, to = super().picked(here, pick)
        return (replace(s, topic="") if pick.label is self.text else s), to  # our number, whatever was listened to


#: The words for each way in which a transfer ends without a talk.
WHY_AWAY: Mapping[str, Line] = {
    "busy": PersonAway.busy,
    "no_answer": PersonAway.no_answer,
    "failed": PersonAway.failed,
    "stopped": PersonAway.stopped,
}


def open_again(here: Here) -> Speech:
    """When the line opens again; empty if it never does."""
    opens = here.script.hours.next_open(here.now)
    if opens is None:
        return ()
    grammar = here.script.grammar
    day = grammar.date(opens.date(), here.now.astimezone(LONDON).date())
    return fill(here.words(Phrases.open_again), {"day": day, "time": (grammar.at(opens.time()),)})


def why_nobody(here: Here) -> Speech:
    """Why nobody can talk to the caller now; empty if no person was rung."""
    if not here.script.hours.is_open(here.now):
        return here.words(PersonAway.closed)
    return here.words(WHY_AWAY[here.s.away]) if here.s.away else ()


# --- the end ------------------------------------------------------------------------------------


class _Ends(HandsOver):
    """Ends the call. No key can interrupt, so the words are heard in full."""

    stands_alone = True

    def action(self, here: Here) -> Action:
        return HangUp()

    def says(self, here: Here) -> Speech:
        return reply.say(here.at(replace(here.s, lead=())), *self.parting(here)).lead

    def parting(self, here: Here) -> tuple[Speech, ...]:
        raise NotImplementedError


class Told(_Ends):
    """The least that any caller gets: why nobody can talk, when somebody can, and which number to ring.

    For a blocked phone, a person is rung only after a key. If no key was pressed, that is the reason.
    """

    id = "told"

    def parting(self, here: Here) -> tuple[Speech, ...]:
        opens = () if here.script.hours.is_open(here.now) else open_again(here)
        why = why_nobody(here) or here.words(PersonAway.not_asked)
        return why, opens, here.words(PersonAway.number), here.words(Goodbye.say)


class Goodbye(_Ends):
    """The end for a caller who has got something: says that their request stands."""

    id = "goodbye"
    say, rung = Line(), Line()

    def parting(self, here: Here) -> tuple[Speech, ...]:
        return here.words(self.rung) if "request" in here.s.got else (), here.words(self.say)


# --- when nothing of the line works -------------------------------------------------------------


class LastWords(NamedTuple):
    """What a caller hears, and who is rung, when nothing of the line works any more."""

    sorry: str
    number: str
    ends: str
    phone: str


def when_all_fails(script: Script) -> LastWords:
    """The same for every call, so it can be stored outside the line, for example at Twilio."""
    phones = [script.line.phones[name] for name in script.phones_for_a_person]
    sorry, number, ends = (text_of(script.speech(line)) for line in (Trouble.say, PersonAway.number, Trouble.ends))
    return LastWords(sorry, number, ends, phones[0] if phones else "")
