"""Commands that connect the line to Twilio, and try the way from there to it."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing
from urllib.parse import urlsplit

import click

from ivr import web
from ivr.cli.common import Stop, out
from ivr.cli.preparing import rings_itself, tell_of_texts
from ivr.cli.scripts import draft_script
from ivr.machine import config
from ivr.machine.config import PORT, Settings
from ivr.problems import ConfigError, counted
from ivr.store import PATIENT_SECONDS, Store, ping
from ivr.twilio.rest import RestClient, RestFailed
from ivr.usecases import examining, probing


@click.command()
def fallback() -> None:
    """Print the reply for when this machine is down, to paste into a TwiML Bin at Twilio."""
    settings = config.settings()
    _, made = draft_script(settings)
    if wrong := rings_itself(settings, made):
        raise Stop(wrong)
    out(web.put_through(made, settings.our_number))


@click.command()
@click.option("--fallback-at-twilio", is_flag=True, help="Keep the output of `ivr fallback` at Twilio, too.")
def connect(fallback_at_twilio: bool) -> None:
    """Point the number TWILIO_NUMBER at this line, through Twilio's API."""
    settings = config.settings()
    if not settings.can_reach_twilio:
        raise Stop("Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER and PUBLIC_URL first.")
    last_words = _words_of_the_fallback(settings, fallback_at_twilio)
    phone = RestClient(settings)
    try:
        if why := phone.our_number().why_no_calls(settings.our_number):
            raise RestFailed(f"{why} Nothing was changed.")
        fallback = phone.connect_number(last_words)
    except RestFailed as error:
        raise Stop(f"The number was not connected: {error}") from error
    out(f"{settings.our_number} now rings {settings.public_url}/voice")
    out(f"When that fails, Twilio asks {fallback}")
    if fallback.startswith(settings.public_url):
        out("The fallback is on this machine too. In case the machine is down, paste the output of `ivr fallback`")
        out("into a TwiML Bin at Twilio, and choose that bin as the number's fallback. Or try:")
        out("  ivr connect --fallback-at-twilio")
    _connect_texts(settings, phone)


def _words_of_the_fallback(settings: Settings, at_twilio: bool) -> str:
    """The reply to keep at Twilio, if it is wanted. Raises Stop if key 0 would ring the line itself.

    Without it, a draft with errors still connects. What it would ring is then not known.
    """
    try:
        _, made = draft_script(settings)
    except ConfigError:
        if at_twilio:
            raise
        out("config/ has errors, so it was not checked whether key 0 rings the line itself. See `ivr check`.")
        return ""
    if wrong := rings_itself(settings, made):
        raise Stop(f"The number was not connected. {wrong}")
    return web.put_through(made, settings.our_number) if at_twilio else ""


def _connect_texts(settings: Settings, phone: RestClient) -> None:
    """Set up the automatic reply to texts. Calls are already connected, whether or not this works."""
    try:
        if settings.text_from:
            phone.connect_text_sender()
        why_not = phone.why_no_texts()
    except RestFailed as error:
        raise Stop(f"Calls are connected, but texts are not: {error}") from error
    sender = settings.text_from or settings.our_number
    out(f"Texts to {sender} are answered by {settings.public_url}/text")
    if ping(settings.redis_url):  # a running line takes this into account from now on
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            tell_of_texts(why_not, store)
    elif why_not:
        out(f"{why_not} Until then, the line does not offer texts to callers.")


@click.command()
@click.option("--mail/--no-mail", "mails", default=True, help="Send an e-mail to the addresses for alerts.")
def doctor(mails: bool) -> None:
    """Examine this machine and the way from Twilio to it, and say what is wrong in plain words.

    Rings the line once as Twilio would, asks Twilio what it has for the number, and sends one e-mail.
    """
    broken = 0
    for found in examining.examine(config.settings(), mails=mails):
        broken += found.verdict == "broken"
        out(f"{_VERDICTS[found.verdict]:7} {found.what}: {found.says}")
    if broken:
        raise Stop(f"{counted(broken, 'thing')} to put right.")
    out("Nothing is broken.")


#: What stands before each finding of the doctor.
_VERDICTS: dict[examining.Status, str] = {"fine": "ok", "look": "LOOK", "broken": "BROKEN"}


@click.command()
@click.option("--once", is_flag=True, help="Ring once, and end with status 1 if the way is broken.")
@click.option("--every", type=click.IntRange(5, 3600), default=60, show_default=True, help="Seconds between two calls.")
@click.option("--at", default="", help="Ring this address instead of PUBLIC_URL, like http://127.0.0.1:8000.")
def probe(once: bool, every: int, at: str) -> None:
    """Ring the line as Twilio would, through PUBLIC_URL, and say which part of the way is broken.

    Without --once, it goes on until Ctrl-C, and prints a line for each call.
    """
    settings = config.settings(port=urlsplit(at).port or PORT)
    while True:
        is_whole, words = _probed(settings, at)
        out(words if once else f"{dt.datetime.now():%Y-%m-%d %H:%M:%S}  {words}")
        if once and not is_whole:
            raise SystemExit(1)
        if once:
            return
        time.sleep(every)


def _probed(settings: Settings, at: str) -> tuple[bool, str]:
    try:
        way = probing.probe(settings, at)
    except probing.Broken as broken:
        return False, f"BROKEN: {broken.part}: {broken}"
    return True, " ".join([f"ok: answered in {way.first:.2f} s, a turn in {way.turn:.2f} s.", *way.warnings])
