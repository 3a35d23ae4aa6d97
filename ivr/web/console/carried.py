"""Keeps a form that was sent when somebody must first confirm who they are, so that nothing typed into it is lost.

The page that asks for the code or the password carries it in one of its fields. After that, the form is shown and not
sent by itself: some forms delete or publish, and whoever sent one must still want that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError, RequestRedirect


@dataclass(frozen=True)
class Carried:
    """A form that can be sent once more."""

    address: str
    fields: list[tuple[str, str]]


def carried() -> str:
    """The form of this request, as the value of one field; empty if it has files, which no field can hold."""
    if request.files:
        return ""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    return json.dumps([request.endpoint, request.view_args or {}, fields])


def read(value: str) -> Carried | None:
    """The form in the value of such a field; None if it cannot be sent."""
    try:
        endpoint, args, fields = json.loads(value)
        return Carried(url_for(endpoint, **args), [(str(name), str(each)) for name, each in fields])
    except (ValueError, TypeError, BuildError):
        return None


def page_of(path: str) -> str:
    """The path of the page from which a form with this path was sent: the same path, or one above it."""
    while path.count("/") > 1 and not _is_page(path):
        path = path.rsplit("/", 1)[0]
    return path


def _is_page(path: str) -> bool:
    try:
        return current_app.url_map.bind("").test(path, "GET")
    except (RequestRedirect, HTTPException):
        return False
