"""A phone in the browser: ring the line, hear it and press keys, before it has a number.

The browser plays the TwiML that a real call would get, with the same sounds. The same engine plays the call at a
practice desk: nobody is rung, and nothing is sent or stored. The page remembers what the caller did and sends all of it
each time; the call is then played again from its start, which takes a millisecond. So the server has no state that
could expire or be mixed up between two windows.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFProtect

from ivr import atlas
from ivr.hours import LONDON
from ivr.playing import Caller
from ivr.practice import PracticeDesk
from ivr.problems import ConfigError
from ivr.session import Turn
from ivr.spoken import text_of
from ivr.store import StoreDown
from ivr.transcript import HUNG_UP, Entry, unreadable
from ivr.web.console.common import Console, add_pages
from ivr.web.live import Edition, Live

#: The most inputs of one call, which is played again for each of them.
MOST_INPUTS = 400


class SoFar(msgspec.Struct, frozen=True):
    """A call so far, as sent by the page: what the caller and the adviser did."""

    #: The start of the call in UK time, in the format of an HTML datetime field.
    when: str
    #: The caller ID; empty if hidden.
    caller: Annotated[str, msgspec.Meta(max_length=40)]
    did: Annotated[list[tuple[Literal["CALLER", "ADVISER"], str]], msgspec.Meta(max_length=MOST_INPUTS)]
    #: The revision that the call began with; empty for a new call.
    revision: str = ""
    #: The place at which a new call is to begin: keys that lead there are pressed first.
    to: Annotated[str, msgspec.Meta(max_length=100)] = ""


class Heard(msgspec.Struct, frozen=True):
    """The reply as TwiML, with what the page shows beside it."""

    revision: str
    #: The document; empty once the call is over.
    twiml: str
    #: The words of each sound, by its address.
    words: dict[str, str]
    place: str
    #: What the adviser who is rung hears.
    whisper: str
    #: What was written down in this turn.
    noted: list[str]
    #: What the caller has got, once the call is over.
    got: list[str]
    #: What was done to get to the place at which the call was to begin.
    did: list[tuple[str, str]] = []


def add_to(app: Flask, console: Console, csrf: CSRFProtect) -> None:
    """The page, and the replies that it fetches."""
    pages = _Pages(console)
    add_pages(
        app, ("/studio/call", pages.ring_line, "GET"), ("/studio/call/reply", pages.ring_line_reply, "POST"),
        needs="hear",
    )  # fmt: skip
    csrf.exempt(pages.ring_line_reply)  # it changes nothing, and no other site can read what it answers


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    def ring_line(self) -> str:
        edition = self._console.edition
        return render_template(
            "studio/phone.html", now=dt.datetime.now(LONDON), spoken={"*": "star", "#": "hash"},
            has_sounds=edition.sounds is not None, to=_place(edition, request.args.get("to", "")),
        )  # fmt: skip

    def ring_line_reply(self) -> Response:
        try:
            so_far = msgspec.json.decode(request.get_data(), type=SoFar)
        except msgspec.MsgspecError as error:
            return _json({"problem": f"The page sent something that is not a call: {error}. Reload the page."}, 400)
        edition = _edition(self._console.live, so_far.revision) or self._console.edition
        caller = Caller(edition.script, PracticeDesk())
        if problem := _played(caller, so_far):
            return _json({"problem": problem}, 400)
        if so_far.to and not so_far.did:
            return _begun_at(edition, caller, so_far)
        return _json(_heard(edition, caller), 200)


def _edition(live: Live, revision: str) -> Edition | None:
    """The edition that a call began with, if it is still available."""
    try:
        return live.of(revision) if revision else None
    except (StoreDown, ConfigError):
        return None


def _json(value: object, status: int) -> Response:
    response = Response(msgspec.json.encode(value), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _played(caller: Caller, so_far: SoFar) -> str:
    """Play the call so far. Returns why it cannot be played; empty if it can."""
    try:
        when = dt.datetime.fromisoformat(so_far.when).replace(tzinfo=LONDON)
    except ValueError:
        return "Enter the day and the time at which you ring."
    caller.ring(when, so_far.caller)
    for who, text in so_far.did:
        entry = Entry(who, text)
        if problem := unreadable(entry) or caller.cannot(entry):
            return problem.says
        caller.do(entry)
    return ""


def _place(edition: Edition, name: str) -> str:
    """A place by its name; empty if there is none."""
    return name if name in edition.script.places else ""


def _begun_at(edition: Edition, caller: Caller, so_far: SoFar) -> Response:
    """A call that begins at a place: what leads there has been done."""
    way = atlas.way_there(edition.script, so_far.to, caller.now, so_far.caller)
    if way is None:
        return _json(
            {"problem": f"No choice leads to '{so_far.to}' at that time. Ring, and go on from the start."}, 400
        )
    for entry in way:
        caller.do(entry)
    return _json(msgspec.structs.replace(_heard(edition, caller), did=[(entry.who, entry.text) for entry in way]), 200)


def _heard(edition: Edition, caller: Caller) -> Heard:
    turn = caller.turn
    assert turn
    hung_up = caller.entries[-1].text == HUNG_UP
    last = max((i for i, entry in enumerate(caller.entries) if entry.put_in), default=-1)
    since = caller.entries[last + 1 :]
    return Heard(
        revision=edition.script.revision,
        twiml="" if hung_up else edition.writer_of(turn.session.language).write(turn, "/voice/turn/0"),
        words=_words(edition, turn),
        place=turn.session.place.node,
        whisper=next((entry.text for entry in since if entry.who == "ADVISER"), ""),
        noted=[entry.text for entry in since if entry.who == "NOTED"],
        got=[entry.text for entry in caller.got()] if caller.over else [],
    )


def _words(edition: Edition, turn: Turn) -> dict[str, str]:
    """The words behind each sound of a turn."""
    sounds, slow = edition.sounds_of(turn.session.language), turn.session.slow
    if sounds is None:
        return {}
    return {url: words for pieces, url in sounds.play(turn.says, slow) if url and (words := text_of(pieces))}
