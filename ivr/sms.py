"""Texts as the network carries them: their alphabet, and the parts in which they are sent and billed.

A text of plain characters is in GSM-7. One character that is not in it, such as a letter of Gujarati, a Polish ł or a
curly quote, puts the whole text into UCS-2, in which a part holds less than half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Alphabet = Literal["GSM-7", "UCS-2"]
#: Characters in a text of one part, and in each part of a longer one.
ONE_PART: dict[Alphabet, int] = {"GSM-7": 160, "UCS-2": 70}
EACH_PART: dict[Alphabet, int] = {"GSM-7": 153, "UCS-2": 67}
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Characters of GSM-7 that count twice.
_EXTENDED = frozenset("^{}\\[~]|€\f")


def alphabet(words: str) -> Alphabet:
    """The alphabet in which a text is sent."""
    return "GSM-7" if _BASIC.union(_EXTENDED).issuperset(words) else "UCS-2"


def parts(words: str) -> int:
    """The parts in which a text is sent and billed. What counts twice is never divided between two parts."""
    used = alphabet(words)
    counts = [_count(used, char) for char in words]
    return 1 if sum(counts) <= ONE_PART[used] else _filled(counts, EACH_PART[used])


def _count(used: Alphabet, char: str) -> int:
    """How much room a character takes: in UCS-2, those beyond the first 65,536 count twice, such as most emoji."""
    return 2 if (char in _EXTENDED if used == "GSM-7" else ord(char) > 0xFFFF) else 1


def _filled(counts: Iterable[int], room: int) -> int:
    """How many parts these characters fill, if each part has this much room."""
    found, left = 1, room
    for count in counts:
        if count > left:
            found, left = found + 1, room
        left -= count
    return found
