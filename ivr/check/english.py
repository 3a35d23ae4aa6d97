"""What the rules need to know about English: sentences, syllables, common words, and speaking time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from num2words import num2words

from ivr.language.english import DIGITS
from ivr.spoken import Speech, words_of

#: This many of the most common words are known to nearly everybody.
COMMON = 3000

#: Number words. Callers write them down and do not have to understand them.
NUMBERS = frozenset(
    word
    for n in (*range(101), 1000)
    for kind in ("cardinal", "ordinal")
    for word in num2words(n, lang="en", to=kind).replace("-", " ").split()
) | {"point", "hundred"}

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


def words(text: str) -> list[str]:
    """The words of a text, as written."""
    return _WORD.findall(text)


def spoken_words(text: str) -> int:
    """How many words are spoken. The digit of a key counts as a word."""
    return len(re.findall(r"[A-Za-z0-9][A-Za-z0-9'’.-]*", text))


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [part.strip() for part in re.split(r"(?<=[.?!])\s+", text) if part.strip()]


def sentence_words(sentence: str) -> int:
    """The number of words in a sentence. Single digits do not count, because callers only write them down."""
    return sum(not _is_dictated(word) for word in re.findall(r"[A-Za-z0-9'’-]+", sentence))


def _is_dictated(word: str) -> bool:
    return word.lower() in DIGITS and word.islower()


@cache
def _common() -> frozenset[str]:
    from wordfreq import top_n_list  # slow to import, and few commands need it

    return frozenset(top_n_list("en", COMMON))


def is_common(word: str) -> bool:
    """Whether a word is a number or common, or is a form of a common word."""
    return is_number(word) or any(form in _common() for form in forms(word))


def forms(word: str) -> Iterator[str]:
    """The word in lower case, and its possible base forms: 'check' for 'checks', 'stop' for 'stopped'."""
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


#: One syllable in the phonemes of hibari: a vowel, or an n that stands for one, as in "written".
_SYLLABLE = re.compile(r"[AIOQWYaiuæɑɒɔəɐɛɜɪʊʌᵊᵻ]|(?<=[tdʔ])n(?![AIOQWYaiuæɑɒɔəɐɛɜɪʊʌᵊᵻ])")


@cache
def _pronounce() -> Callable[[str], str]:
    """A function from text to phonemes. Words that are not in the dictionary give none."""
    from hibari.g2p import G2P  # takes half a second to import, and only the check needs it

    pronounce: Callable[[str], str] = G2P(oov=False)
    return pronounce


@cache
def syllables(word: str) -> int:
    """The syllables of a word as a voice would say it, or estimated from its vowels if the dictionary lacks it."""
    spelt = word.lower().replace("’", "'").strip("'-")
    # Spoken after "I", which is one syllable, so that "am" is read as the verb and not as two letters.
    heard = len(_SYLLABLE.findall(_pronounce()(f"I {spelt}"))) - 1
    if heard > 0:
        return heard
    return max(1, len(re.findall(r"[aeiouy]+", spelt)) - (spelt.endswith("e") and not spelt.endswith("le")))


def extra_syllables(sentence: str) -> int:
    """Fang's Easy Listening Formula: the number of syllables beyond the first in each word."""
    return sum(syllables(word) - 1 for word in words(sentence) if not is_number(word))


def is_number(word: str) -> bool:
    return all(part in NUMBERS for part in word.lower().split("-"))


def grade(text: str) -> float:
    """The Flesch-Kincaid grade of a text. It is meaningful only for a hundred words or more."""
    all_words, all_sentences = words(text), sentences(text)
    per_sentence = len(all_words) / max(1, len(all_sentences))
    per_word = sum(map(syllables, all_words)) / max(1, len(all_words))
    return 0.39 * per_sentence + 11.8 * per_word - 15.59


#: Seconds of separate sounds, at 140 words a minute: a digit of a telephone number; and a short phrase such as a choice
#: or its key, per phrase and per word. In a long phrase a word takes 0.43 s. These are means over the natural voice's
#: sounds of the shipped words, and reproduce their total length.
AT_WORDS_A_MINUTE, DIGIT_SECONDS, PIECE_SECONDS, SHORT_WORD_SECONDS = 140.0, 0.86, 0.9, 0.28


def seconds(said: Speech, words_a_minute: float) -> float:
    """Seconds that a Speech takes, including its pauses."""
    spoken_for = sum(piece_seconds(piece, words_a_minute) for piece in words_of(said))
    return spoken_for + sum(piece for piece in said if isinstance(piece, float))


def piece_seconds(piece: str, words_a_minute: float) -> float:
    """Seconds that one phrase takes as a separate sound."""
    if piece.rstrip(".,") in DIGITS:
        return DIGIT_SECONDS * AT_WORDS_A_MINUTE / words_a_minute
    count = spoken_words(piece)
    short = (PIECE_SECONDS + SHORT_WORD_SECONDS * count) * AT_WORDS_A_MINUTE / words_a_minute
    return max(short if count else 0.0, count * 60 / words_a_minute)
