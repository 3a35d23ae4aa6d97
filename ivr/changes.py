"""What callers will hear differently: two scripts compared in words, not in YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.script import Question, Reading, Script, Word, options_of
from ivr.spoken import text_of


@dataclass(frozen=True)
class Change:
    """One difference, and everywhere it is heard."""

    before: str
    after: str
    places: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The change in words."""
        yield f"{self.places[0]}:" if len(self.places) == 1 else f"In {len(self.places)} places ({_few(self.places)}):"
        if self.before:
            yield f"    now      {self.before}"
        if self.after:
            yield f"    then     {self.after}" if self.before else f"    new      {self.after}"
        else:
            yield "    then     nothing: it is gone"


def between(live: Script, draft: Script) -> list[Change]:
    """What changes for callers when `draft` takes the place of `live`; the same change in many places once."""
    before, after = dict(_heard(live)), dict(_heard(draft))
    grouped: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for place in [*after, *(p for p in before if p not in after)]:
        old, new = before.get(place, ""), after.get(place, "")
        if old != new:
            grouped.setdefault(_kernel(old, new), []).append((place, old, new))
    return [_change(key, found) for key, found in grouped.items()]


def _change(kernel: tuple[str, str], found: list[tuple[str, str, str]]) -> Change:
    places = tuple(place for place, _, _ in found)
    if len(found) == 1:
        return Change(found[0][1], found[0][2], places)
    return Change(*kernel, places)


def _heard(script: Script) -> Iterator[tuple[str, str]]:
    """Everything that can be heard or texted, by where it is."""
    for node in script.nodes.values():
        about = script.titles.get(node.id, "")
        match node:
            case Reading():
                for i, part in enumerate(node.parts, 1):
                    yield f"{about}: {node.id}, part {i}", text_of(part)
                yield f"{about}: {node.id}, closing", text_of(node.closing)
            case Word():
                yield f"{about}: {node.id}", text_of(node.means)
            case Question():
                yield f"{about}: {node.id}", text_of(node.ask)
            case _:
                yield f"{about}: {node.id}", text_of(node.say)
        for option in options_of(node):
            keyed = f"{text_of(option.label)} press {option.key}. (leads to {option.goto})"
            yield f"{about}: {node.id}, key {option.key}", keyed
            yield f"{about}: {node.id}, after key {option.key}", text_of(option.said_back)
    yield from ((f"the line: {name}", text_of(said)) for name, said in script.says.items())
    yield from ((f"text message {name}", body) for name, body in script.texts.items())
    yield from _settings(script)


def _settings(script: Script) -> Iterator[tuple[str, str]]:
    line = script.line
    for i, notice in enumerate(script.notices, 1):
        yield f"notice {i}", f"{text_of(notice.words)} ({notice.begins} to {notice.ends})"
    yield "waiting, in seconds", ", ".join(f"{name} {value}" for name, value in line.waiting.model_dump().items())
    yield "pace", ", ".join(f"{name} {value}" for name, value in line.pace.model_dump().items())
    yield "key 0 rings", ", ".join(line.phones.get(name, name) for name in line.transfer.numbers)
    yield "voice", f"{line.speech.mode}: {', '.join(line.speech.engines)}"
    yield "switches", ", ".join(f"{name} {state}" for name, state in line.switches.items())
    yield "callers rung back in a day", _ring_back(line.ring_back.model_dump())


def _ring_back(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _kernel(old: str, new: str) -> tuple[str, str]:
    """The words that differ, without those on both sides that do not."""
    if not old or not new:
        return old, new
    a, b = old.split(), new.split()
    blocks = [op for op in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes() if op[0] != "equal"]
    first, last = blocks[0], blocks[-1]
    return " ".join(a[first[1] : last[2]]), " ".join(b[first[3] : last[4]])


def _few(places: tuple[str, ...]) -> str:
    shown = ", ".join(place.split(": ")[-1] for place in places[:3])
    return shown if len(places) <= 3 else f"{shown} and others"
