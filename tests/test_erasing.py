"""What was deleted is gone: from Redis, from its file on the disk, and whatever is sent once more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.script.session import SaveRequest
from ivr.store import PATIENT_SECONDS, Spool, Store, TextState
from ivr.store.erasing import DAILY_SECONDS
from ivr.store.spool import SpoolEntry
from ivr.usecases import personal_data, spooling
from ivr.usecases.jobs import Jobs
from tests.desk import NOW, Browser, ask, hire, request
from tests.line import OPEN, Line
from tests.redis_server import Opened, RedisServer, soon
from tests.sealed import KEYS

NUMBER = "+447700900847"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


def _files_with(folder: Path, what: bytes) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and what in path.read_bytes()]
    return [str(path.relative_to(folder)) for path in found]


def _is_written(store: Store) -> bool:
    told = store.redis.do(lambda client: client.info("persistence"))
    return not told["aof_rewrite_in_progress"] and told["aof_last_bgrewrite_status"] == "ok"


def test_a_number_that_was_deleted_is_on_the_disk_no_more(own: RedisServer, tmp_path: Path) -> None:
    store = Store(own.url, KEYS, PATIENT_SECONDS)
    assert store.erasing.look(NOW), "nobody knows when the file was written anew"
    assert soon(lambda: _is_written(store))
    saved = ask(store, 1, number=NUMBER)
    other = ask(store, 2)
    store.texts.add(TextState("CA001-9", NUMBER, "letter", "Words.", NOW))
    kept = [
        store.redis.do(lambda client, key=key: client.get(key)) for key in ("ivr:request:CA001-1", "ivr:text:CA001-9")
    ]
    assert not store.erasing.look(NOW + 1)

    store.requests.delete(saved.id)
    store.texts.forget_to(NUMBER)
    assert all(_files_with(tmp_path, each) for each in kept), "it is in the append-only file as yet"
    assert store.erasing.look(NOW + 2)

    assert soon(lambda: _is_written(store) and not any(_files_with(tmp_path, each) for each in kept))
    assert not store.erasing.look(NOW + 3)
    with own.stopped():
        pass
    store.close()
    assert [found.id for found in Store(own.url, KEYS).requests.waiting()] == [other.id]


def test_what_ended_by_itself_leaves_the_disk_within_a_day(own: RedisServer, tmp_path: Path, opened: Opened) -> None:
    """A call's session, and counts with numbers, which nobody deletes by hand."""
    store = opened(own.url, KEYS, PATIENT_SECONDS)
    store.erasing.look(NOW)
    soon(lambda: _is_written(store))
    store.redis.do(lambda client: client.set("ivr:session:CA1", "what it held", px=1))
    assert soon(lambda: not store.redis.do(lambda client: client.exists("ivr:session:CA1")))

    assert not store.erasing.look(NOW + DAILY_SECONDS - 1)
    assert _files_with(tmp_path, b"what it held")
    assert store.erasing.look(NOW + DAILY_SECONDS)

    assert soon(lambda: _is_written(store) and not _files_with(tmp_path, b"what it held"))


def test_a_clock_that_was_far_ahead_puts_off_no_night(own: RedisServer, opened: Opened) -> None:
    store = opened(own.url, KEYS, PATIENT_SECONDS)
    assert store.erasing.look(NOW + 365 * DAILY_SECONDS)
    assert soon(lambda: _is_written(store))

    assert store.erasing.look(NOW)


def test_what_is_deleted_while_the_file_is_written_is_for_the_next_time(own: RedisServer, opened: Opened) -> None:
    store = opened(own.url, KEYS, PATIENT_SECONDS)
    saved = ask(store, 1)
    assert store.erasing.look(NOW)

    store.requests.delete(saved.id)
    assert soon(lambda: _is_written(store))

    assert store.erasing.look(NOW + 1)


def test_a_redis_that_does_not_let_its_file_be_written_is_asked_once_a_day(own: RedisServer, opened: Opened) -> None:
    admin = opened(own.url, KEYS)
    admin.redis.do(
        lambda client: client.execute_command(
            "ACL", "SETUSER", "tenant", "on", ">s", "~*", "&*", "+@all", "-bgrewriteaof"
        )
    )
    store = opened(own.url.replace("unix://", "unix://tenant:s@"), KEYS)

    assert [store.erasing.look(NOW + nth) for nth in (0, 20)] == [False, False]
    assert float(admin.redis.do(lambda client: client.get("ivr:rewritten"))) == NOW


def test_webhooks_of_a_call_that_are_sent_once_more_bring_nothing_back(line: Line) -> None:
    """Days later: its session is gone, and its place stands in the address."""
    line.now = OPEN.replace(hour=20)
    call = line.call().press("0").press("1")
    before = call.action, {**call.form, "Digits": "1"}
    call.press("1")
    (saved,) = line.store.requests.waiting()

    line.store.requests.delete(saved.id)
    line.store.redis.do(lambda client: client.delete(f"ivr:session:{call.sid}"))
    Spool(line.settings.spool_dir, line.settings.keys).end(call.sid)
    reply = line.post(*before)

    assert "we could not write that down" in reply.text
    assert line.store.requests.waiting() == []


def test_a_whole_call_that_is_sent_once_more_days_after_it_was_erased_is_hung_up_on(line: Line) -> None:
    line.now = OPEN.replace(hour=20)
    call = line.call()
    sent = [("/voice", {**call.form})]
    for key in "011":
        sent.append((call.action, {**call.form, "Digits": key}))
        call.press(key)
    (saved,) = line.store.requests.waiting()
    line.store.requests.delete(saved.id)
    line.store.redis.do(lambda client: client.delete(f"ivr:session:{call.sid}"))
    Spool(line.settings.spool_dir, line.settings.keys).end(call.sid)

    line.now = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    replies = [line.post(*webhook).text for webhook in sent]

    assert ["<Hangup" in reply and "<Gather" not in reply for reply in replies] == [True] * len(sent)
    assert line.store.requests.waiting() == []
    assert line.store.sessions.get(call.sid) is None


def test_a_spool_brings_back_nothing_that_was_deleted(line: Line) -> None:
    asked = request(1)
    saved = line.store.requests.save(SaveRequest(asked)).request
    assert saved
    line.store.requests.delete(saved.id)

    Spool(line.settings.spool_dir, line.settings.keys).keep(SpoolEntry.of(NOW, asked))

    assert soon(line.spool.is_empty)
    assert line.store.requests.waiting() == []


def test_a_spool_of_another_machine_brings_back_nobody_who_was_forgotten_meanwhile(line: Line, tmp_path: Path) -> None:
    """That machine was down, so nothing was known of what waits there. Who asks after it is another matter."""
    store, here = line.store, Spool(line.settings.spool_dir, KEYS)
    there = Spool(tmp_path / "dead", KEYS)
    for nth, at in ((1, NOW), (2, NOW + 300)):
        there.keep(SpoolEntry.of(at, request(nth, number=NUMBER, asked_at=at)))

    personal_data.forget(line.settings, store, here, personal_data.find(store, here, NUMBER, NOW), NOW + 60)
    spooling.hand_in(there, store, Jobs(line.settings, store))

    assert [each.id for each in store.requests.waiting()] == ["CA002-1"]
    assert there.is_empty()


def test_deleting_a_request_on_the_page_deletes_the_texts_to_its_phone(asha: Browser, store: Store) -> None:
    hire(store, admin=True)
    mine, other = ask(store, 1), ask(store, 2)
    for nth, number in enumerate((mine.number, other.number)):
        store.texts.add(TextState(f"CA{nth}-1", number, "letter", "Words.", NOW))

    asha.get(f"/request/{mine.id}")
    asha.send(f"/request/{mine.id}/delete", sure="yes")

    assert store.requests.get(mine.id) is None
    assert [text.to for text in store.texts.underway()] == [other.number]
