"""A wish that comes once more, late: from the spool of a machine that was cut off, or by a slow webhook."""

from __future__ import annotations

import pytest

from ivr.callbacks import callback
from ivr.callbacks.diary import Promise, Window
from ivr.callbacks.request import CallbackRequest
from ivr.script.session import CancelRequest, SaveRequest
from ivr.store import Store
from tests.desk import DIARY, HOUR, NOW, ask, request
from tests.line import OPEN

PHONE = "+447700900001"
TOMORROW = Promise("morning", Window(OPEN.date().replace(day=26), "morning"), NOW + 22 * HOUR, NOW + 25 * HOUR)
LATE = pytest.mark.parametrize("entry", ["", "1.saved"], ids=["a slow webhook", "from a spool"])


def _stored(store: Store, request_id: str) -> CallbackRequest:
    found = store.requests.get(request_id)
    assert found
    return found


def _end(store: Store, request_id: str, how: str) -> None:
    """The caller is helped, given up or says that they need no call any more."""
    if how == "cancelled by its caller":
        store.requests.cancel(CancelRequest(request_id, "4271"), NOW)
        return
    store.requests.change(request_id, lambda r: callback.claim(r, "asha", NOW))
    store.requests.change(request_id, lambda r: callback.record(r, "asha", how, "", NOW, DIARY))  # type: ignore[arg-type]


@LATE
@pytest.mark.parametrize("how", ["spoke", "done", "wrong number", "cancelled", "cancelled by its caller"])
def test_a_caller_who_was_helped_is_not_rung_about_it_before_the_time_that_they_agreed_since(
    store: Store, entry: str, how: str
) -> None:
    ask(store, 1)
    _end(store, "CA001-1", how)
    ask(store, 2, number=PHONE)
    store.requests.change("CA002-1", lambda r: callback.claim(r, "asha", NOW))
    agreed = store.requests.change("CA002-1", lambda r: callback.agree(r, "asha", TOMORROW, "", "", NOW))
    ended = _stored(store, "CA001-1")

    done = store.requests.save(SaveRequest(request(1, reference="4271")), entry)

    assert (store.requests.waiting(), _stored(store, "CA001-1")) == ([agreed], ended)
    assert done.request == ended
    assert done.reference == "4271"


@LATE
@pytest.mark.parametrize("how", ["spoke", "done"])
def test_a_caller_who_was_helped_with_others_of_their_phone_is_not_asked_for_anew(
    store: Store, entry: str, how: str
) -> None:
    """Their wish has no request of its own: it joined another, which ended."""
    ask(store, 1)
    ask(store, 2, number=PHONE)
    _end(store, "CA001-1", how)

    store.requests.save(SaveRequest(request(2, number=PHONE)), entry)

    assert store.requests.waiting() == []
    assert _stored(store, "CA002-1").id == "CA001-1"


@LATE
def test_a_caller_who_was_helped_is_not_rung_with_the_others_who_still_wait(store: Store, entry: str) -> None:
    ask(store, 1)
    ask(store, 2, number=PHONE, opens=TOMORROW.opens, due=TOMORROW.due)
    _end(store, "CA001-1", "spoke")
    others = _stored(store, "CA001-1")
    assert [asker.id for asker in others.askers] == ["CA002-1"]

    store.requests.save(SaveRequest(request(1)), entry)

    assert store.requests.waiting() == [others]


@LATE
def test_what_a_caller_finished_after_their_request_ended_was_promised_and_is_rung_once(
    store: Store, entry: str
) -> None:
    """An adviser ended the half-made request. Its caller finished it, and asked again later."""
    ask(store, 1, state="unfinished", asked_at=NOW - HOUR)
    _end(store, "CA001-1", "no answer")
    store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
    store.requests.change("CA001-1", lambda r: callback.record(r, "asha", "cancelled", "", NOW, DIARY))
    ask(store, 2, number=PHONE)

    store.requests.save(SaveRequest(request(1, asked_at=NOW - 60)), entry)

    (one,) = store.requests.waiting()
    assert (one.id, {asker.id for asker in one.askers}) == ("CA002-1", {"CA001-1", "CA002-1"})
    assert _stored(store, "CA001-1").state == "cancelled"


@LATE
def test_one_more_message_of_the_same_call_counts_after_one_without_speech(store: Store, entry: str) -> None:
    ask(store, 2, number=PHONE)
    ask(store, 1, id="CA001-message", message_only=True, asked_at=NOW - 60)
    store.requests.change(
        "CA002-1", lambda r: callback.waits_for(r, tuple(a for a in r.askers if a.id != "CA001-message"))
    )

    store.requests.save(SaveRequest(request(1, id="CA001-message", message_only=True, asked_at=NOW)), entry)

    assert _stored(store, "CA002-1").asker("CA001-message")
