"""Being rung back: asking for it, leaving a message, and changing or cancelling it later.

A request counts once its number and its urgency are known. From then on it is promised, and
every further answer is written down at once: whoever hangs up, or stays silent, is rung all
the same, and with the care they asked for. Whoever goes back out is not rung.

A message needs no key at all. What is said after the tone is a request of its own.
"""

from __future__ import annotations

import datetime as dt

from msgspec.structs import asdict, replace

from ivr import callback, dialling, spoken
from ivr.callback import REFERENCE_DIGITS, CallbackRequest
from ivr.diary import Promise, Urgency
from ivr.hours import LONDON
from ivr.script import END_MENU, HELP, Reading, Script
from ivr.session import (
    At,
    CancelRequest,
    Done,
    FindRequest,
    HoldWindow,
    Input,
    MoveRequest,
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
    got,
    may_hang_up,
    no,
    not_sure,
    said,
    words,
    yes,
)

#: Seconds of silence that end a spoken message, and for those who need more time; also for those who are asked
#: for one because they pressed nothing.
SILENCE_SECONDS, SLOW_SILENCE_SECONDS = 5, 10

# --- which number ---------------------------------------------------------------------------


def _arrive(script: Script, s: Session, now: dt.datetime) -> Moved:
    s = _anew(script, s)
    own = dialling.judge(s.caller)
    if own.verdict == "fine":
        return s, STAY
    why = "hidden" if own.verdict == "malformed" else own.verdict  # what a phone network made of it is not their doing
    s = said(script, s, script.says[f"ring_number.{why}"])
    if s.keyed:
        return replace(s, wishes=replace(s.wishes, number=s.keyed)), "ring_check"
    return s, "ring_number"


def _anew(script: Script, s: Session) -> Session:
    """A wish of its own each time, so that none is ever taken for another."""
    urgency = heard_of_urgency(script, s)
    return replace(s, asked=s.asked + 1, wishes=Wishes(urgent=bool(urgency) or None, today=urgency == "today"))


def heard_of_urgency(script: Script, s: Session) -> Urgency:
    """How urgent the guidance is that the caller listened to: the highest rank of it."""
    ranks = {node.urgent for name in s.heard if isinstance(node := script.nodes.get(name), Reading)}
    return "today" if "today" in ranks else "urgent" if "urgent" in ranks else ""


def _check(script: Script, s: Session, now: dt.datetime) -> Speech:
    return entry.read_back(script, s, "ring_check.ask")


# --- writing it down ------------------------------------------------------------------------


def _request(script: Script, s: Session, now: dt.datetime, state: callback.State) -> CallbackRequest:
    wishes, seconds = s.wishes, now.timestamp()
    what = "left a message" if wishes.message_only else "asked to be rung back"
    return CallbackRequest(
        id=_message_id(s) if wishes.message_only else f"{s.call}-{s.asked}",
        number=wishes.number,
        asked_at=seconds,
        state=state,
        urgent=bool(wishes.urgent),
        today=wishes.today,
        pressed_nothing=not s.pressed,
        message_only=wishes.message_only,
        message_ok=wishes.message_ok,
        say_who=wishes.say_who,
        needs=wishes.needs,
        slow=s.slow,
        heard=s.heard,
        stuck=s.stuck,
        events=(callback.Event(seconds, "caller", what),),
        **asdict(_promise(script, s, now)),
    )


def _promise(script: Script, s: Session, now: dt.datetime) -> Promise:
    """When the caller is to be rung, by the window they have and whether time is short.

    One who has no window yet is rung as soon as somebody is there. An urgent one is rung
    before their window only if any time is right for them.
    """
    first, soon, wishes = script.diary.opening(now), _urgent_due(script, s, now), s.wishes
    if wishes.window is None:
        return Promise(opens=first, due=soon)
    opens, due = script.diary.times(wishes.window)
    if _in_haste(s):
        opens = min(opens, first)
    if wishes.urgent and not wishes.moving and opens < soon:
        due = min(due, soon)
    return Promise(wishes.when, wishes.window, opens, due)


def _in_haste(s: Session) -> bool:
    """Whether the caller is rung before the window they have: time is short, and any time is right for them.

    Not once they have moved the call, since they were told another time for it.
    """
    return bool(s.wishes.urgent) and s.wishes.when == "any" and not s.wishes.moving


def _urgent_due(script: Script, s: Session, now: dt.datetime) -> float:
    """By when an urgent caller, or one who hung up half-way, should be rung."""
    urgency: Urgency = "today" if s.wishes.today else "urgent"
    return script.diary.due(urgency, now, script.line.ring_back.urgent_within_hours)


def _save(state: callback.State) -> Runs:
    def errand(script: Script, s: Session, now: dt.datetime) -> SaveRequest:
        return SaveRequest(_request(script, s, now, state))

    def done(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
        assert done.request
        kept = replace(s.wishes, request=done.request.id, reference=done.reference)
        if state == "unfinished":
            return replace(s, wishes=kept), kept.onward
        own = dialling.judge(s.caller).e164
        s = got(replace(s, wishes=kept, keyed=s.keyed if kept.number == own else kept.number), "request")
        if kept.onward == "ring_when":  # it counts from here, and the caller is told so
            s = said(script, s, _counts(script, s, now))
        return s, kept.onward

    return Runs(errand=errand, done=done, failed="ring_failed.say")


def _withdraw(script: Script, s: Session, now: dt.datetime) -> CancelRequest:
    return CancelRequest(s.wishes.request, s.wishes.reference)


def _withdrawn(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    wishes = s.wishes
    s = _anew(script, said(script, s, script.says[f"ring_cancelled.{'one' if _others(done) else 'not_rung'}"]))
    return replace(_not_rung(s, done), wishes=replace(s.wishes, number=wishes.number)), wishes.onward


def _not_rung(s: Session, done: Done) -> Session:
    """The session once a wish is taken back: it has no request any more, unless this phone is rung all the same."""
    return s if _others(done) else replace(s, got=tuple(what for what in s.got if what != "request"))


def _others(done: Done) -> bool:
    """Whether this phone is rung all the same, for another wish. Who asked for that is nobody else's to know."""
    return done.request is not None and done.request.open


# --- when -----------------------------------------------------------------------------------


def _is_urgent_known(script: Script, s: Session, now: dt.datetime) -> Moved:
    if s.wishes.urgent is None:
        return s, STAY
    return replace(s, wishes=replace(s.wishes, onward="ring_when")), "ring_save"


def _hold(script: Script, s: Session, now: dt.datetime) -> HoldWindow:
    found = script.diary.windows(now)
    wanted = [window for window in found if s.wishes.when in ("any", window.part)]
    if s.wishes.moving and (had := s.wishes.window):  # to another time: one after the one they have, if there is one
        sooner = found[: found.index(had)] if had in found else ()
        wanted = sorted((window for window in wanted if window != had), key=lambda window: window in sooner)
    overbook = s.wishes.when == "any" and not s.wishes.moving
    return HoldWindow(s.call, tuple(wanted), overbook, instead_of=s.wishes.window, request=s.wishes.request)


def _held(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    if done.window is None:  # counted, so that it comes to an end: a person, if everything is full
        s = replace(s, wrongs=s.wrongs + 1, slips=s.slips + 1)
        return said(script, s, script.says["ring_when.full"]), "ring_when"
    s = replace(s, wishes=replace(s.wishes, window=done.window, onward="ring_message"))
    return s, "ring_move" if s.wishes.moving else "ring_save"


# --- the promise, and a message ---------------------------------------------------------------


def _told(script: Script, s: Session, name: str, now: dt.datetime) -> Speech:
    """Words with the day and the part of the day on which we will ring; at the latest, if it is to be soon."""
    window, today = None if _in_haste(s) else s.wishes.window, now.astimezone(LONDON).date()
    due = s.wishes.due or _promise(script, s, now).due
    day = window.day if window else dt.datetime.fromtimestamp(due, LONDON).date()
    part = script.says[f"in_the_{window.part}" if window else "at_any_time"]
    return spoken.fill(script.says[name], {"day": spoken.date(day, today), "window": part})


def _promised(script: Script, s: Session, now: dt.datetime) -> Speech:
    """That it is written down, and the day on which we will ring: what is true, and never 'soon'."""
    has_time = s.wishes.window is not None and not _in_haste(s)
    return _told(script, s, "ring_done.say" if has_time else "ring_done.by", now)


def _counts(script: Script, s: Session, now: dt.datetime) -> Speech:
    """The promise as soon as it holds. A caller for whom time is short, and whose day is not today, gets our number."""
    gap = script.line.pace.between_choices
    is_today = dt.datetime.fromtimestamp(_promise(script, s, now).due, LONDON).date() == now.astimezone(LONDON).date()
    number = (*script.says["ring_done.ring_us"], gap) if s.wishes.urgent and not is_today else ()
    return (*_promised(script, s, now), gap, *number, *script.says["ring_done.can_stop"])


def _done_says(script: Script, s: Session, now: dt.datetime) -> Speech:
    """The promise. It is a place of its own, so that hash says it again."""
    pace = script.line.pace
    reference = spoken.fill(script.says["ring_done.reference"], {"reference": reference_twice(script, s)})
    shows = dialling.judge(s.caller).verdict == "fine"
    change = script.says["ring_done.change" if shows else "ring_done.change_hidden"]
    return (*_promised(script, s, now), pace.between_choices, *reference, pace.between_choices, *change)


def reference_twice(script: Script, s: Session) -> Speech:
    """The number of the caller's call, digit by digit."""
    pace = script.line.pace
    once = spoken.digits(_pairs(s.wishes.reference), pace.each_digit, pace.between_groups)
    return (*once, 2 * pace.between_groups, *once)


def _pairs(digits: str) -> tuple[str, ...]:
    return tuple(digits[i : i + 2] for i in range(0, len(digits), 2))


def _record(script: Script, s: Session) -> Record:
    silence = SLOW_SILENCE_SECONDS if s.slow or s.more_time else SILENCE_SECONDS
    return Record(script.line.ring_back.message_seconds, silence, s.wishes.request)


def _recorded(script: Script, s: Session, event: Input, now: dt.datetime) -> Moved:
    """On, with thanks for what was said. The keys that work everywhere end a message too."""
    assert isinstance(event, Recorded)
    if event.seconds:
        s = said(script, s, script.says["ring_name.thanks"])
        return s, "person" if event.key == "0" else END_MENU
    if event.key in ("0", "*", "9"):
        return s, {"0": "person", "*": BACK, "9": HELP}[event.key]
    return said(script, s, script.says["ring_name.nothing"]), END_MENU


# --- a message that needs no key ----------------------------------------------------------------


def _message_id(s: Session) -> str:
    """The request that a message becomes. It hangs on the call alone, so it is known before the tone."""
    return f"{s.call}-message"


def _arrive_at_message(script: Script, s: Session, now: dt.datetime) -> Moved:
    return replace(s, message_offered=True), STAY


def _message_says(script: Script, s: Session, now: dt.datetime) -> Speech:
    pace = script.line.pace
    one = (*script.says["one_at_a_time"], pace.before_key, script.press["1"])
    shows = dialling.judge(s.caller).verdict == "fine"
    return (*one, pace.between_choices, *script.says["message.say" if shows else "message.say_hidden"])


def _record_message(script: Script, s: Session) -> Record:
    return Record(script.line.ring_back.message_seconds, SLOW_SILENCE_SECONDS, _message_id(s))


def _spoken(script: Script, s: Session, event: Input, now: dt.datetime) -> Moved:
    """What was said is written down; silence is told, and leaves nothing.

    Nothing was asked, so the careful answers hold: it is urgent, and nothing is left with or said to anybody else.
    """
    assert isinstance(event, Recorded)
    if not event.seconds:
        s = said(script, replace(s, quiet=s.quiet + SLOW_SILENCE_SECONDS), script.says["message.nothing"])
        return s, "told" if may_hang_up(s) else BACK
    wishes = Wishes(
        number=dialling.judge(s.caller).e164,
        urgent=True,
        message_ok=False,
        say_who=False,
        message_only=True,
        onward="person" if event.key == "0" else END_MENU,
    )
    return replace(s, wishes=wishes), "message_save"


def _message_saved(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    assert done.request
    thanks = _told(script, s, "message.thanks" if s.wishes.number else "message.thanks_hidden", now)
    return said(script, got(s, "request"), thanks), s.wishes.onward


# --- changing it later ------------------------------------------------------------------------


def _arrive_at_reference(script: Script, s: Session, now: dt.datetime) -> Moved:
    """Only from the phone that is to be rung, which must show its number."""
    own = dialling.judge(s.caller)
    s = replace(_anew(script, s), wishes=Wishes(number=own.e164))
    if own.verdict == "fine":
        return s, STAY
    return said(script, s, script.says["ring_reference.hidden"]), "person"


def _find(script: Script, s: Session, now: dt.datetime) -> FindRequest:
    return FindRequest(s.wishes.number, s.wishes.typed)


def _found(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    request = done.request
    if request is None:
        s = replace(s, place=At("ring_reference"), trail=s.trail[:-1])
        return entry.wrong(script, s, script.says["ring_reference.not_found"])
    caller = request.caller(s.wishes.typed)
    assert caller
    s = replace(
        s,
        wishes=Wishes(
            number=s.wishes.number,
            request=request.id,
            reference=s.wishes.typed,
            when=caller.promise.when,
            window=caller.promise.window,
            due=caller.promise.due,
            urgent=caller.urgent,
            today=caller.today,
        ),
    )
    if not request.open:
        ended = "gave_up" if request.state == "gave up" else "ended"
        return said(script, s, script.says[f"ring_found.{ended}"]), "ring_back"
    s = got(s, "request")
    return said(script, s, script.says["ring_found.tried"]) if request.tries else s, "ring_found"


def _found_says(script: Script, s: Session, now: dt.datetime) -> Speech:
    if s.wishes.due <= now.timestamp():
        return script.says["ring_found.late"]
    return _told(script, s, "ring_found.say", now)


def _move(script: Script, s: Session, now: dt.datetime) -> MoveRequest:
    return MoveRequest(s.wishes.request, s.wishes.reference, s.call, _promise(script, s, now))


def _moved(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    return said(script, s, _told(script, s, "ring_moved.say", now)), END_MENU


def _cancelled(script: Script, s: Session, done: Done, now: dt.datetime) -> Moved:
    return said(
        script, _not_rung(s, done), script.says[f"ring_cancelled.{'one' if _others(done) else 'say'}"]
    ), END_MENU


# --- the steps ------------------------------------------------------------------------------

#: Where somebody is who has confirmed a number and not finished. To go back out of it takes the wish back.
UNFINISHED = ("ring_out", "ring_urgent", "ring_when", "ring_message", "ring_safe", "ring_needs")


def half_way(s: Session, *where: At) -> bool:
    """Whether the caller is half-way through asking: a number is written down, and not all is said."""
    asking = any(place.node in UNFINISHED for place in where)
    return asking and bool(s.wishes.reference) and not s.wishes.moving


def counts(s: Session) -> bool:
    """Whether a request is promised: its number and its urgency are known."""
    return bool(s.wishes.reference) and s.wishes.urgent is not None


def finished_for(s: Session) -> Moved:
    """Out of the questions, for a caller who answers no more of them. What is not known is the careful answer."""
    urgent = s.wishes.urgent is not False
    return replace(s, wishes=replace(s.wishes, urgent=urgent, onward="ring_done")), "ring_save"


STEPS: dict[str, Step] = {
    "ring_back": Asks(
        arrive=_arrive,
        says=words("ring_back.ask"),
        before=_anew,
        stands_alone=True,
        choices=(
            yes("ring_begun", number=CALLER, onward="ring_out"),
            no("ring_number"),
            not_sure("ring_check", number=CALLER),
            Choice(label="ring_back.change", goto="ring_reference"),
        ),
    ),
    "ring_number": TakesDigits(
        arrive=lambda script, s, now: (replace(s, wishes=replace(s.wishes, typed="")), STAY),
        says=lambda script, s, now: entry.asked(script, s, "ring_number", ends_itself=False),
        most=entry.MOST_DIGITS,
        is_whole=entry.is_whole_phone,
        entered=lambda script, s, number: entry.phone(script, s, number, mobile=False, then="ring_check"),
    ),
    "ring_check": Asks(
        says=_check,
        choices=(yes("ring_begun", onward="ring_out"), no("ring_number"), not_sure("ring_number")),
    ),
    "ring_begun": _save("unfinished"),
    "ring_out": Asks(
        arrive=_is_urgent_known,
        says=words("ring_out.ask"),
        choices=(
            yes("ring_save", urgent=True, today=True, onward="ring_when"),
            no("ring_urgent"),
            not_sure("ring_save", urgent=True, onward="ring_when"),
        ),
    ),
    "ring_urgent": Asks(
        says=words("ring_urgent.ask"),
        choices=(
            yes("ring_save", urgent=True, onward="ring_when"),
            no("ring_save", urgent=False, onward="ring_when"),
            not_sure("ring_save", urgent=True, onward="ring_when"),
        ),
    ),
    "ring_keep": _save("unfinished"),
    "ring_when": Asks(
        says=words("ring_when.say"),
        choices=(
            Choice(label="ring_when.morning", goto="ring_hold", sets={"when": "morning"}),
            Choice(label="ring_when.afternoon", goto="ring_hold", sets={"when": "afternoon"}),
            Choice(label="ring_when.any", goto="ring_hold", sets={"when": "any"}),
        ),
        offers=lambda script, s, choice: choice.sets["when"] in ("any", *script.diary.parts),
    ),
    "ring_hold": Runs(errand=_hold, done=_held, failed="ring_failed.say"),
    "ring_message": Asks(
        says=words("ring_message.ask"),
        choices=(
            yes("ring_safe", said="ring_message.will", message_ok=True),
            no("ring_safe", said="ring_message.will_not", message_ok=False),
            not_sure("ring_safe", said="ring_message.will_not", message_ok=False),
        ),
        written_by="ring_save",
    ),
    "ring_safe": Asks(
        says=words("ring_safe.ask"),
        choices=(
            yes("ring_needs", said="ring_safe.will", say_who=True, needs=()),
            no("ring_needs", said="ring_safe.will_not", say_who=False, needs=()),
            not_sure("ring_needs", said="ring_safe.will_not", say_who=False, needs=()),
        ),
        written_by="ring_save",
    ),
    "ring_needs": Asks(
        says=lambda script, s, now: script.says["ring_needs.say_more" if s.wishes.needs else "ring_needs.say"],
        choices=(
            Choice(label="ring_needs.nothing", goto="ring_done"),
            Choice(label="ring_needs.relay", goto="ring_needs", need="relay", said="ring_needs.has_relay"),
            Choice(
                label="ring_needs.interpreter",
                goto="ring_needs",
                need="interpreter",
                said="ring_needs.has_interpreter",
            ),
            Choice(label="ring_needs.slow", goto="ring_needs", need="slow", said="ring_needs.has_slow"),
        ),
        offers=lambda script, s, choice: choice.need not in s.wishes.needs,
        written_by="ring_save",
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
    "message": HandsOver(
        arrive=_arrive_at_message,
        says=_message_says,
        then=_record_message,
        takes=Recorded,
        took=_spoken,
        stands_alone=True,
        one_at_a_time=True,
    ),
    "message_save": Runs(
        errand=lambda script, s, now: SaveRequest(_request(script, s, now, "waiting")),
        done=_message_saved,
        failed="message.failed",
        failed_goto="told",
    ),
    "ring_withdraw": Runs(errand=_withdraw, done=_withdrawn, failed="ring_failed.say"),
    "ring_reference": TakesDigits(
        arrive=_arrive_at_reference,
        says=lambda script, s, now: entry.asked(script, s, "ring_reference", ends_itself=True),
        most=REFERENCE_DIGITS,
        entered=lambda script, s, number: (s, "ring_find"),
    ),
    "ring_find": Runs(errand=_find, done=_found, failed="ring_failed.say"),
    "ring_found": Asks(
        says=_found_says,
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
