"""Why a webhook is refused: words for whoever looks into it, in the answer and in the log. No caller hears them.

Nothing in them helps to make a signature that fits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Response
from prometheus_client import Counter

log = structlog.get_logger()

REFUSED = Counter("ivr_refused_total", "Requests that were refused because they did not come as Twilio sends them.")
#: Seconds between two lines of the log about one reason: anybody can send us any number of requests.
SECONDS = 60.0
#: Characters of an address or a header that a refusal shows.
MOST_SHOWN = 300

_ON_THE_WAY = "what stands between Twilio and the line, which must leave the body as it is."
#: Each reason, what to look at, and the status. The log has the reason.
_NO_SIGNATURE = (
    "this request has no X-Twilio-Signature header, so it did not come from Twilio, or something on the way took the "
    "header out.",
    "the reverse proxy, which must pass the header on.",
)
_NO_FIT = (
    "the signature fits no token that is set here, for this address",
    "TWILIO_AUTH_TOKEN, which must be the auth token of the account that calls; the address at Twilio, which must be "
    "this one, letter for letter (PUBLIC_URL and the path); the reverse proxy, which must leave the path, the query "
    "and the form as they are.",
)
_NO_FIT_IN_CHUNKS = "Its body came in chunks ({bytes} bytes). If it broke off on the way, the signature cannot fit.\n"


class Refused(Exception):
    """Raised for a request that is not answered: with a status, the reason, and what to look at."""

    def __init__(self, code: int, why: str, look_at: str, more: str = ""):
        self.code, self.why = code, why.rstrip(".:")
        self.words = f"Refused: {why}\n{more}Look at: {look_at}\n"
        super().__init__(self.why)

    def answer(self) -> Response:
        response = Response(self.words, self.code, content_type="text/plain; charset=utf-8")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Refusals:
    """Counts refusals, and tells of each reason in the log now and then: often something was set up wrongly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._told: dict[str, float] = {}

    def note(self, refused: Refused) -> None:
        REFUSED.inc()
        kind, now = refused.why.split("(")[0], self._clock()  # what is in brackets is the sender's
        if self._told.get(kind, float("-inf")) + SECONDS <= now:
            self._told[kind] = now
            log.warning("refused", why=refused.why)


def unsigned() -> Refused:
    return Refused(403, *_NO_SIGNATURE)


def unfit(environ: Mapping[str, Any], address: str) -> Refused:
    """Why a signature does not fit: a body that is not what Twilio sends says nothing of the token."""
    coding, kind = environ.get("HTTP_CONTENT_ENCODING", ""), environ.get("CONTENT_TYPE", "")
    length, is_post = int(environ.get("CONTENT_LENGTH") or 0), environ["REQUEST_METHOD"] == "POST"
    if coding.strip().lower() not in ("", "identity"):
        return _no_form(f"a body that is packed ({shown(coding)})")
    if is_post and "urlencoded" not in (kind.lower() or "urlencoded"):
        return _no_form(f"a body of another kind ({shown(kind)})")
    if is_post and not length:
        return Refused(400, "this request has no body, and Twilio sends a form in every one.", _ON_THE_WAY)
    if not is_post and not environ.get("QUERY_STRING"):
        why = "this request is a GET without a form. A redirect makes one of a POST, and loses its form."
        return Refused(400, why, "the address at Twilio, which must be PUBLIC_URL and the path, with https.")
    in_chunks = "HTTP_TRANSFER_ENCODING" in environ
    more = f"    {shown(address)}\n" + (_NO_FIT_IN_CHUNKS.format(bytes=length) if in_chunks else "")
    return Refused(403, f"{_NO_FIT[0]}:", _NO_FIT[1], more)


def _no_form(found: str) -> Refused:
    return Refused(415, f"this request has {found}, and Twilio sends plain forms (…urlencoded).", _ON_THE_WAY)


def broken_off(length: int, wanted: int) -> Refused:
    why = f"the body of this request broke off ({length} of {wanted} bytes came)."
    return Refused(400, why, "the connection, and what stands between.")


def too_long(most: int) -> Refused:
    return Refused(413, f"this request is longer than {most} bytes, and nothing that is sent here is.", "who sends it.")


def too_many_fields(most: int) -> Refused:
    return Refused(400, f"this request has more than {most} fields, and Twilio sends some thirty.", "who sends it.")


def shown(address: str) -> str:
    """An address that anybody may have sent, cut to what a person can read."""
    plain = "".join(sign if "!" <= sign <= "~" else "?" for sign in address[:MOST_SHOWN])
    return plain if len(address) <= MOST_SHOWN else f"{plain}..."
