"""The keys of the tests, which every process of a test line gets by IVR_KEYS."""

from __future__ import annotations

from ivr.machine.keys import Keys, new_words, words_in

WORDS = "names:bmFtZXMgbmFtZXMgbmFtZXMgbmFtZXMgbmFtZXMgbmE=,dmFsdWUgdmFsdWUgdmFsdWUgdmFsdWUgdmFsdWUgdmE="
KEYS = Keys(words_in(WORDS))


def other_keys() -> Keys:
    """Keys of another line."""
    return Keys(new_words())
