"""Telling the service of an urgent request, or of one that is late: by e-mail or webhook.

An alert says that something waits and where to look. It never holds a caller's number:
mail is read on phones that lie about. It goes by TLS wherever the mail server can, to a
server whose certificate is good; a password goes no other way. A server on this machine
may do without, or have a certificate of its own making: nobody is in between.
"""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

import requests
import structlog

from ivr.config import Settings

log = structlog.get_logger()

ANSWER_SECONDS = 10.0


class AlertFailed(Exception):
    """Raised when an alert could not be sent. The worker tries again."""


def mail(settings: Settings, to: list[str], subject: str, words: str) -> None:
    """Send one alert by e-mail. Raises AlertFailed."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, settings.smtp_from, ", ".join(to)
    message.set_content(words)
    server = urlsplit(settings.smtp_url)
    try:
        with _connected(server) as smtp:
            if server.scheme == "smtp":
                _begin_tls(smtp, server)
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            refused = smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise AlertFailed(f"e-mail: {type(error).__name__}") from error
    if refused:
        log.warning("alert", why=f"{len(refused)} of {len(to)} addresses were refused by the mail server")


def _connected(server: SplitResult) -> smtplib.SMTP:
    host, port = server.hostname or "localhost", server.port or 0
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=ANSWER_SECONDS, context=_tls(host))
    return smtplib.SMTP(host, port, timeout=ANSWER_SECONDS)


def _begin_tls(smtp: smtplib.SMTP, server: SplitResult) -> None:
    """Go on by TLS if the server can."""
    host = server.hostname or "localhost"
    smtp.ehlo()  # the server tells what it can in answer to this
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


def post(webhook: str, subject: str, words: str) -> None:
    """Send one alert to a webhook. Raises AlertFailed."""
    try:
        answer = requests.post(webhook, json={"subject": subject, "text": words}, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise AlertFailed(f"webhook: {type(error).__name__}") from error
