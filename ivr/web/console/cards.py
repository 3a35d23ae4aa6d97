"""The card of a request, the actions on it, and the list of requests that ended.

Other modules have some of the actions: `outcomes.py`, `another_phone.py`, `messages.py`, `texts.py` and `blocked.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from flask import Flask, flash, g, render_template, request
from werkzeug.wrappers import Response

from ivr import dialling
from ivr.advising import briefing, card_texts, messages, ranking, search
from ivr.advising.listing import PAGE_ROWS
from ivr.callbacks import callback, came, handing, kept, spending, talks
from ivr.callbacks.callback import Outcome, Refused
from ivr.callbacks.request import CallbackRequest
from ivr.twilio import codes
from ivr.web.console.common import LONGEST_NOTE, Console, Pages, add_pages, go, written
from ivr.web.console.listing import Pane
from ivr.web.console.texts import LONGEST_ANSWER


def add_to(app: Flask, console: Console, beside: Pane) -> Callable[..., str]:
    """The pages of this part. `beside` gives the list that is shown beside a card. Returns the card's page."""
    pages = _Pages(console)
    pages.beside = beside
    add_pages(
        app,
        ("/ended", pages.ended, "GET"),
        ("/request/<request_id>", pages.card, "GET"),
        ("/request/<request_id>/claim", pages.claim, "POST"),
        ("/request/<request_id>/keep", pages.keep, "POST"),
        ("/request/<request_id>/release", pages.release, "POST"),
        ("/request/<request_id>/ring", pages.ring, "POST"),
        ("/request/<request_id>/by-hand", pages.by_hand, "POST"),
        ("/request/<request_id>/note", pages.note, "POST"),
        ("/request/<request_id>/hand-over", pages.hand_over, "POST"),
        ("/request/<request_id>/reopen", pages.reopen, "POST"),
        needs="callers",
    )
    add_pages(app, ("/request/<request_id>/take-back", pages.take_back, "POST"), needs="desk")
    add_pages(app, ("/request/<request_id>/delete", pages.delete, "POST"), needs="erase")
    return pages.card


class _Pages(Pages):
    beside: Pane

    # --- looking ----------------------------------------------------------------------------

    def card(self, request_id: str, typed: str = "", problem: str = "", other: str = "", *, keep: bool = False) -> str:
        """The card. `typed`: a number as heard that was refused; `other`: another number that was not saved. `problem`:
        why the form of the outcome was not saved. With a problem, or with `keep`, that form shows what was sent.
        """
        found = self._found(request_id)
        self._console.note("looked at", found.id)
        script = self._console.live.now.script
        mine = callback.held_by(found, self._me, self._now)
        return render_template(
            "request.html",
            **self.beside(found.id),
            request_=found,
            ended=briefing.ended_in_words(found, self._now),
            short_says=briefing.short_rules(found),
            typed=typed,
            other=other,
            problem=problem,
            form=request.form if problem or keep else {},
            blocked=found.may_be_blocked and self._console.store.blocked.has(found.number, self._now),
            row=ranking.row(found, self._now, script),
            mine=mine,
            unwanted=callback.ended_by_caller(found),
            claimable=callback.claimable(found, self._now, self._me),
            numbers=briefing.numbers_in_words(found, self._now),
            promises=briefing.promised_in_words(found, self._now, script),
            heard=briefing.heard_in_words(found, script),
            stuck=briefing.stuck_in_words(found, script),
            entries=briefing.entries_in_words(found, script),
            about=briefing.about_in_words(found),
            speaks=briefing.languages_in_words(found, script),
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
            seen_by=self._console.store.audit.entries_of(found.ids) if self._may("log") else [],
            is_unheard=bool(messages.unheard(found)),
            may_type_number=messages.may_type_number(found),
            with_is_here=bool(found.with_whom) and self._is_here(found.with_whom),
            after_a_talk=script.line.after_a_talk,
            came_field=came.field,
            came_in_words=came.in_words(found.came, script.line.after_a_talk),
            windows=self._windows() if mine else {},
            colleagues=self._colleagues() if mine else [],
            **self._of_phone(found, mine=mine),
            callers=briefing.callers_in_words(found, self._now),
            can_ring=self._can_ring,
            card_texts=card_texts.offered(found, script) if mine else [],
            why_no_text=card_texts.why_none(found, script),
        )

    def ended(self) -> str:
        """A page of the requests that ended."""
        stored = self._console.store.requests
        pages = max(-(-stored.count_ended() // PAGE_ROWS), 1)
        page = min(max(request.args.get("page", 1, type=int), 1), pages)
        found = stored.ended(PAGE_ROWS, (page - 1) * PAGE_ROWS)
        return render_template("ended.html", requests=found, page=page, pages=pages, now=self._now)

    @property
    def _can_ring(self) -> bool:
        settings, phone = self._console.settings, g.adviser.phone
        return settings.can_reach_twilio and bool(phone) and not dialling.same(phone, settings.our_numbers)

    def _of_phone(self, found: CallbackRequest, *, mine: bool) -> dict[str, object]:
        """What is known of the phone. Earlier requests and texts: for the adviser who has the request, and with the
        right "desk". Other open requests, which may be another person's: only for the adviser who has it.
        """
        if not found.number or not (mine or self._may("desk")):
            return {"history": [], "texts_to": [], "others": []}
        script, beside = self._console.live.now.script, self._console.store.requests.beside(found)
        return {
            "history": search.in_words(beside, self._me, self._now, script),
            "texts_to": self._console.store.texts.to(found.number)[:10],
            "others": [ranking.row(each, self._now, script) for each in beside if mine and each.open],
        }

    def _colleagues(self) -> list[tuple[str, str]]:
        """The other advisers, each with their state and how many requests they have. Those who are here come first."""
        holds: dict[str, int] = {}
        talking: set[str] = set()
        for each in self._console.store.requests.listed()[0]:
            if holder := each.holder(self._now):
                holds[holder] = holds.get(holder, 0) + 1
            if talk := each.talking(self._now):
                talking.add(talk.who)
        people = self._console.store.accounts.all()
        names = [each.name for each in people if self._looks_after_callers(each) and each.name != self._me]
        here = {name for name in names if self._is_here(name)}
        return [
            (name, ("talking" if name in talking else "here" if name in here else "not signed in")
             + (f", has {holds[name]}" if name in holds else ""))
            for name in sorted(names, key=lambda name: (name not in here, name))
        ]  # fmt: skip

    # --- doing ------------------------------------------------------------------------------

    def claim(self, request_id: str) -> Response:
        """Take a request. If it was put aside, it is put back into the list first."""
        requests, diary = self._console.store.requests, self._console.live.now.script.diary

        def taken() -> CallbackRequest:
            if self._found(request_id).state == "put aside":
                try:
                    requests.reopen(request_id, self._me, self._now, diary)
                except Refused:
                    if not self._found(request_id).open:  # if it is open, somebody was quicker: `claim` says who
                        raise
            return requests.change(request_id, lambda r: callback.claim(r, self._me, self._now))

        return self._done(request_id, "took", taken, anchor="ring-h")

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
        return self._change(
            request_id, "gave back", lambda r: callback.release(r, self._me, self._now), "requests_page"
        )

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

    def hand_over(self, request_id: str) -> Response:
        """Give the request to a colleague. The number is theirs from now on."""
        to, note = request.form.get("to", ""), written("note", LONGEST_NOTE)
        colleague = self._console.store.accounts.get(to)
        if colleague is None or not self._looks_after_callers(colleague):
            flash("Choose a colleague.", "danger")
            return go("card", request_id=request_id)
        return self._change(
            request_id, f"handed over to {to}", lambda r: handing.hand_over(r, self._me, to, note, self._now),
            "requests_page", instead=(lambda r: callback.note(r, self._me, note, self._now)) if note else None,
        )  # fmt: skip

    def take_back(self, request_id: str) -> Response:
        """Put a request that an adviser has back into the list. Supervisors can do it."""
        whose = request.form.get("whose", "")
        return self._change(request_id, "took back", lambda r: handing.take_back(r, self._me, whose, self._now))

    def note(self, request_id: str) -> Response:
        note = written("note", LONGEST_NOTE)
        if not note:
            flash("Write the note first.", "danger")
            return go("card", request_id=request_id)
        return self._change(request_id, "noted", lambda r: callback.note(r, self._me, note, self._now))

    def reopen(self, request_id: str) -> Response:
        """Put a request that was ended by mistake back into the list."""
        store, diary = self._console.store, self._console.live.now.script.diary

        def reopened() -> CallbackRequest:
            before = self._found(request_id)
            changed = store.requests.reopen(request_id, self._me, self._now, diary)
            if before.end:  # it counts again when it ends again
                store.counts.add(before.end.at, kept.of_its_end(before), -1)
            return changed

        return self._done(request_id, "put back", reopened)

    def delete(self, request_id: str) -> Response:
        """Delete a request and its messages, as callers may ask."""
        request_id = self._found(request_id).id
        if not request.form.get("sure"):
            flash("Nothing was deleted. First tick the box to say that you are sure.", "danger")
            return go("card", request_id=request_id)
        deleted = self._console.store.requests.delete(request_id)
        for number in deleted.numbers if deleted else ():
            self._console.store.texts.forget_to(number)
        for message in deleted.messages if deleted else ():
            self._kept(message).unlink(missing_ok=True)
        self._console.note("deleted", request_id)
        flash("The request is deleted.", "success")
        return go("requests_page")
