"""Explains what YAML cannot read: which line is to blame, what to do, and how much to leave out to read the rest.

The YAML library reports where it gave up, which is seldom where the mistake is, and stops there.
"""

from __future__ import annotations

import contextlib
import re

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import ScalarToken

from ivr.problems import Kind, kind

#: In longer files, only the first fault is reported, because finding more would take minutes.
_MOST_LINES = 3000
#: The quotes of word processors. YAML treats them as letters.
CURLY = ("\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "\u00ab")
NOT_PLAIN = kind(
    "curly-quotes", "These are not plain quotes, and would be read out with the words.", "Type plain ones instead."
)
_KEPT_SIGN = kind("yaml-sign", "These words begin with a character that has a meaning in YAML.", "Put them in quotes.")
_NO_COMMA = kind(
    "missing-comma", "A comma is missing here, or the words before it need quotes.", "Compare it with other lines."
)
_NEVER_CLOSED = kind("open-quote", "A quote opens here and is never closed.", "Close it.")
_NOT_CLOSED = kind("open-bracket", "A {{ or [ opens here and is not closed, or a comma is missing inside.", "Close it.")
NO_SPACE = kind("missing-space", "A space is missing after the colon.", "Write one.")
_COLON_INSIDE = kind("colon-in-words", "There is a colon inside these words.", "Put the words in quotes.")
_UNFIT = kind("indentation", "This line does not fit under the one above.", "Check the spaces at the start of both.")
_BACKSLASH = kind("backslash", "There is a backslash in these words.", "Remove it.")
_DASHES = kind("three-dashes", "There is a line of three dashes in the file.", "Remove it.")
_STAR = kind("star-before-words", "A star begins these words.", "Put them in quotes.")
_NO_COLON = kind(
    "missing-colon", "A colon is missing after a name here.", "Write one, or a # before it if this is a note."
)
_STRANGE = kind("unreadable-character", "There is a character here that cannot be read.", "Remove it.")
_UNCLEAR = kind("unreadable-line", "YAML cannot make sense of this line.", "Compare it with the lines around it.")
_TAB = kind("tab", "There is a tab on this line.", "Use spaces.")
_NO_HYPHEN = kind("not-a-hyphen", "This line begins with a character that is not a plain hyphen.", "Type - instead.")
_NO_DASH = kind("missing-dash", "A dash is missing before these words, or a name and a colon.", "Write it.")
_DASH_NO_SPACE = kind("missing-space-after-dash", "A space is missing after the dash.", "Write one.")
_RUNS_ON = kind(
    "words-after-quote", "The words continue after a closing quote.",
    "Inside the words, use the other kind of quotes, or none.",
)  # fmt: skip
_HASH_ABOVE = kind(
    "hash-cuts-words", "A # cuts the line above short, so it cannot continue here.", "Put all the words in quotes."
)
_SYNTAX = {
    "mapping values are not allowed": _COLON_INSIDE,
    "found unexpected end of stream": _NEVER_CLOSED,
    "found unknown escape character": _BACKSLASH,
    "that cannot start any token": _KEPT_SIGN,
    "found another document": _DASHES,
    "found undefined alias": _STAR,
    "entries are not allowed here": _KEPT_SIGN,
    "mapping keys are not allowed": _KEPT_SIGN,
    "expected a comment or a line break": _KEPT_SIGN,
    "expected alphabetic or numeric": _KEPT_SIGN,
    "found '<stream end>'": _NOT_CLOSED,
    "got '<stream end>'": _NOT_CLOSED,
    "expected the node content": _KEPT_SIGN,
    "' or ']', but got": _NO_COMMA,
    "' or '}', but got ':'": _COLON_INSIDE,
    "' or '}', but got": _NO_COMMA,
    "expected <block end>": _UNFIT,
    "could not find expected ':'": _NO_COLON,
    "special characters are not allowed": _STRANGE,
}


def fault(error: MarkedYAMLError | ReaderError, source: list[str]) -> tuple[int, Kind]:
    """The number of the line to look at, and what is wrong there."""
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or error)
    wrong = next((wrong for sign, wrong in _SYNTAX.items() if sign in what), _UNCLEAR)
    if mark and opened and mark.line != opened.line and what.startswith(("expected ',' or", "found unexpected end")):
        mark = opened
        wrong = _NOT_CLOSED if what.startswith("expected") else wrong
    if mark and "expected <block end>" in what:
        wrong = _run_over(source, mark.line, mark.column) or wrong
    mark = mark or opened
    if mark and wrong == _COLON_INSIDE:
        wrong = _about_colon(source[mark.line], mark.column)
    if mark and (seen := next((told for sign, told in _SEEN if sign.search(source[mark.line])), None)):
        wrong = seen
    elif mark and (found := _line_above(source, mark.line)):
        return found
    if mark and (line := _left_open(source, mark.line)):
        return line, _NEVER_CLOSED
    line = mark.line if mark else 0
    while line and not source[line].strip():  # an empty line at the end is not the fault
        line -= 1
    return line + 1, wrong


#: Signs that explain any fault YAML finds on their line.
_SEEN = (
    (re.compile("\t"), _TAB),
    (re.compile("^ *[\u2013\u2014\u2022\u2212\u00b7].*"), _NO_HYPHEN),
    (re.compile(f"[:{{,] *[{''.join(CURLY)}]|^ *- *[{''.join(CURLY)}]"), NOT_PLAIN),
)


def _about_colon(line: str, column: int) -> Kind:
    """What is wrong where YAML finds an unexpected colon."""
    before = line[:column]
    if re.fullmatch(r"""\s*(- +)?["']?[\w-]+["']?""", before):
        return _UNFIT
    if re.match(r"""\s*(- +)?[\w-]+:["'{\[]""", before):
        return NO_SPACE
    if re.search(r":\s*[a-z0-9_]+\s+[a-z_]+$", before) and "{" in before:
        return _NO_COMMA
    return _COLON_INSIDE


#: What is wrong with a line of this shape, if YAML finds a fault on the line below it.
_SHAPES = (
    (_SEEN[1][0], _SEEN[1][1]),
    (re.compile(r"(?!.*(?::\s|:$|\s#))\s*[a-z]\w*(?:\s.*)?"), _NO_COLON),
    (re.compile(r'\s*"[^"]*"\s*'), _NO_DASH),
    (re.compile(r"\s*[a-z]\w*:[^\s/].*"), NO_SPACE),
    (re.compile(r"\s*-[^\s-].*"), _DASH_NO_SPACE),
)


def _line_above(source: list[str], fault: int) -> tuple[int, Kind] | None:
    """The number of the line above this index, and its mistake, if it has a common one that causes the fault."""
    above = _written(source, range(fault - 1, -1, -1))
    if above is None:
        return None
    wrong = next((wrong for shape, wrong in _SHAPES if shape.fullmatch(source[above])), None)
    is_to_blame = wrong and _next_fault(_without(source, range(above, above + 1))) != fault
    return (above + 1, wrong) if wrong and is_to_blame else None


def _left_open(source: list[str], fault: int) -> int | None:
    """The line of a quote that was never closed, if that explains the fault at this index.

    YAML then reads on to the next quote, some lines down. That one was meant to open other words, so words
    follow directly after it.
    """
    with contextlib.suppress(MarkedYAMLError, ReaderError):
        for token in YAML(typ="rt").scan("\n".join(source)):
            begins, ends = token.start_mark, token.end_mark
            if ends.line > fault:
                break
            if isinstance(token, ScalarToken) and token.style == '"' and begins.line < ends.line:
                behind = source[ends.line][ends.column :].lstrip()
                if behind and behind[0] not in ",:}]#":
                    return int(begins.line) + 1
    return None


def _run_over(source: list[str], line: int, column: int) -> Kind | None:
    """What is wrong where words continue after YAML ended them; None if only the indentation is."""
    before = source[line][:column].rstrip() if line < len(source) else ""
    if before.endswith(('"', "'")):
        return _RUNS_ON
    if before.endswith(("}", "]")):
        return _KEPT_SIGN
    if not before and line and re.search(r"\s#", source[line - 1]) and not re.match(r"\s*(- |[\w-]+:)", source[line]):
        return _HASH_ABOVE
    return None


# --- leaving out as little as possible ----------------------------------------------------------


def faulty_block(source: list[str], at: int, told: int, lost: set[int]) -> range:
    """The fewest lines to leave out so that YAML can continue; all lines, if nothing helps.

    Indices of lines: `at`, where YAML stopped; `told`, the one that the message names; `lost`, those with problems that
    are reported already. Candidates are the line at the fault or above it, each with everything indented under it, and
    the blocks that contain those. If YAML then stops at the very next line, it was the wrong candidate.
    """
    if len(source) > _MOST_LINES:
        return range(len(source))
    ends = len(source)
    above = _written(source, range(at - 1, -1, -1))
    near = {told, at, *([] if above is None else [above]), *[n for n in sorted(lost) if n <= at and source[n]][-1:]}
    blocks = {_block(source, start) for number in near for start in _starts(source, number)}
    reached = {block: _next_fault(_without(source, block)) for block in blocks}

    def goes_on(block: range) -> bool:
        following = _written(source, range(block.stop, ends))
        return reached[block] > max(at, ends - 1 if following is None else following)

    if any(map(goes_on, blocks)):
        return min(filter(goes_on, blocks), key=lambda block: (lost.isdisjoint(block), told not in block, len(block)))
    best = max(blocks, key=lambda block: (reached[block], -len(block)))
    return best if reached[best] > at else range(ends)


def _starts(source: list[str], number: int) -> set[int]:
    """A line, and the lines above it that begin the field, the node or the part that contains it."""
    above = [[n for n in range(number + 1) if _begins(source[n], depth)][-2:] for depth in (2, 0)]
    return {number, *above[0], *above[1][-1:]}


def _block(source: list[str], start: int) -> range:
    """A line, and the lines below it that are indented more."""
    depth = len(source[start]) - len(source[start].lstrip())
    below = (n for n in range(start + 1, len(source)) if _begins(source[n], depth))
    return range(start, next(below, len(source)))


def _begins(line: str, depth: int) -> bool:
    """Whether this line has content that is indented by `depth` spaces at most."""
    return re.match(f" {{0,{depth}}}[^ #]", line) is not None


def _written(source: list[str], numbers: range) -> int | None:
    """The first of these lines that is neither empty nor a comment; None if there is none."""
    return next((n for n in numbers if source[n].strip() and not source[n].lstrip().startswith("#")), None)


def _without(source: list[str], numbers: range) -> list[str]:
    return ["" if number in numbers else line for number, line in enumerate(source)]


def _next_fault(source: list[str]) -> int:
    """The index of the line at which YAML finds a fault; the number of lines if it finds none."""
    try:
        YAML(typ="rt").compose("\n".join(source))
    except (MarkedYAMLError, ReaderError) as error:
        return fault_line(error)
    return len(source)


def fault_line(error: MarkedYAMLError | ReaderError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return int(mark.line) if mark else 0
