"""Words from a word processor or a web page as plain words, with what was changed in them.

Such words bring invisible characters, and signs that the files, the texts or the voices do not read as they look.
Whatever can be corrected without a question is corrected and reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr import border

#: Signs, what replaces them, and the words that report it.
_SIGNS = (
    (re.compile("[\u2018\u2019\u201a\u201b\u2032\u00b4]"), "'", "curly quotes were made straight"),
    (re.compile("[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb]"), '"', "curly quotes were made straight"),
    (re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]"), " ", "special spaces were made plain"),
    (
        re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffc]"),
        "",
        "invisible characters were taken out",
    ),
    (re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"), "", "invisible characters were taken out"),
    (re.compile("\u2026"), "...", "signs of three dots were written as dots"),
    (re.compile("[\u2010\u2011\u2012]"), "-", "special hyphens were made plain"),
)
#: The sign of an item of a list, at the beginning of a line.
_BULLET = re.compile(
    "^[ \t]*(?:[\u2022\u2023\u25e6\u2043\u2219\u25aa\u25cf\u25cb\uf0b7\u00b7]|[-*\u2013](?=[ \t]))[ \t]*", re.MULTILINE
)


@dataclass(frozen=True)
class Cleaned:
    """Plain words, and what was changed in them, in words."""

    words: str
    told: tuple[str, ...] = ()


def cleaned(typed: str, *, lines: bool = False) -> Cleaned:
    """What was typed or pasted as plain words. With `lines`, it may have several lines."""
    words, told = border.spelled(typed.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")), []
    words = words.replace("\u2029", "\n")
    for pattern, instead, told_as in _SIGNS:
        words, count = pattern.subn(instead, words)
        if count and told_as not in told:
            told.append(told_as)
    words, count = _BULLET.subn("", words) if "\n" in words.strip() or _BULLET.match(words) else (words, 0)
    if count:
        told.append("bullets were taken out")
    if not lines:
        if "\n" in words.strip():
            told.append("several lines were put on one")
        words = " ".join(words.split())
    return Cleaned(words.strip(), tuple(told))
