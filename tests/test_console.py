"""The advisers' page over HTTP: who gets in, what they see, what they do, and what is written down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.authoring import drafts
from ivr.callbacks import callback
from ivr.callbacks.callback import CLAIM_SECONDS
from ivr.callbacks.diary import Window
from ivr.callbacks.request import SpokenMessage
from ivr.machine.config import Settings
from ivr.script.session import CancelRequest
from ivr.store import Published, Store
from ivr.store.connection import ANSWER_SECONDS
from ivr.usecases.jobs import recording_path
from ivr.web.console.signin import IDLE_SECONDS
from tests.desk import HOUR, NOW, PASSWORD, Browser, ask, hire
from tests.line import OPEN, Line
from tests.redis_server import RedisServer
from tests.sealed import KEYS

PAGES = [
    "/", "/waiting", "/messages", "/ended", "/texts", "/blocked", "/floods", "/log", "/signins",
    "/request/CA001-1", "/request/CA001-1/message/0", "/search", "/new",
    "/team", "/report", "/report.csv", "/log.csv", "/week", "/paper", "/paper/back",
    "/account", "/account/factor", "/people", "/people/PERSON", "/phone",
    "/again",
    "/studio/call", "/studio/map", "/studio/drop-off", "/studio/drop-off.csv", "/studio/draft",
    "/studio/draft/announced.wav", "/studio/draft/place/greeting.wav", "/studio/sent",
    "/studio/edit", "/studio/edit/hours", "/studio/publish", "/studio/where", "/studio/new",
    "/studio/stories",
    "/studio/record", "/studio/record/en/greeting.1", "/studio/record/en/greeting.1/take.wav",
    "/studio/listen/LANGUAGE",
]  # fmt: skip
#: What is there for whoever is not signed in.
OPEN_TO_ALL = {
    "/signin", "/signin/code", "/welcome/<secret>",
    "/studio/link/<secret>", "/studio/link/<secret>/reply", "/studio/link/<secret>/announced.wav",
}  # fmt: skip
DONE = (
    "claim", "keep", "release", "ring", "by-hand", "outcome", "note", "answer", "reopen", "delete", "block", "number",
    "number/confirm", "message/0/listened", "hand-over", "take-back", "text",
    "another-number", "earlier-number",
)  # fmt: skip
FORMS = [
    *(f"/request/CA001-1/{what}" for what in DONE),
    "/blocked/BLOCK/lift", "/texts/TEXT/number", "/signins/SIGNIN/end", "/signout",
    "/floods/out", "/floods/back", "/next", "/search", "/new", "/signins/end-others",
    "/account/password", "/account/factor", "/account/factor/off", "/account/codes", "/people",
    *(f"/people/PERSON/{what}" for what in ("name", "role", "phone", "way-in", "factor", "leave")),
    "/phone", "/phone/export", "/phone/forget", "/again",
    "/week/lower", "/week/back", "/paper", "/paper/back", "/studio/call/reply",
    "/studio/draft/reply", "/studio/draft/keep", "/studio/sent", "/studio/sent/LINK/end",
    *(f"/studio/stories/{what}" for what in ("accept", "write", "aside")),
    "/studio/where/rename", "/studio/where/remove", "/studio/new",
    "/studio/edit/hours", "/studio/edit/hours/keep", "/studio/edit/hours/hear",
    "/studio/record/en/greeting.1/judge", "/studio/record/en/greeting.1/keep", "/studio/record/en/NAME/out",
    "/studio/record/en/NAME/confirm",
    "/studio/listen/LANGUAGE",
    *(f"/studio/publish{what}" for what in ("", "/take-over", "/agree", "/refuse", "/undo")),
]  # fmt: skip


def _log(store: Store) -> list[tuple[str, str]]:
    return [(entry.who, entry.what) for entry in store.audit.entries()]


# --- getting in -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_seen_without_signing_in(browser: Browser, store: Store, path: str) -> None:
    ask(store)

    response = browser.get(path)

    assert response.request.path == "/console/signin"
    assert "CA001" not in response.text


@pytest.mark.parametrize("path", FORMS)
def test_nothing_is_done_without_signing_in(browser: Browser, store: Store, path: str) -> None:
    before = ask(store)
    browser.get("/signin")

    browser.send(path, outcome="spoke")

    assert store.requests.get(before.id) == before


def test_every_page_is_in_these_tests(line: Line) -> None:
    """A new route must be added above, or it could be open to everybody."""
    console = line.app.console
    rules = {rule.rule for rule in console.url_map.iter_rules() if "static" not in rule.rule}  # type: ignore[attr-defined]

    names = {
        "CA001-1": "<request_id>",
        "/0": "/<int:nth>",
        "BLOCK": "<block_id>",
        "TEXT": "<text_id>",
        "SIGNIN": "<signin_id>",
        "PERSON": "<person_id>",
        "LINK": "<link_id>",
        "/place/greeting": "/place/<place>",
        "edit/hours": "edit/<name>",
        "record/en/greeting.1": "record/<language>/<name>",
        "NAME": "<name>",
        "LANGUAGE": "<language>",
    }
    listed = [functools.reduce(lambda path, name: path.replace(*name), names.items(), path) for path in PAGES + FORMS]
    assert rules == {*listed, *OPEN_TO_ALL}


def test_a_name_and_a_password_open_the_list(browser: Browser, store: Store) -> None:
    hire(store)

    assert "Waiting to be rung" in browser.sign_in().text
    assert _log(store) == [("asha", "signed in")]


@pytest.mark.parametrize(("name", "password"), [("asha", "wrong"), ("nobody", "wrong"), ("asha", ""), ("", "")])
def test_a_wrong_password_opens_nothing_and_tells_nothing(
    browser: Browser, store: Store, name: str, password: str
) -> None:
    """The same words, whether the name is known or not."""
    hire(store)

    response = browser.sign_in(name, password)

    assert response.status_code == 401
    assert "This name and password do not match." in response.text


def test_a_disabled_adviser_is_out_at_once(asha: Browser, store: Store) -> None:
    hire(store, disabled=True, stamp="2")

    assert "Sign in" in asha.get("/").text
    assert asha.sign_in().status_code == 401


def test_a_changed_password_ends_other_sessions(asha: Browser, store: Store) -> None:
    hire(store, stamp="2")

    assert asha.get("/").request.path == "/console/signin"


def test_a_session_ends_an_hour_after_the_last_thing_done(asha: Browser, line: Line) -> None:
    """The list that renews itself is not a thing done."""
    for _ in range(3):
        line.now = line.now.fromtimestamp(line.now.timestamp() + IDLE_SECONDS / 2, line.now.tzinfo)
        last = asha.get("/waiting")

    assert last.request.path == "/console/signin"


def test_a_session_ends_after_twelve_hours_in_any_case(asha: Browser, line: Line) -> None:
    for hour in range(14):
        line.now = line.now.fromtimestamp(NOW + hour * (HOUR - 10), line.now.tzinfo)
        last = asha.get("/")

    assert last.request.path == "/console/signin"


def test_a_form_from_elsewhere_is_refused(asha: Browser, store: Store) -> None:
    ask(store)
    asha.get("/request/CA001-1")

    response = asha.send("/request/CA001-1/claim", token=False)

    assert response.status_code == 400
    assert "That page was too old" in response.text
    assert store.requests.get("CA001-1").state == "waiting"  # type: ignore[union-attr]


def test_no_page_with_numbers_is_kept_by_the_browser(asha: Browser, store: Store) -> None:
    """After signing out, going back must not show it."""
    kept = {path: asha.get(path).headers["Cache-Control"] for path in ("/", "/ended", f"/request/{ask(store).id}")}

    assert set(kept.values()) == {"no-store"}


def test_pages_allow_nothing_from_elsewhere_and_the_cookie_is_strict(asha: Browser) -> None:
    headers = asha.get("/").headers
    policy = headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    cookie = next(c for c in asha.client._cookies.values() if c.key == "adviser")
    assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "Lax")


@pytest.mark.parametrize("signed_in", [False, True])
def test_signing_in_while_redis_is_stalled_soon_says_so(
    settings: Settings, files: dict[str, str], tmp_path: Path, signed_in: bool
) -> None:
    """A thread of the webhooks must not wait for it."""
    with RedisServer(tmp_path) as own:
        store = Store(own.url, KEYS)
        store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
        hire(store)
        with Line(dataclasses.replace(settings, redis_url=own.url), store) as line:
            browser = Browser(line)
            if signed_in:
                browser.sign_in()
            browser.get("/signin")
            with own.stalled():
                began = time.monotonic()
                response = browser.send("/signin", name="asha", password=PASSWORD)
                took = time.monotonic() - began
        store.close()

    assert response.status_code == 503
    assert "Nothing is lost. Try again in a minute" in response.text
    assert took < 10 * ANSWER_SECONDS, "not one wait after another"


# --- seeing ---------------------------------------------------------------------------------


def test_the_list_is_by_lateness_in_words_and_shapes(asha: Browser, store: Store) -> None:
    ask(store, 1, due=NOW + 9 * HOUR, opens=NOW + 6 * HOUR)
    ask(store, 2, due=NOW - 20 * 60)
    ask(store, 3, due=NOW + HOUR)
    ask(store, 4, due=NOW + 3 * HOUR)
    ask(store, 5, state="unfinished", asked_at=NOW)

    text = asha.get("/").text

    order = [
        text.index(words) for words in ("Late by 20 minutes", "Ring now, by 11:30", "Ring by 13:30", "Ring from 16:30")
    ]
    assert order == sorted(order)
    assert all(sign in text for sign in "▲●◆○")
    assert "4 waiting, 1 late." in text, "a caller who has only just hung up half-way is not there yet"


def test_a_promise_that_a_new_closed_day_breaks_is_seen_in_time(
    asha: Browser, line: Line, store: Store, edited: Callable[[str, str, str], dict[str, str]]
) -> None:
    """Else nobody would know before it is late."""
    friday = Window(OPEN.date() + dt.timedelta(days=2), "morning")
    ask(store, 1, window=friday, opens=NOW + 46 * HOUR, due=NOW + 49 * HOUR)
    ask(store, 2)
    assert "Closed then" not in asha.get("/").text
    files = edited("line.yaml", "closed_days: []", f"closed_days: [{friday.day}]")
    store.revisions.publish(Published(drafts.revision_of(files), 1.0, "tests", "", store.revisions.live() or ""), files)

    line.app._live.look()

    assert asha.get("/").text.count("Closed then") == 1
    asha.get("/request/CA001-1")
    card = asha.send("/request/CA001-1/claim").text
    assert "Friday 27 November, in the morning. We are closed then." in card
    assert "Ring by hand on an earlier day if you can, in the same part of the day, and say why." in card
    assert "Not before" not in card, "there is no such time any more"
    assert "We are closed" not in asha.get("/request/CA002-1").text
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/outcome", outcome="done")
    assert "We are closed" not in asha.get("/request/CA001-1").text, "it has ended"


def test_no_number_is_shown_before_a_request_is_taken(asha: Browser, store: Store) -> None:
    ask(store)

    assert "07700" not in asha.get("/").text
    assert "07700" not in asha.get("/request/CA001-1").text
    assert "07700 900001" in asha.send("/request/CA001-1/claim").text


def test_the_card_tells_what_an_adviser_must_know(asha: Browser, store: Store) -> None:
    ask(
        store,
        1,
        urgent=True,
        needs=("relay", "interpreter"),
        slow=True,
        stuck=("school_menu",),
        messages=(SpokenMessage("RE1", 9),),
    )

    text = asha.get("/request/CA001-1").text

    for words in (
        "Urgent", "Wednesday 25 November, in the afternoon", "Uses a text relay", "Wants help in their language",
        "Used slow speech on the line.", "Yes, you may leave one.", "No, only to the caller.", "Appeals, mediation",
        "The start (school menu)", "Spoken message, 9 seconds", "asked to be rung back",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize(
    ("message", "who", "says"),
    [
        (False, False, ["hang up. Leave NO message", "do NOT say who you are or why"]),
        (True, False, ["Do NOT say who you are.", "do NOT say who you are or why"]),
        (
            True,
            True,
            ["This is SENDIASS Leicester, returning your call.", "It is SENDIASS Leicester, returning a call."],
        ),
        (False, True, ["hang up. Leave NO message", "It is SENDIASS Leicester, returning a call."]),
    ],
)
def test_the_words_for_whoever_picks_up_keep_to_what_was_allowed(
    asha: Browser, store: Store, message: bool, who: bool, says: list[str]
) -> None:
    ask(store, 1, message_ok=message, say_who=who)
    asha.get("/request/CA001-1")

    text = asha.send("/request/CA001-1/claim").text.replace("&#39;", "'")

    for words in says:
        assert words in text


def test_a_message_is_played_to_whoever_has_the_request_and_to_nobody_else(
    asha: Browser, store: Store, line: Line
) -> None:
    ask(store, 1, messages=(SpokenMessage("RE1", 9),))
    path = recording_path(line.settings, "RE1")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF sound")
    assert "Whoever takes the request can listen to it." in asha.get("/request/CA001-1").text
    refused = asha.get("/request/CA001-1/message/0")
    assert (refused.status_code, "Take the request first" in refused.text) == (403, True)
    assert ("asha", "played the message") not in _log(store)

    asha.get("/messages")
    asha.send("/request/CA001-1/claim")
    response = asha.get("/request/CA001-1/message/0")

    assert (response.data, response.headers["Cache-Control"]) == (b"RIFF sound", "no-store")
    assert ("asha", "played the message") in _log(store)
    assert asha.get("/request/CA001-1/message/1").status_code == 404


def test_each_message_of_a_phone_that_rang_twice_is_on_the_card(asha: Browser, store: Store, line: Line) -> None:
    """A second wish joins the first, and what either said stays."""
    ask(store, 1)
    for name in ("RE1", "RE2", "RE2"):
        store.requests.with_message("CA001-1", SpokenMessage(name, 5), NOW)
    recording_path(line.settings, "x").parent.mkdir(parents=True)
    recording_path(line.settings, "RE2").write_bytes(b"sound")
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")

    text = asha.get("/request/CA001-1").text

    assert "Spoken message 1, 5 seconds" in text
    assert "The sound was deleted, because its retention period is over." in text
    assert "Spoken message 2, 5 seconds" in text
    assert asha.get("/request/CA001-1/message/1").data == b"sound"


# --- doing ----------------------------------------------------------------------------------


@pytest.fixture
def taken(asha: Browser, store: Store) -> Browser:
    """A request that asha has taken."""
    ask(store)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    return asha


def test_a_request_that_is_given_back_waits_again(taken: Browser, store: Store) -> None:
    assert store.requests.get("CA001-1").claimed_by == "asha"  # type: ignore[union-attr]

    taken.send("/request/CA001-1/release")

    assert store.requests.get("CA001-1").state == "waiting"  # type: ignore[union-attr]
    assert {("asha", "took"), ("asha", "gave back")} <= set(_log(store))


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("spoke", "done"), ("no answer", "waiting"), ("message left", "waiting"), ("cancelled", "cancelled")],
)
def test_an_outcome_is_recorded_with_its_note(taken: Browser, store: Store, outcome: str, state: str) -> None:
    taken.send("/request/CA001-1/outcome", outcome=outcome, note="rang twice")

    found = store.requests.get("CA001-1")
    assert found is not None
    assert (found.state, found.events[-1].what, found.events[-1].note) == (state, outcome, "rang twice")
    assert f"Saved: {outcome}." in taken.page


def test_no_outcome_is_asked_for_in_words(taken: Browser) -> None:
    assert "Choose what came of it. Nothing was saved." in taken.send("/request/CA001-1/outcome", outcome="").text


def test_a_text_to_the_line_is_answered_by_text_and_what_fails_is_on_the_card(
    line: Line, asha: Browser, store: Store
) -> None:
    sender = {"From": "+447700900123", "To": "+441164960000", "NumMedia": "0"}
    line.post("/text", {**sender, "MessageSid": "SM" + "1" * 32, "Body": "I cannot hear. Can you help?"})
    (asked,) = store.requests.waiting()
    asha.get(f"/request/{asked.id}")
    assert "I cannot hear. Can you help?" in asha.page
    assert "By text: they may not be able to hear or speak." in asha.page
    assert "Take the request first." in asha.send(f"/request/{asked.id}/answer", words="Yes.").text
    asha.send(f"/request/{asked.id}/claim")

    asha.get(f"/request/{asked.id}")
    assert "Answer by text: they may not hear" in asha.page
    assert "Ring the caller" not in asha.page, "whoever cannot hear is not to be rung first"
    assert "Write the answer first." in asha.send(f"/request/{asked.id}/answer", words=" ").text
    for _ in range(2):
        asha.send(f"/request/{asked.id}/answer", words="Yes. Keep the letter.")

    (sent,) = store.texts.all()
    assert (sent.to, sent.body, sent.fate) == (asked.number, "Yes. Keep the letter.", "waiting"), "once, for two clicks"
    assert [event.note for event in store.requests.get(asked.id).events if event.note] == [  # type: ignore[union-attr]
        "Answered by text: Yes. Keep the letter."
    ]
    line.post("/text", {**sender, "MessageSid": "SM" + "2" * 32, "Body": "STOP"})
    store.texts.became(sent.id, "failed", code="21610")
    asha.get(f"/request/{asked.id}")
    assert "A text to this phone was not delivered." in asha.page
    assert "Somebody with that phone has sent STOP to us" in asha.page
    asha.send(f"/request/{asked.id}/outcome", outcome="done", note="")
    assert store.requests.get(asked.id).state == "done"  # type: ignore[union-attr]


def test_two_advisers_cannot_take_one_request(taken: Browser, line: Line, store: Store) -> None:
    hire(store, "bilal")
    bilal = Browser(line)
    bilal.sign_in("bilal")
    bilal.get("/request/CA001-1")
    assert "asha has it until" in bilal.page

    assert "asha has taken this one. Take another." in bilal.send("/request/CA001-1/claim").text


def test_a_claim_that_ran_out_is_on_the_list_again(taken: Browser, line: Line, store: Store) -> None:
    line.now = line.now.fromtimestamp(NOW + CLAIM_SECONDS + 1, line.now.tzinfo)

    assert "asha has it" not in taken.get("/").text
    assert callback.claimable(store.requests.get("CA001-1"), NOW + CLAIM_SECONDS + 1)  # type: ignore[arg-type]


def test_a_note_is_added_by_anybody(asha: Browser, store: Store) -> None:
    ask(store)
    asha.get("/request/CA001-1")

    assert (
        "<bdi>asha</bdi>: note – <bdi>The letter is dated the third.</bdi>"
        in asha.send("/request/CA001-1/note", note="The letter is dated the third.").text
    )
    assert "Write the note first." in asha.send("/request/CA001-1/note", note=" ").text


def test_a_note_cannot_become_a_script(asha: Browser, store: Store) -> None:
    ask(store)
    asha.get("/request/CA001-1")

    assert "<script>alert" not in asha.send("/request/CA001-1/note", note="<script>alert(1)</script>").text


def test_ringing_by_one_click_is_for_who_holds_the_request(asha: Browser, taken: Browser, store: Store) -> None:
    assert "Ring by one click" in taken.page
    assert "Your phone will ring in a moment." in taken.send("/request/CA001-1/ring").text

    taken.send("/request/CA001-1/release")
    taken.get("/request/CA001-1")
    assert "Take the request first." in taken.send("/request/CA001-1/ring").text


def test_a_request_is_deleted_for_good_by_an_administrator_only(asha: Browser, store: Store, line: Line) -> None:
    ask(store, 1, messages=(SpokenMessage("RE1", 9),))
    path = recording_path(line.settings, "RE1")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"sound")
    asha.get("/request/CA001-1")
    assert asha.send("/request/CA001-1/delete").status_code == 403

    hire(store, admin=True)
    asha.get("/request/CA001-1")
    assert "Nothing was deleted." in asha.send("/request/CA001-1/delete").text
    asha.send("/request/CA001-1/delete", sure="yes")

    assert store.requests.get("CA001-1") is None
    assert not path.exists()


def test_what_was_ended_by_mistake_goes_back_into_the_list(taken: Browser, store: Store) -> None:
    taken.send("/request/CA001-1/outcome", outcome="wrong number")
    taken.get("/request/CA001-1")

    assert "put back into the list" in taken.send("/request/CA001-1/reopen").text

    assert [found.state for found in store.requests.waiting()] == ["waiting"]
    assert store.requests.ended() == []


def test_what_an_adviser_wrote_is_kept_when_somebody_else_has_the_request(
    taken: Browser, line: Line, store: Store
) -> None:
    store.requests.change("CA001-1", lambda r: callback.claim(r, "bilal", NOW + CLAIM_SECONDS + 60))

    told = taken.send("/request/CA001-1/outcome", outcome="spoke", note="They have till Friday.").text

    assert "bilal has this request now. Talk to them first. What you wrote is kept as a note." in told
    found = store.requests.get("CA001-1")
    assert found is not None
    assert (found.claimed_by, found.events[-1].note) == ("bilal", "spoke. They have till Friday.")


def test_a_request_stays_with_whoever_is_at_work_on_it(taken: Browser, line: Line, store: Store) -> None:
    line.now += dt.timedelta(minutes=20)

    kept = taken.send("/request/CA001-1/keep")

    assert float(kept.text) == CLAIM_SECONDS, "seconds, since the browser's clock may be wrong"
    assert store.requests.get("CA001-1").claim_ends == line.now.timestamp() + CLAIM_SECONDS  # type: ignore[union-attr]


def test_nobody_is_rung_by_one_click_before_the_time_they_chose(asha: Browser, store: Store) -> None:
    """It may be the only one that is safe for them."""
    ask(store, 1, opens=NOW + HOUR)
    asha.get("/request/CA001-1")

    card = asha.send("/request/CA001-1/claim").text

    assert "Not before 11:30. The caller chose that time. It may be the only time that is safe." in card
    assert "Ring by one click" not in card
    assert "Not before 11:30. The caller chose that time." in asha.send("/request/CA001-1/ring").text


def test_whoever_asked_since_it_was_taken_is_still_to_be_rung(taken: Browser, store: Store) -> None:
    """Two people share the phone; the adviser has talked to one of them."""
    ask(store, 2, number="+447700900001", id="CA9-1", asked_at=NOW + 60)

    told = taken.send("/request/CA001-1/outcome", outcome="spoke").text

    assert "Somebody else asked from the same phone, so the request is back in the list for them." in told
    (left,) = store.requests.waiting()
    assert (left.state, [asker.id for asker in left.askers]) == ("waiting", ["CA9-1"])


@pytest.mark.parametrize("another_asks", [True, False])
def test_an_agreed_call_is_somebody_elses_only_if_somebody_else_asked(
    taken: Browser, store: Store, another_asks: bool
) -> None:
    if another_asks:
        ask(store, 2, number="+447700900001", id="CA9-1", asked_at=NOW + 60)

    told = taken.send("/request/CA001-1/outcome", outcome="spoke", again="2026-11-26 afternoon").text

    assert ("Somebody else asked from the same phone" in told) == another_asks
    assert "Say: we ring you " in told


def test_the_log_is_for_administrators(asha: Browser, store: Store) -> None:
    assert asha.get("/log").status_code == 403

    hire(store, admin=True)
    assert "signed in" in asha.get("/log").text


def test_looking_at_a_card_is_written_down(asha: Browser, store: Store) -> None:
    ask(store)
    asha.get("/request/CA001-1")

    assert ("asha", "looked at") in _log(store)


def test_a_request_that_is_gone_is_said(asha: Browser) -> None:
    response = asha.get("/request/CA999-9")

    assert response.status_code == 404
    assert "Not here" in response.text


def test_without_redis_the_page_says_so(asha: Browser, line: Line) -> None:
    line.store.redis._shut_until = time.monotonic() + 60

    response = asha.get("/")

    assert response.status_code == 503
    assert "The list cannot be read at the moment. Nothing is lost." in response.text


# --- what was promised ----------------------------------------------------------------------


def test_what_was_written_before_the_session_ended_is_shown_and_not_lost(asha: Browser, line: Line) -> None:
    """An adviser talked for over an hour, and then wrote down what was said."""
    ask(line.store, 1)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    line.now = line.now.fromtimestamp(line.now.timestamp() + IDLE_SECONDS + 60, line.now.tzinfo)

    late = asha.send("/request/CA001-1/outcome", outcome="spoke", note="The appeal is sent.")

    assert late.status_code == 401
    assert "This was not saved." in late.text
    assert "spoke. The appeal is sent." in late.text
    assert "Sign in" in late.text


def test_a_request_whose_caller_asked_again_is_not_put_back_beside_it(asha: Browser, line: Line) -> None:
    """Two advisers would ring one phone."""
    ask(line.store, 1, state="waiting")
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/outcome", outcome="done")
    ask(line.store, 1, id="CA9-1")

    asha.get("/request/CA001-1")
    refused = asha.send("/request/CA001-1/reopen")

    assert "This caller has asked again since. Take that request." in refused.text
    assert line.store.requests.get("CA001-1").state == "done"  # type: ignore[union-attr]


def test_what_its_caller_cancelled_says_so_and_cannot_be_put_back(asha: Browser, line: Line) -> None:
    saved = ask(line.store, 1)
    line.store.requests.cancel(CancelRequest(saved.id, saved.askers[0].reference), NOW)

    page = asha.get("/request/CA001-1").text

    assert "The caller cancelled this, and was told that we will not ring." in page
    assert "Put it back into the list" not in page


def test_the_card_tells_what_each_caller_of_a_phone_was_promised(asha: Browser, line: Line) -> None:
    ask(line.store, 1)
    ask(line.store, 1, id="CA9-1", window=Window(OPEN.date(), "morning"), due=NOW + HOUR)

    page = asha.get("/request/CA001-1").text

    assert "Wednesday 25 November, in the morning<br>Wednesday 25 November, in the afternoon" in page


def test_a_part_of_the_day_that_was_missed_is_pointed_out(asha: Browser, line: Line) -> None:
    """It may have been the only one in which it is safe to ring."""
    ask(line.store, 1, when="morning", window=Window(OPEN.date(), "morning"), due=NOW + HOUR)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    assert "They chose the morning, and it is over." not in asha.get("/request/CA001-1").text

    line.now = line.now + dt.timedelta(hours=1)
    asha.send("/request/CA001-1/claim")

    assert "They chose the morning, and it is over." in asha.get("/request/CA001-1").text
