"""The worker: runs queued jobs, and regularly looks for forgotten work.

Texts, recordings, outgoing calls and alerts are jobs. Three times a minute the worker looks for late requests, for
saved work that was never done, and for data whose retention period is over. Every ten minutes it asks Twilio for
messages that were not reported. Its processes are in `pool.py`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import structlog
from msgspec.structs import replace
from rq import get_current_job

from ivr import (
    alerts,
    audio,
    briefing,
    building,
    callback,
    config,
    drafts,
    fitting,
    flood,
    linefile,
    messages,
    person,
    reading,
    renewing,
    spending,
    spooling,
)
from ivr.config import Settings
from ivr.hours import LONDON, Hours
from ivr.jobs import PROCESSES, Jobs, Way, What, keep_recording, recording_path
from ivr.linefile import LineFile, compiled
from ivr.problems import ConfigError
from ivr.request import CallbackRequest, SpokenMessage
from ivr.store import MOST_ENDED, PATIENT_SECONDS, Spool, Store
from ivr.twilio import codes
from ivr.twilio.rest import Phone, PhoneFailed

log = structlog.get_logger()

#: Seconds after which a waiting text counts as forgotten by the queue.
FORGOTTEN_SECONDS = 30
#: Seconds in the state "sending" after which the process that sent a text counts as killed: longer than any time-out.
MAY_HAVE_GONE_SECONDS = 20
#: Seconds after which a late request is named in the alert, and how many are.
LATE_DAY_SECONDS, MOST_NAMED = 24 * 60 * 60, 10
#: Seconds after a click when the adviser no longer expects a call.
RING_WITHIN_SECONDS = 120


class Tools:
    """The worker's settings, store and clients. The store waits longer for Redis, because no caller waits."""

    def __init__(self, settings: Settings):
        self.settings, self.store = settings, Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
        self.phone = Phone(settings, failed=lambda code: self.store.health.count("rest_errors", code))
        self.jobs = Jobs(settings, self.store)
        self.spool = Spool(settings.spool_dir, settings.keys)

    def line(self) -> LineFile:
        """The live line.yaml, the only part of a script that the worker needs. Raises ConfigError if there is none."""
        files = self.store.revisions.files(self.store.revisions.live() or "") or {}
        document = reading.read(files.get(drafts.LINE, ""), f"config/{drafts.LINE}")
        line = fitting.sound_part(LineFile, document, linefile.spare_of_line)
        if document.problems:
            raise ConfigError(document.problems)
        return line

    def hours(self) -> Hours:
        """The opening hours. Raises ConfigError."""
        return building.hours_of(self.line(), config.bank_holidays())


# --- jobs -----------------------------------------------------------------------------------


def send_text(tools: Tools, text_id: str) -> None:
    """Send one text, unless another process has begun it. Raises if a retry makes sense."""
    text = tools.store.texts.begin(text_id, time.time())
    if text is None:
        _give_up_if_lost(tools, text_id, time.time())
        return
    try:
        sid = tools.phone.send_text(text.id, text.to, text.body)
        tools.store.texts.became(text_id, "sent", sid=sid)
        tools.store.spendings.add("text_parts", spending.parts(text.body), text_id, time.time())
    except PhoneFailed as error:
        log.warning("text", id=text_id, why=str(error), again=error.again)
        if error.again and not _last_try():
            tools.store.texts.put_back(text_id)
            raise
        tools.store.texts.became(text_id, "failed", why=str(error), code=error.code)
        if error.code in codes.NO_SENDER:
            tools.store.texts.sender_is(codes.in_words(error.code))


def ask_for_sender(tools: Tools) -> None:
    """Find out whether texts can be sent, if Redis has no answer: the start could not ask, or Redis has lost it.

    Until then, callers are offered none.
    """
    if tools.store.texts.why_no_sender() is None:
        tools.store.texts.sender_is(tools.phone.why_no_texts())


def _give_up_if_lost(tools: Tools, text_id: str, now: float) -> None:
    """Mark a text as failed whose process was killed while sending. It may have gone, so it is not sent again."""
    text = tools.store.texts.get(text_id)
    if text and text.fate == "sending" and text.tried_at + MAY_HAVE_GONE_SECONDS <= now:
        tools.store.texts.became(text_id, "failed", why="The line stopped at that moment. The text may have gone")


def _last_try() -> bool:
    job = get_current_job()
    return job is None or not job.retries_left


class NotYet(Exception):
    """Raised when the request of a message is not saved yet, so that the message is fetched later."""


def fetch_recording(tools: Tools, wish: str, recording_sid: str, seconds: int) -> None:
    """Store a message here, and only then delete it at Twilio.

    Twilio may report a message before the turn that saves its request. So the job is retried; if the request never
    comes and the message has speech, a request is created for somebody to listen. A message is dropped if its request
    was deleted meanwhile.
    """
    requests = tools.store.requests
    request = requests.of_wish(wish)
    was_deleted = request is None and requests.was_deleted(wish.rsplit("-", 1)[0])
    if not was_deleted:
        if request is None and not _last_try():
            raise NotYet(f"The wish {wish} of a message is not saved yet")
        sound = tools.phone.recording(recording_sid)
        has_speech = audio.may_hold_speech(sound)
        if request is None and has_speech:
            request = requests.save(messages.without_its_call(wish, time.time())).request
        if request is not None:
            _keep_message(tools, request, SpokenMessage(recording_sid, seconds, wish=wish, speech=has_speech), sound)
    tools.phone.delete_recording(recording_sid)


def _keep_message(tools: Tools, request: CallbackRequest, message: SpokenMessage, sound: bytes) -> None:
    """Store a message with its request, and send an alert if the request is urgent and had none today."""
    path, now = recording_path(tools.settings, message.name), time.time()
    keep_recording(tools.settings, message.name, sound)
    asker = request.asker(message.wish)
    at = asker.last_heard if asker else request.asked_at
    kept = tools.store.requests.with_message(request.id, replace(message, at=at), now)
    if kept is None:
        path.unlink(missing_ok=True)
        return
    if not message.speech:
        tools.store.health.count("messages_put_aside")
        log.info("message without speech", request=kept.id, recording=message.name)
    if kept.state == "waiting":
        tools.jobs.alert_if_urgent(kept, now)


def ring(tools: Tools, request_id: str, adviser: str, asked_at: float) -> None:
    """Ring an adviser, to be connected to a caller. Failures are noted on the request.

    Twilio is asked only once, because a second call could ring for nobody. Does nothing if the click was too long ago,
    or the adviser gave the request back.
    """
    known, request, now = tools.store.people.get(adviser), tools.store.requests.get(request_id), time.time()
    if request is None or not request.number or not callback.held_by(request, adviser, now):
        return
    try:
        if now - asked_at > RING_WITHIN_SECONDS:
            raise PhoneFailed("The line was too busy at that moment")
        if _stage(tools, now) == "no clicks":
            raise PhoneFailed("The line has spent what it may spend in a day")
        if not tools.store.requests.begin_ringing(request_id, asked_at):
            raise PhoneFailed("The line stopped at that moment, so your phone may still ring")
        tools.phone.ring(known.phone if known else "", request_id, adviser)
    except PhoneFailed as error:
        words = f"{error}. Ring by hand."
        with contextlib.suppress(KeyError):
            tools.store.requests.change(
                request_id, lambda r: callback.note(r, "the line", f"Could not ring you: {words}", now)
            )


#: The subjects of alerts: what to do.
SUBJECTS = {
    "today": "A caller who cannot wait must be rung today",
    "urgent": "An urgent caller is waiting to be rung",
    "message": "A caller who pressed no key left a message: somebody must listen to it",
    "late": "A caller has not been rung in time",
    "unheard": "Nobody has listened to a message in time",
}


def alert(tools: Tools, request_id: str, what: What, way: Way) -> None:
    """Send one alert about a request by one way, if its reason still applies and that way is configured."""
    request, now = tools.store.requests.get(request_id), time.time()
    if request is None or not _is_so(tools, request, what, now):
        _forget_this_job()
        return
    is_message = what in ("today", "urgent") and request.message_only
    if is_message and not tools.store.requests.may_alert(request, way):
        return
    subject = SUBJECTS["message" if is_message else what]
    words = (
        f"{subject}. {_by_when(tools, request, what)}{_others(tools, what, now)}{_about(request)}\n"
        f"{tools.settings.public_url}/console/request/{request.id}"
    )
    if what == "late":
        words += _waiting_longest(tools, now)
    _tell(tools, way, alerts.Alert(_alert_id(f"{request_id}-{what}-{way}"), subject, words))


def _stage(tools: Tools, now: float) -> spending.Stage:
    """How far this day's spending is. Nothing is read of a day on which nothing was spent."""
    spent = tools.store.spendings.of_day(now)
    return spending.stage(spent, compiled(tools.line()).spending) if spent else ""


#: What each stage of a day's spending means.
SPENT = {
    "near": "Texts stop at nine tenths of it, and calls by one click at all of it.",
    "no texts": "Texts have stopped until midnight: callers hear so, and how to get a person.",
    "no clicks": "Texts and calls by one click have stopped until midnight. Advisers ring by hand.",
}


def alert_of_spending(tools: Tools, stage: str, way: Way) -> None:
    """Send one alert about what was spent today."""
    prices = compiled(tools.line()).spending
    spent = spending.pounds(tools.store.spendings.of_day(time.time()), prices)
    subject = "The line has spent much at Twilio today"
    words = (
        f"{subject}: about {spent:.2f} of {prices.pounds_a_day} pounds. {SPENT[stage]} The line goes on answering. "
        f"Look whether somebody misuses it:\n{tools.settings.public_url}/console/floods"
    )
    _tell(tools, way, alerts.Alert(_alert_id(f"spending-{way}"), subject, words))


def alert_of_flood(tools: Tools, way: Way) -> None:
    """Send one alert about a flood, in place of one for each of its urgent requests."""
    waiting = tools.store.requests.waiting()
    ids = _flood(tools, waiting)
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


def _flood(tools: Tools, waiting: list[CallbackRequest]) -> set[str]:
    """The ids of requests that are part of a flood. Few are none, whatever `line.yaml` says, so it is not read."""
    if len(waiting) < linefile.LEAST_FLOOD:
        return set()
    return flood.part_of_one(waiting, tools.line().limits.flood_an_hour)


def _about(request: CallbackRequest) -> str:
    """Whom it is about, in a sentence; empty for a parent who asks about their own child."""
    short = briefing.short_about(request)
    return f" {', '.join(short)}." if short else ""


def alert_of_process(tools: Tools, process: str, way: Way) -> None:
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


def _tell(tools: Tools, way: Way, alert: alerts.Alert) -> None:
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


def _is_so(tools: Tools, request: CallbackRequest, what: What, now: float) -> bool:
    """Whether the reason for an alert still applies to a request."""
    if what in ("today", "urgent"):
        is_told_together = request.id in _flood(tools, tools.store.requests.waiting())
        return request.open and request.urgency == what and not is_told_together
    return request.open and (_is_late(request, now) if what == "late" else _is_unheard(request, tools.hours(), now))


def _by_when(tools: Tools, request: CallbackRequest, what: What) -> str:
    by = _listen_by(request, tools.hours()) if what == "unheard" else request.due
    is_late = "A call was promised" if what == "late" else "They should be rung"
    verb = "It should have been listened to" if what == "unheard" else is_late
    return f"{verb} by {dt.datetime.fromtimestamp(by, LONDON):%H:%M on %A %-d %B}."


def _others(tools: Tools, what: What, now: float) -> str:
    """How many late callers or unheard messages there are, as a sentence; empty for one."""
    late, unheard, _ = behind(tools, now)
    if what == "unheard":
        return f" There are {unheard} such callers." if unheard > 1 else ""
    return f" {late} callers have not been rung in time." if late > 1 else ""


def _waiting_longest(tools: Tools, now: float) -> str:
    """The requests that are late by a day or more, for a supervisor: only a person closes them. Empty if none is."""
    old = [request for request in tools.store.requests.waiting() if request.due + LATE_DAY_SECONDS <= now]
    rows = [
        f"\n  since {dt.datetime.fromtimestamp(each.due, LONDON):%A %-d %B}: "
        f"{tools.settings.public_url}/console/request/{each.id}"
        for each in old[:MOST_NAMED]
    ]
    more = f"\n  and {len(old) - MOST_NAMED} more" if len(old) > MOST_NAMED else ""
    return "".join(("\n\nLate for a day or more. Each waits until a person closes it:", *rows, more)) if old else ""


def _listen_by(request: CallbackRequest, hours: Hours) -> float:
    """By when somebody should listen to the first unheard message of a request; infinity if there is none."""
    return min((each.listen_by for each in briefing.unheard_messages([request], hours)), default=float("inf"))


def _is_unheard(request: CallbackRequest, hours: Hours, now: float) -> bool:
    return _listen_by(request, hours) <= now


def _forget_this_job() -> None:
    """Delete this job's record, because it sent nothing: the same alert can then be queued again at once."""
    if job := get_current_job():
        job.result_ttl = 0


# --- looks ----------------------------------------------------------------------------------


def look(tools: Tools, now: float) -> None:
    """Queue alerts about late requests and unheard messages, and saved work that was never done.

    If several requests are late, one alert names the one that became late last, so that each new one causes an alert,
    and says how many there are. The same goes for unheard messages, and for very many callers within an hour.
    """
    _look_for_texts(tools, now)
    if stage := _stage(tools, now):
        tools.jobs.alert_of_spending(stage, dt.datetime.fromtimestamp(now, LONDON).date())
    waiting = tools.store.requests.waiting()
    if late := [request for request in waiting if _is_late(request, now)]:
        tools.jobs.alert(max(late, key=lambda request: request.due).id, "late")
    if in_flood := _flood(tools, waiting):
        tools.jobs.alert_of_flood(tools.store.requests.flood_began(now))
    for request in waiting:
        if callback.claimable(request, now) and request.id not in in_flood:
            tools.jobs.alert_if_urgent(request, now)
    if left := [request for request in waiting if messages.unheard(request)]:
        hours = tools.hours()
        if unheard := [request for request in left if _is_unheard(request, hours, now)]:
            tools.jobs.alert(max(unheard, key=lambda request: _listen_by(request, hours)).id, "unheard")


def _look_for_texts(tools: Tools, now: float) -> None:
    """Queue texts that the queue has lost, and find out whether texts can be sent, where nobody knows."""
    if tools.settings.can_reach_twilio and tools.store.texts.why_no_sender() is None:
        tools.jobs.ask_for_sender(now)
    for text in tools.store.texts.underway():
        if text.fate == "sending":
            _give_up_if_lost(tools, text.id, now)
        elif text.fate == "waiting" and text.asked_at + FORGOTTEN_SECONDS <= now:
            tools.jobs.send_waiting_text(text.id)


def hand_in(tools: Tools, now: float) -> None:
    """Hand in what this machine kept while Redis was away. The web does so every second, if it runs."""
    tools.spool.prepare(now)
    spooling.hand_in(tools.spool, tools.store, tools.jobs)


def keep_erased(tools: Tools, now: float) -> None:
    """Note on this machine what was erased, and erase once more what a restore of Redis brought back."""
    person.keep_erased(tools.settings, tools.store, tools.spool, now)


def _is_late(request: CallbackRequest, now: float) -> bool:
    """Whether a request is late, not counting callers who have only just hung up half-way."""
    if request.talking(now):
        return False
    return request.due <= now and (request.state == "claimed" or callback.claimable(request, now))


class Behind(NamedTuple):
    """How many callers were not rung in time, and messages not listened to in time.

    `urgent_since`: since when the urgent caller who could be rung first has waited (POSIX seconds); 0 if none waits.
    """

    late: int
    unheard: int
    urgent_since: float


def behind(tools: Tools, now: float) -> Behind:
    """What waits that should not."""
    waiting, hours = tools.store.requests.waiting(), tools.hours()
    urgent = (max(request.asked_at, request.opens) for request in waiting if request.urgent and request.opens <= now)
    return Behind(
        sum(_is_late(request, now) for request in waiting),
        sum(_is_unheard(request, hours, now) for request in waiting),
        min(urgent, default=0.0),
    )


def tidy(tools: Tools, now: float) -> int:
    """Delete data whose retention period is over: messages, and ended requests with everything that belongs to them.

    Returns how many were deleted.
    """
    keep = tools.line().ring_back.message_keep_days * 86400.0
    forgotten = tools.store.requests.forget_ended(now)
    tools.store.texts.forget_old(now)
    tools.store.erasing.look(now)
    renewing.forget_copies(tools.settings, now)
    gone = {recording_path(tools.settings, message.name) for r in forgotten for message in r.messages}
    gone |= set(_written_before(now - keep, recording_path(tools.settings, "x").parent))
    faults = []
    for path in gone:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:  # the others are deleted anyway, and this one at a later look
            faults.append(f"{path}: {error.strerror}")
    if faults:
        log.error(
            "worker", why=f"{len(faults)} spoken messages are past their days and cannot be deleted", first=faults[0]
        )
    return len(forgotten) + len(gone) - len(faults)


def end_half_made(tools: Tools, now: float) -> None:
    """End requests whose callers hung up half-way, a day after they were due. All others wait for a person."""
    hours = tools.hours()
    for request in tools.store.requests.waiting():
        if callback.is_half_made(request, now, hours):
            with contextlib.suppress(KeyError, callback.Refused):  # somebody was quicker
                tools.store.requests.change(request.id, lambda found: callback.lapse(found, now, hours))
                log.info("lapsed", request=request.id)


def _written_before(when: float, folder: Path) -> Iterator[Path]:
    for path in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another look was quicker
            if path.stat().st_mtime <= when:
                yield path


def fetch_forgotten(tools: Tools) -> None:
    """Queue messages that are still at Twilio, because they were not reported or could not be fetched.

    Those of a deleted request will be deleted there. Recordings of calls that left no request with us are not touched.
    """
    left = tools.phone.messages_left() if tools.settings.can_reach_twilio else []
    asked = [*tools.store.requests.waiting(), *tools.store.requests.ended(MOST_ENDED)] if left else []
    for message in left:
        wish = next((wish for request in asked for wish in request.wishes_of(message.call)), "")
        if not wish and tools.store.requests.was_deleted(message.call):
            wish = f"{message.call}-0"
        if wish:
            tools.jobs.fetch_recording(wish, message.recording, message.seconds)


#: The jobs by name. Nothing else can be run, whatever somebody writes into Redis.
JOBS: dict[str, Callable[..., None]] = {
    "send_text": send_text,
    "ask_for_sender": ask_for_sender,
    "fetch_recording": fetch_recording,
    "fetch_forgotten": fetch_forgotten,
    "ring": ring,
    "alert": alert,
    "alert_of_process": alert_of_process,
    "alert_of_flood": alert_of_flood,
    "alert_of_spending": alert_of_spending,
}
