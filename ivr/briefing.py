"""What an adviser reads about a request: how late it is, what was promised, and what may be said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from ivr import dialling, messages
from ivr.callback import MOST_TRIES, claimable
from ivr.dialling import Verdict
from ivr.diary import Diary, Promise, Urgency
from ivr.hours import LONDON, Hours
from ivr.request import Asker, CallbackRequest, SpokenMessage
from ivr.script import Script

Lateness = Literal["late", "now", "soon", "later"]

NEEDS = {
    "relay": "uses a text relay: wait for 'go ahead', and ring 18002 before the number",
    "interpreter": "wants help in their language: have an interpreter on the line first",
    "slow": "wants you to speak slowly",
}
#: Short forms for the list.
SHORT_NEEDS = {"relay": "Text relay", "interpreter": "Interpreter", "slow": "Speak slowly"}
#: A request due within this many seconds is 'soon'.
SOON_SECONDS = 2 * 60 * 60


@dataclass(frozen=True)
class Row:
    """One request, as the list shows it."""

    request: CallbackRequest
    lateness: Lateness
    #: 'Late by 20 minutes'. The page adds a shape, so that nothing depends on colour alone.
    when: str
    sign: str
    held_by: str
    #: What the caller listened to last.
    about: str = ""
    #: Whether a time was promised at which the line is now closed.
    closed: bool = False

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def is_unheard(self) -> bool:
        """Whether there is a message that no adviser has marked as listened to."""
        return bool(messages.unheard(self.request))


@dataclass(frozen=True)
class UnheardMessage:
    """A message that nobody has listened to: its index in the request, when it was left, and by when to listen."""

    request: CallbackRequest
    nth: int
    message: SpokenMessage
    at: float
    listen_by: float
    #: Whether the line was closed when it was left.
    is_closed: bool


SIGNS: dict[Lateness, str] = {"late": "▲", "now": "●", "soon": "◆", "later": "○"}


def row(request: CallbackRequest, now: float, script: Script | None = None) -> Row:
    """A row for a request. `script` adds what it is about."""
    lateness = lateness_of(request, now)
    when = {
        "late": f"Late by {_long(now - request.due)}",
        "now": f"Ring now, by {moment(request.due, now)}",
        "soon": f"Ring by {moment(request.due, now)}",
        "later": f"Ring from {moment(request.opens, now)}",
    }[lateness]
    held = request.claimed_by if request.state == "claimed" and request.claim_ends > now else ""
    about = next(iter(reversed(heard_in_words(request, script))), "") if script else ""
    closed = script is not None and is_closed_then(request, now, script.diary)
    return Row(request, lateness, when, SIGNS[lateness], held, about, closed)


def lateness_of(request: CallbackRequest, now: float) -> Lateness:
    if request.due <= now:
        return "late"
    if request.opens > now:
        return "later"
    return "now" if request.today or request.due - now <= SOON_SECONDS else "soon"


def rows(requests: list[CallbackRequest], now: float, script: Script | None = None) -> list[Row]:
    """The list in order: callers marked "today" who may be rung now, then by lateness, urgent ones first in each group.

    A late call can be made up for; a time limit that ends today cannot. Callers who have only just hung up half-way are
    left out until UNFINISHED_WAIT is over.
    """
    shown = [r for r in requests if r.state == "claimed" or claimable(r, now)]
    order: list[Lateness] = ["late", "now", "soon", "later"]
    found = (row(r, now, script) for r in shown)
    ranks: list[Urgency] = ["today", "urgent", ""]

    def place(row: Row) -> tuple[bool, int, int, float]:
        cannot_wait = row.request.today and row.lateness != "later"
        return not cannot_wait, order.index(row.lateness), ranks.index(row.request.urgency), row.request.due

    return sorted(found, key=place)


def unheard_messages(
    requests: list[CallbackRequest], hours: Hours, *, with_speech: bool = True
) -> list[UnheardMessage]:
    """Messages that nobody has listened to: "today" first, then those left while the line was closed."""
    found = []
    for request in requests:
        for nth, message in enumerate(request.messages):
            at = message.at
            if not message.heard_by and message.speech == with_speech:
                left = dt.datetime.fromtimestamp(at, LONDON)
                by = hours.add(left, messages.LISTEN_HOURS).timestamp()
                found.append(UnheardMessage(request, nth, message, at, by, not hours.is_open(left)))
    return sorted(found, key=lambda each: (not each.request.today, not each.is_closed, each.at))


def in_groups(e164: str) -> str:
    """A number in groups that can be read aloud: '07700 900 123'."""
    code, _, rest = dialling.national(e164).partition(" ")
    rest = rest.replace(" ", "")
    return " ".join(filter(None, (code, rest[:3], rest[3:])))


#: Messages for an adviser who typed a number that we do not ring.
_NOT_RUNG: dict[Verdict, str] = {
    "hidden": "That is not a phone number. Listen again.",
    "malformed": "That is not a complete phone number. It begins with 0 and has ten or eleven digits. Listen again.",
    "premium": "That is a premium-rate number, so we do not ring it. Listen again, or write a note.",
    "emergency": "That is an emergency number, which we never ring. Listen again.",
    "foreign": "That is a foreign number, and we ring only UK numbers. Write it in a note.",
}


def why_not_rung(verdict: Verdict, *, is_ours: bool) -> str:
    """Why a number that an adviser typed cannot be rung; empty if it can."""
    return "That is our own number or the helpline's. Listen again." if is_ours else _NOT_RUNG.get(verdict, "")


def moment(at: float, now: float) -> str:
    """'14:30', 'tomorrow 09:00' or 'Tue 1 December, 09:00', in UK time. `at` and `now` are POSIX seconds."""
    when, today = dt.datetime.fromtimestamp(at, LONDON), dt.datetime.fromtimestamp(now, LONDON).date()
    days = (when.date() - today).days
    if days == 0:
        return f"{when:%H:%M}"
    return f"tomorrow {when:%H:%M}" if days == 1 else f"{when:%a} {when.day} {when:%B}, {when:%H:%M}"


def _long(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    hours = minutes // 60
    return f"{hours} hour{'s' * (hours != 1)}" if hours < 48 else f"{hours // 24} days"


def is_closed_then(request: CallbackRequest, now: float, diary: Diary) -> bool:
    """Whether somebody waits for a promised time at which the line is now closed, because the hours have changed."""
    return any(_is_broken(request, caller, now, diary) for caller in request.askers)


def _is_broken(request: CallbackRequest, caller: Asker, now: float, diary: Diary) -> bool:
    window, due = caller.promise.window, caller.promise.due
    return bool(request.open and caller.finished and window and due > now and not diary.stands(window))


def promised_in_words(request: CallbackRequest, now: float, script: Script | None = None) -> list[str]:
    """What each caller was promised, the soonest first, with a remark if the line is closed then."""
    told = []
    for caller in sorted(request.askers, key=lambda caller: caller.promise.due):
        broken = script is not None and _is_broken(request, caller, now, script.diary)
        told.append(_promise_in_words(caller.promise, caller.finished, now) + ". We are closed then." * broken)
    return list(dict.fromkeys(told or [_promise_in_words(request.promise, request.finished, now)]))


def numbers_in_words(request: CallbackRequest, now: float) -> str:
    """The call number of each caller. With several callers it adds what each was promised, to tell who has picked up.

    A caller who left only a message was given no number.
    """
    callers = [caller for caller in request.askers if not caller.message_only]
    if len(callers) == 1:
        return callers[0].reference
    return ", or ".join(f"{c.reference} ({_promise_in_words(c.promise, c.finished, now)})" for c in callers)


def _promise_in_words(promise: Promise, finished: bool, now: float) -> str:
    window = promise.window
    if window is None and finished and promise.when in ("morning", "afternoon"):
        return f"Only in the {promise.when}, by {moment(promise.due, now)}. No place was held for them"
    if window is None and finished:
        return f"At any time, by {moment(promise.due, now)}"
    if window is None:
        return "No time was agreed: the caller hung up before that."
    time = f"{window.day:%A} {window.day.day} {window.day:%B}, in the {window.part}"
    return time if finished else f"Nothing yet: the caller hung up before that. They chose {time}."


def script_for_ringing(request: CallbackRequest, service: str) -> list[str]:
    """What to say when somebody, or an answering machine, picks up. It follows what the caller allowed."""
    caller = "If you are sure it is the caller: say your name and where you are ringing from."
    if request.may_say_who():
        other = f"If it is somebody else: 'It is {service}, returning a call.' Say no more."
    else:
        other = "If it is somebody else: do NOT say who you are or why. 'Sorry, I will try again.' Then hang up."
    if not request.may_leave_message():
        machine = "If a machine answers: hang up. Leave NO message."
    elif request.may_say_who():
        machine = f"If a machine answers: 'This is {service}, returning your call. We will try again.' Say no more."
    else:
        machine = "If a machine answers: 'Hello, I am returning your call. I will try again.' Do NOT say who you are."
    return [caller, other, machine]


def heard_in_words(request: CallbackRequest, script: Script) -> list[str]:
    """What the caller listened to, in order, and whether they talked to a person."""
    titles = {**script.titles, "person": "a person, put through"}
    return list(dict.fromkeys(titles.get(node, node.replace("_", " ")) for node in request.heard))


def stuck_in_words(request: CallbackRequest, script: Script) -> list[str]:
    """Where silence or wrong keys stopped the caller."""
    return list(
        dict.fromkeys(f"{script.titles.get(node, 'asking')} ({node.replace('_', ' ')})" for node in request.stuck)
    )


def entries_in_words(request: CallbackRequest, script: Script) -> list[tuple[str, str]]:
    """What callers entered at places that keep it with the request, each with what it is."""
    return [(script.places[name].kept_as, text) for name, text in request.entries if name in script.places]


def missed_in_words(request: CallbackRequest, now: float) -> str:
    """The part of the day that the caller chose, if it is over. It may have been the only safe one."""
    return request.when if request.when in ("morning", "afternoon") and request.due <= now else ""


def next_try(request: CallbackRequest) -> str:
    """For the outcome that is about to be recorded: 'try 2 of 3'."""
    return f"try {request.tries + 1} of {MOST_TRIES}"
