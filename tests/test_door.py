"""The number without menus: a person at once, or a short request, for callers who use a text relay."""

from __future__ import annotations

import dataclasses
import datetime as dt

import msgspec
import pytest

from ivr.authoring import drafts
from ivr.check import english, relay
from ivr.engine import call
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import Gather, Key, Session, Transfer, TransferEnded, Turn
from ivr.spoken import words_of
from ivr.store import Published
from tests import small
from tests.line import CALLER, OPEN, Line

DOOR, EVENING = "+441164960009", OPEN.replace(hour=20)


@pytest.fixture(scope="module")
def script() -> Script:
    return small.script(without_menus=[DOOR])


def _rings(script: Script, now: dt.datetime, rung: str = DOOR, caller: str = "+447700900123") -> Turn:
    return call.start(script, "CA1", caller, now, rung=rung)


def _keys(script: Script, s: Session, handler: PracticeHandler, now: dt.datetime, key: str) -> Turn:
    return call.run(script, s, Key(key), handler, now + dt.timedelta(seconds=30))


def test_a_person_rings_without_a_menu(script: Script) -> None:
    turn = _rings(script, OPEN)

    assert isinstance(turn.then, Transfer)
    assert turn.session.place.node == "person"


def test_another_number_leads_to_the_greeting(script: Script) -> None:
    assert _rings(script, OPEN, "+441164960000").session.place.node == "greeting"
    assert _rings(script, OPEN, "").session.place.node == "greeting"


def test_where_nobody_can_talk_one_yes_is_a_request(script: Script) -> None:
    handler = PracticeHandler()
    turn = _rings(script, EVENING)
    assert turn.session.place.node == "door"
    assert isinstance(turn.then, Gather)
    assert turn.session.more_time, "a relay takes long"

    done = _keys(script, turn.session, handler, EVENING, "1")

    assert done.session.place.node == "door_done"
    (request,) = handler.requests.values()
    assert (request.number, request.needs, request.urgent, request.finished) == (
        "+447700900123", ("relay",), True, True,
    )  # fmt: skip
    assert not request.may_say_who()


def test_a_person_who_does_not_answer_leads_to_the_same_question(script: Script) -> None:
    turn = _rings(script, OPEN)
    for _ in script.phones_for_a_person:
        turn = call.run(script, turn.session, TransferEnded("no_answer"), PracticeHandler(), OPEN)

    assert turn.session.place.node == "door"


def test_a_hidden_number_is_asked_for(script: Script) -> None:
    turn = _rings(script, EVENING, caller="")

    assert _keys(script, turn.session, PracticeHandler(), EVENING, "1").session.place.node == "ring_number"


def test_whoever_does_not_want_to_be_rung_can_go_on(script: Script) -> None:
    handler = PracticeHandler()

    turn = _keys(script, _rings(script, EVENING).session, handler, EVENING, "2")

    assert (turn.session.place.node, handler.requests) == ("end_menu", {})


def test_what_is_said_can_be_typed_by_a_relay_within_a_minute(shipped: Script) -> None:
    script = dataclasses.replace(shipped, line=msgspec.structs.replace(shipped.line, without_menus=(DOOR,)))
    turn = _rings(script, EVENING)
    done = _keys(script, turn.session, PracticeHandler(), EVENING, "1")

    for each in (turn, done):
        words = sum(english.spoken_words(words) for words in words_of(each.says))
        assert words * 60 / relay.PACE <= 60, words_of(each.says)


@pytest.fixture
def with_door(line: Line, files: dict[str, str]) -> Line:
    """The real app, with a second number."""
    edited = {**files, "line.yaml": files["line.yaml"].replace("without_menus: []", f'without_menus: ["{DOOR}"]')}
    live = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(drafts.revision_of(edited), 1.0, "tests", "", live), edited)
    line.app._live.look()
    return line


def test_twilio_says_which_number_was_rung(with_door: Line) -> None:
    assert with_door.call(To=DOOR).place == "person"
    assert with_door.call(sid="CA" + "2" * 32).place == "greeting"


def test_for_a_phone_that_is_blocked_nobody_is_rung_unasked(with_door: Line) -> None:
    with_door.store.blocked.add(CALLER, "asha", with_door.now.timestamp(), "a pocket")

    assert with_door.call(To=DOOR).place == "greeting"
