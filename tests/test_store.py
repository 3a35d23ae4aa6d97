"""Redis: what is kept, what is refused, and what happens to two at once."""

from __future__ import annotations

import contextlib
import datetime as dt
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace

import ivr.store
from ivr import embedded
from ivr.authoring import limitsfile
from ivr.authoring.drafts import revision_of
from ivr.callbacks import flood
from ivr.callbacks.capacity import Lowered
from ivr.callbacks.diary import Window
from ivr.callbacks.request import Before
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.reporting import dropoff
from ivr.script.counting import Asked
from ivr.script.session import At, CancelRequest, FindRequest, SaveRequest, SendText, Session
from ivr.store import (
    DamagedRevision,
    Figures,
    Published,
    PublishedSince,
    SentCall,
    Store,
    StoreDown,
    TextState,
    Typed,
    connection,
    packed,
    ping,
    why_not,
)
from ivr.store.connection import ANSWER_SECONDS
from ivr.store.revisions import MOST_HISTORY, Proposed
from ivr.store.sessions import KEEP_SECONDS
from ivr.usecases.jobs import Jobs
from tests.desk import HOUR, NOW, ask, hire, request
from tests.ports import free_port
from tests.redis_server import Opened, RedisServer, soon
from tests.rest import show_alive
from tests.sealed import KEYS, WORDS
from tests.tls import certificate, door

S = Session("CA1", "r1", At("main_menu"), turn=3)


@pytest.fixture
def other(machine: Settings) -> Iterator[Store]:
    """The same Redis, used by another worker."""
    with closing(Store(machine.redis_url, machine.keys)) as store:
        yield store


# --- sessions -------------------------------------------------------------------------------


def test_a_session_comes_back_as_it_was_kept(store: Store, other: Store) -> None:
    assert store.sessions.save(S) is None

    assert other.sessions.get("CA1") == S


def test_a_session_is_not_saved_over_a_later_one(store: Store, other: Store) -> None:
    """Nor over one of the same turn: the second writer is told what is there."""
    later = replace(S, turn=4, slow=True)
    store.sessions.save(later)

    assert other.sessions.save(S) == later
    assert other.sessions.save(replace(later, slow=False)) == later
    assert other.sessions.get("CA1") == later


def test_of_many_at_once_one_session_is_kept(store: Store) -> None:
    sessions = [replace(S, key=str(i)) for i in range(16)]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(store.sessions.save, sessions))

    assert outcomes.count(None) == 1
    kept = sessions[outcomes.index(None)]
    assert all(outcome in (None, kept) for outcome in outcomes)


def test_a_session_goes_six_hours_after_its_last_turn(store: Store) -> None:
    store.sessions.save(S)

    left = store.redis.do(lambda client: client.ttl("ivr:session:CA1"))

    assert KEEP_SECONDS - 5 < left <= KEEP_SECONDS


def test_one_session_that_cannot_be_read_hides_no_other(store: Store) -> None:
    store.sessions.save(S)
    store.redis.do(lambda client: client.set("ivr:session:CA2", "3|damaged"))

    assert store.sessions.all() == [S]


def test_calls_under_way_are_all_found_or_redis_is_said_to_be_down(own: RedisServer, opened: Opened) -> None:
    store = opened(own.url, KEYS)
    store.sessions.save(S)
    store.redis.do(lambda client: client.client_kill_filter(_type="normal", skipme=True))  # Redis fails half-way

    with pytest.raises(StoreDown):
        store.sessions.all()


def test_an_adviser_accepts_a_caller_at_one_transfer(store: Store) -> None:
    """A webhook that comes twice finds it again; a later transfer of the same call does not."""
    store.sessions.accept("CA1", "3")

    assert store.sessions.accepted("CA1", 3)
    assert store.sessions.accepted("CA1", 3)
    assert not store.sessions.accepted("CA1", 5)


# --- revisions ------------------------------------------------------------------------------


def _published(store: Store, words: str, at: float = 0.0) -> str:
    """Publish a file with these words. Returns the revision."""
    files = {"line.yaml": words}
    revision = revision_of(files)
    store.revisions.publish(Published(revision, at, "tests", "why", store.revisions.live() or ""), files)
    return revision


def test_what_is_published_is_live_with_its_files_and_its_history(store: Store) -> None:
    first, second = _published(store, "r1"), _published(store, "r2")

    assert store.revisions.live() == second
    assert store.revisions.files(first) == {"line.yaml": "r1"}
    assert [(p.revision, p.before) for p in store.revisions.history()] == [(second, first), (first, "")]


def test_a_damaged_revision_hides_no_other_and_can_be_stored_again(store: Store) -> None:
    first, second = _published(store, "r1"), _published(store, "r2")
    store.redis.do(lambda client: client.set(f"ivr:revision:{second}", b'{"line.yaml": "r1"}'))

    with pytest.raises(DamagedRevision):
        store.revisions.files(second)
    assert store.revisions.kept() == [{"line.yaml": "r1"}]
    assert not store.revisions.mend(first, {"line.yaml": "r1"}), "it is not damaged"
    assert store.revisions.mend(second, {"line.yaml": "r2"})
    assert store.revisions.files(second) == {"line.yaml": "r2"}


def test_the_second_of_two_publications_at_once_is_refused(store: Store) -> None:
    """It was based on something that is no longer live. Nothing is overwritten."""
    first, second = _published(store, "r1"), _published(store, "r2")

    with pytest.raises(PublishedSince) as refusal:
        store.revisions.publish(Published("r3", 2.0, "tests", "late", first), {})

    assert refusal.value.by is not None
    assert refusal.value.by.revision == second
    assert store.revisions.live() == second


def test_old_revisions_go_when_no_call_uses_them(store: Store) -> None:
    """The last fifty are kept to go back to, and so is any that a call began with."""
    store.revisions.began(revision_of({"line.yaml": "r0"}), now=1000.0)
    oldest, second, *_ = [_published(store, f"r{number}", at=1000.0) for number in range(MOST_HISTORY + 3)]

    assert len(store.revisions.history()) == MOST_HISTORY
    assert store.revisions.files(oldest) is not None, "a call began with it"
    assert store.revisions.files(second) is None

    _published(store, "last", at=1000.0 + KEEP_SECONDS + 61)
    assert store.revisions.files(oldest) is None, "that call is over"


# --- when Redis is away ---------------------------------------------------------------------


def _given_up_after(store: Store) -> float:
    began = time.perf_counter()
    with pytest.raises(StoreDown):
        store.sessions.get("CA1")
    return time.perf_counter() - began


def _why_given_up(store: Store) -> str:
    with pytest.raises(StoreDown) as refusal:
        store.sessions.get("CA1")
    return str(refusal.value)


def _answers(store: Store) -> bool:
    with contextlib.suppress(StoreDown):
        return store.sessions.get("CA1") == S
    return False


def test_an_address_where_nothing_answers_is_given_up_at_once(opened: Opened) -> None:
    store = opened("redis://127.0.0.1:1", KEYS)

    assert min(_given_up_after(store) for _ in range(3)) < ANSWER_SECONDS / 2
    assert not ping("redis://127.0.0.1:1")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture(params=["plain", "TLS"])
def url(request: pytest.FixtureRequest, own: RedisServer, tmp_path: Path) -> Iterator[str]:
    """The address of that Redis, ending so that options can be appended."""
    if request.param == "plain":
        yield f"{own.url}?"
        return
    made = certificate(tmp_path)
    with door(made, own.connect) as port:
        yield f"rediss://127.0.0.1:{port}?ssl_ca_certs={made}&"


def test_a_stalled_server_is_waited_for_once_and_then_let_alone(own: RedisServer, url: str, opened: Opened) -> None:
    store = opened(url, KEYS)
    store.sessions.save(S)

    with own.stalled():
        waited, *after = [_given_up_after(store) for _ in range(4)]

    assert waited > ANSWER_SECONDS * 0.9
    assert min(after) < ANSWER_SECONDS / 2
    store.close()


def test_when_it_is_time_to_ask_a_stalled_server_again_one_asks_for_all(
    own: RedisServer, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """Otherwise every thread would wait a quarter of a second at once, health checks included."""
    monkeypatch.setattr(connection, "LEFT_ALONE_SECONDS", 0.0)
    store = opened(own.url, KEYS)
    store.sessions.save(S)

    with own.stalled():
        _given_up_after(store)
        monkeypatch.setattr(connection, "LEFT_ALONE_SECONDS", 3.0)  # until every thread has come
        with ThreadPoolExecutor(8) as callers:
            told = list(callers.map(lambda _: _why_given_up(store), range(8)))

    assert told.count("Redis failed a moment ago") == 7, told
    assert soon(lambda: _answers(store))


def test_a_server_that_refuses_is_not_said_to_be_silent(own: RedisServer, opened: Opened) -> None:
    opened(own.url, KEYS).redis.do(lambda client: client.config_set("requirepass", "secret"))

    assert why_not(own.url) == "does not take this user and password"
    assert why_not(f"{own.url}?db=99").startswith("does not take")
    assert why_not("redis://127.0.0.1:1") == "does not answer (Connection refused)"


def test_a_server_that_was_stalled_for_long_is_used_again(
    own: RedisServer, url: str, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """Each time-out drops its connection and returns it to the pool, which has only two here."""
    monkeypatch.setattr(connection, "LEFT_ALONE_SECONDS", 0.0)
    store = opened(f"{url}max_connections=2", KEYS)
    store.sessions.save(S)

    with own.stalled():
        for _ in range(4):
            with pytest.raises(StoreDown):
                store.sessions.get("CA1")

    assert store.sessions.get("CA1") == S
    store.close()


def test_a_server_behind_sentinel_is_found(tmp_path: Path, opened: Opened) -> None:
    """sentinel://host:port/name leads to the server that is the master now: a real Sentinel, a real server."""
    binary = embedded.program()
    port, watch = free_port(), free_port()
    (tmp_path / "sentinel.conf").write_text(f"port {watch}\nsentinel monitor line 127.0.0.1 {port} 1\ndir {tmp_path}\n")
    processes = [
        subprocess.Popen([binary, "--port", str(port), "--dir", str(tmp_path), "--logfile", "one.log"]),
        subprocess.Popen(
            [binary, str(tmp_path / "sentinel.conf"), "--sentinel", "--logfile", str(tmp_path / "two.log")]
        ),
    ]
    try:
        url = f"sentinel://127.0.0.1:{watch}/line"
        assert soon(lambda: ping(url))
        store = opened(url, KEYS)
        assert store.sessions.save(S) is None
        assert opened(f"redis://127.0.0.1:{port}", KEYS).sessions.get("CA1") == S
        store.close()
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def test_what_was_kept_is_there_after_redis_was_killed(tmp_path: Path, opened: Opened) -> None:
    """Every change is on disk before it is answered."""
    settings = config.settings({"IVR_DATA": str(tmp_path), "IVR_KEYS": WORDS})
    for round_ in range(2):
        process = subprocess.Popen(embedded.command(settings.data_dir))
        assert soon(lambda: ping(settings.redis_url))
        store = opened(settings.redis_url, settings.keys)
        if round_ == 0:
            store.sessions.save(S)
            process.kill()
        else:
            assert store.sessions.get("CA1") == S
            process.terminate()
        process.wait()
        store.close()


def test_every_key_is_on_the_map(store: Store, settings: Settings) -> None:
    """Nobody would look after a key that the map does not name. This writes one of everything."""
    store.sessions.save(S)
    store.sessions.accept("CA1", "3")
    _published(store, "r1")
    store.revisions.began("r1", 1.0)
    for nth in (1, 2, 3, 4):
        ask(store, nth)
    ask(store, 5, before=(Before("CA005-1", "+447700900456"),))
    store.requests.save(SaveRequest(request(1)), entry="from a spool")
    store.requests.cancel(CancelRequest("CA002-1", "4271"), NOW)
    store.requests.delete("CA003-1")
    store.requests.find(FindRequest(request().number, "0000"))
    Jobs(settings, store).send_text(SendText("CA1.7", request().number, "text_us", "Hello."), NOW)
    for what in ("calls_to", "texts_to"):
        store.limits.take(Asked(f"CA1-{what}", what, request().number, keyed=True), limitsfile.RequestLimits(), NOW)
    store.once.flood_began(NOW)
    store.spendings.add("text_parts", 1, "CA1.7", NOW)
    store.texts.sender_is("There is no sender")
    store.texts.count_answer(request().number)
    store.once.may_alert(request(), "mail")
    store.blocked.add(request().number, "asha", NOW, "a pocket")
    hire(store)
    store.audit.note(NOW, "asha", "signed in")
    store.audit.note(NOW, "asha", "looked at", "CA001-1")
    put_aside = store.requests.change("CA004-1", lambda r: flood.taken_out(r, "asha", NOW, flood.FloodSpan(0, NOW)))
    assert [each.id for each in store.requests.put_aside()] == [put_aside.id]
    store.sent.add(SentCall("asha", NOW, "Is it clear?", packed({})))
    store.try_it()
    store.sealing.why_not()
    store.health.count("messages_put_aside")
    store.health.figures(Figures(NOW, {}, 0, 0, 0))
    store.health.ail("web", 4)
    store.once.begin_ringing("CA001-1", NOW)
    store.erasing.look(NOW)
    store.erasing.deletes()
    show_alive(store)
    store.sign_ins.begin("asha", "1", NOW, "a browser", "192.0.2.1", 60)
    store.audit.searches("asha", "number")
    store.counts.add(NOW, ["came:level:1"])
    store.sign_ins.failed(NOW, "asha", "192.0.2.1")
    store.sign_ins.count("name asha")
    store.sign_ins.seconds_to_wait("192.0.2.1 asha", 2, NOW)
    store.lowered.lower([Lowered(Window(dt.date(2026, 11, 30), "morning"), 3, "asha", NOW, "a training")])
    store.unfinished.keep("asha", Typed("hours", "w", NOW, {}))
    store.revisions.propose(Proposed(Published("r2", NOW, "tests", "why"), {}))
    store.copying.load([], NOW)
    store.dropoff.add(dropoff.PlaceCounts({("greeting", "visits"): 1}), NOW)
    adviser = store.accounts.get("asha")
    assert adviser
    store.accounts.invite(replace(adviser, invited_by="asha", invited_until=NOW + HOUR))
    store.accounts.use_code("asha", 7)

    named = {line.split()[0].split("<")[0] for line in (ivr.store.__doc__ or "").splitlines() if line[4:8] == "ivr:"}
    keys = {key.decode() for key in store.redis.do(lambda client: list(client.scan_iter()))}
    strays = {key for key in keys if not key.startswith(("rq:", *(name for name in named if name.endswith(":"))))}
    assert strays == {name for name in named if not name.endswith(":")}
    assert not [name for name in named if not any(key.startswith(name) for key in keys)], "and the map names no more"


@pytest.mark.parametrize("damaged", [b"{", b"\xff\xfe", b'{"id": 7}', b"[]"])
def test_one_damaged_value_hides_no_other(store: Store, damaged: bytes) -> None:
    """Advisers see everybody else who waits, texts go on, and the log says which value it is."""
    for nth in (1, 2):
        ask(store, nth)
        store.texts.add(TextState(f"CA{nth}.7", request().number, "text_us", "Hello.", NOW))
    for key in ("ivr:request:CA001-1", "ivr:text:CA1.7"):
        store.redis.do(lambda client, key=key: client.set(key, damaged))

    assert [each.id for each in store.requests.waiting()] == ["CA002-1"]
    assert [text.id for text in store.texts.underway()] == ["CA2.7"]


def test_a_damaged_value_is_told_once_by_its_key(store: Store) -> None:
    ask(store, 9)
    store.redis.do(lambda client: client.set("ivr:request:CA009-1", b"{"))

    with structlog.testing.capture_logs() as told:
        store.requests.waiting()
        store.requests.waiting()

    assert [(line["event"], line["key"]) for line in told] == [("unreadable", "ivr:request:CA009-1")]
