"""Why a webhook is refused: an explanation for operators, in the response and in the log. Callers do not hear it.

The text does not help anybody to forge a signature.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Response
from prometheus_client import Counter

log = structlog.get_logger()

REFUSED = Counter("ivr_refused_total", "Requests that were refused because they are not as Twilio sends them.")
#: Seconds between two log lines about one reason, because anybody can send any number of requests.
SECONDS = 60.0
#: The most characters of a URL or a header that a refusal shows.
MOST_SHOWN = 300

_ON_THE_WAY = "the proxies between Twilio and the line, which must not change the body."
#: Each reason, and what to check.
_NO_SIGNATURE = (
    "this request has no X-Twilio-Signature header, so it did not come from Twilio, or a proxy removed the header.",
    "the reverse proxy, which must pass the header on.",
)
_NO_FIT = (
    "the signature does not match any auth token that is set here, for this address",
    "TWILIO_AUTH_TOKEN, which must be the auth token of the account that calls; the address at Twilio, which must be "
    "this one, letter for letter (PUBLIC_URL and the path); the reverse proxy, which must leave the path, the query "
    "and the form as they are.",
)
#: A body in chunks that was cut off looks complete to us: the server does not say. The kernel knows that a sender has
#: closed a connection, but not which request it belongs to, and asking about every connection for each refusal would
#: let a flood of refusals slow down calls. So the status is 403, for the signature, and both reasons are named.
_NO_FIT_IN_CHUNKS = (
    "Its body came in chunks ({bytes} bytes). If it was cut off on the way, the signature cannot match.\n"
)


class RequestRefused(Exception):
    """Raised to refuse a request, with a status, the reason, and what to check."""

    def __init__(self, code: int, why: str, look_at: str, more: str = ""):
        self.code, self.why = code, why.rstrip(".:")
        self.words = f"Refused: {why}\n{more}Look at: {look_at}\n"
        super().__init__(self.why)

    def answer(self) -> Response:
        response = Response(self.words, self.code, content_type="text/plain; charset=utf-8")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Refusals:
    """Counts refusals, and logs each reason at most once in SECONDS: it often shows a wrong configuration."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._told: dict[str, float] = {}

    def note(self, refused: RequestRefused) -> None:
        REFUSED.inc()
        kind, now = refused.why.split("(")[0], self._clock()  # the text in brackets comes from the sender
        if self._told.get(kind, float("-inf")) + SECONDS <= now:
            self._told[kind] = now
            log.warning("refused", why=refused.why)


def unsigned() -> RequestRefused:
    return RequestRefused(403, *_NO_SIGNATURE)


def unfit(environ: Mapping[str, Any], address: str) -> RequestRefused:
    """Why a signature does not match. First it looks for what a proxy may have changed; only then is it the token."""
    coding, kind = environ.get("HTTP_CONTENT_ENCODING", ""), environ.get("CONTENT_TYPE", "")
    length, is_post = int(environ.get("CONTENT_LENGTH") or 0), environ["REQUEST_METHOD"] == "POST"
    if coding.strip().lower() not in ("", "identity"):
        return _no_form(f"a body that is packed ({shown(coding)})")
    if is_post and "urlencoded" not in (kind.lower() or "urlencoded"):
        return _no_form(f"a body of another kind ({shown(kind)})")
    if is_post and not length:
        return RequestRefused(400, "this request has no body, and Twilio always sends a form.", _ON_THE_WAY)
    if not is_post and not environ.get("QUERY_STRING"):
        why = "this request is a GET without a form. A redirect makes one of a POST, and loses its form."
        return RequestRefused(400, why, "the address at Twilio, which must be PUBLIC_URL and the path, with https.")
    in_chunks = "HTTP_TRANSFER_ENCODING" in environ
    more = f"    {shown(address)}\n" + (_NO_FIT_IN_CHUNKS.format(bytes=length) if in_chunks else "")
    return RequestRefused(403, f"{_NO_FIT[0]}:", _NO_FIT[1], more)


def _no_form(found: str) -> RequestRefused:
    return RequestRefused(415, f"this request has {found}, and Twilio sends plain forms (…urlencoded).", _ON_THE_WAY)


def broken_off(length: int, wanted: int) -> RequestRefused:
    why = f"the body of this request was cut off ({length} of {wanted} bytes arrived)."
    return RequestRefused(400, why, "the connection, and the proxies on the way.")


def too_long(most: int) -> RequestRefused:
    return RequestRefused(413, f"this request is longer than {most} bytes, the limit for this server.", "who sends it.")


def too_many_fields(most: int) -> RequestRefused:
    return RequestRefused(
        400, f"this request has more than {most} fields, and Twilio sends some thirty.", "who sends it."
    )


def shown(address: str) -> str:
    """An untrusted URL, cut to a readable length."""
    plain = "".join(sign if "!" <= sign <= "~" else "?" for sign in address[:MOST_SHOWN])
    return plain if len(address) <= MOST_SHOWN else f"{plain}..."
