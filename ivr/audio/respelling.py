"""How each voice is asked to say the words that it says badly. Callers hear it; nobody reads it.

config/words.yaml has what staff decide for every voice, such as spelling NHS. What is here depends on the voice alone,
so it is part of the program. A respelling is listed only if the recogniser of `scripts/ear` hears the word more often
with it. The comment beside each says how many times in ten the word was heard without it and with it. It was said up to
twenty-three times.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache

#: By engine, what is said for each word.
BY_ENGINE: Mapping[str, Mapping[str, str]] = {
    "pyttsx3": {
        "E H C": "E H [[ss'i:]]",  # 0 and 10: a telephone loses the hiss, and C was heard as G
        "appeal": "[[a#p'i:@l]]",  # 6 and 8, beside "appeeal" in 23 sayings; it was heard as "a feel" and "a video"
        "appeals": "appeels",  # 7 and 10
        "disagreement": "[[d,Is@gr'i:m@nt]]",  # 5 and 8: it was heard as "this agreement"
        "draft": "[[ddr'aft]]",  # 4 and 10: it was heard as "left" or "rough"
        # As config/words.yaml has it said. 0 and 5, in four sayings: it was heard as "checkout". Of thirteen ways
        # tried, none does better, so what a SENCO is stands beside it.
        "sen-coe": "[[ss'En: k'oU]]",
    },
}


def for_engine(engine: str, words: str) -> str:
    """Words as this voice is asked to say them."""
    known = BY_ENGINE.get(engine, {})
    return _pattern(engine).sub(lambda found: known[found[1]], words) if known else words


def fingerprint(engine: str) -> str:
    """A part of the names of its sounds: another respelling is another sound."""
    known = BY_ENGINE.get(engine)
    return f" {hashlib.sha256(repr(sorted(known.items())).encode()).hexdigest()[:8]}" if known else ""


@cache
def _pattern(engine: str) -> re.Pattern[str]:
    return re.compile(r"\b(" + "|".join(map(re.escape, sorted(BY_ENGINE[engine], key=len, reverse=True))) + r")\b")
