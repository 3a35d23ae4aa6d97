"""Places per half-day: lowered for a day with who and why, and what callers are promised from then on."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from ivr.callbacks import capacity
from ivr.callbacks.capacity import Capacity, NotLowered
from ivr.callbacks.diary import Window
from ivr.machine.config import Settings
from ivr.practice.effects import PracticeHandler
from ivr.script.session import Done, HoldWindow
from ivr.store import Spool, Store
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes
from ivr.web.effects import LiveHandler
from tests import small
from tests.desk import DIARY, NOW, Browser, ask, hire
from tests.line import OPEN, Line

TODAY, TOMORROW = OPEN.date(), OPEN.date() + dt.timedelta(days=1)
MORNING, AFTERNOON = Window(TOMORROW, "morning"), Window(TOMORROW, "afternoon")
USUAL = Capacity({"morning": 6, "afternoon": 4})


def _lowered(places: int, *windows: Window, why: str = "Training") -> Capacity:
    parts = capacity.lower(DIARY, USUAL, windows, places, "asha", why, OPEN)
    return dataclasses.replace(USUAL, lowered={each.window: each for each in parts})


# --- the rule -------------------------------------------------------------------------------


def test_a_part_of_a_day_has_the_usual_places_or_fewer() -> None:
    lowered = _lowered(2, MORNING)

    assert [lowered.slots(each) for each in (MORNING, AFTERNOON, Window(TODAY, "morning"))] == [2, 4, 6]
    fewer = dataclasses.replace(lowered, usual={"morning": 1, "afternoon": 4})
    assert fewer.slots(MORNING) == 1, "what line.yaml has since then counts"


@pytest.mark.parametrize(("windows", "places", "why", "says"), [
    ((Window(dt.date(2026, 11, 28), "morning"),), 2, "Training", "closed then"),
    ((Window(dt.date(2026, 11, 24), "morning"),), 2, "Training", "over"),
    ((MORNING,), 2, "", "Say why"), ((MORNING,), 6, "Training", "from 0 to 5"), ((MORNING,), -1, "x", "from 0"),
])  # fmt: skip
def test_what_cannot_be_lowered_is_refused_with_the_reason(
    windows: tuple[Window, ...], places: int, why: str, says: str
) -> None:
    with pytest.raises(NotLowered, match=says):
        _lowered(places, *windows, why=why)


def test_of_a_whole_day_only_what_lies_ahead_is_lowered() -> None:
    at_noon = OPEN.replace(hour=13)

    parts = capacity.lower(DIARY, USUAL, [Window(TODAY, each) for each in DIARY.parts], 0, "asha", "Ill", at_noon)

    assert [each.window.part for each in parts] == ["afternoon"]


@pytest.mark.parametrize(("most", "which"), [([3, 3], 1), ([3, 0], 0), ([0, 0], 1), ([], None)])
def test_the_last_part_of_a_day_that_has_places_is_overbooked(most: list[int], which: int | None) -> None:
    assert capacity.overbooked(most) == which


# --- what callers are promised --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["real", "practice"])
def test_callers_are_promised_what_is_left_and_what_is_promised_stays(
    kind: str, store: Store, settings: Settings
) -> None:
    """Both handlers: with one place in the morning and none in the afternoon, the next one overbooks the morning."""
    script = small.script()
    practice = PracticeHandler(slots=2)
    handler = (
        LiveHandler(store, Jobs(settings, store), Spool(settings.spool_dir, settings.keys), PhonedTakes(settings))
        if kind == "real"
        else practice
    )
    usual = Capacity({"morning": 12, "afternoon": 12})
    for window, places in ((MORNING, 1), (AFTERNOON, 0)):
        store.lowered.lower(capacity.lower(script.diary, usual, [window], places, "asha", "Training", OPEN))
        practice.lowered[window] = places

    def hold(call: str, overbook: bool = False) -> Window | None:
        done = handler.run(script, HoldWindow(call, (MORNING, AFTERNOON), overbook=overbook), OPEN)
        assert isinstance(done, Done)
        return done.window

    assert hold("CA1") == MORNING
    assert hold("CA2") is None
    assert hold("CA3", overbook=True) == MORNING


def test_lowered_places_are_stored_encrypted_and_go_with_their_day(store: Store) -> None:
    store.lowered.lower(capacity.lower(DIARY, USUAL, [MORNING], 2, "asha", "Training in Derby", OPEN))
    raw = store.redis.do(lambda client: client.hgetall("ivr:places"))

    assert b"Derby" not in b"".join(raw.values())
    store.requests.forget_ended(NOW + 2 * 86400)
    assert len(store.lowered.all()) == 1
    store.requests.forget_ended(NOW + 4 * 86400)
    assert store.lowered.all() == []


# --- the page -------------------------------------------------------------------------------


def test_a_supervisor_lowers_a_day_everybody_sees_why_and_it_is_undone(asha: Browser, store: Store, line: Line) -> None:
    ask(store, 1, window=MORNING)
    assert "1 of 12" in asha.get("/week").text
    assert "Lower the places" not in asha.page
    assert asha.send("/week/lower", day=TOMORROW.isoformat(), places="0", why="x").status_code == 403
    hire(store, admin=True)
    asha.get("/week")

    page = asha.send("/week/lower", day=TOMORROW.isoformat(), part="", places="0", why="Training: three are away").text

    assert "Thursday 26 November, in the morning: 0 places. What is promised already stays." in page
    hire(store, "ben")
    ben = Browser(line)
    ben.sign_in("ben")
    assert "Lowered to 0 by <bdi>asha</bdi>, 10:30: <bdi>Training: three are away</bdi>" in ben.get("/week").text
    assert "Undo" not in ben.page
    back = asha.send("/week/back", day=TOMORROW.isoformat(), part="morning").text
    assert "Thursday 26 November, in the morning: it has its usual places again." in back
    assert "it has its usual places already" in asha.send("/week/back", day=TOMORROW.isoformat(), part="morning").text
    assert [each.window for each in store.lowered.all()] == [AFTERNOON]
    logged = [entry.what for entry in store.audit.entries()]
    assert "put back the places of Thursday 26 November, in the morning" in logged
    assert "lowered the places of Thursday 26 November, in the afternoon to 0: Training: three are away" in logged
    assert [each.number for each in store.requests.waiting()] == ["+447700900001"], "what was promised stays"


@pytest.mark.parametrize(("day", "part", "places", "says"), [
    ("nonsense", "", "2", "Choose a day."), ("2026-11-26", "night", "2", "Choose the whole day"),
    ("2026-11-26", "", "two", "as a number"), ("2026-11-26", "", "٣", "as a number"),
    ("2026-11-26", "", "99999", "as a number"), ("2026-11-26", "", "13", "only lowered"),
])  # fmt: skip
def test_a_form_that_makes_no_sense_changes_nothing_and_keeps_what_was_typed(
    asha: Browser, store: Store, day: str, part: str, places: str, says: str
) -> None:
    hire(store, admin=True)
    asha.get("/week")

    refused = asha.send("/week/lower", day=day, part=part, places=places, why="Because of <snow>")

    assert refused.status_code == 422
    assert says in refused.text
    assert 'value="Because of &lt;snow&gt;"' in refused.text
    assert store.lowered.all() == []


def test_the_places_of_a_part_of_a_day_lead_to_those_who_were_promised_it(asha: Browser, store: Store) -> None:
    ask(store, 1, window=MORNING)
    ask(store, 2)

    assert 'href="/console/?on=2026-11-26+morning"' in asha.get("/week").text
    page = asha.get("/?on=2026-11-26+morning").text
    assert page.count('<li id="r') == 1
    assert "Promised for Thursday 26 November, in the morning" in page
    assert "Nobody fits this filter" in asha.get("/?on=%3Cscript%3E").text
    assert "<script>" not in asha.page.split("</header>")[1].split("<script type")[0]


def test_who_is_written_down_gets_a_time_that_has_a_place(asha: Browser, store: Store) -> None:
    usual = Capacity({"morning": 12, "afternoon": 12})
    windows = [Window(TODAY, "morning"), Window(TODAY, "afternoon"), MORNING]
    for window in windows:
        store.lowered.lower(capacity.lower(DIARY, usual, [window], 0, "asha", "Snow", OPEN))
    asha.get("/new")

    asha.send("/new", number="07700 900123", when="any")
    asha.send("/new", number="07700 900124", when="any", urgent="1")

    later, urgent = sorted(store.requests.waiting(), key=lambda each: each.number)
    assert (later.window, urgent.window) == (AFTERNOON, Window(TODAY, "morning"))
