"""The demo: made-up callers of every kind, nothing that leaves the machine, and nothing left behind."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.cookiejar
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest
import soundfile
from aiosmtpd.controller import Controller
from click.testing import CliRunner

from ivr import dialling
from ivr.advising import briefing, ranking
from ivr.authoring import editing, parsing
from ivr.callbacks import callback
from ivr.callbacks.request import CallbackRequest
from ivr.cli import commands
from ivr.cli import made_up_callers as demo
from ivr.cli.common import Stop
from ivr.compiling import building
from ivr.hours import LONDON
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.script import Script
from ivr.store import Store
from ivr.usecases.jobs import QUEUES, read_recording, recording_path
from tests.desk import Browser
from tests.line import Line
from tests.ports import free_port
from tests.sealed import KEYS

IVR = Path(sys.executable).parent / "ivr"
pytestmark = pytest.mark.timeout(240)
#: An ordinary morning, a weekend night, the holidays, and the day after the clocks changed.
MOMENTS = [
    dt.datetime(2026, 11, 25, 10, 30, tzinfo=LONDON),
    dt.datetime(2026, 11, 29, 3, 0, tzinfo=LONDON),
    dt.datetime(2026, 12, 27, 12, 0, tzinfo=LONDON),
    dt.datetime(2026, 10, 26, 9, 5, tzinfo=LONDON),
]


# --- who is in it ---------------------------------------------------------------------------


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_there_are_callers_of_every_kind_at_any_time(
    settings: Settings, store: Store, shipped: Script, now: dt.datetime
) -> None:
    waiting = demo.fill(settings, store, shipped, now)

    rows = ranking.rows(store.requests.waiting(), now.timestamp(), shipped)
    asked = [row.request for row in rows]
    assert waiting == len(asked) >= 12
    kinds = {
        "late": any(row.lateness == "late" for row in rows),
        "late and urgent": any(row.lateness == "late" and row.request.urgent for row in rows),
        "urgent and not late": any(row.lateness != "late" and row.request.urgent for row in rows),
        "promised a later time": any(row.lateness == "later" for row in rows),
        "hung up half-way": any(not request.finished for request in asked),
        "asked twice": any(request.times_asked > 1 for request in asked),
        "tried once": any(request.tries == 1 for request in asked),
        "taken by a colleague": any(row.held_by == demo.COLLEAGUE for row in rows),
        "moved": any(event.what == "moved" for request in asked for event in request.events),
        "a spoken message": any(request.messages for request in asked),
        "no message to be left": any(request.message_ok is False for request in asked),
        "who rings not to be said": any(request.say_who is False for request in asked),
        "a keyed number": any(request.number == "+441164960170" for request in asked),
        **{need: any(need in request.needs for request in asked) for need in briefing.NEEDS},
        "slow speech": any(request.slow for request in asked),
        "a text that failed": bool(store.texts.failed()),
    }
    ended = [request.end.what for request in store.requests.ended() if request.end]
    kinds |= {what: what in ended for what in ("spoke", "wrong number", "no answer", "cancelled")}
    assert [kind for kind, there in kinds.items() if not there] == []


def test_no_caller_has_a_number_that_a_phone_could_have(settings: Settings, store: Store, shipped: Script) -> None:
    """Ofcom keeps 07700 900000 to 900999, and 0116 496 0000 to 0999, for drama."""
    demo.fill(settings, store, shipped, MOMENTS[0])

    numbers = {dialling.national(r.number) for r in (*store.requests.waiting(), *store.requests.ended())}
    numbers |= {dialling.national(text.to) for text in store.texts.failed()}
    assert len(numbers) >= 17
    assert all(re.fullmatch(r"07700 900\d{3}|0116 496 0\d{3}", number) for number in numbers), numbers


def test_the_cards_are_what_the_line_would_have_written(settings: Settings, store: Store, shipped: Script) -> None:
    """Every promise is one that the line gives, and every number of a call can be given once."""
    now = MOMENTS[0]
    demo.fill(settings, store, shipped, now)

    for request in store.requests.waiting():
        for caller in request.askers:
            assert re.fullmatch(r"[1-9]\d{3}", caller.reference)
            assert caller.promise.window is None or shipped.diary.stands(caller.promise.window)
            assert caller.promise.due > request.asked_at
        assert request.events[0].what == "asked to be rung back"
        assert callback.claimable(request, now.timestamp()) or request.state == "claimed"


def test_the_spoken_message_can_be_played(settings: Settings, store: Store, shipped: Script) -> None:
    demo.fill(settings, store, shipped, MOMENTS[0])

    request = _with_message(store)
    path = recording_path(settings, request.messages[0].name)
    facts = soundfile.info(BytesIO(read_recording(settings, request.messages[0].name) or b""))
    assert (facts.samplerate, facts.channels) == (8000, 1)
    assert round(facts.duration) == request.messages[0].seconds >= 8
    assert path.stat().st_mode & 0o077 == 0


def _with_message(store: Store) -> CallbackRequest:
    return next(request for request in store.requests.waiting() if request.messages)


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_pages_say_that_it_is_a_demo_and_only_then(
    settings: Settings, store: Store, shipped: Script, published: str, is_demo: bool
) -> None:
    import dataclasses

    demo.fill(settings, store, shipped, MOMENTS[0])
    with Line(dataclasses.replace(settings, demo=is_demo), store) as line:
        browser = Browser(line)
        browser.sign_in(demo.NAME, demo.PASSWORD)

        for path in ("/", f"/request/{_with_message(store).id}", "/ended", "/log"):
            assert ("This is a demo." in browser.get(path).text) == is_demo


def test_alerts_are_taken_out_of_line_yaml_and_nothing_else(files: dict[str, str]) -> None:
    line_yaml = files["line.yaml"].split("alerts:")[0]
    for alerts in ("", "alerts:\n  email_to: [a@example.org]\n  webhook: https://example.org/x\n", "alerts: {}\n"):
        text = line_yaml + alerts + "# the end\n"

        without = editing.without_alerts(text)

        assert "example.org" not in without
        assert not parsing.read(without, "config/line.yaml").problems
        script = building.load({**files, "line.yaml": without}, config.bank_holidays())
        assert script.line.alerts.email_to == ()
        assert script.line.alerts.webhook is None


# --- where it is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "arguments", "why"),
    [
        ({"PUBLIC_URL": "https://line.example.org"}, ["demo"], "PUBLIC_URL: set, as for a real line."),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, ["start", "--demo"], "TWILIO_ACCOUNT_SID: set"),
        ({}, ["start", "--demo", "--host", "0.0.0.0"], "The demo answers on 127.0.0.1 only"),
        ({}, ["start", "--demo", "--live"], "The demo answers on 127.0.0.1 only"),
    ],
)
def test_there_is_no_demo_where_a_real_line_may_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str], arguments: list[str], why: str
) -> None:
    monkeypatch.setenv("IVR_DATA", str(tmp_path / "var"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    refused = CliRunner().invoke(commands, arguments)

    assert isinstance(refused.exception, Stop)
    assert why in str(refused.exception)
    assert not (tmp_path / "var").exists()


# --- as a process ---------------------------------------------------------------------------


class Sink:
    """Everything that can be sent to: HTTP for Twilio and webhooks, SMTP for mail. Keeps what comes."""

    def __init__(self) -> None:
        self.got: list[str] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink.got.append(self.path)
                self.send_response(500)
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        class Mail:
            async def handle_DATA(self, *_: object) -> str:  # noqa: N802
                sink.got.append("mail")
                return "250 OK"

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.smtp = Controller(Mail(), hostname="127.0.0.1", port=free_port())
        self.smtp.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.smtp.stop()


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture
def place(tmp_path: Path, sink: Sink) -> dict[str, str]:
    """A machine on which mail and Twilio's REST are set, and staff want alerts."""
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    line = tmp_path / "config" / "line.yaml"
    text = line.read_text(encoding="utf-8")
    alerts = f"alerts:\n  email_to: [duty@example.org]\n  webhook: {sink.url}/alert\n"
    line.write_text(text[: text.index("alerts:")] + alerts, encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **keep, "TMPDIR": str(tmp_path / "tmp"), "IVR_DATA": str(tmp_path / "var"),
        "IVR_CONFIG": str(tmp_path / "config"), "IVR_AUDIO": str(tmp_path / "audio"),
        "SMTP_URL": f"smtp://127.0.0.1:{sink.smtp.port}", "SMTP_FROM": "line@example.org", "TWILIO_API_URL": sink.url,
        "TWILIO_AUTH_TOKEN": "a-real-token", "TWILIO_NUMBER": "+441164960000", "REDIS_URL": "redis://127.0.0.1:1",
    }  # fmt: skip


def _begun(place: dict[str, str], until: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A demo, once it has said this."""
    process = subprocess.Popen([IVR, *arguments], env=place, cwd=config.ROOT, stdout=subprocess.PIPE, text=True)
    told = ""
    assert process.stdout
    for line in process.stdout:
        told += line
        if until in line:
            break
    return process, told


def _prints(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_demo_runs_sends_nothing_and_leaves_nothing(place: dict[str, str], sink: Sink, tmp_path: Path) -> None:
    """Somebody signs in and sees the callers, while mail, a webhook and Twilio wait in vain."""
    before, port = _prints(tmp_path / "config"), free_port()
    process, told = _begun(place, "What is sent", "start", "--demo", "--port", str(port))
    try:
        found = re.search(r"Sign in as +(\S+), with the password (\S+)", told)
        assert found, told
        page = _signed_in(f"http://127.0.0.1:{port}", *found.groups())
        assert f"http://127.0.0.1:{port}/studio/call" in told
        assert "This is a demo." in page
        assert "Interpreter" in page
        (own,) = (tmp_path / "tmp").rglob("config/line.yaml")
        assert own.read_bytes() == (tmp_path / "config" / "line.yaml").read_bytes(), "what its pages change is a copy"
        _holds_its_port_and_says_how_to_choose_another(place, port)
        _wait_for_the_worker(tmp_path)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "The demo's data is deleted." in rest
    assert sink.got == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "var").exists()
    assert _prints(tmp_path / "config") == before
    assert not _still_running(tmp_path)


def _holds_its_port_and_says_how_to_choose_another(place: dict[str, str], port: int) -> None:
    second = subprocess.run([IVR, "demo", "--port", str(port)], env=place, capture_output=True, text=True)
    assert second.stderr.endswith(f"or choose another: ./scripts/start --demo --port {port + 1}\n")


def _signed_in(base: str, name: str, password: str) -> str:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(f"{base}/console/signin", timeout=10).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = urlencode({"csrf_token": token[1], "name": name, "password": password}).encode()
    return str(opener.open(f"{base}/console/signin", form, timeout=10).read().decode())


def _wait_for_the_worker(tmp_path: Path) -> None:
    """Until all that is queued, alerts of urgent callers among it, is done."""
    (socket,) = (tmp_path / "tmp").rglob("redis.sock")
    store = Store(f"unix://{socket}", KEYS, 10)
    for _ in range(300):
        done = store.with_queue(
            lambda client: (
                sum(client.zcard(f"rq:finished:{queue}") for queue in QUEUES) >= 4
                and not any(client.llen(f"rq:queue:{queue}") for queue in QUEUES)
            )
        )
        if done:
            store.close()
            return
        time.sleep(0.1)
    pytest.fail("the worker did nothing, so nothing is known of what it would send")


def test_a_demo_that_is_stopped_while_it_starts_leaves_nothing(place: dict[str, str], tmp_path: Path) -> None:
    process, _ = _begun(place, "Checking config/", "demo", "--port", str(free_port()))

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "var").exists()


def _still_running(tmp_path: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(tmp_path).encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found
