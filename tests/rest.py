"""Twilio's REST as the worker meets it, and the worker that does all that is queued."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rq import SimpleWorker

from ivr import pool
from ivr.jobs import POSTS, QUEUES
from ivr.store import Store, beat
from ivr.worker import Tools


class Twilio(ThreadingHTTPServer):
    """Answers what the worker asks, in turn, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[str] = []
        #: What each request gave as the key that stays the same when it is tried again.
        self.keys: list[str] = []


class _Answering(BaseHTTPRequestHandler):
    server: Twilio

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path.rsplit('/', 1)[1]}")
        self.server.keys.append(self.headers.get("Idempotency-Key", ""))
        status, content = self.server.answers.pop(0) if self.server.answers else (200, b'{"sid": "SM1"}')
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


def work(tools: Tools) -> None:
    """Do all that is queued, in this process, where a test can see into it."""
    pool.queue_worker(tools, *QUEUES, kind=SimpleWorker).work(burst=True, logging_level="CRITICAL")


def at_once(store: Store, queue: str) -> None:
    """Have the time come for all that is to be tried again in this queue."""

    def due(client: Any) -> None:
        for job in client.zrange(f"rq:scheduled:{queue}", 0, -1):
            client.zadd(f"rq:scheduled:{queue}", {job: 0})

    store.with_queue(due)
    pool.Upkeep(store).look(time.time())


def show_alive(store: Store) -> None:
    """Be a worker whose processes all give a sign of life."""
    for post in POSTS:
        store.with_queue(lambda client, post=post: beat(client, post))
