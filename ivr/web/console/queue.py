"""The list, the card, and everything that is done to a request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from flask import Flask, abort, flash, render_template, request, send_file
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from ivr import briefing, callback, dialling
from ivr.callback import CallbackRequest, Outcome, Refused, SpokenMessage
from ivr.jobs import recording_path
from ivr.web.console.common import Console, go

LONGEST_NOTE = 2000


def add_to(app: Flask, console: Console) -> None:
    """Every page here needs a sign-in; a page that does not say so is refused by a test."""
    pages = _Pages(console)
    for path, view, method in (
        ("/", pages.requests_page, "GET"),
        ("/waiting", pages.waiting, "GET"),
        ("/ended", pages.ended, "GET"),
        ("/texts", pages.texts, "GET"),
        ("/log", pages.log, "GET"),
        ("/request/<request_id>", pages.card, "GET"),
        ("/request/<request_id>/message/<int:nth>", pages.message, "GET"),
        ("/request/<request_id>/claim", pages.claim, "POST"),
        ("/request/<request_id>/keep", pages.keep, "POST"),
        ("/request/<request_id>/release", pages.release, "POST"),
        ("/request/<request_id>/ring", pages.ring, "POST"),
        ("/request/<request_id>/outcome", pages.outcome, "POST"),
        ("/request/<request_id>/note", pages.note, "POST"),
        ("/request/<request_id>/reopen", pages.reopen, "POST"),
        ("/request/<request_id>/delete", pages.delete, "POST"),
    ):
        app.add_url_rule(path, view.__name__, login_required(view), methods=[method])


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    # --- looking ----------------------------------------------------------------------------

    def requests_page(self) -> str:
        return render_template("requests.html", **self._list())

    def waiting(self) -> str:
        """The list by itself, for the page that renews it."""
        return render_template("_requests.html", **self._list())

    def _list(self) -> dict[str, object]:
        now = self._now
        rows = briefing.rows(self._console.store.requests.waiting(), now, self._console.live.now.script)
        return {"rows": rows, "now": now, "late": sum(row.lateness == "late" for row in rows)}

    def card(self, request_id: str) -> str:
        found = self._found(request_id)
        self._console.note("looked at", request_id)
        script = self._console.live.now.script
        mine = callback.held_by(found, self._me, self._now)
        return render_template(
            "request.html",
            request_=found,
            row=briefing.row(found, self._now, script),
            mine=mine,
            unwanted=callback.ended_by_caller(found),
            claimable=callback.claimable(found, self._now),
            numbers=briefing.numbers_in_words(found),
            promises=briefing.promised_in_words(found, self._now, script),
            heard=briefing.heard_in_words(found, script),
            stuck=briefing.stuck_in_words(found, script),
            says=briefing.script_for_ringing(found, script.line.names["service_name"]),
            outcomes=get_args(Outcome),
            next_try=briefing.next_try(found),
            last_try=found.tries + 1 >= callback.MOST_TRIES,
            again_hours=callback.AGAIN_HOURS,
            too_soon=self._is_too_soon(found),
            missed=briefing.missed_in_words(found, self._now),
            messages=[(message.seconds, self._kept(message).is_file()) for message in found.messages],
            can_ring=self._can_ring,
            now=self._now,
        )

    def message(self, request_id: str, nth: int) -> Response:
        """The caller's nth spoken message. Never kept by a browser or a proxy."""
        messages = self._found(request_id).messages
        if not 0 <= nth < len(messages) or not self._kept(messages[nth]).is_file():
            abort(404)
        self._console.note("played the message", request_id)
        response = send_file(self._kept(messages[nth]), mimetype="audio/wav")
        response.headers["Cache-Control"] = "no-store"
        return response

    def ended(self) -> str:
        return render_template("ended.html", requests=self._console.store.requests.ended(), now=self._now)

    def texts(self) -> str:
        return render_template("texts.html", texts=self._console.store.texts.failed(), now=self._now)

    def log(self) -> str:
        self._admin_only()
        return render_template("log.html", entries=self._console.store.people.log(), now=self._now)

    @property
    def _now(self) -> float:
        return self._console.now

    @property
    def _can_ring(self) -> bool:
        settings, phone = self._console.settings, current_user.adviser.phone
        return settings.can_reach_twilio and bool(phone) and not dialling.same(phone, settings.our_numbers)

    # --- doing ------------------------------------------------------------------------------

    def claim(self, request_id: str) -> Response:
        return self._change(request_id, "claimed", lambda r: callback.claim(r, self._me, self._now))

    def keep(self, request_id: str) -> Response:
        """The adviser is still at work on it: it stays theirs, and so does their sign-in."""
        try:
            kept = self._console.store.requests.change(request_id, lambda r: callback.keep(r, self._me, self._now))
        except (KeyError, Refused):
            return Response(status=409)
        return Response(f"{kept.claim_ends:.0f}", mimetype="text/plain")

    def release(self, request_id: str) -> Response:
        return self._change(request_id, "released", lambda r: callback.release(r, self._me, self._now), "requests_page")

    def ring(self, request_id: str) -> Response:
        """Twilio rings the adviser, and then the caller."""
        found = self._found(request_id)
        if not callback.held_by(found, self._me, self._now):
            flash("Take the request first.", "danger")
        elif not self._can_ring:
            flash("To ring by one click, an administrator adds your phone.", "danger")
        elif self._is_too_soon(found):
            flash(f"Not before {briefing.moment(found.opens, self._now)}: the caller chose that time.", "danger")
        else:
            self._console.jobs.ring(request_id, self._me, self._now)
            self._console.note("rang", request_id)
            flash("Your phone rings in a moment. Press 1, and the caller is rung.", "success")
        return go("card", request_id=request_id)

    def outcome(self, request_id: str) -> Response:
        chosen, note = request.form.get("outcome", ""), request.form.get("note", "").strip()[:LONGEST_NOTE]
        if chosen not in get_args(Outcome):
            flash("Choose what came of it.", "danger")
            return go("card", request_id=request_id)
        diary = self._console.live.now.script.diary

        def recorded(found: CallbackRequest) -> CallbackRequest:
            return callback.record(found, self._me, chosen, note, self._now, diary)  # type: ignore[arg-type]

        def noted(found: CallbackRequest) -> CallbackRequest:
            return callback.note(found, self._me, f"{chosen}. {note}".strip(), self._now)

        return self._change(request_id, f"recorded: {chosen}", recorded, "requests_page", instead=noted)

    def note(self, request_id: str) -> Response:
        note = request.form.get("note", "").strip()[:LONGEST_NOTE]
        if not note:
            flash("Write the note first.", "danger")
            return go("card", request_id=request_id)
        return self._change(request_id, "noted", lambda r: callback.note(r, self._me, note, self._now))

    def reopen(self, request_id: str) -> Response:
        """Ended by mistake: back into the list."""
        requests, diary = self._console.store.requests, self._console.live.now.script.diary
        return self._done(request_id, "put back", lambda: requests.reopen(request_id, self._me, self._now, diary))

    def delete(self, request_id: str) -> Response:
        """Gone for good, with its message: what a caller may ask for."""
        self._admin_only()
        self._found(request_id)
        if not request.form.get("sure"):
            flash("Nothing was deleted. Tick the box first, to say that you are sure.", "danger")
            return go("card", request_id=request_id)
        deleted = self._console.store.requests.delete(request_id)
        for message in deleted.messages if deleted else ():
            self._kept(message).unlink(missing_ok=True)
        self._console.note("deleted", request_id)
        flash("The request is deleted.", "success")
        return go("requests_page")

    # --- inside -----------------------------------------------------------------------------

    def _kept(self, message: SpokenMessage) -> Path:
        return recording_path(self._console.settings, message.name)

    @property
    def _me(self) -> str:
        return str(current_user.get_id())

    def _found(self, request_id: str) -> CallbackRequest:
        found = self._console.store.requests.get(request_id)
        if found is None:
            abort(404)
        return found

    def _admin_only(self) -> None:
        if not current_user.adviser.admin:
            abort(403)

    def _is_too_soon(self, found: CallbackRequest) -> bool:
        """Whether the caller chose a later time. It may be the only one that is safe for them."""
        return found.opens > self._now

    def _change(
        self,
        request_id: str,
        what: str,
        how: Callable[[CallbackRequest], CallbackRequest],
        then: str = "card",
        instead: Callable[[CallbackRequest], CallbackRequest] | None = None,
    ) -> Response:
        """Change a request, and say so; or say why it could not be, and do what is done `instead`."""
        return self._done(request_id, what, lambda: self._console.store.requests.change(request_id, how), then, instead)

    def _done(
        self,
        request_id: str,
        what: str,
        do: Callable[[], CallbackRequest],
        then: str = "card",
        instead: Callable[[CallbackRequest], CallbackRequest] | None = None,
    ) -> Response:
        try:
            changed = do()
        except KeyError:
            abort(404)
        except Refused as refusal:
            if instead is None:
                flash(str(refusal), "danger")
                return go("requests_page")
            self._console.store.requests.change(request_id, instead)
            self._console.note("noted", request_id)
            flash(f"{refusal} What you wrote is kept as a note.", "danger")
            return go("card", request_id=request_id)
        self._console.note(what, request_id)
        flash({"claimed": "This request is yours."}.get(what, "Done: " + what + "."), "success")
        if changed.open and what.startswith("recorded") and changed.tries == 0:
            flash("Somebody else asked from the same phone, so it is in the list again, for them.", "warning")
        return go(then, request_id=request_id) if then == "card" else go(then)
