"""Spoken messages: the list of unheard ones, the player, and the number that is heard in one.

Whoever can listen to a message can keep a copy. So only the adviser who has the request can hear it, or, after it
ended, those who had it. The list shows all advisers which messages nobody has listened to, with a button that takes the
request. The log and the card record who played a message. The caller's number, too, is shown only to the adviser who
has the request, even if somebody typed it.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import structlog
from flask import Flask, abort, flash, render_template, request, send_file
from werkzeug.wrappers import Response

from ivr.advising import messages
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.machine.keys import Locked
from ivr.usecases.jobs import read_recording
from ivr.web.console.common import Console, Pages, add_pages

log = structlog.get_logger()


def add_to(app: Flask, console: Console, card: Callable[..., str]) -> None:
    """The pages of this part.

    `card` shows the card of a request again, with the number that was typed on it and cannot be used.
    """
    pages = _Pages(console)
    pages.card = card
    add_pages(
        app,
        ("/messages", pages.messages, "GET"),
        ("/request/<request_id>/message/<int:nth>", pages.message, "GET"),
        ("/request/<request_id>/message/<int:nth>/listened", pages.listened, "POST"),
        ("/request/<request_id>/number", pages.number, "POST"),
        ("/request/<request_id>/number/confirm", pages.confirm_number, "POST"),
        needs="callers",
    )


class _Pages(Pages):
    card: Callable[..., str]

    def messages(self) -> str:
        """Messages that nobody has listened to, and those put aside because they contain no sound like speech."""
        script = self._console.live.now.script
        requests = self._console.store.requests
        put_aside = messages.to_listen_to(requests.put_aside(), script.hours, with_speech=False)
        return render_template(
            "messages.html",
            unheard=messages.to_listen_to(requests.listed()[0], script.hours),
            put_aside=[each for each in put_aside if self._is_kept(each.message)],
            me=self._me,
            now=self._now,
        )

    def message(self, request_id: str, nth: int) -> Response:
        """The nth spoken message of a request. Browsers and proxies must not cache it."""
        found, message = self._nth(request_id, nth)
        if not messages.may_play(found, self._me, self._now):
            abort(403, "Take the request first: its message is for whoever has it.")
        if (sound := self._sound(message)) is None:
            abort(404)
        if request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):  # browsers fetch sounds in pieces
            self._console.store.requests.change(
                request_id, lambda found: messages.played(found, message.name, self._me, self._now)
            )
            self._console.note("played the message", request_id)
        response = send_file(BytesIO(sound), mimetype="audio/wav", conditional=True)
        response.headers["Cache-Control"] = "no-store"
        return response

    def listened(self, request_id: str, nth: int) -> Response:
        """Mark a message as listened to, and return to the same page."""
        found, message = self._nth(request_id, nth)
        if not messages.may_play(found, self._me, self._now):
            abort(403, "Take the request first: its message is for whoever has it.")
        return self._change(
            request_id,
            "listened to the message",
            lambda found: messages.listened(found, message.name, self._me, self._now),
        )

    def number(self, request_id: str) -> Response | tuple[str, int]:
        """Save the number that an adviser heard. They must confirm it before it can be rung."""
        typed = request.form.get("number", "").strip()
        number, why_not = self._to_ring(typed)
        if why_not:
            flash(f"{why_not} Listen again.", "danger")
            return self.card(request_id, typed=typed), 422
        return self._change(
            request_id,
            "typed the number as heard",
            lambda found: messages.typed_number(found, self._me, number, self._now),
        )

    def confirm_number(self, request_id: str) -> Response:
        """Confirm the typed number."""
        read = request.form.get("number", "")
        return self._change(
            request_id,
            "confirmed the number as heard",
            lambda found: messages.confirmed_number(found, self._me, read, self._now),
        )

    def _sound(self, message: SpokenMessage) -> bytes | None:
        """The sound of a message; None if it is not kept, or cannot be decrypted."""
        try:
            return read_recording(self._console.settings, message.name)
        except Locked as error:
            log.error("unreadable", file=self._kept(message).name, why=str(error))
            return None

    def _is_kept(self, message: SpokenMessage) -> bool:
        return self._kept(message).is_file()

    def _nth(self, request_id: str, nth: int) -> tuple[CallbackRequest, SpokenMessage]:
        found = self._found(request_id)
        if found.id != request_id or not 0 <= nth < len(found.messages):  # another card counts its own messages
            abort(404)
        return found, found.messages[nth]
