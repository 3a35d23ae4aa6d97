"""Slips of the pen: a word twice in a row, signs that a voice may read wrongly, letters of other alphabets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr.check import no_words
from ivr.check.context import LINE, TEXTS, Context, Finding, Text, rule
from ivr.spoken import BLANK, unmarked

#: Punctuation that voices handle correctly.
_PLAIN_SIGNS = frozenset(" .,?!'\u2019\u2018-\u2013\u2014:;()\"\u201c\u201d\u2026")
_NO_SPACE = re.compile(r"[^\W\d_]{2,}[.,?!;:][^\W\d_]+")
_DOTTED = re.compile(r"\b(?:[A-Z]\.){2,}")


@rule("signs", "Voices guess how to read a symbol, and may guess wrongly.")
def signs(context: Context) -> Iterator[Finding]:
    for name, value in context.draft.line.names.items():
        for sign in _strange(value):
            yield Finding(LINE, ("names", name), _STRANGE.format(sign), _IN_WORDS_OR_NOT)
    for text in context.texts:
        yield from _signs_in(text)
    for name, body in context.draft.texts.texts.items():
        if found := no_words.MARKUP.search(body):
            yield Finding(TEXTS, ("texts", name), _MARKUP.format(found[0]), "Remove it.", word=found[0])


def _signs_in(text: Text) -> Iterator[Finding]:
    words = BLANK.sub("", unmarked(text.written) if text.node else text.written)
    for word in no_words.foreign_words(words):
        yield text.finding(f"'{word}' has letters of another alphabet.", "Type it again.", word=word)
    if found := no_words.MARKUP.search(words):
        yield text.finding(_MARKUP.format(found[0]), "Remove it.", word=found[0])
    words = no_words.without(words)
    for sign in _strange(words):
        yield text.finding(_STRANGE.format(sign), _IN_WORDS_OR_NOT, word=sign)
    if found := _DOTTED.search(words):
        words = f"'{found[0]}' would be read as ends of sentences."
        yield text.finding(words, "Write abbreviations without dots.", word=found[0])
    elif found := _NO_SPACE.search(words):
        words = f"A space is missing in '{found[0]}', so two words are said as one."
        yield text.finding(words, "Write it.", word=found[0])


_MARKUP = "'{}' is for web pages, and means nothing here."
#: A number with its signs, as in 50% and 31/05. Another rule reports the number, so its signs are not reported again.
_OF_A_NUMBER = re.compile(r"[^\w\s]*\d+(?:[^\w\s]+\d+)*[^\w\s.,?!]*")
_STRANGE, _IN_WORDS_OR_NOT = "A voice may read '{}' wrongly.", "Write it in words, or remove it."


def _strange(words: str) -> list[str]:
    """The characters of these words that are not plain punctuation."""
    words = _OF_A_NUMBER.sub("", words)
    return [c for c in dict.fromkeys(words) if not (c.isalnum() or c.isspace() or c in _PLAIN_SIGNS)]


#: Words that stand twice in a row in good English: "he said that that school had had a letter".
_MAY_BE_TWICE = {"had", "that"}
_TWICE = re.compile(r"\b([^\W\d_]+)\s+\1\b", re.IGNORECASE)


@rule("doubled", "A voice says both, and the caller wonders what was missed.")
def doubled(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        if found := _doubled(text.written):
            yield text.finding(_DOUBLED.format(found), "Take one out.", word=found)
    for name, body in context.draft.texts.texts.items():
        if found := _doubled(body):
            yield Finding(TEXTS, ("texts", name), _DOUBLED.format(found), "Take one out.", word=found)


_DOUBLED = "'{}' has the same word twice."


def _doubled(words: str) -> str:
    """The first two words in a row that are the same; empty if there are none."""
    return next((found[0] for found in _TWICE.finditer(words) if found[1].lower() not in _MAY_BE_TWICE), "")
