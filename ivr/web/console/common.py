"""Code that the pages of the console share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, abort, current_app, flash, g, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from ivr import dialling, roles
from ivr.advising import briefing
from ivr.advising.adviser import Adviser
from ivr.advising.listing import named
from ivr.border import spelled
from ivr.callbacks import callback
from ivr.callbacks.callback import Refused
from ivr.callbacks.capacity import Capacity
from ivr.callbacks.diary import LEAST_LEFT_AGAIN, Window
from ivr.callbacks.kept import Promised
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.machine.config import Settings
from ivr.roles import Right
from ivr.store import Store
from ivr.usecases.jobs import Jobs, recording_path
from ivr.web.edition import Edition
from ivr.web.live import Live
from ivr.web.studio.draft import DraftClient

#: Seconds for which an adviser counts as here after they last did anything.
HERE_SECONDS = 10 * 60
#: The most characters of a note.
LONGEST_NOTE = 2000
Clock = Callable[[], dt.datetime]
#: What the page says once something is done, by its name in the log. The others have good words there.
_DONE = {
    "took": "This request is yours.",
    "rings by hand": "It stays yours while you ring by hand.",
    "gave back": "It is back in the list.",
    "took back": "It is back in the list.",
    "put back": "It is back in the list.",
    "noted": "The note is on the card.",
    "listened to the message": "The message is marked as listened to.",
    "typed the number as heard": "The number is written down. Play the message again, and then confirm it.",
    "confirmed the number as heard": "The number is confirmed, and can be rung.",
    "answered by text": "Your answer is on its way.",
    "sent a text": "The text is on its way.",
}


@dataclass(frozen=True)
class Console:
    """What the pages use: settings, store, live scripts, the worker's queue, the clock, and the draft in config/."""

    settings: Settings
    store: Store
    live: Live
    jobs: Jobs
    clock: Clock
    draft: DraftClient

    @property
    def now(self) -> float:
        """The time in POSIX seconds."""
        return self.clock().timestamp()

    @property
    def edition(self) -> Edition:
        """The live edition. If nothing is published, the request is answered with a page that says so."""
        if not self.live.ready:
            abort(404, "Nothing is published yet.")
        return self.live.now

    def note(self, what: str, about: str = "") -> None:
        """Record in the log what the signed-in adviser saw or did."""
        self.store.audit.note(self.now, g.adviser.name, what, about)


def add_pages(app: Flask, *pages: tuple[str, Callable[..., Any], str], needs: Right | None) -> None:
    """Add pages: for each its path, its view (whose name links use), and its method.

    `needs`: the right that these pages need (`ivr/roles.py`); None if they need no sign-in.
    """
    rights: dict[str, Right | None] = app.extensions.setdefault("rights", {})
    for path, view, method in pages:
        app.add_url_rule(path, view.__name__, view, methods=[method])
        rights[view.__name__] = needs


def add_large(app: Flask, most_bytes: int, *views: Callable[..., Any]) -> None:
    """Let these pages take bodies of up to `most_bytes`. The limit of all others is `MAX_CONTENT_LENGTH`."""
    app.extensions.setdefault("large", {}).update({view.__name__: most_bytes for view in views})


def allow_large() -> None:
    """Set the limit for the body of this request, before any of it is read."""
    if most := current_app.extensions.get("large", {}).get(request.endpoint):
        request.max_content_length = most


class TooLong(Exception):
    """Raised for a field that is longer than it may be: it is refused, so that nothing is cut off silently."""


def written(field: str, most: int) -> str:
    """What was written into a field of a form, with one encoding for each accent. Raises TooLong.

    The length is counted as browsers count `maxlength`, in UTF-16 units: a character beyond U+FFFF counts as two. A
    line break counts as one, although a form sends it as two characters.
    """
    words = request.form.get(field, "").replace("\r\n", "\n").replace("\r", "\n")
    if len(words.encode("utf-16-le", "surrogatepass")) // 2 > most:
        raise TooLong
    return spelled(words.strip())


def unsaved() -> str:
    """The text of a form that could not be saved, to be shown, so that nobody has to write it again."""
    try:
        form = request.form
    except RequestEntityTooLarge:
        return ""
    if "seen" in form:  # one that changes the draft
        own = ("csrf_token", "seen", "window", "continues", "do")
        return "\n".join(f"{name.strip(':')}: {value}" for name, value in form.items() if value and name not in own)
    return ". ".join(filter(None, (form.get("outcome", ""), form.get("note", "").strip(), form.get("why", "").strip())))


def go(
    endpoint: str, request_id: str | None = None, anchor: str | None = None, person_id: str | None = None
) -> Response:
    """Redirect to another page after an action; `anchor` is a part of it."""
    where = url_for(endpoint, request_id=request_id, person_id=person_id, _anchor=anchor)
    return redirect(where, code=303)


def query_args(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """Fields of a form as the arguments of `url_for`."""
    return {name: [value for each, value in fields if each == name] for name, _ in fields}


def go_home(person: Adviser) -> Response:
    """Redirect somebody to their first page: the list of callers or, if their role sees none, the studio."""
    return go("requests_page" if roles.may(person.role, "callers") else "ring_line")


class Pages:
    """The base class of the console's pages."""

    def __init__(self, console: Console):
        self._console = console

    @property
    def _now(self) -> float:
        return self._console.now

    def _kept(self, message: SpokenMessage) -> Path:
        """The file with the sound of a message, which may not exist."""
        return recording_path(self._console.settings, message.name)

    @property
    def _me(self) -> str:
        return str(g.adviser.name)

    def _found(self, request_id: str) -> CallbackRequest:
        """The request with this id. If there is none, the answer is a page that says so."""
        found = self._console.store.requests.get(request_id)
        if found is None:
            abort(404)
        return found

    def _is_here(self, name: str) -> bool:
        return any(self._now - kept.seen <= HERE_SECONDS for kept in self._console.store.sign_ins.all_of(name))

    def _looks_after_callers(self, person: Adviser) -> bool:
        """Whether somebody can sign in and has a role that may take requests."""
        return person.can_sign_in and roles.may(person.role, "callers")

    def _may(self, right: Right) -> bool:
        return roles.may(g.adviser.role, right)

    def _to_ring(self, typed: str) -> tuple[str, str]:
        """The number (E.164) that an adviser typed, and why it cannot be rung; empty if it can."""
        judged, never = dialling.judge(typed), self._console.live.now.script.never_rung
        is_ours = dialling.same(judged.e164, [*never, *self._console.settings.our_numbers])
        return judged.e164, briefing.why_not_rung(judged.verdict, is_ours=is_ours)

    def _capacity(self) -> Capacity:
        """The slots of each part of a day, as they are now."""
        return Capacity.of(self._console.live.now.script.line.ring_back, self._console.store.lowered.all())

    def _windows(self) -> dict[str, tuple[Window, str]]:
        """The parts of days for which a call can be agreed, by their names in the form, each with the places left."""
        script = self._console.live.now.script
        capacity, windows = self._capacity(), script.diary.windows(self._console.clock(), LEAST_LEFT_AGAIN)
        found = {}
        for window, taken in self._console.store.requests.promised(windows, self._now).items():
            left = capacity.slots(window) - taken
            words = f"{briefing.window_in_words(window)}: {f'{left} left' if left > 0 else 'full'}"
            found[named(window)] = (window, words)
        return found

    def _count_outcome(self, outcome: str, promises: Iterable[Promised], more: Iterable[str]) -> None:
        """Count the outcome of a try for the report; and each promise in the month in which its time ended."""
        counts = self._console.store.counts
        counts.add(self._now, [f"outcome:{outcome}", *more])
        for each in promises:
            counts.add(each.heard_by, [each.name])

    def _change(
        self,
        request_id: str,
        what: str,
        how: Callable[[CallbackRequest], CallbackRequest],
        then: str = "card",
        instead: Callable[[CallbackRequest], CallbackRequest] | None = None,
    ) -> Response:
        """Change a request, log it as `what`, and go to the page `then`. If it is refused, say why, and make the change
        `instead`, if there is one.
        """
        return self._done(request_id, what, lambda: self._console.store.requests.change(request_id, how), then, instead)

    def _noted(self, request_id: str, words: str) -> None:
        """Keep what somebody wrote who does not have the request any more."""
        noted = self._console.store.requests.change(request_id, lambda r: callback.note(r, self._me, words, self._now))
        self._console.note("noted", noted.id)

    def _done(
        self,
        request_id: str,
        what: str,
        do: Callable[[], CallbackRequest],
        then: str = "card",
        instead: Callable[[CallbackRequest], CallbackRequest] | None = None,
        anchor: str | None = None,
    ) -> Response:
        """The same for a change that `do` makes. `anchor`: the part of the card to go to."""
        try:
            changed = do()
        except KeyError:
            abort(404)
        except Refused as refusal:
            if instead is None:
                flash(str(refusal), "danger")
                return go("requests_page")
            noted = self._console.store.requests.change(request_id, instead)
            self._console.note("noted", noted.id)
            flash(f"{refusal} What you wrote is kept as a note.", "kept")
            return go("card", request_id=noted.id)
        self._console.note(what, changed.id)
        flash(_DONE.get(what) or f"{briefing.capital(what)}.", "success")
        return go(then, changed.id, anchor) if then == "card" else go(then)
