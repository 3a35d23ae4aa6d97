"""Answers a request with a file for a spreadsheet (CSV)."""

from __future__ import annotations

import io
from collections.abc import Iterable

from flask import Response

from ivr import border


def sheet(name: str, rows: Iterable[Iterable[str]]) -> Response:
    """The rows as a download of this name. It begins with a byte order mark, so that spreadsheets read it as UTF-8."""
    out = io.StringIO()
    border.write_sheet(out, rows)
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return response
