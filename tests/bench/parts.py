"""Each hand-written part of a turn, and how its library would do it, to measure what the part saves."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable

import structlog
from twilio.request_validator import RequestValidator
from werkzeug.wrappers import Response

from ivr.hot import lean, template
from ivr.hot import signature as signing
from ivr.machine import log
from ivr.store.connection import Redis
from ivr.twilio import twiml
from tests.bench.load import BASE, TOKEN


def redis() -> None:
    """Every command by redis-py."""
    Redis.ask = lambda self, *command: self.do(lambda client: client.execute_command(*command))  # type: ignore[method-assign]


def signature() -> None:
    """Twilio's own check."""
    validator = RequestValidator(TOKEN)

    def fits(self: signing.Signature, target: str, pairs: Iterable[tuple[str, str]], given: str) -> bool:
        return bool(validator.validate(BASE + target, dict(pairs), given))

    signing.Signature.fits = fits  # type: ignore[method-assign]


def flask() -> None:
    """Flask's own way from a request to a view, and Werkzeug's headers."""
    del lean.LeanFlask.create_url_adapter, lean.LeanFlask.full_dispatch_request
    del lean.TwiMLResponse.get_wsgi_response
    assert lean.TwiMLResponse.get_wsgi_response is Response.get_wsgi_response


def templates() -> None:
    """Each document by Twilio's builder, each time."""

    class Template(template.Template):
        def __init__(self, make: Callable[[], str]):
            self._make = make

        def __call__(self, **values: object) -> str:
            self._parts = template.BLANK.split(self._make())
            return super().__call__(**values)

    twiml.Template = Template  # type: ignore[misc]


def logging_() -> None:
    """structlog as its own pages set it up for JSON, which writes and flushes each line."""

    def as_json(*libraries: str) -> Callable[[], None]:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level, structlog.processors.format_exc_info,
                structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=structlog.PrintLoggerFactory(sys.stdout),
            cache_logger_on_first_use=True,
        )  # fmt: skip
        return lambda: None

    log.as_json = as_json


#: Each part, and what it is called.
PARTS: dict[str, tuple[str, Callable[[], None]]] = {
    "redis": ("commands to Redis", redis),
    "signature": ("checking the signature", signature),
    "flask": ("Flask without its hooks", flask),
    "templates": ("documents from templates", templates),
    "log": ("lines of the log", logging_),
}
