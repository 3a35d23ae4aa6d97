"""The line with the benchmark's clock, and with one part replaced by its library's way if `BENCH_PART` names it.

Callers of the benchmark press a key every few milliseconds. With the real clock, the line would ignore each of them
(debounce). Here two seconds pass from one webhook to the next, on a morning when the line is open.
"""

import datetime as dt
import itertools
import os
import time
from functools import partial

from ivr import web

OPEN = dt.datetime(2026, 11, 25, 10, 30, tzinfo=dt.UTC)
_ticks = itertools.count()


def now() -> dt.datetime:
    return OPEN + dt.timedelta(seconds=next(_ticks) * 2 % 1800)


def console_now() -> dt.datetime:
    """The console's time goes on as it does, whatever the callers do."""
    return OPEN + dt.timedelta(seconds=time.monotonic() - _began)


_began, _create_console = time.monotonic(), web.create_console
web.create_console = lambda settings, store, live, jobs, clock: _create_console(
    settings, store, live, jobs, console_now
)
web.create_app = partial(web.create_app, clock=now)

if part := os.environ.get("BENCH_PART"):
    from tests.bench.parts import PARTS

    PARTS[part][1]()

from app import app as app  # noqa: E402  # it is made as this is imported
