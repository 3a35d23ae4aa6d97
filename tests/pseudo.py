"""Two languages that nobody speaks, for tests: English in disguise.

`en-XA` has accents on every letter and is longer, so words that are cut, joined or left in English show. `ar-XB` is
written from right to left. Both stand for any language, and neither can be mistaken for one.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ivr.authoring import drafts, parsing
from ivr.authoring.drafts import LANGUAGE_LINES
from ivr.authoring.languagefile import LinesFile
from ivr.compiling import building, translation
from ivr.compiling.translated import Whole
from ivr.hours import Hours, Span
from ivr.language.english import English
from ivr.machine import config
from ivr.places.short_words import ShortWords
from ivr.script import Script
from ivr.spoken import Speech
from tests import small

ACCENTED = str.maketrans("abcdefghijklmnoprstuvwyz", "åƀçđéƒĝĥïĵķļɱñöþŕšţûṽŵýž")
RIGHT_TO_LEFT = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ابتثجحخدذرزسشصضطظعغفقكلمنه")
TAGS = ("en-XA", "ar-XB")
_BLANK = re.compile(r"(\{[a-z_]+\})")
#: The people who stand for each line in the tests' own config.
TRANSLATOR, CHECKER, LISTENER = "Tess Tester", "Chris Checker", "Lee Listener"
TAKE = "0badcafe"
WEEK = ("today", "tomorrow", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def lines_file() -> str:
    """The shipped English of the talk."""
    return (config.ROOT / "config" / LANGUAGE_LINES).read_text(encoding="utf-8")


def lines() -> LinesFile:
    return LinesFile.model_validate(parsing.read(lines_file(), LANGUAGE_LINES).data)


def disguised(tag: str, words: str) -> str:
    """English words as this language has them: blanks stay, and `en-XA` is longer."""
    pieces = [piece if i % 2 else _letters(tag, piece) for i, piece in enumerate(_BLANK.split(words))]
    return "".join(pieces)


def _letters(tag: str, words: str) -> str:
    if tag.startswith("ar"):
        return words.lower().translate(RIGHT_TO_LEFT)
    return (
        re.sub(r"[^\W\d]+", lambda found: f"{found[0]}{found[0][-1] * (len(found[0]) // 3)}", words)
        .lower()
        .translate(ACCENTED)
    )


def language(tag: str, *, key: str, confirmed: bool = True, **more: Any) -> dict[str, Any]:
    """A language's file, as plain values. `confirmed`: each line by three people, and an interpreter is named."""
    english = {line.name: getattr(lines().lines, line.name).says for line in ShortWords.lines()}
    name = f"Pseudo {tag}"
    words = {each: disguised(tag, says.replace("{language}", name)) for each, says in english.items()}
    units = translation.units(words, {"service_name": disguised(tag, "Small Service")}, disguised(tag, name), key[-1])
    voice = {"say_voice": "Polly.Amy-Neural", "say_language": "en-GB"} | {
        field: value for field, value in more.items() if field.startswith("say_")
    }
    made: dict[str, Any] = {}
    for each, says in english.items():
        of = says.replace("{language}", name)
        own = {unit: units[unit] for unit in sorted(translation.units_of(getattr(ShortWords, each), units))}
        print_of = translation.fingerprint(tag, each, of, words[each], own)
        made[each] = {"says": words[each], "of": of, "translated": {"by": TRANSLATOR, "on": "2026-01-05"}}
        if confirmed:
            takes = {**dict.fromkeys(own, TAKE), translation.VOICE: translation.voice_print(*voice.values())}
            made[each]["checked"] = {"by": CHECKER, "on": "2026-01-06", "of": print_of}
            made[each]["heard"] = {"by": LISTENER, "on": "2026-01-07", "of": print_of, "takes": takes}
    return {
        "language": tag, "name": disguised(tag, name), "in_english": name, "key": key,
        "switch": "on" if confirmed else "off", "interpreter": "0116 496 0800, code 12" if confirmed else "",
        **voice, "right_to_left": tag.startswith("ar"),
        "names": {"service_name": disguised(tag, "Small Service")}, "lines": made, **more,
    }  # fmt: skip


def as_yaml(file: dict[str, Any]) -> str:
    """A language's file as it stands in `config/`. JSON is YAML, but for its dates."""
    return re.sub(r'"on": "(\d{4}-\d\d-\d\d)"', r'"on": \1', json.dumps(file, ensure_ascii=False))


def files(*made: dict[str, Any], **line: object) -> dict[str, str]:
    """The files of the small line with these languages."""
    nodes = small.NODES | {"main_menu": {"kind": "menu", "choices": ["reading", "runs_on", "with_number", "more_menu"]}}
    return {**small.files(nodes, **line), **language_files(*made)}


def language_files(*made: dict[str, Any]) -> dict[str, str]:
    """The files of these languages, and of their English."""
    return {LANGUAGE_LINES: lines_file(), **{f"languages/{each['language']}.yaml": as_yaml(each) for each in made}}


def script(*made: dict[str, Any], **line: object) -> Script:
    return building.load(files(*made, **line))


def both() -> Script:
    """The small line with both, on keys 5 and 6."""
    return script(language("en-XA", key="5"), language("ar-XB", key="6"))


def written(folder: Path, *made: dict[str, Any], **line: object) -> Path:
    """A config folder of the small line with these languages."""
    for name, text in files(*made, **line).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


#: Today, for tests that confirm something.
TODAY = dt.date(2026, 11, 28)


# --- the whole line ---------------------------------------------------------------------------------


class Grammar(English):
    """English grammar in disguise: every word that it makes is disguised, and its order is that of English."""

    def __init__(self, tag: str):
        self.tag = tag
        self.digit_words = tuple(disguised(tag, word) for word in English.digit_words)
        self.closed = disguised(tag, English.closed)

    def number(self, value: int) -> str:
        return disguised(self.tag, super().number(value))

    def paragraph(self, text: str) -> str:
        return disguised(self.tag, super().paragraph(text))

    def date(self, day: dt.date, today: dt.date) -> Speech:
        return self._all(super().date(day, today))

    def day_of_year(self, day: dt.date) -> Speech:
        return self._all(super().day_of_year(day))

    def at(self, moment: dt.time) -> str:
        return disguised(self.tag, super().at(moment))

    def stretch(self, hours: Span) -> str:
        return disguised(self.tag, super().stretch(hours))

    def opening_hours(self, hours: Hours) -> str:
        return disguised(self.tag, super().opening_hours(hours))

    def press_in_order(self, press: str, then: Iterable[str]) -> str:
        return f"{press} {disguised(self.tag, 'then')} {' '.join(then)}"

    def _all(self, said: Speech) -> Speech:
        return tuple(disguised(self.tag, piece) if isinstance(piece, str) else piece for piece in said)


def whole(tag: str, files: Mapping[str, str]) -> Script:
    """A line that says everything in this language."""
    said = Whole(Grammar(tag), lambda _, words: disguised(tag, words))
    return building.build(drafts.read_draft(files), drafts.revision_of(files), whole=said)
