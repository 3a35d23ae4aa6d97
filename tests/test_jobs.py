"""The worker: a real queue in a real Redis, done by a real worker."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, message_from_string
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from rq import Callback, Queue
from rq.serializers import JSONSerializer, PickleSerializer
from structlog.testing import capture_logs

from ivr.authoring import drafts
from ivr.callbacks import callback, flood
from ivr.callbacks.flood import FloodSpan
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.hours import LONDON
from ivr.machine import alerts
from ivr.machine.alerts import Alert, AlertFailed
from ivr.machine.config import Settings
from ivr.processes import worker
from ivr.processes.tools import Tools
from ivr.processes.worker import FORGOTTEN_SECONDS, MAY_HAVE_GONE_SECONDS, RING_WITHIN_SECONDS
from ivr.script.session import Done, Failed, SendText
from ivr.store import Published, Store
from ivr.usecases.jobs import CHANNELS, QUEUES, RING, TEXTS, AlertReason, Channel, Jobs, read_recording, recording_path
from tests.desk import HOUR, NOW, ask, asked_otherwise, hire, request
from tests.ports import free_port
from tests.rest import Twilio, at_once, work
from tests.test_rest import RECORDING
from tests.tls import certificate, context

TEXT = SendText("CA1.7", "+447700900123", "text_us", "Hello.")


# --- texts ----------------------------------------------------------------------------------


def test_a_text_is_written_down_queued_and_sent(tools: Tools, store: Store, twilio: Twilio) -> None:
    assert isinstance(tools.jobs.send_text(TEXT, NOW), Done)
    assert store.texts.get(TEXT.id).fate == "waiting"  # type: ignore[union-attr]

    work(tools)

    assert twilio.asked == ["POST Messages.json"]
    assert (store.texts.get(TEXT.id).fate, store.texts.get(TEXT.id).sid) == ("sent", "SM1")  # type: ignore[union-attr]


def test_a_text_asked_for_twice_is_sent_once(tools: Tools, store: Store, twilio: Twilio) -> None:
    """A webhook may come twice, and so may what it asks for."""
    for _ in range(3):
        tools.jobs.send_text(TEXT, NOW)
        work(tools)

    assert twilio.asked == ["POST Messages.json"]


def test_a_text_twilio_refuses_has_failed_and_is_shown(tools: Tools, store: Store, twilio: Twilio) -> None:
    twilio.answers = [(400, b'{"code": 21610, "message": "no", "status": 400}')]
    tools.jobs.send_text(TEXT, NOW)

    work(tools)

    assert [(text.id, text.why) for text in store.texts.failed()] == [(TEXT.id, "Twilio answered 400, code 21610: no")]


def test_a_text_that_was_certainly_not_sent_is_tried_again(tools: Tools, store: Store, twilio: Twilio) -> None:
    twilio.answers = [(503, b"{}")]
    tools.jobs.send_text(TEXT, NOW)

    work(tools)

    assert store.texts.get(TEXT.id).fate == "waiting"  # type: ignore[union-attr]
    scheduled = store.redis.do(lambda client: client.zcard("rq:scheduled:ivr"))
    assert scheduled == 1


def test_a_text_that_the_queue_lost_is_found_again(tools: Tools, store: Store, twilio: Twilio) -> None:
    """It was written down first."""
    tools.jobs.send_text(TEXT, NOW)
    store.redis.do(lambda client: client.delete(*client.keys("rq:*")))

    worker.look(tools, NOW + FORGOTTEN_SECONDS + 1)
    work(tools)

    assert twilio.asked == ["POST Messages.json"]


def test_a_text_whose_worker_ended_while_sending_is_not_sent_again(tools: Tools, store: Store, twilio: Twilio) -> None:
    """It may have gone, so an adviser is told instead."""
    tools.jobs.send_text(TEXT, NOW)
    assert store.texts.begin(TEXT.id, NOW + 5)  # and here the worker ends

    for later in (MAY_HAVE_GONE_SECONDS, MAY_HAVE_GONE_SECONDS + 5):
        assert store.texts.failed() == []
        worker.look(tools, NOW + later)

    work(tools)
    assert twilio.asked == []
    assert [text.why for text in store.texts.failed()] == ["The line stopped at that moment. The text may have gone"]


def test_without_an_account_no_text_is_promised(tools: Tools, store: Store) -> None:
    assert isinstance(Jobs(replace(tools.settings, practice=True), store).send_text(TEXT, NOW), Failed)
    assert store.texts.get(TEXT.id) is None


def test_news_of_a_text_only_goes_forward(store: Store, tools: Tools) -> None:
    """A late notice that it was sent does not undo that it was delivered."""
    tools.jobs.send_text(TEXT, NOW)
    for fate in ("sent", "delivered", "sent"):
        store.texts.became(TEXT.id, fate)  # type: ignore[arg-type]

    assert store.texts.get(TEXT.id).fate == "delivered"  # type: ignore[union-attr]


def test_no_job_holds_a_phone_number(tools: Tools, store: Store) -> None:
    hire(store)
    saved = ask(store, 1, urgent=True)
    tools.jobs.send_text(TEXT, NOW)
    tools.jobs.ring(saved.id, "asha", NOW)
    tools.jobs.alert_new(Done(request=saved), NOW)
    tools.jobs.fetch_recording(saved.id, RECORDING, 9)

    tools.jobs.fetch_forgotten(NOW)
    tools.jobs.alert_of_process("web")
    tools.jobs.alert_of_flood("1")
    tools.jobs.alert_of_spending("near", dt.date(2026, 11, 25))
    tools.jobs.ask_for_sender(NOW)

    queues = [Queue(queue, connection=store.queue_client(), serializer=JSONSerializer) for queue in QUEUES]
    queued = [job for queue in queues for job in queue.jobs]
    told = [(job.func_name, job.args, job.to_dict(include_meta=True)) for job in queued]

    assert sorted({name for name, _, _ in told}) == sorted(worker.JOBS)
    assert "7700900" not in str(told)
    assert "1164960" not in str(told)


# --- recordings -----------------------------------------------------------------------------


def test_a_message_is_copied_to_us_and_then_deleted_there(tools: Tools, store: Store, twilio: Twilio) -> None:
    saved = ask(store)
    twilio.answers = [(200, b"RIFF sound"), (204, b"")]
    tools.jobs.fetch_recording(saved.id, RECORDING, 9)

    work(tools)

    assert twilio.asked == [f"GET {RECORDING}.wav", f"DELETE {RECORDING}.json"]
    found = store.requests.get(saved.id)
    assert found is not None
    assert found.messages == (SpokenMessage(RECORDING, 9, at=saved.asked_at, wish=saved.id),)
    path = recording_path(tools.settings, RECORDING)
    assert read_recording(tools.settings, RECORDING) == b"RIFF sound"
    assert list(path.parent.iterdir()) == [path]
    assert [each.stat().st_mode & 0o777 for each in (path.parent, path)] == [0o700, 0o600]


def test_a_message_that_is_not_there_yet_is_not_deleted(tools: Tools, store: Store, twilio: Twilio) -> None:
    """Twilio may tell of a recording before it has it."""
    saved = ask(store)
    twilio.answers = [(404, b"")]
    tools.jobs.fetch_recording(saved.id, RECORDING, 9)

    work(tools)

    assert twilio.asked == [f"GET {RECORDING}.wav"]


def test_a_message_we_were_never_told_of_is_found_at_twilio(tools: Tools, store: Store, twilio: Twilio) -> None:
    """Redis was away when it ended. What belongs to no request of ours is left alone."""
    first, again = ask(store, 1), ask(store, 2, number=request(1).number)
    assert again.id == first.id, "the second joined the first"
    left = [_recorded(RECORDING, "CA002"), _recorded("RE" + "1" * 32, "CA999"), _recorded("RE2", "CA001", "processing")]
    twilio.answers = [(200, json.dumps({"recordings": left}).encode()), (200, b"RIFF sound"), (204, b"")]

    tools.jobs.fetch_forgotten(NOW)
    work(tools)

    assert twilio.asked[1:] == [f"GET {RECORDING}.wav", f"DELETE {RECORDING}.json"]
    (message,) = store.requests.get(first.id).messages  # type: ignore[union-attr]
    assert (message.name, message.seconds, message.wish) == (RECORDING, 7, "CA002-1"), "it knows which of the two it is"


def test_a_message_that_cannot_be_had_keeps_no_other_from_being_fetched(
    tools: Tools, store: Store, twilio: Twilio
) -> None:
    ask(store, 1)
    saved = ask(store, 2)
    left = [_recorded("RE" + "1" * 32, "CA001"), _recorded(RECORDING, "CA002")]
    twilio.answers = [
        (200, json.dumps({"recordings": left}).encode()), (404, b""), (200, b"RIFF sound"), (204, b""),
    ]  # fmt: skip

    tools.jobs.fetch_forgotten(NOW)
    work(tools)

    assert [message.name for message in store.requests.get(saved.id).messages] == [RECORDING]  # type: ignore[union-attr]


def test_a_message_of_a_deleted_request_is_kept_nowhere(tools: Tools, store: Store, twilio: Twilio) -> None:
    """Its caller may have asked for that. It was deleted while the message was on its way."""
    saved = ask(store)
    tools.jobs.fetch_recording(saved.id, RECORDING, 9)
    twilio.answers = [(204, b"")]
    store.requests.delete(saved.id)

    work(tools)

    assert twilio.asked == [f"DELETE {RECORDING}.json"], "nor is it fetched"
    assert not recording_path(tools.settings, RECORDING).exists()


def test_a_message_of_a_deleted_request_that_we_were_never_told_of_is_deleted_at_twilio(
    tools: Tools, store: Store, twilio: Twilio
) -> None:
    """Also one of a call that joined it."""
    first = ask(store, 1)
    ask(store, 2, number=request(1).number)
    store.requests.delete(first.id)
    left = [_recorded(RECORDING, "CA001"), _recorded("RE" + "1" * 32, "CA999"), _recorded("RE" + "2" * 32, "CA002")]
    twilio.answers = [(200, json.dumps({"recordings": left}).encode()), (204, b""), (204, b"")]

    tools.jobs.fetch_forgotten(NOW)
    work(tools)

    assert twilio.asked[1:] == [f"DELETE {RECORDING}.json", f"DELETE RE{'2' * 32}.json"]


def _recorded(sid: str, call: str, status: str = "completed") -> dict[str, str]:
    return {"sid": sid, "call_sid": call, "duration": "7", "status": status}


def test_messages_go_when_their_days_are_over_and_with_their_request(
    tools: Tools, store: Store, published: str
) -> None:
    saved = ask(store, 1, messages=(SpokenMessage("RE1", 4),))
    for name in ("RE1", "RE2"):
        path = recording_path(tools.settings, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")

    assert worker.tidy(tools, time.time()) == 0
    store.requests.change(saved.id, lambda r: callback.cancel(r, "4271", NOW))
    assert worker.tidy(tools, time.time() + 31 * 86400) == 2
    assert list(recording_path(tools.settings, "x").parent.glob("*")) == []


# --- ringing --------------------------------------------------------------------------------


def _taken(store: Store) -> CallbackRequest:
    """A request that asha has taken just now."""
    saved = ask(store)
    return store.requests.change(saved.id, lambda r: callback.claim(r, "asha", time.time()))


def test_an_adviser_is_rung_by_the_worker(tools: Tools, store: Store, twilio: Twilio) -> None:
    hire(store)
    saved = _taken(store)
    tools.jobs.ring(saved.id, "asha", time.time())

    work(tools)

    assert twilio.asked == ["POST Calls.json"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((400, b'{"code": 21211, "message": "no", "status": 400}'), "Twilio answered 400, code 21211: no"),
        ((503, b"{}"), "Twilio answered 503, code 503"),
        ((200, b"<html>"), "Twilio's answer makes no sense, so it is not known whether it was done"),
    ],
)
def test_an_adviser_who_could_not_be_rung_is_told_on_the_card_and_not_rung_again(
    tools: Tools, store: Store, twilio: Twilio, answer: tuple[int, bytes], why: str
) -> None:
    hire(store)
    saved = _taken(store)
    twilio.answers = [answer]
    tools.jobs.ring(saved.id, "asha", time.time())

    work(tools)

    assert store.requests.get(saved.id).events[-1].note == f"Could not ring you: {why}. Ring by hand."  # type: ignore[union-attr]
    assert twilio.asked == ["POST Calls.json"]


def test_an_adviser_who_gave_it_back_or_waited_too_long_is_not_rung(tools: Tools, store: Store, twilio: Twilio) -> None:
    """The worker was away when they asked. By now somebody else may have the request."""
    hire(store)
    saved = _taken(store)
    tools.jobs.ring(saved.id, "asha", time.time() - RING_WITHIN_SECONDS - 1)
    work(tools)
    note = "Could not ring you: The line was too busy at that moment. Ring by hand."
    assert store.requests.get(saved.id).events[-1].note == note  # type: ignore[union-attr]

    tools.jobs.ring(saved.id, "asha", time.time())
    store.requests.change(saved.id, lambda r: callback.release(r, "asha", time.time()))
    work(tools)

    assert twilio.asked == []


def test_nothing_that_goes_wrong_rings_an_adviser_again(
    tools: Tools, store: Store, twilio: Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the note of it cannot be written."""
    hire(store)
    saved = _taken(store)
    twilio.answers = [(400, b"{}")]
    monkeypatch.setattr(tools.store.requests, "change", None)
    tools.jobs.ring(saved.id, "asha", time.time())

    work(tools)

    assert twilio.asked == ["POST Calls.json"]
    assert store.redis.do(lambda client: client.zcard(f"rq:scheduled:{RING}")) == 1, "the note is tried again"
    monkeypatch.undo()
    at_once(store, RING)
    work(tools)

    assert twilio.asked == ["POST Calls.json"]
    note = "Could not ring you: The line stopped at that moment, so your phone may still ring. Ring by hand."
    assert store.requests.get(saved.id).events[-1].note == note  # type: ignore[union-attr]


# --- alerts ---------------------------------------------------------------------------------


LATE = Alert("CA1-late-mail-1", "Late", "x")


class Mailbox(Message):
    """Keeps the mail it is given, and how it came."""

    def __init__(self) -> None:
        super().__init__()
        self.mail: list[str] = []
        self.came: list[tuple[bool, bytes | None]] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: object) -> str:  # noqa: N802
        if address.startswith("nobody"):
            return "550 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        login = session.auth_data.password if session.auth_data else None
        self.came.append((session.ssl is not None, login))
        return str(await super().handle_DATA(server, session, envelope))

    def handle_message(self, message: object) -> None:
        self.mail.append(str(message))


@contextlib.contextmanager
def _mail_server(box: Mailbox, host: str = "127.0.0.1", **options: object) -> Iterator[int]:
    """A mail server for this mailbox, that lets everybody in who shows a password."""

    def anybody(server: SMTP, session: Session, envelope: Envelope, how: str, shown: object) -> AuthResult:
        return AuthResult(success=True, auth_data=shown)

    controller = Controller(box, hostname=host, port=free_port(), authenticator=anybody, **options)
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    with _mail_server(box) as port:
        yield box, f"smtp://127.0.0.1:{port}"


@pytest.fixture
def told(tools: Tools, store: Store, files: dict[str, str], twilio: Twilio, mailbox: tuple[Mailbox, str]) -> Tools:
    """A worker whose line.yaml says to tell a mailbox and a webhook."""
    hook = f"http://127.0.0.1:{twilio.server_port}/hook"
    to = f'email_to: ["desk@example.org"]\n  webhook: "{hook}"'
    live = {**files, "line.yaml": files["line.yaml"].replace("email_to: []", to)}
    store.revisions.publish(Published(drafts.revision_of(live), 0.0, "tests", ""), live)
    tools.settings = replace(tools.settings, smtp_url=mailbox[1], smtp_from="line@example.org")
    return tools


def test_an_alert_goes_by_mail_and_by_webhook(
    told: Tools, store: Store, twilio: Twilio, mailbox: tuple[Mailbox, str]
) -> None:
    ask(store, 1, due=NOW - 60)

    worker.look(told, NOW)
    work(told)

    (mail,) = (message_from_string(mail, policy=default) for mail in mailbox[0].mail)
    assert mail["Subject"] == "A caller has not been rung in time"
    assert "A call was promised by 10:29 on Wednesday" in mail.get_content()
    assert twilio.asked == ["POST hook"]


class Strict(Mailbox):
    """Takes no mail that lacks what a standard or a spam filter wants, nor a sender that greets it wrongly."""

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        session.host_name = name
        return said if "." in name else ["550 That is no name"]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        mail = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=default)
        lacking = [
            name for name in ("Date", "Message-ID", "From", "To", "Subject") if len(mail.get_all(name) or []) != 1
        ]
        if lacking or not content.isascii() or max(map(len, content.splitlines())) > 998:
            return f"550 5.7.1 {lacking}"
        return await super().handle_DATA(server, session, envelope)


def test_a_strict_mail_server_takes_an_alert(settings: Settings) -> None:
    box, wide = Strict(), Alert("CA1-1-late-mail-1795000000", "Zoë waits – today", "Zoë’s line is long: " + "ж" * 2000)
    with _mail_server(box) as port:
        sender = replace(settings, smtp_url=f"smtp://127.0.0.1:{port}", smtp_from="The line <line@example.org>")
        alerts.mail(sender, ["desk@example.org", "Another <two@example.org>"], wide)

    mail = message_from_string(box.mail[0], policy=default)
    assert abs(mail["Date"].datetime.timestamp() - time.time()) < 60
    assert mail["Message-ID"] == "<CA1-1-late-mail-1795000000@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["Subject"], mail.get_content().strip()) == (wide.subject, wide.words)
    assert [one.addr_spec for one in mail["To"].addresses] == ["desk@example.org", "two@example.org"]


def test_an_alert_that_is_tried_again_is_known_by_its_id_and_one_that_is_told_anew_has_another(
    told: Tools, store: Store, twilio: Twilio, mailbox: tuple[Mailbox, str]
) -> None:
    twilio.answers = [(500, b"")]
    saved = ask(store, 1, due=NOW - 60)
    worker.look(told, NOW)
    work(told)
    at_once(store, CHANNELS["webhook"])
    work(told)
    assert twilio.asked == ["POST hook"] * 2
    assert len(set(twilio.keys)) == 1
    assert twilio.keys[0].startswith(f"{saved.id}-late-webhook-")

    for way in CHANNELS:  # a day later, what was done is forgotten
        store.redis.do(lambda client, way=way: client.delete(f"rq:job:alert-{saved.id}-late-{way}"))
    time.sleep(1.1)  # ids tell seconds apart
    worker.look(told, NOW)
    work(told)

    assert len(set(twilio.keys)) == 2
    ids = [message_from_string(mail, policy=default)["Message-ID"] for mail in mailbox[0].mail]
    assert len(set(ids)) == len(ids) == 2


@pytest.mark.parametrize("way", ["mail", "webhook"])
def test_an_alert_that_failed_one_way_is_tried_again_that_way_only(
    told: Tools, store: Store, twilio: Twilio, mailbox: tuple[Mailbox, str], way: Channel
) -> None:
    """Receivers who already got an alert do not get it six times."""
    if way == "webhook":
        twilio.answers = [(500, b"")]
    else:
        told.settings = replace(told.settings, smtp_url="smtp://127.0.0.1:1")
    saved = ask(store, 1, due=NOW - 60)

    worker.look(told, NOW)
    work(told)

    assert (len(mailbox[0].mail), twilio.asked) == (int(way == "webhook"), ["POST hook"])
    queue = f"rq:scheduled:{CHANNELS[way]}"
    scheduled = store.redis.do(lambda client: client.zrange(queue, 0, -1))
    assert scheduled == [f"alert-{saved.id}-late-{way}".encode()]


def test_what_stood_in_the_way_of_an_alert_is_told(settings: Settings) -> None:
    nobody = replace(settings, smtp_url="smtp://127.0.0.1:1", smtp_from="a@example.org")

    with pytest.raises(AlertFailed, match=r"^e-mail: ConnectionRefusedError$"):
        alerts.mail(nobody, ["b@example.org"], LATE)
    with pytest.raises(AlertFailed, match=r"^webhook: ConnectionError$"):
        alerts.post("http://127.0.0.1:1/", LATE)


#: An address that leads to this machine without saying so.
SOMEWHERE = "0.0.0.0"


def _mail(settings: Settings, url: str, *to: str) -> None:
    alerts.mail(replace(settings, smtp_url=url, smtp_from="a@example.org"), list(to) or ["b@example.org"], LATE)


@pytest.mark.parametrize("host", ["127.0.0.1", SOMEWHERE])
def test_mail_goes_by_tls_to_a_server_that_wants_it(
    settings: Settings, tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On this machine whatever its certificate is; elsewhere if that is good."""
    made, box = certificate(tmp_path, SOMEWHERE), Mailbox()
    if host == SOMEWHERE:
        monkeypatch.setenv("SSL_CERT_FILE", str(made))

    with _mail_server(box, host, tls_context=context(made), require_starttls=True) as port:
        _mail(settings, f"smtp://line:p%40ss@{host}:{port}")

    assert box.came == [(True, b"p@ss")]


def test_mail_goes_by_tls_from_the_first_byte_where_the_address_says_so(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, box = certificate(tmp_path, SOMEWHERE), Mailbox()
    monkeypatch.setenv("SSL_CERT_FILE", str(made))

    with _mail_server(box, SOMEWHERE, ssl_context=context(made)) as port:
        _mail(settings, f"smtps://{SOMEWHERE}:{port}")

    assert len(box.mail) == 1


@pytest.mark.parametrize("kind", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(settings: Settings, tmp_path: Path, kind: str) -> None:
    made, box = context(certificate(tmp_path, SOMEWHERE)), Mailbox()
    options = {"tls_context": made} if kind == "smtp" else {"ssl_context": made}

    with (
        _mail_server(box, SOMEWHERE, **options) as port,
        pytest.raises(AlertFailed, match="e-mail: SSLCertVerificationError"),
    ):
        _mail(settings, f"{kind}://line:password@{SOMEWHERE}:{port}")

    assert box.came == []


def test_a_password_is_shown_without_tls_on_this_machine_only(settings: Settings) -> None:
    box = Mailbox()

    with _mail_server(box, SOMEWHERE, auth_require_tls=False) as port:
        _mail(settings, f"smtp://line:password@127.0.0.1:{port}")
        _mail(settings, f"smtp://{SOMEWHERE}:{port}")
        with pytest.raises(AlertFailed, match="the server offers no TLS, and the password in SMTP_URL is not sent"):
            _mail(settings, f"smtp://line:password@{SOMEWHERE}:{port}")

    assert box.came == [(False, b"password"), (False, None)]


def test_an_address_that_is_refused_keeps_no_alert_from_the_others(
    settings: Settings, mailbox: tuple[Mailbox, str]
) -> None:
    """It is not sent to them again either. The operator sees it in the log."""
    with capture_logs() as logged:
        _mail(settings, mailbox[1], "nobody@example.org", "desk@example.org")

    assert len(mailbox[0].mail) == 1
    assert [line["why"] for line in logged] == ["1 of 2 addresses were refused by the mail server"]


def test_ten_who_are_late_are_one_alert(told: Tools, store: Store, mailbox: tuple[Mailbox, str]) -> None:
    """It says how many there are. A caller who becomes late after that raises a new alert."""
    for number in range(10):
        ask(store, number, due=NOW - 60 * number)
    worker.look(told, NOW)
    worker.look(told, NOW)
    ask(store, 11, due=NOW + 60)
    worker.look(told, NOW + 120)
    work(told)

    assert len(mailbox[0].mail) == 2


def test_a_flood_of_urgent_callers_is_one_alert(told: Tools, store: Store, mailbox: tuple[Mailbox, str]) -> None:
    """280 forged callers, each urgent. Once they are taken out, the next urgent caller is told as always."""
    many = [ask(store, nth, number=f"+4477009{nth:05}", today=True, asked_at=NOW, due=NOW + HOUR) for nth in range(280)]
    for each in many:
        told.jobs.alert_if_urgent(each, NOW)
    for _ in range(3):
        worker.look(told, NOW)
    work(told)

    (mail,) = mailbox[0].mail
    assert "Subject: Very many callers ask to be rung" in mail
    assert "280 within an hour" in mail

    span = FloodSpan(NOW - 1, NOW + 1)
    for each in many:
        store.requests.change(each.id, lambda r: flood.taken_out(r, "asha", NOW, span))
    ask(store, 900, today=True, asked_at=NOW, due=NOW + HOUR)
    worker.look(told, NOW)
    work(told)

    assert len(mailbox[0].mail) == 2


def test_requests_that_are_late_for_a_day_are_named_to_whoever_gets_the_alerts(
    told: Tools, store: Store, mailbox: tuple[Mailbox, str]
) -> None:
    """Each stays open until a person closes it."""
    now = time.time()
    for number in range(12):
        ask(store, number, due=now - 30 * HOUR - number)
    ask(store, 13, due=now - HOUR)

    worker.look(told, now)
    worker.end_half_made(told, now)
    work(told)

    words = message_from_string(mailbox[0].mail[0], policy=default).get_content()
    assert "Late for a day or more. Each waits until a person closes it:" in words
    assert words.count("/console/request/CA") == 11
    since = dt.datetime.fromtimestamp(now - 30 * HOUR - 11, LONDON)
    assert f"since {since:%A %-d %B}: https://line.example.org/console/request/CA011-1" in words
    assert "and 2 more" in words
    assert "CA013-1" in words, "the latest, of which the alert is"
    assert len(store.requests.waiting()) == 13


def test_who_hung_up_half_way_and_was_not_rung_in_a_day_ends_and_is_under_ended(
    tools: Tools, store: Store, published: str
) -> None:
    ask(store, 1, state="unfinished", asked_at=NOW, due=NOW)
    ask(store, 2, due=NOW)

    worker.end_half_made(tools, NOW + 2 * 24 * HOUR)

    assert [each.id for each in store.requests.waiting()] == ["CA002-1"]
    assert [(each.id, each.state) for each in store.requests.ended()] == [("CA001-1", "lapsed")]


def test_what_was_spent_is_told_once_for_each_stage_of_the_ceiling(
    told: Tools, store: Store, mailbox: tuple[Mailbox, str]
) -> None:
    """The shipped ceiling is 50 pounds, and a minute that the line dials costs 4 pence."""
    now = time.time()
    for about, minutes in (("CA1", 940), ("CA2", 190), ("CA3", 130)):
        store.spendings.add("dialled_minutes", minutes, about, now)
        store.spendings.add("dialled_minutes", minutes, about, now)  # a report that comes twice
        for _ in range(3):
            worker.look(told, now)
        work(told)

    told_of = [re.search(r"about ([0-9.]+) of 50 pounds", mail.replace("=\n", "")) for mail in mailbox[0].mail]
    assert [found and found[1] for found in told_of] == ["37.60", "45.20", "50.40"]


def test_at_the_ceiling_nobody_is_rung_by_one_click_and_the_card_says_so(
    told: Tools, store: Store, twilio: Twilio
) -> None:
    hire(store)
    saved = _taken(store)
    store.spendings.add("dialled_minutes", 1250, "CA1", time.time())

    told.jobs.ring(saved.id, "asha", time.time())
    work(told)

    assert "POST Calls.json" not in twilio.asked
    note = "Could not ring you: The line has spent what it may spend in a day. Ring by hand."
    assert store.requests.get(saved.id).events[-1].note == note  # type: ignore[union-attr]


def test_who_hung_up_half_way_is_alerted_of_too_once_they_can_be_rung(
    tools: Tools, store: Store, published: str
) -> None:
    ask(store, 1, urgent=True, state="unfinished", asked_at=NOW, due=NOW + 4 * HOUR)

    worker.look(tools, NOW + 60)
    assert store.redis.do(lambda client: client.keys("rq:job:*")) == []
    worker.look(tools, NOW + callback.UNFINISHED_WAIT + 60)
    worker.look(tools, NOW + 5 * HOUR)

    queued = {
        key.decode().removeprefix("rq:job:alert-CA001-1-") for key in store.redis.do(lambda c: c.keys("rq:job:*"))
    }
    assert queued == {"urgent-mail", "urgent-webhook", "late-mail", "late-webhook"}


def test_an_urgent_request_and_a_late_one_are_told_once_each_and_without_a_number(
    told: Tools, store: Store, mailbox: tuple[Mailbox, str]
) -> None:
    urgent, late = ask(store, 1, urgent=True), ask(store, 2, due=NOW - 60)

    for _ in range(3):
        told.jobs.alert_new(Done(request=urgent), NOW)
        worker.look(told, NOW)
        work(told)

    mail = mailbox[0].mail
    subjects = sorted(line for each in mail for line in each.splitlines() if line.startswith("Subject"))
    assert subjects == [
        "Subject: A caller has not been rung in time",
        "Subject: An urgent caller is waiting to be rung",
    ]
    assert late.number[3:] not in json.dumps(mail)


def test_an_urgent_request_is_told_of_though_the_queue_was_away_when_it_came(tools: Tools, store: Store) -> None:
    """The next look finds it, as it was written down."""
    saved = ask(store, 1, urgent=True, due=NOW + 60)

    worker.look(tools, NOW)

    queued = store.redis.do(lambda client: client.keys("rq:job:*"))
    assert sorted(queued) == [f"rq:job:alert-{saved.id}-urgent-{way}".encode() for way in ("mail", "webhook")]


def test_a_request_that_was_dealt_with_is_not_told_of(
    told: Tools, store: Store, twilio: Twilio, mailbox: tuple[Mailbox, str]
) -> None:
    saved = ask(store, 1, due=NOW - 60)
    worker.look(told, NOW)
    store.requests.change(saved.id, lambda r: callback.cancel(r, "4271", NOW))

    work(told)

    assert (mailbox[0].mail, twilio.asked) == ([], [])


@pytest.mark.parametrize("what", ["late", "urgent"])
def test_an_alert_that_had_to_wait_tells_nothing_that_is_no_longer_so(
    told: Tools, store: Store, mailbox: tuple[Mailbox, str], what: AlertReason
) -> None:
    """The mail server was down, and meanwhile the caller was tried, or the urgent one was dealt with."""
    saved = ask(store, 1, due=NOW - 60, urgent=what == "urgent")
    told.jobs.alert(saved.id, what)
    store.requests.change(saved.id, lambda r: asked_otherwise(r, due=time.time() + 3600, urgent=False))

    work(told)
    assert mailbox[0].mail == []

    store.requests.change(saved.id, lambda r: asked_otherwise(r, due=NOW - 60, urgent=what == "urgent"))
    worker.look(told, NOW)
    work(told)
    assert mailbox[0].mail, "it is so again"


# --- the queue ------------------------------------------------------------------------------


CALLED: list[object] = []


def called(*what: object) -> None:
    """What somebody else would have the worker do."""
    CALLED.append(what)


def test_only_our_own_jobs_are_done(tools: Tools, store: Store) -> None:
    """Write access to Redis does not allow anybody to choose what runs in the worker: by name, by pickle, or
    as a callback.
    """
    ours = f"{__name__}.called"
    for serializer in (JSONSerializer, PickleSerializer):
        queue = Queue(TEXTS, connection=store.queue_client(), serializer=serializer)
        queue.enqueue(ours)
        queue.enqueue("send_text", args=("none",), on_success=Callback(ours), on_failure=Callback(ours))
        queue.enqueue("send_text", args=("too", "many"), on_success=Callback(ours), on_failure=Callback(ours))
    tools.jobs.send_text(TEXT, NOW)

    work(tools)

    assert CALLED == []
    assert store.texts.get(TEXT.id).fate == "sent", "and the worker goes on"  # type: ignore[union-attr]
