"""The day on paper: what is printed, and how its outcomes come back, each once and none over something newer."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest
from msgspec.structs import replace

from ivr.advising import paper
from ivr.callbacks import callback, kept
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import CallbackRequest
from ivr.store import Store
from ivr.web.console.signin import CONFIRMED_SECONDS
from tests.desk import DIARY, HOUR, NOW, PASSWORD, Browser, ask, hire, request
from tests.line import OPEN, Line

TODAY = OPEN.date()


# --- printing -------------------------------------------------------------------------------


def test_the_sheet_has_numbers_rules_and_room_and_the_log_says_whose(asha: Browser, store: Store) -> None:
    hire(store, admin=True)
    asked = ask(store, 1, message_ok=False, say_who=False, needs=("interpreter",))
    ask(store, 2, opens=NOW + 30 * HOUR, due=NOW + 31 * HOUR)
    held = ask(store, 3)
    store.requests.change(held.id, lambda r: callback.claim(r, "ben", NOW))
    asha.get("/paper")

    sheet = asha.send("/paper", whose="all").text

    assert "07700 900001" in sheet
    assert asked.askers[0].reference in sheet
    assert "Leave NO message." in sheet
    assert "do NOT say who you are or why" in sheet
    assert "Interpreter" in sheet
    assert "900002" not in sheet, "not before the end of this part of the day"
    assert "900003" not in sheet, "ben has it on his own sheet"
    log = [(entry.what, entry.about) for entry in store.audit.entries()]
    assert ("printed", asked.id) in log
    assert ("printed 1 request", "") in log


def test_a_sheet_that_is_read_on_another_day_names_every_day(asha: Browser, store: Store) -> None:
    """ "By tomorrow 12:00" is a broken promise for whoever reads it tomorrow."""
    hire(store, admin=True)
    ask(store, 1, due=NOW - 24 * HOUR)
    ask(store, 2, due=NOW + HOUR)
    ask(store, 3, when="any", window=None, opens=NOW + HOUR, due=NOW + 26 * HOUR)
    asha.get("/paper")

    sheet = asha.send("/paper", whose="all").text.split("<main", 1)[1]

    days = [f"{OPEN + dt.timedelta(days=ahead):%a} {(OPEN + dt.timedelta(days=ahead)).day}" for ahead in (-1, 0, 1)]
    for words in (
        f"Late since {days[0]} ",
        f"Ring by {days[1]} ",
        f"Ring from {days[1]} ",
        f"At any time, by {days[2]} ",
    ):
        assert words in sheet
    assert not re.search(r"tomorrow|yesterday|(Printed|Until|by|from|since) \d", sheet)
    asha.get("/paper")
    assert not re.search("tomorrow|yesterday", asha.send("/paper", **{"whose": "all", "as": "csv"}).text)


def test_an_adviser_prints_what_they_have_and_their_appointments_only(asha: Browser, store: Store) -> None:
    ask(store, 1)
    mine, with_me = ask(store, 2), ask(store, 3, with_whom="asha")
    store.requests.change(mine.id, lambda r: callback.claim(r, "asha", NOW))
    asha.get("/paper")

    assert asha.send("/paper", whose="all").status_code == 403
    asha.get("/paper")
    sheet = asha.send("/paper", whose="mine").text
    assert ("900001" in sheet, "900002" in sheet, "900003" in sheet) == (False, True, True)
    assert with_me.with_whom == "asha"


def test_the_sheet_is_a_file_that_runs_nothing(asha: Browser, store: Store) -> None:
    hire(store, admin=True)
    asked = ask(store, 1)
    store.requests.change(asked.id, lambda r: callback.note(r, "ben", '=HYPERLINK("http://x")', NOW))
    asha.get("/paper")

    answer = asha.send("/paper", **{"whose": "all", "as": "csv"})

    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert (rows[0]["Phone"], rows[0]["Call"]) == ("07700 900001", asked.askers[0].reference)
    assert rows[0]["Last note"] == '\'=HYPERLINK("http://x")'
    assert rows[0]["What came of it"] == ""


@pytest.mark.parametrize("form", ["page", "csv"])
def test_a_browser_left_open_prints_nobodys_number(line: Line, store: Store, asha: Browser, form: str) -> None:
    """Whoever signed in a while ago says once more who they are, with the password if they have no second factor."""
    asked = ask(store)
    store.requests.change(asked.id, lambda r: callback.claim(r, "asha", NOW))
    asha.get("/paper")
    line.now += dt.timedelta(seconds=CONFIRMED_SECONDS + 1)
    store.requests.change(asked.id, lambda r: callback.keep(r, "asha", line.now.timestamp()))

    late = asha.send("/paper", **{"whose": "mine", "as": form})

    assert (late.status_code, "900001" in late.text) == (403, False)
    assert [entry.what for entry in store.audit.entries() if entry.what.startswith("printed")] == []
    assert asha.get("/paper").request.path == "/console/again"
    assert asha.send("/again", password=PASSWORD).request.path == "/console/paper"
    assert "900001" in asha.send("/paper", **{"whose": "mine", "as": form}).text
    assert asha.get("/paper/back").request.path == "/console/paper/back"


# --- which call, and when -------------------------------------------------------------------


def _with(reference: str, nth: int = 1, **facts: object) -> CallbackRequest:
    return request(nth, reference=reference, **facts)


def test_a_call_is_found_by_its_number_and_the_open_one_first() -> None:
    ended = callback.record(callback.claim(_with("4271"), "ben", NOW), "ben", "done", "", NOW, DIARY)
    waits = _with("4271", 2)

    assert paper.found(lambda _: [ended, waits], " 4271 ") == waits
    assert paper.found(lambda _: [ended], "4271") == ended


def test_of_two_with_one_number_the_phone_tells_which() -> None:
    two = [_with("4271", 1), _with("4271", 2)]

    with pytest.raises(Refused, match="Add the last three digits of the phone: 4271 123"):
        paper.found(lambda _: two, "4271")
    assert paper.found(lambda _: two, "4271 002") == two[1]
    assert paper.found(lambda _: two, "4271-002") == two[1]


@pytest.mark.parametrize("typed", ["", "427", "42711", "abcd", "٤٢٧١", "4271 x", "4271; drop"])
def test_what_is_no_call_number_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="four digits"):
        paper.found(lambda _: [_with("4271")], typed)


@pytest.mark.parametrize(
    ("typed", "hour", "minute"), [("10:15", 10, 15), ("1015", 10, 15), ("9.05", 9, 5), ("915", 9, 15)]
)
def test_a_time_is_typed_quickly(typed: str, hour: int, minute: int) -> None:
    at = dt.datetime.fromtimestamp(paper.time_of(typed, TODAY, 0.0), OPEN.tzinfo)
    assert (at.hour, at.minute) == (hour, minute)


@pytest.mark.parametrize("typed", ["25:00", "10:75", "1", "12345", "ten", "１０１５"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="Write the time like"):
        paper.time_of(typed, TODAY, 0.0)


# --- the way back ---------------------------------------------------------------------------


def _back(of: CallbackRequest, outcome: str = "no answer", rang: float = NOW - 300, note: str = "") -> CallbackRequest:
    return paper.brought_back(of, "asha", outcome, note, rang, NOW, DIARY)


def test_an_outcome_from_paper_is_as_if_it_had_been_saved_then() -> None:
    back = _back(request(), "spoke", note="Sends a letter")

    assert (back.state, back.end.at if back.end else 0.0) == ("done", NOW - 300)
    assert back.events[-1].note == "Kept on paper. Sends a letter"
    unanswered = _back(request())
    assert (unanswered.state, unanswered.tries) == ("waiting", 1)
    assert unanswered.opens >= NOW, "the next try is not over already"


def test_the_same_outcome_is_not_saved_twice() -> None:
    with pytest.raises(Refused, match="asha has saved “no answer” for"):
        _back(_back(request()))


def test_two_tries_of_one_day_both_count_if_they_are_apart() -> None:
    first = paper.brought_back(request(asked_at=NOW - 5 * HOUR), "asha", "no answer", "", NOW - 4 * HOUR, NOW, DIARY)
    second = paper.brought_back(first, "asha", "no answer", "", NOW - 60, NOW, DIARY)

    assert (first.tries, second.tries) == (1, 1 if DIARY.hours.between(NOW - 4 * HOUR, NOW - 60) < 2 else 2)


@pytest.mark.parametrize(("change", "outcome", "rang", "says"), [
    (lambda r: callback.claim(r, "ben", NOW), "spoke", NOW - 300, "ben has this request now"),
    (lambda r: callback.record(callback.claim(r, "ben", NOW - 60), "ben", "spoke", "", NOW - 60, DIARY), "no answer",
     NOW - 300, "ben has saved “spoke to the caller”"),
    (lambda r: callback.cancel(r, r.askers[0].reference, NOW - 60), "spoke", NOW - 300, "cancelled"),
    (lambda r: r, "spoke", NOW + 300, "still to come"),
    (lambda r: r, "spoke", NOW - 8 * 24 * HOUR, "more than 7 days ago"),
    (lambda r: r, "spoke", NOW - 2 * HOUR, "They only asked at"),
    (lambda r: r, "", NOW - 300, "Choose what came of it"),
    (lambda r: replace(r, number=""), "no answer", NOW - 300, "The number is not known"),
])  # fmt: skip
def test_each_that_cannot_be_saved_says_why(change, outcome: str, rang: float, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused, match=says):
        _back(change(_with("4271")), outcome, rang)


def test_many_are_typed_in_at_once_and_what_is_refused_stays_with_its_reason(
    asha: Browser, store: Store, line: Line
) -> None:
    one, two, three = (ask(store, nth) for nth in (1, 2, 3))
    store.requests.change(three.id, lambda r: callback.claim(r, "ben", NOW))
    calls = [f"{each.askers[0].reference} {each.number[-3:]}" for each in (one, two, three)]
    asha.get("/paper/back")
    form = {
        "day": TODAY.isoformat(), "opened": str(NOW),
        "call": [*calls, "0000"], "at": ["1025", "10:26", "", ""], "outcome": ["spoke", "no answer", "spoke", "done"],
        "note": ["Wants a plan", "", "<b>They ring</b>", ""],
    }  # fmt: skip

    page = asha.send("/paper/back", **form).text  # type: ignore[arg-type]

    assert "2 saved." in page
    assert "2 not saved: the reason stands beside each." in page
    assert "ben has this request now. Tell them what came of it." in page
    assert "No call has this number." in page
    assert 'value="&lt;b&gt;They ring&lt;/b&gt;"' in page
    assert store.requests.get(one.id).state == "done"  # type: ignore[union-attr]
    assert store.requests.get(two.id).tries == 1  # type: ignore[union-attr]
    assert store.requests.get(three.id).state == "claimed"  # type: ignore[union-attr]
    counts = store.counts.of("2026-11")
    assert (counts["outcome:spoke"], counts["outcome:no answer"], counts[kept.KEPT]) == (1, 1, 2)

    again = asha.send("/paper/back", **form).text  # type: ignore[arg-type]
    assert "4 not saved" in again
    assert store.counts.of("2026-11") == counts, "nothing is counted twice"


def test_an_endless_form_and_an_essay_are_refused_whole(asha: Browser, store: Store) -> None:
    asked = ask(store)
    asha.get("/paper/back")

    essay = asha.send("/paper/back", call=asked.askers[0].reference, at="", outcome="spoke", note="x" * 501)
    assert "The note is longer than 500 characters." in essay.text
    assert asha.send("/paper/back", call=["1"] * 61).status_code == 413  # type: ignore[arg-type]
    assert store.requests.get(asked.id) == asked
