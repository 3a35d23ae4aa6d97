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


def mail(settings: Settings, to: list[str], subject: str, words: str) -> None:
    """Send one alert by e-mail. Raises AlertFailed."""
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
        raise AlertFailed(f"e-mail: {type(error).__name__}") from error


def post(webhook: str, subject: str, words: str) -> None:
    """Send one alert to a webhook. Raises AlertFailed."""
    try:
        answer = requests.post(webhook, json={"subject": subject, "text": words}, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise AlertFailed(f"webhook: {type(error).__name__}") from error
