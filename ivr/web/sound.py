"""Serves the sound files. Their names are hashes of what they say and how, so files never change."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, send_file
from prometheus_client import Counter

from ivr.audio import file_of
from ivr.config import Settings

MISSING = Counter("ivr_sound_missing_total", "Requests for sound files that do not exist.")

_NAME = re.compile(r"[0-9a-f]{32}\.wav")


def blueprint(settings: Settings) -> Blueprint:
    """Public on purpose: Twilio fetches sounds without a signature. Names cannot be guessed, and contain no path."""
    sound = Blueprint("sound", __name__)

    @sound.get("/audio/<name>")
    def audio(name: str) -> Response:
        path = file_of(settings.audio_dir, name) if _NAME.fullmatch(name) else None
        if path is None:
            MISSING.inc()
            abort(404)
        response = send_file(path, mimetype="audio/wav", etag=name[:-4])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return sound
