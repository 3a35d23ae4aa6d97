"""The line as Twilio and a caller use it: signed webhooks to the real app, and its TwiML parsed."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator
from werkzeug.test import Client, TestResponse

from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.practice.transcript import ADVISER_DOES, Transcript, TranscriptEntry, inputs_of
from ivr.processes.server import AT_ONCE
from ivr.script.session import Input, Key, Recorded
from ivr.store import Spool, Store
from ivr.web import create_app
from ivr.web.admission import Admission

OPEN = dt.datetime(2026, 11, 25, 10, 30, tzinfo=LONDON)
CALLER = "+447700900123"


class FromHere(Client):
    """A client whose requests come from this machine, as a server reports them."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        if arguments and isinstance(arguments[0], str):  # and not a redirect that is followed, which has it already
            options.setdefault("environ_base", {"REMOTE_ADDR": "127.0.0.1"})
        return super().open(*arguments, **options)


class Line:
    """The app with a clock of the test's. A context manager, so that its threads end."""

    def __init__(self, settings: Settings, store: Store):
        self.settings, self.store, self.now = settings, store, OPEN
        self.app = create_app(settings, store, clock=lambda: self.now)
        self.spool = Spool(settings.spool_dir, settings.keys)
        self.client = FromHere(Admission(self.app, AT_ONCE))
        self._signer = RequestValidator(settings.auth_tokens[0])

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.app.close()

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        """Send a webhook as Twilio does. `path` may be the whole URL, as in TwiML."""
        target = path.removeprefix(self.settings.public_url)
        signature = self._signer.compute_signature(self.settings.public_url + target, form)
        return self.client.post(target, data=form, headers={"X-Twilio-Signature": signature, **headers})

    def call(self, caller: str = CALLER, sid: str = "CA" + "1" * 32, **shown: str) -> Call:
        """Ring the line, with additional or different fields in each form."""
        return Call(self, caller, sid, **shown)


class Call:
    """One phone call."""

    def __init__(self, line: Line, caller: str, sid: str, **shown: str):
        self.line, self.sid = line, sid
        usual = {"CallSid": sid, "From": caller, "To": "+441164960000", "CallStatus": "in-progress", "FromCity": ""}
        self.form = {**usual, **shown}
        self.replies: list[ET.Element] = []
        self._take(line.post("/voice", self.form))

    # what the caller does

    def press(self, keys: str) -> Call:
        for key in keys:
            self.put_in(Digits=key, FinishedOnKey="")
        return self

    def enter(self, digits: str) -> Call:
        return self.put_in(Digits=digits, FinishedOnKey="#")

    def wait(self) -> Call:
        return self.put_in()

    def put_in(self, after: float = 5, **form: str) -> Call:
        """The webhook that follows the last reply."""
        self.line.now += dt.timedelta(seconds=after)
        return self._take(self.line.post(self.action, {**self.form, **form}))

    def _take(self, response: TestResponse) -> Call:
        assert response.status_code == 200, response.status
        assert response.mimetype == "text/xml"
        self.replies.append(ET.fromstring(response.text))
        return self

    # what the line does

    @property
    def reply(self) -> ET.Element:
        return self.replies[-1]

    @property
    def words(self) -> str:
        """The words of the last reply."""
        return said(self.reply)

    @property
    def action(self) -> str:
        """The address of the next webhook."""
        return next(e.attrib["action"] for e in self.reply.iter() if "action" in e.attrib)

    @property
    def place(self) -> str:
        """The node the call is at, according to that address."""
        return urlsplit(self.action).query.removeprefix("at=").split(".")[0]

    @property
    def place_told(self) -> bool:
        """Whether the call has ended with the hours and the number, in words that no key can interrupt."""
        return self.has("Hangup") and not self.has("Gather") and "Our number is" in self.words

    @property
    def turn(self) -> int:
        return int(urlsplit(self.action).path.rsplit("/", 1)[1])

    def verb(self, name: str) -> ET.Element:
        found = self.reply.find(f".//{name}")
        assert found is not None, f"no {name} in {ET.tostring(self.reply).decode()}"
        return found

    def has(self, name: str) -> bool:
        return self.reply.find(f".//{name}") is not None


def said(document: ET.Element) -> str:
    """The words of every Say in a document, with single spaces."""
    text = " ".join("".join(say.itertext()) for say in document.iter("Say"))
    return re.sub(r"\s+", " ", text).strip()


def play_over_http(line: Line, wanted: Transcript) -> Transcript:
    """A golden call through HTTP, Redis and TwiML. Only what is heard is compared, not what is stored."""
    line.now = wanted.when
    phone = _Phone(line, "+44" + wanted.caller.replace(" ", "").removeprefix("0") if wanted.caller else "anonymous")
    for entry in wanted.entries:
        if entry.put_in and phone.entries[-1].who != "ENDS":
            phone.do(entry)
    return Transcript(wanted.when, wanted.caller, tuple(phone.entries), wanted.about, wanted.name)


class _Phone:
    """Somebody who follows a transcript over the telephone."""

    def __init__(self, line: Line, caller: str):
        self.line, self.call = line, line.call(caller)
        self.entries: list[TranscriptEntry] = []
        self._hear()

    def do(self, entry: TranscriptEntry) -> None:
        self.entries.append(TranscriptEntry(entry.who, entry.text))
        if entry.who == "ADVISER":
            _adviser(self.line, self.call, entry.text)
            self._hear()
            return
        inputs = inputs_of(entry.text)
        if not inputs:
            self.line.post("/voice/status", {**self.call.form, "CallStatus": "completed"})
            self.entries.append(TranscriptEntry("ENDS", "the caller hangs up"))
        for i, event in enumerate(inputs or ()):
            self._put_in(event, 0.4 if i else 5)
            self._hear()

    def _put_in(self, event: Input, after: float) -> None:
        match event:
            case Key(keys) if self.call.has("Record") and not self.call.has("Gather"):
                self.call.put_in(after, Digits=keys, RecordingDuration="0")
            case Key(keys):
                by_hash = len(keys) > 1 and keys.endswith("#")
                self.call.put_in(after, Digits=keys.removesuffix("#") if by_hash else keys, FinishedOnKey="#" * by_hash)
            case Recorded():
                self.call.put_in(RecordingUrl="https://api.example.org/RE1", RecordingDuration="4", Digits="hangup")
            case _:
                self.call.put_in(int(self.call.verb("Gather").attrib["timeout"]))

    def _hear(self) -> None:
        call = self.call
        if call.words:
            self.entries.append(TranscriptEntry("LINE", call.words))
        if call.has("Dial"):
            whisper = self.line.post(call.verb("Number").attrib["url"], {"CallSid": "CA" + "2" * 32})
            self.entries.append(TranscriptEntry("ADVISER", f"hears: {said(ET.fromstring(whisper.text))}"))
        if call.has("Hangup"):
            self.entries.append(TranscriptEntry("ENDS", "the line hangs up"))


def _adviser(line: Line, call: Call, does: str) -> None:
    """Twilio's report of how a transfer ended, after the adviser pressed 1 if they took it."""
    how = ADVISER_DOES[does]
    if how == "answered":
        child = {"CallSid": "CA" + "2" * 32}
        whisper = ET.fromstring(line.post(call.verb("Number").attrib["url"], child).text).find("Gather")
        assert whisper is not None
        line.post(whisper.attrib["action"], {**child, "Digits": "1"})
    status = {"answered": "completed", "busy": "busy", "no_answer": "no-answer", "failed": "failed"}[how]
    call.put_in(DialCallStatus=status, DialCallDuration="30")
