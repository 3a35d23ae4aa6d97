"""The line as real processes, and a Twilio that remembers what it was asked: all on 127.0.0.1."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from twilio.request_validator import RequestValidator

from ivr.machine import config
from tests.conftest import ENVIRONMENT, TOKEN
from tests.ports import free_port
from tests.test_start import an_environment

PUBLIC = "http://line.example.org"
#: Seconds within which a webhook must be answered, whatever was killed. Restarting everything takes a while.
ANSWERED_SECONDS = 60.0


class Rest(ThreadingHTTPServer):
    """Twilio's REST, and the webhook of alerts. Now and then it is busy, or slow."""

    daemon_threads = True

    def __init__(self, seed: int):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.random = random.Random(seed)
        #: How often each text, each click and each alert was taken on.
        self.texts: Counter[str] = Counter()
        self.clicks: Counter[str] = Counter()
        self.alerts: dict[str, set[str]] = {}
        self.noting = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answers(BaseHTTPRequestHandler):
    server: Rest

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with self.server.noting:
            is_busy, slow = self.server.random.random() < 0.05, self.server.random.uniform(0.0, 0.2)
            if not is_busy:
                self._note(body)
        time.sleep(slow)
        content = b'{"sid": "SM1"}'
        with contextlib.suppress(OSError):  # the client was killed
            self.send_response(429 if is_busy else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def do_GET(self) -> None:
        """No recordings are left, and the line's number sends texts."""
        is_number = "IncomingPhoneNumbers" in self.path
        number = {"sid": "PN" + "1" * 32, "phone_number": ENVIRONMENT["TWILIO_NUMBER"], "capabilities": {"sms": True}}
        content = json.dumps({"incoming_phone_numbers": [number], "page": 0}).encode() if is_number else b"{}"
        self.send_response(200 if is_number else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _note(self, body: str) -> None:
        if self.path.endswith("/Messages.json"):
            self.server.texts[parse_qs(body)["StatusCallback"][0].partition("id=")[2]] += 1
        elif self.path.endswith("/Calls.json"):
            self.server.clicks[parse_qs(parse_qs(body)["Url"][0].partition("?")[2])["request"][0]] += 1
        elif found := re.search(r"/console/request/([\w-]+)", body):
            self.server.alerts.setdefault(found[1], set()).add(self.headers["Idempotency-Key"])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The verdict is told at the end."""


class Line:
    """`ivr start`, and what Twilio and browsers ask of it."""

    def __init__(self, folder: Path, rest: Rest, redis_url: str = ""):
        self.port, base = free_port(), f"http://127.0.0.1:{rest.server_port}"
        own = {"PUBLIC_URL": PUBLIC, "TWILIO_API_URL": base, "IVR_WEB_PROCESSES": "3"}
        self.environment = {**ENVIRONMENT, **an_environment(folder, short=False), **own, "REDIS_URL": redis_url}
        self.settings = config.settings(self.environment)
        line_yaml = Path(self.environment["IVR_CONFIG"]) / "line.yaml"
        alerts = f'email_to: []\n  webhook: "{base}/hook"'
        words = re.sub(r"email_to: \[\]", alerts, line_yaml.read_text())
        # So many callers are a flood, of which there is one alert. Here each caller has an alert to be looked for.
        line_yaml.write_text(re.sub(r"flood_an_hour: \d+", "flood_an_hour: 10000", words))
        self._log = (folder / "log").open("wb")
        self._signer = RequestValidator(TOKEN)
        self.begin()

    def begin(self) -> None:
        """Start it, as whatever watches over it does."""
        command = [sys.executable, "-m", "ivr", "start", "--live", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=self.environment, cwd=config.ROOT, stdout=self._log, stderr=subprocess.STDOUT
        )

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._log.close()

    def ready(self) -> str:
        """What /readyz says; empty while nobody answers."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/readyz")[1].strip()
        return ""

    def webhook(self, path: str, form: dict[str, str]) -> str:
        """What the line answers to a signed webhook, asked again until it does. Raises TimeoutError."""
        signature = self._signer.compute_signature(PUBLIC + path, form)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        ends = time.monotonic() + ANSWERED_SECONDS
        while time.monotonic() < ends:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, text, _ = self.ask("POST", path, urlencode(form), headers)
                if 200 <= status < 300:
                    return text
            time.sleep(0.2)
        raise TimeoutError(path)

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """One request. Raises OSError or HTTPException if no whole answer comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body or None, {"Connection": "close", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def processes(self) -> dict[str, list[int]]:
        """The line's processes that can be killed, by what they are."""
        found: dict[str, list[int]] = {}
        for child in _children(self.process.pid):
            kind = next((kind for kind in ("valkey", "web_server", "ivr worker") if kind in _command(child)), "")
            if kind == "valkey":
                found.setdefault("Redis", []).append(child)
            elif kind == "web_server":
                found.setdefault("the web server", []).append(child)
                found.setdefault("a web process", []).extend(_children(child))
            elif kind == "ivr worker":
                posts = _children(child)
                found.setdefault("the worker", []).append(child)
                found.setdefault("a worker process", []).extend(posts)
                found.setdefault("a job", []).extend(job for post in posts for job in _children(post))
        return found


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
