"""Computes the state of each line of a language, and whether callers may hear it. The result is written nowhere.

A line may be heard only with a named translator, another person as checker, and a named listener, each for exactly
these words and this English, and the listener for these sounds as well. "These words" are what a caller hears: with the
name of the service, the key and the days filled in. A language may be on only when every line may be heard, and an
interpreter is named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.authoring.languagefile import LanguageFile, LinesFile, TranslatedLine
from ivr.places.short_words import DIGITS, HALVES, NEAR, ShortWords
from ivr.script.lines import Line
from ivr.spoken import BLANK

#: missing: it has no words. draft: nobody has checked them. stale: the English has changed since. changed: the words
#: have changed since they were checked. checked: it may be recorded. heard: callers may hear it.
LineState = Literal["missing", "draft", "stale", "changed", "checked", "heard"]
#: What each state means for whoever works on the language.
NEXT = {
    "missing": "to translate", "stale": "to translate again: the English has changed", "draft": "to be checked",
    "changed": "to be checked again: the words have changed", "checked": "to be recorded, and listened to",
    "heard": "done",
}  # fmt: skip
#: The blanks that are filled with names before anybody translates: the translator writes those words out.
_NAMES = ("language",)
#: The line that is not recorded by itself, but once with each of the words that fill its blanks.
WHOLE = ShortWords.will_ring
#: The name of the sound in which the language says its own name.
NAME = "name"
#: Words in the name of a translator that is no person. Drafts are marked with `machine`.
_MACHINES = {"machine", "google", "deepl", "gpt", "chatgpt"}
#: A name among the sounds of a line: what somebody heard was Twilio's voice. Its fingerprint is `voice_print`.
VOICE = "say"


@dataclass(frozen=True)
class TranslationRow:
    """One line in one language."""

    #: The tag of the language.
    tag: str
    id: str
    english: str
    when: str
    seconds: int
    #: What stands in the language's file; None if nothing does.
    translated: TranslatedLine | None
    #: What is recorded for it: the words that a caller hears, by the name of the sound.
    sounds: Mapping[str, str] = field(default_factory=dict)

    @property
    def says(self) -> str:
        return self.translated.says if self.translated else ""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of this line in this language: its English, and its words as written and as heard."""
        return fingerprint(self.tag, self.id, self.english, self.says, self.sounds)

    @property
    def state(self) -> LineState:
        found = self.translated
        if found is None:
            return "missing"
        if found.of != self.english:
            return "stale"
        if found.checked is None:
            return "draft"
        if found.checked.of != self.fingerprint:
            return "changed"
        if not _by_two(found):
            return "draft"
        return "heard" if self._is_heard(found) else "checked"

    def _is_heard(self, found: TranslatedLine) -> bool:
        """Whether a person listened, after it was checked, to these words."""
        if not (found.checked and found.heard):
            return False
        return found.heard.of == self.fingerprint and is_person(found.heard.by) and found.checked.on <= found.heard.on

    @property
    def takes(self) -> Mapping[str, str]:
        """The fingerprint of each sound that somebody has heard for these words, by its name."""
        return (
            self.translated.heard.takes if self.state == "heard" and self.translated and self.translated.heard else {}
        )


def _by_two(line: TranslatedLine) -> bool:
    """Whether two people confirmed it: whoever checked it did not translate it, and neither is a machine."""
    if not (line.translated and line.checked):
        return False
    one, other = line.translated.by, line.checked.by
    are_people = is_person(one) and is_person(other)
    return are_people and not is_same_name(one, other) and line.translated.on <= line.checked.on


def is_named(line: TranslatedLine) -> bool:
    """Whether a person is named who translated it."""
    return line.translated is not None and is_person(line.translated.by)


def is_person(name: str) -> bool:
    """Whether this can be the name of a person: not of a machine, and not only signs or single letters."""
    words = _words(name)
    return not _MACHINES.intersection(words) and words != ["ai"] and any(len(word) > 1 for word in words)


def is_same_name(one: str, other: str) -> bool:
    """Whether two names can be of one person: in another order or writing, without a first name, or with an initial.

    Two people whose names are that similar write them in full.
    """
    fewer, more = sorted((_words(one), _words(other)), key=len)
    for word in fewer:
        like = next((each for each in more if each == word), None)
        like = like or next((each for each in more if 1 in (len(each), len(word)) and each[0] == word[0]), None)
        if like is None:
            return False
        more.remove(like)
    return True


def _words(name: str) -> list[str]:
    """The words of a name, longest first: letters and their marks, however they are encoded."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(char if unicodedata.category(char)[0] in "LM" else " " for char in plain)
    return sorted(kept.split(), key=len, reverse=True)


def fingerprint(tag: str, line: str, english: str, words: str, sounds: Mapping[str, str]) -> str:
    """The fingerprint of a line in a language, its English, its words, and what is heard of them: eight hexadecimal
    digits.
    """
    heard = (f"{name}={said}" for name, said in sorted(sounds.items()))
    return hashlib.sha256("\0".join((tag, line, english, words, *heard)).encode()).hexdigest()[:8]


def rows(lines: LinesFile, language: LanguageFile) -> list[TranslationRow]:
    """Every line of the talk in this language, in the order in which callers hear them."""
    found, sounds = [], sounds_of(language)
    for line in ShortWords.lines():
        english = getattr(lines.lines, line.name)
        says = english.says.replace("{language}", language.in_english)
        own = {unit: sounds[unit] for unit in sorted(units_of(line, sounds))}
        there = language.lines.get(line.name)
        found.append(TranslationRow(language.language, line.name, says, english.when, english.seconds, there, own))
    return found


def with_words(row: TranslationRow, says: str, english: str) -> TranslationRow:
    """The same line with other words, made from this English, which nobody has confirmed."""
    return dataclasses.replace(row, translated=TranslatedLine(says=says, of=english, back=None, note=None))


def blanks(words: str) -> Counter[str]:
    """The blanks in some words, each with how often it is there."""
    return Counter(BLANK.findall(words))


def lacks(row: TranslationRow) -> list[str]:
    """The blanks that a translation has lost, added or repeated; empty if it has those of the English that it was made
    from.
    """
    wanted, there = blanks(row.translated.of if row.translated else ""), blanks(row.says)
    return sorted(name for name in {*wanted, *there} if wanted[name] != there[name])


# --- what is recorded -------------------------------------------------------------------------------


def units(lines: Mapping[str, str], names: Mapping[str, str], name: str, key: str) -> dict[str, str]:
    """Each sound of a language, by its name: what is recorded in one piece, and its words.

    `lines`: the words of each line. A line with a blank at its end is recorded up to it; the promise of a call is
    recorded whole for each day and half.
    """
    found = {NAME: name}
    digits = dict(enumerate(lines.get(digit, "") for digit in DIGITS))
    for line in ShortWords.lines():
        words = filled(lines.get(line.name, ""), names)
        if line is WHOLE:
            found |= {f"{line.name}.{day}.{half}": _promise(words, lines, day, half) for day in NEAR for half in HALVES}
        elif line is ShortWords.choose:
            found[line.name] = words.replace("{key}", digits[int(key)])
        else:
            pieces = [piece.strip() for piece in BLANK.split(words)[::2] if re.search(r"\w", piece)]
            found |= {line.name if i == 1 else f"{line.name}.{i}": piece for i, piece in enumerate(pieces, 1)}
    return found


def sounds_of(language: LanguageFile) -> dict[str, str]:
    """Each sound of a language, by its name."""
    words = {name: line.says for name, line in language.lines.items()}
    return units(words, language.names, language.name, language.key[-1])


def filled(words: str, names: Mapping[str, str]) -> str:
    """Words with the names that are known before any call."""
    return BLANK.sub(lambda found: names.get(found[1], found[0]), words)


def _promise(words: str, lines: Mapping[str, str], day: str, half: str) -> str:
    return words.replace("{day}", lines.get(day, "")).replace("{window}", lines.get(half, ""))


def units_of(line: Line, units: Iterable[str]) -> set[str]:
    """Those of these sounds that belong to a line. The name of the language belongs to its offer."""
    own = {unit for unit in units if unit.split(".")[0] == line.name}
    return own | {NAME} if line is ShortWords.choose else own


# --- whether it may be heard -------------------------------------------------------------------------


def why_not(lines: LinesFile, language: LanguageFile) -> list[str]:
    """Every reason why callers may not hear this language; empty if they may."""
    there = rows(lines, language)
    counts = Counter(row.state for row in there)
    found = [f"{counts[state]} {words}" for state, words in _NOT_YET.items() if counts[state]]
    if lost := [row.id for row in there if row.translated and lacks(row)]:
        found.append(f"{len(lost)} without the right blanks ({', '.join(lost[:3])})")
    unheard = [row for row in there if not set(row.sounds) <= set(row.takes)]
    if unheard and not is_voice_heard(there, language):
        found.append(f"{len(unheard)} with sounds that nobody has listened to")
    if not language.interpreter.strip():
        found.append("no interpreter is named")
    return found


def is_voice_heard(there: Iterable[TranslationRow], language: LanguageFile) -> bool:
    """Whether somebody has listened to every line in Twilio's voice, the one that is named now."""
    voice = voice_print(language.say_voice, language.say_language)
    return bool(language.say_voice) and all(row.takes.get(VOICE) == voice for row in there)


def voice_print(voice: str, language: str) -> str:
    """The fingerprint of a voice of Twilio's that speaks a language."""
    return hashlib.sha256(f"{voice}\0{language}".encode()).hexdigest()[:8]


_NOT_YET: dict[LineState, str] = {
    "missing": "missing", "draft": "not checked", "stale": "made from other English", "changed": "changed since",
    "checked": "not listened to",
}  # fmt: skip


# --- what a line must be ------------------------------------------------------------------------------

#: Letters that look like another script's, by the script that they are wrong in.
_LOOK_ALIKES = {
    "ARABIC": dict.fromkeys("يكه", "a letter of Arabic that Urdu writes in another way"),
    "LATIN": dict.fromkeys("şţŞŢ", "a letter with a cedilla, where Romanian has a comma"),
}


def remarks(row: TranslationRow, tag: str) -> Iterator[str]:
    """What is wrong with the words of a line in any language."""
    words = BLANK.sub("", row.says)
    if re.search("[{}]", words):
        yield "it has braces that are no blank"
    if re.search(r"\d", words):
        yield "it has figures: write how they are said"
    scripts = {_script(letter) for letter in words if letter.isalpha()} - {""}
    if len(scripts) > 1:
        yield f"it has letters of {len(scripts)} scripts: {', '.join(sorted(scripts)).lower()}"
    if row.says == row.english and len(row.english.split()) > 2:
        yield "it is still in English"
    if words != unicodedata.normalize("NFC", words):
        yield "it has an accent in two characters"
    similar = _LOOK_ALIKES["ARABIC"] if tag == "ur" else _LOOK_ALIKES["LATIN"] if tag == "ro" else {}
    yield from dict.fromkeys(f"it has {why}" for letter, why in similar.items() if letter in words)


def _script(letter: str) -> str:
    """The script of a letter, by the first word of its name; empty for a mark without one."""
    return unicodedata.name(letter, "").split(" ")[0]


__all__ = [
    "NAME",
    "NEXT",
    "VOICE",
    "LineState",
    "TranslationRow",
    "fingerprint",
    "is_named",
    "is_person",
    "is_same_name",
    "is_voice_heard",
    "lacks",
    "remarks",
    "rows",
    "sounds_of",
    "units",
    "units_of",
    "voice_print",
    "why_not",
    "with_words",
]  # fmt: skip
