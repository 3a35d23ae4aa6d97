"""Telling the service of an urgent request, or of one that is late: by e-mail or webhook.

An alert says that something waits and where to look. It never holds a caller's number:
mail is read on phones that lie about.
"""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests

from ivr.config import Settings

ANSWER_SECONDS = 10.0


class AlertFailed(Exception):
    """Raised when an alert could not be sent. The worker tries again."""


def send(settings: Settings, email_to: list[str], webhook: str | None, subject: str, words: str) -> None:
    """Send one alert every way there is. Raises AlertFailed if any way failed."""
    failures = []
    if email_to and settings.smtp_url:
        failures += _mail(settings, email_to, subject, words)
    if webhook:
        failures += _post(webhook, subject, words)
    if failures:
        raise AlertFailed("; ".join(failures))


def _mail(settings: Settings, to: list[str], subject: str, words: str) -> list[str]:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, settings.smtp_from, ", ".join(to)
    message.set_content(words)
    server = urlsplit(settings.smtp_url)
    connect = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    try:
        with connect(server.hostname or "localhost", server.port or 0, timeout=ANSWER_SECONDS) as smtp:
            if server.scheme != "smtps" and smtp.has_extn("starttls"):
                smtp.starttls()
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        return [f"e-mail: {type(error).__name__}"]
    return []


def _post(webhook: str, subject: str, words: str) -> list[str]:
    try:
        answer = requests.post(webhook, json={"subject": subject, "text": words}, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        return [f"webhook: {type(error).__name__}"]
    return []
