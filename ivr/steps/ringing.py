"""Being rung back: asking for it, leaving a message, and changing or cancelling it later.

What a caller has confirmed is written down at once, so that whoever hangs up half-way is
rung all the same, and with the care they asked for. Whoever goes back out is not rung.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr import callback, dialling, spoken
from ivr.callback import REFERENCE_DIGITS, CallbackRequest
from ivr.hours import LONDON
from ivr.script import END_MENU, Reading, Script
from ivr.session import (
    CancelRequest,
    Done,
    FindRequest,
    HoldWindow,
    Input,
    MoveRequest,
    Place,
    Record,
    Recorded,
    SaveRequest,
    Session,
    Wishes,
)
from ivr.spoken import Speech
from ivr.steps import entry
from ivr.steps.kinds import (
    BACK,
    CALLER,
    STAY,
    Asks,
    Choice,
    HandsOver,
    Moved,
    Runs,
    Step,
    TakesDigits,
    no,
    not_sure,
    phone,
    said,
    words,
    yes,
)

# --- which number ---------------------------------------------------------------------------


def _arrive(script: Script, s: Session, now: dt.datetime) -> Moved:
    s = _anew(script, s)
    own = dialling.judge(s.caller)
    if own.verdict == "fine":
        return s, STAY
    s = said(script, s, script.says[f"ring_number.{own.verdict}"])
    if s.keyed:
        return replace(s, wishes=replace(s.wishes, number=s.keyed)), "ring_check"
    return s, "ring_number"


def _anew(script: Script, s: Session) -> Session:
    """A wish of its own each time, so that none is ever taken for another."""
    topic = script.nodes.get(s.topic)
    urgent = isinstance(topic, Reading) and topic.urgent
    return replace(s, asked=s.asked + 1, wishes=Wishes(urgent=urgent or None))


def _check(script: Script, s: Session, now: dt.datetime) -> Speech:
    return spoken.fill(script.says["ring_check.ask"], {"typed_number": phone(script, s.wishes.number)})


# --- writing it down ------------------------------------------------------------------------


def _request(script: Script, s: Session, now: dt.datetime, state: callback.State) -> CallbackRequest:
    wishes, seconds = s.wishes, now.timestamp()
    request = CallbackRequest(
        id=f"{s.call}-{s.asked}",
        number=wishes.number,
        asked_at=seconds,
        state=state,
        opens=seconds,
        due=_urgent_due(script, now),
        urgent=bool(wishes.urgent),
        message_ok=wishes.message_ok,
        say_who=wishes.say_who,
        needs=wishes.needs,
        slow=s.slow,
        heard=s.heard,
        stuck=s.stuck,
        events=(callback.Event(seconds, "caller", "asked to be rung back"),),
    )
    if wishes.window is None:
        return request
    opens, due = _times(script, s, now)
    return replace(request, window=wishes.window, when=wishes.when, opens=opens, due=due)


def _times(script: Script, s: Session, now: dt.datetime) -> tuple[float, float]:
    """Between which moments the caller should be rung, by the window they have and whether time is short."""
    assert s.wishes.window
    opens, due = callback.times(s.wishes.window, script.parts, script.hours)
    if not s.wishes.urgent:
        return opens, due
    at_once = s.wishes.when == "any"
    return callback.sooner(opens, due, now.timestamp(), _urgent_due(script, now), at_once=at_once)


def _urgent_due(script: Script, now: dt.datetime) -> float:
    """By when an urgent caller, or one who hung up half-way, should be rung, in opening time."""
    return script.hours.add(now, script.line.ring_back.urgent_within_hours).timestamp()


def _save(state: callback.State) -> Runs:
    def errand(script: Script, s: Session, now: dt.datetime) -> SaveRequest:
        return SaveRequest(_request(script, s, now, state))

    def done(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
        assert done.request
        kept = replace(s.wishes, request=done.request.id, reference=done.reference)
        if state == "unfinished":
            return replace(s, wishes=kept), kept.onward
        own = dialling.judge(s.caller).e164
        return replace(s, wishes=kept, keyed=s.keyed if kept.number == own else kept.number), "ring_done"

    return Runs(errand=errand, done=done, failed="ring_failed.say")


def _withdraw(script: Script, s: Session, now: dt.datetime) -> CancelRequest:
    return CancelRequest(s.wishes.request, s.wishes.reference)


def _withdrawn(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    number, s = s.wishes.number, _anew(script, said(script, s, script.says["ring_cancelled.not_rung"]))
    return replace(s, wishes=replace(s.wishes, number=number)), BACK


# --- when -----------------------------------------------------------------------------------


def _is_urgent_known(script: Script, s: Session, now: dt.datetime) -> Moved:
    return s, STAY if s.wishes.urgent is None else "ring_when"


def _hold(script: Script, s: Session, now: dt.datetime) -> HoldWindow:
    found = callback.windows(script.parts, script.hours, now, script.line.ring_back.days_ahead)
    before = s.wishes.window if s.wishes.moving else None  # a call is moved to another time, not to the one it has
    wanted = tuple(window for window in found if s.wishes.when in ("any", window.part) and window != before)
    return HoldWindow(s.call, wanted, overbook=s.wishes.when == "any", instead_of=s.wishes.window)


def _held(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    if done.window is None:
        return said(script, s, script.says["ring_when.full"]), "ring_when"
    s = replace(s, wishes=replace(s.wishes, window=done.window, onward="ring_message"))
    return s, "ring_move" if s.wishes.moving else "ring_keep"


# --- the promise, and a message ---------------------------------------------------------------


def _promise(script: Script, s: Session, name: str, now: dt.datetime) -> Speech:
    """Words with the day and the part of the day on which we will ring."""
    window, today = s.wishes.window, now.astimezone(LONDON).date()
    day = window.day if window else dt.datetime.fromtimestamp(_urgent_due(script, now), LONDON).date()
    part = script.says[f"in_the_{window.part}" if window else "at_any_time"]
    return spoken.fill(script.says[name], {"day": spoken.date(day, today), "window": part})


def _done_says(script: Script, s: Session, now: dt.datetime) -> Speech:
    """The promise. It is a place of its own, so that hash says it again."""
    pace, at_once = script.line.pace, s.wishes.urgent and s.wishes.when == "any"
    promise = _promise(script, s, "ring_done.urgent" if at_once else "ring_done.say", now)
    once = spoken.digits(_pairs(s.wishes.reference), pace.each_digit, pace.between_groups)
    number = (*once, 2 * pace.between_groups, *once)
    reference = spoken.fill(script.says["ring_done.reference"], {"reference": number})
    return (*promise, pace.between_choices, *reference, pace.between_choices, *script.says["ring_done.change"])


def _pairs(digits: str) -> tuple[str, ...]:
    return tuple(digits[i : i + 2] for i in range(0, len(digits), 2))


def _record(script: Script, s: Session) -> Record:
    return Record(script.line.ring_back.message_seconds, s.wishes.request)


def _recorded(script: Script, s: Session, event: Input, now: dt.datetime) -> Moved:
    if isinstance(event, Recorded) and event.key == "0":
        return s, "person"
    return said(script, s, script.says["ring_name.thanks"]), END_MENU


# --- changing it later ------------------------------------------------------------------------


def _arrive_at_reference(script: Script, s: Session, now: dt.datetime) -> Moved:
    """Only from the phone that is to be rung, which must show its number."""
    own = dialling.judge(s.caller)
    s = replace(_anew(script, s), wishes=Wishes(number=own.e164))
    if own.verdict == "fine":
        return s, STAY
    return said(script, s, script.says["ring_reference.hidden"]), "ring_back"


def _find(script: Script, s: Session, now: dt.datetime) -> FindRequest:
    return FindRequest(s.wishes.number, s.wishes.typed)


def _found(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    request = done.request
    if request is None:
        s = replace(s, place=Place("ring_reference"), trail=s.trail[:-1])
        return entry.wrong(script, s, script.says["ring_reference.not_found"])
    s = replace(
        s,
        wishes=Wishes(
            number=s.wishes.number,
            request=request.id,
            reference=s.wishes.typed,
            window=request.window,
            urgent=request.urgent,
        ),
    )
    if not request.open:
        ended = "gave_up" if request.state == "gave up" else "ended"
        return said(script, s, script.says[f"ring_found.{ended}"]), "ring_back"
    return said(script, s, script.says["ring_found.tried"]) if request.tries else s, "ring_found"


def _move(script: Script, s: Session, now: dt.datetime) -> MoveRequest:
    assert s.wishes.window
    return MoveRequest(s.wishes.request, s.call, s.wishes.window, *_times(script, s, now))


def _moved(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    return said(script, s, _promise(script, s, "ring_moved.say", now)), END_MENU


def _cancelled(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    return said(script, s, script.says["ring_cancelled.say"]), END_MENU


# --- the steps ------------------------------------------------------------------------------

#: Where somebody is who has confirmed a number and not finished. To go back out of it takes the wish back.
UNFINISHED = ("ring_urgent", "ring_when", "ring_message", "ring_safe", "ring_needs")

STEPS: dict[str, Step] = {
    "ring_back": Asks(
        arrive=_arrive,
        says=words("ring_back.ask"),
        before=_anew,
        choices=(
            yes("ring_begun", number=CALLER, onward="ring_urgent"),
            no("ring_number"),
            not_sure("ring_check", number=CALLER),
            Choice(label="ring_back.change", goto="ring_reference"),
        ),
    ),
    "ring_number": TakesDigits(
        arrive=lambda script, s, now: (replace(s, wishes=replace(s.wishes, typed="")), STAY),
        says=lambda script, s, now: entry.asked(script, s, "ring_number", ends_itself=False),
        most=11,
        is_whole=entry.is_whole_phone,
        entered=lambda script, s, number: entry.phone(script, s, number, mobile=False, then="ring_check"),
    ),
    "ring_check": Asks(
        says=_check,
        choices=(yes("ring_begun", onward="ring_urgent"), no("ring_number"), not_sure("ring_number")),
    ),
    "ring_begun": _save("unfinished"),
    "ring_urgent": Asks(
        arrive=_is_urgent_known,
        says=words("ring_urgent.ask"),
        choices=(
            yes("ring_when", said="ring_urgent.noted", urgent=True),
            no("ring_when", urgent=False),
            not_sure("ring_when", said="ring_urgent.noted", urgent=True),
        ),
        written_by="ring_keep",
    ),
    "ring_keep": _save("unfinished"),
    "ring_when": Asks(
        says=words("ring_when.say"),
        choices=(
            Choice(label="ring_when.morning", goto="ring_hold", sets={"when": "morning"}),
            Choice(label="ring_when.afternoon", goto="ring_hold", sets={"when": "afternoon"}),
            Choice(label="ring_when.any", goto="ring_hold", sets={"when": "any"}),
        ),
        offers=lambda script, s, choice: choice.sets["when"] in ("any", *script.parts),
    ),
    "ring_hold": Runs(errand=_hold, done=_held, failed="ring_failed.say"),
    "ring_message": Asks(
        says=words("ring_message.ask"),
        choices=(
            yes("ring_safe", said="ring_message.will", message_ok=True),
            no("ring_safe", said="ring_message.will_not", message_ok=False),
            not_sure("ring_safe", said="ring_message.will_not", message_ok=False),
        ),
        written_by="ring_keep",
    ),
    "ring_safe": Asks(
        says=words("ring_safe.ask"),
        choices=(
            yes("ring_needs", said="ring_safe.will", say_who=True),
            no("ring_needs", said="ring_safe.will_not", say_who=False),
            not_sure("ring_needs", said="ring_safe.will_not", say_who=False),
        ),
        written_by="ring_keep",
    ),
    "ring_needs": Asks(
        says=lambda script, s, now: script.says["ring_needs.say_more" if s.wishes.needs else "ring_needs.say"],
        choices=(
            Choice(label="ring_needs.nothing", goto="ring_save"),
            Choice(label="ring_needs.relay", goto="ring_needs", need="relay", said="ring_needs.noted"),
            Choice(label="ring_needs.interpreter", goto="ring_needs", need="interpreter", said="ring_needs.noted"),
            Choice(label="ring_needs.slow", goto="ring_needs", need="slow", said="ring_needs.noted"),
        ),
        offers=lambda script, s, choice: choice.need not in s.wishes.needs,
        written_by="ring_keep",
    ),
    "ring_save": _save("waiting"),
    "ring_done": Asks(
        says=_done_says,
        choices=(
            Choice(label="ring_done.message", goto="ring_name"),
            Choice(label="ring_done.go_on", goto=END_MENU),
        ),
    ),
    "ring_name": HandsOver(says=words("ring_name.say"), then=_record, takes=Recorded, took=_recorded),
    "ring_withdraw": Runs(errand=_withdraw, done=_withdrawn, failed="ring_failed.say"),
    "ring_reference": TakesDigits(
        arrive=_arrive_at_reference,
        says=lambda script, s, now: entry.asked(script, s, "ring_reference", ends_itself=True),
        most=REFERENCE_DIGITS,
        entered=lambda script, s, number: (s, "ring_find"),
    ),
    "ring_find": Runs(errand=_find, done=_found, failed="ring_failed.say"),
    "ring_found": Asks(
        says=lambda script, s, now: _promise(script, s, "ring_found.say", now),
        choices=(
            Choice(label="ring_found.move", goto="ring_when", sets={"moving": True}),
            Choice(label="ring_found.cancel", goto="ring_sure"),
            Choice(label="ring_found.keep", goto=END_MENU, said="ring_found.kept"),
        ),
    ),
    "ring_move": Runs(errand=_move, done=_moved, failed="ring_failed.say"),
    "ring_sure": Asks(
        says=words("ring_sure.ask"),
        choices=(
            yes("ring_cancel"),
            no(END_MENU, said="ring_found.kept"),
            not_sure(END_MENU, said="ring_found.kept"),
        ),
    ),
    "ring_cancel": Runs(errand=_withdraw, done=_cancelled, failed="ring_failed.say"),
}
