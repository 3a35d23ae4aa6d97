"""Work that no caller waits for: what the web asks of the worker, by way of a queue.

A wish is written down first and queued second, so a queue that loses an entry loses
nothing: the worker looks for what was written down and not yet done. Jobs carry ids and
never a phone number, because the worker logs them. What stands in the queue is plain
data: the name of a job and its arguments. Only the worker knows what is behind a name.

Each kind of work has a queue of its own, and the worker a process for each queue: a mail server that never answers
holds up mail, and neither a call by one click nor an alert by webhook.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import structlog
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from ivr import messages
from ivr.config import Settings
from ivr.request import CallbackRequest
from ivr.session import Done, Failed, SendText
from ivr.store import Store, StoreDown, TextState

log = structlog.get_logger()

RING, WEBHOOK, MAIL, MESSAGES = "ivr-ring", "ivr-webhook", "ivr-mail", "ivr-messages"
#: The only queue of earlier versions. What they left in it, of whatever kind, is done there.
TEXTS = "ivr"
#: What the worker does, by queue, in words that can follow "No process does this:".
QUEUES = {
    RING: "ringing by one click",
    WEBHOOK: "alerts by webhook",
    MAIL: "alerts by e-mail",
    MESSAGES: "spoken messages",
    TEXTS: "texts",
}
#: The process that looks for what is late or was forgotten.
LOOK = "look"
#: All processes of the worker.
POSTS = {**QUEUES, LOOK: "looking for what is late"}
#: Processes that are started again when they end, in words for whoever runs the line.
PROCESSES = {
    "redis": "the embedded Redis",
    "web": "the web server",
    "web-process": "a process of the web server",
    "worker": "the worker",
    **{post: f"the worker's process for {words}" for post, words in POSTS.items()},
}
#: Texts that one number can have within an hour.
MOST_TEXTS = 6
#: Seconds between tries of a job that could not be done.
TRY_AGAIN = [5, 30, 120, 600, 1800]
#: The same for a call by one click, which nobody waits for any more after two minutes.
RING_AGAIN = [1, 2, 4, 8, 15, 30]
#: Seconds that a job may take.
JOB_SECONDS = 60
#: Seconds between two looks at Twilio for messages that we were never told of.
MESSAGES_SECONDS = 600
#: Seconds between two questions to Twilio whether texts can be sent, while that is not known.
SENDER_SECONDS = 60

#: What an alert can tell of, and the ways it can go.
What = Literal["today", "urgent", "late", "unheard"]
Way = Literal["mail", "webhook"]
WAYS: dict[Way, str] = {"mail": MAIL, "webhook": WEBHOOK}


class Jobs:
    """Puts work in the queue."""

    def __init__(self, settings: Settings, store: Store):
        self._settings, self._store = settings, store

    def send_text(self, effect: SendText, now: float) -> Done | Failed:
        """Write a text down and queue it.

        Failed if no text can be sent from here at all, or if its number has had so many lately that
        somebody must be sending them to a stranger.
        """
        if not self._settings.can_reach_twilio:
            log.warning("text", id=effect.id, why="no Twilio account is set")
            return Failed()
        texts = self._store.texts
        if not texts.add(TextState(effect.id, effect.to, effect.text, effect.body, now)):
            known = texts.get(effect.id)
            if known and known.fate == "failed":
                return Failed()
        elif texts.lately_to(effect.to) > MOST_TEXTS:
            texts.became(effect.id, "failed", why="Too many texts to this number within an hour")
            return Failed()
        self.send_waiting_text(effect.id)
        return Done()

    def send_waiting_text(self, text_id: str) -> None:
        """Queue a text that is written down, unless it is queued."""
        self._enqueue(TEXTS, f"text-{text_id}", "send_text", text_id)

    def fetch_recording(self, wish: str, recording_sid: str, seconds: int) -> None:
        """Fetch a spoken message, keep it with the request that this wish is part of, and have Twilio delete it."""
        self._enqueue(MESSAGES, f"recording-{recording_sid}", "fetch_recording", wish, recording_sid, seconds)

    def fetch_forgotten(self, now: float) -> None:
        """Have Twilio asked for messages that we were never told of: once in ten minutes, whoever wants it."""
        self._enqueue(MESSAGES, f"forgotten-{now // MESSAGES_SECONDS:.0f}", "fetch_forgotten", again=[])

    def ask_for_sender(self, now: float) -> None:
        """Have Twilio asked whether texts can be sent: once in a minute, whoever wants to know."""
        self._enqueue(TEXTS, f"sender-{now // SENDER_SECONDS:.0f}", "ask_for_sender", again=[])

    def ring(self, request_id: str, adviser: str, now: float) -> None:
        """Have Twilio ring an adviser, and then the caller."""
        job = f"ring-{request_id}-{now:.0f}"
        self._enqueue(RING, job, "ring", request_id, adviser, now, again=RING_AGAIN)

    def alert_new(self, done: Done, now: float) -> None:
        """Tell of an urgent request that was just finished, now or at the next look."""
        with contextlib.suppress(StoreDown):
            if done.request and done.request.state == "waiting":
                self.alert_if_urgent(done.request, now)

    def alert_if_urgent(self, request: CallbackRequest, now: float) -> None:
        """Tell of an urgent caller who can be rung: of one who left nothing but a message, once that is here."""
        if request.open and request.urgency and not messages.is_awaited(request, now):
            self.alert(request.id, request.urgency)

    def alert(self, request_id: str, what: What) -> None:
        """Tell the service of a request. Each way is a job of its own, so that one that fails repeats no other."""
        for way, queue in WAYS.items():
            cannot_wait = what in ("today", "urgent")
            job = f"alert-{request_id}-{what}-{way}"
            self._enqueue(queue, job, "alert", request_id, what, way, first=cannot_wait)

    def alert_of_process(self, process: str) -> None:
        """Tell the service that a process of the line keeps ending."""
        for way, queue in WAYS.items():
            self._enqueue(queue, f"alert-process-{process}-{way}", "alert_of_process", process, way)

    def _enqueue(
        self, queue: str, job_id: str, job: str, *args: object, again: Sequence[int] = TRY_AGAIN, first: bool = False
    ) -> None:
        def put(client: Any) -> None:
            with contextlib.suppress(DuplicateJobError):  # it is queued, or was done
                Queue(queue, connection=client, serializer=JSONSerializer).enqueue(
                    job, args=args, job_id=_clean(job_id), unique=True, result_ttl=86400, failure_ttl=3600,
                    description=job_id, job_timeout=JOB_SECONDS, at_front=first,
                    retry=Retry(len(again), list(again)) if again else None,
                )  # fmt: skip

        self._store.with_queue(put)


def recording_path(settings: Settings, name: str) -> Path:
    """Where a caller's message is kept, by the name that its request has for it."""
    return settings.data_dir / "recordings" / f"{_clean(name)}.wav"


def _clean(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
