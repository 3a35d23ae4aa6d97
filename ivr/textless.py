"""A script for a line that cannot send texts. What cannot be done is not promised.

Whatever leads to a text is left out, and so is each sentence of a node that offers one. Such a sentence is a piece of
its own in every script, so both scripts are made of the same sounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from msgspec.structs import replace as changed

from ivr.phrases import Phrases
from ivr.places.nodes import Menu, Question
from ivr.places.reading import Reading
from ivr.script import END_MENU, Option, Place, Script
from ivr.spoken import Piece, Speech, text_of

#: The step that sends a text.
SEND_TEXT = "send_text"
#: Words that offer a text: "We can text you", "to get it by text", "for a text, or a call". A text relay is none.
_OFFER = re.compile(r"\b(?:text (?:you|it|this|that|them)|(?:by|a) text)\b(?! relay)", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.?!]*[.?!]+\s*|[^.?!]+$")


def in_pieces(words: str) -> list[str]:
    """Words of a node, with the sentences that offer a text apart from the others."""
    return ["".join(sentences) for _, sentences in groupby(_SENTENCE.findall(words), key=_offers)] or [words]


def _offers(words: Piece) -> bool:
    return isinstance(words, str) and bool(_OFFER.search(words))


def without_texts(script: Script) -> Script:
    """The same script, with no text offered in it."""
    instead = script.speech(Phrases.more_label_no_text)
    nodes = {name: _node(node, instead) for name, node in script.nodes.items()}
    says = {**script.says, Phrases.more_label.id: instead}
    return replace(script, nodes=nodes, says=says, numbers=_numbers(script), offers_texts=False)


def _node(node: Place, instead: Speech) -> Place:
    match node:
        case Menu():
            return replace(node, say=_words(node.say), options=tuple(_options(node.options, instead)))
        case Question():
            answers = (changed(each, goto=END_MENU) if each.goto == SEND_TEXT else each for each in node.options)
            return replace(node, ask=_words(node.ask), options=tuple(answers))
        case Reading():
            parts = tuple(_words(node.parts[i]) for i in _left(node)) or ((),)
            following = next(iter(_options([node.next] if node.next else [], instead)), None)
            hint = None if node.hint_after is None else min(node.hint_after, len(parts) - 1)
            return replace(node, parts=parts, closing=_words(node.closing), next=following, hint_after=hint)
    return node


def _words(said: Speech) -> Speech:
    """A Speech without the pieces that offer a text."""
    return tuple(piece for piece in said if not _offers(piece))


def _left(reading: Reading) -> list[int]:
    """Which parts of a reading say more than that there is a text."""
    return [i for i, part in enumerate(reading.parts) if _words(part)]


def _options(options: Iterable[Option], instead: Speech) -> Iterable[Option]:
    """The options that are left. One that offers a text and leads elsewhere as well is called otherwise."""
    for option in options:
        if option.goto == SEND_TEXT:
            continue
        if _OFFER.search(text_of(option.label)):
            option = changed(option, label=instead, said_back=())
        yield option


def _numbers(script: Script) -> dict[str, str]:
    """Which phone number is said where, now that some parts are gone."""
    moved = {
        f"{name}.{old}": f"{name}.{new}"
        for name, node in script.nodes.items()
        if isinstance(node, Reading)
        for new, old in enumerate(_left(node))
    }
    return {moved.get(where, where): number for where, number in script.numbers.items()}
