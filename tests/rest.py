"""Twilio's REST, on a real server that answers what a test tells it to; and the worker that does all that is queued."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ivr import worker
from ivr.worker import Tools


class Twilio(ThreadingHTTPServer):
    """Gives one answer after another, then always that something was begun, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: list[tuple[int, bytes | dict[str, object]]] = []
        #: Each request's method, path and fields.
        self.seen: list[tuple[str, str, dict[str, list[str]]]] = []
        #: Seconds before an answer.
        self.wait = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def asked(self) -> list[str]:
        """Each request in short: its method, and the end of its path."""
        return [f"{method} {path.rsplit('/', 1)[1]}" for method, path, _ in self.seen]


class _Answering(BaseHTTPRequestHandler):
    server: Twilio

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        parts = urlsplit(self.path)
        self.server.seen.append((self.command, parts.path, {**parse_qs(body), **parse_qs(parts.query)}))
        time.sleep(self.server.wait)
        status, content = self.server.answers.pop(0) if self.server.answers else (200, b'{"sid": "SM1"}')
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


def work(tools: Tools) -> None:
    """Do all that is queued."""
    worker.queue_worker(tools).work(burst=True, logging_level="CRITICAL")
