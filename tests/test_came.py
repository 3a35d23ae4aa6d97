"""What came of a talk: the answers that are counted, the next call that is agreed, and what the desk sees of it all."""

from __future__ import annotations

import datetime as dt
import html
import itertools
import re

import pytest

from ivr.advising import listing
from ivr.advising.listing import Filter
from ivr.authoring import drafts
from ivr.callbacks import callback, came
from ivr.callbacks.diary import Promise, Window
from ivr.line_settings import AfterTalk
from ivr.machine.config import Settings
from ivr.store import Published, Store, listed
from ivr.web.console import team as team_page
from tests.desk import DIARY, HOUR, NOW, Browser, ask, hire, request
from tests.line import OPEN, Line

QUESTIONS = {
    "level": AfterTalk("Level", {"1": "Advice", "2": "More help"}, "1"),
    "topic": AfterTalk("Topic", {"appeal": "Appeal"}, None),
    "stage": AfterTalk("Stage", {"none": "None"}, None),
    "next": AfterTalk("Next", {"casework": "Passed to casework"}, None),
}
#: A talk about an appeal, as the form sends it.
SPOKE = {"outcome": "spoke", "came-level": "2", "came-topic": "appeal"}
TOMORROW = Window(OPEN.date() + dt.timedelta(days=1), "morning")


@pytest.fixture
def taken(asha: Browser, store: Store) -> Browser:
    ask(store, 1)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    return asha


# --- what is counted ------------------------------------------------------------------------


def test_what_is_not_an_answer_is_not_said() -> None:
    form = {"came-level": "2", "came-topic": "<script>", "came-stage": "", "came-next": "casework"}

    said = came.chosen(QUESTIONS, form.get)

    assert said == (("level", "2"), ("next", "casework"))
    assert came.in_words(said, QUESTIONS) == "Level: More help. Next: Passed to casework."


def test_what_is_not_asked_any_more_is_told_by_its_names() -> None:
    assert came.in_words((("level", "7"), ("mood", "good")), QUESTIONS) == "Level: 7. mood: good."


def test_each_service_asks_its_own_questions_and_the_report_counts_them(
    taken: Browser, line: Line, files: dict[str, str]
) -> None:
    """A question may even be called as one of the report's own, and each is counted alone."""
    shipped = files["line.yaml"]
    head, tail = shipped.index("after_a_talk:"), shipped.index("# --- notices")
    own = "after_a_talk: {need: {asks: What they needed, answers: {relay: A lift, other: Another thing}}}\n\n"
    edited = {**files, "line.yaml": shipped[:head] + own + shipped[tail:]}
    store = line.store
    live = store.revisions.live() or ""
    store.revisions.publish(Published(drafts.revision_of(edited), 1.0, "tests", "", live), edited)
    line.app._live.look()

    card = taken.get("/request/CA001-1").text
    assert "What they needed" in card
    assert "came-level" not in card
    taken.send("/request/CA001-1/outcome", **{"outcome": "spoke", "came-need": "relay"})

    assert "What they needed: A lift." in taken.get("/request/CA001-1").text
    counted = store.counts.of("2026-11")
    assert {name for name in counted if "need" in name} == {"came:need:relay", "need:none"}


def test_the_answer_that_is_chosen_beforehand_is_one_of_the_answers(files: dict[str, str]) -> None:
    edited = {**files, "line.yaml": files["line.yaml"].replace('usually: "1"', 'usually: "5"')}

    (problem,) = drafts.read_draft(edited).problems

    assert problem.words == "'usually' must be one of: '1' or '2' or '3' or '4'."
    assert "usually" in problem.where.excerpt
    without = {**files, "line.yaml": files["line.yaml"].replace('    usually: "1"\n', "")}
    assert not drafts.read_draft(without).problems


def test_what_came_of_a_talk_is_on_the_card_and_in_the_report(taken: Browser, store: Store) -> None:
    taken.send("/request/CA001-1/outcome", note="Sends us the letter.", **SPOKE)
    for _ in range(5):
        store.counts.add(NOW, ["outcome:spoke", "came:topic:appeal", "came:level:1"])

    assert "Level: More help. Topic: Appeal." in taken.get("/request/CA001-1").text
    assert taken.get("/report").status_code == 403
    hire(store, admin=True)
    report = taken.get("/report").text
    assert '<th scope="row">Appeal</th><td>6<svg' in report
    assert '<th scope="row">More help</th><td class="untold">fewer than 5<svg' in report
    assert "Sends us" not in report
    assert "Nothing was counted in this time." in taken.get("/report?period=2026-01").text
    assert "Report: November 2026" in taken.get("/report?period=nonsense").text


def test_an_unanswered_try_counts_no_answers_about_a_talk(taken: Browser, store: Store) -> None:
    taken.send("/request/CA001-1/outcome", **{"outcome": "no answer", "came-level": "1"})

    counted = store.counts.of("2026-11")
    assert counted["outcome:no answer"] == 1
    assert not [name for name in counted if name.startswith("came:")]
    assert store.requests.get("CA001-1").came == ()  # type: ignore[union-attr]


# --- the next call --------------------------------------------------------------------------


def test_the_next_call_is_agreed_and_told_in_words(taken: Browser, store: Store, line: Line) -> None:
    again = f"{TOMORROW.day.isoformat()} morning"
    assert again in taken.get("/request/CA001-1").text

    page = taken.send("/request/CA001-1/outcome", outcome="spoke", again=again, by="me").text

    assert "Say: we ring you on Thursday 26 November, in the morning." in page
    (agreed,) = store.requests.waiting()
    assert (agreed.state, agreed.window, agreed.with_whom, agreed.tries) == ("waiting", TOMORROW, "asha", 0)
    assert store.requests.slots_taken(TOMORROW, NOW) == 1
    assert "Appointment with <bdi>asha</bdi>" in page
    ben = Browser(line)
    hire(store, "ben")
    ben.sign_in("ben")
    assert "With <bdi>asha</bdi>." in ben.get("/request/CA001-1").text


def test_an_appointment_is_its_advisers_until_they_are_away() -> None:
    opens, due = DIARY.times(TOMORROW)
    taken = callback.claim(request(), "asha", NOW)
    agreed = callback.agree(taken, "asha", Promise("morning", TOMORROW, opens, due), "asha", "", NOW)

    def next_for(me: str, *here: str) -> object:
        return listing.next_for([agreed], me, opens, lambda name: name in here)

    assert next_for("ben", "asha") is None
    assert next_for("ben") == agreed
    assert next_for("asha", "asha") == agreed
    again = callback.record(callback.claim(agreed, "ben", opens), "ben", "no answer", "", opens, DIARY)
    assert again.with_whom == "asha"
    assert callback.record(callback.claim(again, "ben", due), "ben", "spoke", "", due, DIARY).with_whom == ""


# --- the list -------------------------------------------------------------------------------


def test_the_next_one_is_the_first_that_can_be_rung_now(asha: Browser, store: Store) -> None:
    ask(store, 1, opens=NOW + HOUR, due=NOW + 2 * HOUR)
    ask(store, 2, due=NOW + HOUR)
    ask(store, 3, due=NOW - HOUR)
    store.requests.change("CA003-1", lambda r: callback.claim(r, "ben", NOW))
    asha.get("/")

    first = asha.send("/next")

    assert first.request.path == "/console/request/CA002-1"
    assert store.requests.get("CA002-1").claimed_by == "asha"  # type: ignore[union-attr]
    assert "Nobody in this list can be rung now." in asha.send("/next").text


def test_the_next_one_is_of_the_list_on_the_page_whatever_another_tab_shows(asha: Browser, store: Store) -> None:
    """Also after an outcome, from the list beside the card. The filter stays on where nobody can be rung."""
    ask(store, 1, due=NOW + HOUR)
    ask(store, 2, due=NOW + 2 * HOUR, needs=("interpreter",))
    asha.get("/?need=interpreter")
    shown = re.search(r'name="list" value="([^"]*)"', asha.page)
    assert shown
    asha.get("/")

    card = asha.send("/next", list=shown[1])
    assert card.request.path == "/console/request/CA002-1"
    assert re.findall(r'name="list" value="([^"]*)"', card.text) == ["", ""]
    nobody = asha.send("/next", list=shown[1])
    assert nobody.request.args["need"] == "interpreter"
    assert "Nobody in this list can be rung now." in nobody.text
    card = asha.get("/request/CA002-1")
    assert re.findall(r'name="list" value="([^"]*)"', card.text) == [shown[1]] * 2
    assert asha.send("/next", list="").request.path == "/console/request/CA001-1"


@pytest.mark.parametrize(("chosen", "found"), [
    ("", 3), ("?whose=free", 2), ("?whose=mine", 1), ("?when=late", 1), ("?when=soon&when=late", 2),
    ("?need=relay", 1), ("?urgent=1", 1), ("?about=mediation_ring", 3), ("?about=nothing", 0),
    ("?whose=x&need=y&page=-3", 3), ("?language=Polish", 1), ("?language=Urdu", 0),
])  # fmt: skip
def test_the_list_is_filtered(asha: Browser, store: Store, chosen: str, found: int) -> None:
    ask(store, 1, due=NOW - HOUR, needs=("relay",))
    ask(store, 2, urgent=True, opens=NOW + HOUR, language="Polish")
    ask(store, 3)
    store.requests.change("CA003-1", lambda r: callback.claim(r, "asha", NOW))

    page = asha.get(f"/{chosen}").text

    assert page.count('<li id="r') == found
    assert ("Nobody fits this filter. 3 waiting in all." in page) == (not found)
    beside = asha.get("/request/CA001-1").text
    assert beside.count('<li id="r') == found, "the list beside a card is filtered alike"


def test_a_filter_knows_only_what_it_offers() -> None:
    assert Filter.of(lambda name: ["x" * 10_000]) == Filter(about="x" * 60, urgent=True, on="x" * 60, language="x" * 60)
    assert Filter.of(lambda name: []) == Filter()


def test_five_thousand_waiting_are_a_small_page_and_small_renewals(asha: Browser, store: Store) -> None:
    """The figures of `scripts/bench desk` are for time; bytes can be told here, with a tenth of the callers."""
    for nth in range(500):
        ask(store, nth % 900, number=f"+4477009{nth:05}", id=f"CA{nth:032}-1", due=NOW + nth, urgent=nth % 2 == 0)

    page = asha.get("/")
    renewal = asha.get("/waiting")
    with_page = asha.get("/waiting?page=10")

    assert page.text.count('<li id="r') == 50
    assert len(page.data) < 60_000
    assert "1 to 50 of 500" in page.text
    assert len(renewal.data) <= 2_000
    assert len(with_page.data) <= 2_000
    assert renewal.text.count('<li id="r') >= 1, "what fits comes, and the rest with the next one"


def test_a_renewal_brings_only_what_has_changed(asha: Browser, store: Store) -> None:
    ask(store, 1)
    ask(store, 2)
    rows = re.findall(r'<li id="r(\w{6})" data-v="(\w{4})"', asha.get("/").text)
    have = "".join(key + version for key, version in rows)
    assert '<li id="r' not in asha.get(f"/waiting?have={have}").text

    store.requests.change("CA002-1", lambda r: callback.claim(r, "ben", NOW))

    changed = asha.get(f"/waiting?have={have}").text
    assert changed.count('<li id="r') == 1
    assert "<bdi>ben</bdi> has it" in changed


def test_another_process_sees_every_change(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deleted is gone, and whoever fell behind the stream reads all anew."""
    other = Store(settings.redis_url, settings.keys)
    assert other.requests.listed()[0] == []
    asked = ask(store, 1)
    assert [each.id for each in other.requests.listed()[0]] == [asked.id]
    store.requests.change(asked.id, lambda r: callback.claim(r, "ben", NOW))
    ((known,), version) = other.requests.listed()
    assert known.claimed_by == "ben"
    assert other.requests.listed()[1] == version, "nothing has changed since"

    monkeypatch.setattr(listed, "MOST_CHANGED", 3)
    for nth in range(2, 12):
        ask(store, nth)
    store.requests.delete(asked.id)

    assert len(other.requests.listed()[0]) == 10
    other.close()


# --- the desk -------------------------------------------------------------------------------


def test_the_team_and_the_log_are_for_administrators(asha: Browser, store: Store, line: Line) -> None:
    ask(store, 1, due=NOW - HOUR)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "ben", NOW))
    hire(store, "ben")
    for path in ("/team", "/log.csv"):
        assert asha.get(path).status_code == 403
    hire(store, admin=True)

    team = asha.get("/team").text

    assert '<th scope="row"><bdi>ben</bdi></th><td>not here</td>' in team
    assert '<a class="cell" href="/console/request/CA001-1">call ' in team
    assert '<th scope="row"><bdi>asha</bdi></th><td>here</td>' in team
    assert "<strong>1 late</strong>" in team


def test_the_log_is_filtered_and_a_file_of_it_runs_nothing(asha: Browser, store: Store) -> None:
    hire(store, admin=True)
    store.audit.note(NOW, "ben", '=HYPERLINK("http://x","y")')
    store.audit.note(NOW - 3 * 24 * HOUR, "ben", "searched by number, 1 found")

    assert "2 entries" in asha.get("/log?who=ben").text
    assert "1 entry" in asha.get("/log?who=ben&what=searched").text
    assert "1 entry" in asha.get("/log?who=ben&from=2026-11-24&to=2026-11-25").text
    file = asha.get("/log.csv?who=ben").data.decode()
    assert "\"'=HYPERLINK" in file
    assert "signed in" not in file


def _followed(browser: Browser, name: str) -> str:
    """The page behind a link of the last page."""
    found = re.search(rf'href="/console([^"]+)"[^>]*>{name}', browser.page)
    assert found, name
    return browser.get(html.unescape(found[1])).text


def test_the_log_comes_page_by_page_each_entry_once(asha: Browser, store: Store) -> None:
    hire(store, admin=True)
    for nth in range(120):
        store.audit.note(NOW - nth, "ben", f"did nr {nth:03}")

    seen, page = [], asha.get("/log?who=ben").text
    while True:
        seen.append(re.findall(r"did nr (\d+)", page))
        if 'rel="next"' not in page:
            break
        page = _followed(asha, "Before ")

    assert [len(each) for each in seen] == [50, 50, 20]
    assert sorted(itertools.chain(*seen)) == [f"{nth:03}" for nth in range(120)]
    assert "did nr 119" in _followed(asha, "Newest")
    assert "did nr 119" in asha.get("/log?who=ben&before=nonsense").text


def test_a_filter_that_fits_little_looks_back_step_by_step(
    asha: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(store, admin=True)
    monkeypatch.setattr(team_page, "MOST_LOOKED_AT", 10)
    store.audit.note(NOW - HOUR, "ben", "left long ago")
    for nth in range(15):
        store.audit.note(NOW, "asha", f"looked {nth}")

    assert "Nothing fits back to 10:30." in asha.get("/log?who=ben").text
    assert "left long ago" in _followed(asha, "Before 10:30")
    assert "Nothing fits. Change the filter" in asha.get("/log?who=nobody&before=1-1").text


def test_ended_requests_come_page_by_page(asha: Browser, store: Store) -> None:
    for nth in range(1, 53):
        asked = ask(store, nth)
        ended = callback.claim(asked, "ben", NOW)
        store.requests.change(
            asked.id, lambda _, e=ended, nth=nth: callback.record(e, "ben", "done", "", NOW + nth, DIARY)
        )  # type: ignore[misc]

    first = asha.get("/ended").text
    assert (first.count('class="cell"'), "Page 1 of 2" in first) == (50, True)
    assert _followed(asha, "After").count('class="cell"') == 2
    assert "Page 2 of 2" in asha.get("/ended?page=99").text


def test_the_card_tells_an_administrator_who_opened_it(asha: Browser, store: Store) -> None:
    ask(store, 1)
    asha.get("/request/CA001-1")
    assert "Who opened this card" not in asha.page
    hire(store, admin=True)

    assert "Who opened this card" in asha.get("/request/CA001-1").text
