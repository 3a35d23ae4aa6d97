"""Texts: offered if they can be sent, reported in plain words if they fail, and answered if they come in."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ivr import spoken
from ivr.authoring import drafts
from ivr.check.callers import Simulation
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.places.reading import Reading
from ivr.problems import ConfigError
from ivr.processes.tools import Tools
from ivr.script import Script
from ivr.spoken import text_of
from ivr.store import Published, Store, TextState
from ivr.twilio import codes
from ivr.web.voice import MOST_ANSWERS
from tests.desk import NOW, Browser, ask
from tests.line import OPEN, Line
from tests.rest import Twilio, work
from tests.sealed import KEYS
from tests.walk import ways

TO = "+447700900001"


def _failed(store: Store, code: str, why: str = "", to: str = TO, text_id: str = "CA1.7") -> None:
    store.texts.add(TextState(text_id, to, "text_us", "Hello.", NOW - 60))
    store.texts.became(text_id, "failed", why=why, code=code)


# --- what a code means ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "why", "told"),
    [
        ("30003", "", "The phone was off or out of reach, or does not accept texts (Twilio's code 30003)."),
        ("30005", "", "That number does not exist, or is no longer in use (Twilio's code 30005)."),
        ("30006", "", "That is a landline, or a network that does not accept texts (Twilio's code 30006)."),
        ("30007", "", "The network, or Twilio, took the text for spam (Twilio's code 30007)."),
        ("21614", "", "That is not a mobile phone (Twilio's code 21614)."),
        ("21211", "", "That is not a complete phone number (Twilio's code 21211)."),
        ("21610", "Twilio answered 400, code 21610: No", "Somebody with that phone has sent STOP to us, so no text of "
         "ours reaches it until they send START (Twilio's code 21610)."),
        ("", "30006", "That is a landline, or a network that does not accept texts (Twilio's code 30006)."),
        ("39999", "", "Twilio's code 39999: see twilio.com/docs/api/errors/39999."),
        ("", "39999", "Twilio's code 39999: see twilio.com/docs/api/errors/39999."),
        ("39999", "Twilio answered 400, code 39999: No", "Twilio answered 400, code 39999: No."),
        ("", "Twilio could not be reached", "Twilio could not be reached."),
        ("", "", "Twilio did not say why."),
    ],
)  # fmt: skip
def test_why_a_text_failed_is_a_sentence(code: str, why: str, told: str) -> None:
    assert codes.in_words(code, why) == told


def test_a_refusal_by_twilio_is_kept_with_its_code(tools: Tools, store: Store, twilio: Twilio) -> None:
    twilio.answers = [(400, b'{"code": 21614, "message": "To is not a mobile number", "status": 400}')]
    store.texts.add(TextState("CA1.7", TO, "text_us", "Hello.", NOW))
    tools.jobs.send_waiting_text("CA1.7")

    work(tools)

    (failed,) = store.texts.failed()
    assert (failed.code, failed.why) == ("21614", "Twilio answered 400, code 21614: To is not a mobile number")


# --- on the advisers' page --------------------------------------------------------------------


def test_a_text_that_failed_leads_to_the_card_of_that_phone(asha: Browser, store: Store) -> None:
    ask(store)
    _failed(store, "30006")

    page = asha.get("/texts").text

    assert "That is a landline, or a network that does not accept texts (Twilio&#39;s code 30006)." in page
    assert 'href="/console/request/CA001-1"' in page
    assert "07700" not in page
    assert "Show the number" not in page, "whoever takes the request is shown it there"


def test_without_a_card_the_number_is_shown_to_whoever_asks_and_the_log_says_who(asha: Browser, store: Store) -> None:
    _failed(store, "30003")
    _failed(store, "30003", to="+447700900002", text_id="CA2.7")
    assert "07700" not in asha.get("/texts").text

    page = asha.send("/texts/CA1.7/number").text

    assert "07700 900001" in page
    assert "07700 900002" not in page
    assert ("asha", "saw the number of a text that failed") in [(e.who, e.what) for e in store.audit.entries()]


@pytest.mark.parametrize("text_id", ["nothing", "CA2.7"])
def test_no_number_is_shown_of_a_text_that_did_not_fail(asha: Browser, store: Store, text_id: str) -> None:
    _failed(store, "30003")
    store.texts.add(TextState("CA2.7", TO, "text_us", "Hello.", NOW, fate="delivered"))
    asha.get("/texts")

    response = asha.send(f"/texts/{text_id}/number")

    assert response.status_code == 404
    assert "07700" not in response.text


def test_a_card_tells_of_a_text_to_that_phone_that_failed(asha: Browser, store: Store) -> None:
    ask(store)
    ask(store, 2)
    _failed(store, "30003")

    assert "A text to this phone was not delivered." in asha.get("/request/CA001-1").text
    assert "The phone was off or out of reach" in asha.page
    assert "A text to this phone was not delivered." not in asha.get("/request/CA002-1").text


# --- what cannot be done is not promised --------------------------------------------------------

#: Any word of a text, but for a text relay.
OF_A_TEXT = re.compile(r"\btext(?:s|ed)?\b(?! relay)", re.IGNORECASE)


@pytest.fixture(scope="module")
def textless() -> Script:
    return building.load(configfiles.script_files(config.ROOT / "config"), config.bank_holidays(), offers_texts=False)


def test_a_line_that_cannot_send_texts_speaks_of_none(textless: Script) -> None:
    """Nowhere that keys and silence lead to."""
    for place, (way, turn) in ways(textless, OPEN).items():
        assert not OF_A_TEXT.search(text_of(turn.says)), (place, way)
        assert place[0] not in ("send_text", "text_number", "text_check"), way


def test_all_that_is_no_text_is_still_reached(shipped: Script, textless: Script) -> None:
    """Nothing else is lost with the texts, and every reading still says something."""
    nodes = {node for node, _ in ways(shipped, OPEN)} - {"send_text", "text_number", "text_check"}

    assert {node for node, _ in ways(textless, OPEN)} >= nodes


def test_without_texts_every_other_promise_to_callers_holds(textless: Script) -> None:
    """Nobody is left with nothing, and every caller still gets all other kinds of help in time."""
    simulation = Simulation(textless, OPEN.date())

    assert [outcome for outcome in simulation.outcomes if not outcome.got] == []
    assert {figure.wants for figure in simulation.asked if not figure.kept} == {"any of the texts"}
    assert [figure for figure in simulation.unasked if not figure.kept] == []


def test_both_scripts_are_made_of_the_same_sounds(shipped: Script, textless: Script) -> None:
    assert textless.every_prompt() <= shipped.every_prompt()


def test_the_words_around_an_offer_stay_whole(shipped: Script, textless: Script) -> None:
    def closing(script: Script) -> str:
        node = script.nodes["complaint_words"]
        assert isinstance(node, Reading)
        return text_of(node.closing)

    assert closing(shipped) == "That is what to write. If writing is hard, tell us. We can text you this list."
    assert closing(textless) == "That is what to write. If writing is hard, tell us."
    assert "We can support you with this too." in _told(textless, "disagreement_ask")
    assert "text" not in _told(textless, "disagreement_ask")


def _told(script: Script, name: str) -> str:
    node = script.nodes[name]
    assert isinstance(node, Reading)
    return " ".join(text_of(part) for part in node.parts)


def test_a_reading_of_nothing_but_an_offer_leads_on(files: dict[str, str]) -> None:
    """There is nothing left to say in it, and its choices come at once."""
    menu = "menus/more_help.yaml"
    old = files[menu]
    begins, ends = old.index("  local_offer:"), old.index("  rule_book:")
    node = re.sub(r"parts:.*?next:[^\n]*", 'parts: ["[We can text you the link.]"]', old[begins:ends], flags=re.DOTALL)
    made = building.load({**files, menu: old[:begins] + node + old[ends:]}, offers_texts=False)

    _, turn = ways(made, OPEN)["local_offer", 0]

    assert "What would you like now?" in text_of(turn.says)
    assert not OF_A_TEXT.search(text_of(turn.says))


def test_a_phone_number_is_still_known_where_it_is_said(shipped: Script, textless: Script) -> None:
    """A part that is gone moves those behind it."""
    for script in (shipped, textless):
        for where, number in script.numbers.items():
            node = script.nodes.get(where.split(".")[0])
            if isinstance(node, Reading):
                said_number = script.values[number]
                part = node.parts[int(where.split(".")[1])]
                assert isinstance(said_number, tuple)
                assert text_of(said_number).rstrip(".") in text_of(part)


@pytest.mark.parametrize(
    ("words", "whole", "without"),
    [
        ("We can help. [We can text you the link.] Ring us.",
         ["We can help. ", "We can text you the link.", " Ring us."], ["We can help. ", " Ring us."]),
        ("[We send it to your phone.]", ["We send it to your phone."], []),
        ("Write a text to the school.", ["Write a text to the school."], ["Write a text to the school."]),
        ("", [], []),
    ],
)  # fmt: skip
def test_what_stands_in_brackets_offers_a_text_and_nothing_else_does(
    words: str, whole: list[str], without: list[str]
) -> None:
    """Whatever the words are: staff say what is an offer."""
    assert spoken.in_pieces(words, offers_texts=True) == whole
    assert spoken.in_pieces(words, offers_texts=False) == without


def test_a_bracket_without_a_partner_is_told(files: dict[str, str]) -> None:
    edited = files["menus/more_help.yaml"].replace('"[We can text you the link.]"', '"[We can text you the link."')

    with pytest.raises(ConfigError, match="has no partner"):
        building.load({**files, "menus/more_help.yaml": edited})


@pytest.fixture
def no_account(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    with Line(dataclasses.replace(settings, account_sid=""), store) as line:
        yield line


def test_without_an_account_no_caller_is_offered_a_text(no_account: Line) -> None:
    call = no_account.call().press("0").put_in(DialCallStatus="busy")

    assert not OF_A_TEXT.search(call.words)
    assert "press 3" in call.words, "the keys of the other choices stay as they are"
    assert call.press("2").place == "person_away"
    assert "That key is not used here." in call.words


def test_a_running_line_stops_offering_texts_and_offers_them_again(line: Line) -> None:
    away = line.call().press("0").put_in(DialCallStatus="busy")
    assert "by text" in away.words

    line.store.texts.sender_is("Twilio says that +441164960000 sends no texts.")
    line.app._live.look()

    assert "by text" not in away.press("#").words, "not even to a caller who heard the offer before"
    assert "by text" not in line.call(sid="CA2").press("0").put_in(DialCallStatus="busy").words
    line.store.texts.sender_is("")
    line.app._live.look()
    assert "by text" in line.call(sid="CA3").press("0").put_in(DialCallStatus="busy").words


@pytest.mark.parametrize("refusal", ["21212", "21603", "21606", "21659", "21660", "21661"])
def test_a_refusal_of_the_sender_ends_the_offers_and_one_of_the_receiver_does_not(
    tools: Tools, store: Store, twilio: Twilio, refusal: str
) -> None:
    """No number, none of Twilio's, none of this account's, or one that sends no texts."""
    for nth, (code, is_ours) in enumerate((("21614", False), (refusal, True))):
        twilio.answers = [(400, {"code": int(code), "message": "No", "status": 400})]
        store.texts.add(TextState(f"CA1.{nth}", TO, "text_us", "Hello.", NOW))
        tools.jobs.send_waiting_text(f"CA1.{nth}")
        work(tools)
        assert bool(store.texts.why_no_sender()) is is_ours


def test_no_text_is_offered_before_it_is_known_that_one_can_be_sent(
    settings: Settings, store: Store, files: dict[str, str]
) -> None:
    store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)

    with Line(settings, store) as line:
        assert "by text" not in line.call().press("0").put_in(DialCallStatus="busy").words
        store.texts.sender_is("")
        line.app._live.look()
        assert "by text" in line.call(sid="CA3").press("0").put_in(DialCallStatus="busy").words


def test_advisers_are_told_that_no_texts_are_offered(asha: Browser, store: Store) -> None:
    assert "The line does not offer texts at the moment." not in asha.get("/texts").text

    store.texts.sender_is("Twilio says that +441164960000 sends no texts.")

    assert "Twilio says that +441164960000 sends no texts." in asha.get("/texts").text


# --- somebody sends us a text ---------------------------------------------------------------------

CAME = {
    "MessageSid": "SM" + "1" * 32,
    "From": "+447700900123",
    "To": "+441164960000",
    "Body": "hello?",
    "NumMedia": "0",
}


def _answer(line: Line, **form: str) -> str | None:
    """The text that goes back, if one does."""
    reply = line.post("/text", {**CAME, **form})
    assert (reply.status_code, reply.mimetype) == (200, "text/xml")
    root = ET.fromstring(reply.text)
    assert root.tag == "Response"
    assert [child.tag for child in root] in ([], ["Message"])
    return root.findtext("Message")


def test_whoever_texts_us_is_told_by_when_we_answer_and_how_to_reach_a_person(line: Line) -> None:
    """The phone may be shared, so not who we are."""
    answer = _answer(line)

    assert answer
    assert "0116 257 5027" in answer
    assert re.search(r"We will answer by \w+day \d+ November\.", answer)
    assert not re.search("Leicester|SENDIASS|special|school", answer)
    assert len(answer) <= 160, "one text is enough, and costs no more than one"


@pytest.mark.parametrize("hour", [10, 20])
def test_whoever_asks_for_a_call_by_text_is_told_when_we_call(
    settings: Settings, store: Store, published: str, hour: int
) -> None:
    with Line(settings, store) as line:
        line.now = OPEN.replace(hour=hour)
        answer = _answer(line, Body="please call me")

    assert answer
    assert "We will call you by Thursday 26 November." in answer
    assert "CALL" not in answer
    assert len(answer) <= 160


def test_at_night_the_answer_does_not_tell_anybody_to_ring_us_now(
    settings: Settings, store: Store, published: str
) -> None:
    with Line(settings, store) as line:
        line.now = OPEN.replace(hour=20)
        answer = _answer(line)

    assert answer
    assert "We are closed now. We will answer by Thursday 26 November." in answer
    assert "0116" not in answer
    assert len(answer) <= 160


@pytest.mark.parametrize(("body", "by_text"), [
    ("hello?", True), ("HELP", True), ("RING", False), ("please call me", False),
    ("I cannot hear on the phone", True), ("Do not call me", True),
    ("I'm deaf, I can\u2019t use a phone", True), ("\u0aae\u0aa6\u0aa6", True),
    ("", True), ("my \u06a9\u062a\u0627\u0628\u200c\u0647\u0627 \U0001f468\u200d\U0001f469\u200d\U0001f467", True),
    (f"{'My son is at home. ' * 83}The end", True),
    ("I cant read. call me", False), ("He is not in school. Please call", False), ("no letter yet, pls fone me", False),
    ("I can't answer now, call after 3", False), ("call my mum, she does not speak English", False),
    ("can u give us a bell", False), ("callback please", False), ("call me I cant cope", False),
    ("I don't want a call", True), ("not able to really talk, call no", True), ("no calls please", True),
    ("I would rather text than call", True), ("I called yesterday", True), ("Hard of hearing, do not ring", True),
])  # fmt: skip
def test_a_text_becomes_a_request_to_be_answered_by_text_or_rung(line: Line, body: str, by_text: bool) -> None:
    assert _answer(line, Body=body)

    (request,) = line.store.requests.waiting()
    assert (request.number, request.by_text, request.wrote) == ("+447700900123", by_text, (body,) if body else ())
    assert (request.finished, request.urgent, request.may_say_who(), request.may_leave_message()) == (
        True, True, False, False,
    )  # fmt: skip


def test_a_text_that_twilio_delivers_twice_is_one_request(line: Line) -> None:
    assert _answer(line) == _answer(line)

    (request,) = line.store.requests.waiting()
    assert len(request.askers) == 1


def test_a_second_text_joins_the_first_as_ringing_does(line: Line) -> None:
    _answer(line)
    _answer(line, Body="RING", MessageSid="SM" + "2" * 32)

    (request,) = line.store.requests.waiting()
    assert request.wrote == ("hello?", "RING")


@pytest.mark.parametrize("body", ["STOP", "START", "arret"])
def test_stop_and_start_ask_for_nothing(line: Line, body: str) -> None:
    _answer(line, Body=body, OptOutType="" if body != "arret" else "STOP")

    assert line.store.requests.waiting() == []


def test_texts_beyond_the_limit_of_a_phone_are_no_more_requests(line: Line) -> None:
    """Each is another text, so each is another wish, until the phone has had all that it may have in a day."""
    most = line.app._live.now.script.line.limits.requests.a_phone
    for nth in range(most + 3):
        _answer(line, MessageSid=f"SM{nth:032}")

    (request,) = line.store.requests.waiting()
    assert len(request.everybody) == most


def test_while_redis_is_away_a_text_waits_on_the_disk(
    settings: Settings, files: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "live.json").write_text(json.dumps(files))
    away = dataclasses.replace(settings, data_dir=tmp_path)
    store = Store(f"unix://{tmp_path}/nobody.sock", KEYS)
    with Line(away, store) as line:
        assert "We have your text" in str(_answer(line))
    assert [path for path in away.spool_dir.rglob("*") if path.is_file()]
    store.close()


def test_staff_edit_the_words_of_the_answer(line: Line, files: dict[str, str]) -> None:
    edited = {
        **files,
        "texts.yaml": files["texts.yaml"].replace("We have your text.", "It came."),
    }
    live = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(drafts.revision_of(edited), 1.0, "tests", "", live), edited)
    line.app._live.look()

    assert "It came." in str(_answer(line))


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop. ", "STOPALL", "unsubscribe", "CANCEL", "End", "quit",
                                  "START", "UNSTOP", "REVOKE", "optout"])  # fmt: skip
def test_words_that_twilio_answers_are_not_answered_again(line: Line, body: str) -> None:
    assert _answer(line, Body=body) is None


def test_a_word_of_ones_own_service_for_stopping_is_twilios_too(line: Line) -> None:
    assert _answer(line, Body="arret", OptOutType="STOP") is None


@pytest.mark.parametrize("body", ["please stop ringing me", "yes", "", "\u2603", "x" * 5000, "help me please"])
def test_anything_else_is_answered(line: Line, body: str) -> None:
    assert _answer(line, Body=body)


@pytest.mark.parametrize(
    "sender",
    ["60600", "+4460600", "SENDIASS", "", "+441164960000", "+447700900500", "whatsapp:+447700900123", "\u2603",
     "anonymous", "+449098790001", "+12025550123", "x" * 5000],
)  # fmt: skip
def test_what_answers_by_itself_or_cannot_be_answered_gets_nothing(
    settings: Settings, store: Store, published: str, sender: str
) -> None:
    """A short code, a name, ourselves, a costly number, one abroad: that could go on for ever, or cost a lot."""
    with Line(dataclasses.replace(settings, text_from="+447700900500"), store) as line:
        assert _answer(line, From=sender) is None


def test_a_text_from_the_number_that_it_went_to_is_not_answered(line: Line) -> None:
    assert _answer(line, From="+447700900123", To="+447700900123") is None


def test_two_machines_do_not_answer_each_other_for_ever(line: Line) -> None:
    answers = [_answer(line) for _ in range(10)]

    assert [bool(answer) for answer in answers] == [True] * MOST_ANSWERS + [False] * (10 - MOST_ANSWERS)
    assert _answer(line, From="+447700900124"), "nobody else waits for them"


def test_the_number_of_whoever_texts_us_is_in_no_log(line: Line) -> None:
    with structlog.testing.capture_logs() as logs:
        _answer(line)

    assert [entry["answered"] for entry in logs if entry["event"] == "text came"] == [True]
    assert "900123" not in str(logs)
    assert "hello?" not in str(logs)


def test_while_redis_is_away_each_number_is_answered_once(
    settings: Settings, files: dict[str, str], tmp_path: Path
) -> None:
    """Nothing counts then what was sent, and an answer for ever is worse than none."""
    (tmp_path / "live.json").write_text(json.dumps(files))
    away = dataclasses.replace(settings, data_dir=tmp_path)
    store = Store(f"unix://{tmp_path}/nobody.sock", KEYS)
    with Line(away, store) as line:
        assert [bool(_answer(line)) for _ in range(3)] == [True, False, False]
        assert _answer(line, From="+447700900124")
    store.close()


FIELDS = ["From", "To", "Body", "MessageSid", "OptOutType", "NumMedia", "NumSegments", "SmsStatus"]
ODD = [None, "", " ", "-1", "3.7", "abc", "9" * 5000, "x" * 20_000, "\u2603\u202e", "\x00", "<Message>"]


def test_a_text_with_any_odd_field_is_taken(line: Line) -> None:
    with structlog.testing.capture_logs() as logs:
        for field, value in itertools.product(FIELDS, ODD):
            form = {name: text for name, text in {**CAME, field: value}.items() if text is not None}
            reply = line.post("/text", form)
            assert reply.status_code == 200, (field, value)
            ET.fromstring(reply.text)

    assert not [entry for entry in logs if entry["log_level"] in ("error", "critical")]
