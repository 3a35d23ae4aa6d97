"""Work that no caller waits for, which the web processes give to the worker through a queue.

A text or alert is first saved and then queued, so a lost queue entry loses nothing: the worker looks for saved work
that is not done yet. Jobs contain ids and never phone numbers, because the worker logs them. An entry in the queue is
plain data: the name of a job and its arguments. Only the worker knows the function behind a name.

Each kind of work has its own queue, with processes of its own in the worker. So a mail server that never answers
delays mail, but not calls by one click or alerts by webhook.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import structlog
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from ivr.advising import messages
from ivr.callbacks.request import CallbackRequest
from ivr.machine import disk
from ivr.machine.config import Settings
from ivr.script.session import Done, Failed, SendText
from ivr.store import Store, StoreDown, TextState

log = structlog.get_logger()

RING, WEBHOOK, MAIL, MESSAGES = "ivr-ring", "ivr-webhook", "ivr-mail", "ivr-messages"
#: Before, this was the only queue. Jobs of any kind that an earlier version left in it are still run.
TEXTS = "ivr"
#: The work of each queue, in words that can follow "no process of the worker does this:".
QUEUES = {
    RING: "ringing by one click",
    WEBHOOK: "alerts by webhook",
    MAIL: "alerts by e-mail",
    MESSAGES: "spoken messages",
    TEXTS: "texts",
}
#: The process that looks for late and forgotten work.
LOOK = "look"
#: The kinds of processes of the worker.
WORKER_PROCESSES = {**QUEUES, LOOK: "looking for what is late"}
#: Processes that are restarted when they end, in words for the operator.
PROCESSES = {
    "redis": "the embedded Redis",
    "web": "the web server",
    "web-process": "a process of the web server",
    "worker": "the worker",
    **{post: f"the worker's process for {words}" for post, words in WORKER_PROCESSES.items()},
}
#: The name of spoken messages in their encryption.
MESSAGE_KIND = b"message"
#: Seconds between the tries of a failed job.
TRY_AGAIN = [5, 30, 120, 600, 1800]
#: The same for a call by one click. After two minutes nobody waits for it any more.
RING_AGAIN = [1, 2, 4, 8, 15, 30]
#: The time limit of a job in seconds.
JOB_SECONDS = 60
#: Seconds between two searches at Twilio for recordings that were never reported to us.
MESSAGES_SECONDS = 600
#: Seconds between two questions to Twilio whether texts can be sent, while that is not known.
SENDER_SECONDS = 60

#: The reasons for an alert, and the ways to send it.
AlertReason = Literal["today", "urgent", "late", "unheard"]
Channel = Literal["mail", "webhook"]
CHANNELS: dict[Channel, str] = {"mail": MAIL, "webhook": WEBHOOK}


class Jobs:
    """Saves work and puts it in the queue."""

    def __init__(self, settings: Settings, store: Store):
        self._settings, self._store = settings, store

    def send_text(self, effect: SendText, now: float) -> Done | Failed:
        """Save a text and queue it. Failed if the line cannot send texts, or could not send this one."""
        if not self._settings.can_reach_twilio:
            log.warning("text", id=effect.id, why="no Twilio account is set")
            return Failed()
        texts = self._store.texts
        if not texts.add(TextState(effect.id, effect.to, effect.text, effect.body, now)):
            known = texts.get(effect.id)
            if known is None or known.fate == "failed":  # without one, what its call left was erased
                return Failed()
        self.send_waiting_text(effect.id)
        return Done()

    def send_waiting_text(self, text_id: str) -> None:
        """Queue a saved text, unless it is already queued."""
        self._enqueue(TEXTS, f"text-{text_id}", "send_text", text_id)

    def fetch_recording(self, wish: str, recording_sid: str, seconds: int) -> None:
        """Queue a job that stores a spoken message with the request of this wish, and deletes it at Twilio."""
        self._enqueue(MESSAGES, f"recording-{recording_sid}", "fetch_recording", wish, recording_sid, seconds)

    def fetch_forgotten(self, now: float) -> None:
        """Queue a search at Twilio for recordings that were never reported to us; at most one in MESSAGES_SECONDS."""
        self._enqueue(MESSAGES, f"forgotten-{now // MESSAGES_SECONDS:.0f}", "fetch_forgotten", again=[])

    def ask_for_sender(self, now: float) -> None:
        """Queue a question to Twilio whether we can send texts, at most once a minute."""
        self._enqueue(TEXTS, f"sender-{now // SENDER_SECONDS:.0f}", "ask_for_sender", again=[])

    def ring(self, request_id: str, adviser: str, now: float) -> None:
        """Queue a call by one click: Twilio rings the adviser, and then the caller."""
        job = f"ring-{request_id}-{now:.0f}"
        self._enqueue(RING, job, "ring", request_id, adviser, now, again=RING_AGAIN)

    def alert_new(self, done: Done, now: float) -> None:
        """Alert about an urgent request that was just finished, now or at the worker's next look."""
        with contextlib.suppress(StoreDown):
            if done.request and done.request.state == "waiting":
                self.alert_if_urgent(done.request, now)

    def alert_if_urgent(self, request: CallbackRequest, now: float) -> None:
        """Alert about an urgent caller who can be rung. If they left only a message, wait until it has been fetched."""
        if request.open and request.urgency and not messages.is_awaited(request, now):
            self.alert(request.id, request.urgency)

    def alert(self, request_id: str, what: AlertReason) -> None:
        """Alert the service about a request, at most once a day for each reason.

        Each way is a separate job, so that retrying one does not repeat the other.
        """
        for way, queue in CHANNELS.items():
            cannot_wait = what in ("today", "urgent")
            job = f"alert-{request_id}-{what}-{way}"
            self._enqueue(queue, job, "alert", request_id, what, way, first=cannot_wait)

    def alert_of_flood(self, began: str) -> None:
        """Alert the service that very many callers asked at once: one alert for a flood that began then."""
        for way, queue in CHANNELS.items():
            self._enqueue(queue, f"alert-flood-{began}-{way}", "alert_of_flood", way, first=True)

    def alert_of_spending(self, stage: str, day: dt.date) -> None:
        """Alert the service that a day's spending has reached this stage; once a day for each stage."""
        for way, queue in CHANNELS.items():
            self._enqueue(queue, f"alert-spending-{day}-{stage}-{way}", "alert_of_spending", stage, way)

    def alert_of_process(self, process: str) -> None:
        """Alert the service that a process of the line keeps ending."""
        for way, queue in CHANNELS.items():
            self._enqueue(queue, f"alert-process-{process}-{way}", "alert_of_process", process, way)

    def _enqueue(
        self, queue: str, job_id: str, job: str, *args: object, again: Sequence[int] = TRY_AGAIN, first: bool = False
    ) -> None:
        def put(client: Any) -> None:
            with contextlib.suppress(DuplicateJobError):  # it is queued, or done
                Queue(queue, connection=client, serializer=JSONSerializer).enqueue(
                    job, args=args, job_id=_clean(job_id), unique=True, result_ttl=86400, failure_ttl=3600,
                    description=job_id, job_timeout=JOB_SECONDS, at_front=first,
                    retry=Retry(len(again), list(again)) if again else None,
                )  # fmt: skip

        self._store.with_queue(put)


def keep_recording(settings: Settings, name: str, sound: bytes) -> None:
    """Store a caller's message, encrypted. Raises OSError."""
    path = recording_path(settings, name)
    disk.private_folder(path.parent)
    disk.write_whole(path, settings.keys.seal(sound, MESSAGE_KIND), mode=0o600)


def read_recording(settings: Settings, name: str) -> bytes | None:
    """The sound of a caller's message; None if it is not kept. Raises keys.Locked if it cannot be decrypted."""
    try:
        stored = recording_path(settings, name).read_bytes()
    except FileNotFoundError:
        return None
    return settings.keys.open(stored, MESSAGE_KIND)


def recording_path(settings: Settings, name: str) -> Path:
    """The path of a caller's message, by its name in the request."""
    return recordings_folder(settings) / f"{_clean(name)}.wav"


def recordings_folder(settings: Settings) -> Path:
    """The folder of callers' messages."""
    return settings.data_dir / "recordings"


def _clean(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
