"""The map of the line: what is on it, how to get to each place, and its page."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from werkzeug.test import Client, TestResponse

from ivr.cli import commands
from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.overview import atlas
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.printing import drawing
from ivr.script import HELP, Script
from ivr.store import Store
from tests import small as small_config
from tests.line import Line

HERE = "http://127.0.0.1:8000"
OPEN = dt.datetime(2026, 11, 25, 10, 30, tzinfo=LONDON)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def small() -> Script:
    return small_config.script()


def _spot(script: Script, name: str) -> atlas.Spot:
    return next(spot for spot in atlas.of(script) if spot.id == name)


def test_every_node_is_on_the_map_once(small: Script) -> None:
    names = [spot.id for spot in atlas.of(small)]

    assert len(names) == len(set(names))
    assert set(small.nodes) <= set(names)


def test_whoever_does_what_leads_to_a_place_arrives_there(shipped: Script) -> None:
    for spot in atlas.of(shipped):
        did = atlas.way_there(shipped, spot.id, OPEN, "07700 900123")
        assert did is not None, spot.id

        phone = Caller(shipped, PracticeHandler())
        phone.ring(OPEN, "07700 900123")
        for entry in did:
            phone.do(entry)

        assert phone.turn is not None
        assert phone.turn.session.place.node == spot.id
        pressed = tuple(entry.text for entry in did if entry.text.isdigit())
        assert pressed == spot.keys


def test_a_place_that_does_not_exist_has_no_way(small: Script) -> None:
    assert atlas.way_there(small, "nowhere", OPEN, "07700 900123") is None


def test_help_is_one_key_away(small: Script) -> None:
    assert _spot(small, HELP).keys == ("9",)


def test_the_tree_has_each_place_once_and_as_deep_as_it_takes_keys(shipped: Script) -> None:
    found: dict[str, tuple[str, ...]] = {}

    def walk(branches: Iterable[atlas.Branch], keys: tuple[str, ...]) -> None:
        for branch in branches:
            assert branch.way.to not in found
            pressed = (*keys, branch.way.key) if branch.way.key else keys
            found[branch.way.to] = pressed
            walk(branch.branches, pressed)

    walk(atlas.tree(shipped), ())

    assert found == {spot.id: spot.keys for spot in atlas.of(shipped) if spot.keys is not None}


def test_words_are_found_in_any_case_and_across_line_ends(shipped: Script) -> None:
    spots = atlas.of(shipped)

    found = atlas.containing(spots, "  MEDIATION \n certificate ")

    assert found
    assert found == atlas.containing(spots, "mediation certificate")
    assert atlas.containing(spots, "no such words") == frozenset()


def test_the_picture_has_a_box_for_each_place_and_no_loose_ends(shipped: Script) -> None:
    spots = atlas.of(shipped)

    picture = ElementTree.fromstring(drawing.svg(spots))

    boxes = [group.findtext(f"{SVG}title") for group in picture.iter(f"{SVG}g") if "node" in group.get("class", "")]
    assert sorted(filter(None, boxes)) == sorted(spot.id for spot in spots)


@pytest.mark.parametrize("words", ["a < b & c", 'says "yes"', "x]]>", "<script>", "é ਪੰਜਾਬੀ", "\\N \\l {a|b}"])
def test_words_of_any_kind_stay_words_in_the_picture(words: str) -> None:
    spot = atlas.Spot("main_menu", "menu", words, (words,), (words,), (atlas.Way("1", words, "main_menu"),), (), "")

    picture = ElementTree.fromstring(drawing.svg((spot,)))

    drawn = " ".join("".join(text.itertext()) for text in picture.iter(f"{SVG}text")).replace("\u29f5", "\\")
    assert "".join(words.split()) in "".join(drawn.split())


# --- the page -------------------------------------------------------------------------------


@pytest.fixture
def here(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    with Line(dataclasses.replace(settings, public_url=HERE), store) as line:
        yield line


def _page(line: Line, query: str = "", address: str = "127.0.0.1") -> TestResponse:
    return Client(line.app).get(f"/studio/map{query}", base_url=HERE, environ_overrides={"REMOTE_ADDR": address})


def test_the_page_lists_what_the_picture_shows(here: Line, shipped: Script) -> None:
    page = _page(here)

    assert page.status_code == 200
    for spot in atlas.of(shipped):
        assert f'id="place-{spot.id}"' in page.text
        assert f'xlink:href="#place-{spot.id}"' in page.text


def test_the_page_has_the_same_as_a_tree(here: Line, shipped: Script) -> None:
    page = _page(here)

    tree = page.text.split('<details class="tree">')[1].split("</details>")[0]
    assert tree.count("<li>") == sum(spot.keys is not None for spot in atlas.of(shipped))
    assert '<details class="tree">' not in _page(here, "?words=mediation").text


def test_a_search_lists_the_places_where_the_words_are_heard(here: Line) -> None:
    page = _page(here, "?words=mediation+certificate")

    assert "is heard at" in page.text
    assert 'id="place-mediation_certificate"' in page.text or 'id="place-word_certificate"' in page.text
    assert 'id="place-greeting"' not in page.text


def test_a_search_for_nothing_that_is_said_says_so(here: Line) -> None:
    page = _page(here, "?words=%3Cscript%3E")

    assert page.status_code == 200
    assert "is heard nowhere" in page.text
    assert "“<script>”" not in page.text


def test_from_elsewhere_the_map_asks_for_a_sign_in(here: Line) -> None:
    assert _page(here, address="192.0.2.1").location == "/console/signin"


def test_a_call_from_a_place_begins_there(here: Line) -> None:
    call = {"when": "2026-11-25T10:30", "caller": "07700 900123", "did": [], "to": "mediation_menu"}

    reply = Client(here.app).post(
        "/studio/call/reply", base_url=HERE, json=call, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}
    )

    assert reply.json["place"] == "mediation_menu"
    assert reply.json["did"][0] == ["CALLER", "3"]


def test_a_call_from_a_place_that_does_not_exist_is_told(here: Line) -> None:
    call = {"when": "2026-11-25T10:30", "caller": "", "did": [], "to": "gone"}

    reply = Client(here.app).post(
        "/studio/call/reply", base_url=HERE, json=call, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}
    )

    assert reply.status_code == 400
    assert "No choice leads to 'gone'" in reply.json["problem"]


# --- the command ----------------------------------------------------------------------------


def test_the_command_draws_the_draft(tmp_path: Path) -> None:
    target = tmp_path / "line.svg"

    told = CliRunner().invoke(commands, ["map", "-o", str(target), "--find", "mediation"], catch_exceptions=False)

    assert told.output.startswith(f"Drawn in {target}: ")
    assert "'mediation' is heard at " in told.output
    picture = ElementTree.parse(target).getroot()
    assert picture.findtext(f"{SVG}title") == "Map of SENDIASS Leicester"
    names = {element.get("id") for element in picture.iter()}
    links = {link for element in picture.iter() if (link := element.get("{http://www.w3.org/1999/xlink}href"))}
    assert links
    assert {link.removeprefix("#") for link in links} <= names, "a link in the file leads to a box in it"


def test_the_command_draws_svg_only(tmp_path: Path) -> None:
    told = CliRunner().invoke(commands, ["map", "-o", str(tmp_path / "line.pdf")])

    assert "The picture is an SVG file" in str(told.exception)
    assert list(tmp_path.iterdir()) == []
