"""Everything of one person: found by any spelling of their number, exported whole, and forgotten without a trace."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from ivr import dialling
from ivr.callbacks import callback
from ivr.callbacks.request import SpokenMessage
from ivr.cli import commands
from ivr.machine.config import Settings
from ivr.script.session import At, FindRequest, SendText, Session, Wishes
from ivr.store import Spool, Store
from ivr.store.copying import Stored
from ivr.store.spool import SpoolEntry
from ivr.usecases import personal_data
from ivr.usecases.jobs import Jobs, recording_path
from tests.desk import NOW, ask, request
from tests.sealed import KEYS, WORDS

NUMBER, OTHER = "+447700900847", "+447700900555"
NAME = "RE" + "7" * 32


@pytest.fixture
def known(store: Store, machine: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    """Two people, of each of whom there is one of everything."""
    monkeypatch.setenv("IVR_DATA", str(machine.data_dir))
    monkeypatch.setenv("REDIS_URL", machine.redis_url)
    monkeypatch.setenv("IVR_KEYS", WORDS)
    spool = Spool(machine.spool_dir, machine.keys)
    for nth, number in enumerate((NUMBER, OTHER), 1):
        name = NAME if number == NUMBER else "RE" + "5" * 32
        saved = ask(store, nth, number=number, messages=(SpokenMessage(name, 9),), reference=f"{nth}271")
        store.requests.change(
            saved.id, lambda found: callback.note(found, "asha", "Their child is out of school.", NOW)
        )
        path = recording_path(machine, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"sound")
        Jobs(machine, store).send_text(SendText(f"CA{nth}.7", number, "letter", "Words."), NOW)
        store.sessions.save(Session(f"CA{nth}", "r1", At("main_menu"), caller=number))
        store.requests.find(FindRequest(number, "0000"))
        store.once.may_alert(saved, "mail")
        store.blocked.add(number, "asha", NOW + 10**9, "a pocket")
        store.audit.note(NOW, "asha", "saw", saved.id)
        spool.keep(SpoolEntry.of(NOW, request(nth, id=f"CA9{nth}-1", number=number)))
    yield spool
    for waiting in spool.content().waiting:
        spool.forget(waiting.name)


def _ivr(*words: str) -> Result:
    return CliRunner().invoke(commands, ["person", *words])


def _everything(store: Store) -> bytes:
    """All keys and values in Redis."""

    def read(client: object) -> list[bytes]:
        found: list[bytes] = []
        for key in client.keys("*"):  # type: ignore[attr-defined]
            kind = client.type(key).decode()  # type: ignore[attr-defined]
            value = {
                "string": lambda key: client.get(key),  # type: ignore[attr-defined]
                "zset": lambda key: client.zrange(key, 0, -1),  # type: ignore[attr-defined]
                "set": lambda key: client.smembers(key),  # type: ignore[attr-defined]
                "hash": lambda key: client.hgetall(key),  # type: ignore[attr-defined]
                "list": lambda key: client.lrange(key, 0, -1),  # type: ignore[attr-defined]
                "stream": lambda key: client.xrange(key),  # type: ignore[attr-defined]
            }[kind](key)
            found += [key, repr(value).encode()]
        return found

    return b"\n".join(store.redis.do(read))


@pytest.mark.parametrize("spelling", ["07700 900847", "+44 7700 900 847", "07700-900-847", "1271"])
def test_a_person_is_found_by_any_spelling_and_by_the_number_of_their_call(known: Spool, spelling: str) -> None:
    found = _ivr("find", spelling)

    assert found.exit_code == 0, found.exception
    assert [line.split(maxsplit=1)[1] for line in found.output.splitlines()] == [
        "callback requests (1 of them wait to be rung)", "spoken messages", "notes", "texts", "calls under way",
        "blocks", "things in the spool of this machine", "counts", "lines of the log of who saw what",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("07700 900001", "Nothing is kept of this number."), ("9999", "No call has the number 9999."),
        ("a person", "'a person' is not a phone number."),
    ],
)  # fmt: skip
def test_who_is_not_known_is_said(known: Spool, number: str, says: str) -> None:
    assert says in str(_ivr("find", number).exception)


def test_all_of_a_person_is_exported_and_nothing_of_another(known: Spool, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"

    assert _ivr("export", "07700 900847", str(folder)).exit_code == 0

    told = json.loads((folder / "person.json").read_text())
    assert {name: len(of) for name, of in told.items() if name != "number"} == {
        "requests": 1, "texts": 1, "calls_under_way": 1, "blocks": 1, "waiting_on_disk": 1, "counts": 3, "log": 1,
    }  # fmt: skip
    assert "Their child is out of school." in (folder / "person.json").read_text()
    assert OTHER not in (folder / "person.json").read_text()
    assert (folder / f"{NAME}.wav").read_bytes() == b"sound"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))
    assert "is there already" in str(_ivr("export", "07700 900847", str(folder)).exception)


def test_whoever_is_forgotten_is_nowhere_and_another_is_as_before(
    known: Spool, store: Store, machine: Settings
) -> None:
    before = personal_data.find(store, known, OTHER, NOW)
    asked = _ivr("forget", "07700 900847")
    assert "Nothing was deleted. To delete all of it, add --sure." in str(asked.exception)
    assert personal_data.find(store, known, NUMBER, NOW).is_known

    forgotten = _ivr("forget", "07700 900847", "--sure")

    assert forgotten.exit_code == 0, forgotten.exception
    assert "Not deleted here: backups" in forgotten.output
    assert not personal_data.find(store, known, NUMBER, NOW).is_known
    assert KEYS.name(NUMBER).encode() not in _everything(store)
    assert not recording_path(machine, NAME).exists()
    assert personal_data.find(store, known, OTHER, NOW) == before
    assert [waiting.entry.about for waiting in known.content().waiting] == ["CA92-1"]
    assert "Nothing is kept of this number." in str(_ivr("find", "07700 900847").exception)
    assert next(store.audit.entries()).what == "forgot a person"


# --- whatever happens on the way ------------------------------------------------------------------


def test_a_call_that_only_this_machines_disk_knows_is_found_and_forgotten(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """It began while Redis was away."""
    spool = Spool(settings.spool_dir, settings.keys)
    spool.keep_session(Session("CA77", "r1", At("ring_back"), turn=3, caller=NUMBER))
    spool.keep_session(Session("CA78", "r1", At("ring_back"), turn=3, caller=OTHER))

    found = personal_data.find(store, spool, NUMBER, NOW)
    assert found.calls == ["CA77"]
    personal_data.forget(settings, store, spool, found, NOW)

    assert not personal_data.find(store, spool, NUMBER, NOW).is_known
    assert [each.call for each in spool.sessions()] == ["CA78"]


@pytest.mark.parametrize(
    "facts",
    [
        {"caller": "sip:+447700900847@192.0.2.1"}, {"caller": "07700900847"}, {"keyed": NUMBER},
        {"wishes": Wishes(number=NUMBER)}, {"wishes": Wishes(typed="07700900847")},
    ],
)  # fmt: skip
def test_a_call_is_found_however_the_number_is_written_in_it(
    store: Store, settings: Settings, facts: dict[str, object]
) -> None:
    store.sessions.save(msgspec.structs.replace(Session("CA77", "r1", At("main_menu")), **facts))

    assert personal_data.find(store, Spool(settings.spool_dir, settings.keys), NUMBER, NOW).calls == ["CA77"]


def _restored(store: Store, backup: list[Stored], settings: Settings) -> int:
    """What is erased again after the restore of a backup."""
    store.redis.do(lambda client: client.flushall())
    store.copying.load(backup, NOW)
    return personal_data.keep_erased(settings, store, Spool(settings.spool_dir, settings.keys), time.time())


@pytest.mark.parametrize("set_back", [0, 60, 86400])
def test_whoever_was_forgotten_stays_it_though_the_clock_was_set_back(
    store: Store, settings: Settings, set_back: int
) -> None:
    spool, now = Spool(settings.spool_dir, settings.keys), time.time()
    ask(store, 1, number=NUMBER, asked_at=now + set_back)
    Jobs(settings, store).send_text(SendText("CA5.7", NUMBER, "letter", "Words."), now + set_back)
    backup = store.copying.all()

    personal_data.forget(settings, store, spool, personal_data.find(store, spool, NUMBER, now), now)
    again = _restored(store, backup, settings)

    assert again
    assert not personal_data.find(store, spool, NUMBER, NOW).is_known


def test_what_stops_half_way_has_noted_who_is_forgotten(store: Store, settings: Settings) -> None:
    """A message cannot be deleted. What was deleted before must not come back, and nobody would look for it again."""
    spool = Spool(settings.spool_dir, settings.keys)
    ask(store, 1, number=NUMBER, messages=(SpokenMessage(NAME, 9),))
    recording_path(settings, NAME).mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        personal_data.forget(settings, store, spool, personal_data.find(store, spool, NUMBER, NOW), NOW)

    assert store.erasing.when(NUMBER) == NOW
    recording_path(settings, NAME).rmdir()
    personal_data.forget(settings, store, spool, personal_data.find(store, spool, NUMBER, NOW), NOW)
    assert not personal_data.find(store, spool, NUMBER, NOW).is_known


def test_erasing_once_more_after_a_restore_begins_again_if_something_stops_it(store: Store, settings: Settings) -> None:
    spool = Spool(settings.spool_dir, settings.keys)
    ask(store, 1, number=NUMBER, messages=(SpokenMessage(NAME, 9),))
    ask(store, 2, number=OTHER)
    backup = store.copying.all()
    for number in (NUMBER, OTHER):
        personal_data.forget(settings, store, spool, personal_data.find(store, spool, number, NOW), NOW)
    recording_path(settings, NAME).mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        _restored(store, backup, settings)
    recording_path(settings, NAME).rmdir()

    assert personal_data.keep_erased(settings, store, spool, NOW + 120) == 2
    assert store.requests.waiting() == []


def test_forgetting_one_person_after_a_restore_keeps_no_other_from_being_erased_again(
    store: Store, settings: Settings
) -> None:
    """Redis was restored under a running line, and the next look has not come yet."""
    spool = Spool(settings.spool_dir, settings.keys)
    ask(store, 1, number=NUMBER)
    ask(store, 2, number=OTHER)
    backup = store.copying.all()
    personal_data.forget(settings, store, spool, personal_data.find(store, spool, OTHER, NOW), NOW)
    store.redis.do(lambda client: client.flushall())
    store.copying.load(backup, NOW)

    personal_data.forget(settings, store, spool, personal_data.find(store, spool, NUMBER, NOW), NOW)

    assert personal_data.keep_erased(settings, store, spool, NOW + 20) == 1
    assert store.requests.waiting() == []


def test_a_disk_that_cannot_note_it_is_told_and_it_is_deleted(
    known: Spool, store: Store, machine: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.erased_file.unlink(missing_ok=True)
    machine.erased_file.mkdir()
    try:
        said = str(_ivr("forget", "07700 900847", "--sure").exception)
    finally:
        machine.erased_file.rmdir()

    assert "It is deleted, but" in said
    assert "cannot be written (Is a directory)" in said
    assert not personal_data.find(store, known, NUMBER, NOW).is_known
    personal_data.keep_erased(machine, store, known, NOW)
    assert store.erasing.mark(NUMBER) in machine.erased_file.read_text()


@pytest.mark.parametrize("number", ["0800 1111", "+33 1 23 45 67 89", "0909 879 0001"])
def test_a_phone_that_we_would_not_ring_is_blocked_and_forgotten_as_any_other(
    known: Spool, store: Store, number: str
) -> None:
    shown = dialling.identity(number)
    store.sessions.save(Session("CA800", "r1", At("main_menu"), caller=shown))

    blocked = CliRunner().invoke(commands, ["callbacks", "block", number, "--why", "a machine"])
    assert blocked.exit_code == 0, blocked.exception
    assert store.at_the_start("CA801", shown, NOW) == (None, True)
    assert _ivr("forget", number, "--sure").exit_code == 0

    assert store.at_the_start("CA800", shown, NOW)[1] is False
    assert store.at_the_start("CA800", shown, NOW)[0] is not None, "its call is known as erased"
    assert store.sessions.get("CA800") is None
    assert not personal_data.find(store, known, shown, NOW).is_known
