"""A small line for tests of the engine: every kind of node, and every line says its own name.

A test that wants to know what was said asks for the line and not for English. So staff can change every word of
`config/`, and where each key leads there, and no test of the engine notices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ivr import places
from ivr.compiling import building
from ivr.script import NEEDED_TEXTS, Script
from ivr.script.lines import Line

#: In the words of a node, its settings. `<main_menu.say>` is the line of that name.
NODES: dict[str, dict[str, Any]] = {
    "greeting": {"kind": "reading", "parts": 2, "runs_on_to": "main_menu", "person_hint": "first part"},
    "main_menu": {
        "kind": "menu",
        "choices": ["reading", "runs_on", "with_number", "more_menu", "ring_reference"],
    },
    "more_menu": {
        "kind": "menu", "choices": ["urgent", "question", "with_text", "people_menu"], "text": "text_reading",
    },
    "reading": {
        "kind": "reading", "parts": ["A hard thing.", "A harder thing.", "<reading.parts.3>"],
        "words": ["hard", "harder"], "text": "text_reading", "person_hint": "last part",
    },
    "runs_on": {"kind": "reading", "parts": 2, "runs_on_to": "question", "urgent": "today"},
    "with_number": {"kind": "reading", "parts": ["<with_number.parts.1>", "Ring {desk}.", "<with_number.parts.3>"]},
    "with_text": {"kind": "reading", "parts": 1, "text": "text_reading"},
    "urgent": {"kind": "reading", "parts": 1, "urgent": True, "next": "reading"},
    "question": {"kind": "question", "if_yes": "reading", "if_no": "urgent", "if_not_sure": "hard"},
    "hard": {"kind": "word", "listed_in": "words_menu", "next_word": "harder"},
    "harder": {"kind": "word", "listed_in": "words_menu"},
    "words_menu": {"kind": "menu", "choices": ["hard", "harder"]},
    "end_menu": {"kind": "menu", "choices": ["send_text", "ring_back", "person", "main_menu"]},
    "help_settings": {"kind": "menu", "choices": ["slower", "more_time", "words_menu", "end_menu", "pause"]},
    "people_menu": {"kind": "menu", "choices": ["person", "ring_reference"]},
}  # fmt: skip

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")
LINE: dict[str, Any] = {
    "names": {"service_name": "Small Service"},
    "phones": {"desk": "0116 496 0001", "second_desk": "0116 496 0002"}, "emails": {}, "links": {},
    "numbers": {}, "paragraphs": {}, "switches": {}, "closed_days": [],
    "opening_hours": {**dict.fromkeys(_WEEK, "09:00 to 17:00"), "saturday": "closed", "sunday": "closed"},
    "transfer": {"numbers": ["desk", "second_desk"], "ring_seconds": 20},
    "ring_back": {
        "morning": {"hours": "09:00 to 12:00", "places": 2}, "afternoon": {"hours": "12:00 to 17:00", "places": 2},
        "days_ahead": 5, "urgent_within_hours": 4, "message_keep_days": 30, "message_seconds": 60,
    },
    "pace": {
        "words_a_minute": 140, "slow_words_a_minute": 110, "before_key": 0.7, "between_choices": 1.0,
        "after_key_press": 0.8, "slow_pauses": 1.5, "each_digit": 1.0, "between_groups": 0.7,
    },
    "waiting": {
        "silence": [10, 20, 30], "more_time": 120, "between_digits": 10, "tries_at_a_place": 3, "slips_in_a_call": 4,
    },
    "speech": {
        "mode": "say", "engines": ["pyttsx3"], "natural_voice": "heart", "say_voice": "?", "say_rate": "100%",
        "say_slow_rate": "100%",
    },
}  # fmt: skip
#: Settings that the words of the line's own places say.
SETTINGS_SAID = {"person_away.number": ("opening_hours", "desk")}
TEXTS = {name: f"Words of {name}." for name in (*NEEDED_TEXTS, "text_reading")}


#: How its opening hours are said, and the number of its desk, once.
HOURS = "<hours> Monday to Friday. From nine in the morning to five in the afternoon"
NUMBER = "zero one one six, four nine six, zero zero zero one."
#: Settings with one phone for a person, where a test is not about trying the next.
ONE_PHONE = {"numbers": ["desk"], "ring_seconds": 20}


def script(nodes: Mapping[str, Any] | None = None, **line: object) -> Script:
    """The small line. `nodes` replace some of its own; what else is given replaces a setting of its line.yaml."""
    return building.load(files(nodes, **line))


def files(nodes: Mapping[str, Any] | None = None, **line: object) -> dict[str, str]:
    """Its files. JSON is YAML, but for the keys of choices and for dates, which are no text in YAML."""
    steps = {step: {line.name: _words(line) for line in lines} for step, lines in places.STEP_WORDS.items()}
    phrases = {line.name: _words(line) for line in places.Phrases.lines()}
    made = {name: _node(name, node) for name, node in {**NODES, **(nodes or {})}.items()}
    menus = json.dumps(
        {"title": "Small", "owner": "o", "source": "s", "nodes": made, "steps": steps, "phrases": phrases}
    )
    return {
        "line.yaml": json.dumps({**LINE, **line}),
        "texts.yaml": json.dumps({"texts": TEXTS}),
        "words.yaml": json.dumps({"everyday": [], "names": [], "said": {}}),
        "menus/small.yaml": re.sub(r'"([1-9])":', r"\1:", f'{{"review_by": 2030-01-01, {menus[1:]}'),
    }


def _words(line: Line) -> str:
    """A line that says its name, what only the call knows, and a setting."""
    return " ".join([f"<{line.id}>", *(f"{{{blank}}}" for blank in (*line.blanks, *SETTINGS_SAID.get(line.id, ())))])


def _node(name: str, node: dict[str, Any]) -> dict[str, Any]:
    """A node as staff write it."""
    made = {**node}
    match node["kind"]:
        case "menu":
            made |= {"say": f"<{name}.say>", "choices": dict(enumerate(map(_choice, node["choices"]), 1))}
        case "question":
            answers = {key: {"goto": node[key]} for key in ("if_yes", "if_no", "if_not_sure")}
            made |= {"ask": f"<{name}.ask>", **answers}
        case "word":
            made |= {"word": name, "means": f"<{name}.means>"}
        case "reading":
            parts = node["parts"]
            counted = [f"<{name}.parts.{i}>" for i in range(1, parts + 1)] if isinstance(parts, int) else parts
            made |= {"parts": counted, **({} if name == "greeting" else {"closing": f"<{name}.closing>"})}
            made |= {"next": _choice(node["next"])} if "next" in node else {}
    return made


def _choice(goto: str) -> dict[str, str]:
    return {"label": f"to {goto}", "goto": goto}
