"""A file for a spreadsheet as the answer to a request."""

from __future__ import annotations

import io
from collections.abc import Iterable

from flask import Response

from ivr import border


def sheet(name: str, rows: Iterable[Iterable[str]]) -> Response:
    """The rows as a file of this name, to be saved. It begins with a mark by which spreadsheets know its encoding."""
    out = io.StringIO()
    border.write_sheet(out, rows)
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return response
