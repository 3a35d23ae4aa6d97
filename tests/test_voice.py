"""The webhooks: who may call them, what comes twice or late, and what happens when things break."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from prometheus_client import REGISTRY
from twilio.request_validator import RequestValidator
from werkzeug.test import Client

from ivr import embedded
from ivr.authoring import drafts
from ivr.callbacks import callback
from ivr.callbacks.request import CallbackRequest
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.problems import ConfigError
from ivr.store import Published, Store, StoreDown, ping
from tests.conftest import ENVIRONMENT
from tests.desk import ask
from tests.line import CALLER, Line
from tests.redis_server import Opened, soon
from tests.rest import show_alive
from tests.sealed import KEYS
from tests.test_twiml import assert_valid

FORM = {"CallSid": "CA" + "1" * 32, "From": CALLER, "To": "+441164960000", "CallStatus": "ringing"}
WEBHOOKS = [
    "/voice", "/voice/turn/0", "/voice/whisper", "/voice/accept", "/voice/recording", "/voice/text",
    "/voice/status", "/voice/fallback", "/voice/ring", "/voice/join", "/voice/rang", "/voice/rung",
    "/text",
]  # fmt: skip
#: Seconds after which Twilio gives a turn up.
TWILIO_WAITS = 15


# --- the signature --------------------------------------------------------------------------


@pytest.mark.parametrize("path", WEBHOOKS)
@pytest.mark.parametrize("signature", [None, "", "wrong", "L/OH5YylLD5NRKLltdqwSvS0BnU="])
def test_what_twilio_did_not_sign_is_refused(line: Line, path: str, signature: str | None) -> None:
    """403, and nothing was done: no session, nothing said."""
    headers = {} if signature is None else {"X-Twilio-Signature": signature}

    response = line.client.post(path, data=FORM, headers=headers)

    assert response.status_code == 403
    assert "<" not in response.text, "no TwiML: no caller hears it"
    assert line.store.sessions.get(FORM["CallSid"]) is None


def test_a_refusal_says_why_and_what_to_look_at(line: Line) -> None:
    """For operators who look at Twilio's debugger or use curl. The text does not help to forge a signature."""
    without = line.client.post("/voice/turn/3?at=a.b&x=%22", data=FORM)
    wrong = line.client.post("/voice/turn/3?at=a.b&x=%22", data=FORM, headers={"X-Twilio-Signature": "wrong"})

    for refusal in (without, wrong):
        assert (refusal.status_code, refusal.mimetype) == (403, "text/plain")
        assert refusal.headers["X-Content-Type-Options"] == "nosniff"
    assert "no X-Twilio-Signature header" in without.text
    assert "https://line.example.org/voice/turn/3?at=a.b&x=%22\n" in wrong.text, "the address that was to be signed"
    assert "TWILIO_AUTH_TOKEN" in wrong.text
    assert "PUBLIC_URL" in wrong.text
    signer = RequestValidator(line.settings.auth_tokens[0])
    right = signer.compute_signature("https://line.example.org/voice/turn/3?at=a.b&x=%22", FORM)
    for secret in (right, line.settings.auth_tokens[0], line.settings.account_sid, CALLER):
        assert secret not in wrong.text


@pytest.mark.parametrize("target", ["/voice?" + "x" * 5000, "/voice?a=\r\nSet-Cookie:b", "/voice?\x1b[2J"])
def test_a_refusal_shows_an_address_only_as_far_as_it_can_be_read(line: Line, target: str) -> None:
    path, query = target.split("?")
    refusal = line.client.post(path, query_string=query, data=FORM, headers={"X-Twilio-Signature": "wrong"})

    assert refusal.status_code == 403
    assert len(refusal.text) < 1000
    assert refusal.text.replace("\n", "").isprintable()


def test_a_form_that_is_too_long_is_refused_with_the_reason(line: Line) -> None:
    refusal = line.client.post("/voice", data=b"x" * 70_000, headers={"X-Twilio-Signature": "wrong"})

    assert (refusal.status_code, refusal.text[:8]) == (413, "Refused:")


def test_webhooks_that_are_refused_are_counted_and_told_of_now_and_then(line: Line) -> None:
    """Otherwise a token that was changed only at Twilio, or a proxy that drops a header, would not be noticed."""
    before = REGISTRY.get_sample_value("ivr_refused_total") or 0

    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            line.client.post("/voice", data=FORM, headers={"X-Twilio-Signature": "wrong"})

        for _ in range(3):
            line.client.post("/voice", data=FORM)

    assert REGISTRY.get_sample_value("ivr_refused_total") == before + 6
    told = [(log["log_level"], log["why"].split(",")[0]) for log in logs if log["event"] == "refused"]
    assert told == [
        ("warning", "the signature does not match any auth token that is set here"),
        ("warning", "this request has no X-Twilio-Signature header"),
    ]


def test_a_post_that_a_redirect_made_a_get_is_refused_as_that(line: Line) -> None:
    """As where the number at Twilio has http, and the proxy redirects to https."""
    answer = line.client.get("/voice", headers={"X-Twilio-Signature": "of the POST"})

    assert answer.status_code == 400
    assert "A redirect makes one of a POST" in answer.text


def test_the_table_of_webhooks_is_whole(line: Line) -> None:
    """No webhook is added without being in the test above."""
    rules = {rule.rule for rule in line.app.app.url_map.iter_rules() if rule.rule.startswith(("/voice", "/text"))}  # type: ignore[attr-defined]

    assert rules == {path.replace("/turn/0", "/turn/<int:turn>") for path in WEBHOOKS}


def test_a_changed_form_is_refused(line: Line) -> None:
    signature = RequestValidator(line.settings.auth_tokens[0]).compute_signature("https://line.example.org/voice", FORM)

    response = line.client.post(
        "/voice", data={**FORM, "From": "+447700900999"}, headers={"X-Twilio-Signature": signature}
    )

    assert response.status_code == 403


def test_a_signed_get_is_taken_with_its_percent_escapes(line: Line) -> None:
    """Twilio signs the address as it is written, so its escapes must not be decoded and encoded again."""
    target = "/voice?CallSid=CA9&From=%2B447700900123&FromCity=Z%C3%9CRICH%27S&To=%2B441164960000&a=%7Eb"
    signature = RequestValidator(line.settings.auth_tokens[0]).compute_signature(
        "https://line.example.org" + target, {}
    )

    response = line.client.get(target, headers={"X-Twilio-Signature": signature})

    assert response.status_code == 200
    assert line.store.sessions.get("CA9").caller == "+447700900123"  # type: ignore[union-attr]


def test_a_proxy_cannot_change_what_was_signed(line: Line) -> None:
    """The public address is a setting. What the request claims about itself is ignored."""
    forwarded = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "Host": "10.0.0.1:8000"}

    assert line.post("/voice", FORM, **forwarded).status_code == 200


def test_fields_twilio_adds_are_signed_and_ignored(line: Line) -> None:
    assert line.post("/voice", {**FORM, "NewField": "", "Another": "ü & =+"}).status_code == 200


# --- twice, late, lost ----------------------------------------------------------------------


def test_a_webhook_that_comes_twice_presses_a_key_once(line: Line) -> None:
    """Twilio tries again when a connection breaks. The reply is the same, and the place one step on."""
    call = line.call().press("2")
    first = line.post(call.action, {**call.form, "Digits": "1"})
    second = line.post(call.action, {**call.form, "Digits": "1"})

    assert first.text == second.text
    assert line.store.sessions.get(call.sid).turn == call.turn + 1  # type: ignore[union-attr]


def test_a_call_that_comes_in_twice_begins_once(line: Line) -> None:
    first, second = line.post("/voice", FORM), line.post("/voice", FORM)

    assert first.text == second.text


def test_a_late_webhook_gets_the_present_reply(line: Line) -> None:
    """Whatever it says, it is about a turn that is over."""
    call = line.call().press("2")
    old = call.action
    call.press("1").wait()
    present = line.post(old, {**call.form, "Digits": "4"})

    assert call.place == "school_talk"
    assert call.action in present.text.replace("&amp;", "&")


def test_webhooks_at_once_have_one_effect(line: Line) -> None:
    call = line.call().press("2")

    def press(key: str) -> str:
        return line.post(call.action, {**call.form, "Digits": key}).text

    with ThreadPoolExecutor(8) as pool:
        replies = set(pool.map(press, "12341234"))

    assert len(replies) == 1, "all are told the same: the place of whichever was first"
    assert line.store.sessions.get(call.sid).turn == call.turn + 1  # type: ignore[union-attr]


def test_a_call_that_nothing_is_known_of_starts_again_politely(line: Line) -> None:
    """Not even the address says where it was."""
    call = line.call().press("2")
    line.store.sessions.end(call.sid)

    call._take(line.post(f"/voice/turn/{call.turn}", {**call.form, "Digits": "1"}))

    assert call.words.startswith("Sorry, I lost my place in this call. We will start again. Hello.")
    assert call.press("3").place == "council_menu"


def test_a_session_is_forgotten_when_the_call_ends(line: Line) -> None:
    call = line.call()

    response = line.post("/voice/status", {**call.form, "CallStatus": "completed"})

    assert (response.status_code, response.text) == (204, "")
    assert line.store.sessions.get(call.sid) is None


def test_an_address_somebody_made_up_does_no_harm(line: Line) -> None:
    call = line.call()
    line.store.sessions.end(call.sid)

    for at in ("", "x", "a.b.c.d.e", "main_menu.1.1", "greeting.0.0.000000000000.a", "nowhere.0.0.r.a"):
        assert_valid(line.post(f"/voice/turn/3?at={at}", {**call.form, "CallSid": f"CA{at}"}).text)


def test_no_webhook_redirects(line: Line) -> None:
    """'A 3xx reply on an action URL loses Digits.'"""
    for path in WEBHOOKS:
        assert line.post(path, FORM).status_code in (200, 204)


# --- revisions ------------------------------------------------------------------------------


def _publish(line: Line, files: dict[str, str]) -> str:
    revision = drafts.revision_of(files)
    before = line.store.revisions.live() or ""
    line.store.revisions.publish(Published(revision, 1.0, "tests", "a change", before), files)
    line.app._live.look()
    return revision


def test_a_call_keeps_the_script_it_began_with(line: Line, edited: Callable[[str, str, str], dict[str, str]]) -> None:
    began = line.call()

    _publish(line, edited("menus/welcome.yaml", "School, nursery or college", "Now, school or college"))

    assert "School, nursery or college" in began.press("2").words
    assert "Now, school or college" in line.call(sid="CA2").press("2").words


def test_another_worker_finds_the_script_of_a_call(
    line: Line, settings: Settings, store: Store, edited: Callable[[str, str, str], dict[str, str]]
) -> None:
    """Also one that started after the script was replaced."""
    began = line.call()
    _publish(line, edited("menus/welcome.yaml", "School, nursery or college", "Now, school or college"))

    with Line(settings, store) as other:
        began.line = other
        assert "School, nursery or college" in began.press("2").words


def test_a_broken_edit_on_disk_changes_nothing(line: Line, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "line.yaml").write_text("names: [")

    with pytest.raises(ConfigError):
        building.load(configfiles.script_files(tmp_path / "config"))
    assert line.call().press("2").place == "school_menu"


def test_a_test_phone_hears_the_draft_and_everybody_else_the_live_line(
    settings: Settings, store: Store, files: dict[str, str], tmp_path: Path
) -> None:
    live = {**files, "line.yaml": files["line.yaml"].replace("test_phones: []", 'test_phones: ["07700 900777"]')}
    draft = {**live, "menus/welcome.yaml": live["menus/welcome.yaml"].replace("Hello. This is", "Good day. This is")}
    for name, text in draft.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    store.revisions.publish(Published(drafts.revision_of(live), 0.0, "tests", ""), live)

    with Line(replace(settings, config_dir=tmp_path / "config"), store) as line:
        assert line.call("+447700900777", "CA7").words.startswith("Good day.")
        assert line.call(CALLER, "CA8").words.startswith("Hello.")
        assert "School, nursery or college" in line.call("+447700900777", "CA9").press("2").words

        (tmp_path / "config" / "line.yaml").write_text("names: [")
        assert line.call("+447700900777", "CA10").words.startswith("Hello."), "a broken draft is not heard"


# --- when things break ----------------------------------------------------------------------


def test_a_fault_of_ours_apologises_and_dials_the_helpline(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logged once, and never read to the caller."""
    call = line.call()
    monkeypatch.setattr("ivr.engine.call.answer", _fail)

    with structlog.testing.capture_logs() as logs:
        root = assert_valid(line.post(call.action, {**call.form, "Digits": "1"}).text)

    assert "something went wrong" in "".join(root.itertext())
    assert "the fault itself" not in "".join(root.itertext())
    assert root.find("Dial").text == "+441162575027"  # type: ignore[union-attr]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["trouble"]


def _fail(*_: object) -> None:
    raise RuntimeError("the fault itself")


def test_every_reply_is_one_line_of_log_without_a_phone_number(line: Line) -> None:
    with structlog.testing.capture_logs() as logs:
        call = line.call("+447700900123").press("3").press("1").press("0")
        call.put_in(DialCallStatus="busy").press("1").press("2").enter("01164960123")

    turns = [entry for entry in logs if entry["event"] == "turn"]
    assert len(turns) == len(call.replies)
    assert turns[1] == {
        "event": "turn", "call": call.sid, "turn": 1, "node": "council_menu", "language": "en", "kind": "Key",
        "alone": False, "ms": turns[1]["ms"], "log_level": "info",
    }  # fmt: skip
    written = json.dumps(logs)
    assert not any(digits in written for digits in ("900123", "4960123", "4960000"))


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]) -> Iterator[tuple[Settings, int]]:
    """A line with a Redis that this test may stop: its settings, and the process."""
    data = tmp_path_factory.mktemp("own")
    settings = config.settings({**ENVIRONMENT, "IVR_DATA": str(data)})
    process = subprocess.Popen(embedded.command(settings.data_dir))
    while not ping(settings.redis_url):
        time.sleep(0.02)
    with closing(Store(settings.redis_url, settings.keys)) as store:
        store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
    yield settings, process.pid
    for number in (signal.SIGCONT, signal.SIGTERM):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            break
    process.wait()


def test_a_worker_that_starts_without_redis_says_what_was_live_when_it_last_answered(
    own_redis: tuple[Settings, int],
) -> None:
    settings, redis_pid = own_redis
    with Line(settings, Store("redis://127.0.0.1:1", KEYS)) as line:
        assert line.client.get("/readyz").status_code == 503
    with Line(settings, Store(settings.redis_url, settings.keys)):
        os.kill(redis_pid, signal.SIGKILL)

    with Line(settings, Store(settings.redis_url, settings.keys)) as line:
        assert line.call().press("2").place == "school_menu"
        assert line.call(sid="CA" + "2" * 32).press("0").has("Dial")
    assert (settings.data_dir / "live.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["stalled", "gone"])
def test_a_call_goes_on_without_redis_from_where_it_was(own_redis: tuple[Settings, int], how: str) -> None:
    """No retry, the same place, the same pace, and 0 still dials."""
    settings, redis_pid = own_redis
    with Line(settings, Store(settings.redis_url, settings.keys)) as line:
        call = line.call().press("9").press("1").press("3")
        assert (call.place, "70%" in call.verb("prosody").attrib["rate"]) == ("council_menu", True)

        os.kill(redis_pid, signal.SIGSTOP if how == "stalled" else signal.SIGKILL)
        took = [_timed(lambda: call.press("1")), _timed(call.wait), _timed(call.wait)]

        assert call.place == "health_care"
        assert "70%" in call.verb("prosody").attrib["rate"]
        assert max(took) < TWILIO_WAITS / 5, "no turn waits for a second try"
        assert call.press("0").has("Dial")
        _readiness_is_told(line)
        begun = line.call(sid="CA" + "5" * 32)
        assert begun.press("2").place == "school_menu", "a new call is answered too"


def test_without_redis_star_goes_back_and_silence_finds_a_person(own_redis: tuple[Settings, int]) -> None:
    """The address has one step back, and what was counted."""
    settings, redis_pid = own_redis
    with Line(settings, Store(settings.redis_url, settings.keys)) as line:
        call = line.call().press("2").press("3")
        assert call.place == "complaint_how"
        os.kill(redis_pid, signal.SIGKILL)

        assert call.press("*").place == "school_menu"
        assert call.press("*").place == "main_menu"
        call.press("2")
        for _ in range(9):
            call.wait()
            if call.has("Dial"):
                break
        assert call.has("Dial")
        assert call.put_in(DialCallStatus="busy").place == "message"
        assert call.press("*").place == "school_menu"


def test_a_call_whose_script_cannot_be_read_any_more_goes_on_with_the_live_one(
    line: Line, store: Store, edited: Callable[[str, str, str], dict[str, str]]
) -> None:
    """An upgrade may read more strictly. The call is at a place that is there now, or at the nearest."""
    old = edited("menus/welcome.yaml", "  school_menu:", "  learning_menu:")
    old = {**old, "menus/welcome.yaml": old["menus/welcome.yaml"].replace("goto: school_menu", "goto: learning_menu")}
    live = store.revisions.files(store.revisions.live() or "")
    assert live
    _publish(line, old)
    at_school, at_council = line.call().press("2"), line.call(sid="CA" + "4" * 32).press("3")
    assert at_school.place == "learning_menu"
    _publish(line, live)
    revision = drafts.revision_of(old)
    line.app._live._editions.pop(revision)
    store.redis.do(lambda client: client.set(f"ivr:revision:{revision}", b'{"line.yaml": "gone: wrong"}'))

    assert at_council.press("1").place == "health_care"
    assert at_school.press("1").place == "main_menu"
    assert "start again" in at_school.words
    assert at_council.press("0").has("Dial")
    whisper = line.post(at_council.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32}).text
    assert assert_valid(whisper).find("Gather") is not None


def _knows(store: Store, sid: str) -> bool:
    with suppress(StoreDown):
        return store.sessions.get(sid) is not None
    return False


def _timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def _readiness_is_told(line: Line) -> None:
    ready = line.client.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "Redis does not answer, or keeps nothing\n")
    assert line.client.get("/healthz").text == "ok\n"


def test_a_call_that_went_on_alone_is_known_again_when_redis_is_back(own_redis: tuple[Settings, int]) -> None:
    """From the address, with the way back that Redis still knew."""
    settings, redis_pid = own_redis
    with Line(settings, Store(settings.redis_url, settings.keys)) as line:
        call = line.call().press("2")
        os.kill(redis_pid, signal.SIGSTOP)
        call.press("3").wait()
        os.kill(redis_pid, signal.SIGCONT)
        assert soon(lambda: _knows(line.store, call.sid))  # the breaker lets Redis alone for a second

        call.wait().press("1")

        assert call.place == "complaints_menu"
        session = line.store.sessions.get(call.sid)
        assert session is not None
        assert (session.place.node, session.turn) == ("complaints_menu", call.turn)


def test_a_call_goes_on_while_redis_has_no_room(line: Line, store: Store) -> None:
    """The address and the disk carry where the caller is, and what they ask for is kept there until there is room."""
    call = line.call().press("9").press("1").press("2")
    with _no_room(store):
        assert call.press("1").place == "school_talk"
        assert "70%" in call.verb("prosody").attrib["rate"]
        assert call.press("0").has("Dial")
        assert call.put_in(DialCallStatus="no-answer").press("1").place == "ring_back"
        assert call.press("1").place == "ring_who"
        assert call.press("1").place == "ring_out"
    call.press("2").press("1")

    assert call.place == "ring_when"
    (found,) = store.requests.waiting()
    assert (found.state, found.times_asked) == ("waiting", 1)


@contextmanager
def _no_room(store: Store) -> Iterator[None]:
    store.redis.do(lambda client: client.config_set("maxmemory", 1))
    try:
        yield
    finally:
        store.redis.do(lambda client: client.config_set("maxmemory", 0))


def test_nothing_of_ours_is_needed_for_the_fallback(own_redis: tuple[Settings, int]) -> None:
    """With Redis gone and the script forgotten, it says the number and dials it."""
    settings, redis_pid = own_redis
    with Line(settings, Store(settings.redis_url, settings.keys)) as line:
        os.kill(redis_pid, signal.SIGKILL)
        line.app._live._editions.clear()

        root = assert_valid(line.post("/voice/fallback", {**FORM, "ErrorCode": "11200", "ErrorUrl": "x"}).text)

        assert "zero one one six" in "".join(root.itertext())
        assert root.find("Dial").text == "+441162575027"  # type: ignore[union-attr]


# --- health ---------------------------------------------------------------------------------


def test_health_needs_no_signature(line: Line) -> None:
    show_alive(line.store)

    assert line.client.get("/healthz").status_code == 200
    assert line.client.get("/readyz").text == "ready\n"
    assert b"ivr_turn_seconds" in line.client.get("/metrics").data


def test_a_redis_that_answers_and_keeps_nothing_is_not_ready(own_redis: tuple[Settings, int], opened: Opened) -> None:
    settings, _ = own_redis
    store = opened(settings.redis_url, settings.keys)
    with Line(settings, store) as line:
        show_alive(store)
        store.redis.do(lambda client: client.config_set("maxmemory", 1))

        assert line.client.get("/readyz").text == "Redis does not answer, or keeps nothing\n"
        assert line.client.get("/healthz").status_code == 200


def test_every_route_says_who_may_call_it(line: Line) -> None:
    """A route that is neither signed nor on this list is refused here."""
    to_read = {"/read", "/read/", "/read/<name>", "/read/all-topics", "/read/what-words-mean"}
    public = {
        "/healthz",
        "/readyz",
        "/metrics",
        "/audio/<name>",
        "/",
        "/handbooks/<name>.md",
        *to_read,
        "/handbooks/pictures/<name>.png",
    }
    client = Client(line.app)

    for rule in line.app.app.url_map.iter_rules():  # type: ignore[attr-defined]
        if rule.rule not in public:
            assert client.post(rule.rule.replace("<int:turn>", "1")).status_code == 403, rule.rule


# --- ringing callers back, and what they left -------------------------------------------------

#: The call in which Twilio rang an adviser, from the line's own number.
TO_ADVISER = {"CallSid": "CA" + "9" * 32, "From": "+441164960000", "To": "+441164960777", "CallStatus": "in-progress"}


def test_an_adviser_is_rung_first_and_then_the_caller_who_sees_our_number(line: Line, store: Store) -> None:
    wish = _taken(line, store)
    path = f"/voice/ring?request={wish.id}&adviser=asha"

    asked = assert_valid(line.post(path, TO_ADVISER).text)
    gather = asked.find("Gather")
    assert gather is not None
    assert gather.attrib["numDigits"] == "1"
    assert wish.number not in ET.tostring(asked).decode(), "nobody is told a number before they press 1"

    dial = assert_valid(line.post(gather.attrib["action"], {**TO_ADVISER, "Digits": "1"}).text).find("Dial")
    assert dial is not None
    assert ("".join(dial.itertext()), dial.attrib["callerId"]) == (wish.number, "+441164960000")

    unanswered = line.post(dial.attrib["action"], {**TO_ADVISER, "DialCallStatus": "no-answer"})
    assert assert_valid(unanswered.text).find("Say") is not None
    spoke = line.post(dial.attrib["action"], {**TO_ADVISER, "DialCallStatus": "completed"})
    assert [verb.tag for verb in assert_valid(spoke.text)] == ["Hangup"]
    found = store.requests.get(wish.id)
    assert found is not None
    assert [event.note for event in found.events[-2:]] == [
        "By one click: nobody picked up.", "By one click: somebody picked up.",
    ]  # fmt: skip


def test_an_adviser_who_rings_by_one_click_hears_first_that_an_interpreter_is_needed(line: Line, store: Store) -> None:
    wish = _taken(line, store, language="Gujarati")

    asked = line.post(f"/voice/ring?request={wish.id}&adviser=asha", TO_ADVISER).text

    assert asked.index("help in their language") < asked.index("To call the caller now")


def _taken(line: Line, store: Store, **answers: object) -> CallbackRequest:
    saved = ask(store, **answers)
    return store.requests.change(saved.id, lambda r: callback.claim(r, "asha", line.now.timestamp()))


def test_an_adviser_who_did_not_pick_up_is_noted(line: Line, store: Store) -> None:
    wish = _taken(line, store)
    path = f"/voice/rung?request={wish.id}&adviser=asha"

    for status in ("completed", "no-answer"):
        assert line.post(path, {**TO_ADVISER, "CallStatus": status}).status_code == 204

    notes = [event.note for event in store.requests.get(wish.id).events if event.who == "the line"]  # type: ignore[union-attr]
    assert notes == ["asha was rung and did not pick up."]


def test_no_caller_is_rung_for_a_request_that_is_over_or_a_key_that_is_not_one(line: Line, store: Store) -> None:
    """Nor for no key at all: an adviser's voicemail is not asked again. Nor for an adviser who gave it back."""
    wish = _taken(line, store)
    of_wish = f"/voice/join?request={wish.id}&adviser=asha"
    of_none, of_another = "/voice/join?request=none&adviser=asha", f"/voice/join?request={wish.id}&adviser=bilal"
    one = {"Digits": "1"}
    for path, pressed in ((of_wish, {"Digits": "2"}), (of_wish, {}), (of_none, one), (of_another, one)):
        reply = assert_valid(line.post(path, {**TO_ADVISER, **pressed}).text)
        assert [verb.tag for verb in reply] == ["Hangup"]


def test_a_message_that_was_left_is_given_to_the_worker_once(line: Line, store: Store) -> None:
    wish = ask(store)
    news = {"CallSid": FORM["CallSid"], "RecordingSid": "RE" + "1" * 32, "RecordingDuration": "7"}
    path = f"/voice/recording?request={wish.id}"

    for state in ("completed", "completed", "absent"):
        assert line.post(path, {**news, "RecordingStatus": state}).status_code == 204

    queued = store.redis.do(lambda client: [key for key in client.scan_iter("rq:job:*") if b"recording" in key])
    assert len(queued) == 1
