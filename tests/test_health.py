"""What /readyz and /metrics say of the processes behind the web, which tell it by way of Redis."""

from __future__ import annotations

import dataclasses
import time
from contextlib import closing

import pytest

from ivr.machine import keys
from ivr.machine.config import Settings
from ivr.processes import pool
from ivr.processes.tools import Tools
from ivr.script.session import SendText
from ivr.store import PATIENT_SECONDS, Figures, Store
from ivr.usecases.jobs import MAIL, TEXTS, WORKER_PROCESSES
from tests.desk import NOW, ask
from tests.line import Line
from tests.rest import Twilio, show_alive, work


@pytest.fixture
def told(line: Line, store: Store) -> Line:
    """A line whose worker is alive."""
    show_alive(store)
    return line


def _ready(line: Line) -> tuple[int, str]:
    answer = line.client.get("/readyz")
    return answer.status_code, answer.text.strip()


def _metrics(line: Line) -> dict[str, float]:
    rows = [row for row in line.client.get("/metrics").text.splitlines() if row and not row.startswith("#")]
    return {name: float(value) for name, value in (row.rsplit(" ", 1) for row in rows)}


def test_a_line_whose_processes_are_all_alive_is_ready(told: Line) -> None:
    assert _ready(told) == (200, "ready")
    assert _metrics(told)[f'ivr_worker_alive{{post="{TEXTS}"}}'] == 1


def test_a_line_without_a_worker_is_not_ready(line: Line) -> None:
    assert _ready(line) == (503, "the worker does not run")
    assert _metrics(line)[f'ivr_worker_alive{{post="{TEXTS}"}}'] == 0


def test_a_machine_with_other_keys_is_not_ready(told: Line, store: Store) -> None:
    """Redis was away at its start, which would have found them."""
    assert _ready(told) == (200, "ready")
    words = keys.new_words()
    settings = dataclasses.replace(told.settings, key_words=",".join(words))
    with (
        closing(Store(settings.redis_url, keys.Keys(words), PATIENT_SECONDS)) as other,
        Line(settings, other) as second,
    ):
        says = "the keys of this machine are not those of what is stored ('ivr doctor' says more)"
        assert _ready(second) == (503, says)
    assert _ready(told) == (200, "ready")


def test_a_damaged_file_in_the_spool_is_told_and_is_no_reason_to_take_the_machine_out(told: Line) -> None:
    """It would be for ever: nobody but a person can mend the file."""
    told.spool.folder.mkdir(exist_ok=True)
    (told.spool.folder / "0-damaged.json").write_bytes(b"{")

    says = "ready; 1 file in the spool cannot be read: somebody may not be rung ('ivr spool' names them)"
    assert _ready(told) == (200, says)
    assert _metrics(told)["ivr_spool_damaged"] == 1


@pytest.mark.parametrize("post", WORKER_PROCESSES)
def test_a_process_that_gives_no_sign_of_life_is_named_by_what_it_does(told: Line, store: Store, post: str) -> None:
    store.redis.do(lambda client: client.delete(f"ivr:alive:{post}"))

    assert _ready(told) == (503, f"no process of the worker does this: {WORKER_PROCESSES[post]}")


def test_a_process_that_keeps_ending_is_named(told: Line, store: Store) -> None:
    store.health.ail("web-process", 5)

    assert _ready(told) == (503, "a process of the web server keeps ending, 5 times in a row")


def test_a_disk_that_takes_nothing_is_told_in_the_systems_words(told: Line, store: Store) -> None:
    store.health.figures(Figures(NOW, {}, 0, 0, 0, "No space left on device"))

    assert _ready(told) == (503, "nothing can be written into IVR_DATA: No space left on device")


def test_what_waits_and_what_is_late_is_counted(told: Line, store: Store, tools: Tools, twilio: Twilio) -> None:
    ask(store, 1, due=NOW - 60)
    twilio.answers = [(429, b"{}")]
    for number in (1, 2):
        tools.jobs.send_text(SendText(f"CA1.{number}", f"+44770090010{number}", "text_us", "Hello."), NOW)
        if number == 1:
            work(tools)
    tools.jobs.alert("CA001-1", "late")

    pool._tell_figures(tools, pool.Upkeep(store), time.time())

    found = _metrics(told)
    assert found[f'ivr_jobs_waiting{{queue="{TEXTS}"}}'] == found[f'ivr_jobs_to_retry{{queue="{TEXTS}"}}'] == 1
    assert 0 < found[f'ivr_oldest_job_seconds{{queue="{TEXTS}"}}'] < 60
    assert found[f'ivr_oldest_job_seconds{{queue="{MAIL}"}}'] > 0
    wanted = {"ivr_texts_unsent": 2, "ivr_alerts_unsent": 2, "ivr_requests_late": 1, "ivr_messages_unheard": 0}
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, b'{"code": 21610, "message": "no", "status": 400}'), "21610"),
        ((503, b"busy"), "503"),
        ((200, b"<html>"), "no sense"),
    ],
)
def test_what_twilio_did_not_do_is_counted_by_its_code(
    told: Line, tools: Tools, twilio: Twilio, answer: tuple[int, bytes], code: str
) -> None:
    twilio.answers = [answer]
    tools.jobs.send_text(SendText("CA1.1", "+447700900101", "text_us", "Hello."), NOW)

    work(tools)

    assert _metrics(told)[f'ivr_rest_errors_total{{code="{code}"}}'] == 1


def test_while_redis_is_away_the_rest_is_still_counted(
    line: Line, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.redis, "_url", "redis://127.0.0.1:1")
    monkeypatch.setattr(store.redis, "_local", type("NoClient", (), {})())

    found = _metrics(line)

    assert found["ivr_redis_up"] == 0
    assert "ivr_trouble_total" in found


def test_the_metrics_are_for_this_machine_or_a_token(settings: Settings, store: Store, published: str) -> None:
    """A proxy on this machine passes on what others ask, and they are not this machine."""
    token = "h7Xw2qLm9TzRb4Kd"
    with Line(dataclasses.replace(settings, metrics_token=token), store) as line:

        def asked(address: str = "127.0.0.1", **headers: str) -> int:
            there = {"REMOTE_ADDR": address}
            return line.client.get("/metrics", headers=headers, environ_base=there).status_code

        passed_on = {"X-Forwarded-For": "203.0.113.9"}
        assert [asked(), asked("192.0.2.7"), asked(**passed_on)] == [200, 403, 403]
        assert asked("192.0.2.7", Authorization=f"Bearer {token}", **passed_on) == 200
        for header in ("Forwarded", "Via", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Server", "CF-Connecting-IP"):
            assert asked(**{header: "https"}) == 403, header
        for host in ("line.example.org", "line", "[::1", "127.0.0.1.example.org", "192.0.2.7:8000"):
            assert asked(Host=host) == 403, host
        for host in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
            assert asked(Host=host) == 200, host
        for wrong in (f"Bearer {token}x", "Bearer", f"Basic {token}", "Bearer ü", token):
            assert asked("192.0.2.7", Authorization=wrong) == 403
