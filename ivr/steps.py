"""The places every line has: a person, a text message, being rung back.

Staff own the words of these steps (`config/menus/shared.yaml`); their order is here, so
that no edit can ring a caller who did not agree to it. Each step is the same few answers:
what it says, what can be picked, what happens then, and where what comes in leads. Where
a step leads is a name; `call.py` does the moving.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from ivr import callback, dialling, spoken
from ivr.callback import CallbackRequest, Slot
from ivr.hours import LONDON
from ivr.script import END_MENU, TEXT_ABOUT_US, Option, Reading, Script
from ivr.session import (
    CancelRequest,
    Done,
    Errand,
    Failed,
    FindRequest,
    Gather,
    HoldSlot,
    Input,
    Key,
    MoveRequest,
    Place,
    Record,
    Recorded,
    Reply,
    SaveRequest,
    SendText,
    Session,
    Transfer,
    TransferEnded,
    Wishes,
)
from ivr.spoken import Speech

#: Where a step can lead besides a node or another step: back one step, or nowhere.
BACK, STAY = "<back>", "<stay>"

#: Steps that ask for digits, and how many at most.
ENTRIES = {"text_number": 11, "ring_number": 11, "ring_reference": callback.REFERENCE_DIGITS}


@dataclass(frozen=True)
class Ask:
    """A step that offers choices: its words, and for each key its label, what it sets, and where it leads."""

    words: str
    choices: tuple[tuple[str, dict[str, Any], str], ...]
    #: Words said when 'not sure' (the third choice) is picked.
    if_not_sure: str = ""


def _yes_no(words: str, yes: tuple[dict[str, Any], str], no: tuple[dict[str, Any], str], *not_sure: Any) -> Ask:
    third = not_sure[0] if not_sure else no
    return Ask(words, (("if_yes", *yes), ("if_no", *no), ("if_not_sure", *third)))


#: Every step at which the caller picks. A wish set to CALLER takes the number they ring from.
CALLER = object()
ASKS: dict[str, Ask] = {
    "person_away": Ask(
        "",
        (
            ("person_away.ring_back", {}, "ring_back"),
            ("person_away.text", {}, "send_text"),
            ("person_away.listen", {}, BACK),
        ),
    ),
    "send_text": Ask(
        "send_text.ask",
        (("if_yes", {"number": CALLER}, "text_sent"), ("if_no", {}, "text_number"), ("if_not_sure", {}, END_MENU)),
        if_not_sure="send_text.if_not_sure",
    ),
    "text_check": _yes_no("text_check.ask", ({}, "text_sent"), ({}, "text_number")),
    "ring_back": Ask(
        "ring_back.ask",
        (
            ("if_yes", {"number": CALLER}, "ring_begun"),
            ("if_no", {}, "ring_number"),
            ("if_not_sure", {"number": CALLER}, "ring_check"),
            ("ring_back.change", {"number": CALLER}, "ring_reference"),
        ),
    ),
    "ring_check": _yes_no("ring_check.ask", ({}, "ring_begun"), ({}, "ring_number")),
    "ring_when": Ask(
        "ring_when.say",
        (
            ("ring_when.morning", {"when": "morning"}, "ring_hold"),
            ("ring_when.afternoon", {"when": "afternoon"}, "ring_hold"),
            ("ring_when.any", {"when": "any"}, "ring_hold"),
        ),
    ),
    "ring_urgent": _yes_no(
        "ring_urgent.ask",
        ({"urgent": True}, "ring_message"),
        ({"urgent": False}, "ring_message"),
        ({"urgent": True}, "ring_message"),
    ),
    "ring_message": Ask(
        "ring_message.ask",
        (
            ("if_yes", {"message_ok": True}, "ring_safe"),
            ("if_no", {"message_ok": False}, "ring_safe"),
            ("if_not_sure", {"message_ok": False}, "ring_safe"),
        ),
        if_not_sure="ring_message.if_not_sure",
    ),
    "ring_safe": Ask(
        "ring_safe.ask",
        (
            ("if_yes", {"say_who": True}, "ring_needs"),
            ("if_no", {"say_who": False}, "ring_needs"),
            ("if_not_sure", {"say_who": False}, "ring_needs"),
        ),
        if_not_sure="ring_safe.if_not_sure",
    ),
    "ring_needs": Ask(
        "",
        (
            ("ring_needs.nothing", {}, "ring_save"),
            ("ring_needs.relay", {}, STAY),
            ("ring_needs.interpreter", {}, STAY),
            ("ring_needs.slow", {}, STAY),
        ),
    ),
    "ring_found": Ask(
        "",
        (
            ("ring_found.move", {"moving": True}, "ring_when"),
            ("ring_found.cancel", {}, "ring_cancel"),
            ("ring_found.keep", {}, END_MENU),
        ),
    ),
}

#: Places where an errand is run; nobody waits there, and star never leads there.
ERRANDS = ("text_sent", "ring_begun", "ring_hold", "ring_save", "ring_find", "ring_move", "ring_cancel")
#: Places that a finished dialogue is not gone back into.
DIALOGUE = (*ASKS, *ENTRIES, *ERRANDS, "ring_name", "person")

_NEEDS: dict[str, callback.Need] = {"2": "relay", "3": "interpreter", "4": "slow"}


def is_step(name: str) -> bool:
    return name in ASKS or name in ENTRIES or name in ERRANDS or name in ("person", "ring_name", "goodbye")


# --- what a step says, offers and does ------------------------------------------------------


def says(script: Script, s: Session) -> Speech:
    """A step's own words, before its choices."""
    node = s.place.node
    if node in ERRANDS:
        return ()
    if node == "person":
        return script.says["person.say" if s.place.part == 0 else "person.try_next"]
    if node == "person_away":
        return script.says["person_away.number"] if s.place.part == 0 else ()
    if node in ("text_check", "ring_check"):
        return spoken.fill(
            script.says[f"{node}.ask"], {"typed_number": _digits(script, dialling.national(s.wishes.number))}
        )
    if node == "ring_needs":
        return script.says["ring_needs.say_more" if s.wishes.needs else "ring_needs.say"]
    if node in ENTRIES:
        if s.wishes.typed:
            return ()  # the rest of a number is still being keyed
        return script.says["number_entry.again"] if s.place.part else _entry_says(script, node)
    if node in ("ring_name", "goodbye"):
        return script.says[f"{node}.say"]
    return script.says[ASKS[node].words] if ASKS[node].words else ()


def _entry_says(script: Script, node: str) -> Speech:
    pace = script.line.pace
    return (
        *script.says[f"{node}.say"], pace.between_choices,
        *script.says["number_entry.done"], pace.before_key, script.press_where["#"], pace.between_choices,
        *script.says["number_entry.start_again"], pace.before_key, script.press_where["*"],
    )  # fmt: skip


def options(script: Script, s: Session) -> tuple[Option, ...]:
    """What can be picked at a step."""
    ask = ASKS[s.place.node]
    return tuple(
        Option(str(i), script.says[label], goto)
        for i, (label, _, goto) in enumerate(ask.choices, 1)
        if not (s.place.node == "ring_needs" and _NEEDS.get(str(i)) in s.wishes.needs)
    )


def then(script: Script, s: Session, now: dt.datetime) -> Reply | Errand | None:
    """What a step does once it has spoken; None: it waits for one of its options."""
    node, line = s.place.node, script.line
    if node in ENTRIES:
        return Gather(line.waiting.between_digits, ENTRIES[node])
    if node == "person":
        return Transfer(line.transfer.numbers[s.place.part], line.transfer.ring_seconds)
    if node == "ring_name":
        return Record(line.ring_back.message_seconds, s.wishes.request)
    return _errand(script, s, now) if node in ERRANDS else None


def _errand(script: Script, s: Session, now: dt.datetime) -> Errand:
    wishes = s.wishes
    match s.place.node:
        case "text_sent":
            text = text_about(script, s)
            return SendText(f"{s.call}.{s.turn}", wishes.number, text, script.texts[text])
        case "ring_begun":
            return SaveRequest(_request(script, s, now, "unfinished"))
        case "ring_hold":
            return HoldSlot(s.call, _slots(script, s, now), overbook=wishes.when == "any")
        case "ring_save":
            return SaveRequest(_request(script, s, now, "waiting"))
        case "ring_find":
            return FindRequest(wishes.number, wishes.typed)
        case "ring_move":
            assert wishes.slot
            return MoveRequest(wishes.request, s.call, wishes.slot, *callback.times(wishes.slot, dict(script.windows)))
        case _:
            return CancelRequest(wishes.request, wishes.reference)


def text_about(script: Script, s: Session) -> str:
    """Which text message fits what the caller last listened to."""
    text = getattr(script.nodes.get(s.topic), "text", None)
    return text or TEXT_ABOUT_US


def _request(script: Script, s: Session, now: dt.datetime, state: callback.State) -> CallbackRequest:
    wishes, seconds = s.wishes, now.timestamp()
    request = CallbackRequest(
        id=wishes.request,
        number=wishes.number,
        asked_at=seconds,
        state=state,
        opens=seconds,
        due=urgent_due(script, now),
        urgent=wishes.urgent,
        message_ok=wishes.message_ok,
        say_who=wishes.say_who,
        needs=wishes.needs,
        slow=s.slow,
        heard=s.heard,
        stuck=s.stuck,
        events=(callback.Event(seconds, "caller", "asked to be rung back"),),
    )
    if wishes.slot is None:
        return request
    return callback.in_slot(request, wishes.slot, dict(script.windows), urgent_due(script, now))


def urgent_due(script: Script, now: dt.datetime) -> float:
    """By when an urgent caller should be rung, in opening time."""
    return script.hours.add(now, script.line.ring_back.urgent_within_hours).timestamp()


def _slots(script: Script, s: Session, now: dt.datetime) -> tuple[Slot, ...]:
    found = callback.slots(dict(script.windows), script.hours, now, script.line.ring_back.days_ahead)
    return tuple(slot for slot in found if s.wishes.when in ("any", slot.part))


# --- arriving, and what comes in ------------------------------------------------------------


def arrive(script: Script, s: Session) -> tuple[Session, str]:
    """What happens as a caller comes to a step. Leads to STAY unless the step can be passed by."""
    wishes = s.wishes
    match s.place.node:
        case "send_text":
            own = dialling.judge(s.caller)
            if not own.mobile:
                why = script.says["text_number.not_mobile"] if own.verdict == "fine" else ()
                return said(script, s, script.says["text_number.hidden"], why), "text_number"
        case "ring_back":
            s = replace(s, asked=s.asked + 1, wishes=Wishes(request=f"{s.call}-{s.asked + 1}"))
            own = dialling.judge(s.caller)
            if own.verdict != "fine":
                return said(script, s, script.says[f"ring_number.{own.verdict}"]), "ring_number"
        case "ring_urgent":
            topic = script.nodes.get(s.topic)
            if isinstance(topic, Reading) and topic.urgent:
                return replace(s, wishes=replace(wishes, urgent=True)), "ring_message"
        case node if node in ENTRIES:
            return replace(s, wishes=replace(wishes, typed="")), STAY
    return s, STAY


def pick(script: Script, s: Session, key: str) -> tuple[Session, str]:
    """An option of a step, picked by its key."""
    node, ask = s.place.node, ASKS[s.place.node]
    label, sets, goto = ask.choices[int(key) - 1]
    number = dialling.judge(s.caller).e164
    changes = {name: number if value is CALLER else value for name, value in sets.items()}
    if node == "ring_needs" and key in _NEEDS:
        changes["needs"] = (*s.wishes.needs, _NEEDS[key])
        s = said(script, s, script.says["ring_needs.noted"])
    if node == "person_away" and goto == "send_text":
        s = replace(s, topic="")
    if node == "person_away" and goto == BACK:
        s = said(script, s, script.says["person_away.go_on"])
    if node == "ring_found" and goto == END_MENU:
        s = said(script, s, script.says["ring_found.kept"])
    if label == "if_not_sure" and ask.if_not_sure:
        s = said(script, s, script.says[ask.if_not_sure])
    return replace(s, wishes=replace(s.wishes, **changes)), goto


def takes(s: Session, event: Input) -> bool:
    """Whether this is the place that such an input belongs to."""
    node = s.place.node
    match event:
        case TransferEnded():
            return node == "person"
        case Recorded():
            return node == "ring_name"
        case Done() | Failed():
            return node in ERRANDS
        case _:
            return node in ENTRIES


def take(script: Script, s: Session, event: Input, now: dt.datetime) -> tuple[Session, str]:
    """What comes in at a step that is not a choice: digits, a recording's end, a transfer's, an errand's."""
    match event:
        case Key(keys):
            return _keyed(script, s, keys)
        case TransferEnded(how):
            return _transfer_ended(script, s, how)
        case Recorded(key):
            return (s, "person") if key == "0" else (_promised(script, s, now), END_MENU)
        case Done():
            return _done(script, s, event, now)
        case _:
            return _not_done(script, s)


def _keyed(script: Script, s: Session, keys: str) -> tuple[Session, str]:
    """Digits at an entry. A star starts again; a star, or a zero, by itself leaves."""
    node, typed = s.place.node, s.wishes.typed
    if keys == "0" and not typed:
        return s, "person"
    if keys.endswith("*"):
        return (s, BACK) if keys == "*" and not typed else (_again(s), STAY)
    if "*" in keys:
        typed, keys = "", keys.rsplit("*", 1)[1]
        if len(keys) < ENTRIES[node]:  # the rest is still being keyed
            return replace(s, lead=(), wishes=replace(s.wishes, typed=keys)), STAY
    digits = typed + keys.rstrip("#")
    if not digits:
        return _wrong(script, s, script.says["number_entry.nothing"])
    if node == "ring_reference":
        return replace(s, wishes=replace(s.wishes, typed=digits)), "ring_find"
    return _numbered(script, s, dialling.judge(digits))


def _numbered(script: Script, s: Session, number: dialling.Number) -> tuple[Session, str]:
    if number.verdict != "fine":
        verdict = "malformed" if number.verdict == "hidden" else number.verdict
        return _wrong(script, s, script.says[f"ring_number.{verdict}"])
    if s.place.node == "text_number" and not number.mobile:
        return _wrong(script, s, script.says["text_number.not_mobile"])
    s = replace(s, wishes=replace(s.wishes, number=number.e164, typed=""))
    return s, "text_check" if s.place.node == "text_number" else "ring_check"


def _wrong(script: Script, s: Session, why: Speech) -> tuple[Session, str]:
    return replace(_again(said(script, s, why)), wrongs=s.wrongs + 1, slips=s.slips + 1), STAY


def _again(s: Session) -> Session:
    """An entry begun anew: the caller has heard how it goes."""
    return replace(s, place=replace(s.place, part=1), wishes=replace(s.wishes, typed=""))


def _transfer_ended(script: Script, s: Session, how: str) -> tuple[Session, str]:
    if how == "answered":
        return said(script, s, script.says["person.ended"]), END_MENU
    if s.place.part + 1 < len(script.line.transfer.numbers):
        return replace(s, lead=(), place=replace(s.place, part=s.place.part + 1)), STAY
    return said(script, s, script.says[f"person_away.{how}"]), "person_away"


def _done(script: Script, s: Session, done: Done, now: dt.datetime) -> tuple[Session, str]:
    wishes = s.wishes
    match s.place.node:
        case "text_sent":
            return said(script, s, script.says["text_sent.say"]), END_MENU
        case "ring_begun":
            return s, "ring_when"
        case "ring_hold" if done.slot is None:
            return said(script, s, script.says["ring_when.full"]), "ring_when"
        case "ring_hold":
            return replace(s, wishes=replace(wishes, slot=done.slot)), "ring_move" if wishes.moving else "ring_urgent"
        case "ring_save":
            assert done.request
            kept = replace(
                wishes,
                request=done.request.id,
                reference=done.reference,
                slot=done.request.slot,
                urgent=done.request.urgent,
            )
            return replace(s, wishes=kept), "ring_name"
        case "ring_find" if done.request is None:
            return _not_found(script, s)
        case "ring_find":
            return _found(script, s, done.request, now)
        case "ring_move":
            return said(script, s, _promise(script, s, "ring_moved.say", now)), END_MENU
        case _:
            return said(script, s, script.says["ring_cancelled.say"]), END_MENU


def _not_done(script: Script, s: Session) -> tuple[Session, str]:
    words = "text_failed.say" if s.place.node == "text_sent" else "ring_failed.say"
    return said(script, s, script.says[words]), END_MENU


def _not_found(script: Script, s: Session) -> tuple[Session, str]:
    return _wrong(script, replace(s, place=Place("ring_reference")), script.says["ring_reference.not_found"])


def _found(script: Script, s: Session, request: CallbackRequest | None, now: dt.datetime) -> tuple[Session, str]:
    assert request
    wishes = replace(s.wishes, request=request.id, reference=s.wishes.typed, typed="", slot=request.slot)
    s = replace(s, wishes=wishes)
    if not request.open:
        ended = "gave_up" if request.state == "gave up" else "ended"
        return said(script, s, script.says[f"ring_found.{ended}"]), "ring_back"
    tried = script.says["ring_found.tried"] if request.tries else ()
    return said(script, s, tried, _promise(script, s, "ring_found.say", now)), "ring_found"


# --- words ----------------------------------------------------------------------------------


def said(script: Script, s: Session, *speeches: Speech) -> Session:
    """The session with more to say before its place speaks."""
    lead: list[Any] = list(s.lead)
    for more in speeches:
        if more:
            lead += [*([script.line.pace.before_key] if lead and isinstance(lead[-1], str) else []), *more]
    return replace(s, lead=tuple(lead))


def _promised(script: Script, s: Session, now: dt.datetime) -> Session:
    pace = script.line.pace
    number = spoken.digits(_pairs(s.wishes.reference), pace.each_digit, pace.between_groups)
    reference = spoken.fill(script.says["ring_done.reference"], {"reference": number})
    words = "ring_done.urgent" if s.wishes.urgent else "ring_done.say"
    return said(script, s, _promise(script, s, words, now), reference, script.says["ring_done.stay"])


def _promise(script: Script, s: Session, words: str, now: dt.datetime) -> Speech:
    """Words with the day and the part of the day on which we will ring."""
    slot = s.wishes.slot
    today = now.astimezone(LONDON).date()
    day = slot.day if slot else dt.datetime.fromtimestamp(urgent_due(script, now), LONDON).date()
    window = script.says[f"in_the_{slot.part}" if slot else "at_any_time"]
    return spoken.fill(script.says[words], {"day": spoken.date(day, today), "window": window})


def _digits(script: Script, written: str) -> Speech:
    pace = script.line.pace
    return spoken.digits(spoken.groups(written), pace.each_digit, pace.between_groups)


def _pairs(digits: str) -> tuple[str, ...]:
    return tuple(digits[i : i + 2] for i in range(0, len(digits), 2))
