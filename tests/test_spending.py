"""What the line may cost at Twilio in a day: counted, told, and stopped at, while the line itself always answers."""

from __future__ import annotations

import time

import pytest

from ivr import sms
from ivr.authoring.linefile import Spending
from ivr.callbacks import spending
from ivr.places.texting import TextLimit
from ivr.script import Script
from ivr.script.session import Failed, SendText
from ivr.spoken import text_of
from ivr.store import Store
from ivr.web.effects import LiveHandler
from tests.desk import Browser
from tests.line import OPEN, Line
from tests.test_limits import handler  # noqa: F401

NOW = OPEN.timestamp()
CEILING = Spending(pounds_a_day=10, call_minute_pence=1, dialled_minute_pence=4, text_pence=5)


@pytest.mark.parametrize(
    ("spent", "stage"),
    [({}, ""), ({"text_parts": 149}, ""), ({"text_parts": 150}, "near"), ({"call_minutes": 900}, "no texts"),
     ({"dialled_minutes": 250}, "no clicks"), ({"dialled_minutes": 10**6}, "no clicks")],
)  # fmt: skip
def test_a_day_comes_to_its_ceiling_in_three_stages(spent: dict[str, int], stage: str) -> None:
    assert spending.stage(spent, CEILING) == stage


def test_a_ceiling_of_nothing_is_none() -> None:
    assert spending.stage({"text_parts": 10**9}, Spending(pounds_a_day=0)) == ""


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (3600, 60)])
def test_each_begun_minute_counts(seconds: int, minutes: int) -> None:
    assert spending.minutes(seconds) == minutes


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (160, 1), (161, 2), (306, 2), (307, 3)])
def test_the_parts_of_a_text_count(length: int, parts: int) -> None:
    assert sms.parts("a" * length) == parts


@pytest.mark.parametrize(
    ("words", "alphabet", "parts"),
    [
        ("ગ" * 70, "UCS-2", 1),
        ("ગ" * 71, "UCS-2", 2),
        ("ł" + "a" * 133, "UCS-2", 2),
        ("ł" + "a" * 134, "UCS-2", 3),
        ("Can\u2019t", "UCS-2", 1),
        ("à £ é" * 32, "GSM-7", 1),
        ("{" * 80, "GSM-7", 1),
        ("{" * 81, "GSM-7", 2),
        ("{" * 76 + "a" + "{" * 76, "GSM-7", 2),
        ("{" * 153, "GSM-7", 3),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 67, "UCS-2", 3),
        ("", "GSM-7", 1),
    ],
)
def test_one_letter_of_another_alphabet_more_than_doubles_the_parts(words: str, alphabet: str, parts: int) -> None:
    """What counts twice is not divided: 33 emoji fit into a part of 67, and a place stays empty."""
    assert (sms.alphabet(words), sms.parts(words)) == (alphabet, parts)


def test_calls_and_transfers_are_counted_as_twilio_reports_them_and_each_once(line: Line, store: Store) -> None:
    call = line.call().press("0")
    form = {"DialCallStatus": "busy", "DialCallDuration": "61"}
    call.put_in(**form)
    over = {"CallSid": call.sid, "CallStatus": "completed", "CallDuration": "119"}
    for _ in range(2):
        assert line.post("/voice/status", over).status_code == 204

    assert store.spendings.of_day(line.now.timestamp()) == {"dialled_minutes": 2, "call_minutes": 2}


def test_near_the_ceiling_no_text_is_sent_and_the_caller_hears_how_to_get_a_person(
    handler: LiveHandler,  # noqa: F811
    shipped: Script,
    store: Store,
) -> None:
    text = SendText("CA1.1", "+447700900001", "text_us", "Words.")
    store.spendings.add("dialled_minutes", 1125, "CA9", NOW)

    assert handler.run(shipped, text, OPEN) == Failed("all")
    assert "press zero" in text_of(shipped.speech(TextLimit.all))


def test_far_over_the_ceiling_the_line_answers_and_rings_a_person(line: Line, store: Store) -> None:
    store.spendings.add("dialled_minutes", 10**6, "CA9", NOW)

    assert line.call().press("0").has("Dial")


def test_what_was_spent_is_in_the_metrics_and_on_the_page(line: Line, asha: Browser, store: Store) -> None:
    for now in (NOW, time.time()):  # the day of the test's clock, and today, which the metrics tell of
        store.spendings.add("dialled_minutes", 100, "CA9", now)

    assert "£4.00 of £50" in asha.get("/floods").text
    assert "ivr_spent_pounds 4.0" in line.client.get("/metrics").text
    assert "ivr_spending_ceiling_pounds 50.0" in line.client.get("/metrics").text
