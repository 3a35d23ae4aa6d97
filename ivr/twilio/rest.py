"""Twilio's REST API: texts, outgoing calls, recordings, and the settings of a number.

Every request has a time-out, and none is retried automatically. A request that may have succeeded is never repeated:
two texts, or a phone that rings twice, are worse than one whose result is unknown.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import requests
from requests.auth import HTTPBasicAuth
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from ivr import dialling
from ivr.machine.config import Settings

TWILIO, MESSAGING = "https://api.twilio.com", "https://messaging.twilio.com"
#: Time limits in seconds: to connect to Twilio, and for its answer. After the second one, it is unknown whether the
#: request was carried out.
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0
#: Seconds for which an adviser's phone rings after a click.
RING_SECONDS = 30
#: The most recordings in one list. Each is deleted after it is fetched, so there are few.
MOST_LISTED = 200

#: Twilio's own address that answers with the document in its query. It is there when this machine is not.
ECHO = "https://twimlets.com/echo"

#: HTTP statuses that certainly mean that nothing was done, so that a retry is safe.
_NOT_DONE = {429, 503}
#: Twilio's code for something that does not exist in the account.
_NOT_FOUND = "20404"
_NOT_KNOWN = "so it is not known whether it was done"
#: What to do about some of Twilio's codes.
_REMEDIES = {20003: ". Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"}


class RestFailed(Exception):
    """Raised when a request to Twilio failed.

    `again`: it is certain that nothing was done, so that a retry is safe. `code`: Twilio's error code, or our own word.
    """

    def __init__(self, why: str, again: bool = False, code: str = ""):
        self.again, self.code = again, code
        super().__init__(why)


@dataclass(frozen=True)
class MessageLeft:
    """A spoken message stored at Twilio: its id, its call, and its length in seconds."""

    recording: str
    call: str
    seconds: int


@dataclass(frozen=True)
class OurNumber:
    """The capabilities of a number at Twilio. If Twilio says nothing about one, the number counts as having it."""

    sid: str
    calls_go_to: str
    fallback: str
    takes_calls: bool
    sends_texts: bool

    def why_no_calls(self, number: str) -> str:
        """Why this number cannot receive calls; empty if it can."""
        if self.takes_calls:
            return ""
        return f"Twilio says that {number} cannot receive calls. Choose a number with voice, and set TWILIO_NUMBER."


class _Refused(Exception):
    """Raised for every answer that is an error: the library reports some and hides others."""

    def __init__(self, status: int, body: str):
        self.status, self.code = status, f"{status}"
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        if isinstance(told, dict):
            code, message = told.get("code", status), str(told.get("message") or "").rstrip(". ")
            self.code = str(code) if isinstance(code, int) else self.code
            words = f": {_without_numbers(message)}" if message else ""
            says = f"Twilio answered {status}, code {code}{words}{_REMEDIES.get(code, '')}"
        else:
            says = f"Twilio answered {status}, but not in Twilio's format{_beginning(body)}. Check TWILIO_API_URL"
        super().__init__(says)


def _beginning(body: str) -> str:
    """The beginning of an answer that is not Twilio's, to help identify its sender."""
    words = " ".join(re.sub(r"<[^>]*>", " ", body).split())[:60]
    return f" ('{_without_numbers(words)}')" if words else ""


def _without_numbers(words: str) -> str:
    """Words without phone numbers, for the log."""
    return re.sub(r"\+?\d[\d ]{6,}\d", "(a number)", words)


class _At(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's HTTP client with a time-out, which sends to TWILIO_API_URL.

    Each request has its own connection. An idle connection may be closed just as we write to it, and then it is unknown
    whether the request arrived.
    """

    def __init__(self, address: str, seconds: float | None):
        super().__init__(pool_connections=False)
        self._address, self.timeout = address, (CONNECT_SECONDS, seconds or ANSWER_SECONDS)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send a request. Raises _Refused for an answer that is an error."""
        kwargs["timeout"] = None  # the one above
        address = url.replace(TWILIO, self._address, 1).replace(MESSAGING, _messaging_at(self._address), 1)
        answer = super().request(method, address, *args, **kwargs)
        if not 200 <= answer.status_code < 300:
            raise _Refused(answer.status_code, answer.text or "")
        return answer


def _messaging_at(address: str) -> str:
    """The address for Messaging Services that belongs to this address of the REST API: each region has both."""
    return re.sub(r"^(https?://)api\.", r"\1messaging.", address)


class RestClient:
    """Our requests to Twilio's REST API.

    `seconds` limits each answer; `failed` is called with the code of each fault.
    """

    def __init__(
        self, settings: Settings, seconds: float | None = None, failed: Callable[[str], None] = lambda code: None
    ):
        self._settings, self._seconds, self._failed = settings, seconds, failed
        self._address = settings.twilio_api_url or TWILIO
        self._client: Client | None = None

    def send_text(self, text_id: str, to: str, body: str) -> str:
        """Send a text and return Twilio's id for it. Its status is reported to /voice/text."""
        self._must_not_be_ours(to)
        news = f"{self._settings.public_url}/voice/text?id={text_id}"
        return self._begun(
            lambda client: client.messages.create(to=to, body=body, status_callback=news, **self._text_sender())
        )

    def _text_sender(self) -> dict[str, str]:
        sender = self._settings.text_from
        if sender.startswith("MG"):
            return {"messaging_service_sid": sender}
        return {"from_": sender or self._settings.our_number}

    def ring(self, adviser_phone: str, request_id: str, adviser: str) -> str:
        """Ring an adviser, who then presses 1 to be connected to the caller. Returns Twilio's id of the call.

        Its end is reported to /voice/rung.
        """
        self._must_not_be_ours(adviser_phone)
        voice, about = f"{self._settings.public_url}/voice", urlencode({"request": request_id, "adviser": adviser})
        return self._begun(
            lambda client: client.calls.create(
                to=adviser_phone,
                from_=self._settings.our_number,
                url=f"{voice}/ring?{about}",
                method="POST",
                status_callback=f"{voice}/rung?{about}",
                timeout=RING_SECONDS,
            )
        )

    def _must_not_be_ours(self, number: str) -> None:
        if dialling.same(number, self._settings.our_numbers):
            raise RestFailed("That is the line's own number, so the line would ring itself")

    def recording(self, sid: str) -> bytes:
        """The sound of a recording, as a WAV file."""
        try:
            answer = requests.get(
                f"{self._address}{self._recording_path(sid)}.wav",
                auth=HTTPBasicAuth(self._settings.account_sid, self._settings.auth_tokens[0]),
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            )
        except requests.RequestException as error:
            self._failed("no answer")
            raise RestFailed(type(error).__name__, again=True) from error
        if answer.status_code != 200:
            self._failed(f"{answer.status_code}")
            raise RestFailed(f"Twilio answered {answer.status_code}", again=True)
        return answer.content

    def messages_left(self) -> list[MessageLeft]:
        """Recordings that are still stored at Twilio, latest first. They may include calls that are not ours."""
        kept = self._read(lambda client: client.recordings.list(limit=MOST_LISTED))
        done = [one for one in kept if one.status == "completed"]
        return [MessageLeft(str(one.sid), str(one.call_sid), int(one.duration or 0)) for one in done]

    def delete_recording(self, sid: str) -> None:
        """Delete a recording at Twilio."""
        self._recording_path(sid)
        self._ask(lambda client: client.recordings(sid).delete())

    def _recording_path(self, sid: str) -> str:
        if not re.fullmatch(r"RE[0-9a-f]{32}", sid):
            raise RestFailed("That is not the id of a recording")
        return f"/2010-04-01/Accounts/{self._settings.account_sid}/Recordings/{sid}"

    def our_number(self) -> OurNumber:
        """Look up the line's own number at Twilio. Raises RestFailed if the account does not have it."""
        ours = self._settings.our_number
        number = self._number(ours)
        if number is None:
            raise RestFailed(f"The account has no number {ours}. Check TWILIO_NUMBER; nothing was changed.", again=True)
        return number

    def why_no_texts(self) -> str:
        """Why the line cannot send texts; empty if Twilio reports no reason.

        Raises RestFailed if Twilio cannot be asked.
        """
        sender = self._settings.text_from or self._settings.our_number
        name = "TWILIO_TEXT_FROM" if self._settings.text_from else "TWILIO_NUMBER"
        if sender.startswith("MG"):
            return self._why_no_texts_from_service(sender)
        number = self._number(sender)
        if number is None:
            return f"The account has no number {sender}. Check {name}."
        if number.sends_texts:
            return ""
        return f"Twilio says that {sender} cannot send texts. Set TWILIO_TEXT_FROM to a number that can."

    def _why_no_texts_from_service(self, sid: str) -> str:
        """A service sends from the numbers, short codes or names in its pool. One that has none exists all the same."""
        try:
            numbers = self._read(lambda client: client.messaging.v1.services(sid).phone_numbers.list(limit=MOST_LISTED))
        except RestFailed as error:
            if error.code != _NOT_FOUND:
                raise
            return f"The account has no Messaging Service {sid}. Check TWILIO_TEXT_FROM."
        if any("SMS" in (one.capabilities or ["SMS"]) for one in numbers):
            return ""
        for others in ("short_codes", "alpha_senders"):
            if self._read(lambda client, of=others: getattr(client.messaging.v1.services(sid), of).list(limit=1)):
                return ""
        return (
            f"The Messaging Service {sid} has no sender of texts in its pool. Add one at Twilio, or set "
            "TWILIO_TEXT_FROM to a number that can."
        )

    def _number(self, ours: str) -> OurNumber | None:
        """Look up a number of the account; None if the account does not have it."""
        found = self._read(lambda client: client.incoming_phone_numbers.list(phone_number=ours, limit=MOST_LISTED))
        if not found:
            return None
        number = next((each for each in found if each.phone_number == ours), found[0])
        can = number.capabilities if isinstance(number.capabilities, dict) else {}
        return OurNumber(
            str(number.sid),
            str(number.voice_url or ""),
            str(number.voice_fallback_url or ""),
            takes_calls=can.get("voice") is not False,
            sends_texts=can.get("sms", can.get("SMS")) is not False,
        )

    def clock_is_ahead(self) -> float:
        """The seconds by which our clock is ahead of Twilio's. Raises RestFailed if it cannot be asked."""
        try:
            answer = requests.head(self._address, timeout=(CONNECT_SECONDS, self._seconds or ANSWER_SECONDS))
            told = parsedate_to_datetime(answer.headers.get("Date", ""))
        except (requests.RequestException, ValueError) as error:
            raise RestFailed(f"its clock is not known ({type(error).__name__})", again=True) from error
        return time.time() - told.timestamp() - answer.elapsed.total_seconds() / 2

    def connect_number(self, last_words: str = "") -> str:
        """Point our number at this line, for calls, texts and the status of calls.

        Returns the number's fallback for calls. A fallback that somebody chose is kept, because it helps more than an
        address on this machine. With `last_words`, a document, the fallback is an address of Twilio's that answers
        with it. Whether it does is tried before anything changes.
        """
        number = self.our_number()
        voice, chosen = f"{self._settings.public_url}/voice", number.fallback
        if last_words:
            chosen = _answering_with(last_words)
        fallback = f"{voice}/fallback" if not chosen or chosen.endswith("/voice/fallback") else chosen
        self._ask(
            lambda client: client.incoming_phone_numbers(number.sid).update(
                voice_url=voice,
                voice_method="POST",
                voice_fallback_url=fallback,
                voice_fallback_method="POST",
                status_callback=f"{voice}/status",
                status_callback_method="POST",
                sms_url=f"{self._settings.public_url}/text",
                sms_method="POST",
            )
        )
        return fallback

    def connect_text_sender(self) -> None:
        """Route replies to our texts to this line, if texts have a different sender than its number.

        Raises RestFailed if the account does not have that sender.
        """
        url, sender = f"{self._settings.public_url}/text", self._settings.text_from
        if sender.startswith("MG"):
            self._ask(
                lambda client: client.messaging.v1.services(sender).update(
                    inbound_request_url=url, inbound_method="POST", use_inbound_webhook_on_number=False
                )
            )
        elif number := self._number(sender):
            self._ask(lambda client: client.incoming_phone_numbers(number.sid).update(sms_url=url, sms_method="POST"))
        else:
            raise RestFailed(f"The account has no number {sender}. Check TWILIO_TEXT_FROM")

    def _begun(self, what: Any) -> str:
        """Create something at Twilio, and return its id."""
        sid = self._ask(what).sid
        if not sid:
            raise RestFailed(f"Twilio's answer makes no sense, {_NOT_KNOWN}")
        return str(sid)

    def _read(self, what: Any) -> Any:
        """Make a request that changes nothing, even if it fails."""
        try:
            return self._ask(what)
        except RestFailed as error:
            says = str(error).removesuffix(f", {_NOT_KNOWN}").rstrip(".")
            raise RestFailed(f"{says}. Nothing was changed.", again=True, code=error.code) from error

    def _ask(self, what: Any) -> Any:
        """Make a request. Raises RestFailed, after reporting the code to `failed`."""
        try:
            return self._asked(what)
        except RestFailed as error:
            self._failed(error.code)
            raise

    def _asked(self, what: Any) -> Any:
        if self._client is None:
            account, token = self._settings.account_sid, self._settings.auth_tokens[0]
            self._client = Client(account, token, http_client=_At(self._address, self._seconds))
        try:
            return what(self._client)
        except _Refused as error:
            raise RestFailed(str(error), error.status in _NOT_DONE, error.code) from error
        except requests.RequestException as error:
            if _never_got_there(error):
                raise RestFailed("Twilio could not be reached", again=True, code="not reached") from error
            raise RestFailed(f"Twilio did not answer, {_NOT_KNOWN}", code="no answer") from error
        except Exception as error:  # the library can raise anything for an unexpected answer
            raise RestFailed(f"Twilio's answer makes no sense, {_NOT_KNOWN}", code="no sense") from error


def _answering_with(document: str) -> str:
    """An address of Twilio's that answers with this document. Raises RestFailed if it does not."""
    address = f"{ECHO}?{urlencode({'Twiml': document})}"
    why = "with something else"
    try:
        answer = requests.get(address, timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
        if answer.ok and answer.text.strip() == document.strip():
            return address
    except requests.RequestException as error:
        why = f"not ({type(error).__name__})"
    raise RestFailed(
        f"{ECHO} was asked for the fallback and answers {why}. Nothing was changed. Paste the output of `ivr fallback` "
        "into a TwiML Bin instead, and choose that as the number's fallback."
    )


def _never_got_there(error: requests.RequestException) -> bool:
    """Whether no connection was made. After that, the request may have been read and carried out."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, NewConnectionError)
