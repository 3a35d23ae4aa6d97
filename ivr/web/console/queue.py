"""The list, the card, and all actions on a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args
from zlib import crc32

from flask import Flask, abort, flash, g, render_template, request
from werkzeug.wrappers import Response

from ivr import briefing, callback, dialling, messages, spending, talks
from ivr.callback import Outcome, Refused
from ivr.request import CallbackRequest
from ivr.session import Done, SendText
from ivr.twilio import codes
from ivr.web.console.common import Console, Pages, go, written

LONGEST_NOTE = 2000
#: The most characters of an answer by text: two texts that are sent as one.
LONGEST_ANSWER = 306


def add_to(app: Flask, console: Console) -> Callable[..., str]:
    """The pages of this part. Returns the card's page."""
    pages = _Pages(console)
    for path, view, method in (
        ("/", pages.requests_page, "GET"),
        ("/waiting", pages.waiting, "GET"),
        ("/ended", pages.ended, "GET"),
        ("/texts", pages.texts, "GET"),
        ("/texts/<text_id>/number", pages.text_number, "POST"),
        ("/log", pages.log, "GET"),
        ("/request/<request_id>", pages.card, "GET"),
        ("/request/<request_id>/claim", pages.claim, "POST"),
        ("/request/<request_id>/keep", pages.keep, "POST"),
        ("/request/<request_id>/release", pages.release, "POST"),
        ("/request/<request_id>/ring", pages.ring, "POST"),
        ("/request/<request_id>/by-hand", pages.by_hand, "POST"),
        ("/request/<request_id>/outcome", pages.outcome, "POST"),
        ("/request/<request_id>/note", pages.note, "POST"),
        ("/request/<request_id>/answer", pages.answer, "POST"),
        ("/request/<request_id>/reopen", pages.reopen, "POST"),
        ("/request/<request_id>/delete", pages.delete, "POST"),
    ):
        app.add_url_rule(path, view.__name__, view, methods=[method])
    return pages.card


class _Pages(Pages):
    # --- looking ----------------------------------------------------------------------------

    def requests_page(self) -> str:
        return render_template("requests.html", **self._list())

    def waiting(self) -> str:
        """The list alone, for refreshing the page."""
        return render_template("_requests.html", **self._list())

    def _list(self) -> dict[str, object]:
        now = self._now
        script, waiting = self._console.live.now.script, self._console.store.requests.waiting()
        rows, unheard = briefing.rows(waiting, now, script), briefing.unheard_messages(waiting, script.hours)
        return {"rows": rows, "now": now, "late": sum(row.lateness == "late" for row in rows), "unheard": unheard}

    def card(self, request_id: str, typed: str = "") -> str:
        found = self._found(request_id)
        self._console.note("looked at", request_id)
        script = self._console.live.now.script
        mine = callback.held_by(found, self._me, self._now)
        return render_template(
            "request.html",
            request_=found,
            typed=typed,
            blocked=found.may_be_blocked and self._console.store.blocked.has(found.number, self._now),
            row=briefing.row(found, self._now, script),
            mine=mine,
            unwanted=callback.ended_by_caller(found),
            claimable=callback.claimable(found, self._now, self._me),
            numbers=briefing.numbers_in_words(found, self._now),
            promises=briefing.promised_in_words(found, self._now, script),
            heard=briefing.heard_in_words(found, script),
            stuck=briefing.stuck_in_words(found, script),
            entries=briefing.entries_in_words(found, script),
            about=briefing.about_in_words(found),
            longest_answer=LONGEST_ANSWER,
            says=briefing.script_for_ringing(found, script.line.service_name),
            outcomes=get_args(Outcome),
            next_try=briefing.next_try(found, self._now, script.diary),
            if_unanswered=briefing.unanswered_in_words(found, self._now, script.diary),
            not_yet=briefing.why_not_yet(found, self._now, script.diary),
            talk=found.talking(self._now),
            put_through=talks.put_through(found),
            missed=briefing.missed_in_words(found, self._now),
            failed_texts=[
                (text, codes.in_words(text.code, text.why))
                for text in self._console.store.texts.failed_to(found.number)
            ],
            messages=[(message, self._kept(message).is_file()) for message in found.messages],
            may_play=messages.may_play(found, self._me, self._now),
            unheard=bool(messages.unheard(found)),
            may_type_number=messages.may_type_number(found),
            others=[briefing.row(other, self._now, script) for other in self._others(found, mine=mine)],
            can_ring=self._can_ring,
            now=self._now,
        )

    def ended(self) -> str:
        return render_template("ended.html", requests=self._console.store.requests.ended(), now=self._now)

    def texts(self, shown: str = "") -> str:
        """Failed texts, each with the card of its phone; for the text `shown`, also the number."""
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

    def log(self) -> str:
        self._admin_only()
        return render_template("log.html", entries=self._console.store.people.log(), now=self._now)

    @property
    def _can_ring(self) -> bool:
        settings, phone = self._console.settings, g.adviser.phone
        return settings.can_reach_twilio and bool(phone) and not dialling.same(phone, settings.our_numbers)

    def _others(self, found: CallbackRequest, *, mine: bool) -> list[CallbackRequest]:
        """If an adviser typed the number: other requests from that phone, which may come from another person."""
        return self._console.store.requests.others_of(found) if mine and found.number_by else []

    # --- doing ------------------------------------------------------------------------------

    def claim(self, request_id: str) -> Response:
        """Take a request. One that was put aside goes back into the list for it."""
        requests, diary = self._console.store.requests, self._console.live.now.script.diary

        def taken() -> CallbackRequest:
            if self._found(request_id).state == "put aside":
                requests.reopen(request_id, self._me, self._now, diary)
            return requests.change(request_id, lambda r: callback.claim(r, self._me, self._now))

        return self._done(request_id, "claimed", taken)

    def keep(self, request_id: str) -> Response:
        """Extend the adviser's claim, and their sign-in."""
        try:
            kept = self._console.store.requests.change(request_id, lambda r: callback.keep(r, self._me, self._now))
        except (KeyError, Refused):
            return Response(status=409)
        return Response(f"{kept.claim_ends - self._now:.0f}", mimetype="text/plain")

    def by_hand(self, request_id: str) -> Response:
        """The adviser rings by hand, and keeps the request meanwhile."""
        return self._change(request_id, "rings by hand", lambda r: talks.by_hand(r, self._me, self._now))

    def release(self, request_id: str) -> Response:
        return self._change(request_id, "released", lambda r: callback.release(r, self._me, self._now), "requests_page")

    def ring(self, request_id: str) -> Response:
        """Let Twilio ring the adviser, and then the caller."""
        found = self._found(request_id)
        if not callback.held_by(found, self._me, self._now):
            flash("Take the request first.", "danger")
        elif not found.number:
            flash("The number is not known yet. Listen to the message, and type the number.", "danger")
        elif not self._can_ring:
            flash("To ring by one click, ask an administrator to add your phone.", "danger")
        elif why := briefing.why_not_yet(found, self._now, self._console.live.now.script.diary):
            flash(why, "danger")
        elif found.talking(self._now):
            flash("Somebody is talking to this caller already.", "danger")
        elif self._is_spent():
            flash(
                "The line has spent what it may spend in a day, so it rings nobody by one click. Ring by hand.",
                "danger",
            )
        else:
            self._console.store.requests.change(request_id, lambda r: callback.keep(r, self._me, self._now))
            self._console.jobs.ring(request_id, self._me, self._now)
            self._console.note("rang", request_id)
            flash("Your phone will ring in a moment. Press 1, and then the caller's phone rings.", "success")
        return go("card", request_id=request_id)

    def _is_spent(self) -> bool:
        spent, prices = self._console.store.spendings.of_day(self._now), self._console.live.now.script.line.spending
        return spending.stage(spent, prices) == "no clicks"

    def outcome(self, request_id: str) -> Response:
        chosen, note = request.form.get("outcome", ""), written("note", LONGEST_NOTE)
        if chosen not in get_args(Outcome):
            flash("Choose an outcome.", "danger")
            return go("card", request_id=request_id)
        diary = self._console.live.now.script.diary

        def recorded(found: CallbackRequest) -> CallbackRequest:
            return callback.record(found, self._me, chosen, note, self._now, diary)  # type: ignore[arg-type]

        def noted(found: CallbackRequest) -> CallbackRequest:
            return callback.note(found, self._me, f"{chosen}. {note}".strip(), self._now)

        return self._change(request_id, f"recorded: {chosen}", recorded, "requests_page", instead=noted)

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

    def note(self, request_id: str) -> Response:
        note = written("note", LONGEST_NOTE)
        if not note:
            flash("Write the note first.", "danger")
            return go("card", request_id=request_id)
        return self._change(request_id, "noted", lambda r: callback.note(r, self._me, note, self._now))

    def reopen(self, request_id: str) -> Response:
        """Put a request that was ended by mistake back into the list."""
        requests, diary = self._console.store.requests, self._console.live.now.script.diary
        return self._done(request_id, "put back", lambda: requests.reopen(request_id, self._me, self._now, diary))

    def delete(self, request_id: str) -> Response:
        """Delete a request and its messages, as callers may ask."""
        self._admin_only()
        self._found(request_id)
        if not request.form.get("sure"):
            flash("Nothing was deleted. First tick the box to say that you are sure.", "danger")
            return go("card", request_id=request_id)
        deleted = self._console.store.requests.delete(request_id)
        if deleted and deleted.number:
            self._console.store.texts.forget_to(deleted.number)
        for message in deleted.messages if deleted else ():
            self._kept(message).unlink(missing_ok=True)
        self._console.note("deleted", request_id)
        flash("The request is deleted.", "success")
        return go("requests_page")
