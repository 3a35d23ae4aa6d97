"""Alerts: jobs that tell the service, by mail and webhook, what cannot wait. `ivr.machine.alerts` sends them."""

from __future__ import annotations

import datetime as dt
import time

from rq import get_current_job

from ivr.advising import briefing
from ivr.authoring.linefile import compiled
from ivr.callbacks import flood, spending
from ivr.callbacks.request import CallbackRequest
from ivr.hours import LONDON
from ivr.machine import alerts
from ivr.processes import overdue
from ivr.processes.tools import Tools
from ivr.usecases.jobs import PROCESSES, AlertReason, Channel

#: Requests that are late by so many seconds are named in an alert, and so many of them at most.
LATE_DAY_SECONDS, MOST_NAMED = 24 * 60 * 60, 10
#: The subjects of alerts: what to do.
SUBJECTS = {
    "today": "A caller who cannot wait must be rung today",
    "urgent": "An urgent caller is waiting to be rung",
    "message": "A caller who pressed no key left a message: somebody must listen to it",
    "late": "A caller has not been rung in time",
    "unheard": "Nobody has listened to a message in time",
}


def alert(tools: Tools, request_id: str, what: AlertReason, way: Channel) -> None:
    """Send one alert about a request by mail or webhook, if its reason still applies and that way is configured."""
    request, waiting, now = tools.store.requests.get(request_id), tools.store.requests.waiting(), time.time()
    if request is None or not _is_so(tools, request, waiting, what, now):
        _forget_this_job()
        return
    is_message = what in ("today", "urgent") and request.message_only
    if is_message and not tools.store.once.may_alert(request, way):
        return
    subject = SUBJECTS["message" if is_message else what]
    words = (
        f"{subject}{_named(request)}. {_by_when(tools, request, what)}"
        f"{_others(tools, waiting, what, now)}{_about(request)}\n"
        f"{tools.settings.public_url}/console/request/{request.id}"
    )
    if what == "late":
        words += _waiting_longest(tools, waiting, now)
    _tell(tools, way, alerts.Alert(_alert_id(f"{request_id}-{what}-{way}"), subject, words))


def _named(request: CallbackRequest) -> str:
    """': call 4271', the name that advisers can say to each other. Nothing for a message: its caller has no number."""
    numbers = [asker.reference for asker in request.askers if asker.reference and not asker.message_only]
    return f": call {', '.join(numbers)}" if numbers else ""


def stage_of(tools: Tools, now: float) -> spending.Stage:
    """How far this day's spending is. Nothing is read of a day on which nothing was spent."""
    spent = tools.store.spendings.of_day(now)
    return spending.stage(spent, compiled(tools.line()).spending) if spent else ""


#: What each stage of a day's spending means.
SPENT = {
    "near": "Texts stop at nine tenths of it, and calls by one click at all of it.",
    "no texts": "Texts have stopped until midnight: callers hear so, and how to get a person.",
    "no clicks": "Texts and calls by one click have stopped until midnight. Advisers ring by hand.",
}


def alert_of_spending(tools: Tools, stage: str, way: Channel) -> None:
    """Send one alert about what was spent today."""
    prices = compiled(tools.line()).spending
    spent = spending.pounds(tools.store.spendings.of_day(time.time()), prices)
    subject = "The line has spent much at Twilio today"
    words = (
        f"{subject}: about {spent:.2f} of {prices.pounds_a_day} pounds. {SPENT[stage]} The line goes on answering. "
        f"Look whether somebody misuses it:\n{tools.settings.public_url}/console/floods"
    )
    _tell(tools, way, alerts.Alert(_alert_id(f"spending-{way}"), subject, words))


def alert_of_flood(tools: Tools, way: Channel) -> None:
    """Send one alert about a flood, in place of one for each of its urgent requests."""
    waiting = tools.store.requests.waiting()
    ids = overdue.in_flood(tools, waiting)
    if not ids:
        _forget_this_job()
        return
    of_it = [request for request in waiting if request.id in ids]
    keyed, urgent = sum(map(flood.is_keyed, of_it)), sum(bool(request.urgency) for request in of_it)
    subject = "Very many callers ask to be rung"
    words = (
        f"{subject}: {len(of_it)} within an hour or little more. {keyed} keyed their number or hid it. {urgent} are "
        "urgent, and there is no alert for each of these. Ring a few of them. If somebody misuses the line, take them "
        "out together:\n"
        f"{tools.settings.public_url}/console/floods"
    )
    _tell(tools, way, alerts.Alert(_alert_id(f"flood-{way}"), subject, words))


def _about(request: CallbackRequest) -> str:
    """Whom it is about, in a sentence; empty for a parent who asks about their own child."""
    short = briefing.short_about(request)
    return f" {', '.join(short)}." if short else ""


def alert_of_process(tools: Tools, process: str, way: Channel) -> None:
    """Send one alert about a process that keeps ending, if it still does."""
    times = tools.store.health.ailing([process]).get(process)
    if not times:
        _forget_this_job()
        return
    subject = f"A part of the line is down: {PROCESSES[process]} keeps ending"
    words = (
        f"{subject}. It ended {times} times in a row just after its start. The rest of the line continues. "
        f"Tell your operator: the log of the line says why.\n{tools.settings.public_url}/readyz"
    )
    _tell(tools, way, alerts.Alert(_alert_id(f"{process}-{way}"), subject, words))


def _tell(tools: Tools, way: Channel, alert: alerts.Alert) -> None:
    to = tools.line().alerts
    if way == "mail" and to.email_to and tools.settings.smtp_url:
        alerts.mail(tools.settings, to.email_to, alert)
    if way == "webhook" and to.webhook:
        alerts.post(to.webhook, alert)


def _alert_id(of: str) -> str:
    """An id that stays the same for retries of this alert, and differs for its daily repeat."""
    job = get_current_job()
    began = job.created_at.timestamp() if job and job.created_at else time.time()
    return f"{of}-{began:.0f}"


def _is_so(
    tools: Tools, request: CallbackRequest, waiting: list[CallbackRequest], what: AlertReason, now: float
) -> bool:
    """Whether the reason for an alert still applies to a request."""
    match what:
        case "today" | "urgent":
            is_told_together = request.id in overdue.in_flood(tools, waiting)
            is_so = request.urgency == what and not is_told_together
        case "late":
            is_so = overdue.is_late(request, now)
        case "unheard":
            is_so = overdue.is_unheard(request, tools.hours(), now)
    return request.open and is_so


def _by_when(tools: Tools, request: CallbackRequest, what: AlertReason) -> str:
    by = overdue.listen_by(request, tools.hours()) if what == "unheard" else request.due
    is_late = "A call was promised" if what == "late" else "They should be rung"
    verb = "It should have been listened to" if what == "unheard" else is_late
    return f"{verb} by {dt.datetime.fromtimestamp(by, LONDON):%H:%M on %A %-d %B}."


def _others(tools: Tools, waiting: list[CallbackRequest], what: AlertReason, now: float) -> str:
    """How many late callers or unheard messages there are, as a sentence; empty for one."""
    late, unheard, _ = overdue.behind(waiting, tools.hours(), now)
    if what == "unheard":
        return f" There are {unheard} such callers." if unheard > 1 else ""
    return f" {late} callers have not been rung in time." if late > 1 else ""


def _waiting_longest(tools: Tools, waiting: list[CallbackRequest], now: float) -> str:
    """The requests that are late by a day or more, for a supervisor: only a person closes them. Empty if none is."""
    old = [request for request in waiting if request.due + LATE_DAY_SECONDS <= now]
    rows = [
        f"\n  since {dt.datetime.fromtimestamp(each.due, LONDON):%A %-d %B}: "
        f"{tools.settings.public_url}/console/request/{each.id}"
        for each in old[:MOST_NAMED]
    ]
    more = f"\n  and {len(old) - MOST_NAMED} more" if len(old) > MOST_NAMED else ""
    return "".join(("\n\nLate for a day or more. Each waits until a person closes it:", *rows, more)) if old else ""


def _forget_this_job() -> None:
    """Delete this job's record, because it sent nothing: the same alert can then be queued again at once."""
    if job := get_current_job():
        job.result_ttl = 0
