"""Work that no caller waits for: texts, recordings and alerts, done by a worker of its own.

A wish is written down first and queued second, so a queue that loses an entry loses
nothing: once a minute the worker looks for what was written down and not yet done.
Jobs carry ids and never a phone number, because the worker logs them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from rq import Queue, Retry, SimpleWorker
from rq.exceptions import DuplicateJobError

from ivr import alerts, callback, config, script
from ivr.authored import LineFile
from ivr.callback import CallbackRequest, SpokenMessage
from ivr.config import Settings
from ivr.hours import LONDON
from ivr.phone import Phone, PhoneFailed
from ivr.session import Done, Failed, SendText
from ivr.store import PATIENT_SECONDS, Store, StoreDown, TextState

log = structlog.get_logger()

QUEUE = "ivr"
#: Seconds between tries of a job that could not be done.
TRY_AGAIN = [5, 30, 120, 600, 1800]
#: Seconds between two looks for what is late or was forgotten.
LOOK_SECONDS = 60
#: A text that has waited this long was forgotten by the queue.
FORGOTTEN_SECONDS = 120
#: Seconds between two looks at Twilio for messages that we were never told of.
MESSAGES_SECONDS = 600


class Jobs:
    """Puts work in the queue."""

    def __init__(self, settings: Settings, store: Store):
        self._settings, self._store = settings, store

    def send_text(self, errand: SendText, now: float) -> Done | Failed:
        """Write a text down and queue it. Failed if no text can be sent from here at all."""
        if not self._settings.can_reach_twilio:
            log.warning("text", id=errand.id, why="no Twilio account is set")
            return Failed()
        self._store.texts.add(TextState(errand.id, errand.to, errand.text, errand.body, now))
        self._enqueue(f"text-{errand.id}", send_text, errand.id)
        return Done()

    def fetch_recording(self, request_id: str, recording_sid: str, seconds: int) -> None:
        """Fetch a spoken message, keep it with its request, and have Twilio delete it."""
        self._enqueue(f"recording-{recording_sid}", fetch_recording, request_id, recording_sid, seconds)

    def ring(self, request_id: str, adviser: str, now: float) -> None:
        """Have Twilio ring an adviser, and then the caller."""
        self._enqueue(f"ring-{request_id}-{now:.0f}", ring, request_id, adviser)

    def alert_new(self, done: Done) -> None:
        """Tell of an urgent request that was just finished, now or at the next look."""
        with contextlib.suppress(StoreDown):
            if done.request:
                self._alert_urgent(done.request)

    def _alert_urgent(self, request: CallbackRequest) -> None:
        if request.urgent and request.state == "waiting":
            self._enqueue(f"alert-{request.id}-urgent", alert, request.id, "urgent")

    def look(self, now: float) -> None:
        """Queue what is late and untold, and what was written down and never done."""
        for request in self._store.requests.waiting():
            self._alert_urgent(request)
            if request.due <= now and request.state != "unfinished":
                self._enqueue(f"alert-{request.id}-late", alert, request.id, "late")
        for text in self._store.texts.underway():
            if text.fate == "sending" and text.tried_at + FORGOTTEN_SECONDS <= now:
                self._store.texts.became(text.id, "failed", why="The line stopped just then. It may have gone")
            elif text.fate == "waiting" and text.asked_at + FORGOTTEN_SECONDS <= now:
                self._enqueue(f"text-{text.id}", send_text, text.id)

    def _enqueue(self, job_id: str, job: Callable[..., None], *args: object) -> None:
        def put(client: Any) -> None:
            queue = Queue(QUEUE, connection=client)
            with contextlib.suppress(DuplicateJobError):  # it is queued, or was done
                queue.enqueue(
                    job, args=args, job_id=_clean(job_id), unique=True, retry=Retry(len(TRY_AGAIN), TRY_AGAIN),
                    result_ttl=86400, failure_ttl=86400, description=job_id,
                )  # fmt: skip

        self._store.redis.do(put)


def _clean(job_id: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in job_id)


# --- in the worker --------------------------------------------------------------------------


class Tools:
    """What a job works with, made once for a worker, which may wait for Redis."""

    def __init__(self, settings: Settings):
        self.settings, self.phone = settings, Phone(settings)
        self.store = Store(settings.redis_url, PATIENT_SECONDS)


_made: list[Tools] = []


def _tools() -> Tools:
    if not _made:
        _made.append(Tools(config.settings()))
    return _made[0]


def send_text(text_id: str) -> None:
    """Send one text, unless that was begun already. Raises while another try makes sense."""
    tools = _tools()
    text = tools.store.texts.begin(text_id, time.time())
    if text is None:
        return
    try:
        sid = tools.phone.send_text(text.id, text.to, text.body)
        tools.store.texts.became(text_id, "sent", sid=sid)
    except PhoneFailed as error:
        log.warning("text", id=text_id, why=str(error), again=error.again)
        if error.again and not _last_try():
            tools.store.texts.put_back(text_id)
            raise
        tools.store.texts.became(text_id, "failed", why=str(error))


def fetch_recording(request_id: str, recording_sid: str, seconds: int) -> None:
    """Copy a message to our own keeping, and only then have it deleted where it came from."""
    _fetch(_tools(), request_id, recording_sid, seconds)


def _fetch(tools: Tools, request_id: str, recording_sid: str, seconds: int) -> None:
    sound = tools.phone.recording(recording_sid)
    path = recording_path(tools.settings, recording_sid)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_bytes(sound)
    partial.replace(path)
    tools.store.requests.with_message(request_id, SpokenMessage(recording_sid, seconds))
    tools.phone.delete_recording(recording_sid)


def fetch_forgotten(tools: Tools) -> int:
    """Fetch the messages that Twilio still has: we were not told of them, or could not fetch them then.

    Returns how many. Recordings of calls that left no request with us are not ours to touch.
    """
    left = tools.phone.messages_left() if tools.settings.can_reach_twilio else []
    asked = [*tools.store.requests.waiting(), *tools.store.requests.ended()] if left else []
    found = [(message, next((r for r in asked if r.asked_in(message.call)), None)) for message in left]
    ours = [(message, request) for message, request in found if request]
    for message, request in ours:
        _fetch(tools, request.id, message.recording, message.seconds)
    return len(ours)


def recording_path(settings: Settings, name: str) -> Path:
    """Where a caller's message is kept, by the name that its request has for it."""
    return settings.data_dir / "recordings" / f"{_clean(name)}.wav"


def ring(request_id: str, adviser: str) -> None:
    """Ring an adviser, to be joined to a caller. What goes wrong is noted with the request; it is not tried again."""
    tools = _tools()
    known = tools.store.people.get(adviser)
    try:
        tools.phone.ring(known.phone if known else "", request_id)
    except PhoneFailed as error:
        words = f"{error}. Ring by hand."
        with contextlib.suppress(KeyError):
            tools.store.requests.change(
                request_id, lambda r: callback.note(r, "the line", f"Could not ring you: {words}", time.time())
            )


def alert(request_id: str, what: str) -> None:
    """Tell the service that a request is urgent, or late, if it still is."""
    tools = _tools()
    request = tools.store.requests.get(request_id)
    if request is None or not request.open:
        return
    line = _live_line(tools)
    due = dt.datetime.fromtimestamp(request.due, LONDON)
    subject = "An urgent caller waits to be rung" if what == "urgent" else "A caller has not been rung in time"
    words = f"{subject}. They should be rung by {due:%H:%M on %A %-d %B}.\n{tools.settings.public_url}/console"
    alerts.send(tools.settings, line.alerts.email_to, line.alerts.webhook, subject, words)


def _live_line(tools: Tools) -> LineFile:
    files = tools.store.revisions.files(tools.store.revisions.live() or "") or {}
    return script.load(files).line


def _last_try() -> bool:
    from rq import get_current_job

    job = get_current_job()
    return job is None or not job.retries_left


def work(settings: Settings) -> None:
    """Be the worker: do what is queued until stopped."""
    _made[:] = [Tools(settings)]
    stop = threading.Event()
    threading.Thread(target=_look_for_ever, args=(settings, stop), daemon=True).start()
    worker = SimpleWorker([QUEUE], connection=_made[0].store.redis.patient())
    try:
        worker.work(with_scheduler=True, logging_level="WARNING")
    finally:
        stop.set()


def _look_for_ever(settings: Settings, stop: threading.Event) -> None:
    tools, looked_at_twilio = Tools(settings), float("-inf")
    jobs, housekeeping = Jobs(settings, tools.store), Housekeeping(settings, tools.store)
    while not stop.wait(LOOK_SECONDS):
        now = time.time()
        _outlive(jobs.look, now)
        _outlive(housekeeping.tidy, now)
        if looked_at_twilio + MESSAGES_SECONDS <= now:
            looked_at_twilio = now
            _outlive(fetch_forgotten, tools)


def _outlive(look: Callable[..., object], *at: object) -> None:
    """Look, and go on whatever comes of it: the next look may do better."""
    try:
        look(*at)
    except (StoreDown, PhoneFailed) as error:
        log.warning("worker", why=str(error))
    except Exception:
        log.exception("worker")


class Housekeeping:
    """Deletes what callers were promised would be deleted."""

    def __init__(self, settings: Settings, store: Store):
        self._settings, self._store = settings, store

    def tidy(self, now: float) -> int:
        """Delete messages past their days, and requests that ended long ago with all that is theirs."""
        files = self._store.revisions.files(self._store.revisions.live() or "")
        if files is None:
            return 0
        keep = script.load(files).line.ring_back.message_keep_days * 86400.0
        forgotten = self._store.requests.forget_ended(now)
        gone = {recording_path(self._settings, message.name) for r in forgotten for message in r.messages}
        gone |= {p for p in recording_path(self._settings, "x").parent.glob("*") if p.stat().st_mtime + keep <= now}
        for path in gone:
            path.unlink(missing_ok=True)
        return len(forgotten) + len(gone)
