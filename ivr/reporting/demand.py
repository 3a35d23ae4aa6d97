"""What is counted of calls for the report: how many came and when, what they got, and what nobody could give them.

Each is counted by month, as a name and a number, and nothing in it leads to a caller. A call counts once for each name,
except for full parts of a day, which count each time somebody is told so. Calls of test phones are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from ivr.hours import LONDON
from ivr.script.place import Place
from ivr.script.session import CancelRequest, Done, Effect, Failed, Got, HoldWindow, Input, Session, TransferEnded

#: The names under which calls are counted, and what callers got.
CAME, PUT_THROUGH, ASKED, TEXTED = "calls:came", "calls:put-through", "calls:request", "calls:text"
#: The beginning of the names of the hours of the week: "hour:0-10" is Monday from 10 to 11.
HOUR = "hour:"
#: The names of what callers wanted and did not get.
LEFT, LEFT_ASKING, LEFT_RINGING = "unmet:left", "unmet:asking", "unmet:ringing"
NOBODY_HERE, NOBODY_TOOK, LATER, FULL = "unmet:closed", "unmet:nobody", "unmet:later", "unmet:full"
#: That a caller was put through is counted when the adviser takes the call: no turn may follow the talk.
_GOT: Mapping[Got, str] = {"request": ASKED, "text": TEXTED}
#: A caller who took their wish back.
CANCELLED = "ended:cancelled"


def at_start(now: dt.datetime) -> list[str]:
    """A call came."""
    here = now.astimezone(LONDON)
    return [CAME, hour(here.weekday(), here.hour)]


def hour(weekday: int, hour_: int) -> str:
    """The name of an hour of the week. Monday is 0."""
    return f"{HOUR}{weekday}-{hour_}"


def of_turn(before: Session, event: Input, after: Session) -> Iterator[str]:
    """What one turn adds: what the caller got for the first time, and whether they wanted a person in vain."""
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
    """What an effect of a call adds: a part of a day that was full, and a wish that was taken back."""
    if isinstance(done, Failed) or done.spooled:
        return
    match effect:
        case HoldWindow(windows=windows) if windows and done.window != windows[0]:
            yield LATER if done.window else FULL
        case CancelRequest(reference=reference) if done.request:
            if any(asker.reference == reference and asker.finished for asker in done.request.gone):
                yield CANCELLED


def at_hanging_up(place: Place | None, last: Session, *, is_accepted: bool) -> list[str]:
    """A caller hung up: before anybody took their call, while they asked to be rung, or at a question with nothing
    heard or got. Who hangs up during the greeting has asked for nothing yet.

    `is_accepted`: an adviser has taken the call, so that its end is no fault.
    """
    if place is None or (is_accepted and place.takes is TransferEnded):
        return []
    if place.takes is TransferEnded:
        return [LEFT_RINGING]
    if place.unfinished:
        return [] if "request" in last.got else [LEFT_ASKING]
    is_at_question = not (place.hands_over or place.tells_first)
    return [LEFT] if is_at_question and not (last.got or last.heard) else []
