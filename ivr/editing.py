"""Changing staff's YAML for them, with their comments and their order kept."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString


def with_notice(line_yaml: str, words: str, begins: dt.date, ends: dt.date) -> str:
    """`line.yaml` with this notice, and no other."""

    def put(line: Any) -> None:
        until = dt.date.fromordinal(ends.toordinal())  # of its own: YAML would write one day twice as a reference
        line["notices"] = [{"words": DoubleQuotedScalarString(words), "begins": begins, "ends": until}]

    return _changed(line_yaml, put)


def without_notices(line_yaml: str) -> str:
    """`line.yaml` with no notice."""

    def clear(line: Any) -> None:
        line["notices"] = []

    return _changed(line_yaml, clear)


def _changed(text: str, change: Any) -> str:
    """The text with one change; it must have been read without a Problem before."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(text)
    change(data)
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()
