"""Calls the line's webhook as Twilio would, and reports which part of the way is broken.

The parts: the host name, the connection, the certificate, the proxy, the signature, the first words, a turn in which no
key is pressed, and the first sound. The call has no number, asks for nothing, and is forgotten like any other.
"""

from __future__ import annotations

import datetime as dt
import http.client
import re
import secrets
import socket
import ssl
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

from ivr.hot.signature import Signature
from ivr.machine.config import Settings
from ivr.twilio import webhook

#: Seconds that Twilio waits for an answer, and those that we wait for a connection.
ANSWER_SECONDS, CONNECT_SECONDS = 15.0, 5.0
#: The most bytes of an answer to read. Twilio takes 64 kB of TwiML.
MOST_BYTES = 64 * 1024
#: A certificate is reported once it ends within so many days. Programs that renew certificates do it thirty days
#: before their end.
CERTIFICATE_DAYS = 14


class Broken(Exception):
    """Raised where the way is broken. `part`: which part of it, in a word or two."""

    def __init__(self, part: str, says: str):
        self.part = part
        super().__init__(says)


@dataclass(frozen=True)
class Probed:
    """The result if nothing is broken: seconds until the first words, seconds of the next turn, and warnings."""

    first: float
    turn: float
    warnings: tuple[str, ...]


def probe(settings: Settings, at: str = "") -> Probed:
    """Call the line at this address, by default PUBLIC_URL. Raises Broken.

    The signature is for PUBLIC_URL in any case, as Twilio's is. So the line can also be called on this machine.
    """
    way = _Probe(settings, urlsplit(at or settings.public_url))
    warnings = way.connect()
    began = time.monotonic()
    reply = way.ring("/voice")
    first = time.monotonic() - began
    began = time.monotonic()
    turn = way.ring(_action(reply, settings.public_url))
    took = time.monotonic() - began
    if sound := next((play.text for each in (reply, turn) for play in each.iter("Play") if play.text), ""):
        way.hear(sound)
    return Probed(first, took, tuple(warnings))


def shows_metrics(settings: Settings) -> bool:
    """Whether the metrics can be read at PUBLIC_URL without a token. Raises Broken."""
    status, _, content = _Probe(settings, urlsplit(settings.public_url))._ask("GET", "/metrics", b"", {})
    return status == 200 and b"ivr_" in content


class _Probe:
    """One try."""

    def __init__(self, settings: Settings, at: SplitResult):
        self._settings, self._at = settings, at
        self._signature = Signature(settings.public_url, settings.auth_tokens)
        self._form = webhook.trial_call(f"CAprobe{secrets.token_hex(12)}", settings.account_sid, settings.our_number)

    def connect(self) -> list[str]:
        """Resolve the host name, open a connection, and check the certificate. Returns warnings."""
        host, port = self._at.hostname or "", self._port
        try:
            socket.getaddrinfo(host, port)
        except OSError as error:
            raise Broken("the name", f"{host} has no address here ({error.strerror}). Look at the DNS.") from error
        try:
            with socket.create_connection((host, port), CONNECT_SECONDS) as plain:
                return self._check_certificate(plain, host) if self._at.scheme == "https" else []
        except ssl.SSLCertVerificationError as error:
            raise Broken("the certificate", f"it is not trusted: {error.verify_message}. Twilio refuses it.") from error
        except ssl.SSLError as error:
            raise Broken("the certificate", f"port {port} speaks no TLS that we know ({error.reason}).") from error
        except OSError as error:
            why = error.strerror or "no answer in time"
            raise Broken("the connection", f"nothing takes calls at {host}, port {port} ({why}).") from error

    @property
    def _port(self) -> int:
        return self._at.port or (443 if self._at.scheme == "https" else 80)

    def _check_certificate(self, plain: socket.socket, host: str) -> list[str]:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as speaks:
            told = speaks.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(told["notAfter"]))
        left = (ends - time.time()) / 86400
        day = dt.datetime.fromtimestamp(ends, dt.UTC).date()
        return [f"The certificate of {host} ends on {day}. Renew it."] if left < CERTIFICATE_DAYS else []

    def ring(self, target: str) -> ET.Element:
        """Send one webhook, and return its TwiML."""
        body = urlencode(self._form).encode()
        status, kind, content = self._ask(
            "POST", target, body,
            {
                "X-Twilio-Signature": self._signature.sign(target, self._form.items()),
                "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
                "User-Agent": "TwilioProxy/1.1",
            },
        )  # fmt: skip
        if status == 403 and content.startswith(b"Refused: "):
            raise Broken("the signature", content.decode(errors="replace").strip())
        if status in (502, 503, 504):
            raise Broken("the line", f"the proxy answers {status}: the line behind it does not run or does not answer.")
        if 300 <= status < 400:
            raise Broken("the proxy", f"it answers {status}, a redirect, which loses what Twilio sent.")
        if status != 200 or not kind.startswith("text/xml"):
            raise Broken("the proxy", f"something else answers here: {status} {_beginning(content)}")
        return _twiml(content)

    def hear(self, address: str) -> None:
        """Fetch a sound as Twilio does."""
        status, kind, content = self._ask("GET", urlsplit(address).path, b"", {})
        if status != 200 or not kind.startswith("audio/") or not content:
            raise Broken("the sounds", f"{address} answers {status} {kind}. Callers would hear nothing there.")

    def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        host = self._at.hostname or ""
        secure = self._at.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read(MOST_BYTES)
        except TimeoutError as error:
            says = f"no answer came in {ANSWER_SECONDS:.0f} seconds, after which Twilio gives up."
            raise Broken("the line", says) from error
        except (OSError, http.client.HTTPException) as error:
            raise Broken("the line", f"the connection ended without an answer ({type(error).__name__}).") from error
        finally:
            connection.close()


def _twiml(content: bytes) -> ET.Element:
    """The reply as XML. Raises Broken if it is no TwiML, or does not let the caller go on."""
    try:
        if b"<!" in content:  # no reply of ours has any; what else answers here may send entities without end
            raise ET.ParseError
        reply = ET.fromstring(content)  # noqa: S314
    except ET.ParseError as error:
        raise Broken("the line", f"its reply is no TwiML: {_beginning(content)}") from error
    if reply.find("Gather") is None:
        raise Broken("the line", "it answers with its apology only. Look at /readyz and at the log.")
    return reply


def _action(reply: ET.Element, public_url: str) -> str:
    """The path and query of the next webhook. Raises Broken if it is elsewhere."""
    gather = reply.find("Gather")
    action = gather.get("action", "") if gather is not None else ""
    if not action.startswith(f"{public_url}/"):
        raise Broken("the address", f"the line that answers is set up for another PUBLIC_URL: {action[:80]}")
    return action.removeprefix(public_url)


def _beginning(content: bytes) -> str:
    words = re.sub(r"<[^>]*>", " ", content[:400].decode(errors="replace"))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())[:80]
