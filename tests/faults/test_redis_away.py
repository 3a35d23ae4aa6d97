"""Redis is away for the whole call, in each way that it can be: the caller can still ask to be rung."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.callbacks.diary import Window
from ivr.callbacks.request import CallbackRequest
from ivr.compiling import building
from ivr.machine.config import Settings
from ivr.store import PATIENT_SECONDS, Published, Store, StoreDown
from tests.line import CALLER, OPEN, Call, Line, said
from tests.redis_server import RedisServer, soon
from tests.sealed import KEYS

NIGHT = OPEN.replace(hour=20)
#: Asked in the night: yes to this phone; for my own child; out of school: no; a letter with a limit: no; in the
#: morning; a message may be left; who rings may not be said; nothing else is needed.
ASKS = ["0", "1", "1", "1", "2", "2", "1", "1", "2", "1"]


class World:
    """A Redis of its own with the shipped line in it, and the line at work on that."""

    def __init__(self, settings: Settings, server: RedisServer, files: dict[str, str]):
        self.settings, self.server = settings, server
        self.store = Store(server.url, KEYS, PATIENT_SECONDS)
        self.store.revisions.publish(Published(building.revision_of(files), 0.0, "tests", "for the tests"), files)

    @contextmanager
    def line(self) -> Iterator[Line]:
        """The line as it is for callers: it waits for Redis no longer than they would."""
        store = Store(self.server.url, KEYS)
        with Line(dataclasses.replace(self.settings, redis_url=self.server.url), store) as line:
            line.now = NIGHT
            yield line
        store.close()

    def waiting(self) -> list[CallbackRequest]:
        """Who waits; nobody while Redis cannot be asked."""
        try:
            return self.store.requests.waiting()
        except StoreDown:
            return []

    def do(self, *command: str) -> None:
        self.store.redis.do(lambda client: client.execute_command(*command))

    @contextmanager
    def away(self, how: str) -> Iterator[None]:
        if how == "stalled":
            with self.server.stalled():
                yield
        elif how == "stopped":
            with self.server.stopped():
                yield
        elif how == "full":
            self.do("CONFIG", "SET", "maxmemory", "1")
            yield
            self.do("CONFIG", "SET", "maxmemory", "0")
        else:  # it answers, and refuses to be told anything
            self.do("REPLICAOF", "127.0.0.1", "1")
            yield
            self.do("REPLICAOF", "NO", "ONE")


WAYS = ["stopped", "stalled", "full", "not the master any more"]
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture
def world(settings: Settings, tmp_path: Path, files: dict[str, str]) -> Iterator[World]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisServer(folder) as server:
        yield World(settings, server, files)


def _asks(line: Line, number: str = CALLER, sid: str = "CA" + "1" * 32, keys: list[str] = ASKS) -> Call:
    call = line.call(number, sid)
    for key in keys:
        call.press(key)
    return call


@pytest.mark.parametrize("how", WAYS)
def test_a_caller_can_ask_to_be_rung_and_is_in_the_queue_seconds_after(world: World, how: str) -> None:
    """They are told what is sure, the day; and not a part of it, in which no place could be held."""
    with world.line() as line:
        with world.away(how):
            call = _asks(line)

            assert call.place == "ring_done"
            assert "Thank you. We will call you tomorrow" in call.words
            assert ("in the morning" in call.words) == (how == "full"), "a full one still holds places"
            reference = line.spool.content().waiting[-1].entry.request.askers[0].reference  # type: ignore[union-attr]
            first, second, third, fourth = (DIGITS[int(digit)] for digit in reference)
            assert f"Keep the number of your call: {first} {second}, {third} {fourth}." in call.words
        began = time.monotonic()
        assert soon(lambda: [found.state for found in world.waiting()] == ["waiting"])
        assert time.monotonic() - began < 10
        assert soon(line.spool.is_empty)

        (found,) = world.waiting()
        assert (found.number, found.message_ok, found.say_who, found.times_asked) == (CALLER, True, False, 1)
        window = Window(NIGHT.date().replace(day=26), "morning")
        assert (found.window, found.when) == (window if how == "full" else None, "morning")
        assert found.caller(reference) is not None
        opens, due = line.app._live.now.script.diary.times(window)
        assert (found.opens, found.due) == (opens, due), "not rung at a time that may not be safe for them"


@pytest.mark.parametrize("how", ["stopped", "stalled"])
@pytest.mark.parametrize("after", range(1, len(ASKS)))
def test_redis_may_go_away_or_come_back_at_any_question(world: World, how: str, after: int) -> None:
    """Both ways round. It is one request, with the number that its caller was told, and all that they answered."""
    with world.line() as line:
        call = _asks(line, keys=ASKS[:after])
        with world.away(how):
            for key in ASKS[after:]:
                call.press(key)
            assert call.place == "ring_done"
        with world.away(how):
            other = _asks(line, "+447700900124", "CA" + "2" * 32, ASKS[:after])
        assert soon(lambda: _answers(line))
        for key in ASKS[after:]:
            other.press(key)
        assert other.place == "ring_done"
        assert soon(line.spool.is_empty)

        assert sorted(found.number for found in world.waiting()) == [CALLER, "+447700900124"]
        for found in world.waiting():
            assert (found.state, found.times_asked, found.message_ok, found.say_who) == ("waiting", 1, True, False)


def _answers(line: Line) -> bool:
    return line.client.get("/readyz").text.find("Redis does not answer") < 0


@pytest.mark.parametrize("how", ["stopped", "stalled"])
def test_whoever_takes_it_back_is_not_rung(world: World, how: str) -> None:
    with world.line() as line:
        with world.away(how):
            call = _asks(line, keys=ASKS[:5])
            assert call.place == "ring_urgent"
            while call.place.startswith("ring_"):
                call.press("*")
            assert any("We have cancelled" in said(reply) for reply in call.replies)
        assert soon(line.spool.is_empty)

        assert world.waiting() == []


def test_what_cannot_be_looked_at_is_said_and_stays_as_it_is(world: World) -> None:
    with world.line() as line:
        kept = _asks(line, keys=ASKS)
        assert kept.place == "ring_done"
        (before,) = world.waiting()
        with world.away("stopped"):
            again = line.call(sid="CA" + "3" * 32).press("5").enter(before.askers[0].reference)
            assert "we cannot look for your call just now. It stays as it is." in again.words

        assert soon(lambda: world.waiting() == [before])


def test_a_spoken_message_left_then_is_fetched(world: World) -> None:
    """Also the news that it is there to be fetched comes while Redis is away."""
    with world.line() as line:
        with world.away("stopped"):
            call = _asks(line).press("1")
            assert call.place == "ring_name"
            callback = call.verb("Record").attrib["recordingStatusCallback"]
            news = {"CallSid": call.sid, "RecordingSid": "RE" + "1" * 32, "RecordingStatus": "completed",
                    "RecordingDuration": "7"}  # fmt: skip
            assert line.post(callback, news).status_code == 204
        assert soon(line.spool.is_empty)

        (found,) = world.waiting()
        jobs = world.store.redis.do(lambda client: client.lrange("rq:queue:ivr-messages", 0, -1))
        assert jobs == [b"recording-RE11111111111111111111111111111111"]
        assert call.sid in found.id


def test_a_web_process_that_is_killed_in_between_loses_nothing(world: World) -> None:
    """Another takes the next turn of the call, and another hands it in."""
    with world.line():  # so that the line knows its words
        pass
    with world.away("stopped"):
        with world.line() as first:
            call = _asks(first, keys=ASKS[:6])
        with world.line() as second:
            _answers_the_rest(call, first, second)
    _is_in_the_queue_once(world)


def test_another_web_process_goes_on_though_redis_fails_between_two_answers(world: World) -> None:
    """Nothing of the call is in its memory: what was answered is on the disk before Redis fails."""
    with world.line() as first:
        call = _asks(first, keys=ASKS[:6])
    with world.away("stopped"), world.line() as second:
        _answers_the_rest(call, first, second)
    _is_in_the_queue_once(world)


def _answers_the_rest(call: Call, first: Line, second: Line) -> None:
    """The call goes on at another web process."""
    call.line, second.now = second, first.now
    for key in ASKS[6:]:
        call.press(key)
    assert call.place == "ring_done"


def _is_in_the_queue_once(world: World) -> None:
    with world.line() as third:
        assert soon(third.spool.is_empty)
    (found,) = world.waiting()
    assert (found.number, found.state, found.times_asked, found.say_who) == (CALLER, "waiting", 1, False)


def test_if_neither_redis_nor_the_disk_can_keep_it_the_line_says_so(world: World) -> None:
    """And gives the person, the number and the hours. Nothing is promised."""
    (world.settings.data_dir / "spool").write_text("in the way")
    with world.line() as line, world.away("stopped"):
        call = line.call().press("0").press("1").press("1")

        assert "we could not write that down. To talk to a person, press zero." in call.words
        assert "zero one one six, two five seven, five zero two seven" in call.words
        assert line.app._live.now.script.values["opening_hours"] in call.words
        assert "We will call you" not in call.words


def test_the_health_of_the_line_tells_what_waits_and_since_when(world: World) -> None:
    with world.line() as line:
        line.now = NIGHT
        with world.away("stopped"):
            _asks(line)
            told = line.client.get("/metrics").text
            assert "ivr_spool_waiting" in told
            assert float(told.split("\nivr_spool_waiting ")[1].split()[0]) > 1
            assert "ivr_spool_oldest_seconds" in told
            (line.spool.folder / "0-x.json").write_text("{")
            ready = line.client.get("/readyz")
            assert ready.status_code == 503
            assert "wait in the spool, the oldest for" in ready.text
            assert "\nivr_spool_damaged 1" in line.client.get("/metrics").text


def test_a_redis_whose_own_disk_is_full_is_one_that_takes_nothing(
    tmp_path: Path, files: dict[str, str], settings: Settings
) -> None:
    """Really full, with the spool on the same disk: the room that was kept takes it."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=True)
    try:
        (disk / "redis").mkdir()
        with RedisServer(disk / "redis") as server:
            world = World(dataclasses.replace(settings, data_dir=disk), server, files)
            with world.line() as line:
                assert soon(lambda: (disk / "spool" / "reserve-63").exists())
                filling = disk / "filling"
                _fill(filling)
                soon(lambda: not _takes(world.store))
                call = _asks(line)
                assert call.place == "ring_done"
                filling.unlink()
                with server.stopped():  # it ended when it could not write, and is started again
                    pass
                assert soon(lambda: [found.state for found in world.waiting()] == ["waiting"])
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _takes(store: Store) -> bool:
    try:
        store.try_it()
    except StoreDown:
        return False
    return True


def _fill(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError:
        return
