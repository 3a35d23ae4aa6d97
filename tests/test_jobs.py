"""The worker: a real queue in a real Redis, done by a real worker."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from rq import SimpleWorker

from ivr import alerts, callback, jobs
from ivr.alerts import AlertFailed
from ivr.callback import SpokenMessage
from ivr.config import Settings
from ivr.jobs import FORGOTTEN_SECONDS, Housekeeping, Jobs, recording_path
from ivr.session import Done, Failed, SendText
from ivr.store import Store
from tests.desk import NOW, ask, hire, request
from tests.ports import free_port
from tests.test_phone import RECORDING

TEXT = SendText("CA1.7", "+447700900123", "text_us", "Hello.")


class Twilio(ThreadingHTTPServer):
    """Answers what the worker asks, in turn, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[str] = []


class _Answering(BaseHTTPRequestHandler):
    server: Twilio

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path.rsplit('/', 1)[1]}")
        status, content = self.server.answers.pop(0) if self.server.answers else (200, b'{"sid": "SM1"}')
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    server = Twilio()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def machine_(settings: Settings, twilio: Twilio, store: Store) -> Iterator[Settings]:
    """Settings whose Twilio is the one above; the worker's tools are made from them."""
    settings = replace(settings, twilio_api_url=f"http://127.0.0.1:{twilio.server_port}")
    jobs._made[:] = [jobs.Tools(settings)]
    yield settings
    jobs._made.clear()


def _work(store: Store) -> None:
    """Do all that is queued."""
    SimpleWorker([jobs.QUEUE], connection=store.redis.patient()).work(burst=True, logging_level="CRITICAL")


# --- texts ----------------------------------------------------------------------------------


def test_a_text_is_written_down_queued_and_sent(machine_: Settings, store: Store, twilio: Twilio) -> None:
    assert isinstance(Jobs(machine_, store).send_text(TEXT, NOW), Done)
    assert store.texts.get(TEXT.id).fate == "waiting"  # type: ignore[union-attr]

    _work(store)

    assert twilio.asked == ["POST Messages.json"]
    assert (store.texts.get(TEXT.id).fate, store.texts.get(TEXT.id).sid) == ("sent", "SM1")  # type: ignore[union-attr]


def test_a_text_asked_for_twice_is_sent_once(machine_: Settings, store: Store, twilio: Twilio) -> None:
    """A webhook may come twice, and so may what it asks for."""
    for _ in range(3):
        Jobs(machine_, store).send_text(TEXT, NOW)
        _work(store)

    assert twilio.asked == ["POST Messages.json"]


def test_a_text_twilio_refuses_has_failed_and_is_shown(machine_: Settings, store: Store, twilio: Twilio) -> None:
    twilio.answers = [(400, b'{"code": 21610, "message": "no", "status": 400}')]
    Jobs(machine_, store).send_text(TEXT, NOW)

    _work(store)

    assert [(text.id, text.why) for text in store.texts.failed()] == [(TEXT.id, "Twilio answered 400, code 21610")]


def test_a_text_that_was_certainly_not_sent_is_tried_again(machine_: Settings, store: Store, twilio: Twilio) -> None:
    twilio.answers = [(503, b"{}")]
    Jobs(machine_, store).send_text(TEXT, NOW)

    _work(store)

    assert store.texts.get(TEXT.id).fate == "waiting"  # type: ignore[union-attr]
    scheduled = store.redis.do(lambda client: client.zcard("rq:scheduled:ivr"))
    assert scheduled == 1


def test_a_text_that_the_queue_lost_is_found_again(machine_: Settings, store: Store, twilio: Twilio) -> None:
    """It was written down first."""
    Jobs(machine_, store).send_text(TEXT, NOW)
    store.redis.do(lambda client: client.delete(*client.keys("rq:*")))

    Jobs(machine_, store).look(NOW + FORGOTTEN_SECONDS + 1)
    _work(store)

    assert twilio.asked == ["POST Messages.json"]


def test_a_text_whose_worker_ended_while_sending_is_not_sent_again(
    machine_: Settings, store: Store, twilio: Twilio
) -> None:
    """It may have gone, so an adviser is told instead."""
    Jobs(machine_, store).send_text(TEXT, NOW)
    assert store.texts.begin(TEXT.id, NOW + 5)  # and here the worker ends

    _work(store)
    for later in (FORGOTTEN_SECONDS, FORGOTTEN_SECONDS + 5):
        assert store.texts.failed() == []
        Jobs(machine_, store).look(NOW + later)

    _work(store)
    assert twilio.asked == []
    assert [text.why for text in store.texts.failed()] == ["The line stopped just then. It may have gone"]


def test_without_an_account_no_text_is_promised(machine_: Settings, store: Store) -> None:
    assert isinstance(Jobs(replace(machine_, practice=True), store).send_text(TEXT, NOW), Failed)
    assert store.texts.get(TEXT.id) is None


def test_news_of_a_text_only_goes_forward(store: Store, machine_: Settings) -> None:
    """A late notice that it was sent does not undo that it was delivered."""
    Jobs(machine_, store).send_text(TEXT, NOW)
    for fate in ("sent", "delivered", "sent"):
        store.texts.became(TEXT.id, fate)  # type: ignore[arg-type]

    assert store.texts.get(TEXT.id).fate == "delivered"  # type: ignore[union-attr]


def test_no_job_holds_a_phone_number(machine_: Settings, store: Store) -> None:
    hire(store)
    saved = ask(store, 1, urgent=True)
    queue = Jobs(machine_, store)
    queue.send_text(TEXT, NOW)
    queue.ring(saved.id, "asha", NOW)
    queue.alert_new(Done(request=saved))
    queue.fetch_recording(saved.id, RECORDING, 9)

    dumped = store.redis.do(lambda client: [client.hgetall(key) for key in client.keys("rq:job:*")])

    assert len(dumped) == 4
    assert "7700900" not in str(dumped)
    assert "1164960" not in str(dumped)


# --- recordings -----------------------------------------------------------------------------


def test_a_message_is_copied_to_us_and_then_deleted_there(machine_: Settings, store: Store, twilio: Twilio) -> None:
    saved = ask(store)
    twilio.answers = [(200, b"RIFF sound"), (204, b"")]
    Jobs(machine_, store).fetch_recording(saved.id, RECORDING, 9)

    _work(store)

    assert twilio.asked == [f"GET {RECORDING}.wav", f"DELETE {RECORDING}.json"]
    found = store.requests.get(saved.id)
    assert found is not None
    assert found.messages == (SpokenMessage(RECORDING, 9),)
    assert recording_path(machine_, RECORDING).read_bytes() == b"RIFF sound"


def test_a_message_that_is_not_there_yet_is_not_deleted(machine_: Settings, store: Store, twilio: Twilio) -> None:
    """Twilio may tell of a recording before it has it."""
    saved = ask(store)
    twilio.answers = [(404, b"")]
    Jobs(machine_, store).fetch_recording(saved.id, RECORDING, 9)

    _work(store)

    assert twilio.asked == [f"GET {RECORDING}.wav"]


def test_a_message_we_were_never_told_of_is_found_at_twilio(machine_: Settings, store: Store, twilio: Twilio) -> None:
    """Redis was away when it ended. What belongs to no request of ours is left alone."""
    first, again = ask(store, 1), ask(store, 2, number=request(1).number)
    assert again.id == first.id, "the second joined the first"
    left = [_recorded(RECORDING, "CA002"), _recorded("RE" + "1" * 32, "CA999"), _recorded("RE2", "CA001", "processing")]
    twilio.answers = [(200, json.dumps({"recordings": left}).encode()), (200, b"RIFF sound"), (204, b"")]

    assert jobs.fetch_forgotten(jobs.Tools(machine_)) == 1

    assert twilio.asked[1:] == [f"GET {RECORDING}.wav", f"DELETE {RECORDING}.json"]
    assert store.requests.get(first.id).messages == (SpokenMessage(RECORDING, 7),)  # type: ignore[union-attr]


def _recorded(sid: str, call: str, status: str = "completed") -> dict[str, str]:
    return {"sid": sid, "call_sid": call, "duration": "7", "status": status}


def test_messages_go_when_their_days_are_over_and_with_their_request(
    machine_: Settings, store: Store, published: str
) -> None:
    saved = ask(store, 1, messages=(SpokenMessage("RE1", 4),))
    for name in ("RE1", "RE2"):
        path = recording_path(machine_, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")
    housekeeping = Housekeeping(machine_, store)

    assert housekeeping.tidy(time.time()) == 0
    store.requests.change(saved.id, lambda r: callback.cancel(r, "4271", NOW))
    assert housekeeping.tidy(time.time() + 31 * 86400) == 2
    assert list(recording_path(machine_, "x").parent.glob("*")) == []


# --- ringing --------------------------------------------------------------------------------


def test_an_adviser_is_rung_by_the_worker(machine_: Settings, store: Store, twilio: Twilio) -> None:
    hire(store)
    saved = ask(store)
    Jobs(machine_, store).ring(saved.id, "asha", NOW)

    _work(store)

    assert twilio.asked == ["POST Calls.json"]


def test_an_adviser_who_could_not_be_rung_is_told_on_the_card(machine_: Settings, store: Store, twilio: Twilio) -> None:
    hire(store)
    saved = ask(store)
    twilio.answers = [(400, b'{"code": 21211, "message": "no", "status": 400}')]
    Jobs(machine_, store).ring(saved.id, "asha", NOW)

    _work(store)

    assert store.requests.get(saved.id).events[-1].note == (  # type: ignore[union-attr]
        "Could not ring you: Twilio answered 400, code 21211. Ring by hand."
    )


# --- alerts ---------------------------------------------------------------------------------


class Mailbox(Message):
    """Keeps the mail it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.mail: list[str] = []

    def handle_message(self, message: object) -> None:
        self.mail.append(str(message))


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def test_an_alert_goes_by_mail_and_by_webhook(settings: Settings, twilio: Twilio, mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    mailing = replace(settings, smtp_url=url, smtp_from="line@example.org")

    alerts.send(mailing, ["desk@example.org"], f"http://127.0.0.1:{twilio.server_port}/hook", "Late", "A caller waits.")

    assert "Subject: Late" in box.mail[0]
    assert "A caller waits." in box.mail[0]
    assert twilio.asked == ["POST hook"]


def test_an_alert_that_failed_is_raised_so_that_it_is_tried_again(settings: Settings) -> None:
    with pytest.raises(AlertFailed, match="e-mail: ConnectionRefusedError; webhook: ConnectionError"):
        alerts.send(
            replace(settings, smtp_url="smtp://127.0.0.1:1", smtp_from="a@example.org"), ["b@example.org"],
            "http://127.0.0.1:1/", "Late", "x",
        )  # fmt: skip


def test_an_urgent_request_and_a_late_one_are_told_once_each_and_without_a_number(
    machine_: Settings, store: Store, files: dict[str, str], mailbox: tuple[Mailbox, str]
) -> None:
    from ivr import script
    from ivr.store import Published

    box, url = mailbox
    told = {**files, "line.yaml": files["line.yaml"].replace("email_to: []", "email_to: [desk@example.org]")}
    store.revisions.publish(Published(script.revision_of(told), 0.0, "tests", ""), told)
    jobs._made[:] = [jobs.Tools(replace(machine_, smtp_url=url, smtp_from="line@example.org"))]
    urgent, late = ask(store, 1, urgent=True), ask(store, 2, due=NOW - 60)
    queue = Jobs(machine_, store)

    for _ in range(3):
        queue.alert_new(Done(request=urgent))
        queue.look(NOW)
        _work(store)

    subjects = sorted(line for mail in box.mail for line in mail.splitlines() if line.startswith("Subject"))
    assert subjects == ["Subject: A caller has not been rung in time", "Subject: An urgent caller waits to be rung"]
    assert late.number[3:] not in json.dumps(box.mail)


def test_an_urgent_request_is_told_of_though_the_queue_was_away_when_it_came(machine_: Settings, store: Store) -> None:
    """The next look finds it, as it was written down."""
    saved = ask(store, 1, urgent=True, due=NOW + 60)

    Jobs(machine_, store).look(NOW)

    queued = store.redis.do(lambda client: client.keys("rq:job:*"))
    assert queued == [f"rq:job:alert-{saved.id}-urgent".encode()]


def test_a_request_that_was_dealt_with_is_not_told_of(machine_: Settings, store: Store, published: str) -> None:
    saved = ask(store, 1, due=NOW - 60)
    Jobs(machine_, store).look(NOW)
    store.requests.change(saved.id, lambda r: callback.cancel(r, "4271", NOW))

    _work(store)  # would fail: this machine has nowhere to send an alert
