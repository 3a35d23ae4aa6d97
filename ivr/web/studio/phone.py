"""A phone in the browser: ring the line, hear it and press keys, before it has a number; what is live, or the draft.

The browser plays the TwiML that a real call would get, with the same sounds. The same engine plays the call, but its
effects are only practised: nobody is rung, and nothing is sent or stored. The page remembers what the caller did and
sends all of it each time (`practice.py`). This process plays what is live, and the draft process (`drafting.py`) the
draft.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec
from flask import Flask, Response, render_template, request, url_for
from flask_wtf.csrf import CSRFProtect

from ivr.hours import LONDON
from ivr.problems import ConfigError
from ivr.store import SentCall, StoreDown
from ivr.web.console.common import Console, add_pages
from ivr.web.edition import Edition
from ivr.web.live import Live
from ivr.web.studio import practice
from ivr.web.studio.draft import DraftAway, NotDone
from ivr.web.studio.practice import PhoneReply, Setting, SoFar, Unplayable

#: What a practice call of a draft begins with, before its greeting.
ANNOUNCED = "This is a draft. Callers do not hear it yet."


def add_to(app: Flask, console: Console, csrf: CSRFProtect) -> None:
    """The page, and the replies that it fetches."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/studio/call", pages.ring_line, "GET"),
        ("/studio/call/reply", pages.ring_line_reply, "POST"),
        ("/studio/draft", pages.ring_draft, "GET"),
        ("/studio/draft/reply", pages.ring_draft_reply, "POST"),
        ("/studio/draft/announced.wav", pages.draft_announced, "GET"),
        needs="hear",
    )
    for view in (pages.ring_line_reply, pages.ring_draft_reply):
        csrf.exempt(view)  # it changes nothing, and no other site can read what it answers


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    # --- what is live -----------------------------------------------------------------------

    def ring_line(self) -> str:
        edition = self._console.edition
        to = request.args.get("to", "")
        return phone_page(
            "studio/phone.html", practice.setting(edition.script, dt.datetime.now(LONDON)), url_for("ring_line_reply"),
            has_sounds=edition.sounds is not None, to=to if to in edition.script.places else "",
        )  # fmt: skip

    def ring_line_reply(self) -> Response:
        def how(so_far: SoFar) -> PhoneReply:
            edition = _edition(self._console.live, so_far.revision) or self._console.edition
            return practice.reply(edition, so_far)

        return replied(how)

    # --- the draft --------------------------------------------------------------------------

    def ring_draft(self) -> str:
        away = ""
        try:
            compiled = self._console.draft.compiled()
        except (DraftAway, NotDone) as reason:
            compiled, away = None, str(reason)
        to = request.args.get("to", "")
        return phone_page(
            "studio/draft.html", compiled.setting if compiled else None, url_for("ring_draft_reply"),
            announced=url_for("draft_announced"), away=away, problems=compiled.problems if compiled else (),
            has_sounds=bool(compiled and compiled.by_sounds), to=to if compiled and to in compiled.places else "",
        )  # fmt: skip

    def ring_draft_reply(self) -> Response:
        return replied(lambda so_far: _unchanged(self._console.draft.reply(so_far), so_far))

    def draft_announced(self) -> Response:
        return wav(lambda: self._console.draft.sound(ANNOUNCED))


def phone_page(
    template: str,
    setting: Setting | None,
    reply: str,
    announced: str = "",
    sent: SentCall | None = None,
    **more: object,
) -> str:
    """A page with a phone.

    `reply`: the address of its replies. `announced`: the address of what is said first, where the call is not live.
    `sent`: the call that somebody sent as a link.
    """
    return render_template(
        template, typed={}, setting=setting, reply=reply, announced=announced, announcement=ANNOUNCED, sent=sent, **more
    )


def replied(how: Callable[[SoFar], PhoneReply]) -> Response:
    """The reply to what the page sent as JSON; or the reason why there is none, with which the page ends the call."""
    try:
        so_far = msgspec.json.decode(request.get_data(), type=SoFar)
        return json_answer(how(so_far), 200)
    except msgspec.MsgspecError as error:
        return json_answer({"problem": f"The page sent something that is not a call: {error}. Reload the page."}, 400)
    except (Unplayable, NotDone) as reason:
        return json_answer({"problem": str(reason)}, 400)
    except DraftAway as reason:
        return json_answer({"problem": str(reason)}, 503)


def wav(make: Callable[[], bytes]) -> Response:
    """A sound that `make` makes now; 404 with the reason if it cannot be made."""
    try:
        return Response(make(), content_type="audio/wav")
    except (DraftAway, NotDone) as reason:
        return Response(str(reason), 404, content_type="text/plain; charset=utf-8")


def _unchanged(heard: PhoneReply, so_far: SoFar) -> PhoneReply:
    """The reply, if the draft is the one with which the call began. Raises Unplayable."""
    if so_far.revision and heard.revision != so_far.revision:
        raise Unplayable("The draft was changed while you rang. Ring again to hear it as it is now.")
    return heard


def _edition(live: Live, revision: str) -> Edition | None:
    """The edition that a call began with, if it is still available."""
    try:
        return live.of(revision) if revision else None
    except (StoreDown, ConfigError):
        return None


def json_answer(value: object, status: int) -> Response:
    """The answer to a script of a page."""
    return Response(msgspec.json.encode(value), status, content_type="application/json")
