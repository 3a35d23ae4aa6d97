"""Requests that never end, come in pieces, or are not what they say, at the real web server."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from ivr.web import admission
from tests.test_start import Started, an_environment

FORM = {"CallSid": "CA1", "From": "+447700900123", "To": "+441164960000"}
HALVES = {
    "of a webhook": b"POST /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nContent-Length: 900\r\n\r\nCa",
    "of a sign-in": b"POST /console/signin HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nna",
    "of some headers": b"POST /voice HTTP/1.1\r\nHos",
    "of a chunk": b"POST /voice HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nCa",
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """One line for all of these: what one of them sends must not be felt by the next."""
    line = Started(an_environment(tmp_path_factory.mktemp("line")))
    yield line
    line.stop()


@contextlib.contextmanager
def _held(port: int, half: bytes, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as opened:
        held = [opened.enter_context(socket.create_connection(("127.0.0.1", port), 5)) for _ in range(count)]
        for one in held:
            one.sendall(half)
        yield held


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES.keys())
def test_a_caller_is_answered_beside_many_requests_that_never_end(started: Started, half: bytes) -> None:
    with _held(started.port, half, 60):
        assert "<Gather" in started.post("/voice", **FORM)


def test_a_caller_is_answered_beside_more_half_requests_than_would_fit_into_the_threads_of_old(
    started: Started,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with _held(started.port, HALVES["of a webhook"], 1200):
            for _ in range(10):
                assert "<Gather" in started.post("/voice", **FORM)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _signed(line: Started, body: bytes, headers: str) -> bytes:
    signature = RequestValidator(line.token).compute_signature(f"{line.base}/voice", FORM)
    head = (
        f"POST /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {signature}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n\r\n"
    )
    return head.encode() + body


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_webhook_in_chunks_is_answered_as_one_in_whole(started: Started) -> None:
    """Tunnels send bodies so, with no length before them."""
    body = urlencode(FORM).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"

    assert b"<Gather" in _ask(started.port, _signed(started, chunks, "Transfer-Encoding: chunked"))


@pytest.mark.parametrize("headers", ["Content-Length: 70000", "Transfer-Encoding: chunked"])
def test_a_body_that_is_too_large_is_refused_as_such(started: Started, headers: str) -> None:
    body = b"a" * 70000
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if "chunked" in headers else body

    assert b" 413 " in _ask(started.port, _signed(started, sent, headers)).split(b"\r\n")[0]


def _cut_off(port: int, request: bytes) -> str:
    """The answer to a request whose sender stops in the middle and still listens."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_a_body_that_broke_off_is_refused_as_that(started: Started) -> None:
    """The token is right, so nobody is sent to look for it."""
    body = urlencode(FORM).encode()

    answer = _cut_off(started.port, _signed(started, body[:-9], f"Content-Length: {len(body)}"))

    assert answer.startswith("HTTP/1.1 400")
    assert f"was cut off ({len(body) - 9} of {len(body)} bytes arrived)" in answer
    assert "TWILIO_AUTH_TOKEN" not in answer


def test_a_body_in_chunks_that_broke_off_is_refused_with_that_as_a_reason(started: Started) -> None:
    """The server does not tell where such a body ends, so this and a wrong token look alike: both are named."""
    chunk = b"10\r\n" + urlencode(FORM).encode()[:16] + b"\r\n"

    answer = _cut_off(started.port, _signed(started, chunk, "Transfer-Encoding: chunked"))

    assert answer.startswith("HTTP/1.1 403")
    assert "Its body came in chunks (16 bytes). If it was cut off on the way" in answer


@pytest.mark.parametrize("headers", ["Content-Length: 0", "X-Nothing: 1"])
def test_a_webhook_without_a_body_is_refused_as_that(started: Started, headers: str) -> None:
    answer = _ask(started.port, _signed(started, b"", headers)).decode()

    assert answer.startswith("HTTP/1.1 400")
    assert "this request has no body" in answer


@pytest.mark.parametrize("body", [b"a&" * 32_000, b"&".join(b"k%d=" % n for n in range(9000))], ids=["blank", "named"])
def test_a_body_of_many_fields_is_refused_before_it_is_taken_apart(started: Started, body: bytes) -> None:
    """Anybody can send one: fifteen a second of them would take all that a process has."""
    head = (
        b"POST /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    )

    answer = _ask(started.port, head % len(body) + body).decode()

    assert answer.startswith("HTTP/1.1 400")
    assert "more than 300 fields" in answer


def test_a_head_that_nobody_needs_is_refused_before_it_is_read(started: Started) -> None:
    cookies = ";".join(f"a{number}={number}" for number in range(20_000))
    request = f"GET /console/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookies}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", started.port), 5) as connection:
        connection.sendall(request)
        assert connection.recv(100).startswith(b"HTTP/1.1 431")


# --- who is disconnected, with real sockets and a clock of the test's own -------------------------


class _Server:
    """A server that accepts connections and never answers by itself."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.taken: list[socket.socket] = []

    def connect(self, address: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
        client = socket.create_connection(self.listening.getsockname(), 5, source_address=(address, 0))
        taken, _ = self.listening.accept()
        self.taken.append(taken)
        return client, taken


@pytest.fixture
def server() -> Iterator[_Server]:
    server = _Server()
    yield server
    for one in (server.listening, *server.taken):
        one.close()


def _is_open(client: socket.socket) -> bool:
    client.settimeout(0.2)
    try:
        return client.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_only_who_did_not_finish_in_time_is_disconnected(server: _Server) -> None:
    (half, _), (answered, its), (waits, _) = (server.connect() for _ in range(3))
    half.sendall(b"half a request")
    answered.sendall(b"a request")
    its.recv(100)
    time.sleep(0.01)  # the kernel counts in milliseconds
    its.sendall(b"a reply")
    answered.recv(100)
    time.sleep(0.01)

    since = admission.disconnect_unfinished({}, now=0.0)
    late = server.connect()[0]
    late.sendall(b"half")
    admission.disconnect_unfinished(since, now=admission.WHOLE_SECONDS)

    assert [_is_open(one) for one in (half, answered, waits, late)] == [False, True, False, True]
    for one in (half, answered, waits, late):
        one.close()


def test_while_there_are_many_the_crowd_has_less_time_and_nobody_else_has(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two from one address are the crowd, and have been quiet for longer than it takes to send a body."""
    monkeypatch.setattr(admission, "HURRY_SECONDS", 0.1)
    crowd = [server.connect()[0] for _ in range(2)]
    elsewhere = server.connect("127.0.0.2")[0]
    for one in (*crowd, elsewhere):
        one.sendall(b"half a request")
    time.sleep(0.2)
    fresh = server.connect()[0]
    fresh.sendall(b"half a request")

    admission.disconnect_unfinished({}, now=0.0)
    assert all(_is_open(one) for one in crowd), "ten seconds, while there are few"
    admission.disconnect_unfinished({}, now=0.0, are_many=True)

    assert [_is_open(one) for one in (*crowd, elsewhere)] == [False, False, True]
    for one in (*crowd, elsewhere, fresh):
        one.close()


def _answered(client: socket.socket, taken: socket.socket, sends: bytes) -> None:
    """A request that was answered more than a tick of the kernel's clock ago."""
    client.sendall(sends)
    taken.recv(100)
    time.sleep(0.02)
    taken.sendall(b"a reply")
    client.recv(100)


def test_while_there_are_many_what_is_kept_for_nothing_ends_too(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered, and then kept: each may take the place of somebody who rings."""
    monkeypatch.setattr(admission, "HURRY_SECONDS", 0.1)
    monkeypatch.setattr(admission, "MANY_CONNECTIONS", 1)
    (kept, its), (busy, theirs) = server.connect(), server.connect()
    for client, taken in ((kept, its), (busy, theirs)):
        _answered(client, taken, b"a request")
    time.sleep(0.2)
    theirs.sendall(b"more of a reply")
    busy.recv(100)

    admission.disconnect_unfinished({}, now=0.0)

    assert [_is_open(one) for one in (kept, busy)] == [False, True]
    kept.close()
    busy.close()


def test_a_connection_that_is_kept_for_one_request_after_another_is_left_alone(server: _Server) -> None:
    """A request that is answered within a tick of the kernel's clock, and one that is on its way at each look."""
    (quick, its), (busy, theirs) = server.connect(), server.connect()
    since: dict[tuple[int, int], float] = {}
    for look in range(3 * int(admission.WHOLE_SECONDS)):
        quick.sendall(b"a request")
        its.recv(100)
        its.sendall(b"a reply")
        quick.recv(100)
        busy.sendall(b"a request")
        since = admission.disconnect_unfinished(since, now=float(look))
        theirs.recv(100)
        theirs.sendall(b"a reply")
        busy.recv(100)

    assert [_is_open(one) for one in (quick, busy)] == [True, True]
    quick.close()
    busy.close()


def test_half_a_request_behind_a_whole_one_is_disconnected(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both came in one packet, so the reply to the first was sent after the last byte that came."""
    monkeypatch.setattr(admission, "QUIET_SECONDS", 0.3)
    (half, its), (answered, theirs) = server.connect(), server.connect()
    for client, taken in ((half, its), (answered, theirs)):
        _answered(client, taken, b"a request, and half a request")

    admission.disconnect_unfinished({}, now=0.0)
    assert _is_open(half), "for a while, it may be waiting for its next request"
    time.sleep(0.4)
    theirs.sendall(b"more of a reply")
    answered.recv(100)
    admission.disconnect_unfinished({}, now=0.0)

    assert [_is_open(one) for one in (half, answered)] == [False, True]
    half.close()
    answered.close()


def test_the_server_speaks_no_http_2(started: Started) -> None:
    """There, one connection may hold hundreds of half requests, and be kept open by pings."""
    with socket.create_connection(("127.0.0.1", started.port), 5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0")
        answer = connection.recv(100)

    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer


def test_looking_takes_up_next_to_no_descriptors(server: _Server) -> None:
    """Beside many connections, a call must still find one for its own way to Redis."""
    clients = [server.connect()[0] for _ in range(30)]
    for client in clients:
        client.sendall(b"half a request")
    since = admission.disconnect_unfinished({}, now=0.0)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    taken: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        for spare in (taken.pop() for _ in range(3)):
            os.close(spare)
        admission.disconnect_unfinished(since, now=admission.WHOLE_SECONDS)
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert not any(_is_open(one) for one in clients)
    for client in clients:
        client.close()


def test_connections_that_the_line_itself_opened_are_left_alone() -> None:
    """A worker's own way to Redis or to Twilio may wait for an answer as long as it likes."""
    elsewhere = socket.create_server(("127.0.0.1", 0))
    reached: list[socket.socket] = []
    taking = threading.Thread(target=lambda: reached.append(elsewhere.accept()[0]))
    taking.start()
    ours = socket.create_connection(elsewhere.getsockname(), 5)
    taking.join()
    elsewhere.close()  # so that its port is not one that this process listens on
    reached[0].sendall(b"something unasked")

    admission.disconnect_unfinished(admission.disconnect_unfinished({}, now=0.0), now=100.0)

    assert ours.recv(100) == b"something unasked"
    assert _is_open(ours)
    for one in (ours, *reached):
        one.close()
