"""A Redis that could lose what it was told is named; and what callers were promised is nothing that it may take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.script.session import At, CancelRequest, FindRequest, HoldWindow, SaveRequest, Session
from ivr.store import PATIENT_SECONDS, Store, TextState
from ivr.store.texts import KEEP_SECONDS
from ivr.store.windows import WINDOW_DAYS
from tests.desk import NOW, ask, hire, request
from tests.redis_server import Opened, RedisServer
from tests.sealed import KEYS

#: What the line's own Redis is set to: anything else is named.
WHOLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
NO_FILE = "It has no append-only file, so it loses what it was told since its last copy: set appendonly yes."


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


def _set(store: Store, **settings: str) -> None:
    for name, value in {**WHOLE, **{name.replace("_", "-"): value for name, value in settings.items()}}.items():
        store.redis.do(lambda client, name=name, value=value: client.config_set(name, value))


def _user(own: RedisServer, opened: Opened, *may: str) -> Store:
    """A user who is let do only so much, as by services that rent Redis out."""
    opened(own.url, KEYS).redis.do(
        lambda client: client.execute_command("ACL", "SETUSER", "tenant", "on", ">secret", "~*", "&*", "+@all", *may)
    )
    store = opened(own.url.replace("unix://", "unix://tenant:secret@"), KEYS)
    assert store.redis.do(lambda client: client.execute_command("ACL", "WHOAMI")) == b"tenant"
    return store


def test_the_lines_own_redis_loses_nothing(own: RedisServer) -> None:
    assert Store(own.url, KEYS).redis_risks() == []


@pytest.mark.parametrize(
    ("set_to", "says"),
    [
        ({"appendonly": "no"}, NO_FILE),
        ({"appendfsync": "everysec"}, "in the last second or two: set appendfsync always."),
        ({"appendfsync": "no"}, "half a minute or more of what it was told: set appendfsync always."),
        *(
            ({"maxmemory_policy": policy}, f"when it is full ({policy}): set maxmemory-policy noeviction.")
            for policy in (
                "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
                "volatile-ttl",
            )
        ),
    ],
)  # fmt: skip
def test_whatever_could_lose_what_it_was_told_is_named(
    own: RedisServer, set_to: dict[str, str], says: str, opened: Opened
) -> None:
    store = opened(own.url, KEYS)
    _set(store, **set_to)

    (risk,) = store.redis_risks()

    assert says in risk


def test_a_replica_is_named(own: RedisServer, opened: Opened) -> None:
    store = opened(own.url, KEYS)
    store.redis.do(lambda client: client.execute_command("REPLICAOF", "127.0.0.1", "1"))

    assert store.redis_risks() == [
        "It is a replica, and takes nothing that callers ask for: name the master in REDIS_URL."
    ]


def test_where_config_is_hidden_info_tells(own: RedisServer, opened: Opened) -> None:
    _set(Store(own.url, KEYS), appendonly="no", maxmemory_policy="volatile-lru")

    risks = _user(own, opened, "-config").redis_risks()

    assert risks == [
        NO_FILE, "It throws keys away when it is full (volatile-lru): set maxmemory-policy noeviction."
    ]  # fmt: skip


def test_what_it_does_not_say_is_not_taken_for_well(own: RedisServer, opened: Opened) -> None:
    assert _user(own, opened, "-config").redis_risks() == [
        "It does not say when its append-only file is on the disk (appendfsync always). Ask whoever runs it."
    ]
    (risk,) = _user(own, opened, "-config", "-info").redis_risks()
    assert risk.startswith("It does not say whether it has an append-only file (appendonly yes), or when ")
    assert "whether it throws keys away when it is full (maxmemory-policy noeviction). Ask" in risk


def test_a_redis_that_throws_away_what_may_go_leaves_what_was_promised(own: RedisServer, opened: Opened) -> None:
    """It is really full, of sessions. Every key that may go by itself is thrown away first."""
    store = opened(own.url, KEYS, PATIENT_SECONDS)
    _set(store, maxmemory_policy="volatile-random")
    saved = ask(store, 1)
    store.requests.save(SaveRequest(request(2)), entry="from a spool")
    window = saved.window
    assert window
    store.requests.hold(HoldWindow("CA9", (window,), overbook=False), [9], NOW)
    store.texts.add(TextState("CA1-1", saved.number, "letter", "Words.", NOW))
    hire(store)
    used = store.redis.do(lambda client: client.info("memory")["used_memory"])
    store.redis.do(lambda client: client.config_set("maxmemory", used + 200_000))
    for nth in range(3000):
        store.sessions.save(Session(f"CA{nth}", "r1", At("main_menu"), heard=("a place",) * 30))

    assert store.redis.do(lambda client: client.info("stats")["evicted_keys"]) > 100
    assert store.requests.find(FindRequest(saved.number, saved.askers[0].reference)).request == saved
    assert [found.id for found in store.requests.waiting()] == ["CA001-1", "CA002-1"]
    assert [text.id for text in store.texts.underway()] == ["CA1-1"]
    assert store.redis.do(lambda client: client.zcard(f"ivr:slot:{window.day}:{window.part}")) == 3
    assert store.accounts.get("asha") is not None
    store.requests.cancel(CancelRequest(saved.id, saved.askers[0].reference), NOW)
    store.requests.save(SaveRequest(request(2)), entry="from a spool")
    assert [found.times_asked for found in store.requests.waiting()] == [1]


def test_what_has_no_time_to_go_by_itself_is_taken_away_all_the_same(store: Store) -> None:
    saved = ask(store, 1)
    store.texts.add(TextState("CA1-1", saved.number, "letter", "Words.", NOW))
    store.texts.add(TextState("CA2-1", saved.number, "letter", "Words.", NOW + 60))
    assert saved.window
    days = dt.timedelta(days=WINDOW_DAYS + 1)

    store.requests.forget_ended(NOW)
    store.texts.forget_old(NOW + KEEP_SECONDS)
    slots = lambda: store.redis.do(lambda client: client.keys("ivr:slot:*"))  # noqa: E731
    assert len(slots()) == 1
    store.requests.forget_ended(NOW + days.total_seconds())

    assert slots() == []
    assert sorted(store.redis.do(lambda client: client.keys("ivr:text:*"))) == [b"ivr:text:CA2-1"]
    assert store.redis.do(lambda client: client.zcard("ivr:texts")) == 1
