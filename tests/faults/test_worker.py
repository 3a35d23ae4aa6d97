"""What holds up, kills or fills up one part of the worker leaves the others as they were."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from ivr.callbacks import callback
from ivr.script.session import SendText
from ivr.usecases.jobs import QUEUES, RING, TEXTS
from tests.crew import Crew, Half, children, crew, half, hangs, seconds_until
from tests.desk import ask, hire
from tests.line import Line
from tests.redis_server import soon

#: How much longer a click or an alert may take while other servers hang. What waits for one takes fifty times as long.
MOST_TIMES = 4.0


@pytest.fixture
def rest() -> Iterator[Half]:
    with half() as server:
        yield server


@pytest.fixture
def running(tmp_path: Path, files: dict[str, str], rest: Half) -> Iterator[Crew]:
    """A worker whose alerts go to a mail server that hangs and to a webhook that answers."""
    base = f"http://127.0.0.1:{rest.server_port}"
    line = files["line.yaml"].replace("email_to: []", f'email_to: ["desk@example.org"]\n  webhook: "{base}/hook"')
    with hangs() as port:
        told = {"TWILIO_API_URL": base, "SMTP_URL": f"smtp://127.0.0.1:{port}", "SMTP_FROM": "line@example.org"}
        with crew(tmp_path, {**files, "line.yaml": line}, **told) as found:
            yield found


def _click(running: Crew, nth: int = 1) -> None:
    hire(running.store)
    saved = ask(running.store, nth)
    running.store.requests.change(saved.id, lambda r: callback.claim(r, "asha", time.time()))
    running.jobs.ring(saved.id, "asha", time.time())


def _seconds_to_ring_and_to_alert(running: Crew, rest: Half, first: int) -> tuple[float, float]:
    """The median of five clicks, and of five urgent alerts by webhook."""
    clicks, alerts = [], []
    for nth in range(first, first + 5):
        rung, told = rest.asked.count("Calls.json"), rest.asked.count("hook")
        _click(running, nth)
        clicks.append(seconds_until(lambda rung=rung: rest.asked.count("Calls.json") > rung))  # type: ignore[misc]
        running.jobs.alert(ask(running.store, nth + 40, urgent=True).id, "urgent")
        alerts.append(seconds_until(lambda told=told: rest.asked.count("hook") > told))  # type: ignore[misc]
    return statistics.median(clicks), statistics.median(alerts)


def _text(running: Crew, number: int) -> None:
    running.jobs.send_text(SendText(f"CA1.{number}", f"+4477009001{number:02}", "text_us", "Hello."), time.time())


def test_a_click_and_an_urgent_alert_wait_for_no_text_and_no_mail(running: Crew, rest: Half) -> None:
    """Twenty texts to a REST that hangs, and five alerts to a mail server that hangs, are underway.

    The same is measured before, in the same run: a machine that other work keeps busy is slow both times.
    """
    click, alert = _seconds_to_ring_and_to_alert(running, rest, 21)
    rest.hangs.set()
    for number in range(20):
        _text(running, number)
    for number in range(10, 15):
        running.jobs.alert(ask(running.store, number, urgent=True).id, "urgent")
    assert soon(lambda: "Messages.json" in rest.asked)
    assert soon(lambda: rest.asked.count("hook") == 10)

    then_click, then_alert = _seconds_to_ring_and_to_alert(running, rest, 31)
    assert then_click < MOST_TIMES * click
    assert then_alert < MOST_TIMES * alert


def test_a_click_waits_for_no_other_click_that_twilio_never_answers(running: Crew, rest: Half) -> None:
    click, _ = _seconds_to_ring_and_to_alert(running, rest, 21)
    rest.clicks_that_hang = 2
    for nth in (1, 2):
        _click(running, nth)
    assert soon(lambda: rest.clicks_that_hang == 0)

    then_click, _ = _seconds_to_ring_and_to_alert(running, rest, 31)

    assert then_click < MOST_TIMES * click


def test_a_retry_waits_for_no_process_that_was_killed(running: Crew, rest: Half) -> None:
    """Whichever it is: the one that looks, the one for texts, or all of them with their parent."""
    rest.refuses = [429]
    _text(running, 1)
    assert soon(lambda: rest.asked == ["Messages.json"])

    for pid in running.children():
        os.kill(pid, signal.SIGKILL)

    seconds_until(lambda: rest.asked == ["Messages.json"] * 2)
    assert soon(lambda: running.store.texts.get("CA1.1").fate == "sent")  # type: ignore[union-attr]


def test_what_a_killed_process_was_doing_is_tried_again_or_told(running: Crew, rest: Half) -> None:
    """An alert is sent by the next process. A text may have gone, so it is not sent twice."""
    rest.hangs.set()
    _text(running, 1)
    assert soon(lambda: rest.asked == ["Messages.json"])

    for pid in [job for post in running.children() for job in children(post)]:
        os.kill(pid, signal.SIGKILL)

    seconds_until(lambda: not running.store.with_queue(lambda client: client.zcard(f"rq:wip:{TEXTS}")))
    rest.hangs.clear()
    _text(running, 2)
    seconds_until(lambda: running.store.texts.get("CA1.2").fate == "sent")  # type: ignore[union-attr]
    seconds_until(lambda: [text.id for text in running.store.texts.failed()] == ["CA1.1"])
    assert rest.asked == ["Messages.json"] * 2


def test_a_job_that_a_killed_process_had_taken_and_not_begun_is_done(running: Crew, rest: Half) -> None:
    """It stands in neither list then, and nobody may queue it again, as its name is taken."""

    def take(client: object) -> None:
        queue = Queue(TEXTS, connection=client, serializer=JSONSerializer)  # type: ignore[arg-type]
        queue.connection.lmove(queue.key, queue.intermediate_queue_key)

    for pid in running.children():
        os.kill(pid, signal.SIGSTOP)  # nobody else may be quicker
    _text(running, 1)
    running.store.with_queue(take)
    for pid in running.children():
        os.kill(pid, signal.SIGCONT)

    seconds_until(lambda: running.store.texts.get("CA1.1").fate == "sent")  # type: ignore[union-attr]


def test_a_job_that_kills_its_process_every_time_takes_nothing_with_it(running: Crew, rest: Half) -> None:
    """The pid of each process for texts stays the same, and what is queued behind is done."""
    rest.hangs.set()
    _text(running, 1)
    posts = running.children()
    killed = 0
    while killed < 3:
        for job in [job for post in running.children() for job in children(post)]:
            os.kill(job, signal.SIGKILL)
            killed += 1
            rest.hangs.clear()
            _text(running, 1 + killed)
            rest.hangs.set()
        time.sleep(0.02)
    rest.hangs.clear()

    _text(running, 9)
    seconds_until(lambda: running.store.texts.get("CA1.9").fate == "sent")  # type: ignore[union-attr]
    assert running.children() == posts


def test_a_click_whose_process_was_killed_is_told_on_the_card_and_rings_nobody_twice(
    running: Crew, rest: Half, tmp_path: Path
) -> None:
    """Twilio had been asked: whether it rang is not known."""
    _click(running)
    seconds_until(lambda: running.store.with_queue(lambda client: client.zcard(f"rq:finished:{RING}")))
    request = running.store.requests.waiting()[0]
    job = next(key for key in running.store.with_queue(lambda client: client.keys("rq:job:ring-*")))
    running.store.with_queue(lambda client: client.delete(job, f"rq:finished:{RING}"))

    running.jobs.ring(request.id, "asha", float(job.decode().rsplit("-", 1)[1]))

    seconds_until(lambda: "may still ring" in str(running.store.requests.get(request.id)))
    assert rest.asked.count("Calls.json") == 1


def test_a_worker_that_stands_still_is_not_ready_within_half_a_minute(running: Crew) -> None:
    """Its processes are there, and do nothing: as on a machine that swaps, or in a debugger."""
    with Line(running.settings, running.store) as line:
        assert line.client.get("/readyz").text == "ready\n"
        stopped = [running.process.pid, *running.children()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert soon(lambda: line.client.get("/readyz").status_code == 503, 30)
            assert "worker" in line.client.get("/readyz").text
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        assert soon(lambda: line.client.get("/readyz").status_code == 200, 30)


def test_a_process_that_keeps_ending_is_named_while_the_others_work(running: Crew, rest: Half) -> None:
    """Here whatever writes to Redis has put the texts' queue into a shape that no worker can read."""
    running.store.with_queue(lambda client: client.set(f"rq:queue:{TEXTS}", "no list"))

    seconds_until(lambda: running.store.health.ailing(QUEUES).get(TEXTS))
    _click(running)
    assert soon(lambda: "Calls.json" in rest.asked)
    assert soon(lambda: rest.asked.count("hook") == 1)

    running.store.with_queue(lambda client: client.delete(f"rq:queue:{TEXTS}"))
    _text(running, 1)
    seconds_until(lambda: running.store.texts.get("CA1.1").fate == "sent")  # type: ignore[union-attr]
