"""Requests that HTTP does not allow, or allows and nobody sends, at the real web server: each is refused or answered
for what it is, at once, and the next caller is answered."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.test_start import Started, an_environment

FORM = {"CallSid": "CA" + "8" * 32, "From": "+447700900123", "To": "+441164960000", "CallStatus": "ringing"}
BODY = urlencode(FORM).encode()
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)
PLACE = "greeting.0.0.000000000000..0-0-0-0-0-0-0."
#: The form of a webhook, so that it fits its signature.
LENGTH = f"Content-Length: {len(BODY)}"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    line = Started(an_environment(tmp_path_factory.mktemp("line")))
    yield line
    line.stop()


def _webhook(line: Started, path: str, *headers: str, body: bytes = BODY, form: dict[str, str] | None = None) -> bytes:
    signature = RequestValidator(line.token).compute_signature(line.base + path, FORM if form is None else form)
    lines = [
        f"POST {path} HTTP/1.1", "Host: x", f"X-Twilio-Signature: {signature}",
        "Content-Type: application/x-www-form-urlencoded", "Connection: close", *headers, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + body


def _status(line: Started, request: bytes) -> bytes:
    """The status of the answer; empty if the connection was closed without one."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", line.port), 5) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert time.monotonic() - began < 5
    return answer[9:12]


WEBHOOKS = {
    "two lengths": (("Content-Length: 3", LENGTH), BODY, b"400"),
    "a length and chunks": ((LENGTH, "Transfer-Encoding: chunked"), BODY, b"400"),
    "a negative length": (("Content-Length: -5",), BODY, b"400"),
    "a length with a sign": ((f"Content-Length: +{len(BODY)}",), BODY, b"400"),
    "a length of many digits": (("Content-Length: " + "9" * 40,), BODY, b"400"),
    "a coding that is none": ((LENGTH, "Transfer-Encoding: identity"), BODY, b"400"),
    "packed chunks": (("Transfer-Encoding: gzip, chunked",), b"0\r\n\r\n", b"400"),
    "chunks with extensions and a trailer": (
        ("Transfer-Encoding: chunked",), CHUNK.replace(b"\r\n", b";a=b\r\n", 1) + b"0\r\nX: y\r\n\r\n", b"200"
    ),
    "a chunk that is too long to count": (("Transfer-Encoding: chunked",), b"F" * 17 + b"\r\n", b"400"),
    "chunks with half line ends": (("Transfer-Encoding: chunked",), CHUNK.replace(b"\r\n", b"\n") + b"0\n\n", b"400"),
    "an expectation that nobody knows": ((LENGTH, "Expect: 200-maybe"), BODY, b"200"),
    "an offer of HTTP/2": ((LENGTH, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), BODY, b"200"),
    "a second signature": ((LENGTH, "X-Twilio-Signature: abc"), BODY, b"403"),
    "a second signature spelt with a line": ((LENGTH, "X_Twilio_Signature: abc"), BODY, b"403"),
    "a long line": ((LENGTH, "X-Long: " + "a" * 6000), BODY, b"200"),
    "a mark before the form": ((f"Content-Length: {len(BODY) + 3}",), b"\xef\xbb\xbf" + BODY, b"403"),
    "semicolons in the form": ((LENGTH,), BODY.replace(b"&", b";"), b"403"),
}  # fmt: skip


@pytest.mark.parametrize("case", WEBHOOKS)
def test_a_signed_webhook_is_answered_or_refused_for_what_it_is(started: Started, case: str) -> None:
    headers, body, status = WEBHOOKS[case]

    assert _status(started, _webhook(started, "/voice", *headers, body=body)) == status
    assert "<Gather" in started.post("/voice", **FORM)


ADDRESSES = {
    "/voice/turn/" + "9" * 4000: b"200",  # the place is not in it, so the call begins
    "/voice/turn/" + "9" * 20_000: b"404",
    "/voice/turn/-1": b"404",
    "/voice/turn/%D9%A3": b"404",
    f"/voice/turn/3?at={PLACE}": b"200",
    f"/voice/turn/3?at={PLACE}&at=x": b"200",
    "/voice/turn/3?at=greeting.-5.-7.000000000000..-1--1-0-0-0-0-0.": b"200",
    "/voice/turn/3?at=greeting." + "9" * 30 + ".0.000000000000..0-0-0-0-0-0-0.": b"200",
    "/voice/turn/3?at=greeting.0.0.000000000000.." + "9" * 5000 + "-0-0-0-0-0-0.": b"200",
    "/voice/turn/3?at=person.0.0.000000000000..0-0-0-0-0-0-0.nowhere-99": b"200",
    "/voice/turn/3?at=nowhere.0.0.zzz.ZZ.0-0-0-0-0-0-0.nowhere-9": b"200",
    "/voice/turn/3?at=%ff%fe%00": b"200",
    "/voice/whisper?call=%00&turn=" + "9" * 5000: b"200",
    "/voice/accept?call=*&turn=*": b"200",
    "/voice/recording?request=../../x": b"204",
}


@pytest.mark.parametrize("path", ADDRESSES, ids=lambda path: path[:40])
def test_a_signed_address_that_we_never_gave_harms_nothing(started: Started, path: str) -> None:
    assert _status(started, _webhook(started, path, LENGTH)) == ADDRESSES[path]
    assert "<Gather" in started.post("/voice", **FORM)


@pytest.mark.parametrize("sid", ["../../../etc/passwd", "*", "CA\r\nSET x y", "A" * 60_000, "\x00", "{}"])
def test_a_call_whose_id_means_something_elsewhere_is_a_call(started: Started, sid: str) -> None:
    form = {**FORM, "CallSid": sid}
    body = urlencode(form).encode()

    assert _status(started, _webhook(started, "/voice", f"Content-Length: {len(body)}", body=body, form=form)) == b"200"


ANYBODY = {
    b"GET /voice": b"400",
    b"PRI * HTTP/2.0\r\n\r\nSM": b"",
    bytes.fromhex("1603010200010001fc0303") + bytes(200): b"400",  # TLS
    b"BREW /voice HTTP/1.1\r\nHost: x\r\nConnection: close": b"405",
    b"TRACE /voice HTTP/1.1\r\nHost: x\r\nConnection: close": b"405",
    b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\nConnection: close": b"404",
    b"GET /voice HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close": b"403",
    b"GET /voice%00 HTTP/1.1\r\nHost: x\r\nConnection: close": b"404",
    b"GET /voice/%c0%af HTTP/1.1\r\nHost: x\r\nConnection: close": b"404",
    b"GET /voice/turn/%zz HTTP/1.1\r\nHost: x\r\nConnection: close": b"404",
    b"GET /voice?at=\xff HTTP/1.1\r\nHost: x\r\nConnection: close": b"400",
    b"GET /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: \xff\xc3\xa4\r\nConnection: close": b"400",
    b"GET /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature:\r\n folded\r\nConnection: close": b"400",
    b"GET /audio/..%2f..%2fvar%2flive.json HTTP/1.1\r\nHost: x\r\nConnection: close": b"404",
    b"DELETE /readyz HTTP/1.1\r\nHost: x\r\nConnection: close": b"405",
    b"GET /console/ HTTP/1.1\r\nHost: x\r\nCookie: adviser=" + b"\xff;" * 2000 + b"\r\nConnection: close": b"303",
}  # fmt: skip


@pytest.mark.parametrize("head", ANYBODY, ids=lambda head: repr(head[:30]))
def test_what_anybody_sends_is_refused_for_what_it_is(started: Started, head: bytes) -> None:
    assert _status(started, head + b"\r\n\r\n") == ANYBODY[head]
    assert "<Gather" in started.post("/voice", **FORM)
