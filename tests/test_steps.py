"""The built-in dialogues: a text message, being rung back, changing a call."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from ivr.engine import call
from ivr.hours import LONDON
from ivr.places import reply
from ivr.practice.effects import PracticeHandler
from ivr.script import Script
from ivr.script.session import At, Gather, Key, Record, Transfer
from ivr.spoken import text_of
from tests import small
from tests.line import CALLER, OPEN
from tests.talk import Talk

EVENING = OPEN.replace(hour=20)
HIDDEN = "anonymous"
LANDLINE = "+441164960123"
NUMBER = small.NUMBER
#: From the closed line to being asked where to ring.
ASK = "01"


@pytest.fixture(scope="module")
def script() -> Script:
    """The small line, with one phone for a person."""
    return small.script(transfer=small.ONE_PHONE)


@pytest.fixture
def talk(script: Script) -> Talk:
    return Talk(script, EVENING)


# --- texts ----------------------------------------------------------------------------------


def test_the_text_is_the_one_about_what_was_heard(script: Script) -> None:
    talk = Talk(script).to("43").press("1").press("1")

    assert [(text.to, text.text) for text in talk.handler.texts] == [(CALLER, "text_reading")]
    assert talk.handler.texts[0].body == small.TEXTS["text_reading"]
    assert "<text_sent.say>" in talk.words


def test_with_nothing_heard_the_text_is_about_the_service(script: Script) -> None:
    talk = Talk(script).to("94").press("1").press("1")

    assert [text.text for text in talk.handler.texts] == ["text_us"]


def test_our_number_by_text_is_about_the_service_whatever_was_heard(talk: Talk) -> None:
    talk.to("43").press("0").press("2").press("1")

    assert [text.text for text in talk.handler.texts] == ["text_us"]


def test_not_sure_sends_no_text(talk: Talk) -> None:
    assert "<send_text.if_not_sure>" in talk.to("94").press("1").press("3").words
    assert talk.handler.texts == []


def test_a_hidden_number_is_asked_for_at_once(script: Script) -> None:
    talk = Talk(script, caller=HIDDEN).to("94").press("1")

    assert talk.at == "text_number"
    assert talk.words.endswith("<number_entry.start_again>, <press> <star>, <where_star>. <number_entry.person>")
    assert "<text_number.hidden> <text_number.say>" in talk.words


def test_a_landline_is_told_before_and_not_after(script: Script) -> None:
    talk = Talk(script, caller=LANDLINE).to("94").press("1")

    assert "<text_number.not_mobile>" in talk.words
    assert "<text_number.not_mobile>" in talk.enter("01164960999").words
    assert talk.enter("07700900456").words.endswith("<press> 3.")
    assert talk.press("1").handler.texts[0].to == "+447700900456"


def test_a_number_is_read_back_in_groups_before_it_is_used(script: Script) -> None:
    talk = Talk(script, caller=HIDDEN).to("94").press("1").enter("07700900456")

    assert talk.words.startswith("<text_check.ask> zero seven seven zero zero, nine zero zero, four five six.")
    assert talk.handler.texts == []
    assert talk.press("2").at == "text_number"


def test_a_text_that_did_not_go_is_said(script: Script) -> None:
    talk = Talk(script, handler=PracticeHandler(works=False)).to("94").press("1").press("1")

    assert "<text_failed.say>" in talk.words


# --- keying a number ------------------------------------------------------------------------


@pytest.fixture
def keying(script: Script) -> Talk:
    """A caller who is asked for a number to be rung at."""
    return Talk(script, EVENING, HIDDEN).to(ASK)


def test_a_number_is_gathered_with_room_for_the_countrys_code(keying: Talk) -> None:
    assert keying.turn.then == Gather(10, digits=15)
    assert keying.words.endswith(
        "<number_entry.done>, <press> <hash>, <where_hash>. <number_entry.start_again>, <press> <star>, <where_star>. "
        "<number_entry.person>"
    )


@pytest.mark.parametrize(
    ("digits", "told"),
    [
        ("123", "<ring_number.short>"),
        ("0770090045", "<ring_number.short>"),
        ("077009004567", "<ring_number.long>"),
        ("01110000000", "<ring_number.malformed>"),
        ("999", "<ring_number.emergency>"),
        ("09098790123", "<ring_number.premium>"),
        ("00353861234", "<ring_number.foreign>"),
        ("01164960001", "<ring_number.ours>"),
    ],
)
def test_each_number_we_cannot_ring_has_its_own_words(keying: Talk, digits: str, told: str) -> None:
    assert keying.enter(digits).words.startswith(told)
    assert keying.words.endswith("<number_entry.again> <number_entry.person>")


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("07700900456", "+447700900456"),
        ("7700900456", "+447700900456"),
        ("00447700900456", "+447700900456"),
        ("004407700900456", "+447700900456"),
        ("447700900456", "+447700900456"),
        ("01164960123", "+441164960123"),
        ("00441164960123", "+441164960123"),
        ("4960123", "+441164960123"),
    ],
)
def test_a_number_is_understood_however_people_here_give_it(keying: Talk, digits: str, number: str) -> None:
    """Without its first zero, with the country's code, or without our own area's. It is read back whole."""
    assert keying.enter(digits).at == "ring_check"
    assert keying.session.wishes.number == number


@pytest.mark.parametrize("late", ["#", "6"])
def test_hash_behind_a_number_that_ended_by_itself_is_no_key_of_what_follows(keying: Talk, late: str) -> None:
    """It came one reply late, like a last digit that is pressed twice.

    The number is not read back from the start again.
    """
    keying.key("07700900456")
    assert keying.words.count("four five six") == 2

    keying.soon(late, after=2)

    assert keying.at == "ring_check"
    assert keying.words.count("four five six") == (1 if late == "#" else 2)
    assert keying.session.wrongs == 0
    assert keying.press("1").at == "ring_who"


def test_star_starts_the_number_again(keying: Talk) -> None:
    assert keying.enter("0770*").at == "ring_number"
    assert keying.words == "<number_entry.again> <number_entry.person>"
    assert keying.enter("07700900456").at == "ring_check"


def test_digits_after_a_star_go_on_to_a_whole_number(keying: Talk) -> None:
    """As many keys as there is room for came with a star among them: the rest comes with the next webhook."""
    assert keying.key("07700900*077009").words == ""
    assert keying.at == "ring_number"
    assert keying.key("00456").at == "ring_check"
    assert "nine zero zero, four five six" in keying.words


def test_slow_fingers_lose_nothing(keying: Talk) -> None:
    """Twilio sends what it has after ten seconds. The caller hears the digits so far, and continues."""
    keying.key("07700")
    start_again = "<number_entry.start_again>, <press> <star>, <where_star>."
    assert keying.words == f"<number_entry.so_far> zero seven seven zero zero. {start_again}"
    assert (keying.at, keying.session.slips) == ("ring_number", 0)

    assert "zero seven seven zero zero, nine zero zero." in keying.key("900").words
    assert "four five six" in keying.key("456").words
    assert keying.at == "ring_check"


def test_whoever_stops_in_the_middle_of_a_number_is_told_that_it_is_not_whole(keying: Talk) -> None:
    assert keying.key("07700").wait().words.startswith("<ring_number.short>")


def test_a_shorter_number_that_is_whole_needs_no_hash(keying: Talk) -> None:
    """Some landlines have ten digits."""
    assert keying.key("0169772345").at == "ring_check"


def test_a_star_by_itself_goes_back(keying: Talk) -> None:
    assert keying.key("*").at == "person_away"


def test_a_zero_by_itself_may_be_a_number_begun_or_a_person_wanted(keying: Talk) -> None:
    assert keying.key("0").words == "<number_entry.zero> <to_person>, <press> <hash>, <where_hash>."
    assert keying.key("7700900456").at == "ring_check"

    assert keying.press("2").key("0").key("#").at == "person_away"
    assert keying.press("1").key("0").wait().at == "message", "the third time that a person is wanted"


def test_with_more_time_a_number_is_waited_for_longer(script: Script) -> None:
    """And each wait takes digits, not one key."""
    talk = Talk(script, EVENING, HIDDEN).press("92").to(ASK)
    assert talk.turn.then == Gather(30, digits=15)

    assert talk.wait().words == "<more_time.still_here>"
    assert talk.turn.then == Gather(30, digits=15)
    assert talk.key("0").at == "ring_number"


def test_nobody_keys_the_same_number_twice(script: Script) -> None:
    talk = Talk(script, EVENING, HIDDEN).press("941").key("07700900456").press("1")
    assert [text.to for text in talk.handler.texts] == ["+447700900456"]

    talk.press("2")

    assert talk.at == "ring_check"
    assert "nine zero zero, four five six." in talk.words


def test_three_wrong_numbers_find_a_person_without_asking_again(script: Script) -> None:
    talk = Talk(script, OPEN, HIDDEN).press("0").transfer("busy").press("1")
    for digits in ("12", "22", "32"):
        talk.enter(digits)

    assert isinstance(talk.turn.then, Transfer)
    assert "<number_entry.again>" not in talk.words


# --- being rung back ------------------------------------------------------------------------

#: Yes to this phone; about a child; not out of school, no letter; in the morning; a message, not who we are; no needs.
WHOLE = "1", "1", "2", "2", "1", "1", "2", "1"


def _asked(talk: Talk, *keys: str) -> Talk:
    for key in keys:
        talk.press(key)
    return talk


def test_a_whole_request_is_written_down_before_the_line_says_so(talk: Talk) -> None:
    _asked(talk.to(ASK), "1", "1", "2", "2", "1", "1", "2", "4", "1")

    request = "callback request: 07700 900123; Thursday 26 November, morning; may leave a message"
    assert talk.noted[-1] == f"{request}; do not say who rings; needs slow"
    assert talk.words == (
        "<ring_done.say> tomorrow, Thursday the twenty-sixth of November <in_the_morning> "
        "<ring_done.reference> four two, seven one. four two, seven one. <ring_done.change> "
        "<ring_done.message>, <press> 1. <ring_done.go_on>, <press> 2."
    )


def test_each_answer_is_written_down_at_once(talk: Talk) -> None:
    """A caller who hangs up leaves what they confirmed, marked as unfinished."""
    _asked(talk.to(ASK), *WHOLE[:7])

    assert [noted.removeprefix("callback request: 07700 900123; ") for noted in talk.noted] == [
        "callback request so far: 07700 900123",
        "callback request so far: 07700 900123",
        "callback request: 07700 900123",
        "place held: Thursday 26 November, morning",
        "Thursday 26 November, morning",
        "Thursday 26 November, morning; may leave a message",
        "Thursday 26 November, morning; may leave a message; do not say who rings",
    ]
    (request,) = talk.handler.requests.values()
    assert request.state == "waiting"


def test_a_request_counts_and_is_said_to_once_the_number_and_the_urgency_are_known(talk: Talk) -> None:
    """The rest may be left out."""
    _asked(talk.to(ASK), "1", "1", "2", "2")

    (request,) = talk.handler.requests.values()
    assert (request.state, request.finished, request.urgent) == ("waiting", True, False)
    assert talk.words.startswith(
        "<ring_done.by> tomorrow, Thursday the twenty-sixth of November <ring_done.can_stop> <ring_when.say>"
    )


@pytest.mark.parametrize("answered", range(3))
def test_whoever_stays_silent_among_the_questions_hears_the_promise_and_is_rung(talk: Talk, answered: int) -> None:
    """What was not answered is the careful answer."""
    _asked(talk.to(ASK), *WHOLE[: 4 + answered]).wait(2)

    assert talk.at == "ring_done"
    assert "tomorrow, Thursday the twenty-sixth of November" in talk.words
    (request,) = talk.handler.requests.values()
    assert (request.state, request.may_say_who()) == ("waiting", False)


@pytest.mark.parametrize("answers", [["1"], ["1", "1"], ["1", "1", "2"]])
def test_whoever_stays_silent_when_asked_how_urgent_it_is_counts_as_urgent(talk: Talk, answers: list[str]) -> None:
    _asked(talk.to(ASK), *answers).wait(2)

    (request,) = talk.handler.requests.values()
    assert (talk.at, request.state, request.urgent, request.today) == ("ring_done", "waiting", True, False)


@pytest.mark.parametrize(
    ("answers", "urgent", "today"),
    [("1", True, True), ("3", True, False), ("21", True, False), ("23", True, False), ("22", False, False)],
)
def test_how_urgent_it_is_is_asked_one_question_at_a_time(talk: Talk, answers: str, urgent: bool, today: bool) -> None:
    """A child out of school now is for today; any letter from the council, or not being sure, is urgent."""
    _asked(talk.to(ASK), "1", "1", *answers)

    (request,) = talk.handler.requests.values()
    assert (talk.at, request.urgent, request.today) == ("ring_when", urgent, today)


def test_whoever_is_urgent_on_a_friday_evening_hears_the_true_day_and_our_number(script: Script) -> None:
    friday = dt.datetime(2026, 11, 27, 16, 50, tzinfo=LONDON)
    talk = _asked(Talk(script, friday).press("0").transfer("no_answer").press("1"), "1", "1", "1")

    assert talk.words.startswith(
        "<ring_done.by> on Monday the thirtieth of November <ring_done.ring_us> <ring_done.can_stop>"
    )


def test_what_was_answered_is_said_back_where_safety_hangs_on_it(talk: Talk) -> None:
    _asked(talk.to(ASK), "1", "1", "2", "2", "1")

    assert talk.press("1").words.startswith("<ring_message.will> <ring_safe.ask>")
    assert talk.press("2").words.startswith("<ring_safe.will_not>")


def test_the_promise_can_be_heard_again(talk: Talk) -> None:
    promise = _asked(talk.to(ASK), *WHOLE).words

    assert talk.press("#").words == promise


def test_a_message_can_be_left_and_need_not_be(talk: Talk) -> None:
    _asked(talk.to(ASK), *WHOLE)
    assert talk.press("1").turn.then == Record(60, 5, next(iter(talk.handler.requests)))
    assert talk.words == "<ring_name.say>"

    assert talk.recorded().words.startswith("<ring_name.thanks>")
    assert talk.at == "end_menu"


def test_whoever_says_nothing_after_the_tone_goes_on_and_is_not_thanked_for_a_message(script: Script) -> None:
    for silent in (lambda talk: talk.wait(), lambda talk: talk.recorded(seconds=0)):
        talk = silent(_asked(Talk(script, EVENING).to(ASK), *WHOLE).press("1"))

        assert talk.words.startswith("<ring_name.nothing>")
        assert talk.at == "end_menu"


def test_the_keys_that_work_everywhere_work_instead_of_a_message_and_while_it_is_explained(script: Script) -> None:
    for how in (lambda talk, key: talk.recorded(key, seconds=0), lambda talk, key: talk.press(key)):
        for key, place in (("*", "ring_done"), ("9", "help_settings"), ("0", "person_away")):
            assert how(_asked(Talk(script, EVENING).to(ASK), *WHOLE).press("1"), key).at == place


def test_whoever_needs_more_time_may_be_silent_for_longer_in_a_message(script: Script) -> None:
    talk = Talk(script, EVENING).press("92").press("01")

    assert _asked(talk, *WHOLE).press("1").turn.then == Record(60, 10, next(iter(talk.handler.requests)))


def test_whoever_goes_back_out_is_not_rung(talk: Talk) -> None:
    """They confirmed a number, and then changed their mind."""
    _asked(talk.to(ASK), "1", "1", "2", "2").press("****")

    assert talk.at == "ring_back"
    assert talk.words.startswith("<ring_cancelled.not_rung>")
    assert [request.state for request in talk.handler.requests.values()] == ["cancelled"]

    assert _asked(talk, *WHOLE[:1], *WHOLE[2:]).words.startswith("<ring_done.say>"), "whom it is about is asked once"
    assert [request.state for request in talk.handler.requests.values()] == ["cancelled", "waiting"]


def test_going_back_among_the_questions_takes_nothing_back(talk: Talk) -> None:
    _asked(talk.to(ASK), "1", "1", "2", "2", "1").press("*")

    assert talk.at == "ring_when"
    assert [request.state for request in talk.handler.requests.values()] == ["waiting"]


def test_being_kept_out_of_school_is_urgent_without_asking(script: Script) -> None:
    """From the start, also if the caller hangs up in the middle."""
    talk = Talk(script, EVENING).to("2").press("01").press("1").press("1")
    assert talk.at == "ring_when"
    assert "urgent" in talk.noted[-1]

    _asked(talk, "3", "1", "1", "1")

    assert "; urgent, for today;" in talk.noted[-1]
    assert "<ring_done.by> tomorrow, Thursday the twenty-sixth of November" in talk.words


def test_a_word_looked_up_on_the_way_takes_no_urgency_and_no_text_away(script: Script) -> None:
    talk = Talk(script, EVENING).to("2..").to("1...").press("9").press("3").press("1")
    assert talk.at == "reading"

    assert talk.press("1").press("1").handler.texts[0].text == "text_reading"
    assert talk.press("2").press("1").press("1").at == "ring_when"


def test_an_urgent_caller_who_chose_a_time_is_rung_then(talk: Talk) -> None:
    """What they chose may be the only time that is safe for them."""
    _asked(talk.to(ASK), "1", "1", "1", "2", "1", "1", "1")

    (request,) = talk.handler.requests.values()
    assert dt.datetime.fromtimestamp(request.opens, LONDON) == dt.datetime(2026, 11, 26, 12, 0, tzinfo=LONDON)
    assert talk.words.startswith("<ring_done.say>")


def test_not_sure_means_no_where_safety_is_asked(talk: Talk) -> None:
    _asked(talk.to(ASK), "1", "1", "2", "2", "1")

    assert "<ring_message.will_not>" in talk.press("3").words
    assert "<ring_safe.will_not>" in talk.press("3").words
    (request,) = talk.press("1").handler.requests.values()
    assert (request.message_ok, request.say_who) == (False, False)


def test_a_time_that_is_full_is_said_and_another_can_be_chosen(script: Script) -> None:
    talk = _asked(Talk(script, EVENING, handler=PracticeHandler(slots=0)).to(ASK), "1", "1", "2", "2", "1")

    assert talk.words.startswith("<ring_when.full>")
    assert talk.press("3").at == "ring_message", "at any time, nobody is turned away"


def test_a_part_of_the_day_in_which_nobody_is_rung_is_not_offered() -> None:
    ring_back = {**small.LINE["ring_back"], "morning": {"hours": "closed", "places": 0}}
    talk = _asked(Talk(small.script(ring_back=ring_back), EVENING).to(ASK), "1", "1", "2", "2")

    assert "<ring_when.morning>" not in talk.words
    assert "<ring_when.afternoon>, <press> 2." in talk.words


def test_no_time_is_promised_that_is_nearly_over(script: Script) -> None:
    """At two minutes to twelve, there is no time left to ring this morning."""
    noon = dt.datetime(2026, 11, 25, 11, 58, tzinfo=LONDON)
    talk = _asked(Talk(script, noon).press("0").transfer("busy"), "1", "1", "1", "2", "2", "1")

    assert "place held: Thursday 26 November, morning" in talk.noted


def test_any_time_is_the_first_that_has_a_place(script: Script) -> None:
    handler = PracticeHandler(slots=1)
    days = ("Thursday 26 November, morning", "Thursday 26 November, afternoon", "Friday 27 November, morning")
    for nth, expected in enumerate(days):
        talk = Talk(script, EVENING, f"+44770090012{nth}", handler, name=expected)
        _asked(talk.to(ASK), "1", "1", "2", "2", "3")

        assert f"place held: {expected}" in talk.noted


def test_what_could_not_be_written_down_is_said_and_never_promised(script: Script) -> None:
    talk = Talk(script, EVENING, handler=PracticeHandler(works=False)).to(ASK).press("1")

    assert "<ring_failed.say>" in talk.words
    assert "<ring_done." not in talk.words


def test_a_finished_dialogue_is_not_gone_back_into(talk: Talk) -> None:
    talk.to("43")
    _asked(talk, "0", "1", *WHOLE)
    assert talk.at == "ring_done"

    assert talk.press("*").at == "with_text"


def test_zero_during_the_message_finds_a_person(script: Script) -> None:
    talk = _asked(Talk(script).press("0").transfer("busy"), "1", *WHOLE, "1").recorded("0")

    assert isinstance(talk.turn.then, Transfer)


# --- hearing, moving and cancelling a call --------------------------------------------------


@pytest.fixture
def asked(script: Script) -> Talk:
    """Somebody who has a call and its number, and rings again."""
    talk = _asked(Talk(script, EVENING).to(ASK), *WHOLE)
    return Talk(script, EVENING, handler=talk.handler, name="later").press("442")


def test_it_is_asked_for_where_the_promise_said(asked: Talk) -> None:
    assert asked.at == "ring_reference"


def test_the_number_of_a_call_lets_its_caller_hear_it(asked: Talk) -> None:
    asked.key("4271")

    assert asked.words.startswith("<ring_found.say> tomorrow, Thursday the twenty-sixth of November <in_the_morning>")
    assert asked.press("3").words.startswith("<ring_found.kept>")


def test_without_the_number_nothing_is_said_of_a_call(asked: Talk) -> None:
    """Not even that there is one: phones are shared, and a caller ID can be forged."""
    assert asked.key("1234").words == "<ring_reference.not_found> <number_entry.again> <number_entry.person>"
    assert asked.key("4321").at == "ring_reference"
    assert "<message.say>" in asked.key("9999").words


def test_a_call_is_moved(asked: Talk) -> None:
    asked.key("4271").press("1").press("2")

    assert asked.words.startswith("<ring_moved.say> tomorrow, Thursday the twenty-sixth of November <in_the_afternoon>")


def test_a_call_is_cancelled_once_that_is_sure(asked: Talk) -> None:
    assert asked.key("4271").press("2").words.startswith("<ring_sure.ask>")
    assert asked.press("3").words.startswith("<ring_found.kept>")

    asked.press("4").press("442").key("4271").press("2").press("1")

    assert asked.words.startswith("<ring_cancelled.say>")
    assert [request.state for request in asked.handler.requests.values()] == ["cancelled"]


def test_a_caller_who_was_tried_three_times_hears_so(script: Script, asked: Talk) -> None:
    for key, request in asked.handler.requests.items():
        asked.handler.requests[key] = replace(request, state="gave up", tries=3)

    assert "<ring_found.gave_up>" in asked.key("4271").words
    assert asked.at == "ring_back"


def test_a_hidden_number_cannot_ask_for_a_call_by_its_number(script: Script) -> None:
    talk = Talk(script, EVENING, HIDDEN).press("442")

    assert talk.words.startswith("to ring_reference. <ring_reference.hidden> <person_away.closed>")
    assert talk.at == "person_away"
    assert _asked(
        Talk(script, EVENING, HIDDEN).press("01").enter("07700900456"), "1", "1", "2", "2", "1", "1", "1", "1"
    ).words.count("<ring_done.change_hidden>")


def test_going_back_from_a_call_that_was_found_leaves_it_as_it_is(asked: Talk) -> None:
    """Asking to be rung then is a separate wish that joins the request. Nothing of the request is undone."""
    asked.key("4271").press("**").press("44").press("*")
    (before,) = asked.handler.requests.values()
    asked.press("0").press("1").press("1")

    (after,) = asked.handler.requests.values()
    assert (after.state, after.message_ok, after.window) == (before.state, before.message_ok, before.window)


def test_the_day_promised_is_a_day_on_which_we_ring(script: Script) -> None:
    """Friday in the evening: the weekend is skipped."""
    talk = _asked(Talk(script, dt.datetime(2026, 11, 27, 20, 0, tzinfo=LONDON)).to(ASK), "1", "1", "2", "2", "1")

    assert "place held: Monday 30 November, morning" in talk.noted


# --- nobody is told what is not so ------------------------------------------------------------


def test_a_call_that_is_late_is_not_promised_for_a_time_that_is_over(script: Script) -> None:
    handler = PracticeHandler()
    _asked(
        Talk(script, OPEN.replace(hour=9), handler=handler).press("0").transfer("busy").press("1"),
        "1",
        "1",
        "2",
        "2",
        "1",
    )

    late = Talk(script, OPEN.replace(hour=14), handler=handler).press("442").key("4271")

    assert late.words.startswith("<ring_found.late>")


def test_the_day_promised_is_the_day_on_which_we_ring(script: Script) -> None:
    """Today while somebody is there, the next day at night, and never just 'soon'."""
    by_day = _asked(Talk(script).press("0").transfer("busy").press("1"), "1", "1", "1")
    at_night = _asked(Talk(script, EVENING).to(ASK), "1", "1", "1")

    assert by_day.words.startswith("<ring_done.by> today, Wednesday the twenty-fifth of November <ring_done.can_stop>")
    assert at_night.words.startswith(
        "<ring_done.by> tomorrow, Thursday the twenty-sixth of November <ring_done.ring_us>"
    )


def test_an_urgent_caller_of_the_night_is_rung_from_the_next_opening(talk: Talk) -> None:
    """Not before: nobody is there, and nobody should be rung at night."""
    _asked(talk.to(ASK), "1", "1", "1", "3", "1", "1", "1")

    (request,) = talk.handler.requests.values()
    assert dt.datetime.fromtimestamp(request.opens, LONDON) == OPEN.replace(day=26, hour=9, minute=0)


def test_leaving_the_questions_for_the_end_of_the_line_takes_back_what_does_not_count_yet(talk: Talk) -> None:
    _asked(talk.to(ASK), "1", "1")

    assert "<ring_cancelled.not_rung>" in talk.press("94").words
    assert (talk.at, talk.noted[-1]) == ("end_menu", "callback request cancelled")


def test_what_was_promised_stands_when_the_caller_goes_elsewhere(talk: Talk) -> None:
    """They were told that they can hang up, too."""
    _asked(talk.to(ASK), "1", "1", "2", "2").press("94")

    assert talk.at == "end_menu"
    assert [request.state for request in talk.handler.requests.values()] == ["waiting"]


def test_while_another_wish_of_this_phone_stands_nobody_hears_that_it_is_not_rung(script: Script) -> None:
    handler = PracticeHandler()
    _asked(Talk(script, EVENING, handler=handler, name="first").to(ASK), *WHOLE)

    second = _asked(Talk(script, EVENING, handler=handler, name="second").to(ASK), "1", "1").press("**")

    assert second.words.startswith("<ring_cancelled.one>")


def test_what_has_ended_meanwhile_is_as_good_as_cancelled(asked: Talk) -> None:
    """An adviser was quicker. Nothing has gone wrong, and the caller is not told so."""
    asked.key("4271").press("2")
    for key, request in asked.handler.requests.items():
        asked.handler.requests[key] = replace(request, state="done")

    assert asked.press("1").words.startswith("<ring_cancelled.say>")


def test_a_need_chosen_by_a_slip_is_said_and_can_be_taken_out(talk: Talk) -> None:
    _asked(talk.to(ASK), "1", "1", "2", "2", "1", "1", "1")

    assert talk.words.endswith("<ring_needs.slow>, <press> 4.")
    assert "<ring_needs.nothing>, <press> 1." in talk.words
    assert talk.press("2").words.startswith(
        "<ring_needs.has_relay> <ring_needs.say_more> <ring_needs.enough>, <press> 1."
    )
    _asked(talk.press("*"), "1", "1")

    assert "needs" not in talk.noted[-1]


def test_whoever_was_put_through_while_asking_is_noted_as_talked_to(script: Script) -> None:
    """So that the adviser who rings them knows."""
    talk = Talk(script).to("94").press("2").press("1").press("0").transfer("answered")

    assert talk.at == "end_menu"
    (request,) = talk.handler.requests.values()
    assert (request.state, request.heard[-1:]) == ("unfinished", ("person",))


def test_a_silent_caller_whose_number_we_have_hears_that_we_will_ring(talk: Talk) -> None:
    """The line ends the call, and the request stays."""
    _asked(talk.to(ASK), "1", "1")
    while talk.at != "goodbye":
        talk.wait()

    assert talk.words == "<goodbye.rung> <goodbye.say>"


def test_a_question_offered_choice_by_choice_is_asked_again(talk: Talk) -> None:
    """'For yes' means nothing half a minute after the question."""
    _asked(talk.to(ASK), "1", "1").press("77")

    assert talk.place.offer == 1
    assert "<ring_out.ask>" in talk.words
    assert "<ring_out.ask>" not in talk.wait().words


def test_a_person_is_not_offered_where_nobody_can_talk(talk: Talk) -> None:
    talk.press("0").press("77")

    offered = [talk.words, *(talk.wait().words for _ in range(2))]

    assert not any("<to_person>" in words for words in offered)


def test_moving_a_call_again_goes_on_to_later_days(asked: Talk) -> None:
    """It does not alternate between two."""
    for day in ("Friday the twenty-seventh", "Monday the thirtieth"):
        assert f"<ring_moved.say> on {day} of November <in_the_morning>" in asked.key("4271").press("11").words
        asked.press("4").press("442")


def test_urgent_guidance_is_remembered_when_the_caller_goes_on_to_other_guidance(script: Script) -> None:
    talk = Talk(script, EVENING).to("41").press("1").wait(4).press("0").press("1").press("1").press("1")

    assert talk.at == "ring_when"
    assert talk.session.wishes.urgent


def test_a_yes_to_being_rung_is_taken_though_redis_was_away_a_moment_ago(script: Script) -> None:
    """What a yes there needs is the number that rings."""
    known = replace(Talk(script, EVENING).session, trail=(At("main_menu"),))

    handler = PracticeHandler()
    call.go_on(script, known, At("ring_back"), Key("1"), handler, EVENING)

    assert [request.number for request in handler.requests.values()] == [CALLER]


def test_whoever_moves_a_call_is_rung_in_the_time_they_were_told(script: Script) -> None:
    """However urgent it was, and though any time is right."""
    handler = PracticeHandler()
    _asked(Talk(script, EVENING, handler=handler).to(ASK), "1", "1", "1", "3", "1", "1", "1")

    moved = Talk(script, EVENING, handler=handler).press("442").key("4271").press("1").press("3")

    (request,) = handler.requests.values()
    assert "tomorrow, Thursday the twenty-sixth of November <in_the_afternoon>" in moved.words
    assert dt.datetime.fromtimestamp(request.opens, LONDON) == OPEN.replace(day=26, hour=12, minute=0)


def test_a_caller_for_whom_every_time_is_full_is_rung_all_the_same(script: Script) -> None:
    talk = _asked(Talk(script, EVENING, handler=PracticeHandler(slots=0)).to(ASK), "1", "1", "2", "2")

    for _ in range(4):
        talk.press("1")

    assert talk.at == "ring_done"
    assert [request.state for request in talk.handler.requests.values()] == ["waiting"]


# --- a message that needs no key --------------------------------------------------------------


@pytest.mark.parametrize("caller", [CALLER, LANDLINE])
def test_what_is_said_after_the_tone_is_an_urgent_request_with_the_careful_answers(script: Script, caller: str) -> None:
    talk = Talk(script, EVENING, caller).wait(4).recorded()

    (request,) = talk.handler.requests.values()
    assert (request.id, request.number, request.state) == ("practice-message", caller, "waiting")
    assert (request.urgent, request.message_ok, request.say_who) == (True, False, False)
    assert (request.pressed_nothing, request.message_only, request.slow) == (True, True, False)
    assert talk.words.startswith("<message.thanks> tomorrow, Thursday the twenty-sixth of November")


def test_whoever_has_pressed_keys_is_not_said_to_have_pressed_none(talk: Talk) -> None:
    talk.press("4").wait(2).recorded()

    (request,) = talk.handler.requests.values()
    assert (request.pressed_nothing, request.slow) == (False, False)


@pytest.mark.parametrize("caller", [HIDDEN, "", "+441164960001"], ids=["hidden", "nothing", "diverted"])
def test_a_number_that_is_not_known_is_asked_for_in_the_message(script: Script, caller: str) -> None:
    """A call that was diverted shows our own number. Two such messages are never taken for one caller's."""
    handler = PracticeHandler()
    for name in ("one", "two"):
        talk = Talk(script, EVENING, caller, handler, name).wait(4)
        assert "<message.say_hidden>" in talk.words
        assert "<message.thanks_hidden>" in talk.recorded().words

    assert [request.number for request in handler.requests.values()] == ["", ""]


def test_zero_ends_a_message_and_finds_a_person(talk: Talk) -> None:
    assert talk.wait(4).recorded("0", seconds=3).at == "person_away"
    assert len(talk.handler.requests) == 1


@pytest.mark.parametrize(("key", "leads_to"), [("9", "help_settings"), ("*", "main_menu"), ("4", "more_menu")])
def test_every_key_works_in_the_words_before_the_tone(script: Script, key: str, leads_to: str) -> None:
    """And just after it, as long as nothing was said."""
    assert Talk(script, EVENING).wait(4).press(key).at == leads_to
    assert Talk(script, EVENING).wait(4).recorded(key, seconds=0).at == leads_to


def test_a_key_that_is_not_used_cuts_the_words_before_the_tone_short_once(talk: Talk) -> None:
    talk.wait(4).press("8")

    assert talk.words.startswith("<unused_key_1.say>")
    assert talk.words.endswith("<message.say>")
    assert isinstance(talk.turn.then, Record)
    assert not talk.turn.then.keys


def test_a_message_that_cannot_be_kept_is_told_with_the_hours_and_the_number(script: Script) -> None:
    talk = Talk(script, EVENING, handler=PracticeHandler(works=False)).wait(4).recorded()

    assert talk.words.startswith("<message.failed> <person_away.closed>")
    assert "<person_away.number>" in talk.words
    assert talk.at == "told"


# --- ringing that is stopped, and numbers that are heard again ----------------------------------


@pytest.mark.parametrize("how", ["in the words", "while it rings"])
def test_star_stops_the_ringing_and_offers_to_be_rung_back(script: Script, how: str) -> None:
    talk = Talk(script).press("4").press("0")

    talk = talk.press("*") if how == "in the words" else talk.transfer("stopped")

    assert talk.words.startswith("<person_away.stopped> <person_away.ring_back>, <press> 1.")
    assert talk.press("*").at == "more_menu"


def test_zero_again_in_the_words_before_the_ringing_rings_at_once(script: Script) -> None:
    talk = Talk(script).press("0").press("0")

    assert talk.turn.then == Transfer("desk", 20, keys=False)
    assert talk.words == ""


def test_the_adviser_hears_that_a_caller_has_pressed_no_key_and_not_that_they_need_slow_speech(script: Script) -> None:
    """The line rings a person unasked, who should know why the caller says nothing."""
    talk = Talk(script).wait(4)

    assert text_of(reply.whisper(script, talk.session)) == (
        "<whisper> <whisper_pressed_nothing> <whisper_accept>, <press> 1."
    )


def test_before_a_phone_number_there_is_time_to_find_a_pen(script: Script) -> None:
    talk = Talk(script).press("3").wait()
    assert talk.words == "<pen> <pen_ready>, <press_or_wait>"
    assert talk.turn.then == Gather(10)

    assert talk.wait().words.startswith(f"Ring {NUMBER}")


def test_key_one_goes_on_to_the_number_at_once(script: Script) -> None:
    assert Talk(script).press("3").wait().press("1").words.startswith(f"Ring {NUMBER}")


def test_hash_just_after_a_number_says_the_number_though_the_line_has_gone_on(script: Script) -> None:
    """And again, as often as it is wanted; then what the caller is at."""
    talk = Talk(script).press("3").wait(3)
    assert NUMBER not in talk.words

    for _ in range(3):
        assert talk.press("#").words.startswith(f"{NUMBER} {NUMBER} <with_number.parts.3>")

    assert not talk.press("1").press("#").words.startswith(NUMBER)


def test_hash_says_the_part_with_the_number_again_while_it_is_said(script: Script) -> None:
    assert Talk(script).press("3").wait(2).press("#").words == f"Ring {NUMBER} {NUMBER}"


def test_hash_where_nobody_can_talk_says_our_number_first(talk: Talk) -> None:
    """It comes behind the choices there, and who wants it again should not hear all of them first."""
    again = talk.press("0").press("#").words

    assert again.startswith(NUMBER)
    assert again.endswith("<person_away.listen>, <press> 3.")


def test_hash_just_after_the_number_of_a_call_says_it_again(talk: Talk) -> None:
    _asked(talk.to(ASK), *WHOLE).press("2")
    assert talk.at == "end_menu"

    assert talk.press("#").words.startswith("four two, seven one. four two, seven one. <end_menu.say>")


def test_key_zero_is_named_where_the_questions_begin_if_somebody_can_talk(script: Script) -> None:
    by_day, by_night = Talk(script).to("94").press("2"), Talk(script, EVENING).to(ASK)

    assert by_day.at == by_night.at == "ring_back"
    assert by_day.words.endswith("<to_person>, <press> <zero>.")
    assert "<zero>" not in by_night.words, "nobody could talk a moment ago"
