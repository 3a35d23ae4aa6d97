"""Flask, and its response, without what no webhook needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter


class LeanFlask(Flask):
    """Flask without what it does around every request and no webhook needs. Hooks before and after are NOT run."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes go by the path alone: no host name is told apart here, as the signature knows the public one."""
        if request is None:
            return None
        environ = request.environ
        return self.url_map.bind("", path_info=environ["PATH_INFO"], default_method=environ["REQUEST_METHOD"])

    def full_dispatch_request(self) -> Response:
        """What the view answers."""
        try:
            answer = self.dispatch_request()
        except Exception as error:
            answer = self.handle_user_exception(error)
        return self.make_response(answer)


class Document(Response):
    """TwiML, sent as it is: none of its headers hangs on the request, so none is gone over again."""

    def __init__(self, document: str):
        super().__init__(document, content_type="text/xml; charset=utf-8")
        self.headers["Cache-Control"] = "no-store"

    def get_wsgi_response(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        return [self.get_data()], self.status, self.headers.to_wsgi_list()
