"""Where callers give up: what is counted of real calls, and the pages that show it."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from ivr.authoring import drafts
from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.overview import atlas
from ivr.practice.transcript import SILENT
from ivr.reporting import dropoff
from ivr.reporting.dropoff import TOO_FEW, Footfall
from ivr.script import Script
from ivr.store import Published, Store, StoreDown
from tests.line import CALLER, Call, Line
from tests.redis_server import RedisServer, soon
from tests.sealed import KEYS

HERE = "http://127.0.0.1:8000"
PAGE, TABLE = "/studio/drop-off", "/studio/drop-off.csv"


@pytest.fixture
def line(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    """A line on this machine alone, where its pages can be seen."""
    with Line(dataclasses.replace(settings, public_url=HERE), store) as line:
        yield line


@dataclass
class Away:
    """A line with a Redis of its own, which can stop."""

    line: Line
    redis: RedisServer


@pytest.fixture
def away(settings: Settings, files: dict[str, str], tmp_path: Path) -> Iterator[Away]:
    with RedisServer(tmp_path / "own") as server:
        store = Store(server.url, KEYS)
        store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", "for the tests"), files)
        with Line(dataclasses.replace(settings, redis_url=server.url, public_url=HERE), store) as line:
            yield Away(line, server)
        store.close()


def _counted(line: Line) -> dict[str, Footfall]:
    line.app.tally.write()
    day = line.now.astimezone(LONDON).date()
    return {each.place: each for each in dropoff.by_place(line.store.dropoff.of(day, day))}


def _hang_up(call: Call) -> None:
    call.line.now += dt.timedelta(seconds=4)
    call.line.post("/voice/status", {**call.form, "CallStatus": "completed", "CallDuration": "30"})


def test_a_call_counts_its_visits_its_keys_and_its_seconds(line: Line) -> None:
    call = line.call().press("2")
    first, second = "greeting", call.place

    call.press("#").press("*")

    seen = _counted(line)
    assert seen[first].visits >= 1
    assert (seen[second].visits, seen[second].again, seen[second].back) == (1, 1, 1)
    assert seen[second].seconds == 10  # the hash and the star, five seconds each
    assert not seen[second].troubled


def test_silence_and_unused_keys_are_trouble_once_in_a_visit(line: Line) -> None:
    call = line.call().press("2")
    asked = call.place

    call.press("7").press("7")

    seen = _counted(line)[asked]
    assert (seen.no_match, seen.troubled, seen.visits) == (2, 1, 1)
    assert seen.trouble == 1.0


def test_hanging_up_at_a_question_with_nothing_got_is_trouble(line: Line) -> None:
    call = line.call().press("2")
    asked = call.place

    _hang_up(call)

    seen = _counted(line)[asked]
    assert (seen.hung_up, seen.troubled) == (1, 1)


def test_hanging_up_after_guidance_is_not_trouble(line: Line, shipped: Script) -> None:
    call = _at_guidance(line, shipped)
    told = call.place

    _hang_up(call)

    seen = _counted(line)[told]
    assert (seen.hung_up, seen.troubled) == (1, 0)


def _at_guidance(line: Line, script: Script) -> Call:
    """A call that hears the guidance with the fewest keys before it."""
    spot = next(each for each in atlas.of(script) if each.kind == "guidance" and each.keys)
    call = line.call()
    for entry in atlas.way_there(script, spot.id, line.now, CALLER) or ():
        call = call.wait() if entry.text == SILENT else call.press(entry.text)
    assert call.place == spot.id
    return call


def test_a_webhook_that_comes_twice_counts_once(line: Line) -> None:
    call = line.call()
    again = call.action
    call.press("2")

    line.post(again, {**call.form, "Digits": "2", "FinishedOnKey": ""})

    assert _counted(line)[call.place].visits == 1


def test_what_is_kept_leads_to_no_caller(line: Line, store: Store, shipped: Script) -> None:
    line.call().press("2")
    line.app.tally.write()

    day = line.now.astimezone(LONDON).date()
    names = store.redis.do(lambda client: client.hgetall(f"ivr:dropoff:{day}"))

    assert names
    assert all(name.decode().partition(":")[0] in shipped.places for name in names)


def test_while_redis_is_away_calls_go_on_and_the_counts_wait(away: Away) -> None:
    call = away.line.call()
    with away.redis.stopped():
        call.press("2")
        away.line.app.tally.write()

    assert soon(lambda: _answers(away.line.store))
    assert _counted(away.line)[call.place].visits == 1


def _answers(store: Store) -> bool:
    with contextlib.suppress(StoreDown):
        return bool(store.redis.do(lambda client: client.ping()))
    return False


def test_a_place_is_named_only_if_enough_visits_were_in_trouble() -> None:
    assert Footfall("menu", visits=TOO_FEW, troubled=TOO_FEW // 2).is_named
    assert not Footfall("menu", visits=TOO_FEW - 1, troubled=TOO_FEW - 1).is_named
    assert not Footfall("menu", visits=100, troubled=15).is_named
    assert Footfall("menu", visits=100, troubled=16).is_named


def test_places_with_the_most_trouble_come_first_and_those_with_few_visits_last() -> None:
    counts: Counter[tuple[str, str]] = Counter({
        ("few", "visits"): 3, ("few", "troubled"): 3,
        ("bad", "visits"): 50, ("bad", "troubled"): 20,
        ("good", "visits"): 500, ("good", "troubled"): 5,
    })  # fmt: skip

    assert [each.place for each in dropoff.by_place(counts)] == ["bad", "good", "few"]


def _visited(line: Line, place: str, visits: int, troubled: int) -> None:
    counts: dropoff.PlaceCounts = Counter(
        {(place, "visits"): visits, (place, "troubled"): troubled, (place, "no_input"): troubled}
    )
    line.store.dropoff.add(counts, line.now.timestamp())


def _get(line: Line, path: str) -> TestResponse:
    return _from(line, path, "127.0.0.1")


def _from(line: Line, path: str, address: str) -> TestResponse:
    return Client(line.app).get(path, base_url=HERE, environ_overrides={"REMOTE_ADDR": address})


def test_the_page_names_the_places_with_too_much_trouble(line: Line) -> None:
    _visited(line, "main_menu", 200, 50)
    _visited(line, "greeting", 200, 10)

    page = _get(line, PAGE).text

    assert "1 place has trouble in more than 15% of visits" in page
    assert 'href="#at-main_menu"' in page
    assert "25%" in page
    assert "5%" in page


def test_the_page_says_when_there_is_nothing_and_when_it_could_not_look(away: Away) -> None:
    assert "Nothing was counted in this time" in _get(away.line, PAGE).text

    with away.redis.stopped():
        assert "Redis does not answer, so there are no figures" in _get(away.line, PAGE).text
        assert _get(away.line, TABLE).status_code == 503


def test_the_period_can_be_chosen_and_nonsense_is_the_usual_one(line: Line) -> None:
    _visited(line, "main_menu", 200, 50)
    line.now += dt.timedelta(days=10)

    assert "Nothing was counted" in _get(line, f"{PAGE}?days=7").text
    assert "main_menu" in _get(line, f"{PAGE}?days=28").text
    assert "main_menu" in _get(line, f"{PAGE}?days=no").text


def test_the_file_for_a_spreadsheet_has_the_same_figures(line: Line) -> None:
    _visited(line, "main_menu", 200, 50)

    rows = list(csv.DictReader(io.StringIO(_get(line, TABLE).get_data(as_text=True).lstrip("\ufeff"))))

    assert rows[0]["Place"] == "main_menu"
    assert (rows[0]["Visits"], rows[0]["In trouble, %"], rows[0]["Silences"]) == ("200", "25", "50")


def test_the_map_shows_the_figures_in_words(line: Line) -> None:
    _visited(line, "main_menu", 200, 50)

    page = _get(line, "/studio/map?days=28").text

    assert page.count("200 visits, 25% in trouble") == 2  # in the picture, and in the list
    assert "in trouble" not in _get(line, "/studio/map").text


def test_from_elsewhere_the_pages_ask_for_a_sign_in(line: Line) -> None:
    for path in (PAGE, TABLE):
        assert _from(line, path, "192.0.2.7").location == "/console/signin"
