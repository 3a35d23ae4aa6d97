"""Compiles each language's file into a script of its own, and into the offer of it on the English line."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ivr import spoken
from ivr.authoring.authored import LEFT_OUT, MenuNode
from ivr.authoring.drafts import LANGUAGE_LINES, LANGUAGES, Draft
from ivr.authoring.languagefile import LanguageFile
from ivr.compiling import translation
from ivr.compiling.coherence import Findings
from ivr.language.written import Written
from ivr.line_settings import SERVICE
from ivr.places import LINES
from ivr.places.changing import RingReference
from ivr.places.languages import OTHERS_KEY, Languages
from ivr.places.short_dialogue import STEPS
from ivr.places.short_words import DAYS, DIGITS, HALVES, INSTEAD, NEAR, ShortWords, will_ring
from ivr.problems import kind
from ivr.script import END_MENU, HELP, MAIN_MENU, Script, Tongue
from ivr.script.lines import Line
from ivr.spoken import Speech

#: The marks that may stand behind a blank.
_MARK = re.compile(r"(\{\w+\})[\s.,:;?!\u0964\u06d4\u061f\u060c]+$")
_NO_ENGLISH = kind("missing-language-lines", "The English of the talk is missing.", "Put languages/lines.yaml back.")
_NAME_OF_FILE = kind("language-file-name", "This file is about '{tag}'.", "Name it {tag}.yaml, or correct the tag.")
_ITS_OWN = kind("language-of-the-line", "English is the line's own language.", "Remove this file.")
_UNKNOWN_LINE = kind("unknown-line", "There is no line '{name}'.", "Remove it, or correct its name.")
_BLANK = kind(
    "blank-of-line", "{{{name}}} is not as often in these words as in the English.",
    "Write each blank of the English once, in Latin letters and braces.",
)  # fmt: skip
_KEY_TAKEN = kind("language-key", "Key {key} is {other}'s too.", "Give each language a key of its own.")
_KEY_IN_MENU = kind(
    "language-key-in-menu", "Key {key} is {language}'s, a choice of the first menu has it, and no menu has room.",
    "Make room in the last menu, or in help and settings, or move that choice.",
)  # fmt: skip
_NOT_READY = kind(
    "language-not-ready", "{language} is switched on, and callers may not hear it yet: {why}.",
    "Finish that (`ivr translate status`), or write `switch: off`.",
)  # fmt: skip
_NO_NAME = kind("language-names", "The name of the service is missing.", "Write names: service_name, as it is spoken.")


def compiled(draft: Draft, base: Script, found: Findings) -> Script:
    """The line's script with its languages. Drafts are in it only if line.yaml names test phones, which hear them."""
    lines = draft.language_lines
    if not draft.languages:
        return base
    if lines is None:
        found.report(_NO_ENGLISH(), LANGUAGE_LINES, ())
        return base
    tongues = [
        tongue for file, language in draft.languages.items() for tongue in _tongue(draft, base, found, file, language)
    ]
    _check_keys(draft, found, tongues)
    heard = (tongue for tongue in tongues if tongue.is_live or base.line.test_phones)
    return offering(base, tuple(sorted(heard, key=lambda tongue: tongue.keys)))


def offering(base: Script, tongues: tuple[Tongue, ...]) -> Script:
    """A script that offers these languages, and no others."""
    live_last = sorted(tongues, key=lambda tongue: tongue.is_live)  # if a draft has the same words, the live one counts
    foreign = {words: t.tag for t in live_last for said in (t.choose, t.name) for words in spoken.words_of(said)}
    return dataclasses.replace(base, tongues=tongues, foreign=MappingProxyType(foreign))


def keys_given_up(draft: Draft, found: Findings) -> dict[str, Any]:
    """Every node of staff's by its name, after choices of the first menu gave up their keys to languages.

    If a language that is on has the key of a choice, the choice moves to a free key of the first menu. If there is
    none, it moves to another menu: the change of a promised call to help and settings, directly behind key 9, because
    its keys are told to everybody who is promised a call; any other choice to the last menu.
    """
    nodes = {node_id: node for _, _, node_id, node in draft.nodes()}
    on = {int(each.key[0]): (file, each) for file, each in draft.languages.items() if each.switch == "on"}
    for key, (file, language) in sorted(on.items()):
        first = nodes.get(MAIN_MENU)
        if not isinstance(first, MenuNode) or key not in first.choices:
            continue
        choice = first.choices[key]
        rest = {other: each for other, each in first.choices.items() if other != key}
        nodes[MAIN_MENU] = first.model_copy(update={"choices": rest})
        homes = (MAIN_MENU, HELP) if choice.goto == RingReference.id else (MAIN_MENU, END_MENU)
        home = next((name for name in homes if _free_key(name, nodes, on)), None)
        if home is None:
            found.report(_KEY_IN_MENU(key=key, language=language.in_english), file, ("key",))
            continue
        choices = {**nodes[home].choices, _free_key(home, nodes, on): choice}
        nodes[home] = nodes[home].model_copy(update={"choices": choices})
    return nodes


def _free_key(name: str, nodes: Mapping[str, Any], on: Container[int]) -> int | None:
    """A key of a menu that is free; None if there is none. In the first menu, the last one that no language has."""
    menu, keys = nodes.get(name), range(1, int(OTHERS_KEY))
    if not isinstance(menu, MenuNode):
        return None
    if name == MAIN_MENU:
        return next((key for key in reversed(keys) if key not in menu.choices and key not in on), None)
    return next((key for key in keys if key not in menu.choices), None)


def _check_keys(draft: Draft, found: Findings, tongues: list[Tongue]) -> None:
    """Report keys that two languages have."""
    files = {language.language: file for file, language in draft.languages.items()}
    by_key: dict[str, Tongue] = {}
    for tongue in tongues:
        where = files[tongue.tag]
        if tongue.keys in by_key:
            found.report(_KEY_TAKEN(key=tongue.keys, other=by_key[tongue.keys].in_english), where, ("key",))
        by_key.setdefault(tongue.keys, tongue)


def _tongue(draft: Draft, base: Script, found: Findings, file: str, language: LanguageFile) -> Iterator[Tongue]:
    lines = draft.language_lines
    assert lines
    if file != f"{LANGUAGES}{language.language}.yaml":
        found.report(_NAME_OF_FILE(tag=language.language), file, ("language",))
    if language.language == base.language:
        found.report(_ITS_OWN(), file, ("language",))
    if SERVICE not in language.names:
        found.report(_NO_NAME(), file, ("names",))
    known = {line.name for line in ShortWords.lines()}
    for name in language.lines.keys() - known:
        found.report(_UNKNOWN_LINE(name=name), file, ("lines", name))
    for row in translation.rows(lines, language):
        if row.translated and row.says != LEFT_OUT:
            for blank in translation.lacks(row):
                found.report(_BLANK(name=blank), file, ("lines", row.id, "says"))
    why = translation.why_not(lines, language)
    is_live = language.switch == "on"
    if is_live and why:
        found.report(_NOT_READY(language=language.in_english, why="; ".join(why)), file, ("switch",))
    is_said = all(line.id in base.says for line in Languages.lines())  # otherwise the draft is refused
    if is_said and language.lines.keys() >= known:
        there = translation.rows(lines, language)
        takes = {name: take for row in there for name, take in row.takes.items() if name in row.sounds}
        is_voice_heard = translation.is_voice_heard(there, language)
        yield tongue(base, language, takes, is_live=is_live and not why, is_voice_heard=is_voice_heard)


def tongue(
    base: Script, language: LanguageFile, takes: Mapping[str, str], *, is_live: bool, is_voice_heard: bool
) -> Tongue:
    """A complete language, with the script of a call in it."""
    words = {name: spoken_line.says for name, spoken_line in language.lines.items()}
    keys = language.key.replace(" ", "")
    units = translation.sounds_of(language)
    english = translation.units(
        {name: each.of for name, each in language.lines.items()}, base.line.names, language.in_english, keys[-1]
    )
    meanings = {said: english.get(unit, unit) for unit, said in units.items() if said}
    grammar = Written(
        language.language, tuple(words[digit] for digit in DIGITS), tuple(words[day] for day in DAYS),
        words["today"], words["tomorrow"],
    )  # fmt: skip
    to_english = _with_key(base, base.speech(Languages.to_english), "9")
    draft = base.speech(Languages.draft)
    script = Script(
        revision=base.revision,
        line=base.line,
        respelt={},
        nodes={},
        steps=STEPS,
        values={},
        says={**_says(words, language.names, units), Languages.to_english.id: to_english, Languages.draft.id: draft},
        numbers={},
        titles={},
        texts={},
        hours=base.hours,
        notices=(),
        diary=base.diary,
        grammar=grammar,
        press={},
        press_where={},
        ours=base.ours,
        offers_texts=False,
        foreign=dict.fromkeys(spoken.words_of((*to_english, *draft)), base.language),
        sounds=MappingProxyType(units),
        takes=MappingProxyType(takes),
        in_english=language.in_english,
        meanings=MappingProxyType(meanings),
        draft_voice="" if is_live else language.voice,
    )
    whisper = spoken.speech(_template(base, Languages.whisper), {"language": language.in_english})
    return Tongue(
        tag=language.language,
        in_english=language.in_english,
        keys=keys,
        choose=_speech(units[ShortWords.choose.name]),
        name=_speech(units[translation.NAME]),
        is_live=is_live,
        script=script,
        interpreter=language.interpreter.strip(),
        whisper=whisper,
        numbers=tuple(language.numbers),
        say_voice=language.say_voice,
        say_language=language.say_language,
        is_voice_heard=is_voice_heard,
    )


def _template(base: Script, line: Line) -> str:
    return " ".join(f"{{{p.name}}}{p.sign}" if isinstance(p, spoken.Blank) else str(p) for p in base.speech(line))


def _with_key(base: Script, label: Speech, key: str) -> Speech:
    return (*label, base.line.pace.before_key, base.press[key])


def _says(words: Mapping[str, str], names: Mapping[str, str], units: Mapping[str, str]) -> dict[str, Speech]:
    """What each line of the program says in this language. What has no words in it is silent."""
    said = {line.id: _with_blanks(translation.filled(words[line.name], names)) for line in ShortWords.lines()}
    said[ShortWords.will_ring.id] = ()
    said[ShortWords.choose.id] = _speech(units[ShortWords.choose.name])
    whole = {
        will_ring(day, half): _speech(units[f"{ShortWords.will_ring.name}.{day}.{half}"])
        for day in NEAR
        for half in HALVES
    }
    instead = {english.id: said[line.id] for english, line in INSTEAD.items()}
    return {**dict.fromkeys(LINES, ()), **said, **whole, **instead}


def _with_blanks(words: str) -> Speech:
    """Words around what a call fills in. A mark behind a blank is left out: each digit has one sound."""
    return spoken.speech(_MARK.sub(r"\1", words), {})


def _speech(words: str) -> Speech:
    return (words,) if words else ()
