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

import structlog
from msgspec.structs import replace
from rq import get_current_job

from ivr import sms
from ivr.advising import messages
from ivr.callbacks import callback
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.hours import LONDON
from ivr.machine import equipment
from ivr.places.taking import call_of, take_id
from ivr.processes import alerting, overdue
from ivr.processes.tools import Tools
from ivr.twilio import codes
from ivr.twilio.rest import RestFailed
from ivr.usecases import personal_data, renewing, spooling
from ivr.usecases.jobs import keep_recording, recording_path, recordings_folder

log = structlog.get_logger()

#: Seconds after which a waiting text counts as forgotten by the queue.
FORGOTTEN_SECONDS = 30
#: Seconds in the state "sending" after which the process that sent a text counts as killed: longer than any time-out.
MAY_HAVE_GONE_SECONDS = 20
#: Seconds after a click when the adviser no longer expects a call.
RING_WITHIN_SECONDS = 120


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
        tools.store.spendings.add("text_parts", sms.parts(text.body), text_id, time.time())
    except RestFailed as error:
        log.warning("text", id=text_id, why=str(error), again=error.again)
        if error.again and not _last_try():
            tools.store.texts.put_back(text_id)
            raise
        tools.store.texts.became(text_id, "failed", why=str(error), code=error.code)
        if error.code in codes.NO_SENDER:
            tools.store.texts.sender_is(codes.in_words(error.code))


def ask_for_sender(tools: Tools) -> None:
    """Ask Twilio whether texts can be sent, if Redis has no answer: the start could not ask, or Redis has lost it.

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
    was deleted meanwhile. A take from a test phone belongs to no request.
    """
    if call_of(wish):
        tools.takes.came(wish, tools.phone.recording(recording_sid))
        tools.phone.delete_recording(recording_sid)
        return
    requests = tools.store.requests
    request = requests.of_wish(wish)
    was_deleted = request is None and requests.was_deleted(wish.rsplit("-", 1)[0])
    if not was_deleted:
        if request is None and not _last_try():
            raise NotYet(f"The wish {wish} of a message is not saved yet")
        sound = tools.phone.recording(recording_sid)
        has_speech = _may_hold_speech(sound)
        if request is None and has_speech:
            request = requests.save(messages.without_its_call(wish, time.time())).request
        if request is not None:
            _keep_message(tools, request, SpokenMessage(recording_sid, seconds, wish=wish, speech=has_speech), sound)
    tools.phone.delete_recording(recording_sid)


def _may_hold_speech(sound: bytes) -> bool:
    """Whether somebody should listen to a message. Without the libraries for sound: to every message."""
    if equipment.only_serves():
        return True
    from ivr.audio.speech import may_hold_speech

    return may_hold_speech(sound)


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
    known, request, now = tools.store.accounts.get(adviser), tools.store.requests.get(request_id), time.time()
    if request is None or not request.number or not callback.held_by(request, adviser, now):
        return
    try:
        if now - asked_at > RING_WITHIN_SECONDS:
            raise RestFailed("The line was too busy at that moment")
        if alerting.stage_of(tools, now) == "no clicks":
            raise RestFailed("The line has spent what it may spend in a day")
        if not tools.store.once.begin_ringing(request_id, asked_at):
            raise RestFailed("The line stopped at that moment, so your phone may still ring")
        tools.phone.ring(known.phone if known else "", request_id, adviser)
    except RestFailed as error:
        words = f"{error}. Ring by hand."
        with contextlib.suppress(KeyError):
            tools.store.requests.change(
                request_id, lambda r: callback.note(r, "the line", f"Could not ring you: {words}", now)
            )


# --- looks ----------------------------------------------------------------------------------


def look(tools: Tools, now: float) -> None:
    """Queue alerts about late requests and unheard messages, and saved work that was never done.

    If several requests are late, one alert names the one that became late last, so that each new one causes an alert,
    and says how many there are. The same goes for unheard messages, and for very many callers within an hour.
    """
    _look_for_texts(tools, now)
    if stage := alerting.stage_of(tools, now):
        tools.jobs.alert_of_spending(stage, dt.datetime.fromtimestamp(now, LONDON).date())
    waiting = tools.store.requests.waiting()
    if late := [request for request in waiting if overdue.is_late(request, now)]:
        tools.jobs.alert(max(late, key=lambda request: request.due).id, "late")
    if many := overdue.in_flood(tools, waiting):
        tools.jobs.alert_of_flood(tools.store.once.flood_began(now))
    for request in waiting:
        if callback.claimable(request, now) and request.id not in many:
            tools.jobs.alert_if_urgent(request, now)
    if left := [request for request in waiting if messages.unheard(request)]:
        hours = tools.hours()
        if unheard := [request for request in left if overdue.is_unheard(request, hours, now)]:
            tools.jobs.alert(max(unheard, key=lambda request: overdue.listen_by(request, hours)).id, "unheard")


def _look_for_texts(tools: Tools, now: float) -> None:
    """Queue texts that the queue has lost; and if it is not known whether texts can be sent, a job that asks Twilio."""
    if tools.settings.can_reach_twilio and tools.store.texts.why_no_sender() is None:
        tools.jobs.ask_for_sender(now)
    for text in tools.store.texts.underway():
        if text.fate == "sending":
            _give_up_if_lost(tools, text.id, now)
        elif text.fate == "waiting" and text.asked_at + FORGOTTEN_SECONDS <= now:
            tools.jobs.send_waiting_text(text.id)


def hand_in(tools: Tools, now: float) -> None:
    """Hand in what this machine kept while Redis was away. Every web process does so too, once a second."""
    tools.spool.prepare(now)
    spooling.hand_in(tools.spool, tools.store, tools.jobs)


def keep_erased(tools: Tools, now: float) -> None:
    """Note on this machine what was erased, and erase once more what a restore of Redis brought back."""
    personal_data.keep_erased(tools.settings, tools.store, tools.spool, now)


def tidy(tools: Tools, now: float) -> int:
    """Delete data whose retention period is over: messages, and ended requests with everything that belongs to them.

    Returns how many were deleted.
    """
    keep = tools.line().ring_back.message_keep_days * 86400.0
    forgotten = tools.store.requests.forget_ended(now)
    tools.store.texts.forget_old(now)
    tools.store.erasing.look(now)
    renewing.forget_copies(tools.settings, now)
    tools.takes.tidy(now)
    gone = {recording_path(tools.settings, message.name) for r in forgotten for message in r.messages}
    gone |= set(_written_before(now - keep, recordings_folder(tools.settings)))
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

    Those of a deleted request will be deleted there. Twilio does not say whether a recording of a test phone is a take:
    it counts as a message if the call left a request, and as a take otherwise. Recordings of other calls that left no
    request with us are not touched.
    """
    requests = tools.store.requests
    for message in tools.phone.messages_left() if tools.settings.can_reach_twilio else []:
        asked = requests.asked_in(message.call)
        wish = next((wish for request in asked for wish in request.wishes_of(message.call)), "")
        if not wish and requests.was_deleted(message.call):
            wish = f"{message.call}-0"
        if not wish and tools.takes.was_asked(message.call):
            wish = take_id(message.call, "forgotten")
        if wish:
            tools.jobs.fetch_recording(wish, message.recording, message.seconds)


#: The jobs by name. Nothing else can be run, whatever somebody writes into Redis.
JOBS: dict[str, Callable[..., None]] = {
    "send_text": send_text,
    "ask_for_sender": ask_for_sender,
    "fetch_recording": fetch_recording,
    "fetch_forgotten": fetch_forgotten,
    "ring": ring,
    "alert": alerting.alert,
    "alert_of_process": alerting.alert_of_process,
    "alert_of_flood": alerting.alert_of_flood,
    "alert_of_spending": alerting.alert_of_spending,
}
