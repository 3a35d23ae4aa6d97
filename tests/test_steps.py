"""The dialogues every line has: a text message, being rung back, changing a call."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.hours import LONDON
from ivr.practice import PracticeDesk
from ivr.script import Script
from ivr.session import Gather, Record, Transfer
from tests.line import CALLER, OPEN
from tests.talk import Talk

EVENING = OPEN.replace(hour=20)
HIDDEN = "anonymous"
LANDLINE = "+441164960123"
#: From the closed line to being asked where to ring.
ASK = "01"


@pytest.fixture
def talk(shipped: Script) -> Talk:
    return Talk(shipped, EVENING)


# --- texts ----------------------------------------------------------------------------------


def test_the_text_is_the_one_about_what_was_heard(shipped: Script) -> None:
    talk = Talk(shipped).to("31..").press("1").press("1")

    assert [(text.to, text.text) for text in talk.desk.texts] == [(CALLER, "text_council")]
    assert "0116 454 2050" in talk.desk.texts[0].body
    assert talk.words.startswith("The text is on its way.") or "The text is on its way." in talk.words


def test_with_nothing_heard_the_text_is_about_the_service(shipped: Script) -> None:
    talk = Talk(shipped).to("9").press("4").press("1")

    assert [text.text for text in talk.desk.texts] == ["text_us"]


def test_our_number_by_text_is_about_the_service_whatever_was_heard(talk: Talk) -> None:
    talk.to("31").press("0").press("2").press("1")

    assert [text.text for text in talk.desk.texts] == ["text_us"]


def test_not_sure_sends_no_text(talk: Talk) -> None:
    assert "No text will be sent." in talk.to("9").press("4").press("3").words
    assert talk.desk.texts == []


def test_a_hidden_number_is_asked_for_at_once(shipped: Script) -> None:
    talk = Talk(shipped, caller=HIDDEN).to("9").press("4")

    assert talk.at == "text_number"
    assert "Anyone with your phone may see it." in talk.words


def test_a_landline_is_told_before_and_not_after(shipped: Script) -> None:
    talk = Talk(shipped, caller=LANDLINE).to("9").press("4")

    assert "A text can only go to a mobile phone." in talk.words
    assert "A text can only go to a mobile phone." in talk.enter("01164960999").words
    assert talk.enter("07700900456").words.endswith("press 3.")
    assert talk.press("1").desk.texts[0].to == "+447700900456"


def test_a_number_is_read_back_in_groups_before_it_is_used(shipped: Script) -> None:
    talk = Talk(shipped, caller=HIDDEN).to("9").press("4").enter("07700900456")

    assert "Your number is zero seven seven zero zero, nine zero zero, four five six. Is that right?" in talk.words
    assert talk.desk.texts == []
    assert talk.press("2").at == "text_number"


def test_a_text_that_did_not_go_is_said(shipped: Script) -> None:
    talk = Talk(shipped, desk=PracticeDesk(works=False)).to("9").press("4").press("1")

    assert "Sorry, the text did not go. A person can help you." in talk.words


# --- keying a number ------------------------------------------------------------------------


@pytest.fixture
def keying(shipped: Script) -> Talk:
    """A caller who is asked for a number to be rung at."""
    return Talk(shipped, EVENING, HIDDEN).to(ASK)


def test_a_number_is_gathered_up_to_eleven_digits(keying: Talk) -> None:
    assert keying.turn.then == Gather(10, digits=11)
    assert "When you have finished, press hash, bottom right. To start again, press star, bottom left." in keying.words


@pytest.mark.parametrize(
    ("digits", "told"),
    [
        ("123", "That is not a whole phone number."),
        ("999", "That is a number for emergencies."),
        ("09098790123", "That number costs a lot to ring"),
        ("00353861234", "We can only ring numbers in this country."),
    ],
)
def test_each_number_we_cannot_ring_has_its_own_words(keying: Talk, digits: str, told: str) -> None:
    assert keying.enter(digits).words.startswith(told)
    assert keying.words.endswith("Please enter it again.")


def test_star_starts_the_number_again(keying: Talk) -> None:
    assert keying.enter("0770*").at == "ring_number"
    assert keying.words == "Please enter it again."
    assert keying.enter("07700900456").at == "ring_check"


def test_digits_after_a_star_go_on_to_a_whole_number(keying: Talk) -> None:
    """Eleven keys came with a star among them: the rest of the number comes with the next webhook."""
    assert keying.enter("0770*077009").words == ""
    assert keying.at == "ring_number"
    assert keying.enter("00456").at == "ring_check"
    assert "nine zero zero, four five six" in keying.words


def test_a_star_by_itself_goes_back_and_a_zero_finds_a_person(keying: Talk) -> None:
    assert keying.enter("*").at == "person_away"
    assert keying.press("1").enter("0").at == "person_away"


def test_a_pause_before_the_last_digits_is_no_mistake(keying: Talk) -> None:
    keying.enter("0770*0770")
    assert "That is not a whole phone number." in keying.wait().words


def test_three_wrong_numbers_find_a_person_without_asking_again(shipped: Script) -> None:
    talk = Talk(shipped, OPEN, HIDDEN).press("0").transfer("busy").press("1")
    for digits in ("1", "2", "3"):
        talk.enter(digits)

    assert isinstance(talk.turn.then, Transfer)
    assert "enter it again" not in talk.words


# --- being rung back ------------------------------------------------------------------------


def test_a_whole_request_is_written_down_before_the_line_says_so(talk: Talk) -> None:
    talk.to(ASK).press("1").press("1").press("2").press("1").press("3").press("4").press("1")

    assert talk.words.startswith("We have it.")
    assert talk.noted == [
        "callback request begun: 07700 900123",
        "place held: Thursday 26 November, morning",
        "callback request: 07700 900123; Thursday 26 November, morning; may leave a message; do not say who rings; "
        "needs slow",
    ]
    assert isinstance(talk.turn.then, Record)
    assert talk.recorded().words.startswith(
        "Thank you. We will ring you tomorrow, Thursday the twenty-sixth of November, in the morning. "
        "Your call has a number. It is four two, seven one."
    )


def test_a_caller_who_hangs_up_half_way_leaves_what_was_agreed(talk: Talk) -> None:
    """From the moment the number is confirmed, marked as unfinished."""
    talk.to(ASK).press("1")

    (request,) = talk.desk.requests.values()
    assert (request.state, request.number, request.slot) == ("unfinished", CALLER, None)
    assert not request.may_leave_message()


def test_being_kept_out_of_school_is_urgent_without_asking(shipped: Script) -> None:
    talk = Talk(shipped, EVENING).to("11..").press("2").press("1").press("1")
    assert talk.at == "ring_message"

    talk.press("1").press("1").press("1").recorded()

    assert "; urgent;" in talk.noted[-1]
    assert "Thank you. We will ring you soon. At the latest, we will ring tomorrow" in talk.words


@pytest.mark.parametrize(("key", "urgent"), [("1", True), ("2", False), ("3", True)])
def test_a_dated_letter_is_urgent_and_so_is_not_being_sure(talk: Talk, key: str, urgent: bool) -> None:
    talk.to(ASK).press("1").press("1").press(key).press("1").press("1").press("1")

    (request,) = talk.desk.requests.values()
    assert request.urgent is urgent


def test_not_sure_means_no_where_safety_is_asked(talk: Talk) -> None:
    talk.to(ASK).press("1").press("1").press("2")

    assert "We will not leave one." in talk.press("3").words
    assert "We will not say." in talk.press("3").words
    (request,) = talk.press("1").desk.requests.values()
    assert (request.message_ok, request.say_who) == (False, False)


def test_a_time_that_is_full_is_said_and_another_can_be_chosen(shipped: Script) -> None:
    talk = Talk(shipped, EVENING, desk=PracticeDesk(places=0)).to(ASK).press("1").press("1")

    assert talk.words.startswith("Sorry, that time is full. Please choose again.")
    assert talk.press("3").at == "ring_urgent", "at any time, nobody is turned away"


def test_any_time_is_the_first_that_has_a_place(shipped: Script) -> None:
    desk = PracticeDesk(places=1)
    for expected in ("Thursday 26 November, morning", "Thursday 26 November, afternoon", "Friday 27 November, morning"):
        talk = Talk(shipped, EVENING, desk=desk)
        talk._phone.name = expected
        talk._phone.ring(EVENING, CALLER)
        talk.to(ASK).press("1").press("3")

        assert f"place held: {expected}" in talk.noted


def test_what_could_not_be_written_down_is_said_and_never_promised(shipped: Script) -> None:
    talk = Talk(shipped, EVENING, desk=PracticeDesk(works=False)).to(ASK).press("1")

    assert "Sorry, we could not write that down." in talk.words
    assert "We have it" not in talk.words


def test_a_finished_dialogue_is_not_gone_back_into(talk: Talk) -> None:
    talk.to("31").press("0").press("1").press("1").press("1").press("2").press("1").press("1").press("1").recorded()

    assert talk.at == "end_menu"
    assert talk.press("*").at == "council_team"


def test_zero_during_the_message_finds_a_person(shipped: Script) -> None:
    talk = Talk(shipped).press("0").transfer("busy").press("1").press("1").press("1").press("2")
    talk.press("1").press("1").press("1").recorded("0")

    assert isinstance(talk.turn.then, Transfer)


# --- hearing, moving and cancelling a call --------------------------------------------------


@pytest.fixture
def asked(shipped: Script) -> Talk:
    """Somebody who has a call and its number, and rings again."""
    talk = Talk(shipped, EVENING).to(ASK).press("1").press("1").press("2").press("1").press("1").press("1").recorded()
    return Talk(shipped, EVENING, desk=talk.desk).to(ASK).press("4")


def test_the_number_of_a_call_lets_its_caller_hear_it(asked: Talk) -> None:
    asked.enter("4271")

    assert asked.words.startswith("We will ring you tomorrow, Thursday the twenty-sixth of November, in the morning.")
    assert asked.press("3").words.startswith("It stays as it is.")


def test_without_the_number_nothing_is_said_of_a_call(asked: Talk) -> None:
    """Not even that there is one: phones are shared, and a caller ID can be forged."""
    assert asked.enter("1234").words == "That number does not fit a call to this phone. Please enter it again."
    assert asked.enter("4321").at == "ring_reference"
    assert "I will find a person for you." in asked.enter("9999").words


def test_a_call_is_moved(asked: Talk) -> None:
    asked.enter("4271").press("1").press("2")

    assert asked.words.startswith(
        "We have moved your call. We will ring you tomorrow, Thursday the twenty-sixth of November, in the afternoon."
    )


def test_a_call_is_cancelled(asked: Talk) -> None:
    asked.enter("4271").press("2")

    assert asked.words.startswith("We have cancelled your call. We will not ring you.")
    assert [request.state for request in asked.desk.requests.values()] == ["cancelled"]


def test_a_caller_who_was_tried_three_times_hears_so(shipped: Script, asked: Talk) -> None:
    from msgspec.structs import replace

    for key, request in asked.desk.requests.items():
        asked.desk.requests[key] = replace(request, state="gave up", tries=3)

    assert "We rang you three times, and could not reach you." in asked.enter("4271").words
    assert asked.at == "ring_back"


def test_a_hidden_number_cannot_ask_for_a_call_by_its_number(shipped: Script) -> None:
    assert Talk(shipped, EVENING, HIDDEN).to(ASK).at == "ring_number"


def test_the_day_promised_is_a_day_on_which_we_ring(shipped: Script) -> None:
    """Christmas Eve in the evening: bank holidays and the weekend are skipped."""
    talk = Talk(shipped, dt.datetime(2026, 12, 24, 20, 0, tzinfo=LONDON)).to(ASK).press("1").press("1")

    assert "place held: Tuesday 29 December, morning" in talk.noted
