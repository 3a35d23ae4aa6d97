"""`ivr probe` and `ivr doctor`: which part of the way to the line is broken, and what is wrong with a deployment."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli import commands
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import Store
from ivr.usecases import examining
from ivr.usecases.examining import Result
from ivr.usecases.probing import Broken, probe
from tests import tls
from tests.ports import free_port
from tests.rest import Twilio, show_alive
from tests.test_start import Started, an_environment

GATHER = b'<Response><Gather action="%s/voice/turn/0"><Say>Hello</Say></Gather></Response>'


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    line = Started(an_environment(tmp_path_factory.mktemp("line")))
    yield line
    line.stop()


def _settings(line: Started, **more: str) -> Settings:
    """The settings of that line, as a command beside it has them."""
    return config.settings({**line.place, **more}, port=line.port)


def test_a_line_that_runs_is_rung_to_its_second_turn(started: Started) -> None:
    way = probe(_settings(started))

    assert 0 < way.first < 10
    assert 0 < way.turn < 10
    assert way.warnings == ()


class _Other(BaseHTTPRequestHandler):
    """Something else than the line."""

    answer: tuple[int, str, bytes] = (200, "text/html", b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, kind, content = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@contextmanager
def _answers(status: int, kind: str, content: bytes, host: str = "127.0.0.1") -> Iterator[str]:
    server = ThreadingHTTPServer((host, 0), type("_Answers", (_Other,), {"answer": (status, kind, content)}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{host}:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "kind", "content", "part", "told"), [
    (502, "text/html", b"<h1>Bad Gateway</h1>", "the line", "the proxy answers 502"),
    (301, "text/html", b"", "the proxy", "a redirect, which loses"),
    (200, "text/html", b"<html><h1>Welcome to nginx!</h1>", "the proxy", "200 Welcome to nginx!"),
    (404, "text/plain", b"no", "the proxy", "404 no"),
    (200, "text/xml", b"<Response><Gather", "the line", "no TwiML"),
    (200, "text/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><Response>&b;</Response>', "the line", "no TwiML"),
    (200, "text/xml", b"<Response><Say>Sorry</Say><Dial>1</Dial></Response>", "the line", "its apology only"),
    (200, "text/xml", GATHER % b"https://elsewhere.example.org", "the address", "another PUBLIC_URL"),
])  # fmt: skip
def test_what_answers_instead_of_the_line_is_told_for_what_it_is(
    started: Started, status: int, kind: str, content: bytes, part: str, told: str
) -> None:
    with _answers(status, kind, content) as address, pytest.raises(Broken, match=told) as broken:
        probe(_settings(started), address)
    assert broken.value.part == part


def test_a_signature_of_another_token_is_told_with_the_lines_own_words(started: Started) -> None:
    other = dataclasses.replace(_settings(started), auth_tokens=("0123456789abcdef0123456789abcdef",))

    with pytest.raises(Broken, match="does not match any auth token") as broken:
        probe(other)
    assert broken.value.part == "the signature"


def test_a_way_that_ends_before_the_line_is_told_by_its_part(started: Started, tmp_path: Path) -> None:
    settings = _settings(started)
    ways = {"the name": "https://line.invalid", "the connection": f"http://127.0.0.1:{free_port()}"}
    for part, address in ways.items():
        with pytest.raises(Broken) as broken:
            probe(settings, address)
        assert broken.value.part == part

    certificate = tls.certificate(tmp_path)
    with (
        tls.door(certificate, lambda: pytest.fail("nobody comes through")) as port,
        pytest.raises(Broken, match="not trusted") as broken,
    ):
        probe(settings, f"https://127.0.0.1:{port}")
    assert broken.value.part == "the certificate"


def test_the_command_prints_one_line_and_its_status_tells(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in started.place.items():
        monkeypatch.setenv(name, value)

    fine = CliRunner().invoke(commands, ["probe", "--once", "--at", started.base], catch_exceptions=False)
    broken = CliRunner().invoke(commands, ["probe", "--once", "--at", f"http://127.0.0.1:{free_port()}"])

    assert (broken.exit_code, broken.output.startswith("BROKEN: the connection: ")) == (1, True)
    assert (fine.exit_code, fine.output.startswith("ok: answered in ")) == (0, True)


# --- the doctor -----------------------------------------------------------------------------


def _found(settings: Settings, what: str) -> list[Result]:
    return [found for found in examining.examine(settings, mails=False) if found.what == what]


def test_a_deployment_in_which_nothing_is_there_is_told_thing_by_thing(settings: Settings, store: Store) -> None:
    broken = {found.what for found in examining.examine(settings, mails=False) if found.verdict == "broken"}

    assert {"worker", "words", "way in", "Twilio"} <= broken
    assert all(found.says.endswith((".", "connect", "publish")) or ":" in found.says
               for found in examining.examine(settings, mails=False))  # fmt: skip


def test_what_is_there_is_told_as_fine(settings: Settings, store: Store, published: str) -> None:
    show_alive(store)
    found = {each.what: each.verdict for each in examining.examine(settings, mails=False)}

    assert [found[what] for what in ("worker", "sounds", "disk, IVR_DATA", "Redis")] == ["fine"] * 4


def test_sounds_that_are_missing_are_counted(settings: Settings, store: Store, published: str) -> None:
    (found,) = _found(dataclasses.replace(settings, speech="audio"), "sounds")

    assert found.verdict == "look"
    assert "sounds are missing" in found.says


@pytest.mark.parametrize(("voice_url", "fallback", "verdict", "told"), [
    ("https://line.example.org/voice", "https://handler.twilio.com/twiml/EH1", "fine", "come here"),
    ("https://line.example.org/voice", "", "look", "ivr fallback"),
    ("https://demo.twilio.com/welcome/voice/", "", "broken", "demo.twilio.com"),
    ("", "", "broken", "nowhere"),
])  # fmt: skip
def test_where_twilio_sends_calls_is_asked(
    settings: Settings, store: Store, twilio: Twilio, voice_url: str, fallback: str, verdict: str, told: str
) -> None:
    number = {"sid": "PN1", "phone_number": "+441164960000", "voice_url": voice_url, "voice_fallback_url": fallback}
    twilio.answers = [(200, {"incoming_phone_numbers": [number]})] * 2

    (found,) = _found(dataclasses.replace(settings, twilio_api_url=twilio.url), "Twilio")

    assert (found.verdict, told in found.says) == (verdict, True)


def test_a_clock_that_is_wrong_is_told(settings: Settings, store: Store, twilio: Twilio) -> None:
    asked = dataclasses.replace(settings, twilio_api_url=twilio.url)
    assert [found.verdict for found in _found(asked, "clock")] == ["fine"]

    twilio.date = formatdate(0, usegmt=True)
    (found,) = _found(asked, "clock")
    assert (found.verdict, "ahead of Twilio's" in found.says) == ("broken", True)


def test_a_twilio_that_cannot_be_asked_is_not_fine(settings: Settings, store: Store) -> None:
    nowhere = dataclasses.replace(settings, twilio_api_url=f"http://127.0.0.1:{free_port()}")

    assert [found.verdict for found in examining.examine(nowhere, mails=False) if found.what == "clock"] == ["broken"]


def test_a_secret_that_others_can_read_is_told(settings: Settings, store: Store) -> None:
    (settings.data_dir / "secret_key").write_text("x" * 32)
    (settings.data_dir / "secret_key").chmod(0o644)

    (found,) = _found(settings, "secrets")

    assert (found.verdict, "chmod 600" in found.says) == ("broken", True)


def test_keys_that_others_can_read_are_told(settings: Settings, store: Store) -> None:
    settings.key_file.write_text(settings.key_words.replace(",", "\n"))
    settings.key_file.chmod(0o640)

    (found,) = _found(dataclasses.replace(settings, key_words=""), "secrets")

    assert (found.verdict, f"chmod 600 {settings.key_file}" in found.says) == ("broken", True)


@pytest.mark.parametrize(("status", "content", "verdict"), [
    (200, b"ivr_redis_up 1", "broken"), (403, b"Refused", "fine"), (200, b"<h1>Nothing here</h1>", "fine"),
])  # fmt: skip
def test_metrics_that_anybody_can_read_are_told(
    settings: Settings, store: Store, status: int, content: bytes, verdict: str
) -> None:
    """At an address that stands for a public one: of the machine, and not the one that programs on it use."""
    with _answers(status, "text/plain", content, host="127.0.0.2") as address:
        (found,) = _found(dataclasses.replace(settings, public_url=address), "metrics")

    assert found.verdict == verdict
