"""The form for the outcome of a try and the next call: saved once, or shown again with the reason and every field."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast, get_args

from flask import Flask, flash, redirect, request, url_for
from msgspec.structs import replace
from werkzeug.wrappers import Response

from ivr import dialling
from ivr.advising import briefing
from ivr.callbacks import callback, came, kept
from ivr.callbacks.callback import Outcome, Refused
from ivr.callbacks.diary import Diary, Promise, Window
from ivr.callbacks.request import CallbackRequest
from ivr.web.console.common import LONGEST_NOTE, Console, Pages, add_pages, go, written

#: Within this many seconds, the same outcome with the same note counts as sent twice.
TWICE_SECONDS = 30


class _Typed(NamedTuple):
    """The form that an adviser sent: the outcome, a note, and the answers about the talk.

    If they agreed the next call, `again` is the name of its part of a day, `window` that part if it is still offered,
    `by_me` whether this adviser rings then, and `is_safe` whether the caller said that the time is safe. `other`:
    another number that was typed and not saved.
    """

    outcome: str
    note: str
    again: str
    window: Window | None
    by_me: bool
    is_safe: bool
    said: came.Came
    other: str

    def problem(self, found: CallbackRequest) -> str:
        """Why the form cannot be saved as it is; empty if it can."""
        if self.other and dialling.judge(self.other).e164 != found.number:
            return "You typed another number. Press Change the number first, or empty the field. Nothing was saved."
        if self.outcome not in get_args(Outcome):
            return "Choose what came of it. Nothing was saved."
        if self.again and self.window is None:  # an old page: else the request would end although a call was agreed
            return "That time for the next call is over. Choose another. Nothing was saved."
        parts = callback.chosen_parts(found)
        if self.window and not self.is_safe and parts - {self.window.part}:
            chosen = " and the ".join(sorted(parts))
            return f"They chose the {chosen}. Ask whether another part of the day is safe. Nothing was saved."
        return ""

    def in_words(self, questions: came.Questions) -> str:
        """The whole form as the words of a note."""
        again = f"agreed the next call: {self.again}" if self.again else ""
        if self.window:
            again = f"agreed the next call {briefing.window_in_words(self.window)}"
        said = came.in_words(self.said, questions).rstrip(".")
        return ". ".join(filter(None, (self.outcome, said, again, self.note)))


def add_to(app: Flask, console: Console, card: Callable[..., str]) -> None:
    """The page of this part. `card` shows the card again, with the reason why something was not saved."""
    pages = _Pages(console)
    pages.card = card
    add_pages(app, ("/request/<request_id>/outcome", pages.outcome, "POST"), needs="callers")


class _Pages(Pages):
    card: Callable[..., str]

    def outcome(self, request_id: str) -> Response | tuple[str, int]:
        """Save the outcome of a try. If the adviser no longer has the request, it is kept as a note."""
        typed, found = self._typed(), self._found(request_id)
        if problem := typed.problem(found):
            return self._again(request_id, typed, problem)
        if self._is_saved_already(found, typed):
            flash("It was saved already, once.", "success")
            return go("requests_page")
        questions, diary = self._questions, self._console.live.now.script.diary
        promises: list[kept.Promised] = []
        rung: list[str] = []
        for_others = False

        def saved(found: CallbackRequest) -> CallbackRequest:
            nonlocal for_others
            changed = self._saved(found, typed, diary)
            others = not typed.window or any(callback.asked_since(found, each) for each in found.askers)
            for_others = changed.open and changed.tries == 0 and others
            if typed.outcome in callback.TALKED:
                changed = replace(changed, came=typed.said, help=came.highest(questions, found.help, typed.said))
            promises[:] = kept.judged(found, self._now, diary)
            rung[:] = [*kept.of_those_rung(found, self._now, diary.hours), *kept.of_its_end(changed)]
            return changed

        def noted(found: CallbackRequest) -> CallbackRequest:
            if self._is_saved_already(found, typed):
                return found
            return callback.note(found, self._me, typed.in_words(questions), self._now)

        then = "requests_page"
        done = self._change(request_id, f"saved: {typed.outcome}", saved, then, instead=noted)
        if done.location != url_for(then):
            return done
        if for_others:
            flash("Somebody else asked from the same phone, so the request is back in the list for them.", "warning")
        self._count_outcome(typed.outcome, promises, (*rung, *came.counts(typed.said)))
        if typed.window:
            phone = " on the number that you gave me" if found.before else ""
            when = briefing.window_in_words(typed.window)
            flash(f"Say: we ring you{phone} {when}. The number of your call stays the same.")
        return redirect(url_for("take_next"), 307) if request.form.get("then") == "next" else done

    def _again(self, request_id: str, typed: _Typed, problem: str) -> Response | tuple[str, int]:
        """The card with the reason and all that was typed. If the adviser no longer has the request, a note instead."""
        requests = self._console.store.requests
        try:
            requests.change(request_id, lambda r: callback.keep(r, self._me, self._now))
        except Refused as refusal:
            words = typed.in_words(self._questions)
            if words:
                self._noted(request_id, words)
            flash(f"{refusal} What you wrote is kept as a note." if words else str(refusal), "kept")
            if not typed.other:
                return go("card", request_id=request_id)
            flash(f"The number {typed.other} was not saved.", "danger")
            return self.card(request_id), 409
        return self.card(request_id, problem=problem, other=typed.other), 422

    @property
    def _questions(self) -> came.Questions:
        return self._console.live.now.script.line.after_a_talk

    def _typed(self) -> _Typed:
        outcome, again = request.form.get("outcome", ""), request.form.get("again", "")
        again = again if outcome == "spoke" else ""
        return _Typed(
            outcome,
            written("note", LONGEST_NOTE),
            again,
            self._windows().get(again, (None, ""))[0],
            request.form.get("by") == "me",
            request.form.get("safe") == "yes",
            came.chosen(self._questions, request.form.get) if outcome in callback.TALKED else (),
            request.form.get("other", "").strip()[:40],
        )

    def _saved(self, found: CallbackRequest, typed: _Typed, diary: Diary) -> CallbackRequest:
        if typed.window is None:
            return callback.record(found, self._me, cast(Outcome, typed.outcome), typed.note, self._now, diary)
        opens, due = diary.times(typed.window)
        words = briefing.window_in_words(typed.window)
        to = Promise(typed.window.part, typed.window, opens, due, told=words, heard_by=due)
        return callback.agree(found, self._me, to, self._me if typed.by_me else "", typed.note, self._now)

    def _is_saved_already(self, found: CallbackRequest, typed: _Typed) -> bool:
        """Whether this adviser saved the same a moment ago, because the form was sent twice."""
        last = next(reversed(found.events), None)
        what = (typed.outcome, callback.AGREED) if typed.outcome == "spoke" else (typed.outcome,)
        return (
            last is not None
            and (last.who, last.what in what) == (self._me, True)
            and last.note.endswith(typed.note)
            and self._now - last.at <= TWICE_SECONDS
        )
