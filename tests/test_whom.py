"""Whom a request is about: a young person is spoken to as one, and who rings for another says whose phone to ring."""

from __future__ import annotations

import pytest

from ivr.advising import briefing
from ivr.callbacks.request import Asker, CallbackRequest
from ivr.engine import call
from ivr.places import reply
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.spoken import text_of
from tests import small
from tests.desk import request
from tests.line import OPEN
from tests.talk import Talk

EVENING = OPEN.replace(hour=20)
#: From the start to the question whom it is about; then somebody else, who agrees, and whose own phone it is.
ASKED, THEIRS = "011", "312"


@pytest.fixture(scope="module")
def script() -> Script:
    return small.script()


@pytest.fixture
def talk(script: Script) -> Talk:
    return Talk(script, EVENING)


def _asker(talk: Talk) -> Asker:
    (found,) = [request for request in talk.handler.requests.values() if request.open]
    (asker,) = found.askers
    return asker


def test_a_young_person_is_spoken_to_as_one_and_hears_of_their_own_right(talk: Talk) -> None:
    talk.to(ASKED)
    assert talk.at == "ring_who"

    talk.press("2")

    assert talk.words.startswith("<ring_who.own_right> <ring_out.you>")
    assert talk.press("2").words.startswith("<ring_urgent.ask>")
    assert _asker(talk).about == "me"


def test_each_answer_is_kept_at_once(talk: Talk) -> None:
    talk.to(ASKED + "3")
    assert _asker(talk).about == "other"

    talk.press("2")

    assert _asker(talk).agreed is False


def test_without_a_yes_the_callers_own_phone_is_rung(talk: Talk) -> None:
    talk.to(ASKED + "3" + "2")

    assert talk.words.startswith("<ring_agreed.not_agreed> <ring_out.they>")
    assert (_asker(talk).agreed, _asker(talk).theirs) == (False, False)


def test_with_a_yes_the_other_persons_phone_is_rung_and_not_the_callers(talk: Talk) -> None:
    talk.to(ASKED + THEIRS)
    assert talk.words.startswith("<ring_number.theirs>")
    assert [r.number for r in talk.handler.requests.values() if r.open] == ["+447700900123"], (
        "who hangs up here is rung"
    )

    talk.key("07700900456").press("1")

    assert talk.at == "ring_out"
    assert [r.number for r in talk.handler.requests.values() if r.open] == ["+447700900456"]
    assert _asker(talk).theirs


def test_whoever_goes_back_from_the_other_number_is_rung_on_their_own(talk: Talk) -> None:
    talk.to(ASKED + THEIRS)

    talk.press("*").press("1")

    assert (talk.at, _asker(talk).theirs) == ("ring_out", False)
    assert [r.number for r in talk.handler.requests.values() if r.open] == ["+447700900123"]


def test_nobody_can_agree_for_them_that_we_leave_a_message_or_say_who_we_are(talk: Talk) -> None:
    talk.to(ASKED + THEIRS).key("07700900456").press("1").press("2").press("2")
    assert "<ring_done.theirs_by>" in talk.words
    assert "<ring_when.theirs>" in talk.words

    talk.press("1")

    assert talk.at == "ring_needs"
    assert "<ring_needs.theirs>" in talk.words
    assert (_asker(talk).message_ok, _asker(talk).say_who) == (None, None)
    assert "<ring_done.theirs>" in talk.press("1").words


def test_a_number_that_was_keyed_before_may_be_that_of_either(script: Script) -> None:
    keyed = Talk(script, EVENING, caller="").to("01").key("07700900456").press("1").press("3").press("1")
    assert keyed.words.startswith("<ring_whose.keyed>")

    keyed.press("2")

    assert keyed.at == "ring_out"
    assert _asker(keyed).theirs


def test_whom_it_is_about_is_asked_once_in_a_call(talk: Talk) -> None:
    talk.to(ASKED + "2").press("2").press("2").press("***")
    assert talk.at == "ring_who"

    talk.press("*").press("1")

    assert talk.at == "ring_out"


def test_a_caller_who_is_silent_when_asked_whom_it_is_about_is_rung(talk: Talk) -> None:
    talk.to(ASKED).wait(2)

    assert talk.at == "ring_done"
    assert _asker(talk).finished


def test_two_who_ask_for_the_same_phone_are_joined(script: Script) -> None:
    handler = PracticeHandler()
    Talk(script, EVENING, caller="+447700900456", handler=handler, name="first").to(ASKED + "122")

    Talk(script, EVENING, handler=handler, name="second").to(ASKED + THEIRS).key("07700900456").press("1").press("2")

    (found,) = [r for r in handler.requests.values() if r.open]
    assert (found.number, len(found.askers)) == ("+447700900456", 2)
    assert not found.may_say_who()


def test_the_adviser_hears_whom_it_is_about(script: Script, talk: Talk) -> None:

    talk.to(ASKED + "3")

    assert "<whisper_other>" in text_of(reply.whisper(script, talk.session))


CARDS = [
    ({}, "", "the caller"),
    ({"about": "child"}, "Their own child", "the caller"),
    ({"about": "me"}, "Themselves: a young person", "the caller"),
    ({"about": "other", "agreed": True}, "who agrees. This is the caller's phone", "the caller"),
    ({"about": "other", "agreed": False}, "has not agreed: only say how things work", "the caller"),
    ({"about": "other", "agreed": True, "theirs": True}, "that person's own phone", "the person whom it is about"),
]


@pytest.mark.parametrize(("facts", "about", "who"), CARDS)
def test_the_card_says_whom_it_is_about_and_whose_phone_it_is(facts: dict[str, object], about: str, who: str) -> None:
    asked: CallbackRequest = request(**facts)

    assert about in " ".join(briefing.about_in_words(asked))
    assert f"sure it is {who}:" in briefing.script_for_ringing(asked, "us")[0]


def test_a_call_that_began_before_this_was_asked_goes_on(script: Script, talk: Talk) -> None:
    """A session of the version before has no answer to it."""
    talk.to(ASKED)

    assert call.current(script, talk.session, EVENING).says


def test_a_call_for_another_phone_is_changed_from_that_phone(talk: Talk) -> None:
    talk.to(ASKED + THEIRS).key("07700900456").press("1").press("2").press("2")
    while talk.at != "ring_done":
        talk.press("1") if talk.at != "letter_date" else talk.key("#")

    assert "<ring_done.change_other>" in talk.words
    assert "<ring_done.change>" not in talk.words
