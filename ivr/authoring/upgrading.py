"""Rewrites the files of an older version of the line where their shape must change. All other characters stay.

Words that are only missing are not written here: the line uses its own until staff write them (`stand_ins.py`). What
the rules find in older words is for people to decide, and `ivr check` lists it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ivr.authoring import editing, parsing
from ivr.authoring.drafts import MENUS
from ivr.authoring.fitting import CHOICE_KEYS
from ivr.authoring.menufile import GONE, RETIRED
from ivr.places.changing import RingReference
from ivr.script import MAIN_MENU

#: The choice that changes a promised call, which every line has in its first menu since 1.5.
_CHANGE = f'{{label: "To change a promised call", goto: {RingReference.id}, said_back: "Changing a promised call."}}'
#: A row of keys written by hand, as the words about changing a call had it up to 1.4.
_ROW = re.compile(
    r"\bPress \w+(?:, (?:(?:and )?then )?\w+)+\.(?: Each time, wait for my voice\.)?(?= |$)", re.IGNORECASE
)
_KEY = re.compile(r"\bpress (?:zero|star|hash|one)(?=[.?!]|$)", re.IGNORECASE)


def upgraded(files: Mapping[str, str]) -> dict[str, str]:
    """The files of `config/` in the shape of this version. A file that YAML cannot read stays as it is."""
    return {**files, **{name: _menu_file(text) for name, text in files.items() if _is_menu_file(name, text)}}


def _is_menu_file(name: str, text: str) -> bool:
    return name.startswith(MENUS) and not parsing.read(text, name).problems


def _menu_file(text: str) -> str:
    return _with_change(_with_keys_by_name(_without_gone(text)))


def _without_gone(text: str) -> str:
    """The file without words of built-in steps that the line no longer says."""
    for step, fields in _block(text, "steps").items():
        is_whole = step in GONE and not GONE[step]
        gone = {*GONE.get(step, ()), *RETIRED.get(step, ())}
        if is_whole or (gone and isinstance(fields, dict) and gone.issuperset(fields)):
            text = editing.without(text, ("steps", step))
        elif isinstance(fields, dict):
            for field in sorted(gone.intersection(fields)):
                text = editing.without(text, ("steps", step, field))
    return text


def _with_keys_by_name(text: str) -> str:
    """The file with blanks such as {press_zero} in the words of the steps, instead of keys that are written by hand."""
    for step, fields in _block(text, "steps").items():
        for name, words in fields.items() if isinstance(fields, dict) else ():
            new = _KEY.sub(_by_name, _ROW.sub("Then {press_change}.", words)) if isinstance(words, str) else words
            if new != words:
                text = editing.with_value(text, ("steps", step, name), editing.quoted(new))
    return text


def _by_name(found: re.Match[str]) -> str:
    return f"{{press_{found[0].split()[1].lower()}}}"


def _with_change(text: str) -> str:
    """The file with the change of a promised call as the last choice of the first menu, if a key is free."""
    main = _block(text, "nodes").get(MAIN_MENU)
    choices = main.get("choices") if isinstance(main, dict) else None
    if not isinstance(choices, dict) or not choices or not all(isinstance(each, dict) for each in choices.values()):
        return text
    key = max(choices) + 1
    if key not in CHOICE_KEYS or RingReference.id in {choice.get("goto") for choice in choices.values()}:
        return text
    return editing.with_value(text, ("nodes", MAIN_MENU, "choices", key), _CHANGE)


def _block(text: str, name: str) -> dict[str, Any]:
    """A block of a file, by its name; nothing if there is none."""
    data = parsing.read(text, "").data
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}
