"""Compares what was said with what was heard, word by word."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from num2words import num2words

from tests.ear.documents import occurs, tokens

#: Ways to write what was said that are no mistakes of hearing. Nobody who writes down these names knows them, and the
#: recogniser has only the sound of the others.
SAME = {
    "cannot": "can not", "alright": "all right", "okay": "ok", "advisor": "adviser", "advisors": "advisers",
    "head teacher": "headteacher", "key pad": "keypad", "e mail": "email", "web site": "website",
    "right": "write",  # they sound the same: "we can help you right"
    "reassessment": "re assessment", "send co": "senco", "senko": "senco", "sen co": "senco", "senkou": "senco",
    "sendai as": "sendiass", "send eye ass": "sendiass", "send i ask": "sendiass", "send i s": "sendiass",
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """How often a word was said, and how often it was heard."""

    said: int
    heard: int

    @property
    def of_ten(self) -> float:
        return 10 * self.heard / self.said if self.said else 0.0


def plain(text: str) -> list[str]:
    """The words of a text in one way of writing: numbers in words, spelled letters apart."""
    text = re.sub(r"\b(\d{3,})\b", lambda found: " ".join(found[1]), text.replace("%", " percent"))
    text = re.sub(r"\d+", lambda found: f" {num2words(int(found[0])).replace('-', ' ')} ", text)
    text = re.sub(r"\b([A-Za-z])[.-](?=[A-Za-z]\b)", r"\1 ", text)
    words = " ".join(tokens(text.replace("'s", "s").replace("’", "'")))
    for found, meant in SAME.items():
        words = re.sub(rf"\b{found}\b", meant, words)
    return words.split()


def score(word: str, said: Mapping[str, str], heard: Mapping[str, str]) -> Score:
    """How often a word was heard where it was said."""
    wanted, total, right = plain(word), 0, 0
    for name, text in said.items():
        meant, found = plain(text), plain(heard[name])
        matched = _matched(meant, found)
        for begin in occurs(wanted, meant):
            total += 1
            right += all(i in matched for i in range(begin, begin + len(wanted)))
    return Score(total, right)


def _matched(meant: Sequence[str], found: Sequence[str]) -> set[int]:
    """The positions of the words that were heard as they were meant."""
    blocks = SequenceMatcher(a=meant, b=found, autojunk=False).get_matching_blocks()
    return {i for block in blocks for i in range(block.a, block.a + block.size)}


def errors(said: Mapping[str, str], heard: Mapping[str, str]) -> float:
    """The share of all words that were not heard."""
    pairs = [(plain(text), plain(heard[name])) for name, text in said.items()]
    return 1 - sum(len(_matched(*pair)) for pair in pairs) / sum(len(meant) for meant, _ in pairs)
