"""What is said, in any language: words, pauses, and blanks.

A *Speech* is what a caller hears in one go, as a tuple of pieces: words (text), pauses
(seconds), and blanks that are filled in during the call. Every piece of words is
rendered or recorded beforehand, so no caller ever waits for a sound to be made.

How a number, a day or a time is put into words depends on the language (`language/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Blank:
    """A gap in a Speech for something known only during the call, and the punctuation that follows it."""

    name: str
    sign: str = ""


Piece = str | float | Blank
Speech = tuple[Piece, ...]

#: In authored words, a blank is written as {name}.
BLANK = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def text_of(speech: Iterable[Piece]) -> str:
    """The words of a Speech as one line of text, without its pauses."""
    return " ".join(f"{{{p.name}}}" if isinstance(p, Blank) else p for p in speech if not isinstance(p, float))


def words_of(speech: Iterable[Piece]) -> Iterator[str]:
    """Each piece of words in a Speech."""
    return (piece for piece in speech if isinstance(piece, str))


#: In the words of a node, what offers a text stands in square brackets: it is said only while texts can be sent.
OFFER = re.compile(r"\[([^\[\]]*)\]")


def in_pieces(words: str, *, offers_texts: bool) -> list[str]:
    """The words of a node, cut where an offer begins and ends; without the offers, if no text can be sent.

    What stays is said by the same sounds either way.
    """
    return [piece for i, piece in enumerate(OFFER.split(words)) if piece.strip() and (offers_texts or i % 2 == 0)]


def unmarked(words: str) -> str:
    """The words of a node with every offer in them, as they are heard while texts can be sent."""
    return OFFER.sub(r"\1", words)


def speech(template: str, values: Mapping[str, str | Speech]) -> Speech:
    """Authored words as a Speech. Each {name} is filled from `values`; a name that is missing there stays a Blank.

    A text value becomes part of the words around it (one breath, one file). A Speech value
    keeps its own pieces and pauses.
    """

    def inline(found: re.Match[str]) -> str:
        value = values.get(found[1])
        return value if isinstance(value, str) else found[0]

    pieces: list[Piece] = []
    for i, part in enumerate(BLANK.split(BLANK.sub(inline, template))):
        if i % 2:
            value = values.get(part, (Blank(part),))
            assert not isinstance(value, str)
            _append(pieces, value)
        elif part.strip():
            _append(pieces, (part.strip(),))
    return tuple(pieces)


def fill(said: Speech, values: Mapping[str, Speech]) -> Speech:
    """A Speech with its blanks filled. Raises KeyError for a blank that has no value."""
    pieces: list[Piece] = []
    for piece in said:
        if isinstance(piece, Blank):
            _append(pieces, (*values[piece.name], *([piece.sign] if piece.sign else [])))
        else:
            pieces.append(piece)
    return tuple(pieces)


def _append(pieces: list[Piece], more: Speech) -> None:
    """Append `more`. A comma or full stop at its start moves to the words before it."""
    for piece in more:
        if isinstance(piece, str) and pieces and (sign := re.match(r"[.,?!]+", piece)):
            last = pieces[-1]
            if isinstance(last, Blank):
                pieces[-1] = Blank(last.name, sign.group())
            elif isinstance(last, str):
                pieces[-1] = last.rstrip(".,") + sign.group()
            piece = piece[sign.end() :].strip()
            if not piece:
                continue
        pieces.append(piece)


def as_said(words: str, respelt: Mapping[str, str], write: Callable[[str, str], str] = lambda word, way: way) -> str:
    """Words as a voice should say them: 'NHS' becomes 'N H S' if config/words.yaml says so.

    `write` makes the replacement from the word and its pronunciation.
    """
    if not respelt:
        return words
    found = re.compile(r"\b(" + "|".join(map(re.escape, sorted(respelt, key=len, reverse=True))) + r")\b")
    return found.sub(lambda match: write(match[1], respelt[match[1]]), words)
