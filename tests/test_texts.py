"""Texts that fail: told in plain words, to whoever can ring the person instead."""

from __future__ import annotations

import pytest

from ivr import codes
from ivr.store import Store, TextState
from ivr.worker import Tools
from tests.desk import NOW, Browser, ask, hire
from tests.line import Line
from tests.rest import Twilio, work

TO = "+447700900001"


@pytest.fixture
def asha(line: Line, store: Store) -> Browser:
    hire(store)
    browser = Browser(line)
    browser.sign_in()
    return browser


def _failed(store: Store, code: str, why: str = "", to: str = TO, text_id: str = "CA1.7") -> None:
    store.texts.add(TextState(text_id, to, "text_us", "Hello.", NOW - 60))
    store.texts.became(text_id, "failed", why=why, code=code)


# --- what a code means ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "why", "told"),
    [
        ("30003", "", "The phone was off or out of reach, or takes no texts (Twilio's code 30003)."),
        ("30005", "", "Nobody has that number, or it is not in use any more (Twilio's code 30005)."),
        ("30006", "", "That is a landline, or a network that takes no texts (Twilio's code 30006)."),
        ("30007", "", "The network, or Twilio, took the text for spam (Twilio's code 30007)."),
        ("21614", "", "That is not a mobile phone (Twilio's code 21614)."),
        ("21211", "", "That is not a whole phone number (Twilio's code 21211)."),
        ("21610", "Twilio answered 400, code 21610: No", "Somebody with that phone has sent STOP to us, so no text of "
         "ours reaches it until they send START (Twilio's code 21610)."),
        ("", "30006", "That is a landline, or a network that takes no texts (Twilio's code 30006)."),
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

    assert "That is a landline, or a network that takes no texts (Twilio&#39;s code 30006)." in page
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
    assert ("asha", "saw the number of a text that failed") in [(e.who, e.what) for e in store.people.log()]


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

    assert "A text to this phone did not go." in asha.get("/request/CA001-1").text
    assert "The phone was off or out of reach" in asha.page
    assert "A text to this phone did not go." not in asha.get("/request/CA002-1").text
