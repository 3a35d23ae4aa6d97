"""Finding a caller again, and writing down a request for somebody who rang the office.

What was searched for appears in no address and in no log: the log records that somebody searched, how, and how many
they found. Searches are limited, because a call number has only four digits.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import cast, get_args

from flask import Flask, flash, render_template, request
from werkzeug.wrappers import Response

from ivr import dialling
from ivr.advising import search
from ivr.callbacks import handing
from ivr.callbacks.callback import REFERENCE_DIGITS, Refused
from ivr.callbacks.diary import When
from ivr.callbacks.request import CallbackRequest, Need
from ivr.script.session import SaveRequest
from ivr.web.console.common import Console, Pages, add_pages, go, written

#: The most searches of one adviser in an hour: by phone number, and by call number.
MOST_SEARCHES = {"number": 30, "call number": 60}
LONGEST_NOTE = 500
#: The id of a wish that is written down here.
_WISH = re.compile(r"HAND[0-9a-f]{28}-1")


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/search", pages.search_form, "GET"),
        ("/search", pages.search, "POST"),
        ("/new", pages.new_form, "GET"),
        ("/new", pages.new, "POST"),
        needs="callers",
    )


class _Pages(Pages):
    def search_form(self) -> str:
        return self._page()

    def search(self) -> str | tuple[str, int]:
        typed = {name: request.form.get(name, "").strip()[:40] for name in ("number", "call")}
        how = "number" if typed["number"] else "call number"
        try:
            found = self._look_for(how, **typed)
        except ValueError as why:
            return self._page(problem=str(why), **typed), 422
        if self._console.store.audit.searches(self._me, how) > MOST_SEARCHES[how]:
            self._console.note(f"searched too often by {how}")
            return self._page(problem="Those were many searches in an hour. Wait a little, or ask a colleague."), 429
        self._console.note(f"searched by {how}, {len(found)} found")
        script = self._console.live.now.script
        words = search.in_words(found, self._me, self._now, script)
        return self._page(found=words, count=len(found), **typed)

    def _look_for(self, how: str, number: str, call: str) -> list[CallbackRequest]:
        """The requests that were searched for. Raises ValueError with what is wrong with what was typed."""
        requests = self._console.store.requests
        if how == "number":
            judged = dialling.judge(number)
            if not judged.e164:
                raise ValueError("That is not a complete UK phone number. Write it like 07700 900123.")
            return requests.known_of(judged.e164)
        digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", call))  # "Call 42 71" too
        if len(digits) != REFERENCE_DIGITS:
            raise ValueError("Type a phone number, or the four digits of a call.")
        return requests.of_reference(digits)

    def _page(self, **more: object) -> str:
        nothing = {"number": "", "call": "", "problem": "", "found": None, "count": 0}
        return render_template("search.html", **{**nothing, **more}, now=self._now)

    # --- writing down -----------------------------------------------------------------------

    def new_form(self) -> str:
        return self._new_page()

    def _new_page(self) -> str:
        """The form, with what was typed into it. Its id makes one request of it, however often it is sent."""
        wish = request.form.get("wish", "")
        return render_template("new.html", form=request.form, wish=wish if _WISH.fullmatch(wish) else _new_wish())

    def new(self) -> Response | tuple[str, int]:
        """Save a request for somebody who rang the office or came in. It joins an open one of the same phone."""
        form, script = request.form, self._console.live.now.script
        number, why_not = self._to_ring(form.get("number", ""))
        if why_not:
            flash(f"{why_not} Write a UK number like 07700 900123.", "danger")
            return self._new_page(), 422
        wish_id = form.get("wish", "")
        if known := self._written_down_already(wish_id, number):
            flash(f"It was written down already, once. {_call_of(known, wish_id)}", "success")
            return go("card", known.id)
        when = cast(When, form.get("when") if form.get("when") in get_args(When) else "any")
        needs = tuple(cast(Need, each) for each in form.getlist("needs") if each in get_args(Need))
        slots, promised = self._capacity().slots, self._console.store.requests.slots_taken
        try:
            wish = handing.written_down(
                self._free(wish_id), number, self._me, written("note", LONGEST_NOTE),
                when, needs, self._now, script.diary,
                has_slot=lambda window: promised(window, self._now) < slots(window),
                urgent=bool(form.get("urgent")), message_ok=form.get("message_ok") == "yes",
                say_who=form.get("say_who") == "yes",
            )  # fmt: skip
        except Refused as why:
            flash(str(why), "danger")
            return self._new_page(), 422
        done = self._console.store.requests.save(SaveRequest(wish))
        assert done.request
        self._console.jobs.alert_new(done, self._now)
        self._console.note("wrote a request down", done.request.id)
        flash(f"Written down. {_call_of(done.request, wish.id)}", "success")
        return go("card", done.request.id)

    def _written_down_already(self, wish: str, number: str) -> CallbackRequest | None:
        """The request that this form has made, if it was sent before; also if it joined an earlier one."""
        known = self._console.store.requests.known_of(number)
        return next((each for each in known if each.wished(wish)), None)

    def _free(self, wish: str) -> str:
        """The id of a form; another if the form made a request of another number, which stays as it is."""
        is_ours = _WISH.fullmatch(wish) and not self._console.store.requests.get(wish)
        return wish if is_ours else _new_wish()


def _new_wish() -> str:
    return f"HAND{secrets.token_hex(14)}-1"


def _call_of(found: CallbackRequest, wish: str) -> str:
    return f"The number of their call is {found.reference_of(wish)}."
