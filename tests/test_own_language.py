"""A talk in the caller's own language: how it is reached, what is heard in it, and what comes of it.

The two languages here are nobody's (`tests/pseudo.py`). All confirmations in them are the tests' own.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
import random
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

import pytest
import structlog

from ivr import check
from ivr.advising import briefing
from ivr.authoring import drafts
from ivr.authoring.drafts import LANGUAGE_LINES
from ivr.check.callers import Simulation
from ivr.check.context import RULES, Context
from ivr.check.explore import choices_at, unused_key
from ivr.check.outcomes import SOMEBODY_ANSWERS, Habit
from ivr.check.timing import TURN_GAP, Timing
from ivr.compiling import building, translation
from ivr.engine import call
from ivr.engine.call import go_on
from ivr.places import reply
from ivr.places.short_dialogue import STEPS
from ivr.places.short_words import ShortWords
from ivr.practice import playing, transcript
from ivr.practice.effects import PracticeHandler
from ivr.practice.transcript import Transcript, TranscriptEntry
from ivr.problems import ConfigError, Problem
from ivr.script import Script, Tongue
from ivr.script.session import Gather, HangUp, Key, Record, Transfer
from ivr.spoken import text_of, words_of
from ivr.store import Published
from ivr.store.codec import SESSIONS
from ivr.web.address import Address
from tests import pseudo
from tests.desk import Browser
from tests.line import CALLER, OPEN, Line
from tests.talk import Talk

EVENING = OPEN.replace(hour=20)
TEST_PHONE = "+447700900999"


@pytest.fixture(scope="module")
def script() -> Script:
    return pseudo.both()


def _tongue(script: Script, tag: str) -> Tongue:
    found = script.tongue(tag)
    assert found
    return found


def _may_be_heard(script: Script, tag: str) -> set[str]:
    """The sounds of a language, and the one thing that is said in English: the way back to it."""
    spoken_in = _tongue(script, tag).script
    return {*spoken_in.sounds.values(), *words_of(spoken_in.says["languages.to_english"])}


# --- the way in ---------------------------------------------------------------------------------------


def test_each_language_offers_itself_after_the_name_of_the_line_and_before_all_else(script: Script) -> None:
    said = [piece for piece in Talk(script).turn.says if isinstance(piece, str)]
    first, second = (text_of(_tongue(script, tag).choose) for tag in ("en-XA", "ar-XB"))

    assert said[:3] == ["<greeting.parts.1>", first, second], "the name, and then each language by its key"


@pytest.mark.parametrize("at", ["", ".", ". "], ids=["during the greeting", "after it", "in the first menu"])
@pytest.mark.parametrize(("key", "tag"), [("5", "en-XA"), ("6", "ar-XB")])
def test_one_key_leads_into_the_language_and_nothing_else_is_heard(script: Script, at: str, key: str, tag: str) -> None:
    talk = Talk(script).wait(len(at)).press(key)

    assert talk.session.language == tag
    assert set(words_of(talk.turn.says)) <= _may_be_heard(script, tag)
    assert talk.turn.says[0] == text_of(_tongue(script, tag).script.says["language.hello"])


def test_a_number_of_its_own_leads_straight_into_a_language() -> None:
    script = pseudo.script(pseudo.language("ar-XB", key="5", numbers=["0116 496 0055"]))

    turn = call.start(script, "CA1", CALLER, OPEN, rung="+441164960055")

    assert turn.session.language == "ar-XB"
    assert set(words_of(turn.says)) <= _may_be_heard(script, "ar-XB")


def test_a_closed_day_is_heard_on_a_number_of_a_languages_own_by_the_days_that_are_offered() -> None:
    """No notice is said there: it would be in English."""
    files = pseudo.files(pseudo.language("ar-XB", key="5", numbers=["0116 496 0055"]), notices=[])
    notice = '{"words": "We are closed today.", "begins": 2026-01-01, "ends": 2027-12-31}'
    shut = files["line.yaml"].replace('"closed_days": []', f'"closed_days": [{OPEN.date()}]')
    script = building.load({**files, "line.yaml": shut.replace('"notices": []', f'"notices": [{notice}]')})
    assert script.notices
    sounds = _tongue(script, "ar-XB").script.sounds

    first = call.start(script, "CA1", CALLER, OPEN, rung="+441164960055")
    asked = Talk(script).press("5").press("1").press("2")

    assert set(words_of(first.says)) <= _may_be_heard(script, "ar-XB")
    assert sounds["today"] not in asked.turn.says
    assert sounds["tomorrow"] in asked.turn.says
    assert sounds["nobody"] in asked.press("0").turn.says


def test_ten_languages_have_a_key_each_and_the_eleventh_says_its_name() -> None:
    keys = ["5", "6", "7", *(f"8 {i}" for i in range(1, 8))]
    script = pseudo.script(
        *(pseudo.language(f"en-X{letter}", key=key) for letter, key in zip("ABCDEFGHIJ", keys, strict=True))
    )

    for letter, key in zip("ABCDEFGHIJ", keys, strict=True):
        talk = Talk(script)
        for pressed in key.split():
            talk.press(pressed)
        assert talk.session.language == f"en-X{letter}"
    assert Talk(script).press("8").press("8").at == "language_name"


def test_languages_without_a_key_of_their_own_are_behind_key_eight() -> None:
    script = pseudo.script(pseudo.language("en-XA", key="5"), pseudo.language("ar-XB", key="8 1"))

    offered = Talk(script).press("8")

    assert offered.at == "languages"
    assert text_of(_tongue(script, "ar-XB").choose) in offered.words
    assert offered.press("1").session.language == "ar-XB"


def test_whoever_speaks_none_of_them_says_the_name_of_their_language(script: Script) -> None:
    talk = Talk(script).press("8").press("8")
    assert isinstance(talk.turn.then, Record)

    talk.recorded()

    (request,) = talk.handler.requests.values()
    assert (request.id, request.languages) == (talk.turn.session.call + "-1", ("another language",))
    assert isinstance(Talk(script).press("8").press("8").turn.then, Record)


def test_the_recording_belongs_to_the_request_that_follows(script: Script) -> None:
    talk = Talk(script).press("8").press("8")
    then = talk.turn.then
    assert isinstance(then, Record)

    talk.recorded()

    assert then.request in talk.handler.requests


def test_a_line_without_languages_says_and_does_what_it_did() -> None:
    assert Talk(pseudo.script()).press("5").session.language == "en"
    assert "<languages" not in Talk(pseudo.script()).words


@pytest.fixture(scope="module")
def four(files: dict[str, str]) -> Script:
    """The shipped line with four languages that are on, in place of its drafts."""
    keys = {"en-XA": "5", "ar-XB": "6", "en-XC": "7", "ar-XD": "8 1"}
    made = [pseudo.language(tag, key=key) for tag, key in keys.items()]
    own = {name: text for name, text in files.items() if not name.startswith("languages/")}
    return building.load({**own, **pseudo.language_files(*made)})


def test_a_choice_gives_its_key_up_to_a_language_and_is_in_the_last_menu(four: Script, shipped: Script) -> None:
    """Whoever is promised a call hears the keys that lead to changing it as they are now."""
    moved = next(option for option in shipped.nodes["main_menu"].options if option.key == "5")

    assert [option.key for option in four.nodes["main_menu"].options] == ["1", "2", "3", "4"]
    assert four.nodes["help_settings"].options[-1].goto == moved.goto
    assert four.values["press_change"] == "press 9, then 6"
    assert Talk(four).press("9").press("6").at == "ring_reference"


@pytest.mark.parametrize("keys", [("5",), ("5", "6"), ("6", "8 1")])
def test_the_change_of_a_call_stays_one_key_away_while_the_first_menu_has_a_free_one(
    keys: tuple[str, ...], files: dict[str, str]
) -> None:
    script = building.load(_with_languages(files, *keys))
    (key,) = (option.key for option in script.nodes["main_menu"].options if option.goto == "ring_reference")

    assert script.values["press_change"] == f"press {key}"
    assert Talk(script).press(key).at == "ring_reference"
    assert not _found("change-in-one-step", _with_languages(files, *keys))


def test_a_change_of_a_call_that_is_no_longer_one_key_away_is_told(files: dict[str, str]) -> None:
    (found,) = _found("change-in-one-step", _with_languages(files, "5", "6", "7"))

    assert "press 9, then 6" in found.says
    assert found.severity == "warning"


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([["0116 496 0055"], ["0116 496 0056"]], 0),
        ([["0116 496 0055"], ["+44 116 496 0055"]], 1),
        ([["0116 496 0000"], []], 1),
        ([["0116 496 0001"], []], 1),
        ([["999"], []], 1),
    ],
    ids=["two of their own", "one for two languages", "the line's own", "the one without menus", "no number"],
)
def test_a_number_that_would_lead_others_into_a_language_is_told(numbers: list[list[str]], told: int) -> None:
    made = [
        pseudo.language(tag, key=key, numbers=own) for tag, key, own in zip(pseudo.TAGS, "56", numbers, strict=True)
    ]
    files = pseudo.files(*made, without_menus=["0116 496 0001"])

    assert len(_found("language-numbers", files, ours={"+441164960000"})) == told


def _with_languages(files: dict[str, str], *keys: str) -> dict[str, str]:
    """The shipped line with languages on these keys, in place of its drafts."""
    made = [pseudo.language(tag, key=key) for tag, key in zip(("en-XA", "ar-XB", "en-XC"), keys, strict=False)]
    own = {name: text for name, text in files.items() if not name.startswith("languages/")}
    return {**own, **pseudo.language_files(*made)}


def _found(name: str, files: dict[str, str], ours: Set[str] = frozenset()) -> list[Problem]:
    draft = drafts.read_draft(files)
    (rule,) = (rule for rule in RULES if rule.name == name)
    return check.findings(Context(draft, building.build(draft, "r"), pseudo.TODAY, ours=ours), rule)


def test_a_person_rings_within_a_hundred_seconds_for_whoever_presses_nothing(four: Script) -> None:
    """Although four languages have offered themselves first."""
    talk, timing, seconds = Talk(four), Timing(four), 0.0
    while isinstance(talk.turn.then, Gather):
        seconds += timing.reply(talk.turn) + TURN_GAP + talk.turn.then.seconds
        talk.wait()

    assert isinstance(talk.turn.then, Transfer)
    assert seconds + timing.reply(talk.turn) < 100


@pytest.mark.parametrize("hasty", [False, True], ids=["hears each reply", "presses at once"])
def test_a_simulated_caller_with_wrong_keys_alone_enters_no_language_and_a_person_is_rung(
    four: Script, hasty: bool
) -> None:
    """A key of a language is no wrong key. Otherwise the check would refuse a line for its third language."""
    found = Simulation(four, pseudo.TODAY).calls.of(Habit(wrong=True, hasty=hasty), SOMEBODY_ANSWERS, "shown")

    assert found.got == "a person"
    assert found.rung is not None
    assert found.rung.presses <= 4


def test_where_each_key_means_something_none_is_wrong(four: Script) -> None:
    talk = Talk(four)
    while talk.at != "main_menu":
        talk.wait()

    assert [option.key for option in choices_at(four, talk.session)] == ["1", "2", "3", "4"]
    assert unused_key(four, talk.session) is None


# --- in the language ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "tag"), [("5", "en-XA"), ("6", "ar-XB")])
@pytest.mark.parametrize("at", [OPEN, EVENING], ids=["open", "closed"])
@pytest.mark.parametrize("caller", [CALLER, ""], ids=["number shown", "number hidden"])
def test_no_word_of_english_is_heard_whatever_a_caller_does(
    script: Script, key: str, tag: str, at: dt.datetime, caller: str
) -> None:
    allowed, visited = _may_be_heard(script, tag), set()
    handlers = [PracticeHandler(), PracticeHandler(slots=0), PracticeHandler(spools=True), PracticeHandler(works=False)]
    for seed in range(60):
        for talk in _walk(Talk(script, at, caller, handlers[seed % 4]).press(key), random.Random(seed)):
            if talk.session.language != tag:
                break
            assert set(words_of(talk.turn.says)) <= allowed, talk.at
            visited.add(talk.at)

    assert visited <= set(STEPS)
    assert {"greeting", "ring_urgent", "ring_when", "ring_number", "ring_check", "ring_done"} <= visited


def _walk(talk: Talk, chance: random.Random) -> Iterator[Talk]:
    yield talk
    for _ in range(40):
        if isinstance(talk.turn.then, HangUp):
            return
        _do(talk, chance)
        yield talk


def _do(talk: Talk, chance: random.Random) -> None:
    then = talk.turn.then
    if isinstance(then, Transfer):
        talk.transfer(chance.choice(["answered", "busy", "no_answer", "failed", "stopped"]))
    elif isinstance(then, Record):
        talk.recorded(chance.choice(["", "#", "0"]), chance.choice([0, 4]))
    elif isinstance(then, Gather) and then.digits > 1:
        talk.key(chance.choice(["07700900458", "0770", "0", "07700#", "0#", "09001234567", "*", "#"]))
    else:
        talk.to(chance.choice("11223344.#*07"))


def test_two_languages_lead_through_the_same_places_by_the_same_keys(script: Script) -> None:
    for seed in range(40):
        ways = []
        for key in "56":
            chance = random.Random(seed)
            ways.append([(talk.at, talk.turn.then) for talk in _walk(Talk(script).press(key), chance)])
        assert ways[0] == ways[1]


def test_six_keys_save_a_request_that_knows_its_language(script: Script) -> None:
    talk = Talk(script).press("6").press("1").press("1").press("2").press("1")

    (request,) = talk.handler.requests.values()
    assert request.languages == ("Pseudo ar-XB",)
    assert (request.urgency, request.window and request.window.part) == ("today", "morning")
    assert request.finished


def test_the_promise_is_one_sentence_for_the_day_and_the_half_that_were_chosen(script: Script) -> None:
    sounds = _tongue(script, "ar-XB").script.sounds

    talk = Talk(script).press("6").press("1").press("2").press("2").press("2")

    assert sounds["will_ring.tomorrow.afternoon"] in talk.turn.says


def test_what_was_not_asked_has_the_careful_answer(script: Script) -> None:
    talk = Talk(script).press("5").press("1").press("2").press("1").press("1")

    (request,) = talk.handler.requests.values()
    assert not request.may_leave_message()
    assert not request.may_say_who()


def test_a_full_half_of_a_day_is_asked_again(script: Script) -> None:
    talk = Talk(script, handler=PracticeHandler(slots=0)).press("5").press("1").press("2").press("2").press("1")

    assert talk.at == "ring_when"
    assert text_of(_tongue(script, "en-XA").script.says["language.full"]) in talk.words


def test_where_every_near_day_is_closed_nobody_is_asked_for_a_day_without_a_name() -> None:
    """After six days, "on Monday" could mean another Monday."""
    shut = [f"{OPEN.date() + dt.timedelta(days=each)}" for each in range(7)]
    files = pseudo.files(pseudo.language("en-XA", key="5"))
    files["line.yaml"] = files["line.yaml"].replace('"closed_days": []', f'"closed_days": [{", ".join(shut)}]')

    talk = Talk(building.load(files)).press("5").press("1").press("2")

    assert talk.at == "ring_name", "the request counts, and a message may be left with it"


@pytest.mark.parametrize("keys", ["..", "77"], ids=["two silences", "two keys that mean nothing"])
def test_whoever_gets_no_further_is_rung_all_the_same(script: Script, keys: str) -> None:
    talk = Talk(script).press("5").to(keys + keys[0])

    (request,) = talk.handler.requests.values()
    assert (request.urgency, request.languages) == ("urgent", ("Pseudo en-XA",))
    assert talk.at in ("ring_done", "goodbye")


def test_a_silent_caller_with_a_hidden_number_is_asked_for_a_message(script: Script) -> None:
    assert Talk(script, caller="").press("5").wait(2).at == "message"


def test_zero_rings_a_person_who_hears_the_language_first(script: Script) -> None:
    talk = Talk(script).press("6").press("0")

    assert isinstance(talk.turn.then, Transfer)
    assert text_of(reply.whisper(script, talk.session)).startswith("<languages.whisper> Pseudo ar-XB")


def test_where_nobody_can_talk_a_call_is_promised_and_kept(script: Script) -> None:
    talk = Talk(script, EVENING).press("6").press("0")

    assert text_of(_tongue(script, "ar-XB").script.says["language.nobody"]) in talk.words
    assert text_of(_tongue(script, "ar-XB").script.says["language.ring_back"]) in talk.words
    assert [request.finished for request in talk.handler.requests.values()] == [True]


def test_where_nothing_can_be_saved_the_caller_hears_our_number(script: Script) -> None:
    talk = Talk(script, EVENING, handler=PracticeHandler(works=False)).press("6").press("0")

    assert text_of(_tongue(script, "ar-XB").script.says["language.our_number"]).split(" {")[0] in talk.words


def test_nine_leads_back_to_english(script: Script) -> None:
    talk = Talk(script).press("6").press("9")

    assert (talk.session.language, talk.at) == ("en", "main_menu")


# --- what advisers read -------------------------------------------------------------------------------


def test_the_card_says_which_language_and_whom_to_have_on_the_line_first(script: Script) -> None:
    talk = Talk(script).press("6").press("1").press("2")
    (request,) = talk.handler.requests.values()

    (told,) = briefing.languages_in_words(request, script)

    assert told.startswith("Pseudo ar-XB")
    assert "0116 496 0800, code 12" in told
    assert "Speaks Pseudo ar-XB" in briefing.short_about(request)


def test_a_language_that_is_gone_is_still_known_by_its_name(script: Script) -> None:
    talk = Talk(script).press("6").press("1").press("2")
    (request,) = talk.handler.requests.values()

    assert briefing.languages_in_words(request, None)[0].startswith("Pseudo ar-XB")


# --- over the real telephone ----------------------------------------------------------------------------


@pytest.fixture
def spoken(line: Line) -> Line:
    """The real app, with the two languages published."""
    files = pseudo.files(pseudo.language("en-XA", key="5"), pseudo.language("ar-XB", key="6"))
    live = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(drafts.revision_of(files), 1.0, "tests", "", live), files)
    line.app._live.look()
    return line


def test_a_voice_of_twilios_that_nobody_has_heard_says_no_language(line: Line) -> None:
    """Recordings that somebody has heard stand for no voice that reads the same words."""
    made = pseudo.language("ar-XB", key="6")
    for each in made["lines"].values():
        del each["heard"]["takes"][translation.VOICE]
    files = pseudo.files(made)
    live = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(drafts.revision_of(files), 1.0, "tests", "", live), files)
    line.app._live.look()

    assert not re.search("[\u0600-\u06ff]", line.call().words)
    assert not re.search("[\u0600-\u06ff]", line.call(sid="CA" + "3" * 32).press("6").words)


def test_a_caller_presses_one_key_and_the_card_says_which_language(spoken: Line, asha: Browser) -> None:
    script = pseudo.both()
    call = spoken.call()
    call.press("6")
    assert call.words.startswith(text_of(_tongue(script, "ar-XB").script.says["language.hello"]))
    assert not re.search(r"[a-z]", call.words.split("<languages.to_english>")[0])

    call.press("1").press("1").press("2").press("1")

    (request,) = spoken.store.requests.waiting()
    assert request.languages == ("Pseudo ar-XB",)
    assert "Speaks Pseudo ar-XB" in asha.get("/").text
    assert "0116 496 0800, code 12" in asha.get(f"/request/{request.id}").text


def test_the_log_says_the_language_of_each_turn_and_nothing_that_was_heard(spoken: Line) -> None:
    with structlog.testing.capture_logs() as logs:
        spoken.call().press("6").press("1").press("9")

    assert [entry["language"] for entry in logs if entry["event"] == "turn"] == ["en", "ar-XB", "ar-XB", "en"]
    assert not re.search("[\u0600-\u06ff]", str(logs))


def test_the_adviser_who_is_rung_hears_the_language_first(spoken: Line) -> None:
    call = spoken.call().press("6").press("0")

    whisper = spoken.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32}).text

    assert whisper.index("languages.whisper") < whisper.index("&lt;whisper&gt;")
    assert "Pseudo ar-XB" in whisper


def test_each_language_is_said_in_its_own_voice(line: Line) -> None:
    made = pseudo.language("ar-XB", key="6", say_voice="Polly.Zeina", say_language="arb")
    files = pseudo.files(made)
    line.store.revisions.publish(
        Published(drafts.revision_of(files), 1.0, "tests", "", line.store.revisions.live() or ""), files
    )
    line.app._live.look()

    call = line.call()
    offered = {say.attrib["language"]: "".join(say.itertext()) for say in call.reply.iter("Say")}
    call.press("6")
    heard = [(say.attrib["voice"], say.attrib["language"]) for say in call.reply.iter("Say")]

    assert offered["arb"].strip() == text_of(_tongue(pseudo.script(made), "ar-XB").choose)
    assert heard[0] == ("Polly.Zeina", "arb")
    assert heard[-1][1] == "en-GB", "the way back is said in English"


def test_a_language_that_twilio_cannot_say_is_not_offered_without_recordings(line: Line) -> None:
    files = pseudo.files(pseudo.language("ar-XB", key="6", say_voice=""))
    line.store.revisions.publish(
        Published(drafts.revision_of(files), 1.0, "tests", "", line.store.revisions.live() or ""), files
    )
    line.app._live.look()

    assert line.call().press("6").place != "ring_number"
    assert not re.search("[\u0600-\u06ff]", line.call(sid="CA" + "3" * 32).words)


def test_a_story_of_a_call_in_another_language_can_be_read_by_whoever_reads_english(script: Script) -> None:
    wanted = Transcript(OPEN, CALLER, tuple(TranscriptEntry("CALLER", key) for key in "612"))

    played = playing.play(script, wanted)

    said = [entry.text for entry in played.entries if entry.who == "LINE"]
    assert "[For Pseudo ar-XB, press six.]" in said[0]
    assert said[1].startswith("[Pseudo ar-XB] Hello. This is Small Service. This is a recording.")
    assert "speaks Pseudo ar-XB" in " ".join(entry.text for entry in played.entries if entry.who == "GOT")
    assert not re.search("[\u0600-\u06ff]", transcript.write(played))


# --- what is kept, and a Redis that goes away ---------------------------------------------------------


def test_a_session_of_an_older_version_is_in_english() -> None:
    old = b'{"v":2,"call":"CA1","revision":"r","place":{"node":"main_menu"}}'

    assert SESSIONS.decode(old).language == "en"


def test_a_call_goes_on_in_its_language_without_redis(script: Script) -> None:
    talk = Talk(script).press("6")
    address = Address.read(Address.of(talk.session, alone=True))
    assert address

    known = address.session(None, "CA1", CALLER, 2)
    turn = go_on(script, known, address.place, Key("3"), PracticeHandler(), OPEN + dt.timedelta(minutes=1))

    assert (turn.session.language, turn.session.place.node) == ("ar-XB", "ring_number")


# --- who may hear it ----------------------------------------------------------------------------------


Edits = Mapping[str, Any]
_TODAY_MORNING = "lines will_ring heard takes will_ring.today.morning"


def _confirmed(name: str, english: str, says: str) -> Edits:
    """Other words for a line, which three people stand for. Where it is part of a whole sentence, nobody has."""
    of = translation.fingerprint("en-XA", name, english, says, {name: says})
    return {f"lines {name} says": says, f"lines {name} checked of": of, f"lines {name} heard of": of}


#: What is not as it must be in a language that is switched on: values by their place; None takes something away.
BROKEN: Mapping[str, Edits] = {
    "stale": {"lines ask of": "Shall we ring you back on this phone?"},
    "not checked": {"lines ask checked": None},
    "not heard": {"lines ask heard": None},
    "changed since": {"lines ask says": "šö"},
    "half recorded": {_TODAY_MORNING: None, "lines will_ring heard takes say": None},
    "a line is missing": {"lines full": None},
    "no interpreter": {"interpreter": ""},
    "checked by its translator": {"lines ask checked by": pseudo.TRANSLATOR},
    "checked by its translator in other letters": {"lines ask checked by": "TESTER,  Tess"},
    "checked by its translator with an initial": {"lines ask checked by": "T. Tester"},
    "checked by a mark": {"lines ask checked by": "?"},
    "checked before it was translated": {"lines ask checked on": "2026-01-04"},
    "heard by a machine": {"lines ask heard by": "Google Translate"},
    "heard before it was checked": {"lines ask heard on": "2026-01-05"},
    "translated by a machine": {"lines ask translated by": "A Machine"},
    "another name of the service": {"names service_name": "Ñéŵ ŝéŕṽîçé"},
    "another name of the language": {"name": "Ñéŵ"},
    "another key": {"key": "6"},
    "another word for a day, and that confirmed": _confirmed("monday", "on Monday", "ɱöñ"),
    "another word for a digit, and that confirmed": _confirmed("five", "five", "ƒîƒ"),
    "the words of another line, with their confirmation": {
        "lines yes": pseudo.language("en-XA", key="5")["lines"]["no"]
    },
    "confirmed in another language": {"lines yes": pseudo.language("en-XC", key="5")["lines"]["yes"]},
    "a blank is lost": {"lines reference says": "ñûɱƀéŕ"},
}


def _broken(how: str) -> dict[str, Any]:
    made = pseudo.language("en-XA", key="5")
    for place, value in BROKEN[how].items():
        *around, last = place.split()
        inner: dict[str, Any] = functools.reduce(operator.getitem, around, made)
        inner[last] = value
        if value is None:
            del inner[last]
    return made


@pytest.mark.parametrize("how", BROKEN)
def test_a_language_that_is_not_confirmed_cannot_be_switched_on(how: str) -> None:
    with pytest.raises(ConfigError) as refused:
        pseudo.script(_broken(how))

    assert "switched on" in str(refused.value) or "blank" in str(refused.value)


@pytest.mark.parametrize("how", [how for how in BROKEN if how != "a blank is lost"])
def test_switched_off_it_holds_up_nothing_and_no_caller_is_offered_it(how: str) -> None:
    script = pseudo.script(_broken(how) | {"switch": "off"})

    assert script.tongues == ()
    assert Talk(script).press("5").session.language == "en"


def test_a_draft_is_offered_to_a_test_phone_alone_and_begins_with_a_warning() -> None:
    script = pseudo.script(pseudo.language("en-XA", key="5", confirmed=False), test_phones=[TEST_PHONE])

    assert "<languages" not in Talk(script).words
    assert Talk(script).press("5").session.language == "en"
    tester = Talk(script, caller=TEST_PHONE)
    assert "<languages.draft>" in tester.words
    assert tester.press("5").words.startswith("<languages.draft>")


def test_a_language_that_becomes_a_draft_during_a_call_is_heard_no_more() -> None:
    """The revision with which the call began is gone, so it goes on with today's, in which this is a draft."""
    began = Talk(pseudo.script(pseudo.language("en-XA", key="5"))).press("5")
    today = pseudo.script(pseudo.language("en-XA", key="5", confirmed=False), test_phones=[TEST_PHONE])
    draft = _may_be_heard(today, "en-XA") - {*words_of(today.says["languages.to_english"])}

    again = call.current(today, began.session, OPEN)
    after = go_on(today, began.session, began.session.place, Key("1"), PracticeHandler(), OPEN)

    assert not {*words_of(again.says), *words_of(after.says)} & draft


@pytest.mark.parametrize("how", ["stale", "not heard", "a blank is lost", "no English of a line"])
def test_whatever_is_wrong_with_a_live_language_callers_hear_the_english_line(line: Line, how: str) -> None:
    """As after an update of the line, which may ask more of a language than the version that published it."""
    made = _broken(how) if how in BROKEN else pseudo.language("en-XA", key="5")
    files = pseudo.files(made, pseudo.language("ar-XB", key="6"))
    if how not in BROKEN:
        files[LANGUAGE_LINES] = re.sub(r"  ring_back:\n(?:    .*\n)+", "", files[LANGUAGE_LINES])
    live = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(drafts.revision_of(files), 1.0, "tests", "", live), files)
    line.app._live.look()

    call = line.call()

    assert line.app._live.now.script.revision == drafts.revision_of(files)
    assert "<greeting.parts.1>" in call.words
    assert [tongue.tag for tongue in line.app._live.now.script.tongues] == (["ar-XB"] if how in BROKEN else [])


def test_two_languages_cannot_have_one_key() -> None:
    with pytest.raises(ConfigError, match="Key 5"):
        pseudo.script(pseudo.language("en-XA", key="5"), pseudo.language("ar-XB", key="5"))


def test_a_misspelt_line_of_a_language_is_told() -> None:
    made = pseudo.language("en-XA", key="5", confirmed=False)
    made["lines"]["hallo"] = made["lines"]["hello"]

    with pytest.raises(ConfigError, match="no line 'hallo'"):
        pseudo.script(made)


@pytest.mark.parametrize(("seconds", "found"), [(2.0, 0), (7.0, 3)])
def test_languages_that_take_long_to_offer_themselves_are_told(seconds: float, found: int) -> None:
    """Each, and all of them together: English callers wait for them."""
    draft = drafts.read_draft(pseudo.files(pseudo.language("en-XA", key="5"), pseudo.language("ar-XB", key="6")))
    script = building.build(draft, "r")
    measured = {(text_of(tongue.choose), False): seconds for tongue in script.tongues}
    (rule,) = (rule for rule in RULES if rule.name == "language-offers")

    told = check.findings(Context(draft, script, pseudo.TODAY, measured=measured), rule)

    assert len(told) == found


def test_every_shipped_language_is_whole_and_off_and_nobody_stands_for_a_line_of_it(files: dict[str, str]) -> None:
    tried = {**files, "line.yaml": files["line.yaml"].replace("test_phones: []", f'test_phones: ["{TEST_PHONE}"]')}

    script = building.load(tried)

    assert [(tongue.tag, tongue.keys) for tongue in script.tongues] == [
        ("gu", "5"), ("pa", "6"), ("ur", "7"), ("pl", "81"), ("ro", "82"), ("so", "83"),
    ]  # fmt: skip
    assert not any(tongue.is_live or tongue.script.takes for tongue in script.tongues)
    assert building.load(files).tongues == ()


def test_every_line_of_the_talk_is_said_somewhere(script: Script) -> None:
    """A line that nobody hears would be translated and recorded for nothing."""
    heard: set[str] = set()
    for at in (OPEN, EVENING, OPEN + dt.timedelta(days=2)):
        for caller in (CALLER, ""):
            for places in (12, 0):
                for seed in range(60):
                    talk = Talk(script, at, caller, handler=PracticeHandler(slots=places)).press("6")
                    for after in _walk(talk, random.Random(seed)):
                        heard.update(words_of(after.turn.says))
    sounds = _tongue(script, "ar-XB").script.sounds
    silent = {name for name, words in sounds.items() if words not in heard}

    said_elsewhere = {"choose", "name"}
    assert {name for name in silent if not name.startswith(("will_ring.", *pseudo.WEEK))} <= said_elsewhere
    assert {line.name for line in ShortWords.lines()} <= {name.split(".")[0] for name in sounds}
