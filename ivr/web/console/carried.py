"""A form that came too late is carried over the page that says so, so that nothing typed into it is lost.

It came after the sign-in had ended, from a page of an earlier sign-in, or while Redis was down. It is not sent again by
itself: some forms delete or publish, and whoever sent one must still want that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote_plus

from flask import current_app, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError, RequestRedirect

#: Fields that no page shows or keeps: of a form with one of them, nothing is carried.
_SECRET = {"password", "new", "code"}
#: The most characters of a form that fits into another one.
_MOST = 48 * 1024


@dataclass(frozen=True)
class Carried:
    """A form that can be sent once more."""

    address: str
    fields: list[tuple[str, str]]

    @property
    def sentences(self) -> list[str]:
        """What somebody wrote into it: each value of more than one word, so that they see what they send."""
        return [value.strip() for _, value in self.fields if len(value.split()) > 1]


def carried() -> str:
    """The form of this request, as the value of one field; empty if it has files or secrets, or is very long.

    A page that carries a form already carries it on.
    """
    if already := request.form.get("carried"):
        return already
    if request.files or _SECRET & request.form.keys():
        return ""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    value = json.dumps([request.endpoint, request.view_args or {}, fields])
    return value if len(quote_plus(value)) <= _MOST else ""


def filled_in() -> str:
    """The same, but empty for a form into which nothing was typed: its page says more than it."""
    return carried() if request.form.keys() - {"csrf_token"} else ""


def read(value: str) -> Carried | None:
    """The form in the value of such a field; None if it cannot be sent."""
    try:
        endpoint, args, fields = json.loads(value)
        return Carried(url_for(endpoint, **args), [(str(name), str(each)) for name, each in fields])
    except (ValueError, TypeError, BuildError):
        return None


def go_on(form: Carried, then: str, title: str = "") -> str:
    """The page on which the form can be sent now. `then`: where to go without sending it."""
    return render_template("carried.html", carried=form, then=then, title=title)


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
