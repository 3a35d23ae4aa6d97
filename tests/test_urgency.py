"""Two ranks of urgency, from what staff write to the list, the whisper and the alert."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from ivr.advising import ranking
from ivr.callbacks.diary import Urgency
from ivr.hours import LONDON
from ivr.places import reply
from ivr.places.kinds import wishing
from ivr.places.reading import Reading
from ivr.places.wish import save_unfinished
from ivr.script import Script
from ivr.script.place import STAY, Do, Here
from ivr.script.session import At, SaveRequest, Session
from ivr.spoken import text_of
from tests.desk import HOUR, NOW, request
from tests.line import CALLER, OPEN


def _ranked(shipped: Script, rank: Urgency) -> tuple[Script, str]:
    """The shipped script, in which a reading about being kept out of school has this rank; and that reading's name."""
    name, node = next((name, node) for name, node in shipped.nodes.items() if getattr(node, "urgent", ""))
    assert isinstance(node, Reading)
    return dataclasses.replace(shipped, nodes={**shipped.nodes, name: dataclasses.replace(node, urgent=rank)}), name


@pytest.mark.parametrize(
    ("rank", "whispered"), [("today", "It cannot wait: it is for today."), ("urgent", "It is urgent."), ("", None)]
)
def test_what_staff_wrote_of_a_reading_is_whispered_to_whoever_takes_the_call(
    shipped: Script, rank: Urgency, whispered: str | None
) -> None:
    script, name = _ranked(shipped, rank)
    s = Session("CA1", script.revision, At(name), heard=(name,))

    assert reply.heard_of_urgency(script, s) == rank
    said = text_of(reply.whisper(script, s))
    assert (whispered or "It is") in said if whispered else "urgent" not in said


def test_of_several_readings_the_highest_rank_counts(shipped: Script) -> None:
    script, name = _ranked(shipped, "today")
    other = next(key for key, node in script.nodes.items() if isinstance(node, Reading) and key != name)
    nodes = {**script.nodes, other: dataclasses.replace(script.nodes[other], urgent="urgent")}
    script = dataclasses.replace(script, nodes=nodes)

    for heard in ((name, other), (other, name)):
        assert reply.heard_of_urgency(script, Session("CA1", "", At(name), heard=heard)) == "today"
    assert reply.heard_of_urgency(script, Session("CA1", "", At(name), heard=(other,))) == "urgent"


@pytest.mark.parametrize("rank", ["today", "urgent"])
def test_the_rank_of_what_was_heard_is_written_down_with_the_request(shipped: Script, rank: Urgency) -> None:
    """And the request is due within hours, or by the end of the next day that opens."""
    script, name = _ranked(shipped, rank)
    s = Session("CA1", script.revision, At(name), caller=CALLER, heard=(name,))

    here = Here(script, s, OPEN)
    s, _ = script.places["ring_back"].arrive(here)
    _, to = save_unfinished(wishing(here.at(s), number=CALLER), STAY)

    assert isinstance(to, Do)
    assert isinstance(to.effect, SaveRequest)
    assert to.effect.request.urgency == rank
    due = dt.datetime.fromtimestamp(to.effect.request.due, LONDON)
    assert f"{due:%a %H:%M}" == {"today": "Wed 14:30", "urgent": "Thu 17:00"}[rank]


def test_the_list_begins_with_who_cannot_wait_then_the_late_and_of_each_who_is_due_sooner_first() -> None:
    asked = [
        request(1, due=NOW + 9 * HOUR),
        request(2, due=NOW + 9 * HOUR, urgent=True),
        request(3, due=NOW - HOUR),
        request(4, due=NOW - 600, urgent=True),
        request(5, due=NOW + 3 * HOUR, urgent=True, today=True),
        request(6, due=NOW + 9 * HOUR, opens=NOW + HOUR, urgent=True, today=True),
    ]

    rows = ranking.rows(asked, NOW)

    assert [(row.id, row.lateness) for row in rows] == [
        ("CA005-1", "now"), ("CA003-1", "late"), ("CA004-1", "late"), ("CA002-1", "soon"), ("CA001-1", "soon"),
        ("CA006-1", "later"),
    ]  # fmt: skip
