"""Two versions of the same lines in a file, as a merge leaves them for somebody to choose from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ivr.problems import Problem, kind

_TWO = kind(
    "two-versions", "Two versions of these lines stand here, down to line {last}.",
    "Keep one, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>.",
)  # fmt: skip
_LEFT = kind("merge-mark", "This line was left by a merge.", "Remove it, and check the lines around it.")
#: The lines that git and other programs write around the versions.
_MARK = re.compile(r"(<{7}|[|]{7}|={7}|>{7})(?: .*)?")


def first_version(lines: Sequence[str]) -> tuple[list[str], list[tuple[int, Problem]]]:
    """The lines with only the first version, and each problem with the number of its line.

    Lines that are left out are empty, so that the others keep their numbers and the rest can be read.
    """
    kept, found = list(lines), list[tuple[int, Problem]]()
    begun, is_other = 0, False
    for number, line in enumerate(lines, 1):
        match = _MARK.fullmatch(line.rstrip())
        mark = match[1][0] if match else ""
        if mark == "<" and not begun:
            begun = number
        elif mark == ">" and begun:
            found.append((begun, _TWO(last=number)))
            begun, is_other = 0, False
        elif mark and begun:
            is_other = True
        elif mark:
            found.append((number, _LEFT()))
        if mark or is_other:
            kept[number - 1] = ""
    return kept, [*found, *([(begun, _LEFT())] if begun else [])]
