"""Real reverse proxies in front of the real line: what they make of a webhook, and what becomes of one they lose."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crew import children
from tests.faults.proxies import ALL, PUBLIC, TWICE, Proxy, answer_on, proxy
from tests.redis_server import soon
from tests.test_start import Started, _processes, an_environment

FORM = {"CallSid": "CA1", "From": "+447700900123", "To": "+441164960000", "FromCity": "Zürich & \u2603"}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    line = Started({**an_environment(tmp_path_factory.mktemp("line")), "PUBLIC_URL": PUBLIC, "IVR_WEB_PROCESSES": "2"})
    yield line
    line.stop()


@pytest.fixture(scope="module", params=ALL)
def through(
    request: pytest.FixtureRequest, started: Started, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxy(request.param, folder, started.port, started.token) as found:
        yield found


@pytest.fixture(scope="module")
def twice(started: Started, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that sends once more what got no answer."""
    with proxy(TWICE, tmp_path_factory.mktemp("proxy"), started.port, started.token) as found:
        yield found


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def _action(answer: bytes) -> str:
    found = re.search(rf'action="{PUBLIC}([^"]+)"', answer.decode())
    assert found, answer
    return found[1].replace("&amp;", "&")


# --- what Twilio sends -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "chunks"),
    [
        ((), 0),
        ((), 7),
        (("Expect: 100-continue",), 0),
        ((f"X-Twilio-Something: {'a' * 7000}", f"Cookie: {'b' * 7000}"), 0),
        (tuple(f"X-Header-{number}: {number}" for number in range(80)), 0),
        (("X-Forwarded-For: 10.0.0.1, evil", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http"), 0),
        (("Forwarded: for=_x;host=evil.example;proto=http", "X-Original-URL: /console", "X-Rewrite-URL: /x"), 0),
    ],
    ids=["whole", "in chunks", "asked before its body", "large headers", "many headers", "forwarded", "forwarded anew"],
)
def test_a_call_comes_through(through: Proxy, headers: tuple[str, ...], chunks: int) -> None:
    reply = through.post("/voice", FORM, *headers, chunks=chunks)
    assert b"<Gather" in reply

    assert b"<Gather" in through.post(_action(reply), {**FORM, "Digits": "3"}, *headers, chunks=chunks)


def test_one_connection_carries_a_whole_call(through: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", through.port), 20) as connection, connection.makefile("rb") as answers:
        path = "/voice"
        for key in ("", "3", "9", "*", "0"):
            form = {**FORM, "CallSid": "CA-kept", **({"Digits": key} if key else {})}
            connection.sendall(through.signed(path, form, keep=True))
            head = b"".join(iter(answers.readline, b"\r\n"))
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length, head
            path = _action(answers.read(int(length[1])))


@pytest.mark.parametrize("body", ["", "a=b", "CallSid=CA1&From=%2B447700900123"])
def test_what_nobody_signed_is_refused(through: Proxy, body: str) -> None:
    request = f"POST /voice HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    assert _status(through.ask(request.encode())) == 403


@pytest.mark.parametrize(
    "path",
    [
        "//voice",
        "/voice/",
        "/%76oice",
        "/./voice",
        "/x/../voice",
        "/voice;x",
        "/VOICE",
        "/voice%2Fturn%2F1",
        "/voice\\",
    ],
)
def test_another_spelling_of_the_path_is_the_same_call_or_nothing(through: Proxy, path: str) -> None:
    """Signed as it is spelt. Whatever comes of it, it is no error of ours and no empty document."""
    answer = through.post(path, FORM)

    assert _status(answer) in (200, 400, 403, 404)
    assert (b"<Response>" in answer) == (_status(answer) == 200)


@pytest.mark.parametrize(
    "path",
    [
        "/console/signin", "//console/signin", "/console//signin", "/%63onsole/signin", "/console/%73ignin",
        "/console/./signin", "/console/signin/", "/console/x/../signin",
    ],
)  # fmt: skip
def test_no_spelling_of_the_path_is_a_way_round_the_sign_in(through: Proxy, path: str) -> None:
    """Without the page's own token nobody gets as far as a password."""
    body = "name=asha&password=x"
    request = (
        f"POST {path} HTTP/1.1\r\nHost: line.example.org\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
    )

    assert _status(through.ask(request.encode())) in (400, 401, 404, 405, 308)


@pytest.mark.parametrize("path", ["/console", "/console/", "/console//", "/console//log", "/console/log"])
def test_a_redirect_stays_at_the_address_that_was_asked_for(through: Proxy, path: str) -> None:
    """Neither http nor the line's own port are anything that a browser outside can reach."""
    request = f"GET {path} HTTP/1.1\r\nHost: line.example.org\r\nConnection: close\r\n\r\n"

    answer = through.ask(request.encode()).decode()

    found = re.search(r"(?i)\nlocation: (\S+)", answer)
    assert _status(answer.encode()) in (200, 302, 303, 308, 404)
    assert found is None or found[1].startswith(("/", PUBLIC)), found[1]


def test_what_is_for_this_machine_alone_is_shown_to_nobody_outside(through: Proxy) -> None:
    answer = through.ask(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")

    assert _status(answer) == 200
    assert b"ivr publish" not in answer
    assert b"/studio" not in answer


# --- what does not come whole ----------------------------------------------------------------------


def test_callers_are_answered_while_others_send_half_requests(through: Proxy) -> None:
    halves = [through.signed("/voice", FORM)[:-10], through.signed("/voice", FORM, chunks=7)[:-10], b"POST /voice HT"]
    with contextlib.ExitStack() as held:
        for number in range(90):
            one = held.enter_context(socket.create_connection(("127.0.0.1", through.port), 5))
            one.sendall(halves[number % 3])

        for number in range(5):
            assert b"<Gather" in through.post("/voice", {**FORM, "CallSid": f"CA-beside-{number}"})


def test_whoever_goes_away_in_the_middle_leaves_the_next_request_as_it_is(through: Proxy) -> None:
    """A proxy that keeps its connections to the line must never put one request's rest before another."""
    for _ in range(20):
        for cut in (through.signed("/voice", FORM)[:-10], through.signed("/voice", FORM, chunks=7)[:-10]):
            with socket.create_connection(("127.0.0.1", through.port), 5) as one:
                one.sendall(cut)
        assert b"<Gather" in through.post("/voice", FORM)


# --- what comes twice, and what is killed ----------------------------------------------------------


def test_a_webhook_that_comes_twice_gets_the_same_reply_and_is_done_once(through: Proxy) -> None:
    call = {**FORM, "CallSid": f"CA-twice-{through.port}"}
    path = _action(through.post("/voice", call))
    answers = []

    def ask() -> None:
        answers.append(through.post(path, {**call, "Digits": "3"}).partition(b"\r\n\r\n")[2])

    both = [threading.Thread(target=ask) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert len(set(answers)) == 1
    assert b"/voice/turn/1?" in answers[0]


def _web_processes(started: Started) -> list[int]:
    commands = _processes(str(Path(started.place["IVR_DATA"])))
    server = next(pid for pid in children(started.process.pid) if "web_server" in commands.get(pid, ""))
    return [pid for pid in children(server) if _answers(pid)]


def _answers(pid: int) -> bool:
    """Whether it serves: one that has ended, or that still loads the line, has no thread of the web server."""
    with contextlib.suppress(OSError):
        return any("tokio" in (task / "comm").read_text() for task in Path(f"/proc/{pid}/task").iterdir())
    return False


def _both_answer(started: Started) -> bool:
    return soon(lambda: len(_web_processes(started)) == 2)


@pytest.mark.parametrize("both", [False, True], ids=["one process", "all of them"])
def test_a_call_whose_process_is_killed_as_it_answers_goes_on(started: Started, twice: Proxy, both: bool) -> None:
    """Each is stopped, so that it has the webhook and has not answered, and then killed. The proxy sends it again."""
    assert _both_answer(started)
    call = {**FORM, "CallSid": f"CA-killed-{both}"}
    path = _action(twice.post("/voice", call))
    victims = _web_processes(started)[: 2 if both else 1]
    for pid in victims:
        os.kill(pid, signal.SIGSTOP)
    with contextlib.ExitStack() as open_:
        waiting = []
        for _ in range(4):  # of four, some come to a process that is stopped
            one = open_.enter_context(socket.create_connection(("127.0.0.1", twice.port), 30))
            one.sendall(twice.signed(path, {**call, "Digits": "3"}))
            waiting.append(one)
        time.sleep(0.3)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        answers = [answer_on(one) for one in waiting]

    for answer in answers:
        assert _status(answer) in (200, 502), answer
        assert _status(answer) == 502 or b"/voice/turn/1?" in answer, "never an empty document"
    if not both:
        assert any(_status(answer) == 200 for answer in answers)
    assert soon(lambda: b"/voice/turn/1?" in twice.post(path, {**call, "Digits": "3"})), "as Twilio tries once more"
    assert _both_answer(started), "the tests that follow find the line whole"


def test_what_is_too_long_is_refused_whoever_passes_it_on(through: Proxy) -> None:
    """A proxy that is still sending when it is refused may tell of that in its own way."""
    answer = through.post("/voice", {**FORM, "Body": "x" * 70_000})

    assert _status(answer) in (413, 502)
    assert b"<Response" not in answer
