"""What is counted of calls for the report: how many came and when, what they got, and what nobody could give them.

Each count is a name and a number for a month, and nothing in it leads to a caller. A call counts at most once for each
name; only full parts of a day count each time that a caller is told of one. Calls from test phones are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from ivr.hours import LONDON
from ivr.script.place import Place
from ivr.script.session import CancelRequest, Done, Effect, Failed, Got, HoldWindow, Input, Session, TransferEnded

#: The names under which calls are counted, and what callers got.
CAME, PUT_THROUGH, ASKED, TEXTED = "calls:came", "calls:put-through", "calls:request", "calls:text"
#: Beginning of the names of the hours of the week: "hour:0-10" is Monday from 10 to 11.
HOUR = "hour:"
#: The names of what callers wanted and did not get.
LEFT, LEFT_ASKING, LEFT_RINGING = "unmet:left", "unmet:asking", "unmet:ringing"
NOBODY_HERE, NOBODY_TOOK, LATER, FULL = "unmet:closed", "unmet:nobody", "unmet:later", "unmet:full"
#: What is counted when a caller has got it. A transfer is not: no turn may follow the talk, so it is counted when the
#: adviser takes the call (`PUT_THROUGH`).
_GOT: Mapping[Got, str] = {"request": ASKED, "text": TEXTED}
#: A caller cancelled their request.
CANCELLED = "ended:cancelled"


def at_start(now: dt.datetime) -> list[str]:
    """The names to count when a call comes."""
    here = now.astimezone(LONDON)
    return [CAME, hour(here.weekday(), here.hour)]


def hour(weekday: int, hour_: int) -> str:
    """The name of an hour of the week. Monday is 0."""
    return f"{HOUR}{weekday}-{hour_}"


def of_turn(before: Session, event: Input, after: Session) -> Iterator[str]:
    """The names to count after a turn: what the caller got for the first time, and whether they asked for a person and
    reached nobody.
    """
    if after.got != before.got:
        yield from (_GOT[what] for what in after.got if what in _GOT and what not in before.got)
    if after.turned_away <= before.turned_away:
        return
    if not isinstance(event, TransferEnded):
        if not before.turned_away and after.away != "stopped":
            yield NOBODY_HERE
    elif event.how != "stopped" and before.away in ("", "stopped"):
        yield NOBODY_TOOK


def of_effect(effect: Effect, done: Done | Failed) -> Iterator[str]:
    """The names to count after an effect: a part of a day that was full, or a request that was cancelled."""
    if isinstance(done, Failed) or done.spooled:
        return
    match effect:
        case HoldWindow(windows=windows) if windows and done.window != windows[0]:
            yield LATER if done.window else FULL
        case CancelRequest(reference=reference) if done.request:
            if any(asker.reference == reference and asker.finished for asker in done.request.gone):
                yield CANCELLED


def at_hanging_up(place: Place | None, last: Session, *, is_accepted: bool) -> list[str]:
    """The names to count when a caller hangs up: while a phone rings, while they ask to be rung, or at a question, if
    they have heard and got nothing. Who hangs up during the greeting has asked for nothing yet.

    `is_accepted`: an adviser has taken the call, so its end is a normal one.
    """
    if place is None or (is_accepted and place.takes is TransferEnded):
        return []
    if place.takes is TransferEnded:
        return [LEFT_RINGING]
    if place.unfinished:
        return [] if "request" in last.got else [LEFT_ASKING]
    is_at_question = not (place.hands_over or place.tells_first)
    return [LEFT] if is_at_question and not (last.got or last.heard) else []
