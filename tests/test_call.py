"""The engine: keys, silence, going back, and what each turn says."""

from __future__ import annotations

import dataclasses
import datetime as dt

import msgspec
import pytest
from msgspec.structs import replace

from ivr.compiling import building
from ivr.engine import call
from ivr.hours import CLOSED, LONDON, Hours
from ivr.places import reply
from ivr.places.kinds import Step
from ivr.practice.effects import PracticeHandler
from ivr.script import Notice, Script
from ivr.script.place import Go, Here, Moved
from ivr.script.session import MOST_TRAIL, At, Gather, HangUp, Key, NoInput, Record, Session, Transfer
from ivr.spoken import text_of
from tests import small
from tests.line import CALLER, OPEN
from tests.talk import Talk

EVENING = OPEN.replace(hour=20)


@pytest.fixture(scope="module")
def script() -> Script:
    """The small line, with one phone for a person."""
    return small.script(transfer=small.ONE_PHONE)


@pytest.fixture
def talk(script: Script) -> Talk:
    return Talk(script)


# --- the universal keys ---------------------------------------------------------------------

EVERYWHERE = ["", "..", "1", "1.", "1..", "1...", "2", "2.", "2..", "3.", "4", "41", "42", "9", "93", "931", "9311"]


@pytest.mark.parametrize("way", EVERYWHERE)
def test_zero_is_a_person_from_everywhere(script: Script, way: str) -> None:
    assert isinstance(Talk(script).to(way).press("0").turn.then, Transfer)


@pytest.mark.parametrize("way", EVERYWHERE)
def test_nine_is_help_from_everywhere_and_star_comes_back(script: Script, way: str) -> None:
    """Help returns to the same place, even to the same part of a reading."""
    talk = Talk(script).to(way)
    before = At("main_menu") if talk.at == "greeting" else talk.place

    talk.press("9")

    assert talk.at == "help_settings"
    if way != "9":
        assert talk.press("*").place == before


@pytest.mark.parametrize("way", EVERYWHERE)
def test_hash_says_it_again_and_is_no_mistake(script: Script, way: str) -> None:
    talk = Talk(script).to(way)
    before = talk.session

    talk.press("#")

    assert (talk.at, talk.session.slips) == (before.place.node, before.slips)
    assert talk.words


def test_hash_repeats_only_the_part_just_heard(talk: Talk) -> None:
    talk.to("1")
    first = talk.words
    second = talk.wait().words

    assert talk.press("#").words == second
    assert first not in talk.words


def test_hash_at_the_end_of_a_reading_says_its_last_part_again(talk: Talk) -> None:
    """Also after a silence, when only the choices were said."""
    talk.to("1...")
    assert "<reading.parts.3>" not in talk.words

    assert "<reading.parts.3>" in talk.press("#").words


def test_star_goes_one_step_back_and_not_to_the_start(talk: Talk) -> None:
    assert talk.to("411").at == "reading"

    assert talk.press("*").at == "urgent"
    assert talk.press("*").at == "more_menu"
    assert talk.press("*").at == "main_menu"
    assert "<at_the_start>" in talk.press("*").words


def test_the_way_back_is_never_so_long_that_a_session_grows(script: Script) -> None:
    talk = Talk(script)
    for _ in range(MOST_TRAIL):
        talk.press("4").press("1").press("2").press("4")

    assert len(talk.session.trail) <= MOST_TRAIL


def test_the_place_of_a_key_is_said_the_first_time_only(talk: Talk) -> None:
    assert "<press> <zero>, <where_zero>." in talk.words

    talk.press("4")
    assert "<press> <hash>, <where_hash>." in talk.words
    assert "<press> <star>, <where_star>." in talk.words
    assert "<press> <zero>." in talk.words

    talk.press("2").press("*")
    assert "<press> <star>." in talk.words
    assert "<where_" not in talk.words


def test_nine_is_named_once_in_a_call(talk: Talk) -> None:
    assert "<press> 9." in talk.press("4").words
    assert "<press> 9." not in talk.press("*").words


# --- choosing -------------------------------------------------------------------------------


def test_what_is_chosen_is_said_back_after_a_pause(talk: Talk) -> None:
    assert talk.press("4").turn.says[:2] == (0.8, "to more_menu.")


def test_a_choice_comes_before_its_key(talk: Talk) -> None:
    says = talk.wait(2).turn.says

    at = says.index("to runs_on,")
    assert says[at : at + 4] == ("to runs_on,", 0.7, "<press> 2.", 1.0)


def test_keys_of_the_main_menu_work_while_the_greeting_is_said(talk: Talk) -> None:
    assert talk.at == "greeting"
    assert talk.press("4").at == "more_menu"


def test_a_choice_at_the_end_of_a_reading_works_while_it_is_said(talk: Talk) -> None:
    assert talk.press("41").place == At("urgent")
    assert talk.press("1").at == "reading"


def test_a_question_is_not_answered_before_it_was_asked(talk: Talk) -> None:
    """A key in a reading that runs on to a question only skips ahead to it."""
    assert talk.press("2").place == At("runs_on")
    assert talk.press("1").place == At("runs_on", 1), "and skips no more than the part that is said"
    assert talk.press("1").at == "question"


def test_not_sure_explains_a_word_and_asks_again_then_finds_a_person(talk: Talk) -> None:
    talk.press("42").press("3")
    assert talk.at == "question"
    assert "<hard.means>" in talk.words

    assert isinstance(talk.press("3").turn.then, Transfer)


def test_the_same_key_within_a_moment_is_a_trembling_hand(script: Script) -> None:
    turn = call.start(script, "CA1", CALLER, OPEN)
    turn = call.run(script, turn.session, Key("4"), PracticeHandler(), OPEN + dt.timedelta(seconds=5))
    again = call.run(script, turn.session, Key("4"), PracticeHandler(), OPEN + dt.timedelta(seconds=5.4))

    assert again.session.place == turn.session.place
    assert again.says == turn.says
    assert again.session.turn == turn.session.turn + 1


def test_a_key_pressed_three_times_at_an_easy_pace_is_three_choices(script: Script) -> None:
    """A hand that trembles at each of them does not choose more than that."""
    turn = call.start(script, "CA1", CALLER, OPEN)
    for seconds in (5, 5.4, 5.8, 6.4, 6.8, 7.2, 7.8, 8.2):
        turn = call.run(script, turn.session, Key("4"), PracticeHandler(), OPEN + dt.timedelta(seconds=seconds))

    assert (len(turn.session.trail), turn.session.wrongs) == (2, 1)


def test_the_same_key_after_a_moment_is_a_choice(script: Script) -> None:
    turn = call.start(script, "CA1", CALLER, OPEN)
    turn = call.run(script, turn.session, Key("4"), PracticeHandler(), OPEN + dt.timedelta(seconds=5))
    again = call.run(script, turn.session, Key("4"), PracticeHandler(), OPEN + dt.timedelta(seconds=6.2))

    assert again.session.place.node == "people_menu"


@pytest.mark.parametrize("key", ["1", "3", "4", "7"])
def test_nobody_answers_a_question_that_they_have_not_begun_to_hear(script: Script, key: str) -> None:
    """A hand trembles onto the key beside it, too; and a key comes for a menu that is just over."""
    turn = call.start(script, "CA1", CALLER, OPEN)
    asked = call.run(script, turn.session, Key("4"), PracticeHandler(), OPEN + dt.timedelta(seconds=5))
    assert asked.session.place == At("more_menu")

    too_soon = call.run(script, asked.session, Key(key), PracticeHandler(), OPEN + dt.timedelta(seconds=6))

    assert (too_soon.session.place, too_soon.session.wrongs) == (At("more_menu"), 0)


@pytest.mark.parametrize(("key", "leads_to"), [("0", "person"), ("*", "main_menu"), ("9", "help_settings")])
def test_the_keys_that_work_everywhere_work_from_the_first_moment(script: Script, key: str, leads_to: str) -> None:
    turn = call.start(script, "CA1", CALLER, OPEN)
    asked = call.run(script, turn.session, Key("1"), PracticeHandler(), OPEN + dt.timedelta(seconds=5))

    at_once = call.run(script, asked.session, Key(key), PracticeHandler(), OPEN + dt.timedelta(seconds=5.3))

    assert at_once.session.place.node == leads_to


# --- help and settings ----------------------------------------------------------------------


def test_slow_speech_lasts_for_the_call_and_can_be_undone(talk: Talk) -> None:
    talk.press("4").press("9").press("1")
    assert (talk.at, talk.session.slow) == ("more_menu", True)

    talk.press("1").press("9")
    assert "<slower.normal_label>, <press> 1." in talk.words
    assert not talk.press("1").session.slow


def test_slow_speech_waits_longer(talk: Talk) -> None:
    assert talk.press("4").turn.then == Gather(10)
    assert talk.press("9").press("1").turn.then == Gather(20)


def test_more_time_is_two_minutes_before_a_silence_counts(talk: Talk) -> None:
    talk.press("4").press("9").press("2")

    for _ in range(3):
        assert talk.turn.then == Gather(30)
        talk.wait()
        assert talk.session.silences == 0
    assert talk.wait().session.silences == 1


def test_more_time_holds_for_choices_that_come_one_at_a_time(talk: Talk) -> None:
    """A relay user who asked for it cannot press within a few seconds."""
    talk.press("4").press("9").press("2").press("77")

    assert talk.place.offer == 1
    assert talk.turn.then == Gather(30)


def test_a_word_asked_for_in_a_reading_is_one_of_its_own_and_returns_to_it(talk: Talk) -> None:
    talk.press("1").press("9").press("3")
    assert talk.at == "hard", "a word of the part just heard"

    assert talk.press("4").at == "harder"
    assert talk.press("1").place == At("reading")


def test_start_again_forgets_the_way_back(talk: Talk) -> None:
    talk.press("41").press("9").press("4").press("4")

    assert (talk.at, talk.session.trail) == ("main_menu", ())


def test_a_pause_lasts_as_long_as_the_caller_wants(talk: Talk) -> None:
    """And goes back to the very place. Any key ends it, also one that means something there."""
    talk.to("1.").press("9").press("5")
    assert talk.words == "to pause. <pause.say>"

    for _ in range(40):
        assert talk.wait().words == "<pause.still_here>"
        assert talk.turn.then == Gather(30)
    assert (talk.session.silences, talk.session.slips, talk.session.quiet) == (0, 0, 0)

    assert talk.press("4").place == At("reading", 1)


def test_a_pause_of_an_hour_is_a_silence(talk: Talk) -> None:
    """Nobody is there any more, and Twilio ends a call after four hours."""
    talk.press("9").press("5").wait(119)
    assert talk.at == "pause"

    assert talk.wait(2).session.silences == 1


def test_zero_is_a_person_in_a_pause_too(talk: Talk) -> None:
    assert isinstance(talk.press("9").press("5").press("0").turn.then, Transfer)


# --- silence and keys that are not used -----------------------------------------------------


def test_after_the_second_silence_a_person_is_rung(talk: Talk) -> None:
    """Nothing was pressed: where the keypad is, and that one can stay on the line, is all that is said before."""
    talk.wait(3)
    assert talk.words == "<no_key_1.say> <no_key_1.or_stay>"
    assert talk.turn.then == Gather(10)

    assert talk.wait().words.startswith("<stay_on.say>")
    assert isinstance(talk.turn.then, Transfer)
    assert not talk.session.slow


def test_whoever_has_pressed_a_key_before_is_given_time_and_the_choices_again(talk: Talk) -> None:
    """They know where the keys are, and think."""
    talk.press("4").wait()

    assert talk.words.startswith("<no_key_2.say> <more_menu.say>")
    assert talk.turn.then == Gather(20)
    assert isinstance(talk.wait().turn.then, Transfer)


def test_where_nobody_can_talk_a_message_is_asked_for_that_needs_no_key(script: Script) -> None:
    """And silence after the tone is told, and all that there is to tell, in words that no key cuts short."""
    talk = Talk(script, EVENING).wait(4)
    assert talk.words == "<person_away.closed> <one_at_a_time>, <press> 1. <message.say>"
    assert talk.turn.then == Record(60, 10, "practice-message")

    talk.wait()

    assert talk.words == (
        "<message.nothing> <person_away.closed> <open_again> tomorrow, Thursday the twenty-sixth of November "
        f"at nine in the morning <person_away.number> {small.HOURS} {small.NUMBER} {small.NUMBER} <goodbye.say>"
    )
    assert (talk.at, talk.turn.then, talk.handler.requests) == ("told", HangUp(), {})


@pytest.mark.parametrize("how", ["busy", "no_answer", "failed"])
def test_a_person_is_rung_unasked_once_in_a_call(talk: Talk, how: str) -> None:
    """Pockets ring too. A caller who is not put through is asked for a message."""
    talk.wait(4).transfer(how)  # type: ignore[arg-type]
    assert isinstance(talk.turn.then, Record)

    assert talk.press("4").at == "more_menu"
    while not isinstance(talk.turn.then, HangUp):
        assert isinstance(talk.wait().turn.then, Gather | HangUp)
    assert talk.at == "told"


def test_whoever_has_pressed_a_key_is_not_hung_up_on_within_two_minutes_of_silence(script: Script) -> None:
    """They may be looking for a letter, or wait for somebody who types for them. It is told what they can do."""
    talk, waited = Talk(script, EVENING).press("0"), 0.0
    while not isinstance(talk.turn.then, HangUp):
        waited += talk.turn.then.seconds if isinstance(talk.turn.then, Gather) else 10
        talk.wait()

    assert waited >= 120
    assert talk.at == "told"


def test_a_key_before_it_rings_unasked_is_a_choice_of_the_menu_before(talk: Talk) -> None:
    """Somebody has made up their mind at last."""
    assert talk.wait(4).press("4").at == "more_menu"


def test_whoever_asks_for_a_person_again_and_again_is_asked_for_a_message(talk: Talk) -> None:
    """Ringing three times is enough, and the reason is true."""
    for _ in range(3):
        assert talk.press("0").at == "person"
        talk.transfer("no_answer")

    assert talk.press("0").words.startswith("<person_away.tried>")
    assert isinstance(talk.turn.then, Record)


def test_whoever_was_talked_to_is_put_through_again(talk: Talk) -> None:
    for _ in range(5):
        assert isinstance(talk.press("0").turn.then, Transfer)
        talk.transfer("answered")


def test_at_night_the_third_zero_is_a_message(script: Script) -> None:
    talk = Talk(script, EVENING).press("0").press("0")
    assert talk.at == "person_away"

    assert isinstance(talk.press("0").turn.then, Record)


def test_whoever_waits_where_nobody_can_talk_is_asked_for_a_message_at_once(script: Script) -> None:
    """They wanted a person, and talk."""
    talk = Talk(script, EVENING).press("0").wait()

    assert talk.words == "<one_at_a_time>, <press> 1. <message.say>"


def test_an_unused_key_has_words_of_its_own_and_the_third_finds_a_person(talk: Talk) -> None:
    talk.press("4")

    assert "<unused_key_1.say>" in talk.press("7").words
    assert talk.press("8").words == "<unused_key_2.say> to urgent, <press_or_wait>"
    assert isinstance(talk.press("7").turn.then, Transfer)


def test_silence_and_unused_keys_in_turn_find_a_person_too(talk: Talk) -> None:
    """If each were counted separately, a caller who alternates would never be helped."""
    assert isinstance(talk.press("4").press("7").wait().press("7").turn.then, Transfer)


def test_four_slips_in_a_call_find_a_person(talk: Talk) -> None:
    talk.press("4").press("7").press("2").press("8").press("*").press("8")
    assert talk.session.slips == 3

    talk.press("4").press("8")

    assert isinstance(talk.turn.then, Transfer)
    assert talk.session.slips == 0


def test_whoever_has_got_something_is_not_hung_up_on_within_two_minutes_of_silence(talk: Talk) -> None:
    """They were told that they can hang up, and may be looking for a pen."""
    talk.press("0").transfer("answered")
    waited = 0.0
    while not isinstance(talk.turn.then, HangUp):
        assert isinstance(talk.turn.then, Gather)
        waited += talk.turn.then.seconds
        talk.wait()

    assert waited >= 120
    assert talk.words == "<goodbye.say>"


def test_silence_between_the_parts_of_a_reading_is_not_a_silence(talk: Talk) -> None:
    talk.press("1").wait()

    assert (talk.place, talk.session.silences, talk.session.slips) == (At("reading", 1), 0, 0)


# --- one key --------------------------------------------------------------------------------


def test_key_one_before_it_rings_unasked_offers_one_choice_at_a_time(talk: Talk) -> None:
    """It is not named there, since it would keep everybody from a person for longer; where nobody talks, it is."""
    assert talk.wait(4).words == "<stay_on.say>"
    talk.press("1")
    assert talk.words.endswith("to reading, <press_or_wait>")

    talk.wait(3).press("1")

    assert (talk.at, talk.session.one_key) == ("more_menu", True)
    assert talk.words.endswith("to urgent, <press_or_wait>")


def test_another_key_shows_that_all_keys_can_be_used(talk: Talk) -> None:
    talk.wait(4).press("1").wait(3).press("1").press("3")

    assert not talk.session.one_key


def test_with_one_key_the_universal_keys_are_choices_too(talk: Talk) -> None:
    talk.wait(4).press("1").wait(3).press("1")
    offered = []
    for _ in range(8):
        offered.append(talk.words)
        talk.wait()

    assert [words.split(",")[0] for words in offered[4:]] == [
        "<to_hear_again>",
        "<to_go_back>",
        "<to_person>",
        "<to_get_help>",
    ]


# --- a person -------------------------------------------------------------------------------


def test_a_person_is_rung_in_opening_hours(talk: Talk) -> None:
    assert talk.press("0").turn.then == Transfer("desk", 20)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("busy", "<person_away.busy>"),
        ("no_answer", "<person_away.no_answer>"),
        ("failed", "<person_away.failed>"),
    ],
)
def test_each_way_of_not_getting_through_has_its_words_the_hours_and_the_number(
    talk: Talk, how: str, words: str
) -> None:
    """And 'go on listening' leads back to where the caller was."""
    talk.to("1.").press("0").transfer(how)  # type: ignore[arg-type]

    assert talk.words.startswith(words)
    assert f"<person_away.number> {small.HOURS} {small.NUMBER}" in talk.words
    assert talk.press("3").place == At("reading", 1)


def test_closed_says_when_the_line_opens_again(script: Script) -> None:
    talk = Talk(script, dt.datetime(2026, 11, 27, 18, 0, tzinfo=LONDON)).press("0")

    assert "<open_again> on Monday the thirtieth of November at nine in the morning" in talk.words


def test_numbers_of_the_rota_are_tried_in_turn() -> None:
    talk = Talk(small.script()).press("0").transfer("no_answer")

    assert talk.turn.then == Transfer("second_desk", 20)
    assert talk.words == "<person.try_next>"
    assert talk.transfer("busy").at == "person_away"


def test_a_talk_that_ended_leaves_the_caller_on_the_line(talk: Talk) -> None:
    assert "<person.ended>" in talk.press("0").transfer("answered").words
    assert talk.at == "end_menu"


def test_the_adviser_hears_what_the_caller_listened_to(talk: Talk, script: Script) -> None:
    talk.press("9").press("1").press("2").press("0")

    assert text_of(reply.whisper(script, talk.session)) == (
        "<whisper> <whisper_heard> Small. <whisper_slow> <whisper_today> <whisper_accept>, <press> 1."
    )


# --- the reply ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [*EVERYWHERE, "4177", "..7", "0", "423", "441", ".....1"])
def test_the_present_reply_is_the_same_again(script: Script, way: str) -> None:
    """It is made from the session alone, so a repeated webhook gets the reply that the caller heard."""
    talk = Talk(script).to(way)

    assert call.current(script, talk.session, OPEN) == talk.turn


def test_a_late_answer_to_what_was_left_behind_changes_nothing(talk: Talk) -> None:
    before = talk.press("4").place

    assert talk.transfer("busy").place == before
    assert talk.recorded().place == before


def test_a_call_that_was_lost_starts_again_politely(script: Script) -> None:
    turn = call.start(script, "CA1", CALLER, OPEN, lost=True)

    assert text_of(turn.says).startswith("<start_again.say> <greeting.parts.1>")


@pytest.mark.parametrize(
    ("place", "resumed"),
    [
        (At("reading", 0), At("reading", 1)),
        (At("reading", 99), At("reading", 3)),
        (At("person"), At("person_away")),  # the transfer has ended, and nothing tells how
        (At("ring_check"), At("end_menu")),
        (At("a_step_of_another_version"), At("main_menu")),
        (At("a_node_of_another_script"), At("main_menu")),
    ],
)
def test_a_call_goes_on_from_a_place_alone(script: Script, talk: Talk, place: At, resumed: At) -> None:
    """While Redis is away the address says where the call is, and that is enough to speak."""
    turn = call.go_on(script, talk.session, place, NoInput(), PracticeHandler(), OPEN)

    assert turn.session.place == resumed
    assert turn.says
    assert turn.session.turn == talk.session.turn + 1


def test_a_session_that_version_1_2_kept_in_the_middle_of_asking_goes_on(script: Script) -> None:
    """It remembered where the dialogue goes on, which nothing needs any more."""
    kept = {
        "call": "CA1", "revision": script.revision, "place": {"node": "ring_when"}, "turn": 7, "caller": CALLER,
        "trail": [{"node": "person_away"}, {"node": "ring_back"}, {"node": "ring_out"}], "asked": 1, "pressed": True,
        "wishes": {"number": CALLER, "request": "CA1-1", "reference": "4271", "onward": "ring_when", "urgent": True},
    }  # fmt: skip
    s, handler = msgspec.json.decode(msgspec.json.encode(kept), type=Session), PracticeHandler()

    turn = call.run(script, s, Key("3"), handler, OPEN + dt.timedelta(minutes=1))

    assert turn.session.place == At("ring_message")
    assert [request.when for request in handler.requests.values()] == ["any"]


def test_a_session_of_another_version_goes_on_though_its_places_are_no_more(script: Script, talk: Talk) -> None:
    """It is at a place that is unknown, and so is one on the way back."""
    talk.press("41")
    gone = At("a_place_that_is_no_more")
    s = replace(talk.session, trail=(*talk.session.trail, gone))
    handler, later = PracticeHandler(), OPEN + dt.timedelta(minutes=1)

    assert call.run(script, s, Key("*"), handler, later).session.place == At("more_menu")

    lost = replace(s, place=gone)
    assert call.current(script, lost, OPEN).session.place == At("main_menu")
    assert call.run(script, lost, Key("1"), handler, later).session.place == At("main_menu")
    assert call.run(script, lost, Key("0"), handler, later).session.place == At("person")


@pytest.mark.parametrize(
    ("place", "told"),
    [("ring_urgent", "<ring_failed.say>"), ("text_check", "<text_failed.say>")],
)
def test_what_was_meant_for_a_place_that_is_lost_means_nothing_elsewhere(
    script: Script, talk: Talk, place: str, told: str
) -> None:
    """1 meant 'yes' there, and must not count as the first choice at the new place. 0 is a person everywhere."""
    turn = call.go_on(script, talk.session, At(place), Key("1"), PracticeHandler(), OPEN)

    assert text_of(turn.says).startswith(told)
    assert turn.session.place == At("end_menu")
    assert call.go_on(script, talk.session, At(place), Key("0"), PracticeHandler(), OPEN).session.place == At("person")


def test_a_place_that_was_remembered_is_gone_on_from(script: Script, talk: Talk) -> None:
    """What the caller said on the way to it is remembered too."""
    asked = talk.press("0").transfer("busy").press("112233")
    assert asked.place == At("ring_message")

    turn = call.go_on(script, asked.session, asked.session.place, Key("3"), PracticeHandler(), OPEN)

    assert turn.session.wishes.message_ok is False


def test_a_notice_is_said_first_and_only_on_its_days(script: Script) -> None:
    snow = Notice(("Closed because of snow.",), OPEN, OPEN.replace(hour=23))
    snowed_in = dataclasses.replace(script, notices=(snow,))

    assert Talk(snowed_in).words.startswith("Closed because of snow. <greeting.parts.1>")
    assert Talk(snowed_in, OPEN + dt.timedelta(days=1)).words.startswith("<greeting.parts.1>")


@pytest.mark.parametrize(("written", "says"), [("Something new.", "Something new."), ("", "<main_menu.say>")])
def test_a_part_of_the_greeting_that_is_a_sentence_of_the_settings_may_be_empty(written: str, says: str) -> None:
    greeting = {**small.NODES["greeting"], "parts": ["<greeting.parts.1>", "{new}"]}

    assert Talk(small.script({"greeting": greeting}, sentences={"new": written})).wait().words.startswith(says)


# --- switches -------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "leads_to"), [("on", "with_text"), ("off", "people_menu")])
def test_a_part_that_is_switched_off_is_not_there(state: str, leads_to: str) -> None:
    """And callers go elsewhere instead."""
    node = {**small.NODES["with_text"], "only_if": "extra", "when_off": {"goto": "people_menu"}}
    script = small.script({"with_text": node}, switches={"extra": state})

    assert ("with_text" in script.nodes) == (state == "on")
    assert Talk(script).press("43").at == leads_to


# --- a line that lacks something ------------------------------------------------------------------


def test_in_opening_hours_without_a_phone_to_ring_the_caller_hears_so_and_what_else_there_is(script: Script) -> None:
    """Every phone for a person is one of the line's own: whoever rang it would ring the line."""
    alone = dataclasses.replace(script, ours=frozenset({"+441164960001"}))

    talk = Talk(alone).press("0")

    assert (talk.at, talk.session.away) == ("person_away", "failed")
    assert talk.words.startswith("<person_away.failed>")


def test_a_line_that_never_opens_says_that_nobody_can_talk_and_no_day(script: Script) -> None:
    never = dataclasses.replace(script, hours=Hours((CLOSED,) * 7))

    words = Talk(never).press("0").words

    assert "<person_away.closed>" in words
    assert "<open_again>" not in words
    assert "<open_again>" in Talk(script, OPEN.replace(hour=20)).press("0").words


def test_a_menu_whose_only_choice_is_not_there_today_names_no_keys_and_a_person_still_rings() -> None:
    more = {"more_menu": {"kind": "menu", "choices": ["send_text"]}}
    textless = building.load(small.files(more), offers_texts=False)

    talk = Talk(textless).press("4")

    assert (talk.at, talk.words) == ("more_menu", "to more_menu. <more_menu.say>")
    assert isinstance(talk.press("0").turn.then, Transfer)


def test_help_can_lead_back_to_the_start_and_star_then_leads_nowhere_older() -> None:
    to_start = small.script({"help_settings": {"kind": "menu", "choices": ["slower", "main_menu"]}})

    talk = Talk(to_start).press("1").press("9").press("2")

    assert (talk.at, talk.session.trail, talk.session.topic) == ("main_menu", (), "")


class _Circle(Step):
    """A place that passes every caller on to itself."""

    id = "pause"

    def arrive(self, here: Here) -> Moved:
        return here.s, Go("pause")


def test_places_that_pass_a_caller_on_in_a_circle_are_told_as_our_fault(script: Script) -> None:
    circle = dataclasses.replace(script, steps={**script.steps, "pause": _Circle()})
    talk = Talk(circle).press("9")

    with pytest.raises(RuntimeError, match="pause leads round and round"):
        talk.press("5")
