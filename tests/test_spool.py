"""The spool: what is asked for while Redis is away is on the disk whole, and in Redis once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from ivr.callbacks import callback
from ivr.cli import commands
from ivr.cli.common import Stop
from ivr.engine import call
from ivr.machine.config import Settings
from ivr.processes import worker
from ivr.processes.tools import Tools
from ivr.script import Script
from ivr.script.session import (
    At,
    CancelRequest,
    Done,
    Failed,
    FindRequest,
    HoldWindow,
    Key,
    MoveRequest,
    SaveRequest,
    Session,
)
from ivr.store import Spool, Store, StoreDown
from ivr.store import spool as spool_module
from ivr.store.codec import REQUESTS, SESSIONS
from ivr.store.spool import RESERVES, Recording, SpoolEntry
from ivr.usecases import spooling
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes
from ivr.web.effects import LiveHandler
from tests.desk import NOW, ask, request
from tests.line import OPEN
from tests.redis_server import Opened, soon
from tests.sealed import KEYS, WORDS

NOWHERE = "redis://127.0.0.1:1"
S = Session("CA1", "r1", At("ring_out"), turn=3)


@pytest.fixture
def spool(settings: Settings) -> Spool:
    return Spool(settings.spool_dir, settings.keys)


@pytest.fixture
def jobs(settings: Settings, store: Store) -> Jobs:
    return Jobs(settings, store)


@pytest.fixture
def away(settings: Settings, spool: Spool) -> Iterator[LiveHandler]:
    """A handler whose Redis is away."""
    nowhere = Store(NOWHERE, KEYS)
    nowhere.requests.new_reference = lambda: "9876"
    yield LiveHandler(nowhere, Jobs(settings, nowhere), spool, PhonedTakes(settings))
    nowhere.close()


@pytest.fixture
def handler(settings: Settings, spool: Spool, store: Store, jobs: Jobs) -> LiveHandler:
    """A handler whose Redis is there."""
    return LiveHandler(store, jobs, spool, PhonedTakes(settings))


def _handed(spool: Spool, store: Store, jobs: Jobs) -> int:
    return spooling.hand_in(spool, store, jobs)


# --- what a caller is told, and what comes of it --------------------------------------------


def test_a_wish_is_kept_with_a_number_of_its_own_and_is_in_the_queue_once_redis_is_back(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs
) -> None:
    told = away.run(shipped, SaveRequest(request(1, urgent=True)), OPEN)

    assert isinstance(told, Done)
    assert (told.spooled, told.reference) == (True, "9876")
    assert spool.condition()[:2] == (1, NOW)
    assert _handed(spool, store, jobs) == 1
    (found,) = store.requests.waiting()
    assert found == told.request
    assert store.requests.find(FindRequest(found.number, "9876")).request == found
    assert spool.is_empty()


def test_it_joins_what_its_phone_has_already(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs
) -> None:
    """As it would have, with the more careful answers. Its number is what its caller was told."""
    first = ask(store, 1)
    away.run(shipped, SaveRequest(request(9, number=first.number, message_ok=False)), OPEN)

    _handed(spool, store, jobs)

    (found,) = store.requests.waiting()
    assert (found.id, found.times_asked, found.message_ok) == (first.id, 2, False)
    assert [asker.reference for asker in found.askers] == ["4271", "9876"]


def test_step_by_step_it_is_one_wish_with_its_last_answers(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs
) -> None:
    said = request(1, state="unfinished", message_ok=None)
    done = away.run(shipped, SaveRequest(said), OPEN)
    assert isinstance(done, Done)
    (asker,) = done.request.askers  # type: ignore[union-attr]
    for later, facts in enumerate(({"message_ok": None}, {"message_ok": False})):
        wish = request(1, reference=asker.reference, asked_at=NOW + later, **facts)
        away.run(shipped, SaveRequest(wish), OPEN)

    assert _handed(spool, store, jobs) == 3
    (found,) = store.requests.waiting()
    assert (found.state, found.times_asked, found.message_ok) == ("waiting", 1, False)
    assert found.askers[0].reference == "9876"


def test_what_was_kept_and_taken_back_while_redis_was_away_rings_nobody(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs
) -> None:
    kept = away.run(shipped, SaveRequest(request(1)), OPEN)
    assert isinstance(kept, Done)
    taken_back = away.run(shipped, CancelRequest("CA001-1", kept.reference), OPEN)

    assert taken_back == Done(spooled=True)
    _handed(spool, store, jobs)
    assert store.requests.waiting() == []
    assert [found.state for found in store.requests.ended()] == ["cancelled"]


def test_what_is_taken_back_once_redis_is_back_was_handed_in_before(
    away: LiveHandler, handler: LiveHandler, shipped: Script, spool: Spool, store: Store
) -> None:
    """In the same second: nobody has looked into the spool yet. Another phone's wish is not waited for."""
    kept = away.run(shipped, SaveRequest(request(1)), OPEN)
    away.run(shipped, SaveRequest(request(2)), OPEN)
    assert isinstance(kept, Done)

    handler.run(shipped, CancelRequest("CA001-1", kept.reference), OPEN)

    assert store.requests.waiting() == []
    assert [found.state for found in store.requests.ended()] == ["cancelled"]
    assert [waiting.entry.about for waiting in spool.content().waiting] == ["CA002-1"]


def test_a_wish_that_joined_another_is_taken_back_by_the_name_it_had(
    away: LiveHandler, handler: LiveHandler, shipped: Script, store: Store, spool: Spool, jobs: Jobs
) -> None:
    first = ask(store, 1)
    away.run(shipped, SaveRequest(request(9, number=first.number)), OPEN)
    _handed(spool, store, jobs)

    taken_back = handler.run(shipped, CancelRequest("CA009-1", "9876"), OPEN)

    assert isinstance(taken_back, Done)
    (found,) = store.requests.waiting()
    assert taken_back.request == found
    assert [asker.id for asker in found.askers] == [first.id]


def test_what_cannot_be_known_without_redis_is_not_promised(away: LiveHandler, shipped: Script, spool: Spool) -> None:
    hold = HoldWindow("CA1", shipped.diary.windows(OPEN), overbook=True)

    assert away.run(shipped, hold, OPEN) == Done(window=None, spooled=True)
    assert away.run(shipped, FindRequest("+447700900001", "4271"), OPEN) == Failed()
    assert away.run(shipped, MoveRequest("CA1-1", "4271", "CA1", request(1).promise), OPEN) == Failed()
    assert spool.is_empty()


def test_a_message_left_while_redis_was_away_is_fetched(spool: Spool, store: Store, jobs: Jobs) -> None:
    spool.keep(SpoolEntry(NOW, recording=Recording("CA1-message", "RE" + "1" * 32, 9)))

    _handed(spool, store, jobs)

    assert store.redis.do(lambda client: client.lrange("rq:queue:ivr-messages", 0, -1)) == [
        b"recording-RE11111111111111111111111111111111"
    ]


def test_an_urgent_one_is_told_of_once_it_is_handed_in(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs, tools: Tools
) -> None:
    away.run(shipped, SaveRequest(request(1, urgent=True)), OPEN)

    _handed(spool, store, jobs)
    worker.look(tools, NOW)

    queued = store.redis.do(lambda client: client.keys("rq:job:alert-*"))
    assert sorted(queued) == [f"rq:job:alert-CA001-1-urgent-{way}".encode() for way in ("mail", "webhook")]


def test_the_worker_hands_in_what_the_web_left(away: LiveHandler, shipped: Script, store: Store, tools: Tools) -> None:
    away.run(shipped, SaveRequest(request(1)), OPEN)

    worker.hand_in(tools, NOW)

    assert [found.id for found in store.requests.waiting()] == ["CA001-1"]


# --- exactly once ---------------------------------------------------------------------------


@pytest.mark.parametrize("meanwhile", ["nothing", "claimed", "done", "cancelled", "joined"])
def test_a_kill_between_redis_and_the_file_doubles_nothing(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs, machine: Settings, meanwhile: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The entry is there again, whatever became of its request: also if it stands under another's id."""
    first = ask(store, 1) if meanwhile == "joined" else None
    away.run(shipped, SaveRequest(request(9, number="+447700900001")), OPEN)
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Spool, "forget", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        _handed(spool, Store(machine.redis_url, machine.keys, 10.0), jobs)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    name = first.id if first else "CA009-1"
    if meanwhile in ("claimed", "done"):
        store.requests.change(name, lambda found: callback.claim(found, "asha", NOW))
    if meanwhile == "done":
        store.requests.change(name, lambda found: callback.record(found, "asha", "done", "", NOW, shipped.diary))
    if meanwhile in ("cancelled", "joined"):
        store.requests.cancel(CancelRequest(name, "9876"), NOW)
    before = store.requests.waiting(), store.requests.ended()

    assert _handed(spool, store, jobs) == 1

    assert (store.requests.waiting(), store.requests.ended()) == before
    assert spool.is_empty()


def test_many_processes_at_one_spool_hand_in_each_wish_once(
    away: LiveHandler, shipped: Script, spool: Spool, settings: Settings, store: Store, machine: Settings
) -> None:
    for nth in range(40):
        away.run(shipped, SaveRequest(request(nth, number=f"+4477009{nth % 20:05}")), OPEN)

    def work(_: int) -> int:
        with closing(Store(machine.redis_url, machine.keys, 10.0)) as own:
            return spooling.hand_in(Spool(spool.folder, KEYS), own, Jobs(settings, own))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    found = store.requests.waiting()
    assert spool.is_empty()
    assert len(found) == 20
    assert sorted(asker.id for each in found for asker in each.askers) == sorted(f"CA{nth:03}-1" for nth in range(40))
    assert {each.times_asked for each in found} == {2}


def test_what_was_said_before_never_takes_the_place_of_what_was_said_later(store: Store) -> None:
    """It waited in the spool, and its caller went on with a Redis that was back."""
    store.requests.save(SaveRequest(request(1, asked_at=NOW, message_ok=False, reference="9876")))

    store.requests.save(SaveRequest(request(1, asked_at=NOW - 9, message_ok=None, reference="9876")), entry="late")

    (found,) = store.requests.waiting()
    assert (found.message_ok, found.times_asked, found.askers[0].reference) == (False, 1, "9876")


@pytest.mark.parametrize("away_from", [0, 3, 6])
@pytest.mark.parametrize("at", range(2, 10))
def test_what_was_said_last_counts_though_the_clock_was_set_back(
    shipped: Script,
    away: LiveHandler,
    handler: LiveHandler,
    spool: Spool,
    store: Store,
    jobs: Jobs,
    at: int,
    away_from: int,
) -> None:
    """By an hour, while they answer. Redis goes away before they begin, or in between."""
    now = OPEN.replace(hour=20)
    turn = call.start(shipped, "CA1", "+447700900123", now)
    for nth, key in enumerate("0111223121"):
        now += dt.timedelta(seconds=5) - dt.timedelta(hours=nth == at)
        turn = call.run(shipped, turn.session, Key(key), away if nth >= away_from else handler, now)
    assert turn.session.place.node == "ring_done"

    _handed(spool, store, jobs)

    (found,) = store.requests.waiting()
    assert (found.state, found.message_ok, found.say_who) == ("waiting", True, False)


def test_what_was_taken_back_rings_nobody_though_the_clock_was_set_back(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs
) -> None:
    kept = away.run(shipped, SaveRequest(request(1)), OPEN)
    assert isinstance(kept, Done)
    (file,) = spool.folder.glob("*.json")
    file.rename(file.with_name(f"{int(file.name[:20]) + 3600 * 10**9:020}{file.name[20:]}"))  # it was an hour fast

    away.run(shipped, CancelRequest("CA001-1", kept.reference), OPEN)
    _handed(spool, store, jobs)

    assert store.requests.waiting() == []
    assert [found.state for found in store.requests.ended()] == ["cancelled"]


def test_the_number_that_a_caller_heard_is_theirs_though_redis_wrote_down_another(store: Store) -> None:
    """Redis was stalled: it did what it was asked long after nobody waited for it any more."""
    ask(store, 1)

    store.requests.save(SaveRequest(request(1, reference="9876")), entry="late")

    (found,) = store.requests.waiting()
    assert [asker.reference for asker in found.askers] == ["9876"]


def test_redis_that_goes_away_again_in_between_loses_nothing(
    away: LiveHandler, shipped: Script, spool: Spool, settings: Settings, store: Store, jobs: Jobs, opened: Opened
) -> None:
    for nth in range(3):
        away.run(shipped, SaveRequest(request(nth)), OPEN)
    nowhere = opened(NOWHERE, KEYS)

    with pytest.raises(StoreDown):
        spooling.hand_in(spool, nowhere, Jobs(settings, nowhere))

    assert spool.condition().waiting == 3
    assert _handed(spool, store, jobs) == 3


# --- the disk -------------------------------------------------------------------------------


def test_an_entry_is_forced_to_the_disk_before_anybody_is_told(
    away: LiveHandler, shipped: Script, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file before it gets its name, and then the name. What cannot be forced is not kept."""
    done: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name: (done.append(name), real(*a))[1])
    monkeypatch.setattr(Path, "replace", lambda path, to: os.replace(path, to))

    assert away.run(shipped, SaveRequest(request(1)), OPEN) != Failed()
    assert done == ["fsync", "replace", "fsync"]

    def fails(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    assert away.run(shipped, SaveRequest(request(2)), OPEN) == Failed()
    assert spool.condition()[::2] == (1, 0)


@pytest.mark.parametrize("what", ["a file", "nobody may write"])
def test_a_folder_that_takes_nothing_is_told_and_nothing_is_promised(
    settings: Settings, shipped: Script, what: str
) -> None:
    spool, nowhere = Spool(settings.spool_dir, settings.keys), Store(NOWHERE, KEYS)
    if what == "a file":
        settings.spool_dir.write_text("in the way")
    else:
        (settings.data_dir / "elsewhere").symlink_to("/proc/1/none")
        spool = Spool(settings.data_dir / "elsewhere" / "spool", KEYS)

    assert (
        LiveHandler(nowhere, Jobs(settings, nowhere), spool, PhonedTakes(settings)).run(
            shipped, SaveRequest(request(1)), OPEN
        )
        == Failed()
    )
    assert spool.keep_session(S) is None
    assert spool.session("CA1") is None


@pytest.mark.parametrize("full_of", ["bytes", "files"])
def test_on_a_full_disk_the_room_that_was_kept_takes_what_callers_ask_for(tmp_path: Path, full_of: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=400", "tmpfs", tmp_path], check=True)
    try:
        spool = Spool(tmp_path / "spool", KEYS)
        spool.prepare(time.time())
        _fill(tmp_path, full_of)

        for nth in range(RESERVES // 2):
            spool.keep(SpoolEntry.of(NOW, request(nth)))
            assert spool.keep_session(_at_turn(nth)) is None

        assert len(spool.content().waiting) == RESERVES // 2
        assert spool.session(f"CA{RESERVES // 2 - 1}") is not None
        with pytest.raises(StoreDown, match="No space left on device"):
            _keep_for_ever(spool)
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def _keep_for_ever(spool: Spool) -> None:
    for nth in range(20 * RESERVES):
        spool.keep(SpoolEntry.of(NOW, request(nth)))


def _at_turn(nth: int) -> Session:
    return Session(f"CA{nth}", "r1", At("ring_out"), turn=nth)


def _fill(disk: Path, full_of: str) -> None:
    try:
        if full_of == "bytes":
            with (disk / "filling").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        for number in range(1000):
            (disk / f"filling-{number}").touch()
    except OSError:
        return


def test_nobody_else_can_read_it(away: LiveHandler, shipped: Script, spool: Spool) -> None:
    away.run(shipped, SaveRequest(request(1)), OPEN)
    spool.keep_session(S)

    for path in (spool.folder, *spool.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"v":9,"at":1}', b'{"v":1,"at":1,"kept":{"id":1}}', b"\xff"])
def test_a_damaged_file_is_told_and_hides_no_other(
    away: LiveHandler, shipped: Script, spool: Spool, store: Store, jobs: Jobs, damage: bytes
) -> None:
    spool_module._told.clear()
    away.run(shipped, SaveRequest(request(1)), OPEN)
    (spool.folder / "0-damaged.json").write_bytes(damage)
    away.run(shipped, SaveRequest(request(2)), OPEN)

    with structlog.testing.capture_logs() as logs:
        assert _handed(spool, store, jobs) == 2
        _handed(spool, store, jobs)

    assert [Path(entry["file"]).name for entry in logs if entry["event"] == "unreadable"] == ["0-damaged.json"]
    assert [found.id for found in store.requests.waiting()] == ["CA001-1", "CA002-1"]
    assert spool.condition() == (0, 0.0, 1)


def test_a_half_written_file_is_told_and_goes(spool: Spool) -> None:
    """Its process was killed: nobody was told that we have it."""
    spool.keep(SpoolEntry.of(NOW, request(1)))
    half = spool.folder / ".1-x.json.abcd.part"
    half.write_bytes(b"{")
    assert spool.condition().damaged == 0, "somebody may be writing it"
    os.utime(half, (NOW, NOW))
    assert spool.condition().damaged == 1

    spool.prepare(time.time())

    assert spool.condition()[::2] == (1, 0)


def test_a_writer_that_is_killed_leaves_a_whole_entry_or_none(spool: Spool, tmp_path: Path) -> None:
    """Killed with SIGKILL while it writes one after another. What it said that it had kept is there."""
    program = (
        "import sys; from pathlib import Path; from ivr.store.spool import Spool, Entry, Recording\n"
        "from tests.sealed import KEYS\n"
        "spool = Spool(Path(sys.argv[1]), KEYS)\n"
        "for n in range(100000):\n"
        "    spool.keep(Entry(float(n), recording=Recording(f'CA{n}-message', 'RE', n)))\n"
        "    print(n, flush=True)\n"
    )
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(spool.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
        process.stdout.close()
        content = spool.content()
        kept = {waiting.entry.recording.seconds for waiting in content.waiting if waiting.entry.recording}
        assert content.damaged == []
        assert set(told) <= kept


# --- calls under way ------------------------------------------------------------------------


def test_a_session_is_not_kept_over_a_later_one(spool: Spool) -> None:
    later = _at_turn(4)
    assert spool.keep_session(later) is None

    assert spool.keep_session(Session(later.call, "r1", At("ring_out"), turn=3)) == later
    assert spool.session(later.call) == later
    spool.end(later.call)
    assert spool.session(later.call) is None


def test_of_two_webhooks_at_one_turn_the_first_counts(spool: Spool) -> None:
    first, second = (Session("CA1", "r1", At(place), turn=3) for place in ("ring_out", "ring_number"))

    assert spool.keep_session(first) is None
    assert spool.keep_session(second) == first
    assert spool.session("CA1") == first


def test_many_processes_that_keep_one_turn_at_once_agree_on_its_session(spool: Spool) -> None:
    """Each appends its own and reads which came first."""
    places = [Session("CA1", "r1", At("ring_out", part=nth), turn=3) for nth in range(40)]

    with ThreadPoolExecutor(8) as pool:
        winners = [winner or own for own, winner in zip(places, pool.map(spool.keep_session, places), strict=True)]

    assert set(winners) == {spool.session("CA1")}


@pytest.mark.parametrize("half", [b"\n5|", b"\n5|eyJ2Ij", b"\n5|AAAA", b"\n5", b"\nx|AAAA\n", b"\n5|{\n"])
def test_a_session_that_was_half_written_hides_neither_the_one_before_nor_the_next(spool: Spool, half: bytes) -> None:
    """Its process was killed, or the disk was full in the middle of it."""
    spool.keep_session(_at_turn(3))
    (file,) = (spool.folder / "calls").iterdir()
    with file.open("ab") as handle:
        handle.write(half)

    assert spool.session("CA3") == _at_turn(3)
    later = Session("CA3", "r1", At("ring_number"), turn=5)
    assert spool.keep_session(later) is None
    assert spool.session("CA3") == later


def test_a_session_that_version_1_4_kept_is_read_and_followed(spool: Spool) -> None:
    spool.keep_session(S)
    (file,) = (spool.folder / "calls").iterdir()
    file.write_bytes(b"3|" + SESSIONS.encode(S))

    assert spool.session("CA1") == S
    later = Session("CA1", "r1", At("ring_number"), turn=4)
    assert spool.keep_session(later) is None
    assert spool.session("CA1") == later


def test_what_is_kept_in_advance_leaves_the_reserves_to_an_outage(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=400", "tmpfs", tmp_path], check=True)
    try:
        spool = Spool(tmp_path / "spool", KEYS)
        spool.prepare(time.time())
        _fill(tmp_path, "bytes")

        spool.keep_in_advance(S)

        assert spool.session("CA1") is None
        assert len(list(spool.folder.glob("reserve-*"))) == RESERVES
        assert spool.keep_session(S) is None
        assert spool.session("CA1") == S
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_web_server_without_a_worker_lets_calls_go_too(
    spool: Spool, store: Store, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look, not only the one at its start: the call is forgotten by its machine after that."""
    monkeypatch.setattr(spooling, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(spooling, "PREPARE_SECONDS", 0.05)
    handing = spooling.HandingIn(spool, store, jobs)
    try:
        assert soon(lambda: (spool.folder / "reserve-63").exists())
        spool.keep_session(S)
        (path,) = (spool.folder / "calls").iterdir()
        os.utime(path, (time.time() - 7 * 3600,) * 2)
        assert soon(lambda: not path.exists())
    finally:
        handing.close()


def test_sessions_go_six_hours_after_their_last_turn(spool: Spool) -> None:
    spool.keep_session(S)

    spool.prepare(time.time() + 5 * 3600)
    assert spool.session("CA1") == S
    spool.prepare(time.time() + 7 * 3600)
    assert spool.session("CA1") is None


def test_a_request_in_the_spool_is_upgraded_as_one_in_redis_is(spool: Spool) -> None:
    kept = json.loads(REQUESTS.encode(request(1)))
    spool.keep(SpoolEntry(NOW, kept={"id": "CA1-1", "number": "+447700900123", "asked_at": NOW, "state": "waiting"}))

    (waiting,) = spool.content().waiting
    assert waiting.entry.request is not None
    assert (waiting.entry.request.times_asked, kept["v"]) == (1, REQUESTS.version)


def test_each_machine_spools_for_itself(settings: Settings, spool: Spool) -> None:
    other = dataclasses.replace(settings, data_dir=settings.data_dir / "another machine's")

    spool.keep(SpoolEntry.of(NOW, request(1)))

    assert Spool(other.spool_dir, KEYS).is_empty()


# --- the command ----------------------------------------------------------------------------


def test_a_spool_that_a_dead_machine_left_is_listed_and_handed_in(
    machine: Settings, settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No phone number is shown. Files that cannot be read stay, and are named."""
    left = Spool(settings.data_dir / "copy", KEYS)
    left.keep(SpoolEntry.of(NOW, request(1, urgent=True, reference="9876")))
    left.keep(SpoolEntry(NOW + 1, recording=Recording("CA001-1", "RE" + "1" * 32, 9)))
    (left.folder / "0-x.json").write_text("{")
    monkeypatch.setenv("IVR_DATA", str(machine.data_dir))
    monkeypatch.setenv("IVR_KEYS", WORDS)

    listed = CliRunner().invoke(commands, ["spool", "list", str(left.folder)])
    assert listed.exit_code == 0
    assert "25 Nov 10:30:00  A caller asks to be rung, urgent, with the number 9876 for their call." in listed.output
    assert "0-x.json cannot be read." in listed.output
    assert "2 things that callers asked for in" in listed.output
    assert "7700" not in listed.output

    handed = CliRunner().invoke(commands, ["spool", "hand-in", str(left.folder)])
    assert "2 things that callers asked for handed in." in handed.output
    assert isinstance(handed.exception, Stop)
    assert "0-x.json" in str(handed.exception)
    assert [found.id for found in store.requests.waiting()] == ["CA001-1"]
    again = CliRunner().invoke(commands, ["spool", "list", str(left.folder)])
    assert "0 things" in again.output
