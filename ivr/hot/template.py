"""Documents with blanks."""

from __future__ import annotations

import re
from collections.abc import Callable

BLANK = re.compile("@([A-Z]+)@")


class Template:
    """A document with blanks like @SAYS@, built once. Filling it is a single join."""

    def __init__(self, make: Callable[[], str]):
        self._parts = BLANK.split(make())

    def __call__(self, **values: object) -> str:
        return "".join(str(values[part]) if i % 2 else part for i, part in enumerate(self._parts))
