"""The wish to be rung, while the caller is asked about it: what is saved of it, and what is promised.

A request counts once its number and its urgency are known. From then on the call back is promised, and each further
answer is saved at once: a caller who hangs up or stays silent is still rung, with the care they asked for. A caller who
goes back out of the questions is not rung.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.callbacks.diary import Promise, Urgency, Window
from ivr.callbacks.request import Asker, CallbackRequest, Event, State
from ivr.hours import LONDON
from ivr.places import reply
from ivr.places.kinds import got, wishing
from ivr.places.phrases import Phrases
from ivr.script import END_MENU, Script
from ivr.script.lines import Line, Words
from ivr.script.place import Do, Go, Here, Moved, Transition
from ivr.script.session import At, CancelRequest, Done, Limit, SaveRequest, Session, Wishes
from ivr.spoken import Speech


class RingFailed(Words):
    """The words if a request could not be saved: nothing is promised then."""

    id = "ring_failed"
    say = Line()


class RingLimit(Words):
    """The words if a limit is reached. Each says how to get a person all the same."""

    id = "ring_limit"
    call, phone, all = Line(), Line(), Line()


#: What is said for each limit that a day has.
LIMITED: Mapping[Limit, Line] = {"phone": RingLimit.phone, "all": RingLimit.all}


class RingCancelled(Words):
    """The words after a request was withdrawn or cancelled. `one`: this phone is still rung, for another caller."""

    id = "ring_cancelled"
    say, one, not_rung = Line(), Line(), Line()


# --- the state of the wish ---------------------------------------------------------------


def half_way(script: Script, s: Session, *where: At) -> bool:
    """Whether the caller is being asked: a number is saved, but not all questions are answered."""
    places = script.places
    asking = any((place := places.get(at.node)) is not None and place.unfinished for at in where)
    return asking and bool(s.wishes.reference) and not s.wishes.moving


def counts(s: Session) -> bool:
    """Whether the call back is promised: it is saved, and the urgency is known."""
    return bool(s.wishes.reference) and s.wishes.urgent is not None


def new_wish(here: Here) -> Here:
    """Begin a new wish, which gets a request id of its own. Of the answers so far, only whom it is about is kept."""
    urgency = reply.heard_of_urgency(here.script, here.s)
    wishes = Wishes(urgent=bool(urgency) or None, today=urgency == "today", about=here.s.wishes.about)
    return here.at(replace(here.s, asked=here.s.asked + 1, wishes=wishes))


# --- saving and withdrawing --------------------------------------------------------


def save_unfinished(here: Here, then: Transition) -> Moved:
    """Save the answers so far. The request does not count yet.

    Every request is first saved by this function, so the limit of numbers in one call is applied here.
    """
    number, asked = here.s.wishes.number, here.s.phones_asked
    if is_keyed(here) and number not in asked:
        if len(asked) >= here.script.line.limits.requests.a_call:
            return reply.say(here, here.words(RingLimit.call)), Go(END_MENU)
        here = here.at(replace(here.s, phones_asked=(*asked, number)))

    def kept(here: Here, done: Done) -> Moved:
        return _written(here, done).s, then

    return here.s, Do(SaveRequest(as_request(here, "unfinished")), kept, RingFailed.say, limited=LIMITED)


def own_number(here: Here) -> str:
    """The number that the caller rings from, in E.164; empty if it is hidden or cannot be rung back."""
    return dialling.judge(here.s.caller).e164


def is_keyed(here: Here) -> bool:
    """Whether the number to ring is not the one that rang: it was keyed, or is not known."""
    return not here.s.wishes.number or here.s.wishes.number != own_number(here)


def last_keyed(here: Here) -> str:
    """The number that was keyed and confirmed last in this call, with the present one; nobody has to key it again."""
    return here.s.keyed if here.s.wishes.number == own_number(here) else here.s.wishes.number


def save_counting(here: Here, then: Transition, says: Callable[[Here], Speech] | None = None) -> Moved:
    """Save the request, which counts from now on. `says` is spoken once it is saved."""

    def saved(here: Here, done: Done) -> Moved:
        here = _written(here, done)
        here = here.at(got(replace(here.s, keyed=last_keyed(here)), "request"))
        return reply.say(here, says(here)) if says else here.s, then

    return here.s, Do(SaveRequest(as_request(here, "waiting")), saved, RingFailed.say, limited=LIMITED)


def finished_for(here: Here) -> Moved:
    """Complete the request of a caller who no longer answers, with the careful answer to each open question."""
    return save_counting(wishing(here, urgent=here.s.wishes.urgent is not False), Go("ring_done"))


def withdraw(here: Here, then: Transition) -> Moved:
    """Withdraw the wish, and say so."""

    def withdrawn(here: Here, done: Done) -> Moved:
        words = RingCancelled.one if rung_for_others(done) or done.spooled else RingCancelled.not_rung
        number = here.s.wishes.number
        here = new_wish(here.at(reply.say(here, here.words(words))))
        return wishing(here.at(without_request(here.s, done)), number=number).s, then

    return here.s, Do(CancelRequest(here.s.wishes.request, here.s.wishes.reference), withdrawn, RingFailed.say)


def _written(here: Here, done: Done) -> Here:
    assert done.request
    return wishing(here, request=done.request.id, reference=done.reference, saved_at=_said_at(here))


def _said_at(here: Here) -> float:
    """When the caller says what is saved now: always later than before, although the clock may have been set back.

    What was said later counts (`ivr.callbacks.asking.is_outdated`).
    """
    return max(here.now.timestamp(), here.s.wishes.saved_at + 0.001)


def without_request(s: Session, done: Done) -> Session:
    """The session after a withdrawal: the caller has no request, unless this phone is still rung for another."""
    return s if rung_for_others(done) else replace(s, got=tuple(what for what in s.got if what != "request"))


def rung_for_others(done: Done) -> bool:
    """Whether this phone is still rung, for another caller. Who that is must not be revealed."""
    return done.request is not None and done.request.open


def message_id(s: Session) -> str:
    """The id of the request that a message becomes. It depends only on the call, so it is known before the tone."""
    return f"{s.call}-message"


def as_request(here: Here, state: State) -> CallbackRequest:
    """The wish as a CallbackRequest."""
    s, wishes, seconds = here.s, here.s.wishes, _said_at(here)
    what = "left a message" if wishes.message_only else "asked to be rung back"
    asker = Asker(
        id=message_id(s) if wishes.message_only else f"{s.call}-{s.asked}",
        reference=wishes.reference,
        asked_at=seconds,
        finished=state == "waiting",
        promise=promise_as_heard(here) if state == "waiting" else promise(here),
        urgent=bool(wishes.urgent),
        today=wishes.today,
        pressed_nothing=not s.pressed,
        message_only=wishes.message_only,
        about=wishes.about,
        agreed=wishes.agreed,
        theirs=wishes.theirs,
        message_ok=wishes.message_ok,
        say_who=wishes.say_who,
        needs=wishes.needs,
        language=wishes.language or here.script.in_english,
        slow=s.slow,
        heard=s.heard,
        stuck=s.stuck,
        keyed=is_keyed(here),
        entries=wishes.entries,
    )
    return CallbackRequest(
        asker.id, wishes.number, state=state, askers=(asker,), events=(Event(seconds, "caller", what),)
    )


# --- what is promised ---------------------------------------------------------------------------


def promise(here: Here) -> Promise:
    """The promise to the caller, from their window and their urgency.

    A caller who has not chosen a time yet is rung as soon as somebody is there. If no slot could be held in a window,
    they are rung in the next part of the day of the kind that they chose. An urgent caller is rung before their window
    only if any time is right for them.
    """
    diary, wishes = here.script.diary, here.s.wishes
    first, soon = diary.opening(here.now), _urgent_due(here)
    if wishes.window is None and (chosen := _chosen(here)):
        opens, due = diary.times(chosen)
        return Promise(wishes.when, None, opens, due)
    if wishes.window is None:
        return Promise(opens=first, due=soon)
    opens, due = diary.times(wishes.window)
    if rung_early(here.s):
        opens = min(opens, first)
    if wishes.urgent and not wishes.moving and opens < soon:
        due = min(due, soon)
    return Promise(wishes.when, wishes.window, opens, due)


def _chosen(here: Here) -> Window | None:
    """The first window in the part of the day that a caller chose while no slot could be held in any."""
    wishes = here.s.wishes
    if not wishes.no_slot:
        return None
    return next((window for window in here.script.diary.windows(here.now) if window.part == wishes.when), None)


def rung_early(s: Session) -> bool:
    """Whether the caller is rung before their window: they are urgent, and any time is right for them.

    Not after they have moved the call, because they were then promised a different time.
    """
    return bool(s.wishes.urgent) and s.wishes.when == "any" and not s.wishes.moving


def _urgent_due(here: Here) -> float:
    """By when to ring an urgent caller, or one who hung up half-way, in POSIX seconds."""
    urgency: Urgency = "today" if here.s.wishes.today else "urgent"
    return here.script.diary.due(urgency, here.now, here.script.line.ring_back.urgent_within_hours)


_PARTS = {"morning": Phrases.in_the_morning, "afternoon": Phrases.in_the_afternoon}


def with_promise(here: Here, line: Line) -> Speech:
    """`line` with the day on which we will ring, and the part of the day if that was promised."""
    day, part = _day_and_part(here)
    return spoken.fill(here.words(line), {"day": day, "window": part or here.words(Phrases.at_any_time)})


def promise_in_words(here: Here) -> str:
    """The day, and its part if they were told one, as the caller hears them. Kept with the promise, for the adviser."""
    day, part = _day_and_part(here)
    return spoken.text_of((*day, ",", *part) if part else day).replace(" ,", ",")


def _day_and_part(here: Here) -> tuple[Speech, Speech]:
    """The day on which we will ring, and the part of the day; no part where the promise is the day alone."""
    day, window = _day_heard(here)
    today = here.now.astimezone(LONDON).date()
    return here.script.grammar.date(day, today), here.words(_PARTS[window.part]) if window else ()


def _day_heard(here: Here) -> tuple[dt.date, Window | None]:
    """The day that the caller hears, and their window if they hear the part of the day as well."""
    window = None if rung_early(here.s) else here.s.wishes.window
    due = here.s.wishes.due or promise(here).due
    return (window.day if window else dt.datetime.fromtimestamp(due, LONDON).date()), window


def day_told(here: Here) -> tuple[dt.date, str]:
    """The day that the caller hears, and the part of the day; an empty one if they hear the day alone."""
    day, window = _day_heard(here)
    return day, window.part if window else ""


def promise_as_heard(here: Here) -> Promise:
    """The promise, with the latest time that fits what the caller hears, and its words, if those are English."""
    day, window = _day_heard(here)
    diary, kept = here.script.diary, promise(here)
    by = diary.times(window)[1] if window else diary.end_of(day, kept.due)
    return replace(kept, told=promise_in_words(here) if here.s.language == "en" else "", heard_by=by)
