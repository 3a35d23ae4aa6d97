"""Twilio's REST API on a real server, with answers set by a test; and a worker that runs everything queued."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rq import SimpleWorker

from ivr.processes import pool
from ivr.processes.tools import Tools
from ivr.store import Store, beat
from ivr.usecases.jobs import QUEUES, WORKER_PROCESSES


class Twilio(ThreadingHTTPServer):
    """Gives one answer after another, then always success, and records the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: list[tuple[int, bytes | dict[str, object]]] = []
        #: Each request's method, path and fields.
        self.seen: list[tuple[str, str, dict[str, list[str]]]] = []
        #: The idempotency key of each request.
        self.keys: list[str] = []
        #: The date in each answer, if it is not now.
        self.date = ""
        #: Seconds before an answer.
        self.wait = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def asked(self) -> list[str]:
        """Each request in short: its method and the end of its path."""
        return [f"{method} {path.rsplit('/', 1)[1]}" for method, path, _ in self.seen]


class _Answering(BaseHTTPRequestHandler):
    server: Twilio

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        parts = urlsplit(self.path)
        self.server.seen.append((self.command, parts.path, {**parse_qs(body), **parse_qs(parts.query)}))
        self.server.keys.append(self.headers.get("Idempotency-Key", ""))
        time.sleep(self.server.wait)
        status, content = self.server.answers.pop(0) if self.server.answers else (200, b'{"sid": "SM1"}')
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    def date_time_string(self, timestamp: int | None = None) -> str:  # type: ignore[override]
        return self.server.date or super().date_time_string(timestamp)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


def work(tools: Tools) -> None:
    """Run everything queued, in this process, so that a test can observe it."""
    pool.queue_worker(tools, *QUEUES, kind=SimpleWorker).work(burst=True, logging_level="CRITICAL")


def at_once(store: Store, queue: str) -> None:
    """Make all scheduled retries of this queue due now."""

    def due(client: Any) -> None:
        for job in client.zrange(f"rq:scheduled:{queue}", 0, -1):
            client.zadd(f"rq:scheduled:{queue}", {job: 0})

    store.with_queue(due)
    pool.Upkeep(store).look(time.time())


def show_alive(store: Store) -> None:
    """Record a heartbeat of every process of the worker."""
    for post in WORKER_PROCESSES:
        store.with_queue(lambda client, post=post: beat(client, post))
