"""Examines a deployment: each thing that a line needs, in plain words, and what to do where it is missing.

Each check looks at the real thing. One that could not look says so: that is never "nothing is wrong".
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ivr.machine import alerts, disk, equipment
from ivr.machine.alerts import Alert, AlertFailed
from ivr.machine.config import Settings
from ivr.problems import ConfigError, counted
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Store, StoreDown, why_not
from ivr.twilio.rest import RestClient, RestFailed
from ivr.usecases import publishing
from ivr.usecases.jobs import WORKER_PROCESSES
from ivr.usecases.probing import Broken, probe, shows_metrics

#: The least room on a disk, in bytes: a night of spoken messages and a log that nobody rotates fit into it.
LEAST_ROOM = 500 * 1024 * 1024
#: Seconds by which the clock may be wrong. Signatures have no time in them, but promises, retries and logs do.
CLOCK_SECONDS = 5.0
#: Seconds that Twilio has to answer.
LOOK_SECONDS = 5.0

Status = Literal["fine", "look", "broken"]


@dataclass(frozen=True)
class Result:
    """What one check found.

    `fine`: nothing to do. `look`: somebody should look, because it works with a limitation, or could not be checked.
    `broken`: callers or advisers notice it.
    """

    what: str
    verdict: Status
    says: str


def examine(settings: Settings, *, mails: bool = True) -> Iterator[Result]:
    """Every check, one after another. `mails`: send an e-mail to the addresses for alerts."""
    yield _secrets(settings)
    yield from _disks(settings)
    yield _packages()
    away = why_not(settings.redis_url)
    locked = _why_locked(settings, asks_redis=not away)
    yield (
        _broken("keys", locked) if locked else _fine("keys", f"The key {settings.keys.ids[0]} encrypts what is stored.")
    )
    live: Script | Result | None = None
    if away:
        yield _broken("Redis", f"It {away}. Start the line, or check REDIS_URL.")
    elif locked:
        yield _broken("Redis", "Without the keys, what is stored cannot be read.")
    else:
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            yield from _redis(store)
            yield _worker(store)
            live = _live(store)
        yield live if isinstance(live, Result) else _sounds(settings, live)
    yield _way(settings)
    yield from _metrics(settings)
    yield from _twilio(settings)
    if mails:
        yield _mail(settings, live if isinstance(live, Script) else None)


def _why_locked(settings: Settings, *, asks_redis: bool) -> str:
    """Why the keys here cannot read what is stored; empty if they can."""
    try:
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            return store.sealing.why_not() if asks_redis else ""
    except ConfigError as error:
        return error.problems[0].says
    except StoreDown:
        return ""


def _fine(what: str, says: str) -> Result:
    return Result(what, "fine", says)


def _look(what: str, says: str) -> Result:
    return Result(what, "look", says)


def _broken(what: str, says: str) -> Result:
    return Result(what, "broken", says)


def _secrets(settings: Settings) -> Result:
    if settings.practice:
        return _look("secrets", "This is a practice line: no real call can arrive before TWILIO_AUTH_TOKEN is set.")
    found = []
    for path in (settings.data_dir / "auth_token", settings.data_dir / "secret_key", settings.key_file):
        if path.exists() and path.stat().st_mode & 0o077:
            found.append(f"others on this machine can read {path}: chmod 600 {path}")
    return (
        _broken("secrets", "; ".join(found)) if found else _fine("secrets", "They are set, and nobody else reads them.")
    )


def _disks(settings: Settings) -> Iterator[Result]:
    for name, folder in (("IVR_DATA", settings.data_dir), ("IVR_AUDIO", settings.audio_dir)):
        yield _disk(f"disk, {name}", folder)


def _disk(what: str, folder: Path) -> Result:
    if why := disk.why_unwritable(folder):
        return _broken(what, f"Nothing can be written into {folder}: {why}")
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:.1f} GB are free."
    return _fine(what, says) if free >= LEAST_ROOM else _look(what, f"{says} Make room: 0.5 GB is little.")


def _redis(store: Store) -> Iterator[Result]:
    try:
        risks = store.redis_risks()
        store.try_it()
    except StoreDown as error:
        yield _broken("Redis", f"It answers, and keeps nothing: {error}")
        return
    for risk in risks:
        yield _look("Redis", risk)
    if not risks:
        yield _fine("Redis", "It answers, and keeps what it is told.")


def _worker(store: Store) -> Result:
    try:
        alive = store.health.condition(WORKER_PROCESSES, []).alive
    except StoreDown as error:
        return _look("worker", f"It could not be looked at: {error}")
    dead = [words for post, words in WORKER_PROCESSES.items() if post not in alive]
    if len(dead) == len(WORKER_PROCESSES):
        return _broken("worker", "It does not run: no texts, no alerts, no ringing by one click. Start the line.")
    return _broken("worker", f"No process of it does this: {', '.join(dead)}") if dead else _fine("worker", "It runs.")


def _live(store: Store) -> Script | Result:
    try:
        live = publishing.usable(store)
    except ConfigError as error:
        return _broken("words", error.problems[0].says)
    except StoreDown as error:
        return _look("words", f"They could not be looked at: {error}")
    return live or _broken("words", "Nothing is published. Start the line, or: ivr publish")


def _sounds(settings: Settings, live: Script) -> Result:
    if not publishing.speaks_by_sounds(settings, live):
        return _fine("sounds", "Twilio's voice speaks, so none are needed.")
    if missing := publishing.sounds_missing(settings, live):
        where = (
            "ivr render" if not equipment.only_serves() else "render them where all is installed, and copy them here"
        )
        return _look("sounds", f"{counted(missing, 'sound')} are missing, and Twilio's voice says them: {where}")
    return _fine("sounds", f"All {2 * len(live.every_prompt())} are here.")


def _packages() -> Result:
    """Whether everything is installed, or only what answers calls."""
    if equipment.only_serves():
        return _look(
            "packages", f"{equipment.ONLY_SERVES} It publishes nothing, and advisers are given every spoken message, "
            "also those without any speech in them.",
        )  # fmt: skip
    return _fine("packages", "All are installed.")


def _way(settings: Settings) -> Result:
    """The way from outside to the first words, through the real address."""
    try:
        way = probe(settings)
    except Broken as broken:
        return _broken("way in", f"At {settings.public_url}, {broken.part} is broken: {broken}")
    if way.warnings:
        return _look("way in", " ".join(way.warnings))
    return _fine("way in", f"A call to {settings.public_url} is answered in {way.first:.2f} s, and goes on.")


def _metrics(settings: Settings) -> Iterator[Result]:
    """Whether strangers can read the metrics. If a proxy here adds no header, its requests look like this machine's."""
    if urlsplit(settings.public_url).hostname in ("127.0.0.1", "localhost", "::1"):
        return
    try:
        if shows_metrics(settings):
            where = f"{settings.public_url}/metrics"
            yield _broken(
                "metrics", f"Anybody can read {where}. Close it at the proxy, or let that add X-Forwarded-For."
            )
        else:
            yield _fine("metrics", "Strangers cannot read them.")
    except Broken as broken:
        yield _look("metrics", f"They could not be looked at: {broken}")


def _twilio(settings: Settings) -> Iterator[Result]:
    if not settings.can_reach_twilio:
        yield _look("Twilio", "TWILIO_ACCOUNT_SID and TWILIO_NUMBER are not set, so Twilio was not asked.")
        return
    phone = RestClient(settings, LOOK_SECONDS)
    yield _could(lambda: _number(settings, phone), "Twilio")
    yield _could(lambda: _texts(phone), "texts")
    yield _could(lambda: _clock(phone), "clock")


def _could(check: Callable[[], Result], what: str) -> Result:
    try:
        return check()
    except RestFailed as error:
        return _broken(what, f"Twilio could not be asked: {error}")


def _number(settings: Settings, phone: RestClient) -> Result:
    number, here = phone.our_number(), f"{settings.public_url}/voice"
    if why := number.why_no_calls(settings.our_number):
        return _broken("Twilio", why)
    if number.calls_go_to != here:
        other = number.calls_go_to or "nowhere"
        return _broken("Twilio", f"Calls to {settings.our_number} go to {other}, and not to this line: ivr connect")
    if not number.fallback or number.fallback.startswith(settings.public_url):
        return _look("Twilio", "If this machine is down, nobody answers: see `ivr fallback`.")
    return _fine("Twilio", f"Calls to {settings.our_number} come here, and have a fallback elsewhere.")


def _texts(phone: RestClient) -> Result:
    why = phone.why_no_texts()
    return _look("texts", f"{why} None are offered.") if why else _fine("texts", "They can be sent.")


def _clock(phone: RestClient) -> Result:
    ahead = phone.clock_is_ahead()
    if abs(ahead) > CLOCK_SECONDS:
        way = "ahead of" if ahead > 0 else "behind"
        return _broken("clock", f"It is {abs(ahead):.0f} s {way} Twilio's. Have it set by the network (NTP).")
    return _fine("clock", "It agrees with Twilio's.")


def _mail(settings: Settings, live: Script | None) -> Result:
    to = live.line.alerts.email_to if live else []
    if not settings.smtp_url or not to:
        missing = "SMTP_URL is not set" if not settings.smtp_url else "no address for alerts is published"
        return _look("mail", f"No alert is mailed: {missing}.")
    word = secrets.token_hex(3)
    words = f"This is a test by `ivr doctor`, with the word {word}. Alerts of the phone line come from this address.\n"
    try:
        alerts.mail(settings, list(to), Alert(f"doctor-{word}", f"A test of the phone line's alerts: {word}", words))
    except AlertFailed as failed:
        return _broken("mail", f"It was not sent. {failed}. Check SMTP_URL and SMTP_FROM.")
    return _look(
        "mail", f"One was sent to {', '.join(to)}. See that it arrives, with the word {word}, and not as spam."
    )
