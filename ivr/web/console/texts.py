"""Texts that advisers send from a card, and those that could not be sent."""

from __future__ import annotations

from zlib import crc32

from flask import Flask, abort, flash, render_template, request
from werkzeug.wrappers import Response

from ivr.advising import card_texts
from ivr.callbacks import callback, spending
from ivr.callbacks.request import CallbackRequest
from ivr.script.counting import Asked
from ivr.script.session import Done, Failed, SendText
from ivr.twilio import codes
from ivr.web.console.common import Console, Pages, add_pages, go, written

#: The most characters of an answer by text: what fits into two parts that are sent as one text.
LONGEST_ANSWER = 306


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/texts", pages.texts, "GET"),
        ("/texts/<text_id>/number", pages.text_number, "POST"),
        ("/request/<request_id>/answer", pages.answer, "POST"),
        ("/request/<request_id>/text", pages.text, "POST"),
        needs="callers",
    )


class _Pages(Pages):
    def texts(self, shown: str = "") -> str:
        """The failed texts, each with the card of its phone. Only of the text `shown` the number is shown."""
        failed, waiting = self._console.store.texts.failed(), self._console.store.requests.waiting()
        cards = {request.number: request.id for request in waiting if request.number}
        rows = [(text, codes.in_words(text.code, text.why), cards.get(text.to, "")) for text in failed]
        why_none = self._console.store.texts.why_no_sender()
        return render_template("texts.html", rows=rows, shown=shown, why_none=why_none, now=self._now)

    def text_number(self, text_id: str) -> str:
        """Show the number of a failed text, for an adviser who rings instead. The log records who looked."""
        text = self._console.store.texts.get(text_id)
        if text is None or text.fate != "failed":
            abort(404)
        self._console.note("saw the number of a text that failed", text_id)
        return self.texts(shown=text_id)

    def answer(self, request_id: str) -> Response:
        """Send an adviser's words to a caller who asked for an answer by text. The outcome is saved as for a call."""
        found, words = self._found(request_id), written("words", LONGEST_ANSWER)
        if not callback.held_by(found, self._me, self._now) or not (found.by_text and found.number):
            flash("Take the request first.", "danger")
        elif not words:
            flash("Write the answer first.", "danger")
        else:
            # The same answer sent twice by a second click is one text.
            text_id = f"{request_id}-answer-{crc32(words.encode())}"
            done = self._console.jobs.send_text(SendText(text_id, found.number, "answer", words), self._now)
            if isinstance(done, Done):
                note = f"Answered by text: {words}"
                return self._change(
                    request_id, "answered by text", lambda r: callback.note(r, self._me, note, self._now, text_id)
                )
            flash("The text could not be sent. Ring instead, if they can hear.", "danger")
        return go("card", request_id=request_id)

    def text(self, request_id: str) -> Response:
        """Send one of the texts that this caller agreed to."""
        found, script = self._found(request_id), self._console.live.now.script
        offered = {each.name: each for each in card_texts.offered(found, script)}
        chosen = offered.get(request.form.get("text", ""))
        if not callback.held_by(found, self._me, self._now):
            flash("Take the request first.", "danger")
        elif chosen is None:
            flash(card_texts.why_none(found, script) or "Choose a text.", "danger")
        elif self._sent(found, chosen):
            note = f"Texted: {chosen.words}"
            text_id = card_texts.id_of(found, chosen, self._now)
            return self._change(
                request_id, "sent a text", lambda r: callback.note(r, self._me, note, self._now, text_id)
            )
        return go("card", request_id=request_id)

    def _sent(self, found: CallbackRequest, text: card_texts.CardText) -> bool:
        """Send a text, if the day's limits allow it. Returns whether it will be sent. The same text twice is one."""
        store, line = self._console.store, self._console.live.now.script.line
        text_id = card_texts.id_of(found, text, self._now)
        if spending.stage(store.spendings.of_day(self._now), line.spending) in ("no texts", "no clicks"):
            flash("The line has spent what it may spend in a day, so it sends no texts.", "danger")
            return False
        if store.limits.take(Asked(text_id, "texts_to", found.number, keyed=False), line.limits.texts, self._now):
            flash("This phone, or the line, has had as many texts as it may get in a day.", "danger")
            return False
        if isinstance(
            self._console.jobs.send_text(SendText(text_id, found.number, text.name, text.words), self._now), Failed
        ):
            flash("The text could not be sent. Ring instead.", "danger")
            return False
        return True
