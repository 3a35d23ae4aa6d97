"""Finding a caller again, their phone's history, handing over, and requests that are written down by hand."""

from __future__ import annotations

import re

import pytest

from ivr.advising import paper, team
from ivr.advising.team import Today
from ivr.callbacks import another_phone, callback, handing
from ivr.callbacks.another_phone import Phone
from ivr.callbacks.callback import HANDED_SECONDS, Refused
from ivr.callbacks.diary import Diary, Window
from ivr.hours import CLOSED, Hours
from ivr.store import Store
from ivr.web.console.search import MOST_SEARCHES
from tests.desk import DIARY, HOUR, NOW, Browser, ask, hire, request
from tests.line import OPEN, Line


def _log(store: Store) -> list[str]:
    return [entry.what for entry in store.audit.entries()]


def test_a_caller_is_found_by_phone_and_by_the_number_of_their_call(asha: Browser, store: Store) -> None:
    asked = ask(store, 1)
    ended = ask(store, 2, number=asked.number, id="CA9-1")
    assert ended.id == asked.id, "the second wish joins the first"
    (reference, _) = (asker.reference for asker in ended.askers)

    asha.get("/search")
    by_phone = asha.send("/search", number="07700 900 001").text
    by_call = asha.send("/search", call=reference).text

    for page in (by_phone, by_call):
        assert "1 found" in page
        assert f"/console/request/{asked.id}" in page
    assert "900001" not in by_call
    assert _log(store)[:2] == ["searched by call number, 1 found", "searched by number, 1 found"]
    assert not any("7700" in what or reference in what for what in _log(store))


@pytest.mark.parametrize("typed", ["4271", " 42 71 ", "call 4271", "Call: 42-71", "４２７１"])
def test_a_call_is_found_however_its_number_is_written(asha: Browser, store: Store, typed: str) -> None:
    asked = ask(store, 1, reference="4271")
    asha.get("/search")

    assert f"/console/request/{asked.id}" in asha.send("/search", call=typed).text


def test_what_an_earlier_version_stored_is_found_by_the_number_of_its_call(asha: Browser, store: Store) -> None:
    """It kept no index. The first search makes it, also of what has ended, and a deleted request is found no more."""
    waits = ask(store, 1)
    ended = ask(store, 2)
    store.requests.change(
        ended.id, lambda r: callback.record(callback.claim(r, "ben", NOW), "ben", "done", "", NOW, DIARY)
    )
    store.redis.do(
        lambda client: client.delete("ivr:indexed", *client.keys("ivr:reference:*"), *client.keys("ivr:call:*"))
    )

    asha.get("/search")
    assert "2 found" in asha.send("/search", call="4271").text
    store.requests.delete(waits.id)

    assert "1 found" in asha.send("/search", call="4271").text
    assert [each.id for each in store.requests.of_reference("4271")] == [ended.id]
    assert [each.id for each in store.requests.asked_in("CA002")] == [ended.id]


def test_an_index_that_an_earlier_version_made_is_completed(store: Store) -> None:
    """It knew the numbers of calls, and not the phone calls in which somebody asked."""
    first, _ = ask(store, 1), ask(store, 2, number=request(1).number)
    store.redis.do(lambda client: client.delete(*client.keys("ivr:call:*")))
    store.redis.do(lambda client: client.set("ivr:indexed", 1))

    found = store.requests.of_wish("CA002-1")

    assert found
    assert found.id == first.id


def test_a_call_number_that_another_replaced_is_not_kept(store: Store) -> None:
    """Redis saved the first, but answered too late, so that the caller heard the second."""
    asked = ask(store, 1, reference="1234")

    ask(store, 1, reference="5678")

    assert store.requests.of_reference("1234") == []
    assert [each.id for each in store.requests.of_reference("5678")] == [asked.id]
    store.requests.delete(asked.id)
    assert store.redis.do(lambda client: client.keys("ivr:reference:*")) == []


def test_an_ended_card_says_what_was_promised_and_the_number_of_the_call(asha: Browser, store: Store) -> None:
    """Nobody waits for it any more, and nobody hung up: the caller cancelled, or was reached."""
    asked = ask(store, 1)
    store.requests.change(asked.id, lambda r: callback.cancel(r, "4271", NOW))

    card = asha.get(f"/request/{asked.id}").text

    assert "<h1>Call 4271, asked 10:20</h1>" in card
    assert "Wednesday 25 November, in the afternoon" in card
    assert "hung up" not in card


def test_the_card_shows_an_administrator_who_opened_it_however_long_the_log_is(asha: Browser, store: Store) -> None:
    hire(store, admin=True)
    asked = ask(store, 1)
    store.audit.note(NOW, "ben", "looked at", asked.id)
    for _ in range(300):
        store.audit.note(NOW, "carol", "looked at", "CA999-1")

    card = asha.get(f"/request/{asked.id}").text

    assert "<bdi>ben</bdi>: looked at" in card
    assert "carol" not in card
    store.requests.delete(asked.id)
    assert store.audit.entries_of({asked.id}) == []


@pytest.mark.parametrize(("typed", "told"), [
    ({"number": "hello"}, "That is not a complete UK phone number."),
    ({"call": "12a4"}, "Type a phone number, or the four digits of a call."),
    ({}, "Type a phone number, or the four digits of a call."),
])  # fmt: skip
def test_what_cannot_be_searched_for_is_said(asha: Browser, typed: dict[str, str], told: str) -> None:
    asha.get("/search")

    response = asha.send("/search", **typed)

    assert (response.status_code, told in response.text) == (422, True)


def test_searches_are_limited_so_that_calls_cannot_be_guessed(asha: Browser, store: Store) -> None:
    asha.get("/search")
    for _ in range(MOST_SEARCHES["call number"]):
        store.audit.searches("asha", "call number")

    response = asha.send("/search", call="4271")

    assert (response.status_code, "many searches" in response.text) == (429, True)
    assert "searched too often by call number" in _log(store)
    assert asha.send("/search", number="07700 900001").status_code == 200


def test_whoever_has_a_request_sees_what_is_known_of_its_phone(asha: Browser, store: Store, line: Line) -> None:
    ask(store, 1)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    asha.send("/request/CA001-1/outcome", outcome="spoke")
    ask(store, 2, number="+447700900001", id="CA9-1")
    assert "This phone before" not in asha.get("/request/CA9-1").text
    asha.send("/request/CA9-1/claim")

    card = asha.get("/request/CA9-1").text

    assert "This phone before" in card
    assert "Ended 10:30: spoke to the caller, by asha." in card


# --- handing over ---------------------------------------------------------------------------


def test_what_is_handed_over_is_the_colleagues_who_has_a_quarter_of_an_hour(
    asha: Browser, store: Store, line: Line
) -> None:
    hire(store, "ben")
    ask(store, 1)
    asha.get("/request/CA001-1")
    assert "<bdi>ben</bdi>: not signed in" in asha.send("/request/CA001-1/claim").text

    asha.send("/request/CA001-1/hand-over", to="ben", note="Their interpreter is booked for 11.")

    handed = store.requests.get("CA001-1")
    assert handed
    assert (handed.claimed_by, handed.claim_ends) == ("ben", NOW + HANDED_SECONDS)
    assert "07700 900001" not in asha.get("/request/CA001-1").text
    ben = Browser(line)
    assert "<bdi>asha</bdi> handed you a caller" in ben.sign_in("ben").text
    assert "Their interpreter is booked for 11." in ben.get("/request/CA001-1").text
    ben.send("/request/CA001-1/claim")
    assert "handed you" not in ben.get("/").text


def test_what_is_not_taken_up_goes_back_to_the_list_and_only_its_holder_hands_it_over() -> None:
    taken = callback.claim(request(), "asha", NOW)
    handed = handing.hand_over(taken, "asha", "ben", "", NOW)

    assert handing.handed_to(handed, "ben", NOW + 60)
    assert callback.claimable(handed, NOW + HANDED_SECONDS)
    for wrong in (lambda: handing.hand_over(handed, "asha", "carol", "", NOW),
                  lambda: handing.hand_over(taken, "asha", "asha", "", NOW)):  # fmt: skip
        with pytest.raises(Refused):
            wrong()


def test_an_administrator_takes_back_what_somebody_left_lying(asha: Browser, store: Store) -> None:
    ask(store, 1)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "ben", NOW))
    asha.get("/request/CA001-1")
    assert asha.send("/request/CA001-1/take-back", whose="ben").status_code == 403
    hire(store, admin=True)
    asha.get("/request/CA001-1")

    asha.send("/request/CA001-1/take-back", whose="ben")

    back = store.requests.get("CA001-1")
    assert back
    assert (back.state, back.claimed_by) == ("waiting", "")
    with pytest.raises(Refused, match="Nobody has this request any more"):
        handing.take_back(back, "asha", "ben", NOW)


# --- by hand --------------------------------------------------------------------------------


def test_a_request_is_written_down_for_somebody_who_rang_the_office(asha: Browser, store: Store) -> None:
    asha.get("/new")

    card = asha.send("/new", number="07700 900123", when="afternoon", needs="interpreter", note="Ask for the letter.")

    (asked,) = store.requests.waiting()
    assert (asked.number, asked.when, asked.needs) == ("+447700900123", "afternoon", ("interpreter",))
    assert (asked.message_ok, asked.say_who, asked.window) == (False, False, Window(OPEN.date(), "afternoon"))
    told = re.search(r"The number of their call is (\d{4})", card.text)
    assert told
    assert told[1] == asked.askers[0].reference
    for number in ("0909 879 0000", "0116 496 0000", "0116 257 5027"):  # it costs, the line's own, the service's own
        refused = asha.send("/new", number=number, note="kept")
        assert (refused.status_code, "kept" in refused.text) == (422, True), number


def test_what_is_written_down_joins_an_open_request_of_the_phone_and_makes_it_no_freer(
    asha: Browser, store: Store
) -> None:
    ask(store, 1, say_who=False)
    asha.get("/new")

    asha.send("/new", number="07700 900001", say_who="yes", message_ok="yes")

    (asked,) = store.requests.waiting()
    assert (asked.times_asked, asked.may_say_who()) == (2, False)


def test_a_number_that_is_refused_leaves_all_that_was_ticked_and_chosen(asha: Browser, store: Store) -> None:
    """What is urgent, or needs an interpreter, must not become an ordinary call by a slip in the number."""
    asha.get("/new")
    ticked = {
        "when": "morning",
        "message_ok": "yes",
        "needs": "interpreter",
        "urgent": "1",
        "note": "Ask for the letter.",
    }

    page = asha.send("/new", number="07700 90012", **ticked).text

    for field in ("when-morning", "message_ok-yes", "needs-interpreter", "urgent"):
        assert re.search(rf'id="{field}"[^>]* checked', page), field
    assert not re.search(r'id="needs-relay"[^>]* checked', page)
    assert "Ask for the letter." in page


def test_a_form_that_is_sent_twice_writes_one_request_down(asha: Browser, store: Store) -> None:
    """By a second click, or a reload of the page that followed; also where it joined an earlier request."""
    ask(store, 1)
    for number in ("07700 900002", "07700 900001"):
        wish = re.search(r'name="wish" value="([^"]+)"', asha.get("/new").text)
        assert wish
        first = asha.send("/new", number=number, wish=wish[1], urgent="1")
        asha.get("/new")
        again = asha.send("/new", number=number, wish=wish[1], urgent="1")

        assert "written down already" in again.text
        assert again.request.path == first.request.path
    by_number = {each.number[-3:]: each for each in store.requests.waiting()}
    assert {number: each.times_asked for number, each in by_number.items()} == {"001": 2, "002": 1}


def test_a_form_that_is_sent_again_with_another_number_changes_nothing_of_the_first(
    asha: Browser, store: Store
) -> None:
    """Back, another number, sent again: those are two callers."""
    wish = re.search(r'name="wish" value="([^"]+)"', asha.get("/new").text)
    assert wish

    asha.send("/new", number="07700 900001", wish=wish[1])
    asha.get("/new")
    asha.send("/new", number="07700 900002", wish=wish[1])

    assert sorted(each.number[-3:] for each in store.requests.waiting()) == ["001", "002"]


def test_there_is_no_time_where_nothing_is_open() -> None:
    closed = Diary(DIARY.parts, Hours((CLOSED,) * 7), days_ahead=3)
    with pytest.raises(Refused, match="no free place"):
        handing.written_down(
            "HAND1-1", "+447700900001", "asha", "", "any", (), NOW, closed,
            has_slot=lambda window: True, urgent=False, message_ok=False, say_who=False,
        )  # fmt: skip


# --- the team -------------------------------------------------------------------------------


def _cells(page: str, name: str) -> list[str]:
    """The cells of a row of the team, as words."""
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL) if name in row)
    return [
        " ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)
    ]


def test_the_team_page_says_who_has_what_and_what_each_did_today(asha: Browser, store: Store, line: Line) -> None:
    hire(store, "ben", former=("benny",))
    hire(store, "ed", role="editor")
    taken = [ask(store, nth) for nth in range(1, 5)]
    yesterday = NOW - 24 * HOUR
    for who, at, asked, outcome in (
        ("asha", NOW, taken[0], "spoke"), ("benny", NOW - 60, taken[1], "no answer"),
        ("asha", yesterday, taken[2], "done"),
    ):  # fmt: skip
        store.requests.change(
            asked.id,
            lambda r, who=who, at=at, outcome=outcome: callback.record(  # type: ignore[misc]
                callback.claim(r, who, at), who, outcome, "", at, DIARY
            ),
        )
    store.requests.change(taken[3].id, lambda r: callback.claim(r, "asha", NOW))
    store.requests.change(taken[3].id, lambda r: handing.hand_over(r, "asha", "ben", "", NOW))
    hire(store, "sam", role="supervisor")
    sam = Browser(line)
    sam.sign_in("sam")

    page = sam.get("/team").text

    assert _cells(page, ">asha<")[2:] == ["Has nothing", "2 took", "1 reached", "0 not reached"]
    assert _cells(page, ">ben<")[2:] == [
        "Has call 4271 From asha, to begin by 10:45", "1 took", "0 reached", "1 not reached",
    ]  # fmt: skip
    assert _cells(page, "All together")[3:] == ["3 took", "1 reached", "1 not reached"]
    assert "<bdi>ed</bdi>" not in page, "who looks after the words has no callers"
    assert f'<a href="/console/request/{taken[3].id}"><strong>1 handed over, and not begun</strong>' in page

    store.requests.change(taken[3].id, lambda r: callback.claim(r, "ben", NOW))

    page = sam.get("/team").text
    assert "not begun" not in page
    assert "to begin by" not in page


def test_the_team_page_counts_as_late_whom_the_list_counts_and_leads_to_the_places_of_the_week(
    line: Line, store: Store
) -> None:
    """A caller who has only just hung up half-way is not in the list yet, and may ring again."""
    for nth in (1, 2):
        ask(store, nth, due=NOW - HOUR, urgent=True)
    ask(store, 3, due=NOW - 60, state="unfinished", asked_at=NOW - 60, urgent=True)
    hire(store, "sam", role="supervisor")
    sam = Browser(line)
    sam.sign_in("sam")

    page = sam.get("/team").text

    assert '<a href="/console/?when=late"><strong>2 late</strong></a>' in page
    assert "<strong>2 urgent, and nobody has them</strong>" in page
    assert '<a href="/console/week">Week</a>' in page
    assert "2 waiting" in sam.get("/?when=late").text


def test_what_somebody_did_counts_once_after_a_caller_gave_another_number(store: Store) -> None:
    ask(store, 1)
    both = ask(store, 2, number="+447700900001")
    store.requests.change(both.id, lambda r: callback.claim(r, "asha", NOW))
    store.requests.change(both.id, lambda r: callback.record(r, "asha", "no answer", "", NOW, DIARY))
    store.requests.change(both.id, lambda r: callback.claim(r, "asha", NOW + 60))
    to = Phone("+447700900456", None, None)

    store.requests.change_phone(both.id, lambda r: another_phone.changed(r, "asha", "CA002-1", to, NOW + 60))

    parted = store.requests.waiting()
    assert len(parted) == 2
    assert team.today(parted, NOW + 90) == {"asha": Today(took=2, not_reached=1)}


def test_what_came_of_yesterday_on_paper_hides_nothing_of_today() -> None:
    yesterday = NOW - 24 * HOUR
    asked = request(asked_at=yesterday - HOUR, opens=yesterday - HOUR, due=yesterday)
    today = callback.release(callback.claim(asked, "asha", NOW), "asha", NOW + 60)

    typed = paper.brought_back(today, "ben", "no answer", "", yesterday, NOW + 120, DIARY)

    assert typed.events[-1].at == yesterday
    assert team.today([typed], NOW + 180) == {"asha": Today(took=1)}
