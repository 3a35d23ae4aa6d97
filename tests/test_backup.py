"""A machine is lost, and the line comes up on another one from last night's backup."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.callbacks.request import SpokenMessage
from ivr.cli import commands, preparing
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.processes import server
from ivr.script.session import At, CancelRequest, FindRequest, Session
from ivr.store import PATIENT_SECONDS, Spool, Store, TextState
from ivr.store.spool import SpoolEntry
from ivr.usecases import backup as backups
from ivr.usecases.jobs import Jobs, keep_recording, read_recording
from tests.desk import NOW, ask, hire, request
from tests.sealed import WORDS, other_keys

FORGOTTEN = "+447700900003"


def _machine(folder: Path, words: str = WORDS) -> dict[str, str]:
    """The environment of a machine with its own folders."""
    shutil.copytree(config.ROOT / "config", folder / "config")
    return {
        "IVR_DATA": str(folder / "var"), "IVR_CONFIG": str(folder / "config"), "IVR_AUDIO": str(folder / "audio"),
        "IVR_KEYS": words, "REDIS_URL": "",
    }  # fmt: skip


@contextlib.contextmanager
def _line(place: dict[str, str]) -> Iterator[tuple[Settings, Store]]:
    settings = config.settings(place)
    with server.redis(settings), contextlib.closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
        yield settings, store


def _ivr(place: dict[str, str], *words: str) -> Result:
    return CliRunner(env=place).invoke(commands, [*words])


@pytest.fixture
def lost(tmp_path: Path) -> dict[str, str]:
    """The machine that is going to be lost, with one of everything, and its backup of last night."""
    place = _machine(tmp_path / "lost")
    line_yaml = tmp_path / "lost" / "config" / "line.yaml"
    line_yaml.write_text(f"{line_yaml.read_text()}# the draft of that day\n")
    with _line(place) as (settings, store):
        ask(store, 1, messages=(SpokenMessage("RE1", 9),), reference="1271")
        ask(store, 3, number=FORGOTTEN)
        store.requests.cancel(CancelRequest(ask(store, 4, reference="4271").id, "4271"), NOW)
        for nth, fate in enumerate(("waiting", "sent")):
            store.texts.add(TextState(f"CA5{nth}.7", "+447700900005", "letter", "Words.", NOW, fate))  # type: ignore[arg-type]
        store.blocked.add("+447700900006", "asha", time.time(), "a pocket")
        store.sessions.save(Session("CA7", "r1", At("main_menu"), caller="+447700900007"))
        Jobs(settings, store).alert("CA001-1", "late")
        hire(store)
        keep_recording(settings, "RE1", b"RIFF sound")
        Spool(settings.spool_dir, settings.keys).keep(SpoolEntry.of(NOW, request(9)))
        made = _ivr(place, "backup", str(tmp_path / "nightly.tar"))  # while the line runs
    assert made.exit_code == 0, made.exception
    return place


def test_the_line_comes_up_on_another_machine_from_last_nights_backup(lost: dict[str, str], tmp_path: Path) -> None:
    assert _ivr(lost, "person", "forget", FORGOTTEN, "--sure").exit_code == 0, "after the backup"
    other = _machine(tmp_path / "other")
    shutil.copy(config.settings(lost).erased_file, config.settings(other).erased_file)
    shutil.rmtree(tmp_path / "lost")

    done = _ivr(other, "restore", str(tmp_path / "nightly.tar"))

    assert done.exit_code == 0, done.exception
    assert ": 1 open request, 1 that ended," in done.output
    assert "1 spoken message. 1 erased since are erased again." in done.output
    assert "Not known: what callers were promised, and what advisers did, after that." in done.output
    with _line(other) as (settings, store):
        (waiting,) = store.requests.waiting()
        assert store.requests.find(FindRequest(waiting.number, "1271")).request == waiting
        assert "What happened after that is not known: the caller may have been rung." in waiting.events[-1].note
        assert [each.id for each in store.requests.ended()] == ["CA004-1"]
        assert read_recording(settings, "RE1") == b"RIFF sound"
        assert {text.id: text.fate for text in store.texts.all()} == {"CA50.7": "failed", "CA51.7": "sent"}
        assert store.blocked.has("+447700900006", time.time())
        assert [adviser.name for adviser in store.accounts.all()] == ["asha"]
        assert store.sessions.get("CA7") is None, "that call is over"
        assert store.redis.do(lambda client: client.keys("rq:*")) == [], "nothing of then is sent once more"
        assert [each.entry.about for each in Spool(settings.spool_dir, settings.keys).content().waiting] == ["CA009-1"]
        (draft,) = settings.data_dir.glob("config-of-*")
        assert "the draft of that day" in (draft / "line.yaml").read_text()
        assert (draft / "menus" / "welcome.yaml").exists()
    assert "the draft of that day" not in (tmp_path / "other" / "config" / "line.yaml").read_text()


def test_a_backup_shows_no_caller_and_no_key_and_is_for_its_owner_only(lost: dict[str, str], tmp_path: Path) -> None:
    content = (tmp_path / "nightly.tar").read_bytes()

    assert not any(number in content for number in (b"7700900001", b"7700900003", b"7700900009", b"RIFF sound"))
    assert not any(word.removeprefix("names:").encode() in content for word in WORDS.split(","))
    assert (tmp_path / "nightly.tar").stat().st_mode & 0o077 == 0
    assert "is there already" in str(_ivr(lost, "backup", str(tmp_path / "nightly.tar")).exception)


def test_a_restore_asks_for_the_keys_of_the_backup(lost: dict[str, str], tmp_path: Path) -> None:
    strange = other_keys()
    for nth, words in enumerate((strange.words, (strange.words[0], WORDS.split(",")[1]))):
        other = _machine(tmp_path / f"other{nth}", ",".join(words))

        refused = str(_ivr(other, "restore", str(tmp_path / "nightly.tar")).exception)

        assert refused.startswith("Nothing was restored. ")
        assert ("is encrypted with the key" in refused) == (nth == 0)
        with _line(other) as (_, store):
            assert store.copying.is_empty()


@pytest.mark.parametrize("length", [0, 100, 600, 5000, None])
def test_a_backup_that_is_incomplete_is_refused_and_nothing_is_changed(
    lost: dict[str, str], tmp_path: Path, length: int | None
) -> None:
    whole = (tmp_path / "nightly.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[: whole.rindex(b"end\0") if length is None else length])
    other = _machine(tmp_path / "other")

    refused = str(_ivr(other, "restore", str(tmp_path / "half.tar")).exception)

    assert "is damaged or incomplete. Use another." in refused
    with _line(other) as (settings, store):
        assert store.copying.is_empty()
        assert not (settings.data_dir / "recordings").exists()


def test_a_restore_that_finds_no_room_for_a_file_can_be_tried_again(lost: dict[str, str], tmp_path: Path) -> None:
    """The list came first, and the second try found that something is stored already."""
    new, backup = _machine(tmp_path / "new"), tmp_path / "backup"
    assert _ivr(lost, "backup", str(backup)).exit_code == 0
    in_the_way = tmp_path / "new" / "var" / "recordings"
    in_the_way.parent.mkdir(mode=0o700)
    in_the_way.write_text("no folder can be made here")

    assert isinstance(_ivr(new, "restore", str(backup)).exception, OSError)
    in_the_way.unlink()
    again = _ivr(new, "restore", str(backup))

    assert again.exit_code == 0, again.exception
    assert "1 spoken message" in again.output


@pytest.mark.parametrize("how", ["restore", "start"])
def test_a_restore_that_was_killed_is_finished(lost: dict[str, str], tmp_path: Path, how: str) -> None:
    """Redis had taken the list, and nothing said yet that what came after it is not known."""
    new, backup = _machine(tmp_path / "new"), tmp_path / "backup"
    assert _ivr(lost, "backup", str(backup)).exit_code == 0
    about, stored, _ = backups._read(backup)
    with _line(new) as (settings, store):
        store.copying.load(stored, about.at)
        assert store.texts.underway()
        if how == "start":
            preparing.bring_up_to_date(settings, store)
    if how == "restore":
        assert _ivr(new, "restore", str(backup)).exit_code == 0

    with _line(new) as (_, store):
        assert store.texts.underway() == [], "nobody is texted a second time"
        assert all("Restored from a backup" in each.events[-1].note for each in store.requests.waiting())
        assert store.copying.unfinished() is None


def test_a_restore_over_a_line_that_has_requests_is_refused(lost: dict[str, str], tmp_path: Path) -> None:
    refused = str(_ivr(lost, "restore", str(tmp_path / "nightly.tar")).exception)

    assert "Something is stored here already." in refused
    with _line(lost) as (_, store):
        assert len(store.requests.waiting()) == 2
