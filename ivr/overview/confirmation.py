"""What the service has not confirmed, and where callers meet it.

The leaflet's numbers and addresses stay until somebody at the service confirms or replaces them. A wrong
number can cost a family its appeal, so each unconfirmed setting is listed with the keys that lead callers
to it and the number of texts that contain it. A confirmation holds for one value: settings and words that are
changed afterwards are not confirmed any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.authoring.drafts import LINE, TEXTS, WORDS, Draft
from ivr.authoring.linefile import LineFile
from ivr.authoring.parsing import Path
from ivr.overview import atlas
from ivr.problems import counted
from ivr.script import Script

#: Settings that affect callers without being spoken.
_ELSEWHERE: Mapping[Path, str] = {
    ("opening_hours",): "whether key 0 rings anybody, and when callers are told to ring again",
    ("ring_back",): "when callers are promised to be rung back",
    ("spending",): "when texts stop, and calls by one click",
}
#: At most this many places are listed in full, those with the fewest keys first.
MOST_WAYS = 3


@dataclass(frozen=True)
class Unconfirmed:
    """A setting that nobody at the service has confirmed."""

    #: Its name, as `ivr confirm` takes it.
    name: str
    value: str
    #: Where it stands in line.yaml.
    line: int
    #: Where callers hear or receive it.
    met: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}, {self.value}: {'; '.join(self.met) or 'nowhere yet'}"


def unconfirmed(draft: Draft, script: Script) -> list[Unconfirmed]:
    """All unconfirmed settings, in the order of line.yaml."""
    ways, document = _ways(script), draft.documents["line.yaml"]
    found = [
        Unconfirmed(path[-1], setting.value, document.where(path).line, tuple(_met(draft, script, path, ways)))
        for path, setting in draft.line.to_confirm().items()
        if not setting.is_confirmed and isinstance(path[-1], str)
    ]
    return sorted(found, key=lambda one: one.line)


def _met(draft: Draft, script: Script, path: Path, ways: Mapping[str, str]) -> Iterator[str]:
    """Where callers hear or receive a setting."""
    if path in _ELSEWHERE:
        yield _ELSEWHERE[path]
    name, blank = path[-1], f"{{{path[-1]}}}"
    if name in script.line.transfer.numbers:
        yield "key 0 rings it"
    said = [node for _, _, node, authored in draft.nodes() if blank in str(authored) and node in ways]
    yield from (f"said at {node} ({ways[node]})" for node in sorted(said, key=lambda node: len(ways[node]))[:MOST_WAYS])
    if len(said) > MOST_WAYS:
        yield f"and at {len(said) - MOST_WAYS} more"
    steps = {field.partition(".")[0] for field in _fields_of_steps(draft, blank)}
    yield from (f"said at {step}" for step in sorted(steps))
    if texts := sum(blank in body for body in draft.texts.texts.values()):
        yield f"in {counted(texts, 'text')}"


def _fields_of_steps(draft: Draft, blank: str) -> Iterator[str]:
    for menu in draft.menus.values():
        for step, words in (menu.steps.model_dump() if menu.steps else {}).items():
            yield from (f"{step}.{field}" for field, text in words.items() if blank in text)


def _ways(script: Script) -> dict[str, str]:
    """How each place is reached, in words: 'keys 4, 3, 3'."""
    keys = {place: atlas.keys_of(way) for place, way in atlas.ways(script).items()}
    return {place: f"keys {', '.join(pressed)}" if pressed else "at once" for place, pressed in keys.items()}


def names(line: LineFile) -> dict[str, Path]:
    """The path of every setting that can be confirmed, by its name."""
    return {path[-1]: path for path in line.to_confirm() if isinstance(path[-1], str)}


def in_words(script: Script) -> str:
    """One sentence for the start-up output; empty when everything is confirmed."""
    waiting = script.line.unconfirmed
    if not waiting:
        return ""
    return (
        f"{counted(waiting, 'setting')} that the service must confirm {'is' if waiting == 1 else 'are'} not confirmed: "
        "numbers, addresses, hours, promises and prices. `ivr check` lists them."
    )


# --- the words ----------------------------------------------------------------------------------

#: The parts of each file that are words, or settings that are said in words. Notices are left out, because they are
#: temporary; phones, addresses and hours, because they are confirmed one by one.
_WORDS_IN = {
    LINE: ("names", "numbers", "paragraphs", "switches", "sentences"),
    TEXTS: ("texts",),
    WORDS: ("said",),
}
_WORDS_IN_MENUS = ("nodes", "steps", "phrases")


def are_words_confirmed(draft: Draft) -> bool:
    """Whether somebody at the service has read and confirmed the words of a draft as they are now."""
    line = draft.line
    return bool(line.content_checked_on) and line.content_checked_as == fingerprint(draft)


def fingerprint(draft: Draft) -> str:
    """The fingerprint of all the words of a draft. It changes with every word, and with where a key leads."""
    found = {
        f"{file}: {part}": _without_waivers(document.data[part])
        for file, document in draft.documents.items()
        for part in _WORDS_IN.get(file, _WORDS_IN_MENUS)
        if document.data and part in document.data
    }
    return hashlib.sha256(json.dumps(found, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _without_waivers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _without_waivers(each) for name, each in value.items() if name != "allow"}
    return value
