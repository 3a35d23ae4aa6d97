"""Sends alerts about urgent or late requests, by e-mail or webhook.

An alert says that something is waiting and where to look. It never contains a caller's number, because mail is read on
phones that other people may see. Mail uses TLS whenever the server offers it, and the certificate must be valid; a
password is never sent without TLS. A mail server on this machine may work without TLS or with a self-signed
certificate, because nobody can listen in between.

A retried alert keeps its id, so a receiver that already has it can recognise it.
"""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from urllib.parse import SplitResult, unquote, urlsplit

import requests
import structlog

from ivr import border
from ivr.machine.config import Settings

log = structlog.get_logger()

#: Time limits in seconds: to connect to a server, and for each of its answers.
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0
#: 7-bit encoding, which every mail server accepts, whatever the words are.
_PLAIN = policy.SMTP.clone(cte_type="7bit")


class AlertFailed(Exception):
    """Raised when an alert could not be sent. The worker tries again."""


@dataclass(frozen=True)
class Alert:
    """One alert. `id` consists of letters, digits and dashes."""

    id: str
    subject: str
    words: str


def mail(settings: Settings, to: list[str], alert: Alert) -> None:
    """Send one alert by e-mail. Raises AlertFailed."""
    message = _message(settings, to, alert)
    server = urlsplit(settings.smtp_url)
    try:
        with _connected(server, _our_name(settings)) as smtp:
            if server.scheme == "smtp":
                _begin_tls(smtp, server)
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            refused = smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise AlertFailed(f"e-mail: {type(error).__name__}") from error
    if refused:
        log.warning("alert", why=f"{len(refused)} of {len(to)} addresses were refused by the mail server")


def _message(settings: Settings, to: list[str], alert: Alert) -> EmailMessage:
    """The mail with the headers that strict servers require, and one that stops automatic replies."""
    message = EmailMessage(_PLAIN)
    message["From"], message["To"] = border.head(settings.smtp_from), border.head(", ".join(to))
    message["Subject"] = border.head(alert.subject)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{alert.id}@{message['From'].addresses[0].domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(alert.words)
    return message


def _our_name(settings: Settings) -> str:
    """The host name for EHLO: the line's public name, because servers often reject the machine's own."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _connected(server: SplitResult, our_name: str) -> smtplib.SMTP:
    host, port = server.hostname or "localhost", server.port or 0
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, our_name, timeout=CONNECT_SECONDS, context=_tls(host))
    else:
        smtp = smtplib.SMTP(host, port, our_name, timeout=CONNECT_SECONDS)
    if smtp.sock:
        smtp.sock.settimeout(ANSWER_SECONDS)
    return smtp


def _begin_tls(smtp: smtplib.SMTP, server: SplitResult) -> None:
    """Switch to TLS if the server offers it. Raises AlertFailed if a password would otherwise go in the clear."""
    host = server.hostname or "localhost"
    smtp.ehlo()  # the answer lists the server's extensions
    if smtp.has_extn("starttls"):
        smtp.starttls(context=_tls(host))
    elif server.username and not _is_here(host):
        raise AlertFailed("e-mail: the server offers no TLS, and the password in SMTP_URL is not sent without")


def _tls(host: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if _is_here(host):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _is_here(host: str) -> bool:
    """Whether this host is the machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def post(webhook: str, alert: Alert) -> None:
    """Send one alert to a webhook. Raises AlertFailed."""
    told, same = {"subject": alert.subject, "text": alert.words}, {"Idempotency-Key": alert.id}
    try:
        answer = requests.post(webhook, json=told, headers=same, timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
        answer.raise_for_status()
    except requests.RequestException as error:
        raise AlertFailed(f"webhook: {type(error).__name__}") from error
