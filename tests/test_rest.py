"""What we ask of Twilio's REST, against a server that knows Twilio's published API.

Prism serves `twilio_api_v2010.json` and refuses requests that do not fit it. It lets
misspelt parameters through, so a relay in front compares their names with the document.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ivr.machine.config import Settings
from ivr.twilio import rest
from ivr.twilio.rest import RestClient, RestFailed
from tests.needed import NODE, needs
from tests.ports import free_port
from tests.rest import Twilio

PRISM = NODE / "@stoplight" / "prism-cli" / "dist" / "index.js"
SPEC = NODE / "@twilio-alpha" / "mcp" / "twilio-oai" / "spec" / "json" / "twilio_api_v2010.json"
RECORDING = "RE" + "0" * 32


class Relay(ThreadingHTTPServer):
    """Passes requests on to prism, and remembers them with what was asked of Twilio."""

    def __init__(self, prism_port: int):
        super().__init__(("127.0.0.1", 0), _Relaying)
        self.prism = f"http://127.0.0.1:{prism_port}"
        self.seen: list[tuple[str, str, dict[str, list[str]]]] = []
        self.answer: tuple[int, bytes] | None = None
        self.wait = 0.0
        #: Requests that are answered on one connection. The next is read whole, and then the connection is closed.
        self.answers_on_one = 1000

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Relaying(BaseHTTPRequestHandler):
    server: Relay
    protocol_version = "HTTP/1.1"
    asked = 0

    def _relay(self) -> None:
        self.asked += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.server.seen.append((self.command, parts.path, {**parse_qs(body.decode()), **parse_qs(parts.query)}))
        time.sleep(self.server.wait)
        if self.asked > self.server.answers_on_one:
            self.close_connection = True
            return
        status, content = self.server.answer or self._asked(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _relay  # noqa: N815

    def _asked(self, body: bytes) -> tuple[int, bytes]:
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers.get(name)}
        request = urllib.request.Request(
            self.server.prism + self.path, data=body or None, headers=headers, method=self.command
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@pytest.fixture(scope="module")
def prism() -> Iterator[int]:
    """A server of Twilio's published API."""
    needs(shutil.which("node") and PRISM.is_file(), "Node and `npm ci` in tests/ are needed to serve Twilio's API")
    port = free_port()
    process = subprocess.Popen(
        ["node", str(PRISM), "mock", "-p", str(port), str(SPEC)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None, "the server of Twilio's API did not start; is Node older than 18.20?"
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait()


@pytest.fixture
def twilio(prism: int) -> Iterator[Relay]:
    relay = Relay(prism)
    thread = threading.Thread(target=relay.serve_forever, daemon=True)
    thread.start()
    yield relay
    relay.shutdown()
    thread.join()
    relay.server_close()


@pytest.fixture
def asking(settings: Settings, twilio: Relay) -> RestClient:
    return RestClient(replace(settings, twilio_api_url=twilio.url))


def _assert_in_the_document(relay: Relay) -> None:
    """Every parameter sent is one that Twilio's document has for that operation, by its exact name."""
    document: dict[str, Any] = json.loads(SPEC.read_text())
    for method, path, sent in relay.seen:
        operation = _operation(document, method, path)
        content = operation.get("requestBody", {}).get("content", {})
        known = set(content.get("application/x-www-form-urlencoded", {}).get("schema", {}).get("properties", {}))
        known |= {parameter["name"] for parameter in operation.get("parameters", [])}
        assert set(sent) <= known, f"{method} {path}: {set(sent) - known}"


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    steps = path.split("/")
    for template, item in document["paths"].items():
        pattern = template.split("/")
        if len(pattern) == len(steps) and method.lower() in item:
            fixed = zip(pattern, steps, strict=True)
            if all(p == s or ("{" in p and p.split("}")[-1] == s[-5:] * p.endswith(".json")) for p, s in fixed):
                found: dict[str, Any] = item[method.lower()]
                return found
    raise AssertionError(f"{method} {path} is not in Twilio's API")


def test_a_text_is_asked_for_as_twilio_documents_it(asking: RestClient, twilio: Relay) -> None:
    sid = asking.send_text("CA1.7", "+447700900123", "Hello.")

    assert sid.startswith("SM")
    ((method, path, sent),) = twilio.seen
    assert (method, path) == ("POST", "/2010-04-01/Accounts/AC" + "0" * 32 + "/Messages.json")
    assert sent == {
        "To": ["+447700900123"], "From": ["+441164960000"], "Body": ["Hello."],
        "StatusCallback": ["https://line.example.org/voice/text?id=CA1.7"],
    }  # fmt: skip
    _assert_in_the_document(twilio)


def test_an_adviser_is_rung_as_twilio_documents_it(asking: RestClient, twilio: Relay) -> None:
    assert asking.ring("+441164960777", "CA1-1", "asha").startswith("CA")

    ((_, _, sent),) = twilio.seen
    assert sent["Url"] == ["https://line.example.org/voice/ring?request=CA1-1&adviser=asha"]
    assert sent["StatusCallback"] == ["https://line.example.org/voice/rung?request=CA1-1&adviser=asha"]
    assert (sent["To"], sent["From"]) == (["+441164960777"], ["+441164960000"])
    _assert_in_the_document(twilio)


def test_a_recording_is_deleted_as_twilio_documents_it(asking: RestClient, twilio: Relay) -> None:
    asking.delete_recording(RECORDING)

    assert twilio.seen[0][:2] == ("DELETE", f"/2010-04-01/Accounts/AC{'0' * 32}/Recordings/{RECORDING}.json")
    _assert_in_the_document(twilio)


def test_the_messages_left_at_twilio_are_asked_for_as_it_documents(asking: RestClient, twilio: Relay) -> None:
    (left,) = asking.messages_left()

    assert twilio.seen[0][:2] == ("GET", f"/2010-04-01/Accounts/AC{'0' * 32}/Recordings.json")
    assert left.recording.startswith("RE")
    assert left.call.startswith("CA")
    _assert_in_the_document(twilio)


def test_our_number_is_pointed_at_the_line_as_twilio_documents_it(asking: RestClient, twilio: Relay) -> None:
    asking.connect_number()

    assert [(method, path.rsplit("/", 1)[0]) for method, path, _ in twilio.seen][1][0] == "POST"
    assert twilio.seen[1][2]["VoiceUrl"] == ["https://line.example.org/voice"]
    assert twilio.seen[1][2]["VoiceFallbackUrl"] == ["https://line.example.org/voice/fallback"]
    assert twilio.seen[1][2]["StatusCallback"] == ["https://line.example.org/voice/status"]
    _assert_in_the_document(twilio)


@pytest.mark.parametrize(
    ("now", "afterwards"),
    [
        ("", "https://line.example.org/voice/fallback"),
        ("https://line.example.org/voice/fallback", "https://line.example.org/voice/fallback"),
        ("https://old.example.org/voice/fallback", "https://line.example.org/voice/fallback"),
        ("https://handler.twilio.com/twiml/EH1", "https://handler.twilio.com/twiml/EH1"),
    ],
)
def test_a_fallback_of_the_operators_own_stays(asking: RestClient, twilio: Relay, now: str, afterwards: str) -> None:
    """A reply kept at Twilio helps when this machine is down. An address on this machine cannot."""
    number = {"sid": "PN" + "0" * 32, "voice_fallback_url": now}
    twilio.answer = (200, json.dumps({"incoming_phone_numbers": [number]}).encode())

    assert asking.connect_number() == afterwards
    assert twilio.seen[1][2].get("VoiceFallbackUrl", [now]) == [afterwards]


def test_the_fallback_is_kept_at_twilio_once_it_answers_there(
    asking: RestClient, twilio: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of whatever was the fallback before."""
    there = Twilio()
    threading.Thread(target=there.serve_forever, daemon=True).start()
    monkeypatch.setattr(rest, "ECHO", f"{there.url}/echo")
    there.answers = [(200, b"<Response/>"), (200, b"<p>no</p>")]

    fallback = asking.connect_number("<Response/>")

    assert fallback == f"{there.url}/echo?Twiml=%3CResponse%2F%3E"
    assert twilio.seen[1][2]["VoiceFallbackUrl"] == [fallback]
    asked = len(twilio.seen)
    with pytest.raises(RestFailed, match="answers with something else"):
        asking.connect_number("<Response/>")
    assert not [method for method, _, _ in twilio.seen[asked:] if method == "POST"]
    there.shutdown()
    there.server_close()


def test_the_documents_server_refuses_what_does_not_fit(prism: int) -> None:
    """So that the tests above can fail."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{prism}/2010-04-01/Accounts/AC{'0' * 32}/Messages.json",
        data=b"Body=x", headers={"Authorization": "Basic " + base64.b64encode(b"a:b").decode()},
    )  # fmt: skip

    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)

    assert refusal.value.code == 422
    refusal.value.close()


def test_the_names_are_compared_so_that_a_misspelt_one_is_found(twilio: Relay) -> None:
    twilio.seen.append(("POST", "/2010-04-01/Accounts/AC1/Messages.json", {"Too": ["x"]}))

    with pytest.raises(AssertionError, match="Too"):
        _assert_in_the_document(twilio)


# --- when Twilio does not do it -------------------------------------------------------------


@pytest.mark.parametrize(("status", "again"), [(429, True), (503, True), (400, False), (401, False), (500, False)])
def test_only_what_was_certainly_not_done_is_tried_again(
    asking: RestClient, twilio: Relay, status: int, again: bool
) -> None:
    twilio.answer = (status, b'{"code": 20429, "message": "no", "status": %d}' % status)

    with pytest.raises(RestFailed) as failure:
        asking.send_text("CA1.7", "+447700900123", "Hello.")

    assert failure.value.again is again
    assert "+447700900123" not in str(failure.value)


def test_an_answer_that_never_comes_may_have_been_done(
    asking: RestClient, twilio: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending it again could send it twice."""
    monkeypatch.setattr(rest, "ANSWER_SECONDS", 0.2)
    twilio.wait, twilio.answer = 1.0, (201, b"{}")

    with pytest.raises(RestFailed, match="not known whether it was done") as failure:
        asking.send_text("CA1.7", "+447700900123", "Hello.")

    assert not failure.value.again


def test_a_connection_closed_after_it_was_read_may_have_been_done(asking: RestClient, twilio: Relay) -> None:
    """The whole text was there, and no answer came."""
    twilio.answers_on_one = 0

    with pytest.raises(RestFailed, match="not known whether it was done") as failure:
        asking.send_text("CA1.7", "+447700900123", "Hello.")

    assert not failure.value.again
    assert len(twilio.seen) == 1


def test_no_text_goes_over_a_connection_that_may_close_under_it(asking: RestClient, twilio: Relay) -> None:
    twilio.answers_on_one, twilio.answer = 1, (201, b'{"sid": "SM1"}')

    assert [asking.send_text(f"CA1.{n}", "+447700900123", "Hello.") for n in range(3)] == ["SM1"] * 3


@pytest.mark.parametrize("answer", [b"<html>Sign in to this network</html>", b"[]", b"{}", b""])
def test_an_answer_that_makes_no_sense_may_mean_that_it_was_done(
    asking: RestClient, twilio: Relay, answer: bytes
) -> None:
    twilio.answer = (200, answer)

    with pytest.raises(RestFailed, match="makes no sense, so it is not known whether it was done") as failure:
        asking.ring("+441164960777", "CA1-1", "asha")

    assert not failure.value.again


def test_nobody_there_is_tried_again(settings: Settings) -> None:
    with pytest.raises(RestFailed, match="could not be reached") as failure:
        RestClient(replace(settings, twilio_api_url="http://127.0.0.1:1")).send_text("1", "+447700900123", "Hello.")

    assert failure.value.again


def test_a_recording_is_fetched_with_our_name_and_token(asking: RestClient, twilio: Relay) -> None:
    twilio.answer = (200, b"RIFF")

    assert asking.recording(RECORDING) == b"RIFF"
    assert twilio.seen[0][1].endswith(f"/Recordings/{RECORDING}.wav")


@pytest.mark.parametrize("sid", ["", "../../x", "RE1", "https://evil.example/RE" + "0" * 32])
def test_only_the_id_of_a_recording_is_fetched(asking: RestClient, twilio: Relay, sid: str) -> None:
    with pytest.raises(RestFailed, match="not the id of a recording"):
        asking.recording(sid)
    assert twilio.seen == []
