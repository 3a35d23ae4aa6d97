"""All 152 facts of the leaflet, and what the law adds, are heard as they are meant.

Each fact has the words that callers hear, and words that must not stand in their place: a fact
can be there and still be told wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from ruamel.yaml import YAML

from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.places.reading import Reading
from ivr.script import TEXT_NOT_KEPT, TEXT_REPLY, TEXT_REPLY_CALL, TEXT_REPLY_CLOSED, Script
from ivr.script.session import Key, NoInput, TransferEnded
from ivr.spoken import text_of
from tests.line import OPEN, Line
from tests.walk import Way, ways

TABLE = YAML(typ="safe").load((config.ROOT / "tests" / "facts.yaml").read_text(encoding="utf-8"))
FACTS = {**TABLE["facts"], **TABLE["law"]}
HEARD = [(fact, node, words) for fact, row in FACTS.items() for node, words in row.get("heard", {}).items()]
TEXTED = [(fact, text, words) for fact, row in FACTS.items() for text, words in row.get("texted", {}).items()]


@pytest.fixture(scope="module")
def heard(shipped: Script) -> dict[str, str]:
    return _heard(shipped)


def _heard(shipped: Script) -> dict[str, str]:
    """All that is said at each node, with the turn that comes to it and each turn that leaves it."""
    said: dict[str, list[str]] = {}
    for (node, _), (_, turn) in ways(shipped, OPEN).items():
        said.setdefault(node, []).append(text_of(turn.says))
    for node in shipped.nodes.values():  # an answer's own words are said as the caller leaves
        for option in getattr(node, "options", ()):
            said.setdefault(node.id, []).append(text_of(option.said_back))
    return {node: " / ".join(lines) for node, lines in said.items()}


def test_the_table_has_every_fact() -> None:
    """F1 to F152, and the law's with their sources: each with somewhere to hear it, or a text that has it."""
    assert list(TABLE["facts"]) == [f"F{n}" for n in range(1, 153)]
    assert all(row.get("heard") or row.get("texted") for row in FACTS.values())
    assert all(row["source"] for row in TABLE["law"].values())


def test_every_fact_has_words_that_would_make_it_another() -> None:
    assert [fact for fact, row in FACTS.items() if not row.get("never")] == []


def _told_wrongly(heard: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[str]:
    """Each fact beside which its opposite, or something weaker or stronger, is said."""
    for fact, row in FACTS.items():
        places = {node: heard.get(node, "") for node in row.get("heard", {})}
        places |= {text: texts.get(text, "") for text in row.get("texted", {})}
        for words in row["never"]:
            pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
            yield from (f"{fact} at {place}: {words}" for place, said in places.items() if pattern.search(said))


def test_no_fact_is_told_wrongly(shipped: Script, heard: dict[str, str]) -> None:
    assert list(_told_wrongly(heard, shipped.texts)) == []


#: One change of each kind, as somebody might make it in good faith: the file, words there, what they become, the fact.
CHANGES = {
    "a duty made weaker": (
        "menus/mediation.yaml",
        "must be set up within",
        "should be set up within",
        "F98 at mediation_meeting: should be set up",
    ),
    "a promise made stronger": (
        "menus/getting_help.yaml",
        "We may be able to give you support of your own",
        "We will give you support of your own",
        "F30 at bring_someone: We will give you support of your own",
    ),
    "a condition dropped": (
        "menus/appeals.yaml",
        "You can appeal if a final plan changes these parts",
        "You can appeal if these parts are changed",
        "F121 at appeal_about: if these parts are changed",
    ),
    "a right made a duty": (
        "menus/disagreement.yaml",
        "You choose if you want it",
        "You must have it",
        "F64 at disagreement_what: You must have it",
    ),
    "a number changed": (
        "line.yaml",
        'number: "0116 257 5027"',
        'number: "0116 482 0870"',
        "F142 at text_us: 0116 482 0870",
    ),
    "a wrong made normal": (
        "menus/exclusion.yaml",
        "That is so even if you said yes",
        "That is called being suspended",
        "C57 at kept_out: That is called being suspended",
    ),
    "a time limit that runs for others": (
        "menus/letters.yaml",
        "You may have only {draft_days} days",
        "You have two months, not {draft_days} days",
        "C41 at letter_draft: two months",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_fact_that_is_told_wrongly_is_found(kind: str) -> None:
    file, right, wrong, told = CHANGES[kind]
    files = configfiles.script_files(config.ROOT / "config")
    assert right in files[file]
    script = building.load({**files, file: files[file].replace(right, wrong)}, config.bank_holidays())

    assert told in set(_told_wrongly(_heard(script), script.texts))


@pytest.mark.parametrize(("fact", "node", "words"), HEARD, ids=[f"{f} at {n}" for f, n, _ in HEARD])
def test_a_fact_is_heard_where_the_table_says(fact: str, node: str, words: str, heard: dict[str, str]) -> None:
    """The engine comes to the node by keys and silence alone, and says the words there."""
    assert words in heard[node], f"{fact} is not said at {node}: {heard[node]}"


@pytest.mark.parametrize(("fact", "text", "words"), TEXTED, ids=[f"{f} in {t}" for f, t, _ in TEXTED])
def test_a_fact_is_texted_where_the_table_says(fact: str, text: str, words: str, shipped: Script) -> None:
    assert words in shipped.texts[text], f"{fact} is not in {text}"


def test_every_text_is_offered_where_its_guidance_is_heard(shipped: Script) -> None:
    """No text is in the file that no caller can ask for, but the answers to somebody who texts us."""
    answers = {TEXT_REPLY, TEXT_REPLY_CLOSED, TEXT_REPLY_CALL, TEXT_NOT_KEPT}
    offered = {getattr(node, "text", None) for node in shipped.nodes.values()} | {"text_us"} | answers

    assert set(shipped.texts) - offered == set()


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
