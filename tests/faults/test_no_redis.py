"""Something that takes connections where Redis should be, and is no Redis."""

from __future__ import annotations

import contextlib
import dataclasses
import socketserver
import threading
from collections.abc import Iterator

import pytest

from ivr.machine.config import Settings
from ivr.store import Store
from tests.line import Line
from tests.sealed import KEYS

ANSWERS = [
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"$5\r\nab\r\n", b"",
    b"*-9\r\n", b"-LOADING Redis is loading the dataset in memory\r\n", b"-MISCONF Errors writing to the AOF file\r\n",
]  # fmt: skip


@pytest.fixture(params=ANSWERS, ids=repr)
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that gives this answer to whatever it is asked."""

    class _Answers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                while self.request.recv(65536):
                    self.request.sendall(request.param)
                    if not request.param:
                        return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_call_goes_on_as_if_redis_were_away(line: Line, settings: Settings, elsewhere: str) -> None:
    """A proxy before it that fails, another service at its port, or one that can keep nothing."""
    store = Store(elsewhere, KEYS)
    line.app._live.look()  # what is live is kept beside Redis
    with Line(dataclasses.replace(settings, redis_url=elsewhere), store) as alone:
        call = alone.call().press("3")
        assert call.place == "council_menu"
        assert call.press("0").has("Dial")
    store.close()
