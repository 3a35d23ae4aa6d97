"""All 152 facts of the leaflet are reachable, in the words the line really says."""

from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from ivr import config
from ivr.script import Reading, Script
from ivr.session import Key, NoInput, TransferEnded
from ivr.spoken import text_of
from tests.line import OPEN, Line
from tests.walk import Way, ways

FACTS: dict[str, dict[str, dict[str, str]]] = YAML(typ="safe").load(
    (config.ROOT / "tests" / "facts.yaml").read_text(encoding="utf-8")
)["facts"]
HEARD = [(fact, node, words) for fact, row in FACTS.items() for node, words in row.get("heard", {}).items()]
TEXTED = [(fact, text, words) for fact, row in FACTS.items() for text, words in row.get("texted", {}).items()]


@pytest.fixture(scope="module")
def heard(shipped: Script) -> dict[str, str]:
    """All that is said at each node, with the turn that comes to it and each turn that leaves it."""
    said: dict[str, list[str]] = {}
    for (node, _), (_, turn) in ways(shipped, OPEN).items():
        said.setdefault(node, []).append(text_of(turn.says))
    for node in shipped.nodes.values():  # an answer's own words are said as the caller leaves
        for option in getattr(node, "options", ()):
            said.setdefault(node.id, []).append(text_of(option.said_back))
    return {node: " / ".join(lines) for node, lines in said.items()}


def test_the_table_has_every_fact() -> None:
    """F1 to F152, each with somewhere to hear it or a text that has it."""
    assert list(FACTS) == [f"F{n}" for n in range(1, 153)]
    assert all(row.get("heard") or row.get("texted") for row in FACTS.values())


@pytest.mark.parametrize(("fact", "node", "words"), HEARD, ids=[f"{f} at {n}" for f, n, _ in HEARD])
def test_a_fact_is_heard_where_the_table_says(fact: str, node: str, words: str, heard: dict[str, str]) -> None:
    """The engine comes to the node by keys and silence alone, and says the words there."""
    assert words in heard[node], f"{fact} is not said at {node}: {heard[node]}"


@pytest.mark.parametrize(("fact", "text", "words"), TEXTED, ids=[f"{f} in {t}" for f, t, _ in TEXTED])
def test_a_fact_is_texted_where_the_table_says(fact: str, text: str, words: str, shipped: Script) -> None:
    assert words in shipped.texts[text], f"{fact} is not in {text}"


def test_every_text_is_offered_where_its_guidance_is_heard(shipped: Script) -> None:
    """No text is in the file that no caller can ask for, but those of parts that are switched off."""
    offered = {getattr(node, "text", None) for node in shipped.nodes.values()} | {"text_us"}

    assert set(shipped.texts) - offered == {"text_county"}


def test_every_node_can_be_come_to(shipped: Script) -> None:
    reached = {node for node, _ in ways(shipped, OPEN)}

    assert set(shipped.nodes) - reached == {"end_menu"} - reached


def test_every_part_of_every_reading_is_said(shipped: Script) -> None:
    reached = set(ways(shipped, OPEN))

    for node in shipped.nodes.values():
        if isinstance(node, Reading):
            assert {(node.id, part) for part in range(len(node.parts))} <= reached


def test_a_phone_can_come_to_all_of_them(line: Line, shipped: Script) -> None:
    """Signed webhooks, over the real app, come to every node that holds a fact and hear its words."""
    places = ways(shipped, OPEN)
    for number, node in enumerate(sorted({node for _, node, _ in HEARD})):
        last = max(part for place, part in places if place == node)
        said = _said_on_the_way(line, places[(node, last)][0], f"CA{number:032}")
        for fact, place, words in HEARD:
            if place == node and words not in _answers(shipped, node):
                assert words in said, f"{fact} is not heard at {node} by phone"


def _said_on_the_way(line: Line, way: Way, sid: str) -> str:
    call = line.call(sid=sid)
    said = [call.words]
    for event in way:
        match event:
            case Key(keys):
                call.put_in(Digits=keys)
            case TransferEnded():
                call.put_in(DialCallStatus="busy")
            case NoInput():
                call.put_in()
        said.append(call.words)
    return re.sub(r"\s+", " ", " / ".join(said))


def _answers(script: Script, node: str) -> str:
    options = getattr(script.nodes.get(node), "options", ())
    return " ".join(text_of(option.said_back) for option in options)
