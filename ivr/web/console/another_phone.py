"""Another number for a caller who waits, or the earlier one put back. Only the adviser who has the request can do it.

These fields are part of the form of the outcome, since a caller gives the number while the next call is agreed. So what
is typed and chosen in that form stays. The new number then stands in the ring bar, to be read back.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, abort, flash, request

from ivr.callbacks import another_phone, callback
from ivr.callbacks.another_phone import Parted, Phone
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import CallbackRequest
from ivr.web.console.common import LONGEST_NOTE, Console, Pages, add_pages, written

#: What the caller said about the phone, by the value of the field. What was not asked counts as no.
_SAID = {"yes": True, "no": False}


def add_to(app: Flask, console: Console, card: Callable[..., str]) -> None:
    """The pages of this part. `card` shows the card again, with what is typed on it."""
    pages = _Pages(console)
    pages.card = card
    add_pages(
        app,
        ("/request/<request_id>/another-number", pages.another_number, "POST"),
        ("/request/<request_id>/earlier-number", pages.earlier_number, "POST"),
        needs="callers",
    )


class _Pages(Pages):
    card: Callable[..., str]

    def another_number(self, request_id: str) -> tuple[str, int]:
        """Ring a caller on another phone from now on."""
        typed, wish = request.form.get("other", "").strip()[:40], request.form.get("whose", "")
        number, why_not = self._to_ring(typed)
        if why_not:
            flash(f"{why_not} Ask them again.", "danger")
            return self.card(request_id, other=typed, keep=True), 422
        message_ok, say_who = (_SAID.get(request.form.get(name, "")) for name in ("other_message", "other_name"))
        told = "The number is changed: it stands above. Read it back to the caller. If it is wrong, type it again."
        return self._part(
            request_id, "changed the number", told, typed,
            lambda found: another_phone.changed(
                found, self._me, wish or _only(found), Phone(number, message_ok, say_who), self._now
            ),
        )  # fmt: skip

    def earlier_number(self, request_id: str) -> tuple[str, int]:
        """Ring the caller on the earlier phone again, as if they had not given another number."""
        told = "The earlier number is back, with what the caller allowed there."
        return self._part(
            request_id, "put the earlier number back", told, "",
            lambda found: another_phone.put_back(found, self._me, self._now),
        )  # fmt: skip

    def _part(
        self, request_id: str, what: str, told: str, typed: str, how: Callable[[CallbackRequest], Parted]
    ) -> tuple[str, int]:
        """Change the phone, and show the caller's card with everything that was typed; or say why that was refused."""
        requests = self._console.store.requests
        try:
            theirs, others, is_one_again = requests.change_phone(request_id, how)
        except KeyError:
            abort(404)
        except Refused as refusal:
            self._refused(request_id, str(refusal), typed)
            return self.card(request_id, other=typed, keep=True), 409
        self._console.note(what, theirs.id)
        flash(told, "warning")
        if others:
            flash("Others who asked from the earlier phone are still rung there: their request is in the list.")
        if is_one_again:
            flash("Those who asked from the same phone are on this card again.")
        elif any(each.id != theirs.id for each in requests.open_of(theirs.number)):
            flash("There is another card of this phone, which stays apart: read it before you ring. It is linked here.")
        return self.card(theirs.id, keep=True), 200

    def _refused(self, request_id: str, why: str, typed: str) -> None:
        """Say why nothing was changed. If the request is no longer the adviser's, their card has no form in which the
        note could stay, so the note is saved.
        """
        words = f"{why} The number {typed} was not saved." if typed else why
        note = written("note", LONGEST_NOTE)
        found = self._found(request_id)
        if not note or callback.held_by(found, self._me, self._now):
            flash(words, "danger")
            return
        self._noted(request_id, note)
        flash(f"{words} What you wrote is kept as a note.", "kept")


def _only(found: CallbackRequest) -> str:
    """The wish of the only caller who waits; empty if there are several, of whom one must be chosen."""
    return found.askers[0].id if len(found.askers) == 1 else ""
