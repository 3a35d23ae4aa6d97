"""What callers will hear differently: compares two scripts in words, not in YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict

from ivr.line_settings import AfterTalk, PartOfDay, RingBackSettings
from ivr.places.nodes import Menu, Question, Word
from ivr.places.reading import Reading
from ivr.problems import counted
from ivr.script import Script
from ivr.spoken import text_of

#: Where something is heard: the id of its node (empty outside nodes), and its name there. Ids are used because titles
#: may change.
ChangedAt = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One difference, and everywhere it is heard."""

    before: str
    after: str
    places: tuple[str, ...]
    #: The nodes that these places are in.
    nodes: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The change in words."""
        yield f"{self.places[0]}:" if len(self.places) == 1 else f"In {len(self.places)} places ({_few(self.places)}):"
        if self.before:
            yield f"    now      {self.before}"
        if self.after:
            yield f"    then     {self.after}" if self.before else f"    new      {self.after}"
        else:
            yield "    then     nothing: it is removed"


class _Found(NamedTuple):
    """One place with a difference."""

    node: str
    named: str
    old: str
    new: str


def between(live: Script, draft: Script) -> list[Change]:
    """What changes for callers when `draft` replaces `live`. The same change in several places is listed once."""
    before, after = dict(_heard(live)), dict(_heard(draft))
    about = {**live.titles, **draft.titles}
    grouped: dict[tuple[str, str], list[_Found]] = {}
    for place in [*after, *(p for p in before if p not in after)]:
        old, new = before.get(place, ""), after.get(place, "")
        if old != new:
            node, name = place
            named = f"{about[node]}: {node}{name}" if node else name
            grouped.setdefault(_kernel(old, new), []).append(_Found(node, named, old, new))
    return [*(_change(key, found) for key, found in grouped.items()), *_recorded(live, draft)]


def _recorded(live: Script, draft: Script) -> Iterator[Change]:
    """Recordings that are new, changed, or of other words, as one change for each person; and those that are gone."""
    was, now = live.recorded, draft.recorded
    by: dict[str, list[str]] = {}
    for name in now:
        if name not in was or (was[name].of, was[name].take) != (now[name].of, now[name].take):
            by.setdefault(now[name].by, []).append(name)
    for who, names in by.items():
        yield Change("", f"a recording that {who} stands for", tuple(names), _nodes(names, draft))
    if gone := [name for name in was if name not in now]:
        yield Change("a recording", "a voice of the line", tuple(gone), _nodes(gone, draft))


def _nodes(names: Iterable[str], script: Script) -> tuple[str, ...]:
    found = dict.fromkeys(name.split(".")[0] for name in names)
    return tuple(name for name in found if name in script.nodes)


def _change(kernel: tuple[str, str], found: list[_Found]) -> Change:
    places = tuple(one.named for one in found)
    nodes = tuple(dict.fromkeys(one.node for one in found if one.node))
    if len(found) == 1:
        return Change(found[0].old, found[0].new, places, nodes)
    return Change(*kernel, places, nodes)


def _heard(script: Script) -> Iterator[tuple[ChangedAt, str]]:
    """Everything that can be heard or texted, and every setting that affects callers, with its place."""
    for node in script.nodes.values():
        for name, words in (*_said(node), *_led(node)):
            yield (node.id, name), words
        yield (node.id, ", its subject as advisers see it"), script.titles.get(node.id, "")
    yield from ((("", f"the line: {name}"), text_of(said)) for name, said in script.says.items())
    yield from ((("", f"text message {name}"), body) for name, body in script.texts.items())
    yield from ((("", f"how the voice says {word}"), said) for word, said in script.respelt.items())
    for tongue in script.tongues:
        yield ("", f"{tongue.in_english} is offered"), f"key {' then '.join(tongue.keys)}" if tongue.is_live else ""
        for name, words in tongue.script.sounds.items() if tongue.is_live else ():
            yield ("", f"{tongue.in_english}: {name}"), words
    yield from ((("", name), value) for name, value in _settings(script))


def _said(node: Any) -> Iterator[tuple[str, str]]:
    match node:
        case Reading():
            for i, part in enumerate(node.parts, 1):
                yield f", part {i}", text_of(part)
            yield ", closing", text_of(node.closing)
        case Word():
            yield "", text_of(node.means)
        case Question():
            yield "", text_of(node.ask)
        case Menu():
            yield "", text_of(node.say)
    for option in node.options_written():
        yield f", key {option.key}", f"{text_of(option.label)} press {option.key}. (leads to {option.goto})"
        yield f", after key {option.key}", text_of(option.said_back)


def _led(node: Any) -> Iterator[tuple[str, str]]:
    """What a node does apart from speaking."""
    if isinstance(node, Menu | Reading | Word):
        yield ", the text message about it", node.text or ""
    if isinstance(node, Word):
        yield ", the word after it", node.next_word or ""
    if isinstance(node, Reading):
        yield ", what follows at once", node.runs_on_to or ""
        yield ", 'to talk to a person' is said after part", "" if node.hint_after is None else str(node.hint_after + 1)
        yield ", the words it explains", _list(node.words)
        yield (
            ", asking to be rung back from here",
            {"": "", "urgent": "is urgent", "today": "is for today"}[node.urgent],
        )


def _settings(script: Script) -> Iterator[tuple[str, str]]:
    line = script.line
    for i, notice in enumerate(script.notices, 1):
        yield f"notice {i}", f"{text_of(notice.words)} ({notice.begins:%Y-%m-%d %H:%M} to {notice.ends:%Y-%m-%d %H:%M})"
    yield "open", ", ".join(f"{day} {hours}" for day, hours in line.opening_hours.items())
    yield "closed on", _list(line.closed_days)
    yield "open at other hours", _list(line.other_hours, "; ")
    yield "waiting, in seconds", _named({**asdict(line.waiting), "silence": _list(line.waiting.silence, " then ")})
    yield "pace", _named(asdict(line.pace))
    yield "key 0 rings", _list(line.phones.get(name, name) for name in line.transfer.numbers)
    yield "key 0 rings each, in seconds", str(line.transfer.ring_seconds)
    yield "voice", f"{line.speech.mode}: {_list(line.speech.engines)}"
    yield "voice, more of it", _named(_without(line.speech, "mode", "engines"))
    yield "switches", _named(line.switches)
    yield "callers rung back", _ring_back(line.ring_back)
    yield "a second person agrees to publications", "yes" if line.needs_approval else "no"
    yield "pages to read, at /read", line.read_page
    yield "numbers without menus", _list(line.without_menus)
    yield "phones that hear the draft", _list(line.test_phones)
    yield "who gets alerts about urgent requests", _list([*line.alerts.email_to, *filter(None, [line.alerts.webhook])])
    yield "who needs a second factor to sign in", _list(line.second_factor)
    yield "how often callers can ask to be rung", _named(asdict(line.limits.requests))
    yield "how often callers can ask for a text", _named(asdict(line.limits.texts))
    yield "a flood, in callers an hour", str(line.limits.flood_an_hour)
    yield "what Twilio may cost", _named(asdict(line.spending))
    yield "numbers that are never rung or texted", _list(line.never_ring)
    yield "what advisers can say of a talk", "; ".join(map(_question, line.after_a_talk.values()))


def _question(of: AfterTalk) -> str:
    usually = f", usually {of.answers.get(of.usually, of.usually)}" if of.usually else ""
    return f"{of.asks}: {_list(of.answers.values(), ' or ')}{usually}"


def _ring_back(of: RingBackSettings) -> str:
    def told(part: PartOfDay) -> str:
        return f"{part.hours}, {counted(part.places, 'caller')}"

    more = _named(_without(of, "morning", "afternoon"))
    return f"in the morning {told(of.morning)}; in the afternoon {told(of.afternoon)}; {more}"


def _without(settings: msgspec.Struct, *names: str) -> dict[str, object]:
    return {name: value for name, value in asdict(settings).items() if name not in names}


def _named(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value is not None)


def _list(values: Iterable[object], between: str = ", ") -> str:
    return between.join(map(str, values))


def _kernel(old: str, new: str) -> tuple[str, str]:
    """The words that differ, without the equal words before and after."""
    if not old or not new:
        return old, new
    a, b = old.split(), new.split()
    blocks = [op for op in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes() if op[0] != "equal"]
    first, last = blocks[0], blocks[-1]
    return " ".join(a[first[1] : last[2]]), " ".join(b[first[3] : last[4]])


def _few(places: tuple[str, ...]) -> str:
    shown = ", ".join(place.split(": ")[-1] for place in places[:3])
    return shown if len(places) <= 3 else f"{shown} and others"
