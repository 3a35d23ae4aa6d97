"""Flask and its response, without the parts that webhooks do not need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter


class LeanFlask(Flask):
    """Flask without the parts of request handling that webhooks do not need. Before and after hooks are NOT run."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes depend on the path only. Host names are ignored, because the signature covers the public one."""
        if request is None:
            return None
        environ = request.environ
        return self.url_map.bind("", path_info=environ["PATH_INFO"], default_method=environ["REQUEST_METHOD"])

    def full_dispatch_request(self) -> Response:
        """Call the view, and return its response."""
        try:
            answer = self.dispatch_request()
        except Exception as error:
            answer = self.handle_user_exception(error)
        return self.make_response(answer)


class TwiMLResponse(Response):
    """A TwiML response. Its headers do not depend on the request, so Werkzeug's processing of them is skipped."""

    def __init__(self, document: str):
        super().__init__(document, content_type="text/xml; charset=utf-8")
        self.headers["Cache-Control"] = "no-store"

    def get_wsgi_response(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        return [self.get_data()], self.status, self.headers.to_wsgi_list()
