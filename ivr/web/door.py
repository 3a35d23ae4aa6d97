"""The door: a request is taken in whole before it may take up what calls need.

The server calls us as soon as a request's headers are there, each time in a thread of its own, and reading the body
waits for whoever sends it. Eight requests of two bytes each, never finished, would so hold all of eight threads for
good. So there are many threads, most of which only ever wait for a body, which costs next to nothing; a few at a time
go on into the app, calls and pages apart, so that nothing an adviser's page does keeps a caller waiting; and whoever
does not finish a request in time is disconnected. The time is short while so many are unfinished that others would
have to wait.

Measured beside eight threads and no door (`scripts/bench speed`): the same turns a second, 0 to 15% more CPU a turn.
Letting the server hand over whole requests by its own protocol (RSGI) cost 35 to 55% more.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import stat
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from ivr.web import refusal
from ivr.web.refusal import Refusals, Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Seconds in which a request must be whole and answered. Twilio itself waits for 15.
WHOLE_SECONDS = 10.0
#: Seconds without a byte either way after which a connection is ended. The server itself ends one that waits for its
#: next request after 30, so whatever is left by then has sent half of one, behind another that was answered.
QUIET_SECONDS = 40.0
#: Either, for whoever has most connections, while there are so many, or so many bodies that have not come. A body that
#: is on its way comes in a few milliseconds.
HURRY_SECONDS, MANY_BODIES, MANY_CONNECTIONS = 0.5, 1200, 3000
#: Seconds between two looks at all connections, and at whether there are many.
LOOK_SECONDS, GLANCE_SECONDS = 1.0, 0.1
#: Bytes of a body. Twilio's forms have a kilobyte or two, and an adviser's note a few.
MOST_BYTES = 64 * 1024
#: What callers, or whoever watches over the line, wait for. Everything else is a page.
CALLS = ("/voice", "/text", "/audio/", "/healthz", "/readyz")

_ESTABLISHED = 1
#: tcp_info of Linux: the state, milliseconds since data was last sent, and last received, and segments sent with data.
_TCP_INFO = struct.Struct("B43xI4xI100xI")


class Door:
    """A WSGI application around another, which no more than `at_once` calls and as many pages are in at a time."""

    def __init__(self, inside: WSGIApplication, at_once: int):
        self._inside = inside
        self._calls, self._pages = threading.BoundedSemaphore(at_once), threading.BoundedSemaphore(at_once)
        self._refusals = Refusals()
        #: The threads that wait for a body.
        self._reading: set[int] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            self._take_in(environ)
        except Refused as refused:
            self._refusals.note(refused)
            return refused.answer()(environ, start_response)
        except HTTPException as refused:
            return refused(environ, start_response)
        with self._calls if environ["PATH_INFO"].startswith(CALLS) else self._pages:
            return self._inside(environ, start_response)

    def _take_in(self, environ: WSGIEnvironment) -> None:
        """Have the whole body here, whether it came with its length or in chunks.

        Raises Refused for one that is too long, or shorter than it said. The server does not tell whether one in
        chunks came to its end.
        """
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return
        me, wanted = threading.get_ident(), environ.get("CONTENT_LENGTH", "")
        length = int(wanted) if wanted.isdecimal() else 0
        if length > MOST_BYTES:
            raise refusal.too_long(MOST_BYTES)
        self._reading.add(me)
        try:
            body = get_input_stream(environ).read(MOST_BYTES + 1)
        finally:
            self._reading.discard(me)
        if len(body) > MOST_BYTES:
            raise refusal.too_long(MOST_BYTES)
        if len(body) < length:
            raise refusal.broken_off(len(body), length)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))

    # --- requests that never end ------------------------------------------------------------

    def watch(self) -> None:
        """Disconnect whoever does not finish a request, in a thread of its own; nobody where there is no /proc."""
        if os.path.isdir("/proc/self/fd"):
            threading.Thread(target=self._watch, name="door", daemon=True).start()

    def _watch(self) -> None:
        since: dict[_Unanswered, float] = {}
        looked = 0.0
        while True:
            time.sleep(GLANCE_SECONDS)
            now, are_many = time.monotonic(), len(self._reading) > MANY_BODIES
            if are_many or now - looked >= LOOK_SECONDS:
                looked = now
                with contextlib.suppress(OSError):
                    since = disconnect_unfinished(since, now, are_many)


#: A request that is not answered: the socket it came by, and what was sent there before.
_Unanswered = tuple[int, int]


def disconnect_unfinished(
    since: dict[_Unanswered, float], now: float, are_many: bool = False
) -> dict[_Unanswered, float]:
    """Look through this process's connections, and end those with a request that began long ago.

    `since` is what the last look returned: when each unfinished request was first seen. A connection that a proxy
    keeps for one request after another has had an answer between two of them, and so is told apart from one request.
    While there are many connections, or `are_many`, those from the address that has most of them end sooner, and so do
    those that it keeps for nothing.
    """
    connections, unfinished, ending = _connections(), dict[_Unanswered, float](), set[_Unanswered]()
    crowd = ""
    if are_many or len(connections) > MANY_CONNECTIONS:
        crowd = Counter(told.address for told in connections).most_common(1)[0][0]
    for told in connections:
        if told.waits:
            unfinished[told.key] = since.get(told.key, now - told.unheard)
            lasted, allowed = now - unfinished[told.key], WHOLE_SECONDS
        else:
            lasted, allowed = told.quiet, QUIET_SECONDS
        if lasted >= (HURRY_SECONDS if told.address == crowd else allowed):
            ending.add(told.key)
    if ending:
        _end(ending)
    return unfinished


def _connections() -> list[_Told]:
    """How each connection is that somebody opened to us."""
    ports, found = set[int](), list[tuple[int, _Told]]()
    for one in _sockets():
        port = one.getsockname()[1]
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            ports.add(port)
        elif told := _told_by_kernel(one):
            found.append((port, told))
    return [told for port, told in found if port in ports]


def _end(ending: set[_Unanswered]) -> None:
    for one in _sockets():
        told = _told_by_kernel(one)
        if told and told.key in ending:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _sockets() -> Iterator[socket.socket]:
    """This process's TCP sockets, each by a descriptor of our own: the server may close its own at any moment.

    Ours is closed before the next one is made: calls need descriptors too, and there may be few.
    """
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError), contextlib.ExitStack() as until_next:
            copy = os.dup(int(name))
            until_next.callback(os.close, copy)
            if stat.S_ISSOCK(os.fstat(copy).st_mode):
                one = until_next.enter_context(socket.socket(fileno=os.dup(copy)))
                if one.family in (socket.AF_INET, socket.AF_INET6) and one.type == socket.SOCK_STREAM:
                    yield one


class _Told(NamedTuple):
    """Whether the other side has sent something later than we last did, or we sent nothing yet; for how many seconds
    it has sent nothing, and neither side has; which request this is, if it is unanswered; and who sent it."""

    waits: bool
    unheard: float
    quiet: float
    key: _Unanswered
    address: str


def _told_by_kernel(one: socket.socket) -> _Told | None:
    """How a connection is; None for one that is not open, or of which the kernel does not tell.

    The kernel counts in ticks of a few milliseconds, in which a request may come and be answered. So "at the same
    time" is not "later": it would end connections on which nothing is owed.
    """
    try:
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        state, sent, received, segments = _TCP_INFO.unpack(info)
        key, address = (os.fstat(one.fileno()).st_ino, segments), one.getpeername()[0]
    except (OSError, struct.error):
        return None
    if state != _ESTABLISHED:
        return None
    return _Told(segments == 0 or received < sent, received / 1000, min(sent, received) / 1000, key, address)
