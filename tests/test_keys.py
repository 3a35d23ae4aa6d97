"""The keys that encrypt what is stored: the right ones, wrong ones, none, new ones, and what was stored before them."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.callbacks.request import SpokenMessage
from ivr.cli import commands, preparing
from ivr.machine import config, environment, keys
from ivr.machine.config import Settings
from ivr.machine.keys import Locked
from ivr.problems import ConfigError
from ivr.processes import server
from ivr.processes.server import CannotStart
from ivr.script.session import At, FindRequest, Session
from ivr.store import PATIENT_SECONDS, Ledger, Spool, Store, TextState
from ivr.store.codec import Unreadable
from ivr.store.erasing import ERASED_SECONDS
from ivr.store.spool import SpoolEntry
from ivr.usecases import personal_data, renewing
from ivr.usecases.jobs import keep_recording, read_recording, recording_path
from tests.desk import NOW, ask, hire, request
from tests.redis_server import soon
from tests.sealed import KEYS, WORDS, other_keys

NUMBER = "+447700900001"


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """A new line, which has no keys yet."""
    return config.settings({"IVR_DATA": str(tmp_path / "var")})


@pytest.fixture
def opened(own: Settings) -> Iterator[Store]:
    """Its embedded Redis, as each command starts it."""
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        yield store


def _ivr(own: Settings, *words: str) -> Result:
    return CliRunner(env={"IVR_DATA": str(own.data_dir), "IVR_KEYS": "", "REDIS_URL": ""}).invoke(commands, [*words])


def _fill(own: Settings, store: Store) -> None:
    """One of everything that is encrypted."""
    ask(store, 1)
    store.requests.find(FindRequest(NUMBER, "0000"))
    store.sessions.save(Session("CA7", "r1", At("main_menu"), turn=3, caller=NUMBER))
    store.texts.add(TextState("CA1.7", NUMBER, "letter", "Words.", NOW))
    store.blocked.add(NUMBER, "asha", NOW, "a pocket")
    hire(store)
    store.sign_ins.begin("asha", "1", NOW, "a browser", "192.0.2.1", 3600)
    store.sign_ins.failed(NOW, "asha", "192.0.2.7")
    keep_recording(own, "RE1", b"RIFF sound")
    spool = Spool(own.spool_dir, own.keys)
    spool.keep(SpoolEntry.of(NOW, request(9)))
    spool.keep_session(Session("CA8", "r1", At("main_menu"), turn=2, caller=NUMBER))


def _is_all_there(own: Settings, store: Store) -> bool:
    spool = Spool(own.spool_dir, own.keys)
    session, spooled = store.sessions.get("CA7"), spool.session("CA8")
    return (
        [each.number for each in store.requests.waiting()] == [NUMBER]
        and store.requests.beside(request(2, number=NUMBER))[0].number == NUMBER
        and session is not None
        and (session.caller, session.turn) == (NUMBER, 3)
        and [text.to for text in store.texts.all()] == [NUMBER]
        and store.blocked.has(NUMBER, NOW)
        and [adviser.phone for adviser in store.accounts.all()] == ["+441164960777"]
        and [each.address for each in store.sign_ins.all_of("asha")] == ["192.0.2.1"]
        and [each.address for each in store.sign_ins.failures()] == ["192.0.2.7"]
        and read_recording(own, "RE1") == b"RIFF sound"
        and [each.entry.about for each in spool.content().waiting] == ["CA009-1"]
        and spooled is not None
        and (spooled.caller, spooled.turn) == (NUMBER, 2)
    )


# --- sealing --------------------------------------------------------------------------------


def test_what_is_sealed_is_opened_again_and_shows_nothing_of_itself() -> None:
    sealed = KEYS.seal(b"Their child is out of school.", b"request")

    assert KEYS.open(sealed, b"request") == b"Their child is out of school."
    assert b"child" not in sealed
    assert KEYS.seal(b"Their child is out of school.", b"request") != sealed


@pytest.mark.parametrize("at", [0, 1, 5, 17, -1])
def test_whatever_was_changed_is_not_opened(at: int) -> None:
    sealed = bytearray(KEYS.seal(b"x" * 40, b"request"))
    sealed[at] ^= 1
    if at == 0:
        assert KEYS.open(bytes(sealed), b"request") == bytes(sealed), "it does not say that it is sealed"
        return
    with pytest.raises(Locked):
        KEYS.open(bytes(sealed), b"request")


@pytest.mark.parametrize("length", [1, 3, 5, 16, 17, 20, 40])
def test_the_beginning_of_something_sealed_is_locked_and_no_error_of_another_kind(length: int) -> None:
    with pytest.raises(Locked):
        KEYS.open(KEYS.seal(b"x" * 30, b"x")[:length], b"x")


def test_a_text_is_not_taken_for_a_request() -> None:
    with pytest.raises(Locked):
        KEYS.open(KEYS.seal(b"{}", b"text"), b"request")


def test_a_value_of_another_line_is_not_opened_and_a_number_has_another_name_there() -> None:
    other = other_keys()

    with pytest.raises(Locked, match=f"with the key {other.ids[0]}"):
        KEYS.open(other.seal(b"{}", b"request"), b"request")
    assert other.name(NUMBER) != KEYS.name(NUMBER)
    assert "7700900001" not in KEYS.name(NUMBER)


def test_a_key_that_is_added_to_the_file_is_known_at_once_to_whoever_needs_it(tmp_path: Path) -> None:
    """The first to use it may be another process."""
    file = tmp_path / "var.keys"
    keys.make(file, tmp_path / "var")
    mine = keys.of_line("", file)
    names, first = mine.words
    keys.rewrite(file, (names, keys.new_key(), first))

    sealed = keys.of_line("", file).seal(b"{}", b"request")

    assert mine.open(sealed, b"request") == b"{}"
    assert keys.id_of(mine.seal(b"{}", b"request")) == keys.id_of(sealed)
    assert mine.name(NUMBER) == keys.of_line("", file).name(NUMBER), "a rotation changes no name"


# --- which keys -----------------------------------------------------------------------------

GOOD = WORDS.split(",")


def test_a_key_file_that_an_editor_of_windows_copied_is_read(tmp_path: Path) -> None:
    words = keys.new_words()
    (tmp_path / "keys").write_bytes("\r\n".join(["\ufeff# The keys", *words, ""]).encode())

    assert keys.of_line("", tmp_path / "keys").words == words


def test_a_key_file_of_another_line_changes_nothing_in_a_line_that_runs(tmp_path: Path) -> None:
    """Somebody restores the wrong one. A number would have another name, and so be another phone."""
    file, other = tmp_path / "keys", keys.new_words()
    file.write_text("\n".join(keys.new_words()))
    ours = keys.of_line("", file)
    name, sealed = ours.name("+447700900123"), ours.seal(b"words", b"kind")

    file.write_text("\n".join(other))
    os.utime(file, ns=(1, 1))

    with pytest.raises(Locked):
        ours.open(keys.Keys(other).seal(b"theirs", b"kind"), b"kind")
    assert (ours.name("+447700900123"), ours.open(sealed, b"kind")) == (name, b"words")
    assert ours.open(ours.seal(b"more", b"kind"), b"kind") == b"more"
    assert keys.Keys(other).ids != ours.ids


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([GOOD[0], "short"], "has a key that is incomplete or mistyped"),
        ([GOOD[0], GOOD[1][:-4]], "has a key that is incomplete or mistyped"),
        ([GOOD[0], GOOD[1].replace("d", "é")], "has a key that is incomplete or mistyped"),
        ([GOOD[1]], "has no key that begins with names:"),
        ([GOOD[0], GOOD[0], GOOD[1]], "has 2 keys that begin with names:"),
        ([GOOD[0]], "has no key that encrypts"),
    ],
)
def test_a_wrong_key_is_told_in_words_and_not_shown(words: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config.settings({"IVR_KEYS": ",".join(words)})

    (problem,) = refused.value.problems
    assert says in problem.says
    assert not any(len(word) > 20 and word.removeprefix("names:") in problem.says for word in words)
    assert list(environment.key_faults(GOOD, "IVR_KEYS")) == []


def test_the_first_command_makes_the_keys_beside_the_data_and_says_so_once(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.redis(own):
        pass
    told = capsys.readouterr().err

    assert f"are new, in {own.key_file}. Copy this file to a safe place, apart from your backups" in told
    assert own.key_file.parent == own.data_dir.parent
    assert own.key_file.stat().st_mode & 0o077 == 0
    with server.redis(own):
        assert "are new" not in capsys.readouterr().err


def test_with_keys_in_the_environment_no_file_is_made(own: Settings) -> None:
    with server.redis(dataclasses.replace(own, key_words=WORDS)):
        assert not own.key_file.exists()


def test_a_restore_without_the_keys_is_refused_in_words_and_changes_nothing(own: Settings) -> None:
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        _fill(own, store)
    kept = own.key_file.read_text()
    own.key_file.unlink()

    with pytest.raises(CannotStart, match=f"the file of its keys is missing: {own.key_file}"), server.redis(own):
        pass
    assert not own.key_file.exists(), "a new one would hide that the old one is missing"
    for words in (other_keys().words, GOOD):
        own.key_file.write_text("\n".join(words))
        answer = _ivr(own, "callbacks", "list")
        assert isinstance(answer.exception, CannotStart)
        assert "What is stored is encrypted with the key" in str(answer.exception)
        assert "Nothing was changed. Put the keys of this line back" in str(answer.exception)

    own.key_file.write_text(kept)
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        assert _is_all_there(own, store)


def test_other_keys_are_noticed_also_where_redis_lost_the_mark(own: Settings) -> None:
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        ask(store, 1)
        store.redis.do(lambda client: client.delete("ivr:keys"))

        with pytest.raises(CannotStart, match="What is stored is encrypted with the key"):
            server.unlock(dataclasses.replace(own, key_words=WORDS))


def test_another_key_for_names_is_noticed(own: Settings) -> None:
    """The requests could be read, and none would be found by its phone."""
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)):
        words = ",".join((other_keys().words[0], own.keys.words[1]))

        with pytest.raises(CannotStart, match="the key that begins with names: is another"):
            server.unlock(dataclasses.replace(own, key_words=words))


def test_what_other_keys_encrypted_is_neither_listed_nor_deleted(own: Settings, opened: Store) -> None:
    ask(opened, 1)
    with closing(Store(own.redis_url, other_keys(), PATIENT_SECONDS)) as strange:
        assert strange.requests.waiting() == []
        assert strange.requests.forget_ended(NOW * 2) == []
        with pytest.raises(Unreadable):
            strange.requests.delete("CA001-1")
        assert strange.sealing.renew() == 0

    assert [each.id for each in opened.requests.waiting()] == ["CA001-1"]


def test_a_volume_of_its_own_gets_no_key_file_that_could_be_lost_before_it(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: path == own.data_dir)

    with pytest.raises(ConfigError, match="set IVR_KEYS"), server.redis(own):
        pass


# --- rotation -------------------------------------------------------------------------------


def test_a_rotation_encrypts_everything_anew_and_loses_nothing(own: Settings) -> None:
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        _fill(own, store)
        (before,) = own.keys.ids
        os.utime(recording_path(own, "RE1"), (NOW, NOW))

        rotated = _ivr(own, "keys", "rotate")

        assert rotated.exit_code == 0, rotated.exception
        new, *older = own.keys.ids
        assert older == [before]
        assert renewing.counted(own, store).keys() == {new}
        assert _is_all_there(own, store)
        assert recording_path(own, "RE1").stat().st_mtime == NOW, "from then on its days count"
        listed = _ivr(own, "keys", "list").output
        assert (
            f"{new}       11 values and files  (the newest: it encrypts)\n{before}        0 values and files" in listed
        )
        names, first, _ = own.key_file.read_text().splitlines()[1:]
        own.key_file.write_text(f"{names}\n{first}\n")
    assert _ivr(own, "callbacks", "list").exit_code == 0, "the older key is needed for backups only"


def test_a_rotation_that_was_interrupted_is_continued_with_the_same_key(
    own: Settings, opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(own, opened)
    for nth in range(2, 6):
        ask(opened, nth)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(renewing, "_renew_message", killed)
        assert _ivr(own, "keys", "rotate").exit_code != 0
    half = renewing.counted(own, opened)
    assert len(half) == 2

    assert _ivr(own, "keys", "rotate").exit_code == 0

    assert len(own.keys.ids) == 2
    assert renewing.counted(own, opened).keys() == {own.keys.ids[0]}


def test_a_rotation_and_a_line_that_writes_meanwhile_lose_nothing(own: Settings, opened: Store) -> None:
    ask(opened, 1)
    stop, noted = threading.Event(), []

    def write() -> None:
        with closing(Store(own.redis_url, keys.of_line("", own.key_file), PATIENT_SECONDS)) as mine:
            while not stop.is_set():
                noted.append(len(noted))
                mine.requests.with_message("CA001-1", _message(len(noted)), NOW)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert soon(lambda: len(noted) > 10)
        rotated = _ivr(own, "keys", "rotate")
    finally:
        stop.set()
        writer.join()

    assert rotated.exit_code == 0, rotated.exception
    found = opened.requests.get("CA001-1")
    assert found is not None
    assert len(found.messages) == len(noted) > 10


def _message(nth: int) -> SpokenMessage:
    return SpokenMessage(f"RE{nth}", 1)


# --- what earlier versions stored in the clear ------------------------------------------------

#: The data folder of version 1.4, with one of everything. What goes by itself was made to stay.
OF_1_4 = Path(__file__).parent / "data" / "var-1.4"
IN_THE_CLEAR = re.compile(rb"7700900001|7700900009|1164960777|out of school|Words\.|192\.0\.2|RIFF|appeal_time")


def _files_in_the_clear(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and IN_THE_CLEAR.search(path.read_bytes())]
    return [path.relative_to(folder).parts[0] for path in found if "before-encryption" not in str(path)]


def test_what_version_1_4_stored_is_read_and_encrypted_at_the_next_start(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(OF_1_4, own.data_dir, dirs_exist_ok=True)
    assert sorted(set(_files_in_the_clear(own.data_dir))) == ["appendonlydir", "recordings", "spool"]
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        assert not IN_THE_CLEAR.search(b"".join(_names(store))), "only names that are hashed below"
        preparing.bring_up_to_date(own, store)

        told = capsys.readouterr().out
        assert "An earlier version stored 17 things in the clear. They are encrypted from now on." in told
        _is_as_it_was(own, store)
        assert renewing.counted(own, store).keys() == {own.keys.ids[0]}
        assert store.requests.was_deleted("CA003"), "a call whose request was deleted then"
        assert soon(lambda: store.erasing.look(time.time()) or not _rewrites(store))
        assert soon(lambda: not _rewrites(store) and not _files_in_the_clear(own.data_dir))
        (copy,) = own.data_dir.glob("before-encryption-*")
        preparing.bring_up_to_date(own, store)
        assert capsys.readouterr().out == "", "there is nothing left to do"
        renewing.forget_copies(own, time.time() + (renewing.COPY_DAYS - 1) * 86400)
        assert copy.exists()
        renewing.forget_copies(own, time.time() + (renewing.COPY_DAYS + 1) * 86400)
        assert not copy.exists()


def _names(store: Store) -> list[bytes]:
    return [key for key in store.redis.do(lambda client: client.keys("*")) if b"+" not in key]


def _rewrites(store: Store) -> bool:
    return bool(store.redis.do(lambda client: client.info("persistence"))["aof_rewrite_in_progress"])


def _is_as_it_was(own: Settings, store: Store) -> None:
    first, second = store.requests.waiting()
    assert (first.events[-1].note, second.number) == ("Their child is out of school.", "+447700900002")
    assert [each.id for each in store.requests.beside(request(5, number=NUMBER))] == [first.id]
    assert store.requests.find(FindRequest(NUMBER, "4271")).request == first
    assert len(store.limits.counted_of(NUMBER)) == 5
    assert store.texts.count_answer(NUMBER) == 2, "it counts on"
    assert not store.once.may_alert(second, "mail") or first.number != second.number
    session = store.sessions.get("CA7")
    assert session is not None
    assert (session.caller, session.turn) == (NUMBER, 3)
    assert store.sessions.save(session) == session, "of an older turn or the same, the stored one stays"
    assert [text.body for text in store.texts.all()] == ["Words."]
    assert store.blocked.has(NUMBER, NOW)
    assert [adviser.phone for adviser in store.accounts.all()] == ["+441164960777"]
    assert [each.address for each in store.sign_ins.all_of("asha")] == ["192.0.2.1"]
    assert [(each.at, each.name, each.address) for each in store.sign_ins.failures()] == [(NOW, "asha", "192.0.2.7")]
    assert read_recording(own, "RE1") == b"RIFF sound"
    spool = Spool(own.spool_dir, own.keys)
    assert [each.entry.about for each in spool.content().waiting] == ["CA009-1"]
    spooled = spool.session("CA8")
    assert spooled is not None
    assert (spooled.caller, spooled.turn) == (NUMBER, 2)


def test_a_phone_with_requests_under_both_names_has_them_all(store: Store) -> None:
    """A machine with the version before wrote some meanwhile."""
    ask(store, 1)
    store.redis.do(lambda client: client.zadd(f"ivr:phone:{NUMBER}", {"CA777-1": NOW}))

    store.sealing.renew()

    name = f"ivr:phone:{KEYS.name(NUMBER)}"
    assert store.redis.do(lambda client: client.zrange(name, 0, -1)) == [b"CA001-1", b"CA777-1"]
    assert store.redis.do(lambda client: client.keys("ivr:phone:*")) == [name.encode()]


# --- what was erased ------------------------------------------------------------------------


@pytest.fixture
def backup(own: Settings) -> Path:
    """A copy of IVR_DATA in which there is one of everything of one person, and a request of another."""
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        _fill(own, store)
        ask(store, 2)
    copy = own.data_dir.with_name("backup")
    shutil.copytree(own.data_dir, copy)
    return copy


def _restore(own: Settings, backup: Path) -> None:
    shutil.rmtree(own.data_dir)
    shutil.copytree(backup, own.data_dir)


def test_a_restore_brings_back_nobody_who_was_forgotten(
    own: Settings, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forgotten = _ivr(own, "person", "forget", NUMBER, "--sure")
    assert forgotten.exit_code == 0, forgotten.exception
    assert "7700900001" not in own.erased_file.read_text()
    assert own.erased_file.parent == own.data_dir.parent
    assert own.erased_file.stat().st_mode & 0o077 == 0

    _restore(own, backup)

    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        assert len(store.requests.waiting()) == 2, "it is back"
        preparing.bring_up_to_date(own, store)
        assert "A restore had brought back 5 things that were erased. They are erased again." in capsys.readouterr().out
        spool = Spool(own.spool_dir, own.keys)
        found = personal_data.find(store, spool, NUMBER, NOW)
        assert not any((found.requests, found.texts, found.calls, found.blocks, found.spooled))
        assert [each.id for each in store.requests.waiting()] == ["CA002-1"]
        preparing.bring_up_to_date(own, store)
        assert "erased" not in capsys.readouterr().out
        again = ask(store, 5, number=NUMBER, asked_at=time.time())
        personal_data.keep_erased(own, store, spool, time.time())
        assert store.requests.get(again.id) == again, "whoever asks later is kept"


def test_a_note_of_what_was_erased_that_cannot_be_used_keeps_no_line_from_starting(
    own: Settings, opened: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """It belongs to somebody else, or its disk is full or read-only. Callers come first."""
    own.erased_file.mkdir()

    preparing.bring_up_to_date(own, opened)

    assert f"{own.erased_file} cannot be used (Is a directory)." in capsys.readouterr().out


def test_a_restore_brings_back_no_request_whose_days_are_over(own: Settings, backup: Path) -> None:
    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        assert store.requests.delete("CA001-1")
        personal_data.keep_erased(own, store, Spool(own.spool_dir, own.keys), time.time())

    _restore(own, backup)

    with server.redis(own), closing(Store(own.redis_url, own.keys, PATIENT_SECONDS)) as store:
        assert personal_data.keep_erased(own, store, Spool(own.spool_dir, own.keys), time.time()) == 1
        assert [each.id for each in store.requests.waiting()] == ["CA002-1"]


def test_what_was_erased_is_known_longer_than_any_backup_is_kept_and_then_not(store: Store, tmp_path: Path) -> None:
    ledger, late = Ledger(tmp_path / "erased"), NOW + ERASED_SECONDS
    store.erasing.note(NOW, "CA1")
    store.erasing.note(NOW + 60, "CA2")

    assert store.erasing.exchange(ledger, NOW + 61) == {}
    assert len(ledger.read()) == 2
    assert store.erasing.exchange(ledger, late) == {}

    assert (store.erasing.when("CA1"), store.erasing.when("CA2")) == (None, NOW + 60)
    assert ledger.read().keys() == {store.erasing.mark("CA2")}


def test_two_machines_know_what_either_has_erased(store: Store, tmp_path: Path) -> None:
    """Through the Redis that they share."""
    one, other = Ledger(tmp_path / "one"), Ledger(tmp_path / "other")
    store.erasing.note(NOW, "CA1")
    store.erasing.exchange(one, NOW)
    store.erasing.note(NOW, "CA2")
    store.erasing.exchange(other, NOW)
    store.erasing.exchange(one, NOW)

    assert one.read() == other.read() != {}


@pytest.mark.parametrize("end", ["", "\n", f"\n{'a' * 32} 17", f"\n{'a' * 20}", "\n\xff\xfe"])
def test_a_file_that_a_killed_process_left_half_written_is_read(store: Store, tmp_path: Path, end: str) -> None:
    ledger = Ledger(tmp_path / "erased")
    ledger.write({"b" * 32: NOW})
    ledger.file.write_bytes(ledger.file.read_bytes() + end.encode("latin-1"))

    store.erasing.note(NOW, "CA1")
    store.erasing.exchange(ledger, NOW)

    assert {"b" * 32, store.erasing.mark("CA1")} <= ledger.read().keys()
