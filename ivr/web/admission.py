"""Admission: receives each request completely before it can occupy the threads that calls need.

The server calls us as soon as a request's headers have arrived, each time in a separate thread, and reading the body
waits for the client. With eight threads, eight requests that never finish would block the line for ever. So there are
many threads, and most of them only wait for a body, which costs next to nothing. A few at a time go on into the app,
calls and pages separately, so that advisers' pages never delay a caller. Clients that do not finish a request in time
are disconnected. When unfinished requests hold most threads, clients get half a second instead of ten.

Compared with eight threads and without it (`scripts/bench speed`): the same turns a second, 0 to 15% more CPU time per
turn. Letting the server deliver complete requests by its own protocol (RSGI) cost 35 to 55% more.
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

import structlog
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from ivr.web import refusal
from ivr.web.refusal import Refusals, RequestRefused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

#: Seconds in which a request must be complete and answered. Twilio itself waits 15 seconds.
WHOLE_SECONDS = 10.0
#: Seconds without traffic after which a connection is ended. The server ends idle connections after 30 seconds, so what
#: is left then is a connection that got an answer, and after it sent only the beginning of another request.
QUIET_SECONDS = 40.0
#: The limit, instead of both above, for the address with the most connections, once there are MANY_CONNECTIONS or most
#: threads wait for a body. A body that is on its way arrives in a few milliseconds. Behind a proxy, all connections
#: have its address; it delivers whole requests, so none of them waits.
HURRY_SECONDS, MANY_CONNECTIONS = 0.5, 3000
#: Seconds between two checks of all connections, and between two checks whether there are many.
LOOK_SECONDS, GLANCE_SECONDS = 1.0, 0.1
#: The most bytes of a body. Twilio's forms have one or two kilobytes, and an adviser's note a few.
MOST_BYTES = 64 * 1024
#: Paths for which callers or monitoring wait. Everything else is a page.
CALLS = ("/voice", "/text", "/audio/", "/healthz", "/readyz")

_ESTABLISHED = 1
#: Linux' tcp_info: the state, milliseconds since data was last sent and last received, and data segments sent.
_TCP_INFO = struct.Struct("B43xI4xI100xI")


class Admission:
    """WSGI middleware that lets at most `at_once` calls, and as many pages, into the app at a time."""

    #: How many threads may wait for a body before clients must hurry. The server sets it: it knows how many there are.
    most_bodies = 1200

    def __init__(self, inside: WSGIApplication, at_once: int):
        self._inside = inside
        self._calls, self._pages = threading.BoundedSemaphore(at_once), threading.BoundedSemaphore(at_once)
        self._refusals = Refusals()
        #: The threads that wait for a body.
        self._reading: set[int] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            self._take_in(environ)
        except RequestRefused as refused:
            self._refusals.note(refused)
            return refused.answer()(environ, start_response)
        except HTTPException as refused:
            return refused(environ, start_response)
        with self._calls if environ["PATH_INFO"].startswith(CALLS) else self._pages:
            return self._inside(environ, start_response)

    def _take_in(self, environ: WSGIEnvironment) -> None:
        """Read the whole body, whether it came with its length or in chunks.

        Raises RequestRefused for a body that is too long, or shorter than its Content-Length. Whether a body in chunks
        is complete cannot be checked: the server does not say.
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
        """Disconnect clients that do not finish a request, in a thread of its own. Does nothing without /proc."""
        if os.path.isdir("/proc/self/fd"):
            threading.Thread(target=self._watch, name="door", daemon=True).start()

    def _watch(self) -> None:
        since: dict[_RequestKey, float] = {}
        looked = 0.0
        while True:
            time.sleep(GLANCE_SECONDS)
            now, are_many = time.monotonic(), len(self._reading) > self.most_bodies
            if are_many or now - looked >= LOOK_SECONDS:
                looked = now
                try:
                    since = disconnect_unfinished(since, now, are_many)
                except Exception:  # the watch must survive any single failed look
                    log.exception("door")


#: Identifies an unanswered request: the inode of its socket, and how many segments we had sent on it before.
_RequestKey = tuple[int, int]


def disconnect_unfinished(
    since: dict[_RequestKey, float], now: float, are_many: bool = False
) -> dict[_RequestKey, float]:
    """Check this process's connections, and end those whose request began too long ago.

    `since` is the result of the previous call: when each unfinished request was first seen (monotonic seconds). On a
    connection that a proxy reuses, we sent an answer between two requests, so these are not taken for one long request.
    If there are many connections, or with `are_many`, the connections of the address that has most of them end sooner,
    idle ones too.
    """
    connections, unfinished, ending = _connections(), dict[_RequestKey, float](), set[_RequestKey]()
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
    """The state of each incoming connection."""
    ports, found = set[int](), list[tuple[int, _Told]]()
    for one in _sockets():
        port = one.getsockname()[1]
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            ports.add(port)
        elif told := _told_by_kernel(one):
            found.append((port, told))
    return [told for port, told in found if port in ports]


def _end(ending: set[_RequestKey]) -> None:
    for one in _sockets():
        told = _told_by_kernel(one)
        if told and told.key in ending:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _sockets() -> Iterator[socket.socket]:
    """This process's TCP sockets, each through a duplicate of its descriptor, because the server may close the original
    at any moment.

    A duplicate is closed before the next one is made: calls need descriptors too, and there may be few.
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
    """What the kernel tells about one incoming connection."""

    #: Whether a request is unanswered: the client sent something after our last data, or we have sent nothing yet.
    waits: bool
    #: Seconds since the client last sent something, and since either side did.
    unheard: float
    quiet: float
    key: _RequestKey
    #: The client's address.
    address: str


def _told_by_kernel(one: socket.socket) -> _Told | None:
    """The kernel's figures for a connection; None if it is not open, or the kernel has none.

    The kernel counts in ticks of a few milliseconds, in which a request may arrive and be answered. So "at the same
    time" must not count as "later": that would end connections without an open request.
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
