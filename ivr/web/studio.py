"""A phone in the browser: the line is rung, heard and steered on a page, before it has a number.

The browser plays the TwiML that a real call would get, with the same sounds. A call is played by the same engine, at
a practice desk: nobody is rung, and nothing is sent or kept. The page keeps what the caller did so far and sends all of
it each time, and the call is played again from its start, which takes a millisecond. So there is nothing here to store,
to end or to mix up between two windows.

Only a browser on this machine gets it.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from flask import Blueprint, Response, abort, request

from ivr.config import Settings
from ivr.hours import LONDON
from ivr.practice import PracticeDesk
from ivr.reading import ConfigError
from ivr.session import Turn
from ivr.store import StoreDown
from ivr.transcript import HUNG_UP, Caller, Entry, unreadable
from ivr.web.front import html_page
from ivr.web.live import Edition, Live
from ivr.web.origin import is_from_here

#: What the page may do beside what every page may: run its script, ask for replies, play sounds.
_SCRIPTS = "script-src 'self'; connect-src 'self'; media-src 'self'; "
#: Inputs of one call. It is played anew for each of them.
MOST_INPUTS = 400


class SoFar(msgspec.Struct, frozen=True):
    """A call up to now, as the page tells it: what the caller did, and what an adviser did who was rung."""

    #: The day and time in London at which it began, as a field of a page has it.
    when: str
    #: The number that is shown to the line; empty if it is hidden.
    caller: Annotated[str, msgspec.Meta(max_length=40)]
    did: Annotated[list[tuple[Literal["CALLER", "ADVISER"], str]], msgspec.Meta(max_length=MOST_INPUTS)]
    #: The edition that the call began with; empty for a new call.
    revision: str = ""


class Heard(msgspec.Struct, frozen=True):
    """What comes out: the reply as TwiML, and what a page shows beside it."""

    revision: str
    #: The document, or nothing once the call is over.
    twiml: str
    #: The words of each sound in it, by its address.
    words: dict[str, str]
    place: str
    #: What the adviser hears who is rung now.
    whisper: str
    #: What was written down in this turn, and what the caller has once the call is over.
    noted: list[str]
    got: list[str]


def blueprint(settings: Settings, live: Live) -> Blueprint:
    """The page, its script, and the replies that it asks for."""
    studio = Blueprint("studio", __name__, url_prefix="/studio", static_folder="static", template_folder="templates")

    def live_now() -> Edition:
        if not is_from_here(settings) or not live.ready:
            abort(404)
        return live.now

    @studio.get("/call")
    def page() -> Response:
        name = live_now().script.line.names["service_name"]
        now = dt.datetime.now(LONDON)
        return html_page(
            "phone.html", scripts=_SCRIPTS, name=name, now=now, spoken={"*": "star", "#": "hash"},
            has_sounds=live.now.sounds is not None,
        )  # fmt: skip

    @studio.post("/call/reply")
    def reply() -> Response:
        edition = live_now()
        try:
            so_far = msgspec.json.decode(request.get_data(), type=SoFar)
        except msgspec.MsgspecError as error:
            return _json({"problem": f"What this page sent is no call: {error}. Load the page again."}, 400)
        edition = _edition(live, so_far.revision) or edition
        caller = Caller(edition.script, PracticeDesk())
        if problem := _played(caller, so_far):
            return _json({"problem": problem}, 400)
        return _json(_heard(edition, caller), 200)

    return studio


def _edition(live: Live, revision: str) -> Edition | None:
    """What a call began with, if that is still to be had."""
    try:
        return live.of(revision) if revision else None
    except (StoreDown, ConfigError):
        return None


def _json(value: object, status: int) -> Response:
    response = Response(msgspec.json.encode(value), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _played(caller: Caller, so_far: SoFar) -> str:
    """Play the call up to now. Returns why that cannot be done, or nothing."""
    try:
        when = dt.datetime.fromisoformat(so_far.when).replace(tzinfo=LONDON)
    except ValueError:
        return "Enter the day and the time at which you ring."
    caller.ring(when, so_far.caller)
    for who, text in so_far.did:
        entry = Entry(who, text)
        if problem := unreadable(entry) or caller.cannot(entry):
            return problem
        caller.do(entry)
    return ""


def _heard(edition: Edition, caller: Caller) -> Heard:
    turn = caller.turn
    assert turn
    hung_up = caller.entries[-1].text == HUNG_UP
    last = max((i for i, entry in enumerate(caller.entries) if entry.put_in), default=-1)
    since = caller.entries[last + 1 :]
    return Heard(
        revision=edition.script.revision,
        twiml="" if hung_up else edition.writer.write(turn, "/voice/turn/0"),
        words=_words(edition, turn),
        place=turn.session.place.node,
        whisper=next((entry.text for entry in since if entry.who == "ADVISER"), ""),
        noted=[entry.text for entry in since if entry.who == "NOTED"],
        got=[entry.text for entry in caller.got()] if caller.over else [],
    )


def _words(edition: Edition, turn: Turn) -> dict[str, str]:
    """The words behind each sound of a turn."""
    sounds, slow = edition.sounds, turn.session.slow
    if sounds is None:
        return {}
    return {url: piece for piece in turn.says if isinstance(piece, str) and (url := sounds.url(piece, slow))}
