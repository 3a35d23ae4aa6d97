"""Texts from a card: only where the caller agreed to a message, and with our name only where they agreed to it."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from ivr.advising import card_texts
from ivr.callbacks import callback
from ivr.script import Script
from ivr.store import Store
from tests import small
from tests.desk import NOW, Browser, ask, hire, request

OURS = "SENDIASS Leicester"


@pytest.fixture(scope="module")
def script() -> Script:
    return small.script()


@pytest.mark.parametrize("say_who", [False, None])
def test_without_their_consent_no_text_names_us_or_says_what_it_is_about(script: Script, say_who: bool | None) -> None:
    offered = card_texts.offered(request(message_ok=True, say_who=say_who, reference="4271"), script)

    assert [each.name for each in offered] == ["tried", "appointment"]
    for each in offered:
        assert script.line.service_name not in each.words
        assert each.words.startswith("We ")
        assert each.words.endswith("Your call: 4271")


def test_with_their_consent_the_texts_name_us_and_say_where_to_read_on(script: Script) -> None:
    offered = card_texts.offered(request(message_ok=True, say_who=True), script)

    assert offered[0].words.startswith(f"{script.line.service_name}: we tried to ring you")
    assert {each.name for each in offered} >= {*script.texts} - {
        "text_reply",
        "text_reply_closed",
        "text_reply_call",
        "text_not_kept",
    }


@pytest.mark.parametrize(("facts", "why"), [
    ({"message_ok": False}, "did not agree to a message"), ({"message_ok": None}, "did not agree to a message"),
    ({"number": "+441164960101"}, "no mobile"), ({"number": ""}, "no mobile"),
])  # fmt: skip
def test_no_text_goes_to_whoever_did_not_agree_or_cannot_get_one(
    script: Script, facts: dict[str, object], why: str
) -> None:
    asked = request(**{"say_who": True, **facts})

    assert card_texts.offered(asked, script) == []
    assert why in card_texts.why_none(asked, script)
    assert "cannot send" in card_texts.why_none(request(), dataclasses.replace(script, offers_texts=False))


def test_of_two_callers_of_one_phone_no_number_is_told(script: Script) -> None:
    one = request(message_ok=True, reference="4271")
    two = replace(one, askers=(*one.askers, replace(one.askers[0], id="CA9-1", reference="4272")))

    assert "Your call" not in card_texts.offered(two, script)[0].words


def test_a_text_is_sent_once_a_day_by_whoever_has_the_request(asha: Browser, store: Store) -> None:
    asked = ask(store, message_ok=True)
    asha.get(f"/request/{asked.id}")
    assert "Take the request first." in asha.send(f"/request/{asked.id}/text", text="tried").text
    store.requests.change(asked.id, lambda r: callback.claim(r, "asha", NOW))

    for _ in range(2):
        asha.send(f"/request/{asked.id}/text", text="tried")

    (sent,) = store.texts.to(asked.number)
    assert sent.body.startswith("We tried to ring you, and will try again.")
    assert OURS not in sent.body
    notes = [event.note for event in store.requests.get(asked.id).events if event.note.startswith("Texted")]  # type: ignore[union-attr]
    assert len(notes) == 1
    assert "Choose a text." in asha.send(f"/request/{asked.id}/text", text="text_council").text


def test_texts_stop_where_the_days_sum_is_spent(asha: Browser, store: Store) -> None:
    hire(store)
    asked = ask(store, message_ok=True)
    store.requests.change(asked.id, lambda r: callback.claim(r, "asha", NOW))
    asha.get(f"/request/{asked.id}")
    store.spendings.add("dialled_minutes", 2000, "CA9", NOW)

    assert "so it sends no texts" in asha.send(f"/request/{asked.id}/text", text="tried").text
    assert store.texts.to(asked.number) == []


def test_whoever_texts_a_caller_of_another_language_is_told_that_the_texts_are_in_english(
    asha: Browser, store: Store
) -> None:
    pages = []
    for nth, language in enumerate(("Urdu", ""), 1):
        asked = ask(store, nth, language=language, message_ok=True, say_who=True)
        store.requests.change(asked.id, lambda r: callback.claim(r, "asha", NOW))
        pages.append(asha.get(f"/request/CA00{nth}-1").text)

    assert ["may read neither" in page for page in pages] == [True, False]
