"""A practice call of the draft, kept: as a story in config/, or behind a link for somebody who has no sign-in.

A link holds the draft as it was when it was made. Whoever has its address can ring that draft and hear the call that
was sent, until the link ends, and nothing else. The address is shown once, and kept as a hash.
"""

from __future__ import annotations

import re

import msgspec
from flask import Flask, abort, flash, g, render_template, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from ivr import roles
from ivr.callbacks.callback import Refused
from ivr.machine import configfiles, disk
from ivr.problems import ConfigError
from ivr.store import SENT_SECONDS, SentCall, packed
from ivr.web.console.common import Console, add_pages, go, written
from ivr.web.studio.draft import DraftAway, NotDone
from ivr.web.studio.phone import ANNOUNCED, phone_page, replied, wav
from ivr.web.studio.practice import SoFar

#: The most characters of a story's name, and of what a call is for.
LONGEST_NAME, LONGEST_ABOUT = 60, 200
_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")
_ENDED = (
    "This link has ended, or it is not complete. Copy all of it, or ask whoever sent it for a new one. Links end after "
    f"{SENT_SECONDS // 86400} days."
)


def add_to(app: Flask, console: Console, csrf: CSRFProtect) -> None:
    """The forms below the phone, and the pages behind a link."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/studio/draft/keep", pages.keep_story, "POST"),
        ("/studio/sent", pages.sent_calls, "GET"),
        ("/studio/sent", pages.send_call, "POST"),
        ("/studio/sent/<link_id>/end", pages.end_sent_call, "POST"),
        needs="words",
    )
    add_pages(
        app,
        ("/studio/link/<secret>", pages.sent_call, "GET"),
        ("/studio/link/<secret>/reply", pages.sent_call_reply, "POST"),
        ("/studio/link/<secret>/announced.wav", pages.sent_call_announced, "GET"),
        needs=None,
    )
    csrf.exempt(pages.sent_call_reply)  # it changes nothing
    app.jinja_env.globals.update(longest_name=LONGEST_NAME, longest_about=LONGEST_ABOUT)


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    # --- as a story -------------------------------------------------------------------------

    def keep_story(self) -> Response | tuple[str, int]:
        typed = {name: request.form.get(name, "").strip() for name in ("name", "about", "call")}
        try:
            name, about = typed["name"], _about()
            if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
                raise Refused("A name has small letters, digits and _, like a_letter_in_the_holidays.")
            story = self._console.draft.story(_call(typed["call"]), [about])
            self._write(name, story)
        except (Refused, NotDone, DraftAway) as why:
            return self._refused(str(why), typed)
        self._console.note(f"kept the story {name}")
        flash(
            f"The call is kept in config/stories/{name}.call. Read it, and take out what need not stay as it is.",
            "success",
        )
        return go("ring_draft")

    def _write(self, name: str, story: str) -> None:
        """Write a new story. Raises Refused if there is one of this name, or if it cannot be written."""
        folder = self._console.settings.config_dir
        if f"stories/{name}.call" in configfiles.story_files(folder):
            raise Refused(f"There is a story {name} already. Choose another name.")
        try:
            (folder / "stories").mkdir(exist_ok=True)
            disk.write_whole(folder / "stories" / f"{name}.call", story)
        except OSError as error:
            raise Refused(f"It cannot be written into {folder}/stories: {error.strerror or error}.") from error

    def _refused(self, why: str, typed: dict[str, str]) -> tuple[str, int]:
        return render_template("studio/refused.html", why=why, typed=typed), 422

    # --- as a link --------------------------------------------------------------------------

    def sent_calls(self, address: str = "") -> str:
        """The links that can be used: one's own; for administrators, everybody's. `address`: that of a new link."""
        everybody = roles.may(g.adviser.role, "people")
        found = self._console.store.sent.all(self._console.now)
        mine = [(link_id, call) for link_id, call in found if everybody or self._is_mine(call)]
        return render_template(
            "studio/sent.html", links=mine, address=address, everybody=everybody, now=self._console.now
        )

    def _is_mine(self, call: SentCall) -> bool:
        return call.by in (g.adviser.name, *g.adviser.former)

    def send_call(self) -> str | tuple[str, int]:
        typed = {name: request.form.get(name, "").strip() for name in ("about", "call")}
        try:
            call = msgspec.json.encode(_call(typed["call"])) if typed["call"] else b""
            files = configfiles.script_files(self._console.settings.config_dir)
            if not self._console.draft.compiled(files).is_usable:
                raise Refused("The draft has errors, so nobody could ring it. Correct them first.")
            sent = SentCall(g.adviser.name, self._console.now, _about(), packed(files), call)
            secret = self._console.store.sent.add(sent)
        except (Refused, NotDone, DraftAway, ConfigError) as why:
            return self._refused(str(why), typed)
        self._console.note("sent a call of the draft as a link")
        return self.sent_calls(f"{self._console.settings.public_url}{url_for('sent_call', secret=secret)}")

    def end_sent_call(self, link_id: str) -> Response:
        call = dict(self._console.store.sent.all(self._console.now)).get(link_id)
        if call is None or not (self._is_mine(call) or roles.may(g.adviser.role, "people")):
            abort(404, "There is no such link. It may have ended.")
        self._console.store.sent.end(link_id)
        self._console.note("ended a link to a call of the draft")
        flash("The link is ended: whoever opens it sees nothing any more.", "success")
        return go("sent_calls")

    # --- behind the link --------------------------------------------------------------------

    def sent_call(self, secret: str) -> str:
        call = self._of(secret)
        try:
            compiled, away = self._console.draft.compiled(call.files), ""
        except (DraftAway, NotDone) as reason:
            compiled, away = None, str(reason)
        made = msgspec.json.decode(call.call, type=SoFar) if call.call else None
        return phone_page(
            "studio/link.html", compiled.setting if compiled else None, url_for("sent_call_reply", secret=secret),
            announced=url_for("sent_call_announced", secret=secret), away=away, sent=call, made=made,
            name=compiled.service_name if compiled else "", now=self._console.now, to="",
            has_sounds=bool(compiled and compiled.by_sounds),
        )  # fmt: skip

    def sent_call_reply(self, secret: str) -> Response:
        files = self._of(secret).files
        return replied(lambda so_far: self._console.draft.reply(so_far, files))

    def sent_call_announced(self, secret: str) -> Response:
        files = self._of(secret).files
        return wav(lambda: self._console.draft.sound(ANNOUNCED, files=files))

    def _of(self, secret: str) -> SentCall:
        call = self._console.store.sent.of(secret, self._console.now)
        if call is None:
            abort(404, _ENDED)
        return call


def _about() -> str:
    """What a call is for, from the form. Raises Refused without it, and TooLong."""
    about = " ".join(written("about", LONGEST_ABOUT).split())
    if not about:
        raise Refused("Write what the call is for: whoever hears it next was not there.")
    return about


def _call(typed: str) -> SoFar:
    """The call that the page sent. Raises Refused."""
    try:
        call = msgspec.json.decode(typed.encode(), type=SoFar)
    except msgspec.MsgspecError:
        raise Refused("There is no call yet. Ring first, and then keep or send that call.") from None
    return call
