"""Serves the sound files. Their names are hashes of what they say and how, so files never change.

What only one call says, such as a phone number, is put together from its pieces when it is fetched, and is not stored.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, send_file
from prometheus_client import Counter

from ivr.audio import file_of, run_of
from ivr.machine.config import Settings
from ivr.places.passages import MOST_IN_A_RUN
from ivr.web.live import Live

MISSING = Counter("ivr_sound_missing_total", "Requests for sound files that do not exist.")

_NAME = re.compile(r"[0-9a-f]{32}\.wav")
#: The names of the pieces of what only one call says, such as a phone number.
_RUN = re.compile(rf"[0-9a-f]{{32}}(-[0-9a-f]{{32}}){{1,{MOST_IN_A_RUN - 1}}}\.wav")


def blueprint(settings: Settings, live: Live) -> Blueprint:
    """Public on purpose: Twilio fetches sounds without a signature. Names cannot be guessed, and contain no path."""
    sound = Blueprint("sound", __name__)

    @sound.get("/audio/<name>")
    def audio(name: str) -> Response:
        if _RUN.fullmatch(name):
            return _made_now(run_of(settings.audio_dir, name))
        path = file_of(settings.audio_dir, name) if _NAME.fullmatch(name) else None
        if path is None:
            return _made_now(live.passage(name))
        response = send_file(path, mimetype="audio/wav", etag=name[:-4])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return sound


def _made_now(content: bytes | None) -> Response:
    """A sound that was put together for this request. It may be a caller's number, so nothing may cache it."""
    if content is None:
        MISSING.inc()
        abort(404)
    response = Response(content, content_type="audio/wav")
    response.headers["Cache-Control"] = "no-store"
    return response
