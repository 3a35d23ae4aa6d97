"""An adviser answers a text from the card."""

from __future__ import annotations

import pytest

from ivr.store import Store
from tests.desk import Browser, ask


@pytest.fixture
def texted(store: Store) -> str:
    return ask(store, by_text=True, wrote="I cannot speak. <b>Help</b>").id


def test_the_card_shows_what_was_written_and_offers_an_answer_by_text(asha: Browser, texted: str) -> None:
    asha.send(f"/request/{texted}/claim")

    page = asha.get(f"/request/{texted}").text

    assert "I cannot speak. &lt;b&gt;Help&lt;/b&gt;" in page
    assert "Answer by text" in page


def test_an_answer_is_sent_once_and_written_down(asha: Browser, store: Store, texted: str) -> None:
    asha.send(f"/request/{texted}/claim")

    for _ in range(2):
        asha.send(f"/request/{texted}/answer", words="We can meet you. When?")

    (text,) = store.texts.underway()
    assert (text.to, text.body) == ("+447700900001", "We can meet you. When?")
    found = store.requests.get(texted)
    assert found
    assert [event.note for event in found.events if "Answered by text" in event.note] == [
        "Answered by text: We can meet you. When?"
    ]


@pytest.mark.parametrize(("taken", "words"), [(False, "Hello"), (True, "  ")])
def test_nothing_is_sent_without_the_request_or_without_words(
    asha: Browser, store: Store, texted: str, taken: bool, words: str
) -> None:
    if taken:
        asha.send(f"/request/{texted}/claim")

    asha.send(f"/request/{texted}/answer", words=words)

    assert store.texts.underway() == []


def test_whoever_did_not_write_is_not_answered_by_text(asha: Browser, store: Store) -> None:
    rang = ask(store).id
    asha.send(f"/request/{rang}/claim")

    asha.send(f"/request/{rang}/answer", words="Hello")

    assert store.texts.underway() == []
