"""What stands among words and is no English word: web addresses, markup, and letters of another alphabet.

One rule reports each of these. The other rules ignore them, so that one slip is not reported four times.
"""

from __future__ import annotations

import re
import unicodedata

ADDRESS = re.compile(r"[^\s\"'(]*(?:www\.|https?://|\w@\w|\.(?:org|com|gov|net|co)\b)[^\s\"')]*")
MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")
_WORD = re.compile(r"\w+")


def foreign_words(words: str) -> list[str]:
    """The words that have letters of another alphabet, which may look like ours."""
    return [] if words.isascii() else [word for word in _WORD.findall(words) if not _is_latin(word)]


def without(words: str) -> str:
    """The words alone."""
    words = MARKUP.sub(" ", ADDRESS.sub(" ", words))
    return words if words.isascii() else _WORD.sub(lambda found: found[0] if _is_latin(found[0]) else " ", words)


def _is_latin(word: str) -> bool:
    return all(unicodedata.name(c, "").startswith("LATIN") for c in word if c.isalpha())
