"""What the pages of the console work with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ivr.config import Settings
from ivr.jobs import Jobs
from ivr.store import Store
from ivr.web.live import Live

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True)
class Console:
    """The settings, the store, what is live, the worker's queue and the clock."""

    settings: Settings
    store: Store
    live: Live
    jobs: Jobs
    clock: Clock

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock().timestamp()

    def note(self, what: str, about: str = "") -> None:
        """Write into the log what the signed-in adviser saw or did."""
        self.store.people.note(self.now, current_user.get_id() or "nobody", what, about)


def unsaved() -> str:
    """What was written on a form that could not be taken, so that it can be shown, and nobody writes it again."""
    return ". ".join(filter(None, (request.form.get("outcome", ""), request.form.get("note", "").strip())))


def go(endpoint: str, request_id: str | None = None) -> Response:
    """On to another page, after something was done."""
    return redirect(url_for(endpoint, request_id=request_id) if request_id else url_for(endpoint), code=303)
