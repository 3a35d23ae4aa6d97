"""Many callers at once: seen, taken out of the list together, and put back."""

from __future__ import annotations

import pytest

from ivr.callbacks import flood
from ivr.callbacks.flood import FloodSpan
from ivr.callbacks.request import SpokenMessage
from ivr.store import Store
from tests.desk import NOW, Browser, ask, request
from tests.line import OPEN

AT = OPEN.timestamp()


def _asked(store: Store, nth: int, at: float = AT, **facts: object) -> str:
    return ask(store, nth, number=f"+4477009{nth:05}", asked_at=at, **facts).id


def test_thirty_within_an_hour_are_a_flood_and_twenty_nine_are_not() -> None:
    asked = [request(nth, asked_at=AT + 60 * nth) for nth in range(30)]

    assert flood.part_of_one(asked, 30) == {each.id for each in asked}
    assert flood.part_of_one(asked[1:], 30) == set()


def test_who_asked_long_before_or_after_a_flood_is_no_part_of_it() -> None:
    early, late = request(900, asked_at=AT - 3700), request(901, asked_at=AT + 7300)
    many = [request(nth, asked_at=AT + nth) for nth in range(30)]

    assert flood.part_of_one([early, *many, late], 30) == {each.id for each in many}


def test_a_flood_is_taken_out_together_and_frees_its_places(asha: Browser, store: Store) -> None:
    for nth in range(280):
        _asked(store, nth)
    known = _asked(store, 900, at=AT - 3600)
    begins = int(AT // 600 * 600)
    page = asha.get("/floods").text
    assert "280 of those who wait" in page

    asha.send("/floods/out", begins=str(begins), last=str(begins), sure="1")

    assert "280 requests are taken out" in asha.page
    assert [each.id for each in store.requests.waiting()] == [known]
    assert store.redis.do(lambda client: [client.zcard(key) for key in client.scan_iter("ivr:slot:*")]) == [1]


def test_what_was_taken_out_is_in_the_log_and_can_be_put_back(asha: Browser, store: Store) -> None:
    ids = {_asked(store, nth) for nth in range(3)}
    span = FloodSpan(AT - 60, AT + 60)
    begins = str(int(AT // 600 * 600))
    asha.get("/floods")
    asha.send("/floods/out", begins=begins, last=begins, sure="1")
    label = next(iter(flood.taken(store.requests.ended())))

    asha.send("/floods/back", label=label)

    assert {each.id for each in store.requests.waiting()} == ids
    assert [entry.what for entry in store.audit.entries()][:2] == [
        f"put back 3 requests: {label}", f"took out 3 requests: {label}",
    ]  # fmt: skip
    assert span.label.startswith("everybody, asked Wednesday 25 November 2026")


FORMS = [
    {}, {"begins": "x", "last": "1", "sure": "1"}, {"begins": "5", "last": "1", "sure": "1"},
    {"begins": "0", "last": str(int(NOW))}, {"begins": "-1", "last": "9" * 40, "sure": "1"},
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_taken_out_without_a_span_and_a_tick(asha: Browser, store: Store, form: dict[str, str]) -> None:
    asked = _asked(store, 1)
    asha.get("/floods")

    asha.send("/floods/out", **form)

    assert "Nothing was taken out" in asha.page
    assert [each.id for each in store.requests.waiting()] == [asked]


def test_what_somebody_has_dealt_with_stays_in_the_list() -> None:
    span = FloodSpan(AT - 1, AT + 1)
    touched = [
        request(1, asked_at=AT, state="claimed"), request(2, asked_at=AT, tries=1),
        request(3, asked_at=AT, messages=(SpokenMessage("RE1", 9),)), request(4, asked_at=AT, number_by="asha"),
        request(5, asked_at=AT - 2),
    ]  # fmt: skip

    assert flood.within(touched, span) == []
    for each in touched:
        assert flood.taken_out(each, "asha", NOW, span) == each


def test_only_the_keyed_numbers_can_be_taken_out() -> None:
    keyed, shown = request(1, asked_at=AT, keyed=True), request(2, asked_at=AT)

    assert flood.within([keyed, shown], FloodSpan(AT - 1, AT + 1, keyed_only=True)) == [keyed]


def test_a_caller_who_asks_again_after_being_taken_out_is_on_the_list_once(asha: Browser, store: Store) -> None:
    _asked(store, 1)
    begins = str(int(AT // 600 * 600))
    asha.get("/floods")
    asha.send("/floods/out", begins=begins, last=begins, sure="1")
    again = _asked(store, 1, id="CA999-1")

    asha.send("/floods/back", label=next(iter(flood.taken(store.requests.ended()))))

    assert "1 stay out" in asha.page
    assert [each.id for each in store.requests.waiting()] == [again]
