"""What a person can record: the prompts of a line, each with the name of its recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.places.nodes import Menu, Question, Word
from ivr.places.reading import Reading
from ivr.script import Script
from ivr.spoken import Blank, Speech

_KEY_NAMES = {"*": "star", "#": "hash"}


@dataclass(frozen=True)
class Unit:
    """One prompt to record: the file name without .wav, and the words."""

    name: str
    words: str


def units(script: Script) -> Iterator[Unit]:
    """Everything a person can record, in the order of the menus: whole prompts, but nothing assembled during a call."""
    if script.sounds:
        return (Unit(name, words) for name, words in script.sounds.items() if words)
    return _english_units(script)


def _english_units(script: Script) -> Iterator[Unit]:
    for node in script.nodes.values():
        match node:
            case Reading():
                yield from (_unit(f"{node.id}.{i}", part) for i, part in enumerate(node.parts, 1) if _fixed(part))
                if _fixed(node.closing):
                    yield _unit(f"{node.id}.closing", node.closing)
            case Word() if _fixed(node.means):
                yield _unit(node.id, node.means)
            case Question() if _fixed(node.ask):
                yield _unit(node.id, node.ask)
            case Menu() if _fixed(node.say):
                yield _unit(node.id, node.say)
        for option in node.options_written():
            if not isinstance(node, Question) and _fixed(option.label):
                yield _unit(f"{node.id}.key{option.key}", option.label)
            if _fixed(option.said_back):
                yield _unit(f"{node.id}.after{option.key}", option.said_back)
    yield from (Unit(f"press.{_KEY_NAMES.get(key, key)}", words) for key, words in script.press.items())
    yield from (Unit(f"press.{_KEY_NAMES.get(key, key)}.where", words) for key, words in script.press_where.items())
    yield from (_unit(f"line.{name}", said) for name, said in script.says.items() if _fixed(said))


def _fixed(said: Speech) -> bool:
    """Whether a Speech is one piece of fixed words."""
    return len(said) == 1 and isinstance(said[0], str) and not isinstance(said[0], Blank)


def _unit(name: str, said: Speech) -> Unit:
    return Unit(name, " ".join(piece for piece in said if isinstance(piece, str)))
