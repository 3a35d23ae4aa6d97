"""A caller with a telling number asks, is texted, leaves a message and is written about: where does it show?

The line runs as it does in service: `ivr start`, with its own Redis on the disk, its worker and its log. Then every
file, every key and value in Redis, the log and the metrics are searched, for the number in every spelling.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import wave
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import sleep
from urllib.parse import quote

import pytest

from ivr.engine.debounce import DEBOUNCE_SECONDS
from ivr.store import PATIENT_SECONDS, Spool, Store
from ivr.usecases import personal_data
from tests.chaos.people import Adviser, Told, answer, words_of
from tests.chaos.world import Line
from tests.conftest import ENVIRONMENT
from tests.redis_server import soon

MOBILE, SPOOLED = "+447482635917", "+447482759268"
NOTE = "Ottoline is at home since the quarrel"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
#: A spoken message, of which any part would be found.
FRAMES = bytes(range(256)) * 300


def _wav() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(FRAMES)
    return made.getvalue()


class _Twilio(ThreadingHTTPServer):
    """Refuses texts with words that name the number, as Twilio does, and has one recording."""

    daemon_threads = True
    #: How the line and the callers of `world` know it.
    texts_asked = 0


class _Answers(BaseHTTPRequestHandler):
    server: _Twilio

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/Messages.json"):
            self.server.texts_asked += 1
            why = f"The 'To' number {MOBILE} is not a valid phone number, nor is 07482 635 917."
            self._answer(400, json.dumps({"code": 21211, "message": why, "status": 400}).encode())
        else:
            self._answer(200, b'{"sid": "SM1"}')

    def do_GET(self) -> None:
        if "/Recordings/RE" in self.path:
            self._answer(200, _wav())
        elif "IncomingPhoneNumbers" in self.path:
            number = {"sid": "PN1", "phone_number": ENVIRONMENT["TWILIO_NUMBER"], "capabilities": {"sms": True}}
            self._answer(200, json.dumps({"incoming_phone_numbers": [number], "page": 0}).encode())
        else:
            self._answer(404, b"{}")

    def do_DELETE(self) -> None:
        self._answer(204, b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@pytest.fixture
def twilio() -> Iterator[_Twilio]:
    with _Twilio(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def spellings(number: str) -> Iterator[str]:
    """A British mobile number as somebody or something may write it."""
    bare = number.removeprefix("+44")
    digits = ["0", *bare]
    yield from (bare, bare[::-1], f"44{bare}"[::-1])
    for gap in (" ", "-", ".", ", ", "&nbsp;", "%20", "+"):
        yield gap.join((bare[:4], bare[4:7], bare[7:]))
        yield gap.join((bare[:4], bare[4:]))
        yield gap.join(digits[1:])
        yield gap.join(DIGITS[int(each)] for each in digits[1:])
    yield from (
        "".join(f"\\u003{each}" for each in bare),
        bare.encode().hex(),
        bare.encode("utf-16-le").decode("latin-1"),
    )


def traces(*told: str) -> list[bytes]:
    """What would show one of these: as it is, and in base64, wherever it begins in a longer text."""
    found = []
    for each in told:
        plain = each.encode("latin-1")
        found += [plain, plain.upper(), quote(plain).encode()]
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + plain)
            found.append(coded[4 if shift else 0 : len(coded) - 4])
    return found


def _in_redis(store: Store) -> bytes:
    """All keys and values."""

    def read(client: object) -> list[bytes]:
        found: list[bytes] = []
        for key in client.keys("*"):  # type: ignore[attr-defined]
            found += [key, client.dump(key) or b""]  # type: ignore[attr-defined]
            if (kind := client.type(key).decode()) == "none":  # type: ignore[attr-defined]
                continue  # it has just expired
            reading = {
                "string": lambda key: [client.get(key)],  # type: ignore[attr-defined]
                "zset": lambda key: client.zrange(key, 0, -1),  # type: ignore[attr-defined]
                "set": lambda key: client.smembers(key),  # type: ignore[attr-defined]
                "list": lambda key: client.lrange(key, 0, -1),  # type: ignore[attr-defined]
                "hash": lambda key: [each for pair in client.hgetall(key).items() for each in pair],  # type: ignore[attr-defined]
                "stream": lambda key: [each for _, row in client.xrange(key) for each in row.values()],  # type: ignore[attr-defined]
            }[kind]
            if not key.startswith(b"ivr:revision:"):  # staff's words
                found += [each for each in reading(key) if each]
        return found

    return b"\n".join(store.redis.do(read))


def _shown(folder: Path, store: Store, line: Line) -> list[str]:
    """Where the caller shows: names of files, "Redis" or "metrics", with what is found."""
    places = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    places.update((f"name of {name}", name.encode()) for name in list(places))
    places["Redis"], places["metrics"] = _in_redis(store), line.ask("GET", "/metrics")[1].encode()
    wanted = traces(*spellings(MOBILE), *spellings(SPOOLED), NOTE, "Ottoline", "192.0.2.77")
    wanted += [FRAMES[at : at + 32] for at in range(0, 256, 32)] + [b'"heard":[', b'"caller":"', b'"number":"']
    return [f"{name}: {each!r}" for name, content in places.items() for each in wanted if each in content]


def _ask_for(line: Line, phone: str, sid: str, keys: str) -> str:
    """Ring, press 0, which nobody answers, and these keys. Returns the last words."""
    form = {"CallSid": sid, "From": phone, "To": "+441164960000", "CallStatus": "in-progress"}
    reply = ET.fromstring(line.webhook("/voice", form))
    for key in ("0", *keys):
        sleep(DEBOUNCE_SECONDS + 0.1)
        reply = answer(line, reply, form, {"Digits": key, "FinishedOnKey": ""})
        if reply.find("Dial") is not None:
            reply = answer(line, reply, form, {"DialCallStatus": "no-answer"})
    return words_of(reply)


def _write_about(line: Line, store: Store) -> None:
    """An adviser signs in, and writes a note."""
    adviser = Adviser(line, store, Told(), 1, Event())
    adviser._sign_in()
    (asked,) = [each for each in store.requests.waiting() if each.number == MOBILE]
    assert adviser._get(f"/request/{asked.id}")
    assert adviser._send(f"/request/{asked.id}/note", note=NOTE)
    assert adviser._send(f"/request/{asked.id}/claim")
    assert MOBILE in adviser._page.replace(" ", "") or "07482" in adviser._page, "the page shows it to whoever took it"


def test_a_search_would_find_what_it_looks_for() -> None:
    """Whatever stands around it."""
    wanted = traces(*spellings(MOBILE))
    for shown in (
        b'{"number":"+447482635917"}', b"tel:07482635917", b"07482 635 917", b"07482-635917", b"%2B447482635917",
        b"seven, four, eight, two, six, three, five, nine, one, seven", b"7195362847440", b"719536284744+",
        base64.b64encode(b'{"to":"+447482635917","x":1}'), base64.b64encode(b'{"from":"07482635917"}'),
    ):  # fmt: skip
        assert any(each in shown for each in wanted), shown


def test_nothing_that_is_stored_or_told_shows_a_caller(tmp_path: Path, twilio: _Twilio) -> None:
    line = Line(tmp_path, twilio)  # type: ignore[arg-type]  # of a Twilio it knows the port only
    try:
        assert soon(lambda: line.ready() == "ready", 90), (tmp_path / "log").read_text()
        with closing(Store(line.settings.redis_url, line.settings.keys, PATIENT_SECONDS)) as store:
            spool = Spool(line.settings.spool_dir, line.settings.keys)
            assert "We will call you" in _ask_for(line, MOBILE, "CA" + "1" * 32, "1111")
            assert list((line.settings.spool_dir / "calls").glob("*")), "a call on this machine's disk, just in case"
            assert "The text should come" in _ask_for(line, MOBILE, "CA" + "2" * 32, "21")
            wish = next(each.id for each in store.requests.waiting() if each.number == MOBILE)
            told = {"RecordingSid": "RE" + "3" * 32, "RecordingDuration": "9", "RecordingStatus": "completed"}
            line.webhook(f"/voice/recording?request={wish}", {"CallSid": "CA" + "1" * 32, **told})
            _write_about(line, store)
            assert soon(lambda: twilio.texts_asked and store.texts.failed_to(MOBILE), 60)
            assert soon(lambda: list((line.settings.data_dir / "recordings").glob("*.wav")), 60)
            _outage(line, spool)

            found = personal_data.find(store, spool, MOBILE, 0.0)
            assert {words: count for count, words in found.counts()}["notes"] == 1, "it is all there"
            assert (len(found.texts), len(found.requests[0].messages), len(found.calls)) == (1, 1, 2)
            assert _shown(tmp_path, store, line) == []
        log = (tmp_path / "log").read_text()
        assert all(what in log for what in ('"event":"turn"', '"event":"text"', '"event":"spooled"')), log[-2000:]
    finally:
        line.end()
    assert not re.search(r"7482[ -]?635|7482[ -]?759", (tmp_path / "log").read_text())


def _outage(line: Line, spool: Spool) -> None:
    """Redis hangs, and a caller asks all the same. The entry is still on the disk afterwards."""
    (redis,) = line.processes()["Redis"]
    os.kill(redis, signal.SIGSTOP)
    try:
        assert "We will call you" in _ask_for(line, SPOOLED, "CA" + "4" * 32, "111223121")
        assert spool.content().waiting
        kept = {path: path.read_bytes() for path in spool.folder.glob("*.json")}
    finally:
        os.kill(redis, signal.SIGCONT)
    soon(spool.is_empty, 30)
    for path, content in kept.items():
        (spool.folder.parent / f"{path.name}.kept").write_bytes(content)  # to be searched, as it was
